"""Charts of one or more runs, by matplotlib (extra ``plot``)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import matplotlib

from .. import losses
from .._core.registry import REGISTRY
from .measure import CALLS, Row
from .report import FLOOR, OWN, Report, best, mean, processor, ratio, share

MARKERS = "os^Dv<>pPX*h"
GREY = "0.6"
WORDS = {"value": "value", "value_and_grad": "value and gradient"}
SWEPT = [
    "mse",
    "huber",
    "sigmoid_cross_entropy",
    "softmax_cross_entropy",
    "kl_divergence",
]  # of which sizes are shown in detail


def draw(reports: list[Report], folder: Path, wanted: Callable[[str], bool] = bool) -> list[Path]:
    """Every chart that the runs have the figures for, of the names that are wanted. Returns the files."""
    with matplotlib.rc_context({"svg.hashsalt": "fastloss", "axes.spines.top": False, "axes.spines.right": False}):
        from matplotlib import pyplot

        folder.mkdir(parents=True, exist_ok=True)
        made = []
        for name, figure in figures(reports):
            if wanted(name):
                made.append(folder / f"{name}.svg")
                figure.savefig(made[-1], bbox_inches="tight", metadata={"Date": None})
            pyplot.close(figure)
    if not made:
        raise ValueError("there is nothing to draw: the runs have no rows")
    return made


def figures(reports: list[Report]) -> Iterator[tuple[str, Any]]:
    """Names and figures."""
    for report in reports:
        suffix = f"{report.threads}-thread" + ("s" if report.threads > 1 else "")
        if report.rivals():
            yield f"best-rival-{suffix}", best_rival(report)
        for dtype in unique(row.cell.dtype for row in report.rows):
            rows = [row for row in largest(report) if row.cell.dtype == dtype]
            yield f"speedup-{dtype}-{suffix}", speedup(report, rows, dtype)
            yield f"memory-speed-{dtype}-{suffix}", memory_speed(report, rows, dtype)
            if any(t.peak is not None for row in rows for t in row.timings.values()):
                yield f"peak-memory-{dtype}-{suffix}", peak_memory(report, rows, dtype)
        if swept(report):
            yield f"sizes-{suffix}", sizes(report)
    single = next((r for r in reports if r.threads == 1), None)
    many = next((r for r in reports if r.threads > 1), None)
    if single and many:
        yield "threads", scaling(single, many)


def families() -> dict[str, list[str]]:
    """The losses of each file of `fastloss/losses`."""
    modules = {name: thing for name, thing in vars(losses).items() if isinstance(thing, ModuleType)}
    found = {
        name: [key for key, thing in vars(module).items() if thing is REGISTRY.get(key)]
        for name, module in modules.items()
    }
    return {name.replace("_", " "): members for name, members in found.items() if members}


def swept(report: Report) -> list[str]:
    """Losses of which there are enough sizes for a line, at most five."""
    sizes: dict[str, set[int]] = {}
    for row in report.rows:
        sizes.setdefault(row.cell.loss, set()).add(row.cell.size)
    enough = [loss for loss, found in sizes.items() if len(found) >= 5]
    return [loss for loss in SWEPT if loss in enough] or enough[:5]


def best_rival(report: Report) -> Any:
    """How many times as long the fastest rival takes: the geometric mean of each family, over the size of the batch."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4.8), sharey=True, layout="constrained")
    figure.suptitle(f"Time of the fastest rival relative to {report.title()}")
    for call, ax in zip(CALLS, axes, strict=True):
        for i, (name, members) in enumerate(families().items()):
            ratios: dict[int, list[float]] = {}
            for row in report.rows:
                if row.cell.call == call and row.cell.loss in members and (found := best(report, row)):
                    ratios.setdefault(nearest(report, row), []).append(found[1])
            shown = [(size, mean(each)) for size, each in sorted(ratios.items())]
            if shown:
                ax.plot(*zip(*shown, strict=True), label=name, **dress(i))
        ax.axhline(1, color="black", linewidth=1)
        ax.set(xscale="log", yscale="log", xlabel="numbers in the batch")
        ax.set_title(WORDS[call], fontsize="medium")
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter("{x:g}")
        ax.tick_params(axis="y", which="minor", labelsize="x-small")
        ax.grid(color="0.9", linewidth=0.7)
        ax.set_axisbelow(True)
    axes[0].set_ylabel("times as long as fastloss; below the line: faster")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize="small")
    return figure


