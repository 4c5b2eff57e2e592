"""Losses of differences, rows, pairs and whole batches against definitions in exact arithmetic."""

import itertools
import math
import re
from functools import cache

import mpmath as mp
import numpy as np
import pytest
import truths_classes
import truths_counts
from cases import CALLS, DTYPES
from test_truths import each_dtype, pieces, results, unaligned
from truths import ONE, ZERO, Exact, check, digits, exact_own, inf, nan, near, num, robust, same_bits
from truths_more import (
    CLASSES,
    COSINE,
    COUNTS,
    DEFINITIONS,
    EVERY,
    FOCAL_IDS,
    FOCAL_ROWS,
    GAUSSIAN,
    LOG_COSH,
    NEW,
    RMSLE,
    along,
    cosine_distance,
    cox,
    exactly,
    more_batch,
    of_batch,
)

import fastloss as fl


def kind_named(name):
    return next(kind for kind in EVERY if kind.name == name)


e, ln = math.e, math.log
each_new = pytest.mark.parametrize("kind", NEW, ids=str)
SAMPLES = [k for k in NEW if k != RMSLE]  # whose losses can be asked for one by one
each_sample = pytest.mark.parametrize("kind", SAMPLES, ids=str)
FOCAL = [FOCAL_IDS, FOCAL_ROWS]
UNITS = {LOG_COSH: 8, RMSLE: 24, GAUSSIAN: 8, FOCAL_IDS: 24, FOCAL_ROWS: 24, COSINE: 8}
UNITS |= {kind: truths_classes.UNITS[kind.name] for kind in CLASSES}
VARIANTS = [
    *((k, {}) for k in NEW),
    *((LOG_COSH, {"delta": d}) for d in (0.125, 30.0)),
    *((k, {"gamma": g}) for k in FOCAL for g in (0.0, 0.5, 1.0, 5.0)),
    *((COUNTS[name], own) for name, variants in truths_counts.VARIANTS.items() for own in variants),
    *((kind_named(name), own) for name, own in robust.OWN),
    *((k, own) for k in CLASSES for own in truths_classes.VARIANTS.get(k.name, ())),
]


def reductions(kind):
    return ("mean", "batch_mean") if kind == RMSLE else ("none", "sum", "mean", "batch_mean")


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=text):
        function(*arguments, **keywords)


# ---- values by hand --------------------------------------------------------------------------------------------------

HAND = [  # kind, sample, its loss, gradient and curvature
    (LOG_COSH, (ln(2), 0), {}, ln(1.25), 0.6, 0.64),
    (LOG_COSH, (1000, 0), {}, 1000 - ln(2), 1, 0),
    (LOG_COSH, (0, 2 * ln(2)), {"delta": 2}, 4 * ln(1.25), -1.2, 0.64),
    (GAUSSIAN, ([1, 0], 3), {}, 2, [-2, -1.5], [1, 2]),
    (GAUSSIAN, ([0, ln(4)], 2), {}, (ln(4) + 1) / 2, [-0.5, 0], [0.25, 0.5]),
    (FOCAL_IDS, ([0, 0], 0), {}, ln(2) / 4, [-0.2982868, 0.2982868], [0.3991434, 0.3991434]),
    (FOCAL_IDS, ([ln(3), 0], 0), {}, ln(4 / 3) / 16, [-0.0425952, 0.0425952], [0.0923065, 0.0923065]),
    (FOCAL_ROWS, ([0, 0], [1, 0]), {}, ln(2) / 4, [-0.2982868, 0.2982868], [0.3991434, 0.3991434]),
    (FOCAL_ROWS, ([0, 0], [0.5, 0.5]), {"gamma": 0}, ln(2), [0, 0], [0.25, 0.25]),
    (COSINE, ([3, 4], [4, 3]), {}, 0.04, [-0.0448, 0.0336], [0.035328, 0.003072]),
    (COSINE, ([1, 0], [0, 1]), {}, 1, [0, -1], [0, 0]),
    (COSINE, ([2, 0], [-1, 0]), {}, 2, [0, 0], [0, -0.25]),
    *((COUNTS[name], *rest) for name, *rest in truths_counts.HAND),
    *((kind_named(name), *rest) for name, *rest in robust.HAND),
    *truths_classes.by_hand(CLASSES),
]


@pytest.mark.parametrize(("kind", "sample", "own", "value", "grad", "hess"), HAND)
def test_definitions_by_hand(kind, sample, own, value, grad, hess):
    truth = kind.sample(*sample, **own)
    for x, y in (([truth.value], value), (truth.grad, grad), (truth.hess, hess)):
        if y is None:
            continue
        np.testing.assert_allclose(np.array(x, float), np.atleast_1d(y), rtol=2e-6, atol=1e-15)


def test_definition_of_rmsle_by_hand():
    for p, t, value, grad, hess in ((e - 1, 0, 1, 2 / e, 0), (0, e - 1, 1, -2, 4), (3, 3, 0, 0, 1 / 8)):
        truth = RMSLE.sample(p, t)
        got = [float(x) for x in (truth.value, *truth.grad, *truth.hess)]
        np.testing.assert_allclose(got, [value, grad, hess], atol=1e-15)


@pytest.mark.parametrize(
    ("target", "ties", "value"),
    [
        ([1, 2, 3], "breslow", ln(6)),  # n equal scores without ties: log n!
        ([1, 2, 3], "efron", ln(6)),
        ([1, 1, 1], "breslow", 3 * ln(3)),
        ([1, 1, 1], "efron", ln(6)),
        ([1, 1, -2], "efron", ln(6)),
        ([1, 1, -1], "breslow", 2 * ln(3)),  # censored at the time of an event: at risk there
        ([-1, 2, 3], "breslow", ln(2)),
        ([-1, -2, -3], "breslow", 0),
    ],
)
def test_definition_of_cox_by_hand(target, ties, value):
    truth = cox([ZERO] * 3, target, ties)
    assert mp.almosteq(truth.value, value, abs_eps=1e-15)
    assert mp.almosteq(mp.fsum(truth.grad), 0, abs_eps=1e-45)


def test_definitions_are_derivatives_of_each_other():
    """By differences, so that no formula of a derivative is believed."""
    with digits(80):
        for kind, own in VARIANTS:
            own = exact_own(own)
            for p, t in zip(*more_batch(kind, 4, np.float64, classes=3), strict=True):
                p, t = exactly(kind, p, t)
                x = p if isinstance(p, list) else [p]
                samples_at = lambda x, kind=kind, t=t, own=own: DEFINITIONS[kind.name](
                    x[0] if kind.points else x, t, **own
                )
                derivatives_agree(samples_at, x)
        rng = np.random.default_rng(2)
        for ties in ("breslow", "efron"):
            target = [1, 3, -2, 2, 2, -1, 3, 3]
            for weight in (None, list(map(num, [1, 2, 0.5, 3, 1, 2, 0, 0.25]))):
                cost = lambda x, ties=ties, target=target, weight=weight: cox(x, target, ties, weight)
                derivatives_agree(cost, list(map(num, rng.random(8))))


def derivatives_agree(sample_at, x):
    truth = sample_at(x)
    for j, unit in enumerate(np.eye(len(x), dtype=int).tolist()):
        slope = along(lambda x: [sample_at(x).value], x, unit)[0]
        curve = along(lambda x, j=j: [sample_at(x).grad[j]], x, unit)[0]
        assert mp.almosteq(slope, truth.grad[j], 1e-30, 1e-30)
        assert mp.almosteq(curve, truth.hess[j], 1e-30, 1e-30)


