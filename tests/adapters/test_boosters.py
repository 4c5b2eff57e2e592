"""What the adapters of all three boosters do, without any of them: each object is called as a tool would call it."""

import copy
import doctest
import inspect
import itertools
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest

import fastloss as fl
from fastloss._core.families import Structured, TwoOutputs
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY
from fastloss.adapters import _boosters, catboost, lightgbm, xgboost
from fastloss.adapters._shared import other_than_scores

TOOLS = {"xgboost": xgboost, "lightgbm": lightgbm, "catboost": catboost}
PAIRS = [(tool, name) for tool in TOOLS for name in REGISTRY]
each_tool = pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
OTHERS = {name for name, loss in REGISTRY.items() if other_than_scores(loss)}
REFUSED = {"xgboost": ({*_boosters.INSTEAD} - {"msle"}) | OTHERS}
ROWS = {"softmax_kl_divergence", "softmax_jensen_shannon", "softmax_reverse_kl_divergence", "cosine_distance"}
REFUSED["lightgbm"] = {*_boosters.INSTEAD} | ROWS | OTHERS
WHOLE = {name for name, loss in REGISTRY.items() if isinstance(loss, (Structured, TwoOutputs))}
REFUSED["catboost"] = REFUSED["lightgbm"] | WHOLE


class Data:
    """A tool's data, as far as an objective looks at it."""

    def __init__(self, label, weight=None):
        self.label, self.weight = label, weight

    def get_label(self):
        return self.label

    def get_weight(self):
        return self.weight


class Grouped(Data):
    """LightGBM's, with the sizes of groups."""

    def __init__(self, label, sizes, weight=None):
        super().__init__(label, weight)
        self.sizes = sizes

    def get_group(self):
        return self.sizes


class Begun(Grouped):
    """XGBoost's, with where each group begins."""

    def get_uint_info(self, field):
        assert field == "group_ptr"
        return np.cumsum([0, *self.sizes], dtype=np.uint32) if self.sizes is not None else np.zeros(0, np.uint32)


def drawn(loss, size=60):
    return loss.inputs.draw(Normal(np.dtype(np.float64)), size, 3)


# ---- every loss ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("tool", "name"), PAIRS)
def test_every_loss_works_or_is_refused_by_name(tool, name, backend):
    loss = REGISTRY[name]
    if name in REFUSED[tool]:
        with pytest.raises(ValueError, match=f"^{name} .*{re.escape(_boosters.INSTEAD.get(name, ''))}"):
            TOOLS[tool].objective(loss)
        return
    pred, target = drawn(loss)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(target))
    weight[3] = 0
    before = pred.tobytes(), target.tobytes(), weight.tobytes()
    objective = TOOLS[tool].objective(name)
    share = 0.5 if name == "mse" or (name, tool) == ("msle", "xgboost") else 1
    for w in (None, weight):
        grad, hess = objective(target, pred, w)
        truth = share * loss.grad(pred, target, sample_weight=w, reduction="sum")
        np.testing.assert_allclose(grad, truth, rtol=1e-13, atol=1e-15)
        assert grad.shape == hess.shape == pred.shape
        assert grad.dtype == hess.dtype == pred.dtype
        floor = 0 if tool == "catboost" or name == "hinge" else 1e-16
        assert (floor * (np.ones(len(pred)) if w is None else w) <= hess.T).all()
        assert np.isfinite(hess).all()
        assert hess.sum() > 1e-3
        if w is not None and not isinstance(loss, Structured):
            assert not hess[3].any()
    assert before == (pred.tobytes(), target.tobytes(), weight.tobytes())
    native = objective(pred, Data(target.astype(np.float32), weight.astype(np.float32)))
    np.testing.assert_allclose(native[0], grad, rtol=1e-4, atol=1e-5)


