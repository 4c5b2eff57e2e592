"""XGBoost with our objectives and metrics, beside its own."""

import json
import pickle
import warnings

import numpy as np
import pytest
from peers import needed

xgb = needed("xgboost")
needed("sklearn")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import fastloss as fl
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY
from fastloss.adapters._shared import other_than_scores
from fastloss.adapters.xgboost import metric, objective, params

EPS = np.finfo(np.float32).eps
N = 500
RNG = np.random.default_rng(20260101)
X = RNG.standard_normal((N, 4)).astype(np.float32)
y = (2 * X[:, 0] + np.sin(2 * X[:, 1]) + RNG.standard_normal(N) * (1 + (X[:, 2] > 1))).astype(np.float32)
t = (y > 0.3).astype(np.float32)
ids = np.digitize(y, [-1, 1]).astype(np.float32)
counts = RNG.poisson(np.exp(0.4 * X[:, 0])).astype(np.float32)
amounts = np.exp(y / 3)
w = RNG.uniform(0.5, 2, N).astype(np.float32)
SETTINGS = {"max_depth": 3, "eta": 0.3, "nthread": 1, "disable_default_eval_metric": 1}
OLD = tuple(map(int, xgb.__version__.split(".")[:2])) < (3, 4)


def grown(label, given, ours=None, weight=None, data=xgb.DMatrix, rounds=30):
    """A model of the tool's own objective, or of ours with that one kept."""
    return xgb.train({**SETTINGS, **given}, data(X, label, weight=weight), rounds, obj=ours)


def margins(model):
    return model.predict(xgb.DMatrix(X), output_margin=True)


def splits(model):
    """Where each tree divides on what."""
    trees = json.loads(model.save_raw("json").decode())["learner"]["gradient_booster"]["model"]["trees"]
    return [(tree["split_indices"], tree["left_children"]) for tree in trees]


# ---- the tool's own objectives ---------------------------------------------------------------------------------------

EQUAL = {
    "squared error": ("mse", {}, y, {"objective": "reg:squarederror", "base_score": 0.5}),
    "two targets": ("mse", {}, np.stack([y, counts], 1), {"objective": "reg:squarederror", "base_score": [0.5, 1.0]}),
    "hinge": ("hinge", {}, t, {"objective": "binary:hinge", "base_score": 0.0}),
}
if OLD:  # the tool's leaves are medians and quantiles, of ours too
    EQUAL["absolute error"] = ("mae", {}, y, {"objective": "reg:absoluteerror", "base_score": 0.5})
    quantile = {"objective": "reg:quantileerror", "quantile_alpha": 0.25, "base_score": 0.5}
    EQUAL["quantile"] = ("quantile", {"alpha": 0.25}, y, quantile)
    both = {"objective": "reg:quantileerror", "quantile_alpha": [0.25, 0.75], "base_score": [0.0, 1.0]}
    EQUAL["quantiles"] = ("quantile", {"alpha": [0.25, 0.75]}, y, both)


@pytest.mark.parametrize("data", [xgb.DMatrix, xgb.QuantileDMatrix])
@pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])
@pytest.mark.parametrize("case", EQUAL)
def test_bits(case, weight, data, backend):
    loss, own, label, given = EQUAL[case]
    ours = margins(grown(label, given, objective(loss, **own), weight, data))
    np.testing.assert_array_equal(ours, margins(grown(label, given, None, weight, data)))
    assert np.ptp(ours) > 1


NEAR = {
    "pseudo-Huber": ("pseudo_huber", {"delta": 2.0}, y, {"objective": "reg:pseudohubererror", "huber_slope": 2.0}),
    "logistic": ("sigmoid_cross_entropy", {}, t, {"objective": "binary:logistic"}),
    "pos_weight": ("sigmoid_cross_entropy", {"pos_weight": 3.0}, t, {"objective": "binary:logistic", "scale_pos_weight": 3.0}),
    "softprob": ("softmax_cross_entropy", {}, ids, {"objective": "multi:softprob", "num_class": 3}),
    "squared logarithm": ("msle", {}, amounts, {"objective": "reg:squaredlogerror"}),
    "Poisson": ("poisson_nll", {}, counts, {"objective": "count:poisson"}),
    "gamma": ("gamma_nll", {}, amounts, {"objective": "reg:gamma"}),
    "Tweedie": ("tweedie_nll", {"power": 1.25}, counts, {"objective": "reg:tweedie", "tweedie_variance_power": 1.25}),
}  # fmt: skip
if not OLD:
    NEAR["absolute error"] = ("mae", {}, y, {"objective": "reg:absoluteerror"})


@pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])
@pytest.mark.parametrize("case", NEAR)
def test_same_trees(case, weight, backend):
    loss, own, label, given = NEAR[case]
    given = {**given, "base_score": [0.1, 0.2, -0.3] if case == "softprob" else 0.4}
    ours, theirs = (grown(label, given, o, weight) for o in (objective(loss, **own), None))
    assert splits(ours) == splits(theirs)
    truth = margins(theirs)
    assert np.abs(margins(ours) - truth).max() <= 4 * EPS * np.abs(truth).max()


def test_logistic_of_signs_is_that_of_labels():
    given = {"objective": "binary:logistic", "base_score": 0.4}
    one, other = (margins(grown(label, given, objective("logistic"))) for label in (t, 2 * t - 1))
    np.testing.assert_array_equal(one, other)
    np.testing.assert_allclose(one, margins(grown(t, given)), rtol=0, atol=4 * EPS * np.abs(one).max())


def test_cox():
    label = np.where(t > 0, amounts, -amounts)
    given = {"objective": "survival:cox", "base_score": 1.0}
    ours, theirs = (margins(grown(label, given, o)) for o in (objective("cox"), None))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())


def test_a_robust_fit_is_one():
    """Huber's exact curvature is 0 where it matters; the majorizer is what the default takes for it."""
    label = y + 50 * (np.arange(N) % 10 == 0)
    errors = {}
    for curvature in ("tool", "majorizer", "exact"):
        model = grown(label, params("huber", label), objective("huber", curvature=curvature))
        errors[curvature] = fl.mae(margins(model), y)
    assert errors["tool"] == errors["majorizer"] < 0.9
    assert errors["tool"] < 0.8 * fl.mae(margins(grown(label, {"objective": "reg:squarederror"})), y)


# ---- every loss ------------------------------------------------------------------------------------------------------

REFUSED = {
    name for name, loss in REGISTRY.items() if loss.root or "pred" in loss.domains or other_than_scores(loss)
} - {"msle"}


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in REFUSED])
def test_every_loss_trains(name):
    """The cost falls from the best constant on."""
    loss = REGISTRY[name]
    _, target = loss.inputs.draw(Normal(np.dtype(np.float64)), 3 * N if loss.ids or target_rows(loss) else N, 3)
    rows = len(target)
    features = np.column_stack([target, np.random.default_rng(0).standard_normal(rows)])
    data = xgb.DMatrix(features, target, weight=np.random.default_rng(1).uniform(0.5, 2, rows))
    given = {**SETTINGS, **params(name, target, data.get_weight())}
    costs = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a cost of nearly nothing
        xgb.train(given, data, 10, obj=objective(name), custom_metric=metric(name), evals=[(data, "data")],
                  evals_result=costs, verbose_eval=False)  # fmt: skip
    costs = costs["data"][name]
    assert costs[-1] < costs[0] or name in ("perceptron", "cosine_distance")
    assert np.isfinite(costs).all()


def target_rows(loss):
    return type(loss).__name__ in ("RowLoss", "TwoRows")


# ---- where to start --------------------------------------------------------------------------------------------------


def first(label, given, ours=None, weight=None):
    return margins(grown(label, {**given, "eta": 1e-30}, ours, weight, rounds=1))[0]


@pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])
@pytest.mark.parametrize(
    ("loss", "label", "own"),
    [
        ("mse", y, {"objective": "reg:squarederror"}),
        ("mse", np.stack([y, counts], 1), {"objective": "reg:squarederror"}),
        ("sigmoid_cross_entropy", t, {"objective": "binary:logistic"}),
        ("softmax_cross_entropy", ids, {"objective": "multi:softprob", "num_class": 3}),
        ("poisson_nll", counts, {"objective": "count:poisson"}),
        ("gamma_nll", amounts, {"objective": "reg:gamma"}),
        ("tweedie_nll", counts, {"objective": "reg:tweedie", "tweedie_variance_power": 1.5}),
        ("hinge", t, {"objective": "binary:hinge"}),
    ],
)
def test_params_start_where_the_tool_does(loss, label, own, weight):
    given = params(loss, label, weight)
    assert own.items() <= given.items()
    ours, theirs = first(label, given, objective(loss), weight), first(label, own, None, weight)
    if loss == "softmax_cross_entropy":  # one logarithm may be near 0
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=4 * EPS)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=2 * EPS)


@pytest.mark.parametrize(
    ("loss", "own"), [("huber", {"delta": 2.0}), ("pseudo_huber", {}), ("quantile", {"alpha": 0.25}), ("mae", {})]
)
def test_params_start_from_the_best_constant(loss, own):
    given = params(loss, y, w, **own)
    best = getattr(fl, loss).constant(y, w, **own)
    np.testing.assert_allclose(first(y, given, objective(loss, **own), w), best, rtol=2 * EPS)


