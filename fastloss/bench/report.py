"""What a run found: as a table, and as JSON."""

from __future__ import annotations

import datetime
import json
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


@dataclass
class Report:
    """A whole run."""

    date: str
    processor: str
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


def rounded(value: Any) -> Any:
    """Times to four digits."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    return float(f"{value:.4g}") if isinstance(value, float) else value


def processor() -> str:
    """The processor's name, as far as the system tells."""
    try:
        with open("/proc/cpuinfo") as info:
            return next(line.split(":")[1].strip() for line in info if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


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
    lost = losses_to_rivals(report)
    print(f"a rival is faster in {len(lost)} of {len(report.rows)} cells" + (":" if lost else ""))
    if lost:
        _terminal.table(sys.stdout, ["", "rival", "time"], [[str(row.cell), name, times(r)] for row, name, r in lost])


def losses_to_rivals(report: Report, own: str = OWN) -> list[tuple[Row, str, float]]:
    """Cells where the fastest rival is faster than fastloss, worst first: who, and its share of fastloss's time."""
    found = []
    for row in report.rows:
        ratios = {name: r for name in report.rivals() if (r := ratio(row, name, own)) is not None}
        if ratios and own in row.timings:
            best = min(ratios, key=lambda name: ratios[name])
            if ratios[best] < 1:
                found.append((row, best, ratios[best]))
    return sorted(found, key=lambda item: item[2])
