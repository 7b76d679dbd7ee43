"""Removes jobs whose time is over, and files of jobs that were never accepted."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from deepaas import errors
from deepaas.jobs.retention import Kept, who_may_go

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job
    from deepaas.jobs.retention import Keep

logger = logging.getLogger(__name__)

KEY_LIFETIME: Final = timedelta(hours=24)
"""How long an idempotency key counts."""

_EVERY_S: Final = 3600.0
_AT_ONCE: Final = 500


class Housekeeper:
    """Keeps the data directory from growing for ever."""

    def __init__(
        self, store: SqliteJobStore, *, files: JobFiles, limits: Mapping[str, Keep]
    ) -> None:
        self._store = store
        self._files = files
        self._limits = limits

    async def run(self, *, first_id: str) -> None:
        """Tidy up now, and then each hour.

        Args:
            first_id: Smaller than the id of any job that is accepted from now on.
        """
        while True:
            try:
                await self.remove_strangers(before=first_id)
                await self.tidy(now=datetime.now(UTC))
            except (errors.StoreUnavailableError, OSError) as error:
                logger.warning("Old jobs cannot be removed now: %s", error)
            await asyncio.sleep(_EVERY_S)

    async def tidy(self, *, now: datetime) -> list[str]:
        """Remove the jobs that are over a limit; returns their ids.

        Their rows go first: files without a row are found again, by `remove_strangers`.
        """
        await self._store.forget_keys(before=now - KEY_LIFETIME)
        if not self._limits:
            return []
        gone = who_may_go(await self._final_jobs(), limits=self._limits, now=now)
        for start in range(0, len(gone), _AT_ONCE):
            some = gone[start : start + _AT_ONCE]
            await self._store.purge(some)
            await asyncio.to_thread(self._remove, some)
        if gone:
            logger.info("%d jobs were removed because their time is over.", len(gone))
        return gone

    async def remove_strangers(self, *, before: str) -> None:
        """Remove the files of jobs that the store does not know.

        Args:
            before: The id from which on jobs may be about to be accepted.
        """
        ids = await asyncio.to_thread(lambda: sorted(self._files.job_ids()))
        old = [one for one in ids if one < before]
        for start in range(0, len(old), _AT_ONCE):
            some = old[start : start + _AT_ONCE]
            known = await self._store.known(some)
            await asyncio.to_thread(
                self._remove, [one for one in some if one not in known]
            )

    def _remove(self, job_ids: Sequence[str]) -> None:
        for job_id in job_ids:
            self._files.remove(job_id)

    async def _final_jobs(self) -> list[Kept]:
        found: list[Kept] = []
        versions: dict[str, frozenset[int]] = {}
        after = ""
        while jobs := await self._store.final_jobs(limit=_AT_ONCE, after=after):
            after = jobs[-1].id
            for job in jobs:
                if job.made_version and job.model not in versions:
                    kept = await self._store.versions(job.model)
                    versions[job.model] = frozenset(one.number for one in kept)
            sizes = await asyncio.to_thread(self._sizes, jobs)
            found += [
                Kept(
                    job=job,
                    size_bytes=size,
                    has_version=job.made_version in versions.get(job.model, ()),
                )
                for job, size in zip(jobs, sizes, strict=True)
            ]
        return found

    def _sizes(self, jobs: Sequence[Job]) -> list[int]:
        """Return the length of all files of each job, where that counts."""
        if all(one.size_bytes is None for one in self._limits.values()):
            return [0] * len(jobs)
        return [self._files.size_bytes(job.id) for job in jobs]
