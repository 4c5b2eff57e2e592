"""What a run found: as a table, and as JSON."""

from __future__ import annotations

import datetime
import json
import math
import os
import platform
import sys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .. import _terminal
from .measure import DIFFERS, Cell, Row, Timing

OWN = "fastloss"
FLOOR = "memory"
MAKES = {"GenuineIntel": "Intel", "AuthenticAMD": "AMD"}  # by the names that processors call themselves
SIZES = {"under 4,096 numbers": 4096, "under 1,000,000": 1_000_000, "1,000,000 and more": math.inf}


@dataclass
class Report:
    """A whole run."""

    date: str
    processor: str
    make: str
    level: str
    processors: int | None
    python: str
    numpy: str
    threads: int
    rounds: int
    versions: dict[str, str]
    missing: dict[str, str]
    rows: list[Row]

    @classmethod
    def of(
        cls, rows: list[Row], versions: dict[str, str], missing: dict[str, str], threads: int, rounds: int
    ) -> Report:
        """Of what was just measured, here."""
        return cls(
            date=datetime.date.today().isoformat(),
            processor=processor(),
            make=make(),
            level=versions[OWN].split(", ")[1].split()[0],
            processors=os.cpu_count(),
            python=platform.python_version(),
            numpy=np.__version__,
            threads=threads,
            rounds=rounds,
            versions=versions,
            missing=missing,
            rows=rows,
        )

    @classmethod
    def loads(cls, text: str, source: str) -> Report:
        """What `dumps` made; `source` is where that was found."""
        try:
            content = json.loads(text)
            rows = [
                Row(
                    Cell(**row["cell"]),
                    row["bytes"],
                    {k: Timing(**v) for k, v in row["timings"].items()},
                    row["troubles"],
                )
                for row in content.pop("rows")
            ]
            return cls(rows=rows, **content)
        except (KeyError, TypeError, AttributeError, json.JSONDecodeError) as error:
            raise ValueError(f"{source} holds no figures of this benchmark ({error!r})") from None

    def dumps(self) -> str:
        """As JSON, a row a line; times to four digits."""
        content = {k: v for k, v in self.__dict__.items() if k != "rows"}
        rows = ",\n".join("  " + json.dumps(rounded(asdict(row))) for row in self.rows)
        return json.dumps(content, indent=1)[:-2] + f',\n "rows": [\n{rows}\n ]\n}}\n'

    def rivals(self) -> list[str]:
        """Those who are not fastloss, nor the floor."""
        return [name for name in self.versions if name != FLOOR and not name.startswith(OWN)]

    def title(self) -> str:
        """What was measured, on what."""
        threads = f"{self.threads} thread" + "s" * (self.threads > 1)
        return f"fastloss {self.versions[OWN].split(',')[0]} on {self.make}, {self.level}, {threads}"

    def levels(self) -> dict[str, str]:
        """The builds of fastloss that were measured, the usual one first: what its columns are called, by instruction set."""
        others = {name.removeprefix(f"{OWN} "): name for name in self.versions if name.startswith(f"{OWN} ")}
        return {self.level: OWN} | others

    def sizes(self) -> list[int]:
        """Of batches, from the smallest on; those of whole rows, a little smaller, are not listed."""
        return sorted(
            {row.cell.size for row in self.rows if not row.cell.classes} or {row.cell.size for row in self.rows}
        )


def rounded(value: Any) -> Any:
    """Times to four digits."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def processor() -> str:
    """The processor's name, as far as the system tells."""
    return of_processor("model name") or platform.processor()


def make() -> str:
    """Whose the processor is."""
    vendor = of_processor("vendor_id")
    return MAKES.get(vendor, vendor) or platform.machine()


def of_processor(key: str) -> str:
    """What Linux says."""
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith(key))
    except (OSError, StopIteration):
        return ""


def ratio(row: Row, name: str, own: str = OWN) -> float | None:
    """How many times as long `name` takes as fastloss; None if it was not timed."""
    timing = row.timings.get(name)
    return timing.median / row.timings[own].median if timing else None


