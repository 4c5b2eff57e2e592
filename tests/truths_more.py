"""Losses of rows, pairs and whole batches by their definitions, as truths.py has the others; and Hessians times vectors.

Nothing here is taken from the package, and nothing is a stable form.
"""

from dataclasses import dataclass
from functools import lru_cache

import mpmath as mp
import numpy as np
import truths
import truths_classes
import truths_counts
from truths import KINDS, ONE, ZERO, Kind, Sample, digits, distributions, exact_own, num

# ---- definitions -----------------------------------------------------------------------------------------------------


def log_cosh(p, t, delta=ONE):
    r = (p - t) / delta
    if mp.isinf(r):
        return Sample(mp.inf, [delta * mp.sign(r)], [ZERO])
    curve = mp.sech(r) ** 2  # a rounded r costs it 2r units
    return Sample(delta**2 * mp.log(mp.cosh(r)), [delta * mp.tanh(r)], [curve], hess_sizes=[curve * (1 + abs(r) / 2)])


def rmsle(p, t):
    """The square that is averaged under the root."""
    log = mp.log((1 + p) / (1 + t))
    return Sample(
        log**2, [2 * log / (1 + p)], [2 * (1 - log) / (1 + p) ** 2], 0, (), [2 * (1 + abs(log)) / (1 + p) ** 2]
    )


def gaussian_nll(p, t):
    mean, log_variance = p
    d, precision = mean - t, mp.exp(-log_variance)
    square = d**2 * precision
    return Sample(
        (log_variance + square) / 2,
        [d * precision, (1 - square) / 2],
        [precision, square / 2],
        max(abs(log_variance), square),
        [abs(d * precision), max(ONE, square)],
    )


def softmax_focal(x, t, gamma=2):
    """Σ tₖ f(pₖ), f(p) = −(1 − p)^γ log p, by the chain rule."""
    total = mp.fsum(mp.exp(v) for v in x)
    p = [mp.exp(v) / total for v in x]
    values, first, second = [], [], []
    for q in p:
        rest, log = 1 - q, mp.log(q)
        values.append(-(rest**gamma) * log)
        first.append(gamma * rest ** (gamma - 1) * log - rest**gamma / q)
        second.append(
            -gamma * (gamma - 1) * rest ** (gamma - 2) * log
            + 2 * gamma * rest ** (gamma - 1) / q
            + rest**gamma / q**2
        )  # fmt: skip
    grad, grad_sizes, hess, hess_sizes = [], [], [], []
    for j, q in enumerate(p):
        slopes, bends = [], []
        for k, w in enumerate(t):
            if w:
                own = (j == k) - q
                slopes.append(w * first[k] * p[k] * own)
                bends += [w * second[k] * (p[k] * own) ** 2, w * first[k] * p[k] * own**2]
                bends.append(-w * first[k] * p[k] * q * (1 - q))
        grad.append(mp.fsum(slopes))
        grad_sizes.append(max(map(abs, slopes)))
        hess.append(mp.fsum(bends))
        hess_sizes.append(max(map(abs, bends)))
    value = mp.fsum(w * v for v, w in zip(values, t, strict=True) if w)
    return Sample(value, grad, hess, 0, grad_sizes, hess_sizes)


def cosine_distance(p, t):
    length, other = mp.sqrt(mp.fsum(v**2 for v in p)), mp.sqrt(mp.fsum(v**2 for v in t))
    if not length or not other:
        return Sample(ONE, [ZERO] * len(p), [ZERO] * len(p))
    p, t = [v / length for v in p], [v / other for v in t]
    cosine = mp.fsum(a * b for a, b in zip(p, t, strict=True))
    pairs = list(zip(p, t, strict=True))
    return Sample(
        1 - cosine,
        [(cosine * a - b) / length for a, b in pairs],
        [(cosine * (1 - 3 * a**2) + 2 * a * b) / length**2 for a, b in pairs],
        mp.sqrt(abs(1 - cosine)),  # half a square of differences of units
        [max(abs(cosine * a), abs(b)) / length for a, b in pairs],
        [max(abs(cosine), abs(3 * cosine * a**2), abs(2 * a * b)) / length**2 for a, b in pairs],
    )


def cox(scores, target, ties="breslow", weight=None):
    """The negative logarithm of the partial likelihood of a batch; a negative target is censored at −target.

    Events at one time have the mean of their weights.
    """
    count = len(scores)
    weight = [ONE] * count if weight is None else weight
    e = [w * mp.exp(s) for s, w in zip(scores, weight, strict=True)]
    grad = [[-w] if t > 0 else [ZERO] for t, w in zip(target, weight, strict=True)]
    hess = [[ZERO] for _ in target]
    value = [-w * s for s, t, w in zip(scores, target, weight, strict=True) if t > 0]
    for time in sorted({t for t, w in zip(target, weight, strict=True) if t > 0 and w}):
        risk = [i for i in range(count) if abs(target[i]) >= time]
        dead = [i for i in range(count) if target[i] == time and weight[i]]
        mean = mp.fsum(weight[i] for i in dead) / len(dead)
        for k in range(len(dead)):
            part = mp.mpf(k) / len(dead) if ties == "efron" else ZERO
            share = {i: e[i] * (1 - part * (i in dead)) for i in risk}
            total = mp.fsum(share.values())
            value.append(mean * mp.log(total))
            for i in risk:
                q = share[i] / total
                grad[i].append(mean * q)
                hess[i].append(mean * q * (1 - q))
    return Sample(
        mp.fsum(value),
        [mp.fsum(g) for g in grad],
        [mp.fsum(h) for h in hess],
        mp.fsum(map(abs, value)),
        [mp.fsum(map(abs, g)) for g in grad],
        [mp.fsum(map(abs, g[1:])) for g in grad],  # Σq − Σq²
    )


