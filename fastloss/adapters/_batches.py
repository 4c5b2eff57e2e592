"""What gradient boosters hand over, as a loss takes it: scores, labels in its code, weights."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .._core.arrays import real_array
from .._core.domains import SIGN, Array, shown
from .._core.families import Grouped, Ordered, Pairs, RowLoss, TwoOutputs, TwoRows, weights_of_classes
from .._core.hyperparameters import lists_by_column
from .._core.loss import Loss

Pair = tuple[Array, Array]


@dataclass
class Batch:
    """Scores, targets and weights as the loss takes them."""

    loss: Loss
    parameters: Mapping[str, Any]
    pred: Array
    target: Array
    weight: Array | None
    share: float = 1.0  # of the loss that is meant
    floor: float = 0.0  # times the weight, the least curvature

    @staticmethod
    def of(
        loss: Loss, parameters: Mapping[str, Any], pred: Any, target: Any, sample_weight: Any, sizes: Any = None
    ) -> Batch:
        """The tool's arrays in the loss's shapes, labels in its code, the sizes of its groups as `groups`, unless the parameters
        have some. Nothing is written to them."""
        pred, target = real_array("pred", pred), real_array("target", target)
        weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
        if weight is not None and weight.size == 0:
            weight = None  # XGBoost's way to say that there are none
        if sizes is not None and isinstance(loss, Grouped) and parameters.get("groups") is None:
            parameters = {**parameters, "groups": np.repeat(np.arange(len(sizes)), sizes)}
            # XGBoost weighs groups, not samples.
            if weight is not None and weight.shape == (len(sizes),) != target.shape:
                weight = np.repeat(np.sqrt(weight, dtype=np.float64) if isinstance(loss, Pairs) else weight, sizes)
        several = isinstance(loss, (RowLoss, TwoRows, TwoOutputs))
        if several and pred.ndim < 2:
            remedy = "; of two classes, sigmoid_cross_entropy takes one" if isinstance(loss, RowLoss) else ""
            raise ValueError(f"{loss.name} takes several scores a sample, but pred has shape {pred.shape}{remedy}")
        if target.ndim == 2 and target.shape[1] == 1 and target.shape != pred.shape:
            target = target[:, 0]
        if not several and pred.ndim == 2 and target.shape == pred.shape[:1]:
            if pred.shape[1] == 1:
                target = target[:, None]
            elif lists_by_column(loss.parameters, parameters):  # several quantiles of one target
                target = np.broadcast_to(target[:, None], pred.shape)
        if weight is not None and not several and weight.ndim == 1 < pred.ndim:
            weight = weight[:, None]
        return Batch(loss, parameters, pred, coded(loss, target, weight, pred.ndim), weight)

    def gradient(self) -> Array:
        """The derivative of the sum with respect to each score."""
        return self._of_share(self.loss.grad(self.pred, self.target, **self._keywords()))

    def slopes(self, source: Any) -> Pair:
        """The gradient, and a curvature: the loss's, the size of the slope, or a number times the weight."""
        if isinstance(source, float):
            grad = self.gradient()
            hess = np.empty_like(grad)
            weights = self.weights()
            if np.ndim(weights):
                np.multiply(weights, source, out=hess, casting="same_kind")
            else:
                hess.fill(source)
            return grad, hess
        if source == "slope":
            grad = self.gradient()
            hess = np.abs(grad)
        else:
            both = self.loss.grad_and_hess(self.pred, self.target, curvature=source, **self._keywords())
            grad, hess = map(self._of_share, both)
        return grad, np.maximum(hess, self.floor * self.weights(), out=hess)

    def weights(self) -> Any:
        """1, or the weights, each times its class's; of a shape that goes with the scores."""
        class_weight, ignored = (self.parameters.get(name) for name in ("class_weight", "ignore_index"))
        if class_weight is None and ignored is None:
            weight: Any = 1.0 if self.weight is None else self.weight
        elif self.target.ndim == self.pred.ndim and not isinstance(self.loss, Ordered):
            weight = self.target @ class_weight * (1.0 if self.weight is None else self.weight)
        else:
            weight = weights_of_classes(self.target, self.weight, ignored, class_weight)
        return weight[:, None] if np.ndim(weight) and np.ndim(weight) < self.pred.ndim else weight

    def _keywords(self) -> dict[str, Any]:
        return {"sample_weight": self.weight, "reduction": "sum", **self.parameters}

    def _of_share(self, slopes: Array) -> Array:
        return slopes if self.share == 1 else np.multiply(slopes, self.share, out=slopes)


def times(factor: float, batch: Batch) -> Pair:
    """The exact curvature times a number."""
    grad, hess = batch.slopes("exact")
    hess *= factor
    return grad, hess


AT_LARGEST_STEP = functools.partial(
    times, math.exp(0.7)
)  # of Poisson's in XGBoost and LightGBM: by default e^(x + 0.7)


# ---- labels -----------------------------------------------------------------------------------------------------------


def coded(loss: Loss, target: Array, weight: Array | None, ndim: int) -> Array:
    """Labels as the loss has them: 0 and 1 become −1 and 1 of a margin, whole floats class ids. Weights of 0 excuse any."""
    if loss.domains.get("target") is SIGN:
        return signs(target, weight)
    if loss.ids and target.ndim == 1 < ndim and target.dtype.kind not in "iu":
        return class_ids(target, weight)
    return target


def signs(target: Array, weight: Array | None, name: str = "target") -> Array:
    """Labels −1 and 1, of these or of 0 and 1; `name` is what the caller knows them as."""
    if (np.abs(target) == 1).all() and target.dtype.kind != "b":
        return target
    there = np.ones(target.shape, bool) if weight is None else np.broadcast_to(weight > 0, target.shape)
    missing = ~there | (target != target)
    fits = missing | (target == 0) | (target == 1)
    if fits.all():
        return 2 * np.asarray(target, np.float64 if target.dtype.kind in "iub" else target.dtype) - 1
    if not (fits | (target == -1)).all():
        fits |= target == -1
        raise ValueError(f"{first(target, fits, name)}; labels must be 0 and 1, or -1 and 1")
    if (there & (target == 0)).any():
        raise ValueError(f"{first(target, fits, name)}, and others are 0; labels must be 0 and 1, or -1 and 1")
    return target


def class_ids(target: Array, weight: Array | None) -> Array:
    """Integers of whole numbers."""
    with np.errstate(invalid="ignore"):
        ids = target.astype(np.int64)
    whole = ids == target
    if whole.all():
        return ids
    fits = whole if weight is None else whole | (weight == 0)
    if not fits.all():
        raise ValueError(f"{first(target, fits)}; class ids must be whole numbers")
    return np.where(whole, ids, 0)


def first(target: Array, fits: Array, name: str = "target") -> str:
    """The first label that does not fit, in words."""
    place = np.unravel_index(int(np.argmin(fits)), fits.shape)
    return f"{name}[{', '.join(map(str, place))}] is {shown(target[place])}"
