"""The cost of a linear model, for X dense or sparse, and its minimum by SciPy's L-BFGS-B."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, minimize
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning

from ... import linear
from ..._core.domains import Array
from ..._core.families import Pointwise
from ..._core.hyperparameters import Integer, Parameter
from ..._core.loss import Loss

L1 = L2 = TOL = Parameter(0.0)
MAX_ITER = Integer(1)
FTOL = 64 * np.finfo(np.float64).eps  # as scikit-learn's own
MAX_STEPS = 50  # of a line search, likewise

Cost = Callable[[Array], tuple[float, Array]]


@dataclass
class Problem:
    """A cost of flat weights, of which the first are coefficients of shape `shape`, and the rest intercepts."""

    cost: Cost
    shape: tuple[int, ...]
    size: int

    @property
    def coefficients(self) -> int:
        """How many."""
        return math.prod(self.shape)


def problem(
    loss: Loss,
    X: Any,
    target: Array,
    sample_weight: Array | None,
    l2: float,
    fit_intercept: bool,
    classes: int | None,
    parameters: Mapping[str, Any],
) -> Problem:
    """The mean loss of ``X @ W + b`` with half of l2 times the sum of W**2."""
    l2 = float(L2.checked("l2", l2))
    # Of no features, for a sparse X: the shape of the scores, and every check of the target, weights and keywords.
    dense = np.empty((X.shape[0], 0), X.dtype) if issparse(X) else X
    objective = linear.objective(
        loss,
        dense,
        target,
        l2=l2,
        fit_intercept=fit_intercept,
        sample_weight=sample_weight,
        classes=classes,
        **parameters,
    )
    if not issparse(X):
        return Problem(objective, objective.shape, objective.size)
    shape = (X.shape[1], *objective.shape[1:])
    count = math.prod(shape)
    total = 1.0 if loss.whole else objective.sums(np.zeros(objective.size))[2]
    given = {"sample_weight": sample_weight, "reduction": "mean" if loss.whole else "sum", **parameters}
    transposed = X.T.tocsr()  # a second copy: its products are several times faster than those of a view

    def cost(w: Array) -> tuple[float, Array]:
        W, b = w[:count].reshape(shape), w[count:]
        scores = X @ W.astype(X.dtype, copy=False)
        if fit_intercept:
            scores += b.reshape(scores.shape[1:])
        value, slopes = loss.value_and_grad(scores, target, out=scores, **given)
        gradient = np.empty(w.shape)
        gradient[:count] = np.ravel(transposed @ slopes) / total + l2 * w[:count]
        gradient[count:] = np.ravel(slopes.sum(axis=0, dtype=np.float64))[: w.size - count] / total
        return value / total + 0.5 * l2 * float(w[:count] @ w[:count]), gradient

    return Problem(cost, shape, count + objective.size)


def best_constants(loss: Loss, y: Array, weight: Array | None, parameters: Mapping[str, Any]) -> Array:
    """Of each output, or 0: where it is infinite, and of losses of whole rows."""
    if not isinstance(loss, Pointwise):
        return np.zeros(y.shape[1:])
    best = [
        loss.constant(column, sample_weight=weight, **{k: v[j] if np.ndim(v) else v for k, v in parameters.items()})
        for j, column in enumerate(y.reshape(len(y), -1).T)
    ]
    return np.nan_to_num(np.reshape(best, y.shape[1:]), nan=0, posinf=0, neginf=0)


def minimum(of: Problem, start: Array, l1: float, max_iter: int, tol: float) -> tuple[Array, int]:
    """Where the cost, with l1 times the sum of the coefficients' sizes, is least; and after how many steps."""
    l1, tol = float(L1.checked("l1", l1)), float(TOL.checked("tol", tol))
    steps = MAX_ITER.checked("max_iter", max_iter)
    if steps is None or steps < 1:
        raise ValueError(f"max_iter is {max_iter}; it must be at least 1")
    cost, bounds = (of.cost, None) if l1 == 0 else parted(of, l1)
    options = {"maxfun": 2**31 - 1, "maxls": MAX_STEPS, "gtol": tol, "ftol": FTOL if l1 == 0 else 0}
    w, done, least = start, 0, math.inf
    while True:
        found = minimize(
            cost,
            w if l1 == 0 else part(w, of.coefficients),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": steps - done, **options},
        )
        w, done = found.x if l1 == 0 else together(found.x, of.coefficients), done + int(found.nit)
        if l1 == 0 or found.status == 1 or steepest(found, bounds) <= tol or not found.fun < least or done >= steps:
            break
        least = (
            found.fun
        )  # with parts a line search may end in what is remembered of other places: without that once more
    if found.status == 1:  # a line search that rounding has ended, status 2, is as near as it gets
        warnings.warn(
            f"the fit has not converged after max_iter={steps} steps: allow more, scale the features, or set l2",
            ConvergenceWarning,
            stacklevel=4,
        )
    return w, max(1, min(done, steps))


# ---- the l1 penalty: coefficients are differences of numbers >= 0, whose sums it is, and the cost is smooth ----------


def parted(of: Problem, l1: float) -> tuple[Cost, Bounds]:
    """The cost of the parts, and their bounds."""
    count = of.coefficients

    def cost(parts: Array) -> tuple[float, Array]:
        value, slopes = of.cost(together(parts, count))
        gradient = np.concatenate([slopes, -slopes[:count]])
        gradient[:count] += l1
        gradient[of.size :] += l1
        return value + l1 * float(parts[:count].sum() + parts[of.size :].sum()), gradient

    least = np.zeros(of.size + count)
    least[count : of.size] = -np.inf
    return cost, Bounds(least, np.inf)


def steepest(found: Any, bounds: Bounds) -> float:
    """The largest slope along which there is a way within the bounds."""
    free = np.where(found.x > bounds.lb, found.jac, np.minimum(found.jac, 0))
    return float(np.abs(free).max())


def part(w: Array, count: int) -> Array:
    """Weights as parts: what is positive, the intercepts, what is negative."""
    return np.concatenate([np.maximum(w[:count], 0), w[count:], np.maximum(-w[:count], 0)])


def together(parts: Array, count: int) -> Array:
    """Parts as weights."""
    w: Array = parts[: len(parts) - count].copy()
    w[:count] -= parts[len(parts) - count :]
    return w
