"""Losses of counts and of positive numbers. A tweedie loss has a = 2 − power and b = 1 − power."""

from __future__ import annotations

import numpy as np

from .._core.domains import Array
from .._core.inputs import (
    LOG_MEANS_OF_COUNTS,
    LOG_MEANS_OF_POSITIVES,
    MEANS_OF_AMOUNTS,
    MEANS_OF_COUNTS,
    MEANS_OF_POSITIVES,
)
from .arithmetic import RANGE, bend, excess, log_near_quotient, log_quotient
from .pointwise import Formula, InDouble

LARGE = 700.0  # an exponential of more may leave the range


def times_exp(t: Array, y: Array) -> Array:
    """t·eʸ, which may be in range where eʸ is not; 0 for t = 0, whatever eʸ is."""
    half = np.exp(y / 2)
    product = np.where(np.abs(y) < LARGE, t * np.exp(y), t * half * half)
    return np.where((t == 0) & ~np.isnan(y), 0, product)


def times_power(x: Array, base: Array, exponent: float) -> Array:
    """x·baseᵉ, which may be in range where baseᵉ is not; 0 for x = 0, whatever baseᵉ is."""
    whole, half = base**exponent, base ** (exponent / 2)
    product = np.where((whole > 1 / RANGE) & (whole < RANGE), x * whole, x * half * half)
    return np.where((x == 0) & ~np.isnan(base), 0, product)


def divergence(a: Array, b: Array) -> Array:
    """w − 1 − log w of w = a/b: 0 where they are equal, and exact near it; infinite where w is 0 or infinite."""
    v, w = (a - b) / b, a / b
    near = (v >= -0.5) & (v <= 1)
    far = np.where(np.isinf(w), w, (w - 1) - log_quotient(a, b))
    return np.where(near, excess(np.where(near, v, 0)), far)


def nan_of(x: Array) -> Array:
    """0, or the NaN that x is."""
    return np.where(np.isnan(x), x, 0)


def quotient(t: Array, mu: Array) -> Array:
    """t/μ, 0 for t = 0."""
    return np.where(t == 0, nan_of(mu), t / mu)


def relative(mu: Array, t: Array) -> Array:
    """(μ − t)/μ, 1 for t = 0 and for an infinite mean."""
    whole = (t == 0) | (np.isinf(mu) & ~np.isinf(t))
    return np.where(whole, 1 + nan_of(mu) + nan_of(t), (mu - t) / mu)


class PoissonNLL(Formula):
    """eˣ − t·x; t·x is 0 where t is, and is left out where eˣ is infinite."""

    domains = LOG_MEANS_OF_COUNTS.domains

    @staticmethod
    def value(x, t):
        mean = np.exp(x)
        absent = (t == 0) | (np.isinf(mean) & ~np.isnan(t))
        return mean - np.where(absent, 0, t * x)

    @staticmethod
    def grad(x, t):
        return np.exp(x) - t

    @staticmethod
    def hess(x, t):
        return np.exp(x)


class PoissonDeviance(Formula):
    """2(t·log(t/μ) − t + μ) = 2t(w − 1 − log w), with w = μ/t."""

    domains = MEANS_OF_COUNTS.domains

    @staticmethod
    def value(mu, t):
        mu = mu + 0
        small = t * divergence(mu, t)
        large = (mu - t) - t * log_quotient(mu, t)  # where w may be infinite and t·w is not
        large = np.where(np.isinf(mu) & ~np.isinf(t), mu + t, large)
        return 2 * np.where(t == 0, mu, np.where(mu > 2 * t, large, small))

    @staticmethod
    def grad(mu, t):
        return 2 * relative(mu + 0, t)

    @staticmethod
    def hess(mu, t):
        mu = mu + 0
        return 2 * quotient(t, mu) / np.where(t == 0, 1, mu)


class GammaNLL(Formula):
    """x + t·e⁻ˣ; x is left out where t·e⁻ˣ is infinite."""

    domains = LOG_MEANS_OF_POSITIVES.domains

    @staticmethod
    def value(x, t):
        ratio = times_exp(t, -x)
        return np.where(np.isinf(ratio), 0, x) + ratio

    @staticmethod
    def grad(x, t):
        return 1 - times_exp(t, -x)

    @staticmethod
    def hess(x, t):
        return times_exp(t, -x)


class GammaDeviance(Formula):
    """2(log(μ/t) + t/μ − 1) = 2(w − 1 − log w), with w = t/μ. Its Fisher information is 2/μ²."""

    domains = MEANS_OF_POSITIVES.domains

    @staticmethod
    def value(mu, t):
        return 2 * divergence(t, mu + 0)

    @staticmethod
    def grad(mu, t):
        mu = mu + 0
        return 2 * relative(mu, t) / mu

    @staticmethod
    def hess(mu, t):
        mu = mu + 0
        share = np.where(np.isinf(mu) & ~np.isinf(t), nan_of(t) - 0.5, (t - mu / 2) / mu)
        return share / mu * 2 / mu * 2

    @classmethod
    def majorizer(cls, mu, t):
        mu = mu + 0
        return np.maximum(2 / mu / mu, cls.hess(mu, t))


