"""Losses of a score against a class whose place in an order is the target."""

from __future__ import annotations

import numpy as np

from .._core.inputs import SCORES_OF_ORDERED
from .arithmetic import softplus, softplus_bound
from .pointwise import Formula, InDouble


def parts(pred, target, steps):
    """What the score is below the upper end and the lower one of the class, and what the gap between them adds."""
    there = (target >= 0) & (target < steps.classes)
    lower, upper, gap = steps.table[np.where(there, target, 0).astype(np.intp)].T
    up = np.where(np.isinf(upper), upper, upper - pred)
    down = np.where(np.isinf(lower), lower, lower - pred)
    return up, down, gap + 0 * target


def share(x):
    """σ(x) and σ(−x)."""
    e = np.exp(-np.abs(x))
    small, large = e / (1 + e), 1 / (1 + e)
    return np.where(x > 0, large, small), np.where(x > 0, small, large)


class OrdinalLogistic(Formula):
    """softplus(−b) + softplus(a) − log(1 − exp(a − b)), a and b the ends of the class less the score."""

    domains = SCORES_OF_ORDERED.domains

    @staticmethod
    def value(pred, target, steps):
        up, down, gap = parts(pred, target, steps)
        return softplus(-up) + softplus(down) + gap

    @staticmethod
    def grad(pred, target, steps):
        up, down, gap = parts(pred, target, steps)
        return share(up)[1] - share(down)[0] + (gap - gap)

    @staticmethod
    def hess(pred, target, steps):
        up, down, gap = parts(pred, target, steps)
        return np.multiply(*share(up)) + np.multiply(*share(down)) + (gap - gap)

    @staticmethod
    def majorizer(pred, target, steps):
        up, down, gap = parts(pred, target, steps)
        return softplus_bound(up) + softplus_bound(down) + (gap - gap)


KERNELS = {"ordinal_logistic": InDouble(OrdinalLogistic)}
