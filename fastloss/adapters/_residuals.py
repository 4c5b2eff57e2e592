"""Which losses are of a residual alone, and why the others are not taken where only such a one fits."""

from __future__ import annotations

from collections.abc import Container

from .._core.families import Pointwise, Root
from .._core.inputs import NUMBERS
from .._core.loss import Loss

REASONS = {
    "mae": "it has a corner at a residual of 0, where no weight is finite; pseudo_huber is smooth",
    "quantile": "it has a corner at a residual of 0, where no weight is finite; pseudo_huber is smooth",
    "epsilon_insensitive": "its slope jumps at epsilon; huber and pseudo_huber are smooth",
    "expectile": "it depends on the sign of residuals, which their squares have lost",
    "squared_epsilon_insensitive": "its weights psi(z)/z grow with |z|, so that reweighting need not converge; huber's decrease",
}


def check_of_residuals(loss: Loss, known: Container[str], tool: str) -> None:
    """Refuse a loss that is not known, with the reason."""
    if loss.name not in known:
        raise ValueError(f"{loss.name} cannot be used with {tool}: {reason(loss)}")


def reason(loss: Loss) -> str:
    """Why a loss is not known."""
    if loss.name in REASONS:
        return REASONS[loss.name]
    if isinstance(loss, Root):
        return "it is the root of a mean, not a sum over residuals; mse has the same minimum"
    if (
        isinstance(loss, Pointwise)
        and loss.inputs is not NUMBERS
        and loss.link == "identity"
        and not loss.inputs.domains
    ):
        return "it depends on the target as well as the residual; huber does not"
    return f"it is not a loss of residuals ({loss.inputs.short}); huber is one"
