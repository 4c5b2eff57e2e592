"""Keras's own formulas on its JAX backend, compiled by JAX."""

import os

os.environ["KERAS_BACKEND"] = "jax"

import jax.numpy as jnp
import keras

from . import jax_jit


class Rival(jax_jit.Rival):
    """The functions of `keras.losses`; Keras takes the target first, and reduces the last axis itself."""

    def __init__(self) -> None:
        losses = keras.losses
        self.formulas = {
            "mse": lambda p, t: losses.mean_squared_error(t, p),
            "mae": lambda p, t: losses.mean_absolute_error(t, p),
            "huber": lambda p, t: losses.huber(t, p),
            "hinge": lambda p, t: losses.hinge(t, p),
            "squared_hinge": lambda p, t: losses.squared_hinge(t, p),
            "binary_cross_entropy": lambda p, t: losses.binary_crossentropy(t, p),
            "sigmoid_cross_entropy": lambda x, t: losses.binary_crossentropy(t, x, from_logits=True),
            "softmax_cross_entropy": lambda x, t: jnp.mean(
                losses.sparse_categorical_crossentropy(t, x, from_logits=True)
            ),
            "kl_divergence": lambda p, t: jnp.mean(losses.kl_divergence(t, p)),
        }

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        version = super().start(threads)
        keras.config.set_floatx("float64")  # or it would round float64 away
        return f"{keras.__version__} on JAX {version}"
