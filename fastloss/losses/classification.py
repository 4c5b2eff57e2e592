"""Losses of a score or a probability against a label."""

from __future__ import annotations

from .._core import constants, constants_of_scores
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import LOGITS, LOGITS_OF_LABELS, PROBABILITIES
from .._core.loss import Loss


@loss(
    Pointwise,
    "-target*log(pred) - (1 - target)*log(1 - pred)",
    PROBABILITIES,
    shown=("−t log p − (1 − t) log(1 − p)", "(p − t) / (p(1 − p))"),
    constant=constants.probability,
    aliases=("log_loss",),
    eps=Parameter(
        0.0,
        high=0.5,
        open_high=True,
        text="Neither logarithm's argument is taken below it: ``-t * log(max(p, eps)) - (1 - t) * log(max(1 - p, eps))``; "
        "0 <= eps < 0.5.",
    ),
)
def binary_cross_entropy() -> None:
    """Cross-entropy of a probability: ``-t * log(p) - (1 - t) * log(1 - p)``, with 0 log 0 = 0.

    Infinite where a certain prediction is wrong, unless `eps` bounds the logarithms. The derivative is
    ``(p - t) / (p * (1 - p))``; a logarithm that `eps` bounds has no slope. If the probability comes from a sigmoid, give
    the logit to `sigmoid_cross_entropy` instead. ``log_loss`` is the same object.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.binary_cross_entropy([1.0, 0.0, 0.5], [1, 0, 1], reduction="none").round(4)
    array([0.    , 0.    , 0.6931])
    >>> fl.binary_cross_entropy([0.0], [1])
    inf
    >>> fl.binary_cross_entropy.grad([0.5, 0.8], [1, 0], reduction="none").round(12)
    array([-2.,  5.])
    """


@loss(
    Pointwise,
    "P*t*softplus(-pred) + (1 - t)*softplus(pred)",
    LOGITS,
    shown=("P·t·softplus(−x) + (1 − t)·softplus(x)", "(1 − t)σ(x) − P·t·σ(−x)"),
    constant=constants.log_odds,
    link="sigmoid",
    majorizer="tanh(x/2)/(2x), times P for what is positive",
    pos_weight=Parameter(
        1.0,
        per_column=True,
        text="P, how much a positive sample counts relative to a negative one, >= 0; or one for each column of `pred`.",
    ),
    label_smoothing=Parameter(0.0, high=1.0, text="E: t becomes ``(1 - E) * t + E / 2``, 0 <= E <= 1."),
)
def sigmoid_cross_entropy() -> None:
    """Cross-entropy of a logit: ``P * t * softplus(-x) + (1 - t) * softplus(x)``.

    `binary_cross_entropy` of ``sigmoid(x)``, but finite and exact to the last bits for logits of any size, because no
    probability near 1 is ever formed. The derivative is ``(1 - t) * sigmoid(x) - P * t * sigmoid(-x)``.

    References
    ----------
    Cox, *The regression analysis of binary sequences*, Journal of the Royal Statistical Society B 20, 1958.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid_cross_entropy([1000.0, -1000.0], [1, 1], reduction="none")
    array([   0., 1000.])
    >>> fl.sigmoid_cross_entropy.grad([0.0, 0.0], [1, 0], pos_weight=3.0, reduction="none")
    array([-1.5,  0.5])
    """


@loss(
    Pointwise,
    "w*q^gamma*C, C = t*softplus(-x) + (1 - t)*softplus(x), q = t*sigmoid(-x) + (1 - t)*sigmoid(x)",
    LOGITS,
    shown=("w·q^γ·C, q = tσ(−x) + (1 − t)σ(x), C the cross-entropy", "t = 1: −w·q^γ·(q + γpC), p = 1 − q"),
    constant=constants_of_scores.searched,
    link="sigmoid",
    majorizer="the second derivative without its negative terms",
    gamma=Parameter(
        2.0,
        text="How strongly samples that are already classified well are down-weighted, >= 0; 0 is `sigmoid_cross_entropy`.",
    ),
    alpha=Parameter(
        None,
        high=1.0,
        text="The weight of a positive sample, 0 <= alpha <= 1; a negative one has ``1 - alpha``. Without it, w is 1.",
    ),
)
def sigmoid_focal() -> None:
    """Focal loss of a logit: the cross-entropy times ``q**gamma``, where q is the probability of the wrong label.

    Samples that are already classified well count for little. With the weight ``w = alpha * t + (1 - alpha) * (1 - t)``, or 1, the
    derivative for a target of 1 is ``-w * q**gamma * (q - gamma * p * log(p))``, p = 1 - q. The second derivative is negative for
    a sample that is far on the wrong side.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, *Focal loss for dense object detection*, ICCV 2017.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid_focal([0.0, 4.0, -4.0], [1, 1, 1], reduction="none").round(4)
    array([0.1733, 0.    , 3.8749])
    >>> fl.sigmoid_focal.grad([0.0, 0.0], [1, 0], alpha=0.25, reduction="none").round(4)
    array([-0.0746,  0.2237])
    """


