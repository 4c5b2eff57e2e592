"""The way of a batch of embeddings that are compared with each other, for every kernel: products by NumPy's BLAS, rows between.

With unit vectors z and similarities s = z·z'/τ, row i is a softmax p over all but i itself, and its loss the mean of −log p over
its positives, those with its label. A kernel makes of a block of rows p less what is 1 over their number at the positives; all
else is products of those with the unit vectors. All in doubles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import whole
from .domains import Array

ROOM = 1 << 19  # numbers of a block of rows
LANES = 32  # rows are padded to a multiple

# A block of similarities, the place of its first row, labels, the numbers of positives, whether the slopes are wanted:
# losses; the block becomes p − (1 over their number at the positives), 0 at the row's own place and of rows without positives.
Rows = Callable[[Array, int, Array, Array, bool], Array]


def unit_rows(x: Array) -> tuple[Array, Array, Array]:
    """Rows over their lengths, which are numbers times 2 to the exponents that follow: scaled, so that no square leaves the range.

    A row of zeros stays one.
    """
    exponent = np.frexp(np.abs(x).max(axis=1, initial=0))[1]
    scaled = np.ldexp(x, -exponent[:, None])
    length = np.sqrt((scaled * scaled).sum(axis=1))
    return scaled / np.where(length == 0, 1, length)[:, None], length, exponent


class Similarities:
    """Embeddings that are there, and what each row of similarities weighs."""

    def __init__(self, rows: Rows, pred: Array, label: Array, weight: Array, temperature: float) -> None:
        self.rows, self.temperature = rows, temperature
        self.z, length, exponent = unit_rows(pred)
        none = length == 0
        self.shrink = np.where(none, 0, np.ldexp(1 / np.where(none, 1, length), -exponent))
        codes, counts = np.unique(label, return_inverse=True, return_counts=True)[1:]
        self.label = codes.reshape(-1).astype(np.int64)
        self.positives = (counts[self.label] - 1).astype(np.int64)
        self.weight, self.shift = whole.in_range(np.where(self.positives > 0, weight, 0))
        self.count = int((self.positives > 0).sum())
        self.padded = np.zeros((-(-len(pred) // LANES) * LANES, pred.shape[1]))
        self.padded[: len(pred)] = self.z

    def blocks(self) -> Iterator[tuple[slice, Array]]:
        """Blocks of rows of similarities, which may be overwritten."""
        n = len(self.z)
        step = max(1, ROOM // max(len(self.padded), 1))
        scaled = self.padded.T / self.temperature
        for start in range(0, n, step):
            block = slice(start, min(start + step, n))
            yield block, self.z[block] @ scaled

    def slopes(self, block: slice, similarities: Array) -> tuple[Array, Array]:
        """Losses of a block's rows, and their slopes with respect to the similarities."""
        losses = self.rows(similarities, block.start, self.label, self.positives, True)
        return losses, similarities[:, : len(self.z)]

    def value_and_grad(self, value: bool, grad: bool) -> tuple[float, Array | None]:
        """Both, as far as they are wanted."""
        cost, total = 0.0, np.zeros_like(self.z) if grad else None
        for block, similarities in self.blocks():
            weight = self.weight[block]
            losses = self.rows(similarities, block.start, self.label, self.positives, grad)
            if value:
                cost += float((weight * losses).sum())
            if total is not None:
                slopes = similarities[:, : len(self.z)]
                slopes *= weight[:, None]
                total[block] += slopes @ self.z
                total += slopes.T @ self.z[block]
        return cost, None if total is None else self.across(total) / self.temperature

    def across(self, total: Array) -> Array:
        """Slopes with respect to unit vectors as slopes with respect to the embeddings: across them, and over their lengths."""
        slopes: Array = (total - self.z * (self.z * total).sum(axis=1, keepdims=True)) * self.shrink[:, None]
        return slopes

    def grad_and_hess(self) -> tuple[Array, Array]:
        """The gradient, and the diagonal of the Hessian.

        Along component a of an embedding, the unit vector z changes by (u − zₐz)/r and bends by (3zₐ²z − z − 2zₐu)/r².
        """
        z, n = self.z, len(self.z)
        squares = z * z
        total, curved, mixed, means = (np.zeros_like(z) for _ in range(4))
        along, mean_along = np.zeros(n), np.zeros(n)
        for block, similarities in self.blocks():
            cosines = similarities[:, :n] * self.temperature
            _, slopes = self.slopes(block, similarities)
            shares, others = self.shares(block, slopes)
            weight = self.weight[block][:, None]
            own, theirs = weight * shares, weight * (shares * others)
            means[block] = shares @ z
            mean_along[block] = (shares * cosines).sum(axis=1)
            for matrix, out in ((1.0, curved), (cosines, mixed)):
                by = squares if out is curved else z
                out[block] += (own * matrix) @ by
                out += (theirs * matrix).T @ by[block]
            along[block] += (own * cosines * cosines).sum(axis=1)
            along += (theirs * cosines * cosines).sum(axis=0)
            weighted = weight * slopes
            total[block] += weighted @ z
            total += weighted.T @ z[block]
        spread = curved - 2 * z * mixed + squares * along[:, None]
        spread -= self.weight[:, None] * (means - z * mean_along[:, None]) ** 2
        lengthwise = (z * total).sum(axis=1, keepdims=True)
        bent = (3 * squares - 1) * lengthwise - 2 * z * total
        shrink = self.shrink[:, None]
        hess = (spread / self.temperature + bent) / self.temperature * shrink * shrink
        return self.across(total) / self.temperature, hess

    def shares(self, block: slice, slopes: Array) -> tuple[Array, Array]:
        """Each row's p and 1 − p, of its slopes p − 1/(number of positives); the latter exact for an only positive."""
        positive = self.label[block, None] == self.label
        positive[np.arange(len(slopes)), np.arange(block.start, block.stop)] = False
        number = self.positives[block, None]
        shares = slopes + positive / np.maximum(number, 1)
        return shares, np.where(positive & (number == 1), -slopes, 1 - shares)

    def product(self, vector: Array) -> Array:
        """The Hessian times a vector."""
        z, shrink = self.z, self.shrink[:, None]
        on_z = (z * vector).sum(axis=1, keepdims=True)
        dz = (vector - z * on_z) * shrink
        total, change = np.zeros_like(z), np.zeros_like(z)
        for block, similarities in self.blocks():
            _, slopes = self.slopes(block, similarities)
            shares, _ = self.shares(block, slopes)
            moved = (dz[block] @ z.T + z[block] @ dz.T) / self.temperature
            weight = self.weight[block][:, None]
            bends = weight * shares * (moved - (shares * moved).sum(axis=1, keepdims=True))
            slopes = weight * slopes
            total[block] += slopes @ z
            total += slopes.T @ z[block]
            change[block] += bends @ z + slopes @ dz
            change += bends.T @ z[block] + slopes.T @ dz[block]
        lengthwise = (z * total).sum(axis=1, keepdims=True)
        moved = (dz * total + z * change).sum(axis=1, keepdims=True)
        turned = change - dz * lengthwise - z * moved - (total - z * lengthwise) * on_z * shrink
        product: Array = turned * shrink / self.temperature
        return product


