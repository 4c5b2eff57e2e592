"""Losses of a ratio, or of a difference beside the sizes."""

from __future__ import annotations

import numpy as np

from .._core.inputs import ABOVE_MINUS_ONE
from .arithmetic import log_ratio, weighed
from .pointwise import Formula, Pointwise

LARGE = 2.0**1000  # the sum of smaller ones stays in range


class MSLE(Formula):
    """L², L = log((1 + p)/(1 + t)), in double. At p = ∞ the slope is 0, which is what it tends to."""

    domains = ABOVE_MINUS_ONE.domains

    @staticmethod
    def logs(pred, target):
        """1 + p, L, and where p is infinite."""
        p, t = pred.astype(np.float64), target.astype(np.float64)
        return 1 + p, log_ratio(p, t), np.isinf(p) & np.isfinite(t)

    @classmethod
    def value(cls, pred, target):
        _, logs, _ = cls.logs(pred, target)
        return (logs * logs).astype(pred.dtype)

    @classmethod
    def grad(cls, pred, target):
        base, logs, end = cls.logs(pred, target)
        return np.where(end, 0, 2 * logs / base).astype(pred.dtype)

    @classmethod
    def hess(cls, pred, target):
        base, logs, end = cls.logs(pred, target)
        return np.where(end, 0, 2 * ((1 - logs) / base) / base).astype(pred.dtype)

    @classmethod
    def majorizer(cls, pred, target):
        """Of 2(1 − L)/(1 + p)² the 1, which is Gauss and Newton's, and the rest where it is positive."""
        base, logs, end = cls.logs(pred, target)
        return np.where(end, 0, 2 * (np.maximum(1, 1 - logs) / base) / base).astype(pred.dtype)


class MAPE(Formula):
    """|d|/max(|t|, ε), with 0/0 = 0."""

    @staticmethod
    def value(pred, target, eps):
        d = pred - target
        return np.where(d == 0, 0, np.abs(d) / np.maximum(np.abs(target), eps))

    @staticmethod
    def grad(pred, target, eps):
        d = pred - target
        return np.where(d == 0, 0, np.sign(d) / np.maximum(np.abs(target), eps))


class SMAPE(Formula):
    """2|d|/S, S = |p| + |t|, with 0/0 = 0; in double, and of numbers a quarter as large where a sum would leave the range.

    Where p and t have one sign, the slope is 4 sign d·|t|/S², half of that with the sign of −t at p = 0, and 0 else.
    """

    @staticmethod
    def parts(pred, target):
        """p, t, d and S in units in which they are in range, and these units."""
        p, t = pred.astype(np.float64), target.astype(np.float64)
        unit = np.where((np.abs(p) > LARGE) | (np.abs(t) > LARGE), 0.25, 1.0)
        p, t = p * unit, t * unit
        return p, t, p - t, np.abs(p) + np.abs(t), unit

    @classmethod
    def value(cls, pred, target):
        _, _, d, total, _ = cls.parts(pred, target)
        return np.where(total == 0, 0, 2 * (np.abs(d) / total)).astype(pred.dtype)

    @classmethod
    def grad(cls, pred, target):
        p, t, d, total, unit = cls.parts(pred, target)
        sides = np.sign(p) * np.sign(t)
        slope = weighed(4 * np.sign(d), np.abs(t) / total / total * unit)
        at_zero = np.where(t == 0, 0, -2 / t * unit)
        return np.where(sides > 0, slope, np.where(p == 0, at_zero, 0 * sides)).astype(pred.dtype)

    @classmethod
    def hess(cls, pred, target):
        p, t, d, total, unit = cls.parts(pred, target)
        sides = np.sign(p) * np.sign(t)
        bend = weighed(-8 * np.sign(d) * np.sign(p), np.abs(t) / total / total * unit / total * unit)
        return np.where(sides > 0, bend, 0 * sides).astype(pred.dtype)


KERNELS = {"msle": Pointwise(MSLE), "mape": Pointwise(MAPE), "smape": Pointwise(SMAPE)}
