"""Losses as operators of PyTorch, in the namespace ``fastloss``.

Design. An operator's schema knows tensors, numbers and text, so one operator serves every loss: which one, and its numbers,
is text such as ``"huber:delta=2.0"``; what has a number for each class or column is a row of the tensor `columns`, and the
text ends with the names of the rows. Text, unlike a handle, means the same in a graph that another process has compiled.

An operator returns value and gradient, from one pass. The gradient being an output, autograd follows it: the derivative of
``by_value * grad`` asks for that of `grad`, which is the product of the Hessian with a vector.
"""

from __future__ import annotations

import ctypes
import functools
import json
import mmap
from typing import Any

import numpy as np

from ..._core.domains import Array
from ..._core.families import Alignment
from ..._core.hyperparameters import Choice, Steps
from ..._core.loss import Loss
from ..._core.registry import with_parameters
from .._shared import imported
from ._losses import OWN

torch = imported("torch", "torch")
Function: Any = torch.autograd.Function
HALVES = (torch.float16, torch.bfloat16)
ARGUMENTS = "Tensor pred, Tensor target, Tensor? sample_weight, Tensor? columns"
SETTINGS = "str settings, str reduction"
MADVISE = ctypes.CDLL(None).madvise if hasattr(mmap, "MADV_HUGEPAGE") else None  # on Linux
LARGE, PAGE, HUGE = 1 << 22, mmap.PAGESIZE, getattr(mmap, "MADV_HUGEPAGE", None)


# ---- text ------------------------------------------------------------------------------------------------------------


def settings_of(loss: Loss, parameters: dict[str, Any]) -> tuple[str, Any]:
    """A loss and its keywords as text, and those that are arrays as rows of a tensor."""
    checked = dict(zip(loss._order, loss._checked(parameters), strict=True))
    text, names, rows = [loss.name], [], []
    for name in parameters:
        value = checked[name]
        if isinstance(value, Steps):
            text.append(f"{name}={json.dumps(value.thresholds, separators=(',', ':'))}")
        elif isinstance(value, np.ndarray):
            names.append(name)
            rows.append(torch.tensor(value))
        elif parameters[name] is not None:
            text.append(f"{name}={value if isinstance(loss.parameters[name], Choice) else json.dumps(value)}")
    return " ".join([":".join(text), *names]), torch.stack(rows) if rows else None


@functools.lru_cache(maxsize=1024)
def meant(settings: str) -> tuple[Any, dict[str, Any], list[str]]:
    """The loss, its numbers, and the names of the rows of `columns`."""
    text, *names = settings.split(" ")
    if text in OWN:
        return OWN[text], {}, []
    return *with_parameters(text), names


# ---- arrays ----------------------------------------------------------------------------------------------------------


def array(tensor: Any) -> Array:
    """The tensor's memory, as NumPy sees it."""
    tensor = tensor.detach()
    if tensor.dtype != torch.bfloat16:
        numbers: Array = tensor.numpy()
        return numbers
    bits: Array = tensor.view(torch.int16).numpy()
    return bits.view(imported("ml_dtypes", "torch").bfloat16)


