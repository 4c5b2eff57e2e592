# Numbers of rows, in and out, whatever their dtype and strides. Included by engine.pyx, before rows.pxi.

cdef inline void load_rows(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, Py_ssize_t first, Py_ssize_t length, char* y,
                           Py_ssize_t row) noexcept nogil:
    """Classes from `first` on of n rows that stand at equal distances, `row` bytes apart in y."""
    cdef char* data
    cdef Py_ssize_t stride, i
    cdef const Operand* x = &batch.operand[k]
    locate(batch, k, start, &data, &stride)
    for i in range(n):
        read_numbers(batch, data + i * stride + first * x.step, x.step, x.code, y + i * row, length, batch.double_precision)


cdef inline void store_rows(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, Py_ssize_t first, Py_ssize_t length,
                            const char* x, Py_ssize_t row, bint streaming) noexcept nogil:
    cdef char* data
    cdef Py_ssize_t stride, i
    cdef const Operand* out = &batch.operand[k]
    locate(batch, k, start, &data, &stride)
    for i in range(n):
        write_numbers(batch, x + i * row, data + i * stride + first * out.step, out.step, out, length, streaming)


cdef inline bint contiguous(const Batch* batch, int k) noexcept nogil:
    """Whether an operand's rows lie one behind the other."""
    cdef const Operand* x = &batch.operand[k]
    return (x.data is not NULL and x.native and x.step == x.size and batch.dimensions == 1
            and batch.stride[0][k] == x.size * batch.core)


cdef inline void by_table(const Batch* batch, const char* x, const int32_t* table, char* y, Py_ssize_t n) noexcept nogil:
    if batch.double_precision:
        batch.memory.gather_d(<const double*>x, table, <double*>y, n)
    else:
        batch.memory.gather_f(<const float*>x, table, <float*>y, n)


cdef inline void load_classes(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, char* y, Py_ssize_t padded) noexcept nogil:
    """All classes of n rows, a class's numbers side by side, 0 beyond the last row."""
    cdef char* data
    cdef Py_ssize_t stride, j, size = 8 if batch.double_precision else 4
    cdef const Operand* x = &batch.operand[k]
    cdef bint even = locate(batch, k, start, &data, &stride) >= n
    if even and x.native and stride != size:
        if batch.double_precision:
            batch.memory.collect_d(data, stride, x.step, <double*>y, n, batch.core, padded)
        else:
            batch.memory.collect_f(data, stride, x.step, <float*>y, n, batch.core, padded)
        return
    for j in range(batch.core):
        if even:
            read_numbers(batch, data + j * x.step, stride, x.code, y, n, batch.double_precision)
        else:
            gather(batch, k, start, n, j, y, batch.double_precision)
        if n < padded:
            memset(y + n * size, 0, (padded - n) * size)
        y += padded * size


cdef inline void store_classes(const Batch* batch, int k, Py_ssize_t start, Py_ssize_t n, const char* x, Py_ssize_t row,
                               bint streaming) noexcept nogil:
    cdef char* data
    cdef Py_ssize_t stride, i, j
    cdef const Operand* out = &batch.operand[k]
    cdef bint even = locate(batch, k, start, &data, &stride) >= n
    for j in range(batch.core):
        if even and out.native and stride != out.size and batch.double_precision:
            for i in range(n):
                (<double*>(data + j * out.step + i * stride))[0] = (<double*>x)[i]
        elif even and out.native and stride != out.size:
            for i in range(n):
                (<float*>(data + j * out.step + i * stride))[0] = (<float*>x)[i]
        elif even:
            write_numbers(batch, x, data + j * out.step, stride, out, n, streaming)
        else:
            scatter(batch, k, start, n, j, x, streaming)
        x += row


cdef inline void load_labels(const Batch* batch, Py_ssize_t start, Py_ssize_t n, int64_t* y) noexcept nogil:
    cdef char* data
    cdef Py_ssize_t stride, m
    while n > 0:
        m = min(locate(batch, TARGET, start, &data, &stride), n)
        batch.memory.load_ids(data, stride, batch.operand[TARGET].code, y, m)
        y += m
        start += m
        n -= m


cdef inline void store_values(const Batch* batch, Py_ssize_t start, Py_ssize_t n, const double* x) noexcept nogil:
    """Losses are rounded to the dtype that is computed in, and from that to the output's."""
    cdef float rounded[ROWS]
    cdef char* data
    cdef Py_ssize_t stride, i, m
    while n > 0:
        m = min(locate(batch, VALUES, start, &data, &stride), n)
        if batch.double_precision:
            batch.memory.store_d(x, data, stride, batch.operand[VALUES].code, m)
        else:
            for i in range(m):
                rounded[i] = <float>x[i]
            batch.memory.store_f(rounded, data, stride, batch.operand[VALUES].code, m)
        x += m
        start += m
        n -= m
