"""Losses of one number against one number: regression, margins, scores and probabilities.

A loss is a struct of its hyperparameters, in the order of its definition, and a branch in `point`, decided when compiling; in
`prepare`, if it needs vector functions; in `inspect`, if its inputs have a domain. No loop over a batch stands here. Constants
have names because a literal would be a double, and drag the float beside it along.
"""

from ..block cimport LANES, OUTSIDE, SOFT, VALUE
from ..vectors cimport (
    absolute, beyond_signs, beyond_unit, clip, inside_unit, over_root, quotient, root, vexp, vexpm1, vlog, vlog1p, vroot)
from ..views cimport real

cdef extern from *:
    """
    #define HUGE_SQUARE 0x1p120   /* from here on 1 + |r| and sqrt(1 + r*r) are |r| to the last bit; float still holds it */
    #define TINY_F 0x1p-13        /* the square of anything smaller is nothing beside 1 */
    #define TINY_D 0x1p-27
    #define LN_2 0.693147180559945309417
    #define FAR_F 0x1p100         /* beyond these and below their inverses, the inverse of a scale is not a normal number */
    #define FAR_D 0x1p1000
    #define LIFT 0x1p64
    """
    const double HUGE_SQUARE, LN_2, TINY_F, TINY_D, FAR_F, FAR_D, LIFT

cdef struct Mse:
    double unused

cdef struct Mae:
    double unused

cdef struct Huber:
    double delta

cdef struct PseudoHuber:
    double delta

cdef struct LogCosh:
    double delta

cdef struct Hinge:
    double unused

cdef struct SquaredHinge:
    double unused

cdef struct BinaryCrossEntropy:
    double eps

cdef struct SigmoidCrossEntropy:
    double pos_weight
    double label_smoothing

cdef struct CrossEntropyTerm:   # of rows of probabilities whose rows need not be told apart: a row's loss is a sum
    double eps

cdef struct Sigmoid:
    double unused

cdef struct LogSigmoid:
    double unused

cdef struct Softplus:
    double unused

cdef struct Exp:                # the vector functions themselves, for the tests of their accuracy
    double unused

cdef struct Expm1:
    double unused

cdef struct Log:
    double unused

cdef struct Log1m:
    double unused

cdef struct Log1p:
    double unused

