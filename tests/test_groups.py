"""Losses of groups of samples against their definitions in exact arithmetic, and what is true of them alone."""

import re
from functools import cache
from itertools import product

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
from cases import CALLS, DTYPES
from test_truths import unaligned
from truths import Exact, digits, inf, nan, near, num, same_bits
from truths_more import along
from truths_structured import DEFINITIONS

import fastloss as fl
from fastloss._core.groups import sequence

TRIED = [("pairwise_logistic", {}), ("listmle", {}), ("listmle", {"ties": "breslow"})]
each_loss = pytest.mark.parametrize(("name", "own"), TRIED, ids=str)
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
REDUCTIONS = ("sum", "mean", "batch_mean")
ln = mp.log
pytestmark = pytest.mark.filterwarnings("ignore:the mean over .* is undefined")


def ranked(n, dtype, spread=1.0, groups=None, seed=0):
    """Scores, labels with many ties, and groups that lie about."""
    rng = np.random.default_rng([n, seed])
    scores = (rng.standard_normal(n) * spread).astype(dtype)
    return scores, rng.integers(0, 4, n).astype(dtype), None if groups is None else rng.integers(-groups, 1, n)


def exactly(xs):
    return None if xs is None else [num(x) for x in xs]


def definition(name, scores, target, groups, weight=None, **own):
    given = [] if groups is None else groups.tolist()
    return DEFINITIONS[name](exactly(scores), exactly(target), given or None, exactly(weight), **own)


@cache
def truth_of(name, n, dtype, spread, groups, weighted, own):
    scores, target, ids = ranked(n, dtype, spread, groups)
    weight = np.resize([1, 0.25, 3, 2], n) if weighted else None
    with digits(150):
        terms = definition(name, scores, target, ids, weight, **dict(own))
        return scores, target, ids, weight, terms, terms.sample()


# ---- the truth -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scores", "target", "own", "value"),
    [
        ("pairwise_logistic", [0, 0, 0], [2, 1, 0], {}, 3 * ln(2)),
        ("pairwise_logistic", [1, 0], [0, 1], {}, ln(1 + mp.e)),
        ("pairwise_logistic", [1, 5], [1, 1], {}, 0),
        ("pairwise_logistic", [0, 0, 0, 0], [1, 0, 1, 0], {"groups": [0, 0, 1, 1]}, 2 * ln(2)),
        ("listmle", [0, 0, 0], [3, 1, 2], {}, ln(6)),
        ("listmle", [0, 0, 0], [1, 1, 1], {}, ln(6)),
        ("listmle", [0, 0, 0], [1, 1, 1], {"ties": "breslow"}, 3 * ln(3)),
        ("listmle", [0, 0, 0], [1, 1, 0], {"ties": "breslow"}, 2 * ln(3)),
        ("listmle", [1, 0], [0, 1], {}, ln(1 + mp.e)),
        ("listmle", [0, 0, 0, 0], [1, 0, 1, 0], {"groups": [0, 0, 1, 1]}, 2 * ln(2)),
    ],
)
def test_by_hand(backend, name, scores, target, own, value):
    truth = DEFINITIONS[name](*map(exactly, (scores, target)), **own).sample()
    assert mp.almosteq(truth.value, value, abs_eps=1e-15)
    assert mp.almosteq(mp.fsum(truth.grad), 0, abs_eps=1e-45)
    got = getattr(fl, name)(np.array(scores, float), target, reduction="sum", **own)
    assert got == pytest.approx(float(value), rel=1e-14, abs=1e-15)


@each_loss
def test_definitions_are_derivatives_of_each_other(name, own):
    scores, target, groups = ranked(9, np.float64, groups=1)
    weight = [1, 2, 0.5, 3, 1, 2, 1, 0.25, 4]
    with digits(80):
        at = lambda x: DEFINITIONS[name](x, target.tolist(), groups.tolist(), exactly(weight), **own).sample()
        x = exactly(scores)
        truth = at(x)
        for j, unit in enumerate(np.eye(9, dtype=int).tolist()):
            assert mp.almosteq(along(lambda x: [at(x).value], x, unit)[0], truth.grad[j], 1e-30, 1e-30)
            assert mp.almosteq(along(lambda x, j=j: [at(x).grad[j]], x, unit)[0], truth.hess[j], 1e-30, 1e-30)


