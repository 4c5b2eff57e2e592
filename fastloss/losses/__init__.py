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
# isort: on

__all__ = [
    "asl",
    "barron",
    "binary_cross_entropy",
    "bisquare",
    "categorical_cross_entropy",
    "cauchy",
    "cosine_distance",
    "cox",
    "epsilon_insensitive",
    "expectile",
    "exponential",
    "fair",
    "gamma_deviance",
    "gamma_nll",
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
    "logistic",
    "lorentzian",
    "mae",
    "mape",
    "modified_huber",
    "mse",
    "msle",
    "negative_binomial_nll",
    "perceptron",
    "pinball",
    "poisson_deviance",
    "poisson_nll",
    "pseudo_huber",
    "quantile",
    "rmse",
    "rmsle",
    "savage",
    "sigmoid_asymmetric",
    "sigmoid_brier",
    "sigmoid_cross_entropy",
    "sigmoid_focal",
    "smape",
    "soft_l1",
    "soft_margin",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_kl_divergence",
    "sparse_categorical_cross_entropy",
    "squared_epsilon_insensitive",
    "squared_hinge",
    "squared_log_error",
    "tukey_biweight",
    "tweedie_deviance",
    "tweedie_nll",
    "welsch",
]
