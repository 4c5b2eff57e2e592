"""KL(t || softmax(x)), in double: the logarithms of two distributions that nearly agree cancel to their last digits.

With l = log(q/t), the loss is the sum of t(e^l - 1 - l) and of the q of classes of t = 0, neither of which is negative, and sum t - 1,
which is exact. Targets of less than half a probability agree with none: there it is the sum of -t l. Short rows stand side by side,
the numbers of a class in a line; longer ones one behind the other; of a row of several spans, a span at a time.
"""

from libc.math cimport fabs

from ..formulas.scored_rows cimport STEP
from ..rows_block cimport (
    DIVERGE, DIVERGE_JOIN, DIVERGE_SUM, DIVERGE_TERMS, LOSS, ROWS, SHORT, SPAN, SPAN_LINEAR, SPAN_LOST, SPAN_MASS, SPAN_REST, SPAN_TOP,
    RowsBlock)
from ..vectors cimport bend_d, bend_short, fraction, multiply_add, vexp, vlog
from ..views cimport real, writing_rows
from .conclude cimport power
from .sums cimport add_exactly, add_row_exactly, greatest, of_row
from .tiles cimport greatest_of_lanes, less_of_lanes

cdef extern from "math.h" nogil:
    const double INFINITY, NAN

cdef enum:
    GROUP = 1024                # numbers of several rows that go through exp and log together
    FEW = 4                     # short rows: fewer are done one behind the other, to the same bits

cdef enum:                      # tiles
    Z                           # x less the greatest
    Q                           # exp z
    T                           # targets
    LOGS                        # their logarithms, and then terms
    TILES

cdef enum:                      # of a row
    TOP
    SUM                         # of exp(x - top)
    BASE                        # its logarithm
    TERMS
    MASS                        # sum t
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
            add_terms(<real>0, tile, known, m, classes)
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
        part[SPAN_TOP, c], part[SPAN_REST, c] = known[TOP, 0], known[SUM, 0]
        part[SPAN_MASS, c], part[SPAN_LOST, c] = known[MASS, 0], known[LOST, 0]
    if block.stages & DIVERGE_JOIN:         # into the first span's places, where all find them
        for c in range(block.spans):
            join(known, part[SPAN_TOP, c], part[SPAN_REST, c])
            add_exactly(part[SPAN_MASS, c], &known[MASS, 0], &known[LOST, 0])
            known[LOST, 0] += part[SPAN_LOST, c]
        part[SPAN_TOP, 0], part[SPAN_REST, 0] = known[TOP, 0], known[SUM, 0]
        part[SPAN_MASS, 0], part[SPAN_LOST, 0] = known[MASS, 0], known[LOST, 0]
    if block.stages & DIVERGE_TERMS:
        known[TOP, 0], known[SUM, 0] = part[SPAN_TOP, 0], part[SPAN_REST, 0]
        less(x, tile, Z, 0, 0, block.length, known[TOP, 0], False)
        vexp(&tile[Z, 0], &tile[Q, 0], filled(tile, Z, block.length))
        less(t, tile, T, 0, 0, block.length, 0, False)
        known[MASS, 0] = part[SPAN_MASS, 0]
        add_terms(<real>0, tile, known, 1, block.length)
        part[SPAN_LINEAR, c] = known[TERMS, 0]
    if block.stages & DIVERGE:
        known[SUM, 0], known[MASS, 0], known[LOST, 0] = part[SPAN_REST, 0], part[SPAN_MASS, 0], part[SPAN_LOST, 0]
        for c in range(block.spans):
            known[TERMS, 0] += part[SPAN_LINEAR, c]
        row[LOSS, 0] = loss_of(known, 0)
    return 0