def test_each_refused_loss_has_a_remedy():
    blocked = {name for name, loss in REGISTRY.items() if loss.root or "pred" in loss.domains}
    assert blocked == {*_boosters.INSTEAD}
    for remedy in _boosters.INSTEAD.values():
        assert remedy.split()[0] in REGISTRY
    with pytest.raises(ValueError, match=r"log_loss.*sigmoid_cross_entropy"):
        xgboost.objective(fl.log_loss)


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in _boosters.INSTEAD and name not in OTHERS])
def test_curvatures(name):
    loss = REGISTRY[name]
    pred, target = drawn(loss)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(target))
    share = 0.5 if name == "mse" else 1
    column = weight.reshape(-1, *[1] * (pred.ndim - 1))
    floor = 1e-16 * column
    _, exact = loss.grad_and_hess(pred, target, sample_weight=weight, reduction="sum")
    hess = xgboost.objective(name, curvature="exact")(target, pred, weight)[1]
    np.testing.assert_allclose(hess, np.maximum(share * exact, floor), rtol=1e-14)
    hess = xgboost.objective(name, curvature=0.25)(target, pred, weight)[1]
    np.testing.assert_array_equal(hess, np.broadcast_to(0.25 * column, pred.shape))
    if loss.majorizer:
        _, above = loss.grad_and_hess(pred, target, sample_weight=weight, reduction="sum", curvature="majorizer")
        hess = xgboost.objective(name, curvature="majorizer")(target, pred, weight)[1]
        np.testing.assert_allclose(hess, np.maximum(share * above, floor), rtol=1e-14)
    else:
        with pytest.raises(ValueError, match=f"{name} has no majorizer"):
            xgboost.objective(name, curvature="majorizer")


def test_squares_of_margins_are_no_straight_lines():
    pred, ids = np.array([[0.0, 0.5, 0.0]]), [1]
    given = {"power": 2, "margin": 1.0}
    _, hess = xgboost.objective("weston_watkins_hinge", **given)(ids, pred)
    exact = fl.weston_watkins_hinge.grad_and_hess(pred, ids, **given)[1]
    np.testing.assert_array_equal(hess, exact)
    assert hess.tolist() == [[2, 4, 2]]


@each_tool
@pytest.mark.parametrize("curvature", ["ones", "", None, 0, -1.0, np.inf, np.nan, True, "1", [1.0, 2.0]])
def test_bad_curvatures(tool, curvature):
    with pytest.raises(ValueError, match=r"curvature is .*'tool', 'exact', 'majorizer' or a number > 0"):
        tool.objective("huber", curvature=curvature)


@each_tool
def test_bad_losses_and_keywords_are_refused_when_made(tool):
    for make in (tool.objective, tool.metric):
        with pytest.raises(ValueError, match="did you mean 'huber'"):
            make("hubert")
        with pytest.raises(TypeError, match="mse has no keyword 'delta'"):
            make("mse", delta=1.0)
        with pytest.raises(ValueError, match="delta is -1"):
            make("huber", delta=-1)
        with pytest.raises(TypeError, match="axis is given"):
            make("softmax_cross_entropy", axis=-1)
    for name in ("", "a b", "a:b", 3):
        with pytest.raises(ValueError, match="name is"):
            tool.metric("huber", name=name)


# ---- the objects -----------------------------------------------------------------------------------------------------


@each_tool
def test_objects_are_values(tool):
    weights = [1.0, 2.0, 0.5]
    for made in (
        tool.objective("huber", delta=2.0, curvature=0.5),
        tool.objective(fl.l1),
        tool.objective("softmax_cross_entropy", class_weight=weights),
        tool.metric("huber", name="mine", delta=2.0),
        tool.metric("softmax_cross_entropy", class_weight=np.array(weights)),
    ):
        assert copy.deepcopy(made) is made
        assert copy.deepcopy({"objective": [made]})["objective"][0] is made
        again = pickle.loads(pickle.dumps(made))
        assert repr(again) == repr(made) == repr(copy.copy(made))
        assert (again.__name__, again.loss, type(again).__name__) == (made.__name__, made.loss, type(made).__name__)
        assert repr(eval(repr(made), {**TOOLS, "array": np.array})) == repr(made)
    assert repr(tool.objective("l1")) == f"{tool.__name__.split('.')[-1]}.objective('mae', curvature='tool')"
    assert (tool.objective("l1").__name__, tool.metric("l1", name="mine").__name__) == ("mae", "mine")
    weights[0] = 7.0
    assert "1.0, 2.0, 0.5" in repr(tool.objective("softmax_cross_entropy", class_weight=[1.0, 2.0, 0.5]))
    given = np.ones(2)
    objective = xgboost.objective("softmax_cross_entropy", class_weight=given)
    given[:] = 3
    np.testing.assert_array_equal(objective([0], [[0.0, 0.0]])[0], [[-0.5, 0.5]])


