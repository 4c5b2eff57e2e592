"""A batch as the engine sees it: six operands, however they lie in memory, and what is wanted of them.

Its samples stand along axes from the one whose samples lie farthest apart to the nearest, neighbours merged where they can be;
operands of losses of rows have a core axis besides, always their last, along which a sample's numbers lie `step` bytes apart.
"""

cimport numpy as cnp

from .tables cimport Memory

cdef extern from "memory.h" nogil:
    int CODE_FLOAT, CODE_DOUBLE, CODE_HALF, CODE_BFLOAT, CODE_LONG_DOUBLE, CODE_BOOL, CODE_INT8, CODE_UINT8, SWAPPED

cdef enum:                      # operands, in the order of every array of them
    PRED = 0
    TARGET = 1
    WEIGHT = 2
    INPUTS = 3
    VALUES = 3
    GRADS = 4
    HESSES = 5
    OPERANDS = 6
    AXES = 64                   # the most that NumPy has

cdef struct Operand:
    char* data                  # NULL where there is none
    int code                    # of memory.h
    Py_ssize_t size             # bytes of a number
    Py_ssize_t step             # bytes along the core axis; 0 without one
    bint native                 # holds numbers of the dtype that is computed in (weights: doubles), aligned, in this byte order

cdef struct Batch:
    const Memory* memory
    Operand operand[OPERANDS]
    Py_ssize_t samples
    Py_ssize_t core             # numbers of a sample: classes; 1
    int dimensions
    Py_ssize_t shape[AXES]
    Py_ssize_t stride[AXES][OPERANDS]
    bint double_precision
    int wanted                  # of block.pxd
    bint inspected              # all inputs are known to be inside the domain
    bint summed                 # losses are added up, not written
    double scale                # of gradient and Hessian
    double unit                 # a power of two that weights are multiplied by, so that all sums are in range

cdef struct Partial:            # sums of a chunk
    double value                # Σ wℓ
    double weight               # Σ w
    double samples              # that count
    int seen


cdef inline void describe(Operand* operand, cnp.ndarray x, bint double_precision, bint weight) noexcept:
    cdef int number = cnp.PyArray_TYPE(x)
    operand.data = <char*>cnp.PyArray_DATA(x)
    operand.size = cnp.PyArray_ITEMSIZE(x)
    operand.step = 0
    if cnp.PyArray_ISFLOAT(x):
        operand.code = CODE_HALF if operand.size == 2 else CODE_FLOAT if operand.size == 4 else \
            CODE_DOUBLE if operand.size == 8 else CODE_LONG_DOUBLE
    elif number == cnp.NPY_BOOL:
        operand.code = CODE_BOOL
    elif cnp.PyArray_ISINTEGER(x):
        operand.code = (CODE_INT8 if cnp.PyArray_ISSIGNED(x) else CODE_UINT8) + \
            (0 if operand.size == 1 else 1 if operand.size == 2 else 2 if operand.size == 4 else 3)
    else:                       # the one dtype of users that is let in
        operand.code = CODE_BFLOAT
    if cnp.PyArray_ISBYTESWAPPED(x):
        operand.code |= SWAPPED
    operand.native = operand.code == (CODE_DOUBLE if double_precision or weight else CODE_FLOAT) and cnp.PyArray_ISALIGNED(x)


cdef inline Py_ssize_t locate(const Batch* batch, int k, Py_ssize_t sample, char** data, Py_ssize_t* stride) noexcept nogil:
    """Where a sample of an operand lies, how far its next one, and how many from it on lie at equal distances."""
    cdef Py_ssize_t rest = sample, index, length = batch.samples - sample
    cdef int d
    data[0] = batch.operand[k].data
    stride[0] = 0
    for d in range(batch.dimensions - 1, -1, -1):
        index = rest
        if d > 0:                   # a division costs as much as all else here
            index = rest % batch.shape[d]
            rest = rest // batch.shape[d]
        if d == batch.dimensions - 1:
            length = batch.shape[d] - index
            stride[0] = batch.stride[d][k]
        data[0] += index * batch.stride[d][k]
    return length


cdef inline bint flat(const Batch* batch, int k) noexcept nogil:
    """Whether an operand without a core axis can be read or written as it lies, from the first sample to the last."""
    return batch.operand[k].native and (
        batch.samples == 1 or (batch.dimensions == 1 and batch.stride[0][k] == batch.operand[k].size))


cdef inline void read_numbers(const Batch* batch, const char* x, Py_ssize_t step, int code, void* y, Py_ssize_t n,
                              bint doubles) noexcept nogil:
    """y = n numbers, `step` bytes apart, as floats or doubles."""
    if doubles:
        batch.memory.load_d(x, step, code, <double*>y, n)
    else:
        batch.memory.load_f(x, step, code, <float*>y, n)


cdef inline void write_numbers(const Batch* batch, const void* x, char* y, Py_ssize_t step, const Operand* out, Py_ssize_t n,
                               bint streaming) noexcept nogil:
    """Results go out, rounded to the output's dtype."""
    if streaming and out.native and step == out.size:
        batch.memory.stream_out(x, y, n * out.size)
    elif batch.double_precision:
        batch.memory.store_d(<const double*>x, y, step, out.code, n)
    else:
        batch.memory.store_f(<const float*>x, y, step, out.code, n)


cdef inline void gather(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, Py_ssize_t at, void* out,
                        bint doubles) noexcept nogil:
    """out = number `at` of samples start to start + n."""
    cdef char* data
    cdef Py_ssize_t stride, m
    while n > 0:
        m = min(locate(batch, k, start, &data, &stride), n)
        read_numbers(batch, data + at * batch.operand[k].step, stride, batch.operand[k].code, out, m, doubles)
        out = <char*>out + m * (8 if doubles else 4)
        start += m
        n -= m


cdef inline void scatter(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, Py_ssize_t at, const void* x,
                         bint streaming) noexcept nogil:
    """Number `at` of samples start to start + n, from x."""
    cdef char* data
    cdef Py_ssize_t stride, m
    cdef const Operand* out = &batch.operand[k]
    while n > 0:
        m = min(locate(batch, k, start, &data, &stride), n)
        write_numbers(batch, x, data + at * out.step, stride, out, m, streaming)
        x = <const char*>x + m * (8 if batch.double_precision else 4)
        start += m
        n -= m
