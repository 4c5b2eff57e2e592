"""Losses of a score against a class whose place in an order is the target. See robust.pxd for how a file of formulas is made."""

from libc.math cimport floor

from ..block cimport LANES, OUTSIDE, VALUE
from ..vectors cimport absolute, multiply_add, softplus_bound, vexp, vlog1p
from ..views cimport reading_rows, real

cdef extern from "math.h" nogil:
    const double INFINITY

cdef enum:                  # of a class, in the table
    LOWER
    UPPER
    GAP                     # -log(1 - exp(lower - upper)), which no score changes
    COLUMNS

cdef enum:                  # lines of what is prepared
    UP_EXP                  # exp(-|b|)
    DOWN_EXP                # exp(-|a|)
    UP_LOG                  # log(1 + exp(-|b|))
    DOWN_LOG
    UP                      # b = upper - s
    DOWN                    # a = lower - s
    REST                    # the gap's part

cdef struct OrdinalLogistic:
    double classes
    const double* table     # a line for each

ctypedef fused Pointwise:
    OrdinalLogistic


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """Whether the target is no class. NaN goes through."""
    return not (((target >= 0) & (target < loss.classes) & (target == floor(target))) | (target != target))


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """All are looked at."""
    return OUTSIDE


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    return True


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """What `point` finds at work[:, i] of m samples from `start` on. A target that is no class is taken as the first."""
    cdef const double[:, ::1] table = reading_rows(loss.table, <Py_ssize_t>loss.classes, COLUMNS, COLUMNS)
    cdef Py_ssize_t i, k, n = m & ~(<Py_ssize_t>LANES - 1)
    cdef double s, lower, upper
    cdef real t
    for i in range(n):
        t = target[start + i]
        k = <Py_ssize_t>(t if (t >= 0) & (t < loss.classes) else 0)
        s = pred[start + i]
        lower = table[k, LOWER]
        upper = table[k, UPPER]
        work[UP, i] = <real>(upper - s if upper < INFINITY else upper)
        work[DOWN, i] = <real>(lower - s if lower > -INFINITY else lower)
        work[REST, i] = <real>table[k, GAP] + 0 * t
    for i in range(n):
        work[UP_EXP, i] = -absolute(work[UP, i])
        work[DOWN_EXP, i] = -absolute(work[DOWN, i])
    vexp(&work[UP_EXP, 0], &work[UP_EXP, 0], n)
    vexp(&work[DOWN_EXP, 0], &work[DOWN_EXP, 0], n)
    if wanted & VALUE:
        vlog1p(&work[UP_EXP, 0], &work[UP_LOG, 0], n)
        vlog1p(&work[DOWN_EXP, 0], &work[DOWN_LOG, 0], n)
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* slope,
                       real* curvature, real* bound) noexcept nogil:
    """softplus(-b) + softplus(a) + rest, whose terms are not negative: -log(sigmoid(b) - sigmoid(a))."""
    cdef real zero = 0, one = 1, b = work[UP, i], a = work[DOWN, i], e = work[UP_EXP, i], f = work[DOWN_EXP, i]
    cdef real over_b = one / (one + e), over_a = one / (one + f), rest = work[REST, i]
    value[0] = ((zero if b > zero else -b) + work[UP_LOG, i]) + ((a if a > zero else zero) + work[DOWN_LOG, i]) + rest
    # Factors are chosen, not products: of a choice between a product and its factor clang makes a product, or does not.
    slope[0] = multiply_add(e if b > zero else one, over_b, -((one if a > zero else f) * over_a)) + (rest - rest)
    curvature[0] = multiply_add(e * over_b, over_b, f * over_a * over_a) + (rest - rest)
    bound[0] = softplus_bound(b, e) + softplus_bound(a, f) + (rest - rest)
