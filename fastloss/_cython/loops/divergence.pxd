"""KL(t || softmax(x)), in double: the logarithms of two distributions that nearly agree cancel to their last digits.

With l = log(q/t), a class's share is t(e^l - 1 - l) + (t - q), and of t = 0 nothing; so the sum is that of t(e^l - 1 - l) and the gap
sum t - 1 + sum q over the classes of t = 0. Several short rows go through exp and log side by side.
"""

from libc.math cimport fabs, log

from ..block cimport LANES
from ..rows_block cimport LOSS, RowsBlock
from ..vectors cimport bend_d, vexp, vlog
from ..views cimport real, writing_rows
from .conclude cimport power
from .sums cimport add_row_exactly, greatest, of_row

cdef extern from "math.h" nogil:
    const double INFINITY

cdef enum:
    STRIP = 512                 # doubles that go through exp and log at a time
    STRIP_ROWS = 512            # the most rows they are of


cdef inline int diverge(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] row, const RowsBlock* block,
                        bint by_class) except -1 nogil:
    """The losses, unweighted. `by_class`: x and t have the numbers of a class in a line."""
    cdef double places[2560]
    cdef double[:, ::1] z = writing_rows(<double*>places, 1, STRIP, STRIP)
    cdef double[:, ::1] q = writing_rows(<double*>places + STRIP, 1, STRIP, STRIP)
    cdef double[:, ::1] u = writing_rows(<double*>places + 2 * STRIP, 1, STRIP, STRIP)
    cdef double[:, ::1] logs = writing_rows(<double*>places + 3 * STRIP, 1, STRIP, STRIP)
    cdef double[:, ::1] none = writing_rows(<double*>places + 4 * STRIP, 1, STRIP, STRIP)
    cdef double top[512]
    cdef double sum[512]
    cdef double terms[512]
    cdef double mass[512]
    cdef double gap[512]
    cdef double lost[512]
    cdef Py_ssize_t r = 0, i, k, m, start, length, classes = block.classes, n = block.rows
    cdef double base, part, l, here = 0
    for k in range(STRIP):
        none[0, k] = 0
    while r < n:
        m = min(max(STRIP // classes, <Py_ssize_t>1), n - r)
        for i in range(m):
            top[i] = -INFINITY
            gap[i] = -1
            sum[i] = terms[i] = lost[i] = mass[i] = 0
        start = 0
        while start < classes:
            length = min(classes - start, <Py_ssize_t>STRIP)
            copied(x, z, r, m, start, length, by_class)
            for i in range(m):
                greatest(z, 0, i * length, length, &here)
                base = here if here > -INFINITY else 0
                for k in range(i * length, (i + 1) * length):
                    z[0, k] = z[0, k] - base
                u[0, i] = here
            exponentials(z, q, m * length)
            for i in range(m):
                part = of_row(q, 0, i * length, length)
                if u[0, i] > top[i]:
                    sum[i] = sum[i] * power(top[i] - u[0, i]) + part
                    top[i] = u[0, i]
                else:
                    sum[i] += part * (1 if u[0, i] == top[i] else power(u[0, i] - top[i]))
            start += length
        start = 0
        while start < classes:
            length = min(classes - start, <Py_ssize_t>STRIP)
            if classes > STRIP:             # else they are there already
                copied(x, z, r, m, start, length, by_class)
                for k in range(length):
                    z[0, k] = z[0, k] - top[0]
                exponentials(z, q, length)
            copied(t, u, r, m, start, length, by_class)
            for i in range(m):
                mass[i] += of_row(u, 0, i * length, length)
            logarithms(u, none, logs, m * length)
            for i in range(m):
                base = log(sum[i])
                for k in range(i * length, (i + 1) * length):
                    z[0, k] = z[0, k] - base
                    q[0, k] = q[0, k] / sum[i]
            for k in range(m * length):
                l = z[0, k] - logs[0, k]
                part = u[0, k] * bend_d(l) if fabs(l) <= 0.5 else (q[0, k] - u[0, k]) - u[0, k] * l
                logs[0, k] = 0 if u[0, k] == 0 else part
                u[0, k] = q[0, k] if u[0, k] == 0 else u[0, k]
            for i in range(m):
                terms[i] += of_row(logs, 0, i * length, length)
                add_row_exactly(u, 0, i * length, length, &gap[i], &lost[i])
            start += length
        for i in range(m):
            row[LOSS, r + i] = 0 * sum[i] if mass[i] == 0 else terms[i] + (gap[i] + lost[i])
        r += m
    return 0


cdef inline int copied(const real[:, ::1] x, double[:, ::1] y, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t start,
                       Py_ssize_t length, bint by_class) except -1 nogil:
    """Some rows' classes, row after row."""
    cdef Py_ssize_t i, k
    for i in range(rows):
        for k in range(length):
            y[0, i * length + k] = x[start + k, first + i] if by_class else x[first + i, start + k]
    return 0


cdef inline int exponentials(double[:, ::1] z, double[:, ::1] q, Py_ssize_t n) except -1 nogil:
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    for k in range(n, padded):
        z[0, k] = 0
    vexp(&z[0, 0], &q[0, 0], padded)
    return 0


cdef inline int logarithms(double[:, ::1] t, const double[:, ::1] none, double[:, ::1] y, Py_ssize_t n) except -1 nogil:
    """log t, of 0: 0."""
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    for k in range(n, padded):
        t[0, k] = 0
    for k in range(padded):
        y[0, k] = t[0, k] if t[0, k] > 0 else 1
    vlog(&y[0, 0], &none[0, 0], &y[0, 0], padded)
    return 0
