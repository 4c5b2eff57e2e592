"""How far one distribution is from another."""

from __future__ import annotations

from .._core import constants, constants_of_rows
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

    Infinite where `pred` rules out something that `target` does not. The derivative is ``-t / p``.

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
    majorizer="2p(1 - p): as a diagonal matrix it is nowhere below the whole Hessian",
    axis=AXIS,
)
def softmax_kl_divergence() -> None:
    """Kullback-Leibler divergence KL(target || softmax(x)) from rows of logits.

    `softmax_cross_entropy` minus the entropy of the target, with the same derivative, ``softmax(x) * sum(t) - t``.

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


@loss(
    RowLoss,
    "(KL(target || m) + KL(pred || m))/2, m = (pred + target)/2",
    DISTRIBUTIONS,
    shown=("½KL(t ‖ m) + ½KL(p ‖ m), m = ½(p + t)", "½ log(2pⱼ/(pⱼ + tⱼ))"),
    constant=constants_of_rows.between,
    majorizer="the same, which is never negative",
    axis=AXIS,
)
def jensen_shannon() -> None:
    """Jensen-Shannon divergence of rows of probabilities: the mean of both rows' divergences from the row m between them.

    ``(KL(t || m) + KL(p || m)) / 2``, symmetric, and in [0, log(2)] whatever the rows rule out; SciPy's function of this name is
    its square root. No class adds a negative term, so that it stays accurate where rows nearly agree. The derivative is
    ``log(2 * p / (p + t)) / 2``, the second one ``t / (2 * p * (p + t))``.

    References
    ----------
    Lin, *Divergence measures based on the Shannon entropy*, IEEE Transactions on Information Theory 37, 1991.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.jensen_shannon([[0.5, 0.5], [1.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], reduction="none").round(4)
    array([0.2158, 0.6931])
    """


@loss(
    RowLoss,
    "sum(pred*(log(pred) - log(target)))",
    DISTRIBUTIONS,
    shown=("Σⱼ pⱼ(log pⱼ − log tⱼ)", "log(pⱼ/tⱼ) + 1"),
    constant=constants_of_rows.geometric,
    majorizer="the same, which is never negative",
    axis=AXIS,
)
def reverse_kl_divergence() -> None:
    """Kullback-Leibler divergence KL(pred || target): ``sum(p * (log(p) - log(t)))`` for each row, with 0 log 0 = 0.

    `kl_divergence` makes a prediction cover everything that the target holds possible; this one confines it to that: it is
    infinite where `pred` allows something that `target` rules out. The derivative is ``log(p / t) + 1``, the second one ``1 / p``.

    References
    ----------
    Minka, *Divergence measures and message passing*, Microsoft Research TR-2005-173, 2005.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.reverse_kl_divergence([[0.5, 0.5]], [[0.25, 0.75]], reduction="none").round(4)
    array([0.1438])
    >>> fl.reverse_kl_divergence.grad([[0.25, 0.75]], [[0.25, 0.75]])
    array([[1., 1.]])
    """


@loss(
    RowLoss,
    "jensen_shannon of softmax(pred)",
    LOGITS_OF_DISTRIBUTIONS,
    shown=("jensen_shannon of p = softmax(x)", "pⱼ(γⱼ − Σpₖγₖ), γⱼ = ½ log(2pⱼ/(pⱼ + tⱼ))"),
    constant=constants_of_rows.log_between,
    link="softmax",
    majorizer="the Gauss-Newton term, plus the remaining term where it is positive",
    axis=AXIS,
)
def softmax_jensen_shannon() -> None:
    """Jensen-Shannon divergence of the softmax of rows of logits from rows of probabilities: `jensen_shannon` of ``softmax(x)``.

    The derivative is ``p * (g - sum(p * g))`` with ``g = log(2 * p / (p + t)) / 2``; it is bounded, and the loss is not convex.

    References
    ----------
    Lin, *Divergence measures based on the Shannon entropy*, IEEE Transactions on Information Theory 37, 1991.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_jensen_shannon([[0.0, 0.0], [1000.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]], reduction="none").round(4)
    array([0.2158, 0.6931])
    """


@loss(
    RowLoss,
    "KL(softmax(pred) || target)",
    LOGITS_OF_DISTRIBUTIONS,
    shown=("KL(softmax(x) ‖ t)", "pⱼ(λⱼ − Σpₖλₖ), λⱼ = log(pⱼ/tⱼ), p = softmax(x)"),
    constant=constants_of_rows.log_geometric,
    link="softmax",
    majorizer="the Gauss-Newton term, plus the remaining term where it is positive",
    axis=AXIS,
)
def softmax_reverse_kl_divergence() -> None:
    """Kullback-Leibler divergence KL(softmax(x) || target) of rows of logits: `reverse_kl_divergence` of ``softmax(x)``.

    This is what on-policy distillation minimises. With the logarithms ``l = log(p / t)``, the derivative is
    ``p * (l - sum(p * l))``. A target of 0 makes the loss infinite unless its class is masked by -inf; such a class is then pulled
    down, and all others up, infinitely hard.

    References
    ----------
    Gu, Dong, Wei and Huang, *MiniLLM: knowledge distillation of large language models*, ICLR 2024.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_reverse_kl_divergence([[0.0, 0.0]], [[0.25, 0.75]], reduction="none").round(4)
    array([0.1438])
    """
