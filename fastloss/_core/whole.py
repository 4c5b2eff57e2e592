"""What losses of the whole batch have in common, for every kernel: weights in range, divisors, results put back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import computed_in, write
from .domains import WEIGHT, Array
from .passes import ordinary

Run = tuple[float, float, int, bool]  # cost, Σw, what the cost is a sum of, whether a weight is outside its domain
OUTSIDE: Run = (0.0, 0.0, 0, True)


def weights_of(weight: Array | None) -> tuple[Array | None, float] | None:
    """The weights in a unit in which they are in range, and that unit, a power of two; None where one is outside its domain."""
    if weight is None:
        return None, 1.0
    given = np.asarray(weight, np.float64).ravel()
    if not WEIGHT.contains(given).all():
        return None
    heaviest = float(given.max(initial=0))
    unit = 1.0 if ordinary(heaviest) or heaviest == 0 else math.ldexp(1, -math.frexp(heaviest)[1])
    return given * unit, unit


def finished(
    reduction: str,
    sums: tuple[float, float, float],
    unit: float,
    pred: Array,
    results: tuple[tuple[Any, Array | None], ...],
) -> Run:
    """What a kernel's `run` answers of a cost and the weight and number of its terms; derivatives are divided and written."""
    value, mass, count = sums
    divisor = {"sum": unit, "mean": mass, "batch_mean": count * unit}[reduction]
    for out, result in results:
        if out is not None and result is not None:
            put(out, pred, result / divisor if divisor else np.zeros(result.shape))
    return math.nan if divisor == 0 else value / divisor, mass / unit, int(count), False


def put(out: Array, pred: Array, result: Array) -> None:
    """Write doubles as numbers of the dtype that is computed in, or of the output's if that is narrower."""
    result = result.astype(computed_in(pred.dtype))
    result += 0.0  # what has no slope has no sign
    write(out, result)
