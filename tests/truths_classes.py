"""Losses of rows of classes, two outputs and two rows by their definitions: what truths_more.py has of the others, and what the
tests of test_catalogue.py and test_calls.py want to know of each.

Nothing here is taken from the package, and nothing is a stable form.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp
import numpy as np
import truths_forecasts as forecasts
from truths import ONE, ZERO, Sample, distributions, inf, num, over

ln = math.log
SEVENTY = num(0.7)  # the number of a double


# ---- of the label's probability --------------------------------------------------------------------------------------


def softmax(x):
    e = [mp.exp(v) for v in x]
    total = mp.fsum(e)
    return [v / total for v in e]


def of_label(x, t, value, first, second):
    """A function of p[id] and its derivatives by p, through the softmax by the chain rule."""
    p, y = softmax(x), t.index(ONE)
    q = p[y]
    grad, hess, sizes = [], [], []
    for j, v in enumerate(p):
        own = (j == y) - v  # ∂p[y]/∂x = p[y]·own, ∂²p[y]/∂x² = p[y]·(own² − v(1 − v))
        grad.append(first(q) * q * own)
        terms = (second(q) * q**2 + first(q) * q) * own**2, -first(q) * q * v * (1 - v)
        hess.append(sum(terms))
        sizes.append(max(map(abs, terms)))
    return Sample(value(q), grad, hess, 0, [], sizes)


def softmax_poly(x, t, epsilon=ONE):
    sample = of_label(x, t, lambda p: epsilon * (1 - p) - mp.log(p), lambda p: -1 / p - epsilon, lambda p: 1 / p**2)
    loss = -mp.log(softmax(x)[t.index(ONE)])  # for epsilon < 0 a term of the difference
    return Sample(sample.value, sample.grad, sample.hess, loss, sample.grad_sizes, sample.hess_sizes)


def softmax_generalized_cross_entropy(x, t, q=SEVENTY):
    return of_label(x, t, lambda p: (1 - p**q) / q, lambda p: -(p ** (q - 1)), lambda p: (1 - q) * p ** (q - 2))


# ---- of a row of probabilities against another -----------------------------------------------------------------------


@dataclass
class Row:
    """f(p, t), its slopes and second derivatives by p; what they are sums of; and the same where p is rounded, as a softmax is."""

    value: Any
    slopes: list[Any]
    bends: Callable[[int, int], Any]
    size: Any = 0
    sizes: Sequence[Any] = ()
    soft_size: Any = 0
    soft_sizes: Sequence[Any] = ()


def plain(of_row):
    """The loss of the row itself."""

    def loss(p, t):
        row = of_row(p, t)
        return Sample(row.value, row.slopes, [row.bends(j, j) for j in range(len(p))], row.size, row.sizes)

    return loss


def through_softmax(of_row):
    """That of a softmax: Σᵢ fᵢ∂pᵢ/∂x, and Σᵢⱼ fᵢⱼ∂pᵢ/∂x ∂pⱼ/∂x + Σᵢ fᵢ∂²pᵢ/∂x², of slopes fᵢ and bends fᵢⱼ."""

    def loss(x, t):
        p = softmax(x)
        row, there = of_row(p, t), [i for i, v in enumerate(p) if v]
        grad, grad_sizes, hess, hess_sizes = [], [], [], []
        for j, v in enumerate(p):
            first = {i: p[i] * ((i == j) - v) for i in there}
            second = {i: p[i] * (((i == j) - v) ** 2 - v * (1 - v)) for i in there}
            steep = [row.bends(i, k) * first[i] * first[k] for i in there for k in there if row.bends(i, k)]
            grad.append(mp.fsum(row.slopes[i] * first[i] for i in there))
            grad_sizes.append(max([abs(row.soft_sizes[i] * first[i]) for i in there], default=ZERO))
            hess.append(mp.fsum([*(row.slopes[i] * second[i] for i in there), *steep]))
            hess_sizes.append(max([grad_sizes[-1], *map(abs, steep)]))
        return Sample(row.value, grad, hess, max(abs(row.value), row.soft_size), grad_sizes, hess_sizes)

    return loss


def brier_of(p, t):
    d = [a - b for a, b in zip(p, t, strict=True)]
    most = list(map(max, p, t))
    return Row(
        mp.fsum(v**2 for v in d),
        [2 * v for v in d],
        lambda i, k: mp.mpf(2 * (i == k)),
        soft_size=mp.fsum(abs(v) * m for v, m in zip(d, most, strict=True)),
        soft_sizes=[2 * v for v in most],
    )


def ranked_of(p, t):
    count, mass = len(p), max(mp.fsum(p), mp.fsum(t))
    running = [mp.fsum(p[: k + 1]) - mp.fsum(t[: k + 1]) for k in range(count - 1)]
    size, sizes = mass * mp.fsum(map(abs, running)), [2 * mass * (count - 1 - j) for j in range(count)]
    return Row(
        mp.fsum(v**2 for v in running),
        [2 * mp.fsum(running[j:]) for j in range(count)],
        lambda i, k: mp.mpf(2 * (count - 1 - max(i, k))),
        *(size, sizes) * 2,
    )


def log_of(a, b):
    """log(a/b)."""
    return mp.inf if not b else -mp.inf if not a else mp.log(a / b)


def product(a, log):
    return a * log if a else ZERO


def between_of(p, t):
    pairs = list(zip(p, t, strict=True))
    slopes = [(log_of(2 * a, a + b) if a + b else mp.log(2)) / 2 for a, b in pairs]
    bends = [over(b, 2 * a * (a + b)) if b else ZERO for a, b in pairs]
    return Row(
        mp.fsum(product(a, log_of(2 * a, a + b)) / 2 + product(b, log_of(2 * b, a + b)) / 2 for a, b in pairs),
        slopes,
        lambda i, k: bends[i] if i == k else ZERO,
        soft_size=mp.fsum(abs(a - b) for a, b in pairs),
        soft_sizes=[max(abs(s), b / (2 * (a + b)) if b else ZERO) for s, (a, b) in zip(slopes, pairs, strict=True)],
    )


def reverse_of(p, t):
    pairs = list(zip(p, t, strict=True))
    logs = [log_of(a, b) if a or b else -ONE for a, b in pairs]
    value = mp.fsum(product(a, log) for (a, _), log in zip(pairs, logs, strict=True))
    bends = [over(ONE, a) if a or b else ZERO for a, b in pairs]
    terms = [max(abs(mp.log(v)) if v else ZERO for v in pair) for pair in pairs]  # log p − log t
    worth = max([ONE, *terms])
    return Row(
        value,
        [v + 1 for v in logs],
        lambda i, k: bends[i] if i == k else ZERO,
        abs(mp.fsum(a - b for a, b in pairs if a)),
        [max(abs(v), ONE) for v in logs],
        worth * mp.sqrt(abs(value)),
        [worth] * len(p),
    )


brier, ranked_probability_score = plain(brier_of), plain(ranked_of)
jensen_shannon, reverse_kl_divergence = plain(between_of), plain(reverse_of)
softmax_brier, softmax_ranked_probability_score = through_softmax(brier_of), through_softmax(ranked_of)
softmax_jensen_shannon, softmax_reverse_kl_divergence = through_softmax(between_of), through_softmax(reverse_of)


def row_of(name, x, t):
    """The value of a long row, without its derivatives."""
    of = {"jensen_shannon": between_of, "reverse_kl_divergence": reverse_of}[name.removeprefix("softmax_")]
    return of(softmax(x) if name.startswith("softmax") else x, t)


# ---- hinges ----------------------------------------------------------------------------------------------------------


def crammer_singer_hinge(s, t, margin=ONE):
    y, count = t.index(ONE), len(s)
    others = [j for j in range(count) if j != y]
    grad = [ZERO] * count
    if not others:
        return Sample(ZERO, grad, grad)
    first = max(others, key=lambda j: (s[j], -j))
    value = max(ZERO, margin + s[first] - s[y])
    if value > 0:
        grad[first], grad[y] = ONE, -ONE
    return Sample(value, grad, [ZERO] * count, max(margin, abs(s[first] - s[y])) if value else 0)


def weston_watkins_hinge(s, t, margin=ONE, power=ONE):
    y, count, k = t.index(ONE), len(s), int(power)
    near = [max(ZERO, margin + s[j] - s[y]) if j != y else ZERO for j in range(count)]
    size = max([margin, *(abs(s[j] - s[y]) for j in range(count) if near[j])])
    grad = [k * v ** (k - 1) if v else ZERO for v in near]
    grad[y] = -mp.fsum(grad)
    hess = [mp.mpf(2) if k == 2 and v else ZERO for v in near]
    hess[y] = mp.fsum(hess)
    return Sample(mp.fsum(v**k for v in near), grad, hess, size * max(near) if k == 2 else size, [size] * count)


# ---- two outputs, two rows -------------------------------------------------------------------------------------------


def laplace_nll(p, t):
    median, log_scale = p
    d, precision = median - t, mp.exp(-log_scale)
    size = abs(d) * precision
    return Sample(
        log_scale + size,
        [mp.sign(d) * precision, 1 - size],
        [ZERO, size],
        max(abs(log_scale), size),
        [precision, max(ONE, size)],
    )


def tversky(p, t, alpha=ONE / 2, beta=ONE / 2, smooth=ONE):
    pairs = list(zip(p, t, strict=True))
    overlap = mp.fsum(a * b for a, b in pairs) + smooth
    divisor = overlap + alpha * mp.fsum(a * (1 - b) for a, b in pairs) + beta * mp.fsum((1 - a) * b for a, b in pairs)
    if not divisor:
        return Sample(ZERO, [ZERO] * len(p), [ZERO] * len(p))
    slopes = [b * (1 - alpha - beta) + alpha for b in t]
    grad = [(overlap * s - divisor * b) / divisor**2 for s, b in zip(slopes, t, strict=True)]
    sizes = [max(overlap * alpha, divisor * b) / divisor**2 for b in t]
    return Sample(
        1 - overlap / divisor,
        grad,
        [-2 * s / divisor * g for s, g in zip(slopes, grad, strict=True)],
        0,
        sizes,
        [2 * max(alpha, abs(s)) / divisor * g for s, g in zip(slopes, sizes, strict=True)],
    )


def dice(p, t, smooth=ONE):
    return tversky(p, t, smooth=smooth)


def jaccard(p, t, smooth=ONE):
    return tversky(p, t, ONE, ONE, smooth)


# ---- what there is ---------------------------------------------------------------------------------------------------

DEFINITIONS = {
    name: globals()[name]
    for name in (
        "softmax_poly", "softmax_generalized_cross_entropy", "brier", "softmax_brier", "crammer_singer_hinge",
        "weston_watkins_hinge", "ranked_probability_score", "softmax_ranked_probability_score", "jensen_shannon",
        "softmax_jensen_shannon", "reverse_kl_divergence", "softmax_reverse_kl_divergence", "laplace_nll", "dice", "jaccard",
        "tversky",
    )
} | forecasts.DEFINITIONS  # fmt: skip
NAMES = tuple(DEFINITIONS)
WAYS = [  # name, target, family
    ("softmax_poly", "ids", "logits"),
    ("softmax_generalized_cross_entropy", "ids", "logits"),
    *((name, target, "probabilities") for name in ("brier", "ranked_probability_score") for target in ("ids", "rows")),
    *(
        (f"softmax_{name}", target, "logits")
        for name in ("brier", "ranked_probability_score")
        for target in ("ids", "rows")
    ),
    ("crammer_singer_hinge", "ids", "scores"),
    ("weston_watkins_hinge", "ids", "scores"),
    ("jensen_shannon", "rows", "probabilities"),
    ("reverse_kl_divergence", "rows", "probabilities"),
    ("softmax_jensen_shannon", "rows", "logits"),
    ("softmax_reverse_kl_divergence", "rows", "logits"),
    ("laplace_nll", "one", "pairs"),
    *((name, "rows", "masks") for name in ("dice", "jaccard", "tversky")),
    *forecasts.WAYS,
]


def draw(kind, rng, n, classes, dtype):
    """A batch that suits the loss."""
    if kind.name in forecasts.DEFINITIONS:
        return tuple(x.astype(dtype) for x in forecasts.draw(kind.name, rng, n, classes))
    if kind.target == "one":
        return (rng.standard_normal((n, 2)) * 2).astype(dtype), (rng.standard_normal(n) * 2).astype(dtype)
    shape = (n, classes)
    if kind.family == "masks":
        target = np.where(rng.random(shape) < 0.7, rng.integers(0, 2, shape), rng.random(shape))
        return rng.uniform(0.01, 0.99, shape).astype(dtype), target.astype(dtype)
    pred = distributions(rng, shape) if kind.family == "probabilities" else rng.standard_normal(shape) * 3
    target = rng.integers(0, classes, n) if kind.target == "ids" else distributions(rng, shape).astype(dtype)
    return pred.astype(dtype), target


UNITS = {  # what an error may be, in units in the last place of a result or of its largest term; besides what logits may cost
    "softmax_poly": 12, "softmax_generalized_cross_entropy": 12, "brier": 8, "softmax_brier": 16, "crammer_singer_hinge": 4,
    "weston_watkins_hinge": 8, "ranked_probability_score": 12, "softmax_ranked_probability_score": 16, "jensen_shannon": 24,
    "softmax_jensen_shannon": 24, "reverse_kl_divergence": 24, "softmax_reverse_kl_divergence": 32, "laplace_nll": 8, "dice": 8,
    "jaccard": 8, "tversky": 8, **forecasts.UNITS,
}  # fmt: skip
VARIANTS = {
    "softmax_poly": [{"epsilon": e} for e in (-1.0, -0.5, 0.0, 4.0)],
    "softmax_generalized_cross_entropy": [{"q": q} for q in (1e-3, 0.5, 1.0)],
    "crammer_singer_hinge": [{"margin": m} for m in (0.0, 4.0)],
    "weston_watkins_hinge": [{"margin": m, "power": k} for m in (0.0, 4.0) for k in (1.0, 2.0)],
    "dice": [{"smooth": 0.0}],
    "jaccard": [{"smooth": 0.5}],
    "tversky": [{"alpha": 0.3, "beta": 0.7, "smooth": 0.0}, {"alpha": 2.0, "beta": 0.0}],
    **forecasts.VARIANTS,
}
OF_IDS = {"axis", "ignore_index", "class_weight"}
OWN = {
    "softmax_poly": OF_IDS | {"epsilon"},
    "softmax_generalized_cross_entropy": OF_IDS | {"q"},
    **dict.fromkeys(("brier", "softmax_brier", "ranked_probability_score", "softmax_ranked_probability_score"), OF_IDS),
    "crammer_singer_hinge": OF_IDS | {"margin"},
    "weston_watkins_hinge": OF_IDS | {"margin", "power"},
    **{f"{of}{name}": {"axis"} for of in ("", "softmax_") for name in ("jensen_shannon", "reverse_kl_divergence")},
    "laplace_nll": {"axis"},
    "dice": {"axis", "smooth"},
    "jaccard": {"axis", "smooth"},
    "tversky": {"axis", "alpha", "beta", "smooth"},
    **forecasts.OWN,
}
BOUNDED = {*NAMES} - {
    "crammer_singer_hinge", "weston_watkins_hinge", "ranked_probability_score", "dice", "jaccard", "tversky",
    *forecasts.UNBOUNDED,
}  # fmt: skip
WITHOUT_CONSTANT = {"iou", "giou", "diou", "ciou", "ctc"}
LINKS = {name: "softmax" for name in NAMES if name.startswith("softmax")}
ALIASES = {
    "poly1": "softmax_poly",
    "gce": "softmax_generalized_cross_entropy",
    "multiclass_hinge": "crammer_singer_hinge",
    "rps": "ranked_probability_score",
}


def by_hand(kinds):
    """Kind, sample, hyperparameters, its loss, gradient and curvature; None: not computed by hand."""
    get = {(kind.name, kind.target): kind for kind in kinds}
    return [(get[name, target], *rest) for name, target, *rest in HAND]


HAND = [
    ("softmax_poly", "ids", ([0, 0], 0), {}, ln(2) + 0.5, [-0.75, 0.75], [0.25, 0.25]),
    ("softmax_poly", "ids", ([0, 0], 0), {"epsilon": 0}, ln(2), [-0.5, 0.5], [0.25, 0.25]),
    ("softmax_generalized_cross_entropy", "ids", ([0, 0], 0), {"q": 0.5}, 2 - math.sqrt(2), [-0.3535534, 0.3535534],
     [0.0883883, 0.0883883]),
    ("softmax_generalized_cross_entropy", "ids", ([0, 0], 0), {"q": 1}, 0.5, [-0.25, 0.25], [0, 0]),
    ("brier", "ids", ([0.7, 0.3], 0), {}, 0.18, [-0.6, 0.6], [2, 2]),
    ("brier", "ids", ([1, 0], 1), {}, 2, [2, -2], [2, 2]),
    ("brier", "rows", ([0.5, 0.5], [0.25, 0.75]), {}, 0.125, [0.5, -0.5], [2, 2]),
    ("softmax_brier", "ids", ([0, 0], 0), {}, 0.5, [-0.5, 0.5], [0.25, 0.25]),
    ("softmax_brier", "ids", ([ln(3), 0], 1), {}, 1.125, [0.5625, -0.5625], [-0.140625, -0.140625]),
    ("softmax_brier", "rows", ([0, 0], [0.25, 0.75]), {}, 0.125, [0.25, -0.25], [0.25, 0.25]),
    ("crammer_singer_hinge", "ids", ([1, 0.5, 0], 0), {}, 0.5, [-1, 1, 0], [0, 0, 0]),
    ("crammer_singer_hinge", "ids", ([-3, -5], 0), {}, 0, [0, 0], [0, 0]),
    ("crammer_singer_hinge", "ids", ([1, 2, 2], 0), {"margin": 2}, 3, [-1, 1, 0], [0, 0, 0]),
    ("weston_watkins_hinge", "ids", ([1, 0.5, 0], 0), {}, 0.5, [-1, 1, 0], [0, 0, 0]),
    ("weston_watkins_hinge", "ids", ([0, 0, 0], 0), {}, 2, [-2, 1, 1], [0, 0, 0]),
    ("weston_watkins_hinge", "ids", ([0, 1, -0.5], 0), {"power": 2}, 4.25, [-5, 4, 1], [4, 2, 2]),
    ("ranked_probability_score", "ids", ([0.2, 0.3, 0.5], 0), {}, 0.89, [-2.6, -1, 0], [4, 2, 0]),
    ("ranked_probability_score", "ids", ([0.2, 0.3, 0.5], 2), {}, 0.29, [1.4, 1, 0], [4, 2, 0]),
    ("ranked_probability_score", "rows", ([0.25, 0.75], [0.5, 0.5]), {}, 0.0625, [-0.5, 0], [2, 0]),
    ("softmax_ranked_probability_score", "ids", ([0, 0, 0], 0), {}, 5 / 9, [-10 / 27, 2 / 27, 8 / 27], None),
    ("jensen_shannon", "rows", ([0.5, 0.5], [1, 0]), {}, 0.2157616, [-0.2027326, ln(2) / 2], [2 / 3, 0]),
    ("jensen_shannon", "rows", ([1, 0], [0, 1]), {}, ln(2), [ln(2) / 2, -inf], [0, inf]),
    ("softmax_jensen_shannon", "rows", ([0, 0], [1, 0]), {}, 0.2157616, [-0.1373265, 0.1373265], None),
    ("reverse_kl_divergence", "rows", ([0.5, 0.5], [0.25, 0.75]), {}, ln(4 / 3) / 2, [1 + ln(2), 1 + ln(2 / 3)], [2, 2]),
    ("reverse_kl_divergence", "rows", ([0.25, 0.75], [0.25, 0.75]), {}, 0, [1, 1], [4, 4 / 3]),
    ("softmax_reverse_kl_divergence", "rows", ([0, 0], [0.25, 0.75]), {}, ln(4 / 3) / 2, [ln(3) / 4, -ln(3) / 4],
     [0.25, 0.25]),
    ("laplace_nll", "one", ([1, 0], 3), {}, 2, [-1, -1], [0, 2]),
    ("laplace_nll", "one", ([0, 0], 0), {}, 0, [0, 1], [0, 0]),
    ("laplace_nll", "one", ([5, ln(2)], 1), {}, ln(2) + 2, [0.5, -1], [0, 2]),
    ("dice", "rows", ([1, 0, 0.5], [1, 0, 1]), {"smooth": 0}, 1 / 7, None, None),
    ("jaccard", "rows", ([1, 0, 0.5], [1, 0, 1]), {"smooth": 0}, 0.25, None, None),
    ("tversky", "rows", ([1, 0, 0.5], [1, 0, 1]), {"alpha": 0.3, "beta": 0.7, "smooth": 0}, 0.1891892, None, None),
    ("dice", "rows", ([0.5], [1]), {}, 1 / 7, [-1 / 1.75**2], None),
    *forecasts.HAND,
]  # fmt: skip


ANY = None  # what the definition leaves open
HALF_LN2 = ln(2) / 2
ENDS = [
    ("softmax_poly", "ids", [-inf, 0], 0, {}, inf, [-1, 1], [0, 0]),
    ("softmax_poly", "ids", [0, 1e4], 0, {"epsilon": 3}, 10003, [-1, 1], [0, 0]),
    ("softmax_generalized_cross_entropy", "ids", [-inf, 0], 0, {}, 1 / 0.7, [0, 0], [0, 0]),
    ("softmax_generalized_cross_entropy", "ids", [0, 1e4], 0, {"q": 0.5}, 2, [0, 0], [0, 0]),
    *(
        (name, "ids", *row, {}, 0, [0] * len(row[0]), [0] * len(row[0]))
        for name in ("softmax_poly", "softmax_generalized_cross_entropy", "softmax_brier", "softmax_ranked_probability_score")
        for row in (([1e4, 0, -5], 0), ([0, -inf, -inf], 0), ([7], 0))
    ),
    ("brier", "ids", [1, 0], 0, {}, 0, [0, 0], [2, 2]),
    ("brier", "ids", [-0.0, 1], 1, {}, 0, [0, 0], [2, 2]),
    ("softmax_brier", "ids", [1e4, 0], 1, {}, 2, [0, 0], [0, 0]),
    ("softmax_brier", "ids", [0, -inf], 1, {}, 2, [0, 0], [0, 0]),
    ("softmax_brier", "rows", [-inf, 0, 0], [1, 0, 0], {}, 1.5, [0, 0, 0], [0, 0.25, 0.25]),
    ("ranked_probability_score", "ids", [1], 0, {}, 0, [0], [0]),
    ("ranked_probability_score", "ids", [0, 0, 1], 0, {}, 2, [-4, -2, 0], [4, 2, 0]),
    ("ranked_probability_score", "rows", [0.5, 0.25, 0.5], [0.25, 0.5, 0], {}, 0.0625, [0.5, 0, 0], [4, 2, 0]),
    ("softmax_ranked_probability_score", "rows", [0, -inf], [0.5, 0], {}, 0.25, [0, 0], [0, 0]),
    ("softmax_ranked_probability_score", "ids", [-1e4, 0, 1e4], 0, {}, 2, [0, 0, 0], [0, 0, 0]),
    ("jensen_shannon", "rows", [0, 1], [0, 1], {}, 0, [HALF_LN2, 0], [0, 0.25]),
    ("jensen_shannon", "rows", [0, 1], [1, 0], {}, ln(2), [-inf, HALF_LN2], [inf, 0]),
    ("jensen_shannon", "rows", [-0.0, 1], [1, -0.0], {}, ln(2), [-inf, HALF_LN2], [inf, 0]),
    ("jensen_shannon", "rows", [1], [1], {}, 0, [0], [0.25]),
    ("softmax_jensen_shannon", "rows", [0, -inf], [0, 1], {}, ln(2), [0, 0], [0, 0]),
    ("softmax_jensen_shannon", "rows", [1e4, 0], [1, 0], {}, 0, [0, 0], [0, 0]),
    ("softmax_jensen_shannon", "rows", [0, 0], [1, 1e-30], {}, 3 / 4 * ln(4 / 3), [-ln(3) / 8, ln(3) / 8], [ANY, ANY]),
    ("softmax_jensen_shannon", "rows", [3, -inf], [1, 0], {}, 0, [0, 0], [0, 0]),
    ("reverse_kl_divergence", "rows", [0, 1], [0.5, 0.5], {}, ln(2), [-inf, 1 + ln(2)], [inf, 1]),
    ("reverse_kl_divergence", "rows", [0.5, 0.5], [1, 0], {}, inf, [1 - ln(2), inf], [2, 2]),
    ("reverse_kl_divergence", "rows", [-0.0, 1], [0, 1], {}, 0, [0, 1], [0, 1]),
    ("softmax_reverse_kl_divergence", "rows", [0, -inf], [1, 0], {}, 0, [0, 0], [0, 0]),
    ("softmax_reverse_kl_divergence", "rows", [0, -inf], [0.5, 0.5], {}, ln(2), [0, 0], [0, 0]),
    ("softmax_reverse_kl_divergence", "rows", [0, 0], [1, 0], {}, inf, [-inf, inf], [ANY, ANY]),
    ("softmax_reverse_kl_divergence", "rows", [0, 0, -inf], [0.5, 0.5, 0], {}, 0, [0, 0, 0], [0.25, 0.25, 0]),
    *((name, "ids", *row, {}, 0, [0] * len(row[0]), [0] * len(row[0]))
      for name in ("crammer_singer_hinge", "weston_watkins_hinge")
      for row in (([3], 0), ([0, -inf], 0), ([1, 0], 0), ([inf, 0], 0), ([2, 0.5, -inf], 0))),
    *(
        (name, "ids", *row, {}, math.nan, [math.nan] * len(row[0]), [math.nan] * len(row[0]))
        for name in ("crammer_singer_hinge", "weston_watkins_hinge")
        for row in (([math.nan], 0), ([0, math.nan, 1], 2), ([0, math.nan, 1], 1))
    ),
    *((name, "ids", [-inf, 0], 0, {}, inf, [-1, 1], [0, 0]) for name in ("crammer_singer_hinge", "weston_watkins_hinge")),
    ("crammer_singer_hinge", "ids", [0, 2, 3, 3], 1, {}, 2, [0, -1, 1, 0], [0] * 4),
    ("weston_watkins_hinge", "ids", [0, 2, 3, 3], 1, {"power": 2}, 8, [0, -8, 4, 4], [0, 4, 2, 2]),
    ("laplace_nll", "one", [1, inf], 3, {}, inf, [0, 1], [0, 0]),
    ("laplace_nll", "one", [inf, 0], 3, {}, inf, [1, -inf], [0, inf]),
    ("laplace_nll", "one", [-inf, 0], 3, {}, inf, [-1, -inf], [0, inf]),
    ("laplace_nll", "one", [1, -inf], 3, {}, inf, [ANY, ANY], [ANY, ANY]),
    ("laplace_nll", "one", [3, -inf], 3, {}, -inf, [0, 1], [0, 0]),
    ("laplace_nll", "one", [3, -2000], 3, {}, -2000, [0, 1], [0, 0]),
    ("laplace_nll", "one", [3, 2000], 7, {}, 2000, [0, 1], [0, 0]),
    ("laplace_nll", "one", [1e-30, -68], 0, {}, -68 + 1e-30 * math.exp(68), [math.exp(68), ANY], [0, 1e-30 * math.exp(68)]),
    *((name, "rows", [0, 0], [0, 0], {"smooth": 0}, 0, [0, 0], [0, 0]) for name in ("dice", "jaccard", "tversky")),
    *((name, "rows", [0.5, 0.5], [0, 0], {"smooth": 0}, 1, [0, 0], [0, 0]) for name in ("dice", "jaccard", "tversky")),
    *((name, "rows", [1, 0], [1, 0], {"smooth": 0}, 0, [-0.5, 0.5], [0.5, -0.5]) for name in ("dice", "tversky")),
    ("jaccard", "rows", [1, 0], [1, 0], {"smooth": 0}, 0, [-1, 1], [0, -2]),
    ("tversky", "rows", [1, 0], [0, 1], {"alpha": 0, "beta": 0, "smooth": 0}, 0, [0, 0], [0, 0]),
    *forecasts.ENDS,
]  # fmt: skip


def ends(kinds):
    """As `by_hand`."""
    get = {(kind.name, kind.target): kind for kind in kinds}
    return [(get[name, target], *rest) for name, target, *rest in ENDS]


WRONG = [  # name, what is wrong, the error's text
    ("softmax_poly", {"epsilon": -1.5}, "epsilon is -1.5; it must satisfy -1 <= epsilon < inf"),
    ("softmax_generalized_cross_entropy", {"q": 0.0}, "q is 0.0; it must satisfy 0 < q <= 1"),
    ("softmax_generalized_cross_entropy", {"q": 1.5}, "q is 1.5; it must satisfy 0 < q <= 1"),
    ("crammer_singer_hinge", {"margin": -1.0}, "margin is -1.0; it must satisfy 0 <= margin < inf"),
    ("weston_watkins_hinge", {"margin": inf}, "margin is inf; it must satisfy 0 <= margin < inf"),
    ("weston_watkins_hinge", {"power": 3}, "power is 3; it must be 1 or 2"),
    ("weston_watkins_hinge", {"power": math.nan}, "power is nan; it must be 1 or 2"),
    *((name, {"smooth": -1.0}, "smooth is -1.0; it must satisfy 0 <= smooth < inf") for name in ("dice", "jaccard", "tversky")),
    ("tversky", {"alpha": -0.1}, "alpha is -0.1; it must satisfy 0 <= alpha < inf"),
    ("tversky", {"beta": -0.1}, "beta is -0.1; it must satisfy 0 <= beta < inf"),
    *forecasts.WRONG,
]  # fmt: skip
