"""Losses of counts and of positive numbers: likelihoods of the logarithm of the mean, deviances of the mean."""

from __future__ import annotations

from .._core import constants, constants_of_scores
from .._core.families import Pointwise, loss
from .._core.hyperparameters import Parameter
from .._core.inputs import (
    LOG_MEANS_OF_AMOUNTS,
    LOG_MEANS_OF_COUNTS,
    LOG_MEANS_OF_POSITIVES,
    MEANS_OF_AMOUNTS,
    MEANS_OF_COUNTS,
    MEANS_OF_POSITIVES,
)


@loss(
    Pointwise,
    "exp(pred) - target*pred",
    LOG_MEANS_OF_COUNTS,
    shown=("eˣ − t·x", "eˣ − t"),
    constant=constants_of_scores.log_mean,
    link="log",
)
def poisson_nll() -> None:
    """Negative log-likelihood of a Poisson distribution, of the logarithm x of its mean: ``exp(x) - t * x``.

    The term that does not depend on x, log(t!), is left out, so that the loss may be negative. Targets need not be whole numbers:
    rates and amounts of any kind have the same gradient, ``exp(x) - t``.

    References
    ----------
    Nelder and Wedderburn, *Generalized linear models*, Journal of the Royal Statistical Society A 135, 1972.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.poisson_nll([0.0], [3])
    1.0
    >>> fl.poisson_nll.grad([0.0], [3])
    array([-2.])
    """


@loss(
    Pointwise,
    "2*(target*log(target/pred) - target + pred)",
    MEANS_OF_COUNTS,
    shown=("2(t log(t/p) − t + p)", "2(1 − t/p)"),
    constant=constants.mean,
)
def poisson_deviance() -> None:
    """Deviance of a Poisson distribution, of its mean p: ``2 * (t * log(t / p) - t + p)``, with 0 log 0 = 0.

    0 where the mean is the target, and exact near it. The derivative is ``2 * (1 - t / p)``. The distribution is that of
    `poisson_nll`, which takes the logarithm of the mean.

    References
    ----------
    McCullagh and Nelder, *Generalized Linear Models*, 1989.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.poisson_deviance([1.0, 3.0], [0.0, 3.0], reduction="none")
    array([2., 0.])
    >>> fl.poisson_deviance.grad([1.0, 2.0], [0.0, 4.0], reduction="none")
    array([ 2., -2.])
    """


@loss(
    Pointwise,
    "pred + target*exp(-pred)",
    LOG_MEANS_OF_POSITIVES,
    shown=("x + t·e⁻ˣ", "1 − t·e⁻ˣ"),
    constant=constants_of_scores.log_mean,
    link="log",
)
def gamma_nll() -> None:
    """Negative log-likelihood of a gamma distribution, of the logarithm x of its mean: ``x + t * exp(-x)``, for a shape of 1.

    Another shape multiplies it and adds a term that does not depend on x. Errors count in proportion to the mean. The derivative
    is ``1 - t * exp(-x)``.

    References
    ----------
    Nelder and Wedderburn, *Generalized linear models*, Journal of the Royal Statistical Society A 135, 1972.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.gamma_nll([0.0], [2.0])
    2.0
    >>> fl.gamma_nll.grad([0.0], [2.0])
    array([-1.])
    """


@loss(
    Pointwise,
    "2*(log(pred/target) + target/pred - 1)",
    MEANS_OF_POSITIVES,
    shown=("2(log(p/t) + t/p − 1)", "2(p − t)/p²"),
    constant=constants.mean,
    majorizer="2/pred^2, the Fisher information, or the second derivative where that is larger",
)
def gamma_deviance() -> None:
    """Deviance of a gamma distribution, of its mean p: ``2 * (log(p / t) + t / p - 1)``.

    It depends only on the ratio of the two: being off by a tenth costs the same for 1 and for 1000. The derivative is
    ``2 * (p - t) / p**2``; the second derivative is negative where p > 2t.

    References
    ----------
    McCullagh and Nelder, *Generalized Linear Models*, 1989.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.gamma_deviance([1.0, 1000.0], [2.0, 2000.0], reduction="none").round(4)
    array([0.6137, 0.6137])
    >>> fl.gamma_deviance.grad([1.0], [2.0])
    array([-2.])
    """


