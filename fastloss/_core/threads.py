"""How many threads a large batch is shared among.

As many as the process may use: the processors of its affinity mask, no more than its container's CPU quota, no more than
``FASTLOSS_NUM_THREADS`` or else ``OMP_NUM_THREADS`` says. `set_num_threads` overrides all of these; a limit set by
threadpoolctl still holds, in every thread: `Controller` takes it. The threads are a pool's (c/pool.h).
"""

from __future__ import annotations

import gc
import math
import operator
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .._version import __version__

MOST = 1024

_count = 0  # what the user or the environment says
_limit = MOST  # what threadpoolctl does
_before: list[tuple[int, int]] = []  # the number that was in use, and the limit, when each of its limits began
_module: Any = None


def get_num_threads() -> int:
    """The number of threads among which a large batch is shared.

    Examples
    --------
    >>> import fastloss as fl
    >>> fl.get_num_threads() >= 1
    True
    """
    return min(_count, _limit) if getattr(_module, "thread_pool", "none") == "own" else 1


def set_num_threads(n: int) -> None:
    """Share large batches among `n` threads from now on. Results are the same to the last bit, whatever the number.

    Parameters
    ----------
    n : int
        At least 1. The NumPy kernels always run on one.

    Raises
    ------
    TypeError, ValueError
        If `n` is not an integer, or less than 1.

    Examples
    --------
    >>> import fastloss as fl
    >>> before = fl.get_num_threads()
    >>> fl.set_num_threads(1)
    >>> fl.get_num_threads()
    1
    >>> fl.set_num_threads(before)
    """
    global _count
    try:
        if isinstance(n, bool):
            raise TypeError
        count = operator.index(n)
    except TypeError:
        raise TypeError(f"n must be an integer, not {type(n).__name__}") from None
    if count < 1:
        raise ValueError(f"n is {count}; it must be at least 1")
    _count = min(count, MOST)
    attach(_module)


def attach(module: Any) -> None:
    """Tell a kernel module the number in force; once more, if another thread has changed it meanwhile."""
    global _module
    _module = module
    told = 0
    while module is not None and told != min(_count, _limit):
        told = min(_count, _limit)
        module.set_thread_limit(told)


def allowed() -> int:
    """What the environment, the affinity mask and the container allow."""
    for variable in ("FASTLOSS_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(variable, "").split(",")[0].strip()
        digits = text.lstrip("0") if text.isdecimal() else ""
        if digits:
            return min(int(digits[:9]), MOST)
        if text and variable == "FASTLOSS_NUM_THREADS":
            raise ValueError(f"{variable} is {text!r}; it must be a whole number of at least 1")
    try:
        processors = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        processors = os.cpu_count() or 1
    return max(1, min(processors, quota(), MOST))


def quota(root: Path = Path("/sys/fs/cgroup")) -> int:
    """Whole processors in the container's CPU quota (cgroup v2, then v1), rounded up; a large number if there is none."""
    unlimited = 1 << 20
    try:
        if (root / "cpu.max").exists():
            limit, period = (root / "cpu.max").read_text().split()[:2]
        else:
            limit = (root / "cpu" / "cpu.cfs_quota_us").read_text()
            period = (root / "cpu" / "cpu.cfs_period_us").read_text()
        return math.ceil(int(limit) / int(period)) if int(limit) > 0 else unlimited
    except (OSError, ValueError):  # no such file, or "max"
        return unlimited


def limit(n: int) -> None:
    """Use at most `n` threads, until told a number again that was in use before: that ends the limits since then."""
    global _limit
    began = next((i for i in reversed(range(len(_before))) if _before[i][0] == n), None)
    if began is None:
        _before.append((min(_count, _limit), _limit))
        _limit = max(1, n)
    else:
        _limit = _before[began][1]
        del _before[began:]
    attach(_module)


def register() -> None:
    """Let threadpoolctl, where it is installed, find the kernels among the process's thread pools."""
    before = "threadpoolctl" in sys.modules
    try:
        import threadpoolctl
    except ImportError:
        return
    if not hasattr(threadpoolctl, "register"):  # before 3.2
        return

    class Controller(threadpoolctl.LibController):  # type: ignore[misc,name-defined,unused-ignore]
        """Fastloss's threads, as threadpoolctl sees them."""

        user_api = "openmp"  # limits meant for loops like these go by this name
        internal_api = "fastloss"
        filename_prefixes = ("cpu.",)
        check_symbols = ("fastloss_kernels",)

        def get_num_threads(self) -> int:
            """How many are in use."""
            return get_num_threads()

        def set_num_threads(self, num_threads: int) -> None:
            """Limit them."""
            limit(num_threads)

        def get_version(self) -> str:
            """Fastloss's."""
            return __version__

    threadpoolctl.register(Controller)
    if before:
        join_limits(threadpoolctl, Controller)


def join_limits(threadpoolctl: Any, controller: Any) -> None:
    """Take part in the limits that are in force already, and in their ends, as the libraries do that they were set for.

    Threadpoolctl keeps no list of them; the garbage collector has one.
    """
    kind = getattr(threadpoolctl, "_ThreadpoolLimiter", None)
    if find_spec("fastloss._cython.cpu") is None:  # NumPy's kernels run on one thread
        return
    limiters = [x for x in gc.get_referrers(kind, *kind.__subclasses__()) if isinstance(x, kind)] if kind else []
    limits = [(x._limits.get(controller.user_api), x) for x in limiters]
    for number, limiter in sorted((pair for pair in limits if pair[0] is not None), key=lambda pair: -pair[0]):
        libraries = limiter._controller.lib_controllers
        held = [library.get_num_threads() for library in libraries if library.user_api in limiter._limits]
        if held and max(held) <= number:  # it has not ended
            limiter._original_info.append({"num_threads": min(_count, _limit)})
            limit(number)
            module = import_module("fastloss._cython.cpu").__file__
            libraries.append(controller(filepath=module, prefix="cpu.", parent=limiter._controller))


_count = allowed()
register()
