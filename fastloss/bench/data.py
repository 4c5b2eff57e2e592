"""Batches that suit each loss."""

from __future__ import annotations

import numpy as np

from .._loss import Loss
from .._rows import RowLoss
from .._validate import Array
from ..activations import softmax


def inputs(loss: Loss, size: int, dtype: str, classes: int = 1000, seed: int = 0) -> tuple[Array, Array]:
    """`size` predictions and their targets: labels of the right coding, probabilities where the loss wants them.

    A loss of rows gets size/classes rows, and class ids if it knows them.
    """
    rng = np.random.default_rng(seed)
    number = np.dtype(dtype).type
    wide = np.float64 if number is np.float64 else np.float32
    if isinstance(loss, RowLoss):
        classes = min(classes, size)
        shape = (size // classes, classes)
        pred = rng.standard_normal(shape, dtype=wide).astype(number, copy=False)
        pred = softmax(pred) if "pred" in loss.domains else pred
        if loss.ids:
            return pred, rng.integers(0, classes, shape[0])
        return pred, softmax(rng.standard_normal(shape, dtype=wide).astype(number, copy=False))
    pred = rng.standard_normal(size, dtype=wide).astype(number, copy=False)
    target = rng.standard_normal(size, dtype=wide).astype(number, copy=False)
    if "pred" in loss.domains:
        pred = 1 / (1 + np.exp(-pred))
    if "target" in loss.domains:
        low = -1 if "-1" in loss.domains["target"].text else 0
        target = np.where(target > 0, number(1), number(low))
    return pred, target
