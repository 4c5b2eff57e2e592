# Losses of one number against one number, and functions of one number. Included by engine.pyx.

cdef enum:
    CHUNK = 16384                       # samples that a thread takes at a time
    AHEAD = 2304                        # bytes: how far before its use memory is asked for (not a power of two: 5 to 15 %) ...
    AHEAD_FROM = 1 << 17                # ... if an input is larger than this, and so not in the nearest cache
    AMD_AHEAD = 1088                    # on AMD's processors from nearer by ...
    AMD_AHEAD_FROM = 640 << 10          # ... if it is larger than this (below, it costs 3 to 6 % on Zen 5) ...
    AMD_FAR_AHEAD = 4352                # ... and from further away ...
    AMD_FAR_AHEAD_FROM = 4 << 20        # ... if it is this large
    STREAM_FROM = 8 << 20               # bytes of one output, where it outgrows the cache
    APART = 8 * (TILE + LANES)          # bytes between operands of a workspace: not a power of two, or they would share cache sets
    ALIGN_FROM = 4096                   # samples: fewer are done before the first is aligned
    INSPECT_BELOW = 1 << 11             # bytes of an input: less is inspected before anything is written to the caller's array

cdef struct PointwiseJob:
    Job job
    PointwiseFunction function
    double parameters[PARAMETERS]
    const double* columns[PARAMETERS]   # of a parameter that the last axis's places have each its own; else NULL
    bint lies[OPERANDS]                 # an operand can be read or written where it is
    bint flat                           # all of them can
    bint in_step                        # all begin at the same place of a cache line (weights may lie as they like)
    bint streaming                      # the cache is passed by
    int stores                          # how results are written where they will stay
    Py_ssize_t ahead
    bint by_column                      # a parameter has columns
    bint has_domain                     # of the loss's inputs
    bint counted                        # losses cannot be written one by one: beyond the end come zeros, which have none
    double lift                         # of statistics, as in a block
    double root


cdef int pointwise_chunk(const PointwiseJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    cdef const Batch* batch = &self.job.batch
    cdef Sums sums
    cdef Py_ssize_t done = start, head = 0, n, j
    cdef bint direct
    no_sums(&sums)
    if batch.core > 1 or self.by_column:
        while done < end:
            n = min(<Py_ssize_t>TILE, end - done)
            for j in range(batch.core):
                tile(self, done, n, j, work, &sums)
            done += n
    else:
        # What passes the cache by is written by whole lines. Intel's processors take twice as long for vectors that cross from one
        # into the next; AMD's Zen 5 loses less by them than by what comes before the first line (5 to 20 %).
        direct = self.flat and batch.unit == 1
        if self.streaming or (direct and self.in_step and not AMD and end - start >= ALIGN_FROM):
            head = (-<Py_ssize_t>at(batch, PRED if direct else GRADS if self.lies[GRADS] else VALUES, start) & 63) // (
                8 if batch.double_precision else 4)
            head = min(head, end - start)
        while done < end:
            n = end - done
            if done == start and head > 0:
                n = head
            elif n > LANES:             # what is less than that comes last
                n = (n if direct else min(<Py_ssize_t>TILE, n)) & ~(<Py_ssize_t>LANES - 1)
            if not direct:
                tile(self, done, n, 0, work, &sums)
            elif n & (LANES - 1) == 0:
                in_place(self, done, n, &sums)
            else:
                remainder(self, done, n, &sums)
            if done == start and head > 0:
                rotate(&sums, head)
            done += n
    add_up(&sums, batch.unit != 1 or batch.operand[WEIGHT].data is not NULL, partial)
    partial.samples = (end - start) * batch.core
    if self.streaming:
        batch.memory.stream_fence()
    return 0


cdef inline void no_sums(Sums* sums) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(LANES):
        sums.value[k] = sums.weight[k] = 0
    sums.seen = 0


