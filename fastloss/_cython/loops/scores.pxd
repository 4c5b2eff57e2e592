"""Loops over samples: losses of probabilities and scores."""

from ..formulas.scores cimport Pointwise, inspect, point, prepare, prepares, suspect

include "pointwise.pxi"
