# Losses of two rows against each other. Included by engine.pyx.

cdef struct PairsJob:
    Job job
    PairFunction function
    double parameters[PARAMETERS]
    bint looks                          # what inspects the inputs looks at the rows


cdef struct Spans:                      # a row's numbers, span by span
    const PairsJob* job
    char* data[OPERANDS]                # of the row's first number
    char* work
    PairSums sums
    PairBlock block


cdef int over_spans(Spans* row, int step) except -1 nogil:
    """Take one step with each span of a row, which is loaded if it cannot be read as it lies. The last span's answer."""
    cdef const Batch* batch = &row.job.job.batch
    cdef Py_ssize_t size = 8 if batch.double_precision else 4, start = 0
    cdef const char* place[2]
    cdef char* out[2]
    cdef const Operand* operand
    cdef int k, answer = 0
    row.block.step = step
    row.block.sums = &row.sums
    while start < batch.core:
        row.block.size = min(<Py_ssize_t>SPAN, batch.core - start)
        for k in range(2):
            operand = &batch.operand[k]
            place[k] = row.data[k] + start * operand.step
            if not (operand.native and operand.step == size):
                read_numbers(batch, place[k], operand.step, operand.code, row.work + k * 8 * SPAN, row.block.size,
                             batch.double_precision)
                place[k] = row.work + k * 8 * SPAN
        row.block.grad = row.work + 2 * 8 * SPAN if step == PAIR_SPREAD else NULL
        row.block.hess = row.work + 3 * 8 * SPAN if step == PAIR_SPREAD and batch.wanted & (HESS | BOUND) else NULL
        answer = row.job.function(row.job.parameters, place[PRED], place[TARGET], &row.block)
        if step == PAIR_SPREAD:
            out[0], out[1] = <char*>row.block.grad, <char*>row.block.hess
            for k in range(2 if row.block.hess is not NULL else 1):
                operand = &batch.operand[GRADS + k]
                write_numbers(batch, out[k], row.data[GRADS + k] + start * operand.step, operand.step, operand, row.block.size,
                              False)
        start += row.block.size
    return answer


cdef int pairs_chunk(const PairsJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    cdef const Batch* batch = &self.job.batch
    cdef Spans row
    cdef Py_ssize_t stride
    cdef double weight, loss
    cdef double total = 0, mass = 0
    cdef int k
    partial.samples = end - start
    partial.seen = 0
    row.job = self
    row.work = work
    while start < end:
        for k in range(OPERANDS):
            if batch.operand[k].data is not NULL:
                locate(batch, k, start, &row.data[k], &stride)
        weight = weight_at(batch, start, partial)
        mass += weight
        if batch.wanted == 0 and self.looks and weight != 0:
            row.sums.seen = 0
            over_spans(&row, PAIR_INSPECT)
            partial.seen |= row.sums.seen
        if batch.wanted != 0:
            reduce_pair(&row)
            partial.seen |= row.sums.seen if weight != 0 else 0
            loss = row.sums.loss * weight if weight != 0 else 0
            total += loss
            put_loss(batch, start, loss)
            if batch.wanted & GRAD:
                row.block.weight = weight * batch.scale
                over_spans(&row, PAIR_SPREAD)
        start += 1
    partial.value = total
    partial.weight = mass
    return 0


cdef inline double near_one(double greatest) noexcept nogil:
    """The power of two that brings it there."""
    return ldexp(1, min(-ilogb(greatest), 1000)) if 0 < greatest < INFINITY else 1


cdef int reduce_pair(Spans* row) except -1 nogil:
    """A row's sums, and what is concluded of them."""
    cdef int answer
    memset(&row.sums, 0, sizeof(PairSums))
    row.sums.pred_scale = row.sums.target_scale = 1
    if row.job.job.batch.core <= SPAN:
        answer = over_spans(row, PAIR_WHOLE)
        if answer == 0:
            return 0
        row.sums.first = row.sums.second = row.sums.third = 0
    over_spans(row, PAIR_ADD_TERMS)
    answer = once(row, PAIR_MEASURE)
    if answer & 1:                      # once more, with numbers that are brought near 1
        row.sums.pred_scale = row.sums.target_scale = 0
        over_spans(row, PAIR_GREATEST)
        row.sums.pred_scale = near_one(row.sums.pred_scale)
        row.sums.target_scale = near_one(row.sums.target_scale)
        row.sums.first = row.sums.second = row.sums.third = 0
        over_spans(row, PAIR_ADD_TERMS)
        answer = once(row, PAIR_MEASURE)
    row.block.refined = (answer & 2) != 0
    if row.block.refined:
        over_spans(row, PAIR_REFINE)
    once(row, PAIR_CONCLUDE)
    return 0


cdef int once(Spans* row, int step) except -1 nogil:
    """A step that looks at the sums alone."""
    row.block.step = step
    row.block.sums = &row.sums
    row.block.size = 0
    row.block.grad = row.block.hess = NULL
    return row.job.function(row.job.parameters, row.work, row.work, &row.block)


cdef class PairsKernel(CoreKernel):
    """A loss of two rows, which stand along the last axis of pred and target."""

    cdef bint fits(self, cnp.ndarray pred, cnp.ndarray target, tuple own):
        cdef int d = cnp.PyArray_NDIM(pred)
        cdef double parameters[PARAMETERS]
        if not scalars(own, 1, cnp.PyArray_TYPE(pred) == cnp.NPY_DOUBLE, parameters):
            return False
        return d > 0 and (own[0] == -1 or own[0] == d - 1) and alike(target, pred)

    cdef bint inspects(self) noexcept:
        return (<const PairEntry*>self.entry).has_domain

    cdef int over(self, int call, tuple operands, int reduction, tuple own, bint inspect_first, double* cost,
                  Partial* total) except -1:
        cdef PairsJob job
        cdef bint has_domain = self.inspects()
        numbers_of(own, 1, job.parameters)          # after the axis
        job.looks = has_domain and inspect_first
        prepare(&job.job, self, operands, (True, True, False, False, True, True), reduction, WANTED[call])
        job.job.chunk = <Chunk>pairs_chunk
        job.job.share = max(CHUNK // job.job.batch.core, <Py_ssize_t>1)
        job.job.work = job.job.unit_work = 4 * 8 * SPAN
        job.function = (<const PairEntry*>self.entry).function[job.job.batch.double_precision]
        return evaluate(&job.job, reduction, operands[WEIGHT] is not None, False,
                        inspect_first and (has_domain or operands[WEIGHT] is not None), inspect_first, cost, total)
