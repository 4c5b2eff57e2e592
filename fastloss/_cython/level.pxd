"""What a level is made of: formulas and loops, put into tables for the engine. Cimported by the level modules alone."""

from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int64_t
from libc.stdlib cimport malloc

from .block cimport CoxFunction, PairFunction, PointwiseFunction
# In this order: what others build upon comes first, or Cython leaves out its functions.
from .formulas cimport pointwise as formulas
from .formulas cimport statistics as roots
from .formulas cimport outputs as likelihoods
from .formulas cimport pairs as distances
from .formulas.pointwise cimport Pointwise
from .formulas.statistics cimport Statistic
from .formulas.outputs cimport TwoOutputs
from .formulas.pairs cimport Pair
from .loops.pointwise cimport pointwise
from .loops.statistics cimport statistic
from .loops.outputs cimport two_outputs
from .loops.pairs cimport pair
from .loops.survival cimport survival
from .tables cimport CoxEntry, Memory, PairEntry, PointwiseEntry

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
        "gaussian_nll": outputs_entry(<const likelihoods.GaussianNll*>NULL),
        "laplace_nll": outputs_entry(<const likelihoods.LaplaceNll*>NULL),
        "cosine_distance": pair_entry(<const distances.CosineDistance*>NULL),
        "cox": cox_entry(),
        "rmse": statistic_entry(<const roots.RootMeanSquared*>NULL, False),
        "rmsle": statistic_entry(<const roots.RootMeanSquaredLog*>NULL, True),
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


cdef inline object statistic_entry(const Statistic* tag, bint inspected):
    cdef PointwiseEntry* self = <PointwiseEntry*>malloc(sizeof(PointwiseEntry))
    if self is NULL:
        raise MemoryError()
    self.function[0] = <PointwiseFunction>statistic[Statistic, float]
    self.function[1] = <PointwiseFunction>statistic[Statistic, double]
    self.inspected = inspected
    return PyCapsule_New(self, "pointwise", NULL)


cdef inline object outputs_entry(const TwoOutputs* tag):
    cdef PointwiseEntry* self = <PointwiseEntry*>malloc(sizeof(PointwiseEntry))
    if self is NULL:
        raise MemoryError()
    self.function[0] = <PointwiseFunction>two_outputs[TwoOutputs, float]
    self.function[1] = <PointwiseFunction>two_outputs[TwoOutputs, double]
    self.inspected = False
    return PyCapsule_New(self, "pointwise", NULL)


cdef inline object pair_entry(const Pair* tag):
    cdef PairEntry* self = <PairEntry*>malloc(sizeof(PairEntry))
    if self is NULL:
        raise MemoryError()
    self.function[0] = <PairFunction>pair[Pair, float]
    self.function[1] = <PairFunction>pair[Pair, double]
    return PyCapsule_New(self, "pairs", NULL)


cdef inline object cox_entry():
    cdef CoxEntry* self = <CoxEntry*>malloc(sizeof(CoxEntry))
    if self is NULL:
        raise MemoryError()
    self.function = <CoxFunction>survival
    return PyCapsule_New(self, "cox", NULL)
