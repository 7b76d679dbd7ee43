"""Measures the workloads: `python -m benchmarks [W1 W2 ...]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import environments, workloads
from benchmarks.contestants import FIELD
from benchmarks.faults import kills, overloads
from benchmarks.flat import flat
from benchmarks.race import race
from benchmarks.start import starts
from benchmarks.upload import uploads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.contestants import Contestant


def main() -> None:
    """Measure what the command line asks for, and print it as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="*", help="such as W1; all if none")
    parser.add_argument("--only", action="append", help="part of a server's name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3, help="of each run")
    options = parser.parse_args()
    field = [
        one
        for one in FIELD
        if not options.only or any(part in one.name for part in options.only)
    ]
    environments.prepare(field)
    for record in measure(field, options):
        print(json.dumps(record), flush=True)
        print(_words(record), file=sys.stderr, flush=True)


def measure(
    field: list[Contestant], options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield the records of all runs."""

    def wanted(name: str) -> bool:
        return not options.workload or name in options.workload

    rounds, seconds = options.rounds, options.seconds
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for workload in filter(lambda one: wanted(one.name), workloads.RACES):
            yield from race(workload, field, folder, rounds=rounds, seconds=seconds)
        one_each = [one for one in field if not one.is_repeated]
        others: dict[str, Callable[[], Iterator[dict[str, Any]]]] = {
            "W4m": lambda: uploads(folder / "W4m"),
            "W7": lambda: starts(one_each, folder / "W7", rounds=rounds),
            "W8": lambda: kills(one_each, folder / "W8"),
            "W9": lambda: overloads(one_each, folder / "W9"),
            "flat": lambda: flat(rounds=rounds, seconds=seconds),
        }
        for label, run in others.items():
            if wanted(label):
                yield from run()


def _words(record: dict[str, Any]) -> str:
    """Return a record as a line for who waits."""
    values = (
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in record.items()
    )
    return "  ".join(values)


if __name__ == "__main__":
    main()
