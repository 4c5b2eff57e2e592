# Losses of rows of classes, nearly all of which go through a softmax: what loops.pxi is for pointwise losses.
#
# A tile is some rows with all their classes. Where samples lie side by side in memory (images with the classes on an outer
# axis) or rows are short, it is *turned*: the numbers of one class stand together, and every step is a vector loop over
# rows. Long rows stay as they are, and every step is a vector loop over classes, in chunks of SPAN that stay in the
# first-level cache: each chunk is read from memory once, and its exponentials are taken relative to its own maximum, then
# brought to the row's by one factor when the gradient is written. Only rows too long to keep are read a second time.
#
# Either way a tile is reduced to a few numbers a row (Summary), from which one piece of code makes losses and the factors of
# the gradient. The label's own term, or without a label the greatest, is kept out of the sum: where it is the maximum, the
# loss is log(1 + rest), and its gradient −rest/sum, however small the rest.
#
# A row's results are the same bits whatever else is in the batch and however it lies: both ways add up a short row in the same
# order (`in_turn`), and a long one is added up chunk by chunk, by one thread or by several.

from libc.stdint cimport int32_t, int64_t, uint64_t

cdef extern from "rows.h" nogil:
    int CODE_FLOAT, CODE_DOUBLE, CODE_HALF, CODE_BFLOAT, CODE_LONG_DOUBLE, CODE_BOOL, CODE_INT8, CODE_INT64, CODE_UINT8
    float greatest_f(const float* x, Py_ssize_t n) noexcept
    double greatest_d(const double* x, Py_ssize_t n) noexcept
    void gather_f(const float* x, const int32_t* table, float* y, Py_ssize_t n) noexcept
    void gather_d(const double* x, const int32_t* table, double* y, Py_ssize_t n) noexcept
    double number_at(const char* x, int code, int size, int swapped) noexcept
    int64_t integer_at(const char* x, int code, int size, int swapped) noexcept

cdef enum:
    BLOCK = 256                 # the most rows of a tile
    LANES_MAX = 32              # LANES, as a number for array bounds
    TURN_BYTES = 4 << 20        # of the smallest turned tile: above, rows are gathered one by one
    TURN_BELOW = 96             # classes: from here on a row is a vector's work by itself
    TURN_FEW = 6                # classes for each row of the batch: likewise
    SPAN = 2048                 # classes of a chunk of a row
    FLAT = 512                  # doubles that go through exp and log at a time
    STRETCH = 256               # numbers that go through exp at a time, while memory is asked for what comes next
    KEEP = 4 << 20              # bytes of a row's exponentials that are kept for its gradient
    TILE_BYTES = 16384          # of a turned tile
    SHARE = 32768               # numbers: the least that a thread takes at a time
    AXES = 64                   # the most that NumPy has

cdef struct SoftmaxIds:         # target: class ids
    double unused

cdef struct SoftmaxRows:        # target: rows of probabilities
    double unused

cdef struct SoftmaxDivergence:  # the same, less the entropy of the target
    double unused

cdef struct Softmax:
    double unused

cdef struct LogSoftmax:
    double unused

cdef struct LogSumExp:
    double unused

# Rows that are probabilities already: no softmax, and `eps` keeps them from 0 and 1.
cdef struct CategoricalRows:
    double unused

cdef struct CategoricalIds:
    double unused

cdef struct Divergence:
    double unused

ctypedef fused Rows:
    CategoricalIds
    CategoricalRows
    Divergence
    SoftmaxIds
    SoftmaxRows
    SoftmaxDivergence
    Softmax
    LogSoftmax
    LogSumExp

cdef struct RowOperand:
    char* data                  # class 0 of the first row; NULL where there is no such operand
    Py_ssize_t row              # bytes from row to row
    Py_ssize_t step             # bytes from class to class
    int code
    int size
    bint swapped

cdef struct RowJob

ctypedef void (*SharedFunction)(const void* loss, const RowJob* job, const RowOperand* at, int threads, void* work,
                                Partial* partial) noexcept nogil

ctypedef void (*RowFunction)(const void* loss, const RowJob* job, const RowOperand* at, Py_ssize_t n, void* work,
                             Partial* partial) noexcept nogil

cdef struct RowJob:
    RowFunction tile
    SharedFunction shared       # the same of one long row, by several threads; or NULL
    bint double_precision
    int wanted
    bint summed
    bint ids                    # the target holds class ids
    double scale
    double unit                 # a power of two that weights are multiplied by, so that their sum is in range
    double label_smoothing
    double eps
    const double* class_weight
    bint ignoring
    int64_t ignored
    bint streaming
    bint turned
    bint kept
    Py_ssize_t rows
    Py_ssize_t classes
    Py_ssize_t block            # rows of a tile
    Py_ssize_t padded           # numbers from row to row of a tile (turned: from class to class)
    Py_ssize_t area             # numbers of a tile's buffer
    Py_ssize_t share            # rows of a chunk
    bint thorough               # what inspects the targets looks at the probabilities as well
    bint sparse                 # nothing but the label's number is read
    bint large                  # does not fit a cache near the processor
    int32_t* in_table           # how rows are turned, and turned back: where each number comes from. NULL: by strides
    int32_t* out_table
    RowOperand operand[OPERANDS]
    int dimensions              # of the batch: all axes but that of the classes, neighbours merged where they can be
    Py_ssize_t shape[AXES]
    Py_ssize_t stride[AXES][OPERANDS]

cdef struct Summary:            # of the rows of a tile
    double top[BLOCK]           # max x
    double rest[BLOCK]          # Σ exp(x − top), the own term left out
    double own[BLOCK]           # the own term: the label's exp(x − top), or without a label the first greatest's
    int64_t place[BLOCK]        # its class; −1: none
    double margin[BLOCK]        # the label's x − top
    double linear[BLOCK]        # Σ (x − top); with rows for targets Σ t·(x − top); of probabilities Σ t·log p
    double mass[BLOCK]          # Σ t
    double gap[BLOCK]           # of divergences: what Σ t − Σ p adds to their terms, and what rounding took from it
    double lost[BLOCK]
    double weight[BLOCK]
    double logs[BLOCK]          # log(rest + own)
    double value[BLOCK]
    int64_t label[BLOCK]        # −1: none, or of a row that is not there

cdef struct Part:               # of a row as far as it has been read, or of one chunk of it
    double top                  # −∞: nothing but masked classes
    double rest
    double own
    double margin               # of the own term, to the `base` of its chunk, as `own`
    double base
    double linear
    double mass
    Py_ssize_t place            # −1: in another chunk
    int seen


cdef inline real greatest(const real* x, Py_ssize_t n) noexcept nogil:
    if real is float:
        return greatest_f(x, n)
    else:
        return greatest_d(x, n)


# ---- one tile ---------------------------------------------------------------------------------------------------------

cdef void row_tile(const Rows* loss, const RowJob* job, const RowOperand* at, Py_ssize_t n, real* work,
                   Partial* partial) noexcept nogil:
    """n ≤ job.block rows: reduced, concluded, and where wanted turned into gradients."""
    cdef Summary row
    cdef real* e = work
    cdef real* t = work + job.area
    cdef real* spare = t + (job.area if job.turned else 0)
    cdef Py_ssize_t i, c, chunks = spans(job.classes)
    cdef Part whole
    cdef Part part
    begin(loss, job, at, &row, n, t, partial)
    if job.wanted == 0:
        return
    if Rows is SoftmaxDivergence:
        if job.wanted & VALUE:
            diverge(job, at, &row, n, e, partial)
    if Rows is CategoricalIds or Rows is CategoricalRows or Rows is Divergence:
        pass
    elif Rows is SoftmaxDivergence and not job.wanted & (GRAD | HESS):
        pass
    elif job.turned:
        reduce_turned(loss, job, &at[PRED], &row, n, e, t, spare)
        logarithms(&row, n, e)
    else:
        for i in range(n):
            no_part(&whole)
            for c in range(chunks):
                reduce_chunk(loss, job, at, &row, i, c, e + i * job.padded, &spare[i * chunks + c], &part)
                join(loss, &whole, &part)
            summarize(loss, &row, i, &whole)
            partial.seen |= whole.seen
        logarithms(&row, n, e)
    if job.wanted & VALUE:
        conclude(loss, job, at, &row, n, e)
        if job.summed:
            partial.value += total(&row.value[0], n)
        elif at[VALUES].data is not NULL:
            put_values(at, &row, n)
    if job.wanted & (GRAD | HESS):
        for i in range(n):
            row.weight[i] *= job.scale
        if Rows is CategoricalIds:
            give_labels(job, at, &row, n, e)
        elif Rows is CategoricalRows or Rows is Divergence:
            give_slopes(loss, job, at, &row, n, t)
        elif job.turned:
            give_turned(loss, job, at, &row, n, e, t, spare)
        else:
            for i in range(n):
                for c in range(chunks):
                    give_chunk(loss, job, at, &row, i, c, e + i * job.padded, spare[i * chunks + c])


