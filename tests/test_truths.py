"""What is true of every loss, held against definitions in exact arithmetic: weights, NaN, zeros, the ends of the dtype."""

import itertools
import math
from functools import cache

import mpmath as mp
import numpy as np
import pytest
from cases import CALLS, DTYPES, ELEMENTWISE, named, pairwise
from truths import (
    KINDS,
    POINTS,
    WEIGHTS,
    Exact,
    Kind,
    batch,
    check,
    digits,
    good,
    inf,
    nan,
    near,
    num,
    plus_zero,
    reductions,
    robust,
    same_bits,
    whole,
)

import fastloss as fl

each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=named)
each_kind = pytest.mark.parametrize("kind", KINDS, ids=str)
each_point = pytest.mark.parametrize("kind", POINTS, ids=str)
BINARY = Kind("binary_cross_entropy", "points", "probabilities")
RMSE = Kind("rmse", "points", "numbers")


# ---- weights of 0 ----------------------------------------------------------------------------------------------------

# Samples (pred, target) of infinite or NaN loss, or outside the domain.
ABSENT = {
    "numbers": [(inf, 0), (-inf, 1), (nan, 0), (0, nan), (inf, inf), ("max", 0)],
    "signs": [(0.5, 7), (0.5, 0), (-inf, 1), (nan, 1), (0.5, nan), (inf, inf)],
    "probabilities": [(0, 1), (1, 0), (1.5, 1), (-0.5, 0), (0.5, 7), (nan, 0), (0.5, nan), (inf, 0)],
    "logits": [(inf, 0), (-inf, 1), (nan, 0), (0, 7), (0, -1), (0, nan), (inf, nan)],
} | robust.ABSENT
# The same of rows: all probabilities or logits, the label's or first class's if not None, the target.
ABSENT_ROWS = {
    ("probabilities", "ids"): [(None, 0, 0), (None, 1.5, 0), (nan, None, 0), (None, None, -5), (None, None, 10**6)],
    ("probabilities", "rows"): [(None, 0, 1), (None, 1.5, 1), (nan, None, 1), (None, None, 7), (None, None, nan)],
    ("logits", "ids"): [(None, -inf, 0), (None, nan, 0), (None, inf, 0), (-inf, None, 0), (None, None, -5),
                        (None, None, 10**6), (inf, None, -5)],
    ("logits", "rows"): [(None, -inf, 1), (None, nan, 1), (None, inf, 1), (-inf, None, 1), (None, None, 7),
                         (None, None, -1), (None, None, nan)],
}  # fmt: skip


def absent(kind):
    return ABSENT[kind.family] if kind.points else ABSENT_ROWS[kind.family, kind.target]


def one_absent(kind, which, dtype, classes=3):
    """A sample that must not be looked at, as an array of one."""
    if kind.points:
        p, t = absent(kind)[which]
        return np.array([np.finfo(dtype).max if p == "max" else p], dtype), np.array([t], dtype)
    whole_row, first, t = absent(kind)[which]
    pred, target = batch(kind, 1, classes, dtype, 5)
    pred[0] = pred[0] if whole_row is None else whole_row
    pred[0, 0] = pred[0, 0] if first is None else first
    if kind.target == "ids":
        return pred, np.array([t])
    target[0] = 0
    target[0, 0] = t
    return pred, target


def interleaved(kind, which, dtype, times, classes=3):
    """Good samples with bad ones among them, and weights that are 0 for these."""
    pred, target, samples = good(kind, dtype, classes)
    bad = one_absent(kind, which, dtype, classes)
    order = [0, -1, 1, 2, -1, -1, 3, 4, 5, -1] * times
    pred, target = (np.concatenate([x, y])[order] for x, y in zip((pred, target), bad, strict=True))
    return pred, target, [*samples, None], np.append(WEIGHTS, 0.0)[order], order


@cache
def interleaved_truth(kind, dtype, times, reduction, classes):
    _, _, samples, weight, order = interleaved(kind, 0, dtype, times, classes)
    return whole(kind, [samples[i] for i in order], [num(w) for w in weight], reduction)


@each_dtype
@each_kind
def test_a_sample_of_weight_0_is_not_there(backend, kind, dtype):
    widths = [3] if kind.points else [3, 100]
    choices = range(len(absent(kind))), [1, 7], widths, reductions(kind), [np.float32, np.float64]
    for which, times, classes, reduction, weight_dtype in pairwise(*choices):
        not_there(kind, dtype, which, times, classes, reduction, weight_dtype)


