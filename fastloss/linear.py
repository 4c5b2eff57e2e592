"""Linear models in one pass over the data: what an optimiser needs, for every loss.

>>> import fastloss as fl
>>> fl.linear.objective(fl.huber, [[0.0], [1.0], [2.0]], [1.0, 3.0, 50.0], delta=2.0)
<objective of huber with 2 weights>
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ._core.arrays import computed_in, real_array, result_dtype
from ._core.domains import Array
from ._core.families import Alignment, Embeddings, Ensemble, RowLoss, Triplets, TwoOutputs, WithAxis, classes, counted
from ._core.hyperparameters import Integer, Parameter
from ._core.loss import Loss, meant

__all__ = ["Objective", "objective"]

BLOCK_BYTES = 1 << 19  # of X; a block is read from memory once and found in the cache the second time
FEW, MANY = 16, 32  # rows: fewer are not worth a multiplication of their own; as many there are in a block of any width
SMALL_PRODUCT = 1 << 19  # multiplications; OpenBLAS takes so small a product as it lies, twice as fast for few classes
L2 = Parameter(0.0)
CLASSES = Integer(None)


def objective(
    loss: Loss | str,
    X: Any,
    target: Any,
    *,
    l2: float = 0.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    classes: int | None = None,
    **parameters: Any,
) -> Objective:
    """The cost of a linear model and its gradient, as a function of the weights.

    With scores ``X @ W + b``, the weighted mean of the loss ``+ l2 / 2 * (W**2).sum()``. The intercept b is not penalised.

    Parameters
    ----------
    loss : Loss or str
        Any loss of the package, or its name.
    X : array_like, shape (samples, features)
        float32 is computed in float32 and summed in float64; anything else is computed in float64. It is never copied whole: rows
        in C order are read where they are, even in a memory-mapped file.
    target : array_like
        As for `loss`: a number or class id for each sample, or a row.
    l2 : float, default 0.0
        Strength of the penalty, >= 0.
    fit_intercept : bool, default True
        Whether there is an intercept.
    sample_weight : array_like, optional
        A weight >= 0 for each sample.
    classes : int, optional
        How many classes there are, where the target may not have them all, as in a part of the data. For losses of embeddings, how
        many components these have; for an ensemble, how many members, by default 1.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Objective
        A callable ``w -> (cost, gradient)``, for ``scipy.optimize.minimize(..., jac=True)``; its attribute ``size`` is the
        number of weights, and its method ``hessp`` is for the argument of that name.

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
    return Objective(loss, X, target, l2, fit_intercept, sample_weight, classes, parameters)


@dataclass
class Block:
    """Some samples of a pass: their features, the scores that a model gives them, and what else a loss takes."""

    X: Array
    scores: Array
    target: Array
    keywords: dict[str, Any]


