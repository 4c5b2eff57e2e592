"""Forecasts that are distributions, judged by how near they come to what happened: continuous ranked probability scores."""

from __future__ import annotations

from .._core import constants_of_rows as constants
from .._core.families import Ensemble, TwoOutputs, loss
from .._core.hyperparameters import Integer
from .._core.inputs import MEAN_AND_LOG_DEVIATION, MEMBERS


@loss(
    TwoOutputs,
    "exp(s) * (z*(2*Phi(z) - 1) + 2*phi(z) - 1/sqrt(pi)), z = (target - m)/exp(s), (m, s) = pred",
    MEAN_AND_LOG_DEVIATION,
    shown=("eˢ(z(2Φ(z) − 1) + 2φ(z) − 1/√π), z = (t − m)/eˢ", "1 − 2Φ(z) for m, eˢ(2φ(z) − 1/√π) for s"),
    constant=constants.mean_and_log_deviation,
    majorizer="for m the slope over ``m - t``, for s ``exp(s) * (abs(2*phi - 1/sqrt(pi)) + 2*phi*z**2)``",
    axis=Integer(-1, text="The axis of the two outputs."),
)
def crps_gaussian() -> None:
    """Continuous ranked probability score of a normal distribution with mean m and log standard deviation s.

    The integral of the squared difference between its distribution function and the step at the target, in the target's units:
    `mae` where the deviation is 0. With ``z = (t - m) / exp(s)``, phi and Phi the standard normal density and distribution, it is
    ``exp(s) * (z * (2*Phi(z) - 1) + 2*phi(z) - 1/sqrt(pi))``. An outlier pulls the mean by 1 at most. The derivative is
    ``1 - 2*Phi(z)`` with respect to m and ``exp(s) * (2*phi(z) - 1/sqrt(pi))`` with respect to s.

    References
    ----------
    Gneiting and Raftery, *Strictly proper scoring rules, prediction, and estimation*, Journal of the American Statistical
    Association 102, 2007.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.crps_gaussian([[0.0, 0.0], [1.0, -50.0]], [0.0, 3.0], reduction="none").round(6)
    array([0.233695, 2.      ])
    >>> fl.crps_gaussian.grad([[0.0, 0.0]], [0.0]).round(6)
    array([[0.      , 0.233695]])
    """


@loss(
    Ensemble,
    "mean(|x_k - target|) - mean(|x_k - x_l|)/2, x = pred",
    MEMBERS,
    shown=("mean |xₖ − t| − ½ mean |xₖ − xₗ|", "sign(xₖ − t)/K − (m − n)/K², m members below xₖ, n above"),
    constant=constants.median_member,
    axis=Integer(-1, text="The axis of the members."),
)
def crps_ensemble() -> None:
    """Continuous ranked probability score of an ensemble: ``mean(abs(x - t)) - mean(abs(x[:, None] - x)) / 2``, x its K members.

    The integral of the squared difference between the members' distribution function and the step at the target; `mae` of one
    member. The means are over K members and K**2 pairs. The derivative with respect to a member is
    ``sign(x - t) / K - (below - above) / K**2``, where ``below`` and ``above`` count the members below and above it. Computed as
    the sum of slopes times ``x - t``, of which none is negative. ``constant`` gives one member, the median; the best K members are
    the targets' quantiles at the levels (k - 1/2)/K.

    References
    ----------
    Gneiting and Raftery, *Strictly proper scoring rules, prediction, and estimation*, Journal of the American Statistical
    Association 102, 2007.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.crps_ensemble([[1.0, 3.0], [2.0, 2.0]], [2.0, 5.0], reduction="none")
    array([0.5, 3. ])
    >>> fl.crps_ensemble.grad([[1.0, 3.0]], [2.0])
    array([[-0.25,  0.25]])
    """
