"""Costs and gradients of linear models, against the same done in one piece."""

import re
import tracemalloc

import numpy as np
import pytest
from cases import POINTWISE, ROWS

import fastloss as fl

SAMPLES, FEATURES, CLASSES = 300, 4, 3


def targets(loss, rng):
    """A target that suits the loss; of losses that take ids and rows, ids."""
    if loss in ROWS.values():
        return rng.integers(0, CLASSES, SAMPLES) if loss.ids else rng.dirichlet(np.ones(CLASSES), SAMPLES)
    if loss.name == "mape":
        return rng.integers(1, 3, SAMPLES).astype(float)
    return rng.choice([-1.0, 1.0], SAMPLES) if "hinge" in loss.name else rng.integers(0, 2, SAMPLES).astype(float)


@pytest.fixture(params=[*POINTWISE.values(), *ROWS.values()], ids=lambda loss: loss.name)
def problem(request, rng, monkeypatch):
    """A loss, data with scores in (0, 1), and weights; the data make seven blocks."""
    monkeypatch.setattr(fl.linear, "BLOCK_BYTES", 47 * FEATURES * 8)
    loss = request.param
    w = rng.uniform(0.05, 0.2, (FEATURES + 1) * (CLASSES if loss in ROWS.values() else 1))
    return loss, rng.random((SAMPLES, FEATURES)), targets(loss, rng), w


def in_one_piece(loss, X, target, w, l2, sample_weight):
    """The definition."""
    outputs = len(w) // (FEATURES + 1)
    coefficients = w[: FEATURES * outputs].reshape(FEATURES, outputs)
    scores = X @ coefficients + w[FEATURES * outputs :]
    scores = scores if loss in ROWS.values() else scores[:, 0]
    cost, slopes = loss.value_and_grad(scores, target, sample_weight=sample_weight)
    slopes = slopes.reshape(len(X), outputs)
    gradient = np.concatenate([(X.T @ slopes + l2 * coefficients).ravel(), slopes.sum(axis=0)])
    return cost + l2 / 2 * (coefficients**2).sum(), gradient


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_definition(backend, problem, dtype, weighted, rng):
    loss, X, target, w = problem
    X, weight = X.astype(dtype), rng.random(SAMPLES) if weighted else None
    objective = fl.linear.objective(loss, X, target, l2=0.5, sample_weight=weight)
    cost, gradient = objective(w)
    expected_cost, expected = in_one_piece(loss, X.astype(float), target, w, 0.5, weight)
    tolerance = 1e-12 if dtype == np.float64 else 2e-5
    assert type(cost) is float
    assert gradient.dtype == np.float64
    assert gradient.shape == w.shape == (objective.size,)
    np.testing.assert_allclose(cost, expected_cost, rtol=tolerance)
    np.testing.assert_allclose(gradient, expected, rtol=tolerance, atol=tolerance)
    again = objective(w)
    assert again[0] == cost
    assert again[1].tobytes() == gradient.tobytes()


def test_gradient_is_the_derivative(problem):
    loss, X, target, w = problem
    objective = fl.linear.objective(loss, X, target, l2=0.1)
    differences = [(objective(w + step)[0] - objective(w - step)[0]) / 2e-6 for step in 1e-6 * np.eye(len(w))]
    np.testing.assert_allclose(objective(w)[1], differences, atol=2e-8)


def test_without_intercept(problem):
    loss, X, target, w = problem
    outputs = len(w) // (FEATURES + 1)
    objective = fl.linear.objective(loss, X, target, fit_intercept=False)
    w[FEATURES * outputs :] = 0
    cost, gradient = fl.linear.objective(loss, X, target)(w)
    own_cost, own_gradient = objective(w[: FEATURES * outputs])
    assert objective.size == FEATURES * outputs
    assert own_cost == cost
    assert own_gradient.tolist() == gradient[: FEATURES * outputs].tolist()


