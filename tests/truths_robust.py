"""Robust losses, quantiles and tubes, and relative errors by their definitions; inputs that suit them.

Nothing here is taken from the package, and nothing is a stable form. What the rounding of a difference makes of a result that
depends on it steeply is no fault of a kernel: a size is what a result is times its relative change.
"""

import math

import mpmath as mp
import numpy as np
from sample import ONE, ZERO, Sample

inf, nan = np.inf, np.nan
HALF, TENTH, TUKEY = mp.mpf(1) / 2, mp.mpf(0.1), mp.mpf(4.685)

# ---- robust losses ---------------------------------------------------------------------------------------------------


def conditioned(d, value, slope, bend, turn):
    """A loss of d; `turn` is d times its third derivative."""
    return Sample(value, [slope], [bend], 0, [max(abs(slope), abs(d * bend))], [max(abs(bend), abs(turn))])


def fair(p, t, delta=ONE):
    d = p - t
    if mp.isinf(d):
        return Sample(mp.inf, [delta * mp.sign(d)], [ZERO])
    r = abs(d) / delta
    return Sample(delta**2 * (r - mp.log(1 + r)), [d / (1 + r)], [1 / (1 + r) ** 2])


def cauchy(p, t, delta=ONE):
    d = p - t
    if mp.isinf(d):
        return Sample(mp.inf, [ZERO], [ZERO])
    u = (d / delta) ** 2
    turn = -2 * u * (3 - u) / (1 + u) ** 3
    return conditioned(d, delta**2 / 2 * mp.log(1 + u), d / (1 + u), (1 - u) / (1 + u) ** 2, turn)


def tukey_biweight(p, t, delta=TUKEY):
    d = p - t
    if abs(d) >= delta:
        return Sample(delta**2 / 6, [ZERO], [ZERO])
    u = (d / delta) ** 2
    bend = (1 - u) * (1 - 5 * u)
    return conditioned(d, delta**2 / 6 * (1 - (1 - u) ** 3), d * (1 - u) ** 2, bend, 2 * u * (10 * u - 6))


def welsch(p, t, delta=ONE):
    d = p - t
    if mp.isinf(d):
        return Sample(delta**2 / 2, [ZERO], [ZERO])
    u = (d / delta) ** 2
    e = mp.exp(-u) if u < 10**6 else ZERO
    return conditioned(d, delta**2 / 2 * (1 - e), d * e, (1 - 2 * u) * e, 2 * u * (2 * u - 3) * e)


def geman_mcclure(p, t, delta=ONE):
    d = p - t
    if mp.isinf(d):
        return Sample(delta**2 / 2, [ZERO], [ZERO])
    u = (d / delta) ** 2
    turn = 12 * u * (u - 1) / (1 + u) ** 4
    return conditioned(d, d**2 / 2 / (1 + u), d / (1 + u) ** 2, (1 - 3 * u) / (1 + u) ** 3, turn)


def barron(p, t, alpha=ONE, delta=ONE):
    """Powers are exponentials of rounded logarithms, which cost as many units as these are large."""
    d = p - t
    if mp.isinf(d):
        end = ZERO if alpha < 1 else delta if alpha == 1 else mp.inf
        bend = ZERO if alpha < 2 else ONE if alpha == 2 else mp.inf
        value = delta**2 * (2 - alpha) / -alpha if alpha < 0 else mp.inf
        return Sample(value, [mp.sign(d) * end if end else ZERO], [bend])
    if alpha == 2:
        return Sample(d**2 / 2, [d], [ONE])
    b = abs(alpha - 2)
    z = (d / delta) ** 2 / b
    log = mp.log(1 + z)
    value = delta**2 * (b / 2 * log if alpha == 0 else b / alpha * ((1 + z) ** (alpha / 2) - 1))
    weight = (1 + z) ** (alpha / 2 - 1)
    bends = weight / (1 + z), (alpha - 1) * weight * z / (1 + z)
    cost = 1 + abs(alpha / 2 - 1) * log
    return Sample(
        value,
        [d * weight],
        [mp.fsum(bends)],
        value * (1 + abs(alpha) / 4 * log),
        [abs(d * weight) * cost],
        [max(map(abs, bends)) * cost],
    )


# ---- quantiles and tubes ---------------------------------------------------------------------------------------------


def quantile(p, t, alpha=HALF):
    d = p - t
    share = alpha if d < 0 else 1 - alpha
    return Sample(share * abs(d), [share * mp.sign(d) if d else ZERO], [ZERO])


