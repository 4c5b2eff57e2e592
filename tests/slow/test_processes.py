"""What a process runs a loss with: its backend, its threads, its children."""

import multiprocessing
import os
import subprocess
import sys

import numpy as np
import pytest
from cases import COMPILED, LEVELS, THREADED

import fastloss as fl

pytestmark = [pytest.mark.slow, pytest.mark.processes]


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


@pytest.mark.parametrize("name", LEVELS)
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
        if name.startswith("fastloss._cython.level"):
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


# ---- threads ---------------------------------------------------------------------------------------------------------

COUNT = "import fastloss as fl; print(fl.get_num_threads())"


@pytest.mark.skipif(not THREADED, reason="NumPy's kernels run on one thread")
def test_threads_by_variable():
    assert python(COUNT, FASTLOSS_NUM_THREADS="5", OMP_NUM_THREADS="3") == "5"
    assert python(COUNT, OMP_NUM_THREADS="3,2") == "3"
    assert python(COUNT, FASTLOSS_NUM_THREADS="many").startswith("ValueError: FASTLOSS_NUM_THREADS is 'many'")


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity here")
def test_threads_by_affinity():
    assert python(f"import os; os.sched_setaffinity(0, {{min(os.sched_getaffinity(0))}}); {COUNT}") == "1"


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


@pytest.mark.skipif(sys.platform != "linux" or not THREADED, reason="counts threads in /proc")
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


LIMITED = """
import threading, threadpoolctl
with threadpoolctl.threadpool_limits(1):
    import fastloss as fl
    first = fl.get_num_threads()
fl.set_num_threads(4)
seen = []
with threadpoolctl.threadpool_limits(1):
    seen.append(fl.get_num_threads())
    thread = threading.Thread(target=lambda: seen.append(fl.get_num_threads()))
    thread.start()
    thread.join()
print(first >= 1, seen, fl.get_num_threads())
"""


def test_threadpoolctl_limits_every_thread():
    if not COMPILED:
        pytest.skip("NumPy has one thread")
    assert python(LIMITED, FASTLOSS_NUM_THREADS="4") == "True [1, 1] 4"


def test_an_absurd_number_of_threads():
    code = "import fastloss as fl; print(1 <= fl.get_num_threads() <= 1024)"
    assert python(code, FASTLOSS_NUM_THREADS="9" * 5000) == "True"
