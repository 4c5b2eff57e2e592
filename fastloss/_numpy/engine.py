"""The one engine of the NumPy kernels: it takes a batch tile by tile, so that no large temporary array arises.

A tile is some samples, as contiguous numbers of the dtype that is computed in. A family says what a tile is (`Part`): the
weights and what there is of its samples, and their losses, gradients and curvatures, which formulas give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from .._core import passes
from .._core.arrays import computed_in, write
from .._core.domains import WEIGHT as WEIGHTS
from .._core.domains import Array, Domain
from .._core.passes import Sums, divisor, inverse, ordinary, quotient, unit_for
from .._core.products import Compiled
from .arithmetic import signless, weighed

TILE = 16384  # numbers

PRED, TARGET, WEIGHT, VALUE, GRAD, HESS, VECTOR = range(7)  # the operands; a vector that a Hessian is multiplied by
WANTED = {  # call -> results, by name
    passes.VALUE: ("value",),
    passes.GRAD: ("grad",),
    passes.VALUE_AND_GRAD: ("value", "grad"),
    passes.GRAD_AND_HESS: ("grad", "hess"),
    passes.GRAD_AND_MAJORIZER: ("grad", "majorizer"),
}
PLACE = {"value": VALUE, "grad": GRAD, "product": GRAD, "hess": HESS, "majorizer": HESS}

Operands = tuple[Any, ...]  # of ndarray or None
Run = tuple[float, float, int, bool]  # cost, Σw, samples that count, whether an input is outside its domain


@dataclass
class Batch:
    """What a pass goes over, and in what units: derivatives get the factor `scale`, weights `unit`."""

    operands: Operands
    hyperparameters: tuple[Any, ...]
    dtype: np.dtype[Any]
    samples: tuple[int, ...]
    scale: float = 1.0
    unit: float = 1.0
    compiled: Compiled | None = None

    @classmethod
    def of(
        cls, operands: Operands, hyperparameters: tuple[Any, ...], axes: int, compiled: Compiled | None = None
    ) -> Batch:
        """What a kernel is given; a sample's last `axes` are its own."""
        pred = operands[PRED]
        dtype, samples = computed_in(pred.dtype), pred.shape[: pred.ndim - axes]
        return cls(operands, hyperparameters, dtype, samples, compiled=compiled)

    def inputs(self) -> Batch:
        """The same without anywhere to write."""
        return replace(self, operands=(*self.operands[:VALUE], None, None, None, *self.operands[VECTOR:]))


class Tile:
    """Some samples of all operands."""

    def __init__(self, batch: Batch, index: tuple[Any, ...]) -> None:
        self.batch = batch
        self.index = index
        self.count = int(np.size(batch.operands[PRED][index]))

    def whole(self, k: int) -> Any:
        """An operand as it is, or None."""
        x = self.batch.operands[k] if k < len(self.batch.operands) else None
        return None if x is None else x[self.index]

    def get(self, k: int, *rows: int) -> Any:
        """An operand as numbers of the dtype that is computed in: a line of them, or rows."""
        x = self.whole(k)
        return None if x is None else np.ascontiguousarray(x, self.batch.dtype).reshape(-1, *rows)

    def weight(self) -> Any:
        """The weights as doubles."""
        w = self.whole(WEIGHT)
        return None if w is None else np.asarray(w, np.float64).reshape(-1)

    def put(self, k: int, result: Array) -> None:
        """Write a result."""
        write(self.whole(k), result.astype(self.batch.dtype, copy=False))


@dataclass
class Part:
    """A tile as its family sees it. `weight` is in the batch's unit, None without; `formula` makes what has a method for each
    result, out of what it is given."""

    formula: Callable[..., Any]
    given: tuple[Any, ...]
    weight: Array | None
    samples: int
    outside: bool

    def total(self) -> float:
        """Σw."""
        return float(self.samples if self.weight is None else self.weight.sum())


