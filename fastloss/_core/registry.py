"""Losses by their names: ``huber``, and as they are named in text, ``huber:delta=2``."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .loss import Loss

REGISTRY: dict[str, Loss] = {}  # every loss by its name, aliases left out


def named(name: str) -> Loss:
    """The loss of this name or alias."""
    losses = {known: loss for loss in REGISTRY.values() for known in (loss.name, *loss.aliases)}
    if name not in losses:
        near = difflib.get_close_matches(name, losses, 1)
        raise ValueError(f"there is no loss {name!r}; " + (f"did you mean {near[0]!r}?" if near else ", ".join(losses)))
    return losses[name]


def read(value: str) -> Any:
    """A number, a list of them, true, false or None, as JSON or Python writes it."""
    import ast
    import json

    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return ast.literal_eval(value)


def with_parameters(text: str) -> tuple[Loss, dict[str, Any]]:
    """The loss that the text names, and its own keywords, checked.

    Keywords follow the name, each after a colon: ``sigmoid_cross_entropy:pos_weight=3:label_smoothing=0.1``.
    """
    name, *settings = text.split(":")
    loss = named(name.strip())
    parameters: dict[str, Any] = {}
    for setting in settings:
        keyword, equals, value = (part.strip() for part in setting.partition("="))
        if not equals:
            raise ValueError(f"{text!r}: {setting!r} must be written keyword=value")
        if keyword not in loss.parameters:
            known = ", ".join(loss.parameters) or "none"
            raise ValueError(f"{text!r}: {loss.name} has no keyword {keyword!r} (it has: {known})")
        if keyword in parameters:
            raise ValueError(f"{text!r}: {keyword} is given twice, {parameters[keyword]} and {value}")
        try:
            parameters[keyword] = read(value) if loss.parameters[keyword].kind != "str" else value
        except (ValueError, SyntaxError, RecursionError, MemoryError):  # the last two of what is nested too deep
            raise ValueError(f"{text!r}: {keyword} is {value!r}, which is not a number") from None
    try:
        for keyword, value in parameters.items():
            if isinstance(value, (list, tuple)) and "array_like" not in loss.parameters[keyword].kind:
                raise TypeError(f"{keyword} must be a real number, not {type(value).__name__}")
        loss._checked(parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r}: {error}") from None
    return loss, parameters
