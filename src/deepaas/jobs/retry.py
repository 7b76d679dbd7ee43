"""How often a job that failed is tried again, and how long it waits before that."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

_LONGEST_S: Final = 3600.0


def may_retry(*, attempt: int, retries: int) -> bool:
    """Return whether there is another attempt after `attempt` (1 is the first)."""
    return attempt <= retries


def retry_delay(attempt: int, *, first_s: float) -> timedelta:
    """Return how long to wait after attempt number `attempt` has failed.

    Each wait is twice as long as the one before it, up to an hour.

    Args:
        attempt: 1 for the first.
        first_s: The wait after the first attempt, in seconds.
    """
    doublings = min(max(attempt - 1, 0), 32)
    return timedelta(seconds=min(first_s * 2**doublings, max(_LONGEST_S, first_s)))
