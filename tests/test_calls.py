"""What every loss can be asked besides its value and slope, and how its results and weights may be given."""

import contextlib
import inspect
import itertools
import math
import pickle
import pydoc
import re
import sys
from functools import cache

import mpmath as mp
import numpy as np
import pytest
import truths_classes
import truths_counts
import truths_structured
from cases import CALLS, DTYPES
from truths import ONE, digits, inf, nan, num, robust, same_bits
from truths_more import (
    COUNTS,
    EVERY,
    FOCAL_IDS,
    FOCAL_ROWS,
    ROOTS,
    cox,
    hessian_times,
    more_batch,
)

import fastloss as fl

each_kind = pytest.mark.parametrize("kind", EVERY, ids=str)
SAMPLES = [k for k in EVERY if k.name not in ROOTS]  # whose losses can be asked for one by one
each_sample = pytest.mark.parametrize("kind", SAMPLES, ids=str)
NAMES = sorted({k.name for k in EVERY} | {"cox", "ctc", *truths_structured.NAMES})
each_name = pytest.mark.parametrize("name", NAMES)
EPS = float(np.finfo(np.float64).eps)


def kinds(*names):
    return [k for k in EVERY if k.name in names]


def reductions(kind):
    return ("mean", "batch_mean") if kind.name in ROOTS else ("none", "sum", "mean", "batch_mean")


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=re.escape(text)) as caught:
        function(*arguments, **keywords)
    return str(caught.value)


# ---- what help() shows -----------------------------------------------------------------------------------------------


@each_name
def test_signatures(name):
    loss = getattr(fl, name)
    own = set(inspect.signature(loss).parameters)
    own -= {"pred", "target", "sample_weight", "reduction", "out"}
    assert own == set(OWN.get(name, ()))
    for call in ("grad", "value_and_grad", "grad_and_hess", "hvp"):
        shown = inspect.signature(getattr(loss, call)).parameters
        assert own | {"pred", "target", "sample_weight", "reduction", "out"} <= set(shown)
        for parameter in shown.values():
            assert parameter.kind not in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL)
            if parameter.name in own:
                assert parameter.kind == parameter.KEYWORD_ONLY
                assert parameter.default == inspect.signature(loss).parameters[parameter.name].default
        assert ("curvature" in shown) == (call == "grad_and_hess")
        assert list(shown)[:3] == (["pred", "target", "vector"] if call == "hvp" else list(shown)[:3])
    assert inspect.signature(loss.grad_and_hess).parameters["curvature"].default == "exact"


ROWS_OWN = {"axis", "ignore_index", "class_weight"}
OWN = {
    "huber": {"delta"},
    "pseudo_huber": {"delta"},
    "log_cosh": {"delta"},
    **{name: {"delta"} for name in robust.ROBUST},
    "barron": {"alpha", "delta"},
    "quantile": {"alpha"},
    "expectile": {"alpha"},
    "epsilon_insensitive": {"epsilon"},
    "squared_epsilon_insensitive": {"epsilon"},
    "mape": {"eps"},
    "binary_cross_entropy": {"eps"},
    "sigmoid_cross_entropy": {"pos_weight", "label_smoothing"},
    "categorical_cross_entropy": {"axis", "eps"},
    "sparse_categorical_cross_entropy": ROWS_OWN | {"eps"},
    "softmax_cross_entropy": ROWS_OWN | {"label_smoothing"},
    "kl_divergence": {"axis"},
    "softmax_kl_divergence": {"axis"},
    "gaussian_nll": {"axis"},
    "cosine_distance": {"axis"},
    "softmax_focal": ROWS_OWN | {"gamma"},
    "cox": {"ties"},
    "ctc": {"lengths", "blank"},
    "hinge": {"margin"},
    "squared_hinge": {"margin"},
    **truths_counts.OWN,
    **truths_classes.OWN,
    **truths_structured.OWN,
}


def test_calls_are_functions_but_for_their_class():
    """An attribute of a class is not bound to what it is looked up on, where a function of Python's would be."""

    class Model:
        slope = fl.huber.grad

    assert Model().slope is fl.huber.grad
    assert Model().slope([3.0], [1.0]) == fl.huber.grad([3.0], [1.0])
    assert repr(fl.huber.grad) == "<function huber.grad>"


def test_help_names_the_parameters():
    for name, parameter in (("huber", "delta"), ("softmax_cross_entropy", "label_smoothing"), ("log_cosh", "delta")):
        loss = getattr(fl, name)
        for call in ("grad", "value_and_grad", "grad_and_hess"):
            assert parameter in pydoc.plain(pydoc.render_doc(getattr(loss, call)))


# ---- curvature -------------------------------------------------------------------------------------------------------

MAJORIZERS = {  # of the difference
    "mse": lambda d, delta: 2 * np.ones_like(d),
    "huber": lambda d, delta: np.where(np.abs(d) <= delta, 1, delta / np.where(d == 0, 1, np.abs(d))),
    "pseudo_huber": lambda d, delta: 1 / np.sqrt(1 + (d / delta) ** 2),
    "log_cosh": lambda d, delta: np.where(d == 0, 1, np.tanh(d / delta) / np.where(d == 0, 1, d / delta)),
    "fair": lambda d, delta: 1 / (1 + np.abs(d / delta)),
    "cauchy": lambda d, delta: 1 / (1 + (d / delta) ** 2),
    "tukey_biweight": lambda d, delta: np.where(np.abs(d) < delta, (1 - (d / delta) ** 2) ** 2, 0),
    "welsch": lambda d, delta: np.exp(-((d / delta) ** 2)),
    "geman_mcclure": lambda d, delta: 1 / (1 + (d / delta) ** 2) ** 2,
    "barron": lambda d, delta: 1 / np.sqrt(1 + (d / delta) ** 2),
}
MUST = {
    *MAJORIZERS,
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "gaussian_nll",
    "softmax_focal",
    *truths_counts.BOUNDED,
}
MUST |= truths_classes.BOUNDED


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", MAJORIZERS)
def test_majorizers_of_differences(backend, name, dtype):
    loss = getattr(fl, name)
    d = np.concatenate([[0, 1e-30, 1e-8], np.linspace(0.01, 9, 60), [50, 1e4, 1e10]]).astype(dtype)
    d = np.concatenate([d, -d])
    weight = np.linspace(0.5, 2, d.size)
    for delta in () if name == "mse" else (0.5, 1.0, 3.0):
        expected = MAJORIZERS[name](d.astype(float), delta)
        grad, bound = loss.grad_and_hess(d, 0 * d, delta=delta, curvature="majorizer", reduction="none")
        tiny = np.finfo(dtype).tiny  # where it is next to nothing
        rough = 20 * np.finfo(dtype).eps if name in robust.STEEP else float(tiny)
        np.testing.assert_allclose(bound, expected, rtol=20 * np.finfo(dtype).eps, atol=rough)
        same_bits(grad, loss.grad(d, 0 * d, delta=delta, reduction="none"))
        mean = loss.grad_and_hess(d, 0 * d, delta=delta, curvature="majorizer", sample_weight=weight)[1]
        np.testing.assert_allclose(mean, expected * weight / weight.sum(), rtol=20 * np.finfo(dtype).eps, atol=rough)
    if name == "mse":
        assert (loss.grad_and_hess(d, 0 * d, curvature="majorizer", reduction="sum")[1] == 2).all()
    else:
        ends = np.array([inf, -inf, nan], dtype)
        bound = loss.grad_and_hess(ends, np.zeros(3, dtype), curvature="majorizer", reduction="none")[1]
        assert bound[:2].tolist() == [0, 0]
        assert np.isnan(bound[2])


