"""Losses of a probability, or of a score that becomes one, against a label or a probability. See robust.pxd for how a file of
formulas is made.

Of a score x: a = exp(−|x|), b = log(1 + a), p = σ(x), q = σ(−x), and softplus(±x) = max(±x, 0) + b.
"""

from libc.math cimport INFINITY

from ..block cimport LANES, OUTSIDE, SOFT, VALUE
from ..vectors cimport absolute, beyond_unit, inside_unit, multiply_add, softplus_bound, vexp, vlog, vlog1p, vlogunit
from ..views cimport real

cdef struct BinaryCrossEntropy:
    double eps

cdef struct SigmoidCrossEntropy:
    double pos_weight
    double label_smoothing

cdef struct SigmoidFocal:
    double gamma
    double alpha                # NaN: none

cdef struct SigmoidBrier:
    double unused

cdef struct SigmoidAsymmetric:
    double gamma_pos
    double gamma_neg
    double clip

cdef struct CrossEntropyTerm:   # as regression.pxd's SquareTerm
    double eps

ctypedef fused Pointwise:
    BinaryCrossEntropy
    SigmoidCrossEntropy
    SigmoidFocal
    SigmoidBrier
    SigmoidAsymmetric
    CrossEntropyTerm


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """What is to be known of a pair before it is computed. NaN is inside every domain: it goes through."""
    cdef real zero = 0, one = 1
    if Pointwise is SigmoidCrossEntropy or Pointwise is SigmoidBrier:
        return (target < zero) | (target > one)
    elif Pointwise is SigmoidFocal:
        return (target < zero) | (target > one) | (((target != zero) & (target != one)) << 1)
    elif Pointwise is SigmoidAsymmetric:
        return (target != zero) & (target != one) & (target == target)
    elif Pointwise is CrossEntropyTerm:
        return (pred < zero) | (pred > one) | (target < zero) | (target > one)
    else:
        return ((pred < zero) | (pred > one) | (target < zero) | (target > one)) | (((target != zero) & (target != one)) << 1)


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    """A quick look at the bits: 0, if `inspect` has nothing to say of n pairs; SOFT if that is all; else OUTSIDE, it may have."""
    if Pointwise is SigmoidCrossEntropy or Pointwise is SigmoidBrier:
        return beyond_unit(target, n)
    elif Pointwise is SigmoidFocal:
        if beyond_unit(target, n):
            return OUTSIDE
        return SOFT if inside_unit(target, n) else 0
    elif Pointwise is SigmoidAsymmetric:
        return beyond_unit(target, n) or inside_unit(target, n)
    elif Pointwise is CrossEntropyTerm:
        return beyond_unit(pred, n) or beyond_unit(target, n)
    else:
        if beyond_unit(pred, n) or beyond_unit(target, n):
            return OUTSIDE
        return SOFT if inside_unit(target, n) else 0


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return True


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m samples from `start` on, for `point` to find at work[:, i]. `seen` is all that `inspect` saw."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)     # it is a multiple; this tells the compiler
    cdef bint soft
    cdef real low, p, q, t, u, x, gamma, zero = 0, half = 0.5, one = 1
    if Pointwise is SigmoidCrossEntropy or Pointwise is SigmoidBrier:
        # work[0] = a, work[1] = b
        for i in range(n):
            work[0, i] = -absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        if wanted & VALUE and Pointwise is SigmoidCrossEntropy:
            vlog1p(&work[0, 0], &work[1, 0], n)
    elif Pointwise is SigmoidFocal:
        # work[0] = a, work[1] = b, work[2] = w·Q^γ, of the weight w = αt + (1 − α)(1 − t), or 1, and the probability of being wrong,
        # Q = t·q + (1 − t)·p. Of a hard label, log Q = −softplus.
        soft = (seen & SOFT) != 0
        gamma = <real>loss.gamma
        for i in range(n):
            work[0, i] = -absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        vlog1p(&work[0, 0], &work[1, 0], n)
        if by_products(loss.gamma) or soft:
            for i in range(n):
                p = one / (one + work[0, i])
                q = work[0, i] * p
                t = target[start + i]
                u = one - t
                work[2, i] = t * q + u * p if pred[start + i] > zero else t * p + u * q
        if by_products(loss.gamma):
            raise_to(work, 2, 2, n, loss.gamma)
        else:
            if soft:
                vlog(&work[2, 0], &work[3, 0], n)
            for i in range(n):
                t = target[start + i]
                x = pred[start + i]
                x = x if t == one else -x
                x = -(x if x > zero else zero) - work[1, i]
                u = work[3, i]
                x = u if soft & (t != zero) & (t != one) else x
                work[2, i] = gamma * x
            vexp(&work[2, 0], &work[2, 0], n)
        if loss.alpha == loss.alpha:
            p = <real>loss.alpha
            q = <real>(1 - loss.alpha)
            for i in range(n):
                t = target[start + i]
                work[2, i] *= p * t + q * (one - t)
    elif Pointwise is SigmoidAsymmetric:
        # work[0] = a, work[1] = b. Of a negative label that is clipped: work[3] = log(1 − v), v = max(p − clip, 0). work[2] = the
        # power of v, or of the probability of being wrong; work[4] its logarithm, where that is needed; work[5], work[6] both powers.
        low = <real>loss.clip
        for i in range(n):
            work[0, i] = -absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        vlog1p(&work[0, 0], &work[1, 0], n)
        for i in range(n):
            x = pred[start + i]
            t = work[0, i]
            u = one / (one + t)
            p = u if x > zero else t * u
            q = t * u if x > zero else u
            u = p - low
            u = zero if u < zero else u
            work[2, i] = u if target[start + i] == zero else q
            q = q + low
            x = one - u
            work[3, i] = x if u < half else (one if q > one else q)
            work[4, i] = (one - x) - u if u < half else zero
        vlogunit(&work[3, 0], &work[4, 0], &work[3, 0], n)
        if not (by_products(loss.gamma_pos) and by_products(loss.gamma_neg)):
            vlog(&work[2, 0], &work[4, 0], n)
            for i in range(n):
                t = target[start + i]
                x = pred[start + i]
                x = x if t == one else -x
                x = -(x if x > zero else zero) - work[1, i]
                u = work[4, i]
                work[4, i] = u if (low > zero) & (t == zero) else x
        power_of(work, 2, 4, 5, n, loss.gamma_pos)
        power_of(work, 2, 4, 6, n, loss.gamma_neg)
        for i in range(n):
            p = work[5, i]
            q = work[6, i]
            work[2, i] = p if target[start + i] == one else q
    elif Pointwise is CrossEntropyTerm:
        # work[0] = log p, of a p not below eps
        if not wanted & VALUE:
            return 0
        low = <real>loss.eps
        for i in range(n):
            p = pred[start + i] + zero
            work[0, i] = low if p < low else p
        vlog(&work[0, 0], &work[0, 0], n)
    else:
        # work[0] = t·log p + (1 − t)·log(1 − p) of arguments not below eps, with 0·log 0 = 0. A hard label needs one logarithm.
        if not wanted & VALUE:
            return 0
        low = <real>loss.eps
        if seen & SOFT:
            for i in range(n):
                p = pred[start + i] + zero          # of −0: 0
                work[0, i] = low if p < low else p
            vlog(&work[0, 0], &work[0, 0], n)
            for i in range(n):
                p = one - pred[start + i]
                work[1, i] = low if p < low else p
                work[2, i] = zero if p < low else (one - p) - pred[start + i]
            vlogunit(&work[1, 0], &work[2, 0], &work[1, 0], n)
            for i in range(n):
                p = zero if target[start + i] == zero else target[start + i] * work[0, i]
                u = zero if target[start + i] == one else (one - target[start + i]) * work[1, i]
                work[0, i] = p + u
        else:
            for i in range(n):
                p = pred[start + i] + zero
                u = one - p
                work[2, i] = zero if (target[start + i] == one) | (u < low) else (one - u) - p
                u = p if target[start + i] == one else u
                work[0, i] = low if u < low else u
            vlogunit(&work[0, 0], &work[2, 0], &work[0, 0], n)
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One sample's loss, derivative, second derivative and a majorizer of that. What nobody reads is never computed."""
    cdef real zero = 0, half = 0.5, one = 1, two = 2
    cdef real a, b, c, d, k, m, p, q, r, s, t, u, v, w, x, y, gamma
    cdef bint shifted
    if Pointwise is BinaryCrossEntropy:
        # −t log p − (1 − t) log(1 − p). A logarithm that eps holds constant has no slope; without it, the other's is left.
        t = target
        value[0] = zero - work[0, i]
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
        a = work[0, i]
        p = pred + zero
        m = p if target == zero else -a
        value[0] = target * m
        q = zero if (p < <real>loss.eps) | ((target == zero) & (p == zero)) else target / p
        grad[0] = -q
        hess[0] = zero if q == zero else q / p
        bound[0] = hess[0]
    elif Pointwise is SigmoidCrossEntropy:
        # u·softplus(−x) + v·softplus(x), u = P·t and v = 1 − t after smoothing, each a sum of what is not negative
        a = work[0, i]
        x = <real>(1 - loss.label_smoothing)
        y = <real>(0.5 * loss.label_smoothing)
        u = <real>(loss.pos_weight * (1 - loss.label_smoothing)) * target + <real>(loss.pos_weight * 0.5 * loss.label_smoothing)
        v = x * (one - target) + y
        s = u + v
        m = v if pred > zero else u
        value[0] = (zero if m == zero else m * absolute(pred)) + s * work[1, i]
        q = one / (one + a)
        p = q if pred > zero else a * q
        q = a * q if pred > zero else q
        grad[0] = multiply_add(v, p, -(u * q))
        hess[0] = s * (p * q)
        bound[0] = s * softplus_bound(pred, a)
    else:
        # d = p − t and, where a label is hard, nothing cancels
        a = work[0, i]
        t = target
        r = one / (one + a)
        p = r if pred > zero else a * r
        q = a * r if pred > zero else r
        r = (one - a) * r
        r = -r if pred > zero else r        # q − p
        d = multiply_add(one - t, p, -(t * q))
        v = p * q
        if Pointwise is SigmoidBrier:
            value[0] = d * d
            grad[0] = two * d * v
            s = d * r
            hess[0] = two * v * multiply_add(d, r, v)
            bound[0] = two * v * (v + (zero if s < zero else s))
        else:
            # w·Q^γ·C: with k = (1 − 2t)pq/Q, the derivative of log Q, and c = C·k, gradient w·Q^γ(d + γc), Hessian
            # w·Q^γ(pq + 2γdk + γc(q − p − k + γk)).
            if Pointwise is SigmoidFocal:
                gamma = <real>loss.gamma
            else:
                gamma = <real>loss.gamma_pos
                x = <real>loss.gamma_neg
                gamma = gamma if t == one else x
            w = work[2, i]
            x = work[1, i]
            y = work[3, i]
            s = t * q + (one - t) * p
            u = softplus_share(t, pred > zero, pred, x) + softplus_share(one - t, pred < zero, pred, x)
            m = one - two * t
            k = m if s == zero else m * v / s
            c = zero if k == zero else u * k
            b = zero if (t == zero) | (t == one) else u     # a soft label's power may be too small for the range
            value[0] = b if (w == zero) & (u == <real>INFINITY) else w * u
            b = r - k
            grad[0] = w * multiply_add(gamma, c, d)
            hess[0] = w * (v + two * gamma * d * k + gamma * c * (b + gamma * k))
            x = d * k
            b = c * b
            bound[0] = w * (v + two * gamma * (zero if x < zero else x) + gamma * ((zero if b < zero else b) + gamma * c * k))
            if Pointwise is SigmoidAsymmetric:
                # Of a negative label that is clipped, v^γ·L with v = max(p − clip, 0), L = −log(1 − v): by v, with r = L/v, its
                # derivatives are v^γ(1/(1 − v) + γr) and v^γ(1/(1 − v)² + γ(2/(1 − v) + (γ − 1)r)/v).
                x = <real>loss.clip
                s = p - x
                s = zero if s < zero else s
                m = q + x
                m = one / (one if m > one else m)
                u = -y / s
                k = w * (m + gamma * u)
                c = w * m * m + gamma * (two * m + (gamma - one) * u) * (w / s)
                shifted = (t == zero) & (x > zero)
                b = zero if s == zero else -w * y
                value[0] = b if shifted else value[0]
                b = zero if s == zero else k * v
                grad[0] = b if shifted else grad[0]
                b = zero if s == zero else v * (c * v + k * r)
                hess[0] = b if shifted else hess[0]
                bound[0] = hess[0]


