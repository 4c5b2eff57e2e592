"""Loops over samples: robust losses."""

from ..formulas.robust cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 1

include "pointwise.pxi"