def has_majorizer(kind):
    if kind.name in MUST:
        return True
    try:
        kind.loss.grad_and_hess(*more_batch(kind, 3, np.float64), curvature="majorizer")
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("dtype", DTYPES)
@each_kind
def test_majorizers_are_bounds(backend, kind, dtype):
    """Or there is none, and the loss says so of itself."""
    for seed, reduction in itertools.product(range(3), reductions(kind)):
        pred, target = more_batch(kind, 200, dtype, seed)
        exactly = {"sample_weight": np.linspace(0, 2, 200), "reduction": reduction}
        keywords = exactly | {"curvature": "majorizer"}
        if not has_majorizer(kind):
            refused(ValueError, kind.name, kind.loss.grad_and_hess, pred, target, **keywords)
            continue
        grad, bound = kind.loss.grad_and_hess(pred, target, **keywords)
        slope, hess = kind.loss.grad_and_hess(pred, target, **exactly)
        same_bits(grad, slope)
        assert bound.dtype == dtype
        assert (bound >= 0).all()
        assert (bound >= hess - 16 * np.finfo(dtype).eps * np.abs(hess)).all()
        assert not bound[0].any()  # of weight 0
        out = np.empty_like(pred), np.empty_like(pred)
        kind.loss.grad_and_hess(pred, target, out=out, **keywords)
        same_bits(out[0], grad)
        same_bits(out[1], bound)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_majorizer_of_focal_is_positive(backend, gamma):
    """Where the curvature itself is negative too."""
    for kind in (FOCAL_IDS, FOCAL_ROWS):
        pred, target = more_batch(kind, 300, np.float64)
        keywords = {"gamma": gamma, "reduction": "none"}
        hess = kind.loss.grad_and_hess(pred, target, **keywords)[1]
        bound = kind.loss.grad_and_hess(pred, target, curvature="majorizer", **keywords)[1]
        assert (hess < 0).any()
        assert (bound > 0).all()
        assert (bound >= hess * (1 - 1e-13)).all()


@each_kind
def test_the_exact_curvature_is_the_default(backend, kind):
    pred, target = more_batch(kind, 40, np.float64)
    for x, y in zip(
        kind.loss.grad_and_hess(pred, target), kind.loss.grad_and_hess(pred, target, curvature="exact"), strict=True
    ):
        same_bits(x, y)
    text = refused(ValueError, "curvature is 'tool'", kind.loss.grad_and_hess, pred, target, curvature="tool")
    assert "exact" in text
    assert "majorizer" in text
    for call in ("__call__", "grad", "value_and_grad"):
        refused(TypeError, "curvature", getattr(kind.loss, call), pred, target, curvature="exact")


def test_a_loss_without_a_majorizer_names_itself(backend):
    for n in (1, 40):
        text = "cosine_distance"
        refused(
            ValueError, text, fl.cosine_distance.grad_and_hess, np.ones((n, 2)), np.ones((n, 2)), curvature="majorizer"
        )


# ---- link and constant -----------------------------------------------------------------------------------------------

LINKS = {
    "sigmoid_cross_entropy": "sigmoid",
    "softmax_cross_entropy": "softmax",
    "softmax_kl_divergence": "softmax",
    "softmax_focal": "softmax",
    **truths_classes.LINKS,
}
IDENTITY = {
    "mse", "rmse", "mae", "huber", "pseudo_huber", "log_cosh", "rmsle", "hinge", "squared_hinge", "binary_cross_entropy",
    "categorical_cross_entropy", "sparse_categorical_cross_entropy", "kl_divergence", "cosine_distance",
    *robust.DEFINITIONS,
}  # fmt: skip


@each_name
def test_links(name):
    link = getattr(fl, name).link
    assert link in ("identity", "log", "sigmoid", "softmax")
    assert name not in IDENTITY or link == "identity"
    assert name not in LINKS or link == LINKS[name]


CONSTANTS = [
    *((k, {}) for k in EVERY if k.points or k.family not in ("probabilities", "boxes")),
    *((k, {"delta": d}) for k in kinds("huber", "pseudo_huber", "log_cosh", *robust.ROBUST) for d in (0.1, 30.0)),
    *((k, {"alpha": a}) for k in kinds("barron") for a in (3.0, 2.0, 1.5, 0.5, 0.0, -2.0, -20.0)),
    *((k, {"alpha": a}) for k in kinds("quantile", "expectile") for a in (0.05, 0.9)),
    *((k, {"epsilon": 1.5}) for k in kinds("epsilon_insensitive", "squared_epsilon_insensitive")),
    *((k, {"eps": 0.5}) for k in kinds("mape")),
    *((k, {"pos_weight": 3.0, "label_smoothing": 0.2}) for k in kinds("sigmoid_cross_entropy")),
    *((k, {"label_smoothing": 0.2, "class_weight": [1, 2, 0.5, 1, 3]}) for k in kinds("softmax_cross_entropy")),
    *((k, {"class_weight": [1, 2, 0.5, 1, 3]}) for k in (FOCAL_IDS, FOCAL_ROWS)),
    *((k, {"gamma": 0.5}) for k in (FOCAL_IDS, FOCAL_ROWS)),
    *((COUNTS[name], own) for name, variants in truths_counts.VARIANTS.items() for own in variants),
    *((k, {"margin": m}) for k in kinds("hinge", "squared_hinge") for m in (0.0, 2.5)),
]


def spread_out(constant, pred):
    return np.broadcast_to(np.asarray(constant, float), pred.shape).copy()


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("kind", "own"), CONSTANTS, ids=str)
def test_the_constant_is_the_best_prediction(backend, kind, own, weighted):
    for n in (21, 60):
        pred, target = more_batch(kind, n, np.float64, n)
        if kind.target == "ids":
            target[:5] = np.arange(5)  # every class is there
        weight = np.round(np.random.default_rng(n).uniform(0, 3, n)) if weighted else None
        if weighted:
            weight[:5] = 1
        constant = kind.loss.constant(target, sample_weight=weight, **own)
        if kind.points:
            assert isinstance(constant, float)
        else:
            assert np.shape(constant) == ((1,) if kind.family == "members" else pred.shape[1:])
        assert np.isfinite(constant).all()

        def cost(step, pred=pred, target=target, weight=weight, constant=constant):
            return kind.loss(spread_out(constant + step, pred), target, sample_weight=weight, **own)

        best, directions = cost(0.0), np.eye(np.size(constant))
        for h, direction, sign in itertools.product((1e-4, 1e-2, 0.1), directions, (1, -1)):
            if kind.name == "binary_cross_entropy" and not 0 <= constant + sign * h <= 1:
                continue
            step = sign * h * (direction[0] if kind.points else direction)
            if kind.family == "masks" and not ((constant + step >= 0) & (constant + step <= 1)).all():
                continue
            assert best <= cost(step) + 1e-12 * (1 + abs(best))


