"""Scorers and metrics beside scikit-learn's own."""

import copy
import doctest
import math
import pickle

import numpy as np
import pytest
from peers import needed

sklearn = needed("sklearn")

from sklearn import metrics
from sklearn.base import BaseEstimator, clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, make_multilabel_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor, RidgeClassifier
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import fastloss as fl
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY
from fastloss.adapters.sklearn import score_function, scorer, scores

RNG = np.random.default_rng(0)
DIABETES = load_diabetes(return_X_y=True)
CANCER = load_breast_cancer(return_X_y=True)
IRIS = load_iris(return_X_y=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])


def logistic():
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=200))


class Same(BaseEstimator):
    """Predicts what it is given."""

    def predict(self, X):
        return X

    predict_proba = decision_function = predict


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("mse", "neg_mean_squared_error"),
        ("mae", "neg_mean_absolute_error"),
        ("rmse", "neg_root_mean_squared_error"),
        ("msle", "neg_mean_squared_log_error"),
        ("rmsle", "neg_root_mean_squared_log_error"),
        ("mape", "neg_mean_absolute_percentage_error"),
        ("poisson_deviance", "neg_mean_poisson_deviance"),
        ("gamma_deviance", "neg_mean_gamma_deviance"),
    ],
)
def test_regression(ours, theirs):
    X, y = DIABETES
    weight = RNG.uniform(0, 2, len(y)) * (np.arange(len(y)) % 5 > 0)
    model = PoissonRegressor(alpha=0.1).fit(X, y)
    for given in ({}, {"sample_weight": weight}):
        expected = metrics.get_scorer(theirs)(model, X, y, **given)
        found = scorer(ours)(model, X, y, **given)
        assert abs(found - expected) <= 4 * np.spacing(-expected)  # of which the tool's average has three
        assert abs(found - exact(ours, model.predict(X), y, given)) <= 2 * np.spacing(-found)


def exact(name, pred, y, given):
    """Minus the cost, of sums without rounding."""
    loss = REGISTRY[{"rmse": "mse", "rmsle": "msle"}.get(name, name)]
    weight = given.get("sample_weight", np.ones(len(y)))
    mean = math.fsum(map(math.prod, zip(loss(pred, y, reduction="none"), weight, strict=True))) / math.fsum(weight)
    return -math.sqrt(mean) if REGISTRY[name].root else -mean


@pytest.mark.parametrize(
    "labels", [np.array([0, 1]), np.array(["b", "a"]), np.array([7, -2]), np.array([False, True])], ids=str
)
def test_two_classes(labels):
    X, y = CANCER
    y = labels[y]
    model = logistic().fit(X[::2], y[::2])
    for given in ({}, {"sample_weight": RNG.uniform(0, 2, len(y))}):
        expected = metrics.get_scorer("neg_log_loss")(model, X, y, **given)
        for name in ("log_loss", "sigmoid_cross_entropy", "sparse_categorical_cross_entropy", "softmax_cross_entropy"):
            found = scorer(name)(model, X, y, **given)
            if "sigmoid" in name or "softmax" in name:  # theirs has the rounding of probabilities near 1
                assert found == pytest.approx(expected, rel=2e-14), name
            else:
                assert abs(found - expected) <= 2 * np.spacing(-expected), name
        signs = np.where(y == model.classes_[1], 1, -1)
        margins = signs * model.decision_function(X)
        hinge = np.average(np.maximum(0, 1 - margins), weights=given.get("sample_weight"))
        assert scorer("hinge")(model, X, y, **given) == pytest.approx(-hinge, rel=1e-14)


@pytest.mark.parametrize("y", [IRIS[1], NAMES[IRIS[1]], IRIS[1] * 10 - 3.0], ids=["ids", "names", "numbers"])
def test_more_classes(y):
    X = IRIS[0]
    model = logistic().fit(X, y)
    for rows in (slice(None), y != y[0], slice(0, 1)):  # folds that lack classes
        given = {"labels": model.classes_}
        expected = -metrics.log_loss(y[rows], model.predict_proba(X[rows]), **given)
        for name in ("sparse_categorical_cross_entropy", "categorical_cross_entropy", "kl_divergence", "softmax_cross_entropy",
                     "softmax_kl_divergence"):  # fmt: skip
            found = scorer(name)(model, X[rows], y[rows])
            ulps = 200 if "softmax" in name else 2  # theirs has the rounding of probabilities near 1
            assert abs(found - expected) <= ulps * np.spacing(-expected), name
    weight = RNG.uniform(0, 2, len(y)) * (np.arange(len(y)) % 3 > 0)
    expected = metrics.get_scorer("neg_log_loss")(model, X, y, sample_weight=weight)
    found = scorer("sparse_categorical_cross_entropy")(model, X, y, sample_weight=weight)
    assert abs(found - expected) <= 2 * np.spacing(-expected)
    brier = ((model.predict_proba(X) - np.eye(3)[np.searchsorted(model.classes_, y)]) ** 2).sum(1).mean()
    assert scorer("brier")(model, X, y) == pytest.approx(-brier, rel=1e-14)


