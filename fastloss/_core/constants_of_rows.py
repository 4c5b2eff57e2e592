"""The best constant predictions of losses of rows, two outputs and two rows, beyond those of constants.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .constants import (
    STEPS,
    Constant,
    average,
    averages,
    descended,
    frequencies,
    log_spread,
    mean_row,
    newton,
    samples,
    target_rows,
)
from .domains import Array
from .locations import middle

if TYPE_CHECKING:
    from .arguments import Arguments
    from .loss import Loss


def median_and_log_scale(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of a Laplace distribution."""
    target, weight = samples(arguments)
    m = middle(target, weight)
    return np.array([m, log_spread(target - m, weight, 1)])


def median_member(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of an ensemble, whose size is not known: its one member."""
    return np.array([middle(*samples(arguments))])


def mean_and_log_deviation(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of the CRPS of a normal distribution, convex in its mean and deviation: by descent from those of the targets."""
    target, weight = samples(arguments)
    m = average(target, weight)
    log_scale = log_spread(target - m, weight, 2) / 2
    scale = np.exp(log_scale)
    if not 0 < scale < np.inf:
        return np.array([m, log_scale])
    target = (target - m) / scale
    shape = (len(target), 2)

    def cost(x: Array) -> tuple[float, Array]:
        value, slopes = loss.value_and_grad(np.broadcast_to(x, shape), target, sample_weight=weight, reduction="sum")
        return value, slopes.sum(axis=0)

    def bend(x: Array, v: Array) -> Array:
        rows = (np.broadcast_to(x, shape), target, np.broadcast_to(v, shape))
        return np.asarray(loss.hvp(*rows, sample_weight=weight, reduction="sum").sum(axis=0))

    mean, change = newton(cost, bend, np.zeros(2))
    return np.array([m + scale * mean, log_scale + change])


def mean_rows(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of squared errors: the mean of the targets, whatever they sum to."""
    if arguments.ids:
        return frequencies(loss, arguments, hyperparameters)
    return averages(*target_rows(arguments, hyperparameters.get("class_weight")))


# ---- of ids: losses of the classes' frequencies ----------------------------------------------------------------------


def generalized(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Σ f·(1 − p^q)/q is least where p^(1 − q) is as f is; for q = 1 where p is 1 of the most frequent class."""
    f, q = frequencies(loss, arguments, hyperparameters), hyperparameters["q"]
    if q == 1:
        return np.where(np.arange(len(f)) == f.argmax(), 0.0, -np.inf)
    with np.errstate(divide="ignore"):
        x = np.log(f) / (1 - q)
    scores: Array = x - x.max()
    return scores


def poly(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Where p = f/(c − εf), with the one c for which these sum to 1: by bisection."""
    f, epsilon = frequencies(loss, arguments, hyperparameters), hyperparameters["epsilon"]
    present = f > 0
    shares = f[present]
    low = max(0.0, float((epsilon * shares).max()))
    high = low + 1 + abs(epsilon)
    for _ in range(STEPS):
        c = (low + high) / 2
        with np.errstate(divide="ignore"):
            low, high = (c, high) if (shares / (c - epsilon * shares)).sum() > 1 else (low, c)
    x = np.full(len(f), -np.inf)
    x[present] = np.log(shares / (high - epsilon * shares))
    return x


def widest(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of the greatest other score: the margin for a class that more than half have, else nothing."""
    f = frequencies(loss, arguments, hyperparameters)
    return np.where(f > 0.5, hyperparameters["margin"], 0.0)


def in_steps(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of the sum over all others: scores fall with the frequency, in steps of a margin."""
    f, margin = frequencies(loss, arguments, hyperparameters), hyperparameters["margin"]
    if hyperparameters["power"] == 2:
        x = descended(loss, arguments, hyperparameters)
        absent = np.isinf(x)
        x[absent] = x[~absent].min() - margin
        return x
    order = np.argsort(-f, kind="stable")
    scores = np.empty(len(f))
    scores[order] = -margin * steps(f[order])
    return scores


def steps(f: Array) -> Array:
    """Levels of falling frequencies: a class costs its frequency once for each that comes after it on its level, and a step all
    frequencies after it once for each class before it. The cheapest levels, by dynamic programming."""
    count = len(f)
    before = np.append(0.0, np.cumsum(f))  # Σ f of the first i
    moments = np.append(0.0, np.cumsum(f * np.arange(count)))
    best, cut = np.zeros(count + 1), np.zeros(count + 1, int)
    for end in range(1, count + 1):
        start = np.arange(end)
        level = (end - 1) * (before[end] - before[start]) - (moments[end] - moments[start])
        cost = best[start] + level + start * (1 - before[start])
        cut[end] = int(cost.argmin())
        best[end] = cost[cut[end]]
    levels, end = np.zeros(count), count
    while end > 0:
        levels[cut[end] :] += cut[end] > 0
        end = cut[end]
    return levels


# ---- of rows of probabilities ----------------------------------------------------------------------------------------


def log_geometric(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of KL(pred || target): logarithms of the geometric means, −∞ where a target is 0 (unless one of each class is)."""
    rows, weight = target_rows(arguments)
    with np.errstate(divide="ignore"):
        logs = weight @ np.log(rows)
    top = logs.max()
    scores: Array = np.zeros_like(logs) if top == -np.inf else logs - top - np.log(np.exp(logs - top).sum())
    return scores


def geometric(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """The means themselves, over their sum."""
    p = np.exp(log_geometric(loss, arguments, hyperparameters))
    return np.asarray(p / p.sum())


def log_between(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """Of Jensen and Shannon's divergence: where its slopes by all classes agree, by Newton's method in the logarithms."""
    rows, weight = target_rows(arguments)
    start = mean_row(arguments, {})
    present = start > 0
    rows = rows[:, present]
    u = np.log(start[present] / start.sum())
    for _ in range(STEPS):
        p = np.exp(u)
        slopes = -weight @ np.log1p((rows - p) / (2 * p)) / 2
        bends = weight @ (rows / (p + rows)) / 2
        # The common slope for which p sums to 1 after a step, which must not be a leap.
        common = (1 - p.sum() + (p * slopes / bends).sum()) / (p / bends).sum()
        step = (common - slopes) / bends
        u = u + np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-15:
            break
    x = np.full(len(start), -np.inf)
    x[present] = u
    return x


def between(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
    """The same as probabilities."""
    p = np.exp(log_between(loss, arguments, hyperparameters))
    return np.asarray(p / p.sum())


# ---- of overlaps -----------------------------------------------------------------------------------------------------


def overlapping(weights: Callable[..., tuple[float, float, float]]) -> Constant:
    """Of Tversky's index, by descent from the best of the sets of most frequent members, and from the mean: there is no formula,
    and there may be several lowest points."""

    def constant(loss: Loss, arguments: Arguments, hyperparameters: dict[str, Any]) -> Array:
        given = {name: value for name, value in hyperparameters.items() if name != "axis"}
        alpha, beta, smooth = weights(**given)
        rows, weight = target_rows(arguments)
        sizes = beta * rows.sum(axis=1) + smooth

        def cost(p: Array) -> tuple[float, Array]:
            overlap = rows @ p
            divisor = overlap * (1 - alpha - beta) + alpha * p.sum() + sizes
            safe = np.where(divisor > 0, divisor, 1)
            quotient = np.where(divisor > 0, (overlap + smooth) / safe, 1)
            factor = np.where(divisor > 0, weight / safe, 0)
            slope = (factor * quotient) @ (rows * (1 - alpha - beta) + alpha) - factor @ rows
            return float(weight @ (1 - quotient)), slope

        mean = averages(rows, weight)
        order = np.argsort(-mean, kind="stable")
        sets = [np.zeros_like(mean)]
        for j in order:
            sets.append(sets[-1].copy())
            sets[-1][j] = 1
        ends = [lowered(cost, start) for start in (min(sets, key=lambda p: cost(p)[0]), mean)]
        return min(ends, key=lambda end: end[0])[1]

    return constant


def lowered(cost: Callable[[Array], tuple[float, Array]], p: Array) -> tuple[float, Array]:
    """Downhill within [0, 1], by steps along the slope that grow while they help; the lowest cost, and where it is."""
    value, slope = cost(p)
    size = 1.0
    for _ in range(20 * STEPS):
        other = np.clip(p - size * slope, 0, 1)
        there = cost(other)
        if there[0] < value:
            p, (value, slope), size = other, there, size * 2
        elif size < 1e-12 or np.array_equal(other, p):
            break
        else:
            size /= 4
    return value, p
