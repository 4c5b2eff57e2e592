# Losses of two outputs against one number. Included by engine.pyx.

cdef struct OutputsJob:
    Job job
    PointwiseFunction function
    double parameters[PARAMETERS]
    bint lies[OPERANDS]                 # an operand can be read or written where it is


cdef int outputs_chunk(const OutputsJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    """Samples where they lie, or by way of a workspace: of what has two outputs, a line with both of each sample side by side."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t size = 8 if batch.double_precision else 4, n, padded, i
    cdef char* spare = work + 9 * APART
    cdef char* place[OPERANDS]
    cdef bint here[OPERANDS]
    cdef bint each
    cdef Block block
    cdef Sums sums
    cdef int k
    no_sums(&sums)
    partial.samples = end - start
    while start < end:
        n = min(<Py_ssize_t>TILE, end - start)
        if n > LANES:                       # what is less than that comes last
            n &= ~(<Py_ssize_t>LANES - 1)
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        place[PRED], place[TARGET], place[WEIGHT], place[VALUES] = work, work + 2 * APART, work + 3 * APART, work + 4 * APART
        place[GRADS], place[HESSES] = work + 5 * APART, work + 7 * APART
        for k in range(OPERANDS):
            here[k] = self.lies[k] and n == padded and (k != WEIGHT or batch.unit == 1)
            if here[k]:
                place[k] = at(batch, k, start * (2 if batch.operand[k].step > 0 else 1))
        if not here[PRED]:
            gather(batch, PRED, start, n, 0, spare, batch.double_precision)
            gather(batch, PRED, start, n, 1, spare + APART, batch.double_precision)
            for k in range(2):
                repeat_last(spare + k * APART, size, n, padded)
            interleave(spare, spare + APART, place[PRED], size, padded)
        if not here[TARGET]:
            gather(batch, TARGET, start, n, 0, place[TARGET], batch.double_precision)
            repeat_last(place[TARGET], size, n, padded)
        block.weight = <const double*>place[WEIGHT]
        if not here[WEIGHT]:
            if batch.operand[WEIGHT].data is not NULL:
                gather(batch, WEIGHT, start, n, 0, place[WEIGHT], True)
            elif batch.unit == 1:
                block.weight = NULL
            if block.weight is not NULL:
                in_units(writing(<double*>place[WEIGHT], padded), n, batch.unit, batch.operand[WEIGHT].data is not NULL)
        block.size = padded
        block.wanted = batch.wanted
        block.scale = batch.scale
        # Where all samples count and the last are less than LANES, their losses are added up here, where their number is known.
        each = batch.wanted & VALUE and (not batch.summed or (n < padded and block.weight is NULL))
        block.value = place[VALUES] if each else NULL
        block.grad = place[GRADS] if batch.wanted & GRAD else NULL
        block.hess = place[HESSES] if batch.wanted & (HESS | BOUND) else NULL
        self.function(self.parameters, place[PRED], place[TARGET], &block, &sums)
        if each and batch.summed:
            for i in range(n):
                sums.value[i] += (<double*>block.value)[i] if batch.double_precision else (<float*>block.value)[i]
        elif each and not here[VALUES]:
            scatter(batch, VALUES, start, n, 0, block.value, False)
        if block.grad is not NULL and not here[GRADS]:
            scatter_both(batch, GRADS, start, n, place[GRADS], spare, size)
        if block.hess is not NULL and not here[HESSES]:
            scatter_both(batch, HESSES, start, n, place[HESSES], spare, size)
        start += n
    add_up(&sums, True, partial)
    return 0


cdef inline void interleave(const char* first, const char* second, char* both, Py_ssize_t size, Py_ssize_t n) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        if size == 8:
            (<double*>both)[2 * i], (<double*>both)[2 * i + 1] = (<const double*>first)[i], (<const double*>second)[i]
        else:
            (<float*>both)[2 * i], (<float*>both)[2 * i + 1] = (<const float*>first)[i], (<const float*>second)[i]


cdef inline void scatter_both(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, const char* both, char* spare,
                              Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i
    cdef int output
    for output in range(2):
        for i in range(n):
            if size == 8:
                (<double*>spare)[i] = (<const double*>both)[2 * i + output]
            else:
                (<float*>spare)[i] = (<const float*>both)[2 * i + output]
        scatter(batch, k, start, n, output, spare, False)


cdef class OutputsKernel(CoreKernel):
    """A loss of two outputs, which stand on the last axis of pred."""

    cdef bint fits(self, cnp.ndarray pred, cnp.ndarray target, tuple own):
        cdef int d = cnp.PyArray_NDIM(pred)
        return (d > 0 and (own[0] == -1 or own[0] == d - 1) and cnp.PyArray_DIM(pred, d - 1) == 2 and cnp.PyArray_NDIM(target) == d - 1
                and cnp.PyArray_TYPE(target) == cnp.PyArray_TYPE(pred) and cnp.PyArray_ISCARRAY_RO(target) and same_rows(pred, target))

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run."""
        cdef OutputsJob job
        cdef Batch* batch = &job.job.batch
        cdef Partial total
        cdef const Operand* x
        cdef double cost = 0
        cdef int k
        prepare(&job.job, self, operands, (True, False, False, False, True, True), reduction, WANTED[call])
        job.job.chunk = <Chunk>outputs_chunk
        job.job.share = CHUNK
        job.job.work = job.job.unit_work = 11 * APART
        job.function = (<const PointwiseEntry*>self.entry).function[batch.double_precision]
        for k in range(OPERANDS):
            x = &batch.operand[k]
            job.lies[k] = x.data is not NULL and x.native and (batch.samples == 1 or batch.dimensions == 1)
            if job.lies[k] and x.step > 0:
                job.lies[k] = x.step == x.size and (batch.samples == 1 or batch.stride[0][k] == 2 * x.size)
            elif job.lies[k]:
                job.lies[k] = batch.samples == 1 or batch.stride[0][k] == x.size
        evaluate(&job.job, REDUCTIONS[reduction], operands[WEIGHT] is not None, False,
                 inspect_first and operands[WEIGHT] is not None, inspect_first, &cost, &total)
        return cost, total.weight if operands[WEIGHT] is not None else total.samples, int(total.samples), bool(total.seen & OUTSIDE)
