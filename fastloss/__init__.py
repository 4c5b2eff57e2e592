"""Loss functions for NumPy arrays, with gradient and curvature, compiled, in one pass over memory.

>>> import fastloss as fl
>>> fl.huber([1.0, 2.0, 30.0], [1.0, 1.0, 1.0])
9.666666666666666
"""

# The losses register in this order, and tables list them in it.
# isort: off
from .regression import huber, l1, l2, mae, mse, pseudo_huber, rmse
from .classification import (
    binary_cross_entropy,
    categorical_cross_entropy,
    hinge,
    log_loss,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    sparse_categorical_cross_entropy,
    squared_hinge,
)
from .divergence import kl_divergence, softmax_kl_divergence
from .activations import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
# isort: on

from . import linear
from ._accumulator import Accumulator
from ._backend import show_config
from ._loss import Loss
from ._threads import get_num_threads, set_num_threads
from ._version import __version__

__all__ = [
    "Accumulator",
    "Loss",
    "__version__",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "get_num_threads",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "linear",
    "log_loss",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "mae",
    "mse",
    "pseudo_huber",
    "rmse",
    "set_num_threads",
    "show_config",
    "sigmoid",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "softmax_kl_divergence",
    "softplus",
    "sparse_categorical_cross_entropy",
    "squared_hinge",
]
