# What losses of two outputs, two rows and whole batches have in common. Included by engine.pyx.

cdef class CoreKernel:
    """A loss of another shape than a number against a number, which has no fast way in."""
    cdef const void* entry              # of tables.pxd, as the family has it
    cdef const Memory* memory

    def __init__(self, dict tables, str name):
        self.entry = entry_of(tables, name)
        self.memory = <const Memory*>entry_of(tables, "memory")

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