def dress(i: int) -> dict[str, Any]:
    """The style of a family's line."""
    colors = matplotlib.colormaps["tab10"].colors  # type: ignore[attr-defined]
    return {"color": colors[i % len(colors)], "marker": MARKERS[i % len(MARKERS)], "markersize": 5, "linewidth": 1.5}


def nearest(report: Report, row: Row) -> int:
    """The size that was asked for: whole rows are a little smaller."""
    return next((size for size in report.sizes() if 0.9 * size < row.cell.size <= size), row.cell.size)


def unique(values: Any) -> list[Any]:
    """In the order of their first appearance."""
    return list(dict.fromkeys(values))


def largest(report: Report) -> list[Row]:
    """The rows of each loss's largest batch."""
    most: dict[str, int] = {}
    for row in report.rows:
        most[row.cell.loss] = max(most.get(row.cell.loss, 0), row.cell.size)
    return [row for row in report.rows if row.cell.size > 0.9 * most[row.cell.loss]]


def label(row: Row) -> str:
    """A loss's line in a chart."""
    return row.cell.loss + (f" ({row.cell.classes:,} classes)" if row.cell.classes else "")


def size_of(rows: list[Row]) -> str:
    """What is common to the rows of a chart."""
    return f"{max(row.cell.size for row in rows):,} numbers"


def panels(rows: list[Row], title: str) -> tuple[Any, dict[str, Any], list[str]]:
    """Two charts beside each other, for the two calls, with a line for each loss, the first at the top."""
    from matplotlib import pyplot

    labels = unique(label(row) for row in rows)
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 1.5 + 0.32 * len(labels)), sharey=True, layout="constrained")
    figure.suptitle(title)
    for ax, call in zip(axes, CALLS, strict=True):
        ax.set_title(WORDS[call], fontsize="medium")
        ax.set_yticks(range(len(labels)), labels)
        ax.set_ylim(len(labels) - 0.5, -0.5)
        ax.grid(color="0.9", linewidth=0.7)
        ax.set_axisbelow(True)
    return figure, dict(zip(CALLS, axes, strict=True)), labels


