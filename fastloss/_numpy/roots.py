"""Roots of means of squared errors: in double whatever the numbers are, and lifted, so that no square leaves the range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.domains import Array
from .._core.inputs import ABOVE_MINUS_ONE
from .._core.passes import Sums, divisor, inverse, ordinary, quotient, unit_for
from .arithmetic import log_ratio, signless, weighed
from .engine import GRAD as GRADS
from .engine import HESS as HESSES
from .engine import PRED, TARGET, TILE, VECTOR, Batch, Kernel, Run, Tile, blocks, is_outside, weight_of
from .pointwise import Formula

LIFT = 2.0**600


class SquaredError(Formula):
    """e = p − t. Large numbers are brought down before they are subtracted."""

    @staticmethod
    def error(pred, target, down):
        return pred * down - target * down

    @staticmethod
    def slope(pred):
        return np.ones_like(pred)

    @staticmethod
    def curvature(pred, target):
        """e'² + e·e''."""
        return np.ones_like(pred)

    bound = curvature


class SquaredLogError(Formula):
    """e = log((1 + p)/(1 + t)), which is nowhere too large to be squared."""

    domains = ABOVE_MINUS_ONE.domains

    @staticmethod
    def error(pred, target, down):
        return log_ratio(pred, target) * down

    @staticmethod
    def slope(pred):
        return 1 / (1 + pred)

    @staticmethod
    def curvature(pred, target):
        return (1 - log_ratio(pred, target)) / (1 + pred) / (1 + pred)

    @staticmethod
    def bound(pred, target):
        return np.maximum(1, 1 - log_ratio(pred, target)) / (1 + pred) / (1 + pred)


@dataclass
class Rooted:
    """A root that is known: errors were multiplied by `lift`, and `root` with them; `along` is the gradient times a vector."""

    lift: float = 1.0
    root: float = 1.0
    along: float = 0.0

    def over_root(self, x: Array, share: Array) -> Array:
        """x over the root that errors have which are not lifted; 0 where there is no sample, or no error."""
        return np.where(share == 0, 0, x * self.lift / self.root) if self.root else np.zeros_like(x)


class Root(Kernel):
    """The kernel of the root r of the mean of e²: gradient (w/D)·e·e'/r, Hessian (w/D)·(e'² + e·e'')/r − g gᵀ/r."""

    def reduced(self, wanted: tuple[str, ...], batch: Batch, reduction: str, inspect_first: bool) -> Run:
        inputs, known = batch.inputs(), Rooted()
        sums = self.summed(inputs, known)
        if sums.outside:
            return 0.0, sums.weight, sums.samples, True
        if not ordinary(sums.weight):
            inputs.unit = batch.unit = unit_for(sums.weight)
            sums = self.summed(inputs, known)
        if not 1 / LIFT <= sums.value < math.inf:
            known.lift = LIFT if sums.value < 1 else 1 / LIFT
            sums = self.summed(inputs, known)
        total = divisor(reduction, sums) * (batch.unit if reduction == "batch_mean" else 1)
        known.root = math.sqrt(mean) if (mean := quotient(sums.value, total)) >= 0 else math.nan
        if math.isinf(known.root):  # the quotient may be beyond the range where its root is not
            known.root = math.sqrt(sums.value) / math.sqrt(total)
        batch.scale = inverse(total)
        if "product" in wanted:
            known.along = self.along(batch, known)
        if wanted != ("value",):
            self.derived(wanted, batch, known)
        return known.root / known.lift, sums.weight / batch.unit, sums.samples, False

    def pieces(self, batch: Batch, known: Rooted) -> Any:
        """Each tile with its inputs as doubles, its lifted errors and its weights."""
        for index in blocks(batch.samples, TILE):
            tile = Tile(batch, index)
            pred, target = (tile.get(k).astype(np.float64) for k in (PRED, TARGET))
            error = self.formula.error(pred, target, min(known.lift, 1.0)) * max(known.lift, 1.0)
            weight, outside = weight_of(tile)
            weight = np.full(error.shape, batch.unit) if weight is None else weight
            yield tile, pred, target, error, weight, outside

    def summed(self, batch: Batch, known: Rooted) -> Sums:
        """Σwe² and Σw."""
        sums = Sums()
        for tile, pred, target, error, weight, outside in self.pieces(batch, known):
            sums.outside |= outside or is_outside(self.domains, weight != 0, pred=pred, target=target)
            sums.weight += float(weight.sum())
            sums.value += float(weighed(weight, error * error).sum())
            sums.samples += tile.count
        return sums

    def slopes(self, share: Array, pred: Array, error: Array, known: Rooted) -> Array:
        """The gradient."""
        if not known.root:
            return np.zeros_like(error)
        return weighed(share, error / known.root * self.formula.slope(pred))

    def along(self, batch: Batch, known: Rooted) -> float:
        """The gradient times the vector."""
        total = 0.0
        for tile, pred, _, error, weight, _ in self.pieces(batch, known):
            slopes = self.slopes(weight * batch.scale, pred, error, known)
            total += float(np.where(weight == 0, 0, slopes * tile.get(VECTOR)).sum())
        return total

    def derived(self, wanted: tuple[str, ...], batch: Batch, known: Rooted) -> None:
        """Gradient and curvature, or the Hessian times a vector."""
        for tile, pred, target, error, weight, _ in self.pieces(batch, known):
            share = weight * batch.scale
            grad = self.slopes(share, pred, error, known)
            curve = self.formula.bound if "majorizer" in wanted else self.formula.curvature
            bend = weighed(share, curve(pred, target))
            if "product" in wanted:
                v = tile.get(VECTOR).astype(np.float64)
                tile.put(GRADS, signless(known.over_root(bend * v - grad * known.along, share)))
                continue
            tile.put(GRADS, signless(grad))
            if "hess" in wanted or "majorizer" in wanted:
                tile.put(HESSES, known.over_root(bend if "majorizer" in wanted else bend - grad * grad, share))


KERNELS = {"rmse": Root(SquaredError), "rmsle": Root(SquaredLogError)}
