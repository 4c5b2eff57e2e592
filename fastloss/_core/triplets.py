"""The way of triplets of embeddings, for every kernel: those that are there, in doubles, and what comes of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from . import whole
from .domains import Array

# Embeddings, places of anchor, positive and negative, weights, the margin: the cost, the weight and the number of triplets;
# derivatives with respect to the embeddings, None where they are not wanted.
Compute = Callable[[Array, Array, Array, float], tuple[tuple[float, float, float], Array | None, Array | None]]


def evaluated(compute: Compute, operands: tuple[Any, ...], reduction: str, own: tuple[Any, ...]) -> whole.Run:
    """What a kernel's `run` answers; the derivatives are written."""
    pred, target, weight, _, grad, hess = operands
    places = target.reshape(-1, 3)
    if weight is not None and (weight := whole.weights_of(weight)) is None:
        return whole.OUTSIDE
    weight = np.ones(len(places)) if weight is None else weight
    there = weight != 0
    if not there.all():
        places, weight = places[there], weight[there]
    if ((places < 0) | (places >= len(pred))).any():
        return whole.OUTSIDE
    weight, shift = whole.in_range(weight)
    embeddings = np.require(pred, np.float64, ["C", "A"])
    sums, first, second = compute(embeddings, np.require(places, np.int64, ["C", "A"]), weight, own[0])
    return whole.finished(reduction, sums, shift, pred, ((grad, first), (hess, second)))
