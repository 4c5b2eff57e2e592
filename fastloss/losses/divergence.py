"""How far one distribution is from another."""

from __future__ import annotations

from .._core import constants
from .._core.families import AXIS, RowLoss, loss
from .._core.inputs import DISTRIBUTIONS, LOGITS_OF_DISTRIBUTIONS


@loss(
    RowLoss,
    "sum(target*(log(target) - log(pred)))",
    DISTRIBUTIONS,
    shown=("Σⱼ tⱼ(log tⱼ − log pⱼ)", "−tⱼ/pⱼ"),
    constant=constants.frequencies,
    axis=AXIS,
)
def kl_divergence() -> None:
    """Kullback-Leibler divergence KL(target || pred): ``sum(t * (log(t) - log(p)))`` for each row, with 0 log 0 = 0.

    Infinite where pred rules out what target does not. The derivative is ``-t / p``.

    References
    ----------
    Kullback and Leibler, *On information and sufficiency*, Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.kl_divergence([[0.5, 0.5]], [[1.0, 0.0]], reduction="none").round(4)
    array([0.6931])
    """


@loss(
    RowLoss,
    "KL(target || softmax(pred))",
    LOGITS_OF_DISTRIBUTIONS,
    shown=("KL(t ‖ softmax(x))", "softmax(x)·Σt − t"),
    constant=constants.log_frequencies,
    link="softmax",
    majorizer="2p(1 - p), a diagonal that is nowhere below the whole Hessian",
    axis=AXIS,
)
def softmax_kl_divergence() -> None:
    """Kullback-Leibler divergence KL(target || softmax(x)) from rows of logits.

    `softmax_cross_entropy` less the entropy of the target, and with the same derivative, ``softmax(x) * sum(t) - t``.

    References
    ----------
    Hinton, Vinyals and Dean, *Distilling the knowledge in a neural network*, 2015.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_kl_divergence([[0.0, 0.0]], [[0.5, 0.5]])
    0.0
    >>> fl.softmax_kl_divergence.grad([[0.0, 0.0]], [[1.0, 0.0]])
    array([[-0.5,  0.5]])
    """
