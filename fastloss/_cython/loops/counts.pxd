"""Loops over samples: losses of counts and of positive numbers."""

from ..formulas.counts cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 1

include "pointwise.pxi"
