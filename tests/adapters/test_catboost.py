"""CatBoost with our objectives and metrics, beside its own."""

import pickle
import sys

import numpy as np
import pytest
from peers import needed

cb = needed("catboost")
needed("sklearn")

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV

import fastloss as fl
from fastloss._core.families import Structured, TwoOutputs
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY
from fastloss.adapters import catboost as module
from fastloss.adapters._shared import other_than_scores
from fastloss.adapters.catboost import metric, objective

N = 300
RNG = np.random.default_rng(20260101)
X = RNG.standard_normal((N, 4))
y = 2 * X[:, 0] + np.sin(2 * X[:, 1]) + RNG.standard_normal(N) * (1 + (X[:, 2] > 1))
y = y.astype(np.float32).astype(float)  # the tool rounds targets
t = (y > 0.3).astype(int)
ids = np.digitize(y, [-1, 1])
counts = RNG.poisson(np.exp(0.4 * X[:, 0]))
w = RNG.uniform(0.5, 2, N).astype(np.float32)  # and weights
PLAIN = {"iterations": 20, "learning_rate": 0.1, "thread_count": 1, "allow_writing_files": False, "verbose": False}
SETTINGS = {
    **PLAIN,
    "boosting_type": "Plain",
    "bootstrap_type": "No",
    "random_strength": 0,
    "leaf_estimation_method": "Newton",
    "leaf_estimation_iterations": 1,
    "boost_from_average": False,
}
WEIGHTS = pytest.mark.parametrize("weight", [None, w], ids=["", "weighted"])


def raw(model):
    return model.predict(X, prediction_type="RawFormulaVal")


# ---- the tool's own objectives ---------------------------------------------------------------------------------------

GRADIENT = {"leaf_estimation_method": "Gradient"}  # which divides by the weights, as a curvature of 1 makes Newton do
EQUAL = {
    "RMSE": ("mse", {}, y, {}),
    "Huber:delta=1.5": ("huber", {"delta": 1.5}, y, {}),
    "Logloss": ("sigmoid_cross_entropy", {}, t, {}),
    "Focal:focal_alpha=0.25;focal_gamma=2": ("sigmoid_focal", {"alpha": 0.25, "curvature": "exact"}, t, {}),
    "Poisson": ("poisson_nll", {}, counts, {}),
    "Tweedie:variance_power=1.5": ("tweedie_nll", {}, counts, {}),
    "LogCosh": ("log_cosh", {}, y, {}),
    "Expectile:alpha=0.25": ("expectile", {"alpha": 0.25}, y, {}),
    "MAE": ("quantile", {}, y, GRADIENT),  # half of what it is called
    "Quantile:alpha=0.25": ("quantile", {"alpha": 0.25}, y, GRADIENT),
}


def cost(loss, own):
    given = {name: value for name, value in own.items() if name != "curvature"}
    return metric("rmse" if loss == "mse" else loss, **given)


@WEIGHTS
@pytest.mark.parametrize("case", EQUAL)
def test_same_scores(case, weight):
    loss, own, label, theirs = EQUAL[case]
    model = cb.CatBoostClassifier if label is t else cb.CatBoostRegressor
    tool = model(loss_function=case, **{**SETTINGS, **theirs}).fit(X, label, sample_weight=weight)
    ours = model(loss_function=objective(loss, **own), eval_metric=cost(loss, own), **SETTINGS)
    truth = raw(tool)
    far = np.abs(raw(ours.fit(X, label, sample_weight=weight)) - truth).max() / np.abs(truth).max()
    assert far <= (0 if loss in ("mse", "huber", "expectile") else 1e-12)
    assert np.ptp(truth) > 0.1


@WEIGHTS
def test_same_scores_of_classes(weight):
    tool = cb.CatBoostClassifier(loss_function="MultiClass", **SETTINGS).fit(X, ids, sample_weight=weight)
    for curvature in ("tool", "exact"):
        ours = cb.CatBoostClassifier(
            loss_function=objective("softmax_cross_entropy", curvature=curvature),
            eval_metric=metric("softmax_cross_entropy"),
            class_names=[0, 1, 2],
            **SETTINGS,
        ).fit(X, ids, sample_weight=weight)
        assert np.abs(raw(ours) - raw(tool)).max() <= 1e-12 * np.abs(raw(tool)).max()
        np.testing.assert_allclose(ours.predict_proba(X), tool.predict_proba(X), rtol=1e-12)
        np.testing.assert_array_equal(ours.predict(X), tool.predict(X))


