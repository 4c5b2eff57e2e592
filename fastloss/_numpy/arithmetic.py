"""Functions that formulas share: exact at the ends, without overflow, and without a difference that cancels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._core.domains import Array
from .._core.similarities import unit_rows

RANGE = 1e290  # numbers that are less, and more than its inverse, are far from the ends of the doubles' range


def softplus(x: Array) -> Array:
    """log(1 + eˣ), without overflow."""
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


def softplus_bound(x: Array) -> Array:
    """The curvature of the parabola that touches softplus at x and −x, and lies above it: tanh(x/2)/(2x)."""
    return np.where(np.abs(x) < 1e-4, 0.25 - x * x / 48, np.tanh(x / 2) / (2 * x))


def sigmoid(x: Array) -> Array:
    """1/(1 + e⁻ˣ), without overflow, and with what rounding takes from the divisor and the quotient."""
    e = np.exp(-np.abs(x))
    divisor = 1 + e
    dividend = np.where(x > 0, 1, e)
    share: Array = dividend / divisor
    a, b, c, d = *halves(share), *halves(divisor)
    remainder = ((dividend - a * c) - a * d - b * c) - b * d
    share += (remainder - share * (e - (divisor - 1))) / divisor
    return share


def halves(x: Array) -> tuple[Array, Array]:
    """Numbers as sums of two with half the digits, whose products are exact (Veltkamp)."""
    y = x * (2**27 + 1 if x.dtype == np.float64 else 2**12 + 1)
    high: Array = y - (y - x)
    return high, x - high


def weighed(weight: Array, x: Array) -> Array:
    """weight·x, where a weight of 0 takes its number out, even if that is infinite or NaN."""
    return np.where(weight == 0, 0, weight * x)


def term(t: Array, logarithm: Array) -> Array:
    """t·log p, with 0·log 0 = 0; 0·log NaN is NaN."""
    return np.where((t == 0) & ~np.isnan(logarithm), 0, t * logarithm)


def signless(x: Array) -> Array:
    """x, but +0 for −0: what has no slope has no sign."""
    return x + 0


def excess(v: Array) -> Array:
    """v − log(1 + v) for −½ ≤ v ≤ 1: with s = v/(2 + v), log(1 + v) = 2 atanh(s) and v − 2s = s·v."""
    s: Array = v / (2 + v)
    q = s * s
    p = np.full_like(q, 2 / 35)
    for k in range(33, 1, -2):
        p = v.dtype.type(2 / k) + q * p
    s *= v - q * p
    return s


def bend(x: Array) -> Array:
    """eˣ − 1 − x for |x| ≤ ½, by its series."""
    p: Array = np.full_like(x, 1 / math.factorial(15))
    for k in range(14, 1, -1):
        p = 1 / math.factorial(k) + x * p
    p *= x * x
    return p


def power(x: Array, exponent: float) -> Array:
    """x to an exponent ≥ 0, by multiplication where that is exact."""
    exact: dict[float, Array] = {0.0: np.ones_like(x), 1.0: x, 2.0: x * x}
    return exact[exponent] if exponent in exact else np.power(x, exponent)


def log_ratio(p: Array, t: Array) -> Array:
    """log((1 + p)/(1 + t)), by the relative difference where the two are near, and without one beyond the range."""
    q = (p - t) / (1 + t)
    near = (q > -0.5) & (q < 2.0**60)
    logs = np.log1p(p) - np.log1p(t)
    far = np.where(np.abs(logs) > 40, logs, np.log((1 + p) / (1 + t)))
    return np.where(near, np.log1p(np.where(near, q, 0)), far)


def log_quotient(a: Array, b: Array) -> Array:
    """log(a/b) of numbers that are not negative, in double, where a/b may leave the range too."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    w = a / b
    return np.where((w > 1 / RANGE) & (w < RANGE), np.log(w), np.log(a) - np.log(b))


def log_near_quotient(a: Array, b: Array) -> Array:
    """The same, by the relative difference where the two are near."""
    v = (a - b) / b
    near = (v > -0.5) & (v <= 1)
    return np.where(near, np.log1p(np.where(near, v, 0)), log_quotient(a, b))


def sum_of_rows(x: Array) -> Array:
    """Σ of each row, in double precision. Converted first, so that no buffer's end cuts a row: it is added up as it is alone."""
    total: Array = np.ascontiguousarray(x, np.float64).sum(axis=1)
    return total


def lengths(x: Array) -> tuple[Array, Array]:
    """Unit vectors of rows, and the rows' lengths; of a row of zeros, zeros."""
    units, length, exponent = unit_rows(x)
    return units, np.ldexp(length, exponent)


def exact_sum_of_rows(x: Array) -> Array:
    """The same of doubles, with what rounding takes from each sum of two (Knuth's two-sum)."""
    lost = np.zeros(len(x))
    while x.shape[1] > 1:
        x = np.pad(x, ((0, 0), (0, x.shape[1] % 2)))
        a, b = x[:, ::2], x[:, 1::2]
        x = a + b
        back = x - a
        lost += sum_of_rows((a - (x - back)) + (b - back))
    return x[:, 0] + lost


def in_double(compute: Any) -> Any:
    """A function whose float32 result is that of float64, rounded: NumPy's exponential of float32 is wrong in the last bits."""
    return lambda x: compute(x.astype(np.float64)).astype(x.dtype)