@pytest.mark.parametrize("module", [xgboost, lightgbm, catboost], ids=lambda module: module.__name__)
def test_examples(module):
    result = doctest.testmod(module)
    assert result.attempted > 3
    assert result.failed == 0


@pytest.mark.thread_unsafe
def test_no_tool_is_loaded():
    code = "import sys, fastloss.adapters\nfrom fastloss.adapters import xgboost, lightgbm, catboost\n"
    code += "xgboost.objective('mae')([1.0], [2.0])\n"
    code += "print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"xgboost", "lightgbm", "catboost", "sklearn", "pandas", "scipy"} & {*loaded}


# ---- what tools hand over --------------------------------------------------------------------------------------------


@each_tool
@pytest.mark.parametrize("name", ["hinge", "squared_hinge", "perceptron", "logistic", "exponential", "modified_huber"])
def test_labels_of_margins(tool, name):
    pred = np.array([0.5, -2.0, 0.25])
    objective, metric = tool.objective(name), xgboost.metric(name)
    truth = objective([1, -1, -1], pred)
    for labels in (
        [1.0, 0.0, 0.0],
        [True, False, False],
        np.array([1, 0, 0], np.uint8),
        np.array([1, 0, 0], np.float32),
    ):
        np.testing.assert_array_equal(objective(labels, pred), truth)
        assert metric(labels, pred) == metric([1, -1, -1], pred)
    for labels, bad in (([0, 1, 2], 2), ([-1, 0.5, 1], 0.5), ([1, -1, 0], -1), ([3, -1, 1], 3)):
        with pytest.raises(ValueError, match=rf"^target\[{labels.index(bad)}\] is {bad}"):
            objective(labels, pred)
    weighted = objective([1, 0, 7], pred, [1, 2, 0])
    np.testing.assert_array_equal(weighted, objective([1, -1, 1], pred, [1, 2, 0]))
    assert not np.array(weighted)[:, 2].any()


@each_tool
def test_class_ids_are_whole_floats(tool):
    pred = np.random.default_rng(0).standard_normal((4, 3))
    objective = tool.objective("softmax_cross_entropy")
    truth = objective(np.array([0, 2, 1, 2]), pred)
    for ids in (np.array([0, 2, 1, 2], np.float32), [0.0, 2.0, 1.0, 2.0], np.array([[0.0], [2], [1], [2]])):
        np.testing.assert_array_equal(objective(ids, pred), truth)
    with pytest.raises(ValueError, match=r"target\[1\] is 0.5; class ids must be whole numbers"):
        objective([0, 0.5, 1, 2], pred)
    with pytest.raises(ValueError, match=r"target\[2\] is nan; class ids"):
        objective([0, 1, np.nan, 2], pred)
    with pytest.raises(ValueError, match=r"target\[3\] is 3; class ids must be in \[0, 3\)"):
        objective([0.0, 1, 1, 3], pred)
    with pytest.raises(ValueError, match=r"softmax_cross_entropy takes several scores.*\(4,\)"):
        objective([0.0, 1, 1, 0], pred[:, 0])
    grad, hess = objective([0, np.nan, 1, 9.5], pred, [1, 0, 2, 0])
    assert not grad[[1, 3]].any()
    assert not hess[[1, 3]].any()
    assert grad[[0, 2]].all()


