"""What every loss is tested with, and all that the tests know of the package's inside.

What losses and functions there are, which kernels run them, and inputs that suit them. Their formulas are in truths.py.
"""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations, product
from typing import Any

import numpy as np
import truths_classes
import truths_robust as robust

import fastloss as fl
from fastloss._core import backend as _backend
from fastloss._core.families import Pointwise, Root, RowLoss
from fastloss._core.registry import REGISTRY as EVERY
from fastloss._core.threads import quota
from fastloss.accumulator import Sum
from fastloss.functions import Function

__all__ = ["EVERY", "Function", "Sum", "quota"]  # and what is defined below

# ---- what there is ---------------------------------------------------------------------------------------------------

LATER = (  # these, and losses of other families, are held by truths_more.py
    "log_cosh", "rmsle", "softmax_focal",
    "poisson_nll", "poisson_deviance", "gamma_nll", "gamma_deviance", "tweedie_nll", "tweedie_deviance", "negative_binomial_nll",
    "perceptron", "logistic", "exponential", "modified_huber",
    "sigmoid_focal", "sigmoid_brier", "sigmoid_asymmetric",
    *truths_classes.NAMES,
)  # fmt: skip
POINTWISE = {name: x for name, x in EVERY.items() if isinstance(x, (Pointwise, Root)) and name not in LATER}
ROWS = {name: x for name, x in EVERY.items() if isinstance(x, RowLoss) and name not in LATER}
REGISTRY = {**POINTWISE, **ROWS}
CALLS = ["__call__", "grad", "value_and_grad", "grad_and_hess"]
DTYPES = [np.float32, np.float64]

_backend.available = cache(_backend.available)  # it asks the processor, and a virtual one takes a millisecond to answer
LEVELS = list(_backend.available())  # every kernel module that this processor runs, NumPy's last
COMPILED = LEVELS[:-1]
IN_USE = fl.show_config(mode="dicts")["backend"]
BACKENDS = list(dict.fromkeys([IN_USE, "numpy"]))  # what the whole of the tests run on
THREADED = _backend.loops().thread_pool == "own"


def select(name=None):
    """Run on these kernels; without a name, on those that were in use."""
    _backend.select(name or IN_USE)  # by its name: NumPy, where there is nothing else, is then chosen and does not warn


@contextmanager
def running(name):
    """Kernels for as long as the block lasts."""
    before = fl.show_config(mode="dicts")["backend"]
    select(name)
    try:
        yield
    finally:
        select(before)


def known_to(name):
    """The losses and functions of a kernel module."""
    return set(_backend.load(name).KERNELS)


def vector_function(name, x):
    """exp, log and the like as the compiled kernels have them, and nobody else."""
    result = np.empty_like(x)
    _backend._kernels[name].quick(0, x, x, None, "none", result, ())
    return result


# ---- combinations ----------------------------------------------------------------------------------------------------


def pairwise(*choices):
    """Rows with one of each of the choices, few of them, so that every two values of two choices are in some row together."""
    if len(choices) == 1:
        return [(value,) for value in choices[0]]
    places = list(combinations(range(len(choices)), 2))
    missing = {(i, j, a, b) for i, j in places for a, b in product(range(len(choices[i])), range(len(choices[j])))}
    rows = []
    while missing:
        first = min(missing)
        row = {first[0]: first[2], first[1]: first[3]}
        for k in range(len(choices)):
            if k not in row:  # the value that meets most partners for the first time, those least often chosen first
                used = [r[k] for r in rows]
                gains = [
                    (sum(sorted_pair(k, v, i, a) in missing for i, a in row.items()), -used.count(v), -v)
                    for v in range(len(choices[k]))
                ]
                row[k] = -max(gains)[2]
        row = [row[k] for k in range(len(choices))]
        rows.append(row)
        missing -= {(i, j, row[i], row[j]) for i, j in places}
    return [tuple(choice[v] for choice, v in zip(choices, row, strict=True)) for row in rows]


def sorted_pair(i, a, j, b):
    return (i, j, a, b) if i < j else (j, i, b, a)


# ---- losses of every element -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    name: str
    inputs: Callable[[Any, int], tuple[np.ndarray, np.ndarray]]
    parameters: dict[str, float] = field(default_factory=dict, hash=False)

    @property
    def loss(self):
        return getattr(fl, self.name)

    def __str__(self):
        labels = ["soft"] if self.inputs.__name__.startswith("soft") else []
        return "-".join([self.name, *labels, *(f"{k}={v}" for k, v in self.parameters.items())])


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


amounts, counts = robust.amounts, robust.counts

