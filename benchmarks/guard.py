"""Compares what a request costs with what it cost before: `make bench-check`.

Time on the wall says little on a machine that others use as well. What is compared is
processor time for each request, as a ratio to that of the anchor in the same minutes,
so that a baseline that was taken on one machine means something on another.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks import environments, workloads
from benchmarks.contestants import ANCHOR, Deepaas, Deepaas2Model
from benchmarks.race import race
from benchmarks.report import Records

BASELINE = Path(__file__).with_name("baseline.json")

_MOST = 1.15
_GUARDED = ("W1", "W4", "W5j", "W6")


def main() -> None:
    """Measure, and compare with the baseline or write a new one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="write a new baseline")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2, help="of each run")
    options = parser.parse_args()
    found = costs(rounds=options.rounds, seconds=options.seconds)
    if options.update:
        BASELINE.write_text(json.dumps(found, indent=1) + "\n")
        return
    baseline = json.loads(BASELINE.read_text())
    is_worse = False
    for name, ratio in found.items():
        change = ratio / baseline[name]
        is_worse |= change > _MOST
        verdict = "WORSE" if change > _MOST else "ok"
        print(
            f"{name:32} {baseline[name]:7.3f} -> {ratio:7.3f}  {change:5.2f}  {verdict}"
        )
    sys.exit(is_worse)


def costs(*, rounds: int, seconds: float) -> dict[str, float]:
    """Return processor time for each request, as ratios to the anchor's."""
    field = [ANCHOR, Deepaas(), Deepaas2Model()]
    environments.prepare(field)
    found = {}
    for workload in workloads.RACES:
        if workload.name not in _GUARDED:
            continue
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            records = Records(
                race(workload, field, Path(folder), rounds=rounds, seconds=seconds)
            )
        for name in records.names(workload.name):
            for connections in workload.connections:
                if name != ANCHOR.name:
                    ratio = records.ratio(
                        "cpu_us",
                        workload.name,
                        name,
                        ANCHOR.name,
                        connections=connections,
                    )
                    found[f"{workload.name}, {connections}: {name}"] = round(ratio, 3)
    return found


if __name__ == "__main__":
    main()
