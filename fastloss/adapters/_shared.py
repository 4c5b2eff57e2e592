"""What every adapter needs: the loss that is meant, its keywords checked, and the tool itself."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import ModuleType
from typing import Any

from .._core.families import Alignment, Boxes, Embeddings, Ensemble, Triplets
from .._core.loss import Loss, meant


def resolved(loss: str | Loss, parameters: Mapping[str, Any]) -> Loss:
    """The loss that a name, an alias or a loss means, its own keywords checked."""
    found = meant(loss)
    for keyword in parameters:
        if keyword not in found.parameters:
            known = ", ".join(found.parameters) or "none"
            raise TypeError(f"{found.name} has no keyword {keyword!r} (it has: {known})")
    found._checked(parameters)
    return found


OTHERS = {
    Triplets: "embeddings, and the places of three in each sample",
    Embeddings: "embeddings, which it compares with each other",
    Boxes: "boxes",
    Alignment: "sequences of rows",
    Ensemble: "several forecasts of one number",
}


def other_than_scores(loss: Loss) -> str:
    """What a loss takes that is neither a score nor a row of scores for each sample; of most losses, nothing."""
    return next((taken for family, taken in OTHERS.items() if isinstance(loss, family)), "")


def imported(module: str, extra: str) -> ModuleType:
    """A tool's module, or what to install for it."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise ImportError(f"{module.partition('.')[0]} is not installed: pip install 'fastloss[{extra}]'") from error


def described(loss: Loss, parameters: Mapping[str, Any]) -> str:
    """A loss with its keywords, as it would be called: ``huber(delta=2.0)``."""
    return f"{loss.name}({', '.join(f'{name}={value!r}' for name, value in parameters.items())})"
