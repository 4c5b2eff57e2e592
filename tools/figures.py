"""Write the README's figures from a run of the benchmark, and draw its chart.

    python -m fastloss bench --peers --backend x86-64-v3 --json docs/benchmarks/two-threads.json
    python tools/figures.py

The text goes between two marks.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from fastloss.bench import charts
from fastloss.bench.measure import CALLS, Row
from fastloss.bench.report import FLOOR, OWN, Report, duration, losses_to_rivals, ratio

ROOT = Path(__file__).parent.parent
RUN = ROOT / "docs" / "benchmarks" / "two-threads.json"
START, END = "<!-- figures -->\n", "<!-- end of figures -->"


def best_rival(report: Report, row: Row) -> str:
    """The fastest of the others and how many times as long it takes."""
    ratios = {name: r for name in report.rivals() if (r := ratio(row, name)) is not None}
    name = min(ratios, key=lambda n: ratios[n])
    return f"{name} {ratios[name]:.1f}×"


def section(report: Report) -> str:
    """The text between the markers."""
    largest = max(row.cell.size for row in report.rows)
    large = {(r.cell.loss, r.cell.dtype, r.cell.call): r for r in report.rows if r.cell.size > 0.9 * largest}
    names = ", ".join(f"{name} {report.versions[name].split(',')[0].split(' on ')[0]}" for name in report.rivals())
    lines = [
        f"{report.date}, {report.processor}, {report.threads} threads, {report.versions[OWN]};",
        f"{names}.",
        f"{largest:,} numbers (losses of rows: 1,000 classes). Each cell: time, how much of the speed of memory that is",
        "(a compiled loop that only reads the inputs, and writes the gradient, in the same run), and the fastest of the others",
        "with how many times as long it takes.",
        "",
        "| loss | float32 value | value and gradient | float64 value | value and gradient |",
        "|---|---|---|---|---|",
    ]
    for loss in dict.fromkeys(row.cell.loss for row in report.rows):
        cells = []
        for dtype in ("float32", "float64"):
            for call in CALLS:
                row = large[loss, dtype, call]
                share = ratio(row, FLOOR)
                cells.append(f"{duration(row.timings[OWN].median)}, {share:.0%}, {best_rival(report, row)}")
        lines.append(f"| `{loss}` | " + " | ".join(cells) + " |")
    lost = losses_to_rivals(report)
    noise = [item for item in lost if item[2] >= 0.95]
    sizes = ", ".join(f"{n:,}" for n in sorted({row.cell.size for row in report.rows if not row.cell.classes}))
    lines += [
        "",
        f"Over all sizes ({sizes}), a rival is faster in {len(lost)} of {len(report.rows)} cells,",
        f"in {len(noise)} of them by less than 5 %. The worst:",
        "",
        "| cell | fastloss | faster |",
        "|---|---|---|",
    ]
    for row, name, faster in lost[:10]:
        lines.append(f"| {row.cell} | {duration(row.timings[OWN].median)} | {name}, {faster:.2f} of the time |")
    return "\n".join(lines) + "\n"


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else RUN
    readme = (ROOT / "README.md").read_text()
    before, rest = readme.split(START)
    report = Report.loads(path.read_text(), str(path))
    text = section(report)
    (ROOT / "README.md").write_text(before + START + text + END + rest.split(END)[1])
    with tempfile.TemporaryDirectory() as folder:
        chart = f"speedup-float32-{report.threads}-threads.svg"
        charts.draw([report], Path(folder))
        shutil.copy(Path(folder) / chart, RUN.parent / chart)


if __name__ == "__main__":
    main()
