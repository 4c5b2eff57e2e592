"""What holds for every loss whatever its inputs: hypothesis looks for those for which it does not."""

import math

import numpy as np
import pytest
from cases import LEVELS, POINTWISE, REGISTRY, SOFTMAX, distributions, named, running
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from truths import robust

each_loss = pytest.mark.parametrize("loss", REGISTRY.values(), ids=named)
searching = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
seeds = st.integers(0, 2**32 - 1)
sizes = st.integers(1, 300) | st.sampled_from([1023, 1024, 1025, 5000])
widths = st.integers(1, 40) | st.sampled_from([95, 96, 2048, 2049])


@st.composite
def batches(draw, loss):
    """A batch that suits the loss, with weights and parameters of its own."""
    rng = np.random.default_rng(draw(seeds))
    parameters = {}
    if loss.name in POINTWISE:
        n = draw(sizes)
        pred, target = rng.standard_normal(n) * np.exp(rng.uniform(-5, draw(st.sampled_from([0, 2, 5])), n)), None
        if "pred" in loss.domains:
            pred = np.clip(rng.random(n), 1e-6, 1 - 1e-6)
        if "target" not in loss.domains:
            target = pred + rng.standard_normal(n) * np.exp(rng.uniform(-5, 3, n))
        elif "-1 or" in loss.domains["target"].text:
            target = rng.choice([-1.0, 1.0], n)
        else:
            target = rng.integers(0, 2, n).astype(float) if draw(st.booleans()) else rng.random(n)
    else:
        n, classes = draw(st.integers(1, 60)), draw(widths)
        pred = rng.standard_normal((n, classes)) * 4 if loss in SOFTMAX else distributions(rng, n, classes)
        target = rng.integers(0, classes, n) if (loss.ids and draw(st.booleans())) or not loss.rows else None
        target = np.minimum(distributions(rng, n, classes), 1) if target is None else target
    bound = {
        "delta": (1e-3, 1e3), "margin": (0.0, 9.0), "pos_weight": (0.0, 20.0), "label_smoothing": (0.0, 1.0),
        "eps": (0.0, 0.1), "epsilon": (0.0, 3.0), "alpha": (-8.0, 4.0) if loss.name == "barron" else (0.01, 0.99),
    }  # fmt: skip
    for name in set(loss.parameters) & set(bound):
        if draw(st.booleans()):
            parameters[name] = draw(st.floats(*bound[name]))
    weight = rng.random(n) if draw(st.booleans()) else None
    return pred, target, weight, parameters


def close(a, b, digits, size=1.0):
    """Equal to so many digits of the larger, or of `size`."""
    np.testing.assert_allclose(a, b, rtol=10.0**-digits, atol=10.0**-digits * size)


@pytest.mark.thread_unsafe
@each_loss
@given(data=st.data())
@searching
def test_kernels_agree_with_numpy(loss, data):
    """Every level of them, on whatever is drawn."""
    pred, target, weight, parameters = data.draw(batches(loss))
    keywords = parameters | {"sample_weight": weight}
    answers = []
    for level in LEVELS:
        with running(level):
            answers.append(
                [
                    loss(pred, target, **keywords),
                    *loss.value_and_grad(pred, target, **keywords),
                    *loss.grad_and_hess(pred, target, **keywords),
                ]
            )
    truth = answers.pop()
    cancels = 1 / (len(pred) * truth[0]) if loss.cost_only and truth[0] else 0.0  # in a root's Hessian
    for answer in answers:
        for ours, twin in zip(answer, truth, strict=True):
            close(ours, twin, 12, np.max(np.abs(twin)) + cancels + 1e-300)


