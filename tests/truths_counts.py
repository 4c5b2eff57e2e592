"""Losses of counts and positive targets, of margins, and scores, by their definitions; and inputs that suit them.

Nothing here is taken from the package, and nothing is a stable form. A second derivative is by the rules of calculus from the
first.
"""

import math

import mpmath as mp
import numpy as np
from truths import ONE, ZERO, Sample, chop, inf

e, ln = math.e, math.log
HALF, TWO, CLIP = ONE / 2, ONE * 2, mp.mpf(0.05)

# ---- counts and positive targets -------------------------------------------------------------------------------------


def poisson_nll(x, t):
    mean, linear = mp.exp(x), t * x
    return Sample(mean - linear, [mean - t], [mean], max(mean, abs(linear)), [max(mean, t)])


def poisson_deviance(p, t):
    terms = [t * mp.log(t / p) if t else ZERO, -t, p]
    value = chop(2 * mp.fsum(terms), max(map(abs, terms)))
    return Sample(value, [2 * (1 - t / p)], [2 * t / p**2])


def gamma_nll(x, t):
    ratio = t * mp.exp(-x)
    return Sample(x + ratio, [1 - ratio], [ratio], max(abs(x), ratio), [max(ONE, ratio)])


def gamma_deviance(p, t):
    terms = [mp.log(p / t), t / p, -ONE]
    value = chop(2 * mp.fsum(terms), max(map(abs, terms)))
    return Sample(value, [2 * (p - t) / p**2], [2 * (2 * t - p) / p**3], 0, (), [2 * max(2 * t, p) / p**3])


def tweedie_nll(x, t, power=3 * HALF):
    a, b = 2 - power, power - 1
    mean, ratio = mp.exp(a * x), t * mp.exp(-b * x)
    return Sample(mean / a + ratio / b, [mean - ratio], [a * mean + b * ratio], 0, [max(mean, ratio)])


def tweedie_deviance(p, t, power=3 * HALF):
    if power in (1, 2):
        here = (poisson_deviance if power == 1 else gamma_deviance)(p, t)
        return Sample(here.value, here.grad, here.hess, 0, (), [2 * max((power - 1) * p, power * t) / p ** (power + 1)])
    a, b = 2 - power, 1 - power
    terms = [t**a / (a * b), -t * p**b / b, p**a / a]
    value = chop(2 * mp.fsum(terms), max(map(abs, terms)))
    hess = 2 * (b * p + power * t) / p ** (power + 1)
    return Sample(value, [2 * (p - t) / p**power], [hess], 0, (), [2 * max(-b * p, power * t) / p ** (power + 1)])


def negative_binomial_nll(x, t, alpha=ONE):
    mean = mp.exp(x)
    variance = 1 + alpha * mean
    log = mp.log(variance)
    return Sample(
        (t + 1 / alpha) * log - t * x,
        [(mean - t) / variance],
        [mean * (1 + alpha * t) / variance**2],
        max(log / alpha, t * abs(log - x), t * abs(mp.log(alpha))),
        [max(mean, t) / variance],
    )


# ---- margins ---------------------------------------------------------------------------------------------------------


def perceptron(s, t):
    return Sample(max(ZERO, -t * s), [-t if t * s < 0 else ZERO], [ZERO])


def logistic(s, t):
    odds = mp.exp(-t * s)
    return Sample(mp.log(1 + odds), [-t * odds / (1 + odds)], [odds / (1 + odds) ** 2])


def exponential(s, t):
    loss = mp.exp(-t * s)
    return Sample(loss, [-t * loss], [loss])


def modified_huber(s, t):
    m = t * s
    if m < -1:
        return Sample(-4 * m, [-4 * t], [ZERO])
    lack = max(ZERO, 1 - m)
    return Sample(lack**2, [-2 * t * lack], [mp.mpf(2 * (m < 1))])


# ---- scores ----------------------------------------------------------------------------------------------------------


def sigmoids(x):
    return 1 / (1 + mp.exp(-x)), 1 / (1 + mp.exp(x))


