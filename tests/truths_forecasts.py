"""Scores of forecasts by their definitions, in the form of truths_classes.py, which takes them in.

Nothing here is taken from the package, and nothing is a stable form.
"""

import math

import mpmath as mp
import numpy as np
from sample import ZERO, Sample

inf, nan = math.inf, math.nan
MIDDLE = 2 / math.sqrt(2 * math.pi)  # twice the normal density at 0
GAP = 1 / math.sqrt(math.pi)


def crps_gaussian(p, t):
    """With z = (t − m)/σ: σ(z(2Φ(z) − 1) + 2φ(z) − 1/√π)."""
    mean, scale = p[0], mp.exp(p[1])
    z = (t - mean) / scale
    mass, density, gap = 2 * mp.ncdf(z) - 1, mp.npdf(z), 1 / mp.sqrt(mp.pi)
    steep = 1 + z**2  # units that the density of a rounded z loses
    return Sample(
        scale * (z * mass + 2 * density - gap),
        [-mass, scale * (2 * density - gap)],
        [2 * density / scale, scale * (2 * density * steep - gap)],
        scale * max(abs(z * mass), 2 * density, gap),
        [abs(mass), scale * max(2 * density * steep, gap)],
        [2 * density / scale * steep, scale * max(2 * density * steep**2, gap)],
    )


def crps_ensemble(p, t):
    """The mean distance to the target, less half the mean distance of two members."""
    count = len(p)
    away = mp.fsum(abs(x - t) for x in p) / count
    apart = mp.fsum(abs(x - y) for x in p for y in p) / count**2
    slopes = [mp.sign(x - t) / count - mp.fsum(mp.sign(x - y) for y in p) / count**2 for x in p]
    return Sample(away - apart / 2, slopes, [ZERO] * count)


def ordinal_logistic(s, t, thresholds=(ZERO,)):
    """The logarithm of what the logistic distribution has between the class's thresholds."""
    ends = [-mp.inf, *thresholds, mp.inf]
    below, above = (1 / (1 + mp.exp(s - ends[int(t) + k])) for k in (0, 1))
    lower, upper = (1 / (1 + mp.exp(ends[int(t) + k] - s)) for k in (0, 1))  # the rest
    share = above - below if below < 0.5 else lower - upper
    return Sample(-mp.log(share), [upper - below], [upper * above + lower * below], 0, [max(upper, below)])


# ---- boxes -----------------------------------------------------------------------------------------------------------


def areas(p, t):
    """Of the intersection, of the union, of the least box around both; its squared diagonal, the middles' squared distance, and the
    extents."""
    (x1, y1, x2, y2), (u1, v1, u2, v2) = p, t
    extents = [max(ZERO, d) for d in (x2 - x1, y2 - y1, u2 - u1, v2 - v1)]
    common = [max(ZERO, d) for d in (min(x2, u2) - max(x1, u1), min(y2, v2) - max(y1, v1))]
    around = max(x2, u2) - min(x1, u1), max(y2, v2) - min(y1, v1)
    inside = common[0] * common[1]
    middles = ((x1 + x2 - u1 - u2) / 2) ** 2 + ((y1 + y2 - v1 - v2) / 2) ** 2
    both = extents[0] * extents[1] + extents[2] * extents[3] - inside
    return inside, both, around[0] * around[1], around[0] ** 2 + around[1] ** 2, middles, extents


def quotient(a, b):
    return a / b if b else ZERO


def iou_of(p, t):
    inside, both, *_ = areas(p, t)
    return 1 - quotient(inside, both)


def giou_of(p, t):
    _, both, around, *_ = areas(p, t)
    return iou_of(p, t) + quotient(around - both, around)


def diou_of(p, t):
    *_, diagonal, middles, _ = areas(p, t)
    return iou_of(p, t) + quotient(middles, diagonal)


def ciou_of(p, t):
    w, h, u, v = areas(p, t)[-1]
    shape = 4 / mp.pi**2 * (mp.atan2(u, v) - mp.atan2(w, h)) ** 2
    return diou_of(p, t) + quotient(shape**2, iou_of(p, t) + shape)


