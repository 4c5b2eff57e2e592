"""What losses of rows of classes have in common, against rows or class ids; and functions of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from .._core.domains import PROBABILITY, Array, Domain
from .arithmetic import sum_of_rows, weighed
from .engine import PRED, TARGET, VECTOR, WEIGHT, Batch, Kernel, Part, Tile, weight_of


class Rows(Kernel):
    """The kernel of a formula. It is given the axis, which is the last, ignore_index and class_weight, then numbers."""

    axes = 1

    def is_weighted(self, batch: Batch) -> bool:
        return batch.operands[WEIGHT] is not None or batch.hyperparameters[2] is not None or self.ignores(batch)

    def ignores(self, batch: Batch) -> bool:
        return batch.hyperparameters[1] is not None

    def part(self, tile: Tile) -> Part:
        _, ignored, class_weight, *numbers = tile.batch.hyperparameters
        classes = tile.batch.operands[PRED].shape[-1]
        x = tile.get(PRED, classes)
        weight, outside = weight_of(tile)
        weight = np.full(len(x), tile.batch.unit) if weight is None else weight
        counts = np.ones(len(x), bool)
        target = tile.whole(TARGET)
        if target.ndim < tile.whole(PRED).ndim:
            label, t = target.reshape(-1), None
            if ignored is not None and is_in_range(ignored, label.dtype):
                counts = label != label.dtype.type(ignored)
            there = counts & (weight != 0)
            bad = there & ((label < 0) | (label >= classes))
            outside |= bool(bad.any())
            there &= ~bad
            label = np.where(there, label, 0).astype(np.intp)
            weight = np.where(there, weight if class_weight is None else weight * class_weight[label], 0)
        else:
            label, t = None, tile.get(TARGET, classes)
            if "target" in self.domains:
                outside |= not bool(PROBABILITY.contains(t[weight != 0]).all())
            if class_weight is not None:
                weight = weighed(weight, sum_of_rows(t * class_weight))
        if "pred" in self.domains:
            there = weight != 0
            used = x[np.arange(len(x)), label][there] if self.formula.sparse else x[there]
            outside |= not bool(PROBABILITY.contains(used).all())
        return Part(self.formula, (tile, x, t, label, *numbers), weight, int(counts.sum()), outside)


def is_in_range(number: int, dtype: np.dtype[Any]) -> bool:
    """Whether an integer dtype has this number."""
    return bool(np.iinfo(dtype).min <= number <= np.iinfo(dtype).max)


class Row:
    """A loss of rows x with targets t, rows too, or class ids in `label`.

    `value` is one number a row; `grad`, `hess` and `product`, the Hessian times a row, have the shape of x.
    """

    domains: Mapping[str, Domain] = {}
    sparse = False  # nothing but the label's number is looked at

    value: ClassVar[Callable[..., Any]]
    grad: ClassVar[Callable[..., Any]]
    hess: ClassVar[Callable[..., Any]]
    majorizer: ClassVar[Callable[..., Any]]

    def __init__(self, tile: Tile, x: Array, t: Any, label: Any) -> None:
        self.tile, self.x, self.t, self.label = tile, x, t, label
        self.line = np.arange(len(x))

    @property
    def vector(self):
        return self.tile.get(VECTOR, self.x.shape[1]).astype(np.float64)

    def product(self):
        """Of a Hessian that is its diagonal."""
        return self.hess() * self.vector


class SoftmaxRow(Row):
    """Through a softmax. The own term, the label's or without one the greatest's, is kept out of the sum, so that
    log(1 + rest) and −rest/sum are exact; and the greatest is added last, since small terms would be lost beside it."""

    @cached_property
    def top(self):
        return self.x.max(axis=1)

    @cached_property
    def greatest(self):
        return self.x.argmax(axis=1)

    @cached_property
    def place(self):
        return self.greatest if self.label is None else self.label

    @cached_property
    def z(self):
        return self.x - self.top[:, None]

    @cached_property
    def e(self):
        return np.exp(self.z)

    @cached_property
    def terms_of_sum(self):
        """The own term; the sum of all but it and the greatest; the greatest, or 0 where that is the own."""
        others = self.e.astype(np.float64)
        apart = others[self.line, self.place]
        others[self.line, self.place] = 0
        last = others[self.line, self.greatest]
        others[self.line, self.greatest] = 0
        return apart, sum_of_rows(others), last

    @property
    def apart(self):
        return self.terms_of_sum[0]

    @cached_property
    def rest(self):
        return self.terms_of_sum[1] + self.terms_of_sum[2]

    @cached_property
    def sum(self):
        return self.rest + self.apart

    @cached_property
    def logs(self):
        return np.where(self.apart == 1, np.log1p(self.rest), np.log(self.sum))

    @property
    def rest_of_greatest(self):
        """All but the greatest: the one class whose probability may be near 1, which 1 − p has then lost."""
        return np.where(self.place == self.greatest, self.rest, self.terms_of_sum[1] + self.apart)

    @property
    def p(self):
        return self.e / self.sum[:, None]

    @property
    def q(self):
        """1 − p, without cancellation."""
        q = 1 - self.p
        q[self.line, self.greatest] = self.rest_of_greatest / self.sum
        return q

    def spread(self, v):
        """(diag(p) − p pᵀ)·v, the Hessian of log Σ eˣ times a row."""
        if self.tile.batch.compiled:
            return self.tile.batch.compiled.spread(self.x, v)
        v = v.astype(np.float64)
        v = v - v[self.line, self.greatest][:, None]  # a shift changes nothing, and this one leaves little to cancel
        p = self.p
        return p * (v - sum_of_rows(p * v)[:, None])


class Softmax(SoftmaxRow):
    """eˣ/Σ eˣ."""

    def grad(self):
        return self.p


class LogSoftmax(SoftmaxRow):
    """x − log Σ eˣ."""

    def grad(self):
        return self.z - self.logs[:, None]


class LogSumExp(SoftmaxRow):
    """log Σ eˣ."""

    def value(self):
        return np.where(np.isinf(self.top), self.top, self.top + self.logs)


class SoftmaxMean(SoftmaxRow):
    """Σ p·t of any numbers t. No loss, but a part of others' Hessians: its gradient is the softmax's Jacobian times t."""

    def value(self):
        return sum_of_rows(self.p * self.t)

    def grad(self):
        return self.spread(self.t)


KERNELS = {
    "softmax_mean": Rows(SoftmaxMean),
    "softmax": Rows(Softmax),
    "log_softmax": Rows(LogSoftmax),
    "logsumexp": Rows(LogSumExp),
}
