# What Python sees: one Kernel per loss, with two ways in.

cdef enum Call:             # as in _loss.py
    CALL_VALUE = 0
    CALL_GRAD = 1
    CALL_VALUE_AND_GRAD = 2
    CALL_GRAD_AND_HESS = 3

cdef int WANTED[4]
WANTED[:] = [VALUE, GRAD, VALUE | GRAD, GRAD | HESS]

cdef enum Reduction:
    NONE = 0
    SUM = 1
    MEAN = 2
    BATCH_MEAN = 3

cdef dict REDUCTIONS = {"none": NONE, "sum": SUM, "mean": MEAN, "batch_mean": BATCH_MEAN}
cdef str USUAL = "mean"


cdef inline int reduction_of(name) except -2:
    """−1: there is no such reduction."""
    if name is USUAL:
        return MEAN
    if type(name) is not str:   # it may be unhashable
        return -1
    found = REDUCTIONS.get(name)
    return -1 if found is None else <int>found

# Operands while a call lasts: borrowed arrays, NULL where there is none.
ctypedef PyObject* Array


cdef inline Array given(x) noexcept:
    return NULL if x is None else <Array>x


cdef enum:
    INSPECT_BELOW = 1 << 20     # bytes of an input: less is inspected before anything is written to the caller's array

# How many threads the user or the process allows, and what OpenMP allowed at first: if it allows less now, somebody
# (threadpoolctl) has asked for it.
cdef int thread_limit = 1
cdef int usual_threads = openmp_default()


def set_thread_limit(int n):
    global thread_limit
    thread_limit = n if OPENMP else 1


openmp = bool(OPENMP)
compiler = COMPILER.decode()


