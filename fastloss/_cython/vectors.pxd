"""The vector functions of c/vecmath.h, of whichever of the two kinds is being computed.

Those with a v take `n` numbers, a multiple of 16, from addresses: `vexp(&x[0], &y[0], n)`. In place is allowed. Others take one.
"""

from libc.math cimport fabs, fabsf

from .views cimport real

cdef extern from "vecmath.h" nogil:
    void vexp_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vexp_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vgrow_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vgrow_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vlogone_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vlogone_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vlog_f(const float* x, float* y, Py_ssize_t n) noexcept
    void vlog_d(const double* x, double* y, Py_ssize_t n) noexcept
    void vlogunit_f(const float* x, const float* lost, float* y, Py_ssize_t n) noexcept
    void vlogunit_d(const double* x, const double* lost, double* y, Py_ssize_t n) noexcept
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
    float over_root_f(float y, float x, float r) noexcept
    double over_root_d(double y, double x, double r) noexcept
    float atanh_tail_f(float q) noexcept
    double atanh_tail_d(double q) noexcept
    void ratio_f(float x, float t, bint wide, float* k, float* log, float* excess, float* share) noexcept
    void ratio_d(double x, double t, bint wide, double* k, double* log, double* excess, double* share) noexcept
    float bend_f(float x) noexcept
    double bend_d(double x) noexcept
    double bend_short(double x) noexcept
    float rest_of_square_f(float d, float scale, float inverse, float r, float u) noexcept
    double rest_of_square_d(double d, double scale, double inverse, double r, double u) noexcept
    float quotient_f(float n, float s, float lost) noexcept
    double quotient_d(double n, double s, double lost) noexcept
    float fraction_f(float x, float d, float inverse) noexcept
    double fraction_d(double x, double d, double inverse) noexcept
    const double THIRD          # how far `jensen` goes
    float jensen_f(float q) noexcept
    double jensen_d(double q) noexcept
    float upper_f(float x) noexcept
    double upper_d(double x) noexcept
    double normal_bulk(double z) noexcept
    double arc_tangent(double x) noexcept
    double inverse_power(double x) noexcept
    double normal_tail(double z, double e) noexcept
    int beyond_unit_f(const float* x, Py_ssize_t n) noexcept
    int beyond_unit_d(const double* x, Py_ssize_t n) noexcept
    int beyond_signs_f(const float* x, Py_ssize_t n) noexcept
    int beyond_signs_d(const double* x, Py_ssize_t n) noexcept
    const bint IN_PASSING
    ctypedef struct Labels:
        pass
    void no_labels(Labels* seen) noexcept
    void look_f(Labels* seen, const float* x) noexcept
    void look_d(Labels* seen, const double* x) noexcept
    int strays_f(const Labels* seen) noexcept
    int strays_d(const Labels* seen) noexcept
    int inside_unit_f(const float* x, Py_ssize_t n) noexcept
    int inside_unit_d(const double* x, Py_ssize_t n) noexcept
    int below_f(const float* x, Py_ssize_t n, float bound) noexcept
    int below_d(const double* x, Py_ssize_t n, double bound) noexcept
    int at_most_f(const float* x, Py_ssize_t n, float bound) noexcept
    int at_most_d(const double* x, Py_ssize_t n, double bound) noexcept
    float multiply_add_f(float a, float b, float c) noexcept
    double multiply_add_d(double a, double b, double c) noexcept
    void fetch(const void* source, Py_ssize_t size) noexcept


