"""Losses of a whole row against a row, all in double: squared scores and divergences of probabilities or of a softmax, and hinges;
and of an ensemble against a number.

A loss f(p, t) adds up terms of its classes (`prepare`, `point`), with d = p - t; through a softmax, loops/scored_rows.pxd make the
derivatives by logits of those by p. Ranked scores look at running sums instead, and hinges at one score beside another.
"""

from libc.math cimport fabs

from ..vectors cimport bend_d, ratio, series_of_jensen, vlogsum

cdef extern from "math.h" nogil:
    const double INFINITY

cdef extern from *:
    """
    #define THIRD 0.333333333333333333333
    #define ALIKE 0.69              /* logarithm of a quotient */
    """
    const double THIRD, ALIKE

cdef enum:
    STEP = 16               # numbers that are computed into local arrays at a time: were they stored as they come, everything might overlap

cdef struct Brier:
    double unused

cdef struct SoftmaxBrier:
    double unused

cdef struct Ranked:
    double unused

cdef struct SoftmaxRanked:
    double unused

cdef struct JensenShannon:
    double unused

cdef struct SoftmaxJensenShannon:
    double unused

cdef struct Reverse:            # KL(p || t)
    double unused

cdef struct SoftmaxReverse:
    double unused

cdef struct CrammerSinger:
    double margin

cdef struct WestonWatkins:
    double margin
    double power

cdef struct Ensemble:
    double unused

ctypedef fused Scores:
    Brier
    SoftmaxBrier
    Ranked
    SoftmaxRanked
    JensenShannon
    SoftmaxJensenShannon
    Reverse
    SoftmaxReverse
    CrammerSinger
    WestonWatkins
    Ensemble


cdef inline bint through_softmax(Scores loss) noexcept nogil:
    return Scores is SoftmaxBrier or Scores is SoftmaxRanked or Scores is SoftmaxJensenShannon or Scores is SoftmaxReverse


cdef inline bint of_probabilities(Scores loss) noexcept nogil:
    return Scores is Brier or Scores is Ranked or Scores is JensenShannon or Scores is Reverse


cdef inline bint ranked(Scores loss) noexcept nogil:
    return Scores is Ranked or Scores is SoftmaxRanked


cdef inline bint jensen_shannon(Scores loss) noexcept nogil:
    return Scores is JensenShannon or Scores is SoftmaxJensenShannon


cdef inline bint gapped(Scores loss) noexcept nogil:
    """Whether its terms leave a gap that is summed apart, because it is exact."""
    return Scores is Reverse or Scores is SoftmaxReverse


cdef inline bint differs(Scores loss) noexcept nogil:
    """Whether the differences p - t stand in a line of their own, because they are wanted again and again."""
    return not (Scores is Brier)


cdef inline bint hinge(Scores loss) noexcept nogil:
    return Scores is CrammerSinger or Scores is WestonWatkins


cdef inline bint of_members(Scores loss) noexcept nogil:
    """Whether its row is an ensemble, and its target a number, which stands in every place of the row's targets."""
    return Scores is Ensemble


# ---- terms --------------------------------------------------------------------------------------------------------------------

cdef inline void argument(Scores loss, double p, double t, double d, double* x, double* lost) noexcept nogil:
    """What a class's logarithm is of, with what rounding took from it. Jensen-Shannon: 2p/(p+t), as 1 + d/(p+t) unless that is near 0 and
    has lost its digits. Reverse's softmax: t."""
    cdef double u, v, q
    lost[0] = 0
    if jensen_shannon(loss):
        u = 3 * p - t
        q = (d if u > 0 else 2 * p) / (p + t)
        v = 1 + q if u > 0 else q
        x[0] = v if t != 0 else 2 + 0 * p
        u = u if t != 0 else 0.0
        lost[0] = q - (v - 1) if u > 0 else 0.0
    elif Scores is SoftmaxReverse:
        x[0] = t
    else:
        x[0] = 1


