"""Loops over samples: squares, absolute values, quantiles, relative errors."""

from ..formulas.regression cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 1

include "pointwise.pxi"
