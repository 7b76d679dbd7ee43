"""Writes a job's log, and never stands in its way.

The first half of the limit is kept as it came; what follows goes to a ring of files, of
which the oldest is removed for a new one. A disk that takes nothing leaves a gap: the
writer tries again every second and otherwise goes on as if nothing were the matter, so
neither a full disk nor a folder that is gone ever holds up or ends a job.

The writer has no clock; it is told the time (monotonic, in seconds).
"""

from __future__ import annotations

import os
from collections import deque
from contextlib import suppress
from typing import Final

from deepaas.guardian.carriage import OpenLine
from deepaas.guardian.log_files import (
    OpenLineState,
    Segment,
    list_segments,
    make_folder,
    read_open_line,
    remove,
    remove_open_line,
    segment_path,
    write_open_line,
)

_RING_FILES: Final = 16
_MOST_FILES: Final = 64  # each time that a disk is full may begin a new one
_RETRY_S: Final = 1.0
_SHOW_S: Final = 1.0
_LF: Final = b"\n"


class LogWriter:
    """The log of one job, for as long as something may print to it."""

    def __init__(self, folder: str, *, max_bytes: int, now: float) -> None:
        """Open the log; one that is there already is continued.

        Args:
            folder: Where its files are; it is made if need be.
            max_bytes: How much is kept at most.
            now: The time.
        """
        self._folder = folder
        self._stream = _Stream(folder, max_bytes=max_bytes)
        self._line = OpenLine()
        self._shown: OpenLineState | None = None
        self._show_at = now
        self._is_changed = False
        with suppress(OSError):
            make_folder(folder)
        self._adopt(now)

    @property
    def kept_bytes(self) -> int:
        """How much of the log is on the disk."""
        return self._stream.kept_bytes

    @property
    def due(self) -> float | None:
        """When `tick` has something to do; None if it has not."""
        return self._show_at if self._is_changed else None

    def write(self, data: bytes, now: float) -> None:
        """Take what was printed."""
        for settled in self._line.feed(data):
            self._stream.append(memoryview(settled), now)
        self._is_changed = True
        self.tick(now)

    def tick(self, now: float) -> None:
        """Show the line that has no end yet, at most once a second."""
        if not self._is_changed or now < self._show_at:
            return
        self._is_changed = False
        line = OpenLineState(self._stream.end, self._line.text)
        if line.text and line != self._shown:
            self._show_at = now + _SHOW_S
            with suppress(OSError):
                write_open_line(self._folder, line)
                self._shown = line
        elif not line.text and self._shown:
            remove_open_line(self._folder)
            self._shown = None

    def close(self, now: float) -> None:
        """Write down the rest, and have the disk take all of it."""
        self._stream.retry()
        self._stream.append(memoryview(self._line.finish()), now)
        self._stream.close(now)
        remove_open_line(self._folder)
        self._shown = None
        self._is_changed = False

    def _adopt(self, now: float) -> None:
        """End the last line that an earlier writer has left: a new one begins."""
        line = read_open_line(self._folder)
        if line and line.offset >= self._stream.end:
            self._stream.append(memoryview(line.text + _LF), now)
        elif not self._stream.ends_with_line():
            self._stream.append(memoryview(_LF), now)
        remove_open_line(self._folder)


class _Stream:
    """The settled bytes of a log, in files.

    Attributes:
        end: How many bytes there were, kept or not.
    """

    def __init__(self, folder: str, *, max_bytes: int) -> None:
        found = list_segments(folder)
        heads = [segment for segment in found if segment.is_head]
        tails = [segment for segment in found if not segment.is_head]
        self.end = found[-1].end if found else 0
        self._folder = folder
        self._head_bytes = sum(segment.size for segment in heads)
        self._heads = len(heads)
        self._ring = deque(tails)
        self._ring_bytes = sum(segment.size for segment in tails)
        self._most_in_head = max_bytes // 2
        self._most_in_ring = max_bytes - self._most_in_head
        self._file = -1
        self._segment: Segment | None = None
        self._room = 0
        self._kept_end = self.end
        self._written: list[Segment] = []
        self._retry_at = 0.0

    @property
    def kept_bytes(self) -> int:
        return self._head_bytes + self._ring_bytes

    def ends_with_line(self) -> bool:
        """Return whether the last byte of an existing log ends a line."""
        found = list_segments(self._folder)
        if not found or not found[-1].size:
            return True
        try:
            descriptor = os.open(found[-1].path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return True
        try:
            return os.pread(descriptor, 1, found[-1].size - 1) == _LF
        finally:
            os.close(descriptor)

    def append(self, data: memoryview, now: float) -> None:
        """Write bytes, or leave a gap of their length."""
        while data and self._has_room(now):
            try:
                count = os.write(self._file, data[: self._room])
            except OSError:
                self._give_up(now)
            else:
                self._count(count)
                data = data[count:]
        self.end += len(data)

    def retry(self) -> None:
        """Try the next bytes again, however short ago the disk took none."""
        self._retry_at = 0.0

    def close(self, now: float) -> None:
        """Have the disk take everything; leave a trace of a gap at the end."""
        if self.end > self._kept_end:
            with suppress(OSError):
                self._open(now)
        self._close_file()
        for segment in self._written:
            _sync(segment.path)
        _sync(self._folder)

    def _has_room(self, now: float) -> bool:
        """Have a file that takes at least one byte; return whether there is one."""
        if self._room:
            return True
        self._close_file()
        if now < self._retry_at or not (self._is_in_head() or self._most_in_ring):
            return False
        try:
            self._open(now)
        except OSError:
            self._give_up(now)
        return self._room > 0

    def _open(self, now: float) -> None:
        is_head = self._is_in_head()
        room = self._head_room() if is_head else self._ring_room()
        make_folder(self._folder)
        path = segment_path(self._folder, self.end, is_head=is_head)
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o600)
        self._room = room
        self._segment = Segment(self.end, 0, path, is_head)

    def _is_in_head(self) -> bool:
        return not self._ring and self._heads < _MOST_FILES and self._head_room() > 0

    def _head_room(self) -> int:
        return self._most_in_head - self._head_bytes

    def _ring_room(self) -> int:
        """Make room for a new file of the ring; return how large it may be."""
        size = -(-self._most_in_ring // _RING_FILES)
        while self._ring and (
            self._ring_bytes + size > self._most_in_ring
            or len(self._ring) >= _MOST_FILES
        ):
            oldest = self._ring.popleft()
            self._ring_bytes -= oldest.size
            remove(oldest.path)
        return size

    def _count(self, count: int) -> None:
        """Account for bytes that were written."""
        assert self._segment is not None  # noqa: S101 - it was written to
        self._segment = self._segment._replace(size=self._segment.size + count)
        self._room -= count
        self.end += count
        self._kept_end = self.end
        if self._segment.is_head:
            self._head_bytes += count
        else:
            self._ring_bytes += count

    def _give_up(self, now: float) -> None:
        self._retry_at = now + _RETRY_S
        if self._segment and not self._segment.size:
            remove(self._segment.path)
        self._close_file()

    def _close_file(self) -> None:
        if self._file >= 0:
            with suppress(OSError):
                os.close(self._file)
        if self._segment and self._segment.size:
            self._written.append(self._segment)
            if self._segment.is_head:
                self._heads += 1
            else:
                self._ring.append(self._segment)
        self._file, self._segment, self._room = -1, None, 0


def _sync(path: str) -> None:
    """Have the disk take a file or a folder, if it still exists and can."""
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