cdef class Kernel:
    """The compiled side of one loss."""
    cdef TileFunction of_float
    cdef TileFunction of_double
    cdef bint inspected
    cdef bint rooted

    def quick(self, int call, pred, target, weight, reduction, out, tuple parameters):
        """The answer, if the arguments are as the loops like them; else NotImplemented, and nothing has happened.

        That means plain contiguous arrays of one of the two dtypes, of equal shapes and not empty, no overlap, a known
        reduction. An input outside the domain also ends here: whoever called finds out where it is, and says so.
        """
        cdef Job job
        cdef Partial total
        cdef double cost = 0
        cdef int type_number, reduced, wanted = WANTED[call]
        cdef Array operands[OPERANDS]
        cdef object first = None, second = None, values = None
        if type(pred) is not cnp.ndarray or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>pred):
            return NotImplemented
        type_number = cnp.PyArray_TYPE(<cnp.ndarray>pred)
        if type_number != cnp.NPY_FLOAT and type_number != cnp.NPY_DOUBLE:
            return NotImplemented
        job.size = cnp.PyArray_SIZE(<cnp.ndarray>pred)
        reduced = reduction_of(reduction)
        if job.size == 0 or reduced < 0 or not alike(target, <cnp.ndarray>pred):
            return NotImplemented
        if weight is not None and not weighs(weight, <cnp.ndarray>pred, cnp.PyArray_NDIM(<cnp.ndarray>pred)):
            return NotImplemented
        if type_number == cnp.NPY_FLOAT and not held(parameters):
            return NotImplemented
        if self.rooted and (reduced == NONE or reduced == SUM):
            return NotImplemented
        start(&job, self, type_number == cnp.NPY_DOUBLE, wanted, reduced, parameters)
        job.samples = job.size
        if weight is not None and cnp.PyArray_TYPE(<cnp.ndarray>weight) == cnp.NPY_FLOAT:
            job.kind[WEIGHT] = SINGLE
        if out is not None:
            if call == CALL_GRAD_AND_HESS:
                if type(out) is not tuple or len(<tuple>out) != 2:
                    return NotImplemented
                first, second = <tuple>out
            else:
                first = out
            if job.summed and call == CALL_VALUE:
                return NotImplemented
            if not writable(first, pred, target, weight):
                return NotImplemented
            if call == CALL_GRAD_AND_HESS and not (writable(second, pred, target, weight) and apart(first, second)):
                return NotImplemented
        elif call != CALL_VALUE or not job.summed:
            first = new_like(<cnp.ndarray>pred)
            if call == CALL_GRAD_AND_HESS:
                second = new_like(<cnp.ndarray>pred)
        if call == CALL_VALUE_AND_GRAD and not job.summed:
            values = new_like(<cnp.ndarray>pred)
        elif call == CALL_VALUE:
            values = first
        operands[PRED] = <Array>pred
        operands[TARGET] = <Array>target
        operands[WEIGHT] = given(weight)
        operands[VALUES] = given(values)
        operands[GRADS] = NULL if call == CALL_VALUE else <Array>first
        operands[HESSES] = given(second)
        self.evaluate(&job, operands, reduced, out is not None and inspected_first(operands), &cost, &total)
        if total.seen & OUTSIDE:
            return NotImplemented
        if reduced == MEAN and weight is not None and total.weight == 0:
            return NotImplemented
        if call == CALL_VALUE:
            return cost if job.summed else values
        if call == CALL_VALUE_AND_GRAD:
            return (cost, first) if job.summed else (values, first)
        return first if call == CALL_GRAD else (first, second)

    def run(self, int call, tuple operands, tuple kinds, bint double_precision, str reduction, tuple parameters,
            bint inspect_first):
        """(cost, Σw, whether an input is outside the domain), for arrays that have been checked.

        `operands` are pred, target, weights, and where values, gradient and Hessian go (None: nowhere), all of one
        shape; `kinds` says which hold 16-bit floats (bfloat16 viewed as uint16); `inspect_first` that nothing may be
        written before all inputs are known to be inside the domain.
        """
        cdef Job job
        cdef Partial total
        cdef double cost = 0
        cdef Array arrays[OPERANDS]
        cdef int k
        start(&job, self, double_precision, WANTED[call], REDUCTIONS[reduction], parameters)
        job.size = job.samples = cnp.PyArray_SIZE(<cnp.ndarray>operands[PRED])
        for k in range(OPERANDS):
            arrays[k] = given(operands[k])
            job.kind[k] = kinds[k]
            if k == WEIGHT and arrays[k] is not NULL and cnp.PyArray_TYPE(<cnp.ndarray>operands[k]) == cnp.NPY_FLOAT:
                job.kind[k] = SINGLE
            if k >= VALUES and arrays[k] is not NULL:
                job.coded = kinds[k]
        self.evaluate(&job, arrays, REDUCTIONS[reduction], inspect_first, &cost, &total)
        return cost, total.weight, bool(total.seen & OUTSIDE)

    cdef int evaluate(self, Job* job, Array* operands, int reduction, bint inspect_first, double* cost,
                      Partial* total) except -1:
        """One pass over the batch; before it one over the inputs, if the gradient's scale or the inputs' domain must be known
        first; and another one where sums have left the range of double."""
        cdef Array inputs[OPERANDS]
        cdef int k, wanted = job.wanted
        cdef bint weighted = operands[WEIGHT] is not NULL
        cdef bint by_weight = weighted and reduction == MEAN
        cdef double divisor = 1
        for k in range(OPERANDS):
            inputs[k] = operands[k] if k < INPUTS else NULL
        if self.rooted:
            return self.evaluate_root(job, operands, inputs, by_weight, cost, total)
        if (by_weight and wanted != VALUE) or (inspect_first and (self.inspected or weighted)):
            job.wanted = 0
            pass_over(job, inputs, total)
            if total.seen & OUTSIDE:
                return 0
            if by_weight and not ordinary(total.weight):
                job.unit = unit_for(total.weight)
                pass_over(job, inputs, total)
            job.wanted = wanted
        if by_weight:
            divisor = total.weight if wanted != VALUE else 1    # not known yet, nor needed
        elif reduction == MEAN or reduction == BATCH_MEAN:
            divisor = job.samples
        job.scale = 1 / divisor if divisor != 0 else 0
        pass_over(job, operands, total)
        if by_weight:
            if wanted == VALUE and job.unit == 1 and not (ordinary(total.weight) and isfinite(total.value)) \
                    and not total.seen & OUTSIDE:
                job.unit = unit_for(total.weight)
                pass_over(job, operands, total)
            divisor = total.weight
        cost[0] = total.value / divisor
        return 0

    cdef int evaluate_root(self, Job* job, Array* operands, Array* inputs, bint by_weight, double* cost,
                           Partial* total) except -1:
        """The root first; then its derivatives, if they are wanted."""
        cdef int wanted = job.wanted
        cdef double divisor
        job.wanted = VALUE
        pass_over(job, inputs, total)
        if total.seen & OUTSIDE:
            return 0
        if operands[WEIGHT] is not NULL and not ordinary(total.weight):
            job.unit = unit_for(total.weight)
            pass_over(job, inputs, total)
        if not 1 / LIFT_ROOT <= total.value < INFINITY:
            job.lift = LIFT_ROOT if total.value < 1 else 1 / LIFT_ROOT
            pass_over(job, inputs, total)
        divisor = total.weight if by_weight else job.samples * job.unit
        job.root = sqrt(total.value / divisor)
        if isinf(job.root):             # the quotient may be beyond the range where its root is not
            job.root = sqrt(total.value) / sqrt(divisor)
        cost[0] = job.root / job.lift
        if wanted & GRAD:
            job.scale = 1 / divisor if divisor != 0 else 0
            job.wanted = wanted & ~VALUE
            pass_over(job, operands, total)
        return 0


