"""Losses of a score or a probability against a label."""

from __future__ import annotations

from typing import Any

from ._loss import Loss, loss
from ._rows import row_loss
from ._validate import ClassWeight, Integer, Parameter

EPS = Parameter(0.0, low=0.0, high=0.5, open_high=True)
SMOOTHING = Parameter(0.0, low=0.0, high=1.0)


@loss("max(0, 1 - target*pred)")
def hinge(pred: Any, target: Any) -> None:
    """Hinge loss, of support vector machines: ``max(0, 1 - target * pred)``.

    A sample on the right side of the margin costs nothing. The derivative is ``-target`` where ``target * pred < 1``,
    else 0.

    Parameters
    ----------
    pred : array_like
        Scores, any real number.
    target : array_like
        Labels -1 and 1, of the same shape and of any real dtype. Labels 0 and 1 are refused.
    sample_weight, reduction, out
        As for `mse`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a label is neither -1 nor 1, and as for `mse`.
    TypeError
        As for `mse`.

    References
    ----------
    Cortes and Vapnik, *Support-vector networks*, Machine Learning 20, 1995.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0. , 0.5, 2. ])
    >>> fl.hinge([2.0], [0])
    Traceback (most recent call last):
        ...
    ValueError: target[0] is 0; target must be -1 or 1 (labels 0 and 1 become -1 and 1 by 2 * target - 1)
    """


@loss("max(0, 1 - target*pred)^2")
def squared_hinge(pred: Any, target: Any) -> None:
    """Squared hinge loss: ``max(0, 1 - target * pred)**2``, smooth where the hinge has a corner.

    The derivative is ``-2 * target * max(0, 1 - target * pred)``.

    Parameters
    ----------
    pred, target, sample_weight, reduction, out
        As for `hinge`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError, TypeError
        As for `hinge`.

    References
    ----------
    Tang, *Deep learning using linear support vector machines*, 2013.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.squared_hinge([2.0, 0.5, -1.0], [1, 1, 1], reduction="none")
    array([0.  , 0.25, 4.  ])
    """


@loss(
    "-target*log(pred) - (1 - target)*log(1 - pred)",
    aliases=("log_loss",),
    eps=EPS,
)
def binary_cross_entropy(pred: Any, target: Any) -> None:
    """Cross-entropy of a probability: ``-t * log(p) - (1 - t) * log(1 - p)``, with 0 log 0 = 0.

    Infinite where a certain prediction is wrong, unless `eps` bounds the logarithms. The derivative is
    ``(p - t) / (p * (1 - p))``; a logarithm that `eps` bounds has no slope. If the probability comes from a sigmoid, give
    the logit to `sigmoid_cross_entropy` instead. ``log_loss`` is the same object.

    Parameters
    ----------
    pred : array_like
        Probabilities, in [0, 1].
    target : array_like
        Labels 0 and 1, or probabilities, of the same shape.
    eps : float, default 0.0
        Neither logarithm's argument is taken below it: ``-t * log(max(p, eps)) - (1 - t) * log(max(1 - p, eps))``;
        0 <= eps < 0.5.
    sample_weight, reduction, out
        As for `mse`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a value of `pred` or `target` is outside [0, 1], or `eps` outside [0, 0.5), and as for `mse`.
    TypeError
        As for `mse`.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.binary_cross_entropy([1.0, 0.0, 0.5], [1, 0, 1], reduction="none").round(4)
    array([0.    , 0.    , 0.6931])
    >>> fl.binary_cross_entropy([0.0], [1])
    inf
    >>> fl.binary_cross_entropy.grad([0.5, 0.8], [1, 0], reduction="none").round(12)
    array([-2.,  5.])
    """


@loss(
    "P*t*softplus(-pred) + (1 - t)*softplus(pred)",
    pos_weight=Parameter(1.0, low=0.0),
    label_smoothing=SMOOTHING,
)
def sigmoid_cross_entropy(pred: Any, target: Any) -> None:
    """Cross-entropy of a logit: ``P * t * softplus(-x) + (1 - t) * softplus(x)``.

    `binary_cross_entropy` of ``sigmoid(x)``, but finite and exact to the last bits for logits of any size, because no
    probability near 1 is ever formed. The derivative is ``(1 - t) * sigmoid(x) - P * t * sigmoid(-x)``.

    Parameters
    ----------
    pred : array_like
        Logits, any real number.
    target : array_like
        Labels 0 and 1, or probabilities, of the same shape.
    pos_weight : float, default 1.0
        P, what a positive sample counts for beside a negative one; >= 0.
    label_smoothing : float, default 0.0
        E: t becomes ``(1 - E) * t + E / 2``, 0 <= E <= 1.
    sample_weight, reduction, out
        As for `mse`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a value of `target` is outside [0, 1] or a parameter outside its interval, and as for `mse`.
    TypeError
        As for `mse`.

    References
    ----------
    Cox, *The regression analysis of binary sequences*, Journal of the Royal Statistical Society B 20, 1958.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sigmoid_cross_entropy([1000.0, -1000.0], [1, 1], reduction="none")
    array([   0., 1000.])
    >>> fl.sigmoid_cross_entropy.grad([0.0, 0.0], [1, 0], pos_weight=3.0, reduction="none")
    array([-1.5,  0.5])
    """


