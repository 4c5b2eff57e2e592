"""Losses of a score against a sign. m = t·s is the margin of a sample, M the one that is asked for."""

from __future__ import annotations

import numpy as np

from .._core.inputs import SIGNS
from .arithmetic import softplus_bound
from .pointwise import Formula, InDouble, Pointwise


class Hinge(Formula):
    """max(0, M − m)."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target, margin):
        return np.maximum(margin - target * pred, 0)

    @staticmethod
    def grad(pred, target, margin):
        lack = margin - target * pred
        return np.where(lack > 0, -target, np.where(lack <= 0, 0, lack))


class SquaredHinge(Formula):
    """max(0, M − m)², which no parabola of curvature 2 crosses."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target, margin):
        return np.maximum(margin - target * pred, 0) ** 2

    @staticmethod
    def grad(pred, target, margin):
        return -2 * target * np.maximum(margin - target * pred, 0)

    @staticmethod
    def hess(pred, target, margin):
        lack = np.maximum(margin - target * pred, 0)
        return np.where(lack > 0, lack.dtype.type(2), lack)

    @staticmethod
    def majorizer(pred, target, margin):
        return np.where(np.isnan(target * pred), target * pred, pred.dtype.type(2))


class Perceptron(Formula):
    """max(0, −m), with the slope 0 at 0."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.maximum(-target * pred, 0)

    @staticmethod
    def grad(pred, target):
        lack = -target * pred
        return np.where(lack > 0, -target, np.where(lack <= 0, 0, lack))


class Logistic(Formula):
    """log(1 + e⁻ᵐ) = max(0, −m) + log(1 + a), with a = e^−|m|. Its parabola has the curvature tanh(m/2)/(2m)."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        m = target * pred
        return np.maximum(-m, 0) + np.log1p(np.exp(-np.abs(m)))

    @staticmethod
    def grad(pred, target):
        m = target * pred
        a = np.exp(-np.abs(m))
        return -target * np.where(m > 0, a, 1) / (1 + a)

    @staticmethod
    def hess(pred, target):
        a = np.exp(-np.abs(target * pred))
        return a / (1 + a) ** 2

    @staticmethod
    def majorizer(pred, target):
        return softplus_bound(target * pred)


class Exponential(Formula):
    """e⁻ᵐ."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.exp(-target * pred)

    @staticmethod
    def grad(pred, target):
        return -target * np.exp(-target * pred)

    @staticmethod
    def hess(pred, target):
        return np.exp(-target * pred)


class ModifiedHuber(Formula):
    """max(0, 1 − m)² for m ≥ −1, else −4m, which no parabola of curvature 2 crosses."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        m = target * pred
        return np.where(m < -1, -4 * m, np.maximum(1 - m, 0) ** 2)

    @staticmethod
    def grad(pred, target):
        return -2 * target * np.clip(1 - target * pred, 0, 2)

    @staticmethod
    def hess(pred, target):
        m = target * pred
        return np.where(np.isnan(m), m, 2.0 * ((m >= -1) & (m < 1)))

    @staticmethod
    def majorizer(pred, target):
        m = target * pred
        return np.where(np.isnan(m), m, 2.0)


KERNELS = {
    "hinge": Pointwise(Hinge),
    "squared_hinge": Pointwise(SquaredHinge),
    "perceptron": InDouble(Perceptron),
    "logistic": InDouble(Logistic),
    "exponential": InDouble(Exponential),
    "modified_huber": InDouble(ModifiedHuber),
}
