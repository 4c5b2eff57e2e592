"""JAX: XLA's compilation of the textbook's formulas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import nn
from jax.scipy import special

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


def ahead(s: Any, ids: Any) -> Any:
    """By how much classes come too near to the label's, which itself does not."""
    return jnp.maximum(0, 1 + s - of_label(s, ids)[:, None]) * (1 - jax.nn.one_hot(ids, s.shape[1], dtype=s.dtype))


def overlap(p: Any, t: Any, weight: float) -> Any:
    """1 less the quotient."""
    shared = jnp.sum(p * t, axis=1) + 1
    return 1 - shared / (shared + weight * jnp.sum(p + t - 2 * p * t, axis=1))


def tukey(p: Any, t: Any) -> Any:
    """Of what is nearer than 4.685."""
    return 4.685**2 / 6 * (1 - (1 - jnp.minimum(((p - t) / 4.685) ** 2, 1)) ** 3)


def asymmetric(x: Any, t: Any) -> Any:
    """Of positives and of negatives."""
    v = jnp.maximum(nn.sigmoid(x) - 0.05, 0)
    return jnp.where(t == 1, -nn.sigmoid(-x) * nn.log_sigmoid(x), -(v**4) * jnp.log1p(-v))


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "mse": lambda p, t: jnp.mean((p - t) ** 2),
    "rmse": lambda p, t: jnp.sqrt(jnp.mean((p - t) ** 2)),
    "mae": lambda p, t: jnp.mean(jnp.abs(p - t)),
    "huber": lambda p, t: jnp.mean(jnp.where(jnp.abs(p - t) <= 1, 0.5 * (p - t) ** 2, jnp.abs(p - t) - 0.5)),
    "pseudo_huber": lambda p, t: jnp.mean(jnp.sqrt(1 + (p - t) ** 2) - 1),
    "log_cosh": lambda p, t: jnp.mean(jnp.logaddexp(p - t, t - p)) - jnp.log(2),
    "fair": lambda p, t: jnp.mean(jnp.abs(p - t) - jnp.log1p(jnp.abs(p - t))),
    "cauchy": lambda p, t: jnp.mean(jnp.log1p((p - t) ** 2)) / 2,
    "tukey_biweight": lambda p, t: jnp.mean(tukey(p, t)),
    "welsch": lambda p, t: jnp.mean(1 - jnp.exp(-((p - t) ** 2))) / 2,
    "geman_mcclure": lambda p, t: jnp.mean((p - t) ** 2 / (1 + (p - t) ** 2)) / 2,
    "barron": lambda p, t: jnp.mean(jnp.sqrt(1 + (p - t) ** 2) - 1),
    "quantile": lambda p, t: jnp.mean(jnp.maximum(0.5 * (t - p), 0.5 * (p - t))),
    "expectile": lambda p, t: jnp.mean(jnp.where(p < t, 0.5, 0.5) * (p - t) ** 2),
    "epsilon_insensitive": lambda p, t: jnp.mean(jnp.maximum(jnp.abs(p - t) - 0.1, 0)),
    "squared_epsilon_insensitive": lambda p, t: jnp.mean(jnp.maximum(jnp.abs(p - t) - 0.1, 0) ** 2),
    "rmsle": lambda p, t: jnp.sqrt(jnp.mean((jnp.log1p(p) - jnp.log1p(t)) ** 2)),
    "msle": lambda p, t: jnp.mean((jnp.log1p(p) - jnp.log1p(t)) ** 2),
    "mape": lambda p, t: jnp.mean(jnp.abs((p - t) / t)),
    "smape": lambda p, t: jnp.mean(2 * jnp.abs(p - t) / (jnp.abs(p) + jnp.abs(t))),
    "poisson_nll": lambda x, t: jnp.mean(jnp.exp(x) - t * x),
    "poisson_deviance": lambda p, t: 2 * jnp.mean(special.xlogy(t, t) - t * jnp.log(p) - t + p),
    "gamma_nll": lambda x, t: jnp.mean(x + t * jnp.exp(-x)),
    "gamma_deviance": lambda p, t: 2 * jnp.mean(jnp.log(p / t) + t / p - 1),
    "tweedie_nll": lambda x, t: 2 * jnp.mean(jnp.exp(x / 2) + t * jnp.exp(-x / 2)),
    "tweedie_deviance": lambda p, t: 4 * jnp.mean((jnp.sqrt(p) - jnp.sqrt(t)) ** 2 / jnp.sqrt(p)),
    "negative_binomial_nll": lambda x, t: jnp.mean((t + 1) * nn.softplus(x) - t * x),
    "hinge": lambda p, t: jnp.mean(jnp.maximum(0, 1 - t * p)),
    "squared_hinge": lambda p, t: jnp.mean(jnp.maximum(0, 1 - t * p) ** 2),
    "perceptron": lambda p, t: jnp.mean(jnp.maximum(0, -t * p)),
    "logistic": lambda p, t: jnp.mean(nn.softplus(-t * p)),
    "exponential": lambda p, t: jnp.mean(jnp.exp(-t * p)),
    "modified_huber": lambda p, t: jnp.mean(jnp.where(t * p >= -1, jnp.maximum(0, 1 - t * p) ** 2, -4 * t * p)),
    "binary_cross_entropy": lambda p, t: -jnp.mean(t * jnp.log(p) + (1 - t) * jnp.log1p(-p)),
    "sigmoid_cross_entropy": lambda x, t: jnp.mean(jnp.maximum(x, 0) - x * t + jnp.log1p(jnp.exp(-jnp.abs(x)))),
    "sigmoid_focal": lambda x, t: jnp.mean(nn.sigmoid((1 - 2 * t) * x) ** 2 * nn.softplus((1 - 2 * t) * x)),
    "sigmoid_brier": lambda x, t: jnp.mean((nn.sigmoid(x) - t) ** 2),
    "sigmoid_asymmetric": lambda x, t: jnp.mean(asymmetric(x, t)),
    "categorical_cross_entropy": lambda p, t: -jnp.sum(t * jnp.log(p)) / len(p),
    "sparse_categorical_cross_entropy": lambda p, t: -jnp.mean(jnp.log(of_label(p, t))),
    "softmax_cross_entropy": lambda x, t: jnp.mean(nn.logsumexp(x, axis=1) - of_label(x, t)),
    "softmax_focal": lambda x, t: -jnp.mean((1 - of_label(nn.softmax(x), t)) ** 2 * of_label(nn.log_softmax(x), t)),
    "softmax_poly": lambda x, t: jnp.mean(1 - of_label(nn.softmax(x), t) - of_label(nn.log_softmax(x), t)),
    "softmax_generalized_cross_entropy": lambda x, t: jnp.mean(1 - of_label(nn.softmax(x), t) ** 0.7) / 0.7,
    "brier": lambda p, t: jnp.mean(jnp.sum(p**2, axis=1) - 2 * of_label(p, t) + 1),
    "softmax_brier": lambda x, t: FORMULAS["brier"](nn.softmax(x), t),
    "crammer_singer_hinge": lambda s, t: jnp.mean(ahead(s, t).max(axis=1)),
    "weston_watkins_hinge": lambda s, t: jnp.sum(ahead(s, t)) / len(s),
    "kl_divergence": lambda p, t: jnp.sum(t * (jnp.log(t) - jnp.log(p))) / len(p),
    "softmax_kl_divergence": lambda x, t: jnp.sum(t * (jnp.log(t) - nn.log_softmax(x))) / len(x),
    "jensen_shannon": lambda p, t: jnp.sum(p * jnp.log(2 * p / (p + t)) + t * jnp.log(2 * t / (p + t))) / 2 / len(p),
    "softmax_jensen_shannon": lambda x, t: FORMULAS["jensen_shannon"](nn.softmax(x), t),
    "reverse_kl_divergence": lambda p, t: jnp.sum(p * jnp.log(p / t)) / len(p),
    "softmax_reverse_kl_divergence": lambda x, t: jnp.sum(nn.softmax(x) * (nn.log_softmax(x) - jnp.log(t))) / len(x),
    "gaussian_nll": lambda p, t: jnp.mean(p[:, 1] + (p[:, 0] - t) ** 2 * jnp.exp(-p[:, 1])) / 2,
    "laplace_nll": lambda p, t: jnp.mean(p[:, 1] + jnp.abs(p[:, 0] - t) * jnp.exp(-p[:, 1])),
    "cosine_distance": lambda p, t: (
        1 - jnp.mean(jnp.sum(p * t, axis=1) / (jnp.linalg.norm(p, axis=1) * jnp.linalg.norm(t, axis=1)))
    ),
    "dice": lambda p, t: jnp.mean(overlap(p, t, 0.5)),
    "jaccard": lambda p, t: jnp.mean(overlap(p, t, 1.0)),
    "tversky": lambda p, t: jnp.mean(overlap(p, t, 0.5)),
}
