"""Losses of rows of classes that go through a softmax, and functions of such rows.

A loss is a struct of its hyperparameters, its traits (what is summed over the classes), and three hooks: what a class adds up to
(`linear`; `means`, if that takes the normaliser), what a row's sums give (`value`, `factors`), and what each class gets of them
(`slope`, `curvature`). With e = exp(x - top), p = e/sum.

The label's term, or without a label the greatest's, is excluded from the sum: where it is the maximum, the loss is
log(1 + rest), and its gradient -rest/sum (`excluded_slope`), however small the rest.

Products that are added to something are `rounded` first: then it does not matter which of them the compiler fuses with the addition,
and a row has the same bits in all loops.
"""

from libc.math cimport isinf

from ..block cimport BOUND, HESS
from ..rows_block cimport (
    AIM, EXCLUDED, LINEAR, LOGS, LOSS, MARGIN, MASS, MEAN_BEND, MEAN_SLOPE, MEAN_VALUE, OTHERS, POWER, REST, TOP, WEIGHT)
from ..vectors cimport signless, vexp, vlogunit
from ..views cimport real

cdef extern from *:
    """
    #define MOST_F 0x1.fffffep127f
    #define MOST_D 0x1.fffffffffffffp1023
    """
    const double MOST_F, MOST_D

cdef enum:                              # lines of what `means` works with, a class of a row at each place
    AT_P
    AT_Z                                # x - top
    AT_LOGS
    AT_TARGET
    AT_POWER                            # of q
    AT_LOST                             # what rounding took from q
    AT_VALUE                            # what it makes of them
    AT_SLOPE
    AT_BEND
    AT_LINES

cdef struct SoftmaxCrossEntropyIds:     # target: class ids
    double label_smoothing

cdef struct SoftmaxCrossEntropyRows:    # target: rows of probabilities
    double label_smoothing

cdef struct SoftmaxDivergence:          # the same, less the entropy of the target; its value is loops/divergence.pxd's
    double unused

cdef struct SoftmaxFocalIds:
    double gamma

cdef struct SoftmaxFocalRows:
    double gamma

cdef struct SoftmaxPoly:                # target: class ids
    double epsilon

cdef struct SoftmaxGeneralized:         # the same
    double q

cdef struct Softmax:
    double unused

cdef struct LogSoftmax:
    double unused

cdef struct LogSumExp:
    double unused

ctypedef fused Rows:
    SoftmaxCrossEntropyIds
    SoftmaxCrossEntropyRows
    SoftmaxDivergence
    SoftmaxFocalIds
    SoftmaxFocalRows
    SoftmaxPoly
    SoftmaxGeneralized
    Softmax
    LogSoftmax
    LogSumExp

cdef enum:                  # what a row gives to each of its classes
    SLOPE                   # of e
    SHARE                   # 1/sum: p is so many e
    CURVE                   # of p(1 - p); of a loss with a bend the slope of e again
    PULL                    # of the target, or of a smoothed label's share
    PORTION                 # 1/rest: c is so many e
    BEND                    # of c squared
    SWAY                    # of p squared
    FACTORS


# ---- traits -------------------------------------------------------------------------------------------------------------------

cdef inline bint labelled(Rows loss) noexcept nogil:
    """Whether its target is a class id."""
    return Rows is SoftmaxCrossEntropyIds or Rows is SoftmaxFocalIds or Rows is SoftmaxPoly or Rows is SoftmaxGeneralized


cdef inline bint targeted(Rows loss) noexcept nogil:
    """Whether its target is a row."""
    return Rows is SoftmaxCrossEntropyRows or Rows is SoftmaxDivergence or Rows is SoftmaxFocalRows


cdef inline bint focal(Rows loss) noexcept nogil:
    return Rows is SoftmaxFocalIds or Rows is SoftmaxFocalRows


cdef inline bint bent(Rows loss) noexcept nogil:
    """Whether its curvature has a term in c squared."""
    return focal(loss) or Rows is SoftmaxPoly or Rows is SoftmaxGeneralized


cdef inline bint refined(Rows loss) noexcept nogil:
    """Whether it has sums that need the normaliser: `means`."""
    return Rows is SoftmaxFocalRows


cdef inline bint reads_again(Rows loss) noexcept nogil:
    """Whether logits are needed once exponentials have taken their place."""
    return Rows is LogSoftmax or Rows is SoftmaxFocalRows


cdef inline bint linear_in_rows(Rows loss) noexcept nogil:
    """Whether a class adds `linear` to its row."""
    if Rows is SoftmaxCrossEntropyIds:
        return loss.label_smoothing != 0
    else:
        return Rows is SoftmaxCrossEntropyRows or Rows is SoftmaxDivergence


