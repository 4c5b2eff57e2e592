"""Loops over samples: losses of probabilities and scores."""

from ..formulas.scores cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 0

include "pointwise.pxi"
