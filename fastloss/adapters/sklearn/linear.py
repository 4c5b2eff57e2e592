"""Linear models of any smooth loss, as scikit-learn's estimators."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from ... import functions
from ..._core.domains import Array
from ..._core.families import Pointwise
from ..._core.loss import Loss
from .._shared import resolved
from .labels import OF_TWO_CLASSES, coded, kind, too_many
from .refusals import check_labels, check_scores, check_smooth
from .solver import best_constants, minimum, problem

TAKEN: dict[str, Any] = {"accept_sparse": "csr", "dtype": [np.float64, np.float32]}


class Linear(BaseEstimator):  # type: ignore[misc]
    """What the estimators share: a fit by a loss, and the scores that it gives."""

    coef_: Any
    intercept_: Any

    def _resolved(self, loss: str | Loss) -> tuple[Loss, Mapping[str, Any]]:
        """The loss, if it can be fitted, and its keywords."""
        parameters = {} if self.loss_params is None else self.loss_params
        found = resolved(loss, parameters)
        check_scores(found, type(self).__name__)
        check_smooth(found, type(self).__name__, parameters)
        check_labels(found, type(self).__name__)
        return found, parameters

    def _weighted(self, sample_weight: Any, X: Any) -> Array | None:
        if sample_weight is None:
            return None
        weight: Array = _check_sample_weight(sample_weight, X, dtype=np.float64, ensure_non_negative=True)
        return weight

    def _solve(
        self,
        loss: Loss,
        parameters: Mapping[str, Any],
        X: Any,
        target: Array,
        sample_weight: Array | None,
        start: Any = 0.0,
        classes: int | None = None,
    ) -> None:
        """Fit from an intercept of `start`, or from where the last fit has ended."""
        if sample_weight is not None and target.ndim == 2 and isinstance(loss, Pointwise):
            sample_weight = sample_weight[:, np.newaxis]  # for each output
        given = problem(loss, X, target, sample_weight, self.l2, self.fit_intercept, classes, parameters)
        count = given.coefficients
        w = np.zeros(given.size)
        if self.fit_intercept:
            w[count:] = start
        if self.warm_start and hasattr(self, "coef_") and np.size(self.coef_) == count:
            w[:count], w[count:] = self.coef_.T.ravel(), np.ravel(self.intercept_)[: given.size - count]
        w, self.n_iter_ = minimum(given, w, self.l1, self.max_iter, self.tol)
        self.coef_ = w[:count].reshape(given.shape).T.astype(X.dtype, order="C")
        outputs = given.shape[1:]
        self.intercept_ = (w[count:].reshape(outputs) if self.fit_intercept else np.zeros(outputs)).astype(X.dtype)[()]

    def _scores(self, X: Any) -> Array:
        """``X @ coef_.T + intercept_``, in X's dtype."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, **TAKEN)
        scores: Array = X @ self.coef_.T.astype(X.dtype, copy=False)
        scores += self.intercept_.astype(X.dtype)
        return scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