CASES = [
    Case("mse", numbers),
    Case("mae", numbers),
    *(Case(name, numbers, {"delta": delta}) for name in ("huber", "pseudo_huber") for delta in (1.0, 0.125, 30.0)),
    *(Case(name, signs, {"margin": margin}) for name in ("hinge", "squared_hinge") for margin in (1.0, 0.0, 2.5)),
    *(
        Case("binary_cross_entropy", inputs, {"eps": eps})
        for inputs, eps in ((probabilities, 0.0), (soft_probabilities, 0.0), (probabilities, 1e-7))
    ),
    *(
        Case("sigmoid_cross_entropy", inputs, {"pos_weight": pos_weight, "label_smoothing": smoothing})
        for inputs, pos_weight, smoothing in (
            (logits, 1.0, 0.0), (soft_logits, 1.0, 0.0), (logits, 3.0, 0.0), (soft_logits, 0.5, 0.25),
        )
    ),
    *(Case(name, {"counts": counts, "amounts": amounts}.get(robust.FAMILIES[name], numbers), own) for name, own in robust.OWN),
]  # fmt: skip
ONE_EACH = list({case.name: case for case in reversed(CASES)}.values())
assert {case.name for case in CASES} | {"rmse"} == set(POINTWISE), "a loss without test cases"


def sample(case, rng, n, dtype=np.float64):
    """Inputs of a case, as the loss will see them."""
    pred, target = case.inputs(rng, n)
    return pred.astype(dtype), target.astype(dtype)


# ---- losses of rows --------------------------------------------------------------------------------------------------

SOFTMAX = [fl.softmax_cross_entropy, fl.softmax_kl_divergence]
ROW_WAYS = [(loss, ids) for loss in ROWS.values() for ids in ([True] * loss.ids + [False] * loss.rows)]
WAYS = [*((loss, False) for loss in POINTWISE.values()), *ROW_WAYS]


def named(value):
    """A loss, and whether it is given class ids or rows, in the name of a test."""
    if isinstance(value, bool):
        return "ids" if value else "rows"
    return value if isinstance(value, str) else getattr(value, "name", getattr(value, "__name__", str(value)))


def distributions(rng, rows, classes):
    """Rows of probabilities, some of them 0."""
    x = rng.random((rows, classes)) ** 4 * (rng.random((rows, classes)) < 0.8) + 1e-9
    return x / x.sum(axis=1, keepdims=True)


def row_inputs(loss, rng, rows, classes, dtype=np.float64, ids=None):
    """A batch that suits the loss, with class ids if it knows them (and `ids` is not False)."""
    pred = rng.standard_normal((rows, classes)) * 3 if loss in SOFTMAX else distributions(rng, rows, classes)
    pred = pred.astype(dtype)
    if loss.ids and ids is not False:
        return pred, rng.integers(0, classes, rows)
    return pred, np.minimum(distributions(rng, rows, classes).astype(dtype), dtype(1))


def as_rows(target, classes):
    """Class ids as rows of 0 and 1."""
    return target if target.ndim == 2 else np.eye(classes)[target]


# ---- functions -------------------------------------------------------------------------------------------------------

ELEMENTWISE = ["sigmoid", "log_sigmoid", "softplus"]
OF_ROWS = ["logsumexp", "log_softmax", "softmax"]
VECTOR_FUNCTIONS = {  # the kernels' own, and inputs over their whole range
    "exp": lambda rng, n, tiny: np.concatenate([-rng.uniform(0, -np.log(tiny) + 40, n), -np.exp(rng.uniform(-40, 3, n))]),
    "grow": lambda rng, n, tiny: np.concatenate(
        [rng.uniform(-2, 2, n), rng.uniform(-1, 1, n) * (2 - np.log(tiny)), np.exp(rng.uniform(-40, 9, n))]
    ),
    "expm1": lambda rng, n, tiny: np.concatenate([-np.exp(rng.uniform(-40, 6, n)), rng.uniform(-2, 1, n)]),
    "log": lambda rng, n, tiny: np.concatenate(
        [rng.uniform(0, 2, n), np.exp(rng.uniform(np.log(tiny) - 8, -np.log(tiny), n)), 1 + np.exp(-rng.uniform(1, 20, n))]
    ),
    "log1m": lambda rng, n, tiny: np.concatenate(
        [rng.random(n), np.exp(-rng.uniform(0, 30, n)), 1 - np.exp(-rng.uniform(0, 15, n))]
    ),
    "log1p": lambda rng, n, tiny: np.concatenate([rng.random(n), np.exp(-rng.uniform(0, 30, n))]),
    "log_one": lambda rng, n, tiny: np.concatenate(
        [
            rng.uniform(-0.75, 4, n),
            rng.choice([-0.5, 1], n) * np.exp(-rng.uniform(0, 60, n)),
            np.exp(rng.uniform(0, -np.log(tiny), n)),
        ]
    ),
}  # fmt: skip