cdef inline real softplus_share(real share, bint inside, real x, real b) noexcept nogil:
    """share·softplus(±x), where the sign makes x negative `inside`; 0·∞ is 0."""
    cdef real zero = 0
    return zero if share == zero else share * ((zero if inside else absolute(x)) + b)


cdef inline bint by_products(double gamma) noexcept nogil:
    """Whether a power is a product of few factors."""
    return (gamma == 0) | (gamma == 1) | (gamma == 2) | (gamma == 3) | (gamma == 4)


cdef inline int power_of(real[:, ::1] work, int source, int logs, int row, Py_ssize_t n, double gamma) except -1 nogil:
    """One row's numbers to a power, in another: by products, or by their logarithms in a third."""
    cdef Py_ssize_t i
    if by_products(gamma):
        return raise_to(work, source, row, n, gamma)
    for i in range(n):
        work[row, i] = <real>gamma * work[logs, i]
    vexp(&work[row, 0], &work[row, 0], n)
    return 0


cdef inline int raise_to(real[:, ::1] work, int source, int row, Py_ssize_t n, double gamma) except -1 nogil:
    """One row's numbers to a power that is a product, in another."""
    cdef real x, one = 1
    cdef Py_ssize_t i
    if gamma == 0:
        for i in range(n):
            x = work[source, i]
            work[row, i] = one if x == x else x
    elif gamma == 1:
        for i in range(n):
            work[row, i] = work[source, i]
    elif gamma == 2:
        for i in range(n):
            work[row, i] = work[source, i] * work[source, i]
    elif gamma == 3:
        for i in range(n):
            x = work[source, i]
            work[row, i] = x * x * x
    else:
        for i in range(n):
            x = work[source, i] * work[source, i]
            work[row, i] = x * x
    return 0
