"""fastloss."""

from typing import Any

from ..._core import backend as _backend
from ..._core import threads as _threads
from ..._core.registry import REGISTRY
from . import Candidate, Task


class Rival:
    """The public calls, the gradient into an array that is there already."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        _threads.set_num_threads(threads)
        config = _backend.show_config(mode="dicts")
        assert config is not None
        return f"{config['version']}, {config['backend']} kernels by {config['compiler'] or 'NumPy'}"

    def prepare(self, task: Task) -> Candidate:
        """Its way to do the task."""
        loss = REGISTRY[task.loss]
        pred, target, out = task.pred, task.target, task.out
        if task.gradient:
            call = loss.value_and_grad
            return Candidate(lambda: call(pred, target, out=out), pair)
        return Candidate(lambda: loss(pred, target), lambda cost: (cost, None))


def pair(answer: Any) -> Any:
    """Already a cost and a gradient."""
    return answer