class Objective:
    """A callable ``w -> (cost, gradient)``; made by `objective`.

    `w` is flat: the coefficients, of shape `shape` in C order, then the intercepts. `shape` is (features,), or (features,
    classes) for losses of rows. The data are read in blocks of rows, whose sizes depend only on the shape of the problem, and
    summed in float64 in order: the same weights give the same bits, provided that NumPy's BLAS does for a block.

    Class ids run from 0 to the largest one, or as far as `class_weight` or `classes` says, if given.
    """

    def __init__(
        self,
        loss: Loss | str,
        X: Any,
        target: Any,
        l2: float,
        fit_intercept: bool,
        sample_weight: Any,
        classes: int | None,
        parameters: dict[str, Any],
    ) -> None:
        loss, X, target = meant(loss), real_array("X", X), real_array("target", target)
        self._weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
        if X.ndim != 2:
            raise ValueError(f"X has shape {X.shape}; it must be (samples, features)")
        for name, x, lengths in ("target", target, (len(X),)), ("sample_weight", self._weight, (1, len(X))):
            if x is not None and (x.ndim == 0 or len(x) not in lengths):
                raise ValueError(
                    f"X has shape {X.shape} but {name} has shape {x.shape}; the numbers of samples must be equal"
                )
        if "axis" in parameters:
            raise TypeError("axis is given, but the classes of a linear model are always on the last axis")
        self.loss = loss
        self.l2 = float(L2.checked("l2", l2))
        if not isinstance(fit_intercept, (bool, np.bool_)):
            raise TypeError(f"fit_intercept must be True or False, not {fit_intercept!r}")
        self.dtype = computed_in(result_dtype(X, "X"))
        parameters = {name: copy(value) for name, value in parameters.items()}
        hyperparameters = loss._checked(parameters, ("l2", "fit_intercept", "sample_weight", "classes"))
        hyperparameters, self._shift = loss._with_class_weights_about_1(hyperparameters)
        if self._shift:
            parameters["class_weight"] = np.ldexp(parameters["class_weight"], self._shift)
        columns = outputs(loss, target, CLASSES.checked("classes", classes), parameters, self._weight)
        self.shape = X.shape[1:] + columns
        self.size = math.prod(self.shape) + fit_intercept * math.prod(columns)
        self._X = X
        self._target = target
        self._target_dtype = target.dtype if target.ndim < 1 + len(columns) else self.dtype  # class ids stay integers
        self._parameters = parameters
        # Scores of 0 are inside every domain; so what this call accepts of the rest, no later one need refuse.
        zeros = np.broadcast_to(self.dtype.type(0), X.shape[:1] + columns)
        sums = loss._totals(zeros, target, self._weight, hyperparameters)
        self._refuse_nothing(sums.samples, sums.weight)
        # Weights are taken in units in which their sum is in range. A cost of the whole batch is a mean as it is.
        self._reduction: Literal["mean", "sum"] = "mean" if loss.whole else "sum"
        self._unit, self._divisor = float(sums.unit), sums.weight
        if self._weight is None and self._unit != 1:
            self._weight = np.ones((1,) * (zeros.ndim - isinstance(loss, WithAxis)))
        if loss.whole:
            self._divisor = 1.0

    def _refuse_nothing(self, samples: int, weight: float) -> None:
        """Refuse data that have no mean."""
        if samples == 0 or weight == 0:
            raise ValueError("the mean over no samples is undefined" if samples == 0 else "sample_weight sums to 0")

    def __repr__(self) -> str:
        return f"<objective of {self.loss.name} with {self.size} weights>"

    def __call__(self, w: Any) -> tuple[float, Array]:
        """The cost and its gradient, of w's shape and float64."""
        with np.errstate(all="ignore"):
            w = self._weights_of("w", w)
            cost, gradient = self._without_penalty(w)
            if self.l2:
                coefficients = self._parts(w)[0]
                cost += 0.5 * self.l2 * float(np.vdot(coefficients, coefficients))
                self._parts(gradient)[0][...] += self.l2 * coefficients
            return cost, gradient

    def sums(self, w: Any) -> tuple[float, Array, float]:
        """Σwℓ, its gradient, and Σw, without the penalty: the sums of parts of the data add up to those of the whole.

        For a root, these are the sums of squares.

        Parameters
        ----------
        w : array_like
            The weights, flat.

        Returns
        -------
        tuple of float, ndarray and float

        Raises
        ------
        ValueError
            If the loss is one of the whole batch, whose costs of parts do not add up.
        """
        self.loss.check_adds_up()
        with np.errstate(all="ignore"):
            value, gradient = self._sums(self._weights_of("w", w))
            value, gradient, weight = value / self._unit, gradient / self._unit, self._divisor / self._unit
            return (
                float(np.ldexp(value, -self._shift)),
                np.ldexp(gradient, -self._shift),
                float(np.ldexp(weight, -self._shift)),
            )

    def hessp(self, w: Any, v: Any) -> Array:
        """The Hessian of the cost at w times v, for ``scipy.optimize.minimize(..., hessp=...)``.

        Parameters
        ----------
        w, v : array_like
            The weights and the vector, both flat.

        Returns
        -------
        ndarray
            Of w's shape and float64.
        """
        with np.errstate(all="ignore"):
            w, v = self._weights_of("w", w), self._weights_of("v", v)
            product = self._products(w, v) / self._divisor
            if self.loss.root:
                cost, gradient = self._without_penalty(w)
                product = product / (2 * cost) - gradient * (float(gradient @ v) / cost) if cost else 0 * product
            if self.l2:
                self._parts(product)[0][...] += self.l2 * self._parts(v)[0]
            return product

    def _without_penalty(self, w: Array) -> tuple[float, Array]:
        """The cost of the loss alone."""
        value, gradient = self._sums(w)
        cost = value / self._divisor
        gradient /= self._divisor
        if self.loss.root:
            cost = math.sqrt(cost)
            gradient *= 0 if cost == 0 else 1 / (2 * cost)
        return cost, gradient

    def _weights_of(self, name: str, w: Any) -> Array:
        weights: Array = np.asarray(real_array(name, w), np.float64)
        if weights.shape != (self.size,):
            raise ValueError(f"{name} has shape {weights.shape}; it must be ({self.size},), the number of weights")
        return weights

    def _parts(self, w: Array) -> tuple[Array, Array]:
        """The coefficients and intercepts in flat weights, as views; no intercept is an empty one."""
        count = math.prod(self.shape)
        return w[:count].reshape(self.shape), w[count:].reshape(-1, *self.shape[1:])

    def _sums(self, w: Array) -> tuple[float, Array]:
        """Σwℓ and its gradient, in the units of a pass; of a loss of the whole batch, the cost itself."""
        value, gradient = 0.0, np.zeros(self.size)
        for block in self._blocks(w):
            factor = 1.0
            if self.loss.root:
                cost, slopes, factor = self._squares(block)
            else:
                cost, slopes = self.loss.value_and_grad(
                    block.scores, block.target, reduction=self._reduction, out=block.scores, **block.keywords
                )
            value += cost
            self._add(gradient, block.X, slopes, factor)
        return value, gradient

    def _products(self, w: Array, v: Array) -> Array:
        """The Hessian of Σwℓ times a vector, in the units of a pass."""
        product = np.zeros(self.size)
        for block, along in zip(self._blocks(w), self._blocks(v), strict=True):
            if self.loss.root:
                by_scores = self._product_of_squares(block, along.scores)
            else:
                given = {"reduction": self._reduction, **block.keywords}
                by_scores = self.loss.hvp(block.scores, block.target, along.scores, **given)
            self._add(product, block.X, by_scores)
        return product

    def _squares(self, block: Block) -> tuple[float, Array, float]:
        """Σwe² of a root r = √(Σwe²/n), the root's slopes, and what times these are the sum's: 2nr."""
        root, slopes = self.loss.value_and_grad(
            block.scores, block.target, reduction="batch_mean", out=block.scores, **block.keywords
        )
        n = block.scores.size
        return n * root * root, slopes, 2 * n * root

    def _product_of_squares(self, block: Block, along: Array) -> Array:
        """The Hessian of Σwe² = n·r² times a vector: 2n(r·Hv + g(g·v)), with the root's gradient g and Hessian H."""
        n = block.scores.size
        given = {"reduction": "batch_mean", **block.keywords}
        root, slopes = self.loss.value_and_grad(block.scores, block.target, **given)
        # In double, as its products with X may have to be.
        of_root = self.loss.hvp(block.scores, block.target, along, **given).astype(np.float64)
        along = np.where(slopes == 0, 0, along)  # a sample that is not there may hold anything
        product: Array = 2 * n * (root * of_root + slopes * np.vdot(slopes, along))
        return product

    def _blocks(self, w: Array) -> Iterator[Block]:
        """The data, as many rows at a time as are good for the cache; of a loss of the whole batch, all."""
        coefficients, intercept = (part.astype(self.dtype) for part in self._parts(w))
        X = self._X
        step = len(X) if self.loss.whole else block_rows(X.shape[1], math.prod(self.shape[1:]), self.dtype.itemsize)
        transposed = np.ascontiguousarray(coefficients.T)  # the order that multiplies fastest
        buffer = np.empty((min(step, len(X)), *self.shape[1:]), self.dtype)
        for start in range(0, len(X), step):
            rows = slice(start, start + step)
            block = np.asarray(X[rows], self.dtype)
            scores = np.dot(block, transposed.T, out=buffer[: len(block)])
            for b in intercept:
                scores += b
            weight = None if self._weight is None else self._weight if len(self._weight) == 1 else self._weight[rows]
            weight = weight if weight is None else self._unit * np.asarray(weight, np.float64)
            target = np.asarray(self._target[rows], self._target_dtype)
            yield Block(block, scores, target, {**self._parameters, "sample_weight": weight})

    def _add(self, gradient: Array, X: Array, slopes: Array, factor: float = 1.0) -> None:
        """Add a block's slopes with respect to the weights, from those with respect to its scores, times a factor."""
        coefficients, intercept = self._parts(gradient)
        part = np.dot(slopes.T, X)
        if not np.isfinite(part).all():  # what is not there may hold anything, and what is there be beyond float32
            there = slopes.reshape(len(slopes), -1).any(axis=1)
            part = np.dot(slopes[there].T.astype(np.float64), X[there].astype(np.float64))
        coefficients += factor * part.T.astype(np.float64)
        if len(intercept):  # the coefficient of a feature that is always 1
            intercept += factor * np.dot(np.ones(len(slopes), slopes.dtype), slopes).astype(np.float64)


