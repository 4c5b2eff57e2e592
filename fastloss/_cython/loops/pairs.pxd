"""Loops of losses of two rows: the engine hands over spans of a row, and says which step they are for."""

from libc.math cimport fabs

from ..block cimport (
    LANES, OUTSIDE, PAIR_ADD_TERMS, PAIR_CONCLUDE, PAIR_GREATEST, PAIR_INSPECT, PAIR_REFINE, PAIR_SPREAD, PAIR_WHOLE, PairBlock,
    PairSums)
from ..formulas.pairs cimport Pair, conclude, curvature, has_domain, in_range, measure, refine, slope, terms
from ..vectors cimport beyond_unit, signless
from ..views cimport reading, real, writing
from .sums cimport halved

cdef enum:
    WIDTH = 16              # running sums of each kind


cdef inline int pair(const Pair* loss, const real* pred, const real* target, PairBlock* block) except -1 nogil:
    """The door. Of PAIR_MEASURE the answer is whether the row needs another pass."""
    cdef Py_ssize_t n = block.size
    return step(loss[0], reading(pred, n), reading(target, n), writing(<real*>block.grad, n if block.grad is not NULL else 0),
                writing(<real*>block.hess, n if block.hess is not NULL else 0), block)


cdef inline int step(Pair loss, const real[::1] pred, const real[::1] target, real[::1] grad, real[::1] hess,
                     const PairBlock* block) except -1 nogil:
    cdef bint refined
    if has_domain(loss) and block.step in (PAIR_INSPECT, PAIR_WHOLE, PAIR_ADD_TERMS):
        block.sums.seen |= OUTSIDE if outside_unit(pred) or outside_unit(target) else 0
    if block.step == PAIR_INSPECT:
        return 0
    if block.step == PAIR_WHOLE:
        add_terms(loss, pred, target, block.sums)
        if not in_range(loss, block.sums[0]):
            return 1
        refined = measure(loss, block.sums)
        if refined:
            add_refined(loss, pred, target, block.sums)
        conclude(loss, block.sums, refined)
        return 0
    if block.step == PAIR_ADD_TERMS:
        add_terms(loss, pred, target, block.sums)
        return 0
    if block.step == PAIR_GREATEST:
        greatest(pred, target, block.sums)
        return 0
    if block.step == PAIR_REFINE:
        add_refined(loss, pred, target, block.sums)
        return 0
    if block.step == PAIR_CONCLUDE:
        conclude(loss, block.sums, block.refined)
        return 0
    if block.step == PAIR_SPREAD:
        spread(loss, pred, target, grad, hess, block.sums[0], block.weight)
        return 0
    return (0 if in_range(loss, block.sums[0]) else 1) | (2 if measure(loss, block.sums) else 0)


cdef inline bint outside_unit(const real[::1] x) except? -1 nogil:
    """Whether a number is outside [0, 1]. NaN is not."""
    cdef Py_ssize_t i, n = x.shape[0], whole = n & ~(<Py_ssize_t>LANES - 1)
    cdef real zero = 0, one = 1
    for i in range(0 if whole > 0 and beyond_unit(&x[0], whole) else whole, n):
        if (x[i] < zero) | (x[i] > one):
            return True
    return False


cdef inline int add_terms(Pair loss, const real[::1] pred, const real[::1] target, PairSums* sums) except -1 nogil:
    cdef double first[WIDTH]
    cdef double second[WIDTH]
    cdef double third[WIDTH]
    cdef double x = 0, y = 0, z = 0, p_scale = sums.pred_scale, t_scale = sums.target_scale
    cdef Py_ssize_t i = 0, k, n = pred.shape[0]
    for k in range(WIDTH):
        first[k] = second[k] = third[k] = 0
    while i + WIDTH <= n:
        for k in range(WIDTH):
            terms(loss, pred[i + k] * p_scale, target[i + k] * t_scale, &x, &y, &z)
            first[k] += x
            second[k] += y
            third[k] += z
        i += WIDTH
    for k in range(n - i):
        terms(loss, pred[i + k] * p_scale, target[i + k] * t_scale, &x, &y, &z)
        first[k] += x
        second[k] += y
        third[k] += z
    sums.first += halved(writing(first, WIDTH))
    sums.second += halved(writing(second, WIDTH))
    sums.third += halved(writing(third, WIDTH))
    return 0


cdef inline int greatest(const real[::1] pred, const real[::1] target, PairSums* sums) except -1 nogil:
    """Of the numbers' sizes, in place of the scales."""
    cdef Py_ssize_t i
    for i in range(pred.shape[0]):
        sums.pred_scale = max(sums.pred_scale, fabs(<double>pred[i]))
        sums.target_scale = max(sums.target_scale, fabs(<double>target[i]))
    return 0


cdef inline int add_refined(Pair loss, const real[::1] pred, const real[::1] target, PairSums* sums) except -1 nogil:
    cdef double lane[WIDTH]
    cdef PairSums row = sums[0]
    cdef Py_ssize_t i = 0, k, n = pred.shape[0]
    for k in range(WIDTH):
        lane[k] = 0
    while i + WIDTH <= n:
        for k in range(WIDTH):
            lane[k] += refine(loss, pred[i + k] * row.pred_scale, target[i + k] * row.target_scale, row)
        i += WIDTH
    for k in range(n - i):
        lane[k] += refine(loss, pred[i + k] * row.pred_scale, target[i + k] * row.target_scale, row)
    sums.refined += halved(writing(lane, WIDTH))
    return 0


cdef inline int spread(Pair loss, const real[::1] pred, const real[::1] target, real[::1] grad, real[::1] hess, PairSums row,
                       double weight) except -1 nogil:
    """Into a workspace: nothing here is read after it has been written."""
    cdef Py_ssize_t i, n = pred.shape[0]
    if weight == 0:
        for i in range(n):
            grad[i] = 0
        for i in range(hess.shape[0]):
            hess[i] = 0
        return 0
    for i in range(n):
        grad[i] = signless(<real>(weight * slope(loss, pred[i] * row.pred_scale, target[i] * row.target_scale, row)))
    for i in range(hess.shape[0]):
        hess[i] = signless(<real>(weight * curvature(loss, pred[i] * row.pred_scale, target[i] * row.target_scale, row)))
    return 0
