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

cdef enum Stores:           # how results are written
    STAYING = 0             # where they will stay
    PASSING = 1             # likewise, by stores that pass the cache by: where they begin, and every LANES, a line of it begins
    MOVING = 2              # into a workspace, from where they go on

cdef struct Sums:           # number k of a chunk is added to sum k mod LANES
    double value[LANES]     # Σ wℓ
    double weight[LANES]    # Σ w
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
    int stores
    bint inspected          # all inputs are known to be inside the domain

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

cdef struct GroupBlock:     # a group of samples that are there, from the first place to the last
    Py_ssize_t size
    const double* score
    const double* place     # those with the same are tied
    const double* event     # the weight of what happens to a sample at its place; 0: nothing does
    const double* weight    # its weight for the others
    double* room            # GROUP_LINES lines, `stride` doubles from one to the next
    Py_ssize_t stride
    double* grad            # NULL: for the value alone
    double* hess
    bint efron
    bint bound              # a majorizer in the Hessian's place
    double* sums            # the cost, and the weight and the number of what it is a sum of

cdef enum:
    GROUP_LINES = 5

ctypedef int (*GroupFunction)(const GroupBlock* block) except -1 nogil

cdef struct SimilarityBlock:    # a row of similarities, padded to a multiple of LANES
    double* row             # becomes slopes
    Py_ssize_t size
    Py_ssize_t padded
    Py_ssize_t own          # its own place in it
    const int64_t* label    # of each place
    int64_t positives       # other places with its label
    bint slopes
    double* loss

ctypedef int (*SimilarityFunction)(const SimilarityBlock* block) except -1 nogil

cdef struct TripletBlock:   # rows of embeddings, and triplets of them
    const double* embedding
    Py_ssize_t rows
    Py_ssize_t size
    const int64_t* place    # anchor, positive and negative of each triplet
    const double* weight
    Py_ssize_t triplets
    double margin
    double* grad            # NULL: not wanted; else what is added to
    double* hess
    double* sums            # the cost, the weight and the number of triplets

ctypedef int (*TripletFunction)(const TripletBlock* block) except -1 nogil

# A sequence: rows of logits, whose place its gradient takes; labels; room. See loops/alignments.pxd.
ctypedef int (*CtcFunction)(double* x, const int64_t* label, Py_ssize_t labels, Py_ssize_t blank, double* work, double* hess,
                            Py_ssize_t frames, Py_ssize_t classes, bint sloped, double* value) except -1 nogil

cdef enum:
    ALIGNMENT_LINES = 8     # of states that it has room for
