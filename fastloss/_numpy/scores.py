"""Losses of a score or a probability against a label."""

from __future__ import annotations

import numpy as np

from .._core.inputs import LOGITS, LOGITS_OF_LABELS, PROBABILITIES
from .arithmetic import power, sigmoid, softplus, softplus_bound, term, weighed
from .pointwise import Formula, InDouble, Pointwise


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
        """What softplus(−x) and softplus(x) count for; neither is 1 less the other, which would lose a little smoothing."""
        middle = target.dtype.type(0.5)
        share = target + label_smoothing * (middle - target)
        return pos_weight * share, (1 - target) + label_smoothing * (target - middle)

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
        """Each softplus lies below its parabola."""
        u, v = cls.shares(target, *hyperparameters)
        return (u + v) * softplus_bound(pred)


class Sigmoids:
    """p = σ(x), q = σ(−x), and their distance from a label: p − t, without what cancels for a label of 0 or 1."""

    def __init__(self, x, t):
        self.p, self.q = sigmoid(x), sigmoid(-x)
        self.error = (1 - t) * self.p - t * self.q
        self.variance = self.p * self.q
        self.turn = self.q - self.p  # the derivative of p·q over p·q


class SigmoidFocal(Formula):
    """w·Q^γ·C, with the cross-entropy C, Q = tq + (1 − t)p, w = αt + (1 − α)(1 − t), or 1 without α.

    With k = (1 − 2t)pq/Q, the derivative of log Q: gradient w·Q^γ((p − t) + γCk), Hessian
    w·Q^γ(pq + 2γ(p − t)k + γCk(q − p − k + γk)). For a label of 0 or 1, k(q − p − k) is −pq.
    """

    domains = LOGITS.domains

    @staticmethod
    def weight(t, alpha):
        return np.ones_like(t) if np.isnan(alpha) else alpha * t + (1 - alpha) * (1 - t)

    @classmethod
    def value(cls, x, t, gamma, alpha):
        at, w = Sigmoids(x, t), cls.weight(t, alpha)
        wrong = t * at.q + (1 - t) * at.p
        entropy = weighed(t, softplus(-x)) + weighed(1 - t, softplus(x))
        # (A soft label's power may be too small for the range.)
        loss = np.where(np.isinf(entropy), entropy, power(wrong, gamma) * entropy)
        return np.where((w == 0) & ~np.isnan(x), 0, w * loss)

    @classmethod
    def parts(cls, x, t, gamma, alpha):
        """p and q, w·Q^γ, k, and C·k, which is 0 where k is."""
        at = Sigmoids(x, t)
        wrong = t * at.q + (1 - t) * at.p
        k = (1 - 2 * t) * np.where(wrong == 0, 1, at.variance / wrong)
        entropy = weighed(t, softplus(-x)) + weighed(1 - t, softplus(x))
        return at, cls.weight(t, alpha) * power(wrong, gamma), k, np.where(k == 0, 0, entropy * k)

    @classmethod
    def grad(cls, x, t, gamma, alpha):
        at, w, _, c = cls.parts(x, t, gamma, alpha)
        return w * (at.error + gamma * c)

    @classmethod
    def hess(cls, x, t, gamma, alpha):
        at, w, k, c = cls.parts(x, t, gamma, alpha)
        return w * (at.variance + 2 * gamma * at.error * k + gamma * c * ((at.turn - k) + gamma * k))

    @classmethod
    def majorizer(cls, x, t, gamma, alpha):
        """The Hessian without what is negative in it."""
        at, w, k, c = cls.parts(x, t, gamma, alpha)
        crossed, bent = np.maximum(at.error * k, 0), np.maximum(c * (at.turn - k), 0)
        return w * (at.variance + 2 * gamma * crossed + gamma * (bent + gamma * c * k))


class SigmoidBrier(Formula):
    """(p − t)², whose Hessian as Gauss and Newton have it is 2(pq)²."""

    domains = LOGITS.domains

    @staticmethod
    def value(x, t):
        return Sigmoids(x, t).error ** 2

    @staticmethod
    def grad(x, t):
        at = Sigmoids(x, t)
        return 2 * at.error * at.variance

    @staticmethod
    def hess(x, t):
        at = Sigmoids(x, t)
        return 2 * at.variance * (at.variance + at.error * at.turn)

    @staticmethod
    def majorizer(x, t):
        at = Sigmoids(x, t)
        return 2 * at.variance * (at.variance + np.maximum(at.error * at.turn, 0))


class SigmoidAsymmetric(Formula):
    """For t = 1 the focal loss of γ₊; for t = 0 v^γ₋·L, with v = max(p − c, 0) and L = −log(1 − v): without c that of γ₋."""

    domains = LOGITS_OF_LABELS.domains

    @staticmethod
    def chosen(call, x, t, gamma_pos, gamma_neg, clip):
        """A result for either label; NaN of the target goes through."""
        negative = Shifted(x, gamma_neg, clip) if clip else Focal(x, 0 * t, gamma_neg)
        of_positive, of_negative = (getattr(part, call)() for part in (Focal(x, 0 * t + 1, gamma_pos), negative))
        return np.where(t == 1, of_positive, np.where(np.isnan(t), t, of_negative))

    @classmethod
    def value(cls, *given):
        return cls.chosen("value", *given)

    @classmethod
    def grad(cls, *given):
        return cls.chosen("grad", *given)

    @classmethod
    def hess(cls, *given):
        return cls.chosen("hess", *given)


class Focal:
    """The focal loss without weights."""

    def __init__(self, x, t, gamma):
        self.given = x, t, gamma, np.nan

    def value(self):
        return SigmoidFocal.value(*self.given)

    def grad(self):
        return SigmoidFocal.grad(*self.given)

    def hess(self):
        return SigmoidFocal.hess(*self.given)


class Shifted:
    """v^γ·L by x: with r = L/v, the derivatives by v are v^γ(1/(1 − v) + γr) and v^γ(1/(1 − v)² + (2γ/(1 − v) + γ(γ − 1)r)/v)."""

    def __init__(self, x, gamma, clip):
        self.at = Sigmoids(x, np.zeros_like(x))
        self.v, self.rest = np.maximum(self.at.p - clip, 0), np.minimum(self.at.q + clip, 1)
        self.log = np.where(self.v < 0.5, -np.log1p(-np.minimum(self.v, 0.5)), -np.log(self.rest))
        self.gamma, self.power = gamma, power(self.v, gamma)

    def there(self, x):
        """Derivatives, and 0 where there is no loss."""
        return np.where(self.v == 0, 0, x)

    def value(self):
        return self.there(self.power * self.log)

    def slope(self):
        return self.power * (1 / self.rest + self.gamma * (self.log / self.v))

    def grad(self):
        return self.there(self.slope() * self.at.variance)

    def hess(self):
        gamma, at = self.gamma, self.at
        bend = gamma * (2 / self.rest + (gamma - 1) * (self.log / self.v)) * (self.power / self.v)
        bend += self.power / self.rest**2
        return self.there(at.variance * (bend * at.variance + self.slope() * at.turn))


KERNELS = {
    "binary_cross_entropy": Pointwise(BinaryCrossEntropy),
    "sigmoid_cross_entropy": Pointwise(SigmoidCrossEntropy),
    "sigmoid_focal": InDouble(SigmoidFocal),
    "sigmoid_brier": InDouble(SigmoidBrier),
    "sigmoid_asymmetric": InDouble(SigmoidAsymmetric),
}
