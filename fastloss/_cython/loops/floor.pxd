"""The floor: loops that only read two arrays, and write a third, whatever numbers these hold."""

from ..tables cimport word

cdef extern from "memory.h" nogil:
    void stream_out(const void* x, char* y, Py_ssize_t size) noexcept
    void stream_fence() noexcept

cdef enum:
    BLOCK = 1024


cdef inline word folded(const word* a, const word* b, Py_ssize_t n) noexcept nogil:
    cdef word seen = 0
    cdef Py_ssize_t i
    for i in range(n):
        seen ^= a[i] ^ b[i]
    return seen


cdef inline void fold(const word* a, const word* b, word* out, Py_ssize_t n, bint streaming) noexcept nogil:
    """`streaming`: by stores that pass the cache by."""
    cdef word block[BLOCK]
    cdef Py_ssize_t start = 0, m, i
    while start < n:
        m = min(<Py_ssize_t>BLOCK, n - start)
        if streaming:
            for i in range(m):
                block[i] = a[start + i] ^ b[start + i]
            stream_out(block, <char*>(out + start), m * <Py_ssize_t>sizeof(word))
        else:
            for i in range(m):
                out[start + i] = a[start + i] ^ b[start + i]
        start += m
    stream_fence()
