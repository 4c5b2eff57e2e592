"""What losses of rows do once a row is a few sums, whichever way these came about: weights and labels, logarithms, losses."""

from libc.math cimport exp
from libc.stdint cimport int64_t, uint64_t

from ..block cimport BOUND, GRAD, HESS, OUTSIDE, VALUE
from ..formulas.rows cimport Rows, focal, gamma_of, generalized, has_value, powers, rounded, value
from ..rows_block cimport (
    AIM, CLASS_WEIGHT, EXCLUDED, LINEAR, LOGS, LOSS, MARGIN, MASS, MEAN_BEND, MEAN_SLOPE, MEAN_VALUE, OTHERS, PLACE, POWER,
    REST, ROWS, RUNNER, SPAN_BASE, SPAN_EXCLUDED, SPAN_LINEAR, SPAN_MARGIN, SPAN_MASS, SPAN_OTHERS, SPAN_PLACE, SPAN_REST,
    SPAN_RUNNER, SPAN_TOP, TOP, WEIGHT, RowsBlock)
from ..vectors cimport vexp, vexpm1, vlogsum
from ..views cimport reading, real, writing_rows
from .sums cimport outside_unit, total

cdef extern from "math.h" nogil:
    const double INFINITY, NAN
    double fma(double x, double y, double z)

cdef enum:
    STEP = 16               # vector functions take a multiple of it


cdef inline const double[::1] class_weights(const RowsBlock* block) noexcept nogil:
    """Of all classes, or none."""
    return reading(block.class_weight, block.classes if block.class_weight is not NULL else 0)


cdef inline int inspect(const real[:, ::1] t, bint class_major, double[:, ::1] row, const double[::1] class_weight,
                        const RowsBlock* block) except -1 nogil:
    """Whether a target is outside [0, 1], in a row that is there; and what the classes make a row weigh."""
    cdef Py_ssize_t i, j, n = block.rows, lines = t.shape[0], width = n if class_major else t.shape[1]
    cdef int seen = 0
    for i in range(n if block.span == 0 else 0):
        row[CLASS_WEIGHT, i] = 0
    for j in range(lines):
        if outside_unit(t, j, 0, width):
            for i in range(width):
                if (not block.weighted or row[WEIGHT, i if class_major else j] != 0) and (t[j, i] < 0) | (t[j, i] > 1):
                    seen = OUTSIDE
        if class_weight.shape[0] > 0 and class_major:
            for i in range(n):
                row[CLASS_WEIGHT, i] = fma(t[j, i], class_weight[j], row[CLASS_WEIGHT, i])
        elif class_weight.shape[0] > 0:
            for i in range(width):
                row[CLASS_WEIGHT, j] = fma(t[j, i], class_weight[block.start + i], row[CLASS_WEIGHT, j])
    return seen


cdef inline int weigh(bint by_label, double[:, ::1] row, int64_t[::1] label, const double[::1] class_weight,
                      const RowsBlock* block) except -1 nogil:
    """What the rows weigh: 0 with an ignored id. The label of a row that is not there is -1, whatever it was."""
    cdef Py_ssize_t i, n = block.rows, counted = n, classes = block.classes
    cdef bint by_class = class_weight.shape[0] > 0
    cdef double w
    cdef int64_t id
    cdef int seen = 0
    cdef long long bad = 0
    if block.weighted:
        for i in range(n):
            bad |= not (row[WEIGHT, i] >= 0) & (row[WEIGHT, i] < INFINITY)
            row[WEIGHT, i] = row[WEIGHT, i] * block.unit
        seen = OUTSIDE if bad else 0
    else:
        for i in range(n):
            row[WEIGHT, i] = block.unit
    if by_label:
        bad = 0
        for i in range(n):
            bad |= <uint64_t>label[i] >= <uint64_t>classes
        if bad or block.weighted or block.ignoring or by_class:
            for i in range(n):
                id = label[i]
                if block.ignoring and id == block.ignored:
                    row[WEIGHT, i] = 0
                    counted -= 1
                elif row[WEIGHT, i] != 0 and (id < 0 or id >= classes):
                    seen |= OUTSIDE
                    row[WEIGHT, i] = 0
                elif row[WEIGHT, i] != 0 and by_class:
                    row[WEIGHT, i] = row[WEIGHT, i] * class_weight[id]
                if row[WEIGHT, i] == 0:
                    label[i] = -1
    elif by_class:
        for i in range(n):
            w = row[WEIGHT, i]
            row[WEIGHT, i] = w * row[CLASS_WEIGHT, i] if w != 0 else 0
    block.sums.samples += counted
    block.sums.weight += total(row, WEIGHT, 0, n) if block.weighted or by_class else counted * block.unit
    return seen


cdef inline double power(double x) noexcept nogil:
    """exp(x) for x <= 0; -inf less anything is no power at all, and 0 needs no computing."""
    return 1.0 if x == 0 else (exp(x) if x > -INFINITY or x != x else 0.0)


