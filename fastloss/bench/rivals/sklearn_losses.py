"""scikit-learn's private losses, with their outputs given."""

from __future__ import annotations

from typing import Any

import numpy as np
import sklearn
from sklearn._loss import loss as losses

from . import Candidate, Task


class Rival:
    """`loss` and `loss_gradient` of each sample, in Cython with OpenMP; the mean is then NumPy's."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        self.threads = threads
        return str(sklearn.__version__)

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task. Its squares and deviances are halves; its rows of classes are Fortran's."""
        made = MADE.get(task.loss)
        if made is None or task.pred.shape[1:] == (1,):  # of one class it makes no rows
            return None
        factor, loss = made(task.pred.shape[-1])
        pred, threads = task.pred, self.threads
        target = np.asarray(task.target > 0 if task.loss in SIGNS else task.target, pred.dtype)
        each = np.empty(len(pred), pred.dtype)
        if not task.gradient:
            run = lambda: loss.loss(target, pred, loss_out=each, n_threads=threads).mean()  # noqa: E731
            return Candidate(run, lambda cost: (factor * float(cost), None))

        def both() -> tuple[float, Any]:
            loss.loss_gradient(target, pred, loss_out=each, gradient_out=task.out, n_threads=threads)
            return each.mean(), task.out

        return Candidate(both, lambda pair: (factor * float(pair[0]), factor / len(pred) * pair[1]))


SIGNS = {"logistic", "exponential"}  # which it takes as 0 and 1
MADE: dict[str, Any] = {
    "mse": lambda classes: (2, losses.HalfSquaredError()),
    "mae": lambda classes: (1, losses.AbsoluteError()),
    "huber": lambda classes: (1, losses.HuberLoss(delta=1.0)),
    "quantile": lambda classes: (1, losses.PinballLoss(quantile=0.5)),
    "poisson_nll": lambda classes: (1, losses.HalfPoissonLoss()),
    "poisson_deviance": lambda classes: (2, losses.HalfTweedieLossIdentity(power=1)),
    "gamma_nll": lambda classes: (1, losses.HalfGammaLoss()),
    "gamma_deviance": lambda classes: (2, losses.HalfTweedieLossIdentity(power=2)),
    "tweedie_nll": lambda classes: (1, losses.HalfTweedieLoss(power=1.5)),
    "tweedie_deviance": lambda classes: (2, losses.HalfTweedieLossIdentity(power=1.5)),
    "logistic": lambda classes: (1, losses.HalfBinomialLoss()),
    "exponential": lambda classes: (1, losses.ExponentialLoss()),
    "sigmoid_cross_entropy": lambda classes: (1, losses.HalfBinomialLoss()),
    "softmax_cross_entropy": lambda classes: (1, losses.HalfMultinomialLoss(n_classes=classes)),
}
