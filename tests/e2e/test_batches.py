"""Many predictions in one request: each line for itself, and all of them in order."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterable

MODELS = Path(__file__).parent / "models"
NDJSON = "application/x-ndjson"
WITHIN_S = 60


Start = Callable[[], ServerProcess]


@contextmanager
def servers(folder: Path) -> Iterator[Start]:
    """Start servers that have the same jobs, one after the other."""
    started: list[ServerProcess] = []

    def start() -> ServerProcess:
        port = free_port()
        names = ("many.py", "many_batched.py", "many_v2.py")
        server = ServerProcess(
            [
                *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
                *("--listen-port", str(port), "--workers", "1", "--queue-size", "1"),
                *("--data-dir", str(folder / "data")),
                *(str(MODELS / name) for name in names),
            ],
            port=port,
            folder=folder / f"server-{len(started)}",
            environment={
                "MANY_NOTES": str(folder / "notes"),
                "MANY_GATE": str(folder / "gate"),
            },
        )
        started.append(server)
        server.wait_until_ready("/readyz")
        return server

    try:
        yield start
    finally:
        for server in started:
            server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server for tests that leave it as it was."""
    with servers(tmp_path_factory.mktemp("server")) as start:
        yield start()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start servers of one test; `gate` and `notes` are in its own folder."""
    with servers(tmp_path) as start_one:
        yield start_one


def batch(lines: Iterable[Any]) -> bytes:
    return b"".join(
        (line if isinstance(line, bytes) else json.dumps(line).encode()) + b"\n"
        for line in lines
    )


def post(
    server: ServerProcess, model: str, lines: Iterable[Any], **headers: str
) -> httpx2.Response:
    return httpx2.post(
        f"{server.url}/v2/models/{model}/predict/",
        content=batch(lines),
        headers={"content-type": NDJSON, **headers},
        timeout=WITHIN_S,
    )


def rows(text: str) -> list[dict[str, Any]]:
    """Return the lines of an answer, after a look at their order."""
    found = [json.loads(line) for line in text.splitlines()]
    assert list(range(len(found))) == [row.pop("index") for row in found]
    return found


def ask(server: ServerProcess, model: str, lines: Iterable[Any]) -> list[Any]:
    answer = post(server, model, lines)
    assert (200, NDJSON) == (answer.status_code, answer.headers["content-type"])
    return rows(answer.text)


def status(row: dict[str, Any]) -> int:
    """Return what a single prediction would have been answered with."""
    return int(row["problem"]["status"]) if "problem" in row else 200


# -------------------------------------------------------------- while one waits


def test_each_line_has_its_answer_and_a_wrong_one_harms_no_other(
    server: ServerProcess,
) -> None:
    photo = {"value": "aGFsbG8=", "mediaType": "image/png"}
    lines = [
        {"x": 1},
        b"",
        {"x": -1},
        [1],
        b"nonsense",
        b'{"x": 2}\r',
        {"x": 3, "z": 1},
        {"x": 4, "photo": photo},
    ]

    found = ask(server, "many", lines)

    assert [200, 422, 422, 400, 200, 422, 200] == [status(row) for row in found]
    assert [2, 4, 8] == [row["result"]["y"] for row in found if "result" in row]
    assert 5 == found[-1]["result"]["photo"]
    problem = found[1]["problem"]
    assert "x must not be negative" == problem["detail"]
    assert "urn:deepaas:problem:invalid-input" == problem["type"]


def test_the_query_counts_for_all_lines(server: ServerProcess) -> None:
    url = f"{server.url}/v2/models/many/predict/?x=4"
    answer = httpx2.post(
        url, content=batch([{"text": "a"}, {}]), headers={"content-type": NDJSON}
    )

    assert [8, 8] == [row["result"]["y"] for row in rows(answer.text)]


def test_a_model_of_2x_gets_the_files_of_its_lines(server: ServerProcess) -> None:
    photo = {"value": "aGFsbG8=", "mediaType": "image/png"}

    found = ask(server, "many_v2", [{"photo": photo, "x": 3}, {"x": "many"}])

    assert [200, 422] == [status(row) for row in found]
    result = {"x": 3, "content": "hallo", "type": "image/png"}
    assert {"status": "OK", "predictions": result} == found[0]["result"]
    assert "urn:deepaas:problem:invalid-input" == found[1]["problem"]["type"]


def test_the_lines_of_a_batched_model_run_together(server: ServerProcess) -> None:
    found = ask(server, "many_batched", [{"x": x} for x in (-1, *range(20, 320))])

    assert [422] + [200] * 300 == [status(row) for row in found]
    assert [2 * x for x in range(20, 320)] == [row["result"]["y"] for row in found[1:]]
    assert max(row["result"]["together"] for row in found[1:]) > 1


def test_a_line_that_kills_the_worker_says_so_and_the_others_are_right(
    server: ServerProcess,
) -> None:
    found = ask(server, "many", [{"x": x} for x in range(8, 40)])

    dead = found.pop(13 - 8)
    assert ("urn:deepaas:problem:worker-died", 5) == (
        dead["problem"]["type"],
        dead["problem"]["exit_status"],
    )
    expected = [2 * x for x in range(8, 40) if x != 13]
    assert expected == [row["result"]["y"] for row in found]


def test_a_batch_without_lines_has_an_answer_without_lines(
    server: ServerProcess,
) -> None:
    assert [] == ask(server, "many", [b"", b"  "])


def test_a_model_that_nobody_has_is_no_batch(server: ServerProcess) -> None:
    assert 404 == post(server, "nobody", [{"x": 1}]).status_code


def test_a_client_may_send_64_mb_before_it_reads_anything(
    server: ServerProcess,
) -> None:
    text = "x" * 64_000
    body = batch({"x": x + 20, "text": text} for x in range(1000))
    before = peak_memory(server)

    answer = all_sent_before_anything_is_read(server, "many", body)

    found = rows(answer)
    assert [2 * (x + 20) for x in range(1000)] == [row["result"]["y"] for row in found]
    assert {text} == {row["result"]["text"] for row in found}
    assert peak_memory(server) - before < len(body) * 0.6


def test_a_line_that_is_too_long_for_memory_is_a_line_like_all(
    server: ServerProcess,
) -> None:
    text = "x" * 3_000_000

    found = ask(server, "many", [{"x": 1}, {"x": 2, "text": text}, {"x": 3}])

    assert [2, 4, 6] == [row["result"]["y"] for row in found]
    assert text == found[1]["result"]["text"]


def test_what_waits_is_dropped_when_the_caller_leaves(
    start: Start, tmp_path: Path
) -> None:
    server = start()
    with httpx2.stream(
        "POST",
        f"{server.url}/v2/models/many/predict/",
        content=batch({"x": x} for x in (1, 7, *range(20, 40))),
        headers={"content-type": NDJSON},
        timeout=WITHIN_S,
    ) as answer:
        lines = answer.iter_lines()  # the connection is closed where this is let go
        assert 2 == json.loads(next(lines))["result"]["y"]
        while "7" not in (tmp_path / "notes").read_text():
            os.sched_yield()
    server.wait_for_output("POST /v2/models/many/predict/ 200")

    (tmp_path / "gate").touch()

    assert [18] == [row["result"]["y"] for row in ask(server, "many", [{"x": 9}])]
    assert ["1", "7", "9"] == (tmp_path / "notes").read_text().split()


# ----------------------------------------------------------------------- as jobs


def submit(server: ServerProcess, model: str, lines: Iterable[Any]) -> str:
    """Return the address of the job of a batch."""
    answer = post(server, model, lines, prefer="respond-async")
    assert 202 == answer.status_code, answer.text
    return f"{server.url}{answer.headers['location']}"


def ended(job: str) -> dict[str, Any]:
    answer = httpx2.get(job, headers={"prefer": f"wait={WITHIN_S}"}, timeout=WITHIN_S)
    document: dict[str, Any] = answer.json()
    while document["status"] in ("accepted", "running"):
        document = httpx2.get(
            job, headers={"prefer": f"wait={WITHIN_S}"}, timeout=WITHIN_S
        ).json()
    return document


def results(job: str) -> httpx2.Response:
    return httpx2.get(f"{job}/results", timeout=WITHIN_S)


def wait_for_lines(job: str, count: int) -> httpx2.Response:
    """Return the results of a job that runs as soon as there are so many lines."""
    deadline = time.monotonic() + WITHIN_S
    while time.monotonic() < deadline:
        answer = results(job)
        if answer.status_code == 200 and len(answer.text.splitlines()) >= count:
            return answer
        httpx2.get(job, headers={"prefer": "wait=1"}, timeout=WITHIN_S)
    raise AssertionError(f"there are no {count} lines")


@pytest.mark.parametrize("model", ["many", "many_batched"])
def test_a_batch_that_nobody_waits_for_is_one_job(
    server: ServerProcess, model: str
) -> None:
    lines = [{"x": 1}, {"x": -1}, b"", b"nonsense", *({"x": x} for x in range(8, 30))]

    job = submit(server, model, lines)

    document = ended(job)
    assert ("successful", f"{model}.predict") == (
        document["status"],
        document["processID"],
    )
    answer = results(job)
    assert NDJSON == answer.headers["content-type"]
    found = rows(answer.text)
    expected = [200, 422, 400, *(502 if x == 13 else 200 for x in range(8, 30))]
    assert expected == [status(row) for row in found]
    right = [2 * x for x in (1, *range(8, 30)) if x != 13]
    assert right == [row["result"]["y"] for row in found if "result" in row]


def test_a_model_of_2x_runs_a_batch_as_a_job_too(server: ServerProcess) -> None:
    photo = {"value": "aGFsbG8=", "mediaType": "image/png"}

    job = submit(server, "many_v2", [{"photo": photo}, {"x": 1}])

    assert "successful" == ended(job)["status"]
    found = rows(results(job).text)
    assert [200, 422] == [status(row) for row in found]
    assert "hallo" == found[0]["result"]["predictions"]["content"]


def test_the_lines_so_far_can_be_read_and_stay_when_the_job_is_dismissed(
    server: ServerProcess,
) -> None:
    job = submit(server, "many", [{"x": x} for x in (1, 2, 7, 3)])

    answer = wait_for_lines(job, 2)

    assert "running" == answer.headers["job-status"]
    assert [2, 4] == [row["result"]["y"] for row in rows(answer.text)]
    assert 200 == httpx2.delete(job, timeout=WITHIN_S).status_code
    left = results(job)
    assert "dismissed" == left.headers["job-status"]
    assert [2, 4] == [row["result"]["y"] for row in rows(left.text)]


def test_a_batch_goes_on_where_it_stopped_when_the_server_was_killed(
    start: Start, tmp_path: Path
) -> None:
    first = start()
    job = submit(first, "many", [{"x": x} for x in (1, 2, 3, 7, 4, 5)])
    wait_for_lines(job, 3)
    first.kill_alone()
    (tmp_path / "gate").touch()

    second = start()

    job = job.replace(first.url, second.url)
    document = ended(job)
    assert ("successful", 2) == (document["status"], document["attempt"])
    found = rows(results(job).text)
    assert [2, 4, 6, 14, 8, 10] == [row["result"]["y"] for row in found]
    asked = (tmp_path / "notes").read_text().split()
    assert ["1", "2", "3", "7", "7", "4", "5"] == asked


# ------------------------------------------------------------------------ tools


def peak_memory(server: ServerProcess) -> int:
    """Return the most memory that the server process has held, in bytes."""
    text = Path(f"/proc/{server.process.pid}/status").read_text()
    [line] = [one for one in text.splitlines() if one.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def all_sent_before_anything_is_read(
    server: ServerProcess, model: str, body: bytes
) -> str:
    """Return what a simple-minded client gets, which first sends and then reads."""
    connection = HTTPConnection(urlsplit(server.url).netloc, timeout=WITHIN_S)
    with closing(connection):
        path = f"/v2/models/{model}/predict/"
        connection.request("POST", path, body, {"content-type": NDJSON})
        answer = connection.getresponse()
        assert 200 == answer.status
        return answer.read().decode()
