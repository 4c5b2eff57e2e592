"""What is particular to losses of counts, margins and scores: powers, ranges, kinks, weights of labels, best constants."""

import itertools
import math
from functools import cache

import numpy as np
import pytest
import truths_counts
from cases import DTYPES, named, running
from truths import ONE, check, digits, inf, nan, near, num, whole
from truths_more import COUNTS

import fastloss as fl

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=named)
close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-9)


@cache
def truth_of(name, pred, target, own, dtype):
    """Of pairs of numbers of a dtype."""
    kind = COUNTS[name]
    pred, target = (np.array(x, dtype) for x in (pred, target))
    with digits(1500 if np.abs(pred).max() > 100 else 200):
        samples = kind.samples(pred, target, **dict(own))
        return pred, target, whole(kind, samples, [ONE] * len(pred), "none")


def compared(name, pred, target, own, dtype, units):
    kind = COUNTS[name]
    pred, target, truth = truth_of(name, tuple(pred), tuple(target), tuple(own.items()), dtype)
    check(kind, pred, target, truth, units=units, **own)


# ---- means and targets of any size -----------------------------------------------------------------------------------

RATIOS = [
    1,
    1 + 1e-6,
    1 - 1e-6,
    1.001,
    0.68,
    0.7,
    0.73,
    0.76,
    1.37,
    1.41,
    1.47,
    1.5,
    2,
    2.7,
    3,
    0.4,
    0.36,
    0.1,
    10,
    1e4,
    1e-4,
]
SIZES = {np.float32: [1e-3, 1, 300], np.float64: [1e-40, 1e-3, 1, 300, 1e40]}


@each_dtype
@pytest.mark.parametrize("name", ["poisson_deviance", "gamma_deviance"])
def test_deviances_near_and_far(backend, name, dtype):
    """To the last places, however near the mean is to the target."""
    pairs = [(s * r, s) for s, r in itertools.product(SIZES[dtype], RATIOS)]
    compared(name, *zip(*pairs, strict=True), {}, dtype, 16)


@each_dtype
@pytest.mark.parametrize("power", [1.0, 1.01, 1.2, 1.5, 1.9, 1.999, 2.0, 2.001, 2.5, 3.0, 4.0])
def test_deviances_of_any_power(backend, dtype, power):
    sizes = SIZES[dtype] if power < 2.5 else [0.1, 1, 300]
    pairs = [(s * r, s) for s, r in itertools.product(sizes, RATIOS)]
    exact = dtype == np.float32 and backend == "numpy"  # which computes in double
    units = 24 if exact else 40 + 3 * abs(math.log(sizes[0])) * max(1.0, power - 1)
    compared("tweedie_deviance", *zip(*pairs, strict=True), {"power": power}, dtype, units)


@each_dtype
def test_deviances_at_the_ends_of_the_range(backend, dtype):
    """Quotients and powers that leave it where the loss does not."""
    huge, tiny = (1e38, 1e-37) if dtype == np.float32 else (1e307, 1e-306)
    for own in ({"power": 1.0}, {"power": 1.5}, {"power": 2.0}):
        pairs = [(huge, huge / 3), (tiny, tiny * 3), (huge, tiny), (huge, 1), (tiny, tiny), (tiny, 1e4)]
        with np.errstate(over="ignore"):
            pred, target, truth = truth_of("tweedie_deviance", *zip(*pairs, strict=True), tuple(own.items()), dtype)
        near(fl.tweedie_deviance(pred, target, reduction="none", **own), truth.value, 1600)
        near(fl.tweedie_deviance.grad(pred, target, reduction="none", **own), truth.grad, 1600)


@pytest.mark.parametrize(("power", "mean"), [(6.0, 1e-80), (4.0, 1e-200)])
def test_deviances_beyond_the_range_are_infinite(backend, power, mean):
    """Of a target not far above the mean, where the two terms that nearly cancel are both beyond it."""
    target = mean * np.array([1.5, 3.0, 0.5])
    assert (fl.tweedie_deviance(np.full(3, mean), target, power=power, reduction="none") == inf).all()


