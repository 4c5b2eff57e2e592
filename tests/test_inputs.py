"""Whatever form the arrays come in, the answer is that for plain contiguous ones."""

import copy
import itertools
import math
import pickle
from decimal import Decimal
from fractions import Fraction

import ml_dtypes
import numpy as np
import pandas as pd
import pytest
from cases import CALLS, DTYPES, ONE_EACH, pairwise, sample

import fastloss as fl

SIZES = [1, 31, 32, 33, 1000, 1025, 40_000]
INTEGERS = [np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64, np.bool_]


def same(a, b, rtol=1e-13):
    """Equal, but for the order of the additions in a cost."""
    if isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same(x, y, rtol)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=rtol)
    else:
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b)


def unaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)[1:].view(x.dtype)
    raw[:] = x
    return raw


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {  # the same numbers, laid out in other ways
    "plain": lambda x: x,
    "strided": lambda x: np.repeat(x, 3)[1::3],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "unaligned": unaligned,
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "read-only": read_only,
}


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_layouts(backend, case, rng):
    """Every two of: an array's layout, another's, the dtypes, the size, the call, the reduction, with weights or without."""
    weights = {"none": None, "float32": np.float32, "float64": np.float64, "int8": np.int8}
    layouts = list(LAYOUTS)
    for choice in pairwise(
        layouts, layouts, layouts, SIZES, CALLS, ["mean", "none", "sum"], list(weights), DTYPES, DTYPES
    ):
        laid_out(case, rng, *choice[:6], weights[choice[6]], *choice[7:])


def laid_out(case, rng, of_pred, of_target, of_weight, size, call, reduction, weight_dtype, dtype, target_dtype):
    pred, target = (x.astype(dtype) for x in sample(case, rng, size, np.float32))
    weight = None if weight_dtype is None else rng.integers(0, 100, size).astype(weight_dtype)
    method = getattr(case.loss, call)
    keywords = dict(case.parameters, reduction=reduction)
    plain = method(pred, target, sample_weight=weight, **keywords)
    p, t = LAYOUTS[of_pred](pred), LAYOUTS[of_target](target.astype(target_dtype))
    w = None if weight is None else LAYOUTS[of_weight](weight)
    same(method(p, t, sample_weight=w, **keywords), plain)


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_many_dimensions(backend, case, rng):
    pred, target = sample(case, rng, 4 * 30 * 50)
    expected = case.loss.grad(pred, target, **case.parameters)
    cost = case.loss(pred, target, **case.parameters)
    pred, target, expected = (x.reshape(4, 30, 50) for x in (pred, target, expected))
    for turn in (
        lambda x: x,
        lambda x: x.T,
        lambda x: x.swapaxes(0, 1),
        lambda x: np.asfortranarray(x),
        lambda x: x[:, ::-1],
    ):
        got, grad = case.loss.value_and_grad(turn(pred), turn(target), **case.parameters)
        np.testing.assert_array_equal(grad, turn(expected))
        assert got == pytest.approx(cost, rel=1e-13)
        grad = case.loss.grad(turn(pred), turn(target.copy(order="F")), **case.parameters)
        np.testing.assert_array_equal(grad, turn(expected))


def test_no_dimensions(backend):
    assert fl.mse(3.0, 1.0) == 4
    assert fl.mse.grad(3.0, 1.0).shape == ()
    assert fl.sigmoid(0.0).shape == ()


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_sixteen_bits(backend, case, rng):
    """Computed in float32, and rounded once on the way out, as a conversion rounds."""
    for dtype, size in itertools.product([np.float16, ml_dtypes.bfloat16], SIZES):
        sixteen_bits(case, dtype, size, rng)


def sixteen_bits(case, dtype, size, rng):
    pred, target = sample(case, rng, size, dtype)
    wide = pred.astype(np.float32), target.astype(np.float32)
    assert case.loss(pred, target, **case.parameters) == case.loss(*wide, **case.parameters)
    if dtype is np.float16:
        assert case.loss(pred.astype(">f2"), target.astype("<f2"), **case.parameters) == case.loss(
            *wide, **case.parameters
        )
    for reduction in ("mean", "none"):
        keywords = dict(case.parameters, reduction=reduction)
        for got, full in zip(
            case.loss.grad_and_hess(pred, target, **keywords), case.loss.grad_and_hess(*wide, **keywords), strict=True
        ):
            assert got.dtype == dtype
            with np.errstate(over="ignore"):
                np.testing.assert_array_equal(got, full.astype(dtype))
    out = np.empty((size, 2), dtype)[:, 0]
    losses = case.loss(pred[::-1], target[::-1], reduction="none", out=out, **case.parameters)
    assert losses is out
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(out, case.loss(*wide, reduction="none", **case.parameters).astype(dtype)[::-1])


