"""Losses of rows of classes, pairs of outputs and overlaps: what is true of them besides what is true of every loss."""

import itertools
import math
import re
from functools import cache

import mpmath as mp
import numpy as np
import pytest
import truths_classes
from cases import CALLS, COMPILED, DTYPES, IN_USE, named, pairwise, running
from test_truths import each_dtype
from truths import Exact, digits, inf, nan, near, num, same_bits, whole
from truths_more import CLASSES, more_batch

import fastloss as fl

OF_ROWS = [kind for kind in CLASSES if kind.target in ("ids", "rows")]
SOFTMAX = [kind for kind in OF_ROWS if kind.family == "logits"]
OF_PROBABILITIES = [kind for kind in OF_ROWS if kind.family in ("probabilities", "masks")]
WIDTHS = [1, 2, 3, 10, 64, 95, 96, 159, 160, 1000, 2049, 5000]
by_name = {(kind.name, kind.target): kind for kind in CLASSES}


def of(*names):
    return [kind for kind in CLASSES if kind.name in names]


# ---- every width -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not COMPILED, reason="no compiled kernels")
@pytest.mark.thread_unsafe
@pytest.mark.parametrize("kind", OF_ROWS, ids=str)
def test_every_width_is_as_numpy_s(kind):
    """Which the exact truths hold for few classes: of short rows and long ones, by all calls."""
    own = {"class_weight": [None, True]} if kind.loss.ids else {}
    for classes, dtype, call, weighted, turned, *given in pairwise(
        WIDTHS, DTYPES, CALLS, [False, True], [False, True], *own.values()
    ):
        n = 70 if classes < 1000 else 5
        pred, target = more_batch(kind, n, dtype, classes=classes)
        keywords = {"sample_weight": np.linspace(0, 2, n)} if weighted else {}
        if given and given[0]:
            keywords["class_weight"] = np.linspace(1, 2, classes)
        if turned:
            pred, target = pred.T.copy(), target if kind.target == "ids" else target.T.copy()
            keywords["axis"] = 0
        results = []
        for backend in ("numpy", IN_USE):
            with running(backend):
                got = getattr(kind.loss, call)(pred, target, **keywords)
                results.append(got if isinstance(got, tuple) else (got,))
        for x, y in zip(*results, strict=True):
            tolerance = (40 + 2 * math.sqrt(classes)) * float(np.finfo(dtype).eps)
            np.testing.assert_allclose(y, x, rtol=tolerance, atol=tolerance * np.abs(x).max())


def textbook(name, p, t, s=None):
    """The losses as formulas of arrays, in float64."""
    y = t.argmax(axis=1)
    running = np.cumsum(p - t, axis=1)[:, :-1]
    mean = (p + t) / 2
    with np.errstate(all="ignore"):
        logs = lambda a, b: np.where(a > 0, a * np.log(a / b), 0).sum(axis=1)
        return {
            "brier": lambda: ((p - t) ** 2).sum(axis=1),
            "ranked_probability_score": lambda: (running**2).sum(axis=1),
            "jensen_shannon": lambda: (logs(p, mean) + logs(t, mean)) / 2,
            "reverse_kl_divergence": lambda: logs(p, t),
            "crammer_singer_hinge": lambda: np.maximum(
                0, 1 + np.where(t == 1, -inf, s).max(axis=1) - s[np.arange(len(s)), y]
            ),
            "weston_watkins_hinge": lambda: np.where(
                t == 1, 0, np.maximum(0, 1 + s - s[np.arange(len(s)), y][:, None])
            ).sum(axis=1),
            "softmax_poly": lambda: -np.log(p[t == 1]) + 1 - p[t == 1],
            "softmax_generalized_cross_entropy": lambda: (1 - p[t == 1] ** 0.7) / 0.7,
            "dice": lambda: 1 - ((p * t).sum(axis=1) + 1) / ((p + t).sum(axis=1) / 2 + 1),
            "jaccard": lambda: 1 - ((p * t).sum(axis=1) + 1) / ((p + t - p * t).sum(axis=1) + 1),
            "tversky": lambda: 1 - ((p * t).sum(axis=1) + 1) / ((p + t).sum(axis=1) / 2 + 1),
        }[
            name.removeprefix("softmax_") if name not in ("softmax_poly", "softmax_generalized_cross_entropy") else name
        ]()


