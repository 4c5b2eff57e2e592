"""The losses: a definition each, in one file a family. They register in this order, and tables list them in it."""

# isort: off
from .regression import huber, l1, l2, log_cosh, mae, mse, pseudo_huber, rmse, rmsle
from .counts import (
    gamma_deviance,
    gamma_nll,
    negative_binomial_nll,
    poisson_deviance,
    poisson_nll,
    tweedie_deviance,
    tweedie_nll,
)
from .margin import exponential, hinge, logistic, modified_huber, perceptron, soft_margin, squared_hinge
from .classification import (
    asl,
    binary_cross_entropy,
    log_loss,
    savage,
    sigmoid_asymmetric,
    sigmoid_brier,
    sigmoid_cross_entropy,
    sigmoid_focal,
)
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
    "asl",
    "binary_cross_entropy",
    "categorical_cross_entropy",
    "cosine_distance",
    "cox",
    "exponential",
    "gamma_deviance",
    "gamma_nll",
    "gaussian_nll",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "log_cosh",
    "log_loss",
    "logcosh",
    "logistic",
    "mae",
    "modified_huber",
    "mse",
    "negative_binomial_nll",
    "perceptron",
    "poisson_deviance",
    "poisson_nll",
    "pseudo_huber",
    "rmse",
    "rmsle",
    "savage",
    "sigmoid_asymmetric",
    "sigmoid_brier",
    "sigmoid_cross_entropy",
    "sigmoid_focal",
    "soft_margin",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_kl_divergence",
    "sparse_categorical_cross_entropy",
    "squared_hinge",
    "tweedie_deviance",
    "tweedie_nll",
]
