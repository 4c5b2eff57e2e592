"""LightGBM with our objectives and metrics, beside its own."""

import math
import pickle

import numpy as np
import pytest
from peers import needed

lgb = needed("lightgbm")
needed("sklearn")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import fastloss as fl
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY
from fastloss.adapters._shared import other_than_scores
from fastloss.adapters.lightgbm import init_score, metric, objective

N = 600
RNG = np.random.default_rng(20260101)
X = RNG.standard_normal((N, 4))
y = (2 * X[:, 0] + np.sin(2 * X[:, 1]) + RNG.standard_normal(N) * (1 + (X[:, 2] > 1))).astype(np.float32)
t = (y > 0.3).astype(np.float32)
ids = np.digitize(y, [-1, 1]).astype(np.float32)
counts = RNG.poisson(np.exp(0.4 * X[:, 0])).astype(np.float32)
amounts = np.exp(y / 3)
w = RNG.uniform(0.5, 2, N).astype(np.float32)
SETTINGS = {"num_leaves": 7, "num_threads": 1, "verbosity": -1, "deterministic": True, "force_row_wise": True}
WEIGHTS = pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])


def scores(label, given, weight=None, init=None, rounds=30, **more):
    """The raw scores of a model."""
    data = lgb.Dataset(X, label, weight=weight, init_score=init)
    return lgb.train({**SETTINGS, **given}, data, rounds, **more).predict(X, raw_score=True)


# ---- the tool's own objectives ---------------------------------------------------------------------------------------

EQUAL = {  # ours, labels, theirs, and how far apart they are
    "l2": ("mse", {}, y, {"objective": "regression"}, 0, 1e-7),  # the tool rounds the error before it weighs it
    "huber": ("huber", {"delta": 1.5}, y, {"objective": "huber", "alpha": 1.5}, 0, 0),
    "binary": ("sigmoid_cross_entropy", {}, t, {"objective": "binary"}, 0, 0),
    "pos_weight": ("sigmoid_cross_entropy", {"pos_weight": 3.0}, t, {"objective": "binary", "scale_pos_weight": 3.0}, 0, 0),
    "multiclass": ("softmax_cross_entropy", {}, ids, {"objective": "multiclass", "num_class": 3}, 0, 0),
    "bagging": ("mse", {}, y, {"objective": "regression", "bagging_fraction": 0.7, "bagging_freq": 1}, 0, 1e-7),
    "soft labels": ("sigmoid_cross_entropy", {}, 0.8 * t + 0.1, {"objective": "cross_entropy"}, 1e-7, 1e-7),
    "fair": ("fair", {"delta": 1.5}, y, {"objective": "fair", "fair_c": 1.5}, 0, 0),
    "poisson": ("poisson_nll", {}, counts, {"objective": "poisson"}, 0, 0),
    "gamma": ("gamma_nll", {}, amounts, {"objective": "gamma"}, 0, 0),
    "tweedie": ("tweedie_nll", {"power": 1.25}, counts, {"objective": "tweedie", "tweedie_variance_power": 1.25}, 0, 0),
}  # fmt: skip


@WEIGHTS
@pytest.mark.parametrize("case", EQUAL)
def test_same_scores(case, weight, backend):
    loss, own, label, given, *far = EQUAL[case]
    truth = scores(label, {**given, "boost_from_average": False}, weight)
    ours = scores(label, {**given, "objective": objective(loss, **own)}, weight)
    assert np.abs(ours - truth).max() <= far[weight is not None] * np.abs(truth).max()
    assert np.ptp(truth) > 1


def test_logistic_of_signs_is_that_of_labels():
    truth = scores(t, {"objective": "binary", "boost_from_average": False})
    for label in (t, 2 * t - 1):
        np.testing.assert_allclose(scores(label, {"objective": objective("logistic")}), truth, rtol=1e-9)


@WEIGHTS
@pytest.mark.parametrize("case", [case for case in EQUAL if case != "bagging"])
def test_same_scores_from_the_same_start(case, weight):
    """With the start that the tool finds for itself, which is to be added again: it is no part of a model."""
    loss, own, label, given, *far = EQUAL[case]
    truth = scores(label, given, weight)
    start = init_score(loss, label, weight, **own)
    assert start.shape == truth.shape
    ours = start + scores(label, {**given, "objective": objective(loss, **own)}, weight, start)
    tolerance = far[weight is not None] or 4e-14
    assert np.abs(ours - truth).max() <= tolerance * np.abs(truth).max()


def test_an_absent_class():
    given = {"objective": "multiclass", "num_class": 4}
    truth = scores(ids, given)
    start = init_score("softmax_cross_entropy", ids, classes=4)
    ours = start + scores(ids, {**given, "objective": objective("softmax_cross_entropy")}, None, start)
    np.testing.assert_allclose(ours, truth, rtol=0, atol=4e-14)


