"""Sums over some numbers of a line of a view: in double precision, in an order that depends on their number alone."""

from ..block cimport LANES
from ..rows_block cimport SHORT
from ..vectors cimport beyond_unit
from ..views cimport real

cdef extern from "math.h" nogil:
    const double INFINITY

cdef extern from "sums.h" nogil:
    double folded(const double* lane) noexcept      # the sum of LANES running sums
    Py_ssize_t first_one_f(const float* x, Py_ssize_t n) noexcept
    Py_ssize_t first_one_d(const double* x, Py_ssize_t n) noexcept


cdef inline double halved(double[::1] lane) noexcept nogil:
    """The sum of running sums, as many as a power of two, of which nothing is left: one half onto the other."""
    cdef Py_ssize_t k, n = lane.shape[0] // 2
    while n > 0:
        for k in range(n):
            lane[k] += lane[k + n]
        n //= 2
    return lane[0]


cdef inline double total(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t start, Py_ssize_t n) except? -1 nogil:
    """The sum of n numbers of line i."""
    cdef double lane[LANES]
    cdef double tail = 0
    cdef Py_ssize_t j = start, end = start + n, k
    for k in range(LANES):
        lane[k] = 0
    while j + LANES <= end:
        for k in range(LANES):
            lane[k] += x[i, j + k]
        j += LANES
    for k in range(j, end):
        tail += x[i, k]
    return folded(lane) + tail


cdef inline double of_row(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t start, Py_ssize_t n) except? -1 nogil:
    """The sum of a row, of a short one in the order of its classes: as where the numbers of a class stand together."""
    cdef Py_ssize_t k
    cdef double sum = 0
    if n >= SHORT:
        return total(x, i, start, n)
    for k in range(start, start + n):
        sum += x[i, k]
    return sum


cdef inline double of_short_exponentials(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t n, bint but_ones) except? -1 nogil:
    """The sum of a short row's exponentials, sixteen of which are added before they are widened; those that are 1 come last."""
    cdef Py_ssize_t k = 0, end
    cdef real part, one = 1, zero = 0, here, ones = 0
    cdef double sum = 0
    while k < n:
        end = min(k + 16, n)
        part = zero
        if but_ones:
            while k < end:
                here = x[i, k]
                ones += one if here == one else zero
                part += zero if here == one else here
                k += 1
        else:
            while k < end:
                part += x[i, k]
                k += 1
        sum += part
    return sum + ones


cdef inline double of_exponentials(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t n) except? -1 nogil:
    """The same of a long row, n being a multiple of LANES; floats are added in fours before they are widened."""
    cdef double lane[LANES]
    cdef Py_ssize_t j = 0, k
    for k in range(LANES):
        lane[k] = 0
    if real is float:
        while j + 4 * LANES <= n:
            for k in range(LANES):
                lane[k] += (x[i, j + k] + x[i, j + LANES + k]) + (x[i, j + 2 * LANES + k] + x[i, j + 3 * LANES + k])
            j += 4 * LANES
    while j < n:
        for k in range(LANES):
            lane[k] += x[i, j + k]
        j += LANES
    return folded(lane)


cdef inline int greatest(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t start, Py_ssize_t n, real* result) except -1 nogil:
    """The maximum of n numbers; NaN is passed over (it shows in the sum)."""
    cdef real lane[2 * LANES]           # enough of them that none has to wait for another
    cdef real top = -<real>INFINITY
    cdef Py_ssize_t j = start, end = start + n, k
    if n >= LANES:
        for k in range(2 * LANES):
            lane[k] = top
        while j + 2 * LANES <= end:
            for k in range(2 * LANES):
                lane[k] = x[i, j + k] if x[i, j + k] > lane[k] else lane[k]
            j += 2 * LANES
        if j + LANES <= end:
            for k in range(LANES):
                lane[k] = x[i, j + k] if x[i, j + k] > lane[k] else lane[k]
            j += LANES
        for k in range(LANES):
            lane[k] = lane[k] if lane[k] > lane[k + LANES] else lane[k + LANES]
        for k in range(LANES // 2):
            lane[k] = lane[k] if lane[k] > lane[k + LANES // 2] else lane[k + LANES // 2]
        for k in range(LANES // 4):
            lane[k] = lane[k] if lane[k] > lane[k + LANES // 4] else lane[k + LANES // 4]
        for k in range(LANES // 8):
            lane[k] = lane[k] if lane[k] > lane[k + LANES // 8] else lane[k + LANES // 8]
        for k in range(LANES // 8):
            top = lane[k] if lane[k] > top else top
    for k in range(j, end):
        top = x[i, k] if x[i, k] > top else top
    result[0] = top
    return 0


cdef inline Py_ssize_t first_one(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t n) except? -2 nogil:
    """Where the first 1 is, n being a multiple of LANES; -1: nowhere."""
    if real is float:
        return first_one_f(&x[i, 0], n)
    else:
        return first_one_d(&x[i, 0], n)


cdef inline bint holds_nan(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t n) except? -1 nogil:
    cdef Py_ssize_t k
    cdef int found = 0
    for k in range(n):
        found |= x[i, k] != x[i, k]
    return found


cdef inline bint outside_unit(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t start, Py_ssize_t n) except? -1 nogil:
    """Whether a number is outside [0, 1]. NaN is not."""
    cdef Py_ssize_t k, whole = n & ~(<Py_ssize_t>LANES - 1)
    cdef real zero = 0, one = 1
    for k in range(start if whole > 0 and beyond_unit(&x[i, start], whole) else start + whole, start + n):
        if (x[i, k] < zero) | (x[i, k] > one):
            return True
    return False


cdef inline void add_exactly(double x, double* sum, double* lost) noexcept nogil:
    """sum + lost += x, where lost is what rounding takes from the sum (Knuth's two-sum)."""
    cdef double s = sum[0] + x, back = s - sum[0]
    lost[0] += (sum[0] - (s - back)) + (x - back)
    sum[0] = s


cdef inline int add_row_exactly(const real[:, ::1] x, Py_ssize_t i, Py_ssize_t start, Py_ssize_t n, double* sum,
                                double* lost) except -1 nogil:
    """sum + lost += the sum of a row, in as many lanes as `total`."""
    cdef double sums[LANES]
    cdef double losts[LANES]
    cdef Py_ssize_t j = start, end = start + n, k, half = LANES // 2
    if n < SHORT:
        for k in range(start, end):
            add_exactly(x[i, k], sum, lost)
        return 0
    for k in range(LANES):
        sums[k] = losts[k] = 0
    while j + LANES <= end:
        for k in range(LANES):
            add_exactly(x[i, j + k], &sums[k], &losts[k])
        j += LANES
    for k in range(end - j):
        add_exactly(x[i, j + k], &sums[k], &losts[k])
    while half > 0:
        for k in range(half):
            add_exactly(sums[k + half], &sums[k], &losts[k])
            losts[k] += losts[k + half]
        half //= 2
    add_exactly(sums[0], sum, lost)
    lost[0] += losts[0]
    return 0
