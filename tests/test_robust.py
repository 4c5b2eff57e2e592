"""Robust losses, quantiles and relative errors: what they are to one another, and their best constants."""

import math
import re
from functools import cache

import numpy as np
import pytest
from cases import CALLS, EVERY
from truths import ONE, Exact, Kind, check, digits, inf, nan, near, robust, same_bits, whole

import fastloss as fl

ALIASES = {
    "soft_l1": "pseudo_huber",
    "lorentzian": "cauchy",
    "bisquare": "tukey_biweight",
    "leclerc": "welsch",
    "general_robust": "barron",
    "pinball": "quantile",
    "squared_log_error": "msle",
}


@pytest.mark.parametrize("alias", ALIASES)
def test_aliases(alias):
    assert getattr(fl, alias) is getattr(fl, ALIASES[alias])
    assert alias in getattr(fl, alias).aliases


def test_every_loss_of_these_has_a_truth():
    assert robust.DEFINITIONS.keys() <= EVERY.keys()
    assert {name for name, *_ in robust.HAND} == {name for name, *_ in robust.EDGES} == robust.DEFINITIONS.keys()
    assert {name for name, _ in robust.OWN} == robust.DEFINITIONS.keys()


# ---- what they are to one another ------------------------------------------------------------------------------------


def results(loss, d, **own):
    zero = np.zeros_like(d)
    return [loss(d, zero, reduction="none", **own), *loss.grad_and_hess(d, zero, reduction="none", **own)]


D = np.concatenate([[0.0, 1e-9, 1e-3], np.linspace(-9, 9, 41), [50.0, -1e4]])
MEMBERS = [  # of Barron's loss
    (1.0, "pseudo_huber", 1.0),
    (0.0, "cauchy", 2**0.5),
    (-2.0, "geman_mcclure", 2.0),
    (-1e12, "welsch", 2**0.5),
]


@pytest.mark.parametrize(("alpha", "name", "factor"), MEMBERS)
def test_members_of_the_general_loss(backend, alpha, name, factor):
    for delta in (0.5, 3.0, np.linspace(0.5, 3, len(D))):  # the last: one for each column
        ours = results(fl.barron, D, alpha=alpha, delta=delta)
        for x, y in zip(ours, results(getattr(fl, name), D, delta=factor * delta), strict=True):
            np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize(("alpha", "delta", "value"), [(-2.0, 1e19, 2e38), (-0.5, 5e18, 1.25e38), (1.5, 1e30, np.inf)])
def test_the_general_loss_near_the_end_of_the_range(backend, alpha, delta, value):
    """What an error far out costs is in it, though its logarithm in units of delta squared is not; or it is infinite."""
    got = fl.barron(np.array([1e34], np.float32), np.zeros(1, np.float32), alpha=alpha, delta=delta)
    assert got == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("delta", [1e-150, 1e-30, 1.0, 1e30, 1e150])
def test_the_general_loss_in_other_units(backend, delta):
    """No digit goes for how large delta is."""
    d = np.linspace(1.01, 40, 50)
    for alpha in (0.5, 1.5, 3.0):
        ours, unit = (fl.barron(s * d, 0 * d, alpha=alpha, delta=s, reduction="none") / s / s for s in (delta, 1.0))
        np.testing.assert_allclose(ours, unit, rtol=2e-14)


@pytest.mark.parametrize("middle", [0.0, 2.0])
def test_the_general_loss_has_no_seam(backend, middle):
    """At alpha of 0 and 2, where the formula is 0/0."""
    for delta in (0.5, 3.0):
        for x, y in zip(results(fl.barron, D, alpha=middle, delta=delta),
                        results(fl.barron, D, alpha=middle + 1e-13, delta=delta), strict=True):  # fmt: skip
            np.testing.assert_allclose(x, y, rtol=1e-10)
    half = [x / 2 for x in results(fl.mse, D)]
    for x, y in zip(results(fl.barron, D, alpha=2.0, delta=7.0), half, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-15)


