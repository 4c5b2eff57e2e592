# The way of a batch through memory: chunks for threads, tiles for the cache, lanes for the vector unit. Written once for
# every loss.
#
# A batch is cut into chunks of CHUNK elements; threads take chunks, and each chunk leaves its sums in its own Partial.
# Adding those in order makes the result independent of the number of threads. A chunk is worked off in tiles: the inputs
# of a tile are used where they lie if they are contiguous numbers of the kind being computed; otherwise they are brought
# into buffers in the first-level cache, 16-bit floats by memory.h, everything else (strides, other dtypes, other byte
# orders) by NumPy's buffered iterator. So no array is ever copied whole, and a tile knows none of this.
#
# Rejected: typed memoryviews as arguments (80 ns for each; a batch of 32 takes 50 ns altogether; and they know neither
# 16-bit floats nor an unknown number of dimensions), `prange` reductions (their order depends on the threads), padding
# loops by the compiler (a scalar epilogue of exp costs more than the vector loop of a small batch: tiles are padded to
# LANES instead).

from cython.parallel cimport prange
from libc.math cimport INFINITY, NAN, exp, fma, ilogb, isfinite, isinf, ldexp, log, sqrt
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cdef extern from "memory.h" nogil:
    void float_of_halves(const void* x, float* y, Py_ssize_t n) noexcept
    void double_of_halves(const void* x, double* y, Py_ssize_t n) noexcept
    void float_of_bfloats(const void* x, float* y, Py_ssize_t n) noexcept
    void double_of_bfloats(const void* x, double* y, Py_ssize_t n) noexcept
    void halves_of_float(const float* x, void* y, Py_ssize_t n) noexcept
    void bfloats_of_float(const float* x, void* y, Py_ssize_t n) noexcept
    void stream_out(void* to, const void* source, Py_ssize_t size) noexcept
    void stream_fence() noexcept
    void fetch(const void* source, Py_ssize_t size) noexcept

cdef extern from "threads.h" nogil:
    int OPENMP
    const char* COMPILER
    int openmp_threads() noexcept
    int openmp_default() noexcept
    int openmp_index() noexcept
    long process_id() noexcept

cdef extern from "numpy/arrayobject.h" nogil:
    int NPY_HALF
    int seek "NpyIter_ResetToIterIndexRange"(cnp.NpyIter* it, Py_ssize_t start, Py_ssize_t end, char** error) noexcept

cdef enum:
    TILE = 1024                         # samples worked on at a time
    CHUNK = 16384                       # samples that a thread takes at a time
    STAGE = 128                         # elements prepared at a time: memory is not left idle for long
    AHEAD = 4096                        # bytes: how far before its use memory is asked for ...
    FETCH_FROM = 1 << 20                # ... if an input is larger than this, and so not in a cache near by
    GAP = 32                            # keeps equal offsets of neighbouring buffers from falling 4 KiB apart
    ALIGN_FROM = 1024                   # elements: where it pays to begin with what leads to a cache line
    SERIAL_BELOW = 1 << 17              # elements: where a second thread pays even if it has to wait for a processor
    HOLD_GIL_BELOW = 4096               # elements: less work than giving the lock away
    STREAM_FROM = 8 << 20               # bytes of one output, where it outgrows the cache

cdef enum Wanted:                       # a set; the empty one inspects the input and adds up the weights
    VALUE = 1
    GRAD = 2
    HESS = 4

cdef enum Kind:                         # what an operand holds, once strides and byte order are dealt with
    NATIVE = 0                          # the numbers that are computed in; of weights, doubles
    HALF = 1
    BFLOAT = 2
    SINGLE = 3                          # of weights: floats

cdef enum:                              # operands, in the order of every array of them
    PRED = 0
    TARGET = 1
    WEIGHT = 2
    INPUTS = 3
    VALUES = 3
    GRADS = 4
    HESSES = 5
    OPERANDS = 6

cdef struct Partial:
    double value                        # Σ wℓ
    double weight                       # Σ w
    sums* values                        # the same while a chunk is worked off
    sums* weights
    double samples                      # rows that count
    int seen

cdef struct Job

ctypedef void (*TileFunction)(const void* loss, const Job* job, const void* pred, const void* target,
                              const double* weight, char** out, Py_ssize_t n, Partial* partial) noexcept nogil

