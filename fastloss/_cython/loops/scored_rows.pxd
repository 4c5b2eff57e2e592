"""Loops of losses of a whole row against a row, in doubles: a block, or a long row, is loaded into a tile, judged, and its derivatives
are written out. They know no loss.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, VALUE
from ..formulas.scored_rows cimport (
    STEP, Scores, gapped, hinge, of_members, point, prepare, ranked, through_softmax)
from ..rows_block cimport INSPECT, LINES, LOSS, ROWS, TILES, WEIGH, WEIGHT, RowsBlock
from ..vectors cimport signless
from ..views cimport reading, reading_rows, real, writing_ids, writing_rows
from .conclude cimport weigh
from .hinges cimport at_labels, compare
from .members cimport compare_members, sort_members
from .ranked cimport rank, rank_long
from .softmax cimport centre, softmax, through
from .sums cimport add_exactly, total
from .tiles cimport (
    D, G, GAP, H, LOST, OTHER, P, STATES, T, WORTH, Z, fold_sum, inspect, load, outside)


cdef inline int scored(const Scores* loss, const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t c = block.classes, n = block.rows, lines = c if block.class_major else n, width = n if block.class_major else c
    cdef Py_ssize_t columns = block.padded if block.class_major else (c + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    return stages(loss[0], reading_rows(pred, lines if pred is not NULL else 0, width, block.pred_row),
                  reading_rows(target, lines if target is not NULL and not block.labelled else 0, width, block.target_row),
                  writing_rows(<real*>block.grad, lines if block.grad is not NULL else 0, width, block.grad_row),
                  writing_rows(<real*>block.hess, lines if block.hess is not NULL else 0, width, block.hess_row),
                  writing_rows(block.state, LINES, block.padded, block.padded), writing_ids(block.label, block.padded),
                  reading(block.class_weight, c if block.class_weight is not NULL else 0),
                  writing_rows(<double*>block.exps, TILES, columns * (c if block.class_major else 1),
                               columns * (c if block.class_major else 1)), block)


cdef inline int stages(Scores loss, const real[:, ::1] x, const real[:, ::1] t, real[:, ::1] grad, real[:, ::1] hess,
                       double[:, ::1] row, int64_t[::1] label, const double[::1] class_weight, double[:, ::1] tile,
                       const RowsBlock* block) except -1 nogil:
    cdef double places[STATES * ROWS]
    cdef double[:, ::1] state = writing_rows(places, STATES, ROWS, ROWS)
    cdef Py_ssize_t i, n = block.rows, m = LANES if not block.class_major else (STEP if n <= STEP else block.padded)
    cdef Py_ssize_t lines = block.classes if block.class_major else tile.shape[1] // LANES
    cdef int seen = 0, wanted = block.wanted
    if block.stages & INSPECT and not block.labelled and not of_members(loss):
        seen |= inspect(t, block.class_major, row, class_weight, block)
    if block.stages & WEIGH:
        seen |= weigh(block.labelled, row, label, class_weight, block)
    if block.stages & INSPECT and block.inspected:
        seen |= outside(x, block.class_major, row, n)
    if wanted == 0 or seen & OUTSIDE:
        return seen
    for i in range(1 if block.class_major else n):
        load(loss, x, t, label, tile, i, m, block)
        judge(loss, tile, state, label, i, lines, m, block)
        conclude(state, row, i, block)
        if block.wanted & (GRAD | HESS | BOUND):
            spread(loss, tile, state, grad, hess, row, label, i, lines, m, block)
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
            rank(loss, tile, state, lines, m, block.wanted)
        else:
            rank_long(loss, tile, state, block.classes, lines * m, block.wanted)
    else:
        add_terms(loss, tile, state, lines, m, block)
    if through_softmax(loss) and block.wanted & (GRAD | HESS | BOUND):
        centre(loss, tile, state, lines, m, not block.class_major, block.wanted & (HESS | BOUND))
    return 0


cdef inline int add_terms(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                          const RowsBlock* block) except -1 nogil:
    """Losses; slopes into G and curvatures (of a softmax bends) into H."""
    cdef double v_step[STEP]
    cdef double gap_step[STEP]
    cdef double s_step[STEP]
    cdef double b_step[STEP]
    cdef double[::1] worth = state[WORTH], gaps = state[GAP], lost = state[LOST]
    cdef double[::1] p = tile[P], t = tile[T], d = tile[D], z = tile[Z], g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j, k, l, strip
    cdef bint folded = not block.class_major, more = block.wanted & (GRAD | HESS | BOUND)
    cdef double v = 0, gap = 0, s = 0, b = 0, c = 0
    prepare(loss, p, t, d, g, tile[OTHER], h, lines * m, block.wanted & VALUE)
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            if block.wanted & VALUE:
                for l in range(STEP):
                    point(loss, p[k + l], t[k + l], d[k + l], z[k + l], g[k + l], tile[OTHER, k + l], &v, &gap, &s, &b, &c)
                    v_step[l] = v
                    gap_step[l] = gap
                for l in range(STEP):
                    worth[i + l] += v_step[l]
                if gapped(loss):
                    for l in range(STEP):
                        add_exactly(gap_step[l], &gaps[i + l], &lost[i + l])
            if more:
                for l in range(STEP):
                    point(loss, p[k + l], t[k + l], d[k + l], z[k + l], g[k + l], tile[OTHER, k + l], &v, &gap, &s, &b, &c)
                    s_step[l] = s
                    b_step[l] = b if through_softmax(loss) else c
                for l in range(STEP):
                    g[k + l] = s_step[l]
                for l in range(STEP):
                    h[k + l] = b_step[l]
    fold_sum(worth, folded)
    if gapped(loss):
        if folded:
            for i in range(1, m):
                add_exactly(gaps[i], &gaps[0], &lost[0])
                lost[0] += lost[i]
        for i in range(1 if folded else m):
            if through_softmax(loss):
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


cdef inline int spread(Scores loss, double[:, ::1] tile, double[:, ::1] state, real[:, ::1] grad, real[:, ::1] hess,
                       const double[:, ::1] row, const int64_t[::1] label, Py_ssize_t r, Py_ssize_t lines, Py_ssize_t m,
                       const RowsBlock* block) except -1 nogil:
    """Gradient and Hessian, by way of G and H."""
    cdef double weight[ROWS]
    cdef double[::1] g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j, k
    cdef int wanted = block.wanted
    cdef bint curved = wanted & (HESS | BOUND) and hess.shape[0] > 0
    for i in range(m):
        weight[i] = 0
    for i in range(block.rows if block.class_major else m):
        weight[i] = row[WEIGHT, i if block.class_major else r] * block.scale
    if through_softmax(loss):
        through(loss, tile, state, lines, m, not block.class_major, wanted)
    elif hinge(loss):
        at_labels(state, g, h, label, r, lines, m, block)
    if block.class_major:
        for j in range(lines):
            for i in range(block.rows):
                grad[j, i] = signless(<real>(g[j * m + i] * weight[i] if weight[i] != 0 else 0))
            for i in range(block.rows if curved else 0):
                hess[j, i] = signless(<real>(h[j * m + i] * weight[i] if weight[i] != 0 else 0))
        return 0
    for i in range(block.classes):
        grad[r, i] = signless(<real>(g[i] * weight[0] if weight[0] != 0 else 0))
    for i in range(block.classes if curved else 0):
        hess[r, i] = signless(<real>(h[i] * weight[0] if weight[0] != 0 else 0))
    return 0
