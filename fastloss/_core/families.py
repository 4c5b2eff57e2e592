"""The families of losses: what a sample of each is, and what its arguments must look like.

| family | signature | example |
|---|---|---|
| Pointwise | (), () -> () | huber |
| Ordered | (), () -> () | ordinal_logistic |
| TwoOutputs | (2), () -> () | gaussian_nll |
| RowLoss | (c), (c) or () -> () | softmax_cross_entropy |
| Ensemble | (k), () -> () | crps_ensemble |
| TwoRows | (d), (d) -> () | cosine_distance |
| Boxes | (4), (4) -> () | iou |
| Root | () …, () … -> sums, then their root | rmse |
| Alignment | (t, c), (s) -> () | ctc |
| Structured | (n), (n) -> () | cox |
| Lists, Pairs | (n), (n), (n) -> () | listmle, pairwise_logistic |
| Embeddings, Views | (n, d), (n) -> () | supcon, nt_xent |
| Triplets | (n, d), (m, 3) -> () | triplet |
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from . import errors
from .arguments import Arguments, axis_of, centred
from .arrays import real_array, repeats, result_dtype, same_shape
from .constants import Constant
from .domains import WEIGHT, Array, shown
from .errors import subscript
from .hyperparameters import ClassWeight, Groups, Integer, Keyword, check_held
from .inputs import Inputs
from .loss import Definition, Loss, register
from .passes import Sums

AXIS = Integer(-1, text="The axis of the classes: 1 for images with the layout N, C, H, W.")
IGNORE_INDEX = Integer(None, text="Rows with this class id have weight 0 and are not counted.")
CLASS_WEIGHT = ClassWeight(
    None,
    text="A finite weight >= 0 for each class, by which a row's weight is multiplied (rows of probabilities: by the sum of "
    "``target * class_weight``).",
)
GROUPS = Groups(
    None,
    text="An integer for each sample, the same for all samples of a group (of a query): of the shape of `pred`, or broadcast along "
    "axes of length 1. Without it, all samples are one group.",
)


class Pointwise(Loss):
    """A loss of a number against a number."""


class Ordered(Pointwise):
    """A loss of a number against a class id. What labels say of weights is said to the kernel by weights."""

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        steps, ignored, class_weight = hyperparameters.values()
        check_class_weight(class_weight, steps.classes)
        arguments = super()._shaped(pred, target, reduction, {"thresholds": steps})
        arguments.ignored = ignored
        return arguments

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, hyperparameters: tuple[Any, ...]
    ) -> Arguments:
        arguments = super()._arguments(pred, target, sample_weight, reduction, hyperparameters)
        _, ignored, class_weight = hyperparameters
        if ignored is not None or class_weight is not None:
            arguments.weight = weights_of_classes(
                arguments.target, arguments.weight, ignored, class_weight, arguments.reduction == "mean"
            )
            if reduction == "batch_mean" and (count := self._counted(arguments)):
                arguments.weight *= arguments.target.size / count
        return arguments

    def _inside(self, arguments: Arguments, sums: Sums) -> Sums:
        sums = super()._inside(arguments, sums)
        return sums if arguments.ignored is None else replace(sums, samples=self._counted(arguments))

    def _counted(self, arguments: Arguments) -> int:
        """How many samples are not ignored."""
        return int(np.count_nonzero(arguments.target != arguments.ignored))


def check_class_weight(class_weight: Array | None, classes: int) -> None:
    """Refuse weights that are not one for each class."""
    if class_weight is not None and class_weight.size != classes:
        raise ValueError(f"class_weight has {class_weight.size} weights but there are {classes} classes")


def weights_of_classes(
    ids: Array, weight: Array | None, ignored: int | None, class_weight: Array | None, in_ratio: bool = False
) -> Array:
    """Weights, each times its class's, and 0 with an ignored id; those that are none stay, to be found. `in_ratio`: only their
    ratios count, so the products can be kept in range."""
    there = np.ones(ids.shape, bool) if ignored is None else ids != ignored
    weights = np.ones(ids.shape) if weight is None else np.array(weight, np.float64)
    fine = WEIGHT.contains(weights)
    weights[fine & ~there] = 0
    if class_weight is not None:
        if in_ratio:
            class_weight, weights[fine] = centred(class_weight), centred(weights[fine])
        known = fine & (ids >= 0) & (ids < class_weight.size) & (ids == np.floor(ids))
        factors = np.where(known, class_weight[np.where(known, ids, 0).astype(np.intp)], 1.0)
        products = weights * factors
        if (beyond := fine & np.isinf(products)).any():
            first = np.argmax(beyond)
            raise ValueError(
                f"sample_weight has {shown(weights.flat[first])} and class_weight {shown(factors.flat[first])} for the same "
                "sample; their product is beyond the range of float64"
            )
        weights = np.asarray(products)
    return weights


class Root(Loss):
    """The root of the mean of what samples have: a cost only."""

    reductions: ClassVar[tuple[str, ...]] = ("mean", "batch_mean")
    kind: ClassVar[str] = "the root of a mean"
    meanings: ClassVar[Mapping[str, str]] = {
        "mean": "the root of the weighted mean",
        "batch_mean": "the root of the weighted sum over the number of samples",
    }
    cost_only: ClassVar[bool] = True
    root: ClassVar[bool] = True


class Structured(Loss):
    """A loss of the whole batch, whose samples depend on one another: a sum over what is `counted`."""

    reductions: ClassVar[tuple[str, ...]] = ("sum", "mean", "batch_mean")
    kind: ClassVar[str] = "a cost of the whole batch"
    counted: ClassVar[str] = "event"
    cost_only: ClassVar[bool] = True

    def __init_subclass__(cls) -> None:
        cls.meanings = meanings(cls.counted)

    def _undefined(self, arguments: Arguments, sums: Sums) -> str:
        return f"no {self.counted}" if sums.samples == 0 else super()._undefined(arguments, sums)


def meanings(counted: str) -> Mapping[str, str]:
    """What reductions are of a sum that is not one over samples."""
    return {
        "mean": f"the sum over the weights of the {counted}s",
        "sum": "the sum",
        "batch_mean": f"the sum over the number of {counted}s",
    }


Structured.meanings = meanings(Structured.counted)


class Grouped(Structured):
    """A loss of the whole batch, group by group."""

    leading: ClassVar[tuple[str, ...]] = ("groups",)

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        groups, *rest = hyperparameters.values()
        arguments = super()._shaped(pred, target, reduction, {**hyperparameters, "groups": None})
        if groups is not None and groups.shape != pred.shape:
            if not repeats(groups.shape, pred.shape):
                sizes = groups.ndim == 1 and groups.min(initial=0) >= 0 and int(groups.sum()) == pred.size
                remedy = " (sizes are turned into groups by np.repeat(np.arange(len(sizes)), sizes))" if sizes else ""
                raise ValueError(
                    f"pred has shape {pred.shape} but groups has shape {groups.shape}; they must be equal{remedy}"
                )
            groups = np.broadcast_to(groups, pred.shape)
        arguments.hyperparameters = (groups, *rest)
        return arguments


class Lists(Grouped):
    """A likelihood of the order of each group."""

    counted: ClassVar[str] = "sample"


class Pairs(Grouped):
    """A sum over the pairs of each group of which one is better."""

    counted: ClassVar[str] = "pair"


class WithAxis(Loss):
    """A loss whose samples have an axis."""

    leading: ClassVar[tuple[str, ...]] = ("axis",)

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        dtype = result_dtype(pred)
        axis = axis_of("pred", pred, hyperparameters["axis"])
        samples = pred.shape[:axis] + pred.shape[axis + 1 :]
        target = self._fitting(pred, target, axis, samples)
        check_held(self.parameters, hyperparameters, dtype)
        hyperparameters = {**hyperparameters, "axis": -1}  # where it is when a kernel sees it
        return Arguments(pred, target, None, reduction, dtype, samples, tuple(hyperparameters.values()), axis)

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        """The target, if its shape is right."""
        same_shape("target", target.shape, pred)
        return target


class Embeddings(WithAxis, Structured):
    """A loss of embeddings that are compared with each other, each of which has a label."""

    counted: ClassVar[str] = "anchor"

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        arguments = super()._shaped(pred, target, reduction, hyperparameters)
        arguments.whole = True
        return arguments

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        if target.shape != samples:
            raise ValueError(
                f"pred has shape {pred.shape} but target has shape {target.shape}; labels must have shape {samples}"
            )
        return integers("target", "labels", target)

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        if parameters.get("axis", -1) != -1:
            raise TypeError("axis is given, but a constant embedding has none")
        return np.broadcast_to(np.float64(0), (*target.shape, 1))


class Views(Embeddings):
    """The same of two views of each thing."""

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, hyperparameters: tuple[Any, ...]
    ) -> Arguments:
        arguments = super()._arguments(pred, target, sample_weight, reduction, hyperparameters)
        there = True if arguments.weight is None else ~(arguments.weight == 0)
        labels, first, counts = np.unique(arguments.target[there], return_index=True, return_counts=True)
        if (wrong := counts != 2).any():
            k = int(np.argmin(np.where(wrong, first, first.max() + 1)))
            times = "once" if counts[k] == 1 else f"{counts[k]} times"
            raise ValueError(
                f"target holds {labels[k]} {times}; {self.name} takes two views of each (supcon takes any number)"
            )
        return arguments


class Triplets(Structured):
    """A loss of triplets of rows, whose places the target holds."""

    counted: ClassVar[str] = "triplet"
    each: ClassVar[str] = "for each triplet: of the shape of `target` without its last axis"

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        dtype = result_dtype(pred)
        if pred.ndim != 2:
            raise ValueError(f"pred has shape {pred.shape}; it must be (embeddings, components)")
        if target.ndim == 0 or target.shape[-1] != 3:
            raise ValueError(f"target has shape {target.shape}; its last axis must hold anchor, positive and negative")
        target = integers("target", "places of embeddings", target)
        check_held(self.parameters, hyperparameters, dtype)
        own = tuple(hyperparameters.values())
        return Arguments(pred, target, None, reduction, dtype, target.shape[:-1], own, whole=True)

    def _inside(self, arguments: Arguments, sums: Sums) -> Sums:
        if sums.outside:
            target, count = arguments.target, len(arguments.pred)
            bad = (target < 0) | (target >= count)
            if arguments.weight is not None:
                bad &= (arguments.weight != 0)[..., None]
            if bad.any():
                first = int(np.argmax(bad))
                where = errors.subscript("target", first, target.shape)
                raise ValueError(f"{where} is {target.flat[first]}; places of embeddings must be in [0, {count})")
        return super()._inside(arguments, sums)

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        used = there(sample_weight, target.shape[:-1])[..., np.newaxis]
        return np.broadcast_to(np.float64(0), (int(np.max(target, initial=0, where=used)) + 1, 1))


def integers(name: str, what: str, array: Array) -> Array:
    """The array, if it holds integers, or nothing."""
    if array.size == 0:
        return array.astype(np.int64)  # of an empty list, which has no dtype
    if array.dtype.kind not in "iu":
        raise TypeError(
            f"{name} has dtype {array.dtype}; {what} must be integers (convert whole numbers with {name}.astype(int))"
        )
    return array


class TwoRows(WithAxis):
    """A loss of a vector against a vector."""


class Boxes(WithAxis):
    """A loss of a box against a box."""

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        if pred.shape[axis] != 4:
            raise ValueError(f"pred has shape {pred.shape}; it must have x1, y1, x2 and y2 on axis {axis}")
        return super()._fitting(pred, target, axis, samples)


class Alignment(Loss):
    """A loss of a sequence of rows of classes against a shorter sequence of class ids, which ends with the first id below 0."""

    each: ClassVar[str] = (
        "for each sequence: of the shape of `pred` without its last two axes, or broadcast along axes of length 1"
    )

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        dtype = result_dtype(pred)
        lengths, blank = hyperparameters["lengths"], hyperparameters["blank"]
        if pred.ndim < 2:
            raise ValueError(f"pred has shape {pred.shape}; it must have an axis of frames and one of classes")
        samples, (frames, classes) = pred.shape[:-2], pred.shape[-2:]
        if target.ndim != pred.ndim - 1 or target.shape[:-1] != samples:
            shown = "".join(f"{n}, " for n in samples)
            raise ValueError(
                f"pred has shape {pred.shape} but target has shape {target.shape}; it must be ({shown}labels)"
            )
        if target.size and target.dtype.kind not in "iu":
            raise TypeError(f"target has dtype {target.dtype}; class ids must be integers")
        if not 0 <= blank < classes:
            raise ValueError(f"blank is {blank}; it must be in [0, {classes})")
        if lengths is not None:
            if lengths.shape != samples:
                raise ValueError(
                    f"pred has shape {pred.shape} but lengths has shape {lengths.shape}; it must be {samples}"
                )
            if (bad := (lengths < 0) | (lengths > frames)).any():
                first = int(np.argmax(bad))
                where = subscript("lengths", first, lengths.shape)
                raise ValueError(f"{where} is {lengths.flat[first]}; lengths must be in [0, {frames}]")
        return Arguments(pred, target, None, reduction, dtype, samples, tuple(hyperparameters.values()))

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, hyperparameters: tuple[Any, ...]
    ) -> Arguments:
        arguments = super()._arguments(pred, target, sample_weight, reduction, hyperparameters)
        ids, classes, blank = arguments.target, arguments.pred.shape[-1], hyperparameters[1]
        padded = np.maximum.accumulate(ids < 0, axis=-1) if ids.size else ids < 0
        bad = (ids >= classes) | (ids == blank) | (padded & (ids >= 0))
        if bad.any() and arguments.weight is not None:
            bad &= (arguments.weight != 0)[..., None]
        if bad.any():
            first = int(np.argmax(bad))
            where, value = subscript("target", first, ids.shape), ids.flat[first]
            reason = f"class ids must be in [0, {classes})"
            if value == blank:
                reason = "that is the blank, which cannot be a label"
            elif value < classes:
                reason = "ids below 0 end a sequence, and nothing may come after them"
            raise ValueError(f"{where} is {value}; {reason}")
        return arguments

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        used = there(sample_weight, target.shape[:-1])[..., np.newaxis]
        ids = target if target.dtype.kind in "iu" else np.zeros_like(target, int)  # which are refused next
        greatest = max(int(np.max(ids, initial=0, where=used)), int(parameters.get("blank", 0)))
        return np.broadcast_to(np.float64(0), (*target.shape[:-1], 1, greatest + 1))


class AgainstOne(WithAxis):
    """A loss of several numbers against one."""

    outputs: ClassVar[int]  # of a constant

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        if target.shape != samples:
            raise ValueError(f"pred has shape {pred.shape} but target has shape {target.shape}; it must be {samples}")
        return target

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        if parameters.get("axis", -1) != -1:
            raise TypeError("axis is given, but the outputs of a constant are on the last axis")
        return np.broadcast_to(np.float64(0), (*target.shape, self.outputs))


class TwoOutputs(AgainstOne):
    """A loss of two numbers against one."""

    outputs: ClassVar[int] = 2

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        if pred.shape[axis] != 2:
            raise ValueError(f"pred has shape {pred.shape}; it must have two outputs on axis {axis}")
        return super()._fitting(pred, target, axis, samples)


class Ensemble(AgainstOne):
    """A loss of any number of members against one number; its kernel is one of rows."""

    leading: ClassVar[tuple[str, ...]] = ("axis", "ignore_index", "class_weight")
    outputs: ClassVar[int] = 1


class RowLoss(WithAxis):
    """A loss of rows of classes. `ids` and `rows` say which kinds of target it knows."""

    leading: ClassVar[tuple[str, ...]] = ("axis", "ignore_index", "class_weight")

    def __init__(self, name: str, doc: str, definition: Definition) -> None:
        self.ids, self.rows = definition.inputs.ids, definition.inputs.rows
        super().__init__(name, doc, definition)

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        arguments = super()._shaped(pred, target, reduction, hyperparameters)
        ignored, class_weight = hyperparameters["ignore_index"], hyperparameters["class_weight"]
        assert arguments.axis is not None
        classes = pred.shape[arguments.axis]
        arguments.ids = arguments.target.ndim < pred.ndim
        arguments.sparse = arguments.ids and not self.rows
        if ignored is not None and not arguments.ids:
            raise ValueError("ignore_index is given, but target holds rows of probabilities, not class ids")
        check_class_weight(class_weight, classes)
        if class_weight is not None and reduction == "mean":
            class_weight = centred(class_weight, at_least_1=True)
        arguments.ignored = ignored
        arguments.hyperparameters = (-1, ignored, class_weight, *arguments.hyperparameters[3:])
        return arguments

    def _fitting(self, pred: Array, target: Array, axis: int, samples: tuple[int, ...]) -> Array:
        """Class ids, or rows of probabilities."""
        shapes = f"pred has shape {pred.shape} but target has shape {target.shape}"
        integers = target.dtype.kind in "iu"
        column = (*pred.shape[:axis], 1, *pred.shape[axis + 1 :])
        remedy = ""
        if self.ids and target.shape == column:
            call = f"target.squeeze({axis})" + ("" if integers else ".astype(int)")
            remedy = f" (a column of class ids is flattened by {call})"
        if self.ids and (target.ndim == len(samples) or not self.rows):
            if target.shape != samples:
                raise ValueError(f"{shapes}; class ids must have shape {samples}{remedy}")
            if target.size == 0:
                return target.astype(np.int64)  # of an empty list, which has no dtype
            if not integers:
                raise TypeError(
                    f"target has dtype {target.dtype}; class ids must be integers (convert whole numbers with target.astype(int))"
                )
        elif target.shape != pred.shape:
            raise ValueError(f"{shapes}; they must be equal{remedy}")
        elif integers and target.shape == column:
            raise ValueError(
                f"{shapes}, of integers: class ids must have the shape of pred without its class axis, {samples}{remedy}, "
                "and rows of probabilities must not be integers where there is one class"
            )
        return target

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        if self.ids and target.dtype.kind in "iu" and (target.ndim < 2 or not self.rows):
            if parameters.get("axis", -1) != -1:
                raise TypeError("axis is given, but the classes of a constant are on the last axis")
            return np.broadcast_to(np.float64(0), (*target.shape, classes(target, parameters, sample_weight)))
        return np.broadcast_to(np.float64(0), target.shape)


def classes(ids: Array, parameters: Mapping[str, Any], sample_weight: Any) -> int:
    """How many classes there are: as many as class weights, or up to the largest id of a sample that is there."""
    if parameters.get("class_weight") is not None:
        return len(parameters["class_weight"])
    return int(np.max(ids, initial=0, where=counted(ids, parameters, sample_weight))) + 1


def counted(ids: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
    """Which samples are there."""
    ignored = parameters.get("ignore_index")
    return there(sample_weight, ids.shape) & (True if ignored is None else ids != ignored)


def there(sample_weight: Any, samples: tuple[int, ...]) -> Array:
    """Which samples have a weight. Weights of another shape are refused later."""
    weight = np.float64(1) if sample_weight is None else real_array("sample_weight", sample_weight)
    fits = weight.shape == samples or repeats(weight.shape, samples)
    return np.broadcast_to(weight != 0 if fits else True, samples)


def loss(
    family: type[Loss],
    formula: str,
    inputs: Inputs,
    *,
    shown: tuple[str, str],
    constant: Constant,
    link: str = "identity",
    majorizer: str = "",
    aliases: tuple[str, ...] = (),
    **parameters: Keyword,
) -> Callable[[Callable[..., None]], Loss]:
    """Make a Loss of a function that has a name and a docstring, and register it.

    The docstring has the summary and what is particular to the loss, References and Examples; `docstrings.py` has the rest.
    """
    definition = Definition(formula, inputs, shown, constant, link, majorizer, aliases, parameters)

    def make(described: Callable[..., None]) -> Loss:
        return register(family(described.__name__, inspect.cleandoc(described.__doc__ or ""), definition))

    return make
