"""W8 and W9: what callers see when a worker dies, and when there are too many of them.

wrk counts and does not look, so these clients are Python's.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import statistics
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import aiohttp

from benchmarks.running import running
from benchmarks.workloads import KILL, OVERLOAD, numbers_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from benchmarks.contestants import Contestant
    from benchmarks.running import Running

_BEFORE_S = 2.0
_AFTER_S = 6.0
_PUSH_S = 10.0
_PATIENCE_S = 10.0
_LONG_S = 1.0
_FAILED_PAUSE_S = 0.1
_SPREAD_S = 1.0  # over which the callers begin, and so ask again


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer, or its absence.

    Attributes:
        at: When it came (monotonic, s).
        took_s: How long that took.
        status: The HTTP status; 0 where there was none in time.
    """

    at: float
    took_s: float
    status: int


class Callers:
    """Clients that ask one after the other, each for itself."""

    def __init__(self, server: Running, count: int) -> None:
        self.answers: list[Answer] = []
        self._waiting: dict[object, float] = {}
        self._server = server
        self._count = count
        self._tasks: list[asyncio.Task[None]] = []
        self._session = aiohttp.ClientSession(
            f"http://127.0.0.1:{server.port}",
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=_PATIENCE_S),
        )

    async def __aenter__(self) -> Callers:
        self._tasks = [
            asyncio.create_task(self._ask(_SPREAD_S * number / self._count))
            for number in range(self._count)
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    async def _ask(self, pause_s: float) -> None:
        while True:
            await asyncio.sleep(pause_s)
            pause_s = await self.one()

    async def one(self) -> float:
        """Ask once; returns how long a good client waits before it asks again."""
        began = time.monotonic()
        pause_s = _FAILED_PAUSE_S
        call = object()
        self._waiting[call] = began
        try:
            async with self._post() as answer:
                await answer.read()
                status = answer.status
                if status == 200:
                    pause_s = 0.0
                elif "Retry-After" in answer.headers:
                    pause_s = float(answer.headers["Retry-After"])
        except (aiohttp.ClientError, TimeoutError):
            status = 0
        finally:
            del self._waiting[call]
        now = time.monotonic()
        self.answers.append(Answer(now, now - began, status))
        return pause_s

    async def pid(self) -> int:
        """Return the process that runs the model."""
        async with self._post() as answer:
            return int(max(numbers_in(json.loads(await answer.read()))))

    def _post(self) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        request = self._server.request
        return self._session.post(
            request.path, data=request.body, headers=request.headers
        )

    def hanging(self) -> int:
        """Return how many have waited for long, and still do."""
        now = time.monotonic()
        return sum(now - began > _LONG_S for began in self._waiting.values())

    def between(self, start: float, end: float) -> list[Answer]:
        """Return the answers that came in a span of time."""
        return [one for one in self.answers if start <= one.at < end]


def kills(contestants: list[Contestant], folder: Path) -> Iterator[dict[str, Any]]:
    """Kill the process of each model under 16 clients; yield what they saw."""
    for contestant in contestants:
        for workers in (1, 2):
            workload = replace(KILL, workers=workers)
            place = folder / f"{contestant.name}-{workers}"
            if workload.model in contestant.models:
                with running([contestant], workload, place) as [server]:
                    seen = asyncio.run(_kill(server))
                record = {"workload": "W8", "name": contestant.name}
                yield {**record, "workers": workers, **seen}


async def _kill(server: Running) -> dict[str, Any]:
    async with Callers(server, server.workload.connections[0]) as callers:
        began = time.monotonic()
        await asyncio.sleep(_BEFORE_S)
        pid = await callers.pid()
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(_AFTER_S)
        ended = time.monotonic()
        answers = callers.between(killed, ended)
        good = [one.at for one in answers if one.status == 200]
        times = zip([killed, *good], [*good, ended], strict=True)
        gap_s = max(later - earlier for earlier, later in times)
        before = callers.between(began, killed)
        last = callers.between(ended - _BEFORE_S, ended)
        return {
            "failed": sum(one.status != 200 for one in answers),
            "hanging": callers.hanging(),
            "gap_s": gap_s,
            "rate_after": sum(one.status == 200 for one in last)
            / max(1, sum(one.status == 200 for one in before)),
        }


def overloads(contestants: list[Contestant], folder: Path) -> Iterator[dict[str, Any]]:
    """Let 512 clients ask a model that can answer 20 a second; yield what they saw."""
    for contestant in contestants:
        if OVERLOAD.model in contestant.models:
            with running([contestant], OVERLOAD, folder / contestant.name) as [server]:
                seen = asyncio.run(_overload(server))
            yield {"workload": "W9", "name": contestant.name, **seen}


async def _overload(server: Running) -> dict[str, Any]:
    workload = server.workload
    async with Callers(server, workload.connections[0]) as callers:
        await asyncio.sleep(2 * _SPREAD_S)
        began = time.monotonic()
        await asyncio.sleep(_PUSH_S)
        answers = callers.between(began, time.monotonic())
    async with Callers(server, 0) as callers:
        await callers.one()
        [next_one] = callers.answers
    refused = sorted(one.took_s for one in answers if one.status in (429, 503))
    good = sum(one.status == 200 for one in answers)
    return {
        "useful": good * workload.slow_s / _PUSH_S,
        "refused": len(refused),
        "refused_p50_ms": 1000 * statistics.median(refused) if refused else None,
        "refused_p99_ms": 1000 * refused[len(refused) * 99 // 100] if refused else None,
        "timed_out": sum(one.status == 0 for one in answers),
        "next_s": next_one.took_s if next_one.status == 200 else None,
    }
