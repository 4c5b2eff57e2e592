"""Ensembles of a tile: where each member stands among the others, and on which side of the target.

A member has the slope (K·sign(x - t) - (those below it less those above))/K², all of them whole numbers; and the loss is the sum of
the slopes times x - t, none of whose terms is negative. Short rows count, long ones are sorted.
"""

from ..formulas.scored_rows cimport STEP
from .tiles cimport BAD, D, G, H, OTHER, P, WORTH, Z

cdef extern from "math.h" nogil:
    const double INFINITY, NAN


cdef inline int compare_members(double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m) except -1 nogil:
    """Of a class-major block: all with all."""
    cdef double own[STEP]
    cdef double ahead[STEP]
    cdef double[::1] x = tile[P], d = tile[D], g = tile[G], h = tile[H], worth = state[WORTH], bad = state[BAD]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for j in range(lines):
            for l in range(STEP):
                own[l] = x[j * m + i + l]
                ahead[l] = 0
            for k in range(lines):
                for l in range(STEP):
                    ahead[l] += (1.0 if own[l] > x[k * m + i + l] else 0.0) - (1.0 if own[l] < x[k * m + i + l] else 0.0)
            for l in range(STEP):
                g[j * m + i + l] = pulled(d[j * m + i + l], ahead[l], lines)
    for j in range(lines):
        for i in range(m):
            bad[i] += 0 if d[j * m + i] == d[j * m + i] else NAN
            worth[i] += d[j * m + i] * g[j * m + i]
    for j in range(lines):
        for i in range(m):
            g[j * m + i] += bad[i]
            h[j * m + i] = bad[i]
    return 0


cdef inline double pulled(double d, double ahead, Py_ssize_t count) noexcept nogil:
    """A member's slope."""
    return (count * ((1.0 if d > 0 else 0.0) - (1.0 if d < 0 else 0.0)) - ahead) / (<double>count * count)


cdef inline int sort_members(double[:, ::1] tile, double[:, ::1] state, Py_ssize_t c, Py_ssize_t size) except -1 nogil:
    """Of a long row of c members, the first of `size` numbers."""
    cdef double[::1] x = tile[P], d = tile[D], g = tile[G], h = tile[H], ordered = tile[Z], spare = tile[OTHER]
    cdef Py_ssize_t i
    cdef double worth = 0, bad = 0
    for i in range(c):
        ordered[i] = x[i]
    merge_sort(ordered, spare, c)
    for i in range(c):
        g[i] = pulled(d[i], below(ordered, x[i], c) + up_to(ordered, x[i], c) - c, c)
        bad += 0 if d[i] == d[i] else NAN
        worth += d[i] * g[i]
    for i in range(c):
        g[i] += bad
        h[i] = bad
    for i in range(c, size):
        g[i] = h[i] = 0
    state[WORTH, 0] = worth
    return 0


cdef inline int merge_sort(double[::1] x, double[::1] spare, Py_ssize_t n) except -1 nogil:
    """From runs of one number up, without a branch on what they are; what is not a number ends up anywhere."""
    cdef Py_ssize_t run = 1, start, middle, end, i, j, k
    cdef double a, b
    cdef bint second
    while run < n:
        for k in range(n):
            spare[k] = x[k]
        start = 0
        while start < n:
            middle = min(start + run, n)
            end = min(middle + run, n)
            i, j, k = start, middle, start
            while i < middle and j < end:
                a, b = spare[i], spare[j]
                second = b < a
                x[k] = b if second else a
                j += second
                i += 1 - second
                k += 1
            while i < middle:
                x[k] = spare[i]
                i += 1
                k += 1
            while j < end:
                x[k] = spare[j]
                j += 1
                k += 1
            start = end
        run *= 2
    return 0


cdef inline double below(const double[::1] x, double y, Py_ssize_t n) noexcept nogil:
    """How many of n numbers in order are less than y."""
    cdef Py_ssize_t low = 0, half
    while n > 1:
        half = n // 2
        low += half if x[low + half - 1] < y else 0
        n -= half
    return low + (x[low] < y)


cdef inline double up_to(const double[::1] x, double y, Py_ssize_t n) noexcept nogil:
    """How many are not greater."""
    cdef Py_ssize_t low = 0, half
    while n > 1:
        half = n // 2
        low += half if x[low + half - 1] <= y else 0
        n -= half
    return low + (x[low] <= y)