def speedup(report: Report, rows: list[Row], dtype: str) -> Any:
    """How many times as long each rival takes."""
    title = f"Time relative to fastloss ({dtype}, {size_of(rows)}, {threads(report)})"
    figure, axes, labels = panels(rows, title)
    for call, ax in axes.items():
        for name, marker in zip(report.rivals(), MARKERS, strict=False):
            shown = [(r, labels.index(label(row))) for row in rows if row.cell.call == call and (r := ratio(row, name))]
            if shown:
                ax.plot(*zip(*shown, strict=True), marker, label=name, markersize=6, alpha=0.8)
        ax.axvline(1, color="black", linewidth=1)
        ax.set_xscale("log")
        ax.set_xlabel("times as long as fastloss; left of the line: faster")
    figure.legend(*axes[CALLS[0]].get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure


def memory_speed(report: Report, rows: list[Row], dtype: str) -> Any:
    """How much of the speed of memory is reached."""
    figure, axes, labels = panels(rows, f"Share of the speed of memory ({dtype}, {size_of(rows)}, {threads(report)})")
    for call, ax in axes.items():
        shown = [(labels.index(label(row)), s) for row in rows if row.cell.call == call and (s := share(row))]
        for y, s in shown:
            ax.barh(y, min(s, 1.2), color="0.45", height=0.7)
            ax.text(min(s, 1.2) + 0.02, y, f"{s:.0%}", va="center", fontsize="small")
        ax.axvline(1, color="black", linewidth=1)
        ax.set_xlim(0, 1.4)
        ax.set_xlabel("a loop that only reads and writes = 1")
    return figure


def peak_memory(report: Report, rows: list[Row], dtype: str) -> Any:
    """What each takes beside the inputs, at its peak."""
    title = f"Memory taken by one call, but for arrays given for results ({dtype}, {size_of(rows)}, {threads(report)})"
    figure, axes, labels = panels(rows, title)
    for call, ax in axes.items():
        for name, marker in zip([OWN, *report.rivals()], MARKERS, strict=False):
            shown = [
                (max(t.peak, 0) / 2**20, labels.index(label(row)))
                for row in rows
                if row.cell.call == call and (t := row.timings.get(name)) and t.peak is not None
            ]
            if shown:
                ax.plot(*zip(*shown, strict=True), marker, label=name, markersize=6, alpha=0.8)
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlim(left=-0.3)
        ax.set_xlabel("MiB")
    figure.legend(*axes[CALLS[0]].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return figure


def sizes(report: Report) -> Any:
    """Time for each number, from one to the largest batch."""
    from matplotlib import pyplot

    dtype = report.rows[0].cell.dtype
    rows = [row for row in report.rows if row.cell.dtype == dtype]
    shown_losses = swept(report)
    figure, axes = pyplot.subplots(
        len(shown_losses),
        2,
        figsize=(11, 0.8 + 2.9 * len(shown_losses)),
        sharex=True,
        squeeze=False,
        layout="constrained",
    )
    figure.suptitle(f"Time for each number by size of the batch ({dtype}, {threads(report)})")
    for loss, pair in zip(shown_losses, axes, strict=True):
        for call, ax in zip(CALLS, pair, strict=True):
            for name, marker in zip([OWN, *report.rivals(), FLOOR], MARKERS, strict=False):
                shown = [
                    (row.cell.size, row.timings[name].median / row.cell.size * 1e9)
                    for row in rows
                    if (row.cell.loss, row.cell.call) == (loss, call) and name in row.timings
                ]
                style: dict[str, Any] = (
                    {"color": GREY, "linestyle": "--"} if name == FLOOR else {"marker": marker, "markersize": 4}
                )
                if shown:
                    style["linewidth"] = 2.5 if name == OWN else 1
                    ax.plot(*zip(*sorted(shown), strict=True), label=name, **style)
            ax.set(xscale="log", yscale="log", title=f"{loss}, {WORDS[call]}")
            ax.title.set_fontsize("medium")
            ax.grid(color="0.9", linewidth=0.7)
            for level, size in (caches() if report.processor == processor() else {}).items():
                arrays = 2 if call == "value" else 3
                ax.axvline(size / arrays / (4 if dtype == "float32" else 8), color=GREY, linewidth=0.8, linestyle=":")
                ax.text(
                    size / arrays / 4, ax.get_ylim()[1], level, fontsize="x-small", ha="right", va="top", rotation=90
                )
        pair[0].set_ylabel("ns a number")
    for ax in axes[-1]:
        ax.set_xlabel("numbers in the batch (dotted: where they outgrow a cache)")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return figure


def scaling(single: Report, many: Report) -> Any:
    """What more threads gain on the largest batches."""
    before = {row.cell: row for row in largest(single)}
    rows = [row for row in largest(many) if row.cell in before and row.cell.dtype == many.rows[0].cell.dtype]
    title = f"Speed-up from 1 to {many.threads} threads ({many.rows[0].cell.dtype}, {size_of(rows)})"
    figure, axes, labels = panels(rows, title)
    for call, ax in axes.items():
        for name, marker in zip([OWN, *many.rivals(), FLOOR], MARKERS, strict=False):
            shown = [
                (before[row.cell].timings[name].median / row.timings[name].median, labels.index(label(row)))
                for row in rows
                if row.cell.call == call and name in row.timings and name in before[row.cell].timings
            ]
            if shown:
                ax.plot(*zip(*shown, strict=True), marker, label=name, markersize=6, alpha=0.8)
        ax.axvline(1, color="black", linewidth=1)
        ax.set_xlim(left=0)
        ax.set_xlabel("times as fast as on one thread")
    figure.legend(*axes[CALLS[0]].get_legend_handles_labels(), loc="outside lower center", ncols=6, frameon=False)
    return figure


def threads(report: Report) -> str:
    """In words."""
    return f"{report.threads} thread" + ("s" if report.threads > 1 else "")


def caches() -> dict[str, int]:
    """The processor's data caches as the system tells of them: level and bytes."""
    found = {}
    for index in sorted(Path("/sys/devices/system/cpu/cpu0/cache").glob("index*")):
        try:
            if (index / "type").read_text().strip() != "Instruction":
                size = (index / "size").read_text().strip()
                found[f"L{(index / 'level').read_text().strip()}"] = (
                    int(size[:-1]) * {"K": 1024, "M": 1 << 20}[size[-1]]
                )
        except (OSError, ValueError, KeyError):
            continue
    return found