@loss(
    Pointwise,
    "(sigmoid(pred) - target)^2",
    LOGITS,
    shown=("(σ(x) − t)²", "2(σ(x) − t)·σ(x)σ(−x)"),
    constant=constants.log_odds,
    link="sigmoid",
    majorizer="2*(p*(1 - p))^2, the Gauss-Newton term, or the second derivative where that is larger",
    aliases=("savage",),
)
def sigmoid_brier() -> None:
    """Brier score of a logit: ``(sigmoid(x) - t)**2``, which no wrong label can make larger than 1.

    A proper score, as the cross-entropy is, but its slope dies out where a sample is far on the wrong side: ``2 * (p - t) * p *
    (1 - p)``, with p = sigmoid(x). The Brier score of a probability is `mse`. ``savage`` is the same object.

    References
    ----------
    Brier, *Verification of forecasts expressed in terms of probability*, Monthly Weather Review 78, 1950; Masnadi-Shirazi and
    Vasconcelos, *On the design of loss functions for classification*, NeurIPS 2008.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid_brier([0.0, -1000.0], [1, 1], reduction="none")
    array([0.25, 1.  ])
    >>> fl.sigmoid_brier.grad([0.0, -1000.0], [1, 1], reduction="none")
    array([-0.25,  0.  ])
    """


@loss(
    Pointwise,
    "t = 1: -q^gamma_pos*log(p); t = 0: -v^gamma_neg*log(1 - v), v = max(p - clip, 0), p = sigmoid(pred)",
    LOGITS_OF_LABELS,
    shown=(
        "t = 1: −q^γ₊ log p; t = 0: −v^γ₋ log(1 − v), v = max(p − c, 0), p = σ(x)",
        "t = 1: −q^γ₊·(q − γ₊p log p); t = 0: pq·(v^γ₋/(1 − v) − γ₋v^(γ₋−1) log(1 − v))",
    ),
    constant=constants_of_scores.searched,
    link="sigmoid",
    aliases=("asl",),
    gamma_pos=Parameter(
        1.0, text="γ₊, how strongly positive samples that are already classified well are down-weighted, >= 0."
    ),
    gamma_neg=Parameter(4.0, text="γ₋, the same for negative samples."),
    clip=Parameter(
        0.05,
        high=1.0,
        open_high=True,
        text="c, the probability up to which a negative sample costs nothing; 0 <= clip < 1.",
    ),
)
def sigmoid_asymmetric() -> None:
    """Asymmetric loss of a logit, for many labels of which few are positive: different focal losses for 1 and for 0.

    With p = sigmoid(x): for a target of 1, ``-(1 - p)**gamma_pos * log(p)``; for 0, ``-v**gamma_neg * log(1 - v)`` of the
    shifted probability ``v = max(p - clip, 0)``, which is 0, and has no slope, for easy negatives. Its authors hold the powers
    constant in the derivative; here it is the derivative of the loss. ``asl`` is the same object.

    References
    ----------
    Ridnik, Ben-Baruch, Zamir, Noy, Friedman, Protter and Zelnik-Manor, *Asymmetric loss for multi-label classification*, ICCV 2021.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid_asymmetric([0.0, 0.0, -4.0], [1, 0, 0], reduction="none").round(4)
    array([0.3466, 0.0245, 0.    ])
    >>> fl.sigmoid_asymmetric.grad([0.0, 0.0], [1, 0], reduction="none").round(4)
    array([-0.4233,  0.0731])
    """


log_loss: Loss = binary_cross_entropy
savage: Loss = sigmoid_brier
asl: Loss = sigmoid_asymmetric
