"""Losses of embeddings that are compared with each other, against their definitions in exact arithmetic."""

import re
from functools import cache
from itertools import product

import ml_dtypes
import mpmath as mp
import numpy as np
import pytest
from cases import CALLS, DTYPES
from test_truths import unaligned
from truths import Exact, digits, inf, nan, near, num, same_bits
from truths_structured import embeddings, supcon, triplet

import fastloss as fl
from fastloss._core import similarities

REDUCTIONS = ("sum", "mean", "batch_mean")
STEP = mp.mpf(10) ** -30
TRIED = [
    ("supcon", {}),
    ("supcon", {"temperature": 0.5}),
    ("nt_xent", {}),
    ("triplet", {}),
    ("triplet", {"margin": 0.25}),
]
each_loss = pytest.mark.parametrize(("name", "own"), TRIED, ids=str)
each_name = pytest.mark.parametrize("name", ["supcon", "nt_xent", "triplet"])
each_dtype = pytest.mark.parametrize("dtype", DTYPES, ids=lambda dtype: dtype.__name__)
pytestmark = pytest.mark.filterwarnings("ignore:the mean over .* is undefined")


def defined(name, x, target, weight, own):
    """Cost, weight and number of terms, of rows of numbers of mpmath."""
    weight = None if weight is None else [num(w) for w in weight]
    if name == "triplet":
        return triplet(x, target.tolist(), num(own.get("margin", 1.0)), weight)
    return supcon(x, target.tolist(), num(own.get("temperature", 0.1 if name == "supcon" else 0.5)), weight)


def drawn(name, n, d, dtype=np.float64, seed=0):
    """Embeddings; labels of which some occur once, but for views; as many triplets as embeddings."""
    rng = np.random.default_rng([n, d, seed])
    x = (rng.standard_normal((n, d)) * np.exp(rng.standard_normal((n, 1)))).astype(dtype)
    if name == "triplet":
        return x, np.array([rng.choice(n, 3, replace=False) for _ in range(n)])
    return x, rng.permutation(n) // 2 if name == "nt_xent" else rng.integers(0, max(2, n // 3), n)


@cache
def truth_of(name, n, d, dtype, weighted, own):
    """The sum; its gradient and the Hessian's diagonal by differences in 100 digits; the weight and number of its terms."""
    x, target = drawn(name, n, d, dtype)
    weight = np.resize([1, 0.5, 3, 2], n) if weighted else None
    with digits(80):
        rows = [[num(v) for v in row] for row in x]
        value, mass, count = defined(name, rows, target, weight, dict(own))
        grad, hess = [], []
        for i, j in product(range(n), range(d)):
            ends = []
            for step in (STEP, -STEP):
                moved = [list(row) for row in rows]
                moved[i][j] += step
                ends.append(defined(name, moved, target, weight, dict(own))[0])
            grad.append((ends[0] - ends[1]) / (2 * STEP))
            hess.append((ends[0] - 2 * value + ends[1]) / STEP**2)
    return x, target, weight, value, grad, hess, mass, count


# ---- the truth -------------------------------------------------------------------------------------------------------


def test_by_hand(backend):
    x = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    for labels, value in (([7, 7, 8, 8], np.log(1 + 2 * np.exp(-2))), ([7, 8, 7, 8], 2 + np.log(1 + 2 * np.exp(-2)))):
        assert float(supcon([[num(v) for v in row] for row in x], labels, num(0.5))[0] / 4) == pytest.approx(value)
        for loss in (fl.supcon, fl.nt_xent):
            assert loss(x, labels, temperature=0.5) == pytest.approx(value, rel=1e-14)
    assert fl.supcon(x, [1, 1, 1, 2], temperature=0.5) == pytest.approx(
        (2 * (np.log(np.exp(2) + 2) - 1) + np.log(2 + np.exp(2))) / 3
    )
    corners = [[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]]
    assert fl.triplet(corners, [[0, 1, 2]]) == 4
    assert fl.triplet(corners, [[0, 2, 1]]) == 0
    assert fl.triplet(corners, [[0, 2, 1]], margin=3.5) == 0.5
    np.testing.assert_allclose(fl.triplet.grad(corners, [[0, 1, 2]]), [[-0.6, 0.2], [0.6, 0.8], [0, -1]], rtol=1e-15)
    curved = fl.triplet.grad_and_hess(corners, [[0, 1, 2]])[1]
    np.testing.assert_allclose(curved, [[0.64 / 5 - 0.5, 0.36 / 5], [0.64 / 5, 0.36 / 5], [-0.5, 0]], rtol=1e-14)


