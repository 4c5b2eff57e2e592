"""Costs of data that arrive in pieces: from files, from other processes, from a stream."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from ._core import errors
from ._core.loss import Loss, meant
from ._core.passes import ordinary, square_of_root
from ._core.registry import REGISTRY

SQUARES = {"rmse": "mse", "rmsle": "msle"}  # of which these are roots


def summed(loss: Loss) -> Loss:
    """The loss whose sum a cost is made of: itself, but of the root of a mean of squares, these."""
    return REGISTRY[SQUARES.get(loss.name, loss.name)]


@dataclass(frozen=True)
class Sum:
    """A sum of doubles that is exact, and so does not depend on their order.

    Doubles are fractions with a power of two below the line, and Python's fractions do not round. Infinity and NaN are
    none, and are summed apart.
    """

    exact: Fraction = Fraction()
    infinite: float = 0.0

    @classmethod
    def of(cls, number: float | Fraction, unit: float | Fraction = 1) -> Sum:
        """One number, in units of a power of two."""
        if isinstance(number, Fraction) or math.isfinite(number):
            return cls(Fraction(number) / Fraction(unit))
        return cls(infinite=number)

    def __add__(self, other: Sum) -> Sum:
        return Sum(self.exact + other.exact, self.infinite + other.infinite)

    def __float__(self) -> float:
        if self.infinite != 0:
            return self.infinite
        try:
            return float(self.exact)
        except OverflowError:
            return math.inf if self.exact > 0 else -math.inf


class Accumulator:
    """The cost of a data set, one batch at a time.

    It holds the sums Σwℓ and Σw and the number of samples, whatever the size of the data. The sums of the batches, each a double,
    are added without rounding: the cost is the same, to the last bit, in whatever order batches come and accumulators are merged.
    Only how the data are cut into batches matters, since each batch's own sum is rounded.

    Parameters
    ----------
    loss : Loss or str
        The loss, or its name.
    reduction : {"mean", "sum", "batch_mean"}
        What `compute` returns, as for the loss itself.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Raises
    ------
    ValueError
        If there is no such loss, a parameter is outside its domain, or the reduction gives no cost.
    TypeError
        If the loss has no such keyword.

    References
    ----------
    Chan, Golub and LeVeque, *Updating formulae and a pairwise algorithm for computing sample variances*, 1979: totals
    that can be merged.

    Examples
    --------
    >>> import fastloss as fl
    >>> total = fl.Accumulator("huber", delta=2.0)
    >>> total.update([1.0, 10.0], [1.0, 1.0])
    >>> rest = fl.Accumulator("huber", delta=2.0)
    >>> rest.update([1000.0], [1.0])
    >>> total.merge(rest)
    >>> total.compute() == fl.huber([1.0, 10.0, 1000.0], [1.0, 1.0, 1.0], delta=2.0)
    True
    """

    def __init__(self, loss: Loss | str, *, reduction: str = "mean", **parameters: Any) -> None:
        self.loss = meant(loss)
        if reduction not in ("mean", "sum", "batch_mean"):
            raise ValueError(f"reduction is {reduction!r}; it must be one of 'mean', 'sum', 'batch_mean'")
        if reduction not in self.loss.reductions:
            raise ValueError(f"{self.loss.name} is {self.loss.kind}; reduction={reduction!r} has no meaning for it")
        self.loss.check_adds_up()
        self.reduction = reduction
        self.parameters = {name: copy(value) for name, value in parameters.items()}
        self.samples = 0
        self._resolved = self.loss._checked(self.parameters, ("reduction",))
        self._value = Sum()
        self._weight = Sum()

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        kind = "" if self.reduction == "mean" else f", reduction={self.reduction!r}"
        return f"<Accumulator of {self.loss.name}{given}{kind}: {self.samples} samples>"

    def update(self, pred: Any, target: Any, sample_weight: Any = None) -> None:
        """Add a batch. If it is refused, the accumulator stays as it was.

        Parameters
        ----------
        pred, target, sample_weight
            As for the loss.
        """
        sums = self.loss._totals(pred, target, sample_weight, self._resolved)
        self._value += Sum.of(square_of_root(sums) if self.loss.root else sums.value, sums.unit)
        self._weight += Sum.of(sums.weight, sums.unit)
        self.samples += sums.samples

    def merge(self, other: Accumulator) -> None:
        """Add everything that another accumulator has seen.

        Raises
        ------
        TypeError
            If it is no accumulator.
        ValueError
            If its loss, parameters or reduction differ.
        """
        if not isinstance(other, Accumulator):
            raise TypeError(f"other must be an Accumulator, not {type(other).__name__}")
        if (
            self.loss is not other.loss
            or self.reduction != other.reduction
            or not all(map(equal, self._resolved, other._resolved))
        ):
            raise ValueError(f"{other} cannot be merged into {self}: the loss, parameters or reduction differ")
        self._value += other._value
        self._weight += other._weight
        self.samples += other.samples

    def compute(self) -> float:
        """The cost of everything so far; more may follow.

        Returns
        -------
        float
            Each exact sum is rounded to a double once, then divided. A mean over nothing is nan, with a warning.
        """
        if self.reduction == "sum":
            return float(self._value)
        if self.samples == 0:
            return errors.undefined_mean("no samples")
        if self._weight.exact == 0 and self.reduction == "mean":
            return errors.undefined_mean("weights that sum to 0")
        divisor = self._weight if self.reduction == "mean" else Sum(Fraction(self.samples))
        return root_of_mean(self._value, divisor) if self.loss.root else mean(self._value, divisor)


def equal(x: Any, y: Any) -> bool:
    """Whether two values of a keyword are the same; one that is None is NaN here."""
    return np.array_equal(x, y) or (isinstance(x, float) and isinstance(y, float) and math.isnan(x) and math.isnan(y))


def mean(total: Sum, divisor: Sum) -> float:
    """A quotient of sums, each rounded once; of the exact ones where these would leave a double's range."""
    value, by = float(total), float(divisor)
    if total.infinite == 0 and not (ordinary(by) and math.isfinite(value)):
        return float(Sum(total.exact / divisor.exact))
    return value / by


def root_of_mean(total: Sum, divisor: Sum) -> float:
    """Its root, which may be in range where the mean of squares is not."""
    if total.infinite != 0:
        return total.infinite
    square = total.exact / divisor.exact
    shift = (square.numerator.bit_length() - square.denominator.bit_length()) // 2 if square else 0
    return math.ldexp(math.sqrt(square / Fraction(4) ** shift), shift)
