"""Reads what a job has printed, while it runs and afterwards.

The guardian writes the log (`deepaas.guardian.log_files` knows how it lies on the
disk); here it is one text again: its first part, a line that says how much was left
out, its last part, and the line that has no end yet. Positions in that text are good
for ranges. They shift while a log that is over its limit still grows, so who follows a
log goes by offsets in the stream, of which nothing is ever left out.

Nothing here holds more than a piece of a log in memory.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from deepaas.guardian.log_files import (
    OpenLineState,
    Segment,
    list_segments,
    read_open_line,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

LINE_BYTES: Final = 1 << 16
"""Longer lines are cut where a log is followed."""

_PIECE_BYTES: Final = 4 * LINE_BYTES
_END_BYTES: Final = 64_000
_POLL_S: Final = 0.2
_LF: Final = b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of a log.

    Attributes:
        offset: Where it begins in the stream.
        end: Where the next one begins; to go on from here, ask for this position.
        text: The line without its end.
        is_open: Whether it has no end yet and may still change. The next line then
            begins at `offset`, and takes its place.
    """

    offset: int
    end: int
    text: str
    is_open: bool = False


class JobLog:
    """The log of one job; it may be growing, and it may not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = str(folder)

    # ----------------------------------------------------------------- as a text

    @property
    def size(self) -> int:
        """The length in bytes of what `read` reads."""
        return sum(map(_size, self._parts()))

    def read(self, start: int, size: int) -> bytes:
        """Return a piece of the log.

        Args:
            start: Where it begins in what is kept.
            size: Its length; only at the end of the log less is returned.
        """
        while True:
            # A file that is gone between looking and reading: the ring has moved on.
            with suppress(FileNotFoundError):
                return b"".join(self._pieces(start, start + size))

    def end(self, max_bytes: int = _END_BYTES) -> str:
        """Return the last lines of the log as text.

        Args:
            max_bytes: How much at most.
        """
        start = max(0, self.size - max_bytes)
        data = self.read(start, max_bytes)
        if start:
            _, _, rest = data.partition(_LF)
            data = rest or data
        return _text(data)

    def _pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield what lies between two positions.

        Raises:
            FileNotFoundError: Some of it was removed just now.
        """
        position = 0
        for part in self._parts():
            size = _size(part)
            first, last = max(0, start - position), min(size, end - position)
            if first < last:
                yield _piece(part, first, last - first)
            position += size

    def _parts(self) -> list[Segment | bytes]:
        """Return the stretches of the log, with the lines that stand for gaps."""
        open_line = read_open_line(self._folder)
        parts: list[Segment | bytes] = []
        end, ends_line = 0, True
        for segment in list_segments(self._folder):
            if segment.offset > end:
                parts.append(_gap_line(segment.offset - end, ends_line=ends_line))
                ends_line = True
            if segment.size:
                parts.append(segment)
                ends_line = _ends_line(segment)
            end = max(end, segment.end)
        if open_line and open_line.offset >= end:
            if open_line.offset > end:
                parts.append(_gap_line(open_line.offset - end, ends_line=ends_line))
            parts.append(open_line.text)
        return parts

    # ----------------------------------------------------------- as it is written

    async def follow(
        self,
        position: int = 0,
        *,
        is_over: Callable[[], bool],
        with_open_line: bool = False,
    ) -> AsyncIterator[LogLine]:
        """Yield the lines of the log as they are written, until the job is over.

        What was left out is a line too, which says so. Waits for nothing but new lines,
        and asks for those five times a second.

        Args:
            position: An offset in the stream: 0, or the `end` of a line.
            is_over: Whether nothing is written any more.
            with_open_line: Whether to yield the line that has no end yet, each time
                that it has changed.
        """
        shown: OpenLineState | None = None
        while True:
            was_over = is_over()  # asked first: what is read then is all there is
            lines = await asyncio.to_thread(self._lines, position, was_over=was_over)
            for line in lines:
                yield line
                position = line.end
            if lines:
                continue
            if was_over:
                return
            if with_open_line:
                state = await asyncio.to_thread(read_open_line, self._folder)
                if state and state != shown and state.offset == position:
                    yield _open_line(state)
                shown = state
            await asyncio.sleep(_POLL_S)

    def lines(self, position: int, *, is_over: bool) -> list[LogLine]:
        """Return the next lines from a position, as many as can be had at once.

        Args:
            position: An offset in the stream: 0, or the `end` of a line.
            is_over: Whether nothing is written any more; else the last line is left
                until it has an end.
        """
        return self._lines(position, was_over=is_over)

    def open_line(self, position: int) -> LogLine | None:
        """Return the line that has no end yet, if it begins at a position."""
        state = read_open_line(self._folder)
        return _open_line(state) if state and state.offset == position else None

    def _lines(self, position: int, *, was_over: bool) -> list[LogLine]:
        """Return the next lines from a position that can be had now."""
        while True:
            with suppress(FileNotFoundError):
                return self._lines_of_now(position, was_over=was_over)

    def _lines_of_now(self, position: int, *, was_over: bool) -> list[LogLine]:
        open_line = read_open_line(self._folder) if was_over else None
        left = [one for one in list_segments(self._folder) if one.end > position]
        if not left:
            return _last_line(open_line, position)
        if left[0].offset > position:
            return [_gap(position, left[0].offset)]
        data = b""
        while left and left[0].offset <= position + len(data) < position + _PIECE_BYTES:
            segment = left.pop(0)
            start = position + len(data) - segment.offset
            data += _piece(segment, start, _PIECE_BYTES - len(data))
        is_whole = len(data) < _PIECE_BYTES
        return list(
            _split(data, position, is_cut=is_whole and (was_over or bool(left)))
        )


