"""Passes what models print on to this process's own output, as it is.

Where whoever runs the server reads its two streams, and needs to know where the output
of one call ends, it has to be out before that end is written, and the last line of it
has to be whole. A model may write to the descriptors itself, or start a program that
does, so only what comes through a pipe of ours can be known to end in a line end.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import logging

_READ_BYTES: Final = 1 << 16


class PlainOutput:
    """Both streams of all workers, on their way to ours.

    Attributes:
        descriptors: What workers write standard output and standard error to.
    """

    def __init__(self) -> None:
        """Begin; must be called on the event loop that will pass the output on."""
        self._relays = (_Relay(1), _Relay(2))
        self.descriptors = tuple(relay.descriptor for relay in self._relays)

    def finish_lines(self) -> None:
        """Write all that models have printed until now, and end unfinished lines."""
        for relay in self._relays:
            relay.finish_line()

    def come_before(self, handler: logging.Handler) -> None:
        """Have all that models have printed written before each line of a log."""

        def finish_lines(_record: logging.LogRecord) -> bool:
            self.finish_lines()
            return True

        handler.addFilter(finish_lines)

    def close(self) -> None:
        """Write what is left; call it when there are no workers any more."""
        for relay in self._relays:
            relay.close()


class _Relay:
    """One stream."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._source, self.descriptor = os.pipe()
        self._capacity_bytes = fcntl.fcntl(self._source, fcntl.F_GETPIPE_SZ)
        self._is_in_a_line = False
        os.set_blocking(self._source, False)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._source, self._pass_on)

    def finish_line(self) -> None:
        if self._source < 0:
            return
        # Not more than was there: a thread of the model may print without end.
        left_bytes = self._capacity_bytes
        while left_bytes > 0 and (size_bytes := self._pass_on()):
            left_bytes -= size_bytes
        if self._is_in_a_line:
            self._is_in_a_line = False
            self._write(b"\n")

    def close(self) -> None:
        self.finish_line()
        self._loop.remove_reader(self._source)
        os.close(self._source)
        os.close(self.descriptor)
        self._source = -1

    def _pass_on(self) -> int:
        """Pass a piece on; returns its size in bytes."""
        try:
            piece = os.read(self._source, _READ_BYTES)
        except BlockingIOError:
            return 0
        self._is_in_a_line = not piece.endswith(b"\n")
        self._write(piece)
        return len(piece)

    def _write(self, piece: bytes) -> None:
        with suppress(OSError):  # nobody reads; the answer is due all the same
            while piece:
                piece = piece[os.write(self._target, piece) :]
