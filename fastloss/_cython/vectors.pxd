"""The vector functions of c/vecmath.h, of whichever of the two kinds is being computed.

Each takes `n` numbers, a multiple of LANES, from addresses: `vexp(&x[0], &y[0], n)`. In place is allowed.
"""

from libc.math cimport fabs, fabsf

from .views cimport real

cdef extern from "vecmath.h" nogil:
    void vexp_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vexp_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vlog_f(const float* x, const float* lost, float* y, Py_ssize_t n) noexcept
    void vlog_d(const double* x, const double* lost, double* y, Py_ssize_t n) noexcept
    void vlogsum_f(const float* x, const float* lost, float* y, Py_ssize_t n) noexcept
    void vlogsum_d(const double* x, const double* lost, double* y, Py_ssize_t n) noexcept
    void vlog1p_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vlog1p_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vexpm1_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vexpm1_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vroot_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vroot_d(const double* x, double* y, Py_ssize_t n) noexcept
    float root_f(float x, float r) noexcept
    double root_d(double x, double r) noexcept
    float over_root_f(float y, float r) noexcept
    double over_root_d(double y, double r) noexcept
    float excess_f(float v) noexcept
    double excess_d(double v) noexcept
    double bend_d(double x) noexcept
    double series_of_jensen(double q) noexcept
    int beyond_unit_f(const float* x, Py_ssize_t n) noexcept
    int beyond_unit_d(const double* x, Py_ssize_t n) noexcept
    int beyond_signs_f(const float* x, Py_ssize_t n) noexcept
    int beyond_signs_d(const double* x, Py_ssize_t n) noexcept
    int inside_unit_f(const float* x, Py_ssize_t n) noexcept
    int inside_unit_d(const double* x, Py_ssize_t n) noexcept
    void fetch(const void* source, Py_ssize_t size) noexcept


cdef inline void vexp(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = exp(x), x <= 0."""
    if real is float:
        vexp_f(x, y, n)
    else:
        vexp_d(x, y, n)


cdef inline void vexpm1(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = exp(x) - 1, x <= 0."""
    if real is float:
        vexpm1_f(x, y, n)
    else:
        vexpm1_d(x, y, n)


cdef inline void vlog(const real* x, const real* lost, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(x + lost), where `lost` is what rounding took from x <= 1."""
    if real is float:
        vlog_f(x, lost, y, n)
    else:
        vlog_d(x, lost, y, n)


cdef inline void vlogsum(const real* x, const real* lost, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(x + lost), whatever x > 0 is."""
    if real is float:
        vlogsum_f(x, lost, y, n)
    else:
        vlogsum_d(x, lost, y, n)


cdef inline void vlog1p(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(1 + x), 0 <= x <= 1."""
    if real is float:
        vlog1p_f(x, y, n)
    else:
        vlog1p_d(x, y, n)


cdef inline void vroot(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """What `root` and `over_root` make a square root of."""
    if real is float:
        vroot_f(x, y, n)
    else:
        vroot_d(x, y, n)


cdef inline real root(real x, real r) noexcept nogil:
    """√x, from what vroot makes of x."""
    if real is float:
        return root_f(x, r)
    else:
        return root_d(x, r)


cdef inline real over_root(real y, real r) noexcept nogil:
    """y/√x."""
    if real is float:
        return over_root_f(y, r)
    else:
        return over_root_d(y, r)


cdef inline real excess(real v) noexcept nogil:
    """v - log(1 + v), -½ <= v <= 1."""
    if real is float:
        return excess_f(v)
    else:
        return excess_d(v)


cdef inline bint beyond_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something may be outside [0, 1]."""
    if real is float:
        return beyond_unit_f(x, n)
    else:
        return beyond_unit_d(x, n)


cdef inline bint beyond_signs(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something is neither 1 nor -1."""
    if real is float:
        return beyond_signs_f(x, n)
    else:
        return beyond_signs_d(x, n)


cdef inline bint inside_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something is neither 0 nor 1, if all is in [0, 1]."""
    if real is float:
        return inside_unit_f(x, n)
    else:
        return inside_unit_d(x, n)


cdef inline real absolute(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)


cdef inline real signless(real x) noexcept nogil:
    """x, but +0 for −0: what has no slope has no sign."""
    cdef real zero = 0
    return x + zero


cdef inline real clip(real x, real low, real high) noexcept nogil:
    return low if x < low else (high if x > high else x)
