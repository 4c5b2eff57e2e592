"""Loops over samples: losses of margins."""

from ..formulas.margins cimport Pointwise, inspect, point, prepare, prepares, ready, suspect

cdef enum:
    SIGNS = 1
    SLOPED = 1

include "pointwise.pxi"
