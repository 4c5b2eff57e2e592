"""Arrays as they are given: taken as NumPy takes them, refused where numbers are not real or not all there."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import numpy as np

from .domains import Array


def real_array(name: str, value: Any, weighted: bool = True) -> Array:
    """`value` as NumPy takes it, if its numbers are real and all there. `weighted`: a weight may say that one of them is not."""
    array = whole_array(name, value, weighted)
    if array.dtype.kind not in "biuf" and not is_bfloat16(array.dtype):
        raise TypeError(f"{name} has dtype {array.dtype}; it must be real numbers")
    return array


def whole_array(name: str, value: Any, weighted: bool = True) -> Array:
    """The same of anything, such as labels."""
    remedy = ", and sample_weight=~mask" if weighted else ""
    if is_masked(value):
        raise TypeError(f"{name} is a masked array; pass its data{remedy}")
    if isinstance(value, (list, tuple)) and holds_masked(value):
        raise TypeError(f"{name} holds masked arrays; pass their data{remedy}")
    if getattr(value, "__dask_graph__", lambda: None)() is not None:
        raise TypeError(
            f"{name} is a lazy Dask array, which would be loaded whole; fastloss.adapters.dask computes it where its blocks are"
        )
    if type(value).__module__.startswith("scipy.sparse") and hasattr(value, "toarray"):
        raise TypeError(f"{name} is sparse (scipy.sparse); pass {name}.toarray()")
    return np.asarray(value)


def is_masked(thing: Any) -> bool:
    """Whether it is a masked array, or the type of one."""
    return hasattr(thing, "mask") and hasattr(thing, "filled")


def holds_masked(values: list[Any] | tuple[Any, ...]) -> bool:
    """Whether a masked array is somewhere in a list, whose mask NumPy would drop."""
    kinds = set(map(type, values))
    if any(map(is_masked, kinds)):
        return True
    return (list in kinds or tuple in kinds) and any(holds_masked(x) for x in values if isinstance(x, (list, tuple)))


def real_scalar(name: str, value: Any) -> Any:
    """`value`, if it is one real number: Python's, NumPy's, a fraction, an array without axes."""
    if is_masked(value):
        raise TypeError(f"{name} is a masked array; pass its data")
    if hasattr(value, "__array__"):
        array = np.asarray(value)
        if array.ndim == 0 and (array.dtype.kind in "iuf" or is_bfloat16(array.dtype)):
            return array[()]
    elif isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, bool):
        return value
    raise TypeError(f"{name} must be a real number, not {type(value).__name__}")


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    """Whether these are the bfloat16 of ml_dtypes, which NumPy does not know itself."""
    return dtype.kind == "V" and dtype.name == "bfloat16"


def result_dtype(pred: Array, name: str = "pred") -> np.dtype[Any]:
    """The dtype of every array made from `pred`: its own if floating, float64 for integers."""
    if pred.dtype.kind == "f" and pred.dtype.itemsize > 8:
        raise TypeError(f"{name} has dtype {pred.dtype}, wider than the float64 that losses are computed in")
    if pred.dtype.kind in "biu":
        return np.dtype(np.float64)
    dtype: np.dtype[Any] = pred.dtype.newbyteorder("=")
    return dtype


def computed_in(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """The dtype that losses of arrays of this dtype are computed in."""
    single = (dtype.kind == "f" and dtype.itemsize < 8) or is_bfloat16(dtype)
    return np.dtype(np.float32 if single else np.float64)


def narrowed(x: Array) -> Array:
    """Doubles as float32, so that rounding them once more to fewer digits is as if they had been rounded once (to odd)."""
    with np.errstate(over="ignore"):
        y = x.astype(np.float32)
    bits = y.view(np.uint32)
    exact = y.astype(np.float64)
    bits -= (np.abs(exact) > np.abs(x)).astype(np.uint32)
    bits |= (exact != x) & ~np.isnan(x)
    return y


def write(out: Array, result: Array) -> None:
    """Write numbers of the dtype that is computed in, rounded once more if the output is narrower."""
    if is_bfloat16(out.dtype) and result.dtype == np.float64:
        result = narrowed(result)
    out[...] = result.reshape(out.shape)


def same_shape(name: str, shape: tuple[int, ...], pred: Array) -> None:
    """Refuse another shape than pred's."""
    if shape != pred.shape:
        raise ValueError(f"pred has shape {pred.shape} but {name} has shape {shape}; they must be equal")


def repeats(shape: tuple[int, ...], over: tuple[int, ...]) -> bool:
    """Whether an array of this shape says by axes of length 1 where it repeats."""
    return len(shape) == len(over) and all(n in (1, m) for n, m in zip(shape, over, strict=True))


def output(
    name: str,
    out: Any,
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    inputs: Mapping[str, Array],
    narrower: bool = True,
) -> Array:
    """`out`, if a result of this shape and dtype (or a narrower float) can be written to it without spoiling an input."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, not {type(out).__name__}")
    if is_masked(out):
        raise TypeError(f"{name} is a masked array; pass its data")
    if out.shape != shape:
        raise ValueError(f"{name} has shape {out.shape} but the result has shape {shape}; they must be equal")
    if out.dtype != dtype and not (narrower and is_narrower(out.dtype, dtype)):
        rule = "it must be that or a narrower float" if narrower else "they must be equal"
        raise ValueError(f"{name} has dtype {out.dtype} but the result has dtype {dtype}; {rule}")
    if not out.flags.writeable:
        raise ValueError(f"{name} is read-only")
    if out.size and (axis := next((i for i, n in enumerate(shape) if n > 1 and out.strides[i] == 0), None)) is not None:
        raise ValueError(f"{name} has a stride of 0 along axis {axis}; its results would overwrite each other")
    for other, array in inputs.items():
        if overlap(out, array):
            raise ValueError(
                f"{name} overlaps {other} without being the same array; results would overwrite it before it is read"
            )
    return out


def is_narrower(dtype: np.dtype[Any], than: np.dtype[Any]) -> bool:
    """Whether a result of one dtype can be rounded to another."""
    floating = dtype.kind == "f" or is_bfloat16(dtype)
    return floating and dtype.isnative and dtype.itemsize < than.itemsize


def overlap(x: Array, y: Array) -> bool:
    """Whether two arrays share memory otherwise than element by element."""
    if not np.may_share_memory(x, y):
        return False
    if x.__array_interface__["data"] == y.__array_interface__["data"] and x.strides == y.strides and x.dtype == y.dtype:
        return False
    try:
        return np.shares_memory(x, y, max_work=10_000)  # type: ignore[arg-type]  # the stub knows 0 and -1 alone  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True
