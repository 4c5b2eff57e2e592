"""What is true of rows of classes: near-equal, masked and confident rows, class ids, long batches, against exact truths."""

import itertools
import math
import re
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from cases import CALLS, DTYPES, OF_ROWS, named, pairwise
from test_truths import TINY, each_dtype, pieces, results, unaligned
from truths import (
    ROWS,
    WEIGHTS,
    Exact,
    batch,
    check,
    digits,
    functions_of_row,
    good,
    inf,
    nan,
    near,
    num,
    plus_zero,
    reductions,
    same_bits,
    summed,
    whole,
)
from truths_more import CLASSES, more_batch

import fastloss as fl

each_kind = pytest.mark.parametrize("kind", ROWS, ids=str)
CATEGORICAL, SPARSE, CE_IDS, CE_ROWS, KL, SOFTMAX_KL = ROWS
SOFTMAX = [CE_IDS, CE_ROWS, SOFTMAX_KL]
OF_PROBABILITIES = [CATEGORICAL, SPARSE, KL]
UNIT = float(np.finfo(np.float64).eps)


def rounding(classes):
    """What sums of so many doubles near 1 leave of each other."""
    return (4 + summed(np.float64, classes)) * 2 * UNIT


def one_each(count):
    return [mp.mpf(1)] * count


# ---- near-equal logits -----------------------------------------------------------------------------------------------

NEAR_EQUAL = [2, 10, 100, 1000, 50_257, 200_000]


@cache
def near_equal(classes):
    """Logits of 0.02 N(0, 1) on a grid, targets of few values; where they are looked at; the sum of exponentials."""
    rng = np.random.default_rng(classes)
    x = np.round(0.02 * rng.standard_normal(classes) * 2**16) / 2**16
    mixed = rng.integers(1, 30, classes)
    label = classes // 2
    at = np.unique(np.append(rng.integers(0, classes, 20), [0, label, classes - 1]))
    values, counts = np.unique(x, return_counts=True)
    with digits(30):
        total = mp.fsum(int(n) * mp.exp(num(v)) for v, n in zip(values, counts, strict=True))
    return x, mixed / mixed.sum(), label, at, total


@cache
def near_equal_truth(classes, kind, dtype):
    """Cross-entropy, divergence, and gradient and curvature where they are looked at."""
    x, mixed, label, at, total = near_equal(classes)
    t = {"one-hot": np.arange(classes) == label, "soft": mixed, "uniform": np.full(classes, 1 / classes)}[kind]
    t = t.astype(dtype)
    log_total, mass, products, entropy = mp.log(total), mp.mpf(0), mp.mpf(0), mp.mpf(0)
    for w in np.unique(t[t > 0]):
        share, count = num(w), int(np.sum(t == w))
        mass += share * count
        products += share * num(np.sum(x[t == w]))  # without rounding, on a grid
        entropy += share * mp.log(share) * count
    value = log_total * mass - products
    p = [mp.exp(num(v)) / total for v in x[at]]
    grad = [q * mass - num(w) for q, w in zip(p, t[at], strict=True)]
    sizes = [max(q * mass, num(w)) for q, w in zip(p, t[at], strict=True)]
    return value, value + entropy, Exact(grad, sizes), Exact([q * (1 - q) * mass for q in p])


def target_of(classes, kind, dtype):
    x, mixed, label, at, _ = near_equal(classes)
    t = {"one-hot": np.arange(classes) == label, "soft": mixed, "uniform": np.full(classes, 1 / classes)}
    return x[None].astype(dtype), np.array([label]) if kind == "ids" else t[kind][None].astype(dtype), at


@each_dtype
@pytest.mark.parametrize("classes", NEAR_EQUAL)
def test_cross_entropy_of_near_equal_logits(backend, classes, dtype):
    for target, reduction in itertools.product(("ids", "one-hot", "soft"), ("none", "mean")):
        near_equal_cross_entropy(target, reduction, classes, dtype)


def near_equal_cross_entropy(target, reduction, classes, dtype):
    pred, t, at = target_of(classes, target, dtype)
    value, _, grad, hess = near_equal_truth(classes, "one-hot" if target == "ids" else target, dtype)
    loss = fl.softmax_cross_entropy
    got, slope = loss.value_and_grad(pred, t, reduction=reduction)
    units = 4 + (summed(dtype, classes) if target == "soft" else 0)  # of the mass; those of the log are damped
    near(dtype(got), [value], units)
    near(dtype(loss(pred, t, reduction=reduction)), [value], units)
    near(slope[0, at], grad, 4 + summed(dtype, classes))
    near(loss.grad_and_hess(pred, t, reduction=reduction)[1][0, at], hess, 4 + summed(dtype, classes))


