"""Charts of the losses, with matplotlib (extra ``plot``): what they cost, how hard they pull, and the way down.

All that is drawn is computed by the losses themselves, with ``reduction="none"`` and `.grad`. Lines differ in shade, dash and
marker, so that a chart can be printed without colours.

>>> from fastloss import plot
>>> ax = plot.compare("l1", "l2", "huber:delta=2")
>>> ax.get_xlabel()
'pred − target'
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from ._core.domains import PROBABILITY as SHARE
from ._core.domains import SIGN, Array
from ._core.families import RowLoss, TwoOutputs, TwoRows, WithAxis
from ._core.hyperparameters import lists_by_column
from ._core.inputs import ABOVE_MINUS_ONE, AMOUNTS
from ._core.loss import Loss
from ._core.registry import with_parameters

__all__ = ["compare", "curves", "surface"]

POINTS = 601
DASHES = ("-", "--", "-.", ":")
MARKERS = "os^Dv<>pX"  # nine, which shares no factor with the dashes: 36 lines differ
LIGHTEST = 0.8  # of the colour map, whose brightness only rises


# ---- what runs along the chart ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """The line through a loss's inputs along which it is drawn."""

    label: str
    span: tuple[float, float]


ERROR = Line("pred − target", (-3.0, 3.0))
AMOUNT = Line("prediction", (0.02, 4.0))  # of what is judged beside the target's size
SCORE = Line("score (logit) of the class", (-4.0, 4.0))
PROBABILITY = Line("probability of the class", (0.05, 0.95))
MEAN = Line("mean", (0.1, 4.0))
LOG_MEAN = Line("logarithm of the mean", (-3.0, 3.0))


def line_of(loss: Loss) -> Line:
    """What a loss is drawn against. Rows have two classes: logits (x, 0), or probabilities (x, 1 − x)."""
    if loss.inputs in (ABOVE_MINUS_ONE, AMOUNTS):
        return AMOUNT
    if loss.link == "log":
        return LOG_MEAN
    if "pred" in loss.domains:
        return PROBABILITY if loss.domains["pred"] is SHARE else MEAN
    return SCORE if "target" in loss.domains or isinstance(loss, RowLoss) else ERROR


def inputs(loss: Loss, x: Array, target: float) -> tuple[Array, Array, Array]:
    """Predictions along the line, their targets, and the line's direction in the space of predictions."""
    line = line_of(loss)
    if isinstance(loss, TwoOutputs):  # of variance 1
        return np.stack([x, np.zeros_like(x)], axis=-1), np.zeros_like(x), np.array([1.0, 0.0])
    if isinstance(loss, TwoRows) and line is PROBABILITY:  # of one number
        return x[:, None], np.full((len(x), 1), target), np.array([1.0])
    if isinstance(loss, TwoRows):  # across the target
        pred = np.stack([np.ones_like(x), x], axis=-1)
        return pred, np.broadcast_to([1.0, 0.0], pred.shape), np.array([0.0, 1.0])
    if isinstance(loss, RowLoss):
        rows = line is PROBABILITY
        pred = np.stack([x, 1 - x if rows else np.zeros_like(x)], axis=-1)
        direction = np.array([1.0, -1.0 if rows else 0.0])
        if loss.rows:
            return pred, np.broadcast_to([target, 1 - target], pred.shape), direction
        if target not in (0, 1):
            raise ValueError(f"target is {target:g}; it must be 0 or 1, because {loss.name} takes class ids")
        return pred, np.full(len(x), int(1 - target)), direction
    if line is ERROR:
        target = 0.0
    elif loss.domains.get("target") is SIGN:
        target = 2 * target - 1
    return x, np.full_like(x, target), np.array(1.0)


def along(loss: Loss, parameters: dict[str, Any], x: Array, target: float, order: int) -> Array:
    """The loss, or its first or second derivative in the line's direction, at every x."""
    pred, aim, direction = inputs(loss, x, target)
    if order == 0:
        losses: Array = loss(pred, aim, reduction="none", **parameters)
        return losses
    if order == 1:
        derivative = loss.grad(pred, aim, reduction="none", **parameters)
    else:
        derivative = loss.hvp(pred, aim, np.broadcast_to(direction, pred.shape), reduction="sum", **parameters)
    component: Array = np.dot(derivative, direction)
    return component


# ---- curves ----------------------------------------------------------------------------------------------------------


