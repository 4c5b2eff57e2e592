"""What a NumPy user writes, on whole arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.domains import Array
from . import Candidate, Task


class Rival:
    """The expressions below."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        return str(np.__version__)

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task."""
        if task.loss not in NUMPY:
            return None
        value, slope = NUMPY[task.loss]
        pred, target = task.pred, task.target
        if task.gradient:
            return Candidate(lambda: (value(pred, target), slope(pred, target)), lambda pair: (float(pair[0]), pair[1]))
        return Candidate(lambda: value(pred, target), lambda cost: (float(cost), None))


def sigmoid(x: Array) -> Array:
    """The textbook's stable form."""
    e = np.exp(-np.abs(x))
    return np.where(x > 0, 1 / (1 + e), e / (1 + e))


def log_softmax(x: Array) -> Array:
    """The textbook's stable form."""
    z: Array = x - x.max(axis=1, keepdims=True)
    logs: Array = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    return logs


def of_label(x: Array, ids: Array) -> Array:
    """The number of each row's class."""
    return x[np.arange(len(x)), ids]


def at_label(like: Array, ids: Array, values: Any) -> Array:
    """Rows of 0 but for their classes."""
    rows = np.zeros_like(like)
    rows[np.arange(len(rows)), ids] = values
    return rows


def focal(x: Array, ids: Array) -> tuple[Array, Array]:
    """−(1 − p)²·log p of the label, and its slope by log p."""
    logs = of_label(log_softmax(x), ids)
    p = np.exp(logs)
    return -((1 - p) ** 2) * logs, 2 * (1 - p) * p * logs - (1 - p) ** 2


def binary_focal(x: Array, t: Array) -> tuple[Array, Array]:
    """−q²·log p of the label, and its slope by the score."""
    m = np.where(t == 1, x, -x)
    p, q, log = sigmoid(m), sigmoid(-m), np.minimum(m, 0) - np.log1p(np.exp(-np.abs(m)))
    return -(q**2) * log, np.where(t == 1, 1, -1) * q**2 * (2 * p * log - q)


def asymmetric(x: Array, t: Array) -> tuple[Array, Array]:
    """−q·log p of positives, −v⁴·log(1 − v) of negatives, with v = max(p − 1/20, 0); and its slope by the score."""
    p, q = sigmoid(x), sigmoid(-x)
    log = np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    v = np.maximum(p - 0.05, 0)
    rest = np.log1p(-v)
    value = np.where(t == 1, -q * log, -(v**4) * rest)
    return value, np.where(t == 1, q * (p * log - q), p * q * (v**4 / (1 - v) - 4 * v**3 * rest))


def softmax(x: Array) -> Array:
    """The textbook's stable form."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p: Array = e / e.sum(axis=1, keepdims=True)
    return p


def through(p: Array, slope: Array) -> Array:
    """The slope by logits of a loss of their softmax, of that by p."""
    slopes: Array = p * (slope - (p * slope).sum(axis=1, keepdims=True)) / len(p)
    return slopes


def errors(p: Array, ids: Array) -> Array:
    """p − t, of t that is 1 at the id."""
    return p - at_label(p, ids, 1)


def running(p: Array, ids: Array) -> Array:
    """The running sums of that, but for the last."""
    sums: Array = np.cumsum(errors(p, ids), axis=1)
    sums[:, -1] = 0
    return sums


def ahead(s: Array, ids: Array) -> Array:
    """By how much classes come too near to the label's, which itself does not."""
    near: Array = 1 + s - of_label(s, ids)[:, None]
    near[np.arange(len(s)), ids] = -np.inf
    return near


def pulled(s: Array, ids: Array, pull: Array) -> Array:
    """The slopes of hinges: what the others get, and the label the opposite."""
    pull[np.arange(len(s)), ids] = -pull.sum(axis=1)
    return pull / len(s)


def overlap(p: Array, t: Array, weight: float) -> tuple[Array, Array]:
    """1 less the quotient, and its slope."""
    shared = (p * t).sum(axis=1, keepdims=True) + 1
    whole = shared + weight * (p + t - 2 * p * t).sum(axis=1, keepdims=True)
    return 1 - shared / whole, (shared * (t * (1 - 2 * weight) + weight) - whole * t) / whole**2


