"""The losses: a definition each, in one file a family. They register in this order, and tables list them in it."""

# isort: off
from .regression import huber, l1, l2, log_cosh, mae, mse, pseudo_huber, rmse, rmsle
from .classification import (
    binary_cross_entropy,
    hinge,
    log_loss,
    sigmoid_cross_entropy,
    squared_hinge,
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
logcosh = named("logcosh")
multiclass_hinge = named("multiclass_hinge")
poly1 = named("poly1")
rps = named("rps")
# isort: on

__all__ = [
    "binary_cross_entropy",
    "brier",
    "categorical_cross_entropy",
    "cosine_distance",
    "cox",
    "crammer_singer_hinge",
    "dice",
    "gaussian_nll",
    "gce",
    "hinge",
    "huber",
    "jaccard",
    "jensen_shannon",
    "kl_divergence",
    "l1",
    "l2",
    "laplace_nll",
    "log_cosh",
    "log_loss",
    "logcosh",
    "mae",
    "mse",
    "multiclass_hinge",
    "poly1",
    "pseudo_huber",
    "ranked_probability_score",
    "reverse_kl_divergence",
    "rmse",
    "rmsle",
    "rps",
    "sigmoid_cross_entropy",
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
    "squared_hinge",
    "tversky",
    "weston_watkins_hinge",
]
