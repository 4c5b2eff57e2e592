"""Losses of sequences whose alignment is not known: of speech and handwriting."""

from __future__ import annotations

from .._core import constants
from .._core.families import Alignment, loss
from .._core.hyperparameters import Integer, Lengths
from .._core.inputs import SEQUENCES


@loss(
    Alignment,
    "-log(sum over alignments of product of softmax(pred)[frame, class])",
    SEQUENCES,
    shown=(
        "−log Σ over alignments of Π pₜ[class in frame t], p = softmax(x)",
        "p − the posterior of each class in each frame",
    ),
    constant=constants.none,
    link="softmax",
    lengths=Lengths(None, text="How many frames of each sample are there, of any integer dtype; all by default."),
    blank=Integer(0, text="The class of the blank."),
)
def ctc() -> None:
    """Connectionist temporal classification: the negative log-likelihood of a sequence of labels, however it is aligned to frames.

    An alignment has one class in each frame; repeats of a class are one label unless a blank is between them, and blanks are
    dropped. The loss is ``-log(sum(exp(log-likelihood)))`` over all alignments that spell the labels. If there are none it is
    ``inf``, with a gradient of 0: a sequence needs as many frames as it has labels, and one more between two equal labels. Frames
    after the end of a sample are ignored. The forward and backward passes are in logarithms and in double precision.

    References
    ----------
    Graves, Fernandez, Gomez and Schmidhuber, *Connectionist temporal classification: labelling unsegmented sequence data with
    recurrent neural networks*, ICML 2006.

    Examples
    --------
    >>> import fastloss as fl
    >>> import numpy as np
    >>> round(fl.ctc(np.zeros((1, 2, 3)), [[1]]), 7)              # 3 alignments of 9: log(3)
    1.0986123
    >>> fl.ctc.grad(np.zeros((1, 2, 3)), [[1]]).round(4)
    array([[[ 0.    , -0.3333,  0.3333],
            [ 0.    , -0.3333,  0.3333]]])
    """
