"""Losses of rows of classes: the same four calls, for arrays with an axis of classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from . import _backend, _validate
from ._loss import GRAD, VALUE, VALUE_AND_GRAD, Loss, register
from ._validate import Array, Keyword

# What every kernel of rows is given, in this order; a loss that has no such keyword gives it the neutral value.
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
        self._defaults = self._own({})

    def _own(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        values = dict(zip(self.parameters, super()._own(given), strict=True))
        return tuple(values.get(name, neutral) for name, neutral in NEUTRAL.items())

    def _prepared(
        self,
        call: int,
        pred: Any,
        target: Any,
        sample_weight: Any,
        reduction: Any,
        out: Any,
        own: tuple[Any, ...],
    ) -> Any:
        """A call whose arguments need checking or converting first."""
        arguments, own = _validate.row_arguments(self, pred, target, sample_weight, reduction, own)
        each = reduction == "none"
        names = ("value",) if call == VALUE and each else self.outputs(call)
        _validate.outputs(arguments, names, out)
        if call == VALUE_AND_GRAD and each:
            arguments.outputs["value"] = arguments.empty("value")
        cost = self._run_rows(call, arguments, own)
        results = arguments.outputs
        value = results["value"] if each and "value" in results else cost
        if call == VALUE:
            return value
        if call == GRAD:
            return results["grad"]
        return (value, results["grad"]) if call == VALUE_AND_GRAD else (results["grad"], results["hess"])

    def _run_rows(self, call: int, arguments: _validate.Call, own: tuple[Any, ...]) -> float:
        averaged = arguments.reduction in ("mean", "batch_mean")
        if arguments.pred.size == 0:
            return _validate.undefined_mean("an empty batch") if averaged else 0.0
        operands, kinds = _validate.coded(arguments.operands())
        double = arguments.dtype == np.float64
        cost, total, outside, samples = self._kernel.run(
            call, operands, kinds, double, arguments.reduction, own, arguments.written
        )
        if outside:
            _validate.row_outside(arguments, self.domains, own)
        if averaged and samples == 0:
            return _validate.undefined_mean("no sample: every one is ignored")
        if arguments.reduction == "mean" and total == 0:
            return _validate.undefined_mean("weights that sum to 0")
        return float(cost)


def row_loss(
    formula: str, *, ids: bool = False, rows: bool = False, aliases: tuple[str, ...] = (), **parameters: Keyword
) -> Callable[[Callable[..., None]], RowLoss]:
    """Make a RowLoss of a function that has a name and a docstring, and register it."""

    def make(definition: Callable[..., None]) -> RowLoss:
        doc = inspect.cleandoc(definition.__doc__ or "")
        return register(RowLoss(definition.__name__, formula, doc, parameters, aliases, ids, rows))

    return make


class RowFunction:
    """A function of rows of classes: of each row's shape, or one number for it."""

    def __init__(self, definition: Callable[..., Any]) -> None:
        self.name = self.__name__ = definition.__name__
        self.__doc__ = definition.__doc__
        self.__module__ = "fastloss"
        self.__wrapped__ = definition  # for help() and inspect
        self.reduces = self.name == "logsumexp"
        self._kernel: Any = None
        self._quick: Callable[..., Any]
        _backend.bind(self)

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    def __reduce__(self) -> str:
        return self.name

    def __call__(self, x: Any, *, axis: int = -1, out: Array | None = None) -> Array:
        """The function of every row along `axis`."""
        _backend.say_if_slow()
        x = _validate.real_array("x", x)
        axis = _validate.axis_of("x", x, axis)
        rows = x.shape[:axis] + x.shape[axis + 1 :]
        call = _validate.Call(x, x, None, "none", _validate.result_dtype(x, "x"), argument="x", rows=rows)
        name = "value" if self.reduces else "grad"
        _validate.outputs(call, (name,), out)
        result = call.outputs[name]
        if x.size:
            operands, kinds = _validate.coded(call.operands())
            own = tuple((NEUTRAL | {"axis": axis}).values())
            reduction, which = ("none", VALUE) if self.reduces else ("sum", GRAD)
            self._kernel.run(which, operands, kinds, call.dtype == "float64", reduction, own, False)
        return result
