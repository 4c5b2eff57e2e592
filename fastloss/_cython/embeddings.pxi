# Losses of embeddings that are compared with each other. Included by engine.pyx.

from fastloss._core import similarities
from fastloss._core import triplets as places_of_triplets

cdef struct SimilarityJob:
    SimilarityFunction function
    SimilarityBlock first               # addresses of what belongs to the block's first row
    const int64_t* positives
    Py_ssize_t rows
    Py_ssize_t share                    # rows that a thread takes at a time


cdef int similarity_chunk(void* context, Py_ssize_t chunk, int thread) except -1 nogil:
    """Some rows of similarities."""
    cdef const SimilarityJob* job = <const SimilarityJob*>context
    cdef SimilarityBlock block = job.first
    cdef Py_ssize_t i
    for i in range(chunk * job.share, min((chunk + 1) * job.share, job.rows)):
        block.row = job.first.row + i * block.padded
        block.own = job.first.own + i
        block.positives = job.positives[block.own]
        block.loss = job.first.loss + i
        job.function(&block)
    return 0


cdef class SimilarityKernel(CoreKernel):
    """A loss of rows of similarities: products by NumPy's BLAS, and a function of a level between them."""

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run."""
        cdef int wanted = WANTED[call]
        wants = bool(wanted & VALUE), bool(wanted & GRAD), bool(wanted & HESS)
        return similarities.evaluated(self.rows, wants, operands, None, reduction, own)

    def rows(self, block, Py_ssize_t first, label, positives, bint slopes):
        """What `similarities.Rows` says."""
        cdef double[:, ::1] numbers = block
        cdef const int64_t[::1] labels = label
        cdef const int64_t[::1] counts = positives
        cdef double[::1] losses = np.empty(numbers.shape[0])
        cdef SimilarityJob job
        cdef Py_ssize_t chunks
        cdef int threads
        job.function = (<const SimilarityEntry*>self.entry).function
        job.first.row, job.first.loss, job.first.label = &numbers[0, 0], &losses[0], &labels[0]
        job.first.size, job.first.padded, job.first.own, job.first.slopes = labels.shape[0], numbers.shape[1], first, slopes
        job.positives = &counts[0]
        job.rows = numbers.shape[0]
        job.share = max(CHUNK // numbers.shape[1], <Py_ssize_t>1)
        chunks = (job.rows + job.share - 1) // job.share
        threads = threads_for(numbers.shape[0] * numbers.shape[1], chunks)
        with nogil:
            share(similarity_chunk, <void*>&job, chunks, threads)
        return losses.base


cdef class TripletKernel(CoreKernel):
    """A loss of triplets of rows, one after another: they have rows in common."""

    def run(self, int call, tuple operands, str reduction, tuple own, bint inspect_first):
        """As PointwiseKernel.run."""
        cdef int wanted = WANTED[call]
        return places_of_triplets.evaluated(lambda *given: self.computed(*given, wanted), operands, reduction, own)

    def computed(self, x, place, weight, double margin, int wanted):
        """What `triplets.Compute` says."""
        cdef const double[:, ::1] embeddings = x
        cdef const int64_t[:, ::1] places = place
        cdef const double[::1] weights = weight
        cdef double[:, ::1] grad = np.zeros(x.shape)
        cdef double[:, ::1] hess = np.zeros(x.shape) if wanted & (HESS | BOUND) else grad
        cdef double sums[3]
        cdef TripletBlock block
        cdef TripletFunction function = (<const TripletEntry*>self.entry).function
        sums[0] = sums[1] = sums[2] = 0
        block.grad = block.hess = NULL
        if embeddings.shape[0] > 0 and embeddings.shape[1] > 0 and weights.shape[0] > 0:
            if wanted & (HESS | BOUND):
                block.hess = &hess[0, 0]
            if wanted & (GRAD | HESS | BOUND):
                block.grad = &grad[0, 0]
            block.embedding, block.rows, block.size = &embeddings[0, 0], embeddings.shape[0], embeddings.shape[1]
            block.place, block.weight, block.triplets, block.margin = &places[0, 0], &weights[0], weights.shape[0], margin
            block.sums = sums
            with nogil:
                function(&block)
        return (sums[0], sums[1], sums[2]), np.asarray(grad), np.asarray(hess)
