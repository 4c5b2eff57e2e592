"""Kinds of inputs that losses take: what they are, in words; their domains; and a batch of them, to try a loss with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .arrays import computed_in
from .domains import (
    BINARY,
    CLASS,
    FOR_POWER,
    LABEL,
    NOT_NEGATIVE,
    POSITIVE,
    PROBABILITY,
    SIGN,
    WITH_LOG1P,
    Array,
    Domain,
)

if TYPE_CHECKING:
    Draw = Callable[["Normal", int, int], tuple[Array, Array]]


@dataclass
class Normal:
    """Random numbers of a dtype."""

    dtype: np.dtype[Any]
    seed: int = 0

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)

    def __call__(self, *shape: int) -> Array:
        """Normal ones."""
        return self.rng.standard_normal(shape, dtype=computed_in(self.dtype)).astype(self.dtype, copy=False)


@dataclass(frozen=True)
class Inputs:
    """What `pred` and `target` are. `draw` makes `size` predictions, in rows of `classes`, and their targets."""

    pred: str
    target: str
    draw: Draw
    domains: Mapping[str, Domain] = field(default_factory=dict)
    together: bool = False  # `pred` is text enough for both
    ids: bool = False  # of a loss of rows: targets may be class ids
    rows: bool = True  # and rows
    short: str = ""  # what a table says of them


def sigmoid(x: Array) -> Array:
    """1/(1 + e⁻ˣ)."""
    p: Array = 1 / (1 + np.exp(-x))
    return p


def softmax(x: Array) -> Array:
    """Rows of probabilities."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    p: Array = e / e.sum(axis=-1, keepdims=True)
    return p.astype(x.dtype, copy=False)


def choice(x: Array, low: float) -> Array:
    """1 for the positive, the other label for the rest."""
    labels: Array = np.where(x > 0, 1, low)
    return labels.astype(x.dtype)


def counts(normal: Normal, size: int) -> Array:
    """Whole numbers >= 0, about 2 of them 0 in 5."""
    return np.floor(1.2 * np.exp(normal(size)))


def amounts(normal: Normal, size: int) -> Array:
    """Numbers > 0, but for a fifth of them, which are 0."""
    return np.where(normal(size) > 0.8, 0, np.exp(normal(size))).astype(normal.dtype)