def test_probabilities_of_0():
    """They are what their dtype can tell from 0, as scikit-learn has them; with eps=0 the loss is what it is."""
    X, y = load_breast_cancer(return_X_y=True)
    for loss in ("log_loss", "sparse_categorical_cross_entropy"):
        scoring = {"ours": scorer(loss), "theirs": "neg_log_loss"}
        found = cross_validate(RandomForestClassifier(5, random_state=0), X, y, cv=3, scoring=scoring)
        assert np.isfinite(found["test_theirs"]).all()
        np.testing.assert_allclose(found["test_ours"], found["test_theirs"], rtol=1e-14)
    assert score_function("log_loss")([1, 0], [0.0, 0.5]) == metrics.log_loss([1, 0], [0.0, 0.5])
    assert score_function("log_loss", eps=0)([1, 0], [0.0, 0.5]) == math.inf


def test_lengths_are_told_by_the_names_that_they_came_with():
    with pytest.raises(ValueError, match="y_pred has 2 samples but y_true has 3"):
        score_function("mse")(np.ones(3), np.ones(2))


def test_unknown_labels_and_too_many():
    X, y = IRIS[0], NAMES[IRIS[1]]
    model = logistic().fit(X[:100], y[:100])
    with pytest.raises(
        ValueError, match=r"y\[100\] is 'virginica', which is not one of the classes \['setosa', 'versicolor'\]"
    ):
        scorer("log_loss")(model, X, y)
    with pytest.raises(ValueError, match=r"y\[0\] is 0, which is not one"):
        scorer("hinge")(model, X, IRIS[1])
    model.fit(X, y)
    with pytest.raises(
        ValueError, match="binary_cross_entropy is a loss for two classes, but there are 3; sparse_categorical"
    ):
        scorer("log_loss")(model, X, y)
    four = np.arange(len(y)) % 4
    one_against_one = SVC(decision_function_shape="ovo").fit(X, four)
    with pytest.raises(ValueError, match="decision_function gives 6 columns for 4 classes"):
        scorer("softmax_cross_entropy")(one_against_one, X, four)


def test_what_an_estimator_is_asked_for():
    assert scores.methods_for(fl.log_loss, None) == ("predict_proba",)
    assert scores.methods_for(fl.dice, None) == ("predict_proba",)
    assert scores.methods_for(fl.hinge, None) == ("decision_function",)
    assert scores.methods_for(fl.softmax_focal, None) == ("decision_function",)
    assert scores.methods_for(fl.huber, None) == ("predict",)
    assert scores.methods_for(fl.poisson_deviance, None) == ("predict",)
    X, y = IRIS[0], IRIS[1] > 0
    with pytest.raises(
        AttributeError, match="RidgeClassifier has no predict_proba, which <scorer of binary_cross_entropy"
    ):
        scorer("log_loss")(RidgeClassifier().fit(X, y), X, y)
    either = scorer("hinge", response_method=["predict_proba", "decision_function"])
    model = RidgeClassifier().fit(X, y)
    assert either(model, X, y) == scorer("hinge")(model, X, y)
    with pytest.raises(ValueError, match="response_method is 'transform'; it must be of 'predict'"):
        scorer("huber", response_method="transform")
    with pytest.raises(ValueError, match=r"poisson_nll takes logarithms of means.*poisson_deviance takes means"):
        scorer("poisson_nll")
    x = RNG.standard_normal(5)
    assert scorer("poisson_nll", response_method="predict")(Same(), x, np.ones(5)) == -fl.poisson_nll(x, np.ones(5))


def test_every_loss_scores_or_says_why_not():
    refused = set()
    for name, loss in REGISTRY.items():
        own = {"smooth": 0.5} if "smooth" in loss.parameters else {}
        try:
            score = scorer(name, **own)
        except ValueError as error:
            assert name in str(error)  # noqa: PT017
            refused.add(name)
            continue
        pred, target = loss.inputs.draw(Normal(np.dtype(float)), 60, 3)
        weight = None if loss.cost_only else RNG.uniform(0, 1, len(pred))
        assert score(Same(), pred, target, sample_weight=weight) == -loss(pred, target, sample_weight=weight, **own), (
            name
        )
    assert refused == {"poisson_nll", "gamma_nll", "tweedie_nll", "negative_binomial_nll",
                       "reverse_kl_divergence", "softmax_reverse_kl_divergence"}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_several_labels_at_once():
    X, y = make_multilabel_classification(n_samples=80, random_state=0)
    for model in (RandomForestClassifier(5, random_state=0), MLPClassifier((4,), max_iter=20, random_state=0)):
        model.fit(X, y)
        p = model.predict_proba(X)
        p = np.stack([each[:, 1] for each in p], axis=1) if isinstance(p, list) else p
        assert scorer("dice")(model, X, y) == pytest.approx(-fl.dice(p, y), rel=1e-14)
        assert scorer("log_loss", eps=1e-3)(model, X, y) == pytest.approx(-fl.log_loss(p, y, eps=1e-3), rel=1e-14)


