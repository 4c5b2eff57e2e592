"""Right to the last bits: against exact arithmetic, in units in the last place (ULP)."""

import math
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from cases import (
    CASES,
    COMPILED,
    DTYPES,
    ELEMENTWISE,
    LEVELS,
    ONE_EACH,
    ROW_WAYS,
    SOFTMAX,
    VECTOR_FUNCTIONS,
    named,
    row_inputs,
    running,
    sample,
    vector_function,
)
from truths import DEFINITIONS, FUNCTIONS, Exact, Kind, exact, exact_rows, inf, num, robust, ulp_error
from truths import ROWS as ROW_KINDS

import fastloss as fl

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=named)


def limit(backend, compiled, numpy):
    """NumPy's own exp and log are not ours to improve."""
    return numpy if backend == "numpy" else compiled


# ---- the definitions themselves --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "sample", "own", "truth"),
    [
        ("mse", (3, 1), {}, (4, 4, 2)),
        ("mae", (-2, 1), {}, (3, -1, 0)),
        ("huber", (4, 1), {"delta": 2}, (4, 2, 0)),
        ("pseudo_huber", (0.75, 0), {"delta": 1}, (0.25, mp.mpf(3) / 5, mp.mpf(64) / 125)),
        ("hinge", (0.5, -1), {}, (1.5, 1, 0)),
        ("squared_hinge", (0.5, 1), {}, (0.25, -1, 2)),
        ("binary_cross_entropy", (0.5, 1), {}, (mp.log(2), -2, 4)),
        ("binary_cross_entropy", (0.125, 1), {"eps": 0.25}, (mp.log(4), 0, 0)),
        ("sigmoid_cross_entropy", (0, 1), {"pos_weight": 4}, (4 * mp.log(2), -2, 1)),
    ],
)
def test_definitions_by_hand(name, sample, own, truth):
    got = Kind(name, "points", "").sample(*sample, **own)
    for x, y in zip((got.value, got.grad[0], got.hess[0]), truth, strict=True):
        assert mp.almosteq(x, y)


