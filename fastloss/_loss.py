"""The class of every loss: four calls, the same keywords, one thin way to the kernels.

Design. A call first offers its arguments to the kernel as they are (`Kernel.quick`). Arrays that need no preparation,
which is nearly all of them, are answered there, in a few hundred nanoseconds. For anything else the kernel answers
NotImplemented and has done nothing; the arguments are then checked and converted here and in `_validate.py`, and given
to `Kernel.run`. So an error is found, and worded, in one place, and the quick way stays free of messages.
"""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import numpy as np

from . import _backend, _reference, _validate
from ._calls import MISSING, Calls
from ._reference import ordinary, unit_for
from ._validate import Domain, Keyword

VALUE, GRAD, VALUE_AND_GRAD, GRAD_AND_HESS = range(4)  # the calls, as in kernels/interface.pxi
SHARED = {
    "sample_weight": None,
    "reduction": "mean",
    "out": None,
}

REGISTRY: dict[str, Loss] = {}  # every loss by its name, aliases left out


class Loss(Calls):
    """A loss function with its gradient and curvature.

    Calling it gives the cost of a batch, or the loss of every sample with ``reduction="none"``.
    """

    def __init__(
        self,
        name: str,
        formula: str,
        doc: str,
        parameters: Mapping[str, Keyword],
        aliases: tuple[str, ...] = (),
        cost_only: bool = False,
    ) -> None:
        self.name = self.__name__ = name
        self.formula = formula
        self.parameters = dict(parameters)
        self.domains: Mapping[str, Domain] = _reference.KERNELS[name].domains
        self.aliases = aliases
        self.cost_only = cost_only
        self.__doc__ = doc
        self.__module__ = "fastloss"
        self.__signature__ = signature(self.parameters)
        self._defaults = tuple(p.default for p in self.parameters.values())
        self._positions = {name: i for i, name in enumerate(self.parameters)}
        self._last = None
        self._kernel: Any = None

    def __repr__(self) -> str:
        return f"<loss {self.name}>"

    def __reduce__(self) -> str:
        return self.name  # by reference, as a function is pickled

    @staticmethod
    def outputs(call: int) -> tuple[str, ...]:
        """The arrays that a call gives beside the cost."""
        return {VALUE: (), GRAD_AND_HESS: ("grad", "hess")}.get(call, ("grad",))

    def _checked(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        return _validate.parameters(self.name, self.parameters, self._positions, self._defaults, given)

    def _prepared(
        self,
        call: int,
        pred: Any,
        target: Any,
        sample_weight: Any,
        reduction: Any,
        out: Any,
        own: tuple[Any, ...],
    ) -> Any:
        """A call whose arguments need checking or converting first."""
        for name, value in (("pred", pred), ("target", target)):
            if value is MISSING:
                raise TypeError(f"{self.name}() is missing the argument {name!r}: {self.name}(pred, target)")
        arguments, own = self._arguments(pred, target, sample_weight, reduction, own)
        each = reduction == "none"
        names = ("value",) if call == VALUE and each else self.outputs(call)
        _validate.outputs(arguments, names, out)
        if call == VALUE_AND_GRAD and each:
            arguments.outputs["value"] = arguments.empty("value")
        cost = self._run(call, arguments, own)
        results = arguments.outputs
        value = results["value"] if each and "value" in results else cost
        if call == VALUE:
            return value
        if call == GRAD:
            return results["grad"]
        return (value, results["grad"]) if call == VALUE_AND_GRAD else (results["grad"], results["hess"])

    def _arguments(
        self, pred: Any, target: Any, sample_weight: Any, reduction: Any, own: tuple[Any, ...]
    ) -> tuple[_validate.Call, tuple[Any, ...]]:
        """The arguments, checked and converted, and what the kernel gets of the loss's own keywords."""
        arguments = _validate.arguments(pred, target, sample_weight, reduction)
        _validate.check_held(self.parameters, own, arguments.dtype)
        if self.cost_only and reduction in ("none", "sum"):
            raise ValueError(f"{self.name} is the root of a mean; reduction={reduction!r} has no meaning for it")
        arguments.cost_only = self.cost_only
        return arguments, own

    def _run(self, call: int, arguments: _validate.Call, own: tuple[Any, ...]) -> float:
        averaged = arguments.reduction in ("mean", "batch_mean")
        if arguments.pred.size == 0:
            return _validate.undefined_mean("an empty batch") if averaged else 0.0
        cost, total, samples = self._evaluated(call, arguments, own)
        if averaged and samples == 0:
            return _validate.undefined_mean("no sample: every one is ignored")
        if arguments.reduction == "mean" and total == 0:
            return _validate.undefined_mean("weights that sum to 0")
        return cost

    def _evaluated(self, call: int, arguments: _validate.Call, own: tuple[Any, ...]) -> tuple[float, float, int]:
        """(cost, Σw, samples that count), by the kernel."""
        operands, kinds = _validate.coded(arguments.operands())
        double = arguments.dtype == np.float64
        cost, total, outside = self._kernel.run(
            call, operands, kinds, double, arguments.reduction, own, arguments.inspected_first
        )
        if outside:
            _validate.outside(arguments, self.domains)
        samples = arguments.pred.size
        return float(cost), samples if arguments.weight is None else total, samples

    def _totals(
        self, pred: Any, target: Any, sample_weight: Any, own: tuple[Any, ...]
    ) -> tuple[float, float, int, float]:
        """(Σwℓ, Σw, samples that count): what the costs of batches are put together from; and the power of two that the
        weights were multiplied by, so that their sums are in range."""
        _backend.say_if_slow()
        arguments, own = self._arguments(pred, target, sample_weight, "sum", own)
        if not arguments.pred.size:
            return 0.0, 0.0, 0, 1.0
        value, weight, samples = self._evaluated(VALUE, arguments, own)
        if arguments.weight is None or weight == 0 or (ordinary(weight) and math.isfinite(value)):
            return value, weight, samples, 1.0
        unit = unit_for(weight)
        arguments.weight = unit * np.asarray(arguments.weight, np.float64)
        return *self._evaluated(VALUE, arguments, own), unit


def named(name: str) -> Loss:
    """The loss of this name or alias."""
    losses = {known: loss for loss in REGISTRY.values() for known in (loss.name, *loss.aliases)}
    if name not in losses:
        near = difflib.get_close_matches(name, losses, 1)
        raise ValueError(f"there is no loss {name!r}; " + (f"did you mean {near[0]!r}?" if near else ", ".join(losses)))
    return losses[name]


L = TypeVar("L", bound=Loss)


def register(loss: L) -> L:
    """Enter a loss that is complete, and give it its kernel."""
    REGISTRY[loss.name] = loss
    _backend.bind(loss)
    return loss


def signature(own: Mapping[str, Keyword]) -> inspect.Signature:
    """What help() and inspect show of a loss's calls."""
    kind = inspect.Parameter
    names = [kind("pred", kind.POSITIONAL_OR_KEYWORD), kind("target", kind.POSITIONAL_OR_KEYWORD)]
    names += [kind(name, kind.KEYWORD_ONLY, default=p.default) for name, p in own.items()]
    names += [kind(name, kind.KEYWORD_ONLY, default=default) for name, default in SHARED.items()]
    return inspect.Signature(names)


def loss(
    formula: str,
    *,
    aliases: tuple[str, ...] = (),
    cost_only: bool = False,
    **parameters: Keyword,
) -> Callable[[Callable[..., None]], Loss]:
    """Make a Loss of a function that has a name and a docstring, and register it."""

    def make(definition: Callable[..., None]) -> Loss:
        doc = inspect.cleandoc(definition.__doc__ or "")
        return register(Loss(definition.__name__, formula, doc, parameters, aliases, cost_only))

    return make