def test_a_robust_fit_is_one():
    label = y + 50 * (np.arange(N) % 10 == 0)
    errors = {}
    for loss in ("mse", "huber", "pseudo_huber", "welsch"):
        start = np.full(N, np.median(label))
        errors[loss] = fl.mae(start + scores(label, {"objective": objective(loss)}, init=start), y)
    assert max(errors["huber"], errors["pseudo_huber"], errors["welsch"]) < 0.5 * errors["mse"]


# ---- every loss ------------------------------------------------------------------------------------------------------

REFUSED = {name for name, loss in REGISTRY.items() if loss.root or "pred" in loss.domains or other_than_scores(loss)}
REFUSED |= {"softmax_kl_divergence", "softmax_jensen_shannon", "softmax_reverse_kl_divergence", "cosine_distance"}


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in REFUSED])
def test_every_loss_trains(name):
    """The cost falls from the best constant on."""
    loss = REGISTRY[name]
    _, target = loss.inputs.draw(Normal(np.dtype(np.float64)), 3 * N if loss.ids else N, 3)
    features = np.column_stack([target, np.random.default_rng(0).standard_normal(len(target))])
    weight = np.random.default_rng(1).uniform(0.5, 2, len(target))
    start = init_score(name, target, weight)
    data = lgb.Dataset(features, target, weight=weight, init_score=start)
    costs = {}
    given = {**SETTINGS, "objective": objective(name), "num_class": 1 if start.ndim == 1 else start.shape[1]}
    record = lgb.record_evaluation(costs)
    lgb.train({**given, "metric": "None"}, data, 10, valid_sets=[data], feval=metric(name), callbacks=[record])
    costs = costs["training"][name]
    assert np.isfinite(costs).all()
    assert costs[-1] < costs[0] or name == "perceptron"  # which has no slope at its best constant


# ---- metrics ---------------------------------------------------------------------------------------------------------


@WEIGHTS
@pytest.mark.parametrize(
    ("own", "loss", "parameters", "label", "given"),
    [
        ("l2", "mse", {}, y, {"objective": "regression"}),
        ("rmse", "rmse", {}, y, {"objective": "regression"}),
        ("l1", "mae", {}, y, {"objective": "regression"}),
        ("huber", "huber", {"delta": 0.75}, y, {"objective": "regression", "alpha": 0.75}),
        ("quantile", "quantile", {"alpha": 0.75}, y, {"objective": "regression", "alpha": 0.75}),
        ("mape", "mape", {"eps": 1.0}, y, {"objective": "regression"}),
        ("binary_logloss", "log_loss", {}, t, {"objective": "binary"}),
        ("multi_logloss", "sparse_categorical_cross_entropy", {}, ids, {"objective": "multiclass", "num_class": 3}),
    ],
)
def test_metrics(own, loss, parameters, label, given, weight):
    """With the tool's own objective, a metric is given predictions."""
    costs = {}
    data = lgb.Dataset(X, label, weight=weight)
    lgb.train({**SETTINGS, **given, "metric": own}, data, 10, valid_sets=[data], feval=metric(loss, name="ours", **parameters),
              callbacks=[lgb.record_evaluation(costs)])  # fmt: skip
    # the tool adds one sample after another, and rounds as often
    np.testing.assert_allclose(costs["training"]["ours"], costs["training"][own], rtol=1e-7 if own == "mape" else 1e-14)
    raw = scores(label, given, weight, rounds=10)
    pred = {"log_loss": fl.sigmoid, "sparse_categorical_cross_entropy": fl.softmax}.get(loss, np.array)(raw)
    square = getattr(fl, "mse" if loss == "rmse" else loss)
    target = label.astype(int) if raw.ndim == 2 else label
    each, total = (
        square(pred, target, reduction="none", **parameters),
        np.ones(N) if weight is None else weight.astype(float),
    )
    exact = math.fsum(each * total) / math.fsum(total)
    exact = math.sqrt(exact) if loss == "rmse" else exact
    assert abs(costs["training"]["ours"][-1] - exact) <= 4 * np.spacing(exact)
    assert costs["training"]["ours"][-1] < costs["training"]["ours"][0]


