"""Tables of all losses, made of their definitions."""

from __future__ import annotations

from .loss import Loss
from .registry import REGISTRY

HEAD = ("name", "loss of one sample", "derivative", "parameters, domain")


def markdown() -> str:
    """The table of the README and of the guide."""
    return "\n".join(map(line, (HEAD, ("---",) * len(HEAD), *map(cells, REGISTRY.values())))) + "\n"


def line(cells: tuple[str, ...]) -> str:
    """A line of it."""
    return "| " + " | ".join(cells).replace(" |  |", " | |") + " |"


def cells(loss: Loss) -> tuple[str, ...]:
    """What it says of a loss."""
    names = ", ".join(f"`{name}`" for name in (loss.name, *loss.aliases))
    hyperparameters = ", ".join(f"`{name}={keyword.default!r}`" for name, keyword in loss.parameters.items())
    formulas = (text.replace("|", "\\|") for text in loss.shown)
    return (names, *formulas, "; ".join(filter(None, (loss.inputs.short, hyperparameters))))


def text() -> str:
    """What the command line prints: each loss with its formula and parameters."""
    names = {loss.name: ", ".join((loss.name, *loss.aliases)) for loss in REGISTRY.values()}
    width = max(map(len, names.values()))
    lines = []
    for loss in REGISTRY.values():
        hyperparameters = ", ".join(f"{name}={k.default} ({k.condition(name)})" for name, k in loss.parameters.items())
        lines.append(
            f"{names[loss.name]:{width}}  {loss.formula}" + (f"   [{hyperparameters}]" if hyperparameters else "")
        )
    return "\n".join(lines)