class LinearRegressor(RegressorMixin, Linear):  # type: ignore[misc]
    """A linear model of any smooth loss of numbers.

    It minimises the weighted mean of the loss of ``X @ W + b``, plus ``l2 / 2 * (W**2).sum() + l1 * abs(W).sum()``, by SciPy's
    L-BFGS-B, in one pass over the data a step. With `mse` it is scikit-learn's ``Ridge(alpha=l2 * N / 2)``, and with `l1` its
    ``ElasticNet`` with half the penalties. It starts from the best constant, which matters where a loss is not convex.

    Parameters
    ----------
    loss : str or Loss, default "mse"
        A loss of numbers without corners; or of the logarithm of a mean, such as `poisson_nll`, for which `predict` gives the mean;
        or `cox`, of times that are negative where censored, for which it gives the relative hazard.
    loss_params : dict, optional
        Keyword arguments of the loss, such as ``{"delta": 2.0}``.
    l2 : float, default 0.0
        Strength of the squared penalty, >= 0. The intercept is not penalised.
    fit_intercept : bool, default True
        Whether there is an intercept.
    max_iter : int, default 1000
        The largest number of steps.
    tol : float, default 1e-8
        The fit ends when no slope is larger.
    l1 : float, default 0.0
        Strength of the penalty on absolute values, which makes coefficients exactly 0.
    warm_start : bool, default False
        Whether `fit` starts from the result of the last fit.

    Attributes
    ----------
    coef_ : ndarray, shape (features,) or (outputs, features)
    intercept_ : float, or ndarray of shape (outputs,)
    n_iter_ : int

    References
    ----------
    Zhu, Byrd, Lu and Nocedal, *Algorithm 778: L-BFGS-B*, ACM Transactions on Mathematical Software 23, 1997.

    Examples
    --------
    >>> from fastloss.adapters.sklearn import LinearRegressor
    >>> model = LinearRegressor("tukey_biweight").fit([[0.0], [1.0], [2.0], [3.0], [4.0]], [1.0, 3.0, 5.0, 7.0, 90.0])
    >>> model.predict([[5.0]]).round(6)             # the line 2x + 1, whatever the outlier says
    array([11.])
    """

    def __init__(
        self,
        loss: str | Loss = "mse",
        *,
        loss_params: Mapping[str, Any] | None = None,
        l2: float = 0.0,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-8,
        l1: float = 0.0,
        warm_start: bool = False,
    ) -> None:
        self.loss = loss
        self.loss_params = loss_params
        self.l2 = l2
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.l1 = l1
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearRegressor:
        """Fit to X of shape (samples, features), dense or sparse, and y of shape (samples,) or (samples, outputs)."""
        loss, parameters = self._resolved(self.loss)
        if kind(loss) != "numbers":
            raise ValueError(
                f"{loss.name} cannot be used with LinearRegressor: it is a loss for classes; use LinearClassifier"
            )
        X, y = validate_data(self, X, y, y_numeric=True, multi_output=True, **TAKEN)
        weight = self._weighted(sample_weight, X)
        self._link = loss.link
        self._solve(loss, parameters, X, y, weight, best_constants(loss, y, weight, parameters))
        return self

    def predict(self, X: Any) -> Array:
        """Predictions of shape (samples,) or (samples, outputs): the scores, or their exponentials for a mean's logarithm."""
        scores = self._scores(X)
        return np.exp(scores, out=scores) if self._link == "log" else scores

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags


def gives_probabilities(model: Any) -> bool:
    """Whether the loss is of logits."""
    return model.loss is None or resolved(model.loss, {}).link in ("sigmoid", "softmax")


