"""Sends the pieces of streamed results, those that come at once in one frame.

A frame costs two system calls and wakes the server, which for small pieces is dearer
than to make them. So a piece that follows another within a moment waits until that
moment is over and travels with what came meanwhile. A piece that comes later is sent
at once.
"""

from __future__ import annotations

import math
import threading
import time
from typing import TYPE_CHECKING, Final

from deepaas import messages

if TYPE_CHECKING:
    from deepaas.worker.channel import Channel

MOMENT_S: Final = 0.0005
MOST_BYTES: Final = 1 << 16
"""How long something small waits for company, and how much leaves at once."""


class ChunkSender:
    """Sends pieces over a channel; any thread may use it.

    Args:
        channel: The way to the server.
        moment_s: How long a piece waits for others, in seconds.
    """

    def __init__(self, channel: Channel, *, moment_s: float = MOMENT_S) -> None:
        self._channel = channel
        self._moment_s = moment_s
        self._lock = threading.Lock()
        self._waiting: dict[int, list[bytes]] = {}
        self._size = 0
        self._sent_at = -math.inf
        self._is_timed = False
        self._timer = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def send(self, seq: int, piece: bytes) -> None:
        """Send a piece of a stream, at once or in a moment."""
        with self._lock:
            self._waiting.setdefault(seq, []).append(piece)
            self._size += len(piece)
            is_due = time.monotonic() >= self._sent_at + self._moment_s
            if is_due or self._size >= MOST_BYTES:
                self._flush()
            elif not self._is_timed:
                self._time()

    def flush(self) -> None:
        """Send what still waits."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        for seq, pieces in self._waiting.items():
            self._channel.send(messages.Chunk(seq=seq), b"".join(pieces))
        self._waiting.clear()
        self._size = 0
        self._sent_at = time.monotonic()

    def _time(self) -> None:
        """Have what waits sent in a moment, should nothing follow."""
        self._is_timed = True
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._flush_in_time, name="chunks", daemon=True
            )
            self._thread.start()
        self._timer.release()

    def _flush_in_time(self) -> None:
        pause = threading.Event()  # nobody sets it
        while True:
            self._timer.acquire()
            pause.wait(self._moment_s)
            with self._lock:
                self._is_timed = False
                self._flush()