cdef void row_shared(const Rows* loss, const RowJob* job, const RowOperand* at, int threads, void* work,
                     Partial* partial, const real* kind) noexcept nogil:
    """One long row, its chunks shared among threads: what row_tile gives, to the last bit."""
    cdef Summary row
    cdef Py_ssize_t c, chunks = spans(job.classes)
    cdef Part* part = <Part*>work
    cdef real* base = <real*>(part + chunks)
    cdef real* e = base + chunks
    cdef Py_ssize_t apart = 0 if job.kept else SPAN     # of the threads' exponentials
    cdef Part whole
    begin(loss, job, at, &row, 1, e, partial)
    if job.wanted == 0:
        return
    if Rows is SoftmaxDivergence:
        if job.wanted & VALUE:
            diverge(job, at, &row, 1, e, partial)
    for c in prange(chunks, num_threads=threads, schedule='static'):
        reduce_chunk(loss, job, at, &row, 0, c, e + openmp_index() * apart, &base[c], &part[c])
    no_part(&whole)
    for c in range(chunks):
        join(loss, &whole, &part[c])
    summarize(loss, &row, 0, &whole)
    partial.seen |= whole.seen
    logarithms(&row, 1, e)
    if job.wanted & VALUE:
        conclude(loss, job, at, &row, 1, e)
        if job.summed:
            partial.value += row.value[0]
        elif at[VALUES].data is not NULL:
            put_values(at, &row, 1)
    if job.wanted & (GRAD | HESS):
        row.weight[0] *= job.scale
        for c in prange(chunks, num_threads=threads, schedule='static'):
            give_chunk(loss, job, at, &row, 0, c, e + openmp_index() * apart, base[c])
            if job.streaming:
                stream_fence()


cdef void row_shared_f(const Rows* loss, const RowJob* job, const RowOperand* at, int threads, void* work,
                       Partial* partial) noexcept nogil:
    row_shared(loss, job, at, threads, work, partial, <const float*>NULL)


cdef void row_shared_d(const Rows* loss, const RowJob* job, const RowOperand* at, int threads, void* work,
                       Partial* partial) noexcept nogil:
    row_shared(loss, job, at, threads, work, partial, <const double*>NULL)


cdef void begin(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n, real* t,
                Partial* partial) noexcept nogil:
    """What the rows weigh, their labels or targets, and whether all that is looked at lies in its domain."""
    cdef Py_ssize_t i, counted = n
    cdef double w
    for i in range(n):
        row.weight[i] = 1
    if Rows is not CategoricalIds:
        for i in range(n):
            row.label[i] = row.place[i] = -1
            row.linear[i] = row.own[i] = row.margin[i] = 0
            row.mass[i] = row.gap[i] = row.lost[i] = 0
    if at[WEIGHT].data is not NULL:
        for i in range(n):
            w = number_at(at[WEIGHT].data + i * at[WEIGHT].row, at[WEIGHT].code, at[WEIGHT].size, at[WEIGHT].swapped)
            if not (w >= 0 and w < INFINITY):
                partial.seen |= OUTSIDE
            row.weight[i] = w * job.unit
    elif job.unit != 1:
        for i in range(n):
            row.weight[i] = job.unit
    if Rows is SoftmaxIds or Rows is CategoricalIds:
        counted = labels(job, at, n, row, partial)
    partial.samples += counted
    if Rows is SoftmaxRows or Rows is SoftmaxDivergence or Rows is CategoricalRows or Rows is Divergence:
        take_target(loss, job, &at[TARGET], row, n, t, partial)
    partial.weight += total(&row.weight[0], n)
    if Rows is CategoricalIds or Rows is CategoricalRows or Rows is Divergence:
        if job.wanted != 0 or job.thorough:
            probabilities(loss, job, at, row, n, t, partial)