def test_halves_of_other_losses(backend):
    for name, other in (("quantile", "mae"), ("expectile", "mse"), ("epsilon_insensitive", "mae")):
        own, factor = ({"epsilon": 0.0}, 1) if name == "epsilon_insensitive" else ({}, 2)
        for x, y in zip(results(getattr(fl, name), D, **own), results(getattr(fl, other), D), strict=True):
            np.testing.assert_array_equal(factor * x, y)
    p, t = np.array([0.5, 3.0, 8.0]), np.array([1.0, 2.0, 9.0])
    assert fl.msle(p, t) == pytest.approx(fl.rmsle(p, t) ** 2, rel=1e-15)


def test_robust_losses_are_parabolas_near_the_target(backend):
    for name in robust.ROBUST:
        for delta in (0.25, 40.0):
            d = np.array([1e-7, -1e-7]) * delta
            value, grad, hess = results(getattr(fl, name), d, delta=delta)
            np.testing.assert_allclose(value, d * d / 2, rtol=1e-6)
            np.testing.assert_allclose(grad, d, rtol=1e-6)
            np.testing.assert_allclose(hess, 1, rtol=1e-6)


EFFICIENT = {  # the delta of 95 % efficiency beside least squares on normal errors
    "huber": 1.345, "pseudo_huber": 1.287, "log_cosh": 1.205, "fair": 1.400, "cauchy": 2.385, "tukey_biweight": 4.685,
    "welsch": 2.985, "geman_mcclure": 3.787,
}  # fmt: skip


@pytest.mark.parametrize("name", EFFICIENT)
def test_efficiency_at_normal_errors(backend, name):
    error = np.linspace(-9, 9, 20001)
    _, slope, curve = results(getattr(fl, name), error, delta=EFFICIENT[name])
    density = np.exp(-(error**2) / 2)
    efficiency = np.average(curve, weights=density) ** 2 / np.average(slope**2, weights=density)
    assert efficiency == pytest.approx(0.95, abs=2e-4)


def test_a_prediction_between_levels_is_a_quantile(backend):
    """The slopes of the best one balance: alpha of the targets are below it."""
    target = np.random.default_rng(0).standard_normal(1001)
    for alpha in (0.1, 0.5, 0.77):
        best = fl.quantile.constant(target, alpha=alpha)
        assert best in target
        assert abs(fl.quantile.grad(np.full(1001, best), target, alpha=alpha, reduction="sum").sum()) <= 1
        mean = fl.expectile.constant(target, alpha=alpha)
        assert abs(fl.expectile.grad(np.full(1001, mean), target, alpha=alpha).sum()) < 1e-14


