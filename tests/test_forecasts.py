"""Forecasts, ordered scores and boxes: what is true of them besides what is true of every loss."""

import itertools
import re

import mpmath as mp
import numpy as np
import pytest
from cases import CALLS, DTYPES
from test_truths import each_dtype
from truths import Exact, digits, inf, near, num, same_bits
from truths_forecasts import OWN, ordinal_logistic

import fastloss as fl

# ---- continuous ranked probability scores ----------------------------------------------------------------------------


def test_crps_is_an_integral(backend):
    """Of the squared difference between the distribution and the step at the target."""
    for mean, log_scale, target in ((0.5, 0.0, 2.0), (-1.0, 1.0, -1.5), (0.0, -2.0, 0.25)):
        scale, ends = np.exp(log_scale), sorted([mean - 40, target, mean + 40])
        step = lambda x, m=mean, s=scale, t=target: (mp.ncdf((x - m) / s) - (x >= t)) ** 2
        exact = float(
            mp.quad(step, np.linspace(*ends[:2], 40).tolist()) + mp.quad(step, np.linspace(*ends[1:], 40).tolist())
        )
        assert fl.crps_gaussian([[mean, log_scale]], [target]) == pytest.approx(exact, rel=1e-9)


def test_of_one_member_and_of_many(backend, rng):
    x, t = rng.standard_normal(50), rng.standard_normal(50)
    value, grad = fl.crps_ensemble.value_and_grad(x[:, None], t, reduction="none")
    np.testing.assert_array_equal(value, fl.mae(x, t, reduction="none"))
    np.testing.assert_array_equal(grad[:, 0], fl.mae.grad(x, t, reduction="none"))
    levels = (np.arange(2000) + 0.5) / 2000
    quantiles = [float(mp.sqrt(2) * mp.erfinv(2 * v - 1)) for v in levels]
    assert fl.crps_ensemble([quantiles], [0.75]) == pytest.approx(fl.crps_gaussian([[0, 0]], [0.75]), rel=1e-3)


@each_dtype
@pytest.mark.parametrize("members", [2, 31, 95, 96, 97, 500])
def test_ensembles_with_ties(backend, members, dtype, rng):
    x, t = rng.integers(-5, 6, (9, members)).astype(dtype), rng.integers(-6, 7, 9).astype(dtype)
    value, grad = fl.crps_ensemble.value_and_grad(x, t, reduction="none")
    wide, target = x.astype(float), t.astype(float)[:, None]
    apart = np.sign(wide[:, :, None] - wide[:, None, :]).mean(axis=2)
    expected = np.abs(wide - target).mean(axis=1) - np.abs(wide[:, :, None] - wide[:, None, :]).mean(axis=(1, 2)) / 2
    eps = 4 * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(value, expected, rtol=eps, atol=1e-12)
    np.testing.assert_allclose(grad, (np.sign(wide - target) - apart) / members, rtol=eps, atol=1e-15)
    order = rng.permutation(members)
    same_bits(fl.crps_ensemble.grad(x[:, order], t, reduction="none"), grad[:, order])


# ---- ordered scores --------------------------------------------------------------------------------------------------

THRESHOLDS = [(0.0,), (-1.0, 0.5, 2.0), (0.0, 2.0**-20), tuple(np.linspace(-3, 3, 40))]


@each_dtype
@pytest.mark.parametrize("thresholds", THRESHOLDS, ids=len)
def test_every_class(backend, thresholds, dtype, rng):
    count = len(thresholds) + 1
    score, ids = (rng.standard_normal(60) * 6).astype(dtype), np.arange(60) % count
    exact = tuple(map(num, thresholds))
    with digits(80):
        truths = [ordinal_logistic(num(s), num(t), exact) for s, t in zip(score, ids, strict=True)]
    given = {"thresholds": list(thresholds), "reduction": "none"}
    value, grad = fl.ordinal_logistic.value_and_grad(score, ids, **given)
    hess = fl.ordinal_logistic.grad_and_hess(score, ids, **given)[1]
    near(value, Exact([s.value for s in truths]), 40)  # exp of a rounded difference
    near(grad, Exact([s.grad[0] for s in truths], [s.grad_sizes[0] for s in truths]), 40)
    near(hess, Exact([s.hess[0] for s in truths]), 40)
    same_bits(fl.ordinal_logistic.grad(score, ids.astype(np.uint8), **given), grad)


