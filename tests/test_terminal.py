"""What the commands show on a terminal, with rich and without it, and in a pipe."""

import io
import os
import re
import subprocess
import sys
import threading

import numpy as np
import pytest

from fastloss import _terminal

HEADS = ["", "fastloss", "numba"]
ROWS = [
    ["softmax_cross_entropy value float32", "1.25 ms", "10.5x"],
    ["huber:delta=2 [b]:smile:[/b]", "998 ns", "differs"],
]
PLAIN = [
    "                                     fastloss    numba",
    "softmax_cross_entropy value float32   1.25 ms    10.5x",
    "huber:delta=2 [b]:smile:[/b]           998 ns  differs",
]


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def rich(monkeypatch):
    pytest.importorskip("rich")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")  # a terminal, although it has no file of one
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def no_rich(monkeypatch):
    for name in ["rich", *(name for name in sys.modules if name.startswith("rich."))]:
        monkeypatch.setitem(sys.modules, name, None)


def written(stream):
    _terminal.table(stream, HEADS, ROWS)
    return stream.getvalue()


def told(stream, total, monkeypatch):
    monkeypatch.setattr(_terminal, "EVERY", 0)
    with _terminal.progress(stream, total) as progress:
        progress(0, "starting")
        progress(3, "3 of [4]")
    return stream.getvalue()


def words(text):
    """All that is no frame and no order to the terminal."""
    return re.sub(r"\x1b\[[\d;?]*\w|[^\x00-\xffµ·]", " ", text).split()


def test_table_in_a_pipe(rich):
    assert written(io.StringIO()).splitlines() == PLAIN


def test_table_without_rich(no_rich):
    assert written(Terminal()).splitlines() == PLAIN


