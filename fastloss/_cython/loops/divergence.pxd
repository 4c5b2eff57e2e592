"""KL(t || softmax(x)), in double: the logarithms of two distributions that nearly agree cancel to their last digits.

With l = log(q/t), a class's share is t(e^l - 1 - l) + (t - q), and of t = 0 nothing; so the sum is that of t(e^l - 1 - l) and the gap
sum t - 1 + sum q over the classes of t = 0. Targets of less than half a probability agree with none: there it is the sum of -t l. Short
rows stand side by side, the numbers of a class in a line; longer ones one behind the other; of a row of several spans, a span at a time.
"""

from libc.math cimport fabs

from ..formulas.scored_rows cimport STEP
from ..rows_block cimport (
    DIVERGE, DIVERGE_JOIN, DIVERGE_SUM, DIVERGE_TERMS, LOSS, ROWS, SHORT, SPAN, SPAN_GAP, SPAN_LINEAR, SPAN_LOST, SPAN_MASS, SPAN_REST,
    SPAN_TOP, RowsBlock)
from ..vectors cimport bend_d, fraction, multiply_add, vexp, vlog, vlogsum
from ..views cimport real, writing_rows
from .conclude cimport power
from .sums cimport add_exactly, add_row_exactly, greatest, of_row
from .tiles cimport greatest_of_lanes, less_of_lanes

cdef extern from "math.h" nogil:
    const double INFINITY

cdef enum:
    GROUP = 1024                # numbers of several rows that go through exp and log together
    FEW = 4                     # short rows: fewer are done one behind the other, to the same bits

cdef enum:                      # tiles
    Z                           # x less the greatest
    Q                           # exp z
    T                           # targets, and then what the gap is a sum of
    LOGS                        # their logarithms, and then terms
    NONE
    TILES

cdef enum:                      # of a row
    TOP
    SUM                         # of exp(x - top)
    BASE                        # its logarithm
    TERMS
    MASS                        # sum t
    GAP
    LOST                        # what rounding took from it
    KNOWN


cdef inline int diverge(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] row, double[:, ::1] part, const RowsBlock* block,
                        bint by_class) except -1 nogil:
    """The losses, unweighted. `by_class`: x and t have the numbers of a class in a line."""
    cdef double tiles[TILES * SPAN]
    cdef double rows[KNOWN * ROWS]
    cdef double[:, ::1] tile = writing_rows(tiles, TILES, SPAN, SPAN), known = writing_rows(rows, KNOWN, ROWS, ROWS)
    cdef Py_ssize_t r = 0, i, m, classes = block.classes, n = block.rows, most = max(GROUP // classes, <Py_ssize_t>1)
    if block.spans > 1:
        return long_row(x, t, row, part, tile, known, block)
    if classes < SHORT:
        most = min(max(most & ~(<Py_ssize_t>STEP - 1), <Py_ssize_t>STEP), <Py_ssize_t>ROWS)
    while r < n:
        m = min(most, n - r)
        if classes < SHORT and m >= FEW:
            side_by_side(x, t, tile, known, r, m, classes, by_class)
        else:
            for i in range(m):
                begin(known, i)
            add_sums(x, tile, known, r, m, classes, by_class)
            add_targets(t, tile, known, r, m, classes, by_class)
            add_terms(tile, known, m, classes)
        for i in range(m):
            row[LOSS, r + i] = loss_of(known, i)
        r += m
    return 0


cdef inline int long_row(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] row, double[:, ::1] part, double[:, ::1] tile,
                         double[:, ::1] known, const RowsBlock* block) except -1 nogil:
    """A stage of a row, whose spans' sums stand in `part` between them."""
    cdef Py_ssize_t c = block.span
    begin(known, 0)
    if block.stages & DIVERGE_SUM:
        add_sums(x, tile, known, 0, 1, block.length, False)
        add_targets(t, tile, known, 0, 1, block.length, False)
        part[SPAN_TOP, c], part[SPAN_REST, c], part[SPAN_MASS, c] = known[TOP, 0], known[SUM, 0], known[MASS, 0]
    if block.stages & DIVERGE_JOIN:         # into the first span's places, where all find them
        for c in range(block.spans):
            join(known, part[SPAN_TOP, c], part[SPAN_REST, c])
            known[MASS, 0] += part[SPAN_MASS, c]
        part[SPAN_TOP, 0], part[SPAN_REST, 0], part[SPAN_MASS, 0] = known[TOP, 0], known[SUM, 0], known[MASS, 0]
    if block.stages & DIVERGE_TERMS:
        known[TOP, 0], known[SUM, 0] = part[SPAN_TOP, 0], part[SPAN_REST, 0]
        less(x, tile, Z, 0, 0, block.length, known[TOP, 0], False)
        vexp(&tile[Z, 0], &tile[Q, 0], filled(tile, Z, block.length))
        less(t, tile, T, 0, 0, block.length, 0, False)
        known[MASS, 0] = part[SPAN_MASS, 0]
        add_terms(tile, known, 1, block.length)
        part[SPAN_LINEAR, c], part[SPAN_GAP, c], part[SPAN_LOST, c] = known[TERMS, 0], known[GAP, 0], known[LOST, 0]
    if block.stages & DIVERGE:
        known[SUM, 0], known[MASS, 0] = part[SPAN_REST, 0], part[SPAN_MASS, 0]
        for c in range(block.spans):
            known[TERMS, 0] += part[SPAN_LINEAR, c]
            add_exactly(part[SPAN_GAP, c], &known[GAP, 0], &known[LOST, 0])
            known[LOST, 0] += part[SPAN_LOST, c]
        row[LOSS, 0] = loss_of(known, 0)
    return 0


