"""Losses of counts and of positive numbers, of a mean or of its logarithm. See robust.pxd for how a file of formulas is made.

With a = 2 - power and b = 1 - power; h(w) = w - 1 - log w.
"""

from libc.math cimport log, sqrt, sqrtf

from ..block cimport LANES, VALUE
from ..vectors cimport absolute, at_most, below, bend, multiply_add, ratio, vexp, vgrow, vlog, vlog1p
from ..views cimport real

cdef extern from *:
    """
    #define BEYOND ((double)INFINITY)
    #define LONG_F 80.0           /* an exponential of more may leave the range, and is taken of the half, twice */
    #define LONG_D 700.0
    #define SMALL_F 0x1p-25        /* log(1 + z) is z for anything smaller */
    #define SMALL_D 0x1p-54
    """
    const double BEYOND, LONG_F, LONG_D, SMALL_F, SMALL_D

cdef struct PoissonNll:
    double unused

cdef struct PoissonDeviance:
    double unused

cdef struct GammaNll:
    double unused

cdef struct GammaDeviance:
    double unused

cdef struct TweedieNll:
    double power

cdef struct TweedieDeviance:
    double power

cdef struct TweedieOfRoots:      # the deviance of power 3/2
    double unused

cdef struct NegativeBinomialNll:
    double alpha

ctypedef fused Pointwise:
    PoissonNll
    PoissonDeviance
    GammaNll
    GammaDeviance
    TweedieNll
    TweedieDeviance
    TweedieOfRoots
    NegativeBinomialNll


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """Whether a pair is outside the domain. NaN is inside every domain: it goes through."""
    cdef real zero = 0
    if Pointwise is PoissonNll or Pointwise is TweedieNll or Pointwise is NegativeBinomialNll:
        return target < zero
    elif Pointwise is PoissonDeviance or Pointwise is TweedieOfRoots:
        return (pred < zero) | (target < zero)
    elif Pointwise is GammaNll:
        return target <= zero
    elif Pointwise is GammaDeviance:
        return (pred < zero) | (target <= zero)
    else:
        return (pred < zero) | (target < zero) | ((loss.power >= 2) & (target == zero))


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """0, if `inspect` has nothing to say of n pairs."""
    cdef real zero = 0
    if Pointwise is PoissonNll or Pointwise is TweedieNll or Pointwise is NegativeBinomialNll:
        return below(target, n, zero)
    elif Pointwise is PoissonDeviance or Pointwise is TweedieOfRoots:
        return below(pred, n, zero) | below(target, n, zero)
    elif Pointwise is GammaNll:
        return at_most(target, n, zero)
    elif Pointwise is GammaDeviance:
        return below(pred, n, zero) | at_most(target, n, zero)
    else:
        return below(pred, n, zero) | (at_most(target, n, zero) if loss.power >= 2 else below(target, n, zero))


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return not (Pointwise is PoissonDeviance or Pointwise is GammaDeviance or Pointwise is TweedieOfRoots)


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at work[:, i]."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)     # it is a multiple; this tells the compiler
    cdef real a, b, x, y, zero = 0, half = 0.5, one = 1, long_ = LONG_F if real is float else LONG_D
    if Pointwise is PoissonNll:
        # work[0] = eˣ
        vgrow(&pred[start], &work[0, 0], n)
    elif Pointwise is GammaNll:
        # work[0] = e⁻ˣ, or its root where that is large
        for i in range(n):
            x = pred[start + i]
            work[0, i] = -half * x if absolute(x) > long_ else -x
        vgrow(&work[0, 0], &work[0, 0], n)
    elif Pointwise is TweedieNll:
        # work[0] = e^(ax), work[1] = e^(bx), or its root where that is large
        a = <real>(2 - loss.power)
        b = <real>(1 - loss.power)
        for i in range(n):
            x = pred[start + i]
            work[0, i] = a * x
            y = b * x
            work[1, i] = half * y if absolute(y) > long_ else y
        vgrow(&work[0, 0], &work[0, 0], n)
        vgrow(&work[1, 0], &work[1, 0], n)
    elif Pointwise is NegativeBinomialNll:
        # work[0] = e^−|x/2|, work[1] = log(1 + z) of z = αeˣ, or log(1 + 1/z) if z > 1; work[2] = log α
        for i in range(n):
            work[0, i] = -half * absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        if wanted & VALUE:
            a = <real>loss.alpha
            for i in range(n):
                y = work[0, i]
                x = a * y * y
                y = a / y / y
                x = y if pred[start + i] > zero else x
                y = one / x
                work[1, i] = y if x > one else x
            vlog1p(&work[1, 0], &work[1, 0], n)
            b = <real>log(loss.alpha)
            for i in range(n):
                work[2, i] = b
    elif Pointwise is TweedieDeviance:
        # work[0] = the loss, work[6] = √μᵇ
        tweedie(loss, pred, target, work, start, n, wanted)
    return 0


