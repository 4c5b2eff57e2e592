"""Ranked scores of a tile: running sums along the classes."""

from ..block cimport BOUND, GRAD, HESS, LANES
from ..formulas.scored_rows cimport STEP, Scores, through_softmax
from .sums cimport add_exactly, add_row_exactly
from .tiles cimport D, G, H, OTHER, P, PLACE, T, WORTH, Z

cdef enum:
    PARTS = 8               # of a long row: a sum waits for the one before it


cdef inline int rank(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint labelled,
                     int wanted) except -1 nogil:
    """Ranked scores of a class-major block, from running sums from the first class on."""
    cdef double[::1] d = tile[D], g = tile[G]
    cdef double running[STEP]
    cdef double worth_step[STEP]
    cdef double g_step[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            running[l] = worth_step[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                running[l] += d[k + l]
                g_step[l] = running[l] if j < lines - 1 else 0 * running[l]
                worth_step[l] += g_step[l] * g_step[l]
            for l in range(STEP):
                g[k + l] = g_step[l]
        for l in range(STEP):
            state[WORTH, i + l] = worth_step[l]
    if wanted & (GRAD | HESS | BOUND):
        if through_softmax(loss):
            from_greatest(tile, state, lines, m, labelled)
        else:
            from_last(tile, lines, m, wanted)
    if through_softmax(loss) and wanted & (HESS | BOUND):
        curve(tile[P], tile[H], lines, m)
    return 0


cdef inline int from_last(double[:, ::1] tile, Py_ssize_t lines, Py_ssize_t m, int wanted) except -1 nogil:
    """Slopes: twice the sums of the running sums, from the last on."""
    cdef double[::1] d = tile[D], g = tile[G], h = tile[H]
    cdef double running[STEP]
    cdef double g_step[STEP]
    cdef double h_step[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            running[l] = 0
        for j in range(lines - 1, -1, -1):
            k = j * m + i
            for l in range(STEP):
                running[l] += g[k + l]
                g_step[l] = 2 * running[l]
                h_step[l] = 2.0 * (lines - 1 - j) + 0 * d[k + l]
            for l in range(STEP):
                g[k + l] = g_step[l]
            for l in range(STEP if wanted & (HESS | BOUND) else 0):
                h[k + l] = h_step[l]
    return 0


cdef inline int from_greatest(double[:, ::1] tile, const double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                              bint labelled) except -1 nogil:
    """Slopes less the greatest class's: twice the sums of the running sums between the two. From the greatest on these are what all
    classes add up to (nothing, against a label), less what comes after: the greatest's p, which may be near 1, is in none of them."""
    cdef double[::1] t = tile[T], d = tile[D], g = tile[G]
    cdef double place[STEP]
    cdef double running[STEP]
    cdef double left[STEP]
    cdef double lost[STEP]
    cdef double g_step[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    cdef double x
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            place[l] = state[PLACE, i + l]
            running[l] = lost[l] = 0
            left[l] = 0 if labelled else 1
        for j in range(0 if labelled else lines):
            k = j * m + i
            for l in range(STEP):
                add_exactly(-t[k + l], &left[l], &lost[l])
        for l in range(STEP):
            left[l] += lost[l]
        for j in range(lines - 1, -1, -1):
            k = j * m + i
            for l in range(STEP):
                x = g[k + l] if (j < place[l]) | (j == lines - 1) else left[l]
                running[l] += x if j < place[l] else 0
                g_step[l] = 2 * running[l] if j < place[l] else x
                left[l] -= d[k + l]
            for l in range(STEP):
                g[k + l] = g_step[l]
        for l in range(STEP):
            running[l] = 0 * left[l]        # no sum may have had the NaN of the last class
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                x = g[k + l]
                g_step[l] = x if j < place[l] else -2 * running[l]
                running[l] += 0 if j < place[l] else x
            for l in range(STEP):
                g[k + l] = g_step[l]
    return 0


cdef inline int curve(const double[::1] p, double[::1] h, Py_ssize_t lines, Py_ssize_t m) except -1 nogil:
    """2p² times the squares of P before a class, and of 1 − P from it on, but for the last."""
    cdef double running[STEP]
    cdef double before[STEP]
    cdef double h_step[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            running[l] = before[l] = 0
        for j in range(lines - 1, -1, -1):
            k = j * m + i
            for l in range(STEP):
                before[l] += running[l] * running[l]
                running[l] += p[k + l]
            for l in range(STEP):
                h[k + l] = before[l]
        for l in range(STEP):
            running[l] = before[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                h_step[l] = 2 * p[k + l] * p[k + l] * (h[k + l] + before[l])
                running[l] += p[k + l]
                before[l] += running[l] * running[l]
            for l in range(STEP):
                h[k + l] = h_step[l]
    return 0


cdef inline int run_up(const double[::1] d, double[::1] sums, Py_ssize_t n) except -1 nogil:
    """Running sums of PARTS·n numbers."""
    cdef double running[PARTS]
    cdef double whole, before = 0
    cdef Py_ssize_t j, l
    for l in range(PARTS):
        running[l] = 0
    for j in range(n):
        for l in range(PARTS):
            running[l] += d[l * n + j]
    for l in range(PARTS):
        whole = running[l]
        running[l] = before
        before += whole
    for j in range(n):
        for l in range(PARTS):
            running[l] += d[l * n + j]
            sums[l * n + j] = running[l]
    return 0


cdef inline int run_down(const double[::1] d, double[::1] sums, Py_ssize_t n, double by) except -1 nogil:
    """Running sums of PARTS·n numbers, from the last one on, times a power of two. They may stand where the numbers did."""
    cdef double running[PARTS]
    cdef double whole, before = 0
    cdef Py_ssize_t j, l
    for l in range(PARTS):
        running[l] = 0
    for j in range(n):
        for l in range(PARTS):
            running[l] += d[l * n + j]
    for l in range(PARTS - 1, -1, -1):
        whole = running[l]
        running[l] = before
        before += whole
    for j in range(n - 1, -1, -1):
        for l in range(PARTS):
            running[l] += d[l * n + j]
            sums[l * n + j] = by * running[l]
    return 0


cdef inline int rank_long(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t c, Py_ssize_t size,
                          bint labelled, int wanted) except -1 nogil:
    """The same of a long row: in parts at once, each of whose sums begins where the one before ends."""
    cdef double[::1] g = tile[G]
    cdef double worth_step[STEP]
    cdef double worth = 0
    cdef Py_ssize_t i, l
    run_up(tile[D], g, size // PARTS)
    for i in range(c - 1, size):
        g[i] = 0 * g[i]
    for l in range(STEP):
        worth_step[l] = 0
    for i in range(size // STEP):
        for l in range(STEP):
            worth_step[l] += g[i * STEP + l] * g[i * STEP + l]
    for l in range(STEP):
        worth += worth_step[l]
    for i in range(LANES):
        state[WORTH, i] = worth
    if wanted & (GRAD | HESS | BOUND):
        if through_softmax(loss):
            from_greatest_long(tile, state[PLACE, 0], c, size, labelled)
        else:
            from_last_long(tile, c, size, wanted)
    if through_softmax(loss) and wanted & (HESS | BOUND):
        curve_long(tile[P], tile[H], c)
    return 0


cdef inline int from_last_long(double[:, ::1] tile, Py_ssize_t c, Py_ssize_t size, int wanted) except -1 nogil:
    cdef double[::1] d = tile[D], g = tile[G], h = tile[H]
    cdef Py_ssize_t i
    run_down(g, g, size // PARTS, 2)
    for i in range(size if wanted & (HESS | BOUND) else 0):
        h[i] = 2.0 * (c - 1 - i) + 0 * d[i]
    return 0


cdef inline int from_greatest_long(double[:, ::1] tile, double greatest, Py_ssize_t c, Py_ssize_t size,
                                   bint labelled) except -1 nogil:
    cdef double[::1] g = tile[G], z = tile[Z], other = tile[OTHER]
    cdef double every = 0 if labelled else -1, lost = 0
    cdef Py_ssize_t i, place = <Py_ssize_t>greatest if greatest < c else c
    if not labelled:
        add_row_exactly(tile, T, 0, c, &every, &lost)
        every = -(every + lost)
    run_down(tile[D], other, size // PARTS, 1)
    for i in range(place, c - 1):
        g[i] = every - other[i + 1]
    for i in range(size):
        z[i] = g[i] if i < place else 0
    run_down(z, other, size // PARTS, 2)
    for i in range(place, size):
        z[i] = g[i]
    for i in range(place):
        z[i] = 0
    run_up(z, g, size // PARTS)
    for i in range(size - 1, place, -1):
        g[i] = -2 * g[i - 1]
    for i in range(place, min(place + 1, size)):
        g[i] = 0 * every        # no sum may have had the NaN of the last class
    for i in range(place):
        g[i] = other[i]
    return 0


cdef inline int curve_long(const double[::1] p, double[::1] h, Py_ssize_t c) except -1 nogil:
    """As `curve`."""
    cdef Py_ssize_t i
    cdef double running = 0, before = 0
    for i in range(c - 1, -1, -1):
        before += running * running
        h[i] = before
        running += p[i]
    running = before = 0
    for i in range(c):
        h[i] = 2 * p[i] * p[i] * (h[i] + before)
        running += p[i]
        before += running * running
    return 0
