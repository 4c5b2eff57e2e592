"""Sums that stay in range, for every kernel: weights and losses in units of a power of two, which changes no digit.

Only the ratio of weights counts in a mean, so they may be multiplied by anything; a sum of losses that overflows is taken
once more of smaller numbers where its quotient may be in range.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from .arguments import Arguments

VALUE, GRAD, VALUE_AND_GRAD, GRAD_AND_HESS, GRAD_AND_MAJORIZER = range(5)  # the calls, as the kernels number them
AVERAGES = ("mean", "batch_mean")


@dataclass
class Sums:
    """What a pass over a batch finds: Σwℓ or what it comes to, Σw, the samples that count; `unit` is that of the weights."""

    value: float = 0.0
    weight: float = 0.0
    samples: int = 0
    outside: bool = False
    unit: float | Fraction = 1.0


def ordinary(total: float) -> bool:
    """Whether a sum of weights is used as it is."""
    return bool(2.0**-64 <= total <= 2.0**64)


def unit_for(total: float) -> float:
    """A power of two that brings a sum near 1."""
    if not total > 0:
        return 1.0
    return math.ldexp(1.0, -1000 if math.isinf(total) else min(1 - math.frexp(total)[1], 1000))


def divisor(reduction: str, sums: Sums) -> float:
    """What Σwℓ is divided by."""
    return {"mean": sums.weight, "batch_mean": float(sums.samples)}.get(reduction, 1.0)


def quotient(value: float, divisor: float) -> float:
    """As in C: by 0 too."""
    with np.errstate(all="ignore"):
        return float(np.float64(value) / divisor)


def inverse(divisor: float) -> float:
    """1/divisor, and 0 of 0: there, no sample is there."""
    return 1 / divisor if divisor else 0.0


def evaluated(kernel: Any, call: int, arguments: Arguments) -> Sums:
    """The cost, and the arrays that are asked for; a mean of finite losses is finite, though their sum may not be."""
    of_losses = not (arguments.root or arguments.whole)
    in_double = of_losses and arguments.dtype == np.float64 and arguments.reduction in AVERAGES
    if in_double and call == VALUE_AND_GRAD and arguments.overwrites:
        # Where the losses are taken of, gradients are then written: they come first.
        cost = evaluated(kernel, VALUE, arguments)
        if not cost.outside:
            ran(kernel, GRAD, arguments)
        return cost
    sums = ran(kernel, call, arguments)
    if in_double and call in (VALUE, VALUE_AND_GRAD) and not (math.isfinite(sums.value) or sums.outside):
        sums.value = in_smaller_units(kernel, arguments, sums)
    return sums


def ran(kernel: Any, call: int, arguments: Arguments, weight: Any = None) -> Sums:
    """One run of the kernel, with other weights if they are given."""
    operands = arguments.operands()
    if call == VALUE and arguments.reduction != "none":  # no array is asked for
        operands = (*operands[:2], arguments.weight if weight is None else weight, None, None, None)
    first = arguments.inspected_first
    return Sums(*kernel.run(call, operands, arguments.reduction, arguments.hyperparameters, first))


def scaled_weights(arguments: Arguments, unit: float) -> Any:
    """The weights, or 1 for each sample, in units of a power of two."""
    if arguments.weight is None:
        return np.broadcast_to(np.float64(unit), arguments.samples)
    return np.asarray(np.multiply(arguments.weight, unit, dtype=np.float64))  # without axes NumPy gives a number


def in_smaller_units(kernel: Any, arguments: Arguments, sums: Sums) -> float:
    """The mean, from weights whose sum is near 1, so that a sum of losses exceeds none of them."""
    total = sums.samples if arguments.weight is None else sums.weight
    unit = unit_for(total) * 2.0**-4
    again = ran(kernel, VALUE, arguments, scaled_weights(arguments, unit))
    return again.value if arguments.reduction == "mean" else quotient(again.value, unit)


def totals(kernel: Any, arguments: Arguments) -> Sums:
    """Σwℓ and Σw in units in which they are in range: what the costs of batches are put together from."""
    sums = ran(kernel, VALUE, arguments)
    if sums.outside or arguments.whole:
        return sums
    weighted = arguments.weight is not None or sums.weight != sums.samples
    if math.isfinite(sums.value) and (not weighted or sums.weight == 0 or ordinary(sums.weight)):
        return sums
    unit = max(unit_for(sums.weight) * (1.0 if math.isfinite(sums.value) else 2.0**-64), 2.0**-1000)
    again = ran(kernel, VALUE, arguments, scaled_weights(arguments, unit))
    return Sums(again.value, again.weight, sums.samples, unit=unit)


def square_of_root(sums: Sums) -> Fraction | float:
    """Σwe², of the root of its mean and in the same units, without rounding: the square of the cost times Σw."""
    if not (math.isfinite(sums.value) and math.isfinite(sums.weight)):
        return sums.value * sums.weight
    return Fraction(sums.value) ** 2 * Fraction(sums.weight)
