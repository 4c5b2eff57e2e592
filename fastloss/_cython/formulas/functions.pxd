"""Functions of one number, as formulas that have only a value. See robust.pxd for how a file of formulas is made."""

from ..block cimport LANES
from ..vectors cimport absolute, quotient, vexp, vexpm1, vgrow, vlog, vlog1p, vlogone, vlogunit
from ..views cimport real

cdef struct Sigmoid:
    double unused

cdef struct LogSigmoid:
    double unused

cdef struct Softplus:
    double unused

cdef struct Exp:                # the vector functions themselves, for the tests of their accuracy
    double unused

cdef struct Grow:
    double unused

cdef struct Expm1:
    double unused

cdef struct Log:
    double unused

cdef struct Log1m:
    double unused

cdef struct Log1p:
    double unused

cdef struct LogOne:
    double unused

ctypedef fused Pointwise:
    Sigmoid
    LogSigmoid
    Softplus
    Exp
    Grow
    Expm1
    Log
    Log1m
    Log1p
    LogOne


cdef inline Pointwise ready(Pointwise loss, real kind) noexcept nogil:
    """With what is the same for all samples."""
    return loss


cdef inline int inspect(Pointwise loss, real pred, real target) noexcept nogil:
    """Any real number will do."""
    return 0


cdef inline int suspect(Pointwise loss, const real* pred, const real* target, Py_ssize_t n) noexcept nogil:
    return 0


cdef inline bint prepares(Pointwise loss) noexcept nogil:
    """Whether it needs vector functions."""
    return True


cdef inline int prepare(Pointwise loss, const real[::1] pred, const real[::1] target, real[:, ::1] work, Py_ssize_t start,
                        Py_ssize_t m, int wanted, int seen) except -1 nogil:
    """Vector functions of m numbers from `start` on, for `point` to find at work[:, i]."""
    cdef Py_ssize_t i, n = m & ~(<Py_ssize_t>LANES - 1)
    cdef real one = 1
    if Pointwise is Sigmoid or Pointwise is LogSigmoid or Pointwise is Softplus:
        # work[0] = exp(−|x|), work[1] = log(1 + exp(−|x|))
        for i in range(n):
            work[0, i] = -absolute(pred[start + i])
        vexp(&work[0, 0], &work[0, 0], n)
        if Pointwise is not Sigmoid:
            vlog1p(&work[0, 0], &work[1, 0], n)
    elif Pointwise is Exp:
        vexp(&pred[start], &work[0, 0], n)
    elif Pointwise is Grow:
        vgrow(&pred[start], &work[0, 0], n)
    elif Pointwise is Expm1:
        vexpm1(&pred[start], &work[0, 0], n)
    elif Pointwise is Log:
        vlog(&pred[start], &work[0, 0], n)
    elif Pointwise is Log1m:
        for i in range(n):
            work[0, i] = one - pred[start + i]
            work[1, i] = (one - work[0, i]) - pred[start + i]
        vlogunit(&work[0, 0], &work[1, 0], &work[0, 0], n)
    elif Pointwise is Log1p:
        vlog1p(&pred[start], &work[0, 0], n)
    elif Pointwise is LogOne:
        vlogone(&pred[start], &work[0, 0], n)
    return 0


cdef inline void point(Pointwise loss, real pred, real target, const real[:, ::1] work, Py_ssize_t i, real* value, real* grad,
                       real* hess, real* bound) noexcept nogil:
    """One number's."""
    cdef real zero = 0, one = 1, a = work[0, i], s
    if Pointwise is Sigmoid:
        s = one + a
        value[0] = quotient(one if pred > zero else a, s, a - (s - one))
    elif Pointwise is LogSigmoid:
        value[0] = (zero if pred > zero else pred) - work[1, i]
    elif Pointwise is Softplus:
        value[0] = (zero if pred < zero else pred) + work[1, i]
    else:
        value[0] = a