def largest(name, x, slopes, bends, own):
    """What the terms of derivatives are as large as: those of a cosine, over the temperature."""
    if name == "triplet":
        return ([max(map(abs, v))] * len(v) for v in (slopes, bends))
    steep = np.repeat(1 / np.linalg.norm(x.astype(float), axis=1) / own["temperature"], x.shape[1])
    return ([num(v) for v in steep], [num(v**2) for v in steep])


@each_dtype
@each_loss
def test_every_call(backend, name, own, dtype):
    loss = getattr(fl, name)
    for (n, d), weighted in product([(4, 2), (8, 3), (12, 1), (6, 5)], (False, True)):
        x, target, weight, value, grad, hess, mass, count = truth_of(name, n, d, dtype, weighted, tuple(own.items()))
        for reduction in REDUCTIONS:
            by = {"sum": mp.mpf(1), "mean": mass, "batch_mean": mp.mpf(count)}[reduction]
            slopes, bends = ([v / by for v in vs] for vs in (grad, hess))
            keywords = {"sample_weight": weight, "reduction": reduction, **own}
            cost, first = loss.value_and_grad(x, target, **keywords)
            again, second = loss.grad_and_hess(x, target, **keywords)
            assert type(cost) is float
            steep, bent = largest(name, x, slopes, bends, {"temperature": 0.1 if name == "supcon" else 0.5} | own)
            for v in (cost, loss(x, target, **keywords)):
                near(np.float64(v), Exact([value / by], [max(value / by, 1 / by)]), 64)
            for v in (first, again, loss.grad(x, target, **keywords)):
                assert (v.dtype, v.shape) == (dtype, x.shape)
                near(v, Exact(slopes, steep), 64)
            near(second, Exact(bends, bent), 64)


@each_loss
def test_hessians_times_vectors(backend, name, own):
    """By differences of gradients along the vector."""
    x, target = drawn(name, 12, 3)
    vector, weight = np.random.default_rng(1).standard_normal((12, 3)), np.random.default_rng(2).random(12)
    loss, step = getattr(fl, name), 1e-5
    for reduction in REDUCTIONS:
        keywords = {"sample_weight": weight, "reduction": reduction, **own}
        ends = [loss.grad(x + sign * step * vector, target, **keywords) for sign in (1, -1)]
        expected = (ends[0] - ends[1]) / (2 * step)
        got = loss.hvp(x, target, vector, **keywords)
        np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-7 * np.abs(expected).max())


def test_a_view_that_is_nearly_certain(backend):
    """log(1 + rest), and the slope of it, of a rest that is nothing beside 1."""
    x = np.array([[1.0, 0.0], [1.0, 1e-3], [-1.0, 0.0], [-1.0, 1e-3]])
    target = [0, 0, 1, 1]
    cost, grad = fl.nt_xent.value_and_grad(x, target, temperature=0.025, reduction="sum")
    with digits(100):
        rows = [[num(v) for v in row] for row in x]
        value = supcon(rows, target, num(0.025))[0]
        moved = [list(row) for row in rows]
        moved[0][1] += STEP
        slope = (supcon(moved, target, num(0.025))[0] - value) / STEP
    assert 0 < cost < 1e-30
    np.testing.assert_allclose([cost, grad[0, 1]], [float(value), float(slope)], rtol=1e-9)


# ---- whatever the size -----------------------------------------------------------------------------------------------


def all_calls(loss, x, target, **keywords):
    vector = np.linspace(-1, 1, np.size(x)).reshape(np.shape(x))
    hvp = loss.hvp(x, target, vector, **keywords)
    return *loss.value_and_grad(x, target, **keywords), loss.grad_and_hess(x, target, **keywords)[1], hvp


@each_name
def test_lengths_do_not_matter_but_to_derivatives(backend, name):
    """Of triplets, a factor of all distances."""
    x, target = drawn(name, 12, 40)
    loss = getattr(fl, name)
    for size in (2.0**-560, 2.0**520):
        given = {"margin": size} if name == "triplet" else {}
        by = size if name == "triplet" else 1.0
        cost, grad = loss.value_and_grad(x, target)
        value, slope = loss.value_and_grad(x * size, target, **given)
        np.testing.assert_allclose(value, cost * by, rtol=1e-13)
        np.testing.assert_allclose(slope, grad / size * by, rtol=1e-10, atol=1e-13 * by / size)