cdef inline void begin(double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    known[TOP, i] = -INFINITY
    known[SUM, i] = known[TERMS, i] = known[MASS, i] = known[GAP, i] = known[LOST, i] = 0


cdef inline void join(double[:, ::1] known, double top, double sum) noexcept nogil:
    """A span's sum of exponentials beside its greatest x joins the row's."""
    if top > known[TOP, 0]:
        known[SUM, 0] = known[SUM, 0] * power(known[TOP, 0] - top) + sum
        known[TOP, 0] = top
    else:
        known[SUM, 0] += sum * (1 if top == known[TOP, 0] else power(top - known[TOP, 0]))


cdef inline double loss_of(const double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    cdef double gap = known[GAP, i], lost = known[LOST, i]
    if known[MASS, i] == 0:
        return 0 / known[SUM, i]
    if not scant(known[MASS, i]):
        add_exactly(-1, &gap, &lost)
    return known[TERMS, i] + (gap + lost)


cdef inline bint scant(double mass) noexcept nogil:
    """Whether targets are so far from a distribution that the terms need not add up to a difference from one."""
    return mass < 0.5


# ---- rows one behind the other ------------------------------------------------------------------------------------------------


cdef inline int add_sums(const real[:, ::1] x, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r, Py_ssize_t m,
                         Py_ssize_t length, bint by_class) except -1 nogil:
    """TOP and SUM of m rows from r on."""
    cdef Py_ssize_t i, k
    cdef real top = 0
    for i in range(m):
        if by_class:
            top = -<real>INFINITY
            for k in range(length):
                top = x[k, r + i] if x[k, r + i] > top else top
        else:
            greatest(x, r + i, 0, length, &top)
        known[TOP, i] = top
        less(x, tile, Z, r + i, i * length, length, top, by_class)
    vexp(&tile[Z, 0], &tile[Q, 0], filled(tile, Z, m * length))
    for i in range(m):
        known[SUM, i] = of_row(tile, Q, i * length, length)
    return 0


cdef inline int less(const real[:, ::1] x, double[:, ::1] tile, int line, Py_ssize_t r, Py_ssize_t first, Py_ssize_t length, double top,
                     bint by_class) except -1 nogil:
    """Row r in a line of the tiles, from `first` on, less the greatest, if there is one."""
    cdef double base = top if top > -INFINITY else 0
    cdef Py_ssize_t k
    if by_class:
        for k in range(length):
            tile[line, first + k] = x[k, r] - base
    else:
        for k in range(length):
            tile[line, first + k] = x[r, k] - base
    return 0


cdef inline Py_ssize_t filled(double[:, ::1] tile, int line, Py_ssize_t n) noexcept nogil:
    """n numbers of a line are followed by 0 up to a multiple of what a vector function takes, which is the answer."""
    cdef Py_ssize_t k, padded = (n + STEP - 1) & ~(<Py_ssize_t>STEP - 1)
    for k in range(n, padded):
        tile[line, k] = 0
    return padded


cdef inline int add_targets(const real[:, ::1] t, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r, Py_ssize_t m,
                            Py_ssize_t length, bint by_class) except -1 nogil:
    """T and MASS of the rows."""
    cdef Py_ssize_t i
    for i in range(m):
        less(t, tile, T, r + i, i * length, length, 0, by_class)
        known[MASS, i] = of_row(tile, T, i * length, length)
    return 0


cdef inline int add_terms(double[:, ::1] tile, double[:, ::1] known, Py_ssize_t m, Py_ssize_t length) except -1 nogil:
    """The rest."""
    cdef Py_ssize_t i, k, first
    cdef double base, inverse, here, term = 0
    logarithms(tile, m * length)
    logarithms_of_sums(tile, known, m)
    for i in range(m):
        first = i * length
        base, inverse = known[BASE, i], 1 / known[SUM, i]
        for k in range(first, first + length):
            here = terms_of(tile[Z, k] - base, fraction(tile[Q, k], known[SUM, i], inverse), tile[T, k], tile[LOGS, k],
                            known[MASS, i], &term)
            tile[LOGS, k] = term
            tile[T, k] = here
        known[TERMS, i] += of_row(tile, LOGS, first, length)
        add_row_exactly(tile, T, first, length, &known[GAP, i], &known[LOST, i])
    return 0


cdef inline int logarithms(double[:, ::1] tile, Py_ssize_t n) except -1 nogil:
    """log t, of 0: 0."""
    cdef Py_ssize_t k, padded = filled(tile, T, n)
    for k in range(padded):
        tile[NONE, k] = 0
    for k in range(padded):
        tile[LOGS, k] = tile[T, k] if tile[T, k] > 0 else 1
    vlog(&tile[LOGS, 0], &tile[NONE, 0], &tile[LOGS, 0], padded)
    return 0


cdef inline int logarithms_of_sums(const double[:, ::1] tile, double[:, ::1] known, Py_ssize_t n) except -1 nogil:
    """BASE of n rows. A sum below 1 is 0 or NaN, and what is divided by it NaN."""
    cdef Py_ssize_t i, padded = (n + STEP - 1) & ~(<Py_ssize_t>STEP - 1)
    for i in range(padded):
        known[BASE, i] = known[SUM, i] if i < n and known[SUM, i] >= 1 else 1
    vlogsum(&known[BASE, 0], &tile[NONE, 0], &known[BASE, 0], padded)
    return 0


cdef inline double terms_of(double log_q, double q, double t, double log_t, double mass, double* term) noexcept nogil:
    """A class's term; the answer is what it adds to the gap."""
    cdef double l = log_q - log_t, there = q if t == 0 else t
    cdef double part = t * bend_d(l) if fabs(l) <= 0.5 else multiply_add[double](-t, l, q - t)
    part = -t * l if scant(mass) else part
    term[0] = 0 if t == 0 else part
    return 0 if scant(mass) else there


# ---- rows side by side ----------------------------------------------------------------------------------------------------------


cdef inline int side_by_side(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r,
                             Py_ssize_t n, Py_ssize_t classes, bint by_class) except -1 nogil:
    """All that is known of n rows from r on, which are columns of the tiles."""
    cdef double top[STEP]
    cdef double sum[STEP]
    cdef double mass[STEP]
    cdef double inverse[STEP]
    cdef double terms[STEP]
    cdef double gap[STEP]
    cdef double lost[STEP]
    cdef double here[STEP]
    cdef double there[STEP]
    cdef double term = 0
    cdef Py_ssize_t m = (n + STEP - 1) & ~(<Py_ssize_t>STEP - 1), i, j, k, l, strip
    turned(x, tile, Z, r, n, m, classes, by_class)
    turned(t, tile, T, r, n, m, classes, by_class)
    greatest_of_lanes(tile[Z], known[TOP], classes, m)
    less_of_lanes(tile[Z], known[TOP], tile[Z], classes, m)
    vexp(&tile[Z, 0], &tile[Q, 0], classes * m)
    logarithms(tile, classes * m)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            sum[l] = mass[l] = 0
        for j in range(classes):
            k = j * m + i
            for l in range(STEP):
                sum[l] += tile[Q, k + l]
                mass[l] += tile[T, k + l]
        for l in range(STEP):
            known[SUM, i + l] = sum[l]
            known[MASS, i + l] = mass[l]
    logarithms_of_sums(tile, known, m)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            sum[l] = known[SUM, i + l]
            top[l] = known[BASE, i + l]
            mass[l] = known[MASS, i + l]
            inverse[l] = 1 / sum[l]
            terms[l] = gap[l] = lost[l] = 0
        for j in range(classes):
            k = j * m + i
            for l in range(STEP):
                here[l] = terms_of(tile[Z, k + l] - top[l], fraction(tile[Q, k + l], sum[l], inverse[l]), tile[T, k + l],
                                   tile[LOGS, k + l], mass[l], &term)
                there[l] = term
            for l in range(STEP):
                terms[l] += there[l]
            for l in range(STEP):
                add_exactly(here[l], &gap[l], &lost[l])
        for l in range(STEP):
            known[TERMS, i + l] = terms[l]
            known[GAP, i + l] = gap[l]
            known[LOST, i + l] = lost[l]
    return 0


cdef inline int turned(const real[:, ::1] x, double[:, ::1] tile, int line, Py_ssize_t r, Py_ssize_t n, Py_ssize_t m, Py_ssize_t classes,
                       bint by_class) except -1 nogil:
    """n rows' classes, a class's numbers side by side, and 0 up to m."""
    cdef Py_ssize_t i, j
    for j in range(classes):
        if by_class:
            for i in range(n):
                tile[line, j * m + i] = x[j, r + i]
        else:
            for i in range(n):
                tile[line, j * m + i] = x[r + i, j]
        for i in range(n, m):
            tile[line, j * m + i] = 0
    return 0
