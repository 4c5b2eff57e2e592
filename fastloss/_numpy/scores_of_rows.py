"""Losses of a whole row of probabilities against another, or of a softmax: squared scores and divergences, all in double.

A loss f(p, t) has a value, slopes γ = ∂f/∂p and, of losses that are sums over the classes, curvatures η. Through a softmax the
slopes are p(γ − Σpγ), and the second derivatives p(1 − 2p)(γ − Σpγ) + u(1 − p)² + p²(Σu − u) with u = p²η: all but the first term
are those of Gauss and Newton, which are not negative.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .._core.inputs import DISTRIBUTIONS, DISTRIBUTIONS_OF_CLASSES, LOGITS_OF_CLASSES
from .arithmetic import bend, exact_sum_of_rows, log_near_quotient, log_quotient, sum_of_rows
from .cross_entropies import relative_entropy
from .rows import Row, Rows, SoftmaxRow

SERIES = 0.35  # of ρ: nearer to 0 Jensen and Shannon's divergence is a series, and the logarithms would cancel


def rows_of(x, t, label):
    """Targets as rows of doubles."""
    if t is not None:
        return t.astype(np.float64)
    rows = np.zeros(x.shape)
    rows[np.arange(len(x)), label] = 1
    return rows


def from_right(x):
    """Sums of what is in a place and to the right of it."""
    return np.cumsum(x[:, ::-1], axis=1)[:, ::-1]


# ---- losses of p and t; d = p − t ------------------------------------------------------------------------------------


class Squares:
    """Σ d²."""

    def value_of(self, p, d, t):
        return sum_of_rows(d * d)

    def slopes_of(self, p, d, t):
        return 2 * d

    def turned(self, p, d, t, v):
        """The Hessian by p, times p·v."""
        return 2 * p * v

    def curvatures_of(self, p, d, t):
        return 2 + 0 * d

    def bends_of(self, p, d, t):
        """p²η."""
        return 2 * p * p


class RunningSquares(Squares):
    """Σ D² of the running sums D of d, but for the last."""

    @staticmethod
    def running(d):
        sums = np.cumsum(d, axis=1)
        sums[:, -1] *= 0  # (NaN stays)
        return sums

    def value_of(self, p, d, t):
        return sum_of_rows(self.running(d) ** 2)

    def slopes_of(self, p, d, t):
        return 2 * from_right(self.running(d))

    def turned(self, p, d, t, v):
        return self.slopes_of(p, p * v, t)

    def curvatures_of(self, p, d, t):
        return 2.0 * np.arange(d.shape[1] - 1, -1, -1) + 0 * d


class Between:
    """½KL(t ‖ m) + ½KL(p ‖ m), m = ½(p + t): with s = p + t and ρ = d/s, each class adds ¼s·k(ρ), k = Σ ρ²ⁿ/(n(2n − 1)) ≥ 0; far
    from 0 that is ½(p·log(1 + ρ) + t·log(1 − ρ))."""

    @staticmethod
    def parts(p, d, t):
        """s, ρ, log(2p/s) and log(2t/s): 1 ± ρ has lost its digits near 0."""
        s = p + t
        r = np.where(s == 0, 1, d / s)
        up = np.where(r > -0.5, np.log1p(np.maximum(r, -0.5)), log_quotient(2 * p, s))
        down = np.where(r < 0.5, np.log1p(np.maximum(-r, -0.5)), log_quotient(2 * t, s))
        return s, r, up, down

    def value_of(self, p, d, t):
        s, r, up, down = self.parts(p, d, t)
        square = np.minimum(r * r, SERIES**2)
        series = 0 * square
        for n in range(18, 0, -1):
            series = square * (1 / (n * (2 * n - 1)) + series)
        far = np.where(p == 0, 0, p * up) + np.where(t == 0, 0, t * down)
        return sum_of_rows(np.where(np.abs(r) < SERIES, s * series / 4, far / 2))

    def slopes_of(self, p, d, t):
        return self.parts(p, d, t)[2] / 2

    def turned(self, p, d, t, v):
        return self.shares(p, t) * v

    def shares(self, p, t):
        """pη = t/(2(p + t))."""
        return np.where(p + t == 0, 0, t / (2 * (p + t)))

    def curvatures_of(self, p, d, t):
        shares = self.shares(p, t)
        return np.where(shares == 0, 0, shares / p)

    def bends_of(self, p, d, t):
        return p * self.shares(p, t)


class Reverse:
    """Σ p·log(p/t)."""

    def value_of(self, p, d, t):
        return relative_entropy(p, t)

    def slopes_of(self, p, d, t):
        return np.where((p == 0) & (t == 0), 0, log_near_quotient(p, t) + 1)

    def turned(self, p, d, t, v):
        return v

    def curvatures_of(self, p, d, t):
        return np.where((p == 0) & (t == 0), 0, 1 / p) + 0 * t

    def bends_of(self, p, d, t):
        return p


# ---- of rows of probabilities ----------------------------------------------------------------------------------------


class OfProbabilities(Row):
    """A loss of p as it is given."""

    value_of: ClassVar[Callable[..., Any]]
    slopes_of: ClassVar[Callable[..., Any]]
    curvatures_of: ClassVar[Callable[..., Any]]

    def __init__(self, tile, x, t, label):
        super().__init__(tile, x.astype(np.float64) + 0, t, label)  # a probability of −0 is 0
        t = rows_of(x, t, label) + 0
        self.three = self.x, self.x - t, t

    def value(self):
        return self.value_of(*self.three)

    def grad(self):
        return self.slopes_of(*self.three)

    def hess(self):
        return self.curvatures_of(*self.three)

    majorizer = hess


class Brier(Squares, OfProbabilities):
    domains = DISTRIBUTIONS_OF_CLASSES.domains


class RankedProbabilityScore(RunningSquares, OfProbabilities):
    domains = DISTRIBUTIONS_OF_CLASSES.domains

    def product(self):
        return self.slopes_of(None, self.vector, None)


class JensenShannon(Between, OfProbabilities):
    domains = DISTRIBUTIONS.domains


class ReverseDivergence(Reverse, OfProbabilities):
    domains = DISTRIBUTIONS.domains


# ---- of a softmax ----------------------------------------------------------------------------------------------------


class OfSoftmax(SoftmaxRow):
    """A loss of the softmax. The greatest p may be near 1: its difference from t is (1 − t) − (1 − p)."""

    value_of: ClassVar[Callable[..., Any]]
    slopes_of: ClassVar[Callable[..., Any]]
    turned: ClassVar[Callable[..., Any]]
    bends_of: ClassVar[Callable[..., Any]]

    domains = LOGITS_OF_CLASSES.domains

    def __init__(self, tile, x, t, label):
        super().__init__(tile, x.astype(np.float64), None, None)
        self.t = rows_of(x, t, label)
        p = self.p
        d = p - self.t
        own = self.t[self.line, self.greatest]
        rest = self.rest / self.sum
        d[self.line, self.greatest] = np.where(own < 0.5, d[self.line, self.greatest], (1 - own) - rest)
        self.three = p, d, self.t

    def value(self):
        return self.value_of(*self.three)

    def slopes(self):
        return self.slopes_of(*self.three)

    def centred(self):
        """γ − Σpγ, by differences from the greatest's γ; 0 where p is 0."""
        p = self.three[0]
        slopes = self.slopes()
        nothing = 0 * np.where(np.isinf(slopes), 0, slopes)  # but NaN
        slopes = np.where(p == 0, nothing, slopes - slopes[self.line, self.greatest][:, None])
        return slopes - sum_of_rows(p * slopes)[:, None]

    def grad(self):
        p = self.three[0]
        return np.where(p == 0, 0, p * self.centred())

    def steep(self):
        """Gauss and Newton's term."""
        p, bends = self.three[0], self.bends_of(*self.three)
        others = sum_of_rows(bends)[:, None] - bends
        rest = bends.copy()
        rest[self.line, self.greatest] = 0
        others[self.line, self.greatest] = sum_of_rows(rest)
        return bends * self.q**2 + p * p * others

    def leant(self):
        """The other one."""
        p = self.three[0]
        return np.where(p == 0, 0, p * (1 - 2 * p) * self.centred())

    def hess(self):
        return self.steep() + self.leant()

    def majorizer(self):
        return self.steep() + np.maximum(self.leant(), 0)

    def product(self):
        p, v = self.three[0], self.vector
        v = v - v[self.line, self.greatest][:, None]
        v = v - sum_of_rows(p * v)[:, None]
        centred = self.centred()
        change = np.where(p == 0, 0, self.turned(*self.three, v))
        lean = sum_of_rows(p * v * centred) + sum_of_rows(p * change)
        return np.where(p == 0, 0, p * (v * centred + change - lean[:, None]))


