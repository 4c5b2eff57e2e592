"""No loop of a loss is out of proportion to its others: one that a compiler left without vectors takes some ten times as long."""

import time
from functools import cache, partial

import numpy as np
import pytest
from cases import CASES, LEVELS, named, running, sample

pytestmark = [pytest.mark.slow, pytest.mark.proportion]
SIZE = 16_384


def least(call):
    """Seconds of the quickest of many, which a neighbour disturbs least."""
    call()
    times = []
    for _ in range(25):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def measured(case, dtype):
    """Seconds of value, gradient, both, and gradient and curvature of a batch: without weights, and with them."""
    pred, target = (x.astype(dtype) for x in sample(case, np.random.default_rng(1), SIZE, dtype))
    grad, hess = np.empty((2, SIZE), dtype)
    for weight in (None, np.linspace(0.5, 2, SIZE)):
        own = case.parameters | {"sample_weight": weight, "reduction": "sum"}
        yield (
            least(partial(case.loss, pred, target, **own)),
            least(partial(case.loss.grad, pred, target, out=grad, **own)),
            least(partial(case.loss.value_and_grad, pred, target, out=grad, **own)),
            least(partial(case.loss.grad_and_hess, pred, target, out=(grad, hess), **own)),
        )


@cache
def of_squares(level, dtype):
    """The same of the simplest loss, whose time is that of the way there."""
    with running(level):
        return list(measured(CASES[0], dtype))


@pytest.mark.thread_unsafe
@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=named)
@pytest.mark.parametrize("level", LEVELS[:-1])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_loop_is_out_of_proportion(case, level, dtype):
    way, weighted_way = of_squares(level, dtype)
    with running(level):
        times, weighted = measured(case, dtype)
    value, grad, both, curved = times
    assert both <= 2 * (value + grad) + 3 * way[2]
    assert curved <= 3 * (value + grad) + 3 * way[3]
    for seconds, way_there in zip(weighted, weighted_way, strict=True):  # with weights, all that there is is computed
        assert seconds <= 3 * max(times) + 3 * way_there