def test_constants_by_hand(backend):
    close = lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-10)
    target, weight = [1.0, 2.0, 10.0, 4.0], [1, 1, 1, 3.0]
    close(fl.mse.constant(target), 4.25)
    close(fl.mse.constant(target, sample_weight=weight), 25 / 6)
    close(fl.mse.constant(target, weight), 25 / 6)
    close(fl.rmse.constant(target, weight), 25 / 6)
    close(fl.mae.constant([5.0, 1.0, 2.0]), 2)
    close(fl.mae.constant([5.0, 1.0, 2.0], [5, 1, 1]), 5)
    close(fl.huber.constant([0.0, 0, 0, 100], delta=1.0), 1 / 3)
    close(fl.sigmoid_cross_entropy.constant([1, 0, 0, 0.0]), -math.log(3))
    close(fl.sigmoid_cross_entropy.constant([1, 0, 0, 0.0], pos_weight=6.0), math.log(2))
    close(fl.binary_cross_entropy.constant([1, 0, 0, 0.0]), 0.25)
    priors = fl.softmax_cross_entropy.constant(np.array([0, 1, 1, 2, 2, 2]))
    close(fl.softmax(priors), [1 / 6, 1 / 3, 1 / 2])
    assert len(fl.softmax_cross_entropy.constant(np.array([0, 1, -1]), ignore_index=-1)) == 2
    rows = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1]])
    close(fl.softmax(fl.softmax_cross_entropy.constant(rows)), rows.mean(axis=0))
    close(fl.softmax(fl.softmax_kl_divergence.constant(rows, sample_weight=[3, 1])), [0.4, 0.3875, 0.2125])
    close(fl.gaussian_nll.constant([1.0, 3.0, 5.0]), [3, math.log(8 / 3)])
    close(fl.rmsle.constant([0.0, 3.0]), 1)


def test_constants_of_far_and_weightless_targets(backend):
    """A sample of weight 0 is not there; numbers far from 0 keep their digits."""
    for loss in (fl.mse, fl.mae, fl.huber, fl.pseudo_huber, fl.log_cosh):
        near = loss.constant([0.0, 0.25, 1.0, 3.0])
        assert loss.constant([0.0, 0.25, nan, 1.0, inf, 3.0], [1, 1, 0, 1, 0, 1]) == pytest.approx(near, rel=1e-9)
        assert loss.constant(np.array([0.0, 0.25, 1.0, 3.0]) + 2.0**20) - 2.0**20 == pytest.approx(near, abs=1e-8)
        assert loss.constant([7.0] * 9) == pytest.approx(7, rel=1e-14)
        assert loss.constant(np.float32([0, 0.25, 1, 3])) == pytest.approx(near, rel=1e-6)


def test_constants_that_are_refused(backend):
    refused(ValueError, "delta is 0.0", fl.huber.constant, [1.0, 2.0], delta=0.0)
    refused(TypeError, "'detla'", fl.huber.constant, [1.0, 2.0], detla=1.0)
    refused(ValueError, "sample_weight has shape (3,)", fl.huber.constant, [1.0, 2.0], [1, 2, 3])
    refused(ValueError, "sample_weight[1] is -1", fl.huber.constant, [1.0, 2.0], [1, -1])
    refused(ValueError, "target[1] is 2", fl.sigmoid_cross_entropy.constant, [1.0, 2.0])
    refused(ValueError, "2 * target - 1", fl.hinge.constant, [1.0, 0.0])


# ---- results of a narrower dtype -------------------------------------------------------------------------------------

NARROWER = [(np.float64, np.float32), (np.float64, np.float16), (np.float32, np.float16)]
each_narrower = pytest.mark.parametrize(("dtype", "narrow"), NARROWER)


@each_narrower
@each_kind
def test_results_of_a_narrower_dtype_are_rounded_once(backend, kind, dtype, narrow):
    for n, reduction in itertools.product((1, 30, 1500), reductions(kind)):
        pred, target = more_batch(kind, n, dtype)
        weight = np.linspace(0.5, 2, n) if n == 30 else None
        keywords = {"reduction": reduction, "sample_weight": weight}
        value, grad = kind.loss.value_and_grad(pred, target, **keywords)
        hess = kind.loss.grad_and_hess(pred, target, **keywords)[1]
        with np.errstate(over="ignore", under="ignore"):
            slope, curve = grad.astype(narrow), hess.astype(narrow)
            losses = value.astype(narrow) if reduction == "none" else value
        out, other = np.full(pred.shape, 7, narrow), np.full(pred.shape, 7, narrow)
        assert kind.loss.grad(pred, target, out=out, **keywords) is out
        same_bits(out, slope)
        out[:] = 7
        got = kind.loss.value_and_grad(pred, target, out=out, **keywords)
        assert got[1] is out
        same_bits(got[0], value)
        same_bits(out, slope)
        out[:] = 7
        pair = kind.loss.grad_and_hess(pred, target, out=(out, other), **keywords)
        assert pair[0] is out
        assert pair[1] is other
        same_bits(out, slope)
        same_bits(other, curve)
        if reduction == "none":
            room = np.full(n, 7, narrow)
            assert kind.loss(pred, target, out=room, **keywords) is room
            same_bits(room, losses)
        spaced = np.full((*pred.shape, 2), 7, narrow)[..., 0]
        kind.loss.grad(pred, target, out=spaced, **keywords)
        same_bits(spaced, slope)


@each_narrower
@pytest.mark.parametrize("kind", kinds("mse", "huber", "sigmoid_cross_entropy", "softmax_cross_entropy"), ids=str)
def test_large_results_of_a_narrower_dtype(backend, threads, kind, dtype, narrow):
    pred, target = more_batch(kind, 300_000 if kind.points else 60_000, dtype)
    grad, hess = kind.loss.grad_and_hess(pred, target, reduction="sum")
    out, other = np.full(pred.shape, 7, narrow), np.full(pred.shape, 7, narrow)
    for count in (1, 2):
        threads(count)
        kind.loss.grad_and_hess(pred, target, reduction="sum", out=(out, other))
        same_bits(out, grad.astype(narrow))
        same_bits(other, hess.astype(narrow))


def test_halves_are_not_rounded_to_singles_first(backend):
    """1 + 2⁻¹¹ + 2⁻⁴⁰ is above the middle of two halves; as a single it is the middle, which goes to the even one."""
    number = 1 + 2.0**-11 + 2.0**-40
    for n in (1, 5, 40, 3000):
        zeros, out = np.zeros(n), np.zeros(n, np.float16)
        assert (fl.mae(np.full(n, number), zeros, reduction="none", out=out) == 1 + 2.0**-10).all()
        fl.mse.grad(np.full(n, number / 2), zeros, reduction="sum", out=out)
        assert (out == 1 + 2.0**-10).all()
        fl.hinge.value_and_grad(np.full(n, 1 - number), zeros + 1, reduction="none", out=(out, np.zeros(n)))
        assert (out == float(np.float16(1 - (1 - number)))).all()
        out[:] = 0
        fl.huber.grad_and_hess(np.full(n, number), zeros, delta=9, reduction="sum", out=(out, np.zeros(n, np.float32)))
        assert (out == 1 + 2.0**-10).all()