def test_losses_by_hand(backend):
    for kind, (p, t), own, *truth in HAND:
        for dtype, n in itertools.product(DTYPES, (1, 19)):
            pred = np.array([p] * n, dtype)
            target = np.array([t] * n, None if kind.target == "ids" else dtype)
            value, grad = kind.loss.value_and_grad(pred, target, reduction="none", **own)
            hess = kind.loss.grad_and_hess(pred, target, reduction="none", **own)[1]
            for got, expected in zip((value, grad, hess), truth, strict=True):
                if expected is None:
                    continue
                np.testing.assert_allclose(got, [expected] * n, rtol=3e-6, atol=3e-7)
    assert fl.rmsle([e - 1, 0], [0, e - 1]) == pytest.approx(1, rel=1e-14)
    np.testing.assert_allclose(fl.rmsle.grad([e - 1, 0], [0, e - 1]), [1 / (2 * e), -0.5])
    assert fl.cox([0.0, 0, 0], [1, 2, 3], reduction="sum") == pytest.approx(ln(6), rel=1e-14)


def test_names():
    assert fl.logcosh is fl.log_cosh
    for alias, name in truths_classes.ALIASES.items():
        assert getattr(fl, alias) is getattr(fl, name)
    for name in ("log_cosh", "gaussian_nll", "softmax_focal", "cosine_distance", "rmsle", "cox", *truths_classes.NAMES):
        assert getattr(fl, name).name == name


# ---- every call, weight and reduction --------------------------------------------------------------------------------


@cache
def weighted_batch(kind, n, dtype, weighted, classes):
    pred, target = more_batch(kind, n, dtype, 1, classes)
    weight = np.round(np.random.default_rng(4).uniform(0.5, 3, n), 2) if weighted else None
    return pred, target, weight


@cache
def truth_of(kind, n, dtype, weighted, classes, own):
    pred, target, weight = weighted_batch(kind, n, dtype, weighted, classes)
    with digits(80):
        samples = kind.samples(pred, target, **dict(own))
        weight = [ONE] * n if weight is None else [num(w) for w in weight]
        return {r: of_batch(kind, samples, weight, r) for r in reductions(kind)}


def units_of(kind, pred, own):
    """exp and powers of a rounded logit: as many units as the exponent is large."""
    if kind.name in COUNTS:
        return truths_counts.units(kind.name, pred, own)
    return UNITS.get(kind, 8) + (own.get("gamma", 2) * float(np.ptp(pred)) if kind in FOCAL else 0)


@each_dtype
@pytest.mark.parametrize(("kind", "own"), VARIANTS, ids=str)
def test_every_call(backend, kind, own, dtype):
    shapes = [(1, 3), (21, 3)] if kind.points or kind.target == "one" else [(1, 2), (21, 3), (2, 33)]
    for (n, classes), weighted in itertools.product(shapes, (False, True)):
        pred, target, weight = weighted_batch(kind, n, dtype, weighted, classes)
        for reduction, truth in truth_of(kind, n, dtype, weighted, classes, tuple(own.items())).items():
            keywords = {"reduction": reduction, "sample_weight": weight} | own
            value, _, _ = check(kind, pred, target, truth, units=units_of(kind, pred, own), **keywords)
            assert type(value) is float if reduction != "none" else value.dtype == dtype


@each_new
def test_half_precision_is_rounded_once(backend, kind):
    pred, target = more_batch(kind, 50, np.float16)
    wide = pred.astype(np.float32), target if kind.target == "ids" else target.astype(np.float32)
    for reduction in reductions(kind):
        value, grad = kind.loss.value_and_grad(pred, target, reduction=reduction)
        hess = kind.loss.grad_and_hess(pred, target, reduction=reduction)[1]
        expected, slope = kind.loss.value_and_grad(*wide, reduction=reduction)
        curve = kind.loss.grad_and_hess(*wide, reduction=reduction)[1]
        with np.errstate(over="ignore"):
            for x, y in ((grad, slope), (hess, curve)):
                same_bits(x, y.astype(np.float16))
            if reduction == "none":
                same_bits(value, expected.astype(np.float16))
            else:
                assert value == expected


@each_new
def test_integers_become_doubles(backend, kind):
    pred, target = more_batch(kind, 9, np.float64)
    pred = np.abs(np.round(pred)).astype(int)
    grad = kind.loss.grad(pred, target)
    assert grad.dtype == np.float64
    same_bits(grad, kind.loss.grad(pred.astype(float), target))
    assert kind.loss(pred.tolist(), target.tolist()) == kind.loss(pred, target)


@each_new
def test_weights_of_0_are_not_there(backend, kind):
    pred, target = more_batch(kind, 30, np.float64)
    weight = np.tile([1, 0, 2], 10).astype(float)
    there = weight > 0
    bad = pred.copy()
    bad[~there] = nan
    for bad_value in (nan, inf, -7.0):
        bad[~there] = bad_value
        for reduction in reductions(kind):
            keywords = {"reduction": reduction, "sample_weight": weight}
            value, grad = kind.loss.value_and_grad(bad, target, **keywords)
            hess = kind.loss.grad_and_hess(bad, target, **keywords)[1]
            assert np.isfinite(value).all()
            assert not grad[~there].any()
            assert not hess[~there].any()
            if reduction in ("sum", "none"):
                alone = {"reduction": reduction, "sample_weight": weight[there]}
                same_bits(grad[there], kind.loss.grad(pred[there], target[there], **alone))
                same_bits(hess[there], kind.loss.grad_and_hess(pred[there], target[there], **alone)[1])
        mean = kind.loss(pred[there], target[there], sample_weight=weight[there])
        np.testing.assert_allclose(kind.loss(bad, target, sample_weight=weight), mean, rtol=1e-14)


@each_new
@pytest.mark.parametrize("power", [-1022, -900, 900, 1022])
def test_weights_far_from_1(backend, kind, power):
    """A factor of all weights leaves a weighted mean as it is, and is one of a mean over samples."""
    for n in (1, 21, 48):
        pred, target = more_batch(kind, n, np.float64)
        weight = np.resize([1, 2.5, 0.75], n)
        for reduction, factor in (("mean", 1.0), ("batch_mean", 2.0**power)):
            if reduction == "batch_mean" and (kind == RMSLE or abs(power) > 1000):
                continue  # a root of weights, or out of range
            here = {"reduction": reduction, "sample_weight": weight}
            there = here | {"sample_weight": weight * 2.0**power}
            value, grad = kind.loss.value_and_grad(pred, target, **here)
            hess = kind.loss.grad_and_hess(pred, target, **here)[1]
            cost, slope = kind.loss.value_and_grad(pred, target, **there)
            curve = kind.loss.grad_and_hess(pred, target, **there)[1]
            for x, y in ((cost, value), (slope, grad), (curve, hess)):
                np.testing.assert_allclose(x, y * factor, rtol=1e-13)


@each_new
def test_empty_batches(backend, kind):
    pred, target = (x[:0] for x in more_batch(kind, 3, np.float64))
    for reduction in reductions(kind):
        if reduction == "none":
            assert kind.loss(pred, target, reduction="none").shape == (0,)
        elif reduction == "sum":
            assert kind.loss(pred, target, reduction="sum") == 0.0
        else:
            with pytest.warns(RuntimeWarning, match="empty batch"):
                assert math.isnan(kind.loss(pred, target, reduction=reduction))
    with pytest.warns(RuntimeWarning, match="sum to 0"):
        assert math.isnan(kind.loss(*more_batch(kind, 3, np.float64), sample_weight=np.zeros(3)))


