"""Who takes part: one module each, every one with a class `Rival`.

A rival runs in a process of its own, which imports this package and the one module. It answers `prepare` with its fastest
public way to do the task, or with None if it has no such loss.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..._core.domains import Array

# Name -> module, in the order of the tables.
RIVALS = {
    "fastloss": "itself",
    "memory": "memory",
    "NumPy": "numpy_expressions",
    "numba": "numba_loops",
    "numba parallel": "numba_parallel",
    "JAX": "jax_jit",
    "optax": "optax_losses",
    "Keras": "keras_losses",
    "PyTorch": "pytorch",
    "torch.compile": "pytorch_compiled",
    "scikit-learn": "sklearn_losses",
}


@dataclass
class Task:
    """One cell of the table: what is to be computed. `out` is where a gradient may go; parameters have their defaults."""

    loss: str
    call: str
    pred: Array
    target: Array
    out: Array

    @property
    def gradient(self) -> bool:
        """Whether the gradient is wanted beside the cost."""
        return self.call == "value_and_grad"


@dataclass
class Candidate:
    """A way to do it, and how its answer reads as a cost and a gradient (None where that is not asked; the floor's both are)."""

    run: Callable[[], Any]
    read: Callable[[Any], tuple[float | None, Array | None]]


def seconds(run: Callable[[], Any]) -> float:
    """The best of some tries, the first of which, with what it has to compile, does not count."""
    run()
    best = math.inf
    for _ in range(7):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best
