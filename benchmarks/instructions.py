"""Instruction counts of a fixed set of calls, against the recorded ones: a measure that noise does not touch.

    python benchmarks/instructions.py             # compare; fails if a call takes 5 % more than recorded
    python benchmarks/instructions.py --record    # record those of this build

Needs valgrind, and some six minutes. Valgrind knows no AVX-512, so the kernels measured are x86-64-v3 and x86-64-v2. Counts
are of one call, without what Python and its imports cost: those of a run with many calls less those of a run with few.
They depend on the compiler, which is recorded beside them.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

RECORD = Path(__file__).with_name("instructions.json")
BACKENDS = ("x86-64-v3", "x86-64-v2")
ALLOWED = 1.05
SIZES = {32: (200, 1200), 20_000: (2, 12)}  # size -> how often it is called in the two runs
CASES = [
    ("mse", "value"),
    ("huber", "value_and_grad"),
    ("hinge", "value_and_grad"),
    ("sigmoid_cross_entropy", "value"),
    ("sigmoid_cross_entropy", "value_and_grad"),
    ("binary_cross_entropy", "value"),
    ("softmax_cross_entropy", "value"),
    ("softmax_cross_entropy", "value_and_grad"),
    ("kl_divergence", "value_and_grad"),
]
PROGRAM = """
import sys
import numpy as np
import fastloss as fl
from fastloss._core.registry import REGISTRY
from fastloss.bench.data import inputs
fl.set_num_threads(1)
name, call, size, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
loss = REGISTRY[name]
pred, target = inputs(loss, size, "float32", 10)
out = np.empty_like(pred)
for _ in range(count):
    loss(pred, target) if call == "value" else loss.value_and_grad(pred, target, out=out)
"""


def instructions(backend, *arguments):
    """All that one run of the program takes."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                sys.executable,
                "-c",
                PROGRAM,
                *arguments,
            ],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"FASTLOSS_BACKEND": backend, "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"},
        )
    counted = re.search(r"Collected : (\d+)", done.stderr)
    if done.returncode or not counted:
        sys.exit(f"valgrind failed: {done.stderr.strip()[-2000:]}")
    return int(counted[1])


def measure(backends):
    """Instructions of one call, by backend and case."""
    counts = {}
    for backend in backends:
        for loss, call in CASES:
            for size, (few, many) in SIZES.items():
                name = f"{loss} {call} {size}"
                print(f"\r{backend} {name:60}", end="", file=sys.stderr, flush=True)
                taken = [instructions(backend, loss, call, str(size), str(n)) for n in (few, many)]
                counts.setdefault(backend, {})[name] = round((taken[1] - taken[0]) / (many - few))
    print(f"\r{'':75}\r", end="", file=sys.stderr)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--record", action="store_true", help="write the counts instead of comparing with them")
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="default: all")
    arguments = parser.parse_args()
    from fastloss import show_config

    compiler = show_config(mode="dicts")["compiler"]
    counts = measure(arguments.backend or BACKENDS)
    if arguments.record:
        RECORD.write_text(json.dumps({"compiler": compiler, "counts": counts}, indent=1) + "\n")
        return
    recorded = json.loads(RECORD.read_text())
    if recorded["compiler"] != compiler:
        print(f"recorded with {recorded['compiler']}, this is {compiler}: differences may be the compiler's")
    worse = []
    for backend, cases in counts.items():
        for name, count in cases.items():
            before = recorded["counts"][backend][name]
            print(f"{backend:10} {name:50} {count:12,} {count / before:6.2f} of {before:,}")
            if count > ALLOWED * before:
                worse.append(f"{backend} {name}")
    sys.exit(f"more than {ALLOWED:.0%} of the recorded instructions: {', '.join(worse)}" if worse else 0)


if __name__ == "__main__":
    main()