cdef inline void begin(double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    known[TOP, i] = -INFINITY
    known[SUM, i] = known[TERMS, i] = known[MASS, i] = known[LOST, i] = 0


cdef inline void join(double[:, ::1] known, double top, double sum) noexcept nogil:
    """A span's sum of exponentials beside its greatest x joins the row's."""
    if top > known[TOP, 0]:
        known[SUM, 0] = known[SUM, 0] * power(known[TOP, 0] - top) + sum
        known[TOP, 0] = top
    else:
        known[SUM, 0] += sum * (1 if top == known[TOP, 0] else power(top - known[TOP, 0]))


cdef inline double loss_of(const double[:, ::1] known, Py_ssize_t i) noexcept nogil:
    cdef double gap = known[MASS, i], lost = known[LOST, i]
    if known[MASS, i] == 0:
        return 0 / known[SUM, i]
    if scant(known[MASS, i]):
        return known[TERMS, i]
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
    """T, MASS and LOST of the rows."""
    cdef Py_ssize_t i
    for i in range(m):
        less(t, tile, T, r + i, i * length, length, 0, by_class)
        add_row_exactly(tile, T, i * length, length, &known[MASS, i], &known[LOST, i])
    return 0


cdef inline int add_terms(real kind, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t m, Py_ssize_t length) except -1 nogil:
    """The rest."""
    cdef Py_ssize_t i, k, first
    cdef double base, sum, inverse, mass
    logarithms(tile, m * length)
    logarithms_of_sums(known, m)
    for i in range(m):
        first = i * length
        base, sum, inverse, mass = known[BASE, i], known[SUM, i], 1 / known[SUM, i], known[MASS, i]
        for k in range(first, first + length):
            tile[LOGS, k] = term(kind, tile[Z, k] - base, share(kind, tile[Q, k], sum, inverse), tile[T, k], tile[LOGS, k], mass)
        known[TERMS, i] += of_row(tile, LOGS, first, length)
    return 0


cdef inline int logarithms(double[:, ::1] tile, Py_ssize_t n) except -1 nogil:
    """log t, of 0: 0."""
    cdef Py_ssize_t k, padded = filled(tile, T, n)
    for k in range(padded):
        tile[LOGS, k] = tile[T, k] if tile[T, k] > 0 else 1
    vlog(&tile[LOGS, 0], &tile[LOGS, 0], padded)
    return 0


cdef inline int logarithms_of_sums(double[:, ::1] known, Py_ssize_t n) except -1 nogil:
    """BASE of n rows. A sum below 1 is 0 or NaN: of such a row nothing is known."""
    cdef Py_ssize_t i, padded = (n + STEP - 1) & ~(<Py_ssize_t>STEP - 1)
    for i in range(padded):
        known[BASE, i] = 1 if i >= n else (known[SUM, i] if known[SUM, i] >= 1 else NAN)
    vlog(&known[BASE, 0], &known[BASE, 0], padded)
    return 0


cdef inline double term(real kind, double log_q, double q, double t, double log_t, double mass) noexcept nogil:
    """Of a class of a row of this kind."""
    cdef double l = log_q - log_t
    cdef double part = t * (bend_short(l) if real is float else bend_d(l)) if fabs(l) <= 0.5 else multiply_add[double](-t, l, q - t)
    part = -t * l if scant(mass) else part
    return (0 if scant(mass) else q) if t == 0 else part


cdef inline double share(real kind, double q, double sum, double inverse) noexcept nogil:
    """Of the sum of exponentials."""
    return q * inverse if real is float else fraction(q, sum, inverse)


# ---- rows side by side ----------------------------------------------------------------------------------------------------------


cdef inline int side_by_side(const real[:, ::1] x, const real[:, ::1] t, double[:, ::1] tile, double[:, ::1] known, Py_ssize_t r,
                             Py_ssize_t n, Py_ssize_t classes, bint by_class) except -1 nogil:
    """All that is known of n rows from r on, which are columns of the tiles."""
    cdef double top[STEP]
    cdef double sum[STEP]
    cdef double mass[STEP]
    cdef double inverse[STEP]
    cdef double lost[STEP]
    cdef double terms[STEP]
    cdef double here[STEP]
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
            sum[l] = mass[l] = lost[l] = 0
        for j in range(classes):
            k = j * m + i
            for l in range(STEP):
                sum[l] += tile[Q, k + l]
                add_exactly(tile[T, k + l], &mass[l], &lost[l])
        for l in range(STEP):
            known[SUM, i + l] = sum[l]
            known[MASS, i + l] = mass[l]
            known[LOST, i + l] = lost[l]
    logarithms_of_sums(known, m)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            sum[l] = known[SUM, i + l]
            top[l] = known[BASE, i + l]
            mass[l] = known[MASS, i + l]
            inverse[l] = 1 / sum[l]
            terms[l] = 0
        for j in range(classes):
            k = j * m + i
            for l in range(STEP):
                here[l] = term(<real>0, tile[Z, k + l] - top[l], share(<real>0, tile[Q, k + l], sum[l], inverse[l]), tile[T, k + l],
                               tile[LOGS, k + l], mass[l])
            for l in range(STEP):
                terms[l] += here[l]
        for l in range(STEP):
            known[TERMS, i + l] = terms[l]
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
