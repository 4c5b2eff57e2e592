"""Losses of rows that are probabilities already: no softmax, and `eps` keeps them from 0.

A class adds a term to its row's loss (`prepare`, `term`) and has a slope of its own.
"""

from ..block cimport LANES
from ..vectors cimport excess, vlog
from ..views cimport real

cdef extern from *:
    """
    #define TINY 0x1p-60
    #define LOG_TINY -41.58883083359671856503  /* its logarithm */
    """
    const double TINY, LOG_TINY

cdef struct CategoricalIds:     # of the label's probability alone
    double eps

cdef struct CategoricalRows:
    double eps

cdef struct KullbackLeibler:
    double unused

ctypedef fused Probabilities:
    CategoricalIds
    CategoricalRows
    KullbackLeibler


cdef inline bint sparse(Probabilities loss) noexcept nogil:
    """Whether its target is a class id, and no other class counts."""
    return Probabilities is CategoricalIds


cdef inline bint gapped(Probabilities loss) noexcept nogil:
    """Whether its terms leave a gap that is summed apart."""
    return Probabilities is KullbackLeibler


cdef inline double least(Probabilities loss) noexcept nogil:
    """What probabilities are raised to."""
    if Probabilities is KullbackLeibler:
        return 0
    else:
        return loss.eps


cdef inline int prepare(Probabilities loss, const real[:, ::1] p, const real[:, ::1] t, real[:, ::1] logs, real[:, ::1] none,
                        Py_ssize_t i, Py_ssize_t start, Py_ssize_t n) except -1 nogil:
    """Logarithms of n numbers of line i, for `terms`. `none` becomes 0, what rounding took from them."""
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef real zero = 0, one = 1, tiny = <real>TINY, up = <real>(1 / TINY), low = <real>least(loss), x, u
    if Probabilities is KullbackLeibler:
        for k in range(n):              # no quotient leaves the range
            x = p[i, start + k] + zero
            u = t[i, start + k]
            logs[0, k] = (u * up if u < tiny else u) / (x * up if x < tiny else x)
    else:
        for k in range(n):
            x = p[i, start + k] + zero  # of -0: 0
            logs[0, k] = low if x < low else x
    for k in range(n, padded):
        logs[0, k] = one
    for k in range(padded):
        none[0, k] = zero
    vlog(&logs[0, 0], &none[0, 0], &logs[0, 0], padded)
    return 0


cdef inline void term(Probabilities loss, real p, real t, real log, real* value, real* gap) noexcept nogil:
    """What a class adds to minus its row's loss, or to a divergence.

    That is t log(t/p). Where p/t is between 1/2 and 2, t g(v) + (t - p) is the same, with v = (p - t)/t and g(v) = v - log(1 + v):
    that may be as small as it likes. Its two parts are summed apart, the gap being exact.
    """
    cdef real zero = 0, half = 0.5, one = 1, tiny = <real>TINY, shift = <real>LOG_TINY, x = p + zero, v, q
    if Probabilities is KullbackLeibler:
        v = (x - t) / t
        q = t * (log + ((shift if t < tiny else zero) - (shift if x < tiny else zero)))
        q = t * excess(v) if (v >= -half) & (v <= one) else q
        gap[0] = t - x if (v >= -half) & (v <= one) else zero
        value[0] = x * t if t == zero else q
    elif Probabilities is CategoricalRows:      # 0 log 0 is 0, 0 log NaN is NaN
        value[0] = t * (x if t == zero else log)
        gap[0] = zero
    else:
        value[0] = log
        gap[0] = zero


cdef inline real slope(Probabilities loss, real p, real t) noexcept nogil:
    """t/p, 0 where eps holds p constant; where t is 0, NaN of a p that is."""
    cdef real zero = 0, x = p + zero, low = <real>least(loss), q = t / x
    return zero if (x < low) | ((t == zero) & (x == zero)) else q
