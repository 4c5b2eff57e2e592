"""Linear estimators: scikit-learn's own checks, and its own estimators of the same objective."""

import copy
import doctest
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from peers import needed

needed("sklearn")
threadpoolctl = needed("threadpoolctl")

from scipy.sparse import csc_array, csr_array, csr_matrix, issparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import (
    ElasticNet,
    GammaRegressor,
    Lasso,
    LogisticRegression,
    PoissonRegressor,
    Ridge,
    TweedieRegressor,
)
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.svm import LinearSVC
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastloss as fl
from fastloss._core.families import RowLoss
from fastloss._core.registry import REGISTRY
from fastloss.adapters.sklearn import LinearClassifier, LinearRegressor, labels, linear

RNG = np.random.default_rng(0)
N = 200
X = RNG.standard_normal((N, 6))
NUMBERS = 3 + X @ [1.0, -2.0, 0.5, 0.0, 0.0, 0.0] + RNG.standard_t(3, N)
AMOUNTS = np.exp(NUMBERS / 4)
TWO, THREE = (NUMBERS > 3).astype(int), np.digitize(NUMBERS, [2, 4])
WEIGHT = RNG.uniform(0, 2, N) * (np.arange(N) % 7 > 0)
SPARSE = X * (RNG.uniform(size=X.shape) < 0.3)


@pytest.fixture(autouse=True)
def one_thread():
    with threadpoolctl.threadpool_limits(1):
        yield


@pytest.mark.filterwarnings("ignore")  # the checks fit what does not converge
@parametrize_with_checks(
    [
        LinearRegressor(),
        LinearRegressor("huber"),
        LinearRegressor("pseudo_huber", l2=1e-3),
        LinearClassifier(),
        LinearClassifier(l2=1e-3),
        LinearClassifier(l2=1e-3, class_weight="balanced"),
        LinearClassifier(loss="squared_hinge"),
        LinearClassifier(loss="sigmoid_focal"),
    ]
)
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


ALL_CHECKS = """
import warnings
from sklearn.utils.estimator_checks import check_estimator
from fastloss.adapters.sklearn import LinearClassifier, LinearRegressor
warnings.simplefilter("ignore")
for model in (LinearRegressor(), LinearRegressor("huber"), LinearRegressor("pseudo_huber", l2=1e-3), LinearClassifier(l2=1e-3)):
    results = check_estimator(model, on_fail=None, on_skip=None)
    left = [(result["check_name"], result["status"]) for result in results if result["status"] != "passed"]
    print(len(results) > 50, left)
"""


@pytest.mark.thread_unsafe
def test_checks_of_scikit_learn_of_other_arrays():
    """With this variable set before SciPy is imported, no check is left out."""
    needed("pandas")
    environment = {**os.environ, "SCIPY_ARRAY_API": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(
        [sys.executable, "-c", ALL_CHECKS], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout == "True []\n" * 4


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("y", [TWO, THREE], ids=["two", "three"])
@pytest.mark.parametrize("l2", [1e-3, 0.1])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_logistic_regression(y, l2, weight, fit_intercept):
    total = N if weight is None else weight.sum()
    theirs = LogisticRegression(C=1 / (l2 * total), tol=1e-8, max_iter=1000, fit_intercept=fit_intercept).fit(
        X, y, weight
    )
    ours = LinearClassifier(l2=l2, fit_intercept=fit_intercept).fit(X, y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=1e-8)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    assert abs(ours.n_iter_ - theirs.n_iter_[0]) <= 1
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    for method in ("decision_function", "predict_proba", "predict_log_proba"):
        np.testing.assert_allclose(getattr(ours, method)(X), getattr(theirs, method)(X), rtol=0, atol=1e-6)
    if y is TWO and weight is None:
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-12)  # the same steps


@pytest.mark.parametrize("class_weight", ["balanced", {0: 1.0, 1: 2.5, 2: 0.5}])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_class_weight(class_weight, weight):
    each = LinearClassifier(l2=0.01, class_weight=class_weight).fit(X, THREE, weight)
    theirs = LogisticRegression(class_weight=class_weight, tol=1e-8, max_iter=1000)
    counts = np.bincount(THREE, weight)
    weights = counts.sum() / (3 * counts) if class_weight == "balanced" else np.array([*class_weight.values()])
    theirs.set_params(C=1 / (0.01 * (counts * weights).sum())).fit(X, THREE, weight)
    np.testing.assert_allclose(each.coef_, theirs.coef_, rtol=0, atol=1e-7)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_regressors_of_scikit_learn(weight):
    total = N if weight is None else weight.sum()
    pairs = [
        (LinearRegressor(l2=0.1), Ridge(alpha=0.1 * total / 2, tol=1e-12), NUMBERS),
        (LinearRegressor(l1=0.2, l2=0.1), ElasticNet(alpha=0.15, l1_ratio=2 / 3, tol=1e-14, max_iter=100000), NUMBERS),
        (LinearRegressor("poisson_nll", l2=0.1), PoissonRegressor(alpha=0.1, tol=1e-8), np.floor(AMOUNTS)),
        (LinearRegressor("gamma_nll", l2=0.1), GammaRegressor(alpha=0.1, tol=1e-8), AMOUNTS),
        (LinearRegressor("tweedie_nll", l2=0.1), TweedieRegressor(power=1.5, alpha=0.1, tol=1e-8), AMOUNTS),
    ]
    for ours, theirs, y in pairs:
        ours.fit(X, y, weight)
        theirs.fit(X, y, sample_weight=weight)
        tolerance = 3e-8 if ours.loss == "mse" and not ours.l1 else 1e-6
        np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=tolerance, err_msg=str(ours))
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=0, atol=tolerance, err_msg=str(ours))
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-6, atol=1e-6, err_msg=str(ours))
        assert isinstance(ours.intercept_, np.float64)
        np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("l1", [1e-1, 1e-3, 1e-4, 1e-5])
