"""Likelihoods of what comes first (Cox, Plackett and Luce): two passes over samples sorted by time, in double.

Backwards, the risk sets grow: Z = Σ w·eˢ stands as (weight of the greatest + rest)·e^top, so that no exponential overflows and
log Z − top is log1p of a rest that may be as small as it likes. Forwards, a sample gathers what each event up to its time gives
it, a = Σ c/Z and b = Σ c/Z², kept relative to the tops, which fall.
"""

from libc.math cimport exp, log, log1p

from ..block cimport GROUP_LINES, GroupBlock
from ..views cimport reading, writing, writing_rows

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline double power(double x) noexcept nogil:
    """exp(x) for x <= 0; −∞ less −∞ is no power at all."""
    return 1.0 if x == 0 else (exp(x) if x == x and x > -INFINITY else (0.0 if x == -INFINITY else x))


cdef inline int cox(const double[::1] score, const double[::1] time, const double[::1] event, const double[::1] weight, bint efron,
                    double[:, ::1] group, double[::1] grad, double[::1] hess, double* sums) except -1 nogil:
    """Σ over events of w·(log Z − s), and its derivatives. `event` is the weight w of a sample's event, 0 without one, `weight` the
    sample's in Z; `group` has a line for each time: top, a, b, and what tied events get less of both by Efron's method."""
    cdef Py_ssize_t n = score.shape[0], first, last, i
    cdef double top = -INFINITY, most = 0, rest = 0, deaths, count, tied, others, before, portion, share, z, a, b, a_tied, b_tied, e
    cdef double total = 0, mass = 0, number = 0, lifted
    last = n
    while last > 0:
        first = last - 1
        while first > 0 and time[first - 1] == time[last - 1]:
            first -= 1
        for i in range(first, last):            # who is censored now is still at risk
            if event[i] == 0:
                join(score[i], weight[i], &top, &most, &rest)
        before = top
        others = most + rest
        deaths = count = 0
        for i in range(first, last):
            if event[i] != 0:
                join(score[i], weight[i], &top, &most, &rest)
                deaths += event[i]
                count += 1
        mass += deaths
        number += count
        a = b = a_tied = b_tied = 0
        if count > 0 and (count == 1 or not efron):
            z = most + rest
            lifted = log(z) if rest > most else log(most) + log1p(rest / most)      # a sum near 1 would lose the rest
            for i in range(first, last):
                if event[i] != 0:
                    total += event[i] * ((top - score[i]) + lifted)
            a = deaths / z
            b = deaths / z / z
        elif count > 0:
            others = others * power(before - top) if others != 0 else 0
            tied = 0
            for i in range(first, last):
                if event[i] != 0:
                    tied += weight[i] * power(score[i] - top)
                    total += event[i] * (top - score[i])
            share = deaths / count
            for i in range(<Py_ssize_t>count):
                portion = 1 - i / count         # of the tied events that is still at risk
                z = others + portion * tied
                total += share * log(z)
                a += share / z
                b += share / z / z
                a_tied += share * (1 - portion) / z
                b_tied += share * (1 - portion * portion) / z / z
        if grad.shape[0] > 0:
            group[0, first] = top
            group[1, first] = a
            group[2, first] = b
            group[3, first] = a_tied
            group[4, first] = b_tied
        last = first
    sums[0], sums[1], sums[2] = total, mass, number
    if grad.shape[0] == 0:
        return 0
    a = b = 0
    before = INFINITY
    first = 0
    while first < n:
        last = first + 1
        while last < n and time[last] == time[first]:
            last += 1
        if group[1, first] != 0:
            top = group[0, first]
            e = power(top - before) if before < INFINITY else 0
            a = a * e + group[1, first]
            b = b * e * e + group[2, first]
            before = top
        for i in range(first, last):
            a_tied = group[3, first] if event[i] != 0 else 0
            b_tied = group[4, first] if event[i] != 0 else 0
            e = weight[i] * power(score[i] - before) if before < INFINITY else 0
            grad[i] = e * (a - a_tied) - event[i]
            if hess.shape[0] > 0:
                hess[i] = e * (a - a_tied) - e * e * (b - b_tied)
        first = last
    return 0


cdef inline void join(double s, double w, double* top, double* most, double* rest) noexcept nogil:
    """Another sample is at risk."""
    if s > top[0]:
        rest[0] = (rest[0] + most[0]) * power(top[0] - s) if most[0] != 0 else 0
        most[0] = w
        top[0] = s
    elif most[0] == 0:                          # the first, and −∞ or NaN
        most[0] = w
        top[0] = s
    else:
        rest[0] += w * power(s - top[0])


cdef inline int survival(const GroupBlock* block) except -1 nogil:
    """The door."""
    cdef Py_ssize_t n = block.size, slopes = n if block.grad is not NULL else 0, bends = n if block.hess is not NULL else 0
    return cox(reading(block.score, n), reading(block.place, n), reading(block.event, n), reading(block.weight, n), block.efron,
               writing_rows(block.room, GROUP_LINES, slopes, block.stride), writing(block.grad, slopes), writing(block.hess, bends),
               block.sums)
