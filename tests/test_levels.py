"""The other levels of kernels: each gives what the kernels in use give, but for a few units in the last place.

The kernels in use are held to the truth by all other tests. Here the same calls are made of both, for every loss, call,
dtype, reduction and size. What errors say is compared by test_bad_input.py, the vector functions by test_accuracy.py.
"""

import itertools

import ml_dtypes
import numpy as np
import pytest
import truths_structured
from cases import (
    BACKENDS,
    CALLS,
    CASES,
    DTYPES,
    ELEMENTWISE,
    IN_USE,
    LEVELS,
    OF_ROWS,
    ROW_WAYS,
    SOFTMAX,
    named,
    pairwise,
    row_inputs,
    running,
    sample,
)
from truths import robust

import fastloss as fl
from fastloss._core.inputs import Normal

OTHERS = [level for level in LEVELS if level not in BACKENDS and IN_USE != "numpy"]  # whose exp and log are others
pytestmark = [
    pytest.mark.thread_unsafe,
    pytest.mark.skipif(not OTHERS, reason="no other levels here"),
    pytest.mark.filterwarnings("ignore:the mean over .* is undefined"),
]
REDUCTIONS = ["none", "sum", "mean", "batch_mean"]
HALVES = [np.float16, ml_dtypes.bfloat16]
SIZES = [1, 2, 3, 7, 8, 15, 16, 31, 33, 64, 100, 1023, 1025, 5000]
SHAPES = [
    (1, 1),
    (3, 2),
    (7, 3),
    (40, 10),
    (150, 64),
    (77, 95),
    (77, 96),
    (20, 100),
    (7, 159),
    (7, 160),
    (7, 1000),
    (3, 2049),
    (2, 5000),
]
inf, nan, tiny, huge = np.inf, np.nan, 1e-38, 1e38
SPECIAL = {
    "numbers": [(inf, 0), (-inf, 1), (nan, 0), (0, nan), (huge, -huge), (0, 0), (-0.0, 0), (tiny, 0), (2, 2)],
    "signs": [(inf, 1), (-inf, 1), (nan, 1), (0.5, nan), (1, 1), (-1, -1), (huge, -1), (tiny, 1)],
    "probabilities": [(0, 0), (1, 1), (0, 1), (-0.0, 1), (-0.0, 0), (nan, 1), (0.5, nan), (tiny, 1), (tiny, 0), (0.5, 0.5)],
    "logits": [(inf, 1), (inf, 0), (-inf, 1), (nan, 0), (0, nan), (100, 1), (-100, 1), (1e4, 0), (tiny, 1), (0, 0.5)],
} | robust.SPECIAL  # fmt: skip


def close(ours, best, dtype, cancels, units):
    """Equal but for so many units in the last place of each number, or of the largest where terms cancel each other.

    A cost is a double, as precise as the losses that were computed in `dtype`.
    """
    for x, y in zip(*((r if isinstance(r, tuple) else (r,)) for r in (ours, best)), strict=True):
        assert type(x) is type(y)
        assert np.shape(x) == np.shape(y)
        x, y = np.asarray(x), np.asarray(y)
        assert x.dtype == y.dtype
        info = ml_dtypes.finfo(x.dtype if x.ndim else np.result_type(dtype, np.float32))
        wide = [v.astype(np.float64) for v in (x, y)]
        largest = np.max(np.abs(wide[1]), initial=0, where=np.isfinite(wide[1])) if cancels else 0.0
        slack = units * float(info.eps) * largest + units * float(info.smallest_subnormal)
        np.testing.assert_allclose(*wide, rtol=units * float(info.eps), atol=slack)
        zero = (wide[0] == 0) & (wide[1] == 0) & (units == 8)  # what is steep may vanish from either side
        np.testing.assert_array_equal(np.signbit(wide[0][zero]), np.signbit(wide[1][zero]))


def compare(calls, cancels=False, units=8):
    """The same calls of every level; a call is a function and what it is given."""
    answers = {}
    for level in (IN_USE, *OTHERS):
        with running(level), np.errstate(all="ignore"):
            answers[level] = [function(*arguments, **keywords) for function, arguments, keywords in calls]
    for level in OTHERS:
        for (function, arguments, keywords), ours, best in zip(calls, answers[level], answers[IN_USE], strict=True):
            try:
                close(ours, best, np.asarray(arguments[0]).dtype, cancels, units)
            except AssertionError as error:
                given = [(x.shape, x.dtype) for x in map(np.asarray, arguments)]
                raise AssertionError(f"{level}: {function} of {given}, {keywords}: {error}") from error


