"""A worker's end of a socket to its server: frames in, frames out, blocking."""

from __future__ import annotations

import select
import socket
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from deepaas import messages

if TYPE_CHECKING:
    from collections.abc import Iterable

Frames = list[tuple[messages.ToWorker, messages.Body]]

_RECEIVE_BYTES: Final = 1 << 18
_ALIGNMENT_BYTES: Final = 16


@dataclass(slots=True)
class _LargeFrame:
    """A frame whose body is coming."""

    record: messages.ToWorker
    body: memoryview
    rest: memoryview


class Channel:
    """Sends and receives frames over one stream socket.

    One thread may receive; any thread may send.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._reader = messages.FrameReader()
        # One for all: Python would have the kernel map and unmap one for each receive.
        self._received = memoryview(bytearray(_RECEIVE_BYTES))
        self._sending = threading.Lock()
        self._large: _LargeFrame | None = None

    @property
    def socket(self) -> socket.socket:
        """The socket, for a loop that watches it."""
        return self._socket

    def receive(self, *, timeout_s: float | None = None) -> Frames | None:
        """Return the frames that have come; wait for some if there are none.

        Args:
            timeout_s: Longest wait in seconds; None waits for ever.

        Returns:
            The frames, an empty list when the time is up, None when the server has
            closed its side.
        """
        while True:
            if timeout_s is not None and not self._is_readable(timeout_s):
                return []
            frames = self._feed(self._socket.recv_into(self._target))
            if frames or frames is None:
                return frames

    def receive_now(self) -> Frames | None:
        """Return the frames that have come, perhaps none; see `receive`.

        Raises:
            BlockingIOError: Nothing has come.
        """
        return self._feed(
            self._socket.recv_into(self._target, flags=socket.MSG_DONTWAIT)
        )

    def _feed(self, size: int) -> Frames | None:
        """Return the frames that what was received completes; None at the end."""
        if not size:
            return None
        if self._large is not None:
            return self._fill(self._large, size)
        frames: Frames = [
            (messages.decode_to_worker(header), body)
            for header, body in self._reader.feed(self._received[:size])
        ]
        if (begun := self._reader.take_large()) is not None:
            self._large = _begin_large(*begun)
        return frames

    def _fill(self, large: _LargeFrame, size: int) -> Frames:
        large.rest = large.rest[size:]
        if large.rest:
            return []
        self._large = None
        return [(large.record, large.body)]

    @property
    def _target(self) -> memoryview:
        """Where what comes next is received: a large body at once where it stays."""
        return self._received if self._large is None else self._large.rest

    def send(self, record: messages.Record, body: Any = b"") -> None:
        """Send one frame; returns when the kernel has all of it."""
        self.send_buffers(messages.frame(record, body))

    def send_buffers(self, frames: Iterable[Any]) -> None:
        """Send the buffers of some frames; returns when the kernel has all of them."""
        buffers = [memoryview(one) for one in frames]
        with self._sending:
            while buffers:
                sent = self._socket.sendmsg(buffers)
                while buffers and sent >= buffers[0].nbytes:
                    sent -= buffers.pop(0).nbytes
                if buffers and sent:
                    buffers[0] = buffers[0].cast("B")[sent:]

    def _is_readable(self, timeout_s: float) -> bool:
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(max(0.0, timeout_s) * 1000))


def _begin_large(header: bytes, size: int, there: memoryview) -> _LargeFrame:
    """Make room for a body; what comes behind the JSON of tensors lies as numpy wants.

    So a tensor becomes an array where it was received.
    """
    record = messages.decode_to_worker(header)
    padding = 0
    if isinstance(record, messages.Predict) and record.inference is not None:
        padding = -(record.inference.json_bytes or 0) % _ALIGNMENT_BYTES
    body = _room(padding + size)[padding:]
    body[: len(there)] = there
    return _LargeFrame(record, body, body[len(there) :])


def _room(size: int) -> memoryview:
    """Return memory; numpy, where it is there already, need not clear it first."""
    empty = getattr(sys.modules.get("numpy"), "empty", None)
    return memoryview(bytearray(size) if empty is None else empty(size, "uint8"))
