"""Marks what a model prints with the request that it belongs to.

Descriptors 1 and 2 of a worker are one pipe that the server reads and logs. Lines that
pass through Python's `sys.stdout` and `sys.stderr` get the id of the current request in
front, because by the time the server reads them the worker may be at the next request.
What native code writes to the descriptors directly has no mark; the server then goes by
the request that runs when the text arrives.

A marked line is `RS id US text LF`; both are control characters that no text has
business to contain.

Where the output of a model goes to whoever runs the server, as it does on OpenWhisk,
nothing is marked, and what native code holds back is written with the rest.
"""

from __future__ import annotations

import contextvars
import ctypes
import io
import os
import sys
import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import ReadableBuffer

MARK_START: Final = b"\x1e"
MARK_END: Final = b"\x1f"

_MAX_LINE_BYTES: Final = 3500  # with its mark below PIPE_BUF, so writes are atomic

task_request: contextvars.ContextVar[str] = contextvars.ContextVar(
    "task_request", default=""
)
"""The id of the request of this asyncio task, where a worker runs several."""

_only_request = ""


def set_only_request(request_id: str) -> None:
    """Say which request runs now, where a worker runs one at a time."""
    global _only_request
    _only_request = request_id


def current_request() -> str:
    """Return the id of the request that prints, or empty when nobody can tell."""
    return task_request.get() or _only_request


class _MarkedPipe(io.RawIOBase):
    """Writes whole lines to a descriptor, each with its mark unless they are plain."""

    def __init__(self, descriptor: int, *, is_plain: bool) -> None:
        self.is_plain = is_plain
        self._descriptor = descriptor
        self._rest = bytearray()
        self._lock = threading.Lock()

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return False

    def write(self, data: ReadableBuffer, /) -> int:
        piece = bytes(data)
        with self._lock:
            self._rest += piece
            for line in self._take_lines():
                self._write_line(line)
        return len(piece)

    def finish_line(self) -> None:
        """Write what has no line end yet, so that it stays with its request."""
        with self._lock:
            if self._rest:
                self._write_line(bytes(self._rest))
                self._rest.clear()

    def _take_lines(self) -> Iterator[bytes]:
        *lines, rest = bytes(self._rest).split(b"\n")
        self._rest[:] = rest
        for line in lines:
            for start in range(0, max(1, len(line)), _MAX_LINE_BYTES):
                yield line[start : start + _MAX_LINE_BYTES]
        while len(self._rest) > _MAX_LINE_BYTES:
            yield bytes(self._rest[:_MAX_LINE_BYTES])
            del self._rest[:_MAX_LINE_BYTES]

    def _write_line(self, line: bytes) -> None:
        request_id = current_request()
        if request_id and not self.is_plain:
            line = MARK_START + request_id.encode() + MARK_END + line
        os.write(self._descriptor, line + b"\n")


_pipes: list[_MarkedPipe] = []


def mark_output(*, is_plain: bool = False) -> None:
    """Replace Python's standard streams by ones that mark their lines.

    Args:
        is_plain: Leave the marks out.
    """
    for name, descriptor in (("stdout", 1), ("stderr", 2)):
        pipe = _MarkedPipe(descriptor, is_plain=is_plain)
        stream = io.TextIOWrapper(
            pipe,  # type: ignore[type-var]  # write-through needs no buffer below
            encoding="utf-8",
            errors="backslashreplace",
            write_through=True,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
        _pipes.append(pipe)


def write_through() -> None:
    """Have all that Python prints leave the process at once, and nothing marked."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(
                encoding="utf-8", errors="backslashreplace", write_through=True
            )


def finish_lines() -> None:
    """End unfinished lines; called when a request is over, before it is answered."""
    for pipe in _pipes:
        pipe.finish_line()
    if _pipes and _pipes[0].is_plain:
        ctypes.CDLL(None).fflush(None)  # what native code has printed, for all streams
