"""The arguments of a call: checked, and converted as far as no array need be copied for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .arrays import output, real_array, repeats, same_shape
from .domains import Array

INSPECT_BELOW = 1 << 11  # bytes of an input: less is inspected before anything is written to the caller's array
REDUCTIONS = ("none", "sum", "mean", "batch_mean")
OTHER_REDUCTIONS = {
    "average": "mean",
    "batchmean": "batch_mean",
    "elementwise_mean": "mean",
    "mean_with_sample_weight": "mean",
    "sum_over_batch_size": "batch_mean",
}


@dataclass
class Arguments:
    """What a call is given, its axes still where the caller has them, and where its results go."""

    pred: Array
    target: Array
    weight: Array | None  # of the samples' shape
    reduction: str
    dtype: np.dtype[Any]  # of pred's results
    samples: tuple[int, ...]  # the shape of the losses
    hyperparameters: tuple[Any, ...] = ()  # the hyperparameters, as the kernels take them
    axis: int | None = None  # of the classes, counted from the front, where a sample is a row of them
    ids: bool = False  # the targets are class ids
    sparse: bool = False  # and nothing but their classes' numbers is used
    ignored: int | None = None  # the one that is not there
    root: bool = False  # the loss is a root, which is known before its gradient
    whole: bool = False  # the cost is one of the whole batch, and no sum of weighted losses
    argument: str = "pred"  # what the caller knows `pred` as
    outputs: dict[str, Array] = field(default_factory=dict)
    written: bool = False  # an output is the caller's
    product: bool = False  # of the Hessian and a vector, which may be that output too

    @property
    def inputs(self) -> list[Array]:
        """The arrays that are read."""
        return [self.pred, self.target, *([] if self.weight is None else [self.weight])]

    @property
    def overwrites(self) -> bool:
        """Whether a result takes the place of an input."""
        return self.written and any(np.may_share_memory(out, x) for out in self.outputs.values() for x in self.inputs)

    @property
    def inspected_first(self) -> bool:
        """Whether the inputs are looked at before anything is written to the caller's array.

        Class ids are, of which there are few. Numbers are inspected while they are computed, because another pass would take
        up to a third more time; unless the array is an input too, whose old values an error must not destroy.
        """
        return self.written and (
            self.ids
            or self.product
            or self.root
            or self.whole
            or self.pred.nbytes <= INSPECT_BELOW
            or (self.axis is None and self.weight is not None and self.reduction == "mean")
            or self.overwrites
        )

    def operands(self) -> tuple[Array | None, ...]:
        """Inputs and outputs in the order of the kernels, the classes on the last axis."""
        value, grad, hess = (self.outputs.get(name) for name in ("value", "grad", "hess"))
        return self.last(self.pred), self.last(self.target), self.weight, value, self.last(grad), self.last(hess)

    def last(self, array: Array | None) -> Array | None:
        """An array with the axis of its classes at the end, if it has one."""
        if self.axis is None or array is None or array.ndim < self.pred.ndim:
            return array
        return np.moveaxis(array, self.axis, -1)

    def shape(self, output: str) -> tuple[int, ...]:
        """The shape of one of the results."""
        return self.samples if output == "value" else self.pred.shape

    def empty(self, output: str) -> Array:
        """A new array for one of the results; a gradient lies in memory as `pred` does."""
        if self.shape(output) != self.pred.shape:
            return np.empty(self.shape(output), self.dtype)
        return np.empty_like(self.pred, dtype=self.dtype, subok=False)

    def provide(self, names: tuple[str, ...], out: Any, narrower: bool = True, **others: Array) -> None:
        """Set out the array results: the caller's arrays, or new ones. A pair for two; of losses and gradient, either. `others`
        are read too."""
        if out is None:
            self.outputs = {name: self.empty(name) for name in names}
            return
        if not names:
            raise ValueError(
                "out is given, but a cost is a number; "
                f'an array of losses needs reduction="none", not {self.reduction!r}'
            )
        inputs = {self.argument: self.pred, "target": self.target, **others}
        if self.weight is not None:
            inputs["sample_weight"] = self.weight

        def checked(label: str, array: Any, name: str) -> Array:
            return output(label, array, self.shape(name), self.dtype, inputs, narrower)

        self.written = True
        if names == ("value", "grad") and not (isinstance(out, (tuple, list)) and len(out) == 2):
            self.outputs = {"value": self.empty("value"), "grad": checked("out", out, "grad")}
        elif len(names) == 1:
            self.outputs = {names[0]: checked("out", out, names[0])}
        else:
            self.outputs = pair(names, out, checked)


def pair(names: tuple[str, ...], out: Any, checked: Callable[[str, Any, str], Array]) -> dict[str, Array]:
    """Two arrays of the caller's."""
    if not isinstance(out, (tuple, list)) or len(out) != 2:
        raise TypeError(f"out must be a pair of arrays, not {type(out).__name__}")
    first, second = (checked(f"out[{i}]", array, name) for i, (array, name) in enumerate(zip(out, names, strict=True)))
    if np.shares_memory(first, second):
        raise ValueError("out[0] and out[1] share memory")
    return {names[0]: first, names[1]: second}


def known_reduction(reduction: Any) -> str:
    """The reduction; of a string of another type, such as an enumeration's, the plain one that it equals."""
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        text = f"reduction is {reduction!r}; it must be one of {', '.join(map(repr, REDUCTIONS))}"
        meant = OTHER_REDUCTIONS.get(reduction) if isinstance(reduction, str) else None
        raise ValueError(text + (f" (here it is {meant!r})" if meant else ""))
    return REDUCTIONS[REDUCTIONS.index(reduction)]


def sample_weights(weight: Any, pred: Array, samples: tuple[int, ...]) -> Array | None:
    """The weights, one for each sample; along axes of length 1 they repeat."""
    if weight is None:
        return None
    array = real_array("sample_weight", weight, weighted=False)
    if array.shape == samples:
        return array
    if repeats(array.shape, samples):
        return np.broadcast_to(array, samples)
    if samples == pred.shape:
        same_shape("sample_weight", array.shape, pred)
    raise ValueError(f"pred has shape {pred.shape} but sample_weight has shape {array.shape}; it must be {samples}")


def axis_of(name: str, array: Array, axis: Any) -> int:
    """The axis of the classes, counted from the front."""
    if array.ndim == 0:
        raise ValueError(f"{name} has shape (); it must have an axis of classes")
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(
            f"axis is {axis}; it must be in [{-array.ndim}, {array.ndim}) for {name} of shape {array.shape}"
        )
    front: int = axis % array.ndim
    if array.shape[front] == 0 and array.size == 0 and 0 not in array.shape[:front] + array.shape[front + 1 :]:
        raise ValueError(f"{name} has shape {array.shape}; there are no classes on axis {front}")
    return front


def shift_of(weights: Array, at_least_1: bool = False) -> int:
    """The power of two that brings weights about 1, so that products with them are in range: in a mean only their ratio counts.
    `at_least_1`: or that no such product is less than its other factor, and a unit for that factor can be found by their sum."""
    some = weights[weights > 0]
    if not some.size:
        return 0
    least, most = np.frexp([some.min(), some.max()])[1].tolist()
    shift = 1 - least if at_least_1 else 1 - (least + most) // 2
    return int(min(shift, 1024 - most))  # the largest stays finite


def centred(weights: Array, at_least_1: bool = False) -> Array:
    """Weights times that power."""
    shifted: Array = np.ldexp(weights, shift_of(weights, at_least_1))
    return shifted
