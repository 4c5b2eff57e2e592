# Losses of two outputs against one number. Included by engine.pyx.

cdef struct OutputsJob:
    Job job
    PointwiseFunction function
    double parameters[PARAMETERS]


cdef int outputs_chunk(const OutputsJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    """Every tile passes through the workspace: two lines for what has two outputs."""
    cdef const Batch* batch = &self.job.batch
    cdef bint doubles = batch.double_precision
    cdef Py_ssize_t size = 8 if doubles else 4, n, padded
    cdef char* line[OPERANDS]
    cdef Block block
    cdef Sums sums
    cdef int k, output
    no_sums(&sums)
    line[PRED], line[TARGET], line[WEIGHT], line[VALUES] = work, work + 2 * APART, work + 3 * APART, work + 4 * APART
    line[GRADS], line[HESSES] = work + 5 * APART, work + 7 * APART
    partial.samples = end - start
    while start < end:
        n = min(<Py_ssize_t>TILE, end - start)
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        gather(batch, PRED, start, n, 0, line[PRED], doubles)
        gather(batch, PRED, start, n, 1, line[PRED] + APART, doubles)
        gather(batch, TARGET, start, n, 0, line[TARGET], doubles)
        for k in range(3):
            repeat_last(work + k * APART, size, n, padded)
        if batch.operand[WEIGHT].data is not NULL:
            gather(batch, WEIGHT, start, n, 0, line[WEIGHT], True)
        in_units(writing(<double*>line[WEIGHT], padded), n, batch.unit, batch.operand[WEIGHT].data is not NULL)
        block.size = padded
        block.wanted = batch.wanted
        block.scale = batch.scale
        block.apart = APART
        block.weight = <const double*>line[WEIGHT]
        block.value = line[VALUES] if batch.wanted & VALUE and not batch.summed else NULL
        block.grad = line[GRADS] if batch.wanted & GRAD else NULL
        block.hess = line[HESSES] if batch.wanted & (HESS | BOUND) else NULL
        self.function(self.parameters, line[PRED], line[TARGET], &block, &sums)
        if block.value is not NULL:
            scatter(batch, VALUES, start, n, 0, block.value, False)
        for output in range(2):
            if block.grad is not NULL:
                scatter(batch, GRADS, start, n, output, line[GRADS] + output * APART, False)
            if block.hess is not NULL:
                scatter(batch, HESSES, start, n, output, line[HESSES] + output * APART, False)
        start += n
    add_up(&sums, partial)
    return 0


cdef class OutputsKernel(CoreKernel):
    """A loss of two outputs, which stand on the last axis of pred."""

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run."""
        cdef OutputsJob job
        cdef Partial total
        cdef double cost = 0
        prepare(&job.job, self, operands, (True, False, False, False, True, True), reduction, WANTED[call])
        job.job.chunk = <Chunk>outputs_chunk
        job.job.share = CHUNK
        job.job.work = job.job.unit_work = 9 * APART
        job.function = (<const PointwiseEntry*>self.entry).function[job.job.batch.double_precision]
        evaluate(&job.job, REDUCTIONS[reduction], operands[WEIGHT] is not None, False,
                 inspect_first and operands[WEIGHT] is not None, inspect_first, &cost, &total)
        return cost, total.weight, int(total.samples), bool(total.seen & OUTSIDE)
