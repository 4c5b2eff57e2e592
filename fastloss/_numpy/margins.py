"""Losses of a score against a sign."""

from __future__ import annotations

import numpy as np

from .._core.inputs import SIGNS
from .pointwise import Formula, Pointwise


class Hinge(Formula):
    """max(0, 1 − t·s)."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0)

    @staticmethod
    def grad(pred, target):
        margin = 1 - target * pred
        return np.where(margin > 0, -target, np.where(margin <= 0, 0, margin))


class SquaredHinge(Formula):
    """max(0, 1 − t·s)², which no parabola of curvature 2 crosses."""

    domains = SIGNS.domains

    @staticmethod
    def value(pred, target):
        return np.maximum(1 - target * pred, 0) ** 2

    @staticmethod
    def grad(pred, target):
        return -2 * target * np.maximum(1 - target * pred, 0)

    @staticmethod
    def hess(pred, target):
        margin = np.maximum(1 - target * pred, 0)
        return np.where(margin > 0, margin.dtype.type(2), margin)

    @staticmethod
    def majorizer(pred, target):
        return np.where(np.isnan(target * pred), target * pred, pred.dtype.type(2))


KERNELS = {
    "hinge": Pointwise(Hinge),
    "squared_hinge": Pointwise(SquaredHinge),
}