@each_dtype
@each_loss
def test_every_call(backend, name, own, dtype):
    loss = getattr(fl, name)
    shapes = [(1, 1.0, None), (2, 1.0, None), (13, 1.0, 0), (40, 3.0, 2), (61, 1.0, 30), (30, 40.0, 1)]
    for (n, spread, groups), weighted in product(shapes, (False, True)):
        scores, target, ids, weight, terms, truth = truth_of(
            name, n, dtype, spread, groups, weighted, tuple(own.items())
        )
        units = 24 + 2 * float(np.ptp(scores))
        for reduction in REDUCTIONS:
            by = {"sum": mp.mpf(1), "mean": terms.mass, "batch_mean": mp.mpf(terms.count)}[reduction]
            keywords = {"groups": ids, "sample_weight": weight, "reduction": reduction, **own}
            if not by:
                assert np.isnan(loss(scores, target, **keywords))
                assert not loss.grad(scores, target, **keywords).any()
                continue
            divided = lambda xs, by=by: [x / by for x in xs]
            value = Exact(divided([truth.value]), divided([truth.size]))
            grad = Exact(divided(truth.grad), divided(truth.grad_sizes))
            hess = Exact(divided(truth.hess), divided(truth.grad_sizes))
            cost, slope = loss.value_and_grad(scores, target, **keywords)
            again, curve = loss.grad_and_hess(scores, target, **keywords)
            assert type(cost) is float
            for x in (cost, loss(scores, target, **keywords)):
                near(np.float64(x), value, units)
            for x in (slope, again, loss.grad(scores, target, **keywords)):
                assert x.dtype == dtype
                near(x, grad, units)
            near(curve, hess, units)
            if loss.majorizer:
                bound = loss.grad_and_hess(scores, target, curvature="majorizer", **keywords)[1]
                near(bound, Exact(divided([mp.fsum(b) for b in terms.bound])), units)


@pytest.mark.parametrize("own", [{}, {"ties": "breslow"}], ids=str)
def test_scores_of_several_heights(backend, own):
    """Those far above all others take no digit from what is decided among the others."""
    rng, height = np.random.default_rng(3), np.arange(24) % 4
    scores = np.array([0, 1e4, 1e10, 1e16])[height] + rng.standard_normal(24)
    labels = 4 * height + rng.integers(0, 3, 24)
    with digits(60):
        truth = definition("listmle", scores, labels, None, **own).sample()
        for loss, target in ((fl.listmle, labels), (fl.cox, 100 - labels)):
            given = {"ties": own.get("ties", "efron")}
            value, grad = loss.value_and_grad(scores, target, reduction="sum", **given)
            near(np.float64(value), Exact([truth.value]), 32)
            near(grad, Exact(truth.grad, truth.grad_sizes), 32)
            near(
                loss.grad_and_hess(scores, target, reduction="sum", **given)[1], Exact(truth.hess, truth.grad_sizes), 32
            )


@each_loss
def test_weights_far_from_1(backend, name, own):
    loss = getattr(fl, name)
    scores, target, groups, weight, terms, truth = truth_of(name, 40, np.float64, 1.0, 2, True, tuple(own.items()))
    degree = 2 if name == "pairwise_logistic" else 1
    for power in (-500, 500):
        units = mp.mpf(2) ** (power * degree)
        for reduction, by in (("mean", terms.mass), ("sum", 1 / units), ("batch_mean", terms.count / units)):
            given = {"sample_weight": weight * 2.0**power, "groups": groups, "reduction": reduction, **own}
            cost, grad = loss.value_and_grad(scores, target, **given)
            np.testing.assert_allclose(cost, float(truth.value / by), rtol=1e-13)
            exact = np.array([float(g / by) for g in truth.grad])
            np.testing.assert_allclose(grad, exact, rtol=1e-11, atol=1e-14 * np.abs(exact).max())


