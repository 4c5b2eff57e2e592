"""JAX: XLA's compilation of the textbook's formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from . import Candidate, Task


class Rival:
    """`jax.jit`, and `jax.jit(jax.value_and_grad)`."""

    formulas: dict[str, Callable[[Any, Any], Any]]

    def __init__(self) -> None:
        self.formulas = FORMULAS

    def start(self, threads: int) -> str:
        """Set it up; its version. XLA takes its number of threads from the affinity mask."""
        jax.config.update("jax_enable_x64", True)
        return str(jax.__version__)

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task."""
        if task.loss not in self.formulas:
            return None
        formula = self.formulas[task.loss]
        pred, target = jnp.asarray(task.pred), jnp.asarray(task.target)
        if task.gradient:
            both = jax.jit(jax.value_and_grad(formula))
            return Candidate(lambda: jax.block_until_ready(both(pred, target)), lambda pair: (float(pair[0]), pair[1]))
        cost = jax.jit(formula)
        return Candidate(lambda: jax.block_until_ready(cost(pred, target)), lambda answer: (float(answer), None))


def of_label(x: Any, ids: Any) -> Any:
    """The number of each row's class."""
    return jnp.take_along_axis(x, ids[:, None], axis=1)[:, 0]


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "mse": lambda p, t: jnp.mean((p - t) ** 2),
    "rmse": lambda p, t: jnp.sqrt(jnp.mean((p - t) ** 2)),
    "mae": lambda p, t: jnp.mean(jnp.abs(p - t)),
    "huber": lambda p, t: jnp.mean(jnp.where(jnp.abs(p - t) <= 1, 0.5 * (p - t) ** 2, jnp.abs(p - t) - 0.5)),
    "pseudo_huber": lambda p, t: jnp.mean(jnp.sqrt(1 + (p - t) ** 2) - 1),
    "hinge": lambda p, t: jnp.mean(jnp.maximum(0, 1 - t * p)),
    "squared_hinge": lambda p, t: jnp.mean(jnp.maximum(0, 1 - t * p) ** 2),
    "binary_cross_entropy": lambda p, t: -jnp.mean(t * jnp.log(p) + (1 - t) * jnp.log1p(-p)),
    "sigmoid_cross_entropy": lambda x, t: jnp.mean(jnp.maximum(x, 0) - x * t + jnp.log1p(jnp.exp(-jnp.abs(x)))),
    "categorical_cross_entropy": lambda p, t: -jnp.sum(t * jnp.log(p)) / len(p),
    "sparse_categorical_cross_entropy": lambda p, t: -jnp.mean(jnp.log(of_label(p, t))),
    "softmax_cross_entropy": lambda x, t: jnp.mean(jax.nn.logsumexp(x, axis=1) - of_label(x, t)),
    "kl_divergence": lambda p, t: jnp.sum(t * (jnp.log(t) - jnp.log(p))) / len(p),
    "softmax_kl_divergence": lambda x, t: jnp.sum(t * (jnp.log(t) - jax.nn.log_softmax(x))) / len(x),
}
