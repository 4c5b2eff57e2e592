"""Loops over samples: robust losses."""

from ..formulas.robust cimport Pointwise, inspect, point, prepare, prepares, sloped, suspect

include "pointwise.pxi"
