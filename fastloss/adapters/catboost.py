"""CatBoost: objectives and metrics.

CatBoost is imported only for objects of several targets, which must be of its own classes. The objects are for its
``loss_function=`` and ``eval_metric=``; with a custom objective it demands a metric.

>>> from fastloss.adapters.catboost import objective
>>> objective("huber", delta=2.0)
catboost.objective('huber', curvature='tool', delta=2.0)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .._core.domains import Array
from .._core.families import RowLoss, TwoOutputs, TwoRows
from .._core.inputs import softmax
from .._core.loss import Loss
from ..accumulator import summed
from . import _boosters
from ._batches import Batch, Pair, class_ids
from ._boosters import boosted, scored
from ._shared import imported

__all__ = ["metric", "objective"]


def objective(loss: str | Loss, *, curvature: Any = "tool", multi_target: bool = False, **params: Any) -> Objective:
    """A loss as CatBoost's objective: ``CatBoostRegressor(loss_function=..., eval_metric=...)``.

    `mse` has a factor of 1/2 here, like the tool's own. For a margin loss, labels 0 and 1 become -1 and 1; class ids may be floats,
    as the tool makes them. A classifier needs ``class_names=``: without it the tool finds no labels when the objective is not its
    own. A loss of classes needs at least three, and is called twice per row and round, some 30 microseconds each time.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    curvature : {"tool", "exact", "majorizer"} or float, default "tool"
        ``"tool"`` is what CatBoost's own objective for the loss uses, or the majorizer where it has none; ``"exact"`` the
        diagonal of the Hessian; ``"majorizer"`` an upper bound of it; a number is multiplied by the weight. Zeros stay zeros,
        and negative values become zero.
    multi_target : bool, default False
        Whether the labels are rows: a number for each score, as in the tool's ``MultiRMSE``, or what a loss of rows takes. It
        is then called twice per row and round, as for classes.
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    RangeObjective, MultiObjective or MultiTargetObjective
        With ``calc_ders_range``; or, for a loss of classes or of several targets, with ``calc_ders_multi``. All give the
        derivatives of minus the loss, and can be called with ``(y_true, y_pred, sample_weight=None)`` for those of the loss.

    Raises
    ------
    ValueError
        If there is no such loss, it does not take raw scores or a single label, it is a cost of the whole batch, of which
        the tool shows only parts, or a parameter or `curvature` is bad.
    TypeError
        If the loss has no such keyword.

    References
    ----------
    Prokhorenkova et al., *CatBoost: unbiased boosting with categorical features*, NeurIPS 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from fastloss.adapters.catboost import objective
    >>> objective("mae").calc_ders_range(np.array([2.0, 5.0]), np.array([3.0, 3.0]), None)
    array([[ 1., -1.],
           [-1., -1.]])
    """
    found = boosted(loss, params, "CatBoost", one_label=not multi_target, instead=" without multi_target=True")
    additive(found)
    if isinstance(found, TwoOutputs):
        raise ValueError(f"{found.name} takes two scores for each target, but CatBoost has as many scores as targets")
    if multi_target:
        of_several_targets(found)
        made: Objective = of_the_tool(MultiTargetObjective)(found, curvature, params)
        return made
    return (MultiObjective if isinstance(found, RowLoss) else RangeObjective)(found, curvature, params)


def metric(loss: str | Loss, *, name: str | None = None, multi_target: bool = False, **params: Any) -> Metric:
    """The cost of a loss as CatBoost's metric: ``CatBoostRegressor(eval_metric=...)``.

    It takes raw scores, which the tool passes to metrics whatever the objective is.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    name : str, optional
        What the tool calls it, which is the name of the object's class; by default the name of the loss.
    multi_target : bool, default False
        Whether the labels are rows; the mean is over all numbers, whereas the tool's ``MultiRMSE`` adds up those of a row.
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Metric
        With ``evaluate``, ``is_max_optimal`` and ``get_final_error``.

    Raises
    ------
    ValueError
        If there is no such loss, it is a cost of the whole batch, or a parameter or the name is bad.
    TypeError
        If the loss has no such keyword.

    Examples
    --------
    >>> import numpy as np
    >>> from fastloss.adapters.catboost import metric
    >>> rmse = metric("rmse")
    >>> rmse.evaluate((np.array([2.0, 5.0]),), np.array([2.0, 1.0]), np.array([1.0, 3.0]))
    (48.0, 4.0)
    >>> rmse.get_final_error(48.0, 4.0) == 12.0**0.5
    True
    """
    found = scored(loss, params)
    additive(found)
    checked = Metric(found, name, params)
    if multi_target:
        of_several_targets(found)
    base = of_the_tool(MultiTargetMetric) if multi_target else Metric
    named: type[Metric] = type(checked.name, (base,), {"__module__": __name__})
    return named(found, name, params)


def additive(loss: Loss) -> None:
    """Refuse a loss of the whole batch: the tool shows parts of it."""
    if loss.cost_only and not loss.root:
        raise ValueError(f"{loss.name} is {loss.kind}, but CatBoost shows its objectives and metrics only parts of it")


def of_several_targets(loss: Loss) -> None:
    """Refuse a loss whose target is one number of a row of scores."""
    if isinstance(loss, TwoOutputs) or (isinstance(loss, RowLoss) and not loss.rows):
        raise ValueError(f"{loss.name} has one target for several scores, but multi_target is True")


@functools.cache
def of_the_tool(kind: type) -> Any:
    """The class as one of CatBoost's own, by which the tool knows that there are several targets."""
    base = getattr(imported("catboost", "catboost"), kind.base)  # type: ignore[attr-defined]
    return type(kind.__name__, (kind, base), {"__module__": __name__})


