"""Losses that scikit-learn's histogram gradient boosting trains on.

Design. `HistGradientBoosting*` take instances of `sklearn._loss.loss.BaseLoss`, which is private and may change with any
version: the tests compare with the built-in losses. All that is asked of it is kept in this file. A loss of scikit-learn has a
`closs`, which fills the arrays that it is given; ours is `Filler`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn._loss import link as links
from sklearn._loss import loss as built_in

from ..._core.domains import Array
from ..._core.families import Pointwise, RowLoss
from ..._core.hyperparameters import Integer, Parameter
from ..._core.loss import Loss
from .._shared import described, resolved
from .labels import coded, kind
from .refusals import CORNERS, check_labels, check_scores

# The losses that the tool has itself, whose curvature and start value are its own.
TOOLS = {
    "mse": built_in.HalfSquaredError,
    "mae": built_in.AbsoluteError,
    "quantile": built_in.PinballLoss,
    "poisson_nll": built_in.HalfPoissonLoss,
    "gamma_nll": built_in.HalfGammaLoss,
    "sigmoid_cross_entropy": built_in.HalfBinomialLoss,
    "softmax_cross_entropy": built_in.HalfMultinomialLoss,
}
REFITTED = ("mae", "quantile", "epsilon_insensitive")  # of residuals, with corners: leaves become their best constants
LINKS = {
    "identity": links.IdentityLink,
    "log": links.LogLink,
    "sigmoid": links.LogitLink,
    "softmax": links.MultinomialLogit,
}
LEAST = 1e-16  # of the curvature, times the weight
FURTHEST = 36.0  # of a start value that would be infinite, of a class that is not there
CLASSES = Integer(None)
CURVATURE = Parameter(1.0, low=0.0, open_low=True)


def histogram_loss(
    loss: str | Loss, *, classes: int | None = None, curvature: str | float = "tool", **parameters: Any
) -> HistogramLoss:
    """A loss for `HistGradientBoostingRegressor` and `HistGradientBoostingClassifier`, which take it as ``loss=``.

    `mse` is halved. Leaves of `mae`, `quantile` and `epsilon_insensitive` are refitted to the best constant of their
    residuals, as the tool does for the first two. The start is the best constant of the target.

    Parameters
    ----------
    loss : str or Loss
        A loss of numbers; or of the logarithm of a mean, such as `poisson_nll`, for which `predict` gives the mean; or, for a
        classifier, of logits or margins. Margin losses give no probabilities.
    classes : int, optional
        How many classes there are. Losses of rows, such as `softmax_cross_entropy`, need it.
    curvature : {"tool", "exact", "majorizer"} or float, default "tool"
        The curvature of a sample. ``"tool"`` is that of the tool's own objective; where it does not have this loss, the majorizer,
        or without one the second derivative, or 1 where that is 0. A number is multiplied by the weight. Never below 1e-16 times
        the weight, except the tool's own.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    HistogramLoss
        An instance of scikit-learn's `BaseLoss`.

    Raises
    ------
    TypeError
        If the loss has no such keyword.
    ValueError
        If the loss does not take one score per class, `classes` is missing, or a keyword is outside its domain.

    Examples
    --------
    >>> from fastloss.adapters.sklearn import histogram_loss
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> HistGradientBoostingRegressor(loss=histogram_loss("huber", delta=20.0)).fit(X, y).score(X, y) > 0.5
    True
    """
    found = resolved(loss, parameters)
    made = ProbabilisticLoss if found.link in ("sigmoid", "softmax") else HistogramLoss
    return made(found, checked(found, classes, parameters), curvature, parameters)


class HistogramLoss(built_in.BaseLoss):  # type: ignore[misc]
    """Made by `histogram_loss`."""

    def __init__(self, loss: Loss, classes: int | None, curvature: str | float, parameters: Mapping[str, Any]) -> None:
        rows = isinstance(loss, RowLoss)
        one_tree = not rows or classes == 2
        link = links.LogitLink() if rows and one_tree else LINKS[loss.link]()
        super().__init__(Filler(loss, classes, curvature, parameters), link, classes if rows else None)
        self.is_multiclass = not one_tree
        self.differentiable = loss.name not in REFITTED
        self.__name__ = loss.name
        self._given = loss, classes, curvature, parameters
        self._own = None
        if loss.name == "quantile":
            self._own = built_in.PinballLoss(quantile=parameters.get("alpha", 0.5))
        elif loss.name == "softmax_cross_entropy" and not parameters:
            self._own = built_in.HalfBinomialLoss() if one_tree else built_in.HalfMultinomialLoss(n_classes=classes)
        elif loss.name in TOOLS and not parameters:
            self._own = TOOLS[loss.name]()

    def __repr__(self) -> str:
        loss, classes, curvature, parameters = self._given
        of = "" if classes is None else f" of {classes} classes"
        return f"<histogram loss {described(loss, parameters)}{of}, curvature={curvature!r}>"

    def fit_intercept_only(self, y_true: Array, sample_weight: Array | None = None) -> Any:
        """The best constant; of what the tool has itself, with the tool's own bits."""
        self.closs.check_start(y_true)
        if self._own is not None:
            return self._own.fit_intercept_only(y_true, sample_weight)
        return self.closs.constant(y_true, sample_weight)


