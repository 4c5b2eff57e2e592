"""Instruction counts of every loss, against those of the last version: a measure that noise does not touch.

    python benchmarks/instructions.py                        # compare; fails if a call takes 5 % more than recorded
    python benchmarks/instructions.py --record               # record them as this version's
    python benchmarks/instructions.py --record unreleased    # until the next is recorded

Needs valgrind, and some three minutes. The kernels are x86-64-v3 and x86-64-v2, for valgrind knows no AVX-512. The program
marks its places by a call of the C library that does nothing, at which valgrind writes down what it has counted; counts are of one
call, those of many calls less those of few. They depend on the compiler, which is recorded beside them. The guide shows all
versions.
"""

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).parent.parent / "docs" / "instructions.json"
BACKENDS = ("x86-64-v3", "x86-64-v2")
ALLOWED = 1.05
UNRELEASED = "unreleased"
SIZES = {32: (200, 1200), 20_000: (2, 12)}  # size -> how often it is called between the first two marks, and the next
PROGRAM = f"""
import os
import numpy as np
import fastloss as fl
from fastloss._core.registry import REGISTRY
from fastloss.bench.data import inputs
fl.set_num_threads(1)
for loss in REGISTRY.values():
    for size, (few, many) in {SIZES}.items():
        pred, target = inputs(loss, size, "float32", 10)
        out = np.empty_like(pred)
        calls = {{"value": lambda: loss(pred, target), "value_and_grad": lambda: loss.value_and_grad(pred, target, out=out)}}
        for name, call in calls.items():
            call()
            os.getppid()
            for _ in range(few):
                call()
            os.getppid()
            for _ in range(many):
                call()
            os.getppid()
            print(loss.name, name, size, few, many, flush=True)
"""


def measure(backend):
    """Instructions of one call, by case."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                "valgrind", "--tool=callgrind", "--dump-before=getppid", f"--callgrind-out-file={folder}/out",
                sys.executable, "-c", PROGRAM,
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"FASTLOSS_BACKEND": backend, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
        )  # fmt: skip
        if done.returncode:
            sys.exit(f"valgrind failed: {done.stderr.strip()[-2000:]}")
        lines = [line.split() for line in done.stdout.splitlines()]
        counted = [
            int(re.search(r"^totals: (\d+)", Path(folder, f"out.{i + 1}").read_text(), re.MULTILINE)[1])
            for i in range(3 * len(lines))
        ]
    counts = {}
    for (loss, call, size, few, many), i in zip(lines, range(0, len(counted), 3), strict=True):
        counts[f"{loss} {call} {size}"] = round((counted[i + 2] - counted[i + 1]) / (int(many) - int(few)))
    return counts


def recorded():
    """What each version took, the last one last."""
    return json.loads(RECORD.read_text())


def record(new):
    """Put it behind all others, of which one of the same name goes, and one of what was to be released."""
    records = [r for r in recorded() if r["version"] not in (new["version"], UNRELEASED)] + [new]
    RECORD.write_text(json.dumps(records, indent=1) + "\n")


def main():
    from fastloss import __version__, show_config

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--record", nargs="?", const=__version__, metavar="VERSION", help="write the counts instead of comparing"
    )
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="default: all")
    arguments = parser.parse_args()
    compiler = show_config(mode="dicts")["compiler"]
    counts = {backend: measure(backend) for backend in arguments.backend or BACKENDS}
    if arguments.record:
        today = datetime.date.today().isoformat()
        return record({"version": arguments.record, "date": today, "compiler": compiler, "counts": counts})
    last = recorded()[-1]
    if last["compiler"] != compiler:
        print(f"recorded with {last['compiler']}, this is {compiler}: differences may be the compiler's")
    worse = []
    for backend, cases in counts.items():
        for name, count in cases.items():
            before = last["counts"].get(backend, {}).get(name)
            line = f"{backend:10} {name:50} {count:12,}"
            print(f"{line} {count / before:6.2f} of {before:,}" if before else f"{line}    new")
            if before and count > ALLOWED * before:
                worse.append(f"{backend} {name}")
    sys.exit(f"more than {ALLOWED:.0%} of the recorded instructions: {', '.join(worse)}" if worse else 0)


if __name__ == "__main__":
    main()
