"""What a level gives to the engine: for each loss its functions, for float and for double; and how numbers are loaded and stored.

An entry travels as a capsule, whose name says of which family it is; it is never freed, as the level is not.
"""

from cpython.pycapsule cimport PyCapsule_GetName, PyCapsule_GetPointer, PyCapsule_New
from libc.stdint cimport int32_t, int64_t
from libc.stdlib cimport calloc

from .block cimport CtcFunction, GroupFunction, PairFunction, PointwiseFunction, SimilarityFunction, TripletFunction
from .rows_block cimport Ports, RowsFunction

cdef struct Memory:
    void (*load_f)(const char* x, Py_ssize_t step, int code, float* y, Py_ssize_t n) noexcept nogil
    void (*load_d)(const char* x, Py_ssize_t step, int code, double* y, Py_ssize_t n) noexcept nogil
    void (*load_ids)(const char* x, Py_ssize_t step, int code, int64_t* y, Py_ssize_t n) noexcept nogil
    void (*store_f)(const float* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept nogil
    void (*store_d)(const double* x, char* y, Py_ssize_t step, int code, Py_ssize_t n) noexcept nogil
    void (*collect_f)(const char* x, Py_ssize_t row, Py_ssize_t step, float* y, Py_ssize_t n, Py_ssize_t classes,
                      Py_ssize_t padded) noexcept nogil
    void (*collect_d)(const char* x, Py_ssize_t row, Py_ssize_t step, double* y, Py_ssize_t n, Py_ssize_t classes,
                      Py_ssize_t padded) noexcept nogil
    void (*gather_f)(const float* x, const int32_t* table, float* y, Py_ssize_t n) noexcept nogil
    void (*gather_d)(const double* x, const int32_t* table, double* y, Py_ssize_t n) noexcept nogil
    void (*stream_out)(const void* x, char* y, Py_ssize_t size) noexcept nogil
    void (*stream_fence)() noexcept nogil

cdef struct Floor:                      # loops that measure the memory
    int (*read)(const int64_t* a, const int64_t* b, Py_ssize_t n, int64_t* seen) except -1 nogil
    int (*write)(const int64_t* a, const int64_t* b, int64_t* out, Py_ssize_t n, bint streaming) except -1 nogil

cdef enum:
    SPECIAL = 3                         # the most special cases that a loss has

cdef struct Special:                    # the first hyperparameter's value at which a loss is another one of those after it
    double value
    PointwiseFunction function[2]

cdef struct PointwiseEntry:
    PointwiseFunction function[2]       # float, double
    bint has_domain                     # its inputs have a domain
    int specials
    Special special[SPECIAL]

cdef struct PairEntry:
    PairFunction function[2]
    bint has_domain                     # its inputs have a domain

cdef struct GroupEntry:
    GroupFunction function
    bint paired                         # its work grows with the square of a group's size

cdef struct SimilarityEntry:
    SimilarityFunction function

cdef struct TripletEntry:
    TripletFunction function

cdef struct CtcEntry:
    CtcFunction function

cdef struct RowsForm:                   # of a loss with one kind of target
    RowsFunction class_major[2]         # float, double; NULL: the loss does not know this kind of target
    RowsFunction row_major[2]
    bint targeted                       # the target is a row
    bint numbered                       # or one number, that stands for a row of it
    bint free                           # it holds any numbers
    bint labelled                       # or a class id
    bint has_domain                     # its probabilities have a domain
    bint sparse                         # nothing but the label's number is read
    bint joined                         # spans can be computed apart
    bint reads_again                    # logits are needed once exponentials have taken their place
    bint refined                        # it has sums that need the normaliser
    bint divergence                     # its value has sums of its own
    bint whole                          # all of it does, in doubles
    Ports ports[2]                      # of which they come in and go out here
    bint compared                       # its labels are compared with the rest of their rows

cdef struct RowsEntry:
    RowsForm ids
    RowsForm rows
    const char* by_numbers              # the loss of one number against one that it is a sum of; or NULL


cdef inline void* room(size_t size) except NULL:
    """Memory for an entry, all zeros."""
    cdef void* place = calloc(1, size)
    if place is NULL:
        raise MemoryError()
    return place


cdef inline object pointwise_entry(PointwiseFunction of_float, PointwiseFunction of_double, bint has_domain, const char* kind):
    cdef PointwiseEntry* self = <PointwiseEntry*>room(sizeof(PointwiseEntry))
    self.function[0], self.function[1], self.has_domain = of_float, of_double, has_domain
    return PyCapsule_New(self, kind, NULL)


cdef inline int special_case(dict tables, str name, double value, str other) except -1:
    """Say that a loss is another one where its first hyperparameter has this value."""
    cdef PointwiseEntry* self = <PointwiseEntry*>entry_of(tables, name)
    cdef const PointwiseEntry* instead = <const PointwiseEntry*>entry_of(tables, other)
    if self.specials == SPECIAL:
        raise OverflowError(f"{name} has more than {SPECIAL} special cases")
    self.special[self.specials].value = value
    self.special[self.specials].function = instead.function
    self.specials += 1
    return 0


cdef inline void* entry_of(dict tables, str name) except NULL:
    """What a level's table has of a name."""
    capsule = tables[name]
    return PyCapsule_GetPointer(capsule, PyCapsule_GetName(capsule))
