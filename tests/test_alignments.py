"""Connectionist temporal classification: against every alignment in exact arithmetic, and what else is promised of it."""

import itertools
import math
import re

import numpy as np
import pytest
from cases import CALLS, DTYPES, running
from test_truths import each_dtype, unaligned
from truths import ONE, Exact, digits, inf, nan, near, num, same_bits
from truths_alignments import ctc, reads
from truths_more import along

import fastloss as fl

SEQUENCES = [  # frames, classes, labels, blank
    (1, 2, [1], 0), (1, 3, [], 0), (2, 3, [1], 0), (3, 3, [1, 1], 0), (4, 3, [1, 2], 0), (5, 3, [2, 2, 1], 0), (4, 4, [3, 1, 2], 0),
    (5, 3, [0, 1], 2), (4, 3, [0, 2, 0], 1),
]  # fmt: skip


def sequence(frames, classes, labels, dtype, scale=2.0):
    rng = np.random.default_rng(frames * 100 + classes * 10 + len(labels))
    return (rng.standard_normal((frames, classes)) * scale).astype(dtype)


def exactly(x):
    return [[num(v) for v in row] for row in x]


def batch(rng, n=7, frames=13, classes=6, labels=4, dtype=np.float64):
    """Sequences of several lengths, some with equal labels side by side."""
    pred = rng.standard_normal((n, frames, classes)).astype(dtype) * 2
    target = rng.integers(1, min(classes, 4), (n, labels))
    count = rng.integers(0, labels + 1, n)
    target[np.arange(labels) >= count[:, None]] = -1
    return pred, target, rng.integers(2 * labels, frames + 1, n)


def test_definition_by_hand():
    with digits(50):
        assert reads([0, 1, 1, 0, 1, 2], 0) == [1, 1, 2]
        uniform = ctc([[num(0)] * 3] * 2, [1])
        assert float(uniform.value) == pytest.approx(math.log(3))
        np.testing.assert_allclose(np.array(uniform.grad, float), [0, -1 / 3, 1 / 3] * 2, atol=1e-15)
        for frames, classes, labels, blank in SEQUENCES[2:6]:
            x = [v for row in exactly(sequence(frames, classes, labels, np.float64)) for v in row]
            at = lambda x, c=classes, ids=labels, b=blank: ctc([x[i : i + c] for i in range(0, len(x), c)], ids, b)
            truth = at(x)
            for j, unit in enumerate(np.eye(len(x), dtype=int).tolist()):
                slope = along(lambda x, at=at: [at(x).value], x, unit)[0]
                curve = along(lambda x, at=at, j=j: [at(x).grad[j]], x, unit)[0]
                assert abs(slope - truth.grad[j]) < 1e-20
                assert abs(curve - truth.hess[j]) < 1e-20


@each_dtype
@pytest.mark.parametrize(("frames", "classes", "labels", "blank"), SEQUENCES)
def test_truth(backend, frames, classes, labels, blank, dtype):
    pred = sequence(frames, classes, labels, dtype)
    with digits(60):
        truth = ctc(exactly(pred), labels, blank)
    target = np.array([[*labels, -1, -1]], np.int32)
    units = 4 if dtype == np.float32 else 64  # of logarithms of chances, whose terms are greater
    keywords = {"blank": blank, "reduction": "none"}
    value, grad = fl.ctc.value_and_grad(pred[None], target, **keywords)
    hess = fl.ctc.grad_and_hess(pred[None], target, **keywords)[1]
    near(value, Exact([truth.value], [max(truth.value, ONE)]), units)
    near(grad, Exact(truth.grad, truth.grad_sizes), units)
    near(hess, Exact(truth.hess, truth.hess_sizes), units)
    same_bits(fl.ctc.grad(pred[None], target, **keywords), grad)
    same_bits(fl.ctc(pred[None], target, **keywords), value)


@pytest.mark.thread_unsafe
@each_dtype
def test_backends_agree(backend, dtype, rng):
    for n, frames, classes, labels in ((5, 12, 6, 4), (2, 90, 40, 30), (3, 33, 33, 16), (40, 6, 2, 2)):
        pred, target, lengths = batch(rng, n, frames, classes, labels, dtype)
        for call, weighted in itertools.product(CALLS, (False, True)):
            given = {"lengths": lengths, "sample_weight": rng.random(n) if weighted else None}
            with running("numpy"):
                expected = getattr(fl.ctc, call)(pred, target, **given)
            with running(backend):
                got = getattr(fl.ctc, call)(pred, target, **given)
            eps = 1e-5 if dtype == np.float32 else 1e-11
            for x, y in zip(got, expected, strict=True) if isinstance(got, tuple) else [(got, expected)]:
                np.testing.assert_allclose(x, y, rtol=eps, atol=eps)


