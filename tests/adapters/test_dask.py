"""Blocks of Dask against accumulators, the losses themselves, and linear models in one piece."""

import doctest
import os
import pickle
import signal
import sys
import threading
import time
import weakref

import numpy as np
import pytest
from peers import needed

import fastloss as fl
from fastloss._core.families import Alignment, Structured, TwoOutputs
from fastloss._core.inputs import Normal
from fastloss._core.registry import REGISTRY

dask = needed("dask")
import dask.array as da

from fastloss.adapters import dask as adapter

N, FEATURES = 600, 4
CHUNKS = (200, 70, 0, 230, 100)
SCHEDULERS = ["synchronous", "threads", "processes"]
SUMMABLE = [loss for loss in REGISTRY.values() if not isinstance(loss, (Structured, Alignment))]
each_loss = pytest.mark.parametrize("loss", SUMMABLE, ids=lambda loss: loss.name)


@pytest.fixture(autouse=True)
def few_threads():
    with dask.config.set(scheduler="synchronous"):
        yield


def drawn(loss, weighted=True, size=N):
    """Inputs of a loss with as many samples; the weight of one of them is 0."""
    wide = 2 if isinstance(loss, TwoOutputs) else 4 if "axis" in loss.parameters else 1
    pred, target = loss.inputs.draw(Normal(np.dtype(np.float64), 7), size * wide, 4)
    weight = np.random.default_rng(7).random(size)
    weight[3] = 0
    return (pred, target, weight) if weighted else (pred, target)


def in_blocks(*arrays, chunks=CHUNKS):
    """Arrays that are cut along their first axis."""
    return [da.from_array(x, chunks=(chunks, *x.shape[1:])) for x in arrays]


def pieces(*arrays, chunks=CHUNKS):
    """The same pieces as NumPy has them."""
    return zip(*(np.split(x, np.cumsum(chunks)[:-1]) for x in arrays), strict=True)


def accumulated(loss, *arrays, chunks=CHUNKS, **options):
    total = fl.Accumulator(loss, **options)
    for block in pieces(*arrays, chunks=chunks):
        total.update(*block)
    return total.compute()


def unknown(array):
    """The same array, whose blocks have lengths that nobody knows."""
    known = array.copy()
    known._chunks = (tuple(np.nan for _ in array.chunks[0]), *array.chunks[1:])
    return known


# ---- costs and losses ------------------------------------------------------------------------------------------------


@each_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_cost_is_that_of_an_accumulator(loss, weighted):
    arrays = drawn(loss, weighted)
    for reduction in sorted({"sum", "mean", "batch_mean"}.intersection(loss.reductions)):
        found = adapter.cost(loss.name, *in_blocks(*arrays), reduction=reduction)
        assert type(found) is float
        assert found == accumulated(loss, *arrays, reduction=reduction)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_cost_of_schedulers(scheduler):
    arrays = drawn(fl.huber)
    with dask.config.set(scheduler=scheduler):
        found = adapter.cost(fl.huber, *in_blocks(*arrays), delta=0.5)
    assert found == accumulated("huber", *arrays, delta=0.5)


@each_loss
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_losses(loss, dtype):
    pred, target, weight = drawn(loss)
    lazy = in_blocks(pred.astype(dtype), target, weight)
    if loss.cost_only:
        with pytest.raises(ValueError, match=f"{loss.name} is the root of a mean; reduction='none' has no meaning"):
            adapter.losses(loss, *lazy)
        return
    found = adapter.losses(loss, *lazy)
    assert found.chunks == lazy[2].chunks
    assert found.dtype == dtype
    expected = loss(pred.astype(dtype), target, sample_weight=weight, reduction="none")
    np.testing.assert_array_equal(found.compute(), expected)
    assert found.compute().dtype == dtype


