"""Sends requests as fast as they are answered, with wrk."""

from __future__ import annotations

import http.client
import json
import re
import statistics
import subprocess
import time
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from benchmarks.workloads import Request

_TIMEOUT_S = 30
_UNITS_S = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Load:
    """What a run of wrk has seen.

    Attributes:
        count: Requests that were answered.
        per_s: The same for each second.
        p50_s: Half of the answers took no longer.
        p99_s: Of 100 answers, 99 took no longer.
        failed: Answers that were no 2xx, and connections that broke.
    """

    count: int
    per_s: float
    p50_s: float
    p99_s: float
    failed: int


def ask(port: int, request: Request) -> tuple[int, bytes]:
    """Send one request; return the status and the body of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    try:
        connection.request("POST", request.path, request.body, request.headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def first_byte_s(port: int, request: Request, *, count: int) -> float:
    """Ask one after the other; return how long the first byte of a body takes.

    The median of so many answers, over one connection that is kept.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)
    times = []
    with closing(connection):
        for _ in range(count):
            began = time.perf_counter()
            connection.request("POST", request.path, request.body, request.headers)
            answer = connection.getresponse()
            answer.read(1)
            times.append(time.perf_counter() - began)
            answer.read()
    return statistics.median(times)


def script(request: Request, folder: Path) -> Path:
    """Write a request as wrk wants it; return the path of the script."""
    body = folder / "body"
    body.write_bytes(request.body)
    lines = [
        'wrk.method = "POST"',
        f'wrk.body = io.open({json.dumps(str(body))}, "rb"):read("*a")',
        *(
            f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
            for name, value in request.headers.items()
        ),
    ]
    path = folder / "request.lua"
    path.write_text("\n".join(lines))
    return path


def push(
    port: int, request: Request, *, connections: int, seconds: float, folder: Path
) -> Load:
    """Ask over so many connections at a time, for so long."""
    done = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(connections)),
            *("--duration", f"{seconds:g}s", "--latency"),
            *("--timeout", f"{_TIMEOUT_S}s", "--script", str(script(request, folder))),
            f"http://127.0.0.1:{port}{request.path}",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    return _read(done.stdout)


def _read(text: str) -> Load:
    def number(pattern: str) -> float:
        found = re.search(pattern, text)
        return float(found[1]) if found else 0.0

    def seconds(percent: int) -> float:
        found = re.search(rf"^\s+{percent}%\s+([\d.]+)(\w+)", text, re.MULTILINE)
        return float(found[1]) * _UNITS_S[found[2]] if found else 0.0

    sockets = re.search(r"Socket errors: (.*)", text)
    broken = sum(map(int, re.findall(r"\d+", sockets[1]))) if sockets else 0
    return Load(
        count=int(number(r"(\d+) requests in")),
        per_s=number(r"Requests/sec:\s+([\d.]+)"),
        p50_s=seconds(50),
        p99_s=seconds(99),
        failed=int(number(r"Non-2xx or 3xx responses: (\d+)")) + broken,
    )
