"""The calls that every loss has: as thin as they can be.

Where setup can compile, calls.pyx takes this module's place: the same calls, in half of the time.
"""

from __future__ import annotations

import sys
from typing import Any

from .errors import too_many
from .passes import GRAD, GRAD_AND_HESS, VALUE, VALUE_AND_GRAD

MISSING: Any = object()  # an argument that was not given
UNCHANGING = (float, int, str, type(None))
# Without the interpreter's lock, what one thread remembers another might read half replaced.
REMEMBERS = bool(getattr(sys, "_is_gil_enabled", lambda: True)())


class Calls:
    """A loss's calls: each offers its arguments to the kernel as they are, and has them prepared only if that fails.

    A subclass has `_checked`, which makes the kernel's parameters of keywords, and `_prepared`, which checks and converts.
    """

    name: str
    _quick: Any
    _defaults: tuple[Any, ...]
    _last: tuple[Any, Any] | None

    def __call__(
        self,
        pred: Any = MISSING,
        target: Any = MISSING,
        *more: Any,
        sample_weight: Any = None,
        reduction: Any = "mean",
        out: Any = None,
        **parameters: Any,
    ) -> Any:
        """The cost, a float; or the losses, an array, with ``reduction="none"``."""
        if more:
            raise too_many(self.name, ("pred", "target"), more)
        hyperparameters = self._resolved(parameters) if parameters else self._defaults
        result = self._quick(VALUE, pred, target, sample_weight, reduction, out, hyperparameters)
        if result is NotImplemented:
            return self._prepared(VALUE, pred, target, sample_weight, reduction, out, hyperparameters)
        return result

    def _resolved(self, given: dict[str, Any]) -> tuple[Any, ...]:
        """The kernel's parameters. Objects that were given last time, and cannot have changed, are not checked again."""
        if self._last is not None:
            before, hyperparameters = self._last
            if len(before) == len(given):
                for name, value in given.items():
                    if name not in before or before[name] is not value:
                        break
                else:
                    return hyperparameters  # type: ignore[no-any-return]
        hyperparameters = self._checked(given)
        for value in given.values():
            if type(value) not in UNCHANGING:
                return hyperparameters
        if REMEMBERS:
            self._last = (given, hyperparameters)
        return hyperparameters

    def _checked(self, given: Any) -> tuple[Any, ...]:
        raise NotImplementedError

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
        raise NotImplementedError

    def _curved(self, curvature: Any) -> int:
        raise NotImplementedError


def derivatives(loss: Calls) -> tuple[Any, Any, Any]:
    """The loss's other calls. They are functions of its own, so that each can have its own signature and docstring."""

    def grad(
        pred: Any = MISSING,
        target: Any = MISSING,
        *more: Any,
        sample_weight: Any = None,
        reduction: Any = "mean",
        out: Any = None,
        **parameters: Any,
    ) -> Any:
        if more:
            raise too_many(loss.name, ("pred", "target"), more)
        hyperparameters = loss._resolved(parameters) if parameters else loss._defaults
        result = loss._quick(GRAD, pred, target, sample_weight, reduction, out, hyperparameters)
        if result is NotImplemented:
            return loss._prepared(GRAD, pred, target, sample_weight, reduction, out, hyperparameters)
        return result

    def value_and_grad(
        pred: Any = MISSING,
        target: Any = MISSING,
        *more: Any,
        sample_weight: Any = None,
        reduction: Any = "mean",
        out: Any = None,
        **parameters: Any,
    ) -> Any:
        if more:
            raise too_many(loss.name, ("pred", "target"), more)
        hyperparameters = loss._resolved(parameters) if parameters else loss._defaults
        result = loss._quick(VALUE_AND_GRAD, pred, target, sample_weight, reduction, out, hyperparameters)
        if result is NotImplemented:
            return loss._prepared(VALUE_AND_GRAD, pred, target, sample_weight, reduction, out, hyperparameters)
        return result

    def grad_and_hess(
        pred: Any = MISSING,
        target: Any = MISSING,
        *more: Any,
        sample_weight: Any = None,
        reduction: Any = "mean",
        out: Any = None,
        curvature: Any = "exact",
        **parameters: Any,
    ) -> Any:
        if more:
            raise too_many(loss.name, ("pred", "target"), more)
        hyperparameters = loss._resolved(parameters) if parameters else loss._defaults
        call = GRAD_AND_HESS if curvature == "exact" else loss._curved(curvature)
        result = loss._quick(call, pred, target, sample_weight, reduction, out, hyperparameters)
        if result is NotImplemented:
            return loss._prepared(call, pred, target, sample_weight, reduction, out, hyperparameters)
        return result

    return grad, value_and_grad, grad_and_hess