def test_results_beyond_a_narrower_dtype_are_infinite(backend):
    out = np.zeros(2, np.float16)
    np.testing.assert_array_equal(fl.mse.grad([1e6, -1e6], [0, 0], out=out), [inf, -inf])
    out = np.zeros(2, np.float32)
    np.testing.assert_array_equal(fl.mse.grad([1e60, nan], [0, 0], out=out), [inf, nan])


@each_kind
def test_results_of_other_dtypes_are_refused(backend, kind):
    for dtype, bad in (
        (np.float32, np.float64),
        (np.float16, np.float32),
        (np.float64, np.int64),
        (np.float64, complex),
    ):
        pred, target = more_batch(kind, 4, dtype)
        out, right = np.full(pred.shape, 7, bad), np.empty(pred.shape, dtype)
        text = f"out has dtype {np.dtype(bad)}"
        refused(ValueError, text, kind.loss.grad, pred, target, out=out)
        refused(ValueError, text, kind.loss.value_and_grad, pred, target, out=out)
        refused(
            ValueError, f"out[0] has dtype {np.dtype(bad)}", kind.loss.grad_and_hess, pred, target, out=(out, right)
        )
        refused(
            ValueError, f"out[1] has dtype {np.dtype(bad)}", kind.loss.grad_and_hess, pred, target, out=(right, out)
        )
        assert (out == 7).all()


@pytest.mark.parametrize("dtype", [np.float16, *DTYPES])
@each_sample
def test_losses_and_gradient_as_a_pair(backend, kind, dtype):
    for n in (1, 30, 1500):
        pred, target = more_batch(kind, n, dtype)
        losses, grad = kind.loss.value_and_grad(pred, target, reduction="none")
        room, out = np.full(losses.shape, 7, dtype), np.full(pred.shape, 7, dtype)
        got = kind.loss.value_and_grad(pred, target, reduction="none", out=(room, out))
        assert got[0] is room
        assert got[1] is out
        same_bits(room, losses)
        same_bits(out, grad)
        got = kind.loss.value_and_grad(pred, target, reduction="none", out=out)
        assert got[1] is out
        same_bits(got[0], losses)
        if dtype == np.float64:
            room, out = np.full(losses.shape, 7, np.float16), np.full(pred.shape, 7, np.float32)
            kind.loss.value_and_grad(pred, target, reduction="none", out=(room, out))
            with np.errstate(over="ignore", under="ignore"):
                same_bits(room, losses.astype(np.float16))
                same_bits(out, grad.astype(np.float32))
        if kind.points:
            room, changed = np.full(losses.shape, 7, dtype), pred.copy()
            kind.loss.value_and_grad(changed, target, reduction="none", out=(room, changed))
            same_bits(room, losses)
            same_bits(changed, grad)


def test_pairs_that_are_refused(backend):
    pred, target = more_batch(FOCAL_IDS, 6, np.float64)
    call = fl.softmax_focal.value_and_grad
    right = np.empty(6), np.empty((6, 5))
    refused(
        ValueError, "out[0] has shape (6, 5)", call, pred, target, reduction="none", out=(right[1], right[1].copy())
    )
    refused(ValueError, "out[1] has shape (6,)", call, pred, target, reduction="none", out=(right[0], right[0].copy()))
    x, y = np.ones((2, 4))
    refused(ValueError, "out[0] and out[1] share memory", fl.mse.value_and_grad, x, x, reduction="none", out=(y, y))


# ---- weights that repeat ---------------------------------------------------------------------------------------------


def grids(kind, dtype):
    """A batch of 6 × 4 samples, of rows or of points."""
    pred, target = more_batch(kind, 24, dtype)
    pred = pred.reshape(6, 4, *pred.shape[1:])
    return pred, target.reshape(6, 4, *target.shape[1:])


@pytest.mark.parametrize("dtype", DTYPES)
@each_kind
def test_weights_that_repeat(backend, kind, dtype):
    pred, target = grids(kind, dtype)
    rng = np.random.default_rng(3)
    for shape in ((6, 1), (1, 4), (1, 1)):
        weight = rng.uniform(0.5, 2, shape)
        weight[0, 0] = 0 if shape != (1, 1) else 2
        whole = np.broadcast_to(weight, (6, 4)).copy()
        for reduction in reductions(kind):
            keywords = {"reduction": reduction}
            value, grad = kind.loss.value_and_grad(pred, target, sample_weight=weight, **keywords)
            expected, slope = kind.loss.value_and_grad(pred, target, sample_weight=whole, **keywords)
            hess = kind.loss.grad_and_hess(pred, target, sample_weight=weight, **keywords)[1]
            curve = kind.loss.grad_and_hess(pred, target, sample_weight=whole, **keywords)[1]
            alone = kind.loss(pred, target, sample_weight=weight, **keywords)
            pairs = [(value, expected), (alone, expected), (grad, slope), (hess, curve)]
            for x, y in pairs:
                if reduction in ("none", "sum") and np.ndim(y):
                    same_bits(x, y)
                np.testing.assert_allclose(x, y, rtol=8 * np.finfo(dtype).eps, atol=0)


@each_kind
def test_weights_that_do_not_repeat(backend, kind):
    pred, target = grids(kind, np.float64)
    wrong = [(4,), (6,), (6, 2), (3, 4), (2, 4), (6, 4, 1), (1, 6, 4), (24,), (4, 6), (0, 4)]
    if not kind.points:
        wrong.append(pred.shape)
    for shape in wrong:
        for call in CALLS:
            text = refused(
                ValueError,
                f"sample_weight has shape {shape}",
                getattr(kind.loss, call),
                pred,
                target,
                sample_weight=np.ones(shape),
            )
            assert str(pred.shape) in text or "(6, 4)" in text
    refused(ValueError, "sample_weight[2, 0] is -1", kind.loss, pred, target, sample_weight=[[1]] * 2 + [[-1]] * 4)
    refused(ValueError, "sample_weight[0, 1] is inf", kind.loss, pred, target, sample_weight=[[1, inf, 1, 1]])


def test_weights_of_a_column(backend):
    """Of shape (n, 1) for predictions of that shape, and for (n, k)."""
    for n in (1, 7, 70_000):
        d, weight = np.linspace(-1, 2, 3 * n).reshape(n, 3), np.linspace(1, 2, n)[:, None]
        expected = (weight * d**2).sum() / (3 * weight.sum())
        np.testing.assert_allclose(fl.mse(d, 0 * d, sample_weight=weight), expected, rtol=1e-13)
        got = fl.mse(d, 0 * d, sample_weight=weight, reduction="batch_mean")
        np.testing.assert_allclose(got, (weight * d**2).mean(), rtol=1e-13)
        same_bits(fl.mse.grad(d[:, :1], 0 * d[:, :1], sample_weight=weight, reduction="sum"), 2 * d[:, :1] * weight)