@pytest.mark.parametrize("kind", OF_ROWS, ids=str)
def test_against_the_textbook(backend, kind):
    for classes in WIDTHS:
        n = 40 if classes < 1000 else 5
        pred, target = more_batch(kind, n, np.float64, classes=classes)
        rows = np.eye(classes)[target] if kind.target == "ids" else target
        p = fl.softmax(pred) if kind in SOFTMAX else pred
        np.testing.assert_allclose(
            kind.loss(pred, target, reduction="none"), textbook(kind.name, p, rows, pred), rtol=1e-9, atol=1e-12
        )


@pytest.mark.parametrize(
    "name", ["brier", "ranked_probability_score", "softmax_brier", "softmax_ranked_probability_score"]
)
def test_ids_are_rows_of_a_1(backend, name):
    for classes, dtype in itertools.product((1, 2, 10, 95, 96, 159, 160, 3000), DTYPES):
        pred, ids = more_batch(by_name[name, "ids"], 9, dtype, classes=classes)
        rows = np.eye(classes, dtype=dtype)[ids]
        loss = getattr(fl, name)
        for call in CALLS:
            for reduction in ("none", "mean"):
                one, other = (getattr(loss, call)(pred, t, reduction=reduction) for t in (ids, rows))
                for x, y in zip(one, other, strict=True) if isinstance(one, tuple) else [(one, other)]:
                    if isinstance(x, float):  # a cost, which is summed over the rows or over all numbers
                        assert x == pytest.approx(y, rel=1e-14)
                    else:
                        same_bits(x, y)


# ---- confident rows --------------------------------------------------------------------------------------------------


@cache
def confident(kind, gap, at, dtype):
    x = np.array([0, -gap, -gap - 1], dtype)
    with digits(400):
        sample = kind.sample(x, at if kind.target == "ids" else np.arange(3) == at)
        return x, Exact([sample.value]), Exact(sample.grad), Exact(sample.hess, sample.hess_sizes)


@pytest.mark.parametrize(("dtype", "gap"), [(np.float32, 12), (np.float32, 20), (np.float64, 30), (np.float64, 90)])
@pytest.mark.parametrize("kind", [k for k in SOFTMAX if "reverse" not in k.name], ids=str)
def test_confident_rows(backend, kind, dtype, gap):
    """Of the greatest class and of another: the losses and slopes that are left are right to the last places, however small."""
    for at in (0, 2):
        x, value, grad, hess = confident(kind, gap, at, dtype)
        units = truths_classes.UNITS[kind.name] + 3 * (gap + 1)
        for n in (1, 40):
            pred = np.tile(x, (n, 1))
            target = np.full(n, at) if kind.target == "ids" else np.tile((np.arange(3) == at).astype(dtype), (n, 1))
            got, slope = kind.loss.value_and_grad(pred, target, reduction="none")
            near(got[-1:], value, units)
            near(slope[-1], grad, units)
            near(kind.loss.grad_and_hess(pred, target, reduction="none")[1][-1], hess, units)


@cache
def between(gaps, at, mass):
    """Softmax ranked probability scores of three classes' logits, of which one is far above the others."""
    kind = by_name["softmax_ranked_probability_score", "rows"]
    with digits(400):
        sample = kind.sample(np.array(gaps, np.float64), mass * (np.arange(3) == at))
        diagonal = Exact(sample.hess[1:2], sample.hess_sizes[1:2])
        return Exact([sample.value]), Exact(sample.grad), Exact(sample.hess, sample.hess_sizes), diagonal


@pytest.mark.parametrize("gaps", [(-100, 0, -40), (-40, 0, -100), (0, -90, -20), (-20, -90, 0)], ids=named)
def test_ranked_scores_whose_greatest_class_lies_anywhere(backend, gaps):
    """Of the others some are far smaller than the rest of them, and each slope is right to the last places all the same."""
    loss = fl.softmax_ranked_probability_score
    for at, classes, dtype, mass in itertools.product(range(3), (3, 95, 96, 3000), DTYPES, (1, 0.5)):
        value, grad, hess, diagonal = between(gaps, at, mass)
        pred = np.full((2, classes), -inf, dtype)
        pred[:, :3] = gaps
        rows = np.zeros_like(pred)
        rows[:, at] = mass
        for target in (rows, [at, at])[: 2 if mass == 1 else 1]:
            got, slope = loss.value_and_grad(pred, target, reduction="none")
            curved = loss.grad_and_hess(pred, target, reduction="none")[1]
            product = loss.hvp(pred, target, np.eye(classes, dtype=dtype)[:2], reduction="none")
            units = 400 if dtype == np.float64 else 40
            if mass == 1 or classes == 3:  # or else the classes that are not there count
                near(got[-1:], value, units)
            near(slope[-1, :3], grad, units)
            near(curved[-1, :3], hess, units)
            near(product[-1, 1:2], diagonal, units)
            assert not slope[:, 3:].any()
            assert not curved[:, 3:].any()


