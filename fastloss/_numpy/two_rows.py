"""Losses of a vector against a vector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.domains import Array, Domain
from .._core.inputs import MASKS
from .arithmetic import lengths, sum_of_rows
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, is_outside, weight_of


class TwoRows(Kernel):
    """The kernel of a formula that is given rows of doubles."""

    axes = 1

    def part(self, tile: Tile) -> Part:
        width = tile.batch.operands[PRED].shape[-1]
        pred, target = (tile.get(k, width) for k in (PRED, TARGET))
        weight, outside = weight_of(tile)
        there = True if weight is None else (weight != 0)[:, None]
        outside |= is_outside(self.domains, there, pred=pred, target=target)
        given = (tile, pred, target, *tile.batch.hyperparameters[1:])  # but for the axis
        return Part(self.formula, given, weight, len(pred), outside)


class CosineDistance:
    """1 − cos; where the unit vectors nearly agree, half the square of their difference, which does not cancel. 1 for a vector of
    zeros.

    With unit vectors p and t and the length P: gradient (cos·p − t)/P, which is ((p − t) − (1 − cos)·p)/P where they nearly agree;
    Hessian (cos·(I − 3p pᵀ) + p tᵀ + t pᵀ)/P².
    """

    domains: Mapping[str, Domain] = {}

    def __init__(self, tile: Tile, pred: Array, target: Array) -> None:
        self.tile, self.dtype = tile, pred.dtype
        self.p, length = lengths(pred.astype(np.float64))
        self.t, other = lengths(target.astype(np.float64))
        self.gap = self.p - self.t
        self.none = (length == 0) | (other == 0)
        missing = np.where(np.isnan(length + other), np.nan, 1.0)
        cosine = sum_of_rows(self.p * self.t)
        self.near = cosine > 0.5
        distance = np.where(self.near, sum_of_rows(self.gap * self.gap) / 2, 1 - cosine)
        self.distance = np.where(self.none, missing, distance)
        self.cosine = np.where(self.near, 1 - self.distance, cosine)[:, None]
        self.length = length[:, None]

    def there(self, x: Array) -> Array:
        """Derivatives, and 0 beside a vector of zeros."""
        return np.where(self.none[:, None], np.where(np.isnan(self.distance), np.nan, 0.0)[:, None], x).astype(
            self.dtype
        )

    def value(self) -> Array:
        return self.distance.astype(self.dtype)

    def grad(self) -> Array:
        near = self.gap - self.distance[:, None] * self.p
        return self.there(np.where(self.near[:, None], near, self.cosine * self.p - self.t) / self.length)

    def hess(self) -> Array:
        return self.there((self.cosine * (1 - 3 * self.p**2) + 2 * self.p * self.t) / self.length / self.length)

    def product(self) -> Array:
        v = self.tile.get(VECTOR, self.p.shape[1]).astype(np.float64)
        on_p, on_t = (sum_of_rows(x * v)[:, None] for x in (self.p, self.t))
        product = self.cosine * (v - 3 * self.p * on_p) + self.p * on_t + self.t * on_p
        return self.there(product / self.length / self.length)


class Tversky:
    """1 − (A + S)/D as (αB + βC)/D, whose terms are not negative.

    A = Σpt, B = Σp(1 − t), C = Σ(1 − p)t, D = A + αB + βC + S. With D's derivative Dⱼ = α(1 − t) + (1 − β)t, the gradient is
    ((A + S)(α(1 − t) − βt) − (αB + βC)t)/D², and the second derivative −2Dⱼ/D times that.
    """

    domains: Mapping[str, Domain] = MASKS.domains

    def __init__(self, tile: Tile, pred: Array, target: Array, alpha: float, beta: float, smooth: float) -> None:
        self.tile, self.dtype = tile, pred.dtype
        p, t = pred.astype(np.float64), target.astype(np.float64)
        self.overlap = sum_of_rows(p * t) + smooth
        self.wrong = alpha * sum_of_rows(p * (1 - t)) + beta * sum_of_rows((1 - p) * t)
        self.divisor = (self.overlap + self.wrong)[:, None]
        self.none = self.divisor == 0
        self.bend = alpha * (1 - t) + (1 - beta) * t
        self.t, self.gap = t, alpha * (1 - t) - beta * t

    def there(self, x: Array) -> Array:
        """Derivatives, and 0 where nothing was to be found, nor was."""
        return np.where(self.none, 0, x).astype(self.dtype)

    def value(self) -> Array:
        return self.there(self.wrong[:, None] / self.divisor)[:, 0]

    def slopes(self) -> Array:
        return (self.overlap[:, None] * self.gap - self.wrong[:, None] * self.t) / self.divisor / self.divisor

    def grad(self) -> Array:
        return self.there(self.slopes())

    def hess(self) -> Array:
        return self.there(-2 * (self.bend / self.divisor) * self.slopes())

    def product(self) -> Array:
        v = self.tile.get(VECTOR, self.t.shape[1]).astype(np.float64)
        on_t, on_bend = (sum_of_rows(x * v)[:, None] / self.divisor for x in (self.t, self.bend))
        share = self.overlap[:, None] / self.divisor
        return self.there((self.t * on_bend + self.bend * on_t - 2 * share * self.bend * on_bend) / self.divisor)


class Dice(Tversky):
    """Of both weights ½."""

    def __init__(self, tile: Tile, pred: Array, target: Array, smooth: float) -> None:
        super().__init__(tile, pred, target, 0.5, 0.5, smooth)


class Jaccard(Tversky):
    """Of both weights 1."""

    def __init__(self, tile: Tile, pred: Array, target: Array, smooth: float) -> None:
        super().__init__(tile, pred, target, 1, 1, smooth)


KERNELS = {
    "cosine_distance": TwoRows(CosineDistance),
    "dice": TwoRows(Dice),
    "jaccard": TwoRows(Jaccard),
    "tversky": TwoRows(Tversky),
}
