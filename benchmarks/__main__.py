"""Measures the workloads: `python -m benchmarks [W1 W2 ...]`."""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from benchmarks import environments, workloads
from benchmarks.contestants import FIELD
from benchmarks.race import race


def main() -> None:
    """Measure what the command line asks for, and print it as JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workload", nargs="*", help="such as W1; all if none")
    parser.add_argument("--only", action="append", help="part of a server's name")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    options = parser.parse_args()
    field = [
        one
        for one in FIELD
        if not options.only or any(part in one.name for part in options.only)
    ]
    environments.prepare(field)
    for workload in workloads.RACES:
        if options.workload and workload.name not in options.workload:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for record in race(
                workload,
                field,
                Path(folder),
                rounds=options.rounds,
                seconds=options.seconds,
            ):
                print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