# ---- parameters of every column --------------------------------------------------------------------------------------

COLUMNS = [
    *((k, "delta", [0.25, 1.0, 3.0, 40.0]) for k in kinds("huber", "pseudo_huber", "log_cosh", *robust.ROBUST)),
    *((k, "alpha", [0.015625, 0.5, 0.9, 0.99]) for k in kinds("quantile", "expectile")),
    *((k, "pos_weight", [0.0, 0.5, 1.0, 7.0]) for k in kinds("sigmoid_cross_entropy")),
]
each_column = pytest.mark.parametrize(("kind", "name", "values"), COLUMNS, ids=str)


def columns(kind, n, values, dtype):
    return [x.reshape(n, len(values)) for x in more_batch(kind, n * len(values), dtype)]


@pytest.mark.parametrize("dtype", [np.float16, *DTYPES])
@each_column
def test_parameters_of_every_column(backend, kind, name, values, dtype):
    """As many columns as fit the processor's vectors, and not."""
    for n, count in ((1, 4), (7, 1), (6, 3), (300, 4), (90, 7), (20, 33)):
        numbers = np.resize(values, count)
        pred, target = columns(kind, n, numbers, dtype)
        weight = np.random.default_rng(1).uniform(0.5, 2, pred.shape)
        for w, given in itertools.product((None, weight), (numbers, numbers.astype(np.float32), numbers.tolist())):
            keywords = {"reduction": "none", "sample_weight": w}
            value, grad = kind.loss.value_and_grad(pred, target, **{name: given}, **keywords)
            again, hess = kind.loss.grad_and_hess(pred, target, **{name: given}, **keywords)
            same_bits(again, grad)
            for j, own in enumerate(numbers[: 4 if given is numbers else 1]):
                at = slice(j, None, len(values))  # the columns of this number
                keywords["sample_weight"] = None if w is None else w[:, at].copy()
                x, t = pred[:, at].copy(), target[:, at].copy()
                losses, slope = kind.loss.value_and_grad(x, t, **{name: own}, **keywords)
                same_bits(value[:, at], losses)
                same_bits(grad[:, at], slope)
                same_bits(hess[:, at], kind.loss.grad_and_hess(x, t, **{name: own}, **keywords)[1])


@each_column
def test_costs_of_columns(backend, threads, kind, name, values):
    for n in (30, 50_000):
        pred, target = columns(kind, n, values[:3], np.float32)
        own = {name: np.array(values[:3])}
        total = kind.loss(pred, target, **own, reduction="sum")
        parts = [(x.copy(), t.copy(), {name: v}) for x, t, v in zip(pred.T, target.T, values, strict=False)]
        alone = math.fsum(kind.loss(x, t, **v, reduction="sum") for x, t, v in parts)
        np.testing.assert_allclose(total, alone, rtol=1e-9)
        np.testing.assert_allclose(kind.loss(pred, target, **own), alone / pred.size, rtol=1e-9)
        threads(1)
        cost, grad = kind.loss.value_and_grad(pred, target, **own, reduction="sum")
        for j, (x, t, v) in enumerate(parts):
            same_bits(grad[:, j], kind.loss.grad(x, t, **v, reduction="sum"))
        for reduction in ("mean", "batch_mean"):
            for call in (kind.loss.grad, lambda *a, **k: kind.loss.grad_and_hess(*a, **k)[1]):
                mean = call(pred, target, **own, reduction=reduction).astype(float)
                every = call(pred, target, **own, reduction="sum").astype(float)
                np.testing.assert_allclose(mean * pred.size, every, rtol=1e-5, atol=1e-30)
        for count in (2, 3):
            threads(count)
            again, slope = kind.loss.value_and_grad(pred, target, **own, reduction="sum")
            same_bits(again, cost)
            same_bits(slope, grad)


@each_column
def test_curvature_of_columns(backend, kind, name, values):
    """The majorizer, and the Hessian times a vector."""
    pred, target = columns(kind, 20, values, np.float64)
    vector = np.random.default_rng(1).standard_normal(pred.shape)
    own = {name: np.array(values), "reduction": "sum"}
    curvature = "majorizer" if has_majorizer(kind) else "exact"
    bound = kind.loss.grad_and_hess(pred, target, curvature=curvature, **own)[1]
    product = kind.loss.hvp(pred, target, vector, **own)
    for j, number in enumerate(values):
        x, t, own = pred[:, j].copy(), target[:, j].copy(), {name: number, "reduction": "sum"}
        same_bits(bound[:, j], kind.loss.grad_and_hess(x, t, curvature=curvature, **own)[1])
        same_bits(product[:, j], kind.loss.hvp(x, t, vector[:, j].copy(), **own))


def test_curvature_of_many_columns(backend, rng):
    """More than are computed at a time."""
    pred, target, vector = rng.standard_normal((3, 2, 40_000))
    deltas = rng.random(40_000) + 0.5
    product = fl.pseudo_huber.hvp(pred, target, vector, delta=deltas, reduction="sum")
    curvature = fl.pseudo_huber.grad_and_hess(pred, target, delta=deltas, reduction="sum")[1]
    np.testing.assert_allclose(product, curvature * vector, rtol=1e-14)
    for step in (1, -1):
        line = (array[1, ::step] for array in (pred, target, vector))
        same_bits(fl.pseudo_huber.hvp(*line, delta=deltas[::step], reduction="sum"), product[1, ::step])


@each_column
def test_parameters_of_columns_in_any_layout(backend, kind, name, values):
    n = 30
    pred, target = (x.reshape(n, 4) for x in more_batch(kind, 4 * n, np.float64))
    own = {name: np.array(values), "reduction": "none"}
    grad = kind.loss.grad(pred, target, **own)
    for change in (
        np.asfortranarray,
        lambda x: np.repeat(x, 2, axis=1)[:, ::2],
        lambda x: x[::-1].copy()[::-1],
        lambda x: x[:, ::-1].copy()[:, ::-1],
    ):
        same_bits(kind.loss.grad(change(pred), change(target), **own), grad)
    for shape in ((3, 10, 4), (1, 30, 4), (30, 1, 4)):
        same_bits(kind.loss.grad(pred.reshape(shape), target.reshape(shape), **own).reshape(n, 4), grad)
    same_bits(kind.loss.grad(pred[3], target[3], **own), grad[3])  # one dimension: its only axis is the last
    out = np.empty((n, 4), np.float32)
    same_bits(kind.loss.grad(pred, target, out=out, **own), grad.astype(np.float32))
    changed = pred.copy()
    same_bits(kind.loss.grad(changed, target, out=changed, **own), grad)
    weighted = kind.loss.grad(pred, target, sample_weight=np.full((n, 1), 2.0), **own)
    same_bits(weighted, 2 * grad)
    own[name] = np.repeat(values, 2)[::2]
    same_bits(kind.loss.grad(pred, target, **own), grad)


