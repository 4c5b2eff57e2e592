"""Handwritten digits with softmax cross-entropy: ten classes, 64 pixels."""

import numpy as np
from optimum import compare, smoothness
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

import fastloss as fl

C = 0.1  # scikit-learn's: C · sum of losses + |W|²/2, which is the mean of losses + l2/2 · |W|² for l2 = 1/(C·N)


def data():
    """Centred pixels of up to 1, and the digits."""
    X, target = load_digits(return_X_y=True)
    return (X - X.mean(axis=0)) / 16, target


def results():
    """The loss beside scikit-learn's estimator."""
    X, target = data()
    objective = fl.linear.objective(fl.softmax_cross_entropy, X, target, l2=1 / (C * len(X)))
    estimator = LogisticRegression(C=C, solver="newton-cg", tol=1e-10, max_iter=1000).fit(X, target)
    reference = np.append(estimator.coef_.T, estimator.intercept_)  # coef_ is (classes, features)
    yield compare("softmax_cross_entropy", objective, estimator, reference, 3000, 2 / smoothness(X))


if __name__ == "__main__":
    for result in results():
        print(result)
