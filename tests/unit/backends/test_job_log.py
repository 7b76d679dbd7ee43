"""Reading what a job has printed."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepaas.backends.job_log import LINE_BYTES, JobLog, LogLine
from deepaas.guardian.log_files import list_segments
from deepaas.guardian.log_writer import LogWriter

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def writer(folder: Path, *, max_bytes: int = 1_000_000) -> LogWriter:
    return LogWriter(str(folder), max_bytes=max_bytes, now=0.0)


def written(folder: Path, data: bytes, *, max_bytes: int = 1_000_000) -> JobLog:
    log = writer(folder, max_bytes=max_bytes)
    log.write(data, 0.0)
    log.close(0.0)
    return JobLog(folder)


async def lines(log: JobLog, position: int = 0) -> list[LogLine]:
    return [line async for line in log.follow(position, is_over=lambda: True)]


# ---------------------------------------------------------------------- as a text


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    log = JobLog(tmp_path / "log")

    assert 0 == log.size
    assert b"" == log.read(0, 10)
    assert "" == log.end()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.integers(0, 120), size=st.integers(0, 120))
def test_any_range_is_a_part_of_the_whole(
    tmp_path: Path, start: int, size: int
) -> None:
    shutil.rmtree(tmp_path / "log", ignore_errors=True)
    log = written(tmp_path / "log", b"0123456789abcde\n" * 20, max_bytes=64)
    whole = log.read(0, log.size)

    assert whole[start : start + size] == log.read(start, size)


def test_the_end_begins_with_a_whole_line(tmp_path: Path) -> None:
    log = written(tmp_path, b"first\nsecond\nthird\n")

    assert "second\nthird\n" == log.end(15)
    assert "first\nsecond\nthird\n" == log.end()
    assert "rd\n" == log.end(3)


# -------------------------------------------------------------- as it is written


async def test_lines_are_followed_until_the_job_is_over(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.write(b"one\ntw", 0.0)
    seen: list[LogLine] = []

    async for line in JobLog(tmp_path).follow(is_over=lambda: bool(seen)):
        if not seen:
            log.write(b"o\nthree", 0.0)
            log.close(0.0)
        seen.append(line)

    assert [
        LogLine(offset=0, end=4, text="one"),
        LogLine(offset=4, end=8, text="two"),
        LogLine(offset=8, end=13, text="three"),
    ] == seen


async def test_a_bar_can_be_followed(tmp_path: Path) -> None:
    log = writer(tmp_path)
    log.write(b"one\n\r50%", 0.0)
    seen: list[LogLine] = []

    follower = JobLog(tmp_path).follow(
        is_over=lambda: len(seen) > 1, with_open_line=True
    )
    async for line in follower:
        if line.is_open:
            log.write(b"\r100%\n", 1.0)
            log.close(1.0)
        seen.append(line)

    assert [
        LogLine(offset=0, end=4, text="one"),
        LogLine(offset=4, end=4, text="50%", is_open=True),
        LogLine(offset=4, end=9, text="100%"),
    ] == seen


async def test_a_gap_is_a_line(tmp_path: Path) -> None:
    log = written(tmp_path, b"0123456\n" * 100, max_bytes=64)
    first_kept = list_segments(str(tmp_path))[1].offset

    seen = await lines(log)

    assert [0, 8, 16, 24] == [line.offset for line in seen[:4]]
    gap = LogLine(
        offset=32, end=first_kept, text=f"… {first_kept - 32} bytes left out …"
    )
    assert gap == seen[4]
    assert LogLine(offset=792, end=800, text="0123456") == seen[-1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.text("ab\n", max_size=300).map(str.encode), max_bytes=st.integers(1, 200)
)
async def test_following_can_be_taken_up_again_after_any_line(
    tmp_path: Path, data: bytes, max_bytes: int
) -> None:
    shutil.rmtree(tmp_path / "log", ignore_errors=True)
    log = written(tmp_path / "log", data, max_bytes=max_bytes)

    whole = await lines(log)

    assert [line.end for line in whole[:-1]] == [line.offset for line in whole[1:]]
    assert len(data) == (whole[-1].end if whole else 0)
    for index, line in enumerate(whole[:5], start=1):
        assert whole[index:] == await lines(log, line.end)


async def test_a_line_that_has_left_the_ring_meanwhile_is_a_gap(
    tmp_path: Path,
) -> None:
    log = writer(tmp_path, max_bytes=64)
    log.write(b"0123456\n" * 8, 0.0)
    follower = JobLog(tmp_path).follow(is_over=lambda: True)
    seen = [await anext(follower)]

    log.write(b"0123456\n" * 100, 0.0)
    log.close(0.0)
    seen += [line async for line in follower]

    assert [line.end for line in seen[:-1]] == [line.offset for line in seen[1:]]
    assert 1 == sum("left out" in line.text for line in seen)
    assert 864 == seen[-1].end


async def test_long_lines_are_cut(tmp_path: Path) -> None:
    log = written(tmp_path, b"a" * (LINE_BYTES + 1) + b"\n" + b"b" * LINE_BYTES + b"\n")

    seen = await lines(log)

    assert [LINE_BYTES, 1, LINE_BYTES] == [len(line.text) for line in seen]
    assert 2 * LINE_BYTES + 3 == seen[-1].end


async def test_a_long_log_is_read_in_pieces(tmp_path: Path) -> None:
    log = written(tmp_path, b"0123456789abcde\n" * 50_000)

    seen = await lines(log)

    assert 50_000 == len(seen)
    assert 800_000 == seen[-1].end


async def test_what_a_killed_guardian_left_open_is_the_last_line(
    tmp_path: Path,
) -> None:
    writer(tmp_path).write(b"one\ntwo", 0.0)

    seen = await lines(JobLog(tmp_path))

    assert LogLine(offset=4, end=7, text="two") == seen[-1]
    assert [] == await lines(JobLog(tmp_path), 7)


async def test_a_position_beyond_the_end_waits_for_it(tmp_path: Path) -> None:
    assert [] == await lines(written(tmp_path, b"one\n"), 1000)
