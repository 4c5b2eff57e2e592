"""Usage as users write it, for mypy and pyright: what every call gives, and what is refused before it runs."""

from typing import Any, assert_type

import numpy as np
from numpy.typing import NDArray

import fastloss as fl

pred, target = np.zeros((4, 3)), np.zeros((4, 3))
ids, weights = np.zeros(4, int), np.ones(4)
out = np.empty_like(pred)

assert_type(fl.mse(pred, target), float)
assert_type(fl.l2([1.0, 2.0], [1, 2]), float)
assert_type(fl.huber(pred, target, delta=2.0, reduction="sum"), float)
assert_type(fl.huber(pred, target, reduction="none"), NDArray[Any])
assert_type(fl.huber(pred, target, reduction="none", out=out), NDArray[Any])
assert_type(fl.huber.grad(pred, target, out=out), NDArray[Any])
assert_type(fl.rmse.value_and_grad(pred, target, out=out), tuple[float, NDArray[Any]])
assert_type(fl.mae.value_and_grad(pred, target, reduction="none"), tuple[NDArray[Any], NDArray[Any]])
assert_type(fl.hinge.grad_and_hess(pred, target, out=(out, out.copy())), tuple[NDArray[Any], NDArray[Any]])
assert_type(fl.softmax_cross_entropy(pred, ids, sample_weight=weights, ignore_index=-1), float)
assert_type(fl.softmax_cross_entropy.value_and_grad(pred, ids, axis=-1), tuple[float, NDArray[Any]])
assert_type(fl.huber.grad_and_hess(pred, target, curvature="majorizer"), tuple[NDArray[Any], NDArray[Any]])
assert_type(fl.mae.value_and_grad(pred, target, reduction="none", out=(out, out)), tuple[NDArray[Any], NDArray[Any]])
assert_type(fl.mse.hvp(pred, target, pred), NDArray[Any])
assert_type(fl.softmax(pred, axis=0), NDArray[Any])
assert_type(fl.sigmoid(pred, out=out), NDArray[Any])
assert_type(fl.logsumexp(pred), NDArray[Any])
assert_type(fl.get_num_threads(), int)


def either(reduction: str) -> float | NDArray[Any]:
    return fl.mse(pred, target, reduction=reduction)


def chosen(loss: fl.Loss, x: NDArray[np.float32]) -> float:
    cost, gradient = loss.value_and_grad(x, x, sample_weight=None)
    x -= 0.1 * gradient
    return cost


fl.mse(pred)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue]
fl.mse(pred, target, out=out)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
fl.mse.grad_and_hess(pred, target, curvature="best")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
fl.mse.grad_and_hess(pred, target, out=out)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
