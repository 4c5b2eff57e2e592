"""Losses of rows of classes: against exact arithmetic, in every layout, and what bad input gets."""

import math
import re
from functools import cache

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
from cases import ROWS, ulp_error

import fastloss as fl

DTYPES = [np.float32, np.float64]
WIDTHS = [1, 2, 3, 10, 64, 95, 96, 100, 1000, 2048, 2049, 5000]  # turned and not, one chunk of classes and several
CALLS = ["__call__", "grad", "value_and_grad", "grad_and_hess"]
SOFTMAX = [fl.softmax_cross_entropy, fl.softmax_kl_divergence]


def distributions(rng, rows, classes):
    """Rows of probabilities, some of them 0."""
    x = rng.random((rows, classes)) ** 4 * (rng.random((rows, classes)) < 0.8) + 1e-9
    return x / x.sum(axis=1, keepdims=True)


def inputs(loss, rng, rows, classes, dtype=np.float64, ids=None):
    """A batch that suits the loss, with class ids if it knows them (and `ids` is not False)."""
    pred = rng.standard_normal((rows, classes)) * 3 if loss in SOFTMAX else distributions(rng, rows, classes)
    pred = pred.astype(dtype)
    if loss.ids and ids is not False:
        return pred, rng.integers(0, classes, rows)
    return pred, np.minimum(distributions(rng, rows, classes).astype(dtype), dtype(1))


def as_rows(target, classes):
    """Class ids as rows of 0 and 1."""
    return target if target.ndim == 2 else np.eye(classes)[target]


def exact_row(loss, x, t):
    """Loss, gradient and diagonal of the Hessian of one row, in exact arithmetic."""
    x, t = [mp.mpf(float(v)) for v in x], [mp.mpf(float(v)) for v in t]
    entropy = mp.fsum(v * mp.log(v) for v in t if v) if "kl" in loss.name else mp.mpf(0)
    if loss in SOFTMAX:
        top, mass = max(x), mp.fsum(t)
        e = [mp.exp(v - top) for v in x]
        total = mp.fsum(e)
        rest = [mp.fsum(e) - v for v in e]
        value = mp.fsum(w * (mp.log(total) - (v - top)) for v, w in zip(x, t, strict=True) if w) + entropy
        p = [v / total for v in e]
        return (
            value,
            [q * mass - w for q, w in zip(p, t, strict=True)],
            [q * r / total * mass for q, r in zip(p, rest, strict=True)],
        )
    value = -mp.fsum(w * mp.log(v) for v, w in zip(x, t, strict=True) if w) + entropy
    grad = [-w / v if w else mp.mpf(0) for v, w in zip(x, t, strict=True)]
    return value, grad, [w / v**2 if w else mp.mpf(0) for v, w in zip(x, t, strict=True)]


KINDS = [(loss, ids) for loss in ROWS.values() for ids in ([True] * loss.ids + [False] * loss.rows)]
each_kind = pytest.mark.parametrize(
    ("loss", "ids"), KINDS, ids=lambda x: getattr(x, "name", {True: "ids", False: "rows"}.get(x))
)


@cache
def exact_batch(loss, ids, classes, dtype):
    """A batch and the truth of each of its rows, the same for all backends."""
    rows = 3 if classes > 1000 else 12
    pred, target = inputs(loss, np.random.default_rng(20260101), rows, classes, dtype, ids)
    return pred, target, [exact_row(loss, x, t) for x, t in zip(pred, as_rows(target, classes), strict=True)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [1, 2, 10, 100, 2100])
