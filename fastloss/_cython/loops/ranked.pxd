"""Ranked scores of a tile: running sums along the classes."""

from ..block cimport BOUND, HESS, LANES
from ..formulas.scored_rows cimport Scores, through_softmax
from .tiles cimport D, G, GAP, H, LOST, P, WORTH


cdef inline int rank(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, int wanted) except -1 nogil:
    """Ranked scores of a class-major block: running sums from the first class on, then those of these from the last on."""
    cdef double[::1] worth = state[WORTH], running = state[GAP], before = state[LOST]
    cdef double[::1] p = tile[P], d = tile[D], g = tile[G], h = tile[H]
    cdef Py_ssize_t i, j, k
    for j in range(lines):
        for i in range(m):
            running[i] += d[j * m + i]
            g[j * m + i] = running[i] if j < lines - 1 else 0 * running[i]
            worth[i] += g[j * m + i] * g[j * m + i]
    for i in range(m):
        running[i] = 0
    for j in range(lines - 1, -1, -1):
        for i in range(m):
            running[i] += g[j * m + i]
            h[j * m + i] = 2.0 * (lines - 1 - j) + 0 * d[j * m + i]
            g[j * m + i] = 2 * running[i]
    if not (through_softmax(loss) and wanted & (HESS | BOUND)):
        return 0
    # 2p² times the squares of P before a class, and of 1 − P from it on, but for the last
    for i in range(m):
        running[i] = before[i] = 0
    for j in range(lines - 1, -1, -1):
        for i in range(m):
            k = j * m + i
            before[i] += running[i] * running[i]
            h[k] = before[i]
            running[i] += p[k]
    for i in range(m):
        running[i] = before[i] = 0
    for j in range(lines):
        for i in range(m):
            k = j * m + i
            h[k] = 2 * p[k] * p[k] * (h[k] + before[i])
            running[i] += p[k]
            before[i] += running[i] * running[i]
    return 0


cdef inline int rank_long(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t c, Py_ssize_t size,
                          int wanted) except -1 nogil:
    """The same of a long row, from class to class."""
    cdef double[::1] p = tile[P], d = tile[D], g = tile[G], h = tile[H]
    cdef Py_ssize_t i
    cdef double running = 0, before = 0, worth = 0
    for i in range(c):
        running += d[i]
        g[i] = running if i < c - 1 else 0 * running
        worth += g[i] * g[i]
    for i in range(LANES):
        state[WORTH, i] = worth
    running = 0
    for i in range(c - 1, -1, -1):
        running += g[i]
        g[i] = 2 * running
        h[i] = 2.0 * (c - 1 - i) + 0 * d[i]
    for i in range(c, size):
        g[i] = h[i] = 0
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
