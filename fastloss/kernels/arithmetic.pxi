# Numbers, and the vector functions of vecmath.h for whichever of the two kinds is being computed.

from libc.math cimport fabs, fabsf

cdef extern from "vecmath.h" nogil:
    void vexp_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vexp_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vlog_f(const float* x, const float* lost, float* y, Py_ssize_t n) noexcept
    void vlog_d(const double* x, const double* lost, double* y, Py_ssize_t n) noexcept
    void vlogsum_f(const float* x, const float* lost, float* y, Py_ssize_t n) noexcept
    void vlogsum_d(const double* x, const double* lost, double* y, Py_ssize_t n) noexcept
    void vlog1p_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vlog1p_d(const double* x, double* y, Py_ssize_t n) noexcept

    float excess_f(float v) noexcept
    double excess_d(double v) noexcept
    double bend_d(double x) noexcept

    void vroot_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vroot_d(const double* x, double* y, Py_ssize_t n) noexcept
    float root_f(float x, float r) noexcept
    double root_d(double x, double r) noexcept
    float over_root_f(float y, float r) noexcept
    double over_root_d(double y, double r) noexcept
    int beyond_unit_f(const float* x, Py_ssize_t n) noexcept
    int beyond_unit_d(const double* x, Py_ssize_t n) noexcept
    int beyond_signs_f(const float* x, Py_ssize_t n) noexcept
    int beyond_signs_d(const double* x, Py_ssize_t n) noexcept
    int inside_unit_f(const float* x, Py_ssize_t n) noexcept
    int inside_unit_d(const double* x, Py_ssize_t n) noexcept

ctypedef fused real:
    float
    double

cdef extern from "sums.h" nogil:
    int LANES
    ctypedef struct sums:
        pass
    void no_sums(sums* s) noexcept
    double sum_of(const sums* s) noexcept
    void rotate(sums* s, Py_ssize_t h) noexcept
    void rotate_back(sums* s, Py_ssize_t h) noexcept
    void add_f(sums* s, const float* x) noexcept
    void add_d(sums* s, const double* x) noexcept
    void add_weighed_f(sums* s, const float* x, const double* weight) noexcept
    void add_weighed_d(sums* s, const double* x, const double* weight) noexcept

cdef inline void vexp(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    if real is float:
        vexp_f(x, y, n)
    else:
        vexp_d(x, y, n)


cdef inline void vlog(const real* x, const real* lost, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(x + lost), where `lost` is what rounding took from x ≤ 1."""
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
    if real is float:
        vlog1p_f(x, y, n)
    else:
        vlog1p_d(x, y, n)


cdef inline bint beyond_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something may be outside [0, 1]."""
    if real is float:
        return beyond_unit_f(x, n)
    else:
        return beyond_unit_d(x, n)


cdef inline bint beyond_signs(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something is neither 1 nor −1."""
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


cdef inline void vroot(const real* x, real* y, Py_ssize_t n) noexcept nogil:
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
    """v − log(1 + v), −½ ≤ v ≤ 1."""
    if real is float:
        return excess_f(v)
    else:
        return excess_d(v)


cdef inline real signless(real x) noexcept nogil:
    """x, but +0 for −0: what has no slope has no sign."""
    cdef real zero = 0
    return x if x != zero else zero


cdef inline void add(sums* s, const real* x) noexcept nogil:
    """s += Σ of LANES numbers."""
    if real is float:
        add_f(s, x)
    else:
        add_d(s, x)


cdef inline void add_weighed(sums* s, const real* x, const double* weight) noexcept nogil:
    """s += Σ weight·x of LANES numbers, where a weight of 0 takes its number out, whatever that is."""
    if real is float:
        add_weighed_f(s, x, weight)
    else:
        add_weighed_d(s, x, weight)