EXTREMES = [5e-324, 1e-310, 1e-155, 1.0, 1e200, 1e308]


@each_loss
def test_weights_at_the_ends_of_the_range(backend, name, own):
    """The least beside the greatest, too."""
    loss, rng = getattr(fl, name), np.random.default_rng(0)
    several = [(rng.choice(EXTREMES, 7), rng.integers(0, 2, 7)) for _ in range(20)]
    for weight, groups in [*((np.array(pair), None) for pair in product(EXTREMES, repeat=2)), *several]:
        scores, target = rng.standard_normal(len(weight)), np.arange(len(weight)) % 3
        with digits(700):
            terms = definition(name, scores, target, groups, weight, **own)
            truth = terms.sample()
            if not terms.count:
                continue
            value, *slopes = (
                np.array([float(x / terms.mass) for x in xs]) for xs in ([truth.value], truth.grad, truth.hess)
            )
            summed, count = truth.value, terms.count
        given = {"sample_weight": weight, "groups": groups, **own}
        cost, grad = loss.value_and_grad(scores, target, **given)
        np.testing.assert_allclose(cost, value[0], rtol=1e-12, atol=1e-300)
        for got, exact in zip((grad, loss.grad_and_hess(scores, target, **given)[1]), slopes, strict=True):
            np.testing.assert_allclose(got, exact, rtol=1e-9, atol=1e-13)
        for reduction, by in (("sum", 1), ("batch_mean", count)):
            exact = float(min(summed / by, mp.mpf(10) ** 400))
            got = loss(scores, target, reduction=reduction, **given)
            np.testing.assert_allclose(got, exact, rtol=1e-12, atol=max(1e-300 * weight.max(), 1e-300))


@each_loss
def test_equal_weights_are_as_good_as_1(backend, name, own):
    loss = getattr(fl, name)
    scores, target, groups = ranked(20, np.float64, groups=3)
    vector = np.cos(scores)
    once, *slopes = loss.value_and_grad(scores, target, groups=groups, **own)
    product = loss.hvp(scores, target, vector, groups=groups, **own)
    for weight in EXTREMES:
        given = {"sample_weight": np.full(20, weight), "groups": groups, **own}
        cost, *again = loss.value_and_grad(scores, target, **given)
        np.testing.assert_allclose(cost, once, rtol=1e-13)
        np.testing.assert_allclose(again, slopes, rtol=1e-12, atol=1e-16)
        np.testing.assert_allclose(loss.hvp(scores, target, vector, **given), product, rtol=1e-12, atol=1e-16)


@each_loss
def test_hessians_times_vectors(backend, name, own):
    scores, target, groups = ranked(14, np.float64, groups=1)
    weight, vector = np.random.default_rng(3).random((2, 14))
    with digits(80):
        slopes = lambda x: DEFINITIONS[name](x, target.tolist(), groups.tolist(), exactly(weight), **own).sample().grad
        exact = along(slopes, exactly(scores), exactly(vector))
    got = getattr(fl, name).hvp(scores, target, vector, groups=groups, sample_weight=weight, reduction="sum", **own)
    np.testing.assert_allclose(got, [float(x) for x in exact], rtol=1e-11, atol=1e-13)


# ---- groups ----------------------------------------------------------------------------------------------------------


def all_calls(loss, scores, target, **keywords):
    """Gradient, Hessian and bound."""
    curvatures = ["exact", "majorizer"] if loss.majorizer else ["exact"]
    hess = [loss.grad_and_hess(scores, target, curvature=c, **keywords)[1] for c in curvatures]
    return loss.grad(scores, target, **keywords), *hess


