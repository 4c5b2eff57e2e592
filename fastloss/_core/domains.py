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
    """The values that an argument may have. NaN is inside: it goes through to the result."""

    text: str
    contains: Callable[[Array], Array]
    remedy: str = ""
    remedy_for: float | None = None  # the one value that the remedy is for; None: any


PROBABILITY = Domain("in [0, 1]", lambda x: ~((x < 0) | (x > 1)))
LABEL = replace(PROBABILITY, remedy="labels -1 and 1 become 0 and 1 by (target + 1) / 2", remedy_for=-1)
SIGN = Domain(
    "-1 or 1",
    lambda x: (x == 1) | (x == -1) | (x != x),
    "labels 0 and 1 become -1 and 1 by 2 * target - 1",
)
WITH_LOG1P = Domain(">= -1", lambda x: ~(x < -1))
WEIGHT = Domain("a number >= 0 and finite", lambda x: (x >= 0) & (x < np.inf))


def shown(value: Any) -> str:
    """A number as an error shows it: short, but never as another number."""
    short = f"{float(value):g}"
    return short if float(short) == value or value != value else str(value)