cdef extern from *:
    """
    #define ORDINARY 0x1p64         /* sums up to here, and from its inverse on, are used as they are */
    #define LIFT_ROOT 0x1p600       /* squares of all doubles times this, or by it, have sums within range */
    """
    const double ORDINARY, LIFT_ROOT


cdef inline bint ordinary(double sum) noexcept nogil:
    return 1 / ORDINARY <= sum <= ORDINARY


cdef inline double unit_for(double sum) noexcept nogil:
    """A power of two that brings a sum near 1. It changes no digit of a mean: only the ratio of weights counts there."""
    if not sum > 0:
        return 1
    return ldexp(1, -1000 if isinf(sum) else min(-ilogb(sum), 1000))


# ---- setting up a job -------------------------------------------------------------------------------------------------

cdef inline void start(Job* job, Kernel kernel, bint double_precision, int wanted, int reduction, tuple parameters):
    cdef int k
    job.tile = kernel.of_double if double_precision else kernel.of_float
    job.double_precision = double_precision
    job.wanted = wanted
    job.summed = reduction != NONE
    job.scale = job.unit = job.lift = job.root = 1
    job.iterators = 0
    for k in range(len(parameters)):
        job.parameters[k] = <double>parameters[k]
    job.coded = NATIVE
    for k in range(OPERANDS):
        job.kind[k] = NATIVE


cdef int pass_over(Job* job, Array* operands, Partial* total) except -1:
    """Run the job once over these operands. What an iterator is not given it cannot touch."""
    cdef int threads = threads_for(job.size), status
    if in_order(job, operands):
        attach(job, operands)
    else:
        iterate(job, operands, threads)
    if job.size < HOLD_GIL_BELOW:
        status = run(job, 1, total)
    else:
        with nogil:
            status = run(job, threads, total)
    if job.iterators > 0:
        stop_iterators(job.iterator, job.iterators)
        job.iterators = 0
    if status < 0 or total.seen & LACKING:
        raise MemoryError("no memory for the sums and buffers of a batch of %d" % job.size)
    return 0


cdef inline void attach(Job* job, Array* operands):
    """Operands that can be walked as they lie."""
    cdef int k
    for k in range(OPERANDS):
        job.data[k] = NULL
        job.itemsize[k] = 0
        if operands[k] is not NULL:
            job.data[k] = <char*>cnp.PyArray_DATA(<cnp.ndarray>operands[k])
            job.itemsize[k] = cnp.PyArray_ITEMSIZE(<cnp.ndarray>operands[k])
    k = VALUES if job.data[VALUES] is not NULL else GRADS
    job.streaming = job.data[k] is not NULL and job.coded == NATIVE and job.size * job.itemsize[k] >= STREAM_FROM
    job.ahead = AHEAD if job.kind[PRED] == NATIVE and job.size * job.itemsize[PRED] > FETCH_FROM else 0


cdef inline bint in_order(Job* job, Array* operands):
    """Whether all operands are contiguous the same way round and hold what is computed in, or 16-bit floats."""
    cdef int native = cnp.NPY_DOUBLE if job.double_precision else cnp.NPY_FLOAT
    cdef bint c = True, f = True
    cdef int k
    cdef cnp.ndarray x
    for k in range(OPERANDS):
        if operands[k] is not NULL:
            x = <cnp.ndarray>operands[k]
            if job.kind[k] == NATIVE and cnp.PyArray_TYPE(x) != (cnp.NPY_DOUBLE if k == WEIGHT else native):
                return False
            if not cnp.PyArray_ISALIGNED(x) or cnp.PyArray_ISBYTESWAPPED(x):
                return False
            c = c and cnp.PyArray_IS_C_CONTIGUOUS(x)
            f = f and cnp.PyArray_IS_F_CONTIGUOUS(x)
    return c or f


