"""Loops of losses of two rows: the engine hands over spans of a row, and says which step they are for."""

from libc.math cimport fabs

from ..block cimport PAIR_ADD_TERMS, PAIR_CONCLUDE, PAIR_GREATEST, PAIR_REFINE, PAIR_SPREAD, PairBlock
from ..formulas.pairs cimport (
    PAIR_FIRST, PAIR_PRED_SCALE, PAIR_REFINED, PAIR_SECOND, PAIR_STATE, PAIR_TARGET_SCALE, PAIR_THIRD, Pair, conclude, curvature, in_range, measure, refine, slope,
    terms)
from ..vectors cimport signless
from ..views cimport reading, real, writing, writing_rows

cdef enum:
    SUMS = 8                # running sums of each kind


cdef inline int pair(const Pair* loss, const real* pred, const real* target, PairBlock* block) except -1 nogil:
    """The door. Of PAIR_CONCLUDE and PAIR_GREATEST the answer is whether the row needs another pass."""
    cdef Py_ssize_t n = block.size
    return step(loss[0], reading(pred, n), reading(target, n), writing(<real*>block.grad, n if block.grad is not NULL else 0),
                writing(<real*>block.hess, n if block.hess is not NULL else 0), writing_rows(block.state, 1, PAIR_STATE, PAIR_STATE), block)


cdef inline int step(Pair loss, const real[::1] pred, const real[::1] target, real[::1] grad, real[::1] hess,
                     double[:, ::1] state, const PairBlock* block) except -1 nogil:
    if block.step == PAIR_ADD_TERMS:
        add_terms(loss, pred, target, state)
        return 0
    if block.step == PAIR_GREATEST:
        greatest(pred, target, state)
        return 0
    if block.step == PAIR_REFINE:
        add_refined(loss, pred, target, state)
        return 0
    if block.step == PAIR_CONCLUDE:
        conclude(loss, state, 0, block.refined)
        return 0
    if block.step == PAIR_SPREAD:
        spread(loss, pred, target, grad, hess, state, block.weight)
        return 0
    return (0 if in_range(loss, state, 0) else 1) | (2 if measure(loss, state, 0) else 0)


cdef inline int add_terms(Pair loss, const real[::1] pred, const real[::1] target, double[:, ::1] state) except -1 nogil:
    cdef double first[SUMS]
    cdef double second[SUMS]
    cdef double third[SUMS]
    cdef double x = 0, y = 0, z = 0, p_scale = state[0, PAIR_PRED_SCALE], t_scale = state[0, PAIR_TARGET_SCALE]
    cdef Py_ssize_t i = 0, k, n = pred.shape[0]
    for k in range(SUMS):
        first[k] = second[k] = third[k] = 0
    while i + SUMS <= n:
        for k in range(SUMS):
            terms(loss, pred[i + k] * p_scale, target[i + k] * t_scale, &x, &y, &z)
            first[k] += x
            second[k] += y
            third[k] += z
        i += SUMS
    for i in range(i, n):
        terms(loss, pred[i] * p_scale, target[i] * t_scale, &x, &y, &z)
        first[0] += x
        second[0] += y
        third[0] += z
    for k in range(SUMS):
        state[0, PAIR_FIRST] += first[k]
        state[0, PAIR_SECOND] += second[k]
        state[0, PAIR_THIRD] += third[k]
    return 0


cdef inline int greatest(const real[::1] pred, const real[::1] target, double[:, ::1] state) except -1 nogil:
    """Of the numbers' sizes, in place of the scales."""
    cdef Py_ssize_t i
    for i in range(pred.shape[0]):
        state[0, PAIR_PRED_SCALE] = max(state[0, PAIR_PRED_SCALE], fabs(<double>pred[i]))
        state[0, PAIR_TARGET_SCALE] = max(state[0, PAIR_TARGET_SCALE], fabs(<double>target[i]))
    return 0


cdef inline int add_refined(Pair loss, const real[::1] pred, const real[::1] target, double[:, ::1] state) except -1 nogil:
    cdef double lane[SUMS]
    cdef double p_scale = state[0, PAIR_PRED_SCALE], t_scale = state[0, PAIR_TARGET_SCALE]
    cdef Py_ssize_t i = 0, k, n = pred.shape[0]
    for k in range(SUMS):
        lane[k] = 0
    while i + SUMS <= n:
        for k in range(SUMS):
            lane[k] += refine(loss, pred[i + k] * p_scale, target[i + k] * t_scale, state, 0)
        i += SUMS
    for i in range(i, n):
        lane[0] += refine(loss, pred[i] * p_scale, target[i] * t_scale, state, 0)
    for k in range(SUMS):
        state[0, PAIR_REFINED] += lane[k]
    return 0


cdef inline int spread(Pair loss, const real[::1] pred, const real[::1] target, real[::1] grad, real[::1] hess,
                       double[:, ::1] state, double weight) except -1 nogil:
    """The outputs may be the inputs: nothing is read after it has been written."""
    cdef double p_scale = state[0, PAIR_PRED_SCALE], t_scale = state[0, PAIR_TARGET_SCALE], p, t
    cdef Py_ssize_t i
    cdef bint bent = hess.shape[0] > 0
    for i in range(pred.shape[0]):
        p = pred[i] * p_scale
        t = target[i] * t_scale
        grad[i] = signless(<real>(weight * slope(loss, p, t, state, 0) if weight != 0 else 0))
        if bent:
            hess[i] = signless(<real>(weight * curvature(loss, p, t, state, 0) if weight != 0 else 0))
    return 0