cdef struct Job:
    TileFunction tile
    double parameters[4]
    int wanted
    bint double_precision
    bint summed                         # the losses are added up, not written out
    double scale                        # of gradient and Hessian
    double unit                         # a power of two that weights are multiplied by, so that their sum is in range
    double lift                         # of a root: another, for the errors, so that their squares are
    double root                         # and the root itself, of the errors so lifted
    bint streaming
    Py_ssize_t ahead                    # bytes; 0: memory is not asked for before it is used
    Py_ssize_t size
    Py_ssize_t samples                  # what a mean divides by
    char* data[OPERANDS]                # NULL where there is no such operand
    int kind[OPERANDS]
    int coded                           # the kind of every output
    Py_ssize_t itemsize[OPERANDS]
    int iterators                       # 0 if every operand can be walked as it lies
    cnp.NpyIter** iterator
    cnp.NpyIter_IterNextFunc next
    int slot[OPERANDS]                  # the operand's place in the iterator


# ---- one tile ---------------------------------------------------------------------------------------------------------

cdef void tile(const Pointwise* parameters, const Job* job, const real* pred, const real* target, const double* weight,
               char** out, Py_ssize_t n, Partial* partial) noexcept nogil:
    """Formula, weight, scale and sink for n ≤ TILE samples, whose inputs can be read up to a multiple of LANES."""
    cdef Pointwise loss = parameters[0]
    cdef real a[STAGE]
    cdef real b[STAGE]
    cdef real c[STAGE]
    cdef real value[TILE + GAP]
    cdef real grad[TILE + GAP]
    cdef real hess[TILE + GAP]
    cdef real v_block[32]       # LANES, as a number for array bounds
    cdef real g_block[32]
    cdef real h_block[32]
    cdef real v = 0, g = 0, h = 0, scale = <real>(job.scale if weight is NULL else 1.0)
    cdef Py_ssize_t i = 0, j, k, padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef int wanted = job.wanted, seen = 0
    # Results that nothing is left to be done to go out as they come.
    cdef bint direct = job.coded == NATIVE and not job.streaming and weight is NULL and n == padded
    cdef real* values = <real*>out[VALUES] if direct else value
    cdef real* grads = <real*>out[GRADS] if direct else grad
    cdef real* hesses = <real*>out[HESSES] if direct else hess
    cdef sums s = partial.values[0]
    if weight is not NULL:
        weigh(weight, n, partial)
    if wanted == 0:
        partial.seen |= present(loss, inspected(loss, pred, target, padded), pred, target, weight, n)
        return
    while i < padded:       # LANES at a time: reading ahead and adding up go on beside the formula
        j = i % STAGE
        if j == 0:
            k = min(<Py_ssize_t>STAGE, padded - i)
            seen = inspected(loss, &pred[i], &target[i], k)
            partial.seen |= present(loss, seen, &pred[i], &target[i], &weight[i] if weight is not NULL else NULL, min(k, n - i))
            prepare(loss, &pred[i], &target[i], a, b, c, k, wanted & VALUE, seen)
        if job.ahead > 0:
            fetch(<const char*>&pred[i] + job.ahead, LANES * sizeof(real))
            fetch(<const char*>&target[i] + job.ahead, LANES * sizeof(real))
            if direct and wanted & GRAD:
                fetch(<const char*>&grads[i] + job.ahead, LANES * sizeof(real))
        if wanted == VALUE:
            for k in range(LANES):
                point(loss, pred[i + k], target[i + k], a[j + k], b[j + k], &v, &g, &h)
                v_block[k] = v
        elif wanted == GRAD:
            for k in range(LANES):
                point(loss, pred[i + k], target[i + k], a[j + k], b[j + k], &v, &g, &h)
                g_block[k] = signless(g * scale)
            copy_lanes(&grads[i], g_block)
        elif wanted == VALUE | GRAD:
            for k in range(LANES):
                point(loss, pred[i + k], target[i + k], a[j + k], b[j + k], &v, &g, &h)
                v_block[k] = v
                g_block[k] = signless(g * scale)
            copy_lanes(&grads[i], g_block)
        else:
            for k in range(LANES):
                point(loss, pred[i + k], target[i + k], a[j + k], b[j + k], &v, &g, &h)
                g_block[k] = signless(g * scale)
                h_block[k] = signless(h * scale)
            copy_lanes(&grads[i], g_block)
            copy_lanes(&hesses[i], h_block)
        if wanted & VALUE:
            if not job.summed or n != padded:
                copy_lanes(&values[i], v_block)
            elif weight is NULL:
                add(&s, v_block)
            else:
                add_weighed(&s, v_block, &weight[i])
        i += LANES
    if wanted & VALUE and job.summed:
        if n != padded:         # less than LANES: so run_tiles cuts the batch
            for i in range(n, padded):
                value[i] = 0
            if weight is NULL:
                add(&s, value)
            else:
                add_weighed(&s, value, weight)
        partial.values[0] = s
    if direct:
        return
    # All that is weighted is, before anything goes out: an output may be the weights.
    if weight is not NULL:
        if wanted & VALUE and not job.summed:
            share_out(value, weight, 1, n)
        if wanted & GRAD:
            share_out(grad, weight, job.scale, n)
        if wanted & HESS:
            share_out(hess, weight, job.scale, n)
    if wanted & VALUE and not job.summed:
        put(job, out[VALUES], value, n)
    if wanted & GRAD:
        put(job, out[GRADS], grad, n)
    if wanted & HESS:
        put(job, out[HESSES], hess, n)