def test_a_level_for_each_column(backend):
    target = np.random.default_rng(1).standard_normal((200, 3))
    levels = [0.1, 0.5, 0.9]
    for loss in (fl.quantile, fl.expectile):
        best = loss.constant(target, alpha=levels)
        for j, alpha in enumerate(levels):
            assert best[j] == loss.constant(target[:, j], alpha=alpha)
    level = np.array([np.nextafter(1, 0)])
    np.testing.assert_array_equal(fl.quantile([[3.0]], [[0.0]], alpha=level, reduction="none"), [[3 * 2.0**-53]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_shares_are_rounded_once(backend, dtype):
    """1 - alpha is 0.1, not what is left of a rounded 0.9."""
    for n in (1, 40):
        d = np.ones(n, dtype)
        for own in ({"alpha": 0.9}, {"alpha": [0.9] * n}):
            assert (fl.quantile.grad(d, 0 * d, reduction="none", **own) == dtype(1 - 0.9)).all()
            assert (fl.expectile(d, 0 * d, reduction="none", **own) == dtype(1 - 0.9)).all()


# ---- to the last digits ----------------------------------------------------------------------------------------------


@cache
def magnitudes(name, own, dtype):
    """Errors of every size whose squares are in range, and the truths."""
    power = 15 if dtype == np.float32 else 140
    d = np.concatenate([10.0 ** np.linspace(-power, 0, 60), np.linspace(0.1, 6, 60), 10.0 ** np.linspace(2, power, 20)])
    d = np.concatenate([d, -d]).astype(dtype)
    kind = Kind(name, "points", "numbers")
    with digits(400):  # a definition cancels
        return d, whole(kind, kind.samples(d, 0 * d, delta=0.75, **dict(own)), [ONE] * len(d), "none")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("name", "own"),
    [
        *((name, {}) for name in ("pseudo_huber", *robust.ROBUST)),
        *(("barron", {"alpha": alpha}) for alpha in (-2.0, 0.0, 0.5)),
    ],
    ids=str,
)
def test_errors_of_every_size(backend, name, own, dtype):
    d, truth = magnitudes(name, tuple(own.items()), dtype)
    for pred, target in ((d, 0 * d), (0 * d, -d)):
        check(Kind(name, "points", "numbers"), pred, target, truth, units=8, delta=0.75, **own)


@cache
def far_out(dtype):
    """Errors of 4.5 to 7.7 deltas, and what Welsch's loss has there."""
    d = np.linspace(3.375, 5.775, 200).astype(dtype)
    samples = Kind("welsch", "points", "numbers").samples(d, 0 * d, delta=0.75)
    return d, Exact([s.grad[0] for s in samples]), Exact([s.hess[0] for s in samples])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_exponentials_of_large_squares(compiled, dtype):
    """u is 20 to 60 there, and what rounding takes from it costs as many units, unless that is put back."""
    d, slopes, curves = far_out(dtype)
    for sign in (1, -1):
        grad, hess = fl.welsch.grad_and_hess(sign * d, 0 * d, delta=0.75, reduction="none")
        near(sign * grad, slopes, 8)
        near(hess, curves, 8)


@cache
def edge(name, dtype):
    """Errors near delta that are exact, and what is next to nothing there."""
    d = (3 * (1 - 10.0 ** -np.linspace(1, 6 if dtype == np.float32 else 14, 40))).astype(dtype)
    samples = Kind(name, "points", "numbers").samples(d, 0 * d, delta=3)
    return d, Exact([s.grad[0] for s in samples]), Exact([s.hess[0] for s in samples])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["tukey_biweight", "cauchy"])