cdef inline bint divergence(Rows loss) noexcept nogil:
    """Whether its value is the divergence in double precision."""
    return Rows is SoftmaxDivergence


cdef inline real rounded(real product) noexcept nogil:
    """x*y + 0, which is the rounded product, fused or not."""
    return signless(product)


cdef inline double smoothing(Rows loss) noexcept nogil:
    if Rows is SoftmaxCrossEntropyIds or Rows is SoftmaxCrossEntropyRows:
        return loss.label_smoothing
    else:
        return 0


cdef inline double gamma_of(Rows loss) noexcept nogil:
    if Rows is SoftmaxFocalIds or Rows is SoftmaxFocalRows:
        return loss.gamma
    else:
        return 0


cdef inline double generalized(Rows loss) noexcept nogil:
    """The exponent of a loss that is a power of the label's probability; 0 of others."""
    if Rows is SoftmaxGeneralized:
        return loss.q
    else:
        return 0


cdef inline bint has_value(Rows loss) noexcept nogil:
    return not (Rows is Softmax or Rows is LogSoftmax)


# ---- sums ---------------------------------------------------------------------------------------------------------------------

cdef inline real linear(Rows loss, real z, real t) noexcept nogil:
    """What a class adds beside its exponential; z = x - top, t its target."""
    cdef real zero = 0
    if targeted(loss):
        return zero if t == zero else t * z
    else:
        return z


cdef inline int powers(double gamma, real[:, ::1] work, int q, int lost, Py_ssize_t n) except -1 nogil:
    """Line q to the power of gamma, in place; line `lost` is what rounding took from 0 <= q <= 1. n is a multiple of LANES."""
    cdef Py_ssize_t k
    cdef real g = <real>gamma, one = 1, zero = 0
    if gamma == 2:
        for k in range(n):
            work[q, k] = work[q, k] * work[q, k]
    elif gamma == 0:
        for k in range(n):
            work[q, k] = one
    elif gamma != 1:
        vlogunit(&work[q, 0], &work[lost, 0], &work[q, 0], n)
        for k in range(n):
            work[q, k] = zero if work[q, k] > zero else g * work[q, k]
        vexp(&work[q, 0], &work[q, 0], n)
    return 0


cdef inline int means(Rows loss, real[:, ::1] work, Py_ssize_t n, int wanted) except -1 nogil:
    """Of n classes that are not their rows' greatest (so q = 1 - p does not cancel): what they add to value, slope and curvature;
    rounded here (see `slope`), not together with the sums they are added to."""
    cdef Py_ssize_t k
    cdef real zero = 0, one = 1, two = 2, p, q, l, pl, u, g
    if Rows is SoftmaxFocalRows:
        # t q^g L; a = t q^(g-1) (g p L + q); b = g t q^(g-2) p ((g-1) p L - q L + 2 q), a majorizer's without -q L
        g = <real>loss.gamma
        for k in range(n):
            work[AT_POWER, k] = one - work[AT_P, k]
            work[AT_LOST, k] = (one - work[AT_POWER, k]) - work[AT_P, k]
        powers(loss.gamma, work, AT_POWER, AT_LOST, n)
        for k in range(n):
            p = work[AT_P, k]
            q = one - p
            l = work[AT_LOGS, k] - work[AT_Z, k]
            pl = zero if p == zero else rounded(p * l)
            u = work[AT_TARGET, k] * work[AT_POWER, k]
            work[AT_VALUE, k] = zero if work[AT_TARGET, k] == zero else rounded(u * l)
            work[AT_SLOPE, k] = rounded(u * (one + g * pl / q))
        if wanted & (HESS | BOUND):
            for k in range(n):
                p = work[AT_P, k]
                q = one - p
                l = work[AT_LOGS, k] - work[AT_Z, k]
                pl = zero if p == zero else rounded(p * l)
                u = g * (work[AT_TARGET, k] * work[AT_POWER, k])
                l = pl if wanted & HESS else zero
                work[AT_BEND, k] = rounded(u / q * ((rounded((g - one) * (p * pl / q)) + rounded(two * p)) - l))
    return 0


# ---- a row --------------------------------------------------------------------------------------------------------------------

