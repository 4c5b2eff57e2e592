# Losses of rows of classes, and functions of rows: their batches. Included by engine.pyx; kernels are in rows_kernel.pxi.
#
# Where samples lie side by side in memory (images with the classes on an outer axis) or rows are short, blocks are class-major;
# otherwise row-major, and of long rows a span at a time. Whether a block is class-major changes no digit: both ways add up a short
# row in the same order, and a long one is added up span by span, by one thread or by several.

cdef enum:
    FEW = 4                     # classes for each row of the batch: more would leave vectors over rows empty
    KEEP = 4 << 20              # bytes of a row's exponentials that are retained for its gradient
    BLOCK_BYTES = 16384         # of a class-major block
    ROWS_SHARE = 32768          # numbers: the least that a thread takes at a time
    FETCH_FROM = 1 << 20        # bytes: from here on a batch is not in a cache near by,
    ROWS_AHEAD = 17 << 10       # and memory is asked for so far before its use
    STACK = 6144                # doubles that a small block may use instead of a workspace


cdef struct RowsJob:
    Job job
    const RowsForm* form
    RowsFunction function
    double parameters[PARAMETERS]
    const double* class_weight
    bint ignoring
    int64_t ignored
    bint class_major
    bint lies[OPERANDS]         # an operand's lines can be read or written where they are
    bint retains_exps           # exponentials, between stages
    bint streaming
    bint looks_at_all           # what inspects the inputs looks at rows, not at labels and weights alone
    Py_ssize_t block            # rows of a block
    Py_ssize_t padded           # a multiple of LANES
    Py_ssize_t length           # classes of a span
    Py_ssize_t spans
    Py_ssize_t ahead
    int sharing                 # threads that share a row's spans; 1: none do
    Py_ssize_t parts            # where things are in a workspace: bytes from its beginning ...
    Py_ssize_t labels
    Py_ssize_t exps
    Py_ssize_t apart            # ... and of what each of the sharing threads has for itself, from here on ...
    Py_ssize_t apart_size       # ... so many bytes
    Py_ssize_t at[OPERANDS]
    Py_ssize_t row[OPERANDS]    # leading dimension of an operand there
    int32_t* out_table          # a class-major block to contiguous rows: where each number comes from; or NULL


# ---- chunks --------------------------------------------------------------------------------------------------------------------

