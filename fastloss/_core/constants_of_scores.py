"""The best constant scores, where a score is no mean: of margins, of a sigmoid, of the logarithm of a mean."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from .constants import STEPS, average, each_column, newton, samples
from .domains import Array

if TYPE_CHECKING:
    from .arguments import Arguments
    from .loss import Loss


def log(x: float) -> float:
    """−∞ of 0."""
    with np.errstate(divide="ignore"):
        return float(np.log(x))


def odds(target: Array, weight: Array) -> float:
    """The logarithm of those of a 1."""
    return log(average(target, weight)) - log(average(1 - target, weight))


@each_column
def log_mean(target: Array, weight: Array, **own: float) -> float:
    """Of counts and positive numbers, whatever their distribution."""
    return log(average(target, weight))


@each_column
def majority(target: Array, weight: Array, margin: float) -> float:
    """Of the hinge: the margin on the side of the label of the greater weight, 0 between equal ones."""
    return margin * float(np.sign(average(target, weight)))


@each_column
def share_of_margin(target: Array, weight: Array, margin: float = 1.0) -> float:
    """Of the squared hinge, and what is it between its margins."""
    return margin * average(target, weight)


@each_column
def log_odds_of_signs(target: Array, weight: Array) -> float:
    """Of labels −1 and 1."""
    return odds((1 + target) / 2, weight)


@each_column
def half_log_odds_of_signs(target: Array, weight: Array) -> float:
    """The same of the exponential loss."""
    return odds((1 + target) / 2, weight) / 2


def searched(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> float:
    """Of a loss by a sigmoid that is not convex: the best of a grid, then where the slope changes its sign, by bisection.

    The grid goes beyond the log-odds of targets and weights, which bound where a loss that counts what is right already for less
    has its minimum.
    """
    target, weight = samples(arguments)
    if np.isnan(target).any():
        return math.nan
    target, places = np.unique(target, return_inverse=True)
    weight = np.bincount(places.ravel(), weight)
    own: dict[str, Any] = {name: None if value != value else value for name, value in hyperparameters.items()}

    def at(x: float) -> tuple[float, float]:
        cost, slopes = loss.value_and_grad(
            np.full(target.shape, x), target, sample_weight=weight, reduction="sum", **own
        )
        return cost, float(slopes.sum())

    if own.get("clip") and not target.any():
        return log(own["clip"]) - math.log1p(-own["clip"])  # the largest score that costs nothing
    for x in (math.inf, -math.inf):
        if at(x)[0] == 0:
            return x
    soft = target[(target > 0) & (target < 1)]
    sides = [abs(odds(target, weight)), *np.abs(np.log(soft) - np.log1p(-soft))]
    if own.get("alpha") is not None:
        sides.append(abs(log(own["alpha"]) - log(1 - own["alpha"])))
    reach = 10 + 2 * max(side for side in sides if math.isfinite(side))
    grid = np.linspace(-reach, reach, 2 * math.ceil(2 * reach) + 1)
    best = int(np.argmin([at(x)[0] for x in grid.tolist()]))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, len(grid) - 1)])
    for _ in range(STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (low, middle) if at(middle)[1] > 0 else (middle, high)
    return (low + high) / 2


def between_thresholds(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> float:
    """Of ordered classes: where the slopes of those that are there balance."""
    target, weight = samples(arguments)
    if np.isnan(target).any():
        return math.nan
    classes, places = np.unique(target, return_inverse=True)
    shares, thresholds = np.bincount(places, weight), hyperparameters["thresholds"].thresholds
    if len(classes) == 1 and classes[0] in (0, len(thresholds)):
        return math.copysign(math.inf, classes[0] - 0.5)
    given = {"sample_weight": shares, "reduction": "sum", "thresholds": thresholds}

    def cost(x: Array) -> tuple[float, Array]:
        value, slopes = loss.value_and_grad(np.repeat(x, len(classes)), classes, **given)
        return value, slopes.sum(keepdims=True)

    def bend(x: Array, v: Array) -> Array:
        there = np.repeat(x, len(classes)), classes, np.repeat(v, len(classes))
        return np.asarray(loss.hvp(*there, **given).sum(keepdims=True))

    return float(newton(cost, bend, np.array([float(np.mean(thresholds))]))[0])
