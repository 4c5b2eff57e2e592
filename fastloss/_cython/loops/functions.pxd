"""Loops over samples: functions of one number."""

from ..formulas.functions cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 0

include "pointwise.pxi"
