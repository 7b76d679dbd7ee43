"""Tells those who follow a job that something has happened to it.

What a job's own process writes is found by looking at its files. That is done once for
all who follow a job, and only while somebody does: a thousand who wait cost no more
than one.
"""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_LOOK_EVERY_S: Final = 0.2


class JobNews:
    """Wakes those who follow jobs.

    Args:
        look: Returns, for the id of a job, something that differs from what it was
            when followers have to be woken; may block.
    """

    def __init__(self, look: Callable[[str], Any]) -> None:
        self._look = look
        self._followed: dict[str, _Followed] = {}

    def announce(self, job_id: str) -> None:
        """Wake those who follow a job."""
        followed = self._followed.get(job_id)
        if followed is not None:
            followed.wake()

    @contextmanager
    def follow(self, job_id: str) -> Iterator[Follower]:
        """Follow a job: its state, and what its process writes."""
        followed = self._followed.get(job_id)
        if followed is None:
            followed = self._followed[job_id] = _Followed()
            followed.task = asyncio.ensure_future(self._watch(job_id, followed))
        followed.readers += 1
        try:
            yield Follower(followed)
        finally:
            followed.readers -= 1
            if not followed.readers:
                followed.task.cancel()
                del self._followed[job_id]

    async def _watch(self, job_id: str, followed: _Followed) -> None:
        before = await asyncio.to_thread(self._look, job_id)
        followed.wake()  # it may have changed while we began
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            now = await asyncio.to_thread(self._look, job_id)
            if now != before:
                before = now
                followed.wake()


class Follower:
    """One who follows a job, and never misses anything.

    Call `look` before reading what is there, and `wait` afterwards.
    """

    def __init__(self, followed: _Followed) -> None:
        self._followed = followed
        self._seen = -1

    def look(self) -> None:
        """Note that what has happened until now is about to be read."""
        self._seen = self._followed.changes

    async def wait(self, timeout_s: float) -> None:
        """Wait until something happens, or has since `look`, or the time is up."""
        if self._seen != self._followed.changes:
            return
        changed = self._followed.changed
        with suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await changed.wait()


class _Followed:
    """A job that somebody follows."""

    def __init__(self) -> None:
        self.readers = 0
        self.changes = 0
        self.changed = asyncio.Event()
        self.task: asyncio.Future[None]

    def wake(self) -> None:
        self.changes += 1
        self.changed.set()
        self.changed = asyncio.Event()
