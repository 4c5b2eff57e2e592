"""Losses of rows of classes: the same four calls, for arrays with an axis of classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _validate
from ._loss import Loss, register
from ._validate import Keyword

# What every kernel of rows is given, in this order: the default where a loss has the keyword, and where it has not, neutral.
NEUTRAL = {"label_smoothing": 0.0, "ignore_index": None, "class_weight": None, "axis": -1, "eps": 0.0}


class RowLoss(Loss):
    """A loss of rows of classes. `ids` and `rows` say which kinds of target it knows."""

    def __init__(
        self,
        name: str,
        formula: str,
        doc: str,
        parameters: Mapping[str, Keyword],
        aliases: tuple[str, ...] = (),
        ids: bool = False,
        rows: bool = False,
    ) -> None:
        super().__init__(name, formula, doc, parameters, aliases)
        self.ids = ids
        self.rows = rows
        self._defaults = tuple(NEUTRAL.values())
        self._positions = {name: i for i, name in enumerate(NEUTRAL)}

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, own: tuple[Any, ...]
    ) -> tuple[_validate.Call, tuple[Any, ...]]:
        arguments, given = _validate.row_arguments(self, pred, target, sample_weight, reduction, own)
        values = tuple(own[self._positions[name]] for name in self.parameters)
        _validate.check_held(self.parameters, values, arguments.dtype)
        return arguments, given

    def _evaluated(self, call: int, arguments: _validate.Call, own: tuple[Any, ...]) -> tuple[float, float, int]:
        operands, kinds = _validate.coded(arguments.operands())
        double = arguments.dtype == np.float64
        cost, total, outside, samples = self._kernel.run(
            call, operands, kinds, double, arguments.reduction, own, arguments.written
        )
        if outside:
            _validate.row_outside(arguments, self.domains, own)
        return float(cost), total, samples


def row_loss(
    formula: str, *, ids: bool = False, rows: bool = False, aliases: tuple[str, ...] = (), **parameters: Keyword
) -> Callable[[Callable[..., None]], RowLoss]:
    """Make a RowLoss of a function that has a name and a docstring, and register it."""

    def make(definition: Callable[..., None]) -> RowLoss:
        doc = inspect.cleandoc(definition.__doc__ or "")
        return register(RowLoss(definition.__name__, formula, doc, parameters, aliases, ids, rows))

    return make
