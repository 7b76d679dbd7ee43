"""Watches the memory of a job.

It looks ten times a second, and less often where looking itself is work: many processes
with many threads, or gigabytes that processes share.
"""

from __future__ import annotations

import time
from typing import Final

from deepaas.guardian import tree

_INTERVAL_S: Final = 0.1
_LONGEST_INTERVAL_S: Final = 5.0
_SHARE: Final = 20
"""At most one part in so many of the time is spent on looking."""


class Watchdog:
    """Compares the memory of all descendants with a limit.

    Attributes:
        due: When it wants to look next (monotonic, s); None if there is no limit.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.due = time.monotonic() if limit else None

    def is_over(self, now: float) -> bool:
        """Look, if it is time to; return whether the limit is exceeded."""
        if self.due is None or now < self.due:
            return False
        is_over = tree.memory_bytes(self._limit) > self._limit
        took_s = time.monotonic() - now
        self.due = now + min(_LONGEST_INTERVAL_S, max(_INTERVAL_S, _SHARE * took_s))
        return is_over
