"""What the gradient boosters share: one object is called by any of them, natively or through scikit-learn's interface.

Design. A booster hands over raw scores, float32 labels and weights, and wants a gradient and a curvature for each score: of
sums, never of means, and with the weights multiplied in. `Batch` makes of that what a loss takes. The curvature is where tools
differ most, and none of them takes the second derivative of every loss: a leaf of errors beyond Huber's delta would divide by
0. So each tool's module has a table, `own`, of what the tool's own objective of a loss takes; a loss that the tool has not gets
its majorizer, and straight lines, which have none, a curvature of 1, as every tool gives to the absolute error.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from .._core.arrays import real_array
from .._core.domains import SIGN, Array, shown
from .._core.families import RowLoss, TwoOutputs, TwoRows
from .._core.hyperparameters import is_list
from .._core.loss import Loss
from ._shared import resolved

FLOOR = 1e-16  # times the weight: no curvature is less, so that a leaf's sum is positive

INSTEAD = {
    "rmse": "mse",
    "rmsle": "mse of log1p(target)",
    "msle": "mse of log1p(target)",
    "binary_cross_entropy": "sigmoid_cross_entropy",
    "categorical_cross_entropy": "softmax_cross_entropy",
    "sparse_categorical_cross_entropy": "softmax_cross_entropy",
    "brier": "softmax_brier",
    "ranked_probability_score": "softmax_ranked_probability_score",
    "kl_divergence": "softmax_kl_divergence",
    "jensen_shannon": "softmax_jensen_shannon",
    "reverse_kl_divergence": "softmax_reverse_kl_divergence",
    "poisson_deviance": "poisson_nll",
    "gamma_deviance": "gamma_nll",
    "tweedie_deviance": "tweedie_nll",
    "dice": "sigmoid_cross_entropy for each label",
    "jaccard": "sigmoid_cross_entropy for each label",
    "tversky": "sigmoid_cross_entropy for each label",
}
STRAIGHT = (
    "mae",
    "quantile",
    "epsilon_insensitive",
    "hinge",
    "perceptron",
    "crammer_singer_hinge",
    "weston_watkins_hinge",
)
RELATIVE = ("mape", "smape")  # straight lines, or concave, whose slope depends on the size of the target

Pair = tuple[Array, Array]


# ---- the objects that tools keep -------------------------------------------------------------------------------------


class Adapter:
    """A loss and its own keywords, to be called by a tool. It never changes, and a copy is the object itself."""

    made_by: ClassVar[str]  # the function that makes it
    options: ClassVar[tuple[str, ...]]  # that function's own keywords, which are attributes

    def __init__(self, loss: Loss, parameters: Mapping[str, Any]) -> None:
        self.loss = loss
        self.parameters = {name: np.array(value) if is_list(value) else value for name, value in parameters.items()}
        self.__name__ = loss.name

    def __repr__(self) -> str:
        given = {name: getattr(self, name) for name in self.options} | self.parameters
        plain = {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in given.items()}
        keywords = "".join(f", {name}={value!r}" for name, value in plain.items())
        return f"{type(self).__module__.rpartition('.')[2]}.{self.made_by}({self.loss.name!r}{keywords})"

    def __deepcopy__(self, memo: dict[int, Any]) -> Adapter:
        return self  # scikit-learn's clone and CatBoost compare what they copied by identity


class Objective(Adapter):
    """Gradient and curvature of a loss, as a tool that boosts trees takes them."""

    made_by = "objective"
    options = ("curvature",)
    own: ClassVar[Mapping[str, Any]]  # the curvature of the tool's own objective of a loss
    halved: ClassVar[tuple[str, ...]] = ("mse",)  # losses that the tool has with a factor of 1/2
    floor: ClassVar[float] = FLOOR

    def __init__(self, loss: Loss, curvature: Any, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, parameters)
        self.curvature = curvature
        self._form = form(loss, curvature, self.own)

    def __call__(self, a: Any, b: Any, sample_weight: Any = None) -> Pair:
        """The gradient and the curvature of every score, from (preds, the tool's data) or (y_true, y_pred, sample_weight)."""
        return self._slopes(self._batch(*ordered(a, b, sample_weight)))

    def _batch(self, pred: Any, target: Any, sample_weight: Any) -> Batch:
        batch = Batch.of(self.loss, self.parameters, pred, target, sample_weight)
        batch.share, batch.floor = 0.5 if self.loss.name in self.halved else 1.0, self.floor
        return batch

    def _slopes(self, batch: Batch) -> Pair:
        form = self._form
        return form(batch) if callable(form) else batch.slopes(form)


class Metric(Adapter):
    """The cost of a loss, as a tool that watches its training takes it."""

    made_by = "metric"
    options = ("name",)

    def __init__(self, loss: Loss, name: str | None, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, parameters)
        if name is not None and (not isinstance(name, str) or not name or any(c.isspace() or c == ":" for c in name)):
            raise ValueError(f"name is {name!r}; it must be a word without spaces and colons")
        self.name = name or loss.name
        self.__name__ = self.name

    def _cost(self, pred: Any, target: Any, sample_weight: Any) -> float:
        batch = Batch.of(self.loss, self.parameters, pred, target, sample_weight)
        keywords: dict[str, Any] = {"sample_weight": batch.weight, **self.parameters}
        return float(self.loss(batch.pred, batch.target, **keywords))


def ordered(a: Any, b: Any, sample_weight: Any) -> tuple[Any, Any, Any]:
    """pred, target and weights, whichever way round they come: natively the second is the tool's data."""
    return (a, b.get_label(), b.get_weight()) if hasattr(b, "get_label") else (b, a, sample_weight)


# ---- which losses, which curvature -----------------------------------------------------------------------------------


def boosted(
    loss: str | Loss, parameters: Mapping[str, Any], tool: str, *, also: tuple[str, ...] = (), one_label: bool = False
) -> Loss:
    """The loss that is meant, if a tool can train on it: one of raw scores, or one of `also`, of a label that is one number."""
    found = scored(loss, parameters)
    name = f"{found.name} ({', '.join(found.aliases)})" if found.aliases else found.name
    if (found.root or "pred" in found.domains) and found.name not in also:
        reason = "is the root of a mean" if found.root else f"takes predictions {found.domains['pred'].text}"
        raise ValueError(f"{name} {reason}, and {tool} has a raw score for each sample; use {INSTEAD[found.name]}")
    if one_label and (isinstance(found, TwoRows) or (isinstance(found, RowLoss) and not found.ids)):
        remedy = "; of class ids, softmax_cross_entropy is such a loss" if found.link == "softmax" else ""
        raise ValueError(f"{name} takes a row of numbers as target, and {tool} has one label for each sample{remedy}")
    return found


def scored(loss: str | Loss, parameters: Mapping[str, Any]) -> Loss:
    """The loss that is meant; its classes lie where the tools have them."""
    if "axis" in parameters:
        raise TypeError("axis is given, but the classes of a booster are always on the last axis")
    return resolved(loss, dict(parameters))


def form(loss: Loss, curvature: Any, own: Mapping[str, Any]) -> Any:
    """Where the curvature comes from: a word, a number that weights are multiplied by, or a function of the batch."""
    if isinstance(curvature, str) and curvature in ("tool", "exact", "majorizer"):
        if curvature == "tool":
            return own[loss.name] if loss.name in own else by_default(loss)
        if curvature == "majorizer" and not loss.majorizer:
            raise ValueError(f"{loss.name} has no majorizer; curvature must be 'tool', 'exact' or a number > 0")
        return curvature
    try:
        if isinstance(curvature, (str, bool, np.bool_)):
            raise TypeError
        number = float(curvature)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"curvature is {curvature!r}; it must be 'tool', 'exact', 'majorizer' or a number > 0")
    return number


