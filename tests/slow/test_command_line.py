"""python -m fastloss, as a user runs it."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from cases import EVERY

import fastloss as fl
from fastloss._core import backend
from fastloss._core.families import Embeddings, Pairs
from fastloss.bench import command, measure, report
from fastloss.bench.rivals.numpy_expressions import NUMPY

pytestmark = [pytest.mark.slow, pytest.mark.commands]


def run(*arguments, check=True):
    done = subprocess.run(
        [sys.executable, "-m", "fastloss", *arguments],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env=os.environ,
    )
    assert not check or done.returncode == 0, done.stderr
    return done


def test_list():
    printed = run("list").stdout
    for loss in EVERY.values():
        assert loss.name in printed
        assert loss.formula in printed
        for parameter in loss.parameters:
            assert parameter in printed


BOTH = ["--dtype", "float32", "--dtype", "float64"]


def figures_of(tmp_path, *arguments):
    path = tmp_path / "figures.json"
    done = run("bench", "--rounds", "2", "--json", str(path), *arguments)
    return json.loads(path.read_text()), done


def test_bench(tmp_path):
    figures, done = figures_of(tmp_path, "--size", "20000", "--classes", "50", *BOTH)
    cells = [row["cell"] for row in figures["rows"]]
    assert {cell["loss"] for cell in cells} == set(EVERY)
    assert {cell["dtype"] for cell in cells} == {"float32", "float64"}
    assert {cell["call"] for cell in cells} == {"value", "value_and_grad"}
    assert len(cells) == 4 * len(EVERY)
    for row in figures["rows"]:
        limited = isinstance(EVERY[row["cell"]["loss"]], (Pairs, Embeddings))  # whose work grows with the square
        assert row["cell"]["size"] == 20000 or limited
        expression = {"NumPy"} if row["cell"]["loss"] in NUMPY else set()
        assert set(row["timings"]) == {"fastloss", "memory"} | expression, (row["cell"], row["troubles"])
        assert not row["troubles"]
        for timing in row["timings"].values():
            assert 0 < timing["low"] <= timing["median"] <= timing["high"]
        assert row["cell"]["loss"] in done.stdout
    assert figures["versions"]["NumPy"] == figures["numpy"]
    assert figures["level"] == fl.show_config(mode="dicts")["backend"]
    assert figures["make"]
    assert not figures["missing"]
    assert "mse value" not in done.stderr, "progress in a pipe"


def test_bench_of_chosen_cells(tmp_path):
    chosen = [
        "--size",
        "1000",
        "--size",
        "7",
        "--dtype",
        "float32",
        "--threads",
        "1",
        "--loss",
        "huber",
        "--loss",
        "l1",
    ]
    figures, _ = figures_of(tmp_path, *chosen, "--backend", "numpy")
    cells = [(row["cell"]["loss"], row["cell"]["size"]) for row in figures["rows"]]
    assert cells == [("huber", 1000)] * 2 + [("mae", 1000)] * 2 + [("huber", 7)] * 2 + [("mae", 7)] * 2
    assert figures["threads"] == 1
    assert "numpy kernels" in figures["versions"]["fastloss numpy"]
    assert all("fastloss numpy" in row["timings"] for row in figures["rows"])


def test_bench_says_who_is_missing_and_shows_files_again(tmp_path, monkeypatch):
    (tmp_path / "numba.py").write_text("raise ImportError('not here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    figures, done = figures_of(tmp_path, "--size", "100", "--loss", "mse", "--rival", "numba")
    assert figures["missing"] == {"numba": "ImportError: not here"}
    assert "missing: numba (ImportError: not here)" in done.stdout
    again = run("bench", "--from", str(tmp_path / "figures.json"))
    assert again.stdout == done.stdout


def test_bench_does_not_time_what_differs():
    cell = measure.Cell("mse", "value_and_grad", "float64", 3, 0)
    ours = {"cost": 1.0, "gradient": [1.0, 2.0, 0.0]}
    assert measure.agree(cell, ours, ours) is None
    assert measure.agree(cell, ours, {"cost": None, "gradient": None}) is None, "the floor has no answer"
    for cost in (1.001, np.nan, np.inf, -1.0):
        assert "another cost" in measure.agree(cell, ours, {"cost": cost, "gradient": [1.0, 2.0, 0.0]})
        assert "another cost" in measure.agree(cell, ours, {"cost": cost, "gradient": None})
    for gradient in ([1.0, 2.001, 0.0], [1.0, np.nan, 0.0], [np.inf, 2.0, 0.0], [1.0, 2.0], [1.0], None):
        assert "another gradient" in measure.agree(cell, ours, {"cost": 1.0, "gradient": gradient})
    nothing = {"cost": np.nan, "gradient": [np.nan] * 3}
    assert measure.agree(cell, nothing, nothing), "not even with itself"


# Stands for numba, and compiles every loop to one that does what the test says.
NUMBA = """
import os, signal, types
__version__ = "0"
core = types.SimpleNamespace(config=types.SimpleNamespace(USING_SVML=False))
set_num_threads, get_num_threads, prange = print, lambda: 1, range
def {name}(*arguments):
    {body}