def evaluated(
    rows: Rows,
    wanted: tuple[bool, bool, bool],
    operands: tuple[Any, ...],
    vector: Array | None,
    reduction: str,
    own: tuple[Any, ...],
) -> whole.Run:
    """What a kernel's `run` answers; what is wanted of value, gradient and Hessian, or the Hessian times a vector, is written."""
    pred, target, weight, _, grad, hess = operands
    label = np.ravel(target)
    if weight is not None and (weight := whole.weights_of(weight)) is None:
        return whole.OUTSIDE
    weight = np.ones(len(label)) if weight is None else weight
    there = weight != 0

    def taken(x: Array) -> Array:
        embeddings: Array = np.asarray(x.reshape(len(label), -1), np.float64)[there]
        return embeddings

    with np.errstate(all="ignore"):
        batch = Similarities(rows, taken(pred), label[there], weight[there], own[1])
        first = second = None
        value = 0.0
        if vector is not None:
            first = batch.product(taken(vector))
        elif wanted[2]:
            first, second = batch.grad_and_hess()
        else:
            value, first = batch.value_and_grad(*wanted[:2])
        sums = value, float(batch.weight.sum()), float(batch.count)
        results = tuple((out, None if x is None else spread(x, there)) for out, x in ((grad, first), (hess, second)))
        return whole.finished(reduction, sums, batch.shift, pred, results)


def spread(x: Array, there: Array) -> Array:
    """Rows of embeddings that are there, among rows of 0."""
    if there.all():
        return x
    result = np.zeros((len(there), x.shape[1]))
    result[there] = x
    return result
