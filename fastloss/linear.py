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
FEW, MANY = 16, 32  # rows: fewer are not worth a multiplication of their own; as many there are in a block of any width
SMALL_PRODUCT = 1 << 19  # multiplications; OpenBLAS takes so small a product as it lies, twice as fast for few classes
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
        self._target_dtype = target.dtype if target.ndim < 1 + len(columns) else self.dtype  # class ids stay integers
        self._weight = None if sample_weight is None else _validate.real_array("sample_weight", sample_weight)
        self._parameters = parameters
        # Scores of 0 are inside every domain; so what this call accepts of the rest, no later one need refuse.
        zeros = np.broadcast_to(self.dtype.type(0), X.shape[:1] + columns)
        _, self._divisor, samples, self._unit = summed(loss)._totals(zeros, target, self._weight, own)
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
        value, *slopes = self._sums(coefficients.astype(self.dtype), intercept.astype(self.dtype))
        gradient = np.concatenate([part.T.ravel() for part in slopes])[: self.size]
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

    def _sums(self, coefficients: Array, intercept: Array) -> tuple[float, Array, Array]:
        """Σwℓ, and its derivatives by the coefficients and the intercept, both transposed."""
        loss = summed(self.loss)
        step = block_rows(self._X.shape[1], math.prod(self.shape[1:]), self.dtype.itemsize)
        X = self._X
        transposed = np.ascontiguousarray(coefficients.T)  # the order that multiplies fastest
        to_coefficients = np.zeros(transposed.shape)
        to_intercept = np.zeros(self.shape[1:])
        scores = np.empty((min(step, len(X)), *self.shape[1:]), self.dtype)
        ones = np.ones(len(scores), self.dtype)
        value = 0.0
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            block = np.asarray(X[rows], self.dtype)
            if len(block) < len(ones):
                scores, ones = scores[: len(block)], ones[: len(block)]
            np.dot(block, transposed.T, out=scores)
            for b in intercept:
                scores += b
            cost, slopes = loss.value_and_grad(
                scores,
                np.asarray(self._target[rows], self._target_dtype),
                sample_weight=None if self._weight is None else self._unit * np.asarray(self._weight[rows], np.float64),
                reduction="sum",
                out=scores,
                **self._parameters,
            )
            value += cost
            part = np.dot(slopes.T, block)
            if not np.isfinite(part).all():  # a sample that is not there may hold anything
                there = slopes.reshape(len(slopes), -1).any(axis=1)
                part = np.dot(slopes[there].T, block[there])
            to_coefficients += part
            to_intercept += np.dot(ones, slopes)  # the intercept is the coefficient of a feature that is always 1
        return value, to_coefficients, to_intercept


def block_rows(features: int, outputs: int, itemsize: int) -> int:
    """How many rows a block has: as many as the cache holds, and as are multiplied fastest."""
    rows = max(MANY, BLOCK_BYTES // max(1, features * itemsize))
    small = SMALL_PRODUCT // max(1, features * outputs)
    return min(rows, small) if small >= FEW and outputs > 1 else rows


def classes(ids: Array, parameters: dict[str, Any]) -> int:
    """How many classes there are."""
    if parameters.get("class_weight") is not None:
        return len(parameters["class_weight"])
    ignored = parameters.get("ignore_index")
    counted = True if ignored is None else ids != ignored
    return int(np.max(ids, initial=0, where=counted)) + 1
