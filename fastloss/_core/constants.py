"""The best constant prediction of each loss: the minimiser of its weighted cost over constants, on the scale of `pred`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .arguments import Arguments, centred
from .domains import Array
from .passes import unit_for

if TYPE_CHECKING:
    from .loss import Loss
    from .passes import Sums

    Constant = Callable[["Loss", Arguments, dict[str, Any]], Any]
else:
    Constant = Callable

STEPS = 200


def undefined(arguments: Arguments, sums: Sums) -> bool:
    """Whether no sample has a weight."""
    return sums.samples == 0 or (arguments.weight is not None and not np.any(arguments.weight)) or sums.weight == 0


# ---- samples that are numbers ----------------------------------------------------------------------------------------


def samples(arguments: Arguments, column: Any = ...) -> tuple[Array, Array]:
    """The targets that have a weight, and their weights, which sum to 1, all in double."""
    target = np.asarray(arguments.target[column], np.float64).ravel()
    weight = (
        np.ones(target.shape) if arguments.weight is None else np.ravel(arguments.weight[column]).astype(np.float64)
    )
    target, weight = target[weight > 0], weight[weight > 0]
    return target, normalised(weight)


def normalised(weight: Array) -> Array:
    """Weights over their sum."""
    if not weight.size:
        return weight
    weight = weight * unit_for(float(weight.max()))
    quotients: Array = weight / weight.sum()
    return quotients


def each_column(best: Callable[..., float]) -> Constant:
    """One number; or one for each column, where hyperparameters are."""

    def constant(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Any:
        if not any(isinstance(value, np.ndarray) for value in hyperparameters.values()):
            return float(best(*samples(arguments), **hyperparameters))
        columns = range(arguments.target.shape[-1])
        return np.array(
            [best(*samples(arguments, np.s_[..., j]), **{k: np.take(v, j) if np.ndim(v) else v for k, v in hyperparameters.items()})
             for j in columns]
        )  # fmt: skip

    return constant


def averages(x: Array, weight: Array) -> Array:
    """Σwx of weights that sum to 1, of rows; of numbers near the largest one too. Rounding does not take it beyond all of them."""
    with np.errstate(all="ignore"):
        return np.asarray(np.clip(weight @ x, x.min(axis=0), x.max(axis=0)))


def average(x: Array, weight: Array) -> float:
    """The same of numbers; 0 of none."""
    return float(averages(x, weight)) if x.size else 0.0


def log_spread(distance: Array, weight: Array, power: int) -> float:
    """The logarithm of the mean of distances to a power, which may itself be out of range."""
    with np.errstate(all="ignore"):
        top = np.abs(distance).max()
        if not 0 < top < np.inf:
            return float(np.log(top))
        return float(power * np.log(top) + np.log(average(np.abs(distance / top) ** power, weight)))


@each_column
def mean(target: Array, weight: Array, **own: float) -> float:
    """Of squared errors, and of deviances, whatever their power."""
    return average(target, weight)


@each_column
def mean_of_log1p(target: Array, weight: Array) -> float:
    """Of squared differences of log(1 + x)."""
    with np.errstate(divide="ignore"):
        return math.expm1(average(np.log1p(target), weight))


@each_column
def probability(target: Array, weight: Array, eps: float) -> float:
    """Of a cross-entropy of probabilities: the mean, or a certainty where `eps` makes it as good."""
    share = average(target, weight)
    return 0.0 if share < eps else 1.0 if 1 - share < eps else share


@each_column
def log_odds(target: Array, weight: Array, pos_weight: float = 1.0, label_smoothing: float = 0.0) -> float:
    """Of a cross-entropy of logits, and of other proper scores."""
    positive = average(target + label_smoothing * (0.5 - target), weight)
    negative = average((1 - target) + label_smoothing * (target - 0.5), weight)
    with np.errstate(divide="ignore"):
        return float(np.log(pos_weight * positive) - np.log(negative))


def zero(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> float:
    """Of a cost that only differences of scores change."""
    return 0.0


def none(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> float:
    """Where one prediction for all samples means nothing."""
    raise ValueError(f"{loss.name} has no best constant: its samples have no prediction in common")


# ---- samples that are rows -------------------------------------------------------------------------------------------


def row_weights(arguments: Arguments) -> Array:
    """A weight for each row, their sum 1."""
    count = math.prod(arguments.samples)
    weight = np.ones(count) if arguments.weight is None else np.ravel(arguments.weight).astype(np.float64)
    return normalised(weight)


def target_rows(arguments: Arguments, class_weight: Array | None = None) -> tuple[Array, Array]:
    """Rows that have a weight, and their weights, which sum to 1."""
    rows = np.asarray(arguments.last(arguments.target), np.float64)
    rows, weight = rows.reshape(-1, rows.shape[-1]), row_weights(arguments)
    rows, weight = rows[weight > 0], weight[weight > 0]
    return rows, weight if class_weight is None else normalised(weight * (rows @ centred(class_weight)))


def mean_row(arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """The weighted mean of the targets, as a row; ids are rows of a 1."""
    classes = arguments.last(arguments.pred).shape[-1]  # type: ignore[union-attr]
    class_weight = hyperparameters.get("class_weight")
    if arguments.ids:
        ids, weight = np.ravel(arguments.target), row_weights(arguments)
        there = (weight > 0) if arguments.ignored is None else (weight > 0) & (ids != arguments.ignored)
        shares: Array = np.bincount(ids[there].astype(np.intp), weight[there], classes)
        return shares if class_weight is None else shares * centred(class_weight)
    rows, weight = target_rows(arguments, class_weight)
    return np.asarray(weight @ rows)


def frequencies(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of probabilities: how frequent each class is."""
    return normalised(mean_row(arguments, hyperparameters))


