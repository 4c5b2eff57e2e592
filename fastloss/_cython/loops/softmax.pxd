"""The softmax of a tile, and what makes derivatives by logits of those by its probabilities."""

from ..block cimport BOUND, HESS
from ..formulas.scored_rows cimport STEP, Scores, gapped, ranked
from ..vectors cimport fraction, vexp, vlogsum
from .tiles cimport (
    ALL_BENDS, BENDS, D, G, H, MEAN, NEVER, OWN, P, PEAK, PLACE, REST, SUM, T, TOP, Z, at, fold_most, fold_sum,
    greatest_of_lanes, less_of_lanes, step_of)

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline int softmax(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m,
                        bint folded) except -1 nogil:
    """P, log p and p - t. The greatest class is left out of the sum: its p may be near 1, and so may its target."""
    cdef double most[STEP]
    cdef double here[STEP]
    cdef double first_place[STEP]
    cdef double others[STEP]
    cdef double number[STEP]
    cdef double inverse[STEP]
    cdef double first[STEP]
    cdef double second[STEP]
    cdef double[::1] top = state[TOP], place = state[PLACE], rest = state[REST], sum = state[SUM], ones = state[OWN], logs = state[MEAN]
    cdef double[::1] p = tile[P], t = tile[T], d = tile[D], z = tile[Z]
    cdef double by = step_of(m, folded), x
    cdef Py_ssize_t i, j, k, l, strip
    greatest_of_lanes(p, top, lines, m)
    fold_most(top, folded, False)
    less_of_lanes(p, top, z, lines, m)
    vexp(&z[0], &p[0], lines * m)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            here[l] = at(0, i + l, m, folded)
            first_place[l] = INFINITY
            number[l] = others[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                number[l] += 1 if p[k + l] == 1 else 0
                others[l] += 0 if p[k + l] == 1 else p[k + l]
                x = here[l] if p[k + l] == 1 else INFINITY
                first_place[l] = x if x < first_place[l] else first_place[l]
                here[l] += by
        for l in range(STEP):
            place[i + l] = first_place[l]
            ones[i + l] = number[l]
            rest[i + l] = others[l]
    fold_most(place, folded, True)
    fold_sum(ones, folded)
    fold_sum(rest, folded)
    for i in range(m):
        rest[i] += ones[i] - 1 if ones[i] > 0 else 0
        sum[i] = rest[i] + (1 if ones[i] > 0 else 0)
        logs[i] = sum[i]
        ones[i] = rest[i] - (sum[i] - 1)
    vlogsum(&logs[0], &ones[0], &logs[0], m)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            here[l] = at(0, i + l, m, folded)
            first_place[l] = place[i + l]
            number[l] = sum[i + l]
            inverse[l] = 1 / number[l]
            others[l] = rest[i + l] / number[l]
            most[l] = logs[i + l]
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                first[l] = fraction(p[k + l], number[l], inverse[l])
                x = (1 - t[k + l]) - others[l]
                second[l] = x if (here[l] == first_place[l]) & (t[k + l] >= 0.5) else first[l] - t[k + l]
                here[l] += by
            for l in range(STEP):
                p[k + l] = first[l]
            for l in range(STEP):
                d[k + l] = second[l]
            if gapped(loss):
                for l in range(STEP):
                    first[l] = z[k + l] - most[l]
                for l in range(STEP):
                    z[k + l] = first[l]
    for i in range(m):
        ones[i] = logs[i] = 0
    return 0


cdef inline int centre(Scores loss, double[:, ::1] tile, double[:, ::1] state, Py_ssize_t lines, Py_ssize_t m, bint folded,
                       bint curved) except -1 nogil:
    """The mean slope, less the greatest class's; and the sums of the bends."""
    cdef double[::1] place = state[PLACE], peak = state[PEAK], mean = state[MEAN], bends = state[BENDS], every = state[ALL_BENDS]
    cdef double[::1] p = tile[P], t = tile[T], g = tile[G], h = tile[H], never = state[NEVER]
    cdef double here[STEP]
    cdef double first_place[STEP]
    cdef double slope[STEP]
    cdef double endless[STEP]
    cdef double added[STEP]
    cdef double others[STEP]
    cdef double whole[STEP]
    cdef double by = step_of(m, folded), x
    cdef Py_ssize_t i, j, k, l, strip
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            here[l] = at(0, i + l, m, folded)
            first_place[l] = place[i + l]
            slope[l] = endless[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                slope[l] = g[k + l] if here[l] == first_place[l] else slope[l]
                here[l] += by
                if gapped(loss):
                    endless[l] = INFINITY if (g[k + l] == INFINITY) & (p[k + l] != 0) else endless[l]
        for l in range(STEP):
            peak[i + l] = slope[l]
            never[i + l] = endless[l]
    fold_sum(peak, folded)
    fold_most(never, folded, False)
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            here[l] = at(0, i + l, m, folded)
            first_place[l] = place[i + l]
            slope[l] = peak[i + l]
            added[l] = others[l] = whole[l] = 0
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                x = p[k + l] * (g[k + l] - slope[l])
                if not ranked(loss):    # whose slopes may be infinite where there is nothing
                    x = x if p[k + l] != 0 else 0 * t[k + l]
                added[l] += x
            if curved and not ranked(loss):
                for l in range(STEP):
                    others[l] += h[k + l] if here[l] != first_place[l] else 0
                    whole[l] += h[k + l]
                    here[l] += by
        for l in range(STEP):
            mean[i + l] = added[l]
            bends[i + l] = others[l]
            every[i + l] = whole[l]
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
    cdef double here[STEP]
    cdef double first_place[STEP]
    cdef double slope[STEP]
    cdef double shift[STEP]
    cdef double endless[STEP]
    cdef double share[STEP]
    cdef double others[STEP]
    cdef double whole[STEP]
    cdef double first[STEP]
    cdef double second[STEP]
    cdef Py_ssize_t i, j, k, l, strip
    cdef double by = step_of(m, folded), q, lean, x, centred, least = 0 if wanted & BOUND else -INFINITY
    for strip in range(m // STEP):
        i = strip * STEP
        for l in range(STEP):
            here[l] = at(0, i + l, m, folded)
            first_place[l] = place[i + l]
            slope[l] = peak[i + l]
            shift[l] = mean[i + l]
            endless[l] = never[i + l]
            share[l] = rest[i + l] / sum[i + l]
            others[l] = bends[i + l]
            whole[l] = every[i + l]
        for j in range(lines):
            k = j * m + i
            for l in range(STEP):
                centred = (g[k + l] - slope[l]) - shift[l]
                if gapped(loss):
                    x = INFINITY if g[k + l] == INFINITY else -INFINITY
                    centred = centred if endless[l] == 0 else x
                first[l] = p[k + l] * centred if p[k + l] != 0 else 0
            for l in range(STEP):
                g[k + l] = first[l]
            if not wanted & (HESS | BOUND):
                continue
            for l in range(STEP):
                lean = (1 - 2 * p[k + l]) * g[k + l] if p[k + l] != 0 else 0
                lean = least if lean < least else lean
                if ranked(loss):
                    second[l] = h[k + l] + lean
                else:
                    q = share[l] if here[l] == first_place[l] else 1 - p[k + l]
                    x = others[l] if here[l] == first_place[l] else whole[l] - h[k + l]
                    second[l] = (h[k + l] * (q * q) + p[k + l] * p[k + l] * x) + lean
                    here[l] += by
            for l in range(STEP):
                h[k + l] = second[l]
    return 0