def njit(inline="never", parallel=None, fastmath=True):
    return lambda f: f if parallel is None else {name}
"""


@pytest.mark.parametrize(
    ("body", "word", "reason"),
    [
        ("return float('nan')", "differs", "another cost: nan, not "),
        ("return 0.0", "differs", "another cost: 0.0, not "),
        ("raise MemoryError('no room')", "failed", "MemoryError: no room"),
        pytest.param(
            "os.kill(os.getpid(), signal.SIGSEGV)",
            "failed",
            "the process of numba ended by SIGSEGV",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no signals here"),
        ),
    ],
)
def test_bench_says_what_is_wrong_with_a_rival(tmp_path, monkeypatch, body, word, reason):
    (tmp_path / "numba.py").write_text(NUMBA.format(name="loop", body=body))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    asked = ["--size", "100", "--loss", "mse", "--loss", "mae", "--dtype", "float64", "--threads", "1"]
    figures, done = figures_of(tmp_path, *asked, "--rival", "numba")
    assert len(figures["rows"]) == 4
    for row in figures["rows"]:
        assert set(row["timings"]) == {"fastloss", "memory", "NumPy"}, "the others go on"
        assert row["troubles"]["numba"].startswith(reason)
    lines = done.stdout.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith(("mse ", "mae "))] == [word] * 4
    assert any(line.startswith(f"not timed where it {word}: numba: {reason}") for line in lines)
    assert ("differs" in done.stdout) == (word == "differs")


def test_bench_goes_on_when_a_rival_ends_while_it_is_timed(tmp_path):
    class Contestant:
        def __init__(self, name, *taken):
            self.name, self.taken = name, iter(taken)

        def ask(self, order):
            return next(self.taken) if order is None else {"cost": 1.0, "gradient": None, "once": 1e-3, "peak": None}

    contestants = [Contestant("fastloss", 3.0, 1.0, 2.0), Contestant("frail", 1.0, {"failed": "it ended"})]
    row = measure.measure(measure.Cell("mse", "value", "float64", 3, 0), contestants, tmp_path, 3, 48)
    assert row.troubles == {"frail": "it ended"}
    assert {name: timing.median for name, timing in row.timings.items()} == {"fastloss": 2.0}


def test_bench_rests_only_after_threads_that_spin(tmp_path, monkeypatch):
    class Contestant:
        def __init__(self, name):
            self.name = name

        def ask(self, order):
            done.append(self.name)
            return 1.0 if order is None else {"cost": 1.0, "gradient": None, "once": 1e-3, "peak": None}

    done = []
    monkeypatch.setattr(measure.time, "sleep", lambda seconds: done.append("rest"))
    contestants = [Contestant(name) for name in ("fastloss", "PyTorch", "NumPy")]
    measure.measure(measure.Cell("mse", "value", "float64", 3, 0), contestants, tmp_path, 2, 48)
    assert done == ["fastloss", "PyTorch", "NumPy"] + 2 * ["fastloss", "PyTorch", "rest", "NumPy"]


def ran(*rows):
    """A run's report: of each cell its size, and the times of fastloss, of another level, and of rivals."""
    versions = {
        "fastloss": "1.0, fast kernels by gcc",
        "memory": "",
        "fastloss slow": "1.0, slow kernels",
        "A": "1",
        "B": "2",
    }
    cells = [
        measure.Row(
            measure.Cell("mse", "value", "float32", size, 0),
            8,
            {name: measure.Timing(t, t, t, None) for name, t in zip(versions, times, strict=True) if t is not None},
        )
        for size, *times in rows
    ]
    return report.Report.of(cells, versions, {}, 2, 3)