@each_tool
def test_class_weights_and_ignored_rows(tool):
    pred, ids, weight = np.random.default_rng(0).standard_normal((4, 3)), [0.0, 2.0, -100.0, 1.0], [1.0, 2.0, 3.0, 4.0]
    given = {"class_weight": [2.0, 1.0, 0.0], "ignore_index": -100}
    grad, hess = tool.objective("softmax_cross_entropy", curvature=0.5, **given)(ids, pred, weight)
    np.testing.assert_array_equal(hess, np.repeat([[1.0], [0.0], [0.0], [2.0]], 3, axis=1))
    truth = fl.softmax_cross_entropy.grad(pred, [0, 2, -100, 1], sample_weight=weight, reduction="sum", **given)
    np.testing.assert_array_equal(grad, truth)
    exact = tool.objective("softmax_cross_entropy", **given)(ids, pred, weight)[1]
    assert not exact[1:3].any()
    assert exact[[0, 3]].all()
    onehot = np.eye(3)[[0, 2, 1, 1]]
    hess = xgboost.objective("softmax_cross_entropy", curvature=0.5, class_weight=[2.0, 1.0, 0.0])(onehot, pred)[1]
    np.testing.assert_array_equal(hess[:, 0], [1, 0, 0.5, 0.5])


@each_tool
def test_weights(tool):
    rng = np.random.default_rng(0)
    pred, target, weight = rng.standard_normal(6), rng.standard_normal(6), rng.uniform(0, 2, 6)
    objective = tool.objective("pseudo_huber", delta=0.5)
    plain = objective(target, pred)
    for none in (None, [], np.array([], np.float32)):
        np.testing.assert_array_equal(objective(target, pred, none), plain)
        np.testing.assert_array_equal(objective(pred, Data(target, none)), plain)
    np.testing.assert_allclose(objective(target, pred, weight), weight * np.array(plain), rtol=1e-15)
    with pytest.raises(ValueError, match=r"sample_weight has shape \(\)"):
        objective(target, pred, 2.0)
    with pytest.raises(ValueError, match=r"sample_weight\[1\] is -1"):
        objective(target, pred, [1, -1, 1, 1, 1, 1])
    with pytest.raises(ValueError, match=r"\(6,\).*\(5,\)"):
        objective(target, pred, weight[:5])
    pred[2], weight[2] = np.nan, 0
    for name in ("mse", "mae", "huber", "sigmoid_cross_entropy", "hinge"):
        slopes = np.array(tool.objective(name)(np.full(6, 1.0), pred, weight))
        assert not slopes[:, 2].any()
        assert np.isfinite(slopes).all()


def test_a_weight_for_each_row_of_targets():
    rng = np.random.default_rng(0)
    pred, target, weight = rng.standard_normal((5, 2)), rng.standard_normal((5, 2)), rng.uniform(0.5, 2, 5)
    for name in ("mse", "huber", "mae", "sigmoid_brier"):
        target = target > 0 if name == "sigmoid_brier" else target
        both = xgboost.objective(name)(target, pred, weight)
        for j in range(2):
            one = xgboost.objective(name)(target[:, j], pred[:, j], weight)
            np.testing.assert_array_equal(np.array(both)[:, :, j], one)
    assert xgboost.metric("mse")(target, pred, weight) == fl.mse(pred, target, sample_weight=weight[:, None])


def test_columns():
    pred, target = np.array([[1.0, 5.0], [2.0, 2.0]]), np.array([4.0, 1.0])
    grad, hess = xgboost.objective("quantile", alpha=[0.1, 0.9])(target, pred)
    np.testing.assert_allclose(grad, [[-0.1, 0.1], [0.9, 0.1]], rtol=1e-15)
    assert (hess == 1).all()
    np.testing.assert_array_equal(xgboost.objective("mse")(target[:, None], pred[:, 0])[0], [-3, 1])
    np.testing.assert_array_equal(xgboost.objective("mse")(target, pred[:, :1])[0], [[-3], [1]])
    with pytest.raises(ValueError, match=r"pred has shape \(2, 2\) but target has shape \(2,\)"):
        xgboost.objective("mse")(target, pred)


@each_tool
def test_dtypes_and_layouts(tool):
    rng = np.random.default_rng(0)
    pred, ids = rng.standard_normal((7, 3)), rng.integers(0, 3, 7)
    objective = tool.objective("softmax_cross_entropy")
    truth = objective(ids, pred)
    fortran = np.asfortranarray(pred)
    fortran.flags.writeable = False
    np.testing.assert_array_equal(objective(fortran, Data(ids.astype(np.float32))), truth)
    single = objective(ids, pred.astype(np.float32))
    assert {part.dtype for part in single} == {np.dtype(np.float32)}
    for name in ("mse", "mae", "huber"):
        grad, hess = tool.objective(name)([1, 2], [3, 5])
        assert grad.dtype == hess.dtype == np.float64
        with pytest.raises(TypeError, match="pred is a masked array"):
            tool.objective(name)([1.0], np.ma.array([1.0], mask=[True]))


