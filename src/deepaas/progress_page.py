"""A page of memory that a worker shares with its server: which prediction it began.

The worker writes, the server reads, and neither ever waits. After a death the server
sees there which predictions had begun and which may go elsewhere, and while the worker
lives, how long the newest has been running.

Each value is one aligned eight-byte store. (`struct` would not do: it clears the whole
buffer before it writes, and a reader may look just then.) The time is written first, so
that a reader never pairs a new prediction with an old time on machines that keep the
order of stores.
"""

from __future__ import annotations

import mmap
import os


class ProgressPage:
    """The page, seen from either side."""

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, mmap.PAGESIZE)
        self._view = memoryview(self._memory)
        self._seq = self._view[0:8].cast("Q")
        self._started = self._view[8:16].cast("d")

    def note_start(self, seq: int, now: float) -> None:
        """Say that everything up to prediction `seq` has begun.

        Args:
            seq: Its sequence number.
            now: The time (`time.monotonic`, the same clock in all processes).
        """
        self._started[0] = now
        self._seq[0] = seq

    def last_start(self) -> tuple[int, float]:
        """Return the newest prediction that was begun, and when; 0 before the first."""
        return self._seq[0], self._started[0]

    def close(self) -> None:
        """Let go of the memory."""
        for view in (self._seq, self._started, self._view):
            view.release()
        self._memory.close()


def make_page() -> int:
    """Return the descriptor of a new page, which a child process can inherit."""
    descriptor = os.memfd_create("deepaas-progress")
    os.ftruncate(descriptor, mmap.PAGESIZE)
    return descriptor
