"""Losses of rows that are probabilities already: no softmax, and of some `eps` keeps them from 0.

A class adds a term to its row's loss (`prepare`, `term`) and has a slope of its own.
"""

from ..block cimport LANES
from ..vectors cimport THIRD, jensen, ratio, upper, vlog
from ..views cimport real

cdef extern from *:
    """
    #define BEYOND ((double)INFINITY)
    #define LN_2 0.693147180559945309417
    """
    const double BEYOND, LN_2

cdef struct CategoricalIds:     # of the label's probability alone
    double eps

cdef struct CategoricalRows:
    double eps

cdef struct Brier:
    double unused

cdef struct KullbackLeibler:    # KL(t || p)
    double unused

cdef struct Reverse:            # KL(p || t)
    double unused

cdef struct JensenShannon:
    double unused

ctypedef fused Probabilities:
    CategoricalIds
    CategoricalRows
    Brier
    KullbackLeibler
    Reverse
    JensenShannon


ctypedef fused number:          # the loop's, or a double
    float
    double


cdef inline bint sparse(Probabilities loss) noexcept nogil:
    """Whether its target is a class id, and no other class counts."""
    return Probabilities is CategoricalIds


cdef inline bint labelled(Probabilities loss) noexcept nogil:
    """Whether its target may be a class id, which stands for a row of 0 and one 1."""
    return Probabilities is Brier


cdef inline bint gapped(Probabilities loss) noexcept nogil:
    """Whether its terms leave a gap that is summed apart."""
    return Probabilities is KullbackLeibler or Probabilities is Reverse


cdef inline double least(Probabilities loss) noexcept nogil:
    """What probabilities are raised to."""
    if Probabilities is CategoricalIds or Probabilities is CategoricalRows:
        return loss.eps
    else:
        return 0


cdef inline int prepare(Probabilities loss, const real[:, ::1] p, real[:, ::1] logs, Py_ssize_t i, Py_ssize_t start,
                        Py_ssize_t n) except -1 nogil:
    """Logarithms of n numbers of line i, for `term` of a loss with `eps`."""
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef real zero = 0, one = 1, low = <real>least(loss), x
    if Probabilities is CategoricalIds or Probabilities is CategoricalRows:
        for k in range(n):
            x = p[i, start + k] + zero      # of -0: 0
            logs[0, k] = low if x < low else x
        for k in range(n, padded):
            logs[0, k] = one
        vlog(&logs[0, 0], &logs[0, 0], padded)
    return 0


cdef inline void term(Probabilities loss, real p, real t, real log, real* value, real* gap) noexcept nogil:
    """What a class adds to minus its row's loss, or, of a loss with a gap, to the loss.

    Of the two divergences with a gap that is b log(b/a), of t and p, or in reverse of p and t. Where a/b is near 1, a - b - b log(a/b)
    and b - a are the same, and the former may be as small as it likes. The two are summed apart, the latter being exact.
    """
    cdef real zero = 0, half = 0.5, quarter = 0.25, beyond = BEYOND, x = p + zero, a = x, b = t, k = 0, far = 0, near = 0, share = 0
    cdef real sum, q, square
    if Probabilities is KullbackLeibler or Probabilities is Reverse:
        if Probabilities is Reverse:
            a = t + zero
            b = x
        ratio(a, b, False, &k, &far, &near, &share)
        far = b * (beyond if a == zero else -far)
        gap[0] = b - a if (k == zero) & (b != zero) else zero
        far = near if k == zero else far
        value[0] = a * b if (b == zero) | (a != a) else far
    elif Probabilities is JensenShannon:
        # (a log(2a/s) + b log(2b/s))/2 of the greater and the less, with s = a + b and 2a/s = 1 + q; near each other a series, where
        # that cancels.
        a = t if t > x else x
        b = x if t > x else t
        sum = x + t
        q = (a - b) / sum
        square = q * q
        ratio(b + b, sum, False, &k, &far, &near, &share)
        far = half * (a * upper(q) + (zero if b == zero else b * far))
        far = quarter * sum * jensen(square) if square < <real>THIRD else far
        value[0] = zero if sum == zero else -far
    elif Probabilities is Brier:
        value[0] = -((x - t) * (x - t))
    elif Probabilities is CategoricalRows:      # 0 log 0 is 0, 0 log NaN is NaN
        value[0] = t * (x if t == zero else log)
    else:
        value[0] = log


cdef inline real slope(Probabilities loss, real p, real t) noexcept nogil:
    """Minus the slope: t/p, 0 where eps holds p constant, and where t is 0 NaN of a p that is; of the reverse divergence log(t/p) - 1,
    0 where there is neither p nor t; of the one between log((p + t)/2p)/2, where there is neither that of a p without t."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2, beyond = BEYOND, x = p + zero, low = <real>least(loss)
    cdef real q = 0, k = 0, near = 0, share = 0, sum, lost
    if Probabilities is Brier:
        return two * (t - x)
    elif Probabilities is Reverse:
        ratio(t, x, False, &k, &q, &near, &share)
        q += zero * (t + x)
        q = -beyond if (t == zero) & (x > zero) else q
        q = beyond if (x == zero) & (t > zero) else q
        return zero if (x == zero) & (t == zero) else q - one
    elif Probabilities is JensenShannon:
        sum = x + t
        ratio(x + x, sum, False, &k, &q, &near, &share)
        lost = t - (sum - x) if x > t else x - (sum - t)    # by rounding
        q -= lost / sum
        q = -beyond if (x == zero) & (t > zero) else q
        return -half * (<real>LN_2 if sum == zero else q)
    else:
        q = t / x
        return zero if (x < low) | ((t == zero) & (x == zero)) else q


cdef inline number curvature(Probabilities loss, number p, number t, number slope, number weight) noexcept nogil:
    """Of a class that weighs so much, from minus its weighted slope."""
    cdef number zero = 0, half = 0.5, two = 2, share
    if Probabilities is Brier:
        return weight * (two + zero * (p - t))
    elif Probabilities is Reverse:
        return zero if (p == zero) & (t == zero) else weight * (zero * t) + weight / p
    elif Probabilities is JensenShannon:
        share = zero * p if t == zero else half * (t / (p + t))
        return weight * share if share == zero else weight * share / p
    else:
        return zero if slope == zero else slope / p
