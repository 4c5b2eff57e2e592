"""Losses of a difference that large ones have less of a pull on, with r = |d|/δ and u = r².

All but the oldest two are computed in double. Where r > 1, q = δ/|d| and w = q² take the place of r and u, so that nothing
leaves the range that the result is in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .arithmetic import excess
from .pointwise import Formula, Pointwise

TINY = 2.0**-27  # the square of anything smaller is nothing beside 1
HUGE = 2.0**60  # from here on 1 + r and √(1 + r²) are r; r² may be infinite
LOG_2 = 0.6931471805599453


class Huber(Formula):
    """½d² where |d| ≤ δ, else δ(|d| − ½δ): q(|d| − ½q), with q = min(|d|, δ). Its slope over d is min(1, δ/|d|)."""

    @staticmethod
    def value(pred, target, delta):
        d = np.abs(pred - target)
        q = np.minimum(d, delta)
        return q * (d - delta.dtype.type(0.5) * q)

    @staticmethod
    def grad(pred, target, delta):
        return np.clip(pred - target, -delta, delta)

    @staticmethod
    def hess(pred, target, delta):
        d = np.abs(pred - target)
        return np.where(np.isnan(d), d, (d <= delta).astype(d.dtype))

    @staticmethod
    def majorizer(pred, target, delta):
        d = np.abs(pred - target)
        return np.where(d <= delta, d.dtype.type(1), delta / d)


class PseudoHuber(Formula):
    """δ²(√(1 + r²) − 1), with r = |d|/δ, which is d²/(1 + √(1 + r²)) without a difference. Its slope over d is 1/√(1 + r²)."""

    @staticmethod
    def value(pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > HUGE, delta * d, d * (d / (1 + np.sqrt(1 + r * r))))

    @staticmethod
    def grad(pred, target, delta):
        d = pred - target
        r = np.abs(d) / delta
        return np.where(r > HUGE, np.copysign(delta, d), d / np.sqrt(1 + r * r))

    @staticmethod
    def hess(pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > HUGE, (delta / d) ** 3, (1 + r * r) ** r.dtype.type(-1.5))

    @staticmethod
    def majorizer(pred, target, delta):
        d = np.abs(pred - target)
        r = d / delta
        return np.where(r > HUGE, delta / d, 1 / np.sqrt(1 + r * r))


class LogCosh(Formula):
    """With r = |d|/δ, E = e⁻ʳ, z = 1 − e⁻ʳ: cosh r − 1 is z²/(2E), and tanh r is z(1 + E)/(1 + E²). All in double.

    Where r² is nothing beside 1, r itself may have left the range: there it is ½d².
    """

    @staticmethod
    def parts(pred, target, delta):
        d = pred.astype(np.float64) - target
        r = np.abs(d) / delta
        return d, r, np.exp(-r), -np.expm1(-r)

    @classmethod
    def value(cls, pred, target, delta):
        d, r, e, z = cls.parts(pred, target, delta)
        q, y = delta * z, z * z / (2 * e)
        near = np.where(z < TINY, d * d / 2, q * q / (2 * e) * np.where(y > 0, np.log1p(y) / y, 1))
        far = delta * (np.abs(d) - delta * (LOG_2 - np.log1p(e * e)))
        return np.where(r <= 1, near, far).astype(pred.dtype)

    @classmethod
    def grad(cls, pred, target, delta):
        d, _, e, z = cls.parts(pred, target, delta)
        slope = np.where(z < TINY, d, np.copysign(delta * (z * (1 + e) / (1 + e * e)), d))
        return slope.astype(pred.dtype)

    @classmethod
    def hess(cls, pred, target, delta):
        _, _, e, _ = cls.parts(pred, target, delta)
        return ((2 * e / (1 + e * e)) ** 2).astype(pred.dtype)

    @classmethod
    def majorizer(cls, pred, target, delta):
        d, r, e, z = cls.parts(pred, target, delta)
        tanh = z * (1 + e) / (1 + e * e)
        bound = np.where(r > HUGE, delta * tanh / np.abs(d), tanh / r)
        return np.where(r > 0, bound, 1 + d).astype(pred.dtype)  # 1 + d: NaN of it goes through


class Difference(Formula):
    """Of d and δ in double; the results are rounded to the dtype of the predictions. `of_…` are the formulas."""

    of_value: ClassVar[Callable[..., Any]]
    of_grad: ClassVar[Callable[..., Any]]
    of_hess: ClassVar[Callable[..., Any]]
    of_majorizer: ClassVar[Callable[..., Any]]

    @classmethod
    def value(cls, pred, target, *constants):
        return cls.of_value(*cls.differences(pred, target, *constants)).astype(pred.dtype)

    @classmethod
    def grad(cls, pred, target, *constants):
        return cls.of_grad(*cls.differences(pred, target, *constants)).astype(pred.dtype)

    @classmethod
    def hess(cls, pred, target, *constants):
        return cls.of_hess(*cls.differences(pred, target, *constants)).astype(pred.dtype)

    @classmethod
    def majorizer(cls, pred, target, *constants):
        return cls.of_majorizer(*cls.differences(pred, target, *constants)).astype(pred.dtype)

    @staticmethod
    def differences(pred, target, *constants):
        """d and the constants."""
        return pred.astype(np.float64) - target, *(np.float64(x) for x in constants)


def ratios(d, delta):
    """|d|/δ and δ/|d|, and the squares of those that are at most 1."""
    a = np.abs(d)
    r, q = a / delta, delta / a
    return r, q, np.where(r > 1, q * q, r * r)


def one_minus_square(x, gap):
    """1 − x² of 0 ≤ x ≤ 1, where `gap` is 1 − x to the last digits."""
    return np.where(x < 0.5, 1 - x * x, gap * (1 + x))


def near_rest(d, delta, r):
    """1 − r², of r ≤ 1."""
    return one_minus_square(r, (delta - np.abs(d)) / delta)


def far_rest(d, delta, q):
    """1 − q², of q ≤ 1."""
    return one_minus_square(q, (np.abs(d) - delta) / np.abs(d))


class Fair(Difference):
    """δ²(r − log(1 + r)), of which `excess` is the part up to r = 1."""

    @staticmethod
    def of_value(d, delta):
        r, _, _ = ratios(d, delta)
        small = r < TINY * TINY
        g = np.where(small, 0.5, excess(np.where(r > 1, 0, r)) / np.where(small, 1, r * r))
        far = delta * np.where(r > HUGE, np.abs(d), np.abs(d) - delta * np.log1p(r))
        return np.where(r > 1, far, d * (d * g))

    @staticmethod
    def of_grad(d, delta):
        r, q, _ = ratios(d, delta)
        return np.where(r > 1, np.copysign(delta / (1 + q), d), d / (1 + r))

    @staticmethod
    def of_hess(d, delta):
        r, q, _ = ratios(d, delta)
        weight = np.where(r > 1, q / (1 + q), 1 / (1 + r))
        return weight * weight

    @staticmethod
    def of_majorizer(d, delta):
        r, q, _ = ratios(d, delta)
        return np.where(r > 1, q / (1 + q), 1 / (1 + r))


class Cauchy(Difference):
    """½δ² log(1 + u)."""

    @staticmethod
    def of_value(d, delta):
        r, _, square = ratios(d, delta)
        near = d * (d * np.where(r < TINY, 0.5, 0.5 * np.log1p(square) / np.where(r < TINY, 1, square)))
        beyond = np.where(np.isinf(r), np.log(np.abs(d)) - np.log(delta), np.log(r))
        logs = np.where(r > HUGE, beyond, 0.5 * np.log1p(r * r))
        return np.where(r > 1, delta * (delta * logs), near)

    @staticmethod
    def of_grad(d, delta):
        r, q, square = ratios(d, delta)
        return np.where(r > 1, np.copysign(delta * q, d), d) / (1 + square)

    @staticmethod
    def of_hess(d, delta):
        r, q, square = ratios(d, delta)
        return np.where(r > 1, -square * far_rest(d, delta, q), near_rest(d, delta, r)) / (1 + square) / (1 + square)

    @staticmethod
    def of_majorizer(d, delta):
        r, _, square = ratios(d, delta)
        return np.where(r > 1, square, 1) / (1 + square)


class TukeyBiweight(Difference):
    """δ²/6·(1 − (1 − u)³), which is d²/6·(3 − u(3 − u)); δ²/6 from δ on."""

    @staticmethod
    def of_value(d, delta):
        r, _, u = ratios(d, delta)
        return np.where(r >= 1, delta * (delta / 6), d * (d * ((3 - u * (3 - u)) / 6)))

    @staticmethod
    def of_grad(d, delta):
        r, _, _ = ratios(d, delta)
        rest = near_rest(d, delta, r)
        return np.where(r >= 1, 0, d * (rest * rest))

    @staticmethod
    def of_hess(d, delta):
        r, _, u = ratios(d, delta)
        rest = near_rest(d, delta, r)
        return np.where(r >= 1, 0, rest * (rest - 4 * u))

    @staticmethod
    def of_majorizer(d, delta):
        r, _, _ = ratios(d, delta)
        rest = near_rest(d, delta, r)
        return np.where(r >= 1, 0, rest * rest)


class Welsch(Difference):
    """½δ²(1 − e⁻ᵘ). An exponential that is not normal loses digits that d gives back: it comes in two halves."""

    @staticmethod
    def of_value(d, delta):
        r = np.abs(d) / delta
        share = -np.expm1(-r * r)
        near = d * (d * np.where(r < TINY, 0.5, 0.5 * share / np.where(r < TINY, 1, r * r)))
        return np.where(r > 1, delta * (delta * (0.5 * share)), near)

    @staticmethod
    def of_grad(d, delta):
        r = np.abs(d) / delta
        root = np.exp(-0.5 * r * r)
        return np.where(root == 0, 0, d * root * root)

    @staticmethod
    def of_hess(d, delta):
        r = np.abs(d) / delta
        root = np.exp(-0.5 * r * r)
        return np.where(root == 0, 0, (1 - 2 * r * r) * root * root)

    @staticmethod
    def of_majorizer(d, delta):
        r = np.abs(d) / delta
        return np.exp(-r * r)


class GemanMcClure(Difference):
    """½d²/(1 + u)."""

    @staticmethod
    def of_value(d, delta):
        r, _, square = ratios(d, delta)
        size = np.where(r > 1, delta, np.abs(d))
        return size * (0.5 * size / (1 + square))

    @staticmethod
    def of_grad(d, delta):
        r, q, w = ratios(d, delta)
        return np.where(r > 1, np.copysign(delta * q, d) * w, d) / (1 + w) / (1 + w)

    @staticmethod
    def of_hess(d, delta):
        r, _, square = ratios(d, delta)
        top = np.where(r > 1, square * (square * (square - 3)), 1 - 3 * square)
        return top / (1 + square) / (1 + square) / (1 + square)

    @staticmethod
    def of_majorizer(d, delta):
        r, _, square = ratios(d, delta)
        weight = np.where(r > 1, square, 1) / (1 + square)
        return weight * weight


class Barron(Difference):
    """δ²·b/α·((1 + z)^(α/2) − 1), b = |α − 2|, z = u/b.

    With L = log(1 + z), s = b·L and w = αL/2, the value is ½δ²·s·(eʷ − 1)/w, so that α = 0 is no case, and the slope d·G with
    G = e^(±s/2), so that neither is α = 2 but for b = 0. G comes in two halves, for d gives back what one exponential loses.
    """

    @staticmethod
    def constants(alpha, delta):
        return alpha, abs(alpha - 2), alpha - 1, delta

    @staticmethod
    def logs(d, b, delta):
        """z, L, and s/u, which L/z is where z is not too small to be told from 0."""
        r = np.abs(d) / delta
        z = r / b * r
        beyond = 2 * np.where(np.isinf(r), np.log(np.abs(d)) - np.log(delta), np.log(r)) - np.log(b)
        logs = np.where(z > HUGE, beyond, np.log1p(z))
        return r, z, logs, np.where(z < TINY * TINY, 1, logs / np.where(z < TINY * TINY, 1, z))

    @classmethod
    def halves(cls, d, alpha, b, delta):
        """√G, and z."""
        r, z, logs, ratio = cls.logs(d, b, delta)
        s = np.where(z > HUGE, b * logs, r * r * ratio)
        return np.exp(np.sign(alpha - 2) * s / 4), z

    @classmethod
    def of_value(cls, d, alpha, b, above, delta):
        if b == 0:
            return 0.5 * d * d
        _, z, logs, ratio = cls.logs(d, b, delta)
        w = np.where(alpha == 0, 0, alpha * logs / 2)
        small = np.where(np.abs(w) > 1, 0, w)
        growth = np.where(small == 0, 1, np.expm1(small) / np.where(small == 0, 1, small))
        near = np.where(z > HUGE, delta * (delta * (b / 2 * logs * growth)), d * (d * (0.5 * ratio * growth)))
        if alpha > 0:
            half = np.exp(w / 4)  # of the logarithm of what is squared
            root = half * (delta * np.sqrt(b / alpha)) * half
            far = root * root * -np.expm1(-w)
        else:
            far = delta * (delta * (b / -alpha * -np.expm1(w)))
        return np.where(np.abs(w) > 1, far, near)

    @classmethod
    def of_grad(cls, d, alpha, b, above, delta):
        if b == 0:
            return d
        root, _ = cls.halves(d, alpha, b, delta)
        end = np.sign(d) * (delta if above == 0 else 0.0 if above < 0 else np.inf)
        return np.where(np.isinf(d), end, d * root * root)

    @classmethod
    def of_hess(cls, d, alpha, b, above, delta):
        if b == 0:
            return np.where(np.isnan(d), d, 1.0)
        root, z = cls.halves(d, alpha, b, delta)
        near = (1 + above * np.where(z > 1, 0, z)) / (1 + z)
        far = above + (1 - above) / (1 + z)
        return root * (root * np.where(z > 1, far, near))

    @classmethod
    def of_majorizer(cls, d, alpha, b, above, delta):
        if b == 0 or alpha > 2:
            return cls.of_hess(d, alpha, b, above, delta)
        root, _ = cls.halves(d, alpha, b, delta)
        return root * root


KERNELS = {
    "huber": Pointwise(Huber),
    "pseudo_huber": Pointwise(PseudoHuber),
    "log_cosh": Pointwise(LogCosh),
    "fair": Pointwise(Fair),
    "cauchy": Pointwise(Cauchy),
    "tukey_biweight": Pointwise(TukeyBiweight),
    "welsch": Pointwise(Welsch),
    "geman_mcclure": Pointwise(GemanMcClure),
    "barron": Pointwise(Barron),
}
