"""The fuzzer's property on some random calls, and the calls that it once found to be answered wrongly."""

import enum
import random

import numpy as np
import pytest
from cases import REGISTRY
from conftest import DEFAULT
from fuzz import LENGTH, check

import fastloss as fl
from fastloss._core import backend as _backend

CALLS = ["__call__", "grad", "value_and_grad", "grad_and_hess"]


@pytest.mark.parametrize("seed", range(10))
def test_random_calls(seed):
    generator = random.Random(seed)
    for _ in range(100):
        check(generator.randbytes(generator.randrange(1, LENGTH + 1)))
    _backend.select(DEFAULT)


class Reduction(str, enum.Enum):
    SUM = "sum"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("loss", REGISTRY.values(), ids=lambda loss: loss.name)
def test_reductions_that_are_no_plain_strings(backend, loss, call):
    """Those that cannot be hashed are refused like others; a string of another type is what it equals."""
    arguments = np.ones((2, 3)), np.ones((2, 3)) if loss.name != "sparse_categorical_cross_entropy" else np.ones(2, int)
    method = getattr(loss, call)
    for bad in ([], {}, np.array(["sum"])):
        with pytest.raises(
            ValueError, match=r"^reduction is .*; it must be one of 'none', 'sum', 'mean', 'batch_mean'$"
        ):
            method(*arguments, reduction=bad)
    if loss.cost_only:
        with pytest.raises(ValueError, match="rmse is the root of a mean"):
            method(*arguments, reduction=Reduction.SUM)
    else:
        np.testing.assert_equal(method(*arguments, reduction=Reduction.SUM), method(*arguments, reduction="sum"))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("reduction", ["none", "sum"])
def test_rmse_has_no_samples_in_arrays_either(backend, call, reduction):
    with pytest.raises(ValueError, match=f"rmse is the root of a mean; reduction='{reduction}' has no meaning for it"):
        getattr(fl.rmse, call)(np.ones(3), np.zeros(3), reduction=reduction)


@pytest.mark.parametrize("loss", [fl.mse, fl.softmax_cross_entropy], ids=lambda loss: loss.name)
def test_half_a_pair(backend, loss):
    x = np.ones((2, 3))
    for i in range(2):
        pair = [np.empty((2, 3)), np.empty((2, 3))]
        pair[i] = None
        with pytest.raises(TypeError, match=rf"out\[{i}\] must be a NumPy array, not NoneType"):
            loss.grad_and_hess(x, x, out=tuple(pair))


@pytest.mark.parametrize("axis", [None, "0", 0.0, True, [], (0,)])
@pytest.mark.parametrize("function", [fl.softmax, fl.log_softmax, fl.logsumexp], ids=lambda f: f.name)
def test_axes_that_are_no_integers(backend, function, axis):
    with pytest.raises(TypeError, match=f"axis must be an integer, not {type(axis).__name__}"):
        function(np.ones((2, 3)), axis=axis)


def test_parameters_beyond_every_float(backend):
    for huge, text in ((10**400, "inf"), (-(10**400), "-inf")):
        with pytest.raises(ValueError, match=f"delta is {text}; it must satisfy 0 < delta < inf"):
            fl.huber([1.0], [0.0], delta=huge)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
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
