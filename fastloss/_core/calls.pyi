# What type checkers see of calls.py: a cost is a float, losses and gradients are arrays.

from typing import Any, Literal, overload

from numpy.typing import ArrayLike, NDArray

_Cost = Literal["mean", "sum", "batch_mean"]
_Array = NDArray[Any]

MISSING: Any

class Calls:
    _quick: Any
    _defaults: tuple[Any, ...]
    _last: tuple[Any, Any] | None

    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: _Cost = "mean",
        out: None = None,
        **parameters: Any,
    ) -> float: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: Literal["none"],
        out: _Array | None = None,
        **parameters: Any,
    ) -> _Array: ...
    @overload
    def __call__(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str,
        out: _Array | None = None,
        **parameters: Any,
    ) -> float | _Array: ...
    def grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: _Array | None = None,
        **parameters: Any,
    ) -> _Array: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: _Cost = "mean",
        out: _Array | None = None,
        **parameters: Any,
    ) -> tuple[float, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: Literal["none"],
        out: _Array | tuple[_Array, _Array] | None = None,
        **parameters: Any,
    ) -> tuple[_Array, _Array]: ...
    @overload
    def value_and_grad(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str,
        out: _Array | tuple[_Array, _Array] | None = None,
        **parameters: Any,
    ) -> tuple[float | _Array, _Array]: ...
    def grad_and_hess(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        out: tuple[_Array, _Array] | None = None,
        curvature: Literal["exact", "majorizer"] = "exact",
        **parameters: Any,
    ) -> tuple[_Array, _Array]: ...
    def hvp(
        self,
        pred: ArrayLike,
        target: ArrayLike,
        vector: ArrayLike,
        *,
        sample_weight: ArrayLike | None = None,
        reduction: str = "mean",
        **parameters: Any,
    ) -> _Array: ...
    def constant(self, target: ArrayLike, *, sample_weight: ArrayLike | None = None, **parameters: Any) -> Any: ...
    def _resolved(self, given: dict[str, Any]) -> tuple[Any, ...]: ...
    def _checked(self, given: Any) -> tuple[Any, ...]: ...
    def _prepared(
        self,
        call: int,
        pred: Any,
        target: Any,
        sample_weight: Any,
        reduction: Any,
        out: Any,
        hyperparameters: tuple[Any, ...],
    ) -> Any: ...
    def _curved(self, curvature: Any) -> int: ...

def derivatives(loss: Calls) -> tuple[Any, Any, Any]: ...
