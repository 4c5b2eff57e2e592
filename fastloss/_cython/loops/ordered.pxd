"""Loops over samples: losses of a score against classes that have an order."""

from ..formulas.ordered cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 1

include "pointwise.pxi"
