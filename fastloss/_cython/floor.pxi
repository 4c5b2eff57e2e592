# What the machine can do, to measure the losses against: reading two arrays, or the number of each row's class alone, and writing a
# third. The arrays are taken as 64-bit integers, whatever they hold. Included by engine.pyx.

cdef enum:
    ZEROS = 2048                        # written from where they are quick to read

cdef struct FloorJob:
    const Floor* loops
    const int64_t* a
    const int64_t* b
    int64_t* out
    Py_ssize_t size
    bint streaming
    pool_word seen                      # or a compiler would leave out what is only read


cdef int floor_chunk(void* context, Py_ssize_t chunk, int thread) except -1 nogil:
    cdef FloorJob* job = <FloorJob*>context
    cdef Py_ssize_t start = chunk * CHUNK, n = min(<Py_ssize_t>CHUNK, job.size - start)
    cdef int64_t seen = 0
    if job.out is NULL:
        job.loops.read(job.a + start, job.b + start, n, &seen)
        pool_or(&job.seen, <pool_word>seen)
    else:
        job.loops.write(job.a + start, job.b + start, job.out + start, n, job.streaming)
    return 0


cdef struct PickJob:
    const Floor* loops
    const char* pred
    const int64_t* ids
    int64_t* out
    Py_ssize_t rows, row, item, size, chunks
    bint streaming
    pool_word seen


cdef int pick_chunk(void* context, Py_ssize_t chunk, int thread) except -1 nogil:
    cdef PickJob* job = <PickJob*>context
    cdef Py_ssize_t i, start = chunk * job.size // job.chunks, stop = (chunk + 1) * job.size // job.chunks
    cdef int64_t zeros[ZEROS]
    cdef pool_word seen = 0
    for i in range(chunk * job.rows // job.chunks, (chunk + 1) * job.rows // job.chunks):
        seen ^= <pool_word>job.pred[i * job.row + job.ids[i] * job.item]
    pool_or(&job.seen, seen)
    if job.out is not NULL and not job.streaming:
        memset(job.out + start, 0, (stop - start) * sizeof(int64_t))
    elif job.out is not NULL:
        memset(zeros, 0, sizeof(zeros))
        while start < stop:
            i = min(<Py_ssize_t>ZEROS, stop - start)
            job.loops.write(zeros, zeros, job.out + start, i, True)
            start += i
    return 0


cdef class FloorLoops:
    """A level's."""
    cdef const Floor* loops

    def __init__(self, dict tables):
        self.loops = <const Floor*>entry_of(tables, "floor")

    def read(self, const int64_t[::1] a, const int64_t[::1] b, int threads):
        """Read both arrays once."""
        self.run(a, b, None, threads, False)

    def write(self, const int64_t[::1] a, const int64_t[::1] b, int64_t[::1] out, int threads, bint streaming):
        """Read both arrays and write a third, by stores that pass the cache by or by ordinary ones."""
        self.run(a, b, out, threads, streaming)

    def pick(self, const char[:, ::1] pred, const int64_t[::1] ids, int item, int64_t[::1] out, int threads, bint streaming):
        """Read, of rows of bytes, the first of each row's number, which has `item` bytes; write an array, if there is one."""
        cdef PickJob job
        job.loops, job.rows, job.row, job.item = self.loops, ids.shape[0], pred.shape[1], item
        job.streaming, job.seen = streaming, 0
        job.size = 0 if out is None else out.shape[0]
        job.chunks = (max(job.rows, job.size) + CHUNK - 1) // CHUNK
        if job.rows == 0:
            return
        job.pred, job.ids, job.out = &pred[0, 0], &ids[0], NULL if job.size == 0 else &out[0]
        with nogil:
            share(pick_chunk, &job, job.chunks, threads)

    cdef int run(self, const int64_t[::1] a, const int64_t[::1] b, int64_t[::1] out, int threads, bint streaming) except -1:
        cdef FloorJob job
        job.loops, job.size, job.streaming, job.seen = self.loops, a.shape[0], streaming, 0
        if job.size == 0:
            return 0
        job.a, job.b, job.out = &a[0], &b[0], NULL if out is None else &out[0]
        with nogil:
            share(floor_chunk, &job, (job.size + CHUNK - 1) // CHUNK, threads)
        return 0