@pytest.mark.parametrize("call", CALLS)
@each_column
def test_parameters_of_columns_that_are_refused(backend, kind, name, values, call):
    method = getattr(kind.loss, call)
    for n in (1, 700):
        pred, target = (x.reshape(n, 4) for x in more_batch(kind, 4 * n, np.float32))
        for length in (3, 5, 8):
            text = refused(ValueError, name, method, pred, target, **{name: np.full(length, values[1])})
            assert str(length) in text
            assert "4" in text
        outer = {"delta": [0.0], "alpha": [0.0, 1.0]}.get(name, [])
        for bad in (-1.0, inf, nan, *outer):
            refused(ValueError, f"{name}[2] is {bad:g}", method, pred, target, **{name: [0.5, 0.5, bad, bad]})
        if name == "delta":  # checked again in the dtype that is computed in
            refused(ValueError, f"{name}[1] is ", method, pred, target, **{name: [1, 1e-60, 1, 1]})
        far = 1e-60 if name == "alpha" else 1e60
        refused(ValueError, f"{name}[3] is ", method, pred, target, **{name: [0.5, 0.5, 0.5, far]})
        method(pred.astype(float), target.astype(float), **{name: [0.5, 0.5, 0.5, far]})
        refused((TypeError, ValueError), name, method, pred, target, **{name: ["1"] * 4})
        refused((TypeError, ValueError), name, method, pred, target, **{name: np.ones((n, 4))})


# ---- the Hessian times a vector --------------------------------------------------------------------------------------


def agrees(kind, got, truth, pred, vector, factors):
    """To the last digits of a row's largest terms; of a root, the batch's."""
    eps = float(np.finfo(got.dtype).eps)
    rows = lambda x: np.abs(x.reshape(len(pred), -1)).max(axis=1)
    size = np.maximum(rows(truth), rows(vector) * np.array(factors, float))
    size = np.full_like(size, size.max()) if kind.name in ROOTS else size
    error = np.abs(got - truth).reshape(len(pred), -1)
    assert (error <= 60 * eps * (np.abs(truth.reshape(len(pred), -1)) + size[:, None])).all(), error.max()


OWN_HVP = [
    *((k, {}) for k in EVERY),
    *((k, {"label_smoothing": 0.25}) for k in kinds("softmax_cross_entropy", "sigmoid_cross_entropy")),
    *((k, {"delta": 3.0}) for k in kinds("huber", "pseudo_huber", "log_cosh", *robust.ROBUST)),
    *((k, {"alpha": a}) for k in kinds("barron") for a in (2.5, 2.0, 0.0, -2.0)),
    *((k, {"alpha": 0.875}) for k in kinds("quantile", "expectile")),
    *((k, {"gamma": 0.5}) for k in (FOCAL_IDS, FOCAL_ROWS)),
]


@cache
def product_case(kind, own, dtype, n, classes, weighted):
    """A batch, a vector, weights, and for every reduction what they are multiplied by and the truth."""
    pred, target = more_batch(kind, n, dtype, classes, classes)
    vector = np.random.default_rng(n).standard_normal(pred.shape).astype(dtype)
    weight = np.arange(n) % 3 * 0.75 + 0.5 if weighted else None
    weights = [ONE] * n if weight is None else [num(w) for w in weight]
    truths = {}
    for reduction in reductions(kind):
        divisor = {"mean": mp.fsum(weights), "batch_mean": mp.mpf(n)}.get(reduction, ONE)
        factors = [w / divisor for w in weights]
        truths[reduction] = factors, hessian_times(kind, pred, target, vector, factors, **dict(own))
    return pred, target, vector, weight, truths


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("kind", "own"), OWN_HVP, ids=str)
def test_hessian_times_a_vector(backend, kind, own, dtype):
    for shape in ((1, 3, False), (7, 3, True), (4, 5, False)):
        pred, target, vector, weight, truths = product_case(kind, tuple(own.items()), dtype, *shape)
        for reduction, (factors, truth) in truths.items():
            got = kind.loss.hvp(pred, target, vector, reduction=reduction, sample_weight=weight, **own)
            assert got.dtype == dtype
            assert got.shape == pred.shape
            agrees(kind, got, truth, pred, vector, factors)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_hessian_of_cox_times_a_vector(backend, ties):
    rng = np.random.default_rng(5)
    scores, target = rng.standard_normal(14), rng.integers(1, 6, 14) * rng.choice([1.0, 1.0, -1.0], 14)
    vector = rng.standard_normal(14)
    with digits(80):
        step, times = mp.mpf(10) ** -25, [num(t) for t in target]
        ends = [
            cox([num(s) + sign * step * num(v) for s, v in zip(scores, vector, strict=True)], times, ties).grad
            for sign in (1, -1)
        ]
        truth = [float((a - b) / (2 * step)) for a, b in zip(*ends, strict=True)]
    got = fl.cox.hvp(scores, target, vector, ties=ties, reduction="sum")
    np.testing.assert_allclose(got, truth, rtol=1e-11, atol=1e-12)


@each_sample
def test_hessian_times_unit_vectors_has_the_curvature(backend, kind):
    pred, target = more_batch(kind, 50, np.float64)
    hess = kind.loss.grad_and_hess(pred, target, reduction="sum")[1]
    for j in range(1 if kind.points else pred.shape[1]):
        unit = np.ones(50) if kind.points else np.tile(np.eye(pred.shape[1])[j], (50, 1))
        got = kind.loss.hvp(pred, target, unit, reduction="sum")
        got, own = (got, hess) if kind.points else (got[:, j], hess[:, j])
        np.testing.assert_allclose(got, own, rtol=1e-11, atol=1e-13 * np.abs(hess).max())


@each_kind
def test_hvp_leaves_out_alone_when_it_refuses(backend, kind):
    """Whatever out is: an array of its own, the vector, or pred."""
    pred, target = more_batch(kind, 400, np.float64)
    vector, weight = np.random.default_rng(2).standard_normal(pred.shape), np.ones(400)
    weight[399] = -1
    for name in ("own", "vector", "pred"):
        given = {"own": vector + 1, "vector": vector.copy(), "pred": pred.copy()}
        before = given[name].copy()
        refused(
            ValueError,
            "sample_weight[399] is -1; sample_weight must be a number >= 0 and finite",
            kind.loss.hvp,
            given["pred"],
            target,
            given["vector"],
            sample_weight=weight,
            reduction="batch_mean" if kind.loss.root else "sum",
            out=given[name],
        )
        same_bits(given[name], before)


