"""Loops over embeddings that are compared with each other, in double: rows of similarities, and triplets of rows."""

from libc.math cimport fabs, ilogb, ldexp, log1p, sqrt
from libc.stdint cimport int64_t

from ..block cimport LANES, SimilarityBlock, TripletBlock
from ..vectors cimport vexp
from ..views cimport reading, reading_ids, reading_rows, writing, writing_rows
from .sums cimport halved

cdef extern from "math.h" nogil:
    const double INFINITY


cdef inline int similar(double[::1] s, const int64_t[::1] label, Py_ssize_t own, int64_t positives, bint slopes,
                        double* loss) except -1 nogil:
    """log Σ exp(s) less the mean of s over those with the same label, all but the row's own; s becomes the slopes.

    The greatest term is kept out of the sum, so that log1p of the rest loses nothing beside it.
    """
    cdef double lane[LANES]
    cdef double[::1] lanes = writing(lane, LANES)
    cdef double top = -INFINITY, mean, rest, total, share = 1 / <double>positives if positives > 0 else 0
    cdef int64_t mine = label[own]
    cdef Py_ssize_t n = label.shape[0], padded = s.shape[0], place = 0, i, j, k
    if positives == 0:
        for j in range(n if slopes else 0):
            s[j] = 0
        loss[0] = 0
        return 0
    s[own] = -INFINITY
    for j in range(n, padded):
        s[j] = -INFINITY
    for k in range(LANES):
        lane[k] = -INFINITY
    for i in range(padded // LANES):
        for k in range(LANES):
            lane[k] = s[i * LANES + k] if s[i * LANES + k] > lane[k] else lane[k]
    for k in range(LANES):
        top = lane[k] if lane[k] > top else top
    while place < n - 1 and not s[place] == top:
        place += 1
    for j in range(padded):
        s[j] -= top
    s[own] = 0                          # which is neither among the positives' mean ...
    for k in range(LANES):
        lane[k] = 0
    for i in range(n // LANES):
        for k in range(LANES):
            lane[k] += s[i * LANES + k] if label[i * LANES + k] == mine else 0
    for j in range(n & ~(<Py_ssize_t>LANES - 1), n):
        lane[j & (LANES - 1)] += s[j] if label[j] == mine else 0
    mean = halved(lanes) / positives
    s[own] = -INFINITY                  # ... nor in the sum
    vexp(&s[0], &s[0], padded)
    total = s[place]
    s[place] = 0
    for k in range(LANES):
        lane[k] = 0
    for i in range(padded // LANES):
        for k in range(LANES):
            lane[k] += s[i * LANES + k]
    rest = halved(lanes)
    s[place] = total                    # 1, or NaN
    total += rest
    loss[0] = log1p(rest) - mean
    if slopes:
        for j in range(n):
            s[j] = s[j] / total - (share if label[j] == mine else 0)
        s[own] = 0
        if positives == 1 and label[place] == mine:
            s[place] = -rest / total
    return 0


cdef inline int similarity(const SimilarityBlock* block) except -1 nogil:
    """The door: a row."""
    return similar(writing(block.row, block.padded), reading_ids(block.label, block.size), block.own, block.positives, block.slopes,
                   block.loss)


# ---- triplets ---------------------------------------------------------------------------------------------------------------

cdef inline double distance(const double[:, ::1] x, Py_ssize_t i, Py_ssize_t j) except? -1 nogil:
    """|xᵢ − xⱼ|, in range though its square is not."""
    cdef double total = squares(x, i, j, 1), greatest = 0, scale, d
    cdef Py_ssize_t k
    if 1e-250 < total < 1e250 or total != total:
        return sqrt(total)
    for k in range(x.shape[1]):
        d = fabs(x[i, k] - x[j, k])
        greatest = d if d > greatest else greatest
    if not 0 < greatest < INFINITY:
        return greatest
    scale = ldexp(1, min(-ilogb(greatest), 1000))
    return sqrt(squares(x, i, j, scale)) / scale


cdef inline double squares(const double[:, ::1] x, Py_ssize_t i, Py_ssize_t j, double scale) except? -1 nogil:
    cdef double lane[LANES]
    cdef double d
    cdef Py_ssize_t n = x.shape[1], start = 0, k
    for k in range(LANES):
        lane[k] = 0
    while start + LANES <= n:
        for k in range(LANES):
            d = (x[i, start + k] - x[j, start + k]) * scale
            lane[k] += d * d
        start += LANES
    for k in range(n - start):
        d = (x[i, start + k] - x[j, start + k]) * scale
        lane[k] += d * d
    return halved(writing(lane, LANES))


cdef inline int triplets(const double[:, ::1] x, const int64_t[::1] place, const double[::1] weight, double margin,
                         double[:, ::1] grad, double[:, ::1] hess, double* sums) except -1 nogil:
    """Σ w·max(0, |a − p| − |a − n| + M); `place` holds a, p and n of each triplet. Derivatives are added to those of the rows."""
    cdef Py_ssize_t t, a, p, n, k, d = x.shape[1]
    cdef double near, far, gap, w, u, v, total = 0, mass = 0
    for t in range(weight.shape[0]):
        a, p, n, w = place[3 * t], place[3 * t + 1], place[3 * t + 2], weight[t]
        near, far = distance(x, a, p), distance(x, a, n)
        gap = (near - far) + margin
        mass += w
        total += 0 if gap < 0 else w * gap
        if gap <= 0:                    # NaN is not
            continue
        for k in range(d if grad.shape[0] > 0 else 0):
            u = w * over(x[a, k] - x[p, k], near)
            v = w * over(x[a, k] - x[n, k], far)
            grad[a, k] += u
            grad[p, k] -= u
            grad[a, k] -= v
            grad[n, k] += v
        for k in range(d if hess.shape[0] > 0 else 0):
            u = over(x[a, k] - x[p, k], near)
            v = over(x[a, k] - x[n, k], far)
            u = w * over((1 - u) * (1 + u), near)
            v = w * over((1 - v) * (1 + v), far)
            hess[a, k] += u
            hess[p, k] += u
            hess[a, k] -= v
            hess[n, k] -= v
    sums[0], sums[1], sums[2] = total, mass, <double>weight.shape[0]
    return 0


cdef inline double over(double x, double length) noexcept nogil:
    """x/length, and 0 of a difference of nothing."""
    return 0 if length == 0 else x / length


cdef inline int triplet(const TripletBlock* block) except -1 nogil:
    """The door."""
    cdef Py_ssize_t n = block.rows, d = block.size
    return triplets(reading_rows(block.embedding, n, d, d), reading_ids(block.place, 3 * block.triplets),
                    reading(block.weight, block.triplets), block.margin,
                    writing_rows(block.grad, n if block.grad is not NULL else 0, d, d),
                    writing_rows(block.hess, n if block.hess is not NULL else 0, d, d), block.sums)