@each_dtype
def test_negative_binomial_curvature_of_many_counts(backend, dtype):
    """(1/α + t)·σ(y)σ(−y), where αt, or σ(−y), is beyond the range and the curvature is not."""
    single = dtype == np.float32
    for x, t, alpha in (
        [(-20.0, 1e34, 1e5), (95.0, 1e30, 1.0), (-60.0, 1e37, 1e20), (-60.0, 1e37, 1e-20), (20.0, 1e37, 1e-30)]
        if single
        else [
            (-24.77425, 1e307, 50.0),
            (760.0, 1e100, 1.0),
            (-600.0, 1e305, 1e200),
            (-600.0, 1e305, 1e-100),
            (300.0, 1e200, 1e-200),
        ]
    ):
        compared("negative_binomial_nll", [x], [t], {"alpha": alpha}, dtype, 32)


@each_dtype
def test_curvature_of_targets_near_the_largest(backend, dtype):
    """(4t - 2μ)/μ³, where 4t/μ is beyond it."""
    target = np.array([0.5, 0.75, 1], dtype) * np.finfo(dtype).max
    hess = fl.gamma_deviance.grad_and_hess(np.full(3, 2, dtype), target, reduction="none")[1]
    np.testing.assert_allclose(hess, target / 2, rtol=8 * np.finfo(dtype).eps)


@each_dtype
@pytest.mark.parametrize("sign", [-1, 1])
def test_negative_binomial_where_exponentials_leave_the_range(backend, sign, dtype):
    """And what they are multiplied by brings them, or the curvature, back."""
    single = dtype == np.float32
    scores = [88, 95, 100, 102, 104, 107.7] if single else [708, 720, 730, 740, 745, 750]
    alpha = {-1: 1e-6 if single else 1e-100, 1: 1e36 if single else 1e300}[sign]
    pairs = [(sign * x, t) for x, t, sign in itertools.product(scores, [0, 5], (1, -1))]
    compared("negative_binomial_nll", *zip(*pairs, strict=True), {"alpha": alpha}, dtype, 16)
    x = 80.0 if single else 702.0
    compared("negative_binomial_nll", [x, x, -x], [math.exp(x), 2 * math.exp(x), 2.0], {"alpha": 1e4}, dtype, 16)
    x, t, alpha = (-20.0, 1e36, 1e30) if single else (-400.0, 1e300, 1e250)
    compared("negative_binomial_nll", [x], [t], {"alpha": alpha}, dtype, 16)


@each_dtype
@pytest.mark.parametrize("gamma", [0.5, 2.0, 2.5])
def test_soft_labels_that_are_nearly_hard(backend, gamma, dtype):
    """As small as the probability, or as near 1: neither is lost beside the other."""
    scores = [-10, -20, -30] if dtype == np.float32 else [-20, -46, -90]
    pairs = [(x, ratio * math.exp(x)) for x, ratio in itertools.product(scores, (0.25, 1, 3))]
    compared(
        "sigmoid_focal", *zip(*pairs, strict=True), {"gamma": gamma}, dtype, 200
    )  # as many as the exponent is large


def test_an_unknown_label_is_not_lost(backend):
    """Where the loss is 0 of either label."""
    for dtype, x in itertools.product(DTYPES, (-1000, -88, 88, 104, 800, 1000)):
        for loss, own in ((fl.sigmoid_asymmetric, {}), (fl.sigmoid_asymmetric, {"clip": 0}), (fl.sigmoid_focal, {})):
            for call in (loss, loss.grad):
                assert np.isnan(call(np.array([x], dtype), [nan], reduction="none", **own)).all(), (loss, own, x)


def test_curvatures_whose_factors_leave_the_range(backend):
    """Of a mean that is infinite, or of a target that is next to nothing."""
    assert fl.negative_binomial_nll.grad_and_hess(np.float32([709]), [1e30], alpha=1e-10)[1] == 0
    assert fl.tweedie_nll.grad_and_hess([-1e30], [5e-324])[1] == inf
    small = np.float32([-104]), np.float32([1e-44])
    with running("numpy"):
        expected = fl.tweedie_nll.grad_and_hess(*small, power=1.2)[1]
    np.testing.assert_allclose(fl.tweedie_nll.grad_and_hess(*small, power=1.2)[1], expected, rtol=1e-5)
    assert (fl.tweedie_deviance([5e-324, 1e-310], [1e-300, 1.0], power=3, reduction="none") == inf).all()
    assert fl.smape.grad_and_hess([5e-324], [5e-324])[1] == 0


