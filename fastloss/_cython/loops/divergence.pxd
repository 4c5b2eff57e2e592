"""KL(t || softmax(x)), in double: the logarithms of two distributions that nearly agree cancel to their last digits.

With l = log(q/t), a class's share is t(e^l - 1 - l) + (t - q), and of t = 0 nothing; so the sum is that of t(e^l - 1 - l) and the gap
sum t - 1 + sum q over the classes of t = 0. Several short rows go through exp and log side by side; of a long one, a span at a time.
"""

from libc.math cimport fabs, log

from ..block cimport LANES
from ..rows_block cimport (
    DIVERGE, DIVERGE_JOIN, DIVERGE_SUM, DIVERGE_TERMS, LOSS, SPAN_GAP, SPAN_LINEAR, SPAN_LOST, SPAN_MASS, SPAN_REST, SPAN_TOP, RowsBlock)
from ..vectors cimport bend_d, fraction, vexp, vlog
from ..views cimport real, writing_rows
from .conclude cimport power
from .sums cimport add_exactly, add_row_exactly, greatest, of_row

cdef extern from "math.h" nogil:
    const double INFINITY

cdef enum:
    STRIP = 512                 # doubles that go through exp and log at a time, and the most rows they are of

cdef enum:                      # tiles of a strip
    Z                           # x less the greatest
    Q                           # exp z, and then probabilities
    T                           # targets; while exponentials are added, rows' greatest
    LOGS                        # their logarithms, and then terms
    NONE
    TILES

cdef enum:                      # of a row
    TOP
    SUM                         # of exp(x - top)
    TERMS
    MASS                        # sum t
    GAP
    LOST                        # what rounding took from it
    KNOWN


