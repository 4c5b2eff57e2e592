"""Losses for histogram gradient boosting, beside scikit-learn's own: the private side of it that they rest on may change."""

import copy
import doctest
import pickle

import numpy as np
import pytest
from peers import needed

needed("sklearn")
threadpoolctl = needed("threadpoolctl")

from sklearn._loss.loss import BaseLoss
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier as Classifier
from sklearn.ensemble import HistGradientBoostingRegressor as Regressor
from sklearn.model_selection import GridSearchCV

import fastloss as fl
from fastloss._core.families import Pointwise, RowLoss
from fastloss._core.registry import REGISTRY
from fastloss.adapters.sklearn import histogram_loss, labels, trees

RNG = np.random.default_rng(0)
N = 200
X = RNG.standard_normal((N, 4))
NUMBERS = X @ [1.0, -2.0, 0.5, 0.0] + RNG.standard_t(3, N)
AMOUNTS = np.exp(NUMBERS / 3)
TWO, THREE = (NUMBERS > 0).astype(int), np.digitize(NUMBERS, [-1, 1])
WEIGHT = RNG.uniform(0, 2, N) * (np.arange(N) % 7 > 0)
BUILT_IN = [
    ("mse", "squared_error", NUMBERS, None),
    ("mae", "absolute_error", NUMBERS, None),
    ("mae", "absolute_error", np.round(NUMBERS), None),
    ("quantile", "quantile", NUMBERS, None),
    ("poisson_nll", "poisson", np.floor(AMOUNTS), None),
    ("gamma_nll", "gamma", AMOUNTS, None),
    ("sigmoid_cross_entropy", "log_loss", TWO, None),
    ("softmax_cross_entropy", "log_loss", TWO, 2),
    ("softmax_cross_entropy", "log_loss", THREE, 3),
]


@pytest.fixture(autouse=True)
def one_thread():
    with threadpoolctl.threadpool_limits(1):
        yield


def kind(name):
    """Which of the estimators, and the target."""
    of = labels.kind(REGISTRY[name])
    return (Regressor, AMOUNTS) if of == "numbers" else (Classifier, THREE if of in ("ids", "rows") else TWO)


def made(name, **given):
    return histogram_loss(name, classes=3 if isinstance(REGISTRY[name], RowLoss) else None, **given)


@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize(("ours", "theirs", "y", "classes"), BUILT_IN)
def test_bits_of_the_built_in(ours, theirs, y, classes, weight):
    own = {"quantile": 0.3} if theirs == "quantile" else {}
    loss = histogram_loss(ours, classes=classes, **({"alpha": 0.3} if own else {}))
    estimator = Classifier if theirs == "log_loss" else Regressor
    given = {"max_iter": 5, "max_leaf_nodes": 8, "l2_regularization": 1.0, "random_state": 0}
    if classes != 2:
        given |= {"early_stopping": True, "scoring": "loss", "n_iter_no_change": 3}
    fits = [
        estimator(loss=loss, **o, **given).fit(X, y, sample_weight=weight) for loss, o in ((loss, {}), (theirs, own))
    ]
    assert fits[0].n_iter_ == fits[1].n_iter_
    np.testing.assert_array_equal(fits[0].predict(X), fits[1].predict(X))
    if estimator is Classifier:
        np.testing.assert_array_equal(fits[0].decision_function(X), fits[1].decision_function(X))
        np.testing.assert_array_equal(fits[0].predict_proba(X), fits[1].predict_proba(X))
    if classes != 2:
        np.testing.assert_allclose(fits[0].validation_score_, fits[1].validation_score_, rtol=1e-14)
        np.testing.assert_allclose(fits[0].train_score_, fits[1].train_score_, rtol=1e-14)


def test_huber_resists_outliers():
    y, clean = NUMBERS.copy(), X @ [1.0, -2.0, 0.5, 0.0]
    y[::20] += 200
    errors = {
        loss: np.median(np.abs(Regressor(loss=loss, random_state=0).fit(X, y).predict(X) - clean))
        for loss in (*(histogram_loss("huber", curvature=c) for c in ("tool", "exact", 1.0)), "squared_error")
    }
    *ours, squared = errors.values()
    assert max(ours) < squared / 3


