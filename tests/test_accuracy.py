"""Right to the last bits: against exact arithmetic, in units in the last place (ULP)."""

import math

import mpmath as mp
import numpy as np
import pytest
from cases import CASES, ONE_EACH, exact, sample, ulp_error

import fastloss as fl
from fastloss._core import backend as _backend

DTYPES = [np.float32, np.float64]


def limit(backend, compiled, numpy):
    """NumPy's own exp and log are not ours to improve."""
    return numpy if backend == "numpy" else compiled


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_value(backend, case, dtype, rng):
    pred, target = sample(case, rng, 600, dtype)
    result = case.loss(pred, target, reduction="none", **case.parameters)
    worst = ulp_error(result, exact(case.value, case, pred, target)).max()
    rounded = (case.name == "pseudo_huber" and case.parameters["delta"] == 30) or "pos_weight" in case.parameters
    assert worst <= limit(
        backend, 4 if rounded else 2.5, 4.5
    )  # 1/δ and the shares of the two terms are rounded themselves


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_gradient(backend, case, dtype, rng):
    pred, target = sample(case, rng, 600, dtype)
    result = case.loss.grad(pred, target, reduction="none", **case.parameters)
    truth = exact(case.grad, case, pred, target)
    if case.name == "sigmoid_cross_entropy" and (set(target) != {0, 1} or case.parameters["label_smoothing"]):
        # Two terms of opposite sign: the error is bounded by the terms, not by what is left of them.
        scale = max(1.0, case.parameters["pos_weight"])
        assert (
            max(abs(float(t) - float(r)) for r, t in zip(result, truth, strict=True)) <= 3 * scale * np.finfo(dtype).eps
        )
    else:
        assert ulp_error(result, truth).max() <= limit(backend, 3.5, 5)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", CASES, ids=str)
def test_hessian(backend, case, dtype, rng):
    pred, target = sample(case, rng, 600, dtype)
    grad, hess = case.loss.grad_and_hess(pred, target, reduction="none", **case.parameters)
    np.testing.assert_array_equal(grad, case.loss.grad(pred, target, reduction="none", **case.parameters))
    assert (
        ulp_error(hess, exact(case.hess, case, pred, target)).max() <= 8
    )  # cubes and squares treble and double an error


@pytest.mark.parametrize("case", CASES, ids=str)
def test_derivatives_are_derivatives(backend, case, rng):
    """Central differences of fourth order, of the value and of the gradient, away from corners."""
    pred, target = sample(case, rng, 400)
    d, h = pred - target, 1e-4
    corner = {"mae": 0.0, "huber": case.parameters.get("delta", 0.0)}.get(case.name)
    smooth = np.ones(pred.shape, bool) if corner is None else np.abs(np.abs(d) - corner) > 4 * h
    if "hinge" in case.name:
        smooth &= np.abs(target * pred - 1) > 4 * h
    if case.name == "binary_cross_entropy":
        smooth &= np.abs(pred - 0.5) < 0.4
    pred, target = pred[smooth], target[smooth]
    assert len(pred) > 50

    def difference(f):
        far, near = f(pred + 2 * h) - f(pred - 2 * h), f(pred + h) - f(pred - h)
        return (8 * near - far) / (12 * h)

    keywords = dict(case.parameters, reduction="none")
    grad, hess = case.loss.grad_and_hess(pred, target, **keywords)
    size = 1 + np.abs(case.loss(pred, target, **keywords))
    assert np.max(np.abs(difference(lambda x: case.loss(x, target, **keywords)) - grad) / size) < 1e-8
    size = 1 + np.abs(grad)
    assert np.max(np.abs(difference(lambda x: case.loss.grad(x, target, **keywords)) - hess) / size) < 1e-8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_cost_is_the_exact_sum(backend, case, dtype, rng):
    """Summed in double: as good as math.fsum of the losses, for a batch of several tiles, chunks and threads."""
    pred, target = sample(case, rng, 200_003, dtype)
    losses = case.loss(pred, target, reduction="none", **case.parameters).astype(float)
    assert case.loss(pred, target, reduction="sum", **case.parameters) == pytest.approx(math.fsum(losses), rel=1e-14)
    mean = math.fsum(losses) / len(losses)
    assert case.loss(pred, target, **case.parameters) == pytest.approx(mean, rel=1e-14)
    weight = rng.random(len(losses)).astype(dtype)
    products = math.fsum(losses * weight.astype(float))
    got = case.loss(pred, target, sample_weight=weight, reduction="sum", **case.parameters)
    assert got == pytest.approx(products, rel=1e-14)


ELEMENTARY = {
    "exp": (mp.exp, lambda rng, n, tiny: np.concatenate([-rng.uniform(0, -np.log(tiny) + 40, n), -np.exp(rng.uniform(-40, 3, n))])),
    "log": (
        mp.log,
        lambda rng, n, tiny: np.concatenate(
            [rng.uniform(0, 2, n), np.exp(rng.uniform(np.log(tiny) - 8, -np.log(tiny), n)), 1 + np.exp(-rng.uniform(1, 20, n))]
        ),
    ),
    "log1m": (
        lambda p: mp.log1p(-p),
        lambda rng, n, tiny: np.concatenate([rng.random(n), np.exp(-rng.uniform(0, 30, n)), 1 - np.exp(-rng.uniform(0, 15, n))]),
    ),
    "log1p": (mp.log1p, lambda rng, n, tiny: np.concatenate([rng.random(n), np.exp(-rng.uniform(0, 30, n))])),
}  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ELEMENTARY)
def test_vector_functions(backend, name, dtype, rng):
    """exp, log and log1p over their whole range, subnormal numbers included."""
    if backend == "numpy":
        pytest.skip("NumPy's own functions")
    function, inputs = ELEMENTARY[name]
    x = inputs(rng, 2000, float(np.finfo(dtype).tiny)).astype(dtype)
    result = np.empty_like(x)
    kernel = _backend._kernels[name]
    kernel.quick(0, x, x, None, "none", result, ())
    assert ulp_error(result, [function(mp.mpf(float(v))) for v in x]).max() <= 2


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus"])
def test_functions(backend, name, dtype, rng):
    exact = {
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(-abs(x))) + max(x, 0),
        "log_sigmoid": lambda x: min(x, 0) - mp.log1p(mp.exp(-abs(x))),
    }[name]
    x = (rng.standard_normal(1000) * np.exp(rng.uniform(-20, 4.4 if dtype == np.float32 else 6.5, 1000))).astype(dtype)
    error = ulp_error(getattr(fl, name)(x), [exact(mp.mpf(float(v))) for v in x])
    assert error.max() <= limit(backend, 2, 4)


@pytest.mark.parametrize("dtype", DTYPES)
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
