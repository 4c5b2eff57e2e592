"""Loops over samples: losses of margins."""

from ..formulas.margins cimport Pointwise, inspect, point, prepare, prepares, ready, sloped, suspect

cdef enum:
    SIGNS = 1

include "pointwise.pxi"
