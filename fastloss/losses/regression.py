"""Losses of a number against a number."""

from __future__ import annotations

from .._core import constants
from .._core.families import Pointwise, Root, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import ABOVE_MINUS_ONE, NUMBERS
from .._core.loss import Loss

SCALE = "in the units of the target; or one for each column of `pred`."


def delta(text: str) -> Parameter:
    """The scale of a robust loss."""
    return Parameter(1.0, low=0.0, open_low=True, per_column=True, text=f"{text}, > 0, {SCALE}")


@loss(
    Pointwise,
    "(pred - target)^2",
    NUMBERS,
    shown=("d²", "2d"),
    constant=constants.mean,
    majorizer="the same: it is 2",
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
    """Root mean squared error, in the units of the target. A cost only: no sample has one of its own.

    The derivative is ``(pred - target) / (N * rmse)``, and 0 where the cost is 0. With weights the mean is the weighted one.

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
    Pointwise, "|pred - target|", NUMBERS, shown=("|d|", "sign d, 0 at 0"), constant=constants.median, aliases=("l1",)
)
def mae() -> None:
    """Mean absolute error: ``|pred - target|`` for each sample.

    The derivative is the sign of the error, 0 at 0. Outliers pull with the same force as anything else, which makes the
    best constant prediction the median. Also called L1 loss; ``l1`` is the same object.

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


@loss(
    Pointwise,
    "d^2/2 if |d| <= delta else delta*(|d| - delta/2)",
    NUMBERS,
    shown=("½d² if |d| ≤ δ, else δ(|d| − ½δ)", "clip(d, −δ, δ)"),
    constant=constants.huber,
    majorizer="min(1, delta/|d|)",
    delta=delta("Where the parabola ends"),
)
def huber() -> None:
    """Huber loss: a parabola near the target, straight lines away from it.

    With d = pred - target, ``d**2 / 2`` where ``|d| <= delta``, else ``delta * (|d| - delta / 2)``. The derivative is d
    clipped to [-delta, delta].

    References
    ----------
    Huber, *Robust estimation of a location parameter*, Annals of Mathematical Statistics 35, 1964.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.huber([1.0, 1.5, 11.0], [1.0, 1.0, 1.0], delta=2.0, reduction="none")
    array([ 0.   ,  0.125, 18.   ])
    >>> fl.huber.grad([1.0, 1.5, 11.0], [1.0, 1.0, 1.0], delta=2.0, reduction="none")
    array([0. , 0.5, 2. ])
    """


@loss(
    Pointwise,
    "delta^2 * (sqrt(1 + (d/delta)^2) - 1)",
    NUMBERS,
    shown=("δ²(√(1 + (d/δ)²) − 1)", "d / √(1 + (d/δ)²)"),
    constant=constants.pseudo_huber,
    majorizer="1/sqrt(1 + (d/delta)^2)",
    delta=delta("The error at which the slope begins to level off"),
)
def pseudo_huber() -> None:
    """Pseudo-Huber loss: Huber's idea, smooth everywhere.

    With d = pred - target, ``delta**2 * (sqrt(1 + (d / delta)**2) - 1)``, computed without cancellation; the derivative is
    ``d / sqrt(1 + (d / delta)**2)``.

    References
    ----------
    Charbonnier, Blanc-Féraud, Aubert and Barlaud, *Deterministic edge-preserving regularization in computed imaging*, IEEE
    Transactions on Image Processing 6, 1997.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.pseudo_huber([0.0, 0.75], [0.0, 0.0], reduction="none")
    array([0.  , 0.25])
    >>> fl.pseudo_huber.grad([0.0, 0.75], [0.0, 0.0], reduction="none")
    array([0. , 0.6])
    """


@loss(
    Pointwise,
    "delta^2 * log(cosh(d/delta))",
    NUMBERS,
    shown=("δ² log cosh(d/δ)", "δ tanh(d/δ)"),
    constant=constants.log_cosh,
    majorizer="tanh(|d|/delta) / (|d|/delta)",
    aliases=("logcosh",),
    delta=delta("The error at which the slope levels off"),
)
def log_cosh() -> None:
    """Log-cosh loss: a parabola near the target, straight lines away from it, and smooth everywhere.

    With d = pred - target, ``delta**2 * log(cosh(d / delta))``, without overflow; the derivative is
    ``delta * tanh(d / delta)``. ``logcosh`` is the same object.

    References
    ----------
    Green, *Bayesian reconstructions from emission tomography data using a modified EM algorithm*, IEEE Transactions on Medical
    Imaging 9, 1990.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_cosh([0.0, 1000.0], [0.0, 0.0], reduction="none").round(4).tolist()
    [0.0, 999.3069]
    >>> fl.log_cosh.grad([1000.0, -1000.0], [0.0, 0.0], delta=2.0, reduction="none")
    array([ 2., -2.])
    """


@loss(
    Root,
    "sqrt(mean(log((1 + pred)/(1 + target))^2))",
    ABOVE_MINUS_ONE,
    shown=("√(mean L²), L = log((1 + p)/(1 + t)), a cost only", "L / ((1 + p)·N·rmsle)"),
    constant=constants.mean_of_log1p,
    majorizer="of the mean of max(1, 1 - L)/(1 + pred)^2 over the root",
)
def rmsle() -> None:
    """Root mean squared logarithmic error: the `rmse` of ``log(1 + x)``. A cost only: no sample has one of its own.

    Each sample's difference of logarithms is that of the quotient, exact for predictions near their targets. The derivative is
    that difference over ``(1 + pred) * N * rmsle``, and 0 where the cost is 0.

    References
    ----------
    Törnqvist, Vartia and Vartia, *How should relative changes be measured?*, American Statistician 39, 1985.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.rmsle([1.0, 0.0], [0.0, 1.0]) == fl.rmse([0.0], [0.6931471805599453])
    True
    >>> fl.rmsle.grad([1.0, 0.0], [0.0, 1.0])
    array([ 0.25, -0.5 ])
    """


l1: Loss = mae
l2: Loss = mse