@pytest.mark.parametrize(
    "kind", [np.float16, np.float32, np.int8, np.longdouble, ml_dtypes.bfloat16, Decimal, Fraction]
)
def test_a_parameter_of_any_kind_of_number(backend, kind):
    numbers = [1.0, 3.0], [0.0, 0.0]
    assert fl.huber(*numbers, delta=kind(2)) == fl.huber(*numbers, delta=2.0) == 2.25
    if issubclass(kind, np.generic):
        assert fl.huber(*numbers, delta=np.array(2, kind)) == 2.25


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_every_sixteen_bit_number(backend, dtype):
    """All 65,536 of them go in and come out unchanged; every float32 that matters is rounded as NumPy rounds it."""
    every = np.arange(1 << 16, dtype=np.uint16).view(dtype)
    zero = np.zeros_like(every)

    def equal(got, wide):
        np.testing.assert_array_equal(got.astype(np.float32), wide.astype(dtype).astype(np.float32))

    with np.errstate(all="ignore"):
        wide = every.astype(np.float32)
        equal(fl.mae(every, zero, reduction="none"), np.abs(wide))
        equal(fl.mse(every, zero, reduction="none"), wide * wide)
        for scale in (1 / 3, 2.0**-10, 2.0**10):
            weight = np.full(every.shape, scale, np.float32)
            equal(fl.mse.grad(every, zero, sample_weight=weight, reduction="none"), 2 * wide * weight)


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_nan_is_not_rounded_to_a_number(backend, dtype):
    """Whatever bits it has: those of all ones would be carried over into zeros."""
    target = np.array([0x7FFFFFFF, 0xFFFFFFFF, 0x7F800001], np.uint32).view(np.float32)
    for times in (1, 20):
        grad = fl.mse.grad(np.ones(3 * times, dtype), np.tile(target, times), reduction="none")
        assert np.isnan(grad.astype(np.float32)).all()


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers(backend, dtype):
    """Integer predictions are float64; integer targets are rounded to what the predictions are computed in."""
    pred, target = np.array([0, 1, 1, 0, 1], dtype), np.array([1, 0, 1, 1, 1], dtype)
    wide = pred.astype(np.float64), target.astype(np.float64)
    assert fl.mse(pred, target) == fl.mse(*wide)
    assert fl.mse.grad(pred, target).dtype == np.float64
    scores = np.linspace(-2, 2, 5, dtype=np.float32)
    same(
        fl.sigmoid_cross_entropy.value_and_grad(scores, target),
        fl.sigmoid_cross_entropy.value_and_grad(scores, target.astype("f")),
    )
    assert fl.sigmoid(target).dtype == np.float64


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble, ml_dtypes.bfloat16])
@pytest.mark.parametrize("computed", [np.float32, np.float64])
def test_targets_of_any_real_dtype(backend, dtype, computed, rng):
    pred, target = rng.standard_normal(100).astype(computed), rng.standard_normal(100).astype(dtype)
    weight = rng.random(100).astype(dtype)
    plain = fl.huber.value_and_grad(pred, target.astype(computed), sample_weight=weight.astype(np.float64))
    same(fl.huber.value_and_grad(pred, target, sample_weight=weight), plain)


def test_what_asarray_takes(backend, tmp_path):
    pred, target = np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 1.0])
    path = tmp_path / "pred.npy"
    np.save(path, pred)
    for p in (
        [1, 2, 4],
        (1.0, 2.0, 4.0),
        pd.Series(pred),
        pd.Series([1, 2, 4]),
        np.load(path, mmap_mode="r"),
        memoryview(pred),
    ):
        assert fl.mse(p, target) == pytest.approx(10 / 3, rel=1e-15)
    assert type(fl.mse(pred, target)) is float
    assert type(fl.mse.grad(pred.view(np.matrix).reshape(1, 3), target.reshape(1, 3))) is np.ndarray


@pytest.mark.parametrize("size", [5, 40_000])
@pytest.mark.parametrize("call", CALLS)
def test_out(backend, call, size, rng):
    pred, target = rng.standard_normal((2, size))
    reduction = "none" if call == "__call__" else "mean"
    expected = getattr(fl.huber, call)(pred, target, reduction=reduction)
    for make in (lambda: np.empty(size), lambda: np.empty((size, 2))[:, 1], lambda: np.empty(2 * size)[size:]):
        out = (make(), make()) if call == "grad_and_hess" else make()
        got = getattr(fl.huber, call)(pred, target, reduction=reduction, out=out)
        same(got, expected)
        result = got[1] if call == "value_and_grad" else got
        assert result is out or all(r is o for r, o in zip(result, out, strict=True))


