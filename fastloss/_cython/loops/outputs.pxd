"""Loops of losses of two outputs. These stand side by side: sample i has the location 2i and the logarithm of a scale 2i + 1, and so its
derivatives."""

from ..block cimport BOUND, GRAD, HESS, LANES, VALUE, Block, Sums
from ..formulas.outputs cimport PREPARED, TwoOutputs, point, prepare
from ..views cimport reading, real, writing, writing_rows
from .samples cimport scaled, weigh

cdef enum:
    STAGE = 128


cdef inline int two_outputs(const TwoOutputs* loss, const real* pred, const real* target, const Block* block,
                            Sums* sums) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t n = block.size
    cdef real stage[STAGE]
    cdef double wide[PREPARED * STAGE]
    return stages(loss[0], reading(pred, 2 * n), reading(target, n), reading(block.weight, n if block.weight is not NULL else 0),
                  writing(stage, STAGE), writing_rows(wide, PREPARED, STAGE, STAGE), writing(<real*>block.value, n if block.value is not NULL else 0),
                  writing(<real*>block.grad, 2 * n if block.grad is not NULL else 0),
                  writing(<real*>block.hess, 2 * n if block.hess is not NULL else 0), block, sums)


cdef inline int stages(TwoOutputs loss, const real[::1] pred, const real[::1] target, const double[::1] weight, real[::1] a,
                       double[:, ::1] wide, real[::1] value, real[::1] grad, real[::1] hess, const Block* block, Sums* sums) except -1 nogil:
    cdef Py_ssize_t start = 0, n = target.shape[0], m
    if weight.shape[0] > 0:
        weigh(weight, sums)
    while start < n and block.wanted != 0:
        m = min(<Py_ssize_t>STAGE, n - start)
        prepare(loss, pred, target, a, wide, start, m)
        if weight.shape[0] == 0 and value.shape[0] == 0 and block.wanted == VALUE:
            total(loss, pred, target, a, wide, start, m, sums)
        else:
            evaluate(loss, pred, target, weight, a, wide, value, grad, hess, start, m, block, sums)
        start += m
    return 0


cdef inline int total(TwoOutputs loss, const real[::1] pred, const real[::1] target, const real[::1] a, const double[:, ::1] wide,
                      Py_ssize_t start, Py_ssize_t m, Sums* sums) except -1 nogil:
    """Σ loss."""
    cdef real v_block[LANES]
    cdef real v = 0, g = 0, gs = 0, h = 0, hs = 0
    cdef Py_ssize_t i = 0, k, j
    while i < m:
        for k in range(LANES):
            j = start + i + k
            point(loss, pred[2 * j], pred[2 * j + 1], target[j], a[i + k], wide, i + k, False, &v, &g, &gs, &h, &hs)
            v_block[k] = v
        for k in range(LANES):
            sums.value[k] += v_block[k]
        i += LANES
    return 0


cdef inline int evaluate(TwoOutputs loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                         const real[::1] a, const double[:, ::1] wide, real[::1] value, real[::1] grad, real[::1] hess,
                         Py_ssize_t start, Py_ssize_t m, const Block* block, Sums* sums) except -1 nogil:
    """Whatever is wanted; as the pointwise loop of this name. An output may be an input: a block is read before it is written."""
    cdef real v_block[LANES]
    cdef real g_block[LANES]
    cdef real gs_block[LANES]
    cdef real h_block[LANES]
    cdef real hs_block[LANES]
    cdef double w_block[LANES]
    cdef real v = 0, g = 0, gs = 0, h = 0, hs = 0, scale = <real>block.scale
    cdef Py_ssize_t i = 0, k, j
    cdef bint weighted = weight.shape[0] > 0, each = value.shape[0] > 0, bounded = block.wanted & BOUND
    cdef int wanted = block.wanted
    while i < m:
        for k in range(LANES):
            j = start + i + k
            point(loss, pred[2 * j], pred[2 * j + 1], target[j], a[i + k], wide, i + k, bounded, &v, &g, &gs, &h, &hs)
            v_block[k] = v
            g_block[k] = g
            gs_block[k] = gs
            h_block[k] = h
            hs_block[k] = hs
        if weighted:
            for k in range(LANES):
                w_block[k] = weight[start + i + k]
        if wanted & VALUE and each and weighted:
            for k in range(LANES):
                value[start + i + k] = <real>(v_block[k] * w_block[k]) if w_block[k] != 0 else 0
        elif wanted & VALUE and each:
            for k in range(LANES):
                value[start + i + k] = v_block[k]
        elif wanted & VALUE and weighted:
            for k in range(LANES):
                sums.value[k] += <double>v_block[k] * w_block[k] if w_block[k] != 0 else 0.0
        elif wanted & VALUE:
            for k in range(LANES):
                sums.value[k] += v_block[k]
        if wanted & GRAD:
            for k in range(LANES):
                g_block[k] = scaled(g_block[k], w_block[k], weighted, scale, block.scale)
                gs_block[k] = scaled(gs_block[k], w_block[k], weighted, scale, block.scale)
            for k in range(LANES):
                grad[2 * (start + i + k)] = g_block[k]
                grad[2 * (start + i + k) + 1] = gs_block[k]
        if wanted & (HESS | BOUND):
            for k in range(LANES):
                h_block[k] = scaled(h_block[k], w_block[k], weighted, scale, block.scale)
                hs_block[k] = scaled(hs_block[k], w_block[k], weighted, scale, block.scale)
            for k in range(LANES):
                hess[2 * (start + i + k)] = h_block[k]
                hess[2 * (start + i + k) + 1] = hs_block[k]
        i += LANES
    return 0