@pytest.mark.parametrize("width", [20, 50, 200])
def test_table_by_rich(rich, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    text = written(Terminal())
    assert "\x1b[1m" in text, "bold heads"
    assert "━" in text
    assert sorted(words(text)) == sorted(words("\n".join(PLAIN))), "cut, or taken for markup"
    assert "│  1.25 ms │   10.5x │" in text, "numbers are not wrapped"


def test_table_without_rows(rich):
    assert written_empty(io.StringIO()) == "loss  cost\n"
    assert words(written_empty(Terminal())) == ["loss", "cost"]


def written_empty(stream):
    _terminal.table(stream, ["loss", "cost"], [])
    return stream.getvalue()


def test_progress_in_a_pipe(rich, monkeypatch):
    assert told(io.StringIO(), 4, monkeypatch) == ""


def test_progress_without_rich(no_rich, monkeypatch):
    text = told(Terminal(), 4, monkeypatch)
    assert f"\r[{'#' * 22 + '.' * 8}] 3 of [4] " in text
    assert text.endswith("\r" + " " * 79 + "\r"), "wiped out"
    assert "\r3 of [4]   " in told(Terminal(), None, monkeypatch)
    assert "\r3 of [4]   " in told(Terminal(), 0, monkeypatch)


@pytest.mark.parametrize("total", [4, None, 0])
def test_progress_by_rich(rich, monkeypatch, total):
    text = told(Terminal(), total, monkeypatch)
    assert "━" in text
    assert "3 of [4]" in text
    assert text.rstrip("\n").endswith("\x1b[2K"), "wiped out"


@pytest.mark.parametrize("missing", [False, True])
def test_progress_is_shown_now_and_then(rich, monkeypatch, missing):
    if missing:
        monkeypatch.setitem(sys.modules, "rich.console", None)
    clock = iter([0.0, 0.01, 0.05, 0.2])
    terminal = Terminal()
    with _terminal.progress(terminal, 4) as progress, monkeypatch.context() as patch:
        patch.setattr(_terminal, "time", type("Clock", (), {"monotonic": lambda: next(clock)}))
        for i in range(4):
            progress(i, f"number {i}")
    assert re.findall(r"number \d", terminal.getvalue())[0] == "number 0"
    assert set(re.findall(r"number \d", terminal.getvalue())) == {"number 0", "number 3"}


# ---- the commands ----------------------------------------------------------------------------------------------------


def on_a_terminal(*arguments, rich=True, folder, stdout=True):
    """What the command writes to a terminal; if stdout is a pipe, what it writes there as well."""
    pty = pytest.importorskip("pty")
    (folder / "none").mkdir(exist_ok=True)
    (folder / "none" / "rich.py").write_text("raise ImportError")
    environment = os.environ | {"TERM": "xterm", "COLUMNS": "200"}
    if not rich:
        path = [str(folder / "none"), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
    master, slave = pty.openpty()
    shown = bytearray()

    def read():
        try:
            while piece := os.read(master, 4096):
                shown.extend(piece)
        except OSError:  # how Linux says that the other end is closed
            pass

    reader = threading.Thread(target=read)
    reader.start()
    command = [sys.executable, "-m", "fastloss", *map(str, arguments)]
    try:
        done = subprocess.run(
            command,
            stdout=slave if stdout else subprocess.PIPE,
            stderr=slave,
            stdin=slave,
            env=environment,
            cwd=folder,
            timeout=300,
            check=True,
        )
    finally:  # or the reader would wait, and pytest for it
        os.close(slave)
        reader.join()
        os.close(master)
    text = shown.decode().replace("\r\n", "\n")
    return text if stdout else (done.stdout.decode(), text)


def piped(*arguments, folder):
    command = [sys.executable, "-m", "fastloss", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, timeout=300, check=True, cwd=folder)
    assert b" of " not in done.stderr, "progress in a pipe"
    assert b"\r" not in done.stderr.replace(b"\r\n", b"")
    return done.stdout.decode()


@pytest.fixture
def scored(tmp_path, rng):
    np.save(tmp_path / "p.npy", rng.random(1_000_000))
    np.save(tmp_path / "t.npy", rng.random(1_000_000))
    return ["score", "p.npy", "t.npy", "--loss", "mae,huber:delta=0.1,log_loss", "--worst", "3"]


def test_score(tmp_path, scored):
    pytest.importorskip("rich")
    plain = piped(*scored, folder=tmp_path)
    shown = on_a_terminal(*scored, folder=tmp_path)
    progress, wiped, tables = shown.rpartition("\x1b[2K")
    assert wiped
    assert "262,144 of 1,000,000 rows" in progress
    assert "━" in tables
    assert words(tables) == words(plain)
    out, error = on_a_terminal(*scored, folder=tmp_path, stdout=False)
    assert out == plain
    assert "262,144 of 1,000,000 rows" in error
    assert on_a_terminal(*scored, "--json", folder=tmp_path, stdout=False)[0] == piped(
        *scored, "--json", folder=tmp_path
    )


def test_score_without_rich(tmp_path, scored):
    shown = on_a_terminal(*scored, folder=tmp_path, rich=False)
    progress, _, rest = shown.rpartition("\r")
    assert "[#######.......................] 262,144 of 1,000,000 rows" in progress
    assert rest == piped(*scored, folder=tmp_path)


def test_bench(tmp_path):
    pytest.importorskip("rich")
    few = ["--size", "100", "--loss", "mse", "--rounds", "1", "--backend", "numpy", "--json", "figures.json"]
    shown = on_a_terminal("bench", *few, folder=tmp_path)
    progress, _, tables = shown.rpartition("\x1b[2K")
    assert re.search(r"[12]/2 mse value", progress)  # what is over sooner than the line is drawn anew is not seen
    assert "┃" in tables
    shows = ["bench", "--from", "figures.json"]
    plain = piped(*shows, folder=tmp_path)
    assert words(tables) == words(plain)
    assert words(on_a_terminal(*shows, folder=tmp_path)) == words(plain)
    assert on_a_terminal(*shows, folder=tmp_path, rich=False) == plain
    shown = on_a_terminal("bench", *few, folder=tmp_path, rich=False)
    assert re.search(r"\r\[[#.]{30}\] [12]/2 mse value", shown)
