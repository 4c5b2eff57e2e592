"""numba on one thread: one compiled loop a loss, with fastmath and sums in double precision."""

from __future__ import annotations

from functools import cache
from typing import Any

import numba
import numpy as np
from numba import njit, prange

from . import Candidate, Task

SHARED_FROM = 16384  # numbers: fewer are never worth a second thread
compiled = njit(inline="always", fastmath=True)


class Rival:
    """Loops over scalars, which LLVM turns into vectors; by Intel's vector mathematics where that is installed."""

    parallel = False

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        if self.parallel and threads == 1:
            raise ImportError("it is for more than one thread")
        numba.set_num_threads(threads)
        return f"{numba.__version__}, {'with' if numba.core.config.USING_SVML else 'without'} Intel's SVML"

    def prepare(self, task: Task) -> Candidate | None:
        """Its way to do the task."""
        if self.parallel and task.pred.size < SHARED_FROM:
            return None
        number: Any = task.pred.dtype.type
        what = task.loss, task.gradient, number, self.parallel
        loop = pointwise(*what) or rows(*what)
        if loop is None:
            return None
        arguments = (task.pred, task.target, *([task.out] if task.gradient else []))
        return Candidate(lambda: loop(*arguments), lambda cost: (float(cost), task.out if task.gradient else None))


ROOTS = {"rmse": "mse", "rmsle": "msle"}  # and what they are the roots of


