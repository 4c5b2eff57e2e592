"""The way of a batch whose samples depend on one another, group by group, for every kernel: sorted, summed, put back.

A kernel is given what is there, group by group, each sorted by `place`, in doubles; it answers with sums of each group and with
derivatives. A group's answer depends on what is in it alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from . import whole
from .domains import Array
from .passes import ordinary

SCORE, PLACE, EVENT, OWN = range(4)  # the lines; the third is the weight of what happens to a sample, the last its own
FAR = 2.0**400  # between two weights: the product of two such quotients is still in range


@dataclass
class Sorted:
    """Samples that are there. `order` says where each is in the batch, `starts` where each group begins, and the end.

    The weights of what the cost is a sum of have been multiplied by 2 to the power of `shift`, the samples' own by 2 to that of
    `own_shift`. Where weights are `far` apart, no kernel is given them but NumPy's, which takes logarithms, or of pairs the
    exponents in the line of events and the rest of each weight in the last.
    """

    lines: Array
    order: Array
    starts: Array
    efron: bool = False
    shift: int = 0
    own_shift: int = 0
    far: bool = False


Computed = tuple[Array, Array]  # of each group the cost, and the weight and number of its terms; gradient, Hessian
Compute = Callable[[Sorted], Computed]


class Spread:
    """How weights lie, of which none is 0: near 1, so that they are used as they are; or far from each other."""

    def __init__(self, weight: Array | None) -> None:
        self.near, self.far = True, False
        if weight is not None and weight.size:
            least, most = float(weight.min()), float(weight.max())
            self.near, self.far = ordinary(least) and ordinary(most), most / FAR > least

    def in_range(self, weight: Array) -> tuple[Array, int]:
        """Some of them in range, as `whole.in_range` says."""
        return (weight, 0) if self.near else whole.in_range(weight)


Lines = tuple[Array, Array, dict[str, Any]]  # the last two, and what else `Sorted` says


def by_time(target: Array, weight: Array, own: tuple[Any, ...], spread: Spread) -> Lines:
    """Of survival: a negative time is that of a subject who was still well. Who is at risk counts by weight too."""
    event, shift = spread.in_range(weight * (target >= 0))
    weight, own_shift = (weight, 0) if spread.far else spread.in_range(weight)
    rest = {"efron": own[0] == "efron", "shift": shift, "own_shift": own_shift, "far": spread.far}
    return event, weight, rest


def by_label(target: Array, weight: Array, own: tuple[Any, ...], spread: Spread) -> Lines:
    """Of lists: the greatest label comes first; whoever is in the list counts as one of those to choose from."""
    event, shift = spread.in_range(weight)
    return event, np.ones(len(weight)), {"efron": own[1] == "efron", "shift": shift}


def in_pairs(target: Array, weight: Array, own: tuple[Any, ...], spread: Spread) -> Lines:
    """Of pairs: the same, and a pair's weight is the product of both."""
    if spread.far:
        rest, exponent = np.frexp(weight)
        return exponent, rest, {"far": True}
    weight, shift = spread.in_range(weight)
    return np.zeros(len(weight)), weight, {"shift": 2 * shift}


def heaviest_pair(batch: Sorted) -> int:
    """The greatest sum of two exponents of samples that are a pair: of each group the greatest, and that of other places."""
    sums = []
    for start, end in itertools.pairwise(batch.starts.tolist()):
        place, exponent = batch.lines[PLACE : EVENT + 1, start:end]
        others = exponent[place != place[exponent.argmax()]] if end > start else exponent
        if others.size:
            sums.append(exponent.max() + others.max())
    return int(max(sums, default=0))


@dataclass(frozen=True)
class Kind:
    """How a loss's samples are sorted and put in lines. `heaviest` is its terms' greatest exponent, where a line has those."""

    place: Callable[[Array], Array]
    lines: Callable[[Array, Array, tuple[Any, ...], Spread], Lines]
    grouped: bool = True  # groups are its first hyperparameter
    heaviest: Callable[[Sorted], int] | None = None


KINDS = {
    "cox": Kind(np.abs, by_time, grouped=False),
    "listmle": Kind(np.negative, by_label),
    "pairwise_logistic": Kind(np.negative, in_pairs, heaviest=heaviest_pair),
}