def rows(normal: Normal, size: int, classes: int) -> Array:
    """`size` numbers in rows."""
    classes = min(classes, size)
    return normal(size // classes, classes)


def views(normal: Normal, size: int, classes: int) -> Array:
    """Numbers in an even number of rows."""
    x = rows(normal, size, classes)
    return x[: max(2, len(x) & ~1)] if len(x) > 1 else np.concatenate([x, x])


def ids(normal: Normal, pred: Array) -> Array:
    """A class for each row."""
    return normal.rng.integers(0, pred.shape[1], len(pred))


def frames(normal: Normal, size: int, classes: int) -> tuple[Array, Array]:
    """Sequences, about three frames for each label."""
    count = max(1, min(size // classes, round((size // classes) ** 0.5)))
    length = max(1, size // classes // count)
    labels = normal.rng.integers(1, classes, (count, max(1, length // 3)))
    return normal(count, length, classes), labels


def corners(normal: Normal, count: int) -> Array:
    """Boxes, most of which overlap."""
    middle, half = normal(count, 2) / 2, np.exp(normal(count, 2) / 2)
    return np.concatenate([middle - half, middle + half], axis=1).astype(normal.dtype)


def both(normal: Normal, size: int, classes: int) -> tuple[Array, Array]:
    """Predictions and targets of the same kind."""
    return normal(size), normal(size)


NUMBERS = Inputs(
    pred="Numbers of any real dtype, of the same shape. Integers in `pred` are converted to float64.",
    target="",
    together=True,
    draw=both,
)
ABOVE_MINUS_ONE = Inputs(
    short="p, t ≥ −1",
    pred="Numbers >= -1 of any real dtype, of the same shape. Integers in `pred` are converted to float64.",
    target="",
    together=True,
    domains={"pred": WITH_LOG1P, "target": WITH_LOG1P},
    draw=lambda normal, size, _: (np.exp(normal(size)), np.exp(normal(size))),
)
AMOUNTS = Inputs(
    pred=NUMBERS.pred,
    target="",
    together=True,
    draw=lambda normal, size, _: (np.exp(normal(size)), np.exp(normal(size))),
)
SIGNS = Inputs(
    short="t ∈ {−1, 1}",
    pred="Scores, any real number.",
    target="Labels -1 and 1, of the same shape and of any real dtype. Labels 0 and 1 are refused.",
    domains={"target": SIGN},
    draw=lambda normal, size, _: (normal(size), choice(normal(size), -1)),
)
PROBABILITIES = Inputs(
    short="p, t ∈ [0, 1]",
    pred="Probabilities, in [0, 1].",
    target="Labels 0 and 1, or probabilities, of the same shape.",
    domains={"pred": PROBABILITY, "target": LABEL},
    draw=lambda normal, size, _: (sigmoid(normal(size)), choice(normal(size), 0)),
)
LOGITS = Inputs(
    short="t ∈ [0, 1]",
    pred="Logits, any real number.",
    target="Labels 0 and 1, or probabilities, of the same shape.",
    domains={"target": LABEL},
    draw=lambda normal, size, _: (normal(size), choice(normal(size), 0)),
)
LOGITS_OF_LABELS = replace(
    LOGITS,
    short="t ∈ {0, 1}",
    target="Labels 0 and 1, of the same shape and of any real dtype.",
    domains={"target": BINARY},
)
LOG_MEANS_OF_COUNTS = Inputs(
    short="x a log-mean, t ≥ 0",
    pred="Logarithms of the mean, any real number.",
    target="Numbers >= 0, whole or not, of the same shape and of any real dtype.",
    domains={"target": NOT_NEGATIVE},
    draw=lambda normal, size, _: (normal(size), counts(normal, size)),
)
LOG_MEANS_OF_AMOUNTS = replace(LOG_MEANS_OF_COUNTS, draw=lambda normal, size, _: (normal(size), amounts(normal, size)))
LOG_MEANS_OF_POSITIVES = Inputs(
    short="x a log-mean, t > 0",
    pred="Logarithms of the mean, any real number.",
    target="Numbers > 0, of the same shape and of any real dtype.",
    domains={"target": POSITIVE},
    draw=lambda normal, size, _: (normal(size), np.exp(normal(size))),
)
MEANS_OF_COUNTS = Inputs(
    short="p, t ≥ 0",
    pred="Means, numbers >= 0.",
    target="Numbers >= 0, whole or not, of the same shape and of any real dtype.",
    domains={"pred": NOT_NEGATIVE, "target": NOT_NEGATIVE},
    draw=lambda normal, size, _: (np.exp(normal(size)), counts(normal, size)),
)
MEANS_OF_POSITIVES = Inputs(
    short="p ≥ 0, t > 0",
    pred="Means, numbers >= 0.",
    target="Numbers > 0, of the same shape and of any real dtype.",
    domains={"pred": NOT_NEGATIVE, "target": POSITIVE},
    draw=lambda normal, size, _: (np.exp(normal(size)), np.exp(normal(size))),
)
MEANS_OF_AMOUNTS = Inputs(
    short="p, t ≥ 0, and t > 0 for a power ≥ 2",
    pred="Means, numbers >= 0.",
    target="Numbers >= 0, and > 0 for a power >= 2, of the same shape and of any real dtype.",
    domains={"pred": NOT_NEGATIVE, "target": FOR_POWER},
    draw=lambda normal, size, _: (np.exp(normal(size)), amounts(normal, size)),
)
MEAN_AND_LOG_VARIANCE = Inputs(
    short="(m, s) = pred, a mean and a log-variance",
    pred="Two numbers for each sample along `axis`: the mean, and the logarithm of the variance.",
    target="Numbers of any real dtype, of the shape of `pred` without `axis`.",
    draw=lambda normal, size, _: (normal(max(1, size // 2), 2), normal(max(1, size // 2))),
)
MEDIAN_AND_LOG_SCALE = replace(
    MEAN_AND_LOG_VARIANCE,
    short="(m, s) = pred, a median and a log-scale",
    pred="Two numbers for each sample along `axis`: the median, and the logarithm of the scale.",
)
MEAN_AND_LOG_DEVIATION = replace(
    MEAN_AND_LOG_VARIANCE,
    short="(m, s) = pred, a mean and the log of a standard deviation",
    pred="Two numbers for each sample along `axis`: the mean, and the logarithm of the standard deviation.",
)
SEQUENCES = Inputs(
    short="logits of frames against class ids",
    pred="Logits, of shape (..., frames, classes). -inf masks a class.",
    target="Class ids of any integer dtype, of shape (..., labels). A sequence ends with its last label, or before the first "
    "negative id, such as -1.",
    draw=lambda normal, size, classes: frames(normal, size, max(2, classes)),
)
BOXES = Inputs(
    short="boxes x₁, y₁, x₂, y₂",
    pred="Boxes, each given by two corners x1, y1, x2, y2 along `axis`. A box whose x2 < x1 or y2 < y1 is empty.",
    target="Boxes, of the same shape and of any real dtype.",
    draw=lambda normal, size, _: (corners(normal, max(1, size // 4)), corners(normal, max(1, size // 4))),
)
MEMBERS = Inputs(
    short="rows of K members",
    pred="The K members of each forecast along `axis`: numbers, in any order.",
    target=MEAN_AND_LOG_VARIANCE.target,
    draw=lambda normal, size, classes: (x := rows(normal, size, classes), normal(len(x))),
)
DISTRIBUTIONS = Inputs(
    short="rows of probabilities",
    pred="Rows of probabilities, in [0, 1], the classes along `axis`. Rows are not checked to sum to 1.",
    target="Rows of probabilities, of the same shape.",
    domains={"pred": PROBABILITY, "target": PROBABILITY},
    draw=lambda normal, size, classes: (softmax(rows(normal, size, classes)), softmax(rows(normal, size, classes))),
)
LOGITS_OF_DISTRIBUTIONS = Inputs(
    short="logits against rows of probabilities",
    pred="Logits, the classes along `axis`.",
    target="Rows of probabilities, in [0, 1], of the same shape.",
    domains={"target": PROBABILITY},
    draw=lambda normal, size, classes: (rows(normal, size, classes), softmax(rows(normal, size, classes))),
)
DISTRIBUTIONS_OF_IDS = Inputs(
    short="probabilities against class ids",
    ids=True,
    rows=False,
    pred="Probabilities, in [0, 1], the classes along `axis`.",
    target="Class ids of any integer dtype, of the shape of `pred` without `axis`.",
    domains={"pred": PROBABILITY},
    draw=lambda normal, size, classes: (p := softmax(rows(normal, size, classes)), ids(normal, p)),
)
LOGITS_OF_CLASSES = Inputs(
    short="logits against class ids or rows",
    ids=True,
    pred="Logits, the classes along `axis`. -inf masks a class; a row of nothing but -inf, or with +inf, gives nan.",
    target="Class ids of any integer dtype, of the shape of `pred` without `axis`; or rows of probabilities, of its shape.",
    domains={"target": PROBABILITY},
    draw=lambda normal, size, classes: (x := rows(normal, size, classes), ids(normal, x)),
)
LOGITS_OF_IDS = replace(
    LOGITS_OF_CLASSES,
    short="logits against class ids",
    rows=False,
    target="Class ids of any integer dtype, of the shape of `pred` without `axis`.",
    domains={},
)
SCORES_OF_IDS = replace(
    LOGITS_OF_IDS,
    short="scores against class ids",
    pred="Scores, any real number, the classes along `axis`. -inf masks a class.",
)
DISTRIBUTIONS_OF_CLASSES = replace(
    DISTRIBUTIONS,
    short="probabilities against class ids or rows",
    ids=True,
    target=LOGITS_OF_CLASSES.target,
    draw=DISTRIBUTIONS_OF_IDS.draw,
)
ORDERED = "The order of the classes is theirs along `axis`."
PROBABILITIES_OF_ORDERED = replace(DISTRIBUTIONS_OF_CLASSES, pred=f"{DISTRIBUTIONS.pred} {ORDERED}")
LOGITS_OF_ORDERED = replace(LOGITS_OF_CLASSES, pred=f"{LOGITS_OF_CLASSES.pred} {ORDERED}")
MASKS = Inputs(
    short="rows of p, t ∈ [0, 1]",
    pred="Rows of probabilities, in [0, 1], one for each pixel or label along `axis`.",
    target="Rows of labels 0 and 1, or probabilities, of the same shape.",
    domains={"pred": PROBABILITY, "target": LABEL},
    draw=lambda normal, size, classes: (
        sigmoid(rows(normal, size, classes)),
        choice(rows(normal, size, classes), 0),
    ),
)
SCORES_OF_ORDERED = Inputs(
    short="a score against class ids",
    pred="Scores, any real number.",
    target="Class ids 0 to C - 1, in the order of the classes, of the same shape and of any real dtype.",
    domains={"target": CLASS},
    draw=lambda normal, size, _: (normal(size), choice(normal(size), 0)),
)
VECTORS = Inputs(
    short="vectors",
    pred="Vectors of any real dtype, of the same shape, their components along `axis`.",
    target="",
    together=True,
    draw=lambda normal, size, classes: (rows(normal, size, classes), rows(normal, size, classes)),
)
SURVIVAL = Inputs(
    short="scores against times, negative where censored",
    pred="Scores, logarithms of the relative hazard, any real number; all of them are one group, whatever the shape.",
    target="The time of each event, of the same shape; or, for a censored subject, the time when it was "
    "last seen, with a minus sign.",
    draw=lambda normal, size, _: (normal(size), np.exp(normal(size)) * choice(normal(size), -1)),
)
LABELLED_VECTORS = Inputs(
    short="embeddings against labels",
    pred="Embeddings of any real dtype, their components along `axis`. Their lengths do not matter.",
    target="Labels of any integer dtype, of the shape of `pred` without `axis`.",
    draw=lambda normal, size, classes: (x := rows(normal, size, classes), np.arange(len(x)) // 2 % max(1, len(x) // 8)),
)
VIEWS = replace(
    LABELLED_VECTORS,
    short="embeddings against what each is a view of",
    target="An integer that identifies what each row is a view of; each must occur exactly twice. Of the shape of `pred` without "
    "`axis`.",
    draw=lambda normal, size, classes: (x := views(normal, size, classes), np.arange(len(x)) // 2),
)
TRIPLETS = Inputs(
    short="embeddings against places of a, p, n",
    pred="Embeddings of any real dtype, one in each row.",
    target="Integers, three for each triplet along the last axis: the row numbers in `pred` of anchor, positive and negative.",
    draw=lambda normal, size, classes: (x := rows(normal, size, classes), normal.rng.integers(0, len(x), (len(x), 3))),
)
RELEVANCE = Inputs(
    short="scores against labels, the greater the better",
    pred="Scores, any real number; those of one group are compared, whatever the shape.",
    target="Labels, any real number, the greater the better, of the same shape.",
    draw=lambda normal, size, _: (normal(size), np.floor(1.2 * np.exp(normal(size)))),
)
