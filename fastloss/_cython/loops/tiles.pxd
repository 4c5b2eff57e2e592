"""Tiles of doubles: of a class-major block lines of a class of m rows, of a long row lines of m classes, whose sums over the lines are
`folded` to one. So both are the same loops over lanes, and whichever it is depends on the number of classes alone.
"""

from libc.stdint cimport int64_t

from ..block cimport LANES, OUTSIDE
from ..formulas.scored_rows cimport Scores, hinge, of_probabilities
from ..rows_block cimport CLASS_WEIGHT, WEIGHT, RowsBlock
from ..views cimport real
from .sums cimport outside_unit

cdef extern from "math.h" nogil:
    const double INFINITY
    double fma(double x, double y, double z)

cdef enum:                  # tiles
    P                       # probabilities; of hinges how near a class comes
    T                       # targets
    D                       # p - t
    Z                       # log p
    G                       # slopes; before that logarithms
    H                       # curvatures, or bends
    OTHER                   # other logarithms

cdef enum:                  # of each lane
    TOP                     # the greatest x
    PLACE                   # where it is: the first of several
    REST                    # sum exp(x - top) but for it
    SUM                     # and with it
    WORTH                   # the loss
    GAP
    LOST                    # what rounding took from the gap
    PEAK                    # the slope at the greatest
    MEAN                    # sum p(slope - peak)
    BENDS                   # sum of bends but for the greatest's ...
    ALL_BENDS               # ... and with it
    OWN                     # the label's score
    BAD                     # NaN, if a score is
    NEVER                   # infinite, if a slope is
    STATES


cdef inline double at(Py_ssize_t j, Py_ssize_t i, Py_ssize_t m, bint folded) noexcept nogil:
    """The class of lane i of line j."""
    return j * m + i if folded else j


cdef inline int fold_sum(double[::1] lane, bint folded) except -1 nogil:
    """Of a long row, the sum of all lanes in each of them."""
    cdef Py_ssize_t k, half = LANES // 2
    if not folded:
        return 0
    while half > 0:
        for k in range(half):
            lane[k] += lane[k + half]
        half //= 2
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


cdef inline int fold_most(double[::1] lane, bint folded, bint least) except -1 nogil:
    """The greatest, or the least; NaN is passed over."""
    cdef Py_ssize_t k
    if not folded:
        return 0
    for k in range(1, LANES):
        lane[0] = lane[k] if (lane[k] < lane[0] if least else lane[k] > lane[0]) else lane[0]
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


cdef inline int inspect(const real[:, ::1] t, bint class_major, double[:, ::1] row, const double[::1] class_weight,
                        const RowsBlock* block) except -1 nogil:
    """Whether a target is outside [0, 1], in a row that is there; and what the classes make a row weigh."""
    cdef Py_ssize_t i, j, n = block.rows, lines = t.shape[0], width = t.shape[1]
    cdef int seen = 0
    for i in range(n):
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
                row[CLASS_WEIGHT, j] = fma(t[j, i], class_weight[i], row[CLASS_WEIGHT, j])
    return seen


cdef inline int outside(const real[:, ::1] x, bint class_major, const double[:, ::1] row, Py_ssize_t n) except -1 nogil:
    """Whether a probability is outside [0, 1], in a row that has a weight."""
    cdef Py_ssize_t i, j, width = x.shape[1]
    for j in range(x.shape[0]):
        if outside_unit(x, j, 0, width):
            for i in range(width):
                if row[WEIGHT, i if class_major else j] != 0 and (x[j, i] < 0) | (x[j, i] > 1):
                    return OUTSIDE
    return 0


cdef inline int load(Scores loss, const real[:, ::1] x, const real[:, ::1] t, const int64_t[::1] label, double[:, ::1] tile,
                     Py_ssize_t r, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """All rows of a class-major block, or row r. What is no number of a row's is 0, of logits and scores -inf."""
    cdef Py_ssize_t i, j, n = block.rows, c = block.classes, size = tile.shape[1]
    cdef double none = 0 if of_probabilities(loss) else -INFINITY
    if block.class_major:
        for j in range(c):
            for i in range(n):
                tile[P, j * m + i] = x[j, i] + 0.0          # of -0: 0
            for i in range(n, m):
                tile[P, j * m + i] = 0
    else:
        for i in range(c):
            tile[P, i] = x[r, i] + 0.0
        for i in range(c, size):
            tile[P, i] = none
    if hinge(loss):
        return 0
    if block.labelled:
        for i in range(size):
            tile[T, i] = 0
        if block.class_major:
            for i in range(n):
                if label[i] >= 0:
                    tile[T, label[i] * m + i] = 1
        elif label[r] >= 0:
            tile[T, label[r]] = 1
    elif block.class_major:
        for j in range(c):
            for i in range(n):
                tile[T, j * m + i] = t[j, i] + 0.0
            for i in range(n, m):
                tile[T, j * m + i] = 0
    else:
        for i in range(c):
            tile[T, i] = t[r, i] + 0.0
        for i in range(c, size):
            tile[T, i] = 0
    return 0
