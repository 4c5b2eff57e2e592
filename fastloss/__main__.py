"""The command line: ``python -m fastloss`` and ``list``, ``plot``, ``score`` or ``bench``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any

from . import score
from ._core import tables
from .bench import command as bench


def show_list(arguments: argparse.Namespace) -> None:
    """Print every loss with its formula and parameters."""
    print(tables.text())


def draw(arguments: argparse.Namespace) -> None:
    """Write a chart of some losses and their derivatives to a file."""
    from . import plot

    chart: Any = plot.curves(arguments.losses, target=arguments.target, span=arguments.span)[0]
    chart.figure.savefig(arguments.output, dpi=150)


def count(text: str) -> int:
    """A whole number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="fastloss", description="Loss functions for NumPy arrays.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    listing = commands.add_parser("list", help="print all losses with their formulas and parameters")
    listing.set_defaults(run=show_list)

    drawing = commands.add_parser("plot", help="draw losses and their derivatives (needs the extra 'plot')")
    drawing.add_argument("losses", nargs="+", metavar="loss", help="a name, or one with keywords: huber:delta=2")
    drawing.add_argument(
        "-o", "--output", metavar="FILE", required=True, help="its ending says what to write: .png, .svg, .pdf"
    )
    drawing.add_argument("--span", type=float, nargs=2, metavar=("LOW", "HIGH"), help="the ends of the horizontal axis")
    drawing.add_argument("--target", type=float, default=1.0, help="the probability of the class (default 1)")
    drawing.set_defaults(run=draw)

    help_text = "the costs of predictions in files of any size: .npy, .npz, CSV, Parquet"
    score.add_options(commands.add_parser("score", help=help_text), count)

    help_text = "time every loss on large batches, beside NumPy's expression, its rivals and what the memory can do"
    bench.add_options(commands.add_parser("bench", help=help_text), count)

    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has seen enough of it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor is what is left written at the end
        parser.exit(1)
    except (OSError, ImportError, ValueError) as error:
        parser.exit(2, f"fastloss: {error}\n")


if __name__ == "__main__":
    main()
