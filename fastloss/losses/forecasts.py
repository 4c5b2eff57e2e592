"""Forecasts that are distributions, judged by how near they come to what happened: continuous ranked probability scores."""

from __future__ import annotations

from .._core import constants_of_rows as constants
from .._core.families import TwoOutputs, loss
from .._core.hyperparameters import Integer
from .._core.inputs import MEAN_AND_LOG_DEVIATION


@loss(
    TwoOutputs,
    "exp(s) * (z*(2*Phi(z) - 1) + 2*phi(z) - 1/sqrt(pi)), z = (target - m)/exp(s), (m, s) = pred",
    MEAN_AND_LOG_DEVIATION,
    shown=("eˢ(z(2Φ(z) − 1) + 2φ(z) − 1/√π), z = (t − m)/eˢ", "1 − 2Φ(z) by m, eˢ(2φ(z) − 1/√π) by s"),
    constant=constants.mean_and_log_deviation,
    majorizer="the slope by m over ``m - t``, and by s ``exp(s) * (abs(2*phi - 1/sqrt(pi)) + 2*phi*z**2)``",
    axis=Integer(-1, text="The axis of the two outputs."),
)
def crps_gaussian() -> None:
    """Continuous ranked probability score of a normal distribution, of a mean m and the log s of a standard deviation.

    The integral of the squared difference between its distribution function and the step at the target, in the target's units:
    `mae` where the deviation is 0. With ``z = (t - m) / exp(s)``, phi and Phi the standard normal density and distribution, it
    is ``exp(s) * (z * (2*Phi(z) - 1) + 2*phi(z) - 1/sqrt(pi))``. An outlier pulls the mean by 1 at most. The derivative is
    ``1 - 2*Phi(z)`` by m and ``exp(s) * (2*phi(z) - 1/sqrt(pi))`` by s.

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
