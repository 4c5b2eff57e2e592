"""Loops over samples: losses of margins."""

from ..formulas.margins cimport Pointwise, inspect, point, prepare, prepares, suspect

include "pointwise.pxi"