def test_metrics_beside_our_objectives_are_given_scores():
    costs = {}
    data = lgb.Dataset(X, t, weight=w)
    metrics = [metric("sigmoid_cross_entropy"), metric("hinge", name="margin")]
    lgb.train({**SETTINGS, "objective": objective("sigmoid_cross_entropy")}, data, 5, valid_sets=[data], feval=metrics,
              callbacks=[lgb.record_evaluation(costs)])  # fmt: skip
    raw = scores(t, {"objective": "binary", "boost_from_average": False}, w, rounds=5)
    assert costs["training"]["sigmoid_cross_entropy"][-1] == fl.sigmoid_cross_entropy(raw, t, sample_weight=w)
    assert costs["training"]["margin"][-1] == fl.hinge(raw, 2 * t - 1, sample_weight=w)


# ---- scikit-learn's interface ----------------------------------------------------------------------------------------

KEPT = {"n_estimators": 20, "num_leaves": 7, "n_jobs": 1, "verbosity": -1}


@WEIGHTS
def test_classes_of_scikit_learn(weight):
    for model, loss, label, own in (
        (lgb.LGBMRegressor, "huber", y, {"objective": "huber", "alpha": 1.0}),
        (lgb.LGBMClassifier, "sigmoid_cross_entropy", t, {"objective": "binary"}),
        (lgb.LGBMClassifier, "softmax_cross_entropy", ids, {"objective": "multiclass"}),
    ):
        ours = model(objective=objective(loss), **KEPT)
        ours.fit(X, label, sample_weight=weight, eval_metric=metric(loss), eval_X=(X.copy(),), eval_y=(label,),
                 eval_sample_weight=None if weight is None else [weight])  # fmt: skip
        theirs = model(**own, boost_from_average=False, **KEPT).fit(X, label, sample_weight=weight)
        raw = ours.predict(X, raw_score=True)
        np.testing.assert_array_equal(raw, theirs.predict(X, raw_score=True))
        if loss != "huber":
            link = fl.sigmoid if loss[:3] == "sig" else fl.softmax
            chances = theirs.predict_proba(X)
            np.testing.assert_allclose(link(raw), chances[:, 1] if raw.ndim == 1 else chances, rtol=1e-12)
        target = label.astype(int) if raw.ndim == 2 else label
        cost = REGISTRY[loss](raw, target, sample_weight=weight)
        assert ours.evals_result_["valid_0"][loss][-1] == pytest.approx(cost, rel=1e-15)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict(X, raw_score=True), raw)
        np.testing.assert_array_equal(clone(ours).fit(X, label, sample_weight=weight).predict(X, raw_score=True), raw)


def test_grid_search():
    grid = {"objective": [objective("huber", delta=delta) for delta in (0.5, 2.0)]}
    search = GridSearchCV(lgb.LGBMRegressor(**KEPT), grid, cv=2).fit(X, y)
    assert search.best_params_["objective"] in grid["objective"]
    assert search.best_score_ > 0.3


def test_early_stopping():
    model = lgb.LGBMRegressor(objective=objective("huber"), **{**KEPT, "n_estimators": 400})
    model.fit(X[:300], y[:300], eval_metric=metric("huber"), eval_X=(X[300:],), eval_y=(y[300:],),
              callbacks=[lgb.early_stopping(5, verbose=False)])  # fmt: skip
    assert 1 < model.best_iteration_ < 390


# ---- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "label", "given", "message"),
    [
        ("sigmoid_cross_entropy", 2 * t - 1, {}, r"target\[\d+\] is -1"),
        ("hinge", 3 * t, {}, r"target\[\d+\] is 3; labels must be 0 and 1, or -1 and 1"),
        ("softmax_cross_entropy", ids + 1, {"num_class": 3}, r"is 3; class ids must be in \[0, 3\)"),
        ("softmax_cross_entropy", ids / 2, {"num_class": 3}, r"is 0.5; class ids must be whole"),
        ("softmax_cross_entropy", t, {}, r"takes several scores a sample, but pred has shape \(600,\)"),
    ],
)
def test_wrong_labels_are_refused_in_the_first_round(loss, label, given, message):
    with pytest.raises(ValueError, match=message):
        scores(label, {**given, "objective": objective(loss)}, rounds=1)


def test_predictions_are_not_written_to():
    """They are the tool's own buffer: what one call writes the next one reads."""
    data = lgb.Dataset(X, t, weight=w).construct()
    pred = np.linspace(-2, 2, N)
    before = pred.tobytes()
    for name in ("mse", "hinge", "sigmoid_cross_entropy", "mae"):
        grad, hess = objective(name)(pred, data)
        assert not np.shares_memory(grad, pred)
        assert not np.shares_memory(hess, pred)
        metric(name)(pred, data)
    assert pred.tobytes() == before
    rows = np.asfortranarray(RNG.standard_normal((N, 3)))
    grad, hess = objective("softmax_cross_entropy")(rows, lgb.Dataset(X, ids).construct())
    assert grad.flags.f_contiguous  # so that the tool copies nothing
    assert hess.flags.f_contiguous
