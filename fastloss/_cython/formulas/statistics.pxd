"""Roots of a mean of squares, √(Σ w·x² / Σ w): the error x of a sample, squared in double, and how its square bends.

Where squares leave the range, a batch is lifted by a power of two: large numbers are brought down before they are subtracted, small
errors up after it. A difference of floats is a float, which may be beyond their range: then it is lifted too.
"""

from ..views cimport real
from .regression cimport log_quotients

cdef struct RootMeanSquared:
    double unused

cdef struct RootMeanSquaredLog:
    double unused

ctypedef fused Statistic:
    RootMeanSquared
    RootMeanSquaredLog


cdef inline int outside(Statistic loss, real pred, real target) noexcept nogil:
    """NaN is inside every domain."""
    cdef real low = -1
    if Statistic is RootMeanSquaredLog:
        return (pred < low) | (target < low)
    else:
        return 0


cdef inline int prepare(Statistic loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m) except -1 nogil:
    """Vector functions of m samples from `start` on, for `error` to find at work[0, i]."""
    if Statistic is RootMeanSquaredLog:
        log_quotients(pred, target, work, start, m)
    return 0


cdef inline int error(Statistic loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, double* x) except -1 nogil:
    x[0] = pred - target if Statistic is RootMeanSquared else work[0, i]
    return 0


cdef inline int lifted(Statistic loss, double pred, double target, const real[:, ::1] work, Py_ssize_t i, double down, double up,
                       double* x) except -1 nogil:
    """The error times down·up."""
    x[0] = (pred * down - target * down) * up if Statistic is RootMeanSquared else work[0, i] * (down * up)
    return 0


cdef inline bint linear(Statistic loss) noexcept nogil:
    """Whether slopes are a number times pred − target."""
    return Statistic is RootMeanSquared


cdef inline double slope(Statistic loss, double pred, double x) noexcept nogil:
    """x·∂x/∂pred"""
    if Statistic is RootMeanSquared:
        return x
    else:
        return x / (1 + pred)


cdef inline double bend(Statistic loss, double pred, double x) noexcept nogil:
    """Half the second derivative of the square of an error that is not lifted."""
    if Statistic is RootMeanSquared:
        return 1
    else:
        return (1 - x) / (1 + pred) / (1 + pred)


cdef inline double bound(Statistic loss, double pred, double x) noexcept nogil:
    """An upper bound of that: as Gauss and Newton have it, (∂x/∂pred)², but where the error's own curvature adds to it."""
    if Statistic is RootMeanSquared:
        return 1
    else:
        return (1 - x if x < 0 else 1) / (1 + pred) / (1 + pred)