class LinearClassifier(ClassifierMixin, Linear):  # type: ignore[misc]
    """Logistic regression, or a linear classifier of another smooth loss.

    It minimises the weighted mean of the loss of ``X @ W + b``, plus ``l2 / 2 * (W**2).sum() + l1 * abs(W).sum()``, by
    SciPy's L-BFGS-B, in one pass over the data a step: scikit-learn's ``LogisticRegression(C=1 / (l2 * N))``.

    Parameters
    ----------
    loss_params : dict, optional
        Keyword arguments of the loss, such as ``{"label_smoothing": 0.1}``.
    l2, fit_intercept, max_iter, tol
        As for `LinearRegressor`.
    loss : str or Loss, optional
        A loss of logits or margins without corners, such as `squared_hinge` or `softmax_focal`. By default it is
        `sigmoid_cross_entropy` for two classes, and `softmax_cross_entropy` for more.
    l1, warm_start
        As for `LinearRegressor`.
    class_weight : dict or "balanced", optional
        A weight for each label; or the weights that make all classes count the same.

    Attributes
    ----------
    classes_ : ndarray, shape (classes,)
    coef_ : ndarray, shape (1, features) or (classes, features)
        One row for two classes, unless `loss` is a loss of rows.
    intercept_ : ndarray, shape (1,) or (classes,)
    n_iter_ : int

    References
    ----------
    Zhu, Byrd, Lu and Nocedal, *Algorithm 778: L-BFGS-B*, ACM Transactions on Mathematical Software 23, 1997.

    Examples
    --------
    >>> from fastloss.adapters.sklearn import LinearClassifier
    >>> model = LinearClassifier(l2=0.1).fit([[0.0], [1.0], [2.0], [3.0]], ["no", "no", "yes", "yes"])
    >>> model.predict([[0.5], [2.5]])
    array(['no', 'yes'], dtype='<U3')
    >>> model.predict_proba([[1.5]]).round(6)
    array([[0.5, 0.5]])
    """

    def __init__(
        self,
        *,
        loss_params: Mapping[str, Any] | None = None,
        l2: float = 0.0,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float = 1e-8,
        loss: str | Loss | None = None,
        l1: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        warm_start: bool = False,
    ) -> None:
        self.loss_params = loss_params
        self.l2 = l2
        self.fit_intercept = fit_intercept
        self.max_iter = max_iter
        self.tol = tol
        self.loss = loss
        self.l1 = l1
        self.class_weight = class_weight
        self.warm_start = warm_start

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> LinearClassifier:
        """Fit to X of shape (samples, features), dense or sparse, and labels y of shape (samples,)."""
        X, y = validate_data(self, X, y, **TAKEN)
        check_classification_targets(y)
        self.classes_, ids = np.unique(y, return_inverse=True)
        count = len(self.classes_)
        if count < 2:
            raise ValueError(f"y has one class, {self.classes_.tolist()[0]!r}; there must be at least 2 classes")
        loss, parameters = self._resolved(
            self.loss or ("sigmoid_cross_entropy" if count == 2 else "softmax_cross_entropy")
        )
        if kind(loss) == "numbers":
            raise ValueError(
                f"{loss.name} cannot be used with LinearClassifier: it is a loss for numbers; use LinearRegressor"
            )
        if count > 2 and kind(loss) in OF_TWO_CLASSES:
            raise ValueError(f"Only binary classification is supported. {too_many(loss, count)}")
        target = coded(loss, ids, count)
        weight = self._weighted(sample_weight, X)
        if self.class_weight is not None:
            with np.errstate(divide="ignore"):  # of a class whose samples have no weight
                each = compute_class_weight(self.class_weight, classes=self.classes_, y=y, sample_weight=weight)
            each = np.where(np.isinf(each), 0, each)[ids]
            weight = each if weight is None else weight * each
        self._solve(loss, parameters, X, target, weight, classes=None if isinstance(loss, Pointwise) else count)
        self.coef_, self.intercept_ = np.atleast_2d(self.coef_), np.atleast_1d(self.intercept_)
        return self

    def decision_function(self, X: Any) -> Array:
        """Scores of shape (samples,), of the second class of two; or (samples, classes)."""
        scores = self._scores(X)
        if len(self.classes_) > 2:
            return scores
        return scores[:, 0] if scores.shape[1] == 1 else scores[:, 1] - scores[:, 0]

    def predict(self, X: Any) -> Array:
        """The labels of the greatest scores, of shape (samples,)."""
        scores = self.decision_function(X)
        best: Array = self.classes_[(scores > 0).astype(np.intp) if scores.ndim == 1 else scores.argmax(axis=1)]
        return best

    @available_if(gives_probabilities)
    def predict_proba(self, X: Any) -> Array:
        """Probabilities of shape (samples, classes); of losses of logits."""
        scores = self.decision_function(X)
        if scores.ndim == 1:
            return functions.sigmoid(np.column_stack([-scores, scores]))
        return functions.softmax(scores)

    @available_if(gives_probabilities)
    def predict_log_proba(self, X: Any) -> Array:
        """Their logarithms."""
        with np.errstate(divide="ignore"):
            logarithms: Array = np.log(self.predict_proba(X))
        return logarithms

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = self.loss is None or kind(resolved(self.loss, {})) not in OF_TWO_CLASSES
        return tags
