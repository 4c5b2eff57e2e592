"""Losses of a number against a number."""

from __future__ import annotations

from typing import Any

from ._loss import Loss, loss
from ._validate import Parameter

DELTA = Parameter(1.0, low=0.0, open_low=True)


@loss("(pred - target)^2", aliases=("l2",))
def mse(pred: Any, target: Any) -> None:
    """Mean squared error: ``(pred - target)**2`` for each sample.

    There is no factor 1/2: the derivative is ``2 * (pred - target)``. Also called L2 loss; ``l2`` is the same object.

    Parameters
    ----------
    pred, target : array_like
        Numbers of any real dtype, of the same shape. Integers in `pred` are computed as float64.
    sample_weight : array_like, optional
        A finite weight >= 0 for each sample, of the same shape. A sample of weight 0 is not there, whatever it holds.
    reduction : {"mean", "sum", "batch_mean", "none"}
        The weighted mean, the sum, the sum over the number of samples; or the loss of every sample.
    out : ndarray, optional
        Where an array result goes; may be `pred` itself.

    Returns
    -------
    float or ndarray
        The cost, summed in double precision; with ``reduction="none"``, losses of `pred`'s dtype.

    Raises
    ------
    ValueError
        If shapes differ, a weight is negative, infinite or NaN, or `out` does not fit.
    TypeError
        If an array does not hold real numbers.

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


@loss("sqrt(mean((pred - target)^2))", cost_only=True)
def rmse(pred: Any, target: Any) -> None:
    """Root mean squared error, in the units of the target. A cost only: no sample has one of its own.

    The derivative is ``(pred - target) / (N * rmse)``, and 0 where the cost is 0. With weights the mean is the weighted one.

    Parameters
    ----------
    pred, target, sample_weight, out
        As for `mse`.
    reduction : {"mean", "batch_mean"}
        The root of the weighted mean, or of the weighted sum over the number of samples.

    Returns
    -------
    float
        The cost.

    Raises
    ------
    ValueError
        With ``reduction="none"`` or ``"sum"``, and as for `mse`.
    TypeError
        As for `mse`.

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


@loss("|pred - target|", aliases=("l1",))
def mae(pred: Any, target: Any) -> None:
    """Mean absolute error: ``|pred - target|`` for each sample.

    The derivative is the sign of the error, 0 at 0. Outliers pull with the same force as anything else, which makes the
    best constant prediction the median. Also called L1 loss; ``l1`` is the same object.

    Parameters
    ----------
    pred, target, sample_weight, reduction, out
        As for `mse`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError, TypeError
        As for `mse`.

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


@loss("d^2/2 if |d| <= delta else delta*(|d| - delta/2)", delta=DELTA)
def huber(pred: Any, target: Any) -> None:
    """Huber loss: a parabola near the target, straight lines away from it.

    With d = pred - target, ``d**2 / 2`` where ``|d| <= delta``, else ``delta * (|d| - delta / 2)``. The derivative is d
    clipped to [-delta, delta].

    Parameters
    ----------
    pred, target, sample_weight, reduction, out
        As for `mse`.
    delta : float, default 1.0
        Where the parabola ends, > 0, in the units of the target.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If `delta` is not > 0 and finite, and as for `mse`.
    TypeError
        As for `mse`.

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


@loss("delta^2 * (sqrt(1 + (d/delta)^2) - 1)", delta=DELTA)
def pseudo_huber(pred: Any, target: Any) -> None:
    """Pseudo-Huber loss: Huber's idea, smooth everywhere.

    With d = pred - target, ``delta**2 * (sqrt(1 + (d / delta)**2) - 1)``, computed without cancellation; the derivative is
    ``d / sqrt(1 + (d / delta)**2)``.

    Parameters
    ----------
    pred, target, sample_weight, reduction, out
        As for `mse`.
    delta : float, default 1.0
        The error at which the slope begins to level off, > 0, in the units of the target.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If `delta` is not > 0 and finite, and as for `mse`.
    TypeError
        As for `mse`.

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


l1: Loss = mae
l2: Loss = mse
