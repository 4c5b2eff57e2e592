"""optax's own formulas, compiled by JAX."""

import jax
import jax.numpy as jnp
import optax

from . import jax_jit


class Rival(jax_jit.Rival):
    """Those of `optax.losses` whose formula is not the textbook's one-liner."""

    def __init__(self) -> None:
        losses = optax.losses
        self.formulas = {
            "mse": lambda p, t: jnp.mean(losses.squared_error(p, t)),
            "huber": lambda p, t: jnp.mean(losses.huber_loss(p, t)),
            "log_cosh": lambda p, t: jnp.mean(losses.log_cosh(p, t)),
            "hinge": lambda p, t: jnp.mean(losses.hinge_loss(p, t)),
            "perceptron": lambda p, t: jnp.mean(losses.perceptron_loss(p, t)),
            "sigmoid_cross_entropy": lambda x, t: jnp.mean(losses.sigmoid_binary_cross_entropy(x, t)),
            "sigmoid_focal": lambda x, t: jnp.mean(losses.sigmoid_focal_loss(x, t)),
            "softmax_cross_entropy": lambda x, t: jnp.mean(losses.softmax_cross_entropy_with_integer_labels(x, t)),
            "softmax_poly": lambda x, t: jnp.mean(
                losses.poly_loss_cross_entropy(x, jax.nn.one_hot(t, x.shape[1], dtype=x.dtype), epsilon=1.0)
            ),
            "crammer_singer_hinge": lambda s, t: jnp.mean(jax.vmap(losses.multiclass_hinge_loss)(s, t)),
            "kl_divergence": lambda p, t: jnp.mean(losses.kl_divergence(jnp.log(p), t)),
            "cosine_distance": lambda p, t: jnp.mean(losses.cosine_distance(p, t)),
        }

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        return f"{optax.__version__} on JAX {super().start(threads)}"