cdef int rows_chunk(const RowsJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    cdef const Batch* batch = &self.job.batch
    cdef double stack[STACK]
    cdef RowsSums sums
    cdef RowsBlock block
    cdef char* data
    cdef Py_ssize_t n, stride
    cdef int seen = 0
    if self.job.work == 0:
        work = <char*>stack
    work += -<Py_ssize_t>work & 63              # lines of a cache
    sums.value = sums.weight = 0
    sums.samples = 0
    prepare_block(self, work, &block, &sums)
    while start < end:
        n = min(self.block, end - start)
        if not self.class_major:
            n = min(n, locate(batch, PRED, start, &data, &stride))
        block.rows = n
        if batch.operand[WEIGHT].data is not NULL:
            gather(batch, WEIGHT, start, n, 0, block.state + WEIGHT_OF_ROW * block.padded, True)
        if self.form.labelled:
            load_labels(batch, start, n, block.label)
        if self.form.sparse:
            seen |= sparse_block(self, &block, start, end, work)
        elif self.class_major:
            seen |= class_major_block(self, &block, start, work)
        elif self.spans > 1:
            seen |= long_row(self, &block, start, work)
        else:
            seen |= row_major_block(self, &block, start, 0, ALL_STAGES, 0, work)
        if batch.wanted & VALUE and not batch.summed and batch.operand[VALUES].data is not NULL and not seen & OUTSIDE:
            store_values(batch, start, n, block.state + LOSS * block.padded)
        start += n
    partial.value = sums.value
    partial.weight = sums.weight
    partial.samples = sums.samples
    partial.seen = seen
    if self.streaming:
        batch.memory.stream_fence()
    return 0


cdef inline void prepare_block(const RowsJob* self, char* work, RowsBlock* block, RowsSums* sums) noexcept nogil:
    """What all blocks of a chunk have in common."""
    cdef const Batch* batch = &self.job.batch
    block.wanted = batch.wanted
    block.classes = batch.core
    block.start = block.span = 0
    block.length = self.length
    block.spans = self.spans
    block.padded = self.padded
    block.state = <double*>work
    block.parts = <double*>(work + self.parts)
    block.label = <int64_t*>(work + self.labels)
    block.exps = work + self.exps
    block.exp_row = self.row[PRED]
    block.spare = work + self.apart + self.at[HESSES]
    block.grad = block.hess = NULL
    block.grad_row = block.hess_row = block.pred_row = block.target_row = 0
    block.class_major = self.class_major
    block.labelled = self.form.labelled
    block.has_domain = self.form.has_domain
    block.class_weight = self.class_weight
    block.weighted = batch.operand[WEIGHT].data is not NULL
    block.ignoring = self.ignoring
    block.ignored = self.ignored
    block.retains_exps = self.retains_exps
    block.ports = &self.form.ports[batch.double_precision]
    block.compared = self.form.compared
    block.summed = batch.summed
    block.scale = batch.scale
    block.unit = batch.unit
    block.ahead = self.ahead
    block.sums = sums


cdef inline bint inspects(const RowsJob* self) noexcept nogil:
    """Whether rows are looked at before they are computed."""
    if self.form.whole:
        return not self.form.free and (self.form.has_domain or self.form.targeted) and (
            self.job.batch.wanted != 0 or self.looks_at_all or (self.form.targeted and self.class_weight is not NULL))
    if self.job.batch.wanted == 0 and not self.looks_at_all:
        return self.form.targeted and self.class_weight is not NULL
    return self.form.has_domain and not self.form.sparse or self.form.targeted and (
        self.class_major or self.class_weight is not NULL or self.job.batch.wanted == 0
        or (self.form.divergence and self.job.batch.wanted == VALUE))


cdef inline const char* lines(const RowsJob* self, int k, Py_ssize_t start, Py_ssize_t n, char* work, Py_ssize_t* row) noexcept nogil:
    """A class-major block of an input: where it lies, or a copy."""
    cdef const Batch* batch = &self.job.batch
    cdef char* data
    cdef Py_ssize_t stride
    if self.lies[k] and locate(batch, k, start, &data, &stride) >= n and (n == self.padded or not self.form.joined):
        row[0] = batch.operand[k].step // batch.operand[k].size
        return data
    row[0] = self.padded
    load_classes(batch, k, start, n, work + self.apart + self.at[k], self.padded)
    return work + self.apart + self.at[k]


cdef int class_major_block(const RowsJob* self, RowsBlock* block, Py_ssize_t start, char* work) except -1 nogil:
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t n = block.rows, stride, size = 8 if batch.double_precision else 4
    cdef const char* pred = NULL
    cdef const char* target = NULL
    cdef char* results = <char*>block.exps
    cdef char* data
    cdef bint looks = inspects(self)
    cdef int seen
    block.stages = ALL_STAGES if looks else ALL_STAGES & ~INSPECT
    if batch.wanted == 0 and not looks:
        block.stages = WEIGH
    if self.form.targeted and (batch.wanted != 0 or looks):
        target = lines(self, TARGET, start, n, work, &block.target_row)
    if not self.form.joined:                # probabilities are read where they lie, and have results of their own
        results = work + self.apart + self.at[GRADS]
        if batch.wanted != 0 or looks:
            pred = lines(self, PRED, start, n, work, &block.pred_row)
        if batch.wanted & (GRAD | HESS | BOUND):
            block.grad = results
            block.hess = block.spare if batch.wanted & (HESS | BOUND) else NULL
            block.grad_row = block.hess_row = self.padded
    elif batch.wanted != 0:
        load_classes(batch, PRED, start, n, <char*>block.exps, self.padded)
    seen = self.function(self.parameters, pred, target, block)
    if batch.wanted & (GRAD | HESS | BOUND) and not seen & OUTSIDE:
        if self.out_table is not NULL and n == self.padded:
            locate(batch, GRADS, start, &data, &stride)
            if self.streaming:
                by_table(batch, results, self.out_table, <char*>block.spare, n * batch.core)
                batch.memory.stream_out(block.spare, data, n * batch.core * size)
            else:
                by_table(batch, results, self.out_table, data, n * batch.core)
        else:
            store_classes(batch, GRADS, start, n, results, self.padded * size, self.streaming)
            if batch.operand[HESSES].data is not NULL:
                store_classes(batch, HESSES, start, n, <char*>block.spare, self.padded * size, self.streaming)
    return seen


cdef int row_major_block(const RowsJob* self, RowsBlock* block, Py_ssize_t start, Py_ssize_t span, int stages, int thread,
                         char* work) except -1 nogil:
    """Some stages of a span of rows; what is not there as the loops have it goes through a workspace, the thread's own where several
    share a row."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t first = span * self.length, size = 8 if batch.double_precision else 4
    cdef const char* source[2]
    cdef char* result[2]
    cdef bint reads[2]
    cdef char* apart = work + self.apart + thread * self.apart_size
    cdef char* data
    cdef Py_ssize_t stride, n = block.rows
    cdef int k, seen
    if batch.wanted == 0:
        stages &= INSPECT | WEIGH
    if not inspects(self):
        stages &= ~INSPECT
    if not self.form.divergence or not batch.wanted & VALUE:
        stages &= ~DIVERGE
    elif batch.wanted == VALUE:
        stages &= ~(REDUCE | CONCLUDE)
    block.stages = stages
    block.span = span
    block.start = first
    block.length = min(self.length, batch.core - first)
    if self.form.joined:
        block.exps = work + self.exps + first * size if self.retains_exps else apart + self.exps
    reads[PRED] = stages & (REDUCE | DIVERGE | DIVERGE_SUM | DIVERGE_TERMS) or stages & INSPECT and self.form.has_domain or (
        stages & (REFINE | SPREAD) and (self.form.reads_again or not self.form.joined or not self.retains_exps))
    reads[TARGET] = self.form.targeted and stages & (INSPECT | REDUCE | REFINE | SPREAD | DIVERGE | DIVERGE_SUM | DIVERGE_TERMS)
    for k in range(2):
        source[k] = NULL
        if reads[k] and self.lies[k]:
            locate(batch, k, start, &data, &stride)
            source[k] = data + first * batch.operand[k].size
            (&block.pred_row)[k] = stride // batch.operand[k].size
        elif reads[k]:
            load_rows(batch, k, start, n, first, block.length, apart + self.at[k], self.row[k] * size)
            source[k] = apart + self.at[k]
            (&block.pred_row)[k] = self.row[k]
    for k in range(2):
        result[k] = NULL
        if stages & SPREAD and batch.operand[GRADS + k].data is not NULL and batch.wanted & (GRAD if k == 0 else HESS | BOUND):
            if self.lies[GRADS + k]:
                locate(batch, GRADS + k, start, &data, &stride)
                result[k] = data + first * size
                (&block.grad_row)[k] = stride // size
            else:
                result[k] = apart + self.at[GRADS + k]
                (&block.grad_row)[k] = self.row[GRADS + k]
    block.grad = result[0]
    block.hess = result[1]
    if result[0] is NULL:
        block.stages &= ~SPREAD
    seen = self.function(self.parameters, source[PRED], source[TARGET], block)
    for k in range(2):
        if result[k] is not NULL and not self.lies[GRADS + k] and not seen & OUTSIDE:
            store_rows(batch, GRADS + k, start, n, first, block.length, result[k], self.row[GRADS + k] * size, self.streaming)
    return seen


cdef struct SharedRow:          # what the threads of a row have in common
    const RowsJob* job
    const RowsBlock* block
    Py_ssize_t start
    int stages
    char* work
    pool_word seen


cdef int shared_span(void* context, Py_ssize_t span, int thread) except -1 nogil:
    """A span of a row that several threads share."""
    cdef SharedRow* row = <SharedRow*>context
    cdef RowsBlock block = row.block[0]
    cdef int seen = row_major_block(row.job, &block, row.start, span, row.stages, thread, row.work)
    if seen:
        pool_or(&row.seen, seen)
    if row.job.streaming and row.stages & SPREAD:
        row.job.job.batch.memory.stream_fence()
    return 0


cdef int over_row(const RowsJob* self, RowsBlock* block, Py_ssize_t start, int stages, char* work) except -1 nogil:
    """Some stages of all spans of a row, which are shared among threads where that is worth it."""
    cdef SharedRow row
    cdef Py_ssize_t c
    cdef int seen = 0
    if self.sharing == 1:
        for c in range(self.spans):
            seen |= row_major_block(self, block, start, c, stages, 0, work)
        return seen
    row.job, row.block, row.start, row.stages, row.work, row.seen = self, block, start, stages, work, 0
    share(shared_span, &row, self.spans, self.sharing)
    return <int>row.seen


cdef int long_row(const RowsJob* self, RowsBlock* block, Py_ssize_t start, char* work) except -1 nogil:
    """One row, a span at a time, its spans shared among threads where that is worth it: the same to the last bit."""
    cdef Py_ssize_t c
    cdef int seen = 0, wanted = self.job.batch.wanted
    # Probabilities are inspected as they are computed, if nothing has to be known of a row before.
    cdef int reduces = REDUCE if self.form.joined or self.class_weight is not NULL else REDUCE | INSPECT
    if self.form.labelled:
        seen |= row_major_block(self, block, start, 0, WEIGH, 0, work)
    if inspects(self) and (wanted == 0 or reduces == REDUCE):
        for c in range(self.spans):
            seen |= row_major_block(self, block, start, c, INSPECT, 0, work)
    if not self.form.labelled:
        seen |= row_major_block(self, block, start, 0, WEIGH, 0, work)
    if wanted == 0:
        return seen
    if self.form.divergence and wanted & VALUE:
        seen |= over_row(self, block, start, DIVERGE_SUM, work)
        seen |= row_major_block(self, block, start, 0, DIVERGE_JOIN, 0, work)
        seen |= over_row(self, block, start, DIVERGE_TERMS, work)
        seen |= row_major_block(self, block, start, 0, DIVERGE, 0, work)
    if self.form.divergence and wanted == VALUE:
        return seen | row_major_block(self, block, start, 0, FINISH, 0, work)
    seen |= over_row(self, block, start, reduces, work)
    seen |= row_major_block(self, block, start, 0, CONCLUDE, 0, work)
    if self.form.refined:
        seen |= over_row(self, block, start, REFINE, work)
    seen |= row_major_block(self, block, start, 0, FINISH, 0, work)
    if wanted & (GRAD | HESS | BOUND):
        seen |= over_row(self, block, start, SPREAD, work)
    return seen


cdef int sparse_block(const RowsJob* self, RowsBlock* block, Py_ssize_t start, Py_ssize_t end, char* work) except -1 nogil:
    """Of each row nothing but the label's number is read: that makes a block of one class."""
    cdef const Batch* batch = &self.job.batch
    cdef const Operand* x = &batch.operand[PRED]
    cdef char* pred = work + self.apart + self.at[PRED]
    cdef char* grad = work + self.apart + self.at[GRADS]
    cdef char* hess = work + self.apart + self.at[HESSES]
    cdef char* data
    cdef int64_t coming[ROWS_OF_OWN]        # labels of the block that follows
    cdef Py_ssize_t stride, i, n = block.rows, m
    cdef int seen
    block.length = 1
    block.pred_row = block.target_row = block.grad_row = block.hess_row = self.padded
    block.stages = WEIGH
    seen = self.function(self.parameters, NULL, NULL, block)
    if batch.wanted == 0 and not self.looks_at_all:
        return seen
    if x.native and locate(batch, PRED, start, &data, &stride) >= n:
        m = min(n, end - start - n) if self.ahead > 0 else 0
        load_labels(batch, start + n, m, coming)
        for i in range(n):
            if i < m:                       # its numbers are far apart in memory, and are asked for one by one
                fetch(data + (n + i) * stride + (coming[i] if 0 <= coming[i] < batch.core else 0) * x.step, 1)
            if batch.double_precision:
                (<double*>pred)[i] = (<double*>(data + i * stride + block.label[i] * x.step))[0] if block.label[i] >= 0 else 1
            else:
                (<float*>pred)[i] = (<float*>(data + i * stride + block.label[i] * x.step))[0] if block.label[i] >= 0 else 1
    else:
        for i in range(n):
            locate(batch, PRED, start + i, &data, &stride)
            if batch.double_precision:
                (<double*>pred)[i] = 1
            else:
                (<float*>pred)[i] = 1
            if block.label[i] >= 0:
                read_numbers(batch, data + block.label[i] * x.step, 0, x.code, pred + i * (8 if batch.double_precision else 4), 1,
                             batch.double_precision)
    block.stages = REDUCE | FINISH | SPREAD
    block.grad = grad if batch.wanted & (GRAD | HESS | BOUND) else NULL
    block.hess = hess if batch.wanted & (HESS | BOUND) else NULL
    seen |= self.function(self.parameters, pred, NULL, block)
    if seen & OUTSIDE:
        return seen
    if block.grad is not NULL:
        among_zeros(self, GRADS, start, n, grad, block.label)
    if block.hess is not NULL:
        among_zeros(self, HESSES, start, n, hess, block.label)
    return seen


cdef void among_zeros(const RowsJob* self, int k, Py_ssize_t start, Py_ssize_t n, const char* x, const int64_t* label) noexcept nogil:
    """Each row's number at its label, 0 elsewhere. Rows that lie one behind the other go out as one long line."""
    cdef const Batch* batch = &self.job.batch
    cdef const Operand* out = &batch.operand[k]
    cdef double zeros[SPAN]
    cdef char* data
    cdef Py_ssize_t stride, i = 0, j, m, done, size = 8 if batch.double_precision else 4, first, whole
    cdef bint joined = locate(batch, k, start, &data, &stride) >= n and out.step == out.size and (
        stride == out.size * batch.core or n == 1)
    if joined and out.native and not self.streaming:
        while i < n:                        # so many rows at a time that they are still near when their numbers come
            m = min(max(<Py_ssize_t>SPAN // batch.core, <Py_ssize_t>1), n - i)
            memset(data + i * stride, 0, m * batch.core * size)
            for j in range(i, i + m):
                if label[j] < 0:
                    continue
                if batch.double_precision:
                    (<double*>(data + j * stride))[label[j]] = (<const double*>x)[j]
                else:
                    (<float*>(data + j * stride))[label[j]] = (<const float*>x)[j]
            i += m
        return
    memset(zeros, 0, SPAN * size)
    if joined:
        whole = n * batch.core
        done = 0
        while done < whole:
            m = min(<Py_ssize_t>SPAN, whole - done)
            first = i
            while i < n and i * batch.core + max(label[i], 0) < done + m:
                if label[i] >= 0:
                    memcpy(<char*>zeros + (i * batch.core + label[i] - done) * size, x + i * size, size)
                i += 1
            write_numbers(batch, <char*>zeros, data + done * out.size, out.size, out, m, self.streaming)
            for j in range(first, i):
                if label[j] >= 0:
                    memset(<char*>zeros + (j * batch.core + label[j] - done) * size, 0, size)
            done += m
        return
    for i in range(n):
        locate(batch, k, start + i, &data, &stride)
        done = 0
        while done < batch.core:
            m = min(<Py_ssize_t>SPAN, batch.core - done)
            write_numbers(batch, <char*>zeros, data + done * out.step, out.step, out, m, self.streaming)
            done += m
        if label[i] >= 0:
            write_numbers(batch, x + i * size, data + label[i] * out.step, out.step, out, 1, False)