Y = np.column_stack([y, X[:, 1] ** 2]).astype(np.float32).astype(float)
SHARES = np.exp(X[:, :3]) / np.exp(X[:, :3]).sum(axis=1, keepdims=True)
SHARES = SHARES.astype(np.float32).astype(float)
SEVERAL = {  # the tool's objective, ours, our metric, and the labels
    "MultiRMSE": ("mse", "rmse", Y),
    "MultiLogloss": ("sigmoid_cross_entropy", "sigmoid_cross_entropy", (Y > 0.3).astype(float)),
    "MultiCrossEntropy": ("sigmoid_cross_entropy", "sigmoid_cross_entropy", SHARES),
}


@WEIGHTS
@pytest.mark.parametrize("case", SEVERAL)
def test_same_scores_of_several_targets(case, weight):
    loss, own, labels = SEVERAL[case]
    pool = cb.Pool(X, labels, weight=weight)
    tool = cb.train(pool, {**SETTINGS, "loss_function": case})
    given = {"loss_function": objective(loss, multi_target=True), "eval_metric": metric(own, multi_target=True)}
    ours = cb.train(pool, {**SETTINGS, **given})
    assert np.abs(raw(ours) - raw(tool)).max() <= 1e-12 * np.abs(raw(tool)).max()
    assert np.ptp(raw(tool)) > 0.1
    costs = ours.get_evals_result()["learn"][own]
    each = None if weight is None else weight[:, None]
    assert costs[-1] == pytest.approx(REGISTRY[own](raw(ours), labels, sample_weight=each), rel=1e-12)
    if case == "MultiRMSE":  # which adds the errors of a row
        theirs = tool.get_evals_result()["learn"][case]
        np.testing.assert_allclose(np.multiply(costs, 2**0.5), theirs, rtol=1e-13)


@WEIGHTS
@pytest.mark.parametrize("curvature", ["tool", 1.0])
@pytest.mark.parametrize(
    ("loss", "labels"),
    [("huber", Y), ("logistic", (Y > 0.3).astype(float)), ("softmax_cross_entropy", SHARES), ("softmax_brier", SHARES)],
)
def test_several_targets_train(loss, labels, curvature, weight):
    made = objective(loss, multi_target=True, curvature=curvature)
    few = {**SETTINGS, "iterations": 4}
    model = cb.CatBoostRegressor(loss_function=made, eval_metric=metric(loss, multi_target=True), **few)
    costs = model.fit(X, labels, sample_weight=weight).get_evals_result()["learn"][loss]
    assert (np.diff(costs) < 0).all()
    np.testing.assert_array_equal(clone(model).fit(X, labels, sample_weight=weight).predict(X), model.predict(X))
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model)).predict(X), model.predict(X))


def test_derivatives_of_several_targets():
    x, target, eps = np.array([0.5, -1.0, 0.25]), np.array([0.2, 0.5, 0.3], np.float32), 1e-6
    for name, given in (
        ("huber", {"delta": 1.0}),
        ("sigmoid_cross_entropy", {"pos_weight": [1.0, 2.0, 3.0]}),
        ("softmax_cross_entropy", {}),
        ("softmax_cross_entropy", {"class_weight": [1.0, 3.0, 2.0], "label_smoothing": 0.3}),
    ):
        made = objective(name, multi_target=True, **given)
        assert repr(made) == f"catboost.objective({name!r}, curvature='tool', multi_target=True{said(given)})"
        assert repr(pickle.loads(pickle.dumps(made))) == repr(made)
        first, second = made.calc_ders_multi(x, target, 1.5)
        grad = lambda x, name=name, given=given: REGISTRY[name].grad([x], target[None], reduction="sum", **given)[0]
        np.testing.assert_allclose(first, -1.5 * grad(x), rtol=1e-14)
        slopes = [1.5 * (grad(x + eps * e) - grad(x - eps * e)) / (2 * eps) for e in np.eye(3)]
        np.testing.assert_allclose(second, -np.array(slopes), rtol=1e-8, atol=1e-9)
    for part in made.calc_ders_multi(np.full(3, np.nan), target, 0.0):
        assert not part.any()
    halved = objective("mse", multi_target=True).calc_ders_multi(x, target, None)
    np.testing.assert_array_equal(halved[0], target - x)
    np.testing.assert_array_equal(halved[1], -np.eye(3))


