"""Runs a workload on all servers in turn, round after round."""

from __future__ import annotations

import multiprocessing
import time
from typing import TYPE_CHECKING, Any

from benchmarks.running import running
from benchmarks.servers import work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from benchmarks.contestants import Contestant
    from benchmarks.workloads import Workload

BARE = "no server"
_WARM_S = 1.0
_BATCH = 32


def race(
    workload: Workload,
    contestants: list[Contestant],
    folder: Path,
    *,
    rounds: int,
    seconds: float,
) -> Iterator[dict[str, Any]]:
    """Yield a record for each run: who, how many connections, what was seen."""
    entered = [one for one in contestants if workload.model in one.models]
    with running(entered, workload, folder) as servers:
        for server in servers:
            server.push(connections=max(workload.connections), seconds=_WARM_S)
        for number in range(rounds):
            turn = number % len(servers)
            for server in servers[turn:] + servers[:turn]:
                for connections in workload.connections:
                    seen = server.push(connections=connections, seconds=seconds)
                    if workload.is_streamed:
                        seen["first_ms"] = server.first_chunk_ms()
                    yield {
                        "workload": workload.name,
                        "name": server.contestant.name,
                        "connections": connections,
                        "round": number,
                        **seen,
                    }
            yield from bare(workload, number, seconds)
        for server in servers:
            server.wait()  # still the right answers


def bare(workload: Workload, number: int, seconds: float) -> list[dict[str, Any]]:
    """Measure the work of a workload without any server, where that is a limit."""
    limits = {"device": _device_per_s, "busy": _busy_per_s}
    if workload.model not in limits:
        return []
    return [
        {
            "workload": workload.name,
            "name": BARE,
            "connections": workload.connections[-1],
            "round": number,
            "per_s": limits[workload.model](seconds),
        }
    ]


def _device_per_s(seconds: float) -> float:
    return _BATCH * _calls_per_s(work.device, seconds)


def _busy_per_s(seconds: float) -> float:
    with multiprocessing.Pool(2) as pool:
        return sum(pool.starmap(_calls_per_s, [(work.busy, seconds)] * 2, chunksize=1))


def _calls_per_s(call: Callable[[], Any], seconds: float) -> float:
    began = time.monotonic()
    count = 0
    while time.monotonic() < began + seconds:
        call()
        count += 1
    return count / (time.monotonic() - began)
