"""Loops over rows of probabilities, a stretch of a line of a block at a time. They know no loss.

A line is a row, or where blocks are class-major a class of all rows. Of a sparse loss a block has one class: the label's.
"""

from libc.stdint cimport int64_t

from ..block cimport BOUND, GRAD, HESS, OUTSIDE, VALUE
from ..formulas.probabilities cimport Probabilities, curvature, gapped, labelled, least, prepare, slope, sparse, term
from ..rows_block cimport (
    CONCLUDE, FINISH, GAP, LINEAR, LINES, LOSS, LOST, REDUCE, SPAN_GAP, SPAN_LINEAR, SPAN_LINES, SPAN_LOST,
    SPREAD, WEIGH, WEIGHT, RowsBlock)
from ..vectors cimport fetch, signless
from ..views cimport reading_rows, real, writing_ids, writing_rows
from .sums cimport add_exactly, add_row_exactly, of_row, outside_unit, total

cdef enum:
    PIECE = 256                 # numbers of a line that go through the logarithm at a time


cdef inline int by_class(const Probabilities* loss, const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """The door of class-major blocks: addresses become views."""
    cdef Py_ssize_t c = block.length, m = block.rows
    return stages(loss[0], True, block.ports.look(pred, target, block), reading_rows(pred, c, m, block.pred_row),
                  reading_rows(target, c, m, block.target_row),
                  writing_rows(<real*>block.grad, c if block.grad is not NULL else 0, m, block.grad_row),
                  writing_rows(<real*>block.hess, c if block.hess is not NULL else 0, m, block.hess_row),
                  writing_rows(block.state, LINES, block.padded, block.padded),
                  writing_rows(block.parts, SPAN_LINES, block.spans, block.spans), writing_ids(block.label, block.padded), block)


cdef inline int by_row(const Probabilities* loss, const real* pred, const real* target, const RowsBlock* block) except -1 nogil:
    """The door of row-major ones."""
    cdef Py_ssize_t c = block.length, m = block.rows
    return stages(loss[0], False, block.ports.look(pred, target, block), reading_rows(pred, m, c, block.pred_row),
                  reading_rows(target, m, c, block.target_row),
                  writing_rows(<real*>block.grad, m if block.grad is not NULL else 0, c, block.grad_row),
                  writing_rows(<real*>block.hess, m if block.hess is not NULL else 0, c, block.hess_row),
                  writing_rows(block.state, LINES, block.padded, block.padded),
                  writing_rows(block.parts, SPAN_LINES, block.spans, block.spans), writing_ids(block.label, block.padded), block)


cdef inline int stages(Probabilities loss, bint classes_first, int seen, const real[:, ::1] p, const real[:, ::1] t,
                       real[:, ::1] grad, real[:, ::1] hess, double[:, ::1] row, double[:, ::1] part, int64_t[::1] label,
                       const RowsBlock* block) except -1 nogil:
    """What is to be `seen` of the inputs, and what the rows weigh, is known by now."""
    cdef int stages = block.stages, wanted = block.wanted
    cdef Py_ssize_t i, c, n = block.rows
    if stages & WEIGH:
        for i in range(n):
            row[LINEAR, i] = row[GAP, i] = row[LOST, i] = 0
    if sparse(loss) and stages & REDUCE:
        seen |= OUTSIDE if outside_unit(p, 0, 0, n) else 0      # (of a row that is not there it is 1)
    if wanted & VALUE and stages & REDUCE:
        reduce(loss, classes_first, p, t, row, part, label, block)
    if stages & CONCLUDE and block.spans > 1:
        for c in range(block.spans if wanted & VALUE else 0):
            row[LINEAR, 0] += part[SPAN_LINEAR, c]
            add_exactly(part[SPAN_GAP, c], &row[GAP, 0], &row[LOST, 0])
            row[LOST, 0] += part[SPAN_LOST, c]
    if stages & FINISH and wanted != 0:
        if wanted & VALUE:
            for i in range(n):
                row[LOSS, i] = row[LINEAR, i] + (row[GAP, i] + row[LOST, i]) if gapped(loss) else 0 - row[LINEAR, i]
            for i in range(n):
                row[LOSS, i] = row[LOSS, i] * row[WEIGHT, i] if row[WEIGHT, i] != 0 else 0
            if block.summed:
                block.sums.value += total(row, LOSS, 0, n)
        if wanted & (GRAD | HESS | BOUND):
            for i in range(n):
                row[WEIGHT, i] = row[WEIGHT, i] * block.scale
    if stages & SPREAD and wanted & (GRAD | HESS | BOUND) and not seen & OUTSIDE:
        if sparse(loss):
            spread_labels(loss, p, grad, hess, row, label, block)
        else:
            spread(loss, classes_first, p, t, grad, hess, row, label, block)
    return seen


cdef inline int mark(real[:, ::1] ones, const int64_t[::1] label, bint classes_first, Py_ssize_t j, Py_ssize_t done, Py_ssize_t m,
                     bint take_away, const RowsBlock* block) except -1 nogil:
    """What class ids stand for, of m numbers of line j: 1 where the class is the row's label, else 0. From row to row it is taken away."""
    cdef Py_ssize_t k
    cdef real zero = 0, one = 1
    if classes_first:
        for k in range(m if not take_away else 0):
            ones[0, k] = one if label[done + k] == j else zero
    elif 0 <= label[j] - block.start - done < m:
        ones[0, label[j] - block.start - done] = zero if take_away else one
    return 0


cdef inline int reduce(Probabilities loss, bint classes_first, const real[:, ::1] p, const real[:, ::1] t, double[:, ::1] row,
                       double[:, ::1] part, const int64_t[::1] label, const RowsBlock* block) except -1 nogil:
    """LINEAR, and of divergences the gap; where a row has several spans, of one of them."""
    cdef real places[4 * PIECE]
    cdef real[:, ::1] logs = writing_rows(<real*>places, 1, PIECE, PIECE)
    cdef real[:, ::1] terms = writing_rows(<real*>places + PIECE, 1, PIECE, PIECE)
    cdef real[:, ::1] gaps = writing_rows(<real*>places + 2 * PIECE, 1, PIECE, PIECE)
    cdef real[:, ::1] ones = writing_rows(<real*>places + 3 * PIECE, 1, PIECE, PIECE)
    cdef Py_ssize_t j, k, m, done, n = block.rows
    cdef Py_ssize_t lines = block.length if classes_first else n, length = n if classes_first else block.length
    cdef double sum, sum_of_gaps, lost
    for k in range(PIECE if labelled(loss) and block.labelled else 0):
        ones[0, k] = 0
    for j in range(lines):
        sum = sum_of_gaps = lost = 0
        done = 0
        while done < length:
            m = min(<Py_ssize_t>PIECE, length - done)
            if block.ahead > 0:
                fetch(<const char*>&p[j, done] + block.ahead, m * sizeof(real))
                if not block.labelled:
                    fetch(<const char*>&t[j, done] + block.ahead, m * sizeof(real))
            prepare(loss, p, logs, j, done, m)
            if labelled(loss) and block.labelled:
                mark(ones, label, classes_first, j, done, m, False, block)
                find_terms(loss, p, j, done, ones, 0, 0, logs, terms, gaps, m)
                mark(ones, label, classes_first, j, done, m, True, block)
            else:
                find_terms(loss, p, j, done, t, j, done, logs, terms, gaps, m)
            if classes_first:
                for k in range(m):
                    row[LINEAR, done + k] += terms[0, k]
            else:
                sum += of_row(terms, 0, 0, m)
            if gapped(loss):
                if classes_first and real is float:         # whose double sum has digits to spare
                    for k in range(m):
                        row[GAP, done + k] += gaps[0, k]
                elif real is float:
                    sum_of_gaps += of_row(gaps, 0, 0, m)
                elif classes_first:
                    for k in range(m):
                        add_exactly(gaps[0, k], &row[GAP, done + k], &row[LOST, done + k])
                else:
                    add_row_exactly(gaps, 0, 0, m, &sum_of_gaps, &lost)
            done += m
        if block.spans > 1:
            part[SPAN_LINEAR, block.span], part[SPAN_GAP, block.span], part[SPAN_LOST, block.span] = sum, sum_of_gaps, lost
        elif not classes_first:
            row[LINEAR, j], row[GAP, j], row[LOST, j] = sum, sum_of_gaps, lost
    return 0


cdef inline int find_terms(Probabilities loss, const real[:, ::1] p, Py_ssize_t j, Py_ssize_t first, const real[:, ::1] t, Py_ssize_t i,
                           Py_ssize_t at, const real[:, ::1] logs, real[:, ::1] terms, real[:, ::1] gaps, Py_ssize_t m) except -1 nogil:
    """Of m classes from p[j, first] and t[i, at] on."""
    cdef real zero = 0, v = 0, gap = 0
    cdef Py_ssize_t k
    for k in range(m):
        term(loss, p[j, first + k], zero if sparse(loss) else t[i, at + k], logs[0, k], &v, &gap)
        terms[0, k] = v
        if gapped(loss):
            gaps[0, k] = gap
    return 0


cdef inline int spread(Probabilities loss, bint classes_first, const real[:, ::1] p, const real[:, ::1] t, real[:, ::1] grad,
                       real[:, ::1] hess, const double[:, ::1] row, const int64_t[::1] label, const RowsBlock* block) except -1 nogil:
    """Slopes and curvatures."""
    cdef real places[3 * PIECE]
    cdef real[:, ::1] g = writing_rows(<real*>places, 1, PIECE, PIECE)
    cdef real[:, ::1] h = writing_rows(<real*>places + PIECE, 1, PIECE, PIECE)
    cdef real[:, ::1] ones = writing_rows(<real*>places + 2 * PIECE, 1, PIECE, PIECE)
    cdef Py_ssize_t j, k, m, done, n = block.rows
    cdef Py_ssize_t lines = block.length if classes_first else n, length = n if classes_first else block.length
    for k in range(PIECE if labelled(loss) and block.labelled else 0):
        ones[0, k] = 0
    for j in range(lines):
        done = 0
        while done < length:
            m = min(<Py_ssize_t>PIECE, length - done)
            if labelled(loss) and block.labelled:
                mark(ones, label, classes_first, j, done, m, False, block)
                find_slopes(loss, classes_first, p, j, done, ones, 0, 0, row, g, h, m, block)
                mark(ones, label, classes_first, j, done, m, True, block)
            else:
                find_slopes(loss, classes_first, p, j, done, t, j, done, row, g, h, m, block)
            for k in range(m):
                grad[j, done + k] = g[0, k]
            if block.wanted & (HESS | BOUND):
                for k in range(m):
                    hess[j, done + k] = h[0, k]
            done += m
    return 0


cdef inline int find_slopes(Probabilities loss, bint classes_first, const real[:, ::1] p, Py_ssize_t j, Py_ssize_t first,
                            const real[:, ::1] t, Py_ssize_t i, Py_ssize_t at, const double[:, ::1] row, real[:, ::1] g, real[:, ::1] h,
                            Py_ssize_t m, const RowsBlock* block) except -1 nogil:
    """Of m classes from p[j, first] and t[i, at] on. Where all rows count alike, as numbers that do, to the last bit."""
    cdef Py_ssize_t k
    cdef real zero = 0, one = 1, q, x, scale = <real>block.scale
    cdef double w, s
    cdef bint curved = block.wanted & (HESS | BOUND)
    cdef bint alike = not block.weighted and block.class_weight is NULL and not block.ignoring and block.unit == 1
    if alike and not curved:
        for k in range(m):
            g[0, k] = signless(-slope(loss, p[j, first + k], t[i, at + k]) * scale)
    elif alike:
        for k in range(m):
            x = p[j, first + k] + zero
            q = slope(loss, p[j, first + k], t[i, at + k])
            g[0, k] = signless(-q * scale)
            h[0, k] = curvature(loss, x, t[i, at + k], q, one) * scale
    else:
        for k in range(m):
            x = p[j, first + k] + zero
            q = slope(loss, p[j, first + k], t[i, at + k])
            w = row[WEIGHT, first + k if classes_first else j]
            s = q * w if w != 0 else 0
            g[0, k] = signless(<real>-s)
            h[0, k] = <real>(curvature(loss, <double>x, <double>t[i, at + k], s, w) if w != 0 else 0)
    return 0


cdef inline int spread_labels(Probabilities loss, const real[:, ::1] p, real[:, ::1] grad, real[:, ::1] hess,
                              const double[:, ::1] row, const int64_t[::1] label, const RowsBlock* block) except -1 nogil:
    """-w/p and w/p^2 of the labels."""
    cdef Py_ssize_t i
    cdef real low = <real>least(loss), zero = 0, x
    cdef double s
    for i in range(block.rows):
        x = p[0, i] + zero
        s = 0 if (label[i] < 0) | (x < low) else row[WEIGHT, i] / x
        grad[0, i] = signless(<real>-s)
        if block.wanted & (HESS | BOUND):
            hess[0, i] = <real>(0 if s == 0 else s / x)
    return 0
