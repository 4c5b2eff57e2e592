"""The side-by-side of every loss on a large batch: beside NumPy's expression, and beside what the memory can do."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from . import _backend, _threads
from ._loss import REGISTRY, Loss
from ._rows import RowLoss
from ._validate import Array
from .activations import softmax

CALLS = {"value": "__call__", "value_and_grad": "value_and_grad"}


@dataclass
class Row:
    """One line of the table."""

    loss: str
    call: str
    dtype: str
    seconds: float
    numpy_seconds: float
    floor_seconds: float
    gigabytes_per_second: float

    @property
    def floor_share(self) -> float:
        """How much of the speed of memory is reached."""
        return self.floor_seconds / self.seconds

    @property
    def speedup(self) -> float:
        """Against the NumPy expression."""
        return self.numpy_seconds / self.seconds


def inputs(loss: Loss, size: int, dtype: str, classes: int = 1000, seed: int = 0) -> tuple[Array, Array]:
    """A batch that suits the loss: labels of the right coding, probabilities where it wants them; class ids for rows."""
    rng = np.random.default_rng(seed)
    number = np.dtype(dtype).type
    if isinstance(loss, RowLoss):
        classes = min(classes, size)
        shape = (size // classes, classes)
        pred = rng.standard_normal(shape, dtype=np.float32).astype(number)
        pred = softmax(pred) if "pred" in loss.domains else pred
        if loss.ids:
            return pred, rng.integers(0, classes, shape[0])
        return pred, softmax(rng.standard_normal(shape, dtype=np.float32).astype(number))
    wide = np.float64 if number is np.float64 else np.float32
    pred = rng.standard_normal(size, dtype=wide).astype(number, copy=False)
    target = rng.standard_normal(size, dtype=wide).astype(number, copy=False)
    if "pred" in loss.domains:
        pred = 1 / (1 + np.exp(-pred))
    if "target" in loss.domains:
        low = -1 if "-1" in loss.domains["target"].text else 0
        target = np.where(target > 0, number(1), number(low))
    return pred, target


# What a NumPy user writes, on whole arrays: the cost, and its gradient. Parameters have their defaults.
def sigmoid(x: Array) -> Array:
    """The textbook's stable form."""
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1 / (1 + e), e / (1 + e))


def log_softmax(x: Array) -> Array:
    """The textbook's stable form."""
    z: Array = x - x.max(axis=1, keepdims=True)
    logs: Array = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return logs


def of_label(x: Array, ids: Array) -> Array:
    """The number of each row's class."""
    return x[np.arange(len(x)), ids]


def at_label(like: Array, ids: Array, values: Any) -> Array:
    """Rows of 0 but for their classes."""
    rows = np.zeros_like(like)
    rows[np.arange(len(rows)), ids] = values
    return rows


NUMPY: dict[str, tuple[Callable[[Array, Array], Any], Callable[[Array, Array], Array]]] = {
    "mse": (lambda p, t: np.mean((p - t) ** 2), lambda p, t: 2 * (p - t) / p.size),
    "rmse": (
        lambda p, t: np.sqrt(np.mean((p - t) ** 2)),
        lambda p, t: (p - t) / (p.size * np.sqrt(np.mean((p - t) ** 2))),
    ),
    "mae": (lambda p, t: np.mean(np.abs(p - t)), lambda p, t: np.sign(p - t) / p.size),
    "huber": (
        lambda p, t: np.mean(np.where(np.abs(p - t) <= 1, 0.5 * (p - t) ** 2, np.abs(p - t) - 0.5)),
        lambda p, t: np.clip(p - t, -1, 1) / p.size,
    ),
    "pseudo_huber": (
        lambda p, t: np.mean(np.sqrt(1 + (p - t) ** 2) - 1),
        lambda p, t: (p - t) / np.sqrt(1 + (p - t) ** 2) / p.size,
    ),
    "hinge": (
        lambda p, t: np.mean(np.maximum(0, 1 - t * p)),
        lambda p, t: np.where(t * p < 1, -t, 0) / p.size,
    ),
    "squared_hinge": (
        lambda p, t: np.mean(np.maximum(0, 1 - t * p) ** 2),
        lambda p, t: -2 * t * np.maximum(0, 1 - t * p) / p.size,
    ),
    "binary_cross_entropy": (
        lambda p, t: -np.mean(t * np.log(p) + (1 - t) * np.log1p(-p)),
        lambda p, t: (p - t) / (p * (1 - p)) / p.size,
    ),
    "sigmoid_cross_entropy": (
        lambda x, t: np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))),
        lambda x, t: (sigmoid(x) - t) / x.size,
    ),
    "categorical_cross_entropy": (lambda p, t: -np.sum(t * np.log(p)) / len(p), lambda p, t: -t / p / len(p)),
    "sparse_categorical_cross_entropy": (
        lambda p, t: -np.mean(np.log(of_label(p, t))),
        lambda p, t: at_label(p, t, -1 / of_label(p, t) / len(p)),
    ),
    "softmax_cross_entropy": (
        lambda x, t: -np.mean(of_label(log_softmax(x), t)),
        lambda x, t: (np.exp(log_softmax(x)) - at_label(x, t, 1)) / len(x),
    ),
    "kl_divergence": (
        lambda p, t: np.sum(t * (np.log(t) - np.log(p))) / len(p),
        lambda p, t: -t / p / len(p),
    ),
    "softmax_kl_divergence": (
        lambda x, t: np.sum(t * (np.log(t) - log_softmax(x))) / len(x),
        lambda x, t: (np.exp(log_softmax(x)) * t.sum(axis=1, keepdims=True) - t) / len(x),
    ),
}


