"""A page for every loss, and the gallery: made of its definition, its docstring, and the tables of the guide's other pages."""

import importlib
import pkgutil
import re

import numpy as np
from formulas import latex
from matplotlib import pyplot

import fastloss as fl
from fastloss import losses as definitions
from fastloss import plot
from fastloss._core.hyperparameters import Number, Parameter
from fastloss._core.registry import REGISTRY

FAMILIES = {
    "Numbers": ("regression",),
    "Robust": ("robust",),
    "Quantiles and tubes": ("quantiles",),
    "Relative errors": ("relative",),
    "Counts and amounts": ("counts",),
    "Two classes": ("margin", "classification"),
    "Many classes": ("multiclass", "ordered"),
    "Distributions": ("divergence",),
    "Spread, direction, overlap, order, time and sequence": (
        "likelihood",
        "forecasts",
        "embedding",
        "overlap",
        "boxes",
        "ranking",
        "survival",
        "alignment",
    ),
}
REST = "More"
VALUES = {  # what a parameter is drawn at beside its default, where that is not half and double
    ("barron", "alpha"): (2.0, 0.0, -2.0),
    ("barron", "delta"): (),
    ("quantile", "alpha"): (0.1, 0.9),
    ("expectile", "alpha"): (0.1, 0.9),
    ("epsilon_insensitive", "epsilon"): (0.5, 1.0),
    ("squared_epsilon_insensitive", "epsilon"): (0.5, 1.0),
    ("mape", "eps"): (),  # it is felt near a target of 0 alone
    ("tweedie_nll", "power"): (1.1, 1.9),
    ("tweedie_deviance", "power"): (1.1, 2.5),
    ("sigmoid_focal", "alpha"): (0.25,),
    ("sigmoid_focal", "gamma"): (0.0, 5.0),
    ("softmax_focal", "gamma"): (0.0, 5.0),
    ("sigmoid_asymmetric", "gamma_pos"): (0.0, 4.0),
    ("sigmoid_asymmetric", "gamma_neg"): (),  # of targets of 0
    ("sigmoid_asymmetric", "clip"): (),
    ("softmax_poly", "epsilon"): (-1.0, 3.0),
    ("softmax_generalized_cross_entropy", "q"): (0.2, 1.0),
    ("weston_watkins_hinge", "power"): (2.0,),
    ("tversky", "alpha"): (),  # one pixel that is in the set cannot be a false alarm
    ("tversky", "beta"): (0.25, 0.75),
}
AT = {  # where a loss of its own kind is drawn
    "smooth": (0.0, 4.0),
    "label_smoothing": (0.1, 0.2),
    "eps": (0.2,),
}
MEANINGS = {  # of a formula's letters, unless it says itself what they are
    "d": "pred − target", "p": "`pred`", "t": "`target`", "x": "`pred`", "s": "`pred`", "σ": "sigmoid", "N": "number of samples",
}  # fmt: skip
LETTERS = {  # of parameters
    "α": ("alpha",), "β": ("beta",), "γ": ("gamma",), "δ": ("delta",), "ε": ("epsilon", "eps"), "ρ": ("power",), "k": ("power",),
    "M": ("margin",), "S": ("smooth",), "P": ("pos_weight",), "q": ("q",), "c": ("clip",),
    "γ₊": ("gamma_pos",), "γ₋": ("gamma_neg",),
}  # fmt: skip
HEAD = "| loss | use it | avoid it |"


def families():
    """The losses of each family, in the order in which they are defined."""
    found = {title: [] for title in FAMILIES} | {REST: []}
    titles = {module: title for title, modules in FAMILIES.items() for module in modules}
    for module in pkgutil.iter_modules(definitions.__path__):
        for name, thing in vars(importlib.import_module(f"{definitions.__name__}.{module.name}")).items():
            if isinstance(thing, fl.Loss) and name == thing.name:
                found[titles.get(module.name, REST)].append(thing)
    order = list(REGISTRY)
    return {title: sorted(losses, key=lambda loss: order.index(loss.name)) for title, losses in found.items() if losses}


def pages(docs):
    """The page and the chart of every loss."""
    (docs / "losses").mkdir()
    charts = docs / "_generated" / "losses"
    charts.mkdir()
    advice, elsewhere = advised(docs), others((docs / "conventions.md").read_text())
    for family, losses in families().items():
        for loss in losses:
            chart(loss, charts / f"{loss.name}.svg")
            text = page(loss, family, advice.get(loss.name), elsewhere.get(loss.name, []))
            (docs / "losses" / f"{loss.name}.md").write_text(text)


