"""Losses of a vector against a vector."""

from __future__ import annotations

from .._core import constants
from .._core.families import TwoRows, loss
from .._core.hyperparameters import Integer
from .._core.inputs import VECTORS


@loss(
    TwoRows,
    "1 - cos(pred, target)",
    VECTORS,
    shown=("1 − cos(p, t)", "(cos·p/|p| − t/|t|) / |p|"),
    constant=constants.mean_direction,
    axis=Integer(-1, text="The axis of the components."),
)
def cosine_distance() -> None:
    """Cosine distance of vectors: ``1 - cos``, between 0 and 2, and 1 beside a vector of zeros.

    Computed as half the square of the difference of the unit vectors, which is exact for vectors that nearly agree. With unit
    vectors p and t, the derivative is ``(cos * p - t)`` over the length of `pred`, and 0 beside a vector of zeros.

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
