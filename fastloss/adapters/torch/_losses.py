"""Losses as PyTorch means them, where `fastloss` means something else: the operators call them as they call any loss."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..._core.arrays import same_shape
from ..._core.domains import Array
from ...losses import binary_cross_entropy

LEAST = float(np.float32(1e-12))  # PyTorch has it in single precision
BLOCK = 1 << 13  # numbers, which stay in the cache


class BinaryCrossEntropy:
    """Of which neither logarithm is less than -100, and the slope's divisor p(1-p) no less than 1e-12.

    Only probabilities that near to 0 and 1 are computed here; all others are `binary_cross_entropy`'s.
    """

    parameters: ClassVar[dict[str, Any]] = {}

    def __call__(self, pred: Array, target: Array, *, sample_weight: Any, reduction: str, out: Any = None) -> Any:
        """The cost or the losses."""
        ends, weight = parted(pred, sample_weight)
        value = binary_cross_entropy(pred, target, sample_weight=weight, reduction=reduction, out=out)
        return value if ends is None else self.with_ends(value, ends, pred, target, sample_weight, reduction)

    def value_and_grad(
        self, pred: Array, target: Array, *, sample_weight: Any, reduction: str, out: Any
    ) -> tuple[Any, Any]:
        """The cost or the losses, and the gradient."""
        ends, weight = parted(pred, sample_weight)
        value, grad = binary_cross_entropy.value_and_grad(
            pred, target, sample_weight=weight, reduction=reduction, out=out
        )
        if ends is None:
            return value, grad
        grad[ends] = slopes(pred, ends, sample_weight, reduction) * (number(pred, ends) - number(target, ends))
        return self.with_ends(value, ends, pred, target, sample_weight, reduction), grad

    def hvp(
        self, pred: Array, target: Array, vector: Array, *, sample_weight: Any, reduction: str, out: Array
    ) -> Array:
        """The derivatives of the gradient, times a vector."""
        ends, weight = parted(pred, sample_weight)
        binary_cross_entropy.hvp(pred, target, vector, sample_weight=weight, reduction=reduction, out=out)
        if ends is not None:
            out[ends] = slopes(pred, ends, sample_weight, reduction) * number(vector, ends)
        return out

    def with_ends(self, value: Any, ends: Array, pred: Array, target: Array, sample_weight: Any, reduction: str) -> Any:
        """The value of all, from that of the others."""
        p, t = number(pred, ends), number(target, ends)
        with np.errstate(divide="ignore"):
            losses = -t * np.maximum(np.log(p), -100) - (1 - t) * np.maximum(np.log1p(-p), -100)
        losses *= 1 if sample_weight is None else number(sample_weight, ends)
        if reduction != "none":
            return value + math.fsum(losses) / (pred.size if reduction == "batch_mean" else 1)
        value[ends] = losses
        return value


def parted(pred: Array, sample_weight: Any) -> tuple[Any, Any]:
    """Where probabilities are so near to 0 or 1 that PyTorch stops, None if nowhere; and the weights without those."""
    if not pred.size or all(p * (1 - p) >= LEAST for p in (float(pred.min()), float(pred.max()))):
        return None, sample_weight
    p = pred.astype(np.float64)
    ends = (p >= 0) & (p <= 1) & (p * (1 - p) < LEAST)
    return ends, np.where(ends, 0.0, 1.0 if sample_weight is None else sample_weight)


def number(x: Array, places: Array) -> Array:
    """What is there, in double."""
    return x[places].astype(np.float64)


def slopes(pred: Array, ends: Array, sample_weight: Any, reduction: str) -> Array:
    """The derivative of the gradient."""
    weight = np.ones(1) if sample_weight is None else number(sample_weight, ends)
    return weight / LEAST / (pred.size if reduction == "batch_mean" else 1)


class Divergence:
    """``t * (log(t) - pred)`` of each number, whose predictions are logarithms; targets too where `logarithms` says so."""

    parameters: ClassVar[dict[str, Any]] = {}

    def __init__(self, logarithms: bool) -> None:
        self.logarithms = logarithms

    def __call__(self, pred: Array, target: Array, *, sample_weight: Any, reduction: str, out: Any = None) -> Any:
        """The cost or the losses."""
        return self.computed(pred, target, reduction, out, None)

    def value_and_grad(
        self, pred: Array, target: Array, *, sample_weight: Any, reduction: str, out: Any
    ) -> tuple[Any, Any]:
        """The cost or the losses, and the gradient."""
        losses, grad = out if reduction == "none" else (None, out)
        return self.computed(pred, target, reduction, losses, grad), grad

    def hvp(
        self, pred: Array, target: Array, vector: Array, *, sample_weight: Any, reduction: str, out: Array
    ) -> Array:
        """Zeros: the loss is a straight line."""
        out[...] = 0
        return out

    def computed(self, pred: Array, target: Array, reduction: str, losses: Any, grad: Any) -> Any:
        """What is asked for, block by block in double."""
        same_shape("target", target.shape, pred)
        divisor = pred.size if reduction == "batch_mean" else 1
        outputs = [x for x in (losses, grad) if x is not None]
        flags: list[list[Any]] = [["readonly"]] * 2 + [["writeonly"]] * len(outputs)
        total = 0.0
        with (
            np.errstate(all="ignore"),
            np.nditer(
                [pred, target, *outputs],
                ["external_loop", "buffered", "zerosize_ok"],
                flags,
                [np.float64] * (2 + len(outputs)),
                casting="unsafe",
                buffersize=BLOCK,
            ) as blocks,
        ):
            for x, t, *results in blocks:
                probabilities = np.exp(t) if self.logarithms else t
                logarithms = t if self.logarithms else np.log(np.where(t == 0, 1, t))
                each = probabilities * (logarithms - x)
                if losses is not None:
                    results[0][...] = each
                if grad is not None:
                    np.divide(probabilities, -divisor, out=results[-1])
                total += float(each.sum())
        return losses if reduction == "none" else total / divisor if pred.size or reduction == "sum" else math.nan


OWN = {
    "torch.binary_cross_entropy": BinaryCrossEntropy(),
    "torch.kl_div": Divergence(False),
    "torch.kl_div_of_logarithms": Divergence(True),
}
