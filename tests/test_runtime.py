"""What runs a loss: backends, threads, processes, memory."""

import itertools
import os
import subprocess
import sys
import warnings

import numpy as np
import pytest
from cases import COMPILED, LEVELS, ONE_EACH, THREADED, known_to, named, quota, sample

import fastloss as fl
from fastloss._core import backend as kernels

# ---- backends --------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not os.environ.get("CI"), reason="a user may have no compiler; CI must")
def test_compiled_kernels_are_there():
    assert COMPILED
    assert fl.show_config(mode="dicts")["backend"] == COMPILED[0]


def test_show_config(backend, capsys):
    config = fl.show_config(mode="dicts")
    assert list(config) == ["version", "backend", "backends_available", "compiler", "openmp", "num_threads"]
    assert config["backend"] == backend
    assert config["backends_available"][-1] == "numpy"
    assert fl.show_config() is None
    printed = capsys.readouterr().out
    assert backend in printed
    assert fl.__version__ in printed
    assert printed.splitlines()[-1] == f"threads: {config['num_threads']}" + ", own pool" * (backend != "numpy")
    with pytest.raises(ValueError, match="mode is 'json'; it must be 'stdout' or 'dicts'"):
        fl.show_config(mode="json")


def test_every_backend_knows_every_loss():
    for name in LEVELS:
        assert known_to(name) == known_to("numpy"), name


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16], ids=named)
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_same_bits_for_any_number_of_threads(compiled, threads, case, dtype, rng):
    pred, target = sample(case, rng, 300_001, dtype)
    weight = rng.random(300_001)
    results = []
    for n in (1, 2, 3, 7):
        threads(n)
        cost, grad = case.loss.value_and_grad(pred, target, sample_weight=weight, **case.parameters)
        strided = case.loss(np.repeat(pred, 2)[::2], target, **case.parameters)
        results.append((cost, case.loss(pred, target, **case.parameters), strided, grad.tobytes()))
    assert all(r == results[0] for r in results)


@pytest.mark.thread_unsafe
def test_number_of_threads(threads):
    threads(3)
    assert fl.get_num_threads() == (3 if THREADED else 1)
    for bad, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError), (True, TypeError)):
        with pytest.raises(error, match="n "):
            fl.set_num_threads(bad)