class SoftmaxBrier(Squares, OfSoftmax):
    """Brier."""


class SoftmaxRankedProbabilityScore(RunningSquares, OfSoftmax):
    """RankedProbabilityScore. For slopes the running sums go from both ends towards the greatest class, so that its p, which may be
    near 1, enters none. Gauss and Newton's term is 2p²·Σ (1[k ≥ j] − P)² over k < C."""

    def before(self):
        """Which classes come before the greatest."""
        return np.arange(self.three[0].shape[1]) < self.greatest[:, None]

    def inward(self, d, every):
        """Running sums of d, all of which add up to `every`."""
        after = np.zeros_like(d)
        after[:, :-1] = from_right(d)[:, 1:]
        sums = np.where(self.before(), np.cumsum(d, axis=1), every[:, None] - after)
        sums[:, -1] *= 0
        return sums

    def outward(self, sums):
        """2Σ of the running sums over k ≥ j, less the greatest class's."""
        before = self.before()
        slopes = np.zeros_like(sums)
        slopes[:, 1:] = np.cumsum(np.where(before, 0, sums), axis=1)[:, :-1]
        return 2 * np.where(before, from_right(np.where(before, sums, 0)), -slopes)

    def slopes_of(self, p, d, t):
        every = exact_sum_of_rows(np.concatenate([-t, np.ones((len(t), 1))], axis=1))
        return self.outward(self.inward(d, every)) + 0 * every[:, None]  # no sum may have the NaN of the last class

    def turned(self, p, d, t, v):
        """v having the mean 0."""
        return self.outward(self.inward(p * v, np.zeros(len(p))))

    def steep(self):
        p = self.three[0]
        sums = np.zeros_like(p)
        sums[:, :-1] = from_right(from_right(p)[:, 1:] ** 2)  # of k ≥ j, where 1 − P is the sum of what comes after
        sums[:, 1:] += np.cumsum(np.cumsum(p, axis=1)[:, :-1] ** 2, axis=1)
        return 2 * p * p * sums


