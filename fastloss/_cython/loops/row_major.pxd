"""Loops over the classes of rows that stand as they are: long rows, in spans that stay in the first-level cache. They know no loss.

Each span is read from memory once, and its exponentials are taken relative to its own maximum, then brought to the row's by one
factor when the gradient is written. Only rows too long to keep are read a second time.
"""

from libc.math cimport isinf, isnan
from libc.stdint cimport int64_t

from ..block cimport BOUND, HESS, LANES, OUTSIDE
from ..formulas.rows cimport (
    AT_BEND, AT_LINES, AT_LOGS, AT_P, AT_SLOPE, AT_TARGET, AT_VALUE, AT_Z, BEND, CURVE, FACTORS, PORTION, PULL, SHARE, SLOPE, SWAY,
    LogSumExp, Rows, curvature, divergence, excluded_slope, factors, labelled, linear, linear_in_rows, means, reads_again, refined,
    runner_curvature, slope, smoothing, targeted)
from ..rows_block cimport (
    AIM, CLASS_WEIGHT, CONCLUDE, DIVERGE, DIVERGE_JOIN, DIVERGE_SUM, DIVERGE_TERMS, EXCLUDED, FINISH, INSPECT, LINES, LOGS, MEAN_BEND,
    MEAN_SLOPE, MEAN_VALUE, PLACE, REDUCE, REFINE, REST, RUNNER, SHORT, SPAN_BASE, SPAN_BEND, SPAN_EXCLUDED, SPAN_LINEAR, SPAN_LINES,
    SPAN_MARGIN, SPAN_MASS, SPAN_OTHERS, SPAN_PLACE, SPAN_REST, SPAN_RUNNER, SPAN_SLOPE, SPAN_TOP, SPAN_VALUE, SPREAD, TOP, WEIGH,
    WEIGHT, RowsBlock)
from ..vectors cimport fetch, vexp
from ..views cimport reading_rows, real, writing_ids, writing_rows
from .divergence cimport diverge
from .conclude cimport class_weights, finish, join, normalise, power, weigh
from .sums cimport first_one, greatest, holds_nan, of_exponentials, of_row, of_short_exponentials, outside_unit

cdef extern from "math.h" nogil:
    const double INFINITY, NAN
    double fma(double x, double y, double z)

cdef enum:
    STRETCH = 256               # classes that go through exp at a time, while memory is asked for what comes next


