"""Modules of ``torch.nn`` whose values and gradients are computed here, on the CPU.

Each is a subclass of its namesake: constructor, buffers and state are PyTorch's, and so are the results.
"""

from __future__ import annotations

from typing import Any

from torch import nn

from . import functional as F

__all__ = [
    "BCELoss",
    "BCEWithLogitsLoss",
    "CTCLoss",
    "CrossEntropyLoss",
    "GaussianNLLLoss",
    "HuberLoss",
    "KLDivLoss",
    "L1Loss",
    "MSELoss",
    "MultiMarginLoss",
    "PoissonNLLLoss",
    "SmoothL1Loss",
    "SoftMarginLoss",
    "TripletMarginLoss",
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


class BCELoss(nn.BCELoss):
    """Cross-entropy of probabilities and labels."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.binary_cross_entropy(input, target, self.weight, reduction=self.reduction)


class KLDivLoss(nn.KLDivLoss):
    """The divergence of the target from logarithms of probabilities."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.kl_div(input, target, reduction=self.reduction, log_target=self.log_target)


class GaussianNLLLoss(nn.GaussianNLLLoss):
    """The negative log-likelihood of a normal distribution, of means and variances."""

    def forward(self, input: Any, target: Any, var: Any) -> Any:
        """The cost, or the losses."""
        return F.gaussian_nll_loss(input, target, var, self.full, self.eps, reduction=self.reduction)


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
    """The negative log-likelihood of counts, of the logarithm of their mean, or of the mean."""

    def forward(self, log_input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.poisson_nll_loss(log_input, target, self.log_input, self.full, eps=self.eps, reduction=self.reduction)


class MultiMarginLoss(nn.MultiMarginLoss):
    """Weston and Watkins' hinge of scores against class ids, over the number of classes."""

    def forward(self, input: Any, target: Any) -> Any:
        """The cost, or the losses."""
        return F.multi_margin_loss(input, target, self.p, self.margin, self.weight, reduction=self.reduction)


class TripletMarginLoss(nn.TripletMarginLoss):
    """The hinge of two distances: to a row of the same kind, and of another."""

    def forward(self, anchor: Any, positive: Any, negative: Any) -> Any:
        """The cost."""
        return F.triplet_margin_loss(
            anchor, positive, negative, self.margin, self.p, self.eps, self.swap, reduction=self.reduction
        )


class CTCLoss(nn.CTCLoss):
    """Connectionist temporal classification."""

    def forward(self, log_probs: Any, targets: Any, input_lengths: Any, target_lengths: Any) -> Any:
        """The cost, or the losses."""
        return F.ctc_loss(
            log_probs, targets, input_lengths, target_lengths, self.blank, self.reduction, self.zero_infinity
        )