def share(row: Row, own: str = OWN) -> float | None:
    """Speed relative to the floor's."""
    return ratio(row, FLOOR, own)


def duration(seconds: float) -> str:
    """Three digits and a unit."""
    for unit, name in ((1e-3, "ms"), (1e-6, "µs")):
        if seconds >= unit:
            return f"{seconds / unit:.3g} {name}"
    return f"{seconds / 1e-9:.3g} ns"


def times(value: float | None) -> str:
    """A ratio as it is printed."""
    return "·" if value is None else f"{value:.2f}x" if value < 10 else f"{value:.0f}x"


def verdict(trouble: str) -> str:
    """A rival's trouble in a word."""
    return "differs" if trouble.startswith(DIFFERS) else "failed"


def show(report: Report) -> None:
    """The whole run: fastloss's time, its share of the floor, and how many times as long everyone else takes."""
    others = [name for name in report.versions if name not in (OWN, FLOOR)]
    cells = []
    for row in report.rows:
        reached = share(row)
        line = [str(row.cell), duration(row.timings[OWN].median), f"{reached:.0%}" if reached else ""]
        line += [verdict(row.troubles[name]) if name in row.troubles else times(ratio(row, name)) for name in others]
        cells.append(line)
    _terminal.table(sys.stdout, ["", OWN, "of floor", *others], cells)
    print(
        "\nof floor: speed relative to a compiled loop that only reads the inputs and writes the gradient, below 4,096 numbers to"
        " an empty call; then how many times as long the others take"
    )
    for name, reason in report.missing.items():
        print(f"missing: {name} ({reason})")
    for name, trouble in sorted({(name, trouble) for row in report.rows for name, trouble in row.troubles.items()}):
        print(f"not timed where it {verdict(trouble)}: {name}: {trouble}")
    if not report.rivals():
        return
    print(
        "\nbeside the fastest rival of each cell: cells lost to it, and the geometric mean of how many times as long it takes"
    )
    heads, lines = standing(report)
    _terminal.table(sys.stdout, heads, lines)
    lost = losses_to_rivals(report)
    if lost:
        print(f"\nlost by {OWN}:")
        _terminal.table(sys.stdout, ["", "rival", "time"], [[str(row.cell), name, times(r)] for row, name, r in lost])


def best(report: Report, row: Row, own: str = OWN) -> tuple[str, float] | None:
    """The fastest rival in a cell, and how many times as long as fastloss it takes."""
    if own not in row.timings:
        return None
    ratios = {name: r for name in report.rivals() if (r := ratio(row, name, own)) is not None}
    return min(ratios.items(), key=lambda item: item[1]) if ratios else None


def mean(ratios: list[float]) -> float:
    """The geometric one."""
    return math.exp(sum(map(math.log, ratios)) / len(ratios))


def standing(report: Report) -> tuple[list[str], list[list[str]]]:
    """How each level stands beside the fastest rivals, in classes of sizes and in all: the head and the lines of a table."""
    classes = {name: (low, high) for name, low, high in zip(SIZES, [0, *SIZES.values()], SIZES.values(), strict=False)}
    present = [name for name, (low, high) in classes.items() if any(low <= row.cell.size < high for row in report.rows)]
    spans = [classes[name] for name in present] + [(0, math.inf)] * (len(present) > 1)
    lines = []
    for level, own in report.levels().items():
        cells = [level]
        for low, high in spans:
            rows = (row for row in report.rows if low <= row.cell.size < high)
            ratios = [found[1] for row in rows if (found := best(report, row, own))]
            lost = sum(r < 1 for r in ratios)
            cells.append(f"{lost} of {len(ratios)}, {times(mean(ratios))}" if ratios else "·")
        lines.append(cells)
    return ["", *present, *["all"] * (len(present) > 1)], lines


def losses_to_rivals(report: Report, own: str = OWN) -> list[tuple[Row, str, float]]:
    """Cells where the fastest rival is faster than fastloss, worst first: who, and its share of fastloss's time."""
    found = [(row, *fastest) for row in report.rows if (fastest := best(report, row, own)) and fastest[1] < 1]
    return sorted(found, key=lambda item: item[2])