cdef inline void copy_lanes(real* to, const real* block) noexcept nogil:
    """Number by number: the compiler then leaves the block in registers, which it does not for a memcpy."""
    cdef Py_ssize_t k
    for k in range(LANES):
        to[k] = block[k]


cdef inline int present(Pointwise loss, int seen, const real* pred, const real* target, const double* weight,
                        Py_ssize_t n) noexcept nogil:
    """What `inspect` saw, less what samples of weight 0 alone have shown: those are not there."""
    cdef Py_ssize_t i
    cdef int outside = 0
    if weight is NULL or not seen & OUTSIDE:
        return seen
    for i in range(n):
        outside |= inspect(loss, pred[i], target[i]) if weight[i] != 0 else 0
    return outside


cdef void weigh(const double* weight, Py_ssize_t n, Partial* partial) noexcept nogil:
    """Add up the weights and look for one that is negative, infinite or NaN."""
    cdef double last[32]
    cdef Py_ssize_t i, k
    cdef long long bad = 0
    cdef sums s = partial.weights[0]
    i = 0
    while i + LANES <= n:
        add(&s, &weight[i])
        i += LANES
    if i < n:
        for k in range(LANES):
            last[k] = weight[i + k] if i + k < n else 0
        add(&s, last)
    partial.weights[0] = s
    for i in range(n):
        bad |= not (weight[i] >= 0) & (weight[i] < INFINITY)
    partial.seen |= OUTSIDE if bad else 0


cdef inline void share_out(real* x, const double* weight, double scale, Py_ssize_t n) noexcept nogil:
    """x·(weight·scale), rounded once, whose factors may be far outside the range of x; what has no weight is 0."""
    cdef Py_ssize_t i
    for i in range(n):
        x[i] = signless(<real>(<double>x[i] * (weight[i] * scale) if weight[i] != 0 else 0.0))


cdef inline void put(const Job* job, char* out, const real* x, Py_ssize_t n) noexcept nogil:
    """Results go out, coded as the output is."""
    if job.coded == NATIVE:
        if job.streaming:
            stream_out(out, x, n * <Py_ssize_t>sizeof(real))
        else:
            memcpy(out, x, n * sizeof(real))
    elif real is float:
        if job.coded == HALF:
            halves_of_float(x, out, n)
        else:
            bfloats_of_float(x, out, n)