def test_a_small_l1_penalty(l1):
    """The fit does not end where steps are short and slopes are not."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(400, 5))
        y = X @ rng.normal(size=5) + rng.normal(size=400)
        expected = Lasso(alpha=l1 / 2, tol=1e-14, max_iter=10**6).fit(X, y).coef_
        np.testing.assert_allclose(LinearRegressor(l1=l1).fit(X, y).coef_, expected, rtol=0, atol=1e-7)


def test_a_robust_linear_model_of_a_fixed_scale():
    api = needed("statsmodels.api")
    theirs = api.RLM(NUMBERS, api.add_constant(X)).fit(update_scale=False, maxiter=500, tol=1e-14)
    ours = LinearRegressor("huber", loss_params={"delta": 1.345 * theirs.scale}).fit(X, NUMBERS)
    np.testing.assert_allclose([ours.intercept_, *ours.coef_], theirs.params, rtol=0, atol=3e-8)


def test_squared_hinge_is_a_support_vector_machine():
    theirs = LinearSVC(C=1 / (0.1 * N), intercept_scaling=1e4, tol=1e-10, max_iter=100000).fit(X, TWO)
    ours = LinearClassifier(loss="squared_hinge", l2=0.1).fit(X, TWO)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=0, atol=1e-4)
    assert not hasattr(ours, "predict_proba")


@pytest.mark.parametrize("name", REGISTRY)
def test_every_loss_fits_or_says_why_not(name):
    loss = REGISTRY[name]
    of = labels.kind(loss)
    if of == "numbers":
        model, y = LinearRegressor(name, l2=0.01), AMOUNTS * np.sign(X[:, 5]) if name == "cox" else AMOUNTS
    else:
        model, y = LinearClassifier(loss=name, l2=0.01), THREE if isinstance(loss, RowLoss) else TWO
    try:
        model.fit(X, y, WEIGHT)
    except ValueError as error:
        assert str(error).startswith(f"{name} cannot be used with {type(model).__name__}: ")  # noqa: PT017
        return
    target = y if of == "numbers" else labels.coded(loss, y, y.max() + 1)
    objective = fl.linear.objective(loss, X, target, l2=0.01, sample_weight=WEIGHT)
    w = np.concatenate([model.coef_.T.ravel(), np.ravel(model.intercept_)])
    assert np.abs(objective(w)[1]).max() < 1e-5
    assert objective(w)[0] < objective(np.zeros(w.size))[0]
    assert model.fit(X, y, WEIGHT).score(X, y) > (0.6 if of != "numbers" else -np.inf)
    with pytest.raises(ValueError, match=f"{name} cannot be used with Linear"):
        (LinearRegressor(name) if of != "numbers" else LinearClassifier(loss=name)).fit(X, TWO)


def test_refusals():
    instead = {
        "mae": "pseudo_huber",
        "quantile": "expectile",
        "rmse": "mse",
        "poisson_deviance": "poisson_nll",
        "hinge": "LinearClassifier|squared_hinge",
        "hubert": "did you mean 'huber'",
        "gaussian_nll": "two predictions",
    }
    for name, words in instead.items():
        with pytest.raises(ValueError, match=rf"{name}.*({words})"):
            LinearRegressor(name).fit(X, AMOUNTS)
    with pytest.raises(
        ValueError, match="squared_hinge is a loss for two classes, but there are 3; softmax_cross_entropy"
    ):
        LinearClassifier(loss="squared_hinge").fit(X, THREE)
    with pytest.raises(ValueError, match=r"binary_cross_entropy cannot be used with .*sigmoid_cross_entropy"):
        LinearClassifier(loss="log_loss").fit(X, TWO)
    for model in (LinearClassifier(loss="ordinal_logistic"), LinearRegressor("ordinal_logistic")):
        with pytest.raises(
            ValueError, match=r"ordinal_logistic cannot be used with .*; softmax_ranked_probability_score takes"
        ):
            model.fit(X, THREE)
    LinearClassifier(loss="softmax_ranked_probability_score", l2=0.1).fit(X, THREE)
    LinearClassifier(loss="weston_watkins_hinge", loss_params={"power": 2}, l2=0.1).fit(X, THREE)
    for wrong, error, words in [
        ({"l2": -1}, ValueError, r"l2 is -1\.0"),
        ({"l1": np.nan}, ValueError, "l1 is nan"),
        ({"tol": -1}, ValueError, r"tol is -1\.0"),
        ({"max_iter": 0}, ValueError, "max_iter is 0"),
        ({"max_iter": 10.0}, TypeError, "max_iter must be an integer"),
        ({"loss_params": {"beta": 1}}, TypeError, "has no keyword 'beta'"),
    ]:
        for model, y in ((LinearRegressor(), NUMBERS), (LinearClassifier(), TWO)):
            with pytest.raises(error, match=words):
                model.set_params(**wrong).fit(X, y)
    with pytest.raises(ValueError, match="delta is 0"):
        LinearRegressor("huber", loss_params={"delta": 0}).fit(X, NUMBERS)
    with pytest.raises(ValueError, match=r"non-zero|sums to 0"):
        LinearRegressor().fit(X, NUMBERS, np.zeros(N))
    with pytest.raises(ValueError, match="y has one class, 0; there must be at least 2 classes"):
        LinearClassifier().fit(X, np.zeros(N, int))
    with pytest.warns(ConvergenceWarning, match="max_iter=2"):
        LinearClassifier(max_iter=2).fit(X, THREE)


@pytest.mark.parametrize("form", [csr_array, csr_matrix, csc_array])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_sparse(form, fit_intercept):
    given = {"l2": 0.01, "fit_intercept": fit_intercept}
    times = AMOUNTS * np.where(np.arange(N) % 3 > 0, 1, -1)
    for model, y in [
        (LinearRegressor("huber", **given), NUMBERS),
        (LinearRegressor("mse", l1=0.1, **given), NUMBERS),
        (LinearRegressor("huber", loss_params={"delta": [0.5, 1.0]}, **given), np.column_stack([NUMBERS, AMOUNTS])),
        (LinearRegressor("cox", **given), times),
        (LinearClassifier(**given), TWO),
        (LinearClassifier(loss_params={"label_smoothing": 0.1}, **given), THREE),
        (LinearClassifier(loss="softmax_kl_divergence", **given), THREE),
    ]:
        for weight in (None, WEIGHT):
            dense, sparse = clone(model).fit(SPARSE, y, weight), clone(model).fit(form(SPARSE), y, weight)
            np.testing.assert_allclose(sparse.coef_, dense.coef_, rtol=0, atol=2e-6, err_msg=str(model))
            np.testing.assert_allclose(sparse.predict(form(SPARSE)), sparse.predict(SPARSE), rtol=1e-12)
    assert issparse(form(SPARSE))


def test_dtypes_and_outputs():
    narrow = X.astype(np.float32)
    model = LinearClassifier(l2=0.01).fit(narrow, THREE)
    np.testing.assert_allclose(model.coef_, LinearClassifier(l2=0.01).fit(X, THREE).coef_, rtol=0, atol=1e-3)
    for result in (
        model.coef_,
        model.decision_function(narrow),
        model.predict_proba(narrow),
        model.predict_log_proba(narrow),
    ):
        assert result.dtype == np.float32
    assert LinearRegressor().fit(narrow, NUMBERS).predict(narrow).dtype == np.float32
    both = np.column_stack([NUMBERS, AMOUNTS])
    two = LinearRegressor("pseudo_huber", loss_params={"delta": [0.5, 2.0]}).fit(X, both)
    for j, delta in enumerate((0.5, 2.0)):
        one = LinearRegressor("pseudo_huber", loss_params={"delta": delta}).fit(X, both[:, j])
        np.testing.assert_allclose(two.coef_[j], one.coef_, rtol=0, atol=1e-5)
        np.testing.assert_allclose(two.predict(X)[:, j], one.predict(X), rtol=0, atol=1e-5)
    assert (two.coef_.shape, two.intercept_.shape) == ((2, 6), (2,))


def test_two_classes_in_rows():
    rows, one = (
        LinearClassifier(loss="softmax_cross_entropy", l2=0.02).fit(X, TWO),
        LinearClassifier(l2=0.01).fit(X, TWO),
    )
    assert rows.coef_.shape == (2, 6)
    np.testing.assert_allclose(rows.decision_function(X), one.decision_function(X), rtol=0, atol=1e-6)
    np.testing.assert_allclose(rows.predict_proba(X), one.predict_proba(X), rtol=0, atol=1e-6)
    names = np.array(["yes", "no"])[TWO]
    again = clone(one).fit(X, names)
    assert again.classes_.tolist() == ["no", "yes"]
    assert again.predict(X).tolist() == np.where(one.decision_function(X) > 0, "no", "yes").tolist()


def test_warm_start():
    for model, y in (
        (LinearClassifier(l2=1e-3), THREE),
        (LinearRegressor("huber", l1=0.1), NUMBERS),
        (LinearClassifier(l2=1e-3, loss="softmax_focal"), TWO),
    ):
        first = clone(model).set_params(warm_start=True).fit(X, y)
        steps, before = first.n_iter_, first.coef_.copy()
        assert first.fit(X, y).n_iter_ <= 3 < steps
        np.testing.assert_allclose(first.coef_, before, rtol=0, atol=1e-5)
        first.fit(X[:, :3], y)  # of another shape
        assert first.coef_.shape[-1] == 3


def test_a_start_that_an_outlier_does_not_move():
    y = NUMBERS + 1000
    model = LinearRegressor("tukey_biweight").fit(X, y)
    assert abs(model.intercept_ - 1003) < 0.5


def test_weight_0_and_repetition():
    whole = RNG.integers(0, 3, N)
    for model, y in ((LinearRegressor("huber", l2=0.01), NUMBERS), (LinearClassifier(l2=0.01), THREE)):
        weighted = clone(model).fit(X, y, whole)
        repeated = clone(model).fit(np.repeat(X, whole, axis=0), np.repeat(y, whole))
        np.testing.assert_allclose(weighted.coef_, repeated.coef_, rtol=0, atol=1e-6)


def test_in_scikit_learn():
    model = LinearRegressor(fl.huber, loss_params={"delta": 2.0}, l2=0.01)
    assert repr(LinearRegressor("huber", l2=0.5)) == "LinearRegressor(l2=0.5, loss='huber')"
    fitted = clone(model).fit(X, NUMBERS)
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict(X), fitted.predict(X))
    assert cross_val_score(model, X, NUMBERS, cv=3).min() > 0.3
    search = GridSearchCV(LinearRegressor(), {"loss": ["mse", "huber", fl.log_cosh], "l2": [0.0, 1.0]}, cv=2)
    assert search.fit(X, NUMBERS).best_params_["l2"] == 0
    X.flags.writeable = False
    clone(model).fit(X, NUMBERS)
    X.flags.writeable = True


@pytest.mark.thread_unsafe
def test_examples():
    result = doctest.testmod(linear)
    assert result.failed == 0 < result.attempted
