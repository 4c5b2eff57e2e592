"""Loops over samples: robust losses."""

from ..formulas.robust cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 0

include "pointwise.pxi"
