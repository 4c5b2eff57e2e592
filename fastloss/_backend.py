"""Which kernels run: chosen once, at import, and said aloud when they are not the compiled ones."""

from __future__ import annotations

import importlib
import os
import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import _reference, _threads
from ._version import __version__
from ._warnings import warn

if TYPE_CHECKING:
    from ._loss import Loss

VARIABLE = "FASTLOSS_BACKEND"
MODULES = {  # best first
    "x86-64-v4": "x86_64_v4",
    "x86-64-v3": "x86_64_v3",
    "x86-64-v2": "x86_64_v2",
    "generic": "generic",
}

_kernels: dict[str, Any]
_module: Any = None
_name = ""
_warn = False
_bound: list[Any] = []


def available() -> dict[str, Any]:
    """The kernel modules that were built and that this processor can run, best first, NumPy last."""
    found: dict[str, Any] = {}
    try:
        cpu = importlib.import_module("fastloss.kernels.cpu")
    except ImportError:
        cpu = None
    if cpu is not None:
        for name, module in MODULES.items():
            if name == "generic" or cpu.supports(name):
                try:
                    found[name] = importlib.import_module(f"fastloss.kernels.{module}")
                except ModuleNotFoundError:
                    continue
    found["numpy"] = _reference
    return found


def select(name: str | None = None) -> None:
    """Run on the kernels called `name`, or on the best there are."""
    global _kernels, _module, _name, _warn
    modules = available()
    chosen = name or next(iter(modules))
    if chosen not in modules:
        raise ImportError(f"{VARIABLE}={name} asks for kernels that are not available; there are {', '.join(modules)}")
    _module, _name = modules[chosen], chosen
    _kernels = _module.KERNELS
    _warn = chosen == "numpy" and name is None
    _threads.attach(_module)
    for target in _bound:
        _attach(target)


def loops() -> Any:
    """The module whose loops measure the memory: the one in use, or the reference's."""
    return _module


def bind(target: Loss | Any) -> None:
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
    """Say which version, kernels, compiler and threads are in use.

    Parameters
    ----------
    mode : {"stdout", "dicts"}
        Print the configuration, or return it as a dict with the keys ``version``, ``backend``,
        ``backends_available``, ``compiler``, ``openmp`` and ``num_threads``.

    Raises
    ------
    ValueError
        If `mode` is neither of the two.

    Examples
    --------
    >>> import fastloss as fl
    >>> sorted(fl.show_config(mode="dicts"))
    ['backend', 'backends_available', 'compiler', 'num_threads', 'openmp', 'version']
    """
    config: dict[str, Any] = {
        "version": __version__,
        "backend": _name,
        "backends_available": list(available()),
        "compiler": _module.compiler,
        "openmp": _module.openmp,
        "num_threads": _threads.get_num_threads(),
    }
    if mode == "dicts":
        return config
    if mode != "stdout":
        raise ValueError(f"mode is {mode!r}; it must be 'stdout' or 'dicts'")
    print(f"fastloss {config['version']} on {platform.machine()}, Python {platform.python_version()}")
    print(f"kernels: {config['backend']} (available: {', '.join(config['backends_available'])})")
    print(f"compiler: {config['compiler'] or 'none'}; OpenMP: {'yes' if config['openmp'] else 'no'}")
    print(f"threads: {config['num_threads']}")
    return None


select(os.environ.get(VARIABLE) or None)