def by_default(loss: Loss) -> Any:
    """What a loss gets that the tool has not."""
    if loss.majorizer:
        return "majorizer"
    return "slope" if loss.name in RELATIVE else 1.0 if loss.name in STRAIGHT else "exact"


# ---- what a tool hands over ------------------------------------------------------------------------------------------


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
    def of(loss: Loss, parameters: Mapping[str, Any], pred: Any, target: Any, sample_weight: Any) -> Batch:
        """The tool's arrays in the loss's shapes, labels in its code. Nothing is written to them."""
        pred, target = real_array("pred", pred), real_array("target", target)
        weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
        if weight is not None and weight.size == 0:
            weight = None  # XGBoost's way to say that there are none
        several = isinstance(loss, (RowLoss, TwoRows, TwoOutputs))
        if several and pred.ndim < 2:
            raise ValueError(f"{loss.name} takes several scores a sample, but pred has shape {pred.shape}")
        if target.ndim == 2 and target.shape[1] == 1 and target.shape != pred.shape:
            target = target[:, 0]
        if not several and pred.ndim == 2 and target.shape == pred.shape[:1]:
            if pred.shape[1] == 1:
                target = target[:, None]
            elif any(isinstance(value, np.ndarray) for value in parameters.values()):  # several quantiles of one target
                target = np.broadcast_to(target[:, None], pred.shape)
        if weight is not None and not several and weight.ndim < pred.ndim:
            weight = weight[:, None]
        return Batch(loss, parameters, pred, coded(loss, target, weight, pred.ndim), weight)

    def gradient(self) -> Array:
        """Σ's derivative by each score."""
        return self.loss.grad(self.pred, self.target, **self._keywords())

    def slopes(self, source: Any) -> Pair:
        """The gradient, and a curvature from where `form` says."""
        if isinstance(source, float):
            grad = self.gradient()
            hess = np.empty_like(grad)
            np.multiply(self.weights(), source, out=hess, casting="same_kind")
            return grad, hess
        if source == "slope":
            grad = self.gradient()
            hess = np.abs(grad)
        else:
            grad, hess = self.loss.grad_and_hess(self.pred, self.target, curvature=source, **self._keywords())
        return grad, np.maximum(hess, self.floor * self.weights(), out=hess)

    def weights(self) -> Any:
        """1, or the weights, each times its class's; of a shape that goes with the scores."""
        class_weight, ignored = (self.parameters.get(name) for name in ("class_weight", "ignore_index"))
        if class_weight is None and ignored is None:
            weight: Any = 1.0 if self.weight is None else self.weight
        elif self.target.ndim == self.pred.ndim:
            weight = self.target @ class_weight * (1.0 if self.weight is None else self.weight)
        else:
            there = np.ones(self.target.shape, bool) if self.weight is None else self.weight > 0
            there &= True if ignored is None else self.target != ignored
            ids = np.where(there, self.target, 0)
            weight = there * (1.0 if class_weight is None else class_weight[ids])
            weight = weight if self.weight is None else weight * self.weight
        return weight[:, None] if np.ndim(weight) and np.ndim(weight) < self.pred.ndim else weight

    def _keywords(self) -> dict[str, Any]:
        weight = self.weight
        if self.share != 1:
            weight = np.full((1,) * self.pred.ndim, self.share) if weight is None else self.share * weight
        return {"sample_weight": weight, "reduction": "sum", **self.parameters}