def outputs(
    loss: Loss, target: Array, count: int | None, parameters: dict[str, Any], sample_weight: Array | None
) -> tuple[int, ...]:
    """The shape of the scores of one sample."""
    if isinstance(loss, (Alignment, Triplets)):
        raise ValueError(f"{loss.name} has no linear model: its target does not belong to rows of X")
    takes_ids = isinstance(loss, (RowLoss, Embeddings)) and target.ndim == 1
    if count is not None and not takes_ids and not isinstance(loss, Ensemble) and (count,) != target.shape[1:]:
        raise ValueError(f"classes is {count}, but {loss.name} has none with a target of shape {target.shape}")
    if count is not None and count < 1:
        raise ValueError(f"classes is {count}; there must be at least 1")
    if isinstance(loss, TwoOutputs):
        return (*target.shape[1:], 2)
    if isinstance(loss, Ensemble):
        return (*target.shape[1:], 1 if count is None else count)
    if isinstance(loss, Embeddings) and count is None:
        raise ValueError(f"{loss.name} takes embeddings; classes must be the number of their components")
    if not takes_ids:
        return target.shape[1:]
    if isinstance(loss, Embeddings) and count is not None:
        return (count,)
    found = classes(target, parameters, sample_weight)
    if count is not None and count < found:
        first = int(np.argmax((target >= count) & counted(target, parameters, sample_weight)))
        raise ValueError(f"target[{first}] is {target[first]}; class ids must be in [0, {count})")
    return (found if count is None else count,)


def block_rows(features: int, outputs: int, itemsize: int) -> int:
    """How many rows a block has: as many as the cache holds, and as are multiplied fastest."""
    rows = max(MANY, BLOCK_BYTES // max(1, features * itemsize))
    small = SMALL_PRODUCT // max(1, features * outputs)
    return min(rows, small) if small >= FEW and outputs > 1 else rows