FAR = [  # loss, parameters, pairs
    ("gamma_nll", {}, [(740, 1e300), (-720, 1e-100), (705, 1e300)]),
    ("tweedie_nll", {"power": 1.9}, [(-800, 1e-200), (800, 1e200), (-790, 0)]),
    ("negative_binomial_nll", {}, [(1000, 0), (1000, 5), (709.9, 5), (-1000, 5)]),
    ("negative_binomial_nll", {"alpha": 1e300}, [(500, 0), (-500, 2), (-700, 2), (-720, 0)]),
    ("tweedie_deviance", {"power": 1.1}, [(1e300, 1e-300), (1e-300, 1e300), (1e300, 0)]),
    ("tweedie_deviance", {"power": 3.0}, [(1e160, 1e300), (1e100, 1e100)]),
]


@pytest.mark.thread_unsafe
@pytest.mark.parametrize(("name", "own", "pairs"), FAR, ids=str)
def test_products_in_range_of_factors_that_are_not(name, own, pairs):
    """Of NumPy's formulas, which others may be held against."""
    with running("numpy"):
        compared(name, *zip(*pairs, strict=True), own, np.float64, 2000)


@each_dtype
def test_powers_of_2_and_nearly(backend, dtype):
    """The domain is that of the power which was given, not of its rounding; both losses are nearly the same."""
    below = np.nextafter(2.0, 1)
    pred, target = np.array([0.5, 2, 8], dtype), np.array([1, 1, 3], dtype)
    np.testing.assert_allclose(
        fl.tweedie_deviance(pred, target, power=below, reduction="none"),
        fl.gamma_deviance(pred, target, reduction="none"),
        rtol=1e-5 if dtype == np.float32 else 1e-12,
    )
    zero = np.zeros(3, dtype)
    assert np.isfinite(fl.tweedie_deviance.grad(pred, zero, power=below)).all()
    with pytest.raises(ValueError, match=r"target\[0\] is 0; target must be > 0 for a power >= 2"):
        fl.tweedie_deviance.grad(pred, zero, power=2)
    with pytest.raises(ValueError, match=r"target\[0\] is 0; target must be > 0 for a power >= 2"):
        fl.tweedie_deviance.constant(zero, power=3)


# ---- scores of any size ----------------------------------------------------------------------------------------------

SCORES = [0.0, 1e-20, 0.3, 1, 4, 12, 30, 80]


@each_dtype
@pytest.mark.parametrize(
    ("name", "own"),
    [
        *((name, {}) for name in ("poisson_nll", "gamma_nll", "tweedie_nll", "negative_binomial_nll")),
        ("tweedie_nll", {"power": 1.01}),
        ("negative_binomial_nll", {"alpha": 1e-8}),
        ("negative_binomial_nll", {"alpha": 1e8}),
    ],
    ids=str,
)
def test_log_means_of_any_size(backend, name, own, dtype):
    targets = [0.0, 1e-3, 1, 7, 1000] if name != "gamma_nll" else [1e-3, 1, 7, 1000]
    pairs = [(sign * x, t) for x, t, sign in itertools.product(SCORES, targets, (1, -1))]
    compared(name, *zip(*pairs, strict=True), own, dtype, 16 + 40 * (name == "tweedie_nll"))


@each_dtype
def test_quotients_of_exponentials_beyond_the_range(backend, dtype):
    """t·e⁻ˣ is in range where e⁻ˣ is not."""
    pairs = [(-95, 1e-30), (110, 1e30)] if dtype == np.float32 else [(-720, 1e-200), (800, 1e300)]
    compared("gamma_nll", *zip(*pairs, strict=True), {}, dtype, 16)


@each_dtype
@pytest.mark.parametrize("name", ["logistic", "exponential", "modified_huber", "perceptron"])
def test_margins_of_any_size(backend, name, dtype):
    pairs = [(sign * x, t) for x, t, sign in itertools.product(SCORES, (1, -1), (1, -1))]
    compared(name, *zip(*pairs, strict=True), {}, dtype, 8)


@each_dtype
@pytest.mark.parametrize(
    ("name", "own"),
    [
        *(("sigmoid_focal", {"gamma": g}) for g in (0.0, 0.5, 1.0, 2.0, 5.0)),
        ("sigmoid_brier", {}),
        ("sigmoid_asymmetric", {}),
        ("sigmoid_asymmetric", {"gamma_neg": 0.0}),
        ("sigmoid_asymmetric", {"gamma_neg": 0.0, "clip": 0.0}),
        ("sigmoid_asymmetric", {"gamma_neg": 1.0, "clip": 0.5}),
    ],
    ids=str,
)
def test_scores_of_any_size(backend, name, own, dtype):
    targets = (0, 1) if name == "sigmoid_asymmetric" else (0, 0.25, 1)
    scores = [x for x in SCORES if x < 40]
    pairs = [(sign * x, t) for x, t, sign in itertools.product(scores, targets, (1, -1))]
    units = 16 + 31 * max(own.get("gamma", 2), own.get("gamma_pos", 1), own.get("gamma_neg", 4)) * (
        name != "sigmoid_brier"
    )
    compared(name, *zip(*pairs, strict=True), own, dtype, units)


