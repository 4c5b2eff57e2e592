"""Losses of rows of classes: of probabilities or logits, against class ids or rows."""

from __future__ import annotations

from .._core import constants, constants_of_rows
from .._core.families import AXIS, CLASS_WEIGHT, IGNORE_INDEX, RowLoss, loss
from .._core.hyperparameters import Number, Parameter
from .._core.inputs import (
    DISTRIBUTIONS,
    DISTRIBUTIONS_OF_CLASSES,
    DISTRIBUTIONS_OF_IDS,
    LOGITS_OF_CLASSES,
    LOGITS_OF_IDS,
    SCORES_OF_IDS,
)
from .._core.loss import Loss

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
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
    eps=EPS,
)
def sparse_categorical_cross_entropy() -> None:
    """Cross-entropy of rows of probabilities against class ids: ``-log(p[id])``.

    The derivative is ``-1 / p[id]`` at the id and 0 elsewhere. Only ``p[id]`` is looked at.

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
    majorizer="2p(1 - p): as a diagonal matrix it is nowhere below the whole Hessian",
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
        2.0,
        text="How strongly samples that are already classified well are down-weighted, >= 0; 0 is `softmax_cross_entropy`.",
    ),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_focal() -> None:
    """Focal loss of rows of logits: ``-(1 - p)**gamma * log(p)``, with p the softmax of the class; for rows, ``sum`` of t times it.

    Rows that are already classified well count for little. 1 - p is the sum of the other classes' shares, and so exact for p near
    1. The Hessian is given by its diagonal, which is not positive everywhere.

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


