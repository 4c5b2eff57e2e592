"""What every loss is tested with: inputs that suit it, and its formula in exact arithmetic.

The formulas are written down again here, from the literature and not from the package, for mpmath numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import mpmath as mp
import numpy as np

import fastloss as fl
from fastloss._core.families import Pointwise, Root, RowLoss
from fastloss._core.registry import REGISTRY

POINTWISE = {
    name: x for name, x in REGISTRY.items() if isinstance(x, (Pointwise, Root)) and name not in ("log_cosh", "rmsle")
}
ROWS = {name: x for name, x in REGISTRY.items() if isinstance(x, RowLoss) and name != "softmax_focal"}

REGISTRY = {**POINTWISE, **ROWS}

mp.mp.dps = 50


@dataclass(frozen=True)
class Case:
    name: str
    inputs: Callable[[Any, int], tuple[np.ndarray, np.ndarray]]
    value: Callable[..., Any]
    grad: Callable[..., Any]
    hess: Callable[..., Any]
    parameters: dict[str, float] = field(default_factory=dict)
    convex: bool = True

    @property
    def loss(self):
        return getattr(fl, self.name)

    def __str__(self):
        return "-".join([self.name, *(f"{k}={v}" for k, v in self.parameters.items())])


def numbers(rng, n):
    """Predictions near and far from their targets, over many magnitudes."""
    target = rng.standard_normal(n) * 3
    return target + rng.standard_normal(n) * np.exp(rng.uniform(-6, 4, n)), target


def signs(rng, n):
    return rng.standard_normal(n) * np.exp(rng.uniform(-6, 3, n)), rng.choice([-1.0, 1.0], n)


def probabilities(rng, n):
    near_ends = np.exp(-rng.uniform(0, 20, n))
    pred = np.where(rng.random(n) < 0.5, rng.random(n), np.where(rng.random(n) < 0.5, near_ends, 1 - near_ends))
    return np.clip(pred, 1e-7, 1 - 1e-7), rng.integers(0, 2, n).astype(float)


def soft_probabilities(rng, n):
    return probabilities(rng, n)[0], rng.random(n)


def logits(rng, n):
    return rng.standard_normal(n) * np.exp(rng.uniform(-5, 3.5, n)), rng.integers(0, 2, n).astype(float)


def soft_logits(rng, n):
    return logits(rng, n)[0], rng.random(n)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def softplus(x):
    return mp.log1p(mp.exp(-abs(x))) + max(x, 0)


def smooth(t, label_smoothing):
    return (1 - mp.mpf(label_smoothing)) * t + mp.mpf(label_smoothing) / 2


def huber(p, t, delta):
    d = abs(p - t)
    return d**2 / 2 if d <= delta else delta * (d - delta / 2)


def sigmoid_value(x, t, pos_weight, label_smoothing):
    t = smooth(t, label_smoothing)
    return pos_weight * t * softplus(-x) + (1 - t) * softplus(x)


def sigmoid_grad(x, t, pos_weight, label_smoothing):
    t = smooth(t, label_smoothing)
    return (1 - t) * sigmoid(x) - pos_weight * t * sigmoid(-x)


def sigmoid_hess(x, t, pos_weight, label_smoothing):
    t = smooth(t, label_smoothing)
    return (pos_weight * t + 1 - t) * sigmoid(x) * sigmoid(-x)


def entropy(p, t, eps):
    return -(t * mp.log(max(p, eps)) if t else 0) - ((1 - t) * mp.log(max(1 - p, eps)) if t != 1 else 0)


def entropy_grad(p, t, eps):
    return -(t / p if t and p >= eps else 0) + ((1 - t) / (1 - p) if t != 1 and 1 - p >= eps else mp.mpf(0))


def entropy_hess(p, t, eps):
    return (t / p**2 if t and p >= eps else 0) + ((1 - t) / (1 - p) ** 2 if t != 1 and 1 - p >= eps else mp.mpf(0))


def sigmoid_cases(inputs, pos_weight=1.0, label_smoothing=0.0):
    return Case(
        "sigmoid_cross_entropy", inputs, sigmoid_value, sigmoid_grad, sigmoid_hess,
        {"pos_weight": pos_weight, "label_smoothing": label_smoothing},
    )  # fmt: skip


def entropy_cases(inputs, eps):
    return Case("binary_cross_entropy", inputs, entropy, entropy_grad, entropy_hess, {"eps": eps})


def hinge_margin(p, t):
    return max(1 - t * p, mp.mpf(0))


CASES = [
    Case("mse", numbers, lambda p, t: (p - t) ** 2, lambda p, t: 2 * (p - t), lambda p, t: mp.mpf(2)),
    Case("mae", numbers, lambda p, t: abs(p - t), lambda p, t: mp.sign(p - t), lambda p, t: mp.mpf(0)),
    *(
        Case(
            "huber", numbers, huber,
            lambda p, t, d: max(-d, min(d, p - t)),
            lambda p, t, d: mp.mpf(abs(p - t) <= d),
            {"delta": delta},
        )
        for delta in (1.0, 0.125, 30.0)
    ),
    *(
        Case(
            "pseudo_huber", numbers,
            lambda p, t, d: d**2 * (mp.sqrt(1 + ((p - t) / d) ** 2) - 1),
            lambda p, t, d: (p - t) / mp.sqrt(1 + ((p - t) / d) ** 2),
            lambda p, t, d: (1 + ((p - t) / d) ** 2) ** mp.mpf(-1.5),
            {"delta": delta},
        )
        for delta in (1.0, 0.125, 30.0)
    ),
    Case("hinge", signs, hinge_margin, lambda p, t: -t if t * p < 1 else mp.mpf(0), lambda p, t: mp.mpf(0)),
    Case(
        "squared_hinge", signs, lambda p, t: hinge_margin(p, t) ** 2,
        lambda p, t: -2 * t * hinge_margin(p, t),
        lambda p, t: mp.mpf(2 * (t * p < 1)),
    ),
    entropy_cases(probabilities, 0.0),
    entropy_cases(soft_probabilities, 0.0),
    entropy_cases(probabilities, 1e-7),
    sigmoid_cases(logits),
    sigmoid_cases(soft_logits),
    sigmoid_cases(logits, 3.0, 0.0),
    sigmoid_cases(soft_logits, 0.5, 0.25),
]  # fmt: skip

ONE_EACH = list({case.name: case for case in reversed(CASES)}.values())
assert {case.name for case in CASES} | {"rmse"} == set(POINTWISE), "a loss without test cases"


def sample(case, rng, n, dtype=np.float64):
    """Inputs of a case, as the loss will see them."""
    pred, target = case.inputs(rng, n)
    return pred.astype(dtype), target.astype(dtype)


def exact(function, case, pred, target):
    """The formula's values in exact arithmetic, of the very numbers given."""
    own = [mp.mpf(v) for v in case.parameters.values()]
    return [function(mp.mpf(float(p)), mp.mpf(float(t)), *own) for p, t in zip(pred, target, strict=True)]


def ulp_error(result, truth, terms=None):
    """Error of each result in units in the last place of the true value, or of the largest term that it is made of."""
    info = np.finfo(result.dtype)
    errors = []
    for r, t, most in zip(result, truth, truth if terms is None else terms, strict=True):
        if mp.isinf(t) or abs(t) > mp.mpf(float(info.max)):
            errors.append(0.0 if np.isinf(r) and (r > 0) == (t > 0) else np.inf)
            continue
        size = max(abs(t), abs(mp.mpf(most)))
        exponent = mp.floor(mp.log(size, 2)) if size else info.minexp
        unit = mp.mpf(2) ** (max(exponent, info.minexp) - info.nmant)
        errors.append(float(abs(mp.mpf(float(r)) - t) / unit))
    return np.array(errors)