@cache
def scalars(loss: str, number: Any) -> tuple[Any, Any] | None:
    """One sample's loss and derivative, if they are here. Constants are of the dtype: a double would drag the float along."""
    zero, half, one, two, four, six = (number(x) for x in (0, 0.5, 1, 2, 4, 6))
    tenth, log_2, delta, clip = number(0.1), number(np.log(2)), number(4.685), number(0.05)

    @compiled
    def softplus(x):
        return max(x, zero) + np.log1p(np.exp(-abs(x)))

    @compiled
    def sigmoid(x):
        e = np.exp(-abs(x))
        return (one if x > zero else e) / (one + e)

    @compiled
    def sign(x):
        return one if x > zero else (-one if x < zero else zero)

    @compiled
    def kept(p, t):  # of Tukey's weight, what is under the square
        u = (p - t) / delta
        return max(one - u * u, zero)

    def mse(p, t):
        return (p - t) * (p - t)

    def mse_slope(p, t):
        return two * (p - t)

    def mae(p, t):
        return abs(p - t)

    def mae_slope(p, t):
        return sign(p - t)

    def huber(p, t):
        m = abs(p - t)
        return half * m * m if m <= one else m - half

    def huber_slope(p, t):
        return min(max(p - t, -one), one)

    def pseudo_huber(p, t):
        d = p - t
        return np.sqrt(one + d * d) - one

    def pseudo_huber_slope(p, t):
        d = p - t
        return d / np.sqrt(one + d * d)

    barron, barron_slope = pseudo_huber, pseudo_huber_slope  # of alpha = 1

    def log_cosh(p, t):
        m = abs(p - t)
        return m + np.log1p(np.exp(-two * m)) - log_2

    def log_cosh_slope(p, t):
        return np.tanh(p - t)

    def fair(p, t):
        m = abs(p - t)
        return m - np.log1p(m)

    def fair_slope(p, t):
        return (p - t) / (one + abs(p - t))

    def cauchy(p, t):
        d = p - t
        return half * np.log1p(d * d)

    def cauchy_slope(p, t):
        d = p - t
        return d / (one + d * d)

    def tukey_biweight(p, t):
        k = kept(p, t)
        return delta * delta / six * (one - k * k * k)

    def tukey_biweight_slope(p, t):
        k = kept(p, t)
        return (p - t) * k * k

    def welsch(p, t):
        d = p - t
        return half * (one - np.exp(-d * d))

    def welsch_slope(p, t):
        d = p - t
        return d * np.exp(-d * d)

    def geman_mcclure(p, t):
        u = (p - t) * (p - t)
        return half * u / (one + u)

    def geman_mcclure_slope(p, t):
        d = p - t
        u = one + d * d
        return d / (u * u)

    def quantile(p, t):
        return half * abs(p - t)

    def quantile_slope(p, t):
        return half * sign(p - t)

    def expectile(p, t):
        return half * (p - t) * (p - t)

    def expectile_slope(p, t):
        return p - t

    def epsilon_insensitive(p, t):
        return max(abs(p - t) - tenth, zero)

    def epsilon_insensitive_slope(p, t):
        d = p - t
        return sign(d) if abs(d) > tenth else zero

    def squared_epsilon_insensitive(p, t):
        m = max(abs(p - t) - tenth, zero)
        return m * m

    def squared_epsilon_insensitive_slope(p, t):
        d = p - t
        return two * sign(d) * max(abs(d) - tenth, zero)

    def msle(p, t):
        d = np.log1p(p) - np.log1p(t)
        return d * d

    def msle_slope(p, t):
        return two * (np.log1p(p) - np.log1p(t)) / (one + p)

    def mape(p, t):
        return abs(p - t) / abs(t)

    def mape_slope(p, t):
        return sign(p - t) / abs(t)

    def smape(p, t):
        return two * abs(p - t) / (abs(p) + abs(t))

    def smape_slope(p, t):
        whole = abs(p) + abs(t)
        return four * sign(p - t) * abs(t) / (whole * whole) if p * t > zero else zero

    def poisson_nll(x, t):
        return np.exp(x) - t * x

    def poisson_nll_slope(x, t):
        return np.exp(x) - t

    def poisson_deviance(p, t):
        return two * ((t * np.log(t / p) if t > zero else zero) - t + p)

    def poisson_deviance_slope(p, t):
        return two * (one - t / p)

    def gamma_nll(x, t):
        return x + t * np.exp(-x)

    def gamma_nll_slope(x, t):
        return one - t * np.exp(-x)

    def gamma_deviance(p, t):
        return two * (np.log(p / t) + t / p - one)

    def gamma_deviance_slope(p, t):
        return two * (p - t) / (p * p)

    def tweedie_nll(x, t):
        e = np.exp(half * x)
        return two * (e + t / e)

    def tweedie_nll_slope(x, t):
        e = np.exp(half * x)
        return e - t / e

    def tweedie_deviance(p, t):
        d = np.sqrt(p) - np.sqrt(t)
        return four * d * d / np.sqrt(p)

    def tweedie_deviance_slope(p, t):
        return two * (p - t) / (p * np.sqrt(p))

    def negative_binomial_nll(x, t):
        return (t + one) * softplus(x) - t * x

    def negative_binomial_nll_slope(x, t):
        e = np.exp(x)
        return (e - t) / (one + e)

    def hinge(p, t):
        return max(one - t * p, zero)

    def hinge_slope(p, t):
        return -t if t * p < one else zero

    def squared_hinge(p, t):
        m = max(one - t * p, zero)
        return m * m

    def squared_hinge_slope(p, t):
        return -two * t * max(one - t * p, zero)

    def perceptron(p, t):
        return max(-t * p, zero)

    def perceptron_slope(p, t):
        return -t if t * p < zero else zero

    def logistic(p, t):
        return softplus(-t * p)

    def logistic_slope(p, t):
        return -t * sigmoid(-t * p)

    def exponential(p, t):
        return np.exp(-t * p)

    def exponential_slope(p, t):
        return -t * np.exp(-t * p)

    def modified_huber(p, t):
        m = max(one - t * p, zero)
        return m * m if m <= two else four * m - four

    def modified_huber_slope(p, t):
        return -two * t * min(max(one - t * p, zero), two)

    def binary_cross_entropy(p, t):
        return -t * np.log(p) - (one - t) * np.log1p(-p)

    def binary_cross_entropy_slope(p, t):
        return (p - t) / (p * (one - p))

    def sigmoid_cross_entropy(x, t):
        return softplus(x) - x * t

    def sigmoid_cross_entropy_slope(x, t):
        return sigmoid(x) - t

    def sigmoid_focal(x, t):
        m = x if t == one else -x
        q = sigmoid(-m)
        return q * q * softplus(-m)

    def sigmoid_focal_slope(x, t):
        m = x if t == one else -x
        q = sigmoid(-m)
        slope = -q * q * (two * (one - q) * softplus(-m) + q)
        return slope if t == one else -slope

    def sigmoid_brier(x, t):
        d = sigmoid(x) - t
        return d * d

    def sigmoid_brier_slope(x, t):
        s = sigmoid(x)
        return two * (s - t) * s * (one - s)

    def sigmoid_asymmetric(x, t):
        if t == one:
            return sigmoid(-x) * softplus(-x)
        v = max(sigmoid(x) - clip, zero)
        return -v * v * v * v * np.log1p(-v)

    def sigmoid_asymmetric_slope(x, t):
        p = sigmoid(x)
        q = one - p
        if t == one:
            return -q * (q + p * softplus(-x))
        v = max(p - clip, zero)
        return p * q * v * v * v * (v / (one - v) - four * np.log1p(-v))

    found = locals()
    loss = ROOTS.get(loss, loss)
    return (compiled(found[loss]), compiled(found[loss + "_slope"])) if loss in found else None