def test_averages_rounded_to_above_1():
    y, p = np.array([0, 1]), np.array([0.25, 1 + 2**-52])
    assert scorer("log_loss")(Same(), p, y) == np.log(0.75) / 2
    with pytest.raises(ValueError, match=r"pred\[1\] is 1.1"):
        scorer("log_loss")(Same(), np.array([0.5, 1.1]), y)


def test_in_searches():
    X, y = DIABETES
    scoring = {"ours": scorer("huber", delta=20.0), "mse": scorer(fl.mse), "theirs": "neg_mean_squared_error"}
    found = cross_validate(LinearRegression(), X, y, scoring=scoring, cv=3)
    np.testing.assert_allclose(found["test_mse"], found["test_theirs"], rtol=1e-14)
    assert (found["test_ours"] < 0).all()
    search = [
        GridSearchCV(logistic(), {"logisticregression__C": [0.01, 1.0]}, scoring=s, cv=3).fit(IRIS[0], NAMES[IRIS[1]])
        for s in (scorer("sparse_categorical_cross_entropy"), "neg_log_loss")
    ]
    assert search[0].best_params_ == search[1].best_params_
    np.testing.assert_allclose(
        search[0].cv_results_["mean_test_score"], search[1].cv_results_["mean_test_score"], rtol=1e-13
    )
    assert clone(search[0]).get_params()["scoring"].__name__ == "neg_sparse_categorical_cross_entropy"


@pytest.mark.thread_unsafe
def test_metadata_routing():
    X, y = DIABETES
    weight = RNG.uniform(0, 2, len(y)) * (np.arange(len(y)) % 2)
    with sklearn.config_context(enable_metadata_routing=True):
        model = LinearRegression().set_fit_request(sample_weight=True)
        ours = scorer("mse").set_score_request(sample_weight=True)
        theirs = metrics.get_scorer("neg_mean_squared_error").set_score_request(sample_weight=True)
        found = [
            cross_validate(model, X, y, scoring=s, cv=3, params={"sample_weight": weight})["test_score"]
            for s in (ours, theirs, scorer("mse").set_score_request(sample_weight=False), {"a": ours, "b": theirs}["a"])
        ]
        with pytest.raises(ValueError, match="sample_weight"):
            cross_validate(model, X, y, scoring=scorer("mse"), cv=3, params={"sample_weight": weight})
    np.testing.assert_allclose(found[0], found[1], rtol=1e-14)
    assert np.abs(found[2] / found[1] - 1).min() > 1e-4
    np.testing.assert_array_equal(found[0], found[3])


def test_score_function():
    y, p = CANCER[1], RNG.uniform(0.01, 0.99, len(CANCER[1]))
    weight = RNG.uniform(0, 2, len(y))
    assert score_function("log_loss")(y, p, sample_weight=weight) == fl.log_loss(p, y, sample_weight=weight)
    assert score_function("log_loss")(y, np.column_stack([1 - p, p])) == fl.log_loss(p, y)
    rows = score_function("sparse_categorical_cross_entropy")
    assert rows(y, p) == pytest.approx(fl.log_loss(p, y), rel=1e-14)
    assert score_function("softmax_cross_entropy")(y, p) == pytest.approx(fl.sigmoid_cross_entropy(p, y), rel=1e-14)
    P, ids = RNG.dirichlet([1, 1, 1], 50), np.arange(50) % 3
    for target in (ids, ids.astype(np.float32), ids > 0):
        assert rows(target, P) == fl.sparse_categorical_cross_entropy(P, target.astype(int))
        assert score_function("categorical_cross_entropy")(target, P) == pytest.approx(rows(target, P), rel=1e-14)
    assert score_function("categorical_cross_entropy")(P, P) == fl.categorical_cross_entropy(P, P)
    for target in (y, 2 * y - 1, y > 0):
        assert score_function("hinge")(target, p) == fl.hinge(p, 2 * y - 1)
    with pytest.raises(ValueError, match=r"y_true\[1\] is 0.5; it must be a class id, a whole number in \[0, 3\)"):
        rows([0, 0.5], P[:2])
    for wrong in (-1, 3, np.nan, np.inf):
        with pytest.raises(ValueError, match=r"y_true\[0\]"):
            score_function("categorical_cross_entropy")([wrong], P[:1])
    with pytest.raises(TypeError, match=r"y_true has dtype .U1.*scorer codes labels"):
        rows(["a"], P[:1])
    with pytest.raises(ValueError, match=r"target\[0\] is -1; target must be in \[0, 1\]"):
        score_function("log_loss")([-1, 1], [0.5, 0.5])