def not_there(kind, dtype, which, times, classes, reduction, weight_dtype):
    pred, target, _, weight, order = interleaved(kind, which, dtype, times, classes)
    gone, weight = np.array(order) < 0, weight.astype(weight_dtype)
    truth = interleaved_truth(kind, dtype, times, reduction, classes)
    value, grad, hess = check(kind, pred, target, truth, reduction, 6, sample_weight=weight)
    plus_zero(grad[gone], hess[gone], value[gone] if reduction == "none" else 0.0)
    if reduction in ("none", "sum"):  # bits do not depend on what else there is
        keywords = {"sample_weight": weight[~gone], "reduction": reduction}
        alone = kind.loss.grad_and_hess(pred[~gone], target[~gone], **keywords)
        same_bits(grad[~gone], alone[0])
        same_bits(hess[~gone], alone[1])


# ---- weights: their ratio alone --------------------------------------------------------------------------------------

SCALES = [
    ("f4", 1e-40), ("f4", 2.0**-149), ("f4", 1e38), ("f8", 1e-50), ("f8", 1e-300), ("f8", 2.0**-1074), ("f8", 1e300),
    ("f8", 0.5e308),
]  # fmt: skip


@cache
def weighted_truth(kind, dtype, weight, times, classes=3):
    return whole(kind, good(kind, dtype, classes)[2] * times, [num(w) for w in weight] * times, "mean")


@each_dtype
@each_kind
def test_only_the_ratio_of_weights_counts(backend, kind, dtype):
    pred, target, _ = good(kind, dtype)
    for (of, scale), times in pairwise(SCALES, [1, 8]):
        weight = (WEIGHTS * scale).astype(of)
        batches = [np.concatenate([x] * times) for x in (pred, target, weight)]
        truth = weighted_truth(kind, dtype, tuple(map(float, weight)), times)
        check(kind, *batches[:2], truth, "mean", 6, sample_weight=batches[2])


@each_dtype
@each_kind
def test_weights_whose_sum_leaves_the_dtype(backend, kind, dtype):
    """Very many equal ones: the mean of the samples."""
    pred, target, samples = good(kind, dtype)
    truth = whole(kind, samples, [mp.mpf(1)] * 6, "mean")
    times = 6667
    units = 6 + float(np.ptp(pred)) + (2 * math.sqrt(6 * times) if dtype == np.float64 else 0)  # a plain sum of so many
    batches = [np.concatenate([x] * times) for x in (pred, target)]
    once = Exact([g / times for g in map(mp.mpf, truth.grad.high)], [g / times for g in map(mp.mpf, truth.grad.size)])
    for of, size in (("f4", 3e38), ("f4", 1e-45), ("f8", 1.7e308), ("f8", 5e-324)):
        value, grad = kind.loss.value_and_grad(*batches, sample_weight=np.full(6 * times, size, of))
        near(dtype(value), truth.value, units)
        near(grad[:6], once, units)
        near(grad[-6:], once, units)


@each_dtype
@each_kind
def test_weights_that_sum_to_0(backend, kind, dtype):
    for n in (1, 5, 40, 3000):
        pred, target = batch(kind, n, 3, dtype)
        for of in (np.float32, np.float64):
            with pytest.warns(RuntimeWarning, match="the mean over weights that sum to 0 is undefined"):
                assert np.isnan(kind.loss(pred, target, sample_weight=np.zeros(n, of)))
        for call in CALLS[1:] if kind.points else ():
            weight = np.zeros(n, dtype)
            out = (np.empty_like(weight), weight) if call == "grad_and_hess" else weight
            with pytest.warns(RuntimeWarning, match="weights that sum to 0"):
                result = getattr(kind.loss, call)(pred, target, sample_weight=weight, out=out)
            assert call != "value_and_grad" or np.isnan(result[0])


# ---- out is an input -------------------------------------------------------------------------------------------------

PLACES = ["pred", "target", "weight", "fresh"]
PAIRS = [(a, b) for a in PLACES for b in PLACES if a != b or a == "fresh"]


def fits(kind, *places):
    return kind.points or not set(places) & ({"weight", "target"} if kind.target == "ids" else {"weight"})