def page(loss, family, advice, elsewhere):
    """The text of a loss's page."""
    value, slope = map(latex, loss.shown)
    summary = loss.doc.splitlines()[0]
    names = "Also " + ", ".join(f"`{alias}`" for alias in loss.aliases) + "." if loss.aliases else ""
    text = [
        f'---\nmyst:\n  html_meta:\n    description: "{summary}"\n---',
        f"# {loss.name}",
        f"{summary} {names}",
        f"```{{math}}\n\\ell = {value}\n```\n\n```{{math}}\n\\ell' = {slope}\n```",
        legend(loss),
        f"![Loss, slope and curvature of {drawn(loss)}](../_generated/losses/{loss.name}.svg)",
    ]
    if advice:
        where, title, use, leave = advice
        text += [f"**Use it**: {use}." if use else "", f"**Avoid it**: {leave}." if leave else ""]
        text += [f"In the guide: [{title}](../{where}.md)."]
    text += [f"## Call\n\n```{{eval-rst}}\n.. autofunction:: fastloss.{loss.name}\n```"]
    for alias in loss.aliases:
        text += [f"```{{eval-rst}}\n.. py:data:: fastloss.{alias}\n\n   The same object as `{loss.name}`.\n```"]
    if elsewhere:
        rows = "\n".join(f"| {library} | {theirs} | {ours} | {note} |" for library, theirs, ours, note in elsewhere)
        text += ["## Elsewhere\n\nBoth give the same; the [names](../conventions.md#migration) stand for arrays.\n\n"]
        text[-1] += f"| library | there | here | |\n|---|---|---|---|\n{rows}"
    return "\n\n".join(filter(None, text)) + "\n"


def legend(loss):
    """What the formula's letters stand for, and what may be given."""
    shown, short = " ".join(loss.shown).translate(str.maketrans("ˣˢ", "xs")), loss.inputs.short
    named = {letter: f"`{name}`" for letter, names in LETTERS.items() for name in names if name in loss.parameters}
    parts = []
    for letter, meaning in {**MEANINGS, **named}.items():
        alone = letter if len(letter) > 1 else rf"(?<![a-z]){letter}(?![a-z₊₋])|(?<=[αeγ]){letter}"
        itself = re.search(rf"(?<!\w){letter}ⱼ? =", shown) or re.search(rf"{letter} a |, {letter}\) = pred", short)
        if letter in named or (re.search(alone, shown) and not itself):
            parts.append(f"{letter} = {meaning}")
    return (f"With {', '.join(parts)}. " if parts else "") + (f"Inputs: {short}." if short else "")


def advised(docs):
    """When to use each loss, by the tables of the guide's pages: page, its title, use it, avoid it."""
    found = {}
    for path in sorted(docs.glob("*.md")):
        text = path.read_text()
        for table in text.split(HEAD)[1:]:
            for row in table.splitlines()[2:]:
                if not row.startswith("|"):
                    break
                names, use, leave = (cell.strip() for cell in row.strip("|").split(" | "))
                for name in re.findall(r"`(\w+)`", names):
                    found[name] = (path.stem, re.search("^# (.*)$", text, re.MULTILINE)[1], use, leave)
    return found


def others(conventions):
    """What each loss is called in other libraries, by the table of conventions."""
    found = {}
    for part in conventions.split("\n### ")[1:]:
        library = part.splitlines()[0]
        for row in part.splitlines():
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row.strip("|"))]
            if len(cells) == 3 and (name := re.search(r"fl\.(\w+)\(", cells[1])):
                found.setdefault(REGISTRY.get(name[1], fl).__name__, []).append((library, *cells))
    return found


# ---- pictures --------------------------------------------------------------------------------------------------------


def settings(loss):
    """The parameters of each line of its chart: the defaults, and what shows what each parameter does."""
    lines = [{}]
    for name, parameter in loss.parameters.items():
        if not isinstance(parameter, (Parameter, Number)):
            continue
        default = parameter.default
        usual = AT.get(name, (default / 2, default * 2) if default else ())
        for value in VALUES.get((loss.name, name), usual):
            try:
                parameter.checked(name, value)
            except ValueError:
                continue
            lines.append({name: value})
    return lines


def drawn(loss):
    """What its chart shows, in words."""
    given = [", ".join(f"{k}={v:g}" for k, v in own.items()) for own in settings(loss)[1:]]
    return f"{loss.name}" + (f", also at {', '.join(given)}" if given else "")


BOX = [[0.0, 0.0, 1.0, 1.0]]
SHAPED = {  # losses of other shapes: predictions, of which one number moves, the target, and which number that is
    "crps_ensemble": ([[0.0, -0.5, 0.5]], [0.0], (0, 0)),
    **dict.fromkeys(("iou", "giou", "diou", "ciou"), (BOX, BOX, (0, 2))),
    "ctc": ([[[0.0] * 3] * 2], [[1]], (0, 0, 1)),
    "triplet": ([[0.0, 0.5], [1.0, 0.0], [-1.0, 0.0]], [[0, 1, 2]], (0, 0)),
    "supcon": ([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]], [0, 0, 1], (0, 0)),
    "nt_xent": ([[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [-1.0, 0.5]], [0, 0, 1, 1], (0, 0)),
}


