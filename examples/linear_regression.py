"""Linear regression with L2, Huber and L1 loss, on the diabetes data with outliers planted.

Twenty of 442 targets are raised by 3000. What the three losses make of them shows in the errors on the others.
"""

import numpy as np
from optimum import compare, smoothness
from sklearn.datasets import load_diabetes
from sklearn.linear_model import HuberRegressor, QuantileRegressor, Ridge
from sklearn.preprocessing import StandardScaler

import fastloss as fl

OUTLIERS = 20


def data():
    """Standardised features, the targets with outliers, and which targets are sound."""
    X, target = load_diabetes(return_X_y=True)
    planted = np.random.default_rng(0).choice(len(target), OUTLIERS, replace=False)
    target[planted] += 3000
    return StandardScaler().fit_transform(X), target, np.delete(np.arange(len(target)), planted)


def estimators(X, target):
    """scikit-learn's estimators, and the same objective in terms of a loss: name, objective, estimator, first step."""
    bound = smoothness(X)

    # |Xw + b - y|² + alpha |w|², here divided by the number of samples
    ridge = Ridge(alpha=1.0).fit(X, target)
    yield "mse", fl.linear.objective(fl.mse, X, target, l2=2 * ridge.alpha / len(X)), ridge, 1 / (2 * bound)

    # its threshold is epsilon times a scale that it estimates along with the weights
    huber = HuberRegressor(alpha=0.0, tol=1e-8, max_iter=10_000).fit(X, target)
    yield "huber", fl.linear.objective(fl.huber, X, target, delta=huber.epsilon * huber.scale_), huber, 1 / bound

    # The gradient of L1 loss does not fade towards the optimum, so the steps must; scipy's method assumes that it does.
    median = QuantileRegressor(quantile=0.5, alpha=0.0).fit(X, target)
    yield "mae", fl.linear.objective(fl.mae, X, target), median, lambda i: 200 * 0.999**i


def results():
    """Every loss beside scikit-learn's estimator."""
    X, target, _ = data()
    for name, objective, estimator, step in estimators(X, target):
        reference = np.append(estimator.coef_, estimator.intercept_)
        yield compare(name, objective, estimator, reference, 20_000, step)


def errors():
    """The mean absolute error on the sound targets, by the loss that was fitted."""
    X, target, sound = data()
    return {name: fl.mae(estimator.predict(X)[sound], target[sound]) for name, _, estimator, _ in estimators(X, target)}


if __name__ == "__main__":
    for result in results():
        print(result)
    for name, error in errors().items():
        print(f"{name:22} mean absolute error on sound targets: {error:.1f}")