cdef void root_tile(const real* kind, const Job* job, const real* pred, const real* target, const double* weight,
                    char** out, Py_ssize_t n, Partial* partial) noexcept nogil:
    """The root of a mean of squares: first their sum, then, the root r known, (w/D)·d/r and ((w/D) − g²)/r, D the divisor.

    In double whatever the numbers are, and lifted, so that no square leaves the range.
    """
    cdef real grad[TILE + GAP]
    cdef real hess[TILE + GAP]
    cdef double block[32]
    cdef double d, w, g, lift = job.lift, inverse = 0 if job.root == 0 else 1 / job.root
    # Large numbers are brought down before they are subtracted, small differences up after it.
    cdef double down = lift if lift < 1 else 1, up = lift if lift > 1 else 1
    cdef Py_ssize_t i = 0, k
    cdef sums s = partial.values[0]
    if weight is not NULL:
        weigh(weight, n, partial)
    if job.wanted & VALUE:
        while i < n:
            for k in range(LANES):
                d = (<double>pred[i + k] * down - <double>target[i + k] * down) * up
                block[k] = d * d
            for k in range(n - i, LANES):       # beyond the end
                block[k] = 0
            if weight is NULL:
                add(&s, block)
            else:
                add_weighed(&s, block, &weight[i])
            i += LANES
        partial.values[0] = s
    if job.wanted & GRAD:
        for i in range(n):
            d = (<double>pred[i] * down - <double>target[i] * down) * up
            w = weight[i] * job.scale if weight is not NULL else job.scale
            g = w * (d * inverse)
            grad[i] = signless(<real>(g if w != 0 else 0.0))
        for i in range(n if job.wanted & HESS else 0):
            d = (<double>pred[i] * down - <double>target[i] * down) * up
            w = weight[i] * job.scale if weight is not NULL else job.scale
            g = w * (d * inverse)
            hess[i] = <real>((w - g * g) * inverse * lift if w != 0 else 0.0)
        if job.root == 0:                       # no slope there, whatever the weights
            for i in range(n):
                grad[i] = hess[i] = 0
        put(job, out[GRADS], grad, n)
        if job.wanted & HESS:
            put(job, out[HESSES], hess, n)


# ---- a run of tiles ---------------------------------------------------------------------------------------------------

cdef void run_tiles(const real* kind, const Job* job, char** data, Py_ssize_t size, Partial* partial) noexcept nogil:
    """`size` samples whose operands lie contiguously at `data`, however the inputs are coded."""
    cdef real buffer[2][TILE + GAP]
    cdef double weights[TILE + GAP]
    cdef const double* weight
    cdef const real* source[2]
    cdef char* at[OPERANDS]
    cdef Py_ssize_t done = 0, n, head = 0
    cdef int k
    # The rest begins at a cache line: vectors that lie across two cost twice. NumPy puts an array 16 bytes behind one.
    if job.iterators == 0 and job.kind[PRED] == NATIVE and size >= ALIGN_FROM:
        head = (-<Py_ssize_t>data[PRED] & 63) // <Py_ssize_t>sizeof(real)
    while done < size:
        n = min(<Py_ssize_t>TILE, size - done)
        if done == 0 and head > 0:
            n = head
        elif n > LANES:
            n &= ~(<Py_ssize_t>LANES - 1)
        for k in range(OPERANDS):
            at[k] = data[k] + done * job.itemsize[k] if data[k] is not NULL else NULL
        for k in range(2):
            source[k] = load(job.kind[k], at[k], &buffer[k][0], n)
        weight = NULL if at[WEIGHT] is NULL else load_weights(job, at[WEIGHT], weights, n)
        job.tile(job.parameters, job, source[PRED], source[TARGET], weight, at, n, partial)
        if done == 0 and head > 0:
            rotate(partial.values, head)
            rotate(partial.weights, head)
        done += n
    if head > 0:
        rotate_back(partial.values, head)
        rotate_back(partial.weights, head)


cdef inline const real* load(int kind, const char* x, real* buffer, Py_ssize_t n) noexcept nogil:
    """n numbers that can be read up to a multiple of LANES: where they lie, if that will do, else in the buffer."""
    if kind == NATIVE and n % LANES == 0:
        return <const real*>x
    if kind == NATIVE:
        memcpy(buffer, x, n * sizeof(real))
    elif real is float:
        if kind == HALF:
            float_of_halves(x, buffer, n)
        else:
            float_of_bfloats(x, buffer, n)
    else:
        if kind == HALF:
            double_of_halves(x, buffer, n)
        else:
            double_of_bfloats(x, buffer, n)
    pad(buffer, n)
    return buffer


