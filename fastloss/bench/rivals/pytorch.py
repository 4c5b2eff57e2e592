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

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task."""
        if task.loss not in FORMULAS:
            return None
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


def focal(losses: Any) -> Any:
    """(1 − p)²·−log p, of the latter."""
    return torch.mean((1 - torch.exp(-losses)) ** 2 * losses)


def poly(losses: Any) -> Any:
    """−log p + 1 − p, of the first."""
    return torch.mean(losses + 1 - torch.exp(-losses))


FORMULAS: dict[str, Callable[[Any, Any], Any]] = {
    "mse": functional.mse_loss,
    "rmse": lambda p, t: torch.sqrt(functional.mse_loss(p, t)),
    "mae": functional.l1_loss,
    "huber": functional.huber_loss,
    "quantile": lambda p, t: functional.l1_loss(p, t) / 2,
    "expectile": lambda p, t: functional.mse_loss(p, t) / 2,
    "msle": lambda p, t: functional.mse_loss(torch.log1p(p), torch.log1p(t)),
    "rmsle": lambda p, t: torch.sqrt(functional.mse_loss(torch.log1p(p), torch.log1p(t))),
    "poisson_nll": functional.poisson_nll_loss,
    "logistic": functional.soft_margin_loss,
    "pseudo_huber": lambda p, t: torch.mean(torch.sqrt(1 + (p - t) ** 2) - 1),
    "hinge": lambda p, t: torch.mean(hinge(p, t)),
    "squared_hinge": lambda p, t: torch.mean(hinge(p, t) ** 2),
    "binary_cross_entropy": functional.binary_cross_entropy,
    "sigmoid_cross_entropy": functional.binary_cross_entropy_with_logits,
    "categorical_cross_entropy": lambda p, t: -torch.sum(t * torch.log(p)) / len(p),
    "sparse_categorical_cross_entropy": lambda p, t: -torch.mean(torch.log(p.gather(1, t[:, None]))),
    "softmax_cross_entropy": functional.cross_entropy,
    "softmax_focal": lambda x, t: focal(functional.cross_entropy(x, t, reduction="none")),
    "softmax_poly": lambda x, t: poly(functional.cross_entropy(x, t, reduction="none")),
    "weston_watkins_hinge": lambda s, t: s.shape[1] * functional.multi_margin_loss(s, t),
    "kl_divergence": lambda p, t: functional.kl_div(torch.log(p), t, reduction="batchmean"),
    "reverse_kl_divergence": lambda p, t: functional.kl_div(torch.log(t), p, reduction="batchmean"),
    "softmax_kl_divergence": lambda x, t: functional.kl_div(torch.log_softmax(x, 1), t, reduction="batchmean"),
    "softmax_reverse_kl_divergence": lambda x, t: functional.kl_div(
        torch.log(t), torch.log_softmax(x, 1), reduction="batchmean", log_target=True
    ),
    "gaussian_nll": lambda p, t: functional.gaussian_nll_loss(p[:, 0], t, torch.exp(p[:, 1])),
    "cosine_distance": lambda p, t: 1 - functional.cosine_similarity(p, t).mean(),
}
