"""What the guide shows and nobody wrote: pictures drawn by fastloss.plot, tables made of definitions and measurements.

Everything goes to `_generated/`, the pages of the losses to `losses/`, and the tour to `tour.md`; each build makes them
anew. A missing or unreadable file of measurements is an error.
"""

import contextlib
import io
import itertools
import json
import re
import shutil
import sys

import entries
import matplotlib
import numpy as np
from matplotlib import pyplot
from sphinx.errors import ExtensionError

import fastloss as fl
from fastloss import plot
from fastloss._core import tables
from fastloss.bench import charts
from fastloss.bench.report import OWN, Report, duration, losses_to_rivals, mean, ratio, share, standing, times

CALLS = {"value": "cost", "value_and_grad": "with\N{NO-BREAK SPACE}gradient"}


def everything(docs):
    """Pictures and tables, from scratch."""
    folder = docs / "_generated"
    for made in (folder, docs / "losses"):
        shutil.rmtree(made, ignore_errors=True)
    folder.mkdir()
    matplotlib.use("svg")
    with matplotlib.rc_context({"svg.hashsalt": "fastloss", "savefig.transparent": True}):
        for make in PICTURES:
            save(make(), folder / f"{make.__name__}.svg")
        entries.pages(docs)
        performance(docs / "benchmarks", folder)
        every_loss(docs / "every-loss.json", folder)
        history(docs / "instructions.json", folder)
        ports(docs / "ports.json", folder)
        (docs / "tour.md").write_text(tour(docs.parent / "examples" / "tour.py", folder / "tour"))
    (folder / "losses.md").write_text(
        re.sub(r"^\| `(\w+)`", r"| [`\1`](losses/\1.md)", tables.markdown(), flags=re.MULTILINE)
    )
    (folder / "gallery.md").write_text(entries.gallery())
    accuracy(docs / "accuracy.json", folder)


# ---- pictures --------------------------------------------------------------------------------------------------------


def regression():
    return plot.curves(["mse", "mae", "huber", "pseudo_huber"])


def far_away():
    return plot.curves(["mse", "mae", "huber", "pseudo_huber"], span=(-12, 12))


def delta():
    return plot.curves(["huber:delta=0.5", "huber", "huber:delta=2", "mae"])


def robust():
    losses = ["huber", "fair", "cauchy", "geman_mcclure", "welsch", "tukey_biweight"]
    return plot.curves(losses, span=(-8, 8))


def general():
    return plot.curves([f"barron:alpha={alpha}" for alpha in (2, 1, 0, -2, -100)], span=(-6, 6))


def quantiles():
    levels = [f"quantile:alpha={alpha}" for alpha in (0.1, 0.5, 0.9)]
    return plot.curves([*levels, "expectile:alpha=0.9", "epsilon_insensitive:epsilon=0.5"], span=(-2, 2))


def relative():
    return plot.curves(["msle", "mape", "smape"])


def surfaces():
    """A line fitted to 60 points, four of which are 12 too high. The axes are intercept and slope."""
    X, y = planted()
    losses = ["mse", "mae", "huber"]
    axes = pyplot.subplots(1, 3, figsize=(13, 4.5), layout="constrained")[1]
    for loss, ax in zip(losses, axes, strict=True):
        plot.surface(loss, X, y, ax=ax).set(xlabel="intercept", ylabel="slope")
    return axes


