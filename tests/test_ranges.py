"""Results that are in range although something on the way is not, and what must not depend on the way."""

import re

import numpy as np
import pytest
from cases import running

import fastloss as fl


def test_roots_of_large_equal_numbers(backend):
    """Errors of 0 or 1e-200 between numbers of 1e200."""
    value, grad = fl.rmse.value_and_grad([1e200], [1e200])
    assert value == 0
    np.testing.assert_array_equal(grad, [0])
    opposite = np.zeros(100)
    opposite[7] = 1.5e308
    value, grad = fl.rmse.value_and_grad(opposite, -opposite)
    assert value == pytest.approx(3e307, rel=1e-15), "of a difference that is out of range itself"
    assert grad[7] == pytest.approx(0.1, rel=1e-15)
    assert fl.rmse([1e200, 1e-200], [1e200, 0]) == pytest.approx(1e-200 / np.sqrt(2), rel=1e-15)


@pytest.mark.parametrize(
    ("errors", "weight", "value"),
    [([1.0, 2.0], 1e-300, np.sqrt(2.5) * 1e-150), ([1e10, 2.0], 1e308, np.sqrt(0.5) * 1e164)],
)
def test_roots_of_weighted_sums(backend, errors, weight, value):
    """√(Σwd²/N), whose square leaves the range."""
    got, grad = fl.rmse.value_and_grad(errors, [0, 0], sample_weight=[weight] * 2, reduction="batch_mean")
    assert got == pytest.approx(value, rel=1e-14)
    np.testing.assert_allclose(grad, weight / 2 * (np.array(errors) / value), rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_class_weights_of_rows_do_not_depend_on_the_batch(backend, dtype, rng):
    for classes in (2, 7, 20, 95, 96, 300):
        alone_or_not(classes, dtype, rng)


def alone_or_not(classes, dtype, rng):
    pred, target = rng.standard_normal((20, classes)).astype(dtype), rng.random((20, classes)).astype(dtype) / classes
    keywords = {"class_weight": rng.random(classes), "reduction": "none"}
    losses = fl.softmax_cross_entropy(pred, target, **keywords)
    alone = [fl.softmax_cross_entropy(pred[i : i + 1], target[i : i + 1], **keywords)[0] for i in range(20)]
    np.testing.assert_array_equal(losses, alone)


def test_class_weights_far_apart(backend):
    """Only their ratio counts, and the one that is used may be the smallest."""
    logits = [[0.0, 0.0]]
    for class_weight, weight in (([1e-300, 1e300], 1), ([1e-200] * 2, 1e-200), ([1e200] * 2, 1e200)):
        got = fl.softmax_cross_entropy(logits, [0], class_weight=class_weight, sample_weight=[weight])
        assert got == pytest.approx(np.log(2), rel=1e-15)


def test_no_mass_is_no_divergence(backend):
    assert fl.softmax_kl_divergence([[1.0, 2.0, 3.0]], [[0.0, 0.0, 0.0]]) == 0
    assert np.isnan(fl.softmax_kl_divergence([[np.nan, 2.0, 3.0]], [[0.0, 0.0, 0.0]]))


@pytest.mark.parametrize("classes", [70_000, 300_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("kind", ["ids", "rows", "divergence", "masked"])
def test_long_rows_shared_among_threads(compiled, threads, kind, classes, dtype, rng):
    """The same bits as by one thread, also where the first chunks are masked."""
    pred = (3 * rng.standard_normal((1, classes))).astype(dtype)
    pred[0, : 5000 if kind == "masked" else 0] = -np.inf
    target = rng.random((1, classes)).astype(dtype) / classes if kind in ("rows", "divergence") else [classes - 7]
    loss = fl.softmax_kl_divergence if kind == "divergence" else fl.softmax_cross_entropy
    results = []
    for n in (1, 2, 3):
        threads(n)
        value, grad = loss.value_and_grad(pred, target)
        results.append([value, grad, loss.grad_and_hess(pred, target)[1], fl.logsumexp(pred), fl.softmax(pred)])
    for other in results[1:]:
        for x, y in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("loss", [fl.softmax_cross_entropy, fl.softmax_kl_divergence, fl.categorical_cross_entropy])
def test_a_bad_target_in_a_shared_row(compiled, threads, loss, dtype):
    threads(2)
    target = np.full((1, 70_000), 1 / 70_000, dtype)
    pred = target.copy()
    target[0, 50_003] = 2
    for call in (loss, loss.grad, loss.value_and_grad, loss.grad_and_hess):
        with pytest.raises(ValueError, match=re.escape("target[0, 50003] is 2; target must be in [0, 1]")):
            call(pred, target)


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "megabytes"), [(fl.softmax_cross_entropy, 8), (fl.softmax_focal, 4), (fl.softmax_kl_divergence, 4)]
)
def test_rows_whose_exponentials_are_not_kept(compiled, threads, loss, megabytes, dtype, rng):
    """Longer than that a thread would keep them, and no multiple of a vector; from 8 MB on the gradient is written around the
    cache."""
    classes = (megabytes << 20) // np.dtype(dtype).itemsize + 5
    pred = (3 * rng.standard_normal((1, classes))).astype(dtype)
    target = rng.random((1, classes)).astype(dtype) / classes
    results = []
    for n in (1, 2):
        threads(n)
        results.append((*loss.value_and_grad(pred, target), *loss.grad_and_hess(pred, target)))
    for x, y in zip(*results, strict=True):
        np.testing.assert_array_equal(x, y)
    with running("numpy"):
        expected = *loss.value_and_grad(pred, target), *loss.grad_and_hess(pred, target)
    for x, y in zip(results[0], expected, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4 if dtype == np.float32 else 1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_that_outgrow_the_cache(compiled, threads, dtype, rng):
    """Written around it: the same bits as of parts, which are not."""
    numbers = (8 << 20) // np.dtype(dtype).itemsize + 1001
    pred, target = (3 * rng.standard_normal((2, numbers))).astype(dtype)
    ids = rng.integers(0, 3, numbers // 3)
    for loss, p, t in (
        (fl.huber, pred, target),
        (fl.log_cosh, pred[3:], target[3:]),
        (fl.softmax_cross_entropy, pred[: len(ids) * 3].reshape(-1, 3), ids),
    ):
        middle = len(p) // 2 + 1

        def all_results(p, t, loss=loss):
            return *loss.value_and_grad(p, t, reduction="none"), loss.grad(p, t, reduction="sum"), *(
                loss.grad_and_hess(p, t, reduction="none")
            )  # fmt: skip

        parts = all_results(p[:middle], t[:middle]), all_results(p[middle:], t[middle:])
        for n in (1, 2):
            threads(n)
            for x, *cut in zip(all_results(p, t), *parts, strict=True):
                np.testing.assert_array_equal(x, np.concatenate(cut))


def test_strided_results_of_several_threads(compiled, threads, rng):
    """No thread writes what it has not computed: its buffer is empty until it begins."""
    threads(4)
    pred = rng.standard_normal((300_000, 2))
    target = rng.standard_normal(300_000)
    expected = fl.mse.grad(pred[:, 0], target)
    for _ in range(20):
        place = pred.copy()
        np.testing.assert_array_equal(fl.mse.grad(place[:, 0], target, out=place[:, 0]), expected)


def test_totals_of_any_size():
    """Sums over pieces: float32 squares, weights whose sum leaves the range."""
    for error in (2e20, 1e-25):
        total = fl.Accumulator("rmse")
        total.update(np.full(4, error, np.float32), np.zeros(4, np.float32))
        assert total.compute() == pytest.approx(float(np.float32(error)), rel=1e-15)
    for weight in (1e308, 5e-324):
        total = fl.Accumulator("mse")
        for _ in range(3):
            total.update(np.full(10, 0.1), np.zeros(10), np.full(10, weight))
        assert total.compute() == pytest.approx(0.01, rel=1e-14)
    total, whole = fl.Accumulator("mse"), fl.Accumulator("mse", reduction="sum")
    for pred, weight in ((1.0, 1e-300), (3.0, 1e290)):
        total.update([pred], [0.0], [weight])
        whole.update([pred], [0.0], [weight])
    assert total.compute() == 9
    assert whole.compute() == pytest.approx(9e290, rel=1e-15)


def test_linear_models_of_samples_that_are_not_there():
    """What has no weight may have any features; only the ratio of weights counts."""
    X, y = np.array([[np.nan], [1.0], [2.0]]), np.array([1.0, 2.0, 3.0])
    value, grad = fl.linear.objective(fl.mse, X, y, sample_weight=[0, 1, 1])(np.zeros(2))
    assert value == 6.5
    np.testing.assert_array_equal(grad, [-8, -5])
    for weight in (1e-50, 1e39, 1e308):
        objective = fl.linear.objective(fl.mse, np.float32(X[1:]), y[1:], sample_weight=[weight] * 2)
        value, grad = objective(np.zeros(2))
        assert value == pytest.approx(6.5, rel=1e-6)
        np.testing.assert_allclose(grad, [-8, -5], rtol=1e-6)


def test_class_weights_from_end_to_end_of_the_range(backend):
    for label in (0, 1):
        cost = fl.softmax_cross_entropy([[0.0, 0.0]], [label], class_weight=[5e-324, 1.7e308])
        assert cost == np.log(2)
