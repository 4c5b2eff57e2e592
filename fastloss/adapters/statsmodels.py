"""Norms for `statsmodels.api.RLM`, which takes them as ``M=``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from .._core.arrays import real_array
from .._core.loss import Loss
from ._residuals import check_of_residuals
from ._shared import described, imported, resolved

__all__ = ["Norm", "norm"]

norms = imported("statsmodels.robust.norms", "statsmodels")
RobustNorm: Any = norms.RobustNorm

# Whether the slope falls again far away ("soft"), and to 0 ("hard"); statsmodels' words.
REDESCENDING = {
    "mse": "not",
    "expectile": "not",
    "huber": "not",
    "pseudo_huber": "not",
    "log_cosh": "not",
    "fair": "not",
    "cauchy": "soft",
    "welsch": "soft",
    "geman_mcclure": "soft",
    "barron": "soft",
    "tukey_biweight": "hard",
}


def norm(loss: str | Loss, **parameters: Any) -> Norm:
    """A norm of scaled residuals z, as `statsmodels.api.RLM` takes it.

    rho(z) is the loss of a prediction that is z below its target; `mse` is halved, like statsmodels' own least squares. RLM first
    divides residuals by its estimate of their scale, so that ``delta`` counts standard deviations.

    Parameters
    ----------
    loss : str or Loss
        `mse`, `huber`, `pseudo_huber`, `log_cosh`, `fair`, `cauchy`, `tukey_biweight`, `welsch`, `geman_mcclure`, `barron` with
        alpha up to 2, or `expectile`.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Norm
        With rho, its derivative psi, the weights psi(z)/z, and psi_deriv, for numbers or arrays of any shape, in float64.

    Raises
    ------
    ImportError
        If statsmodels is not installed.
    TypeError
        If the loss has no such keyword.
    ValueError
        If a keyword is outside its domain, or the loss is not one of residuals, has a corner, or grows faster than a parabola.

    References
    ----------
    Holland and Welsch, *Robust regression using iteratively reweighted least-squares*, Communications in Statistics A 6,
    1977.

    Examples
    --------
    >>> from fastloss.adapters.statsmodels import norm
    >>> norm("huber", delta=2.0).weights([1.0, -4.0])
    array([1. , 0.5])
    >>> norm("mae")
    Traceback (most recent call last):
        ...
    ValueError: mae cannot be used with RLM: it has a corner at a residual of 0, where no weight is finite; pseudo_huber is smooth
    """
    return made(resolved(loss, parameters), parameters)


def made(loss: Loss, parameters: Mapping[str, Any]) -> Norm:
    """A norm of a class that has the loss's name, which is what RLM's summary shows."""
    check_of_residuals(loss, REDESCENDING, "RLM")
    if loss.name == "barron" and parameters.get("alpha", 1) > 2:
        raise ValueError(
            f"alpha is {parameters['alpha']}; it must be up to 2 for RLM: beyond, weights psi(z)/z grow with |z|, so that "
            "reweighting need not converge"
        )
    return kind(loss.name)(loss, parameters)


@cache
def kind(name: str) -> type[Norm]:
    """The class of a loss's norms."""
    base = Tuned if name == "tukey_biweight" else Norm
    return type("".join(map(str.capitalize, name.split("_"))), (base,), {"__module__": __name__})


class Norm(RobustNorm):  # type: ignore[misc]
    """Made by `norm`."""

    def __init__(self, loss: Loss, parameters: Mapping[str, Any]) -> None:
        self.loss = loss
        self.parameters = dict(parameters)
        self.factor = 0.5 if loss.name == "mse" else 1.0
        convex = loss.name == "barron" and self.parameters.get("alpha", 1) >= 1
        self.redescending = "not" if convex else REDESCENDING[loss.name]
        self.continuous = 1 if loss.name in ("huber", "expectile") else 2  # derivatives, as statsmodels counts them

    def __repr__(self) -> str:
        return f"<norm {described(self.loss, self.parameters)}>"

    def __reduce__(self) -> Any:
        return made, (self.loss, self.parameters)

    def rho(self, z: Any) -> Any:
        """The loss of each residual."""
        return self._scaled(self.loss, z)

    def psi(self, z: Any) -> Any:
        """Its derivative."""
        return -self._scaled(self.loss.grad, z)

    def psi_deriv(self, z: Any) -> Any:
        """Its second derivative."""
        return self._scaled(self._curvature, z)

    def weights(self, z: Any) -> Any:
        """psi(z)/z, and what it tends to at 0."""
        majorizer = {"curvature": "majorizer"} if self.loss.majorizer else {}  # an expectile's is its second derivative
        return self._scaled(self._curvature, z, **majorizer)

    def max_rho(self) -> float:
        """The loss of an infinite residual."""
        return float(self.rho(np.inf))

    def _curvature(self, *arguments: Any, **keywords: Any) -> Any:
        return self.loss.grad_and_hess(*arguments, **keywords)[1]

    def _scaled(self, call: Any, z: Any, **keywords: Any) -> Any:
        """One of the loss's calls, for predictions that are z too low."""
        z = np.asarray(real_array("z", z), np.float64)
        result = self.factor * call(-z, np.zeros_like(z), reduction="none", **keywords, **self.parameters)
        return result if z.ndim else result[()]

    def _set_tuning_param(self, c: float, inplace: bool = False) -> Norm:
        """The same norm of another delta: statsmodels tunes scales by it."""
        changed = self if inplace else made(self.loss, self.parameters)
        resolved(self.loss, {"delta": c})
        changed.parameters["delta"] = c
        return changed


class Tuned(Norm):
    """A norm of which statsmodels has tables, for resistant models."""

    @staticmethod
    def get_tuning(bp: float | None = None, eff: float | None = None) -> tuple[float, ...]:
        """The delta of a breakdown point (with efficiency and bias), or of an efficiency (with the breakdown point)."""
        table: tuple[float, ...] = norms.TukeyBiweight.get_tuning(bp=bp, eff=eff)
        return table