@each_name
def test_blocks_of_rows(backend, threads, name, monkeypatch):
    x, target = drawn(name, 130, 7)
    loss = getattr(fl, name)
    whole = all_calls(loss, x, target)
    monkeypatch.setattr(similarities, "ROOM", 1000)
    for a, b in zip(whole, all_calls(loss, x, target), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-14)


@each_name
def test_threads_give_the_same_bits(compiled, threads, name):
    x, target = drawn(name, 600, 8, np.float32)
    loss = getattr(fl, name)
    threads(1)
    one = all_calls(loss, x, target)
    threads(2)
    for a, b in zip(one, all_calls(loss, x, target), strict=True):
        same_bits(a, b)


@each_name
def test_order_does_not_matter(backend, name):
    x, target = drawn(name, 40, 5)
    loss = getattr(fl, name)
    order = np.random.default_rng(0).permutation(40)
    places = np.argsort(order)
    moved = places[target] if name == "triplet" else target[order]
    value, grad = loss.value_and_grad(x[order], moved)
    expected, slope = loss.value_and_grad(x, target)
    assert value == pytest.approx(expected, rel=1e-13)
    np.testing.assert_allclose(grad, slope[order], rtol=1e-10, atol=1e-14)


def test_labels_are_any_integers(backend):
    x, target = drawn("supcon", 30, 4)
    expected = fl.supcon.value_and_grad(x, target)
    for labels in (target.astype(np.uint8), -target * 2**58, target.astype(np.uint64) + 2**63):
        got = fl.supcon.value_and_grad(x, labels)
        assert got[0] == pytest.approx(expected[0], rel=1e-14)
        np.testing.assert_allclose(got[1], expected[1], rtol=1e-11, atol=1e-14)


# ---- ends ------------------------------------------------------------------------------------------------------------


@each_name
def test_weights_of_0_take_terms_out(backend, name):
    loss = getattr(fl, name)
    x, target = drawn(name, 40, 5)
    weight = np.random.default_rng(0).random(40) + 0.1
    given = {"reduction": "sum"}
    if name == "triplet":
        gone = np.arange(40) % 3 == 0
        places, extra = target.copy(), np.concatenate([x, [[nan] * 5]])
        places[gone] = [40, -5, 10**9]
        got = all_calls(loss, extra, places, sample_weight=np.where(gone, 0, weight), **given)[:3]
        expected = all_calls(loss, x, target[~gone], sample_weight=weight[~gone], **given)[:3]
        assert not any(v[40].any() for v in got[1:])
        got = [got[0], *(v[:40] for v in got[1:])]
    else:
        gone = target == 0 if name == "nt_xent" else np.arange(40) % 3 == 0
        spoiled = np.where(gone[:, None], nan, x)
        got = all_calls(loss, spoiled, target, sample_weight=np.where(gone, 0, weight), **given)[:3]
        expected = all_calls(loss, x[~gone], target[~gone], sample_weight=weight[~gone], **given)[:3]
        assert not any(v[gone].any() for v in got[1:])
        got = [got[0], *(v[~gone] for v in got[1:])]
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-13)
    nothing = np.zeros(40)
    assert loss(x, target, sample_weight=nothing, reduction="sum") == 0
    assert np.isnan(loss(x, target, sample_weight=nothing))
    assert not loss.grad(x, target, sample_weight=nothing).any()


@each_name
def test_weights_far_from_1(backend, name):
    loss = getattr(fl, name)
    x, target = drawn(name, 20, 3)
    weight = np.random.default_rng(0).random(20) + 0.1
    expected = all_calls(loss, x, target, sample_weight=weight)
    for power in (-900, 900):
        for a, b in zip(all_calls(loss, x, target, sample_weight=weight * 2.0**power), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14)


@each_name
def test_weights_at_the_ends_of_the_range(backend, name):
    """One that no term has, as of an anchor without a partner, does not matter."""
    loss = getattr(fl, name)
    x, target = drawn(name, 20, 3)
    expected = all_calls(loss, x, target, sample_weight=np.ones(20))
    for weight in (5e-324, 1e-310, 1e-155, 1e200, 1e308):
        for a, b in zip(all_calls(loss, x, target, sample_weight=np.full(20, weight)), expected, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    heavy = np.where(np.arange(20) < 10, 1e308, 5e-324)
    for a, b in zip(
        all_calls(loss, x, target, sample_weight=heavy),
        all_calls(loss, x, target, sample_weight=np.where(heavy > 1, 1, 1e-300)),
        strict=True,
    ):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-15)
    given = [1e-310, 1e-310, 1e308]
    assert fl.supcon(x[:3], [0, 0, 1], sample_weight=given) == pytest.approx(fl.supcon(x[:3], [0, 0, 1]), rel=1e-13)