def placed(kind, call, places, n, classes, dtype, reduction, weighted):
    """Bits of a call whose results go to inputs, against those of one with results of its own."""
    pred, target = batch(kind, n, classes, dtype)
    weight = np.random.default_rng(9).uniform(0.5, 2, n).astype(dtype)
    arrays = {"pred": pred, "target": target, "weight": weight, "fresh": np.empty_like(pred), "other": pred.copy()}
    own = {k: x.copy() for k, x in arrays.items()}
    names = ("fresh", "other") if places == ("fresh", "fresh") else places
    keywords = {"sample_weight": own["weight"] if weighted else None, "reduction": reduction}
    expected = getattr(kind.loss, call)(own["pred"], own["target"], **keywords)
    keywords["sample_weight"] = arrays["weight"] if weighted else None
    outs = tuple(arrays[name] for name in names)
    got = getattr(kind.loss, call)(
        arrays["pred"], arrays["target"], out=outs if len(outs) == 2 else outs[0], **keywords
    )
    for x, y in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
        same_bits(x, y)
    results = (expected,) if call in ("grad", "__call__") else expected if len(outs) == 2 else expected[1:]
    for x, y in zip(outs, results, strict=True):
        same_bits(x, y)
    for name in {"pred", "target", "weight"} - set(names):
        same_bits(arrays[name], own[name])


@each_dtype
@each_kind
def test_results_in_the_place_of_inputs(backend, kind, dtype):
    """One or two of them, of batches of one tile, many, and many threads."""
    sizes = [(5, 1), (40, 1), (1000, 1), (50_000, 1)] if kind.points else [(5, 3), (40, 10), (50, 200), (5, 3000)]
    pairs = [("grad_and_hess", p) for p in PAIRS if fits(kind, *p)]
    single = [(c, (p,)) for c in CALLS[1:3] for p in PLACES[:3] if fits(kind, p)]
    losses = [("__call__", (p,)) for p in PLACES[:3] if kind.points and kind.name != "rmse"]
    for (call, places), (n, classes), reduction, weighted in pairwise(
        pairs + single + losses, sizes, reductions(kind), [True, False]
    ):
        if call == "__call__":
            reduction = "none"
        placed(kind, call, places, n, classes, dtype, reduction, weighted or "weight" in places)


# ---- NaN -------------------------------------------------------------------------------------------------------------

CONSTANT = {"mse", "mae", "hinge"} | robust.FLAT_CURVATURE  # curvatures that may stay the number they are
NAN_TARGET = CONSTANT | {"sigmoid_cross_entropy"}


@each_dtype
@each_point
def test_nan_is_never_hidden(backend, kind, dtype):
    for place, n, where, weighted in itertools.product(("pred", "target"), (1, 5, 40, 1000), (0, -1), (False, True)):
        pred, target = batch(kind, n, 1, dtype)
        (pred if place == "pred" else target)[where] = nan
        weight = np.linspace(0.5, 2, n) if weighted else None
        for reduction in reductions(kind):
            keywords = {"sample_weight": weight, "reduction": reduction}
            value, grad = kind.loss.value_and_grad(pred, target, **keywords)
            again, hess = kind.loss.grad_and_hess(pred, target, **keywords)
            value = value[where] if reduction == "none" else value
            assert np.isnan([value, grad[where], again[where], kind.loss.grad(pred, target, **keywords)[where]]).all()
            assert np.isnan(hess[where]) or kind.name in (CONSTANT if place == "pred" else NAN_TARGET)
            if kind.name != "rmse":
                rest = np.delete(np.arange(n), where)
                assert np.isfinite(grad[rest]).all()
                assert np.isfinite(hess[rest]).all()


@each_dtype
def test_no_label_hides_nan(backend, dtype):
    for n, target, eps in itertools.product((1, 40), (0.0, 0.5, 1.0), (0.0, 1e-7)):
        pred = np.full(n, nan, dtype)
        value, grad = fl.binary_cross_entropy.value_and_grad(pred, np.full(n, target), eps=eps, reduction="none")
        hess = fl.binary_cross_entropy.grad_and_hess(pred, np.full(n, target), eps=eps, reduction="none")[1]
        assert np.isnan([value, grad, hess]).all()


# ---- rmse over the whole range ---------------------------------------------------------------------------------------

POWERS = [(np.float32, p) for p in (20, 21, 25, 30, 38)] + [(np.float64, p) for p in (100, 200, 250, 300, 308)]


@cache
def errors(dtype, power, sign, n):
    """Errors of this size, and a few smaller ones."""
    rng = np.random.default_rng(power)
    shares = rng.choice([1.0, -0.75, 0.5, 1e-3, -1e-9], n)
    shares[0] = 1.0
    return (shares * 10.0 ** (sign * power)).astype(dtype), rng.choice([1.0, 2.0, 0.5], n)