@each_dtype
def test_small_shifted_probabilities(backend, dtype):
    """log(1 − v) of a small v to the last places."""
    own = {"clip": 2.0**-24}
    compared("sigmoid_asymmetric", [-10.0, -12.0, -14.0, -16.0], [0.0] * 4, own, dtype, 120)


@each_dtype
def test_a_whole_power_beside_another(backend, dtype):
    """A label's products lose no digits to the other label's logarithms."""
    for gammas, label in (((3.0, 0.5), 1), ((0.5, 4.0), 0)):
        own = dict(zip(("gamma_pos", "gamma_neg"), gammas, strict=True)) | {"clip": 0.0}
        scores = [sign * x for x in (0.5, 3, 10, 20, 30) for sign in (1, -1)]
        compared("sigmoid_asymmetric", scores, [label] * len(scores), own, dtype, 16)


@each_dtype
def test_infinite_losses_of_powers_below_the_range(backend, dtype):
    """Of a label that is nearly hard, at its wrong end."""
    small = 1e-30 if dtype == np.float32 else 1e-200
    for own in ({}, {"gamma": 2.5}, {"alpha": 0.25}):
        value, grad = fl.sigmoid_focal.value_and_grad(np.array([-inf], dtype), [small], reduction="none", **own)
        assert value == inf, own
        assert grad == 0, own


# ---- the same loss by other names ------------------------------------------------------------------------------------


def test_special_cases(backend, rng):
    x, s = rng.standard_normal((2, 40)) * 3
    t, sign = (s > 0).astype(float), np.sign(s)
    pairs = [
        (fl.logistic, (x, sign), {}, fl.sigmoid_cross_entropy, (x, t), {}),
        (fl.sigmoid_focal, (x, t), {"gamma": 0}, fl.sigmoid_cross_entropy, (x, t), {}),
        (fl.sigmoid_focal, (x, np.abs(np.sin(s))), {"gamma": 0}, fl.sigmoid_cross_entropy, (x, np.abs(np.sin(s))), {}),
        (fl.sigmoid_asymmetric, (x, t), {"gamma_pos": 3, "gamma_neg": 3, "clip": 0}, fl.sigmoid_focal, (x, t), {"gamma": 3}),
        (fl.perceptron, (x, sign), {}, fl.hinge, (x, sign), {"margin": 0}),
        (fl.tweedie_deviance, (np.exp(x), t), {"power": 1}, fl.poisson_deviance, (np.exp(x), t), {}),
        (fl.tweedie_deviance, (np.exp(x), np.exp(s)), {"power": 2}, fl.gamma_deviance, (np.exp(x), np.exp(s)), {}),
        (fl.negative_binomial_nll, (x, t), {"alpha": 1e-12}, fl.poisson_nll, (x, t), {}),
    ]  # fmt: skip
    for one, given, own, other, also, others in pairs:
        for call in ("__call__", "grad", "grad_and_hess"):
            np.testing.assert_allclose(
                getattr(one, call)(*given, **own), getattr(other, call)(*also, **others), rtol=1e-8, atol=1e-11
            )


def test_the_power_with_a_formula_of_its_own(backend):
    """Where the power is 3/2 the deviance is as near its neighbour's as the powers are, at any size of mean and target."""
    sizes = np.logspace(-40, 40, 33)
    mean, target = (x.reshape(-1) for x in np.meshgrid(sizes, [0.0, *sizes]))
    calls = [(fl.tweedie_deviance.grad_and_hess, {"curvature": "majorizer"})]
    calls += [
        (getattr(fl.tweedie_deviance, call), {}) for call in ("__call__", "grad", "value_and_grad", "grad_and_hess")
    ]
    for call, own in calls:
        answers = [call(mean, target, power=power, reduction="none", **own) for power in (1.5, 1.5 + 1e-13)]
        np.testing.assert_allclose(*answers, rtol=1e-10, atol=0)