class ProbabilisticLoss(HistogramLoss):
    """A loss of logits, which give probabilities."""

    def predict_proba(self, raw_prediction: Array) -> Array:
        """Of each class."""
        mean: Array = self.link.inverse(raw_prediction)
        return mean if self.is_multiclass else np.column_stack([1 - mean.ravel(), mean.ravel()])


class Filler:
    """Fills scikit-learn's arrays with a loss, its gradient and curvature."""

    def __init__(self, loss: Loss, classes: int | None, curvature: str | float, parameters: Mapping[str, Any]) -> None:
        self._loss = loss
        self.classes = classes
        self.curvature = chosen(loss, curvature)
        self.floor = 0.0 if curvature == "tool" and loss.name in TOOLS else LEAST
        self.parameters = dict(parameters)
        self.factor = 0.5 if loss.name == "mse" else 1.0
        # The tool's slope at an error of exactly 0, where ours is 0.
        self.at_zero = {"mae": -1.0, "quantile": -float(parameters.get("alpha", 0.5))}.get(loss.name)

    def check_start(self, y_true: Array) -> None:
        """Refuse a number of classes that is not y's: scikit-learn would fail on shapes, without a word of classes."""
        if self.classes is not None and self.classes > 2:
            found = int(y_true.max(initial=0)) + 1
            self._check(found == self.classes, found)

    def constant(self, y_true: Array, sample_weight: Array | None) -> Any:
        """The best constant, which is finite."""
        target = self._target(y_true)
        best = np.asarray(self._loss.constant(target, sample_weight=sample_weight, **self.parameters))
        if self.classes is not None:
            best = np.pad(best, (0, self.classes - len(best)), constant_values=-np.inf)
        best = np.nan_to_num(best, neginf=-FURTHEST, posinf=FURTHEST)
        return best[1] - best[0] if self.classes == 2 else best[()]

    def loss(self, *, loss_out: Array, **given: Any) -> None:
        """Losses; what is given is `y_true`, `raw_prediction`, `sample_weight` and `n_threads`, as everywhere here."""
        loss_out[...] = self._call(self._loss, **given)
        loss_out *= self.factor

    def gradient(self, *, gradient_out: Array, **given: Any) -> None:
        """Slopes."""
        self._fill(self._loss.grad, (gradient_out,), **given)

    def loss_gradient(self, *, loss_out: Array, gradient_out: Array, **given: Any) -> None:
        """Both."""
        self.loss(loss_out=loss_out, **given)
        self.gradient(gradient_out=gradient_out, **given)

    def gradient_hessian(self, *, gradient_out: Array, hessian_out: Array, **given: Any) -> None:
        """Slopes and curvatures."""
        weight = 1.0 if given["sample_weight"] is None else given["sample_weight"]
        if isinstance(self.curvature, float):
            self._fill(self._loss.grad, (gradient_out,), **given)
            hessian_out.T[...] = self.curvature * weight
        else:
            self._fill(self._loss.grad_and_hess, (gradient_out, hessian_out), **given, curvature=self.curvature)
        if self.floor:
            np.maximum(hessian_out.T, np.multiply(self.floor, weight), out=hessian_out.T, casting="same_kind")

    def _fill(
        self, call: Callable[..., Any], outs: tuple[Array, ...], y_true: Array, raw_prediction: Array, **given: Any
    ) -> None:
        """Write what a call gives, rounded once to the dtype of the arrays, as the tool does."""
        given.update(y_true=y_true, raw_prediction=raw_prediction)
        if self.classes == 2:
            results = self._call(call, **given)
            for out, result in zip(outs, results if len(outs) == 2 else [results], strict=True):
                out[...] = result[:, 1]
        else:
            self._call(call, out=outs if len(outs) == 2 else outs[0], **given)
        for out in outs:
            out *= self.factor
        if self.at_zero is not None:
            there = raw_prediction == y_true
            outs[0][there] = self.at_zero * (1 if given["sample_weight"] is None else given["sample_weight"][there])

    def _call(
        self,
        call: Callable[..., Any],
        y_true: Array,
        raw_prediction: Array,
        sample_weight: Array | None,
        n_threads: int = 1,
        **given: Any,
    ) -> Any:
        """One of the loss's calls, for every sample by itself."""
        given |= {"sample_weight": sample_weight, "reduction": "none", **self.parameters}
        return call(self._pred(raw_prediction), self._target(y_true), **given)

    def _pred(self, raw_prediction: Array) -> Array:
        """What scores are to the loss: of two classes in rows, the first has a score of 0."""
        count = self.classes
        columns = raw_prediction.shape[1] if raw_prediction.ndim == 2 else 2 if count is not None else None
        self._check(columns == count, columns)
        if count == 2:
            return np.column_stack([np.zeros_like(raw_prediction), raw_prediction])
        return raw_prediction

    def _target(self, y_true: Array) -> Array:
        """What scikit-learn's targets are to the loss; it numbers classes by floats."""
        if kind(self._loss) == "numbers":
            return y_true
        count = 2 if self.classes is None else self.classes
        self._check(int(y_true.max(initial=0)) + 1 <= count, int(y_true.max(initial=0)) + 1)
        return y_true if kind(self._loss) == "labels" else coded(self._loss, y_true.astype(np.int64), count)

    def _check(self, fits: bool, found: int | None) -> None:
        """That there are as many classes as the loss is of."""
        if not fits:
            of = "two" if self.classes is None else self.classes
            raise ValueError(
                f"{self._loss.name} is for {of} classes, but y has {found}; softmax losses take classes={found}"
            )