@pytest.mark.parametrize("name", REGISTRY)
def test_every_loss_trains_or_says_why_not(name):
    try:
        loss = made(name)
    except ValueError as error:
        assert str(error).startswith(f"{name} cannot be used with histogram boosting: ")  # noqa: PT017
        one_score = isinstance(REGISTRY[name], (Pointwise, RowLoss)) and "pred" not in REGISTRY[name].domains
        assert not one_score or name in ("ordinal_logistic", "perceptron", "softmax_reverse_kl_divergence")
        return
    estimator, y = kind(name)
    fit = estimator(loss=loss, max_iter=3, max_leaf_nodes=4).fit(X, y, sample_weight=WEIGHT)
    raw, y = fit._raw_predict(X).squeeze(), y.astype(float)
    start = np.broadcast_to(loss.fit_intercept_only(y, WEIGHT), raw.shape)
    assert loss(y, raw, WEIGHT) < loss(y, start, WEIGHT)
    assert hasattr(loss, "predict_proba") == (REGISTRY[name].link in ("sigmoid", "softmax"))
    if hasattr(loss, "predict_proba"):
        np.testing.assert_allclose(fit.predict_proba(X).sum(axis=1), 1, rtol=1e-15)
    if REGISTRY[name].link == "log":
        assert (fit.predict(X) > 0).all()


@pytest.mark.parametrize("curvature", ["tool", "exact", "majorizer", 2.5])
@pytest.mark.parametrize(
    "name",
    ["mse", "huber", "pseudo_huber", "logistic", "sigmoid_cross_entropy", "softmax_cross_entropy", "tukey_biweight"],
)
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
def test_what_is_filled(name, curvature, weight):
    loss, core = made(name, curvature=curvature), REGISTRY[name]
    y = kind(name)[1].astype(float)
    raw = np.asfortranarray(RNG.standard_normal((N, 3))) if isinstance(core, RowLoss) else 3 * RNG.standard_normal(N)
    target = 2 * y - 1 if name == "logistic" else y.astype(int) if isinstance(core, RowLoss) else y
    factor = 0.5 if name == "mse" else 1.0
    given = {"reduction": "none", "sample_weight": weight}
    before = raw.copy(), y.copy()
    gradient, hessian = loss.init_gradient_and_hessian(N, np.float32)
    loss.gradient_hessian(y, raw, weight, gradient, hessian)
    expected = core.grad(raw, target, **given) * factor
    np.testing.assert_array_equal(gradient, expected.astype(np.float32))
    w = np.ones(N) if weight is None else weight
    w = w[:, None] if raw.ndim == 2 else w
    if curvature == 2.5:
        curved = np.broadcast_to(2.5 * w, raw.shape)
    else:
        own = {"tool": "exact" if name in trees.TOOLS else "majorizer"}.get(curvature, curvature)
        curved = core.grad_and_hess(raw, target, **given, curvature=own)[1] * factor
        if curvature != "tool" or name not in trees.TOOLS:
            curved = np.maximum(curved, 1e-16 * w)
    np.testing.assert_array_equal(hessian, curved.astype(np.float32))
    assert (hessian[np.broadcast_to(w, raw.shape) == 0] == 0).all()
    value, slopes = loss.loss_gradient(y, raw, weight)
    np.testing.assert_array_equal(value, factor * core(raw, target, **given))
    np.testing.assert_array_equal(slopes, expected)
    np.testing.assert_array_equal(loss.gradient(y, raw, weight), expected)
    assert loss(y, raw, weight) == np.average(factor * core(raw, target, reduction="none"), weights=weight)
    np.testing.assert_array_equal(raw, before[0])
    np.testing.assert_array_equal(y, before[1])


def test_start():
    for name, own in [("huber", {"delta": 0.5}), ("expectile", {"alpha": 0.9}), ("epsilon_insensitive", {})]:
        start = histogram_loss(name, **own).fit_intercept_only(NUMBERS, WEIGHT)
        assert start == REGISTRY[name].constant(NUMBERS, WEIGHT, **own)
        assert isinstance(start, np.float64)
    weighted = histogram_loss("sigmoid_cross_entropy", pos_weight=3.0).fit_intercept_only(TWO.astype(float), WEIGHT)
    assert weighted == fl.sigmoid_cross_entropy.constant(TWO, WEIGHT, pos_weight=3.0)
    absent = histogram_loss("softmax_focal", classes=3).fit_intercept_only(THREE[THREE != 1].astype(float))
    assert absent.shape == (3,)
    assert np.isfinite(absent).all()
    assert histogram_loss("poisson_nll").fit_intercept_only(np.ones(3)) == pytest.approx(0, abs=1e-15)
    assert np.isfinite(histogram_loss("sigmoid_focal").fit_intercept_only(np.ones(3)))


