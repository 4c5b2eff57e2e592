"""CatBoost: objectives and metrics.

CatBoost is not imported here. The objects are for its ``loss_function=`` and ``eval_metric=``; with an objective of one's own
it demands a metric.

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

from .._core import registry
from .._core.domains import Array
from .._core.families import RowLoss, TwoOutputs, TwoRows
from .._core.inputs import softmax
from .._core.loss import Loss
from . import _boosters
from ._batches import Batch, Pair, class_ids
from ._boosters import boosted, scored

__all__ = ["metric", "objective"]

SQUARES = {"rmse": "mse", "rmsle": "msle"}  # of which these are roots


def objective(loss: str | Loss, *, curvature: Any = "tool", **params: Any) -> Objective:
    """A loss as CatBoost's objective: ``CatBoostRegressor(loss_function=..., eval_metric=...)``.

    `mse` has a factor of 1/2 here, as the tool's own has. Labels 0 and 1 of a margin become -1 and 1, and class ids may be
    floats, as the tool makes them. A classifier needs ``class_names=``, without which the tool finds no labels with an
    objective that is not its own. A loss of classes needs at least three, and is called twice a row and round: some 30
    microseconds each time.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    curvature : {"tool", "exact", "majorizer"} or float, default "tool"
        ``"tool"`` is what CatBoost's own objective of the loss takes, or the majorizer where it has none; ``"exact"`` the
        diagonal of the Hessian; ``"majorizer"`` an upper bound of it; a number is multiplied by the weight. Zeros stay zeros,
        and what is negative becomes one.
    **params
        The loss's own keywords, as ``delta``.

    Returns
    -------
    RangeObjective or MultiObjective
        With ``calc_ders_range``; or, for a loss of classes, with ``calc_ders_multi``. Both give the derivatives of minus the loss,
        and can be called with ``(y_true, y_pred, sample_weight=None)`` for those of the loss.

    Raises
    ------
    ValueError
        If there is no such loss, it takes no raw scores or no single label, it is one of a whole batch, of which the tool
        shows parts, or a parameter or `curvature` is bad.
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
    found = boosted(loss, params, "CatBoost", one_label=True)
    additive(found)
    if isinstance(found, TwoOutputs):
        raise ValueError(f"{found.name} takes two scores for each target, and CatBoost has as many scores as targets")
    return (MultiObjective if isinstance(found, RowLoss) else RangeObjective)(found, curvature, params)


def metric(loss: str | Loss, *, name: str | None = None, **params: Any) -> Metric:
    """The cost of a loss as CatBoost's metric: ``CatBoostRegressor(eval_metric=...)``.

    It takes raw scores: that is what the tool hands over to metrics, whatever the objective is.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    name : str, optional
        What the tool calls it, which is the name of the object's class; the loss's name if not given.
    **params
        The loss's own keywords, as ``delta``.

    Returns
    -------
    Metric
        With ``evaluate``, ``is_max_optimal`` and ``get_final_error``.

    Raises
    ------
    ValueError
        If there is no such loss, it is one of a whole batch, or a parameter or the name is bad.
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
    named: type[Metric] = type(checked.name, (Metric,), {"__module__": __name__})
    return named(found, name, params)


def additive(loss: Loss) -> None:
    """Refuse a loss of the whole batch: the tool shows parts of it."""
    if loss.cost_only and not loss.root:
        raise ValueError(f"{loss.name} is {loss.kind}, and CatBoost shows its objectives and metrics parts of it")


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


# ---- metrics ---------------------------------------------------------------------------------------------------------


class Metric(_boosters.Metric):
    """A cost that CatBoost asks for, in parts; made by `metric`, in a class of the loss's name."""

    no_jit = True

    def __reduce__(self) -> Any:
        return functools.partial(metric, self.loss, name=self.name, **self.parameters), ()

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """The sum of the weighted losses, of a root that of the squares; and the sum of the weights."""
        several = isinstance(self.loss, (RowLoss, TwoOutputs, TwoRows))
        pred = np.stack(approxes, axis=1) if several else approxes[0]
        batch = Batch.of(self.loss, self.parameters, pred, target, weight)
        loss = registry.REGISTRY[SQUARES.get(self.loss.name, self.loss.name)]
        sums = loss._totals(batch.pred, batch.target, batch.weight, loss._checked(self.parameters))
        return sums.value / sums.unit, sums.weight / sums.unit

    def is_max_optimal(self) -> bool:
        """Whether more is better: never."""
        return False

    def get_final_error(self, error: float, weight: float) -> float:
        """The cost."""
        mean = error / weight if weight else math.nan
        return math.sqrt(mean) if self.loss.root else mean
