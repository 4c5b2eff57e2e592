"""Losses as they are named in text: ``huber``, ``huber:delta=2``."""

from __future__ import annotations

import difflib
import json
from typing import Any

from ._loss import REGISTRY, Loss


def named(text: str) -> tuple[Loss, dict[str, Any]]:
    """The loss that the text names, and its own keywords, checked.

    Keywords follow the name, each after a colon: ``sigmoid_cross_entropy:pos_weight=3:label_smoothing=0.1``.
    """
    name, *settings = text.split(":")
    loss = by_name(name)
    parameters = {}
    for setting in settings:
        keyword, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"{text!r}: {setting!r} must be written keyword=value")
        if keyword not in loss.parameters:
            known = ", ".join(loss.parameters) or "none"
            raise ValueError(f"{text!r}: {loss.name} has no keyword {keyword!r} (it has: {known})")
        try:
            parameters[keyword] = json.loads(value)
        except json.JSONDecodeError:
            raise ValueError(f"{text!r}: {keyword} is {value!r}, which is no number") from None
    try:
        loss._checked(parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{text!r}: {error}") from None
    return loss, parameters


def by_name(name: str) -> Loss:
    """The loss of this name or alias."""
    losses = {known: loss for loss in REGISTRY.values() for known in (loss.name, *loss.aliases)}
    if name not in losses:
        near = difflib.get_close_matches(name, losses, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(losses)}"
        raise ValueError(f"no loss is called {name!r}; {hint}")
    return losses[name]
