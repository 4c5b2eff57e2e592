"""Losses of the whole batch, whose samples depend on one another."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from .._core.domains import Array, Domain
from .._core.passes import Sums, divisor, inverse, ordinary, unit_for
from .arithmetic import signless
from .engine import GRAD, HESS, PRED, TARGET, VECTOR, Batch, Kernel, Run, Tile, finished, weight_of

NONE = -np.inf  # the logarithm of 0
SPREAD = 500.0  # of logarithms: exponentials that differ by less are summed as they are


class Cox(Kernel):
    """The negative partial likelihood of Cox's model, in double, in logarithms.

    Subjects in the order of their times, the last first, form running sums Z of w·eˢ over who was still at risk. The k-th of d
    events at one time (k from 0) sees Z less k/d of what the d of them have in it (Efron), or Z (Breslow); all of them have the
    mean of their weights. With these Z' and the shares π = w·eˢ·f/Z', f = 1 − k/d for the d and 1 for others: the loss is
    Σ w̄·log Z' − Σ w·s, the gradient Σ w̄·π − w·[event], and the Hessian Σ w̄·(diag(π) − π πᵀ).
    """

    def __init__(self) -> None:
        self.domains: Mapping[str, Domain] = {}

    def reduced(self, wanted: tuple[str, ...], batch: Batch, reduction: str, inspect_first: bool) -> Run:
        tile = Tile(batch, (Ellipsis,))
        score, target = (np.asarray(tile.whole(k), np.float64).reshape(-1) for k in (PRED, TARGET))
        weight, outside = weight_of(tile)
        if outside:
            return 0.0, 0.0, 0, True
        weight = np.ones(len(score)) if weight is None else weight
        there = weight != 0
        groups = Groups(score[there], target[there], weight[there], batch.hyperparameters[0] == "efron")
        unit = 1.0 if ordinary(groups.weight()) else unit_for(groups.weight())
        sums = Sums(weight=groups.weight(unit), samples=int(groups.event.sum()), unit=unit)
        if "value" in wanted:
            sums.value = groups.value(unit)
        scale = inverse(divisor(reduction, sums)) * (1 if reduction == "mean" else 1 / unit)
        vector = None if "product" not in wanted else tile.get(VECTOR).astype(np.float64)[there]
        for name, place in (("grad", GRAD), ("hess", HESS), ("product", GRAD)):
            if name in wanted:
                result = np.zeros(len(score))
                found = groups.product(vector) if vector is not None else getattr(groups, name)()
                result[there] = found * unit * scale
                tile.put(place, signless(result))
        if reduction != "mean":
            sums.value /= unit
        return finished(sums, reduction)


class Groups:
    """Subjects in order: the last time first, at one time those without an event first. Arrays are in this order."""

    def __init__(self, score: Array, target: Array, weight: Array, efron: bool) -> None:
        self.order = np.lexsort((target >= 0, -np.abs(target)))
        self.event = target[self.order] >= 0
        self.bad = np.isnan(score).any() or np.isnan(target).any()
        self.score, self.w = score[self.order], weight[self.order]
        self.score = self.score - self.score.max(initial=NONE)  # only differences count
        time = np.abs(target[self.order])
        self.log_share = np.log(self.w) + self.score  # log w·eˢ
        risk = running(self.log_share)
        new = np.ones(len(time), bool)
        new[1:] = (time[1:] != time[:-1]) | (self.event[1:] != self.event[:-1])
        starts = np.flatnonzero(new & self.event)
        self.at = np.flatnonzero(self.event)  # the places of the events
        self.group = (
            np.searchsorted(starts, self.at, side="right") - 1
        )  # the group of events at one time that each is of
        self.starts = np.searchsorted(self.at, starts)
        self.size = np.diff(np.append(self.starts, len(self.at)))
        rank = np.arange(len(self.at)) - self.starts[self.group]
        self.left = (
            1 - rank / self.size[self.group] if efron else np.ones(len(self.at))
        )  # f of those who have the event
        log_left = np.log(self.left)
        mean = np.add.reduceat(self.w[self.at], self.starts) / self.size if len(self.at) else self.w[:0]
        self.mean = mean[self.group]  # w̄
        before = np.concatenate([[NONE], risk])[starts]  # of all at risk but these
        self.ends = starts + self.size - 1
        deaths = together(self.log_share[self.at], self.starts)
        self.log_risk = np.logaddexp(before[self.group], log_left + deaths[self.group])  # log Z' of each event
        # The first group, in this order, in whose time a subject is at risk; it is in that of all that follow too.
        self.first = np.searchsorted(-time[starts], -time, side="left")

    def weight(self, unit: float = 1.0) -> float:
        """Σw of the events."""
        return float((self.w[self.at] * unit).sum())

    def value(self, unit: float) -> float:
        """The cost."""
        if not len(self.at):
            return math.nan if self.bad else 0.0
        logs = self.mean * unit * self.log_risk
        return math.nan if self.bad else float((logs - self.w[self.at] * unit * self.score[self.at]).sum())

    def behind(self, terms: Array, own_terms: Array) -> Array:
        """For each subject the log of the sum over all events that it is at risk in: `own_terms` where it has one then too."""
        if not len(self.at):
            return np.full(len(self.score), NONE)
        by_group, by_own = together(terms, self.starts), together(own_terms, self.starts)
        after = np.concatenate([running(by_group[::-1])[::-1], [NONE]])
        total = after[self.first]
        group = self.first[self.at]
        total[self.at] = np.logaddexp(after[group + 1], by_own[group])
        return total

    def restored(self, x: Array) -> Array:
        """In the caller's order."""
        result = np.empty_like(x)
        result[self.order] = np.nan if self.bad else x
        return result

    def shares(self) -> Array:
        """Σ w̄·π of each subject."""
        terms = np.log(self.mean) - self.log_risk
        return np.asarray(np.exp(self.log_share + self.behind(terms, terms + np.log(self.left))))

    def grad(self) -> Array:
        return self.restored(self.shares() - self.w * self.event)

    def hess(self) -> Array:
        terms = np.log(self.mean) - 2 * self.log_risk
        squares = np.exp(2 * self.log_share + self.behind(terms, terms + 2 * np.log(self.left)))
        return self.restored(np.maximum(self.shares() - squares, 0))

    def product(self, vector: Array) -> Array:
        """Σ w̄·π∘(v − π·v), what is positive in π·v and what is negative apart, for logarithms."""
        v = vector[self.order]
        result = self.shares() * v
        for sign in (1, -1):
            along = self.log_along(np.log(np.maximum(sign * v, 0)))
            terms = np.log(self.mean) - self.log_risk + along
            result -= sign * np.exp(self.log_share + self.behind(terms, terms + np.log(self.left)))
        return self.restored(result)

    def log_along(self, log_v: Array) -> Array:
        """log π·v of each event."""
        parts = self.log_share + log_v
        starts = self.at[self.starts]
        before = np.concatenate([[NONE], running(parts)])[starts]
        deaths = together(parts[self.at], self.starts)
        summed = np.logaddexp(before[self.group], np.log(self.left) + deaths[self.group])
        return np.asarray(summed - self.log_risk)


def running(logs: Array) -> Array:
    """Logarithms of the running sums of exponentials: as they are where they do not differ much, else one after another."""
    some = logs[logs > NONE]
    if some.size and np.ptp(some) > SPREAD:
        return np.logaddexp.accumulate(logs)
    top = some.max(initial=NONE)
    return np.log(np.cumsum(np.exp(logs - top))) + top if some.size else logs


def together(logs: Array, starts: Array) -> Array:
    """Logarithms of the sums of exponentials of each group."""
    return np.logaddexp.reduceat(logs, starts) if len(logs) else logs


KERNELS = {"cox": Cox()}
