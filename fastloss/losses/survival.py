"""Losses of the time until something happens."""

from __future__ import annotations

from .._core import constants
from .._core.families import Structured, loss
from .._core.hyperparameters import Choice
from .._core.inputs import SURVIVAL


@loss(
    Structured,
    "sum over events of log(sum over those at risk of exp(pred)) - pred",
    SURVIVAL,
    shown=("Σ over events of log Σ eˢ of who is at risk − s", "Σ over events of eˢ/Σ eˢ − 1 for its own"),
    constant=constants.zero,
    link="log",
    ties=Choice(
        "breslow",
        options=("breslow", "efron"),
        text='What events at the same time count for: ``"breslow"``, each sees all that are at risk; ``"efron"``, each of d '
        "sees what is left of the d on average.",
    ),
)
def cox() -> None:
    """Negative log partial likelihood of Cox's proportional hazards model, of log relative hazards. A cost of the whole batch.

    Each event costs ``log(sum(w * exp(pred)))``, over everyone at risk when it happens, minus its own ``pred``. Weights multiply
    events and those at risk alike. Each event is compared with everyone whose time is the same or later; a subject censored at the
    time of an event still counts as at risk. ``"mean"`` divides by the weights of the events: c times all weights adds log(c) to
    it, as in R's ``coxph``, and changes none of its derivatives.

    References
    ----------
    Cox, *Regression models and life-tables*, Journal of the Royal Statistical Society B 34, 1972. Ties: Breslow, *Covariance
    analysis of censored survival data*, Biometrics 30, 1974; Efron, *The efficiency of Cox's likelihood function for censored
    data*, Journal of the American Statistical Association 72, 1977.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.cox([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], reduction="sum")           # log(3!)
    1.791759469228055
    >>> fl.cox.grad([0.0, 0.0], [1.0, -2.0])                                # the second was well when last seen
    array([-0.5,  0.5])
    """