def sigmoid_focal(x, t, gamma=TWO, alpha=None):
    """w·Q^γ·C by the product rule."""
    p, q = sigmoids(x)
    w = ONE if alpha is None else alpha * t + (1 - alpha) * (1 - t)
    wrong, entropy = t * q + (1 - t) * p, -(t * mp.log(p) if t else ZERO) - ((1 - t) * mp.log(q) if t != 1 else ZERO)
    turn, bend = (1 - 2 * t) * p * q, (1 - 2 * t) * p * q * (q - p)  # the derivatives of Q
    slopes = [gamma * wrong ** (gamma - 1) * turn * entropy, wrong**gamma * (p - t)]
    curves = [
        gamma * (gamma - 1) * wrong ** (gamma - 2) * turn**2 * entropy,
        gamma * wrong ** (gamma - 1) * bend * entropy,
        2 * gamma * wrong ** (gamma - 1) * turn * (p - t),
        wrong**gamma * p * q,
    ]
    slope_size = max(abs(slopes[0]), 0 if t in (0, 1) else wrong**gamma * max(p, t))
    return Sample(
        w * wrong**gamma * entropy,
        [w * mp.fsum(slopes)],
        [w * mp.fsum(curves)],
        0,
        [w * slope_size],
        [w * max(map(abs, curves))],
    )


def sigmoid_brier(x, t):
    p, q = sigmoids(x)
    error = -q if t == 1 else p - t
    size = abs(error) if t in (0, 1) else max(p, t)
    return Sample(
        error**2,
        [2 * error * p * q],
        [2 * p * q * (p * q + error * (q - p))],
        abs(error) * size,
        [2 * size * p * q],
        [2 * p * q * max(p * q, size * abs(q - p))],
    )


def sigmoid_asymmetric(x, t, gamma_pos=ONE, gamma_neg=TWO * TWO, clip=CLIP):
    if t == 1:
        return sigmoid_focal(x, t, gamma_pos)
    if not clip:
        return sigmoid_focal(x, t, gamma_neg)
    p, q = sigmoids(x)
    v, gamma = p - clip, gamma_neg
    if v <= 0:
        return Sample(ZERO, [ZERO], [ZERO])
    log = mp.log(1 - v)
    slope = v**gamma / (1 - v) - gamma * v ** (gamma - 1) * log
    curve = (
        v**gamma / (1 - v) ** 2 + 2 * gamma * v ** (gamma - 1) / (1 - v) - gamma * (gamma - 1) * v ** (gamma - 2) * log
    )
    lost = 1 + (1 + gamma) * clip / v  # a rounded p, less clip
    value, curves = -(v**gamma) * log, [curve * (p * q) ** 2, slope * p * q * (q - p)]
    return Sample(
        value,
        [slope * p * q],
        [mp.fsum(curves)],
        value * lost,
        [slope * p * q * lost],
        [max(map(abs, curves)) * lost],
    )


DEFINITIONS = {
    f.__name__: f
    for f in (
        poisson_nll, poisson_deviance, gamma_nll, gamma_deviance, tweedie_nll, tweedie_deviance, negative_binomial_nll,
        perceptron, logistic, exponential, modified_huber, sigmoid_focal, sigmoid_brier, sigmoid_asymmetric,
    )
}  # fmt: skip

# ---- inputs ----------------------------------------------------------------------------------------------------------

FAMILIES = {
    "poisson_nll": "log-means of counts",
    "poisson_deviance": "means of counts",
    "gamma_nll": "log-means",
    "gamma_deviance": "means",
    "tweedie_nll": "log-means of counts",
    "tweedie_deviance": "means of counts",
    "negative_binomial_nll": "log-means of counts",
    "perceptron": "signs",
    "logistic": "signs",
    "exponential": "signs",
    "modified_huber": "signs",
    "sigmoid_focal": "logits",
    "sigmoid_brier": "logits",
    "sigmoid_asymmetric": "logits of labels",
}
VARIANTS = {
    "tweedie_nll": [{"power": p} for p in (1.2, 1.875)],
    "tweedie_deviance": [{"power": p} for p in (1.0, 1.2, 1.875)],
    "negative_binomial_nll": [{"alpha": a} for a in (1e-3, 0.25, 30.0)],
    "sigmoid_focal": [{"gamma": g} for g in (0.0, 0.5, 1.0, 5.0)] + [{"alpha": 0.25}, {"gamma": 0.0, "alpha": 0.9}],
    "sigmoid_asymmetric": [{"gamma_pos": 0.0, "gamma_neg": 0.0}, {"gamma_neg": 0.5, "clip": 0.25}, {"clip": 0.0}],
}
OWN = {name: set().union(*variants) for name, variants in VARIANTS.items()}
BOUNDED = {"gamma_deviance", "tweedie_deviance", "logistic", "modified_huber", "sigmoid_focal", "sigmoid_brier"}
UNITS = dict.fromkeys(FAMILIES, 8) | {"poisson_deviance": 16, "gamma_deviance": 16, "tweedie_deviance": 24}


