"""Ranked scores of a tile: running sums along the classes."""

from ..block cimport BOUND, GRAD, HESS, LANES
from ..formulas.scored_rows cimport STEP, Scores, through_softmax
from .tiles cimport D, G, H, P, WORTH

cdef enum:
    PARTS = 8               # of a long row: a sum waits for the one before it


cdef inline int rank(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, int wanted) except -1 nogil:
    """Ranked scores of a class-major block: running sums from the first class on, then those of these from the last on."""
    cdef double[::1] d = tile[D], g = tile[G], h = tile[H]
    cdef double running[STEP]
    cdef double worth_step[STEP]
    cdef double g_step[STEP]
    cdef double h_step[STEP]
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
            running[l] = 0
        for j in range(lines - 1 if wanted & (GRAD | HESS | BOUND) else -1, -1, -1):
            k = j * m + i
            for l in range(STEP):
                running[l] += g[k + l]
                g_step[l] = 2 * running[l]
                h_step[l] = 2.0 * (lines - 1 - j) + 0 * d[k + l]
            for l in range(STEP):
                g[k + l] = g_step[l]
            for l in range(STEP if wanted & (HESS | BOUND) else 0):
                h[k + l] = h_step[l]
    if through_softmax(loss) and wanted & (HESS | BOUND):
        curve(tile[P], h, lines, m)
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


cdef inline int run_down(double[::1] g, Py_ssize_t n) except -1 nogil:
    """Twice the running sums of PARTS·n numbers, from the last one on, in their place."""
    cdef double running[PARTS]
    cdef double whole, before = 0
    cdef Py_ssize_t j, l
    for l in range(PARTS):
        running[l] = 0
    for j in range(n):
        for l in range(PARTS):
            running[l] += g[l * n + j]
    for l in range(PARTS - 1, -1, -1):
        whole = running[l]
        running[l] = before
        before += whole
    for j in range(n - 1, -1, -1):
        for l in range(PARTS):
            running[l] += g[l * n + j]
            g[l * n + j] = 2 * running[l]
    return 0


cdef inline int rank_long(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t c, Py_ssize_t size,
                          int wanted) except -1 nogil:
    """The same of a long row: in parts at once, each of whose sums begins where the one before ends."""
    cdef double[::1] p = tile[P], d = tile[D], g = tile[G], h = tile[H]
    cdef double worth_step[STEP]
    cdef Py_ssize_t i, l
    cdef double running = 0, before = 0
    run_up(d, g, size // PARTS)
    for i in range(c - 1, size):
        g[i] = 0 * g[i]
    for l in range(STEP):
        worth_step[l] = 0
    for i in range(size // STEP):
        for l in range(STEP):
            worth_step[l] += g[i * STEP + l] * g[i * STEP + l]
    for l in range(STEP):
        running += worth_step[l]
    for i in range(LANES):
        state[WORTH, i] = running
    if not wanted & (GRAD | HESS | BOUND):
        return 0
    run_down(g, size // PARTS)
    for i in range(size if wanted & (HESS | BOUND) else 0):
        h[i] = 2.0 * (c - 1 - i) + 0 * d[i]
    if not (through_softmax(loss) and wanted & (HESS | BOUND)):
        return 0
    running = before = 0
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