class SoftmaxJensenShannon(Between, OfSoftmax):
    """JensenShannon."""


class SoftmaxReverseDivergence(Reverse, OfSoftmax):
    """ReverseDivergence. Its slopes are λ = log p − log t, whose logarithm of the sum falls out of their differences."""

    def away(self):
        """log t − log p; 0 where p is 0."""
        return np.where(self.three[0] == 0, 0 * self.t, np.log(self.t) - (self.z - self.logs[:, None]))

    def value(self):
        """With l = log(t/p), Σ p(eˡ − 1 − l) + (1 − Σt over the classes that are there): nothing cancels."""
        p, d, t = self.three
        away = self.away()
        shares = np.where(np.abs(away) <= 0.5, p * bend(np.clip(away, -0.5, 0.5)), -d - p * away)
        gap = np.concatenate([np.where(p == 0, 0, -t), np.ones((len(t), 1))], axis=1)
        return sum_of_rows(np.where(p == 0, 0 * t, shares)) + exact_sum_of_rows(gap)

    def slopes(self):
        return -self.away()

    def centred(self):
        """A class of t = 0 has an infinite slope, and the others one as far down."""
        p, _, t = self.three
        never = (t == 0) & (p > 0)
        return np.where(never.any(axis=1)[:, None], np.where(never, np.inf, -np.inf), super().centred())


KERNELS = {
    "brier": Rows(Brier),
    "softmax_brier": Rows(SoftmaxBrier),
    "ranked_probability_score": Rows(RankedProbabilityScore),
    "softmax_ranked_probability_score": Rows(SoftmaxRankedProbabilityScore),
    "jensen_shannon": Rows(JensenShannon),
    "softmax_jensen_shannon": Rows(SoftmaxJensenShannon),
    "reverse_kl_divergence": Rows(ReverseDivergence),
    "softmax_reverse_kl_divergence": Rows(SoftmaxReverseDivergence),
}
