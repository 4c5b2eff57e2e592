# Chunks, threads and divisors: how a batch is gone through, whatever the loss. Included by engine.pyx.

from cpython.exc cimport PyErr_Occurred, PyErr_SetString
from libc.math cimport INFINITY, ilogb, isinf, ldexp, sqrt
from libc.stdlib cimport free, malloc

cdef extern from "pool.h" nogil:
    ctypedef int (*pool_task)(void* context, Py_ssize_t chunk, int thread) except -1
    ctypedef Py_ssize_t pool_word
    int pool_run(pool_task task, void* context, Py_ssize_t count, int threads) noexcept
    pool_word pool_load(pool_word* x) noexcept
    pool_word pool_or(pool_word* x, pool_word n) noexcept
    pool_word pool_swap(pool_word* x, pool_word n) noexcept
    const char* COMPILER

cdef enum:
    SERIAL_BELOW = 1 << 16          # numbers: where a second thread pays, also where the loss is cheap
    HOLD_GIL_BELOW = 4096           # numbers: less work than giving the lock away

cdef struct Job

# Samples start to end of a job; `work` is memory of this thread's.
ctypedef int (*Chunk)(const Job* job, Py_ssize_t start, Py_ssize_t end, char* work, Partial* partial) except -1 nogil

cdef struct Job:                    # the beginning of every family's
    Batch batch
    Chunk chunk
    Py_ssize_t summands             # numbers whose losses, added up, are a sample's: 1 but for rows that need not be told apart
    Py_ssize_t columns              # samples on the core axis: 1, unless each has hyperparameters of its own
    Py_ssize_t share                # samples that a thread takes at a time
    Py_ssize_t work                 # bytes of a thread's memory ...
    Py_ssize_t unit_work            # ... and where weights are multiplied by a unit

cdef pool_word thread_limit = 1     # what the user, the process and threadpoolctl allow


def set_thread_limit(int n):
    pool_swap(&thread_limit, n)


cdef int threads_for(Py_ssize_t numbers, Py_ssize_t chunks) noexcept nogil:
    """How many threads a batch is worth, within what is allowed."""
    return 1 if numbers < SERIAL_BELOW else <int>min(pool_load(&thread_limit), chunks)


cdef struct Shared:                 # what the threads of a batch have in common
    const Job* job
    char* work
    Partial* partial


cdef int shared_chunk(void* context, Py_ssize_t chunk, int thread) except -1 nogil:
    cdef Shared* shared = <Shared*>context
    cdef const Job* job = shared.job
    return job.chunk(job, chunk * job.share, min((chunk + 1) * job.share, job.batch.samples), shared.work + thread * job.work,
                     &shared.partial[chunk])


cdef int share(pool_task task, void* context, Py_ssize_t chunks, int threads) except -1 nogil:
    """Do a task for every chunk. (An exception of another thread's has ended there: a debug build's, beyond a view's bounds.)"""
    if pool_run(task, context, chunks, threads) != 0:
        with gil:
            if not PyErr_Occurred():
                PyErr_SetString(SystemError, "a thread failed")
        return -1
    return 0


cdef int run(Job* job, Partial* total) except -1:
    """Once over the batch. The order of additions does not depend on the threads."""
    cdef Batch* batch = &job.batch
    cdef Py_ssize_t chunks, i, numbers = batch.samples * batch.core
    cdef int threads
    cdef Partial* partial
    cdef char* work
    cdef Shared shared
    if numbers < HOLD_GIL_BELOW and job.work == 0:
        return job.chunk(job, 0, batch.samples, NULL, total)
    chunks = (batch.samples + job.share - 1) // job.share
    threads = threads_for(numbers, chunks)
    partial = total if chunks == 1 else <Partial*>malloc(chunks * sizeof(Partial))
    work = <char*>malloc(max(job.work * threads, <Py_ssize_t>1))
    try:
        if partial is NULL or work is NULL:
            raise MemoryError("no memory for the sums and buffers of a batch of %d samples" % batch.samples)
        with nogil:
            shared.job, shared.work, shared.partial = job, work, partial
            share(shared_chunk, &shared, chunks, threads)
        if chunks > 1:
            total[0] = partial[0]
            for i in range(1, chunks):
                total.value += partial[i].value
                total.weight += partial[i].weight
                total.samples += partial[i].samples
                total.seen |= partial[i].seen
    finally:
        free(work)
        if chunks > 1:
            free(partial)
    return 0


