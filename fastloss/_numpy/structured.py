"""Losses of samples that depend on one another, group by group."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from .._core.domains import Array, Domain
from .._core.groups import Sorted, evaluated
from .._core.products import Compiled
from .._core.whole import LEAST
from .arithmetic import sigmoid, softplus, softplus_bound
from .engine import TILE, Kernel, Operands, Run

NONE = -np.inf  # the logarithm of 0
SPREAD = 500.0  # of logarithms: exponentials that differ by less are summed as they are
NEAR = 16.0  # so much the level of scores may rise before logarithms of sums are taken anew, from it


Formula = Any  # a group, with a method for each result


class AtOnce(Kernel):
    """A kernel that is given the whole batch, by `evaluated`, whatever is wanted of it."""

    def __init__(self) -> None:
        self.domains: Mapping[str, Domain] = {}


class Whole(AtOnce):
    """The kernel of a formula that is given a group of samples at a time, sorted."""

    def __init__(self, name: str, formula: Callable[..., Formula]) -> None:
        super().__init__()
        self.name, self.formula = name, formula

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
        def compute(batch: Sorted) -> tuple[Array, Array]:
            return self.computed(batch, wanted, vector)

        with np.errstate(all="ignore"):
            return evaluated(self.name, compute, operands, reduction, own)

    def computed(self, batch: Sorted, wanted: tuple[str, ...], vector: Array | None = None) -> tuple[Array, Array]:
        """Sums of each group, and derivatives of each sample: what any kernel has done of weights that are far apart."""
        derivatives = np.empty((2, len(batch.order)))
        sums = np.zeros((len(batch.starts) - 1, 3))
        along = None if vector is None else np.ravel(vector).astype(np.float64)[batch.order]
        for g, (start, end) in enumerate(itertools.pairwise(batch.starts.tolist())):
            if start == end:
                continue
            group = self.formula(*batch.lines[:, start:end], batch.efron)
            sums[g] = group.value() if "value" in wanted else 0.0, *group.weight()
            for name, line in (("grad", 0), ("product", 0), ("hess", 1), ("majorizer", 1)):
                if name in wanted:
                    given = () if along is None else (along[start:end],)
                    derivatives[line, start:end] = getattr(group, name)(*given)
        return sums, derivatives


class Ordered:
    """The negative logarithm of how likely the order is in which things happen: Cox's, and Plackett and Luce's. In logarithms.

    Samples in the order of their places, the last first, form running sums Z of v·eˢ over who was still there. The k-th of d
    events at one place (k from 0) sees Z less k/d of what the d of them have in it (Efron), or Z (Breslow); all of them have the
    mean of their weights. With these Z' and the shares π = v·eˢ·f/Z', f = 1 − k/d for the d and 1 for others: the loss is
    Σ w̄·log Z' − Σ w·s, the gradient Σ w̄·π − w, and the Hessian Σ w̄·(diag(π) − π πᵀ). v is a sample's weight, w its event's.

    Scores enter as differences from the level of their time alone, the greatest of who was still there, so that one that is far
    above all others takes no digit from those that come before it in this order.
    """

    def __init__(self, score: Array, place: Array, event: Array, weight: Array, efron: bool) -> None:
        self.order = np.lexsort((event != 0, -place))
        self.w, place = event[self.order], place[self.order]
        self.event = self.w != 0
        self.score, self.log_weight = score[self.order], np.log(weight[self.order])
        self.level = np.maximum.accumulate(self.score)
        known = self.level[self.level > NONE]
        self.level[self.level == NONE] = known[0] if len(known) else 0
        new = np.ones(len(place), bool)
        new[1:] = (place[1:] != place[:-1]) | (self.event[1:] != self.event[:-1])
        self.before = np.flatnonzero(new & self.event)  # how many come before those of one place, which are a group
        self.at = np.flatnonzero(self.event)  # the places of the events
        self.group = np.searchsorted(self.before, self.at, side="right") - 1
        self.starts = np.searchsorted(self.at, self.before)
        self.size = np.diff(np.append(self.starts, len(self.at)))
        rank = np.arange(len(self.at)) - self.starts[self.group]
        self.left = (
            1 - rank / self.size[self.group] if efron else np.ones(len(self.at))
        )  # f of those who have the event
        mean = np.add.reduceat(self.w[self.at], self.starts) / self.size if len(self.at) else self.w[:0]
        self.mean = mean[self.group]  # w̄
        self.top = self.level[self.before + self.size - 1]  # of each group
        self.log_risk = self.summed(np.zeros(len(place)))  # log Z' of each event, less its top
        # The first group, in this order, at whose place a sample is there; it is so in all that follow too.
        self.first = np.searchsorted(-place[self.before], -place, side="left")
        reached = self.first < len(self.top)
        above = np.append(self.top, 0.0)[self.first]
        self.log_share = self.log_weight + np.where(reached, self.score - above, 0)  # log v·eˢ, less its group's top

    def summed(self, log_factor: Array) -> Array:
        """The logarithm of Σ v·eˢ·factor over who is at risk, of each event: as Z' is, less the group's top."""
        parts = self.log_weight + (self.score - self.level) + log_factor
        so_far, level = np.append(NONE, running(parts, self.level)), np.append(self.level[:1], self.level)
        others = so_far[self.before] - (self.top - level[self.before])
        own = self.score[self.at] - self.top[self.group] + (self.log_weight + log_factor)[self.at]
        deaths = together(own, self.starts)
        return np.asarray(np.logaddexp(others[self.group], np.log(self.left) + deaths[self.group]))

    def weight(self) -> tuple[float, float]:
        """Σw of the events, and their number."""
        return float(self.w.sum()), float(len(self.at))

    def value(self) -> float:
        """The cost."""
        own = self.w[self.at] * (self.top[self.group] - self.score[self.at])
        return float((self.mean * self.log_risk + own).sum())

    def behind(self, terms: Array, own_terms: Array, power: int = 1) -> Array:
        """For each subject the log of the sum over all events that it is at risk in, of terms over its group's top to a power:
        `own_terms` where it has one then too."""
        if not len(self.at):
            return np.full(len(self.score), NONE)
        by_group, by_own = together(terms, self.starts), together(own_terms, self.starts)
        after = np.append(running(by_group[::-1], -self.top[::-1], power)[::-1], NONE)
        total = after[self.first]
        group = self.first[self.at]
        rise = np.append(np.diff(self.top), 0.0)
        total[self.at] = np.logaddexp(after[group + 1] - power * rise[group], by_own[group])
        return total

    def restored(self, x: Array) -> Array:
        """In the caller's order."""
        result = np.empty_like(x)
        result[self.order] = x
        return result

    def shares(self) -> Array:
        """Σ w̄·π of each subject."""
        terms = np.log(self.mean) - self.log_risk
        return np.asarray(np.exp(self.log_share + self.behind(terms, terms + np.log(self.left))))

    def grad(self) -> Array:
        return self.restored(self.shares() - self.w)

    def hess(self) -> Array:
        terms = np.log(self.mean) - 2 * self.log_risk
        squares = np.exp(2 * self.log_share + self.behind(terms, terms + 2 * np.log(self.left), 2))
        return self.restored(np.maximum(self.shares() - squares, 0))

    def product(self, vector: Array) -> Array:
        """Σ w̄·π∘(v − π·v), what is positive in π·v and what is negative apart, for logarithms."""
        v = vector[self.order]
        result = self.shares() * v
        for sign in (1, -1):
            along = self.summed(np.log(np.maximum(sign * v, 0))) - self.log_risk  # log π·v of each event
            terms = np.log(self.mean) - self.log_risk + along
            result -= sign * np.exp(self.log_share + self.behind(terms, terms + np.log(self.left)))
        return self.restored(result)


