"""Loops of losses of a whole row against a row, in doubles. They know no loss.

A block becomes a tile of lines of m numbers: a class of m rows, or of a long row m classes, whose sums over the lines are `folded` to
one. So both are the same loops over lanes, and whichever it is depends on the number of classes alone.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, VALUE
from ..formulas.scored_rows cimport (
    STEP, CrammerSinger, Scores, gapped, hinge, of_probabilities, point, prepare, ranked, squared, through_softmax, too_near)
from ..rows_block cimport CLASS_WEIGHT, INSPECT, LINES, LOSS, ROWS, TILES, WEIGH, WEIGHT, RowsBlock
from ..vectors cimport signless, vexp, vlogsum
from ..views cimport reading, reading_rows, real, writing, writing_ids, writing_rows
from .conclude cimport weigh
from .sums cimport add_exactly, outside_unit, total

cdef extern from "math.h" nogil:
    const double INFINITY, NAN
    double fma(double x, double y, double z)

cdef enum:                  # tiles
    P                       # probabilities; of hinges how near a class comes
    T                       # targets
    D                       # p - t
    Z                       # log p
    G                       # slopes; before that logarithms
    H                       # curvatures, or bends
    OTHER                   # other logarithms

cdef enum:                  # of each lane
    TOP                     # the greatest x
    PLACE                   # where it is: the first of several
    REST                    # sum exp(x - top) but for it
    SUM                     # and with it
    WORTH                   # the loss
    GAP
    LOST                    # what rounding took from the gap
    PEAK                    # the slope at the greatest
    MEAN                    # sum p(slope - peak)
    BENDS                   # sum of bends but for the greatest's ...
    ALL_BENDS               # ... and with it
    OWN                     # the label's score
    BAD                     # NaN, if a score is
    NEVER                   # infinite, if a slope is
    STATES


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
    if block.stages & INSPECT and not block.labelled:
        seen |= inspect(t, block.class_major, row, class_weight, block)
    if block.stages & WEIGH:
        seen |= weigh(block.labelled, row, label, class_weight, block)
    if block.stages & INSPECT and block.inspected:
        seen |= outside(x, block.class_major, row, n)
    if wanted == 0:
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


# ---- what is seen of the inputs --------------------------------------------------------------------------------------------------

cdef inline int inspect(const real[:, ::1] t, bint class_major, double[:, ::1] row, const double[::1] class_weight,
                        const RowsBlock* block) except -1 nogil:
    """Whether a target is outside [0, 1], in a row that is there; and what the classes make a row weigh."""
    cdef Py_ssize_t i, j, n = block.rows, lines = t.shape[0], width = t.shape[1]
    cdef int seen = 0
    for i in range(n):
        row[CLASS_WEIGHT, i] = 0
    for j in range(lines):
        if outside_unit(t, j, 0, width):
            for i in range(width):
                if (not block.weighted or row[WEIGHT, i if class_major else j] != 0) and (t[j, i] < 0) | (t[j, i] > 1):
                    seen = OUTSIDE
        if class_weight.shape[0] > 0 and class_major:
            for i in range(n):
                row[CLASS_WEIGHT, i] = fma(t[j, i], class_weight[j], row[CLASS_WEIGHT, i])
        elif class_weight.shape[0] > 0:
            for i in range(width):
                row[CLASS_WEIGHT, j] = fma(t[j, i], class_weight[i], row[CLASS_WEIGHT, j])
    return seen


cdef inline int outside(const real[:, ::1] x, bint class_major, const double[:, ::1] row, Py_ssize_t n) except -1 nogil:
    """Whether a probability is outside [0, 1], in a row that has a weight."""
    cdef Py_ssize_t i, j, width = x.shape[1]
    for j in range(x.shape[0]):
        if outside_unit(x, j, 0, width):
            for i in range(width):
                if row[WEIGHT, i if class_major else j] != 0 and (x[j, i] < 0) | (x[j, i] > 1):
                    return OUTSIDE
    return 0


# ---- tiles -----------------------------------------------------------------------------------------------------------------------

cdef inline int load(Scores loss, const real[:, ::1] x, const real[:, ::1] t, const int64_t[::1] label, double[:, ::1] tile,
                     Py_ssize_t r, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """All rows of a class-major block, or row r. What is no number of a row's is 0, of logits and scores -inf."""
    cdef Py_ssize_t i, j, n = block.rows, c = block.classes, size = tile.shape[1]
    cdef double none = 0 if of_probabilities(loss) else -INFINITY
    if block.class_major:
        for j in range(c):
            for i in range(n):
                tile[P, j * m + i] = x[j, i] + 0.0          # of -0: 0
            for i in range(n, m):
                tile[P, j * m + i] = 0
    else:
        for i in range(c):
            tile[P, i] = x[r, i] + 0.0
        for i in range(c, size):
            tile[P, i] = none
    if hinge(loss):
        return 0
    if block.labelled:
        for i in range(size):
            tile[T, i] = 0
        if block.class_major:
            for i in range(n):
                if label[i] >= 0:
                    tile[T, label[i] * m + i] = 1
        elif label[r] >= 0:
            tile[T, label[r]] = 1
    elif block.class_major:
        for j in range(c):
            for i in range(n):
                tile[T, j * m + i] = t[j, i] + 0.0
            for i in range(n, m):
                tile[T, j * m + i] = 0
    else:
        for i in range(c):
            tile[T, i] = t[r, i] + 0.0
        for i in range(c, size):
            tile[T, i] = 0
    return 0