# ---- nearly equal distributions --------------------------------------------------------------------------------------


@cache
def nearly_equal(name, dtype, step, classes):
    rng = np.random.default_rng(classes)
    t = rng.random(classes) + 0.05
    t = (t / t.sum()).astype(dtype)
    change = step * rng.standard_normal(classes)
    kind = by_name[name, "rows"]
    pred = (np.log(t.astype(float)) + change if kind in SOFTMAX else t * (1 + change)).astype(dtype)
    row = truths_classes.row_of(name, [num(v) for v in pred], [num(v) for v in t])
    size = row.soft_size if kind in SOFTMAX else row.size
    return pred[None], t[None], float(row.value), float(size)


@pytest.mark.parametrize(("dtype", "step"), [(np.float32, 1e-3), (np.float64, 1e-3), (np.float64, 1e-7)], ids=named)
@pytest.mark.parametrize("name", ["jensen_shannon", "reverse_kl_divergence"])
def test_divergences_of_rows_that_nearly_agree(backend, name, dtype, step):
    """No digit cancels, neither of the rows themselves nor, but for what a softmax rounds, of logits."""
    eps = float(np.finfo(dtype).eps)
    for classes in (2, 10, 95, 1100):
        pred, target, value, size = nearly_equal(name, dtype, step, classes)
        got = getattr(fl, name)(pred, target, reduction="none")[0]
        assert abs(got - value) <= 32 * eps * max(abs(value), size if name != "jensen_shannon" else 0)
        assert getattr(fl, name)(target, target) == 0
        pred, target, value, size = nearly_equal(f"softmax_{name}", dtype, step, classes)
        got = getattr(fl, f"softmax_{name}")(pred, target)
        assert abs(got - value) <= 8 * 2.0**-53 * size * math.sqrt(classes) + 4 * eps * abs(value) * (
            dtype == np.float64
        )


@each_dtype
def test_jensen_shannon_where_its_formulas_meet(backend, dtype):
    """Where logarithms would cancel but for the series, and for the slope what rounding takes from p + t counts."""
    kind = by_name["jensen_shannon", "rows"]
    t = np.linspace(0.01, 0.19, 61)
    pred, target = (
        np.concatenate(x).astype(dtype)[:, None]
        for x in zip(*((t * k, t) for k in (*np.linspace(1.02, 1.4, 20), *np.linspace(1.5, 5, 36))), strict=True)
    )
    for p, other in ((pred, target), (target, pred)):
        with digits(40):
            truth = whole(kind, kind.samples(p, other), [num(1)] * len(p), "none")
        value, grad = kind.loss.value_and_grad(p, other, reduction="none")
        near(value, truth.value, 8)
        near(grad, truth.grad, 8)


# ---- the range of the dtype ------------------------------------------------------------------------------------------


@each_dtype
@pytest.mark.parametrize("name", ["jensen_shannon", "reverse_kl_divergence"])
def test_divergences_of_tiny_probabilities(backend, name, dtype):
    """Quotients and their logarithms over the whole range, from subnormal numbers to 1."""
    powers = [-45, -40, -38, -30, -10, -3, -1] if dtype == np.float32 else [-323, -310, -300, -200, -100, -18, -3, -1]
    kind = by_name[name, "rows"]
    numbers = [x * 10.0**p for p in powers for x in (1, 2.5)]
    p, t = (np.array(x, dtype) for x in zip(*itertools.product([0.0, *numbers, 1.0], numbers), strict=True))
    for columns in (1, 2):
        pred, target = (np.repeat(x[:, None], columns, axis=1) for x in (p, t))
        with digits(60):
            truth = whole(kind, kind.samples(pred, target), [num(1)] * len(p), "none")
        value, grad = kind.loss.value_and_grad(pred, target, reduction="none")
        near(value, truth.value, 32)
        near(grad, truth.grad, 32)
        near(kind.loss.grad_and_hess(pred, target, reduction="none")[1], truth.hess, 32)


