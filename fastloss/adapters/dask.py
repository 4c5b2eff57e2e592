"""Costs, losses and linear fits of data in blocks that the workers of Dask hold.

Dask arrays and data frames are taken, and the columns of one frame may be arguments of one call; a NumPy array beside them is cut
in the same way. Data stay where they are: workers send the costs and gradients of their blocks, which are combined in the order of
the blocks, so that a result does not depend on who computed what, or how often.
"""

from __future__ import annotations

import copy
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import linear
from .._core import families
from .._core.arrays import real_array
from .._core.domains import Array
from .._core.loss import Loss
from ..accumulator import Accumulator
from ._blocks import Operand, aligned, checked_lengths, lazy, length, of_call
from ._shared import imported, resolved

dask = imported("dask", "dask")
da = imported("dask.array", "dask")

__all__ = ["cost", "losses", "objective"]


def cost(
    loss: str | Loss, pred: Any, target: Any, sample_weight: Any = None, *, reduction: str = "mean", **parameters: Any
) -> float:
    """The cost of predictions and targets that need not fit into memory.

    Each pair of blocks becomes an `Accumulator`, and these are merged without rounding: to the last bit, the cost is that of one
    accumulator that is updated block by block, whatever the scheduler.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name.
    pred, target, sample_weight : dask.array.Array, dask.dataframe.DataFrame or Series, array_like
        As for the loss. What has other chunks than `pred` is rechunked; lengths may be unknown.
    reduction : {"mean", "sum", "batch_mean"}
        As for the loss.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If lengths differ, a value is outside its domain, or the reduction gives no cost.
    TypeError
        If an array does not hold real numbers, or the loss has no such keyword.

    Examples
    --------
    >>> import dask.array as da
    >>> from fastloss.adapters.dask import cost
    >>> target = da.arange(6, chunks=2)
    >>> cost("huber", target + 3.0, target, delta=2.0)
    4.0
    """
    loss = resolved(loss, parameters)
    total = Accumulator(loss, reduction=reduction, **parameters)
    operands, samples, _ = of_call(loss, _named(pred, target, sample_weight), reduction, parameters)
    axes, counted = operands[0].axes, {x.name: _counted(x, samples[:1]) for x in operands}
    of_block = functools.partial(_block_cost, counted, Accumulator(loss, reduction=reduction, **parameters))
    cells = _blockwise(of_block, operands, axes, np.dtype(object), adjust_chunks=dict.fromkeys(axes, 1))
    found = [cell.item() for cell in dask.compute(*cells.to_delayed().ravel().tolist())]
    checked_lengths([lengths for lengths, _ in found])
    for _, block in found:
        total.merge(block)
    return total.compute()


def losses(loss: str | Loss, pred: Any, target: Any, sample_weight: Any = None, **parameters: Any) -> Any:
    """The loss of every sample, as a lazy array.

    Parameters
    ----------
    loss, pred, target, sample_weight, **parameters
        As for `cost`.

    Returns
    -------
    dask.array.Array
        With the chunks of `pred`, without its axis of classes, and the dtype that the loss gives.

    Raises
    ------
    ValueError
        If lengths differ, or a sample has no loss of its own; when it is computed, if a value is outside its domain.
    TypeError
        If an array does not hold real numbers, or the loss has no such keyword.

    Examples
    --------
    >>> import dask.array as da
    >>> from fastloss.adapters.dask import losses
    >>> losses("mse", da.ones(4, chunks=2), da.arange(4, chunks=2)).compute()
    array([1., 0., 1., 4.])
    """
    loss = resolved(loss, parameters)
    operands, axes, dtype = of_call(loss, _named(pred, target, sample_weight), "none", parameters)
    return _blockwise(functools.partial(_block_losses, loss, parameters), operands, axes, dtype)


