"""Loops of losses that are a function of sums over the whole batch: first the sums; then, these known, the derivatives."""

from ..block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, PASSING, VALUE, Block, Sums
from ..formulas.statistics cimport Statistic, bend, bound, error, lifted, linear, outside, prepare, slope
from ..vectors cimport signless
from ..views cimport reading, real, writing, writing_rows
from .samples cimport ask_for, pass_on, weigh

cdef enum:
    STAGE = 256             # samples that are inspected and have their errors prepared, or pass the cache by, at a time
    ROWS = 2                # of prepared numbers


cdef inline int statistic(const Statistic* loss, const real* pred, const real* target, const Block* block,
                          Sums* sums) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t n = block.size
    cdef real prepared[ROWS * STAGE]
    cdef real place[2 * STAGE]
    cdef real* passed = place
    cdef bint passing = block.stores == PASSING
    cdef Py_ssize_t m = min(n, <Py_ssize_t>STAGE) if passing else n
    return stages(loss[0], reading(pred, n), reading(target, n), reading(block.weight, n if block.weight is not NULL else 0),
                  writing_rows(prepared, ROWS, STAGE, STAGE),
                  writing(passed if passing else <real*>block.grad, m if block.grad is not NULL else 0),
                  writing(passed + STAGE if passing else <real*>block.hess, m if block.hess is not NULL else 0), block, sums)


cdef inline int stages(Statistic loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                       real[:, ::1] work, real[::1] grad, real[::1] hess, const Block* block, Sums* sums) except -1 nogil:
    cdef Py_ssize_t start = 0, n = pred.shape[0], m, i
    cdef Py_ssize_t step = n if linear(loss) and block.stores != PASSING else STAGE
    cdef bint weighted = weight.shape[0] > 0
    cdef int bad
    if weighted:
        weigh(weight, sums)
    while start < n:
        m = min(step, n - start)
        bad = 0
        for i in range(start, start + m):
            bad |= outside(loss, pred[i], target[i])
        if bad and weighted:
            bad = 0
            for i in range(start, start + m):
                bad |= outside(loss, pred[i], target[i]) if weight[i] != 0 else 0
        sums.seen |= OUTSIDE if bad else 0
        if block.wanted != 0:
            prepare(loss, pred, target, work, start, m)
        if block.wanted & VALUE:
            squares(loss, pred, target, weight, work, start, m, block, sums)
        if block.wanted & GRAD:
            slopes(loss, pred, target, weight, work, grad, hess, start, 0 if block.stores == PASSING else start, m, block)
            if block.stores == PASSING:
                pass_on(grad, block.grad, start, m)
                pass_on(hess, block.hess, start, m)
        start += m
    return 0


cdef inline int squares(Statistic loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                        const real[:, ::1] work, Py_ssize_t start, Py_ssize_t m, const Block* block, Sums* sums) except -1 nogil:
    """Σ w·x², where a weight of 0 takes its sample out, whatever that gives."""
    cdef double lane[LANES]
    cdef double x, lift = block.lift, down = lift if lift < 1 else 1, up = lift if lift > 1 else 1
    cdef Py_ssize_t i = 0, k
    cdef bint weighted = weight.shape[0] > 0
    for k in range(LANES):
        lane[k] = sums.value[k]
    while i < m:
        if block.ahead > 0:
            ask_for(pred, target, start + i, block.ahead)
        if weighted:
            for k in range(LANES):
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up, &x)
                lane[k] += weight[start + i + k] * (x * x) if weight[start + i + k] != 0 else 0
        elif lift != 1:
            for k in range(LANES):
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up, &x)
                lane[k] += x * x
        else:
            for k in range(LANES):
                error(loss, pred[start + i + k], target[start + i + k], work, i + k, &x)
                lane[k] += x * x
        i += LANES
    for k in range(LANES):
        sums.value[k] = lane[k]
    return 0


cdef inline int slopes(Statistic loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                       const real[:, ::1] work, real[::1] grad, real[::1] hess, Py_ssize_t start, Py_ssize_t at, Py_ssize_t m,
                       const Block* block) except -1 nogil:
    """With r the root and D the divisor: (w/D)·x·x′/r, and ((w/D)·(x·x′)′ − that²)/r, which (w/D)·x′²/r bounds. Where r is 0, there is
    no slope."""
    cdef double inverse = 0 if block.root == 0 else 1 / block.root, lift = block.lift, unlift = 1 / block.lift
    cdef double down = lift if lift < 1 else 1, up = lift if lift > 1 else 1, x, w, g
    cdef double scale = block.scale if block.root != 0 else 0, factor = scale * inverse
    cdef bint simple = linear(loss) and weight.shape[0] == 0 and lift == 1 and 1e-30 < factor and factor < 1e30
    cdef real g_block[LANES]
    cdef real h_block[LANES]
    cdef Py_ssize_t i = 0, k
    cdef bint weighted = weight.shape[0] > 0
    while i < m:
        if block.ahead > 0:
            ask_for(pred, target, start + i, block.ahead)
        if simple:
            for k in range(LANES):
                g_block[k] = signless((pred[start + i + k] - target[start + i + k]) * <real>factor)
        elif not weighted and scale != 0:
            for k in range(LANES):
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up, &x)
                g_block[k] = signless(<real>(scale * (slope(loss, pred[start + i + k], x) * inverse)))
        else:
            for k in range(LANES):
                w = weight[start + i + k] * scale if weighted else scale
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up, &x)
                g = w * (slope(loss, pred[start + i + k], x) * inverse)
                g_block[k] = signless(<real>(0 if w == 0 else g))
        if block.wanted & BOUND:
            for k in range(LANES):
                w = weight[start + i + k] * scale if weighted else scale
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up * unlift, &x)
                h_block[k] = <real>(0 if w == 0 else w * bound(loss, pred[start + i + k], x) * inverse * lift)
        elif block.wanted & HESS:
            for k in range(LANES):
                w = weight[start + i + k] * scale if weighted else scale
                lifted(loss, pred[start + i + k], target[start + i + k], work, i + k, down, up, &x)
                g = w * (slope(loss, pred[start + i + k], x) * inverse)
                g = (w * bend(loss, pred[start + i + k], x * unlift) - g * g) * inverse * lift
                h_block[k] = <real>(0 if w == 0 else g)
        for k in range(LANES):
            grad[at + i + k] = g_block[k]
        if block.wanted & (HESS | BOUND):
            for k in range(LANES):
                hess[at + i + k] = h_block[k]
        i += LANES
    return 0
