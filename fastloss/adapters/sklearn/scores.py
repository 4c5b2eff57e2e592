"""Losses as scikit-learn's scorers and metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.utils.metadata_routing import MetadataRequest

from ..._core.arrays import real_array, whole_array
from ..._core.domains import Array
from ..._core.families import Pointwise, Root
from ..._core.loss import Loss
from .._batches import first, signs
from .._shared import described, resolved
from .labels import coded, kind, numbered, of_columns, of_probabilities
from .refusals import check_labels

METHODS = ("predict", "predict_proba", "decision_function")
OF_MEANS = {"poisson_nll": "poisson_deviance", "gamma_nll": "gamma_deviance", "tweedie_nll": "tweedie_deviance"}
ROUNDED = 16  # units of the last place by which an average of probabilities may exceed 1


def scorer(loss: str | Loss, *, response_method: str | Sequence[str] | None = None, **parameters: Any) -> Scorer:
    """A scorer, for ``scoring=``: the mean loss of an estimator's predictions times -1, so that greater is better.

    Labels are coded by the estimator's ``classes_``, so that they may be strings, and a fold may lack a class. The loss says
    what the estimator is asked for: probabilities, the decision function (losses of logits and margins) or predictions.

    Parameters
    ----------
    loss : str or Loss
        Any loss of the package. Those of two classes, such as `log_loss`, take the second class as the positive one.
    response_method : str or sequence of str, optional
        "predict", "predict_proba" or "decision_function" instead; if there are several, the first that the estimator has.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Scorer
        A callable ``(estimator, X, y, *, sample_weight=None) -> float``.

    Raises
    ------
    TypeError
        If the loss has no such keyword.
    ValueError
        If a keyword is outside its domain, `response_method` is unknown, or the loss takes logarithms of means, which no method
        gives. When called: if a label is not one of the estimator's classes, or there are more than two and the loss is for
        two.

    Examples
    --------
    >>> from fastloss.adapters.sklearn import scorer
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.model_selection import cross_val_score
    >>> X, y = load_iris(return_X_y=True)
    >>> score = scorer("sparse_categorical_cross_entropy")
    >>> cross_val_score(LogisticRegression(max_iter=200), X, y, scoring=score, cv=3).round(1)
    array([-0.1, -0.2, -0.2])
    """
    return Scorer(loss, response_method, parameters)


class Scorer:
    """Made by `scorer`."""

    def __init__(
        self, loss: str | Loss, response_method: str | Sequence[str] | None, parameters: Mapping[str, Any]
    ) -> None:
        self.loss = resolved(loss, parameters)
        check_labels(self.loss, "a scorer")
        self.parameters = dict(parameters)
        self.response_method = response_method
        self._methods = methods_for(self.loss, response_method)
        self.__name__ = f"neg_{self.loss.name}"
        self._request = MetadataRequest(owner=repr(self))
        self._request.score.add_request(param="sample_weight", alias=None)

    def __repr__(self) -> str:
        asked = "" if self.response_method is None else f", response_method={self.response_method!r}"
        return f"<scorer of {described(self.loss, self.parameters)}{asked}>"

    def __call__(self, estimator: Any, X: Any, y: Any, *, sample_weight: Any = None) -> float:
        """The score of the estimator's predictions for X."""
        method = next((method for method in self._methods if hasattr(estimator, method)), None)
        if method is None:
            raise AttributeError(f"{type(estimator).__name__} has no {' or '.join(self._methods)}, which {self} needs")
        response, y = getattr(estimator, method)(X), whole_array("y", y)
        if isinstance(response, list):  # of each label, the probabilities of 0 and 1
            response = np.column_stack([p @ values for p, values in zip(response, estimator.classes_, strict=True)])
        response = whole_array(method, response)
        if method != "predict" and y.ndim == 1 and hasattr(estimator, "classes_") and kind(self.loss) != "numbers":
            count = len(estimator.classes_)
            y = coded(self.loss, numbered(y, estimator.classes_), count)
            response = of_columns(self.loss, response)
            if response.ndim == 2 and response.shape[1] != count:
                raise ValueError(f"{method} gives {response.shape[1]} columns for {count} classes")
        weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
        return -cost(self.loss, response, y, weight, self.parameters, ("the estimator's answer", "y"))

    def set_score_request(self, *, sample_weight: bool | str | None) -> Scorer:
        """Ask for weights by metadata routing: True, False, None (an error if there are some), or another name of theirs."""
        self._request.score.add_request(param="sample_weight", alias=sample_weight)
        return self

    def get_metadata_routing(self) -> Any:
        """What has been asked for."""
        return self._request

    def _accept_sample_weight(self) -> bool:
        """What scikit-learn asks scorers without metadata routing."""
        return True


