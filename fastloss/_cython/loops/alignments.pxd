"""Connectionist temporal classification: forwards and backwards over all alignments of a sequence, in double, in logarithms.

The states of a sequence of L labels are these with a blank before, between and behind them, 2L + 1. From one frame to the next a path
stays in its state, goes to the next one, or leaves out a blank between two labels that differ.
"""

from libc.stdint cimport int64_t

from ..block cimport ALIGNMENT_LINES, LANES
from ..vectors cimport vexp, vlog
from ..views cimport reading_ids, writing, writing_rows

cdef extern from "math.h" nogil:
    const double INFINITY
    double log(double x)

cdef enum:
    PAD = 2                 # states without a path to them, on either side of a line

cdef enum:                  # lines
    FROM                    # what a state is reached from, between the pads
    MOST
    POWERS                  # three of them
    LOGS = POWERS + 3
    BETA
    SKIPS                   # 1, if the blank before a state may be left out; the last of ALIGNMENT_LINES


cdef inline double greatest(double a, double b) noexcept nogil:
    """NaN, if one is."""
    return a if (a > b) | (a != a) else b


cdef inline int join(const double[:, ::1] source, Py_ssize_t row, double[:, ::1] lines, Py_ssize_t result, Py_ssize_t states,
                     Py_ssize_t width, int way) except -1 nogil:
    """Into a line log(exp(a[s]) + exp(a[s - way]) + exp(a[s - 2·way])) of each state of a row a, the last where the blank may be left
    out; `way` is 1 or -1."""
    cdef double[::1] here = lines[FROM], most = lines[MOST], skips = lines[SKIPS]
    cdef double x, y, z, m
    cdef Py_ssize_t s
    for s in range(width + 2 * PAD):
        here[s] = -INFINITY
    for s in range(states):
        here[PAD + s] = source[row, s]
    for s in range(width):
        x = here[PAD + s]
        y = here[PAD + s - way]
        z = here[PAD + s - 2 * way] if skips[PAD + (s if way > 0 else s + 2)] != 0 else -INFINITY
        m = greatest(greatest(x, y), z)
        most[s] = m
        m = 0 if m == -INFINITY else m
        lines[POWERS, s] = x - m
        lines[POWERS + 1, s] = y - m
        lines[POWERS + 2, s] = z - m
    vexp(&lines[POWERS, 0], &lines[POWERS, 0], width)
    vexp(&lines[POWERS + 1, 0], &lines[POWERS + 1, 0], width)
    vexp(&lines[POWERS + 2, 0], &lines[POWERS + 2, 0], width)
    for s in range(width):
        x = lines[POWERS, s] + lines[POWERS + 1, s] + lines[POWERS + 2, s]
        lines[LOGS, s] = 1 if x == 0 else x
    vlog(&lines[LOGS, 0], &lines[LOGS, 0], width)
    for s in range(width):
        lines[result, s] = most[s] + lines[LOGS, s]
    return 0