def log_frequencies(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of logits: the logarithms of that, −∞ for a class that is not there."""
    p, smoothing = normalised(mean_row(arguments, hyperparameters)), hyperparameters.get("label_smoothing", 0.0)
    with np.errstate(divide="ignore"):
        logs: Array = np.log((1 - smoothing) * p + smoothing / len(p))
    return logs


def mean_direction(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of cosines: the unit vector between the targets."""
    vectors = np.asarray(arguments.last(arguments.target), np.float64)
    vectors = vectors.reshape(-1, vectors.shape[-1])
    weight = row_weights(arguments)
    return units(weight[weight > 0] @ units(vectors[weight > 0]))


def units(vectors: Array) -> Array:
    """Vectors over their lengths; those of zeros as they are."""
    largest = np.abs(vectors).max(axis=-1, keepdims=True)
    vectors = vectors / np.where(largest == 0, 1, largest)
    length = np.sqrt((vectors * vectors).sum(axis=-1, keepdims=True))
    return np.asarray(vectors / np.where(length == 0, 1, length))


def mean_and_log_variance(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of a normal distribution."""
    target, weight = samples(arguments)
    m = average(target, weight)
    return np.array([m, log_spread(target - m, weight, 2)])


def descended(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of scores without a formula: Newton's method over one row, from the logarithms of the classes' frequencies.

    A loss that is linear in its target has the same minimum for all samples as for one row of each class.
    """
    p = normalised(mean_row(arguments, hyperparameters))
    present = p > 0
    ids, weight = np.arange(int(present.sum())), p[present]
    numbers = {
        name: hyperparameters[name] for name in loss.parameters if name not in ("axis", "ignore_index", "class_weight")
    }
    rows = (len(weight), len(weight))

    def cost(x: Array) -> tuple[float, Array]:
        value, slopes = loss.value_and_grad(
            np.broadcast_to(x, rows), ids, sample_weight=weight, reduction="sum", **numbers
        )
        return value, slopes.sum(axis=0)

    def bend(x: Array, v: Array) -> Array:
        product = loss.hvp(
            np.broadcast_to(x, rows), ids, np.broadcast_to(v, rows), sample_weight=weight, reduction="sum", **numbers
        )
        return np.asarray(product.sum(axis=0))

    best = np.full(len(p), -np.inf)
    best[present] = newton(cost, bend, np.log(weight))
    return best


def newton(cost: Callable[[Array], tuple[float, Array]], bend: Callable[[Array, Array], Array], x: Array) -> Array:
    """Where a cost is least, from x on: by its gradient, and its Hessian times a vector."""
    value, slope = cost(x)
    for _ in range(STEPS):
        values, vectors = np.linalg.eigh(np.array([bend(x, v) for v in np.eye(len(x))]))
        step = vectors @ ((vectors.T @ slope) / np.maximum(np.abs(values), 1e-8 * np.abs(values).max() + 1e-300))
        while (there := cost(x - step))[0] > value and np.abs(step).max() > 1e-16 * np.abs(x).max():
            step /= 2
        if there[0] >= value:
            break
        x, (value, slope) = x - step, there
    return x