class Kernel:
    """The NumPy side of one loss: `run` is that of a compiled kernel."""

    axes = 0  # of a sample

    def __init__(self, formula: Any) -> None:
        self.formula = formula
        self.domains: Mapping[str, Domain] = formula.domains

    def quick(self, *arguments: Any) -> Any:
        """No call is quick here."""
        return NotImplemented

    def run(
        self,
        call: int,
        operands: Operands,
        reduction: str,
        hyperparameters: tuple[Any, ...],
        inspect_first: bool,
    ) -> Run:
        """The cost, Σw, the samples that count, whether an input is outside its domain; the arrays are written."""
        return self.evaluated(WANTED[call], operands, None, reduction, hyperparameters, inspect_first)

    def product(
        self,
        operands: Operands,
        vector: Array | None,
        reduction: str,
        hyperparameters: tuple[Any, ...],
        inspect_first: bool,
        compiled: Compiled | None = None,
    ) -> Run:
        """The same for the Hessian times a vector, which is written where the gradient goes."""
        return self.evaluated(("product",), operands, vector, reduction, hyperparameters, inspect_first, compiled)

    def evaluated(
        self,
        wanted: tuple[str, ...],
        operands: Operands,
        vector: Array | None,
        reduction: str,
        own: tuple[Any, ...],
        inspect_first: bool,
        compiled: Compiled | None = None,
    ) -> Run:
        """What `run` answers, or `product`, whose vector is then given."""
        with np.errstate(all="ignore"):
            batch = Batch.of((*operands, vector), own, self.axes, compiled)
            return self.reduced(wanted, batch, reduction, inspect_first)

    def reduced(self, wanted: tuple[str, ...], batch: Batch, reduction: str, inspect_first: bool) -> Run:
        """One pass over the batch; before it one over the inputs, if the gradient's scale or their domain comes first."""
        by_weight = reduction == "mean" and self.is_weighted(batch)
        derived = wanted != ("value",)
        if inspect_first or (derived and (by_weight or (reduction == "batch_mean" and self.ignores(batch)))):
            sums = self.go((), batch)
            if sums.outside:
                return finished(sums, reduction)
            if by_weight and not ordinary(sums.weight):
                batch.unit = unit_for(sums.weight)
                sums = self.go((), batch)
        else:
            sums = Sums(weight=float(math.prod(batch.samples)), samples=math.prod(batch.samples))
        batch.scale = inverse(divisor(reduction, sums))
        sums = self.go(wanted, batch, reduction != "none")
        if by_weight and not derived and not sums.outside and not ordinary(sums.weight):
            batch.unit = unit_for(sums.weight)
            sums = self.go(wanted, batch)
        return finished(sums, reduction)

    def is_weighted(self, batch: Batch) -> bool:
        """Whether samples count for more or less."""
        return batch.operands[WEIGHT] is not None

    def ignores(self, batch: Batch) -> bool:
        """Whether some samples may not be there."""
        return False

    def tile_size(self, batch: Batch) -> int:
        """How many samples a tile has."""
        shape: tuple[int, ...] = batch.operands[PRED].shape
        return max(1, TILE // math.prod(shape[len(shape) - self.axes :]))

    def part(self, tile: Tile) -> Part:
        """A tile as the family sees it."""
        raise NotImplementedError

    def go(self, wanted: tuple[str, ...], batch: Batch, summed: bool = True) -> Sums:
        """One pass over the batch."""
        sums = Sums(unit=batch.unit)
        for index in blocks(batch.samples, self.tile_size(batch)):
            tile = Tile(batch, index)
            part = self.part(tile)
            sums.outside |= part.outside
            sums.weight += part.total()
            sums.samples += part.samples
            results = {}
            formula = part.formula(*part.given) if wanted else None  # a look at the inputs needs none
            for name in wanted:
                x = getattr(formula, name)()
                if name != "value":
                    results[name] = scaled(x, part.weight, batch)
                    continue
                value = x if part.weight is None else weighed(part.weight, x.astype(np.float64))
                sums.value += float(value.astype(np.float64).sum())
                if not summed:
                    results[name] = value
            for name, x in results.items():  # after all is read: an output may be an input
                if batch.operands[PLACE[name]] is not None:
                    tile.put(PLACE[name], x)
        return sums


def finished(sums: Sums, reduction: str) -> Run:
    """What `run` answers."""
    return quotient(sums.value, divisor(reduction, sums)), sums.weight / sums.unit, sums.samples, sums.outside


def scaled(x: Array, weight: Array | None, batch: Batch) -> Array:
    """Derivatives times weight and scale, which meet in double."""
    if weight is None:
        return signless(x * x.dtype.type(batch.scale))
    factor = weight * batch.scale
    return signless(weighed(factor.reshape(-1, *(1,) * (x.ndim - 1)), x.astype(np.float64)))


def weight_of(tile: Tile) -> tuple[Array | None, bool]:
    """The weights, and whether one is outside its domain."""
    weight = tile.weight()
    if weight is None:
        return None, False
    return weight * tile.batch.unit, not bool(WEIGHTS.contains(weight).all())


def is_outside(domains: Mapping[str, Domain], there: Any, **arrays: Array) -> bool:
    """Whether a number of a sample that is there is outside its domain."""
    return any(
        not bool((domains[name].contains(x) | ~np.asarray(there)).all())
        for name, x in arrays.items()
        if name in domains
    )


def blocks(shape: tuple[int, ...], limit: int) -> Iterator[tuple[Any, ...]]:
    """Indices that cut an array of this shape into blocks of at most `limit` elements, in C order."""
    if not shape:
        yield (Ellipsis,)
        return
    inner = math.prod(shape[1:])
    if inner <= limit or len(shape) == 1:
        step = max(1, limit // max(inner, 1))
        for start in range(0, shape[0], step):
            yield (slice(start, start + step), Ellipsis)
    else:
        for i in range(shape[0]):
            for rest in blocks(shape[1:], limit):
                yield (i, *rest)
