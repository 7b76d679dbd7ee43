"""Tells those who wait for a job that something has happened to it."""

from __future__ import annotations

import asyncio


class JobNews:
    """Wakes who waits for a job."""

    def __init__(self) -> None:
        self._changed: dict[str, asyncio.Event] = {}

    def announce(self, job_id: str) -> None:
        """Wake those who wait for a job."""
        changed = self._changed.pop(job_id, None)
        if changed is not None:
            changed.set()

    async def wait(self, job_id: str, *, timeout_s: float) -> None:
        """Wait until a job gets another state, or the time is up.

        A change before the call is not seen; so do not wait for long.
        """
        changed = self._changed.setdefault(job_id, asyncio.Event())
        try:
            async with asyncio.timeout(timeout_s):
                await changed.wait()
        except TimeoutError:
            if self._changed.get(job_id) is changed:
                del self._changed[job_id]
