/* A typed memoryview of memory that somebody else keeps alive, the engine for the length of a call: no buffer request, no
 * reference counting, no cost. It is Cython's view struct with None for an owner, which reference counting passes over. A macro,
 * since Cython defines the struct after this file is included. */
#pragma once
#define VIEW(x, n) ((__Pyx_memviewslice){ \
    .memview = (struct __pyx_memoryview_obj *)Py_None, .data = (char *)(x), \
    .shape = {(n)}, .strides = {(Py_ssize_t)sizeof *(x)}, .suboffsets = {-1}})
#define VIEW_2D(x, m, n, row) ((__Pyx_memviewslice){ \
    .memview = (struct __pyx_memoryview_obj *)Py_None, .data = (char *)(x), \
    .shape = {(m), (n)}, .strides = {(Py_ssize_t)((row) * sizeof *(x)), (Py_ssize_t)sizeof *(x)}, .suboffsets = {-1, -1}})
