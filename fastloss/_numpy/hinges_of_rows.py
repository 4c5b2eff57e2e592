"""Hinge losses of rows of scores against class ids, in double."""

from __future__ import annotations

import numpy as np

from .arithmetic import sum_of_rows
from .rows import Row, Rows


class Hinge(Row):
    """By how much the other classes come too near: M + s − s[id], and −∞ for the class itself. A row that holds NaN is NaN."""

    def __init__(self, tile, x, t, label, margin):
        super().__init__(tile, x.astype(np.float64), t, label)
        self.near = (self.x - self.x[self.line, label][:, None]) + margin
        self.near[self.line, label] = -np.inf
        self.bad = np.isnan(self.near).any(axis=1) | np.isnan(self.x[self.line, label])

    def against(self, pull):
        """What the others get, and the class itself the opposite of their sum."""
        pull[self.line, self.label] = -sum_of_rows(pull)
        return np.where(self.bad[:, None], np.nan, pull)

    def hess(self):
        return self.against(np.zeros_like(self.x))

    def product(self):
        return self.hess()


class CrammerSinger(Hinge):
    """Of the nearest, the first of several."""

    def value(self):
        return np.where(self.bad, np.nan, np.maximum(self.near.max(axis=1), 0))

    def grad(self):
        first = self.near.argmax(axis=1)
        pull = np.zeros_like(self.x)
        pull[self.line, first] = self.near[self.line, first] > 0
        return self.against(pull)


class WestonWatkins(Hinge):
    """Σ max(0, near)^k."""

    def __init__(self, tile, x, t, label, margin, power):
        super().__init__(tile, x, t, label, margin)
        self.squared = power == 2
        self.above = np.maximum(self.near, 0)

    def value(self):
        return np.where(self.bad, np.nan, sum_of_rows(self.above**2 if self.squared else self.above))

    def active(self):
        return (self.above > 0).astype(np.float64)

    def grad(self):
        return self.against(2 * self.above if self.squared else self.active())

    def hess(self):
        hess = self.against(2 * self.active() if self.squared else np.zeros_like(self.x))
        hess[self.line, self.label] *= -1
        return hess

    def product(self):
        v = self.vector
        pull = 2 * self.active() * (v - v[self.line, self.label][:, None]) if self.squared else np.zeros_like(v)
        return self.against(pull)


KERNELS = {"crammer_singer_hinge": Rows(CrammerSinger), "weston_watkins_hinge": Rows(WestonWatkins)}