@each_kind
def test_exact(backend, loss, ids, classes, dtype):
    pred, target, truths = exact_batch(loss, ids, classes, dtype)
    losses, grads = loss.value_and_grad(pred, target, reduction="none")
    hess = loss.grad_and_hess(pred, target, reduction="none")[1]
    unit = np.finfo(dtype).eps
    for i, (value, grad, curvature) in enumerate(truths):
        # x - max(x) is rounded, and exp makes of it a relative error of half a unit for each unit of the difference.
        spread = float(np.ptp(pred[i])) if loss in SOFTMAX else 0.0
        if ids or loss is fl.categorical_cross_entropy:
            assert ulp_error(losses[i : i + 1], [value])[0] <= 4 + spread
        else:  # a difference of sums, each of which is rounded
            assert abs(losses[i] - float(value)) <= 4 * unit * (1 + abs(float(value)) + math.log(classes) + spread)
        if loss in SOFTMAX and not ids:
            assert max(abs(g - float(e)) for g, e in zip(grads[i], grad, strict=True)) <= 4 * unit
        else:
            assert ulp_error(grads[i], grad).max() <= 4 + spread
        assert max(abs(h - float(e)) for h, e in zip(hess[i], curvature, strict=True)) <= 8 * unit * float(
            max(1, *curvature)
        )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [2, 10, 200])
def test_confident_rows(backend, classes, dtype):
    """A loss of 1e−30 is not 0, nor its gradient: the label's own term is never subtracted from 1."""
    gap = 60.0 if dtype == np.float32 else 600.0
    pred = np.zeros((3, classes), dtype)
    pred[:, 0] = gap
    losses, grads = fl.softmax_cross_entropy.value_and_grad(pred, np.zeros(3, int), reduction="none")
    truth = (classes - 1) * mp.exp(-mp.mpf(gap))
    assert ulp_error(losses[:1], [mp.log1p(truth)])[0] <= 4
    assert ulp_error(grads[0, :1], [-truth / (1 + truth)])[0] <= 4


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [3, 200, 5000])
def test_extreme_rows(backend, classes, dtype):
    """Huge logits, masked classes, rows that have no softmax."""
    inf, nan = np.inf, np.nan
    x = np.zeros((7, classes), dtype)
    x[0, :2] = 1e4, -1e4
    x[1, 1:] = -inf
    x[2, :] = -inf
    x[3, 1] = inf
    x[4, 1] = nan
    x[5, :2] = -1e4, 1e4
    x[6, 0] = -inf
    ids = np.zeros(7, int)
    losses, grads = fl.softmax_cross_entropy.value_and_grad(x, ids, reduction="none")
    np.testing.assert_array_equal(losses, np.array([0, 0, nan, nan, nan, 2e4, inf], dtype))
    assert np.isnan(grads[2:5]).all()
    assert np.isfinite(grads[[0, 1, 5]]).all()
    np.testing.assert_array_equal(grads[5, :2], [-1, 1])
    np.testing.assert_array_equal(fl.logsumexp(x)[[0, 1, 2, 3]], np.array([1e4, 0, -inf, inf], dtype))
    np.testing.assert_array_equal(fl.softmax(x)[1, :2], [1, 0])
    np.testing.assert_array_equal(fl.log_softmax(x)[1, :2], [0, -inf])
    rows = np.zeros((7, classes), dtype)
    rows[:, 0] = 1
    losses, again = fl.softmax_cross_entropy.value_and_grad(x, rows, reduction="none")
    np.testing.assert_array_equal(losses, np.array([0, 0, nan, nan, nan, 2e4, inf], dtype))
    np.testing.assert_allclose(again, grads, atol=1e-6)