@row_loss("-sum(target*log(pred))", rows=True, axis=Integer(-1), eps=EPS)
def categorical_cross_entropy(pred: Any, target: Any) -> None:
    """Cross-entropy of rows of probabilities: ``-sum(t * log(p))`` for each row, with 0 log 0 = 0.

    The derivative is ``-t / p``. If the probabilities come from a softmax, give the logits to `softmax_cross_entropy`.

    Parameters
    ----------
    pred : array_like
        Probabilities, in [0, 1], the classes along `axis`. That a row sums to 1 is not checked.
    target : array_like
        Rows of probabilities, of the same shape.
    axis : int, default -1
        The axis of the classes. There is a loss for each element of the others.
    eps : float, default 0.0
        No logarithm's argument is taken below it: ``-t * log(max(p, eps))``; 0 <= eps < 0.5. Where it is, the derivative
        is 0.
    sample_weight : array_like, optional
        A weight >= 0 for each row: the shape of `pred` without `axis`.
    reduction, out
        As for `mse`; losses have the shape of `pred` without `axis`, gradients that of `pred`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a probability is outside [0, 1], and as for `mse`.
    TypeError
        As for `mse`.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.categorical_cross_entropy([[0.5, 0.5], [0.25, 0.75]], [[1, 0], [0, 1]], reduction="none").round(4)
    array([0.6931, 0.2877])
    """


@row_loss("-log(pred[id])", ids=True, ignore_index=Integer(None), axis=Integer(-1), eps=EPS)
def sparse_categorical_cross_entropy(pred: Any, target: Any) -> None:
    """Cross-entropy of rows of probabilities against class ids: ``-log(p[id])``.

    The derivative is ``-1 / p[id]`` at the id and 0 elsewhere. Nothing but ``p[id]`` is looked at.

    Parameters
    ----------
    pred : array_like
        Probabilities, in [0, 1], the classes along `axis`.
    target : array_like
        Class ids of any integer dtype, of the shape of `pred` without `axis`.
    ignore_index : int, optional
        Rows with this id have weight 0 and are not counted.
    axis, eps, sample_weight, reduction, out
        As for `categorical_cross_entropy`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a class id is not in [0, C), a probability that is used not in [0, 1], and as for `mse`.
    TypeError
        If class ids are no integers, and as for `mse`.

    References
    ----------
    Good, *Rational decisions*, Journal of the Royal Statistical Society B 14, 1952.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.sparse_categorical_cross_entropy([[0.5, 0.5], [0.25, 0.75]], [0, 1], reduction="none").round(4)
    array([0.6931, 0.2877])
    >>> fl.sparse_categorical_cross_entropy.grad([[0.5, 0.5]], [1])
    array([[ 0., -2.]])
    """


@row_loss(
    "logsumexp(pred)*sum(target) - sum(target*pred)",
    ids=True,
    rows=True,
    label_smoothing=SMOOTHING,
    class_weight=ClassWeight(None),
    ignore_index=Integer(None),
    axis=Integer(-1),
)
def softmax_cross_entropy(pred: Any, target: Any) -> None:
    """Cross-entropy of rows of logits: ``-log(softmax(x)[id])``, or ``logsumexp(x) * sum(t) - sum(t * x)`` for rows.

    `categorical_cross_entropy` of the softmax, but finite and exact to the last bits for logits of any size. The derivative
    is ``softmax(x) - t``, with t 1 at the class id and 0 elsewhere; the Hessian is given by its diagonal, ``p * (1 - p)``.

    Parameters
    ----------
    pred : array_like
        Logits, the classes along `axis`. -inf masks a class; a row of nothing else, or with +inf, gives nan.
    target : array_like
        Class ids of any integer dtype, of the shape of `pred` without `axis`; or rows of probabilities, of its shape.
    label_smoothing : float, default 0.0
        E: t becomes ``(1 - E) * t + E / C``, 0 <= E <= 1.
    class_weight : array_like, optional
        A finite weight >= 0 for each class, by which a row's weight is multiplied (rows of probabilities: by the sum of
        ``target * class_weight``).
    ignore_index : int, optional
        Rows with this class id have weight 0 and are not counted.
    axis : int, default -1
        The axis of the classes, 1 for images of layout N, C, H, W.
    sample_weight : array_like, optional
        A weight >= 0 for each row: the shape of `pred` without `axis`.
    reduction, out
        As for `mse`; losses have the shape of `pred` without `axis`, gradients that of `pred`.

    Returns
    -------
    float or ndarray
        As for `mse`.

    Raises
    ------
    ValueError
        If a class id is not in [0, C), a probability not in [0, 1], a parameter outside its interval, and as for `mse`.
    TypeError
        If class ids are no integers, and as for `mse`.

    References
    ----------
    Bridle, *Probabilistic interpretation of feedforward classification network outputs*, 1990. Label smoothing: Szegedy et
    al., *Rethinking the Inception architecture for computer vision*, 2016.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.softmax_cross_entropy([[0.0, 0.0], [1000.0, 0.0]], [0, 1], reduction="none").round(4).tolist()
    [0.6931, 1000.0]
    >>> fl.softmax_cross_entropy.grad([[0.0, 0.0]], [0])
    array([[-0.5,  0.5]])
    >>> fl.softmax_cross_entropy([[0.0, 0.0]], [2])
    Traceback (most recent call last):
        ...
    ValueError: target[0] is 2; class ids must be in [0, 2)
    """


log_loss: Loss = binary_cross_entropy
