"""How far two sets overlap, each given by what is in it: of segmentation, and of several labels at once."""

from __future__ import annotations

from .._core import constants_of_rows as constants
from .._core.families import TwoRows, loss
from .._core.hyperparameters import Integer, Parameter
from .._core.inputs import MASKS

AXIS = Integer(-1, text="The axis along which sums are taken; images are reshaped to (N, C, H*W).")
SMOOTH = Parameter(
    1.0, text="S >= 0, added to both parts of the quotient. With 0 a row without any target has loss 1 and no slope."
)


@loss(
    TwoRows,
    "1 - (A + S)/(A + (sum(pred - pred*target) + sum(target - pred*target))/2 + S), A = sum(pred*target)",
    MASKS,
    shown=("1 − (A + S)/D, A = Σpt, D = ½Σp + ½Σt + S", "(½(A + S) − D·tⱼ) / D²"),
    constant=constants.overlapping(lambda smooth: (0.5, 0.5, smooth)),
    smooth=SMOOTH,
    axis=AXIS,
)
def dice() -> None:
    """Dice loss of rows: one minus twice the overlap over the sum of both sizes, with a smoothing term S, ``1 - (A + S) / D``.

    A is the overlap ``sum(p * t)`` and D is ``(sum(p) + sum(t)) / 2 + S``. It is `tversky` with both weights 1/2, computed as what
    is wrong over D, so that it stays accurate where nearly everything is right. 0/0 is 0: there was nothing to find, and nothing
    was found.

    References
    ----------
    Milletari, Navab and Ahmadi, *V-Net: fully convolutional neural networks for volumetric medical image segmentation*, 3DV 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.dice([[1.0, 0.0, 0.5]], [[1, 0, 1]], smooth=0)
    0.14285714285714285
    >>> fl.dice.grad([[1.0, 0.0, 0.5]], [[1, 0, 1]], smooth=0).round(4)
    array([[-0.3265,  0.2449, -0.3265]])
    """


@loss(
    TwoRows,
    "1 - (A + S)/(A + sum(pred - pred*target) + sum(target - pred*target) + S), A = sum(pred*target)",
    MASKS,
    shown=("1 − (A + S)/D, A = Σpt, D = Σp + Σt − A + S", "((A + S)(1 − tⱼ) − D·tⱼ) / D²"),
    constant=constants.overlapping(lambda smooth: (1.0, 1.0, smooth)),
    smooth=SMOOTH,
    axis=AXIS,
)
def jaccard() -> None:
    """Jaccard loss of rows: one minus the intersection over the union, with a smoothing term S, ``1 - (A + S) / D``.

    A is the overlap ``sum(p * t)`` and D is ``sum(p) + sum(t) - A + S``. It is `tversky` with both weights 1. 0/0 is 0.

    References
    ----------
    Rahman and Wang, *Optimizing intersection-over-union in deep neural networks for image segmentation*, ISVC 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.jaccard([[1.0, 0.0, 0.5]], [[1, 0, 1]], smooth=0)
    0.25
    """


@loss(
    TwoRows,
    "1 - (A + S)/(A + alpha*sum(pred - pred*target) + beta*sum(target - pred*target) + S), A = sum(pred*target)",
    MASKS,
    shown=(
        "1 − (A + S)/D, A = Σpt, D = A + αΣp(1 − t) + βΣ(1 − p)t + S",
        "((A + S)Dⱼ − D·tⱼ) / D², Dⱼ = tⱼ(1 − α − β) + α",
    ),
    constant=constants.overlapping(lambda alpha, beta, smooth: (alpha, beta, smooth)),
    alpha=Parameter(0.5, text="What predicting too much costs, >= 0."),
    beta=Parameter(0.5, text="What missing something costs, >= 0."),
    smooth=SMOOTH,
    axis=AXIS,
)
def tversky() -> None:
    """Tversky loss of rows: `dice` that weighs false alarms by alpha and misses by beta, ``1 - (A + S) / D``.

    A is the overlap ``sum(p * t)`` and D is ``A + alpha * sum(p * (1 - t)) + beta * sum((1 - p) * t) + S``. With D_j the derivative
    of D, ``t * (1 - alpha - beta) + alpha``, the derivative is ``((A + S) * D_j - D * t) / D**2`` and the second one
    ``-2 * D_j / D`` times that.

    References
    ----------
    Salehi, Erdogmus and Gholipour, *Tversky loss function for image segmentation using 3D fully convolutional deep networks*, MLMI
    2017.

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.tversky([[1.0, 0.0, 0.5]], [[1, 0, 1]], alpha=0.3, beta=0.7, smooth=0), 4)
    0.1892
    """