def running(logs: Array, level: Array, power: int = 1) -> Array:
    """Logarithms of the running sums of exponentials, which fall by a power of each rise of the level: as far as that rises by
    little, at once."""
    results, start = [logs[:0]], 0
    while start < len(logs):
        end = max(int(np.searchsorted(level, level[start] + NEAR, side="right")), start + 1)
        rise = power * (level[start:end] - level[start])
        carried = results[-1][-1:] - power * (level[start] - level[start - 1]) if start else np.array([NONE])
        results.append(cumulated(np.append(carried, logs[start:end] + rise))[1:] - rise)
        start = end
    return np.concatenate(results)


def cumulated(logs: Array) -> Array:
    """Logarithms of the running sums of exponentials: as they are where they do not differ much, else one after another."""
    some = logs[logs > NONE]
    if some.size and np.ptp(some) > SPREAD:
        return np.logaddexp.accumulate(logs)
    top = some.max(initial=NONE)
    return np.log(np.cumsum(np.exp(logs - top))) + top if some.size else logs


def together(logs: Array, starts: Array) -> Array:
    """Logarithms of the sums of exponentials of each group."""
    return np.logaddexp.reduceat(logs, starts) if len(logs) else logs


class Pairwise:
    """Σ w·w'·log(1 + exp(s' − s)) over pairs of which the first is placed before the second, in rows of the pairs' table.

    With σ the sigmoid of s' − s, each pair has the slope −w·w'·σ by s and its negative by s', the curvature w·w'·σ(1 − σ) by both
    and its negative by the two together.
    """

    def __init__(self, score: Array, place: Array, event: Array, weight: Array, efron: bool) -> None:
        self.score, self.place, self.w = score, place, weight
        self.exponent = event if event.any() else None  # of the weights, where they are far apart

    def rows(self) -> Iterator[tuple[slice, Array, Array, Array]]:
        """Some of the table's rows: s' − s, which of them are pairs, and their weights."""
        n = len(self.score)
        step = max(1, TILE // n)
        for start in range(0, n, step):
            row = slice(start, start + step)
            pairs = self.place > self.place[row, None]
            yield row, self.score - self.score[row, None], pairs, np.where(pairs, self.products(row), 0)

    def products(self, row: slice) -> Array:
        """w·w' of all samples and those of some rows. None becomes 0."""
        products: Array = self.w[row, None] * self.w
        if self.exponent is None:
            return products
        exponents = (self.exponent[row, None] + self.exponent).astype(np.int64)
        return np.maximum(np.ldexp(products, exponents), LEAST)

    def each(self, function: Callable[[Array], Array]) -> Iterator[tuple[slice, Array]]:
        """The weighted values of a function of the pairs' gaps; 0 where there is no pair."""
        for row, gap, pairs, weight in self.rows():
            yield row, np.where(pairs, weight * function(gap), 0)

    def weight(self) -> tuple[float, float]:
        """Of the pairs, and their number."""
        mass = number = 0.0
        for _, _, pairs, weight in self.rows():
            mass, number = mass + float(weight.sum()), number + float(pairs.sum())
        return mass, number

    def value(self) -> float:
        return float(sum(x.sum() for _, x in self.each(softplus)))

    def gathered(self, function: Callable[[Array], Array], sign: int) -> Array:
        """What each sample has of its pairs: as the first of them, times a sign, and as the second."""
        result = np.zeros(len(self.score))
        for row, x in self.each(function):
            result[row] += sign * x.sum(axis=1)
            result += x.sum(axis=0)
        return result

    def grad(self) -> Array:
        return self.gathered(sigmoid, -1)

    def hess(self) -> Array:
        return self.gathered(bell, 1)

    def majorizer(self) -> Array:
        """Twice that of softplus: both scores of a pair move."""
        return self.gathered(lambda gap: 2 * softplus_bound(gap), 1)

    def product(self, vector: Array) -> Array:
        result = np.zeros(len(self.score))
        for row, x in self.each(bell):
            change = x * (vector[row, None] - vector)
            result[row] += change.sum(axis=1)
            result -= change.sum(axis=0)
        return result


def bell(x: Array) -> Array:
    """σ(x)σ(−x)."""
    return sigmoid(x) * sigmoid(-x)


KERNELS = {
    "cox": Whole("cox", Ordered),
    "listmle": Whole("listmle", Ordered),
    "pairwise_logistic": Whole("pairwise_logistic", Pairwise),
}