def gradient_like(pred: Any) -> Any:
    """A tensor for a gradient. Of a large one, Linux hands over small pages more slowly than a loss fills them; huge ones are
    asked for, as NumPy does."""
    grad = torch.empty_like(pred)
    size = grad.untyped_storage().nbytes()
    if size >= LARGE and MADVISE is not None:
        MADVISE(
            ctypes.c_void_p(-(-grad.untyped_storage().data_ptr() // PAGE) * PAGE), ctypes.c_size_t(size - PAGE), HUGE
        )
    return grad


def dtype_of(pred: Any) -> Any:
    """The dtype of a result."""
    return pred.dtype if pred.dtype.is_floating_point or pred.dtype.is_complex else torch.float64


def value_like(pred: Any, settings: str, reduction: str) -> Any:
    """A tensor for the value: a number, or one for each sample."""
    loss, parameters, _ = meant(settings)
    if reduction != "none":
        return pred.new_empty((), dtype=dtype_of(pred))
    if isinstance(loss, Alignment):
        return pred.new_empty(pred.shape[:-2], dtype=dtype_of(pred))
    if "axis" not in loss.parameters:
        return torch.empty_like(pred, dtype=dtype_of(pred))
    samples, axis = list(pred.shape), parameters.get("axis", -1)
    del samples[axis : axis + 1 or None]  # of an axis that there is not the loss itself complains
    return pred.new_empty(samples, dtype=dtype_of(pred))


def arguments(
    target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str
) -> tuple[Any, Array, dict[str, Any]]:
    """A loss, its target and its keywords, as NumPy has them."""
    loss, parameters, names = meant(settings)
    rows = dict(zip(names, array(columns), strict=True)) if names else {}
    weight = None if sample_weight is None else array(sample_weight)
    return loss, array(target), {"sample_weight": weight, "reduction": reduction, **parameters, **rows}


# ---- operators -------------------------------------------------------------------------------------------------------


def operator(signature: str) -> Any:
    """Make a function of CPU tensors an operator."""
    return lambda f: torch.library.custom_op(
        f"fastloss::{f.__name__}", f, mutates_args=(), device_types="cpu", schema=signature
    )


@operator(f"({ARGUMENTS}, {SETTINGS}) -> Tensor")
def value(pred: Any, target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str) -> Any:
    """The cost, or the losses."""
    loss, labels, keywords = arguments(target, sample_weight, columns, settings, reduction)
    if reduction != "none":
        return torch.tensor(loss(array(pred), labels, **keywords), dtype=dtype_of(pred))
    losses = value_like(pred, settings, reduction)
    loss(array(pred), labels, out=array(losses), **keywords)
    return losses


@value.register_fake
def _(pred: Any, target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str) -> Any:
    return value_like(pred, settings, reduction)


@operator(f"({ARGUMENTS}, {SETTINGS}) -> (Tensor, Tensor)")
def value_and_grad(pred: Any, target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str) -> Any:
    """The cost or the losses, and their gradient."""
    loss, labels, keywords = arguments(target, sample_weight, columns, settings, reduction)
    grad = gradient_like(pred)
    if reduction != "none":
        cost, _ = loss.value_and_grad(array(pred), labels, out=array(grad), **keywords)
        return torch.tensor(cost, dtype=pred.dtype), grad
    losses = value_like(pred, settings, reduction)
    loss.value_and_grad(array(pred), labels, out=(array(losses), array(grad)), **keywords)
    return losses, grad


@value_and_grad.register_fake
def _(pred: Any, target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str) -> Any:
    return value_like(pred, settings, reduction), torch.empty_like(pred)


@operator(f"({ARGUMENTS}, Tensor vector, {SETTINGS}) -> Tensor")
def hvp(pred: Any, target: Any, sample_weight: Any, columns: Any, vector: Any, settings: str, reduction: str) -> Any:
    """The Hessian's product with a vector."""
    loss, labels, keywords = arguments(target, sample_weight, columns, settings, reduction)
    product = torch.empty_like(pred)
    loss.hvp(array(pred), labels, array(vector), out=array(product), **keywords)
    return product


def keep_all_but_the_vector(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    """Keep what the product with another vector is made of."""
    *tensors, _, ctx.settings, ctx.reduction = inputs
    ctx.save_for_backward(*tensors)


def from_product(ctx: Any, by_product: Any) -> tuple[Any, ...]:
    """The derivative with respect to the vector: the Hessian is symmetric. Those with respect to pred are refused (`Last`)."""
    vector = hvp(*ctx.saved_tensors, by_product, ctx.settings, ctx.reduction)
    return None, None, None, None, vector, None, None


hvp.register_autograd(from_product, setup_context=keep_all_but_the_vector)


@hvp.register_fake
def _(pred: Any, target: Any, sample_weight: Any, columns: Any, vector: Any, settings: str, reduction: str) -> Any:
    return torch.empty_like(pred)


# ---- derivatives -----------------------------------------------------------------------------------------------------


def keep_gradient(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, Any]) -> None:
    """Keep what derivatives are made of."""
    *tensors, ctx.settings, ctx.reduction = inputs
    ctx.save_for_backward(*tensors, output[1])
    ctx.set_materialize_grads(False)  # or every first derivative would compute the second, times zeros


class Last(Function):
    """The scores that second derivatives are taken at: there are no third ones."""

    @staticmethod
    def forward(pred: Any) -> Any:
        """The same tensor."""
        return pred.view_as(pred)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Nothing is kept."""

    @staticmethod
    def backward(ctx: Any, *_: Any) -> Any:
        """Refused: without it they would be 0."""
        raise NotImplementedError("fastloss has first and second derivatives, and no third ones")


def from_value_and_grad(ctx: Any, by_value: Any, by_grad: Any) -> tuple[Any, ...]:
    """The derivatives of value and gradient with respect to pred, times what is asked of each."""
    *tensors, grad = ctx.saved_tensors
    result = None
    if by_value is not None:
        result = spread(by_value, grad, ctx.settings, ctx.reduction) * grad
    if by_grad is not None:
        pred, *others = tensors
        product = hvp(Last.apply(pred), *others, by_grad, ctx.settings, ctx.reduction)
        result = product if result is None else result + product
    return result, None, None, None, None, None


def spread(by_value: Any, pred: Any, settings: str, reduction: str) -> Any:
    """What is asked of each sample's loss, along the axes that these have not."""
    while reduction == "none" and by_value.dim() < pred.dim():
        by_value = by_value.unsqueeze(meant(settings)[1].get("axis", -1))
    return by_value


value_and_grad.register_autograd(from_value_and_grad, setup_context=keep_gradient)


# ---- the way of a call -----------------------------------------------------------------------------------------------


class Once(Function):
    """The value, with a gradient that is handed over instead of copied: memory of its size takes longer to get than to fill.

    Only the first backward pass has it. Another one over the same graph, or one that is to be differentiated itself, asks
    the operator again. Compiled graphs, in which the multiplication costs nothing, have the operator alone.
    """

    @staticmethod
    def forward(*call: Any) -> Any:
        """The value and the gradient."""
        return value_and_grad(*call)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: tuple[Any, Any]) -> None:
        """Keep the gradient apart from what autograd keeps."""
        *tensors, ctx.settings, ctx.reduction = inputs
        ctx.save_for_backward(*tensors)
        ctx.mark_non_differentiable(output[1])
        ctx.set_materialize_grads(False)  # zeros of its size for what cannot be asked of it
        ctx.grad = output[1]

    @staticmethod
    def backward(ctx: Any, by_value: Any, _: Any) -> tuple[Any, ...]:
        """The gradient, times what is asked of the value."""
        if by_value is None:
            return (None,) * 6
        grad, ctx.grad = ctx.grad, None
        by_value = spread(by_value, ctx.saved_tensors[0], ctx.settings, ctx.reduction)
        if grad is None or torch.is_grad_enabled():
            grad = by_value * value_and_grad(*ctx.saved_tensors, ctx.settings, ctx.reduction)[1]
        else:
            try:
                if by_value.dim() or by_value != 1:
                    grad *= by_value
            except RuntimeError:  # of many gradients at once, which vmap neither compares nor writes in place
                grad = grad * by_value
        return grad, None, None, None, None, None


def evaluated(
    pred: Any, target: Any, sample_weight: Any, columns: Any, settings: str, reduction: str, argument: str = "pred"
) -> Any:
    """The value, which autograd follows to pred alone; `argument` is what the caller knows it as."""
    for name, x in ((argument, pred), ("target", target), ("sample_weight", sample_weight)):
        if not isinstance(x, torch.Tensor) and not (x is None and name == "sample_weight"):
            raise TypeError(f"{name} must be a torch.Tensor, not {type(x).__name__}")
        if x is not None and x.device != pred.device:
            raise ValueError(f"{name} is on {x.device} but {argument} is on {pred.device}")
    if pred.dtype in HALVES and torch.is_autocast_enabled("cpu"):  # as PyTorch has its losses there
        pred = pred.float()
        target = target.float() if target.dtype in HALVES else target
    call = (pred, target, sample_weight, columns, settings, reduction)
    if not torch.is_grad_enabled():
        return value(*call)
    for name, x in (("target", target), ("sample_weight", sample_weight), ("a weight for each class", columns)):
        if x is not None and x.requires_grad:
            raise ValueError(
                f"{name} requires a gradient but would get none: only {argument} gets one; pass it detached"
            )
    if not pred.requires_grad:
        return value(*call)
    return (value_and_grad if torch.compiler.is_compiling() else Once.apply)(*call)[0]
