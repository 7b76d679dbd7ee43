"""Measures the workloads: `python -m benchmarks [W1 W2 ...]`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import environments, faults, workloads
from benchmarks.contestants import FIELD
from benchmarks.flat import flat
from benchmarks.race import race
from benchmarks.start import starts

if TYPE_CHECKING:
    from collections.abc import Iterator

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

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        for workload in workloads.RACES:
            if wanted(workload.name):
                yield from race(
                    workload,
                    field,
                    folder,
                    rounds=options.rounds,
                    seconds=options.seconds,
                )
        if wanted("flat"):
            yield from flat(rounds=options.rounds, seconds=options.seconds)
        one_each = [one for one in field if not one.is_repeated]
        if wanted("W7"):
            yield from starts(one_each, folder / "W7", rounds=options.rounds)
        for contestant in one_each:
            place = folder / contestant.name
            if wanted("W8"):
                for workers in (1, 2):
                    yield faults.kill(contestant, place / f"{workers}", workers=workers)
            if wanted("W9"):
                yield faults.overload(contestant, place / "W9")


def _words(record: dict[str, Any]) -> str:
    """Return a record as a line for who waits."""
    values = (
        f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in record.items()
    )
    return "  ".join(values)


if __name__ == "__main__":
    main()
