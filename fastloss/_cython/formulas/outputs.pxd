"""Losses of two outputs against one number: a location and the logarithm of a scale."""

from libc.math cimport copysign, fabs

from ..block cimport LANES
from ..vectors cimport absolute, by_sign, multiply_add, normal_bulk, normal_tail, vexp
from ..views cimport real

cdef extern from "math.h" nogil:
    const double INFINITY

cdef extern from *:
    """
    #define TWICE_DENSITY 0.79788456080286535588    /* twice the normal distribution's at its middle, √(2/π) */
    #define MEAN_GAP 0.56418958354775628695         /* half the mean distance of two numbers of it, 1/√π */
    """
    const double TWICE_DENSITY, MEAN_GAP

cdef enum:                  # of the numbers that are prepared in double
    ROOT                    # of the scale, exp(s/2)
    OVER_ROOT               # and 1 over it
    AWAY                    # z = |d|/exp(s)
    BELL                    # exp(-z²/2)
    PREPARED

cdef struct GaussianNll:
    double unused

cdef struct LaplaceNll:
    double unused

cdef struct CrpsGaussian:
    double unused

ctypedef fused TwoOutputs:
    GaussianNll
    LaplaceNll
    CrpsGaussian


cdef inline int prepare(TwoOutputs loss, const real[::1] pred, const real[::1] target, real[::1] a, double[:, ::1] wide,
                        Py_ssize_t start, Py_ssize_t m) except -1 nogil:
    """What `point` finds of m samples from `start` on: a = exp(−|s|/2), or in double the lines of `wide`."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)
    cdef real half = 0.5
    cdef double d, s, e
    if TwoOutputs is CrpsGaussian:
        for i in range(n):
            wide[BELL, i] = -0.5 * fabs(<double>pred[2 * (start + i) + 1])
        vexp(&wide[BELL, 0], &wide[BELL, 0], n)
        for i in range(n):
            d = <double>pred[2 * (start + i)] - target[start + i]
            s = pred[2 * (start + i) + 1]
            e = 1 / wide[BELL, i]
            wide[ROOT, i] = wide[BELL, i] if s < 0 else e
            wide[OVER_ROOT, i] = e if s < 0 else wide[BELL, i]
            e = wide[OVER_ROOT, i]
            wide[AWAY, i] = 0 if (d == 0) & (s == s) else fabs(d) * e * e
        for i in range(n):
            wide[BELL, i] = -0.5 * (wide[AWAY, i] * wide[AWAY, i])
        vexp(&wide[BELL, 0], &wide[BELL, 0], n)
    else:
        for i in range(n):
            a[i] = -half * absolute(pred[2 * (start + i) + 1])
        vexp(&a[0], &a[0], n)
    return 0


cdef inline void point(TwoOutputs loss, real m, real s, real target, real a, const double[:, ::1] wide, Py_ssize_t i, bint bounded,
                       real* value, real* m_grad, real* s_grad, real* m_hess, real* s_hess) noexcept nogil:
    """One sample's loss, its derivatives by m and s, and its second ones, or if it is `bounded` their majorizers. `wide` has what is
    prepared of it in column i."""
    cdef real zero = 0, half = 0.5, one = 1, infinite = <real>INFINITY, b, d, e, k
    cdef double h, z, u, v, bulk, tail, mass, away, twice, steep, slope, c
    if TwoOutputs is GaussianNll:
        # ½s + ½k·k with k = d·e^(−s/2): e⁻ˢ alone may overflow, and so may k².
        d = m - target
        e = one / a if s < zero else a
        k = d * e if d != zero else zero
        b = half * k
        value[0] = infinite if b * k == infinite else multiply_add(b, k, half * s)
        m_grad[0] = k * e if k != zero else zero
        s_grad[0] = multiply_add(-b, k, half)
        m_hess[0] = e * e
        s_hess[0] = b * k
    elif TwoOutputs is CrpsGaussian:
        # |d|·mass + e^s·(2φ(z) − 1/√π), with the mass 2Φ(z) − 1 within z = |d|/e^s of the mean. e^s is the square of h.
        h = wide[ROOT, i]
        u = wide[OVER_ROOT, i]
        z = wide[AWAY, i]
        v = wide[BELL, i]
        c = <double>m - target
        bulk = normal_bulk(z)
        tail = normal_tail(z, v)
        mass = z * bulk if z < 1 else 1 - tail
        away = fabs(c)
        twice = TWICE_DENSITY * v
        steep = multiply_add[double](TWICE_DENSITY, v, -MEAN_GAP)
        slope = h * steep * h
        value[0] = <real>multiply_add[double](away, mass, slope)
        m_grad[0] = <real>copysign(mass, c)
        s_grad[0] = <real>slope
        m_hess[0] = <real>(((bulk * u * u if z < 1 else mass / away) if bounded else (twice * u * u if v != 0 else 0.0)))
        steep = fabs(steep) if bounded else steep
        s_hess[0] = <real>(h * multiply_add[double](z * twice if v != 0 else 0.0, z if v != 0 else 0.0, steep) * h)
    else:
        # s + k with k = |d|·e⁻ˢ, as |d|·e^(−s/2)·e^(−s/2). The squared slope by m bounds what is 0 but at d = 0.
        d = m - target
        e = one / a if s < zero else a
        k = absolute(d) * e * e if d != zero else (zero if s == s else s)
        value[0] = infinite if k == infinite else s + k
        e = e * e
        m_grad[0] = by_sign(d, e, -e)
        s_grad[0] = one - k
        m_hess[0] = e * e if bounded else zero
        s_hess[0] = k