@each_dtype
@each_loss
def test_a_group_is_what_it_is_alone(backend, threads, name, own, dtype):
    """The same bits whatever other groups there are, wherever their samples lie, on any number of threads."""
    loss = getattr(fl, name)
    for n, groups in ((50, 5), (900, 2), (3000, 700)):
        scores, target, ids = ranked(n, dtype, groups=groups)
        weight = np.random.default_rng(1).choice([0.5, 1.0, 2.0, 0.0], n)
        keywords = {"reduction": "sum", **own}
        threads(1)
        whole = all_calls(loss, scores, target, groups=ids, sample_weight=weight, **keywords)
        cost = loss(scores, target, groups=ids, sample_weight=weight, **keywords)
        threads(2)
        for x, y in zip(
            whole, all_calls(loss, scores, target, groups=ids, sample_weight=weight, **keywords), strict=True
        ):
            same_bits(x, y)
        assert loss(scores, target, groups=ids, sample_weight=weight, **keywords) == cost
        together = np.argsort(ids, kind="stable")
        moved = [x[together] for x in (scores, target, ids, weight)]
        for x, y in zip(
            whole, all_calls(loss, *moved[:2], groups=moved[2], sample_weight=moved[3], **keywords), strict=True
        ):
            same_bits(x[together], y)
        for group in np.unique(ids)[:20]:
            one = ids == group
            alone = all_calls(loss, scores[one], target[one], sample_weight=weight[one], **keywords)
            for x, y in zip(whole, alone, strict=True):
                same_bits(x[one], y)
        total = sum(
            loss(scores[ids == g], target[ids == g], sample_weight=weight[ids == g], **keywords) for g in np.unique(ids)
        )
        assert cost == pytest.approx(total, rel=1e-13)


@each_loss
def test_order_and_origin_do_not_matter(backend, name, own):
    loss = getattr(fl, name)
    scores, target, groups = ranked(300, np.float64, groups=3)
    keywords = {"reduction": "sum", **own}
    cost, grad = loss.value_and_grad(scores, target, groups=groups, **keywords)
    order = np.random.default_rng(1).permutation(300)
    value, slope = loss.value_and_grad(scores[order], target[order], groups=groups[order], **keywords)
    assert value == pytest.approx(cost, rel=1e-13)
    np.testing.assert_allclose(slope, grad[order], rtol=1e-11, atol=1e-12)
    for g in np.unique(groups):
        assert abs(grad[groups == g].sum()) < 1e-11
    shift = np.array([0.0, 512.0, -1024.0, 4096.0])[-groups]
    value, slope = loss.value_and_grad(scores + shift, target, groups=groups, **keywords)
    assert value == pytest.approx(cost, rel=1e-10)
    np.testing.assert_allclose(slope, grad, rtol=1e-9, atol=1e-9)


@each_loss
def test_ways_to_sort(backend, name, own):
    """Labels that only doubles hold, wide ones, few ones; groups of any integers, in order or not: only the order counts."""
    loss = getattr(fl, name)
    scores, target, groups = ranked(200, np.float64, groups=6)
    expected = all_calls(loss, scores, target, groups=groups, reduction="sum", **own)
    labels = {
        "whole": target,
        "doubles": 1 + target * 1e-15,
        "huge": (target - 1) * 1e300,
        "wide": (target - 2) * 1e30,
        "ends": np.array([-inf, -1.0, 1.0, inf])[target.astype(int)],
        "integers": target.astype(np.int16),
    }
    codes = {
        "near": groups,
        "far": groups.astype(np.int64) * 2**60 // 8 - 5,
        "unsigned": (groups + 6).astype(np.uint64) * 2**58 + 2**63,
    }
    for label, code in product(labels.values(), codes.values()):
        for x, y in zip(expected, all_calls(loss, scores, label, groups=code, reduction="sum", **own), strict=True):
            same_bits(x, y)
    together = np.argsort(groups, kind="stable")
    sorted_ones = all_calls(
        loss, scores[together], 1e-3 * target[together], groups=groups[together], reduction="sum", **own
    )
    for x, y in zip(expected, sorted_ones, strict=True):
        same_bits(x[together], y)
    merged = all_calls(loss, scores, np.where(target == 2, 1.0, target), groups=groups, reduction="sum", **own)
    for step in (1, 1e-3):
        zeros = np.where(target == 1, -0.0, np.where(target == 2, 0.0, (target - 1) * step))  # which are tied
        for x, y in zip(all_calls(loss, scores, zeros, groups=groups, reduction="sum", **own), merged, strict=True):
            same_bits(x, y)