def planted():
    """Samples of y = 1 + 2x and a little noise, and four outliers."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal(60)
    y = 1 + 2 * x + 0.3 * rng.standard_normal(60)
    y[:4] += 12
    return np.column_stack([np.ones_like(x), x]), y


def binary():
    return plot.curves(["hinge", "squared_hinge", "sigmoid_cross_entropy"])


def margins():
    return plot.curves(["perceptron", "hinge", "logistic", "modified_huber", "exponential"], span=(-2.5, 2.5))


def scores():
    return plot.curves(["sigmoid_cross_entropy", "sigmoid_focal", "sigmoid_asymmetric", "sigmoid_brier"])


def log_means():
    return plot.curves(["poisson_nll", "tweedie_nll", "gamma_nll", "negative_binomial_nll"], span=(-2, 2))


def means():
    return plot.curves(["poisson_deviance", "tweedie_deviance", "gamma_deviance"], span=(0.4, 4))


def probability():
    return plot.curves("binary_cross_entropy")


def multiclass():
    return plot.curves(["softmax_cross_entropy", "softmax_cross_entropy:label_smoothing=0.2"])


def divergences():
    return plot.curves(["categorical_cross_entropy", "kl_divergence"], target=0.7)


def noisy():
    return plot.curves(
        ["softmax_cross_entropy", "softmax_poly", "softmax_generalized_cross_entropy", "softmax_brier"], span=(-6, 4)
    )


def directions():
    return plot.curves(["kl_divergence", "reverse_kl_divergence", "jensen_shannon"], target=0.9)


def overlaps():
    return plot.curves(["dice", "jaccard", "tversky:alpha=0.3:beta=0.7"])


def saturation():
    """The derivative of two ways to judge a sigmoid, with respect to the logit."""
    x = np.linspace(-8, 8, plot.POINTS)
    p, ones = fl.sigmoid(x), np.ones_like(x)
    squared = fl.mse.grad(p, ones, reduction="none") * p * (1 - p)
    entropy = fl.sigmoid_cross_entropy.grad(x, ones, reduction="none")
    ax = plot.new(width=7.0)
    named = {"mse of sigmoid(x)": squared, "sigmoid_cross_entropy of x": entropy}
    for i, (name, y) in enumerate(named.items()):
        ax.plot(x, y, label=name, markevery=(37 * i, 75), **plot.style(i, 2))
    ax.set(xlabel="logit x; target 1", ylabel="derivative w.r.t. x")
    plot.dress(ax)
    plot.explain(ax, alone=True)
    return ax


def margin():
    """The widest street between two clouds: hinge and a little weight decay, by subgradient steps of 1/(λ·t)."""
    rng = np.random.default_rng(3)
    label = np.repeat([-1.0, 1.0], 25)
    points = rng.normal(size=(50, 2)) * 0.6 + 1.5 * label[:, None]
    X, decay = np.column_stack([points, np.ones(50)]), 0.01
    w = np.zeros(3)
    for t in range(1, 5001):
        w -= (X.T @ fl.hinge.grad(X @ w, label) + decay * w) / (decay * t)
    ax = plot.new(width=6.0)
    on_street = label * (X @ w) < 1.02
    for side, marker, name in ((-1, "o", "target −1"), (1, "^", "target 1")):
        ax.plot(*points[label == side].T, marker, color=plot.style((side + 1) // 2, 2)["color"], label=name)
    ax.plot(
        *points[on_street].T, "o", markersize=13, color="black", fillstyle="none", label="score·target ≤ 1: these pull"
    )
    first = np.array([-3.5, 3.5])
    for score, dash in ((0, "-"), (-1, "--"), (1, "--")):
        ax.plot(first, (score - w[2] - w[0] * first) / w[1], dash, color="0.3", label=f"score {score}")
    ax.set(ylim=(-3.5, 3.5), xlabel="first feature", ylabel="second feature")
    plot.dress(ax)
    plot.explain(ax, alone=True)
    return ax


PICTURES = [
    regression, far_away, delta, robust, general, quantiles, relative, surfaces, binary, probability, multiclass, divergences,
    saturation, margin, margins, scores, log_means, means, noisy, directions, overlaps,
]  # fmt: skip


def save(axes, path):
    figure = np.ravel(axes)[0].figure
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


# ---- the tour --------------------------------------------------------------------------------------------------------


def tour(program, folder):
    """A program as a page: its comments at the margin are the text, and what each part prints and draws stands below it."""
    folder.mkdir()
    text, names = [], {"__name__": "__main__"}
    told = sys.argv
    sys.argv = [str(program), str(folder)]
    try:
        for prose, part in itertools.groupby(program.read_text().splitlines(), lambda line: line.startswith("#")):
            lines = "\n".join(part)
            if prose:
                text.append(re.sub("^# ?", "", lines, flags=re.MULTILINE))
                continue
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(lines, program, "exec"), names)
            text.append(f"```python\n{lines.strip()}\n```")
            said = re.sub(r"^\[(.*): (\w+\.svg)\]\n", "", printed.getvalue(), flags=re.MULTILINE)
            text += [f"```text\n{said}```"] if said else []
            shown = re.findall(r"^\[(.*): (\w+\.svg)\]$", printed.getvalue(), flags=re.MULTILINE)
            text += [f"![{what}](_generated/tour/{name})" for what, name in shown]
    finally:
        sys.argv = told
        pyplot.close("all")
    return "\n\n".join(text) + "\n"


# ---- measurements ----------------------------------------------------------------------------------------------------


def read(path):
    try:
        return path.read_text()
    except OSError as error:
        raise ExtensionError(f"the guide shows the measurements in {path}, which cannot be read: {error}") from None


def markdown(head, rows):
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def performance(source, folder):
    """Every run that is stored: where it is from, how fastloss stands, charts, tables, and where it is not the fastest."""
    paths = sorted(source.glob("*.json"), key=lambda path: path.stem)
    if not paths:
        raise ExtensionError(f"the guide shows the measurements in {source}, where there are none")
    reports = {path.stem: Report.loads(read(path), str(path)) for path in paths}
    text = []
    for name, report in reports.items():
        drawn = {path.stem: path for path in charts.draw([report], folder / name)}
        first = next(stem for stem in drawn if stem.startswith("best-rival"))
        text += [f"## {report.title()}", origin(report), STANDING, markdown(*standing(report))]
        text += [picture(folder, drawn.pop(first))]
        for dtype in charts.unique(row.cell.dtype for row in report.rows):
            text += [f"**{dtype}**", timings(report, dtype)]
        text += [picture(folder, path) for path in drawn.values()]
        text += [slower(report)]
    for name, report in reports.items():
        alone = next((r for r in reports.values() if r.threads == 1 and r.processor == report.processor), None)
        if report.threads > 1 and alone:
            path = folder / f"{name}-threads.svg"
            save(charts.scaling(alone, report).axes, path)
            text += [f"## What threads gain on {report.make}", picture(folder, path)]
    (folder / "performance.md").write_text("\n\n".join(text) + "\n")


def every_loss(path, folder):
    """One size, all losses: where from, and the table."""
    report = Report.loads(read(path), str(path))
    tables = [timings(report, dtype) for dtype in charts.unique(row.cell.dtype for row in report.rows)]
    (folder / "every-loss.md").write_text("\n\n".join([origin(report), *tables]) + "\n")


STANDING = (
    "Beside the fastest rival of each cell, by instruction set and size of the batch: how many cells are lost to it, and the"
    " geometric mean of how many times as long it takes."
)


def picture(folder, path):
    return f"![{path.stem.replace('-', ' ')}](_generated/{path.relative_to(folder)})"


def origin(report):
    versions = "; ".join(f"{name} {version}" for name, version in report.versions.items())
    return (
        f"Measured on {report.date}: {report.processor}, {report.processors} processors, threads of each: {report.threads},"
        f" Python {report.python}. The median of {report.rounds} rounds. {versions}."
        + "".join(f" Not measured: {name} ({reason})." for name, reason in report.missing.items())
    )


def timings(report, dtype):
    """Milliseconds, the share of the speed of memory, and how many times as long the others take."""
    others = [name for name in report.versions if name in ("NumPy", *report.rivals())]
    head = ["loss", "call", OWN, "of memory", *others]
    rows = []
    for row in charts.largest(report):
        if row.cell.dtype == dtype:
            reached = share(row)
            own = [duration(row.timings[OWN].median), f"{reached:.0%}" if reached else "·"]
            rows.append(
                [f"`{row.cell.loss}`", CALLS[row.cell.call], *own, *(times(ratio(row, name)) for name in others)]
            )
    return markdown(head, rows)


def slower(report):
    """Where a rival is faster, in full."""
    lost = losses_to_rivals(report)
    sentence = f"A rival is faster in {len(lost)} of these {len(report.rows)} cells"
    if not lost:
        return sentence + "."
    head = ["loss, call, dtype, size", "faster", "its time / fastloss's"]
    return sentence + ":\n\n" + markdown(head, [[str(row.cell), name, f"{r:.2f}"] for row, name, r in lost])


def history(path, folder):
    """Instructions of a call by version and family of losses."""
    try:
        records = json.loads(read(path))
        backends = list(records[-1]["counts"])
        sizes = sorted({int(case.split()[2]) for case in records[-1]["counts"][backends[0]]})
        named = "; ".join(f"{record['version']} on {record['date']} by {record['compiler']}" for record in records)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ExtensionError(f"{path} is no history of instructions: {error!r}") from None
    figure, axes = pyplot.subplots(
        len(backends), len(sizes), figsize=(11, 1 + 3 * len(backends)), sharex=True, squeeze=False, layout="constrained"
    )
    for backend, line in zip(backends, axes, strict=True):
        for size, ax in zip(sizes, line, strict=True):
            for i, (family, members) in enumerate(charts.families().items()):
                taken = [
                    {case: n for case, n in record["counts"].get(backend, {}).items() if of(case, members, size)}
                    for record in records
                ]
                ax.plot(*zip(*chained(taken), strict=True), label=family, **charts.dress(i))
            ax.set_xticks(range(len(records)), [record["version"] for record in records])
            ax.set_title(f"{backend}, {size:,} numbers", fontsize="medium")
            ax.grid(color="0.9", linewidth=0.7)
    for ax in axes[:, 0]:
        ax.set_ylabel("instructions; at first 1")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize="small")
    save(axes, folder / "instructions.svg")
    picture = "![Instructions of a call by version, for each family of losses](_generated/instructions.svg)"
    (folder / "instructions.md").write_text(f"Recorded: {named}.\n\n{picture}\n")


def of(case, members, size):
    loss, _, numbers = case.split()
    return loss in members and int(numbers) == size


def chained(counts):
    """Version by version, 1 at first and then as many times more as the calls take that the version before has too."""
    level, before = 1.0, None
    for k, now in enumerate(counts):
        common = [now[case] / before[case] for case in now if case in before] if before else []
        level *= mean(common) if common else 1
        if now:
            before = now
            yield k, level


def ports(path, folder):
    """Cycles of the vector functions: what the models of processors allow, and what was measured. Beside the file may be others, of
    processors of other makes."""
    others = sorted(path.parent.glob(f"{path.stem}-*{path.suffix}"))
    texts = [cycles(one) for one in (path, *others)]
    (folder / "ports.md").write_text("\n".join(texts))


def cycles(path):
    """Those of one processor."""
    try:
        found = json.loads(read(path))
        models = found["models"]
        rows = [
            [
                f"`{row['function']}`", row["dtype"], row["backend"], f"{row['at a time']}", f"{row['instructions']:.2f}",
                *(f"{row[make]['uops']:.2f}" if make in row else "·" for make in models),
                *(f"{row[make]['cycles']:.2f} ({row[make]['busy']})" if make in row else "·" for make in models),
                *(f"{row[key]:.2f}" if key in row else "·" for key in ("measured", "ratio")),
            ]
            for row in found["rows"]
        ]  # fmt: skip
        text = f"Measured on {found['date']}: {found['processor']}, {found['compiler']}; bounds by LLVM {found['llvm']}.\n\n"
    except (KeyError, TypeError, ValueError) as error:
        raise ExtensionError(f"{path} is no table of cycles: {error!r}") from None
    head = ["function", "dtype", "kernels", "at a time", "instructions"]
    head += [f"uops, {model}" for model in models.values()] + [f"cycles, {model}" for model in models.values()]
    return text + markdown([*head, "measured", "measured / bound"], rows)


def accuracy(path, folder):
    """A line for each function, call, dtype and backend."""
    try:
        found = json.loads(read(path))
        rows = [
            [
                f"`{row['function']}`", row["call"], row["dtype"], row["backend"],
                f"{row['worst']:.3g}", f"{row['mean']:.3g}", f"{row['inputs']:,}", f"{row['where']}",
            ]
            for row in found["rows"]
        ]  # fmt: skip
        text = f"Measured on {found['date']}: {found['processor']}, NumPy {found['numpy']}.\n\n"
    except (KeyError, TypeError, ValueError) as error:
        raise ExtensionError(f"{path} is no table of accuracy: {error!r}") from None
    head = ["function", "call", "dtype", "kernels", "worst (ULP)", "mean (ULP)", "inputs", "worst at"]
    (folder / "accuracy.md").write_text(text + markdown(head, rows))
