"""Losses as they are named in text: ``huber``, ``huber:delta=2``."""

from __future__ import annotations

import json
from typing import Any

from . import _loss
from ._loss import Loss


def named(text: str) -> tuple[Loss, dict[str, Any]]:
    """The loss that the text names, and its own keywords, checked.

    Keywords follow the name, each after a colon: ``sigmoid_cross_entropy:pos_weight=3:label_smoothing=0.1``.
    """
    name, *settings = text.split(":")
    loss = _loss.named(name.strip())
    parameters = {}
    for setting in settings:
        keyword, equals, value = (part.strip() for part in setting.partition("="))
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