def test_blocks_on_every_axis_of_numbers():
    pred, target = np.random.default_rng(0).random((2, 12, 6))
    lazy = [da.from_array(x, chunks=(5, 4)) for x in (pred, target)]
    weight = np.random.default_rng(1).random((12, 1))
    total = fl.Accumulator("mae")
    for rows in (slice(0, 5), slice(5, 10), slice(10, 12)):
        for columns in (slice(0, 4), slice(4, 6)):
            total.update(pred[rows, columns], target[rows, columns], weight[rows])
    assert adapter.cost("mae", *lazy, weight) == total.compute()
    found = adapter.losses("mae", *lazy, da.from_array(weight, chunks=(4, 1)))
    assert found.chunks == lazy[0].chunks
    np.testing.assert_array_equal(found.compute(), fl.mae(pred, target, sample_weight=weight, reduction="none"))
    row = np.random.default_rng(1).random((1, 6))
    np.testing.assert_allclose(adapter.cost("mae", *lazy, row), fl.mae(pred, target, sample_weight=row), rtol=1e-14)


def test_axes_that_belong_together_are_not_cut():
    rng = np.random.default_rng(0)
    pred, ids = rng.standard_normal((6, 3, 5)), rng.integers(0, 3, (6, 5))
    lazy = da.from_array(pred, chunks=(2, 2, 5)), da.from_array(ids, chunks=(3, 2))
    found = adapter.losses("softmax_cross_entropy", *lazy, axis=1)
    assert found.chunks == ((2, 2, 2), (5,))
    np.testing.assert_array_equal(found.compute(), fl.softmax_cross_entropy(pred, ids, axis=1, reduction="none"))


def test_classes_on_the_first_axis(rng):
    pred, ids, weight = rng.standard_normal((4, 20)), rng.integers(0, 4, 20), rng.random(20)
    rows = rng.dirichlet(np.ones(4), 20).T
    cut = [da.from_array(x, chunks=chunks) for x, chunks in ((pred, (2, 6)), (ids, 5), (weight, 4), (rows, 3))]
    for target, lazy in ((ids, cut[1]), (rows, cut[3]), (ids, ids)):
        expected = fl.softmax_cross_entropy(pred, target, sample_weight=weight, axis=0)
        found = adapter.cost("softmax_cross_entropy", cut[0], lazy, cut[2], axis=0)
        assert found == pytest.approx(expected, rel=1e-14)
    there = da.from_array(pred[0] > 0, chunks=6)
    unknown = cut[0][:, there], cut[1].rechunk(6)[there]
    expected = fl.softmax_cross_entropy(pred[:, pred[0] > 0], ids[pred[0] > 0], axis=0)
    assert adapter.cost("softmax_cross_entropy", *unknown, axis=0) == pytest.approx(expected, rel=1e-14)
    with pytest.raises(ValueError, match=r"^pred has \d+ samples but target has \d+; they must be equal$"):
        adapter.cost("softmax_cross_entropy", unknown[0], cut[1].rechunk(6)[~there], axis=0)
    one = da.from_array(pred[:, 0], chunks=2), da.from_array(ids[0], chunks=())
    assert adapter.cost("softmax_cross_entropy", *one) == fl.softmax_cross_entropy(pred[:, 0], ids[0])


def test_classes_of_samples_without_a_weight(rng):
    ids = da.from_array(np.array([0, 1, 99, 1]), chunks=2)
    weight = da.from_array(np.array([1.0, 1, 0, 1]), chunks=2)
    X = da.from_array(rng.random((4, 2)), chunks=2)
    assert adapter.objective("softmax_cross_entropy", X, ids, sample_weight=weight).shape == (2, 2)
    numbers, levels = rng.random((2, 8, 3)), [0.1, 0.5, 0.9]
    lazy = [da.from_array(x, chunks=(3, 2)) for x in numbers]
    np.testing.assert_allclose(
        adapter.cost("quantile", *lazy, alpha=levels), fl.quantile(*numbers, alpha=levels), rtol=1e-14
    )


def test_arrays_that_are_not_lazy_are_cut_alike():
    pred, target, weight = drawn(fl.mse)
    lazy = in_blocks(pred)[0]
    expected = accumulated("mse", pred, target, weight)
    assert adapter.cost("mse", lazy, target, weight) == expected
    assert adapter.cost("mse", pred, in_blocks(target)[0], weight) == expected
    assert adapter.cost("mse", lazy, da.from_array(target, chunks=7), weight.tolist()) == expected
    assert adapter.cost("mse", pred, target, weight) == fl.mse(pred, target, sample_weight=weight)
    X, ids = np.random.default_rng(0).random((6, 3)), da.from_array(np.arange(6) % 3, chunks=2)
    expected = accumulated("softmax_brier", X, np.arange(6) % 3, chunks=(2, 2, 2))
    assert adapter.cost("softmax_brier", X, ids) == expected
    assert adapter.cost("mse", da.from_array(np.array(3.0)), np.array(1.0)) == 4.0