def test_samples_that_are_not_there():
    P = [[0.25, 0.75], [0.5, 0.5], [0.5, 0.5]]
    rows = score_function("sparse_categorical_cross_entropy", ignore_index=-100)
    assert rows([0, -100, 9], P, sample_weight=[1, 1, 0]) == math.log(4)
    assert score_function("categorical_cross_entropy")([0, 0.5, 9], P, sample_weight=[1, 0, 0]) == math.log(4)
    with pytest.raises(ValueError, match=r"y_true\[1\] is -100; it must be a class id"):
        score_function("sparse_categorical_cross_entropy")([0, -100, 1], P)


def test_labels_of_margins_are_named_as_they_were_given():
    with pytest.raises(ValueError, match=r"y_true\[1\] is -1, and others are 0; labels must be 0 and 1, or -1 and 1"):
        score_function("hinge")([0, -1, 1], [0.1, 0.2, 0.3])


def test_masks_and_lazy_arrays_are_refused():
    masked, model = np.ma.array([1.0, 1000.0], mask=[False, True]), LinearRegression().fit([[0.0], [1.0]], [0.0, 1.0])
    for target, pred, name in ((masked, [0.0, 0.0], "y_true"), ([0.0, 0.0], masked, "y_pred")):
        with pytest.raises(TypeError, match=f"{name} is a masked array; pass its data, and sample_weight=~mask"):
            score_function("mse")(target, pred)
    with pytest.raises(TypeError, match="y is a masked array"):
        scorer("mse")(model, [[0.0], [1.0]], masked)
    array = pytest.importorskip("dask.array")
    with pytest.raises(TypeError, match="y_true is a lazy Dask array"):
        score_function("mse")(array.ones(4), array.zeros(4))


def test_weights_are_those_of_all_outputs():
    X, Y, weight = RNG.normal(size=(30, 2)), RNG.normal(size=(30, 3)), RNG.uniform(0, 2, 30)
    model = LinearRegression().fit(X, Y)
    for ours, theirs in (("mse", "neg_mean_squared_error"), ("mae", "neg_mean_absolute_error")):
        expected = metrics.get_scorer(theirs)(model, X, Y, sample_weight=weight)
        assert scorer(ours)(model, X, Y, sample_weight=weight) == pytest.approx(expected, rel=1e-14)


def test_score_function_as_a_scorer():
    X, y = CANCER
    model = logistic().fit(X, y)
    weight = RNG.uniform(0, 2, len(y))
    made = metrics.make_scorer(score_function("log_loss"), greater_is_better=False, response_method="predict_proba")
    assert made(model, X, y, sample_weight=weight) == scorer("log_loss")(model, X, y, sample_weight=weight)
    wrong = metrics.make_scorer(fl.log_loss, greater_is_better=False, response_method="predict_proba")
    assert wrong(model, X, y) == -np.inf  # what the page warns of


def test_as_objects():
    X, y = CANCER
    model = logistic().fit(X, y)
    score, f = scorer("sigmoid_focal", gamma=1.0), score_function("sigmoid_focal", gamma=1.0)
    for other in (pickle.loads(pickle.dumps(score)), copy.deepcopy(score), clone(score, safe=False)):
        assert (other.__name__, repr(other)) == ("neg_sigmoid_focal", "<scorer of sigmoid_focal(gamma=1.0)>")
        assert other(model, X, y) == score(model, X, y)
    for other in (pickle.loads(pickle.dumps(f)), copy.deepcopy(f)):
        assert (other.__name__, repr(other)) == ("sigmoid_focal", "<score function of sigmoid_focal(gamma=1.0)>")
    assert repr(scorer("hinge", response_method="predict")) == "<scorer of hinge(), response_method='predict'>"
    for make in (scorer, score_function):
        with pytest.raises(TypeError, match="huber has no keyword 'beta'"):
            make("huber", beta=1)
        with pytest.raises(ValueError, match="delta is 0"):
            make("huber", delta=0)
        with pytest.raises(ValueError, match="there is no loss 'hubert'"):
            make("hubert")
        with pytest.raises(TypeError, match="loss must be a name or a loss, not int"):
            make(5)


@pytest.mark.thread_unsafe
def test_examples():
    result = doctest.testmod(scores)
    assert result.failed == 0 < result.attempted
