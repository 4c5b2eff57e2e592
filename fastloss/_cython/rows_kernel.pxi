# Kernels of losses of rows, with the two ways in that pointwise ones have. Included by engine.pyx, after rows.pxi.

cdef enum:
    FIXED = 3                   # what every loss of rows is given before its numbers: axis, ignore_index, class_weight


cdef class RowsKernel(Kernel):
    """A loss of rows of classes, or a function of rows."""
    cdef RowsEntry entry
    cdef const Memory* memory
    cdef PointwiseKernel by_numbers     # of a loss whose rows need not be told apart if all count alike; or None

    def __init__(self, dict tables, str name):
        self.entry = (<const RowsEntry*>entry_of(tables, name))[0]
        self.memory = <const Memory*>entry_of(tables, "memory")
        self.by_numbers = None if self.entry.by_numbers is NULL else PointwiseKernel(tables, self.entry.by_numbers.decode())

    cpdef object quick(self, int call, pred, target, weight, reduction, out, tuple own):
        """As PointwiseKernel.quick; own = (axis, ignore_index, class_weight, the loss's numbers ...)."""
        cdef RowsJob job
        cdef Batch* batch = &job.job.batch
        cdef Partial total
        cdef double cost = 0
        cdef int reduced, d, k
        cdef bint double_precision, aliased = False, one_by_one
        cdef cnp.ndarray x, y
        cdef object first = None, second = None, values = None
        if not plain(pred) or own[2] is not None:
            return NotImplemented
        x = <cnp.ndarray>pred
        double_precision = cnp.PyArray_TYPE(x) == cnp.NPY_DOUBLE
        d = cnp.PyArray_NDIM(x)
        reduced = reduction_of(reduction)
        if d == 0 or reduced < 0 or (own[0] != -1 and own[0] != d - 1) or type(target) is not cnp.ndarray:
            return NotImplemented
        y = <cnp.ndarray>target
        if self.entry.ids.class_major[0] is not NULL and cnp.PyArray_NDIM(y) == d - 1:
            if not (cnp.PyArray_ISINTEGER(y) and cnp.PyArray_ISCARRAY_RO(y) and same_rows(x, y)):
                return NotImplemented
            job.form = &self.entry.ids
        elif self.entry.rows.numbered:
            if not (cnp.PyArray_NDIM(y) == d - 1 and cnp.PyArray_TYPE(y) == cnp.PyArray_TYPE(x) and cnp.PyArray_ISCARRAY_RO(y)
                    and same_rows(x, y)):
                return NotImplemented
            job.form = &self.entry.rows
        elif not self.entry.rows.targeted or own[1] is not None or not alike(y, x):
            return NotImplemented
        else:
            job.form = &self.entry.rows
        if weight is not None and not weighs(weight, x):
            return NotImplemented
        if not scalars(own, FIXED, double_precision, job.parameters):
            return NotImplemented
        batch.summed = reduced != NONE
        one_by_one = self.by_numbers is not None and job.form.targeted and weight is None
        if out is not None:
            if call == CALL_VALUE or (call >= CALL_GRAD_AND_HESS and not pair_of(out, pred, target, weight)):
                return NotImplemented
            first = out
            if call >= CALL_GRAD_AND_HESS:
                first, second = <tuple>out
            if not writable(first, pred, target if one_by_one else pred, None, &aliased):
                return NotImplemented
            if not (apart(first, target) or aliased and one_by_one) or (
                    weight is not None and not apart(first, weight)):
                return NotImplemented
        elif call != CALL_VALUE:
            first = new_like(x)
            if call >= CALL_GRAD_AND_HESS:
                second = new_like(x)
        if not batch.summed and (call == CALL_VALUE or call == CALL_VALUE_AND_GRAD):
            values = cnp.PyArray_EMPTY(d - 1, cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x), 0)
        if one_by_one and batch.summed:
            return self.number_by_number(call, x, y, reduced, out is not None, aliased, job.parameters[0], first, second)
        batch.double_precision = double_precision
        batch.core = cnp.PyArray_DIM(x, d - 1)
        batch.samples = 1
        for k in range(d - 1):
            batch.samples *= cnp.PyArray_DIM(x, k)
        batch.dimensions = 1
        batch.shape[0] = batch.samples
        put_rows(batch, PRED, pred, True)
        put_rows(batch, TARGET, target, job.form.targeted and not job.form.numbered)
        put_rows(batch, WEIGHT, weight, False)
        put_rows(batch, VALUES, values, False)
        put_rows(batch, GRADS, first, True)
        put_rows(batch, HESSES, second, True)
        job.class_weight = NULL
        job.ignoring = False
        if job.form.labelled and own[1] is not None:
            ignore(&job, y, own[1])
        self.compute(&job, WANTED[call], reduced,
                     out is not None and (job.form.labelled or aliased or cnp.PyArray_NBYTES(x) <= INSPECT_BELOW), aliased, &cost, &total)
        if total.seen & OUTSIDE or (reduced == MEAN and total.weight == 0) or total.samples == 0:
            return NotImplemented
        return answer(call, batch.summed, cost, values, first, second)

    cdef object number_by_number(self, int call, cnp.ndarray x, cnp.ndarray y, int reduced, bint written, bint aliased, double eps,
                                 first, second):
        """Rows that all count alike, of a loss that is a sum over the classes."""
        cdef PointwiseJob job
        cdef Partial total
        cdef double cost = 0
        cdef int k
        job.job.batch.summed = True
        lay_out(&job.job.batch, x, cnp.PyArray_TYPE(x) == cnp.NPY_DOUBLE)
        put(&job.job.batch, PRED, x)
        put(&job.job.batch, TARGET, y)
        put(&job.job.batch, WEIGHT, None)
        put(&job.job.batch, VALUES, None)
        put(&job.job.batch, GRADS, first)
        put(&job.job.batch, HESSES, second)
        for k in range(OPERANDS):
            job.lies[k] = job.job.batch.operand[k].data is not NULL
        for k in range(PARAMETERS):
            job.columns[k] = NULL
        job.by_column = False
        job.parameters[0] = eps
        self.by_numbers.finish(&job, WANTED[call])
        job.job.summands = cnp.PyArray_DIM(x, cnp.PyArray_NDIM(x) - 1)
        self.by_numbers.evaluate(&job, reduced, False, written, aliased, &cost, &total)
        return NotImplemented if total.seen & OUTSIDE else answer(call, True, cost, None, first, second)

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run. The axis of the classes is the last of pred, of a target that is rows, and of gradient and
        Hessian; weights are one a row."""
        cdef RowsJob job
        cdef Batch* batch = &job.job.batch
        cdef Partial total
        cdef double cost = 0
        cdef int k
        cdef cnp.ndarray weights
        pred, target = operands[PRED], operands[TARGET]
        ignored, class_weight = own[1], own[2]
        job.form = &self.entry.rows
        if self.entry.ids.class_major[0] is not NULL and target.ndim < pred.ndim:
            job.form = &self.entry.ids
        elif self.by_numbers is not None and operands[WEIGHT] is None and class_weight is None and reduction != "none":
            return self.by_numbers.over(call, operands, reduction, own[FIXED:], inspect_first, pred.shape[pred.ndim - 1])
        if not job.form.targeted and not job.form.labelled:
            target = None
        batch.double_precision = computed_in_double(pred)
        batch.summed = reduction != "none"
        arrange(batch, (pred, target, *operands[WEIGHT:]), (True, job.form.targeted and not job.form.numbered, False, False, True, True))
        numbers_of(own, FIXED, job.parameters)
        job.class_weight = NULL
        job.ignoring = False
        if class_weight is not None:
            weights = cnp.PyArray_GETCONTIGUOUS(class_weight)
            job.class_weight = <const double*>cnp.PyArray_DATA(weights)
        if ignored is not None and job.form.labelled:
            ignore(&job, <cnp.ndarray>target, ignored)
        self.compute(&job, WANTED[call], REDUCTIONS[reduction], inspect_first, inspect_first, &cost, &total)
        return cost, total.weight, int(total.samples), bool(total.seen & OUTSIDE)

    cdef int compute(self, RowsJob* job, int wanted, int reduction, bint inspect_first, bint aliased, double* cost,
                     Partial* total) except -1:
        cdef const RowsForm* form = job.form
        cdef bint weighted = job.job.batch.operand[WEIGHT].data is not NULL or job.class_weight is not NULL
        job.job.batch.memory = self.memory
        job.job.batch.wanted = wanted
        job.job.chunk = <Chunk>rows_chunk
        job.job.summands = job.job.columns = 1
        job.looks_at_all = inspect_first
        inspect_first = inspect_first and (form.labelled or form.targeted or job.job.batch.operand[WEIGHT].data is not NULL)
        cut(job)
        if job.job.batch.samples <= job.block and job.spans == 1 and not weighted and not job.ignoring:
            inspect_first = False       # a block that is all there is writes nothing once it has seen such a thing
        lay_workspace(job)
        try:
            make_table(job)
            evaluate(&job.job, reduction, weighted, job.ignoring, inspect_first, aliased, cost, total)
        finally:
            if job.out_table is not NULL:
                free(job.out_table)
        return 0


# ---- arguments --------------------------------------------------------------------------------------------------------------------

cdef inline bint weighs(x, cnp.ndarray pred):
    """Whether x is a plain array of floats or doubles, one a row."""
    return plain(x) and cnp.PyArray_NDIM(<cnp.ndarray>x) == cnp.PyArray_NDIM(pred) - 1 and same_rows(pred, <cnp.ndarray>x)


cdef inline void put_rows(Batch* batch, int k, x, bint rows) noexcept:
    """An operand of plain rows, or with one number a row."""
    if x is None:
        batch.operand[k].data = NULL
        return
    put(batch, k, x)
    if rows:
        batch.operand[k].step = batch.operand[k].size
        batch.stride[0][k] = batch.operand[k].size * batch.core


cdef int ignore(RowsJob* job, cnp.ndarray ids, ignored) except -1:
    """Ids are ignored by their value, not by their bits: one that their dtype has not is nowhere."""
    cdef object bits = 8 * cnp.PyArray_ITEMSIZE(ids)        # Python's own integers, which shift as far as they must
    ignored = int(ignored)
    if cnp.PyArray_ISSIGNED(ids):
        job.ignoring = -1 << (bits - 1) <= ignored < 1 << (bits - 1)
    else:
        job.ignoring = 0 <= ignored < 1 << bits
    job.ignored = <int64_t><uint64_t>(ignored & 0xffffffffffffffff) if job.ignoring else 0
    return 0


# ---- how a batch is cut ---------------------------------------------------------------------------------------------------------

cdef inline void cut(RowsJob* job) noexcept:
    """Blocks and spans: a matter of shape and dtype alone."""
    cdef Batch* batch = &job.job.batch
    cdef Py_ssize_t size = 8 if batch.double_precision else 4, classes = batch.core, rows = batch.samples
    cdef Py_ssize_t padded = (classes + LANES - 1) & ~(<Py_ssize_t>LANES - 1), share
    cdef bint spreads = batch.wanted & (GRAD | HESS | BOUND)
    cdef int k
    # Both ways give the same bits; the vectors over rows of a batch of few rows would be half empty.
    job.class_major = not job.form.sparse and classes < (
        SHORT_WHOLE if job.form.whole and not job.form.numbered else SHORT) and (
        job.form.whole or batch.operand[PRED].step != batch.operand[PRED].size or 1 < rows > classes // FEW)
    job.spans, job.length, job.retains_exps, job.sharing = 1, classes, True, 1
    if job.form.sparse:
        job.block = ROWS_OF_OWN
    elif job.class_major:           # (divisions cost as much as all else here: few rows do without)
        job.block = <Py_ssize_t>LANES
        if rows > LANES:
            job.block = min(max(BLOCK_BYTES // (classes * size) // LANES, <Py_ssize_t>1) * LANES, <Py_ssize_t>ROWS)
    elif classes <= SPAN or job.form.whole:
        job.block = <Py_ssize_t>1 if rows == 1 else min(max(2 * BLOCK_BYTES // (padded * size), <Py_ssize_t>1), <Py_ssize_t>LANES)
    else:
        job.block = 1
        job.length = SPAN
        job.spans = (classes + SPAN - 1) // SPAN
        job.retains_exps = classes * size <= KEEP and (spreads or job.form.refined)
    job.job.share = rows
    if rows > job.block:
        job.job.share = max(ROWS_SHARE // (8 if job.form.sparse else classes) // job.block, <Py_ssize_t>1) * job.block
    job.block = min(job.block, (rows + LANES - 1) & ~(<Py_ssize_t>LANES - 1) if job.class_major else rows)
    job.padded = (job.block + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    if job.spans > 1 and classes >= 2 * ROWS_SHARE:
        # Rows that are too few for the threads are shared among them one after the other.
        share = threads_for(rows * classes, job.spans)
        if rows < share:
            job.sharing = <int>share
            job.job.share = rows
    job.streaming = batch.operand[GRADS].data is not NULL and rows * classes * size >= STREAM_FROM and (
        not job.class_major or job.block * size >= 512)
    for k in range(OPERANDS):
        job.lies[k] = batch.operand[k].data is not NULL and batch.operand[k].native and (
            batch.dimensions > 0 and batch.stride[batch.dimensions - 1][k] == size and batch.operand[k].step & (size - 1) == 0
            if job.class_major else batch.operand[k].step == size)
    for k in range(2):                  # what is still to be read when the curvature is written
        job.lies[HESSES] = job.lies[HESSES] and batch.operand[HESSES].data != batch.operand[k].data
    job.lies[GRADS] = job.lies[GRADS] and not job.streaming
    job.lies[HESSES] = job.lies[HESSES] and not job.streaming
    job.ahead = ROWS_AHEAD if rows * classes * size > FETCH_FROM and job.lies[PRED] and not job.class_major else 0
    if AMD and job.ahead > 0 and job.form.has_domain and not job.form.whole and not job.form.sparse:
        job.ahead += 2 * BLOCK_BYTES            # a block is looked at before it is computed (not tried on Intel's)
    if job.form.sparse and rows * classes * size < STREAM_FROM:
        job.ahead = 0               # from a cache, numbers come as soon as they are asked for
    job.function = job.form.row_major[batch.double_precision]
    if job.class_major or job.form.sparse:
        job.function = job.form.class_major[batch.double_precision]


cdef inline Py_ssize_t aligned(Py_ssize_t bytes) noexcept nogil:
    """To whole cache lines, and not by a power of two from one operand to the next: they would share cache sets."""
    return (bytes + 63) // 64 * 64 + 64


cdef inline void lay_workspace(RowsJob* job) noexcept:
    """Where a thread's things are."""
    cdef Batch* batch = &job.job.batch
    cdef Py_ssize_t size = 8 if batch.double_precision else 4, end, apart = 0, area, exps
    cdef Py_ssize_t columns = (job.length + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef bint curved = batch.wanted & (HESS | BOUND), spreads = batch.wanted & (GRAD | HESS | BOUND)
    cdef int k
    cdef bint needs[OPERANDS]
    job.labels = aligned(LINES * job.padded * 8)
    job.parts = job.labels + aligned(job.padded * 8)
    end = job.parts + (aligned(SPAN_LINES * job.block * job.spans * 8) if not job.class_major else 0)
    needs[PRED] = not job.form.joined or not job.class_major
    needs[TARGET] = job.form.targeted
    needs[WEIGHT] = needs[VALUES] = False
    needs[GRADS] = spreads and (not job.form.joined or not job.class_major)
    needs[HESSES] = curved or (job.class_major and job.form.joined and (spreads or job.form.reads_again))
    for k in range(OPERANDS):
        if not job.class_major and job.lies[k] and not job.form.sparse:
            needs[k] = False
    area = job.block * columns if not job.class_major else job.padded * batch.core
    if job.form.sparse:
        area = job.padded
    exps = area if job.form.joined else 0
    if job.form.whole:                  # in doubles, of a class-major block or of one row
        exps = TILES * (area if job.class_major else columns) * (8 // size)
    if not job.class_major:
        job.row[PRED] = columns
        if job.retains_exps and job.spans > 1 and job.form.joined:
            exps = job.spans * columns
    for k in range(OPERANDS):
        job.row[k] = columns
    job.exps = 0
    if job.retains_exps:
        job.exps = end
        end += aligned(exps * size)
    else:
        apart += aligned(exps * size)
    for k in range(OPERANDS):
        job.at[k] = apart
        if needs[k]:
            apart += aligned(area * size)
    job.apart = end
    job.apart_size = apart
    job.job.work = job.job.unit_work = 0 if end + apart + 64 <= STACK * 8 and job.sharing == 1 else end + apart * job.sharing + 64


cdef int make_table(RowsJob* job) except -1:
    """The table for whole class-major blocks, if there are enough of them."""
    cdef Batch* batch = &job.job.batch
    cdef Py_ssize_t i, j, c = batch.core, m = job.block
    job.out_table = NULL
    if job.class_major and job.form.joined and batch.samples >= 8 * m and contiguous(batch, GRADS) and \
            not batch.wanted & (HESS | BOUND):
        job.out_table = <int32_t*>malloc(c * m * sizeof(int32_t))
        if job.out_table is NULL:
            raise MemoryError()
        for i in range(m):
            for j in range(c):
                job.out_table[i * c + j] = <int32_t>(j * m + i)
    return 0
