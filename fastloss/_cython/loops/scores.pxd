"""Loops over samples: losses of probabilities and scores."""

from ..formulas.scores cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 1

include "pointwise.pxi"
