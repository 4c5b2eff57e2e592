"""Every check of an argument, and the text of every error.

The text is the same whichever kernels run, because the kernels only say *that* an input is outside a loss's domain; where
it is and what to do about it is found out here.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ._warnings import warn

Array = NDArray[Any]

INSPECT_BELOW = 1 << 20  # bytes of an input: less is inspected before anything is written to the caller's array
BLOCK = 65536  # samples looked at in one go when an offending one is searched for
NATIVE, HALF, BFLOAT = 0, 1, 2  # how an operand's numbers are coded, as in kernels/loops.pxi
REDUCTIONS = ("none", "sum", "mean", "batch_mean")

# What other libraries call what is meant here.
ELSEWHERE = {
    "beta": "delta (smooth L1 of beta is huber(delta=beta) / beta)",
    "dim": "axis",
    "epsilon": "eps",
    "from_logits": "a loss of its own: sigmoid_cross_entropy, softmax_cross_entropy and the like take logits",
    "ignore_class": "ignore_index",
    "input": "pred, the first argument",
    "label": "target, the second argument",
    "labels": "target, the second argument",
    "logits": "pred, the first argument",
    "normalize": 'reduction="mean" or "sum"',
    "predictions": "pred, the first argument",
    "reduce": "reduction",
    "size_average": 'reduction="mean" or "sum"',
    "smoothing": "label_smoothing",
    "squared": "another loss: rmse is the root of mse",
    "targets": "target, the second argument",
    "weight": "sample_weight, a weight for each sample, or class_weight, one for each class",
    "weights": "sample_weight, a weight for each sample, or class_weight, one for each class",
    "y_pred": "pred, the first argument",
    "y_true": "target, the second argument",
}
NEEDS = {
    "beta": "delta",
    "dim": "axis",
    "epsilon": "eps",
    "ignore_class": "ignore_index",
    "smoothing": "label_smoothing",
}
OTHER_REDUCTIONS = {
    "average": "mean",
    "batchmean": "batch_mean",
    "elementwise_mean": "mean",
    "mean_with_sample_weight": "mean",
    "sum_over_batch_size": "batch_mean",
}


# ---- domains and parameters ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Domain:
    """The values that an argument may have. NaN is inside: it goes through to the result."""

    text: str
    contains: Callable[[Array], Array]
    remedy: str = ""
    remedy_for: float | None = None  # the one value that the remedy is for; None: any


PROBABILITY = Domain("in [0, 1]", lambda x: ~((x < 0) | (x > 1)))
LABEL = replace(PROBABILITY, remedy="labels -1 and 1 become 0 and 1 by (target + 1) / 2", remedy_for=-1)
SIGN = Domain(
    "-1 or 1",
    lambda x: (x == 1) | (x == -1) | (x != x),
    "labels 0 and 1 become -1 and 1 by 2 * target - 1",
)
WEIGHT = Domain("a number >= 0 and finite", lambda x: (x >= 0) & (x < np.inf))


def shown(value: Any) -> str:
    """A number as an error shows it: short, but never as another number."""
    short = f"{float(value):g}"
    return short if float(short) == value or value != value else str(value)


@dataclass(frozen=True)
class Keyword:
    """A loss's own keyword, with its default."""

    default: Any

    def checked(self, name: str, value: Any) -> Any:
        """The value as the kernels take it, or an error."""
        raise NotImplementedError

    def condition(self, name: str) -> str:
        """What it must satisfy, for people."""
        raise NotImplementedError