def test_unknown_lengths_and_empty_blocks():
    pred, target, weight = drawn(fl.huber)
    lazy = [unknown(x) for x in in_blocks(pred, target, weight)]
    assert adapter.cost("huber", *lazy) == accumulated("huber", pred, target, weight)
    found = adapter.losses("huber", *lazy)
    assert np.isnan(found.shape[0])
    np.testing.assert_array_equal(found.compute(), fl.huber(pred, target, sample_weight=weight, reduction="none"))
    some = pred > 1.5
    chosen = [x[in_blocks(some)[0]] for x in in_blocks(pred, target)]
    np.testing.assert_allclose(adapter.cost("huber", *chosen), fl.huber(pred[some], target[some]), rtol=1e-14)
    known = in_blocks(target)[0]
    assert adapter.cost("huber", lazy[0], known) == accumulated("huber", pred, target)


def test_nothing():
    with pytest.warns(RuntimeWarning, match="no samples"):
        assert np.isnan(adapter.cost("mse", da.zeros(0), da.zeros(0)))
    assert adapter.cost("mse", da.zeros(0), da.zeros(0), reduction="sum") == 0.0


def test_weights_of_any_size():
    pred, target, weight = drawn(fl.mse)
    for unit in (1e-300, 1e300):
        lazy = in_blocks(pred, target, unit * weight)
        np.testing.assert_allclose(adapter.cost("mse", *lazy), fl.mse(pred, target, sample_weight=weight), rtol=1e-14)


@pytest.mark.parametrize("seed", range(3))
def test_blocks_that_come_in_any_order(seed):
    """Sums are those of blocks in their places, whichever is ready first."""
    arrays = drawn(fl.huber)
    X = np.random.default_rng(3).random((N, FEATURES))
    late = np.random.default_rng(seed).permutation(len(CHUNKS)) * 0.01

    def slow(array):
        def piece(block, seconds):
            time.sleep(seconds)
            return block

        pieces = np.split(array, np.cumsum(CHUNKS)[:-1])
        return da.concatenate(
            [
                da.from_delayed(dask.delayed(piece)(block, seconds), block.shape, block.dtype)
                for block, seconds in zip(pieces, late, strict=True)
            ]
        )

    w = np.arange(5.0)
    expected = adapter.objective("huber", *in_blocks(X, arrays[1]))(w)
    with dask.config.set(scheduler="threads", num_workers=5):
        assert adapter.cost("huber", *map(slow, arrays)) == accumulated("huber", *arrays)
        found = adapter.objective("huber", slow(X), slow(arrays[1]))(w)
    assert found[0] == expected[0]
    np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("chunks", [(600,), (1,) * 600, (1, 598, 1), (100,) * 6])
def test_other_blocks(chunks):
    arrays = drawn(fl.huber)
    X, w = np.random.default_rng(3).random((N, FEATURES)), np.arange(5.0)
    found = adapter.cost("huber", *in_blocks(*arrays, chunks=chunks))
    assert found == accumulated("huber", *arrays, chunks=chunks)
    assert found == pytest.approx(fl.huber(arrays[0], arrays[1], sample_weight=arrays[2]), rel=1e-15)
    local = fl.linear.objective(fl.huber, X, arrays[1])
    if len(chunks) < 100:
        found = adapter.objective("huber", *in_blocks(X, arrays[1], chunks=chunks))(w)
        np.testing.assert_allclose(found[0], local(w)[0], rtol=1e-14)
        np.testing.assert_allclose(found[1], local(w)[1], rtol=1e-13)


