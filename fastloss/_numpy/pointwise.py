"""Losses of a number against a number: value, derivative, second derivative and its upper bound, for whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .._core.domains import Array, Domain
from .arithmetic import in_double, sigmoid, softplus
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, is_outside, weight_of


class Formula:
    """Of one sample, for whole arrays; `domains` says what it is defined for."""

    domains: Mapping[str, Domain] = {}

    value: ClassVar[Callable[..., Any]]
    grad: ClassVar[Callable[..., Any]]
    majorizer: ClassVar[Callable[..., Any]]

    @staticmethod
    def constants(*hyperparameters):
        """What its methods are given instead of the hyperparameters: made of doubles, and each of them rounded once."""
        return hyperparameters

    @staticmethod
    def hess(pred, target, *constants):
        return np.zeros_like(pred)


class Sample:
    """A formula of numbers that are there; its results are numbers of the dtype that is computed in."""

    def __init__(self, formula: type[Formula], tile: Tile, given: tuple[Any, ...]) -> None:
        def result(name: str) -> Array:
            x: Array = getattr(formula, name)(*given)
            return x.astype(tile.batch.dtype, copy=False)

        for name in ("value", "grad", "hess", "majorizer"):
            if hasattr(formula, name):
                setattr(
                    self, name, partial(result, name)
                )  # not a method's, or arrays would wait for a collector of cycles

        def product() -> Array:
            compiled = tile.batch.compiled
            along: Array = (compiled.curvature(tile) if compiled else result("hess")) * tile.get(VECTOR)
            return along

        self.product = product


class Pointwise(Kernel):
    """The kernel of a formula. A hyperparameter may have a number for each column."""

    def part(self, tile: Tile) -> Part:
        pred, target = tile.get(PRED), tile.get(TARGET)
        weight, outside = weight_of(tile)
        there = True if weight is None else weight != 0
        domains = {name: domain.under(tile.batch.hyperparameters) for name, domain in self.domains.items()}
        outside |= is_outside(domains, there, pred=pred, target=target)
        return Part(self.sample, (tile, pred, target), weight, tile.count, outside)

    def sample(self, tile: Tile, pred: Array, target: Array) -> Sample:
        """The formula of a tile's numbers."""
        return Sample(self.formula, tile, self.given(tile, pred, target))

    def given(self, tile: Tile, pred: Array, target: Array) -> tuple[Any, ...]:
        """What the formula is given."""
        return pred, target, *(self.number(x, tile) for x in self.formula.constants(*tile.batch.hyperparameters))

    @staticmethod
    def number(x: Any, tile: Tile) -> Any:
        """A constant in the dtype that is computed in."""
        if not isinstance(x, np.ndarray):
            return tile.batch.dtype.type(x)
        return np.broadcast_to(x.astype(tile.batch.dtype), tile.batch.samples)[tile.index].reshape(-1)


class InDouble(Pointwise):
    """The kernel of a formula that is computed in double, whatever the arrays hold; its hyperparameters are single numbers."""

    def given(self, tile: Tile, pred: Array, target: Array) -> tuple[Any, ...]:
        return pred.astype(np.float64), target.astype(np.float64), *tile.batch.hyperparameters


class MSE(Formula):
    """d², with d = p − t."""

    @staticmethod
    def value(pred, target):
        return (pred - target) ** 2

    @staticmethod
    def grad(pred, target):
        return 2 * (pred - target)

    @staticmethod
    def hess(pred, target):
        return np.full_like(pred, 2)

    majorizer = hess


class MAE(Formula):
    """|d|, with the slope 0 at 0."""

    @staticmethod
    def value(pred, target):
        return np.abs(pred - target)

    @staticmethod
    def grad(pred, target):
        return np.sign(pred - target)


def function(name: str, compute: Any) -> Pointwise:
    """A function of one array, as a formula that has only a value."""
    return Pointwise(type(name, (Formula,), {"value": staticmethod(lambda x, _: compute(x))}))


KERNELS = {
    "mse": Pointwise(MSE),
    "mae": Pointwise(MAE),
    "sigmoid": function("Sigmoid", in_double(sigmoid)),
    "log_sigmoid": function("LogSigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))),
    "softplus": function("Softplus", softplus),
    "exp": function("Exp", np.exp),
    "grow": function("Grow", np.exp),
    "expm1": function("Expm1", np.expm1),
    "log": function("Log", np.log),
    "log1m": function("Log1m", lambda p: np.log1p(-p)),
    "log1p": function("Log1p", np.log1p),
    "log_one": function("LogOne", np.log1p),
}