def test_the_new_median_of_xgboost(monkeypatch):
    """From 3.4 on the tool smooths the absolute error: a pseudo-Huber loss, delta from the errors of the round."""
    import types

    rng = np.random.default_rng(0)
    pred, target, weight = rng.standard_normal(9), rng.standard_normal(9), rng.uniform(0, 2, 9)
    weight[4], pred[4] = 0, np.nan
    monkeypatch.setitem(sys.modules, "xgboost", types.SimpleNamespace(__version__="3.4.1"))
    grad, hess = xgboost.objective("mae")(target, pred, weight)
    error, there = pred - target, weight > 0
    delta = (weight[there] @ np.sqrt(np.abs(error[there])) / weight.sum()) ** 2
    bend = weight / np.sqrt(1 + (error / delta) ** 2)
    np.testing.assert_allclose(hess[there], bend[there], rtol=1e-14)
    np.testing.assert_allclose(grad[there], (bend * error)[there], rtol=1e-14)
    assert grad[4] == hess[4] == 0
    np.testing.assert_array_equal(xgboost.objective("mae")([1.0], [1.0]), [[0], [1]])
    np.testing.assert_array_equal(xgboost.objective("mae", curvature=2.0)([1.0], [3.0]), [[1], [2]])
    monkeypatch.setitem(sys.modules, "xgboost", types.SimpleNamespace(__version__="3.3.0rc1"))
    np.testing.assert_array_equal(xgboost.objective("mae")([1.0], [3.0]), [[1], [1]])


def test_the_squared_logarithm_of_xgboost():
    """No prediction is below −1 + 1e-6, no curvature below 1e-6."""
    made, least = xgboost.objective("msle"), -1 + 1e-6
    for curvature in ("tool", "exact", 1.0):
        made = xgboost.objective("msle", curvature=curvature)
        np.testing.assert_array_equal(made([0.5, 2.0], [-3.0, -1.0]), made([0.5, 2.0], [least, least]))
    assert xgboost.objective("msle")([0.0], [5.0], [2.0])[1] == 2e-6  # where the exact one is negative
    assert xgboost.objective("msle", curvature="exact")([0.0], [5.0], [2.0])[1] == 2e-16


def test_objectives_do_not_depend_on_seterr():
    """Of weights whose least curvature is no double either."""
    with np.errstate(all="raise"):
        for tool, curvature in itertools.product((xgboost, lightgbm), ("tool", "exact", 1e-3)):
            grad, hess = tool.objective("mse", curvature=curvature)([0.0, 1.0], [1.0, 1.0], [1e-310, 1.0])
            assert np.isfinite([grad, hess]).all()


# ---- where to start --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in REGISTRY if name not in REFUSED["xgboost"]])
def test_every_loss_has_a_start(name):
    loss = REGISTRY[name]
    _, target = drawn(loss, 300)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(target)).astype(np.float32)  # as LightGBM keeps both
    target = target.astype(np.float32) if target.dtype.kind == "f" else target
    given = xgboost.params(name, target, weight)
    assert isinstance(given["objective"], str)
    outputs = np.asarray(given["base_score"])
    assert np.isfinite(outputs).all()
    assert outputs.dtype == np.float64
    if name in REFUSED["lightgbm"]:
        with pytest.raises(ValueError, match=f"^{name} "):
            lightgbm.init_score(name, target, weight)
        return
    scores = lightgbm.init_score(name, target, weight)
    assert scores.shape[0] == len(target)
    assert (scores == scores[0]).all()
    assert scores.dtype == np.float64
    if name not in ("huber", "fair", "cox"):
        own = loss.constant(target, weight)
        np.testing.assert_allclose(scores[0], own, rtol=1e-14)
        if name != "hinge":
            link = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "log": np.exp}.get(loss.link, lambda x: x)
            np.testing.assert_allclose(outputs, link(own - np.mean(own) if loss.ids else own), rtol=1e-12, atol=1e-15)


