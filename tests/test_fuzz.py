"""The fuzzer's property on some random calls, and the calls that it once found to be answered wrongly."""

import enum
import random

import numpy as np
import pytest
from cases import CALLS, DTYPES, REGISTRY, named, select
from fuzz import LENGTH, check

import fastloss as fl


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("seed", range(10))
def test_random_calls(seed):
    generator = random.Random(seed)
    for _ in range(100):
        check(generator.randbytes(generator.randrange(1, LENGTH + 1)))
    select()


class Reduction(str, enum.Enum):
    SUM = "sum"


@pytest.mark.parametrize("loss", REGISTRY.values(), ids=named)
def test_reductions_that_are_no_plain_strings(backend, loss):
    """A string of another type is what it equals."""
    arguments = np.ones((2, 3)), np.ones((2, 3)) if loss.name != "sparse_categorical_cross_entropy" else np.ones(2, int)
    for method in (getattr(loss, call) for call in CALLS):
        if loss.cost_only:
            with pytest.raises(ValueError, match="rmse is the root of a mean"):
                method(*arguments, reduction=Reduction.SUM)
        else:
            np.testing.assert_equal(method(*arguments, reduction=Reduction.SUM), method(*arguments, reduction="sum"))


@pytest.mark.parametrize("dtype", DTYPES, ids=named)
def test_label_that_is_nan_shows_in_the_hessian(backend, dtype):
    target = np.array([np.nan, 1, 0], dtype)
    grad, hess = fl.sigmoid_cross_entropy.grad_and_hess(np.zeros(3, dtype), target, reduction="sum")
    np.testing.assert_array_equal(grad, np.array([np.nan, -0.5, 0.5], dtype))
    np.testing.assert_array_equal(hess, np.array([np.nan, 0.25, 0.25], dtype))


def test_hessian_of_rmse_with_huge_weights(backend):
    """A weight that all samples share is no weight."""
    pred, target = np.array([1, 2, 4], np.float32), np.zeros(3, np.float32)
    weight = np.full(3, 1e37, np.float32)
    grad, hess = fl.rmse.grad_and_hess(pred, target)
    got = fl.rmse.grad_and_hess(pred, target, sample_weight=weight)
    np.testing.assert_allclose(got, (grad, hess), rtol=1e-5)
