# Loops over the samples of a block, LANES at a time, which know no loss: included once for each file of formulas.
#
# What is common has a loop of its own, in which value, slope and sums stay in registers; weights and single losses go through
# `evaluate`. Inputs of LANES samples are read before anything of theirs is written, so an output may be any of the inputs. A
# block's results stand in a local array first: were they stored as they come, the compiler would have to test for overlap, and
# would keep the running sums in memory. What passes the cache by does so a stage at a time. A file that includes this says whether
# its labels are SIGNS, 1 and −1, which may be looked at in passing, and whether what it has is SLOPED: functions have no derivatives.

from ..block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, PASSING, SOFT, STAYING, VALUE, Block, PointwiseFunction, Sums
from ..tables cimport pointwise_entry
from ..vectors cimport IN_PASSING, Labels, fetch, look, no_labels, signless, strays
from ..views cimport reading, real, writing, writing_rows
from .samples cimport ask_for, pass_on, scaled, weigh

cdef enum:
    STAGE = 256             # floats, half as many doubles, that are inspected and prepared at a time: memory is not idle for long
    LONG_STAGE = 1024       # samples that are inspected at a time, if nothing has to be prepared
    PASSED = 256            # results that pass the cache by at a time
    ROWS = 7                # of prepared numbers


cdef inline object entry(const Pointwise* tag, bint has_domain, const char* kind="pointwise"):
    """What a level's table has of a loss."""
    return pointwise_entry(<PointwiseFunction>pointwise[Pointwise, float], <PointwiseFunction>pointwise[Pointwise, double],
                           has_domain, kind)


cdef inline int pointwise(const Pointwise* loss, const real* pred, const real* target, const Block* block,
                          Sums* sums) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t n = block.size
    cdef real prepared[ROWS * STAGE]
    cdef real place[3 * PASSED]
    cdef real* passed = place
    cdef bint passing = block.stores == PASSING
    cdef Py_ssize_t m = min(n, <Py_ssize_t>PASSED) if passing else n, stage = STAGE if real is float else STAGE // 2
    return stages(ready(loss[0], prepared[0]), reading(pred, n), reading(target, n),
                  reading(block.weight, n if block.weight is not NULL else 0), writing_rows(prepared, ROWS, stage, stage),
                  writing(passed if passing else <real*>block.value, m if block.value is not NULL else 0),
                  writing(passed + PASSED if passing else <real*>block.grad, m if block.grad is not NULL else 0),
                  writing(passed + 2 * PASSED if passing else <real*>block.hess, m if block.hess is not NULL else 0), block, sums)


cdef inline int stages(Pointwise loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                       real[:, ::1] work, real[::1] value, real[::1] grad, real[::1] hess, const Block* block,
                       Sums* sums) except -1 nogil:
    """A stage is inspected, has its vector functions prepared, and is computed, all in the first-level cache."""
    cdef Py_ssize_t start = 0, n = pred.shape[0], m, ahead = block.ahead, step, at
    cdef int wanted = block.wanted, seen
    cdef bint stray, weighted = weight.shape[0] > 0, plain = not weighted and value.shape[0] == 0
    cdef bint watched = watches(loss) and plain and wanted & (VALUE | GRAD) and not wanted & (HESS | BOUND)
    cdef real scale = <real>block.scale
    if prepares(loss) or (SIGNS and not IN_PASSING):
        step = work.shape[1]
    elif block.stores == PASSING:
        step = PASSED
    else:
        step = n if watched or block.inspected else LONG_STAGE
    if weighted:
        weigh(weight, sums)
    while start < n:
        m = min(step, n - start)
        at = 0 if block.stores == PASSING else start
        stray = False
        seen = 0 if watched or (SIGNS and block.inspected) else suspect(loss, &pred[start], &target[start], m)
        if seen & OUTSIDE:
            seen = all_seen(loss, pred, target, start, m)
            if seen & OUTSIDE and weighted:
                seen = SOFT | present(loss, pred, target, weight, start, m)
        sums.seen |= seen
        if wanted != 0:
            prepare(loss, pred, target, work, start, m, wanted, seen)
            if not plain or not SLOPED:
                evaluate(loss, pred, target, weight, work, value, grad, hess, start, at, m, block, sums)
            elif wanted == VALUE:
                stray = total(loss, pred, target, work, start, m, ahead, sums)
            elif wanted == GRAD:
                stray = slopes(loss, pred, target, work, grad, start, at, m, scale, ahead, block.stores)
            elif wanted == VALUE | GRAD:
                stray = total_and_slopes(loss, pred, target, work, grad, start, at, m, scale, ahead, block.stores, sums)
            else:
                slopes_and_curvature(loss, pred, target, work, grad, hess, start, at, m, scale, ahead, wanted)
            if stray and not block.inspected:       # if it is, outputs may stand where inputs were
                sums.seen |= all_seen(loss, pred, target, start, m)
        if block.stores == PASSING:
            pass_on(value, block.value, start, m)
            pass_on(grad, block.grad, start, m)
            pass_on(hess, block.hess, start, m)
        start += m
    return 0


