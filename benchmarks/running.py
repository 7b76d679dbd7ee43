"""A server of a contestant, from its start to its end."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from tests.support.server import ServerProcess, free_port

from benchmarks import load, trees
from benchmarks.contestants import SERVERS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from benchmarks.contestants import Contestant
    from benchmarks.workloads import Workload

_START_S = 60.0
_POLL_S = 0.01
_FIRST_CHUNKS = 100


class Running:
    """A server that answers.

    Attributes:
        contestant: Whose it is.
        workload: What it serves.
        port: Where it listens.
        pid: Its first process.
    """

    def __init__(self, contestant: Contestant, workload: Workload, folder: Path):
        self.contestant = contestant
        self.workload = workload
        self.port = free_port()
        self.request = contestant.request(workload)
        self._folder = folder
        self._server = ServerProcess(
            contestant.command(workload, self.port, folder),
            port=self.port,
            folder=folder,
            environment={
                "PYTHONPATH": f"{SERVERS}{os.pathsep}{contestant.folder}",
                "BENCH_SLOW_S": str(workload.slow_s),
            },
        )
        self.pid = self._server.process.pid

    def wait(self) -> None:
        """Return when it gives the right answer.

        Raises:
            SystemExit: It does not.
        """
        deadline = time.monotonic() + _START_S
        said = b""
        while time.monotonic() < deadline and self._server.process.poll() is None:
            try:
                status, said = load.ask(self.port, self.request)
            except OSError:
                time.sleep(_POLL_S)
                continue
            if status == 200 and self.workload.is_right(said):
                return
            time.sleep(_POLL_S)
        raise SystemExit(
            f"{self.contestant.name} gives no right answer to "
            f"{self.workload.name}: {said[:500]!r}\n{self._server.output[-2000:]}"
        )

    def wait_for_all(self) -> None:
        """Return when it is ready with all that it serves; only ours says so."""
        self.wait()
        self._server.wait_until_ready("/readyz")

    def push(self, *, connections: int, seconds: float) -> dict[str, float]:
        """Push it; return what was seen."""
        before_s = trees.cpu_s(self.pid)
        seen = load.push(
            self.port,
            self.request,
            connections=connections,
            seconds=seconds,
            folder=self._folder,
        )
        cpu_s = trees.cpu_s(self.pid) - before_s
        return {
            "per_s": seen.per_s,
            "p50_ms": 1000 * seen.p50_s,
            "p99_ms": 1000 * seen.p99_s,
            "failed": seen.failed,
            "cpu_us": 1e6 * cpu_s / max(1, seen.count),
            "memory_mb": trees.memory_mb(self.pid),
        }

    def first_chunk_ms(self) -> float:
        """Return how long the first byte of a body takes for a lone caller."""
        return 1000 * load.first_byte_s(self.port, self.request, count=_FIRST_CHUNKS)

    def close(self) -> None:
        """End it, with all its processes."""
        pids = trees.processes(self.pid)
        self._server.kill()
        for pid in pids[1:]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def running(
    contestants: list[Contestant], workload: Workload, folder: Path
) -> Iterator[list[Running]]:
    """Have the servers of a workload, all of them answering."""
    found: list[Running] = []
    try:
        for number, contestant in enumerate(contestants):
            place = folder / f"{workload.name}-{number}"
            found.append(Running(contestant, workload, place))
            found[-1].wait()
        yield found
    finally:
        for one in found:
            one.close()
