"""Plants mistakes in the package, one at a time, and says which test finds each: what none finds, no test holds.

    python tools/mutants.py                    # every mistake of the table, by the tests that it names
    python tools/mutants.py linear "pos_weight"    # those whose file or text has one of these words
    python tools/mutants.py --jobs 2           # so many at once

The work is done in copies of the tree, each with the extension modules that are built in place. Mistakes in what is compiled
are planted all at once, into one build with bounds checks, and the environment chooses the one that is made: none, and what
was built must pass the tests. Exits with 1 if a mistake survives.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Mutant:
    """One mistake: this text in this file, which it has once, becomes another; one of these tests must fail."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]
    backend: str = ""  # that runs the tests; the best, if none is named

    @property
    def compiled(self):
        return self.file.endswith((".pxd", ".pxi", ".pyx"))

    def __str__(self):
        short = [re.sub(r"\s+", " ", text.strip())[:50] for text in (self.old, self.new)]
        return f"{self.file}: {short[0]!r} -> {short[1]!r}"


def of(file, tests, *pairs):
    """Mistakes of one file that the same tests are to find; a backend's own file is tried on that backend."""
    files = tuple(f"tests/{name}.py" for name in tests.split())
    backend = {"_numpy": "numpy", "_cython": LEVEL}.get(file.split("/")[0], "")
    return [Mutant(f"fastloss/{file}", old, new, files, backend) for old, new in pairs]


LEVEL = "x86-64-v2"
BUILD = {"FASTLOSS_DEBUG_BUILD": "1", "FASTLOSS_LEVELS": "v2", "FASTLOSS_REQUIRE_KERNELS": "1"}

