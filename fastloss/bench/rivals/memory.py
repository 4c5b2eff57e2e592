"""The floor: loops that only read what the loss must, and write the gradient; for a small batch a call that does nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..._core import backend as _backend
from ..._core import threads as _threads
from ..._core.calls import Calls, derivatives
from ..._core.domains import Array
from . import Candidate, Task, seconds

EMPTY_BELOW = 4096  # numbers: where the call outweighs the memory
SPARSE = {"sparse_categorical_cross_entropy"}  # need nothing of a row but the number of its class


class Empty(Calls):
    """A loss that computes nothing, through the same two layers."""

    def __init__(self) -> None:
        self._quick = _backend.loops().nothing
        self._defaults = ()
        self._last = None
        self.value_and_grad = derivatives(self)[1]  # type: ignore[method-assign]


class Rival:
    """What no loss can beat."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        _threads.set_num_threads(threads)
        return "compiled loops that read, and write by the better kind of store; an empty call for small batches"

    def prepare(self, task: Task) -> Candidate:
        """The least that the task takes."""
        unread: Callable[[Any], tuple[float | None, Array | None]] = lambda answer: (None, None)  # noqa: E731
        if task.pred.size < EMPTY_BELOW:
            empty, pred, target, out = Empty(), task.pred, task.target, task.out
            if task.gradient:
                return Candidate(lambda: empty.value_and_grad(pred, target, out=out), unread)
            return Candidate(lambda: empty(pred, target), unread)
        module = _backend.loops()
        threads = [1] if _threads.get_num_threads() == 1 else [1, _threads.get_num_threads()]
        stores = [(n, streaming) for n in threads for streaming in (False, True)]
        out = words(task.out)
        ways: list[Callable[[], Any]]
        if task.loss in SPARSE:
            pick = partial(module.pick, task.pred.view(np.int8), task.target, task.pred.itemsize)
            ways = (
                [partial(pick, out, *how) for how in stores]
                if task.gradient
                else [partial(pick, None, n, False) for n in threads]
            )
        else:
            # Class ids are few: the predictions are read twice over, which costs memory nothing.
            both = words(task.pred), words(task.target if task.target.shape == task.pred.shape else task.pred)
            ways = (
                [partial(module.write, *both, out, *how) for how in stores]
                if task.gradient
                else [partial(module.read, *both, n) for n in threads]
            )
        return Candidate(min(ways, key=seconds), unread)


def words(x: Array) -> Array:
    """Its memory as integers of 64 bits, but for what is left over."""
    return x.reshape(-1).view(np.uint8)[: x.nbytes // 8 * 8].view(np.int64)
