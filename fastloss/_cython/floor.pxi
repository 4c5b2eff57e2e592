# What the machine can do, to measure the losses against: reading two arrays, and writing a third. The arrays are taken as 64-bit
# integers, whatever they hold. Included by engine.pyx.

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

    cdef int run(self, const int64_t[::1] a, const int64_t[::1] b, int64_t[::1] out, int threads, bint streaming) except -1:
        cdef FloorJob job
        job.loops, job.size, job.streaming, job.seen = self.loops, a.shape[0], streaming, 0
        if job.size == 0:
            return 0
        job.a, job.b, job.out = &a[0], &b[0], NULL if out is None else &out[0]
        with nogil:
            share(floor_chunk, &job, (job.size + CHUNK - 1) // CHUNK, threads)
        return 0
