"""A job's log as an answer, whole or in part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from fastapi.responses import StreamingResponse

from deepaas.backends.job_log import JobLog
from deepaas.frontends.api.log_text import log_response
from deepaas.guardian.log_writer import LogWriter

if TYPE_CHECKING:
    from pathlib import Path

    from fastapi.responses import Response

pytestmark = pytest.mark.anyio

TEXT = b"0123456789\n"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def log(tmp_path: Path) -> JobLog:
    writer = LogWriter(str(tmp_path), max_bytes=1000, now=0.0)
    writer.write(TEXT, 0.0)
    writer.close(0.0)
    return JobLog(tmp_path)


async def read(
    log: JobLog, byte_range: str = "", **options: Any
) -> tuple[Response, bytes]:
    response = await log_response(log, byte_range=byte_range, **options)
    if not isinstance(response, StreamingResponse):
        return response, bytes(response.body)
    pieces = [piece async for piece in response.body_iterator]
    return response, b"".join(
        bytes(piece) for piece in pieces if isinstance(piece, bytes)
    )


async def test_the_whole_log_is_text(log: JobLog) -> None:
    response, body = await read(log)

    assert (200, TEXT) == (response.status_code, body)
    assert str(len(TEXT)) == response.headers["content-length"]
    assert "text/plain; charset=utf-8" == response.headers["content-type"]


@pytest.mark.parametrize(
    ("byte_range", "expected", "content_range"),
    [
        ("bytes=0-3", b"0123", "bytes 0-3/11"),
        ("bytes=8-", b"89\n", "bytes 8-10/11"),
        ("bytes=-2", b"9\n", "bytes 9-10/11"),
        ("bytes=9-99", b"9\n", "bytes 9-10/11"),
        ("bytes=-99", TEXT, "bytes 0-10/11"),
    ],
)
async def test_a_part_of_the_log(
    log: JobLog, byte_range: str, expected: bytes, content_range: str
) -> None:
    response, body = await read(log, byte_range)

    assert (206, expected) == (response.status_code, body)
    assert content_range == response.headers["content-range"]


@pytest.mark.parametrize("byte_range", ["bytes=11-", "bytes=5-2", "bytes=-0"])
async def test_a_part_that_there_is_not(log: JobLog, byte_range: str) -> None:
    response, body = await read(log, byte_range)

    assert (416, b"") == (response.status_code, body)
    assert "bytes */11" == response.headers["content-range"]


@pytest.mark.parametrize(
    "byte_range", ["bytes=-", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", "0-1"]
)
async def test_a_range_that_is_not_understood_is_passed_over(
    log: JobLog, byte_range: str
) -> None:
    response, _ = await read(log, byte_range)
    assert 200 == response.status_code


async def test_only_a_log_that_grows_no_more_has_a_tag(log: JobLog) -> None:
    growing, _ = await read(log)
    whole, _ = await read(log, is_whole=True)

    assert "etag" not in growing.headers
    tag = whole.headers["etag"]
    again, body = await read(log, is_whole=True, if_none_match=tag)
    assert (304, b"") == (again.status_code, body)


@pytest.mark.parametrize(("if_range", "expected"), [('"11"', 206), ('"10"', 200)])
async def test_a_part_of_another_log_is_not_asked_for(
    log: JobLog, if_range: str, expected: int
) -> None:
    response, _ = await read(log, "bytes=0-1", if_range=if_range, is_whole=True)
    assert expected == response.status_code
