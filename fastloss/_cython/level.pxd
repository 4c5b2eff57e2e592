"""What a level is made of: formulas and loops, put into tables for the engine. Cimported by the level modules alone."""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t
from libc.stdlib cimport malloc

from .block cimport PointwiseFunction
from .formulas cimport pointwise as formulas
from .formulas.pointwise cimport Pointwise
from .loops.pointwise cimport pointwise
from .tables cimport Memory, PointwiseEntry

cdef extern from "memory.h" nogil:
    void load_f(const char* x, Py_ssize_t step, int code, float* y, Py_ssize_t n) noexcept
    void load_d(const char* x, Py_ssize_t step, int code, double* y, Py_ssize_t n) noexcept
    void load_ids(const char* x, Py_ssize_t step, int code, int64_t* y, Py_ssize_t n) noexcept
    void store_f(const float* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept
    void store_d(const double* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept
    void stream_out(const void* x, char* y, Py_ssize_t size) noexcept
    void stream_fence() noexcept


cdef inline dict level_tables():
    """name -> capsule, of everything that a level knows."""
    return {
        "memory": memory(),
        "mse": entry(<const formulas.Mse*>NULL, False),
        "mae": entry(<const formulas.Mae*>NULL, False),
        "huber": entry(<const formulas.Huber*>NULL, False),
        "pseudo_huber": entry(<const formulas.PseudoHuber*>NULL, False),
        "log_cosh": entry(<const formulas.LogCosh*>NULL, False),
        "hinge": entry(<const formulas.Hinge*>NULL, True),
        "squared_hinge": entry(<const formulas.SquaredHinge*>NULL, True),
        "binary_cross_entropy": entry(<const formulas.BinaryCrossEntropy*>NULL, True),
        "sigmoid_cross_entropy": entry(<const formulas.SigmoidCrossEntropy*>NULL, True),
        "cross_entropy_term": entry(<const formulas.CrossEntropyTerm*>NULL, True),
        "sigmoid": entry(<const formulas.Sigmoid*>NULL, False),
        "log_sigmoid": entry(<const formulas.LogSigmoid*>NULL, False),
        "softplus": entry(<const formulas.Softplus*>NULL, False),
        "exp": entry(<const formulas.Exp*>NULL, False),
        "expm1": entry(<const formulas.Expm1*>NULL, False),
        "log": entry(<const formulas.Log*>NULL, False),
        "log1m": entry(<const formulas.Log1m*>NULL, False),
        "log1p": entry(<const formulas.Log1p*>NULL, False),
    }


cdef inline object memory():
    cdef Memory* self = <Memory*>malloc(sizeof(Memory))
    if self is NULL:
        raise MemoryError()
    self.load_f, self.load_d, self.load_ids = load_f, load_d, load_ids
    self.store_f, self.store_d = store_f, store_d
    self.stream_out, self.stream_fence = stream_out, stream_fence
    return PyCapsule_New(self, "memory", NULL)


cdef inline object entry(const Pointwise* tag, bint inspected):
    cdef PointwiseEntry* self = <PointwiseEntry*>malloc(sizeof(PointwiseEntry))
    if self is NULL:
        raise MemoryError()
    self.function[0] = <PointwiseFunction>pointwise[Pointwise, float]
    self.function[1] = <PointwiseFunction>pointwise[Pointwise, double]
    self.inspected = inspected
    return PyCapsule_New(self, "pointwise", NULL)
