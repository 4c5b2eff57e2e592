"""Hinges of a tile: how near the classes come to the label's."""

from libc.stdint cimport int64_t

from ..formulas.scored_rows cimport CrammerSinger, Scores, squared, too_near
from ..rows_block cimport RowsBlock
from .tiles cimport ALL_BENDS, BAD, G, H, MEAN, OWN, P, PLACE, TOP, WORTH, at, fold_most, fold_sum

cdef extern from "math.h" nogil:
    const double INFINITY, NAN


cdef inline int compare(Scores loss, double[:, ::1] tile, double[:, ::1] state, const int64_t[::1] label, Py_ssize_t r,
                        Py_ssize_t lines, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """Hinges: how near each class comes to the label's, which itself is at -inf."""
    cdef double[::1] own = state[OWN], bad = state[BAD], x = tile[P]
    cdef Py_ssize_t i, j
    cdef bint folded = not block.class_major
    for i in range(m):
        if block.class_major:
            own[i] = x[label[i] * m + i] if i < block.rows and label[i] >= 0 else 0
        else:
            own[i] = x[label[r]] if label[r] >= 0 else 0
    for j in range(lines):
        for i in range(m):
            x[j * m + i] = too_near(loss, x[j * m + i], own[i])
    for i in range(block.classes if folded else 0, lines * m if folded else 0):
        x[i] = -INFINITY
    if block.class_major:
        for i in range(block.rows):
            if label[i] >= 0:
                x[label[i] * m + i] = -INFINITY
    elif label[r] >= 0:
        x[label[r]] = -INFINITY
    for i in range(m):
        bad[i] = 0 if own[i] == own[i] else NAN
    for j in range(lines):
        for i in range(m):
            bad[i] += 0 if x[j * m + i] == x[j * m + i] else NAN
    fold_sum(bad, folded)
    if Scores is CrammerSinger:
        nearest(tile, state, lines, m, folded)
    else:
        all_near(squared(loss), tile, state, lines, m, folded)
    for i in range(m):
        state[WORTH, i] += bad[i]
    return 0


cdef inline int nearest(double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded) except -1 nogil:
    """The first of the nearest classes, if it is too near."""
    cdef double[::1] top = state[TOP], place = state[PLACE], x = tile[P], g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j
    cdef double here
    for i in range(m):
        top[i] = -INFINITY
        place[i] = INFINITY
    for j in range(lines):
        for i in range(m):
            top[i] = x[j * m + i] if x[j * m + i] > top[i] else top[i]
    fold_most(top, folded, False)
    for j in range(lines):
        for i in range(m):
            here = at(j, i, m, folded)
            place[i] = here if (x[j * m + i] == top[i]) & (here < place[i]) else place[i]
    fold_most(place, folded, True)
    for i in range(m):
        state[WORTH, i] = top[i] if top[i] > 0 else 0
        state[MEAN, i] = 1 if top[i] > 0 else 0
    for j in range(lines):
        for i in range(m):
            here = at(j, i, m, folded)
            g[j * m + i] = 1 if (here == place[i]) & (top[i] > 0) else 0
            h[j * m + i] = 0
    return 0


cdef inline int all_near(bint squares, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                         bint folded) except -1 nogil:
    """All that are too near; the sums of their slopes and curvatures."""
    cdef double[::1] worth = state[WORTH], sum = state[MEAN], every = state[ALL_BENDS], x = tile[P], g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j, k
    cdef double v
    for j in range(lines):
        for i in range(m):
            k = j * m + i
            v = x[k] if x[k] > 0 else 0
            g[k] = (2 * v if squares else 1.0) if v > 0 else 0
            h[k] = 2 if squares and v > 0 else 0
            worth[i] += v * v if squares else v
            sum[i] += g[k]
            every[i] += h[k]
    fold_sum(worth, folded)
    fold_sum(sum, folded)
    fold_sum(every, folded)
    return 0


cdef inline int at_labels(const double[:, ::1] state, double[::1] g, double[::1] h, const int64_t[::1] label, Py_ssize_t r,
                          Py_ssize_t lines, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """What hinges give the label: minus the sum of the others' slopes, and that of their curvatures. A row with NaN is NaN."""
    cdef Py_ssize_t i, j
    if block.class_major:
        for i in range(block.rows):
            if label[i] >= 0:
                g[label[i] * m + i] = -state[MEAN, i]
                h[label[i] * m + i] = state[ALL_BENDS, i]
    elif label[r] >= 0:
        g[label[r]] = -state[MEAN, 0]
        h[label[r]] = state[ALL_BENDS, 0]
    for j in range(lines):
        for i in range(m):
            g[j * m + i] += state[BAD, i]
            h[j * m + i] += state[BAD, i]
    return 0