# What is told apart on other levels than LEVEL, where nothing is fused or looked at in passing, cannot be tried so: a product
# with several uses (tests/test_paths.py), labels (test_labels_in_place_of_which_slopes_are_written).
MUTANTS = [
    # ---- what is interpreted
    *of(
        "_numpy/pointwise.py",
        "test_known_values test_inputs test_accuracy test_truths",
        ("return (pred - target) ** 2", "return (pred + target) ** 2"),
        ("return 2 * (pred - target)", "return pred - target"),
        ("np.full_like(pred, 2)\n", "np.full_like(pred, 1)\n"),
        ("np.sign(pred - target)", "np.sign(target - pred)"),
        ("lambda x: np.minimum(x, 0) - np.log1p", "lambda x: np.minimum(x, 0) + np.log1p"),
    ),
    *of(
        "_numpy/margins.py",
        "test_known_values test_inputs test_accuracy test_truths test_catalogue test_counts",
        ("return np.maximum(margin - target * pred, 0)\n", "return np.maximum(margin + target * pred, 0)\n"),
        (
            "lack = margin - target * pred\n        return np.where(lack > 0,",
            "lack = margin - target * pred\n        return np.where(lack >= 0,",
        ),
        (
            "lack = -target * pred\n        return np.where(lack > 0,",
            "lack = -target * pred\n        return np.where(lack >= 0,",
        ),
        ("return -2 * target * np.maximum", "return -target * np.maximum"),
        ("np.maximum(-m, 0) + np.log1p(np.exp(-np.abs(m)))", "np.log1p(np.exp(-m))"),
        ("np.where(m > 0, a, 1) / (1 + a)", "a / (1 + a)"),
        ("return softplus_bound(target * pred)", "return 2 * softplus_bound(target * pred)"),
        ("return -target * np.exp(-target * pred)", "return target * np.exp(-target * pred)"),
        ("np.where(m < -1, -4 * m,", "np.where(m < -1, -3 * m,"),
        ("np.clip(1 - target * pred, 0, 2)", "np.clip(1 - target * pred, 0, None)"),
        ("2.0 * ((m >= -1) & (m < 1))", "2.0 * ((m > -1) & (m < 1))"),
        ("np.where(np.isnan(m), m, 2.0 * ", "np.where(False, m, 2.0 * "),
    ),
    *of(
        "_numpy/scores.py",
        "test_known_values test_inputs test_accuracy test_truths test_catalogue test_counts test_every_loss",
        ("np.where(np.isinf(entropy), entropy, power(wrong, gamma) * entropy)", "power(wrong, gamma) * entropy"),
        ("np.where(q < eps, np.log(eps), np.log1p(-p))", "np.log(np.where(q < eps, eps, 1 - p))"),
        ("+ term(1 - target, np", "+ term(target, np"),
        ("np.log(np.where(p < eps, eps, p))", "np.log(p)"),
        ("np.where((target == 1) | high, -target / p,", "np.where(target == 1, -target / p,"),
        ("p, q = pred + 0, 1 - pred  # +0", "p, q = pred, 1 - pred  # +0"),
        ("target / p / p)", "target / (p * p))"),
        ("np.where((target == 1) | (q < eps), 0,", "np.where(q < eps, 0,"),
        ("return pos_weight * share, (1 - target)", "return share, pos_weight * (1 - target)"),
        ("(1 - target) + label_smoothing * (target - middle)", "1 - share"),
        ("np.where(pred > 0, v, u)", "np.where(pred > 0, u, v)"),
        ("return v * sigmoid(pred) - u * sigmoid(-pred)", "return u * sigmoid(-pred) - v * sigmoid(pred)"),
        ("return (u + v) * (sigmoid", "return v * (sigmoid"),
        ("(1 - t) * self.p - t * self.q", "self.p - t"),
        ("alpha * t + (1 - alpha) * (1 - t)", "alpha * t + (1 - t)"),
        ("np.where((w == 0) & ~np.isnan(x), 0, w * loss)", "w * loss"),
        ("np.where(wrong == 0, 1, at.variance / wrong)", "at.variance / wrong"),
        ("np.where(k == 0, 0, entropy * k)", "entropy * k"),
        ("gamma * c * ((at.turn - k) + gamma * k)", "gamma * c * (at.turn - gamma * k)"),
        ("return w * (at.error + gamma * c)", "return w * (at.error - gamma * c)"),
        ("np.maximum(c * (at.turn - k), 0)", "c * (at.turn - k)"),
        ("np.maximum(at.error * at.turn, 0)", "0"),
        (
            "np.where(t == 1, of_positive, np.where(np.isnan(t), t, of_negative))",
            "np.where(t == 1, of_positive, of_negative)",
        ),
        ("if clip else Focal", "if clip is not None else Focal"),
        ("return np.where(self.v == 0, 0, x)", "return x"),
        ("np.where(self.v < 0.5, -np.log1p", "np.where(self.v < 0, -np.log1p"),
        ("(gamma - 1) * (self.log / self.v)", "gamma * (self.log / self.v)"),
    ),
    *of(
        "_numpy/counts.py",
        "test_catalogue test_counts test_every_loss",
        ("np.where(np.abs(y) < LARGE, t * np.exp(y), t * half * half)", "t * np.exp(y)"),
        ("np.where((t == 0) & ~np.isnan(y), 0, product)", "product"),
        ("np.where((whole > 1 / RANGE) & (whole < RANGE), x * whole, x * half * half)", "x * whole"),
        ("return np.where(near, excess(np.where(near, v, 0)), far)", "return far"),
        ("far = np.where(np.isinf(w), w, (w - 1)", "far = np.where(False, w, (w - 1)"),
        ("np.isinf(mean) & ~np.isnan(t)", "np.isinf(mean)"),
        ("mean - np.where(absent, 0, t * x)", "mean - t * x"),
        ("np.where(mu > 2 * t, large, small)", "small"),
        ("2 * quotient(t, mu) / np.where(t == 0, 1, mu)", "2 * (t / mu) / mu"),
        ("np.where(np.isinf(ratio), 0, x) + ratio", "x + ratio"),
        ("return 1 - times_exp(t, -x)", "return 1 - times_exp(t, x)"),
        ("return np.maximum(2 / mu / mu, cls.hess(mu, t))", "return cls.hess(mu, t)"),
        ("return mean / (2 - power) + ratio / (power - 1)", "return mean / (power - 1) + ratio / (2 - power)"),
        ("value = np.where(-a * v > 1, far, value)", "value = value + 0 * far"),
        ("value = np.where(t == 0, mu**a / a, value)", "value = value + 0"),
        ("np.where(near, bend(np.where(near, y, 0)), np.expm1(y) - y)", "np.expm1(y) - y"),
        ("np.where(y > 2, whole - rest, times_power(m, t, a))", "times_power(m, t, a)"),
        ("np.where(np.isinf(whole), 0, times_power(1 + y, t, a))", "times_power(1 + y, t, a)"),
        ("np.maximum(1, 1 - power + power * quotient(t, mu))", "np.ones_like(mu)"),
        ("y / z), z > 1", "y / z), z > np.inf"),
        ("np.where(np.isinf(z), x + np.log(alpha), np.log1p(z))", "np.log1p(z)"),
        ("over(1 / alpha + t) / (1 + over(1)) ** 2", "over(1 / alpha + t) / (1 + over(1))"),
    ),
    *of(
        "_core/constants_of_scores.py",
        "test_counts test_every_loss test_calls",
        ("return margin * float(np.sign(", "return float(np.sign("),
        ("return odds((1 + target) / 2, weight) / 2", "return odds((1 + target) / 2, weight)"),
        (
            "if np.isnan(target).any():\n        return math.nan\n    target, places",
            "if False:\n        return math.nan\n    target, places",
        ),
        (
            "(low, middle) if at(middle)[1] > 0 else (middle, high)",
            "(low, middle) if at(middle)[1] < 0 else (middle, high)",
        ),
        ("for x in (math.inf, -math.inf):", "for x in (-math.inf,):"),
    ),
    *of(
        "_core/domains.py",
        "test_counts test_catalogue",
        ("NOT_NEGATIVE if power < 2 else POSITIVE_FROM_2", "NOT_NEGATIVE if power <= 2 else POSITIVE_FROM_2"),
        ("lambda x: ~(x <= 0))", "lambda x: ~(x < 0))"),
        ("lambda x: (x == 0) | (x == 1) | (x != x))", "lambda x: (x == 0) | (x == 1))"),
    ),
    *of(
        "_numpy/robust.py",
        "test_known_values test_inputs test_accuracy test_truths test_calls test_catalogue test_robust",
        ("np.clip(pred - target, -delta, delta)", "np.clip(pred - target, None, delta)"),
        ("HUGE = 2.0**60", "HUGE = 2.0**10"),
        ("HUGE = 2.0**60", 'HUGE = float("inf")'),
        ("d * (d / (1 + np.sqrt(1 + r * r)))", "delta * delta * (np.sqrt(1 + r * r) - 1)"),
        ("np.copysign(delta, d), d / np.sqrt", "delta, d / np.sqrt"),
        ("np.where(r > 1, q * q, r * r)", "r * r"),
        ("gap * (1 + x))", "1 - x * x)"),
        ("small = r < TINY * TINY", "small = r < TINY"),
        (
            "delta * np.where(r > HUGE, np.abs(d), np.abs(d) - delta * np.log1p(r))",
            "delta * (np.abs(d) - delta * np.log1p(r))",
        ),
        (
            "np.log(np.abs(d)) - np.log(delta), np.log(r))\n        logs = np.where(r > HUGE",
            "np.log(r), np.log(r))\n        logs = np.where(r > HUGE",
        ),
        ("np.where(r >= 1, delta * (delta / 6), d", "np.where(r < 1, delta * (delta / 6), d"),
        ("rest * (rest - 4 * u)", "rest * (rest - 5 * u)"),
        ("return np.where(root == 0, 0, d * root * root)", "return d * root * root"),
        ("np.where(root == 0, 0, (1 - 2 * r * r) * root * root)", "(1 - 2 * r * r) * root * root"),
        ("square * (square * (square - 3))", "square * (square - 3)"),
        ("np.copysign(delta * q, d) * w, d)", "np.copysign(delta * q, d), d)"),
        ("return alpha, abs(alpha - 2), alpha - 1, delta", "return alpha, 2 - alpha, alpha - 1, delta"),
        ("np.where(alpha == 0, 0, alpha * logs / 2)", "alpha * logs / 2"),
        ("half = np.exp(w / 4)", "half = np.exp(w / 2)"),
        ("(delta if above == 0 else 0.0 if above < 0 else np.inf)", "(0.0 if above < 0 else np.inf)"),
        ("return root * (root * np.where(z > 1, far, near))", "return root * (root * near)"),
        ("if b == 0 or alpha > 2:", "if b == 0:"),
    ),
    *of(
        "_numpy/quantiles.py",
        "test_accuracy test_truths test_catalogue test_robust",
        ("return alpha, 1 - alpha", "return 1 - alpha, alpha"),
        ("np.where(d < 0, -alpha, np.where(d > 0, rest, d))", "np.where(d < 0, -alpha, rest)"),
        ("np.where(d < 0, alpha, np.where(np.isnan(d), d, rest))", "np.where(d < 0, alpha, rest)"),
        ("np.where(np.abs(d) <= epsilon, 0, np.sign(d))", "np.where(np.abs(d) > epsilon, np.sign(d), 0)"),
        ("np.where(a <= epsilon, 0, np", "np.where(a < epsilon, 0, np"),
    ),
    *of(
        "_numpy/relative.py",
        "test_accuracy test_truths test_catalogue test_robust",
        ("np.isinf(p) & np.isfinite(t)", "np.isinf(p)"),
        ("np.where(end, 0, 2 * logs / base)", "2 * logs / base"),
        ("np.maximum(1, 1 - logs)", "1.0"),
        ("np.where(d == 0, 0, np.abs(d) /", "(np.abs(d) /"),
        ("np.where(d == 0, 0, np.sign(d) /", "(np.sign(d) /"),
        ("np.where(total == 0, 0, 2", "np.where(total < 0, 0, 2"),
        ("LARGE = 2.0**1000", "LARGE = 2.0**1023"),
        ("np.where(t == 0, 0, -2 / t * unit)", "np.where(t == 0, 0, -4 / t * unit)"),
    ),
    *of(
        "_core/locations.py",
        "test_calls test_robust test_every_loss",
        ("wanted = below[-1] * share", "wanted = below[-1] * (1 - share)"),
        ("target[first] / 2 + target[first + 1] / 2 if at_end", "target[first + 1] if at_end"),
        ("fits = means[:-1] <= x[1:]", "fits = means[:-1] >= x[1:]"),
        ("[target - epsilon, target + epsilon]", "[target, target]"),
        ("normalised(weight * (least / size))", "weight"),
        ("if least > 0 else 0.0", "if least >= 0 else 0.0"),
        ("found = found[found[:, 3] <= best]", "found = found[:1]"),
        ("origin = middle(target, weight)\n    with", "origin = 0.0\n    with"),
    ),
    *of(
        "_core/constants.py",
        "test_calls",
        ("label_smoothing * (0.5 - target)", "label_smoothing * (1 - target)"),
        ("(1 - target) + label_smoothing * (target - 0.5)", "1 - target"),
    ),
    *of(
        "_core/constants.py",
        "test_every_loss",
        ("np.clip(weight @ x, x.min(axis=0), x.max(axis=0))", "weight @ x"),
        ("np.abs(distance / top) ** power", "np.abs(distance) ** power"),
        ("power * np.log(top)", "np.log(top)"),
    ),
    *of(
        "_core/families.py",
        "test_forecasts",
        ("weights[fine & ~there] = 0", "weights[~there] = 0"),
        ("        if in_ratio:\n", "        if False:\n"),
        ("if (beyond := fine & np.isinf(products)).any():", "if False:"),
    ),
    *of("_core/arguments.py", "test_calls", ("            or self.product\n", "")),
    *of(
        "_core/loss.py",
        "test_every_loss test_catalogue",
        (
            'self._arguments(pred, target, sample_weight, "mean", hyperparameters)',
            'self._arguments(pred, target, sample_weight, "sum", hyperparameters)',
        ),
        (
            "self._cost(arguments, lambda: Sums(*kernel.product(operands, along, *rest)))",
            "kernel.product(operands, along, *rest)",
        ),
    ),
    *of("_core/arrays.py", "test_every_loss", ("    if is_masked(out):\n", "    if False:\n")),
    *of(
        "_core/constants.py",
        "test_catalogue",
        ("shares * centred(class_weight)", "shares * class_weight"),
        ("rows @ centred(class_weight)", "rows @ class_weight"),
    ),
    *of(
        "_core/products.py",
        "test_calls test_rows",
        ("np.broadcast_to(x, tile.batch.samples)[tile.index]", "np.broadcast_to(x, tile.batch.samples)"),
        ("        return curvatures\n", "        return slopes\n"),
        ("self.mean.run(GRAD, (x, v,", "self.mean.run(GRAD, (v, x,"),
    ),
    *of(
        "_numpy/rows.py",
        "test_rows test_truths_rows",
        ("return sum_of_rows(self.p * self.t)", "return sum_of_rows(self.p)"),
        ("return self.spread(self.t)", "return self.spread(-self.t)"),
        ("self.terms_of_sum[1] + self.terms_of_sum[2]", "self.terms_of_sum[1]"),
        ("np.where(self.place == self.greatest, self.rest, self.terms_of_sum[1] + self.apart)", "self.rest"),
    ),
    *of("_numpy/scores_of_rows.py", "test_truths_rows", (" + 0 * every[:, None]", "")),
    *of(
        "_numpy/arithmetic.py",
        "test_known_values test_inputs test_accuracy test_truths test_catalogue",
        ("far = np.where(np.abs(logs) > 40, logs, np.log((1 + p) / (1 + t)))", "far = np.log((1 + p) / (1 + t))"),
        ("share += (remainder - share * (e", "share -= (remainder - share * (e"),
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "t * logarithm"),
        ("return np.where(weight == 0, 0, weight * x)", "return weight * x"),
        ("return x + 0", "return x"),
        ("return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))", "return np.log1p(np.exp(x))"),
    ),
    *of(
        "_core/passes.py",
        "test_known_values test_inputs test_ranges test_bad_input test_truths test_runtime test_fuzz test_accuracy",
        ("return bool(2.0**-64 <= total <= 2.0**64)", "return True"),
    ),
    *of(
        "_numpy/pointwise.py",
        "test_known_values test_inputs test_ranges test_bad_input test_truths test_runtime test_fuzz test_accuracy",
        ("there = True if weight is None else weight != 0", "there = True"),
    ),
    *of(
        "_numpy/roots.py",
        "test_known_values test_ranges test_truths test_fuzz",
        ("LIFT = 2.0**600", "LIFT = 1.0"),
        ("tile.put(GRADS, signless(grad))", "tile.put(GRADS, grad)"),
        (">= 0 else math.nan", ">= 0 else 0.0"),
    ),
    *of(
        "_numpy/arithmetic.py",
        "test_rows test_ranges test_accuracy test_truths_rows test_classes test_counts",
        ("np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)", "np.where(t == 0, 0, t * logarithm)"),
        ("s: Array = v / (2 + v)", "s: Array = v / (2 - v)"),
        ("for k in range(33, 1, -2):", "for k in range(9, 1, -2):"),
        ("for k in range(14, 1, -1):", "for k in range(6, 1, -1):"),
        ("np.full_like(x, 1 / math.factorial(15))", "np.full_like(x, 0.1)"),
        ("return x[:, 0] + lost", "return x[:, 0]"),
        ("np.where(near, np.log1p(np.where(near, v, 0)), log_quotient(a, b))", "log_quotient(a, b)"),
        ("np.log(w), np.log(a) - np.log(b))", "np.log(w), np.log(w))"),
        ("np.ascontiguousarray(x, np.float64).sum(axis=1)", "x.sum(axis=1, dtype=x.dtype)"),
    ),
    *of(
        "_numpy/rows.py",
        "test_rows test_ranges test_accuracy test_truths_rows",
        ("return self.x - self.top[:, None]", "return self.x"),
        ("return self.z - self.logs[:, None]", "return self.z + self.logs[:, None]"),
        ("np.where(np.isinf(self.top), self.top, self.top + self.logs)", "self.top + self.logs"),
    ),
    *of(
        "_numpy/cross_entropies.py",
        "test_rows test_ranges test_accuracy test_truths_rows",
        ("return self.mass * self.logs - sum_of_rows", "return self.logs - sum_of_rows"),
        ("sum_of_rows(weighed(self.t, self.z))", "sum_of_rows(self.t * self.z)"),
        ("(0 if self.smoothing == 1 else (1 - self.smoothing) * margin)", "(1 - self.smoothing) * margin"),
        ("return value - self.share * sum_of_rows(self.z) if self.smoothing else value", "return value"),
        ("grad = self.p * mass[:, None] - self.t", "grad = self.p - self.t"),
        ("return hess if self.label is not None else hess * self.mass[:, None]", "return hess"),
        ("np.where(np.abs(away) <= 0.5, t *", "np.where(np.abs(away) <= 0.0, t *"),
        ("np.full((len(t), 1), -1.0)", "np.full((len(t), 1), 0.0)"),
        ("np.where((t != 0).any(axis=1), value, 0 * total[:, 0])", "value"),
        ("np.log(np.where(p < self.eps, self.eps, p))", "np.log(p)"),
        ("(self.x < self.eps) | ((self.t == 0) & (self.x == 0))", "(self.t == 0) & (self.x == 0)"),
        ("np.where(p < self.eps, 0, 1 / p)", "1 / p"),
        ("return np.where(slope == 0, 0, slope / self.x)", "return slope"),
        ("return -self.slope()", "return self.slope()"),
        ("near = (v >= -0.5) & (v <= 1)", "near = (v >= -0.5) & (v <= 3)"),
        ("near = (v >= -0.5) & (v <= 1)", "near = v > 9"),
        ("np.where(t == 0, p * t, np.where(near", "np.where(t == 0, p, np.where(near"),
    ),
    *of(
        "_numpy/cross_entropies.py",
        "test_classes test_catalogue",
        ("(1 + self.epsilon) - self.epsilon * self.q_of_label if self.epsilon < 0 else 1 + part", "1 + part"),
        (
            "return -np.expm1(-self.kappa * self.loss) / self.kappa",
            "return (1 - self.of_label**self.kappa) / self.kappa",
        ),
        ("return power, self.kappa * power", "return power, power"),
        ("away[self.line, self.label] = -self.q_of_label", "away[self.line, self.label] -= 1"),
        ("return self.bent(a, np.minimum(b, 0))", "return self.bent(a, b)"),
        ("far = t * log_quotient(t, p).astype(t.dtype)", "far = t * np.log(t / p)"),
    ),
    *of(
        "_numpy/scores_of_rows.py",
        "test_classes test_catalogue test_every_loss test_calls",
        ("sums[:, -1] *= 0  # (NaN stays)", "pass"),
        ("np.where(self.before(), np.cumsum(d, axis=1), every[:, None] - after)", "np.cumsum(d, axis=1)"),
        ("np.where(own < 0.5, d[self.line, self.greatest], (1 - own) - rest)", "d[self.line, self.greatest]"),
        (
            "slopes = np.where(p == 0, nothing, slopes - slopes[self.line, self.greatest][:, None])",
            "slopes = slopes - 0",
        ),
        ("return bends * self.q**2 + p * p * others", "return bends * (1 - self.p) ** 2"),
        ("return self.steep() + np.maximum(self.leant(), 0)", "return self.steep() + self.leant()"),
        ("SERIES = 0.35", "SERIES = 0.9"),
        ("r = np.where(s == 0, 1, d / s)", "r = np.where(s == 0, 0, d / s)"),
        ("return relative_entropy(p, t)", "return relative_entropy(t, p)"),
        ("np.where(p == 0, 0, -t)", "-t"),
        ("np.where(never, np.inf, -np.inf)", "np.where(never, np.inf, 0)"),
        (
            "super().__init__(tile, x.astype(np.float64) + 0, t, label)",
            "super().__init__(tile, x.astype(np.float64), t, label)",
        ),
    ),
    *of(
        "_numpy/hinges_of_rows.py",
        "test_classes test_catalogue",
        (" | np.isnan(self.x[self.line, label])", ""),
        ("first = self.near.argmax(axis=1)", "first = self.near.shape[1] - 1 - self.near[:, ::-1].argmax(axis=1)"),
        ("pull[self.line, self.label] = -sum_of_rows(pull)", "pass"),
        ("hess[self.line, self.label] *= -1", "pass"),
        ("return (self.above > 0).astype(np.float64)", "return (self.near >= 0).astype(np.float64)"),
    ),
    *of(
        "_numpy/two_rows.py",
        "test_classes test_catalogue test_calls",
        ("return np.where(self.none, 0, x).astype(self.dtype)", "return np.asarray(x).astype(self.dtype)"),
        ("beta * sum_of_rows((1 - p) * t)", "alpha * sum_of_rows((1 - p) * t)"),
        ("self.bend = alpha * (1 - t) + (1 - beta) * t", "self.bend = alpha * (1 - t) + beta * t"),
        ("outside |= is_outside(self.domains, there, pred=pred, target=target)", "pass"),
    ),
    *of(
        "_core/constants_of_rows.py",
        "test_classes test_calls test_every_loss",
        ("np.where(f > 0.5, hyperparameters[", "np.where(f > 0.3, hyperparameters["),
        ("x = np.log(f) / (1 - q)", "x = np.log(f)"),
        ("start * (1 - before[start])", "start * before[start]"),
        ("bends = weight @ (rows / (p + rows)) / 2", "bends = weight @ (rows / (p + rows))"),
    ),
    *of(
        "_core/passes.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        (
            '{"mean": sums.weight, "batch_mean": float(sums.samples)}',
            '{"mean": sums.weight, "batch_mean": sums.weight}',
        ),
    ),
    *of(
        "_numpy/rows.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        ("there = counts & (weight != 0)", "there = counts"),
        ("(label < 0) | (label >= classes)", "(label < 0) | (label > classes)"),
        ("weight if class_weight is None else weight * class_weight[label], 0)", "weight, 0)"),
        ("weight = weighed(weight, sum_of_rows(t * class_weight))", "weight = weight * sum_of_rows(t * class_weight)"),
    ),
    *of(
        "_numpy/engine.py",
        "test_rows test_ranges test_bad_input test_truths_rows test_truths",
        ("yield (slice(start, start + step), Ellipsis)", "yield (slice(start, start + step - 1), Ellipsis)"),
    ),
    *of(
        "_core/arrays.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("    if shape != pred.shape:\n", "    if len(shape) != pred.ndim:\n"),
        ('if array.dtype.kind not in "biuf" and not', 'if array.dtype.kind not in "biufc" and not'),
        ('if pred.dtype.kind == "f" and pred.dtype.itemsize > 8:', "if False:"),
        ('if pred.dtype.kind in "biu":', 'if pred.dtype.kind in "iu":'),
        ('pred.dtype.newbyteorder("=")', "pred.dtype"),
        ("    if out.shape != shape:\n", "    if out.size != math.prod(shape):\n"),
        ("    if not out.flags.writeable:\n", "    if False:\n"),
        ("        if overlap(out, array):\n", "        if False:\n"),
        ("and x.strides == y.strides and x.dtype == y.dtype:", "and x.dtype == y.dtype:"),
        ("and not isinstance(value, bool):\n        return value", ":\n        return value"),
        ('array.dtype.kind in "iuf" or is_bfloat16(array.dtype))', 'array.dtype.kind in "iuf")'),
    ),
    *of(
        "_core/domains.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: ~(x < 0)"),
        ("lambda x: ~((x < 0) | (x > 1))", "lambda x: (x >= 0) & (x <= 1)"),
        ("(x == 1) | (x == -1) | (x != x)", "(x == 1) | (x == -1) | (x == 0)"),
        ("(x >= 0) & (x < np.inf)", "x >= 0"),
        ("(x >= 0) & (x < np.inf)", "~(x < 0) & ~(x == np.inf)"),
        ("return short if float(short) == value or value != value else str(value)", "return short"),
    ),
    *of(
        "_core/hyperparameters.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("low = math.nextafter(self.low, math.inf) if self.open_low else self.low", "low = self.low"),
        ("self.open_high or self.high == math.inf else self.high\n", "self.open_high else self.high\n"),
        ("        if not low <= number <= high:\n", "        if number < low or number > high:\n"),
        ("number = math.inf if value > 0 else -math.inf", "number = math.inf"),
        ("if isinstance(value, (bool, np.bool_)):\n                raise TypeError\n", ""),
        (
            "if value is None and self.default is None:\n            return None",
            "if value is None:\n            return None",
        ),
        ("if not -(2**63) <= number < 2**64:", "if False:"),
        ("if weights.ndim != 1:", "if weights.ndim < 1:"),
        ("if not (inside := WEIGHT.contains(weights)).all():", "if not (inside := ~(weights < 0)).all():"),
    ),
    *of(
        "_core/errors.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ('return f"; here it is {ELSEWHERE[name]}"', 'return ""'),
        ("if domain.remedy and domain.remedy_for in (None, value):", "if domain.remedy:"),
        ("        position += block.size\n", "        position += 1\n"),
        ('    warn(f"the mean over {reason} is undefined")\n', ""),
    ),
    *of(
        "_core/arguments.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("self.written and (\n", "False and (\n"),
        ("if not isinstance(reduction, str) or reduction not in REDUCTIONS:", "if reduction not in REDUCTIONS:"),
        ("return REDUCTIONS[REDUCTIONS.index(reduction)]", "return reduction"),
        ("OTHER_REDUCTIONS.get(reduction) if isinstance(reduction, str) else None", "None"),
        ("if not -array.ndim <= axis < array.ndim:", "if not -array.ndim <= axis <= array.ndim:"),
        ("if array.shape[front] == 0 and array.size == 0 and 0 not in", "if False and 0 not in"),
        ("    if not names:\n", "    if False:\n"),
        ("if not isinstance(out, (tuple, list)) or len(out) != 2:", "if len(out) != 2:"),
    ),
    *of(
        "_core/families.py",
        "test_bad_input test_fuzz test_truths test_inputs test_accumulator",
        ("        if not integers:\n", "        if False:\n"),
        ("    elif target.shape != pred.shape:\n", "    elif target.size != pred.size:\n"),
    ),
    *of(
        "_core/families.py",
        "test_ranges test_rows test_truths_rows",
        ("class_weight = centred(class_weight, at_least_1=True)", "pass"),
    ),
    *of(
        "_core/arguments.py",
        "test_ranges test_rows test_truths_rows",
        ("int(min(shift, 1024 - most))", "int(shift)"),
    ),
    *of(
        "_core/arguments.py",
        "test_forecasts test_catalogue",
        ("1 - (least + most) // 2", "1 - most"),
        ("shift = 1 - least if at_least_1 else ", "shift = "),
    ),
    *of(
        "_core/loss.py",
        "test_known_values test_inputs test_accumulator test_bad_input test_ranges",
        ("            if value is MISSING:\n", "            if False:\n"),
    ),
    *of(
        "_core/registry.py",
        "test_known_values test_inputs test_accumulator test_bad_input test_ranges",
        ("near = difflib.get_close_matches(name, losses, 1)", "near = []"),
    ),
    *of(
        "_core/calls.pyx",
        "test_calls test_bad_input test_inputs",
        ("name) != value:", "name) == NULL:"),
        ("            if given != len(<dict>loss._last[0]):\n                return None\n", ""),
        ("if name not in before or before[name] is not value:", "if name not in before:"),
        ("                weight = <object>value\n", "                pass\n"),
    ),
    *of(
        "accumulator.py",
        "test_accumulator test_ranges",
        ("copy(value) for name, value", "value for name, value"),
        ("Fraction(number) / Fraction(unit)", "Fraction(number) * Fraction(unit)"),
        ("Sum(self.exact + other.exact,", "Sum(Fraction(float(self.exact) + float(other.exact)),"),
        ("cls(infinite=number)", "cls()"),
        ("self.infinite + other.infinite", "self.infinite"),
        ("math.inf if self.exact > 0 else -math.inf", "math.inf"),
        ("self._weight += other._weight", "pass"),
        ("self.samples += other.samples", "pass"),
        ("            or self.reduction != other.reduction\n", ""),
        ('if reduction not in ("mean", "sum", "batch_mean"):', "if False:"),
        ('if self._weight.exact == 0 and self.reduction == "mean":', "if False:"),
    ),
    *of(
        "linear.py",
        "test_linear test_ranges",
        ("if X.ndim != 2:", "if False:"),
        ("if isinstance(loss, (Alignment, Triplets)):", "if False:"),
        ("and (count,) != target.shape[1:]:", "and False:"),
        ("np.asarray(real_array(name, w), np.float64)", "np.asarray(w, np.float64)"),
        ("if x is not None and (x.ndim == 0 or len(x) not in lengths):", "if False:"),
        ('if "axis" in parameters:', "if False:"),
        ("gradient /= self._divisor", "pass"),
        ("1 / (2 * cost)", "1 / cost"),
        ("gradient *= 0 if cost == 0 else 1 / (2 * cost)", "gradient *= 1 / (2 * cost)"),
        ("cost += 0.5 * self.l2", "cost += self.l2"),
        ("self._parts(gradient)[0][...] += self.l2 * coefficients", "pass"),
        ("float(np.vdot(coefficients, coefficients))", "float(np.vdot(w, w))"),
        ("            for b in intercept:\n                scores += b\n", ""),
        ("value += cost\n", "value = cost\n"),
        ("if not np.isfinite(part).all():", "if False:"),
        ("self._unit * np.asarray(weight, np.float64)", "np.asarray(weight, np.float64)"),
        ("if len(self._weight) == 1 else self._weight[rows]", "if False else self._weight[rows]"),
        ("if self._weight is None and self._unit != 1:", "if False:"),
        ("along = np.where(slopes == 0, 0, along)", "pass"),
        ("return n * root * root, slopes, 2 * n * root", "return n * root * root, slopes * (2 * n * root), 1.0"),
        ("along, **given).astype(np.float64)", "along, **given)"),
        ("{name: copy(value) for name, value in parameters.items()}", "dict(parameters)"),
        ("if self._shift:\n", "if False:\n"),
        ("np.ldexp(gradient, -self._shift)", "gradient"),
        ("if count is not None and count < 1:", "if False:"),
        ("fit_intercept * math.prod(columns)", "math.prod(columns)"),
    ),
    *of(
        "_core/families.py",
        "test_linear test_ranges test_every_loss",
        ('return len(parameters["class_weight"])', "pass"),
        ("(True if ignored is None else ids != ignored)", "True"),
        ("np.broadcast_to(weight != 0 if fits else True, samples)", "np.broadcast_to(True, samples)"),
        ("where=counted(ids, parameters, sample_weight))) + 1", "where=counted(ids, parameters, sample_weight)))"),
    ),
    *of(
        "_core/threads.py",
        "test_runtime",
        ("if count < 1:", "if count < 0:"),
        ("return math.ceil(int(limit) / int(period))", "return int(limit) // int(period)"),
        ("if began is None:", "if True:"),
        ("_limit = _before[began][1]", "_limit = MOST"),
        ("        del _before[began:]\n", ""),
        ("((min(_count, _limit), _limit))", "((_count, _limit))"),
        ("if int(limit) > 0 else unlimited", "if True else unlimited"),
    ),
    *of(
        "_core/backend.py",
        "test_runtime",
        ('    if mode != "stdout":\n', "    if False:\n"),
    ),
    *of(
        "_core/registry.py",
        "test_score",
        ("if isinstance(value, (list, tuple)) and", "if False and"),
        ("        return ast.literal_eval(value)\n", "        raise\n"),
        ("if keyword in parameters:", "if False:"),
        ("if not equals:", "if False:"),
        ("if keyword not in loss.parameters:", "if False:"),
    ),
    *of(
        "_numpy/two_rows.py",
        "test_catalogue test_calls",
        ("self.near = cosine > 0.5", "self.near = cosine > 9"),
        ("near = self.gap - self.distance[:, None] * self.p", "near = self.gap + self.distance[:, None] * self.p"),
        ("(1 - 3 * self.p**2)", "(1 - self.p**2)"),
        ("self.p * on_t + self.t * on_p", "self.p * on_p + self.t * on_t"),
    ),
    *of(
        "_numpy/structured.py",
        "test_catalogue test_calls test_groups",
        ("self.shares() - self.w)", "self.shares() - self.event)"),
        ("np.maximum.accumulate(self.score)", "np.full(len(score), score.max(initial=NONE))"),
        ("after[group + 1] - power * rise[group]", "after[group + 1]"),
        ("carried = results[-1][-1:] - power * (level[start] - level[start - 1])", "carried = results[-1][-1:]"),
        ("rise = power * (level", "rise = (level"),
        ("so_far[self.before] - (self.top - level[self.before])", "so_far[self.before]"),
        ("np.where(reached, self.score - above, 0)", "self.score - above"),
        ("pairs = self.place > self.place[row, None]", "pairs = self.place >= self.place[row, None]"),
        ("sign * x.sum(axis=1)", "x.sum(axis=1)"),
        ("2 * softplus_bound(gap)", "softplus_bound(gap)"),
        ("vector[row, None] - vector", "vector - vector[row, None]"),
        ("1 - rank / self.size[self.group] if efron", "1 - rank / self.size.max() if efron"),
        ("terms + 2 * np.log(self.left)", "terms + np.log(self.left)"),
        ("result -= sign * np.exp", "result -= np.exp"),
    ),
    *of(
        "_core/groups.py",
        "test_groups test_catalogue",
        ("(single == place).all()", "True"),
        ("np.int64(-(1 << 31)) - bits, bits)", "bits, bits)"),
        ("bits + width + (count - 1).bit_length() > 63", "False"),
        ("value -= mass * (batch.own_shift * math.log(2))", "pass"),
        ("sums[bad, 0] = np.nan", "pass"),
        ('{"shift": 2 * shift}', '{"shift": shift}'),
        ("(groups[1:] >= groups[:-1]).all()", "True"),
        ("return event, np.ones(len(weight))", "return event, event"),
        ("np.cumsum(place[1:] != place[:-1], out=different[1:])", "different[1:] = np.arange(1, len(place))"),
        ("target, spread = target[order], Spread(weight)", "spread = Spread(weight)"),
    ),
    *of(
        "_core/whole.py",
        "test_groups test_catalogue test_embeddings",
        ("if WEIGHT.contains(given).all()", "if (given >= 0).all()"),
        ('"mean": mass', '"mean": count'),
        ("result += 0.0", "pass"),
        ("computed_in(pred.dtype)", "np.float64"),
    ),
    *of(
        "_core/similarities.py",
        "test_embeddings",
        ("scaled = np.ldexp(x, -exponent[:, None])", "scaled, exponent = x, 0 * exponent"),
        ("np.where(self.positives > 0, weight, 0)", "weight"),
        ("total += slopes.T @ self.z[block]", "pass"),
        ("2 * z * mixed", "z * mixed"),
        ("along += (theirs * cosines * cosines).sum(axis=0)", "pass"),
        ("(means - z * mean_along[:, None]) ** 2", "means**2"),
        ("np.ldexp(1 / np.where(none, 1, length), -exponent)", "1 / np.where(none, 1, length)"),
        ("- dz * lengthwise", ""),
    ),
    *of(
        "_core/triplets.py",
        "test_embeddings",
        ("(places >= len(pred))", "(places > len(pred))"),
        ("places, weight = places[there], weight[there]", "pass"),
    ),
    *of(
        "_numpy/embeddings.py",
        "test_embeddings",
        ("np.where(best, -rest / total, 1 / total - own)", "1 / total - own"),
        ("np.where(gap <= 0, 0, weight)", "np.where(gap < 0, 0, weight)"),
        ("(1 - unit) * (1 + unit)", "1 - unit"),
    ),
    *of(
        "_numpy/boxes.py",
        "test_forecasts test_catalogue",
        ("corners - np.where(self.meets, 0,", "corners - np.where(self.meets, 1,"),
        ("(2 - alpha) * alpha * v - alpha**2", "alpha * v - alpha**2"),
    ),
    *of("_numpy/ensembles.py", "test_forecasts test_catalogue", ("below + above + 1.0", "below + above")),
    *of("_numpy/ordered.py", "test_forecasts", ("share(up)[1] - share(down)[0]", "share(up)[0] - share(down)[0]")),
    *of("_numpy/alignments.py", "test_alignments", ("labels[:, 1:] != labels[:, :-1]", "labels[:, 1:] >= 0")),
    *of(
        "_numpy/outputs.py",
        "test_catalogue test_calls test_forecasts",
        ("self.s / 2 + self.q", "self.q"),
        ("0.5 - self.q", "0.5 + self.q"),
        ("self.pair(self.h * self.h, self.q)", "self.pair(self.q, self.h * self.h)"),
        ("self.q = self.k / 2 * self.k", "self.q = self.k * self.k / 2"),
        ("along = self.h * v[:, 0] - self.k * v[:, 1]", "along = self.h * v[:, 0] + self.k * v[:, 1]"),
    ),
    *of(
        "accumulator.py",
        "test_score",
        ("return REGISTRY[SQUARES.get(loss.name, loss.name)]", "return loss"),
    ),
    *(
        Mutant("fastloss/_cython/c/pool.h", old, new, ("tests/slow/test_pool.py", "-m", "slow", "-k", "no_data_race"))
        for old, new in (
            (
                "if (pool_and(&pool.seats, POOL_SEAT - 1) % POOL_SEAT) pool_finish(began);",
                "pool_and(&pool.seats, POOL_SEAT - 1);",
            ),
            ("            if (chunk >= range->end) break;\n", ""),
            (
                "pool_replace(&pool.seats, &seats, seats - POOL_SEAT + 1)",
                "pool_replace(&pool.seats, &seats, seats + 1)",
            ),
            ("    pool = nobody;\n", "    (void)nobody;\n"),
            ("if (pool_work(thread)) pool_swap(&pool.failed, 1);", "pool_work(thread);"),
            ("threads > 1 && !pool_swap(&pool.owned, 1)", "threads > 1 && (pool_swap(&pool.owned, 1), 1)"),
        )
    ),
    # ---- what is compiled
    *of(
        "_cython/formulas/regression.pxd",
        "test_known_values test_every_loss test_truths test_catalogue test_accuracy test_robust",
        ("value[0] = d * d\n        grad[0] = two * d", "value[0] = d * d\n        grad[0] = d"),
        ("grad[0] = by_sign(d, one, -one)", "grad[0] = one if d > zero else -one"),
        ("value[0] = q if q > p else p", "value[0] = p if q > p else q"),
        ("grad[0] = by_sign(d, b, -a)", "grad[0] = by_sign(d, a, -b)"),
        ("s = a if d < zero else b", "s = b if d < zero else a"),
        ("grad[0] = (one if d > zero else -one) if s > zero else s", "grad[0] = one if d > zero else -one"),
        ("hess[0] = two if s > zero else s", "hess[0] = two"),
        ("work[1, i] = s if (q > near) & (q < large) else zero", "work[1, i] = zero"),
        ("seen |= absolute(work[0, i]) > far", "pass"),
        ("hess[0] = bound[0] = two + zero * d if", "hess[0] = bound[0] = two if"),
        ("flat = (s == beyond) & (target < beyond)", "flat = False"),
        ("bound[0] = zero if flat else two * ((one if q < one else q) / s) / s", "bound[0] = two / s / s"),
        ("value[0] = m if m == zero else m / s", "value[0] = m / s"),
        ("a = two * q if pred == zero else four * q", "a = four * q"),
        ("grad[0] = zero if apart else a", "grad[0] = a"),
        ("q = (s if apart else b * m) / s", "q = b * m / s"),
        ("q = b * (p / s)", "q = p / s"),
    ),
    *of(
        "_cython/formulas/robust.pxd",
        "test_known_values test_every_loss test_truths test_catalogue test_accuracy test_robust test_paths",
        (
            "q = delta if m > delta else m\n        value[0] = q * (m - half * q)",
            "q = delta if m > delta else m\n        value[0] = q * (m + half * q)",
        ),
        ("hess[0] = one if m <= delta else", "hess[0] = one if m < delta else"),
        ("value[0] = delta * m if b > far else m *", "value[0] = m *"),
        ("t = m if v < tiny else t", "t = t"),
        ("v = -a if m <= delta else one - a", "v = -a"),
        ("work[1, i] = u if p <= delta else work[2, i] * work[2, i]", "work[1, i] = u"),
        ("(LIFT if loss.delta < 1 / far else 1.0)", "1.0"),
        ("two * (work[0, i] - log_delta) - log_width if r > far", "two * work[0, i] - log_width if r > far"),
        ("s = relative(loss, t)", "s = t"),
        ("grad[0] = by_sign(d, delta, -delta) if r > far else d / (one + r)", "grad[0] = d / (one + r)"),
        ("(delta if r > far else one) / (m if r > far else s)", "one / s"),
        ("value[0] = delta * m if r == huge else value[0]", "value[0] = value[0]"),
        (
            "value[0] = delta * (m - delta * a) if r > one else value[0]",
            "value[0] = delta * (m - delta * a)",
        ),
        (
            "hess[0] = -(q * q) if r > far else (delta - m) / delta",
            "hess[0] = -(q * q) if r > far else (delta + m) / delta",
        ),
        ("hess[0] = zero if m >= delta else w * (w - four * u)", "hess[0] = w * (w - four * u)"),
        ("work[2, i] = u if absolute(u) < one else zero", "work[2, i] = zero"),
        ("grad[0] = zero if a == zero else d * a * a", "grad[0] = d * a * a"),
        ("q = delta / m if r > one else r", "q = r"),
        ("q = b / w if w != zero else one", "q = b / w"),
        ("v = v if v == huge else v - delta * delta * (width / alpha)", "v = v - delta * delta * (width / alpha)"),
        ("work[0, i] = two * (work[0, i] - log_delta) - log_width", "work[0, i] = two * (work[0, i] - log_delta)"),
    ),
    *of(
        "_cython/formulas/margins.pxd",
        "test_known_values test_every_loss test_truths test_catalogue test_counts test_bad_input",
        (
            "grad[0] = -target if m > zero else m\n        hess[0] = bound[0] = zero\n    elif Pointwise is SquaredHinge",
            "grad[0] = -target if m >= zero else m\n        hess[0] = bound[0] = zero\n    elif Pointwise is SquaredHinge",
        ),
        ("grad[0] = -two * target * m", "grad[0] = two * target * m"),
        ("return (target != one) & (target != -one) & (target == target)", "return (target != one) & (target != -one)"),
        ("value[0] = (zero if m > zero else -m) + work[1, i]", "value[0] = (-m if m < zero else zero) + work[1, i]"),
        ("q = a * p if m > zero else p\n", "q = p\n"),
        ("value[0] = -four * m if m < -one else q * q", "value[0] = q * q"),
        (
            "bound[0] = two if m == m else m\n    elif Pointwise is Perceptron",
            "bound[0] = two + zero * m\n    elif Pointwise is Perceptron",
        ),
    ),
    *of(
        "_cython/formulas/counts.pxd",
        "test_every_loss test_catalogue test_counts test_bad_input test_paths",
        ("value[0] = e if (t == zero) | ((e == beyond) & (t == t)) else e - t * pred", "value[0] = e - t * pred"),
        ("value[0] = e if e == beyond else pred + e", "value[0] = pred + e"),
        ("e = t * e * e if absolute(pred) > long_ else t * e", "e = t * e"),
        ("w = one if ((t == zero) & (mu == mu)) | ((mu == beyond) & (t < beyond)) else w", "w = w"),
        ("v = near if absolute(k) <= one else v", "v = v"),
        ("v = near if absolute(k) <= one else (t / mu - one) - logarithm", "v = (t / mu - one) - logarithm"),
        ("v = mu if t == zero else v", "v = v"),
        ("v = beyond if mu == zero else v\n    v = mu", "v = mu"),
        ("(t > zero) & (t < beyond) else mu / t", "(t > zero) & (t < beyond) else zero"),
        ("y = y * t * a if a > one else a * t * y", "y = y * a * t"),
        ("multiply_add(a, a, y)) * q * q", "a * a) * q * q"),
        (
            "x = multiply_add(-(t * b if pred > zero else t * c), c if pred > zero else b, r)",
            "x = multiply_add(-t, e, r)",
        ),
        ("x = (x * b if pred > zero else x * c) * (c if pred > zero else b)", "x = x * b * c"),
        ("x = y if (a < zero) & (-a * v > one) else x", "x = x"),
        ("k = bend(y) if absolute(y) <= half else (e - one) - y", "k = (e - one) - y"),
        ("y = a * a if w < tiny else y * r", "y = y * r"),
        ("(at_most(target, n, zero) if loss.power >= 2 else below(target, n, zero))", "below(target, n, zero)"),
        ("hess[0] = s / mu * two / mu * two", "hess[0] = two * two * s / mu / mu"),
        ("p = zero if y == zero else p", "p = p"),
        ("((t == beyond) & (mu < beyond)) else p\n", "(t != t) else p\n"),
        ("p = w if (t == zero) | (mu == beyond) else p", "p = w if t == zero else p"),
        ("s = three * half * q - half", "s = three * half * q + half"),
    ),
    *of(
        "_cython/formulas/scores.pxd",
        "test_known_values test_every_loss test_truths test_catalogue test_accuracy test_bad_input test_counts test_paths",
        ("u = t / p / p\n", "u = t / (p * p)\n"),
        ("p = q if pred > zero else a * q\n", "p = a * q if pred > zero else q\n"),
        ("grad[0] = multiply_add(v, p, -(u * q))", "grad[0] = multiply_add(-v, p, u * q)"),
        ("v = x * (one - target) + y", "v = one - u"),
        ("* target + <real>(loss.pos_weight * 0.5", "* target + <real>(0.5"),
        (
            "return (target < zero) | (target > one)\n    elif Pointwise is SigmoidFocal",
            "return target > one\n    elif Pointwise is SigmoidFocal",
        ),
        ("work[2, i] = zero if p < low else (one - p) - pred[start + i]", "work[2, i] = zero"),
        ("d = multiply_add(one - t, p, -(t * q))", "d = p - t"),
        ("c = zero if k == zero else u * k", "c = u * k"),
        ("work[2, i] = p if target[start + i] == one else q\n", "work[2, i] = q if target[start + i] == one else p\n"),
        ("    if by_products(gamma):\n        return raise_to(work, source, row, n, gamma)\n", ""),
        ("value[0] = b if (w == zero) & (u == <real>INFINITY) else w * u", "value[0] = zero if w == zero else w * u"),
        ("b = zero if (t == zero) | (t == one) else u ", "b = u "),
        ("k = m if s == zero else m * v / s", "k = m * v / s"),
        ("value[0] = b if (w == zero) & (u == <real>INFINITY) else w * u", "value[0] = w * u"),
        (
            "t * q + u * p if pred[start + i] > zero else t * p + u * q",
            "t * q + u * p if pred[start + i] > zero else (one - u) * p + u * q",
        ),
        ("work[2, i] *= p * t + q * (one - t)", "work[2, i] *= p * t + (one - t)"),
        ("work[3, i] = x if u < half else (one if q > one else q)", "work[3, i] = one if q > one else q"),
        ("gamma = gamma if t == one else x\n", "gamma = x\n"),
        ("hess[0] = two * v * multiply_add(d, r, v)", "hess[0] = two * v * v"),
    ),
    *of(
        "_cython/formulas/functions.pxd",
        "test_accuracy test_known_values",
        ("value[0] = (zero if pred > zero else pred) - work[1, i]", "value[0] = pred - work[1, i]"),
        ("value[0] = (zero if pred < zero else pred) + work[1, i]", "value[0] = pred + work[1, i]"),
        ("quotient(one if pred > zero else a, s, a - (s - one))", "quotient(one if pred > zero else a, s, a)"),
    ),
    *of(
        "_cython/formulas/statistics.pxd",
        "test_catalogue test_ranges test_calls",
        ("(pred * down - target * down) * up if Statistic", "pred - target if Statistic"),
        ("return x / (1 + pred)", "return x"),
        ("return (1 - x) / (1 + pred) / (1 + pred)", "return (1 + x) / (1 + pred) / (1 + pred)"),
        ("return (1 - x if x < 0 else 1) / (1 + pred)", "return 1 / (1 + pred)"),
        ("return (pred < low) | (target < low)", "return pred < low"),
    ),
    *of(
        "_cython/formulas/outputs.pxd",
        "test_catalogue test_forecasts",
        ("e = one / a if s < zero else a\n        k = d * e", "e = a\n        k = d * e"),
        ("e = one / a if s < zero else a\n        k = absolute", "e = a\n        k = absolute"),
        ("value[0] = infinite if k == infinite else s + k", "value[0] = s + k"),
        ("m_hess[0] = e * e if bounded else zero", "m_hess[0] = e * e"),
        ("s_grad[0] = multiply_add(-b, k, half)", "s_grad[0] = multiply_add(b, k, half)"),
        ("m_hess[0] = e * e\n", "m_hess[0] = e\n"),
        (
            "value[0] = infinite if b * k == infinite else multiply_add(b, k, half * s)",
            "value[0] = multiply_add(b, k, half * s)",
        ),
        ("        b = half * k\n", "        b = k\n"),
    ),
    *of(
        "_cython/formulas/pairs.pxd",
        "test_catalogue",
        ("if row.refined > 0 else row.factor * u - v", "if row.refined > 0 else u - v"),
        ("(u - v) - row.loss * u", "(u - v) + row.loss * u"),
        ("return row.first * row.pred_unit * row.target_unit > 0.5", "return False"),
        ("return 0.5 * (d * d)", "return d * d"),
        ("* (1 - 3 * u * u) + 2 * u * v)", "* (1 - u * u) + 2 * u * v)"),
        ("return (1e-250 < row.second < 1e250) and (1e-250 < row.third < 1e250)", "return True"),
        ("row.loss = wrong / divisor if divisor != 0 else 0", "row.loss = wrong / divisor"),
        ("return 0.5 if Pair is Dice else 1", "return 1"),
        ("return loss.alpha", "return 0.5"),
        ("row.bend = -2 / divisor", "row.bend = 2 / divisor"),
        ("- row.factor * t", "+ row.factor * t"),
    ),
    *of(
        "_cython/formulas/scored_rows.pxd",
        "test_classes test_catalogue test_rows",
        ("a_step[j] = 1 + q if 3 * p[i + j] - t[i + j] > 0 else least", "a_step[j] = 1 + q"),
        ("b_step[j] = 1 - q if 3 * t[i + j] - p[i + j] > 0 else least", "b_step[j] = 1 - q"),
        ("if x * x < THIRD else 0.5 * l", "if x * x < 0 else 0.5 * l"),
        ("gap[0] = -t if p != 0 else 0 * t", "gap[0] = -t"),
        ("return loss.power == 2", "return False"),
        ("value[0] = p * t\n", "value[0] = p\n"),
        ("slope[0] = t\n", "slope[0] = -t\n"),
        ("return Scores is SoftmaxMean or Scores is Ensemble", "return Scores is Ensemble"),
        ("return (score - own) + loss.margin", "return (score - own) + 1"),
    ),
    *of(
        "_cython/loops/tiles.pxd",
        "test_classes test_catalogue test_truths_rows",
        (
            "for k in range(1, LANES):\n        lane[k] = lane[0]\n    return 0\n\n\ncdef inline int fold_most",
            "return 0\n\n\ncdef inline int fold_most",
        ),
    ),
    *of(
        "_cython/formulas/boxes.pxd",
        "test_forecasts test_catalogue",
        ("e.off = 0.5 * ((p1 - t1) + (p2 - t2))", "e.off = 0.5 * ((p1 - t1) - (p2 - t2))"),
        ("left = left if x.grows * y.grows > 0.5 else around - union_", "pass"),
        ("b.loss = multiply_add[double](b.alpha, b.v, b.loss)", "pass"),
        ("cdef double union_ = area - common", "cdef double union_ = area + common"),
        ("c -= 2 * d * b.over_around * q", "c += 2 * d * b.over_around * q"),
        ("a = (2 - b.alpha) * b.alpha", "a = b.alpha"),
        ("d = (b.lack * v - b.v * g) * b.over_sum", "d = b.lack * v * b.over_sum"),
        ("slope[0] = outwards * t", "slope[0] = t"),
        ("curvature[0] = d if within < 0 else c", "curvature[0] = c"),
    ),
    *of(
        "_cython/loops/boxes.pxd",
        "test_forecasts test_catalogue",
        ("curvatures[2 * STEP + i] = s * s * curvature", "curvatures[2 * STEP + i] = s * curvature"),
        ("slopes[3 * STEP + i] = s * slope", "slopes[3 * STEP + i] = slope"),
        ("<real>(lines[WORTH, i] * w) if w != 0 else 0", "<real>(lines[WORTH, i] * w)"),
        ("True, y1[i] - u1[i], -1, &slope", "True, y1[i] - u1[i], 1, &slope"),
    ),
    *of(
        "_cython/loops/members.pxd",
        "test_forecasts test_catalogue",
        ("- (1.0 if own[l] < x[k * m + i + l] else 0.0)", ""),
        ("second = b < a", "second = b <= a and b < 0"),
        ("x[low + half - 1] <= y else 0", "x[low + half - 1] < y else 0"),
    ),
    *of(
        "_cython/formulas/ordered.pxd",
        "test_forecasts test_catalogue",
        ("work[REST, i] = <real>table[k, GAP] + 0 * t", "work[REST, i] = <real>table[k, GAP]"),
        ("upper - s if upper < INFINITY else upper", "upper - s"),
        ("multiply_add(e * over_b, over_b, f", "multiply_add(e, over_b, f"),
        ("multiply_add(e if b > zero else one, over_b", "multiply_add(e, over_b"),
        ("(one if a > zero else f) * over_a", "f * over_a"),
        ("((a if a > zero else zero) + work[DOWN_LOG, i])", "work[DOWN_LOG, i]"),
    ),
    *of(
        "_cython/loops/alignments.pxd",
        "test_alignments",
        ("skips[PAD + s] = 1 if label[s // 2] != label[s // 2 - 1] else 0", "skips[PAD + s] = 1"),
        ("m = greatest(greatest(x, y), z)", "m = greatest(x, y)"),
        ("loss = 0 if states == 1 else INFINITY", "loss = 0"),
        ("x[t, k] = p - q if loss != INFINITY else 0", "x[t, k] = p - q"),
        ("p * (1 - p) - q * (1 - q) if loss", "p * (1 - p) if loss"),
        ("emitted[t, s] -= lifted", "pass"),
    ),
    *of(
        "_cython/loops/ports.pxd",
        "test_classes test_catalogue test_truths_rows",
        ("    elif label[r - 1] >= 0:\n        tile[T, label[r - 1]] = 0", "    elif label[r - 1] >= 0:\n        pass"),
        ("line[j * m + i] = x[j, i] + 0.0", "line[j * m + i] = x[j, i]"),
        ("0 if block.has_domain else -INFINITY, block)", "0, block)"),
        ("if (all_there or row[WEIGHT, i if class_major else j] != 0) and (x[j, i] < 0)", "if (x[j, i] < 0)"),
        ("signless(<real>(g[j * m + i] * weight[i] if weight[i] != 0 else 0))", "signless(<real>g[j * m + i])"),
        ("signless(<real>(h[i] * weight[0] if weight[0] != 0 else 0))", "signless(<real>(g[i] * weight[0]))"),
        ("    if block.stages & INSPECT and block.has_domain:\n", "    if False:\n"),
    ),
    *of(
        "_cython/loops/softmax.pxd",
        "test_classes test_catalogue test_truths_rows",
        ("first_place[l] = x if x < first_place[l] else first_place[l]", "first_place[l] = x"),
        ("number[l] += 1 if p[k + l] == 1 else 0", "number[l] = 1"),
        ("others[l] += h[k + l] if here[l] != first_place[l] else 0", "others[l] += h[k + l]"),
        ("endless[l] = INFINITY if (g[k + l] == INFINITY) & (p[k + l] != 0) else endless[l]", "pass"),
        ("x = others[l] if here[l] == first_place[l] else whole[l] - h[k + l]", "x = whole[l] - h[k + l]"),
        ("rest[i] += ones[i] - 1 if ones[i] > 0 else 0", "rest[i] += 0"),
        ("& (t[k + l] >= 0.5) else first[l]", "& (t[k + l] >= 2) else first[l]"),
        ("lean = least if lean < least else lean", "lean = lean"),
        ("q = share[l] if here[l] == first_place[l] else 1 - p[k + l]", "q = 1 - p[k + l]"),
    ),
    *of(
        "_cython/loops/ranked.pxd",
        "test_classes test_catalogue test_truths_rows",
        ("g_step[l] = running[l] if j < lines - 1 else 0 * running[l]", "g_step[l] = running[l]"),
        ("running[l] = 0 * left[l]", "running[l] = 0"),
        ("g[i] = 0 * every", "g[i] = 0"),
        ("g[i] = 0 * g[i]", "g[i] = g[i]"),
        ("            sums[l * n + j] = running[l]", "            sums[l * n + j] = running[l] - before"),
        ("sums[l * n + j] = by * running[l]", "sums[l * n + j] = running[l]"),
        ("left[l] = 0 if labelled else 1", "left[l] = 0"),
        ("x = g[k + l] if (j < place[l]) | (j == lines - 1) else left[l]", "x = g[k + l]"),
        ("running[l] += 0 if j < place[l] else x", "running[l] += x"),
        ("g[i] = every - other[i + 1]", "pass"),
        ("every = -(every + lost)", "every = -lost"),
        ("g[i] = -2 * g[i - 1]", "g[i] = -2 * g[i]"),
        (
            "h_step[l] = 2 * p[k + l] * p[k + l] * (h[k + l] + before[l])",
            "h_step[l] = 2 * p[k + l] * p[k + l] * before[l]",
        ),
    ),
    *of(
        "_cython/loops/hinges.pxd",
        "test_classes test_catalogue test_truths_rows",
        ("state[BAD, i] = 0 if own[i] == own[i] else NAN", "state[BAD, i] = 0"),
        ("here_step[l] = at(lines - 1, i + l, m, folded)", "here_step[l] = at(lines, i + l, m, folded)"),
        ("bad |= state[BAD, i] != state[BAD, i]", "bad = False"),
        ("top_step[l] = x[k + l] if x[k + l] > top_step[l] else top_step[l]", "top_step[l] = x[k + l]"),
        ("fold_sum(state[BAD], folded)", "pass"),
        ("every_step[l] += h_step[l]", "every_step[l] += 1"),
        ("h[label[r]] = state[ALL_BENDS, 0]", "h[label[r]] = 0"),
    ),
    *of(
        "_cython/loops/scored_rows.pxd",
        "test_classes test_catalogue test_truths_rows",
        ("add_exactly(1, &gaps[i], &lost[i])", "pass"),
        ("h[k + l] = b_step[l]", "h[k + l] = 0"),
    ),
    *of(
        "_cython/formulas/rows.pxd",
        "test_classes test_catalogue",
        ("((1 + loss.epsilon) - rounded(loss.epsilon * q) if a < 0 else 1 + a) * q", "(1 + a) * q"),
        ("bend[0] = 0 if a > 0 and wanted & BOUND else -a * (q * q)", "bend[0] = -a * (q * q)"),
        ("bend[0] = 0 if wanted & BOUND else -a * (slope[0] * q)", "bend[0] = -slope[0] * q"),
    ),
    *of(
        "_cython/formulas/probabilities.pxd",
        "test_catalogue test_classes test_rows test_truths_rows test_ranges test_accuracy test_bad_input",
        ("logs[0, k] = low if x < low else x", "logs[0, k] = x"),
        ("far = near if k == zero else far", "far = far"),
        (
            "gap[0] = b - a if (k == zero) & (b != zero) else zero",
            "gap[0] = a - b if (k == zero) & (b != zero) else zero",
        ),
        ("far = b * (beyond if a == zero else -far)", "far = -b * far"),
        ("value[0] = a * b if (b == zero) | (a != a) else far", "value[0] = far"),
        ("            a = t + zero\n            b = x\n", ""),
        ("q += zero * (t + x)", "pass"),
        ("q = -beyond if (t == zero) & (x > zero) else q", "pass"),
        ("q = beyond if (x == zero) & (t > zero) else q", "pass"),
        ("return zero if (x == zero) & (t == zero) else q - one", "return q - one"),
        ("return zero if (p == zero) & (t == zero) else weight * (zero * t)", "return weight * (zero * t)"),
        ("weight * (zero * t) + weight / p", "weight / p"),
        ("return weight * (two + zero * (p - t))", "return weight * two"),
        ("a = t if t > x else x\n        b = x if t > x else t\n", "a = x\n        b = t\n"),
        ("value[0] = zero if sum == zero else -far", "value[0] = -far"),
        ("far = quarter * sum * jensen(square) if square < <real>THIRD else far", "pass"),
        ("q -= lost / sum", "pass"),
        ("lost = t - (sum - x) if x > t else x - (sum - t)", "lost = t - (sum - x)"),
        ("q = -beyond if (x == zero) & (t > zero) else q", "pass"),
        ("return -half * (<real>LN_2 if sum == zero else q)", "return -half * q"),
        ("share = zero * p if t == zero else half * (t / (p + t))", "share = half * (t / (p + t))"),
        ("return weight * share if share == zero else weight * share / p", "return weight * share / p"),
        ("value[0] = -((x - t) * (x - t))", "value[0] = (x - t) * (x - t)"),
        ("value[0] = t * (x if t == zero else log)", "value[0] = t * log"),
        (
            "return zero if (x < low) | ((t == zero) & (x == zero)) else q",
            "return zero if (t == zero) & (x == zero) else q",
        ),
        ("return zero if (x < low) | ((t == zero) & (x == zero)) else q", "return zero if x < low else q"),
    ),
    *of(
        "_cython/formulas/rows.pxd",
        "test_rows test_every_loss test_catalogue test_ranges test_truths_rows",
        ("return zero if t == zero else t * z", "return t * z"),
        ("rounded(row[MASS, i] * row[LOGS, i]) - row[LINEAR, i]", "row[LOGS, i] - row[LINEAR, i]"),
        ("(rounded(share * row[LINEAR, i]) if loss.label_smoothing != 0 else 0)", "0"),
        ("part = 0 if loss.label_smoothing == 1 else rounded(", "part = rounded("),
        ("part = row[TOP, i] + row[LOGS, i]", "part = row[LOGS, i]"),
        ("            work[q, k] = work[q, k] * work[q, k]\n", "            pass\n"),
        ("work[AT_SLOPE, k] = rounded(u * (one + g * pl / q))", "work[AT_SLOPE, k] = rounded(u * (one - g * pl / q))"),
        ("l = pl if wanted & HESS else zero\n", "l = zero\n"),
        (
            "factor[PULL, k] = <real>(w * loss.label_smoothing / classes)",
            "factor[PULL, k] = <real>(loss.label_smoothing / classes)",
        ),
        ("factor[PORTION, k] = <real>(over if not over > most else most)", "factor[PORTION, k] = <real>over"),
        ("slope[0] = scale * (rounded(g * pl) + rounded(q))", "slope[0] = scale * rounded(q)"),
        ("- (rounded(q * pl) if wanted & HESS else 0))", "- rounded(q * pl))"),
        ("return p * (one - p) * curve", "return p * curve"),
        ("hess[0] = <real>(w * mass * times(wanted)", "hess[0] = <real>(w * times(wanted)"),
        (
            "grad[0] = signless(<real>(w * (others - rounded(mass * (row[REST, i] * inverse)) if most\n                                   else rounded(mass * (row[EXCLUDED, i] * inverse)) - target)))",
            "grad[0] = signless(<real>(w * (rounded(mass * (row[EXCLUDED, i] * inverse)) - target)))",
        ),
        ("* inverse * (rest * inverse)", "* inverse * (1 - inverse)"),
        ("return 2 if wanted & BOUND else 1", "return 1"),
    ),
    *of(
        "_cython/loops/samples.pxd",
        "test_truths test_inputs test_ranges test_bad_input test_every_loss",
        ("lane[k] += weight[i + k]\n", "lane[k] += 1\n"),
        ("bad |= not (weight[i + k] >= 0) & (weight[i + k] < INFINITY)", "bad |= not weight[i + k] >= 0"),
        (
            "return signless(<real>(<double>x * (weight * exact_scale) if weight != 0 else 0.0))",
            "return <real>(<double>x * (weight * exact_scale))",
        ),
    ),
    *of(
        "_cython/loops/pointwise.pxi",
        "test_truths test_inputs test_ranges test_bad_input test_every_loss test_paths",
        ("if seen & OUTSIDE and weighted:", "if False:"),
        ("h_block[k] = signless(u * scale)", "h_block[k] = signless(h * scale)"),
        (
            "sums.value[k] += <double>v_block[k] * w_block[k] if w_block[k] != 0 else 0.0",
            "sums.value[k] += <double>v_block[k] * w_block[k]",
        ),
        ("value[at + i + k] = v_block[k] if w_block[k] != 0 else 0", "value[at + i + k] = v_block[k]"),
        ("pass_on(grad, block.grad, start, m)", "pass_on(grad, block.grad, 0, m)"),
        ("pass_on(value, block.value, start, m)", "pass"),
        ("at = 0 if block.stores == PASSING else start", "at = start"),
        ("        if weight[i] != 0:\n            seen |= inspect", "        if True:\n            seen |= inspect"),
    ),
    *of(
        "_cython/loops/statistics.pxd",
        "test_ranges test_truths test_catalogue",
        ("lane[k] += weight[start + i + k] * (x * x) if weight[start + i + k] != 0 else 0", "lane[k] += x * x"),
        ("- g * g) * inverse * lift", "+ g * g) * inverse * lift"),
        (
            "w * bound(loss, pred[start + i + k], x) * inverse * lift)",
            "w * bound(loss, pred[start + i + k], x) * inverse)",
        ),
        ("g_block[k] = signless(<real>(0 if w == 0 else g))", "g_block[k] = signless(<real>g)"),
        (" and lift == 1 and 1e-30 < factor and factor < 1e30", " and lift == 1"),
        ("and weight.shape[0] == 0 and lift == 1 and", "and weight.shape[0] == 0 and"),
        ("        elif lift != 1:\n", "        elif False:\n"),
    ),
    *of(
        "_cython/pointwise.pxi",
        "test_truths",
        ("                rotate(&sums, head)\n", "                pass\n"),
        ("sums.value[k] = before[(k + h) % LANES]", "sums.value[k] = before[(k + h + 1) % LANES]"),
        ("            if not direct:\n", "            if True:\n"),
    ),
    *of(
        "_cython/pointwise.pxi",
        "test_robust test_counts",
        ("memmove(job.columns, job.columns + 1, sizeof(job.columns) - sizeof(void*))", "pass"),
        ("memmove(job.parameters, job.parameters + 1, sizeof(job.parameters) - sizeof(double))", "pass"),
        ("if self.entry.special[k].value == job.parameters[0]:", "if k == 0:"),
    ),
    *of(
        "_cython/arrays.pxi",
        "test_catalogue test_inputs test_every_loss",
        ("contiguous = contiguous and cnp.PyArray_IS_C_CONTIGUOUS(x)", "pass"),
        ("batch.stride[0][k] *= cnp.PyArray_DIM(x, last)", "pass"),
        (
            "cnp.PyArray_STRIDE(x, last) if cnp.PyArray_DIM(x, last) > 1 else batch.operand[k].size",
            "batch.operand[k].size",
        ),
    ),
    *of(
        "_cython/loops/outputs.pxd",
        "test_catalogue",
        (
            "value[start + i + k] = <real>(v_block[k] * w_block[k]) if w_block[k] != 0 else 0",
            "value[start + i + k] = <real>(v_block[k] * w_block[k])",
        ),
        (
            "sums.value[k] += <double>v_block[k] * w_block[k] if w_block[k] != 0 else 0.0",
            "sums.value[k] += v_block[k]",
        ),
        ("weigh(weight, sums)\n", "pass\n"),
        ("grad[2 * (start + i + k)] = g_block[k]", "grad[2 * (start + i + k)] = gs_block[k]"),
        (
            "hs_block[k] = scaled(hs_block[k], w_block[k], weighted,",
            "hs_block[k] = scaled(hs_block[k], w_block[k], False,",
        ),
    ),
    *of(
        "_cython/loops/pairs.pxd",
        "test_catalogue",
        ("        if not in_range(loss, block.sums[0]):\n", "        if False:\n"),
        ("return (0 if in_range(loss, block.sums[0]) else 1) |", "return 0 |"),
        ("third[k] += z\n        i += WIDTH", "third[k] += y\n        i += WIDTH"),
        ("sums.first += halved(", "sums.first = halved("),
        ("sums.refined += halved(", "sums.refined = halved("),
        ("fabs(<double>target[i])", "<double>target[i]"),
        ("    if weight == 0:\n", "    if False:\n"),
        ("grad[i] = signless(<real>(weight * slope(", "grad[i] = signless(<real>(slope("),
        ("hess[i] = signless(<real>(weight * curvature(", "hess[i] = signless(<real>(curvature("),
    ),
    *of(
        "_cython/loops/survival.pxd",
        "test_catalogue test_groups",
        ("while first > 0 and time[first - 1] == time[last - 1]:", "while False:"),
        ("deaths += event[i]", "deaths += weight[i]"),
        ("power(score[i] - before) if before < INFINITY else 0\n", "power(score[i] - before)\n"),
        ("portion = 1 - i / count", "portion = 1"),
        ("b = deaths / z / z", "b = deaths / z"),
        ("b = b * e * e + group[2, first]", "b = b * e + group[2, first]"),
        ("e * (a - a_tied) - event[i]\n", "e * a - event[i]\n"),
        ("b_tied += share * (1 - portion * portion) / z / z", "b_tied += share * (1 - portion) / z / z"),
        ("lifted = log(z) if rest > most else log(most) + log1p(rest / most)", "lifted = log(z)"),
        ("rest[0] = (rest[0] + most[0]) * power(", "rest[0] = rest[0] * power("),
    ),
    *of(
        "_cython/loops/class_major.pxd",
        "test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("top[i] = e[j, i] if e[j, i] > top[i] else top[i]", "top[i] = e[0, i]"),
        ("mass[i] = mass[i] if e[j, i] == e[j, i] else NAN", "mass[i] = mass[i]"),
        ("sums[i] += linear(loss, e[j, i], t[j, i] * keep + share)", "sums[i] += linear(loss, e[j, i], t[j, i])"),
        ("row[REST, i] = rest[i] + (ones[i] - one if ones[i] > zero else zero)", "row[REST, i] = rest[i]"),
        ("row[OTHERS, i] = rest[i] + (ones[i] - 1 if ones[i] > 0 else 0)", "row[OTHERS, i] = rest[i]"),
        ("row[MEAN_BEND, i] += work[AT_BEND, i]", "row[MEAN_BEND, i] = work[AT_BEND, i]"),
        ("e[j, i] = spare[j, i] - factor[PULL, i]", "e[j, i] = spare[j, i] + factor[PULL, i]"),
        ("if row[WEIGHT, i] == 0:             # not there: 0, whatever it holds", "if False:"),
    ),
    *of(
        "_cython/loops/floor.pxd",
        "test_runtime",
        ("block[i] = a[start + i] ^ b[start + i]", "block[i] = a[start + i] ^ b[i]"),
        ("out[start + i] = a[start + i] ^ b[start + i]", "out[start + i] = a[start + i]"),
        ("m * <Py_ssize_t>sizeof(int64_t))", "m)"),
    ),
    *of(
        "_cython/floor.pxi",
        "test_runtime",
        ("memset(job.out + start, 0,", "memset(job.out, 0,"),
        ("job.loops.write(zeros, zeros, job.out + start, i, True)", "job.loops.write(zeros, zeros, job.out, i, True)"),
    ),
    *of(
        "_cython/rows.pxi",
        "test_ranges",
        ("by_table(batch, results, self.out_table, <char*>block.spare, n * batch.core)", "pass"),
        ("pool_or(&row.seen, seen)", "pass"),
    ),
    *of(
        "_cython/core.pxi",
        "test_alignments test_catalogue",
        ("if not (weight >= 0 and weight < INFINITY):", "if not weight >= 0:"),
        ("return weight * batch.unit", "return weight"),
        ("<void*>&loss if batch.double_precision else <void*>&single", "<void*>&loss"),
    ),
    *of(
        "_cython/loops/row_major.pxd",
        "test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("if not block.retains_exps:\n        again(x, e, row, i, n)\n    while", "while"),
        ("for k in range(n):\n        e[i, k] = x[i, k] - top", "for k in range(n):\n        e[i, k] = x[i, k]"),
        ("w = fma(t[i, k], class_weight[block.start + k], w)", "w = fma(t[i, k], class_weight[k], w)"),
        ("    if block.weighted and row[WEIGHT, i] == 0:\n        return 0\n", "    if False:\n        return 0\n"),
        ("target[0, k] = t[i, done + k] * keep + share", "target[0, k] = t[i, done + k] + share"),
        ("part[SPAN_MARGIN, c] = x[i, place] - base", "part[SPAN_MARGIN, c] = x[i, place]"),
        ("part[SPAN_REST, c] = rest + (1 if place >= 0 else 0)", "part[SPAN_REST, c] = rest"),
        ("part[SPAN_MASS, c] = NAN if holds_nan(x, i, n) else 0", "part[SPAN_MASS, c] = 0"),
        ("return power(base - row[TOP, i]) if base < row[TOP, i] else 0", "return 1"),
        ("row[MEAN_SLOPE, i] += part[SPAN_SLOPE, k]", "row[MEAN_SLOPE, i] = part[SPAN_SLOPE, k]"),
        ("work[AT_VALUE, k] = work[AT_SLOPE, k] = work[AT_BEND, k] = 0", "work[AT_VALUE, k] = work[AT_BEND, k] = 0"),
        ("hess[i, runner] = <real>runner_curvature(loss, row, i, wanted)", "pass"),
        ("grad[i, place] = g\n", "pass\n"),
    ),
    *of(
        "_cython/loops/probabilities.pxd",
        "test_classes test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("seen |= OUTSIDE if outside_unit(p, 0, 0, n) else 0 ", "seen |= 0 "),
        ("if gapped(loss) else 0 - row[LINEAR, i]", "if gapped(loss) else row[LINEAR, i]"),
        (
            "row[LOSS, i] = row[LOSS, i] * row[WEIGHT, i] if row[WEIGHT, i] != 0 else 0",
            "row[LOSS, i] = row[LOSS, i] * row[WEIGHT, i]",
        ),
        ("sum += of_row(terms, 0, 0, m)", "sum = of_row(terms, 0, 0, m)"),
        ("sum_of_gaps += of_row(gaps, 0, 0, m)", "pass"),
        ("s = q * w if w != 0 else 0", "s = q * w"),
        ("curvature(loss, x, t[i, at + k], q, one) * scale", "curvature(loss, x, t[i, at + k], q, one)"),
        ("s, w) if w != 0 else 0)", "s, w))"),
        ("ones[0, k] = one if label[done + k] == j else zero", "ones[0, k] = zero"),
        ("label[j] - block.start - done] = zero if take_away", "label[j] - block.start - done] = one if take_away"),
        ("0 <= label[j] - block.start - done < m", "0 <= label[j] - done < m"),
        (
            "s = 0 if (label[i] < 0) | (x < low) else row[WEIGHT, i] / x",
            "s = 0 if label[i] < 0 else row[WEIGHT, i] / x",
        ),
    ),
    *of(
        "_cython/loops/conclude.pxd",
        "test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("block.classes if block.class_weight is not NULL else 0)", "0)"),
        (
            "if (not block.weighted or row[WEIGHT, i if class_major else j] != 0) and (t[j, i] < 0)",
            "if (t[j, i] < 0)",
        ),
        (
            "row[CLASS_WEIGHT, i] = fma(t[j, i], class_weight[j], row[CLASS_WEIGHT, i])",
            "row[CLASS_WEIGHT, i] = fma(t[j, i], class_weight[j], 0)",
        ),
        ("counted -= 1", "pass"),
        ("elif row[WEIGHT, i] != 0 and (id < 0 or id >= classes):", "elif id < 0 or id >= classes:"),
        ("row[WEIGHT, i] = row[WEIGHT, i] * class_weight[id]", "row[WEIGHT, i] = class_weight[id]"),
        ("row[WEIGHT, i] = w * row[CLASS_WEIGHT, i] if w != 0 else 0", "row[WEIGHT, i] = w * row[CLASS_WEIGHT, i]"),
        ("linear += (top - part[SPAN_TOP, c]) * mass", "linear += 0"),
        (
            "others = (others + (1 if runner >= 0 else 0)) * down + part[SPAN_OTHERS, c]",
            "others = others * down + part[SPAN_OTHERS, c]",
        ),
        ("row[MARGIN, i] = margin + (base - top)", "row[MARGIN, i] = margin"),
        ("lost[0, i] = <real>((sum - <double>x[0, i]) + (small - (sum - big)))", "lost[0, i] = 0"),
        ("row[LOSS, i] = v * w if w != 0 else 0.0", "row[LOSS, i] = v * w"),
    ),
    *of(
        "_cython/loops/sums.pxd",
        "test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("return folded(lane) + tail", "return folded(lane)"),
        ("return sum + ones", "return sum"),
        (
            "lane[k] += (x[i, j + k] + x[i, j + LANES + k]) + (x[i, j + 2 * LANES + k] + x[i, j + 3 * LANES + k])",
            "lane[k] += (x[i, j + k] + x[i, j + LANES + k]) + x[i, j + 2 * LANES + k]",
        ),
        ("top = lane[k] if lane[k] > top else top", "top = lane[k]"),
        ("found |= x[i, k] != x[i, k]", "found = x[i, k] != x[i, k]"),
        ("if (x[i, k] < zero) | (x[i, k] > one):", "if x[i, k] > one:"),
        ("losts[k] += losts[k + half]", "pass"),
        ("for k in range(end - j):\n        add_exactly(x[i, j + k], &sums[k], &losts[k])", "pass"),
        ("lost[0] += losts[0]", "pass"),
    ),
    *of(
        "_cython/loops/divergence.pxd",
        "test_rows test_ranges test_catalogue test_bad_input test_truths test_truths_rows",
        ("    add_exactly(-1, &gap, &lost)\n", "    gap -= 0\n"),
        ("    if scant(known[MASS, i]):\n        return known[TERMS, i]\n", ""),
        ("return mass < 0.5", "return False"),
        ("known[SUM, 0] = known[SUM, 0] * power(known[TOP, 0] - top) + sum", "known[SUM, 0] = known[SUM, 0] + sum"),
        ("t * (bend_short(l) if real is float else bend_d(l)) if fabs(l) <= 0.5 else", ""),
        ("bend_short(l) if real is float else bend_d(l)", "bend_short(l)"),
        ("part = -t * l if scant(mass) else part", "pass"),
        ("return (0 if scant(mass) else q) if t == 0 else part", "return part"),
        ("return (0 if scant(mass) else q) if t == 0 else part", "return q if t == 0 else part"),
        ("add_exactly(tile[T, k + l], &mass[l], &lost[l])", "mass[l] += tile[T, k + l]"),
        ("return q * inverse if real is float else fraction(q, sum, inverse)", "return q"),
        ("        return 0 / known[SUM, i]\n", "        return 0\n"),
        (
            "join(known, part[SPAN_TOP, c], part[SPAN_REST, c])",
            "join(known, part[SPAN_TOP, 0], part[SPAN_REST, 0])",
        ),
        ("(known[SUM, i] if known[SUM, i] >= 1 else NAN)", "(known[SUM, i] if known[SUM, i] >= 1 else 1)"),
        ("cdef double base = top if top > -INFINITY else 0", "cdef double base = top"),
        (
            "            tile[line, first + k] = x[k, r] - base\n",
            "            tile[line, first + k] = x[r, k] - base\n",
        ),
        ("known[LOST, 0] += part[SPAN_LOST, c]", "known[LOST, 0] = part[SPAN_LOST, c]"),
        ("add_exactly(part[SPAN_MASS, c], &known[MASS, 0], &known[LOST, 0])", "known[MASS, 0] = 1"),
    ),
    *of(
        "_cython/outputs.pxi",
        "test_catalogue",
        ("and n == padded and (k != WEIGHT or batch.unit == 1)", "and n == padded"),
        ("place[k] = at(batch, k, start * self.numbers[k])", "place[k] = at(batch, k, start)"),
        ("(not batch.summed or (n < padded and block.weight is NULL))", "not batch.summed"),
        (
            "(<double*>spare)[i] = (<const double*>line)[numbers * i + j]",
            "(<double*>spare)[i] = (<const double*>line)[numbers * i]",
        ),
    ),
    *of(
        "_cython/pairs.pxi",
        "test_catalogue",
        ("mass += weight", "mass += 1"),
        ("loss = row.sums.loss * weight if weight != 0 else 0", "loss = row.sums.loss * weight"),
        ("row.block.weight = weight * batch.scale", "row.block.weight = weight"),
        ("row.data[k] + start * operand.step", "row.data[k]"),
    ),
    *of(
        "_cython/groups.pxi",
        "test_groups",
        ("block.sums = job.sums + 3 * g", "block.sums = job.sums"),
        ("block.grad = job.all.grad + start", "block.grad = job.all.grad"),
        ("wanted & BOUND\n", "False\n"),
    ),
    *of(
        "_cython/loops/ranking.pxd",
        "test_groups",
        ("while last < n and place[last] == place[first]:", "while False:"),
        ("if tile.filled == TILE:", "if tile.filled > TILE:"),
        ("sums[1] += own * behind", "sums[1] += own + behind"),
        ("(small[k] if gap[k] < 0 else 1) / (1 + small[k])", "small[k] / (1 + small[k])"),
        ("2 * softplus_bound", "softplus_bound"),
        ("lane[i - whole] += x[i]", "lane[0] = x[i]"),
    ),
    *of(
        "_cython/loops/embeddings.pxd",
        "test_embeddings",
        ("if positives == 0:", "if False:"),
        ("s[own] = 0                          #", "pass  #"),
        ("if positives == 1 and label[place] == mine:", "if False:"),
        ("if 1e-250 < total < 1e250 or total != total:", "if True:"),
        ("if gap <= 0:", "if gap < 0:"),
        ("(1 - v) * (1 + v)", "(1 - v)"),
    ),
    *of(
        "_cython/embeddings.pxi",
        "test_embeddings",
        ("block.own = job.first.own + i", "block.own = i"),
        ("block.row = job.first.row + i * block.padded", "block.row = job.first.row + i * block.size"),
    ),
]


