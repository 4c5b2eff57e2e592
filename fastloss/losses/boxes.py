"""How well one box covers another: of object detection."""

from __future__ import annotations

from .._core import constants
from .._core.families import Boxes, loss
from .._core.hyperparameters import Flag, Integer
from .._core.inputs import BOXES

AXIS = Integer(-1, text="The axis of the four numbers.")


@loss(
    Boxes,
    "1 - I/U, the areas of intersection and union",
    BOXES,
    shown=("1 − I/U", "(I·∂U/U − ∂I)/U"),
    constant=constants.none,
    axis=AXIS,
)
def iou() -> None:
    """Intersection over union of boxes: one minus the area that both share over the area that either covers, ``1 - I / U``.

    Computed as the area that only one of them covers over U; no term is negative, so that it stays accurate where boxes nearly
    agree. Boxes that do not meet have loss 1 and no slope, and so do two boxes without area. Where a side coincides with the
    target's, the slope is 0 if the slopes on either side have different signs, else their mean.

    References
    ----------
    Yu, Jiang, Wang, Cao and Huang, *UnitBox: an advanced object detection network*, ACM Multimedia 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.iou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]])
    0.8571428571428571
    >>> fl.iou.grad([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]).round(4)
    array([[-0.0408, -0.0408, -0.1224, -0.1224]])
    """


@loss(
    Boxes,
    "1 - I/U + (C - U)/C, C the area of the least box around both",
    BOXES,
    shown=("1 − I/U + (C − U)/C, C around both", "(I·∂U/U − ∂I)/U + (U·∂C/C − ∂U)/C"),
    constant=constants.none,
    axis=AXIS,
)
def giou() -> None:
    """Generalized intersection over union: `iou`, plus the empty share of the smallest box around both, ``(C - U) / C``.

    Between 0 and 2. Boxes that do not meet have a slope too, which brings them together.

    References
    ----------
    Rezatofighi, Tsoi, Gwak, Sadeghian, Reid and Savarese, *Generalized intersection over union: a metric and a loss for bounding
    box regression*, CVPR 2019.

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.giou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]), 7)
    1.0793651
    """


@loss(
    Boxes,
    "1 - I/U + N/D, the squared distance of the middles over the squared diagonal of the least box around both",
    BOXES,
    shown=("1 − I/U + N/D, N = |middle − middle|², D = diagonal² around both", "(I·∂U/U − ∂I)/U + (∂N − N·∂D/D)/D"),
    constant=constants.none,
    axis=AXIS,
)
def diou() -> None:
    """Distance intersection over union: `iou`, plus the squared distance of the centres over the squared diagonal around both.

    References
    ----------
    Zheng, Wang, Liu, Li, Ye and Ren, *Distance-IoU loss: faster and better learning for bounding box regression*, AAAI 2020.

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.diou([[0.0, 0.0, 2.0, 2.0]], [[1.0, 1.0, 3.0, 3.0]]), 7)
    0.968254
    """


@loss(
    Boxes,
    "1 - I/U + N/D + v^2/(1 - I/U + v), v = 4/pi^2 * (arctan(W/H) - arctan(w/h))^2",
    BOXES,
    shown=(
        "1 − I/U + N/D + v²/(1 − I/U + v), v = 4/π²·(atan W/H − atan w/h)²",
        "of `diou`, + (2α − α²)∂v + α²∂(I/U), α = v/(1 − I/U + v)",
    ),
    constant=constants.none,
    constant_alpha=Flag(
        False,
        text="Take gradient and curvature as if the factor ``v / (1 - I/U + v)`` of v were a constant, as the paper and other "
        "libraries do: no longer the derivative of the loss.",
    ),
    axis=AXIS,
)
def ciou() -> None:
    """Complete intersection over union: `diou`, plus how the boxes differ in shape, ``alpha * v``.

    With w and h the width and height of the box, W and H those of the target, v is ``4/pi**2 * (arctan(W/H) - arctan(w/h))**2`` and
    ``alpha = v / (1 - I/U + v)``. The angle between the diagonals is computed as one arctangent.

    References
    ----------
    Zheng, Wang, Liu, Li, Ye and Ren, *Distance-IoU loss: faster and better learning for bounding box regression*, AAAI 2020.

    Examples
    --------
    >>> import fastloss as fl
    >>> round(fl.ciou([[0.0, 0.0, 2.0, 1.0]], [[0.0, 0.0, 2.0, 2.0]]), 4)
    0.5345
    """
