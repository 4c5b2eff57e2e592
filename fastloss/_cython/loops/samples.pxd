"""What loops over samples have in common, whatever the loss."""

from ..block cimport LANES, OUTSIDE, Sums
from ..vectors cimport fetch, signless
from ..views cimport real

cdef extern from "memory.h" nogil:
    void pass_by(const void* x, void* y, Py_ssize_t size) noexcept

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline int ask_for(const real[::1] pred, const real[::1] target, Py_ssize_t i, Py_ssize_t ahead) except -1 nogil:
    """Have memory bring what is read `ahead` bytes from here."""
    fetch(<const char*>&pred[i] + ahead, LANES * sizeof(real))
    fetch(<const char*>&target[i] + ahead, LANES * sizeof(real))
    return 0


cdef inline int pass_on(const real[::1] x, void* y, Py_ssize_t start, Py_ssize_t m) except -1 nogil:
    """A stage's m results, if they are wanted, to where they will stay."""
    if x.shape[0] > 0:
        pass_by(&x[0], <real*>y + start, m * sizeof(real))
    return 0


cdef inline int weigh(const double[::1] weight, Sums* sums) except -1 nogil:
    """Add up the weights, and look for one that is negative, infinite or NaN."""
    cdef double lane[LANES]
    cdef long long bad = 0
    cdef Py_ssize_t i = 0, k
    for k in range(LANES):
        lane[k] = sums.weight[k]
    while i < weight.shape[0]:
        for k in range(LANES):
            lane[k] += weight[i + k]
            bad |= not (weight[i + k] >= 0) & (weight[i + k] < INFINITY)
        i += LANES
    for k in range(LANES):
        sums.weight[k] = lane[k]
    sums.seen |= OUTSIDE if bad else 0
    return 0


cdef inline real scaled(real x, double weight, bint weighted, real scale, double exact_scale) noexcept nogil:
    """x·weight·scale"""
    if not weighted:
        return signless(x * scale)
    return signless(<real>(<double>x * (weight * exact_scale) if weight != 0 else 0.0))
