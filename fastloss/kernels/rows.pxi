# Losses of rows of classes, nearly all of which go through a softmax: what loops.pxi is for pointwise losses.
#
# A tile is some rows with all their classes. Where samples lie side by side in memory (images with the classes on an outer
# axis) or rows are short, it is *turned*: the numbers of one class stand together, and every step is a vector loop over
# rows. Long rows stay as they are, and every step is a vector loop over classes, in chunks of SPAN that stay in the
# first-level cache: each chunk is read from memory once, and its exponentials are taken relative to its own maximum, then
# brought to the row's by one factor when the gradient is written. Only rows too long to keep are read a second time.
#
# Either way a tile is reduced to a few numbers a row (Summary), from which one piece of code makes losses and the factors of
# the gradient. The label's own term is kept out of the sum: where it is the maximum, the loss is log(1 + rest), and its
# gradient −rest/sum, however small the rest.

from libc.math cimport INFINITY, NAN, exp, isinf
from libc.stdint cimport int32_t, int64_t

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

ctypedef void (*RowFunction)(const void* loss, const RowJob* job, const RowOperand* at, Py_ssize_t n, void* work,
                             Partial* partial) noexcept nogil

cdef struct RowJob:
    RowFunction tile
    bint double_precision
    int wanted
    bint summed
    bint ids                    # the target holds class ids
    double scale
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
    double rest[BLOCK]          # Σ exp(x − top), the label left out
    double own[BLOCK]           # the label's exp(x − top); 0 without one
    double margin[BLOCK]        # the label's x − top
    double linear[BLOCK]        # Σ (x − top); with rows for targets Σ t·(x − top)
    double mass[BLOCK]          # Σ t
    double entropy[BLOCK]       # Σ t log t
    double weight[BLOCK]
    double logs[BLOCK]          # log(rest + own)
    double value[BLOCK]
    int64_t label[BLOCK]        # −1: none


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
    cdef real* spare = work + 2 * job.area
    cdef Py_ssize_t i, counted = n
    cdef double w
    for i in range(n):
        row.label[i] = -1
        row.weight[i] = 1
        row.linear[i] = row.own[i] = row.margin[i] = 0
        row.mass[i] = row.entropy[i] = 0
    if Rows is SoftmaxIds or Rows is CategoricalIds:
        counted = labels(job, at, n, &row, partial)
    if at[WEIGHT].data is not NULL:
        for i in range(n):
            w = number_at(at[WEIGHT].data + i * at[WEIGHT].row, at[WEIGHT].code, at[WEIGHT].size, at[WEIGHT].swapped)
            if not w >= 0:
                partial.seen |= OUTSIDE
            if (Rows is not SoftmaxIds and Rows is not CategoricalIds) or row.label[i] >= 0:
                row.weight[i] *= w
    partial.samples += counted
    if Rows is SoftmaxRows or Rows is SoftmaxDivergence or Rows is CategoricalRows or Rows is Divergence:
        take_target(loss, job, &at[TARGET], &row, n, t, partial)
    partial.weight += total(&row.weight[0], n)
    if job.wanted == 0 and not job.thorough:
        return
    if Rows is CategoricalIds or Rows is CategoricalRows or Rows is Divergence:
        probabilities(loss, job, at, &row, n, t, partial)
    if job.wanted == 0:
        return
    if Rows is CategoricalIds or Rows is CategoricalRows or Rows is Divergence:
        pass
    elif job.turned:
        reduce_turned(loss, job, &at[PRED], &row, n, e, t, spare)
    else:
        for i in range(n):
            reduce_row(loss, job, at[PRED].data + i * at[PRED].row, &at[PRED], &row, i, e + i * job.padded,
                       t + i * job.padded, spare + i * spans(job.classes))
    if Rows is not CategoricalIds and Rows is not CategoricalRows and Rows is not Divergence:
        logarithms(&row, n, e)
    if job.wanted & VALUE:
        conclude(loss, job, &row, n)
        if job.summed:
            partial.value += total(&row.value[0], n)
        elif at[VALUES].data is not NULL:
            for i in range(n):
                put_number(at[VALUES].data + i * at[VALUES].row, at[VALUES].code, row.value[i])
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
                give_row(loss, job, at, &row, i, e + i * job.padded, t + i * job.padded, spare + i * spans(job.classes))


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
    vlog(x, lost, x, padded)
    for i in range(n):
        row.logs[i] = x[i]