cdef inline void add_up(Sums* sums, bint weighted, Partial* partial) noexcept nogil:
    """In an order that depends on nothing."""
    cdef Py_ssize_t n = LANES // 2, k
    while n > 0:
        for k in range(n):
            sums.value[k] += sums.value[k + n]
        if weighted:
            for k in range(n):
                sums.weight[k] += sums.weight[k + n]
        n //= 2
    partial.value = sums.value[0]
    partial.weight = sums.weight[0]
    partial.seen = sums.seen


cdef inline void rotate(Sums* sums, Py_ssize_t h) noexcept nogil:
    """A number's place among the sums is its place in the chunk, wherever a tile begins. (For `add_up` all rotations are alike.)"""
    cdef double before[LANES]
    cdef Py_ssize_t k
    before = sums.value
    for k in range(LANES):
        sums.value[k] = before[(k + h) % LANES]
    before = sums.weight
    for k in range(LANES):
        sums.weight[k] = before[(k + h) % LANES]


cdef int in_place(const PointwiseJob* self, Py_ssize_t start, Py_ssize_t n, Sums* sums) except -1 nogil:
    """A multiple of LANES samples where they lie."""
    cdef const Batch* batch = &self.job.batch
    cdef Block block
    begin(self, &block, n)
    block.weight = <const double*>at(batch, WEIGHT, start)
    block.value = at(batch, VALUES, start) if batch.wanted & VALUE and not batch.summed else NULL
    block.grad = at(batch, GRADS, start) if batch.wanted & GRAD else NULL
    block.hess = at(batch, HESSES, start) if batch.wanted & (HESS | BOUND) else NULL
    block.stores = self.stores
    return self.function(self.parameters, at(batch, PRED, start), at(batch, TARGET, start), &block, sums)


cdef inline void begin(const PointwiseJob* self, Block* block, Py_ssize_t n) noexcept nogil:
    """What a block has wherever its numbers are."""
    block.size = n
    block.wanted = self.job.batch.wanted
    block.scale = self.job.batch.scale
    block.lift = self.lift
    block.root = self.root
    block.ahead = self.ahead
    block.stores = MOVING if self.streaming else STAYING
    block.inspected = self.job.batch.inspected or not self.has_domain


cdef inline char* at(const Batch* batch, int k, Py_ssize_t start) noexcept nogil:
    return NULL if batch.operand[k].data is NULL else batch.operand[k].data + start * batch.operand[k].size


cdef int remainder(const PointwiseJob* self, Py_ssize_t start, Py_ssize_t n, Sums* sums) except -1 nogil:
    """n < LANES samples that lie side by side: copied, filled up, and copied back."""
    cdef const Batch* batch = &self.job.batch
    cdef double place[OPERANDS][LANES]
    cdef Py_ssize_t size = 8 if batch.double_precision else 4
    cdef const char* source[INPUTS]
    cdef Block block
    cdef int k
    source[PRED], source[TARGET], source[WEIGHT] = <char*>place[PRED], <char*>place[TARGET], NULL
    for k in range(2):
        memcpy(place[k], at(batch, k, start), n * size)
        fill_up(<char*>place[k], size, n, LANES, self.counted)
    if batch.operand[WEIGHT].data is not NULL:
        memcpy(place[WEIGHT], at(batch, WEIGHT, start), n * 8)
        in_units(writing(place[WEIGHT], LANES), n, 1, True)
        source[WEIGHT] = <char*>place[WEIGHT]
    compute(self, self.parameters, source, <char*>place[VALUES], sizeof(place[0]), n, LANES, &block, sums)
    if block.value is not NULL and not batch.summed:
        memcpy(at(batch, VALUES, start), block.value, n * size)
    if block.grad is not NULL:
        memcpy(at(batch, GRADS, start), block.grad, n * size)
    if block.hess is not NULL:
        memcpy(at(batch, HESSES, start), block.hess, n * size)
    return 0


