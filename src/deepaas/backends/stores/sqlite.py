"""The store of jobs in SQLite.

Each method is one transaction, and what it promises is on disk when it returns. The
database is reached by one process and one connection: a lock on the data directory sees
to the first, the `Writer` to the second.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar

from deepaas import errors
from deepaas.backends.stores import transactions
from deepaas.backends.stores.opening import prepare
from deepaas.backends.stores.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    from deepaas.jobs.records import (
        Added,
        Artifact,
        IdempotencyKey,
        Job,
        JobFilter,
        JobHistory,
        JobOutput,
        JobPage,
        ModelVersion,
        Owner,
        Step,
        Transition,
    )
    from deepaas.jobs.states import JobState

    T = TypeVar("T")

FILE_NAME: Final = "jobs.sqlite3"

_RETRY_AFTER_S: Final = 30.0


class SqliteJobStore:
    """Keeps jobs; the only place where the state of a job is true."""

    def __init__(self, folder: Path) -> None:
        """Remember where the database is.

        Args:
            folder: The data directory; whoever makes the store holds its lock.
        """
        self._path = folder / FILE_NAME
        self._writer: Writer | None = None

    async def open(self) -> None:
        """Open the database; make it, or bring it up to date, where needed.

        Raises:
            ConfigurationError: It is damaged, or of a newer version.
            StoreUnavailableError: The disk does not take it.
        """
        self._writer = Writer(self._path, prepare=self._prepare)
        try:
            await self._writer.run(lambda connection: None)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what waits, then let go of the database."""
        writer, self._writer = self._writer, None
        if writer is not None:
            await writer.close()

    # --------------------------------------------------------------------- jobs

    async def add(
        self, job: Job, *, key: IdempotencyKey | None, most_waiting: int
    ) -> Added:
        """Accept a job and its idempotency key, together or not at all.

        Raises:
            IdempotencyMismatchError: The key was used for another request.
            TooManyJobsError: So many wait already.
            StoreUnavailableError: It cannot be kept.
        """
        return await self._run(
            partial(transactions.add, job=job, key=key, most=most_waiting)
        )

    async def find_key(self, key: IdempotencyKey) -> Job | None:
        """Return the job that was added under a key, or None.

        Raises:
            IdempotencyMismatchError: The key was used for another request.
        """
        return await self._run(partial(transactions.find_key, key=key))

    async def get(self, job_id: str) -> Job:
        """Return a job, also one that was removed from sight.

        Raises:
            JobNotFoundError: There is none with this id.
        """
        return await self._run(partial(transactions.get, job_id=job_id))

    async def page(self, wanted: JobFilter) -> JobPage:
        """Return a page of jobs, newest first unless asked otherwise."""
        return await self._run(partial(transactions.list_jobs, wanted=wanted))

    async def claim_oldest(
        self,
        *,
        now: datetime,
        owner: Owner,
        models: frozenset[str],
        only: frozenset[str] | None = None,
    ) -> Job | None:
        """Hand the oldest job of these models that may begin to exactly one caller.

        It is running from now on, and its attempt is counted. None means that nothing
        waits.

        Args:
            now: When.
            owner: The process that will run it.
            models: Names of models.
            only: The ids among which to choose; None is all.
        """
        return await self._run(
            partial(
                transactions.claim_oldest,
                now=now,
                owner=owner,
                models=models,
                only=only,
            )
        )

    async def move(self, job_id: str, step: Step) -> Job:
        """Let an event happen to a job.

        Raises:
            JobNotFoundError: There is none with this id.
            JobStateConflictError: It cannot happen in the job's state, or it comes from
                an attempt that is not the last one any more.
        """
        return await self._run(partial(transactions.move, job_id=job_id, step=step))

    async def complete(
        self, job_id: str, *, now: datetime, attempt: int, output: JobOutput
    ) -> Job:
        """Say that a job was successful, with all that it has made, at once.

        Raises:
            JobNotFoundError: There is none with this id.
            JobStateConflictError: It does not run, or in another attempt.
        """
        return await self._run(
            partial(
                transactions.complete,
                job_id=job_id,
                now=now,
                attempt=attempt,
                output=output,
            )
        )

    async def history(self, job_id: str) -> JobHistory:
        """Return all that is known of a job, for another store.

        Raises:
            JobNotFoundError: There is none with this id.
        """
        return await self._run(partial(transactions.history, job_id=job_id))

    async def take_in(self, history: JobHistory) -> Job:
        """Add a job that another store has kept, with its version.

        Taking it in twice changes nothing. The version gets the next number here.

        Returns:
            The job as it is here.
        """
        return await self._run(partial(transactions.take_in, history=history))

    async def hide(self, job_id: str) -> None:
        """Remove a job from sight; its row stays until retention takes it."""
        await self._run(partial(transactions.hide, job_id=job_id))

    async def running(self) -> list[Job]:
        """Return the jobs that run, or ran when the server before this one ended."""
        return await self._run(transactions.running)

    async def transitions(self, job_id: str, *, after: int = 0) -> list[Transition]:
        """Return the steps of a job's life that follow the step `after`."""
        return await self._run(
            partial(transactions.transitions, job_id=job_id, after=after)
        )

    async def artifacts(self, job_id: str) -> list[Artifact]:
        """Return the files that a job has made, by path."""
        return await self._run(partial(transactions.artifacts, job_id=job_id))

    async def counts(self) -> dict[tuple[str, str, JobState], int]:
        """Return how many jobs there are, by model, operation and state."""
        return await self._run(transactions.counts)

    # ----------------------------------------------------------------- versions

    async def next_version(self, model: str) -> int:
        """Return the number of the version that the next training makes."""
        return await self._run(partial(transactions.next_version, model=model))

    async def versions(self, model: str) -> list[ModelVersion]:
        """Return the versions of a model, newest first; without the installed one."""
        return await self._run(partial(transactions.versions, model=model))

    async def version(self, model: str, number: int) -> ModelVersion:
        """Return one version.

        Raises:
            VersionNotFoundError: There is none of this number.
        """
        return await self._run(
            partial(transactions.version, model=model, number=number)
        )

    async def adopt(
        self, model: str, found: Sequence[ModelVersion], *, active: int
    ) -> None:
        """Take over what another store knows of the versions of a model.

        Args:
            model: The model's name.
            found: Its versions there.
            active: The one that answers there.
        """
        await self._run(
            partial(transactions.adopt, model=model, found=found, active=active)
        )

    async def active_version(self, model: str) -> int:
        """Return which version answers; 0 is the model as installed."""
        return await self._run(partial(transactions.active_version, model=model))

    async def activate(self, model: str, number: int) -> None:
        """Let a version answer from now on; 0 is the model as installed.

        Raises:
            VersionNotFoundError: There is none of this number.
        """
        await self._run(partial(transactions.activate, model=model, number=number))

    async def delete_version(self, model: str, number: int) -> ModelVersion:
        """Forget a version; its number is not used again.

        Raises:
            VersionNotFoundError: There is none of this number.
            VersionInUseError: It is the one that answers.
        """
        return await self._run(
            partial(transactions.delete_version, model=model, number=number)
        )

    async def add_validation(
        self, model: str, number: int, *, job_id: str, metrics: dict[str, Any]
    ) -> None:
        """Keep what a validation of a version has found."""
        await self._run(
            partial(
                transactions.add_validation,
                model=model,
                number=number,
                job_id=job_id,
                metrics=metrics,
            )
        )

    # ---------------------------------------------------------------- retention

    async def final_jobs(self, *, limit: int, after: str = "") -> list[Job]:
        """Return jobs that are final, oldest first."""
        return await self._run(
            partial(transactions.final_jobs, limit=limit, after=after)
        )

    async def known(self, job_ids: Sequence[str]) -> frozenset[str]:
        """Return those of some ids that are ids of jobs here."""
        return await self._run(partial(transactions.known, job_ids=job_ids))

    async def purge(self, job_ids: Sequence[str]) -> None:
        """Remove jobs with all that belongs to them."""
        await self._run(partial(transactions.purge, job_ids=job_ids))

    async def forget_keys(self, *, before: datetime) -> None:
        """Drop idempotency keys whose time is over."""
        await self._run(partial(transactions.forget_keys, before=before))

    # ---------------------------------------------------------------- internals

    def _prepare(self, engine: Engine) -> None:
        prepare(engine, path=self._path)

    async def _run(self, work: Callable[[Connection], T]) -> T:
        if self._writer is None:
            raise errors.StoreUnavailableError(
                "The store of jobs is closed.", retry_after_s=_RETRY_AFTER_S
            )
        return await self._writer.run(work)
