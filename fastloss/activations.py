"""The functions that losses are made of."""

from __future__ import annotations

from typing import Any

from ._functions import Function, RowFunction
from ._validate import Array


@Function
def sigmoid(x: Any, *, out: Array | None = None) -> Any:
    """The logistic function ``1 / (1 + exp(-x))``, right to the last bits for x of either sign.

    Parameters
    ----------
    x : array_like
        Real numbers, of any shape and dtype.
    out : ndarray, optional
        Where the result goes; may be `x` itself.

    Returns
    -------
    ndarray
        Of x's shape and dtype; float64 for integers.

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
        Of x's shape and dtype; float64 for integers.

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


@RowFunction
def logsumexp(x: Any, *, axis: int = -1, out: Array | None = None) -> Any:
    """The smooth maximum of every row: ``log(sum(exp(x)))``, without overflow.

    Parameters
    ----------
    x : array_like
        Real numbers, of any dtype.
    axis : int, default -1
        The axis that is summed over.
    out : ndarray, optional
        Where the result goes: the shape of `x` without `axis`.

    Returns
    -------
    ndarray
        The shape of `x` without `axis`, and its dtype; float64 for integers.

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
