"""Losses of rows of classes: in every layout, with all their keywords, and what they give for known and extreme rows."""

import itertools
import math

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
from cases import DTYPES, ROW_WAYS, ROWS, SOFTMAX, as_rows, named, row_inputs

import fastloss as fl
from fastloss._core import backend as _backend

WIDTHS = [1, 2, 3, 10, 64, 95, 96, 100, 1000, 2048, 2049, 5000]  # turned and not, one chunk of classes and several
each_way = pytest.mark.parametrize(("loss", "ids"), ROW_WAYS, ids=named)


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("classes", [1, 2, 5, 40, 3000])
def test_a_hessian_of_logits_times_a_vector(backend, classes, dtype, rng):
    """p·(v − Σpv): of confident rows, of v that are nearly the same, and of any size; alone as beside others."""
    x = (rng.standard_normal((6, classes)) * np.array([[1], [1e-3], [30], [1], [1], [5]])).astype(dtype)
    v = (rng.standard_normal((6, classes)) * np.array([[1], [1e10], [1e-10], [1], [1], [1]])).astype(dtype)
    x[3, 0] += 200
    v[4] = 1000 + v[4] / 1000
    x[5, classes // 2 :] = -np.inf
    x[5, 0] = 1
    p, truth = np.empty((2, 6, classes))
    with mp.workdps(150):
        for i in range(6):
            terms, numbers = [mp.exp(number) for number in x[i].tolist()], [mp.mpf(number) for number in v[i].tolist()]
            total = sum(terms)
            mean = sum(term * number for term, number in zip(terms, numbers, strict=True)) / total
            p[i] = [float(term / total) for term in terms]
            truth[i] = [float(term / total * (number - mean)) for term, number in zip(terms, numbers, strict=True)]
            truth[i, np.abs(truth[i]) < 1e-140 * np.abs(v[i]).max()] = 0  # what is left of as many digits
    # The mean is a sum of rounded terms, of differences from the greatest's; these are rounded for logits too, and of
    # float32 NumPy rounds both, and p, where the loops have doubles.
    ranges = [
        np.nan_to_num(np.abs(a - b), posinf=0)
        for a, b in ((x, x.max(1, keepdims=True)), (v, v[[*range(6)], x.argmax(1), None]))
    ]
    mean_step = np.finfo(dtype if backend == "numpy" else np.float64).eps
    steps = 6 + (ranges[0] if backend == "numpy" or dtype == np.float64 else 0)
    bound = steps * (np.finfo(dtype).eps * np.abs(truth) + mean_step * p * ranges[1].max(1, keepdims=True))
    bound += np.finfo(dtype).smallest_subnormal
    for target in (np.zeros(6, int), np.eye(classes, dtype=dtype)[np.zeros(6, int)]):
        product = fl.softmax_cross_entropy.hvp(x, target, v, reduction="sum")
        assert (np.abs(product - truth) <= bound).all()
        for i in range(6):
            alone = fl.softmax_cross_entropy.hvp(x[i : i + 1], target[i : i + 1], v[i : i + 1], reduction="sum")
            np.testing.assert_array_equal(alone[0], product[i])
    mean_under_softmax(x, v, truth, bound)


def mean_under_softmax(x, v, truth, bound):
    """Of which that product is the gradient."""
    kernel, grad = _backend._kernels["softmax_mean"], np.empty_like(x)
    kernel.run(1, (x, v, None, None, grad, None), "sum", (-1, None, None), False)
    assert (np.abs(grad - truth) <= bound).all()
    cost, _, samples, outside = kernel.run(0, (x, v, None, None, None, None), "sum", (-1, None, None), False)
    p = np.exp(x.astype(float) - x.max(1, keepdims=True))
    assert cost == pytest.approx((p / p.sum(1, keepdims=True) * v).sum(), rel=1e-6)
    assert (samples, outside) == (len(x), False)


@each_way
def test_against_plain_numpy(backend, loss, ids, rng):
    """Every width: the textbook's formula in float64, and the four calls agreeing with one another."""
    for classes in WIDTHS:
        against_plain_numpy(loss, ids, classes, 77 if classes < 1000 else 11, rng)


def against_plain_numpy(loss, ids, classes, n, rng):
    pred, target = row_inputs(loss, rng, n, classes, ids=ids)
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
    weight = rng.random(n)
    for w in (None, weight):
        one = np.ones(n) if w is None else w
        for reduction, divisor in (("sum", 1), ("mean", one.sum()), ("batch_mean", n)):
            keywords = {"reduction": reduction, "sample_weight": w}
            cost, slope = loss.value_and_grad(pred, target, **keywords)
            assert cost == pytest.approx(math.fsum(one * losses) / divisor, rel=1e-10, abs=1e-12)
            assert cost == loss(pred, target, **keywords)
            np.testing.assert_allclose(slope, slopes * (one / divisor)[:, None], rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("classes", [5, 200])
@each_way
def test_layouts(backend, loss, ids, classes, rng):
    """Any axis, any strides, any number of leading axes: the contiguous answer."""
    pred, target = row_inputs(loss, rng, 60, classes, ids=ids)
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
@each_way
def test_sixteen_bits(backend, loss, ids, classes, dtype, rng):
    pred, target = row_inputs(loss, rng, 50, classes, np.float32, ids)
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


def test_ids_of_any_integer_dtype(backend, rng):
    pred, target = row_inputs(fl.softmax_cross_entropy, rng, 50, 10)
    expected = fl.softmax_cross_entropy.value_and_grad(pred, target)
    for dtype in map(np.dtype, "bhilqBHILQ"):
        ids = target.astype(dtype)
        for given in (ids, ids.astype(dtype.newbyteorder()), np.repeat(ids, 3)[::3]):
            got = fl.softmax_cross_entropy.value_and_grad(pred, given)
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
    pred, target = row_inputs(fl.softmax_cross_entropy, rng, 80, classes)
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


def test_a_row_without_weight_may_have_any_classes(backend):
    target, weight = [[np.nan, 0.0], [0.0, 1.0]], {"sample_weight": [0, 3], "class_weight": [1, 2]}
    cost, grad = fl.softmax_cross_entropy.value_and_grad(np.zeros((2, 2)), target, **weight)
    assert cost == pytest.approx(math.log(2), rel=1e-15)
    np.testing.assert_allclose(grad, [[0, 0], [0.5, -0.5]], rtol=1e-15)


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
    pred, target = row_inputs(fl.softmax_cross_entropy, rng, 500, classes)
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
def test_same_bits_for_any_number_of_threads(compiled, threads, shape, rng):
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


@pytest.mark.parametrize("dtype", DTYPES)
@each_way
def test_same_bits_where_threads_share_a_row(compiled, threads, loss, ids, dtype, rng):
    for rows, classes in ((1, 140_001), (2, 70_001)):
        pred, target = row_inputs(loss, rng, rows, classes, dtype, ids)
        ways = [{"sample_weight": rng.random(rows)}, {"reduction": "none"}, {"class_weight": rng.random(classes)}]
        for given in ways if "class_weight" in loss.parameters else ways[:2]:
            results = set()
            for n in (1, 2, 3, 7):
                threads(n)
                cost, grad = loss.value_and_grad(pred, target, **given)
                bend = loss.grad_and_hess(pred, target, **given)[1]
                arrays = (loss(pred, target, **given), cost, grad, bend)
                results.add(tuple(np.asarray(x).tobytes() for x in arrays))
            assert len(results) == 1


def test_rows_are_summed_in_double(backend):
    """Small terms beside a large one, all of them powers of two times the same logarithm."""
    pred, target = np.full((1, 8192), 0.5, np.float32), np.full((1, 8192), 2.0**-25, np.float32)
    target[0, 0] = 1
    largest = fl.categorical_cross_entropy(pred[:, :1], target[:, :1], reduction="sum")
    cost = fl.categorical_cross_entropy(pred, target, reduction="sum")
    assert cost == pytest.approx(largest * (1 + 8191 * 2.0**-25), rel=1e-14)


def test_very_long_rows(backend, rng):
    """Rows too long for their exponentials to be kept, so that the gradient reads the logits a second time."""
    pred, target = row_inputs(fl.softmax_cross_entropy, rng, 2, 1_200_000, np.float32)
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
    np.testing.assert_allclose(fl.logsumexp(x, axis=axis), np.log(total).squeeze(axis), rtol=1e-13, atol=1e-15)
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


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("classes", [3, 100, 3000])
def test_curvature_of_equal_and_of_certain_classes(backend, classes, dtype):
    """p(1 − p): of equal classes; and of a label that is wrong for certain, by what is left beside 1."""
    x, ids = np.zeros((5, classes), dtype), np.full(5, classes - 1)
    hess = fl.softmax_cross_entropy.grad_and_hess(x, ids, reduction="sum")[1]
    np.testing.assert_allclose(hess, (classes - 1) / classes**2, rtol=1e-5)
    x[:], x[:, 0], x[:, -1] = -np.inf, 0, -40
    hess = fl.softmax_cross_entropy.grad_and_hess(x, ids, reduction="sum")[1]
    np.testing.assert_allclose(hess[:, [0, -1]], math.exp(-40), rtol=1e-5)
    np.testing.assert_array_equal(hess[:, 1:-1], 0)


LONG = 300_000  # classes, of which no chunk holds all


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batch_mean"])
def test_class_weights_of_a_sparse_loss(backend, dtype, reduction, rng):
    """As if each sample's weight were times its class's."""
    loss = fl.sparse_categorical_cross_entropy
    for rows, classes, axis in itertools.product((1, 5, 40, 3000), (2, 10, 300), (-1, 0)):
        pred, by_class = rng.dirichlet(np.ones(classes), rows).astype(dtype), rng.random(classes)
        pred, ids = pred if axis else np.ascontiguousarray(pred.T), rng.integers(0, classes, rows)
        vector, ids[1::7] = rng.standard_normal(pred.shape), -1

        def results(pred=pred, ids=ids, vector=vector, axis=axis, **weights):
            given = {"reduction": reduction, "ignore_index": -1, "axis": axis, **weights}
            hvp = loss.hvp(pred, ids, vector, **given)
            return loss(pred, ids, **given), *loss.grad_and_hess(pred, ids, **given), hvp

        for weight in (np.ones(rows), rng.random(rows)):
            got = results(sample_weight=weight, class_weight=by_class)
            want = results(sample_weight=weight * by_class[ids] * (ids >= 0))
            for x, y in zip(got, want, strict=True):
                np.testing.assert_allclose(x, y, rtol=8 * np.finfo(dtype).eps)


def test_class_weights_of_a_row_of_many_chunks(backend):
    """Its class counts, not the one at the same place of the first chunk."""
    weights, target = np.ones(LONG), np.zeros((1, LONG))
    weights[-1], target[0, -1] = 3, 1
    cost = fl.softmax_cross_entropy(np.zeros((1, LONG)), target, class_weight=weights, reduction="sum")
    assert cost == pytest.approx(3 * math.log(LONG), rel=1e-12)


def test_focal_of_a_row_of_many_chunks(backend):
    """Equal logits and equal targets have no slope, whatever gamma; the bend of a class that is not there is 0."""
    target = np.full((1, LONG), 1 / LONG)
    grad = fl.softmax_focal.grad(np.zeros((1, LONG)), target, reduction="sum")
    assert np.abs(grad).max() < 1e-9 / LONG
    x = np.full((1, LONG), -np.inf, np.float32)
    x[0, 0], x[0, LONG // 2 :] = 150, 0
    grad, hess = fl.softmax_focal.grad_and_hess(x, np.array([0]), reduction="sum")
    np.testing.assert_array_equal(grad[0, : LONG // 2], 0)
    np.testing.assert_array_equal(hess[0, : LONG // 2], 0)


@pytest.mark.parametrize("axis", [0, 1])
def test_curvature_of_a_mean_of_probabilities(backend, axis):
    """t/p² over the number of rows."""
    p, t = np.full((4, 2), 0.5), np.tile([1.0, 0.0], (4, 1))
    p, t, hess = (x if axis == 1 else x.T.copy() for x in (p, t, t))
    for loss in (fl.categorical_cross_entropy, fl.kl_divergence):
        for weight in (None, np.ones(4)):
            got = loss.grad_and_hess(p, t, axis=axis, sample_weight=weight)[1]
            np.testing.assert_array_equal(got, hess)
