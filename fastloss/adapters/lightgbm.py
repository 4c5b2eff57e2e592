"""LightGBM: objectives, metrics and start values.

LightGBM is not imported here. The objects are called by ``lightgbm.train(params={"objective": ...}, feval=...)``, by the
scikit-learn classes (``objective=``, ``eval_metric=``) and by their Dask versions.

>>> from fastloss.adapters.lightgbm import objective
>>> objective("huber", delta=2.0)
lightgbm.objective('huber', curvature='tool', delta=2.0)
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from .._core import registry
from .._core.arrays import real_array
from .._core.domains import Array
from .._core.families import Grouped
from .._core.loss import Loss
from . import _boosters
from ._batches import AT_LARGEST_STEP, Batch, Pair, times
from ._boosters import boosted, ordered, scored
from ._starts import start

__all__ = ["init_score", "metric", "objective"]

EPS = float(np.float32(1e-15))  # the least probability that the tool starts from


def objective(loss: str | Loss, *, curvature: Any = "tool", **params: Any) -> Objective:
    """A loss as LightGBM's objective: ``params["objective"]`` of ``train`` and ``LGBMRegressor(objective=...)``.

    `mse` has a factor of 1/2 here, like the tool's own. For a margin loss, labels 0 and 1 become -1 and 1; class ids may be floats,
    as the tool makes them. LightGBM starts from a score of 0 (see `init_score`) and predicts raw scores.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    curvature : {"tool", "exact", "majorizer"} or float, default "tool"
        ``"tool"`` is what LightGBM's own objective for the loss uses, or the majorizer where it has none; ``"exact"`` the
        diagonal of the Hessian; ``"majorizer"`` an upper bound of it; a number is multiplied by the weight. It is never less
        than 1e-16 times the weight.
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Objective
        A callable of ``(preds, dataset)``, or of ``(y_true, y_pred, sample_weight=None)``; it returns two arrays of the shape and
        dtype of the predictions. Of a loss of groups it takes ``group=None`` as well: their sizes, as the tool has them.

    Raises
    ------
    ValueError
        If there is no such loss, it does not take raw scores or a single label, or a parameter or `curvature` is bad.
    TypeError
        If the loss has no such keyword.

    References
    ----------
    Ke et al., *LightGBM: a highly efficient gradient boosting decision tree*, NeurIPS 2017.

    Examples
    --------
    >>> from fastloss.adapters.lightgbm import objective
    >>> grad, hess = objective("huber", delta=2.0)([1.0, 1.0], [2.0, 5.0])      # y_true, y_pred
    >>> grad, hess
    (array([1., 2.]), array([1., 1.]))
    """
    found = boosted(loss, params, "LightGBM", one_label=True)
    return (GroupedObjective if isinstance(found, Grouped) else Objective)(found, curvature, params)


def metric(loss: str | Loss, *, name: str | None = None, **params: Any) -> Metric:
    """The cost of a loss as LightGBM's metric: ``train(feval=...)`` and ``fit(eval_metric=...)``.

    It takes what the tool passes: raw scores with an objective of this module, otherwise what ``predict`` gives, such as
    probabilities.

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
        A callable of ``(preds, dataset)`` or ``(y_true, y_pred, sample_weight=None)``, and of a loss of groups ``group=None``,
        which returns the name, the cost, and False: lower is better.

    Raises
    ------
    ValueError
        If there is no such loss, or a parameter or the name is bad.
    TypeError
        If the loss has no such keyword.

    Examples
    --------
    >>> from fastloss.adapters.lightgbm import metric
    >>> metric("huber", delta=2.0)([1.0, 1.0], [2.0, 5.0])                      # y_true, y_pred
    ('huber', 3.25, False)
    """
    found = scored(loss, params)
    return (GroupedMetric if isinstance(found, Grouped) else Metric)(found, name, params)


def init_score(
    loss: str | Loss, target: Any, sample_weight: Any = None, *, classes: int | None = None, **params: Any
) -> Array:
    """Where LightGBM's own objective would start: ``Dataset(init_score=...)``. Add it to predictions, too.

    The mean for `mse`, `huber` and `fair`, the log odds, the logarithm of the mean, the log priors; for a loss that the tool does
    not have, or whose start lies between two samples there, the best constant.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name or alias.
    target : array_like, shape (samples,)
        The training labels.
    sample_weight : array_like, optional
        A weight >= 0 for each sample.
    classes : int, optional
        How many classes there are, if `target` may not have them all. An absent class gets the tool's score, log(1e-15).
    **params
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    ndarray
        float64, of shape (samples,) or (samples, outputs); all rows are the same.

    Raises
    ------
    ValueError, TypeError
        As for `objective`; and if a label is bad, or no sample has a weight.

    Examples
    --------
    >>> from fastloss.adapters.lightgbm import init_score
    >>> init_score("huber", [1.0, 2.0, 60.0], delta=2.0)
    array([21., 21., 21.])
    >>> init_score("softmax_cross_entropy", [0, 1, 1, 1]).round(3)[0]
    array([-1.386, -0.288])
    """
    found = boosted(loss, params, "LightGBM", one_label=True)
    target = single("target", target)
    sample_weight = None if sample_weight is None else single("sample_weight", sample_weight)
    if found.name in ("huber", "fair"):
        found, params = registry.REGISTRY["mse"], {}
    elif found.name == "sigmoid_cross_entropy" and not params.get("label_smoothing"):
        params = {}  # the tool's does not know how much a positive sample counts
    best = start(found, target, sample_weight, params, -math.log(EPS), classes)
    return np.tile(best, (len(target), 1) if best.ndim else len(target))


def single(name: str, numbers: Any) -> Array:
    """Numbers that are rounded to float32, as the tool keeps labels and weights."""
    array = real_array(name, numbers)
    return array.astype(np.float32).astype(np.float64) if array.dtype.kind == "f" else array


def of_one_against_others(batch: Batch) -> Pair:
    """Of the classes' cross-entropy: K/(K - 1) times the exact one."""
    classes = batch.pred.shape[-1]
    return times(classes / max(classes - 1, 1), batch)


