"""Losses of a score against a sign: what counts is the margin, target times score."""

from __future__ import annotations

from .._core import constants
from .._core.families import Pointwise, loss
from .._core.inputs import SIGNS


@loss(
    Pointwise,
    "max(0, 1 - target*pred)",
    SIGNS,
    shown=("max(0, 1 − t·s)", "−t where t·s < 1, else 0"),
    constant=constants.majority,
)
def hinge() -> None:
    """Hinge loss, of support vector machines: ``max(0, 1 - target * pred)``.

    A sample on the right side of the margin costs nothing. The derivative is ``-target`` where ``target * pred < 1``,
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
    "max(0, 1 - target*pred)^2",
    SIGNS,
    shown=("max(0, 1 − t·s)²", "−2t·max(0, 1 − t·s)"),
    constant=constants.mean,
    majorizer="2 everywhere",
)
def squared_hinge() -> None:
    """Squared hinge loss: ``max(0, 1 - target * pred)**2``, smooth where the hinge has a corner.

    The derivative is ``-2 * target * max(0, 1 - target * pred)``.

    References
    ----------
    Tang, *Deep learning using linear support vector machines*, 2013.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.squared_hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0.  , 0.25, 4.  ])
    """