# ---- divisors -----------------------------------------------------------------------------------------------------------------

cdef enum Reduction:
    NONE = 0
    SUM = 1
    MEAN = 2
    BATCH_MEAN = 3

cdef dict REDUCTIONS = {"none": NONE, "sum": SUM, "mean": MEAN, "batch_mean": BATCH_MEAN}
cdef str USUAL = "mean"

cdef extern from *:
    """
    #define ORDINARY 0x1p64         /* sums up to here, and from its inverse on, are used as they are */
    """
    const double ORDINARY


cdef inline int reduction_of(name) except -2:
    """−1: there is no such reduction."""
    if name is USUAL:
        return MEAN
    if type(name) is not str:       # it may be unhashable
        return -1
    found = REDUCTIONS.get(name)
    return -1 if found is None else <int>found


cdef inline bint ordinary(double sum) noexcept nogil:
    return 1 / ORDINARY <= sum <= ORDINARY


cdef inline double unit_for(double sum) noexcept nogil:
    """A power of two that brings a sum near 1. It changes no digit of a mean: only the ratio of weights counts there."""
    if not sum > 0:
        return 1
    return ldexp(1, -1000 if isinf(sum) else min(-ilogb(sum), 1000))


cdef int evaluate(Job* job, int reduction, bint by_weight, bint count_first, bint inspect_first, bint in_place, double* cost,
                  Partial* total) except -1:
    """One pass over the batch; before it one over the inputs, if they must be known to be good before anything is written, or if
    the gradient's scale depends on them; and another one where sums have left the range of double.

    `by_weight`: there are weights, by whose sum a mean is divided. `count_first`: how many samples count is not known yet.
    `in_place`: an output is an input, of which nothing is left for another pass.
    """
    cdef Batch* batch = &job.batch
    cdef int wanted = batch.wanted
    cdef bint averaged = reduction == MEAN or reduction == BATCH_MEAN
    cdef double divisor = <double>batch.samples * job.columns / job.summands if averaged else 1
    # Losses are floats, whose sum a double holds; their products with weights are not, nor are doubles.
    cdef bint wide = by_weight or batch.double_precision
    by_weight = by_weight and reduction == MEAN
    batch.unit = 1
    batch.inspected = False
    if inspect_first or (wanted & ~VALUE and averaged and (by_weight or count_first)):
        batch.wanted = 0
        run(job, total)
        if by_weight and not ordinary(total.weight) and not total.seen & OUTSIDE:
            batch.unit = unit_for(total.weight)
            job.work = job.unit_work
            run(job, total)
        batch.wanted = wanted
        if total.seen & OUTSIDE:
            return 0
        batch.inspected = True
        if averaged:
            divisor = total.weight if by_weight else total.samples / job.summands
    batch.scale = 1 / divisor if divisor != 0 else 0
    if in_place and averaged and batch.summed and wanted & VALUE and wanted & GRAD and wide:
        batch.wanted = VALUE
        run(job, total)
        mean(job, by_weight, averaged, wide, cost, total)
        batch.wanted = wanted & ~VALUE
    run(job, total)
    if batch.wanted & VALUE:
        mean(job, by_weight, averaged, wide, cost, total)
    batch.wanted = wanted
    return 0


cdef int mean(Job* job, bint by_weight, bint averaged, bint wide, double* cost, Partial* total) except -1:
    """The cost out of a pass's sums; if these are beyond the range of double (`wide`: they may be), of another pass in another unit."""
    cdef Batch* batch = &job.batch
    cdef double divisor = 1, unit = batch.unit, usual, weight
    cdef int wanted = batch.wanted
    if not averaged or not batch.summed or total.seen & OUTSIDE:
        cost[0] = total.value
        return 0
    divisor = total.weight if by_weight else total.samples / job.summands * unit
    if (by_weight and unit == 1 and not ordinary(divisor)) or (wide and isinf(total.value)):
        if by_weight and unit == 1:
            unit = unit_for(divisor)
        if isinf(total.value):
            unit = ldexp(unit, -1 - ilogb(total.samples + 1) - (ilogb(divisor) if ordinary(divisor) and by_weight else 0))
        usual, weight = batch.unit, total.weight
        batch.unit = unit
        job.work = job.unit_work
        batch.wanted = VALUE
        run(job, total)
        batch.wanted = wanted
        batch.unit = usual
        divisor = total.weight if by_weight else total.samples / job.summands * unit
        total.weight = weight
    cost[0] = total.value / divisor
    return 0
