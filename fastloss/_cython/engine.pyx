"""The way of a batch, compiled once: arrays to views, workspaces, chunks, threads, divisors, and the fast way in.

Arrays that need no preparation, which is nearly all of them, are answered in `quick`, in a few hundred nanoseconds. For anything
else it gives NotImplemented and has done nothing; arguments are then checked and converted in Python, where every error is worded,
and come back by `run`. What is computed comes from a level (tables.pxd): the same formulas and loops, compiled for other processors.
"""

import functools
import importlib

cimport cython
cimport numpy as cnp
from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint64_t
from libc.string cimport memcpy, memmove, memset

from .batch cimport (
    GRADS, HESSES, INPUTS, OPERANDS, PRED, TARGET, VALUES, WEIGHT, Batch, Operand, Partial, describe, flat, gather, locate,
    read_numbers, scatter, write_numbers)
from .block cimport (
    ALIGNMENT_LINES, BOUND, GRAD, GROUP_LINES, HESS, LANES, MOVING, OUTSIDE, PAIR_ADD_TERMS, PAIR_CONCLUDE, PAIR_GREATEST, PAIR_INSPECT,
    PAIR_MEASURE, PAIR_REFINE, PAIR_SPREAD, PAIR_WHOLE, PASSING, STAYING, TILE, VALUE, Block, CtcFunction, GroupBlock,
    GroupFunction, PairBlock, PairFunction, PairSums, PointwiseFunction, SimilarityBlock, SimilarityFunction, Sums,
    TripletBlock, TripletFunction)
from .rows_block cimport (
    ALL_STAGES, CONCLUDE, DIVERGE, DIVERGE_JOIN, DIVERGE_SUM, DIVERGE_TERMS, FINISH, INSPECT, LINES, LOSS, REDUCE, REFINE,
    ROWS, ROWS_OF_OWN, SHORT, SHORT_WHOLE, SPAN, SPAN_LINES, SPREAD, TILES, WEIGH, WEIGHT as WEIGHT_OF_ROW, RowsBlock, RowsFunction,
    RowsSums)
from .tables cimport (
    CtcEntry, Floor, GroupEntry, Memory, PairEntry, PointwiseEntry, RowsEntry, RowsForm, SimilarityEntry, TripletEntry, entry_of)
from .vectors cimport fetch
from .views cimport reading, writing

cnp.import_array()

DOOR = PyCapsule_New(<void*>quick_of, "fastloss.quick", NULL)

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


cdef bint AMD


def suit(str maker):
    """Have memory read and written as suits the processors of this maker. It changes no result."""
    global AMD
    AMD = maker == "AuthenticAMD"


suit(importlib.import_module(".cpu", __package__).maker())


cdef class Kernel:
    """What runs a loss, or a function: by `quick`, and by `run` where that gives up."""
    door = DOOR                         # a capsule with `quick`, for callers that are compiled too

    cpdef object quick(self, int call, pred, target, weight, reduction, out, tuple own):
        return NotImplemented


cdef object quick_of(Kernel kernel, int call, pred, target, weight, reduction, out, tuple own):
    return kernel.quick(call, pred, target, weight, reduction, out, own)


include "run.pxi"
include "arrays.pxi"
include "pointwise.pxi"
include "statistics.pxi"
include "core.pxi"
include "outputs.pxi"
include "pairs.pxi"
include "groups.pxi"
include "embeddings.pxi"
include "alignments.pxi"
include "rows_numbers.pxi"
include "rows.pxi"
include "rows_kernel.pxi"
include "floor.pxi"


# ---- levels -----------------------------------------------------------------------------------------------------------------

FAMILIES = {
    "pointwise": PointwiseKernel,
    "statistic": StatisticKernel,
    "outputs": OutputsKernel,
    "boxes": BoxesKernel,
    "pairs": PairsKernel,
    "rows": RowsKernel,
    "groups": GroupsKernel,
    "similarities": SimilarityKernel,
    "triplets": TripletKernel,
    "ctc": CtcKernel,
}


cdef str family(capsule):
    return PyCapsule_GetName(capsule).decode()


class Backend:
    """What runs the losses: kernels by name, and the loops that measure the machine."""

    compiler = COMPILER.decode()
    thread_pool = "own"

    def __init__(self, modules):
        parts = [importlib.import_module(f"fastloss._cython.{name}") for name in modules]
        tables = {name: capsule for part in parts for name, capsule in part.TABLES.items()}
        kinds = {name: FAMILIES.get(family(capsule)) for name, capsule in tables.items()}
        self.KERNELS = {name: kind(tables, name) for name, kind in kinds.items() if kind is not None}
        floor = FloorLoops(tables)
        self.read, self.write, self.pick = floor.read, floor.write, floor.pick
        self.set_thread_limit = set_thread_limit

    @staticmethod
    def nothing(int call, pred, target, weight, reduction, out, tuple own):
        """A call with the arguments of `quick`, that computes nothing."""
        return 0.0


load = functools.cache(Backend)