def cosine(p: Array, t: Array) -> tuple[Array, Array, Array]:
    """The cosines, the unit vectors less what is along the predictions, and these' lengths."""
    length = np.linalg.norm(p, axis=1, keepdims=True)
    p, t = p / length, t / np.linalg.norm(t, axis=1, keepdims=True)
    cosines = (p * t).sum(axis=1, keepdims=True)
    return cosines, cosines * p - t, length


def log_ratio(p: Array, t: Array) -> Array:
    """The difference of log(1 + x)."""
    logs: Array = np.log1p(p) - np.log1p(t)
    return logs


def cox(x: Array, time: Array) -> tuple[Any, Array]:
    """The mean over events, and its slope; no two events at the same time. Floats would lose their digits in so long a sum."""
    order = np.argsort(-np.abs(time))
    x, event = x[order], time[order] > 0
    e = np.exp(x - x.max())
    risk = np.cumsum(e, dtype=np.float64)
    slope = np.empty_like(x)
    slope[order] = (e * np.cumsum((event / risk)[::-1])[::-1] - event) / event.sum()
    return np.mean((np.log(risk) + x.max() - x)[event]), slope


def softplus_of_pairs(x: Array, label: Array) -> Any:
    """Their mean."""
    return np.mean(np.logaddexp(0, x - x[:, None])[label[:, None] > label])


def slopes_of_pairs(x: Array, label: Array) -> Array:
    """Of the mean over pairs."""
    better = label[:, None] > label
    slopes = np.where(better, sigmoid(x - x[:, None]), 0)
    total: Array = (slopes.sum(axis=0) - slopes.sum(axis=1)) / better.sum()
    return total