def checked(loss: Loss, classes: int | None, parameters: Mapping[str, Any]) -> int | None:
    """The number of classes, if the loss is one of a score a class."""
    check_scores(loss, "histogram boosting")
    check_labels(loss, "histogram boosting")
    if not isinstance(loss, (Pointwise, RowLoss)):
        raise ValueError(
            f"{loss.name} cannot be used with histogram boosting: no sample has a score and a loss of its own; with mse each has"
        )
    if loss.name == "perceptron":
        raise ValueError(
            "perceptron cannot be used with histogram boosting: its value and its slope are 0 where trees start; use logistic"
        )
    for name, value in parameters.items():
        if name != "class_weight" and np.ndim(value):
            raise ValueError(
                f"{name} has {np.size(value)} numbers, one for each column, but a sample has one score here"
            )
    if "axis" in parameters:
        raise TypeError("axis is given, but classes are on the last axis here")
    if isinstance(loss, RowLoss):
        if classes is None:
            raise ValueError(f"{loss.name} needs classes=, the number of classes")
        if (count := CLASSES.checked("classes", classes)) is None or count < 2:
            raise ValueError(f"classes is {classes}; there must be at least 2")
        if (weights := parameters.get("class_weight")) is not None and len(weights) != count:
            raise ValueError(f"class_weight has {len(weights)} weights but there are {count} classes")
        return count
    if classes is not None and kind(loss) == "numbers":
        raise ValueError(f"classes is {classes}, but {loss.name} is a loss of numbers")
    if classes not in (None, 2):
        raise ValueError(
            f"classes is {classes}, but {loss.name} is a loss for two classes; softmax_cross_entropy takes any number"
        )
    return None


def chosen(loss: Loss, curvature: str | float) -> str | float:
    """The curvature that is meant: a name that the loss knows, or a number."""
    if curvature == "tool":
        if loss.name in TOOLS:
            return 1.0 if loss.name in CORNERS else "exact"
        return "majorizer" if loss.majorizer else 1.0 if loss.name in CORNERS else "exact"
    if isinstance(curvature, str):
        if curvature not in ("exact", "majorizer"):
            raise ValueError(f"curvature is {curvature!r}; it must be 'tool', 'exact', 'majorizer' or a number")
        if curvature == "majorizer" and not loss.majorizer:
            raise ValueError(f"{loss.name} has no majorizer; curvature must be 'tool', 'exact' or a number")
        return curvature
    try:
        return float(CURVATURE.checked("curvature", curvature))
    except TypeError:
        raise ValueError(f"curvature is {curvature!r}; it must be 'tool', 'exact', 'majorizer' or a number") from None