def test_refusals():
    for name in ("softmax_cross_entropy", "crammer_singer_hinge"):
        with pytest.raises(ValueError, match=f"{name} needs classes="):
            histogram_loss(name)
    with pytest.raises(ValueError, match="sigmoid_cross_entropy takes scores"):
        histogram_loss("log_loss")
    with pytest.raises(ValueError, match="mse has the same minimum"):
        histogram_loss("rmse")
    with pytest.raises(ValueError, match="poisson_nll takes scores"):
        histogram_loss("poisson_deviance")
    for classes in (1, 0, -2):
        with pytest.raises(ValueError, match=f"classes is {classes}"):
            histogram_loss("softmax_focal", classes=classes)
    with pytest.raises(ValueError, match="class_weight has 2 weights but there are 3 classes"):
        histogram_loss("softmax_focal", classes=3, class_weight=[1.0, 2.0])
    with pytest.raises(TypeError, match="classes must be an integer"):
        histogram_loss("softmax_focal", classes=3.0)
    with pytest.raises(ValueError, match="classes is 3, but sigmoid_focal is a loss for two classes"):
        histogram_loss("sigmoid_focal", classes=3)
    with pytest.raises(ValueError, match="classes is 3, but huber is a loss of numbers"):
        histogram_loss("huber", classes=3)
    for curvature in ("newton", None, -1, 0, np.nan, np.inf, [1.0], True):
        with pytest.raises(ValueError, match="curvature is"):
            histogram_loss("huber", curvature=curvature)
    with pytest.raises(ValueError, match="hinge has no majorizer"):
        histogram_loss("hinge", curvature="majorizer")
    with pytest.raises(ValueError, match="delta has 2 numbers"):
        histogram_loss("huber", delta=[1.0, 2.0])
    with pytest.raises(TypeError, match="huber has no keyword 'beta'"):
        histogram_loss("huber", beta=1.0)
    with pytest.raises(TypeError, match="axis is given"):
        histogram_loss("softmax_focal", classes=3, axis=0)
    with pytest.raises(ValueError, match="sigmoid_focal is for two classes, but y has 3"):
        Classifier(loss=histogram_loss("sigmoid_focal")).fit(X, THREE)
    with pytest.raises(ValueError, match="softmax_focal is for 4 classes, but y has 3"):
        Classifier(loss=histogram_loss("softmax_focal", classes=4)).fit(X, THREE)
    with pytest.raises(ValueError, match="crammer_singer_hinge is for 2 classes, but y has 3"):
        Classifier(loss=histogram_loss("crammer_singer_hinge", classes=2)).fit(X, THREE)
    with pytest.raises(ValueError, match="softmax_focal is for 3 classes, but y has 2"):
        Classifier(loss=histogram_loss("softmax_focal", classes=3)).fit(X, TWO)
    with pytest.raises(ValueError, match=r"target\[\d+\] is .*; target must be >= 0"):
        Regressor(loss=histogram_loss("poisson_nll")).fit(X, NUMBERS)


def test_as_objects():
    names = np.array(["c", "a", "b"])[THREE]
    loss = histogram_loss("softmax_focal", classes=3, gamma=1.0)
    assert isinstance(loss, BaseLoss)
    assert loss.__name__ == "softmax_focal"
    assert repr(loss) == "<histogram loss softmax_focal(gamma=1.0) of 3 classes, curvature='tool'>"
    fit = Classifier(loss=loss, max_iter=5, random_state=0).fit(X, names)
    for other in (pickle.loads(pickle.dumps(loss)), copy.deepcopy(loss)):
        again = Classifier(loss=other, max_iter=5, random_state=0).fit(X, names)
        np.testing.assert_array_equal(again.decision_function(X), fit.decision_function(X))
        assert repr(other) == repr(loss)
    again = pickle.loads(pickle.dumps(clone(fit).fit(X, names)))
    assert again.predict(X).tolist() == fit.predict(X).tolist()
    search = GridSearchCV(Regressor(max_iter=5), {"loss": [histogram_loss("huber"), "squared_error"]}, cv=2)
    assert search.fit(X, NUMBERS).best_params_["loss"] in search.param_grid["loss"]


@pytest.mark.thread_unsafe
def test_examples():
    result = doctest.testmod(trees)
    assert result.failed == 0 < result.attempted