def test_predict_follows_the_link():
    data = xgb.DMatrix(X, t)
    model = grown(t, params("sigmoid_brier", t), objective("sigmoid_brier"))
    np.testing.assert_allclose(model.predict(data), fl.sigmoid(margins(model)), rtol=1e-5)
    model = grown(counts, params("negative_binomial_nll", counts), objective("negative_binomial_nll"))
    np.testing.assert_allclose(model.predict(data), np.exp(margins(model)), rtol=1e-5)
    model = grown(ids, params("softmax_focal", ids, classes=4), objective("softmax_focal"))
    np.testing.assert_allclose(model.predict(data), fl.softmax(margins(model)), rtol=1e-5)
    assert model.predict(data).shape == (N, 4)


# ---- metrics ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])
@pytest.mark.parametrize(
    ("own", "loss", "label", "given"),
    [
        ("rmse", "rmse", y, {"objective": "reg:squarederror"}),
        ("mae", "mae", y, {"objective": "reg:squarederror"}),
        ("mphe", "pseudo_huber", y, {"objective": "reg:squarederror"}),
        ("logloss", "log_loss", t, {"objective": "binary:logistic"}),
        ("mlogloss", "sparse_categorical_cross_entropy", ids, {"objective": "multi:softprob", "num_class": 3}),
    ],
)
def test_metrics(own, loss, label, given, weight):
    """With the tool's own objective, a metric is given predictions."""
    costs = {}
    data = xgb.DMatrix(X, label, weight=weight)
    settings = {**SETTINGS, **given, "eval_metric": own, "disable_default_eval_metric": 0}
    xgb.train(settings, data, 10, evals=[(data, "data")], custom_metric=metric(loss, name="ours"),
              evals_result=costs, verbose_eval=False)  # fmt: skip
    np.testing.assert_allclose(costs["data"]["ours"], costs["data"][own], rtol=0, atol=6e-7)  # six decimals of ours
    assert costs["data"]["ours"][-1] < costs["data"]["ours"][0]


def test_metrics_beside_our_objectives_are_given_margins():
    costs = {}
    data = xgb.DMatrix(X, t, weight=w)
    settings = {**SETTINGS, "objective": "binary:logistic", "eval_metric": "logloss", "disable_default_eval_metric": 0}
    xgb.train(settings, data, 10, evals=[(data, "data")], obj=objective("sigmoid_cross_entropy"), evals_result=costs,
              custom_metric=metric("sigmoid_cross_entropy"), verbose_eval=False)  # fmt: skip
    np.testing.assert_allclose(costs["data"]["sigmoid_cross_entropy"], costs["data"]["logloss"], rtol=0, atol=2e-6)


def test_a_metric_that_the_tool_would_print_as_nothing():
    with pytest.warns(UserWarning, match="mse is 1e-08, of which XGBoost keeps only six decimals"):
        assert metric("mse")([1e-4], [0.0]) == 1e-8
    with pytest.warns(UserWarning, match="six decimals"):
        metric("mae")(np.zeros(1, np.float32), xgb.DMatrix([[0.0]], [9e-5]))
    assert metric("mse")([0.0], [0.0]) == 0
    assert metric("mae", name="m")(np.zeros(1, np.float32), xgb.DMatrix([[0.0]], [0.5])) == ("m", 0.5)
    assert metric("poisson_nll")([0.5], [-3.0]) > 0.1


# ---- scikit-learn's interface ----------------------------------------------------------------------------------------

KEPT = {"n_estimators": 20, "max_depth": 3, "n_jobs": 1}


@pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])
def test_classes_of_scikit_learn(weight):
    for model, loss, label, own in (
        (xgb.XGBRegressor, "mse", y, "reg:squarederror"),
        (xgb.XGBClassifier, "sigmoid_cross_entropy", t, "binary:logistic"),
        (xgb.XGBClassifier, "softmax_cross_entropy", ids, "multi:softprob"),
    ):
        start = params(loss, label, weight)["base_score"]
        ours = model(objective=objective(loss), eval_metric=metric(loss), base_score=start, **KEPT)
        beside = None if weight is None else [weight]
        ours.fit(X, label, sample_weight=weight, eval_set=[(X, label)], sample_weight_eval_set=beside, verbose=False)
        theirs = model(objective=own, base_score=start, **KEPT).fit(X, label, sample_weight=weight)
        truth = theirs.predict(X, output_margin=True)
        margin = ours.predict(X, output_margin=True)
        np.testing.assert_allclose(margin, truth, rtol=0, atol=4 * EPS * np.abs(truth).max())
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X)) if loss != "mse" else None
        native = {"max_depth": 3, "nthread": 1, "objective": own, "base_score": start}
        native |= {"num_class": 3} if loss == "softmax_cross_entropy" else {}
        data = xgb.QuantileDMatrix(X, label, weight=weight)
        np.testing.assert_array_equal(margins(xgb.train(native, data, 20, obj=objective(loss))), margin)
        cost = REGISTRY[loss](
            margin, label if loss != "softmax_cross_entropy" else label.astype(int), sample_weight=weight
        )
        assert ours.evals_result()["validation_0"][loss][-1] == pytest.approx(cost, abs=2e-6)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict(X), ours.predict(X))
        again = clone(ours).set_params(eval_metric=None).fit(X, label, sample_weight=weight)
        np.testing.assert_array_equal(again.predict(X), ours.predict(X))
        if loss != "mse":
            np.testing.assert_allclose(ours.predict_proba(X).sum(1), 1, rtol=1e-6)


def test_grid_search():
    grid = {"objective": [objective("huber", delta=delta) for delta in (0.5, 2.0)]}
    search = GridSearchCV(xgb.XGBRegressor(**KEPT), grid, cv=2).fit(X, y)
    assert search.best_params_["objective"] in grid["objective"]
    assert search.best_score_ > 0.3


@pytest.mark.thread_unsafe
def test_two_workers():
    """The bits of the tool's own objective, on the same two."""
    distributed, dask_array = needed("distributed"), needed("dask.array")
    for module in ("pandas", "pyarrow"):
        needed(module)
    from xgboost import dask as engine

    settings = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "memory_limit": 0}
    with distributed.LocalCluster(**settings) as cluster, distributed.Client(cluster) as client:
        rows, weight = dask_array.from_array(X, chunks=(N // 2, 4)), dask_array.from_array(w, chunks=N // 2)
        for loss, label, given in (
            ("mse", y, {"objective": "reg:squarederror", "base_score": 0.5}),
            ("hinge", t, {"objective": "binary:hinge", "base_score": 0.0}),
            ("sigmoid_cross_entropy", t, {"objective": "binary:logistic", "base_score": 0.4}),
        ):
            data = engine.DaskDMatrix(client, rows, dask_array.from_array(label, chunks=N // 2), weight=weight)
            ours, theirs = (
                margins(engine.train(client, {**SETTINGS, **given}, data, num_boost_round=10, obj=made)["booster"])
                for made in (objective(loss), None)
            )
            far = 4 * EPS * np.abs(theirs).max() if loss == "sigmoid_cross_entropy" else 0
            assert np.abs(ours - theirs).max() <= far
            assert np.ptp(theirs) > 1


def test_early_stopping():
    model = xgb.XGBRegressor(
        objective=objective("huber"), eval_metric=metric("huber"), early_stopping_rounds=3, n_jobs=1
    )
    model.set_params(n_estimators=300)
    model.fit(X[:250], y[:250], eval_set=[(X[250:], y[250:])], verbose=False)
    assert 0 < model.best_iteration < 290


# ---- wrong use -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "label", "given", "message"),
    [
        ("sigmoid_cross_entropy", 2 * t - 1, {}, r"target\[\d+\] is -1"),
        ("sigmoid_cross_entropy", 2 * t, {}, r"target\[\d+\] is 2"),
        ("hinge", 3 * t, {}, r"target\[\d+\] is 3; labels must be 0 and 1, or -1 and 1"),
        ("softmax_cross_entropy", ids + 1, {"objective": "multi:softprob", "num_class": 3}, r"is 3; class ids must be in \[0, 3\)"),
        ("softmax_cross_entropy", ids / 2, {"objective": "multi:softprob", "num_class": 3}, r"is 0.5; class ids must be whole"),
        ("softmax_cross_entropy", t, {}, r"takes several scores a sample, but pred has shape \(500,\)"),
    ],
)  # fmt: skip
def test_wrong_labels_are_refused_in_the_first_round(loss, label, given, message):
    with pytest.raises(ValueError, match=message):
        grown(label, given, objective(loss), rounds=1)


def test_predictions_are_not_written_to():
    pred = np.linspace(-2, 2, N, dtype=np.float32)
    before = pred.copy()
    data = xgb.DMatrix(X, t, weight=w)
    for name in ("mse", "hinge", "sigmoid_cross_entropy", "mae"):
        grad, hess = objective(name)(pred, data)
        assert not np.shares_memory(grad, pred)
        assert grad.dtype == hess.dtype == np.float32
        metric(name)(pred, data)
    np.testing.assert_array_equal(pred, before)
