"""Warnings that point at the user's line."""

import sys
import warnings


def warn(text: str) -> None:
    """Warn whoever called the package, however deep in it that is noticed."""
    frame, level = sys._getframe(1), 2
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fastloss."):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, RuntimeWarning, stacklevel=level)