def test_parameters_that_go_with_an_objective():
    given = xgboost.params("gaussian_nll", [1.0, 3.0])
    kept = {"objective": "reg:squarederror", "num_target": 2, "disable_default_eval_metric": 1}
    assert given == {**kept, "base_score": [2.0, 0.0]}
    given = xgboost.params("negative_binomial_nll", [1.0, 3.0], alpha=2.0)
    assert given == {"objective": "count:poisson", "max_delta_step": 0.0, "base_score": pytest.approx(2.0)}
    given = xgboost.params("quantile", [1.0, 2.0, 9.0], alpha=[0.25, 0.5])
    assert given == {"objective": "reg:quantileerror", "quantile_alpha": [0.25, 0.5], "base_score": [1.0, 2.0]}
    given = xgboost.params("softmax_kl_divergence", [[0.5, 0.5], [0.5, 0.5]])
    assert given == {"objective": "reg:squarederror", "base_score": pytest.approx([-np.log(2), -np.log(2)])}
    given = xgboost.params("mse", [[1.0, 2.0], [3.0, 8.0]], [1.0, 3.0])
    assert given == {"objective": "reg:squarederror", "base_score": [2.5, 6.5]}


def test_starts_are_finite():
    assert xgboost.params("sigmoid_cross_entropy", [1.0, 1.0])["base_score"] == pytest.approx(1 - 1e-6, rel=1e-11)
    assert xgboost.params("sigmoid_cross_entropy", [0, 0])["base_score"] == pytest.approx(1e-6, rel=2e-6)
    assert xgboost.params("poisson_nll", [0, 0])["base_score"] == pytest.approx(1e-6, rel=1e-12)
    assert np.isfinite(xgboost.params("logistic", [1, 1])["base_score"])
    assert lightgbm.init_score("sigmoid_cross_entropy", [0, 0])[0] == pytest.approx(np.log(1e-15), rel=1e-9)
    assert xgboost.params("softmax_cross_entropy", [0, 1, 99], [1, 1, 0])["num_class"] == 2
    given = xgboost.params("softmax_cross_entropy", [0, 1, 1], classes=4)
    assert given["num_class"] == len(given["base_score"]) == 4
    assert all(type(number) is float for number in given["base_score"])
    scores = lightgbm.init_score("softmax_cross_entropy", [0.0, 1.0, 1.0], classes=4)
    np.testing.assert_allclose(scores[0], [np.log(1 / 3), np.log(2 / 3), np.log(1e-15), np.log(1e-15)], rtol=1e-9)


@pytest.mark.parametrize("start", [xgboost.params, lightgbm.init_score])
def test_bad_starts(start):
    with pytest.raises(ValueError, match=r"log_loss.*sigmoid_cross_entropy"):
        start("log_loss", [0, 1])
    with pytest.raises(ValueError, match=r"target\[0\] is 3; class ids must be in \[0, 3\)"):
        start("softmax_cross_entropy", [3, 1], classes=3)
    with pytest.raises(ValueError, match="class_weight has 2 weights but classes is 3"):
        start("softmax_cross_entropy", [0, 1], classes=3, class_weight=[1, 1])
    with pytest.raises(ValueError, match="classes is 0"):
        start("softmax_cross_entropy", [0, 1], classes=0)
    with pytest.raises(ValueError, match="classes is 3, but mse takes no class ids"):
        start("mse", [0, 1], classes=3)
    with pytest.raises(ValueError, match=r"target\[1\] is 2"):
        start("hinge", [0, 2])
    with pytest.raises(ValueError, match="weights that sum to 0"):
        start("mse", [0, 2], [0, 0])
    with pytest.raises(TypeError, match="mse has no keyword 'delta'"):
        start("mse", [0, 2], delta=1.0)


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_parameters_are_those_that_tools_count():
    """LightGBM passes the sizes of groups to whatever has four."""
    three = ["a", "b", "sample_weight"]
    for tool, name in itertools.product((xgboost, lightgbm), ("huber", "cox", "listmle")):
        grouped = tool is lightgbm and name == "listmle"
        for made in (tool.objective(name), tool.metric(name)):
            assert [*inspect.signature(made).parameters] == [*three, *(["group"] if grouped else [])]