@each_dtype
def test_divergences_of_one_tiny_probability(backend, dtype):
    """One logarithm, and no difference of two, wherever the quotient is in range, or next to it."""
    least = float(np.finfo(dtype).smallest_subnormal)
    small = [least, 3 * least, 7 * least, 2.0**-61, 1.7 * 2.0**-62, 2.0**-100]
    pairs = [pair for a in small for b in (2.0**-59, 1.3 * 2.0**-58, 1e-10, 0.3, 0.7, 1.0) for pair in ((a, b), (b, a))]
    p, t = (np.array(x, dtype) for x in zip(*pairs, strict=True))
    p, t = p[:, None], t[:, None]
    for name in ("reverse_kl_divergence", "jensen_shannon"):
        kind = by_name[name, "rows"]
        with digits(60):
            truth = whole(kind, kind.samples(p, t), [num(1)] * len(p), "none")
        value, grad = kind.loss.value_and_grad(p, t, reduction="none")
        near(value, truth.value, 4)
        near(grad, truth.grad, 4)
        if name == "reverse_kl_divergence":
            near(fl.kl_divergence(t, p, reduction="none"), truth.value, 4)


@each_dtype
def test_products_of_hessians_that_leave_the_range(backend, dtype):
    """t/p² may; what a small vector makes of it does not."""
    p = 1e-30 if dtype == np.float32 else 1e-200
    pred, target = np.array([[p, 0.5]], dtype), np.array([[0.25, 0.75]], dtype)
    for loss in (fl.kl_divergence, fl.categorical_cross_entropy):
        assert np.isinf(loss.grad_and_hess(pred, target)[1][0, 0])
        product = loss.hvp(pred, target, np.array([[2 * p, 1]], dtype))
        np.testing.assert_allclose(product, np.array([[0.5 / p, 3]], dtype), rtol=4 * np.finfo(dtype).eps)


def test_overlaps_of_tiny_probabilities(backend):
    for loss in (fl.dice, fl.jaccard, fl.tversky):
        for size in (1e-300, 1e-200, 1e-30):
            value, grad = loss.value_and_grad([[size, 0.0]], [[size, 0.0]], smooth=0, reduction="none")
            assert value[0] == pytest.approx(1, rel=1e-12)  # all but p² is missed
            assert grad[0, 1] == pytest.approx(0, abs=1)
            assert np.isfinite(grad).all()


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("kind", [k for k in OF_ROWS if k.loss.domains], ids=str)
def test_values_outside_their_domains(backend, kind, call):
    """They are named, and that what was to be written may not have been left alone; a row of weight 0 may hold any."""
    places = [
        name
        for name in ("pred", "target")
        if name in kind.loss.domains and not (name == "target" and kind.target == "ids")
    ]
    for place, (n, classes), dtype, bad, given in itertools.product(
        places, [(4, 5), (40, 5), (3, 200), (2, 3000)], DTYPES, (1.5, -0.25), (False, True)
    ):
        pred, target = more_batch(kind, n, dtype, classes=classes)
        (pred if place == "pred" else target)[1, classes - 2] = bad
        out, room = {}, np.full((2, *pred.shape), 7, dtype)
        if given and call != "__call__":
            out = {"out": tuple(room) if call == "grad_and_hess" else room[0]}
        text = re.escape(f"{place}[1, {classes - 2}] is {bad}; {place} must be in [0, 1]")
        for keywords in ({}, {"sample_weight": np.ones(n)}, {"reduction": "sum"}):
            with pytest.raises(ValueError, match=text) as caught:
                getattr(kind.loss, call)(pred, target, **keywords, **out)
            said = str(caught.value).endswith("; out may have been partly written")
            assert (out and pred.nbytes > 2048) if said else (room == 7).all()
        weight = np.ones(n)
        weight[1] = 0
        getattr(kind.loss, call)(pred, target, sample_weight=weight)


