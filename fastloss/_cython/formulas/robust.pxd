"""Losses of a number against a number that outliers do not rule: a parabola near 0, a scale beyond which the slope levels off.

As in every file of pointwise formulas, a loss is a struct of its hyperparameters, in the order of its definition, and a branch in
`point`, decided when compiling; in `prepare`, if it needs vector functions; in `ready`, if something is the same for all samples; in
`inspect`, if its inputs have a domain. No loop over a batch stands here. Constants have names because a literal would be a double,
and drag the float beside it along.

With d = pred - target: m = |d|, r = m/delta, u = r^2. Where u would leave the range, formulas go by 1/r; where it is nothing beside
1, and may be 0, the loss is half the square.
"""

from libc.math cimport log

from ..block cimport LANES, VALUE
from ..vectors cimport (
    absolute, atanh_tail, by_sign, clip, fraction, multiply_add, over_root, rest_of_square, root, vexp, vexpm1, vgrow, vlog1p, vlogone,
    vlogsum, vroot)
from ..views cimport real

cdef extern from *:
    """
    #define HUGE_SQUARE 0x1p120   /* from here on 1 + |r| and sqrt(1 + r*r) are |r| to the last bit; float still holds it */
    #define FAR_F 0x1p30          /* r from which 1 + 1/u is 1; u, and (1 + u)^2, are in range */
    #define FAR_D 0x1p60
    #define TINY_F 0x1p-13        /* the square of anything smaller is nothing beside 1 */
    #define TINY_D 0x1p-27
    #define LN_2 0.693147180559945309417
    #define LARGEST_F 0x1p100     /* beyond these and below their inverses, the inverse of a scale is not a normal number */
    #define LARGEST_D 0x1p1000
    #define LIFT 0x1p64
    #define BEYOND ((double)INFINITY)
    #define PARABOLA_F 0x1p-22    /* |alpha - 2| up to which Barron's loss is half the square */
    #define PARABOLA_D 0x1p-51
    """
    const double HUGE_SQUARE, FAR_F, FAR_D, TINY_F, TINY_D, LN_2, LARGEST_F, LARGEST_D, LIFT, BEYOND, PARABOLA_F, PARABOLA_D

cdef struct Huber:
    double delta

cdef struct PseudoHuber:
    double delta
    double lift             # brings delta near the end of the numbers' range back from it; else 1
    double inverse          # 1/(delta·lift)

cdef struct LogCosh:
    double delta
    double lift
    double inverse

cdef struct Fair:
    double delta
    double lift
    double inverse

cdef struct Cauchy:
    double delta
    double lift
    double inverse

cdef struct TukeyBiweight:
    double delta
    double lift
    double inverse

cdef struct Welsch:
    double delta
    double lift
    double inverse

cdef struct GemanMcclure:
    double delta
    double lift
    double inverse

cdef struct Barron:
    double alpha
    double delta
    double lift
    double inverse

ctypedef fused Pointwise:
    Huber
    PseudoHuber
    LogCosh
    Fair
    Cauchy
    TukeyBiweight
    Welsch
    GemanMcclure
    Barron


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    cdef double far = LARGEST_F if real is float else LARGEST_D
    if Pointwise is not Huber:
        loss.lift = 1 / LIFT if loss.delta > far else (LIFT if loss.delta < 1 / far else 1.0)
        loss.inverse = 1 / (<double><real>loss.delta * loss.lift)
    return loss