@dataclass(frozen=True)
class Parameter(Keyword):
    """A number: the interval it must lie in, infinity excluded."""

    low: float = 0.0
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    ends: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The interval's ends as numbers that are inside it: two comparisons check a value, NaN and infinity included.
        low = math.nextafter(self.low, math.inf) if self.open_low else self.low
        high = math.nextafter(self.high, -math.inf) if self.open_high or self.high == math.inf else self.high
        object.__setattr__(self, "ends", (low, high))

    def checked(self, name: str, value: Any) -> float:
        """The value as a float, if it lies in the interval."""
        try:
            number = value if type(value) is float else float(real_scalar(name, value))
        except OverflowError:  # an integer beyond every float
            number = math.inf if value > 0 else -math.inf
        low, high = self.ends
        if not low <= number <= high:
            raise ValueError(f"{name} is {number}; it must satisfy {self.condition(name)}")
        return number

    def condition(self, name: str) -> str:
        """The interval."""
        left = f"{self.low:g} {'<' if self.open_low else '<='} {name}"
        return f"{left} {'<' if self.open_high or self.high == math.inf else '<='} {self.high:g}"


@dataclass(frozen=True)
class Integer(Keyword):
    """A whole number, or None where that is the default."""

    def checked(self, name: str, value: Any) -> int | None:
        """The value as an int."""
        if value is None and self.default is None:
            return None
        try:
            if isinstance(value, (bool, np.bool_)):
                raise TypeError
            number = operator.index(value)  # pyright: ignore[reportArgumentType]
        except TypeError:
            raise TypeError(f"{name} must be an integer, not {type(value).__name__}") from None
        if not -(2**63) <= number < 2**64:
            raise ValueError(f"{name} is {number}; it must fit in 64 bits")
        return number

    def condition(self, name: str) -> str:
        """Its type."""
        return f"{name} is an integer" + (" or None" if self.default is None else "")


@dataclass(frozen=True)
class ClassWeight(Keyword):
    """A weight for each class."""

    def checked(self, name: str, value: Any) -> Array | None:
        """The weights as float64; how many there must be shows later."""
        if value is None:
            return None
        weights = real_array(name, value).astype(np.float64, order="C")
        if weights.ndim != 1:
            raise ValueError(f"{name} has shape {weights.shape}; it must be (C,), a weight for each of C classes")
        if not (inside := WEIGHT.contains(weights)).all():
            first = int(np.argmin(inside))
            raise ValueError(f"{name}[{first}] is {shown(weights[first])}; {name} must be {WEIGHT.text}")
        return weights

    def condition(self, name: str) -> str:
        """Its shape and domain."""
        return f"{name} has shape (C,), each a number >= 0 and finite"


def parameters(
    loss: str,
    known: Mapping[str, Keyword],
    positions: Mapping[str, int],
    defaults: tuple[Any, ...],
    given: Mapping[str, Any],
) -> tuple[Any, ...]:
    """The values of a loss's own keywords, each at its position, checked."""
    values = list(defaults)
    for name, value in given.items():
        if name not in known:
            raise TypeError(f"{loss}() got an unexpected keyword argument {name!r}{hint(name, known)}")
        values[positions[name]] = known[name].checked(name, value)
    return tuple(values)


def hint(name: str, known: Mapping[str, Keyword]) -> str:
    """What an unknown keyword may have meant."""
    near = difflib.get_close_matches(name, [*known, "sample_weight", "reduction", "out"], 1, 0.75)
    if near:
        return f"; did you mean {near[0]!r}?"
    if name not in ELSEWHERE or (name in NEEDS and NEEDS[name] not in known):
        return ""
    return f"; here it is {ELSEWHERE[name]}"


def check_held(known: Mapping[str, Keyword], own: tuple[Any, ...], dtype: np.dtype[Any]) -> None:
    """Refuse a parameter that the dtype which is computed in would make 0 or infinite."""
    if dtype == np.float64:
        return
    for (name, keyword), value in zip(known.items(), own, strict=True):
        if isinstance(keyword, Parameter) and value != 0:
            with np.errstate(all="ignore"):
                rounded = np.float32(value)
            if rounded == 0 or np.isinf(rounded):
                raise ValueError(
                    f"{name} is {value}, which float32, that {dtype} is computed in, makes {rounded:g}"
                    if dtype != np.float32
                    else f"{name} is {value}, which float32 makes {rounded:g}; pred of float64 would hold it"
                )


