"""Connectionist temporal classification, all in double, in logarithms; many sequences at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from .._core.domains import Domain
from .engine import PRED, TARGET, VECTOR, Kernel, Part, Tile, weight_of

NONE = -np.inf  # the logarithm of 0


class Alignments(Kernel):
    """The kernel of a formula that is given rows of logits, labels, and how many frames there are."""

    axes = 2

    def part(self, tile: Tile) -> Part:
        lengths, blank = tile.batch.hyperparameters
        frames, classes = tile.batch.operands[PRED].shape[-2:]
        pred = tile.get(PRED, frames, classes)
        labels = tile.whole(TARGET)
        labels = labels.reshape(len(pred), labels.shape[-1]).astype(np.int64)
        lengths = np.full(len(pred), frames) if lengths is None else lengths[tile.index].reshape(-1)
        weight, outside = weight_of(tile)
        there = np.ones(len(pred), bool) if weight is None else weight != 0
        labels = np.where(there[:, None], labels, -1)
        return Part(self.formula, (tile, pred, labels, lengths, blank), weight, len(pred), outside)


class CTC:
    """−log Σ over alignments, through the states blank, label, blank, …, blank.

    With α of the paths up to a frame's state and β of those from there on, its posterior is γ = α·β/Σ. The gradient is the softmax
    less the posteriors of each class, p − q; the second derivative p(1 − p) − q(1 − q), as a path has one class in each frame.
    """

    domains: Mapping[str, Domain] = {}

    def __init__(self, tile, pred, labels, lengths, blank):
        self.tile, self.dtype = tile, pred.dtype
        self.there = np.arange(pred.shape[1]) < lengths[:, None]
        x = np.where(self.there[:, :, None], pred.astype(np.float64), 0)
        self.e = np.exp(x - x.max(axis=2, keepdims=True))
        self.p = self.e / self.e.sum(axis=2, keepdims=True)
        logs = x - x.max(axis=2, keepdims=True) - np.log(self.e.sum(axis=2, keepdims=True))
        count = (labels >= 0).sum(axis=1)
        self.states = np.full((len(pred), 2 * labels.shape[1] + 1), blank)
        self.states[:, 1::2] = np.where(labels >= 0, labels, blank)
        self.last = 2 * count
        places = np.arange(self.states.shape[1])
        self.real = places <= self.last[:, None]
        self.final = self.real & (places >= self.last[:, None] - 1)
        self.skips = np.zeros(self.states.shape, bool)
        self.skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
        self.lengths = lengths
        self.emitted = self.of_states(logs)
        self.forward()
        self.loss = np.where(
            lengths == 0, np.where(count == 0, 0, np.inf), -total(np.where(self.final, self.ends, NONE))
        )
        self.blocked = np.isposinf(self.loss)

    def of_states(self, x):
        """Of each frame and state, what belongs to its class."""
        index = np.broadcast_to(self.states[:, None, :], (*x.shape[:2], self.states.shape[1]))
        return np.take_along_axis(x, index, axis=2)

    def of_classes(self, x):
        """Of each frame and class, the sum over its states."""
        result = np.zeros(self.p.shape)
        n, t = np.ogrid[: len(x), : x.shape[1]]
        np.add.at(result, (n[:, :, None], t[:, :, None], self.states[:, None, :]), x)
        return result

    def sources(self, x, way, none=NONE):
        """What each state is reached from: itself, its neighbour, and where the blank may be left out the one behind that."""
        skips = self.skips if way > 0 else shifted(self.skips, 2, False, -1)
        return np.stack([x, shifted(x, 1, none, way), np.where(skips, shifted(x, 2, none, way), none)])

    def forward(self):
        frames = self.p.shape[1]
        self.alpha = np.full(self.emitted.shape, NONE)
        start = np.where(self.real & (np.arange(self.real.shape[1]) < 2), 0, NONE)
        state = start
        for t in range(frames):
            reached = start if t == 0 else total(self.sources(state, 1), axis=0)
            state = np.where(self.there[:, t, None], np.where(self.real, reached + self.emitted[:, t], NONE), state)
            self.alpha[:, t] = state
        self.ends = state

    def backward(self):
        frames = self.p.shape[1]
        self.beta = np.full(self.emitted.shape, NONE)
        state = np.where(self.final, 0, NONE)
        for t in range(frames - 1, -1, -1):
            if t < frames - 1:
                reached = total(self.sources(state + self.emitted[:, t + 1], -1), axis=0)
                state = np.where(self.there[:, t + 1, None], np.where(self.real, reached, NONE), state)
            self.beta[:, t] = state

    def posteriors(self):
        self.backward()
        logs = self.alpha + self.beta + self.loss[:, None, None]
        return np.where(self.there[:, :, None], np.exp(np.minimum(logs, 0)), 0)

    def used(self, x):
        """Derivatives; 0 where there is no alignment, or no frame."""
        there = self.there[:, :, None] & ~self.blocked[:, None, None]
        return np.where(there, x, 0).astype(self.dtype)

    def value(self):
        return self.loss.astype(self.dtype)

    def grad(self):
        return self.used(self.p - self.of_classes(self.posteriors()))

    def hess(self):
        q = self.of_classes(self.posteriors())
        return self.used(self.p * (1 - self.p) - q * (1 - q))

    def product(self):
        """How p and the posteriors change along a vector: the logarithms of sums change by the means of what they sum."""
        v = self.tile.get(VECTOR, *self.p.shape[1:]).astype(np.float64)
        v = np.where(self.there[:, :, None], v, 0)
        posteriors = self.posteriors()
        change = self.p * (v - (self.p * v).sum(axis=2, keepdims=True))
        along = self.of_states(v)
        frames = self.p.shape[1]
        alpha, beta = np.zeros(self.alpha.shape), np.zeros(self.alpha.shape)
        for t in range(frames):
            alpha[:, t] = along[:, t]
            if t > 0:
                means = mean(self.sources(self.alpha[:, t - 1], 1), self.sources(alpha[:, t - 1], 1, 0.0))
                alpha[:, t] = np.where(self.there[:, t, None], means + along[:, t], alpha[:, t - 1])
        for t in range(frames - 2, -1, -1):
            after = self.beta[:, t + 1] + self.emitted[:, t + 1]
            means = mean(self.sources(after, -1), self.sources(beta[:, t + 1] + along[:, t + 1], -1, 0.0))
            beta[:, t] = np.where(self.there[:, t + 1, None], means, 0)
        moved = posteriors * (alpha + beta)
        moved -= posteriors * moved.sum(axis=2, keepdims=True)
        return self.used(change - self.of_classes(moved))


def shifted(x, count, none, way):
    """Each state's neighbour so far before it, or behind it."""
    result = np.full(x.shape, none)
    if count < x.shape[1]:
        if way > 0:
            result[:, count:] = x[:, :-count]
        else:
            result[:, :-count] = x[:, count:]
    return result


def total(x, axis=1):
    """log Σ exp."""
    top = x.max(axis=axis, keepdims=True)
    base = np.where(np.isneginf(top), 0, top)
    return (np.log(np.exp(x - base).sum(axis=axis, keepdims=True)) + base).squeeze(axis)


def mean(logs, x):
    """Of x, weighed by exp(logs); 0 where there is nothing."""
    top = logs.max(axis=0)
    weights = np.exp(logs - np.where(np.isneginf(top), 0, top))
    return np.where(np.isneginf(top), 0, (weights * x).sum(axis=0) / np.where(np.isneginf(top), 1, weights.sum(axis=0)))


KERNELS = {"ctc": Alignments(CTC)}