@pytest.mark.parametrize(
    "given",
    [
        np.asfortranarray,
        lambda X: np.repeat(X, 2, axis=0)[::2],
        lambda X: np.repeat(X, 2, axis=1)[:, ::2],
        lambda X: X[::-1].copy()[::-1],
        lambda X: X.astype(X.dtype.newbyteorder("S")),
        lambda X: np.frombuffer(b"x" + X.tobytes(), np.uint8)[1:].view(X.dtype).reshape(X.shape),
        lambda X: X.tolist(),
    ],
    ids=["Fortran", "every other row", "every other column", "backwards", "swapped", "unaligned", "list"],
)
def test_any_layout(problem, given):
    loss, X, target, w = problem
    expected_cost, expected = fl.linear.objective(loss, X, target)(w)
    cost, gradient = fl.linear.objective(loss, given(X), target)(w)
    np.testing.assert_allclose(cost, expected_cost, rtol=1e-13)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12, atol=1e-13)


def test_several_targets(rng):
    X, target = rng.random((SAMPLES, FEATURES)), rng.random((SAMPLES, 2))
    objective = fl.linear.objective(fl.mse, X, target)
    w = rng.random(objective.size)
    first, second = (fl.linear.objective(fl.mse, X, target[:, k]) for k in (0, 1))
    pairs = w.reshape(-1, 2)
    assert objective.shape == (FEATURES, 2)
    np.testing.assert_allclose(objective(w)[0], (first(pairs[:, 0])[0] + second(pairs[:, 1])[0]) / 2)
    expected = np.stack([first(pairs[:, 0])[1], second(pairs[:, 1])[1]], axis=1) / 2
    np.testing.assert_allclose(objective(w)[1], expected.ravel())


def test_parameters(backend, rng):
    X, ids = rng.random((SAMPLES, FEATURES)), rng.integers(0, CLASSES, SAMPLES)
    ids[::5] = -1
    given = {"ignore_index": -1, "class_weight": [1.0, 2.0, 0.5, 3.0], "label_smoothing": 0.1}
    objective = fl.linear.objective(fl.softmax_cross_entropy, X, ids, **given)
    w = rng.random(objective.size)
    assert objective.shape == (FEATURES, 4), "as many classes as weights"
    scores = X @ w[: FEATURES * 4].reshape(FEATURES, 4) + w[FEATURES * 4 :]
    np.testing.assert_allclose(objective(w)[0], fl.softmax_cross_entropy(scores, ids, **given))
    del given["class_weight"]
    ids[ids == -1] = given["ignore_index"] = 255
    assert fl.linear.objective(fl.softmax_cross_entropy, X, ids, **given).shape == (FEATURES, CLASSES)


def test_a_perfect_fit_has_no_slope():
    cost, gradient = fl.linear.objective(fl.rmse, [[1.0], [2.0]], [3.0, 5.0])(np.array([2.0, 1.0]))
    assert cost == 0
    assert gradient.tolist() == [0, 0]