cdef inline bint watches(Pointwise loss) noexcept nogil:
    """Whether labels are looked at while they are computed with, not before."""
    return SIGNS and IN_PASSING and not prepares(loss)


cdef inline int total(Pointwise loss, const real[::1] pred, const real[::1] target, const real[:, ::1] work,
                      Py_ssize_t start, Py_ssize_t m, Py_ssize_t ahead, Sums* sums) except -1 nogil:
    """Σ loss. It answers, as the next two do, whether a label is suspect. (In one loop, gcc makes a loss's choices after its
    conversion to double, or gives them up; two are slower where a loss in double is soon computed.)"""
    cdef double lane[LANES]
    cdef real values[LANES]
    cdef real v = 0, g = 0, h = 0, u = 0
    cdef Labels labels
    cdef Py_ssize_t i = 0, k
    for k in range(LANES):
        lane[k] = sums.value[k]
    no_labels(&labels)
    while i < m:
        if ahead > 0:
            ask_for(pred, target, start + i, ahead)
        if watches(loss):
            look(&labels, &target[start + i])
        for k in range(LANES):
            point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
            values[k] = v
            if real is double and not prepares(loss):
                lane[k] += v
        if real is float or prepares(loss):
            for k in range(LANES):
                lane[k] += values[k]
        i += LANES
    for k in range(LANES):
        sums.value[k] = lane[k]
    return watches(loss) and strays(&labels, v)


cdef inline int slopes(Pointwise loss, const real[::1] pred, const real[::1] target, const real[:, ::1] work,
                       real[::1] grad, Py_ssize_t start, Py_ssize_t at, Py_ssize_t m, real scale, Py_ssize_t ahead,
                       int stores) except -1 nogil:
    cdef real block[LANES]
    cdef real v = 0, g = 0, h = 0, u = 0
    cdef Labels labels
    cdef Py_ssize_t i = 0, k
    no_labels(&labels)
    while i < m:
        if ahead > 0:
            ask_for(pred, target, start + i, ahead)
            if stores == STAYING:
                fetch(<const char*>&grad[at + i] + ahead, LANES * sizeof(real))
        if watches(loss):
            look(&labels, &target[start + i])
        for k in range(LANES):
            point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
            block[k] = signless(g * scale)
        for k in range(LANES):
            grad[at + i + k] = block[k]
        i += LANES
    return watches(loss) and strays(&labels, v)


cdef inline int total_and_slopes(Pointwise loss, const real[::1] pred, const real[::1] target, const real[:, ::1] work,
                                 real[::1] grad, Py_ssize_t start, Py_ssize_t at, Py_ssize_t m, real scale, Py_ssize_t ahead,
                                 int stores, Sums* sums) except -1 nogil:
    """Both, the sum as in `total`: to the last bit."""
    cdef double lane[LANES]
    cdef real values[LANES]
    cdef real block[LANES]
    cdef real v = 0, g = 0, h = 0, u = 0
    cdef Labels labels
    cdef Py_ssize_t i = 0, k
    for k in range(LANES):
        lane[k] = sums.value[k]
    no_labels(&labels)
    while i < m:
        if ahead > 0:
            ask_for(pred, target, start + i, ahead)
            if stores == STAYING:
                fetch(<const char*>&grad[at + i] + ahead, LANES * sizeof(real))
        if watches(loss):
            look(&labels, &target[start + i])
        for k in range(LANES):
            point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
            values[k] = v
            block[k] = signless(g * scale)
            if real is double and not prepares(loss):
                lane[k] += v
        if real is float or prepares(loss):
            for k in range(LANES):
                lane[k] += values[k]
        for k in range(LANES):
            grad[at + i + k] = block[k]
        i += LANES
    for k in range(LANES):
        sums.value[k] = lane[k]
    return watches(loss) and strays(&labels, v)