cdef inline int tweedie(TweedieDeviance loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t n, int wanted) except -1 nogil:
    """2tᵃ(k(av)/a − k(bv)/b), with v = log(μ/t) and k(y) = eʸ − 1 − y; above power 2, where v is large, the two cancel, and it is
    2tᵃ(1 + be^(av) − ae^(bv))/(ab). Of t = 0 it is 2μᵃ/a. Powers of 1, 3/2 and 2 are other losses (level_samples.pyx)."""
    cdef double exact_a = 2 - loss.power, exact_b = 1 - loss.power
    cdef real a = <real>exact_a, b = <real>exact_b, zero = 0, half = 0.5, one = 1, two = 2, beyond = BEYOND
    cdef real mu, t, h, p, q, r, k = 0, v = 0, x = 0, y = 0
    cdef Py_ssize_t i
    for i in range(n):
        work[2, i] = pred[start + i] + zero
    vlog(&work[2, 0], &work[2, 0], n)
    if wanted & VALUE:
        for i in range(n):
            mu = pred[start + i] + zero
            t = target[start + i]
            ratio(mu, t, False, &k, &v, &x, &y)
            work[0, i] = v if (mu > zero) & (mu < beyond) & (t > zero) & (t < beyond) else mu / t   # of 0 any number will do
        vlog(&target[start], &work[1, 0], n)
        for i in range(n):
            work[3, i] = a * work[0, i]
            work[4, i] = b * work[0, i]
            work[1, i] = half * a * work[1, i]
            work[5, i] = half * a * work[2, i]
        vgrow(&work[3, 0], &work[3, 0], n)
        vgrow(&work[4, 0], &work[4, 0], n)
        vgrow(&work[1, 0], &work[1, 0], n)
        vgrow(&work[5, 0], &work[5, 0], n)
    for i in range(n):
        work[6, i] = half * b * work[2, i]
    vgrow(&work[6, 0], &work[6, 0], n)
    if not wanted & VALUE:
        return 0
    for i in range(n):
        mu = pred[start + i] + zero
        t = target[start + i]
        v = work[0, i]
        h = work[1, i]
        p = work[3, i]
        q = work[4, i]
        r = work[5, i] * work[5, i]
        x = part(a * v, p, h, r)
        y = part(b * v, q, h, t * work[6, i] * work[6, i])
        x = y / -b if y == beyond else x / a - y / b
        y = (one + b * p - a * q) * h * h / (a * b)
        x = y if (a < zero) & (-a * v > one) else x
        x = beyond if (x != x) & (mu < beyond) & (t < beyond) else x    # a difference of what has left the range
        x = zero if v == zero else x
        x = r / a if t == zero else x
        x = beyond if ((mu == zero) & (t != zero)) | ((t == beyond) & (mu < beyond)) else x
        x = beyond if (mu == beyond) & (t < beyond) & (a > zero) else x
        work[0, i] = mu + t if (mu != mu) | (t != t) else two * x
    return 0


cdef inline real part(real y, real e, real h, real whole) noexcept nogil:
    """h²·k(y) of e = eʸ, where h²·e is `whole`."""
    cdef real half = 0.5, one = 1, two = 2, k = bend(y) if absolute(y) <= half else (e - one) - y
    return whole - (one + y) * h * h if y > two else k * h * h


cdef inline real poisson(real mu, real t) noexcept nogil:
    """2t·h(μ/t)."""
    cdef real zero = 0, one = 1, two = 2, beyond = BEYOND, k = 0, logarithm = 0, near = 0, share = 0, v
    ratio(mu, t, True, &k, &logarithm, &near, &share)
    v = (mu - t) - t * logarithm if k > zero else t * (-logarithm - one) + mu   # nothing beyond the range on the way
    v = near if absolute(k) <= one else v
    v = beyond if mu == zero else v
    v = mu if t == zero else v
    return two * (v if (mu < beyond) & (t < beyond) else (mu - t) * (mu - t))