def units(name, pred, own):
    """What may be lost: exponents cost as many units as they are large."""
    size = float(np.abs(pred).max())
    if name == "tweedie_nll":
        return UNITS[name] + size
    if name == "tweedie_deviance":
        return UNITS[name] + 2 * abs(float(np.log(pred[pred > 0]).max()))
    if name in ("sigmoid_focal", "sigmoid_asymmetric"):
        return UNITS[name] + (1 + size) * max(own.get("gamma", 2), own.get("gamma_pos", 1), own.get("gamma_neg", 4))
    return UNITS[name]


def drawn(name, n, dtype, rng):
    """A batch that suits the loss: some means near their targets, some targets 0 or soft."""
    normal, family = rng.standard_normal, FAMILIES[name]
    if family == "signs":
        pred, target = normal(n) * 3, rng.choice([-1.0, 1.0], n)
    elif family.startswith("logits"):
        pred, target = normal(n) * 3, rng.integers(0, 2, n).astype(float)
        if family == "logits":
            target = np.where(rng.random(n) < 0.4, rng.random(n), target)
    else:
        target = np.exp(normal(n) * 2)
        pred = np.where(rng.random(n) < 0.4, target * (1 + 1e-3 * normal(n)), np.exp(normal(n) * 2))
        if family.startswith("log"):
            pred = np.log(pred)
        if family.endswith("counts"):
            target = np.where(rng.random(n) < 0.25, 0, np.where(rng.random(n) < 0.5, np.ceil(target), target))
    return pred.astype(dtype), target.astype(dtype)


# ---- by hand ---------------------------------------------------------------------------------------------------------

