"""The losses in NumPy: the specification of the compiled kernels, and what runs where there are none.

Formulas by family, over arrays of float32 or float64; `engine.py` runs them over a batch. `KERNELS` and the rest of this
module are what every backend has.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.domains import Array
from . import (
    alignments,
    boxes,
    counts,
    cross_entropies,
    embeddings,
    ensembles,
    hinges_of_rows,
    margins,
    ordered,
    outputs,
    pointwise,
    quantiles,
    relative,
    robust,
    roots,
    rows,
    scores,
    scores_of_rows,
    structured,
    two_rows,
)

compiler = ""
thread_pool = "none"
KERNELS: dict[str, Any] = {
    **pointwise.KERNELS,
    **counts.KERNELS,
    **margins.KERNELS,
    **scores.KERNELS,
    **robust.KERNELS,
    **quantiles.KERNELS,
    **relative.KERNELS,
    **roots.KERNELS,
    **ordered.KERNELS,
    **outputs.KERNELS,
    **ensembles.KERNELS,
    **rows.KERNELS,
    **cross_entropies.KERNELS,
    **scores_of_rows.KERNELS,
    **hinges_of_rows.KERNELS,
    **two_rows.KERNELS,
    **boxes.KERNELS,
    **structured.KERNELS,
    **embeddings.KERNELS,
    **alignments.KERNELS,
}


def set_thread_limit(n: int) -> None:
    """NumPy runs these on one thread."""


def nothing(
    call: int, pred: Any, target: Any, weight: Any, reduction: Any, out: Any, parameters: tuple[Any, ...]
) -> float:
    """A call with the arguments of a kernel's `quick`, that computes nothing."""
    return 0.0


def read(a: Array, b: Array, threads: int) -> Any:
    """Read both arrays once, as far as NumPy can: what the losses are measured against."""
    return a.max() ^ b.max()


def write(a: Array, b: Array, out: Array, threads: int, streaming: bool) -> None:
    """Read both arrays and write a third."""
    np.bitwise_xor(a, b, out=out)


def pick(pred: Array, ids: Array, item: int, out: Array | None, threads: int, streaming: bool) -> Any:
    """Read, of rows of bytes, the first of each row's number, which has `item` bytes; write an array, if there is one."""
    if out is not None:
        out.fill(0)
    return pred[np.arange(len(ids)), ids * item].max()
