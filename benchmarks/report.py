"""Turns records into the page of the documentation: `python -m benchmarks.report`."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
from collections import defaultdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import workloads
from benchmarks.contestants import (
    ANCHOR,
    FIELD,
    SERVERS,
    BentoMl,
    Deepaas,
    LitServe,
    MlServer,
)
from benchmarks.race import BARE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Record = dict[str, Any]

RESULTS = Path(__file__).with_name("results.jsonl")
PAGE = Path(__file__).parent.parent / "docs" / "explanation" / "benchmarks.md"

README = Path(__file__).parent.parent / "README.md"
_README_MARK = "- **Isolation for free**:"

HEAD = Path(__file__).with_name("page.md")


_FLAT = """\
## What does not grow

Processor time of ours for a request of W1, beside more and more of everything else.

![Processor time for a request](flat.svg)
"""


class Records:
    """What was measured."""

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = list(records)

    def of(self, workload: str, **values: Any) -> list[Record]:
        """Return the records of a workload that have these values."""
        return [
            one
            for one in self._records
            if one["workload"] == workload
            and all(one.get(name) == value for name, value in values.items())
        ]

    def names(self, workload: str) -> list[str]:
        """Return who took part, in the order of the field."""
        seen = {one["name"] for one in self.of(workload)}
        return [one.name for one in FIELD if one.name in seen]

    def median(self, key: str, workload: str, **values: Any) -> float:
        """Return the median of a value."""
        return statistics.median(one[key] for one in self.of(workload, **values))

    def ratio(
        self, key: str, workload: str, name: str, to: str, **values: Any
    ) -> float:
        """Return the median of the ratios of rounds."""
        base = {one["round"]: one[key] for one in self.of(workload, name=to, **values)}
        return statistics.median(
            one[key] / base[one["round"]]
            for one in self.of(workload, name=name, **values)
        )


def page(records: Records) -> str:
    """Return the page."""
    parts = [HEAD.read_text(), _machine()]
    for workload in workloads.RACES:
        if records.of(workload.name):
            parts.append(f"## {workload.name}: {workload.title}\n")
            parts += [
                _race(records, workload.name, connections)
                for connections in workload.connections
            ]
    for name, title, columns in _SINGLE:
        if records.of(name):
            parts.append(f"## {name}: {title}\n\n{_single(records, name, columns)}")
    if records.of("flat"):
        parts.append(_FLAT)
    return "\n".join(parts)


def _machine() -> str:
    peers = []
    for contestant in FIELD:
        if contestant.environment is not None:
            place = SERVERS / contestant.environment.name / "requirements.txt"
            peers.append(place.read_text().split()[0].replace("==", " "))
    ours = [
        f"{name} {version(name)}"
        for name in ("deepaas", "fastapi", "uvicorn", "uvloop", "httptools", "pydantic")
    ]
    return (
        f"Python {platform.python_version()}, {os.cpu_count()} processors "
        f"({_processor()}), Linux {platform.release().split('-')[0]}; "
        f"{', '.join(ours)}; {', '.join(peers)}.\n"
        "MLServer runs on uvloop 0.21, because it does not start on 0.22; "
        "DEEPaaS 2.6 uses none; all others on the same one.\n"
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _race(records: Records, workload: str, connections: int) -> str:
    plural = "connection" if connections == 1 else "connections"
    bare = records.of(workload, name=BARE)
    head = ["", "requests/s", "ratio", "p50 ms", "p99 ms", "CPU µs", "memory MB"]
    is_streamed = all("first_ms" in one for one in records.of(workload))
    if is_streamed:
        head.append("first piece ms")
    if bare:
        head.insert(3, "of the limit")
    rows = []
    for name in records.names(workload):
        where = {"name": name, "connections": connections}
        row = [
            name,
            f"{records.median('per_s', workload, **where):,.0f}",
            _short(
                records.ratio(
                    "per_s", workload, name, ANCHOR.name, connections=connections
                )
            ),
            *(
                _short(records.median(key, workload, **where))
                for key in ("p50_ms", "p99_ms")
            ),
            f"{records.median('cpu_us', workload, **where):,.0f}",
            f"{records.median('memory_mb', workload, **where):.0f}",
        ]
        if is_streamed:
            row.append(_short(records.median("first_ms", workload, **where)))
        if bare:
            share = records.ratio(
                "per_s", workload, name, BARE, connections=connections
            )
            row.insert(3, f"{100 * share:.0f} %")
        rows.append(row)
    failed = sum(
        one.get("failed", 0) for one in records.of(workload, connections=connections)
    )
    said = f"\n{failed} requests failed.\n" if failed else ""
    return f"{connections} {plural}:\n\n{_table(head, rows)}{said}"


_SINGLE = (
    (
        "W4m",
        "what an upload of 256 MB adds to the largest memory of the server",
        (
            ("server_mb", "its first process MB", "{:.1f}"),
            ("tree_mb", "all its processes MB", "{:.1f}"),
            ("took_s", "took s", "{:.2f}"),
        ),
    ),
    (
        "W7",
        "start to the first right answer, and idle",
        (
            ("workers", "workers", "{:.0f}"),
            ("start_s", "start s", "{:.2f}"),
            ("cpu_s", "CPU s", "{:.2f}"),
            ("memory_mb", "memory MB", "{:.0f}"),
        ),
    ),
    (
        "W8",
        workloads.KILL.title,
        (
            ("workers", "workers", "{:.0f}"),
            ("failed", "failed requests", "{:.0f}"),
            ("hanging", "still waiting", "{:.0f}"),
            ("gap_s", "longest gap s", "{:.2f}"),
            ("rate_after", "rate afterwards", "{:.2f}"),
        ),
    ),
    (
        "W9",
        workloads.OVERLOAD.title,
        (
            ("useful", "useful work", "{:.2f}"),
            ("refused", "refused", "{:.0f}"),
            ("refused_p50_ms", "refused in ms, p50", "{:.0f}"),
            ("refused_p99_ms", "p99", "{:.0f}"),
            ("timed_out", "timed out", "{:.0f}"),
            ("next_s", "next request s", "{:.2f}"),
        ),
    ),
)


def _single(records: Records, workload: str, columns: Any) -> str:
    rows = []
    for name in records.names(workload):
        by_size = defaultdict(list)
        for one in records.of(workload, name=name):
            by_size[one.get("workers")].append(one)
        for runs in by_size.values():
            cells = []
            for key, _, form in columns:
                values = [one[key] for one in runs if one[key] is not None]
                cells.append(form.format(statistics.median(values)) if values else "-")
            rows.append([name, *cells])
    return _table(["", *(title for _, title, _ in columns)], rows)


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _short(value: float) -> str:
    return f"{value:.3g}" if value < 100 else f"{value:.0f}"


def readme_line(records: Records) -> str:
    """Return what the README says of the first workload."""

    def per_s(name: str) -> float:
        return records.median("per_s", "W1", name=name, connections=64)

    ours = Deepaas.name
    inline = records.ratio("per_s", "W1", ours, ANCHOR.name, connections=64)
    others = max(map(per_s, (LitServe.name, BentoMl.name, MlServer.name)))
    return (
        f"{_README_MARK} with its model in a process of its own, a server answers "
        f"{inline:.1f} times as many small requests as FastAPI with the model inside, "
        f"and {per_s(ours) / others:.0f} times as many as the next model server. See "
        "[Benchmarks](docs/explanation/benchmarks.md)."
    )


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a file."""
    for line in path.read_text().splitlines():
        yield json.loads(line)


def main() -> None:
    """Write the page, the plots, and the line of the README."""
    records = Records(read(RESULTS))
    PAGE.write_text(page(records))
    lines = README.read_text().splitlines()
    README.write_text(
        "".join(
            f"{readme_line(records) if line.startswith(_README_MARK) else line}\n"
            for line in lines
        )
    )
    from benchmarks import plots

    plots.write(records, PAGE.parent)


if __name__ == "__main__":
    sys.exit(main())
