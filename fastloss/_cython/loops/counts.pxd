"""Loops over samples: losses of counts and of positive numbers."""

from ..formulas.counts cimport Pointwise, inspect, point, prepare, prepares, suspect

include "pointwise.pxi"
