"""Losses of rows of classes: of probabilities or logits, against class ids or rows."""

from __future__ import annotations

from .._core import constants
from .._core.families import AXIS, CLASS_WEIGHT, IGNORE_INDEX, RowLoss, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import DISTRIBUTIONS, DISTRIBUTIONS_OF_IDS, LOGITS_OF_CLASSES

EPS = Parameter(
    0.0,
    high=0.5,
    open_high=True,
    text="No logarithm's argument is taken below it: ``-t * log(max(p, eps))``; 0 <= eps < 0.5. Where it is, the derivative "
    "is 0.",
)


@loss(
    RowLoss,
    "-sum(target*log(pred))",
    DISTRIBUTIONS,
    shown=("−Σⱼ tⱼ log pⱼ", "−tⱼ/pⱼ"),
    constant=constants.frequencies,
    axis=AXIS,
    eps=EPS,
)
def categorical_cross_entropy() -> None:
    """Cross-entropy of rows of probabilities: ``-sum(t * log(p))`` for each row, with 0 log 0 = 0.

    The derivative is ``-t / p``. If the probabilities come from a softmax, give the logits to `softmax_cross_entropy`.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.categorical_cross_entropy([[0.5, 0.5], [0.25, 0.75]], [[1, 0], [0, 1]], reduction="none").round(4)
    array([0.6931, 0.2877])
    """


@loss(
    RowLoss,
    "-log(pred[id])",
    DISTRIBUTIONS_OF_IDS,
    shown=("−log p[id]", "−1/p[id] at id"),
    constant=constants.frequencies,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
    eps=EPS,
)
def sparse_categorical_cross_entropy() -> None:
    """Cross-entropy of rows of probabilities against class ids: ``-log(p[id])``.

    The derivative is ``-1 / p[id]`` at the id and 0 elsewhere. Nothing but ``p[id]`` is looked at.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sparse_categorical_cross_entropy([[0.5, 0.5], [0.25, 0.75]], [0, 1], reduction="none").round(4)
    array([0.6931, 0.2877])
    >>> fl.sparse_categorical_cross_entropy.grad([[0.5, 0.5]], [1])
    array([[ 0., -2.]])
    """


@loss(
    RowLoss,
    "logsumexp(pred)*sum(target) - sum(target*pred)",
    LOGITS_OF_CLASSES,
    shown=("logsumexp(x)·Σt − Σ tⱼxⱼ", "softmax(x)·Σt − t"),
    constant=constants.log_frequencies,
    link="softmax",
    majorizer="2p(1 - p), a diagonal that is nowhere below the whole Hessian",
    label_smoothing=Parameter(0.0, high=1.0, text="E: t becomes ``(1 - E) * t + E / C``, 0 <= E <= 1."),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_cross_entropy() -> None:
    """Cross-entropy of rows of logits: ``-log(softmax(x)[id])``, or ``logsumexp(x) * sum(t) - sum(t * x)`` for rows.

    `categorical_cross_entropy` of the softmax, but finite and exact to the last bits for logits of any size. The derivative
    is ``softmax(x) - t``, with t 1 at the class id and 0 elsewhere; the Hessian is given by its diagonal, ``p * (1 - p)``.

    References
    ----------
    Bridle, *Probabilistic interpretation of feedforward classification network outputs*, 1990. Label smoothing: Szegedy et
    al., *Rethinking the Inception architecture for computer vision*, 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1], reduction="none").round(4).tolist()
    [0.6931, 1000.0]
    >>> fl.softmax_cross_entropy.grad([[0.0, 0.0]], [0])
    array([[-0.5,  0.5]])
    >>> fl.softmax_cross_entropy([[0.0, 0.0]], [2])
    Traceback (most recent call last):
        ...
    ValueError: target[0] is 2; class ids must be in [0, 2)
    """


@loss(
    RowLoss,
    "-(1 - p[id])^gamma * log(p[id]), p = softmax(pred)",
    LOGITS_OF_CLASSES,
    shown=("−q^γ log p, p = softmax(x)[id], q = 1 − p", "q^(γ−1)·(q − γp log p)·(softmax(x) − t)"),
    constant=constants.descended,
    link="softmax",
    majorizer="the second derivative without its one negative term",
    gamma=Parameter(
        2.0, text="How much less a sample counts that is right already, >= 0; 0 is `softmax_cross_entropy`."
    ),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_focal() -> None:
    """Focal loss of rows of logits: ``-(1 - p)**gamma * log(p)``, with p the softmax of the class; for rows, ``sum`` of t times it.

    What is classified well already counts for little. 1 - p is the sum of the other classes' shares, and so exact for p near 1.
    The Hessian is given by its diagonal, and is not positive everywhere.

    References
    ----------
    Lin, Goyal, Girshick, He and Dollár, *Focal loss for dense object detection*, ICCV 2017.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_focal([[0.0, 0.0], [1.0, 0.0]], [0, 0], reduction="none").round(4)
    array([0.1733, 0.0227])
    >>> fl.softmax_focal.grad([[0.0, 0.0]], [0]).round(4)
    array([[-0.2983,  0.2983]])
    """
