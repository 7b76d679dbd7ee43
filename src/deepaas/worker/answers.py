"""Sends the answers of a batch, those that are made within a moment in one write.

A write for each would keep the device waiting: it costs as much as the answer itself,
and wakes the server, which then has the processor.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from deepaas import messages
from deepaas.worker.chunks import MOMENT_S, MOST_BYTES

if TYPE_CHECKING:
    from deepaas.worker.channel import Channel


class AnswerSender:
    """Sends answers over a channel; whoever has sent the last one flushes.

    Args:
        channel: The way to the server.
        moment_s: How long an answer waits while others are made, in seconds.
    """

    def __init__(self, channel: Channel, *, moment_s: float = MOMENT_S) -> None:
        self._channel = channel
        self._moment_s = moment_s
        self._buffers: list[Any] = []
        self._size_bytes = 0
        self._began = 0.0

    def send(self, record: messages.Record, body: Any = b"") -> None:
        """Send an answer, at once or in a moment."""
        now = time.monotonic()
        if not self._buffers:
            self._began = now
        self._buffers += messages.frame(record, body)
        self._size_bytes += len(body)
        if self._size_bytes > MOST_BYTES or now > self._began + self._moment_s:
            self.flush()

    def flush(self) -> None:
        """Send what still waits."""
        if not self._buffers:
            return
        is_small = self._size_bytes <= MOST_BYTES
        self._channel.send_buffers(
            [b"".join(self._buffers)] if is_small else self._buffers
        )
        self._buffers.clear()
        self._size_bytes = 0
