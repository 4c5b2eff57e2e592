"""Costs of data in pieces are those of the whole, and do not depend on the order of the pieces."""

import copy
import itertools
import math
import pickle
import re
import warnings

import numpy as np
import pytest
from cases import ONE_EACH, ROWS, Sum, sample
from hypothesis import given
from hypothesis import strategies as st

import fastloss as fl

SAMPLES, CLASSES = 500, 5
CUTS = [0, 1, 70, 70, 333, SAMPLES]
COSTS = ["mean", "sum", "batch_mean"]


def pieces(*arrays):
    """The arrays in batches of unequal size, one of them empty."""
    for start, stop in itertools.pairwise(CUTS):
        yield tuple(x if x is None else x[start:stop] for x in arrays)


def accumulated(batches, loss, **keywords):
    total = fl.Accumulator(loss, **keywords)
    for batch in batches:
        total.update(*batch)
    return total


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", COSTS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_whole(backend, case, dtype, reduction, weighted, rng):
    data = (*sample(case, rng, SAMPLES, dtype), rng.random(SAMPLES) if weighted else None)
    total = accumulated(pieces(*data), case.loss, reduction=reduction, **case.parameters)
    pred, target, weight = data
    whole = case.loss(pred, target, sample_weight=weight, reduction=reduction, **case.parameters)
    np.testing.assert_allclose(total.compute(), whole, rtol=1e-14)
    assert total.samples == SAMPLES
    assert accumulated([data], case.loss, reduction=reduction, **case.parameters).compute() == whole, "one piece"


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reduction", ["mean", "batch_mean"])
def test_rmse(backend, reduction, weighted, rng):
    data = (rng.random(SAMPLES), rng.random(SAMPLES), rng.random(SAMPLES) if weighted else None)
    whole = fl.rmse(*data[:2], sample_weight=data[2], reduction=reduction)
    np.testing.assert_allclose(accumulated(pieces(*data), "rmse", reduction=reduction).compute(), whole, rtol=1e-14)


@pytest.mark.parametrize("weight", [(1e200, 1.0), (1e-200, 3e-200), (1e30, 2e30)], ids=str)
@pytest.mark.parametrize("loss", ["rmse", "rmsle"])
def test_weights_of_a_root_far_from_1(backend, loss, weight):
    pred, target = np.array([1.0, 3.0]), np.zeros(2)
    whole = getattr(fl, loss)(pred, target, sample_weight=weight)
    np.testing.assert_allclose(accumulated([(pred, target, np.array(weight))], loss).compute(), whole, rtol=1e-14)
    single = [(pred[i : i + 1], target[i : i + 1], np.array(weight[i : i + 1])) for i in range(2)]
    np.testing.assert_allclose(accumulated(single, loss).compute(), whole, rtol=1e-14)
    if loss == "rmse":
        objective = fl.linear.objective(fl.rmse, np.eye(2), target, fit_intercept=False, sample_weight=weight)
        np.testing.assert_allclose(objective(pred)[0], whole, rtol=1e-14)


@pytest.mark.parametrize("reduction", COSTS)
@pytest.mark.parametrize("loss", ROWS.values(), ids=lambda loss: loss.name)
def test_rows(backend, loss, reduction, rng):
    pred = rng.dirichlet(np.ones(CLASSES), SAMPLES)
    target = rng.integers(0, CLASSES, SAMPLES) if loss.ids else rng.dirichlet(np.ones(CLASSES), SAMPLES)
    weight = rng.random(SAMPLES)
    given = {}
    if loss.ids:
        given["ignore_index"] = 2
    if "class_weight" in loss.parameters:
        given["class_weight"] = rng.random(CLASSES)
    total = accumulated(pieces(pred, target, weight), loss, reduction=reduction, **given)
    whole = loss(pred, target, sample_weight=weight, reduction=reduction, **given)
    np.testing.assert_allclose(total.compute(), whole, rtol=1e-14)
    assert total.samples == (np.sum(target != 2) if loss.ids else SAMPLES)


def test_order_and_grouping_do_not_show(rng):
    batches = [(rng.standard_normal(50) * 10.0**k, np.zeros(50), rng.random(50)) for k in range(-30, 30)]
    costs = set()
    for _ in range(10):
        rng.shuffle(batches)
        parts = [accumulated(batches[i::7], fl.mse) for i in range(7)]
        while len(parts) > 1:
            i, j = rng.choice(len(parts), 2, replace=False)
            parts[i].merge(pickle.loads(pickle.dumps(parts[j])))
            del parts[j]
        costs.add(parts[0].compute())
    assert len(costs) == 1


def test_keywords_that_are_none_are_the_same():
    total = fl.Accumulator("sigmoid_focal", alpha=None)
    other = pickle.loads(pickle.dumps(total))
    other.update([0.5], [1.0])
    total.merge(other)
    assert total.compute() == fl.sigmoid_focal([0.5], [1.0])
    with pytest.raises(ValueError, match="cannot be merged"):
        total.merge(fl.Accumulator("sigmoid_focal", alpha=0.5))