@each_dtype
@pytest.mark.parametrize("classes", NEAR_EQUAL)
@pytest.mark.parametrize("target", ["soft", "uniform"])
def test_divergence_of_near_equal_logits(backend, target, classes, dtype):
    pred, t, at = target_of(classes, target, dtype)
    _, value, grad, hess = near_equal_truth(classes, target, dtype)
    got, slope = fl.softmax_kl_divergence.value_and_grad(pred, t)
    bound = (1e-6 if dtype == np.float32 else 1e-12) * abs(value) + rounding(classes)
    assert abs(got - value) <= bound, f"{got!r}, not {float(value)!r}"
    assert abs(fl.softmax_kl_divergence(pred, t) - value) <= bound
    near(slope[0, at], grad, 4 + summed(dtype, classes))
    near(fl.softmax_kl_divergence.grad_and_hess(pred, t)[1][0, at], hess, 4 + summed(dtype, classes))


@each_dtype
@pytest.mark.parametrize("classes", NEAR_EQUAL)
@pytest.mark.parametrize("name", OF_ROWS)
def test_functions_of_near_equal_logits(backend, name, classes, dtype):
    x, _, _, at, total = near_equal(classes)
    log_total = mp.log(total)
    result = getattr(fl, name)(x[None].astype(dtype))
    if name == "logsumexp":
        near(result, [log_total])
    else:
        logs = [num(v) - log_total for v in x[at]]
        near(result[0, at], logs if name == "log_softmax" else [mp.exp(v) for v in logs], 4 + summed(dtype, classes))


# ---- masked classes --------------------------------------------------------------------------------------------------

MASKS = [
    (3, "front", 1), (3, "front", 2), (100, "front", 50), (100, "front", 99), (100, "back", 99), (5000, "front", 2048),
    (5000, "front", 4096), (5000, "front", 4999), (5000, "back", 4999), (7000, "middle", 5000),
]  # fmt: skip