ctypedef fused Pointwise:
    Mse
    Mae
    Huber
    PseudoHuber
    LogCosh
    Hinge
    SquaredHinge
    BinaryCrossEntropy
    SigmoidCrossEntropy
    CrossEntropyTerm
    Sigmoid
    LogSigmoid
    Softplus
    Exp
    Expm1
    Log
    Log1m
    Log1p


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """What is to be known of a pair before it is computed. NaN is inside every domain: it goes through."""
    cdef real zero = 0, one = 1
    if Pointwise is Hinge or Pointwise is SquaredHinge:
        return (target != one) & (target != -one) & (target == target)
    elif Pointwise is SigmoidCrossEntropy:
        return (target < zero) | (target > one)
    elif Pointwise is CrossEntropyTerm:
        return (pred < zero) | (pred > one) | (target < zero) | (target > one)
    elif Pointwise is BinaryCrossEntropy:
        return ((pred < zero) | (pred > one) | (target < zero) | (target > one)) | (((target != zero) & (target != one)) << 1)
    else:
        return 0


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """A quick look at the bits: 0, if `inspect` has nothing to say of n pairs; SOFT if that is all; else OUTSIDE, it may have."""
    if Pointwise is Hinge or Pointwise is SquaredHinge:
        return beyond_signs(target, n)
    elif Pointwise is SigmoidCrossEntropy:
        return beyond_unit(target, n)
    elif Pointwise is CrossEntropyTerm:
        return beyond_unit(pred, n) or beyond_unit(target, n)
    elif Pointwise is BinaryCrossEntropy:
        if beyond_unit(pred, n) or beyond_unit(target, n):
            return OUTSIDE
        return SOFT if inside_unit(target, n) else 0
    else:
        return 0


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return not (Pointwise is Mse or Pointwise is Mae or Pointwise is Huber or Pointwise is Hinge or Pointwise is SquaredHinge)


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[::1] a, real[::1] b, real[::1] c,
                        Py_ssize_t start, Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at a[i] and b[i]; c is scratch. `seen` is all that `inspect` saw."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)     # it is a multiple; this tells the compiler
    cdef real low, lift, inverse, p, u, zero = 0, one = 1, two = 2
    if Pointwise is SigmoidCrossEntropy or Pointwise is Sigmoid or Pointwise is LogSigmoid or Pointwise is Softplus:
        # a = exp(−|x|), b = log(1 + exp(−|x|))
        for i in range(n):
            a[i] = -absolute(pred[start + i])
        vexp(&a[0], &a[0], n)
        if wanted & VALUE and Pointwise is not Sigmoid:
            vlog1p(&a[0], &b[0], n)
    elif Pointwise is PseudoHuber:
        # √b, in vroot's terms, for b = 1 + r²
        p = <real>loss.delta
        lift = lift_of(p, p)
        inverse = <real>(1 / (<double>p * lift))
        for i in range(n):
            p = (pred[start + i] - target[start + i]) * lift * inverse
            b[i] = one + p * p
        vroot(&b[0], &a[0], n)
    elif Pointwise is LogCosh:
        # With r = |d|/δ: a = e⁻ʳ − 1 and b = log(1 + a²/(2(1 + a))) for r <= 1, beyond a = e⁻ʳ and b = log(1 + a²).
        low = <real>loss.delta
        lift = lift_of(low, low)
        inverse = <real>(1 / (<double>low * lift))
        for i in range(n):
            a[i] = c[i] = -absolute((pred[start + i] - target[start + i]) * lift * inverse)
        vexpm1(&a[0], &a[0], n)
        vexp(&c[0], &c[0], n)
        for i in range(n):
            p = absolute(pred[start + i] - target[start + i])
            u = a[i] * a[i] / (two * (one + a[i]))
            b[i] = u if p <= low else c[i] * c[i]
            a[i] = a[i] if p <= low else c[i]
        if wanted & VALUE:
            vlog1p(&b[0], &b[0], n)
    elif Pointwise is BinaryCrossEntropy:
        # a = t·log p + (1 − t)·log(1 − p) of arguments not below eps, with 0·log 0 = 0. A hard label needs one logarithm.
        if not wanted & VALUE:
            return 0
        low = <real>loss.eps
        if seen & SOFT:
            for i in range(n):
                p = pred[start + i] + zero          # of −0: 0
                a[i] = low if p < low else p
                c[i] = zero
            vlog(&a[0], &c[0], &a[0], n)
            for i in range(n):
                p = one - pred[start + i]
                b[i] = low if p < low else p
                c[i] = zero if p < low else (one - p) - pred[start + i]
            vlog(&b[0], &c[0], &b[0], n)
            for i in range(n):
                p = zero if target[start + i] == zero else target[start + i] * a[i]
                u = zero if target[start + i] == one else (one - target[start + i]) * b[i]
                a[i] = p + u
        else:
            for i in range(n):
                p = pred[start + i] + zero
                u = one - p
                c[i] = zero if (target[start + i] == one) | (u < low) else (one - u) - p
                u = p if target[start + i] == one else u
                a[i] = low if u < low else u
            vlog(&a[0], &c[0], &a[0], n)
    elif Pointwise is CrossEntropyTerm:
        # a = log p, of a p not below eps
        if not wanted & VALUE:
            return 0
        low = <real>loss.eps
        for i in range(n):
            p = pred[start + i] + zero
            a[i] = low if p < low else p
            c[i] = zero
        vlog(&a[0], &c[0], &a[0], n)
    elif Pointwise is Exp:
        vexp(&pred[start], &a[0], n)
    elif Pointwise is Expm1:
        vexpm1(&pred[start], &a[0], n)
    elif Pointwise is Log or Pointwise is Log1m:
        for i in range(n):
            a[i] = pred[start + i] if Pointwise is Log else one - pred[start + i]
            c[i] = zero if Pointwise is Log else (one - a[i]) - pred[start + i]
        vlog(&a[0], &c[0], &a[0], n)
    elif Pointwise is Log1p:
        vlog1p(&pred[start], &a[0], n)
    return 0