cdef int iterate(Job* job, Array* operands, int threads) except -1:
    """Operands that need NumPy's iterator: one copy of it for each thread."""
    cdef cnp.PyArrayObject* op[OPERANDS]
    cdef cnp.npy_uint32 op_flags[OPERANDS]
    cdef cnp.PyArray_Descr* descr[OPERANDS]
    cdef int k, count = 0
    cdef list dtypes = []
    native = cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE if job.double_precision else cnp.NPY_FLOAT)
    for k in range(OPERANDS):
        job.slot[k] = -1
        job.data[k] = NULL
        job.itemsize[k] = 0
        if operands[k] is not NULL:
            if k == WEIGHT and job.kind[k] == SINGLE:
                job.kind[k] = NATIVE        # the iterator widens them
            if job.kind[k] == NATIVE:
                dtype = native if k != WEIGHT else cnp.PyArray_DescrFromType(cnp.NPY_DOUBLE)
            else:
                dtype = cnp.PyArray_DescrFromType(NPY_HALF if job.kind[k] == HALF else cnp.NPY_UINT16)
            dtypes.append(dtype)
            job.slot[k] = count
            job.data[k] = <char*>cnp.PyArray_DATA(<cnp.ndarray>operands[k])
            job.itemsize[k] = (<cnp.dtype>dtype).itemsize
            op[count] = <cnp.PyArrayObject*>operands[k]
            descr[count] = <cnp.PyArray_Descr*>dtype
            op_flags[count] = (cnp.NPY_ITER_READONLY if k < INPUTS else cnp.NPY_ITER_WRITEONLY) | cnp.NPY_ITER_NBO \
                | cnp.NPY_ITER_ALIGNED | cnp.NPY_ITER_CONTIG
            count += 1
    job.streaming = False
    job.ahead = 0               # what is next in the iterator's buffers is not what is next in memory
    job.iterator = <cnp.NpyIter**>malloc(threads * sizeof(cnp.NpyIter*))
    if job.iterator is NULL:
        raise MemoryError()
    try:
        # Buffers only when a thread begins: what another one's held until then would be written to the output's beginning.
        job.iterator[0] = cnp.NpyIter_AdvancedNew(
            count, op, cnp.NPY_ITER_EXTERNAL_LOOP | cnp.NPY_ITER_BUFFERED | cnp.NPY_ITER_RANGED
            | cnp.NPY_ITER_DELAY_BUFALLOC, cnp.NPY_KEEPORDER, cnp.NPY_UNSAFE_CASTING, op_flags, descr, -1, NULL, NULL, TILE)
        job.iterators = 1
        job.next = cnp.NpyIter_GetIterNext(job.iterator[0], NULL)
        while job.iterators < threads:
            job.iterator[job.iterators] = cnp.NpyIter_Copy(job.iterator[0])
            job.iterators += 1
    except BaseException:
        stop_iterators(job.iterator, job.iterators)
        raise
    return 0


cdef int stop_iterators(cnp.NpyIter** iterator, int count) except -1:
    cdef int k
    for k in range(count):
        cnp.NpyIter_Deallocate(iterator[k])
    free(iterator)
    return 0


cdef inline bint inspected_first(Array* operands):
    """For outputs of the caller's, as Call.inspected_first in _validate.py."""
    cdef int i, k
    if cnp.PyArray_NBYTES(<cnp.ndarray>operands[PRED]) <= INSPECT_BELOW:
        return True
    for i in range(INPUTS):
        for k in range(VALUES, OPERANDS):
            if operands[k] is not NULL and operands[i] is not NULL:
                if cnp.PyArray_DATA(<cnp.ndarray>operands[k]) == cnp.PyArray_DATA(<cnp.ndarray>operands[i]):
                    return True
    return False


# ---- checks on the quick way in ---------------------------------------------------------------------------------------

cdef inline bint alike(x, cnp.ndarray pred):
    """Whether x is a plain array of pred's dtype and shape."""
    return (type(x) is cnp.ndarray and cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.PyArray_TYPE(pred)
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x) and cnp.PyArray_SAMESHAPE(<cnp.ndarray>x, pred))


cdef inline bint weighs(x, cnp.ndarray pred, int axes):
    """Whether x is a plain array of floats or doubles, of the shape of pred's first axes."""
    return (type(x) is cnp.ndarray and (cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_FLOAT
                                        or cnp.PyArray_TYPE(<cnp.ndarray>x) == cnp.NPY_DOUBLE)
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x) and cnp.PyArray_NDIM(<cnp.ndarray>x) == axes
            and same_rows(pred, <cnp.ndarray>x))


cdef inline bint held(tuple parameters):
    """Whether the numbers among a loss's parameters are neither 0 nor infinite as floats, if they are not as doubles."""
    cdef double x
    for parameter in parameters:
        if type(parameter) is float:
            x = <double>parameter
            if isinf(<float>x) or (<float>x == 0 and x != 0):
                return False
    return True


cdef inline bint apart(x, y):
    """Whether two contiguous arrays share no byte."""
    cdef char* a = <char*>cnp.PyArray_DATA(<cnp.ndarray>x)
    cdef char* b = <char*>cnp.PyArray_DATA(<cnp.ndarray>y)
    return a + cnp.PyArray_NBYTES(<cnp.ndarray>x) <= b or b + cnp.PyArray_NBYTES(<cnp.ndarray>y) <= a


