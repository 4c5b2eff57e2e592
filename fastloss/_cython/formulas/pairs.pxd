"""Losses of two rows against each other, a few sums a row: in double, whatever the rows hold.

What is known of a row stands in its `PairSums`: what `terms` adds up over its numbers, what `refine` adds up once those are known, and
what `conclude` makes of both for `slope` and `curvature`. Rows whose squares would leave the range are scaled by powers of two.
"""

from libc.math cimport sqrt

from ..block cimport PairSums

cdef struct CosineDistance:
    double unused

cdef struct Dice:
    double smooth

cdef struct Jaccard:
    double smooth

cdef struct Tversky:
    double alpha
    double beta
    double smooth

ctypedef fused Pair:
    CosineDistance
    Dice
    Jaccard
    Tversky


cdef inline bint has_domain(Pair loss) noexcept nogil:
    """Whether its numbers must be in [0, 1]."""
    return Pair is not CosineDistance


cdef inline double alpha(Pair loss) noexcept nogil:
    """What predicting too much weighs."""
    if Pair is Tversky:
        return loss.alpha
    else:
        return 0.5 if Pair is Dice else 1


cdef inline double beta(Pair loss) noexcept nogil:
    """What missing something weighs."""
    if Pair is Tversky:
        return loss.beta
    else:
        return alpha(loss)


cdef inline void terms(Pair loss, double p, double t, double* first, double* second, double* third) noexcept nogil:
    first[0] = p * t
    if Pair is CosineDistance:
        second[0] = p * p
        third[0] = t * t
    else:
        second[0] = p * (1 - t)
        third[0] = (1 - p) * t


cdef inline bint in_range(Pair loss, PairSums row) noexcept nogil:
    """Whether no square has left the range, or come near its end."""
    if Pair is CosineDistance:
        return (1e-250 < row.second < 1e250) and (1e-250 < row.third < 1e250)
    else:
        return True


cdef inline bint measure(Pair loss, PairSums* row) noexcept nogil:
    """1/‖p‖ and 1/‖t‖, 0 for a vector without a length; and whether the loss needs another sum: 1 − cos would cancel."""
    if Pair is CosineDistance:
        row.pred_unit = 1 / sqrt(row.second) if row.second != 0 else 0
        row.target_unit = 1 / sqrt(row.third) if row.third != 0 else 0
        return row.first * row.pred_unit * row.target_unit > 0.5
    else:
        return False


cdef inline double refine(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """½‖p̂ − t̂‖² is 1 − cos."""
    cdef double d = p * row.pred_unit - t * row.target_unit
    return 0.5 * (d * d)


cdef inline void conclude(Pair loss, PairSums* row, bint refined) noexcept nogil:
    """Of overlaps, with A = Σpt + S, W = αΣp(1 − t) + βΣ(1 − p)t, D = A + W: the loss is W/D, whose terms are not negative; `steep` is
    A/D² and `factor` W/D². 0/0 is 0, and has no slope."""
    cdef double cosine, overlap, wrong, divisor
    if Pair is CosineDistance:
        cosine = row.first * row.pred_unit * row.target_unit
        row.loss = row.refined if refined else 1 - cosine
        row.factor = 1 - row.refined if refined else cosine
    else:
        overlap = row.first + loss.smooth
        wrong = alpha(loss) * row.second + beta(loss) * row.third
        divisor = overlap + wrong
        row.loss = wrong / divisor if divisor != 0 else 0
        row.steep = overlap / divisor / divisor if divisor != 0 else 0
        row.factor = wrong / divisor / divisor if divisor != 0 else 0
        row.bend = -2 / divisor if divisor != 0 else 0


cdef inline double slope(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """(cos·p̂ − t̂)/‖p‖; where the vectors nearly agree, (p̂ − t̂) − (1 − cos)·p̂. Of overlaps (A(α(1 − t) − βt) − W·t)/D²."""
    cdef double u, v, difference
    if Pair is CosineDistance:
        u = p * row.pred_unit
        v = t * row.target_unit
        difference = (u - v) - row.loss * u if row.refined > 0 else row.factor * u - v
        return difference * row.pred_unit * row.pred_scale
    else:
        return row.steep * (alpha(loss) * (1 - t) - beta(loss) * t) - row.factor * t


cdef inline double curvature(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """(cos·(1 − 3p̂²) + 2p̂t̂)/‖p‖². Of overlaps the slope times −2(α(1 − t) + (1 − β)t)/D."""
    cdef double u, v, size
    if Pair is CosineDistance:
        u = p * row.pred_unit
        v = t * row.target_unit
        size = row.pred_unit * row.pred_scale
        return (row.factor * (1 - 3 * u * u) + 2 * u * v) * size * size
    else:
        return row.bend * (alpha(loss) * (1 - t) + (1 - beta(loss)) * t) * slope(loss, p, t, row)
