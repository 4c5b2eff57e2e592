# What the machine can do, to measure the losses against: reading two arrays, and writing a third. The arrays are taken as 64-bit
# integers, whatever they hold. Included by the level modules.

from cython.parallel cimport prange

cdef extern from "memory.h" nogil:
    void stream_out(const void* x, char* y, Py_ssize_t size) noexcept
    void stream_fence() noexcept

ctypedef long long word

cdef enum:
    CHUNK = 16384
    TILE = 1024


def read(const word[::1] a, const word[::1] b, int threads):
    """Read both arrays once."""
    cdef Py_ssize_t size = a.shape[0], chunks = (size + CHUNK - 1) // CHUNK, i
    cdef word seen = 0
    if threads == 1:
        return folded(a, b, 0, size)
    with nogil:
        for i in prange(chunks, num_threads=threads, schedule='static'):
            seen ^= folded(a, b, i * CHUNK, min((i + 1) * CHUNK, size))
    return seen


def write(const word[::1] a, const word[::1] b, word[::1] out, int threads, bint streaming):
    """Read both arrays and write a third, by stores that pass the cache by or by ordinary ones."""
    cdef Py_ssize_t size = a.shape[0], chunks = (size + CHUNK - 1) // CHUNK, i
    if threads == 1:
        fold(a, b, out, 0, size, streaming)
        return
    with nogil:
        for i in prange(chunks, num_threads=threads, schedule='static'):
            fold(a, b, out, i * CHUNK, min((i + 1) * CHUNK, size), streaming)


cdef word folded(const word[::1] a, const word[::1] b, Py_ssize_t start, Py_ssize_t end) noexcept nogil:
    cdef word seen = 0
    cdef Py_ssize_t i
    for i in range(start, end):
        seen ^= a[i] ^ b[i]
    return seen


cdef void fold(const word[::1] a, const word[::1] b, word[::1] out, Py_ssize_t start, Py_ssize_t end,
               bint streaming) noexcept nogil:
    cdef word block[TILE]
    cdef Py_ssize_t n, i
    while start < end:
        n = min(<Py_ssize_t>TILE, end - start)
        if streaming:
            for i in range(n):
                block[i] = a[start + i] ^ b[start + i]
            stream_out(block, <char*>&out[start], n * <Py_ssize_t>sizeof(word))
        else:
            for i in range(n):
                out[start + i] = a[start + i] ^ b[start + i]
        start += n
    stream_fence()