def compare(
    *losses: str | Loss,
    derivative: bool = False,
    target: float = 1.0,
    span: tuple[float, float] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw losses, or their derivatives, into one chart.

    They are drawn against what they depend on: the error for losses of numbers, the prediction for relative errors, the score
    of the class for losses of scores and logits, its probability for those of probabilities, the mean or its logarithm for those
    of counts and amounts. Losses of rows are drawn with two classes.

    Parameters
    ----------
    *losses : str or Loss
        Losses of one of these kinds. A string may have keywords: ``"huber:delta=2"``.
    derivative : bool
        Draw the derivative with respect to the variable on the horizontal axis.
    target : float
        The probability of the class, or the number, count or amount; 1 by default. Losses of the error do not depend on it.
    span : pair of float, optional
        The ends of the horizontal axis.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If no loss is given, if losses are of different kinds, if `span` does not go from a number to a greater one, if a loss
        has no finite number to draw, or as for the losses themselves.

    Examples
    --------
    >>> from fastloss import plot
    >>> plot.compare("hinge", "sigmoid_cross_entropy", derivative=True).get_ylabel()
    'derivative w.r.t. score (logit)'
    """
    here = new() if ax is None else ax
    draw_lines(here, losses, int(derivative), target, span)
    explain(here, alone=ax is None)
    return here


def named(loss: str | Loss) -> tuple[Loss, dict[str, Any]]:
    """A loss and its keywords, each of which is one number: a chart has no columns."""
    if isinstance(loss, Loss):
        return loss, {}
    found, parameters = with_parameters(loss)
    for name in lists_by_column(found.parameters, parameters):
        raise ValueError(f"{loss!r}: {name} must be a real number, not list")
    return found, parameters


def draw_lines(
    ax: Axes, losses: Iterable[str | Loss], order: int, target: float, span: tuple[float, float] | None
) -> None:
    """All of a chart but its legend."""
    chosen = list(map(named, losses))
    if not chosen:
        raise ValueError("there is no loss to draw")
    line = line_of(chosen[0][0])
    for loss, _ in chosen:
        if loss.cost_only:
            raise ValueError(f"{loss.name} is a cost only: there is no loss of a sample to draw")
        if line_of(loss) is not line:
            raise ValueError(
                f"{chosen[0][0].name} is drawn against the {line.label} but {loss.name} against the"
                f" {line_of(loss).label}; they do not fit in one chart"
            )
    low, high = span or line.span
    if not -np.inf < low < high < np.inf:
        raise ValueError(f"span is ({low:g}, {high:g}); it must be two finite numbers, the first less than the second")
    x = np.linspace(low, high, POINTS)
    ys = [along(loss, parameters, x, target, order) for loss, parameters in chosen]
    for (loss, _), y in zip(chosen, ys, strict=True):
        if not np.isfinite(y).any():
            what = "derivative" if order else "value"
            raise ValueError(f"{loss.name} has no finite {what} for a target of {target:g}; choose another")
    step = POINTS // 8
    for i, ((loss, parameters), y) in enumerate(zip(chosen, ys, strict=True)):
        start = step // 2 + i * step // len(chosen)  # markers of lines that coincide stand beside each other
        ax.plot(x, y, label=label(loss, parameters), markevery=(start, step), **style(i, len(chosen)))
    ax.set_xlabel(line.label + ("" if line is ERROR else f"; target {target:g}"))
    ax.set_ylabel(
        ("", "second ")[order - 1] + f"derivative w.r.t. {line.label.partition(' of ')[0]}" if order else "loss"
    )
    ax.axhline(0, color="0.6", linewidth=0.8, zorder=1)
    dress(ax)


def curves(
    losses: str | Loss | Iterable[str | Loss],
    *,
    curvature: bool = False,
    target: float = 1.0,
    span: tuple[float, float] | None = None,
    axes: Sequence[Axes] | None = None,
) -> Sequence[Axes]:
    """Draw losses and, beside them, their derivatives: two charts like those of `compare`, or three.

    Parameters
    ----------
    losses : str, Loss, or several of them
        As for `compare`.
    curvature : bool
        Draw the second derivatives too, in a third chart.
    target, span
        As for `compare`.
    axes : two or three matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    two or three matplotlib Axes

    Raises
    ------
    ValueError
        As for `compare`.

    Examples
    --------
    >>> from fastloss import plot
    >>> left, right = plot.curves(["mse", "mae", "huber"])
    >>> right.get_ylabel()
    'derivative w.r.t. pred − target'
    """
    chosen = [losses] if isinstance(losses, (str, Loss)) else list(losses)
    count = 3 if curvature else 2
    charts = new(columns=count, width=5.0 * count) if axes is None else axes
    for order, ax in zip(range(count), charts, strict=True):
        draw_lines(ax, chosen, order, target, span)
    explain(charts[0], alone=axes is None)
    return charts


# ---- the cost over two weights ---------------------------------------------------------------------------------------


def surface(
    loss: str | Loss,
    X: Any,
    y: Any,
    *,
    start: Sequence[float] = (0.0, 0.0),
    steps: int = 50,
    ax: Axes | None = None,
) -> Axes:
    """Draw the cost of the scores ``X @ w`` over the two weights w, and the path of gradient descent.

    Each step first tries twice the last one, and is halved until it gains a quarter of what the slope promises.

    Parameters
    ----------
    loss : str or Loss
        A loss of a number or score, not of probabilities, means or rows.
    X : array_like
        The samples, of shape (n, 2).
    y : array_like
        Their targets, of shape (n,).
    start : pair of float
        The weights from which the descent starts.
    steps : int
        The largest number of steps; it stops when none gains.
    ax : matplotlib Axes, optional
        Where to draw; by default in a new figure.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    ValueError
        If the loss takes probabilities, means or rows, or `X` does not have two columns, or as for the loss itself.

    Examples
    --------
    >>> from fastloss import plot
    >>> ax = plot.surface("mse", [[1, 0], [1, 1], [1, 2]], [1, 3, 5])
    >>> way = ax.lines[0].get_xydata()
    >>> way[0].tolist(), way[-1].round(2).tolist()
    ([0.0, 0.0], [1.0, 2.0])
    """
    chosen, parameters = named(loss)
    if isinstance(chosen, WithAxis) or "pred" in chosen.domains:
        kind = "rows" if isinstance(chosen, WithAxis) else "means" if line_of(chosen) is MEAN else "probabilities"
        raise ValueError(f"{chosen.name} takes {kind}, not scores")
    X, y = np.asarray(X, dtype=float), np.asarray(y)
    if X.ndim != 2 or X.shape[1] != 2:
        raise ValueError(f"X has shape {X.shape}; it must be (n, 2), a column for each of the two weights")

    def objective(w: Array) -> tuple[float, Array]:
        cost, slope = chosen.value_and_grad(X @ w, y, **parameters)
        return cost, X.T @ slope

    way = descend(objective, np.asarray(start, dtype=float), steps)
    reach = np.abs(way - way[-1]).max(axis=0)
    reach = 1.4 * np.maximum(reach, reach.max() / 3 or 1.0)
    first, second = (np.linspace(end - r, end + r, 61) for end, r in zip(way[-1], reach, strict=True))
    costs = [[chosen(X @ (a, b), y, **parameters) for a in first] for b in second]

    here = new(width=6.0) if ax is None else ax
    heights = here.contour(first, second, costs, levels=14, cmap="viridis", linewidths=1)
    here.clabel(heights, fontsize="x-small")
    here.plot(*way.T, "-o", color="black", markersize=4, label=f"gradient descent, {len(way) - 1} steps")
    here.plot(*way[-1], "*", color="black", markersize=14)
    here.set(xlabel="w₁", ylabel="w₂", title="cost by " + label(chosen, parameters).replace(":  ", "\n"))
    here.title.set_fontsize("small")
    dress(here)
    explain(here, alone=ax is None)
    return here


def descend(objective: Callable[[Array], tuple[float, Array]], w: Array, steps: int) -> Array:
    """The weights after each step."""
    way = [w]
    rate = 1.0
    cost, gradient = objective(w)
    for _ in range(steps):
        steepness = gradient @ gradient
        while True:
            lower, there = objective(w - rate * gradient)
            if lower < cost - rate * steepness / 4:
                break
            rate /= 2
            if rate < 1e-12:
                return np.array(way)
        w = w - rate * gradient
        cost, gradient = lower, there
        way.append(w)
        rate *= 2
    return np.array(way)


# ---- the common look -------------------------------------------------------------------------------------------------


def label(loss: Loss, parameters: dict[str, Any]) -> str:
    """A line's name, parameters and formula."""
    own = ", ".join(f"{name}={value}" for name, value in parameters.items())
    return f"{loss.name}{f' ({own})' if own else ''}:  {loss.formula}"


def style(i: int, n: int) -> dict[str, Any]:
    """What tells the i-th of n lines from the others."""
    shade = matplotlib.colormaps["viridis"](LIGHTEST * i / max(n - 1, 1))
    return {
        "color": shade,
        "linestyle": DASHES[i % len(DASHES)],
        "marker": MARKERS[i % len(MARKERS)],
        "markersize": 5,
        "linewidth": 1.8,
    }


def new(columns: int = 1, width: float = 5.5) -> Any:
    """The axes of a new figure."""
    from matplotlib import pyplot

    return pyplot.subplots(1, columns, figsize=(width, 4.5), layout="constrained")[1]


def explain(ax: Any, alone: bool) -> None:
    """The legend, below the axes; in a figure of our own, where it takes nothing of their width."""
    common = {"frameon": False, "fontsize": "small", "handlelength": 4}
    if alone:
        ax.figure.legend(*ax.get_legend_handles_labels(), loc="outside lower left", **common)
    else:
        ax.legend(loc="upper left", bbox_to_anchor=(0, -0.16), borderaxespad=0, **common)


def dress(ax: Axes) -> None:
    """Nothing but what is read."""
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(color="0.9", linewidth=0.7)
    ax.set_axisbelow(True)
