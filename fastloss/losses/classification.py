"""Losses of a score or a probability against a label."""

from __future__ import annotations

from .._core import constants
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import LOGITS, PROBABILITIES
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
        text="P, what a positive sample counts for beside a negative one; >= 0; or one for each column of `pred`.",
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


log_loss: Loss = binary_cross_entropy