@pytest.mark.thread_unsafe
def test_memory_does_not_grow_with_the_data(tmp_path):
    rows, features = 100_000, 50
    X = np.lib.format.open_memmap(tmp_path / "X.npy", "w+", np.float32, (rows, features))
    X[:] = 1
    X.flush()
    X = np.load(tmp_path / "X.npy", mmap_mode="r")
    objective = fl.linear.objective(fl.sigmoid_cross_entropy, X, np.ones(rows, np.float32))
    w = np.zeros(objective.size)
    tracemalloc.start()
    cost, gradient = objective(w)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_allclose(cost, np.log(2))
    np.testing.assert_allclose(gradient, -0.5)
    numpy = fl.show_config(mode="dicts")["backend"] == "numpy"  # which works on tiles of its own
    assert peak < (1 << 18 if numpy else 1 << 16)


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"X": np.ones(3)}, ValueError, "X has shape (3,); it must be (samples, features)"),
        ({"X": np.ones((2, 2))}, ValueError, "X has shape (2, 2) but target has shape (3,); the numbers of samples must be equal"),
        (
            {"sample_weight": [1, 2]},
            ValueError,
            "X has shape (3, 2) but sample_weight has shape (2,); the numbers of samples must be equal",
        ),
        ({"X": np.ones((3, 2), complex)}, TypeError, "X has dtype complex128; it must be real numbers"),
        ({"target": 1.0}, ValueError, "X has shape (3, 2) but target has shape ()"),
        ({"target": [0, 1, 2]}, ValueError, "target[2] is 2; target must be in [0, 1]"),
        ({"sample_weight": [1, -1, 1]}, ValueError, "sample_weight[1] is -1; sample_weight must be a number >= 0"),
        ({"sample_weight": [0, 0, 0]}, ValueError, "sample_weight sums to 0"),
        ({"l2": -1.0}, ValueError, "l2 is -1.0; it must satisfy 0 <= l2 < inf"),
        ({"detla": 1.0}, TypeError, "sigmoid_cross_entropy() got an unexpected keyword argument 'detla'"),
        ({"pos_weight": -1.0}, ValueError, "pos_weight is -1.0"),
        ({"X": np.ones((0, 2)), "target": []}, ValueError, "the mean over no samples is undefined"),
        ({"loss": fl.softmax_cross_entropy, "axis": 0}, TypeError, "always on the last axis"),
        ({"classes": 2}, ValueError, "classes is 2, but sigmoid_cross_entropy has none with a target of shape (3,)"),
        ({"loss": "triplet", "target": np.zeros((3, 3), int)}, ValueError, "triplet has no linear model"),
        ({"loss": "ctc", "target": np.zeros((3, 3), int)}, ValueError, "ctc has no linear model"),
        ({"loss": fl.softmax_cross_entropy, "target": [0, 1, -1]}, ValueError, "target[2] is -1; class ids must be in [0, 2)"),
        ({"loss": fl.softmax_cross_entropy, "target": [0.0, 1, 1]}, TypeError, "class ids must be integers"),
        (
            {"loss": fl.softmax_cross_entropy, "target": [7, 7, 7], "ignore_index": 7},
            ValueError,
            "the mean over no samples is undefined",
        ),
    ],
)  # fmt: skip
def test_what_is_refused(backend, change, error, text):
    given = {"loss": fl.sigmoid_cross_entropy, "X": np.ones((3, 2)), "target": [0, 1, 1]} | change
    with pytest.raises(error, match=re.escape(text)):
        fl.linear.objective(**given)


def test_weights_of_another_size():
    objective = fl.linear.objective(fl.mse, np.ones((3, 2)), np.ones(3))
    with pytest.raises(ValueError, match=re.escape("w has shape (2,); it must be (3,), the number of weights")):
        objective(np.ones(2))
    with pytest.raises(TypeError, match="w has dtype complex128; it must be real numbers"):
        objective(np.ones(3, complex))


@pytest.mark.parametrize(("loss", "shape"), [("mse", ()), ("mse", (3,)), ("softmax_cross_entropy", ())])
def test_one_weight_for_all_of_many_samples(loss, shape, rng):
    """However many blocks they make."""
    n = 70_000
    X, target = rng.standard_normal((n, 2)), rng.integers(0, 2, (n, *shape))
    one = fl.linear.objective(loss, X, target, sample_weight=np.full((1,) * (1 + len(shape)), 2.0))
    none = fl.linear.objective(loss, X, target)
    w = rng.standard_normal(none.size)
    np.testing.assert_allclose(one(w)[0], none(w)[0], rtol=1e-13)
    np.testing.assert_allclose(one(w)[1], none(w)[1], rtol=1e-11, atol=1e-13)
    np.testing.assert_allclose(one.hessp(w, w), none.hessp(w, w), rtol=1e-11, atol=1e-13)
    assert one.sums(w)[2] == 2 * none.sums(w)[2]


