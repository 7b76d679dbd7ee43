"""Kills a server at random moments, and counts what was promised and what was kept.

Run it by itself for as long as you like:

    python -m tests.chaos.storm --kills 1000

Each round starts a server on the same data directory, lets clients submit trainings,
kills the server with SIGKILL at a random moment, and looks: no process of a job may be
left after five seconds. At the end the server runs until all jobs are final. Every job
that was acknowledged must be there, exactly once, with one final state, and must not
have begun twice.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx2
from tests.support.server import ServerProcess, ServerStartError, free_port

MODEL = Path(__file__).parent / "models.py"
FINAL = ("successful", "failed", "dismissed")

_ORPHANS_GONE_S = 5.0
_STUCK_S = 60.0  # without one more job that is final
_POLL_S = 0.02
_LONGEST_ROUND_S = 15.0
_MOST_SUBMISSIONS = 2  # of each client: all of them have to be run in the end


@dataclass(kw_only=True)
class Tally:
    """What was seen.

    Attributes:
        acknowledged: Ids of jobs that a client was told of.
        orphans: Processes that outlived their server by more than five seconds.
        slowest_death_s: The longest time until none was left.
        problems: What broke a promise, in words.
        states: How many jobs ended how.
    """

    kills: int = 0
    acknowledged: set[str] = field(default_factory=set)
    orphans: int = 0
    slowest_death_s: float = 0.0
    problems: list[str] = field(default_factory=list)
    states: collections.Counter[str] = field(default_factory=collections.Counter)


class Storm:
    """Rounds of submissions and kills on one data directory."""

    def __init__(self, folder: Path, *, seed: int) -> None:
        self.tally = Tally()
        self._folder = folder
        self._data = folder / "jobs"
        self._journal = folder / "journal"
        self._journal.touch()
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._rounds = 0

    def run(self, kills: int) -> Tally:
        """Kill a server so many times, then look at what is left."""
        for _ in range(kills):
            self._round()
        self._settle()
        return self.tally

    def run_to(self, point: str, times: int) -> Tally:
        """Let a server end itself at a named point so many times, then look."""
        for number in range(times):
            self._round(f"{point}:kill:{number + 1}")
        self._settle()
        return self.tally

    def _start(self, inject: str = "") -> ServerProcess:
        self._rounds += 1
        port = free_port()
        program = Path(sys.executable).with_name("deepaas")
        environment = {"CHAOS_JOURNAL": str(self._journal)}
        if inject:
            environment["DEEPAAS_INJECT"] = inject
        return ServerProcess(
            [
                *(program, "serve", MODEL, "--listen-port", str(port)),
                *("--data-dir", self._data, "--job-slots", "2", "--job-grace", "0.5"),
                *("--no-access-log", "--activation", "manual"),
            ],
            port=port,
            folder=self._folder / f"round-{self._rounds}",
            environment=environment,
        )

    def _round(self, inject: str = "") -> None:
        server = self._start(inject)
        stop = threading.Event()
        clients = [
            threading.Thread(target=self._submit, args=(server.url, number, stop))
            for number in range(3)
        ]
        try:
            self._begin(server, clients)
            if inject:
                server.process.wait(_LONGEST_ROUND_S)
            else:
                threading.Event().wait(self._random.uniform(0.0, 0.8))
        finally:
            server.kill_alone()
            stop.set()
        self.tally.kills += 1
        self._count_orphans()
        for client in clients:
            client.join()

    def _begin(self, server: ServerProcess, clients: list[threading.Thread]) -> None:
        """Let the clients begin when the server is ready, if it lives that long."""
        with suppress(ServerStartError):
            server.wait_until_ready("/readyz")
        for client in clients:
            client.start()

    def _submit(self, url: str, number: int, stop: threading.Event) -> None:
        """Submit trainings until the server is gone; note what it acknowledged."""
        with httpx2.Client(base_url=url, timeout=5) as http:
            for attempt in range(_MOST_SUBMISSIONS):
                if stop.wait(self._random.uniform(0.0, 0.3)):
                    return
                key = f"{self._rounds}-{number}-{attempt}"
                # One client sends what is too large for the row of a job.
                note = "x" * (2 << 20 if number == 2 else 10)
                body = {"inputs": {"seconds": 0.05, "note": note}}
                try:
                    answer = http.post(
                        "/processes/models.train/execution",
                        json=body,
                        headers={"idempotency-key": key},
                    )
                except httpx2.HTTPError:
                    return  # killed; what it would have said nobody knows
                if answer.status_code == 201:
                    self.tally.acknowledged.add(answer.json()["id"])

    def _count_orphans(self) -> None:
        began = time.monotonic()
        while left := processes_of(self._data):
            if time.monotonic() - began > _ORPHANS_GONE_S:
                self.tally.orphans += len(left)
                self.tally.problems.append(f"{len(left)} processes left: {left}")
                return
            threading.Event().wait(_POLL_S)
        took_s = time.monotonic() - began
        self.tally.slowest_death_s = max(self.tally.slowest_death_s, took_s)

    def _settle(self) -> None:
        """Let a server run until all jobs are final, and look at each."""
        server = self._start()
        try:
            server.wait_until_ready("/readyz")
            jobs = self._wait_until_final(server.url)
        finally:
            server.stop()
        found = {job["id"]: job for job in jobs}
        for job_id in self.tally.acknowledged - set(found):
            self.tally.problems.append(f"lost: {job_id}")
        begun = collections.Counter(self._journal.read_text().split())
        for job_id, times in begun.items():
            if times > 1:
                self.tally.problems.append(f"run {times} times: {job_id}")
        for job in jobs:
            self.tally.states[job["status"]] += 1
            self._check(job, begun=begun)

    def _check(self, job: dict[str, Any], *, begun: collections.Counter[str]) -> None:
        problems = self.tally.problems
        if job["status"] not in FINAL:
            problems.append(f"stuck in {job['status']}: {job['id']}")
        if job["status"] == "successful" and begun[job["id"]] != 1:
            problems.append(f"successful and never run: {job['id']}")
        if job["status"] == "failed" and job["cause"] != "interrupted":
            problems.append(f"{job['cause']}: {job['id']}: {job['message']}")
        folder = self._data / "jobs" / job["id"]
        if (job["status"] == "successful") != (folder / "result").exists():
            is_there = "without" if job["status"] == "successful" else "with"
            # A result that was published just before the kill is not shown to anybody.
            if is_there == "without":
                problems.append(f"{job['status']} {is_there} result: {job['id']}")

    def _wait_until_final(self, url: str) -> list[dict[str, Any]]:
        before = -1
        stuck_at = 0.0
        while True:
            jobs = all_jobs(url)
            left = sum(job["status"] not in FINAL for job in jobs)
            if left != before:
                before, stuck_at = left, time.monotonic() + _STUCK_S
            if not left or time.monotonic() > stuck_at:
                return jobs
            threading.Event().wait(0.2)


def all_jobs(url: str) -> list[dict[str, Any]]:
    """Return every job of a server, page by page."""
    found: list[dict[str, Any]] = []
    address = "/jobs?limit=50"  # small, so that there are pages
    while address:
        document = httpx2.get(urljoin(url, address), timeout=30).json()
        found += document["jobs"]
        links = {one["rel"]: one["href"] for one in document["links"]}
        address = links.get("next", "")
    return found


def processes_of(data_dir: Path) -> list[int]:
    """Return the processes of the jobs of a data directory."""
    setting = f"_DEEPAAS_STORE={data_dir}".encode()
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            try:
                environment = Path(entry.path, "environ").read_bytes()
            except OSError:
                continue
            if setting in environment.split(b"\0"):
                found.append(int(entry.name))
    return found


def main() -> int:
    """Run a storm and print what was seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    namespace = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chaos-") as folder:
        tally = Storm(Path(folder), seed=namespace.seed).run(namespace.kills)
    report = {
        "kills": tally.kills,
        "acknowledged": len(tally.acknowledged),
        "states": dict(tally.states),
        "orphans": tally.orphans,
        "slowest_death_s": round(tally.slowest_death_s, 2),
        "problems": tally.problems,
    }
    print(json.dumps(report, indent=1))  # noqa: T201 - its purpose
    return bool(tally.problems)


if __name__ == "__main__":
    sys.exit(main())
