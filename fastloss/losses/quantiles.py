"""Losses of a number against a number that look at its side, or not at all within a tube."""

from __future__ import annotations

from .._core import locations
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import NUMBERS
from .._core.loss import Loss

EPSILON = Parameter(
    0.1, text="Half the width of the tube in which an error costs nothing, >= 0, in the units of the target."
)


def level(of: str) -> Parameter:
    """What share of the pull is that of targets above the prediction."""
    text = f"The level of the {of}, 0 < alpha < 1; or one for each column of `pred`."
    return Parameter(0.5, high=1.0, open_low=True, open_high=True, per_column=True, text=text)


@loss(
    Pointwise,
    "alpha*max(-d, 0) + (1 - alpha)*max(d, 0)",
    NUMBERS,
    shown=("−αd if d < 0, else (1 − α)d", "−α if d < 0, 1 − α if d > 0, 0 at 0"),
    constant=locations.quantile,
    aliases=("pinball",),
    alpha=level("quantile"),
)
def quantile() -> None:
    """Quantile loss: what is predicted is the number below which a share alpha of the targets lies.

    With d = pred - target, ``-alpha * d`` where the prediction is too low, ``(1 - alpha) * d`` where it is too high; the
    derivative is ``-alpha`` or ``1 - alpha``, and 0 at 0. At alpha = 0.5 it is half of `mae`. Also called pinball loss;
    ``pinball`` is the same object.

    References
    ----------
    Koenker and Bassett, *Regression quantiles*, Econometrica 46, 1978.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.quantile([0.0, 10.0], [10.0, 0.0], alpha=0.9, reduction="none")
    array([9., 1.])
    >>> fl.quantile([[1.0, 5.0]], [[4.0, 4.0]], alpha=[0.1, 0.9], reduction="none").round(12)   # a level for each column
    array([[0.3, 0.1]])
    """


@loss(
    Pointwise,
    "(alpha if d < 0 else 1 - alpha)*d^2",
    NUMBERS,
    shown=("w·d², w = α if d < 0, else 1 − α", "2w·d"),
    constant=locations.expectile,
    alpha=level("expectile"),
)
def expectile() -> None:
    """Expectile loss: the squared error, weighted by alpha where the prediction is too low and by 1 - alpha where it is too high.

    With d = pred - target, ``alpha * d**2`` where ``d < 0``, else ``(1 - alpha) * d**2``. An expectile is to the mean what a
    quantile is to the median; at alpha = 0.5 it is half of `mse`.

    References
    ----------
    Newey and Powell, *Asymmetric least squares estimation and testing*, Econometrica 55, 1987.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.expectile([0.0, 2.0], [2.0, 0.0], alpha=0.75, reduction="none")
    array([3., 1.])
    >>> fl.expectile.grad([0.0, 2.0], [2.0, 0.0], alpha=0.75, reduction="none")
    array([-3.,  1.])
    """


@loss(
    Pointwise,
    "max(0, |d| - epsilon)",
    NUMBERS,
    shown=("max(0, |d| − ε)", "sign d where |d| > ε, else 0"),
    constant=locations.epsilon_insensitive,
    epsilon=EPSILON,
)
def epsilon_insensitive() -> None:
    """Epsilon-insensitive loss, of support vector regression: ``max(0, |pred - target| - epsilon)``.

    What lies within the tube around the prediction costs nothing. The derivative is the sign of the error outside of it, and 0
    inside.

    References
    ----------
    Smola and Schölkopf, *A tutorial on support vector regression*, Statistics and Computing 14, 2004.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.epsilon_insensitive([2.0, 0.0], [0.0, 0.25], epsilon=0.5, reduction="none")
    array([1.5, 0. ])
    >>> fl.epsilon_insensitive.grad([2.0, 0.0], [0.0, 0.25], epsilon=0.5, reduction="none")
    array([1., 0.])
    """


@loss(
    Pointwise,
    "max(0, |d| - epsilon)^2",
    NUMBERS,
    shown=("max(0, |d| − ε)²", "2 sign d·max(0, |d| − ε)"),
    constant=locations.squared_epsilon_insensitive,
    epsilon=EPSILON,
)
def squared_epsilon_insensitive() -> None:
    """Squared epsilon-insensitive loss: ``max(0, |pred - target| - epsilon)**2``, smooth where `epsilon_insensitive` has corners.

    With d = pred - target, the derivative is ``2 * sign(d) * max(0, |d| - epsilon)``.

    References
    ----------
    Smola and Schölkopf, *A tutorial on support vector regression*, Statistics and Computing 14, 2004.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.squared_epsilon_insensitive([2.0, 0.0], [0.0, 1.5], epsilon=0.5, reduction="none")
    array([2.25, 1.  ])
    >>> fl.squared_epsilon_insensitive.grad([2.0, 0.0], [0.0, 1.5], epsilon=0.5, reduction="none")
    array([ 3., -2.])
    """


pinball: Loss = quantile