cdef inline int emit(double[:, ::1] x, const int64_t[::1] label, Py_ssize_t blank, double[:, ::1] emitted,
                     Py_ssize_t frames, Py_ssize_t classes) except -1 nogil:
    """Logits become probabilities; of each frame and state the logarithm of its class's."""
    cdef Py_ssize_t t, k, s, states = 2 * label.shape[0] + 1, padded = x.shape[1]
    cdef double top, total, lifted
    for t in range(frames):
        top = -INFINITY
        for k in range(classes):
            top = greatest(top, x[t, k])
        for k in range(classes):
            x[t, k] -= top
        for k in range(classes, padded):
            x[t, k] = -INFINITY
        for s in range(states):
            emitted[t, s] = x[t, label[s // 2] if s & 1 else blank]
        vexp(&x[t, 0], &x[t, 0], padded)
        total = 0
        for k in range(classes):
            total += x[t, k]
        lifted = log(total)
        for s in range(states):
            emitted[t, s] -= lifted
        for k in range(classes):
            x[t, k] /= total
    return 0


cdef inline int align(double[:, ::1] x, const int64_t[::1] label, Py_ssize_t blank, double[:, ::1] emitted, double[:, ::1] alpha,
                      double[:, ::1] lines, double[:, ::1] hess, double[::1] posterior, Py_ssize_t frames, Py_ssize_t classes, bint sloped,
                      double* value) except -1 nogil:
    """The loss of a sequence; `x` becomes its gradient."""
    cdef Py_ssize_t t, s, k, states = 2 * label.shape[0] + 1, width = alpha.shape[1]
    cdef double[::1] skips = lines[SKIPS], beta = lines[BETA]
    cdef double loss, p, q
    emit(x, label, blank, emitted, frames, classes)
    for s in range(width + 2 * PAD):
        skips[s] = 0
    for s in range(3, states, 2):
        skips[PAD + s] = 1 if label[s // 2] != label[s // 2 - 1] else 0
    for s in range(width):
        lines[LOGS, s] = 0 if s < min(states, <Py_ssize_t>2) else -INFINITY
    for t in range(frames):
        if t > 0:
            join(alpha, t - 1, lines, LOGS, states, width, 1)
        for s in range(states):
            alpha[t, s] = lines[LOGS, s] + emitted[t, s]
        for s in range(states, width):
            alpha[t, s] = -INFINITY
    if frames == 0:
        loss = 0 if states == 1 else INFINITY
    else:
        lines[BETA, 0] = alpha[frames - 1, states - 1]
        for s in range(1, width):
            lines[BETA, s] = -INFINITY
        if states > 1:
            lines[BETA, 1] = alpha[frames - 1, states - 2]
        p = greatest(lines[BETA, 0], lines[BETA, 1])
        loss = INFINITY if p == -INFINITY else -(p + log(power(lines[BETA, 0] - p) + power(lines[BETA, 1] - p)))
    value[0] = loss
    if not sloped:
        return 0
    for s in range(width):
        beta[s] = 0 if (s < states) & (s >= states - 2) else -INFINITY
    for t in range(frames - 1, -1, -1):
        if t < frames - 1:
            for s in range(states):
                beta[s] += emitted[t + 1, s]
            join(lines, BETA, lines, BETA, states, width, -1)
        for s in range(width):
            p = (alpha[t, s] + beta[s]) + loss
            lines[POWERS, s] = 0 if p > 0 else p
        vexp(&lines[POWERS, 0], &lines[POWERS, 0], width)
        for k in range(classes):
            posterior[k] = 0
        for s in range(states):
            posterior[label[s // 2] if s & 1 else blank] += lines[POWERS, s]
        for k in range(classes):
            p = x[t, k]
            q = posterior[k]
            x[t, k] = p - q if loss != INFINITY else 0
            if hess.shape[0] > 0:
                hess[t, k] = p * (1 - p) - q * (1 - q) if loss != INFINITY else 0
    return 0


cdef inline double power(double x) noexcept nogil:
    """exp(x) for x <= 0."""
    cdef double line[LANES]
    cdef Py_ssize_t k
    for k in range(LANES):
        line[k] = x
    vexp(&line[0], &line[0], LANES)
    return line[0]


cdef inline int alignments(double* x, const int64_t* label, Py_ssize_t labels, Py_ssize_t blank, double* work, double* hess,
                           Py_ssize_t frames, Py_ssize_t classes, bint sloped, double* value) except -1 nogil:
    """The door. Rows of x and hess are padded to whole LANES, as are states; `work` has room for two numbers for each frame and state,
    the lines, and a line of classes."""
    cdef Py_ssize_t columns = (classes + LANES - 1) & ~(<Py_ssize_t>LANES - 1)
    cdef Py_ssize_t width = (2 * labels + LANES) & ~(<Py_ssize_t>LANES - 1), size = frames * width
    return align(writing_rows(x, frames, columns, columns), reading_ids(label, labels), blank, writing_rows(work, frames, width, width),
                 writing_rows(work + size, frames, width, width),
                 writing_rows(work + 2 * size, ALIGNMENT_LINES, width + LANES, width + LANES),
                 writing_rows(hess, frames if hess is not NULL else 0, columns, columns),
                 writing(work + 2 * size + ALIGNMENT_LINES * (width + LANES), columns), frames, classes, sloped, value)
