"""Loops over samples: functions of one number."""

from ..formulas.functions cimport Pointwise, inspect, point, prepare, prepares, suspect

include "pointwise.pxi"