cdef inline real gamma(real mu, real t) noexcept nogil:
    """2h(t/μ)."""
    cdef real zero = 0, one = 1, two = 2, beyond = BEYOND, k = 0, logarithm = 0, excess = 0, near = 0, v
    ratio(t, mu, True, &k, &logarithm, &excess, &near)
    v = near if absolute(k) <= one else (t / mu - one) - logarithm
    v = beyond if mu == zero else v
    return two * (v if (mu < beyond) & (t < beyond) else (mu - t) * (mu - t))


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2, three = 3, four = 4, beyond = BEYOND
    cdef real tiny = SMALL_F if real is float else SMALL_D
    cdef real long_ = LONG_F if real is float else LONG_D, t = target, a, b, c, e, p, q, r, s, u, w, x, y, mu
    if Pointwise is PoissonNll:
        # eˣ − t·x; t·x is 0 where t is, and left out where eˣ is infinite
        e = work[0, i]
        value[0] = e if (t == zero) | ((e == beyond) & (t == t)) else e - t * pred
        grad[0] = e - t
        hess[0] = bound[0] = e
    elif Pointwise is GammaNll:
        # x + t·e⁻ˣ; x is left out where t·e⁻ˣ is infinite
        e = work[0, i]
        e = t * e * e if absolute(pred) > long_ else t * e
        value[0] = e if e == beyond else pred + e
        grad[0] = one - e
        hess[0] = bound[0] = e
    elif Pointwise is TweedieNll:
        # eᵃˣ/a + t·eᵇˣ/|b|
        a = <real>(2 - loss.power)
        b = <real>(loss.power - 1)
        e = work[1, i]
        e = t * e * e if absolute(b * pred) > long_ else t * e
        e = zero if (t == zero) & (pred == pred) else e
        value[0] = work[0, i] / a + e / b
        grad[0] = work[0, i] - e
        hess[0] = bound[0] = multiply_add(a, work[0, i], b * e)
    elif Pointwise is NegativeBinomialNll:
        # (t + 1/α)·log(1 + z) − t·x, z = αeˣ; where z > 1 by e = 1/z, so that nothing overflows. eˣ and e⁻ˣ are squares, a and b of
        # them their roots: a factor between the two may bring back into the range what is outside.
        s = work[2, i]
        y = work[1, i]
        r = <real>(1 / loss.alpha)
        q = work[0, i]
        p = one / q
        a = p if pred > zero else q
        b = q if pred > zero else p
        w = <real>loss.alpha * a * a
        e = one / w
        e = e if e < w else w
        q = one / (one + e)
        u = pred + s                # above 0 where z > 1, and x, the larger of log α and −x, is log α
        u = (zero if u < zero else u) * r
        x = -pred if -pred > s else s
        x = t * (x + y)
        x = zero if t == zero else x
        y = a * a if w < tiny else y * r        # log(1 + z)/α, where z may be no normal number
        x = (u + y) + x
        value[0] = u if (u == beyond) & (t == t) else x
        # What is multiplied by 1/z is so in halves, the smaller first, for z may be out of range.
        c = b * r
        x = multiply_add(-(t * b if pred > zero else t * c), c if pred > zero else b, r)
        grad[0] = (x if w > one else multiply_add(a, a, -t)) * q
        x = r + t
        x = (x * b if pred > zero else x * c) * (c if pred > zero else b)
        y = <real>loss.alpha * a
        y = y * t * a if a > one else a * t * y         # z·t, of which neither α·t nor z need be in range
        hess[0] = bound[0] = (x if w > one else multiply_add(a, a, y)) * q * q
    else:
        # (μ − t)/μ, 1 where there is no target or no end to the mean; t/μ
        mu = pred + zero
        w = (mu - t) / mu
        w = one if ((t == zero) & (mu == mu)) | ((mu == beyond) & (t < beyond)) else w
        q = zero if (t == zero) & (mu == mu) else t / mu
        if Pointwise is PoissonDeviance:
            value[0] = poisson(mu, t)
            grad[0] = two * w
            hess[0] = zero if q == zero else two * q / mu
            s = two / mu
            bound[0] = s if s > hess[0] else hess[0]        # tweedie_deviance's; itself it has none
        elif Pointwise is GammaDeviance:
            value[0] = gamma(mu, t)
            grad[0] = two * w / mu
            s = -half if (mu == beyond) & (t < beyond) else (t - half * mu) / mu
            hess[0] = s / mu * two / mu * two
            s = two / mu / mu
            bound[0] = s if s > hess[0] else hess[0]
        elif Pointwise is TweedieOfRoots:
            # 4(√t − √μ)²/√μ, with √t − √μ = (t − μ)/(√t + √μ); 2(μ − t)/√μ³; 2(3/2·t/μ − 1/2)/√μ³
            x = square_root(mu)
            y = square_root(t) + x
            r = one / x
            p = (t - mu) / y
            p = p * r * p * four
            p = zero if y == zero else p
            value[0] = beyond if ((mu == beyond) & (t < beyond)) | ((t == beyond) & (mu < beyond)) else p
            p = (mu - t) * r * r
            p = w if (t == zero) | (mu == beyond) else p
            grad[0] = p * r * two
            s = three * half * q - half
            hess[0] = s * r * r * r * two
            s = one if s < one else s
            bound[0] = s * r * r * r * two
        elif Pointwise is TweedieDeviance:
            value[0] = work[0, i]
            e = work[6, i]
            grad[0] = w if w == zero else two * (w * e) * e
            s = <real>(1 - loss.power) + <real>loss.power * q
            hess[0] = zero if s == zero else s * e * e / mu * two
            s = one if s < one else s
            bound[0] = s * e * e / mu * two


cdef inline real square_root(real x) noexcept nogil:
    return sqrtf(x) if real is float else sqrt(x)