def expectile(p, t, alpha=HALF):
    d = p - t
    share = alpha if d < 0 else 1 - alpha
    return Sample(share * d**2, [2 * share * d], [2 * share])


def epsilon_insensitive(p, t, epsilon=TENTH):
    d = p - t
    outside = abs(d) > epsilon
    return Sample(abs(d) - epsilon if outside else ZERO, [mp.sign(d) if outside else ZERO], [ZERO], abs(d))


def squared_epsilon_insensitive(p, t, epsilon=TENTH):
    """What is left of d is as exact as d."""
    d = p - t
    if abs(d) <= epsilon:
        return Sample(ZERO, [ZERO], [ZERO])
    rest = abs(d) - epsilon
    return Sample(rest**2, [2 * mp.sign(d) * rest], [mp.mpf(2)], rest * abs(d), [2 * abs(d)])


# ---- relative errors -------------------------------------------------------------------------------------------------


def msle(p, t):
    log = mp.log((1 + p) / (1 + t))
    return Sample(
        log**2,
        [2 * log / (1 + p)],
        [2 * (1 - log) / (1 + p) ** 2],
        0,
        (),
        [2 * max(ONE, abs(log)) / (1 + p) ** 2],
    )


def mape(p, t, eps=ZERO):
    d, size = p - t, max(abs(t), eps)
    if not d:
        return Sample(ZERO, [ZERO], [ZERO])
    return Sample(abs(d) / size if size else mp.inf, [mp.sign(d) / size if size else mp.sign(d) * mp.inf], [ZERO])


def smape(p, t):
    d, size = p - t, abs(p) + abs(t)
    if not size:
        return Sample(ZERO, [ZERO], [ZERO])
    slope = bend = ZERO
    if mp.sign(p) == mp.sign(t):
        slope = 4 * mp.sign(d) * abs(t) / size**2
        bend = -8 * mp.sign(d) * mp.sign(p) * abs(t) / size**3
    elif not p:
        slope = -2 / t
    return Sample(2 * abs(d) / size, [slope], [bend])


DEFINITIONS = {
    f.__name__: f
    for f in (
        fair, cauchy, tukey_biweight, welsch, geman_mcclure, barron, quantile, expectile, epsilon_insensitive,
        squared_epsilon_insensitive, msle, mape, smape,
    )
}  # fmt: skip
FAMILIES = {
    name: {"msle": "counts", "mape": "amounts", "smape": "amounts"}.get(name, "numbers") for name in DEFINITIONS
}
ROBUST = ("fair", "cauchy", "tukey_biweight", "welsch", "geman_mcclure", "barron")
QUANTILES = ("quantile", "expectile", "epsilon_insensitive", "squared_epsilon_insensitive")
FLAT_CURVATURE = {"quantile", "epsilon_insensitive", "mape"}  # which may stay the 0 that it is beside NaN
CORNERED = {*QUANTILES, "mape", "smape"}  # whose slope or curvature jumps
BENT = {*CORNERED, "fair", "tukey_biweight"}  # or the curvature's own slope
NOT_CONVEX = {"cauchy", "tukey_biweight", "welsch", "geman_mcclure", "msle", "smape"}
STEEP = {
    "tukey_biweight",
    "welsch",
    "barron",
    "geman_mcclure",
    "msle",
}  # where they are small, as many units as rounding an exponent costs

# ---- inputs ----------------------------------------------------------------------------------------------------------

OWN = [  # losses, and keywords to try them with
    *((name, {"delta": delta}) for name in ROBUST for delta in (1.0, 30.0)),
    *(("barron", {"alpha": alpha, "delta": 0.75}) for alpha in (2.0, 1.75, 0.5, 0.0, -2.0, -7.5, 3.0)),
    *((name, {"alpha": alpha}) for name in ("quantile", "expectile") for alpha in (0.5, 0.9, 0.015625)),
    *((name, {"epsilon": e}) for name in ("epsilon_insensitive", "squared_epsilon_insensitive") for e in (0.125, 0.0)),
    ("msle", {}),
    ("mape", {"eps": 0.0}),
    ("mape", {"eps": 0.5}),
    ("smape", {}),
]
GOOD = {
    "amounts": ([0.5, -2, 3.25, 0.125, 40, -7], [0.75, 1, 3, 2, 1, -6.5]),
    "counts": ([0.5, -0.25, 3.25, 0.125, 40, 7], [0, 1, 3, 0, 1, 6.5]),
}
ABSENT = {
    "amounts": [(inf, 1), (1, 0), (nan, 1), (1, nan), (inf, inf), ("max", 1)],
    "counts": [(-2, 0), (0, -3), (nan, 0), (0, nan), (inf, inf), (-1, 1)],
}
FLAT = {
    "amounts": [(0.0, 0.0), (-0.0, 0.0), (0.0, -0.0), (-0.0, -0.0), (2.0, 2.0), (-3.0, -3.0)],
    "counts": [(0.0, 0.0), (-0.0, 0.0), (0.0, -0.0), (2.0, 2.0), (-0.5, -0.5)],
}
SPECIAL = {
    "amounts": [(inf, 1), (1, 0), (nan, 1), (1, nan), (0, 0), (-0.0, 0), (2, 2), (0, 2), (-1, 2), (1e-38, 1), (1e38, -1)],
    "counts": [(inf, 0), (-1, 1), (1, -1), (nan, 0), (0, nan), (0, 0), (-0.0, 0), (1e-38, 0), (1e38, 1), (2, 2)],
}  # fmt: skip


