"""Loops over samples: losses of margins."""

from ..formulas.margins cimport Pointwise, inspect, point, prepare, prepares, sloped, suspect

include "pointwise.pxi"
