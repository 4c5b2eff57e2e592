"""Losses of classes that have an order: grades, ages, numbers of stars."""

from __future__ import annotations

from .._core import constants, constants_of_rows
from .._core.families import AXIS, CLASS_WEIGHT, IGNORE_INDEX, RowLoss, loss
from .._core.inputs import LOGITS_OF_ORDERED, PROBABILITIES_OF_ORDERED
from .._core.loss import Loss


@loss(
    RowLoss,
    "sum of (P - T)^2 but for the last class, P and T the running sums of pred and target",
    PROBABILITIES_OF_ORDERED,
    shown=("Σₖ (Pₖ − Tₖ)², Pₖ = p₁ + … + pₖ, k < C", "2Σ (Pₖ − Tₖ) over k from j to C − 1"),
    constant=constants_of_rows.mean_rows,
    aliases=("rps",),
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def ranked_probability_score() -> None:
    """Ranked probability score of rows of probabilities: the squared differences of the running sums, ``sum((P - T)**2)``.

    What is predicted two classes off costs more than what is one off. The last class, whose running sums are 1, is left out. The
    derivative by a class is twice the sum of the differences from it to the last but one, the second derivative twice their number.

    References
    ----------
    Epstein, *A scoring system for probability forecasts of ranked categories*, Journal of Applied Meteorology 8, 1969.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.ranked_probability_score([[0.2, 0.3, 0.5], [0.2, 0.3, 0.5]], [0, 2], reduction="none").round(4)
    array([0.89, 0.29])
    >>> fl.ranked_probability_score.grad([[0.2, 0.3, 0.5]], [0]).round(4)
    array([[-2.6, -1. ,  0. ]])
    """


@loss(
    RowLoss,
    "ranked_probability_score of softmax(pred)",
    LOGITS_OF_ORDERED,
    shown=("ranked_probability_score of p = softmax(x)", "pⱼ(γⱼ − Σpₖγₖ), γⱼ = 2Σ (Pₖ − Tₖ) over k from j to C − 1"),
    constant=constants.log_frequencies,
    link="softmax",
    majorizer="Gauss and Newton's term, and the other where it is positive",
    class_weight=CLASS_WEIGHT,
    ignore_index=IGNORE_INDEX,
    axis=AXIS,
)
def softmax_ranked_probability_score() -> None:
    """Ranked probability score of the softmax of rows of logits: `ranked_probability_score` of ``softmax(x)``.

    The squared earth mover's distance of ordered classes. The derivative is ``p * (g - sum(p * g))``, with g that of
    `ranked_probability_score`; it is bounded, and the loss is not convex.

    References
    ----------
    Hou, Yu and Samaras, *Squared earth mover's distance-based loss for training deep neural networks*, 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_ranked_probability_score([[0.0, 0.0, 0.0]] * 3, [0, 1, 2], reduction="none").round(4)
    array([0.5556, 0.2222, 0.5556])
    """


rps: Loss = ranked_probability_score
