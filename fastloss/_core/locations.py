"""The best constant predictions of losses of a number against a number: quantiles, expectiles, robust locations."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from .constants import Constant, average, each_column, normalised
from .domains import Array

STEPS = 200
TARGETS = 1024  # are searched; of more, so many of their quantiles stand for all
INTERVALS = 1 << 15  # are looked at, then the best so far will do
STARTS = 32  # are followed down
NEAR = 1 / 64  # of delta, from where on Newton's method goes to the same minimum
CONCAVE = 0.8  # no robust loss here has a second derivative below -0.8, which is Tukey's at u = 0.6
FAR = 1e150  # times delta: the square of that is in range
BLOCK = 1 << 20  # numbers

# ---- by sorting ------------------------------------------------------------------------------------------------------


def at_share(target: Array, weight: Array, share: float) -> float:
    """Where this share of the weights is below, halfway if that is a whole interval."""
    if np.isnan(target).any():
        return math.nan
    order = np.argsort(target, kind="stable")
    target, below = target[order], np.cumsum(weight[order])
    wanted = below[-1] * share
    first = min(int(np.searchsorted(below, wanted * (1 - 1e-15))), len(target) - 1)
    at_end = abs(below[first] - wanted) <= 1e-15 * wanted and first + 1 < len(target)
    return float(target[first] / 2 + target[first + 1] / 2 if at_end else target[first])


def middle(target: Array, weight: Array) -> float:
    """Where the weights on both sides are equal."""
    return at_share(target, weight, 0.5)


median = each_column(middle)  # of absolute errors


@each_column
def quantile(target: Array, weight: Array, alpha: float) -> float:
    """Of errors that count alpha below and 1 - alpha above."""
    return at_share(target, weight, alpha)


@each_column
def expectile(target: Array, weight: Array, alpha: float) -> float:
    """Of squared errors that count alpha below and 1 - alpha above: the mean with these weights, beside the right targets."""
    if not np.isfinite(target).all():
        return average(target, weight)
    order = np.argsort(target, kind="stable")
    target, weight = target[order], weight[order]
    origin = float(target[len(target) // 2])  # the sums keep the digits of differences
    x = target - origin
    below, sums = np.cumsum(weight), np.cumsum(weight * x)
    means = ((1 - alpha) * sums + alpha * (sums[-1] - sums)) / ((1 - alpha) * below + alpha * (below[-1] - below))
    fits = means[:-1] <= x[1:]
    return float(means[np.argmax(fits) if fits.any() else -1] + origin)


@each_column
def epsilon_insensitive(target: Array, weight: Array, epsilon: float) -> float:
    """The median of where tubes begin and end: there the slope changes by a weight."""
    return middle(np.concatenate([target - epsilon, target + epsilon]), np.concatenate([weight, weight]))


@each_column
def mape(target: Array, weight: Array, eps: float) -> float:
    """The median, with weights over the sizes; a target of size 0 allows no other prediction."""
    size = np.maximum(np.abs(target), eps)
    least = size.min(initial=math.inf)
    return middle(target, normalised(weight * (least / size))) if least > 0 else 0.0


@each_column
def smape(target: Array, weight: Array) -> float:
    """One of the targets: by the logarithm of the prediction, the loss is tanh(|d|/2), concave on both sides of its target."""
    if not np.isfinite(target).all():
        return math.nan
    target, weight = thinned(target, weight)

    def costs(c: Array) -> Array:
        size = np.abs(c)[:, None] / 2 + np.abs(target) / 2
        shares = np.abs(c[:, None] / 2 - target / 2) / np.where(size == 0, 1, size)
        total: Array = shares @ weight
        return total

    return float(target[np.argmin(blockwise(costs, target, len(target)))])


# ---- by descent: convex losses ---------------------------------------------------------------------------------------

Slope = Callable[..., tuple[Array, Array]]


def robust(slope: Slope) -> Constant:
    """Where the slopes of a convex loss balance."""

    @each_column
    def constant(target: Array, weight: Array, **own: float) -> float:
        return balanced(slope, target, weight, **own)

    return constant


def balanced(slope: Slope, target: Array, weight: Array, **own: float) -> float:
    """From the median on, between the smallest and the largest target."""
    low, high = float(target.min()), float(target.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return math.nan if math.isnan(low) else average(target, weight)
    return descended(slope, target, weight, middle(target, weight), low, high, **own)


def descended(slope: Slope, target: Array, weight: Array, c: float, low: float, high: float, **own: float) -> float:
    """Newton's method, kept between bounds by bisection: the slope is not positive at `low` and not negative at `high`."""
    for _ in range(STEPS):
        with np.errstate(all="ignore"):
            slopes, bends = slope(c - target, **own)
        g, h = float((weight * slopes).sum()), float((weight * bends).sum())
        if g == 0:
            break
        low, high = (low, c) if g > 0 else (c, high)
        step = c - g / h if h > 0 else math.nan
        following = step if low < step < high else low / 2 + high / 2
        if following in (c, low, high) and abs(following - c) <= 4 * math.ulp(c):
            return following
        c = following
    return c