@pytest.mark.parametrize("classes", WIDTHS)
@each_kind
def test_against_plain_numpy(backend, loss, ids, classes, rng):
    """Every width: the textbook's formula in float64, and the four calls agreeing with one another."""
    pred, target = inputs(loss, rng, 77, classes, ids=ids)
    t = as_rows(target, classes)
    logs = pred - np.log(np.exp(pred - pred.max(1, keepdims=True)).sum(1, keepdims=True)) - pred.max(1, keepdims=True)
    logs = logs if loss in SOFTMAX else np.log(pred)
    with np.errstate(all="ignore"):
        entropy = np.where(t > 0, t * np.log(t), 0).sum(1) if "kl" in loss.name else 0
    losses = entropy - (t * logs).sum(1)
    slopes = np.exp(logs) * t.sum(1, keepdims=True) - t if loss in SOFTMAX else -t / pred
    got, grad = loss.value_and_grad(pred, target, reduction="none")
    np.testing.assert_allclose(got, losses, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(grad, slopes, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(loss(pred, target, reduction="none"), got)
    np.testing.assert_array_equal(loss.grad(pred, target, reduction="none"), grad)
    weight = rng.random(77)
    for w in (None, weight):
        one = np.ones(77) if w is None else w
        for reduction, divisor in (("sum", 1), ("mean", one.sum()), ("batch_mean", 77)):
            keywords = {"reduction": reduction, "sample_weight": w}
            cost, slope = loss.value_and_grad(pred, target, **keywords)
            assert cost == pytest.approx(math.fsum(one * losses) / divisor, rel=1e-10, abs=1e-12)
            assert cost == loss(pred, target, **keywords)
            np.testing.assert_allclose(slope, slopes * (one / divisor)[:, None], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("classes", [5, 200])
@each_kind
def test_layouts(backend, loss, ids, classes, rng):
    """Any axis, any strides, any number of leading axes: the contiguous answer."""
    pred, target = inputs(loss, rng, 60, classes, ids=ids)
    losses, grad = loss.value_and_grad(pred, target, reduction="none")
    cost = loss(pred, target)
    shape = (3, 4, 5)
    for axis in range(-4, 4):
        p = np.moveaxis(pred.reshape(*shape, classes), -1, axis)
        t = target.reshape(shape) if target.ndim == 1 else np.moveaxis(target.reshape(*shape, classes), -1, axis)
        for copy in (
            lambda x: x,
            np.ascontiguousarray,
            np.asfortranarray,
            lambda x: np.repeat(x, 2, axis=0)[::2],
            lambda x: x[::-1].copy()[::-1],
        ):
            got, slope = loss.value_and_grad(copy(p), copy(t), axis=axis, reduction="none")
            np.testing.assert_allclose(got, losses.reshape(shape), rtol=1e-13, atol=1e-14)
            np.testing.assert_allclose(np.moveaxis(slope, axis, -1).reshape(grad.shape), grad, rtol=1e-12, atol=1e-14)
            assert loss(copy(p), copy(t), axis=axis) == pytest.approx(cost, rel=1e-12)
    single, slope = loss.value_and_grad(pred[0], target[0], reduction="none")
    assert single.shape == ()
    np.testing.assert_allclose(slope, grad[0], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
@pytest.mark.parametrize("classes", [5, 200])
@each_kind
def test_sixteen_bits(backend, loss, ids, classes, dtype, rng):
    pred, target = inputs(loss, rng, 50, classes, np.float32, ids)
    pred = pred.astype(dtype)
    target = target if ids else target.astype(dtype)
    wide = pred.astype(np.float32), target if ids else target.astype(np.float32)
    assert loss(pred, target) == pytest.approx(loss(*wide), rel=1e-6)  # float32, in another order
    for p, t in ((pred, target), (pred.T.copy().T, target), (np.repeat(pred, 2, axis=1)[:, ::2], target)):
        value, grad = loss.value_and_grad(p, t, reduction="none")
        full_value, full_grad = loss.value_and_grad(*wide, reduction="none")
        assert value.dtype == grad.dtype == dtype
        with np.errstate(over="ignore"):
            np.testing.assert_allclose(value.astype(float), full_value.astype(dtype).astype(float), rtol=1e-2)
            np.testing.assert_allclose(grad.astype(float), full_grad.astype(dtype).astype(float), rtol=1e-2, atol=1e-7)


@pytest.mark.parametrize("kind", "bhilqBHILQ")
def test_ids_of_any_integer_dtype(backend, kind, rng):
    pred, target = inputs(fl.softmax_cross_entropy, rng, 50, 10)
    expected = fl.softmax_cross_entropy.value_and_grad(pred, target)
    for ids in (
        target.astype(kind),
        target.astype(np.dtype(kind).newbyteorder()),
        np.repeat(target.astype(kind), 3)[::3],
    ):
        got = fl.softmax_cross_entropy.value_and_grad(pred, ids)
        assert got[0] == expected[0]
        np.testing.assert_array_equal(got[1], expected[1])


@pytest.mark.parametrize("target_dtype", [np.int8, np.float16, np.float32, np.float64, np.longdouble, np.bool_, ">f8"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, ">f4"])
def test_rows_of_any_real_dtype(backend, dtype, target_dtype, rng):
    pred = rng.integers(-5, 5, (40, 7)).astype(dtype)
    target = np.eye(7)[rng.integers(0, 7, 40)]
    computed = np.float32 if np.dtype(dtype).itemsize == 4 else np.float64
    expected = fl.softmax_cross_entropy.value_and_grad(pred.astype(computed), target.astype(computed))
    got = fl.softmax_cross_entropy.value_and_grad(pred, target.astype(target_dtype))
    assert got[0] == expected[0]
    np.testing.assert_array_equal(got[1], expected[1])
    assert got[1].dtype == computed


@pytest.mark.parametrize("classes", [6, 150])
def test_smoothing_weights_and_ignored(backend, classes, rng):
    """The keywords of softmax_cross_entropy, alone and together, by their definitions."""
    pred, target = inputs(fl.softmax_cross_entropy, rng, 80, classes)
    weight, class_weight = rng.random(80), rng.random(classes)
    target[::7] = 2
    logs = pred - np.log(np.exp(pred).sum(1, keepdims=True))
    for smoothing in (0.0, 0.1, 1.0):
        for ignored in (None, 2, -100):
            for cw in (None, class_weight):
                ids = target.copy()
                if ignored == -100:
                    ids[::5] = -100
                counts = ids != ignored if ignored is not None else np.ones(80, bool)
                safe = np.where(counts, ids, 0)
                t = (1 - smoothing) * np.eye(classes)[safe] + smoothing / classes
                w = weight * counts * (1 if cw is None else cw[safe])
                losses = -(t * logs).sum(1)
                slopes = np.exp(logs) - t
                keywords = {
                    "label_smoothing": smoothing, "ignore_index": ignored, "class_weight": cw, "sample_weight": weight,
                }  # fmt: skip
                for reduction, divisor in (("sum", 1), ("mean", w.sum()), ("batch_mean", counts.sum())):
                    cost, grad = fl.softmax_cross_entropy.value_and_grad(pred, ids, reduction=reduction, **keywords)
                    assert cost == pytest.approx((w * losses).sum() / divisor, rel=1e-11)
                    np.testing.assert_allclose(grad, slopes * (w / divisor)[:, None], rtol=1e-9, atol=1e-14)
                    assert (grad[~counts] == 0).all()
                if ignored is None:
                    del keywords["ignore_index"]
                    rows = fl.softmax_cross_entropy.value_and_grad(pred, np.eye(classes)[ids], **keywords)
                    assert rows[0] == pytest.approx((w * losses).sum() / w.sum(), rel=1e-11)
                    np.testing.assert_allclose(rows[1], slopes * (w / w.sum())[:, None], rtol=1e-9, atol=1e-14)


def test_an_ignored_row_may_hold_anything(backend):
    pred = np.array([[np.nan, np.inf, 0.0], [1.0, 2.0, 3.0]])
    cost, grad = fl.softmax_cross_entropy.value_and_grad(pred, [-1, 0], ignore_index=-1)
    assert cost == fl.softmax_cross_entropy(pred[1:], [0])
    np.testing.assert_array_equal(grad[0], 0)


def test_every_sample_ignored(backend):
    pred, target = np.zeros((2, 3)), [7, 7]
    assert fl.softmax_cross_entropy(pred, target, ignore_index=7, reduction="sum") == 0
    for reduction in ("mean", "batch_mean"):
        with pytest.warns(RuntimeWarning, match="no sample: every one is ignored"):
            assert math.isnan(fl.softmax_cross_entropy(pred, target, ignore_index=7, reduction=reduction))
    with pytest.warns(RuntimeWarning, match="mean over weights that sum to 0"):
        assert math.isnan(fl.softmax_cross_entropy(pred, [0, 0], sample_weight=[0, 0]))


@pytest.mark.parametrize("loss", ROWS.values(), ids=lambda x: x.name)
def test_empty(backend, loss):
    pred = np.zeros((0, 3))
    target = np.zeros(0, int) if loss.ids else pred
    assert loss(pred, target, reduction="sum") == 0
    assert loss(pred, target, reduction="none").shape == (0,)
    assert loss.grad(pred, target, reduction="sum").shape == (0, 3)
    with pytest.warns(RuntimeWarning, match="mean over an empty batch"):
        assert math.isnan(loss(pred, target))


@pytest.mark.parametrize("classes", [4, 300])
@pytest.mark.parametrize("call", ["grad", "value_and_grad", "grad_and_hess"])
def test_out_and_in_place(backend, call, classes, rng):
    pred, target = inputs(fl.softmax_cross_entropy, rng, 500, classes)
    expected = getattr(fl.softmax_cross_entropy, call)(pred, target)
    for make in (lambda: np.empty(pred.shape), lambda: np.empty(pred.shape[::-1]).T, pred.copy):
        first, second = make(), np.empty(pred.shape)
        p = first if (first == pred).all() else pred
        out = (first, second) if call == "grad_and_hess" else first
        got = getattr(fl.softmax_cross_entropy, call)(p, target, out=out)
        result = got[1] if call == "value_and_grad" else got[0] if call == "grad_and_hess" else got
        truth = expected[1] if call == "value_and_grad" else expected[0] if call == "grad_and_hess" else expected
        assert result is first
        np.testing.assert_allclose(first, truth, rtol=1e-14)


@pytest.mark.parametrize("shape", [(40_000, 3), (3000, 40), (400, 700), (5, 60_000), (6, 21, 40, 50)])
def test_same_bits_for_any_number_of_threads(backend, threads, shape, rng):
    axis = 1
    pred = rng.standard_normal(shape).astype(np.float32)
    ids = rng.integers(0, shape[axis], shape[:1] + shape[2:])
    rows = fl.softmax(rng.standard_normal(shape).astype(np.float32), axis=axis)
    results = []
    for n in (1, 2, 3, 7):
        threads(n)
        one = fl.softmax_cross_entropy.value_and_grad(pred, ids, axis=axis, label_smoothing=0.1)
        two = fl.softmax_kl_divergence.value_and_grad(pred, rows, axis=axis)
        results.append((one[0], one[1].tobytes(), two[0], two[1].tobytes(), fl.logsumexp(pred, axis=axis).tobytes()))
    assert all(r == results[0] for r in results)


def test_very_long_rows(backend, rng):
    """Rows too long for their exponentials to be kept, so that the gradient reads the logits a second time."""
    pred, target = inputs(fl.softmax_cross_entropy, rng, 2, 1_200_000, np.float32)
    pred[0, target[0]] = 30
    cost, grad = fl.softmax_cross_entropy.value_and_grad(pred, target)
    wide = pred.astype(float)
    logs = wide - np.log(np.exp(wide).sum(1, keepdims=True))
    assert cost == pytest.approx(-logs[[0, 1], target].mean(), rel=1e-6)
    slopes = np.exp(logs)
    slopes[[0, 1], target] -= 1
    np.testing.assert_allclose(grad, slopes / 2, rtol=2e-6, atol=1e-12)


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_functions(backend, axis, rng):
    x = rng.standard_normal((4, 30, 200)) * 5
    e = np.exp(x)
    total = e.sum(axis=axis, keepdims=True)
    np.testing.assert_allclose(fl.softmax(x, axis=axis), e / total, rtol=1e-13)
    np.testing.assert_allclose(fl.log_softmax(x, axis=axis), x - np.log(total), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(fl.logsumexp(x, axis=axis), np.log(total).squeeze(axis), rtol=1e-13)
    out = np.empty(x.shape)
    assert fl.softmax(x, axis=axis, out=out) is out
    y = x.copy()
    np.testing.assert_array_equal(fl.softmax(y, axis=axis, out=y), out)
    shorter = np.empty(fl.logsumexp(x, axis=axis).shape)
    assert fl.logsumexp(x, axis=axis, out=shorter) is shorter


def test_known_values(backend):
    """Uniform logits: log C, and 1/C less 1 at the label. A distribution from itself: no divergence."""
    for classes in (2, 10, 1000):
        cost, grad = fl.softmax_cross_entropy.value_and_grad(np.zeros((1, classes)), [0])
        assert cost == pytest.approx(math.log(classes), rel=1e-15)
        np.testing.assert_allclose(grad[0, :2], [1 / classes - 1, 1 / classes], rtol=1e-15)
        uniform = np.full((1, classes), 1 / classes)
        assert fl.kl_divergence(uniform, uniform) == pytest.approx(0, abs=1e-12)
        assert fl.softmax_kl_divergence(np.zeros((1, classes)), uniform) == pytest.approx(0, abs=1e-12)
    assert fl.kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]) == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(1.5))
    assert fl.kl_divergence([[0.0, 1.0]], [[0.5, 0.5]]) == math.inf
    value, grad = fl.sparse_categorical_cross_entropy.value_and_grad([[0.0, 1.0]], [0], eps=0.01)
    assert value == pytest.approx(-math.log(0.01), rel=1e-15)
    np.testing.assert_array_equal(grad, [[0, 0]])


# ---- bad input -------------------------------------------------------------------------------------------------------


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=re.escape(text)):
        function(*arguments, **keywords)


@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("loss", [x for x in ROWS.values() if x.ids], ids=lambda x: x.name)
def test_bad_ids(backend, loss, call, classes):
    pred = np.full((4, classes), 1 / classes)
    out = np.full((2, *pred.shape), 7.0)
    values = np.full(4, 7.0)
    given = {"__call__": values, "grad_and_hess": tuple(out)}.get(call, out[0])
    for bad in (classes, -1, 10**6):
        ids = np.array([0, 1, bad, -5])
        text = f"target[2] is {bad}; class ids must be in [0, {classes})"
        refused(ValueError, text, getattr(loss, call), pred, ids, reduction="none", out=given)
        refused(ValueError, text, getattr(loss, call), pred, ids)
        refused(
            ValueError,
            f"target[3] is -5; class ids must be in [0, {classes})",
            getattr(loss, call),
            pred,
            ids,
            ignore_index=bad,
        )
    assert (out == 7).all()
    assert (values == 7).all()
    big = np.array([0, 1, 2**64 - 1, 0], np.uint64)
    refused(
        ValueError, f"target[2] is {2**64 - 1}; class ids must be in [0, {classes})", getattr(loss, call), pred, big
    )
    refused(TypeError, "target has dtype float64; class ids must be integers", getattr(loss, call), pred, np.zeros(4))
    refused(
        TypeError, "target has dtype bool; class ids must be integers", getattr(loss, call), pred, np.zeros(4, bool)
    )
    text = f"pred has shape (4, {classes}) but target has shape (5,); class ids must have shape (4,)"
    refused(ValueError, text, getattr(loss, call), pred, np.zeros(5, int))


@pytest.mark.parametrize("classes", [3, 200])
@pytest.mark.parametrize("call", CALLS)
@each_kind
def test_bad_probabilities(backend, loss, ids, call, classes, rng):
    pred, target = inputs(loss, rng, 4, classes, ids=ids)
    out = np.full((2, 4, classes), 7.0)
    given = {"__call__": np.full(4, 7.0), "grad_and_hess": tuple(out)}.get(call, out[0])
    method = getattr(loss, call)
    if loss not in SOFTMAX:
        bad = pred.copy()
        where = (2, target[2] if ids else 1)
        bad[where] = 1.5
        text = f"pred[2, {where[1]}] is 1.5; pred must be in [0, 1]"
        refused(ValueError, text, method, bad, target, reduction="none", out=given)
        if ids:
            bad[2] = 1.5
            bad[where] = 0.5
            assert np.isfinite(loss(bad, target)), "a probability that is not used"
    if not ids:
        bad = target.copy()
        bad[1, 2] = -0.25
        refused(
            ValueError,
            "target[1, 2] is -0.25; target must be in [0, 1]",
            method,
            pred,
            bad,
            reduction="none",
            out=given,
        )
    weight = [1.0, 1.0, -1.0, 1.0]
    text = "sample_weight[2] is -1; sample_weight must be a number >= 0"
    refused(ValueError, text, method, pred, target, sample_weight=weight, reduction="none", out=given)
    refused(ValueError, text, method, pred, target, sample_weight=weight)
    assert (out == 7).all()


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("loss", ROWS.values(), ids=lambda x: x.name)
def test_bad_arguments(backend, loss, call, rng):
    method = getattr(loss, call)
    pred, target = inputs(loss, rng, 4, 3)
    refused(ValueError, "axis is 2; it must be in [-2, 2) for pred of shape (4, 3)", method, pred, target, axis=2)
    refused(TypeError, "axis must be an integer, not float", method, pred, target, axis=0.5)
    refused(ValueError, "pred has shape (); it must have an axis of classes", method, 1.0, 0)
    refused(
        ValueError, "pred has shape (4, 0); there are no classes on axis 1", method, np.empty((4, 0)), np.empty((4, 0))
    )
    refused(
        ValueError,
        "pred has shape (4, 3) but sample_weight has shape (3,); it must be (4,)",
        method,
        pred,
        target,
        sample_weight=[1, 1, 1],
    )
    refused(TypeError, "pred has dtype complex128; it must be real numbers", method, pred.astype(complex), target)
    refused(TypeError, f"{loss.name}() got an unexpected keyword argument 'dleta'", method, pred, target, dleta=1)
    refused(ValueError, "reduction is 'median'", method, pred, target, reduction="median")
    if loss.rows:
        text = "pred has shape (4, 3) but target has shape (3, 4); they must be equal"
        refused(ValueError, text, method, pred, np.zeros((3, 4)))
    if call == "grad":
        refused(ValueError, "out has shape (4,) but the result has shape (4, 3)", method, pred, target, out=np.empty(4))
        refused(ValueError, "out has dtype int64", method, pred, target, out=np.empty((4, 3), int))
    if call == "__call__":
        refused(
            ValueError,
            "out has shape (4, 3) but the result has shape (4,)",
            method,
            pred,
            target,
            reduction="none",
            out=np.empty((4, 3)),
        )
        refused(ValueError, "out is given, but a cost is a number", method, pred, target, out=np.empty(4))


def test_bad_keywords(backend, rng):
    pred, target = inputs(fl.softmax_cross_entropy, rng, 4, 3)
    loss = fl.softmax_cross_entropy
    refused(ValueError, "class_weight has 2 weights but there are 3 classes", loss, pred, target, class_weight=[1, 2])
    refused(
        ValueError,
        "class_weight[1] is -1; class_weight must be a number >= 0",
        loss,
        pred,
        target,
        class_weight=[1, -1, 2],
    )
    refused(ValueError, "class_weight has shape (1, 3)", loss, pred, target, class_weight=[[1, 1, 2]])
    refused(
        ValueError,
        "label_smoothing is 1.5; it must satisfy 0 <= label_smoothing <= 1",
        loss,
        pred,
        target,
        label_smoothing=1.5,
    )
    refused(TypeError, "ignore_index must be an integer, not float", loss, pred, target, ignore_index=0.5)
    text = "ignore_index is given, but target holds rows of probabilities, not class ids"
    refused(ValueError, text, loss, pred, np.eye(3)[target], ignore_index=0)


@pytest.mark.parametrize("function", [fl.softmax, fl.log_softmax, fl.logsumexp], ids=lambda f: f.name)
def test_bad_input_of_functions(backend, function):
    x = np.ones((2, 3))
    refused(ValueError, "axis is 2; it must be in [-2, 2) for x of shape (2, 3)", function, x, axis=2)
    refused(TypeError, "x has dtype complex128; it must be real numbers", function, x.astype(complex))
    refused(ValueError, "out has shape (5,) but the result has shape", function, x, out=np.empty(5))
    refused(ValueError, "x has shape (); it must have an axis of classes", function, 1.0)
