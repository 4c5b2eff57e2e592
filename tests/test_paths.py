"""One sample, one result: whatever else is asked for with it, and however few of a row's classes have any probability."""

from importlib import import_module

import numpy as np
import pytest
from cases import COMPILED, DTYPES, EVERY, named, running

import fastloss as fl
from fastloss._core import backend as kernels
from fastloss._core.families import Pointwise, RowLoss
from fastloss._core.inputs import Normal

POINTWISE = [(loss, {}) for loss in EVERY.values() if isinstance(loss, Pointwise)]
OTHERS = [  # whose parameters choose another way to compute them
    (fl.sigmoid_focal, {"gamma": 3.0}),
    (fl.sigmoid_focal, {"gamma": 1.5}),
    (fl.sigmoid_focal, {"gamma": 2.5, "alpha": 0.25}),
    (fl.sigmoid_asymmetric, {"gamma_pos": 3.0, "gamma_neg": 0.5}),
    (fl.sigmoid_asymmetric, {"gamma_pos": 0.5, "gamma_neg": 1.5, "clip": 0.1}),
    (fl.sigmoid_cross_entropy, {"pos_weight": 3.0}),
    (fl.sigmoid_cross_entropy, {"label_smoothing": 0.1}),
    (fl.barron, {"alpha": -2.0}),
    (fl.barron, {"alpha": 0.0}),
    (fl.barron, {"alpha": 0.5}),
    (fl.barron, {"alpha": 3.0}),
    (fl.tweedie_deviance, {"power": 1.0}),
    (fl.tweedie_deviance, {"power": 1.9}),
    (fl.tweedie_nll, {"power": 1.9}),
    (fl.negative_binomial_nll, {"alpha": 0.01}),
]
ROWS = [
    (loss, ids)
    for loss in EVERY.values()
    if isinstance(loss, RowLoss)
    for ids in (True, False)
    if (loss.ids if ids else loss.rows)
]


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
@pytest.mark.parametrize(("loss", "own"), [*POINTWISE, *OTHERS], ids=named)
def test_what_else_is_asked_for_changes_no_bit(loss, own, dtype):
    """A compiler may fuse a product with a sum or not, as the product's other uses have it."""
    pred, target = (np.ascontiguousarray(x, dtype) for x in loss.inputs.draw(Normal(np.dtype(dtype), 1), 512, 5))
    pred, target = pred.ravel()[:512], target.ravel()[:512]
    ones, given = np.ones(len(pred)), tuple({**dict(zip(loss._order, loss._defaults, strict=True)), **own}.values())
    for level in COMPILED:
        kernel = kernels.load(level).KERNELS[loss.name].quick

        def call(number, reduction, weight=None, x=pred, t=target, kernel=kernel):
            return kernel(number, x, t, weight, reduction, None, given)

        value, grad = call(0, "none"), call(1, "none")
        curves = [call(number, "none")[1] for number in (3, 4)]
        for weight in (None, ones):
            np.testing.assert_array_equal(call(0, "none", weight), value)
            for number, place in ((2, 1), (3, 0), (4, 0)):
                np.testing.assert_array_equal(call(number, "none", weight)[place], grad)
                np.testing.assert_array_equal(call(number, "sum", weight)[place], grad)
            np.testing.assert_array_equal(call(2, "none", weight)[0], value)
            for number, curve in zip((3, 4), curves, strict=True):
                np.testing.assert_array_equal(call(number, "sum", weight)[1], curve)
        for i in range(0, len(pred), 7):  # alone, and where only sums are kept
            for times in (1, 32):
                many = np.repeat(pred[i], times), np.repeat(target[i], times)
                for cost in (call(0, "sum", None, *many), call(2, "sum", None, *many)[0]):
                    np.testing.assert_array_equal(dtype(cost / times), value[i])


@pytest.mark.thread_unsafe
@pytest.mark.parametrize(("loss", "ids"), ROWS, ids=named)
def test_rows_few_of_whose_classes_have_any_probability(loss, ids):
    """Exact zeros beside each other, in every place of a vector."""
    rng = np.random.default_rng(8)
    for classes in (3, 20, 96, 200):
        count = 40
        pred = np.full((count, classes), -800.0)
        for row in pred:
            places = rng.choice(classes, rng.integers(1, 4), replace=False)
            row[places] = rng.choice([0.0, -1, -3], len(places))
            row[places[0]] = 0
        if loss.domains.get("pred") is not None:
            pred = np.exp(pred)
            pred = np.minimum(pred / pred.sum(axis=1, keepdims=True), 1)
        target = rng.integers(0, classes, count)
        if not ids:
            target = 0.75 * np.eye(classes)[target] + 0.25 * np.eye(classes)[rng.integers(0, classes, count)]
        with running("numpy"):
            expected = results(loss, pred, target)
        for level in COMPILED:
            with running(level):
                for got, x in zip(results(loss, pred, target), expected, strict=True):
                    size = np.where(np.isfinite(x), np.abs(x), 0)
                    size = size.max(axis=-1, keepdims=True) if x.ndim > 1 else size
                    with np.errstate(invalid="ignore"):
                        close = np.abs(got - x) <= 1e-11 * (size + 1e-3)
                    assert (close | (got == x) | (np.isnan(got) & np.isnan(x))).all(), (level, classes)


