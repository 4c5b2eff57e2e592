"""The softmax of a tile, and what makes derivatives by logits of those by its probabilities."""

from ..block cimport BOUND, HESS
from ..formulas.scored_rows cimport STEP, Scores, gapped, ranked
from ..vectors cimport vexp, vlogsum
from .tiles cimport (
    ALL_BENDS, BENDS, D, G, H, MEAN, NEVER, OWN, P, PEAK, PLACE, REST, SUM, T, TOP, Z, at, fold_most, fold_sum)

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline int softmax(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                        bint folded) except -1 nogil:
    """P, log p and p - t. The greatest class is left out of the sum: its p may be near 1, and so may its target."""
    cdef double first[STEP]
    cdef double second[STEP]
    cdef double third[STEP]
    cdef double[::1] top = state[TOP], place = state[PLACE], rest = state[REST], sum = state[SUM], ones = state[OWN], logs = state[MEAN]
    cdef double[::1] p = tile[P], t = tile[T], d = tile[D], z = tile[Z]
    cdef Py_ssize_t i, j, k, l, strip
    for i in range(m):
        top[i] = -INFINITY
        place[i] = INFINITY
    for j in range(lines):
        for i in range(m):
            top[i] = p[j * m + i] if p[j * m + i] > top[i] else top[i]
    fold_most(top, folded, False)
    for j in range(lines):
        for i in range(m):
            z[j * m + i] = p[j * m + i] - top[i]
    vexp(&z[0], &p[0], lines * m)
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = 1 if p[k + l] == 1 else 0
                second[l] = at(j, i + l, m, folded) if p[k + l] == 1 else INFINITY
                third[l] = 0 if p[k + l] == 1 else p[k + l]
            for l in range(STEP):
                ones[i + l] += first[l]
            for l in range(STEP):
                place[i + l] = second[l] if second[l] < place[i + l] else place[i + l]
            for l in range(STEP):
                rest[i + l] += third[l]
    fold_most(place, folded, True)
    fold_sum(ones, folded)
    fold_sum(rest, folded)
    for i in range(m):
        rest[i] += ones[i] - 1 if ones[i] > 0 else 0
        sum[i] = rest[i] + (1 if ones[i] > 0 else 0)
        logs[i] = sum[i]
        ones[i] = rest[i] - (sum[i] - 1)
    vlogsum(&logs[0], &ones[0], &logs[0], m)
    for i in range(m):
        ones[i] = rest[i] / sum[i]
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = p[k + l] / sum[i + l]
                second[l] = first[l] - t[k + l]
                third[l] = (1 - t[k + l]) - ones[i + l]
                second[l] = third[l] if (at(j, i + l, m, folded) == place[i + l]) & (t[k + l] >= 0.5) else second[l]
            for l in range(STEP):
                p[k + l] = first[l]
            for l in range(STEP):
                d[k + l] = second[l]
            if gapped(loss):
                for l in range(STEP):
                    z[k + l] -= logs[i + l]
    for i in range(m):
        ones[i] = logs[i] = 0
    return 0


cdef inline int centre(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                       bint curved) except -1 nogil:
    """The mean slope, less the greatest class's; and the sums of the bends."""
    cdef double[::1] place = state[PLACE], peak = state[PEAK], mean = state[MEAN], bends = state[BENDS], every = state[ALL_BENDS]
    cdef double[::1] p = tile[P], g = tile[G], h = tile[H], never = state[NEVER]
    cdef double first[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = g[k + l] if at(j, i + l, m, folded) == place[i + l] else peak[i + l]
            for l in range(STEP):
                peak[i + l] = first[l]
            if gapped(loss):
                for l in range(STEP):
                    first[l] = INFINITY if (g[k + l] == INFINITY) & (p[k + l] != 0) else never[i + l]
                for l in range(STEP):
                    never[i + l] = first[l]
    fold_sum(peak, folded)
    fold_most(never, folded, False)
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                first[l] = p[k + l] * (g[k + l] - peak[i + l])
            if not ranked(loss):    # whose slopes may be infinite where there is nothing
                for l in range(STEP):
                    first[l] = first[l] if p[k + l] != 0 else 0
            for l in range(STEP):
                mean[i + l] += first[l]
            if curved and not ranked(loss):
                for l in range(STEP):
                    first[l] = h[k + l] if at(j, i + l, m, folded) != place[i + l] else 0
                for l in range(STEP):
                    bends[i + l] += first[l]
                for l in range(STEP):
                    every[i + l] += h[k + l]
    fold_sum(mean, folded)
    fold_sum(bends, folded)
    fold_sum(every, folded)
    return 0


cdef inline int through(Scores loss, double[:, ::1] tile, const double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                        int wanted) except -1 nogil:
    """p(g - mean), and p(1 - 2p)(g - mean) + b(1 - p)^2 + p^2 (sum b - b) of the bends b: the first may be negative, which a majorizer
    leaves out. A slope that is infinite leaves the others as far down."""
    cdef const double[::1] place = state[PLACE], rest = state[REST], sum = state[SUM], peak = state[PEAK], mean = state[MEAN]
    cdef const double[::1] bends = state[BENDS], every = state[ALL_BENDS], never = state[NEVER]
    cdef double[::1] p = tile[P], g = tile[G], h = tile[H]
    cdef double first[STEP]
    cdef double second[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    cdef bint bounded = (wanted & BOUND) != 0
    cdef double q, lean, others, centred
    for j in range(lines):
        for strip in range(m // STEP):
            i = strip * STEP
            k = j * m + i
            for l in range(STEP):
                centred = (g[k + l] - peak[i + l]) - mean[i + l]
                if gapped(loss):
                    centred = centred if never[i + l] == 0 else (INFINITY if g[k + l] == INFINITY else -INFINITY)
                first[l] = p[k + l] * centred if p[k + l] != 0 else 0
            for l in range(STEP):
                g[k + l] = first[l]
            if not wanted & (HESS | BOUND):
                continue
            for l in range(STEP):
                lean = (1 - 2 * p[k + l]) * g[k + l] if p[k + l] != 0 else 0
                lean = 0 if bounded & (lean < 0) else lean
                if ranked(loss):
                    second[l] = h[k + l] + lean
                else:
                    q = rest[i + l] / sum[i + l] if at(j, i + l, m, folded) == place[i + l] else 1 - p[k + l]
                    others = bends[i + l] if at(j, i + l, m, folded) == place[i + l] else every[i + l] - h[k + l]
                    second[l] = (h[k + l] * (q * q) + p[k + l] * p[k + l] * others) + lean
            for l in range(STEP):
                h[k + l] = second[l]
    return 0
