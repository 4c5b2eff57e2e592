"""PyTorch, compiled by its Inductor, which needs a C++ compiler and some seconds a loss."""

from collections.abc import Callable
from typing import Any

import torch

from . import Task, pytorch


class Rival(pytorch.Rival):
    """`torch.compile` of the same formulas."""

    def start(self, threads: int) -> str:
        """Set it up; its version."""
        version = super().start(threads)
        torch.compile(lambda x: x + 1)(torch.zeros(3))  # fail here rather than at every loss
        return version

    def made(self, formula: Callable[[Any, Any], Any], task: Task) -> Callable[[Any, Any], Any]:
        """Compiled for this shape alone."""
        torch.compiler.reset()
        compiled: Callable[[Any, Any], Any] = torch.compile(formula, dynamic=False)
        return compiled
