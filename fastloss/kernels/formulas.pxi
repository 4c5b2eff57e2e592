# The losses. Each is a tag (a struct of its parameters, in the order of its public definition) and a branch in `inspect`,
# `prepare` and `point`, decided when compiling. No loop over a batch stands here; no formula stands anywhere else.

cdef extern from *:
    """
    #define HUGE_SQUARE 0x1p120   /* from here on 1 + |r| and sqrt(1 + r*r) are |r| to the last bit; float still holds it */
    #define LINE_AT_0 1.457       /* 1/s is 1.457 - s/2 for 1 <= s <= 2, to 9 % */
    #define FAR_F 0x1p100         /* beyond these and below their inverses, the inverse of a scale is not a normal number */
    #define FAR_D 0x1p1000
    #define LIFT 0x1p64
    """
    const double HUGE_SQUARE, LINE_AT_0, FAR_F, FAR_D, LIFT

cdef struct Mse:
    double unused

cdef struct Mae:
    double unused

cdef struct Huber:
    double delta

cdef struct PseudoHuber:
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

# Of rows of probabilities, where every number counts alike: a row's loss is a sum, and rows need not be told apart.
cdef struct CrossEntropyTerm:
    double eps

cdef struct Sigmoid:
    double unused

cdef struct LogSigmoid:
    double unused

cdef struct Softplus:
    double unused

# The vector functions themselves, for the tests of their accuracy.
cdef struct Exp:
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
    Hinge
    SquaredHinge
    BinaryCrossEntropy
    SigmoidCrossEntropy
    CrossEntropyTerm
    Sigmoid
    LogSigmoid
    Softplus
    Exp
    Log
    Log1m
    Log1p

cdef enum:
    OUTSIDE = 1             # an input is outside the loss's domain
    SOFT = 2                # a label is neither 0 nor 1
    LACKING = 4             # (not seen by `inspect`) there was no memory


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