TUKEY = 4.685
NUMPY: dict[str, tuple[Callable[[Array, Array], Any], Callable[[Array, Array], Array]]] = {
    "mse": (lambda p, t: np.mean((p - t) ** 2), lambda p, t: 2 * (p - t) / p.size),
    "rmse": (
        lambda p, t: np.sqrt(np.mean((p - t) ** 2)),
        lambda p, t: (p - t) / (p.size * np.sqrt(np.mean((p - t) ** 2))),
    ),
    "mae": (lambda p, t: np.mean(np.abs(p - t)), lambda p, t: np.sign(p - t) / p.size),
    "huber": (
        lambda p, t: np.mean(np.where(np.abs(p - t) <= 1, 0.5 * (p - t) ** 2, np.abs(p - t) - 0.5)),
        lambda p, t: np.clip(p - t, -1, 1) / p.size,
    ),
    "pseudo_huber": (
        lambda p, t: np.mean(np.sqrt(1 + (p - t) ** 2) - 1),
        lambda p, t: (p - t) / np.sqrt(1 + (p - t) ** 2) / p.size,
    ),
    "hinge": (
        lambda p, t: np.mean(np.maximum(0, 1 - t * p)),
        lambda p, t: np.where(t * p < 1, -t, 0) / p.size,
    ),
    "squared_hinge": (
        lambda p, t: np.mean(np.maximum(0, 1 - t * p) ** 2),
        lambda p, t: -2 * t * np.maximum(0, 1 - t * p) / p.size,
    ),
    "perceptron": (
        lambda p, t: np.mean(np.maximum(0, -t * p)),
        lambda p, t: np.where(t * p < 0, -t, 0) / p.size,
    ),
    "logistic": (
        lambda p, t: np.mean(np.maximum(-t * p, 0) + np.log1p(np.exp(-np.abs(p)))),
        lambda p, t: -t * sigmoid(-t * p) / p.size,
    ),
    "exponential": (lambda p, t: np.mean(np.exp(-t * p)), lambda p, t: -t * np.exp(-t * p) / p.size),
    "modified_huber": (
        lambda p, t: np.mean(np.where(t * p < -1, -4 * t * p, np.maximum(0, 1 - t * p) ** 2)),
        lambda p, t: -2 * t * np.clip(1 - t * p, 0, 2) / p.size,
    ),
    "poisson_nll": (lambda x, t: np.mean(np.exp(x) - t * x), lambda x, t: (np.exp(x) - t) / x.size),
    "poisson_deviance": (
        lambda p, t: 2 * np.mean(np.where(t > 0, t * np.log(np.where(t > 0, t, 1) / p), 0) - t + p),
        lambda p, t: 2 * (1 - t / p) / p.size,
    ),
    "gamma_nll": (lambda x, t: np.mean(x + t * np.exp(-x)), lambda x, t: (1 - t * np.exp(-x)) / x.size),
    "gamma_deviance": (
        lambda p, t: 2 * np.mean(np.log(p / t) + t / p - 1),
        lambda p, t: 2 * (p - t) / p**2 / p.size,
    ),
    "tweedie_nll": (
        lambda x, t: 2 * np.mean(np.exp(x / 2) + t * np.exp(-x / 2)),
        lambda x, t: (np.exp(x / 2) - t * np.exp(-x / 2)) / x.size,
    ),
    "tweedie_deviance": (
        lambda p, t: 4 * np.mean((np.sqrt(p) - np.sqrt(t)) ** 2 / np.sqrt(p)),
        lambda p, t: 2 * (p - t) / (p * np.sqrt(p)) / p.size,
    ),
    "negative_binomial_nll": (
        lambda x, t: np.mean((t + 1) * (np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))) - t * x),
        lambda x, t: (np.exp(x) - t) / (1 + np.exp(x)) / x.size,
    ),
    "sigmoid_focal": (
        lambda x, t: np.mean(binary_focal(x, t)[0]),
        lambda x, t: binary_focal(x, t)[1] / x.size,
    ),
    "sigmoid_brier": (
        lambda x, t: np.mean((sigmoid(x) - t) ** 2),
        lambda x, t: 2 * (sigmoid(x) - t) * sigmoid(x) * sigmoid(-x) / x.size,
    ),
    "sigmoid_asymmetric": (
        lambda x, t: np.mean(asymmetric(x, t)[0]),
        lambda x, t: asymmetric(x, t)[1] / x.size,
    ),
    "binary_cross_entropy": (
        lambda p, t: -np.mean(t * np.log(p) + (1 - t) * np.log1p(-p)),
        lambda p, t: (p - t) / (p * (1 - p)) / p.size,
    ),
    "sigmoid_cross_entropy": (
        lambda x, t: np.mean(np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))),
        lambda x, t: (sigmoid(x) - t) / x.size,
    ),
    "categorical_cross_entropy": (lambda p, t: -np.sum(t * np.log(p)) / len(p), lambda p, t: -t / p / len(p)),
    "sparse_categorical_cross_entropy": (
        lambda p, t: -np.mean(np.log(of_label(p, t))),
        lambda p, t: at_label(p, t, -1 / of_label(p, t) / len(p)),
    ),
    "softmax_cross_entropy": (
        lambda x, t: -np.mean(of_label(log_softmax(x), t)),
        lambda x, t: (np.exp(log_softmax(x)) - at_label(x, t, 1)) / len(x),
    ),
    "kl_divergence": (
        lambda p, t: np.sum(t * (np.log(t) - np.log(p))) / len(p),
        lambda p, t: -t / p / len(p),
    ),
    "softmax_kl_divergence": (
        lambda x, t: np.sum(t * (np.log(t) - log_softmax(x))) / len(x),
        lambda x, t: (np.exp(log_softmax(x)) * t.sum(axis=1, keepdims=True) - t) / len(x),
    ),
    "log_cosh": (
        lambda p, t: np.mean(np.abs(p - t) + np.log1p(np.exp(-2 * np.abs(p - t))) - np.log(2)),
        lambda p, t: np.tanh(p - t) / p.size,
    ),
    "fair": (
        lambda p, t: np.mean(np.abs(p - t) - np.log1p(np.abs(p - t))),
        lambda p, t: (p - t) / (1 + np.abs(p - t)) / p.size,
    ),
    "cauchy": (
        lambda p, t: np.mean(np.log1p((p - t) ** 2)) / 2,
        lambda p, t: (p - t) / (1 + (p - t) ** 2) / p.size,
    ),
    "tukey_biweight": (
        lambda p, t: np.mean(TUKEY**2 / 6 * (1 - (1 - np.minimum(((p - t) / TUKEY) ** 2, 1)) ** 3)),
        lambda p, t: (p - t) * (1 - np.minimum(((p - t) / TUKEY) ** 2, 1)) ** 2 / p.size,
    ),
    "welsch": (
        lambda p, t: np.mean(1 - np.exp(-((p - t) ** 2))) / 2,
        lambda p, t: (p - t) * np.exp(-((p - t) ** 2)) / p.size,
    ),
    "geman_mcclure": (
        lambda p, t: np.mean((p - t) ** 2 / (1 + (p - t) ** 2)) / 2,
        lambda p, t: (p - t) / (1 + (p - t) ** 2) ** 2 / p.size,
    ),
    "barron": (  # of alpha = 1
        lambda p, t: np.mean((1 + (p - t) ** 2) ** 0.5 - 1),
        lambda p, t: (p - t) * (1 + (p - t) ** 2) ** -0.5 / p.size,
    ),
    "quantile": (
        lambda p, t: np.mean(np.maximum(0.5 * (t - p), 0.5 * (p - t))),
        lambda p, t: np.where(p < t, -0.5, np.where(p > t, 0.5, 0)) / p.size,
    ),
    "expectile": (  # of alpha = 0.5, a share of each side
        lambda p, t: np.mean(np.where(p < t, 0.5, 0.5) * (p - t) ** 2),
        lambda p, t: 2 * np.where(p < t, 0.5, 0.5) * (p - t) / p.size,
    ),
    "epsilon_insensitive": (
        lambda p, t: np.mean(np.maximum(np.abs(p - t) - 0.1, 0)),
        lambda p, t: np.where(np.abs(p - t) > 0.1, np.sign(p - t), 0) / p.size,
    ),
    "squared_epsilon_insensitive": (
        lambda p, t: np.mean(np.maximum(np.abs(p - t) - 0.1, 0) ** 2),
        lambda p, t: 2 * np.sign(p - t) * np.maximum(np.abs(p - t) - 0.1, 0) / p.size,
    ),
    "rmsle": (
        lambda p, t: np.sqrt(np.mean(log_ratio(p, t) ** 2)),
        lambda p, t: log_ratio(p, t) / (1 + p) / (p.size * np.sqrt(np.mean(log_ratio(p, t) ** 2))),
    ),
    "msle": (
        lambda p, t: np.mean(log_ratio(p, t) ** 2),
        lambda p, t: 2 * log_ratio(p, t) / (1 + p) / p.size,
    ),
    "mape": (
        lambda p, t: np.mean(np.abs((p - t) / t)),
        lambda p, t: np.sign(p - t) / np.abs(t) / p.size,
    ),
    "smape": (
        lambda p, t: np.mean(2 * np.abs(p - t) / (np.abs(p) + np.abs(t))),
        lambda p, t: np.where(p * t > 0, 4 * np.sign(p - t) * np.abs(t) / (np.abs(p) + np.abs(t)) ** 2, 0) / p.size,
    ),
    "softmax_focal": (
        lambda x, t: np.mean(focal(x, t)[0]),
        lambda x, t: focal(x, t)[1][:, None] * (at_label(x, t, 1) - np.exp(log_softmax(x))) / len(x),
    ),
    "gaussian_nll": (
        lambda p, t: np.mean(p[:, 1] + (p[:, 0] - t) ** 2 * np.exp(-p[:, 1])) / 2,
        lambda p, t: (
            np.stack(
                [(p[:, 0] - t) * np.exp(-p[:, 1]), (1 - (p[:, 0] - t) ** 2 * np.exp(-p[:, 1])) / 2],
                axis=1,
            )
            / len(p)
        ),
    ),
    "cosine_distance": (
        lambda p, t: np.mean(1 - cosine(p, t)[0]),
        lambda p, t: cosine(p, t)[1] / cosine(p, t)[2] / len(p),
    ),
    "cox": (lambda x, time: cox(x, time)[0], lambda x, time: cox(x, time)[1]),
    "pairwise_logistic": (softplus_of_pairs, slopes_of_pairs),
}
NUMPY |= {
    "softmax_poly": (
        lambda x, t: np.mean(1 - of_label(log_softmax(x), t) - np.exp(of_label(log_softmax(x), t))),
        lambda x, t: (1 + of_label(softmax(x), t))[:, None] * errors(softmax(x), t) / len(x),
    ),
    "softmax_generalized_cross_entropy": (
        lambda x, t: np.mean((1 - of_label(softmax(x), t) ** 0.7) / 0.7),
        lambda x, t: of_label(softmax(x), t)[:, None] ** 0.7 * errors(softmax(x), t) / len(x),
    ),
    "brier": (
        lambda p, t: np.sum(errors(p, t) ** 2) / len(p),
        lambda p, t: 2 * errors(p, t) / len(p),
    ),
    "softmax_brier": (
        lambda x, t: np.sum(errors(softmax(x), t) ** 2) / len(x),
        lambda x, t: through(softmax(x), 2 * errors(softmax(x), t)),
    ),
    "ranked_probability_score": (
        lambda p, t: np.sum(running(p, t) ** 2) / len(p),
        lambda p, t: 2 * np.cumsum(running(p, t)[:, ::-1], axis=1)[:, ::-1] / len(p),
    ),
    "softmax_ranked_probability_score": (
        lambda x, t: np.sum(running(softmax(x), t) ** 2) / len(x),
        lambda x, t: through(softmax(x), 2 * np.cumsum(running(softmax(x), t)[:, ::-1], axis=1)[:, ::-1]),
    ),
    "crammer_singer_hinge": (
        lambda s, t: np.mean(np.maximum(ahead(s, t).max(axis=1), 0)),
        lambda s, t: pulled(s, t, at_label(s, ahead(s, t).argmax(axis=1), ahead(s, t).max(axis=1) > 0)),
    ),
    "weston_watkins_hinge": (
        lambda s, t: np.sum(np.maximum(ahead(s, t), 0)) / len(s),
        lambda s, t: pulled(s, t, (ahead(s, t) > 0).astype(s.dtype)),
    ),
    "jensen_shannon": (
        lambda p, t: np.sum(p * np.log(2 * p / (p + t)) + t * np.log(2 * t / (p + t))) / 2 / len(p),
        lambda p, t: np.log(2 * p / (p + t)) / 2 / len(p),
    ),
    "softmax_jensen_shannon": (
        lambda x, t: NUMPY["jensen_shannon"][0](softmax(x), t),
        lambda x, t: through(softmax(x), np.log(2 * softmax(x) / (softmax(x) + t)) / 2),
    ),
    "reverse_kl_divergence": (
        lambda p, t: np.sum(p * np.log(p / t)) / len(p),
        lambda p, t: (np.log(p / t) + 1) / len(p),
    ),
    "softmax_reverse_kl_divergence": (
        lambda x, t: np.sum(softmax(x) * (log_softmax(x) - np.log(t))) / len(x),
        lambda x, t: through(softmax(x), log_softmax(x) - np.log(t)),
    ),
    "laplace_nll": (
        lambda p, t: np.mean(p[:, 1] + np.abs(p[:, 0] - t) * np.exp(-p[:, 1])),
        lambda p, t: (
            np.stack(
                [np.sign(p[:, 0] - t) * np.exp(-p[:, 1]), 1 - np.abs(p[:, 0] - t) * np.exp(-p[:, 1])],
                axis=1,
            )
            / len(p)
        ),
    ),
    "dice": (lambda p, t: np.mean(overlap(p, t, 0.5)[0]), lambda p, t: overlap(p, t, 0.5)[1] / len(p)),
    "jaccard": (lambda p, t: np.mean(overlap(p, t, 1.0)[0]), lambda p, t: overlap(p, t, 1.0)[1] / len(p)),
    "tversky": (lambda p, t: np.mean(overlap(p, t, 0.5)[0]), lambda p, t: overlap(p, t, 0.5)[1] / len(p)),
}
