"""What runs a loss: backends, threads, processes, memory."""

import json
import multiprocessing
import os
import subprocess
import sys
import threading
import warnings

import numpy as np
import pytest
from cases import ONE_EACH, sample

import fastloss as fl
from fastloss._core import backend as _backend
from fastloss._core import threads as _threads

COMPILED = [name for name in _backend.available() if name != "numpy"]


def python(code, *arguments, **environment):
    """Run code in a fresh interpreter; its output, or its last line of error."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FASTLOSS", "OMP"))}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


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
    with pytest.raises(ValueError, match="mode is 'json'; it must be 'stdout' or 'dicts'"):
        fl.show_config(mode="json")


@pytest.mark.parametrize("name", list(_backend.available()))
def test_backend_by_variable(name):
    code = "import fastloss as fl; print(fl.show_config(mode='dicts')['backend'], fl.mse([3.0], [1.0]))"
    assert python(code, FASTLOSS_BACKEND=name) == f"{name} 4.0"


def test_unknown_backend():
    text = python("import fastloss", FASTLOSS_BACKEND="z80")
    assert text.startswith("ImportError: FASTLOSS_BACKEND=z80 asks for kernels that are not available; there are ")
    assert text.endswith("numpy")


FALLBACK = """
import importlib, sys, warnings
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("fastloss._cython."):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
import fastloss as fl
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    print(fl.mse([3.0], [1.0]), fl.mae([3.0], [1.0]), fl.sigmoid(0.0), fl.show_config(mode="dicts")["backend"], end=" ")
print(len(caught), *[(w.category.__name__, "compiled kernels" in str(w.message)) for w in caught])
"""


def test_fallback_says_so_once():
    assert python(FALLBACK) == "4.0 2.0 0.5 numpy 1 ('RuntimeWarning', True)"


def test_chosen_numpy_is_silent():
    assert python(FALLBACK, FASTLOSS_BACKEND="numpy") == "4.0 2.0 0.5 numpy 0"


def test_every_backend_knows_every_loss():
    names = set(_backend.load("numpy").KERNELS)
    for name in _backend.available():
        assert set(_backend.load(name).KERNELS) == names, name


# ---- threads ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16])
@pytest.mark.parametrize("case", ONE_EACH, ids=str)
def test_same_bits_for_any_number_of_threads(backend, threads, case, dtype, rng):
    pred, target = sample(case, rng, 300_001, dtype)
    weight = rng.random(300_001)
    results = []
    for n in (1, 2, 3, 7):
        threads(n)
        cost, grad = case.loss.value_and_grad(pred, target, sample_weight=weight, **case.parameters)
        strided = case.loss(np.repeat(pred, 2)[::2], target, **case.parameters)
        results.append((cost, case.loss(pred, target, **case.parameters), strided, grad.tobytes()))
    assert all(r == results[0] for r in results)


def test_number_of_threads(threads):
    threads(3)
    assert fl.get_num_threads() == (3 if _backend._module.openmp else 1)
    for bad, error in ((0, ValueError), (-1, ValueError), (1.5, TypeError), ("2", TypeError)):
        with pytest.raises(error, match="n "):
            fl.set_num_threads(bad)


COUNT = "import fastloss as fl; print(fl.get_num_threads())"


@pytest.mark.skipif(not _backend._module.openmp, reason="kernels without OpenMP run on one thread")
def test_threads_by_variable():
    assert python(COUNT, FASTLOSS_NUM_THREADS="5", OMP_NUM_THREADS="3") == "5"
    assert python(COUNT, OMP_NUM_THREADS="3,2") == "3"
    assert python(COUNT, FASTLOSS_NUM_THREADS="many").startswith("ValueError: FASTLOSS_NUM_THREADS is 'many'")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_threads_by_affinity():
    assert python(f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); {COUNT}") == "1"


def test_threads_by_quota(tmp_path):
    assert _threads.quota(tmp_path) > 1000
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("250000\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert _threads.quota(tmp_path) == 3
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    assert _threads.quota(tmp_path) > 1000
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert _threads.quota(tmp_path) > 1000
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert _threads.quota(tmp_path) == 2


THREADS_STARTED = """
import numpy as np, re, threadpoolctl, fastloss as fl
count = lambda: int(re.search(r"Threads:\\s+(\\d+)", open("/proc/self/status").read()).group(1))
x = np.zeros(1 << 20)
fl.set_num_threads(2)
before = count()
with threadpoolctl.threadpool_limits(1):
    fl.mse(x, x)
    print(count() - before, end=" ")
