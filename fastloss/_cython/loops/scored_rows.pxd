"""Loops of losses of a whole row against a row, in doubles: a block, or a long row, is taken into a tile, judged, and its derivatives
are given out (loops/ports.pxd). They know no loss.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, VALUE
from ..formulas.scored_rows cimport (
    STEP, Scores, gapped, hinge, of_members, point, prepare, ranked, through_softmax)
from ..rows_block cimport LOSS, ROWS, WEIGHT, RowsBlock
from ..views cimport writing_rows
from .hinges cimport at_labels, compare
from .members cimport compare_members, sort_members
from .ranked cimport rank, rank_long
from .softmax cimport centre, softmax, through
from .sums cimport add_exactly, total
from .tiles cimport D, G, GAP, H, LOST, OTHER, P, STATES, T, WORTH, Z, fold_sum, labels_of, rows_of, tiles_of


cdef inline int scored(const Scores* loss, const void* pred, const void* target, const RowsBlock* block) except -1 nogil:
    """The door: addresses become views."""
    return stages(loss[0], pred, target, rows_of(block), labels_of(block), tiles_of(block), block)


cdef inline int stages(Scores loss, const void* pred, const void* target, double[:, ::1] row, int64_t[::1] label, double[:, ::1] tile,
                       const RowsBlock* block) except -1 nogil:
    cdef double places[STATES * ROWS]
    cdef double[:, ::1] state = writing_rows(places, STATES, ROWS, ROWS)
    cdef Py_ssize_t i, n = block.rows, m = LANES if not block.class_major else (STEP if n <= STEP else block.padded)
    cdef Py_ssize_t lines = block.classes if block.class_major else tile.shape[1] // LANES
    cdef int seen = block.ports.look(pred, target, block), wanted = block.wanted
    if wanted == 0 or seen & OUTSIDE:
        return seen
    for i in range(1 if block.class_major else n):
        block.ports.take(pred, target, i, m, block)
        judge(loss, tile, state, label, i, lines, m, block)
        conclude(state, row, i, block)
        if wanted & (GRAD | HESS | BOUND):
            derive(loss, tile, state, label, i, lines, m, block)
            block.ports.give(block.grad, block.hess, i, m, block)
    if wanted & VALUE and block.summed:
        block.sums.value += total(row, LOSS, 0, n)
    return seen


cdef inline int judge(Scores loss, double[:, ::1] tile, double[:, ::1] state, const int64_t[::1] label, Py_ssize_t r, Py_ssize_t lines,
                      Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """Losses, and what slopes and curvatures are made of."""
    cdef Py_ssize_t i, k
    for k in range(STATES):
        for i in range(m):
            state[k, i] = 0
    if hinge(loss):
        compare(loss, tile, state, label, r, lines, m, block)
    else:
        judge_row(loss, tile, state, lines, m, block)
    return 0


cdef inline int judge_row(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                          const RowsBlock* block) except -1 nogil:
    cdef Py_ssize_t i
    if through_softmax(loss):
        softmax(loss, tile, state, lines, m, not block.class_major)
    else:
        for i in range(lines * m):
            tile[D, i] = tile[P, i] - tile[T, i]
    if of_members(loss):
        if block.class_major:
            compare_members(tile, state, lines, m)
        else:
            sort_members(tile, state, block.classes, lines * m)
    elif ranked(loss):
        if block.class_major:
            rank(loss, tile, state, lines, m, block.labelled, block.wanted)
        else:
            rank_long(loss, tile, state, block.classes, lines * m, block.labelled, block.wanted)
    else:
        add_terms(loss, tile, state, lines, m, block)
    if through_softmax(loss) and block.wanted & (GRAD | HESS | BOUND):
        centre(loss, tile, state, lines, m, not block.class_major, block.wanted & (HESS | BOUND))
    return 0


cdef inline int add_terms(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                          const RowsBlock* block) except -1 nogil:
    """Losses; slopes into G and bends into H."""
    cdef double worth_step[STEP]
    cdef double gap_step[STEP]
    cdef double lost_step[STEP]
    cdef double s_step[STEP]
    cdef double b_step[STEP]
    cdef double[::1] worth = state[WORTH], gaps = state[GAP], lost = state[LOST]
    cdef double[::1] p = tile[P], t = tile[T], d = tile[D], z = tile[Z], g = tile[G], h = tile[H], other = tile[OTHER]
    cdef Py_ssize_t i, j, k, l, strip
    cdef bint folded = not block.class_major, more = block.wanted & (GRAD | HESS | BOUND), curved = block.wanted & (HESS | BOUND)
    cdef double v = 0, gap = 0, s = 0, b = 0
    prepare(loss, p, t, d, z, g, other, lines * m, block.wanted & VALUE)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            worth_step[l] = gap_step[l] = lost_step[l] = 0
        for j in range(lines if block.wanted & VALUE else 0):
            k = j * m + i
            for l in range(STEP):
                point(loss, p[k + l], t[k + l], d[k + l], z[k + l], g[k + l], other[k + l], &v, &gap, &s, &b)
                worth_step[l] += v
                if gapped(loss):
                    add_exactly(gap, &gap_step[l], &lost_step[l])
        for l in range(STEP):
            worth[i + l] = worth_step[l]
            gaps[i + l] = gap_step[l]
            lost[i + l] = lost_step[l]
    for strip in range(lines * m // STEP if more else 0):
        k = strip * STEP
        for l in range(STEP):
            point(loss, p[k + l], t[k + l], d[k + l], z[k + l], g[k + l], other[k + l], &v, &gap, &s, &b)
            s_step[l] = s
            b_step[l] = b
        for l in range(STEP):
            g[k + l] = s_step[l]
        for l in range(STEP if curved else 0):      # what is not wanted is not computed
            h[k + l] = b_step[l]
    fold_sum(worth, folded)
    if gapped(loss):
        if folded:
            for i in range(1, m):
                add_exactly(gaps[i], &gaps[0], &lost[0])
                lost[0] += lost[i]
        for i in range(1 if folded else m):
            add_exactly(1, &gaps[i], &lost[i])
            worth[i] += gaps[i] + lost[i]
        for i in range(1, m if folded else 0):
            worth[i] = worth[0]
    return 0


cdef inline int conclude(const double[:, ::1] state, double[:, ::1] row, Py_ssize_t r, const RowsBlock* block) except -1 nogil:
    """Weighted losses."""
    cdef Py_ssize_t i
    if block.class_major:
        for i in range(block.rows):
            row[LOSS, i] = state[WORTH, i] * row[WEIGHT, i] if row[WEIGHT, i] != 0 else 0
    else:
        row[LOSS, r] = state[WORTH, 0] * row[WEIGHT, r] if row[WEIGHT, r] != 0 else 0
    return 0


cdef inline int derive(Scores loss, double[:, ::1] tile, double[:, ::1] state, const int64_t[::1] label, Py_ssize_t r,
                       Py_ssize_t lines, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """What is still to be done to G and H."""
    if through_softmax(loss):
        through(loss, tile, state, lines, m, not block.class_major, block.wanted)
    elif hinge(loss):
        at_labels(state, tile[G], tile[H], label, r, lines, m, block)
    return 0