cdef inline void vexp(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = exp(x), x <= 0."""
    if real is float:
        vexp_f(x, y, n)
    else:
        vexp_d(x, y, n)


cdef inline void vgrow(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = exp(x), whatever x is."""
    if real is float:
        vgrow_f(x, y, n)
    else:
        vgrow_d(x, y, n)


cdef inline void vexpm1(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = exp(x) - 1, x <= 1."""
    if real is float:
        vexpm1_f(x, y, n)
    else:
        vexpm1_d(x, y, n)


cdef inline void vlog(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(x), x >= 0."""
    if real is float:
        vlog_f(x, y, n)
    else:
        vlog_d(x, y, n)


cdef inline void vlogunit(const real* x, const real* lost, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(x + lost), where `lost` is what rounding took from x <= 1."""
    if real is float:
        vlogunit_f(x, lost, y, n)
    else:
        vlogunit_d(x, lost, y, n)


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


cdef inline void vlogone(const real* x, real* y, Py_ssize_t n) noexcept nogil:
    """y = log(1 + x), x > -3/4."""
    if real is float:
        vlogone_f(x, y, n)
    else:
        vlogone_d(x, y, n)


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


cdef inline real over_root(real y, real x, real r) noexcept nogil:
    """y/√x."""
    if real is float:
        return over_root_f(y, x, r)
    else:
        return over_root_d(y, x, r)


cdef inline real atanh_tail(real q) noexcept nogil:
    """2 (atanh(s) - s)/s^3 of q = s^2 <= 1/9."""
    if real is float:
        return atanh_tail_f(q)
    else:
        return atanh_tail_d(q)


cdef inline void ratio(real x, real t, bint wide, real* k, real* log, real* excess, real* share) noexcept nogil:
    """log(x/t) of finite x > 0 and t > 0. Where k is 0 (x/t is then between 2/3 and 3/2), or `wide` and |k| <= 1 (as it is of any x/t
    between 3/8 and 8/3), `excess` is x - t - t log(x/t) and `share` that over t. What nobody reads is never computed."""
    if real is float:
        ratio_f(x, t, wide, k, log, excess, share)
    else:
        ratio_d(x, t, wide, k, log, excess, share)


cdef inline real rest_of_square(real d, real scale, real inverse, real r, real u) noexcept nogil:
    """What rounding took from the square u of the quotient r = d/scale, of an inverse 1/scale."""
    if real is float:
        return rest_of_square_f(d, scale, inverse, r, u)
    else:
        return rest_of_square_d(d, scale, inverse, r, u)


cdef inline real quotient(real n, real s, real lost) noexcept nogil:
    """n/(s + lost), 1 <= s <= 2, where `lost` is what rounding took from s."""
    if real is float:
        return quotient_f(n, s, lost)
    else:
        return quotient_d(n, s, lost)


cdef inline real fraction(real x, real d, real inverse) noexcept nogil:
    """x/d >= 0, of an inverse 1/d that is a normal number."""
    if real is float:
        return fraction_f(x, d, inverse)
    else:
        return fraction_d(x, d, inverse)


cdef inline real bend(real x) noexcept nogil:
    """e^x - 1 - x, |x| <= ½."""
    if real is float:
        return bend_f(x)
    else:
        return bend_d(x)


cdef inline real jensen(real q) noexcept nogil:
    """(1 + x)log(1 + x) + (1 − x)log(1 − x) of q = x² ≤ ⅓."""
    if real is float:
        return jensen_f(q)
    else:
        return jensen_d(q)


cdef inline real upper(real x) noexcept nogil:
    """log(1 + x), ⅓ ≤ x² ≤ 1, x > 0."""
    if real is float:
        return upper_f(x)
    else:
        return upper_d(x)


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


cdef inline real at_least(real x, real least) noexcept nogil:
    """NaN stays NaN."""
    return least if least > x else x


cdef inline real by_sign(real d, real up, real down) noexcept nogil:
    """`up` if d > 0, `down` if d < 0, else d: 0 or NaN. (One choice after the other: of nested ones, twice as many are made.)"""
    cdef real zero = 0, s = up if d > zero else d
    return down if d < zero else s


cdef inline void look(Labels* seen, const real* x) noexcept nogil:
    """At LANES labels; `strays` says whether anything that was looked at is neither 1 nor -1."""
    if real is float:
        look_f(seen, x)
    else:
        look_d(seen, x)


cdef inline bint strays(const Labels* seen, real kind) noexcept nogil:
    return strays_f(seen) if real is float else strays_d(seen)


cdef inline bint inside_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether something is neither 0 nor 1, if all is in [0, 1]."""
    if real is float:
        return inside_unit_f(x, n)
    else:
        return inside_unit_d(x, n)


cdef inline bint below(const real* x, Py_ssize_t n, real bound) noexcept nogil:
    """Whether something is less."""
    if real is float:
        return below_f(x, n, bound)
    else:
        return below_d(x, n, bound)


cdef inline bint at_most(const real* x, Py_ssize_t n, real bound) noexcept nogil:
    """Whether something is less or equal."""
    if real is float:
        return at_most_f(x, n, bound)
    else:
        return at_most_d(x, n, bound)


cdef inline real absolute(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)


cdef inline real signless(real x) noexcept nogil:
    """x, but +0 for −0: what has no slope has no sign."""
    cdef real zero = 0
    return x + zero


cdef inline real multiply_add(real a, real b, real c) noexcept nogil:
    """a·b + c, of a product that has other uses: fused in all of them, or in none."""
    if real is float:
        return multiply_add_f(a, b, c)
    else:
        return multiply_add_d(a, b, c)


cdef inline real clip(real x, real low, real high) noexcept nogil:
    return low if x < low else (high if x > high else x)


cdef inline real softplus_bound(real x, real a) noexcept nogil:
    """The curvature of the parabola that touches softplus at x and -x, and lies above it: tanh(x/2)/(2x), with a = exp(-|x|)."""
    cdef real half = 0.5, one = 1, quarter = 0.25, r = half * absolute(x)
    return (tanh_over(r) if r < half else (one - a) / (one + a) / r) * quarter


cdef inline real tanh_over(real x) noexcept nogil:
    """tanh(x)/x for |x| <= ½, by its continued fraction."""
    cdef real q = x * x, one = 1, three = 3, five = 5, seven = 7, nine = 9, eleven = 11, thirteen = 13
    return one / (one + q / (three + q / (five + q / (seven + q / (nine + q / (eleven + q / thirteen))))))