@pytest.mark.parametrize("name", ["pairwise_logistic", "listmle"])
@pytest.mark.parametrize(("tool", "kind"), [(lightgbm, Grouped), (xgboost, Begun)], ids=["lightgbm", "xgboost"])
def test_groups_are_those_of_the_data(tool, kind, name):
    rng = np.random.default_rng(0)
    scores, labels, sizes = rng.normal(size=12), rng.integers(0, 3, 12).astype(np.float32), [5, 0, 4, 3]
    groups, loss = np.repeat(np.arange(4), sizes), getattr(fl, name)
    for given, own in ((sizes, groups), (None, None)):
        data = kind(labels, given)
        want = loss.grad(scores, labels, groups=own, reduction="sum")
        np.testing.assert_array_equal(tool.objective(name)(scores, data)[0], want)
        assert tool.metric(name)(scores, data)[1] == loss(scores, labels, groups=own)
    by_hand = tool.objective(name, groups=groups % 2)(scores, kind(labels, sizes))[0]
    np.testing.assert_array_equal(by_hand, loss.grad(scores, labels, groups=groups % 2, reduction="sum"))
    if tool is lightgbm:
        want = loss.grad(scores, labels, groups=groups, reduction="sum")
        np.testing.assert_array_equal(tool.objective(name)(labels, scores, None, sizes)[0], want)
    assert tool.objective("mse")(scores, kind(labels, sizes))[0].tolist() == (scores - labels).tolist()


@pytest.mark.parametrize("name", ["pairwise_logistic", "listmle"])
def test_weights_of_groups(name):
    """As XGBoost has them: a group counts as often as its weight says."""
    rng = np.random.default_rng(1)
    scores, labels, sizes, weight = (
        rng.normal(size=9),
        rng.integers(0, 3, 9).astype(np.float64),
        [4, 2, 3],
        [2.0, 0, 0.5],
    )
    loss, groups = getattr(fl, name), np.repeat(np.arange(3), sizes)
    grad = xgboost.objective(name)(scores, Begun(labels, sizes, np.array(weight, np.float32)))[0]
    for k, w in enumerate(weight):
        own = groups == k
        want = w * loss.grad(scores[own], labels[own], reduction="sum")
        np.testing.assert_allclose(grad[own], want, rtol=1e-13, atol=1e-15)


def test_starts_of_losses_with_a_list_that_is_not_one_for_each_column():
    ids, steps = [0, 1, 2, 2], [-1.0, 1.0]
    best = fl.ordinal_logistic.constant(ids, thresholds=steps)
    assert xgboost.params("ordinal_logistic", ids, thresholds=steps)["base_score"] == best
    assert lightgbm.init_score("ordinal_logistic", ids, thresholds=steps).tolist() == [best] * 4
    assert lightgbm.init_score("pairwise_logistic", ids, groups=[0, 0, 1, 1]).tolist() == [0] * 4


def test_starts_are_of_single_precision_as_lightgbm_keeps_labels():
    rng = np.random.default_rng(2)
    target, weight = 10 * rng.normal(size=50), rng.random(50)
    kept = [x.astype(np.float32).astype(np.float64) for x in (target, weight)]
    assert (lightgbm.init_score("huber", target, weight) == lightgbm.init_score("huber", *kept)).all()


def test_weights_of_ordered_classes():
    """A curvature that is a number is multiplied by what a sample weighs."""
    given = {"thresholds": [-1.0, 1.0], "class_weight": [1.0, 2.0, 0.5], "ignore_index": -1}
    objective = lightgbm.objective("ordinal_logistic", curvature=1.0, **given)
    grad, hess = objective(np.array([0.0, 1, 2, -1]), np.zeros(4), np.array([1.0, 1, 3, 1]))
    assert hess.tolist() == [1, 2, 1.5, 0]
    assert grad[3] == 0
