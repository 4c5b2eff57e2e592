# Losses that are a root of a mean over the whole batch. Included by engine.pyx, after pointwise.pxi.

cdef extern from *:
    """
    #define LIFT_ROOT 0x1p600       /* squares of all doubles times this, or by it, have sums within range */
    """
    const double LIFT_ROOT


cdef class StatisticKernel(PointwiseKernel):
    """A root of a mean of squares."""

    cpdef object quick(self, int call, pred, target, weight, reduction, out, tuple own):
        """As PointwiseKernel.quick; a root has no losses of its samples, nor a sum of them."""
        if reduction is not USUAL and reduction != "mean" and reduction != "batch_mean":
            return NotImplemented
        return PointwiseKernel.quick(self, call, pred, target, weight, reduction, out, own)

    cdef int evaluate(self, PointwiseJob* job, int reduction, bint weighted, bint written, bint aliased, double* cost,
                      Partial* total) except -1:
        """The root first; then its derivatives, if they are wanted."""
        cdef Batch* batch = &job.job.batch
        cdef int wanted = batch.wanted
        cdef bint by_weight = weighted and reduction == MEAN
        cdef double divisor
        job.counted = True
        batch.unit = 1
        batch.wanted = VALUE
        run(&job.job, total)
        if total.seen & OUTSIDE:
            return 0
        if weighted and not ordinary(total.weight):
            batch.unit = unit_for(total.weight)
            job.job.work = job.job.unit_work
            run(&job.job, total)
        if not 1 / LIFT_ROOT <= total.value < INFINITY:
            job.lift = LIFT_ROOT if total.value < 1 else 1 / LIFT_ROOT
            run(&job.job, total)
        divisor = total.weight if by_weight else total.samples * batch.unit
        job.root = sqrt(total.value / divisor)
        if isinf(job.root):             # the quotient may be beyond the range where its root is not
            job.root = sqrt(total.value) / sqrt(divisor)
        cost[0] = job.root / job.lift
        if wanted & GRAD:
            batch.scale = 1 / divisor if divisor != 0 else 0
            batch.wanted = wanted & ~VALUE
            run(&job.job, total)
        total.weight /= batch.unit
        return 0
