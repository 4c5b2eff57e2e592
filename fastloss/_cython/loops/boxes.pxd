"""Loops of losses of boxes, four numbers each: corner by corner apart, so that each is a line."""

from ..block cimport LANES, VALUE, Block, Sums
from ..formulas.boxes cimport Box, Extent, Parts, by_side, extent, measure
from ..vectors cimport inverse_power, signless
from ..views cimport reading, real, writing, writing_rows
from .samples cimport weigh

cdef enum:
    STEP = 16               # boxes at a time
    SIDES = 4               # x1, y1, x2, y2

cdef enum:                  # lines
    PRED                    # four of them, as of each but the value
    TARGET = 4
    SLOPE = 8
    CURVATURE = 12
    WORTH = 16
    WEIGHT
    LINES


cdef inline int boxes(const Box* loss, const real* pred, const real* target, const Block* block, Sums* sums) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t n = block.size
    cdef double lines[LINES * STEP]
    return stages(loss[0], reading(pred, SIDES * n), reading(target, SIDES * n),
                  reading(block.weight, n if block.weight is not NULL else 0), writing_rows(lines, LINES, STEP, STEP),
                  writing(<real*>block.value, n if block.value is not NULL else 0),
                  writing(<real*>block.grad, SIDES * n if block.grad is not NULL else 0),
                  writing(<real*>block.hess, SIDES * n if block.hess is not NULL else 0), block, sums)


cdef inline int stages(Box loss, const real[::1] pred, const real[::1] target, const double[::1] weight, double[:, ::1] lines,
                       real[::1] values, real[::1] grad, real[::1] hess, const Block* block, Sums* sums) except -1 nogil:
    cdef Py_ssize_t start = 0, n = pred.shape[0] // SIDES, i, k
    cdef double w
    if weight.shape[0] > 0:
        weigh(weight, sums)
    while start < n and block.wanted != 0:
        for i in range(STEP):
            lines[WEIGHT, i] = weight[start + i] if weight.shape[0] > 0 else 1
        for k in range(SIDES):
            for i in range(STEP):
                lines[PRED + k, i] = pred[SIDES * (start + i) + k]
                lines[TARGET + k, i] = target[SIDES * (start + i) + k]
        if block.wanted & ~VALUE:
            judge(loss, lines, True)
        else:
            judge(loss, lines, False)
        for i in range(STEP):
            w = lines[WEIGHT, i]
            if block.wanted & VALUE and values.shape[0] > 0:
                values[start + i] = <real>(lines[WORTH, i] * w) if w != 0 else 0
            elif block.wanted & VALUE:
                sums.value[(start + i) % LANES] += lines[WORTH, i] * w if w != 0 else 0
        for k in range(SIDES if grad.shape[0] > 0 else 0):
            for i in range(STEP):
                w = lines[WEIGHT, i] * block.scale
                grad[SIDES * (start + i) + k] = signless(<real>(lines[SLOPE + k, i] * w if w != 0 else 0))
        for k in range(SIDES if hess.shape[0] > 0 else 0):
            for i in range(STEP):
                w = lines[WEIGHT, i] * block.scale
                hess[SIDES * (start + i) + k] = signless(<real>(lines[CURVATURE + k, i] * w if w != 0 else 0))
        start += STEP
    return 0


cdef inline double pair(Box loss, double x1, double y1, double x2, double y2, double t1, double u1, double t2, double u2,
                        Parts* b) noexcept nogil:
    """What is known of a pair that a power of two, which is given back, brings near the size 1."""
    cdef Extent x = extent(x1, x2, t1, t2), y = extent(y1, y2, u1, u2)
    cdef double s = inverse_power(x.around if x.around > y.around else y.around)
    b[0] = measure(loss, extent(x1 * s, x2 * s, t1 * s, t2 * s), extent(y1 * s, y2 * s, u1 * s, u2 * s))
    return s


cdef inline int judge(Box loss, double[:, ::1] lines, bint sloped) except -1 nogil:
    """Losses, and slopes and curvatures, side by side."""
    cdef double worth[STEP]
    cdef double slopes[SIDES * STEP]
    cdef double curvatures[SIDES * STEP]
    cdef const double[::1] x1 = lines[PRED], y1 = lines[PRED + 1], x2 = lines[PRED + 2], y2 = lines[PRED + 3]
    cdef const double[::1] t1 = lines[TARGET], u1 = lines[TARGET + 1], t2 = lines[TARGET + 2], u2 = lines[TARGET + 3]
    cdef Parts b
    cdef double s, slope = 0, curvature = 0
    cdef Py_ssize_t i, k
    for i in range(STEP):
        s = pair(loss, x1[i], y1[i], x2[i], y2[i], t1[i], u1[i], t2[i], u2[i], &b)
        worth[i] = b.loss
        if sloped:
            by_side(loss, b, b.x, b.y, False, x1[i] - t1[i], -1, &slope, &curvature)
            slopes[i] = s * slope
            curvatures[i] = s * s * curvature
            by_side(loss, b, b.y, b.x, True, y1[i] - u1[i], -1, &slope, &curvature)
            slopes[STEP + i] = s * slope
            curvatures[STEP + i] = s * s * curvature
            by_side(loss, b, b.x, b.y, False, t2[i] - x2[i], 1, &slope, &curvature)
            slopes[2 * STEP + i] = s * slope
            curvatures[2 * STEP + i] = s * s * curvature
            by_side(loss, b, b.y, b.x, True, u2[i] - y2[i], 1, &slope, &curvature)
            slopes[3 * STEP + i] = s * slope
            curvatures[3 * STEP + i] = s * s * curvature
    for i in range(STEP):
        lines[WORTH, i] = worth[i]
    if sloped:
        for k in range(SIDES):
            for i in range(STEP):
                lines[SLOPE + k, i] = slopes[k * STEP + i]
            for i in range(STEP):
                lines[CURVATURE + k, i] = curvatures[k * STEP + i]
    return 0
