"""Loss functions for NumPy arrays, with gradient and curvature, compiled, in one pass over memory.

>>> import fastloss as fl
>>> fl.huber([1.0, 2.0, 30.0], [1.0, 1.0, 1.0])
9.666666666666666
"""

from . import linear, losses
from ._core.backend import show_config
from ._core.loss import Loss
from ._core.threads import get_num_threads, set_num_threads
from ._version import __version__
from .accumulator import Accumulator
from .functions import log_sigmoid, log_softmax, logsumexp, sigmoid, softmax, softplus
from .losses import *  # noqa: F403

__all__ = [
    "Accumulator",
    "Loss",
    "__version__",
    "get_num_threads",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "logsumexp",
    "set_num_threads",
    "show_config",
    "sigmoid",
    "softmax",
    "softplus",
]
__all__ += losses.__all__
