"""The losses: a definition each, in one file a family. They register in this order, and tables list them in it."""

# isort: off
from .regression import huber, l1, l2, log_cosh, mae, mse, pseudo_huber, rmse, rmsle
from .margin import hinge, squared_hinge
from .classification import binary_cross_entropy, log_loss, sigmoid_cross_entropy
from .multiclass import (
    categorical_cross_entropy,
    softmax_cross_entropy,
    softmax_focal,
    sparse_categorical_cross_entropy,
)
from .divergence import kl_divergence, softmax_kl_divergence
from .likelihood import gaussian_nll
from .embedding import cosine_distance
from .survival import cox
from .._core.registry import named

logcosh = named("logcosh")
# isort: on

__all__ = [
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "cosine_distance",
    "cox",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "log_cosh",
    "log_loss",
    "logcosh",
    "mae",
    "mse",
    "pseudo_huber",
    "rmse",
    "rmsle",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_kl_divergence",
    "sparse_categorical_cross_entropy",
    "squared_hinge",
]
