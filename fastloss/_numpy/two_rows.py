"""Losses of a vector against a vector."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.domains import Array, Domain
from .arithmetic import sum_of_rows
from .engine import PRED, TARGET, TILE, VECTOR, Batch, Kernel, Part, Tile, weight_of


class TwoRows(Kernel):
    """The kernel of a formula that is given rows of doubles."""

    axes = 1

    def tile_size(self, batch: Batch) -> int:
        return max(1, TILE // int(batch.operands[PRED].shape[-1]))

    def part(self, tile: Tile) -> Part:
        width = tile.batch.operands[PRED].shape[-1]
        pred, target = (tile.get(k, width) for k in (PRED, TARGET))
        weight, outside = weight_of(tile)
        return Part(self.formula(tile, pred, target), weight, len(pred), outside)


def unit_rows(x: Array) -> tuple[Array, Array]:
    """Rows over their lengths, and the lengths; scaled by a power of two, so that no square leaves the range."""
    exponent = np.frexp(np.abs(x).max(axis=1))[1]
    scaled = np.ldexp(x, -exponent[:, None])
    length = np.sqrt(sum_of_rows(scaled * scaled))
    units = np.where(length[:, None] == 0, x, scaled / length[:, None])
    return units, np.ldexp(length, exponent)


class CosineDistance:
    """1 − cos; where the unit vectors nearly agree, half the square of their difference, which does not cancel. 1 for a vector of
    zeros.

    With unit vectors p and t and the length P: gradient (cos·p − t)/P, which is ((p − t) − (1 − cos)·p)/P where they nearly agree;
    Hessian (cos·(I − 3p pᵀ) + p tᵀ + t pᵀ)/P².
    """

    domains: Mapping[str, Domain] = {}

    def __init__(self, tile: Tile, pred: Array, target: Array) -> None:
        self.tile, self.dtype = tile, pred.dtype
        self.p, length = unit_rows(pred.astype(np.float64))
        self.t, other = unit_rows(target.astype(np.float64))
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


KERNELS = {"cosine_distance": TwoRows(CosineDistance)}