def tube(d: Array, epsilon: float) -> tuple[Array, Array]:
    """Slope and curvature of max(0, |d| - epsilon)^2 / 2."""
    outside = np.maximum(np.abs(d) - epsilon, 0)
    return np.copysign(outside, d), (outside > 0).astype(float)


huber = robust(lambda d, delta: (np.clip(d, -delta, delta), (np.abs(d) <= delta).astype(float)))
pseudo_huber = robust(lambda d, delta: (d / np.hypot(1, d / delta), np.hypot(1, d / delta) ** -3.0))
log_cosh = robust(lambda d, delta: (delta * np.tanh(d / delta), 1 - np.tanh(d / delta) ** 2))
fair = robust(lambda d, delta: (d / (1 + np.abs(d / delta)), (1 + np.abs(d / delta)) ** -2.0))
squared_epsilon_insensitive = robust(tube)


# ---- by search: losses that are not convex -----------------------------------------------------------------------------

Shape = Callable[[Array], tuple[Array, Array, Array]]  # loss, slope and curvature of differences in units of delta


def searched(shape: Shape, target: Array, weight: Array, delta: float) -> float:
    """The deepest of the minima, by branch and bound over the intervals between targets, and Newton's method from there.

    A loss that grows with |d| is, in an interval, at least what it is at the interval's nearest point; and a cost whose
    curvature is at least -CONCAVE lies above the parabola of that curvature at the middle. Intervals that one of the two
    shows to be above the best cost so far are left out.
    """
    if not np.isfinite(target).all():
        return math.nan if np.isnan(target).any() else average(target, weight)
    origin = middle(target, weight)
    with np.errstate(all="ignore"):
        x = np.clip((target - origin) / delta, -FAR, FAR)
        starts = np.append(branched(shape, *thinned(x, weight)), 0.0)
        found = np.array([downhill(shape, x, weight, float(c)) for c in starts])
        costs = blockwise(lambda c: shape(c[:, None] - x)[0] @ weight, found, len(x))
    return float(origin + delta * found[np.argmin(costs)])


def branched(shape: Shape, x: Array, weight: Array) -> Array:
    """A point of each group of small intervals that may hold the least cost."""
    edges = np.unique(x)
    intervals = np.stack([edges[:-1], edges[1:]], axis=1)
    best, looked_at, small = math.inf, 0, []

    def bounds(intervals: Array) -> Array:
        """The cost in the middle, and a number that it is nowhere below."""
        point, half = intervals.mean(axis=1), np.diff(intervals)[:, 0] / 2
        d = point[:, None] - x
        value, slope, _ = shape(d)
        cost = value @ weight
        curved = cost - np.abs(slope @ weight) * half - CONCAVE / 2 * half**2
        nearest, _, _ = shape(np.maximum(np.abs(d) - half[:, None], 0))
        return np.stack([cost, np.maximum(curved, nearest @ weight)], axis=1)

    while len(intervals) and looked_at < INTERVALS:
        looked_at += len(intervals)
        cost, least = blockwise(bounds, intervals, len(x)).T
        best = min(best, float(cost.min()))
        done = np.diff(intervals)[:, 0] <= 2 * NEAR
        small.append(np.column_stack([intervals, cost, least])[done])
        intervals = intervals[~done & (least <= best)]
        middles = intervals.mean(axis=1)
        intervals = np.stack([intervals[:, 0], middles, middles, intervals[:, 1]], axis=1).reshape(-1, 2)
    found = np.concatenate([np.empty((0, 4)), *small])
    found = found[found[:, 3] <= best]
    found = found[np.argsort(found[:, 0])]
    apart = np.flatnonzero(found[1:, 0] > found[:-1, 1]) + 1
    groups = [group[np.argmin(group[:, 2])] for group in np.split(found, apart) if len(group)]
    return np.array([(low + high) / 2 for low, high, _, _ in sorted(groups, key=lambda row: row[2])[:STARTS]])


