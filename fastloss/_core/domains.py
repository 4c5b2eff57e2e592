"""The values that an argument may have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Domain:
    """The values that an argument may have. NaN is inside: it goes through to the result.

    Where a loss's own keywords decide, `given` says which domain it is, of their values; the rest is what holds for all of them.
    """

    text: str
    contains: Callable[[Array], Array]
    remedy: str = ""
    remedy_for: float | None = None  # the one value that the remedy is for; None: any
    given: Callable[..., Domain] | None = None

    def under(self, hyperparameters: tuple[Any, ...]) -> Domain:
        """The domain that it is for these values of the loss's own keywords."""
        return self if self.given is None else self.given(*hyperparameters)


PROBABILITY = Domain("in [0, 1]", lambda x: ~((x < 0) | (x > 1)))
LABEL = replace(PROBABILITY, remedy="labels -1 and 1 become 0 and 1 by (target + 1) / 2", remedy_for=-1)
BINARY = replace(LABEL, text="0 or 1", contains=lambda x: (x == 0) | (x == 1) | (x != x))
SIGN = Domain(
    "-1 or 1",
    lambda x: (x == 1) | (x == -1) | (x != x),
    "labels 0 and 1 become -1 and 1 by 2 * target - 1",
)
WITH_LOG1P = Domain(">= -1", lambda x: ~(x < -1))
NOT_NEGATIVE = Domain(">= 0", lambda x: ~(x < 0))
POSITIVE = Domain("> 0", lambda x: ~(x <= 0))
POSITIVE_FROM_2 = replace(POSITIVE, text="> 0 for a power >= 2", remedy="0 needs a power below 2", remedy_for=0)
FOR_POWER = replace(
    NOT_NEGATIVE,
    text=">= 0, and > 0 for a power >= 2",
    given=lambda power: NOT_NEGATIVE if power < 2 else POSITIVE_FROM_2,
)
WHOLE = Domain("a class id, a whole number >= 0", lambda x: ((x >= 0) & (x == np.floor(x))) | (x != x))
CLASS = replace(
    WHOLE,
    given=lambda steps: Domain(
        f"a class id, a whole number in [0, {steps.classes})",
        lambda x: ((x >= 0) & (x < steps.classes) & (x == np.floor(x))) | (x != x),
        "thresholds are one less than classes",
    ),
)
WEIGHT = Domain("a number >= 0 and finite", lambda x: (x >= 0) & (x < np.inf))


def shown(value: Any) -> str:
    """A number as an error shows it: short, but never as another number."""
    short = f"{float(value):g}"
    return short if float(short) == value or value != value else str(value)