class TweedieNLL(Formula):
    """eᵃˣ/a + t·eᵇˣ/|b|, whose terms are all above 0."""

    domains = LOG_MEANS_OF_COUNTS.domains

    @staticmethod
    def terms(x, t, power):
        return np.exp((2 - power) * x), times_exp(t, (1 - power) * x)

    @classmethod
    def value(cls, x, t, power):
        mean, ratio = cls.terms(x, t, power)
        return mean / (2 - power) + ratio / (power - 1)

    @classmethod
    def grad(cls, x, t, power):
        mean, ratio = cls.terms(x, t, power)
        return mean - ratio

    @classmethod
    def hess(cls, x, t, power):
        mean, ratio = cls.terms(x, t, power)
        return (2 - power) * mean + (power - 1) * ratio


class TweedieDeviance(Formula):
    """2(tᵃ/(ab) − t·μᵇ/b + μᵃ/a) = 2tᵃ(m(av)/a − m(bv)/b), with v = log(μ/t) and m(y) = eʸ − 1 − y.

    Powers of 1 and 2 are Poisson's and gamma's. The Fisher information is 2/μ^power.
    """

    domains = MEANS_OF_AMOUNTS.domains
    CASES = {1.0: PoissonDeviance, 2.0: GammaDeviance}

    @classmethod
    def value(cls, mu, t, power):
        if power in cls.CASES:
            return cls.CASES[power].value(mu, t)
        mu, a, b = mu + 0, 2 - power, 1 - power
        v = log_near_quotient(mu, t)
        first = cls.part(t, a, a * v, times_power(np.ones_like(t), mu, a)) / a
        second = cls.part(t, a, b * v, times_power(t, mu, b)) / b
        value = np.where(np.isinf(second), -second, first - second)  # where both are, the second is the larger
        if a < 0:  # the two are near one another where the mean is far above the target
            far = times_power(1 + b * np.exp(a * v) - a * np.exp(b * v), t, a) / (a * b)
            value = np.where(-a * v > 1, far, value)
            infinite = (mu == 0) | (np.isinf(t) & ~np.isinf(mu))
        else:
            value = np.where(t == 0, mu**a / a, value)
            infinite = ((mu == 0) & (t != 0)) | (np.isinf(t) ^ np.isinf(mu))
        return 2 * np.where(infinite, np.inf + mu + t, value)

    @staticmethod
    def part(t, a, y, whole):
        """tᵃ·m(y), where tᵃ·eʸ is `whole`."""
        near = np.abs(y) <= 0.5
        m = np.where(near, bend(np.where(near, y, 0)), np.expm1(y) - y)
        rest = np.where(np.isinf(whole), 0, times_power(1 + y, t, a))  # less than half of the whole
        return np.where(y > 2, whole - rest, times_power(m, t, a))

    @classmethod
    def grad(cls, mu, t, power):
        if power in cls.CASES:
            return cls.CASES[power].grad(mu, t)
        mu = mu + 0
        return 2 * times_power(relative(mu, t), mu, 1 - power)

    @classmethod
    def hess(cls, mu, t, power):
        if power in cls.CASES:
            return cls.CASES[power].hess(mu, t)
        mu = mu + 0
        return 2 * times_power(1 - power + power * quotient(t, mu), mu, -power)

    @staticmethod
    def majorizer(mu, t, power):
        mu = mu + 0
        return 2 * times_power(np.maximum(1, 1 - power + power * quotient(t, mu)), mu, -power)


class NegativeBinomialNLL(Formula):
    """(t + 1/α)·log(1 + z) − t·x, with z = αeˣ; where z > 1 by what is over z, so that nothing overflows."""

    domains = LOG_MEANS_OF_COUNTS.domains

    @staticmethod
    def parts(x, alpha):
        """z, what makes y/z of a number y, and where that is used."""
        z = times_exp(np.full_like(x, alpha), x)
        root = np.exp(-0.5 * x)
        return z, lambda y: np.where(np.isinf(z), y * root / alpha * root, y / z), z > 1

    @classmethod
    def value(cls, x, t, alpha):
        z, over, far = cls.parts(x, alpha)
        logs = np.where(np.isinf(z), x + np.log(alpha), np.log1p(z))
        means = np.where(z < np.finfo(z.dtype).tiny, np.exp(x), logs / alpha)
        with_target = np.where(far, np.log1p(over(1)) + np.log(alpha), np.log1p(z) - x)
        return means + np.where(t == 0, 0, t * with_target)

    @classmethod
    def grad(cls, x, t, alpha):
        z, over, far = cls.parts(x, alpha)
        return np.where(far, (1 / alpha - over(t)) / (1 + over(1)), (np.exp(x) - t) / (1 + z))

    @classmethod
    def hess(cls, x, t, alpha):
        z, over, far = cls.parts(x, alpha)
        root = np.exp(x / 2)
        # z·t, where z may be too small for the range
        of_target = np.where(root > 1, alpha * root * t * root, root * t * (alpha * root))
        return np.where(far, over(1 / alpha + t) / (1 + over(1)) ** 2, (np.exp(x) + of_target) / (1 + z) ** 2)


KERNELS = {
    "poisson_nll": InDouble(PoissonNLL),
    "poisson_deviance": InDouble(PoissonDeviance),
    "gamma_nll": InDouble(GammaNLL),
    "gamma_deviance": InDouble(GammaDeviance),
    "tweedie_nll": InDouble(TweedieNLL),
    "tweedie_deviance": InDouble(TweedieDeviance),
    "negative_binomial_nll": InDouble(NegativeBinomialNLL),
}