def test_sorting_what_does_not_fit_into_64_bits():
    rng = np.random.default_rng(0)
    place, groups = rng.standard_normal(1 << 17).astype(np.float32), rng.integers(0, 1 << 16, 1 << 17)
    order, starts = sequence(place, groups)
    np.testing.assert_array_equal(order, np.lexsort((place, groups)))
    np.testing.assert_array_equal(np.diff(starts), np.unique(groups, return_counts=True)[1])


@each_loss
def test_groups_repeat_along_axes_of_length_1(backend, name, own):
    loss = getattr(fl, name)
    scores, target, _ = ranked(60, np.float64)
    rows = np.arange(12)[:, None]
    table = [x.reshape(12, 5) for x in (scores, target)]
    got = loss.value_and_grad(*table, groups=rows, reduction="sum", **own)
    expected = loss.value_and_grad(scores, target, groups=np.repeat(np.arange(12), 5), reduction="sum", **own)
    assert got[0] == expected[0]
    same_bits(got[1].ravel(), expected[1])


# ---- ends ------------------------------------------------------------------------------------------------------------


@each_loss
def test_nan_stays_in_its_group(backend, name, own):
    loss = getattr(fl, name)
    for place, where in product(range(2), (1, 3)):
        scores, target, groups = np.arange(6.0), np.array([0.0, 1, 2, 0, 1, 2]), [0, 0, 0, 1, 1, 1]
        (scores, target)[place][where] = nan
        cost, grad = loss.value_and_grad(scores, target, groups=groups, reduction="sum", **own)
        assert np.isnan(cost)
        spoiled = np.arange(6) // 3 == where // 3
        for x in (grad, *all_calls(loss, scores, target, groups=groups, reduction="sum", **own)):
            assert np.isnan(x[spoiled]).all()
            assert np.isfinite(x[~spoiled]).all()


@pytest.mark.parametrize("score", [-inf, 1e17, inf])
def test_scores_of_those_at_risk_of_nothing(backend, score):
    """They enter no term; NaN shows all the same."""
    scores, time = [score, 1.0, 2.0], [-1.0, 2.0, 3.0]
    cost, grad = fl.cox.value_and_grad(scores, time, reduction="sum")
    share = mp.e / (1 + mp.e)
    near([cost, *grad], [mp.log1p(mp.e), 0, -share, share], 2)
    np.testing.assert_array_equal(fl.cox.grad_and_hess(scores, time, reduction="sum")[0], grad)
    assert np.isnan(fl.cox([nan, 1.0, 2.0], time))
    assert np.isnan(fl.cox.grad([nan, 1.0, 2.0], time)).any()


@each_loss
def test_weights_of_0_take_samples_out(backend, name, own):
    loss = getattr(fl, name)
    scores, target, groups = ranked(60, np.float64, groups=3)
    there = np.arange(60) % 4 != 1
    spoiled, labels = np.where(there, scores, nan), np.where(there, target, nan)
    for reduction in REDUCTIONS:
        keywords = {"reduction": reduction, **own}
        weighted = {"groups": groups, "sample_weight": there.astype(float), **keywords}
        for x, y in zip(
            all_calls(loss, spoiled, labels, **weighted),
            all_calls(loss, scores[there], target[there], groups=groups[there], **keywords),
            strict=True,
        ):
            same_bits(x[there], y)
            assert not x[~there].any()
        assert loss(spoiled, labels, **weighted) == loss(scores[there], target[there], groups=groups[there], **keywords)
    for weight in (np.zeros(60), np.zeros(1)):
        keywords = {"sample_weight": weight, **own}
        n = len(weight)
        assert loss(spoiled[:n], labels[:n], reduction="sum", **keywords) == 0
        assert np.isnan(loss(spoiled[:n], labels[:n], **keywords))
        assert loss.grad(spoiled[:n], labels[:n], **keywords).tolist() == [0] * n


