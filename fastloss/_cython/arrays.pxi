# Arrays: what the fast way in asks of them, and how any others are described. Included by engine.pyx.

cdef inline bint plain(x):
    """Whether x is a contiguous array of floats or doubles, and not empty."""
    cdef int number
    if type(x) is not cnp.ndarray or not cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x):
        return False
    number = cnp.PyArray_TYPE(<cnp.ndarray>x)
    return (number == cnp.NPY_FLOAT or number == cnp.NPY_DOUBLE) and cnp.PyArray_SIZE(<cnp.ndarray>x) > 0


cdef inline bint alike(x, cnp.ndarray pred):
    """Whether x is a plain array of pred's dtype and shape."""
    return plain_like(x, pred, cnp.PyArray_TYPE(pred))


cdef inline bint plain_like(x, cnp.ndarray pred, int number):
    """Whether x is a plain array of a dtype, and of pred's shape."""
    return (type(x) is cnp.ndarray and cnp.PyArray_TYPE(<cnp.ndarray>x) == number
            and cnp.PyArray_ISCARRAY_RO(<cnp.ndarray>x) and cnp.PyArray_SAMESHAPE(<cnp.ndarray>x, pred))


cdef inline bint tabled(x, double* parameters):
    """Take a table, if x has one: how many lines, and where they are. The caller holds it."""
    table = getattr(x, "table", None)
    if table is None:
        return False
    parameters[0] = x.classes
    (<const double**>&parameters[1])[0] = <const double*>cnp.PyArray_DATA(<cnp.ndarray>table)
    return True


cdef inline bint scalars(tuple own, Py_ssize_t first, bint double_precision, double* parameters):
    """Take hyperparameters, from `first` on, that are numbers, if as floats they are 0 or infinite only where they are as doubles;
    one that is not given says nothing."""
    cdef Py_ssize_t k
    cdef double x
    for k in range(first, len(own)):
        if own[k] is None:
            continue
        if type(own[k]) is not float:
            if not tabled(own[k], &parameters[k - first]):
                return False
            continue
        x = <double>own[k]
        parameters[k - first] = x
        if not double_precision and (isinf(<float>x) or (<float>x == 0 and x != 0)):
            return False
    return True


cdef inline int numbers_of(tuple own, Py_ssize_t first, double* parameters) except -1:
    """The same, known to be numbers. What a loss does not have is 0."""
    cdef Py_ssize_t k
    for k in range(PARAMETERS):
        parameters[k] = own[k + first] if k + first < len(own) else 0
    return 0


cdef inline bint same_rows(cnp.ndarray pred, cnp.ndarray x):
    """Whether x has pred's shape less its last axis."""
    cdef int i
    for i in range(cnp.PyArray_NDIM(x)):
        if cnp.PyArray_DIM(x, i) != cnp.PyArray_DIM(pred, i):
            return False
    return True


cdef inline bint apart(x, y):
    """Whether two contiguous arrays share no byte."""
    cdef char* a = <char*>cnp.PyArray_DATA(<cnp.ndarray>x)
    cdef char* b = <char*>cnp.PyArray_DATA(<cnp.ndarray>y)
    return a + cnp.PyArray_NBYTES(<cnp.ndarray>x) <= b or b + cnp.PyArray_NBYTES(<cnp.ndarray>y) <= a


cdef inline bint writable(out, pred, target, weight, bint* aliased):
    """Whether out can take a result: alike, writable, and either one of the inputs or apart from all of them."""
    return (alike(out, <cnp.ndarray>pred) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>out) and beside(out, pred, aliased)
            and beside(out, target, aliased) and beside(out, weight, aliased))


cdef inline bint beside(out, x, bint* aliased):
    """Whether an output is an input, or shares nothing with it."""
    if x is None or apart(x, out):
        return True
    aliased[0] = True
    return cnp.PyArray_DATA(<cnp.ndarray>x) == cnp.PyArray_DATA(<cnp.ndarray>out) and alike(x, <cnp.ndarray>out)


cdef inline bint pair_of(out, pred, target, weight):
    """Whether out is a pair, of which the second shares nothing with anything else."""
    if type(out) is not tuple or len(<tuple>out) != 2:
        return False
    first, second = <tuple>out
    return (alike(second, <cnp.ndarray>pred) and cnp.PyArray_ISWRITEABLE(<cnp.ndarray>second) and type(first) is cnp.ndarray
            and apart(second, first) and apart(second, pred) and apart(second, target) and (weight is None or apart(second, weight)))


