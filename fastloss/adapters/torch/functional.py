"""Losses by the names, arguments and means that they have in ``torch.nn.functional``, on the CPU.

Each gives what its namesake gives for tensors that both take. Shapes must be equal, never broadcast; targets and weights must
be in the loss's domain, and get no gradient. The long deprecated `size_average` and `reduce` are not taken.
"""

from __future__ import annotations

from typing import Any

import torch

from ._operators import evaluated

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "huber_loss",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
]


def cross_entropy(
    input: Any,
    target: Any,
    weight: Any = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Any:
    """Softmax cross-entropy of logits of shape (C), (N, C) or (N, C, ...), against class ids or probabilities.

    Parameters
    ----------
    input, target, weight : Tensor
        The weight of each class multiplies its term; the mean divides by the weights of the targets, for probabilities by N.
    ignore_index, reduction, label_smoothing
        As in PyTorch.

    Returns
    -------
    Tensor

    Examples
    --------
    >>> import torch
    >>> from fastloss.adapters.torch.functional import cross_entropy
    >>> cross_entropy(torch.zeros(2, 4), torch.tensor([1, 3]))
    tensor(1.3863)
    """
    axis = min(1, input.dim() - 1)
    settings = f"softmax_cross_entropy:axis={axis}"
    smoothing = f":label_smoothing={constant(label_smoothing)}"
    if target.shape == input.shape and target.is_floating_point():
        if weight is None:
            return _value(input, target, settings + smoothing, reduction)
        terms = _along(weight, axis, input.dim()) * (
            target * (1 - label_smoothing) + label_smoothing / input.shape[axis]
        )
        return _of_terms(input, terms, None, weight.max(), settings, "batch_mean" if reduction == "mean" else reduction)
    if weight is None or not label_smoothing:
        settings += f":ignore_index={constant(ignore_index)}{smoothing}"
        settings, columns = (settings, None) if weight is None else (settings + " class_weight", weight[None])
        return _value(input, target, settings, reduction, columns=columns)
    there = target != ignore_index
    ids = torch.where(there, target, 0)
    terms = (label_smoothing / input.shape[axis] * _along(weight, axis, input.dim())).expand(input.shape)
    own = (1 - label_smoothing) * weight[ids]
    terms = terms.scatter_add(axis, ids.unsqueeze(axis), own.unsqueeze(axis))
    if reduction != "mean":
        return _of_terms(input, terms, there, weight.max(), settings, reduction)
    return _of_terms(input, terms, there, weight.max(), settings, "sum") / (weight[ids] * there).sum()


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Sigmoid cross-entropy of logits and labels of the same shape.

    Parameters
    ----------
    input, target : Tensor
    weight : Tensor, optional
        Of a shape that broadcasts to theirs. The mean divides by N all the same.
    reduction
        As in PyTorch.
    pos_weight : Tensor, optional
        One number, or one for each column.

    Returns
    -------
    Tensor
    """
    if weight is not None:
        weight = weight.expand(input.shape)
    if pos_weight is None:
        return _value(input, target, "sigmoid_cross_entropy", _by_count(reduction), weight)
    if pos_weight.numel() == 1 and input.dim():
        pos_weight = pos_weight.reshape(1).expand(input.shape[-1:])
    if pos_weight.dim() != 1:
        shape = tuple(pos_weight.shape)
        raise ValueError(f"pos_weight has shape {shape}; it must be one number, or one for each column of input")
    return _value(input, target, "sigmoid_cross_entropy pos_weight", _by_count(reduction), weight, pos_weight[None])


def mse_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """Squared error; the mean divides by the sum of the weights, as in PyTorch, which take their shape.

    Returns
    -------
    Tensor
    """
    return _value(input, target, "mse", reduction, weight)


def l1_loss(input: Any, target: Any, *, reduction: str = "mean", weight: Any = None) -> Any:
    """Absolute error; the mean divides by the sum of the weights, as in PyTorch.

    Returns
    -------
    Tensor
    """
    return _value(input, target, "mae", reduction, weight)


def huber_loss(input: Any, target: Any, reduction: str = "mean", delta: float = 1.0, weight: Any = None) -> Any:
    """Huber's loss; the mean divides by N, with weights too, as in PyTorch.

    Returns
    -------
    Tensor
    """
    return _value(input, target, f"huber:delta={constant(delta)}", _by_count(reduction), weight)


def smooth_l1_loss(input: Any, target: Any, *, reduction: str = "mean", beta: float = 1.0) -> Any:
    """Huber's loss over beta; the absolute error where that is 0.

    Returns
    -------
    Tensor
    """
    return huber_loss(input, target, reduction, beta) / beta if beta else l1_loss(input, target, reduction=reduction)


def soft_margin_loss(input: Any, target: Any, *, reduction: str = "mean") -> Any:
    """The logistic loss of scores, of labels -1 and 1.

    Returns
    -------
    Tensor
    """
    return _value(input, target, "logistic", reduction)


def poisson_nll_loss(
    input: Any, target: Any, log_input: bool = True, full: bool = False, *, reduction: str = "mean"
) -> Any:
    """exp(input) - target * input, of the logarithm of the mean.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `log_input` is false or `full` is true.
    """
    if not log_input or full:
        raise ValueError(f"log_input is {log_input} and full is {full}; they must be True and False")
    return _value(input, target, "poisson_nll", reduction)


def multi_margin_loss(
    input: Any, target: Any, p: int = 1, margin: float = 1.0, weight: Any = None, *, reduction: str = "mean"
) -> Any:
    """Weston and Watkins' hinge of scores of shape (N, C) against class ids, over C; the mean divides by N.

    Returns
    -------
    Tensor
    """
    settings = f"weston_watkins_hinge:margin={constant(margin)}:power={constant(p)}"
    settings, columns = (settings, None) if weight is None else (settings + " class_weight", weight[None])
    return _value(input, target, settings, _by_count(reduction), columns=columns) / input.shape[-1]


def constant(number: Any) -> Any:
    """A number for the text. A compiled graph is one of this number: PyTorch would let it vary after the second one it sees."""
    if torch.compiler.is_compiling():
        from torch.fx.experimental.symbolic_shapes import guard_scalar

        return guard_scalar(number)
    return number


def _value(
    input: Any, target: Any, settings: str, reduction: str, sample_weight: Any = None, columns: Any = None
) -> Any:
    return evaluated(input, target, sample_weight, columns, settings, reduction, "input")


def _by_count(reduction: str) -> str:
    """The mean that divides by N."""
    return "batch_mean" if reduction == "mean" else reduction


def _of_terms(input: Any, terms: Any, there: Any, largest: Any, settings: str, reduction: str) -> Any:
    """The cross-entropy against terms that are probabilities times weights: brought into [0, 1], and back."""
    largest = torch.where(largest > 0, largest, 1)
    return _value(input, terms / largest, settings, reduction, there) * largest


def _along(weight: Any, axis: int, axes: int) -> Any:
    """A weight for each class, on the classes' axis of as many."""
    return weight.reshape([-1 if i == axis else 1 for i in range(axes)])