# ---- arrays ----------------------------------------------------------------------------------------------------------


def is_bfloat16(dtype: np.dtype[Any]) -> bool:
    return dtype.kind == "V" and dtype.name == "bfloat16"


def real_array(name: str, value: Any) -> Array:
    """`value` as NumPy takes it, if its numbers are real and all there."""
    if hasattr(value, "mask") and hasattr(value, "filled"):
        raise TypeError(f"{name} is a masked array; give its data, and say what counts by sample_weight=~mask")
    if getattr(value, "__dask_graph__", lambda: None)() is not None:
        raise TypeError(
            f"{name} is a lazy Dask array, which would be loaded whole; fastloss.Accumulator takes its blocks one by one"
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" and not is_bfloat16(array.dtype):
        raise TypeError(f"{name} has dtype {array.dtype}; it must be real numbers")
    return array


def real_scalar(name: str, value: Any) -> Any:
    """`value`, if it is one real number: Python's, NumPy's, a fraction, an array without axes."""
    if hasattr(value, "__array__") and not isinstance(value, np.generic):
        array = np.asarray(value)
        if array.ndim == 0 and array.dtype.kind in "iuf":
            return array[()]
    elif isinstance(value, (numbers.Real, Decimal)) and not isinstance(value, (bool, np.bool_)):
        return value
    raise TypeError(f"{name} must be a real number, not {type(value).__name__}")


def result_dtype(pred: Array, name: str = "pred") -> np.dtype[Any]:
    """The dtype of every array made from `pred`: its own if floating, float64 for integers."""
    if pred.dtype.kind == "f" and pred.dtype.itemsize > 8:
        raise TypeError(f"{name} has dtype {pred.dtype}, wider than the float64 that losses are computed in")
    if pred.dtype.kind in "biu":
        return np.dtype(np.float64)
    dtype: np.dtype[Any] = pred.dtype.newbyteorder("=")
    return dtype


def same_shape(name: str, shape: tuple[int, ...], pred: Array) -> None:
    if shape != pred.shape:
        raise ValueError(f"pred has shape {pred.shape} but {name} has shape {shape}; they must be equal")


def coding(array: Array) -> int:
    if array.dtype == np.float16 and array.dtype.isnative:
        return HALF
    return BFLOAT if is_bfloat16(array.dtype) else NATIVE


def coded(operands: list[Array | None]) -> tuple[tuple[Array | None, ...], tuple[int, ...]]:
    """The operands as the kernels take them, and how their numbers are coded."""
    kinds = tuple(NATIVE if x is None else coding(x) for x in operands)
    bits = (x.view(np.uint16) if k == BFLOAT and x is not None else x for x, k in zip(operands, kinds, strict=True))
    return tuple(bits), kinds


def output(name: str, out: Any, shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Mapping[str, Array]) -> Array:
    """`out`, if a result of this shape and dtype can be written to it without spoiling an input."""
    if not isinstance(out, np.ndarray):
        raise TypeError(f"{name} must be a NumPy array, not {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{name} has shape {out.shape} but the result has shape {shape}; they must be equal")
    if out.dtype != dtype:
        raise ValueError(f"{name} has dtype {out.dtype} but the result has dtype {dtype}; they must be equal")
    if not out.flags.writeable:
        raise ValueError(f"{name} is read-only")
    for other, array in inputs.items():
        if overlap(out, array):
            raise ValueError(f"{name} overlaps {other} without being the same array; results would overwrite it unread")
    return out


def overlap(x: Array, y: Array) -> bool:
    """Whether two arrays share memory otherwise than element by element."""
    if not np.may_share_memory(x, y):
        return False
    if x.__array_interface__["data"] == y.__array_interface__["data"] and x.strides == y.strides and x.dtype == y.dtype:
        return False
    try:
        return np.shares_memory(x, y, max_work=10_000)  # type: ignore[arg-type]  # the stub knows 0 and -1 alone  # pyright: ignore[reportArgumentType]
    except np.exceptions.TooHardError:
        return True


# ---- a call ----------------------------------------------------------------------------------------------------------


@dataclass
class Call:
    """The arguments of a call, checked and converted as far as no array need be copied for it."""

    pred: Array
    target: Array
    weight: Array | None
    reduction: str
    dtype: np.dtype[Any]
    outputs: dict[str, Array] = field(default_factory=dict)
    written: bool = False  # an output is the caller's
    argument: str = "pred"  # what the caller knows `pred` as
    cost_only: bool = False  # the loss has nothing but a cost, which must be known first
    rows: tuple[int, ...] | None = None  # of losses of rows: the shape of what there is one of for each row
    axis: int = -1  # and that of the classes, counted from the front

    @property
    def inspected_first(self) -> bool:
        """Whether the inputs are looked at before anything is written to the caller's array.

        A large one is inspected while it is computed, because another pass over memory would cost a third more time;
        unless it is an input too, whose old values an error must not destroy.
        """
        inputs = [self.pred, self.target, *([] if self.weight is None else [self.weight])]
        return self.written and (
            self.rows is not None
            or self.cost_only
            or self.pred.nbytes <= INSPECT_BELOW
            or (self.weight is not None and self.reduction == "mean")
            or any(np.may_share_memory(out, x) for out in self.outputs.values() for x in inputs)
        )

    def shape(self, output: str) -> tuple[int, ...]:
        """The shape of one of the results."""
        return self.pred.shape if self.rows is None or output != "value" else self.rows

    def empty(self, output: str) -> Array:
        """A new array for one of the results; a gradient lies in memory as `pred` does."""
        if self.shape(output) != self.pred.shape:
            return np.empty(self.shape(output), self.dtype)
        return np.empty_like(self.pred, dtype=self.dtype, subok=False)

    def operands(self) -> list[Array | None]:
        """Inputs and outputs in the order of the kernels."""
        return [self.pred, self.target, self.weight, *(self.outputs.get(name) for name in ("value", "grad", "hess"))]


def known(reduction: Any) -> str:
    """The reduction; of a string of another type, such as an enumeration's, the plain one that it equals."""
    if not isinstance(reduction, str) or reduction not in REDUCTIONS:
        text = f"reduction is {reduction!r}; it must be one of {', '.join(map(repr, REDUCTIONS))}"
        meant = OTHER_REDUCTIONS.get(reduction) if isinstance(reduction, str) else None
        raise ValueError(text + (f" (here it is {meant!r})" if meant else ""))
    return REDUCTIONS[REDUCTIONS.index(reduction)]


def arguments(pred: Any, target: Any, sample_weight: Any, reduction: Any) -> Call:
    reduction = known(reduction)
    pred, target = real_array("pred", pred), real_array("target", target)
    dtype = result_dtype(pred)
    same_shape("target", target.shape, pred)
    weight = None
    if sample_weight is not None:
        weight = real_array("sample_weight", sample_weight)
        same_shape("sample_weight", weight.shape, pred)
    return Call(pred, target, weight, reduction, dtype)


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


def row_target(loss: Any, pred: Array, target: Array, axis: int, rows: tuple[int, ...]) -> Array:
    """The target of a loss of rows: class ids, or rows of probabilities."""
    shapes = f"pred has shape {pred.shape} but target has shape {target.shape}"
    integers = target.dtype.kind in "iu"
    column = (*pred.shape[:axis], 1, *pred.shape[axis + 1 :])
    remedy = f" (a column of class ids becomes ids by target.squeeze({axis}))" if target.shape == column else ""
    if loss.ids and (target.ndim == len(rows) or not loss.rows):
        if target.shape != rows:
            raise ValueError(f"{shapes}; class ids must have shape {rows}{remedy}")
        if target.size == 0:
            return target.astype(np.int64)  # of an empty list, which has no dtype
        if not integers:
            raise TypeError(
                f"target has dtype {target.dtype}; class ids must be integers (whole numbers become ids by "
                "target.astype(int))"
            )
    elif target.shape != pred.shape:
        raise ValueError(f"{shapes}; they must be equal{remedy if integers else ''}")
    elif integers and target.shape == column:
        raise ValueError(
            f"{shapes}, of integers: class ids must have the shape of pred without its class axis, {rows}{remedy}, "
            "and rows of probabilities must not be integers where there is one class"
        )
    return target


def row_arguments(
    loss: Any, pred: Any, target: Any, sample_weight: Any, reduction: Any, own: tuple[Any, ...]
) -> tuple[Call, tuple[Any, ...]]:
    """As `arguments`, for a loss of rows."""
    reduction = known(reduction)
    pred, target = real_array("pred", pred), real_array("target", target)
    dtype = result_dtype(pred)
    smoothing, ignored, class_weight, axis, eps = own
    axis = axis_of("pred", pred, axis)
    rows = pred.shape[:axis] + pred.shape[axis + 1 :]
    target = row_target(loss, pred, target, axis, rows)
    if ignored is not None and target.ndim == pred.ndim:
        raise ValueError("ignore_index is given, but target holds rows of probabilities, not class ids")
    weight = None
    if sample_weight is not None:
        weight = real_array("sample_weight", sample_weight)
        if weight.shape != rows:
            raise ValueError(
                f"pred has shape {pred.shape} but sample_weight has shape {weight.shape}; it must be {rows}"
            )
    if class_weight is not None and class_weight.size != pred.shape[axis]:
        raise ValueError(f"class_weight has {class_weight.size} weights but there are {pred.shape[axis]} classes")
    if class_weight is not None and reduction == "mean":
        class_weight = centred(class_weight)
    return Call(pred, target, weight, reduction, dtype, rows=rows, axis=axis), (
        smoothing,
        ignored,
        class_weight,
        axis,
        eps,
    )


def centred(weights: Array) -> Array:
    """Weights times a power of two, so that products with them are in range: in a mean only their ratio counts."""
    some = weights[weights > 0]
    if not some.size:
        return weights
    exponents = np.frexp([some.min(), some.max()])[1]
    return np.ldexp(weights, -int(exponents.sum() // 2))


def outputs(call: Call, names: tuple[str, ...], out: Any) -> None:
    """Where the array results go: the caller's arrays, or new ones."""
    if out is None:
        call.outputs = {name: call.empty(name) for name in names}
        return
    if not names:
        raise ValueError(
            f'out is given, but a cost is a number; an array of losses needs reduction="none", not {call.reduction!r}'
        )
    inputs = {call.argument: call.pred, "target": call.target}
    if call.weight is not None:
        inputs["sample_weight"] = call.weight
    if len(names) == 1:
        call.outputs = {names[0]: output("out", out, call.shape(names[0]), call.dtype, inputs)}
    else:
        if not isinstance(out, (tuple, list)) or len(out) != 2:
            raise TypeError(f"out must be a pair of arrays, not {type(out).__name__}")
        arrays = [output(f"out[{i}]", o, call.pred.shape, call.dtype, inputs) for i, o in enumerate(out)]
        if np.shares_memory(arrays[0], arrays[1]):
            raise ValueError("out[0] and out[1] share memory")
        call.outputs = dict(zip(names, arrays, strict=True))
    call.written = True


def blocks(array: Array, size: int = BLOCK) -> Iterator[tuple[int, Array]]:
    """The elements of an array in C order, some at a time, each with the flat index of its first; nothing is copied whole."""
    flat = array.flat
    for start in range(0, array.size, size):
        yield start, flat[start : start + size]


def outside(call: Call, domains: Mapping[str, Domain]) -> NoReturn:
    """Raise for the first value outside its domain, in the order pred, target, sample_weight.

    What is looked at is what the kernels see: numbers of the dtype that is computed in, of samples that have a weight.
    """
    arrays = {"pred": call.pred, "target": call.target, "sample_weight": call.weight}
    computed = np.float64 if call.dtype == np.float64 else np.float32
    for name, array in arrays.items():
        domain = WEIGHT if name == "sample_weight" else domains.get(name)
        if array is None or domain is None:
            continue
        for start, block in blocks(array):
            with np.errstate(all="ignore"):
                bad = ~domain.contains(np.asarray(block, dtype=np.float64 if domain is WEIGHT else computed))
            if domain is not WEIGHT and call.weight is not None and bad.any():
                bad &= ~(weights_of(call, array, start, block.size) == 0)
            if bad.any():
                first = int(np.argmax(bad))
                raise outside_error(call, name, block[first], start + first, domain)
    raise RuntimeError("an input was reported outside its domain but has since changed")


def weights_of(call: Call, array: Array, start: int, size: int) -> Array:
    """The weights of the samples that `size` elements of `array` belong to, from a flat index on."""
    assert call.weight is not None
    if call.weight.shape == array.shape:
        flat: Array = call.weight.flat[start : start + size]
        return flat
    index = np.unravel_index(np.arange(start, start + size), array.shape)
    weights: Array = call.weight[index[: call.axis] + index[call.axis + 1 :]]
    return weights


def row_outside(call: Call, domains: Mapping[str, Domain], own: tuple[Any, ...]) -> NoReturn:
    """Raise for the first class id, probability or weight outside its domain."""
    ignored = own[1]
    if call.target.shape == call.rows:
        classes = call.pred.shape[call.axis]
        for start, block in blocks(call.target):
            bad = (block < 0) | (block >= classes)
            if ignored is not None:
                bad &= block != ignored
            if call.weight is not None and bad.any():
                bad &= ~(weights_of(call, call.target, start, block.size) == 0)
            if bad.any():
                first = int(np.argmax(bad))
                where = subscript("target", start + first, call.target.shape)
                raise ValueError(f"{where} is {block[first]}; class ids must be in [0, {classes})")
        used = domains.get("pred")
        domains = {"pred": replace(used, contains=unused_or(used.contains, call))} if used else {}
    outside(call, domains)


def unused_or(contains: Callable[[Array], Array], call: Call) -> Callable[[Array], Array]:
    """Only the label's probability is used; the others may be anything."""
    position = 0

    def checked(block: Array) -> Array:
        nonlocal position
        index = np.unravel_index(np.arange(position, position + block.size), call.pred.shape)
        position += block.size
        label = call.target[index[: call.axis] + index[call.axis + 1 :]]
        inside: Array = contains(block) | (label != index[call.axis])
        return inside

    return checked


def outside_error(call: Call, name: str, value: Any, index: int, domain: Domain) -> ValueError:
    where = subscript(
        name, index, (call.weight if name == "sample_weight" and call.weight is not None else call.pred).shape
    )
    text = f"{where} is {shown(value)}; {name} must be {domain.text}"
    if domain.remedy and domain.remedy_for in (None, value):
        text += f" ({domain.remedy})"
    if call.written and not call.inspected_first:
        text += "; out has been partly written"
    return ValueError(text)


def subscript(name: str, index: int, shape: tuple[int, ...]) -> str:
    """How the element of this flat index is written."""
    position = np.unravel_index(index, shape)
    return f"{name}[{', '.join(str(int(i)) for i in position)}]" if position else name


def undefined_mean(reason: str) -> float:
    """What a mean over nothing is, as in NumPy."""
    warn(f"the mean over {reason} is undefined")
    return math.nan
