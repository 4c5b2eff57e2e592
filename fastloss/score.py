"""``python -m fastloss score``: the costs of predictions in files of any size."""

from __future__ import annotations

import argparse
import heapq
import json
import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from . import _terminal
from ._core import registry as _registry
from ._core.domains import Array
from ._core.families import RowLoss
from ._files import READERS, Column, opened
from .accumulator import Accumulator, summed

BLOCK = 1 << 18  # numbers in pred that are taken at a time
PLACE = re.compile(r"(pred|target|sample_weight)\[(\d+)(?:, ([\d, ]+))?\] is (.*)")  # how errors name a value's place


def add_options(parser: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """The command's options."""
    where = f"a file ({', '.join(READERS)}), with a name where it holds several arrays or columns: FILE:NAME"
    add = parser.add_argument
    add("pred", metavar="PRED", help=f"{where}; FILE:NAME,NAME,... for rows of classes")
    add("target", metavar="TARGET", help="like PRED")
    add(
        "--loss",
        action="append",
        required=True,
        metavar="NAME[:KEY=VALUE...][,NAME...]",
        help="such as mae,huber:delta=2; may be repeated",
    )
    add("--sample-weight", metavar="W", help="like PRED")
    add("--reduction", choices=["mean", "sum", "batch_mean"], default="mean", help="default: mean")
    add("--worst", type=count, default=0, metavar="N", help="also list the N samples with the largest loss")
    add(
        "--json",
        action="store_true",
        help='print JSON instead of a table; NaN and infinities are "NaN", "Infinity" ...',
    )
    parser.set_defaults(run=score)


def score(arguments: argparse.Namespace) -> None:
    """Read the files once, then print the table or JSON."""
    judges = [Judge.of(text, arguments.reduction, arguments.worst) for text in losses(arguments.loss)]
    with ExitStack() as stack:
        texts = {"pred": arguments.pred, "target": arguments.target, "sample_weight": arguments.sample_weight}
        columns = {name: opened(text, stack) for name, text in texts.items() if text is not None}
        of, rows = columns["pred"].rows, 0
        with _terminal.progress(sys.stderr, of) as progress:
            for start, block in blocks(columns):
                for judge in judges:
                    with naming_places(columns, start):
                        judge.update(start, **block)
                rows = start + len(block["pred"])
                progress(rows, f"{rows:,} of {of:,} rows" if of else f"{rows:,} rows")
    report = {name: column.name for name, column in columns.items()} | {
        "reduction": arguments.reduction,
        "rows": rows,
        "losses": [judge.report() for judge in judges],
    }
    if arguments.json:
        print(json.dumps(plain(report), indent=2, allow_nan=False))
    else:
        show(report)


# ---- the losses ------------------------------------------------------------------------------------------------------


def losses(texts: list[str]) -> list[str]:
    """Each loss that is asked for; a comma inside a list of numbers parts nothing."""
    return [part for text in texts for part in re.split(r",\s*(?=[A-Za-z])", text)]


@dataclass
class Judge:
    """A loss at work: its cost so far, and its worst samples, the least bad first."""

    text: str
    total: Accumulator
    keep: int
    worst: list[tuple[bool, float, int, dict[str, Any]]] = field(default_factory=list)

    @staticmethod
    def of(text: str, reduction: str, keep: int) -> Judge:
        """The loss that ``NAME:KEY=VALUE:…`` means."""
        try:
            loss, parameters = _registry.with_parameters(text)
            total = Accumulator(loss, reduction=reduction, **parameters)
        except ValueError as error:
            raise ValueError(f"--loss: {error}") from None
        return Judge(text, total, keep)

    def update(self, start: int, pred: Array, target: Array, sample_weight: Array | None = None) -> None:
        """Take a block whose first row is `start`."""
        loss, parameters = self.total.loss, self.total.parameters
        if isinstance(loss, RowLoss) and parameters.get("axis", -1) % pred.ndim == 0:
            raise ValueError(
                f"axis is {parameters.get('axis', -1)} for pred of shape {pred.shape}; axis 0 holds the rows of the file"
            )
        self.total.update(pred, target, sample_weight)
        if self.keep:
            each = summed(loss)(pred, target, sample_weight=sample_weight, reduction="none", **parameters)
            self.keep_worst(start, each, pred, target)

    def keep_worst(self, start: int, each: Array, pred: Array, target: Array) -> None:
        """Keep the greatest losses, of equal ones the first; NaN is greater than all, infinity too."""
        flat = each.reshape(-1)
        unknown = np.isnan(flat)
        known = np.where(unknown, 0, flat)
        keep = np.ones(flat.shape, bool)
        if len(self.worst) == self.keep:
            least_unknown, least, *_ = self.worst[0]
            keep = np.zeros(flat.shape, bool) if least_unknown else unknown | (known > least)
        places = np.flatnonzero(keep)
        for i in np.lexsort((-known[places], ~unknown[places]))[: self.keep]:
            index = int(places[i])
            position = tuple(map(int, np.unravel_index(index, each.shape)))
            value = float(flat[index])
            row = start + position[0]
            sample = {"row": row if len(position) == 1 else [row, *position[1:]], "loss": value}
            sample |= {"pred": pred[position].tolist()} if pred.shape == each.shape else {}
            sample |= {"target": target[position].tolist()} if target.shape == each.shape else {}
            rank = (bool(unknown[index]), float(known[index]), -(start * (flat.size // len(each)) + index), sample)
            if len(self.worst) < self.keep:
                heapq.heappush(self.worst, rank)
            else:
                heapq.heappushpop(self.worst, rank)

    def report(self) -> dict[str, Any]:
        """What there is to say."""
        report = {
            "loss": self.total.loss.name,
            "parameters": self.total.parameters,
            "samples": self.total.samples,
            "cost": self.total.compute(),
        }
        if self.keep:
            report["worst"] = [sample for *_, sample in sorted(self.worst, reverse=True)]
        return report


# ---- the files -------------------------------------------------------------------------------------------------------


def blocks(columns: dict[str, Column]) -> Iterator[tuple[int, dict[str, Array]]]:
    """The same rows of all columns at a time, each block with the number of its first."""
    counts = {column.name: column.rows for column in columns.values() if column.rows is not None}
    if len(set(counts.values())) > 1:
        raise ValueError("; ".join(f"{name} has {rows} rows" for name, rows in counts.items()) + "; they must be equal")
    rows = max(1, BLOCK // max(1, math.prod(columns["pred"].shape)))
    start = 0
    for arrays in zip_longest(*(column.blocks(rows) for column in columns.values())):
        lengths = [0 if array is None else len(array) for array in arrays]
        if len(set(lengths)) > 1:
            ends = (
                f"{column.name} has {start + n} rows"
                for column, n in zip(columns.values(), lengths, strict=True)
                if n < max(lengths)
            )
            raise ValueError(f"{', '.join(ends)}; the others have more")
        yield start, dict(zip(columns, arrays, strict=True))
        start += lengths[0]


@contextmanager
def naming_places(columns: dict[str, Column], start: int) -> Iterator[None]:
    """Errors say which file, row and column is meant, not which argument."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if place := PLACE.match(str(error)):
            argument, row, column, reason = place.groups()
            where = f"{columns[argument].name}, row {start + int(row)}" + (f", column {column}" if column else "")
            raise ValueError(f"{where}: {reason}") from None
        files = ", ".join(f"{name} {column.name}" for name, column in columns.items())
        raise ValueError(f"{error} ({files}; rows from {start})") from None


# ---- what is shown ---------------------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """The same for JSON, which has no NaN and no infinities: they become "NaN", "Infinity" and "-Infinity"."""
    if isinstance(value, dict):
        return {key: plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return json.dumps(value)  # Python's own name for it
    return value


def show(report: dict[str, Any]) -> None:
    """The costs; then each loss's worst samples."""
    titles = [title(entry) for entry in report["losses"]]
    print(f"{report['rows']:,} rows, {report['reduction']}")
    costs = [f"{entry['cost']:.10g}" for entry in report["losses"]]
    _terminal.table(sys.stdout, ["loss", "cost"], list(zip(titles, costs, strict=True)))
    for text, entry in zip(titles, report["losses"], strict=True):
        if samples := entry.get("worst"):
            print(f"\nworst of {text}")
            cells = [[f"{v:.10g}" if isinstance(v, float) else str(v) for v in sample.values()] for sample in samples]
            _terminal.table(sys.stdout, list(samples[0]), cells)


def title(entry: dict[str, Any]) -> str:
    """A loss with its parameters."""
    return ":".join([entry["loss"], *(f"{name}={value}" for name, value in entry["parameters"].items())])
