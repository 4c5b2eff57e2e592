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
    brier,
    crammer_singer_hinge,
    softmax_brier,
    softmax_cross_entropy,
    softmax_focal,
    softmax_generalized_cross_entropy,
    softmax_poly,
    sparse_categorical_cross_entropy,
    weston_watkins_hinge,
)
from .ordered import ranked_probability_score, softmax_ranked_probability_score
from .divergence import (
    jensen_shannon,
    kl_divergence,
    reverse_kl_divergence,
    softmax_jensen_shannon,
    softmax_kl_divergence,
    softmax_reverse_kl_divergence,
)
from .likelihood import gaussian_nll, laplace_nll
from .embedding import cosine_distance
from .overlap import dice, jaccard, tversky
from .survival import cox
from .._core.registry import named

gce = named("gce")
multiclass_hinge = named("multiclass_hinge")
poly1 = named("poly1")
rps = named("rps")
# isort: on

__all__ = [
    "asl",
    "barron",
    "binary_cross_entropy",
    "bisquare",
    "brier",
    "categorical_cross_entropy",
    "cauchy",
    "cosine_distance",
    "cox",
    "crammer_singer_hinge",
    "dice",
    "epsilon_insensitive",
    "expectile",
    "exponential",
    "fair",
    "gamma_deviance",
    "gamma_nll",
    "gaussian_nll",
    "gce",
    "geman_mcclure",
    "general_robust",
    "hinge",
    "huber",
    "jaccard",
    "jensen_shannon",
    "kl_divergence",
    "l1",
    "l2",
    "laplace_nll",
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
    "multiclass_hinge",
    "negative_binomial_nll",
    "perceptron",
    "pinball",
    "poisson_deviance",
    "poisson_nll",
    "poly1",
    "pseudo_huber",
    "quantile",
    "ranked_probability_score",
    "reverse_kl_divergence",
    "rmse",
    "rmsle",
    "rps",
    "savage",
    "sigmoid_asymmetric",
    "sigmoid_brier",
    "sigmoid_cross_entropy",
    "sigmoid_focal",
    "smape",
    "soft_l1",
    "soft_margin",
    "softmax_brier",
    "softmax_cross_entropy",
    "softmax_focal",
    "softmax_generalized_cross_entropy",
    "softmax_jensen_shannon",
    "softmax_kl_divergence",
    "softmax_poly",
    "softmax_ranked_probability_score",
    "softmax_reverse_kl_divergence",
    "sparse_categorical_cross_entropy",
    "squared_epsilon_insensitive",
    "squared_hinge",
    "squared_log_error",
    "tukey_biweight",
    "tversky",
    "tweedie_deviance",
    "tweedie_nll",
    "welsch",
    "weston_watkins_hinge",
]