def test_zero_vectors(backend):
    """Cosine 0 to everything, and no slope."""
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    cost, grad = fl.supcon.value_and_grad(x, [0, 0, 1, 1], temperature=0.5, reduction="sum")
    rows = [[num(v) for v in row] for row in x]
    assert cost == pytest.approx(float(supcon(rows, [0, 0, 1, 1], num(0.5))[0]), rel=1e-14)
    assert grad[0].tolist() == [0, 0]
    hess = fl.supcon.grad_and_hess(x, [0, 0, 1, 1])[1]
    assert hess[0].tolist() == [0, 0]
    assert np.isfinite(hess).all()


def test_equal_points_of_a_triplet(backend):
    """The direction of a difference of nothing is 0; rows that occur twice in a triplet are no case."""
    x = np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 5.0]])
    for triplets, value, grad in (
        ([[0, 1, 2]], 0.5, [[0, 1], [0, 0], [0, -1]]),
        ([[0, 2, 1]], 6.5, [[0, -1], [0, 0], [0, 1]]),
        ([[0, 0, 2]], 0.5, [[0, 1], [0, 0], [0, -1]]),
        ([[0, 2, 2]], 3.5, [[0, 0], [0, 0], [0, 0]]),
    ):
        cost, slope = fl.triplet.value_and_grad(x, triplets, margin=3.5)
        assert (cost, slope.tolist()) == (value, grad)
        assert not np.signbit(slope[slope == 0]).any()
        assert np.isfinite(fl.triplet.grad_and_hess(x, triplets, margin=3.5)[1]).all()
    cost, grad = fl.triplet.value_and_grad(x, [[0, 1, 2]], margin=3.0)  # at the kink
    assert (cost, grad.any()) == (0, False)


@each_name
def test_nan_is_not_hidden(backend, name):
    x, target = drawn(name, 12, 3)
    loss = getattr(fl, name)
    for bad in (nan, inf):
        spoiled = x.copy()
        spoiled[target[0, 1] if name == "triplet" else 3, 1] = bad
        cost, grad = loss.value_and_grad(spoiled, target)
        assert not np.isfinite(cost)
        assert np.isnan(grad).any()
        assert np.isnan(loss.grad_and_hess(spoiled, target)[1]).any()


def test_nothing_to_compare(backend):
    for loss, x, target, what in (
        (fl.supcon, np.ones((3, 2)), [0, 1, 2], "no anchor"),
        (fl.supcon, np.ones((1, 2)), [0], "no anchor"),
        (fl.triplet, np.ones((3, 2)), np.empty((0, 3), int), "no triplet"),
        (fl.supcon, np.empty((0, 2)), [], "an empty batch"),
        (fl.nt_xent, np.empty((0, 2)), [], "an empty batch"),
        (fl.triplet, np.empty((0, 2)), np.empty((0, 3), int), "an empty batch"),
    ):
        assert loss(x, target, reduction="sum") == 0
        assert not loss.grad(x, target, reduction="sum").any()
        with pytest.warns(RuntimeWarning, match=f"the mean over {what} is undefined"):
            assert np.isnan(loss(x, target))


# ---- arguments -------------------------------------------------------------------------------------------------------


@each_name
def test_layouts_and_outputs(backend, name):
    loss = getattr(fl, name)
    for dtype in DTYPES:
        x, target = drawn(name, 24, 6, dtype)
        expected = [loss.grad(x, target), loss.grad_and_hess(x, target)[1]]
        for way in (
            np.asfortranarray(x),
            np.repeat(x, 2, axis=1)[:, ::2],
            x.astype(x.dtype.newbyteorder()),
            unaligned(x),
        ):
            way.flags.writeable = False
            same_bits(np.ascontiguousarray(loss.grad(way, unaligned(target))), expected[0])
        out = x.copy()
        assert loss.grad(out, target, out=out) is out
        same_bits(out, expected[0])
        for narrow in (np.float32, np.float16):
            outs = np.empty((2, 24, 6), narrow)
            for a, b in zip(loss.grad_and_hess(x, target, out=tuple(outs)), expected, strict=True):
                same_bits(a, b.astype(narrow))
    x, target = drawn(name, 24, 6, np.float32)
    for half in (np.float16, ml_dtypes.bfloat16):
        wide = x.astype(half).astype(np.float32)
        same_bits(
            loss.grad(x.astype(half), target).view(np.uint16), loss.grad(wide, target).astype(half).view(np.uint16)
        )
    if name != "triplet":
        same_bits(np.ascontiguousarray(loss.grad(x.T, target, axis=0).T), loss.grad(x, target))
        table = loss.grad(x.reshape(4, 6, 6), target.reshape(4, 6))
        same_bits(table.reshape(24, 6), loss.grad(x, target))
        weight = np.random.default_rng(0).random(24)
        ours = loss(x.reshape(4, 6, 6), target.reshape(4, 6), sample_weight=weight.reshape(4, 6))
        assert ours == loss(x, target, sample_weight=weight)


