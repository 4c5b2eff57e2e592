"""Arrays of Dask as arguments of one call: the same samples in the same blocks."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._core.arguments import Arguments
from .._core.arrays import real_array
from .._core.domains import Array
from .._core.loss import Loss
from ._shared import imported

dask = imported("dask", "dask")
da = imported("dask.array", "dask")


@dataclass(frozen=True)
class Operand:
    """An argument, and the names of its axes: those of the same name are cut alike."""

    name: str
    array: Any
    axes: tuple[Any, ...]


def lazy(name: str, value: Any) -> Any:
    """An array of Dask, also of a data frame; anything else as NumPy takes it."""
    if hasattr(value, "to_dask_array"):
        # Tuned, two columns of one file may be cut differently: the narrower one has fewer and longer blocks.
        with dask.config.set({"optimization.tune.active": False}):
            value = value.to_dask_array()
    return value if isinstance(value, da.Array) else real_array(name, value)


def of_call(
    loss: Loss, given: Mapping[str, Any], reduction: str, parameters: Mapping[str, Any]
) -> tuple[list[Operand], tuple[int, ...], np.dtype[Any]]:
    """A loss's arguments in the same blocks, the axes of its samples, and the dtype of its results.

    What the shapes and dtypes tell is refused as the loss refuses it.
    """
    found = checked(loss, given, reduction, parameters)
    every = tuple(range(given["pred"].ndim))
    samples = tuple(i for i in every if i != found.axis)
    operands = [Operand(name, x, every if x.ndim == len(every) else samples) for name, x in given.items()]
    by_column = any(isinstance(value, np.ndarray) for value in found.hyperparameters)
    whole = {found.axis} if found.axis is not None else set(every[-1:]) if by_column else set()
    return aligned(operands, whole), samples, found.dtype


def checked(loss: Loss, given: Mapping[str, Any], reduction: str, parameters: Mapping[str, Any]) -> Arguments:
    """What the loss makes of arrays of these shapes and dtypes. On an axis of unknown length nothing is compared."""
    unknown = {i for x in given.values() for i, n in enumerate(x.shape) if math.isnan(n)}
    zeros = {
        name: np.broadcast_to(np.zeros((), x.dtype), [0 if i in unknown else n for i, n in enumerate(x.shape)])
        for name, x in given.items()
    }
    return loss._arguments(
        zeros["pred"], zeros["target"], zeros.get("sample_weight"), reduction, loss._checked(parameters)
    )


def aligned(operands: Sequence[Operand], whole: Collection[Any]) -> list[Operand]:
    """The arrays cut as the first of them that is lazy; some axes are not cut."""
    cuts: dict[Any, tuple[float, ...]] = {}
    for x in sorted(operands, key=lambda x: not isinstance(x.array, da.Array)):
        chunks = x.array.chunks if isinstance(x.array, da.Array) else tuple((n,) for n in x.array.shape)
        for axis, lengths in zip(x.axes, chunks, strict=True):
            if cuts.get(axis, (1,)) == (1,):  # weights that repeat along an axis do not say how it is cut
                cuts[axis] = (sum(lengths),) if axis in whole else lengths
    return [replace(x, array=cut(x, tuple(cuts[axis] for axis in x.axes))) for x in operands]


def cut(x: Operand, chunks: tuple[tuple[float, ...], ...]) -> Any:
    """An array in these chunks."""
    chunks = tuple((1,) if n == 1 else lengths for n, lengths in zip(x.array.shape, chunks, strict=True))
    unknown = [any(map(math.isnan, lengths)) for lengths in chunks]
    if not isinstance(x.array, da.Array):
        if any(unknown):
            raise ValueError(
                f"{x.name} is in one piece, but the blocks that it belongs to are of unknown lengths: {REMEDY}"
            )
        return da.from_array(x.array, chunks=chunks)
    for lengths, theirs, cannot in zip(x.array.chunks, chunks, unknown, strict=True):
        if (cannot or any(map(math.isnan, lengths))) and len(lengths) != len(theirs):
            raise ValueError(
                f"{x.name} has {len(lengths)} blocks where there are {len(theirs)}, of unknown lengths: {REMEDY}"
            )
    known = {
        i: theirs
        for i, (lengths, theirs) in enumerate(zip(x.array.chunks, chunks, strict=True))
        if not any(map(math.isnan, (*lengths, *theirs))) and lengths != theirs
    }
    return x.array.rechunk(known) if known else x.array


REMEDY = "compute_chunk_sizes() of the array finds out"


def checked_lengths(blocks: Sequence[Mapping[str, float]]) -> None:
    """Refuse arguments of which one has more samples than another, as a whole or in a block."""
    totals = {name: sum(block[name] for block in blocks) for name in blocks[0]}
    for found, where in ((totals, ""), *((block, f" in block {i}") for i, block in enumerate(blocks))):
        first = next(iter(found), "")
        for name, n in found.items():
            if n != found[first]:
                raise ValueError(f"{first} has {found[first]} samples but {name} has {n}{where}; they must be equal")


def length(array: Array) -> int:
    """How many samples a block has."""
    return len(array) if array.ndim else 1