@pytest.mark.parametrize("size", [5, 40_000, 300_000])
@pytest.mark.parametrize("step", [1, 2])
def test_in_place(backend, size, step, rng):
    """The gradient may overwrite what it was computed from."""
    for written in ("pred", "target", "weight"):
        arrays = {name: rng.random(size * step)[::step] for name in ("pred", "target", "weight")}
        expected = fl.pseudo_huber.value_and_grad(arrays["pred"], arrays["target"], sample_weight=arrays["weight"])
        got = fl.pseudo_huber.value_and_grad(
            arrays["pred"], arrays["target"], sample_weight=arrays["weight"], out=arrays[written]
        )
        same(got, expected)
        assert got[1] is arrays[written]
    x = rng.standard_normal(size * step)[::step]
    expected = fl.softplus(x)
    assert fl.softplus(x, out=x) is x
    np.testing.assert_array_equal(x, expected)


@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_reductions(backend, case, rng):
    """The four reductions, weighted and not, from the losses themselves."""
    pred, target = sample(case, rng, 1000)
    weight = rng.random(1000)
    keywords = case.parameters
    losses, slopes = case.loss.value_and_grad(pred, target, reduction="none", **keywords)
    for w in (None, weight):
        one = np.ones(1000) if w is None else w
        np.testing.assert_allclose(
            case.loss(pred, target, sample_weight=w, reduction="none", **keywords), one * losses, rtol=1e-15
        )
        for reduction, divisor in (("sum", 1), ("mean", one.sum()), ("batch_mean", 1000)):
            cost, grad = case.loss.value_and_grad(pred, target, sample_weight=w, reduction=reduction, **keywords)
            assert cost == pytest.approx(math.fsum(one * losses) / divisor, rel=1e-13)
            assert cost == case.loss(pred, target, sample_weight=w, reduction=reduction, **keywords)
            np.testing.assert_allclose(grad, one * slopes / divisor, rtol=1e-14)


def test_empty(backend):
    nothing = np.empty((0, 3), np.float32)
    assert fl.mse(nothing, nothing, reduction="sum") == 0
    assert fl.mse(nothing, nothing, reduction="none").shape == (0, 3)
    assert fl.mse.grad(nothing, nothing, reduction="sum").dtype == np.float32
    for reduction in ("mean", "batch_mean"):
        with pytest.warns(RuntimeWarning, match="mean over an empty batch") as caught:
            assert math.isnan(fl.mse(nothing, nothing, reduction=reduction))
        assert caught[0].filename == __file__
    assert fl.sigmoid(nothing).shape == (0, 3)


def test_weights_of_nothing(backend):
    with pytest.warns(RuntimeWarning, match="mean over weights that sum to 0"):
        assert math.isnan(fl.mse([1.0, 2.0], [0.0, 0.0], sample_weight=[0, 0]))
    with pytest.warns(RuntimeWarning, match="mean over weights that sum to 0"):
        value, grad = fl.mse.value_and_grad([1.0, 2.0], [0.0, 0.0], sample_weight=[0, 0])
    assert math.isnan(value)
    np.testing.assert_array_equal(grad, 0)  # samples of weight 0 are not there
    assert fl.mse([1.0, 2.0], [0.0, 0.0], sample_weight=[0, 0], reduction="batch_mean") == 0


def test_one_number_and_its_weight(backend):
    """A mean that is not finite is computed again from other weights, which are an array without axes then."""
    with pytest.warns(RuntimeWarning, match="mean over weights that sum to 0"):
        assert math.isnan(fl.mse(1.0, 0.0, sample_weight=0.0))
    assert fl.mse(math.inf, 0.0, sample_weight=3.0) == math.inf
    assert fl.mae(1e308, -1e307, sample_weight=100.0) == 1.1e308
    total = fl.Accumulator("mae")
    total.update(1e308, 0.0, sample_weight=100.0)
    assert total.compute() == 1e308


def test_keywords_of_another_call_are_forgotten():
    """A loss remembers the last ones, and may take them for those of the next call only if they are."""
    weight, other = 3.0, 0.25

    def cost(**keywords):
        return fl.sigmoid_cross_entropy([1.0], [1.0], **keywords)

    alone, both = cost(pos_weight=weight), cost(pos_weight=weight, label_smoothing=other)
    assert cost(pos_weight=weight) == alone != both
    assert cost(label_smoothing=other, pos_weight=weight) == both
    assert cost(pos_weight=other) not in (alone, both)


def test_losses_are_values():
    """A loss can be pickled and copied, and is the same loss afterwards."""
    assert pickle.loads(pickle.dumps(fl.huber)) is fl.huber
    assert copy.deepcopy(fl.huber) is fl.huber
    assert pickle.loads(pickle.dumps(fl.sigmoid)) is fl.sigmoid
    assert fl.l2 is fl.mse
    assert repr(fl.huber) == "<loss huber>"