@cache
def rmse_samples(*arguments):
    d = errors(*arguments)[0]
    return RMSE.samples(d, np.zeros_like(d))


@cache
def rmse_truth(dtype, power, sign, n, weighted, reduction):
    weight = [num(w) if weighted else mp.mpf(1) for w in errors(dtype, power, sign, n)[1]]
    return whole(RMSE, rmse_samples(dtype, power, sign, n), weight, reduction)


@pytest.mark.parametrize(("dtype", "power"), POWERS, ids=named)
def test_rmse_of_huge_and_tiny_errors(backend, dtype, power):
    for sign, n, weighted, reduction in itertools.product(
        (1, -1), (1, 5, 40, 200), (False, True), ("mean", "batch_mean")
    ):
        d, weight = errors(dtype, power, sign, n)
        truth = rmse_truth(dtype, power, sign, n, weighted, reduction)
        for pred, target in ((d, np.zeros_like(d)), (np.zeros_like(d), -d)):
            check(RMSE, pred, target, truth, reduction, 6, sample_weight=weight if weighted else None)


# ---- zeros -----------------------------------------------------------------------------------------------------------

FLAT = {
    "numbers": [(0.0, 0.0), (-0.0, 0.0), (0.0, -0.0), (-0.0, -0.0), (2.0, 2.0), (-3.0, -3.0)],
    "signs": [(2.0, 1.0), (-2.0, -1.0), (1.0, 1.0), (-1.0, -1.0), (inf, 1.0)],
    "probabilities": [(0.5, 0.5), (0.25, 0.25)],
    "logits": [(0.0, 0.5), (-0.0, 0.5), (1e4, 1.0), (-1e4, 0.0), (inf, 1.0), (-inf, 0.0)],
} | robust.FLAT


@each_dtype
@each_point
def test_zero_slopes_are_plus_zero(backend, kind, dtype):
    for (p, t), n in itertools.product(FLAT[kind.family], (1, 3, 40, 1000)):
        pred, target = np.full(n, p, dtype), np.full(n, t, dtype)
        for reduction, weight in itertools.product(reductions(kind), (None, np.full(n, 0.5), np.full(n, 2, dtype))):
            keywords = {"sample_weight": weight, "reduction": reduction}
            plus_zero(kind.loss.grad(pred, target, **keywords), kind.loss.value_and_grad(pred, target, **keywords)[1])
            grad, hess = kind.loss.grad_and_hess(pred, target, **keywords)
            plus_zero(grad)
            assert not np.signbit(hess).any()


@each_dtype
def test_zero_slopes_beside_others(backend, dtype):
    """Under eps, without positives, where one error of a root is 0."""
    t = np.ones(40, dtype)
    for weight in (None, np.full(40, 0.5)):
        for p, label in ((0.0, t), (1e-9, t), (1.0, 0 * t)):
            pair = fl.binary_cross_entropy.grad_and_hess(np.full(40, p, dtype), label, eps=1e-3, sample_weight=weight)
            plus_zero(*pair)
        for x in (-3.0, 0.0, 3.0):
            keywords = {"pos_weight": 0.0, "sample_weight": weight}
            plus_zero(*fl.sigmoid_cross_entropy.grad_and_hess(np.full(40, x, dtype), t, **keywords))
        for other, zero in itertools.product((1.0, -1.0), (0.0, -0.0)):
            plus_zero(fl.rmse.grad(np.append(t[1:] * zero, other).astype(dtype), 0 * t, sample_weight=weight)[:-1])


@each_dtype
def test_minus_zero_is_a_probability_of_0(backend, dtype):
    truths = {1.0: (inf, -inf, inf), 0.0: (0.0, 1.0, 1.0), 0.5: (inf, -inf, inf)}
    for (t, truth), n, p, weight in itertools.product(truths.items(), (1, 40), (0.0, -0.0), (None, 1.0)):
        weight = None if weight is None else np.ones(n)
        keywords = {"sample_weight": weight, "reduction": "none"}
        args = np.full(n, p, dtype), np.full(n, t, dtype)
        value, grad = fl.binary_cross_entropy.value_and_grad(*args, **keywords)
        hess = fl.binary_cross_entropy.grad_and_hess(*args, **keywords)[1]
        for result, true in zip((value, grad, hess), truth, strict=True):
            np.testing.assert_array_equal(result, np.full(n, true, dtype))


# ---- the ends of the dtype -------------------------------------------------------------------------------------------

