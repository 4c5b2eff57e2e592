"""The functions that losses are made of: of every element of an array, and of every row of classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ._core import backend, errors
from ._core.arguments import Arguments, axis_of
from ._core.arrays import real_array, result_dtype
from ._core.calls import MISSING
from ._core.domains import Array
from ._core.hyperparameters import Integer
from ._core.passes import GRAD, VALUE

AXIS = Integer(-1)


class Function:
    """A function of every element of an array, run by the same kernels as the losses."""

    keywords: tuple[str, ...] = ("out",)

    def __init__(self, definition: Callable[..., Any]) -> None:
        self.name = self.__name__ = definition.__name__
        self.__doc__ = definition.__doc__
        self.__module__ = "fastloss"
        self.__signature__ = inspect.signature(definition)
        self._kernel: Any = None
        self._quick: Callable[..., Any]
        backend.bind(self)

    def __repr__(self) -> str:
        return f"<function {self.name}>"

    def __reduce__(self) -> str:
        return self.name  # by reference, as a function is pickled

    def __call__(self, x: Any = MISSING, *more: Any, out: Array | None = None, **unknown: Any) -> Array:
        """The function of every element of `x`."""
        if more:
            raise errors.too_many(self.name, ("x",), more)
        if not unknown:
            result: Any = self._quick(VALUE, x, x, None, "none", out, ())
            if result is not NotImplemented:
                return result  # type: ignore[no-any-return]
        x = self._checked_input(x, unknown)
        arguments = Arguments(x, x, None, "none", result_dtype(x, "x"), x.shape, argument="x")
        return self._prepared(arguments, VALUE, "value", out)

    def _checked_input(self, x: Any, unknown: dict[str, Any]) -> Array:
        """The argument, if there is one and nothing else that the function does not know."""
        for name in unknown:
            raise errors.unexpected(self.name, name, self.keywords)
        if x is MISSING:
            raise TypeError(f"{self.name}() is missing the argument 'x'")
        return real_array("x", x, weighted=False)

    def _prepared(self, arguments: Arguments, call: int, name: str, out: Array | None) -> Array:
        """A call whose arguments have been checked."""
        arguments.provide((name,), out, narrower=False)
        if arguments.pred.size:
            self._kernel.run(call, arguments.operands(), arguments.reduction, arguments.hyperparameters, False)
        return arguments.outputs[name]


class RowFunction(Function):
    """A function of rows of classes, of their shape: what its kernel has as a gradient."""

    keywords = ("axis", "out")
    answer: tuple[int, str, str] = GRAD, "grad", "sum"  # the call, its output, its reduction

    def __call__(self, x: Any = MISSING, *more: Any, axis: int = -1, out: Array | None = None, **unknown: Any) -> Array:
        """The function of every row along `axis`."""
        if more:
            raise errors.too_many(self.name, ("x",), more)
        backend.say_if_slow()
        x = self._checked_input(x, unknown)
        front = axis_of("x", x, AXIS.checked("axis", axis))
        rows = x.shape[:front] + x.shape[front + 1 :]
        call, name, reduction = self.answer
        hyperparameters = (-1, None, None)
        arguments = Arguments(x, x, None, reduction, result_dtype(x, "x"), rows, hyperparameters, front, argument="x")
        return self._prepared(arguments, call, name, out)


class NumberOfRow(RowFunction):
    """One number for each row: what its kernel has as a loss."""

    answer = VALUE, "value", "none"


@Function
def sigmoid(x: Any, *, out: Array | None = None) -> Any:
    """The logistic function ``1 / (1 + exp(-x))``, accurate to the last bits for x of either sign.

    Parameters
    ----------
    x : array_like
        Real numbers, of any shape and dtype.
    out : ndarray, optional
        Where the result goes; may be `x` itself.

    Returns
    -------
    ndarray
        Of the shape and dtype of `x`; float64 for integers.

    Raises
    ------
    ValueError
        If `out` does not fit.
    TypeError
        If `x` does not hold real numbers.

    References
    ----------
    Verhulst, *Notice sur la loi que la population suit dans son accroissement*, 1838.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid([0.0, 1000.0, -1000.0])
    array([0.5, 1. , 0. ])
    """


@Function
def log_sigmoid(x: Any, *, out: Array | None = None) -> Any:
    """The logarithm of the logistic function, ``-log(1 + exp(-x))``, without overflow or cancellation.

    Parameters
    ----------
    x, out
        As for `sigmoid`.

    Returns
    -------
    ndarray
        As for `sigmoid`.

    Raises
    ------
    ValueError, TypeError
        As for `sigmoid`.

    References
    ----------
    Mächler, *Accurately computing log(1 - exp(-|a|))*, 2012.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_sigmoid([0.0, 1000.0, -1000.0]).round(4).tolist()
    [-0.6931, 0.0, -1000.0]
    """


@Function
def softplus(x: Any, *, out: Array | None = None) -> Any:
    """The smooth ramp ``log(1 + exp(x))``, without overflow or cancellation.

    Parameters
    ----------
    x, out
        As for `sigmoid`.

    Returns
    -------
    ndarray
        As for `sigmoid`.

    Raises
    ------
    ValueError, TypeError
        As for `sigmoid`.

    References
    ----------
    Dugas, Bengio, Bélisle, Nadeau and Garcia, *Incorporating second-order functional knowledge for better option pricing*,
    2000.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softplus([0.0, 1000.0, -1000.0]).round(4).tolist()
    [0.6931, 1000.0, 0.0]
    """


@RowFunction
def softmax(x: Any, *, axis: int = -1, out: Array | None = None) -> Any:
    """The softmax of every row: ``exp(x) / sum(exp(x))``, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers, of any dtype.
    axis : int, default -1
        The axis along which the result sums to 1.
    out : ndarray, optional
        Where the result goes; may be `x` itself.

    Returns
    -------
    ndarray
        Of the shape and dtype of `x`; float64 for integers.

    Raises
    ------
    ValueError
        If there is no such axis, or `out` does not fit.
    TypeError
        If `x` does not hold real numbers.

    References
    ----------
    Bridle, *Probabilistic interpretation of feedforward classification network outputs*, 1990.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax([[0.0, 0.0], [1000.0, 0.0]])
    array([[0.5, 0.5],
           [1. , 0. ]])
    """


@RowFunction
def log_softmax(x: Any, *, axis: int = -1, out: Array | None = None) -> Any:
    """The logarithm of the softmax: ``x - logsumexp(x)`` for every row.

    Parameters
    ----------
    x, axis, out
        As for `softmax`.

    Returns
    -------
    ndarray
        As for `softmax`.

    Raises
    ------
    ValueError, TypeError
        As for `softmax`.

    References
    ----------
    Blanchard, Higham and Higham, *Accurately computing the log-sum-exp and softmax functions*, 2021.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.log_softmax([[0.0, 0.0], [1000.0, 0.0]]).round(4).tolist()
    [[-0.6931, -0.6931], [0.0, -1000.0]]
    """


@NumberOfRow
def logsumexp(x: Any, *, axis: int = -1, out: Array | None = None) -> Any:
    """The smooth maximum of every row: ``log(sum(exp(x)))``, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers, of any dtype.
    axis : int, default -1
        The axis that is summed over.
    out : ndarray, optional
        Where the result goes: of the shape of `x` without `axis`.

    Returns
    -------
    ndarray
        Of the shape of `x` without `axis`, and of its dtype; float64 for integers.

    Raises
    ------
    ValueError, TypeError
        As for `softmax`.

    References
    ----------
    Blanchard, Higham and Higham, *Accurately computing the log-sum-exp and softmax functions*, 2021.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.logsumexp([[0.0, 0.0], [1000.0, 0.0]]).round(4).tolist()
    [0.6931, 1000.0]
    """
