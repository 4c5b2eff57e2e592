"""Which losses can be trained on scores that may be any number, and what to take instead of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..._core.families import Root, TwoOutputs
from ..._core.loss import Loss
from ...accumulator import summed
from .._shared import other_than_scores

OF_SCORES = {
    "binary_cross_entropy": "sigmoid_cross_entropy",
    "categorical_cross_entropy": "softmax_cross_entropy",
    "sparse_categorical_cross_entropy": "softmax_cross_entropy",
    "brier": "softmax_brier",
    "kl_divergence": "softmax_kl_divergence",
    "reverse_kl_divergence": "softmax_reverse_kl_divergence",
    "jensen_shannon": "softmax_jensen_shannon",
    "ranked_probability_score": "softmax_ranked_probability_score",
    "dice": "sigmoid_cross_entropy",
    "jaccard": "sigmoid_cross_entropy",
    "tversky": "sigmoid_cross_entropy",
    "poisson_deviance": "poisson_nll",
    "gamma_deviance": "gamma_nll",
    "tweedie_deviance": "tweedie_nll",
    "msle": "mse, with the target's log1p,",
}
CORNERS = {  # losses whose slope jumps, and whose second derivative is 0 elsewhere; with one that is smooth
    "mae": "pseudo_huber",
    "mape": "pseudo_huber, with weights of 1/|target|,",
    "smape": "pseudo_huber",
    "quantile": "expectile",
    "epsilon_insensitive": "squared_epsilon_insensitive",
    "hinge": "squared_hinge",
    "perceptron": "logistic",
    "crammer_singer_hinge": "softmax_cross_entropy",
    "weston_watkins_hinge": "power=2",
}


def check_scores(loss: Loss, tool: str) -> None:
    """Refuse a loss that not every score has a value of, or of more than one score a number."""
    if isinstance(loss, Root):
        square = summed(loss).name
        raise ValueError(
            f"{loss.name} cannot be used with {tool}: it is the root of a mean; {square} has the same minimum"
        )
    if taken := other_than_scores(loss):
        raise ValueError(f"{loss.name} cannot be used with {tool}: it takes {taken}")
    if isinstance(loss, TwoOutputs):
        raise ValueError(
            f"{loss.name} cannot be used with {tool}: it takes two predictions for each number; mse takes one"
        )
    if loss.name == "ordinal_logistic":
        raise ValueError(
            f"ordinal_logistic cannot be used with {tool}: it needs thresholds between classes, which are not fitted "
            "here; softmax_ranked_probability_score takes ordered classes, with a score for each"
        )
    if loss.name == "cosine_distance":
        raise ValueError(
            f"cosine_distance cannot be used with {tool}: it does not depend on the length of the scores; mse does"
        )
    if "pred" in loss.domains:
        domain, other = loss.domains["pred"].text, OF_SCORES[loss.name]
        raise ValueError(
            f"{loss.name} cannot be used with {tool}: its predictions must be {domain}, but a score may be any "
            f"number; {other} takes scores"
        )


def check_smooth(loss: Loss, tool: str, parameters: Mapping[str, Any]) -> None:
    """Refuse a loss whose slope jumps: a method of gradients need not arrive at its minimum."""
    if loss.name in CORNERS and parameters.get("power", 1) == 1:
        raise ValueError(
            f"{loss.name} cannot be used with {tool}: its slope jumps, and a gradient method may stop there before the minimum; "
            f"{CORNERS[loss.name]} is smooth"
        )


def check_labels(loss: Loss, tool: str) -> None:
    """Refuse a loss that is infinite for labels: rows of a 1 and zeros."""
    if loss.name in ("reverse_kl_divergence", "softmax_reverse_kl_divergence"):
        other = loss.name.replace("reverse_kl_divergence", "jensen_shannon")
        raise ValueError(
            f"{loss.name} cannot be used with {tool}: it is infinite for labels, whose rows contain zeros; {other} is not"
        )