def test_ends_of_pairwise_logistic(backend):
    loss = fl.pairwise_logistic
    cost, grad = loss.value_and_grad([-inf, 0.0], [1, 0], reduction="sum")
    assert (cost, grad.tolist()) == (inf, [-1, 1])
    cost, grad = loss.value_and_grad([inf, 0.0], [1, 0], reduction="sum")
    assert (cost, grad.tolist()) == (0, [0, 0])
    assert not np.signbit(grad).any()
    assert np.isnan(loss([inf, inf], [1, 0], reduction="sum"))
    cost, grad = loss.value_and_grad([1e308, -1e308], [0, 1], reduction="sum")
    assert (cost, grad.tolist()) == (inf, [1, -1])
    np.testing.assert_allclose(loss([50.0, 0.0], [1, 0], reduction="sum"), np.exp(-50), rtol=1e-14)
    with pytest.warns(RuntimeWarning, match="the mean over no pair is undefined"):
        assert np.isnan(loss([1.0, 2.0], [1, 1]))


def test_ends_of_listmle(backend):
    cost, grad = fl.listmle.value_and_grad([0.0, 5e3, -5e3], [3, 2, 1], reduction="sum")
    assert cost == pytest.approx(5e3)
    np.testing.assert_allclose(grad, [-1, 1, 0], atol=1e-12)
    np.testing.assert_allclose(fl.listmle([50.0, 0.0], [1, 0], reduction="sum"), np.exp(-50), rtol=1e-14)
    with pytest.warns(RuntimeWarning, match="the mean over an empty batch is undefined"):
        assert np.isnan(fl.listmle([], []))
    assert fl.listmle([], [], groups=[], reduction="sum") == 0
    assert fl.listmle([7.0], [2]) == 0


@each_loss
def test_what_has_no_slope_in_float32_has_no_sign(backend, name, own):
    grad = getattr(fl, name).grad(np.array([200, 0], np.float32), [1, 0], reduction="sum", **own)
    assert (grad.tolist(), np.signbit(grad).any()) == ([0, 0], False)


def test_half_precision_is_rounded_from_float32(backend):
    scores, target, _ = ranked(1 << 17, np.float16)
    narrow = fl.listmle.grad(scores, target, reduction="sum", ties="breslow")
    wide = fl.listmle.grad(scores.astype(np.float32), target, reduction="sum", ties="breslow")
    same_bits(narrow, wide.astype(np.float16))


def test_listmle_is_cox_of_places(backend):
    scores, target, _ = ranked(80, np.float64)
    for ties in ("breslow", "efron"):
        expected = fl.cox.value_and_grad(scores, 9 - target, ties=ties)
        got = fl.listmle.value_and_grad(scores, target, ties=ties)
        assert got[0] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-12, atol=1e-15)


def test_pairs_in_several_tiles(backend):
    """Of one sample, and of many."""
    for n, best in ((3000, 1), (150, 60), (2049, 3)):
        rng = np.random.default_rng(n)
        scores, target = rng.standard_normal(n), (np.arange(n) < best).astype(float)
        weight = rng.random(n)
        gap = scores[best:] - scores[:best, None]
        w = weight[:best, None] * weight[best:]
        sigma = 1 / (1 + np.exp(-gap))
        given = {"sample_weight": weight, "reduction": "sum"}
        cost, grad = fl.pairwise_logistic.value_and_grad(scores, target, **given)
        hess = fl.pairwise_logistic.grad_and_hess(scores, target, **given)[1]
        assert cost == pytest.approx((w * np.logaddexp(0, gap)).sum(), rel=1e-12)
        expected = np.concatenate([-(w * sigma).sum(axis=1), (w * sigma).sum(axis=0)])
        np.testing.assert_allclose(grad, expected, rtol=1e-11)
        bends = w * sigma * (1 - sigma)
        np.testing.assert_allclose(hess, np.concatenate([bends.sum(axis=1), bends.sum(axis=0)]), rtol=1e-11)
        mean = fl.pairwise_logistic(scores, target, sample_weight=weight)
        assert mean == pytest.approx(cost / w.sum(), rel=1e-12)