def said(given):
    return "".join(f", {name}={value!r}" for name, value in given.items())


@WEIGHTS
def test_metrics(weight):
    for loss, own, tool, label, tolerance in (
        ("mse", "rmse", "RMSE", y, 1e-14),
        ("huber", "huber", "Huber:delta=1.0", y, 1e-14),
        ("mse", "mae", "MAE", y, 1e-5),  # the tool takes 1e-6 off every error
        ("sigmoid_cross_entropy", "sigmoid_cross_entropy", "Logloss", t, 1e-13),
        ("poisson_nll", "poisson_nll", "Poisson", counts, 1e-13),
    ):
        model = cb.CatBoostClassifier if label is t else cb.CatBoostRegressor
        ours = model(
            loss_function=objective(loss), eval_metric=metric(own, name="ours"), custom_metric=[tool], **SETTINGS
        )
        costs = ours.fit(X, label, sample_weight=weight).get_evals_result()["learn"]
        theirs = costs[max(name for name in costs if name.startswith(tool))]  # ...:use_weights=true, if there are two
        np.testing.assert_allclose(costs["ours"], theirs, rtol=tolerance)
        assert costs["ours"][-1] < costs["ours"][0]
        truth = REGISTRY[own](raw(ours), label, sample_weight=weight)
        assert costs["ours"][-1] == pytest.approx(truth, rel=1e-12)
        if own != "mae":  # whose objective here is the squared error
            trained = model(loss_function=tool, **SETTINGS).fit(X, label, sample_weight=weight)
            rough = tool in ("Logloss", "Poisson")  # beside objectives of its own, the tool's exponentials are
            np.testing.assert_allclose(
                costs["ours"], trained.get_evals_result()["learn"][tool], rtol=1e-3 if rough else tolerance
            )


# ---- every loss ------------------------------------------------------------------------------------------------------

REFUSED = {name for name, loss in REGISTRY.items() if loss.root or "pred" in loss.domains or other_than_scores(loss)}
REFUSED |= {"softmax_kl_divergence", "softmax_jensen_shannon", "softmax_reverse_kl_divergence", "cosine_distance"}
REFUSED |= {name for name, loss in REGISTRY.items() if isinstance(loss, (Structured, TwoOutputs))}


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in REFUSED])
def test_every_loss_trains(name):
    """The training cost falls: the signs are right. No warning appears."""
    loss = REGISTRY[name]
    _, target = loss.inputs.draw(Normal(np.dtype(np.float64)), 3 * N if loss.ids else N, 3)
    labels = target if "target" not in loss.domains or loss.domains["target"].text != "-1 or 1" else target > 0
    features = np.column_stack([target, np.random.default_rng(0).standard_normal(len(target))])
    settings = {**PLAIN, "iterations": 5, "eval_metric": metric(name), "loss_function": objective(name)}
    settings["bootstrap_type"] = "No"
    settings |= {"classes_count": 3} if loss.ids else {}
    baseline = np.full((len(target), 3) if loss.ids else len(target), 0.25)  # 0 is no start for a perceptron
    pool = cb.Pool(features, labels, weight=np.random.default_rng(1).uniform(0.5, 2, len(target)), baseline=baseline)
    model = cb.train(pool, settings)
    costs = model.get_evals_result()["learn"][name]
    assert np.isfinite(costs).all()
    assert costs[-1] < costs[0]


# ---- what the tool calls ---------------------------------------------------------------------------------------------


