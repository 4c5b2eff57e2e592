"""Which kernels run: chosen once, at import, and said aloud when they are not the compiled ones."""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable
from typing import Any

from .. import _numpy
from .._version import __version__
from . import threads
from .products import Compiled
from .warnings import warn

VARIABLE = "FASTLOSS_BACKEND"
LEVELS = {  # best first, with the modules of `_cython` that each is made of
    name: (f"level_samples_{level}", f"level_rows_{level}")
    for name, level in (("x86-64-v4", "v4"), ("x86-64-v3", "v3"), ("x86-64-v2", "v2"), ("generic", "generic"))
}

_kernels: dict[str, Any]
_module: Any = None
_name = ""
_warn = False
_bound: list[Any] = []


def available() -> list[str]:
    """The levels that were built and that this processor can run, best first, NumPy last. None is loaded for it."""
    return [*(name for name, modules in LEVELS.items() if is_built(modules) and is_supported(name)), "numpy"]


def is_built(modules: tuple[str, ...]) -> bool:
    """Whether there is a level of these modules, and the engine that runs it."""
    try:
        return all(importlib.util.find_spec(f"fastloss._cython.{name}") for name in ("cpu", "engine", *modules))
    except ModuleNotFoundError:
        return False


def is_supported(name: str) -> bool:
    """Whether the processor has the level's instructions."""
    if name == "generic":
        return True
    return bool(importlib.import_module("fastloss._cython.cpu").supports(name))


def load(name: str) -> Any:
    """The kernels of a backend that is available."""
    return _numpy if name == "numpy" else importlib.import_module("fastloss._cython.engine").load(LEVELS[name])


def select(name: str | None = None) -> None:
    """Run on the kernels called `name`, or on the best there are."""
    global _kernels, _module, _name, _warn
    names = available()
    chosen = name or names[0]
    if chosen not in names:
        raise ImportError(f"{VARIABLE}={name} asks for kernels that are not available; there are {', '.join(names)}")
    _module, _name = load(chosen), chosen
    _kernels = _module.KERNELS
    _warn = chosen == "numpy" and name is None
    threads.attach(_module)
    for target in _bound:
        _attach(target)


def loops() -> Any:
    """The module in use, whose loops measure the memory."""
    return _module


def compiled(loss: str) -> Any:
    """What of the compiled kernels helps NumPy's with a Hessian's product; None if there are none."""
    return None if _module is _numpy else Compiled(_kernels[loss], _kernels["softmax_mean"])


def bind(target: Any) -> None:
    """Give a loss or function its kernel, now and whenever another backend is selected."""
    _bound.append(target)
    _attach(target)


def _attach(target: Any) -> None:
    kernel = _kernels[target.name]
    target._kernel = kernel
    target._quick = _warning(kernel.quick) if _warn else kernel.quick


def _warning(quick: Callable[..., Any]) -> Callable[..., Any]:
    """The quick way of NumPy kernels that nobody has chosen: the first call says that they are the slow ones."""

    def warned(*arguments: Any) -> Any:
        say_if_slow()
        return quick(*arguments)

    return warned


def say_if_slow() -> None:
    """Warn, once, that NumPy runs the losses because there is nothing better."""
    global _warn
    if _warn:
        _warn = False
        warn(
            "fastloss found no compiled kernels and runs on NumPy: the same results, many times slower. "
            "Install a wheel, or build with a C compiler; in a source checkout, install with pip install -e . "
            f"To choose NumPy on purpose, set {VARIABLE}=numpy"
        )


def show_config(mode: str = "stdout") -> dict[str, Any] | None:
    """Show which version, kernels, compiler and threads are in use.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print the configuration, or return it as a dict with the keys ``version``, ``backend``,
        ``backends_available``, ``compiler``, ``openmp`` (always False: fastloss has its own thread pool) and ``num_threads``.

    Raises
    ------
    ValueError
        If `mode` is anything else.

    Examples
    --------
    >>> import fastloss as fl
    >>> sorted(fl.show_config(mode="dicts"))
    ['backend', 'backends_available', 'compiler', 'num_threads', 'openmp', 'version']
    """
    config: dict[str, Any] = {
        "version": __version__,
        "backend": _name,
        "backends_available": available(),
        "compiler": _module.compiler,
        "openmp": False,
        "num_threads": threads.get_num_threads(),
    }
    if mode == "dicts":
        return config
    if mode != "stdout":
        raise ValueError(f"mode is {mode!r}; it must be 'stdout' or 'dicts'")
    import platform

    print(f"fastloss {config['version']} on {platform.machine()}, Python {platform.python_version()}")
    print(f"kernels: {config['backend']} (available: {', '.join(config['backends_available'])})")
    print(f"compiler: {config['compiler'] or 'none'}")
    pool = "" if _module.thread_pool == "none" else f", {_module.thread_pool} pool"
    print(f"threads: {config['num_threads']}{pool}")
    return None


select(os.environ.get(VARIABLE) or None)
