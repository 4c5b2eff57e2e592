"""Loops over rows whose numbers of one class stand together: short rows, and classes on an outer axis. They know no loss.

Every step is a vector loop over the rows of a block, once a class. A row's sums have the bits that row_major.pxd gives them.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS, LANES, VALUE
from ..formulas.rows cimport (
    AT_BEND, AT_LINES, AT_LOGS, AT_P, AT_SLOPE, AT_TARGET, AT_VALUE, AT_Z, BEND, CURVE, FACTORS, PORTION, PULL, SHARE, SLOPE, SWAY,
    LogSumExp, Rows, curvature, divergence, excluded_slope, factors, labelled, linear, linear_in_rows, means, reads_again, refined,
    runner_curvature, slope, smoothing, targeted)
from ..rows_block cimport (
    AIM, EXCLUDED, INSPECT, LINEAR, LINES, LOGS, MARGIN, MASS, MEAN_BEND, MEAN_SLOPE, MEAN_VALUE, OTHERS, PLACE,
    REST, ROWS, RUNNER, TOP, WEIGHT, RowsBlock)
from ..vectors cimport vexp
from ..views cimport writing_ids, reading_rows, real, writing_rows
from .divergence cimport diverge
from .conclude cimport class_weights, finish, inspect, normalise, weigh

cdef extern from "math.h" nogil:
    const double INFINITY, NAN


cdef inline int class_major(const Rows* loss, const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """The door: addresses become views."""
    cdef Py_ssize_t c = block.classes, m = block.padded
    return stages(loss[0], reading_rows(target, c if targeted(loss[0]) else 0, m, block.target_row),
                  writing_rows(<real*>block.exps, c, m, m), writing_rows(<real*>block.spare, c, m, m),
                  writing_rows(block.state, LINES, m, m), writing_ids(block.label, m),
                  class_weights(block), block)


cdef inline int stages(Rows loss, const real[:, ::1] t, real[:, ::1] e, real[:, ::1] spare, double[:, ::1] row, int64_t[::1] label,
                       const double[::1] class_weight, const RowsBlock* block) except -1 nogil:
    cdef int seen = 0, wanted = block.wanted
    if targeted(loss) and block.stages & INSPECT:
        seen = inspect(t, True, row, class_weight, block)
    seen |= weigh(labelled(loss), row, label, class_weight, block)
    if wanted == 0:
        return seen
    if divergence(loss):
        if wanted & VALUE:
            diverge(e, t, row, row, block, True)
        if wanted == VALUE:
            finish(loss, row, block)
            return seen
    reduce(loss, t, e, spare, row, label, block)
    normalise(loss, <const real*>NULL, row, block.rows)
    if refined(loss):
        refine(loss, t, e, spare, row, block)
    finish(loss, row, block)
    if wanted & (GRAD | HESS | BOUND):
        spread(loss, t, e, spare, row, block)
    return seen


cdef inline int reduce(Rows loss, const real[:, ::1] t, real[:, ::1] e, real[:, ::1] spare, double[:, ::1] row, int64_t[::1] label,
                       const RowsBlock* block) except -1 nogil:
    cdef real top[ROWS]
    cdef real part[ROWS]
    cdef real ones[ROWS]            # how many exponentials are 1: of the greatest number, and of all that are near it
    cdef real place[ROWS]           # the first of them
    cdef double rest[ROWS]
    cdef double sums[ROWS]
    cdef double mass[ROWS]
    cdef Py_ssize_t i, j, n = block.rows, m = block.padded & ~(<Py_ssize_t>LANES - 1), classes = block.classes
    cdef real zero = 0, one = 1, p, here
    cdef real keep = <real>(1 - smoothing(loss)), share = <real>(smoothing(loss) / classes)
    cdef bint smoothed = smoothing(loss) != 0, adds = linear_in_rows(loss), curved = block.wanted & (HESS | BOUND)
    # In float, a label's rest has no digits for what is lost beside 1.
    cdef bint plain = labelled(loss) and real is float
    cdef bint places = not labelled(loss) and block.wanted & (GRAD | HESS | BOUND) or refined(loss)
    for i in range(m):
        top[i] = -<real>INFINITY
        part[i] = ones[i] = zero
        place[i] = -one
        rest[i] = sums[i] = mass[i] = 0
    for j in range(classes):
        for i in range(m):
            top[i] = e[j, i] if e[j, i] > top[i] else top[i]
        if Rows is LogSumExp:
            for i in range(m):
                mass[i] = mass[i] if e[j, i] == e[j, i] else NAN
    for j in range(classes):
        for i in range(m):
            e[j, i] = e[j, i] - top[i]
        if targeted(loss) and adds:
            if smoothed:
                for i in range(m):
                    sums[i] += linear(loss, e[j, i], t[j, i] * keep + share)
                for i in range(m):
                    mass[i] += t[j, i] * keep + share
            else:
                for i in range(m):
                    sums[i] += linear(loss, e[j, i], t[j, i])
                for i in range(m):
                    mass[i] += t[j, i]
        elif adds:
            for i in range(m):
                sums[i] += linear(loss, e[j, i], zero)
        if reads_again(loss):
            for i in range(m):
                spare[j, i] = e[j, i]
    if labelled(loss):
        for i in range(n):
            row[MARGIN, i] = e[label[i], i] if label[i] >= 0 else 0
    vexp(&e[0, 0], &e[0, 0], classes * m)
    if labelled(loss):
        for i in range(n):
            row[PLACE, i] = label[i]
            row[EXCLUDED, i] = 0
            if label[i] >= 0:
                row[EXCLUDED, i] = e[label[i], i]
                e[label[i], i] = 0
    for j in range(classes):
        if plain:
            for i in range(m):
                part[i] += e[j, i]
        else:
            for i in range(m):
                p = one if e[j, i] == one else zero
                ones[i] += p
                part[i] += zero if p == one else e[j, i]
            if places:
                here = <real>j
                for i in range(m):
                    place[i] = here if (place[i] < zero) & (e[j, i] == one) else place[i]
        if j % 16 == 15 or j == classes - 1:
            for i in range(m):
                rest[i] += part[i]
                part[i] = zero
    for i in range(n):              # a loop for each line: more would be too many that might overlap, for the compiler
        row[TOP, i] = top[i]
    for i in range(n):
        row[LINEAR, i] = sums[i]
    for i in range(n):
        row[MASS, i] = mass[i]
    if labelled(loss):
        for i in range(n):
            row[REST, i] = rest[i] + (ones[i] - one) + 1 if ones[i] > zero else rest[i]
    else:
        for i in range(n):
            row[REST, i] = rest[i] + (ones[i] - one if ones[i] > zero else zero)
        for i in range(n):
            row[EXCLUDED, i] = one if ones[i] > zero else zero
        for i in range(n):
            row[PLACE, i] = place[i]
        for i in range(n):
            row[MARGIN, i] = 0
    if labelled(loss) and curved:
        runners_up(e, row, n, m, classes)
    return 0


cdef inline int runners_up(const real[:, ::1] e, double[:, ::1] row, Py_ssize_t n, Py_ssize_t m, Py_ssize_t classes) except -1 nogil:
    """Of labelled rows: the greatest of the others, and what is left without it."""
    cdef real part[ROWS]
    cdef real ones[ROWS]
    cdef real place[ROWS]
    cdef double rest[ROWS]
    cdef Py_ssize_t i, j
    cdef real zero = 0, one = 1, p, here
    for i in range(m):
        part[i] = ones[i] = zero
        place[i] = -one
        rest[i] = 0
    for j in range(classes):
        here = <real>j
        for i in range(m):
            p = one if e[j, i] == one else zero
            place[i] = here if (p == one) & (ones[i] == zero) else place[i]
            ones[i] += p
            part[i] += zero if p == one else e[j, i]
        if j % 16 == 15 or j == classes - 1:
            for i in range(m):
                rest[i] += part[i]
                part[i] = zero
    for i in range(n):
        row[OTHERS, i] = rest[i] + (ones[i] - 1 if ones[i] > 0 else 0)
        row[RUNNER, i] = place[i]
    return 0


cdef inline int refine(Rows loss, const real[:, ::1] t, const real[:, ::1] e, const real[:, ::1] z, double[:, ::1] row,
                       const RowsBlock* block) except -1 nogil:
    """Sums that need the normaliser, of all classes but the excluded one."""
    cdef real place_of_work[AT_LINES * ROWS]
    cdef real share_place[ROWS]
    cdef real[:, ::1] work = writing_rows(<real*>place_of_work, AT_LINES, ROWS, ROWS)
    cdef real[:, ::1] share = writing_rows(<real*>share_place, 1, ROWS, ROWS)
    cdef Py_ssize_t i, j, n = block.rows, m = block.padded & ~(<Py_ssize_t>LANES - 1)
    for i in range(n):
        share[0, i] = <real>(1 / (row[REST, i] + row[EXCLUDED, i]))
        work[AT_LOGS, i] = <real>row[LOGS, i]
        row[AIM, i] = t[<Py_ssize_t>row[PLACE, i], i] if row[PLACE, i] >= 0 else 0
    for i in range(n, m):
        share[0, i] = work[AT_LOGS, i] = 0
    for j in range(block.classes):
        for i in range(m):
            work[AT_P, i] = e[j, i] * share[0, i]
            work[AT_Z, i] = z[j, i]
            work[AT_TARGET, i] = t[j, i]
        means(loss, work, m, block.wanted)
        for i in range(n):
            if row[PLACE, i] != j:
                row[MEAN_VALUE, i] += work[AT_VALUE, i]
                row[MEAN_SLOPE, i] += work[AT_SLOPE, i]
        if block.wanted & (HESS | BOUND):
            for i in range(n):
                if row[PLACE, i] != j:
                    row[MEAN_BEND, i] += work[AT_BEND, i]
    return 0


cdef inline int spread(Rows loss, const real[:, ::1] t, real[:, ::1] e, real[:, ::1] spare, double[:, ::1] row,
                       const RowsBlock* block) except -1 nogil:
    """e becomes the gradient, and spare the Hessian."""
    cdef real factor_place[FACTORS * ROWS]
    cdef real place_of_work[AT_LINES * ROWS]
    cdef real[:, ::1] factor = writing_rows(<real*>factor_place, FACTORS, ROWS, ROWS)
    cdef real[:, ::1] work = writing_rows(<real*>place_of_work, AT_LINES, ROWS, ROWS)
    cdef Py_ssize_t i, j, k, n = block.rows, m = block.padded & ~(<Py_ssize_t>LANES - 1), classes = block.classes
    cdef int wanted = block.wanted
    cdef real keep = <real>(1 - smoothing(loss)), share = <real>(smoothing(loss) / classes), zero = 0, one = 1, h = 0
    cdef bint smoothed = smoothing(loss) != 0, curved = wanted & (HESS | BOUND)
    for i in range(n):
        factors(loss, row, i, 1, classes, wanted, factor, i)
    for k in range(FACTORS):
        for i in range(n, m):
            factor[k, i] = zero
    if refined(loss):
        for i in range(m):
            work[AT_LOGS, i] = <real>row[LOGS, i] if i < n else zero
    for j in range(classes):
        if refined(loss):
            for i in range(m):
                work[AT_P, i] = e[j, i] * factor[SHARE, i]
                work[AT_Z, i] = spare[j, i]
                work[AT_TARGET, i] = t[j, i]
            means(loss, work, m, wanted)
            if curved:
                for i in range(m):
                    spare[j, i] = curvature(loss, e[j, i], work[AT_BEND, i], factor[SLOPE, i], factor[SHARE, i], zero, factor[PULL, i],
                                            factor[PORTION, i], factor[BEND, i], factor[SWAY, i])
            for i in range(m):
                e[j, i] = slope(loss, e[j, i], zero, work[AT_SLOPE, i], factor[SLOPE, i], factor[PULL, i])
            continue
        if reads_again(loss):
            for i in range(m):
                e[j, i] = spare[j, i] - factor[PULL, i]
            continue
        if curved:
            for i in range(m):
                spare[j, i] = curvature(loss, e[j, i], zero, factor[SLOPE, i], factor[SHARE, i], factor[CURVE, i], zero,
                                        factor[PORTION, i], factor[BEND, i], zero)
        if targeted(loss) and smoothed:
            for i in range(m):
                e[j, i] = slope(loss, e[j, i], t[j, i] * keep + share, zero, factor[SLOPE, i], factor[PULL, i])
        elif targeted(loss):
            for i in range(m):
                e[j, i] = slope(loss, e[j, i], t[j, i], zero, factor[SLOPE, i], factor[PULL, i])
        else:
            for i in range(m):
                e[j, i] = slope(loss, e[j, i], zero, zero, factor[SLOPE, i], factor[PULL, i])
    if labelled(loss) or targeted(loss):
        for i in range(n):
            if row[WEIGHT, i] == 0:             # not there: 0, whatever it holds
                for j in range(classes):
                    e[j, i] = zero
                for j in range(classes if curved else 0):
                    spare[j, i] = zero
            elif row[PLACE, i] >= 0:
                j = <Py_ssize_t>row[PLACE, i]
                excluded_slope(loss, row, i, t[j, i] * keep + share if targeted(loss) else one, classes, wanted, &e[j, i], &h)
                if curved:
                    spare[j, i] = h
                    if labelled(loss) and row[RUNNER, i] >= 0:
                        spare[<Py_ssize_t>row[RUNNER, i], i] = <real>runner_curvature(loss, row, i, wanted)
    return 0
