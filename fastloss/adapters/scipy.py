"""Robust losses for `scipy.optimize.least_squares`, which takes them as ``loss=``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .._core.arrays import real_array
from .._core.domains import Array, shown
from .._core.loss import Loss
from ._residuals import check_of_residuals
from ._shared import described, resolved

__all__ = ["Rho", "rho"]


def rho(loss: str | Loss, **parameters: Any) -> Rho:
    """The function of squared residuals that `scipy.optimize.least_squares` calls a loss.

    For a loss l(d) that is the same for d and -d, ``rho(z) = 2 * l(sqrt(z))``, so that at ``f_scale=1`` the result's ``cost`` is
    the sum of l over the residuals. ``f_scale=C`` makes it ``C**2 * l(d / C)``, the same as ``delta=C`` at ``f_scale=1``.

    Parameters
    ----------
    loss : str or Loss
        `mse`, `huber`, `pseudo_huber`, `log_cosh`, `fair`, `cauchy`, `tukey_biweight`, `welsch`, `geman_mcclure`, `barron`
        or `squared_epsilon_insensitive`.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Rho
        A callable that takes squares of shape (m,) and returns a new float64 array of shape (3, m): rho and its first two
        derivatives with respect to z.

    Raises
    ------
    TypeError
        If the loss has no such keyword.
    ValueError
        If a keyword is outside its domain, or the loss is not one of residuals, has a corner, or depends on their signs.

    References
    ----------
    Triggs, McLauchlan, Hartley and Fitzgibbon, *Bundle adjustment: a modern synthesis*, Vision Algorithms, 2000.

    Examples
    --------
    >>> from fastloss.adapters.scipy import rho
    >>> rho("huber", delta=2.0)([1.0, 16.0])
    array([[ 1.      , 12.      ],
           [ 1.      ,  0.5     ],
           [ 0.      , -0.015625]])
    """
    return Rho(loss, parameters)


class Rho:
    """Made by `rho`; SciPy calls it with the squares of residuals, in units of ``f_scale``."""

    def __init__(self, loss: str | Loss, parameters: Mapping[str, Any]) -> None:
        self.loss = resolved(loss, parameters)
        self.parameters = dict(parameters)
        check_of_residuals(self.loss, DERIVATIVES, "least_squares")
        self.__name__ = self.loss.name

    def __repr__(self) -> str:
        return f"<rho of {described(self.loss, self.parameters)}>"

    def __call__(self, z: Any) -> Array:
        """Rho and its first two derivatives, in an array of their own: SciPy writes into it."""
        z = np.asarray(real_array("z", z), np.float64)
        if (z < 0).any():
            first = int(np.argmax(z < 0))
            raise ValueError(f"z[{first}] is {shown(z.flat[first])}; it must be the square of a residual")
        own = dict(zip(self.loss.parameters, self.loss._checked(self.parameters), strict=True))
        values = self.loss(np.sqrt(z), np.zeros_like(z), reduction="none", **self.parameters)
        result: Array = np.empty((3, *z.shape))
        with np.errstate(all="ignore"):
            result[0], (result[1], result[2]) = 2 * values, DERIVATIVES[self.loss.name](z, **own)
        return result


# ---- the first two derivatives of rho, in closed form: differences of l's own cancel near 0 --------------------------


def mse(z: Array) -> tuple[Any, Any]:
    """Of 2z."""
    return np.where(np.isnan(z), z, 2), np.where(np.isnan(z), z, 0)


def huber(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of z, then 2δ√z − δ²."""
    d = np.sqrt(z)
    return np.where(d > delta, delta / d, 1 + 0 * d), np.where(d > delta, -0.5 * delta / (z * d), 0 * d)


def pseudo_huber(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of 2δ²(√(1 + u) − 1), u = z/δ²."""
    t = 1 + z / delta / delta
    return 1 / np.sqrt(t), -0.5 / (t * np.sqrt(t)) / delta / delta


SINH = [1 / math.factorial(2 * k + 3) for k in range(14)]  # (sinh x − x)/x³ in powers of x²


def log_cosh(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of 2δ² log cosh r, r = √z/δ: tanh r/r, and −(tanh r − r/cosh² r)/(2δ²r³), which is a series where that cancels."""
    u = z / delta / delta
    r = np.sqrt(u)
    square = np.cosh(r) ** 2
    near = 4 * np.polynomial.polynomial.polyval(np.minimum(4 * u, 9), SINH) / square
    slope = np.where(r > 0, np.tanh(r) / r, 1 + r)
    return slope, -0.5 * np.where(r > 1.5, (slope - 1 / square) / u, near) / delta / delta


def fair(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of 2δ²(r − log(1 + r)), r = √z/δ. What is infinite at 0 is taken nearby: SciPy multiplies it by z."""
    d = np.sqrt(z)
    t = 1 + d / delta
    return 1 / t, -0.5 / (np.maximum(d, np.sqrt(np.finfo(np.float64).smallest_normal)) * t * t) / delta


def cauchy(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of δ² log(1 + u), u = z/δ²."""
    t = 1 + z / delta / delta
    return 1 / t, -1 / (t * t) / delta / delta


def tukey_biweight(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of δ²/3·(1 − (1 − u)³), u = z/δ² up to 1."""
    t = np.maximum(1 - z / delta / delta, 0)
    return t * t, -2 * t / delta / delta


def welsch(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of δ²(1 − exp(−u)), u = z/δ²."""
    t = np.exp(-z / delta / delta)
    return t, -t / delta / delta


def geman_mcclure(z: Array, delta: Any) -> tuple[Array, Array]:
    """Of z/(1 + u), u = z/δ²."""
    t = 1 + z / delta / delta
    return 1 / (t * t), -2 / (t * t * t) / delta / delta


def barron(z: Array, alpha: float, delta: Any) -> tuple[Array, Array]:
    """Of 2δ²b/α·((1 + v)^(α/2) − 1), b = |α − 2|, v = z/(δ²b)."""
    if alpha == 2:
        return 1 + 0 * z, 0 * z
    v = z / delta / delta / abs(alpha - 2)

    def power(exponent: float) -> Array:
        powers: Array = np.where(v < 1, np.exp(exponent * np.log1p(v)), (1 + v) ** exponent)
        return powers

    return power(alpha / 2 - 1), math.copysign(0.5, alpha - 2) * power(alpha / 2 - 2) / delta / delta


def squared_epsilon_insensitive(z: Array, epsilon: float) -> tuple[Array, Array]:
    """Of 2(√z − ε)², 0 up to ε."""
    d = np.sqrt(z)
    slope = np.where(d > epsilon, 2 * (d - epsilon) / d, 2.0 * (epsilon == 0) + 0 * d)
    return slope, np.where(d > epsilon, epsilon / (z * d), 0 * d)


DERIVATIVES: dict[str, Callable[..., tuple[Any, Any]]] = {
    derivatives.__name__: derivatives
    for derivatives in (mse, huber, pseudo_huber, log_cosh, fair, cauchy, tukey_biweight, welsch, geman_mcclure, barron,
                        squared_epsilon_insensitive)
}  # fmt: skip