cdef inline void put_values(const RowOperand* at, const Summary* row, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        put_number(at[VALUES].data + i * at[VALUES].row, at[VALUES].code, row.value[i])


cdef inline void logarithms(Summary* row, Py_ssize_t n, const real* kind) noexcept nogil:
    """logs = log(rest + own), with what that addition rounds away."""
    cdef real x[BLOCK]
    cdef real lost[BLOCK]
    cdef Py_ssize_t i, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef double sum, big, small
    for i in range(n):
        sum = row.rest[i] + row.own[i]
        big = row.rest[i] if row.rest[i] > row.own[i] else row.own[i]
        small = row.own[i] if row.rest[i] > row.own[i] else row.rest[i]
        x[i] = <real>sum
        lost[i] = <real>((sum - <double>x[i]) + (small - (sum - big)))
    for i in range(n, padded):
        x[i] = 1
        lost[i] = 0
    vlogsum(x, lost, x, padded)
    for i in range(n):
        row.logs[i] = x[i]


cdef inline void conclude(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n,
                          const real* kind) noexcept nogil:
    """The weighted losses; for functions, what they give for a whole row."""
    cdef Py_ssize_t i
    cdef double smoothing = job.label_smoothing, share = job.label_smoothing / job.classes, own
    for i in range(n):
        if Rows is SoftmaxIds:
            own = 0 if smoothing == 1 else (1 - smoothing) * row.margin[i]
            row.value[i] = row.logs[i] - own - (share * row.linear[i] if smoothing != 0 else 0)
        elif Rows is SoftmaxRows:
            row.value[i] = row.mass[i] * row.logs[i] - row.linear[i]
        elif Rows is CategoricalIds or Rows is CategoricalRows:
            row.value[i] = 0 - row.linear[i]
        elif Rows is Divergence:
            row.value[i] = row.linear[i] + (row.gap[i] + row.lost[i])
        # (a divergence by logits is there already)
        elif Rows is LogSumExp:
            row.value[i] = row.top[i] + row.logs[i]
            if isinf(row.top[i]):
                row.value[i] = NAN if holds_nan(job, at, i, kind) else row.top[i]
    if Rows is not LogSumExp:
        for i in range(n):
            row.value[i] = row.value[i] * row.weight[i] if row.weight[i] != 0 else 0


cdef bint holds_nan(const RowJob* job, const RowOperand* at, Py_ssize_t i, const real* kind) noexcept nogil:
    """Whether a row holds NaN, which its sum does not say if that is infinite."""
    cdef real buffer[SPAN]
    cdef const real* x
    cdef Py_ssize_t c, k, n
    cdef bint found = False
    for c in range(spans(job.classes)):
        n = min(<Py_ssize_t>SPAN, job.classes - c * SPAN)
        x = chunk_of(&at[PRED], i, c, buffer, n)
        for k in range(n):
            found |= x[k] != x[k]
    return found


cdef inline Py_ssize_t spans(Py_ssize_t classes) noexcept nogil:
    return (classes + SPAN - 1) // SPAN


cdef inline Py_ssize_t labels(const RowJob* job, const RowOperand* at, Py_ssize_t n, Summary* row,
                              Partial* partial) noexcept nogil:
    """The rows' class ids, and what these weigh: −1 and 0 for an ignored id, and −1 for a row that is not there, whose id is
    not looked at. How many rows count."""
    cdef const RowOperand* target = &at[TARGET]
    cdef const char* x = target.data
    cdef Py_ssize_t i, counted = n
    cdef int64_t id
    if target.code == CODE_INT64 and not target.swapped and target.row == 8:
        memcpy(row.label, x, n * 8)
    else:
        for i in range(n):
            row.label[i] = integer_at(x + i * target.row, target.code, target.size, target.swapped)
    for i in range(n):
        id = row.label[i]
        if job.ignoring and id == job.ignored:
            row.weight[i] = 0
            counted -= 1
        elif row.weight[i] != 0 and (id < 0 or id >= job.classes):
            partial.seen |= OUTSIDE
            row.weight[i] = 0
        elif row.weight[i] != 0 and job.class_weight is not NULL:
            row.weight[i] *= job.class_weight[id]
        if row.weight[i] == 0:
            row.label[i] = -1
        elif job.sparse:        # far apart in memory, and soon wanted
            fetch(at[PRED].data + i * at[PRED].row + id * at[PRED].step, 1)
    return counted


cdef void take_target(const Rows* loss, const RowJob* job, const RowOperand* target, Summary* row, Py_ssize_t n, real* t,
                      Partial* partial) noexcept nogil:
    """Rows of probabilities: turned ones into t, smoothed, and their mass into the summaries. Others are read where they lie, a
    chunk at a time, now only if they are to be inspected or weighed by class."""
    cdef real buffer[SPAN]
    cdef const real* x
    cdef Py_ssize_t c, i, j, k, m
    cdef double classes_weigh[BLOCK]
    cdef bint weighed = job.class_weight is not NULL
    cdef real keep = <real>(1 - job.label_smoothing), share = <real>(job.label_smoothing / job.classes)
    if not (job.turned or weighed or (job.wanted == 0 and job.thorough)):
        return
    for i in range(n):
        classes_weigh[i] = 0
    if job.turned:
        for j in range(job.classes):
            take(target, target.data + j * target.step, target.row, t + j * job.padded, n)
            inspect_line(t + j * job.padded, row, n, partial)
            for k in range(n if weighed else 0):
                classes_weigh[k] = fma(t[j * job.padded + k], job.class_weight[j], classes_weigh[k])
    else:
        for j in range(n):
            if row.weight[j] != 0:
                for c in range(spans(job.classes)):
                    m = min(<Py_ssize_t>SPAN, job.classes - c * SPAN)
                    x = chunk_of(target, j, c, buffer, m)
                    partial.seen |= OUTSIDE if outside_unit(x, m) else 0
                    for k in range(m if weighed else 0):
                        classes_weigh[j] = fma(x[k], job.class_weight[c * SPAN + k], classes_weigh[j])
    for i in range(n if weighed else 0):
        row.weight[i] = row.weight[i] * classes_weigh[i] if row.weight[i] != 0 else 0
    if not job.turned or job.wanted == 0:
        return
    for j in range(job.classes):
        if job.label_smoothing != 0:
            for k in range(n):
                t[j * job.padded + k] = t[j * job.padded + k] * keep + share
        for k in range(n):
            row.mass[k] += t[j * job.padded + k]


cdef inline void inspect_line(const real* x, const Summary* row, Py_ssize_t n, Partial* partial) noexcept nogil:
    """Whether a number of one class is outside [0, 1], in a row that is there."""
    cdef Py_ssize_t k
    if not outside_unit(x, n):
        return
    for k in range(n):
        if row.weight[k] != 0 and (x[k] < 0) | (x[k] > 1):
            partial.seen |= OUTSIDE


cdef inline const real* target_chunk(const RowJob* job, const RowOperand* target, const Summary* row, Py_ssize_t i,
                                     Py_ssize_t c, real* buffer, Py_ssize_t n, int* seen) noexcept nogil:
    """A row's targets, inspected and smoothed."""
    cdef const real* t = chunk_of(target, i, c, buffer, n)
    cdef real keep = <real>(1 - job.label_smoothing), share = <real>(job.label_smoothing / job.classes)
    cdef Py_ssize_t k
    if row.weight[i] != 0 and outside_unit(t, n):
        seen[0] |= OUTSIDE
    if job.label_smoothing == 0:
        return t
    for k in range(n):
        buffer[k] = t[k] * keep + share
    return buffer


cdef inline const real* chunk_of(const RowOperand* code, Py_ssize_t i, Py_ssize_t c, real* buffer, Py_ssize_t n) noexcept nogil:
    """n numbers of a row, from the c-th chunk on."""
    return where(code, code.data + i * code.row + c * <Py_ssize_t>SPAN * code.step, code.step, buffer, n)


cdef inline bint outside_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether a number is outside [0, 1]. NaN is not."""
    cdef Py_ssize_t k, whole = n & ~(<Py_ssize_t>LANES - 1)
    for k in range(0 if beyond_unit(x, whole) else whole, n):
        if (x[k] < 0) | (x[k] > 1):
            return True
    return False


cdef double total(const real* x, Py_ssize_t n) noexcept nogil:
    """Σ x in double precision."""
    cdef sums s
    cdef Py_ssize_t i = 0
    cdef double tail = 0
    no_sums(&s)
    while i + LANES <= n:
        add(&s, &x[i])
        i += LANES
    for i in range(i, n):
        tail += x[i]
    return sum_of(&s) + tail


cdef inline double in_turn(const real* x, Py_ssize_t n) noexcept nogil:
    """Σ x of a row: of a short one in the order of its classes, as where rows are turned."""
    cdef Py_ssize_t k
    cdef double sum = 0
    if n >= TURN_BELOW:
        return total(x, n)
    for k in range(n):
        sum += x[k]
    return sum


cdef inline double in_groups(const real* x, Py_ssize_t n, bint but_ones) noexcept nogil:
    """The same of exponentials, sixteen of which are added before they are widened; those that are 1 are added last."""
    cdef Py_ssize_t k
    cdef real part = 0, one = 1
    cdef double sum = 0, ones = 0
    for k in range(n):
        if but_ones and x[k] == one:
            ones += 1
        else:
            part += x[k]
        if k % 16 == 15 or k == n - 1:
            sum += part
            part = 0
    return sum + ones


cdef inline void add_exactly(double x, double* sum, double* lost) noexcept nogil:
    """sum + lost += x, where lost is what rounding takes from the sum (Knuth's two-sum)."""
    cdef double s = sum[0] + x, back = s - sum[0]
    lost[0] += (sum[0] - (s - back)) + (x - back)
    sum[0] = s


cdef void total_exactly(const real* x, Py_ssize_t n, double* sum, double* lost) noexcept nogil:
    """sum + lost += Σ x, in as many lanes as `total`."""
    cdef double sums[LANES_MAX]
    cdef double losts[LANES_MAX]
    cdef Py_ssize_t i = 0, k
    if n >= TURN_BELOW:
        for k in range(LANES_MAX):
            sums[k] = losts[k] = 0
        while i + LANES <= n:
            for k in range(LANES_MAX):
                add_exactly(x[i + k], &sums[k], &losts[k])
            i += LANES
        for k in range(LANES_MAX):
            add_exactly(sums[k], sum, lost)
            lost[0] += losts[k]
    for i in range(i, n):
        add_exactly(x[i], sum, lost)


# ---- turned: loops over rows --------------------------------------------------------------------------------------------

cdef void reduce_turned(const Rows* loss, const RowJob* job, const RowOperand* pred, Summary* row, Py_ssize_t n, real* e,
                        const real* t, real* spare) noexcept nogil:
    cdef real top[BLOCK]
    cdef real part[BLOCK]
    cdef double rest[BLOCK]
    cdef double linear[BLOCK]
    cdef real ones[BLOCK]               # how many exponentials are 1: of the greatest number, and of all that are near it
    cdef real place[BLOCK]              # the first of them
    cdef Py_ssize_t i, j, m = job.padded & ~(<Py_ssize_t>LANES - 1)
    cdef real* x
    cdef real zero = 0, one = 1, p, here
    for i in range(m):
        top[i] = -<real>INFINITY
        part[i] = 0
        rest[i] = 0
        linear[i] = 0
        ones[i] = 0
        place[i] = -1
    if job.in_table is not NULL and n == m:
        gather(<const real*>pred.data, job.in_table, e, job.classes * m)
    else:
        for j in range(job.classes):
            take(pred, pred.data + j * pred.step, pred.row, e + j * m, n)
            for i in range(n, m):
                e[j * m + i] = 0
    for j in range(job.classes):
        x = e + j * m
        for i in range(m):
            top[i] = x[i] if x[i] > top[i] else top[i]
    for j in range(job.classes):
        x = e + j * m
        for i in range(m):
            x[i] = x[i] - top[i]
        if Rows is SoftmaxIds:
            if job.label_smoothing != 0:
                for i in range(m):
                    linear[i] += x[i]
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            for i in range(m):
                linear[i] += zero if t[j * m + i] == zero else t[j * m + i] * x[i]
    if Rows is SoftmaxIds:
        for i in range(n):
            if row.label[i] >= 0:
                row.margin[i] = e[row.label[i] * m + i]
    if Rows is LogSoftmax:
        memcpy(spare, e, job.classes * m * sizeof(real))
    vexp(e, e, job.classes * m)
    if Rows is SoftmaxIds:
        for i in range(n):
            if row.label[i] >= 0:
                row.place[i] = row.label[i]
                row.own[i] = e[row.label[i] * m + i]
                e[row.label[i] * m + i] = 0
    for j in range(job.classes):
        x = e + j * m
        if Rows is SoftmaxIds and real is float:
            for i in range(m):
                part[i] += x[i]
        else:
            for i in range(m):
                p = one if x[i] == one else zero
                ones[i] += p
                part[i] += zero if p == one else x[i]
            if (Rows is SoftmaxRows or Rows is SoftmaxDivergence) and job.wanted & (GRAD | HESS):
                here = <real>j
                for i in range(m):
                    place[i] = here if (place[i] < zero) & (x[i] == one) else place[i]
        if j % 16 == 15 or j == job.classes - 1:
            for i in range(m):
                rest[i] += part[i]
                part[i] = 0
    for i in range(n):
        row.top[i] = top[i]
        row.rest[i] = rest[i]
        row.linear[i] = linear[i]
        if Rows is SoftmaxIds:
            row.rest[i] += ones[i]
        elif ones[i] > 0:
            row.place[i] = <int64_t>place[i]
            row.rest[i] += ones[i] - 1
            row.own[i] = 1


cdef void give_turned(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n, real* e,
                      const real* t, real* spare) noexcept nogil:
    """e becomes the gradient, and spare the Hessian."""
    cdef real factor[BLOCK]
    cdef real portion[BLOCK]
    cdef real scaled[BLOCK]
    cdef real weight[BLOCK]
    cdef real share[BLOCK]
    cdef Py_ssize_t i, j, m = job.padded & ~(<Py_ssize_t>LANES - 1)
    cdef real* x
    cdef real* rows_again = spare
    cdef real p, one = 1
    cdef double inverse, mass
    for i in range(n):
        inverse = 1 / (row.rest[i] + row.own[i])
        mass = row.mass[i] if Rows is SoftmaxRows or Rows is SoftmaxDivergence else 1.0
        factor[i] = <real>(row.weight[i] * mass * inverse)
        portion[i] = <real>inverse
        scaled[i] = <real>(row.weight[i] * mass)
        weight[i] = <real>(row.logs[i] if Rows is LogSoftmax else row.weight[i])
        share[i] = <real>(row.weight[i] * job.label_smoothing / job.classes)
    for i in range(n, m):
        factor[i] = portion[i] = scaled[i] = weight[i] = share[i] = 0
    for j in range(job.classes):
        x = e + j * m
        if Rows is LogSoftmax:
            for i in range(m):
                x[i] = spare[j * m + i] - weight[i]
            continue
        if job.wanted & HESS:
            for i in range(m):
                p = x[i] * portion[i]
                spare[j * m + i] = p * (one - p) * scaled[i]
        for i in range(m):
            x[i] = x[i] * factor[i]
        if Rows is SoftmaxIds:
            if job.label_smoothing != 0:
                for i in range(m):
                    x[i] = signless(x[i] - share[i])
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            for i in range(m):
                x[i] = signless(x[i] - t[j * m + i] * weight[i])
    if Rows is SoftmaxIds or Rows is SoftmaxRows or Rows is SoftmaxDivergence:
        for i in range(n):
            if row.weight[i] == 0:                 # not there: 0, whatever it holds
                for j in range(job.classes):
                    e[j * m + i] = spare[j * m + i] = 0
            elif row.place[i] >= 0:
                j = row.place[i] * m + i
                own_gradient(loss, job, row, i, t[j] if Rows is not SoftmaxIds else one, &e[j], &spare[j])
    if job.out_table is not NULL and n == m:
        gather(e, job.out_table, rows_again, job.classes * m)
        put_numbers(job, &at[GRADS], at[GRADS].data, at[GRADS].step, rows_again, job.classes * m)
        return
    for j in range(job.classes):
        put_numbers(job, &at[GRADS], at[GRADS].data + j * at[GRADS].step, at[GRADS].row, e + j * m, n)
        if job.wanted & HESS:
            put_numbers(job, &at[HESSES], at[HESSES].data + j * at[HESSES].step, at[HESSES].row, spare + j * m, n)


cdef inline void gather(const real* x, const int32_t* table, real* y, Py_ssize_t n) noexcept nogil:
    if real is float:
        gather_f(x, table, y, n)
    else:
        gather_d(x, table, y, n)


cdef inline void own_gradient(const Rows* loss, const RowJob* job, const Summary* row, Py_ssize_t i, real t, real* grad,
                              real* hess) noexcept nogil:
    """Of the own class, p·m − t; where p is more than ½, as (m − t) − m·rest/sum, where nothing cancels."""
    cdef double inverse = 1 / (row.rest[i] + row.own[i]), s = job.label_smoothing
    cdef double mass = 1.0 if Rows is SoftmaxIds else row.mass[i]
    cdef double target = 1 - s + s / job.classes if Rows is SoftmaxIds else <double>t
    cdef double others = s - s / job.classes if Rows is SoftmaxIds else mass - t
    cdef bint most = not row.own[i] < row.rest[i]
    grad[0] = signless(<real>(row.weight[i] * (others - mass * (row.rest[i] * inverse) if most
                                               else mass * (row.own[i] * inverse) - target)))
    if job.wanted & HESS:
        hess[0] = <real>(row.weight[i] * mass * (row.own[i] * inverse) * (row.rest[i] * inverse))


# ---- rows as they are: loops over classes -------------------------------------------------------------------------------

cdef inline void no_part(Part* part) noexcept nogil:
    part.top = -INFINITY
    part.rest = part.own = part.margin = part.base = part.linear = part.mass = 0
    part.place = -1
    part.seen = 0


cdef void reduce_chunk(const Rows* loss, const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t i,
                       Py_ssize_t c, real* e, real* base, Part* part) noexcept nogil:
    """The c-th chunk of a row, by itself: its exponentials are relative to its own maximum, `base`."""
    cdef real buffer[SPAN]
    cdef real shares[SPAN]
    cdef real product[STRETCH]
    cdef Py_ssize_t start = c * SPAN, n = min(<Py_ssize_t>SPAN, job.classes - start), done = 0, k, m, own
    cdef Py_ssize_t padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef const RowOperand* code = &at[PRED]
    cdef const real* x = chunk_of(code, i, c, buffer, n)
    cdef const real* t = NULL
    cdef real* y = e + start if job.kept else e
    cdef real top = greatest(x, n), zero = 0
    # What is read next lies behind: the rest of this row, or the row below it.
    cdef bint ahead = job.large and code.step == code.size
    no_part(part)
    base[0] = top if top > -<real>INFINITY else zero
    if Rows is SoftmaxRows or Rows is SoftmaxDivergence:
        t = target_chunk(job, &at[TARGET], row, i, c, shares, n, &part.seen)
    while done < padded:
        m = min(<Py_ssize_t>STRETCH, padded - done)
        if ahead:
            fetch(at[PRED].data + i * code.row + (start + SPAN + done) * code.size, m * <Py_ssize_t>sizeof(real))
        for k in range(done, min(done + m, n)):
            y[k] = x[k] - base[0]
        for k in range(max(n, done), done + m):
            y[k] = -<real>INFINITY
        if Rows is SoftmaxIds:
            if job.label_smoothing != 0:
                part.linear += in_turn(&y[done], min(m, n - done))
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            for k in range(min(m, n - done)):
                product[k] = zero if t[done + k] == zero else t[done + k] * y[done + k]
            part.linear += in_turn(product, min(m, n - done))
        vexp(&y[done], &y[done], m)
        done += m
    part.top = top
    part.base = base[0]
    if Rows is SoftmaxIds:
        own = row.label[i] - start
        part.mass = n
        if 0 <= own < n:
            part.place = start + own
            part.own = y[own]
            part.margin = x[own] - base[0]
            y[own] = 0
    elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
        part.mass = in_turn(t, n)
    # The greatest term is 1, beside which small ones would be lost; in float, a label's rest has no digits for them.
    if Rows is SoftmaxIds and real is float:
        part.rest = in_groups(y, n, False) if job.classes < TURN_BELOW else of_exponentials(y, padded)
        return
    own = first_one(y, padded)
    if own >= 0:
        y[own] = 0
    part.rest = in_groups(y, n, True) if job.classes < TURN_BELOW else of_exponentials(y, padded)
    if own >= 0:
        y[own] = 1
        if Rows is SoftmaxIds:
            part.rest += 1
        else:
            part.place = start + own
            part.own = 1


cdef inline Py_ssize_t first_one(const real* x, Py_ssize_t n) noexcept nogil:
    """Where the first 1 is, n being a multiple of LANES; −1: nowhere."""
    cdef Py_ssize_t i = 0, k
    cdef real one = 1
    cdef int any
    while i < n:
        any = 0
        for k in range(LANES_MAX):
            any |= x[i + k] == one
        if any:
            for k in range(LANES_MAX):
                if x[i + k] == one:
                    return i + k
        i += LANES
    return -1


cdef inline void join(const Rows* loss, Part* whole, const Part* part) noexcept nogil:
    """Add the next chunk to what a row has so far. What is relative to the lower maximum of the two is brought down to the
    other; without a label, the own term is the greatest's, and another chunk's is one of the rest."""
    cdef bint labelled = Rows is SoftmaxIds
    cdef bint higher = part.top > whole.top
    cdef double down
    if higher:
        whole.rest = (whole.rest + (0 if labelled else whole.own)) * power(whole.top - part.top) + part.rest
        if whole.top > -INFINITY:
            whole.linear += (whole.top - part.top) * whole.mass
        whole.linear += part.linear
        whole.top = part.top
    else:
        down = 1 if part.top == whole.top else power(part.top - whole.top)
        whole.rest += (part.rest + (0 if labelled else part.own)) * down
        whole.linear += part.linear
        if whole.top > -INFINITY:
            whole.linear += (part.base - whole.top) * part.mass
    whole.mass += part.mass
    whole.seen |= part.seen
    if part.place >= 0 and (labelled or higher):
        whole.own = part.own
        whole.margin = part.margin
        whole.base = part.base
        whole.place = part.place


cdef inline void summarize(const Rows* loss, Summary* row, Py_ssize_t i, const Part* whole) noexcept nogil:
    """A row's sums, all of its chunks joined."""
    row.top[i] = whole.top
    row.rest[i] = whole.rest if whole.top > -INFINITY else NAN      # no class has any probability
    row.own[i] = whole.own * power(whole.base - whole.top) if whole.own != 0 else 0
    row.margin[i] = whole.margin + (whole.base - whole.top)
    row.place[i] = whole.place
    row.linear[i] = whole.linear
    row.mass[i] = whole.mass


cdef inline double power(double x) noexcept nogil:
    """exp(x) for x ≤ 0; −∞ less anything is no power at all, and 0 needs no computing."""
    return 1.0 if x == 0 else (exp(x) if x > -INFINITY or x != x else 0.0)


cdef inline double of_exponentials(const real* x, Py_ssize_t n) noexcept nogil:
    """Σ x of numbers ≥ 0, n being a multiple of LANES; floats are added in fours before they are widened."""
    cdef real four[LANES_MAX]
    cdef Py_ssize_t k, i = 0
    cdef sums s
    no_sums(&s)
    if real is float:
        while i + 4 * LANES <= n:
            for k in range(LANES_MAX):
                four[k] = (x[i + k] + x[i + LANES_MAX + k]) + (x[i + 2 * LANES_MAX + k] + x[i + 3 * LANES_MAX + k])
            add(&s, four)
            i += 4 * LANES
    while i < n:
        add(&s, &x[i])
        i += LANES
    return sum_of(&s)


cdef void give_chunk(const Rows* loss, const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t i,
                     Py_ssize_t c, real* e, real base) noexcept nogil:
    """Gradient and Hessian of a chunk, out of its exponentials or, if they were not kept, out of its logits once more."""
    cdef real buffer[SPAN]
    cdef real shares[SPAN]
    cdef real hess[SPAN]
    cdef Py_ssize_t start = c * SPAN, n = min(<Py_ssize_t>SPAN, job.classes - start), k, own = row.place[i] - start
    cdef Py_ssize_t padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef const real* x
    cdef const real* t = buffer
    cdef real* y = e + start if job.kept else e
    cdef double inverse = 1 / (row.rest[i] + row.own[i])
    cdef double mass = row.mass[i] if Rows is SoftmaxRows or Rows is SoftmaxDivergence else 1.0
    cdef real factor, portion, p, one = 1, weight = <real>row.weight[i], scaled = <real>(row.weight[i] * mass)
    cdef real share = <real>(row.weight[i] * job.label_smoothing / job.classes)
    cdef real logs = <real>row.logs[i], top = <real>row.top[i]
    cdef int seen = 0
    if Rows is LogSoftmax or not job.kept:
        x = chunk_of(&at[PRED], i, c, buffer, n)
        for k in range(n):
            y[k] = x[k] - top
    if Rows is LogSoftmax:
        for k in range(n):
            y[k] = y[k] - logs
    else:
        if not job.kept:
            for k in range(n, padded):
                y[k] = 0
            vexp(y, y, padded)
        elif base != top:               # a chunk that is masked as a whole may have a base above
            inverse *= power(<double>base - row.top[i]) if base < top else 0
        factor = <real>(row.weight[i] * mass * inverse)
        portion = <real>inverse
        if job.wanted & HESS:
            for k in range(n):
                p = y[k] * portion
                hess[k] = p * (one - p) * scaled
        for k in range(n):
            y[k] = y[k] * factor
    if Rows is SoftmaxIds:
        if job.label_smoothing != 0:
            for k in range(n):
                y[k] = signless(y[k] - share)
    elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
        t = target_chunk(job, &at[TARGET], row, i, c, shares, n, &seen)
        for k in range(n):
            y[k] = signless(y[k] - t[k] * weight)
    if Rows is SoftmaxIds or Rows is SoftmaxRows or Rows is SoftmaxDivergence:
        if row.weight[i] == 0:          # not there: 0, whatever it holds
            for k in range(n):
                y[k] = hess[k] = 0
        elif 0 <= own < n:
            own_gradient(loss, job, row, i, t[own] if Rows is not SoftmaxIds else one, &y[own], &hess[own])
    put_numbers(job, &at[GRADS], at[GRADS].data + i * at[GRADS].row + start * at[GRADS].step, at[GRADS].step, y, n)
    if job.wanted & HESS:
        put_numbers(job, &at[HESSES], at[HESSES].data + i * at[HESSES].row + start * at[HESSES].step, at[HESSES].step, hess, n)


# ---- rows of probabilities -----------------------------------------------------------------------------------------------

cdef void probabilities(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n,
                        const real* t, Partial* partial) noexcept nogil:
    """linear = Σ t·log p, or log p of the label; of divergences the terms and the gap. And whether what is used is in [0, 1]."""
    cdef Py_ssize_t lines = job.classes if job.turned else n, length = n if job.turned else job.classes, i, j, k, m, done, padded
    cdef const RowOperand* code = &at[PRED]
    cdef real p[BLOCK]
    cdef real u[BLOCK]
    cdef real none[BLOCK]
    cdef real gaps[BLOCK]
    cdef const real* share
    cdef const real* given
    cdef real low = <real>job.eps, zero = 0, one = 1, x
    for k in range(BLOCK):
        none[k] = zero
    if Rows is CategoricalIds:
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        for i in range(padded):
            p[i] = one
        if native(code, p) and code.step == <Py_ssize_t>sizeof(real) and <size_t>code.data % sizeof(real) == 0 \
                and code.row % <Py_ssize_t>sizeof(real) == 0:
            given = <const real*>code.data
            k = code.row // <Py_ssize_t>sizeof(real)
            for i in range(n):
                p[i] = given[i * k + row.label[i]] if row.label[i] >= 0 else one
        else:
            for i in range(n):
                if row.label[i] >= 0:
                    take(code, code.data + i * code.row + row.label[i] * code.step, 0, &p[i], 1)
        if outside_unit(p, n):
            partial.seen |= OUTSIDE
        for i in range(n):
            p[i] = p[i] + zero              # of −0: 0
            row.own[i] = p[i]
        if job.wanted & VALUE:
            for i in range(n):
                p[i] = low if p[i] < low else p[i]
            vlog(p, none, p, padded)
            for i in range(n):
                row.linear[i] = p[i]
        return
    for j in range(lines):
        done = 0
        while done < length:
            m = min(<Py_ssize_t>BLOCK, length - done)
            padded = (m + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
            given = line_of(job, code, j, done, p, m)
            share = t + j * job.padded + done if job.turned else line_of(job, &at[TARGET], j, done, u, m)
            if job.turned:
                inspect_line(given, row, m, partial)
            elif row.weight[j] != 0 and (outside_unit(given, m) or outside_unit(share, m)):
                partial.seen |= OUTSIDE
            if job.wanted & VALUE:
                if Rows is Divergence:
                    divergences(given, share, p, gaps, m, padded)
                    if job.turned and real is float:    # whose double sum has digits to spare
                        for k in range(m):
                            row.gap[k] += gaps[k]
                    elif real is float:
                        row.gap[j] += in_turn(gaps, m)
                    elif job.turned:
                        for k in range(m):
                            add_exactly(gaps[k], &row.gap[k], &row.lost[k])
                    else:
                        total_exactly(gaps, m, &row.gap[j], &row.lost[j])
                else:
                    for k in range(m):
                        x = given[k] + zero
                        p[k] = low if x < low else x
                        gaps[k] = x
                    for k in range(m, padded):
                        p[k] = one
                    vlog(p, none, p, padded)
                    for k in range(m):          # 0·log 0 is 0, 0·log NaN is NaN
                        p[k] = share[k] * (gaps[k] if share[k] == zero else p[k])
                if job.turned:
                    for k in range(m):
                        row.linear[k] += p[k]
                else:
                    row.linear[j] += in_turn(p, m)
            done += m


cdef inline const real* line_of(const RowJob* job, const RowOperand* code, Py_ssize_t j, Py_ssize_t done, real* buffer,
                                Py_ssize_t n) noexcept nogil:
    """n numbers of line j of a tile: of a class, or of a row."""
    if job.turned:
        return where(code, code.data + j * code.step + done * code.row, code.row, buffer, n)
    return where(code, code.data + j * code.row + done * code.step, code.step, buffer, n)


cdef inline void divergences(const real* p, const real* t, real* terms, real* gaps, Py_ssize_t n,
                             Py_ssize_t padded) noexcept nogil:
    """t·log(t/p), whose sum is the divergence. Where p/t is between ½ and 2, t·g(v) + (t − p) is the same, with v = (p − t)/t and
    g(v) = v − log(1 + v): that may be as small as it likes. Its two parts are summed apart, `gaps` being exact."""
    cdef real none[BLOCK]
    cdef real logs[BLOCK]
    cdef Py_ssize_t k
    cdef real zero = 0, half = 0.5, one = 1, tiny = <real>TINY, up = <real>(1 / TINY), shift = <real>LOG_TINY, x, v, q
    for k in range(padded):
        none[k] = zero
        logs[k] = one
    for k in range(n):              # no quotient leaves the range
        x = p[k] + zero
        logs[k] = (t[k] * up if t[k] < tiny else t[k]) / (x * up if x < tiny else x)
    vlog(logs, none, logs, padded)
    for k in range(n):
        x = p[k] + zero
        v = (x - t[k]) / t[k]
        q = t[k] * (logs[k] + ((shift if t[k] < tiny else zero) - (shift if x < tiny else zero)))
        q = t[k] * excess(v) if (v >= -half) & (v <= one) else q
        gaps[k] = t[k] - x if (v >= -half) & (v <= one) else zero
        terms[k] = x * t[k] if t[k] == zero else q


cdef extern from *:
    """
    #define TINY 0x1p-60
    #define LOG_TINY -41.58883083359671856503  /* its logarithm */
    """
    const double TINY, LOG_TINY


cdef void diverge(const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n, const real* kind,
                  Partial* partial) noexcept nogil:
    """value = KL(t ‖ softmax(x)), in double: the logarithms of two distributions that nearly agree cancel to their last digits.

    With l = log(q/t), a class's share is t·(e^l − 1 − l) + (t − q), and of t = 0 nothing; so the sum is that of t·(e^l − 1 − l)
    and the gap Σ t − 1 + Σ q over the classes of t = 0. Several short rows go through exp and log side by side.
    """
    cdef real xs[FLAT]
    cdef real ts[FLAT]
    cdef double z[FLAT]
    cdef double q[FLAT]
    cdef double t[FLAT]
    cdef double u[FLAT]
    cdef double none[FLAT]
    cdef double top[BLOCK]
    cdef double tops[BLOCK]
    cdef double sum[BLOCK]
    cdef double terms[BLOCK]
    cdef double mass[BLOCK]
    cdef double gap[BLOCK]
    cdef double lost[BLOCK]
    cdef const real* given
    cdef Py_ssize_t r = 0, i, k, m, start, length, size, padded
    cdef double base, part, l
    for k in range(FLAT):
        none[k] = 0
    while r < n:
        m = min(max(FLAT // job.classes, <Py_ssize_t>1), n - r)
        for i in range(m):
            top[i] = -INFINITY
            gap[i] = -1
            sum[i] = terms[i] = lost[i] = mass[i] = 0
        start = 0
        while start < job.classes:
            length = min(job.classes - start, <Py_ssize_t>FLAT)
            size = m * length
            padded = (size + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
            for i in range(m):
                given = at_class(&at[PRED], r + i, start, xs, length)
                tops[i] = greatest(given, length)
                base = tops[i] if tops[i] > -INFINITY else 0
                for k in range(length):
                    z[i * length + k] = given[k] - base
            for k in range(size, padded):
                z[k] = 0
            vexp(z, q, padded)
            for i in range(m):
                part = in_turn(&q[i * length], length)
                if tops[i] > top[i]:
                    sum[i] = sum[i] * power(top[i] - tops[i]) + part
                    top[i] = tops[i]
                else:
                    sum[i] += part * (1 if tops[i] == top[i] else power(tops[i] - top[i]))
            start += length
        start = 0
        while start < job.classes:
            length = min(job.classes - start, <Py_ssize_t>FLAT)
            size = m * length
            padded = (size + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
            if job.classes > FLAT:          # else they are there already
                for i in range(m):
                    given = at_class(&at[PRED], r + i, start, xs, length)
                    for k in range(length):
                        z[i * length + k] = given[k] - top[i]
                for k in range(size, padded):
                    z[k] = 0
                vexp(z, q, padded)
            for i in range(m):
                given = at_class(&at[TARGET], r + i, start, ts, length)
                if row.weight[r + i] != 0 and outside_unit(given, length):
                    partial.seen |= OUTSIDE
                for k in range(length):
                    t[i * length + k] = given[k]
                mass[i] += in_turn(given, length)
            for k in range(size, padded):
                t[k] = 0
            for k in range(padded):
                u[k] = t[k] if t[k] > 0 else 1
            vlog(u, none, u, padded)
            for i in range(m):
                base = log(sum[i])
                for k in range(i * length, (i + 1) * length):
                    z[k] = z[k] - base
                    q[k] = q[k] / sum[i]
            for k in range(padded):
                l = z[k] - u[k]
                part = t[k] * bend_d(l) if fabs(l) <= 0.5 else (q[k] - t[k]) - t[k] * l
                u[k] = 0 if t[k] == 0 else part
                t[k] = q[k] if t[k] == 0 else t[k]
            for i in range(m):
                terms[i] += in_turn(&u[i * length], length)
                total_exactly(&t[i * length], length, &gap[i], &lost[i])
            start += length
        for i in range(m):
            row.value[r + i] = 0 * sum[i] if mass[i] == 0 else terms[i] + (gap[i] + lost[i])
        r += m


cdef inline const real* at_class(const RowOperand* code, Py_ssize_t i, Py_ssize_t start, real* buffer,
                                 Py_ssize_t n) noexcept nogil:
    """n numbers of a row, from class `start` on."""
    return where(code, code.data + i * code.row + start * code.step, code.step, buffer, n)


cdef void give_slopes(const Rows* loss, const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t n,
                      const real* t) noexcept nogil:
    """−t/p and t/p², 0 where eps holds p constant, a line of a tile at a time; where t is 0, NaN of a p that is."""
    cdef Py_ssize_t lines = job.classes if job.turned else n, length = n if job.turned else job.classes, j, k, m, done
    cdef const real* share
    cdef const real* given
    cdef real p[BLOCK]
    cdef real u[BLOCK]
    cdef real grad[BLOCK]
    cdef real hess[BLOCK]
    cdef double weight[BLOCK]
    cdef real low = <real>job.eps, zero = 0, q, x, scale = <real>job.scale
    cdef double slope
    cdef bint uniform = at[WEIGHT].data is NULL     # as where numbers all count alike (formulas.pxi), to the last bit
    for k in range(n if job.turned else 0):
        weight[k] = row.weight[k]
    for j in range(lines):
        done = 0
        for k in range(0 if job.turned else BLOCK):
            weight[k] = row.weight[j]
        while done < length:
            m = min(<Py_ssize_t>BLOCK, length - done)
            given = line_of(job, &at[PRED], j, done, p, m)
            share = t + j * job.padded + done if job.turned else line_of(job, &at[TARGET], j, done, u, m)
            for k in range(m):
                x = given[k] + zero
                q = share[k] / x
                q = zero if (x < low) | ((share[k] == zero) & (x == zero)) else q
                if uniform:
                    grad[k] = signless(-q * scale)
                    hess[k] = zero if q == zero else q / x * scale
                else:
                    slope = q * weight[k] if weight[k] != 0 else 0
                    grad[k] = signless(<real>-slope)
                    hess[k] = zero if slope == 0 else <real>(slope / x)
            put_line(job, &at[GRADS], j, done, grad, m)
            if job.wanted & HESS:
                put_line(job, &at[HESSES], j, done, hess, m)
            done += m


cdef void give_labels(const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t n, const real* kind) noexcept nogil:
    """Rows of 0 but for −w/p, and w/p², at the labels."""
    cdef real grad[BLOCK]
    cdef real hess[BLOCK]
    cdef real low = <real>job.eps
    cdef double slope
    cdef Py_ssize_t i
    for i in range(n):
        slope = 0 if (row.label[i] < 0) | (row.own[i] < low) else row.weight[i] / row.own[i]
        grad[i] = signless(<real>-slope)
        hess[i] = <real>(0 if slope == 0 else slope / row.own[i])
    among_zeros(job, &at[GRADS], row, n, grad)
    if job.wanted & HESS:
        among_zeros(job, &at[HESSES], row, n, hess)


cdef void among_zeros(const RowJob* job, const RowOperand* out, const Summary* row, Py_ssize_t n, const real* own) noexcept nogil:
    """Each row's number at its label, 0 elsewhere. Rows that lie one behind the other go out as one long line."""
    cdef real line[SPAN]
    cdef Py_ssize_t i = 0, j, done = 0, m, size = n * job.classes, first
    cdef bint joined = out.step == out.size and out.row == out.size * job.classes
    for j in range(SPAN):
        line[j] = 0
    if not joined:
        for i in range(n):
            done = 0
            while done < job.classes:
                m = min(<Py_ssize_t>SPAN, job.classes - done)
                put_numbers(job, out, out.data + i * out.row + done * out.step, out.step, line, m)
                done += m
            if row.label[i] >= 0:
                put_number(out.data + i * out.row + row.label[i] * out.step, out.code, own[i])
        return
    while done < size:
        m = min(<Py_ssize_t>SPAN, size - done)
        first = i
        while i < n and i * job.classes + max(row.label[i], 0) < done + m:
            if row.label[i] >= 0:
                line[i * job.classes + row.label[i] - done] = own[i]
            i += 1
        put_numbers(job, out, out.data + done * out.step, out.step, line, m)
        for j in range(first, i):
            if row.label[j] >= 0:
                line[j * job.classes + row.label[j] - done] = 0
        done += m


cdef inline void put_line(const RowJob* job, const RowOperand* out, Py_ssize_t j, Py_ssize_t done, const real* x,
                          Py_ssize_t n) noexcept nogil:
    """Part of line j of a tile: of a class, or of a row."""
    if job.turned:
        put_numbers(job, out, out.data + done * out.row + j * out.step, out.row, x, n)
    else:
        put_numbers(job, out, out.data + j * out.row + done * out.step, out.step, x, n)


# ---- numbers in and out ---------------------------------------------------------------------------------------------------

cdef inline bint native(const RowOperand* code, const real* x) noexcept nogil:
    if real is float:
        return code.code == CODE_FLOAT and not code.swapped
    else:
        return code.code == CODE_DOUBLE and not code.swapped


cdef inline const real* where(const RowOperand* code, const char* x, Py_ssize_t stride, real* buffer,
                              Py_ssize_t n) noexcept nogil:
    """n numbers, `stride` bytes apart: where they lie, if they can be read there, else in the buffer."""
    if native(code, buffer) and stride == <Py_ssize_t>sizeof(real) and <size_t>x % sizeof(real) == 0:
        return <const real*>x
    take(code, x, stride, buffer, n)
    return buffer


cdef void take(const RowOperand* code, const char* x, Py_ssize_t stride, real* y, Py_ssize_t n) noexcept nogil:
    """y = n numbers, `stride` bytes apart, however they are coded."""
    cdef Py_ssize_t i, step
    cdef const real* p
    if native(code, y) and stride == <Py_ssize_t>sizeof(real):
        memcpy(y, x, n * sizeof(real))
    elif native(code, y) and stride % <Py_ssize_t>sizeof(real) == 0 and <size_t>x % sizeof(real) == 0:
        p = <const real*>x
        step = stride // <Py_ssize_t>sizeof(real)
        for i in range(n):
            y[i] = p[i * step]
    elif code.code == CODE_HALF and stride == 2 and not code.swapped and <size_t>x % 2 == 0:
        if real is float:
            float_of_halves(x, y, n)
        else:
            double_of_halves(x, y, n)
    elif code.code == CODE_BFLOAT and stride == 2 and not code.swapped and <size_t>x % 2 == 0:
        if real is float:
            float_of_bfloats(x, y, n)
        else:
            double_of_bfloats(x, y, n)
    else:
        for i in range(n):
            y[i] = <real>number_at(x + i * stride, code.code, code.size, code.swapped)


cdef inline void put_number(char* out, int code, double x) noexcept nogil:
    cdef float single = <float>x
    if code == CODE_FLOAT:
        memcpy(out, &single, 4)
    elif code == CODE_DOUBLE:
        memcpy(out, &x, 8)
    elif code == CODE_HALF:
        halves_of_float(&single, out, 1)
    else:
        bfloats_of_float(&single, out, 1)


cdef void put_numbers(const RowJob* job, const RowOperand* code, char* out, Py_ssize_t stride, const real* x,
                      Py_ssize_t n) noexcept nogil:
    """n numbers go out, `stride` bytes apart."""
    cdef Py_ssize_t i, step
    cdef real* p
    if stride == <Py_ssize_t>sizeof(real) and native(code, x):
        if job.streaming:
            stream_out(out, x, n * <Py_ssize_t>sizeof(real))
        else:
            memcpy(out, x, n * sizeof(real))
    elif native(code, x) and stride % <Py_ssize_t>sizeof(real) == 0 and <size_t>out % sizeof(real) == 0:
        p = <real*>out
        step = stride // <Py_ssize_t>sizeof(real)
        for i in range(n):
            p[i * step] = x[i]
    elif real is float and code.code == CODE_HALF and stride == 2 and <size_t>out % 2 == 0:
        halves_of_float(<const float*>x, out, n)
    elif real is float and code.code == CODE_BFLOAT and stride == 2 and <size_t>out % 2 == 0:
        bfloats_of_float(<const float*>x, out, n)
    else:
        for i in range(n):
            put_number(out + i * stride, code.code, x[i])


# ---- a batch --------------------------------------------------------------------------------------------------------------

cdef void run_rows(const RowJob* job, Py_ssize_t start, Py_ssize_t end, void* work, Partial* partial) noexcept nogil:
    """Rows start to end, a segment of equal distances at a time."""
    cdef RowOperand at[OPERANDS]
    cdef Py_ssize_t length
    partial.value = 0
    partial.weight = 0
    partial.samples = 0
    partial.seen = 0
    while start < end:
        length = min(locate(job, start, at), end - start)
        run_segment(job, at, length, work, partial)
        start += length
    if job.streaming:
        stream_fence()


cdef inline Py_ssize_t locate(const RowJob* job, Py_ssize_t row, RowOperand* at) noexcept nogil:
    """Where a row lies in each operand, and how many rows from it on lie at equal distances."""
    cdef Py_ssize_t rest = row, index, length = job.rows - row
    cdef int d, k
    for k in range(OPERANDS):
        at[k] = job.operand[k]
    for d in range(job.dimensions - 1, -1, -1):
        index = rest % job.shape[d]
        rest = rest // job.shape[d]
        if d == job.dimensions - 1:
            length = job.shape[d] - index
        for k in range(OPERANDS):
            if at[k].data is not NULL:
                at[k].data = at[k].data + index * job.stride[d][k]
    if job.dimensions > 0:
        for k in range(OPERANDS):
            at[k].row = job.stride[job.dimensions - 1][k]
    return length


cdef void run_segment(const RowJob* job, RowOperand* at, Py_ssize_t rows, void* work, Partial* partial) noexcept nogil:
    """Rows that lie at equal distances."""
    cdef Py_ssize_t done = 0, n
    cdef int k
    while done < rows:
        n = min(job.block, rows - done)
        job.tile(NULL, job, at, n, work, partial)
        for k in range(OPERANDS):
            if at[k].data is not NULL:
                at[k].data = at[k].data + n * at[k].row
        done += n


cdef int run_all_rows(RowJob* job, int threads, Partial* total) noexcept nogil:
    """The whole batch. Returns −1 if memory is lacking."""
    cdef Py_ssize_t chunks = (job.rows + job.share - 1) // job.share, i
    # Rows that are too few for the threads are shared among them one after the other, if they are long enough.
    cdef bint within = chunks < threads and job.shared is not NULL and job.classes >= 2 * SHARE
    cdef Py_ssize_t size = work_size(job, threads if within else 1)
    cdef Partial one
    cdef RowOperand at[OPERANDS]
    cdef Partial* partial = &one if chunks == 1 else <Partial*>malloc(chunks * sizeof(Partial))
    cdef char* work
    if not within:
        threads = <int>min(<Py_ssize_t>threads, chunks)
    work = <char*>malloc(size if within else size * threads)
    if partial is NULL or work is NULL or make_tables(job) < 0:
        if chunks > 1:
            free(partial)
        free(work)
        return -1
    if within:
        for i in range(chunks):
            partial[i].value = partial[i].weight = partial[i].samples = partial[i].seen = 0
            locate(job, i, at)
            job.shared(NULL, job, at, threads, work, &partial[i])
    elif threads == 1:
        for i in range(chunks):
            run_rows(job, i * job.share, min((i + 1) * job.share, job.rows), work, &partial[i])
    else:
        for i in prange(chunks, num_threads=threads, schedule='static'):
            run_rows(job, i * job.share, min((i + 1) * job.share, job.rows), work + openmp_index() * size, &partial[i])
    total[0] = partial[0]
    for i in range(1, chunks):
        total.value += partial[i].value
        total.weight += partial[i].weight
        total.samples += partial[i].samples
        total.seen |= partial[i].seen
    if chunks > 1:
        free(partial)
    free(work)
    free(job.in_table)
    free(job.out_table)
    return 0


cdef inline Py_ssize_t work_size(const RowJob* job, int sharing) noexcept nogil:
    """Bytes that a thread works in; or, if several share a row, all of them."""
    cdef Py_ssize_t number = 8 if job.double_precision else 4, chunks = spans(job.classes)
    if sharing > 1:
        return chunks * (<Py_ssize_t>sizeof(Part) + number) + (job.padded if job.kept else sharing * <Py_ssize_t>SPAN) * number
    return ((3 * job.area if job.turned else job.area + job.block * chunks) + 64) * number


cdef int make_tables(RowJob* job) noexcept nogil:
    """Tables for turning whole tiles of contiguous rows, if there are enough of them."""
    cdef Py_ssize_t i, j, c = job.classes, m = job.block
    cdef int native = CODE_DOUBLE if job.double_precision else CODE_FLOAT
    job.in_table = job.out_table = NULL
    if not (job.turned and job.rows >= 8 * m and job.wanted != 0 and job.shared is not NULL):   # not of probabilities
        return 0
    if plain(job, PRED, native):
        job.in_table = <int32_t*>malloc(c * m * sizeof(int32_t))
        if job.in_table is NULL:
            return -1
        for j in range(c):
            for i in range(m):
                job.in_table[j * m + i] = <int32_t>(i * c + j)
    if job.operand[GRADS].data is not NULL and not job.wanted & HESS and plain(job, GRADS, native):
        job.out_table = <int32_t*>malloc(c * m * sizeof(int32_t))
        if job.out_table is NULL:
            free(job.in_table)
            return -1
        for i in range(m):
            for j in range(c):
                job.out_table[i * c + j] = <int32_t>(j * m + i)
    return 0


cdef inline bint plain(const RowJob* job, int k, int native) noexcept nogil:
    """Whether an operand's rows lie one behind the other."""
    cdef const RowOperand* x = &job.operand[k]
    return (x.code == native and not x.swapped and x.step == x.size and job.dimensions == 1
            and job.stride[0][k] == x.size * job.classes and <size_t>x.data % x.size == 0)
