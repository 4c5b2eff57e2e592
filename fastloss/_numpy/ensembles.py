"""Losses of an ensemble against a number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.domains import Array, Domain
from .arithmetic import sum_of_rows
from .engine import PRED, TARGET, Kernel, Part, Tile, weight_of


class Ensembles(Kernel):
    """The kernel of a formula that is given rows of members."""

    axes = 1

    def part(self, tile: Tile) -> Part:
        width = tile.batch.operands[PRED].shape[-1]
        pred, target = tile.get(PRED, width), tile.get(TARGET)
        weight, outside = weight_of(tile)
        return Part(self.formula, (pred, target), weight, len(pred), outside)


class CRPSEnsemble:
    """Σ (x − t)·g, of the slopes g = (K·sign(x − t) − (those below less those above))/K²: no term is negative."""

    domains: Mapping[str, Domain] = {}

    def __init__(self, pred: Array, target: Array) -> None:
        self.dtype = pred.dtype
        x = pred.astype(np.float64)
        self.d = x - target.astype(np.float64)[:, None]
        count = x.shape[1]
        bad = np.isnan(self.d).any(axis=1, keepdims=True)
        self.nothing = np.where(bad, np.nan, 0.0)
        slopes = (count * np.sign(self.d) - ahead(x)) / count**2
        self.slopes = np.where(bad, np.nan, slopes)

    def value(self) -> Array:
        return sum_of_rows(self.d * self.slopes).astype(self.dtype)

    def grad(self) -> Array:
        return self.slopes.astype(self.dtype)

    def hess(self) -> Array:
        return np.broadcast_to(self.nothing, self.d.shape).astype(self.dtype)

    product = hess


def ahead(x: Array) -> Array:
    """For each number of a row, how many are below it less how many are above it."""
    order = np.argsort(x, axis=1)
    ordered = np.take_along_axis(x, order, axis=1)
    places = np.broadcast_to(np.arange(x.shape[1]), x.shape)
    new = ordered[:, 1:] != ordered[:, :-1]
    first, last = places.copy(), places.copy()
    first[:, 1:] = np.where(new, places[:, 1:], 0)
    last[:, :-1] = np.where(new, places[:, :-1], x.shape[1] - 1)
    below = np.maximum.accumulate(first, axis=1)
    above = np.minimum.accumulate(last[:, ::-1], axis=1)[:, ::-1]
    result = np.empty(x.shape)
    np.put_along_axis(result, order, below + above + 1.0 - x.shape[1], axis=1)
    return result


KERNELS = {"crps_ensemble": Ensembles(CRPSEnsemble)}
