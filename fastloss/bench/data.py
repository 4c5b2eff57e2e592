"""Batches that suit each loss."""

from __future__ import annotations

import numpy as np

from .._core.domains import Array
from .._core.inputs import Normal
from .._core.loss import Loss


def inputs(loss: Loss, size: int, dtype: str, classes: int = 1000, seed: int = 0) -> tuple[Array, Array]:
    """`size` predictions and their targets, of the kind that the loss takes.

    A loss of rows gets size/classes rows, and class ids if it knows them.
    """
    return loss.inputs.draw(Normal(np.dtype(dtype), seed), size, classes)