cdef inline real relative(Pointwise loss, real m) noexcept nogil:
    """m/delta, m being no less than 0."""
    if Pointwise is Huber:
        return m / <real>loss.delta
    else:
        return fraction(m * <real>loss.lift, <real>loss.delta * <real>loss.lift, <real>loss.inverse)


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """What is to be known of a pair before it is computed: any real number will do."""
    return 0


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """A quick look at the bits: 0, if `inspect` has nothing to say of n pairs."""
    return 0


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return not (Pointwise is Huber or Pointwise is TukeyBiweight or Pointwise is GemanMcclure)


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at work[:, i]."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)     # it is a multiple; this tells the compiler
    cdef real delta, lift, inverse, p, r, u, zero = 0, quarter = 0.25, half = 0.5, one = 1, two = 2
    cdef real tiny = TINY_F if real is float else TINY_D
    cdef real scale, width, bend, share, log_width, log_share
    if Pointwise is PseudoHuber:
        # √work[1], in vroot's terms, for work[1] = 1 + r²
        lift = <real>loss.lift
        inverse = <real>loss.inverse
        for i in range(n):
            p = (pred[start + i] - target[start + i]) * lift * inverse
            work[1, i] = one + p * p
        vroot(&work[1, 0], &work[0, 0], n)
    elif Pointwise is LogCosh:
        # For r <= 1: work[0] = e⁻ʳ − 1 and work[1] = log(1 + work[0]²/(2(1 + work[0]))); beyond, e⁻ʳ and log(1 + e⁻²ʳ).
        delta = <real>loss.delta
        lift = <real>loss.lift
        inverse = <real>loss.inverse
        for i in range(n):
            work[0, i] = work[2, i] = -absolute((pred[start + i] - target[start + i]) * lift * inverse)
        vexpm1(&work[0, 0], &work[0, 0], n)
        vexp(&work[2, 0], &work[2, 0], n)
        for i in range(n):
            p = absolute(pred[start + i] - target[start + i])
            u = work[0, i] * work[0, i] / (two * (one + work[0, i]))
            work[1, i] = u if p <= delta else work[2, i] * work[2, i]
            work[0, i] = work[0, i] if p <= delta else work[2, i]
        if wanted & VALUE:
            vlog1p(&work[1, 0], &work[1, 0], n)
    elif Pointwise is Fair:
        # work[0] = log(1 + r)
        if wanted & VALUE:
            for i in range(n):
                work[0, i] = relative(loss, absolute(pred[start + i] - target[start + i]))
            vlogone(&work[0, 0], &work[0, 0], n)
    elif Pointwise is Cauchy:
        # work[0] = log(1 + u)
        if wanted & VALUE:
            log_of_square(loss, pred, target, work, start, n, one, zero)
    elif Pointwise is Welsch:
        # work[0] = the root of e⁻ᵘ, work[1] = e⁻ᵘ − 1, with what rounding takes from u
        lift = <real>loss.lift              # what rounding takes from a quotient of the smallest numbers is no number
        delta = <real>loss.delta * lift
        inverse = <real>loss.inverse
        for i in range(n):
            p = absolute(pred[start + i] - target[start + i]) * lift
            r = fraction(p, delta, inverse)
            u = r * r
            work[0, i] = -half * u
            work[1, i] = -u
            u = rest_of_square(p, delta, inverse, r, u)
            work[2, i] = u if absolute(u) < one else zero
        vexp(&work[0, 0], &work[0, 0], n)
        if wanted & VALUE:
            vexpm1(&work[1, 0], &work[1, 0], n)
        for i in range(n):
            p = work[0, i] * work[2, i]
            work[1, i] -= work[0, i] * p
            work[0, i] -= half * p
    elif Pointwise is Barron:
        # With L = log(1 + u/b), b = |α − 2|, and w = αL/2: work[0] = L, work[1] = e^w − 1, or δ√(e^w·b/α) beyond w = 1,
        # work[2] = the root of (1 + u/b)^(α/2 − 1), and work[4] = w.
        width = width_of(loss.alpha, tiny)
        bend = <real>(0.5 * loss.alpha)
        share = <real>(0.5 * loss.alpha / width)
        scale = <real>(0.5 * loss.alpha - 1)
        log_width = <real>log(width)
        log_share = <real>log(width / loss.alpha if loss.alpha > 0 else 1)
        delta = <real>loss.delta
        log_of_square(loss, pred, target, work, start, n, width, log_width)
        for i in range(n):
            r = relative(loss, absolute(pred[start + i] - target[start + i]))
            u = r * r
            p = work[0, i]
            r = share * u if p < tiny * tiny else bend * p
            work[1, i] = r if r < one else one
            work[2, i] = half * ((half * u if scale > zero else -half * u) if p < tiny * tiny else scale * p)
            work[3, i] = quarter * (r + log_share)
            work[4, i] = r
        if wanted != VALUE:
            vgrow(&work[2, 0], &work[2, 0], n)
        if wanted & VALUE:
            vexpm1(&work[1, 0], &work[1, 0], n)
        if wanted & VALUE and bend > zero:
            vgrow(&work[3, 0], &work[3, 0], n)
            for i in range(n):
                r = delta * work[3, i] * work[3, i]
                work[1, i] = r if work[4, i] > one else work[1, i]
    return 0