@pytest.mark.parametrize("name", ["brier", "ranked_probability_score"])
def test_ignored_rows_may_hold_anything(backend, name):
    pred = np.array([[7.0, nan], [0.25, 0.75], [1.0, -1.0], [0.5, 0.5]])
    loss = getattr(fl, name)
    for call in CALLS:
        got = getattr(loss, call)(pred, [-1, 0, -1, 1], ignore_index=-1)
        expected = getattr(loss, call)(pred[1::2], [0, 1])
        for x, y in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
            np.testing.assert_allclose(x[1::2] if np.ndim(x) else x, y)
            assert not np.ndim(x) or not np.any(x[::2])
    pred[3, 1] = 3
    with pytest.raises(ValueError, match=re.escape("pred[3, 1] is 3; pred must be in [0, 1]")):
        loss(pred, [-1, 0, -1, 1], ignore_index=-1)


def test_only_ids_are_taken():
    for name in ("softmax_poly", "softmax_generalized_cross_entropy", "crammer_singer_hinge", "weston_watkins_hinge"):
        with pytest.raises(ValueError, match=re.escape("class ids must have shape (2,)")):
            getattr(fl, name)(np.zeros((2, 3)), np.zeros((2, 3)))
    for name in ("jensen_shannon", "softmax_jensen_shannon", "reverse_kl_divergence", "softmax_reverse_kl_divergence"):
        with pytest.raises(ValueError, match=re.escape("pred has shape (2, 3) but target has shape (2,)")):
            getattr(fl, name)(np.zeros((2, 3)), [0, 1])
        with pytest.raises(TypeError, match="unexpected keyword argument 'ignore_index'"):
            getattr(fl, name)(np.zeros((2, 3)), np.zeros((2, 3)), ignore_index=0)


# ---- relations -------------------------------------------------------------------------------------------------------


def test_of_two_classes(backend, rng):
    """Twice the squared error of one probability; a hinge of the difference; the square of one difference."""
    p, label = rng.random(50), rng.integers(0, 2, 50)
    pair = np.stack([1 - p, p], axis=1)
    assert fl.brier(pair, label) == pytest.approx(2 * fl.mse(p, label), rel=1e-13)
    assert fl.ranked_probability_score(pair, label) == pytest.approx(fl.mse(p, label), rel=1e-13)
    scores = 3 * rng.standard_normal((50, 2))
    for loss in (fl.crammer_singer_hinge, fl.weston_watkins_hinge):
        assert loss(scores, label) == pytest.approx(fl.hinge(scores[:, 1] - scores[:, 0], 2 * label - 1), rel=1e-13)


def test_members_of_families(backend, rng):
    x, ids = rng.standard_normal((40, 5)), rng.integers(0, 5, 40)
    cross = fl.softmax_cross_entropy.value_and_grad(x, ids)
    for loss, own in ((fl.softmax_poly, {"epsilon": 0}), (fl.softmax_generalized_cross_entropy, {"q": 1e-9})):
        value, grad = loss.value_and_grad(x, ids, **own)
        assert value == pytest.approx(cross[0], rel=1e-7)
        np.testing.assert_allclose(grad, cross[1], rtol=1e-7, atol=1e-12)
    p = fl.softmax(x)
    linear = fl.softmax_generalized_cross_entropy(x, ids, q=1)
    assert linear == pytest.approx(1 - p[np.arange(40), ids].mean(), rel=1e-13)
    other = fl.softmax(rng.standard_normal((40, 5)))
    assert fl.jensen_shannon(p, other) == pytest.approx(fl.jensen_shannon(other, p), rel=1e-12)
    assert fl.reverse_kl_divergence(p, other) == pytest.approx(fl.kl_divergence(other, p), rel=1e-12)
    masks = rng.integers(0, 2, (40, 5))
    for loss, weights in ((fl.dice, 0.5), (fl.jaccard, 1.0)):
        same = fl.tversky.value_and_grad(p, masks, alpha=weights, beta=weights)
        for a, b in zip(loss.value_and_grad(p, masks), same, strict=True):
            np.testing.assert_array_equal(a, b)
    assert fl.tversky(p, masks, alpha=0.25) != fl.tversky(p, masks, beta=0.25)


def test_hinges_choose_the_first_of_equals(backend):
    for classes in (4, 96, 159, 160, 3000):
        scores = np.zeros((3, classes))
        scores[0, [2, classes - 1]] = 1
        grad = fl.crammer_singer_hinge.grad(scores, [0, 0, 1], reduction="sum")
        assert grad[0].nonzero()[0].tolist() == [0, 2]
        assert grad[1].nonzero()[0].tolist() == [0, 1]
        assert grad[2].nonzero()[0].tolist() == [0, 1]