cdef inline int row_major(const Rows* loss, const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t n = block.rows, c = block.length, padded = (c + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef Py_ssize_t columns = block.spans * n
    return stages(loss[0], reading_rows(pred, n, c, block.pred_row), reading_rows(target, n, c, block.target_row),
                  writing_rows(<real*>block.exps, n, padded, block.exp_row),
                  writing_rows(<real*>block.grad, n if block.grad is not NULL else 0, c, block.grad_row),
                  writing_rows(<real*>block.hess, n if block.hess is not NULL else 0, c, block.hess_row),
                  writing_rows(block.state, LINES, block.padded, block.padded),
                  writing_rows(block.parts, SPAN_LINES, columns, columns), writing_ids(block.label, block.padded),
                  class_weights(block), block)


cdef inline int stages(Rows loss, const real[:, ::1] x, const real[:, ::1] t, real[:, ::1] e, real[:, ::1] grad, real[:, ::1] hess,
                       double[:, ::1] row, double[:, ::1] part, int64_t[::1] label, const double[::1] class_weight,
                       const RowsBlock* block) except -1 nogil:
    cdef Py_ssize_t i, k, n = block.rows, c = block.span, spans = block.spans
    cdef int seen = 0, wanted = block.wanted, stages = block.stages
    if targeted(loss) and stages & INSPECT:
        for i in range(n):
            seen |= inspect(t, row, i, class_weight, block)
    if stages & WEIGH:
        seen |= weigh(labelled(loss), row, label, class_weight, block)
    if wanted == 0:
        return seen
    if stages & REDUCE:
        for i in range(n):
            if targeted(loss) and row[WEIGHT, i] != 0 and outside_unit(t, i, 0, block.length):
                seen |= OUTSIDE
            reduce(loss, x, t, e, part, label, i, i * spans + c, block)
    if divergence(loss) and stages & (DIVERGE | DIVERGE_SUM | DIVERGE_JOIN | DIVERGE_TERMS):
        diverge(x, t, row, part, block, False)
    if stages & CONCLUDE:
        for i in range(n):
            join(labelled(loss), row, i, part, i * spans, spans)
        normalise(loss, <const real*>NULL, row, n)
    if refined(loss) and stages & REFINE:
        for i in range(n):
            refine(loss, x, t, e, row, part, i, i * spans + c, block)
    if stages & FINISH:
        if refined(loss):
            for i in range(n):
                for k in range(i * spans, (i + 1) * spans):
                    row[MEAN_VALUE, i] += part[SPAN_VALUE, k]
                    row[MEAN_SLOPE, i] += part[SPAN_SLOPE, k]
                    row[MEAN_BEND, i] += part[SPAN_BEND, k]
        finish(loss, row, block)
    if stages & SPREAD and not seen & OUTSIDE:
        for i in range(n):
            spread(loss, x, t, e, grad, hess, row, part, i, i * spans + c, block)
    return seen


cdef inline int inspect(const real[:, ::1] t, double[:, ::1] row, Py_ssize_t i, const double[::1] class_weight,
                        const RowsBlock* block) except -1 nogil:
    """Whether a target is outside [0, 1], in a row that is there; and what the classes make it weigh."""
    cdef Py_ssize_t k
    cdef double w = 0 if block.span == 0 else row[CLASS_WEIGHT, i]
    if class_weight.shape[0] > 0:
        for k in range(block.length):
            w = fma(t[i, k], class_weight[block.start + k], w)
        row[CLASS_WEIGHT, i] = w
    if block.weighted and row[WEIGHT, i] == 0:
        return 0
    return OUTSIDE if outside_unit(t, i, 0, block.length) else 0


cdef inline int reduce(Rows loss, const real[:, ::1] x, const real[:, ::1] t, real[:, ::1] e, double[:, ::1] part,
                       const int64_t[::1] label, Py_ssize_t i, Py_ssize_t c, const RowsBlock* block) except -1 nogil:
    """A span by itself: its exponentials are relative to its own maximum, the base."""
    cdef real product_place[STRETCH]
    cdef real target_place[STRETCH]
    cdef real[:, ::1] product = writing_rows(<real*>product_place, 1, STRETCH, STRETCH)
    cdef real[:, ::1] target = writing_rows(<real*>target_place, 1, STRETCH, STRETCH)
    cdef Py_ssize_t n = block.length, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1), done = 0, k, m, size, place
    cdef real top = 0, zero = 0, one = 1, base
    cdef real keep = <real>(1 - smoothing(loss)), share = <real>(smoothing(loss) / block.classes)
    cdef bint smoothed = smoothing(loss) != 0, adds = linear_in_rows(loss), short = block.classes < SHORT
    cdef double sum = 0, mass = 0, rest
    greatest(x, i, 0, n, &top)
    base = top if top > -<real>INFINITY else zero
    while done < padded:
        m = min(<Py_ssize_t>STRETCH, padded - done)
        size = min(m, n - done)
        if block.ahead > 0:
            fetch(<const char*>&x[i, done] + block.ahead, m * <Py_ssize_t>sizeof(real))
        for k in range(done, done + size):
            e[i, k] = x[i, k] - base
        for k in range(done + size, done + m):
            e[i, k] = -<real>INFINITY
        if targeted(loss) and adds:
            if smoothed:
                for k in range(size):
                    target[0, k] = t[i, done + k] * keep + share
                for k in range(size):
                    product[0, k] = linear(loss, e[i, done + k], target[0, k])
            else:
                for k in range(size):
                    product[0, k] = linear(loss, e[i, done + k], t[i, done + k])
            sum += of_row(product, 0, 0, size)
            if smoothed:
                mass += of_row(target, 0, 0, size)
        elif adds:
            sum += of_row(e, i, done, size)
        vexp(&e[i, done], &e[i, done], m)
        done += m
    part[SPAN_TOP, c] = top
    part[SPAN_BASE, c] = base
    part[SPAN_LINEAR, c] = sum
    part[SPAN_EXCLUDED, c] = part[SPAN_MARGIN, c] = part[SPAN_MASS, c] = part[SPAN_OTHERS, c] = 0
    part[SPAN_PLACE, c] = part[SPAN_RUNNER, c] = -1
    if targeted(loss) and adds:
        part[SPAN_MASS, c] = mass if smoothed else of_row(t, i, 0, n)
    if labelled(loss):
        place = label[i] - block.start
        part[SPAN_MASS, c] = n
        if 0 <= place < n:
            part[SPAN_PLACE, c] = block.start + place
            part[SPAN_EXCLUDED, c] = e[i, place]
            part[SPAN_MARGIN, c] = x[i, place] - base
            e[i, place] = zero
        # The greatest term is 1, beside which small ones would be lost; in float, a label's rest has no digits for them.
        if real is float:
            part[SPAN_REST, c] = of_short_exponentials(e, i, n, False) if short else of_exponentials(e, i, padded)
            if not block.wanted & (HESS | BOUND):
                return 0
    place = first_one(e, i, padded)
    if place >= 0:
        e[i, place] = zero
    rest = of_short_exponentials(e, i, n, True) if short else of_exponentials(e, i, padded)
    if place >= 0:
        e[i, place] = one
    if labelled(loss):
        part[SPAN_OTHERS, c] = rest
        part[SPAN_RUNNER, c] = block.start + place if place >= 0 else -1
        if real is double:
            part[SPAN_REST, c] = rest + (1 if place >= 0 else 0)
    else:
        part[SPAN_REST, c] = rest
        if place >= 0:
            part[SPAN_PLACE, c] = block.start + place
            part[SPAN_EXCLUDED, c] = 1
        if Rows is LogSumExp:
            if isinf(top) or isnan(rest):
                part[SPAN_MASS, c] = NAN if holds_nan(x, i, n) else 0
    return 0


cdef inline double down(const double[:, ::1] row, const double[:, ::1] part, Py_ssize_t i, Py_ssize_t c,
                        const RowsBlock* block) except? -1 nogil:
    """What brings a span's exponentials to the row's maximum. A span that is masked as a whole may have a base above."""
    cdef double base = part[SPAN_BASE, c]
    if not block.retains_exps or base == row[TOP, i]:
        return 1
    return power(base - row[TOP, i]) if base < row[TOP, i] else 0


cdef inline int again(const real[:, ::1] x, real[:, ::1] e, const double[:, ::1] row, Py_ssize_t i, Py_ssize_t n) except -1 nogil:
    """Exponentials that were not kept, out of their logits once more."""
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef real top = <real>row[TOP, i]
    for k in range(n):
        e[i, k] = x[i, k] - top
    for k in range(n, padded):
        e[i, k] = 0
    vexp(&e[i, 0], &e[i, 0], padded)
    return 0


cdef inline int refine(Rows loss, const real[:, ::1] x, const real[:, ::1] t, real[:, ::1] e, double[:, ::1] row,
                       double[:, ::1] part, Py_ssize_t i, Py_ssize_t c, const RowsBlock* block) except -1 nogil:
    """Sums that need the normaliser, of all classes of a span but the excluded one."""
    cdef real place_of_work[AT_LINES * STRETCH]
    cdef real[:, ::1] work = writing_rows(<real*>place_of_work, AT_LINES, STRETCH, STRETCH)
    cdef Py_ssize_t done = 0, n = block.length, place = <Py_ssize_t>row[PLACE, i] - block.start, size, k
    cdef real share = <real>(down(row, part, i, c, block) / (row[REST, i] + row[EXCLUDED, i]))
    part[SPAN_VALUE, c] = part[SPAN_SLOPE, c] = part[SPAN_BEND, c] = 0
    if row[PLACE, i] >= 0 and 0 <= place < n:
        row[AIM, i] = t[i, place]
    if not block.retains_exps:
        again(x, e, row, i, n)
    while done < n:
        size = min(<Py_ssize_t>STRETCH, n - done)
        mean_terms(loss, x, t, e, row, i, done, size, share, work, block.wanted)
        if row[PLACE, i] >= 0 and done <= place < done + size:
            k = place - done
            work[AT_VALUE, k] = work[AT_SLOPE, k] = work[AT_BEND, k] = 0
        part[SPAN_VALUE, c] += of_row(work, AT_VALUE, 0, size)
        part[SPAN_SLOPE, c] += of_row(work, AT_SLOPE, 0, size)
        if block.wanted & (HESS | BOUND):
            part[SPAN_BEND, c] += of_row(work, AT_BEND, 0, size)
        done += size
    return 0


cdef inline int mean_terms(Rows loss, const real[:, ::1] x, const real[:, ::1] t, const real[:, ::1] e, const double[:, ::1] row,
                           Py_ssize_t i, Py_ssize_t start, Py_ssize_t n, real share, real[:, ::1] work, int wanted) except -1 nogil:
    """`means` of a stretch of a row."""
    cdef Py_ssize_t k, m = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef real top = <real>row[TOP, i], zero = 0
    for k in range(n):
        work[AT_P, k] = e[i, start + k] * share
        work[AT_Z, k] = x[i, start + k] - top
        work[AT_TARGET, k] = t[i, start + k]
    for k in range(n, m):
        work[AT_P, k] = work[AT_Z, k] = work[AT_TARGET, k] = zero
    for k in range(m):
        work[AT_LOGS, k] = <real>row[LOGS, i]
    return means(loss, work, m, wanted)


cdef inline int spread(Rows loss, const real[:, ::1] x, const real[:, ::1] t, real[:, ::1] e, real[:, ::1] grad, real[:, ::1] hess,
                       double[:, ::1] row, const double[:, ::1] part, Py_ssize_t i, Py_ssize_t c, const RowsBlock* block) except -1 nogil:
    """Gradient and Hessian of a span."""
    cdef real factor_place[FACTORS]
    cdef real[:, ::1] factor = writing_rows(<real*>factor_place, FACTORS, 1, 1)
    cdef Py_ssize_t n = block.length, k, classes = block.classes, place = <Py_ssize_t>row[PLACE, i] - block.start
    cdef Py_ssize_t runner = <Py_ssize_t>row[RUNNER, i] - block.start
    cdef int wanted = block.wanted
    cdef bint curved = wanted & (HESS | BOUND), smoothed = smoothing(loss) != 0
    cdef bint holds = row[PLACE, i] >= 0 and 0 <= place < n
    cdef real keep = <real>(1 - smoothing(loss)), share = <real>(smoothing(loss) / classes), zero = 0, one = 1
    cdef real top = <real>row[TOP, i], aim = one, g = 0, h = 0, slope_factor, p_share, curve, pull, portion, bend, sway
    if (labelled(loss) or targeted(loss)) and row[WEIGHT, i] == 0:      # not there: 0, whatever it holds
        for k in range(n):
            grad[i, k] = zero
        for k in range(n if curved else 0):
            hess[i, k] = zero
        return 0
    factors(loss, row, i, down(row, part, i, c, block), classes, wanted, factor, 0)
    slope_factor, p_share, curve, pull = factor[SLOPE, 0], factor[SHARE, 0], factor[CURVE, 0], factor[PULL, 0]
    portion, bend, sway = factor[PORTION, 0], factor[BEND, 0], factor[SWAY, 0]
    if targeted(loss) and holds:
        aim = t[i, place] * keep + share
    if reads_again(loss) and not refined(loss):
        for k in range(n):
            e[i, k] = x[i, k] - top
    elif not block.retains_exps:
        again(x, e, row, i, n)
    if refined(loss):
        spread_means(loss, x, t, e, grad, hess, row, i, n, slope_factor, p_share, pull, portion, bend, sway, wanted)
    else:
        if curved:
            for k in range(n):
                hess[i, k] = curvature(loss, e[i, k], zero, slope_factor, p_share, curve, zero, portion, bend, zero)
        if targeted(loss) and smoothed:
            for k in range(n):
                grad[i, k] = slope(loss, e[i, k], t[i, k] * keep + share, zero, slope_factor, pull)
        elif targeted(loss):
            for k in range(n):
                grad[i, k] = slope(loss, e[i, k], t[i, k], zero, slope_factor, pull)
        else:
            for k in range(n):
                grad[i, k] = slope(loss, e[i, k], zero, zero, slope_factor, pull)
    if (labelled(loss) or targeted(loss)) and holds:
        excluded_slope(loss, row, i, aim, classes, wanted, &g, &h)
        grad[i, place] = g
        if curved:
            hess[i, place] = h
    if labelled(loss) and curved and row[RUNNER, i] >= 0 and 0 <= runner < n:
        hess[i, runner] = <real>runner_curvature(loss, row, i, wanted)
    return 0


cdef inline int spread_means(Rows loss, const real[:, ::1] x, const real[:, ::1] t, const real[:, ::1] e, real[:, ::1] grad,
                             real[:, ::1] hess, const double[:, ::1] row, Py_ssize_t i, Py_ssize_t n, real factor, real share,
                             real pull, real portion, real bend, real sway, int wanted) except -1 nogil:
    """The same of a loss whose classes add what takes the normaliser."""
    cdef real place_of_work[AT_LINES * STRETCH]
    cdef real[:, ::1] work = writing_rows(<real*>place_of_work, AT_LINES, STRETCH, STRETCH)
    cdef Py_ssize_t done = 0, size, k
    cdef real zero = 0
    while done < n:
        size = min(<Py_ssize_t>STRETCH, n - done)
        mean_terms(loss, x, t, e, row, i, done, size, share, work, wanted)
        if wanted & (HESS | BOUND):
            for k in range(size):
                hess[i, done + k] = curvature(loss, e[i, done + k], work[AT_BEND, k], factor, share, zero, pull, portion, bend, sway)
        for k in range(size):
            grad[i, done + k] = slope(loss, e[i, done + k], zero, work[AT_SLOPE, k], factor, pull)
        done += size
    return 0