cdef inline int fold_sum(double[::1] lane, bint folded) except -1 nogil:
    """Of a long row, the sum of all lanes in each of them."""
    cdef Py_ssize_t k, half = LANES // 2
    if not folded:
        return 0
    while half > 0:
        for k in range(half):
            lane[k] += lane[k + half]
        half //= 2
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


cdef inline int fold_most(double[::1] lane, bint folded, bint least) except -1 nogil:
    """The greatest, or the least; NaN is passed over."""
    cdef Py_ssize_t k
    if not folded:
        return 0
    for k in range(1, LANES):
        lane[0] = lane[k] if (lane[k] < lane[0] if least else lane[k] > lane[0]) else lane[0]
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


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
    if ranked(loss):
        if block.class_major:
            rank(loss, tile, state, lines, m, block.wanted)
        else:
            rank_long(loss, tile, state, block.classes, lines * m, block.wanted)
    else:
        add_terms(loss, tile, state, lines, m, block)
    if through_softmax(loss) and block.wanted & (GRAD | HESS | BOUND):
        centre(loss, tile, state, lines, m, not block.class_major, block.wanted & (HESS | BOUND))
    return 0


# ---- a softmax, its slopes and their mean ----------------------------------------------------------------------------------------

cdef inline double at(Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, bint folded) noexcept nogil:
    """The class of lane i of line j."""
    return j * m + i if folded else j


