"""What a prediction costs while there is more and more of everything else.

The cost is processor time of the server with all its processes, for each request of
W1, and the time that a lone caller waits; the first is what can be compared.
"""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx2

from benchmarks.contestants import Deepaas
from benchmarks.running import Running
from benchmarks.workloads import START, Workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MODELS = (1, 10, 50)
JOBS = (0, 1_000, 10_000, 100_000)
STREAMS = (1, 10, 100, 1000)
WORKERS = (1, 2, 4)


class Many(Deepaas):
    """Ours, with so many models, the first of which is asked."""

    def __init__(self, models: int) -> None:
        self._models = models

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        """Write the models and serve them all."""
        source = (self.folder / "noop.py").read_text()
        work.mkdir(parents=True, exist_ok=True)
        others = [work / f"noop{number}.py" for number in range(1, self._models)]
        for path in others:
            path.write_text(source)
        return [*super().command(workload, port, work), *map(str, others)]


class Jobs(Deepaas):
    """Ours, with a model that can be trained."""

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        """Serve a model with `train` beside the one that is asked."""
        return [
            *super().command(workload, port, work),
            str(Path(__file__).with_name("jobs_model.py")),
        ]


def flat(*, rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a record for each run, of all four series."""
    with tempfile.TemporaryDirectory(prefix="flat-") as name:
        folder = Path(name)
        series: dict[str, tuple[tuple[int, ...], Callable[[int], Running]]] = {
            "models": (MODELS, lambda n: Running(Many(n), START, folder / f"m{n}")),
            "finished jobs": (JOBS, lambda n: _with_jobs(n, folder / f"j{n}")),
            "event streams": (
                STREAMS,
                lambda n: Running(Jobs(), START, folder / f"s{n}"),
            ),
            "workers": (
                WORKERS,
                lambda n: Running(
                    Deepaas(), replace(START, workers=n), folder / f"w{n}"
                ),
            ),
        }
        for label, (sizes, start) in series.items():
            servers = {size: start(size) for size in sizes}
            try:
                for size, server in servers.items():
                    server.wait_for_all()
                    _push(label, size, server, seconds=1)
                for number in range(rounds):
                    for size, server in servers.items():
                        seen = _push(label, size, server, seconds=seconds)
                        yield {
                            "workload": "flat",
                            "name": label,
                            "size": size,
                            "round": number,
                            **seen,
                        }
            finally:
                for server in servers.values():
                    server.close()


def _push(label: str, size: int, server: Running, *, seconds: float) -> dict[str, Any]:
    if label == "event streams":
        return asyncio.run(_push_beside_streams(size, server, seconds=seconds))
    return _seen(server, seconds)


def _seen(server: Running, seconds: float) -> dict[str, Any]:
    many = server.push(connections=64, seconds=seconds)
    alone = server.push(connections=1, seconds=seconds)
    return {
        "cpu_us": many["cpu_us"],
        "p50_ms": alone["p50_ms"],
        "failed": many["failed"] + alone["failed"],
    }


async def _push_beside_streams(
    count: int, server: Running, *, seconds: float
) -> dict[str, Any]:
    """Push while so many callers listen to the events of a job that runs."""
    url = f"http://127.0.0.1:{server.port}"
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(
            aiohttp.ClientSession(url, connector=aiohttp.TCPConnector(limit=0))
        )
        train = await session.post(
            "/v2/models/jobs_model/train/", params={"how": "rest"}
        )
        job = (await train.json())["uuid"]
        for _ in range(count):
            events = await stack.enter_async_context(session.get(f"/jobs/{job}/events"))
            events.raise_for_status()
        seen = await asyncio.to_thread(_seen, server, seconds)
        await session.delete(f"/jobs/{job}")
    return seen


def _with_jobs(count: int, folder: Path) -> Running:
    """Start a server that has so many finished jobs: one real one and its copies."""
    first = Running(Jobs(), START, folder)
    try:
        first.wait_for_all()
        _train(f"http://127.0.0.1:{first.port}")
    finally:
        first.close()
    _copy(folder / "data" / "jobs.sqlite3", count)
    return Running(Jobs(), START, folder)


def _train(url: str) -> None:
    with httpx2.Client(base_url=url, timeout=60) as http:
        train = http.post(
            "/v2/models/jobs_model/train/", params={"how": "rest", "seconds": 0}
        )
        job = http.get(f"/jobs/{train.json()['uuid']}", headers={"Prefer": "wait=50"})
        assert job.json()["status"] == "successful", job.text


def _copy(path: Path, count: int) -> None:
    with sqlite3.connect(path) as database:
        columns = [row[1] for row in database.execute("PRAGMA table_info(jobs)")]
        rest = ", ".join(one for one in columns if one != "id")
        database.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n "  # noqa: S608 - our own names
            f"WHERE i < {count}) INSERT INTO jobs (id, {rest}) "
            f"SELECT printf('%032x', i), {rest} FROM n, jobs LIMIT {count}"
        )