@each_loss
@given(data=st.data())
@searching
def test_reductions_are_those_of_the_losses(loss, data):
    pred, target, weight, parameters = data.draw(batches(loss))
    keywords = parameters | {"sample_weight": weight}
    w = np.ones(len(pred)) if weight is None else weight
    mean, slope = loss.value_and_grad(pred, target, **keywords)
    if not loss.cost_only:
        each, slopes = loss.value_and_grad(pred, target, reduction="none", **keywords)
        assert each.shape == w.shape
        total = math.fsum(each)
        size = math.fsum(abs(each)) + 1e-300
        close(loss(pred, target, reduction="sum", **keywords), total, 12, size)
        close(mean, total / w.sum(), 12, size)
        close(loss(pred, target, reduction="batch_mean", **keywords), total / len(w), 12, size)
        close(slope * w.sum(), slopes, 10, np.abs(slopes).max() + 1e-300)
        bare = loss(pred, target, reduction="none", **parameters)
        close(each, bare * w, 13, np.abs(bare).max() + 1e-300)
    twice = [np.concatenate([x, x]) if x is not None else None for x in (pred, target, weight)]
    close(loss(twice[0], twice[1], sample_weight=twice[2], **parameters), mean, 11, abs(mean) + 1e-12)
    if weight is not None:
        close(loss(pred, target, sample_weight=weight * 8, **parameters), mean, 13, abs(mean) + 1e-300)


@each_loss
@given(data=st.data())
@searching
def test_the_order_of_samples_changes_rounding_only(loss, data):
    pred, target, weight, parameters = data.draw(batches(loss))
    order = np.random.default_rng(0).permutation(len(pred))
    keywords = {"sample_weight": None if weight is None else weight[order]} | parameters
    cost, slope = loss.value_and_grad(pred, target, sample_weight=weight, **parameters)
    again, permuted = loss.value_and_grad(pred[order], target[order], **keywords)
    close(again, cost, 12, abs(cost) + 1e-12)
    close(permuted, slope[order], 11, np.abs(slope).max() + 1e-300)


@each_loss
@given(data=st.data())
@searching
def test_gradients_are_derivatives_along_a_line(loss, data):
    """The cost between two points is the integral of the gradient: exact, and no step size to choose."""
    pred, target, weight, parameters = data.draw(batches(loss))
    if loss.name in {"mae", "hinge"} | robust.CORNERED or parameters.get("eps"):
        return  # with corners, which the quadrature does not see
    rng = np.random.default_rng(1)
    step = rng.uniform(-1, 1, pred.shape) * (0.2 * np.minimum(pred, 1 - pred) if "pred" in loss.domains else 0.01)
    step = step * np.minimum(1, parameters.get("delta", 1))  # nothing narrower than the nodes are apart
    if loss.name == "huber":  # nobody crosses where its slope bends
        d, delta = pred - target, parameters.get("delta", 1.0)
        side, then = (np.sign(x) * (np.abs(x) > delta) for x in (d, d + step))
        step = np.where(side == then, step, 0)
    keywords = parameters | {"sample_weight": weight}
    if loss.name in {"rmse", "rmsle"} and loss(pred, target, **keywords) < 0.05:
        return  # near 0, a root turns within a step
    nodes, weights = np.polynomial.legendre.leggauss(12)
    along = 0.0
    for x, w in zip((nodes + 1) / 2, weights / 2, strict=True):
        along += w * math.fsum((loss.grad(pred + x * step, target, **keywords) * step).ravel())
    ends = [loss(pred + x * step, target, **keywords) for x in (0, 1)]
    close(ends[1] - ends[0], along, 4, 1e-6 * (1 + max(map(abs, ends))))


