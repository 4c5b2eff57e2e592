"""Losses of two rows against each other, a few sums a row: in double, whatever the rows hold.

What is known of a row stands in its `PairSums`: what `terms` adds up over its numbers, what `refine` adds up once those are known, and
what `conclude` makes of both for `slope` and `curvature`. Rows whose squares would leave the range are scaled by powers of two.
"""

from libc.math cimport sqrt

from ..block cimport PairSums

cdef struct CosineDistance:
    double unused

ctypedef fused Pair:
    CosineDistance


cdef inline void terms(Pair loss, double p, double t, double* first, double* second, double* third) noexcept nogil:
    first[0] = p * t
    second[0] = p * p
    third[0] = t * t


cdef inline bint in_range(Pair loss, PairSums row) noexcept nogil:
    """Whether no square has left the range, or come near its end."""
    return (1e-250 < row.second < 1e250) and (1e-250 < row.third < 1e250)


cdef inline bint measure(Pair loss, PairSums* row) noexcept nogil:
    """1/‖p‖ and 1/‖t‖, 0 for a vector without a length; and whether the loss needs another sum: 1 − cos would cancel."""
    row.pred_unit = 1 / sqrt(row.second) if row.second != 0 else 0
    row.target_unit = 1 / sqrt(row.third) if row.third != 0 else 0
    return row.first * row.pred_unit * row.target_unit > 0.5


cdef inline double refine(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """½‖p̂ − t̂‖² is 1 − cos."""
    cdef double d = p * row.pred_unit - t * row.target_unit
    return 0.5 * (d * d)


cdef inline void conclude(Pair loss, PairSums* row, bint refined) noexcept nogil:
    cdef double cosine = row.first * row.pred_unit * row.target_unit
    row.loss = row.refined if refined else 1 - cosine
    row.factor = 1 - row.refined if refined else cosine


cdef inline double slope(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """(cos·p̂ − t̂)/‖p‖; where the vectors nearly agree, (p̂ − t̂) − (1 − cos)·p̂"""
    cdef double u = p * row.pred_unit, v = t * row.target_unit
    cdef double difference = (u - v) - row.loss * u if row.refined > 0 else row.factor * u - v
    return difference * row.pred_unit * row.pred_scale


cdef inline double curvature(Pair loss, double p, double t, PairSums row) noexcept nogil:
    """(cos·(1 − 3p̂²) + 2p̂t̂)/‖p‖²"""
    cdef double u = p * row.pred_unit, v = t * row.target_unit, size = row.pred_unit * row.pred_scale
    return (row.factor * (1 - 3 * u * u) + 2 * u * v) * size * size
