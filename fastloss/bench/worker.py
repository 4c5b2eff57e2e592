"""The process of one rival: told over its standard input what to prepare and when to run it, a line of JSON each."""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from .rivals import RIVALS, Candidate, Task

SAMPLE = 2048  # gradients are compared at this many places
LEAST = 2e-3  # seconds that are timed at once: fast calls are repeated
SLOW = 0.02  # seconds: a call this slow finds no cache as it left it, and need not run in every round


class Worker:
    """What the process holds between two orders."""

    def __init__(self, rival: str, threads: int) -> None:
        self.rival = importlib.import_module(f"fastloss.bench.rivals.{RIVALS[rival]}").Rival()
        self.version = self.rival.start(threads)
        self.candidate: Candidate | None = None
        self.repeats = 1
        self.slow = False

    def prepare(self, loss: str, call: str, folder: str) -> dict[str, Any]:
        """Load the inputs, run once for the answer and once more to warm up. Also, how much memory that took at its peak."""
        self.candidate = None
        pred, target = (np.array(np.load(Path(folder) / name)) for name in ("pred.npy", "target.npy"))
        out = np.zeros_like(pred)
        try:
            self.candidate = self.rival.prepare(Task(loss, call, pred, target, out))
        except Exception as error:
            return {"failed": f"{type(error).__name__}: {error}"}
        if self.candidate is None:
            return {"absent": True}
        try:
            cost, gradient = self.candidate.read(self.candidate.run())
            some = None
            if gradient is not None:
                flat = np.asarray(gradient).reshape(-1)
                some = flat[:: max(1, flat.size // SAMPLE)].astype(float).tolist()
                del flat
            del gradient
            before = peak(reset=True)
            start = time.perf_counter()
            self.candidate.run()
            once = time.perf_counter() - start
            after = peak()
            self.repeats, self.slow = 1, once >= SLOW
            while not self.slow and (once := self.seconds()) * self.repeats < LEAST:
                self.repeats = max(2 * self.repeats, int(LEAST / once))
        except Exception as error:
            self.candidate = None
            return {"failed": f"{type(error).__name__}: {error}"}
        cost = None if cost is None else float(cost)
        return {"cost": cost, "gradient": some, "once": once, "peak": after - before if before else None}

    def seconds(self) -> float:
        """The time of one call."""
        assert self.candidate is not None
        run = self.candidate.run
        times = range(self.repeats)
        if not self.slow:
            run()  # another process has just had the caches
        gc.disable()
        start = time.perf_counter()
        for _ in times:
            run()
        taken = time.perf_counter() - start
        gc.enable()
        return taken / self.repeats


def peak(reset: bool = False) -> int:
    """The most memory the process has had, in bytes; from now on if `reset`. 0 where the system does not tell."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):
        return 0


def serve(rival: str, threads: int) -> None:
    """Answer until the input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer

    def answer(content: Any) -> None:
        print(json.dumps(content), file=answers, flush=True)

    try:
        worker = Worker(rival, threads)
    except ImportError as error:
        return answer({"missing": f"{type(error).__name__}: {error}"})
    except Exception as error:  # whatever a rival's own set-up raises
        return answer({"missing": f"does not work here: {type(error).__name__}: {str(error).strip().splitlines()[0]}"})
    answer({"version": worker.version})
    for text in sys.stdin:
        order = json.loads(text)
        answer(worker.prepare(**order) if order else worker.seconds())


if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]))
