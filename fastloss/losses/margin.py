"""Losses of a score against a sign: what counts is the margin, target times score."""

from __future__ import annotations

from .._core import constants_of_scores as constants
from .._core.constants import zero
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import SIGNS
from .._core.loss import Loss

MARGIN = Parameter(1.0, text="M, how far a score must be on the right side of 0 to cost nothing; >= 0.")


@loss(
    Pointwise,
    "max(0, margin - target*pred)",
    SIGNS,
    shown=("max(0, M − t·s)", "−t where t·s < M, else 0"),
    constant=constants.majority,
    margin=MARGIN,
)
def hinge() -> None:
    """Hinge loss, of support vector machines: ``max(0, margin - target * pred)``.

    A sample on the right side of the margin costs nothing. The derivative is ``-target`` where ``target * pred < margin``,
    else 0.

    References
    ----------
    Cortes and Vapnik, *Support-vector networks*, Machine Learning 20, 1995.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    >>> fl.hinge([2.0], [0])
    Traceback (most recent call last):
        ...
    ValueError: target[0] is 0; target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)
    """


@loss(
    Pointwise,
    "max(0, margin - target*pred)^2",
    SIGNS,
    shown=("max(0, M − t·s)²", "−2t·max(0, M − t·s)"),
    constant=constants.share_of_margin,
    majorizer="2 everywhere",
    margin=MARGIN,
)
def squared_hinge() -> None:
    """Squared hinge loss: ``max(0, margin - target * pred)**2``, smooth where `hinge` has a corner.

    The derivative is ``-2 * target * max(0, margin - target * pred)``.

    References
    ----------
    Tang, *Deep learning using linear support vector machines*, 2013.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.squared_hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0.  , 0.25, 4.  ])
    """


@loss(
    Pointwise,
    "max(0, -target*pred)",
    SIGNS,
    shown=("max(0, −t·s)", "−t where t·s < 0, else 0"),
    constant=zero,
)
def perceptron() -> None:
    """Perceptron loss: ``max(0, -target * pred)``, the `hinge` without a margin.

    A score on the right side of 0 costs nothing, and a score of 0 has no slope: a model that starts from 0 stays there. The
    derivative is ``-target`` where ``target * pred < 0``, else 0.

    References
    ----------
    Rosenblatt, *The perceptron: a probabilistic model for information storage and organization in the brain*, Psychological
    Review 65, 1958.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.perceptron([2.0, -0.5, -2.0], [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    >>> fl.perceptron.grad([2.0, -0.5, 0.0], [1, 1, 1], reduction="none")
    array([ 0., -1.,  0.])
    """


@loss(
    Pointwise,
    "log(1 + exp(-target*pred))",
    SIGNS,
    shown=("log(1 + e^(−t·s))", "−t·σ(−t·s)"),
    constant=constants.log_odds_of_signs,
    majorizer="tanh(pred/2)/(2*pred)",
    aliases=("soft_margin",),
)
def logistic() -> None:
    """Logistic loss of a margin: ``log(1 + exp(-target * pred))``, without overflow.

    `sigmoid_cross_entropy` of labels -1 and 1. The derivative is ``-target * sigmoid(-target * pred)``. ``soft_margin`` is the
    same object.

    References
    ----------
    Friedman, Hastie and Tibshirani, *Additive logistic regression: a statistical view of boosting*, Annals of Statistics 28,
    2000.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.logistic([0.0, -1000.0, 1000.0], [1, 1, 1], reduction="none").round(4).tolist()
    [0.6931, 1000.0, 0.0]
    >>> fl.logistic.grad([0.0, -1000.0], [1, 1], reduction="none")
    array([-0.5, -1. ])
    """


@loss(
    Pointwise,
    "exp(-target*pred)",
    SIGNS,
    shown=("e^(−t·s)", "−t·e^(−t·s)"),
    constant=constants.half_log_odds_of_signs,
)
def exponential() -> None:
    """Exponential loss of a margin, that of AdaBoost: ``exp(-target * pred)``.

    One sample that is far on the wrong side outweighs all others. The derivative is ``-target * exp(-target * pred)``. The score
    that costs least is half the log-odds.

    References
    ----------
    Freund and Schapire, *A decision-theoretic generalization of on-line learning and an application to boosting*, Journal of
    Computer and System Sciences 55, 1997.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.exponential([0.6931471805599453, -0.6931471805599453], [1, 1], reduction="none").round(12)
    array([0.5, 2. ])
    >>> fl.exponential.grad([0.0, 0.0], [1, -1], reduction="none")
    array([-1.,  1.])
    """


@loss(
    Pointwise,
    "max(0, 1 - m)^2 if m >= -1 else -4*m, m = target*pred",
    SIGNS,
    shown=("max(0, 1 − m)² if m ≥ −1, else −4m, m = t·s", "−2t·max(0, 1 − m) if m ≥ −1, else −4t"),
    constant=constants.share_of_margin,
    majorizer="2 everywhere",
)
def modified_huber() -> None:
    """Modified Huber loss of a margin: `squared_hinge` near the margin, a straight line where a sample is far on the wrong side.

    With m = target * pred, ``max(0, 1 - m)**2`` where ``m >= -1``, else ``-4 * m``. The derivative is ``-4 * target`` there, else
    ``-2 * target * max(0, 1 - m)``. The score that costs least is the mean of the labels, so that (1 + pred)/2 is a probability.

    References
    ----------
    Zhang, *Solving large scale linear prediction problems using stochastic gradient descent algorithms*, ICML 2004.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.modified_huber([2.0, 0.5, -1.0, -3.0], [1, 1, 1, 1], reduction="none")
    array([ 0.  ,  0.25,  4.  , 12.  ])
    >>> fl.modified_huber.grad([2.0, 0.5, -1.0, -3.0], [1, 1, 1, 1], reduction="none")
    array([ 0., -1., -4., -4.])
    """


soft_margin: Loss = logistic