def test_threads_by_quota(tmp_path):
    assert quota(tmp_path) > 1000
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("250000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert quota(tmp_path) == 3
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert quota(tmp_path) > 1000
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert quota(tmp_path) > 1000
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert quota(tmp_path) == 2


@pytest.mark.thread_unsafe
@pytest.mark.skipif(not THREADED, reason="NumPy's kernels run on one thread")
def test_limits_end(compiled, threads):
    """A limit that others set holds until they take it back, whatever number is chosen meanwhile."""
    threadpoolctl = pytest.importorskip("threadpoolctl", "3.2")
    threads(2)
    with threadpoolctl.threadpool_limits(1):
        assert fl.get_num_threads() == 1
        threads(8)
        assert fl.get_num_threads() == 1
    assert fl.get_num_threads() == 8


@pytest.mark.thread_unsafe
@pytest.mark.skipif(not THREADED, reason="NumPy's kernels run on one thread")
def test_limits_within_limits(compiled, threads):
    """Each ends when it is taken back, above or below the one around it and the number in use."""
    limits = pytest.importorskip("threadpoolctl", "3.2").threadpool_limits
    threads(2)
    with limits(4):
        with limits(1):
            assert fl.get_num_threads() == 1
        assert fl.get_num_threads() == 2
    threads(8)
    assert fl.get_num_threads() == 8
    threads(2)
    with limits(1):
        threads(6)
        with limits(3):
            assert fl.get_num_threads() == 3
        assert fl.get_num_threads() == 1
        with limits(1), limits(1), limits(5):
            assert fl.get_num_threads() == 5
        assert fl.get_num_threads() == 1
    assert fl.get_num_threads() == 6
    threads(4)
    with limits(4), limits(4), limits(2):
        assert fl.get_num_threads() == 2
    threads(9)
    assert fl.get_num_threads() == 9
    one, other = limits(3), limits(1)
    one.restore_original_limits()  # in the wrong order, which leaves other libraries with the 3
    assert fl.get_num_threads() == 9
    other.restore_original_limits()
    assert fl.get_num_threads() == 3
    limits(9)
    threads(7)
    assert fl.get_num_threads() == 7


@pytest.mark.thread_unsafe
@pytest.mark.skipif(not THREADED, reason="NumPy's kernels run on one thread")
def test_a_limit_in_force_at_import_holds_until_it_ends(compiled):
    """Whatever libraries it was set for; one that has ended does not hold."""
    pytest.importorskip("threadpoolctl", "3.2")
    code = """if True:
        import threadpoolctl
        import numpy
        over = threadpoolctl.threadpool_limits(1)
        over.restore_original_limits()
        with threadpoolctl.threadpool_limits(2), threadpoolctl.threadpool_limits({limit}):
            import fastloss as fl
            print(fl.get_num_threads())
            threadpoolctl.threadpool_limits(1).restore_original_limits()
            print(fl.get_num_threads())
        print(fl.get_num_threads())
    """
    for limit in (1, 3):
        environment = os.environ | {"FASTLOSS_NUM_THREADS": "7", "OPENBLAS_NUM_THREADS": "7"}
        command = [sys.executable, "-c", code.format(limit=limit)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == [str(limit), str(limit), "7"]


# ---- memory ----------------------------------------------------------------------------------------------------------


@pytest.mark.thread_unsafe
def test_no_warning_is_left_open(backend):
    """A gradient that overflows in the conversion to float16 gives infinity quietly, as the compiled kernels do."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        big = np.full(3, 60000, np.float16)
        assert np.isinf(fl.mse(big, -big, reduction="none")).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [100, 1024, 5000, 100_000])
def test_the_same_bits_wherever_the_arrays_begin(backend, size, dtype):
    rng = np.random.default_rng(size)
    given = rng.standard_normal((3, size)).astype(dtype)
    given[2] = np.abs(given[2])
    results = set()
    for shift in range(0, 17, 3):
        arrays = [np.empty(size + 17, dtype)[shift * k % 17 :][:size] for k in (1, 2, 3)]
        for array, numbers in zip(arrays, given, strict=True):
            array[:] = numbers
        pred, target, weight = arrays
        cost, gradient = fl.huber.value_and_grad(pred, target, sample_weight=weight)
        results.add((cost, fl.huber(pred, target), gradient.tobytes()))
    assert len(results) == 1


# ---- the loops that the benchmark measures memory by -----------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 1000, 1024, 70_001])
def test_reading_two_arrays_and_writing_a_third(backend, size, rng):
    a, b = rng.integers(-(2**63), 2**63, (2, size))
    loops = kernels.loops()
    for streaming, threads, start in itertools.product((False, True), (1, 2), (0, 3)):
        place = np.zeros(size + 4, np.int64)
        loops.write(a, b, place[start : start + size], threads, streaming)
        np.testing.assert_array_equal(place[start : start + size], a ^ b)
        assert not place[:start].any()
        assert not place[start + size :].any()
    if size:
        loops.read(a, b, 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_reading_one_number_a_row_and_writing_zeros(backend, dtype, rng):
    pred = rng.random((5001, 7)).astype(dtype)
    ids = np.arange(5001) % 7
    loops = kernels.loops()
    for streaming, threads in itertools.product((False, True), (1, 2)):
        out = np.ones(pred.nbytes // 8, np.int64)
        loops.pick(pred.view(np.int8), ids, pred.itemsize, out, threads, streaming)
        assert not out.any()
    loops.pick(pred.view(np.int8), ids, pred.itemsize, None, 1, False)
