"""What compiled kernels do of a Hessian's product with a vector, whose engine is NumPy's on every backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .domains import Array
from .passes import GRAD, GRAD_AND_HESS

if TYPE_CHECKING:
    from .._numpy.engine import Tile


@dataclass
class Compiled:
    """The loss's own kernel, and that of the mean of numbers under a softmax, whose gradient is the softmax's Jacobian times these
    numbers."""

    own: Any
    mean: Any
    room: Array | None = None  # for slopes and curvatures, used again from tile to tile

    def curvature(self, tile: Tile) -> Array:
        """The second derivatives of a tile's numbers."""
        pred, target = (tile.batch.operands[k][tile.index] for k in (0, 1))
        own = tuple(columns(x, tile) if isinstance(x, np.ndarray) else x for x in tile.batch.hyperparameters)
        if self.room is None:
            self.room = np.empty((2, pred.size), tile.batch.dtype)
        slopes: Array
        curvatures: Array
        slopes, curvatures = self.room[:, : pred.size]
        places = slopes.reshape(pred.shape), curvatures.reshape(pred.shape)
        self.own.run(GRAD_AND_HESS, (pred, target, None, None, *places), "none", own, False)
        return curvatures

    def spread(self, x: Array, v: Array) -> Array:
        """(diag(p) − p pᵀ)·v of the softmax p of rows x."""
        out = np.empty_like(v)
        x = x.astype(v.dtype, copy=False)
        self.mean.run(GRAD, (x, v, None, None, out, None), "sum", (-1, None, None), False)
        return out


def columns(x: Array, tile: Tile) -> Array:
    """Of what has a number for each place on the last axis, those of the places that are in a tile."""
    here = np.broadcast_to(x, tile.batch.samples)[tile.index]
    return np.ascontiguousarray(here.reshape(-1, here.shape[-1])[0])