fl.mse(x, x)
print(count() - before)
"""


@pytest.mark.skipif(sys.platform != "linux" or not _backend._module.openmp, reason="counts OpenMP's threads in /proc")
def test_threadpoolctl_is_obeyed():
    assert python(THREADS_STARTED, OMP_NUM_THREADS="2") == "0 1"


def cost_in_child(queue):
    x = np.arange(1 << 18, dtype=np.float64)
    queue.put(fl.mse(x, x + 2))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")
def test_child_processes(threads, method):
    """A child of a process that used threads computes, and does not hang."""
    threads(2)
    x = np.arange(1 << 18, dtype=np.float64)
    assert fl.mse(x, x + 2) == 4
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    child = context.Process(target=cost_in_child, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == 4
    child.join(60)
    assert child.exitcode == 0


def test_called_from_many_threads(backend, rng):
    pred, target = rng.standard_normal((2, 100_000))
    expected = fl.huber.value_and_grad(pred, target)
    wrong = []

    def work():
        for _ in range(20):
            cost, grad = fl.huber.value_and_grad(pred, target)
            if cost != expected[0] or not np.array_equal(grad, expected[1]):
                wrong.append(cost)

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


# ---- memory ----------------------------------------------------------------------------------------------------------


# Prints, for each call on large arrays, how far the memory of the process rose above what it held before. What a call on
# smaller ones of the same kind loads and starts is there by then.
MEMORY = """
import json, sys
import numpy as np
import fastloss as fl
from fastloss.bench.worker import peak

kind, dtype = sys.argv[1], np.dtype(sys.argv[2])

def laid_out(shape, dtype, layout):
    if layout == "every other":
        return np.zeros((*shape[:-1], 2 * shape[-1]), dtype)[..., ::2]
    if layout == "backwards":
        return np.zeros(shape, dtype)[..., ::-1]
    if layout == "swapped":
        return np.zeros(shape, np.dtype(dtype).newbyteorder())
    return np.zeros(shape, dtype, order="F" if layout == "Fortran" else "C")

def calls(size):
    shape = {"numbers": (size,), "rows": (size // 64, 64), "short rows": (size // 4, 4), "a long row": (1, 2 * size)}[kind]
    numbers = kind == "numbers"
    losses = [fl.mse] if numbers else [fl.softmax_cross_entropy, fl.kl_divergence]
    number = 1 / shape[-1]
    for layout in ["contiguous", "every other", "swapped"] + ["backwards", "Fortran"] * (shape[0] > 1):
        pred = laid_out(shape, dtype, layout)
        pred[...] = number
        outs = np.ones(shape, dtype), np.ones(shape, dtype)
        for other in ["f4", "f8", "i1"] if layout == "contiguous" else [dtype]:
            target = laid_out(shape, other, layout)
            target[...] = number
            weight = np.ones(shape if numbers else shape[:1], other)
            for loss in losses:
                for w in (None, weight):
                    given = {"sample_weight": w}
                    name = f"{loss.name} {layout}, target {target.dtype}, {'un' * (w is None)}weighted: "
                    yield name + "cost", lambda: loss(pred, target, **given)
                    yield name + "gradient", lambda: loss.value_and_grad(pred, target, out=outs[0], **given)
                    yield name + "curvature", lambda: loss.grad_and_hess(pred, target, out=outs, **given)
            if not numbers:
                continue
            def refused():
                try:
                    fl.hinge(pred, target)
                except ValueError as error:
                    assert "target must be" in str(error)
                else:
                    raise AssertionError("not refused")
            yield f"hinge {layout}, target {target.dtype}: refusal", refused
        if numbers:
            yield f"softplus {layout}", lambda: fl.softplus(pred, out=outs[0])
        else:
            ids = np.zeros(shape[0], int)
            yield f"ids {layout}", lambda: fl.softmax_cross_entropy.value_and_grad(pred, ids, out=outs[0])
            for function in (fl.softmax, fl.log_softmax):
                yield f"{function.name} {layout}", lambda: function(pred, out=outs[0])
            out = np.ones(shape[0], dtype)
            yield f"logsumexp {layout}", lambda: fl.logsumexp(pred, out=out)

fl.set_num_threads(2)
for name, call in calls(1 << 16):
    call()
rose = {}
for name, call in calls(1 << 20):
    before = peak(reset=True)
    call()
    rose[name] = peak() - before if before else None
print(json.dumps(rose))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of a process in /proc")
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize(
    ("backend", "kind"),
    [(name, kind) for name in _backend.available() for kind in ("numbers", "rows")]
    + [(name, kind) for name in COMPILED for kind in ("short rows", "a long row")],  # NumPy takes a row as a whole
)
def test_no_array_is_copied(backend, kind, dtype):
    """A large batch takes less than 1 MiB (NumPy: 2) beside what it is given, whatever its strides and dtypes.

    That is the memory of a process of its own, for tracemalloc does not see what kernels allocate. Large pieces go back to the
    system when they are freed, or a second copy would find the first one's room.
    """
    settings = {"FASTLOSS_BACKEND": backend, "MALLOC_MMAP_THRESHOLD_": str(1 << 17), "MALLOC_TRIM_THRESHOLD_": "0"}
    rose = json.loads(python(MEMORY, kind, dtype, **settings))
    assert len(rose) > 50
    if None in rose.values():
        pytest.skip("this system does not tell a process its peak")
    room = 1 << (21 if backend == "numpy" else 20)
    assert {name: f"{memory / 2**20:.1f} MiB" for name, memory in rose.items() if memory >= room} == {}


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