TINY = {  # p, t, so that t/p² is in range, and the last beyond it
    np.float32: [(1e-25, 1e-20), (1e-25, 1e-30), (1e-30, 1e-38), (1e-40, 1e-44), (1e-18, 1), (1e-19, 0.5), (1e-25, 1)],
    np.float64: [(1e-200, 1e-150), (1e-200, 1e-250), (1e-300, 1e-305), (1e-310, 1e-315), (1e-154, 1), (1e-200, 1)],
}


@each_dtype
def test_curvature_stays_in_range(backend, dtype):
    pred, target = (np.array(x, dtype) for x in zip(*TINY[dtype], strict=True))
    for times in (1, 6):
        args = np.tile(pred, times), np.tile(target, times)
        with digits(400):  # log(1 - p) of a tiny p
            truth = whole(BINARY, BINARY.samples(*args), [mp.mpf(1)] * len(args[0]), "none")
        check(BINARY, *args, truth)


DELTAS = [(np.float32, d) for d in (1e-45, 1e-40, 1e-38, 1e-20, 1e20, 1e30, 3e38)] + [
    (np.float64, d) for d in (5e-324, 1e-310, 1e-200, 1e-160, 1e160, 1e300, 1e308)
]


@cache
def delta_truth(name, dtype, delta):
    """Errors of 0, 1, infinity, about delta and far from it."""
    delta, info = dtype(delta), np.finfo(dtype)
    with np.errstate(all="ignore"):
        d = [0, 1, info.max, info.tiny, info.smallest_subnormal, inf, delta, delta / 2, delta * 2, delta * 1e6]
        d += [delta / dtype(1e6), np.nextafter(delta, dtype(0)), np.nextafter(delta, dtype(inf)), 1e-15, 1e15, 1e12]
    d = np.array([*d, *(-x for x in d)], dtype)
    kind = Kind(name, "points", "numbers")
    with digits(1400):  # the definition cancels
        samples = kind.samples(d, np.zeros_like(d), delta=delta)
        return d, whole(kind, samples, [mp.mpf(1)] * len(d), "none")


@pytest.mark.parametrize("name", ["huber", "pseudo_huber", *robust.ROBUST])
@pytest.mark.parametrize(("dtype", "delta"), DELTAS, ids=named)
def test_delta_over_the_whole_range(backend, name, dtype, delta):
    d, truth = delta_truth(name, dtype, delta)
    kind = Kind(name, "points", "numbers")
    units = {"geman_mcclure": 5, "barron": 8}.get(name, 4)
    check(kind, d, np.zeros_like(d), truth, units=units, delta=delta)
    check(kind, np.zeros_like(d), -d, truth, units=units, delta=delta)


@pytest.mark.parametrize(("dtype", "pos_weight"), [(np.float32, 3e38), (np.float32, 1e-45), (np.float64, 1e39),
                                                   (np.float64, 1e308), (np.float64, 5e-324)], ids=named)  # fmt: skip
def test_pos_weight_over_the_whole_range(backend, dtype, pos_weight):
    kind = Kind("sigmoid_cross_entropy", "points", "logits")
    pred, target = np.array([0, -0.5, 0.5, 5, -5, 0, 3], dtype), np.array([0, 0, 0, 0, 0, 1, 1], dtype)
    for times in (1, 8):
        args = np.tile(pred, times), np.tile(target, times)
        truth = whole(kind, kind.samples(*args, pos_weight=dtype(pos_weight)), [mp.mpf(1)] * len(args[0]), "none")
        check(kind, *args, truth, pos_weight=pos_weight)


# ---- eps -------------------------------------------------------------------------------------------------------------


@cache
def eps_truth(dtype, eps):
    low = dtype(eps)
    p = [0, low / 2, low, 1.5 * low, 0.125, 0.5, 0.75, 1 - low / 2, 1 - low, 1 - 2 * low, 1]
    p, t = (x.ravel().astype(dtype) for x in np.meshgrid(np.array(p, dtype), [0.0, 0.25, 1.0]))
    with digits(120):
        return p, t, whole(BINARY, BINARY.samples(p, t, eps=low), [mp.mpf(1)] * len(p), "none")


@each_dtype
def test_eps_bounds_either_logarithm(backend, dtype):
    for eps in (1e-38, 1e-17, 1e-15, 1e-7, 0.1, 0.25):
        p, t, truth = eps_truth(dtype, eps)
        check(BINARY, p, t, truth, eps=eps)


# ---- batches cut in pieces -------------------------------------------------------------------------------------------


