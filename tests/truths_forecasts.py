"""Scores of forecasts by their definitions, in the form of truths_classes.py, which takes them in.

Nothing here is taken from the package, and nothing is a stable form.
"""

import math

import mpmath as mp
from sample import Sample

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


# ---- what there is ---------------------------------------------------------------------------------------------------

DEFINITIONS = {f.__name__: f for f in (crps_gaussian,)}
WAYS = [("crps_gaussian", "one", "pairs")]  # name, target, family
UNITS = {"crps_gaussian": 8}
OWN = {"crps_gaussian": {"axis"}}
UNBOUNDED = set()
VARIANTS = {}
WRONG = []

HAND = [
    ("crps_gaussian", "one", ([0, 0], 0), {}, MIDDLE - GAP, [0, MIDDLE - GAP], [MIDDLE, MIDDLE - GAP]),
    ("crps_gaussian", "one", ([1, 0], 0), {}, 0.6024413, [0.6826895, -0.0802485], [0.4839414, 0.4036929]),
    ("crps_gaussian", "one", ([0, math.log(2)], 2), {}, 1.2048826, [-0.6826895, -0.1604969], [0.2419707, 0.8073858]),
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
]  # fmt: skip
