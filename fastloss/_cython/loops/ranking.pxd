"""Losses of all pairs of a group of which one is placed before the other: in double, pairs side by side in a tile.

A sample's partners are all that are placed behind it, which lie side by side: a run of pairs.
"""

from libc.math cimport fabs

from ..block cimport LANES, TILE, GroupBlock
from ..vectors cimport softplus_bound, vexp, vlog1p
from ..views cimport reading, writing

cdef struct Run:                # pairs of one sample in a tile
    Py_ssize_t sample
    Py_ssize_t partner          # the first of its partners,
    Py_ssize_t start            # whose pair's place in the tile this is,
    Py_ssize_t size             # and their number

cdef struct Tile:
    double gap[TILE]            # partner's score − sample's ...
    double value[TILE]          # ... its softplus,
    double slope[TILE]          # that one's derivative,
    double bend[TILE]           # and second derivative
    Run run[TILE]
    Py_ssize_t filled
    Py_ssize_t runs


cdef inline int pairwise(const double[::1] score, const double[::1] place, const double[::1] weight, bint bound, double[::1] grad,
                         double[::1] hess, double* sums) except -1 nogil:
    """Σ over pairs of w·w'·log(1 + exp(s' − s)), and its derivatives."""
    cdef Tile tile
    cdef double[::1] gap = writing(tile.gap, TILE)
    cdef Py_ssize_t n = score.shape[0], first = 0, last, i, j, k, m
    cdef double behind, own
    for i in range(grad.shape[0]):
        grad[i] = 0
    for i in range(hess.shape[0]):
        hess[i] = 0
    tile.filled = tile.runs = 0
    sums[0] = sums[1] = sums[2] = 0
    while first < n:
        last = first + 1
        while last < n and place[last] == place[first]:
            last += 1
        own = behind = 0
        for i in range(first, last):
            own += weight[i]
        for i in range(last, n):
            behind += weight[i]
        sums[1] += own * behind
        sums[2] += <double>(last - first) * <double>(n - last)
        for i in range(first, last):
            j = last
            while j < n:
                m = min(n - j, TILE - tile.filled)
                for k in range(m):
                    gap[tile.filled + k] = score[j + k] - score[i]
                tile.run[tile.runs].sample, tile.run[tile.runs].partner = i, j
                tile.run[tile.runs].start, tile.run[tile.runs].size = tile.filled, m
                tile.runs += 1
                tile.filled += m
                j += m
                if tile.filled == TILE:
                    spend(&tile, weight, bound, grad, hess, sums)
        first = last
    if tile.filled > 0:
        spend(&tile, weight, bound, grad, hess, sums)
    return 0


cdef inline int spend(Tile* tile, const double[::1] weight, bint bound, double[::1] grad, double[::1] hess,
                      double* sums) except -1 nogil:
    """Add a tile's pairs to their samples', and empty it."""
    cdef Py_ssize_t n = tile.filled, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1), r
    cdef bint slopes = grad.shape[0] > 0, bends = hess.shape[0] > 0
    cdef Run* run
    terms(writing(tile.gap, padded), writing(tile.value, padded), writing(tile.slope, padded if slopes else 0),
          writing(tile.bend, padded if bends else 0), n, bound)
    for r in range(tile.runs):
        run = &tile.run[r]
        sums[0] += weight[run.sample] * summed(reading(tile.value + run.start, run.size), weight, run.partner)
        if slopes:
            grad[run.sample] -= shared(writing(tile.slope + run.start, run.size), weight, run.sample, run.partner, grad)
        if bends:
            hess[run.sample] += shared(writing(tile.bend + run.start, run.size), weight, run.sample, run.partner, hess)
    tile.filled = tile.runs = 0
    return 0


cdef inline int terms(double[::1] gap, double[::1] value, double[::1] slope, double[::1] bend, Py_ssize_t n,
                      bint bound) except -1 nogil:
    """Of each gap log(1 + exp(gap)), and its derivatives."""
    cdef double e[TILE]
    cdef double l[TILE]
    cdef double up, down
    cdef Py_ssize_t padded = gap.shape[0], k
    cdef double[::1] small = writing(e, padded), log = writing(l, padded)
    for k in range(n, padded):
        gap[k] = 0
    for k in range(padded):
        small[k] = -fabs(gap[k])
    vexp(&small[0], &small[0], padded)
    vlog1p(&small[0], &log[0], padded)
    for k in range(padded):
        value[k] = (0 if gap[k] < 0 else gap[k]) + log[k]
    for k in range(slope.shape[0]):
        slope[k] = (small[k] if gap[k] < 0 else 1) / (1 + small[k])
    if bound:                                       # twice what lies above it: both scores of a pair move
        for k in range(bend.shape[0]):
            bend[k] = 2 * softplus_bound(gap[k], small[k])
    else:
        for k in range(bend.shape[0]):
            up = 1 / (1 + small[k])
            down = small[k] * up
            bend[k] = up * down
    return 0


cdef inline double summed(const double[::1] x, const double[::1] weight, Py_ssize_t start) noexcept nogil:
    """Σ weight·x, of weights from `start` on."""
    cdef double lane[8]
    cdef Py_ssize_t n = x.shape[0], whole = n & ~<Py_ssize_t>7, i, k
    for k in range(8):
        lane[k] = 0
    for i in range(0, whole, 8):
        for k in range(8):
            lane[k] += weight[start + i + k] * x[i + k]
    for i in range(whole, n):
        lane[i - whole] += weight[start + i] * x[i]
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]))


cdef inline double shared(double[::1] x, const double[::1] weight, Py_ssize_t sample, Py_ssize_t partner,
                          double[::1] total) noexcept nogil:
    """A sample's Σ weight·weight'·x, whose terms are added to its partners' totals too."""
    cdef double own = weight[sample]
    cdef Py_ssize_t i, n = x.shape[0]
    for i in range(n):
        x[i] = own * weight[partner + i] * x[i]
        total[partner + i] += x[i]
    return folded(x)


cdef inline double folded(const double[::1] x) noexcept nogil:
    cdef double lane[8]
    cdef Py_ssize_t n = x.shape[0], whole = n & ~<Py_ssize_t>7, i, k
    for k in range(8):
        lane[k] = 0
    for i in range(0, whole, 8):
        for k in range(8):
            lane[k] += x[i + k]
    for i in range(whole, n):
        lane[i - whole] += x[i]
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]))


cdef inline int ranking(const GroupBlock* block) except -1 nogil:
    """The door."""
    cdef Py_ssize_t n = block.size, slopes = n if block.grad is not NULL else 0, bends = n if block.hess is not NULL else 0
    return pairwise(reading(block.score, n), reading(block.place, n), reading(block.weight, n), block.bound,
                    writing(block.grad, slopes), writing(block.hess, bends), block.sums)