def test_two_pairs_of_blocks_in_memory():
    """However many there are."""
    alive, most, lock = weakref.WeakValueDictionary(), [0], threading.Lock()

    def load(i):
        block = np.full(1000, float(i))
        with lock:
            alive[id(block)] = block
            most[0] = max(most[0], len(alive))
        return block

    def array():
        return da.concatenate([da.from_delayed(dask.delayed(load)(i), (1000,), float) for i in range(40)])

    with dask.config.set(scheduler="threads", num_workers=2):
        assert adapter.cost("mse", array(), array()) == 0.0
    assert 0 < most[0] <= 4


# ---- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [adapter.cost, adapter.losses])
def test_lengths_that_differ(call):
    with pytest.raises(ValueError, match=r"pred has shape \(600,\) but target has shape \(599,\)"):
        call("mse", da.zeros(600, chunks=100), da.zeros(599, chunks=100))
    with pytest.raises(ValueError, match=r"pred has shape \(600,\) but target has shape \(600, 1\)"):
        call("mse", da.zeros(600, chunks=100), da.zeros((600, 1), chunks=100))
    with pytest.raises(ValueError, match=r"sample_weight has shape \(599,\)"):
        call("mse", da.zeros(600, chunks=100), da.zeros(600, chunks=100), da.zeros(599, chunks=100))
    with pytest.raises(
        ValueError, match="target has 2 blocks where there are 3, of unknown lengths: compute_chunk_sizes"
    ):
        call("mse", unknown(da.zeros(6, chunks=2)), da.zeros(6, chunks=3))
    with pytest.raises(ValueError, match="target is in one piece"):
        call("mse", unknown(da.zeros(6, chunks=2)), np.zeros(6))


def test_lengths_that_differ_unknown_to_begin_with():
    pred, target = (unknown(da.zeros(n, chunks=100)) for n in (600, 599))
    with pytest.raises(ValueError, match=r"^pred has 600 samples but target has 599; they must be equal$"):
        adapter.cost("mse", pred, target)
    with pytest.raises(ValueError, match=r"^X has 600 samples but target has 599; they must be equal$"):
        adapter.objective("mse", pred[:, None], target)
    other = unknown(da.zeros(600, chunks=((100, 99, 101, 100, 100, 100),)))
    with pytest.raises(ValueError, match=r"^pred has 100 samples but target has 99 in block 1; they must be equal$"):
        adapter.cost("mse", pred, other)


@pytest.mark.parametrize("call", [adapter.cost, adapter.losses, adapter.objective])
def test_arguments_that_are_refused(call):
    X, y = (da.zeros((6, 1), chunks=2) if call is adapter.objective else da.zeros(6, chunks=2)), da.zeros(6, chunks=2)
    with pytest.raises(ValueError, match="did you mean 'huber'"):
        call("hubr", X, y)
    with pytest.raises(TypeError, match="mse has no keyword 'delta'"):
        call("mse", X, y, delta=1.0)
    with pytest.raises(ValueError, match="delta is -1"):
        call("huber", X, y, delta=-1.0)
    with pytest.raises(ValueError, match="cox is a cost of the whole batch"):
        call("cox", X, y)
    with pytest.raises(TypeError, match="target has dtype complex128"):
        call("mse", X, da.zeros(6, dtype=complex, chunks=2))
    with pytest.raises(TypeError, match="target is a masked array"):
        call("mse", X, np.ma.array(np.zeros(6)))
    with pytest.raises(ValueError, match=r"target\[1\] is 7"):
        np.asarray(call("hinge", X, da.from_array(np.array([1.0, 1, 1, 7, 1, 1]), chunks=2)))


def test_reductions_that_are_refused():
    for reduction in ("none", "average"):
        with pytest.raises(ValueError, match=f"reduction is '{reduction}'"):
            adapter.cost("mse", da.zeros(6), da.zeros(6), reduction=reduction)
    with pytest.raises(ValueError, match="reduction='sum' has no meaning"):
        adapter.cost("rmse", da.zeros(6), da.zeros(6), reduction="sum")


def test_the_losses_themselves_name_the_module():
    with pytest.raises(TypeError, match=r"pred is a lazy Dask array.*fastloss\.adapters\.dask"):
        fl.mse(da.zeros(6), np.zeros(6))


# ---- linear models ---------------------------------------------------------------------------------------------------


