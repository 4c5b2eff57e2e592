"""Loss functions for NumPy arrays, with gradient and curvature, compiled, in one pass over memory.

>>> import fastloss as fl
>>> fl.huber([1.0, 2.0, 30.0], [1.0, 1.0, 1.0])
9.666666666666666
"""

from . import linear
from ._core.backend import show_config
from ._core.loss import Loss
from ._core.threads import get_num_threads, set_num_threads
from ._version import __version__
from .accumulator import Accumulator
from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from .losses import (
    binary_cross_entropy,
    categorical_cross_entropy,
    cosine_distance,
    cox,
    gaussian_nll,
    hinge,
    huber,
    kl_divergence,
    l1,
    l2,
    log_cosh,
    log_loss,
    logcosh,
    mae,
    mse,
    pseudo_huber,
    rmse,
    rmsle,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
    softmax_focal,
    softmax_kl_divergence,
    sparse_categorical_cross_entropy,
    squared_hinge,
)

__all__ = [
    "Accumulator",
    "Loss",
    "__version__",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "cosine_distance",
    "cox",
    "gaussian_nll",
    "get_num_threads",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "linear",
    "log_cosh",
    "log_loss",
    "log_sigmoid",
    "log_softmax",
    "logcosh",
    "logsumexp",
    "mae",
    "mse",
    "pseudo_huber",
    "rmse",
    "rmsle",
    "set_num_threads",
    "show_config",
    "sigmoid",
    "sigmoid_cross_entropy",
    "softmax",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_kl_divergence",
    "softplus",
    "sparse_categorical_cross_entropy",
    "squared_hinge",
]