cdef inline int log_of_square(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                              Py_ssize_t n, real width, real log_width) except -1 nogil:
    """work[0] = log(1 + u/width); from r = FAR on that is 2 log r − log(width), by the logarithms of m and delta."""
    cdef real m, r, s, z, zero = 0, one = 1, two = 2
    cdef real far = FAR_F if real is float else FAR_D, log_delta = <real>log(<double><real>loss.delta)
    cdef real inverse = <real>(1 / <double>width)
    cdef Py_ssize_t i
    for i in range(n):
        m = absolute(pred[start + i] - target[start + i])
        r = relative(loss, m)
        z = fraction(r * r, width, inverse)
        s = one + z
        work[0, i] = m if r > far else s
        work[1, i] = zero if r > far else (z - (s - one) if z < one else one - (s - z))
    vlogsum(&work[0, 0], &work[1, 0], &work[0, 0], n)
    for i in range(n):
        r = relative(loss, absolute(pred[start + i] - target[start + i]))
        work[0, i] = two * (work[0, i] - log_delta) - log_width if r > far else work[0, i]
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2, three = 3, four = 4, six = 6
    cdef real far = FAR_F if real is float else FAR_D, tiny = TINY_F if real is float else TINY_D
    cdef real huge = BEYOND, least = PARABOLA_F if real is float else PARABOLA_D
    cdef real delta = <real>loss.delta, d = pred - target, m = absolute(d), a, b, q, r, s, t, u, v, w, z, alpha, width
    if Pointwise is Huber:
        # q = min(|d|, δ), and q·(|d| − ½q) is both branches of the definition.
        q = delta if m > delta else m
        value[0] = q * (m - half * q)
        grad[0] = clip(d, -delta, delta)
        hess[0] = one if m <= delta else (zero if m > delta else m)
        bound[0] = delta / m if m > delta else (one if m <= delta else m)
    elif Pointwise is PseudoHuber:
        # δ²(√(1 + r²) − 1) = d²/(1 + √(1 + r²)), r = d/δ: nothing cancels. Where r² could overflow, the root is |r|.
        far = <real>HUGE_SQUARE
        a = work[0, i]
        b = work[1, i]
        value[0] = delta * m if b > far else m * (m / (one + root(b, a)))
        grad[0] = (delta if d > zero else -delta) if b > far else over_root(d, b, a)
        q = delta / m
        hess[0] = q * q * q if b > far else over_root(one, b, a) / b
        bound[0] = q if b > far else over_root(one, b, a)
    elif Pointwise is LogCosh:
        # δ² log cosh r, with e = e⁻ʳ and z = 1 − e: tanh r = z(1 + e)/(1 + e²), 1/cosh r = 2e/(1 + e²). Where r² is nothing
        # beside 1, r itself may have left the range: there it is ½d².
        a = work[0, i]
        b = work[1, i]
        u = one + a if m <= delta else a
        v = -a if m <= delta else one - a
        s = one + u * u
        t = delta * (v * (one + u) / s)
        t = m if v < tiny else t
        value[0] = delta * (delta * b) if m <= delta else delta * ((m - delta * <real>LN_2) + delta * b)
        value[0] = half * m * m if v < tiny else value[0]
        grad[0] = t if d > zero else -t
        hess[0] = (two * u / s) * (two * u / s)
        bound[0] = t / m if m > zero else one + m
    elif Pointwise is Fair:
        # δ²(r − log(1 + r)): with s = r/(2 + r), log(1 + r) = 2 atanh(s) and r − 2s = s·r, all of it times δ
        a = work[0, i]
        r = relative(loss, m)
        t = m / (two + r)
        s = relative(loss, t)
        value[0] = t * (m - t * (s * atanh_tail(s * s)))
        value[0] = delta * (m - delta * a) if r > one else value[0]
        value[0] = delta * m if r == huge else value[0]
        grad[0] = by_sign(d, delta, -delta) if r > far else d / (one + r)
        q = one / (one + r)
        hess[0] = q * q
        bound[0] = q
    elif Pointwise is Cauchy:
        # ½δ² log(1 + u); 1 − u by factors that do not cancel
        a = work[0, i]
        r = relative(loss, m)
        u = r * r
        s = one + u
        q = (delta if r > far else one) / (m if r > far else s)     # (either of two divisions would be both)
        value[0] = half * m * m if r < tiny else delta * (delta * (half * a))
        grad[0] = by_sign(d, delta, -delta) * q if r > far else d * q
        hess[0] = -(q * q) if r > far else (delta - m) / delta * (one + r) * q * q
        bound[0] = q * q if r > far else q
    elif Pointwise is TukeyBiweight:
        # d²/6·(3 − u(3 − u)) within δ; 1 − u by factors that do not cancel
        r = relative(loss, m)
        u = r * r
        w = (delta - m) / delta * (one + r)
        value[0] = delta * (delta / six) if m >= delta else m * (m / six) * (three - u * (three - u))
        grad[0] = zero if m >= delta else d * w * w
        hess[0] = zero if m >= delta else w * (w - four * u)
        bound[0] = zero if m >= delta else w * w
    elif Pointwise is Welsch:
        # −½δ²(e⁻ᵘ − 1)
        r = relative(loss, m)
        u = r * r
        a = work[0, i]
        b = work[1, i]
        value[0] = half * m * m if r < tiny else -delta * (half * delta * b)
        grad[0] = zero if a == zero else d * a * a
        hess[0] = zero if a == zero else (one - two * u) * a * a
        bound[0] = a * a
    elif Pointwise is GemanMcclure:
        # ½d²/(1 + u); beyond δ by q = δ/m
        r = relative(loss, m)
        q = delta / m if r > one else r
        w = q * q
        s = one / multiply_add(q, q, one)
        t = delta * q * w * s * s
        value[0] = half * delta * delta * s if r > one else m * (half * m) * s
        grad[0] = (t if d > zero else -t) if r > one else d * s * s
        hess[0] = w * w * (w - three) * s * s * s if r > one else (one - three * w) * s * s * s
        bound[0] = w * w * s * s if r > one else s * s
    else:
        # Barron's, of w = αL/2: δ²·b/2·L·(e^w − 1)/w; beyond w = 1, δ²(e^w·b/α − b/α). An infinite error by its limit.
        alpha = <real>loss.alpha
        width = width_of(loss.alpha, tiny)
        a = work[0, i]
        b = work[1, i]
        t = work[2, i]
        r = relative(loss, m)
        u = r * r
        w = work[4, i]
        q = b / w if w != zero else one
        s = half * m * m * q if a < tiny * tiny else delta * (half * width * (a * q)) * delta
        v = b * b
        v = v if v == huge else v - delta * delta * (width / alpha)
        value[0] = v if w > one else s
        grad[0] = d * t * t
        t = t * t
        z = u / width
        v = (one + (alpha - one) * z) / (one + z) if z < one else (alpha - one) + (two - alpha) / (one + z)
        hess[0] = t * v
        s = delta * delta * (width / -alpha)
        q = delta if d > zero else -delta
        value[0] = (m if alpha >= zero else s) if m == huge else value[0]
        grad[0] = (d if alpha > one else (zero if alpha < one else q)) if m == huge else grad[0]
        hess[0] = (m if alpha > two else zero) if m == huge else hess[0]
        bound[0] = (m if alpha > two else zero) if m == huge else t
        value[0] = half * m * m if width <= least else value[0]
        grad[0] = d if width <= least else grad[0]
        s = one if m == m else m
        hess[0] = s if width <= least else hess[0]
        bound[0] = s if width <= least else (hess[0] if hess[0] > bound[0] else bound[0])


cdef inline real width_of(double alpha, real kind) noexcept nogil:
    """Barron's |α − 2|, but not so small that it divides nothing: there the loss is half the square."""
    cdef double width = alpha - 2 if alpha > 2 else 2 - alpha, least = PARABOLA_F if real is float else PARABOLA_D
    return <real>(width if width > least else least)
