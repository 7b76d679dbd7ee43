"""W4m: what a large upload costs a server in memory."""

from __future__ import annotations

import http.client
import json
import time
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import trees
from benchmarks.contestants import ANCHOR, Deepaas
from benchmarks.running import running
from benchmarks.workloads import RACES, multipart, numbers_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.contestants import Contestant
    from benchmarks.running import Running
    from benchmarks.workloads import Workload

_PIECE = bytes(1 << 20)
_PIECES = 256
_RESET_HIGHEST = "5"  # proc(5), clear_refs
_UPLOAD = next(one for one in RACES if one.model == "upload")


class Ample(Deepaas):
    """Ours, for bodies that are larger than what is taken by default."""

    def command(self, workload: Workload, port: int, work: Path) -> list[str]:
        return [*super().command(workload, port, work), "--body-limit", "1GiB"]


def uploads(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield a record for ours and for the anchor."""
    contestants: tuple[Contestant, ...] = (ANCHOR, Ample())
    for contestant in contestants:
        place = folder / contestant.name
        with running([contestant], _UPLOAD, place) as [server]:
            yield {"workload": "W4m", "name": contestant.name, **_upload(server)}


def _upload(server: Running) -> dict[str, float]:
    pids = trees.processes(server.pid)
    before = {pid: _memory_mb(pid, "VmRSS") for pid in pids}
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text(_RESET_HIGHEST)
    began = time.monotonic()
    _send(server)
    took_s = time.monotonic() - began
    added = {pid: _memory_mb(pid, "VmHWM") - before[pid] for pid in pids}
    return {
        "server_mb": added[server.pid],
        "tree_mb": sum(added.values()),
        "took_s": took_s,
    }


def _send(server: Running) -> None:
    """Send the file without having it in memory.

    Raises:
        SystemExit: The answer is wrong.
    """
    whole = multipart(b"-")
    head, _, tail = whole.body.partition(b"\r\n\r\n-")
    head += b"\r\n\r\n"
    request = replace(server.request, body=b"")
    size = len(head) + _PIECES * len(_PIECE) + len(tail)
    headers = {**request.headers, "Content-Length": str(size)}
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
    with closing(connection):
        connection.putrequest("POST", request.path)
        for name, value in headers.items():
            connection.putheader(name, value)
        connection.endheaders(head)
        for _ in range(_PIECES):
            connection.send(_PIECE)
        connection.send(tail)
        answer = connection.getresponse()
        said = answer.read()
    if answer.status != 200 or _PIECES * len(_PIECE) not in numbers_in(
        json.loads(said)
    ):
        raise SystemExit(f"{server.contestant.name} says {said[:500]!r}")


def _memory_mb(pid: int, name: str) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0