def test_ranked_scores_of_rows_that_are_no_distributions(backend):
    """The last of the running sums is left out, whatever it is."""
    for classes in (4, 96, 159, 160, 3000):
        value, grad = fl.ranked_probability_score.value_and_grad(np.ones((2, classes)), [0, 0], reduction="none")
        sums = np.arange(classes - 1.0)
        assert value.tolist() == [(sums**2).sum()] * 2
        np.testing.assert_array_equal(grad, [[*(2 * sums[::-1].cumsum()[::-1]), 0]] * 2)


def test_curvature_of_squared_hinges(backend):
    """2 of each class that is too near, and of the label as much as of all these."""
    for classes in (4, 96, 159, 160, 3000):
        scores = np.zeros((2, classes))
        scores[1, 1] = -2
        hess = fl.weston_watkins_hinge.grad_and_hess(scores, [0, 0], power=2, reduction="none")[1]
        assert hess[0].tolist() == [2 * (classes - 1), *[2] * (classes - 1)]
        assert hess[1].tolist() == [2 * (classes - 2), 0, *[2] * (classes - 2)]


def test_majorizers_by_hand(backend):
    """The second derivative without what is negative in it: of poly, epsilon·p of the label times (p - t)²."""
    x = np.log([[0.5, 0.25, 0.25]])
    bound = lambda loss, **own: loss.grad_and_hess(x, [0], curvature="majorizer", reduction="none", **own)[1][0]
    for loss, own, expected in (
        (fl.softmax_poly, {"epsilon": 2}, [0.5, 0.375, 0.375]),
        (fl.softmax_poly, {"epsilon": -0.5}, [0.25, 0.15625, 0.15625]),
        (fl.softmax_generalized_cross_entropy, {"q": 1}, [0.125, 0.09375, 0.09375]),
    ):
        np.testing.assert_allclose(bound(loss, **own), expected, rtol=1e-14, err_msg=loss.name)


@cache
def bound_of_brier(gap, at, dtype):
    """Gauss and Newton's term, and the other where it is positive."""
    x = np.array([0, -gap, -gap - 1], dtype)
    with digits(80):
        powers = [mp.exp(num(v)) for v in x]
        p = [v / mp.fsum(powers) for v in powers]
        slopes = [2 * (v - (j == at)) for j, v in enumerate(p)]
        mean = mp.fsum(v * g for v, g in zip(p, slopes, strict=True))
        bounds = []
        for k, (v, g) in enumerate(zip(p, slopes, strict=True)):
            turns = [q * ((j == k) - v) for j, q in enumerate(p)]  # the derivatives of the probabilities
            bounds.append(2 * mp.fsum(turn**2 for turn in turns) + max(0, v * (1 - 2 * v) * (g - mean)))
        return x, Exact(bounds)


@pytest.mark.parametrize(("dtype", "gap"), [(np.float32, 12), (np.float64, 30)])
def test_majorizers_of_confident_rows(backend, dtype, gap):
    """Of a class whose probability is next to 1, nothing of what is left of 1 is lost."""
    for at, n in itertools.product((0, 2), (1, 40)):
        x, truth = bound_of_brier(gap, at, dtype)
        pred = np.tile(x, (n, 1))
        bound = fl.softmax_brier.grad_and_hess(pred, np.full(n, at), curvature="majorizer", reduction="none")[1]
        near(bound[-1], truth, truths_classes.UNITS["softmax_brier"] + 3 * (gap + 1))


def test_nan_beside_a_target_of_0_is_not_hidden(backend):
    for name, classes in itertools.product(("jensen_shannon", "reverse_kl_divergence", "brier"), (3, 200)):
        pred, target = np.full((2, classes), 1 / classes), np.zeros((2, classes))
        pred[0, 1], target[:, 0] = nan, 1
        loss = getattr(fl, name)
        value, grad = loss.value_and_grad(pred, target, reduction="none")
        hess = loss.grad_and_hess(pred, target, reduction="none")[1]
        for x in (value[0], grad[0], hess[0]):
            assert np.isnan(x).any(), name
        assert not np.isnan(value[1])


