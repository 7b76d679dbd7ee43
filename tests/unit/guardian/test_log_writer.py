"""The log of a job, as it lies on the disk."""

from __future__ import annotations

import errno
import os
import shutil
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepaas.backends.job_log import JobLog
from deepaas.guardian.log_files import list_segments, read_open_line
from deepaas.guardian.log_writer import LogWriter

if TYPE_CHECKING:
    from pathlib import Path

PLENTY = 1_000_000


class Disk:
    """Takes only so much, in place of `os.write`."""

    def __init__(self) -> None:
        self.free = PLENTY
        self._write = os.write

    def write(self, descriptor: int, data: Any, /) -> int:
        if not self.free:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = self._write(descriptor, data[: self.free])
        self.free -= count
        return count


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr(os, "write", disk.write)
    return disk


def writer(folder: Path, *, max_bytes: int = PLENTY) -> LogWriter:
    return LogWriter(str(folder), max_bytes=max_bytes, now=0.0)


def text(folder: Path) -> bytes:
    log = JobLog(folder)
    return log.read(0, log.size)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ------------------------------------------------------------------------- limits


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pieces=st.lists(st.text("ab\n", max_size=200).map(str.encode), max_size=20),
    max_bytes=st.integers(0, 500),
)
def test_the_first_and_the_last_part_are_kept(
    tmp_path: Path, pieces: list[bytes], max_bytes: int
) -> None:
    folder = tmp_path / "log"
    shutil.rmtree(folder, ignore_errors=True)
    log = writer(folder, max_bytes=max_bytes)
    whole = b"".join(pieces)

    for piece in pieces:
        log.write(piece, 0.0)
    log.close(0.0)

    kept = log.kept_bytes
    assert kept == sum(segment.size for segment in list_segments(str(folder)))
    if kept == len(whole):
        assert whole == text(folder)
        return
    head = whole[: max_bytes // 2]
    tail = whole[len(whole) - (kept - len(head)) :]
    left_out = f"… {len(whole) - kept} bytes left out …\n".encode()
    line_end = b"" if not head or head.endswith(b"\n") else b"\n"
    assert head + line_end + left_out + tail == text(folder)
    ring = max_bytes - max_bytes // 2
    assert max_bytes - 2 * -(-ring // 16) <= kept <= max_bytes


def test_a_log_below_its_limit_is_one_file(tmp_path: Path) -> None:
    log = writer(tmp_path)

    log.write(b"a\n", 0.0)
    log.write(b"b\n", 0.0)
    log.close(0.0)

    assert ["head-00000000000000000000"] == names(tmp_path)
    assert b"a\nb\n" == text(tmp_path)


def test_nothing_is_kept_if_nothing_may_be(tmp_path: Path) -> None:
    log = writer(tmp_path, max_bytes=0)

    log.write(b"a\n", 0.0)
    log.close(0.0)

    assert "… 2 bytes left out …\n".encode() == text(tmp_path)


# ------------------------------------------------------------------ the open line


def test_the_line_without_end_is_shown_at_most_once_a_second(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    log = writer(folder)

    log.write(b"\r 1%", 0.0)
    log.write(b"\r 2%", 0.5)

    assert b" 1%" == text(folder)
    assert 1.0 == log.due

    log.tick(1.0)

    assert b" 2%" == text(folder)
    assert log.due is None


def test_a_line_that_has_ended_is_shown_once(tmp_path: Path) -> None:
    log = writer(tmp_path)

    log.write(b"\r50%", 0.0)
    log.write(b"\r100%\n", 0.1)

    assert b"100%\n" == text(tmp_path)

    log.tick(1.0)

    assert read_open_line(str(tmp_path)) is None
    assert b"100%\n" == text(tmp_path)


def test_a_last_line_without_end_is_part_of_the_log(tmp_path: Path) -> None:
    log = writer(tmp_path)

    log.write(b"a\nb", 0.0)
    log.close(0.0)

    assert ["head-00000000000000000000"] == names(tmp_path)
    assert b"a\nb" == text(tmp_path)


# -------------------------------------------------------------------- going on


def test_a_log_is_continued_on_a_new_line(tmp_path: Path) -> None:
    for _ in range(2):
        log = writer(tmp_path)
        log.write(b"a", 0.0)
        log.close(0.0)

    assert b"a\na" == text(tmp_path)


def test_a_line_that_a_killed_writer_left_is_kept(tmp_path: Path) -> None:
    writer(tmp_path).write(b"a\nb", 0.0)

    log = writer(tmp_path)
    log.write(b"c\n", 0.0)
    log.close(0.0)

    assert b"a\nb\nc\n" == text(tmp_path)


def test_a_continued_log_keeps_to_its_limit(tmp_path: Path) -> None:
    for _ in range(10):
        log = writer(tmp_path, max_bytes=64)
        log.write(b"abcdefg\n" * 6, 0.0)
        log.close(0.0)

    kept = sum(segment.size for segment in list_segments(str(tmp_path)))
    assert 58 <= kept <= 64
    assert text(tmp_path).startswith(b"abcdefg\n" * 4)
    assert f"{480 - kept} bytes left out".encode() in text(tmp_path)


# ------------------------------------------------------------------------ trouble


def test_a_full_disk_leaves_a_gap(tmp_path: Path, disk: Disk) -> None:
    log = writer(tmp_path)
    log.write(b"one\n", 0.0)

    disk.free = 2
    log.write(b"two\n", 0.0)
    disk.free = PLENTY
    log.write(b"three\n", 0.5)  # it is too early to try again
    log.write(b"four\n", 1.0)
    log.close(1.0)

    assert "one\ntw\n… 8 bytes left out …\nfour\n".encode() == text(tmp_path)


def test_a_disk_that_stays_full_leaves_a_trace(tmp_path: Path, disk: Disk) -> None:
    log = writer(tmp_path)
    log.write(b"one\n", 0.0)

    disk.free = 0
    for second in range(100):
        log.write(b"two\n", float(second))
    log.close(100.0)

    assert "one\n… 400 bytes left out …\n".encode() == text(tmp_path)
    assert 2 == len(names(tmp_path))


def test_a_disk_that_is_full_again_and_again_makes_no_flood_of_files(
    tmp_path: Path, disk: Disk
) -> None:
    log = writer(tmp_path, max_bytes=10_000)

    for second in range(1000):
        disk.free = 1
        log.write(b"ab", float(second))
    log.close(1000.0)

    assert 130 > len(names(tmp_path))


def test_a_folder_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.write_text("in the way")
    log = writer(folder)

    log.write(b"one\n", 0.0)
    folder.unlink()
    log.write(b"two\n", 1.0)
    log.close(1.0)

    assert "… 4 bytes left out …\ntwo\n".encode() == text(folder)
