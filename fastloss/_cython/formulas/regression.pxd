"""Losses of a number against a number: squares, absolute values, quantiles and tubes, relative errors. See robust.pxd for how a file
of formulas is made."""

from libc.math cimport log1p

from ..block cimport LANES
from ..vectors cimport absolute, at_least, below, beyond_unit, by_sign, signless, vlogsum
from ..views cimport real

cdef extern from *:
    """
    #define NEAR -0.5             /* (p - t)/(1 + t) above which the logarithm of the quotient is log1p of that */
    #define LARGE 0x1p60
    #define FAR 40.0              /* the logarithm of a quotient that may have left the range */
    #define BEYOND ((double)INFINITY)
    """
    const double NEAR, LARGE, FAR, BEYOND

cdef struct Mse:
    double unused

cdef struct SquareTerm:         # of rows of probabilities whose rows need not be told apart: a row's loss is a sum
    double unused

cdef struct Mae:
    double unused

cdef struct Quantile:
    double alpha

cdef struct Expectile:
    double alpha

cdef struct EpsilonInsensitive:
    double epsilon
    double nothing

cdef struct SquaredEpsilonInsensitive:
    double epsilon
    double nothing

cdef struct Msle:
    double unused

cdef struct Mape:
    double eps

cdef struct Smape:
    double unused

ctypedef fused Pointwise:
    Mse
    SquareTerm
    Mae
    Quantile
    Expectile
    EpsilonInsensitive
    SquaredEpsilonInsensitive
    Msle
    Mape
    Smape


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """Whether a pair is outside the domain. NaN is inside every domain: it goes through."""
    cdef real low = -1, zero = 0, one = 1
    if Pointwise is Msle:
        return (pred < low) | (target < low)
    elif Pointwise is SquareTerm:
        return (pred < zero) | (pred > one) | (target < zero) | (target > one)
    else:
        return 0


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """0, if `inspect` has nothing to say of n pairs."""
    cdef real low = -1
    if Pointwise is Msle:
        return below(pred, n, low) | below(target, n, low)
    elif Pointwise is SquareTerm:
        return beyond_unit(pred, n) or beyond_unit(target, n)
    else:
        return 0


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return Pointwise is Msle


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at work[:, i]."""
    if Pointwise is Msle:
        log_quotients(pred, target, work, start, m)
    return 0


cdef inline int log_quotients(const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                              Py_ssize_t m) except -1 nogil:
    """work[0] = log((1 + p)/(1 + t)), of 1 + q with q = (p - t)/(1 + t) where that is near 1: log1p(p) - log1p(t) would lose all digits,
    but not where the quotient could leave the range. work[1] is scratch."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)
    cdef real p, t, q, s, zero = 0, one = 1, near = NEAR, large = LARGE, far = FAR
    cdef int seen = 0
    for i in range(n):
        p = pred[start + i]
        t = target[start + i]
        q = (p - t) / (one + t)
        s = one + q
        work[0, i] = s if q > near else (one + p) / (one + t)
        s = q - (s - one) if q < one else one - (s - q)
        work[1, i] = s if (q > near) & (q < large) else zero
    vlogsum(&work[0, 0], &work[1, 0], &work[0, 0], n)
    for i in range(n):
        seen |= absolute(work[0, i]) > far
    for i in range(n if seen else 0):
        if absolute(work[0, i]) > far:
            work[0, i] = <real>(log1p(<double>pred[start + i]) - log1p(<double>target[start + i]))
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2, four = 4
    cdef real beyond = BEYOND, d = pred - target, m = absolute(d), a, b, p, q, s, t
    cdef bint apart, flat
    if Pointwise is Mse or Pointwise is SquareTerm:
        value[0] = d * d
        grad[0] = two * d
        hess[0] = bound[0] = two + zero * d if Pointwise is SquareTerm else two
    elif Pointwise is Mae:
        value[0] = m
        grad[0] = by_sign(d, one, -one)
        hess[0] = zero
        bound[0] = one              # as boosters have it
    elif Pointwise is Quantile:
        a = <real>loss.alpha
        b = <real>(1 - loss.alpha)
        p = b * d
        q = -a * d
        value[0] = q if q > p else p
        grad[0] = by_sign(d, b, -a)
        hess[0] = zero
        bound[0] = one
    elif Pointwise is Expectile:
        a = <real>loss.alpha
        b = <real>(1 - loss.alpha)
        s = a if d < zero else b
        value[0] = s * d * d
        grad[0] = two * s * d
        hess[0] = bound[0] = two * s if d == d else d
    elif Pointwise is EpsilonInsensitive:
        s = at_least(m - <real>loss.epsilon, <real>loss.nothing)
        value[0] = s
        grad[0] = (one if d > zero else -one) if s > zero else s
        hess[0] = zero
        bound[0] = one
    elif Pointwise is SquaredEpsilonInsensitive:
        s = at_least(m - <real>loss.epsilon, <real>loss.nothing)
        value[0] = s * s
        grad[0] = two * s if d > zero else -two * s
        hess[0] = two if s > zero else s
        bound[0] = two if s == s else s
    elif Pointwise is Msle:
        # L², L = log((1 + p)/(1 + t)); at infinity it is flat
        a = work[0, i]
        s = one + pred
        value[0] = signless(a * a)      # rounded, fused or not, before it is added to others
        flat = (s == beyond) & (target < beyond)
        grad[0] = zero if flat else two * a / s
        hess[0] = zero if flat else two * ((one - a) / s) / s
        q = one - a
        bound[0] = zero if flat else two * ((one if q < one else q) / s) / s
    elif Pointwise is Mape:
        # |d|/max(|t|, eps), 0/0 = 0
        t = absolute(target)
        s = <real>loss.eps if t < <real>loss.eps else t
        value[0] = m if m == zero else m / s
        grad[0] = by_sign(d, one / s, -one / s)
        hess[0] = zero
        bound[0] = one
    else:
        # 2|d|/(|p| + |t|), 0/0 = 0. Where the sum leaves the range it is taken of halves; of numbers of two signs it is |d|.
        # (Choices come before divisions: either of two divisions would be both.)
        t = absolute(target)
        s = absolute(pred) + t
        a = half * absolute(pred) + half * t
        b = one if s < beyond else half
        s = s if s < beyond else a
        apart = ((pred < zero) & (target > zero)) | ((pred > zero) & (target < zero))
        q = (s if apart else b * m) / s
        value[0] = m if m == zero else two * q
        # The slope is 4|t|/(|p| + |t|)², half of that where p is 0, and 0 for two signs.
        p = b * (t / s)
        q = b * (p / s)
        a = two * q if pred == zero else four * q
        a = by_sign(d, a, -a)
        grad[0] = zero if apart else a
        q = b * two * four * q / s
        q = -q if (d > zero) == (pred > zero) else q
        hess[0] = bound[0] = zero if (apart | (pred == zero) | (d == zero)) & (d == d) else q
