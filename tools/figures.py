"""Write the README's figures from the runs that are stored, and draw its chart.

    python -m fastloss bench --peers --json docs/benchmarks/intel-x86-64-v4.json    # make and level of the processor
    python -m fastloss bench --peers --threads 1 --json docs/benchmarks/intel-x86-64-v4-one-thread.json
    python tools/figures.py [RUN]

Chart and table are of one run, by default the first; how fastloss stands beside its rivals is told of all that take several
threads. The text goes between two marks.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from fastloss.bench import charts
from fastloss.bench.measure import CALLS
from fastloss.bench.report import FLOOR, OWN, Report, best, duration, ratio, standing

ROOT = Path(__file__).parent.parent
RUNS = ROOT / "docs" / "benchmarks"
CHART = RUNS / "best-rival.svg"
START, END = "<!-- figures -->\n", "<!-- end of figures -->"


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    """As Markdown."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows)]


def section(report: Report, others: list[Report]) -> str:
    """The text between the marks."""
    sizes = report.sizes()
    rows = {(r.cell.loss, r.cell.dtype, r.cell.call): r for r in report.rows if r.cell.size > 0.9 * sizes[-1]}
    names = ", ".join(f"{name} {report.versions[name].split(',')[0].split(' on ')[0]}" for name in report.rivals())
    lines = []
    for loss in charts.SWEPT:
        cells = []
        for dtype in ("float32", "float64"):
            for call in CALLS:
                row = rows[loss, dtype, call]
                rival, slower = best(report, row)
                time = duration(row.timings[OWN].median)
                cells.append(f"{time}, {ratio(row, FLOOR):.0%}, {rival} {slower:.1f}×")
        lines.append([f"`{loss}`", *cells])
    text = [
        f"Measured with {report.title()} ({report.processor}), {report.date}, beside {names}.",
        f"{sizes[-1]:,} numbers, rows of 1,000 classes: time, share of memory's speed, the fastest rival and its multiple of it.",
        "",
        *table(["loss", "float32 value", "value and gradient", "float64 value", "value and gradient"], lines),
        "",
        f"Over {', '.join(f'{n:,}' for n in sizes)} numbers: cells (loss, call, dtype, size) in which the fastest rival is faster,",
        "and the geometric mean of how many times as long that rival takes. Rivals always use the best instruction set available;",
        "only fastloss is limited to the level named.",
    ]
    head, _ = standing(others[0])
    found = [
        [f"{other.make}, {level}", *cells] for other in others for level, *cells in standing(other)[1][:2]
    ]  # the best two
    text += ["", *table(head, found)]
    return "\n".join(text) + "\n"


def chosen(path: Path | None = None) -> tuple[Report, list[Report]]:
    """The run of table and chart, and all on several threads."""
    paths = sorted(RUNS.glob("*.json"), key=lambda path: path.stem)
    runs = [Report.loads(path.read_text(), str(path)) for path in paths]
    first = Report.loads(path.read_text(), str(path)) if path else runs[0]
    return first, [report for report in runs if report.threads > 1] or runs


def main() -> None:
    report, others = chosen(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    readme = ROOT / "README.md"
    before, rest = readme.read_text().split(START)
    readme.write_text(before + START + section(report, others) + END + rest.split(END)[1])
    with tempfile.TemporaryDirectory() as folder:
        drawn = charts.draw([report], Path(folder))
        shutil.copy(next(path for path in drawn if path.stem.startswith("best-rival")), CHART)


if __name__ == "__main__":
    main()
