"""Losses of two rows against each other, a few sums a row: in double, whatever the rows hold.

A row's state is a line of doubles: what `terms` adds up over its numbers, what `refine` adds up once those are known, and what
`conclude` makes of both for `slope` and `curvature`. Rows whose squares would leave the range are scaled by powers of two.
"""

from libc.math cimport sqrt

cdef enum:
    PAIR_FIRST = 0               # the sums of `terms`
    PAIR_SECOND = 1
    PAIR_THIRD = 2
    PAIR_REFINED = 3             # the sum of `refine`
    PAIR_PRED_SCALE = 4          # what the numbers are multiplied by before anything else
    PAIR_TARGET_SCALE = 5
    PAIR_LOSS = 6
    PAIR_FACTOR = 7              # what `conclude` leaves for the derivatives
    PAIR_PRED_UNIT = 8
    PAIR_TARGET_UNIT = 9
    PAIR_STATE = 10

cdef struct CosineDistance:
    double unused

ctypedef fused Pair:
    CosineDistance


cdef inline void terms(Pair loss, double p, double t, double* first, double* second, double* third) noexcept nogil:
    first[0] = p * t
    second[0] = p * p
    third[0] = t * t


cdef inline bint in_range(Pair loss, const double[:, ::1] state, Py_ssize_t i) noexcept nogil:
    """Whether no square has left the range, or come near its end."""
    return (1e-250 < state[i, PAIR_SECOND] < 1e250) and (1e-250 < state[i, PAIR_THIRD] < 1e250)


cdef inline bint measure(Pair loss, double[:, ::1] state, Py_ssize_t i) noexcept nogil:
    """1/‖p‖ and 1/‖t‖, 0 for a vector without a length; and whether the loss needs another sum: 1 − cos would cancel."""
    state[i, PAIR_PRED_UNIT] = 1 / sqrt(state[i, PAIR_SECOND]) if state[i, PAIR_SECOND] != 0 else 0
    state[i, PAIR_TARGET_UNIT] = 1 / sqrt(state[i, PAIR_THIRD]) if state[i, PAIR_THIRD] != 0 else 0
    return state[i, PAIR_FIRST] * state[i, PAIR_PRED_UNIT] * state[i, PAIR_TARGET_UNIT] > 0.5


cdef inline double refine(Pair loss, double p, double t, const double[:, ::1] state, Py_ssize_t i) noexcept nogil:
    """½‖p̂ − t̂‖² is 1 − cos."""
    cdef double d = p * state[i, PAIR_PRED_UNIT] - t * state[i, PAIR_TARGET_UNIT]
    return 0.5 * (d * d)


cdef inline void conclude(Pair loss, double[:, ::1] state, Py_ssize_t i, bint refined) noexcept nogil:
    cdef double cosine = state[i, PAIR_FIRST] * state[i, PAIR_PRED_UNIT] * state[i, PAIR_TARGET_UNIT]
    state[i, PAIR_LOSS] = state[i, PAIR_REFINED] if refined else 1 - cosine
    state[i, PAIR_FACTOR] = 1 - state[i, PAIR_REFINED] if refined else cosine


cdef inline double slope(Pair loss, double p, double t, const double[:, ::1] state, Py_ssize_t i) noexcept nogil:
    """(cos·p̂ − t̂)/‖p‖; where the vectors nearly agree, (p̂ − t̂) − (1 − cos)·p̂"""
    cdef double u = p * state[i, PAIR_PRED_UNIT], v = t * state[i, PAIR_TARGET_UNIT]
    cdef double difference = (u - v) - state[i, PAIR_LOSS] * u if state[i, PAIR_REFINED] > 0 else state[i, PAIR_FACTOR] * u - v
    return difference * state[i, PAIR_PRED_UNIT] * state[i, PAIR_PRED_SCALE]


cdef inline double curvature(Pair loss, double p, double t, const double[:, ::1] state, Py_ssize_t i) noexcept nogil:
    """(cos·(1 − 3p̂²) + 2p̂t̂)/‖p‖²"""
    cdef double u = p * state[i, PAIR_PRED_UNIT], v = t * state[i, PAIR_TARGET_UNIT], size = state[i, PAIR_PRED_UNIT] * state[i, PAIR_PRED_SCALE]
    return (state[i, PAIR_FACTOR] * (1 - 3 * u * u) + 2 * u * v) * size * size