cdef inline bint writable(out, pred, target, weight):
    """Whether out can take a result: alike, writable, and either one of the inputs or apart from all of them."""
    if not alike(out, <cnp.ndarray>pred) or not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out):
        return False
    for x in (pred, target, weight):
        if x is not None and not apart(x, out) and not (cnp.PyArray_DATA(<cnp.ndarray>x) == cnp.PyArray_DATA(<cnp.ndarray>out)
                                                         and alike(x, <cnp.ndarray>out)):
            return False
    return True


cdef inline object new_like(cnp.ndarray x):
    return cnp.PyArray_EMPTY(cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x), 0)


# ---- rows of classes --------------------------------------------------------------------------------------------------

cdef class RowKernel:
    """The compiled side of a loss of rows, with the same two ways in."""
    cdef RowFunction of_ids[2]          # float, double; NULL if the loss knows no class ids
    cdef RowFunction of_rows[2]
    cdef SharedFunction shared_ids[2]   # the same of one long row by several threads; or NULL
    cdef SharedFunction shared_rows[2]
    cdef bint sparse
    cdef Kernel flat                    # of a loss whose rows need not be told apart; or None

    def quick(self, int call, pred, target, weight, reduction, out, tuple parameters):
        """As Kernel.quick; `parameters` are label_smoothing, ignore_index, class_weight, the axis of the
        classes and eps."""
        cdef RowJob job
        cdef Job flat
        cdef Partial total
        cdef double cost = 0
        cdef int type_number, d, reduced, k
        cdef bint per_class, by_numbers
        cdef cnp.ndarray x, y
        cdef Array operands[OPERANDS]
        label_smoothing, ignore_index, class_weight, axis, eps = parameters
        if type(pred) is not cnp.ndarray or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>pred) or class_weight is not None:
            return NotImplemented
        x = pred
        type_number = cnp.PyArray_TYPE(x)
        if (type_number != cnp.NPY_FLOAT and type_number != cnp.NPY_DOUBLE) or cnp.PyArray_SIZE(x) == 0:
            return NotImplemented
        d = cnp.PyArray_NDIM(x)
        reduced = reduction_of(reduction)
        if d == 0 or (axis != -1 and axis != d - 1) or reduced < 0 or reduced == NONE or type(target) is not cnp.ndarray:
            return NotImplemented
        y = target
        if self.of_ids[0] is not NULL and cnp.PyArray_NDIM(y) == d - 1:
            if not (cnp.PyArray_ISINTEGER(y) and cnp.PyArray_ISCARRAY_RO(y)) or not same_rows(x, y):
                return NotImplemented
        elif self.of_rows[0] is NULL or ignore_index is not None or not alike(y, x):
            return NotImplemented
        if weight is not None and not weighs(weight, x, d - 1):
            return NotImplemented
        if type_number == cnp.NPY_FLOAT and not held(parameters):
            return NotImplemented
        # Rows that need not be told apart are computed number by number, and so may be written over either of the inputs.
        by_numbers = self.flat is not None and weight is None
        if out is not None and (call == CALL_GRAD_AND_HESS or call == CALL_VALUE
                                or not writable(out, pred, target if by_numbers else pred, None)
                                or not (by_numbers or apart(out, target)) or (weight is not None and not apart(out, weight))):
            return NotImplemented
        first = out
        second = None
        if call != CALL_VALUE and out is None:
            first = new_like(x)
            if call == CALL_GRAD_AND_HESS:
                second = new_like(x)
        operands[PRED] = <Array>pred
        operands[TARGET] = <Array>target
        operands[WEIGHT] = given(weight)
        operands[VALUES] = NULL
        operands[GRADS] = given(first)
        operands[HESSES] = given(second)
        if by_numbers:
            start(&flat, self.flat, type_number == cnp.NPY_DOUBLE, WANTED[call], reduced, (eps,))
            flat.size = cnp.PyArray_SIZE(x)
            flat.samples = flat.size // cnp.PyArray_DIM(x, d - 1)
            self.flat.evaluate(&flat, operands, reduced, out is not None, &cost, &total)
            return NotImplemented if total.seen & OUTSIDE else answer(call, cost, first, second)
        self.start(&job, type_number == cnp.NPY_DOUBLE, call, reduced, d - 1, x, y, parameters)
        job.dimensions = 1
        job.shape[0] = job.rows
        for k in range(OPERANDS):
            if operands[k] is not NULL:
                encode(&job.operand[k], <cnp.ndarray>operands[k], NATIVE)
                per_class = k == PRED or k >= GRADS or (k == TARGET and not job.ids)
                job.operand[k].step = job.operand[k].size if per_class else 0
                job.stride[0][k] = job.operand[k].size * (job.classes if per_class else 1)
        shape_tiles(&job)
        evaluate_rows(&job, reduced, out is not None, &cost, &total)
        if total.seen & OUTSIDE or (reduced == MEAN and total.weight == 0) or total.samples == 0:
            return NotImplemented
        return answer(call, cost, first, second)

    def run(self, int call, tuple operands, tuple kinds, bint double_precision, str reduction, tuple parameters,
            bint inspect_first):
        """(cost, Σw, whether an input is outside the domain, samples that count), as Kernel.run."""
        cdef RowJob job
        cdef Partial total
        cdef double cost = 0
        cdef int k, axis = parameters[3]
        cdef list strides = []
        self.start(&job, double_precision, call, REDUCTIONS[reduction], axis, operands[PRED], operands[TARGET], parameters)
        for k in range(OPERANDS):
            x = operands[k]
            if x is None:
                strides.append(None)
                continue
            per_class = k == PRED or k >= GRADS or (k == TARGET and not job.ids)
            encode(&job.operand[k], <cnp.ndarray>x, kinds[k])
            job.operand[k].step = x.strides[axis] if per_class else 0
            strides.append(x.strides[:axis] + x.strides[axis + 1:] if per_class else x.strides)
        shape = operands[PRED].shape
        arrange(&job, shape[:axis] + shape[axis + 1:], strides)
        shape_tiles(&job)
        evaluate_rows(&job, REDUCTIONS[reduction], inspect_first, &cost, &total)
        return cost, total.weight, bool(total.seen & OUTSIDE), total.samples

    cdef int start(self, RowJob* job, bint double_precision, int call, int reduction, int axis, cnp.ndarray pred,
                   cnp.ndarray target, tuple parameters) except -1:
        cdef int k
        label_smoothing, ignore_index, class_weight, _, eps = parameters
        job.ids = self.of_ids[0] is not NULL and cnp.PyArray_NDIM(target) < cnp.PyArray_NDIM(pred)
        job.tile = self.of_ids[double_precision] if job.ids else self.of_rows[double_precision]
        job.shared = self.shared_ids[double_precision] if job.ids else self.shared_rows[double_precision]
        job.double_precision = double_precision
        job.wanted = WANTED[call]
        job.summed = reduction != NONE
        job.scale = job.unit = 1
        job.label_smoothing = label_smoothing
        job.eps = eps
        job.class_weight = NULL
        if class_weight is not None:
            job.class_weight = <const double*>cnp.PyArray_DATA(<cnp.ndarray>class_weight)
        job.ignoring = ignore_index is not None and job.ids and can_hold(target, ignore_index)
        job.ignored = <int64_t><uint64_t>(ignore_index & 0xffffffffffffffff) if job.ignoring else 0
        job.classes = cnp.PyArray_DIM(pred, axis)
        job.rows = cnp.PyArray_SIZE(pred) // job.classes
        job.sparse = self.sparse
        job.dimensions = 0
        for k in range(OPERANDS):
            job.operand[k].data = NULL
        return 0


