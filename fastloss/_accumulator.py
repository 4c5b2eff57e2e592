"""Costs of data that arrive in pieces: from files, from other processes, from a stream."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from . import _validate
from ._loss import REGISTRY, Loss, named
from ._reference import ordinary


def summed(loss: Loss) -> Loss:
    """The loss whose sum a cost is made of: itself, but of the root of a mean, that which is averaged."""
    return REGISTRY["mse"] if loss.name == "rmse" else loss


@dataclass
class Sum:
    """A sum of doubles that is exact, and so does not depend on their order.

    Doubles are fractions with a power of two below the line, and Python's fractions do not round. Infinity and NaN are
    none, and are summed apart.
    """

    exact: Fraction = field(default_factory=Fraction)
    infinite: float = 0.0

    def add(self, number: float, unit: float = 1.0) -> None:
        """Add one double, in units of a power of two."""
        if math.isfinite(number):
            self.exact += Fraction(number) / Fraction(unit)
        else:
            self.infinite += number

    def merge(self, other: Sum) -> None:
        """Add another sum."""
        self.exact += other.exact
        self.infinite += other.infinite

    def __float__(self) -> float:
        if self.infinite != 0:
            return self.infinite
        try:
            return float(self.exact)
        except OverflowError:
            return math.inf if self.exact > 0 else -math.inf


class Accumulator:
    """The cost of a data set, one batch at a time.

    It holds the sums Σwℓ and Σw and the number of samples, whatever the size of the data. The sums of the batches, each a
    double, are added without rounding: the cost is the same, to the last bit, in whatever order batches come, and
    however accumulators are merged. Only where the batches are cut shows, by the rounding of their own sums.

    Parameters
    ----------
    loss : Loss or str
        The loss, or its name.
    reduction : {"mean", "sum", "batch_mean"}
        What `compute` gives, as for the loss itself.
    **parameters
        The loss's own keywords, as ``delta``.

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
        self.loss = loss if isinstance(loss, Loss) else named(loss)
        if reduction not in ("mean", "sum", "batch_mean"):
            raise ValueError(f"reduction is {reduction!r}; it must be one of 'mean', 'sum', 'batch_mean'")
        if self.loss.cost_only and reduction == "sum":
            raise ValueError(f"{self.loss.name} is the root of a mean; reduction='sum' has no meaning for it")
        self.reduction = reduction
        self.parameters = parameters
        self.samples = 0
        self._own = self.loss._checked(parameters)
        self._value = Sum()
        self._weight = Sum()

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"<Accumulator of {self.loss.name}{given}: {self.samples} samples>"

    def update(self, pred: Any, target: Any, sample_weight: Any = None) -> None:
        """Add a batch. One that is refused leaves the accumulator as it was.

        Parameters
        ----------
        pred, target, sample_weight
            As for the loss.
        """
        loss = summed(self.loss)
        if loss is not self.loss:  # squares of floats are in a double's range
            pred, target = (
                np.asarray(_validate.real_array(name, x), np.float64)
                for name, x in (("pred", pred), ("target", target))
            )
        value, weight, samples, unit = loss._totals(pred, target, sample_weight, self._own)
        self._value.add(value, unit)
        self._weight.add(weight, unit)
        self.samples += samples

    def merge(self, other: Accumulator) -> None:
        """Add all that another accumulator has seen.

        Raises
        ------
        ValueError
            If it is not of the same loss with the same parameters and reduction.
        """
        if (
            self.loss is not other.loss
            or self.reduction != other.reduction
            or not all(map(np.array_equal, self._own, other._own))
        ):
            raise ValueError(f"{other} cannot be merged into {self}: the loss, parameters or reduction differ")
        self._value.merge(other._value)
        self._weight.merge(other._weight)
        self.samples += other.samples

    def compute(self) -> float:
        """The cost of everything so far; more may follow.

        Returns
        -------
        float
            Each exact sum is rounded to a double once, then divided. A mean over nothing is nan, with a warning.
        """
        value = float(self._value)
        if self.reduction == "sum":
            return value
        if self.samples == 0:
            return _validate.undefined_mean("no samples")
        divisor = float(self._weight) if self.reduction == "mean" else self.samples
        if self._weight.exact == 0 and self.reduction == "mean":
            return _validate.undefined_mean("weights that sum to 0")
        if (
            not ordinary(divisor) and self._value.infinite == 0
        ):  # the sums may leave a double's range, not so their quotient
            mean = float(self._value.exact / self._weight.exact)
        else:
            mean = value / divisor
        return math.sqrt(mean) if self.loss.cost_only else mean
