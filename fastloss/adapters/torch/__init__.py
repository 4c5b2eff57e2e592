"""Losses that PyTorch differentiates, on the CPU: one pass over memory for value and gradient, and nothing copied.

`function` makes one from any loss; `functional` and `nn` have those that PyTorch has too, with its names, arguments and means.
"""

from __future__ import annotations

from typing import Any

from ..._core.arguments import known_reduction
from ..._core.loss import Loss
from .._shared import resolved
from . import _operators, functional, nn

__all__ = ["Function", "function", "functional", "nn"]


def function(loss: str | Loss, *, reduction: str = "mean", **parameters: Any) -> Function:
    """A loss as a function of tensors, which autograd follows.

    Value and gradient come from one pass over the tensors where they are, by operators that ``torch.compile`` knows. Second
    derivatives are available, for losses of rows too.

    Parameters
    ----------
    loss : str or Loss
        The loss, or its name.
    reduction : {"mean", "sum", "batch_mean", "none"}
        As for the loss itself.
    **parameters
        Keyword arguments of the loss, such as ``delta``.

    Returns
    -------
    Function
        A callable ``(pred, target, sample_weight=None) -> Tensor`` of CPU tensors; the result has the dtype of `pred`; a cost
        is rounded to it once. Only `pred` gets a gradient.

    Raises
    ------
    ValueError
        If there is no such loss, a parameter is outside its domain, or the reduction has no meaning for the loss; when it
        is called, as the loss, or if another tensor than `pred` requires a gradient.
    TypeError
        If the loss has no such keyword.

    Examples
    --------
    >>> import torch
    >>> from fastloss.adapters.torch import function
    >>> huber = function("huber", delta=2.0)
    >>> pred = torch.tensor([1.0, 5.0], requires_grad=True)
    >>> cost = huber(pred, torch.zeros(2))
    >>> cost
    tensor(4.2500, grad_fn=<...>)
    >>> cost.backward()
    >>> pred.grad
    tensor([0.5000, 1.0000])
    """
    loss = resolved(loss, parameters)
    reduction = known_reduction(reduction)
    if reduction not in loss.reductions:
        raise ValueError(f"{loss.name} is {loss.kind}; reduction={reduction!r} has no meaning for it")
    return Function(loss, reduction, parameters)


class Function:
    """A loss as a function of tensors; made by `function`."""

    def __init__(self, loss: Loss, reduction: str, parameters: dict[str, Any]) -> None:
        self.loss = loss
        self.reduction = reduction
        self.parameters = parameters
        self.__name__ = loss.name
        self._settings, self._columns = _operators.settings_of(loss, parameters)

    def __repr__(self) -> str:
        given = "".join(f", {name}={value!r}" for name, value in self.parameters.items())
        return f"<torch function of {self.loss.name}{given}, reduction={self.reduction!r}>"

    def __deepcopy__(self, memo: Any) -> Function:
        return self

    def __call__(self, pred: Any, target: Any, sample_weight: Any = None) -> Any:
        """The cost or the losses.

        Parameters
        ----------
        pred, target, sample_weight : Tensor
            As for the loss.

        Returns
        -------
        Tensor
        """
        return _operators.evaluated(pred, target, sample_weight, self._columns, self._settings, self.reduction)
