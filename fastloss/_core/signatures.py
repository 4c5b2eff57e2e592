"""What help() and inspect show of a loss and of its calls."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .docstrings import docstring

if TYPE_CHECKING:
    from .loss import Loss

POSITIONAL, KEYWORD = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY
SHARED = {"sample_weight": None, "reduction": "mean", "out": None}
# Call -> arguments that have a position, and keywords beside the loss's own.
CALLS: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "": (("pred", "target"), SHARED),
    "grad": (("pred", "target"), SHARED),
    "value_and_grad": (("pred", "target"), SHARED),
    "grad_and_hess": (("pred", "target"), {**SHARED, "curvature": "exact"}),
    "hvp": (("pred", "target", "vector"), {"sample_weight": None, "reduction": "mean", "out": None}),
    "constant": (("target", "sample_weight"), {}),
}


def signature(loss: Loss, call: str = "") -> inspect.Signature:
    """The signature of a loss, or of one of its calls, with the loss's own keywords."""
    positional, keywords = CALLS[call]
    hyperparameters = {name: keyword.default for name, keyword in loss.parameters.items()}
    return inspect.Signature(
        [inspect.Parameter(n, POSITIONAL, default=None if n in keywords or n == "sample_weight" else inspect.Parameter.empty)
         for n in positional]
        + [inspect.Parameter(name, KEYWORD, default=default) for name, default in {**hyperparameters, **keywords}.items()]
    )  # fmt: skip


def attach(loss: Loss, call: str, function: Callable[..., Any]) -> None:
    """Make a function one of the loss's calls, by its name, signature and docstring; it pickles by reference."""
    function.__name__ = call
    function.__qualname__ = f"{loss.name}.{call}"
    function.__module__ = "fastloss"
    function.__doc__ = docstring(loss, call)
    function.__signature__ = signature(loss, call)  # type: ignore[attr-defined]
    setattr(loss, call, function)
