# Losses of two outputs against one number, and of four against four. Included by engine.pyx.

cdef enum:
    SMALL_ROOM = 1024                   # doubles: a workspace of less is a chunk's own

cdef struct OutputsJob:
    Job job
    PointwiseFunction function
    double parameters[PARAMETERS]
    Py_ssize_t numbers[OPERANDS]        # that an operand has of each sample
    Py_ssize_t at[OPERANDS]             # where an operand is in a workspace: bytes from its beginning
    Py_ssize_t spare
    bint lies[OPERANDS]                 # an operand can be read or written where it is
    bint zeros                          # may fill up what is less than a vector; else the last sample


cdef int outputs_chunk(const OutputsJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    """Samples where they lie, or by way of a workspace: of what has several numbers, a line with those of each sample side by side."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t size = 8 if batch.double_precision else 4, n, padded, i
    cdef double room[SMALL_ROOM]
    cdef char* spare
    cdef char* place[OPERANDS]
    cdef bint here[OPERANDS]
    cdef bint each
    cdef Block block
    cdef Sums sums
    cdef int k
    no_sums(&sums)
    if self.job.work == 0:
        work = <char*>room
    spare = work + self.spare
    partial.samples = end - start
    while start < end:
        n = min(<Py_ssize_t>TILE, end - start)
        if n > LANES:                       # what is less than that comes last
            n &= ~(<Py_ssize_t>LANES - 1)
        padded = (n + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        for k in range(OPERANDS):
            place[k] = work + self.at[k]
            here[k] = self.lies[k] and n == padded and (k != WEIGHT or batch.unit == 1)
            if here[k]:
                place[k] = at(batch, k, start * self.numbers[k])
        for k in range(2):
            if self.lies[k] and not here[k]:
                memcpy(place[k], at(batch, k, start * self.numbers[k]), n * self.numbers[k] * size)
                fill_up(place[k], self.numbers[k] * size, n, padded, self.zeros)
            elif not here[k]:
                gather_all(self, k, start, n, place[k], spare, size, padded)
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
        for k in range(GRADS, OPERANDS):
            if here[k] or (block.grad if k == GRADS else block.hess) is NULL:
                continue
            if self.lies[k]:
                memcpy(at(batch, k, start * self.numbers[k]), place[k], n * self.numbers[k] * size)
            else:
                scatter_all(batch, k, start, n, self.numbers[k], place[k], spare, size)
        start += n
    add_up(&sums, batch.unit != 1 or batch.operand[WEIGHT].data is not NULL, partial)
    return 0


cdef inline void gather_all(const OutputsJob* self, int k, Py_ssize_t start, Py_ssize_t n, char* line, char* spare, Py_ssize_t size,
                            Py_ssize_t padded) noexcept nogil:
    """All numbers of n samples, side by side, filled up."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t numbers = self.numbers[k], i, j
    if numbers == 1:
        gather(batch, k, start, n, 0, line, batch.double_precision)
        fill_up(line, size, n, padded, self.zeros)
        return
    for j in range(numbers):
        gather(batch, k, start, n, j, spare, batch.double_precision)
        fill_up(spare, size, n, padded, self.zeros)
        for i in range(padded):
            if size == 8:
                (<double*>line)[numbers * i + j] = (<const double*>spare)[i]
            else:
                (<float*>line)[numbers * i + j] = (<const float*>spare)[i]


cdef inline void scatter_all(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, Py_ssize_t numbers, const char* line, char* spare,
                             Py_ssize_t size) noexcept nogil:
    cdef Py_ssize_t i, j
    for j in range(numbers):
        for i in range(n):
            if size == 8:
                (<double*>spare)[i] = (<const double*>line)[numbers * i + j]
            else:
                (<float*>spare)[i] = (<const float*>line)[numbers * i + j]
        scatter(batch, k, start, n, j, spare, False)


cdef class OutputsKernel(CoreKernel):
    """A loss of two outputs, which stand on the last axis of pred."""

    cdef Py_ssize_t outputs(self) noexcept:
        """How many there are."""
        return 2

    cdef Py_ssize_t targets(self) noexcept:
        """And how many numbers of a target."""
        return 1

    cdef bint fits(self, cnp.ndarray pred, cnp.ndarray target, tuple own):
        cdef int d = cnp.PyArray_NDIM(pred)
        cdef double parameters[PARAMETERS]
        if not scalars(own, 1, cnp.PyArray_TYPE(pred) == cnp.NPY_DOUBLE, parameters):
            return False
        if not (d > 0 and (own[0] == -1 or own[0] == d - 1) and cnp.PyArray_DIM(pred, d - 1) == self.outputs()):
            return False
        if self.targets() > 1:
            return alike(target, pred)
        return (cnp.PyArray_NDIM(target) == d - 1 and cnp.PyArray_TYPE(target) == cnp.PyArray_TYPE(pred)
                and cnp.PyArray_ISCARRAY_RO(target) and same_rows(pred, target))

    cdef int over(self, int call, tuple operands, int reduction, tuple own, bint inspect_first, double* cost,
                  Partial* total) except -1:
        cdef OutputsJob job
        cdef Batch* batch = &job.job.batch
        cdef const Operand* x
        cdef Py_ssize_t end = 0, apart, outputs = self.outputs(), targets = self.targets()
        cdef int k
        numbers_of(own, 1, job.parameters)          # after the axis
        prepare(&job.job, self, operands, (True, True, False, False, True, True) if targets > 1 else (
            True, False, False, False, True, True), reduction, WANTED[call])
        apart = 8 * (min(batch.samples, <Py_ssize_t>TILE) + LANES)          # as APART, of few samples less
        for k in range(OPERANDS):
            job.numbers[k] = 1 if k == WEIGHT or k == VALUES else (targets if k == TARGET else outputs)
            job.at[k] = end
            end += job.numbers[k] * apart
        job.spare = end
        job.zeros = targets == 1                    # of boxes they are 0/0
        job.job.chunk = <Chunk>outputs_chunk
        job.job.share = CHUNK
        job.job.work = job.job.unit_work = 0 if end + apart <= SMALL_ROOM * 8 else end + apart
        job.function = (<const PointwiseEntry*>self.entry).function[batch.double_precision]
        for k in range(OPERANDS):
            x = &batch.operand[k]
            job.lies[k] = x.data is not NULL and x.native and (batch.samples == 1 or batch.dimensions == 1) and (
                job.numbers[k] == 1 or x.step == x.size) and (batch.samples == 1 or batch.stride[0][k] == job.numbers[k] * x.size)
        evaluate(&job.job, reduction, operands[WEIGHT] is not None, False, inspect_first and operands[WEIGHT] is not None,
                 inspect_first, cost, total)
        if operands[WEIGHT] is None:
            total.weight = total.samples
        return 0


cdef class BoxesKernel(OutputsKernel):
    """A loss of four numbers against four, which stand on the last axes."""

    cdef Py_ssize_t outputs(self) noexcept:
        return 4

    cdef Py_ssize_t targets(self) noexcept:
        return 4