def lines(loss, x, order):
    """The loss, its slope or its curvature at every x, for each setting."""
    for own in settings(loss):
        if loss.cost_only or loss.name in SHAPED:
            yield own, np.array([moved(loss, number, order, own) for number in x])
        else:
            yield own, plot.along(loss, own, x, target(loss), order)


def target(loss):
    """The probability of the class, 1 unless that makes everything infinite."""
    middle = np.full(1, 0.5)
    return 1.0 if np.isfinite(plot.along(loss, {}, middle, 1.0, 0)).all() else 0.9


def moved(loss, number, order, own):
    """A cost of three samples, of which the first moves; of other shapes, the loss of one sample or of few."""
    if loss.name in SHAPED:
        pred, target, place = SHAPED[loss.name]
        pred = np.array(pred)
        pred[place] = number
        if order == 0:
            return loss(pred, target, reduction="sum", **own)
        return loss.grad_and_hess(pred, target, reduction="sum", **own)[order - 1][place]
    pred, target = (
        (np.array([number, 1.0, -1.0]), np.array([1.0, 2.0, 3.0])) if loss is fl.cox
        else (np.array([number, 1.0, 1.0]), np.array([1.0, 0.5, 2.0]))
    )  # fmt: skip
    if order == 0:
        return loss(pred, target, **own)
    return loss.grad_and_hess(pred, target, **own)[order - 1][0]


def span(loss):
    return plot.line_of(loss).span


def chart(loss, path):
    """Loss, slope and curvature, a line for each setting."""
    x = np.linspace(*span(loss), plot.POINTS)
    axes = plot.new(columns=3, width=11.0)
    along = "score" if loss is fl.cox else plot.line_of(loss).label
    if loss.name in SHAPED:
        along = "one of the numbers predicted"
    elif loss.cost_only:
        along += " of the first"
    elif target(loss) != 1:
        along += f"; target {target(loss)}"
    axes[0].figure.set_figheight(3.6)
    whole = loss.cost_only and loss.name not in SHAPED
    names = ("cost of three samples" if whole else "loss", "slope", "curvature")
    for order, (ax, name) in enumerate(zip(axes, names, strict=True)):
        drawings = list(lines(loss, x, order))
        for i, (own, y) in enumerate(drawings):
            told = ", ".join(f"{key}={value:g}" for key, value in own.items())
            own_default = {key: loss.parameters[key].default for other, _ in drawings for key in other}
            usual = ", ".join(f"{key}={value:g}" for key, value in own_default.items() if value is not None)
            style = plot.style(i, len(drawings)) | ({} if i else {"linewidth": 2.4})
            ax.plot(x, y, label=told or usual or loss.name, markevery=(37 + 20 * i, 150), **style)
        ax.axhline(0, color="0.6", linewidth=0.8, zorder=1)
        ax.set(title=name, xlabel=along)
        plot.dress(ax)
    if len(drawings) > 1:
        plot.explain(axes[0], alone=True)
    axes[0].figure.savefig(path, metadata={"Date": None})
    pyplot.close(axes[0].figure)


def gallery():
    """Every loss as a small chart that leads to its page, family by family. In HTML, whose colours follow the page's."""
    text = []
    for family, losses in families().items():
        cards = "\n".join(map(card, losses))
        text.append(f'### {family}\n\n```{{raw}} html\n<div class="gallery">\n{cards}\n</div>\n```')
    return "\n\n".join(text) + "\n"


def card(loss):
    name = loss.name.replace("_", "_<wbr>")
    return f'<a class="card" href="losses/{loss.name}.html">{thumbnail(loss)}<span>{name}</span></a>'


def thumbnail(loss, width=120, height=64):
    """The chart of a loss in a few lines of SVG."""
    x = np.linspace(*span(loss), 61)
    ys = [y for _, y in lines(loss, x, 0)]
    low, high = min(0.0, *(y.min() for y in ys)), max(y.max() for y in ys[:1])
    high += 0.06 * (high - low)
    across = np.linspace(2, width - 2, len(x))
    drawn = [(f"M2 {level(0.0, low, high, height):.1f}H{width - 2}", "axis")]
    for i, y in reversed(list(enumerate(ys))):
        down = level(y, low, high, height)
        points = " ".join(f"{a:.0f} {b:.1f}" for a, b in zip(across, down, strict=True) if b >= -height)
        drawn.append((f"M{points}", "line" if i == 0 else "other"))
    paths = "".join(f'<path class="{kind}" d="{d}"/>' for d, kind in drawn)
    return f'<svg viewBox="0 0 {width} {height}" aria-hidden="true">{paths}</svg>'


def level(y, low, high, height):
    """How far down a number is drawn."""
    return height - 3 - (height - 6) * (y - low) / (high - low)
