"""Tiles of doubles: of a class-major block lines of a class of m rows, of a long row lines of m classes, whose sums over the lines are
`folded` to one. So both are the same loops over lanes, and whichever it is depends on the number of classes alone.
"""

from libc.stdint cimport int64_t

from ..block cimport LANES
from ..formulas.scored_rows cimport STEP
from ..rows_block cimport LINES, TILES, RowsBlock
from ..views cimport writing, writing_ids, writing_rows
from .sums cimport halved

cdef extern from "math.h" nogil:
    const double INFINITY

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


cdef inline Py_ssize_t step_of(Py_ssize_t m, bint folded) noexcept nogil:
    """From a line's class to the next one's."""
    return m if folded else 1


cdef inline int greatest_of_lanes(const double[::1] x, double[::1] top, Py_ssize_t lines, Py_ssize_t m) except -1 nogil:
    """The greatest of each lane's numbers; NaN is passed over."""
    cdef double most[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            most[l] = -INFINITY
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                most[l] = x[k + l] if x[k + l] > most[l] else most[l]
        for l in range(STEP):
            top[i + l] = most[l]
    return 0


cdef inline int less_of_lanes(const double[::1] x, const double[::1] top, double[::1] z, Py_ssize_t lines,
                              Py_ssize_t m) except -1 nogil:
    """z = x - top, lane by lane; in place is allowed."""
    cdef double most[STEP]
    cdef double here[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            most[l] = top[i + l]
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                here[l] = x[k + l] - most[l]
            for l in range(STEP):
                z[k + l] = here[l]
    return 0


cdef inline int fold_sum(double[::1] lane, bint folded) except -1 nogil:
    """Of a long row, the sum of all lanes in each of them."""
    cdef Py_ssize_t k
    if not folded:
        return 0
    halved(writing(&lane[0], LANES))
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


cdef inline int fold_most(double[::1] lane, bint folded, bint least) except -1 nogil:
    """The greatest, or the least; NaN is passed over."""
    cdef Py_ssize_t k, n = LANES // 2
    if not folded:
        return 0
    while n > 0:
        for k in range(n):
            lane[k] = lane[k + n] if (lane[k + n] < lane[k] if least else lane[k + n] > lane[k]) else lane[k]
        n //= 2
    for k in range(1, LANES):
        lane[k] = lane[0]
    return 0


cdef inline Py_ssize_t columns(const RowsBlock* block) noexcept nogil:
    """Numbers of a tile's line."""
    cdef Py_ssize_t n = block.padded if block.class_major else (block.classes + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    return n * block.classes if block.class_major else n


cdef inline double[:, ::1] tiles_of(const RowsBlock* block) noexcept nogil:
    return writing_rows(<double*>block.exps, TILES, columns(block), columns(block))


cdef inline double[:, ::1] rows_of(const RowsBlock* block) noexcept nogil:
    """What is known of the rows."""
    return writing_rows(block.state, LINES, block.padded, block.padded)


cdef inline int64_t[::1] labels_of(const RowsBlock* block) noexcept nogil:
    return writing_ids(block.label, block.padded)
