"""What a NumPy user writes, on whole arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.domains import Array
from . import Candidate, Task


class Rival:
    """The expressions below."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        return str(np.__version__)

    def prepare(self, task: Task) -> Candidate:
        """Its way to do the task."""
        value, slope = NUMPY[task.loss]
        pred, target = task.pred, task.target
        if task.gradient:
            return Candidate(lambda: (value(pred, target), slope(pred, target)), lambda pair: (float(pair[0]), pair[1]))
        return Candidate(lambda: value(pred, target), lambda cost: (float(cost), None))


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
