"""Docstrings: what is the same of all losses is written here, once, and put into the docstring of each."""

from __future__ import annotations

import textwrap
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .loss import Loss

ONE_EACH = "for each sample: of the shape of `pred`, or broadcast along axes of length 1"
A_ROW = "for each row: of the shape of `pred` without `axis`, or broadcast along axes of length 1"
WEIGHT = "A finite weight >= 0 {each}. Samples of weight 0 are ignored, whatever their values."
REDUCTIONS = {
    "mean": "the weighted mean",
    "sum": "the sum",
    "batch_mean": "the sum over the number of samples",
    "none": "the loss of every sample",
}
OUT = {
    "": 'Where the losses go, with ``reduction="none"``: an array of `pred`\'s dtype or a narrower float; may be `pred` itself.',
    "grad": "Where the gradient goes: of `pred`'s dtype or a narrower float; may be `pred` itself.",
    "value_and_grad": 'Where the gradient goes, as for `grad`; with ``reduction="none"`` also a pair, for losses and gradient.',
    "grad_and_hess": "A pair of arrays, for gradient and curvature, as for `grad`.",
    "hvp": "Where the product goes, as for `grad`; may be `vector` itself.",
}
RETURNS = {
    "": (
        "float or ndarray",
        'The cost, summed in double precision; with ``reduction="none"``, losses of `pred`\'s dtype.',
    ),
    "grad": ("ndarray", "Of the shape and dtype of `pred`; float64 for integers."),
    "value_and_grad": ("tuple", "The cost, or the losses, and the gradient."),
    "grad_and_hess": ("tuple of ndarray", "The gradient and the curvature, each of the shape and dtype of `pred`."),
    "hvp": ("ndarray", "Of the shape and dtype of `pred`; float64 for integers."),
    "constant": ("float or ndarray", "One number; for rows, one for each class or output."),
}
SUMMARY = {
    "grad": 'The gradient of the cost with respect to `pred`; with ``reduction="none"``, of each sample\'s own loss.',
    "value_and_grad": "The cost (or losses) and the gradient, in one pass.",
    "grad_and_hess": "The gradient and the diagonal of the Hessian, in one pass.",
    "hvp": "The product of the cost's Hessian and a vector, without forming the Hessian.",
    "constant": "The best constant prediction, the one with the lowest cost: what a model starts from.",
}
VECTOR = "What the Hessian is multiplied by, of the shape of `pred`."
NO_OUT = "A cost needs none."
SENTENCES = {
    "pred": "a value of `pred` or `target` is outside its domain",
    "target": "a value of `target` is outside its domain",
}


def docstring(loss: Loss, call: str = "") -> str:
    """The docstring of a loss, or of one of its calls."""
    head, _, tail = loss.doc.partition("\nReferences\n")
    if call:
        head, tail = f"{SUMMARY[call]}\n\nOf `{loss.name}`: {loss.doc.splitlines()[0]}\n", ""
    sections = {
        "Parameters": parameters(loss, call),
        "Returns": item(*RETURNS[call]) if call or not loss.cost_only else item("float", "The cost."),
        "Raises": raises(loss, call),
    }
    body = "".join(f"\n{title}\n{'-' * len(title)}\n{text}" for title, text in sections.items())
    return head.rstrip() + "\n" + body + (f"\nReferences\n{tail}" if tail else "")


@cache
def item(name: str, text: str) -> str:
    """An entry of a section."""
    return f"{name}\n{textwrap.indent(textwrap.fill(text, 116), '    ')}\n"


def parameters(loss: Loss, call: str) -> str:
    """The section of that name."""
    inputs, entries = loss.inputs, []
    if call == "constant":
        entries.append(item("target : array_like", inputs.target or inputs.pred))
    elif inputs.together:
        entries.append(item("pred, target : array_like", inputs.pred))
    else:
        entries += [item("pred : array_like", inputs.pred), item("target : array_like", inputs.target)]
    if call == "hvp":
        entries.append(item("vector : array_like", VECTOR))
    for name, keyword in loss.parameters.items():
        default = "optional" if keyword.default is None else f"default {keyword.default}"
        entries.append(item(f"{name} : {keyword.kind}, {default}", keyword.text))
    weight = WEIGHT.format(each=loss.each or (A_ROW if "axis" in loss.parameters else ONE_EACH))
    entries.append(item("sample_weight : array_like, optional", weight))
    if call != "constant":
        allowed = [name for name in REDUCTIONS if name in loss.reductions]
        text = "; ".join(loss.meanings.get(name, REDUCTIONS[name]) for name in allowed) + "."
        choices = ", ".join(f'"{name}"' for name in allowed)
        entries.append(item(f"reduction : {{{choices}}}", text[0].upper() + text[1:]))
    if call in OUT:
        kind = "tuple" if call == "grad_and_hess" else "ndarray"
        entries.append(item(f"out : {kind}, optional", OUT[call] if call or not loss.cost_only else NO_OUT))
    if call == "grad_and_hess":
        text = "Always the exact second derivative: this loss has no majorizer."
        if loss.majorizer:
            text = f'The second derivative, or with ``"majorizer"`` {loss.majorizer}.'
        entries.append(item('curvature : {"exact", "majorizer"}', text))
    return "".join(entries)


def raises(loss: Loss, call: str) -> str:
    """The section of that name."""
    reasons = ["shapes differ", "a weight is negative, infinite or NaN"]
    domain = next((SENTENCES[name] for name in SENTENCES if name in loss.domains), None)
    reasons += [domain] if domain else []
    reasons += ["a class id is not in [0, C)"] if loss.ids else []
    reasons += ["a parameter is outside its interval"] if loss.parameters else []
    reasons += ["`out` does not fit"] if call in OUT else []
    refused = [repr(name) for name in REDUCTIONS if name not in loss.reductions]
    reasons += [f"the reduction is {' or '.join(refused)}"] if refused and call != "constant" else []
    text = f"If {', '.join(reasons[:-1])}, or {reasons[-1]}."
    kinds = "an array does not hold real numbers"
    if loss.ids:
        kinds += ", or class ids are not integers"
    return item("ValueError", text) + item("TypeError", f"If {kinds}.")
