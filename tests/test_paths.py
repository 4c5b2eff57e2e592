"""One sample, one result: whatever else is asked for with it, and however few of a row's classes have any probability."""

import numpy as np
import pytest
from cases import COMPILED, DTYPES, EVERY, named, running

from fastloss._core import backend as kernels
from fastloss._core.families import Pointwise, RowLoss
from fastloss._core.inputs import Normal

POINTWISE = [loss for loss in EVERY.values() if isinstance(loss, Pointwise)]
ROWS = [
    (loss, ids)
    for loss in EVERY.values()
    if isinstance(loss, RowLoss)
    for ids in (True, False)
    if (loss.ids if ids else loss.rows)
]


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
@pytest.mark.parametrize("loss", POINTWISE, ids=named)
def test_what_else_is_asked_for_changes_no_bit(loss, dtype):
    """A compiler may fuse a product with a sum or not, as the product's other uses have it."""
    pred, target = (np.ascontiguousarray(x, dtype) for x in loss.inputs.draw(Normal(np.dtype(dtype), 1), 512, 5))
    pred, target = pred.ravel()[:512], target.ravel()[:512]
    ones, given = np.ones(len(pred)), tuple(loss._defaults)
    for level in COMPILED:
        kernel = kernels.load(level).KERNELS[loss.name].quick

        def call(number, reduction, weight=None, x=pred, t=target, kernel=kernel):
            return kernel(number, x, t, weight, reduction, None, given)

        value, grad = call(0, "none"), call(1, "none")
        curves = [call(number, "none")[1] for number in (3, 4)]
        for weight in (None, ones):
            np.testing.assert_array_equal(call(0, "none", weight), value)
            for number, place in ((2, 1), (3, 0), (4, 0)):
                np.testing.assert_array_equal(call(number, "none", weight)[place], grad)
                np.testing.assert_array_equal(call(number, "sum", weight)[place], grad)
            np.testing.assert_array_equal(call(2, "none", weight)[0], value)
            for number, curve in zip((3, 4), curves, strict=True):
                np.testing.assert_array_equal(call(number, "sum", weight)[1], curve)
        for i in range(0, len(pred), 7):  # alone, and where only sums are kept
            for times in (1, 32):
                many = np.repeat(pred[i], times), np.repeat(target[i], times)
                for cost in (call(0, "sum", None, *many), call(2, "sum", None, *many)[0]):
                    np.testing.assert_array_equal(dtype(cost / times), value[i])


@pytest.mark.thread_unsafe
@pytest.mark.parametrize(("loss", "ids"), ROWS, ids=named)
def test_rows_few_of_whose_classes_have_any_probability(loss, ids):
    """Exact zeros beside each other, in every place of a vector."""
    rng = np.random.default_rng(8)
    for classes in (3, 20, 96, 200):
        count = 40
        pred = np.full((count, classes), -800.0)
        for row in pred:
            places = rng.choice(classes, rng.integers(1, 4), replace=False)
            row[places] = rng.choice([0.0, -1, -3], len(places))
            row[places[0]] = 0
        if loss.domains.get("pred") is not None:
            pred = np.exp(pred)
            pred = np.minimum(pred / pred.sum(axis=1, keepdims=True), 1)
        target = rng.integers(0, classes, count)
        if not ids:
            target = 0.75 * np.eye(classes)[target] + 0.25 * np.eye(classes)[rng.integers(0, classes, count)]
        with running("numpy"):
            expected = results(loss, pred, target)
        for level in COMPILED:
            with running(level):
                for got, x in zip(results(loss, pred, target), expected, strict=True):
                    size = np.where(np.isfinite(x), np.abs(x), 0)
                    size = size.max(axis=-1, keepdims=True) if x.ndim > 1 else size
                    with np.errstate(invalid="ignore"):
                        close = np.abs(got - x) <= 1e-11 * (size + 1e-3)
                    assert (close | (got == x) | (np.isnan(got) & np.isnan(x))).all(), (level, classes)


def results(loss, pred, target):
    return (
        *loss.value_and_grad(pred, target, reduction="none"),
        loss.grad_and_hess(pred, target, reduction="none")[1],
    )
