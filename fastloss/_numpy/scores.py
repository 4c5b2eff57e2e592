"""Losses of a score or a probability against a label."""

from __future__ import annotations

import numpy as np

from .._core.inputs import LOGITS, PROBABILITIES
from .arithmetic import sigmoid, term, weighed
from .pointwise import Formula, Pointwise


class BinaryCrossEntropy(Formula):
    """−t·log max(p, ε) − (1 − t)·log max(1 − p, ε), with 0·log 0 = 0; a logarithm that ε bounds has no slope."""

    domains = PROBABILITIES.domains

    @staticmethod
    def value(pred, target, eps):
        p, q = pred, 1 - pred
        return 0 - (
            term(target, np.log(np.where(p < eps, eps, p)))
            + term(1 - target, np.where(q < eps, np.log(eps), np.log1p(-p)))
        )

    @staticmethod
    def grad(pred, target, eps):
        p, q = pred + 0, 1 - pred  # +0: a probability of −0 is 0
        low, high = p < eps, q < eps
        slope = np.where(
            (target == 0) | low,
            weighed(1 - target, 1 / q) * ~high,
            np.where((target == 1) | high, -target / p, (p - target) / (p * q)),
        )
        return np.where((target == 0) & high, 0, slope)

    @staticmethod
    def hess(pred, target, eps):
        p, q = pred + 0, 1 - pred
        of_p = np.where((target == 0) | (p < eps), 0, target / p / p)
        return of_p + np.where((target == 1) | (q < eps), 0, (1 - target) / q / q)


class SigmoidCrossEntropy(Formula):
    """P·t·softplus(−x) + (1 − t)·softplus(x), with softplus(x) = max(x, 0) + log(1 + e^−|x|)."""

    domains = LOGITS.domains

    @staticmethod
    def shares(target, pos_weight, label_smoothing):
        """What softplus(−x) and softplus(x) count for."""
        t = target + label_smoothing * (target.dtype.type(0.5) - target)
        return pos_weight * t, 1 - t

    @classmethod
    def value(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        linear = weighed(np.where(pred > 0, v, u), np.abs(pred))
        return linear + (u + v) * np.log1p(np.exp(-np.abs(pred)))

    @classmethod
    def grad(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        return v * sigmoid(pred) - u * sigmoid(-pred)

    @classmethod
    def hess(cls, pred, target, *hyperparameters):
        u, v = cls.shares(target, *hyperparameters)
        return (u + v) * (sigmoid(pred) * sigmoid(-pred))

    @classmethod
    def majorizer(cls, pred, target, *hyperparameters):
        """Each softplus lies below the parabola that touches it at x and −x, of curvature tanh(x/2)/(2x)."""
        u, v = cls.shares(target, *hyperparameters)
        x = np.abs(pred)
        bound = np.where(x > 0, np.tanh(x / 2) / (2 * x), x + x.dtype.type(0.25))
        return (u + v) * bound


KERNELS = {
    "binary_cross_entropy": Pointwise(BinaryCrossEntropy),
    "sigmoid_cross_entropy": Pointwise(SigmoidCrossEntropy),
}
