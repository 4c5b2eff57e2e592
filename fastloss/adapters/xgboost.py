"""XGBoost: objectives, metrics and the parameters that go with them.

XGBoost is not imported here. The objects are called by ``xgboost.train(obj=..., custom_metric=...)``, by the scikit-learn
classes (``objective=``, ``eval_metric=``) and by ``xgboost.dask``.

>>> from fastloss.adapters.xgboost import objective
>>> objective("huber", delta=2.0)
xgboost.objective('huber', curvature='tool', delta=2.0)
"""

from __future__ import annotations

import functools
import math
import re
import sys
import warnings
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from .._core import registry
from .._core.arrays import real_array
from .._core.domains import Array
from .._core.families import TwoOutputs
from .._core.hyperparameters import is_list
from .._core.loss import Loss
from . import _boosters
from ._batches import AT_LARGEST_STEP, Batch, Pair, times
from ._boosters import boosted, ordered, scored
from ._starts import start

__all__ = ["metric", "objective", "params"]

LEAST = -1 + 1e-6  # a prediction of the squared logarithmic error, as the tool has it
SEEN = 1e-4  # the tool prints six decimals of a metric, of which this leaves two digits
EPS = 1e-6  # the least probability that the tool starts from


def objective(loss: str | Loss, *, curvature: Any = "tool", **params: Any) -> Objective:
    """A loss as XGBoost's objective: ``train(obj=...)`` and ``XGBRegressor(objective=...)``.

    `mse` and `msle` have a factor of 1/2 here, like the tool's own. For a margin loss, labels 0 and 1 become -1 and 1; class
    ids may be floats, as the tool makes them. With several targets, weights are those of rows.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    curvature : {"tool", "exact", "majorizer"} or float, default "tool"
        ``"tool"`` is what XGBoost's own objective for the loss uses, or the majorizer where it has none; ``"exact"`` the
        diagonal of the Hessian; ``"majorizer"`` an upper bound of it; a number is multiplied by the weight. It is never less
        than 1e-16 times the weight.
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Objective
        A callable of ``(preds, dmatrix)``, or of ``(y_true, y_pred, sample_weight=None)``; it returns two arrays of the shape
        and dtype of the predictions.

    Raises
    ------
    ValueError
        If there is no such loss, it does not take raw scores, or a parameter or `curvature` is bad.
    TypeError
        If the loss has no such keyword.

    References
    ----------
    Chen and Guestrin, *XGBoost: a scalable tree boosting system*, KDD 2016.

    Examples
    --------
    >>> from fastloss.adapters.xgboost import objective
    >>> grad, hess = objective("huber", delta=2.0)([1.0, 1.0], [2.0, 5.0])      # y_true, y_pred
    >>> grad, hess
    (array([1., 2.]), array([1. , 0.5]))
    """
    return Objective(boosted(loss, params, "XGBoost", also=("msle",)), curvature, params)


def metric(loss: str | Loss, *, name: str | None = None, **params: Any) -> Metric:
    """The cost of a loss as XGBoost's metric: ``train(custom_metric=...)`` and ``XGBRegressor(eval_metric=...)``.

    It takes what the tool passes: raw scores with an objective of this module, otherwise what ``predict`` gives, such as
    probabilities. XGBoost keeps six decimals of it, which is nothing of a cost of 1e-7: early stopping then sees no progress.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    name : str, optional
        What the tool calls it; by default the name of the loss.
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Metric
        A callable of ``(preds, dmatrix)``, which returns the name and the cost, or of ``(y_true, y_pred,
        sample_weight=None)``, which returns the cost. A cost above 0 and below 1e-4 raises a UserWarning.

    Raises
    ------
    ValueError
        If there is no such loss, or a parameter or the name is bad.
    TypeError
        If the loss has no such keyword.

    Examples
    --------
    >>> from fastloss.adapters.xgboost import metric
    >>> metric("huber", delta=2.0)([1.0, 1.0], [2.0, 5.0])                      # y_true, y_pred
    3.25
    """
    return Metric(scored(loss, params), name, params)


def params(
    loss: str | Loss, target: Any, sample_weight: Any = None, *, classes: int | None = None, **parameters: Any
) -> dict[str, Any]:
    """The parameters that go with an objective: where to start, and what `predict` makes of scores.

    With an objective that is a function, XGBoost starts from the score 0.5, and `predict` does what the objective named in the
    parameters says. So this names the tool's own objective for the loss, or one with the same link, and starts where that one
    would: at the mean, the log odds, the log priors; for a loss that the tool does not have, at the best constant.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    target : array_like, shape (samples,) or (samples, targets)
        The training labels.
    sample_weight : array_like, optional
        A weight >= 0 for each sample.
    classes : int, optional
        How many classes there are, if `target` may not have them all.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    dict
        ``"objective"``, ``"base_score"`` and what these need: for a loss of classes, ``"num_class"`` and one score per class.

    Raises
    ------
    ValueError, TypeError
        As for `objective`; and if a label is bad, or no sample has a weight.

    Examples
    --------
    >>> from fastloss.adapters.xgboost import params
    >>> params("sigmoid_cross_entropy", [0, 1])
    {'objective': 'binary:logistic', 'base_score': 0.5}
    >>> params("huber", [1.0, 2.0, 60.0], delta=2.0)
    {'objective': 'reg:squarederror', 'base_score': 2.5}
    """
    found = boosted(loss, parameters, "XGBoost", also=("msle",))
    target = real_array("target", target)
    rows = target.ndim == 2 and target.shape[1] > 1
    best: Any = start(found, target, sample_weight, parameters, -math.log(EPS), classes)
    kept = objective_kept(found, parameters, rows)
    if found.ids and not rows:
        best = best - best.mean()
        kept["num_class"] = len(best)
    elif isinstance(found, TwoOutputs):
        kept |= {"num_target": 2, "disable_default_eval_metric": 1}
    elif kept["objective"] == "binary:hinge":
        best = 0.0 * best
    elif found.link == "sigmoid":
        best = 1 / (1 + np.exp(np.clip(-best, math.log(EPS), -math.log(EPS))))
    elif found.link == "log":
        best = np.exp(best)
    return {**kept, "base_score": np.asarray(best).tolist()}