@each_loss
@pytest.mark.parametrize("weighted", [False, True])
def test_objective(loss, weighted):
    rng = np.random.default_rng(3)
    _, target, weight = drawn(loss)
    given = {"l2": 0.25, "sample_weight": weight if weighted else None}
    X = rng.random((N, FEATURES))
    local = fl.linear.objective(loss, X, target, **given)
    found = adapter.objective(loss.name, *in_blocks(X, target), **given)
    assert repr(found) == repr(local)
    assert (found.size, found.shape, found.dtype) == (local.size, local.shape, local.dtype)
    w, v = rng.uniform(0.05, 0.2, (2, local.size))
    cost, gradient = found(w)
    assert type(cost) is float
    np.testing.assert_allclose(cost, local(w)[0], rtol=1e-13)
    np.testing.assert_allclose(gradient, local(w)[1], rtol=1e-12, atol=1e-13)
    for ours, theirs in zip(found.sums(w), local.sums(w), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12, atol=1e-11)
    np.testing.assert_allclose(found.hessp(w, v), local.hessp(w, v), rtol=1e-11, atol=1e-12)


def test_one_block_has_the_bits_of_the_core():
    rng = np.random.default_rng(3)
    X, target, weight = rng.random((N, FEATURES)), rng.integers(0, 3, N), 1e-80 * rng.random(N)
    given = {"l2": 0.25, "sample_weight": weight, "label_smoothing": 0.1, "class_weight": [1.0, 2.0, 3.0]}
    local = fl.linear.objective(fl.softmax_cross_entropy, X, target, **given)
    found = adapter.objective("softmax_cross_entropy", *in_blocks(X, target, chunks=(N,)), **given)
    w = rng.random(local.size)
    assert found(w)[0] == local(w)[0]
    np.testing.assert_array_equal(found(w)[1], local(w)[1])


@pytest.mark.parametrize("name", ["mse", "softmax_cross_entropy"])
def test_blocks_of_no_weight_and_of_other_units(name):
    rng = np.random.default_rng(3)
    X, target = rng.random((N, FEATURES)), rng.integers(0, 3, N)
    weight = np.repeat([0.0, 1e-200, 5.0, 1e150, 1e200], CHUNKS) * rng.random(N)
    local = fl.linear.objective(getattr(fl, name), X, target, sample_weight=weight)
    found = adapter.objective(name, *in_blocks(X, target), sample_weight=weight)
    w = rng.random(local.size)
    np.testing.assert_allclose(found(w)[0], local(w)[0], rtol=1e-13)
    np.testing.assert_allclose(found(w)[1], local(w)[1], rtol=1e-12, atol=1e-13)
    with pytest.raises(ValueError, match="sample_weight sums to 0"):
        adapter.objective(name, *in_blocks(X, target), sample_weight=0 * weight)


def test_what_a_part_holds():
    """Rows in order, and a size that Dask can know."""
    X = np.asfortranarray(np.ones((100, 3), np.float32))
    found = adapter.objective("mse", da.from_array(X, chunks=(50, 3)), np.zeros(100))
    for part in dask.compute(*found._of_blocks):
        assert part._X.flags.c_contiguous
        assert sys.getsizeof(part) >= 50 * 3 * 4 + 50 * 8
    with pytest.raises(TypeError, match="X is a masked array"):
        adapter.objective("mse", da.ma.masked_equal(da.from_array(X, chunks=50), 1.0), np.zeros(100))


def test_nothing_to_fit():
    with pytest.raises(ValueError, match="the mean over no samples is undefined"):
        adapter.objective("mse", da.zeros((0, 2)), da.zeros(0))
    with pytest.raises(ValueError, match="the mean over no samples is undefined"):
        adapter.objective("softmax_cross_entropy", da.zeros((4, 2)), da.ones(4, dtype=int), ignore_index=1)


