"""Losses by the names, arguments and means that they have in ``torch.nn.functional``, on the CPU.

Each gives what its namesake gives for tensors that both take. Shapes must be equal, never broadcast; targets and weights must
be in the loss's domain, and get no gradient. The long-deprecated `size_average` and `reduce` are not accepted.
"""

from __future__ import annotations

import math
from typing import Any

import torch

from ._operators import evaluated

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "ctc_loss",
    "gaussian_nll_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "mse_loss",
    "multi_margin_loss",
    "poisson_nll_loss",
    "smooth_l1_loss",
    "soft_margin_loss",
    "triplet_margin_loss",
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
    value, total = _of_terms(input, terms, there, weight.max(), settings, "sum"), (weight[ids] * there).sum()
    return torch.where(total == 0, torch.nan, value / torch.where(total == 0, 1, total))  # whose gradient is 0, not NaN


def binary_cross_entropy(input: Any, target: Any, weight: Any = None, *, reduction: str = "mean") -> Any:
    """Cross-entropy of probabilities and labels of the same shape, whose logarithms stop at -100, as PyTorch's do.

    Parameters
    ----------
    input, target : Tensor
    weight : Tensor, optional
        Of a shape that broadcasts to theirs. The mean divides by N nevertheless.
    reduction
        As in PyTorch.

    Returns
    -------
    Tensor
    """
    return _value(input, target, "torch.binary_cross_entropy", _by_count(reduction), _like(input, weight))


def binary_cross_entropy_with_logits(
    input: Any, target: Any, weight: Any = None, *, reduction: str = "mean", pos_weight: Any = None
) -> Any:
    """Sigmoid cross-entropy of logits and labels of the same shape.

    Parameters
    ----------
    input, target : Tensor
    weight : Tensor, optional
        Of a shape that broadcasts to theirs. The mean divides by N nevertheless.
    reduction
        As in PyTorch.
    pos_weight : Tensor, optional
        One number, or one for each column.

    Returns
    -------
    Tensor
    """
    weight = _like(input, weight)
    if pos_weight is None:
        return _value(input, target, "sigmoid_cross_entropy", _by_count(reduction), weight)
    if pos_weight.numel() == 1 and input.dim():
        pos_weight = pos_weight.reshape(1).expand(input.shape[-1:])
    if pos_weight.dim() != 1:
        shape = tuple(pos_weight.shape)
        raise ValueError(f"pos_weight has shape {shape}; it must be one number, or one for each column of input")
    return _value(input, target, "sigmoid_cross_entropy pos_weight", _by_count(reduction), weight, pos_weight[None])


def kl_div(input: Any, target: Any, *, reduction: str = "mean", log_target: bool = False) -> Any:
    """target * (log(target) - input), of logarithms of probabilities; of `target` too with `log_target`.

    Parameters
    ----------
    input, target : Tensor
    reduction : {"mean", "batchmean", "sum", "none"}
        As in PyTorch: ``"mean"`` divides by the count of all numbers, ``"batchmean"`` by the length of the first axis.
    log_target
        As in PyTorch.

    Returns
    -------
    Tensor
    """
    settings = "torch.kl_div_of_logarithms" if log_target else "torch.kl_div"
    if reduction == "batchmean":
        total = _value(input, target, settings, "sum")
        return total / input.shape[0] if input.dim() else total
    return _value(input, target, settings, _by_count(reduction))


def gaussian_nll_loss(
    input: Any, target: Any, var: Any, full: bool = False, eps: float = 1e-6, *, reduction: str = "mean"
) -> Any:
    """(log(var) + (input - target)**2 / var) / 2, of means and variances, which both get gradients.

    Parameters
    ----------
    input, target : Tensor
    var : Tensor or float
        Variances of input's shape; or without its last axis, or of length 1 along one axis. Variances below `eps` are replaced
        by it, with the slope there, as in PyTorch.
    full, eps, reduction
        As in PyTorch.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If a variance is negative, or their shape does not fit.
    """
    if not isinstance(var, torch.Tensor):
        var = torch.full_like(input, var)
    if var.shape == input.shape[:-1]:
        var = var.unsqueeze(-1)
    pairs = list(zip(input.shape, var.shape, strict=False))
    if var.dim() != input.dim() or any(n != m and m != 1 for n, m in pairs) or sum(n != m for n, m in pairs) > 1:
        raise ValueError(f"input has shape {tuple(input.shape)} but var has shape {tuple(var.shape)}")
    if not torch.compiler.is_compiling() and (var < 0).any():
        raise ValueError(f"var has the negative number {var.min().item()}; variances must be >= 0")
    computed = _at_least_single(input.dtype)
    var = var.to(computed)
    var = var + (torch.where(var < 0, torch.nan, var.clamp(min=eps)) - var).detach()
    pred = torch.stack([input.to(computed), var.expand(input.shape).log()], dim=-1)
    value = _value(pred, target, "gaussian_nll", reduction)
    if full:
        value = value + 0.5 * math.log(2 * math.pi) * (input.numel() if reduction == "sum" else 1)
    return value.to(input.dtype)


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
    input: Any, target: Any, log_input: bool = True, full: bool = False, *, eps: float = 1e-8, reduction: str = "mean"
) -> Any:
    """exp(input) - target * input, of the logarithm of the mean; or input - target * log(input + eps), of the mean.

    Parameters
    ----------
    input, target : Tensor
        A mean plus `eps` must be > 0.
    log_input, full, eps, reduction
        As in PyTorch: `full` adds Stirling's approximation of the rest, where targets are above 1.

    Returns
    -------
    Tensor
    """
    if log_input and not full:
        return _value(input, target, "poisson_nll", reduction)
    computed = input.to(_at_least_single(input.dtype))
    counts = target.detach().double()
    rest = torch.zeros_like(counts)  # which no mean changes
    if log_input:
        value = _value(computed, target, "poisson_nll", reduction)
    else:
        value = _value(computed + eps, target, "poisson_deviance", reduction) / 2
        rest = counts - torch.xlogy(counts, counts) - eps
    if full:
        stirling = torch.xlogy(counts, counts) - counts + 0.5 * torch.log(2 * math.pi * counts)
        rest = rest + torch.where(counts > 1, stirling, 0)
    if reduction != "none":
        rest = rest.sum() if reduction == "sum" else rest.mean()
    return (value + rest).to(input.dtype)


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