MORE = {f.__name__: f for f in (log_cosh, rmsle, gaussian_nll, softmax_focal, cosine_distance)}
DEFINITIONS = truths.DEFINITIONS | MORE | truths_counts.DEFINITIONS | truths_classes.DEFINITIONS
ROOTS = {"rmse", "rmsle"}
RMSE = Kind("rmse", "points", "numbers")


# ---- losses and their inputs -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class More(Kind):
    """As Kind, for the losses of this module; "one" is a target for each row."""

    def sample(self, p, t, **own):
        return DEFINITIONS[self.name](*exactly(self, p, t), **exact_own(own))


def exactly(kind, p, t):
    """A sample's numbers in mpmath; a class id as the row that is 1 there."""
    p = num(p) if kind.points else [num(v) for v in p]
    if kind.target == "ids":
        t = np.arange(len(p)) == t
    return p, [num(v) for v in t] if np.ndim(t) else num(t)


LOG_COSH = More("log_cosh", "points", "numbers")
RMSLE = More("rmsle", "points", "counts")
GAUSSIAN = More("gaussian_nll", "one", "pairs")
FOCAL_IDS = More("softmax_focal", "ids", "logits")
FOCAL_ROWS = More("softmax_focal", "rows", "logits")
COSINE = More("cosine_distance", "rows", "vectors")
COUNTS = {name: More(name, "points", family) for name, family in truths_counts.FAMILIES.items()}
CLASSES = [More(*way) for way in truths_classes.WAYS]
NEW = [LOG_COSH, RMSLE, GAUSSIAN, FOCAL_IDS, FOCAL_ROWS, COSINE, *COUNTS.values(), *CLASSES]
EVERY = [*KINDS, *NEW]


def more_batch(kind, n, dtype, seed=0, classes=5):
    """A batch that suits the loss, for the test to change."""
    return tuple(x.copy() for x in drawn(kind, n, dtype, seed, classes))


@lru_cache(maxsize=256)
def drawn(kind, n, dtype, seed, classes):
    if kind in KINDS:
        return truths.batch(kind, n, classes, dtype, seed)
    rng = np.random.default_rng(seed)
    if kind in CLASSES:
        return truths_classes.draw(kind, rng, n, classes, dtype)
    normal = rng.standard_normal
    if kind.name in COUNTS:
        return truths_counts.drawn(kind.name, n, dtype, rng)
    if kind.points:
        target = normal(n) * 3
        pred = target + normal(n) * np.exp(rng.uniform(-6, 3, n))
        if kind == RMSLE:
            pred, target = np.expm1(normal(n) * 3), np.expm1(normal(n) * 3)
        return pred.astype(dtype), target.astype(dtype)
    if kind == GAUSSIAN:
        return (normal((n, 2)) * 2).astype(dtype), (normal(n) * 2).astype(dtype)
    pred = (normal((n, classes)) * 3).astype(dtype)
    if kind == FOCAL_IDS:
        return pred, rng.integers(0, classes, n)
    target = distributions(rng, (n, classes)) if kind == FOCAL_ROWS else normal((n, classes))
    return pred, target.astype(dtype)


def of_batch(kind, samples, weight, reduction):
    """The truth of a batch under a reduction."""
    return truths.whole(RMSE if kind.name in ROOTS else kind, samples, weight, reduction)


# ---- derivatives by differences --------------------------------------------------------------------------------------

STEP = mp.mpf(10) ** -25


def along(function, x, direction):
    """The derivative of a function of a list, with as many results as it has."""
    up, down = (function([v + sign * STEP * d for v, d in zip(x, direction, strict=True)]) for sign in (1, -1))
    return [(a - b) / (2 * STEP) for a, b in zip(up, down, strict=True)]


def cost_slopes(kind, samples, factors):
    """The gradient of Σ factor·loss, or of its root."""
    slopes = [f * g for s, f in zip(samples, factors, strict=True) for g in s.grad]
    if kind.name in ROOTS:
        root = mp.sqrt(mp.fsum(f * s.value for s, f in zip(samples, factors, strict=True)))
        return [g / (2 * root) for g in slopes]
    return slopes


def hessian_times(kind, pred, target, vector, factors, **own):
    """The Hessian of Σ factor·loss times a vector, shaped like pred, in float64."""
    pairs = [exactly(kind, p, t) for p, t in zip(pred, target, strict=True)]
    own = exact_own(truths.OWN.get(kind.name, {}) | own)
    flat = [v for p, _ in pairs for v in (p if isinstance(p, list) else [p])]
    width = len(flat) // len(pairs)

    def slopes(x):
        rows = [x[i] if kind.points else x[i * width : (i + 1) * width] for i in range(len(pairs))]
        samples = [DEFINITIONS[kind.name](p, t, **own) for p, (_, t) in zip(rows, pairs, strict=True)]
        return cost_slopes(kind, samples, factors)

    with digits(100):
        result = along(slopes, flat, [num(v) for v in np.ravel(vector)])
    return np.array([float(v) for v in result]).reshape(np.shape(pred))