@pytest.mark.parametrize("case", CASES, ids=str)
def test_losses(case, rng):
    calls = []
    sizes = [
        *itertools.product(SIZES, DTYPES),
        *itertools.product((1, 33, 1025), HALVES),
        *((70_001, x) for x in DTYPES),
    ]
    for size, dtype in sizes:
        pred, target = sample(case, rng, size, dtype)
        for call, reduction, weighted in pairwise(CALLS, REDUCTIONS, [None, np.float32, np.float64]):
            keywords = case.parameters | {"reduction": reduction}
            if weighted:
                keywords["sample_weight"] = rng.random(size).astype(weighted)
            if size < 70_000 or reduction == "mean":
                calls.append((getattr(case.loss, call), (pred, target), keywords))
    family = case.inputs.__name__
    steep = case.name in robust.STEEP
    compare(calls, family == "soft_logits" or steep, 64 if steep else 8)
    pairs = SPECIAL[family.removeprefix("soft_")]
    for dtype, times in itertools.product(DTYPES, (1, 7)):
        pred, target = (np.tile(np.array(x, dtype), times) for x in zip(*pairs, strict=True))
        keywords = case.parameters | {"reduction": "none"}
        calls = [(getattr(case.loss, call), (pred, target), keywords) for call in CALLS]
        compare(calls, steep, 512 if steep else 8)  # the logarithm of 1e308 is 709


def test_roots(rng):
    calls = []
    for size, dtype, power in itertools.product(SIZES, DTYPES, (0, -30, 30)):
        pred, target = ((rng.standard_normal(size) * 10.0**power).astype(dtype) for _ in range(2))
        for call, reduction, weight in pairwise(CALLS[:3], ["mean", "batch_mean"], [None, 1.0, 1e-300]):
            keywords = {"reduction": reduction, "sample_weight": None if weight is None else rng.random(size) * weight}
            calls.append((getattr(fl.rmse, call), (pred, target), keywords))
        calls.append((fl.rmse.grad_and_hess, (pred, target), {}))
    compare(calls, cancels=True)


@pytest.mark.parametrize(("loss", "ids"), ROW_WAYS, ids=named)
def test_losses_of_rows(loss, ids, rng):
    calls = []
    for (n, classes), dtype in itertools.product(SHAPES, DTYPES + HALVES):
        pred, target = row_inputs(loss, rng, n, classes, np.float32, ids)
        pred, target = pred.astype(dtype), target if ids else target.astype(dtype)
        if loss in SOFTMAX and classes > 2:
            pred[0, 0], pred[-1, -1] = -inf, 60
        own = {"label_smoothing": [0.0, 0.1], "class_weight": [None, rng.random(classes)], "ignore_index": [None, 0]}
        own = {name: values for name, values in own.items() if name in loss.parameters}
        if not ids:
            own.pop("ignore_index", None)
        for call, reduction, weighted, turned, *given in pairwise(
            CALLS, REDUCTIONS, [False, True], [False, True], *own.values()
        ):
            keywords = dict(zip(own, given, strict=True))
            keywords |= {"reduction": reduction, "sample_weight": rng.random(n) if weighted else None}
            arguments = (pred, target)
            if turned:
                arguments, keywords = (pred.T.copy(), target if ids else target.T.copy()), keywords | {"axis": 0}
            calls.append((getattr(loss, call), arguments, keywords))
    compare(calls, cancels=True)


@pytest.mark.parametrize("name", [*ELEMENTWISE, *OF_ROWS])
def test_functions(name, rng):
    function, calls = getattr(fl, name), []
    for (n, classes), dtype in itertools.product(SHAPES, DTYPES + HALVES):
        x = (4 * rng.standard_normal((n, classes))).astype(dtype)
        x[0, 0], x[-1, -1] = -inf, 50
        calls += [(function, (x,), {}), (function, (x.T.copy().T,), {})]
        calls += (
            [(function, (x.T,), {"axis": 0})] if name in OF_ROWS else [(function, (np.array([inf, nan, -200.0]),), {})]
        )
    compare(calls, cancels=name in OF_ROWS)


@pytest.mark.parametrize("name", ["cox", *truths_structured.NAMES])
def test_losses_of_the_whole_batch(name):
    """In double, whatever the dtype, and in the same order."""
    loss = getattr(fl, name)
    calls = []
    for size, dtype in itertools.product((12, 100, 3000), DTYPES):
        pred, target = loss.inputs.draw(Normal(np.dtype(dtype), size), size, 5)
        if loss.each or "axis" in loss.parameters:
            pred, target = truths_structured.embeddings(name, size // 10, size)
        for call, reduction in itertools.product(CALLS, REDUCTIONS[1:]):
            calls.append((getattr(loss, call), (pred.astype(dtype), target), {"reduction": reduction}))
    compare(calls, cancels=True, units=64)