cdef inline double value(Rows loss, const double[:, ::1] row, Py_ssize_t i, Py_ssize_t classes) except? -1 nogil:
    """A row's loss; of a function, what it gives for the row."""
    cdef double share, part
    if Rows is SoftmaxCrossEntropyIds:
        share = loss.label_smoothing / classes
        part = 0 if loss.label_smoothing == 1 else rounded((1 - loss.label_smoothing) * row[MARGIN, i])
        return row[LOGS, i] - part - (rounded(share * row[LINEAR, i]) if loss.label_smoothing != 0 else 0)
    elif Rows is SoftmaxCrossEntropyRows:
        return rounded(row[MASS, i] * row[LOGS, i]) - row[LINEAR, i]
    elif Rows is SoftmaxFocalIds:
        return zero_times(row[POWER, i], row[LOGS, i] - row[MARGIN, i])
    elif Rows is SoftmaxFocalRows:
        return row[MEAN_VALUE, i] + zero_times(row[AIM, i] * row[POWER, i], row[LOGS, i])
    elif Rows is SoftmaxPoly:
        return (row[LOGS, i] - row[MARGIN, i]) + rounded(loss.epsilon * (row[REST, i] / (row[REST, i] + row[EXCLUDED, i])))
    elif Rows is SoftmaxGeneralized:
        return row[MEAN_VALUE, i]
    elif Rows is LogSumExp:
        # MASS: NaN, if the row holds one, which a sum does not say that is infinite
        part = row[TOP, i] + row[LOGS, i]
        return row[TOP, i] + row[MASS, i] if isinf(row[TOP, i]) else part
    else:
        return row[LOSS, i]


cdef inline double zero_times(double x, double y) noexcept nogil:
    """x*y, 0 where x is."""
    return 0 if x == 0 else rounded(x * y)


cdef inline double times(int wanted) noexcept nogil:
    """What a cross-entropy's p(1 - p) is multiplied by: for a majorizer, a diagonal above the whole Hessian, by 2."""
    return 2 if wanted & BOUND else 1


cdef inline int factors(Rows loss, const double[:, ::1] row, Py_ssize_t i, double down, Py_ssize_t classes, int wanted,
                        real[:, ::1] factor, Py_ssize_t k) except -1 nogil:
    """What a row gives to each class, into column k; `down` brings exponentials to the row's maximum."""
    cdef double inverse = 1 / (row[REST, i] + row[EXCLUDED, i]), w = row[WEIGHT, i], mass = 1, slope = 0, bend = 0, a, over
    cdef double most = MOST_F if real is float else MOST_D
    if Rows is SoftmaxCrossEntropyRows or Rows is SoftmaxDivergence:
        mass = row[MASS, i]
    if bent(loss):
        bent_terms(loss, row, i, wanted, &slope, &bend)
        a = slope / row[REST, i] if row[REST, i] != 0 else 0
        if Rows is SoftmaxFocalRows:
            a = rounded(a) + rounded(row[MEAN_SLOPE, i] * inverse)
        factor[SLOPE, k] = <real>(w * a * down)
        factor[SHARE, k] = <real>(inverse * down)
        factor[PULL, k] = <real>w
        if wanted & (HESS | BOUND):
            over = down / row[REST, i] if row[REST, i] != 0 else 0
            factor[PORTION, k] = <real>(over if not over > most else most)
            factor[BEND, k] = <real>(w * bend)
            factor[SWAY, k] = <real>(w * row[MEAN_BEND, i]) if Rows is SoftmaxFocalRows else <real>0
        return 0
    inverse *= down
    factor[SLOPE, k] = <real>(w * mass * inverse)
    factor[SHARE, k] = <real>inverse
    factor[CURVE, k] = <real>(w * mass * times(wanted))
    if Rows is SoftmaxCrossEntropyIds:
        factor[PULL, k] = <real>(w * loss.label_smoothing / classes)
    elif Rows is LogSoftmax:
        factor[PULL, k] = <real>row[LOGS, i]
    else:
        factor[PULL, k] = <real>w
    return 0


cdef inline int bent_terms(Rows loss, const double[:, ::1] row, Py_ssize_t i, int wanted, double* slope, double* bend) except -1 nogil:
    """Of the excluded class, which has the target 1 or `AIM`: what times c is the slope, and times c squared in the curvature. Focal:
    q^g (g p L + q), and g q^g p ((g-1) p L - q L + 2 q). Poly: (1 + epsilon p) q, and -epsilon p q^2. Generalized: p^k q and -k p^k q^2."""
    cdef double inverse = 1 / (row[REST, i] + row[EXCLUDED, i]), g = gamma_of(loss), a = generalized(loss)
    cdef double p = row[EXCLUDED, i] * inverse, q = row[REST, i] * inverse, l = row[LOGS, i] - row[MARGIN, i]
    cdef double pl = 0 if p == 0 else rounded(p * l), scale = row[POWER, i]
    if Rows is SoftmaxPoly:
        a = rounded(loss.epsilon * p)
        slope[0] = ((1 + loss.epsilon) - rounded(loss.epsilon * q) if a < 0 else 1 + a) * q
        bend[0] = 0 if a > 0 and wanted & BOUND else -a * (q * q)
    elif Rows is SoftmaxGeneralized:
        slope[0] = scale * q
        bend[0] = 0 if wanted & BOUND else -a * (slope[0] * q)
    else:
        if targeted(loss):
            scale *= row[AIM, i]
        slope[0] = scale * (rounded(g * pl) + rounded(q))
        bend[0] = scale * g * ((rounded((g - 1) * p * pl) + rounded(2 * p * q)) - (rounded(q * pl) if wanted & HESS else 0))
    return 0