cdef inline int diverge(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] row, double[:, ::1] part, const RowsBlock* block,
                        bint by_class) except -1 nogil:
    """The losses, unweighted. `by_class`: x and t have the numbers of a class in a line."""
    cdef double tiles[TILES * STRIP]
    cdef double rows[KNOWN * STRIP]
    cdef double[:, ::1] tile = writing_rows(tiles, TILES, STRIP, STRIP), known = writing_rows(rows, KNOWN, STRIP, STRIP)
    cdef Py_ssize_t r = 0, i, k, m, classes = block.classes, n = block.rows, strips = (classes + STRIP - 1) // STRIP
    for i in range(STRIP):
        tile[NONE, i] = 0
    if block.spans > 1 and not by_class:
        return long_row(x, t, row, part, tile, known, block)
    while r < n:
        m = min(max(STRIP // classes, <Py_ssize_t>1), n - r)
        for i in range(m):
            begin(known, i)
        for k in range(strips):
            add_sums(x, tile, known, r, m, k * STRIP, min(classes - k * STRIP, <Py_ssize_t>STRIP), by_class)
        for k in range(strips):
            add_terms(x, t, tile, known, r, m, k * STRIP, min(classes - k * STRIP, <Py_ssize_t>STRIP), by_class, strips > 1)
        for i in range(m):
            row[LOSS, r + i] = loss_of(known, i)
        r += m
    return 0


cdef inline int long_row(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] row, double[:, ::1] part, double[:, ::1] tile,
                         double[:, ::1] known, const RowsBlock* block) except -1 nogil:
    """A stage of a row, whose spans' sums stand in `part` between them."""
    cdef Py_ssize_t k, c = block.span, strips = (block.length + STRIP - 1) // STRIP
    begin(known, 0)
    if block.stages & DIVERGE_SUM:
        for k in range(strips):
            add_sums(x, tile, known, 0, 1, k * STRIP, min(block.length - k * STRIP, <Py_ssize_t>STRIP), False)
        part[SPAN_TOP, c], part[SPAN_REST, c] = known[TOP, 0], known[SUM, 0]
    if block.stages & DIVERGE_JOIN:         # into the first span's places, where all find them
        for c in range(block.spans):
            join(known, 0, part[SPAN_TOP, c], part[SPAN_REST, c])
        part[SPAN_TOP, 0], part[SPAN_REST, 0] = known[TOP, 0], known[SUM, 0]
    if block.stages & DIVERGE_TERMS:
        known[TOP, 0], known[SUM, 0], known[GAP, 0] = part[SPAN_TOP, 0], part[SPAN_REST, 0], 0
        for k in range(strips):
            add_terms(x, t, tile, known, 0, 1, k * STRIP, min(block.length - k * STRIP, <Py_ssize_t>STRIP), False, True)
        part[SPAN_LINEAR, c], part[SPAN_MASS, c] = known[TERMS, 0], known[MASS, 0]
        part[SPAN_GAP, c], part[SPAN_LOST, c] = known[GAP, 0], known[LOST, 0]
    if block.stages & DIVERGE:
        known[SUM, 0] = part[SPAN_REST, 0]
        for c in range(block.spans):
            known[TERMS, 0] += part[SPAN_LINEAR, c]
            known[MASS, 0] += part[SPAN_MASS, c]
            add_exactly(part[SPAN_GAP, c], &known[GAP, 0], &known[LOST, 0])
            known[LOST, 0] += part[SPAN_LOST, c]
        row[LOSS, 0] = loss_of(known, 0)
    return 0


cdef inline void begin(double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    known[TOP, i] = -INFINITY
    known[GAP, i] = -1
    known[SUM, i] = known[TERMS, i] = known[MASS, i] = known[LOST, i] = 0


cdef inline void join(double[:, ::1] known, Py_ssize_t i, double top, double sum) noexcept nogil:
    """A sum of exponentials beside a greatest x joins those of row i."""
    if top > known[TOP, i]:
        known[SUM, i] = known[SUM, i] * power(known[TOP, i] - top) + sum
        known[TOP, i] = top
    else:
        known[SUM, i] += sum * (1 if top == known[TOP, i] else power(top - known[TOP, i]))


cdef inline double loss_of(const double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    return 0 * known[SUM, i] if known[MASS, i] == 0 else known[TERMS, i] + (known[GAP, i] + known[LOST, i])


cdef inline int add_sums(const real[:, ::1] x, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r, Py_ssize_t m, Py_ssize_t start,
                         Py_ssize_t length, bint by_class) except -1 nogil:
    """TOP and SUM of m rows from r on."""
    cdef Py_ssize_t i, k
    cdef double base, here = 0
    copied(x, tile, Z, r, m, start, length, by_class)
    for i in range(m):
        greatest(tile, Z, i * length, length, &here)
        base = here if here > -INFINITY else 0
        for k in range(i * length, (i + 1) * length):
            tile[Z, k] = tile[Z, k] - base
        tile[T, i] = here
    exponentials(tile, m * length)
    for i in range(m):
        join(known, i, tile[T, i], of_row(tile, Q, i * length, length))
    return 0


cdef inline int add_terms(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r,
                          Py_ssize_t m, Py_ssize_t start, Py_ssize_t length, bint by_class, bint again) except -1 nogil:
    """The rest. `again`: Z and Q have seen other classes since."""
    cdef Py_ssize_t i, k
    cdef double sum, base, inverse, part, l
    if again:
        copied(x, tile, Z, r, m, start, length, by_class)
        for k in range(length):
            tile[Z, k] = tile[Z, k] - known[TOP, 0]
        exponentials(tile, length)
    copied(t, tile, T, r, m, start, length, by_class)
    for i in range(m):
        known[MASS, i] += of_row(tile, T, i * length, length)
    logarithms(tile, m * length)
    for i in range(m):
        sum = known[SUM, i]
        base = log(sum)
        inverse = 1 / sum
        for k in range(i * length, (i + 1) * length):
            tile[Z, k] = tile[Z, k] - base
            tile[Q, k] = fraction(tile[Q, k], sum, inverse)
    for k in range(m * length):
        l = tile[Z, k] - tile[LOGS, k]
        part = tile[T, k] * bend_d(l) if fabs(l) <= 0.5 else (tile[Q, k] - tile[T, k]) - tile[T, k] * l
        tile[LOGS, k] = 0 if tile[T, k] == 0 else part
        tile[T, k] = tile[Q, k] if tile[T, k] == 0 else tile[T, k]
    for i in range(m):
        known[TERMS, i] += of_row(tile, LOGS, i * length, length)
        add_row_exactly(tile, T, i * length, length, &known[GAP, i], &known[LOST, i])
    return 0


cdef inline int copied(const real[:, ::1] x, double[:, ::1] tile, Py_ssize_t line, Py_ssize_t first, Py_ssize_t rows, Py_ssize_t start,
                       Py_ssize_t length, bint by_class) except -1 nogil:
    """Some rows' classes, row after row."""
    cdef Py_ssize_t i, k
    for i in range(rows):
        for k in range(length):
            tile[line, i * length + k] = x[start + k, first + i] if by_class else x[first + i, start + k]
    return 0


cdef inline int exponentials(double[:, ::1] tile, Py_ssize_t n) except -1 nogil:
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    for k in range(n, padded):
        tile[Z, k] = 0
    vexp(&tile[Z, 0], &tile[Q, 0], padded)
    return 0


cdef inline int logarithms(double[:, ::1] tile, Py_ssize_t n) except -1 nogil:
    """log t, of 0: 0."""
    cdef Py_ssize_t k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    for k in range(n, padded):
        tile[T, k] = 0
    for k in range(padded):
        tile[LOGS, k] = tile[T, k] if tile[T, k] > 0 else 1
    vlog(&tile[LOGS, 0], &tile[NONE, 0], &tile[LOGS, 0], padded)
    return 0
