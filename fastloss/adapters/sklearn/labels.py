"""Classes, as scikit-learn numbers them, and how each loss wants them."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..._core.domains import BINARY, LABEL, PROBABILITY, SIGN, Array
from ..._core.families import Pointwise, RowLoss
from ..._core.loss import Loss

OF_TWO_CLASSES = ("signs", "labels")
OF_MORE_CLASSES = {
    "binary_cross_entropy": "sparse_categorical_cross_entropy",
    "hinge": "crammer_singer_hinge",
    "sigmoid_brier": "softmax_brier",
    "sigmoid_focal": "softmax_focal",
}


def kind(loss: Loss) -> str:
    """What a target is: class "ids" or "rows" of any number of classes, "signs" or "labels" 0 and 1 of two, or "numbers"."""
    if isinstance(loss, RowLoss):
        return "ids" if loss.ids else "rows"
    domain = loss.domains.get("target") if isinstance(loss, Pointwise) else None
    return "signs" if domain is SIGN else "labels" if domain in (LABEL, BINARY) else "numbers"


def of_probabilities(loss: Loss) -> bool:
    """Whether predictions are."""
    return loss.domains.get("pred") is PROBABILITY


def numbered(y: Array, classes: Any) -> Array:
    """Each label's place among the classes."""
    places = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    values, inverse = np.unique(y, return_inverse=True)
    for value in values.tolist():
        if value not in places:
            first = int(np.argmax(inverse == values.tolist().index(value)))
            raise ValueError(f"y[{first}] is {value!r}, which is not one of the classes {[*places]}")
    return np.array([places[value] for value in values.tolist()], np.int64)[inverse]


def coded(loss: Loss, ids: Array, count: int) -> Array:
    """Class ids as the loss takes its target."""
    wanted = kind(loss)
    if wanted == "ids":
        return ids
    if wanted == "rows":
        return np.eye(count)[ids]
    if count != 2:
        raise ValueError(too_many(loss, count))
    return 2.0 * ids - 1 if wanted == "signs" else ids.astype(np.float64)


def too_many(loss: Loss, count: int) -> str:
    """Why a loss for two classes does not take so many."""
    more = OF_MORE_CLASSES.get(loss.name, "softmax_cross_entropy")
    return f"{loss.name} is a loss for two classes, but there are {count}; {more} takes any number"


def of_columns(loss: Loss, response: Array) -> Array:
    """The positive class's numbers, or a loss of rows's two columns, where scikit-learn gives the other."""
    if kind(loss) in OF_TWO_CLASSES:
        return response[:, 1] if response.ndim == 2 and response.shape[1] == 2 else response
    if kind(loss) in ("ids", "rows") and response.ndim == 1:
        return np.column_stack([1 - response if of_probabilities(loss) else np.zeros_like(response), response])
    return response
