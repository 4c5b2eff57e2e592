"""A loss's own keywords: their defaults, what they may be, and what they mean."""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from .arrays import real_array, real_scalar
from .domains import WEIGHT, Array, shown


@dataclass(frozen=True)
class Keyword:
    """A loss's own keyword, with its default and what the docstring says of it."""

    default: Any
    text: str = field(default="", kw_only=True)
    kind = "object"

    def checked(self, name: str, value: Any) -> Any:
        """The value as the kernels take it, or an error."""
        raise NotImplementedError

    def condition(self, name: str) -> str:
        """What it must satisfy, for people."""
        raise NotImplementedError


@dataclass(frozen=True)
class Parameter(Keyword):
    """A number: the interval it must lie in, infinity excluded. `per_column`: or one for each column of `pred`.

    Or None where that is the default, which is NaN to the kernels.
    """

    low: float = 0.0
    high: float = math.inf
    open_low: bool = False
    open_high: bool = False
    per_column: bool = False
    ends: tuple[float, float] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        # The interval's ends as numbers that are inside it: two comparisons check a value, NaN and infinity included.
        low = math.nextafter(self.low, math.inf) if self.open_low else self.low
        high = math.nextafter(self.high, -math.inf) if self.open_high or self.high == math.inf else self.high
        object.__setattr__(self, "ends", (low, high))

    @property
    def kind(self) -> str:  # type: ignore[override]
        """Its type, for a docstring."""
        return "float or array_like" if self.per_column else "float"

    def checked(self, name: str, value: Any) -> float | Array:
        """The value as a float, if it lies in the interval; or an array of such."""
        if value is None and self.default is None:
            return math.nan
        if self.per_column and is_list(value):
            return self._checked_columns(name, value)
        try:
            number = value if type(value) is float else float(real_scalar(name, value))
        except OverflowError:  # an integer beyond every float
            number = math.inf if value > 0 else -math.inf
        self._check(name, number)
        return number

    def _check(self, name: str, number: float) -> None:
        low, high = self.ends
        if not low <= number <= high:
            condition = self.condition(name.partition("[")[0])
            raise ValueError(f"{name} is {number}; it must satisfy {condition}")

    def _checked_columns(self, name: str, value: Any) -> Array:
        numbers = doubles(name, value)
        if numbers.ndim != 1:
            raise ValueError(f"{name} has shape {numbers.shape}; it must be a number, or one for each column of pred")
        for i, number in enumerate(numbers.tolist()):
            self._check(f"{name}[{i}]", number)
        return numbers

    def condition(self, name: str) -> str:
        """The interval."""
        left = f"{self.low:g} {'<' if self.open_low else '<='} {name}"
        interval = f"{left} {'<' if self.open_high or self.high == math.inf else '<='} {self.high:g}"
        return interval + (" or None" if self.default is None else "")


@dataclass(frozen=True)
class Integer(Keyword):
    """A whole number, or None where that is the default."""

    kind = "int"

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
class Choice(Keyword):
    """One of some words."""

    options: tuple[str, ...] = ()
    kind = "str"

    def checked(self, name: str, value: Any) -> str:
        """The word."""
        if not isinstance(value, str) or value not in self.options:
            raise ValueError(f"{name} is {value!r}; it must be one of {', '.join(map(repr, self.options))}")
        return self.options[self.options.index(value)]

    def condition(self, name: str) -> str:
        """The words."""
        return f"{name} is " + " or ".join(map(repr, self.options))


@dataclass(frozen=True)
class Number(Keyword):
    """One of some numbers."""

    options: tuple[float, ...] = ()
    kind = "float"

    def checked(self, name: str, value: Any) -> float:
        """The number as a float."""
        number = real_scalar(name, value)
        if number not in self.options:
            raise ValueError(f"{name} is {number}; it must be {self._listed()}")
        return float(number)

    def _listed(self) -> str:
        return " or ".join(f"{option:g}" for option in self.options)

    def condition(self, name: str) -> str:
        """The numbers."""
        return f"{name} is {self._listed()}"


@dataclass(frozen=True)
class Flag(Keyword):
    """Yes or no."""

    kind = "bool"

    def checked(self, name: str, value: Any) -> float:
        """1 or 0, as the kernels take it."""
        if not isinstance(value, (bool, np.bool_)):
            raise TypeError(f"{name} must be True or False, not {type(value).__name__}")
        return float(value)

    def condition(self, name: str) -> str:
        """Its type."""
        return f"{name} is True or False"


@dataclass(frozen=True)
class Lengths(Keyword):
    """A whole number for each sample; how many there must be, and how great they may be, shows later."""

    kind = "array_like"

    def checked(self, name: str, value: Any) -> Array | None:
        """The numbers as int64."""
        if value is None:
            return None
        numbers = real_array(name, value, weighted=False)
        if numbers.dtype.kind not in "iu":
            raise TypeError(f"{name} has dtype {numbers.dtype}; lengths must be integers")
        return numbers.astype(np.int64)

    def condition(self, name: str) -> str:
        """Their domain."""
        return f"{name} has one length for each sample, >= 0, or is None"


