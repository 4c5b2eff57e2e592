"""Benign or malignant: the breast cancer data with sigmoid cross-entropy, squared hinge and hinge loss."""

import numpy as np
from optimum import compare, smoothness
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

import fastloss as fl

C = 0.01  # scikit-learn's: C · sum of losses + |w|²/2, which is the mean of losses + l2/2 · |w|² for l2 = 1/(C·N)


def data():
    """Standardised features, and labels 0 and 1."""
    X, target = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X), target


def results():
    """Every loss beside scikit-learn's estimator."""
    X, target = data()
    signs = 2 * target - 1
    bound = smoothness(X)
    l2 = 1 / (C * len(X))

    logistic = LogisticRegression(C=C, solver="newton-cholesky", tol=1e-10).fit(X, target)
    objective = fl.linear.objective(fl.sigmoid_cross_entropy, X, target, l2=l2)
    yield compare("sigmoid_cross_entropy", objective, logistic, weights(logistic), 20_000, 4 / bound)

    # LinearSVC's penalty takes in the intercept: here it is the coefficient of a column of ones, penalised by both.
    ones = np.column_stack([X, np.ones(len(X))])
    machine = LinearSVC(C=C, loss="squared_hinge", dual=False, fit_intercept=False, tol=1e-10).fit(ones, target)
    objective = fl.linear.objective(fl.squared_hinge, ones, signs, l2=l2, fit_intercept=False)
    yield compare("squared_hinge", objective, machine, machine.coef_[0], 10_000, 1 / (2 * bound))

    # The gradient of hinge loss does not fade towards the optimum, so the steps must; scipy's method assumes that it does.
    machine = SVC(C=C, kernel="linear", tol=1e-8).fit(X, target)
    objective = fl.linear.objective(fl.hinge, X, signs, l2=l2)
    yield compare("hinge", objective, machine, weights(machine), 20_000, lambda i: 0.3 * 0.999**i)


def weights(estimator):
    """Coefficients, then the intercept."""
    return np.append(estimator.coef_[0], estimator.intercept_)


if __name__ == "__main__":
    for result in results():
        print(result)