def objective(
    loss: str | Loss,
    X: Any,
    target: Any,
    *,
    l2: float = 0.0,
    fit_intercept: bool = True,
    sample_weight: Any = None,
    classes: int | None = None,
    **parameters: Any,
) -> Objective:
    """The cost of a linear model and its gradient, as a function of the weights: `fastloss.linear.objective` of blocks.

    The blocks are loaded when it is made, and stay where they are. Every call sends the weights there and adds up what comes
    back in the order of the blocks: the same chunks give the same bits on threads, processes and machines.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name.
    X : dask.array.Array or dask.dataframe.DataFrame, shape (samples, features)
        float32 is computed in float32 and summed in float64; anything else is computed in float64.
    target, sample_weight : dask.array.Array, dask.dataframe.DataFrame or Series, array_like
        As for the loss; what has other chunks than `X` is rechunked.
    l2, fit_intercept
        As in `fastloss.linear.objective`.
    classes : int, optional
        How many classes there are. Without it, a first pass looks for the largest class id.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Objective
        A callable ``w -> (cost, gradient)`` with everything that that of `fastloss.linear` has.

    Raises
    ------
    ValueError
        If lengths differ, a value is outside its domain, or the weights sum to 0.
    TypeError
        If an array does not hold real numbers, or the loss has no such keyword.

    Examples
    --------
    >>> import dask.array as da
    >>> import numpy as np
    >>> from fastloss.adapters.dask import objective
    >>> X = da.arange(6, chunks=2)[:, None]
    >>> o = objective("mse", X, 2 * X[:, 0] + 1)
    >>> o(np.array([2.0, 1.0]))                     # the line 2x + 1
    (0.0, array([0., 0.]))
    """
    loss = resolved(loss, parameters)
    loss.check_adds_up()
    given = {
        name: lazy(name, x)
        for name, x in (("X", X), ("target", target), ("sample_weight", sample_weight))
        if x is not None
    }
    if given["X"].ndim != 2:
        raise ValueError(f"X has shape {given['X'].shape}; it must be (samples, features)")
    make = functools.partial(_part, loss, list(given), l2, fit_intercept, parameters)
    # What shapes and dtypes tell is refused by the core, of no samples.
    make(None, *(np.empty((0, *(0 if math.isnan(n) else n for n in x.shape[1:])), x.dtype) for x in given.values()))
    checked_lengths([{name: x.shape[0] for name, x in given.items() if not math.isnan(x.shape[0])}])
    # The rows are cut alike; no other axis is cut.
    operands = [Operand(name, x, (0, *((name, i) for i in range(1, x.ndim)))) for name, x in given.items()]
    operands = aligned(operands, whole={axis for x in operands for axis in x.axes[1:]})
    blocks = [x.array.to_delayed().ravel().tolist() for x in operands]
    if isinstance(loss, families.RowLoss) and given["target"].ndim == 1 and classes is None:
        weights = blocks[2] if len(blocks) > 2 else [None] * len(blocks[1])
        count = dask.delayed(families.classes)
        counts = [count(ids, parameters, weight) for ids, weight in zip(blocks[1], weights, strict=True)]
        classes = max(dask.compute(*counts))
    parts = dask.persist(*(dask.delayed(make)(classes, *block) for block in zip(*blocks, strict=True)))
    return Objective(loss, l2, parts)


class Objective(linear.Objective):
    """A callable ``w -> (cost, gradient)`` over blocks; made by `objective`."""

    def __init__(self, loss: Loss, l2: float, parts: tuple[Any, ...]) -> None:
        self.loss, self.l2 = loss, float(l2)
        self._of_blocks = parts
        found = self._mapped(_described)
        checked_lengths([lengths for lengths, _ in found])
        headings = [heading for _, heading in found]
        self.dtype, self.shape, self.size = headings[0].dtype, headings[0].shape, headings[0].size
        self._shift = headings[0]._shift  # of class weights, which all blocks share
        self._refuse_nothing(sum(part.samples for part in headings), sum(part._divisor for part in headings))
        # Sums are brought to the units of the heaviest block: powers of two, which change no digit.
        self._unit = min(part._unit for part in headings if part._divisor)
        self._scales = [self._unit / part._unit for part in headings]
        self._divisor = sum(part._divisor * scale for part, scale in zip(headings, self._scales, strict=True))

    def _sums(self, w: Array) -> tuple[float, Array]:
        value, gradient = 0.0, np.zeros(self.size)
        for (cost, slopes), scale in zip(self._mapped(Part._sums, w), self._scales, strict=True):
            value += cost * scale
            gradient += slopes * scale
        return value, gradient

    def _products(self, w: Array, v: Array) -> Array:
        product = np.zeros(self.size)
        for part, scale in zip(self._mapped(Part._products, w, v), self._scales, strict=True):
            product += part * scale
        return product

    def _mapped(self, function: Callable[..., Any], *arrays: Array) -> tuple[Any, ...]:
        """A function of each block, computed where it is."""
        sent = list(map(dask.delayed, arrays))  # once, whatever the number of blocks
        results: tuple[Any, ...] = dask.compute(*(dask.delayed(function)(part, *sent) for part in self._of_blocks))
        return results


