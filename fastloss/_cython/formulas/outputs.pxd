"""Losses of two outputs against one number: a location and the logarithm of a scale."""

from ..block cimport LANES
from ..vectors cimport absolute, vexp
from ..views cimport real

cdef extern from "math.h" nogil:
    const double INFINITY

cdef struct GaussianNll:
    double unused

cdef struct LaplaceNll:
    double unused

ctypedef fused TwoOutputs:
    GaussianNll
    LaplaceNll


cdef inline int prepare(TwoOutputs loss, const real[::1] pred, real[::1] a, Py_ssize_t start, Py_ssize_t m) except -1 nogil:
    """a = exp(−|s|/2) of m samples from `start` on, for `point`."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)
    cdef real half = 0.5
    for i in range(n):
        a[i] = -half * absolute(pred[2 * (start + i) + 1])
    vexp(&a[0], &a[0], n)
    return 0


cdef inline void point(TwoOutputs loss, real m, real s, real target, real a, bint bounded, real* value, real* m_grad, real* s_grad,
                       real* m_hess, real* s_hess) noexcept nogil:
    """One sample's loss, its derivatives by m and s, and its second ones, or if it is `bounded` their majorizers."""
    cdef real zero = 0, half = 0.5, one = 1, infinite = <real>INFINITY, d, e, k
    if TwoOutputs is GaussianNll:
        # ½(s + k²) with k = d·e^(−s/2): e⁻ˢ alone may overflow.
        d = m - target
        e = one / a if s < zero else a
        k = d * e if d != zero else zero
        value[0] = infinite if k * k == infinite else half * (s + k * k)
        m_grad[0] = k * e if k != zero else zero
        s_grad[0] = half * (one - k * k)
        m_hess[0] = e * e
        s_hess[0] = half * (k * k)
    else:
        # s + k with k = |d|·e⁻ˢ, as |d|·e^(−s/2)·e^(−s/2). The squared slope by m bounds what is 0 but at d = 0.
        d = m - target
        e = one / a if s < zero else a
        k = absolute(d) * e * e if d != zero else (zero if s == s else s)
        value[0] = infinite if k == infinite else s + k
        e = e * e
        m_grad[0] = e if d > zero else (-e if d < zero else d)
        s_grad[0] = one - k
        m_hess[0] = e * e if bounded else zero
        s_hess[0] = k