HAND = [  # loss, sample, parameters, its value, gradient and curvature
    ("poisson_nll", (0, 3), {}, 1, -2, 1),
    ("poisson_nll", (ln(3), 3), {}, 3 - 3 * ln(3), 0, 3),
    ("poisson_deviance", (1, e), {}, 2, 2 - 2 * e, 2 * e),
    ("poisson_deviance", (1, 0), {}, 2, 2, 0),
    ("gamma_nll", (0, 2), {}, 2, -1, 2),
    ("gamma_nll", (ln(2), 2), {}, 1 + ln(2), 0, 1),
    ("gamma_deviance", (1, 2), {}, 2 - 2 * ln(2), -2, 6),
    ("gamma_deviance", (2, 1), {}, 2 * ln(2) - 1, 0.5, 0),
    ("tweedie_nll", (0, 0), {}, 2, 1, 0.5),
    ("tweedie_nll", (ln(4), 4), {}, 8, 0, 2),
    ("tweedie_deviance", (4, 1), {}, 2, 0.75, -0.03125),
    ("tweedie_deviance", (1, 0), {}, 4, 2, -1),
    ("tweedie_deviance", (1, 2), {"power": 3}, 0.5, -2, 8),
    ("tweedie_deviance", (1, 2), {"power": 2}, 2 - 2 * ln(2), -2, 6),
    ("tweedie_deviance", (1, e), {"power": 1}, 2, 2 - 2 * e, 2 * e),
    ("negative_binomial_nll", (0, 0), {}, ln(2), 0.5, 0.25),
    ("negative_binomial_nll", (0, 1), {}, 2 * ln(2), 0, 0.5),
    ("negative_binomial_nll", (0, 0), {"alpha": 3}, ln(4) / 3, 0.25, 0.0625),
    ("perceptron", (-2, 1), {}, 2, -1, 0),
    ("perceptron", (2, 1), {}, 0, 0, 0),
    ("logistic", (0, 1), {}, ln(2), -0.5, 0.25),
    ("logistic", (0, -1), {}, ln(2), 0.5, 0.25),
    ("logistic", (-1000, 1), {}, 1000, -1, 0),
    ("exponential", (ln(2), 1), {}, 0.5, -0.5, 0.5),
    ("exponential", (ln(2), -1), {}, 2, 2, 2),
    ("modified_huber", (0.5, 1), {}, 0.25, -1, 2),
    ("modified_huber", (3, -1), {}, 12, 4, 0),
    ("sigmoid_focal", (0, 1), {}, ln(2) / 4, -0.2982868, 0.3991434),
    ("sigmoid_focal", (-ln(3), 0), {}, ln(4 / 3) / 16, 0.04259519, 0.09230649),
    ("sigmoid_focal", (0, 1), {"alpha": 0.25}, ln(2) / 16, -0.0745717, 0.09978585),
    ("sigmoid_focal", (0, 0.5), {"gamma": 2}, ln(2) / 4, 0, 0.0625),
    ("sigmoid_brier", (0, 1), {}, 0.25, -0.25, 0.125),
    ("sigmoid_brier", (ln(3), 0), {}, 0.5625, 0.28125, -0.0703125),
    ("sigmoid_asymmetric", (0, 0), {}, 0.45**4 * ln(1 / 0.55), 0.0731171, 0.18210977),
    ("sigmoid_asymmetric", (0, 1), {}, ln(2) / 2, -0.4232868, 0.375),
    ("sigmoid_asymmetric", (0, 0), {"gamma_neg": 2, "clip": 0}, ln(2) / 4, 0.2982868, 0.3991434),
]
EDGES = [  # the same where no definition is evaluated
    ("poisson_nll", inf, 3, {}, inf, inf, inf),
    ("poisson_nll", inf, 0, {}, inf, inf, inf),
    ("poisson_nll", -inf, 3, {}, inf, -3, 0),
    ("poisson_nll", -inf, 0, {}, 0, 0, 0),
    ("poisson_deviance", 0, 3, {}, inf, -inf, inf),
    ("poisson_deviance", -0.0, 3, {}, inf, -inf, inf),
    ("poisson_deviance", 0, 0, {}, 0, 2, 0),
    ("poisson_deviance", -0.0, 0, {}, 0, 2, 0),
    ("poisson_deviance", inf, 3, {}, inf, 2, 0),
    ("poisson_deviance", inf, 0, {}, inf, 2, 0),
    ("poisson_deviance", 3, inf, {}, inf, -inf, inf),
    ("poisson_deviance", 3, 3, {}, 0, 0, 2 / 3),
    ("gamma_nll", -inf, 3, {}, inf, -inf, inf),
    ("gamma_nll", inf, 3, {}, inf, 1, 0),
    ("gamma_deviance", 0, 3, {}, inf, -inf, inf),
    ("gamma_deviance", -0.0, 3, {}, inf, -inf, inf),
    ("gamma_deviance", inf, 3, {}, inf, 0, 0),
    ("gamma_deviance", 3, inf, {}, inf, -inf, inf),
    ("gamma_deviance", 2, 2, {}, 0, 0, 0.5),
    ("tweedie_nll", inf, 3, {}, inf, inf, inf),
    ("tweedie_nll", inf, 0, {}, inf, inf, inf),
    ("tweedie_nll", -inf, 3, {}, inf, -inf, inf),
    ("tweedie_nll", -inf, 0, {}, 0, 0, 0),
    ("tweedie_deviance", 0, 0, {}, 0, inf, -inf),
    ("tweedie_deviance", -0.0, -0.0, {}, 0, inf, -inf),
    ("tweedie_deviance", 0, 0, {"power": 1}, 0, 2, 0),
    ("tweedie_deviance", inf, 0, {}, inf, 0, 0),
    *(("tweedie_deviance", inf, 3, {"power": p}, inf, 0, 0) for p in (1.2, 1.5)),
    ("tweedie_deviance", inf, 3, {"power": 1}, inf, 2, 0),
    ("tweedie_deviance", inf, 3, {"power": 2}, inf, 0, 0),
    ("tweedie_deviance", inf, 3, {"power": 3}, 1 / 3, 0, 0),
    *(("tweedie_deviance", 0, 3, {"power": p}, inf, -inf, inf) for p in (1, 1.5, 2, 3)),
    *(("tweedie_deviance", 3, inf, {"power": p}, inf, -inf, inf) for p in (1, 1.5, 2, 3)),
    *(("tweedie_deviance", 4, 4, {"power": p}, 0, 0, 2 / 4**p) for p in (1, 1.5, 2, 3)),
    ("negative_binomial_nll", inf, 3, {}, inf, 1, 0),
    ("negative_binomial_nll", inf, 0, {"alpha": 0.25}, inf, 4, 0),
    ("negative_binomial_nll", -inf, 3, {}, inf, -3, 0),
    ("negative_binomial_nll", -inf, 0, {}, 0, 0, 0),
    ("perceptron", 0, 1, {}, 0, 0, 0),
    ("perceptron", inf, 1, {}, 0, 0, 0),
    ("perceptron", inf, -1, {}, inf, 1, 0),
    ("logistic", inf, 1, {}, 0, 0, 0),
    ("logistic", inf, -1, {}, inf, 1, 0),
    ("exponential", inf, 1, {}, 0, 0, 0),
    ("exponential", -inf, 1, {}, inf, -inf, inf),
    ("exponential", inf, -1, {}, inf, inf, inf),
    ("modified_huber", inf, 1, {}, 0, 0, 0),
    ("modified_huber", 1, 1, {}, 0, 0, 0),
    ("modified_huber", -1, 1, {}, 4, -4, 2),
    ("modified_huber", inf, -1, {}, inf, 4, 0),
    *(("sigmoid_focal", inf, 1, {"gamma": g}, 0, 0, 0) for g in (0, 0.5, 1, 2, 5)),
    *(("sigmoid_focal", -inf, 1, {"gamma": g}, inf, -1, 0) for g in (0, 0.5, 1, 2, 5)),
    ("sigmoid_focal", inf, 0, {"alpha": 0.25}, inf, 0.75, 0),
    ("sigmoid_focal", inf, 0, {"alpha": 1}, 0, 0, 0),
    ("sigmoid_focal", inf, 0.25, {}, inf, 0.75**3, 0),
    ("sigmoid_focal", 1e4, 1, {}, 0, 0, 0),
    ("sigmoid_focal", -1e4, 1, {}, 1e4, -1, 0),
    ("sigmoid_brier", inf, 0.25, {}, 0.5625, 0, 0),
    ("sigmoid_brier", inf, 1, {}, 0, 0, 0),
    ("sigmoid_brier", -inf, 1, {}, 1, 0, 0),
    ("sigmoid_asymmetric", inf, 0, {}, 0.95**4 * ln(20), 0, 0),
    ("sigmoid_asymmetric", inf, 0, {"clip": 0}, inf, 1, 0),
    ("sigmoid_asymmetric", -3, 0, {}, 0, 0, 0),
    ("sigmoid_asymmetric", -inf, 0, {"gamma_neg": 0}, 0, 0, 0),
    ("sigmoid_asymmetric", inf, 1, {}, 0, 0, 0),
    ("sigmoid_asymmetric", -inf, 1, {}, inf, -1, 0),
]
FLAT = {
    ("poisson_nll", "target"),
    ("perceptron", "pred"),
    ("perceptron", "target"),
}  # curvatures that NaN leaves as they are