cdef inline void conclude(const Rows* loss, const RowJob* job, Summary* row, Py_ssize_t n) noexcept nogil:
    """The weighted losses; for functions, what they give for a whole row."""
    cdef Py_ssize_t i
    cdef double smoothing = job.label_smoothing, share = job.label_smoothing / job.classes
    for i in range(n):
        if Rows is SoftmaxIds:
            row.value[i] = row.logs[i] - row.margin[i]
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            row.value[i] = row.weight[i] * (row.mass[i] * row.logs[i] - row.linear[i] + row.entropy[i])
        elif Rows is CategoricalIds or Rows is CategoricalRows or Rows is Divergence:
            row.value[i] = 0 if Rows is CategoricalIds and row.label[i] < 0 else row.weight[i] * (row.entropy[i] - row.linear[i])
        elif Rows is LogSumExp:
            row.value[i] = row.top[i] if isinf(row.top[i]) else row.top[i] + row.logs[i]
    if Rows is SoftmaxIds:
        if smoothing != 0:
            for i in range(n):
                row.value[i] = row.logs[i] - (1 - smoothing) * row.margin[i] - share * row.linear[i]
        for i in range(n):
            row.value[i] = 0 if row.label[i] < 0 else row.value[i] * row.weight[i]


cdef inline Py_ssize_t spans(Py_ssize_t classes) noexcept nogil:
    return (classes + SPAN - 1) // SPAN


cdef inline Py_ssize_t labels(const RowJob* job, const RowOperand* at, Py_ssize_t n, Summary* row,
                              Partial* partial) noexcept nogil:
    """The rows' class ids and what these weigh: −1 and 0 for an ignored id, and for one that there is not. How many count."""
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
        if id < 0 or id >= job.classes or (job.ignoring and id == job.ignored):
            if not (job.ignoring and id == job.ignored):
                partial.seen |= OUTSIDE
            row.label[i] = -1
            row.weight[i] = 0
            counted -= 1
            continue
        if job.sparse:          # far apart in memory, and soon wanted
            fetch(at[PRED].data + i * at[PRED].row + id * at[PRED].step, 1)
        if job.class_weight is not NULL:
            row.weight[i] = job.class_weight[id]
    return counted


cdef void take_target(const Rows* loss, const RowJob* job, const RowOperand* target, Summary* row, Py_ssize_t n, real* t,
                      Partial* partial) noexcept nogil:
    """Rows of probabilities: into t, smoothed; their mass, entropy and class weight into the summaries."""
    cdef Py_ssize_t lines = job.classes if job.turned else n, length = n if job.turned else job.classes, j, k
    cdef Py_ssize_t along = target.row if job.turned else target.step, across = target.step if job.turned else target.row
    cdef real* x
    cdef real keep = <real>(1 - job.label_smoothing), share = <real>(job.label_smoothing / job.classes)
    cdef double classes_weigh[BLOCK]
    if job.class_weight is not NULL:
        for k in range(n):
            classes_weigh[k] = 0
    for j in range(lines):
        x = t + j * job.padded
        take(target, target.data + j * across, along, x, length)
        if outside_unit(x, length):
            partial.seen |= OUTSIDE
        if job.class_weight is not NULL:
            for k in range(length):
                classes_weigh[k if job.turned else j] += x[k] * job.class_weight[j if job.turned else k]
        if job.wanted == 0:
            continue
        if job.label_smoothing != 0:
            for k in range(length):
                x[k] = x[k] * keep + share
        if Rows is SoftmaxDivergence or Rows is Divergence:
            entropies(x, row, j, length, job.turned)
        if Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            if job.turned:
                for k in range(length):
                    row.mass[k] += x[k]
            else:
                row.mass[j] = total(x, length)
    if job.class_weight is not NULL:
        for k in range(n):
            row.weight[k] *= classes_weigh[k]


