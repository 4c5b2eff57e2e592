"""Linear models in one pass over the data: what an optimiser needs, for every loss.

>>> import fastloss as fl
>>> fl.linear.objective(fl.huber, [[0.0], [1.0], [2.0]], [1.0, 3.0, 50.0], delta=2.0)
<objective of huber with 2 weights>
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from . import _validate
from ._accumulator import summed
from ._loss import Loss
from ._rows import RowLoss
from ._validate import Array, Parameter

__all__ = ["Objective", "objective"]

BLOCK_BYTES = 1 << 19  # of X; a block is read from memory once and found in the cache the second time
L2 = Parameter(0.0)


def objective(
    loss: Loss,
    X: Any,
    target: Any,
    *,
    l2: float = 0.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    **parameters: Any,
) -> Objective:
    """The cost of a linear model and its gradient, as a function of the weights.

    With scores ``X @ W + b``, the weighted mean of the loss ``+ l2 / 2 * (W**2).sum()``. The intercept b is not penalised.

    Parameters
    ----------
    loss : Loss
        Any loss of the package.
    X : array_like, shape (samples, features)
        float32 is computed in float32 and summed in float64, anything else in float64. It is never copied whole: rows
        in C order are read as they lie, from a memory-mapped file too.
    target : array_like
        As for `loss`: a number or class id for each sample, or a row.
    l2 : float, default 0.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default True
        Whether there is an intercept.
    sample_weight : array_like, optional
        A weight >= 0 for each sample.
    **parameters
        The loss's own keywords, as ``delta``.

    Returns
    -------
    Objective
        A callable ``w -> (cost, gradient)``, what ``scipy.optimize.minimize(..., jac=True)`` takes; its attribute
        ``size`` is the number of weights.

    Raises
    ------
    ValueError
        If shapes do not fit, a value is outside its domain, or the weights sum to 0.
    TypeError
        If an array does not hold real numbers, or the loss has no such keyword.

    References
    ----------
    Hastie, Tibshirani and Friedman, *The Elements of Statistical Learning*, chapters 3 and 4, 2009.

    Examples
    --------
    >>> import fastloss as fl
    >>> import numpy as np
    >>> X, target = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> cost = fl.linear.objective(fl.mse, X, target)
    >>> cost(np.array([2.0, 1.0]))                  # the line 2x + 1
    (0.0, array([0., 0.]))
    >>> cost(np.zeros(cost.size))
    (11.666666666666666, array([-8.66666667, -6.        ]))
    """
    return Objective(loss, X, target, l2, fit_intercept, sample_weight, parameters)


class Objective:
    """A callable ``w -> (cost, gradient)``; made by `objective`.

    `w` is flat: the coefficients, of shape `shape` in C order, then the intercepts. `shape` is (features,), or (features,
    classes) for losses of rows. The data are read in blocks of rows whose ends depend on the shape of the problem alone,
    and summed in float64 in their order: the same weights give the same bits, as far as NumPy's BLAS does for a block.

    Class ids run from 0 to the largest one, or to the length of `class_weight` if that is given.
    """

    def __init__(
        self,
        loss: Loss,
        X: Any,
        target: Any,
        l2: float,
        fit_intercept: bool,
        sample_weight: Any,
        parameters: dict[str, Any],
    ) -> None:
        X, target = _validate.real_array("X", X), _validate.real_array("target", target)
        if X.ndim != 2:
            raise ValueError(f"X has shape {X.shape}; it must be (samples, features)")
        if target.shape[:1] != X.shape[:1]:
            raise ValueError(f"X has shape {X.shape} but target has shape {target.shape}; the samples must be as many")
        if "axis" in parameters:
            raise TypeError("axis is given, but the classes of a linear model are always on the last axis")
        self.loss = loss
        self.l2 = L2.checked("l2", l2)
        self.dtype = np.dtype(np.float32 if _validate.result_dtype(X, "X").itemsize < 8 else np.float64)
        own = loss._checked(parameters)
        columns = (classes(target, parameters),) if isinstance(loss, RowLoss) and target.ndim == 1 else target.shape[1:]
        self.shape = X.shape[1:] + columns
        self.size = math.prod(self.shape) + fit_intercept * math.prod(columns)
        self._X = X
        self._target = target
        self._weight = None if sample_weight is None else _validate.real_array("sample_weight", sample_weight)
        self._parameters = parameters
        # Scores of 0 are inside every domain; so what this call accepts of the rest, no later one need refuse.
        zeros = np.broadcast_to(self.dtype.type(0), X.shape[:1] + columns)
        _, self._divisor, samples = summed(loss)._totals(zeros, target, self._weight, own)
        if samples == 0 or self._divisor == 0:
            raise ValueError("the mean over no samples is undefined" if samples == 0 else "sample_weight sums to 0")

    def __repr__(self) -> str:
        return f"<objective of {self.loss.name} with {self.size} weights>"

    def __call__(self, w: Any) -> tuple[float, Array]:
        """The cost and its gradient, of w's shape and float64."""
        w = np.asarray(w, np.float64)
        if w.shape != (self.size,):
            raise ValueError(f"w has shape {w.shape}; it must be ({self.size},), as many as there are weights")
        coefficients, intercept = self._parts(w)
        gradient = np.zeros(self.size)
        value = self._add_up(coefficients.astype(self.dtype), intercept.astype(self.dtype), *self._parts(gradient))
        cost = value / self._divisor
        gradient /= self._divisor
        if self.loss.cost_only:
            cost = math.sqrt(cost)
            gradient *= 0 if cost == 0 else 1 / (2 * cost)
        if self.l2:
            cost += 0.5 * self.l2 * float(np.vdot(coefficients, coefficients))
            self._parts(gradient)[0][...] += self.l2 * coefficients
        return cost, gradient

    def _parts(self, w: Array) -> tuple[Array, Array]:
        """The coefficients and intercepts in flat weights, as views; no intercept is an empty one."""
        count = math.prod(self.shape)
        return w[:count].reshape(self.shape), w[count:].reshape(-1, *self.shape[1:])

    def _add_up(self, coefficients: Array, intercept: Array, to_coefficients: Array, to_intercept: Array) -> float:
        """Σwℓ, while the derivatives of it are added to the last two."""
        loss = summed(self.loss)
        step = max(1, BLOCK_BYTES // max(1, self._X.shape[1] * self.dtype.itemsize))
        buffer = np.empty((min(step, len(self._X)), *self.shape[1:]), self.dtype)
        value = 0.0
        for start in range(0, len(self._X), step):
            rows = slice(start, start + step)
            X = np.asarray(self._X[rows], self.dtype)
            scores = np.dot(X, coefficients, out=buffer[: len(X)])
            for b in intercept:
                scores += b
            cost, slopes = loss.value_and_grad(
                scores,
                self._target[rows],
                sample_weight=None if self._weight is None else self._weight[rows],
                reduction="sum",
                out=scores,
                **self._parameters,
            )
            value += cost
            to_coefficients += np.dot(X.T, slopes)
            to_intercept += slopes.sum(axis=0, dtype=np.float64)
        return value


def classes(ids: Array, parameters: dict[str, Any]) -> int:
    """How many classes there are."""
    if parameters.get("class_weight") is not None:
        return len(parameters["class_weight"])
    ignored = parameters.get("ignore_index")
    counted = True if ignored is None else ids != ignored
    return int(np.max(ids, initial=0, where=counted)) + 1