@cache
def pointwise(loss: str, gradient: bool, number: Any, parallel: bool) -> Any:
    """The loop of a loss of single numbers, if it is one."""
    found = scalars(loss, number)
    if found is None:
        return None
    value, slope = found

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

    def root(p, t):
        return np.sqrt(mean(p, t))

    def root_and_gradient(p, t, out):
        cost = np.sqrt(mean(p, t))
        scale = number(half / (cost * p.size))
        for i in prange(p.size):
            out[i] = slope(p[i], t[i]) * scale
        return cost

    half, mean = 0.5, njit(parallel=parallel, fastmath=True)(cost)
    ways = (root, root_and_gradient) if loss in ROOTS else (cost, cost_and_gradient)
    return njit(parallel=parallel, fastmath=True)(ways[gradient])


@cache
def rows(loss: str, gradient: bool, number: Any, parallel: bool) -> Any:
    """The loop of a loss of rows, one row at a time, if it is here."""
    zero, half, one, two = (number(x) for x in (0, 0.5, 1, 2))
    lowest = np.finfo(number).min

    def categorical_cross_entropy(x, t, out, scale):
        total = zero
        for j in range(x.size):
            total -= t[j] * np.log(x[j])
            if gradient:
                out[j] = -t[j] / x[j] * scale
        return total

    def sparse_categorical_cross_entropy(x, t, out, scale):
        if gradient:
            out[:] = zero
            out[t] = -scale / x[t]
        return -np.log(x[t])

    def kl_divergence(x, t, out, scale):
        total = zero
        for j in range(x.size):
            total += t[j] * (np.log(t[j]) - np.log(x[j]))
            if gradient:
                out[j] = -t[j] / x[j] * scale
        return total

    def softmax_cross_entropy(x, t, out, scale):
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

    def softmax_kl_divergence(x, t, out, scale):
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

    def reverse_kl_divergence(x, t, out, scale):
        total = zero
        for j in range(x.size):
            log = np.log(x[j] / t[j])
            total += x[j] * log
            if gradient:
                out[j] = (log + one) * scale
        return total

    def jensen_shannon(x, t, out, scale):
        total = zero
        for j in range(x.size):
            m = half * (x[j] + t[j])
            log = np.log(x[j] / m)
            total += half * (x[j] * log + t[j] * np.log(t[j] / m))
            if gradient:
                out[j] = half * log * scale
        return total

    def brier(x, t, out, scale):
        total = one - two * x[t]
        for j in range(x.size):
            total += x[j] * x[j]
            if gradient:
                out[j] = two * x[j] * scale
        if gradient:
            out[t] -= two * scale
        return total

    def crammer_singer_hinge(x, t, out, scale):
        top, most = 0, lowest
        for j in range(x.size):
            if j != t and x[j] > most:
                top, most = j, x[j]
        m = max(one + most - x[t], zero)
        if gradient:
            out[:] = zero
            if m > zero:
                out[top] = scale
                out[t] = -scale
        return m

    def weston_watkins_hinge(x, t, out, scale):
        total, pulled = zero, zero
        for j in range(x.size):
            m = one + x[j] - x[t]
            total += max(m, zero)
            if gradient:
                out[j] = scale if m > zero else zero
                pulled += out[j]
        if gradient:
            out[t] = scale - pulled
        return total - one

    def gaussian_nll(x, t, out, scale):
        d, inverse = x[0] - t, np.exp(-x[1])
        if gradient:
            out[0] = d * inverse * scale
            out[1] = half * (one - d * d * inverse) * scale
        return half * (x[1] + d * d * inverse)

    def laplace_nll(x, t, out, scale):
        d, inverse = x[0] - t, np.exp(-x[1])
        if gradient:
            out[0] = (inverse if d > zero else (-inverse if d < zero else zero)) * scale
            out[1] = (one - abs(d) * inverse) * scale
        return x[1] + abs(d) * inverse

    found = locals()
    if loss not in found:
        return None
    row = compiled(found[loss])

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