@each_sample
def test_costs_are_sums_in_double(backend, kind):
    n = 100_000
    pred, target = more_batch(kind, n, np.float32)
    losses = kind.loss(pred, target, reduction="none")
    total = math.fsum(losses.tolist())
    size = math.fsum(np.abs(losses).tolist())
    assert abs(kind.loss(pred, target, reduction="sum") - total) <= 1e-8 * size
    assert abs(kind.loss(pred, target) - total / n) <= 1e-8 * size / n


# ---- results in the caller's arrays ----------------------------------------------------------------------------------


@each_dtype
@each_new
def test_results_in_the_callers_arrays(backend, kind, dtype):
    for n, reduction in itertools.product((1, 50, 3000), reductions(kind)):
        pred, target = more_batch(kind, n, dtype)
        value, grad = kind.loss.value_and_grad(pred, target, reduction=reduction)
        hess = kind.loss.grad_and_hess(pred, target, reduction=reduction)[1]
        out, other = np.full_like(pred, 7), np.full_like(pred, 7)
        assert kind.loss.grad(pred, target, reduction=reduction, out=out) is out
        same_bits(out, grad)
        out[:] = 7
        again = kind.loss.value_and_grad(pred, target, reduction=reduction, out=out)
        assert again[1] is out
        same_bits(again[0], value)
        same_bits(out, grad)
        pair = kind.loss.grad_and_hess(pred, target, reduction=reduction, out=(out, other))
        assert pair[0] is out
        assert pair[1] is other
        same_bits(out, grad)
        same_bits(other, hess)
        if reduction == "none":
            losses = np.full(n, 7, dtype)
            assert kind.loss(pred, target, reduction="none", out=losses) is losses
            same_bits(losses, value)
        changed = pred.copy()
        kind.loss.grad(changed, target, reduction=reduction, out=changed)
        same_bits(changed, grad)
        changed, other = pred.copy(), np.full_like(pred, 7)
        kind.loss.grad_and_hess(changed, target, reduction=reduction, out=(other, changed))
        same_bits(other, grad)
        same_bits(changed, hess)


@each_new
def test_results_that_are_refused(backend, kind):
    pred, target = more_batch(kind, 6, np.float64)
    locked = np.empty_like(pred)
    locked.flags.writeable = False
    twice = np.empty((2, *pred.shape)).ravel()
    apart = twice[1 : 1 + pred.size].reshape(pred.shape)
    apart[...] = pred
    for out, text, first in (
        (np.empty((7, *pred.shape[1:])), "out has shape", pred),
        (np.empty(pred.shape, int), "out has dtype int64", pred),
        (np.empty(pred.shape), "out has dtype float64", pred.astype(np.float32)),
        (locked, "out is read-only", pred),
        (twice[: pred.size].reshape(pred.shape), "out overlaps pred", apart),
    ):
        refused(ValueError, text, kind.loss.grad, first, target, out=out)
        refused(ValueError, text, kind.loss.value_and_grad, first, target, out=out)
    refused(ValueError, "share memory", kind.loss.grad_and_hess, pred, target, out=(apart, apart))
    refused(ValueError, "a cost is a number", kind.loss, pred, target, out=np.empty(6))


# ---- no sample depends on its batch ----------------------------------------------------------------------------------


@each_dtype
@each_sample
def test_no_sample_depends_on_its_batch(backend, threads, kind, dtype):
    shapes = [(1, 5), (17, 5), (1025, 5)] + (
        [] if kind.points or kind.target == "one" else [(150, 1), (150, 10), (40, 100)]
    )
    for n, classes in shapes:
        pred, target = more_batch(kind, n, dtype, classes=classes)
        weights = np.random.default_rng(3).random(n).astype(dtype)
        for weight in (None, weights):

            def part(index, change=np.array, weight=weight, pred=pred, target=target):
                weight = None if weight is None else change(weight[index])
                return results(kind, change(pred[index]), change(target[index]), weight)

            threads(1)
            once = part(slice(None))
            for cut in [*pieces(n), *(slice(start, None) for start in (1, 3, 8) if start < n)]:
                for x, y in zip(part(cut), once, strict=True):
                    same_bits(x, y[cut])
            for change in (unaligned, lambda x: np.repeat(x, 2, axis=0)[::2], lambda x: x[::-1].copy()[::-1]):
                for x, y in zip(part(slice(None), change), once, strict=True):
                    same_bits(x, y)
            threads(2)
            for x, y in zip(part(slice(None)), once, strict=True):
                same_bits(x, y)


@each_dtype
@each_new
def test_any_number_of_threads(backend, threads, kind, dtype):
    pred, target = more_batch(kind, 20_000, dtype)
    for reduction in reductions(kind):
        threads(1)
        once = kind.loss.value_and_grad(pred, target, reduction=reduction)
        curve = kind.loss.grad_and_hess(pred, target, reduction=reduction)[1]
        for n in (2, 3):
            threads(n)
            value, grad = kind.loss.value_and_grad(pred, target, reduction=reduction)
            same_bits(value, once[0])
            same_bits(grad, once[1])
            same_bits(kind.loss.grad_and_hess(pred, target, reduction=reduction)[1], curve)


@each_dtype
@pytest.mark.parametrize("kind", [k for k in SAMPLES if not k.points], ids=str)
def test_any_axis_and_layout(backend, kind, dtype):
    """Rows that lie along another axis, in Fortran's order, backwards, with gaps."""
    pred, target = more_batch(kind, 24, dtype)
    value, grad, hess = results(kind, pred, target, None)
    paired = kind.target in ("rows", "boxes")
    turn = lambda x: np.ascontiguousarray(x.T)
    for change, axis, back in (
        (np.asfortranarray, -1, lambda g: g),
        (turn, 0, lambda g: g.T),
        (lambda x: x.T, 0, lambda g: g.T),
        (lambda x: np.repeat(x, 2, axis=1)[:, ::2], 1, lambda g: g),
        (lambda x: np.pad(x, ((0, 0), (3, 2)))[:, 3:-2], -1, lambda g: g),
    ):
        got = results(kind, change(pred), change(target) if paired else target, None, axis=axis)
        for x, y in zip((got[0], back(got[1]), back(got[2])), (value, grad, hess), strict=True):
            same_bits(x, y)
    cube = lambda x: np.moveaxis(x.reshape(4, 6, -1), 2, 1)  # the rows' axis is the middle one
    blocks = cube(target) if paired else target.reshape(4, 6)
    weight = np.linspace(0.5, 2, 24)
    keywords = {"reduction": "none", "axis": 1}
    got = kind.loss.value_and_grad(cube(pred), blocks, sample_weight=weight.reshape(4, 6), **keywords)
    expected = kind.loss.value_and_grad(pred, target, sample_weight=weight, reduction="none")
    assert got[0].shape == (4, 6)
    same_bits(got[0].ravel(), expected[0])
    same_bits(np.moveaxis(got[1], 1, 2).reshape(pred.shape), expected[1])


# ---- NaN and infinity ------------------------------------------------------------------------------------------------


