# Losses of groups of samples that depend on one another. Included by engine.pyx.

import numpy as np

from fastloss._core import groups as sorting
from fastloss._numpy import structured
from fastloss._numpy.engine import WANTED as NAMES

cdef enum:
    GROUP_WORK = 1 << 16            # numbers, or pairs, that a thread takes at a time

cdef struct GroupsJob:
    GroupFunction function
    const int64_t* start            # where each group begins, and the last one ends
    const int64_t* chunk            # the first group of each chunk, and the number of groups
    GroupBlock all                  # addresses of what belongs to the first sample
    double* sums                    # three of each group


cdef int groups_chunk(void* context, Py_ssize_t chunk, int thread) except -1 nogil:
    """Some groups, each by itself."""
    cdef const GroupsJob* job = <const GroupsJob*>context
    cdef GroupBlock block = job.all
    cdef Py_ssize_t g, start
    for g in range(job.chunk[chunk], job.chunk[chunk + 1]):
        start = job.start[g]
        block.size = job.start[g + 1] - start
        block.score, block.place = job.all.score + start, job.all.place + start
        block.event, block.weight = job.all.event + start, job.all.weight + start
        block.room = job.all.room + start
        block.grad = job.all.grad + start if job.all.grad is not NULL else NULL
        block.hess = job.all.hess + start if job.all.hess is not NULL else NULL
        block.sums = job.sums + 3 * g
        job.function(&block)
    return 0


cdef class GroupsKernel(CoreKernel):
    """A loss of groups. The samples are sorted once; everything else is a function of a level, which is given a group at a time."""
    cdef str name

    def __init__(self, dict tables, str name):
        super().__init__(tables, name)
        self.name = name

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run: Σw and the number are those of what the cost is a sum of, events or pairs."""
        cdef int wanted = WANTED[call]

        def compute(batch):
            return structured.KERNELS[self.name].computed(batch, NAMES[call]) if batch.far else self.computed(batch, wanted)

        return sorting.evaluated(self.name, compute, operands, reduction, own)

    cdef tuple computed(self, batch, int wanted):
        """Sums of each group, and derivatives of each sample."""
        cdef const GroupEntry* entry = <const GroupEntry*>self.entry
        cdef double[:, ::1] lines = batch.lines
        cdef const int64_t[::1] starts = batch.starts
        cdef Py_ssize_t n = lines.shape[1], groups = starts.shape[0] - 1, chunks, total
        cdef int threads
        # (np.empty takes memory where it is written: of what is not asked for, nowhere)
        cdef double[:, ::1] room = np.empty((GROUP_LINES, n))
        cdef double[:, ::1] derivatives = np.empty((2, n))
        cdef double[:, ::1] sums = np.zeros((groups, 3))
        cdef const int64_t[::1] cuts
        cdef GroupsJob job
        size = np.diff(batch.starts).astype(np.float64)
        work = size * size / 2 if entry.paired else size
        cuts = chunked(work)
        chunks = cuts.shape[0] - 1
        if n > 0:
            job.function = entry.function
            job.start, job.chunk, job.sums = &starts[0], &cuts[0], &sums[0, 0]
            job.all.score, job.all.place, job.all.event, job.all.weight = &lines[0, 0], &lines[1, 0], &lines[2, 0], &lines[3, 0]
            job.all.room, job.all.stride = &room[0, 0], n
            job.all.grad = &derivatives[0, 0] if wanted & (GRAD | HESS | BOUND) else NULL
            job.all.hess = &derivatives[1, 0] if wanted & (HESS | BOUND) else NULL
            job.all.efron, job.all.bound = batch.efron, wanted & BOUND
            total = <Py_ssize_t>min(float(work.sum()), 2.0 ** 62)
            threads = threads_for(total, chunks)
            with nogil:
                share(groups_chunk, <void*>&job, chunks, threads)
        return sums.base, derivatives.base


cdef chunked(work):
    """The first group of each chunk, of about the same work, and the number of groups."""
    done = np.cumsum(work)
    total = work.sum()
    cuts = np.searchsorted(done, np.arange(1, max(total // GROUP_WORK, 1)) * GROUP_WORK, side="left") + 1
    return np.unique(np.concatenate([[0], cuts, [work.size]])).clip(0, work.size).astype(np.int64)