cdef inline int inspected(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """All that `inspect` sees, or'ed into a flag as wide as the numbers: the loop stays within one kind of vector."""
    cdef Py_ssize_t i, m = n & ~(<Py_ssize_t>LANES - 1)
    cdef int narrow = 0
    cdef long long wide = 0
    if Pointwise is Hinge or Pointwise is SquaredHinge:
        if not beyond_signs(target, m):
            return 0
    elif Pointwise is SigmoidCrossEntropy:
        if not beyond_unit(target, m):
            return 0
    elif Pointwise is CrossEntropyTerm:
        if not (beyond_unit(pred, m) or beyond_unit(target, m)):
            return 0
    elif Pointwise is BinaryCrossEntropy:
        if not (beyond_unit(pred, m) or beyond_unit(target, m)):
            return SOFT if inside_unit(target, m) else 0
    if real is float:
        for i in range(m):
            narrow |= inspect(loss, pred[i], target[i])
        return narrow
    else:
        for i in range(m):
            wide |= inspect(loss, pred[i], target[i])
        return <int>wide


cdef inline void prepare(Pointwise loss, const real* pred, const real* target, real* a, real* b, real* c, Py_ssize_t n,
                         bint value, int seen) noexcept nogil:
    """Vector functions, over n elements at a time, for `point` to find at a[i] and b[i]; c is scratch.

    `value` says whether the loss itself is wanted, `seen` is all that `inspect` saw.
    """
    cdef Py_ssize_t i, m = n & ~(<Py_ssize_t>LANES - 1)     # n is a multiple already; this tells the compiler
    cdef real low, lift, inverse, p, u, zero = 0, one = 1
    if (Pointwise is SigmoidCrossEntropy or Pointwise is Sigmoid or Pointwise is LogSigmoid or Pointwise is Softplus):
        # a = exp(−|x|), b = log(1 + exp(−|x|))
        for i in range(m):
            a[i] = -absolute(pred[i])
        vexp(a, a, m)
        if value and Pointwise is not Sigmoid:
            vlog1p(a, b, m)
    elif Pointwise is PseudoHuber:
        # √b, in vroot's terms, for b = 1 + r²
        p = <real>loss.delta
        lift = lift_of(p, pred)
        inverse = <real>(1 / (<double>p * lift))
        for i in range(m):
            p = (pred[i] - target[i]) * lift * inverse
            b[i] = one + p * p
        vroot(b, a, m)
    elif Pointwise is BinaryCrossEntropy:
        # a = t·log p + (1 − t)·log(1 − p) of arguments not below eps, with 0·log 0 = 0. A hard label needs one logarithm.
        if not value:
            return
        low = <real>loss.eps
        if seen & SOFT:
            for i in range(m):
                p = pred[i] + zero          # of −0: 0
                a[i] = low if p < low else p
                c[i] = zero
            vlog(a, c, a, m)
            for i in range(m):
                p = one - pred[i]
                b[i] = low if p < low else p
                c[i] = zero if p < low else (one - p) - pred[i]
            vlog(b, c, b, m)
            for i in range(m):
                p = zero if target[i] == zero else target[i] * a[i]
                u = zero if target[i] == one else (one - target[i]) * b[i]
                a[i] = p + u
        else:
            for i in range(m):
                p = pred[i] + zero
                u = one - p
                c[i] = zero if (target[i] == one) | (u < low) else (one - u) - p
                u = p if target[i] == one else u
                a[i] = low if u < low else u
            vlog(a, c, a, m)
    elif Pointwise is CrossEntropyTerm:
        # a = log p, of a p not below eps
        if not value:
            return
        low = <real>loss.eps
        for i in range(m):
            p = pred[i] + zero
            a[i] = low if p < low else p
            c[i] = zero
        vlog(a, c, a, m)
    elif Pointwise is Exp:
        vexp(pred, a, m)
    elif Pointwise is Log or Pointwise is Log1m:
        for i in range(m):
            a[i] = pred[i] if Pointwise is Log else one - pred[i]
            c[i] = zero if Pointwise is Log else (one - a[i]) - pred[i]
        vlog(a, c, a, m)
    elif Pointwise is Log1p:
        vlog1p(pred, a, m)


cdef inline void point(Pointwise loss, real pred, real target, real a, real b,
                       real* value, real* grad, real* hess) noexcept nogil:
    """One sample's loss, derivative and second derivative. What nobody reads is never computed.

    Constants have names because a literal would be a double, and drag the float beside it along.
    """
    cdef real zero = 0, half = 0.5, one = 1, two = 2
    cdef real d, m, r, s, t, p, q, u, v, delta, huge
    if Pointwise is Mse:
        d = pred - target
        value[0] = d * d
        grad[0] = two * d
        hess[0] = two
    elif Pointwise is Mae:
        d = pred - target
        value[0] = absolute(d)
        grad[0] = one if d > zero else (-one if d < zero else d)
        hess[0] = zero
    elif Pointwise is Huber:
        # q = min(|d|, δ), and q·(|d| − ½q) is both branches of the definition.
        delta = <real>loss.delta
        d = pred - target
        m = absolute(d)
        q = delta if m > delta else m
        value[0] = q * (m - half * q)
        grad[0] = clip(d, -delta, delta)
        hess[0] = one if m <= delta else (zero if m > delta else m)
    elif Pointwise is PseudoHuber:
        # δ²(√(1 + r²) − 1) = d²/(1 + √(1 + r²)), r = d/δ: nothing cancels. Where r² could overflow, the root is |r|.
        delta = <real>loss.delta
        huge = <real>HUGE_SQUARE
        d = pred - target
        m = absolute(d)
        value[0] = delta * m if b > huge else m * (m / (one + root(b, a)))
        grad[0] = (delta if d > zero else -delta) if b > huge else over_root(d, a)
        hess[0] = zero if b > huge else over_root(one, a) / b
    elif Pointwise is Hinge:
        m = one - target * pred
        m = zero if m < zero else m
        value[0] = m
        grad[0] = -target if m > zero else m
        hess[0] = zero
    elif Pointwise is SquaredHinge:
        m = one - target * pred
        m = zero if m < zero else m
        value[0] = m * m
        grad[0] = -two * target * m
        hess[0] = two if m > zero else m
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
    elif Pointwise is CrossEntropyTerm:
        # −t·log p, 0·log 0 = 0; without slope where eps holds it constant. 0·log NaN is NaN, and so is the slope.
        p = pred + zero
        m = p if target == zero else -a
        value[0] = target * m
        q = zero if (p < <real>loss.eps) | ((target == zero) & (p == zero)) else target / p
        grad[0] = -q
        hess[0] = zero if q == zero else q / p
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
    elif Pointwise is Sigmoid:
        # With what rounding took from 1 + a, which counts by 1/(1 + a); a line is near enough to that.
        s = one + a
        q = (one if pred > zero else a) / s
        value[0] = q - q * ((a - (s - one)) * (<real>LINE_AT_0 - half * s))
    elif Pointwise is LogSigmoid:
        value[0] = (zero if pred > zero else pred) - b
    elif Pointwise is Softplus:
        value[0] = (zero if pred < zero else pred) + b
    else:
        value[0] = a


cdef inline real lift_of(double scale, const real* kind) noexcept nogil:
    """A power of two that brings a scale near the end of the numbers' range back from it; else 1."""
    cdef double far = FAR_F if real is float else FAR_D
    if scale > far:
        return <real>(1 / LIFT)
    return <real>LIFT if scale < 1 / far else <real>1


cdef inline real clip(real x, real low, real high) noexcept nogil:
    return low if x < low else (high if x > high else x)