class Part(linear.Objective):
    """The objective of one block, which may be empty or of no weight."""

    lengths: Mapping[str, int]

    def _refuse_nothing(self, samples: int, weight: float) -> None:
        self.samples = samples

    def __sizeof__(self) -> int:
        """What it holds: by that, Dask decides what to move and what to spill."""
        return sum(x.nbytes for x in vars(self).values() if isinstance(x, np.ndarray))


# ---- what is done to a block -----------------------------------------------------------------------------------------


def _part(
    loss: Loss,
    names: list[str],
    l2: float,
    fit_intercept: bool,
    parameters: dict[str, Any],
    classes: int | None,
    *blocks: Array,
) -> Part | dict[str, int]:
    """The objective of a block, or its lengths where they differ."""
    lengths = dict(zip(names, map(length, blocks), strict=True))
    if len(set(lengths.values())) > 1:
        return lengths
    X, target, weight = (*blocks, None)[:3]
    X = np.ascontiguousarray(real_array("X", X))  # a data frame has columns; every call would gather rows from them
    part = Part(loss, X, target, l2, fit_intercept, weight, classes, parameters)
    part.lengths = lengths
    return part


def _described(part: Part | dict[str, int]) -> tuple[Mapping[str, int], Part | None]:
    """The lengths of a block, and its objective without the data."""
    if isinstance(part, dict):
        return part, None
    heading = copy.copy(part)
    del heading._X, heading._target, heading._weight
    return part.lengths, heading


def _counted(x: Operand, samples: tuple[int, ...]) -> int | None:
    """The axis along which an argument has a number, or a row, for each sample; None where one is for all of them."""
    axis = next((x.axes.index(i) for i in samples if i in x.axes), None)
    return None if axis is None or x.array.shape[axis] == 1 else axis


def _block_cost(counted: Mapping[str, int | None], nothing: Accumulator, *blocks: Array) -> Array:
    """The lengths of a block and, if they are the same, its cost: one object in an array of as many axes."""
    pairs = zip(counted.items(), blocks, strict=True)
    lengths = {name: block.shape[axis] for (name, axis), block in pairs if axis is not None}
    total = copy.deepcopy(nothing)
    if len(set(lengths.values())) <= 1:
        total.update(*blocks)
    cell = np.empty((1,) * blocks[0].ndim, object)
    cell[(0,) * cell.ndim] = lengths, total
    return cell


def _block_losses(loss: Loss, parameters: dict[str, Any], *blocks: Any) -> Array:
    """The losses of a block's samples. Where these lack an axis, an argument comes as a list of its one block along it."""
    pred, target, weight = (*(block[0] if isinstance(block, list) else block for block in blocks), None)[:3]
    values: Array = loss(pred, target, sample_weight=weight, reduction="none", **parameters)
    return values


# ---- arrays of blocks ------------------------------------------------------------------------------------------------


def _named(pred: Any, target: Any, sample_weight: Any) -> dict[str, Any]:
    """The arguments of a loss that there are, as arrays."""
    given = {"pred": pred, "target": target, "sample_weight": sample_weight}
    return {name: lazy(name, x) for name, x in given.items() if x is not None or name != "sample_weight"}


def _blockwise(
    function: Callable[..., Array],
    operands: Sequence[Operand],
    axes: tuple[int, ...],
    dtype: np.dtype[Any],
    **options: Any,
) -> Any:
    """A function of each block, which Dask would try on empty ones if it were not told the result's dtype."""
    pairs = [part for x in operands for part in (x.array, x.axes)]
    meta = np.empty((0,) * len(axes), dtype)
    return da.blockwise(function, axes, *pairs, dtype=dtype, meta=meta, align_arrays=False, **options)
