"""Loops over samples: squares, absolute values, quantiles, relative errors."""

from ..formulas.regression cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 0

include "pointwise.pxi"
