"""Losses of a number against a number that are d**2 / 2 near the target and grow less far away."""

from __future__ import annotations

import math

from .._core import locations
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import NUMBERS
from .._core.loss import Loss

SCALE = "in the units of the target; or one for each column of `pred`."


def delta(text: str, default: float = 1.0) -> Parameter:
    """The scale of a robust loss."""
    return Parameter(default, low=0.0, open_low=True, per_column=True, text=f"{text}, > 0, {SCALE}")


@loss(
    Pointwise,
    "d^2/2 if |d| <= delta else delta*(|d| - delta/2)",
    NUMBERS,
    shown=("½d² if |d| ≤ δ, else δ(|d| − ½δ)", "clip(d, −δ, δ)"),
    constant=locations.huber,
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
    constant=locations.pseudo_huber,
    majorizer="1/sqrt(1 + (d/delta)^2)",
    aliases=("soft_l1",),
    delta=delta("The error at which the slope begins to level off"),
)
def pseudo_huber() -> None:
    """Pseudo-Huber loss: Huber's idea, smooth everywhere.

    With d = pred - target, ``delta**2 * (sqrt(1 + (d / delta)**2) - 1)``, computed without cancellation; the derivative is
    ``d / sqrt(1 + (d / delta)**2)``. ``soft_l1`` is the same object.

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
    constant=locations.log_cosh,
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
    Pointwise,
    "delta^2 * (r - log(1 + r)), r = |d|/delta",
    NUMBERS,
    shown=("δ²(r − log(1 + r)), r = |d|/δ", "d / (1 + r)"),
    constant=locations.fair,
    majorizer="1/(1 + |d|/delta)",
    delta=delta("The error at which the slope is half of what it tends to"),
)
def fair() -> None:
    """Fair's loss: a parabola near the target, nearly straight lines away from it.

    With d = pred - target and ``r = |d| / delta``, ``delta**2 * (r - log(1 + r))``, computed without cancellation; the
    derivative is ``d / (1 + r)``, which tends to delta more slowly than that of `huber`.

    References
    ----------
    Fair, *On the robust estimation of econometric models*, Annals of Economic and Social Measurement 3, 1974.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.fair([1.0, -3.0], [0.0, 0.0], reduction="none").round(4)
    array([0.3069, 1.6137])
    >>> fl.fair.grad([1.0, -3.0], [0.0, 0.0], reduction="none")
    array([ 0.5 , -0.75])
    """


@loss(
    Pointwise,
    "delta^2/2 * log(1 + (d/delta)^2)",
    NUMBERS,
    shown=("½δ² log(1 + (d/δ)²)", "d / (1 + (d/δ)²)"),
    constant=locations.cauchy,
    majorizer="1/(1 + (d/delta)^2)",
    aliases=("lorentzian",),
    delta=delta("The error of the greatest slope"),
)
def cauchy() -> None:
    """Cauchy's loss, of errors with heavy tails: beyond delta, an outlier pulls less the farther away it is.

    With d = pred - target, ``delta**2 / 2 * log(1 + (d / delta)**2)``; the derivative ``d / (1 + (d / delta)**2)`` is
    greatest at delta. Not convex: a cost can have several minima. ``lorentzian`` is the same object.

    References
    ----------
    Black and Anandan, *The robust estimation of multiple motions: parametric and piecewise-smooth flow fields*, Computer
    Vision and Image Understanding 63, 1996.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.cauchy([1.0, 3.0], [0.0, 0.0], reduction="none").round(4)
    array([0.3466, 1.1513])
    >>> fl.cauchy.grad([1.0, 3.0], [0.0, 0.0], reduction="none")
    array([0.5, 0.3])
    """


@loss(
    Pointwise,
    "delta^2/6 * (1 - (1 - (d/delta)^2)^3) if |d| < delta else delta^2/6",
    NUMBERS,
    shown=("δ²/6·(1 − (1 − (d/δ)²)³) if |d| < δ, else δ²/6", "d(1 − (d/δ)²)² if |d| < δ, else 0"),
    constant=locations.tukey_biweight,
    majorizer="(1 - (d/delta)^2)^2, 0 from delta on",
    aliases=("bisquare",),
    delta=delta("The error from which on a sample has no pull", 4.685),
)
def tukey_biweight() -> None:
    """Tukey's biweight: a parabola near the target, constant from delta on.

    With d = pred - target, ``delta**2 / 6 * (1 - (1 - (d / delta)**2)**3)`` where ``|d| < delta``, else ``delta**2 / 6``; the
    derivative is ``d * (1 - (d / delta)**2)**2``, else 0: an outlier has no effect. Not convex: a cost can have several minima.
    The default delta suits errors of standard deviation 1. ``bisquare`` is the same object.

    References
    ----------
    Beaton and Tukey, *The fitting of power series, meaning polynomials, illustrated on band-spectroscopic data*,
    Technometrics 16, 1974.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.tukey_biweight([1.0, 5.0], [0.0, 0.0], delta=2.0, reduction="none").round(4)
    array([0.3854, 0.6667])
    >>> fl.tukey_biweight.grad([1.0, 5.0], [0.0, 0.0], delta=2.0, reduction="none")
    array([0.5625, 0.    ])
    """


@loss(
    Pointwise,
    "delta^2/2 * (1 - exp(-(d/delta)^2))",
    NUMBERS,
    shown=("½δ²(1 − exp(−(d/δ)²))", "d·exp(−(d/δ)²)"),
    constant=locations.welsch,
    majorizer="exp(-(d/delta)^2)",
    aliases=("leclerc",),
    delta=delta("The error at which a sample's weight is 1/e"),
)
def welsch() -> None:
    """Welsch's loss: a parabola near the target, constant far from it, and smooth everywhere.

    With d = pred - target, ``delta**2 / 2 * (1 - exp(-(d / delta)**2))``; the derivative ``d * exp(-(d / delta)**2)``
    vanishes far away. Not convex: a cost can have several minima. ``leclerc`` is the same object.

    References
    ----------
    Holland and Welsch, *Robust regression using iteratively reweighted least-squares*, Communications in Statistics A 6,
    1977.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.welsch([1.0, 1000.0], [0.0, 0.0], reduction="none").round(4)
    array([0.3161, 0.5   ])
    >>> fl.welsch.grad([1.0, 1000.0], [0.0, 0.0], reduction="none").round(4)
    array([0.3679, 0.    ])
    """


@loss(
    Pointwise,
    "d^2/2 / (1 + (d/delta)^2)",
    NUMBERS,
    shown=("½d² / (1 + (d/δ)²)", "d / (1 + (d/δ)²)²"),
    constant=locations.geman_mcclure,
    majorizer="1/(1 + (d/delta)^2)^2",
    delta=delta("The error at which the loss is half of what it tends to"),
)
def geman_mcclure() -> None:
    """Geman and McClure's loss: a parabola near the target, constant far from it, as a quotient.

    With d = pred - target, ``d**2 / 2 / (1 + (d / delta)**2)``; the derivative ``d / (1 + (d / delta)**2)**2`` vanishes far
    away. Not convex: a cost can have several minima.

    References
    ----------
    Geman and McClure, *Statistical methods for tomographic image reconstruction*, Bulletin of the International Statistical
    Institute 52, 1987.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.geman_mcclure([1.0, 3.0], [0.0, 0.0], reduction="none")
    array([0.25, 0.45])
    >>> fl.geman_mcclure.grad([1.0, 3.0], [0.0, 0.0], reduction="none")
    array([0.25, 0.03])
    """


@loss(
    Pointwise,
    "delta^2 * b/alpha * ((1 + (d/delta)^2/b)^(alpha/2) - 1), b = |alpha - 2|",
    NUMBERS,
    shown=("δ²·b/α·((1 + z)^(α/2) − 1), b = |α − 2|, z = (d/δ)²/b", "d(1 + z)^(α/2 − 1)"),
    constant=locations.barron,
    majorizer="(1 + z)^(alpha/2 - 1), z = (d/delta)^2/|alpha - 2|, up to alpha = 2; beyond, the second derivative, positive there",
    aliases=("general_robust",),
    alpha=Parameter(
        1.0,
        low=-math.inf,
        open_low=True,
        text="The shape: 2 is half the squared error, 1 `pseudo_huber`, 0 `cauchy` and -2 `geman_mcclure` of other deltas; "
        "the lower, the less a large error counts. Any finite number.",
    ),
    delta=delta("The error up to which it is about a parabola"),
)
def barron() -> None:
    """Barron's general loss, which has many others as special cases: ``delta**2 * b / alpha * ((1 + z)**(alpha / 2) - 1)``.

    With d = pred - target, ``b = |alpha - 2|`` and ``z = (d / delta)**2 / b``; at alpha = 2 it is ``d**2 / 2`` and at
    alpha = 0 ``delta**2 * log(1 + (d / delta)**2 / 2)``, without a seam. The derivative is ``d * (1 + z)**(alpha / 2 - 1)``.
    Not convex below alpha = 1: a cost can have several minima. ``general_robust`` is the same object.

    References
    ----------
    Barron, *A general and adaptive robust loss function*, CVPR 2019.

    Examples
    --------
    >>> import fastloss as fl
    >>> [round(fl.barron([0.75], [0.0], alpha=alpha), 5) for alpha in (2, 1)]     # half of mse, pseudo_huber
    [0.28125, 0.25]
    >>> fl.barron([2.0], [0.0], alpha=-2.0)
    1.0
    >>> fl.barron.grad([2.0], [0.0], alpha=-2.0)
    array([0.5])
    """


soft_l1: Loss = pseudo_huber
logcosh: Loss = log_cosh
lorentzian: Loss = cauchy
bisquare: Loss = tukey_biweight
leclerc: Loss = welsch
general_robust: Loss = barron