cdef inline int join(bint by_label, double[:, ::1] row, Py_ssize_t i, const double[:, ::1] part, Py_ssize_t first,
                     Py_ssize_t spans) except -1 nogil:
    """A row's sums out of its spans'. What is relative to the lower maximum of two is brought down to the other; without a label
    the excluded term is the greatest's, and another span's is one of the rest."""
    cdef double top = -INFINITY, rest = 0, excluded = 0, margin = 0, base = 0, linear = 0, mass = 0, place = -1, down
    cdef double others = 0, runner = -1
    cdef Py_ssize_t c
    cdef bint higher
    for c in range(first, first + spans):
        higher = part[SPAN_TOP, c] > top
        if higher:
            down = power(top - part[SPAN_TOP, c])
            rest = (rest + (0 if by_label else excluded)) * down + part[SPAN_REST, c]
            if top > -INFINITY:
                linear += (top - part[SPAN_TOP, c]) * mass
            linear += part[SPAN_LINEAR, c]
            if by_label:
                others = (others + (1 if runner >= 0 else 0)) * down + part[SPAN_OTHERS, c]
                runner = part[SPAN_RUNNER, c]
            top = part[SPAN_TOP, c]
        else:
            down = 1 if part[SPAN_TOP, c] == top else power(part[SPAN_TOP, c] - top)
            rest += (part[SPAN_REST, c] + (0 if by_label else part[SPAN_EXCLUDED, c])) * down
            linear += part[SPAN_LINEAR, c]
            if top > -INFINITY:
                linear += (part[SPAN_BASE, c] - top) * part[SPAN_MASS, c]
            if by_label:
                others += (part[SPAN_OTHERS, c] + (1 if part[SPAN_RUNNER, c] >= 0 else 0)) * down
        mass += part[SPAN_MASS, c]
        if part[SPAN_PLACE, c] >= 0 and (by_label or higher):
            excluded = part[SPAN_EXCLUDED, c]
            margin = part[SPAN_MARGIN, c]
            base = part[SPAN_BASE, c]
            place = part[SPAN_PLACE, c]
    row[TOP, i] = top
    row[REST, i] = rest if top > -INFINITY else NAN         # no class has any probability
    row[EXCLUDED, i] = excluded * power(base - top) if excluded != 0 else 0
    row[MARGIN, i] = margin + (base - top)
    row[PLACE, i] = place
    row[LINEAR, i] = linear
    row[MASS, i] = mass
    row[OTHERS, i] = others
    row[RUNNER, i] = runner
    return 0


cdef inline int normalise(Rows loss, const real* kind, double[:, ::1] row, Py_ssize_t n) except -1 nogil:
    """LOGS = log(rest + excluded), with what that addition rounds away; and POWER."""
    cdef real place[ROWS]
    cdef real lost_place[ROWS]
    cdef double power_place[2 * ROWS]
    cdef real[:, ::1] x = writing_rows(<real*>place, 1, ROWS, ROWS)
    cdef real[:, ::1] lost = writing_rows(<real*>lost_place, 1, ROWS, ROWS)
    cdef double[:, ::1] q = writing_rows(<double*>power_place, 2, ROWS, ROWS)    # and what rounding took from it
    cdef Py_ssize_t i, padded = (n + STEP - 1) & ~(<Py_ssize_t>STEP - 1)
    cdef double sum, big, small, inverse
    for i in range(n):
        sum = row[REST, i] + row[EXCLUDED, i]
        big = row[REST, i] if row[REST, i] > row[EXCLUDED, i] else row[EXCLUDED, i]
        small = row[EXCLUDED, i] if row[REST, i] > row[EXCLUDED, i] else row[REST, i]
        x[0, i] = <real>sum
        lost[0, i] = <real>((sum - <double>x[0, i]) + (small - (sum - big)))
    for i in range(n, padded):
        x[0, i] = 1
        lost[0, i] = 0
    vlogsum(&x[0, 0], &lost[0, 0], &x[0, 0], padded)
    for i in range(n):
        row[LOGS, i] = x[0, i]
    if focal(loss):
        for i in range(n):
            inverse = 1 / (row[REST, i] + row[EXCLUDED, i])
            q[0, i] = rounded(row[REST, i] * inverse)
            q[1, i] = (1 - q[0, i]) - rounded(row[EXCLUDED, i] * inverse) if q[0, i] >= 0.5 else 0
        for i in range(n, padded):
            q[0, i] = 1
            q[1, i] = 0
        powers(gamma_of(loss), q, 0, 1, padded)
        for i in range(n):
            row[POWER, i] = q[0, i]
            row[AIM, i] = row[MEAN_VALUE, i] = row[MEAN_SLOPE, i] = row[MEAN_BEND, i] = 0
    if generalized(loss) > 0:               # p^k and (1 - p^k)/k, out of -k L
        for i in range(n):
            q[0, i] = -generalized(loss) * (row[LOGS, i] - row[MARGIN, i])
        for i in range(n, padded):
            q[0, i] = 0
        vexpm1(&q[0, 0], &q[1, 0], padded)
        vexp(&q[0, 0], &q[0, 0], padded)
        for i in range(n):
            row[POWER, i] = q[0, i]
            row[MEAN_VALUE, i] = -q[1, i] / generalized(loss)
    return 0


cdef inline int finish(Rows loss, double[:, ::1] row, const RowsBlock* block) except -1 nogil:
    """Weighted losses, and what rows weigh in the gradient."""
    cdef Py_ssize_t i, n = block.rows
    cdef double v, w
    if block.wanted & VALUE and has_value(loss):
        for i in range(n):
            v = value(loss, row, i, block.classes)
            w = row[WEIGHT, i]
            row[LOSS, i] = v * w if w != 0 else 0.0
        if block.summed:
            block.sums.value += total(row, LOSS, 0, n)
    if block.wanted & (GRAD | HESS | BOUND):
        for i in range(n):
            row[WEIGHT, i] = row[WEIGHT, i] * block.scale
    return 0
