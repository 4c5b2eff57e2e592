"""The score that a booster starts from: a custom objective gets none by itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .._core.arrays import real_array
from .._core.domains import Array
from .._core.families import RowLoss, TwoOutputs, TwoRows
from .._core.hyperparameters import Integer, lists_by_column
from .._core.loss import Loss
from ._batches import coded

CLASSES = Integer(None)


def start(
    loss: Loss, target: Any, sample_weight: Any, parameters: Mapping[str, Any], limit: float, classes: Any = None
) -> Any:
    """The best constant score, or one for each output, as float64; `limit` stands for infinity."""
    target = real_array("target", target)
    weight = None if sample_weight is None else real_array("sample_weight", sample_weight)
    if weight is not None and weight.size == 0:
        weight = None
    several = isinstance(loss, (RowLoss, TwoOutputs, TwoRows))
    if target.ndim == 2 and target.shape[1] == 1:
        target = target[:, 0]
    given = dict(parameters)
    target = coded(loss, target, weight, target.ndim + loss.ids)
    if loss.ids and target.ndim == 1:
        given |= of_classes(given, classes)
    elif classes is not None:
        raise ValueError(f"classes is {classes}, but {loss.name} takes no class ids")
    by_column = {} if several else lists_by_column(loss.parameters, given)
    if by_column and target.ndim == 1:  # several quantiles of one target
        target = np.broadcast_to(target[:, None], (len(target), max(map(len, by_column.values()))))
    if several or target.ndim == 1:
        best = loss.constant(target, sample_weight=weight, **given)
    else:
        best = [of_column(loss, target, weight, given, by_column, j) for j in range(target.shape[1])]
    return np.nan_to_num(best, nan=np.nan, posinf=limit, neginf=-limit)


def of_column(
    loss: Loss, target: Array, weight: Array | None, given: Mapping[str, Any], by_column: Mapping[str, Any], j: int
) -> float:
    """That of one of several targets, which have a start each."""
    own = {**given, **{name: value[j] for name, value in by_column.items()}}
    column = weight if weight is None or weight.ndim == 1 else weight[:, min(j, weight.shape[1] - 1)]
    best: float = loss.constant(target[:, j], sample_weight=column, **own)
    return best


def of_classes(given: Mapping[str, Any], classes: Any) -> dict[str, Any]:
    """The keyword that says how many classes there are, where the ids may not have them all."""
    count = CLASSES.checked("classes", classes)
    if count is None:
        return {}
    if count < 1:
        raise ValueError(f"classes is {count}; there must be at least 1")
    own = given.get("class_weight")
    if own is not None and len(own) != count:
        raise ValueError(f"class_weight has {len(own)} weights but classes is {count}")
    return {"class_weight": np.ones(count) if own is None else own}