def times(factor: float, batch: Batch) -> Pair:
    """The exact curvature times a number."""
    grad, hess = batch.slopes("exact")
    hess *= factor
    return grad, hess


AT_LARGEST_STEP = functools.partial(
    times, math.exp(0.7)
)  # of Poisson's in XGBoost and LightGBM: e^(x + 0.7), by default


def coded(loss: Loss, target: Array, weight: Array | None, ndim: int) -> Array:
    """Labels as the loss has them: 0 and 1 become −1 and 1 of a margin, whole floats class ids. Weights of 0 excuse any."""
    if loss.domains.get("target") is SIGN:
        return signs(target, weight)
    if loss.ids and target.ndim == 1 < ndim and target.dtype.kind not in "iu":
        return class_ids(target, weight)
    return target


def signs(target: Array, weight: Array | None) -> Array:
    """Labels −1 and 1, of these or of 0 and 1."""
    if (np.abs(target) == 1).all() and target.dtype.kind != "b":
        return target
    there = np.ones(target.shape, bool) if weight is None else np.broadcast_to(weight > 0, target.shape)
    missing = ~there | (target != target)
    fits = missing | (target == 0) | (target == 1)
    if fits.all():
        return 2 * np.asarray(target, np.float64 if target.dtype.kind in "iub" else target.dtype) - 1
    if not (fits | (target == -1)).all():
        fits |= target == -1
        raise ValueError(f"{first(target, fits)}; labels must be 0 and 1, or -1 and 1")
    if (there & (target == 0)).any():
        raise ValueError(f"{first(target, fits)}, and others are 0; labels must be 0 and 1, or -1 and 1")
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


def first(target: Array, fits: Array) -> str:
    """The first label that does not fit, in words."""
    place = np.unravel_index(int(np.argmin(fits)), fits.shape)
    return f"target[{', '.join(map(str, place))}] is {shown(target[place])}"