@dataclass(frozen=True)
class Steps:
    """Thresholds between classes that have an order, and a table with a line for each class of what its loss is made of."""

    thresholds: tuple[float, ...]

    @property
    def classes(self) -> int:
        """How many there are."""
        return len(self.thresholds) + 1

    @cached_property
    def table(self) -> Array:
        """Of each class: its lower end, its upper end, and -log(1 - exp(lower - upper))."""
        ends = np.concatenate([[-np.inf], self.thresholds, [np.inf]])
        lines = np.stack([ends[:-1], ends[1:], -np.log(-np.expm1(ends[:-1] - ends[1:]))], axis=1)
        lines.setflags(write=False)
        return lines


@dataclass(frozen=True)
class Thresholds(Keyword):
    """The thresholds between classes that have an order."""

    kind = "array_like"

    def checked(self, name: str, value: Any) -> Steps:
        """The thresholds, if they increase."""
        numbers = doubles(name, value)
        if numbers.ndim != 1 or not numbers.size:
            raise ValueError(f"{name} has shape {numbers.shape}; it must be (C - 1,), one less than there are classes")
        if not (finite := np.isfinite(numbers)).all():
            first = int(np.argmin(finite))
            raise ValueError(f"{name}[{first}] is {numbers[first]}; {name} must be finite")
        if not (rises := np.diff(numbers) > 0).all():
            first = int(np.argmin(rises))
            after, before = numbers[first + 1], numbers[first]
            raise ValueError(f"{name}[{first + 1}] is {after}; it must be more than {name}[{first}], which is {before}")
        return Steps(tuple(numbers.tolist()))

    def condition(self, name: str) -> str:
        """Their order."""
        return f"{name} has shape (C - 1,), each more than the one before"


@dataclass(frozen=True)
class ClassWeight(Keyword):
    """A weight for each class."""

    kind = "array_like"

    def checked(self, name: str, value: Any) -> Array | None:
        """The weights as float64; how many there must be shows later."""
        if value is None:
            return None
        weights = doubles(name, value)
        if weights.ndim != 1:
            raise ValueError(f"{name} has shape {weights.shape}; it must be (C,), a weight for each of C classes")
        if not (inside := WEIGHT.contains(weights)).all():
            first = int(np.argmin(inside))
            raise ValueError(f"{name}[{first}] is {shown(weights[first])}; {name} must be {WEIGHT.text}")
        return weights

    def condition(self, name: str) -> str:
        """Its shape and domain."""
        return f"{name} has shape (C,), each a number >= 0 and finite"


@dataclass(frozen=True)
class Groups(Keyword):
    """A whole number for each sample, the same for those that are of one group."""

    kind = "array_like"

    def checked(self, name: str, value: Any) -> Array | None:
        """The numbers; whether there are as many as samples shows later."""
        if value is None:
            return None
        groups = real_array(name, value, weighted=False)
        if groups.size and groups.dtype.kind not in "iu":
            raise TypeError(f"{name} has dtype {groups.dtype}; it must be integers")
        return groups

    def condition(self, name: str) -> str:
        """Its shape and dtype."""
        return f"{name} has the shape of pred, of integers"


def doubles(name: str, value: Any) -> Array:
    """Numbers as float64, whatever the caller has NumPy do of those that it cannot hold."""
    with np.errstate(all="ignore"):
        return real_array(name, value, weighted=False).astype(np.float64, order="C")


def is_list(value: Any) -> bool:
    """Whether a value holds several numbers, rather than being one."""
    if isinstance(value, (list, tuple)):
        return True
    return not isinstance(value, (str, bytes, dict)) and hasattr(value, "__len__") and np.ndim(value) > 0


def lists_by_column(keywords: Mapping[str, Keyword], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values that have a number for each column."""
    return {k: v for k, v in values.items() if getattr(keywords[k], "per_column", False) and is_list(v)}


def check_columns(hyperparameters: Mapping[str, Any], pred: Array) -> None:
    """Refuse a list of numbers that does not have one for each column of pred."""
    for name, value in hyperparameters.items():
        if isinstance(value, np.ndarray) and value.shape != pred.shape[-1:]:
            raise ValueError(f"{name} has {value.size} numbers but pred has shape {pred.shape}; one for each column")


def check_held(known: Mapping[str, Keyword], hyperparameters: Mapping[str, Any], dtype: np.dtype[Any]) -> None:
    """Refuse a number that the dtype which is computed in would make 0 or infinite."""
    if dtype == np.float64:
        return
    for name, keyword in known.items():
        if not isinstance(keyword, Parameter):
            continue
        given = hyperparameters[name]
        for i, value in enumerate(np.ravel(given).tolist()):
            where = f"{name}[{i}]" if isinstance(given, np.ndarray) else name
            with np.errstate(all="ignore"):
                rounded = np.float32(value)
            if value != 0 and (rounded == 0 or np.isinf(rounded)):
                raise ValueError(
                    f"{where} is {value}, which float32, that {dtype} is computed in, makes {rounded:g}"
                    if dtype != np.float32
                    else f"{where} is {value}, which float32 makes {rounded:g}; pred of float64 would hold it"
                )
