"""Loops of losses of two outputs, whose samples stand in a workspace: location, scale, target and weight each in a line."""

from ..block cimport BOUND, GRAD, HESS, LANES, VALUE, Block, Sums
from ..formulas.outputs cimport TwoOutputs, point, prepare
from ..vectors cimport signless
from ..views cimport reading, real, writing
from .pointwise cimport weigh

cdef enum:
    STAGE = 128


cdef inline int two_outputs(const TwoOutputs* loss, const real* pred, const real* target, const Block* block,
                            Sums* sums) except -1 nogil:
    """The door. Second outputs stand `apart` bytes behind the first ones."""
    cdef Py_ssize_t n = block.size
    cdef real stage[STAGE]
    cdef bint grad = block.grad is not NULL, hess = block.hess is not NULL
    return stages(loss[0], reading(pred, n), reading(<const real*>(<const char*>pred + block.apart), n), reading(target, n),
                  reading(block.weight, n), writing(stage, STAGE),
                  writing(<real*>block.value, n if block.value is not NULL else 0),
                  writing(<real*>block.grad, n if grad else 0), writing(<real*>(<char*>block.grad + block.apart), n if grad else 0),
                  writing(<real*>block.hess, n if hess else 0), writing(<real*>(<char*>block.hess + block.apart), n if hess else 0),
                  block, sums)


cdef inline int stages(TwoOutputs loss, const real[::1] location, const real[::1] scale, const real[::1] target,
                       const double[::1] weight, real[::1] a, real[::1] value, real[::1] m_grad, real[::1] s_grad,
                       real[::1] m_hess, real[::1] s_hess, const Block* block, Sums* sums) except -1 nogil:
    """Every sample has a weight here, 1 if there are none: what stands beyond the end has 0."""
    cdef Py_ssize_t start = 0, n = target.shape[0], m, i
    cdef real v = 0, g = 0, gs = 0, h = 0, hs = 0
    cdef double w
    cdef int wanted = block.wanted
    weigh(weight, sums)
    if wanted == 0:
        return 0
    while start < n:
        m = min(<Py_ssize_t>STAGE, n - start)
        prepare(loss, scale, a, start, m)
        if wanted & VALUE:
            for i in range(start, start + m):
                point(loss, location[i], scale[i], target[i], a[i - start], &v, &g, &gs, &h, &hs)
                if value.shape[0] > 0:
                    value[i] = <real>(v * weight[i] if weight[i] != 0 else 0)
                sums.value[i & (LANES - 1)] += v * weight[i] if weight[i] != 0 else 0
        if wanted & GRAD:
            for i in range(start, start + m):
                point(loss, location[i], scale[i], target[i], a[i - start], &v, &g, &gs, &h, &hs)
                w = weight[i] * block.scale
                m_grad[i] = signless(<real>(g * w if w != 0 else 0))
                s_grad[i] = signless(<real>(gs * w if w != 0 else 0))
        if wanted & (HESS | BOUND):
            for i in range(start, start + m):
                point(loss, location[i], scale[i], target[i], a[i - start], &v, &g, &gs, &h, &hs)
                w = weight[i] * block.scale
                m_hess[i] = <real>(h * w if w != 0 else 0)
                s_hess[i] = <real>(hs * w if w != 0 else 0)
        start += m
    return 0
