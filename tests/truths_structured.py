"""Losses of samples that depend on one another, by their definitions, in exact arithmetic: of a whole batch at once.

Nothing here is taken from the package, and nothing is a stable form. What a weight of 0 takes out is left out by the caller.
"""

import mpmath as mp
import numpy as np
from sample import ONE, ZERO, Sample


class Terms:
    """Terms of a batch's loss, gradient and curvature, added up; and the largest of each."""

    def __init__(self, n):
        self.value, self.grad, self.hess = [ZERO], [[ZERO] for _ in range(n)], [[ZERO] for _ in range(n)]
        self.bound = [[ZERO] for _ in range(n)]
        self.mass, self.count = ZERO, 0

    def sample(self):
        total = lambda lists: [mp.fsum(terms) for terms in lists]
        sizes = lambda lists: [mp.fsum(map(abs, terms)) for terms in lists]
        value, *size = mp.fsum(self.value), mp.fsum(map(abs, self.value))
        return Sample(value, total(self.grad), total(self.hess), *size, sizes(self.grad), sizes(self.hess))


def grouped(target, groups):
    """The places of each group's samples."""
    groups = [0] * len(target) if groups is None else groups
    return [[i for i, g in enumerate(groups) if g == group] for group in sorted(set(groups))]


def pairwise_logistic(scores, target, groups=None, weight=None):
    """Σ w w' log(1 + e^(s' − s)) over pairs of a group with t > t'; the bound is of the parabola through both signs of s' − s."""
    terms = Terms(len(scores))
    for members in grouped(target, groups):
        for i in members:
            for j in members:
                if target[i] > target[j]:
                    w = ONE if weight is None else weight[i] * weight[j]
                    gap = scores[j] - scores[i]
                    p = 1 / (1 + mp.exp(-gap))
                    terms.value.append(w * mp.log(1 + mp.exp(gap)))
                    terms.grad[i].append(-w * p)
                    terms.grad[j].append(w * p)
                    curve = (p - mp.mpf(1) / 2) / gap if gap else mp.mpf(1) / 4
                    for k in (i, j):
                        terms.hess[k].append(w * p * (1 - p))
                        terms.bound[k].append(2 * w * curve)
                    terms.mass += w
                    terms.count += 1
    return terms


def listmle(scores, target, groups=None, weight=None, ties="efron"):
    """−Σ w log of the probability of each choice; those with one label have the mean of their weights."""
    terms = Terms(len(scores))
    for members in grouped(target, groups):
        for label in {target[i] for i in members}:
            tied = [i for i in members if target[i] == label]
            left = [i for i in members if target[i] <= label]
            w = [ONE if weight is None else weight[i] for i in tied]
            for i, own in zip(tied, w, strict=True):
                terms.value.append(-own * scores[i])
                terms.grad[i].append(-own)
            for k in range(len(tied)):
                part = 1 - mp.mpf(k) / len(tied) if ties == "efron" else ONE
                e = {i: mp.exp(scores[i]) * (part if target[i] == label else 1) for i in left}
                total, mean = mp.fsum(e.values()), mp.fsum(w) / len(tied)
                terms.value.append(mean * mp.log(total))
                for i in left:
                    terms.grad[i].append(mean * e[i] / total)
                    terms.hess[i].append(mean * e[i] / total * (1 - e[i] / total))
            terms.mass += mp.fsum(w)
            terms.count += len(tied)
    return terms


def length(x):
    return mp.sqrt(mp.fsum(v**2 for v in x))


def triplet(x, triplets, margin=ONE, weight=None):
    """Σ w max(0, |a − p| − |a − n| + M), of rows of x."""
    value, mass = ZERO, ZERO
    for t, (a, p, n) in enumerate(triplets):
        w = ONE if weight is None else weight[t]
        near, far = (length([u - v for u, v in zip(x[a], x[other], strict=True)]) for other in (p, n))
        value += w * max(ZERO, near - far + margin)
        mass += w
    return value, mass, len(triplets)


def supcon(x, labels, temperature, weight=None):
    """Σ w · the mean over positives of −log of the softmax of cosines over the temperature, over all but the row itself."""
    value, mass, count = ZERO, ZERO, 0
    z = [[v / length(row) for v in row] if any(row) else row for row in x]
    for i, own in enumerate(labels):
        others = [j for j in range(len(x)) if j != i]
        positives = [j for j in others if labels[j] == own]
        if not positives:
            continue
        s = {j: mp.fsum(u * v for u, v in zip(z[i], z[j], strict=True)) / temperature for j in others}
        total = mp.fsum(mp.exp(v) for v in s.values())
        w = ONE if weight is None else weight[i]
        value += w * mp.fsum(-mp.log(mp.exp(s[j]) / total) for j in positives) / len(positives)
        mass += w
        count += 1
    return value, mass, count


def embeddings(name, size, seed):
    """Rows of four, not of unit length, and what stands beside them."""
    rng = np.random.default_rng(seed)
    n = max(3, size // 4) + max(3, size // 4) % 2
    x = rng.standard_normal((n, 4)) * rng.uniform(0.5, 2, (n, 1))
    if name == "triplet":
        return x, np.array([rng.choice(n, 3, replace=False) for _ in range(max(6, n))])
    return x, rng.permutation(n) // 2 if name == "nt_xent" else rng.integers(0, max(2, n // 4), n)


DEFINITIONS = {"pairwise_logistic": pairwise_logistic, "listmle": listmle}
OWN = {
    "pairwise_logistic": {"groups"}, "listmle": {"groups", "ties"},
    "triplet": {"margin"}, "supcon": {"axis", "temperature"}, "nt_xent": {"axis", "temperature"},
}  # fmt: skip
NAMES = tuple(OWN)
GROUPS = [1, 0, 0, 1, 1, 0, 1, 0, 0, 1, 1, 0]
VARIANTS = {
    "pairwise_logistic": [{"groups": GROUPS}],
    "listmle": [{"ties": "breslow"}, {"groups": GROUPS}],
    "triplet": [{"margin": 3.0}],
    "supcon": [{"temperature": 0.5}],
    "nt_xent": [{"temperature": 0.2}],
}
