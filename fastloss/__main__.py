"""The command line: ``python -m fastloss list`` and ``python -m fastloss bench``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from ._bench import bench
from ._loss import REGISTRY


def show_list(arguments: argparse.Namespace) -> None:
    """Print every loss with its formula and parameters."""
    width = max(len(", ".join((loss.name, *loss.aliases))) for loss in REGISTRY.values())
    for loss in REGISTRY.values():
        own = ", ".join(f"{name}={p.default} ({p.condition(name)})" for name, p in loss.parameters.items())
        print(f"{', '.join((loss.name, *loss.aliases)):{width}}  {loss.formula}" + (f"   [{own}]" if own else ""))


def count(text: str) -> int:
    """A whole number of at least 1."""
    try:
        number = int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="fastloss", description="Loss functions for NumPy arrays.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")

    listing = commands.add_parser("list", help="print all losses with their formulas and parameters")
    listing.set_defaults(run=show_list)

    bench_parser = commands.add_parser("bench", help="time every loss on a large batch beside NumPy's own expression")
    bench_parser.add_argument("--size", type=count, default=1 << 24, help="numbers in pred (default 2^24)")
    bench_parser.add_argument(
        "--classes", type=count, default=1000, help="of losses of rows, which get size/classes rows"
    )
    bench_parser.add_argument("--dtype", choices=["float32", "float64"], action="append", help="default: both")
    bench_parser.add_argument("--threads", type=count, help="default: as many as the process may use")
    names = sorted([*REGISTRY, *(alias for loss in REGISTRY.values() for alias in loss.aliases)])
    bench_parser.add_argument(
        "--loss", choices=names, action="append", metavar="NAME", help="default: all; may be repeated"
    )
    bench_parser.add_argument("--rounds", type=count, default=7, help="timed rounds, of which the median counts")
    bench_parser.add_argument("--json", metavar="FILE", help="write the figures to a file as well")
    bench_parser.set_defaults(run=bench)

    arguments = parser.parse_args(argv)
    try:
        arguments.run(arguments)
    except OSError as error:
        parser.exit(2, f"fastloss: {error}\n")


if __name__ == "__main__":
    main()