@each_loss
@given(data=st.data())
@searching
def test_hessians_are_curvature(loss, data):
    """The diagonal against differences of the gradient, one coordinate of each sample at a time."""
    pred, target, _, parameters = data.draw(batches(loss))
    if loss.name in {"mae", "hinge", "squared_hinge", "huber"} | robust.BENT or parameters.get("eps"):
        return  # whose curvature jumps
    reduction = "mean" if loss.cost_only else "none"
    samples, axis = len(pred), np.random.default_rng(2).integers(0, pred[0].size or 1)
    pred, target = (pred[:1], target[:1]) if loss.cost_only else (pred, target)
    where = (slice(None), axis) if pred.ndim == 2 else slice(None)
    if loss.cost_only and abs(pred[0] - target[0]) < 1e-3:
        return
    here = pred[where]
    if "pred" in loss.domains and not np.all((here > 0) & (here < 1)):
        return
    h = 1e-4 * np.minimum(here, 1 - here) if "pred" in loss.domains else np.full(here.shape, 1e-4)
    h = h * min(1.0, parameters.get("delta", 1.0))

    def slope(k):
        moved = pred.copy()
        moved[where] = here + k * h
        return loss.grad(moved, target, reduction=reduction, **parameters)[where]

    hess = loss.grad_and_hess(pred, target, reduction=reduction, **parameters)[1][where]
    difference = (8 * (slope(1) - slope(-1)) - (slope(2) - slope(-2))) / (12 * h)
    size = np.maximum(np.abs(hess), np.abs(slope(0)) / h * 1e-9)
    assert np.all(np.abs(difference - hess) <= 1e-5 * size + 1e-9), samples


@each_loss
@given(data=st.data(), share=st.floats(0, 1))
@searching
def test_losses_are_convex(loss, data, share):
    """The cost between two points is never above the chord, but for losses that let go of outliers, and relative ones."""
    pred, target, weight, parameters = data.draw(batches(loss))
    if parameters.get("eps") and loss.name != "mape":
        return  # a clipped probability is flat beyond the clip
    if loss.name in robust.NOT_CONVEX or (loss.name == "barron" and parameters.get("alpha", 1.0) < 1):
        return
    other = np.random.default_rng(3).permutation(pred)
    keywords = parameters | {"sample_weight": weight}
    between = loss(share * pred + (1 - share) * other, target, **keywords)
    ends = [loss(x, target, **keywords) for x in (pred, other)]
    assert between <= share * ends[0] + (1 - share) * ends[1] + 1e-12 * (1 + max(ends))


LAYOUTS = {
    "contiguous": lambda x: x,
    "every other": lambda x: np.repeat(x, 2, axis=0)[::2],
    "reversed": lambda x: x[::-1].copy()[::-1],
    "Fortran": np.asfortranarray,
    "swapped": lambda x: x.astype(x.dtype.newbyteorder()),
    "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), x.dtype, offset=1).reshape(x.shape),
    "broadcast": lambda x: np.broadcast_to(x, (2, *x.shape))[1],
}


def read_only(x):
    x = x.view()
    x.flags.writeable = False
    return x


@each_loss
@given(data=st.data(), layouts=st.tuples(*[st.sampled_from(sorted(LAYOUTS))] * 3))
@searching
def test_layouts_change_nothing(loss, data, layouts):
    pred, target, weight, parameters = data.draw(batches(loss))
    arrays = [pred, target, weight]
    laid = [None if x is None else read_only(LAYOUTS[n](x)) for x, n in zip(arrays, layouts, strict=True)]
    cost, slope = loss.value_and_grad(pred, target, sample_weight=weight, **parameters)
    again, same = loss.value_and_grad(laid[0], laid[1], sample_weight=laid[2], **parameters)
    close(again, cost, 12, abs(cost) + 1e-12)
    close(same, slope, 12, np.abs(slope).max() + 1e-300)
    assert same.dtype == slope.dtype


@each_loss
@given(data=st.data())
@searching
def test_axes_of_length_zero(loss, data):
    shape = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3).filter(lambda s: 0 in s))
    pred = np.zeros(shape)
    target = pred
    if loss.name not in POINTWISE:
        target = np.zeros(shape[:-1], int) if loss.ids else pred
        if shape[-1] == 0 and 0 not in shape[:-1]:
            with pytest.raises(ValueError, match="class"):
                loss(pred, target)
            return
    if not loss.cost_only:
        assert loss(pred, target, reduction="sum") == 0.0
        assert loss(pred, target, reduction="none").size == 0
        assert loss.grad(pred, target, reduction="sum").shape == tuple(shape)
    with pytest.warns(RuntimeWarning, match="empty batch"):
        assert math.isnan(loss(pred, target))