def results(loss, pred, target):
    return (
        *loss.value_and_grad(pred, target, reduction="none"),
        loss.grad_and_hess(pred, target, reduction="none")[1],
    )


LARGE = 2_100_003  # floats that no cache holds, the last lines of them not whole


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("maker", ["AuthenticAMD", "GenuineIntel"])
@pytest.mark.parametrize("name", ["mse", "hinge", "sigmoid_cross_entropy", "rmse", "softplus"])
def test_results_of_large_batches_are_those_of_their_parts(name, maker):
    """They go around the cache, in ways that suit the processor, wherever the arrays begin and whatever they are written over."""
    engine = pytest.importorskip("fastloss._cython.engine")
    loss = EVERY.get(name)
    size, at = LARGE, (0, 5, 16)
    rng = np.random.default_rng(3)
    pred = rng.normal(size=size + 16).astype("f")
    target = (rng.integers(0, 2, size + 16) * (2 if name == "hinge" else 1) - (name == "hinge")).astype("f")
    weight = rng.uniform(0, 2, size + 16).astype("f")
    engine.suit(maker)
    try:
        if loss is None:
            function = getattr(fl, name)
            parts = np.concatenate([function(pred[i : i + 70_000]) for i in range(0, size, 70_000)])[:size]
            for i in at:
                out = np.full(size + 16, 7, "f")
                function(pred[i:size], out=out[i:size])
                np.testing.assert_array_equal(out[i:size], parts[i:])
                assert (out[:i] == 7).all()
                assert (out[size:] == 7).all()
            return
        for w in (None, weight):
            sums = {"reduction": "sum"} if name != "rmse" else {}
            for i in at:
                p, t = pred[i : i + size], target[i : i + size]
                of_p = {} if w is None else {"sample_weight": w[i : i + size]}
                out = np.full((2, size + 29), 7, "f")  # both rows begin at one place of a cache line
                g, h = out[0, i : i + size], out[1, i : i + size]
                cost, _ = loss.value_and_grad(p, t, out=g, **sums, **of_p)
                assert cost == loss(p, t, **sums, **of_p)
                slopes = g.copy()
                loss.grad_and_hess(p, t, out=(g, h), **sums, **of_p)
                np.testing.assert_array_equal(g, slopes)
                over = p.copy()
                np.testing.assert_array_equal(loss.grad(over, t, out=over, **sums, **of_p), slopes)
                assert (out[:, :i] == 7).all()
                assert (out[:, i + size :] == 7).all()
                if name == "rmse":
                    continue
                losses = loss(p, t, reduction="none", **of_p)
                for j in (0, 70_000, size - 40_000):
                    part = slice(j, j + 40_000)
                    of_part = {} if w is None else {"sample_weight": of_p["sample_weight"][part]}
                    np.testing.assert_array_equal(losses[part], loss(p[part], t[part], reduction="none", **of_part))
                    for whole, one in zip((g, h), loss.grad_and_hess(p[part], t[part], **sums, **of_part), strict=True):
                        np.testing.assert_array_equal(whole[part], one)
    finally:
        engine.suit(import_module("fastloss._cython.cpu").maker())


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
@pytest.mark.parametrize("classes", [3, 130])
def test_labels_numbers_that_are_asked_for_ahead(classes, dtype):
    """Of a batch that no cache holds: rows of any number, some not there, some whose label is wrong."""
    rows = 2_200_000 // classes + 77
    rng = np.random.default_rng(4)
    pred = rng.uniform(0.05, 1, (rows, classes)).astype(dtype)
    target = rng.integers(0, classes, rows)
    target[::9] = -3
    loss = fl.sparse_categorical_cross_entropy
    there = target >= 0
    wanted = -np.log(pred[there, target[there]].astype(float))
    cost, grad = loss.value_and_grad(pred, target, ignore_index=-3)
    np.testing.assert_allclose(cost, wanted.mean(), rtol=1e-12 if dtype is np.float64 else 1e-7)
    slopes = np.zeros_like(pred)
    slopes[there, target[there]] = -1 / pred[there, target[there]].astype(float) / there.sum()
    np.testing.assert_allclose(grad, slopes, rtol=4e-7)
    for wrong in (classes, -1, 2**40):
        target[-200] = wrong
        with pytest.raises(ValueError, match="target"):
            loss(pred, target, ignore_index=-3)
