"""Keras's own formulas on its JAX backend, compiled by JAX."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax
import jax.numpy as jnp
import keras

from . import Candidate, Task, jax_jit


class Rival(jax_jit.Rival):
    """The functions of `keras.losses`; Keras takes the target first, and reduces the last axis itself."""

    def __init__(self) -> None:
        losses = keras.losses
        self.formulas = {
            "mse": lambda p, t: losses.mean_squared_error(t, p),
            "mae": lambda p, t: losses.mean_absolute_error(t, p),
            "huber": lambda p, t: losses.huber(t, p),
            "log_cosh": lambda p, t: losses.log_cosh(t, p),
            "msle": lambda p, t: losses.mean_squared_logarithmic_error(t, p),
            "mape": lambda p, t: losses.mean_absolute_percentage_error(t, p) / 100,
            "hinge": lambda p, t: losses.hinge(t, p),
            "squared_hinge": lambda p, t: losses.squared_hinge(t, p),
            "binary_cross_entropy": lambda p, t: losses.binary_crossentropy(t, p),
            "sigmoid_cross_entropy": lambda x, t: losses.binary_crossentropy(t, x, from_logits=True),
            "sigmoid_focal": lambda x, t: losses.binary_focal_crossentropy(t, x, from_logits=True),
            "softmax_cross_entropy": lambda x, t: jnp.mean(
                losses.sparse_categorical_crossentropy(t, x, from_logits=True)
            ),
            "softmax_focal": lambda x, t: jnp.mean(
                losses.categorical_focal_crossentropy(
                    jax.nn.one_hot(t, x.shape[1], dtype=x.dtype), x, alpha=1, from_logits=True
                )
            ),
            "kl_divergence": lambda p, t: jnp.mean(losses.kl_divergence(t, p)),
            "cosine_distance": lambda p, t: 1 + jnp.mean(losses.cosine_similarity(t, p)),
        }

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        return f"{keras.__version__} on JAX {super().start(threads)}"

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task, in float32: it takes the mean of float64 in that, too."""
        return super().prepare(task) if task.pred.dtype == "float32" else None