@each_kind
def test_hvp_takes_what_the_other_calls_take(backend, kind):
    pred, target = more_batch(kind, 40, np.float64)
    vector = np.random.default_rng(2).standard_normal(pred.shape)
    full = kind.loss.hvp(pred, target, vector)
    out = np.full_like(pred, 7)
    assert kind.loss.hvp(pred, target, vector, out=out) is out
    same_bits(out, full)
    narrow = np.full(pred.shape, 7, np.float32)
    same_bits(kind.loss.hvp(pred, target, vector, out=narrow), full.astype(np.float32))
    assert not kind.loss.hvp(pred, target, 0 * vector).any()
    np.testing.assert_allclose(kind.loss.hvp(pred, target, 2 * vector), 2 * full, rtol=1e-13)
    same_bits(kind.loss.hvp(pred, target, np.asfortranarray(vector)), full)
    np.testing.assert_allclose(kind.loss.hvp(pred.tolist(), target.tolist(), vector.tolist()), full)
    weight = (np.arange(40) % 3 > 0).astype(float)
    bad = pred.copy()
    bad[weight == 0] = nan
    got = kind.loss.hvp(bad, target, vector, sample_weight=weight)
    there = weight > 0
    assert not got[~there].any()
    np.testing.assert_allclose(
        got[there], kind.loss.hvp(pred[there], target[there], vector[there]), rtol=1e-12, atol=1e-15
    )
    for shape in ((39, *pred.shape[1:]), (*pred.shape, 1), (1, *pred.shape)):
        text = refused(ValueError, f"vector has shape {shape}", kind.loss.hvp, pred, target, np.ones(shape))
        assert str(pred.shape) in text
    refused(TypeError, "vector has dtype complex128", kind.loss.hvp, pred, target, vector + 0j)
    refused(TypeError, "'detla'", kind.loss.hvp, pred, target, vector, detla=1)
    refused(ValueError, "target has shape", kind.loss.hvp, pred, target[:7], vector)


@each_kind
def test_any_number_of_threads(backend, threads, kind):
    """Of products with the Hessian, and of majorizers."""
    pred, target = more_batch(kind, 20_000, np.float32)
    vector = np.random.default_rng(2).standard_normal(pred.shape).astype(np.float32)
    curvature = "majorizer" if has_majorizer(kind) else "exact"
    threads(1)
    once = kind.loss.hvp(pred, target, vector), *kind.loss.grad_and_hess(pred, target, curvature=curvature)
    threads(2)
    again = kind.loss.hvp(pred, target, vector), *kind.loss.grad_and_hess(pred, target, curvature=curvature)
    for x, y in zip(again, once, strict=True):
        same_bits(x, y)


def test_hvp_of_axes_and_ignored_ids(backend):
    for kind in [k for k in SAMPLES if not k.points]:
        pred, target = more_batch(kind, 20, np.float64)
        vector = np.random.default_rng(2).standard_normal(pred.shape)
        full = kind.loss.hvp(pred, target, vector, reduction="none")
        turned = kind.loss.hvp(pred.T, target.T if np.ndim(target) > 1 else target, vector.T, axis=0, reduction="none")
        np.testing.assert_allclose(turned.T, full, rtol=1e-13, atol=1e-15)
        if kind.target == "ids":
            marked = np.where(np.arange(20) % 4 == 1, -1, target)
            there = marked >= 0
            got = kind.loss.hvp(pred, marked, vector, ignore_index=-1)
            assert not got[~there].any()
            expected = kind.loss.hvp(pred[there], target[there], vector[there])
            np.testing.assert_allclose(got[there], expected, rtol=1e-13, atol=1e-16)


# ---- linear models ---------------------------------------------------------------------------------------------------

FEATURES = 3


def linear_problem(kind, n=70, seed=0):
    """Features, a target, and weights whose scores suit the loss: in (0, 1)."""
    rng = np.random.default_rng(seed)
    _, target = more_batch(kind, n, np.float64, seed, classes=3)
    if kind.target == "ids":
        target[:3] = np.arange(3)
    if kind.name == "huber":
        target *= 0.05
    outputs = 1 if kind.points else {"pairs": 2, "boxes": 4}.get(kind.family, 3)
    return rng.random((n, FEATURES)), target, rng.uniform(0.05, 0.2, (FEATURES + 1) * outputs)


def scores(kind, X, w):
    outputs = len(w) // (FEATURES + 1)
    scores = X @ w[: FEATURES * outputs].reshape(FEATURES, outputs) + w[FEATURES * outputs :]
    return scores[:, 0] if kind.points else scores