def pieces(n):
    """Where a batch is cut."""
    edges = [0, *np.cumsum([1, 2, 3, 7, 50])]
    return [slice(a, b) for a, b in itertools.pairwise([*(e for e in edges if e < n), n])]


def unaligned(x):
    return np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape)


def results(kind, pred, target, weight, **keywords):
    """Losses, gradient and curvature of every sample, from all calls and both reductions."""
    keywords |= {"sample_weight": weight}
    if kind.name == "rmse":
        return kind.loss.value_and_grad(pred, target, **keywords)
    value, grad = kind.loss.value_and_grad(pred, target, reduction="none", **keywords)
    total, hess = kind.loss.grad_and_hess(pred, target, reduction="sum", **keywords)
    same_bits(kind.loss(pred, target, reduction="none", **keywords), value)
    same_bits(grad, total)
    same_bits(kind.loss.grad(pred, target, reduction="sum", **keywords), grad)
    return value, grad, hess


@each_dtype
@pytest.mark.parametrize("kind", [k for k in POINTS if k.name != "rmse"], ids=str)
def test_no_sample_depends_on_its_batch(backend, threads, kind, dtype):
    """Nor on the number of threads, nor on where it lies."""
    for n, weighted in itertools.product([1, 2, 3, 7, 8, 15, 16, 31, 33, 64, 100, 1023, 1025, 5000], (False, True)):
        independent(kind, dtype, n, weighted, threads)


def independent(kind, dtype, n, weighted, threads):
    pred, target = batch(kind, n, 1, dtype)
    weight = np.random.default_rng(3).random(n).astype(dtype) if weighted else None

    def part(index, change=np.array):
        arrays = (change(x[index]) for x in (pred, target))
        return results(kind, *arrays, None if weight is None else change(weight[index]))

    threads(1)
    once = part(slice(None))
    for cut in pieces(n):
        for x, y in zip(part(cut), once, strict=True):
            same_bits(x, y[cut])
    for start in {k for k in (1, 2, 3, 5, 8, 13, 17) if k < n}:
        for x, y in zip(part(slice(start, None), lambda x: x), once, strict=True):
            same_bits(x, y[start:])
    for change in (unaligned, lambda x: np.repeat(x, 2)[::2], lambda x: x[::-1].copy()[::-1]):
        for x, y in zip(part(slice(None), change), once, strict=True):
            same_bits(x, y)
    threads(2)
    for x, y in zip(part(slice(None)), once, strict=True):
        same_bits(x, y)


def lying(x, offset):
    """A copy that begins so many bytes after the beginning of a cache line."""
    room = np.empty(x.nbytes + 128, np.uint8)
    start = -room.ctypes.data % 64 + offset
    copy = room[start : start + x.nbytes].view(x.dtype)
    copy[...] = x
    return copy


@each_dtype
@pytest.mark.parametrize("kind", POINTS, ids=str)
def test_no_cost_depends_on_where_its_batch_lies(backend, threads, kind, dtype):
    """One that begins within a cache line is begun with the numbers before the next: the order of the sum stays the same."""
    threads(1)
    for n, weighted in ((5000, False), (5000, True), (40_001, False)):
        pred, target = batch(kind, n, 1, dtype)
        weight = np.random.default_rng(3).random(n) if weighted else None
        costs = set()
        for offset in (0, pred.itemsize, 16, 64 - pred.itemsize):
            inputs, out = [lying(x, offset) for x in (pred, target)], lying(pred, offset)
            cost, grad = kind.loss.value_and_grad(*inputs, sample_weight=weight, out=out)
            costs |= {cost, kind.loss(*inputs, sample_weight=weight)}
            same_bits(grad, kind.loss.grad(pred, target, sample_weight=weight))
        assert len(costs) == 1


@each_dtype
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_no_element_depends_on_its_array(backend, threads, name, dtype):
    function = getattr(fl, name)
    x = (np.random.default_rng(4).standard_normal(5000) * 20).astype(dtype)
    threads(1)
    once = function(x)
    for n in (1, 2, 3, 7, 50, 1023):
        for start in range(0, 200, n):
            same_bits(function(x[start : start + n]), once[start : start + n])
    for change in (unaligned, lambda x: np.repeat(x, 2)[::2], lambda x: x[::-1].copy()[::-1]):
        same_bits(function(change(x)), once)
    threads(2)
    same_bits(function(x), once)
    y = x.copy()
    same_bits(function(y, out=y), once)
