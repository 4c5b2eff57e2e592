"""Loops over samples: robust losses."""

from ..formulas.robust cimport Pointwise, inspect, point, prepare, prepares, suspect

include "pointwise.pxi"
