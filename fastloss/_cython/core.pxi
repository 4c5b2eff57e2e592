# What losses of two outputs, two rows and whole batches have in common. Included by engine.pyx.

cdef class CoreKernel(Kernel):
    """A loss of another shape than a number against a number."""
    cdef const void* entry              # of tables.pxd, as the family has it
    cdef const Memory* memory

    def __init__(self, dict tables, str name):
        self.entry = entry_of(tables, name)
        self.memory = <const Memory*>entry_of(tables, "memory")

    cdef bint fits(self, cnp.ndarray pred, cnp.ndarray target, tuple own):
        """Whether arrays of such shapes are taken as they are, the first of them plain."""
        return False

    cdef bint inspects(self) noexcept:
        """Whether its numbers have a domain."""
        return False

    cpdef object quick(self, int call, pred, target, weight, reduction, out, tuple own):
        """As PointwiseKernel.quick, of a cost without weights: nothing else is inspected."""
        cdef bint aliased = False
        cdef object first = None, second = None
        cdef int reduced = reduction_of(reduction)
        cdef Partial total
        cdef double cost = 0
        if weight is not None or not plain(pred) or type(target) is not cnp.ndarray or reduced <= NONE:
            return NotImplemented
        if not self.fits(<cnp.ndarray>pred, <cnp.ndarray>target, own):
            return NotImplemented
        if out is not None:
            if call == CALL_VALUE or (call >= CALL_GRAD_AND_HESS and not pair_of(out, pred, target, None)):
                return NotImplemented
            first = out
            if call >= CALL_GRAD_AND_HESS:
                first, second = <tuple>out
            if not writable(first, pred, None, None, &aliased) or not apart(first, target):
                return NotImplemented
        elif call != CALL_VALUE:
            first = new_like(<cnp.ndarray>pred)
            if call >= CALL_GRAD_AND_HESS:
                second = new_like(<cnp.ndarray>pred)
        self.over(call, (pred, target, None, None, first, second), reduced, own, aliased or (
            out is not None and self.inspects() and cnp.PyArray_NBYTES(<cnp.ndarray>pred) <= INSPECT_BELOW), &cost, &total)
        return NotImplemented if total.seen & OUTSIDE else answer(call, True, cost, None, first, second)

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run."""
        cdef Partial total
        cdef double cost = 0
        self.over(call, operands, REDUCTIONS[reduction], own, inspect_first, &cost, &total)
        return cost, total.weight, int(total.samples), bool(total.seen & OUTSIDE)

    cdef int over(self, int call, tuple operands, int reduction, tuple own, bint inspect_first, double* cost,
                  Partial* total) except -1:
        """The same, of families that have no `run` of their own."""
        raise NotImplementedError


cdef inline double weight_at(const Batch* batch, Py_ssize_t sample, Partial* partial) noexcept nogil:
    """A sample's weight, in units; a bad one is remembered."""
    cdef double weight = 1
    if batch.operand[WEIGHT].data is not NULL:
        gather(batch, WEIGHT, sample, 1, 0, &weight, True)
        if not (weight >= 0 and weight < INFINITY):
            partial.seen |= OUTSIDE
    return weight * batch.unit


cdef inline void put_loss(const Batch* batch, Py_ssize_t sample, double loss) noexcept nogil:
    """A weighted loss where it is wanted, if it is."""
    cdef float single = <float>loss
    if batch.wanted & VALUE and not batch.summed:
        scatter(batch, VALUES, sample, 1, 0, <void*>&loss if batch.double_precision else <void*>&single, False)


cdef int prepare(Job* job, CoreKernel kernel, tuple operands, tuple cores, int reduction, int wanted) except -1:
    """What is common to their jobs."""
    cdef Batch* batch = &job.batch
    batch.memory = kernel.memory
    batch.double_precision = computed_in_double(operands[PRED])
    batch.summed = reduction != NONE
    batch.wanted = wanted
    batch.unit = batch.scale = 1
    job.summands = job.columns = 1
    return arrange(batch, operands, cores)
