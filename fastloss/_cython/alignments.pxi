# Connectionist temporal classification. Included by engine.pyx.

cdef struct CtcJob:
    Job job
    CtcFunction function
    const int64_t* labels               # a line for each sample, ended by a negative number
    Py_ssize_t most                     # labels of a line
    const int64_t* frames               # of each sample; or NULL: all
    Py_ssize_t length                   # frames that there are
    Py_ssize_t classes
    Py_ssize_t columns                  # a multiple of LANES
    Py_ssize_t blank


cdef int ctc_chunk(const CtcJob* self, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil:
    """Samples one by one: a sequence is loaded in doubles, judged, and its derivatives are written."""
    cdef const Batch* batch = &self.job.batch
    cdef Py_ssize_t frames, labels, stride, t, k, size = self.length * self.columns
    cdef double* x = <double*>work
    cdef double* hess = x + size
    cdef double* spare = hess + size
    cdef double* rest = spare + self.columns
    cdef char* data
    cdef double weight, loss, total = 0, mass = 0
    cdef bint sloped = batch.wanted & ~VALUE
    partial.samples = end - start
    partial.seen = 0
    while start < end:
        weight = weight_at(batch, start, partial)
        mass += weight
        frames = self.length if self.frames is NULL else self.frames[start]
        if batch.wanted != 0:
            loss = 0
            if weight != 0:
                labels = 0
                while labels < self.most and self.labels[start * self.most + labels] >= 0:
                    labels += 1
                locate(batch, PRED, start, &data, &stride)
                for t in range(frames):
                    read_numbers(batch, data + t * self.classes * batch.operand[PRED].step, batch.operand[PRED].step,
                                 batch.operand[PRED].code, x + t * self.columns, self.classes, True)
                self.function(x, self.labels + start * self.most, labels, self.blank, rest,
                              hess if batch.wanted & (HESS | BOUND) else NULL, frames, self.classes, sloped, &loss)
                loss *= weight
            total += loss
            put_loss(batch, start, loss)
            for k in range(2):
                if batch.operand[GRADS + k].data is not NULL and batch.wanted & (GRAD if k == 0 else HESS | BOUND):
                    locate(batch, GRADS + k, start, &data, &stride)
                    for t in range(self.length):
                        frame_out(self, hess + t * self.columns if k else x + t * self.columns, spare,
                                  weight * batch.scale if t < frames else 0, GRADS + k,
                                  data + t * self.classes * batch.operand[GRADS + k].step)
        start += 1
    partial.value = total
    partial.weight = mass
    return 0


cdef inline void frame_out(const CtcJob* self, const double* x, double* spare, double weight, int k, char* data) noexcept nogil:
    """Write a frame's derivatives, times a weight; 0 where that is 0."""
    cdef const Batch* batch = &self.job.batch
    cdef const Operand* out = &batch.operand[k]
    cdef Py_ssize_t i
    for i in range(self.classes):
        if batch.double_precision:
            spare[i] = (x[i] * weight if weight != 0 else 0) + 0.0
        else:
            (<float*>spare)[i] = <float>((x[i] * weight if weight != 0 else 0) + 0.0)
    write_numbers(batch, spare, data, out.step, out, self.classes, False)


cdef class CtcKernel(CoreKernel):
    """Frames and classes stand on the last two axes of pred, labels on the last of target."""

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run; own = (frames of each sample or None, the class of the blank)."""
        cdef CtcJob job
        cdef Partial total
        cdef double cost = 0
        cdef Py_ssize_t width
        cdef const int64_t[::1] labels, frames
        pred, target = operands[PRED], operands[TARGET]
        *samples, length, classes = pred.shape
        # Where the frames do not lie as one row, a copy has them so; results come back from one.
        rows = [None if x is None else x.reshape((*samples, length * classes)) for x in (pred, operands[GRADS], operands[HESSES])]
        line = np.require(target, np.int64, ["C", "A"]).ravel()
        labels = line if line.size else np.zeros(1, np.int64)
        job.labels = &labels[0]
        job.most = target.shape[target.ndim - 1]
        job.frames = NULL
        if own[0] is not None:
            frames = np.require(own[0], np.int64, ["C", "A"]).ravel()
            job.frames = &frames[0]
        job.length, job.classes, job.blank = length, classes, own[1]
        job.columns = (job.classes + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
        job.function = (<const CtcEntry*>self.entry).function
        prepare(&job.job, self, (rows[0], None, operands[WEIGHT], operands[VALUES], rows[1], rows[2]),
                (True, False, False, False, True, True), REDUCTIONS[reduction], WANTED[call])
        width = (2 * job.most + LANES) & ~(<Py_ssize_t>LANES - 1)
        job.job.chunk = <Chunk>ctc_chunk
        job.job.share = 1
        job.job.work = 8 * (2 * job.length * job.columns + 2 * job.columns + 2 * job.length * width + ALIGNMENT_LINES * (width + LANES))
        job.job.unit_work = job.job.work
        evaluate(&job.job, REDUCTIONS[reduction], operands[WEIGHT] is not None, False, inspect_first and operands[WEIGHT] is not None,
                 inspect_first, &cost, &total)
        for x, out in zip(rows[1:], operands[GRADS:]):
            if x is not None and not np.may_share_memory(x, out):
                out[...] = x.reshape(out.shape)
        return cost, total.weight, int(total.samples), bool(total.seen & OUTSIDE)