cdef inline int slopes_and_curvature(Pointwise loss, const real[::1] pred, const real[::1] target, const real[:, ::1] work,
                                     real[::1] grad, real[::1] hess, Py_ssize_t start, Py_ssize_t at, Py_ssize_t m, real scale,
                                     Py_ssize_t ahead, int wanted) except -1 nogil:
    cdef real g_block[LANES]
    cdef real h_block[LANES]
    cdef real v = 0, g = 0, h = 0, u = 0
    cdef Py_ssize_t i = 0, k
    while i < m:
        if ahead > 0:
            ask_for(pred, target, start + i, ahead)
        if wanted & HESS:
            for k in range(LANES):
                point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
                g_block[k] = signless(g * scale)
                h_block[k] = signless(h * scale)
        else:
            for k in range(LANES):
                point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
                g_block[k] = signless(g * scale)
                h_block[k] = signless(u * scale)
        for k in range(LANES):
            grad[at + i + k] = g_block[k]
        for k in range(LANES):
            hess[at + i + k] = h_block[k]
        i += LANES
    return 0


cdef inline int evaluate(Pointwise loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                         const real[:, ::1] work, real[::1] value, real[::1] grad, real[::1] hess,
                         Py_ssize_t start, Py_ssize_t at, Py_ssize_t m, const Block* block, Sums* sums) except -1 nogil:
    """Whatever is wanted, weighted or not, losses written or added up. Weight and scale meet in double, whose product with the
    slope is rounded once; a weight of 0 takes its sample out, whatever that gives."""
    cdef real v_block[LANES]
    cdef real g_block[LANES]
    cdef real h_block[LANES]
    cdef double w_block[LANES]
    cdef real v = 0, g = 0, h = 0, u = 0, scale = <real>block.scale
    cdef Py_ssize_t i = 0, k
    cdef bint weighted = weight.shape[0] > 0, each = value.shape[0] > 0
    cdef int wanted = block.wanted
    while i < m:
        for k in range(LANES):
            point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
            v_block[k] = v
            g_block[k] = g
            h_block[k] = h
        if SLOPED and wanted & BOUND:
            for k in range(LANES):
                point(loss, pred[start + i + k], target[start + i + k], work, i + k, &v, &g, &h, &u)
                h_block[k] = u
        if weighted:
            for k in range(LANES):
                w_block[k] = weight[start + i + k]
        if wanted & VALUE:
            if weighted:
                for k in range(LANES):
                    v_block[k] = <real>(v_block[k] * w_block[k]) if each else v_block[k]
            if each and weighted:
                for k in range(LANES):
                    value[at + i + k] = v_block[k] if w_block[k] != 0 else 0
            elif each:
                for k in range(LANES):
                    value[at + i + k] = v_block[k]
            else:
                for k in range(LANES):
                    sums.value[k] += <double>v_block[k] * w_block[k] if w_block[k] != 0 else 0.0
        if SLOPED and wanted & GRAD:
            for k in range(LANES):
                g_block[k] = scaled(g_block[k], w_block[k], weighted, scale, block.scale)
            for k in range(LANES):
                grad[at + i + k] = g_block[k]
        if SLOPED and wanted & (HESS | BOUND):
            for k in range(LANES):
                h_block[k] = scaled(h_block[k], w_block[k], weighted, scale, block.scale)
            for k in range(LANES):
                hess[at + i + k] = h_block[k]
        i += LANES
    return 0


cdef inline int all_seen(Pointwise loss, const real[::1] pred, const real[::1] target, Py_ssize_t start,
                         Py_ssize_t m) except -1 nogil:
    """All that `inspect` sees."""
    cdef int seen = 0
    cdef Py_ssize_t i
    for i in range(start, start + m):
        seen |= inspect(loss, pred[i], target[i])
    return seen


cdef inline int present(Pointwise loss, const real[::1] pred, const real[::1] target, const double[::1] weight,
                        Py_ssize_t start, Py_ssize_t m) except -1 nogil:
    """The same of samples that are there: those of weight 0 are not."""
    cdef int seen = 0
    cdef Py_ssize_t i
    for i in range(start, start + m):
        if weight[i] != 0:
            seen |= inspect(loss, pred[i], target[i])
    return seen