cdef int tile(const PointwiseJob* self, Py_ssize_t start, Py_ssize_t n, Py_ssize_t column, char* work, Sums* sums) except -1 nogil:
    """n <= TILE samples, by way of a workspace as far as they lie or are coded otherwise than the loops have them."""
    cdef const Batch* batch = &self.job.batch
    cdef double parameters[PARAMETERS]
    cdef Py_ssize_t padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1), size = 8 if batch.double_precision else 4
    cdef bint weighted = batch.operand[WEIGHT].data is not NULL or batch.unit != 1
    cdef const char* source[INPUTS]
    cdef Block block
    cdef int k
    for k in range(PARAMETERS):
        parameters[k] = self.parameters[k] if self.columns[k] is NULL else self.columns[k][column]
    for k in range(2):
        source[k] = work + k * APART
        if self.lies[k] and n == padded:
            source[k] = at(batch, k, start)
        else:
            gather(batch, k, start, n, column, work + k * APART, batch.double_precision)
            fill_up(work + k * APART, size, n, padded, self.counted)
    source[WEIGHT] = work + WEIGHT * APART if weighted else NULL
    if self.lies[WEIGHT] and n == padded and batch.unit == 1:
        source[WEIGHT] = at(batch, WEIGHT, start)
    elif weighted:
        if batch.operand[WEIGHT].data is not NULL:
            gather(batch, WEIGHT, start, n, column, work + WEIGHT * APART, True)
        in_units(writing(<double*>(work + WEIGHT * APART), padded), n, batch.unit, batch.operand[WEIGHT].data is not NULL)
    compute(self, parameters, source, work + VALUES * APART, APART, n, padded, &block, sums)
    if block.value is not NULL and not batch.summed:
        scatter(batch, VALUES, start, n, column, block.value, self.streaming)
    if block.grad is not NULL:
        scatter(batch, GRADS, start, n, column, block.grad, self.streaming)
    if block.hess is not NULL:
        scatter(batch, HESSES, start, n, column, block.hess, self.streaming)
    return 0