def _split(data: bytes, position: int, *, is_cut: bool) -> Iterator[LogLine]:
    """Yield the lines of some bytes.

    Args:
        data: The bytes.
        position: Their offset in the stream.
        is_cut: Whether what has no end will never get one.
    """
    start = 0
    while start < len(data):
        line_end = data.find(_LF, start, start + LINE_BYTES + 1)
        if line_end >= 0:
            end = line_end + 1
        elif len(data) - start > LINE_BYTES:
            line_end = end = start + LINE_BYTES
        elif is_cut:
            line_end = end = len(data)
        else:
            return
        yield LogLine(
            offset=position + start,
            end=position + end,
            text=_text(data[start:line_end]),
        )
        start = end


def _last_line(state: OpenLineState | None, position: int) -> list[LogLine]:
    """Return the line that a guardian that was killed has left without an end."""
    if state is None or not state.offset <= position < state.end:
        return []
    text = _text(state.text[position - state.offset :])
    return [LogLine(offset=position, end=state.end, text=text)]


def _open_line(state: OpenLineState) -> LogLine:
    return LogLine(
        offset=state.offset, end=state.offset, text=_text(state.text), is_open=True
    )


def _gap(start: int, end: int) -> LogLine:
    return LogLine(offset=start, end=end, text=_gap_text(end - start))


def _gap_line(size: int, *, ends_line: bool) -> bytes:
    return (b"" if ends_line else _LF) + _gap_text(size).encode() + _LF


def _gap_text(size: int) -> str:
    return f"… {size} bytes left out …"


def _size(part: Segment | bytes) -> int:
    return part.size if isinstance(part, Segment) else len(part)


def _piece(part: Segment | bytes, start: int, size: int) -> bytes:
    """Return some bytes of a stretch, not more than it had when it was found.

    Raises:
        FileNotFoundError: It was removed.
    """
    if isinstance(part, bytes):
        return part[start : start + size]
    descriptor = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.pread(descriptor, min(size, part.size - start), start)
    finally:
        os.close(descriptor)


def _ends_line(segment: Segment) -> bool:
    try:
        return _piece(segment, segment.size - 1, 1) == _LF
    except FileNotFoundError:
        return True


def _text(data: bytes) -> str:
    return data.decode(errors="replace")
