"""Modules of ``torch.nn`` whose values and gradients are computed here, on the CPU.

Each is a subclass of its namesake: constructor, buffers and state are PyTorch's, and so are the results.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from . import functional as F

__all__ = [
    "BCEWithLogitsLoss",
    "CrossEntropyLoss",
    "HuberLoss",
    "L1Loss",
    "MSELoss",
    "MultiMarginLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
]


class CrossEntropyLoss(nn.CrossEntropyLoss):
    """Softmax cross-entropy of logits against class ids or probabilities.

    Examples
    --------
    >>> import torch
    >>> from fastloss.adapters.torch.nn import CrossEntropyLoss
    >>> CrossEntropyLoss(label_smoothing=0.1)(torch.zeros(2, 4), torch.tensor([1, 3]))
    tensor(1.3863)
    """

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.cross_entropy(
            input,
            target,
            self.weight,
            ignore_index=self.ignore_index,
            reduction=self.reduction,
            label_smoothing=self.label_smoothing,
        )


class BCEWithLogitsLoss(nn.BCEWithLogitsLoss):
    """Sigmoid cross-entropy of logits and labels."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.binary_cross_entropy_with_logits(
            input, target, self.weight, reduction=self.reduction, pos_weight=self.pos_weight
        )


class MSELoss(nn.MSELoss):
    """Squared error."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.mse_loss(input, target, reduction=self.reduction)


class L1Loss(nn.L1Loss):
    """Absolute error."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.l1_loss(input, target, reduction=self.reduction)


class HuberLoss(nn.HuberLoss):
    """Huber's loss."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.huber_loss(input, target, self.reduction, self.delta)


class SmoothL1Loss(nn.SmoothL1Loss):
    """Huber's loss over beta."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.smooth_l1_loss(input, target, reduction=self.reduction, beta=self.beta)


class SoftMarginLoss(nn.SoftMarginLoss):
    """The logistic loss of scores, of labels -1 and 1."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.soft_margin_loss(input, target, reduction=self.reduction)


class PoissonNLLLoss(nn.PoissonNLLLoss):
    """exp(input) - target * input, of the logarithm of the mean."""

    def forward(self, log_input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.poisson_nll_loss(log_input, target, self.log_input, self.full, reduction=self.reduction)


class MultiMarginLoss(nn.MultiMarginLoss):
    """Weston and Watkins' hinge of scores against class ids, over the number of classes."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)
