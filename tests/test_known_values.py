"""Values that somebody worked out by hand, each with where it is from."""

import math

import numpy as np
import pytest

import fastloss as fl


def test_outliers(backend):
    """Targets of 1 and predictions 1, 10 and 1000: the classroom example of what L1 and L2 make of an outlier.

    L1: (0 + 9 + 999)/3 = 336. L2: (0 + 81 + 998001)/3 = 332694. Huber, δ = 1: (0 + 8.5 + 998.5)/3.
    """
    pred, target = [1.0, 10.0, 1000.0], [1.0, 1.0, 1.0]
    assert fl.l1(pred, target) == 336
    assert fl.l2(pred, target) == 332694
    assert fl.rmse(pred, target) == pytest.approx(math.sqrt(332694), rel=1e-15)
    assert fl.huber(pred, target) == pytest.approx((8.5 + 998.5) / 3, rel=1e-15)
    np.testing.assert_array_equal(fl.l1.grad(pred, target, reduction="none"), [0, 1, 1])
    np.testing.assert_array_equal(fl.l2.grad(pred, target, reduction="none"), [0, 18, 1998])


def test_pseudo_huber_triangles(backend):
    """3-4-5 and 5-12-13: √(1 + (3/4)²) = 5/4 and √(1 + (5/12)²) = 13/12."""
    np.testing.assert_allclose(fl.pseudo_huber([0.75, 5 / 12], [0, 0], reduction="none"), [1 / 4, 1 / 12], rtol=1e-15)
    assert fl.pseudo_huber([3.0], [0.0], delta=4.0) == pytest.approx(16 / 4, rel=1e-15)


def test_hinge(backend):
    """A score of ½ on the right side costs ½, on the wrong side 3/2; beyond the margin nothing."""
    pred, target = [0.5, 0.5, 3.0], [1, -1, 1]
    np.testing.assert_array_equal(fl.hinge(pred, target, reduction="none"), [0.5, 1.5, 0])
    np.testing.assert_array_equal(fl.squared_hinge(pred, target, reduction="none"), [0.25, 2.25, 0])


def test_entropies(backend):
    """A fair coin costs one bit; a logit of log 3 is a probability of ¾."""
    assert fl.log_loss([0.5, 0.5], [0, 1]) == pytest.approx(math.log(2), rel=1e-15)
    assert fl.log_loss([0.75], [1]) == pytest.approx(math.log(4 / 3), rel=1e-15)
    assert fl.sigmoid_cross_entropy([math.log(3)], [1]) == pytest.approx(math.log(4 / 3), rel=1e-15)
    assert fl.sigmoid_cross_entropy([0.0], [1], pos_weight=5) == pytest.approx(5 * math.log(2), rel=1e-15)
    smoothed = 0.95 * math.log1p(math.exp(-2)) + 0.05 * math.log1p(math.exp(2))
    assert fl.sigmoid_cross_entropy([2.0], [1], label_smoothing=0.1) == pytest.approx(smoothed, rel=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("smoothing", [0.1, 1e-3, 1e-5, 1e-12])
def test_a_little_smoothing(backend, smoothing, dtype):
    """(ε/2)·x + softplus(−x) of a positive label's score x, where ε/2 is far below the digits of 1 − ε/2; a negative label's
    score is its mirror image."""
    x = np.array([0.5, 3.0, 20.0, 80.0], dtype)
    e = float(dtype(smoothing))
    losses, slopes = fl.sigmoid_cross_entropy.value_and_grad(
        x, np.ones_like(x), label_smoothing=smoothing, reduction="none"
    )
    np.testing.assert_allclose(
        losses, [e / 2 * v + math.log1p(math.exp(-v)) for v in x.tolist()], rtol=4 * np.finfo(dtype).eps
    )
    shares = np.array([e / 2 / (1 + math.exp(-v)) for v in x.tolist()])
    others = np.array([(1 - e / 2) * math.exp(-v) / (1 + math.exp(-v)) for v in x.tolist()])
    assert (np.abs(slopes - (shares - others)) <= 4 * np.finfo(dtype).eps * (shares + others)).all()
    mirrored = fl.sigmoid_cross_entropy(-x, np.zeros_like(x), label_smoothing=smoothing, reduction="none")
    np.testing.assert_array_equal(mirrored, losses)


def test_subnormal_tail(backend):
    """softplus(−100) = e⁻¹⁰⁰ to first order: 3.7835e−44 is subnormal in float32, and not 0."""
    value = fl.sigmoid_cross_entropy(np.float32([100]), np.float32([1]), reduction="none")[0]
    assert 0 < value == pytest.approx(3.7835e-44, abs=1.5e-45)


@pytest.mark.parametrize("loss", [fl.sigmoid_cross_entropy, fl.mse])
def test_linear_models_share_a_gradient(backend, loss, rng):
    """Xᵀ(ŷ − y): logistic regression's gradient has the form of linear regression's (Bishop 2006, 4.3.2 and 4.3.6)."""
    x, w = rng.standard_normal((500, 7)), rng.standard_normal(7)
    y = (rng.random(500) < 0.5).astype(float)
    scores = x @ w
    predicted = 1 / (1 + np.exp(-scores)) if loss is fl.sigmoid_cross_entropy else 2 * scores
    target = y if loss is fl.sigmoid_cross_entropy else 2 * y
    np.testing.assert_allclose(x.T @ loss.grad(scores, y, reduction="sum"), x.T @ (predicted - target), rtol=1e-12)


def test_weighted_root(backend):
    """√(Σwd²/Σw) of errors 3 and 4 with weights 1 and 3 is √(57/4); of the batch mean, √(57/2)."""
    assert fl.rmse([3.0, 4.0], [0, 0], sample_weight=[1, 3]) == pytest.approx(math.sqrt(57 / 4), rel=1e-15)
    batch = fl.rmse([3.0, 4.0], [0, 0], sample_weight=[1, 3], reduction="batch_mean")
    assert batch == pytest.approx(math.sqrt(57 / 2), rel=1e-15)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "batch_mean"])
def test_rmse_derivatives(backend, weighted, reduction, rng):
    """Central differences of the cost itself, sample by sample."""
    pred, target, h = rng.standard_normal(6), rng.standard_normal(6), 1e-3
    keywords = {"reduction": reduction, "sample_weight": rng.random(6) if weighted else None}
    grad, hess = fl.rmse.grad_and_hess(pred, target, **keywords)
    value, again = fl.rmse.value_and_grad(pred, target, **keywords)
    assert value == fl.rmse(pred, target, **keywords)
    np.testing.assert_array_equal(grad, again)
    for i, step in enumerate(np.eye(6) * h):
        cost = [fl.rmse(pred + k * step, target, **keywords) for k in (-2, -1, 0, 1, 2)]
        assert (8 * (cost[3] - cost[1]) - (cost[4] - cost[0])) / (12 * h) == pytest.approx(grad[i], abs=1e-10)
        second = (-cost[0] + 16 * cost[1] - 30 * cost[2] + 16 * cost[3] - cost[4]) / (12 * h * h)
        assert second == pytest.approx(hess[i], abs=1e-7)


def test_rmse_of_nothing_wrong(backend):
    value, grad = fl.rmse.value_and_grad([1.0, 2.0], [1.0, 2.0])
    assert value == 0
    np.testing.assert_array_equal(grad, [0, 0])
