"""Loops over samples: functions of one number."""

from ..formulas.functions cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 0
    SLOPED = 0

include "pointwise.pxi"