cdef inline object new_like(cnp.ndarray x):
    return cnp.PyArray_EMPTY(cnp.PyArray_NDIM(x), cnp.PyArray_DIMS(x), cnp.PyArray_TYPE(x), 0)


cdef inline void lay_out(Batch* batch, cnp.ndarray pred, bint double_precision) noexcept:
    """The batch of plain arrays: its samples stand side by side."""
    batch.double_precision = double_precision
    batch.samples = cnp.PyArray_SIZE(pred)
    batch.core = 1
    batch.dimensions = 1
    batch.shape[0] = batch.samples


cdef inline void put(Batch* batch, int k, x) noexcept:
    """One of its operands."""
    batch.operand[k].data = NULL
    batch.stride[0][k] = 0
    if x is not None:
        describe(&batch.operand[k], <cnp.ndarray>x, batch.double_precision, k == WEIGHT)
        batch.stride[0][k] = batch.operand[k].size


cdef inline object answer(int call, bint summed, double cost, values, first, second):
    """What a call gives."""
    if call == CALL_VALUE:
        return cost if summed else values
    if call == CALL_VALUE_AND_GRAD:
        return (cost, first) if summed else (values, first)
    return first if call == CALL_GRAD else (first, second)


cdef bint computed_in_double(cnp.ndarray pred):
    """Whether it holds doubles, integers or booleans; other floats are computed in float."""
    cdef int number = cnp.PyArray_TYPE(pred)
    return number == cnp.NPY_DOUBLE or cnp.PyArray_ISINTEGER(pred) or number == cnp.NPY_BOOL


# ---- any arrays --------------------------------------------------------------------------------------------------------------

cdef int arrange(Batch* batch, tuple operands, tuple cores) except -1:
    """Describe the operands and the axes of their samples. `cores` says which have a core axis."""
    cdef cnp.ndarray x
    cdef bint contiguous = True
    cdef int k, last
    x = operands[PRED]
    last = cnp.PyArray_NDIM(x) - 1
    batch.core = cnp.PyArray_DIM(x, last) if cores[PRED] else 1
    batch.samples = 1
    for k in range(last if cores[PRED] else last + 1):
        batch.samples *= cnp.PyArray_DIM(x, k)
    batch.dimensions = 1 if batch.samples > 1 else 0
    batch.shape[0] = batch.samples
    for k in range(OPERANDS):
        batch.operand[k].data = NULL
        batch.operand[k].native = True
        batch.operand[k].size = batch.operand[k].step = batch.stride[0][k] = 0
        if operands[k] is None:
            continue
        x = operands[k]
        contiguous = contiguous and cnp.PyArray_IS_C_CONTIGUOUS(x)
        describe(&batch.operand[k], x, batch.double_precision, k == WEIGHT)
        batch.stride[0][k] = batch.operand[k].size
        if cores[k]:
            last = cnp.PyArray_NDIM(x) - 1
            batch.stride[0][k] *= cnp.PyArray_DIM(x, last)
            batch.operand[k].step = cnp.PyArray_STRIDE(x, last) if cnp.PyArray_DIM(x, last) > 1 else batch.operand[k].size
    return 0 if contiguous else merge_axes(batch, operands, cores)


@cython.wraparound(True)
cdef int merge_axes(Batch* batch, tuple operands, tuple cores) except -1:
    """The axes of operands that lie anyhow."""
    cdef int k, d = 0
    cdef bint merged
    shape = operands[PRED].shape[:-1] if cores[PRED] else operands[PRED].shape
    strides = [(0,) * len(shape) if x is None else x.strides[:-1] if core else x.strides for x, core in zip(operands, cores)]
    for axis in sorted([axis for axis in range(len(shape)) if shape[axis] > 1], key=lambda axis: -abs(strides[PRED][axis])):
        merged = d > 0
        for k in range(OPERANDS):
            if merged and operands[k] is not None:
                merged = batch.stride[d - 1][k] == <Py_ssize_t>strides[k][axis] * <Py_ssize_t>shape[axis]
        if not merged:
            d += 1
            batch.shape[d - 1] = 1
        batch.shape[d - 1] *= <Py_ssize_t>shape[axis]
        for k in range(OPERANDS):
            batch.stride[d - 1][k] = strides[k][axis]
    batch.dimensions = d
    return 0
