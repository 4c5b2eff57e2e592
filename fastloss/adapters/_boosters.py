"""What the gradient boosters share: one object is called by any of them, natively or through scikit-learn's interface.

Design. A booster hands over raw scores, float32 labels and weights, and wants a gradient and a curvature for each score: of
sums, never of means, and with the weights multiplied in. `_batches.py` makes of that what a loss takes. The curvature is where
tools differ most, and none of them takes the second derivative of every loss: a leaf of errors beyond Huber's delta would divide
by 0. So each tool's module has a table, `own`, of what the tool's own objective of a loss takes; a loss that the tool has not gets
its majorizer, and straight lines, which have none, a curvature of 1, as every tool gives to the absolute error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .._core.families import RowLoss, TwoRows
from .._core.hyperparameters import is_list
from .._core.loss import Loss
from ._batches import Batch, Pair
from ._shared import other_than_scores, resolved

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
    options: ClassVar[tuple[str, ...]] = ("curvature",)
    own: ClassVar[Mapping[str, Any]]  # the curvature of the tool's own objective of a loss
    halved: ClassVar[tuple[str, ...]] = ("mse",)  # losses that the tool has with a factor of 1/2
    floor: ClassVar[float] = FLOOR

    def __init__(self, loss: Loss, curvature: Any, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, parameters)
        self.curvature = curvature
        self._source = source(loss, curvature, self.own, parameters)

    def __call__(self, a: Any, b: Any, sample_weight: Any = None) -> Pair:
        """The gradient and the curvature of every score, from (preds, the tool's data) or (y_true, y_pred, sample_weight)."""
        return self._slopes(self._batch(*ordered(a, b, sample_weight)))

    def _batch(self, pred: Any, target: Any, sample_weight: Any, sizes: Any = None) -> Batch:
        batch = Batch.of(self.loss, self.parameters, pred, target, sample_weight, sizes)
        batch.share, batch.floor = 0.5 if self.loss.name in self.halved else 1.0, self.floor
        return batch

    def _slopes(self, batch: Batch) -> Pair:
        source = self._source
        with np.errstate(all="ignore"):  # no result depends on the caller's
            return source(batch) if callable(source) else batch.slopes(source)


class Metric(Adapter):
    """The cost of a loss, as a tool that watches its training takes it."""

    made_by = "metric"
    options: ClassVar[tuple[str, ...]] = ("name",)

    def __init__(self, loss: Loss, name: str | None, parameters: Mapping[str, Any]) -> None:
        super().__init__(loss, parameters)
        if name is not None and (not isinstance(name, str) or not name or any(c.isspace() or c == ":" for c in name)):
            raise ValueError(f"name is {name!r}; it must be a word without spaces and colons")
        self.name = name or loss.name
        self.__name__ = self.name

    def _cost(self, pred: Any, target: Any, sample_weight: Any, sizes: Any = None) -> float:
        batch = Batch.of(self.loss, self.parameters, pred, target, sample_weight, sizes)
        keywords: dict[str, Any] = {"sample_weight": batch.weight, **batch.parameters}
        return float(self.loss(batch.pred, batch.target, **keywords))


def ordered(a: Any, b: Any, sample_weight: Any, group: Any = None) -> tuple[Any, Any, Any, Any]:
    """pred, target, weights and the sizes of groups, whichever way round they come: natively the second is the tool's data."""
    return (a, b.get_label(), b.get_weight(), sizes_of(b)) if hasattr(b, "get_label") else (b, a, sample_weight, group)


def sizes_of(data: Any) -> Any:
    """The sizes of the groups in a tool's data, None if it has none: LightGBM's, or from where XGBoost has each begin."""
    if not hasattr(data, "get_uint_info"):
        return data.get_group() if hasattr(data, "get_group") else None
    begins = data.get_uint_info("group_ptr")
    return np.diff(begins) if len(begins) > 1 else None


# ---- which losses, which curvature -----------------------------------------------------------------------------------


def boosted(
    loss: str | Loss,
    parameters: Mapping[str, Any],
    tool: str,
    *,
    also: tuple[str, ...] = (),
    one_label: bool = False,
    instead: str = "",
) -> Loss:
    """The loss that is meant, if a tool can train on it: one of raw scores, or one of `also`, of a label that is one number."""
    found = scored(loss, parameters)
    name = f"{found.name} ({', '.join(found.aliases)})" if found.aliases else found.name
    if taken := other_than_scores(found):
        raise ValueError(f"{name} takes {taken}, but {tool} has a raw score for each sample")
    if (found.root or "pred" in found.domains) and found.name not in also:
        reason = "is the root of a mean" if found.root else f"takes predictions {found.domains['pred'].text}"
        raise ValueError(f"{name} {reason}, but {tool} has a raw score for each sample; use {INSTEAD[found.name]}")
    if one_label and (isinstance(found, TwoRows) or (isinstance(found, RowLoss) and not found.ids)):
        remedy = "; softmax_cross_entropy takes class ids" if found.link == "softmax" else ""
        text = f"{name} takes a row of numbers as target, but {tool} has one label for each sample{instead}{remedy}"
        raise ValueError(text)
    return found


def scored(loss: str | Loss, parameters: Mapping[str, Any]) -> Loss:
    """The loss that is meant; its classes lie where the tools have them."""
    if "axis" in parameters:
        raise TypeError("axis is given, but the classes of a booster are always on the last axis")
    return resolved(loss, dict(parameters))


def source(loss: Loss, curvature: Any, own: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Where the curvature comes from: a word, a number that weights are multiplied by, or a function of the batch."""
    if isinstance(curvature, str) and curvature in ("tool", "exact", "majorizer"):
        if curvature == "tool":
            return own[loss.name] if loss.name in own else by_default(loss, parameters)
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


def by_default(loss: Loss, parameters: Mapping[str, Any]) -> Any:
    """What a loss gets that the tool has not."""
    if loss.majorizer:
        return "majorizer"
    if loss.name in RELATIVE:
        return "slope"
    return 1.0 if loss.name in STRAIGHT and parameters.get("power", 1) == 1 else "exact"
