# Losses whose samples have a core axis. Included by engine.pyx.

cdef class CoreKernel:
    """A loss whose samples have a core axis, and which has no fast way in."""
    cdef PointwiseEntry entry
    cdef const Memory* memory

    def __init__(self, dict tables, str name):
        self.entry = (<PointwiseEntry*>PyCapsule_GetPointer(tables[name], "pointwise"))[0]
        self.memory = <const Memory*>PyCapsule_GetPointer(tables["memory"], "memory")

    def quick(self, *arguments):
        """No call is so simple."""
        return NotImplemented


cdef int prepare(Job* job, CoreKernel kernel, tuple operands, tuple cores, str reduction, int wanted) except -1:
    """What is common to their jobs."""
    cdef Batch* batch = &job.batch
    batch.memory = kernel.memory
    batch.double_precision = computed_in_double(operands[PRED])
    batch.summed = reduction != "none"
    batch.wanted = wanted
    batch.unit = batch.scale = 1
    job.summands = 1
    return arrange(batch, operands, cores)