def masked(classes, place, count, zeros):
    """A row whose classes are masked, and those that are not."""
    mask = np.zeros(classes, bool)
    start = {"front": 0, "back": classes - count, "middle": (classes - count) // 2}[place]
    mask[start : start + count] = True
    x = np.zeros(classes) if zeros else np.round(np.random.default_rng(classes).standard_normal(classes) * 16) / 16
    return np.where(mask, -inf, x), mask


@cache
def masked_truth(kind, classes, place, count, zeros, dtype, on_mask):
    x, mask = masked(classes, place, count, zeros)
    there = np.flatnonzero(~mask)
    label = np.flatnonzero(mask)[-1] if on_mask else there[-1]
    if kind.target == "ids":
        target = np.array([label])
    else:
        target = np.zeros((1, classes), dtype)
        target[0, there[:: max(1, len(there) // 7)]] = 0.0625
        target[0, label] = 0.25
    return x.astype(dtype)[None], target, whole(kind, kind.samples(x[None], target), one_each(1), "none")


@each_dtype
@pytest.mark.parametrize("kind", SOFTMAX, ids=str)
def test_masked_classes(backend, kind, dtype):
    for (classes, place, count), on_mask in itertools.product(MASKS, (False, True)):
        masked_row(kind, classes, place, count, on_mask, dtype)


def masked_row(kind, classes, place, count, on_mask, dtype):
    for zeros in (True, False) if kind is CE_IDS and not on_mask else (False,):
        pred, target, truth = masked_truth(kind, classes, place, count, zeros, dtype, on_mask)
        for reduction in ("none", "mean"):
            value, _, hess = check(kind, pred, target, truth, reduction)
            assert not on_mask or value == inf
            plus_zero(hess[pred == -inf])
        if zeros and not on_mask and kind is CE_IDS:
            near(dtype(kind.loss(pred, target)), [mp.log(classes - count)])


@each_dtype
def test_rows_without_a_class(backend, dtype):
    """Where all classes are masked there is no distribution, though nothing may be asked of it."""
    names = ["cross_entropy", "kl_divergence", "focal", "brier", "jensen_shannon", "reverse_kl_divergence"]
    for name, classes, rows in itertools.product(names, (1, 3, 40, 200, 3000), (1, 3, 40)):
        loss = getattr(fl, f"softmax_{name}")
        x, t = np.zeros((2, rows, classes), dtype)
        x[0], t[1:] = -inf, 1 / classes
        for reduction in ("none", "sum"):
            value, grad = loss.value_and_grad(x, t, reduction=reduction)
            assert np.isnan(value if reduction == "sum" else value[0]), (name, classes, rows)
            assert np.isnan(grad[0]).all()
            assert np.isfinite(grad[1:]).all()
            assert reduction == "sum" or np.isfinite(value[1:]).all()


@each_dtype
def test_targets_of_little_mass(backend, dtype):
    """Their divergence is as small, and as exact."""
    for classes, mass in itertools.product((1, 3, 40, 200, 5000), (1e-3, 1e-10, 1e-30)):
        rng = np.random.default_rng(classes)
        x = rng.standard_normal((6, classes)).astype(dtype)
        t = (rng.dirichlet(np.ones(classes), 6) * mass).astype(dtype)
        t[:, 1::3] = 0
        z = x.astype(float) - x.max(axis=1, keepdims=True)
        logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        expected = (t * (np.log(np.where(t > 0, t, 1), dtype=float) - logs)).sum(axis=1)
        for rows in (slice(1), slice(None)):
            value = fl.softmax_kl_divergence(x[rows], t[rows], reduction="none")
            np.testing.assert_allclose(value, expected[rows], rtol=50 * np.finfo(dtype).eps)


@each_dtype
@pytest.mark.parametrize("classes", [3, 40, 200, 1500])
def test_a_row_that_is_not_known_has_no_divergence(backend, dtype, classes):
    """NaN, an infinite logit, or none that is not -inf: alone and beside others, wherever there are targets and however few."""
    for first, rest in ((nan, 0), (inf, 0), (-inf, -inf)):
        for mass in (0.4, 0.9):
            x, t = np.zeros((2, 5, classes), dtype)
            x[:] = rest
            x[:, 0] = first
            t[:, 1:3] = mass / 2
            for rows in (slice(1), slice(None)):
                assert np.isnan(fl.softmax_kl_divergence(x[rows], t[rows], reduction="none")).all(), (first, mass)


@each_dtype
@pytest.mark.parametrize("others", [1, 3, 90, 1500, 5000])
def test_targets_far_below_the_largest_are_not_lost(backend, dtype, others):
    """What small targets add up to is all that a nearly perfect prediction differs by."""
    x = np.full((1, 1 + others), -40, dtype)
    x[:, 0] = 0
    t = np.full_like(x, np.exp(-39.0))
    t[:, 0] = 1
    with digits(60):
        small, share = num(t[0, 1]), mp.exp(-40) / (1 + others * mp.exp(-40))
        expected = float(others * small * mp.log(small / share) - mp.log(1 - others * share))
    for rows in (1, 5):
        value = fl.softmax_kl_divergence(np.tile(x, (rows, 1)), np.tile(t, (rows, 1)), reduction="none")
        np.testing.assert_allclose(value, expected, rtol=1e-6)


@each_dtype
def test_an_unknown_target_of_a_class_without_probability(backend, dtype):
    """It is not lost."""
    names = ["brier", "ranked_probability_score", "jensen_shannon", "kl_divergence", "reverse_kl_divergence"]
    for name, classes in itertools.product(names, (2, 40, 200)):
        x, t = np.zeros((2, 5, classes), dtype)
        x[:, 0], t[:] = -1e30, 1 / classes
        t[:, 0] = nan
        loss = getattr(fl, f"softmax_{name}")
        assert np.isnan(loss(x, t, reduction="none")).all(), (name, classes)
        for derivative in loss.grad_and_hess(x, t):
            assert np.isnan(derivative).any(axis=1).all(), (name, classes)


@each_dtype
def test_an_unknown_target_of_the_greatest_class(backend, dtype):
    """Neither is it, wherever that class stands."""
    names = ["brier", "ranked_probability_score", "jensen_shannon", "kl_divergence", "reverse_kl_divergence"]
    for name, classes in itertools.product(names, (2, 3, 40, 200, 1024, 1200)):
        loss = getattr(fl, f"softmax_{name}")
        for place in (0, classes // 2, classes - 1):
            x, t = np.zeros((2, 5, classes), dtype)
            x[:, place], t[:] = 3, 1 / classes
            t[1:, place] = nan
            results = [*loss.grad_and_hess(x, t), loss.grad_and_hess(x, t, curvature="majorizer")[1], loss.hvp(x, t, x)]
            for derivative in results:
                assert np.isnan(derivative[1:]).any(axis=1).all(), (name, classes, place)
                assert np.isfinite(derivative[0]).all()


@each_dtype
@pytest.mark.parametrize("name", OF_ROWS)
def test_functions_of_masked_classes(backend, name, dtype):
    for (classes, place, count), zeros in itertools.product(MASKS, (True, False)):
        x, mask = masked(classes, place, count, zeros)
        result = getattr(fl, name)(x[None].astype(dtype))
        near(result, masked_function(classes, place, count, zeros)[name], 5 + np.ptp(x[~mask]) + summed(dtype, classes))
        if name == "softmax":
            plus_zero(result[0, mask])


@cache
def masked_function(*arguments):
    return functions_of_row(masked(*arguments)[0])


@each_dtype
@pytest.mark.parametrize("kind", [CE_IDS, CE_ROWS], ids=str)
def test_smoothing_puts_mass_on_masked_classes(backend, kind, dtype):
    """Of the label, or of another class: infinite either way."""
    for classes, smoothing in itertools.product((2, 10, 200, 2100), (0.25, 1.0)):
        smoothed(kind, smoothing, classes, dtype)


def smoothed(kind, smoothing, classes, dtype):
    pred = np.round(batch(kind, 3, classes, dtype)[0] * 16) / dtype(16)
    ids = np.array([0, 0, classes - 1])
    target = ids if kind.target == "ids" else np.eye(classes, dtype=dtype)[ids]
    pred[0, 0] = pred[1, 1] = -inf
    truth = smoothed_truth(kind, smoothing, classes, dtype, pred.tobytes())
    units = 4 + (classes / 16 if dtype == np.float64 else 0)  # a sum of equal numbers is rounded the same way each time
    value, _, _ = check(kind, pred, target, truth, units=units, label_smoothing=smoothing)
    assert (value[:2] == inf).all()
    assert np.isfinite(value[2])


@cache
def smoothed_truth(kind, smoothing, classes, dtype, pred):
    pred = np.frombuffer(pred, dtype).reshape(3, classes)
    ids = np.array([0, 0, classes - 1])
    target = ids if kind.target == "ids" else np.eye(classes)[ids]
    return whole(kind, kind.samples(pred, target, label_smoothing=smoothing), one_each(3), "none")


# ---- NaN -------------------------------------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("name", OF_ROWS)
def test_functions_do_not_hide_nan(backend, name, dtype):
    function = getattr(fl, name)
    for classes, rest, share in itertools.product((2, 10, 100, 5000), (-inf, inf, 0.0), (0, 0.5, 1)):
        at = int(share * (classes - 1))
        x = np.full((3, classes), rest, dtype)
        x[[0, 2]] = np.linspace(-3, 3, classes)
        x[1, at] = nan
        result = function(x)
        assert np.isnan(result[1]).all()
        same_bits(result[[0, 2]], function(x[[0, 2]]))


@each_dtype
@each_kind
def test_nan_is_never_hidden(backend, kind, dtype):
    """Nor by a target of 0, beside any other logit."""
    places = ["pred"] if kind.target == "ids" else ["pred", "target"]
    for place, classes, at, zeros, rest in pairwise(
        places, [2, 10, 100, 3000], [0, -1], [True, False], [None, -inf, inf]
    ):
        at %= classes
        pred, target = batch(kind, 3, classes, dtype)
        if kind in SOFTMAX and rest is not None:
            pred[1] = rest
        if kind.target == "ids":
            target[1] = at if kind is SPARSE else classes - 1 - at
        elif zeros:
            target[1] = 0
            target[1, classes - 1 - at] = 1
        (pred if place == "pred" else target)[1, at] = nan
        for reduction, weight in (("none", None), ("sum", np.array([1, 0.5, 2])), ("mean", None)):
            keywords = {"reduction": reduction, "sample_weight": weight}
            value, grad = kind.loss.value_and_grad(pred, target, **keywords)
            again, hess = kind.loss.grad_and_hess(pred, target, **keywords)
            assert np.isnan(value[1] if reduction == "none" else value)
            assert np.isnan(kind.loss(pred, target, **keywords)).any()
            for x in (grad, again, hess, kind.loss.grad(pred, target, **keywords)):
                assert np.isnan(x[1]).any()
                assert np.isfinite(x[[0, 2]]).all()


# ---- confident rows --------------------------------------------------------------------------------------------------

GAPS = [(np.float32, g) for g in (20, 30, 40, 60, 80)] + [(np.float64, g) for g in (20, 40, 80, 300, 700)]


def confident(classes, gap, at):
    x = -(gap + np.arange(classes) % 3.0)
    x[at] = 0
    return x


@cache
def confident_truth(classes, gap, at, label):
    """Of the id, of its one-hot row, and of the divergence from that row, which has no entropy."""
    with digits(400):
        sample = CE_IDS.sample(confident(classes, gap, at), label)
        exact = Exact(sample.grad)  # to the last place of each entry, however small
        return Exact([sample.value]), exact, Exact(sample.hess, sample.hess_sizes)


@pytest.mark.parametrize(("dtype", "gap"), GAPS, ids=named)
def test_confident_rows(backend, dtype, gap):
    """Ids and one-hot rows have the tiny loss and slopes of the largest class, and of any other."""
    for classes, largest in itertools.product((2, 10, 200, 3000), (True, False)):
        confident_row(dtype, gap, classes, largest)


def confident_row(dtype, gap, classes, largest):
    for at in {0, classes - 1} if classes < 1000 else {classes - 1}:
        x, own = confident(classes, gap, at)[None].astype(dtype), at if largest else classes - 1 - at
        row = (np.arange(classes) == own)[None].astype(dtype)
        for kind, target in ((CE_IDS, np.array([own])), (CE_ROWS, row), (SOFTMAX_KL, row)):
            value, grad, hess = confident_truth(classes, gap, at, own)
            got, slope = kind.loss.value_and_grad(x, target, reduction="none")
            units = 12 + summed(dtype, classes)  # 1 + many tiny numbers
            near(got, value, units - 8)
            near(slope, grad, units)
            near(kind.loss.grad(x, target), grad, units)
            curvature = kind.loss.grad_and_hess(x, target)[1]
            near(curvature, hess, units)
            near(curvature[:, own], Exact([hess.high[own]]), units)  # of the own term, however small
        values, slopes = zip(
            *(fl.softmax_cross_entropy.value_and_grad(x, t, reduction="none") for t in ([own], row)), strict=True
        )
        assert abs(values[0] - values[1]) <= 2 * np.spacing(values[0])
        assert (abs(slopes[0] - slopes[1]) <= 2 * np.spacing(abs(slopes[0]))).all()


@pytest.mark.parametrize(("dtype", "gap"), GAPS, ids=named)
@pytest.mark.parametrize("name", OF_ROWS)
def test_functions_of_confident_rows(backend, name, dtype, gap):
    for classes, at in ((2, 0), (2, 1), (10, 0), (10, 9), (200, 0), (200, 199), (3000, 2999)):
        x = confident(classes, gap, at)
        truth = confident_function(classes, gap, at)[name]
        near(getattr(fl, name)(x[None].astype(dtype)), truth, 4 + summed(dtype, classes) + 8 * (name == "softmax"))


@cache
def confident_function(classes, gap, at):
    with digits(400):
        return functions_of_row(confident(classes, gap, at))


# ---- nearly equal distributions --------------------------------------------------------------------------------------


@cache
def nearly_equal(dtype, classes, step, masses):
    """Rows of numbers without rounding, that differ by so much: of the same mass in exact arithmetic, or not."""
    rng = np.random.default_rng(classes)
    digits = np.finfo(dtype).nmant
    shift = digits + math.ceil(math.log2(classes))
    t = rng.integers(2 ** (digits - 1), 2**digits, classes)
    change = np.maximum(1, (t * step * rng.random(classes)).astype(np.int64))
    if masses == "unequal":
        p = t + change * rng.choice([-1, 1], classes)
    else:
        half = classes // 2
        p = t.copy()
        p[:half] += change[:half]
        p[half : 2 * half] -= change[:half]
    if masses == "zeros":
        t, p = np.append(t, [0, 0]), np.append(p, [0, 2 ** (digits - 1)])
    p, t = np.ldexp(p.astype(np.float64), -shift), np.ldexp(t.astype(np.float64), -shift)
    assert (p.astype(dtype) == p).all()
    assert (t.astype(dtype) == t).all()
    sample = KL.sample(p, t)
    return p.astype(dtype)[None], t.astype(dtype)[None], sample, whole(KL, [sample], one_each(1), "none")


NEARLY = [(np.float32, 1e-3), (np.float32, 1e-5), (np.float64, 1e-3), (np.float64, 1e-5), (np.float64, 1e-7)]


@pytest.mark.parametrize(("dtype", "step"), NEARLY, ids=named)
def test_divergence_of_nearly_equal_rows(backend, dtype, step):
    for classes, masses in itertools.product((2, 10, 95, 1100), ("equal", "unequal", "zeros")):
        nearly_equal_rows(dtype, step, classes, masses)


def nearly_equal_rows(dtype, step, classes, masses):
    p, t, sample, truth = nearly_equal(dtype, classes, step, masses)
    bound = (1e-6 if dtype == np.float32 else 1e-12) * max(abs(sample.value), sample.size)
    for cost in (fl.kl_divergence(p, t), fl.kl_divergence.value_and_grad(p, t)[0], fl.kl_divergence(p, t, axis=-1)):
        assert abs(cost - sample.value) <= bound, f"{cost!r}, not {float(sample.value)!r}"
        assert cost >= 0 or masses == "unequal"
    check(KL, p, t, truth)
    assert fl.kl_divergence(t, t) == 0


@cache
def nearly_softmax(dtype, classes, step):
    rng = np.random.default_rng(classes)
    t = distribution = rng.random(classes) + 0.05
    t = (distribution / distribution.sum()).astype(dtype)
    x = (np.log(t.astype(np.float64)) + step * rng.standard_normal(classes)).astype(dtype)
    return x[None], t[None], SOFTMAX_KL.sample(x, t)


@pytest.mark.parametrize(("dtype", "step"), NEARLY, ids=named)
def test_divergence_of_nearly_equal_logits(backend, dtype, step):
    for classes in (2, 10, 95, 1100):
        x, t, sample = nearly_softmax(dtype, classes, step)
        bound = (1e-5 if dtype == np.float32 else 1e-9) * abs(sample.value) + rounding(classes)
        for cost in (fl.softmax_kl_divergence(x, t), fl.softmax_kl_divergence.value_and_grad(x, t)[0]):
            assert abs(cost - sample.value) <= bound, f"{cost!r} of {classes}, not {float(sample.value)!r}"


# ---- zeros and the ends of the dtype ---------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("kind", OF_PROBABILITIES, ids=str)
def test_minus_zero_is_a_probability_of_0(backend, kind, dtype):
    """−∞ is the slope where there is mass, +0 where there is none."""
    for classes, at, zero in itertools.product((2, 10, 200, 3000), (0, -1), (0.0, -0.0)):
        at %= classes
        pred, target = batch(kind, 2, classes, dtype)
        pred[0] = zero
        if kind.target == "ids":
            target[0] = at
        else:
            target[0] = 0
            target[0, at] = 1
        for reduction, weight in itertools.product(("none", "mean"), (None, np.array([1.0, 2]))):
            keywords = {"reduction": reduction, "sample_weight": weight}
            value, grad = kind.loss.value_and_grad(pred, target, **keywords)
            again, hess = kind.loss.grad_and_hess(pred, target, **keywords)
            assert np.max(value) == inf
            for slope in (grad, again, kind.loss.grad(pred, target, **keywords)):
                assert slope[0, at] == -inf
                plus_zero(np.delete(slope[0], at))
            assert hess[0, at] == inf
            plus_zero(np.delete(hess[0], at))


@each_dtype
@each_kind
def test_zero_slopes_are_plus_zero(backend, kind, dtype):
    """Without mass, without probability, or of the only class."""
    for classes in (1, 2, 10, 200, 3000):
        zero_slopes(kind, classes, dtype)


def zero_slopes(kind, classes, dtype):
    pred, target = batch(kind, 4, classes, dtype)
    ids = np.zeros(4, int)
    target = ids if kind.target == "ids" else np.eye(classes, dtype=dtype)[ids]
    if kind in SOFTMAX:
        pred[:, 1:] = -inf
    for reduction, weight in itertools.product(reductions(kind), (None, np.full(4, 0.5), np.full(4, 2, dtype))):
        keywords = {"reduction": reduction, "sample_weight": weight}
        value, grad = kind.loss.value_and_grad(pred, target, **keywords)
        again, hess = kind.loss.grad_and_hess(pred, target, **keywords)
        for x in (grad, again, hess, kind.loss.grad(pred, target, **keywords)):
            plus_zero(x if kind in SOFTMAX else x[:, 1:])
        assert kind not in SOFTMAX or not np.any(value)


@cache
def tiny(kind, dtype, classes):
    pairs = TINY[dtype]
    pred, target = batch(kind, len(pairs), classes, dtype)
    for i, (p, t) in enumerate(pairs):
        pred[i, 0] = p
        if kind.target == "ids":
            target[i] = 0
        else:
            target[i, 0] = t
    return pred, target, whole(kind, kind.samples(pred, target), one_each(len(pairs)), "none")


@each_dtype
@pytest.mark.parametrize("kind", OF_PROBABILITIES, ids=str)
def test_curvature_stays_in_range(backend, kind, dtype):
    for classes in (2, 10, 200):
        pred, target, truth = tiny(kind, dtype, classes)
        check(kind, pred, target, truth)


@cache
def bounded(kind, dtype, eps, classes):
    """The first class on either side of eps, of 1 − eps, 0 and 1."""
    low = dtype(eps)
    p = np.array([0, low / 2, low, 1.5 * low, 0.5, 1 - low, 1 - low / 2, 1, 0], dtype)
    pred, target = batch(kind, len(p), classes, dtype)
    pred[:, 0] = p
    if kind.target == "ids":
        target[:-1] = 0
    return pred, target, whole(kind, kind.samples(pred, target, eps=low), one_each(len(p)), "none")


@each_dtype
@pytest.mark.parametrize("kind", [CATEGORICAL, SPARSE], ids=str)
def test_eps_bounds_the_logarithm(backend, kind, dtype):
    for eps, classes in itertools.product((1e-38, 1e-17, 1e-15, 1e-7, 0.1), (2, 10, 200)):
        pred, target, truth = bounded(kind, dtype, eps, classes)
        check(kind, pred, target, truth, eps=eps)


# ---- class ids -------------------------------------------------------------------------------------------------------

KNOWN_IDS = pytest.mark.parametrize("kind", [SPARSE, CE_IDS], ids=str)
INTEGERS = "bhilqBHILQ"
IGNORED = [
    0, -1, -100, 127, 128, 156, 255, 2**16 - 1, 2**31, 2**32 - 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 100, 2**64 - 1,
]  # fmt: skip


@pytest.mark.parametrize("code", INTEGERS)
@KNOWN_IDS
def test_ignore_index_matches_by_value(backend, kind, code):
    """An id of the same value is ignored, one of the same bits is outside."""
    for classes, ignored in itertools.product((3, 200), IGNORED):
        matches_by_value(kind, classes, code, ignored)


def matches_by_value(kind, classes, code, ignored):
    pred, ids = batch(kind, 5, classes, np.float64)
    ids = np.clip(ids, 1, 2)
    info = np.iinfo(code)
    expected = kind.loss.value_and_grad(pred, ids, reduction="none")
    same = kind.loss.value_and_grad(pred, ids.astype(code), reduction="none", ignore_index=ignored)
    for x, y in zip(same, expected, strict=True):
        same_bits(x, y)
    bits = ignored % 2**info.bits
    twin = bits - 2**info.bits if bits > info.max else bits
    target = ids.astype(code)
    target[3] = twin
    for call in CALLS:
        run = getattr(kind.loss, call)
        if twin == ignored:
            result = run(pred, target, reduction="none", ignore_index=ignored)
            for x in result if isinstance(result, tuple) else (result,):
                plus_zero(x[3])
            cost = kind.loss(pred, target, ignore_index=ignored, reduction="batch_mean")
            assert cost == pytest.approx(math.fsum(np.delete(expected[0], 3)) / 4, rel=1e-15)
        elif not 0 <= twin < classes:
            with pytest.raises(ValueError, match=re.escape(f"target[3] is {twin};")):
                run(pred, target, ignore_index=ignored)


# ---- class weights ---------------------------------------------------------------------------------------------------


@cache
def class_weighted(kind, dtype, classes, bad):
    """Good rows of the classes from 1 on, and bad ones of class 0, whose weight is 0."""
    pred, target = batch(kind, 9, classes, dtype)
    ids = np.arange(9) % (classes - 1) + 1
    gone = np.array([0, 4, 8])
    ids[gone] = 0
    pred[gone, 0] = bad
    if np.isnan(bad):
        pred[gone] = bad
    target = ids if kind.target == "ids" else np.eye(classes, dtype=dtype)[ids]
    class_weight = np.arange(classes) % 3 * 0.5
    class_weight[1:] += 0.5
    weight = np.tile([1, 0.5, 2], 3)
    samples = [None if i == 0 else kind.sample(*pair) for i, *pair in zip(ids, pred, target, strict=True)]
    return pred, target, gone, class_weight, weight, samples, ids


@cache
def class_weighted_truth(kind, dtype, classes, both, reduction):
    _, _, _, class_weight, weight, samples, ids = class_weighted(kind, dtype, classes, -inf)
    factors = [num(class_weight[i]) * (num(w) if both else 1) for i, w in zip(ids, weight, strict=True)]
    return whole(kind, samples, factors, reduction)


@each_dtype
@pytest.mark.parametrize("kind", [CE_IDS, CE_ROWS], ids=str)
def test_a_class_of_weight_0_is_not_there(backend, kind, dtype):
    for bad, classes, both, reduction in pairwise([-inf, nan, inf], [3, 10, 200], [False, True], reductions(kind)):
        pred, target, gone, class_weight, weight, _, _ = class_weighted(kind, dtype, classes, bad)
        truth = class_weighted_truth(kind, dtype, classes, both, reduction)
        keywords = {"class_weight": class_weight, "sample_weight": weight if both else None}
        value, grad, hess = check(kind, pred, target, truth, reduction, 6, **keywords)
        plus_zero(grad[gone], hess[gone], value[gone] if reduction == "none" else 0.0)


@each_dtype
@pytest.mark.parametrize("kind", [CE_IDS, CE_ROWS], ids=str)
def test_only_the_ratio_of_class_weights_counts(backend, kind, dtype):
    """Alone, and times sample weights that are as small or large: their product is outside the range of float64."""
    pred, target, _ = good(kind, dtype, 3)
    for scale, both in itertools.product((1e-300, 1e-40, 1e-200, 1e200, 1e300), (False, True)):
        classes = np.array([1.0, 2, 4]) * scale
        weight = WEIGHTS * scale
        truth = class_ratio_truth(kind, dtype, tuple(classes), tuple(weight) if both else (1.0,) * 6)
        check(kind, pred, target, truth, "mean", 6, class_weight=classes, sample_weight=weight if both else None)


@cache
def class_ratio_truth(kind, dtype, classes, weight):
    _, target, samples = good(kind, dtype, 3)
    rows = np.eye(3)[target] if kind.target == "ids" else target
    shares = [mp.fsum(num(c) * num(v) for c, v in zip(classes, row, strict=True)) for row in rows]
    return whole(kind, samples, [s * num(w) for s, w in zip(shares, weight, strict=True)], "mean")


@pytest.mark.parametrize("kind", [CE_IDS, CE_ROWS], ids=str)
def test_class_weights_that_sum_to_0(backend, kind):
    pred, target = batch(kind, 5, 3, np.float64)
    with pytest.warns(RuntimeWarning, match="weights that sum to 0"):
        assert np.isnan(kind.loss(pred, target, class_weight=np.zeros(3)))


# ---- batches cut in pieces -------------------------------------------------------------------------------------------

WIDTHS = [1, 2, 3, 10, 64, 95, 96, 100, 1000, 2049, 5000]


def layouts(kind, pred, target):
    """The same rows elsewhere: pred, target, axis, and how a gradient is turned back."""
    ids = kind.target == "ids"

    def both(change, axis=-1, back=lambda g: g):
        return change(pred), target if ids else change(target), axis, back

    yield both(unaligned)
    yield both(np.asfortranarray)
    yield both(lambda x: np.ascontiguousarray(x.T), 0, lambda g: g.T)
    yield both(lambda x: x.T, 0, lambda g: g.T)
    yield both(lambda x: np.repeat(x, 2, axis=1)[:, ::2])
    yield both(lambda x: x[::-1, ::-1].copy()[::-1, ::-1])
    yield both(lambda x: np.pad(x, ((0, 0), (3, 2)))[:, 3:-2])


@pytest.mark.parametrize("kind", [*ROWS, *(kind for kind in CLASSES if kind.target in ("ids", "rows"))], ids=str)
def test_no_row_depends_on_its_batch(backend, threads, kind):
    """Nor on the number of threads, nor on where it lies."""
    for classes, dtype, weighted in pairwise(WIDTHS, DTYPES, [False, True]):
        independent(kind, dtype, classes, weighted, threads)


def independent(kind, dtype, classes, weighted, threads):
    n = 150 if classes < 1000 else 23
    pred, target = more_batch(kind, n, dtype, classes=classes)
    weight = np.random.default_rng(3).random(n) if weighted else None

    def part(index):
        return results(kind, pred[index], target[index], None if weight is None else weight[index])

    threads(1)
    once = part(slice(None))
    shifted = [slice(start, None) for start in ((1, 3, 8) if classes <= 100 else (5,))]
    for cut in [*pieces(n), *shifted]:
        for x, y in zip(part(cut), once, strict=True):
            same_bits(x, y[cut])
    threads(2)
    for x, y in zip(part(slice(None)), once, strict=True):
        same_bits(x, y)
    for p, t, axis, back in layouts(kind, pred, target) if classes > 1 else ():
        value, grad, hess = results(kind, p, t, weight, axis=axis)
        for x, y in zip((value, back(grad), back(hess)), once, strict=True):
            same_bits(x, y)


@each_dtype
@pytest.mark.parametrize("name", OF_ROWS)
def test_no_row_of_a_function_depends_on_its_array(backend, threads, name, dtype):
    for classes in WIDTHS:
        independent_function(getattr(fl, name), classes, dtype, threads)


def independent_function(function, classes, dtype, threads):
    n = 150 if classes < 1000 else 23
    x = (np.random.default_rng(6).standard_normal((n, classes)) * 4).astype(dtype)
    threads(1)
    once = function(x)
    for cut in [*pieces(n), slice(1, None), slice(3, None)]:
        same_bits(function(x[cut]), once[cut])
    for p, _, axis, back in layouts(CE_IDS, x, None):
        same_bits(back(function(p, axis=axis)), once)
    threads(2)
    same_bits(function(x), once)


@each_dtype
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_functions_in_place(backend, name, dtype):
    for classes in (1, 3, 10, 95, 96, 5000):
        x = (np.random.default_rng(8).standard_normal((40, classes)) * 4).astype(dtype)
        expected = getattr(fl, name)(x)
        assert getattr(fl, name)(x, out=x) is x
        same_bits(x, expected)
