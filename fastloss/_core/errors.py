"""The text of every error about a call, and of the first value that is outside its domain.

The text is the same whichever kernels run, because these only say *that* an input is outside a loss's domain; where it is
and what to do about it is found out here.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from .arrays import computed_in
from .domains import WEIGHT, Array, Domain, shown
from .warnings import warn

if TYPE_CHECKING:
    from .arguments import Arguments

BLOCK = 16384  # samples looked at in one go when an offending one is searched for
SHARED = ("sample_weight", "reduction", "out")  # keywords of every loss's calls

# What other libraries call what is meant here.
ELSEWHERE = {
    "beta": "delta (smooth L1 of beta is huber(delta=beta) / beta)",
    "dim": "axis",
    "eps": "epsilon",
    "epsilon": "eps",
    "f_scale": "delta",
    "from_logits": "a loss of its own: sigmoid_cross_entropy, softmax_cross_entropy and the like take logits",
    "ignore_class": "ignore_index",
    "input": "pred, the first argument",
    "label": "target, the second argument",
    "labels": "target, the second argument",
    "logits": "pred, the first argument",
    "normalize": 'reduction="mean" or "sum"',
    "predictions": "pred, the first argument",
    "q": "alpha",
    "qid": "groups",
    "quantile": "alpha",
    "reduce": "reduction",
    "size_average": 'reduction="mean" or "sum"',
    "smoothing": "label_smoothing",
    "squared": "another loss: rmse is the root of mse",
    "targets": "target, the second argument",
    "tau": "alpha",
    "weight": "sample_weight, a weight for each sample, or class_weight, one for each class",
    "weights": "sample_weight, a weight for each sample, or class_weight, one for each class",
    "y_pred": "pred, the first argument",
    "y_true": "target, the second argument",
}
NEEDS = {
    "beta": "delta",
    "dim": "axis",
    "eps": "epsilon",
    "epsilon": "eps",
    "f_scale": "delta",
    "ignore_class": "ignore_index",
    "q": "alpha",
    "qid": "groups",
    "quantile": "alpha",
    "smoothing": "label_smoothing",
    "tau": "alpha",
}


def unexpected(function: str, name: str, known: Iterable[str]) -> TypeError:
    """The error of a keyword that a loss or function has not."""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint(name, tuple(known))}")


def too_many(function: str, names: tuple[str, ...], more: tuple[Any, ...]) -> TypeError:
    """The error of `more` positional arguments than have names."""
    positional = f"{len(names)} positional argument{'s' if len(names) > 1 else ''}: {', '.join(names)}"
    return TypeError(f"{function}() takes {positional}; {len(names) + len(more)} were given")


def hint(name: str, known: tuple[str, ...]) -> str:
    """What an unknown keyword may have meant."""
    if name in ELSEWHERE and not (name in NEEDS and NEEDS[name] not in known):
        return f"; here it is {ELSEWHERE[name]}"
    near = difflib.get_close_matches(name, known, 1, 0.75)
    if near:
        return f"; did you mean {near[0]!r}?"
    if name in SHARED:
        return "; the calls of a loss have it"
    return "; only grad_and_hess takes it" if name == "curvature" else ""


def undefined_mean(reason: str) -> float:
    """What a mean over nothing is, as in NumPy."""
    warn(f"the mean over {reason} is undefined")
    return math.nan


# ---- values outside their domains ------------------------------------------------------------------------------------


def outside(arguments: Arguments, domains: Mapping[str, Domain]) -> NoReturn:
    """Raise for the first class id, value or weight outside its domain: first in pred, then target, then sample_weight.

    What is looked at is what the kernels see: numbers of the dtype that is computed in, of samples that have a weight.
    """
    if arguments.ids:
        outside_ids(arguments)
        used = domains.get("pred")
        if used and arguments.sparse:
            used = replace(used, contains=unused_or(used.contains, arguments))
        domains = {"pred": used} if used else {}
    computed = computed_in(arguments.dtype)
    arrays = {"pred": arguments.pred, "target": arguments.target, "sample_weight": arguments.weight}
    for name, array in arrays.items():
        domain = WEIGHT if name == "sample_weight" else domains.get(name)
        if array is None or domain is None:
            continue
        domain = domain.under(arguments.hyperparameters)
        for start, block in blocks(array):
            with np.errstate(all="ignore"):
                bad = ~domain.contains(np.asarray(block, dtype=np.float64 if domain is WEIGHT else computed))
            if domain is not WEIGHT and bad.any():
                bad &= there(arguments, array, start, block.size)
            if bad.any():
                first = int(np.argmax(bad))
                raise outside_error(arguments, name, block[first], start + first, domain)
    raise RuntimeError("an input was reported outside its domain but has since changed")


def outside_ids(arguments: Arguments) -> None:
    """Raise for the first class id that is none."""
    assert arguments.axis is not None
    classes, ignored = arguments.pred.shape[arguments.axis], arguments.ignored
    for start, block in blocks(arguments.target):
        bad = (block < 0) | (block >= classes)
        if ignored is not None:
            bad &= block != ignored
        if bad.any():
            bad &= there(arguments, arguments.target, start, block.size)
        if bad.any():
            first = int(np.argmax(bad))
            where = subscript("target", start + first, arguments.target.shape)
            raise ValueError(f"{where} is {block[first]}; class ids must be in [0, {classes})")


def blocks(array: Array, size: int = BLOCK) -> Iterator[tuple[int, Array]]:
    """The elements of an array in C order, some at a time, each with the flat index of its first; nothing is copied whole."""
    flat = array.flat
    for start in range(0, array.size, size):
        yield start, flat[start : start + size]


def there(arguments: Arguments, array: Array, start: int, size: int) -> Array:
    """Which samples have a weight and are not ignored, of those that `size` elements of `array` belong to, from a flat index on."""
    ignored = arguments.ignored
    mask = np.ones(size, bool)
    if arguments.weight is None and ignored is None:
        return mask
    if not array.ndim:
        return np.ravel(arguments.weight != 0)
    index = np.unravel_index(np.arange(start, start + size), array.shape)
    if array.ndim > len(arguments.samples):
        assert arguments.axis is not None
        index = index[: arguments.axis] + index[arguments.axis + 1 :]
    if arguments.weight is not None:
        mask &= arguments.weight[index] != 0
    if ignored is not None:
        mask &= arguments.target[index] != ignored
    return mask


def unused_or(contains: Callable[[Array], Array], arguments: Arguments) -> Callable[[Array], Array]:
    """Only the label's probability is used; the others may be anything."""
    position = 0
    axis = arguments.axis
    assert axis is not None

    def checked(block: Array) -> Array:
        nonlocal position
        index = np.unravel_index(np.arange(position, position + block.size), arguments.pred.shape)
        position += block.size
        label = arguments.target[index[:axis] + index[axis + 1 :]]
        inside: Array = contains(block) | (label != index[axis])
        return inside

    return checked


def outside_error(arguments: Arguments, name: str, value: Any, index: int, domain: Domain) -> ValueError:
    """What is wrong with the value of this flat index."""
    array = {"pred": arguments.pred, "target": arguments.target, "sample_weight": arguments.weight}[name]
    assert array is not None
    text = f"{subscript(name, index, array.shape)} is {shown(value)}; {name} must be {domain.text}"
    if domain.remedy and domain.remedy_for in (None, value):
        text += f" ({domain.remedy})"
    if arguments.written and not arguments.inspected_first:
        text += "; out may have been partly written"
    return ValueError(text)


def subscript(name: str, index: int, shape: tuple[int, ...]) -> str:
    """How the element of this flat index is written."""
    position = np.unravel_index(index, shape)
    return f"{name}[{', '.join(str(int(i)) for i in position)}]" if position else name
