"""What losses of the whole batch have in common, for every kernel: weights in range, divisors, results put back."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .arrays import computed_in, write
from .domains import WEIGHT, Array
from .passes import ordinary

Run = tuple[float, float, int, bool]  # cost, Σw in some unit, number of terms, whether a weight is outside its domain
OUTSIDE: Run = (0.0, 0.0, 0, True)
LEAST = math.ulp(0)


def weights_of(weight: Array) -> Array | None:
    """The weights in doubles; None where one is outside its domain."""
    given: Array = np.asarray(weight, np.float64).ravel()
    return given if WEIGHT.contains(given).all() else None


def in_range(weight: Array) -> tuple[Array, int]:
    """Weights of which the greatest is near 1, and the power of two that they have been multiplied by. None becomes 0."""
    heaviest = float(weight.max(initial=0))
    if ordinary(heaviest) or heaviest == 0:
        return weight, 0
    shift = -math.frexp(heaviest)[1]
    scaled = np.ldexp(weight, shift)
    np.maximum(scaled, LEAST, out=scaled, where=weight > 0)
    return scaled, shift


def finished(
    reduction: str,
    sums: tuple[float, float, float],
    shift: int,
    pred: Array,
    results: tuple[tuple[Any, Array | None], ...],
) -> Run:
    """What a kernel's `run` answers of a cost and the weight and number of its terms; derivatives are divided and written.

    The terms' weights have been multiplied by 2 to the power of `shift`.
    """
    value, mass, count = sums
    divisor = {"sum": 1.0, "mean": mass, "batch_mean": count}[reduction]
    shift = 0 if reduction == "mean" else -shift
    for out, result in results:
        if out is not None and result is not None:
            put(out, pred, shifted(result / divisor, shift) if divisor else np.zeros(result.shape))
    return float(shifted(value / divisor, shift)) if divisor else math.nan, mass, int(count), False


def shifted(x: Any, shift: int) -> Any:
    """Times a power of two."""
    return np.ldexp(x, shift) if shift else x


def put(out: Array, pred: Array, result: Array) -> None:
    """Write doubles as numbers of the dtype that is computed in, or of the output's if that is narrower."""
    result = result.astype(computed_in(pred.dtype))
    result += 0.0  # what has no slope has no sign
    write(out, result)