# ---- objectives ------------------------------------------------------------------------------------------------------


class Objective(_boosters.Objective):
    """A loss that CatBoost calls."""

    no_jit = True  # CatBoost would compile the methods with numba, and warn that it cannot
    floor = 0.0
    own: ClassVar[Mapping[str, Any]] = {
        "mse": 1.0,
        "mae": 1.0,  # so that a step of Newton's is the mean of the signs, as the tool's own step along the gradient is
        "quantile": 1.0,
        "huber": "exact",
        "log_cosh": "exact",
        "poisson_nll": "exact",
        "tweedie_nll": "exact",
        "logistic": "exact",
        "sigmoid_cross_entropy": "exact",
        "softmax_cross_entropy": "exact",
    }


class RangeObjective(Objective):
    """Of one score a sample; made by `objective`."""

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> Array:
        """The first and second derivatives of minus the loss, of shape (samples, 2)."""
        derivatives: Array = np.stack(self(targets, approxes, weights), axis=1)
        derivatives *= -1
        return derivatives


class MultiObjective(Objective):
    """Of a score for each class; made by `objective`."""

    def __getattr__(self, name: str) -> Any:
        if name == "calc_ders_range":  # what the tool asks for where it knows of no classes
            raise AttributeError(
                f"{self.loss.name} takes a score for each class: CatBoost needs class_names= (or classes_count=) of 3 or more"
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def calc_ders_multi(self, approx: Any, target: Any, weight: Any) -> Pair:
        """The first derivatives of minus the loss, of shape (classes,), and the second, (classes, classes)."""
        share = 1.0 if weight is None else float(weight)
        pred = np.asarray(approx, np.float64)
        if share == 0:
            return np.zeros(pred.shape), np.zeros((len(pred), len(pred)))
        batch = Batch(self.loss, self.parameters, pred[None], class_ids(np.array([target]), None), None)
        grad, hess = self._slopes(batch)
        bend = np.diag(hess[0])
        if self.loss.name == "softmax_cross_entropy" and self.curvature in ("tool", "exact"):
            p = softmax(pred)
            bend = np.ravel(batch.weights()) * (np.diag(p) - np.outer(p, p))
        return -share * grad[0], -share * bend


class MultiTargetObjective(Objective):
    """Of a score for each of several targets; made by `objective`."""

    base = "MultiTargetCustomObjective"
    multi_target = True
    options = ("curvature", "multi_target")

    def __reduce__(self) -> Any:
        return functools.partial(
            objective, self.loss, curvature=self.curvature, multi_target=True, **self.parameters
        ), ()

    def calc_ders_multi(self, approx: Any, target: Any, weight: Any) -> Pair:
        """The first derivatives of minus the loss, of shape (targets,), and the second, (targets, targets)."""
        share = 1.0 if weight is None else float(weight)
        pred = np.asarray(approx, np.float64)
        count = len(pred)
        if share == 0:
            return np.zeros(count), np.zeros((count, count))
        batch = self._batch(pred[None], np.asarray(target)[None], None)
        grad, hess = self._slopes(batch)
        bend = np.diag(hess[0])
        if self.loss.name == "softmax_cross_entropy" and self.curvature in ("tool", "exact"):
            x, t = (np.broadcast_to(row, (count, count)) for row in (batch.pred, batch.target))
            bend = self.loss.hvp(x, t, np.eye(count), reduction="sum", **self.parameters)
        return -share * grad[0], -share * bend


# ---- metrics ---------------------------------------------------------------------------------------------------------


class Metric(_boosters.Metric):
    """A cost that CatBoost asks for, in parts; made by `metric`, in a class of the loss's name."""

    no_jit = True

    def __reduce__(self) -> Any:
        given: dict[str, Any] = {"name": self.name, **self.parameters}
        return functools.partial(metric, self.loss, **given), ()

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """The sum of the weighted losses, of a root that of the squares; and the sum of the weights."""
        several = isinstance(self.loss, (RowLoss, TwoOutputs, TwoRows))
        return self._sums(np.stack(approxes, axis=1) if several else approxes[0], target, weight)

    def _sums(self, pred: Array, target: Any, weight: Any) -> tuple[float, float]:
        batch = Batch.of(self.loss, self.parameters, pred, target, weight)
        loss = summed(self.loss)
        sums = loss._totals(batch.pred, batch.target, batch.weight, loss._checked(self.parameters))
        return sums.value / sums.unit, sums.weight / sums.unit

    def is_max_optimal(self) -> bool:
        """Whether more is better: never."""
        return False

    def get_final_error(self, error: float, weight: float) -> float:
        """The cost."""
        mean = error / weight if weight else math.nan
        return math.sqrt(mean) if self.loss.root else mean


class MultiTargetMetric(Metric):
    """A cost of several targets; made by `metric`."""

    base = "MultiTargetCustomMetric"
    multi_target = True
    options = ("name", "multi_target")

    def __reduce__(self) -> Any:
        given: dict[str, Any] = {"name": self.name, "multi_target": True, **self.parameters}
        return functools.partial(metric, self.loss, **given), ()

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """The sums, of rows."""
        return self._sums(np.stack(approxes, axis=1), np.stack(target, axis=1), weight)