def median_seconds(functions: list[Callable[[], Any]], rounds: int) -> list[float]:
    """The median time of each function, the rounds of all interleaved, so that a disturbance meets them all."""
    times: list[list[float]] = [[] for _ in functions]
    for function in functions:
        function()
    for _ in range(rounds):
        for function, measured in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            measured.append(time.perf_counter() - start)
    return [statistics.median(measured) for measured in times]


def floor(pred: Array, target: Array, out: Array, call: str) -> Callable[[], Any]:
    """The least that memory allows for a call: reading the inputs, and writing the gradient by the better kind of store."""
    module, threads = _backend.loops(), _threads.get_num_threads()
    second = target if target.shape == pred.shape else pred  # the same array again costs memory nothing
    words = [x.reshape(-1).view(np.uint8)[: x.nbytes // 8 * 8].view(np.int64) for x in (pred, second, out)]
    if call == "value":
        return lambda: module.read(*words[:2], threads)
    streaming = min((False, True), key=lambda s: median_seconds([lambda: module.write(*words, threads, s)], 5)[0])
    return lambda: module.write(*words, threads, streaming)


def agree(loss: Loss, call: str, pred: Array, target: Array) -> None:
    """Refuse to time what does not give the same result."""
    cost, grad = loss.value_and_grad(pred, target)
    wide = pred.astype(np.float64), target if target.dtype.kind == "i" else target.astype(np.float64)
    value, slope = NUMPY[loss.name]
    np.testing.assert_allclose(cost, value(*wide), rtol=1e-5)
    scale = float(np.max(np.abs(slope(*wide))))
    np.testing.assert_allclose(grad, slope(*wide), atol=1e-5 * scale, err_msg=f"{loss.name} {call}")


def measure(loss: Loss, call: str, dtype: str, size: int, rounds: int, classes: int) -> Row:
    """One line of the table."""
    pred, target = inputs(loss, size, dtype, classes)
    some = slice(None, 100_000 if pred.ndim == 1 else max(1, 1_000_000 // pred.shape[1]))
    agree(loss, call, pred[some], target[some])
    out = np.zeros_like(pred)
    value, slope = NUMPY[loss.name]
    if call == "value":
        ours = lambda: loss(pred, target)  # noqa: E731
        theirs = lambda: value(pred, target)  # noqa: E731
    else:
        ours = lambda: loss.value_and_grad(pred, target, out=out)  # noqa: E731
        theirs = lambda: (value(pred, target), slope(pred, target))  # noqa: E731
    seconds, least = median_seconds([ours, floor(pred, target, out, call)], rounds)
    expression = median_seconds([theirs], max(1, rounds // 3))[0]
    moved = pred.nbytes + target.nbytes + (0 if call == "value" else out.nbytes)
    return Row(loss.name, call, dtype, seconds, expression, least, moved / seconds / 1e9)


HEADER = f"{'loss':32} {'call':14} {'dtype':8} {'time':>10} {'GB/s':>7} {'of memory':>10} {'NumPy':>10} {'speed-up':>9}"


def line(row: Row) -> str:
    """A row as it is printed."""
    return (
        f"{row.loss:32} {row.call:14} {row.dtype:8} {row.seconds * 1e3:7.3f} ms {row.gigabytes_per_second:7.1f} "
        f"{row.floor_share:9.0%} {row.numpy_seconds * 1e3:8.2f} ms {row.speedup:8.1f}x"
    )


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def bench(arguments: argparse.Namespace) -> None:
    """Measure, print the table, write the figures."""
    if arguments.threads:
        _threads.set_num_threads(arguments.threads)
    config = _backend.show_config(mode="dicts")
    assert config is not None
    chosen = arguments.loss or list(REGISTRY)
    losses = [next(x for x in REGISTRY.values() if name in (x.name, *x.aliases)) for name in chosen]
    jobs = [
        (loss, call, dtype) for loss in losses for dtype in arguments.dtype or ("float32", "float64") for call in CALLS
    ]
    target = open(arguments.json, "w") if arguments.json else None  # noqa: SIM115 - fail before measuring, not after
    print(
        f"fastloss {config['version']}, {config['backend']} kernels, {config['num_threads']} threads, "
        f"{arguments.size:,} numbers (rows of {arguments.classes:,}), {processor()}"
    )
    rows = []
    for i, (loss, call, dtype) in enumerate(jobs):
        print(f"\r{i + 1}/{len(jobs)} {loss.name} {call} {dtype:20}", end="", file=sys.stderr, flush=True)
        rows.append(measure(loss, call, dtype, arguments.size, arguments.rounds, arguments.classes))
    print("\r" + " " * 70 + "\r", end="", file=sys.stderr, flush=True)
    print(HEADER)
    for row in rows:
        print(line(row))
    print(
        "of memory: speed relative to a compiled loop that only reads the inputs, and writes the gradient, in the same run"
    )
    if target is not None:
        with target:
            figures = {
                "date": datetime.date.today().isoformat(),
                "processor": processor(),
                "processors": os.cpu_count(),
                "python": platform.python_version(),
                "numpy": np.__version__,
                "size": arguments.size,
                "classes": arguments.classes,
                "rounds": arguments.rounds,
                "config": config,
                "rows": [asdict(r) | {"floor_share": r.floor_share, "speedup": r.speedup} for r in rows],
            }
            json.dump(figures, target, indent=1)
            target.write("\n")
