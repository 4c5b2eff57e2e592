"""The run: a process for each rival, the same inputs for all, answers compared before anything is timed, rounds interleaved."""

from __future__ import annotations

import json
import math
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from .._core.families import Alignment, Embeddings, Ensemble, Pairs, RowLoss, Structured, Triplets, TwoRows
from .._core.loss import Loss
from .._core.registry import REGISTRY
from .data import inputs
from .worker import SLOW

CALLS = ("value", "value_and_grad")
TOLERANCE = {"float32": 2e-4, "float64": 1e-9}  # rivals may sum in the dtype of the inputs
REST = 0.01  # seconds after a rival of SPINNING: OpenMP's threads spin for some milliseconds after their work is done
SPINNING = {"numba parallel", "JAX", "optax", "Keras", "PyTorch", "torch.compile", "scikit-learn"}
SLOW_ROUNDS = 3
MOST_SORTED = 1 << 20  # numbers: a sort takes longer than a pass over memory
MOST_ALIGNED = 1 << 18  # and a sum over alignments longer than a sort
MOST_PAIRED = 1 << 11  # of whose pairs there are millions
MOST_COMPARED = 1 << 10  # embeddings, of whose pairs there are half as many, each of them a product of rows
LEAST_COMPARED = 1 << 3  # of fewer, none may be of another's class
DIFFERS = "another "  # how the trouble of a rival with a wrong answer begins; others have failed


@dataclass(frozen=True)
class Cell:
    """One line of the table. `size` is the number of predictions, `classes` of a row's (0: the loss knows no rows)."""

    loss: str
    call: str
    dtype: str
    size: int
    classes: int

    def __str__(self) -> str:
        shape = f"{self.size:,}" if not self.classes else f"{self.size // self.classes:,}x{self.classes:,}"
        return f"{self.loss} {self.call} {self.dtype} {shape}"


@dataclass
class Timing:
    """Seconds a call: the median of the rounds, their quartiles, and the memory taken beside inputs and outputs."""

    median: float
    low: float
    high: float
    peak: int | None


@dataclass
class Row:
    """A cell and what was measured in it. A rival that is not in `timings` has no such loss, or is in `troubles`."""

    cell: Cell
    bytes: int
    timings: dict[str, Timing] = field(default_factory=dict)
    troubles: dict[str, str] = field(default_factory=dict)