cdef inline int softmax(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                        bint folded) except -1 nogil:
    """P, log p and p - t. The greatest class is left out of the sum: its p may be near 1, and so may its target."""
    cdef double first[STEP]
    cdef double second[STEP]
    cdef double third[STEP]
    cdef double[::1] top = state[TOP], place = state[PLACE], rest = state[REST], sum = state[SUM], ones = state[OWN], logs = state[MEAN]
    cdef double[::1] p = tile[P], t = tile[T], d = tile[D], z = tile[Z]
    cdef Py_ssize_t i, j, k, l, strip
    for i in range(m):
        top[i] = -INFINITY
        place[i] = INFINITY
    for j in range(lines):
        for i in range(m):
            top[i] = p[j * m + i] if p[j * m + i] > top[i] else top[i]
    fold_most(top, folded, False)
    for j in range(lines):
        for i in range(m):
            z[j * m + i] = p[j * m + i] - top[i]
    vexp(&z[0], &p[0], lines * m)
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = 1 if p[k + l] == 1 else 0
                second[l] = at(j, i + l, m, folded) if p[k + l] == 1 else INFINITY
                third[l] = 0 if p[k + l] == 1 else p[k + l]
            for l in range(STEP):
                ones[i + l] += first[l]
            for l in range(STEP):
                place[i + l] = second[l] if second[l] < place[i + l] else place[i + l]
            for l in range(STEP):
                rest[i + l] += third[l]
    fold_most(place, folded, True)
    fold_sum(ones, folded)
    fold_sum(rest, folded)
    for i in range(m):
        rest[i] += ones[i] - 1 if ones[i] > 0 else 0
        sum[i] = rest[i] + (1 if ones[i] > 0 else 0)
        logs[i] = sum[i]
        ones[i] = rest[i] - (sum[i] - 1)
    vlogsum(&logs[0], &ones[0], &logs[0], m)
    for i in range(m):
        ones[i] = rest[i] / sum[i]
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = p[k + l] / sum[i + l]
                second[l] = first[l] - t[k + l]
                third[l] = (1 - t[k + l]) - ones[i + l]
                second[l] = third[l] if (at(j, i + l, m, folded) == place[i + l]) & (t[k + l] >= 0.5) else second[l]
            for l in range(STEP):
                p[k + l] = first[l]
            for l in range(STEP):
                d[k + l] = second[l]
            if gapped(loss):
                for l in range(STEP):
                    z[k + l] -= logs[i + l]
    for i in range(m):
        ones[i] = logs[i] = 0
    return 0