def test_weights_of_labels(backend):
    """alpha is that of positive samples, 1 − alpha of negative ones; none is 1 for both."""
    x, t = np.array([0.5, 0.5, 0.5]), np.array([1, 0, 0.25])
    bare = fl.sigmoid_focal(x, t, reduction="none")
    for alpha in (0.0, 0.25, 1.0):
        expected = bare * (alpha * t + (1 - alpha) * (1 - t))
        np.testing.assert_allclose(fl.sigmoid_focal(x, t, alpha=alpha, reduction="none"), expected, rtol=1e-14)
    np.testing.assert_array_equal(fl.sigmoid_focal(x, t, alpha=None, reduction="none"), bare)
    x = np.float32([-1, 2])
    share = fl.sigmoid_focal(x, np.zeros(2, np.float32), alpha=0.9, reduction="none")
    expected = 0.1 * fl.sigmoid_focal(x.astype(float), [0, 0], reduction="none")
    np.testing.assert_allclose(share, expected, rtol=4 * np.finfo(np.float32).eps)


@each_dtype
def test_kinks(backend, dtype):
    """The slope is 0 where that is a subgradient; a second derivative is that of the side that the definition names."""
    one = np.ones(1, dtype)
    for margin in (0.0, 0.5, 2.0):
        for loss in (fl.hinge, fl.squared_hinge):
            grad, hess = loss.grad_and_hess(margin * one, one, margin=margin)
            assert grad[0] == hess[0] == 0
            assert loss(margin * one, one, margin=margin) == 0
            assert loss.grad(np.nextafter(margin * one, -one), one, margin=margin)[0] < 0
    assert fl.modified_huber.grad_and_hess(-one, one)[1] == 2
    assert fl.modified_huber.grad_and_hess(np.nextafter(-one, -2 * one), one)[1] == 0


def test_a_label_that_is_not_there_is_none(backend):
    """NaN of a label is not taken for the other label, nor lost where nothing else counts."""
    assert np.isnan(fl.poisson_nll([inf], [nan]))
    for loss in (fl.sigmoid_asymmetric, fl.sigmoid_focal, fl.sigmoid_brier, fl.logistic, fl.perceptron):
        for x in (-9.0, 0.0, 9.0):
            assert np.isnan(loss([x], [nan]))
            assert np.isnan(loss.grad([x], [nan]))


# ---- the best constants ----------------------------------------------------------------------------------------------


def test_constants_of_counts():
    counts, weight = [0.0, 1, 5, 2], [1, 1, 2, 4]
    for loss in (fl.poisson_nll, fl.tweedie_nll, fl.negative_binomial_nll):
        close(loss.constant(counts), math.log(2))
        close(loss.constant(counts, weight), math.log(19 / 8))
        assert loss.constant([0, 0]) == -inf
    close(fl.gamma_nll.constant([1, 3]), math.log(2))
    for loss in (fl.poisson_deviance, fl.tweedie_deviance):
        close(loss.constant(counts, weight), 19 / 8)
    close(fl.gamma_deviance.constant([1, 3]), 2)
    close(fl.tweedie_deviance.constant([1, 3], power=3), 2)
    assert np.isnan(fl.poisson_nll.constant([1, nan]))


