"""Losses of a number against a number that look at their ratio, or at the error relative to their size."""

from __future__ import annotations

from .._core import constants, locations
from .._core.families import Pointwise, Root, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import ABOVE_MINUS_ONE, AMOUNTS
from .._core.loss import Loss


@loss(
    Root,
    "sqrt(mean(log((1 + pred)/(1 + target))^2))",
    ABOVE_MINUS_ONE,
    shown=("√(mean L²), L = log((1 + p)/(1 + t)), a cost only", "L / ((1 + p)·N·rmsle)"),
    constant=constants.mean_of_log1p,
    majorizer="of the mean of max(1, 1 - L)/(1 + pred)^2 over the root",
)
def rmsle() -> None:
    """Root mean squared logarithmic error: the `rmse` of ``log(1 + x)``. A cost only: a single sample has none.

    Each difference of logarithms is computed as the logarithm of the quotient, exact for predictions near their targets. The
    derivative is the difference over ``(1 + pred) * N * rmsle``, and 0 where the cost is 0.

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


@loss(
    Pointwise,
    "log((1 + pred)/(1 + target))^2",
    ABOVE_MINUS_ONE,
    shown=("L², L = log((1 + p)/(1 + t))", "2L / (1 + p)"),
    constant=constants.mean_of_log1p,
    majorizer="2*max(1, 1 - L)/(1 + pred)^2",
    aliases=("squared_log_error",),
)
def msle() -> None:
    """Mean squared logarithmic error: the squared difference of ``log(1 + x)``.

    The difference L of the logarithms is computed as the logarithm of the quotient, exact for predictions near their targets. The
    derivative is ``2 * L / (1 + pred)``. Not convex where the prediction is e times too high. ``squared_log_error`` is the same
    object.

    References
    ----------
    Törnqvist, Vartia and Vartia, *How should relative changes be measured?*, American Statistician 39, 1985.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.msle([0.0, 1.0], [1.0, 1.0], reduction="none").round(4)          # log(2)**2
    array([0.4805, 0.    ])
    >>> fl.msle.grad([0.0, 1.0], [1.0, 1.0], reduction="none").round(4)
    array([-1.3863,  0.    ])
    """


@loss(
    Pointwise,
    "|pred - target| / max(|target|, eps)",
    AMOUNTS,
    shown=("|d| / max(|t|, ε), 0/0 = 0", "sign d / max(|t|, ε)"),
    constant=locations.mape,
    eps=Parameter(0.0, text="A lower bound of the divisor, >= 0, in the units of the target."),
)
def mape() -> None:
    """Mean absolute percentage error, as a fraction: ``|pred - target| / |target|``, with 0/0 = 0.

    Infinite where a target is 0 and the prediction is not, unless `eps` bounds the divisor. The derivative is the sign of the
    error over the same divisor. For positive numbers, a prediction that is too low costs at most 1 and one that is too high has no
    limit, so that low predictions are favoured.

    References
    ----------
    de Myttenaere, Golden, Le Grand and Rossi, *Mean absolute percentage error for regression models*, Neurocomputing 192,
    2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.mape([12.0, 5.0, 0.0], [10.0, 10.0, 0.0], reduction="none")
    array([0.2, 0.5, 0. ])
    >>> fl.mape([1.0], [0.0]), fl.mape([1.0], [0.0], eps=0.5)
    (inf, 2.0)
    """


@loss(
    Pointwise,
    "2*|pred - target| / (|pred| + |target|)",
    AMOUNTS,
    shown=("2|d| / (|p| + |t|), 0/0 = 0", "4 sign d·|t| / (|p| + |t|)² if p·t > 0, 0 if p·t < 0"),
    constant=locations.smape,
)
def smape() -> None:
    """Symmetric mean absolute percentage error, as a fraction: ``2 * |pred - target| / (|pred| + |target|)``, 0/0 = 0.

    Between 0 and 2, and 2 for every prediction of the wrong sign, which has no slope. For those of the right sign the
    derivative is ``4 * |target| / (|pred| + |target|)**2`` with the sign of the error; at 0 it is ``-2 / target``. Not convex.

    References
    ----------
    Makridakis, *Accuracy measures: theoretical and practical concerns*, International Journal of Forecasting 9, 1993.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.smape([3.0, 1.0, 0.0], [1.0, -1.0, 0.0], reduction="none")
    array([1., 2., 0.])
    >>> fl.smape.grad([3.0, 1.0], [1.0, -1.0], reduction="none")
    array([0.25, 0.  ])
    """


squared_log_error: Loss = msle
