"""What the commands show: progress and tables, drawn by rich on a terminal, plain text elsewhere and without rich."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console

EVERY = 0.1  # seconds between two looks at the progress


def console(stream: TextIO) -> Console | None:
    """Rich's, if that is installed and the stream is a terminal. What is written to it is no markup."""
    if not stream.isatty():
        return None
    try:
        from rich.console import Console
    except ImportError:
        return None
    return Console(file=stream, markup=False, emoji=False, highlight=False)


@contextmanager
def progress(stream: TextIO, total: int | None) -> Iterator[Callable[[int, str], None]]:
    """Show how much of the total is done, and a text; nothing in a pipe. It is wiped out in the end.

    Drawn only when told so, not by a thread of its own, which would disturb what is being timed.
    """
    last = -math.inf

    def show(done: int, text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= EVERY:
            last = now
            draw(done, text)

    if not stream.isatty():
        yield lambda done, text: None
    elif terminal := console(stream):
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = BarColumn(), TextColumn("{task.description}", markup=False), TimeRemainingColumn()
        with Progress(*columns, console=terminal, auto_refresh=False, transient=True, redirect_stdout=False) as bar:
            task = bar.add_task("", total=total)

            def draw(done: int, text: str) -> None:
                bar.update(task, completed=done, description=text, refresh=True)

            yield show
    else:

        def draw(done: int, text: str) -> None:
            filled = f"[{'#' * (30 * done // total):.<30}] " if total else ""
            stream.write(f"\r{filled + text:79.79}")
            stream.flush()

        try:
            yield show
        finally:
            stream.write(f"\r{'':79}\r")
            stream.flush()


def table(stream: TextIO, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table. What is not in the first column is never wrapped, and nothing is cut, however narrow the terminal."""
    if terminal := console(stream):
        from rich.table import Table

        drawn = Table()
        for i, head in enumerate(heads):
            drawn.add_column(head, justify="right" if i else "left", no_wrap=i > 0)
        for row in rows:
            drawn.add_row(*row)
        needed = terminal.measure(drawn, options=terminal.options.update(max_width=1 << 16)).minimum
        terminal.width = max(terminal.width, needed)
        terminal.print(drawn)
    else:
        widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
        for first, *others in (heads, *rows):
            cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
            stream.write("  ".join([f"{first:{widths[0]}}", *cells]).rstrip() + "\n")
