"""Connectionist temporal classification by its definition: every alignment, one by one."""

import itertools

import mpmath as mp
from sample import ZERO, Sample


def reads(path, blank):
    """The labels that an alignment stands for."""
    return [k for k, _ in itertools.groupby(path) if k != blank]


def ctc(x, labels, blank=0):
    """−log Σ Π p, of rows of logits. Gradient and curvature by the chance of each class in each frame, given the labels."""
    labels = list(labels)
    p = [[v / mp.fsum(map(mp.exp, row)) for v in map(mp.exp, row)] for row in x]
    paths = [path for path in itertools.product(range(len(x[0])), repeat=len(x)) if reads(path, blank) == labels]
    chances = [mp.fprod(row[k] for row, k in zip(p, path, strict=True)) for path in paths]
    total = mp.fsum(chances)
    if not total:
        return Sample(mp.inf, [ZERO for row in x for _ in row], [ZERO for row in x for _ in row])
    q = [[mp.fsum(c for c, path in zip(chances, paths, strict=True) if path[t] == k) / total for k in range(len(row))]
         for t, row in enumerate(x)]  # fmt: skip
    pairs = [(a, b) for rows in zip(p, q, strict=True) for a, b in zip(*rows, strict=True)]
    return Sample(
        -mp.log(total),
        [a - b for a, b in pairs],
        [a * (1 - a) - b * (1 - b) for a, b in pairs],
        0,
        [max(a, b) for a, b in pairs],
        [max(a, b) for a, b in pairs],
    )
