"""What the examples beside this file share: two ways to an optimum, and how near they come to scikit-learn's."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize


def descend(objective, steps, step):
    """Plain gradient descent from zero: the best weights on the way.

    `step` is the length of a step, or a function of its number. The best weights are kept because the cost of a loss
    with a corner rises now and then.
    """
    w = np.zeros(objective.size)
    best, least = w, np.inf
    for i in range(steps):
        cost, gradient = objective(w)
        if cost < least:
            best, least = w, cost
        w = w - (step(i) if callable(step) else step) * gradient
    return best


def smoothness(X):
    """The greatest eigenvalue of the mean of x xᵀ, x with a 1 for the intercept: what bounds a step of descent."""
    return np.linalg.norm(np.column_stack([X, np.ones(len(X))]), 2) ** 2 / len(X)


@dataclass
class Comparison:
    """A cost at scikit-learn's weights, and how far two other ways end from it."""

    name: str
    estimator: str
    cost: float
    descent: float  # relative difference of the costs
    scipy: float

    def __str__(self):
        return (
            f"{self.name:22} {self.estimator:28} cost {self.cost:<8.5g}"
            f" descent: {digits(self.descent)} digits, scipy: {digits(self.scipy)} digits"
        )


def digits(difference):
    """How many decimal digits agree; more than nine are not counted."""
    return int(min(9, np.floor(-np.log10(max(abs(difference), 1e-15)))))


def compare(name, objective, estimator, reference, steps, step):
    """Minimise by plain descent and by scipy, and set the costs beside the one at the estimator's weights."""
    cost, _ = objective(reference)
    descent, _ = objective(descend(objective, steps, step))
    found = minimize(
        objective,
        np.zeros(objective.size),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-9},
    )
    return Comparison(name, type(estimator).__name__, cost, descent / cost - 1, found.fun / cost - 1)