@pytest.mark.parametrize(
    ("kind", "sample", "truth"),
    [
        (ROW_KINDS[0], ([0.5, 0.25, 0.25], [0, 0.5, 0.5]), (mp.log(4), [0, -2, -2], [0, 8, 8])),
        (ROW_KINDS[1], ([0.5, 0.25, 0.25], 2), (mp.log(4), [0, 0, -4], [0, 0, 16])),
        (ROW_KINDS[2], ([0, 0], 0), (mp.log(2), [-0.5, 0.5], [0.25, 0.25])),
        (ROW_KINDS[3], ([0, -inf], [0.5, 0.5]), (inf, [0.5, -0.5], [0, 0])),
        (ROW_KINDS[4], ([0.5, 0.5], [0.25, 0.75]), (0.75 * mp.log(3) - mp.log(2), [-0.5, -1.5], [1, 3])),
        (ROW_KINDS[5], ([0, 0], [0.25, 0.75]), (0.75 * mp.log(3) - mp.log(2), [0.25, -0.25], [0.25, 0.25])),
    ],
    ids=str,
)
def test_definitions_of_rows_by_hand(kind, sample, truth):
    got = kind.sample(*sample)
    assert mp.isinf(got.value) if truth[0] == inf else mp.almosteq(got.value, truth[0])
    for x, y in ((got.grad, truth[1]), (got.hess, truth[2])):
        assert all(mp.almosteq(a, b) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("case", CASES, ids=str)
def test_definitions_have_their_derivatives(case, rng):
    """The slope is the derivative of the value, the curvature that of the slope: by differences, to many digits."""
    own = [num(v) for v in case.parameters.values()]
    define = DEFINITIONS[case.name]
    near = mp.mpf(10) ** -12  # within which there may be a corner
    for p, t in zip(*sample(case, rng, 20), strict=True):
        p, t = num(p), num(t)
        left, here, right = (define(p + h, t, *own) for h in (-near, 0, near))
        if abs(right.hess[0] - left.hess[0]) > abs(here.hess[0]) / 1000 + near or left.grad == right.grad == [0]:
            continue
        assert mp.almosteq((right.value - left.value) / (2 * near), here.grad[0], 1e-9, 1e-15)
        assert mp.almosteq((right.grad[0] - left.grad[0]) / (2 * near), here.hess[0], 1e-9, 1e-15)


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("kind", ROW_KINDS, ids=str)
def test_definitions_of_rows_have_their_derivatives(kind, rng):
    pred, target = row_inputs(kind.loss, rng, 3, 4, ids=kind.target == "ids")
    near = mp.mpf(10) ** -12
    for row, t in zip(pred, target, strict=True):
        t = [num(k == t) for k in range(4)] if kind.target == "ids" else [num(v) for v in t]
        here = DEFINITIONS[kind.name]([num(v) for v in row], t)
        for k in range(4):
            moved = ([num(v) + h * (i == k) for i, v in enumerate(row)] for h in (-near, near))
            left, right = (DEFINITIONS[kind.name](x, t) for x in moved)
            assert mp.almosteq((right.value - left.value) / (2 * near), here.grad[k], 1e-6, 1e-9)
            assert mp.almosteq((right.grad[k] - left.grad[k]) / (2 * near), here.hess[k], 1e-6, 1e-9)


# ---- losses ----------------------------------------------------------------------------------------------------------


@cache
def batch_of(case, dtype):
    """A batch and its truths."""
    pred, target = sample(case, np.random.default_rng(20260101), 600, dtype)
    return pred, target, exact(case, pred, target)


@each_dtype
@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses(backend, case, dtype):
    pred, target, (value, grad, hess) = batch_of(case, dtype)
    keywords = case.parameters | {"reduction": "none"}
    losses, slopes = case.loss.value_and_grad(pred, target, **keywords)
    again, curvatures = case.loss.grad_and_hess(pred, target, **keywords)
    np.testing.assert_array_equal(case.loss(pred, target, **keywords), losses)
    np.testing.assert_array_equal(again, slopes)
    np.testing.assert_array_equal(case.loss.grad(pred, target, **keywords), slopes)
    if case.name in robust.DEFINITIONS:
        worst = max(value.units(losses).max(), grad.units(slopes).max(), hess.units(curvatures).max())
        assert worst <= 8
        return
    # 1/δ and the shares of two terms are rounded themselves.
    rounded = (case.name == "pseudo_huber" and case.parameters["delta"] == 30) or "pos_weight" in case.parameters
    assert value.units(losses).max() <= limit(backend, 4 if rounded else 2.5, 4.5)
    if case.name == "sigmoid_cross_entropy" and (set(target) != {0, 1} or case.parameters["label_smoothing"]):
        # Two terms of opposite sign: the error is bounded by the terms, not by what is left of them.
        bound = 3 * max(1.0, case.parameters["pos_weight"]) * np.finfo(dtype).eps
        assert np.abs((slopes - grad.high) - grad.low).max() <= bound
    else:
        assert grad.units(slopes).max() <= limit(backend, 3.5, 5)
    assert hess.units(curvatures).max() <= 8  # cubes and squares treble and double an error


@cache
def rows_of(loss, ids, classes, dtype):
    """A batch of rows and the truth of each."""
    rng = np.random.default_rng(20260101)
    pred, target = row_inputs(loss, rng, 2 if classes > 1000 else 10, classes, dtype, ids)
    return pred, target, exact_rows(loss, ids, pred, target)


@each_dtype
@pytest.mark.parametrize(("loss", "ids"), ROW_WAYS, ids=named)
def test_losses_of_rows(backend, loss, ids, dtype):
    unit = np.finfo(dtype).eps
    for classes in (1, 2, 10, 100, 2100):
        pred, target, truths = rows_of(loss, ids, classes, dtype)
        losses, grads = loss.value_and_grad(pred, target, reduction="none")
        hess = loss.grad_and_hess(pred, target, reduction="none")[1]
        for i, truth in enumerate(truths):
            # x - max(x) is rounded, and exp makes of it a relative error of half a unit for each unit of the difference.
            spread = float(np.ptp(pred[i])) if loss in SOFTMAX else 0.0
            if ids or loss is fl.categorical_cross_entropy:
                assert ulp_error(losses[i : i + 1], [truth.value])[0] <= 4 + spread
            else:  # a difference of sums, each of which is rounded
                size = 1 + abs(float(truth.value)) + math.log(classes) + spread
                assert abs(losses[i] - float(truth.value)) <= 4 * unit * size
            if loss in SOFTMAX and not ids:
                assert np.abs(grads[i] - np.array(truth.grad, float)).max() <= 4 * unit
            else:
                assert ulp_error(grads[i], truth.grad).max() <= 4 + spread
            curvature = np.array(truth.hess, float)
            assert np.abs(hess[i] - curvature).max() <= 8 * unit * max(1, curvature.max())


@each_dtype
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_cost_is_the_exact_sum(backend, case, dtype, rng):
    """Summed in double: as good as math.fsum of the losses, for a batch of several tiles, chunks and threads."""
    pred, target = sample(case, rng, 100_003, dtype)
    losses = case.loss(pred, target, reduction="none", **case.parameters).astype(float)
    assert case.loss(pred, target, reduction="sum", **case.parameters) == pytest.approx(math.fsum(losses), rel=1e-14)
    mean = math.fsum(losses) / len(losses)
    assert case.loss(pred, target, **case.parameters) == pytest.approx(mean, rel=1e-14)
    weight = rng.random(len(losses)).astype(dtype)
    products = math.fsum(losses * weight.astype(float))
    got = case.loss(pred, target, sample_weight=weight, reduction="sum", **case.parameters)
    assert got == pytest.approx(products, rel=1e-14)


# ---- functions -------------------------------------------------------------------------------------------------------


@pytest.mark.thread_unsafe
@each_dtype
@pytest.mark.parametrize("name", VECTOR_FUNCTIONS)
def test_vector_functions(name, dtype, rng):
    """exp, log and log1p over their whole range, subnormal numbers included, of every level."""
    x = VECTOR_FUNCTIONS[name](rng, 2000, float(np.finfo(dtype).tiny)).astype(dtype)
    truth = Exact([FUNCTIONS[name](num(v)) for v in x])
    for level in COMPILED:
        with running(level):
            assert truth.units(vector_function(name, x)).max() <= 2, level


@pytest.mark.thread_unsafe
@each_dtype
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions(name, dtype, rng):
    x = (rng.standard_normal(1000) * np.exp(rng.uniform(-20, 4.4 if dtype == np.float32 else 6.5, 1000))).astype(dtype)
    truth = Exact([FUNCTIONS[name](num(v)) for v in x])
    for level in LEVELS:
        with running(level):
            assert truth.units(getattr(fl, name)(x)).max() <= limit(level, 2, 4), level


# ---- values ----------------------------------------------------------------------------------------------------------


@each_dtype
def test_special_values(backend, dtype):
    """What infinities, NaN and zeros give, as the mathematics says."""
    inf, nan = np.inf, np.nan

    def check(loss, pred, target, value, grad, **parameters):
        pred, target = np.array(pred, dtype), np.array(target, dtype)
        got, slope = loss.value_and_grad(pred, target, reduction="none", **parameters)
        np.testing.assert_array_equal(got, np.array(value, dtype))
        np.testing.assert_array_equal(slope, np.array(grad, dtype))

    check(fl.mse, [inf, nan, -inf], [0, 0, 0], [inf, nan, inf], [inf, nan, -inf])
    check(fl.mae, [inf, nan, -inf, 1], [0, 0, 0, 1], [inf, nan, inf, 0], [1, nan, -1, 0])
    check(fl.huber, [inf, nan, -inf], [0, 0, 0], [inf, nan, inf], [1, nan, -1])
    check(fl.pseudo_huber, [inf, nan, -inf], [0, 0, 0], [inf, nan, inf], [2, nan, -2], delta=2.0)
    big = np.finfo(dtype).max / 4
    check(fl.pseudo_huber, [big, -big], [0, 0], [2 * big, 2 * big], [2, -2], delta=2.0)
    check(fl.hinge, [inf, -inf, nan, 1], [1, 1, 1, 1], [0, inf, nan, 0], [0, -1, nan, 0])
    check(fl.hinge, [1], [nan], [nan], [nan])
    check(fl.squared_hinge, [inf, -inf, nan], [1, 1, 1], [0, inf, nan], [0, -inf, nan])
    check(fl.binary_cross_entropy, [0, 1, 0, 1, nan], [0, 1, 1, 0, 1], [0, 0, inf, inf, nan], [1, -1, -inf, inf, nan])
    check(fl.binary_cross_entropy, [0.5], [nan], [nan], [nan])
    check(
        fl.sigmoid_cross_entropy,
        [inf, inf, -inf, -inf, nan],
        [1, 0, 1, 0, 0],
        [0, inf, inf, 0, nan],
        [0, 1, -1, 0, nan],
    )
    check(fl.sigmoid_cross_entropy, [1e4, -1e4], [1, 1], [0, 1e4], [0, -1])
    np.testing.assert_array_equal(fl.sigmoid(np.array([inf, -inf, nan, 0], dtype)), [1, 0, nan, 0.5])
    np.testing.assert_array_equal(fl.softplus(np.array([inf, -inf, nan], dtype)), [inf, 0, nan])
    np.testing.assert_array_equal(fl.log_sigmoid(np.array([inf, -inf, nan], dtype)), [0, -inf, nan])


def test_eps_clips(backend):
    """Cost of the clipped probability, and no slope where it is constant."""
    pred, target = np.array([0.0, 1.0, 0.3]), np.array([1.0, 0.0, 1.0])
    value, grad = fl.binary_cross_entropy.value_and_grad(pred, target, eps=0.01, reduction="none")
    np.testing.assert_allclose(value, [-math.log(0.01), -math.log(0.01), -math.log(0.3)], rtol=1e-15)
    np.testing.assert_allclose(grad, [0, 0, -1 / 0.3], rtol=1e-15)
