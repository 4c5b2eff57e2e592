"""What every loss has, tried on inputs that its definition draws: derivatives, products, bounds, constants, signatures, outputs."""

import copy
import functools
import inspect
import itertools
import pickle
import re

import ml_dtypes
import numpy as np
import pytest
import truths_classes
import truths_structured
from cases import running

import fastloss as fl
from fastloss._core import tables
from fastloss._core.domains import NOT_NEGATIVE
from fastloss._core.families import Embeddings, Structured, Triplets
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY

LOSSES = list(REGISTRY.values())
VARIANTS = {
    "softmax_focal": [{}, {"gamma": 0.0}, {"gamma": 0.5}, {"gamma": 3.0}],
    "softmax_cross_entropy": [{"label_smoothing": 0.2, "class_weight": [1.0, 2.0, 3.0, 4.0]}],
    "sigmoid_cross_entropy": [{"pos_weight": 3.0, "label_smoothing": 0.1}],
    "cox": [{"ties": "breslow"}, {"ties": "efron"}],
    "hinge": [{}, {"margin": 0.25}],
    "squared_hinge": [{}, {"margin": 0.25}],
    "tweedie_nll": [{}, {"power": 1.2}],
    "tweedie_deviance": [{}, {"power": 1.0}, {"power": 1.875}],
    "negative_binomial_nll": [{}, {"alpha": 0.1}],
    "sigmoid_focal": [{}, {"gamma": 0.5, "alpha": 0.25}, {"gamma": 0.0}, {"gamma": 5.0, "alpha": 0.9}],
    "sigmoid_asymmetric": [{}, {"gamma_pos": 0.0, "gamma_neg": 1.0}, {"gamma_neg": 2.0, "clip": 0.0}],
    "barron": [{"alpha": alpha, "delta": 0.5} for alpha in (3.0, 2.0, 1.0, 0.5, 0.0, -2.0)],
    "tukey_biweight": [{"delta": 6.0}],
    "quantile": [{"alpha": 0.9}],
    "expectile": [{"alpha": 0.1}],
    "mape": [{}, {"eps": 0.5}],
    **{name: [{}, *own] for name, own in truths_classes.VARIANTS.items()},
    **{name: [{}, *own] for name, own in truths_structured.VARIANTS.items()},
}
TRIED = [
    (loss, own, rows)
    for loss in LOSSES
    for own in VARIANTS.get(loss.name, [{}])
    for rows in ([False, True] if loss.ids and loss.rows else [False])
]
each_loss = pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
each_tried = pytest.mark.parametrize(("loss", "own", "rows"), TRIED, ids=str)
STEP = 1e-6


def drawn(loss, rows=False, size=12, seed=3):
    """Predictions, targets and the weights of the samples."""
    pred, target = loss.inputs.draw(Normal(np.dtype(np.float64), seed), size, 4)
    if loss.name == "cox":  # with ties
        target = np.array([1, 2, 2, -2, 3, 3, 3, -3, 4, -5, 5, 5.0])
    if isinstance(loss, (Embeddings, Triplets)):
        pred, target = truths_structured.embeddings(loss.name, size, seed)
    if rows:
        target = np.random.default_rng(seed).dirichlet(np.ones(4), len(pred))
    samples = pred.shape[:-1] if "axis" in loss.parameters else target.shape[:-1] if loss.each else pred.shape
    return pred, target, np.random.default_rng(seed).random(samples) + 0.1


def differences(function, x):
    """The derivative of a function's results by each number of x."""
    steps = STEP * np.eye(x.size).reshape(-1, *x.shape)
    return np.array([(np.asarray(function(x + e)) - np.asarray(function(x - e))) / (2 * STEP) for e in steps])


def costs(loss):
    return [reduction for reduction in loss.reductions if reduction != "none"]


# ---- derivatives -----------------------------------------------------------------------------------------------------