def test_classes():
    """A block need not have the last of them."""
    X, ids = np.ones((6, 1)), np.array([0, 0, 1, 1, 2, 5])
    lazy = in_blocks(X, ids, chunks=(2, 2, 2))
    loss = "softmax_cross_entropy"
    assert adapter.objective(loss, *lazy).shape == (1, 6)
    assert adapter.objective(loss, *lazy, classes=9).shape == (1, 9)
    assert adapter.objective(loss, *lazy, ignore_index=5).shape == (1, 3)
    assert adapter.objective(loss, *lazy, class_weight=np.ones(7)).shape == (1, 7)
    with pytest.raises(ValueError, match=r"target\[1\] is 5; class ids must be in \[0, 3\)"):
        adapter.objective(loss, *lazy, classes=3)
    with pytest.raises(TypeError, match="classes must be an integer"):
        adapter.objective(loss, *lazy, classes=3.0)


def test_objectives_that_are_refused():
    X, y = da.zeros((600, 2), chunks=100), da.zeros(600, chunks=100)
    with pytest.raises(ValueError, match="X has 600 samples but target has 599; they must be equal"):
        adapter.objective("mse", X, y[:599])
    with pytest.raises(ValueError, match="X has 600 samples but sample_weight has 599; they must be equal"):
        adapter.objective("mse", X, y, sample_weight=np.ones(599))
    with pytest.raises(ValueError, match=r"X has shape \(600,\); it must be \(samples, features\)"):
        adapter.objective("mse", y, y)
    with pytest.raises(ValueError, match="l2 is -1"):
        adapter.objective("mse", X, y, l2=-1.0)
    with pytest.raises(TypeError, match="axis is given"):
        adapter.objective("softmax_cross_entropy", X, y.astype(int), axis=0)
    with pytest.raises(ValueError, match=r"w has shape \(2,\); it must be \(3,\)"):
        adapter.objective("mse", X, y)([0.0, 0.0])


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_objective_of_schedulers_and_pickled(scheduler):
    X, target = np.random.default_rng(3).random((N, FEATURES)), np.random.default_rng(4).random(N)
    one = adapter.objective("log_cosh", *in_blocks(X, target))
    w = np.arange(5.0)
    with dask.config.set(scheduler=scheduler):
        found = adapter.objective("log_cosh", *in_blocks(X, target))
        cost, gradient = pickle.loads(pickle.dumps(found))(w)
    assert cost == one(w)[0]
    np.testing.assert_array_equal(gradient, one(w)[1])


def test_objective_of_columns_in_blocks_of_unknown_lengths():
    X, target = np.random.default_rng(3).random((N, FEATURES)), np.random.default_rng(4).random(N)
    columns = da.from_array(X, chunks=(CHUNKS, 3))
    w = np.arange(5.0)
    expected = adapter.objective("mse", *in_blocks(X, target))(w)
    for lazy in ((columns, target), (unknown(columns), unknown(in_blocks(target)[0]))):
        found = adapter.objective("mse", *lazy)(w)
        assert found[0] == expected[0]
        np.testing.assert_array_equal(found[1], expected[1])


# ---- data frames -----------------------------------------------------------------------------------------------------


@pytest.fixture
def frame():
    pd, dd = needed("pandas"), needed("dask.dataframe")
    rng = np.random.default_rng(5)
    numbers = pd.DataFrame(rng.random((N, 5)), columns=[*"abc", "target", "weight"])
    numbers["id"] = rng.integers(0, 3, N)
    return numbers, dd.from_pandas(numbers, npartitions=4)


def test_columns_of_a_frame(frame):
    whole, parts = frame
    cuts = [len(parts.partitions[i]) for i in range(4)]
    columns = [whole[name].to_numpy() for name in ("a", "target", "weight")]
    expected = accumulated("mse", *columns, chunks=cuts)
    assert adapter.cost("mse", parts.a, parts.target, parts.weight) == expected
    assert adapter.cost("mse", parts.a.to_dask_array(lengths=True), parts.target, parts.weight.values) == expected
    np.testing.assert_array_equal(
        adapter.losses("mse", parts.a, parts.target).compute(), fl.mse(whole.a, whole.target, reduction="none")
    )
    some = parts[parts.a > 0.99]  # an empty partition among them
    of_some = whole[whole.a > 0.99]
    assert min(map(len, (some.partitions[i] for i in range(4)))) < 2
    np.testing.assert_allclose(adapter.cost("mse", some.a, some.target), fl.mse(of_some.a, of_some.target), rtol=1e-14)