def test_labels_are_read_where_they_are(backend, rng):
    """Labels that may not be written to, and that stand anywhere."""
    pred, target, lengths = batch(rng)
    expected = fl.ctc.grad(pred, target, lengths=lengths)
    fixed = target.copy()
    fixed.flags.writeable = False
    for labels in (fixed, unaligned(target)):
        same_bits(fl.ctc.grad(pred, labels, lengths=unaligned(lengths)), expected)


def test_samples_are_apart(backend, rng):
    """Bits of a sample do not depend on the batch, its layout or the threads; frames after the end, and samples of weight 0, may
    hold anything."""
    pred, target, lengths = batch(rng)
    weight = np.array([1, 0, 2, 0.5, 1, 1, 3])
    keywords = {"sample_weight": weight, "reduction": "none"}
    value, grad = fl.ctc.value_and_grad(pred, target, lengths=lengths, **keywords)
    hess = fl.ctc.grad_and_hess(pred, target, lengths=lengths, **keywords)[1]
    spoiled, ids = pred.copy(), target.copy()
    spoiled[np.arange(13) >= lengths[:, None]] = nan
    spoiled[1], ids[1] = inf, 99
    for x in (
        spoiled,
        np.asfortranarray(spoiled),
        np.repeat(spoiled, 2, axis=2)[:, :, ::2],
        spoiled[::-1].copy()[::-1],
    ):
        got = fl.ctc.value_and_grad(x, ids, lengths=lengths, **keywords)
        same_bits(got[0], value)
        same_bits(got[1], grad)
        same_bits(fl.ctc.grad_and_hess(x, ids, lengths=lengths, **keywords)[1], hess)
    assert not grad[1].any()
    assert not grad[np.arange(13) >= lengths[:, None]].any()
    for i in (0, 2, 6):
        alone = {"sample_weight": weight[i : i + 1], "reduction": "none", "lengths": lengths[i : i + 1]}
        same_bits(fl.ctc.grad(pred[i : i + 1], target[i : i + 1], **alone)[0], grad[i])
    threads = fl.get_num_threads()
    try:
        for count in (1, 2):
            fl.set_num_threads(count)
            wide = np.tile(pred, (80, 1, 1)), np.tile(target, (80, 1))
            same_bits(fl.ctc.grad(*wide, lengths=np.tile(lengths, 80), reduction="none")[-7:],
                      fl.ctc.grad(pred, target, lengths=lengths, reduction="none"))  # fmt: skip
    finally:
        fl.set_num_threads(threads)
    images = pred.reshape(7, 1, 13, 6), target.reshape(7, 1, 4)
    assert fl.ctc(*images, lengths=lengths[:, None], reduction="none").shape == (7, 1)


def test_weights_that_are_refused(backend, rng):
    pred, target, lengths = batch(rng)
    for bad in (-1, nan, inf):
        weight = np.ones(7)
        weight[5] = bad
        for call, reduction in itertools.product(CALLS, ("none", "sum")):
            with pytest.raises(ValueError, match=rf"sample_weight\[5\] is {bad}"):
                getattr(fl.ctc, call)(pred, target, lengths=lengths, sample_weight=weight, reduction=reduction)


def test_reductions_and_outputs(backend, rng):
    pred, target, lengths = batch(rng)
    weight = rng.random(7) + 0.1
    losses = fl.ctc(pred, target, lengths=lengths, reduction="none")
    given = {"lengths": lengths, "sample_weight": weight}
    assert fl.ctc(pred, target, **given) == pytest.approx((losses * weight).sum() / weight.sum(), rel=1e-12)
    assert fl.ctc(pred, target, reduction="batch_mean", **given) == pytest.approx(
        (losses * weight).sum() / 7, rel=1e-12
    )
    far = fl.ctc.value_and_grad(pred, target, lengths=lengths, sample_weight=weight * 2.0**900)
    assert far[0] == pytest.approx(fl.ctc(pred, target, **given), rel=1e-12)
    expected = fl.ctc.grad(pred, target, **given)
    np.testing.assert_allclose(far[1], expected, rtol=1e-12)
    for out in (np.empty_like(pred), np.asfortranarray(pred), np.empty(pred.shape, np.float32), pred.copy()):
        assert fl.ctc.grad(pred, target, out=out, **given) is out
        np.testing.assert_array_equal(out, expected.astype(out.dtype))
    changed = pred.copy()
    cost, grad = fl.ctc.value_and_grad(changed, target, out=changed, **given)
    assert grad is changed
    same_bits(grad, expected)
    assert cost == fl.ctc(pred, target, **given)
    assert fl.ctc.grad(pred.astype(np.float16), target, **given).dtype == np.float16