def test_errors_near_delta(backend, name, dtype):
    """1 - r² keeps its digits where the error has all of its own."""
    d, slopes, curves = edge(name, dtype)
    for sign in (1, -1):
        grad, hess = getattr(fl, name).grad_and_hess(sign * d, 0 * d, delta=3, reduction="none")
        near(sign * grad, slopes, 12)
        near(hess, curves, 12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_relative_errors_of_numbers_near_the_largest(backend, dtype):
    """Whose sum is beyond it."""
    top = float(np.finfo(dtype).max)
    p, t = np.array([0.75, 0.5, 0.75, -0.75], dtype) * dtype(top), np.array([0.5, 0.75, -0.5, -0.5], dtype) * dtype(top)
    value, grad = fl.smape.value_and_grad(p, t, reduction="none")
    np.testing.assert_allclose(value, [0.4, 0.4, 2, 0.4], rtol=8 * np.finfo(dtype).eps)
    np.testing.assert_allclose(grad * top, [1.28, -1.92, 0, -1.28], rtol=1e-5)


# ---- majorizers ------------------------------------------------------------------------------------------------------


def test_majorizer_of_the_general_loss(backend):
    """The slope over d, and from alpha = 2 on the curvature, which is positive."""
    d = D[D != 0]
    given = {"reduction": "none", "delta": 2.0}
    for alpha in (-2.0, 0.0, 1.0, 2.0, 3.0, 4.0):
        grad, bound = fl.barron.grad_and_hess(d, 0 * d, alpha=alpha, curvature="majorizer", **given)
        _, hess = fl.barron.grad_and_hess(d, 0 * d, alpha=alpha, **given)
        np.testing.assert_allclose(bound, grad / d if alpha <= 2 else hess, rtol=1e-12)
        assert (bound >= hess * (1 - 1e-12)).all()


def test_majorizer_of_squared_logarithms(backend):
    p, t = np.array([0.0, 3.0, 0.5, -1 + 1e-3]), np.array([np.e - 1, 0.0, 0.5, 2.0])
    bound = fl.msle.grad_and_hess(p, t, curvature="majorizer", reduction="none")[1]
    np.testing.assert_allclose(bound, 2 * np.maximum(1, 1 - np.log((1 + p) / (1 + t))) / (1 + p) ** 2, rtol=1e-12)


def test_a_parabola_from_a_majorizer_stays_above(backend):
    """Of every robust loss, touching it at d, over all other errors: so a step never overshoots."""
    for name in robust.ROBUST:
        loss, x = getattr(fl, name), np.linspace(-12, 12, 481)
        value = loss(x, 0 * x, reduction="none")
        for d in (0.01, 0.5, 1.0, 3.0, 8.0):
            at = np.array([d])
            cost, slope = loss.value_and_grad(at, 0 * at)
            bound = loss.grad_and_hess(at, 0 * at, curvature="majorizer")[1]
            parabola = cost + slope * (x - d) + bound / 2 * (x - d) ** 2
            assert (parabola >= value - 1e-12).all(), name


# ---- the deepest of several minima -----------------------------------------------------------------------------------

SEARCHED = [
    *(
        (name, {"delta": d})
        for name in ("cauchy", "tukey_biweight", "welsch", "geman_mcclure")
        for d in (0.1, 1.0, 5.0)
    ),
    *(("barron", {"alpha": a, "delta": 0.7}) for a in (0.9, 0.0, -3.0)),
]
SETS = {
    "two heaps": lambda rng: np.concatenate([rng.normal(0, 0.3, 30), rng.normal(9, 0.3, 21)]),
    "many heaps": lambda rng: np.concatenate([rng.normal(c, 0.2, 7 + c) for c in range(0, 12, 3)]),
    "a flat stretch": lambda rng: rng.uniform(-8, 8, 60),
    "heavy tails": lambda rng: rng.standard_cauchy(70),
    "equal": lambda rng: np.array([3.0, 3.0, 3.0, 8.0]),
    "one": lambda rng: np.array([-2.5]),
}


@pytest.mark.parametrize("heap", SETS)
@pytest.mark.parametrize(("name", "own"), SEARCHED)
def test_the_deepest_minimum_is_found(name, own, heap, rng):
    loss, target = getattr(fl, name), SETS[heap](rng)
    for weight in (None, rng.uniform(0, 2, len(target))):
        best = loss.constant(target, weight, **own)
        cost = lambda c: loss(np.full(len(target), c), target, sample_weight=weight, **own)  # noqa: B023
        tried = np.unique(np.concatenate([np.linspace(target.min(), target.max(), 400), target]))
        assert cost(best) <= min(map(cost, tried)) + 1e-13 * loss(target * 0 + target.mean(), target, **own)


@pytest.mark.parametrize("name", ["cauchy", "tukey_biweight", "welsch", "geman_mcclure", "smape"])
def test_constants_of_more_targets_than_are_searched(name):
    rng = np.random.default_rng(4)
    loss = getattr(fl, name)
    target = np.concatenate([rng.normal(4, 0.5, 6000), rng.normal(15, 0.3, 4000)])
    best = loss.constant(target)
    tried = [loss(np.full(len(target), c), target) for c in np.linspace(1, 17, 200)]
    assert loss(np.full(len(target), best), target) <= min(tried) + (1e-4 if name == "smape" else 1e-12)


def test_constants_of_targets_far_apart():
    target = [-1e300, 0.0, 1e-300, 2e-300, 1.0, 1e300, 1.7e308]
    for name in ("cauchy", "tukey_biweight", "welsch", "geman_mcclure"):
        loss = getattr(fl, name)
        assert abs(loss.constant(target)) < 1
        assert loss.constant(target, delta=1e-300) == pytest.approx(1e-300, rel=1e-6)
        assert loss.constant(target, [0, 1, 0, 0, 0, 0, 0]) == 0


def test_constants_keep_their_digits():
    for name in [n for n in robust.DEFINITIONS if robust.FAMILIES[n] == "numbers"]:
        loss = getattr(fl, name)
        near = loss.constant([0.0, 0.25, 1.0, 3.0])
        assert loss.constant([0.0, 0.25, nan, 1.0, inf, 3.0], [1, 1, 0, 1, 0, 1]) == pytest.approx(near, rel=1e-9)
        assert loss.constant(np.array([0.0, 0.25, 1.0, 3.0]) + 2.0**20) - 2.0**20 == pytest.approx(near, abs=1e-8)
        assert loss.constant([7.0] * 9) == pytest.approx(7, rel=1e-14)
        assert math.isnan(loss.constant([1.0, nan, 2.0]))


def test_constants_by_hand():
    assert fl.quantile.constant([1, 2, 3, 4, 5], alpha=0.75) == 4
    assert fl.quantile.constant([1, 2, 3, 4], alpha=0.25) == 1.5
    assert fl.quantile.constant([1, 2], [1, 3], alpha=0.2) == 1
    assert fl.expectile.constant([0.0, 4.0], alpha=0.75) == 3
    assert fl.expectile.constant([0.0, 1.0, 5.0]) == 2
    assert fl.epsilon_insensitive.constant([0.0, 10.0, 12.0], epsilon=3) == 8
    assert fl.squared_epsilon_insensitive.constant([0.0, 10.0], epsilon=1) == pytest.approx(5)
    assert fl.mape.constant([1.0, 2.0, 100.0]) == 1
    assert fl.mape.constant([1.0, 0.0, 100.0]) == 0
    assert fl.mape.constant([1.0, 2.0, 100.0], eps=1e9) == 2
    assert fl.msle.constant([0.0, 3.0]) == pytest.approx(1)
    assert fl.smape.constant([-1.0, 3.0, 3.5]) in (3.0, 3.5)
    assert fl.tukey_biweight.constant([0.0, 0.0, 0.0, 50.0, 51.0]) == pytest.approx(0, abs=1e-12)
    assert fl.barron.constant([0.0, 1.0, 5.0], alpha=2) == pytest.approx(2)


# ---- bad input, and other names --------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS)
def test_what_is_refused(backend, call):
    method = getattr(fl.barron, call)
    for bad in (inf, -inf, nan):
        with pytest.raises(ValueError, match=f"alpha is {bad}; it must satisfy -inf < alpha < inf"):
            method([1.0], [0.0], alpha=bad)
    with pytest.raises(TypeError, match="alpha must be a real number, not list"):
        method([1.0], [0.0], alpha=[1.0])
    for bad in (0.0, 1.0):
        with pytest.raises(ValueError, match=f"alpha is {bad}; it must satisfy 0 < alpha < 1"):
            getattr(fl.quantile, call)([1.0], [0.0], alpha=bad)
    with pytest.raises(ValueError, match=re.escape("pred[1] is -2; pred must be >= -1")):
        getattr(fl.msle, call)([0.0, -2.0], [0.0, 0.0])


@pytest.mark.parametrize(
    ("name", "keyword", "hint"),
    [
        ("quantile", "tau", "here it is alpha"),
        ("quantile", "q", "here it is alpha"),
        ("expectile", "tau", "here it is alpha"),
        ("cauchy", "f_scale", "here it is delta"),
        ("epsilon_insensitive", "eps", "here it is epsilon"),
        ("mape", "epsilon", "here it is eps"),
        ("msle", "tau", "'tau'"),
    ],
)
def test_names_elsewhere(name, keyword, hint):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{keyword}'") as caught:
        getattr(fl, name)([1.0], [0.0], **{keyword: 0.5})
    assert str(caught.value).endswith(hint)


def test_lists_are_not_remembered(backend):
    """A list is checked each time, a number once."""
    pred, target = np.ones((2, 2)), np.zeros((2, 2))
    levels = np.array([0.25, 0.75])
    first = fl.quantile.grad(pred, target, alpha=levels)
    levels[:] = 0.5
    assert not np.array_equal(first, fl.quantile.grad(pred, target, alpha=levels))
    same_bits(fl.quantile.grad(pred, target), fl.quantile.grad(pred, target, alpha=0.5))
