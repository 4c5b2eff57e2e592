"""How far one distribution is from another."""

from __future__ import annotations

from typing import Any

from ._rows import row_loss
from ._validate import Integer


@row_loss("sum(target*(log(target) - log(pred)))", rows=True, axis=Integer(-1))
def kl_divergence(pred: Any, target: Any) -> None:
    """Kullback-Leibler divergence KL(target || pred): ``sum(t * (log(t) - log(p)))`` for each row, with 0 log 0 = 0.

    Infinite where pred rules out what target does not. The derivative is ``-t / p``.

    Parameters
    ----------
    pred, target : array_like
        Rows of probabilities, in [0, 1], of the same shape.
    axis : int, default -1
        The axis of the classes.
    sample_weight, reduction, out
        As for `categorical_cross_entropy`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError, TypeError
        As for `categorical_cross_entropy`.

    References
    ----------
    Kullback and Leibler, *On information and sufficiency*, Annals of Mathematical Statistics 22, 1951.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.kl_divergence([[0.5, 0.5]], [[1.0, 0.0]], reduction="none").round(4)
    array([0.6931])
    """


@row_loss("KL(target || softmax(pred))", rows=True, axis=Integer(-1))
def softmax_kl_divergence(pred: Any, target: Any) -> None:
    """Kullback-Leibler divergence KL(target || softmax(x)) from rows of logits.

    `softmax_cross_entropy` less the entropy of the target, and with the same derivative, ``softmax(x) * sum(t) - t``.

    Parameters
    ----------
    pred : array_like
        Logits, the classes along `axis`.
    target : array_like
        Rows of probabilities, in [0, 1], of the same shape.
    axis : int, default -1
        The axis of the classes.
    sample_weight, reduction, out
        As for `categorical_cross_entropy`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError, TypeError
        As for `categorical_cross_entropy`.

    References
    ----------
    Hinton, Vinyals and Dean, *Distilling the knowledge in a neural network*, 2015.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_kl_divergence([[0.0, 0.0]], [[0.5, 0.5]])
    0.0
    >>> fl.softmax_kl_divergence.grad([[0.0, 0.0]], [[1.0, 0.0]])
    array([[-0.5,  0.5]])
    """
