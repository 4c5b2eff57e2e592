"""Losses of a whole row against a row, all in double: squared scores and divergences of a softmax, ranked scores, and hinges; and of an
ensemble against a number.

A loss f(p, t) of p = softmax(x) adds up terms of its classes (`prepare`, `point`), with d = p - t, and loops/scored_rows.pxd makes the
derivatives by logits of those by p. Ranked scores look at running sums instead, and hinges at one score beside another.
"""

from libc.math cimport fabs

from ..vectors cimport THIRD, bend_d, jensen, vlog

cdef enum:
    STEP = 16               # numbers that are computed into local arrays at a time: were they stored as they come, everything might overlap

cdef struct SoftmaxBrier:
    double unused

cdef struct Ranked:
    double unused

cdef struct SoftmaxRanked:
    double unused

cdef struct SoftmaxJensenShannon:
    double unused

cdef struct SoftmaxReverse:     # KL(p || t)
    double unused

cdef struct SoftmaxMean:        # of any numbers t: its gradient is the softmax's Jacobian times t
    double unused

cdef struct CrammerSinger:
    double margin

cdef struct WestonWatkins:
    double margin
    double power

cdef struct Ensemble:
    double unused

ctypedef fused Scores:
    SoftmaxBrier
    Ranked
    SoftmaxRanked
    SoftmaxJensenShannon
    SoftmaxReverse
    SoftmaxMean
    CrammerSinger
    WestonWatkins
    Ensemble


cdef inline bint through_softmax(Scores loss) noexcept nogil:
    return (Scores is SoftmaxBrier or Scores is SoftmaxRanked or Scores is SoftmaxJensenShannon or Scores is SoftmaxReverse
            or Scores is SoftmaxMean)


cdef inline bint of_probabilities(Scores loss) noexcept nogil:
    return Scores is Ranked


cdef inline bint free(Scores loss) noexcept nogil:
    """Whether its targets are any numbers."""
    return Scores is SoftmaxMean or Scores is Ensemble


cdef inline bint ranked(Scores loss) noexcept nogil:
    return Scores is Ranked or Scores is SoftmaxRanked


cdef inline bint gapped(Scores loss) noexcept nogil:
    """Whether its terms leave a gap that is summed apart, because it is exact."""
    return Scores is SoftmaxReverse


cdef inline bint hinge(Scores loss) noexcept nogil:
    return Scores is CrammerSinger or Scores is WestonWatkins


cdef inline bint of_members(Scores loss) noexcept nogil:
    """Whether its row is an ensemble, and its target a number, which stands in every place of the row's targets."""
    return Scores is Ensemble


# ---- terms --------------------------------------------------------------------------------------------------------------------

cdef inline int prepare(Scores loss, const double[::1] p, const double[::1] t, const double[::1] d, double[::1] z, double[::1] a,
                        double[::1] b, Py_ssize_t n, bint both) except -1 nogil:
    """Logarithms a and, of `both`, b for `point`, of n numbers, a multiple of STEP. Jensen-Shannon: log(2p/(p + t)) and log(2t/(p + t)).
    The reverse divergence: log t."""
    if Scores is SoftmaxJensenShannon:
        quotients(p, t, d, z, a, b, n)
        vlog(&a[0], &a[0], n)
        if both:
            vlog(&b[0], &b[0], n)
    elif Scores is SoftmaxReverse:
        vlog(&t[0], &a[0], n)
    return 0


cdef inline int quotients(const double[::1] p, const double[::1] t, const double[::1] d, double[::1] z, double[::1] a, double[::1] b,
                          Py_ssize_t n) except -1 nogil:
    """With q = d/(p + t), which goes to z, 2p/(p + t) is 1 + q and 2t/(p + t) is 1 - q, but a quotient of its own where that is near 0
    and has lost its digits."""
    cdef double q_step[STEP]
    cdef double a_step[STEP]
    cdef double b_step[STEP]
    cdef double u, q, least
    cdef Py_ssize_t strip, i, j
    for strip in range(n // STEP):
        i = strip * STEP
        for j in range(STEP):
            u = p[i + j] + t[i + j]
            q = d[i + j] / u
            least = p[i + j] if p[i + j] < t[i + j] else t[i + j]
            least = 2 * least / u
            q_step[j] = q
            a_step[j] = 1 + q if 3 * p[i + j] - t[i + j] > 0 else least
            b_step[j] = 1 - q if 3 * t[i + j] - p[i + j] > 0 else least
        for j in range(STEP):
            z[i + j] = q_step[j]
        for j in range(STEP):
            a[i + j] = a_step[j]
        for j in range(STEP):
            b[i + j] = b_step[j]
    return 0


cdef inline void point(Scores loss, double p, double t, double d, double z, double a, double b, double* value, double* gap,
                       double* slope, double* bend) noexcept nogil:
    """A class's term, its slope by p, and that slope's times p squared (`bend`). z: log p; of Jensen-Shannon (p - t)/(p + t)."""
    cdef double u, x, l
    gap[0] = 0
    if Scores is SoftmaxBrier:
        value[0] = d * d
        slope[0] = 2 * d
        bend[0] = 2 * p * p
    elif Scores is SoftmaxJensenShannon:
        # With s = p + t and x = d/s, s/4 times the sum of x^2n/(n(2n - 1)); far from 0 (p log(2p/s) + t log(2t/s))/2.
        u = p + t
        x = z
        l = (p * a if p != 0 else 0.0) + (t * b if t != 0 else 0.0)
        value[0] = 0.25 * u * jensen(x * x) if x * x < THIRD else 0.5 * l
        slope[0] = 0.5 * a
        x = 0.5 * (t / u) if t != 0 else 0 * p
        bend[0] = p * x
    elif Scores is SoftmaxReverse:
        # With l = log(t/p), p(e^l - 1 - l), and a gap of -t for each class that is there.
        l = a - z if p != 0 else 0 * t
        x = p * bend_d(l) if fabs(l) <= 0.5 else -d - p * l
        value[0] = x if p != 0 else 0 * t
        gap[0] = -t if p != 0 else 0 * t
        slope[0] = -l
        bend[0] = p
    elif Scores is SoftmaxMean:
        value[0] = p * t
        slope[0] = t
        bend[0] = 0
    else:
        value[0] = slope[0] = bend[0] = 0


cdef inline double too_near(Scores loss, double score, double own) noexcept nogil:
    """By how much a class comes too near to the label's."""
    if Scores is CrammerSinger or Scores is WestonWatkins:
        return (score - own) + loss.margin
    else:
        return 0


cdef inline bint squared(Scores loss) noexcept nogil:
    if Scores is WestonWatkins:
        return loss.power == 2
    else:
        return False
