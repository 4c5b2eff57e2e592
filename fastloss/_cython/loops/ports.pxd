"""What is to be seen of floats and doubles, how they come into tiles, and derivatives out of them, whatever the loss: once for each of
the two.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, HESS, OUTSIDE
from ..rows_block cimport INSPECT, ROWS, WEIGH, WEIGHT, RowsBlock
from ..vectors cimport fetch, signless
from ..views cimport reading_rows, real, writing_rows
from .conclude cimport class_weights, inspect, weigh
from .sums cimport outside_unit
from .tiles cimport G, H, P, T, labels_of, rows_of, tiles_of

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline Py_ssize_t lines_of(const RowsBlock* block) noexcept nogil:
    """Of the operands' views."""
    return block.length if block.class_major else block.rows


cdef inline Py_ssize_t width_of(const RowsBlock* block) noexcept nogil:
    return block.rows if block.class_major else block.length


cdef inline int look(const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """What is to be seen of a block's inputs; and what its rows weigh."""
    cdef Py_ssize_t lines = lines_of(block), width = width_of(block), classes = block.classes
    cdef const double[::1] class_weight = class_weights(block)
    cdef double[:, ::1] row = rows_of(block)
    cdef int seen = 0
    if block.stages & INSPECT and not block.labelled:
        seen |= inspect(reading_rows(target, lines, width, block.target_row), block.class_major, row, class_weight, block)
    if block.stages & WEIGH:
        seen |= weigh(block.labelled, row, labels_of(block), class_weight, block)
    if block.stages & INSPECT and block.has_domain:
        seen |= outside(reading_rows(pred, lines, width, block.pred_row), block.class_major, row, block)
    return seen


cdef inline int take(const real* pred, const real* target, Py_ssize_t r, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """All rows of a class-major block, or row r, into a tile."""
    cdef Py_ssize_t lines = lines_of(block), width = width_of(block)
    return load(reading_rows(pred, lines, width, block.pred_row),
                reading_rows(target, lines if not block.labelled else 0, width, block.target_row), labels_of(block), tiles_of(block),
                r, m, block)


cdef inline int give(real* slopes, real* curvatures, Py_ssize_t r, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """G and H, weighted, where the caller wants them."""
    cdef Py_ssize_t i, j, c = block.classes, n = block.rows, lines = lines_of(block), width = width_of(block)
    cdef bint curved = block.wanted & (HESS | BOUND) and curvatures is not NULL
    cdef real[:, ::1] grad = writing_rows(slopes, lines if slopes is not NULL else 0, width, block.grad_row)
    cdef real[:, ::1] hess = writing_rows(curvatures, lines if curved else 0, width, block.hess_row)
    cdef double[:, ::1] row = rows_of(block), tile = tiles_of(block)
    cdef double[::1] g = tile[G], h = tile[H]
    cdef double weight[ROWS]
    for i in range(m):
        weight[i] = 0
    for i in range(n if block.class_major else m):
        weight[i] = row[WEIGHT, i if block.class_major else r] * block.scale
    if block.class_major:
        for j in range(c):
            for i in range(n):
                grad[j, i] = signless(<real>(g[j * m + i] * weight[i] if weight[i] != 0 else 0))
            for i in range(n if curved else 0):
                hess[j, i] = signless(<real>(h[j * m + i] * weight[i] if weight[i] != 0 else 0))
        return 0
    for i in range(c):
        grad[r, i] = signless(<real>(g[i] * weight[0] if weight[0] != 0 else 0))
    for i in range(c if curved else 0):
        hess[r, i] = signless(<real>(h[i] * weight[0] if weight[0] != 0 else 0))
    return 0


cdef inline int outside(const real[:, ::1] x, bint class_major, const double[:, ::1] row, const RowsBlock* block) except -1 nogil:
    """Whether a probability is outside [0, 1], in a row that is there."""
    cdef Py_ssize_t i, j, width = x.shape[1]
    cdef bint all_there = not block.weighted and not block.labelled
    for j in range(x.shape[0]):
        if outside_unit(x, j, 0, width):
            for i in range(width):
                if (all_there or row[WEIGHT, i if class_major else j] != 0) and (x[j, i] < 0) | (x[j, i] > 1):
                    return OUTSIDE
    return 0


cdef inline int load(const real[:, ::1] x, const real[:, ::1] t, const int64_t[::1] label, double[:, ::1] tile,
                     Py_ssize_t r, Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """What is no number of a row's is 0, of logits and scores -inf."""
    cdef Py_ssize_t i
    if block.ahead > 0:
        fetch(<const char*>&x[r, 0] + block.ahead, x.shape[1] * sizeof(real))
        if not block.labelled:
            fetch(<const char*>&t[r, 0] + block.ahead, t.shape[1] * sizeof(real))
    fill(x, tile[P], r, m, 0 if block.has_domain else -INFINITY, block)
    if block.compared:
        return 0
    if not block.labelled:
        return fill(t, tile[T], r, m, 0, block)
    if r == 0:
        for i in range(tile.shape[1]):
            tile[T, i] = 0
    elif label[r - 1] >= 0:
        tile[T, label[r - 1]] = 0       # all that the row before left there
    if block.class_major:
        for i in range(block.rows):
            if label[i] >= 0:
                tile[T, label[i] * m + i] = 1
    elif label[r] >= 0:
        tile[T, label[r]] = 1
    return 0


cdef inline int fill(const real[:, ::1] x, double[::1] line, Py_ssize_t r, Py_ssize_t m, double none,
                     const RowsBlock* block) except -1 nogil:
    """A line of a tile, of -0: 0. What comes after a long row is `none`."""
    cdef Py_ssize_t i, j, n = block.rows, c = block.classes
    if block.class_major:
        for j in range(c):
            for i in range(n):
                line[j * m + i] = x[j, i] + 0.0
            for i in range(n, m):
                line[j * m + i] = 0
        return 0
    for i in range(c):
        line[i] = x[r, i] + 0.0
    for i in range(c, line.shape[0]):
        line[i] = none
    return 0