cdef inline void point(Pointwise loss, real pred, real target, real a, real b,
                       real* value, real* grad, real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2
    cdef real d, m, r, s, t, p, q, u, v, delta, huge
    if Pointwise is Mse:
        d = pred - target
        value[0] = d * d
        grad[0] = two * d
        hess[0] = bound[0] = two
    elif Pointwise is Mae:
        d = pred - target
        value[0] = absolute(d)
        grad[0] = one if d > zero else (-one if d < zero else d)
        hess[0] = zero
        bound[0] = one              # as boosters have it
    elif Pointwise is Huber:
        # q = min(|d|, δ), and q·(|d| − ½q) is both branches of the definition.
        delta = <real>loss.delta
        d = pred - target
        m = absolute(d)
        q = delta if m > delta else m
        value[0] = q * (m - half * q)
        grad[0] = clip(d, -delta, delta)
        hess[0] = one if m <= delta else (zero if m > delta else m)
        bound[0] = delta / m if m > delta else (one if m <= delta else m)
    elif Pointwise is PseudoHuber:
        # δ²(√(1 + r²) − 1) = d²/(1 + √(1 + r²)), r = d/δ: nothing cancels. Where r² could overflow, the root is |r|.
        delta = <real>loss.delta
        huge = <real>HUGE_SQUARE
        d = pred - target
        m = absolute(d)
        value[0] = delta * m if b > huge else m * (m / (one + root(b, a)))
        grad[0] = (delta if d > zero else -delta) if b > huge else over_root(d, a)
        hess[0] = zero if b > huge else over_root(one, a) / b
        bound[0] = delta / m if b > huge else over_root(one, a)
    elif Pointwise is LogCosh:
        # δ² log cosh r, r = |d|/δ, with e = e⁻ʳ and z = 1 − e: tanh r = z(1 + e)/(1 + e²), 1/cosh r = 2e/(1 + e²). Where r² is nothing
        # beside 1, r itself may have left the range: there it is ½d².
        delta = <real>loss.delta
        huge = <real>(TINY_F if real is float else TINY_D)
        d = pred - target
        m = absolute(d)
        u = one + a if m <= delta else a
        v = -a if m <= delta else one - a
        s = one + u * u
        t = delta * (v * (one + u) / s)
        t = m if v < huge else t
        value[0] = delta * (delta * b) if m <= delta else delta * ((m - delta * <real>LN_2) + delta * b)
        value[0] = half * m * m if v < huge else value[0]
        grad[0] = t if d > zero else -t
        hess[0] = (two * u / s) * (two * u / s)
        bound[0] = t / m if m > zero else one + m
    elif Pointwise is Hinge:
        m = one - target * pred
        m = zero if m < zero else m
        value[0] = m
        grad[0] = -target if m > zero else m
        hess[0] = bound[0] = zero
    elif Pointwise is SquaredHinge:
        m = one - target * pred
        m = zero if m < zero else m
        value[0] = m * m
        grad[0] = -two * target * m
        hess[0] = two if m > zero else m
        bound[0] = two + zero * m
    elif Pointwise is BinaryCrossEntropy:
        # −t log p − (1 − t) log(1 − p). A logarithm that eps holds constant has no slope; without it, the other's is left.
        t = target
        value[0] = zero - a
        p = pred + zero             # of −0: 0
        q = one - p
        r = <real>loss.eps
        d = one if t == zero else (-one if t == one else p - t)
        m = q if t == zero else (p if t == one else p * q)
        d = one - t if p < r else (-t if q < r else d)
        m = q if p < r else (p if q < r else m)
        grad[0] = d / m
        u = t / p / p
        v = (one - t) / q / q
        hess[0] = (zero if (t == zero) | (p < r) else u) + (zero if (t == one) | (q < r) else v)
        bound[0] = hess[0]
    elif Pointwise is CrossEntropyTerm:
        # −t·log p, 0·log 0 = 0; without slope where eps holds it constant. 0·log NaN is NaN, and so is the slope.
        p = pred + zero
        m = p if target == zero else -a
        value[0] = target * m
        q = zero if (p < <real>loss.eps) | ((target == zero) & (p == zero)) else target / p
        grad[0] = -q
        hess[0] = zero if q == zero else q / p
        bound[0] = hess[0]
    elif Pointwise is SigmoidCrossEntropy:
        # u·softplus(−x) + v·softplus(x), u = P·t and v = 1 − t after smoothing; softplus(±x) = max(±x, 0) + b.
        if (loss.pos_weight == 1) & (loss.label_smoothing == 0):    # the same to the last bit, sooner
            u = target
            v = one - target
            s = one
        else:
            t = target + <real>loss.label_smoothing * (half - target)
            u = <real>loss.pos_weight * t
            v = one - t
            s = u + v
        m = v if pred > zero else u
        value[0] = (zero if m == zero else m * absolute(pred)) + s * b
        q = one / (one + a)
        p = q if pred > zero else a * q
        q = a * q if pred > zero else q
        grad[0] = v * p - u * q
        hess[0] = (u + v) * (p * q)     # not s: a label that is NaN shows here too
        # Each softplus lies below the parabola that touches it at x and −x, of curvature tanh(x/2)/(2x).
        r = half * absolute(pred)
        bound[0] = (u + v) * (tanh_over(r) if r < half else (one - a) / (one + a) / r) * <real>0.25
    elif Pointwise is Sigmoid:
        s = one + a
        value[0] = quotient(one if pred > zero else a, s, a - (s - one))
    elif Pointwise is LogSigmoid:
        value[0] = (zero if pred > zero else pred) - b
    elif Pointwise is Softplus:
        value[0] = (zero if pred < zero else pred) + b
    else:
        value[0] = a


cdef inline real tanh_over(real x) noexcept nogil:
    """tanh(x)/x for |x| <= ½, by its continued fraction."""
    cdef real q = x * x, one = 1, three = 3, five = 5, seven = 7, nine = 9, eleven = 11, thirteen = 13
    return one / (one + q / (three + q / (five + q / (seven + q / (nine + q / (eleven + q / thirteen))))))


cdef inline real lift_of(double scale, real kind) noexcept nogil:
    """A power of two that brings a scale near the end of the numbers' range back from it; else 1."""
    cdef double far = FAR_F if real is float else FAR_D
    if scale > far:
        return <real>(1 / LIFT)
    return <real>LIFT if scale < 1 / far else <real>1
