"""Write the README's two sentences on speed from a run of the benchmark, and draw its chart.

    python -m fastloss bench --peers --backend x86-64-v3 --json docs/benchmarks/two-threads.json
    python tools/figures.py

The sentences go between two marks.
"""

import shutil
import sys
import tempfile
import textwrap
from pathlib import Path

from fastloss.bench import charts
from fastloss.bench.report import OWN, Report, losses_to_rivals

ROOT = Path(__file__).parent.parent
RUN = ROOT / "docs" / "benchmarks" / "two-threads.json"
START, END = "<!-- figures -->\n", "<!-- end of figures -->"


def section(report: Report) -> str:
    """The text between the marks: what was measured, and where a rival is faster."""
    large = charts.largest(report)
    cells = {row.cell for row in large}
    lost = losses_to_rivals(report)
    lost_large = [item for item in lost if item[0].cell in cells]
    worst, name, least = lost[0]
    text = (
        f"{max(row.cell.size for row in large):,} numbers (losses of rows: 1,000 classes) on {report.threads} threads of an"
        f" {report.processor}, {report.date}, {report.versions[OWN].split(',')[0]}: fastloss is the fastest in"
        f" {len(large) - len(lost_large)} of {len(large)} calls. Over all sizes, from one number up, a rival is faster in"
        f" {len(lost)} of {len(report.rows)}, {len(lost) - len(lost_large)} of them smaller batches: mostly {commonest(lost)}, down"
        f" to {least:.2f} of the time ({name}, `{worst.cell.loss}` of {worst.cell.size:,} numbers)."
    )
    return textwrap.fill(text, 132, break_long_words=False, break_on_hyphens=False) + "\n"


def commonest(lost: list) -> str:
    """The rival that is faster most often."""
    names = [name for _, name, _ in lost]
    return max(names, key=names.count)


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
