"""Likelihoods: losses of the parameters of a distribution against a number."""

from __future__ import annotations

from .._core import constants, constants_of_rows
from .._core.families import TwoOutputs, loss
from .._core.hyperparameters import Integer
from .._core.inputs import MEAN_AND_LOG_VARIANCE, MEDIAN_AND_LOG_SCALE


@loss(
    TwoOutputs,
    "(s + (m - target)^2 * exp(-s))/2, (m, s) = pred",
    MEAN_AND_LOG_VARIANCE,
    shown=("½(s + d²e⁻ˢ), d = m − t", "d·e⁻ˢ for m, ½(1 − d²e⁻ˢ) for s"),
    constant=constants.mean_and_log_variance,
    majorizer="the same, which is never negative",
    axis=Integer(-1, text="The axis of the two outputs."),
)
def gaussian_nll() -> None:
    """Negative log-likelihood of a normal distribution with mean m and log-variance s: ``(s + (m - t)**2 * exp(-s)) / 2``.

    The constant log(2*pi)/2 is left out. A log-variance may be any number, so nothing is clipped. With d = m - t, the derivative
    is ``d * exp(-s)`` with respect to m and ``(1 - d**2 * exp(-s)) / 2`` with respect to s.

    References
    ----------
    Nix and Weigend, *Estimating the mean and variance of the target probability distribution*, ICNN 1994.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.gaussian_nll([[1.0, 0.0]], [3.0])
    2.0
    >>> fl.gaussian_nll.grad([[1.0, 0.0]], [3.0])
    array([[-2. , -1.5]])
    """


@loss(
    TwoOutputs,
    "s + |m - target| * exp(-s), (m, s) = pred",
    MEDIAN_AND_LOG_SCALE,
    shown=("s + |d|e⁻ˢ, d = m − t", "sign d·e⁻ˢ for m, 1 − |d|e⁻ˢ for s"),
    constant=constants_of_rows.median_and_log_scale,
    majorizer="for m the square of the slope, ``exp(-2s)``, and for s the same",
    axis=Integer(-1, text="The axis of the two outputs."),
)
def laplace_nll() -> None:
    """Negative log-likelihood of a Laplace distribution with median m and log-scale s: ``s + abs(m - t) * exp(-s)``.

    The constant log(2) is left out. It is to `mae` what `gaussian_nll` is to `mse`: an outlier pulls the median no harder than any
    other sample. With d = m - t, the derivative is ``sign(d) * exp(-s)`` with respect to m, 0 at 0, and ``1 - abs(d) * exp(-s)``
    with respect to s.

    References
    ----------
    Kendall and Gal, *What uncertainties do we need in Bayesian deep learning for computer vision?*, NeurIPS 2017.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.laplace_nll([[1.0, 0.0]], [3.0])
    2.0
    >>> fl.laplace_nll.grad([[1.0, 0.0]], [3.0])
    array([[-1., -1.]])
    """