@loss(
    RowLoss,
    "-log(p[id]) + epsilon*(1 - p[id]), p = softmax(pred)",
    LOGITS_OF_IDS,
    shown=("−log p + ε(1 − p), p = softmax(x)[id]", "(1 + εp)·(softmax(x) − t)"),
    constant=constants_of_rows.poly,
    link="softmax",
    majorizer="the second derivative without its negative term",
    aliases=("poly1",),
    epsilon=Parameter(
        1.0, low=-1.0, text="What is added to the first coefficient, >= -1; 0 is `softmax_cross_entropy`."
    ),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_poly() -> None:
    """Poly-1 loss of rows of logits: `softmax_cross_entropy` plus epsilon times what is missing from certainty.

    ``-log(p) + epsilon * (1 - p)``, with p the softmax of the class: the cross-entropy as a polynomial in 1 - p, whose first
    coefficient is 1 + epsilon. The derivative is ``(1 + epsilon * p)`` times that of the cross-entropy.

    References
    ----------
    Leng et al., *PolyLoss: a polynomial expansion perspective of classification loss functions*, ICLR 2022.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_poly([[0.0, 0.0], [1000.0, 0.0]], [0, 1], reduction="none").round(4).tolist()
    [1.1931, 1001.0]
    >>> fl.softmax_poly.grad([[0.0, 0.0]], [0])
    array([[-0.75,  0.75]])
    """


@loss(
    RowLoss,
    "(1 - p[id]^q)/q, p = softmax(pred)",
    LOGITS_OF_IDS,
    shown=("(1 − p^q)/q, p = softmax(x)[id]", "p^q·(softmax(x) − t)"),
    constant=constants_of_rows.generalized,
    link="softmax",
    majorizer="the second derivative without its negative term",
    aliases=("gce",),
    q=Parameter(
        0.7,
        high=1.0,
        open_low=True,
        text="0 < q <= 1: towards 0 the loss is `softmax_cross_entropy`, at 1 half the absolute error.",
    ),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_generalized_cross_entropy() -> None:
    """Generalized cross-entropy of rows of logits: ``(1 - p**q) / q``, with p the softmax of the class.

    Between the cross-entropy and the absolute error, for labels some of which are wrong: a row whose class seems hopeless pulls
    less and less, by ``p**q`` times the derivative of the cross-entropy.

    References
    ----------
    Zhang and Sabuncu, *Generalized cross entropy loss for training deep neural networks with noisy labels*, NeurIPS 2018.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_generalized_cross_entropy([[0.0, 0.0], [0.0, 1000.0]], [0, 0], q=0.5, reduction="none").round(4)
    array([0.5858, 2.    ])
    >>> fl.softmax_generalized_cross_entropy.grad([[0.0, 0.0]], [0], q=0.5).round(4)
    array([[-0.3536,  0.3536]])
    """


@loss(
    RowLoss,
    "sum((pred - target)^2)",
    DISTRIBUTIONS_OF_CLASSES,
    shown=("Σⱼ (pⱼ − tⱼ)²", "2(pⱼ − tⱼ)"),
    constant=constants_of_rows.mean_rows,
    majorizer="the same, 2",
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def brier() -> None:
    """Brier score of rows of probabilities against class ids or rows: ``sum((p - t)**2)``.

    A proper score, as the cross-entropy is: lowest on average for the true probabilities; but a row costs at most 2. For two
    classes it is twice the `mse` of one probability. The derivative is ``2 * (p - t)``.

    References
    ----------
    Brier, *Verification of forecasts expressed in terms of probability*, Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.brier([[0.7, 0.3], [1.0, 0.0]], [0, 1], reduction="none").round(4)
    array([0.18, 2.  ])
    >>> fl.brier.grad([[0.7, 0.3]], [0]).round(4)
    array([[-0.6,  0.6]])
    """


@loss(
    RowLoss,
    "sum((softmax(pred) - target)^2)",
    LOGITS_OF_CLASSES,
    shown=("Σⱼ (pⱼ − tⱼ)², p = softmax(x)", "2pⱼ(eⱼ − Σpₖeₖ), e = p − t"),
    constant=constants.log_frequencies,
    link="softmax",
    majorizer="the Gauss-Newton term, plus the remaining term where it is positive",
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_brier() -> None:
    """Brier score of the softmax of rows of logits: ``sum((softmax(x) - t)**2)``.

    The derivative is ``2 * p * (e - sum(p * e))`` with the errors ``e = p - t``. It is bounded, and near 0 for rows that are
    certain and wrong: outliers are given up on, and the loss is not convex.

    References
    ----------
    Brier, *Verification of forecasts expressed in terms of probability*, Monthly Weather Review 78, 1950.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_brier([[0.0, 0.0], [0.0, 1000.0]], [0, 0], reduction="none")
    array([0.5, 2. ])
    >>> fl.softmax_brier.grad([[0.0, 0.0]], [0])
    array([[-0.5,  0.5]])
    """


MARGIN = Parameter(1.0, text="By how much the class must be ahead, >= 0.")


@loss(
    RowLoss,
    "max(0, margin + max(pred but pred[id]) - pred[id])",
    SCORES_OF_IDS,
    shown=("max(0, M + s₊ − s[id]), s₊ the largest other", "where above 0: 1 at s₊, −1 at id"),
    constant=constants_of_rows.widest,
    aliases=("multiclass_hinge",),
    margin=MARGIN,
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def crammer_singer_hinge() -> None:
    """Multiclass hinge loss of Crammer and Singer: ``max(0, margin + max(s of other classes) - s[id])``.

    Only the strongest other class counts, the first of several equal ones. The derivative is 1 there and -1 at the id where the
    loss is above 0, and 0 elsewhere. What Keras calls categorical hinge is another loss.

    References
    ----------
    Crammer and Singer, *On the algorithmic implementation of multiclass kernel-based vector machines*, JMLR 2, 2001.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.crammer_singer_hinge([[1.0, 0.5, 0.0], [3.0, 0.5, 0.0]], [0, 0], reduction="none")
    array([0.5, 0. ])
    >>> fl.crammer_singer_hinge.grad([[1.0, 0.5, 0.0]], [0])
    array([[-1.,  1.,  0.]])
    """


@loss(
    RowLoss,
    "sum(max(0, margin + pred - pred[id])^power) but for the id",
    SCORES_OF_IDS,
    shown=("Σ max(0, M + sⱼ − s[id])^k, j ≠ id", "k·max(0, M + sⱼ − s[id])^(k−1), minus their sum at id"),
    constant=constants_of_rows.in_steps,
    margin=MARGIN,
    power=Number(1.0, options=(1, 2), text="1, or 2 for squares."),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def weston_watkins_hinge() -> None:
    """Multiclass hinge loss of Weston and Watkins: ``sum(max(0, margin + s - s[id])**power)`` over the other classes.

    Every class that is not behind by the margin counts. The derivative is ``power * max(0, margin + s - s[id])**(power - 1)`` at
    another class, and minus the sum of these at the id. PyTorch's multi-margin loss is this one over the number of classes.

    References
    ----------
    Weston and Watkins, *Support vector machines for multi-class pattern recognition*, ESANN 1999.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.weston_watkins_hinge([[1.0, 0.5, 0.0], [0.0, 0.0, 0.0]], [0, 0], reduction="none")
    array([0.5, 2. ])
    >>> fl.weston_watkins_hinge.grad([[0.0, 0.0, 0.0]], [0])
    array([[-2.,  1.,  1.]])
    """


gce: Loss = softmax_generalized_cross_entropy
multiclass_hinge: Loss = crammer_singer_hinge
poly1: Loss = softmax_poly
