"""Losses of the order of scores, within groups: of what a query finds, or of all samples."""

from __future__ import annotations

from .._core import constants
from .._core.families import GROUPS, Lists, Pairs, loss
from .._core.hyperparameters import Choice
from .._core.inputs import RELEVANCE


@loss(
    Pairs,
    "sum over pairs of a group with target_i > target_j of log(1 + exp(pred_j - pred_i))",
    RELEVANCE,
    shown=("Σ over pairs with tᵢ > tⱼ of log(1 + e^(sⱼ − sᵢ))", "−σ(sⱼ − sᵢ) for sᵢ, σ(sⱼ − sᵢ) for sⱼ, of each pair"),
    constant=constants.zero,
    majorizer="twice, of each pair, the curvature of the parabola that touches the loss at both signs of the difference: both "
    "scores move",
    groups=GROUPS,
)
def pairwise_logistic() -> None:
    """Logistic loss of the difference of scores, over all pairs of a group of which one is better: RankNet's. A cost of the batch.

    With labels 0 and 1 it is a smooth form of one minus the area under the ROC curve. The weight of a pair is the product of its
    samples' weights, as if each sample occurred that often; so to give a whole group a weight v, give its samples v**0.5.
    ``"mean"`` divides by the weights of the pairs. The work grows with the number of pairs, the square of a group's size.

    References
    ----------
    Burges et al., *Learning to rank using gradient descent*, ICML 2005.

    Examples
    --------
    >>> import fastloss as fl
    >>> scores, labels = [2.0, 1.0, 0.0, 3.0, 3.0], [2, 0, 1, 0, 1]
    >>> round(fl.pairwise_logistic(scores, labels, groups=[0, 0, 0, 1, 1], reduction="sum"), 4)       # of four pairs
    2.4466
    >>> fl.pairwise_logistic.grad([0.0, 0.0, 0.0], [2, 1, 0], reduction="sum")
    array([-1.,  0.,  1.])
    """


@loss(
    Lists,
    "sum over samples of log(sum over those of a group with no greater target of exp(pred)) - pred",
    RELEVANCE,
    shown=("Σ log Σ eˢ of those with no greater t − s", "Σ eˢ/Σ eˢ over those with no less t − 1"),
    constant=constants.zero,
    groups=GROUPS,
    ties=Choice(
        "efron",
        options=("breslow", "efron"),
        text='What samples with the same label count for: ``"breslow"``, each sees all of them; ``"efron"``, each of d sees what '
        "is left of the d on average.",
    ),
)
def listmle() -> None:
    """Negative log-likelihood of the order of a list by its labels, in the model of Plackett and Luce. A cost of the batch.

    The best is chosen first, with probability ``exp(pred) / sum(exp(pred))``, then the best of the others, and so on. Weights
    multiply the cost of each of these choices, not the chances of the samples to choose from; a weight of 0 removes a sample.
    Equal scores cost ``log(n!)``; with Efron's method, those of samples with the same label too. ``"mean"`` divides by the weights
    of all samples, so that a list counts in proportion to its length.

    References
    ----------
    Xia et al., *Listwise approach to learning to rank: theory and algorithm*, ICML 2008. Ties: Efron, *The efficiency of Cox's
    likelihood function for censored data*, Journal of the American Statistical Association 72, 1977.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.listmle([0.0, 0.0, 0.0], [3, 1, 2], reduction="sum")              # log(3!)
    1.791759469228055
    >>> fl.listmle.grad([0.0, 0.0, 1.0], [1, 0, 5], groups=[0, 0, 1], reduction="sum")
    array([-0.5,  0.5,  0. ])
    """
