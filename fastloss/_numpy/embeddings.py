"""Losses of embeddings that are compared with each other."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core import similarities, triplets
from .._core.domains import Array
from .._core.products import Compiled
from .arithmetic import lengths
from .engine import TILE, Operands, Run
from .structured import AtOnce


class Similar(AtOnce):
    """The kernel of losses of rows of similarities."""

    def evaluated(
        self,
        wanted: tuple[str, ...],
        operands: Operands,
        vector: Array | None,
        reduction: str,
        own: tuple[Any, ...],
        inspect_first: bool,
        compiled: Compiled | None = None,
    ) -> Run:
        value, grad, hess = (name in wanted for name in ("value", "grad", "hess"))
        return similarities.evaluated(rows, (value, grad, hess), operands, vector, reduction, own)


def rows(block: Array, first: int, label: Array, positives: Array, slopes: bool) -> Array:
    """Losses of a block of rows, which becomes their slopes: log Σ exp(s) less the mean of s over the positives.

    The greatest term is kept out of the sum, and its logarithm, so that nothing is lost beside it.
    """
    count, n = len(block), len(label)
    here = np.arange(count)
    s = block[:, :n]
    s[here, first + here] = -np.inf
    positive = label[first : first + count, None] == label
    positive[here, first + here] = False
    number = positives[first : first + count]
    top = s.argmax(axis=1)
    s -= s[here, top][:, None]
    mean = np.where(positive, s, 0).sum(axis=1) / np.maximum(number, 1)
    np.exp(s, out=s)
    s[here, top] *= 0  # NaN stays
    rest = s.sum(axis=1)
    losses = np.where(number > 0, np.log1p(rest) - mean, 0)
    if slopes:
        total = 1 + rest
        best = positive[here, top] & (number == 1)
        s /= total[:, None]
        s -= positive / np.maximum(number, 1)[:, None]
        own = np.where(positive[here, top], 1 / np.maximum(number, 1), 0)
        s[here, top] = np.where(best, -rest / total, 1 / total - own)
        s[here, first + here] = 0
        s[number == 0] = 0
    return losses


class Triplet(AtOnce):
    """max(0, |a − p| − |a − n| + M) of triplets of rows; unit vectors of differences are 0 where there is none."""

    def evaluated(
        self,
        wanted: tuple[str, ...],
        operands: Operands,
        vector: Array | None,
        reduction: str,
        own: tuple[Any, ...],
        inspect_first: bool,
        compiled: Compiled | None = None,
    ) -> Run:
        along = None if vector is None else np.asarray(vector, np.float64)

        def compute(x: Array, places: Array, weight: Array, margin: float) -> Any:
            value = 0.0
            first, second = np.zeros_like(x), np.zeros_like(x)
            step = max(1, TILE // max(1, x.shape[1]))
            for start in range(0, len(places), step):
                part = slice(start, start + step)
                triplet = Triplets(x, places[part], weight[part], margin)
                value += float((triplet.weight * triplet.losses).sum())
                if along is not None:
                    triplet.add_product(first, along)
                elif "grad" in wanted:
                    triplet.add_slopes(first)
                if "hess" in wanted:
                    triplet.add_bends(second)
            return (value, float(weight.sum()), float(len(places))), first, second

        with np.errstate(all="ignore"):
            return triplets.evaluated(compute, operands, reduction, own)


class Triplets:
    """Some of them. Each has two differences, of which the second, to the negative, counts by −1."""

    def __init__(self, x: Array, places: Array, weight: Array, margin: float) -> None:
        self.weight = weight
        anchor, positive, negative = x[places.T]
        sides = [(anchor - positive, places[:, [0, 1]], 1), (anchor - negative, places[:, [0, 2]], -1)]
        self.sides = [(*lengths(difference), ends, sign) for difference, ends, sign in sides]
        gap = (self.sides[0][1] - self.sides[1][1]) + margin
        self.losses = np.where(gap < 0, 0, gap)
        self.active = np.where(gap <= 0, 0, weight)[:, None]  # NaN is active

    def add(self, out: Array, places: Array, terms: Array) -> None:
        """Add what is active to rows of the result, in order."""
        np.add.at(out, places, np.where(self.active == 0, 0, self.active * terms))

    def add_slopes(self, out: Array) -> None:
        for unit, _, ends, sign in self.sides:
            self.add(out, ends[:, 0], sign * unit)
            self.add(out, ends[:, 1], -sign * unit)

    def add_bends(self, out: Array) -> None:
        for unit, length, ends, sign in self.sides:
            curve = sign * over((1 - unit) * (1 + unit), length)
            for end in (0, 1):
                self.add(out, ends[:, end], curve)

    def add_product(self, out: Array, along: Array) -> None:
        """The Hessian of a length is (I − u uᵀ)/length by one end, and its negative by the two together."""
        for unit, length, ends, sign in self.sides:
            change = along[ends[:, 0]] - along[ends[:, 1]]
            across = change - unit * (unit * change).sum(axis=1, keepdims=True)
            for end, side in ((0, sign), (1, -sign)):
                self.add(out, ends[:, end], side * over(across, length))


def over(x: Array, length: Array) -> Array:
    """Rows over their lengths; 0 where that is 0."""
    return np.where(length[:, None] == 0, 0, x / np.where(length == 0, 1, length)[:, None])


KERNELS = {"supcon": Similar(), "nt_xent": Similar(), "triplet": Triplet()}
