"""Cost and gradient of linear models, by fastloss, scikit-learn, PyTorch and JAX: ``python benchmarks/linear.py``.

Each on one thread, the rounds in turn, the median of CPU time. All must agree before any is timed.
"""

import os

ONE_THREAD = dict.fromkeys(("FASTLOSS_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
os.environ |= ONE_THREAD | {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}

import statistics  # noqa: E402 - threads are counted at import
import time  # noqa: E402

import jax  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from sklearn._loss.loss import HalfBinomialLoss, HalfMultinomialLoss  # noqa: E402
from sklearn.linear_model._linear_loss import LinearModelLoss  # noqa: E402

import fastloss as fl  # noqa: E402

ROUNDS = 7
PROBLEMS = [(1_000_000, 100, 1), (100_000, 784, 10)]  # samples, features, columns of scores

jax.config.update("jax_enable_x64", True)
torch.set_num_threads(1)


def by_fastloss(X, target, W, b):
    loss = fl.sigmoid_cross_entropy if W.shape[1] == 1 else fl.softmax_cross_entropy
    objective = fl.linear.objective(loss, X, target)
    w = np.concatenate([W.ravel(), b])
    return lambda: objective(w)


def by_sklearn(X, target, W, b):
    columns = W.shape[1]
    loss = HalfBinomialLoss() if columns == 1 else HalfMultinomialLoss(n_classes=columns)
    model = LinearModelLoss(base_loss=loss, fit_intercept=True)
    w = np.asfortranarray(np.vstack([W, b]).T, X.dtype)
    w, target = (w[0] if columns == 1 else w), target.astype(X.dtype)

    def call():
        cost, gradient = model.loss_gradient(w, X, target, l2_reg_strength=0.0, n_threads=1)
        return cost, np.atleast_2d(gradient).T.ravel()

    return call


def by_torch(X, target, W, b):
    binary = W.shape[1] == 1
    X, target = torch.from_numpy(X), torch.from_numpy(target.astype(X.dtype) if binary else target)
    weight, bias = (torch.tensor(x, dtype=X.dtype, requires_grad=True) for x in (W.T, b))

    def call():
        weight.grad = bias.grad = None
        scores = torch.nn.functional.linear(X, weight, bias)
        if binary:
            cost = torch.nn.functional.binary_cross_entropy_with_logits(scores[:, 0], target)
        else:
            cost = torch.nn.functional.cross_entropy(scores, target)
        cost.backward()
        return cost.item(), np.concatenate([weight.grad.numpy().T.ravel(), bias.grad.numpy()])

    return call


def by_jax(X, target, W, b):
    def binary(w, b, X, target):
        scores = (X @ w)[:, 0] + b
        return (jax.nn.softplus(scores) - target * scores).mean()

    def classes(w, b, X, target):
        scores = X @ w + b
        picked = jax.numpy.take_along_axis(scores, target[:, None], 1)[:, 0]
        return (jax.nn.logsumexp(scores, 1) - picked).mean()

    function = jax.jit(jax.value_and_grad(binary if W.shape[1] == 1 else classes, argnums=(0, 1)))
    arguments = [jax.numpy.asarray(x) for x in (W.astype(X.dtype), b.astype(X.dtype), X, target)]

    def call():
        cost, gradient = function(*arguments)
        return float(cost), np.concatenate([np.ravel(part) for part in gradient])

    return call


CONTESTANTS = {"fastloss": by_fastloss, "scikit-learn": by_sklearn, "PyTorch": by_torch, "JAX": by_jax}


def measure(samples, features, columns, dtype):
    """Milliseconds of CPU time of each contestant."""
    rng = np.random.default_rng(0)
    X, target = rng.standard_normal((samples, features), dtype), rng.integers(0, max(2, columns), samples)
    W, b = rng.standard_normal((features, columns)) / features**0.5, rng.standard_normal(columns)
    calls = {name: prepare(X, target, W, b) for name, prepare in CONTESTANTS.items()}
    first, gradient = calls["fastloss"]()
    for name, call in calls.items():
        cost, other = call()
        np.testing.assert_allclose(cost, first, rtol=1e-5, err_msg=name)
        np.testing.assert_allclose(other, gradient, atol=1e-4 * np.abs(gradient).max(), err_msg=name)
    times = {name: [] for name in calls}
    for _ in range(ROUNDS):
        for name, call in calls.items():
            start = time.process_time()
            call()
            times[name].append(time.process_time() - start)
    return {name: 1000 * statistics.median(taken) for name, taken in times.items()}


if __name__ == "__main__":
    print("| samples × features × columns, dtype |", " | ".join(CONTESTANTS), "|")
    print("|---|", "---:|" * len(CONTESTANTS), sep="")
    for samples, features, columns in PROBLEMS:
        for dtype in (np.float32, np.float64):
            taken = measure(samples, features, columns, dtype)
            problem = f"{samples:,} × {features} × {columns}, {np.dtype(dtype)}"
            print(f"| {problem} |", " | ".join(f"{t:.0f} ms" for t in taken.values()), "|", flush=True)
