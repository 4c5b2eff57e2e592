"""What the truth of one sample is. Definitions of losses need no more than this."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mpmath as mp

ZERO, ONE = mp.mpf(0), mp.mpf(1)


@dataclass(frozen=True)
class Sample:
    """Loss, gradient and curvature of one sample, and the largest term that each of them is a sum of."""

    value: Any
    grad: Sequence[Any]
    hess: Sequence[Any]
    size: Any = 0
    grad_sizes: Sequence[Any] = ()
    hess_sizes: Sequence[Any] = ()
