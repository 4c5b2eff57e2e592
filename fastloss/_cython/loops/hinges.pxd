"""Hinges of a tile: how near the classes come to the label's."""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS
from ..formulas.scored_rows cimport STEP, CrammerSinger, Scores, squared, too_near
from ..rows_block cimport RowsBlock
from .tiles cimport ALL_BENDS, BAD, G, H, MEAN, OWN, P, PLACE, TOP, WORTH, at, fold_most, fold_sum, step_of

cdef extern from "math.h" nogil:
    const double INFINITY, NAN


cdef inline int compare(Scores loss, double[:, ::1] tile, double[:, ::1] state, const int64_t[::1] label, Py_ssize_t r,
                        Py_ssize_t lines, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """Hinges: how near each class comes to the label's, which itself is at -inf."""
    cdef double[::1] own = state[OWN], x = tile[P]
    cdef double own_step[STEP]
    cdef double x_step[STEP]
    cdef double score
    cdef Py_ssize_t i, j, k, l, strip
    cdef bint folded = not block.class_major
    if block.class_major:
        for i in range(block.rows):
            own[i] = x[label[i] * m + i] if label[i] >= 0 else 0
    else:
        score = x[label[r]] if label[r] >= 0 else 0
        for i in range(m):
            own[i] = score
    for i in range(m):
        state[BAD, i] = 0 if own[i] == own[i] else NAN
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            own_step[l] = own[i + l]
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                x_step[l] = too_near(loss, x[k + l], own_step[l])
            for l in range(STEP):
                x[k + l] = x_step[l]
    for i in range(block.classes if folded else 0, lines * m if folded else 0):
        x[i] = -INFINITY
    if block.class_major:
        for i in range(block.rows):
            if label[i] >= 0:
                x[label[i] * m + i] = -INFINITY
    elif label[r] >= 0:
        x[label[r]] = -INFINITY
    if Scores is CrammerSinger:
        nearest(tile, state, lines, m, folded, block.wanted)
    elif squared(loss):         # a constant in either call, or it would be asked at every step
        all_near(True, tile, state, lines, m, folded, block.wanted)
    else:
        all_near(False, tile, state, lines, m, folded, block.wanted)
    fold_sum(state[BAD], folded)
    for i in range(m):
        state[WORTH, i] += state[BAD, i]
    return 0


cdef inline int nearest(double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                        int wanted) except -1 nogil:
    """The first of the nearest classes, if it is too near."""
    cdef double[::1] x = tile[P], g = tile[G], h = tile[H]
    cdef double top_step[STEP]
    cdef double bad_step[STEP]
    cdef double here_step[STEP]
    cdef double g_step[STEP]
    cdef double by = step_of(m, folded)
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            top_step[l] = -INFINITY
            bad_step[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                top_step[l] = x[k + l] if x[k + l] > top_step[l] else top_step[l]
                bad_step[l] += 0 if x[k + l] == x[k + l] else NAN
        for l in range(STEP):
            state[TOP, i + l] = top_step[l]
            state[BAD, i + l] += bad_step[l]
    fold_most(state[TOP], folded, False)
    for i in range(m):
        state[WORTH, i] = state[TOP, i] if state[TOP, i] > 0 else 0
        state[MEAN, i] = 1 if state[TOP, i] > 0 else 0
    if wanted & (GRAD | HESS | BOUND):
        find_first(tile, state, lines, m, folded)
        for strip in range(m // STEP):
            i = strip * STEP
            for l in range(STEP):
                top_step[l] = state[PLACE, i + l] if state[TOP, i + l] > 0 else -1
                here_step[l] = at(0, i + l, m, folded)
            for j in range(lines):
                k = j * m + i
                for l in range(STEP):
                    g_step[l] = 1 if here_step[l] == top_step[l] else 0
                    here_step[l] += by
                for l in range(STEP):
                    g[k + l] = g_step[l]
    for i in range(lines * m if wanted & (HESS | BOUND) else 0):
        h[i] = 0
    return 0


cdef inline int find_first(double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded) except -1 nogil:
    """The class of the first score that is the greatest."""
    cdef double[::1] x = tile[P]
    cdef double top_step[STEP]
    cdef double here_step[STEP]
    cdef double place_step[STEP]
    cdef double by = step_of(m, folded)
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            top_step[l] = state[TOP, i + l]
            here_step[l] = at(lines - 1, i + l, m, folded)
            place_step[l] = INFINITY
        for j in range(lines - 1, -1, -1):
            k = j * m + i
            for l in range(STEP):
                place_step[l] = here_step[l] if x[k + l] == top_step[l] else place_step[l]
                here_step[l] -= by
        for l in range(STEP):
            state[PLACE, i + l] = place_step[l]
    return fold_most(state[PLACE], folded, True)


cdef inline int all_near(bint squares, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                         int wanted) except -1 nogil:
    """All that are too near; the sums of their slopes and curvatures."""
    cdef double[::1] x = tile[P], g = tile[G], h = tile[H]
    cdef double worth_step[STEP]
    cdef double bad_step[STEP]
    cdef double sum_step[STEP]
    cdef double every_step[STEP]
    cdef double g_step[STEP]
    cdef double h_step[STEP]
    cdef double v
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            worth_step[l] = bad_step[l] = sum_step[l] = every_step[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                v = x[k + l] if x[k + l] > 0 else 0
                worth_step[l] += v * v if squares else v
                bad_step[l] += 0 if x[k + l] == x[k + l] else NAN
        for j in range(lines if wanted & (GRAD | HESS | BOUND) else 0):
            k = j * m + i
            for l in range(STEP):
                v = x[k + l] if x[k + l] > 0 else 0
                g_step[l] = (2 * v if squares else 1.0) if v > 0 else 0
                sum_step[l] += g_step[l]
            for l in range(STEP):
                g[k + l] = g_step[l]
        for j in range(lines if wanted & (HESS | BOUND) else 0):
            k = j * m + i
            for l in range(STEP):
                h_step[l] = 2 if squares and x[k + l] > 0 else 0
                every_step[l] += h_step[l]
            for l in range(STEP):
                h[k + l] = h_step[l]
        for l in range(STEP):
            state[WORTH, i + l] = worth_step[l]
            state[BAD, i + l] += bad_step[l]
            state[MEAN, i + l] = sum_step[l]
            state[ALL_BENDS, i + l] = every_step[l]
    fold_sum(state[WORTH], folded)
    fold_sum(state[MEAN], folded)
    fold_sum(state[ALL_BENDS], folded)
    return 0


cdef inline int at_labels(const double[:, ::1] state, double[::1] g, double[::1] h, const int64_t[::1] label, Py_ssize_t r,
                          Py_ssize_t lines, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """What hinges give the label: minus the sum of the others' slopes, and that of their curvatures. A row with NaN is NaN."""
    cdef Py_ssize_t i, j
    cdef bint bad = False
    if block.class_major:
        for i in range(block.rows):
            if label[i] >= 0:
                g[label[i] * m + i] = -state[MEAN, i]
                h[label[i] * m + i] = state[ALL_BENDS, i]
    elif label[r] >= 0:
        g[label[r]] = -state[MEAN, 0]
        h[label[r]] = state[ALL_BENDS, 0]
    for i in range(m):
        bad |= state[BAD, i] != state[BAD, i]
    for j in range(lines if bad else 0):
        for i in range(m):
            g[j * m + i] += state[BAD, i]
            h[j * m + i] += state[BAD, i]
    return 0