@pytest.mark.parametrize("weighted", [False, True])
@each_kind
def test_sums_of_blocks_add_up(backend, kind, weighted):
    X, target, w = linear_problem(kind)
    weight = np.round(np.random.default_rng(1).uniform(0, 2, 70), 1) if weighted else None
    given = {"classes": 3} if kind.target == "ids" or kind.family == "members" else {}
    objective = fl.linear.objective(kind.loss, X, target, l2=0.5, sample_weight=weight, **given)
    value, gradient, total = objective.sums(w)
    assert type(value) is float
    assert gradient.shape == w.shape
    assert total == pytest.approx(70 if weight is None else weight.sum(), rel=1e-14)
    parts = []
    for block in (slice(0, 10), slice(10, 11), slice(11, 70)):
        part = None if weight is None else weight[block]
        if part is None or part.any():
            parts.append(fl.linear.objective(kind.loss, X[block], target[block], sample_weight=part, **given).sums(w))
    for x, y in zip((value, gradient, total), zip(*parts, strict=True), strict=True):
        np.testing.assert_allclose(sum(y), x, rtol=1e-12, atol=1e-12)
    cost, slope = fl.linear.objective(kind.loss, X, target, sample_weight=weight, **given)(w)
    if kind.name in ROOTS:  # sums of squares
        root = math.sqrt(value / total)
        value, gradient, total = root, gradient / (2 * root * total), 1
    np.testing.assert_allclose(value / total, cost, rtol=1e-12)
    np.testing.assert_allclose(gradient / total, slope, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(cost, kind.loss(scores(kind, X, w), target, sample_weight=weight), rtol=1e-12)


@each_kind
def test_hessian_of_a_linear_model_times_a_vector(backend, kind):
    X, target, w = linear_problem(kind)
    weight = np.random.default_rng(1).uniform(0.5, 2, 70)
    for intercept, v in itertools.product((True, False), np.random.default_rng(2).standard_normal((2, len(w)))):
        objective = fl.linear.objective(kind.loss, X, target, l2=0.3, sample_weight=weight, fit_intercept=intercept)
        size = objective.size
        at, direction, h = w[:size] if intercept else w[:size] + 0.05, v[:size], 1e-5
        got = objective.hessp(at, direction)
        assert got.shape == (size,)
        assert got.dtype == np.float64
        differences = (objective(at + h * direction)[1] - objective(at - h * direction)[1]) / (2 * h)
        np.testing.assert_allclose(got, differences, rtol=1e-6, atol=1e-6 * np.abs(differences).max())
        np.testing.assert_allclose(
            objective.hessp(at, 2 * direction), 2 * got, rtol=1e-11, atol=1e-13 * np.abs(got).max()
        )


@pytest.mark.thread_unsafe
def test_hessp_of_many_blocks_and_parameters(backend, monkeypatch):
    rng = np.random.default_rng(0)
    X, ids = rng.standard_normal((300, FEATURES)), rng.integers(0, 3, 300)
    ids[::5] = -1
    given = {"ignore_index": -1, "class_weight": [1.0, 2.0, 0.5], "l2": 0.2}
    w, v = rng.standard_normal((2, 12))
    one = fl.linear.objective(fl.softmax_cross_entropy, X, ids, **given)
    whole = one.hessp(w, v)
    monkeypatch.setattr(fl.linear, "BLOCK_BYTES", 47 * FEATURES * 8)
    many = fl.linear.objective(fl.softmax_cross_entropy, X, ids, **given)
    np.testing.assert_allclose(many.hessp(w, v), whole, rtol=1e-12)
    differences = (many(w + 1e-5 * v)[1] - many(w - 1e-5 * v)[1]) / 2e-5
    np.testing.assert_allclose(whole, differences, rtol=1e-7, atol=1e-9)
    single = fl.linear.objective(fl.softmax_cross_entropy, X.astype(np.float32), ids, **given)
    np.testing.assert_allclose(single.hessp(w, v), whole, rtol=1e-4, atol=1e-5)
    refused(ValueError, "(11,)", one.hessp, w, v[:11])
    refused(ValueError, "(11,)", one.hessp, w[:11], v)


def test_classes_of_a_linear_model(backend):
    X, ids = np.random.default_rng(0).random((6, FEATURES)), np.array([0, 1, 1, 0, 1, 0])
    for loss in (fl.softmax_cross_entropy, fl.softmax_focal):
        assert fl.linear.objective(loss, X, ids).shape == (FEATURES, 2)
        objective = fl.linear.objective(loss, X, ids, classes=4)
        assert objective.shape == (FEATURES, 4)
        assert objective.size == 4 * (FEATURES + 1)
        w = np.random.default_rng(1).random(objective.size)
        expected = loss(X @ w[: FEATURES * 4].reshape(FEATURES, 4) + w[FEATURES * 4 :], ids)
        assert objective(w)[0] == pytest.approx(expected, rel=1e-13)
        refused(ValueError, "target[2] is 5", fl.linear.objective, loss, X, [0, 1, 5, 5, 0, 0], classes=4)
        ignored = fl.linear.objective(loss, X, [0, 1, 9, 9, 0, 0], classes=4, ignore_index=9)
        assert ignored.shape == (FEATURES, 4)
    refused((TypeError, ValueError), "classes", fl.linear.objective, fl.softmax_cross_entropy, X, ids, classes=0)


@each_kind
def test_linear_models_are_pickled(backend, kind):
    X, target, w = linear_problem(kind)
    given = {"classes": 4} if kind.target == "ids" or kind.family == "members" else {}
    objective = fl.linear.objective(kind.loss, X, target, l2=0.5, sample_weight=np.linspace(0.5, 2, 70), **given)
    if given:
        w = np.random.default_rng(3).uniform(0.05, 0.2, objective.size)
    again = pickle.loads(pickle.dumps(objective))
    assert (again.size, again.shape) == (objective.size, objective.shape)
    for x, y in zip((*again(w), *again.sums(w)), (*objective(w), *objective.sums(w)), strict=True):
        same_bits(x, y)
    same_bits(again.hessp(w, w), objective.hessp(w, w))


def test_a_linear_model_is_solved_by_its_hessian():
    """Newton's method, by a solver that takes products alone."""
    optimize = pytest.importorskip("scipy.optimize")
    rng = np.random.default_rng(0)
    X, target = rng.standard_normal((200, FEATURES)), rng.integers(0, 2, 200).astype(float)
    objective = fl.linear.objective(fl.sigmoid_cross_entropy, X, target, l2=0.1)
    start = np.zeros(objective.size)
    found = optimize.minimize(objective, start, jac=True, hessp=objective.hessp, method="trust-ncg")
    assert np.abs(objective(found.x)[1]).max() < 1e-4
    assert found.nit < 12


# ---- the way in ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", ["__call__", "grad", "value_and_grad", "grad_and_hess"])
def test_arguments_arrive_however_they_are_given(call):
    """By place, by name, through * and **, keywords remembered or new: the compiled way in takes each apart by hand."""
    rng = np.random.default_rng(0)
    pred, target, weight = rng.standard_normal((3, 40)).astype(np.float32) + 3
    weight = weight.astype(float)
    function = fl.barron if call == "__call__" else getattr(fl.barron, call)

    def flat(result):
        return np.concatenate([np.ravel(x) for x in (result if isinstance(result, tuple) else (result,))])

    for keywords in (
        {},
        {"alpha": 0.5},
        {"alpha": 0.5, "delta": 2.0},
        {"delta": 2.0},
        {"delta": 3.0},
        {"delta": 3},
        {},
    ):
        for more in (
            {},
            {"sample_weight": weight},
            {"reduction": "sum"},
            {"sample_weight": weight, "reduction": "none"},
        ):
            expected = flat(function(pred.tolist(), target.tolist(), **keywords, **more))
            for _ in range(2):
                reversed_keywords = dict(reversed([*keywords.items(), *more.items()]))
                for result in (
                    function(pred, target, **keywords, **more),
                    function(pred, target, **reversed_keywords),
                    function(pred, target=target, **more, **keywords),
                    function(**{"tar" + "get": target, "pr" + "ed": pred}, **keywords, **more),
                ):
                    assert np.allclose(flat(result), expected, rtol=1e-5)
    refused(TypeError, "pred", function)
    refused(TypeError, "target", function, pred)
    refused(
        TypeError, "barron() takes 2 positional arguments: pred, target; 3 were given", function, pred, target, weight
    )
    refused(TypeError, "delte", function, pred, target, delte=2.0)
    refused(TypeError, "multiple values", function, pred, target, pred=pred)
    refused(TypeError, "curvature", fl.barron.grad, pred, target, curvature="exact")


@pytest.mark.thread_unsafe
def test_more_arguments_than_have_a_place():
    x = np.zeros(3)
    text = "mse{}() takes {}; {} were given".format
    refused(TypeError, text(".hvp", "3 positional arguments: pred, target, vector", 4), fl.mse.hvp, x, x, x, x)
    refused(TypeError, text(".constant", "2 positional arguments: target, sample_weight", 3), fl.mse.constant, x, x, x)
    for name in ("sigmoid", "softmax"):
        refused(TypeError, f"{name}() takes 1 positional argument: x; 2 were given", getattr(fl, name), x, x)


def test_a_call_keeps_no_reference():
    pred, target, weight, delta = np.ones(40), np.zeros(40), np.ones(40), 2.5
    out = np.empty(40)
    things = (pred, target, weight, out, delta, fl.huber.grad)

    def calls():
        fl.huber(pred, target, delta=delta)
        fl.huber(pred, target, sample_weight=weight, reduction="sum")
        fl.huber.grad(pred, target, out=out, delta=delta)
        fl.huber.grad_and_hess(pred=pred, target=target, curvature="majorizer", delta=delta)
        with contextlib.suppress(TypeError):
            fl.huber.grad(pred, target, weight)

    calls()
    before = [sys.getrefcount(thing) for thing in things]
    for _ in range(100):
        calls()
    assert [sys.getrefcount(thing) for thing in things] == before
