"""Losses of a number against a number: value, derivative, second derivative and its upper bound, for whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .._core.domains import Array, Domain
from .._core.inputs import LOGITS, PROBABILITIES, SIGNS
from .arithmetic import in_double, sigmoid, softplus, term, weighed
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
    """A formula of numbers that are there."""

    def __init__(self, formula: type[Formula], tile: Tile, pred: Array, target: Array, constants: list[Any]) -> None:
        given = (pred, target, *constants)
        for name in ("value", "grad", "hess", "majorizer"):
            if hasattr(formula, name):
                setattr(self, name, partial(getattr(formula, name), *given))
        self.product = lambda: formula.hess(*given) * tile.get(VECTOR)


class Pointwise(Kernel):
    """The kernel of a formula. A hyperparameter may have a number for each column."""

    def part(self, tile: Tile) -> Part:
        pred, target = tile.get(PRED), tile.get(TARGET)
        weight, outside = weight_of(tile)
        there = True if weight is None else weight != 0
        outside |= is_outside(self.domains, there, pred=pred, target=target)
        constants = [self.number(x, tile) for x in self.formula.constants(*tile.batch.hyperparameters)]
        return Part(Sample(self.formula, tile, pred, target, constants), weight, tile.count, outside)

    @staticmethod
    def number(x: Any, tile: Tile) -> Any:
        """A constant in the dtype that is computed in."""
        if not isinstance(x, np.ndarray):
            return tile.batch.dtype.type(x)
        return np.broadcast_to(x.astype(tile.batch.dtype), tile.batch.samples)[tile.index].reshape(-1)


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


class Hinge(Formula):
    """max(0, 1 − t·s)."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0)

    @staticmethod
    def grad(pred, target):
        margin = 1 - target * pred
        return np.where(margin > 0, -target, np.where(margin <= 0, 0, margin))


class SquaredHinge(Formula):
    """max(0, 1 − t·s)², which no parabola of curvature 2 crosses."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0) ** 2

    @staticmethod
    def grad(pred, target):
        return -2 * target * np.maximum(1 - target * pred, 0)

    @staticmethod
    def hess(pred, target):
        margin = np.maximum(1 - target * pred, 0)
        return np.where(margin > 0, margin.dtype.type(2), margin)

    @staticmethod
    def majorizer(pred, target):
        return np.where(np.isnan(target * pred), target * pred, pred.dtype.type(2))


class BinaryCrossEntropy(Formula):
    """−t·log max(p, ε) − (1 − t)·log max(1 − p, ε), with 0·log 0 = 0; a logarithm that ε bounds has no slope."""

    domains = PROBABILITIES.domains

    @staticmethod
    def value(pred, target, eps):
        p, q = pred, 1 - pred
        return 0 - (
            term(target, np.log(np.where(p < eps, eps, p)))
            + term(1 - target, np.where(q < eps, np.log(eps), np.log1p(-p)))
        )

    @staticmethod
    def grad(pred, target, eps):
        p, q = pred + 0, 1 - pred  # +0: a probability of −0 is 0
        low, high = p < eps, q < eps
        slope = np.where(
            (target == 0) | low,
            weighed(1 - target, 1 / q) * ~high,
            np.where((target == 1) | high, -target / p, (p - target) / (p * q)),
        )
        return np.where((target == 0) & high, 0, slope)

    @staticmethod
    def hess(pred, target, eps):
        p, q = pred + 0, 1 - pred
        of_p = np.where((target == 0) | (p < eps), 0, target / p / p)
        return of_p + np.where((target == 1) | (q < eps), 0, (1 - target) / q / q)


class SigmoidCrossEntropy(Formula):
    """P·t·softplus(−x) + (1 − t)·softplus(x), with softplus(x) = max(x, 0) + log(1 + e^−|x|)."""

    domains = LOGITS.domains

    @staticmethod
    def shares(target, pos_weight, label_smoothing):
        """What softplus(−x) and softplus(x) count for."""
        t = target + label_smoothing * (target.dtype.type(0.5) - target)
        return pos_weight * t, 1 - t

    @classmethod
    def value(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        linear = weighed(np.where(pred > 0, v, u), np.abs(pred))
        return linear + (u + v) * np.log1p(np.exp(-np.abs(pred)))

    @classmethod
    def grad(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        return v * sigmoid(pred) - u * sigmoid(-pred)

    @classmethod
    def hess(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        return (u + v) * (sigmoid(pred) * sigmoid(-pred))

    @classmethod
    def majorizer(cls, pred, target, *hyperparameters):
        """Each softplus lies below the parabola that touches it at x and −x, of curvature tanh(x/2)/(2x)."""
        u, v = cls.shares(target, *hyperparameters)
        x = np.abs(pred)
        bound = np.where(x > 0, np.tanh(x / 2) / (2 * x), x + x.dtype.type(0.25))
        return (u + v) * bound


def function(name: str, compute: Any) -> Pointwise:
    """A function of one array, as a formula that has only a value."""
    return Pointwise(type(name, (Formula,), {"value": staticmethod(lambda x, _: compute(x))}))


KERNELS = {
    "mse": Pointwise(MSE),
    "mae": Pointwise(MAE),
    "hinge": Pointwise(Hinge),
    "squared_hinge": Pointwise(SquaredHinge),
    "binary_cross_entropy": Pointwise(BinaryCrossEntropy),
    "sigmoid_cross_entropy": Pointwise(SigmoidCrossEntropy),
    "sigmoid": function("Sigmoid", in_double(sigmoid)),
    "log_sigmoid": function("LogSigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))),
    "softplus": function("Softplus", softplus),
    "exp": function("Exp", np.exp),
    "expm1": function("Expm1", np.expm1),
    "log": function("Log", np.log),
    "log1m": function("Log1m", lambda p: np.log1p(-p)),
    "log1p": function("Log1p", np.log1p),
}
