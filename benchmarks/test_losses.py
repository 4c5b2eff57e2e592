"""Every loss of the registry: call × dtype × size × kernels × threads, with the NumPy expression for reference.

    pytest benchmarks/                                     # all of it
    pytest benchmarks/ -k 'huber and value' --sizes 65536  # some of it
    pytest benchmarks/ --benchmark-save=before             # keep the figures ...
    pytest benchmarks/ --benchmark-compare                 # ... and compare with them later

Rows of one group (loss, call, dtype, size) are alternatives to one another.
"""

import numpy as np
import pytest

import fastloss as fl
from fastloss._core.registry import REGISTRY
from fastloss.bench import measure
from fastloss.bench.data import inputs
from fastloss.bench.rivals.numpy_expressions import NUMPY

CALLS = ["value", "grad", "value_and_grad", "value_and_grad_out", "grad_and_hess"]


def drawn(loss, size, dtype):
    """A batch of about this size: at least some rows, and no more than the loss is made for."""
    cell = next(measure.cells([loss], [dtype], [size], [max(2, min(1000, size // 100))]))
    return inputs(loss, cell.size, dtype, cell.classes or 1)


def group(benchmark, loss, call, dtype, size):
    benchmark.group = f"{loss} {call} {dtype} {size}"


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("loss", REGISTRY)
def test_fastloss(benchmark, selected, loss, call, dtype, size, backend, threads):
    group(benchmark, loss, call, dtype, size)
    function = getattr(fl, loss)
    pred, target = drawn(function, size, dtype)
    out = np.empty_like(pred)
    calls = {
        "value": lambda: function(pred, target),
        "grad": lambda: function.grad(pred, target),
        "value_and_grad": lambda: function.value_and_grad(pred, target),
        "value_and_grad_out": lambda: function.value_and_grad(pred, target, out=out),
        "grad_and_hess": lambda: function.grad_and_hess(pred, target),
    }
    benchmark(calls[call])


@pytest.mark.parametrize("call", ["value", "value_and_grad"])
@pytest.mark.parametrize("loss", [name for name in REGISTRY if name in NUMPY])
def test_numpy_expression(benchmark, loss, call, dtype, size):
    group(benchmark, loss, call, dtype, size)
    pred, target = drawn(getattr(fl, loss), size, dtype)
    value, slope = NUMPY[loss]
    benchmark(lambda: value(pred, target) if call == "value" else (value(pred, target), slope(pred, target)))