cdef inline int prepare(Scores loss, const double[::1] p, const double[::1] t, const double[::1] d, double[::1] a, double[::1] b,
                        double[::1] lost, Py_ssize_t n, bint both) except -1 nogil:
    """The logarithms a of n numbers' `argument`, n a multiple of STEP. Of Jensen-Shannon and of `both`, b is the logarithm with p and t
    exchanged. Of Reverse, a is log(p/t) and b the term."""
    cdef double x_step[STEP]
    cdef double lost_step[STEP]
    cdef double x = 0, c = 0
    cdef Py_ssize_t strip, k, l
    if Scores is Reverse and both:              # a constant in either call: what is not wanted is not computed
        reverse(p, t, a, b, n, True)
    elif Scores is Reverse:
        reverse(p, t, a, b, n, False)
    if not (jensen_shannon(loss) or Scores is SoftmaxReverse):
        return 0
    for strip in range(n // STEP):
        k = strip * STEP
        for l in range(STEP):
            argument(loss, p[k + l], t[k + l], d[k + l], &x, &c)
            x_step[l] = x
            lost_step[l] = c
        for l in range(STEP):
            a[k + l] = x_step[l]
        for l in range(STEP):
            lost[k + l] = lost_step[l]
    vlogsum(&a[0], &lost[0], &a[0], n)
    if jensen_shannon(loss) and both:
        for strip in range(n // STEP):
            k = strip * STEP
            for l in range(STEP):
                argument(loss, t[k + l], p[k + l], -d[k + l], &x, &c)
                x_step[l] = x
                lost_step[l] = c
            for l in range(STEP):
                b[k + l] = x_step[l]
            for l in range(STEP):
                lost[k + l] = lost_step[l]
        vlogsum(&b[0], &lost[0], &b[0], n)
    return 0


cdef inline int reverse(const double[::1] p, const double[::1] t, double[::1] a, double[::1] b, Py_ssize_t n, bint both) except -1 nogil:
    """log(p/t), and of `both` p log(p/t) or, where the two are near, t - p - p log(t/p), to which p - t is added (`point`)."""
    cdef double a_step[STEP]
    cdef double b_step[STEP]
    cdef double x, y, l = 0, k = 0, near = 0, share = 0
    cdef Py_ssize_t strip, i, j
    for strip in range(n // STEP):
        i = strip * STEP
        for j in range(STEP):
            x = p[i + j]
            y = t[i + j]
            ratio(y, x, True, &k, &l, &near, &share)
            l = -l + 0 * (x + y)
            l = l if y != 0 else (INFINITY if x > 0 else l)
            l = l if x != 0 else (-INFINITY if y > 0 else 0 * y)
            a_step[j] = l
            x = near if fabs(l) <= ALIKE else x * l
            b_step[j] = (x if p[i + j] != 0 else 0 * y) if both else 0
        for j in range(STEP):
            a[i + j] = a_step[j]
        for j in range(STEP):
            b[i + j] = b_step[j]
    return 0


cdef inline void point(Scores loss, double p, double t, double d, double z, double a, double b, double* value, double* gap,
                       double* slope, double* bend, double* curvature) noexcept nogil:
    """A class's term, its slope by p, that slope's times p squared (`bend`) and the slope's own (`curvature`). z: log p, of a softmax."""
    cdef double u, x, l
    gap[0] = 0
    if Scores is Brier or Scores is SoftmaxBrier:
        value[0] = d * d
        slope[0] = 2 * d
        bend[0] = 2 * p * p
        curvature[0] = 2 + 0 * d
    elif Scores is JensenShannon or Scores is SoftmaxJensenShannon:
        # With s = p + t and x = d/s, s/4 times the sum of x^2n/(n(2n - 1)); far from 0 (p log(2p/s) + t log(2t/s))/2.
        u = p + t
        x = d / u if u != 0 else 0 * u
        l = (p * a if p != 0 else 0.0) + (t * b if t != 0 else 0.0)
        value[0] = 0.25 * u * series_of_jensen(x * x) if fabs(x) < THIRD else 0.5 * l
        slope[0] = 0.5 * a
        x = 0.5 * (t / u) if t != 0 else 0 * p
        bend[0] = p * x
        curvature[0] = x / p if x != 0 else 0 * p
    elif Scores is Reverse:
        value[0] = b
        gap[0] = d if fabs(a) <= ALIKE else 0.0
        u = t if p == 0 else p
        slope[0] = a + 1 if u != 0 else 0.0
        bend[0] = p
        curvature[0] = 1 / p + 0 * t if u != 0 else 0.0
    elif Scores is SoftmaxReverse:
        # With l = log(t/p), p(e^l - 1 - l), and a gap of -t for each class that is there.
        l = a - z if p != 0 else 0 * t
        x = p * bend_d(l) if fabs(l) <= 0.5 else -d - p * l
        value[0] = x if p != 0 else 0 * t
        gap[0] = -t if p != 0 else 0 * t
        slope[0] = -l
        bend[0] = p
        curvature[0] = 0
    else:
        value[0] = slope[0] = bend[0] = curvature[0] = 0


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