def sorted_batch(name: str, operands: tuple[Any, ...], weight: Array | None, own: tuple[Any, ...]) -> Sorted:
    """What is there of a batch, in order; weights of 0 are left out."""
    kind = KINDS[name]
    pred, target = (np.ravel(x) for x in operands[:2])
    groups = np.ravel(own[0]) if kind.grouped and own[0] is not None else None
    there = None if weight is None or weight.all() else np.flatnonzero(weight)
    if there is not None and weight is not None:
        pred, target, weight = pred[there], target[there], weight[there]
        groups = None if groups is None else groups[there]
    target = target if target.dtype in (np.float32, np.float64) else target.astype(np.float64)
    order, starts = sequence(kind.place(target), groups)
    target, spread = target[order], Spread(weight)
    lines = np.empty((4, len(order)))
    lines[SCORE], lines[PLACE] = pred[order], kind.place(target)
    weight = np.ones(len(order)) if weight is None else weight[order]
    lines[EVENT], lines[OWN], rest = kind.lines(target, weight, own, spread)
    batch = Sorted(lines, order if there is None else there[order], starts, **rest)
    if spread.far and kind.heaviest is not None:
        batch.shift = -kind.heaviest(batch)
        lines[EVENT] += batch.shift / 2
    return batch


def sequence(place: Array, groups: Array | None) -> tuple[Array, Array]:
    """The samples in order of their groups, then of their places, of equal ones the first first; and the groups' beginnings.

    Numbers of 64 bits are sorted in a tenth of the time that places need: where group, place and position fit into one, they are.
    """
    n = len(place)
    if n == 0:
        return np.empty(0, np.intp), np.zeros(1, np.int64)
    codes, count = (None, 1) if groups is None else numbered(groups)
    ranks, span = ranked(place)
    bits, width = max(n - 1, 1).bit_length(), max(span - 1, 1).bit_length()
    if bits + width + (count - 1).bit_length() > 63:
        order = np.argsort(place, kind="stable") if codes is None else np.lexsort((place, codes))
    else:
        keys = ranks << bits if codes is None else (codes << width | ranks) << bits
        keys |= np.arange(n)
        keys.sort()
        order = keys & ((1 << bits) - 1)
    if codes is None:
        return order, np.array([0, n])
    return order, np.concatenate([[0], np.cumsum(np.bincount(codes, minlength=count))])


def numbered(groups: Array) -> tuple[Array, int]:
    """Groups as numbers from 0 on, in their order, and how many there are."""
    if (groups[1:] >= groups[:-1]).all():
        codes = np.zeros(len(groups), np.int64)
        np.cumsum(groups[1:] != groups[:-1], out=codes[1:])
    else:
        codes = np.unique(groups, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return codes, int(codes.max()) + 1


def ranked(place: Array) -> tuple[Array, int]:
    """Whole numbers in the order of the places, and how many values they may have."""
    with np.errstate(over="ignore", invalid="ignore"):
        single = place.astype(np.float32)
        if not (single == place).all():
            return counted(place)
        low, high = float(single.min()), float(single.max())
        if high - low < 1 << 16 and (single == np.floor(single)).all():
            return (single - single.min()).astype(np.int64), int(high - low) + 1
    bits = single.view(np.int32).astype(np.int64)  # sign and size: −0 is 0
    return np.where(bits < 0, np.int64(-(1 << 31)) - bits, bits) + (1 << 31), 1 << 32


def counted(place: Array) -> tuple[Array, int]:
    """The same of doubles: how many smaller ones there are."""
    order = np.argsort(place)
    place = place[order]
    ranks, different = np.zeros((2, len(place)), np.int64)
    np.cumsum(place[1:] != place[:-1], out=different[1:])
    ranks[order] = different
    return ranks, int(different[-1]) + 1


def evaluated(
    name: str, compute: Compute, operands: tuple[Any, ...], reduction: str, own: tuple[Any, ...]
) -> whole.Run:
    """What a kernel's `run` answers; the derivatives are written."""
    pred, _, weight, _, grad, hess = operands
    if weight is not None and (weight := whole.weights_of(weight)) is None:
        return whole.OUTSIDE
    batch = sorted_batch(name, operands, weight, own)
    sums, derivatives = compute(batch)
    bad = spoiled(batch)
    sums[bad, 0] = np.nan
    value, mass, count = (float(line.sum()) for line in sums.T)
    if batch.own_shift:
        value -= mass * (batch.own_shift * math.log(2))
    results = []
    for out, line in ((grad, 0), (hess, 1)):
        result = None
        if out is not None:
            derivatives[line, np.repeat(bad, np.diff(batch.starts))] = np.nan
            result = np.zeros(out.size)
            result[batch.order] = derivatives[line]
        results.append((out, result))
    return whole.finished(reduction, (value, mass, count), batch.shift, pred, tuple(results))


def spoiled(batch: Sorted) -> Array:
    """Which groups hold NaN: their order is unknown."""
    bad = np.isnan(batch.lines[: PLACE + 1]).any(axis=0)
    if not bad.any():
        return np.zeros(len(batch.starts) - 1, bool)
    return np.logical_or.reduceat(bad, batch.starts[:-1])