def test_two_classes_are_a_cross_entropy(backend, rng):
    score, ids = rng.standard_normal(70) * 5, rng.integers(0, 2, 70)
    for x, y in zip(
        (*fl.ordinal_logistic.value_and_grad(score, ids), *fl.ordinal_logistic.grad_and_hess(score, ids)),
        (*fl.sigmoid_cross_entropy.value_and_grad(score, ids), *fl.sigmoid_cross_entropy.grad_and_hess(score, ids)),
        strict=True,
    ):
        np.testing.assert_allclose(x, y, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("bad", [3, -1, 0.5, inf])
def test_ids_that_are_none(backend, call, bad):
    for n, dtype in itertools.product((4, 70), DTYPES):
        ids = np.arange(n) % 3 * 1.0
        ids[2] = bad
        text = f"target[2] is {bad}; target must be a class id, a whole number in [0, 3)"
        with pytest.raises(ValueError, match=re.escape(text)):
            getattr(fl.ordinal_logistic, call)(np.zeros(n, dtype), ids, thresholds=[0, 1])
        weight = np.ones(n)
        weight[2] = 0
        getattr(fl.ordinal_logistic, call)(np.zeros(n, dtype), ids, thresholds=[0, 1], sample_weight=weight)


def test_best_score_by_hand(backend):
    assert fl.ordinal_logistic.constant([0, 0]) == -inf
    assert fl.ordinal_logistic.constant([2, 2], thresholds=[0, 1]) == inf
    assert fl.ordinal_logistic.constant([1, 1], thresholds=[0, 1]) == pytest.approx(0.5)
    assert fl.ordinal_logistic.constant([0, 1, 1]) == pytest.approx(np.log(2), rel=1e-7)


@pytest.mark.parametrize("reduction", ["none", "sum", "mean", "batch_mean"])
def test_ignored_ids_and_weights_of_classes(backend, rng, reduction):
    """As if the ignored samples were not there, and as if each weight were times its class's."""
    loss, steps, class_weight = fl.ordinal_logistic, {"thresholds": [-1.0, 0.5]}, np.array([1.0, 0.25, 3.0])
    for dtype, kind, weighted in itertools.product(DTYPES, (np.int64, np.float32), (False, True)):
        score, ids = rng.standard_normal(40).astype(dtype), rng.integers(0, 3, 40).astype(kind)
        ids[::7], there = -1, np.arange(40) % 7 > 0
        own = rng.uniform(0.5, 2, 40) if weighted else None
        given = {**steps, "ignore_index": -1, "reduction": reduction, "sample_weight": own}
        for by_class in (None, class_weight):
            weight = (1.0 if own is None else own[there]) * (
                1.0 if by_class is None else class_weight[ids[there].astype(int)]
            )
            as_if = {**steps, "reduction": reduction, "sample_weight": np.broadcast_to(weight, there.sum())}
            close = {"rtol": 4 * np.finfo(dtype).eps, "atol": 0}
            for call in CALLS:
                got = getattr(loss, call)(score, ids, class_weight=by_class, **given)
                want = getattr(loss, call)(score[there], ids[there], **as_if)
                for x, y in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
                    if np.ndim(x):
                        assert not x[~there].any()
                    np.testing.assert_allclose(np.asarray(x)[there] if np.ndim(x) else x, y, **close)
            total = fl.Accumulator(loss, reduction="batch_mean", ignore_index=-1, class_weight=by_class, **steps)
            for part in (slice(0, 15), slice(15, 40)):
                total.update(score[part], ids[part], None if own is None else own[part])
            assert total.samples == there.sum()
            assert total.compute() == pytest.approx(
                loss(score[there], ids[there], **as_if | {"reduction": "batch_mean"})
            )


@pytest.mark.parametrize("size", [1e300, 1e-200])
def test_only_the_ratio_of_products_of_weights_counts(backend, size):
    score, ids, weight, class_weight = np.array([0.1, 0.2, 0.3]), [0, 1, 1], np.array([1, 2, 3]), np.array([2, 1])
    far = {"sample_weight": size * weight, "class_weight": size * class_weight}
    for call in CALLS:
        want = getattr(fl.ordinal_logistic, call)(score, ids, sample_weight=weight, class_weight=class_weight)
        got = getattr(fl.ordinal_logistic, call)(score, ids, **far)
        for x, y in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
            np.testing.assert_allclose(x, y, rtol=1e-15)

    steps = {"thresholds": [-1.0, 0.5]}
    usual = fl.ordinal_logistic.constant([0, 1, 1], weight, class_weight=[2, 1, 1], **steps)
    best = fl.ordinal_logistic.constant([0, 1, 1], size * weight, class_weight=size * np.array([2, 1, 1]), **steps)
    assert best == pytest.approx(usual, rel=1e-6)
    if size > 1:
        text = "sample_weight has 1e[+]300 and class_weight 2e[+]300 for the same sample; their product is beyond the range"
        for reduction in ("none", "sum", "batch_mean"):
            with pytest.raises(ValueError, match=text):
                fl.ordinal_logistic(score, ids, **far, reduction=reduction)


def test_products_of_weights_far_apart(backend):
    """As much of either kind as there is of the other: together they are 1."""
    score, ids = np.array([0.1, 0.2]), [0, 1]
    far = {"sample_weight": [1e-200, 1e200], "class_weight": [1e200, 1e-200]}
    assert fl.ordinal_logistic(score, ids, **far) == pytest.approx(fl.ordinal_logistic(score, ids), rel=1e-14)


@pytest.mark.parametrize("bad", [np.nan, -5.0, np.inf])
@pytest.mark.parametrize("class_weight", [None, [0, 3]])
def test_weights_of_ignored_samples_are_weights(backend, bad, class_weight):
    given = {"ignore_index": -1, "class_weight": class_weight}
    with pytest.raises(
        ValueError, match=rf"^sample_weight\[2\] is {bad:g}(\.0)?; sample_weight must be a number >= 0 and finite"
    ):
        fl.ordinal_logistic([0.1, 0.2, 0.3], [0, 1, -1], sample_weight=[1, 1, bad], **given)


def test_of_ordered_classes_that_are_not_there(backend):
    loss, given = fl.ordinal_logistic, {"thresholds": [0, 1], "ignore_index": -1}
    for reduction in ("mean", "batch_mean"):
        with pytest.warns(RuntimeWarning, match="the mean over no sample: every one is ignored"):
            assert np.isnan(loss([0.0, 1.0], [-1, -1], reduction=reduction, **given))
    assert loss([0.0, np.nan], [-1, -1], reduction="sum", **given) == 0
    with pytest.raises(ValueError, match="class_weight has 2 weights but there are 3 classes"):
        loss([0.0], [0], thresholds=[0, 1], class_weight=[1, 2])
    with pytest.raises(ValueError, match=r"target\[1\] is -2; target must be a class id"):
        loss([0.0, 0.0], [-1, -2], **given)
    best = loss.constant([0, 1, 2, -1], thresholds=[0, 1], ignore_index=-1, class_weight=[1, 2, 3])
    assert best == loss.constant([0, 1, 2], [1, 2, 3], thresholds=[0, 1])


# ---- boxes -----------------------------------------------------------------------------------------------------------

BOXES = [fl.iou, fl.giou, fl.diou, fl.ciou]


def boxes(rng, n, dtype=np.float64):
    middles, halves = rng.standard_normal((2, n, 2)), np.exp(rng.standard_normal((2, n, 2)) / 2)
    return np.concatenate([middles - halves, middles + halves], axis=2).astype(dtype)


def test_a_constant_factor(backend, rng):
    """The value is the same; the gradient is that of the distance, and the factor times that of the shapes' difference."""
    assert OWN["ciou"] == {"axis", "constant_alpha"}
    pred, target = boxes(rng, 40)
    given = {"reduction": "none"}
    value, grad = fl.ciou.value_and_grad(pred, target, constant_alpha=True, **given)
    np.testing.assert_array_equal(value, fl.ciou(pred, target, **given))
    size, other = pred[:, 2:] - pred[:, :2], target[:, 2:] - target[:, :2]
    angle = np.arctan2(*size.T) - np.arctan2(*other.T)
    v = 4 / np.pi**2 * angle**2
    alpha = v / (fl.iou(pred, target, **given) + v)
    turn = np.stack([size[:, 1], -size[:, 0]], axis=1) / (size**2).sum(axis=1)[:, None]
    slope = (alpha * 8 / np.pi**2 * angle)[:, None] * turn
    expected = fl.diou.grad(pred, target, **given) + np.concatenate([-slope, slope], axis=1)
    np.testing.assert_allclose(grad, expected, rtol=1e-10, atol=1e-13)
    hess = fl.ciou.grad_and_hess(pred, target, constant_alpha=True, **given)[1]
    for k in range(4):
        unit = np.eye(4)[k] * np.ones(pred.shape)
        np.testing.assert_allclose(
            fl.ciou.hvp(pred, target, unit, constant_alpha=True, **given)[:, k], hess[:, k], rtol=1e-9, atol=1e-12
        )
    with pytest.raises(TypeError, match="constant_alpha must be True or False, not int"):
        fl.ciou(pred, target, constant_alpha=1)


@pytest.mark.parametrize("loss", BOXES, ids=lambda loss: loss.name)
def test_boxes_of_any_size(backend, loss, rng):
    pred, target = boxes(rng, 40)
    value, grad = loss.value_and_grad(pred, target, reduction="none")
    hess = loss.grad_and_hess(pred, target, reduction="none")[1]
    for power in (-400, -100, 100, 400):
        x = 2.0**power
        same_bits(loss(pred * x, target * x, reduction="none"), value)
        np.testing.assert_allclose(loss.grad(pred * x, target * x, reduction="none") * x, grad, rtol=1e-14)
        curve = loss.grad_and_hess(pred * x, target * x, reduction="none")[1]
        np.testing.assert_allclose(curve * x * x, hess, rtol=1e-14)


@pytest.mark.parametrize("loss", BOXES, ids=lambda loss: loss.name)
def test_boxes_that_nearly_agree(backend, loss):
    """No digit is lost of a small loss."""
    for gap in (2.0**-30, 2.0**-45):
        value = loss([[0.0, 0.0, 1.0, 1.0 + gap]], [[0.0, 0.0, 1.0, 1.0]])
        expected = gap / (1 + gap)
        extra = (gap / 2) ** 2 / (1 + (1 + gap) ** 2) if loss in (fl.diou, fl.ciou) else 0
        assert value == pytest.approx(expected + extra, rel=1e-12)


@pytest.mark.parametrize("loss", BOXES, ids=lambda loss: loss.name)
def test_what_is_no_box(backend, loss):
    text = "pred has shape (3, 5); it must have x1, y1, x2 and y2 on axis 1"
    with pytest.raises(ValueError, match=re.escape(text)):
        loss(np.ones((3, 5)), np.ones((3, 5)))
    empty = loss.value_and_grad([[2.0, 0.0, 1.0, 1.0]], [[0.0, 0.0, 3.0, 3.0]])  # x2 < x1
    assert empty[0] >= 1
    assert np.isfinite(empty[1]).all()


def test_what_is_no_box_has_no_area(backend):
    """But what is around both is as large as ever: 9 and 8, of which the target has 9 and 4."""
    pred, target = [[2.0, 0.0, 1.0, 1.0], [5.0, 0.0, 4.0, 1.0]], [[0.0, 0.0, 3.0, 3.0], [0.0, 0.0, 2.0, 2.0]]
    np.testing.assert_allclose(fl.giou(pred, target, reduction="none"), [1, 1.5], rtol=1e-15)


@each_dtype
def test_gaussian_errors_near_the_end_of_the_range(backend, dtype):
    """Half of a square that is beyond it."""
    info = np.finfo(dtype)
    error = dtype(1.2 * float(info.max) ** 0.5)
    half = float(error) * (float(error) / 2)
    value, (m_grad, s_grad) = fl.gaussian_nll.value_and_grad(np.array([error, 0], dtype), dtype(0))
    m_hess, s_hess = fl.gaussian_nll.grad_and_hess(np.array([error, 0], dtype), dtype(0))[1]
    np.testing.assert_allclose([value, m_grad, s_grad], [half, error, -half], rtol=4 * info.eps)
    np.testing.assert_allclose([m_hess, s_hess], [1, half], rtol=4 * info.eps)