def of_boxes(value):
    """The loss with its derivatives by differences, at places where it has them."""

    def loss(p, t, constant_alpha=ZERO):
        assert not constant_alpha
        step = mp.mpf(10) ** (-mp.mp.dps // 4)
        here = value(p, t)
        grad, hess = [], []
        for k in range(4):
            up, down = (value([x + sign * step * (i == k) for i, x in enumerate(p)], t) for sign in (1, -1))
            grad.append((up - down) / (2 * step))
            hess.append((up - 2 * here + down) / step**2)
        _, both, around, diagonal, _, (w, h, u, v) = areas(p, t)
        wide = quotient(max(w, h, u, v), both) + quotient(1, mp.sqrt(around)) + quotient(2, mp.sqrt(diagonal))
        wide += quotient(2, mp.sqrt(w**2 + h**2))  # no term of a slope is greater
        return Sample(here, grad, hess, 0, [wide] * 4, [2 * wide**2] * 4)

    loss.__name__ = value.__name__.removesuffix("_of")
    return loss


BOXES = [of_boxes(value) for value in (iou_of, giou_of, diou_of, ciou_of)]


# ---- what there is ---------------------------------------------------------------------------------------------------

DEFINITIONS = {f.__name__: f for f in (crps_gaussian, crps_ensemble, ordinal_logistic, *BOXES)}
WAYS = [  # name, target, family
    ("crps_gaussian", "one", "pairs"),
    ("crps_ensemble", "one", "members"),
    ("ordinal_logistic", "points", "ordered"),
    *((name, "boxes", "boxes") for name in ("iou", "giou", "diou", "ciou")),
]


def draw(name, rng, n, classes):
    """A batch that suits the loss."""
    normal = rng.standard_normal
    if name == "ordinal_logistic":
        return normal(n) * 3, rng.integers(0, 2, n)
    if name in ("iou", "giou", "diou", "ciou"):
        middles, halves = normal((2, n, 2)), np.exp(normal((2, n, 2)) / 2)
        return tuple(np.concatenate([middles - halves, middles + halves], axis=2))
    return normal((n, 2 if name == "crps_gaussian" else classes)) * 2, normal(n) * 2


UNITS = {"crps_gaussian": 8, "crps_ensemble": 4, "ordinal_logistic": 12, "iou": 8, "giou": 8, "diou": 8, "ciou": 16}
OWN = (
    {
        "crps_gaussian": {"axis"},
        "crps_ensemble": {"axis"},
        "ordinal_logistic": {"thresholds", "ignore_index", "class_weight"},
    }
    | {name: {"axis"} for name in ("iou", "giou", "diou")}
    | {"ciou": {"axis", "constant_alpha"}}
)
UNBOUNDED = {"crps_ensemble", "iou", "giou", "diou", "ciou"}
VARIANTS = {"ordinal_logistic": [{"thresholds": (-1.0, 0.5, 2.0)}, {"thresholds": (0.25, 0.5)}]}
WRONG = [  # name, what is wrong, the error's text
    ("ordinal_logistic", {"thresholds": 1.0}, "thresholds has shape (); it must be (C - 1,), one less than there are classes"),
    ("ordinal_logistic", {"thresholds": []}, "thresholds has shape (0,); it must be (C - 1,)"),
    ("ordinal_logistic", {"thresholds": [0, inf]}, "thresholds[1] is inf; thresholds must be finite"),
    ("ordinal_logistic", {"thresholds": [0, 2, 2]},
     "thresholds[2] is 2.0; it must be more than thresholds[1], which is 2.0"),
]  # fmt: skip

HAND = [
    ("crps_gaussian", "one", ([0, 0], 0), {}, MIDDLE - GAP, [0, MIDDLE - GAP], [MIDDLE, MIDDLE - GAP]),
    ("crps_gaussian", "one", ([1, 0], 0), {}, 0.6024413, [0.6826895, -0.0802481], [0.4839414, 0.4036929]),
    ("crps_gaussian", "one", ([0, math.log(2)], 2), {}, 1.2048826, [-0.6826895, -0.1604963], [0.2419707, 0.8073858]),
    ("crps_ensemble", "one", ([1, 3], 2), {}, 0.5, [-0.25, 0.25], [0, 0]),
    ("crps_ensemble", "one", ([2, 2], 5), {}, 3, [-0.5, -0.5], [0, 0]),
    ("crps_ensemble", "one", ([0, 4, 4, 1], 4), {}, 0.8125, [-1 / 16, -1 / 8, -1 / 8, -3 / 16], [0] * 4),
    ("crps_ensemble", "one", ([7], 4), {}, 3, [1], [0]),
    ("ordinal_logistic", "points", (0, 1), {"thresholds": (-1, 1)}, 0.7719368, 0, 0.3932239),
    ("ordinal_logistic", "points", (0, 2), {"thresholds": (-1, 1)}, 1.3132617, -0.7310586, 0.1966119),
    ("ordinal_logistic", "points", (1, 0), {}, 1.3132617, 0.7310586, 0.1966119),
    ("iou", "boxes", ([0, 0, 2, 2], [1, 1, 3, 3]), {}, 6 / 7, [-2 / 49, -2 / 49, -6 / 49, -6 / 49],
     [-8 / 343, -8 / 343, 12 / 343, 12 / 343]),
    ("giou", "boxes", ([0, 0, 2, 2], [1, 1, 3, 3]), {}, 1.0793651, None, None),
    ("diou", "boxes", ([0, 0, 2, 2], [1, 1, 3, 3]), {}, 0.9682540, None, None),
    ("ciou", "boxes", ([0, 0, 2, 2], [1, 1, 3, 3]), {}, 0.9682540, None, None),
    ("ciou", "boxes", ([0, 0, 2, 1], [0, 0, 2, 2]), {}, 0.5344981, None, None),
    ("giou", "boxes", ([0, 0, 1, 1], [2, 0, 3, 1]), {}, 4 / 3, None, None),
]  # fmt: skip
ENDS = [
    ("crps_gaussian", "one", [3, -inf], 1, {}, 2, [1, 0], [0, 0]),
    ("crps_gaussian", "one", [1, -inf], 1, {}, 0, [0, 0], [inf, 0]),
    ("crps_gaussian", "one", [1, -2000], 3, {}, 2, [-1, 0], [0, 0]),
    ("crps_gaussian", "one", [1, inf], 3, {}, inf, [0, inf], [0, inf]),
    ("crps_gaussian", "one", [inf, 0], 3, {}, inf, [1, -GAP], [0, -GAP]),
    ("crps_gaussian", "one", [-inf, 0], 3, {}, inf, [-1, -GAP], [0, -GAP]),
    ("crps_gaussian", "one", [0, 0], 1e30, {}, 1e30, [-1, -GAP], [0, -GAP]),
    ("crps_gaussian", "one", [0, 0], 1e-30, {}, MIDDLE - GAP, [-1e-30 * MIDDLE, MIDDLE - GAP], [MIDDLE, MIDDLE - GAP]),
    ("crps_ensemble", "one", [3, 3], 3, {}, 0, [0, 0], [0, 0]),
    ("crps_ensemble", "one", [3, inf], 3, {}, inf, [0.25, 0.25], [0, 0]),
    ("crps_ensemble", "one", [-inf, 0, inf, inf], 3, {}, inf, [-1 / 16, -3 / 16, 2 / 16, 2 / 16], [0] * 4),
    ("crps_ensemble", "one", [0, 1, 2], inf, {}, inf, [-1 / 9, -3 / 9, -5 / 9], [0] * 3),
    ("crps_ensemble", "one", [0, nan, 2], 1, {}, nan, [nan] * 3, [nan] * 3),
    ("crps_ensemble", "one", [0, 1, 2], nan, {}, nan, [nan] * 3, [nan] * 3),
    ("crps_ensemble", "one", [0, inf], inf, {}, nan, [nan] * 2, [nan] * 2),
    ("ordinal_logistic", "points", inf, 0, {}, inf, 1, 0),
    ("ordinal_logistic", "points", -inf, 0, {}, 0, 0, 0),
    ("ordinal_logistic", "points", inf, 2, {"thresholds": (0, 1)}, 0, 0, 0),
    ("ordinal_logistic", "points", -inf, 2, {"thresholds": (0, 1)}, inf, -1, 0),
    ("ordinal_logistic", "points", inf, 1, {"thresholds": (0, 1)}, inf, 1, 0),
    ("ordinal_logistic", "points", -1e4, 1, {"thresholds": (0, 1)}, 1e4 + 0.4586751, -1, 0),
    ("iou", "boxes", [0, 0, 1, 1], [2, 2, 3, 3], {}, 1, [0] * 4, [0] * 4),
    *((name, "boxes", [1, 2, 3, 4], [1, 2, 3, 4], {}, 0, [0] * 4, [None] * 4) for name in ("iou", "giou", "diou", "ciou")),
    *((name, "boxes", [1, 1, 1, 1], [1, 1, 1, 1], {}, 1, [0] * 4, [0] * 4) for name in ("iou", "giou", "diou", "ciou")),
    ("iou", "boxes", [0, 0, 2, 2], [0, 0, 4, 2], {}, 0.5, [0, 0, -0.25, 0], [None] * 4),  # three sides at the target's
    ("iou", "boxes", [2, 0, 0, 2], [0, 0, 4, 2], {}, 1, [0] * 4, [0] * 4),  # empty
    *((name, "boxes", [nan, 0, 1, 1], [0, 0, 1, 2], {}, nan, [nan, None, None, None], [nan, None, None, None])
      for name in ("iou", "giou", "diou", "ciou")),
    *((name, "boxes", [0, 0, 2e-12, 1e-12], [0, 0, 2e-12, 2e-12], {}, value, [None] * 4, [None] * 4)
      for name, value in (("iou", 0.5), ("giou", 0.5), ("diou", 0.53125), ("ciou", 0.5344981))),
    *((name, "boxes", [0, 0, 2e18, 1e18], [0, 0, 2e18, 2e18], {}, value, [None] * 4, [None] * 4)
      for name, value in (("iou", 0.5), ("giou", 0.5), ("diou", 0.53125), ("ciou", 0.5344981))),
    ("ordinal_logistic", "points", nan, 1, {"thresholds": (0, 1)}, nan, nan, nan),
    ("ordinal_logistic", "points", 0, nan, {"thresholds": (0, 1)}, nan, nan, nan),
]  # fmt: skip
