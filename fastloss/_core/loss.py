"""The class of every loss: the same calls, the same keywords, one thin way to the kernels.

Design. A call first offers its arguments to the kernel as they are (`quick`). Arrays that need no preparation, which is
nearly all of them, are answered there, in a few hundred nanoseconds. For anything else the kernel answers NotImplemented
and has done nothing; the arguments are then checked and converted here and in `arguments.py`, and given to the kernel's
`run` by `passes.py`. So an error is found, and worded, in one place, and the quick way stays free of messages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, ClassVar, TypeVar

import numpy as np

from .. import _numpy
from . import backend, errors
from .arguments import REDUCTIONS, Arguments, known_reduction, sample_weights, shift_of
from .arrays import real_array, result_dtype, same_shape
from .calls import MISSING, Calls, derivatives
from .constants import Constant, undefined
from .docstrings import SUMMARY, docstring
from .domains import Array
from .hyperparameters import Keyword, check_columns, check_held
from .inputs import Inputs
from .passes import AVERAGES, GRAD, GRAD_AND_HESS, GRAD_AND_MAJORIZER, VALUE, VALUE_AND_GRAD, Sums, evaluated, totals
from .registry import REGISTRY, named
from .signatures import attach, signature

OUTPUTS = {VALUE: (), GRAD: ("grad",), VALUE_AND_GRAD: ("grad",)}  # the other two have two


@dataclass(frozen=True)
class Definition:
    """All that is said of a loss outside its kernels."""

    formula: str  # as it is printed anywhere
    inputs: Inputs
    shown: tuple[str, str]  # loss and derivative, as tables have them
    constant: Constant
    link: str = "identity"  # the map from pred to the scale of the target: "identity", "log", "sigmoid" or "softmax"
    majorizer: str = ""  # the upper bound of the curvature, in words, where there is one
    aliases: tuple[str, ...] = ()
    parameters: Mapping[str, Keyword] = field(default_factory=dict)


class Loss(Calls):
    """A loss function with its gradient and curvature.

    Calling it gives the cost of a batch, or the loss of every sample with ``reduction="none"``.
    """

    leading: ClassVar[tuple[str, ...]] = ()  # what a kernel of the family is given before the loss's other keywords
    reductions: ClassVar[tuple[str, ...]] = REDUCTIONS
    meanings: ClassVar[Mapping[str, str]] = {}  # of the reductions, where they are not those of every loss
    kind: ClassVar[str] = ""  # what a loss is that does not have every reduction
    cost_only: ClassVar[bool] = False  # no sample has a loss of its own
    root: ClassVar[bool] = False  # of a mean
    each: ClassVar[str] = ""  # what has a weight, where it is neither a number nor a row
    ids = rows = False  # which kinds of target a loss of rows knows

    def __init__(self, name: str, doc: str, definition: Definition) -> None:
        self.name = self.__name__ = name
        self.doc = doc
        self.formula = definition.formula
        self.shown = definition.shown
        self.inputs = definition.inputs
        self.domains = definition.inputs.domains
        self.link = definition.link
        self.majorizer = definition.majorizer
        self.aliases = definition.aliases
        self.parameters = dict(definition.parameters)
        self._constant = definition.constant
        self._order = (*self.leading, *(name for name in self.parameters if name not in self.leading))
        absent = {"axis": -1}  # of a leading keyword that this loss has not
        known = self.parameters
        self._defaults = tuple(
            known[n].checked(n, known[n].default) if n in known else absent.get(n) for n in self._order
        )
        self._last = None
        self._kernel: Any = None
        self.__module__ = "fastloss"
        self.__doc__ = docstring(self)
        self.__signature__ = signature(self)

    def _attach(self) -> None:
        """Make the other calls."""
        calls = dict(zip(("grad", "value_and_grad", "grad_and_hess"), derivatives(self), strict=True))
        for call, function in {**calls, "hvp": self._product(), "constant": self._best()}.items():
            attach(self, call, function)

    def __repr__(self) -> str:
        return f"<loss {self.name}>"

    @property
    def whole(self) -> bool:
        """Whether its cost is one of the whole batch, and no mean of losses or root of one."""
        return self.cost_only and not self.root

    def check_adds_up(self) -> None:
        """Refuse a loss of the whole batch, where data come in parts."""
        if self.whole:
            raise ValueError(f"{self.name} is {self.kind}; the costs of parts do not add up to it")

    def __reduce__(self) -> str:
        return self.name  # by reference, as a function is pickled

    # ---- the way of a call -------------------------------------------------------------------------------------------

    def _checked(self, given: Mapping[str, Any], others: tuple[str, ...] = errors.SHARED) -> tuple[Any, ...]:
        """The loss's own keywords in the order of the kernels. `others` are those of the call that they were given to."""
        values = dict(zip(self._order, self._defaults, strict=True))
        for name, value in given.items():
            if name not in self.parameters:
                raise errors.unexpected(self.name, name, [*self.parameters, *others])
            values[name] = self.parameters[name].checked(name, value)
        return tuple(values.values())

    def _curved(self, curvature: Any) -> int:
        """The call that gives another curvature than the exact one."""
        if not isinstance(curvature, str) or curvature not in ("exact", "majorizer"):
            raise ValueError(f"curvature is {curvature!r}; it must be 'exact' or 'majorizer'")
        if curvature == "exact":
            return GRAD_AND_HESS
        if not self.majorizer:
            raise ValueError(f"{self.name} has no majorizer; curvature must be 'exact'")
        return GRAD_AND_MAJORIZER

    def _prepared(
        self,
        call: int,
        pred: Any,
        target: Any,
        sample_weight: Any,
        reduction: Any,
        out: Any,
        hyperparameters: tuple[Any, ...],
    ) -> Any:
        """A call whose arguments need checking or converting first."""
        self._given(pred=pred, target=target)
        with np.errstate(all="ignore"):  # no result depends on the caller's
            arguments = self._arguments(pred, target, sample_weight, reduction, hyperparameters)
            each = arguments.reduction == "none"
            names = OUTPUTS.get(call, ("grad", "hess"))
            arguments.provide(("value", *names) if each and call in (VALUE, VALUE_AND_GRAD) else names, out)
            cost = self._cost(arguments, lambda: evaluated(self._kernel, call, arguments))
        results = arguments.outputs
        if call == VALUE:
            return results["value"] if each else cost
        if call == GRAD:
            return results["grad"]
        if call == VALUE_AND_GRAD:
            return (results["value"] if each else cost), results["grad"]
        return results["grad"], results["hess"]

    def _given(self, **arguments: Any) -> None:
        for name, value in arguments.items():
            if value is MISSING:
                shown = ", ".join(arguments)
                raise TypeError(f"{self.name}() is missing the argument {name!r}: {self.name}({shown})")

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, hyperparameters: tuple[Any, ...]
    ) -> Arguments:
        """The arguments, checked and converted."""
        reduction = known_reduction(reduction)
        pred, target = real_array("pred", pred), real_array("target", target)
        arguments = self._shaped(pred, target, reduction, dict(zip(self._order, hyperparameters, strict=True)))
        arguments.weight = sample_weights(sample_weight, pred, arguments.samples)
        if reduction not in self.reductions:
            raise ValueError(f"{self.name} is {self.kind}; reduction={reduction!r} has no meaning for it")
        return arguments

    def _shaped(self, pred: Array, target: Array, reduction: str, hyperparameters: dict[str, Any]) -> Arguments:
        """The arguments of a loss whose samples are numbers."""
        dtype = result_dtype(pred)
        same_shape("target", target.shape, pred)
        check_columns(hyperparameters, pred)
        check_held(self.parameters, hyperparameters, dtype)
        return Arguments(
            pred,
            target,
            None,
            reduction,
            dtype,
            pred.shape,
            tuple(hyperparameters.values()),
            root=self.root,
            whole=self.whole,
        )

    def _cost(self, arguments: Arguments, evaluate: Callable[[], Sums]) -> float:
        """The cost; the arrays that are asked for are in the arguments' outputs."""
        averaged = arguments.reduction in AVERAGES
        if arguments.pred.size == 0:
            return errors.undefined_mean("an empty batch") if averaged else 0.0
        sums = self._inside(arguments, evaluate())
        if averaged and (reason := self._undefined(arguments, sums)):
            return errors.undefined_mean(reason)
        return sums.value

    def _inside(self, arguments: Arguments, sums: Sums) -> Sums:
        if sums.outside:
            errors.outside(arguments, self.domains)
        return sums

    def _undefined(self, arguments: Arguments, sums: Sums) -> str:
        """Why a mean is, if it is."""
        if sums.samples == 0:
            return "no sample: every one is ignored"
        return "weights that sum to 0" if arguments.reduction == "mean" and sums.weight == 0 else ""

    def _totals(self, pred: Any, target: Any, sample_weight: Any, hyperparameters: tuple[Any, ...]) -> Sums:
        """Σwℓ, Σw and the samples that count: what the costs of batches are put together from. Of a root, its cost."""
        backend.say_if_slow()
        with np.errstate(all="ignore"):
            hyperparameters, shift = self._with_class_weights_about_1(hyperparameters)
            arguments = self._arguments(pred, target, sample_weight, "mean" if self.root else "sum", hyperparameters)
            if not arguments.pred.size:
                return Sums()
            sums = self._inside(arguments, totals(self._kernel, arguments))
            return replace(sums, unit=Fraction(sums.unit) * Fraction(2) ** shift) if shift else sums

    def _with_class_weights_about_1(self, hyperparameters: tuple[Any, ...]) -> tuple[tuple[Any, ...], int]:
        """Class weights times a power of two, and that."""
        place = self._order.index("class_weight") if "class_weight" in self.parameters else -1
        if place < 0 or hyperparameters[place] is None:
            return hyperparameters, 0
        shift = shift_of(hyperparameters[place])
        shifted = np.ldexp(hyperparameters[place], shift)
        return (*hyperparameters[:place], shifted, *hyperparameters[place + 1 :]), shift

    # ---- beside the kernels ------------------------------------------------------------------------------------------

    def _product(self) -> Callable[..., Array]:
        def hvp(
            pred: Any = MISSING,
            target: Any = MISSING,
            vector: Any = MISSING,
            *more: Any,
            sample_weight: Any = None,
            reduction: Any = "mean",
            out: Any = None,
            **parameters: Any,
        ) -> Array:
            if more:
                raise errors.too_many(f"{self.name}.hvp", ("pred", "target", "vector"), more)
            self._given(pred=pred, target=target, vector=vector)
            backend.say_if_slow()
            with np.errstate(all="ignore"):
                arguments = self._arguments(pred, target, sample_weight, reduction, self._checked(parameters))
                array = real_array("vector", vector)
                same_shape("vector", array.shape, arguments.pred)
                arguments.provide(("grad",), out, vector=array)
                arguments.product = True
                kernel, compiled = _numpy.KERNELS[self.name], backend.compiled(self.name)
                operands, along = arguments.operands(), arguments.last(array)
                rest = arguments.reduction, arguments.hyperparameters, arguments.inspected_first, compiled
                self._cost(arguments, lambda: Sums(*kernel.product(operands, along, *rest)))
            return arguments.outputs["grad"]

        return hvp

    def _best(self) -> Callable[..., Any]:
        def constant(target: Any = MISSING, sample_weight: Any = None, *more: Any, **parameters: Any) -> Any:
            if more:
                raise errors.too_many(f"{self.name}.constant", ("target", "sample_weight"), more)
            if target is MISSING:
                raise TypeError(f"{self.name}.constant() is missing the argument 'target'")
            hyperparameters = self._checked(parameters, ("sample_weight",))
            target = real_array("target", target)
            pred = self._zeros(target, parameters, sample_weight)
            backend.say_if_slow()
            with np.errstate(all="ignore"):
                arguments = self._arguments(pred, target, sample_weight, "mean", hyperparameters)
                if arguments.pred.size:
                    sums = self._inside(arguments, totals(self._kernel, arguments))
                if not arguments.pred.size or undefined(arguments, sums):
                    raise ValueError(f"{self.name} has no best constant for no sample, or weights that sum to 0")
                return self._constant(self, arguments, dict(zip(self._order, hyperparameters, strict=True)))

        return constant

    def _zeros(self, target: Array, parameters: Mapping[str, Any], sample_weight: Any) -> Array:
        """Scores of 0 for this target: they are inside every domain."""
        return np.broadcast_to(np.float64(0), target.shape)


class Later:
    """One of a loss's calls, made with the others when it is first asked for; from then on the loss has it itself."""

    def __init__(self, call: str) -> None:
        self.call = call
        self.__doc__ = SUMMARY[call]

    def __get__(self, loss: Loss | None, family: Any) -> Any:
        if loss is None:
            return self
        loss._attach()
        return vars(loss)[self.call]


for call in SUMMARY:
    setattr(Loss, call, Later(call))

L = TypeVar("L", bound=Loss)


def meant(loss: Loss | str) -> Loss:
    """The loss that a name, an alias or a loss means."""
    if not isinstance(loss, (str, Loss)):
        raise TypeError(f"loss must be a name or a loss, not {type(loss).__name__}")
    return loss if isinstance(loss, Loss) else named(loss)


def register(loss: L) -> L:
    """Enter a loss that is complete, and give it its kernel."""
    REGISTRY[loss.name] = loss
    backend.bind(loss)
    return loss