@each_tried
def test_derivatives_and_products(backend, loss, own, rows):
    pred, target, weight = drawn(loss, rows)
    vector = np.random.default_rng(0).standard_normal(pred.shape)
    for reduction in costs(loss):
        given = {"sample_weight": weight, "reduction": reduction, **own}
        grad, hess = loss.grad_and_hess(pred, target, **given)
        slopes = differences(lambda x: loss(x, target, **given), pred).reshape(pred.shape)  # noqa: B023
        hessian = differences(lambda x: loss.grad(x, target, **given), pred).reshape(pred.size, pred.size)  # noqa: B023
        scale = 1 + np.abs(hessian).max()
        np.testing.assert_allclose(grad, slopes, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(hess.ravel(), np.diag(hessian), rtol=1e-5, atol=1e-8 * scale)
        turned = loss.hvp(pred, target, vector, **given)
        np.testing.assert_allclose(turned.ravel(), hessian @ vector.ravel(), rtol=1e-5, atol=1e-7 * scale)


@pytest.mark.thread_unsafe
@each_tried
def test_majorizers_are_bounds(backend, loss, own, rows):
    pred, target, weight = drawn(loss, rows)
    reduction = costs(loss)[0]
    given = {"sample_weight": weight, "reduction": reduction, **own}
    if not loss.majorizer:
        with pytest.raises(ValueError, match=f"{loss.name} has no majorizer; curvature must be 'exact'"):
            loss.grad_and_hess(pred, target, curvature="majorizer", **given)
        return
    grad, bound = loss.grad_and_hess(pred, target, curvature="majorizer", **given)
    exact = loss.grad_and_hess(pred, target, curvature="exact", **given)
    np.testing.assert_array_equal(grad, exact[0])
    assert (bound > 0).all()
    if loss.name != "rmsle":  # Gauss and Newton's, which is no bound
        assert (bound >= exact[1] - 1e-15).all()
    with running("numpy"):
        truth = loss.grad_and_hess(pred, target, curvature="majorizer", **given)[1]
    np.testing.assert_allclose(bound, truth, rtol=1e-9, atol=1e-12)


def test_majorizers_by_hand(backend):
    d, zero = [0.0, 1.0, -4.0], [0.0] * 3
    given = {"reduction": "none", "curvature": "majorizer"}
    assert fl.mse.grad_and_hess(d, zero, **given)[1].tolist() == [2, 2, 2]
    assert fl.huber.grad_and_hess(d, zero, delta=2, **given)[1].tolist() == [1, 1, 0.5]
    np.testing.assert_allclose(fl.pseudo_huber.grad_and_hess(d, zero, **given)[1], [1, 0.5**0.5, 17**-0.5])
    np.testing.assert_allclose(fl.log_cosh.grad_and_hess(d, zero, **given)[1], [1, np.tanh(1), np.tanh(4) / 4])
    expected = [0.25, np.tanh(0.5) / 2, np.tanh(2) / 8]
    np.testing.assert_allclose(fl.sigmoid_cross_entropy.grad_and_hess(d, zero, **given)[1], expected)
    with pytest.raises(ValueError, match="curvature is 'best'; it must be 'exact' or 'majorizer'"):
        fl.mse.grad_and_hess(d, zero, curvature="best")
    with pytest.raises(TypeError, match="'curvature'; only grad_and_hess takes it"):
        fl.mse.grad(d, zero, curvature="exact")


# ---- definitions by hand ---------------------------------------------------------------------------------------------

INF = np.inf


@pytest.mark.parametrize(
    ("loss", "pred", "target", "value", "grad", "hess"),
    [
        (fl.log_cosh, np.log(2), 0.0, np.log(1.25), 0.6, 0.64),
        (fl.log_cosh, 1000.0, 0.0, 1000 - np.log(2), 1, 0),
        (fl.log_cosh, -INF, 0.0, INF, -1, 0),
        (fl.gaussian_nll, [1.0, 0.0], 3.0, 2, [-2, -1.5], [1, 2]),
        (fl.gaussian_nll, [0.0, np.log(4)], 2.0, (np.log(4) + 1) / 2, [-0.5, 0], [0.25, 0.5]),
        (fl.gaussian_nll, [1.0, -2000.0], 1.0, -1000, [0, 0.5], [INF, 0]),
        (fl.softmax_focal, [0.0, 0.0], 0, np.log(2) / 4, [-0.2982868, 0.2982868], [0.3991434] * 2),
        (fl.softmax_focal, [np.log(3), 0.0], 0, np.log(4 / 3) / 16, [-0.0425952, 0.0425952], [0.0923065] * 2),
        (fl.softmax_focal, [-INF, 0.0], 0, INF, [-1, 1], [0, 0]),
        (fl.softmax_focal, [800.0, 0.0], 0, 0, [0, 0], [0, 0]),
        (fl.cosine_distance, [3.0, 4.0], [4.0, 3.0], 0.04, [-0.0448, 0.0336], None),
        (fl.cosine_distance, [0.0, 0.0], [1.0, 0.0], 1, [0, 0], [0, 0]),
        (fl.cosine_distance, [1e200, 0.0], [0.0, 1e-300], 1, [0, -1e-200], [0, 0]),
    ],
    ids=str,
)
def test_by_hand(backend, loss, pred, target, value, grad, hess):
    got = loss.value_and_grad(pred, target, reduction="sum")
    np.testing.assert_allclose(got[0], value, rtol=1e-12)
    np.testing.assert_allclose(got[1], grad, rtol=1e-6, atol=1e-300)
    if hess is not None:
        np.testing.assert_allclose(loss.grad_and_hess(pred, target, reduction="sum")[1], hess, rtol=1e-6)


def test_root_of_log_errors(backend):
    assert fl.rmsle([np.e - 1, 0.0], [0.0, np.e - 1]) == pytest.approx(1)
    assert fl.rmsle([1.0], [1.0]) == 0
    assert fl.rmsle([1 + 1e-12], [1.0]) == pytest.approx(5e-13, rel=1e-3)
    with pytest.raises(ValueError, match=re.escape("pred[1] is -2; pred must be >= -1")):
        fl.rmsle([0.0, -2.0], [0.0, 0.0])


def partial_likelihood(score, time, weight, ties):
    """Cox's, event by event."""
    cost = 0.0
    for t in {abs(x) for x in time}:
        at_risk = np.abs(time) >= t
        dying = (time == t) & (weight > 0)
        if not (count := dying.sum()):
            continue
        hazard = weight * np.exp(score)
        for k in range(count):
            left = hazard[at_risk].sum() - (k / count * hazard[dying].sum() if ties == "efron" else 0)
            cost += weight[dying].mean() * np.log(left)
        cost -= (weight * score)[dying].sum()
    return cost


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_cox(backend, ties, rng):
    assert fl.cox(np.zeros(3), [1, 2, 3], ties=ties, reduction="sum") == pytest.approx(np.log(6))
    for n in (1, 2, 7, 12):
        score, time = rng.standard_normal(n), rng.integers(1, 5, n) * rng.choice([-1.0, 1.0], n)
        weight = rng.choice([0.0, 0.5, 1.0, 2.0], n)
        cost = fl.cox(score, time, sample_weight=weight, ties=ties, reduction="sum")
        assert cost == pytest.approx(partial_likelihood(score, time, weight, ties), abs=1e-12)
    far = fl.cox.value_and_grad([2000.0, 0.0, -3000.0, 1.0], [1.0, 2.0, 3.0, 4.0], ties=ties, reduction="sum")
    np.testing.assert_allclose(far[0], 3002.3132616875)
    np.testing.assert_allclose(far[1], [0, -0.7310585786, -1, 1.7310585786], atol=1e-9)
    with pytest.warns(RuntimeWarning, match="the mean over no event is undefined"):
        assert np.isnan(fl.cox([1.0], [-1.0]))
    with pytest.raises(ValueError, match="cox is a cost of the whole batch; reduction='none' has no meaning for it"):
        fl.cox([1.0], [1.0], reduction="none")
    with pytest.raises(ValueError, match="ties is 'exact'; it must be one of 'breslow', 'efron'"):
        fl.cox([1.0], [1.0], ties="exact")


# ---- constants -------------------------------------------------------------------------------------------------------


@each_tried
def test_no_constant_is_better(backend, loss, own, rows, rng):
    pred, target, weight = drawn(loss, rows, size=12 if isinstance(loss, Structured) else 120)
    if loss.name in truths_classes.WITHOUT_CONSTANT:
        with pytest.raises(
            ValueError, match=f"{loss.name} has no best constant: its samples have no prediction in common"
        ):
            loss.constant(target, weight, **own)
        return
    best = loss.constant(target, weight, **own)
    spread = np.shape(best)
    members = (1,) if loss.name == "crps_ensemble" else pred.shape[-1:]  # of which a constant has one
    assert spread == (() if "axis" not in loss.parameters or isinstance(loss, Embeddings) else members)

    def cost(constant):
        return loss(np.broadcast_to(constant, pred.shape), target, sample_weight=weight, **own)

    for k in range(40):
        other = best + rng.standard_normal(spread) * 10.0 ** -(k % 5)
        if loss.name in ("rmsle", "msle"):
            other = max(other, -0.99)
        elif loss.domains.get("pred") == NOT_NEGATIVE:
            other = max(other, 1e-9)
        elif "pred" in loss.domains:
            other = np.clip(other, 1e-9, 1 - 1e-9)
            other = other / other.sum() if spread else other
        assert cost(other) >= cost(best) - 1e-13


def test_constants_stay_among_the_targets():
    """Rounding does not take a mean beyond all of them, and so not out of the loss's domain."""
    for n in range(1, 100):
        weight, ends, ones = np.sqrt(np.arange(1, n + 1)), np.tile([0.0, 1.0], (n, 1)), np.ones((n, 2))
        for loss in (fl.brier, fl.ranked_probability_score):
            np.testing.assert_array_equal(loss.constant(ends, weight), [0, 1])
        for loss in (fl.dice, fl.jaccard, fl.tversky):
            np.testing.assert_array_equal(loss.constant(ones), [1, 1])
        for loss in (fl.mse, fl.binary_cross_entropy):
            assert loss.constant(np.ones(n), weight) == 1
        for loss in (fl.gaussian_nll, fl.laplace_nll, fl.crps_gaussian):
            np.testing.assert_array_equal(loss.constant(np.full(n, 0.1)), [0.1, -INF])


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_constants_of_spreads_of_any_size(size):
    log = np.log(size)
    np.testing.assert_allclose(fl.gaussian_nll.constant([size, -size]), [0, 2 * log])
    np.testing.assert_allclose(fl.laplace_nll.constant([size, -size]), [0, log])
    usual = fl.crps_gaussian.constant([1.0, -1.0])[1]
    np.testing.assert_allclose(fl.crps_gaussian.constant([size, -size]), [0, log + usual])


def test_constants_by_hand():
    assert fl.mse.constant([1, 2, 6]) == 3
    assert fl.mae.constant([3, 1, 2, 10]) == 2.5
    assert fl.mae.constant([0, 1, 2, 100], [1, 1, 1, 5]) == 100
    assert fl.huber.constant([0, 1, 2, 100]) == 1.5
    assert fl.huber.constant(np.transpose([[0, 1, 2, 100]] * 2), delta=[1, 50]).round(6).tolist() == [1.5, 17.666667]
    assert fl.sigmoid_cross_entropy.constant([1, 0, 0, 0], pos_weight=3) == pytest.approx(0)
    np.testing.assert_allclose(fl.softmax_cross_entropy.constant([0, 1, 1]), np.log([1 / 3, 2 / 3]))
    ignoring = fl.softmax_cross_entropy.constant([0, 1, -1], ignore_index=-1, class_weight=[3, 1, 1])
    np.testing.assert_allclose(ignoring, [np.log(0.75), np.log(0.25), -INF])
    np.testing.assert_allclose(fl.softmax_cross_entropy.constant([0, 1, 99], [1, 1, 0]), np.log([0.5, 0.5]))
    assert fl.triplet.constant([[0, 1, 2], [0, 1, 2**60]], [1, 0]) == 0
    assert fl.hinge.constant([1, 1, -1]) == 1
    for bad in (lambda: fl.mse.constant([]), lambda: fl.mse.constant([1.0], [0.0])):
        with pytest.raises(ValueError, match="mse has no best constant"):
            bad()
    with pytest.raises(ValueError, match=re.escape("target[0] is 0; target must be -1 or 1")):
        fl.hinge.constant([0.0])


def test_links():
    links = {
        "cox": "log",
        "ctc": "softmax",
        "poisson_nll": "log",
        "gamma_nll": "log",
        "tweedie_nll": "log",
        "negative_binomial_nll": "log",
    }
    for loss in LOSSES:
        of_name = loss.name.partition("_")[0]
        expected = links.get(loss.name, of_name if of_name in ("sigmoid", "softmax") else "identity")
        assert loss.link == expected, loss


# ---- arguments -------------------------------------------------------------------------------------------------------


@each_loss
def test_outputs_may_be_narrower(backend, loss):
    pred, target, _ = drawn(loss)
    for call in ("grad", "value_and_grad", "grad_and_hess"):
        for dtype in (np.float32, np.float16, ml_dtypes.bfloat16):
            expected = getattr(loss, call)(pred, target)
            outs = np.full((2, *pred.shape), 7, dtype)
            got = getattr(loss, call)(pred, target, out=tuple(outs) if call == "grad_and_hess" else outs[0])
            for x, y in zip(expected, got, strict=True) if isinstance(got, tuple) else [(expected, got)]:
                if isinstance(y, np.ndarray):
                    np.testing.assert_array_equal(y, np.asarray(x).astype(dtype))
    with pytest.raises(
        ValueError, match="out has dtype int64 but the result has dtype float64; it must be that or a narr"
    ):
        loss.grad(pred, target, out=np.empty(pred.shape, np.int64))


def test_losses_and_gradients_into_a_pair(backend):
    losses, grads = np.empty(2, np.float32), np.empty(2)
    got = fl.mse.value_and_grad([1.0, 3.0], [0.0, 0.0], reduction="none", out=(losses, grads))
    assert got[0] is losses
    assert got[1] is grads
    assert (losses.tolist(), grads.tolist()) == ([1, 9], [2, 6])
    assert fl.mse.value_and_grad([1.0, 3.0], [0.0, 0.0], reduction="none", out=grads)[1] is grads


def test_weights_repeat_along_axes_of_length_1(backend, rng):
    pred, target, weight = rng.random((5, 3)), rng.random((5, 3)), rng.random((5, 1))
    whole = np.repeat(weight, 3, axis=1)
    for loss in (fl.mse, fl.rmse, fl.huber):
        got, expected = (loss.value_and_grad(pred, target, sample_weight=w) for w in (weight, whole))
        assert got[0] == expected[0]
        np.testing.assert_array_equal(got[1], expected[1])
    with pytest.raises(ValueError, match="sample_weight has shape"):
        fl.mse(pred, target, sample_weight=weight[:, 0])


def test_parameters_of_columns(backend, rng):
    pred, target = rng.standard_normal((2, 5, 3)) * 4
    deltas = [0.5, 1.0, 4.0]
    for loss in (fl.huber, fl.pseudo_huber, fl.log_cosh):
        got = loss.value_and_grad(pred, target, delta=deltas, reduction="none")
        for j, delta in enumerate(deltas):
            expected = loss.value_and_grad(pred[:, j], target[:, j], delta=delta, reduction="none")
            np.testing.assert_array_equal(got[0][:, j], expected[0])
            np.testing.assert_array_equal(got[1][:, j], expected[1])
    with pytest.raises(ValueError, match=re.escape("delta[1] is -1.0; it must satisfy 0 < delta < inf")):
        fl.huber(pred, target, delta=[1, -1, 1])
    with pytest.raises(ValueError, match=re.escape("delta has 2 numbers but pred has shape (5, 3)")):
        fl.huber(pred, target, delta=[1, 1])


def test_masks_within_lists_are_refused():
    masked = np.ma.array([1.0, 2.0], mask=[0, 1])
    for given in ([masked], [[0.0, 1.0], masked], [[masked]], [1.0, np.ma.masked]):
        with pytest.raises(TypeError, match="pred holds masked arrays"):
            fl.mse(given, given)


def test_masks_where_no_weight_can_say_what_counts():
    masked = np.ma.array([1.0, 2.0], mask=[0, 1])
    for function in (fl.sigmoid, fl.softmax):
        with pytest.raises(TypeError, match=r"^x is a masked array; pass its data$"):
            function(masked)
    for delta, text in (
        (masked, "is a masked array; pass its"),
        ([1, np.ma.masked], "holds masked arrays; pass their"),
    ):
        with pytest.raises(TypeError, match=f"^delta {text} data$"):
            fl.huber([1.0, 2.0], [0.0, 0.0], delta=delta)
    with pytest.raises(TypeError, match=r"^delta is a masked array; pass its data$"):
        fl.huber([1.0], [0.0], delta=np.ma.masked)
    with pytest.raises(TypeError, match=r"^class_weight is a masked array; pass its data$"):
        fl.softmax_cross_entropy([[1.0, 2.0]], [0], class_weight=masked)
    with pytest.raises(TypeError, match=r"^sample_weight is a masked array; pass its data$"):
        fl.mse([1.0, 2.0], [0.0, 1.0], sample_weight=masked)
    with pytest.raises(TypeError, match=r"^out is a masked array; pass its data$"):
        fl.mse.grad(np.ones(2), np.ones(2), out=masked)


def test_a_product_with_no_hessian_says_so(backend):
    for given, weight, reason in (([], [], "an empty batch"), ([1.0], [0.0], "weights that sum to 0")):
        with pytest.warns(RuntimeWarning, match=f"the mean over {reason} is undefined"):
            product = fl.mse.hvp(given, given, given, sample_weight=weight)
        assert product.tolist() == [0.0] * len(given)
        assert fl.mse.hvp(given, given, given, sample_weight=weight, reduction="sum").tolist() == [0.0] * len(given)


def test_keywords_of_other_calls():
    """No word is suggested in its own place, or in one where it is none."""
    X = [[0.0], [1.0]]
    for name in ("reduction", "out"):
        for call in (
            lambda **given: fl.mse.constant([1.0, 2.0], **given),
            lambda **given: fl.linear.objective(fl.mse, X, [1.0, 2.0], **given),
            *([] if name == "reduction" else [lambda **given: fl.Accumulator("mse", **given)]),
        ):
            text = f"mse() got an unexpected keyword argument '{name}'; the calls of a loss have it"
            with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
                call(**{name: None})
    with pytest.raises(TypeError, match=r"'reductio'$"):
        fl.mse.constant([1.0], reductio="sum")
    with pytest.raises(TypeError, match="'clases'; did you mean 'classes'"):
        fl.linear.objective(fl.mse, X, [1.0, 2.0], clases=3)
    with pytest.raises(TypeError, match="'sampleweight'; did you mean 'sample_weight'"):
        fl.mse.constant([1.0], sampleweight=[1])


def test_functions_know_other_libraries_keywords():
    with pytest.raises(
        TypeError, match=re.escape("softmax() got an unexpected keyword argument 'dim'; here it is axis")
    ):
        fl.softmax([1.0], dim=0)
    with pytest.raises(TypeError, match=re.escape("sigmoid() is missing the argument 'x'")):
        fl.sigmoid()


def test_vectors_are_checked():
    with pytest.raises(
        ValueError, match=re.escape("pred has shape (1,) but vector has shape (2,); they must be equal")
    ):
        fl.mse.hvp([1.0], [1.0], [1.0, 2.0])
    with pytest.raises(TypeError, match="missing the argument 'vector'"):
        fl.mse.hvp([1.0], [1.0])


# ---- ranges ----------------------------------------------------------------------------------------------------------


def test_a_mean_of_finite_losses_is_finite(backend):
    """Though their sum is beyond the largest double."""
    pred, zeros, weight = np.full(100, 1.2e154), np.zeros(100), np.full(100, 0.5)
    for given in ({}, {"reduction": "batch_mean"}, {"sample_weight": weight}):
        assert fl.mse(pred, zeros, **given) == pytest.approx(1.44e308)
    assert fl.mse(pred, zeros, sample_weight=weight, reduction="batch_mean") == pytest.approx(0.72e308)
    assert fl.mse(pred, zeros, reduction="sum") == INF
    cost, grad = fl.mse.value_and_grad(pred.copy(), zeros)
    again = pred.copy()
    assert fl.mse.value_and_grad(again, zeros, out=again)[0] == cost == pytest.approx(1.44e308)
    np.testing.assert_array_equal(again, grad)


def test_curvature_beside_a_confident_class(backend):
    """The class that has all the probability need not be the label's."""
    for dtype, gap in ((np.float32, 30.0), (np.float64, 60.0)):
        hess = fl.softmax_cross_entropy.grad_and_hess(np.array([[gap, 0, 0]], dtype), [1])[1]
        np.testing.assert_allclose(hess, [np.exp(-gap) * np.array([2, 1, 1])], rtol=1e-6)


# ---- definitions -----------------------------------------------------------------------------------------------------


@each_loss
def test_each_call_has_its_signature_and_docstring(loss):
    own = list(loss.parameters)
    shared = ["sample_weight", "reduction", "out"]
    expected = {
        "grad": ["pred", "target", *own, *shared],
        "value_and_grad": ["pred", "target", *own, *shared],
        "grad_and_hess": ["pred", "target", *own, *shared, "curvature"],
        "hvp": ["pred", "target", "vector", *own, *shared],
        "constant": ["target", "sample_weight", *own],
    }
    for name, parameters in expected.items():
        call = getattr(loss, name)
        assert list(inspect.signature(call).parameters) == parameters
        assert call.__name__ == name
        assert all(parameter in call.__doc__ for parameter in parameters)
        assert f"Of `{loss.name}`" in call.__doc__
        assert pickle.loads(pickle.dumps(call)) is call
        assert copy.deepcopy(call) is call


def test_the_table_has_every_loss_with_its_aliases():
    rows = tables.markdown().splitlines()[2:]
    names = [re.findall(r"`(\w+)`", row.split(" | ")[0]) for row in rows]
    assert names == [[loss.name, *loss.aliases] for loss in REGISTRY.values()]


# ---- linear models ---------------------------------------------------------------------------------------------------


@pytest.mark.thread_unsafe
@each_loss
def test_linear_models(backend, loss, rng, monkeypatch):
    monkeypatch.setattr(fl.linear, "BLOCK_BYTES", 16 * 32)
    if loss.name == "ctc":
        pytest.skip("scores of a linear model have no frames")
    pred, target, _ = drawn(loss, size=12 if isinstance(loss, Structured) else 240)
    n, outputs = len(target), pred.shape[1:]
    X, weight = rng.random((n, 4)), rng.random(n)
    if isinstance(loss, Triplets):
        return  # their samples are none of a model's
    members = {"classes": outputs[0]} if isinstance(loss, Embeddings) else {}
    members |= {"classes": 4} if loss.name == "crps_ensemble" else {}
    objective = fl.linear.objective(loss, X, target, l2=0.3, sample_weight=weight, **members)
    w, v = rng.uniform(0.05, 0.2, objective.size), rng.standard_normal(objective.size)
    slopes = [(objective(w + STEP * e)[0] - objective(w - STEP * e)[0]) / (2 * STEP) for e in np.eye(len(w))]
    np.testing.assert_allclose(objective(w)[1], slopes, atol=1e-7)
    turned = (objective(w + STEP * v)[1] - objective(w - STEP * v)[1]) / (2 * STEP)
    np.testing.assert_allclose(objective.hessp(w, v), turned, atol=1e-6 * (1 + np.abs(turned).max()))
    if loss.whole:
        with pytest.raises(
            ValueError, match=f"{loss.name} is a cost of the whole batch; the costs of parts do not add"
        ):
            objective.sums(w)
        scores = X @ w[: 4 * int(np.prod(outputs))].reshape(4, *outputs) + w[4 * int(np.prod(outputs)) :]
        for factor in (5e-324, 1e-310, 1, 1e300):
            given = {"sample_weight": np.full(n, factor)}
            objective = fl.linear.objective(loss, X, target, **given, **members)
            assert objective(w)[0] == pytest.approx(loss(scores, target, **given), rel=1e-12)
        return
    value, gradient, total = objective.sums(w)
    cost = (value / total) ** (0.5 if loss.root else 1) + 0.15 * (w[: 4 * int(np.prod(outputs))] ** 2).sum()
    assert objective(w)[0] == pytest.approx(cost)
    classes = {"classes": 4} if loss.ids else members
    parts = [slice(0, n // 3), slice(n // 3, n)]
    parts = [fl.linear.objective(loss, X[p], target[p], sample_weight=weight[p], **classes) for p in parts]
    sums = [pickle.loads(pickle.dumps(part)).sums(w) for part in parts]
    np.testing.assert_allclose(sum(s[0] for s in sums), value)
    np.testing.assert_allclose(sum(s[1] for s in sums), gradient, atol=1e-12)
    assert sum(s[2] for s in sums) == pytest.approx(total)


def test_classes_of_a_linear_model():
    with pytest.raises(ValueError, match=r"target\[3\] is 3; class ids must be in \[0, 3\)"):
        fl.linear.objective(fl.softmax_cross_entropy, np.ones((4, 1)), [0, 1, 2, 3], classes=3)
    assert fl.linear.objective(fl.softmax_cross_entropy, np.ones((2, 1)), [0, 1], classes=5).shape == (1, 5)
    absent = fl.linear.objective(fl.softmax_cross_entropy, np.ones((3, 1)), [0, 1, 99], sample_weight=[1, 1, 0])
    assert absent.shape == (1, 2)
    assert absent(np.zeros(4))[0] == pytest.approx(np.log(2))
    given = {"sample_weight": [1, 0, 1, 1], "classes": 2}
    with pytest.raises(ValueError, match=r"target\[2\] is 5; class ids must be in \[0, 2\)"):
        fl.linear.objective(fl.softmax_cross_entropy, np.ones((4, 1)), [0, 9, 5, 1], **given)


def test_a_linear_model_of_a_loss_by_name():
    for name in ("mse", "l2"):
        assert fl.linear.objective(name, np.ones((3, 1)), np.zeros(3)).loss is fl.mse
    for made in (lambda loss: fl.linear.objective(loss, np.ones((3, 1)), np.zeros(3)), fl.Accumulator):
        with pytest.raises(ValueError, match="there is no loss 'hubr'; did you mean 'huber'"):
            made("hubr")
        with pytest.raises(TypeError, match="loss must be a name or a loss, not int"):
            made(3)


# ---- NumPy's own errors ----------------------------------------------------------------------------------------------


def extremes(loss, dtype):
    """Predictions and targets at the ends of what the loss takes, and weights from the least to the greatest."""
    kind = np.finfo(dtype)
    ends = np.array([0, kind.smallest_subnormal, kind.tiny, 1, -1, kind.max, -kind.max, INF, -INF, np.nan], dtype)
    drawn = [x.copy() for x in loss.inputs.draw(Normal(np.dtype(dtype)), 40, 4)]
    for name, x in zip(("pred", "target"), drawn, strict=True):
        if x.dtype.kind == "f":
            domain = loss.domains.get(name)
            some = ends if domain is None or domain.given else ends[domain.contains(ends)]
            some = some[some > 0] if domain is not None and domain.given else some
            x.reshape(-1)[: len(some)] = some[: x.size]
    pred, target = drawn
    if loss.name == "ordinal_logistic":
        target = np.resize([0, 1, 2], target.shape).astype(dtype)
    samples = pred.shape[:-1] if "axis" in loss.parameters else target.shape[:-1] if loss.each else pred.shape
    return pred, target, np.resize([1e-310, 1e308, 0, 5e-324, 1, 1e-200], samples)


@pytest.mark.filterwarnings("ignore:the mean over .* is undefined")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@each_loss
def test_no_call_depends_on_seterr(backend, loss, dtype):
    """Nor does one warn of what it computes with."""
    with np.errstate(all="ignore"):
        pred, target, weight = extremes(loss, dtype)
        doubles = target.astype(np.float64) if target.dtype.kind == "f" else target
        vector = np.resize(np.array([1, 5e-324, 3e38, -1]), pred.shape).astype(dtype)
    own = {"thresholds": [0.0, 1.0]} if loss.name == "ordinal_logistic" else {}
    calls = [loss.grad, loss.value_and_grad, loss.grad_and_hess, loss]
    tried = []
    for t, w, reduction in itertools.product((target, doubles), (None, weight), loss.reductions):
        given = {"sample_weight": w, "reduction": reduction, **own}
        tried += [functools.partial(call, pred, t, **given) for call in calls]
        tried += [functools.partial(loss.grad, np.repeat(pred, 2, axis=0)[::2], t, **given)]
        tried += [functools.partial(loss.hvp, pred, t, vector, **given)]
        if loss.majorizer:
            tried += [functools.partial(loss.grad_and_hess, pred, t, curvature="majorizer", **given)]
    for t, w in itertools.product((target, doubles), (None, weight)):
        tried += [functools.partial(loss.constant, t, w, **own), functools.partial(accumulated, loss, pred, t, w, own)]
        tried += [functools.partial(of_a_linear_model, loss, dtype, t, w, own)]
    for call in tried:
        results = []
        for errors in ("ignore", "raise"):
            with np.errstate(all=errors):
                try:
                    results.append([np.asarray(x).tobytes() for x in parts(call())])
                except (ValueError, TypeError) as error:
                    results.append(str(error))
        assert results[0] == results[1]


def parts(result):
    return result if isinstance(result, tuple) else (result,)


def accumulated(loss, pred, target, weight, own):
    total = fl.Accumulator(loss, **own)
    total.update(pred, target, weight)
    return total.compute()


def of_a_linear_model(loss, dtype, target, weight, own):
    ends = [np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal, 1]
    count = 3 if loss.ids or isinstance(loss, Embeddings) else None
    X = np.resize(np.array(ends, dtype), (len(target), 2))
    objective = fl.linear.objective(loss, X, target, sample_weight=weight, classes=count, **own)
    w = np.resize([1.0, 1e-300, 1e300], objective.size)
    return *objective(w), objective.hessp(w, w)


def test_functions_do_not_depend_on_seterr(backend):
    for dtype in (np.float32, np.float64):
        kind = np.finfo(dtype)
        x = np.array(
            [[0, kind.max, -kind.max, kind.tiny, kind.smallest_subnormal, INF, -INF, np.nan, -745, 709]], dtype
        )
        with np.errstate(all="raise"):
            for name in ("sigmoid", "log_sigmoid", "softplus", "softmax", "log_softmax", "logsumexp"):
                for y in (x, x.T, x[:, ::2]):
                    getattr(fl, name)(y)


def test_constants_of_infinite_targets(backend):
    """They go through, and NumPy is not heard."""
    with np.errstate(all="raise"):
        for loss in (fl.gaussian_nll, fl.crps_gaussian):
            assert not np.isfinite(loss.constant([1.0, INF])).any()
        assert np.isnan(fl.cosine_distance.constant([[1.0, INF]])).any()
        assert fl.mape.constant([5e-324, 1e308]) > 0
