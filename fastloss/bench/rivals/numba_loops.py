"""numba: one compiled loop a loss, parallel where that is faster, with fastmath and sums in double precision."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import njit, prange

from . import Candidate, Task, seconds

SHARED_FROM = 16384  # numbers: fewer are never worth a second thread
compiled = njit(inline="always", fastmath=True)


class Rival:
    """Loops over scalars, which LLVM turns into vectors; by Intel's vector mathematics where that is installed."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        numba.set_num_threads(threads)
        return f"{numba.__version__}, {'with' if numba.core.config.USING_SVML else 'without'} Intel's SVML"

    def prepare(self, task: Task) -> Candidate:
        """Its way to do the task."""
        build = rows if task.loss in ROWS else pointwise
        number: Any = task.pred.dtype.type
        shared = [True, False] if task.pred.size >= SHARED_FROM and numba.get_num_threads() > 1 else [False]
        arguments = (task.pred, task.target, *([task.out] if task.gradient else []))
        loops = [build(task.loss, task.gradient, number, parallel) for parallel in shared]
        loop = min(loops, key=lambda f: seconds(lambda: f(*arguments))) if len(loops) > 1 else loops[0]
        root = np.sqrt if task.loss == "rmse" and not task.gradient else float
        return Candidate(
            lambda: root(loop(*arguments)), lambda cost: (float(cost), task.out if task.gradient else None)
        )


@cache
def scalars(loss: str, number: Any) -> tuple[Any, Any]:
    """One sample's loss and derivative. Constants are of the dtype: a double would drag the float along."""
    zero, half, one, two = number(0), number(0.5), number(1), number(2)

    def mse(p, t):
        return (p - t) * (p - t)

    def mse_slope(p, t):
        return two * (p - t)

    def mae(p, t):
        return abs(p - t)

    def mae_slope(p, t):
        return one if p > t else (-one if p < t else zero)

    def huber(p, t):
        m = abs(p - t)
        return half * m * m if m <= one else m - half

    def huber_slope(p, t):
        d = p - t
        return min(max(d, -one), one)

    def pseudo_huber(p, t):
        d = p - t
        return np.sqrt(one + d * d) - one

    def pseudo_huber_slope(p, t):
        d = p - t
        return d / np.sqrt(one + d * d)

    def hinge(p, t):
        return max(one - t * p, zero)

    def hinge_slope(p, t):
        return -t if t * p < one else zero

    def squared_hinge(p, t):
        m = max(one - t * p, zero)
        return m * m

    def squared_hinge_slope(p, t):
        return -two * t * max(one - t * p, zero)

    def binary_cross_entropy(p, t):
        return -t * np.log(p) - (one - t) * np.log1p(-p)

    def binary_cross_entropy_slope(p, t):
        return (p - t) / (p * (one - p))

    def sigmoid_cross_entropy(x, t):
        return max(x, zero) - x * t + np.log1p(np.exp(-abs(x)))

    def sigmoid_cross_entropy_slope(x, t):
        e = np.exp(-abs(x))
        return (one if x > zero else e) / (one + e) - t

    found = locals()
    loss = "mse" if loss == "rmse" else loss
    return compiled(found[loss]), compiled(found[loss + "_slope"])


@cache
def pointwise(loss: str, gradient: bool, number: Any, parallel: bool) -> Any:
    """The loop of a loss of single numbers."""
    value, slope = scalars(loss, number)

    def cost(p, t):
        total = 0.0
        for i in prange(p.size):
            total += value(p[i], t[i])
        return total / p.size

    def cost_and_gradient(p, t, out):
        total, scale = 0.0, number(1 / p.size)
        for i in prange(p.size):
            total += value(p[i], t[i])
            out[i] = slope(p[i], t[i]) * scale
        return total / p.size

    half = number(0.5)

    def root_and_gradient(p, t, out):
        total = 0.0
        for i in prange(p.size):
            total += value(p[i], t[i])
        root = np.sqrt(total / p.size)
        scale = number(1 / (root * p.size))
        for i in prange(p.size):
            out[i] = slope(p[i], t[i]) * half * scale
        return root

    chosen = cost if not gradient else root_and_gradient if loss == "rmse" else cost_and_gradient
    return njit(parallel=parallel, fastmath=True)(chosen)


ROWS = {
    "categorical_cross_entropy",
    "sparse_categorical_cross_entropy",
    "softmax_cross_entropy",
    "kl_divergence",
    "softmax_kl_divergence",
}


@cache
def rows(loss: str, gradient: bool, number: Any, parallel: bool) -> Any:
    """The loop of a loss of rows, one row at a time."""
    zero = number(0)

    def categorical(x, t, out, scale):
        total = zero
        for j in range(x.size):
            total -= t[j] * np.log(x[j])
            if gradient:
                out[j] = -t[j] / x[j] * scale
        return total

    def sparse_categorical(x, t, out, scale):
        if gradient:
            out[:] = zero
            out[t] = -scale / x[t]
        return -np.log(x[t])

    def divergence(x, t, out, scale):
        total = zero
        for j in range(x.size):
            total += t[j] * (np.log(t[j]) - np.log(x[j]))
            if gradient:
                out[j] = -t[j] / x[j] * scale
        return total

    def softmax(x, t, out, scale):
        top, total = x[0], zero
        for j in range(1, x.size):
            top = max(top, x[j])
        for j in range(x.size):
            e = np.exp(x[j] - top)
            total += e
            if gradient:
                out[j] = e
        if gradient:
            factor = scale / total
            for j in range(x.size):
                out[j] *= factor
            out[t] -= scale
        return np.log(total) + top - x[t]

    def softmax_divergence(x, t, out, scale):
        top, total, mass, linear = x[0], zero, zero, zero
        for j in range(1, x.size):
            top = max(top, x[j])
        for j in range(x.size):
            e = np.exp(x[j] - top)
            total += e
            mass += t[j]
            linear += t[j] * (np.log(t[j]) - (x[j] - top))
            if gradient:
                out[j] = e
        if gradient:
            factor = mass / total
            for j in range(x.size):
                out[j] = (out[j] * factor - t[j]) * scale
        return np.log(total) * mass + linear

    row = compiled(
        {
            "categorical_cross_entropy": categorical,
            "sparse_categorical_cross_entropy": sparse_categorical,
            "softmax_cross_entropy": softmax,
            "kl_divergence": divergence,
            "softmax_kl_divergence": softmax_divergence,
        }[loss]
    )

    def cost(x, t):
        total, scale = 0.0, number(1 / len(x))
        for i in prange(len(x)):
            total += row(x[i], t[i], x[i], scale)
        return total / len(x)

    def cost_and_gradient(x, t, out):
        total, scale = 0.0, number(1 / len(x))
        for i in prange(len(x)):
            total += row(x[i], t[i], out[i], scale)
        return total / len(x)

    return njit(parallel=parallel, fastmath=True)(cost_and_gradient if gradient else cost)