def test_objective_of_a_frame(frame):
    whole, parts = frame
    X = whole[[*"abc"]].to_numpy()
    local = fl.linear.objective(fl.softmax_cross_entropy, X, whole.id, sample_weight=whole.weight, l2=0.1)
    found = adapter.objective("softmax_cross_entropy", parts[[*"abc"]], parts.id, sample_weight=parts.weight, l2=0.1)
    w = np.linspace(-1, 1, local.size)
    np.testing.assert_allclose(found(w)[0], local(w)[0], rtol=1e-14)
    np.testing.assert_allclose(found(w)[1], local(w)[1], rtol=1e-13, atol=1e-15)


def test_columns_of_files(frame, tmp_path):
    """Wide and narrow ones, which Dask would cut differently."""
    dd = needed("dask.dataframe")
    needed("pyarrow")
    whole, _ = frame
    for i in range(20):
        whole[30 * i : 30 * i + 30].astype({"id": "int8"}).to_parquet(tmp_path / f"{i:02d}.parquet")
    stored = dd.read_parquet(tmp_path)
    assert len({stored[columns].to_dask_array().npartitions for columns in (["a"], ["id"], [*"abc"])}) > 1
    X, w = whole[[*"abc"]], np.linspace(-1, 1, 12)
    np.testing.assert_allclose(adapter.cost("mse", stored.a, stored.id), fl.mse(whole.a, whole.id), rtol=1e-14)
    found = adapter.objective("softmax_cross_entropy", stored[[*"abc"]], stored.id, sample_weight=stored.weight)
    local = fl.linear.objective(fl.softmax_cross_entropy, X, whole.id, sample_weight=whole.weight)
    np.testing.assert_allclose(found(w)[0], local(w)[0], rtol=1e-14)
    np.testing.assert_allclose(found(w)[1], local(w)[1], rtol=1e-13, atol=1e-15)


# ---- other processes -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    distributed = needed("distributed")
    settings = {"distributed.scheduler.allowed-failures": 10, "distributed.comm.timeouts.connect": "60s"}
    with (
        dask.config.set(settings),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, memory_limit=0) as started,
    ):
        yield started


@pytest.fixture
def client(cluster):
    distributed = needed("distributed")
    with dask.config.set(scheduler=None), distributed.Client(cluster) as started:
        started.wait_for_workers(2)
        yield started


@pytest.mark.thread_unsafe
def test_workers(client):
    arrays = drawn(fl.mse)
    assert adapter.cost("mse", *in_blocks(*arrays)) == accumulated("mse", *arrays)
    X = np.random.default_rng(3).random((N, FEATURES))
    found = adapter.objective("mse", *in_blocks(X, arrays[1]))
    w = np.arange(5.0)
    with dask.config.set(scheduler="synchronous"):
        expected = adapter.objective("mse", *in_blocks(X, arrays[1]))(w)
    for again in (found, pickle.loads(pickle.dumps(found))):
        assert again(w)[0] == expected[0]
        np.testing.assert_array_equal(again(w)[1], expected[1])


@pytest.mark.thread_unsafe
def test_a_worker_that_dies_changes_nothing(client):
    minimize = needed("scipy.optimize").minimize
    rng = np.random.default_rng(3)
    X, target = rng.random((N, FEATURES)), rng.choice([0.0, 1.0], N)
    with dask.config.set(scheduler="synchronous"):
        lazy = in_blocks(X, target)
        expected = minimize(adapter.objective("sigmoid_cross_entropy", *lazy, l2=0.01), np.zeros(5), jac=True)
    objective = adapter.objective("sigmoid_cross_entropy", *in_blocks(X, target), l2=0.01)
    killed = []

    def with_an_accident(w):
        if len(killed) < 2:
            first = min(client.run(os.getpid).values())
            os.kill(first, signal.SIGKILL)
            killed.append(first)
        return objective(w)

    found = minimize(with_an_accident, np.zeros(5), jac=True)
    assert len(killed) == 2
    assert found.nfev == expected.nfev
    np.testing.assert_array_equal(found.x, expected.x)


# ---- the module itself -----------------------------------------------------------------------------------------------


def test_examples():
    for module in (adapter,):
        found = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
        assert found.attempted > 0
        assert found.failed == 0
