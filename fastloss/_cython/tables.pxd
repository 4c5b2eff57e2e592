"""What a level gives to the engine: for each loss its functions, for float and for double; and how numbers are loaded and stored.

An entry travels as a capsule, whose name says what it is; it is never freed, as the level is not.
"""

from libc.stdint cimport int64_t

from .block cimport CoxFunction, PairFunction, PointwiseFunction

cdef struct Memory:
    void (*load_f)(const char* x, Py_ssize_t step, int code, float* y, Py_ssize_t n) noexcept nogil
    void (*load_d)(const char* x, Py_ssize_t step, int code, double* y, Py_ssize_t n) noexcept nogil
    void (*load_ids)(const char* x, Py_ssize_t step, int code, int64_t* y, Py_ssize_t n) noexcept nogil
    void (*store_f)(const float* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept nogil
    void (*store_d)(const double* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept nogil
    void (*stream_out)(const void* x, char* y, Py_ssize_t size) noexcept nogil
    void (*stream_fence)() noexcept nogil

cdef struct PointwiseEntry:
    PointwiseFunction function[2]       # float, double
    bint inspected                      # its inputs have a domain

cdef struct PairEntry:
    PairFunction function[2]

cdef struct CoxEntry:
    CoxFunction function
