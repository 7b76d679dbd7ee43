"""W7: what it costs to start a server, and to have one that does nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from benchmarks import trees
from benchmarks.running import Running
from benchmarks.workloads import START

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.contestants import Contestant

_IDLE_S = 2.0


def starts(
    contestants: list[Contestant], folder: Path, *, rounds: int
) -> Iterator[dict[str, Any]]:
    """Yield a record for each start."""
    for number in range(rounds):
        turn = number % len(contestants)
        for contestant in contestants[turn:] + contestants[:turn]:
            for workers in (1, 2):
                place = folder / f"{number}-{contestant.name}-{workers}"
                yield {
                    "workload": "W7",
                    "name": contestant.name,
                    "workers": workers,
                    "round": number,
                    **_start(contestant, workers, place),
                }


def _start(contestant: Contestant, workers: int, folder: Path) -> dict[str, float]:
    began = time.monotonic()
    server = Running(contestant, replace(START, workers=workers), folder)
    try:
        server.wait()
        seen = {
            "start_s": time.monotonic() - began,
            "cpu_s": trees.cpu_s(server.pid),
        }
        time.sleep(_IDLE_S)
        before_s = trees.cpu_s(server.pid)
        time.sleep(_IDLE_S)
        idle = (trees.cpu_s(server.pid) - before_s) / _IDLE_S
        return {**seen, "memory_mb": trees.memory_mb(server.pid), "idle_cpu": idle}
    finally:
        server.close()