def objective_kept(loss: Loss, parameters: Mapping[str, Any], rows: bool) -> dict[str, Any]:
    """The tool's own objective of a loss, with its parameters; or one that has the same link."""
    if loss.name == "quantile":
        return {"objective": "reg:quantileerror", "quantile_alpha": np.asarray(parameters.get("alpha", 0.5)).tolist()}
    if loss.name == "pseudo_huber" and not is_list(delta := parameters.get("delta", 1.0)):
        return {"objective": "reg:pseudohubererror", "huber_slope": float(delta)}
    if loss.name == "tweedie_nll":
        return {"objective": "reg:tweedie", "tweedie_variance_power": float(parameters.get("power", 1.5))}
    if loss.name in KEPT:
        return {"objective": KEPT[loss.name]}
    if loss.link == "log":
        return {"objective": "count:poisson", "max_delta_step": 0.0}  # whose steps would end at 0.7
    if loss.ids and not rows:
        return {"objective": "multi:softprob"}
    return {"objective": "binary:logistic" if loss.link == "sigmoid" else "reg:squarederror"}


KEPT = {
    "mae": "reg:absoluteerror",
    "msle": "reg:squaredlogerror",
    "hinge": "binary:hinge",
    "poisson_nll": "count:poisson",
    "gamma_nll": "reg:gamma",
    "cox": "survival:cox",
}


# ---- what XGBoost's own objectives take ------------------------------------------------------------------------------


def where_active(batch: Batch) -> Pair:
    """Of the hinge: the weight where there is a slope, else the least float32, which no sum of weights notices."""
    grad, weight = batch.gradient(), batch.weights()
    return grad, np.where(grad != 0, weight, np.finfo(np.float32).tiny * (weight > 0)).astype(grad.dtype)


def absolute(batch: Batch) -> Pair:
    """Of the absolute error: 1, and leaves become medians; from 3.4 on a pseudo-Huber loss whose delta is made of the errors."""
    version = re.findall(r"\d+", getattr(sys.modules.get("xgboost"), "__version__", "3.2"))
    if (int(version[0]), int(version[1])) < (3, 4):
        return batch.slopes(1.0)
    weight = np.broadcast_to(batch.weights(), batch.pred.shape)
    there = weight > 0
    error: Array = np.abs(batch.pred[there] - batch.target[there], dtype=np.float64)
    delta = np.average(np.sqrt(error), weights=weight[there]) ** 2 if error.size else 0.0
    if not delta > 0:
        return batch.slopes(1.0)
    return replace(batch, loss=registry.REGISTRY["pseudo_huber"], parameters={"delta": delta}).slopes("majorizer")


def bounded(batch: Batch) -> Pair:
    """Of the squared logarithmic error: at least 1e-6."""
    grad, hess = batch.slopes("exact")
    return grad, np.maximum(hess, 1e-6 * batch.weights(), out=hess)


class Objective(_boosters.Objective):
    """A loss that XGBoost calls; made by `objective`."""

    halved = ("mse", "msle")
    own: ClassVar[Mapping[str, Any]] = {
        "mse": 1.0,
        "mae": absolute,
        "msle": bounded,
        "pseudo_huber": "exact",
        "poisson_nll": AT_LARGEST_STEP,
        "gamma_nll": "exact",
        "tweedie_nll": "exact",
        "hinge": where_active,
        "logistic": "exact",
        "sigmoid_cross_entropy": "exact",
        "softmax_cross_entropy": functools.partial(times, 2.0),
    }

    def _batch(self, pred: Any, target: Any, sample_weight: Any, sizes: Any = None) -> Batch:
        if self.loss.name == "msle":
            pred = np.maximum(real_array("pred", pred), LEAST)
        return super()._batch(pred, target, sample_weight, sizes)


class Metric(_boosters.Metric):
    """A cost that XGBoost asks for; made by `metric`."""

    def __call__(self, a: Any, b: Any, sample_weight: Any = None) -> Any:
        """(name, cost) of (preds, dmatrix); the cost of (y_true, y_pred, sample_weight)."""
        cost = self._cost(*ordered(a, b, sample_weight))
        if 0 < cost < SEEN:
            warnings.warn(
                f"{self.name} is {cost:g}, of which XGBoost keeps only six decimals; train on a target of another scale",
                UserWarning,
                stacklevel=2,
            )
        return (self.name, cost) if hasattr(b, "get_label") else cost
