"""Losses of a score against a sign, of the margin m = target·pred. See robust.pxd for how a file of formulas is made."""

from ..block cimport LANES, VALUE
from ..vectors cimport absolute, at_least, beyond_signs, softplus_bound, vexp, vgrow, vlog1p
from ..views cimport real

cdef struct Hinge:
    double margin
    double nothing          # 0, of which a compiler that knew it would make a choice, where this becomes a maximum

cdef struct SquaredHinge:
    double margin
    double nothing

cdef struct Perceptron:
    double nothing

cdef struct Logistic:
    double unused

cdef struct Exponential:
    double unused

cdef struct ModifiedHuber:
    double nothing

ctypedef fused Pointwise:
    Hinge
    SquaredHinge
    Perceptron
    Logistic
    Exponential
    ModifiedHuber


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """Whether a pair is outside the domain. NaN is inside every domain: it goes through."""
    cdef real one = 1
    return (target != one) & (target != -one) & (target == target)


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """0, if `inspect` has nothing to say of n pairs."""
    return beyond_signs(target, n)


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return Pointwise is Logistic or Pointwise is Exponential


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at work[:, i]."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)
    if Pointwise is Logistic:
        # work[0] = exp(−|m|), work[1] = log(1 + exp(−|m|))
        for i in range(n):
            work[0, i] = -absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        if wanted & VALUE:
            vlog1p(&work[0, 0], &work[1, 0], n)
    elif Pointwise is Exponential:
        # work[0] = exp(−m)
        for i in range(n):
            work[0, i] = -target[start + i] * pred[start + i]
        vgrow(&work[0, 0], &work[0, 0], n)
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, one = 1, two = 2, four = 4, a, m, p, q
    if Pointwise is Hinge:
        m = at_least(<real>loss.margin - target * pred, <real>loss.nothing)
        value[0] = m
        grad[0] = -target if m > zero else m
        hess[0] = bound[0] = zero
    elif Pointwise is SquaredHinge:
        m = at_least(<real>loss.margin - target * pred, <real>loss.nothing)
        value[0] = m * m
        grad[0] = -two * target * m
        hess[0] = two if m > zero else m
        bound[0] = two if m == m else m
    elif Pointwise is Perceptron:
        m = at_least(-target * pred, <real>loss.nothing)
        value[0] = m
        grad[0] = -target if m > zero else m
        hess[0] = bound[0] = zero
    elif Pointwise is Logistic:
        # log(1 + e⁻ᵐ); p = σ(m), q = σ(−m)
        m = target * pred
        a = work[0, i]
        value[0] = (zero if m > zero else -m) + work[1, i]
        p = one / (one + a)
        q = a * p if m > zero else p
        p = p if m > zero else a * p
        grad[0] = -target * q
        hess[0] = p * q + zero * (target - target)      # of a target that is NaN, NaN
        bound[0] = softplus_bound(m, a)
    elif Pointwise is Exponential:
        a = work[0, i]
        value[0] = a
        grad[0] = -target * a
        hess[0] = bound[0] = a
    else:
        # (1 − m)² from m = −1 to 1, −4m below
        m = target * pred
        q = at_least(one - m, <real>loss.nothing)
        value[0] = -four * m if m < -one else q * q
        grad[0] = -four * target if m < -one else -two * target * q
        hess[0] = zero if m < -one else (two if q > zero else q)
        bound[0] = two if m == m else m