@given(st.lists(st.floats()))
def test_sum_is_exact(numbers):
    total = sum(map(Sum.of, numbers), Sum())
    try:
        expected = math.fsum(numbers)
    except ValueError:  # infinity less infinity
        expected = math.nan
    except OverflowError:  # of the exact sum, or of a part of it
        return
    assert float(total) == expected or (math.isnan(float(total)) and math.isnan(expected))


def test_sum_beyond_the_largest_double():
    total = Sum.of(-1.7e308) + Sum.of(-1.7e308)
    assert float(total) == -math.inf
    assert float(total + Sum.of(1.7e308)) == -1.7e308


def test_infinity_and_nan_go_through():
    total = accumulated([([0.5], [1]), ([0.0], [1])], fl.log_loss)
    assert total.compute() == math.inf
    other = fl.Accumulator(fl.log_loss)
    other.merge(total)
    assert other.compute() == math.inf
    total.update([math.nan], [1])
    assert math.isnan(total.compute())


def test_a_batch_that_is_refused_leaves_no_trace():
    total = accumulated([([1.0, 2.0], [1, -1])], "hinge")
    before = total.compute()
    with pytest.raises(ValueError, match=re.escape("target[1] is 0")):
        total.update([1.0, 2.0], [1, 0])
    assert total.compute() == before
    assert total.samples == 2


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda total: pickle.loads(pickle.dumps(total))])
def test_copies_go_their_own_ways(copied):
    total = accumulated([([1.0], [0.0])], "mse")
    other = copied(total)
    other.update([10.0], [0.0])
    assert (total.samples, total.compute(), other.samples, other.compute()) == (1, 1, 2, 50.5)


@pytest.mark.thread_unsafe
def test_nothing():
    assert fl.Accumulator("mae", reduction="sum").compute() == 0
    for batches, reason in (
        ([], "no samples"),
        ([([], [])], "no samples"),
        ([([1.0], [1.0], [0.0])], "weights that sum to 0"),
    ):
        with pytest.warns(RuntimeWarning, match=f"the mean over {reason} is undefined"):
            assert math.isnan(accumulated(batches, "mae").compute())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert accumulated([([1.0], [2.0], [0.0])], "mae", reduction="batch_mean").compute() == 0


def test_defaults_are_parameters():
    total, other = fl.Accumulator(fl.huber), fl.Accumulator("huber", delta=1)
    other.update([3.0], [1.0])
    total.merge(other)
    assert total.compute() == 1.5
    assert repr(other) == "<Accumulator of huber, delta=1: 1 samples>"


@pytest.mark.parametrize(
    ("make", "error", "text"),
    [
        (lambda: fl.Accumulator("hubber"), ValueError, "there is no loss 'hubber'; did you mean 'huber'?"),
        (lambda: fl.Accumulator("?"), ValueError, "there is no loss '?'; mse, l2, rmse"),
        (lambda: fl.Accumulator("mae", reduction="none"), ValueError, "reduction is 'none'"),
        (lambda: fl.Accumulator("rmse", reduction="sum"), ValueError, "rmse is the root of a mean"),
        (lambda: fl.Accumulator("huber", delta=-1.0), ValueError, "delta is -1.0"),
        (lambda: fl.Accumulator("huber", dleta=1.0), TypeError, "unexpected keyword argument 'dleta'"),
        *(
            (lambda other=other: fl.Accumulator("huber").merge(other), ValueError, "cannot be merged")
            for other in (
                fl.Accumulator("mae"),
                fl.Accumulator("huber", delta=2.0),
                fl.Accumulator("huber", reduction="sum"),
            )
        ),
    ],
)
def test_what_is_refused(make, error, text):
    with pytest.raises(error, match=re.escape(text)):
        make()


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "ordinal_logistic"])
@pytest.mark.parametrize(("weight", "size"), [(1e-200, 1e-200), (1e150, 1e200), (5e-324, 1.0)])
def test_products_of_weights_beyond_the_range(backend, loss, weight, size, rng):
    """A mean depends on their ratios alone, also where none of the products is a double."""
    pred, ids = rng.standard_normal((8, 2)), np.arange(8) % 2
    pred = pred if loss == "softmax_cross_entropy" else pred[:, 0]
    far, near = (fl.Accumulator(loss, class_weight=k * np.array([1.0, 2.0])) for k in (size, 1.0))
    for part in (slice(3), slice(3, 8)):
        far.update(pred[part], ids[part], np.full(len(ids[part]), weight))
        near.update(pred[part], ids[part])
    assert far.compute() == pytest.approx(near.compute(), rel=1e-14)


def test_what_it_was_made_of_is_shown():
    classes = np.array([1.0, 2.0])
    total = fl.Accumulator("brier", reduction="batch_mean", class_weight=classes)
    shown = repr(total)
    assert shown == "<Accumulator of brier, class_weight=array([1., 2.]), reduction='batch_mean': 0 samples>"
    classes *= 10
    assert repr(total) == shown
