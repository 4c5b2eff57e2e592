"""What the engine hands to a level: a block of samples, and where its sums go. The level makes views of the addresses (doors of
loops/*.pxd); everything behind that is typed memoryviews."""

from libc.stdint cimport int64_t

cdef enum:
    LANES = 32              # numbers that a loop takes at a time, and running sums; blocks are multiples of it
    TILE = 1024             # samples that pass through a thread's workspace at a time

cdef enum Wanted:           # a set; the empty one inspects the inputs and adds up the weights
    VALUE = 1
    GRAD = 2
    HESS = 4
    BOUND = 8               # a majorizer in the Hessian's place

cdef enum Seen:             # what inspecting showed
    OUTSIDE = 1             # an input is outside the loss's domain
    SOFT = 2                # a label is neither 0 nor 1

cdef struct Sums:           # number k of a chunk is added to sum k mod LANES
    double value[32]        # Σ wℓ
    double weight[32]       # Σ w
    int seen

cdef struct Block:          # of a pointwise loss: `size` samples, a multiple of LANES, side by side
    const double* weight    # NULL: every sample counts 1
    void* value             # NULL: losses are added up
    void* grad
    void* hess
    Py_ssize_t size
    int wanted
    double scale            # of gradient and Hessian
    Py_ssize_t ahead        # bytes: how far before its use memory is asked for
    double lift             # of statistics: a power of two that errors are multiplied by, so that their squares are in range
    double root             # and the root of their mean
    bint streaming          # the gradient is not written where it will stay

ctypedef int (*PointwiseFunction)(const void* loss, const void* pred, const void* target, const Block* block,
                                 Sums* sums) except -1 nogil

cdef enum PairStep:         # of the way of two rows
    PAIR_ADD_TERMS = 0
    PAIR_MEASURE = 1             # answers 1: squares have left the range; + 2: another sum is needed
    PAIR_GREATEST = 2
    PAIR_REFINE = 3
    PAIR_CONCLUDE = 4
    PAIR_SPREAD = 5
    PAIR_WHOLE = 6               # of a row in one span, all but the last; answers 1, having concluded nothing, if squares have left the range
    PAIR_INSPECT = 7             # whether a number is outside the loss's domain, into `seen`

cdef struct PairSums:       # what is known of two rows
    double first            # the sums of `terms` ...
    double second
    double third
    double refined          # ... and of `refine`
    double pred_scale       # what the numbers are multiplied by before anything else
    double target_scale
    double pred_unit        # what `measure` makes of the sums,
    double target_unit
    double loss             # and `conclude`:
    double factor           # for the derivatives
    double steep
    double bend
    int seen

cdef struct PairBlock:      # a span of two rows
    int step
    Py_ssize_t size
    PairSums* sums
    bint refined
    double weight           # of the row's derivatives
    void* grad
    void* hess

ctypedef int (*PairFunction)(const void* loss, const void* pred, const void* target, PairBlock* block) except -1 nogil

# A sequence: rows of logits, whose place its gradient takes; labels; room. See loops/alignments.pxd.
ctypedef int (*CtcFunction)(double* x, const int64_t* label, Py_ssize_t labels, Py_ssize_t blank, double* work, double* hess,
                            Py_ssize_t frames, Py_ssize_t classes, bint sloped, double* value) except -1 nogil

cdef enum:
    ROOM = 16               # lines of states that it has room for

# Of sorted samples: lines of scores, times, events and weights; room for five lines of the groups; gradient and Hessian.
ctypedef int (*CoxFunction)(const double* sorted, Py_ssize_t n, bint efron, double* group, double* derivatives, bint slopes,
                            bint bends, double* value) except -1 nogil
