"""Measures jobs: submissions, cancel, a large log, predictions beside them."""

from __future__ import annotations

import asyncio
import collections
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import httpx2
from tests.chaos.storm import processes_of
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Callable

MODEL = Path(__file__).with_name("jobs_model.py")
NAME = MODEL.stem
TRAIN = f"/v2/models/{NAME}/train/"
PREDICT = f"/v2/models/{NAME}/predict/"

_SUBMISSIONS = 2000
_RATE_S = 10.0


class Bench:
    """A server, and what is asked of it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.data_dir = folder / "jobs"
        port = free_port()
        self.server = ServerProcess(
            [
                *(Path(sys.executable).with_name("deepaas"), "serve", MODEL),
                *("--listen-port", str(port), "--data-dir", self.data_dir),
                *("--no-access-log", *options),
            ],
            port=port,
            folder=folder,
        )
        self.server.wait_until_ready("/readyz")
        self.http = httpx2.Client(base_url=self.server.url, timeout=60)

    def close(self) -> None:
        """End the server."""
        self.http.close()
        self.server.stop()

    def train(self, **arguments: Any) -> str:
        """Start a training; returns its id."""
        answer = self.http.post(TRAIN, params=arguments)
        return str(answer.json()["uuid"])

    def begin(self, **arguments: Any) -> str:
        """Start a training and wait until the model runs."""
        job_id = self.train(**arguments)
        self.until(lambda: "begun" in self.http.get(f"/jobs/{job_id}/log").text)
        return job_id

    def until(self, holds: Callable[[], bool], *, every_s: float = 0.02) -> float:
        """Wait for a condition; returns how long that took."""
        began = time.monotonic()
        while not holds():
            time.sleep(every_s)
        return time.monotonic() - began

    def status(self, job_id: str) -> str:
        """Return the state of a job."""
        return str(self.http.get(f"/jobs/{job_id}").json()["status"])

    def resident_mb(self) -> float:
        """Return the memory of the server process."""
        fields = Path(f"/proc/{self.server.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def submissions(bench: Bench) -> dict[str, Any]:
    """Submit trainings, from one and from many callers at once."""
    bench.train()  # has the slot, so that nothing else runs
    found = {}
    for callers in (1, 16, 64):
        began = time.monotonic()
        count = asyncio.run(_submit(bench.server.url, callers))
        found[f"per second, {callers} callers"] = round(
            count / (time.monotonic() - began)
        )
    return found


async def _submit(url: str, callers: int) -> int:
    each = min(_SUBMISSIONS, 300 * callers) // callers
    connector = aiohttp.TCPConnector(limit=callers)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def submit() -> None:
            for _ in range(each):
                async with session.post(TRAIN) as answer:
                    await answer.read()
                    answer.raise_for_status()

        await asyncio.gather(*(submit() for _ in range(callers)))
    return each * callers


def submit_to_running(bench: Bench) -> dict[str, Any]:
    """Time from a submission to the model's first line."""
    taken = []
    for _ in range(5):
        began = time.monotonic()
        job_id = bench.begin(how="rest", seconds=0)
        taken.append(time.monotonic() - began)
        bench.until(lambda: bench.status(job_id) == "successful")  # noqa: B023 - now
    return {"seconds": [round(one, 2) for one in taken]}


def cancel(bench: Bench) -> dict[str, Any]:
    """Cancel what does not want to end; the grace is two seconds."""
    found = {}
    for how in ("python", "native", "stubborn"):
        job_id = bench.begin(how=how)
        began = time.monotonic()
        answer = bench.http.delete(f"/jobs/{job_id}").json()["status"]
        answered_s = time.monotonic() - began
        gone_s = bench.until(lambda: not processes_of(bench.data_dir)) + answered_s
        found[how] = {
            "answer": answer,
            "answered after ms": round(1000 * answered_s),
            "processes gone after s": round(gone_s, 2),
        }
    return found