def test_standing():
    """By hand: what each level has lost, and geometric means."""
    figures = ran(
        (32, 1.0, 0.1, 2.0, 4.0, None),  # A takes 4 times as long, and twice as long as the other level
        (1000, 1.0, 0.1, 1.0, 5.0, 1.0),  # as long as B: no loss
        (65536, 2.0, 0.1, 10.0, 3.0, 1.0),  # B takes half the time, and a tenth
        (1 << 24, 1.0, 0.1, 1.0, None, None),  # there is no rival
    )
    head, lines = report.standing(figures)
    assert head == ["", "under 4,096 numbers", "under 1,000,000", "1,000,000 and more", "all"]
    assert lines == [
        ["fast", "0 of 2, 2.00x", "1 of 1, 0.50x", "·", "1 of 3, 1.26x"],
        ["slow", "0 of 2, 1.41x", "1 of 1, 0.10x", "·", "1 of 3, 0.58x"],
    ]
    assert [(row.cell.size, name, share) for row, name, share in report.losses_to_rivals(figures)] == [
        (65536, "B", 0.5)
    ]
    assert report.standing(ran((32, 1.0, 0.1, 2.0, 4.0, None)))[0] == ["", "under 4,096 numbers"], "one class is all"


def test_levels_beside_the_usual_one():
    compiled = [name for name in backend.available() if name != "numpy"]
    assert command.other_levels("") == compiled[1:]
    assert command.other_levels("numpy") == compiled
    assert all(command.other_levels(name) == [x for x in compiled if x != name] for name in compiled)


def test_parallel_numba_needs_threads(tmp_path, monkeypatch):
    (tmp_path / "numba.py").write_text(NUMBA.format(name="loop", body="return 0.0"))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    figures, _ = figures_of(
        tmp_path, "--size", "100", "--loss", "mse", "--threads", "1", "--rival", "numba", "--rival", "numba parallel"
    )
    assert figures["missing"] == {"numba parallel": "ImportError: it is for more than one thread"}
    assert "numba" in figures["versions"]


def test_bench_draws_charts(tmp_path):
    pytest.importorskip("matplotlib")
    sizes = [option for n in (1, 10, 100, 1000, 10000) for option in ("--size", str(n))]
    figures, done = figures_of(
        tmp_path, *sizes, *BOTH, "--loss", "mse", "--threads", "1", "--charts", str(tmp_path / "charts")
    )
    charts = sorted(path.name for path in (tmp_path / "charts").iterdir())
    assert "best-rival-1-thread.svg" in charts
    assert "sizes-1-thread.svg" in charts
    assert "speedup-float32-1-thread.svg" in charts
    assert "memory-speed-float64-1-thread.svg" in charts
    assert all(name in done.stdout for name in charts)
    assert len(figures["rows"]) == 20


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["bench", "--loss", "hubert"], "invalid choice: 'hubert'"),
        (["bench", "--size", "0"], "must be at least 1"),
        (["bench", "--json", "/no/such/folder/x.json", "--size", "10"], "/no/such/folder"),
        (["bench", "--from", "/no/such/file"], "/no/such/file"),
        (["bench", "--from", __file__], "no figures of this benchmark"),
        ([], "usage"),
    ],
)
def test_mistakes(arguments, text):
    done = run(*arguments, check=False)
    assert done.returncode == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("reader", ["head -n 1", "(exec <&-; sleep 3)"])
def test_a_reader_that_has_seen_enough(reader):
    """Nothing is said of a pipe that is closed."""
    script = f"{sys.executable} -m fastloss list | {reader}; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] in (("0", "1") if "head" in reader else "1")


def test_help_in_any_alphabet():
    for name in ("list", "plot", "score", "bench"):
        done = subprocess.run(
            [sys.executable, "-m", "fastloss", name, "--help"],
            env=os.environ | {"PYTHONIOENCODING": "ascii"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.startswith("usage: fastloss")