# ---- what is refused -------------------------------------------------------------------------------------------------

WRONG = [  # loss, parameter, values, what it must satisfy
    ("tweedie_nll", "power", (1.0, 2.0, inf), "1 < power < 2"),
    ("tweedie_deviance", "power", (0.0, 0.999, inf), "1 <= power < inf"),
    ("negative_binomial_nll", "alpha", (0.0, -1.0, inf), "0 < alpha < inf"),
    ("sigmoid_focal", "gamma", (-1.0, inf), "0 <= gamma < inf"),
    ("sigmoid_focal", "alpha", (-0.5, 1.5), "0 <= alpha <= 1 or None"),
    ("sigmoid_asymmetric", "gamma_pos", (-1.0, inf), "0 <= gamma_pos < inf"),
    ("sigmoid_asymmetric", "gamma_neg", (-1.0, inf), "0 <= gamma_neg < inf"),
    ("sigmoid_asymmetric", "clip", (-1.0, 1.0), "0 <= clip < 1"),
]
SIGNS = "target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)"
REMEDY = " (labels -1 and 1 become 0 and 1 by (target + 1) / 2)"
OUTSIDE = [  # loss, parameters, place, value, what the error says
    ("poisson_nll", {}, "target", -0.5, "target must be >= 0"),
    ("poisson_deviance", {}, "pred", -0.5, "pred must be >= 0"),
    ("poisson_deviance", {}, "target", -inf, "target must be >= 0"),
    ("gamma_nll", {}, "target", 0, "target must be > 0"),
    ("gamma_deviance", {}, "pred", -0.5, "pred must be >= 0"),
    ("gamma_deviance", {}, "target", 0, "target must be > 0"),
    ("tweedie_nll", {}, "target", -1, "target must be >= 0"),
    ("tweedie_deviance", {}, "pred", -1, "pred must be >= 0"),
    ("tweedie_deviance", {}, "target", -1, "target must be >= 0"),
    ("tweedie_deviance", {"power": 2}, "target", 0, "target must be > 0 for a power >= 2 (0 needs a power below 2)"),
    ("tweedie_deviance", {"power": 2}, "target", -1, "target must be > 0 for a power >= 2"),
    ("tweedie_deviance", {"power": 3}, "pred", -1, "pred must be >= 0"),
    ("negative_binomial_nll", {}, "target", -1, "target must be >= 0"),
    *((name, {}, "target", 0, SIGNS) for name in ("perceptron", "logistic", "exponential", "modified_huber")),
    *((name, {}, "target", -1, "target must be in [0, 1]" + REMEDY) for name in ("sigmoid_focal", "sigmoid_brier")),
    ("sigmoid_focal", {}, "target", 1.5, "target must be in [0, 1]"),
    ("sigmoid_asymmetric", {}, "target", 0.5, "target must be 0 or 1"),
    ("sigmoid_asymmetric", {}, "target", -1, "target must be 0 or 1" + REMEDY),
]