def amounts(rng, n):
    """Numbers of both signs and of many magnitudes, none of the targets 0."""
    target = rng.choice([-1.0, 1.0], n) * np.exp(rng.uniform(-4, 4, n))
    return target + rng.standard_normal(n) * np.exp(rng.uniform(-6, 4, n)), target


def counts(rng, n):
    """Numbers above -1 of many magnitudes, some of them near each other."""
    target = np.maximum(np.expm1(rng.standard_normal(n) * 2), -0.98)
    return np.maximum(target + rng.standard_normal(n) * np.exp(rng.uniform(-8, 3, n)), -0.98), target


# ---- values by hand --------------------------------------------------------------------------------------------------

ln = math.log
HAND = [  # loss, sample, keywords, its value, slope and curvature
    ("fair", (1, 0), {}, 1 - ln(2), 0.5, 0.25),
    ("fair", (-3, 0), {}, 3 - ln(4), -0.75, 0.0625),
    ("fair", (0, 6), {"delta": 2}, 4 * (3 - ln(4)), -1.5, 0.0625),
    ("cauchy", (1, 0), {}, ln(2) / 2, 0.5, 0),
    ("cauchy", (3, 0), {}, ln(10) / 2, 0.3, -0.08),
    ("tukey_biweight", (1, 0), {"delta": 2}, 0.3854167, 0.5625, -0.1875),
    ("tukey_biweight", (5, 0), {"delta": 2}, 2 / 3, 0, 0),
    ("tukey_biweight", (0, 2), {"delta": 2}, 2 / 3, 0, 0),
    ("welsch", (1, 0), {}, (1 - math.exp(-1)) / 2, math.exp(-1), -math.exp(-1)),
    ("welsch", (1000, 0), {}, 0.5, 0, 0),
    ("geman_mcclure", (1, 0), {}, 0.25, 0.25, -0.25),
    ("geman_mcclure", (3, 0), {}, 0.45, 0.03, -0.026),
    ("barron", (2, 0), {"alpha": -2}, 1, 0.5, -0.25),
    ("barron", (0.75, 0), {"alpha": 1}, 0.25, 0.6, 0.512),
    ("barron", (0, 3), {"alpha": 2}, 4.5, -3, 1),
    ("barron", (2, 0), {"alpha": 4}, 4, 6, 7),  # (1 + z)², z = d²/2: d²/2 + d⁴/8
    ("barron", (2**0.5, 0), {"alpha": 0}, ln(2), 2**-0.5, 0),
    ("quantile", (0, 10), {"alpha": 0.9}, 9, -0.9, 0),
    ("quantile", (10, 0), {"alpha": 0.9}, 1, 0.1, 0),
    ("quantile", (3, 3), {"alpha": 0.9}, 0, 0, 0),
    ("expectile", (0, 2), {"alpha": 0.9}, 3.6, -3.6, 1.8),
    ("expectile", (2, 0), {"alpha": 0.9}, 0.4, 0.4, 0.2),
    ("expectile", (2, 2), {"alpha": 0.9}, 0, 0, 0.2),
    ("epsilon_insensitive", (2, 0), {"epsilon": 0.5}, 1.5, 1, 0),
    ("epsilon_insensitive", (0, 0.25), {"epsilon": 0.5}, 0, 0, 0),
    ("epsilon_insensitive", (0, 0.5), {"epsilon": 0.5}, 0, 0, 0),
    ("squared_epsilon_insensitive", (2, 0), {"epsilon": 0.5}, 2.25, 3, 2),
    ("squared_epsilon_insensitive", (0, 1.5), {"epsilon": 0.5}, 1, -2, 2),
    ("squared_epsilon_insensitive", (0, 0.5), {"epsilon": 0.5}, 0, 0, 0),
    ("msle", (math.e - 1, 0), {}, 1, 2 / math.e, 0),
    ("msle", (0, math.e - 1), {}, 1, -2, 4),
    ("msle", (3, 3), {}, 0, 0, 1 / 8),
    ("mape", (12, 10), {}, 0.2, 0.1, 0),
    ("mape", (0, 0), {}, 0, 0, 0),
    ("mape", (12, -10), {"eps": 20}, 1.1, 0.05, 0),
    ("smape", (3, 1), {}, 1, 0.25, -0.125),
    ("smape", (1, -1), {}, 2, 0, 0),
    ("smape", (0, 4), {}, 2, -0.5, 0),
    ("smape", (-1, -3), {}, 1, 0.75, 0.375),
]
EDGES = [  # the same at the ends; None is what the definition leaves open
    ("fair", (inf, 0), {"delta": 3}, inf, 3, 0),
    ("fair", (0, inf), {"delta": 3}, inf, -3, 0),
    ("cauchy", (-inf, 0), {}, inf, 0, 0),
    ("cauchy", (1e30, 0), {}, 30 * ln(10), 1e-30, 0),
    ("tukey_biweight", (inf, 0), {"delta": 3}, 1.5, 0, 0),
    ("tukey_biweight", (-1e30, 0), {"delta": 3}, 1.5, 0, 0),
    ("welsch", (inf, 0), {"delta": 2}, 2, 0, 0),
    ("geman_mcclure", (-inf, 0), {"delta": 2}, 2, 0, 0),
    ("geman_mcclure", (1e30, 0), {"delta": 2}, 2, 0, 0),
    ("barron", (inf, 0), {"alpha": 3}, inf, inf, inf),
    ("barron", (-inf, 0), {"alpha": 2}, inf, -inf, 1),
    ("barron", (-inf, 0), {"alpha": 1.5}, inf, -inf, 0),
    ("barron", (-inf, 0), {"alpha": 1, "delta": 3}, inf, -3, 0),
    ("barron", (inf, 0), {"alpha": 0.5}, inf, 0, 0),
    ("barron", (inf, 0), {"alpha": 0}, inf, 0, 0),
    ("barron", (inf, 0), {"alpha": -2, "delta": 3}, 18, 0, 0),
    ("barron", (2, 0), {"alpha": -1e30}, 1 - math.exp(-2), 2 * math.exp(-2), -3 * math.exp(-2)),  # as Welsch's
    ("barron", (3, 0), {"alpha": 2 + 1e-14}, 4.5, 3, 1),
    ("barron", (3, 0), {"alpha": 1e-14}, ln(5.5), 3 / 5.5, (1 - 4.5) / 5.5**2),
    ("quantile", (inf, 0), {"alpha": 0.75}, inf, 0.25, 0),
    ("quantile", (-inf, 0), {"alpha": 0.75}, inf, -0.75, 0),
    ("expectile", (-inf, 0), {"alpha": 0.75}, inf, -inf, 1.5),
    ("epsilon_insensitive", (-inf, 0), {}, inf, -1, 0),
    ("squared_epsilon_insensitive", (-inf, 0), {}, inf, -inf, 2),
    ("msle", (-1, 0), {}, inf, -inf, inf),
    ("msle", (0, -1), {}, inf, inf, -inf),
    ("msle", (-1, -1), {}, nan, nan, nan),
    ("msle", (inf, 0), {}, inf, 0, 0),
    ("msle", (inf, nan), {}, nan, nan, nan),
    ("msle", (inf, inf), {}, nan, nan, nan),
    ("msle", (0, inf), {}, inf, -inf, inf),
    ("mape", (1, 0), {}, inf, inf, 0),
    ("mape", (-1, 0), {}, inf, -inf, 0),
    ("mape", (-inf, 2), {}, inf, -0.5, 0),
    ("smape", (0, 0), {}, 0, 0, 0),
    ("smape", (2, 0), {}, 2, 0, 0),
    ("smape", (inf, 1), {}, nan, None, None),
    ("smape", (1e30, -1e30), {}, 2, 0, 0),
    ("smape", (3e30, 1e30), {}, 1, 0.25e-30, 0),
]