cdef inline int compute(const PointwiseJob* self, const double* parameters, const char** source, char* results, Py_ssize_t apart,
                        Py_ssize_t n, Py_ssize_t padded, Block* block, Sums* sums) except -1 nogil:
    """n samples, the results to a workspace where they stand `apart` bytes from each other."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t k
    # Of less than LANES samples, all of which count, the losses are added up here, where their number is known.
    cdef bint each = batch.wanted & VALUE and (not batch.summed or (n < padded and source[WEIGHT] is NULL and not self.counted))
    begin(self, block, padded)
    block.weight = <const double*>source[WEIGHT]
    block.value = results if each else NULL
    block.grad = results + apart if batch.wanted & GRAD else NULL
    block.hess = results + 2 * apart if batch.wanted & (HESS | BOUND) else NULL
    self.function(parameters, source[PRED], source[TARGET], block, sums)
    if each and batch.summed:
        for k in range(n):
            sums.value[k % LANES] += (<double*>block.value)[k] if batch.double_precision else (<float*>block.value)[k]
    return 0


cdef inline void fill_up(char* x, Py_ssize_t size, Py_ssize_t n, Py_ssize_t padded, bint zeros) noexcept nogil:
    """What comes after n samples of 4, or of a multiple of 8, bytes: the last of them again, or zeros."""
    cdef Py_ssize_t k, j, words = size // 8
    if zeros:
        memset(x + n * size, 0, (padded - n) * size)
    elif size == 8:
        for k in range(n, padded):
            (<double*>x)[k] = (<double*>x)[n - 1]
    elif size == 4:
        for k in range(n, padded):
            (<float*>x)[k] = (<float*>x)[n - 1]
    else:
        for j in range(words):
            for k in range(n, padded):
                (<double*>x)[k * words + j] = (<double*>x)[(n - 1) * words + j]


cdef inline void in_units(double[::1] weight, Py_ssize_t n, double unit, bint given) noexcept nogil:
    """Weights times a power of two, or that for each sample; beyond the end there is no sample."""
    cdef Py_ssize_t k
    for k in range(n):
        weight[k] = weight[k] * unit if given else unit
    for k in range(n, weight.shape[0]):
        weight[k] = 0


cdef class PointwiseKernel(Kernel):
    """A loss or function of one number against one number."""
    cdef PointwiseEntry entry
    cdef const Memory* memory

    def __init__(self, dict tables, str name):
        self.entry = (<const PointwiseEntry*>entry_of(tables, name))[0]
        self.memory = <const Memory*>entry_of(tables, "memory")

    cpdef object quick(self, int call, pred, target, weight, reduction, out, tuple own):
        """The answer, if the arguments are as the loops like them; else NotImplemented, and nothing has happened.

        That means plain contiguous arrays of one of the two dtypes, of equal shapes and not empty, no overlap, a known
        reduction. An input outside the domain also ends here: whoever called finds out where it is, and says so.
        """
        cdef PointwiseJob job
        cdef Partial total
        cdef double cost = 0
        cdef int number, reduced, wanted = WANTED[call]
        cdef bint double_precision, aliased = False
        cdef object first = None, second = None, values = None
        if not plain(pred):
            return NotImplemented
        number = cnp.PyArray_TYPE(<cnp.ndarray>pred)
        double_precision = number == cnp.NPY_DOUBLE
        reduced = reduction_of(reduction)
        if reduced < 0 or not alike(target, <cnp.ndarray>pred):
            return NotImplemented
        if weight is not None and not (plain_like(weight, <cnp.ndarray>pred, cnp.NPY_DOUBLE)
                                       or plain_like(weight, <cnp.ndarray>pred, cnp.NPY_FLOAT)):
            return NotImplemented
        for k in range(PARAMETERS):
            job.columns[k] = NULL
            job.parameters[k] = 0
        job.by_column = False
        if not scalars(own, 0, double_precision, job.parameters):
            return NotImplemented
        job.job.batch.summed = reduced != NONE
        if out is not None:
            if call >= CALL_GRAD_AND_HESS:
                if type(out) is not tuple or len(<tuple>out) != 2:
                    return NotImplemented
                first, second = <tuple>out
            elif type(out) is tuple:
                return NotImplemented
            else:
                first = out
            if job.job.batch.summed and call == CALL_VALUE:
                return NotImplemented
            if not writable(first, pred, target, weight, &aliased):
                return NotImplemented
            if call >= CALL_GRAD_AND_HESS and not (writable(second, pred, target, weight, &aliased) and apart(first, second)):
                return NotImplemented
        elif call != CALL_VALUE or not job.job.batch.summed:
            first = new_like(<cnp.ndarray>pred)
            if call >= CALL_GRAD_AND_HESS:
                second = new_like(<cnp.ndarray>pred)
        if call == CALL_VALUE_AND_GRAD and not job.job.batch.summed:
            values = new_like(<cnp.ndarray>pred)
        elif call == CALL_VALUE:
            values = first
        lay_out(&job.job.batch, <cnp.ndarray>pred, double_precision)
        put(&job.job.batch, PRED, pred)
        put(&job.job.batch, TARGET, target)
        put(&job.job.batch, WEIGHT, weight)
        put(&job.job.batch, VALUES, values)
        put(&job.job.batch, GRADS, None if call == CALL_VALUE else first)
        put(&job.job.batch, HESSES, second)
        for k in range(OPERANDS):
            job.lies[k] = job.job.batch.operand[k].data is not NULL and job.job.batch.operand[k].native
        self.finish(&job, wanted)
        self.evaluate(&job, reduced, weight is not None, out is not None, aliased, &cost, &total)
        if total.seen & OUTSIDE or (reduced == MEAN and weight is not None and total.weight == 0):
            return NotImplemented
        return answer(call, job.job.batch.summed, cost, values, first, second)

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """(cost, Σw, samples that count, whether an input is outside the domain), for arrays that have been checked.

        `operands` are pred, target, weights, and where values, gradient and Hessian go (None: nowhere), all of one shape;
        `inspect_first` says that nothing may be written before all inputs are known to be inside the domain.
        """
        return self.over(call, operands, reduction, own, inspect_first, 1)

    cdef tuple over(self, int call, tuple operands, str reduction, tuple own, bint inspect_first, Py_ssize_t summands):
        """The same where the losses of `summands` numbers, added up, are a sample's."""
        cdef PointwiseJob job
        cdef Partial total
        cdef double cost = 0
        cdef int k
        cdef bint by_column = False
        pred = operands[PRED]
        job.job.batch.double_precision = computed_in_double(pred)
        job.job.batch.summed = reduction != "none"
        for k in range(PARAMETERS):
            job.columns[k] = NULL
            job.parameters[k] = 0
        for k, x in enumerate(own):
            if isinstance(x, cnp.ndarray):
                job.columns[k] = <const double*>cnp.PyArray_DATA(<cnp.ndarray>x)
                by_column = True
            elif isinstance(x, float):
                job.parameters[k] = x
            else:
                tabled(x, &job.parameters[k])
        job.by_column = by_column
        arrange(&job.job.batch, operands, (by_column,) * OPERANDS)
        for k in range(OPERANDS):
            job.lies[k] = not by_column and job.job.batch.operand[k].data is not NULL and flat(&job.job.batch, k)
        self.finish(&job, WANTED[call])
        job.job.summands = summands
        self.evaluate(&job, REDUCTIONS[reduction], operands[WEIGHT] is not None, inspect_first, inspect_first, &cost, &total)
        total.samples /= summands
        return cost, total.weight if operands[WEIGHT] is not None else total.samples, int(total.samples), bool(total.seen & OUTSIDE)

    cdef inline void finish(self, PointwiseJob* job, int wanted) noexcept:
        """What follows from the rest."""
        cdef Batch* batch = &job.job.batch
        cdef Py_ssize_t size = batch.samples * batch.core * (8 if batch.double_precision else 4)
        cdef int k
        batch.memory = self.memory
        batch.wanted = wanted
        batch.unit = batch.scale = job.lift = job.root = 1
        job.counted = False
        job.job.chunk = <Chunk>pointwise_chunk
        job.job.summands = 1
        job.job.columns = batch.core
        job.job.share = max(CHUNK // batch.core, <Py_ssize_t>1)
        job.function = self.entry.function[batch.double_precision]
        job.has_domain = self.entry.has_domain
        for k in range(self.entry.specials):
            if self.entry.special[k].value == job.parameters[0]:        # another loss, of the hyperparameters after it
                job.function = self.entry.special[k].function[batch.double_precision]
                memmove(job.parameters, job.parameters + 1, sizeof(job.parameters) - sizeof(double))
                memmove(job.columns, job.columns + 1, sizeof(job.columns) - sizeof(void*))
                break
        job.flat = job.in_step = True
        for k in range(OPERANDS):
            if batch.operand[k].data is not NULL:
                job.flat = job.flat and job.lies[k]
                job.in_step = job.in_step and (k == WEIGHT or (batch.operand[k].data - batch.operand[PRED].data) & 63 == 0)
        job.streaming, job.stores, job.ahead = False, STAYING, 0
        if size > AHEAD_FROM:
            job.streaming = (job.lies[VALUES] or job.lies[GRADS]) and size >= STREAM_FROM
            job.ahead = AHEAD if job.lies[PRED] else 0
            # AMD's Zen 5 takes up to 1.4 times as long where results go by way of a workspace, a thousand numbers at a time, as
            # where the loops have a few lines at a time pass the cache by. Intel's was not tried.
            if AMD:
                job.stores = PASSING if job.streaming and job.flat and job.in_step else STAYING
                if job.ahead > 0:
                    job.ahead = AMD_FAR_AHEAD if size > AMD_FAR_AHEAD_FROM else (AMD_AHEAD if size > AMD_AHEAD_FROM else 0)
            else:
                job.flat = job.flat and not job.streaming
        job.job.unit_work = OPERANDS * APART
        job.job.work = 0 if job.flat else job.job.unit_work

    cdef int evaluate(self, PointwiseJob* job, int reduction, bint weighted, bint written, bint aliased, double* cost,
                      Partial* total) except -1:
        """A large batch is inspected while it is computed, unless an error would destroy an input."""
        cdef Batch* batch = &job.job.batch
        cdef bint inspect_first = written and (self.entry.has_domain or weighted) and (
            aliased or batch.samples * batch.core * batch.operand[PRED].size <= INSPECT_BELOW)
        return evaluate(&job.job, reduction, weighted, False, inspect_first, aliased, cost, total)