@each_dtype
@pytest.mark.parametrize("loss", [fl.hinge, fl.squared_hinge, fl.perceptron, fl.modified_huber], ids=str)
def test_labels_in_place_of_which_slopes_are_written(backend, loss, dtype, rng):
    """A label that is NaN goes through, and one that is none is found, before or while its place is written to."""
    for n in (5, 5000, 400_000):
        pred, target = rng.standard_normal(n).astype(dtype), rng.choice(np.array([-1, 1], dtype), n)
        target[n // 2] = np.nan
        cost, grad = loss.value_and_grad(pred, target)
        assert np.isnan(cost)
        assert list(np.flatnonzero(np.isnan(grad))) == [n // 2]
        for call in (loss.grad, loss.value_and_grad):
            out = target.copy()
            call(pred, out, out=out)
            np.testing.assert_array_equal(out, grad)
        target[n // 3] = 0.5
        for call in (loss.grad, loss.value_and_grad):
            out = target.copy()
            for arguments in ({"pred": pred, "target": target}, {"pred": pred, "target": out, "out": out}):
                with pytest.raises(ValueError, match=rf"target\[{n // 3}\]"):
                    call(**arguments)
            np.testing.assert_array_equal(out, target)
        with pytest.raises(ValueError, match=rf"target\[{n // 3}\]"):
            loss(pred, target)


def test_constants_of_margins():
    labels = [1, 1, 1, -1.0]
    assert fl.hinge.constant(labels, margin=2.5) == 2.5
    assert fl.squared_hinge.constant(labels, margin=2) == 1
    assert fl.perceptron.constant(labels) == 0
    close(fl.logistic.constant(labels), math.log(3))
    close(fl.exponential.constant(labels), math.log(3) / 2)
    assert fl.modified_huber.constant(labels) == 0.5
    assert fl.logistic.constant([1, 1]) == inf


def test_constants_of_scores():
    labels = [1, 0, 0, 0.0]
    close(fl.sigmoid_brier.constant(labels), -math.log(3))
    close(fl.sigmoid_focal.constant(labels, gamma=0), -math.log(3))
    close(fl.sigmoid_focal.constant(labels, gamma=0, alpha=0.75), 0)
    assert fl.sigmoid_focal.constant([0, 0]) == -inf
    assert fl.sigmoid_focal.constant([1, 1]) == inf
    assert fl.sigmoid_focal.constant(labels, alpha=1.0) == inf
    assert fl.sigmoid_focal.constant(labels, alpha=0.0) == -inf
    assert np.isnan(fl.sigmoid_focal.constant([1, nan]))
    close(fl.sigmoid_asymmetric.constant([0, 0]), math.log(0.05 / 0.95))
    assert fl.sigmoid_asymmetric.constant([0, 0], clip=0) == -inf
    for loss, own in (
        (fl.sigmoid_focal, {}),
        (fl.sigmoid_focal, {"gamma": 5, "alpha": 0.25}),
        (fl.sigmoid_asymmetric, {}),
    ):
        for target, weight in ((labels, [1, 1, 1, 1]), (labels, [1e-9, 1, 1, 1]), (labels, [1e9, 1, 1, 1])):
            best = loss.constant(target, weight, **own)
            scores = np.linspace(-60, 60, 1201)
            costs = [loss(np.full(4, x), target, sample_weight=weight, **own) for x in scores]
            assert loss(np.full(4, best), target, sample_weight=weight, **own) <= min(costs) * (1 + 1e-12)
    soft = fl.sigmoid_focal.constant([0.9, 0.8, 0.1])
    near_by = [fl.sigmoid_focal(np.full(3, x), [0.9, 0.8, 0.1]) for x in np.linspace(-20, 20, 801)]
    assert fl.sigmoid_focal(np.full(3, soft), [0.9, 0.8, 0.1]) <= min(near_by)


# ---- bounds ----------------------------------------------------------------------------------------------------------


def test_bounds_by_hand(backend):
    bound = lambda loss, *given, **own: loss.grad_and_hess(*given, curvature="majorizer", reduction="none", **own)[1]
    close(bound(fl.gamma_deviance, [2.0, 2.0], [1.0, 8.0]), [0.5, 3.5])
    close(bound(fl.tweedie_deviance, [4.0, 4.0], [1.0, 0.0]), [0.25, 0.25])
    close(bound(fl.tweedie_deviance, [2.0], [3.0], power=1), [1.5])
    close(bound(fl.squared_hinge, [-inf, 0.0, 5.0, inf], [1, 1, 1, 1]), [2, 2, 2, 2])
    close(bound(fl.modified_huber, [-5.0, 0.0, 5.0], [1, 1, 1]), [2, 2, 2])
    close(bound(fl.logistic, [0.0, 1.0, -4.0], [1, 1, 1]), [0.25, np.tanh(0.5) / 2, np.tanh(2) / 8])
    close(bound(fl.sigmoid_brier, [0.0, 0.0], [1, 0.5]), [0.125, 0.125])
    p = q = 0.5
    focal = q**2 * p * (q * 5 + 4 * p * math.log(2))
    close(bound(fl.sigmoid_focal, [0.0, 0.0], [1, 0]), [focal, focal])
    close(bound(fl.sigmoid_focal, [0.0], [1], gamma=0, alpha=0.25), [0.0625])


def test_every_definition_is_held():
    assert set(truths_counts.DEFINITIONS) == set(truths_counts.FAMILIES) == set(COUNTS)
    assert num(0.05) == truths_counts.CLIP


@pytest.mark.parametrize(
    ("pred", "target", "power", "value"),
    [(1e-28, 1e-28, 5.5, 0), (1e-44, 1e-44, 4, 0), (1e-24, 1e-20, 4, np.inf), (1e-16, 1e-12, 5.5, np.inf)],
)
def test_tweedie_of_numbers_whose_powers_leave_the_range(backend, pred, target, power, value):
    assert fl.tweedie_deviance(np.array([pred], np.float32), np.array([target], np.float32), power=power) == value
