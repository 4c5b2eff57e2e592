"""The classes of the functions that losses are made of: of every element, and of every row of classes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import _backend, _validate
from ._loss import GRAD, VALUE
from ._rows import NEUTRAL
from ._validate import Array, Integer

AXIS = Integer(-1)


class Function:
    """A function of every element of an array, run by the same kernels as the losses."""

    def __init__(self, definition: Callable[..., Any]) -> None:
        self.name = self.__name__ = definition.__name__
        self.__doc__ = definition.__doc__
        self.__module__ = "fastloss"
        self.__wrapped__ = definition  # for help() and inspect
        self._kernel: Any = None
        self._quick: Callable[..., Any]
        _backend.bind(self)

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    def __reduce__(self) -> str:
        return self.name  # by reference, as a function is pickled

    def __call__(self, x: Any, *, out: Array | None = None) -> Array:
        """The function of every element of `x`."""
        result: Any = self._quick(VALUE, x, x, None, "none", out, ())
        if result is not NotImplemented:
            return result  # type: ignore[no-any-return]
        x = _validate.real_array("x", x)
        call = _validate.Call(x, x, None, "none", _validate.result_dtype(x, "x"), argument="x")
        return self._prepared(call, VALUE, "value", out, ())

    def _prepared(self, call: _validate.Call, which: int, name: str, out: Array | None, own: tuple[Any, ...]) -> Array:
        """A call whose arguments have been checked."""
        _validate.outputs(call, (name,), out)
        if call.pred.size:
            operands, kinds = _validate.coded(call.operands())
            self._kernel.run(which, operands, kinds, call.dtype == "float64", call.reduction, own, False)
        return call.outputs[name]


class RowFunction(Function):
    """A function of rows of classes: of their shape, or one number for each."""

    def __call__(self, x: Any, *, axis: int = -1, out: Array | None = None) -> Array:
        """The function of every row along `axis`."""
        _backend.say_if_slow()
        x = _validate.real_array("x", x)
        axis = _validate.axis_of("x", x, AXIS.checked("axis", axis))
        rows = x.shape[:axis] + x.shape[axis + 1 :]
        which, name, reduction = (VALUE, "value", "none") if self.name == "logsumexp" else (GRAD, "grad", "sum")
        call = _validate.Call(x, x, None, reduction, _validate.result_dtype(x, "x"), argument="x", rows=rows)
        return self._prepared(call, which, name, out, tuple((NEUTRAL | {"axis": axis}).values()))