class Process:
    """A rival at work in its own process, on as many processors as it has threads."""

    def __init__(self, name: str, rival: str, threads: int, environment: dict[str, str]) -> None:
        self.name = name
        self.rival = rival
        self.threads = threads
        self.environment = environment
        self.start()

    def start(self) -> None:
        """Begin, or begin anew."""
        self.child = subprocess.Popen(
            [sys.executable, "-m", "fastloss.bench.worker", self.rival, str(self.threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | thread_variables(self.threads) | self.environment,
            preexec_fn=(lambda: confine(self.threads)) if hasattr(os, "sched_setaffinity") else None,
        )
        hello = self.answer()
        self.version: str | None = hello.get("version")
        self.missing: str | None = hello.get("missing")

    def answer(self) -> Any:
        """The next line of the child's."""
        assert self.child.stdout is not None
        text = self.child.stdout.readline()
        if not text:
            raise ChildProcessError(f"the process of {self.name} ended {ending(self.child.wait())}")
        return json.loads(text)

    def ask(self, order: Any) -> Any:
        """Have something done. If the process ends at it, begin anew, and say so as it says that something failed."""
        assert self.child.stdin is not None
        try:
            with suppress(BrokenPipeError):  # the answer says how it ended
                self.child.stdin.write(json.dumps(order) + "\n")
                self.child.stdin.flush()
            return self.answer()
        except ChildProcessError as error:
            self.stop()
            self.start()
            return {"failed": str(error)}

    def stop(self) -> None:
        """End it."""
        for pipe in (self.child.stdin, self.child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()
        self.child.wait()


def ending(status: int) -> str:
    """How a process ended."""
    return f"by {signal.Signals(-status).name}" if status < 0 else f"with status {status}"


def thread_variables(threads: int) -> dict[str, str]:
    """Every rival is allowed the same number."""
    names = ("OMP", "FASTLOSS", "MKL", "OPENBLAS", "NUMBA")
    return {f"{name}_NUM_THREADS": str(threads) for name in names} | {"JAX_PLATFORMS": "cpu"}


def confine(threads: int) -> None:
    """No more processors than threads: some rivals take as many threads as they see processors."""
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, allowed[:threads] if threads < len(allowed) else allowed)


def cells(losses: list[Loss], dtypes: list[str], sizes: list[int], classes: list[int]) -> Iterator[Cell]:
    """Every line of the table, those with the same inputs together."""
    for size in sizes:
        for loss in losses:
            # Dict, for where a batch is too small for rows of different lengths.
            shapes = dict.fromkeys(min(c, size) for c in classes) if isinstance(loss, WITH_ROWS) else [0]
            for c in shapes:
                numbers = int(min(size // c, most(loss)) * c if c else min(size, most(loss)))
                if isinstance(loss, Embeddings) and numbers < LEAST_COMPARED * c:
                    continue
                for dtype in dtypes:
                    for call in CALLS:
                        yield Cell(loss.name, call, dtype, numbers, c)


WITH_ROWS = (RowLoss, TwoRows, Embeddings, Triplets, Ensemble)


def most(loss: Loss) -> float:
    """The most samples of a loss of which a pass over memory is not the whole."""
    if isinstance(loss, Embeddings):
        return MOST_COMPARED
    if isinstance(loss, Pairs):
        return MOST_PAIRED
    if isinstance(loss, Alignment):
        return MOST_ALIGNED
    return MOST_SORTED if isinstance(loss, Structured) else math.inf


def agree(cell: Cell, ours: dict[str, Any], theirs: dict[str, Any]) -> str | None:
    """What is wrong with an answer, if anything. The floor has none: its cost is None."""
    if theirs["cost"] is None:
        return None
    tolerance = TOLERANCE[cell.dtype]
    if not np.isclose(theirs["cost"], ours["cost"], rtol=tolerance, atol=tolerance):
        return f"{DIFFERS}cost: {theirs['cost']!r}, not {ours['cost']!r}"
    if cell.call == "value":
        return None
    if np.shape(theirs["gradient"]) != np.shape(ours["gradient"]):
        return f"{DIFFERS}gradient: not as many numbers"
    off = np.abs(np.subtract(theirs["gradient"], ours["gradient"])).max()
    if not off <= tolerance * np.abs(ours["gradient"]).max():
        return f"{DIFFERS}gradient: off by up to {off:.2g}"
    return None


def measure(cell: Cell, processes: list[Process], folder: Path, rounds: int, moved: int) -> Row:
    """One line of the table. The first process is the one whose answers the others are compared with."""
    row = Row(cell, moved)
    racing: list[tuple[Process, dict[str, Any]]] = []
    ours: dict[str, Any] = {}

    def out(process: Process, trouble: str) -> None:
        if process is processes[0]:
            raise RuntimeError(f"{cell}: {trouble}")
        row.troubles[process.name] = trouble

    for process in processes:
        prepared = process.ask({"loss": cell.loss, "call": cell.call, "folder": str(folder)})
        ours = ours or prepared
        if "absent" in prepared:
            continue
        if trouble := prepared.get("failed") or agree(cell, ours, prepared):
            out(process, trouble)
        else:
            racing.append((process, prepared))
    times: dict[str, list[float]] = {process.name: [] for process, _ in racing}
    for k in range(rounds):
        for i, (process, prepared) in enumerate(racing):
            if process.name not in row.troubles and (k < SLOW_ROUNDS or prepared["once"] < SLOW):
                if racing[i - 1][0].name in SPINNING:
                    time.sleep(REST)
                taken = process.ask(None)
                if isinstance(taken, dict):
                    out(process, taken["failed"])
                else:
                    times[process.name].append(taken)
    for process, prepared in racing:
        if process.name in row.troubles:
            continue
        measured = sorted(times[process.name])
        quarter = len(measured) // 4
        median = statistics.median(measured)
        row.timings[process.name] = Timing(median, measured[quarter], measured[-1 - quarter], prepared["peak"])
    return row


def run(
    todo: list[Cell],
    contestants: dict[str, tuple[str, dict[str, str]]],
    threads: int,
    rounds: int,
    progress: Callable[[int, str], None],
) -> tuple[list[Row], dict[str, str], dict[str, str]]:
    """All cells; the versions of those who took part; and why others did not.

    `contestants` are names, each with its entry in RIVALS and the environment variables of its process.
    """
    versions: dict[str, str] = {}
    missing: dict[str, str] = {}
    processes: list[Process] = []
    rows = []
    with tempfile.TemporaryDirectory(prefix="fastloss-bench-") as name:
        folder = Path(name)
        try:
            for contestant, (rival, environment) in contestants.items():
                progress(0, f"starting {contestant}")
                try:
                    process = Process(contestant, rival, threads, environment)
                except ChildProcessError as error:
                    missing[contestant] = str(error)
                    continue
                if process.missing:
                    missing[contestant] = process.missing
                    process.stop()
                else:
                    processes.append(process)
                    versions[contestant] = process.version or ""
            if missing.get("fastloss"):
                raise RuntimeError(f"fastloss: {missing['fastloss']}")
            data: tuple[Any, ...] = ()
            read = written = 0
            for i, cell in enumerate(todo):
                progress(i, f"{i + 1}/{len(todo)} {cell}")
                if data != (cell.loss, cell.dtype, cell.size, cell.classes):
                    data = (cell.loss, cell.dtype, cell.size, cell.classes)
                    pred, target = inputs(REGISTRY[cell.loss], cell.size, cell.dtype, cell.classes or 1)
                    np.save(folder / "pred.npy", pred)
                    np.save(folder / "target.npy", target)
                    read, written = pred.nbytes + target.nbytes, pred.nbytes
                    del pred, target
                moved = read if cell.call == "value" else read + written
                rows.append(measure(cell, processes, folder, rounds, moved))
        finally:
            for process in processes:
                process.stop()
    return rows, versions, missing