cdef inline bint can_hold(cnp.ndarray ids, number) except -1:
    """Whether the ids' dtype has this number: ids are ignored by their value, not by their bits."""
    cdef object bits = 8 * cnp.PyArray_ITEMSIZE(ids)        # Python's own integers, which shift as far as they must
    if cnp.PyArray_ISSIGNED(ids):
        return -1 << (bits - 1) <= number < 1 << (bits - 1)
    return 0 <= number < 1 << bits


cdef inline object answer(int call, double cost, first, second):
    """What a call gives whose cost is one number."""
    if call == CALL_VALUE:
        return cost
    if call == CALL_VALUE_AND_GRAD:
        return cost, first
    return first if call == CALL_GRAD else (first, second)


cdef inline bint same_rows(cnp.ndarray pred, cnp.ndarray x):
    """Whether x has pred's shape less its last axis."""
    cdef int i
    for i in range(cnp.PyArray_NDIM(x)):
        if cnp.PyArray_DIM(x, i) != cnp.PyArray_DIM(pred, i):
            return False
    return True


cdef arrange(RowJob* job, tuple shape, list strides):
    """The batch's axes, from the one whose samples lie farthest apart to the nearest; neighbours become one if they can."""
    cdef int k, d = 0
    order = sorted([i for i in range(len(shape)) if shape[i] > 1], key=lambda i: -abs(strides[PRED][i]))
    for i in order:
        merged = d > 0
        for k in range(OPERANDS):
            if strides[k] is not None and d > 0:
                merged = merged and job.stride[d - 1][k] == <Py_ssize_t>strides[k][i] * <Py_ssize_t>shape[i]
        if not merged:
            d += 1
            job.shape[d - 1] = 1
        job.shape[d - 1] *= <Py_ssize_t>shape[i]
        for k in range(OPERANDS):
            job.stride[d - 1][k] = 0 if strides[k] is None else strides[k][i]
    job.dimensions = d