def triplet_margin_loss(
    anchor: Any,
    positive: Any,
    negative: Any,
    margin: float = 1.0,
    p: float = 2,
    eps: float = 1e-6,
    swap: bool = False,
    *,
    reduction: str = "mean",
) -> Any:
    """max(0, margin + |anchor - positive + eps| - |anchor - negative + eps|), of rows of shape (N, C), which all get gradients.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `p` is not 2, `swap` is true, or `reduction` is ``"none"``.
    """
    if p != 2 or swap:
        raise ValueError(f"p is {p} and swap is {swap}; they must be 2 and False")
    if reduction == "none":
        raise ValueError("reduction is 'none', but triplet is a cost of a whole batch; it must be 'mean' or 'sum'")
    if anchor.dim() != 2 or not anchor.shape == positive.shape == negative.shape:
        shown = ", ".join(str(tuple(x.shape)) for x in (anchor, positive, negative))
        raise ValueError(f"anchor, positive and negative have shapes {shown}; they must have one, (N, C)")
    count = anchor.shape[0]
    places = torch.arange(3 * count).reshape(3, count).T
    rows = torch.cat([anchor + eps, positive, negative])
    return _value(rows, places, f"triplet:margin={constant(margin)}", reduction)


def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Connectionist temporal classification; the mean is one of losses over lengths of labels, as in PyTorch.

    Parameters
    ----------
    log_probs : Tensor, shape (frames, N, C) or (frames, C)
        Logarithms of probabilities, such as those of ``log_softmax``; PyTorch's gradient is right only for these.
    targets : Tensor, shape (N, labels) or (sum of the lengths,)
    input_lengths, target_lengths : Tensor, or sequence of int
    blank, reduction, zero_infinity
        As in PyTorch. The gradient of an infinite loss is 0, where PyTorch's is NaN.

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        If `log_probs` are not logarithms of probabilities, or as `ctc`.
    """
    single = log_probs.dim() == 2
    frames, lengths = (torch.as_tensor(n, dtype=torch.int64).reshape(-1) for n in (input_lengths, target_lengths))
    if targets.dim() == 1 and not single:
        places = torch.arange(int(lengths.max()))
        ids = targets[(lengths.cumsum(0) - lengths)[:, None].add(places).clamp(max=max(len(targets) - 1, 0))]
    else:
        ids = targets.reshape(1, -1) if single else targets
        places = torch.arange(ids.shape[-1])
    ids = torch.where(places < lengths[:, None], ids, -1)
    rows = (log_probs.unsqueeze(1) if single else log_probs).transpose(0, 1)
    _check_logarithms(rows.detach(), frames)
    losses = _value(rows, ids, f"ctc:blank={constant(blank)} lengths", "none", columns=frames[None])
    if zero_infinity:
        losses = torch.where(torch.isinf(losses), 0, losses)
    if reduction == "mean":
        return (losses / lengths.clamp(min=1)).mean()
    if reduction == "sum":
        return losses.sum()
    if reduction != "none":
        raise ValueError(f"reduction is {reduction!r}; it must be 'mean', 'sum' or 'none'")
    return losses[0] if single else losses


def _check_logarithms(rows: Any, frames: Any) -> None:
    """That the probabilities of each frame sum to 1, but for rounding."""
    allowed = 16 * torch.finfo(rows.dtype).eps * (2 + math.log(rows.shape[-1]))
    there = torch.arange(rows.shape[1]) < frames[:, None]
    good = ((rows.logsumexp(-1).abs() <= allowed) | ~there).all()
    text = "log_probs must be logarithms of probabilities that sum to 1 in each frame, as log_softmax gives"
    if torch.compiler.is_compiling():
        torch._assert_async(good, text)
    elif not good:
        raise ValueError(text)


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


def _like(input: Any, weight: Any) -> Any:
    """Weights as often as there are numbers."""
    return None if weight is None else weight.expand(input.shape)


def _at_least_single(dtype: Any) -> Any:
    """The dtype that several steps are computed in."""
    return dtype if dtype == torch.float64 else torch.float32


def _by_count(reduction: str) -> str:
    """The mean that divides by N."""
    return "batch_mean" if reduction == "mean" else reduction


def _of_terms(input: Any, terms: Any, there: Any, largest: Any, settings: str, reduction: str) -> Any:
    """The cross-entropy against terms that are probabilities times weights: brought into [0, 1], and back."""
    largest = torch.where(largest > 0, largest, 1)
    return _value(input, (terms / largest).clamp(max=1), settings, reduction, there) * largest


def _along(weight: Any, axis: int, axes: int) -> Any:
    """A weight for each class, on the classes' axis of as many."""
    return weight.reshape([-1 if i == axis else 1 for i in range(axes)])
