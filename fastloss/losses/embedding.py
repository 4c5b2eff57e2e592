"""Losses of vectors: of one against another, and of embeddings that are compared with each other."""

from __future__ import annotations

from .._core import constants
from .._core.families import Embeddings, Triplets, TwoRows, Views, loss
from .._core.hyperparameters import Integer, Parameter
from .._core.inputs import LABELLED_VECTORS, TRIPLETS, VECTORS, VIEWS

COMPONENTS = Integer(-1, text="The axis of the components.")
TEMPERATURE = "What similarities are divided by, > 0: the smaller, the more the nearest of the others count."


@loss(
    TwoRows,
    "1 - cos(pred, target)",
    VECTORS,
    shown=("1 − cos(p, t)", "(cos·p/|p| − t/|t|) / |p|"),
    constant=constants.mean_direction,
    axis=COMPONENTS,
)
def cosine_distance() -> None:
    """Cosine distance of vectors: ``1 - cos``, between 0 and 2, and 1 beside a vector of zeros.

    Computed as half the squared difference of the unit vectors, which is exact for vectors that nearly agree. With unit vectors p
    and t, the derivative is ``(cos * p - t)`` over the length of `pred`, and 0 beside a vector of zeros.

    References
    ----------
    Salton, Wong and Yang, *A vector space model for automatic indexing*, Communications of the ACM 18, 1975.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.cosine_distance([[3.0, 4.0], [1.0, 0.0]], [[4.0, 3.0], [0.0, 1.0]], reduction="none").round(12)
    array([0.04, 1.  ])
    >>> fl.cosine_distance.grad([[1.0, 0.0]], [[0.0, 1.0]])
    array([[ 0., -1.]])
    """


@loss(
    Triplets,
    "max(0, |a - p| - |a - n| + margin), (a, p, n) = pred[target]",
    TRIPLETS,
    shown=(
        "max(0, |a − p| − |a − n| + M)",
        "u − v for a, −u for p, v for n where > 0; u, v unit vectors along a − p, a − n",
    ),
    constant=constants.zero,
    margin=Parameter(1.0, text="How much farther the negative should be than the positive, >= 0."),
)
def triplet() -> None:
    """Triplet loss: an anchor should be nearer to its positive than to its negative, by a margin. A cost of the whole batch.

    `pred` has all embeddings, one in each row, and `target` says which three make a triplet, so that there is one gradient for all
    of them. Distances are lengths of differences, not squared; the direction of a difference of 0 is 0. With anchors, positives
    and negatives in arrays of their own, `pred` is ``concatenate([a, p, n])`` and `target` ``arange(3 * n).reshape(3, n).T``.

    References
    ----------
    Schroff, Kalenichenko and Philbin, *FaceNet: a unified embedding for face recognition and clustering*, CVPR 2015; Weinberger and
    Saul, *Distance metric learning for large margin nearest neighbor classification*, JMLR 10, 2009.

    Examples
    --------
    >>> import fastloss as fl
    >>> embeddings = [[0.0, 0.0], [3.0, 4.0], [0.0, 2.0]]
    >>> fl.triplet(embeddings, [[0, 1, 2]])                                 # 5 - 2 + 1
    4.0
    >>> fl.triplet.grad(embeddings, [[0, 1, 2]])
    array([[-0.6,  0.2],
           [ 0.6,  0.8],
           [ 0. , -1. ]])
    """


@loss(
    Embeddings,
    "mean over positives p of -log(exp(s_p) / sum over all others of exp(s)), s = cos(pred_i, pred_j)/temperature",
    LABELLED_VECTORS,
    shown=(
        "−mean over positives of log(e^s₊ / Σ e^s), s = cos/τ",
        "across each embedding Σ (softmax(s)ⱼ − yⱼ/P)·zⱼ/τ, for both; y 1 at its P positives, z of length 1",
    ),
    constant=constants.zero,
    axis=COMPONENTS,
    temperature=Parameter(0.1, open_low=True, text=TEMPERATURE),
)
def supcon() -> None:
    """Supervised contrastive loss: among all others of a batch, an embedding should be nearest to those with its label.

    Similarities are cosines over the temperature. Each embedding that has positives, others with its label, is an anchor; its loss
    is the mean of their negative log-probabilities in the softmax over all others. Embeddings without positives appear only among
    the others. Weights multiply the losses of anchors; a weight of 0 removes an embedding. A cost of the whole batch: ``"mean"``
    divides by the weights of the anchors.

    References
    ----------
    Khosla et al., *Supervised contrastive learning*, NeurIPS 2020.

    Examples
    --------
    >>> import fastloss as fl
    >>> embeddings = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]
    >>> round(fl.supcon(embeddings, [7, 7, 8, 8], temperature=0.5), 7)      # log(1 + 2 * exp(-2))
    0.2395448
    >>> round(fl.supcon(embeddings, [7, 8, 7, 8], temperature=0.5), 7)
    2.2395448
    """


@loss(
    Views,
    "-log(exp(s_v) / sum over all others of exp(s)), v the other view, s = cos(pred_i, pred_j)/temperature",
    VIEWS,
    shown=(
        "−log(e^sᵥ / Σ e^s), v the other view, s = cos/τ",
        "across each embedding Σ (softmax(s)ⱼ − yⱼ)·zⱼ/τ, for both; y 1 at v, z of length 1",
    ),
    constant=constants.zero,
    axis=COMPONENTS,
    temperature=Parameter(0.5, open_low=True, text=TEMPERATURE),
)
def nt_xent() -> None:
    """Normalised, temperature-scaled cross-entropy of two views of each thing: SimCLR's loss. A cost of the whole batch.

    It is `supcon` where each label occurs exactly twice; anything else is refused. With the views in arrays of their own, `pred`
    is ``concatenate([first, second])`` and `target` ``tile(arange(n), 2)``.

    References
    ----------
    Chen et al., *A simple framework for contrastive learning of visual representations*, ICML 2020; Sohn, *Improved deep metric
    learning with multi-class N-pair loss objective*, NeurIPS 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> first, second = [[1.0, 0.0], [0.0, 1.0]], [[2.0, 0.0], [0.0, 2.0]]
    >>> round(fl.nt_xent([*first, *second], [0, 1, 0, 1]), 7)
    0.2395448
    """
