"""Losses of a number against a number: value, derivative, second derivative and its upper bound, for whole arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np

from .._core.domains import Array, Domain
from .arithmetic import in_double, sigmoid, softplus
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, is_outside, weight_of

TINY = 2.0**-27  # the square of anything smaller is nothing beside 1
HUGE = 2.0**60  # from here on 1 + r and √(1 + r²) are r; r² may be infinite
LOG_2 = 0.6931471805599453


class Formula:
    """Of one sample, for whole arrays; `domains` says what it is defined for."""

    domains: Mapping[str, Domain] = {}

    value: ClassVar[Callable[..., Any]]
    grad: ClassVar[Callable[..., Any]]
    majorizer: ClassVar[Callable[..., Any]]

    @staticmethod
    def hess(pred, target, *hyperparameters):
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
        self.product = lambda: result("hess") * tile.get(VECTOR)


class Pointwise(Kernel):
    """The kernel of a formula. A hyperparameter may have a number for each column."""

    def part(self, tile: Tile) -> Part:
        pred, target = tile.get(PRED), tile.get(TARGET)
        weight, outside = weight_of(tile)
        there = True if weight is None else weight != 0
        domains = {name: domain.under(tile.batch.hyperparameters) for name, domain in self.domains.items()}
        outside |= is_outside(domains, there, pred=pred, target=target)
        return Part(Sample(self.formula, tile, self.given(tile, pred, target)), weight, tile.count, outside)

    def given(self, tile: Tile, pred: Array, target: Array) -> tuple[Any, ...]:
        """What the formula is given."""
        return pred, target, *(self.number(x, tile) for x in tile.batch.hyperparameters)

    @staticmethod
    def number(x: Any, tile: Tile) -> Any:
        """A hyperparameter in the dtype that is computed in."""
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


class Huber(Formula):
    """½d² where |d| ≤ δ, else δ(|d| − ½δ): q(|d| − ½q), with q = min(|d|, δ). Its slope over d is min(1, δ/|d|)."""

    @staticmethod
    def value(pred, target, delta):
        d = np.abs(pred - target)
        q = np.minimum(d, delta)
        return q * (d - delta.dtype.type(0.5) * q)

    @staticmethod
    def grad(pred, target, delta):
        return np.clip(pred - target, -delta, delta)

    @staticmethod
    def hess(pred, target, delta):
        d = np.abs(pred - target)
        return np.where(np.isnan(d), d, (d <= delta).astype(d.dtype))

    @staticmethod
    def majorizer(pred, target, delta):
        d = np.abs(pred - target)
        return np.where(d <= delta, d.dtype.type(1), delta / d)


class PseudoHuber(Formula):
    """δ²(√(1 + r²) − 1), with r = |d|/δ, which is d²/(1 + √(1 + r²)) without a difference. Its slope over d is 1/√(1 + r²)."""

    @staticmethod
    def value(pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > HUGE, delta * d, d * (d / (1 + np.sqrt(1 + r * r))))

    @staticmethod
    def grad(pred, target, delta):
        d = pred - target
        r = np.abs(d) / delta
        return np.where(r > HUGE, np.copysign(delta, d), d / np.sqrt(1 + r * r))

    @staticmethod
    def hess(pred, target, delta):
        r = np.abs(pred - target) / delta
        return np.where(r > HUGE, r.dtype.type(0), (1 + r * r) ** r.dtype.type(-1.5))

    @staticmethod
    def majorizer(pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > HUGE, delta / d, 1 / np.sqrt(1 + r * r))


class LogCosh(Formula):
    """With r = |d|/δ, E = e⁻ʳ, z = 1 − e⁻ʳ: cosh r − 1 is z²/(2E), and tanh r is z(1 + E)/(1 + E²). All in double.

    Where r² is nothing beside 1, r itself may have left the range: there it is ½d².
    """

    @staticmethod
    def parts(pred, target, delta):
        d = pred.astype(np.float64) - target
        r = np.abs(d) / delta
        return d, r, np.exp(-r), -np.expm1(-r)

    @classmethod
    def value(cls, pred, target, delta):
        d, r, e, z = cls.parts(pred, target, delta)
        q, y = delta * z, z * z / (2 * e)
        near = np.where(z < TINY, d * d / 2, q * q / (2 * e) * np.where(y > 0, np.log1p(y) / y, 1))
        far = delta * (np.abs(d) - delta * (LOG_2 - np.log1p(e * e)))
        return np.where(r <= 1, near, far).astype(pred.dtype)

    @classmethod
    def grad(cls, pred, target, delta):
        d, _, e, z = cls.parts(pred, target, delta)
        slope = np.where(z < TINY, d, np.copysign(delta * (z * (1 + e) / (1 + e * e)), d))
        return slope.astype(pred.dtype)

    @classmethod
    def hess(cls, pred, target, delta):
        _, _, e, _ = cls.parts(pred, target, delta)
        return ((2 * e / (1 + e * e)) ** 2).astype(pred.dtype)

    @classmethod
    def majorizer(cls, pred, target, delta):
        d, r, e, z = cls.parts(pred, target, delta)
        tanh = z * (1 + e) / (1 + e * e)
        bound = np.where(r > HUGE, delta * tanh / np.abs(d), tanh / r)
        return np.where(r > 0, bound, 1 + d).astype(pred.dtype)  # 1 + d: NaN of it goes through


def function(name: str, compute: Any) -> Pointwise:
    """A function of one array, as a formula that has only a value."""
    return Pointwise(type(name, (Formula,), {"value": staticmethod(lambda x, _: compute(x))}))


KERNELS = {
    "mse": Pointwise(MSE),
    "mae": Pointwise(MAE),
    "huber": Pointwise(Huber),
    "pseudo_huber": Pointwise(PseudoHuber),
    "log_cosh": Pointwise(LogCosh),
    "sigmoid": function("Sigmoid", in_double(sigmoid)),
    "log_sigmoid": function("LogSigmoid", lambda x: np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))),
    "softplus": function("Softplus", softplus),
    "exp": function("Exp", np.exp),
    "expm1": function("Expm1", np.expm1),
    "log": function("Log", np.log),
    "log1m": function("Log1m", lambda p: np.log1p(-p)),
    "log1p": function("Log1p", np.log1p),
}