def test_edges(backend):
    keywords = {"reduction": "none"}
    for frames, labels in ((1, [1, 2]), (2, [1, 1])):  # no alignment
        value, grad = fl.ctc.value_and_grad(np.zeros((1, frames, 3)), [labels], **keywords)
        assert value[0] == inf
        assert not grad.any()
        assert not fl.ctc.grad_and_hess(np.zeros((1, frames, 3)), [labels], **keywords)[1].any()
    value, grad = fl.ctc.value_and_grad(np.zeros((1, 3, 3)), [[1]], lengths=[0], **keywords)  # nor of no frames
    assert value[0] == inf
    assert not grad.any()
    masked = np.array([[[0, 0, -inf], [0, -inf, 0]]])
    value, grad = fl.ctc.value_and_grad(masked, [[1, 2]], **keywords)
    assert value[0] == pytest.approx(math.log(4))
    np.testing.assert_allclose(grad, [[[0.5, -0.5, 0], [0.5, 0, -0.5]]])
    assert fl.ctc(masked, [[2, 1]], **keywords)[0] == inf
    for bad in (nan, inf):
        pred = np.zeros((2, 3, 3))
        pred[0, 1, 2] = bad
        value, grad = fl.ctc.value_and_grad(pred, [[1], [1]], **keywords)
        assert np.isnan(value[0])
        assert np.isnan(grad[0]).any()
        assert np.isfinite(value[1])
        assert np.isfinite(grad[1]).all()
    far = np.array([[[0, 1e4, 0], [0, 0, 1e4], [1e4, 0, 0]]])
    assert fl.ctc(far, [[1, 2]]) == 0
    assert fl.ctc(far, [[2, 1]]) == pytest.approx(2e4 - math.log(3))
    assert not fl.ctc.grad(far, [[1, 2]]).any()
    assert fl.ctc(np.zeros((2, 3, 4)), np.empty((2, 0), int), lengths=[0, 3], **keywords).tolist() == pytest.approx(
        [0, 3 * math.log(4)]
    )
    assert fl.ctc(np.zeros((0, 3, 4)), np.empty((0, 2), int), reduction="sum") == 0
    with pytest.warns(RuntimeWarning, match="empty batch"):
        assert math.isnan(fl.ctc(np.zeros((0, 3, 4)), np.empty((0, 2), int)))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_hessian_times_a_vector(backend, rng, reduction):
    pred, target, lengths = batch(rng, 3, 9, 4, 3)
    given = {"lengths": lengths, "reduction": reduction, "sample_weight": [1, 0.5, 2]}
    vector, step = rng.standard_normal(pred.shape), 1e-6
    slopes = [fl.ctc.grad(pred + sign * step * vector, target, **given) for sign in (1, -1)]
    np.testing.assert_allclose(
        fl.ctc.hvp(pred, target, vector, **given), (slopes[0] - slopes[1]) / (2 * step), atol=1e-7
    )


@pytest.mark.parametrize(
    ("error", "text", "change"),
    [
        (ValueError, "pred has shape (3,); it must have an axis of frames and one of classes", {"pred": np.zeros(3)}),
        (ValueError, "pred has shape (2, 4, 3) but target has shape (2,); it must be (2, labels)", {"target": [1, 2]}),
        (TypeError, "target has dtype float64; class ids must be integers", {"target": [[1.0], [2.0]]}),
        (ValueError, "target[1, 0] is 3; class ids must be in [0, 3)", {"target": [[1], [3]]}),
        (ValueError, "target[0, 1] is 0; that is the blank, which cannot be a label", {"target": [[1, 0], [1, 2]]}),
        (
            ValueError,
            "target[1, 1] is 2; ids below 0 end a sequence, and nothing may come after",
            {"target": [[1, 2], [-1, 2]]},
        ),
        (ValueError, "lengths[1] is 5; lengths must be in [0, 4]", {"lengths": [4, 5]}),
        (ValueError, "pred has shape (2, 4, 3) but lengths has shape (1,); it must be (2,)", {"lengths": [4]}),
        (TypeError, "lengths has dtype float64; lengths must be integers", {"lengths": [4.0, 4.0]}),
        (ValueError, "blank is 3; it must be in [0, 3)", {"blank": 3}),
    ],
)
@pytest.mark.parametrize("call", CALLS)
def test_refused(backend, error, text, change, call):
    given = {"pred": np.zeros((2, 4, 3)), "target": [[1], [2]]} | change
    with pytest.raises(error, match=re.escape(text)):
        getattr(fl.ctc, call)(given.pop("pred"), given.pop("target"), **given)


def test_no_constant():
    with pytest.raises(ValueError, match="ctc has no best constant"):
        fl.ctc.constant([[1, 2]])
    for target in ([1.0, 2.0], [1.0, nan], [1.0, inf]):
        with pytest.raises(TypeError, match="target has dtype float64; class ids must be integers"):
            fl.ctc.constant(target)


def test_dtypes_of_labels(backend, rng):
    pred, target, _ = batch(rng)
    expected = fl.ctc(pred, target)
    for dtype in (np.int8, np.int16, np.int32, ">i8"):
        assert fl.ctc(pred, target.astype(dtype)) == expected
    unsigned = np.abs(target)
    assert fl.ctc(pred, unsigned.astype(np.uint8)) == fl.ctc(pred, unsigned)
    assert all(fl.ctc(pred.astype(d), target) == pytest.approx(expected, rel=1e-3) for d in (*DTYPES, np.float16))