cdef inline void encode(RowOperand* operand, cnp.ndarray x, int kind):
    cdef int number = cnp.PyArray_TYPE(x)
    operand.data = <char*>cnp.PyArray_DATA(x)
    operand.size = cnp.PyArray_ITEMSIZE(x)
    operand.swapped = cnp.PyArray_ISBYTESWAPPED(x)
    operand.row = 0
    if kind == BFLOAT:
        operand.code = CODE_BFLOAT
    elif cnp.PyArray_ISFLOAT(x):
        operand.code = CODE_HALF if operand.size == 2 else CODE_FLOAT if operand.size == 4 else \
            CODE_DOUBLE if operand.size == 8 else CODE_LONG_DOUBLE
    elif number == cnp.NPY_BOOL:
        operand.code = CODE_BOOL
    else:
        operand.code = (CODE_INT8 if cnp.PyArray_ISSIGNED(x) else CODE_UINT8) + \
            (0 if operand.size == 1 else 1 if operand.size == 2 else 2 if operand.size == 4 else 3)


cdef inline void shape_tiles(RowJob* job):
    """How the batch is cut. Whether a tile is turned changes no digit; all else is a matter of shape and dtype."""
    cdef Py_ssize_t size = 8 if job.double_precision else 4, n = (job.classes + LANES - 1) // LANES * LANES
    cdef bint apart = job.operand[PRED].step != job.operand[PRED].size
    job.turned = job.classes < TURN_BELOW and (apart or job.classes < TURN_FEW * job.rows)  # few would leave vectors empty
    if job.turned:
        job.block = min(max(TILE_BYTES // (job.classes * size) // LANES, 1) * LANES, <Py_ssize_t>BLOCK)
        if job.rows < job.block:
            job.block = (job.rows + LANES - 1) // LANES * LANES
        job.padded = job.block
        job.area = job.block * job.classes
        job.kept = True
    else:
        job.kept = job.classes * size <= (KEEP if job.wanted & (GRAD | HESS) else TILE_BYTES)
        job.block = min(max(2 * TILE_BYTES // (n * size), 1), <Py_ssize_t>LANES) if job.kept else 1
        job.padded = n
        job.area = job.block * (n if job.kept else <Py_ssize_t>SPAN)
    if job.sparse:
        job.block = BLOCK
        job.area = 0
    job.large = job.rows * job.classes * size > FETCH_FROM
    job.share = max(SHARE // (8 if job.sparse else job.classes) // job.block, 1) * job.block
    job.streaming = job.operand[GRADS].data is not NULL and job.rows * job.classes * size >= STREAM_FROM and (
        not job.turned or job.block * size >= 512)


cdef int evaluate_rows(RowJob* job, int reduction, bint first, double* cost, Partial* total) except -1:
    """One pass over the rows; before it one over the targets, if nothing may be written unless they are good, or if the
    gradient's scale depends on them; and another one where sums have left the range of double."""
    cdef int wanted = job.wanted
    cdef bint by_weight = reduction == MEAN and (job.operand[WEIGHT].data is not NULL or job.class_weight is not NULL)
    cdef bint averaged = reduction == MEAN or reduction == BATCH_MEAN
    cdef double divisor = 1
    job.thorough = first
    if averaged:
        divisor = job.rows
    if first or (wanted & (GRAD | HESS) and averaged and (by_weight or job.ignoring)):
        job.wanted = 0
        pass_over_rows(job, total)
        if total.seen & OUTSIDE:
            return 0
        if by_weight and not ordinary(total.weight):
            job.unit = unit_for(total.weight)
            pass_over_rows(job, total)
        job.wanted = wanted
        if averaged:
            divisor = total.weight if by_weight else total.samples
    job.scale = 1 / divisor if divisor != 0 else 0
    pass_over_rows(job, total)
    if by_weight and wanted == VALUE and job.unit == 1 and not (ordinary(total.weight) and isfinite(total.value)) \
            and not total.seen & OUTSIDE:
        job.unit = unit_for(total.weight)
        pass_over_rows(job, total)
    if averaged:
        divisor = total.weight if by_weight else total.samples
    cost[0] = total.value / divisor
    return 0


cdef int pass_over_rows(RowJob* job, Partial* total) except -1:
    cdef int status, threads = threads_for(job.rows * job.classes)
    if job.rows * job.classes < HOLD_GIL_BELOW:
        status = run_all_rows(job, 1, total)
    else:
        with nogil:
            status = run_all_rows(job, threads, total)
    if status < 0:
        raise MemoryError("no memory for rows of %d classes" % job.classes)
    return 0


# ---- the registry -----------------------------------------------------------------------------------------------------

cdef enum Traits:
    PLAIN = 0
    INSPECTED = 1               # `inspect` has something to say


cdef Kernel kernel(const Pointwise* tag, int traits):
    cdef Kernel self = Kernel()
    self.of_float = <TileFunction>tile[Pointwise, float]
    self.of_double = <TileFunction>tile[Pointwise, double]
    self.inspected = traits & INSPECTED
    return self


cdef Kernel kernel_of_root():
    cdef Kernel self = Kernel()
    self.of_float = <TileFunction>root_tile[float]
    self.of_double = <TileFunction>root_tile[double]
    self.rooted = True
    return self


ctypedef fused Ids:
    CategoricalIds
    SoftmaxIds

ctypedef fused NoIds:
    CategoricalRows
    Divergence
    SoftmaxRows
    SoftmaxDivergence
    Softmax
    LogSoftmax
    LogSumExp


cdef RowKernel with_rows(RowKernel self, const NoIds* tag):
    self.of_rows[0] = <RowFunction>row_tile[NoIds, float]
    self.of_rows[1] = <RowFunction>row_tile[NoIds, double]
    if NoIds is not CategoricalRows and NoIds is not Divergence:
        self.shared_rows[0] = <SharedFunction>row_shared_f[NoIds]
        self.shared_rows[1] = <SharedFunction>row_shared_d[NoIds]
    return self


cdef RowKernel with_ids(RowKernel self, const Ids* tag):
    self.sparse = Ids is CategoricalIds
    self.of_ids[0] = <RowFunction>row_tile[Ids, float]
    self.of_ids[1] = <RowFunction>row_tile[Ids, double]
    if Ids is not CategoricalIds:
        self.shared_ids[0] = <SharedFunction>row_shared_f[Ids]
        self.shared_ids[1] = <SharedFunction>row_shared_d[Ids]
    return self


cdef RowKernel flattened(RowKernel self, Kernel flat):
    self.flat = flat
    return self


KERNELS = {
    "mse": kernel(<const Mse*>NULL, PLAIN),
    "rmse": kernel_of_root(),
    "mae": kernel(<const Mae*>NULL, PLAIN),
    "huber": kernel(<const Huber*>NULL, PLAIN),
    "pseudo_huber": kernel(<const PseudoHuber*>NULL, PLAIN),
    "hinge": kernel(<const Hinge*>NULL, INSPECTED),
    "squared_hinge": kernel(<const SquaredHinge*>NULL, INSPECTED),
    "binary_cross_entropy": kernel(<const BinaryCrossEntropy*>NULL, INSPECTED),
    "sigmoid_cross_entropy": kernel(<const SigmoidCrossEntropy*>NULL, INSPECTED),
    "sigmoid": kernel(<const Sigmoid*>NULL, PLAIN),
    "log_sigmoid": kernel(<const LogSigmoid*>NULL, PLAIN),
    "softplus": kernel(<const Softplus*>NULL, PLAIN),
    "exp": kernel(<const Exp*>NULL, PLAIN),
    "log": kernel(<const Log*>NULL, PLAIN),
    "log1m": kernel(<const Log1m*>NULL, PLAIN),
    "log1p": kernel(<const Log1p*>NULL, PLAIN),
    "categorical_cross_entropy": flattened(
        with_rows(RowKernel(), <const CategoricalRows*>NULL), kernel(<const CrossEntropyTerm*>NULL, INSPECTED)),
    "sparse_categorical_cross_entropy": with_ids(RowKernel(), <const CategoricalIds*>NULL),
    "softmax_cross_entropy": with_ids(with_rows(RowKernel(), <const SoftmaxRows*>NULL), <const SoftmaxIds*>NULL),
    "kl_divergence": with_rows(RowKernel(), <const Divergence*>NULL),
    "softmax_kl_divergence": with_rows(RowKernel(), <const SoftmaxDivergence*>NULL),
    "softmax": with_rows(RowKernel(), <const Softmax*>NULL),
    "log_softmax": with_rows(RowKernel(), <const LogSoftmax*>NULL),
    "logsumexp": with_rows(RowKernel(), <const LogSumExp*>NULL),
}
