"""The way of a batch, compiled once: arrays to views, workspaces, chunks, threads, divisors, and the fast way in.

Arrays that need no preparation, which is nearly all of them, are answered in `quick`, in a few hundred nanoseconds. For anything
else it gives NotImplemented and has done nothing; arguments are then checked and converted in Python, where every error is worded,
and come back by `run`. What is computed comes from a level (tables.pxd): the same formulas and loops, compiled for other processors.
"""

import importlib

cimport cython
cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memset

from .batch cimport (
    AXES, GRADS, HESSES, INPUTS, OPERANDS, PRED, TARGET, VALUES, WEIGHT, Batch, Operand, Partial, describe, flat, gather, locate, scatter)
from .block cimport BOUND, GRAD, HESS, LANES, OUTSIDE, TILE, VALUE, Block, PointwiseFunction, Sums
from .rows_block cimport (
    ALL_STAGES, CONCLUDE, DIVERGE, FINISH, INSPECT, LINES, LOSS, REDUCE, REFINE, ROWS, SHORT, SPAN, SPAN_LINES, SPREAD, WEIGH,
    WEIGHT as WEIGHT_OF_ROW, RowsBlock, RowsFunction, RowsSums)
from .tables cimport Memory, PointwiseEntry, RowsEntry, RowsForm
from .vectors cimport fetch
from .views cimport reading, writing

cnp.import_array()

cdef enum Call:                         # what a caller asks for
    CALL_VALUE = 0
    CALL_GRAD = 1
    CALL_VALUE_AND_GRAD = 2
    CALL_GRAD_AND_HESS = 3
    CALL_GRAD_AND_MAJORIZER = 4

cdef enum:
    PARAMETERS = 4                      # the most that a loss has

cdef int WANTED[5]
WANTED[:] = [VALUE, GRAD, VALUE | GRAD, GRAD | HESS, GRAD | BOUND]

openmp = bool(OPENMP)
compiler = COMPILER.decode()

include "run.pxi"
include "arrays.pxi"
include "pointwise.pxi"
include "rows_numbers.pxi"
include "rows.pxi"
include "rows_kernel.pxi"


# ---- levels -----------------------------------------------------------------------------------------------------------------

POINTWISE = (
    "mse", "mae", "huber", "pseudo_huber", "log_cosh", "hinge", "squared_hinge", "binary_cross_entropy", "sigmoid_cross_entropy",
    "sigmoid", "log_sigmoid", "softplus", "exp", "expm1", "log", "log1m", "log1p",
)

ROWS_LOSSES = (
    "softmax_cross_entropy", "softmax_focal", "softmax_kl_divergence", "categorical_cross_entropy",
    "sparse_categorical_cross_entropy", "kl_divergence", "softmax", "log_softmax", "logsumexp",
)


def load(level):
    """name -> kernel, on the formulas and loops of an instruction-set level."""
    tables = importlib.import_module(f"fastloss._cython.{level}").TABLES
    kernels = {name: PointwiseKernel(tables, name) for name in POINTWISE}
    kernels.update({name: RowsKernel(tables, name) for name in ROWS_LOSSES})
    return kernels