# ---- a class ------------------------------------------------------------------------------------------------------------------

cdef inline real slope(Rows loss, real e, real t, real a, real factor, real pull) noexcept nogil:
    """The gradient of a class that is not excluded; t is its target, a what it has added to its row's slopes."""
    if Rows is SoftmaxCrossEntropyIds:
        return signless(rounded(e * factor) - pull) if loss.label_smoothing != 0 else e * factor
    elif Rows is SoftmaxCrossEntropyRows or Rows is SoftmaxDivergence:
        return signless(rounded(e * factor) - t * pull)
    elif Rows is SoftmaxFocalRows:
        return signless(rounded(e * factor) - a * pull)
    elif Rows is LogSoftmax:
        return e - pull
    else:
        return e * factor


cdef inline real curvature(Rows loss, real e, real b, real factor, real share, real curve, real pull, real portion, real bend,
                           real sway) noexcept nogil:
    """Its second derivative; b is what it has added to its row's curvatures."""
    cdef real p = rounded(e * share), one = 1, two = 2, c
    if bent(loss):
        c = e * portion
        if Rows is SoftmaxFocalRows:
            return (rounded(e * factor * (one - p)) + rounded(c * (c * bend))) + (
                rounded(p * p * sway) + rounded(b * (one - rounded(two * p)) * pull))
        else:
            return rounded(e * factor * (one - p)) + rounded(c * (c * bend))
    else:
        return p * (one - p) * curve


cdef inline int excluded_slope(Rows loss, const double[:, ::1] row, Py_ssize_t i, real t, Py_ssize_t classes, int wanted,
                               real* grad, real* hess) except -1 nogil:
    """Of the excluded class, p m - t; where p is more than 1/2, as (m - t) - m rest/sum, where nothing cancels."""
    cdef double inverse = 1 / (row[REST, i] + row[EXCLUDED, i]), s = smoothing(loss), w = row[WEIGHT, i], p, q
    cdef double mass = 1.0 if labelled(loss) else row[MASS, i]
    cdef double target = 1 - s + s / classes if labelled(loss) else <double>t
    cdef double others = s - s / classes if labelled(loss) else mass - t
    cdef double a = 0, b = 0, sum_a = 0, sum_b = 0
    cdef bint most = not row[EXCLUDED, i] < row[REST, i]
    if bent(loss):
        bent_terms(loss, row, i, wanted, &a, &b)
        p = row[EXCLUDED, i] * inverse
        q = row[REST, i] * inverse
        if Rows is SoftmaxFocalRows:
            sum_a = row[MEAN_SLOPE, i]
            sum_b = row[MEAN_BEND, i]
        grad[0] = signless(<real>(w * (rounded(p * sum_a) - rounded(a))))
        hess[0] = <real>(w * ((rounded(p * (q * sum_a)) + rounded(p * (p * sum_b))) + (rounded(a * p) + rounded(b))))
        return 0
    grad[0] = signless(<real>(w * (others - rounded(mass * (row[REST, i] * inverse)) if most
                                   else rounded(mass * (row[EXCLUDED, i] * inverse)) - target)))
    hess[0] = <real>(w * mass * times(wanted) * (row[EXCLUDED, i] * inverse) * (row[REST, i] * inverse))
    return 0


cdef inline double runner_curvature(Rows loss, const double[:, ::1] row, Py_ssize_t i, int wanted) except? -1 nogil:
    """The second derivative of a labelled row's greatest class that is not its label: 1 - p from the sum of the others."""
    cdef double inverse = 1 / (row[REST, i] + row[EXCLUDED, i]), rest = row[OTHERS, i] + row[EXCLUDED, i], a = 0, b = 0
    if bent(loss):
        bent_terms(loss, row, i, wanted, &a, &b)
        return row[WEIGHT, i] * (rounded(a / row[REST, i] * (rest * inverse)) + b / row[REST, i] / row[REST, i])
    return row[WEIGHT, i] * times(wanted) * inverse * (rest * inverse)