# ---- arguments -------------------------------------------------------------------------------------------------------


@each_loss
def test_layouts_and_outputs(backend, name, own):
    loss = getattr(fl, name)
    for dtype in DTYPES:
        scores, target, groups = ranked(77, dtype, groups=4)
        keywords = {"groups": groups, "reduction": "mean", **own}
        expected = all_calls(loss, scores, target, **keywords)
        ways = [
            (np.repeat(scores, 2)[::2], target[::-1].copy()[::-1]),
            (scores.astype(scores.dtype.newbyteorder()), target.astype(np.int8)),
            (unaligned(scores), unaligned(target)),
        ]
        for pred, labels in ways:
            pred.flags.writeable = False
            for x, y in zip(expected, all_calls(loss, pred, labels, **keywords), strict=True):
                same_bits(x, y)
        for out in (scores.copy(), target.copy()):
            given = (out, target) if (out == scores).all() else (scores, out)
            assert loss.grad(*given, out=out, **keywords) is out
            same_bits(out, expected[0])
        weight = np.ones(77, dtype)
        same_bits(loss.grad(scores, target, sample_weight=weight, out=weight, **keywords), expected[0])
        pair = np.empty((2, 77, 3), dtype)[:, :, 1]
        got = loss.grad_and_hess(scores, target, out=tuple(pair), **keywords)
        for x, y in zip(got, expected, strict=False):
            same_bits(np.ascontiguousarray(x), y)
    for half in (np.float16, ml_dtypes.bfloat16):
        scores, target, groups = ranked(40, np.float32, groups=2)
        scores = scores.astype(half)
        narrow = loss.grad(scores, target, groups=groups, reduction="sum", **own)
        wide = loss.grad(scores.astype(np.float32), target, groups=groups, reduction="sum", **own)
        same_bits(narrow.view(np.uint16), wide.astype(half).view(np.uint16))


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=re.escape(text)):
        function(*arguments, **keywords)


@pytest.mark.parametrize("call", CALLS)
@each_loss
def test_what_is_refused(backend, name, own, call):
    method = getattr(getattr(fl, name), call)
    scores, target = np.arange(4.0), [1, 0, 1, 0]
    text = "pred has shape (4,) but groups has shape (2,); they must be equal"
    refused(ValueError, text, method, scores, target, groups=[5, 1])
    sizes = " (sizes are turned into groups by np.repeat(np.arange(len(sizes)), sizes))"
    refused(ValueError, text + sizes, method, scores, target, groups=[3, 1])
    refused(TypeError, "groups has dtype float64; it must be integers", method, scores, target, groups=[0.0, 0, 1, 1])
    letters = np.array(["a", "b", "c", "d"])  # "<U1", or ">U1" where the highest byte comes first
    text = f"groups has dtype {letters.dtype}; it must be real numbers"
    refused(TypeError, text, method, scores, target, groups=list(letters))
    refused(TypeError, "'qid'; here it is groups", method, scores, target, qid=[0, 0, 1, 1])
    refused(TypeError, "'group'; did you mean 'groups'?", method, scores, target, group=[0, 0, 1, 1])
    refused(
        ValueError, f"{name} is a cost of the whole batch; reduction='none'", method, scores, target, reduction="none"
    )
    refused(ValueError, "target has shape (3,)", method, scores, target[:3])
    refused(ValueError, "sample_weight[1] is -1", method, scores, target, sample_weight=[1, -1, 1, 1])
    for bad in (inf, nan):
        refused(ValueError, f"sample_weight[0] is {bad}", method, scores, target, sample_weight=[bad, 1, 1, 1])
    if name == "listmle":
        refused(
            ValueError, "ties is 'exact'; it must be one of 'breslow', 'efron'", method, scores, target, ties="exact"
        )


def test_costs_of_parts_do_not_add_up():
    with pytest.raises(
        ValueError, match="listmle is a cost of the whole batch; the costs of parts do not add up to it"
    ):
        fl.Accumulator("listmle")