def downhill(shape: Shape, x: Array, weight: Array, c: float) -> float:
    """The minimum that a point is near."""

    def slope(d: Array) -> tuple[Array, Array]:
        return shape(d)[1:]

    lowest, highest = float(x.min()), float(x.max())
    side = float(np.sign(slope(c - x)[0] @ weight))
    step, end = NEAR, c - side * NEAR
    while lowest < end < highest and side * float(slope(end - x)[0] @ weight) > 0:
        step *= 2
        end = c - side * step
    end = min(max(end, lowest), highest)
    return descended(slope, x, weight, c, min(c, end), max(c, end))


def blockwise(function: Callable[[Array], Array], rows: Array, width: int) -> Array:
    """A function of rows, so many at a time that with as many targets they stay in a cache."""
    count = max(1, BLOCK // max(width, 1))
    return np.concatenate([function(rows[i : i + count]) for i in range(0, len(rows), count)])


def thinned(target: Array, weight: Array) -> tuple[Array, Array]:
    """Targets and weights, or, of more than are searched, quantiles of them."""
    if len(target) <= TARGETS:
        return target, weight
    order = np.argsort(target, kind="stable")
    below = np.cumsum(weight[order])
    places = np.searchsorted(below, below[-1] * (np.arange(TARGETS) + 0.5) / TARGETS)
    return target[order][np.minimum(places, len(target) - 1)], np.full(TARGETS, 1 / TARGETS)


def redescending(shape: Shape) -> Constant:
    """The best constant of a loss that is not convex."""

    @each_column
    def constant(target: Array, weight: Array, delta: float) -> float:
        return searched(shape, target, weight, delta)

    return constant


def of_cauchy(x: Array) -> tuple[Array, Array, Array]:
    """log(1 + u)/2, with u = x²."""
    u = x * x
    return np.log1p(u) / 2, x / (1 + u), (1 - u) / (1 + u) ** 2


def of_tukey(x: Array) -> tuple[Array, Array, Array]:
    """(1 - (1 - u)³)/6, constant from 1 on."""
    rest = 1 - np.minimum(x * x, 1)
    return (1 - rest**3) / 6, x * rest**2, rest * (5 * rest - 4)


def of_welsch(x: Array) -> tuple[Array, Array, Array]:
    """(1 - exp(-u))/2."""
    u = x * x
    share = np.exp(-u)
    return -np.expm1(-u) / 2, x * share, (1 - 2 * u) * share


def of_geman(x: Array) -> tuple[Array, Array, Array]:
    """u/(1 + u)/2."""
    u = x * x
    return u / (1 + u) / 2, x / (1 + u) ** 2, (1 - 3 * u) / (1 + u) ** 3


def of_barron(alpha: float) -> Shape:
    """b/alpha·((1 + z)^(alpha/2) - 1), with b = |alpha - 2| and z = u/b."""
    b = abs(alpha - 2) or 1e-300

    def shape(x: Array) -> tuple[Array, Array, Array]:
        z = x / b * x
        logs = np.log1p(z)
        weight = np.exp((alpha - 2) / 2 * logs)
        value = b / 2 * logs if alpha == 0 else b / alpha * np.expm1(alpha / 2 * logs)
        return value, x * weight, weight * ((1 + (alpha - 1) * z) / (1 + z))

    return shape


cauchy, tukey_biweight, welsch, geman_mcclure = map(redescending, (of_cauchy, of_tukey, of_welsch, of_geman))


@each_column
def barron(target: Array, weight: Array, alpha: float, delta: float) -> float:
    """Convex from alpha = 1 on."""
    if alpha == 2:
        return average(target, weight)
    shape = of_barron(alpha)
    if alpha < 1:
        return searched(shape, target, weight, delta)

    def slope(d: Array) -> tuple[Array, Array]:
        _, slopes, bends = shape(d / delta)
        return delta * slopes, bends

    return balanced(slope, target, weight)
