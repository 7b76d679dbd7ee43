"""Reads what a model writes to its standard output and error.

The pipe is always emptied, so a model never blocks on it; a model that prints without
end is cut down to a bounded number of lines a second, and the log says how many were
left out.
"""

from __future__ import annotations

import asyncio
import os
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_READ_BYTES: Final = 1 << 16
_MAX_LINE_BYTES: Final = 8192
_MARK_START: Final = 0x1E
_MARK_END: Final = b"\x1f"

MOST_LINES_A_SECOND: Final = 500


class OutputPipe:
    """The server's end of a worker's output."""

    def __init__(self, descriptor: int, *, on_line: Callable[[str, str], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._rest = b""
        self._second = 0
        self._lines_this_second = 0
        self._left_out = 0
        self._report: asyncio.TimerHandle | None = None
        os.set_blocking(descriptor, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._read)

    def close(self) -> None:
        """Read what is left and let go of the pipe."""
        if self._descriptor < 0:
            return
        while self._descriptor >= 0 and self._read():
            pass
        if self._rest:
            self._take(self._rest)
        self._report_left_out()
        self._release()

    def _read(self) -> bool:
        """Take one piece; returns whether there may be more."""
        try:
            data = os.read(self._descriptor, _READ_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(self._descriptor)
            return False
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._take(line)
        if len(self._rest) > _MAX_LINE_BYTES:
            self._take(self._rest)
            self._rest = b""
        return True

    def _take(self, line: bytes) -> None:
        second = int(time.monotonic())
        if second != self._second:
            self._report_left_out()
            self._second, self._lines_this_second = second, 0
        self._lines_this_second += 1
        if self._lines_this_second > MOST_LINES_A_SECOND:
            self._leave_out()
            return
        request_id, text = _split_mark(line)
        self._on_line(text, request_id)

    def _leave_out(self) -> None:
        self._left_out += 1
        if self._report is None:  # the model may never write another line
            self._report = self._loop.call_later(1, self._report_left_out)

    def _report_left_out(self) -> None:
        if self._report is not None:
            self._report.cancel()
            self._report = None
            self._on_line(f"… {self._left_out} more lines were left out", "")
            self._left_out = 0

    def _release(self) -> None:
        self._loop.remove_reader(self._descriptor)
        os.close(self._descriptor)
        self._descriptor = -1


def _split_mark(line: bytes) -> tuple[str, str]:
    """Return the request id and the text of a line (see `deepaas.worker.output`)."""
    request_id = b""
    if line[:1] == bytes((_MARK_START,)):
        request_id, _, line = line[1:].partition(_MARK_END)
    return (
        request_id.decode("ascii", "replace"),
        line[:_MAX_LINE_BYTES].decode("utf-8", "replace"),
    )
