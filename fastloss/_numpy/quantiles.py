"""Losses of a difference by its side, or beyond a tube."""

from __future__ import annotations

import numpy as np

from .pointwise import Formula, Pointwise


class Quantile(Formula):
    """−αd or (1 − α)d, whichever is positive."""

    @staticmethod
    def constants(alpha):
        return alpha, 1 - alpha

    @staticmethod
    def value(pred, target, alpha, rest):
        d = pred - target
        return np.where(d < 0, alpha, rest) * np.abs(d)

    @staticmethod
    def grad(pred, target, alpha, rest):
        d = pred - target
        return np.where(d < 0, -alpha, np.where(d > 0, rest, d))


class Expectile(Formula):
    """w·d², with w = α where d < 0, else 1 − α."""

    constants = Quantile.constants

    @staticmethod
    def share(d, alpha, rest):
        return np.where(d < 0, alpha, np.where(np.isnan(d), d, rest))

    @classmethod
    def value(cls, pred, target, *constants):
        d = pred - target
        return cls.share(d, *constants) * d * d

    @classmethod
    def grad(cls, pred, target, *constants):
        d = pred - target
        return 2 * cls.share(d, *constants) * d

    @classmethod
    def hess(cls, pred, target, *constants):
        return 2 * cls.share(pred - target, *constants)


class EpsilonInsensitive(Formula):
    """max(0, |d| − ε)."""

    @staticmethod
    def value(pred, target, epsilon):
        return np.maximum(np.abs(pred - target) - epsilon, 0)

    @staticmethod
    def grad(pred, target, epsilon):
        d = pred - target
        return np.where(np.abs(d) <= epsilon, 0, np.sign(d))


class SquaredEpsilonInsensitive(Formula):
    """max(0, |d| − ε)²."""

    @staticmethod
    def value(pred, target, epsilon):
        return np.maximum(np.abs(pred - target) - epsilon, 0) ** 2

    @staticmethod
    def grad(pred, target, epsilon):
        d = pred - target
        return np.copysign(2 * np.maximum(np.abs(d) - epsilon, 0), d)

    @staticmethod
    def hess(pred, target, epsilon):
        a = np.abs(pred - target)
        return np.where(a <= epsilon, 0, np.where(np.isnan(a), a, a.dtype.type(2)))


KERNELS = {
    "quantile": Pointwise(Quantile),
    "expectile": Pointwise(Expectile),
    "epsilon_insensitive": Pointwise(EpsilonInsensitive),
    "squared_epsilon_insensitive": Pointwise(SquaredEpsilonInsensitive),
}