def test_derivatives():
    rng = np.random.default_rng(0)
    pred, target, weight = rng.standard_normal(9), rng.standard_normal(9).astype(np.float32), rng.uniform(0.5, 2, 9)
    for name in ("mse", "huber", "pseudo_huber", "mae"):
        for w in (None, weight):
            made = objective(name)
            grad, hess = made(target, pred, w)
            both = made.calc_ders_range(pred, target, w)
            np.testing.assert_array_equal(both, np.stack([-grad, -hess], axis=1))
            assert both.shape == (9, 2)
    outside = objective("huber", delta=0.1).calc_ders_range(np.array([5.0, 0.05]), np.zeros(2), None)
    np.testing.assert_array_equal(outside, [[-0.1, 0], [-0.05, -1]])  # zeros stay zeros
    assert not objective("mae", curvature="exact").calc_ders_range(pred, target, None)[:, 1].any()
    assert (objective("welsch", curvature="exact").calc_ders_range(9 * pred, target, weight)[:, 1] <= 0).all()
    assert not hasattr(objective("mse"), "calc_ders_multi")


def test_derivatives_of_classes():
    x, eps = np.array([0.5, -1.0, 0.25]), 1e-6
    for given in ({}, {"class_weight": [1.0, 3.0, 2.0]}, {"label_smoothing": 0.3}):
        made = objective("softmax_cross_entropy", **given)
        first, second = made.calc_ders_multi(x, 2.0, 1.5)
        grad = lambda x, given=given: fl.softmax_cross_entropy.grad(
            [x], [2], sample_weight=[1.5], reduction="sum", **given
        )[0]
        np.testing.assert_allclose(first, -grad(x), rtol=1e-14)
        slopes = [(grad(x + eps * e) - grad(x - eps * e)) / (2 * eps) for e in np.eye(3)]
        np.testing.assert_allclose(second, -np.array(slopes), rtol=1e-8, atol=1e-9)
    for name in ("softmax_focal", "weston_watkins_hinge"):
        first, second = objective(name).calc_ders_multi(x, 1.0, None)
        grad, hess = objective(name)([1.0], x[None])
        np.testing.assert_array_equal(first, -grad[0])
        np.testing.assert_array_equal(second, -np.diag(hess[0]))
    for part in objective("softmax_cross_entropy").calc_ders_multi(np.full(3, np.nan), 7.0, 0.0):
        assert not part.any()
    ignored = objective("softmax_cross_entropy", ignore_index=1).calc_ders_multi(x, 1.0, 1.0)
    assert not any(part.any() for part in ignored)
    with pytest.raises(ValueError, match=r"target\[0\] is 0.5; class ids must be whole"):
        objective("softmax_cross_entropy").calc_ders_multi(x, 0.5, 1.0)
    assert not hasattr(objective("softmax_cross_entropy"), "calc_ders_range")


def test_metric_in_parts():
    """Sums of parts are those of all; roots are taken in the end."""
    rng = np.random.default_rng(0)
    pred, target, weight = np.exp(rng.standard_normal((3, 90)))
    for name in ("rmse", "rmsle", "huber", "log_cosh", "mape"):
        made = metric(name)
        for w in (None, weight):
            parts = [
                made.evaluate((pred[k : k + 30],), target[k : k + 30], None if w is None else w[k : k + 30])
                for k in (0, 30, 60)
            ]
            final = made.get_final_error(*np.sum(parts, axis=0))
            assert final == pytest.approx(REGISTRY[name](pred, target, sample_weight=w), rel=1e-14)
    assert made.is_max_optimal() is False
    rows, ids = rng.standard_normal((90, 3)), rng.integers(0, 3, 90)
    given = {"class_weight": [1.0, 2.0, 0.5]}
    made = metric("softmax_cross_entropy", **given)
    sums = made.evaluate(tuple(rows.T), ids.astype(np.float32), weight)
    assert sums[1] == pytest.approx((weight * np.take(given["class_weight"], ids)).sum(), rel=1e-14)
    cost = fl.softmax_cross_entropy(rows, ids, sample_weight=weight, **given)
    assert made.get_final_error(*sums) == pytest.approx(cost, rel=1e-14)
    assert metric("mse").evaluate((pred,), target, 1e-30 * weight)[1] == pytest.approx(1e-30 * weight.sum(), rel=1e-14)
    assert np.isnan(metric("mse").get_final_error(*metric("mse").evaluate((pred,), target, 0 * weight)))
    assert type(metric("mse", name="mine")).__name__ == "mine"