def large_log(bench: Bench) -> dict[str, Any]:
    """Let a training print a gigabyte."""
    before = most = bench.resident_mb()
    began = time.monotonic()
    job_id = bench.train(how="print", seconds=0, megabytes=1000)
    while bench.status(job_id) in ("accepted", "running"):
        most = max(most, bench.resident_mb())
        time.sleep(0.05)
    return {
        "seconds": round(time.monotonic() - began, 1),
        "server memory MB, before": round(before),
        "server memory MB, most": round(most),
    }


def beside_predictions(bench: Bench) -> dict[str, Any]:
    """Predict at half the highest rate: alone, beside a training, while activating."""
    most = asyncio.run(_highest_rate(bench.server.url))
    rate = most / 2
    alone = asyncio.run(_steady(bench.server.url, rate))
    job_id = bench.begin(how="busy", seconds=_RATE_S * 3)
    training = asyncio.run(_steady(bench.server.url, rate))
    bench.http.delete(f"/jobs/{job_id}")
    bench.until(lambda: not processes_of(bench.data_dir))
    done = bench.begin(how="rest", seconds=0)
    bench.until(lambda: bench.status(done) == "successful")
    activating = asyncio.run(_steady(bench.server.url, rate, activations=(0, 1, 0, 1)))
    return {
        "highest rate": round(most),
        "alone": alone,
        "beside a training": training,
        "while activating": activating,
    }


async def _highest_rate(url: str) -> float:
    connector = aiohttp.TCPConnector(limit=16)
    count = 0
    async with aiohttp.ClientSession(url, connector=connector) as session:
        end = time.monotonic() + _RATE_S / 3

        async def ask() -> None:
            nonlocal count
            while time.monotonic() < end:
                async with session.post(PREDICT, json={"x": 1}) as answer:
                    await answer.read()
                    count += 1

        await asyncio.gather(*(ask() for _ in range(16)))
    return count / (_RATE_S / 3)


async def _steady(
    url: str, rate: float, *, activations: tuple[int, ...] = ()
) -> dict[str, Any]:
    """Ask at a steady rate, whatever the answers do."""
    taken: list[float] = []
    failures: collections.Counter[str] = collections.Counter()
    tasks: set[asyncio.Task[None]] = set()
    connector = aiohttp.TCPConnector(limit=256)
    async with aiohttp.ClientSession(url, connector=connector) as session:

        async def ask(due: float) -> None:
            try:
                async with session.post(PREDICT, json={"x": 1}) as answer:
                    if answer.status == 200:
                        await answer.read()
                    else:
                        failures[(await answer.json())["detail"]] += 1
            except aiohttp.ClientError as error:
                failures[repr(error)] += 1
            taken.append(time.monotonic() - due)

        async def activate() -> None:
            for number in activations:
                await asyncio.sleep(_RATE_S / 8)
                address = f"/models/{NAME}/versions/{number}/activate"
                async with session.post(address) as answer:
                    answer.raise_for_status()

        changing = asyncio.create_task(activate())
        began = time.monotonic()
        for number in range(int(rate * _RATE_S)):
            due = began + number / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            task = asyncio.create_task(ask(due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(changing, *tasks)
    return {
        "requests": len(taken),
        "failed": dict(failures),
        "p50 ms": round(1000 * statistics.median(taken), 2),
        "p99 ms": round(1000 * statistics.quantiles(taken, n=100)[98], 2),
    }


def main() -> None:
    """Measure everything and print it."""
    report: dict[str, Any] = {}
    for measure, options in (
        (submissions, ()),
        (submit_to_running, ()),
        (cancel, ("--job-grace", "2")),
        (large_log, ("--job-log-bytes", "200MB")),
        (beside_predictions, ("--activation", "manual")),
    ):
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            bench = Bench(Path(folder), *options)
            try:
                report[measure.__name__] = measure(bench)
            finally:
                bench.close()
        print(json.dumps({measure.__name__: report[measure.__name__]}), flush=True)


if __name__ == "__main__":
    main()
