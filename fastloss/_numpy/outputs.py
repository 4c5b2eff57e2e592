"""Losses of two outputs against one number."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .._core.domains import Array, Domain
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, weight_of

TWICE_DENSITY = math.sqrt(2 / math.pi)  # of the normal distribution at its middle
MEAN_GAP = 1 / math.sqrt(math.pi)  # half the mean distance of two numbers of it
each_erf = np.vectorize(math.erf, otypes=[np.float64])  # NumPy has none


class TwoOutputs(Kernel):
    """The kernel of a formula that is given both outputs as columns."""

    axes = 1

    def part(self, tile: Tile) -> Part:
        pred, target = tile.get(PRED, 2), tile.get(TARGET)
        weight, outside = weight_of(tile)
        return Part(self.formula, (tile, pred[:, 0], pred[:, 1], target), weight, len(pred), outside)


class Outputs:
    """What losses of a location and the logarithm of a scale have in common, all in double."""

    domains: Mapping[str, Domain] = {}

    def __init__(self, tile: Tile, location: Array, log_scale: Array, target: Array) -> None:
        self.tile, self.dtype = tile, location.dtype
        self.s = log_scale.astype(np.float64)
        self.d = location.astype(np.float64) - target.astype(np.float64)
        self.h = np.exp(-self.s / 2)

    def pair(self, first: Array, second: Array) -> Array:
        """Numbers for the two outputs, of the dtype that is computed in."""
        return np.stack([first, second], axis=1).astype(self.dtype)


class GaussianNLL(Outputs):
    """½(s + d²·e⁻ˢ), with d = m − t and h = e^(−s/2), k = d·h and q = ½k·k, so that neither e⁻ˢ nor k² alone overflows."""

    def __init__(self, tile: Tile, location: Array, log_scale: Array, target: Array) -> None:
        super().__init__(tile, location, log_scale, target)
        d = (location - target).astype(np.float64)
        self.k = np.where(d == 0, 0 * self.s, d * self.h)
        self.k = np.where((d == 0) & np.isinf(self.s), 0, self.k)
        self.q = self.k / 2 * self.k

    def value(self) -> Array:
        return np.where(np.isinf(self.q), self.q, self.s / 2 + self.q).astype(self.dtype)

    def grad(self) -> Array:
        return self.pair(np.where(self.k == 0, self.k, self.k * self.h), 0.5 - self.q)

    def hess(self) -> Array:
        return self.pair(self.h * self.h, self.q)

    majorizer = hess

    def product(self) -> Array:
        """The block is [[e⁻ˢ, −d·e⁻ˢ], [−d·e⁻ˢ, ½d²·e⁻ˢ]]."""
        v = self.tile.get(VECTOR, 2).astype(np.float64)
        along = self.h * v[:, 0] - self.k * v[:, 1]
        return self.pair(self.h * along, -self.k * (self.h * v[:, 0] - self.k * v[:, 1] / 2))


class LaplaceNLL(Outputs):
    """s + k, with k = |d|·e⁻ˢ, and h = e^(−s/2) twice for e⁻ˢ, which alone may overflow."""

    def __init__(self, tile: Tile, location: Array, log_scale: Array, target: Array) -> None:
        super().__init__(tile, location, log_scale, target)
        self.k = np.where(self.d == 0, np.where(np.isnan(self.s), np.nan, 0), np.abs(self.d) * self.h * self.h)
        self.slope = np.where(self.d == 0, 0 * self.k, np.sign(self.d) * self.h * self.h)

    def value(self) -> Array:
        return np.where(np.isinf(self.k), self.k, self.s + self.k).astype(self.dtype)

    def grad(self) -> Array:
        return self.pair(self.slope, 1 - self.k)

    def hess(self) -> Array:
        return self.pair(np.where(np.isnan(self.k), self.k, 0), self.k)

    def majorizer(self) -> Array:
        return self.pair((self.h * self.h) ** 2, self.k)

    def product(self) -> Array:
        """The block is [[0, −sign d·e⁻ˢ], [−sign d·e⁻ˢ, |d|·e⁻ˢ]]."""
        v = self.tile.get(VECTOR, 2).astype(np.float64)
        return self.pair(-self.slope * v[:, 1], self.k * v[:, 1] - self.slope * v[:, 0])


class CRPSGaussian(Outputs):
    """|d|·(2Φ(z) − 1) + eˢ·(2φ(z) − 1/√π), with z = |d|/eˢ: terms of which one at most is negative, and less than the other."""

    def __init__(self, tile: Tile, location: Array, log_scale: Array, target: Array) -> None:
        super().__init__(tile, location, log_scale, target)
        self.root = np.exp(self.s / 2)
        self.z = np.where((self.d == 0) & ~np.isnan(self.s), 0, np.abs(self.d) * self.h * self.h)
        self.mass: Array = each_erf(self.z / math.sqrt(2))
        self.twice = TWICE_DENSITY * np.exp(-self.z * self.z / 2)
        self.steep = self.twice - MEAN_GAP
        self.slope = self.root * self.steep * self.root
        self.bend = np.where(self.twice == 0, 0, self.twice * self.z * self.z)

    def value(self) -> Array:
        return (np.abs(self.d) * self.mass + self.slope).astype(self.dtype)

    def grad(self) -> Array:
        return self.pair(np.copysign(self.mass, self.d), self.slope)

    def narrow(self) -> Array:
        """The second derivative by m."""
        return np.where(self.twice == 0, 0, self.twice * self.h * self.h)

    def hess(self) -> Array:
        return self.pair(self.narrow(), self.root * (self.steep + self.bend) * self.root)

    def majorizer(self) -> Array:
        far = np.where(self.z < 1e-8, TWICE_DENSITY * self.h * self.h, self.mass / np.abs(self.d))
        return self.pair(far, self.root * (np.abs(self.steep) + self.bend) * self.root)

    def product(self) -> Array:
        """The block is [[2φ/eˢ, −2φ·d/eˢ], [−2φ·d/eˢ, eˢ(2φ − 1/√π + 2φ·z²)]]."""
        v = self.tile.get(VECTOR, 2).astype(np.float64)
        across = np.where(self.twice == 0, 0, -self.twice * np.copysign(self.z, self.d))
        bend = self.root * (self.steep + self.bend) * self.root
        return self.pair(self.narrow() * v[:, 0] + across * v[:, 1], across * v[:, 0] + bend * v[:, 1])


KERNELS = {
    "gaussian_nll": TwoOutputs(GaussianNLL),
    "laplace_nll": TwoOutputs(LaplaceNLL),
    "crps_gaussian": TwoOutputs(CRPSGaussian),
}