def copied(folder):
    """The tree as it stands, with the extension modules that are built in place."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\0")  # fmt: skip
    for name in [*filter(None, listed), *built(ROOT)]:
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def built(tree):
    """The extension modules of a tree."""
    return [str(path.relative_to(tree)) for ending in ("so", "pyd") for path in tree.glob(f"fastloss/**/*.{ending}")]


CHOSEN = """
cdef extern from *:
    \"\"\"
    #ifndef PLANTED
    #define PLANTED
    #include <stdlib.h>
    static int planted;
    __attribute__((constructor)) static void choose(void)
    {
        const char *number = getenv("FASTLOSS_MUTANT");
        planted = number ? atoi(number) : 0;
    }
    #endif
    \"\"\"
    const int planted
"""


def depths(lines):
    """How many brackets are open before each line, and after the last."""
    text = re.sub(r'""".*?"""', lambda found: re.sub(r"[^\n]", " ", found[0]), "\n".join(lines), flags=re.DOTALL)
    depth = [0]
    for line in text.split("\n"):
        code = re.sub(r"\"[^\"]*\"|'[^']*'", "", line).split("#")[0]
        depth.append(depth[-1] + sum(map(code.count, "([{")) - sum(map(code.count, ")]}")))
    return depth


def statements(old, new):
    """Where two texts differ: the first line of the statements, and the line behind them in the one and in the other."""
    first, same = 0, 0
    while old[first] == new[first]:
        first += 1
    while old[-1 - same] == new[-1 - same] and same < min(len(old), len(new)) - first:
        same += 1
    last, depth = len(old) - same, depths(old)
    while depth[first]:
        first -= 1
    while depth[last]:
        last += 1
    return first, last, last + len(new) - len(old)


def declared(line):
    """The types and the names, with what they begin with, of a line of declarations."""
    kind, rest = re.fullmatch(r"cdef ((?:Py_ssize_t|[a-z_0-9]+)) (.*)", line).groups()
    parts, depth = [""], 0
    for c in rest:
        depth += (c in "([") - (c in ")]")
        parts = [*parts, ""] if c == "," and not depth else [*parts[:-1], parts[-1] + c]
    return kind, [part.strip() for part in parts]


def chosen_among(old, choices):
    """Statements, and others that are run in their place: lines, for (number, lines) of each mistake."""
    indent = re.match(" *", old[0])[0]
    header = re.compile(r"( *(?:if|elif|while) )(.*)(:(?: +#.*)?)")
    if (found := header.fullmatch(old[0])) and all(
        new and header.fullmatch(new[0]) and new[1:] == old[1:] for _, new in choices
    ):
        others = "".join(f"planted != {number} and " for number, _ in choices)
        conditions = [f"planted == {number} and ({header.fullmatch(new[0])[2]})" for number, new in choices]
        condition = " or ".join(f"({one})" for one in [*conditions, f"{others}({found[2]})"])
        return [found[1] + condition + found[3], *old[1:]]
    if old[0].lstrip().startswith("cdef "):
        lines, (kind, before) = list(old), declared(" ".join(line.strip() for line in old))
        for number, new in choices:
            other, after = declared(" ".join(line.strip() for line in new))
            first = next(i for i, pair in enumerate(zip(before, after, strict=True)) if pair[0] != pair[1])
            assert kind == other
            lines.append(f"{indent}if planted == {number}:")
            lines += [f"{indent}    {part}" for part in after[first:] if "=" in part]
        return lines
    lines = []
    for number, new in choices:
        lines.append(f"{indent}{'elif' if lines else 'if'} planted == {number}:")
        lines += ["    " + line for line in new] or [f"{indent}    pass"]
    return [*lines, f"{indent}else:", *("    " + line for line in old)]


def plant(mutants, tree):
    """Put the mistakes, by their numbers, into the files of a tree, and build it; the environment chooses one."""
    for file in dict.fromkeys(mutant.file for mutant in mutants.values()):
        text = (tree / file).read_text()
        lines, places = text.split("\n"), {}
        for number, mutant in mutants.items():
            if mutant.file == file and text.count(mutant.old) == 1:
                new = text.replace(mutant.old, mutant.new).split("\n")
                first, last, behind = statements(lines, new)
                places.setdefault((first, last), []).append((number, new[first:behind]))
        ends = [end for place in sorted(places) for end in place]
        assert ends == sorted(ends), f"mistakes of {file} overlap"
        for first, last in sorted(places, reverse=True):
            lines[first:last] = chosen_among(lines[first:last], places[first, last])
        planted = "\n".join(lines)
        head, docstring, code = planted.partition('"""\n') if planted.startswith('"""') else ("", "", planted)
        (tree / file).write_text(head + docstring + CHOSEN + code)
    command = [sys.executable, "setup.py", "-q", "build_ext", "--inplace"]
    done = subprocess.run(command, cwd=tree, env=os.environ | BUILD, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stdout[-5000:] + done.stderr[-5000:])


def tested(tests, tree, environment, *options):
    """The test that fails, or None."""
    environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"} | environment
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *options, *tests]
    done = subprocess.run(command, cwd=tree, env=environment, capture_output=True, text=True, check=False)
    found = re.search(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", done.stdout, flags=re.MULTILINE)
    if done.returncode < 0:
        return f"tests/:: ended by signal {-done.returncode}"
    if done.returncode and not found:
        return done.stdout[-300:] + done.stderr[-300:]  # nothing was tested
    return found[1] if found else None


def tried(number, mutant, tree):
    """The test that finds the mistake, or None. One that is planted already has only to be chosen."""
    path = ROOT / mutant.file
    text = path.read_text()
    if text.count(mutant.old) != 1:
        return f"is not there once, but {text.count(mutant.old)} times"
    environment = {"FASTLOSS_BACKEND": mutant.backend}
    if mutant.compiled:
        return tested(mutant.tests, tree, environment | {"FASTLOSS_MUTANT": str(number)}, "-k", "not numpy")
    shadows = [name for name in built(tree) if name.split(".")[0] + ".py" == mutant.file]
    for name in shadows:  # it would be imported instead
        (tree / name).unlink()
    (tree / mutant.file).write_text(text.replace(mutant.old, mutant.new))
    try:
        return tested(mutant.tests, tree, environment)
    finally:
        for name in (mutant.file, *shadows):
            shutil.copy2(ROOT / name, tree / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="of the file or the text of the mistakes to try")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", choices=("interpreted", "compiled"), help="those of Python files, or of Cython files")
    parser.add_argument(
        "--skip", type=int, default=0, metavar="N", help="leave the first N out, which were tried before"
    )
    options = parser.parse_args()
    words = options.words
    chosen = [m for m in MUTANTS if not words or any(w in m.file or w in m.old or w in m.new for w in words)]
    if options.only:
        chosen = [m for m in chosen if m.compiled == (options.only == "compiled")]
    chosen = dict(list(enumerate(chosen, 1))[options.skip :])
    survivors = []

    def run(number, mutant, trees):
        tree, start = trees.get(), time.monotonic()
        try:
            killer = tried(number, mutant, tree)
        finally:
            trees.put(tree)
        seconds = time.monotonic() - start
        print(f"{number} {seconds:4.0f} s  {mutant}\n    {killer or 'SURVIVES'}", flush=True)
        if killer is None or "::" not in killer:
            survivors.append(mutant)

    for compiled in (False, True):
        some = {number: mutant for number, mutant in chosen.items() if mutant.compiled == compiled}
        if not some:
            continue
        with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(options.jobs) as pool:
            trees = SimpleQueue()
            for i in range(options.jobs):
                trees.put(tree := copied(Path(folder) / ("" if compiled else str(i))))
            if compiled:
                plant(some, tree)
                tests = dict.fromkeys(test for mutant in some.values() for test in mutant.tests)
                if killer := tested(tests, tree, {"FASTLOSS_BACKEND": LEVEL}, "-k", "not numpy"):
                    sys.exit(f"without a mistake there fails {killer}")
            list(pool.map(lambda pair, trees=trees: run(*pair, trees), some.items()))
    print(
        f"{len(chosen) - len(survivors)} of {len(chosen)} were found" + "".join(f"\nnot found: {m}" for m in survivors)
    )
    return bool(survivors)


if __name__ == "__main__":
    sys.exit(main())