@loss(
    Pointwise,
    "exp((2 - power)*pred)/(2 - power) + target*exp((1 - power)*pred)/(power - 1)",
    LOG_MEANS_OF_AMOUNTS,
    shown=("e^((2−ρ)x)/(2−ρ) + t·e^((1−ρ)x)/(ρ−1)", "e^((2−ρ)x) − t·e^((1−ρ)x)"),
    constant=constants_of_scores.log_mean,
    link="log",
    power=Parameter(
        1.5,
        low=1.0,
        high=2.0,
        open_low=True,
        open_high=True,
        text="ρ, the power of the mean that the variance grows with; 1 < power < 2.",
    ),
)
def tweedie_nll() -> None:
    """Negative log-likelihood of a Tweedie distribution, of the logarithm x of its mean, for targets with many zeros.

    With a = 2 - power and b = power - 1, ``exp(a * x) / a + t * exp(-b * x) / b``: for sums of gamma-distributed amounts whose
    number is Poisson-distributed, such as the claims of a year or the sales of a day. The derivative is
    ``exp(a * x) - t * exp(-b * x)``.

    References
    ----------
    Jørgensen, *Exponential dispersion models*, Journal of the Royal Statistical Society B 49, 1987.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.tweedie_nll([0.0], [0.0])
    2.0
    >>> fl.tweedie_nll.grad([0.0, 0.0], [0.0, 3.0], reduction="none")
    array([ 1., -2.])
    """


@loss(
    Pointwise,
    "2*(t^(2-r)/((1-r)*(2-r)) - t*p^(1-r)/(1-r) + p^(2-r)/(2-r)), p = pred, t = target, r = power",
    MEANS_OF_AMOUNTS,
    shown=("2(t^(2−ρ)/((1−ρ)(2−ρ)) − t·p^(1−ρ)/(1−ρ) + p^(2−ρ)/(2−ρ))", "2(p − t)/p^ρ"),
    constant=constants.mean,
    majorizer="2/pred^power, the Fisher information, or the second derivative where that is larger",
    power=Parameter(
        1.5,
        low=1.0,
        text="ρ, the power of the mean that the variance grows with, >= 1: 1 is `poisson_deviance`, 2 `gamma_deviance`, 3 that of "
        "the inverse Gaussian distribution.",
    ),
)
def tweedie_deviance() -> None:
    """Deviance of a Tweedie distribution, of its mean p, whose variance grows with a power of the mean.

    With r = power, ``2 * (t**(2-r) / ((1-r) * (2-r)) - t * p**(1-r) / (1-r) + p**(2-r) / (2-r))``. For a power below 2, targets
    may be 0. It is 0 where the mean equals the target, and exact near it. The derivative is ``2 * (p - t) / p**r``.

    References
    ----------
    Smyth and Jørgensen, *Fitting Tweedie's compound Poisson model to insurance claims data: dispersion modelling*, ASTIN Bulletin
    32, 2002.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.tweedie_deviance([4.0, 1.0], [1.0, 0.0], reduction="none").round(12)
    array([2., 4.])
    >>> fl.tweedie_deviance([4.0], [0.0], power=2)
    Traceback (most recent call last):
        ...
    ValueError: target[0] is 0; target must be > 0 for a power >= 2 (0 needs a power below 2)
    """


@loss(
    Pointwise,
    "(target + 1/alpha)*log(1 + alpha*exp(pred)) - target*pred",
    LOG_MEANS_OF_COUNTS,
    shown=("(t + 1/α)·log(1 + αeˣ) − t·x", "(eˣ − t)/(1 + αeˣ)"),
    constant=constants_of_scores.log_mean,
    link="log",
    alpha=Parameter(
        1.0,
        low=0.0,
        open_low=True,
        text="The overdispersion, > 0: a mean of m has the variance ``m + alpha * m**2``.",
    ),
)
def negative_binomial_nll() -> None:
    """Negative log-likelihood of a negative binomial distribution, of the logarithm x of its mean, for overdispersed counts.

    ``(t + 1 / alpha) * log(1 + alpha * exp(x)) - t * x``, without the terms that do not depend on x; `poisson_nll` is its limit
    for small alpha. The derivative is ``(exp(x) - t) / (1 + alpha * exp(x))``, which a large count cannot blow up.

    References
    ----------
    Lawless, *Negative binomial and mixed Poisson regression*, Canadian Journal of Statistics 15, 1987.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.negative_binomial_nll([0.0, 0.0], [0, 1], reduction="none").round(4)
    array([0.6931, 1.3863])
    >>> fl.negative_binomial_nll.grad([0.0, 0.0], [0, 1], reduction="none")
    array([0.5, 0. ])
    """
