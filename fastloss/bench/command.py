"""``python -m fastloss bench``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from .. import _terminal
from .._core import backend as _backend
from .._core import threads as _threads
from .._core.registry import REGISTRY, named
from . import measure
from .report import Report, show
from .rivals import RIVALS

LARGE = 1 << 21
SIZES = [1, 32, 1000, 65536, 1_000_000, 1 << 24]
QUICK_SIZES = [32, 65536, 1 << 22]
QUICK_LOSSES = ["mse", "huber", "sigmoid_cross_entropy", "softmax_cross_entropy"]
ALWAYS = ["fastloss", "memory", "NumPy"]
PATIENT = ["torch.compile"]  # takes seconds to prepare each cell
PEERS = [name for name in RIVALS if name not in ALWAYS]


def add_options(parser: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """The command's options."""
    names = sorted([*REGISTRY, *(alias for loss in REGISTRY.values() for alias in loss.aliases)])
    more = parser.add_argument
    more(
        "--size",
        type=count,
        action="append",
        help=f"numbers in pred, may be repeated (default {LARGE:,}; with --peers {SIZES}); of losses that sort, "
        f"at most {measure.MOST_SORTED:,}",
    )
    more("--classes", type=count, action="append", help="of losses of rows, which get size/classes rows (default 1000)")
    more(
        "--dtype",
        choices=["float32", "float64"],
        action="append",
        help="default float32, with --peers both; may be repeated",
    )
    more("--loss", choices=names, action="append", metavar="NAME", help="default: all; may be repeated")
    more("--threads", type=count, help="of every contestant (default: as many as the process may use)")
    more("--rounds", type=count, help="timed rounds, of which the median counts (default 7; of slow calls fewer)")
    more(
        "--peers",
        action="store_true",
        help="measure every rival that is installed, and fastloss on every level that the processor runs; "
        f"{', '.join(PATIENT)}, which prepares each cell for seconds, only by --rival",
    )
    more("--rival", choices=PEERS, action="append", help="measure this one; may be repeated")
    more(
        "--backend",
        choices=list(_backend.available()),
        action="append",
        help="measure these kernels of fastloss as well (default: none; with --peers all that are compiled)",
    )
    more("--quick", action="store_true", help="a few losses and sizes in float32: under two minutes with --peers too")
    more("--json", metavar="FILE", help="write the figures to a file as well")
    more("--charts", metavar="FOLDER", help="draw charts of the figures (needs the extra 'plot')")
    more("--from", dest="files", metavar="FILE", nargs="+", help="measure nothing; show the figures of these files")
    parser.set_defaults(run=bench)


def bench(arguments: argparse.Namespace) -> None:
    """Measure, print the table, write the figures, draw the charts."""
    if arguments.charts:
        import_module("matplotlib")  # fail before measuring if it is missing
    if arguments.files:
        reports = [Report.loads(Path(path).read_text(), path) for path in arguments.files]
    else:
        target = open(arguments.json, "w") if arguments.json else None  # noqa: SIM115 - as above
        figures = measured(arguments).dumps()
        if target is not None:
            with target:
                target.write(figures)
        reports = [Report.loads(figures, "this run")]  # shown with the digits that are written
    for report in reports:
        print(f"{report.date}, {report.processor}, {report.processors} processors, {report.threads} threads")
        print("\n".join(f"  {name} {version}" for name, version in report.versions.items()))
        show(report)
    if arguments.charts:
        from . import charts

        for path in charts.draw(reports, Path(arguments.charts)):
            print(path)


def measured(arguments: argparse.Namespace) -> Report:
    """The run that the options ask for."""
    quick = arguments.quick
    losses = [named(name) for name in arguments.loss or (QUICK_LOSSES if quick else REGISTRY)]
    dtypes = arguments.dtype or (["float32", "float64"] if arguments.peers and not quick else ["float32"])
    sizes = arguments.size or (QUICK_SIZES if quick else SIZES if arguments.peers else [LARGE])
    rounds = arguments.rounds or (3 if quick else 7)
    threads = arguments.threads or _threads.allowed()
    rivals = [name for name in PEERS if (arguments.peers and name not in PATIENT) or name in (arguments.rival or ())]
    backend = os.environ.get(_backend.VARIABLE, "")
    contestants = {name: (name, {_backend.VARIABLE: backend}) for name in [*ALWAYS, *rivals]}
    for name in arguments.backend or (other_levels(backend) if arguments.peers and not quick else ()):
        contestants[f"fastloss {name}"] = ("fastloss", {_backend.VARIABLE: name})

    todo = list(measure.cells(losses, dtypes, sizes, arguments.classes or [1000]))
    with _terminal.progress(sys.stderr, len(todo)) as progress:
        rows, versions, missing = measure.run(todo, contestants, threads, rounds, progress)
    return Report.of(rows, versions, missing, threads, rounds)


def other_levels(backend: str) -> list[str]:
    """What fastloss can run on beside what it does."""
    compiled = [name for name in _backend.available() if name != "numpy"]
    return [name for name in compiled if name != (backend or compiled[0])]
