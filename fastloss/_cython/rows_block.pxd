"""What the engine hands to a level of losses of rows: some rows with all their classes, or with a span of them.

A row goes through stages, several of them in one call where its classes are in one span. Between calls, what is known of it stands
in named lines of doubles, one column a row; and of a long row's spans in others, one column a span.
"""

from libc.stdint cimport int64_t

cdef enum:
    ROWS = 256              # the most rows of a block ...
    ROWS_OF_OWN = 128       # ... and where nothing of a row but its label's number is read
    SPAN = 2048             # classes of a span of a row
    SHORT = 96              # classes: from here on a row is a vector's work by itself ...
    SHORT_WHOLE = 160       # ... and of losses in tiles, which have more to add up over the vector's places

cdef enum:                  # doubles that a loss of whole rows has room for in `exps`, for each number of a block
    TILES = 7

cdef enum Stage:            # a set, gone through in this order
    INSPECT = 1             # targets (and probabilities) are looked at, and weighed by class
    WEIGH = 2               # what the rows weigh, and their labels
    REDUCE = 4              # the maximum and the sums
    CONCLUDE = 8            # the spans' sums put together, and the normaliser
    REFINE = 16             # sums that need it
    FINISH = 32             # losses, and the factors of the gradient
    SPREAD = 64             # gradient and Hessian
    DIVERGE = 128           # the loss of a divergence by logits; of a long row, after its
    DIVERGE_SUM = 256       # ... spans' greatest logits and sums
    DIVERGE_JOIN = 512      # ... the row's
    DIVERGE_TERMS = 1024    # ... and the spans' terms
    ALL_STAGES = 255

cdef enum:                  # of a row
    TOP                     # max x
    REST                    # sum exp(x - top), the excluded term left out
    EXCLUDED                # that term: the label's exp(x - top), or without a label the first greatest's
    PLACE                   # its class; -1: none
    MARGIN                  # the label's x - top
    LINEAR                  # sum (x - top); with rows for targets sum t(x - top); of probabilities sum t log p
    MASS                    # sum t
    OTHERS                  # of a labelled row: the rest without the greatest that is not the label ...
    RUNNER                  # ... and the class of that; -1: there is none whose exponential is 1
    WEIGHT
    CLASS_WEIGHT            # sum of t times its class's weight
    LOGS                    # log(rest + excluded)
    LOSS
    GAP                     # of divergences: what sum t - sum p adds to their terms ...
    LOST                    # ... and what rounding took from it
    POWER                   # of the probability of everything but the excluded class
    AIM                     # the excluded class's target
    MEAN_VALUE              # sums that need the normaliser: of values ...
    MEAN_SLOPE              # ... of slopes ...
    MEAN_BEND               # ... and of curvatures
    LINES

cdef enum:                  # of a span by itself, its exponentials relative to its own maximum
    SPAN_TOP                # -inf: nothing but masked classes
    SPAN_REST
    SPAN_EXCLUDED
    SPAN_MARGIN             # of the excluded term, to the span's base
    SPAN_BASE               # what exponentials are relative to
    SPAN_LINEAR
    SPAN_GAP
    SPAN_LOST
    SPAN_MASS
    SPAN_PLACE              # -1: in another span
    SPAN_OTHERS
    SPAN_RUNNER
    SPAN_VALUE
    SPAN_SLOPE
    SPAN_BEND
    SPAN_LINES

cdef struct RowsSums:
    double value            # sum of weight times loss
    double weight
    Py_ssize_t samples      # that count

cdef struct RowsBlock

ctypedef int (*Look)(const void* pred, const void* target, const RowsBlock* block) except -1 nogil
ctypedef int (*Take)(const void* pred, const void* target, Py_ssize_t row, Py_ssize_t width, const RowsBlock* block) except -1 nogil
ctypedef int (*Give)(void* grad, void* hess, Py_ssize_t row, Py_ssize_t width, const RowsBlock* block) except -1 nogil

cdef struct Ports:          # how floats, or doubles, come in and go out where everything behind is in doubles
    Look look
    Take take
    Give give

cdef struct RowsBlock:
    int stages
    int wanted              # of block.pxd
    Py_ssize_t rows
    Py_ssize_t classes      # of a whole row
    Py_ssize_t start        # the span's first class ...
    Py_ssize_t length       # ... and its classes; class-major: all of them
    Py_ssize_t span         # which it is ...
    Py_ssize_t spans        # ... of how many
    Py_ssize_t padded       # rows of a class-major block, and columns of the state: a multiple of LANES
    Py_ssize_t pred_row     # numbers from row to row; class-major: from class to class
    Py_ssize_t target_row
    Py_ssize_t exp_row
    Py_ssize_t grad_row
    Py_ssize_t hess_row
    void* exps              # exponentials; class-major: the logits, in whose place they and then the gradient come
    void* spare             # class-major: as much memory again, where the Hessian comes
    void* grad              # row-major
    void* hess
    double* state
    double* parts
    int64_t* label          # class ids; -1: of a row that is not there
    const double* class_weight
    bint class_major
    bint labelled           # targets are class ids
    bint has_domain         # pred has a domain
    bint weighted           # line WEIGHT is given
    bint ignoring
    int64_t ignored
    bint retains_exps       # between stages
    bint summed             # losses are added up
    double scale            # of gradient and Hessian
    double unit             # that weights are multiplied by
    Py_ssize_t ahead        # bytes: how far before its use memory is asked for
    const Ports* ports
    bint compared           # labels are places of a row, and not rows themselves
    RowsSums* sums

# What is seen of the inputs (block.pxd), or -1.
ctypedef int (*RowsFunction)(const void* loss, const void* pred, const void* target, const RowsBlock* block) except -1 nogil
