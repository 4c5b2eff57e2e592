"""Loops over samples: losses of counts and of positive numbers."""

from ..formulas.counts cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 0

include "pointwise.pxi"
