"""The floor: loops that only read two arrays, and write a third, whatever numbers these hold."""

from libc.stdint cimport int64_t

from ..views cimport reading_ids, writing_ids

cdef extern from "memory.h" nogil:
    void stream_out(const void* x, char* y, Py_ssize_t size) noexcept
    void stream_fence() noexcept

cdef enum:
    BLOCK = 1024


cdef inline int read(const int64_t* a, const int64_t* b, Py_ssize_t n, int64_t* seen) except -1 nogil:
    """The door: addresses become views."""
    seen[0] = folded(reading_ids(a, n), reading_ids(b, n))
    return 0


cdef inline int write(const int64_t* a, const int64_t* b, int64_t* out, Py_ssize_t n, bint streaming) except -1 nogil:
    """The door of the other. `streaming`: by stores that pass the cache by."""
    return fold(reading_ids(a, n), reading_ids(b, n), writing_ids(out, n), streaming)


cdef inline int64_t folded(const int64_t[::1] a, const int64_t[::1] b) except? -1 nogil:
    cdef int64_t seen = 0
    cdef Py_ssize_t i
    for i in range(a.shape[0]):
        seen ^= a[i] ^ b[i]
    return seen


cdef inline int fold(const int64_t[::1] a, const int64_t[::1] b, int64_t[::1] out, bint streaming) except -1 nogil:
    cdef int64_t block[BLOCK]
    cdef Py_ssize_t start = 0, n = a.shape[0], m, i
    while start < n:
        m = min(<Py_ssize_t>BLOCK, n - start)
        if streaming:
            for i in range(m):
                block[i] = a[start + i] ^ b[start + i]
            stream_out(block, <char*>&out[start], m * <Py_ssize_t>sizeof(int64_t))
        else:
            for i in range(m):
                out[start + i] = a[start + i] ^ b[start + i]
        start += m
    stream_fence()
    return 0