@pytest.mark.parametrize("weighted", [False, True])
def test_a_number_that_is_not_one_is_not_hidden_from_its_class(backend, weighted):
    """Where there are probabilities on both sides: neither a pred's nor a target's, in neither call."""
    weight = [2.0, 1.0] if weighted else None
    for name, classes, of in itertools.product(("jensen_shannon", "reverse_kl_divergence", "brier"), (3, 200), (0, 1)):
        pair = np.full((2, 2, classes), 1 / classes)
        pair[of, 0, 1] = nan
        grad, hess = getattr(fl, name).grad_and_hess(*pair, sample_weight=weight)
        for x in (grad, hess):
            assert np.isnan(x[0]).tolist() == [k == 1 for k in range(classes)], name
            assert np.isfinite(x[1]).all()


# ---- constants -------------------------------------------------------------------------------------------------------


def test_constants_by_hand(backend):
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)
    close(fl.laplace_nll.constant([1.0, 2.0, 9.0]), [2, math.log(8 / 3)])
    close(fl.softmax_generalized_cross_entropy.constant([0, 1, 1], q=0.5), [-2 * math.log(2), 0])
    assert fl.softmax_generalized_cross_entropy.constant([0, 1, 1], q=1).tolist() == [-inf, 0]
    close(fl.softmax(fl.softmax_poly.constant([0, 1, 1], epsilon=0)), [1 / 3, 2 / 3])
    assert fl.crammer_singer_hinge.constant([0, 1, 1, 2], margin=2).tolist() == [0, 0, 0]
    assert fl.crammer_singer_hinge.constant([0, 1, 1], margin=2).tolist() == [0, 2]
    assert fl.weston_watkins_hinge.constant([0, 1, 1, 2]).tolist() == [-1, 0, -1]
    close(fl.brier.constant([0, 1, 1, 1]), [0.25, 0.75])
    close(fl.ranked_probability_score.constant([[0.5, 0.5], [0.25, 0.75]], [1, 3]), [0.3125, 0.6875])
    close(fl.reverse_kl_divergence.constant([[0.5, 0.5], [0.1, 0.9]]), np.array([0.25, 0.75]))
    assert fl.reverse_kl_divergence.constant([[0.0, 1.0], [0.5, 0.5]]).tolist() == [0, 1]
    close(fl.jensen_shannon.constant([[0.5, 0.5], [0.5, 0.5]]), [0.5, 0.5])
    assert fl.dice.constant([[1, 1, 0], [1, 1, 0], [1, 0, 0]]).tolist() == [1, 1, 0]


def test_levels_of_a_hinge_are_the_best(rng):
    """Against every assignment of steps."""
    for _ in range(20):
        counts = rng.integers(1, 9, 4)
        ids = np.repeat(np.arange(4), counts)
        best = fl.weston_watkins_hinge.constant(ids)
        cost = lambda s, ids=ids: fl.weston_watkins_hinge(np.broadcast_to(np.array(s, float), (len(ids), 4)), ids)
        others = min(cost(s) for s in itertools.product(range(4), repeat=4))
        assert cost(best) <= others + 1e-12


# ---- all levels ------------------------------------------------------------------------------------------------------


@pytest.mark.thread_unsafe
@pytest.mark.skipif(len(COMPILED) < 2, reason="no other levels here")
@pytest.mark.parametrize("kind", CLASSES, ids=str)
def test_levels_agree(kind):
    for classes, dtype, call, reduction in pairwise(
        [1, 3, 10, 96, 159, 160, 3000], [*DTYPES, np.float16], CALLS, ["none", "mean"]
    ):
        pred, target = more_batch(kind, 33, dtype, classes=classes)
        results = []
        for level in COMPILED:
            with running(level):
                got = getattr(kind.loss, call)(pred, target, reduction=reduction)
                results.append(got if isinstance(got, tuple) else (got,))
        for other in results[1:]:
            for x, y in zip(results[0], other, strict=True):
                tolerance = 64 * float(np.finfo(np.float32 if dtype == np.float16 else dtype).eps)
                tolerance = 2e-3 if dtype == np.float16 and np.ndim(x) else tolerance
                np.testing.assert_allclose(
                    np.float64(y), np.float64(x), rtol=tolerance, atol=tolerance * np.abs(np.float64(x)).max()
                )
