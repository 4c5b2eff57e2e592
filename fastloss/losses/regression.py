"""Losses of a number against a number."""

from __future__ import annotations

from .._core import constants, locations
from .._core.families import Pointwise, Root, loss
from .._core.inputs import NUMBERS
from .._core.loss import Loss


@loss(
    Pointwise,
    "(pred - target)^2",
    NUMBERS,
    shown=("d²", "2d"),
    constant=constants.mean,
    majorizer="the same, 2",
    aliases=("l2",),
)
def mse() -> None:
    """Mean squared error: ``(pred - target)**2`` for each sample.

    There is no factor 1/2: the derivative is ``2 * (pred - target)``. Also called L2 loss; ``l2`` is the same object.

    References
    ----------
    Legendre, *Nouvelles méthodes pour la détermination des orbites des comètes*, 1805.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.mse([1.0, 10.0, 1000.0], [1.0, 1.0, 1.0])
    332694.0
    >>> fl.mse([1.0, 10.0, 1000.0], [1.0, 1.0, 1.0], reduction="none").tolist()
    [0.0, 81.0, 998001.0]
    >>> fl.mse.grad([1.0, 4.0], [1.0, 1.0])
    array([0., 3.])
    """


@loss(
    Root,
    "sqrt(mean((pred - target)^2))",
    NUMBERS,
    shown=("√(mean d²), a cost only", "d / (N·rmse)"),
    constant=constants.mean,
    majorizer="that of the mean over the root",
)
def rmse() -> None:
    """Root mean squared error, in the units of the target. A cost only: a single sample has none.

    The derivative is ``(pred - target) / (N * rmse)``, and 0 where the cost is 0. With weights, the mean is the weighted mean.

    References
    ----------
    Hyndman and Koehler, *Another look at measures of forecast accuracy*, International Journal of Forecasting 22, 2006.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.rmse([3.0, 4.0], [0.0, 0.0]) == 12.5 ** 0.5
    True
    >>> fl.rmse.grad([3.0, -3.0], [0.0, 0.0])
    array([ 0.5, -0.5])
    """


@loss(
    Pointwise, "|pred - target|", NUMBERS, shown=("|d|", "sign d, 0 at 0"), constant=locations.median, aliases=("l1",)
)
def mae() -> None:
    """Mean absolute error: ``|pred - target|`` for each sample.

    The derivative is the sign of the error, 0 at 0. An outlier pulls no harder than any other sample, which makes the median the
    best constant prediction. Also called L1 loss; ``l1`` is the same object.

    References
    ----------
    Boscovich, 1757; Koenker and Bassett, *Regression quantiles*, Econometrica 46, 1978.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.mae([1.0, 10.0, 1000.0], [1.0, 1.0, 1.0])
    336.0
    >>> fl.mae.grad([1.0, 10.0, -1.0, 2.0], [1.0, 1.0, 1.0, 1.0])
    array([ 0.  ,  0.25, -0.25,  0.25])
    """


l1: Loss = mae
l2: Loss = mse
