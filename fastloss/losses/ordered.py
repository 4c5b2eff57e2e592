"""Losses of classes that have an order: grades, ages, numbers of stars."""

from __future__ import annotations

from .._core import constants, constants_of_rows, constants_of_scores
from .._core.families import AXIS, CLASS_WEIGHT, IGNORE_INDEX, Ordered, RowLoss, loss
from .._core.hyperparameters import ClassWeight, Integer, Thresholds
from .._core.inputs import LOGITS_OF_ORDERED, PROBABILITIES_OF_ORDERED, SCORES_OF_ORDERED
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

    A prediction that is two classes off costs more than one that is one class off. The last class, whose running sums are 1, is
    left out. The derivative with respect to a class is twice the sum of the differences from it to the last but one, the second
    derivative twice their number.

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
    majorizer="the Gauss-Newton term, plus the remaining term where it is positive",
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


@loss(
    Ordered,
    "-log(sigmoid(thresholds[target] - pred) - sigmoid(thresholds[target - 1] - pred))",
    SCORES_OF_ORDERED,
    shown=("−log(σ(b) − σ(a)), b = θₜ − s, a = θₜ₋₁ − s", "1 − σ(a) − σ(b)"),
    constant=constants_of_scores.between_thresholds,
    majorizer="the curvatures of the parabolas that touch both terms: ``tanh(b/2)/(2*b) + tanh(a/2)/(2*a)``",
    thresholds=Thresholds(
        (0.0,),
        text="The C - 1 thresholds between the classes, in increasing order. With the default there are two classes, and "
        "the loss is `sigmoid_cross_entropy`.",
    ),
    ignore_index=Integer(None, text="Samples with this class id have weight 0 and are not counted."),
    class_weight=ClassWeight(
        None, text="A finite weight >= 0 for each class, by which a sample's weight is multiplied."
    ),
)
def ordinal_logistic() -> None:
    """Negative log-likelihood of the proportional-odds model, ordered logistic regression: ``-log(sigmoid(b) - sigmoid(a))``.

    The probability of a class is that of a logistic distribution around the score between the class's thresholds,
    ``b = thresholds[t] - pred`` above it and ``a = thresholds[t - 1] - pred`` below; the first class has no lower end, the last no
    upper one. Computed as ``softplus(-b) + softplus(a) - log(1 - exp(a - b))``, whose last term no score changes. The derivative
    is ``1 - sigmoid(a) - sigmoid(b)``, and the loss is convex.

    References
    ----------
    McCullagh, *Regression models for ordinal data*, Journal of the Royal Statistical Society B 42, 1980.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.ordinal_logistic([0.0, 0.0, 0.0], [0, 1, 2], thresholds=[-1.0, 1.0], reduction="none").round(4)
    array([1.3133, 0.7719, 1.3133])
    >>> fl.ordinal_logistic.grad([0.0], [2], thresholds=[-1.0, 1.0]).round(4)
    array([-0.7311])
    """


rps: Loss = ranked_probability_score