cdef inline bint outside_unit(const real* x, Py_ssize_t n) noexcept nogil:
    """Whether a number is outside [0, 1]. NaN is not."""
    cdef Py_ssize_t k, whole = n & ~(<Py_ssize_t>LANES - 1)
    for k in range(0 if beyond_unit(x, whole) else whole, n):
        if (x[k] < 0) | (x[k] > 1):
            return True
    return False


cdef void entropies(const real* x, Summary* row, Py_ssize_t j, Py_ssize_t length, bint turned) noexcept nogil:
    """Σ t log t, with 0 log 0 = 0, a stretch at a time."""
    cdef real none[STRETCH]
    cdef real logs[STRETCH]
    cdef real zero = 0, one = 1
    cdef Py_ssize_t k, done = 0, m, padded
    for k in range(STRETCH):
        none[k] = zero
    while done < length:
        m = min(<Py_ssize_t>STRETCH, length - done)
        padded = (m + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        for k in range(m):
            logs[k] = one if x[done + k] == zero else x[done + k]
        for k in range(m, padded):
            logs[k] = one
        vlog(logs, none, logs, padded)
        for k in range(m):
            logs[k] = logs[k] * x[done + k]
        if turned:
            for k in range(m):
                row.entropy[done + k] += logs[k]
        else:
            row.entropy[j] += total(logs, m)
        done += m


cdef double total(const real* x, Py_ssize_t n) noexcept nogil:
    """Σ x in double precision."""
    cdef sums s
    cdef Py_ssize_t i = 0
    cdef double tail = 0
    no_sums(&s)
    while i + LANES <= n:
        add(&s, &x[i], NULL)
        i += LANES
    for i in range(i, n):
        tail += x[i]
    return sum_of(&s) + tail


# ---- turned: loops over rows --------------------------------------------------------------------------------------------

cdef void reduce_turned(const Rows* loss, const RowJob* job, const RowOperand* pred, Summary* row, Py_ssize_t n, real* e,
                        const real* t, real* spare) noexcept nogil:
    cdef real top[BLOCK]
    cdef real part[BLOCK]
    cdef double rest[BLOCK]
    cdef double linear[BLOCK]
    cdef Py_ssize_t i, j, m = job.padded & ~(<Py_ssize_t>LANES - 1)
    cdef real* x
    cdef real zero = 0
    for i in range(m):
        top[i] = -<real>INFINITY
        part[i] = 0
        rest[i] = 0
        linear[i] = 0
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
                row.own[i] = e[row.label[i] * m + i]
                e[row.label[i] * m + i] = 0
    for j in range(job.classes):
        x = e + j * m
        for i in range(m):
            part[i] += x[i]
        if j % 16 == 15 or j == job.classes - 1:
            for i in range(m):
                rest[i] += part[i]
                part[i] = 0
    for i in range(n):
        row.top[i] = top[i]
        row.rest[i] = rest[i]
        row.linear[i] = linear[i]


cdef void give_turned(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n, real* e,
                      const real* t, real* spare) noexcept nogil:
    """e becomes the gradient, and spare the Hessian."""
    cdef real factor[BLOCK]
    cdef real weight[BLOCK]
    cdef real mass[BLOCK]
    cdef real share[BLOCK]
    cdef Py_ssize_t i, j, m = job.padded & ~(<Py_ssize_t>LANES - 1)
    cdef real* x
    cdef real* rows_again = spare
    cdef real p, one = 1
    cdef double smoothing = job.label_smoothing
    for i in range(n):
        mass[i] = <real>(row.mass[i] if Rows is SoftmaxRows or Rows is SoftmaxDivergence else 1.0)
        weight[i] = <real>row.weight[i]
        share[i] = <real>(row.weight[i] * smoothing / job.classes)
        factor[i] = <real>(row.weight[i] * mass[i] / (row.rest[i] + row.own[i]))
        if job.wanted & HESS:
            factor[i] = <real>(1.0 / (row.rest[i] + row.own[i]))
        if Rows is LogSoftmax:
            weight[i] = <real>row.logs[i]
        if Rows is SoftmaxIds and row.label[i] < 0:
            factor[i] = share[i] = weight[i] = 0
    for i in range(n, m):
        mass[i] = weight[i] = share[i] = factor[i] = 0
    for j in range(job.classes):
        x = e + j * m
        if Rows is LogSoftmax:
            for i in range(m):
                x[i] = spare[j * m + i] - weight[i]
        elif job.wanted & HESS:
            for i in range(m):
                p = x[i] * factor[i]
                spare[j * m + i] = p * (one - p) * mass[i] * weight[i]
                x[i] = p * mass[i] * weight[i]
        else:
            for i in range(m):
                x[i] = x[i] * factor[i]
        if Rows is SoftmaxIds:
            if smoothing != 0:
                for i in range(m):
                    x[i] -= share[i]
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            for i in range(m):
                x[i] -= t[j * m + i] * weight[i]
    for i in range(n):
        if Rows is SoftmaxIds:
            if row.label[i] < 0:                 # an ignored row: 0, whatever it holds
                for j in range(job.classes):
                    e[j * m + i] = 0
                    if job.wanted & HESS:
                        spare[j * m + i] = 0
            else:
                own_gradient(job, row, i, &e[row.label[i] * m + i], &spare[row.label[i] * m + i])
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


cdef inline void own_gradient(const RowJob* job, const Summary* row, Py_ssize_t i, real* grad, real* hess) noexcept nogil:
    """Of the label's class: p − 1 = −rest/sum, where nothing cancels."""
    cdef double inverse = 1 / (row.rest[i] + row.own[i]), s = job.label_smoothing
    grad[0] = <real>(row.weight[i] * ((s - s / job.classes) - row.rest[i] * inverse))
    if job.wanted & HESS:
        hess[0] = <real>(row.weight[i] * (row.own[i] * inverse) * (row.rest[i] * inverse))


# ---- rows as they are: loops over classes -------------------------------------------------------------------------------

cdef void reduce_row(const Rows* loss, const RowJob* job, const char* pred, const RowOperand* code, Summary* row, Py_ssize_t i,
                     real* e, const real* t, real* tops) noexcept nogil:
    """One row, a chunk at a time: each with its own maximum, kept in `tops`."""
    cdef real buffer[SPAN]
    cdef real product[SPAN]
    cdef Py_ssize_t start = 0, n, padded, k, m, done, c = 0, its = -1, ahead
    cdef const real* x
    cdef real top, base, zero = 0
    cdef real* y
    cdef sums s
    cdef double rest = 0, own = 0, linear = 0, mass = 0, part, part_mass, old = -INFINITY, new, chunk_rest
    while start < job.classes:
        n = min(<Py_ssize_t>SPAN, job.classes - start)
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        x = where(code, pred + start * code.step, code.step, buffer, n)
        top = greatest(x, n)
        base = top if top > -<real>INFINITY else 0
        tops[c] = top
        y = e + start if job.kept else e
        part = part_mass = 0
        no_sums(&s)
        # What is read next lies behind: the rest of this row, or the row below it.
        ahead = <Py_ssize_t>SPAN * code.size if code.step == code.size else 0
        done = 0
        while done < padded:
            m = min(<Py_ssize_t>STRETCH, padded - done)
            if ahead > 0 and job.large:
                fetch(pred + (start + done) * code.step + ahead, m * <Py_ssize_t>sizeof(real))
            for k in range(done, min(done + m, n)):
                y[k] = x[k] - base
            for k in range(max(n, done), done + m):
                y[k] = -<real>INFINITY
            if Rows is SoftmaxIds:
                if job.label_smoothing != 0:
                    part += total(&y[done], min(m, n - done))
                if start + done <= row.label[i] < start + done + m:
                    k = row.label[i] - start
                    its = c
                    row.margin[i] = y[k]
                    vexp(&y[done], &y[done], m)
                    own = y[k]
                    y[k] = 0
                else:
                    vexp(&y[done], &y[done], m)
            else:
                if Rows is SoftmaxRows or Rows is SoftmaxDivergence:
                    for k in range(min(m, n - done)):
                        product[k] = zero if t[start + done + k] == zero else t[start + done + k] * y[done + k]
                    part += total(product, min(m, n - done))
                vexp(&y[done], &y[done], m)
            add_up(&s, &y[done], m)
            done += m
        chunk_rest = sum_of(&s)
        if Rows is SoftmaxIds:
            part_mass = n
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            part_mass = total(t + start, n)
        new = old if old > top else <double>top
        if top == new:                              # the usual end of a first or only chunk: nothing to bring down
            rest = rest * power(old - new) + chunk_rest
        else:
            rest += chunk_rest * power(top - new)
        if new > -INFINITY:
            if old > -INFINITY:
                linear += (old - new) * mass
            linear += part + (base - new) * part_mass
        mass += part_mass
        old = new
        c += 1
        start += n
    if old == -INFINITY:
        rest = NAN                                  # no class has any probability
    row.rest[i] = rest
    row.linear[i] = linear
    row.top[i] = old
    if its >= 0:
        row.own[i] = own * power(tops[its] - old)
        row.margin[i] += tops[its] - old if tops[its] > -INFINITY else -INFINITY


cdef inline double power(double x) noexcept nogil:
    """exp(x) for x ≤ 0; −∞ less anything is no power at all, and 0 needs no computing."""
    return 1.0 if x == 0 else (exp(x) if x > -INFINITY or x != x else 0.0)


cdef inline void add_up(sums* s, const real* x, Py_ssize_t n) noexcept nogil:
    """s += Σ x for numbers ≥ 0 of which n is a multiple of LANES; floats are added in fours before they are widened."""
    cdef real four[LANES_MAX]
    cdef Py_ssize_t k, i = 0
    if real is float:
        while i + 4 * LANES <= n:
            for k in range(LANES_MAX):
                four[k] = (x[i + k] + x[i + LANES_MAX + k]) + (x[i + 2 * LANES_MAX + k] + x[i + 3 * LANES_MAX + k])
            add(s, four, NULL)
            i += 4 * LANES
    while i < n:
        add(s, &x[i], NULL)
        i += LANES


cdef void give_row(const Rows* loss, const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t i, real* e,
                   const real* t, const real* tops) noexcept nogil:
    """One row's gradient and Hessian, out of its exponentials or, if they were not kept, out of its logits once more."""
    cdef real buffer[SPAN]
    cdef real hess[SPAN]
    cdef Py_ssize_t start = 0, n, padded, k, c = 0
    cdef const real* x
    cdef real* y
    cdef real factor, p, one = 1, weight = <real>row.weight[i]
    cdef real share = <real>(row.weight[i] * job.label_smoothing / job.classes)
    cdef real mass = <real>(row.mass[i] if Rows is SoftmaxRows or Rows is SoftmaxDivergence else 1.0)
    cdef real scaled = weight * mass, logs = <real>row.logs[i], top = <real>row.top[i]
    cdef double inverse = 1 / (row.rest[i] + row.own[i])
    cdef const char* pred = at[PRED].data + i * at[PRED].row
    while start < job.classes:
        n = min(<Py_ssize_t>SPAN, job.classes - start)
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        y = e + start if job.kept else e
        if Rows is LogSoftmax:
            x = where(&at[PRED], pred + start * at[PRED].step, at[PRED].step, buffer, n)
            for k in range(n):
                y[k] = (x[k] - top) - logs
        else:
            factor = <real>(inverse * power(<double>tops[c] - row.top[i]))
            if not job.kept:
                x = where(&at[PRED], pred + start * at[PRED].step, at[PRED].step, buffer, n)
                for k in range(n):
                    y[k] = x[k] - top
                for k in range(n, padded):
                    y[k] = 0
                vexp(y, y, padded)
                factor = <real>inverse
            if job.wanted & HESS:
                for k in range(n):
                    p = y[k] * factor
                    hess[k] = p * (one - p) * scaled
                    y[k] = p * scaled
            else:
                factor = <real>(factor * <double>scaled)
                for k in range(n):
                    y[k] = y[k] * factor
        if Rows is SoftmaxIds:
            if job.label_smoothing != 0:
                for k in range(n):
                    y[k] -= share
            if row.label[i] < 0:
                for k in range(n):
                    y[k] = 0
                    hess[k] = 0
            elif start <= row.label[i] < start + n:
                own_gradient(job, row, i, &y[row.label[i] - start], &hess[row.label[i] - start])
        elif Rows is SoftmaxRows or Rows is SoftmaxDivergence:
            for k in range(n):
                y[k] -= t[start + k] * weight
        put_numbers(job, &at[GRADS], at[GRADS].data + i * at[GRADS].row + start * at[GRADS].step, at[GRADS].step, y, n)
        if job.wanted & HESS:
            put_numbers(job, &at[HESSES], at[HESSES].data + i * at[HESSES].row + start * at[HESSES].step, at[HESSES].step,
                        hess, n)
        c += 1
        start += n


# ---- rows of probabilities -----------------------------------------------------------------------------------------------

cdef void probabilities(const Rows* loss, const RowJob* job, const RowOperand* at, Summary* row, Py_ssize_t n,
                        const real* t, Partial* partial) noexcept nogil:
    """linear = Σ t log p, or log p of the label; and whether what is used of p is in [0, 1]."""
    cdef Py_ssize_t lines = job.classes if job.turned else n, length = n if job.turned else job.classes, i, j, k, m, done, padded
    cdef Py_ssize_t along = at[PRED].row if job.turned else at[PRED].step
    cdef Py_ssize_t across = at[PRED].step if job.turned else at[PRED].row
    cdef const RowOperand* code = &at[PRED]
    cdef real p[BLOCK]
    cdef real lost[BLOCK]
    cdef const real* share
    cdef const real* given
    cdef real low = <real>job.eps, high = <real>(1 - job.eps), zero = 0, one = 1
    for k in range(BLOCK):
        lost[k] = zero
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
            row.own[i] = p[i]
        if job.wanted & VALUE:
            for i in range(n):
                p[i] = clip(p[i], low, high)
            vlog(p, lost, p, padded)
            for i in range(n):
                row.linear[i] = p[i]
    else:
        for j in range(lines):
            done = 0
            while done < length:
                m = min(<Py_ssize_t>BLOCK, length - done)
                padded = (m + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
                given = where(code, code.data + j * across + done * along, along, p, m)
                if outside_unit(given, m):
                    partial.seen |= OUTSIDE
                if job.wanted & VALUE:
                    for k in range(m):
                        p[k] = clip(given[k], low, high)
                    for k in range(m, padded):
                        p[k] = one
                    vlog(p, lost, p, padded)
                    share = t + j * job.padded + done
                    for k in range(m):
                        p[k] = zero if share[k] == zero else share[k] * p[k]
                    if job.turned:
                        for k in range(m):
                            row.linear[done + k] += p[k]
                    else:
                        row.linear[j] += total(p, m)
                done += m


cdef void give_slopes(const Rows* loss, const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t n,
                      const real* t) noexcept nogil:
    """−t/p and t/p², 0 where eps holds p constant, a line of a tile at a time."""
    cdef Py_ssize_t lines = job.classes if job.turned else n, length = n if job.turned else job.classes, j, k, m, done
    cdef const RowOperand* code = &at[PRED]
    cdef const real* share
    cdef const real* given
    cdef real p[BLOCK]
    cdef real grad[BLOCK]
    cdef real hess[BLOCK]
    cdef real weight[BLOCK]
    cdef real low = <real>job.eps, high = <real>(1 - job.eps), zero = 0, q
    if job.turned:
        for k in range(n):
            weight[k] = <real>row.weight[k]
    for j in range(lines):
        done = 0
        if not job.turned:
            for k in range(BLOCK):
                weight[k] = <real>row.weight[j]
        while done < length:
            m = min(<Py_ssize_t>BLOCK, length - done)
            given = where(code, code.data + (done * code.row + j * code.step if job.turned else j * code.row + done * code.step),
                          code.row if job.turned else code.step, p, m)
            share = t + j * job.padded + done
            for k in range(m):
                q = share[k] / given[k]
                q = zero if (share[k] == zero) | (given[k] < low) | (given[k] > high) else q
                grad[k] = -q * weight[k]
            if job.wanted & HESS:
                for k in range(m):
                    hess[k] = zero if grad[k] == zero else -grad[k] / given[k]
            put_line(job, &at[GRADS], j, done, grad, m)
            if job.wanted & HESS:
                put_line(job, &at[HESSES], j, done, hess, m)
            done += m


cdef void give_labels(const RowJob* job, const RowOperand* at, const Summary* row, Py_ssize_t n, const real* kind) noexcept nogil:
    """Rows of 0 but for −w/p, and w/p², at the labels."""
    cdef real grad[BLOCK]
    cdef real hess[BLOCK]
    cdef real low = <real>job.eps, high = <real>(1 - job.eps), zero = 0, one = 1, q, w
    cdef Py_ssize_t i
    for i in range(n):
        q = <real>row.own[i]
        w = <real>row.weight[i]
        q = zero if (row.label[i] < 0) | (q < low) | (q > high) else one / q
        grad[i] = -q * w
        hess[i] = q * q * w
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
    cdef Py_ssize_t rest, index, length
    cdef int d, k
    partial.value = 0
    partial.weight = 0
    partial.samples = 0
    partial.seen = 0
    while start < end:
        for k in range(OPERANDS):
            at[k] = job.operand[k]
        rest = start
        length = end - start
        for d in range(job.dimensions - 1, -1, -1):
            index = rest % job.shape[d]
            rest = rest // job.shape[d]
            if d == job.dimensions - 1:
                length = min(length, job.shape[d] - index)
            for k in range(OPERANDS):
                if at[k].data is not NULL:
                    at[k].data = at[k].data + index * job.stride[d][k]
        if job.dimensions > 0:
            for k in range(OPERANDS):
                at[k].row = job.stride[job.dimensions - 1][k]
        run_segment(job, at, length, work, partial)
        start += length
    if job.streaming:
        stream_fence()


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
    cdef Py_ssize_t size = (3 * job.area + 64) * (8 if job.double_precision else 4)
    cdef Partial one
    cdef Partial* partial = &one if chunks == 1 else <Partial*>malloc(chunks * sizeof(Partial))
    cdef char* work = <char*>malloc(size * threads)
    if partial is NULL or work is NULL or make_tables(job) < 0:
        if chunks > 1:
            free(partial)
        free(work)
        return -1
    if threads == 1:
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


cdef int make_tables(RowJob* job) noexcept nogil:
    """Tables for turning whole tiles of contiguous rows, if there are enough of them."""
    cdef Py_ssize_t i, j, c = job.classes, m = job.block
    cdef int native = CODE_DOUBLE if job.double_precision else CODE_FLOAT
    job.in_table = job.out_table = NULL
    if not (job.turned and job.rows >= 8 * m and job.wanted != 0):
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