@each_dtype
@each_new
def test_nan_is_never_hidden(backend, kind, dtype):
    places = ["pred"] if kind.target == "ids" else ["pred", "target"]
    for place, n, column in itertools.product(places, (1, 40), (0, -1)):
        pred, target = more_batch(kind, n, dtype)
        spoiled = pred if place == "pred" else target
        spoiled.reshape(n, -1)[n // 2, column] = nan
        for reduction in reductions(kind):
            value, grad = kind.loss.value_and_grad(pred, target, reduction=reduction)
            hess = kind.loss.grad_and_hess(pred, target, reduction=reduction)[1]
            assert np.isnan(value if reduction != "none" else value[n // 2])
            assert np.isnan(kind.loss(pred, target, reduction=reduction)).any()
            for x in (grad, hess, kind.loss.grad(pred, target, reduction=reduction)):
                assert np.isnan(x[n // 2]).any() or (x is hess and (kind.name, place) in truths_counts.FLAT)
                assert kind == RMSLE or np.isfinite(np.delete(x, n // 2, axis=0)).all()


ANY = None  # what the definition leaves open
EDGES = [
    (LOG_COSH, inf, 0, {"delta": 3}, inf, 3, 0),
    (LOG_COSH, -inf, 0, {"delta": 3}, inf, -3, 0),
    (LOG_COSH, 1, inf, {}, inf, -1, 0),
    (LOG_COSH, inf, inf, {}, nan, nan, nan),
    (LOG_COSH, 2, 2, {}, 0, 0, 1),
    (LOG_COSH, 1e30, -1e30, {}, 2e30, 1, 0),
    (LOG_COSH, 1e-30, 0, {}, ANY, 1e-30, 1),
    (GAUSSIAN, [1, inf], 3, {}, inf, [0, 0.5], [0, 0]),
    (GAUSSIAN, [inf, 0], 3, {}, inf, [inf, -inf], [1, inf]),
    (GAUSSIAN, [-inf, 0], 3, {}, inf, [-inf, -inf], [1, inf]),
    (GAUSSIAN, [1, -inf], 3, {}, inf, [ANY, ANY], [ANY, ANY]),
    (GAUSSIAN, [3, -inf], 3, {}, -inf, [ANY, ANY], [ANY, ANY]),
    (GAUSSIAN, [3, -2000], 3, {}, -1000, [ANY, ANY], [ANY, ANY]),
    (GAUSSIAN, [3, 2000], 3, {}, 1000, [0, 0.5], [0, 0]),
    (GAUSSIAN, [1e-25, -110], 0, {}, -55 + 0.5e-50 * math.exp(110), [ANY, ANY], [ANY, ANY]),
    *((FOCAL_IDS, [1e4, 0, -5], 0, {"gamma": g}, 0, [0, 0, 0], [0, 0, 0]) for g in (0.5, 1, 2, 5)),
    (FOCAL_IDS, [0, -inf, -inf], 0, {}, 0, [0, 0, 0], [0, 0, 0]),
    (FOCAL_IDS, [0, -inf], 1, {}, inf, [1, -1], [0, 0]),
    (FOCAL_IDS, [0, -inf, 0], 1, {}, inf, [0.5, -1, 0.5], [ANY, ANY, ANY]),
    (FOCAL_IDS, [0, 0, -inf], 0, {}, ln(2) / 4, [-0.2982868, 0.2982868, 0], [0.3991434, 0.3991434, 0]),
    (FOCAL_IDS, [0, 1e4], 0, {}, 1e4, [-1, 1], [0, 0]),
    (FOCAL_IDS, [7], 0, {}, 0, [0], [0]),
    (FOCAL_ROWS, [1e4, 0, -5], [1, 0, 0], {}, 0, [0, 0, 0], [0, 0, 0]),
    (FOCAL_ROWS, [0, 0, -inf], [1, 0, 0], {}, ln(2) / 4, [-0.2982868, 0.2982868, 0], [0.3991434, 0.3991434, 0]),
    (FOCAL_ROWS, [0, -inf, 0], [0, 1, 0], {}, inf, [0.5, -1, 0.5], [ANY, ANY, ANY]),
    (FOCAL_ROWS, [1, 2, 3], [0, 0, 0], {}, 0, [0, 0, 0], [0, 0, 0]),
    (COSINE, [0, 0], [1, 2], {}, 1, [0, 0], [0, 0]),
    (COSINE, [1, 2], [0, 0], {}, 1, [0, 0], [0, 0]),
    (COSINE, [0, 0], [0, 0], {}, 1, [0, 0], [0, 0]),
    (COSINE, [3e-30, 4e-30], [4e-30, 3e-30], {}, 0.04, [-4.48e28, 3.36e28], [ANY, ANY]),
    (COSINE, [3e30, 4e30], [4e30, 3e30], {}, 0.04, [-4.48e-32, 3.36e-32], [0, 0]),
    (COSINE, [3e30, 4e30], [4e-30, 3e-30], {}, 0.04, [-4.48e-32, 3.36e-32], [0, 0]),
    (COSINE, [5], [2], {}, 0, [0], [0]),
    (COSINE, [-5], [2], {}, 2, [0], [0]),
    *((COUNTS[name], *rest) for name, *rest in truths_counts.EDGES),
    *((kind_named(name), *sample, *rest) for name, sample, *rest in robust.EDGES),
    *truths_classes.ends(CLASSES),
]


@each_dtype
@pytest.mark.parametrize(("kind", "p", "t", "own", "value", "grad", "hess"), EDGES)
def test_edges(backend, kind, p, t, own, value, grad, hess, dtype):
    for n, reduction in itertools.product((1, 19), ("none", "sum")):
        pred = np.array([p] * n, dtype)
        target = np.array([t] * n, None if kind.target == "ids" else dtype)
        got, slope = kind.loss.value_and_grad(pred, target, reduction=reduction, **own)
        again, curve = kind.loss.grad_and_hess(pred, target, reduction=reduction, **own)
        same_bits(again, slope)
        if value is not ANY:
            expected = [value] * n if reduction == "none" else value * n
            np.testing.assert_allclose(got, expected, rtol=1e-5 if dtype == np.float32 else 1e-7, atol=1e-30)
            np.testing.assert_allclose(kind.loss(pred, target, reduction=reduction, **own), got)
        for x, truth in ((slope, grad), (curve, hess)):
            for column, y in zip(x.reshape(n, -1).T, np.atleast_1d(truth), strict=True):
                if y is not ANY:
                    np.testing.assert_allclose(column.astype(float), [y] * n, rtol=1e-5, atol=1e-33)


@pytest.mark.parametrize(("dtype", "power"), [(np.float64, 200), (np.float64, 300), (np.float32, 37)])
def test_vectors_of_any_length(backend, dtype, power):
    """Squares that overflow or vanish."""
    for sign, other in itertools.product((1, -1), (power, -power, 0)):
        scale = 10.0 ** (sign * power)
        pred = np.array([[3, 4], [1, 1]], dtype) * dtype(scale)
        target = np.array([[4, 3], [1, 2]], dtype) * dtype(10.0**other)
        value, grad = fl.cosine_distance.value_and_grad(pred, target, reduction="none")
        samples = COSINE.samples(pred, target)
        np.testing.assert_allclose(value, [float(s.value) for s in samples], rtol=1e-6)
        with np.errstate(over="ignore"):
            expected = np.array([[float(g) for g in s.grad] for s in samples]).astype(dtype)
        tiny = float(np.finfo(dtype).tiny)
        np.testing.assert_allclose(grad, expected, rtol=1e-6, atol=tiny)


@each_dtype
@pytest.mark.parametrize("n", [2050, 5000])
def test_long_vectors(backend, dtype, n):
    """Ones against as many ones, the others 0: the cosine is √(ones/n), whether that is near 1 or not."""
    weight = np.array([[1.0], [2.0]])
    keywords = {"reduction": "none", "sample_weight": weight[:, 0]}
    for ones in (n // 10, n // 10 * 9):
        pred, target = np.ones((2, n), dtype), np.zeros((2, n), dtype)
        target[0, :ones] = target[1, n - ones :] = 1
        cosine = math.sqrt(ones / n)
        toward = target / math.sqrt(ones * n)
        value, grad = fl.cosine_distance.value_and_grad(pred, target, **keywords)
        hess = fl.cosine_distance.grad_and_hess(pred, target, **keywords)[1]
        tolerance = 32 * float(np.finfo(dtype).eps)
        np.testing.assert_allclose(value, weight[:, 0] * (1 - cosine), rtol=tolerance)
        np.testing.assert_allclose(grad, weight * (cosine / n - toward), rtol=tolerance)
        np.testing.assert_allclose(hess, weight * (cosine * (1 - 3 / n) + 2 * toward) / n, rtol=tolerance)


@pytest.mark.parametrize("power", [3, 5, 7])
def test_vectors_that_nearly_agree(backend, power):
    rng = np.random.default_rng(power)
    pred = rng.standard_normal((12, 40))
    target = pred + 10.0**-power * rng.standard_normal(pred.shape)
    truth = np.array([float(cosine_distance(*exactly(COSINE, p, t)).value) for p, t in zip(pred, target, strict=True)])
    np.testing.assert_allclose(
        fl.cosine_distance(pred, target, reduction="none"), truth, rtol=100 * 10.0 ** (power - 16)
    )
    single = pred.astype(np.float32), target.astype(np.float32)
    truth = [float(cosine_distance(*exactly(COSINE, p, t)).value) for p, t in zip(*single, strict=True)]
    np.testing.assert_allclose(fl.cosine_distance(*single, reduction="none"), truth, rtol=1e-6, atol=1e-14)
    assert (fl.cosine_distance(pred, pred, reduction="none") <= 1e-30).all()


@pytest.mark.parametrize("dtype", DTYPES)
def test_log_cosh_over_the_whole_range(backend, dtype):
    d, delta, truth = wide_differences(dtype)
    check(LOG_COSH, d, np.zeros_like(d), truth, units=8, delta=delta)
    check(LOG_COSH, np.zeros_like(d), -d, truth, units=8, delta=delta)


@cache
def wide_differences(dtype):
    """Where the value and the squares in it are in range."""
    delta = 0.75
    power = 15 if dtype == np.float32 else 140
    d = np.concatenate(
        [10.0 ** np.linspace(-power, 0, 40), np.linspace(0.1, 12, 40), [30, 80, 700, 1e3, 1e8, 1e20, 1e30]]
    )
    d = np.concatenate([d, -d]).astype(dtype)
    with digits(400):
        samples = LOG_COSH.samples(d, np.zeros_like(d), delta=delta)
        return d, delta, of_batch(LOG_COSH, samples, [ONE] * len(d), "none")


@pytest.mark.parametrize(("dtype", "gap"), [(np.float32, 15), (np.float32, 30), (np.float64, 30), (np.float64, 90)])
def test_focal_of_confident_rows(backend, dtype, gap):
    """Of the largest class, and of another: to the last places, however small."""
    for gamma, at in itertools.product((0.5, 1, 2, 3), (0, 2)):
        x = np.array([[0, -gap, -gap - 1]], dtype)
        row = np.eye(3, dtype=dtype)[[at]]
        value, grad, hess = confident_truth(gap, gamma, at, dtype)
        units = 24 + (gamma + 1) * (gap + 1)
        for target in (np.array([at]), row):
            got, slope = fl.softmax_focal.value_and_grad(x, target, gamma=gamma, reduction="none")
            near(got, value, units)
            near(slope, grad, units)
            near(fl.softmax_focal.grad_and_hess(x, target, gamma=gamma)[1], hess, units)


@cache
def confident_truth(gap, gamma, at, dtype):
    with digits(300):
        sample = FOCAL_IDS.sample(np.array([0, -gap, -gap - 1], dtype), at, gamma=gamma)
        return Exact([sample.value]), Exact(sample.grad), Exact(sample.hess, sample.hess_sizes)


# ---- what is refused -------------------------------------------------------------------------------------------------

WRONG = [
    (LOG_COSH, {"delta": 0.0}, ValueError, "delta is 0.0; it must satisfy 0 < delta < inf"),
    (LOG_COSH, {"delta": nan}, ValueError, "delta is nan; it must satisfy 0 < delta < inf"),
    (LOG_COSH, {"delta": "1"}, TypeError, "delta must be a real number, not str"),
    *((k, {"gamma": -1.0}, ValueError, "gamma is -1.0; it must satisfy 0 <= gamma < inf") for k in FOCAL),
    *((k, {"gamma": inf}, ValueError, "gamma is inf; it must satisfy 0 <= gamma < inf") for k in FOCAL),
    *(
        (k, {"class_weight": np.ones(3)}, ValueError, "class_weight has 3 weights but there are 5 classes")
        for k in FOCAL
    ),
    *((k, {"axis": 7}, ValueError, "axis is 7") for k in (*FOCAL, GAUSSIAN, COSINE)),
    *((k, {"detla": 1.0}, TypeError, f"{k.name}() got an unexpected keyword argument 'detla'") for k in NEW),
    *((k, {"reduction": "median"}, ValueError, "reduction is 'median'") for k in NEW),
    *((k, {"sample_weight": np.ones(5)}, ValueError, "sample_weight has shape (5,)") for k in NEW),
    *((k, {"sample_weight": [1, 1, -1, 1, 1, 1]}, ValueError, "sample_weight[2] is -1") for k in NEW),
    *((k, {"sample_weight": [1, 1, 1, 1, nan, 1]}, ValueError, "sample_weight[4] is nan") for k in NEW),
    *((k, {"sample_weight": [1, 1, 1, inf, 1, 1]}, ValueError, "sample_weight[3] is inf") for k in NEW),
    *((k, own, ValueError, text) for k in CLASSES for name, own, text in truths_classes.WRONG if name == k.name),
    *((RMSLE, {"reduction": r}, ValueError, f"reduction='{r}'") for r in ("none", "sum")),
    *(
        (COUNTS[name], {own: value}, ValueError, f"{own} is {value}; it must satisfy {text}")
        for name, own, values, text in truths_counts.WRONG
        for value in (*values, nan)
    ),
    *((COUNTS[name], {own: "1"}, TypeError, f"{own} must be a real number") for name, own, *_ in truths_counts.WRONG),
]


@pytest.mark.parametrize("call", CALLS)
def test_what_is_refused(backend, call):
    for kind, change, error, text in WRONG:
        pred, target = more_batch(kind, 6, np.float64)
        refused(error, re.escape(text), getattr(kind.loss, call), pred, target, **change)
    for kind in NEW:
        pred, target = more_batch(kind, 6, np.float64)
        method = getattr(kind.loss, call)
        refused(ValueError, re.escape(f"target has shape {target[:5].shape}"), method, pred, target[:5])
        refused(TypeError, "pred has dtype complex128", method, pred + 0j, target)
        refused(TypeError, "target has dtype", method, pred, target + 0j)
    refused(TypeError, "class ids must be integers", getattr(fl.softmax_focal, call), np.ones((3, 2)), [0.0, 1, 1])
    text = re.escape("target[1] is 2; class ids must be in [0, 2)")
    refused(ValueError, text, getattr(fl.softmax_focal, call), np.ones((3, 2)), [0, 2, 1])
    refused(
        ValueError,
        re.escape("target[1, 0] is 1.5"),
        getattr(fl.softmax_focal, call),
        np.ones((2, 2)),
        [[0, 1], [1.5, 0]],
    )
    for shape in ((6, 3), (6, 1), (6,)):
        refused(ValueError, re.escape(str(shape)), getattr(fl.gaussian_nll, call), np.ones(shape), np.ones(shape[:-1]))
    refused(ValueError, re.escape("(6, 2)"), getattr(fl.gaussian_nll, call), np.ones((6, 2)), np.ones((6, 2)))
    refused(ValueError, "none", getattr(fl.rmsle, call), [1.0], [1.0], reduction="none")


@pytest.mark.parametrize("call", CALLS)
def test_counts_below_minus_1(backend, call):
    for dtype, n, place in itertools.product(DTYPES, (3, 5000), ("pred", "target")):
        arrays = {"pred": np.ones(n, dtype), "target": np.ones(n, dtype)}
        arrays[place][n - 2 :] = -1.5, -2
        before = arrays["pred"].copy()
        refused(ValueError, re.escape(f"{place}[{n - 2}] is -1.5; {place} must be"), getattr(fl.rmsle, call), **arrays)
        same_bits(arrays["pred"], before)
        arrays[place][n - 2 :] = np.nextafter(dtype(-1), dtype(-2))
        refused(ValueError, re.escape(f"{place}[{n - 2}] is -1.0000"), getattr(fl.rmsle, call), **arrays)


@pytest.mark.parametrize("call", CALLS)
def test_values_outside_their_domains(backend, call):
    """The first is named, and nothing has been written; not that of a sample without weight."""
    for name, own, place, bad, text in truths_counts.OUTSIDE:
        method = getattr(getattr(fl, name), call)
        for dtype, n in itertools.product(DTYPES, (3, 5000)):
            arrays = {"pred": np.ones(n, dtype), "target": np.ones(n, dtype)}
            arrays[place][n - 2 :] = bad, np.copysign(3, bad)
            before = arrays["pred"].copy()
            with pytest.raises(ValueError, match=re.escape(f"{place}[{n - 2}] is {bad:g}; {text}")) as caught:
                method(**arrays, **own)
            assert str(caught.value).endswith(text)
            same_bits(arrays["pred"], before)
            method(**arrays, **own, sample_weight=np.arange(n) < n - 2)
    assert {(name, place) for name, _, place, *_ in truths_counts.OUTSIDE} == {
        (name, place) for name in COUNTS for place in getattr(fl, name).domains
    }


@pytest.mark.parametrize("n", [1, 40])
def test_quotients_beyond_the_range_have_logarithms(backend, n):
    """(1 + p)/(1 + t) of the greatest numbers and those next to -1."""
    for dtype in DTYPES:
        large, small, eps = np.finfo(dtype).max, -1 + np.finfo(dtype).epsneg, float(np.finfo(dtype).eps)
        for p, t in itertools.product((large, dtype(1e30), small, dtype(-0.99)), repeat=2):
            error = math.log1p(p) - math.log1p(t)
            pred, target = np.full(n, p), np.full(n, t)
            assert fl.msle(pred, target) == pytest.approx(error**2, rel=4 * eps)
            assert fl.rmsle(pred, target) == pytest.approx(abs(error), rel=4 * eps)
            slope = float(2 * error / (1 + np.float64(p)) / n)
            assert fl.msle.grad(pred, target)[0] == pytest.approx(slope, rel=8 * eps, abs=1e-44)


def test_ends_of_rmsle(backend):
    for dtype, n in itertools.product(DTYPES, (1, 20)):
        ones = np.ones(n, dtype)
        assert fl.rmsle(-ones, ones) == inf
        assert fl.rmsle(ones, -ones) == inf
        assert math.isnan(fl.rmsle(-ones, -ones))
        assert fl.rmsle(ones * dtype(inf), ones) == inf
        cost, grad = fl.rmsle.value_and_grad(3 * ones, 3 * ones)
        assert cost == 0
        assert not grad.any()
    near_target = np.array([1.0, 2, 3]), np.array([1.0, 2, 3]) * (1 + 1e-12)
    truth = of_batch(RMSLE, RMSLE.samples(*near_target), [ONE] * 3, "mean")
    check(RMSLE, *near_target, truth, units=12, reduction="mean")


# ---- class ids -------------------------------------------------------------------------------------------------------


def test_focal_of_no_gamma_is_the_cross_entropy(backend):
    for kind in FOCAL:
        pred, target = more_batch(kind, 30, np.float64)
        keywords = {"reduction": "none", "class_weight": [1, 2, 0.5, 1, 3]}
        for call in CALLS:
            ours = getattr(fl.softmax_focal, call)(pred, target, gamma=0, **keywords)
            theirs = getattr(fl.softmax_cross_entropy, call)(pred, target, **keywords)
            for x, y in zip(ours, theirs, strict=True) if isinstance(ours, tuple) else [(ours, theirs)]:
                np.testing.assert_allclose(x, y, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("kind", [k for k in NEW if k.target == "ids"], ids=str)
def test_class_weights_and_ignored_ids(backend, kind):
    loss = kind.loss
    pred, ids = more_batch(kind, 40, np.float64)
    classes = np.array([1, 2, 0.5, 0, 3])
    given = np.linspace(0.5, 2, 40)
    ignored = np.arange(40) % 7 == 3
    marked = np.where(ignored, -100, ids)
    weight = np.where(ignored, 0, classes[ids] * given)
    there = ~ignored
    for reduction in ("none", "sum", "mean"):
        keywords = {"reduction": reduction, "class_weight": classes, "ignore_index": -100, "sample_weight": given}
        got = loss.value_and_grad(pred, marked, **keywords)
        expected = loss.value_and_grad(pred, ids, sample_weight=weight, reduction=reduction)
        for x, y in zip(got, expected, strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-16)
        assert not got[1][ignored].any()
        curve = loss.grad_and_hess(pred, marked, **keywords)[1]
        other = loss.grad_and_hess(pred, ids, sample_weight=weight, reduction=reduction)[1]
        np.testing.assert_allclose(curve, other, rtol=1e-13, atol=1e-16)
    batch_mean = loss(pred, marked, ignore_index=-100, reduction="batch_mean")
    assert batch_mean == pytest.approx(loss(pred[there], ids[there]), rel=1e-14)
    with pytest.warns(RuntimeWarning, match="ignored"):
        assert math.isnan(loss(pred, np.full(40, 9), ignore_index=9))
    for integer in (np.int8, np.uint16, np.int64):
        assert loss(pred, ids.astype(integer)) == loss(pred, ids)
    if loss.rows:
        rows = np.random.default_rng(0).dirichlet(np.ones(5), 40)
        by_class = loss(pred, rows, class_weight=classes, reduction="none")
        np.testing.assert_allclose(by_class, loss(pred, rows, reduction="none") * (rows @ classes), rtol=1e-13)
        for x, y in zip(
            loss.value_and_grad(pred, ids, class_weight=classes),
            loss.value_and_grad(pred, np.eye(5)[ids], class_weight=classes),
            strict=True,
        ):
            np.testing.assert_allclose(x, y, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "kind", [k for k in NEW if "class_weight" in k.loss.parameters and k.target in ("ids", "rows")], ids=str
)
@pytest.mark.parametrize("far", [(5e-324, 1.0), (1e-310, 1e-20), (1e300, 1e200), (1e-200, 1e-200)])
def test_only_the_ratios_of_weights_and_of_class_weights_count(backend, kind, far):
    loss = kind.loss
    pred, target = more_batch(kind, 30, np.float64)
    size, by_class = far
    classes = np.array([1, 2, 0.5, 0, 4])
    given = np.arange(30) % 3 * 4.0
    keywords = {"class_weight": by_class * classes, "sample_weight": size * given}
    usual = {"class_weight": classes, "sample_weight": given}
    for call in ("__call__", "grad", "value_and_grad", "grad_and_hess"):
        got, expected = (getattr(loss, call)(pred, target, **weights) for weights in (keywords, usual))
        for x, y in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
            np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15)
    np.testing.assert_allclose(
        loss.hvp(pred, target, pred, **keywords), loss.hvp(pred, target, pred, **usual), atol=1e-13
    )
    np.testing.assert_allclose(
        loss.constant(target, **keywords), loss.constant(target, **usual), rtol=1e-7
    )  # by descent


@pytest.mark.parametrize("loss", [fl.softmax_cross_entropy, fl.softmax_focal, fl.brier], ids=lambda loss: loss.name)
def test_the_least_weights_beside_class_weights(backend, loss, rng):
    """No product with a class's weight makes 0 of the least number that there is."""
    pred, ids = rng.dirichlet(np.ones(3), 7), rng.integers(0, 3, 7)
    for by_class, weight, labels in (
        ([1, 1, 1], 5e-324, ids),
        ([0.5, 0.5, 0.5], 5e-324, ids),
        ([1e-300, 1e-300, 1e-300], 1e-310, ids),
        ([1, 64, 2048], 5e-324, 0 * ids),
    ):
        keywords = {"class_weight": by_class, "sample_weight": np.full(7, weight)}
        usual = {"class_weight": np.divide(by_class, by_class[0])}
        for got, expected in zip(
            loss.value_and_grad(pred, labels, **keywords), loss.value_and_grad(pred, labels, **usual), strict=True
        ):
            np.testing.assert_allclose(got, expected, rtol=1e-14)
    for target in (ids, np.eye(3)[ids]):
        least = loss.constant(target, class_weight=[5e-324, 1e-323, 5e-324])
        np.testing.assert_allclose(least, loss.constant(target, class_weight=[1, 2, 1]), rtol=1e-7)


# ---- the partial likelihood ------------------------------------------------------------------------------------------

TIES = ["breslow", "efron"]
each_ties = pytest.mark.parametrize("ties", TIES)


def survival(n, dtype, spread=1.0):
    """Scores and times with many ties, two in five of them censored."""
    rng = np.random.default_rng(n)
    time = rng.integers(1, max(2, n // 3), n) * 0.5
    return (rng.standard_normal(n) * spread).astype(dtype), np.where(rng.random(n) < 0.4, -time, time).astype(dtype)


@cache
def cox_truth(n, dtype, ties, spread):
    scores, target = survival(n, dtype, spread)
    truth = cox([num(s) for s in scores], [num(t) for t in target], ties)
    return Exact([truth.value], [truth.size]), Exact(truth.grad, truth.grad_sizes), Exact(truth.hess, truth.hess_sizes)


@each_dtype
@each_ties
def test_cox(backend, ties, dtype):
    for n, spread in ((1, 1.0), (2, 1.0), (12, 1.0), (60, 2.0), (40, 40.0)):
        scores, target = survival(n, dtype, spread)
        value, grad, hess = cox_truth(n, dtype, ties, spread)
        keywords = {"ties": ties, "reduction": "sum"}
        units = 16 + 2 * float(np.ptp(scores))
        cost, slope = fl.cox.value_and_grad(scores, target, **keywords)
        again, curve = fl.cox.grad_and_hess(scores, target, **keywords)
        assert type(cost) is float
        for x in (cost, fl.cox(scores, target, **keywords)):
            near(dtype(x), value, units)
        for x in (slope, again, fl.cox.grad(scores, target, **keywords)):
            assert x.dtype == dtype
            near(x, grad, units)
        near(curve, hess, units)


@cache
def weighted_cox(ties, power):
    scores, target = survival(30, np.float64)
    weight = np.resize([1, 0, 2.5, 0.75, 3], 30) * 2.0**power
    return scores, target, weight, cox(*([num(x) for x in xs] for xs in (scores, target)), ties, list(map(num, weight)))


@each_ties
@pytest.mark.parametrize("power", [0, -700, 700])
def test_cox_of_weights(backend, ties, power):
    """Far from 1, too: a factor of all weights adds its logarithm, with its rounding, to what an event costs."""
    scores, target, weight, truth = weighted_cox(ties, power)
    units = 24 + abs(power)
    events = weight[(target > 0) & (weight > 0)]
    for reduction, by in (("sum", ONE), ("mean", mp.fsum(map(num, events))), ("batch_mean", num(len(events)))):
        divided = lambda xs, by=by: [x / by for x in xs]
        value, grad = (
            Exact(divided(x), divided(y)) for x, y in (([truth.value], [truth.size]), (truth.grad, truth.grad_sizes))
        )
        hess = Exact(divided(truth.hess), divided(truth.hess_sizes))
        keywords = {"sample_weight": weight, "ties": ties, "reduction": reduction}
        cost, slope = fl.cox.value_and_grad(scores, target, **keywords)
        near(np.float64(cost), value, units)
        near(np.float64(fl.cox(scores, target, **keywords)), value, units)
        near(slope, grad, units)
        near(fl.cox.grad_and_hess(scores, target, **keywords)[1], hess, units)


@each_ties
def test_cox_of_weights_at_the_ends_of_the_range(backend, ties):
    """Of events and of who is only at risk; c times all of them adds log c to a mean, and changes no derivative."""
    rng, extremes = np.random.default_rng(0), [5e-324, 1e-310, 1e-155, 1.0, 1e200, 1e308]
    scores, target = rng.standard_normal(6), np.array([1.0, -2, 3, 3, -4, 5])
    once, slopes = fl.cox.value_and_grad(scores, target, ties=ties)
    for weight in [*(np.full(6, w) for w in extremes), *rng.choice(extremes, (40, 6))]:
        with mp.workdps(60):
            truth = cox(*([num(x) for x in xs] for xs in (scores, target)), ties, list(map(num, weight)))
            mass = mp.fsum(num(w) for w, t in zip(weight, target, strict=True) if t > 0)
            value, grad, hess = ([float(x / mass) for x in xs] for xs in ([truth.value], truth.grad, truth.hess))
        keywords = {"sample_weight": weight, "ties": ties}
        cost, slope = fl.cox.value_and_grad(scores, target, **keywords)
        np.testing.assert_allclose(cost, value[0], rtol=1e-13, atol=1e-13)
        np.testing.assert_allclose(slope, grad, rtol=1e-9, atol=2e-13)
        np.testing.assert_allclose(fl.cox.grad_and_hess(scores, target, **keywords)[1], hess, rtol=1e-9, atol=2e-13)
        if (weight == weight[0]).all():
            np.testing.assert_allclose(cost, once + np.log(weight[0]), rtol=1e-13)
            np.testing.assert_allclose(slope, slopes, atol=2e-13)
        assert np.isfinite(fl.cox.hvp(scores, target, scores, **keywords)).all()


@each_ties
def test_cox_is_one_structure(backend, threads, ties):
    """Of a set of samples, in whatever order and on whatever origin; the same bits for any number of threads."""
    scores, target = survival(500, np.float64)
    keywords = {"ties": ties, "reduction": "sum"}
    threads(1)
    cost, grad = fl.cox.value_and_grad(scores, target, **keywords)
    hess = fl.cox.grad_and_hess(scores, target, **keywords)[1]
    order = np.random.default_rng(1).permutation(500)
    value, slope = fl.cox.value_and_grad(scores[order], target[order], **keywords)
    assert value == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(slope, grad[order], rtol=1e-11, atol=1e-13)
    for shift in (1000.0, -1000.0):
        value, slope = fl.cox.value_and_grad(scores + shift, target, **keywords)
        assert value == pytest.approx(cost, rel=1e-11)
        np.testing.assert_allclose(slope, grad, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(fl.cox(scores, target * 1e5, **keywords), cost, rtol=1e-13)
    assert abs(grad.sum()) < 1e-11
    assert (hess >= 0).all()
    threads(2)
    again, slope = fl.cox.value_and_grad(scores, target, **keywords)
    same_bits(again, cost)
    same_bits(slope, grad)
    same_bits(fl.cox.grad_and_hess(scores, target, **keywords)[1], hess)
    out = np.empty_like(scores)
    assert fl.cox.grad(scores, target, out=out, **keywords) is out
    same_bits(out, grad)
    changed = scores.copy()
    fl.cox.grad(changed, target, out=changed, **keywords)
    same_bits(changed, grad)
    same_bits(fl.cox.grad(np.repeat(scores, 2)[::2], target[::-1].copy()[::-1], **keywords), grad)


@each_ties
def test_ends_of_cox(backend, ties):
    keywords = {"ties": ties, "reduction": "sum"}
    cost, grad = fl.cox.value_and_grad([1.0, 2, 3], [-1, -2, -3], **keywords)
    assert cost == 0
    assert grad.tolist() == [0, 0, 0]
    assert fl.cox(np.empty(0), np.empty(0), **keywords) == 0
    assert abs(fl.cox([5.0], [2.0], **keywords)) < 1e-14
    far = fl.cox.value_and_grad([0.0, 5e3, -5e3], [1, 2, 3], **keywords)
    assert far[0] == pytest.approx(5e3)
    np.testing.assert_allclose(far[1], [-1, 1, 0], atol=1e-12)
    for place in range(3):
        scores = np.zeros(3)
        scores[place] = nan
        value, grad = fl.cox.value_and_grad(scores, [1, 1, 2], **keywords)
        assert math.isnan(value)
        assert np.isnan(grad).any()
    half = survival(40, np.float16)
    wide = [x.astype(np.float32) for x in half]
    same_bits(fl.cox.grad(*half, **keywords), fl.cox.grad(*wide, **keywords).astype(np.float16))


@each_ties
def test_cox_of_times_that_differ_in_double_alone(backend, ties):
    """Of two at equal risk the first event costs log 2; what is left then costs nothing."""
    for times in ([1 + 1e-12, 1.0], [2**24 + 1, 2**24], [1e300, 1e299]):
        value, grad = fl.cox.value_and_grad([0.0, 0.0], times, ties=ties, reduction="sum")
        assert value == pytest.approx(ln(2), rel=1e-15)
        np.testing.assert_allclose(grad, [0.5, -0.5])


@each_ties
def test_cox_leaves_out_weights_of_0(backend, ties):
    scores, target = survival(60, np.float64)
    there = np.arange(60) % 4 != 1
    spoiled = np.where(there, scores, nan)
    keywords = {"ties": ties, "reduction": "sum"}
    value, grad = fl.cox.value_and_grad(spoiled, target, sample_weight=there.astype(float), **keywords)
    expected, slope = fl.cox.value_and_grad(scores[there], target[there], **keywords)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(grad[there], slope, rtol=1e-12, atol=1e-14)
    assert not grad[~there].any()
    hess = fl.cox.grad_and_hess(spoiled, target, sample_weight=there.astype(float), **keywords)[1]
    assert not hess[~there].any()


@pytest.mark.parametrize("call", CALLS)
def test_what_cox_refuses(backend, call):
    method = getattr(fl.cox, call)
    with pytest.raises(ValueError, match="ties is 'exact'") as caught:
        method([1.0, 2], [1, 2], ties="exact", reduction="sum")
    assert "breslow" in str(caught.value)
    assert "efron" in str(caught.value)
    refused(ValueError, re.escape("target has shape (3,)"), method, [1.0, 2], [1, 2, 3], reduction="sum")
    refused(
        ValueError,
        re.escape("sample_weight[1] is -1"),
        method,
        [1.0, 2],
        [1, 2],
        sample_weight=[1, -1],
        reduction="sum",
    )
    for bad in (inf, nan):
        refused(ValueError, f"sample_weight.0. is {bad}", method, [1.0, 2], [1, 2], sample_weight=[bad, 1])
    refused(TypeError, "unexpected keyword argument 'tie'", method, [1.0, 2], [1, 2], tie="efron", reduction="sum")


# ---- by hand, where a shorter way would do nearly everywhere ---------------------------------------------------------


def test_log_cosh_of_errors_that_are_nothing_beside_delta(backend):
    """½d², though d/δ has left the range of the dtype."""
    for dtype, d, delta in ((np.float32, 1e-15, 1e35), (np.float64, 1e-150, 1e200)):
        pred = np.full(33, d, dtype)
        value, grad = fl.log_cosh.value_and_grad(pred, 0 * pred, delta=delta, reduction="none")
        np.testing.assert_allclose(grad, pred, rtol=1e-6)
        np.testing.assert_allclose(value, 0.5 * pred.astype(float) ** 2, rtol=1e-6)


def test_vectors_out_of_range_below_0(backend):
    for n in (2, 100):
        for size in (1e-200, 1e200):
            pred, target = np.zeros((1, n)), np.zeros((1, n))
            pred[0, 0], target[0, 0] = size, -size
            assert fl.cosine_distance(pred, target) == pytest.approx(2, rel=1e-15)


def test_cox_of_a_subject_far_above_all_others(backend):
    """log(1 + e⁻⁵⁰), which is nothing beside 1."""
    for ties in ("breslow", "efron"):
        value, grad = fl.cox.value_and_grad([50.0, 0.0], [1.0, -2.0], ties=ties, reduction="sum")
        np.testing.assert_allclose([value, grad[1]], math.exp(-50), rtol=1e-14)


def test_bounds_of_small_and_large_roots(backend):
    """Of one error d the root is |d|, and its bound 1/|d|."""
    for d in (1e-200, 1e-3, 1e3, 1e200):
        bound = fl.rmse.grad_and_hess([d], [0.0], curvature="majorizer")[1]
        np.testing.assert_allclose(bound, [1 / d], rtol=1e-14)


@pytest.mark.parametrize(("dtype", "far"), [("float32", 1e25), ("float64", 1e200)])
def test_a_quotient_beyond_the_range_alone(backend, dtype, far):
    """Nothing else in the batch is out of the ordinary, at either end."""
    for pred, target in ((far, 1 / far), (1 / far, far)):
        pred, target = (np.asarray([x], dtype) for x in (pred, target))
        mu, t = float(pred[0]), float(target[0])
        exact = 2 * (t * (math.log(t) - math.log(mu)) - (t - mu))
        assert fl.poisson_deviance(pred, target) == pytest.approx(exact, rel=1e-6)
        assert fl.tweedie_deviance(pred, target, power=1.0) == pytest.approx(exact, rel=1e-6)