# ---- scikit-learn's interface ----------------------------------------------------------------------------------------


def test_classes_of_scikit_learn():
    for model, loss, label, more in (
        (cb.CatBoostRegressor, "huber", y, {}),
        (cb.CatBoostClassifier, "sigmoid_cross_entropy", np.where(t, "yes", "no"), {"class_names": ("no", "yes")}),
        (cb.CatBoostClassifier, "logistic", t, {"class_names": (0, 1)}),
        (cb.CatBoostClassifier, "softmax_focal", ids, {"class_names": (0, 1, 2)}),
    ):
        ours = model(loss_function=objective(loss), eval_metric=metric(loss), **PLAIN, **more).fit(X, label)
        predicted = ours.predict(X)
        if loss != "huber":
            assert (predicted.ravel() == label).mean() > 0.7
            np.testing.assert_allclose(ours.predict_proba(X).sum(1), 1, rtol=1e-12)
        np.testing.assert_array_equal(clone(ours).fit(X, label).predict(X), predicted)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(ours)).predict(X), predicted)


def test_grid_search():
    grid = {"loss_function": [objective("huber", delta=delta) for delta in (0.5, 2.0)]}
    model = cb.CatBoostRegressor(eval_metric=metric("huber"), **{**PLAIN, "learning_rate": 0.3})
    search = GridSearchCV(model, grid, cv=2).fit(X, y)
    assert search.best_params_["loss_function"] in grid["loss_function"]
    assert search.best_score_ > 0.2


# ---- wrong use -------------------------------------------------------------------------------------------------------


def test_wrong_use():
    for loss, label, more, message in (
        ("sigmoid_cross_entropy", 2 * t - 1, {}, r"target\[\d+\] is -1"),
        ("hinge", 3 * t, {}, r"target\[\d+\] is 3; labels must be 0 and 1, or -1 and 1"),
        (
            "softmax_cross_entropy",
            ids,
            {},
            "softmax_cross_entropy takes a score for each class: CatBoost needs class_names=",
        ),
    ):
        with pytest.raises(cb.CatBoostError, match=message):
            cb.train(
                cb.Pool(X, label), {**PLAIN, "loss_function": objective(loss), "eval_metric": metric("mse"), **more}
            )
    for name, message in (
        ("cox", "cox is a cost of the whole batch"),
        ("gaussian_nll", "gaussian_nll takes two scores"),
    ):
        with pytest.raises(ValueError, match=message):
            objective(name)
    with pytest.raises(ValueError, match="cox is a cost of the whole batch"):
        metric("cox")
    with pytest.raises(
        ValueError,
        match=r"softmax_kl_divergence takes a row .* without multi_target=True; softmax_cross_entropy takes class ids",
    ):
        objective("softmax_kl_divergence")
    for made in (objective, metric):
        with pytest.raises(ValueError, match="weston_watkins_hinge has one target for several scores"):
            made("weston_watkins_hinge", multi_target=True)
    with pytest.raises(cb.CatBoostError, match="only multi-regression"):  # the tool's own words
        cb.CatBoostRegressor(loss_function=objective("mse"), eval_metric=metric("mse"), **PLAIN).fit(X, Y)


@pytest.mark.thread_unsafe
def test_several_targets_without_the_tool(monkeypatch):
    module.of_the_tool.cache_clear()
    monkeypatch.setitem(sys.modules, "catboost", None)
    with pytest.raises(ImportError, match=r"catboost is not installed: pip install 'fastloss\[catboost\]'"):
        objective("mse", multi_target=True)
    assert objective("mse").loss is fl.mse


def test_predictions_are_not_written_to():
    pred, target, weight = np.linspace(-2, 2, 9), (np.arange(9) % 2).astype(np.float32), np.ones(9, np.float32)
    before = pred.tobytes(), target.tobytes(), weight.tobytes()
    for name in ("mse", "hinge", "sigmoid_cross_entropy", "mae"):
        objective(name).calc_ders_range(pred, target, weight)
        metric(name).evaluate((pred,), target, weight)
    assert (pred.tobytes(), target.tobytes(), weight.tobytes()) == before