cdef inline const double* load_weights(const Job* job, const char* x, double* buffer, Py_ssize_t n) noexcept nogil:
    """The same of weights, which are doubles whatever the numbers are: only so can they be as small or large as they like."""
    cdef const float* singles = <const float*>x
    cdef Py_ssize_t i
    if job.kind[WEIGHT] == NATIVE and n % LANES == 0 and job.unit == 1:
        return <const double*>x
    if job.kind[WEIGHT] == NATIVE:
        memcpy(buffer, x, n * sizeof(double))
    elif job.kind[WEIGHT] == SINGLE:
        for i in range(n):
            buffer[i] = singles[i]
    elif job.kind[WEIGHT] == HALF:
        double_of_halves(x, buffer, n)
    else:
        double_of_bfloats(x, buffer, n)
    if job.unit != 1:
        for i in range(n):
            buffer[i] *= job.unit
    pad(buffer, n)
    return buffer


cdef inline void pad(real* buffer, Py_ssize_t n) noexcept nogil:
    """Repeat the last number up to a multiple of LANES."""
    cdef Py_ssize_t i
    for i in range(n, (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)):
        buffer[i] = buffer[n - 1]


cdef inline void run_typed(const Job* job, char** data, Py_ssize_t size, Partial* partial) noexcept nogil:
    if job.double_precision:
        run_tiles(<const double*>NULL, job, data, size, partial)
    else:
        run_tiles(<const float*>NULL, job, data, size, partial)


cdef void run_chunk(const Job* job, Py_ssize_t start, Py_ssize_t end, Partial* partial) noexcept nogil:
    """Samples start to end, as they lie or through this thread's iterator."""
    cdef char* data[OPERANDS]
    cdef char** pointers
    cdef char* error = NULL
    cdef cnp.NpyIter* it
    cdef int k
    cdef sums values
    cdef sums weights
    no_sums(&values)
    no_sums(&weights)
    partial.values = &values
    partial.weights = &weights
    partial.seen = 0
    partial.value = partial.weight = 0
    if job.iterators == 0:
        for k in range(OPERANDS):
            data[k] = job.data[k] + start * job.itemsize[k] if job.data[k] is not NULL else NULL
        run_typed(job, data, end - start, partial)
    else:
        it = job.iterator[openmp_index() if job.iterators > 1 else 0]
        if not seek(it, start, end, &error):
            partial.seen = LACKING
            return
        pointers = cnp.NpyIter_GetDataPtrArray(it)
        while True:
            for k in range(OPERANDS):
                data[k] = pointers[job.slot[k]] if job.slot[k] >= 0 else NULL
            run_typed(job, data, cnp.NpyIter_GetInnerLoopSizePtr(it)[0], partial)
            if not job.next(it):
                break
    partial.value = sum_of(&values)
    partial.weight = sum_of(&weights) if job.data[WEIGHT] is not NULL else 0
    if job.streaming:
        stream_fence()


# ---- a batch ----------------------------------------------------------------------------------------------------------

cdef long home = process_id()       # where threads may be used: not in a forked child


cdef int threads_for(Py_ssize_t size) noexcept nogil:
    """How many threads a batch is worth, within what the user, the process and threadpoolctl allow."""
    cdef int n = thread_limit, allowed
    if size < SERIAL_BELOW or n == 1 or process_id() != home:
        return 1
    allowed = openmp_threads()
    if allowed < usual_threads:
        n = min(n, allowed)
    return <int>min(<Py_ssize_t>n, (size + CHUNK - 1) // CHUNK)


cdef int run(const Job* job, int threads, Partial* total) noexcept nogil:
    """The whole batch. Returns −1 if memory for the partial sums is lacking."""
    cdef Py_ssize_t chunks = (job.size + CHUNK - 1) // CHUNK, i
    cdef Partial* partial
    if chunks == 1:
        run_chunk(job, 0, job.size, total)
        return 0
    partial = <Partial*>malloc(chunks * sizeof(Partial))
    if partial is NULL:
        return -1
    if threads == 1:
        for i in range(chunks):
            run_chunk(job, i * CHUNK, min((i + 1) * CHUNK, job.size), &partial[i])
    else:
        for i in prange(chunks, num_threads=threads, schedule='static'):
            run_chunk(job, i * CHUNK, min((i + 1) * CHUNK, job.size), &partial[i])
    total[0] = partial[0]
    for i in range(1, chunks):
        total.value += partial[i].value
        total.weight += partial[i].weight
        total.seen |= partial[i].seen
    free(partial)
    return 0