def score_function(loss: str | Loss, **parameters: Any) -> ScoreFunction:
    """A metric in scikit-learn's form, ``f(y_true, y_pred, *, sample_weight=None)``: the target comes first.

    It is what `sklearn.metrics.make_scorer` (with ``greater_is_better=False``) and XGBoost's ``eval_metric=`` take. Class
    ids may be whole floats, the labels of a margin loss 0 and 1, and for the probabilities of two classes one column is enough.
    Labels in strings need `scorer`, which knows the estimator's classes.

    Parameters
    ----------
    loss : str or Loss
        Any loss of the package.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    ScoreFunction
        A callable that gives the mean loss.

    Raises
    ------
    TypeError
        If the loss has no such keyword.
    ValueError
        If a keyword is outside its domain.

    Examples
    --------
    >>> from fastloss.adapters.sklearn import score_function
    >>> from sklearn.metrics import log_loss, make_scorer
    >>> score_function("log_loss")([0, 1, 1], [0.25, 0.5, 0.75]) == log_loss([0, 1, 1], [0.25, 0.5, 0.75])
    True
    >>> make_scorer(score_function("huber", delta=2.0), greater_is_better=False)
    make_scorer(huber, greater_is_better=False, response_method='predict')
    """
    return ScoreFunction(loss, parameters)


class ScoreFunction:
    """Made by `score_function`."""

    def __init__(self, loss: str | Loss, parameters: Mapping[str, Any]) -> None:
        self.loss = resolved(loss, parameters)
        self.parameters = dict(parameters)
        self.__name__ = self.loss.name

    def __repr__(self) -> str:
        return f"<score function of {described(self.loss, self.parameters)}>"

    def __call__(self, y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
        """The mean loss."""
        target, pred = whole_array("y_true", y_true), whole_array("y_pred", y_pred)
        weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
        if target.dtype.kind in "OUST":
            raise TypeError(
                f"y_true has dtype {target.dtype}; it must be numbers (fastloss.adapters.sklearn.scorer codes labels by the "
                "estimator's classes_)"
            )
        wanted = kind(self.loss)
        if target.ndim == 1 and wanted != "numbers":
            pred = of_columns(self.loss, pred)
            if wanted in ("ids", "rows"):
                count = pred.shape[-1]
                target = coded(self.loss, ids(target, count, weight, self.parameters.get("ignore_index")), count)
        return cost(self.loss, pred, target, weight, self.parameters, ("y_pred", "y_true"))


def methods_for(loss: Loss, asked: str | Sequence[str] | None) -> tuple[str, ...]:
    """What an estimator is asked for."""
    if asked is not None:
        methods = (asked,) if isinstance(asked, str) else tuple(asked)
        if not methods or not set(methods) <= set(METHODS):
            raise ValueError(f"response_method is {asked!r}; it must be of {', '.join(map(repr, METHODS))}")
        return methods
    if of_probabilities(loss):
        return ("predict_proba",)
    if kind(loss) != "numbers":
        return ("decision_function",)
    if loss.link == "log" and not loss.cost_only:
        means = OF_MEANS.get(loss.name)
        raise ValueError(
            f"{loss.name} takes logarithms of means, which no method of an estimator gives: "
            + (f"{means} takes means, or " if means else "")
            + "say response_method='predict' if this one predicts them"
        )
    return ("predict",)


def ids(target: Array, count: int, weight: Array | None, ignored: int | None) -> Array:
    """Class ids, which may be whole floats, as boosters hold them; anything where a sample is not there."""
    fits = (target >= 0) & (target < count) & (target == np.floor(target))
    kept = fits if ignored is None else fits | (target == ignored)
    excused = kept if weight is None or weight.shape != target.shape else kept | (weight == 0)
    if not excused.all():
        raise ValueError(f"{first(target, excused, 'y_true')}; it must be a class id, a whole number in [0, {count})")
    return np.where(kept, target, 0).astype(np.int64)


def cost(
    loss: Loss,
    pred: Array,
    target: Array,
    weight: Array | None,
    parameters: Mapping[str, Any],
    names: tuple[str, str],
) -> float:
    """The mean loss. Signs may be 0 and 1; probabilities that an average has rounded to above 1 are 1, and those of a loss with
    `eps` are that of their dtype at least, as in scikit-learn's `log_loss`; a weight is that of all outputs of a sample."""
    counts = [len(np.atleast_1d(x)) for x in (pred, target)]
    if counts[0] != counts[1]:
        raise ValueError(f"{names[0]} has {counts[0]} samples but {names[1]} has {counts[1]}")
    if weight is not None and isinstance(loss, (Pointwise, Root)) and pred.ndim == 2 and weight.shape == pred.shape[:1]:
        weight = weight[:, None]
    if kind(loss) == "signs":
        target = signs(target, weight, names[1])
    if of_probabilities(loss) and pred.dtype.kind == "f":
        eps = np.finfo(pred.dtype).eps
        pred = np.where((pred > 1) & (pred <= 1 + ROUNDED * eps), pred.dtype.type(1), pred)
        if "eps" in loss.parameters:
            parameters = {"eps": float(eps), **parameters}
    result: float = loss(pred, target, sample_weight=weight, **parameters)
    return result
