"""PyTorch, as written: forward without a graph; forward and backward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional

from . import Candidate, Task


class Rival:
    """The functions of `torch.nn.functional`, and expressions where it has none."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        torch.set_num_threads(threads)
        return str(torch.__version__)

    def made(self, formula: Callable[[Any, Any], Any], task: Task) -> Callable[[Any, Any], Any]:
        """What is run in the formula's place."""
        return formula

    def prepare(self, task: Task) -> Candidate:
        """Its way to do the task."""
        formula = self.made(FORMULAS[task.loss], task)
        pred, target = torch.from_numpy(task.pred), torch.from_numpy(task.target)
        if task.gradient:
            pred.requires_grad_()

            def both() -> tuple[Any, Any]:
                cost = formula(pred, target)
                return cost, torch.autograd.grad(cost, pred)[0]

            return Candidate(both, lambda pair: (pair[0].item(), pair[1].numpy()))

        def cost() -> Any:
            with torch.inference_mode():
                return formula(pred, target)

        return Candidate(cost, lambda answer: (answer.item(), None))


def hinge(s: Any, t: Any) -> Any:
    """max(0, 1 - t·s)."""
    return torch.clamp(1 - t * s, min=0)


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "mse": functional.mse_loss,
    "rmse": lambda p, t: torch.sqrt(functional.mse_loss(p, t)),
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
    "pseudo_huber": lambda p, t: torch.mean(torch.sqrt(1 + (p - t) ** 2) - 1),
    "hinge": lambda p, t: torch.mean(hinge(p, t)),
    "squared_hinge": lambda p, t: torch.mean(hinge(p, t) ** 2),
    "binary_cross_entropy": functional.binary_cross_entropy,
    "sigmoid_cross_entropy": functional.binary_cross_entropy_with_logits,
    "categorical_cross_entropy": lambda p, t: -torch.sum(t * torch.log(p)) / len(p),
    "sparse_categorical_cross_entropy": lambda p, t: -torch.mean(torch.log(p.gather(1, t[:, None]))),
    "softmax_cross_entropy": functional.cross_entropy,
    "kl_divergence": lambda p, t: functional.kl_div(torch.log(p), t, reduction="batchmean"),
    "softmax_kl_divergence": lambda x, t: functional.kl_div(torch.log_softmax(x, 1), t, reduction="batchmean"),
}
