"""The losses: a definition each, in one file a family. They register in this order, and tables list them in it."""

# isort: off
from .regression import l1, l2, mae, mse, rmse
from .robust import (
    barron,
    bisquare,
    cauchy,
    fair,
    geman_mcclure,
    general_robust,
    huber,
    leclerc,
    log_cosh,
    logcosh,
    lorentzian,
    pseudo_huber,
    soft_l1,
    tukey_biweight,
    welsch,
)
from .quantiles import epsilon_insensitive, expectile, pinball, quantile, squared_epsilon_insensitive
from .relative import mape, msle, rmsle, smape, squared_log_error
from .classification import (
    binary_cross_entropy,
    hinge,
    log_loss,
    sigmoid_cross_entropy,
    squared_hinge,
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
# isort: on

__all__ = [
    "barron",
    "binary_cross_entropy",
    "bisquare",
    "categorical_cross_entropy",
    "cauchy",
    "cosine_distance",
    "cox",
    "epsilon_insensitive",
    "expectile",
    "fair",
    "gaussian_nll",
    "geman_mcclure",
    "general_robust",
    "hinge",
    "huber",
    "kl_divergence",
    "l1",
    "l2",
    "leclerc",
    "log_cosh",
    "log_loss",
    "logcosh",
    "lorentzian",
    "mae",
    "mape",
    "mse",
    "msle",
    "pinball",
    "pseudo_huber",
    "quantile",
    "rmse",
    "rmsle",
    "sigmoid_cross_entropy",
    "smape",
    "soft_l1",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_kl_divergence",
    "sparse_categorical_cross_entropy",
    "squared_epsilon_insensitive",
    "squared_hinge",
    "squared_log_error",
    "tukey_biweight",
    "welsch",
]