cdef inline int centre(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                       bint curved) except -1 nogil:
    """The mean slope, less the greatest class's; and the sums of the bends."""
    cdef double[::1] place = state[PLACE], peak = state[PEAK], mean = state[MEAN], bends = state[BENDS], every = state[ALL_BENDS]
    cdef double[::1] p = tile[P], g = tile[G], h = tile[H], never = state[NEVER]
    cdef double first[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = g[k + l] if at(j, i + l, m, folded) == place[i + l] else peak[i + l]
            for l in range(STEP):
                peak[i + l] = first[l]
            if gapped(loss):
                for l in range(STEP):
                    first[l] = INFINITY if (g[k + l] == INFINITY) & (p[k + l] != 0) else never[i + l]
                for l in range(STEP):
                    never[i + l] = first[l]
    fold_sum(peak, folded)
    fold_most(never, folded, False)
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = p[k + l] * (g[k + l] - peak[i + l]) if p[k + l] != 0 else 0
            for l in range(STEP):
                mean[i + l] += first[l]
            if curved and not ranked(loss):
                for l in range(STEP):
                    first[l] = h[k + l] if at(j, i + l, m, folded) != place[i + l] else 0
                for l in range(STEP):
                    bends[i + l] += first[l]
                for l in range(STEP):
                    every[i + l] += h[k + l]
    fold_sum(mean, folded)
    fold_sum(bends, folded)
    fold_sum(every, folded)
    return 0


# ---- terms -----------------------------------------------------------------------------------------------------------------------

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


cdef inline int rank(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, int wanted) except -1 nogil:
    """Ranked scores of a class-major block: running sums from the first class on, then those of these from the last on."""
    cdef double[::1] worth = state[WORTH], running = state[GAP], before = state[LOST]
    cdef double[::1] p = tile[P], d = tile[D], g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j, k
    for j in range(lines):
        for i in range(m):
            running[i] += d[j * m + i]
            g[j * m + i] = running[i] if j < lines - 1 else 0 * running[i]
            worth[i] += g[j * m + i] * g[j * m + i]
    for i in range(m):
        running[i] = 0
    for j in range(lines - 1, -1, -1):
        for i in range(m):
            running[i] += g[j * m + i]
            h[j * m + i] = 2.0 * (lines - 1 - j) + 0 * d[j * m + i]
            g[j * m + i] = 2 * running[i]
    if not (through_softmax(loss) and wanted & (HESS | BOUND)):
        return 0
    # 2p² times the squares of P before a class, and of 1 − P from it on, but for the last
    for i in range(m):
        running[i] = before[i] = 0
    for j in range(lines - 1, -1, -1):
        for i in range(m):
            k = j * m + i
            before[i] += running[i] * running[i]
            h[k] = before[i]
            running[i] += p[k]
    for i in range(m):
        running[i] = before[i] = 0
    for j in range(lines):
        for i in range(m):
            k = j * m + i
            h[k] = 2 * p[k] * p[k] * (h[k] + before[i])
            running[i] += p[k]
            before[i] += running[i] * running[i]
    return 0


cdef inline int rank_long(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t c, Py_ssize_t size,
                          int wanted) except -1 nogil:
    """The same of a long row, from class to class."""
    cdef double[::1] p = tile[P], d = tile[D], g = tile[G], h = tile[H]
    cdef Py_ssize_t i
    cdef double running = 0, before = 0, worth = 0
    for i in range(c):
        running += d[i]
        g[i] = running if i < c - 1 else 0 * running
        worth += g[i] * g[i]
    for i in range(LANES):
        state[WORTH, i] = worth
    running = 0
    for i in range(c - 1, -1, -1):
        running += g[i]
        g[i] = 2 * running
        h[i] = 2.0 * (c - 1 - i) + 0 * d[i]
    for i in range(c, size):
        g[i] = h[i] = 0
    if not (through_softmax(loss) and wanted & (HESS | BOUND)):
        return 0
    running = before = 0
    for i in range(c - 1, -1, -1):
        before += running * running
        h[i] = before
        running += p[i]
    running = before = 0
    for i in range(c):
        h[i] = 2 * p[i] * p[i] * (h[i] + before)
        running += p[i]
        before += running * running
    return 0


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
            here = j * m + i if folded else j
            place[i] = here if (x[j * m + i] == top[i]) & (here < place[i]) else place[i]
    fold_most(place, folded, True)
    for i in range(m):
        state[WORTH, i] = top[i] if top[i] > 0 else 0
        state[MEAN, i] = 1 if top[i] > 0 else 0
    for j in range(lines):
        for i in range(m):
            here = j * m + i if folded else j
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


# ---- results ---------------------------------------------------------------------------------------------------------------------

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


cdef inline int through(Scores loss, double[:, ::1] tile, const double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                        int wanted) except -1 nogil:
    """p(g - mean), and p(1 - 2p)(g - mean) + b(1 - p)^2 + p^2 (sum b - b) of the bends b: the first may be negative, which a majorizer
    leaves out. A slope that is infinite leaves the others as far down."""
    cdef const double[::1] place = state[PLACE], rest = state[REST], sum = state[SUM], peak = state[PEAK], mean = state[MEAN]
    cdef const double[::1] bends = state[BENDS], every = state[ALL_BENDS], never = state[NEVER]
    cdef double[::1] p = tile[P], g = tile[G], h = tile[H]
    cdef double first[STEP]
    cdef double second[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    cdef bint bounded = (wanted & BOUND) != 0
    cdef double q, lean, others, centred
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                centred = (g[k + l] - peak[i + l]) - mean[i + l]
                if gapped(loss):
                    centred = centred if never[i + l] == 0 else (INFINITY if g[k + l] == INFINITY else -INFINITY)
                first[l] = p[k + l] * centred if p[k + l] != 0 else 0
            for l in range(STEP):
                g[k + l] = first[l]
            if not wanted & (HESS | BOUND):
                continue
            for l in range(STEP):
                lean = (1 - 2 * p[k + l]) * g[k + l] if p[k + l] != 0 else 0
                lean = 0 if bounded & (lean < 0) else lean
                if ranked(loss):
                    second[l] = h[k + l] + lean
                else:
                    q = rest[i + l] / sum[i + l] if at(j, i + l, m, folded) == place[i + l] else 1 - p[k + l]
                    others = bends[i + l] if at(j, i + l, m, folded) == place[i + l] else every[i + l] - h[k + l]
                    second[l] = (h[k + l] * (q * q) + p[k + l] * p[k + l] * others) + lean
            for l in range(STEP):
                h[k + l] = second[l]
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