def refused(error, text, function, *arguments, **keywords):
    with pytest.raises(error, match=re.escape(text)):
        function(*arguments, **keywords)


@pytest.mark.parametrize("call", CALLS)
def test_what_is_refused(backend, call):
    x = np.ones((4, 2))
    for loss in (fl.supcon, fl.nt_xent):
        method = getattr(loss, call)
        text = "pred has shape (4, 2) but target has shape (3,); labels must have shape (4,)"
        refused(ValueError, text, method, x, [0, 0, 1])
        refused(TypeError, "target has dtype float64; labels must be integers", method, x, [0.0, 0, 1, 1])
        refused(
            ValueError,
            "temperature is 0.0; it must satisfy 0 < temperature < inf",
            method,
            x,
            [0, 0, 1, 1],
            temperature=0,
        )
        refused(ValueError, "pred has shape (); it must have an axis", method, 1.0, 0)
        refused(ValueError, f"{loss.name} is a cost of the whole batch", method, x, [0, 0, 1, 1], reduction="none")
        refused(ValueError, "sample_weight[2] is -1", method, x, [0, 0, 1, 1], sample_weight=[1, 1, -1, 1])
        refused(ValueError, "it must be (4,)", method, x, [0, 0, 1, 1], sample_weight=x)
    method = getattr(fl.nt_xent, call)
    for labels, text in (
        ([0, 0, 5, 6], "holds 5 once"),
        ([3, 1, 3, 3], "holds 3 3 times"),
        ([9, 8, 8, 8], "holds 9 once"),
    ):
        refused(
            ValueError, f"target {text}; nt_xent takes two views of each (supcon takes any number)", method, x, labels
        )
    refused(ValueError, "target holds 1 once", method, x, [0, 0, 1, 1], sample_weight=[1, 1, 0, 1])
    method = getattr(fl.triplet, call)
    for bad in (4, -1, 2**40):
        text = f"target[1, 2] is {bad}; places of embeddings must be in [0, 4)"
        refused(ValueError, text, method, x, [[0, 1, 2], [0, 1, bad]])
        refused(ValueError, text, method, x, [[0, 1, bad], [0, 1, bad]], sample_weight=[0, 1])
    refused(TypeError, "target has dtype float64; places of embeddings must be integers", method, x, [[0.0, 1, 2]])
    refused(
        ValueError, "target has shape (2,); its last axis must hold anchor, positive and negative", method, x, [0, 1]
    )
    refused(ValueError, "pred has shape (4,); it must be (embeddings, components)", method, x[:, 0], [[0, 1, 2]])
    refused(ValueError, "margin is -1.0; it must satisfy 0 <= margin < inf", method, x, [[0, 1, 2]], margin=-1)
    refused(ValueError, "sample_weight[0] is nan", method, x, [[0, 1, 2]], sample_weight=[nan])


def test_linear_embeddings_say_how_many_components():
    with pytest.raises(ValueError, match="supcon takes embeddings; classes must be the number of their components"):
        fl.linear.objective(fl.supcon, np.ones((4, 3)), [0, 0, 1, 1])
    assert fl.linear.objective(fl.supcon, np.ones((4, 3)), [0, 0, 1, 1], classes=2).shape == (3, 2)


def test_constants_are_as_good_as_each_other():
    for name in ("supcon", "nt_xent", "triplet"):
        assert getattr(fl, name).constant(embeddings(name, 24, 0)[1]) == 0
    with pytest.raises(TypeError, match="axis is given, but a constant embedding has none"):
        fl.supcon.constant([0, 0, 1, 1], axis=0)
