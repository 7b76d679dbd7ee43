"""What callers may do with a connection, on the short way and on the long one."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from tests.support.server import ServerProcess, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MODEL = """\
import pathlib

def predict(x: int = 1, wait_for: str = "", size: int = 0) -> str:
    if wait_for:
        pathlib.Path(wait_for).read_bytes()  # a pipe, until somebody writes to it
    return f"<{x}>" + "y" * size
"""
PREDICT = "/v2/models/echo/predict/"

OLD_MODEL = """\
from aiohttp import web
from webargs import fields

class Teapot(web.HTTPClientError):
    status_code = 499

def get_metadata():
    return {"name": "old"}

def get_predict_args():
    return {"x": fields.Int(load_default=0)}

def predict(**kwargs):
    raise Teapot(reason="not a name that HTTP has")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    folder = tmp_path_factory.mktemp("connections")
    (folder / "echo.py").write_text(MODEL)
    (folder / "old.py").write_text(OLD_MODEL)
    port = free_port()
    started = ServerProcess(
        [
            *(sys.executable, "-m", "deepaas.cli.main", "serve", "--strict"),
            *("--no-jobs", "--listen-port", str(port)),
            *(folder / "echo.py", folder / "old.py"),
        ],
        port=port,
        folder=folder,
    )
    started.wait_until_ready("/readyz")
    yield started
    assert started.stop() == 0


@contextlib.contextmanager
def connected(server: ServerProcess) -> Iterator[socket.socket]:
    port = int(server.url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=30) as one:
        yield one


def request(
    body: str, *headers: str, path: str = PREDICT, version: str = "1.1"
) -> bytes:
    lines = [
        f"POST {path} HTTP/{version}",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def answers(connection: socket.socket, count: int) -> list[tuple[int, str]]:
    """Read so many answers: their status and body."""
    data = b""
    found: list[tuple[int, str]] = []
    while len(found) < count:
        head, separator, rest = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        if separator and length and len(rest) >= int(length[1]):
            body, data = rest[: int(length[1])], rest[int(length[1]) :]
            found.append((int(head.split()[1]), body.decode()))
            continue
        piece = connection.recv(65536)
        assert piece, f"the connection ended after {found} and {data!r}"
        data += piece
    assert data == b""
    return found


def test_a_connection_serves_one_request_after_the_other(server: ServerProcess) -> None:
    with connected(server) as connection:
        for number in range(3):
            connection.sendall(request(f'{{"x": {number}}}'))
            assert [(200, f'"<{number}>"')] == answers(connection, 1)


def test_requests_that_do_not_wait_are_answered_in_their_order(
    server: ServerProcess,
) -> None:
    version = b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
    sent = [request(f'{{"x": {number}}}') for number in range(5)]

    with connected(server) as connection:
        connection.sendall(b"".join([*sent[:3], version, *sent[3:]]))
        found = answers(connection, 6)

    assert ['"<0>"', '"<1>"', '"<2>"'] == [body for _, body in found[:3]]
    assert "v2" in found[3][1]
    assert ['"<3>"', '"<4>"'] == [body for _, body in found[4:]]


def test_a_request_may_come_byte_by_byte(server: ServerProcess) -> None:
    with connected(server) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request('{"x": 7}'):
            connection.sendall(bytes([byte]))
        assert [(200, '"<7>"')] == answers(connection, 1)


@pytest.mark.parametrize(
    ("version", "headers"), [("1.0", ()), ("1.1", ("Connection: close",))]
)
def test_a_connection_is_closed_where_the_caller_wants_it(
    server: ServerProcess, version: str, headers: tuple[str, ...]
) -> None:
    with connected(server) as connection:
        connection.sendall(request('{"x": 7}', *headers, version=version))

        assert [(200, '"<7>"')] == answers(connection, 1)
        assert b"" == connection.recv(1)


@pytest.mark.parametrize(
    ("body", "status"), [('{"y": 1}', 422), ("{", 400), ('{"x": "a"}', 422)]
)
def test_a_connection_survives_a_request_that_is_wrong(
    server: ServerProcess, body: str, status: int
) -> None:
    with connected(server) as connection:
        connection.sendall(request(body))
        connection.sendall(request('{"x": 7}'))

        assert [status, 200] == [status for status, _ in answers(connection, 2)]


def test_a_status_that_has_no_name_reaches_the_caller(server: ServerProcess) -> None:
    with connected(server) as connection:
        connection.sendall(request("{}", path="/v2/models/old/predict/"))
        connection.sendall(request('{"x": 7}'))
        (status, body), after = answers(connection, 2)

    assert 499 == status
    assert "not a name that HTTP has" in body
    assert (200, '"<7>"') == after


def test_an_address_may_be_spelt_with_escapes_and_a_query(
    server: ServerProcess,
) -> None:
    with connected(server) as connection:
        connection.sendall(request("{}", path="/v2/models/%65cho/predict/"))
        connection.sendall(request('{"size": 1}', path=f"{PREDICT}?x=3"))

        assert [(200, '"<1>"'), (200, '"<3>y"')] == answers(connection, 2)


def test_a_body_may_be_large_or_come_in_chunks(server: ServerProcess) -> None:
    chunked = (
        b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Transfer-Encoding: chunked\r\n\r\n4\r\n{"x"\r\n4\r\n: 8}\r\n0\r\n\r\n'
    ) % PREDICT.encode()

    with connected(server) as connection:
        connection.sendall(request('{"x": 7' + " " * 3_000_000 + "}"))
        connection.sendall(chunked)

        assert [(200, '"<7>"'), (200, '"<8>"')] == answers(connection, 2)


def test_another_host_is_refused(server: ServerProcess) -> None:
    foreign = request('{"x": 7}').replace(b"localhost", b"evil.example")

    with connected(server) as connection:
        connection.sendall(foreign)

        assert 421 == answers(connection, 1)[0][0]


def test_who_leaves_stops_nobody_and_is_logged(
    server: ServerProcess, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    waiting = f'{{"wait_for": "{gate}"}}'
    with connected(server) as connection, connected(server) as queued:
        connection.sendall(request(waiting, "X-Request-ID: leaves-running"))
        queued.sendall(request('{"x": 1}', "X-Request-ID: leaves-waiting"))
        with connected(server) as probe:
            probe.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers(probe, 1)
    while not ("leaves-running" in server.output and "leaves-waiting" in server.output):
        os.sched_yield()
    gate.write_bytes(b"")

    with connected(server) as connection:
        connection.sendall(request('{"x": 2}'))
        assert [(200, '"<2>"')] == answers(connection, 1)
    left = [line for line in server.output.splitlines() if "leaves-" in line]
    assert len(left) == 2
    assert all("499" in line for line in left)


def test_who_reads_late_gets_all_answers(server: ServerProcess) -> None:
    count, size = 60, 500_000  # more than the kernel keeps
    with connected(server) as connection, ThreadPoolExecutor() as executor:
        sending = executor.submit(
            connection.sendall, request(f'{{"size": {size}}}') * count
        )
        with connected(server) as probe:
            probe.sendall(request('{"x": 2}'))
            assert [(200, '"<2>"')] == answers(probe, 1)
        found = answers(connection, count)
        sending.result()

    assert {(200, size + 5)} == {(status, len(body)) for status, body in found}