@pytest.mark.parametrize("size", [1e-320, 1e-300, 1e-42, 1e38, 1e300])
@pytest.mark.parametrize("weight", [None, 1e-200, 1e150])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "softmax_focal"])
def test_only_the_ratio_of_class_weights_counts(backend, loss, dtype, weight, size, rng):
    X, target = rng.standard_normal((9, 2)).astype(dtype), np.arange(9) % 2
    given = {} if weight is None else {"sample_weight": np.full(9, weight)}
    classes = size * np.array([1.0, 2.0])
    far = fl.linear.objective(loss, X, target, class_weight=classes, **given)
    near = fl.linear.objective(loss, X, target, class_weight=classes / size)
    w = np.arange(6.0) / 2
    eps = 50 * np.finfo(dtype).eps
    np.testing.assert_allclose(far(w)[0], near(w)[0], rtol=eps)
    np.testing.assert_allclose(far(w)[1], near(w)[1], rtol=eps, atol=eps)
    np.testing.assert_allclose(far.hessp(w, w), near.hessp(w, w), rtol=eps, atol=eps)
    if weight is None and 1e-300 <= size <= 1e38:
        np.testing.assert_allclose(far.sums(w)[2], size * 13.0, rtol=1e-15)
        np.testing.assert_allclose(far.sums(w)[1], size * near.sums(w)[1], rtol=eps, atol=eps * size)


def test_a_product_leaves_out_samples_that_are_not_there(rng):
    X, target, weight = rng.standard_normal((5, 1)), rng.random(5) + 2, np.array([1, 0, 2, 1, 1.0])
    there = weight > 0
    X[1] = np.nan
    for loss in ("rmse", "rmsle", "mse", "huber"):
        w, v = np.array([0.1, 1.0]), np.array([1.0, -2.0])
        X = np.where(np.isnan(X), X, np.abs(X))
        got = fl.linear.objective(loss, X, target, sample_weight=weight).hessp(w, v)
        expected = fl.linear.objective(loss, X[there], target[there], sample_weight=weight[there]).hessp(w, v)
        np.testing.assert_allclose(got, expected, rtol=1e-12)


@pytest.mark.parametrize("size", [1e-25, 1e-15, 1e15, 1e25])
def test_roots_of_squares_beyond_float32(size):
    """X·w for a target of 0 and w of 1: the root is |X|, and so is its slope; of a straight line there is no curvature."""
    problem = fl.linear.objective("rmse", np.full((1000, 1), size, np.float32), np.zeros(1000), fit_intercept=False)
    cost, slope = problem([1.0])
    assert cost == pytest.approx(size, rel=1e-6)
    assert slope == pytest.approx(size, rel=1e-6)
    assert abs(problem.hessp([1.0], [1.0])) <= 1e-5 * size


def test_parameters_are_those_that_were_given():
    """What becomes of the arrays later does not matter."""
    X, target, classes, alphas = np.ones((2, 1)), [0, 1], np.array([1.0, 2.0]), np.array([0.5, 0.1])
    problem = fl.linear.objective("softmax_cross_entropy", X, target, class_weight=classes, fit_intercept=False)
    quantiles = fl.linear.objective("quantile", X, np.ones((2, 2)), alpha=alphas, fit_intercept=False)
    before, too = problem([0, 1.0])[0], quantiles([0, 0.5])[0]
    classes *= [10, 1]
    alphas += 7
    assert problem([0, 1.0])[0] == before
    assert quantiles([0, 0.5])[0] == too


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "crps_ensemble", "triplet", "supcon"])
def test_numbers_of_classes_that_are_none(loss):
    for count in (0, -1):
        with pytest.raises(ValueError, match=f"classes is {count}; there must be at least 1|no linear model"):
            fl.linear.objective(loss, np.ones((4, 2)), [0, 0, 1, 1], classes=count)