class Objective(_boosters.Objective):
    """A loss that LightGBM calls; made by `objective`."""

    own: ClassVar[Mapping[str, Any]] = {
        "mse": 1.0,
        "mae": 1.0,
        "huber": 1.0,
        "fair": "exact",
        "quantile": 1.0,
        "mape": 1.0,
        "poisson_nll": AT_LARGEST_STEP,
        "gamma_nll": "exact",
        "tweedie_nll": "exact",
        "logistic": "exact",
        "sigmoid_cross_entropy": "exact",
        "softmax_cross_entropy": of_one_against_others,
    }


class Metric(_boosters.Metric):
    """A cost that LightGBM asks for; made by `metric`."""

    def __call__(self, a: Any, b: Any, sample_weight: Any = None) -> tuple[str, float, bool]:
        """(name, cost, False) of (preds, dataset) or (y_true, y_pred, sample_weight)."""
        return self.name, self._cost(*ordered(a, b, sample_weight)), False


# The tool counts the parameters of what it calls: with four, the last are the sizes of groups.


class GroupedObjective(Objective):
    """The same of a loss of groups."""

    def __call__(self, a: Any, b: Any, sample_weight: Any = None, group: Any = None) -> Pair:
        """From (preds, dataset) or (y_true, y_pred, sample_weight, sizes of groups)."""
        return self._slopes(self._batch(*ordered(a, b, sample_weight, group)))


class GroupedMetric(Metric):
    """The same of a loss of groups."""

    def __call__(self, a: Any, b: Any, sample_weight: Any = None, group: Any = None) -> tuple[str, float, bool]:
        """Of (preds, dataset) or (y_true, y_pred, sample_weight, sizes of groups)."""
        return self.name, self._cost(*ordered(a, b, sample_weight, group)), False
