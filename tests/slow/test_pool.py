"""The pool of threads: alone under ThreadSanitizer, beside busy processes, at a fork and at the end of a process."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from cases import THREADED

pytestmark = [
    pytest.mark.slow,
    pytest.mark.stress,
    pytest.mark.skipif(not THREADED, reason="NumPy's kernels run on one thread"),
]
HERE = Path(__file__).parent
ROOT = HERE.parent.parent
HEADERS = ROOT.joinpath("fastloss", "_cython", "c")  # which is not beside the tests where those are of a wheel
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc, and binds processes to processors")


def python(code, *arguments, timeout=120):
    """What a fresh interpreter prints."""
    environment = os.environ | {"FASTLOSS_NUM_THREADS": "2", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=timeout, check=False)
    assert done.returncode == 0, (done.returncode, done.stderr)
    return done.stdout.split()


# ---- ThreadSanitizer -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    """pool.c, built to watch itself."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if sys.platform == "win32" or shutil.which(compiler[0]) is None or not HEADERS.is_dir():
        pytest.skip("needs a C compiler, and the sources")
    folder = tmp_path_factory.mktemp("pool")
    flags = ["-fsanitize=thread", "-g", "-O1", "-pthread"]
    (folder / "empty.c").write_text("int main(void) { return 0; }\n")
    empty = subprocess.run([*compiler, *flags, "empty.c", "-o", "empty"], cwd=folder, capture_output=True, check=False)
    if empty.returncode or subprocess.run([folder / "empty"], capture_output=True, check=False).returncode:
        pytest.skip("this compiler has no ThreadSanitizer that runs here")
    command = [*compiler, *flags, "-Wall", "-Wextra", "-Werror", f"-I{HEADERS}", HERE / "pool.c", "-o", "pool", "-lm"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return folder / "pool"


@pytest.mark.parametrize("what", ["callers", "forks"])
def test_no_data_race(program, what):
    environment = os.environ | {"TSAN_OPTIONS": "die_after_fork=0:halt_on_error=1"}
    done = subprocess.run([program, what], env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr[-4000:]


# ---- processes -------------------------------------------------------------------------------------------------------

START = """
import os, re, sys, threading, time
import numpy as np, fastloss as fl
def count(): return int(re.search(r"Threads:\\s+(\\d+)", open("/proc/self/status").read()).group(1))
x = np.linspace(-1, 1, 1 << 20)
before = count() if sys.platform == "linux" else 0
expected = fl.huber(x, x[::-1])
"""


@LINUX
def test_a_forked_child_has_threads_of_its_own():
    code = """
child = os.fork()
if child == 0:
    alone = count()
    right = fl.huber(x, x[::-1]) == expected
    print(alone, count(), right, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
    assert python(START + code) == ["1", "2", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_children_of_a_process_in_the_midst_of_calls():
    code = """
def endless():
    while True: fl.huber(x, x[::-1])
for _ in range(3): threading.Thread(target=endless, daemon=True).start()
good = 0
for _ in range(20):
    child = os.fork()
    if child == 0:
        os._exit(0 if fl.huber(x, x[::-1]) == expected else 1)
    good += os.waitpid(child, 0)[1] == 0
print(good, flush=True)
os._exit(0)
"""
    assert python(START + code) == ["20"]


@LINUX
def test_many_callers_take_no_more_helpers():
    code = """
def work():
    for _ in range(50): wrong.append(fl.huber(x, x[::-1]) != expected)
wrong, workers = [], [threading.Thread(target=work) for _ in range(8)]
for worker in workers: worker.start()
for worker in workers: worker.join()
time.sleep(0.5)  # a thread that is joined may still be counted
print(sum(wrong), count() - before)
fl.set_num_threads(5)
fl.huber(x, x[::-1])
fl.set_num_threads(2)
fl.huber(x, x[::-1])
print(count() - before)
"""
    assert python(START + code) == ["0", "1", "4"]


@pytest.mark.parametrize("busy", [False, True])
def test_a_process_ends_with_its_helpers(busy):
    code = """
def endless():
    while True: fl.huber(x, x[::-1])
if sys.argv[1] == "True":
    for _ in range(3): threading.Thread(target=endless, daemon=True).start()
    time.sleep(0.1)
print("end")
"""
    assert python(START + code, str(busy), timeout=30) == ["end"]


def test_idle_helpers_take_no_time():
    code = """
fl.set_num_threads(8)
for _ in range(10): fl.huber(x, x[::-1])
time.sleep(0.05)
start = time.process_time()
time.sleep(1)
print(time.process_time() - start < 0.005)
"""
    assert python(START + code) == ["True"]


@LINUX
def test_the_caller_s_rounding_is_its_helpers():
    code = """
import ctypes, ctypes.util
fl.set_num_threads(1)
math = ctypes.CDLL(ctypes.util.find_library("m") or "libm.so.6")
fl.set_num_threads(4)
fl.mse(x, x)
math.fesetround({"x86_64": 0x800, "aarch64": 0x400000}.get(os.uname().machine, 0))
results = []
for n in (1, 2, 4):
    fl.set_num_threads(n)
    results += [fl.mse.grad(x, x[::-1] * 0.1, reduction="sum").tobytes() for _ in range(20)]
math.fesetround(0)
print(len(set(results)))
"""
    assert python(START + code) == ["1"]


BUSY = """
import os, subprocess, sys, time
import numpy as np, fastloss as fl
processors = sorted(os.sched_getaffinity(0))[:2]
os.sched_setaffinity(0, processors)
busy = subprocess.Popen(
    [sys.executable, "-c", "while True: pass"], preexec_fn=lambda: os.sched_setaffinity(0, processors[1:])
)
times = {1: [], 2: []}
try:
    x = np.linspace(-1, 1, int(sys.argv[1]), dtype=np.float32)
    y = x[::-1].copy()
    for _ in range(5):
        for n in (1, 2):
            fl.set_num_threads(n)
            for _ in range(int(sys.argv[2])):
                start = time.perf_counter()
                fl.mse(x, y)
                times[n].append(time.perf_counter() - start)
finally:
    busy.kill()
print(np.mean(times[2]) / np.mean(times[1]), *(1000 * max(times[n]) for n in (1, 2)))
"""


@LINUX
@pytest.mark.skipif(
    len(os.sched_getaffinity(0)) < 2 if sys.platform == "linux" else True, reason="needs two processors"
)
@pytest.mark.parametrize(("size", "calls"), [(1 << 17, 200), (10_000_000, 30)])
def test_nobody_waits_for_a_processor(size, calls):
    """A busy process beside costs at most what the helper was to gain; by a barrier, where everybody waits, hundreds of times."""
    ratio, alone, worst = map(float, python(BUSY, str(size), str(calls)))
    assert ratio < 3, (ratio, alone, worst)
    assert worst < 10 * alone + 100, (ratio, alone, worst)
