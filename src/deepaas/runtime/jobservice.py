"""Jobs, whoever asks for them: submit, look, wait, cancel.

A job is accepted when its row is on disk, and not before. From then on it belongs to
the store.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors, messages
from deepaas.backends.executors import trees
from deepaas.jobs.records import (
    NO_CHANGES,
    Job,
    JobChanges,
    Step,
)
from deepaas.jobs.recovery import event_after_crash
from deepaas.jobs.states import JobEvent
from deepaas.runtime import incoming
from deepaas.runtime.describer import Describer
from deepaas.runtime.dispatcher import Dispatcher
from deepaas.runtime.housekeeping import Housekeeper
from deepaas.runtime.jobnews import Follower, JobNews
from deepaas.runtime.jobrun import RunTools
from deepaas.runtime.jobworkers import STORE_VARIABLE, JobWorkers
from deepaas.runtime.submissions import Submissions
from deepaas.runtime.versions import VersionService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
    from contextlib import AbstractContextManager

    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import JobFilter, JobPage
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.joblimits import JobLimits
    from deepaas.runtime.submissions import Submission, Submitted

logger = logging.getLogger(__name__)

_RETRY_TICK_S: Final = 1.0
_TAKE_IN_EVERY_S: Final = 2.0
_HASH_BYTES: Final = 1 << 20


class JobService:
    """All jobs of a server.

    Attributes:
        files: The files of jobs.
        store: Where the rows of jobs are.
        versions: The versions of the models.
        plane: Where predictions are made.
    """

    def __init__(
        self,
        store: SqliteJobStore,
        *,
        plane: DataPlane,
        files: JobFiles,
        loads: Mapping[str, messages.Load],
        limits: JobLimits,
    ) -> None:
        self.store = store
        self.files = files
        self.versions = VersionService(
            store,
            plane=plane,
            files=files,
            is_automatic=limits.activates_versions,
        )
        self.plane = plane
        self._limits = limits
        self._news = JobNews(self._looks_like)
        self._workers = JobWorkers(loads, files=files, limits=limits.process)
        self._describer = Describer(plane, loads=loads, files=files)
        self._submissions = Submissions(
            store,
            plane=plane,
            files=files,
            describer=self._describer,
            most_waiting=limits.most_waiting,
        )
        tools = RunTools(
            store=store,
            files=files,
            workers=self._workers,
            versions=self.versions,
            time_limit_s=limits.time_limit_s,
            grace_s=limits.grace_s,
        )
        self._dispatcher = Dispatcher(
            tools,
            plane=plane,
            news=self._news,
            limits=limits,
        )
        self._cannot_come_in: set[str] = set()
        self._background: list[asyncio.Task[None]] = []
        self._falling_back: asyncio.Task[None] | None = None
        self._is_stopping = False

    # --------------------------------------------------------------- life cycle

    async def start(self) -> None:
        """Settle what a crash has left, and begin to run jobs."""
        await self._recover()
        await incoming.rescue(self.files)
        taken = await self._take_in()
        await self.versions.recall()
        if self._limits.runs_only_own:
            await self._let_answer(taken)
        else:
            self._falling_back = self._begin_in_background(self.versions.fall_back())
            self._begin_in_background(self._keep_taking_in(taken))
        self._dispatcher.start()
        housekeeper = Housekeeper(
            self.store, files=self.files, limits=self._limits.keep
        )
        first_id = self._submissions.ids.next(time.time_ns() // 1_000_000, bytes(10))
        self._begin_in_background(housekeeper.run(first_id=first_id))

    async def wait_until_settled(self) -> None:
        """Wait until each model has a version that answers, or none that could."""
        if self._falling_back is not None:
            await asyncio.wait([self._falling_back])

    def drain(self) -> None:
        """Take no more jobs, and tell those that run to end."""
        self._is_stopping = True
        for task in self._background:
            task.cancel()
        self._dispatcher.drain()

    async def stop(self, *, grace_s: float) -> None:
        """Give running jobs their grace, then end everything and close the store."""
        self.drain()
        await self._dispatcher.wait_until_idle(timeout_s=grace_s + self._limits.grace_s)
        self.kill()
        await self._dispatcher.wait_until_idle(timeout_s=grace_s)
        await self._workers.make_room()
        await self._describer.stop()
        await self.store.close()

    def kill(self) -> None:
        """End all processes of jobs now."""
        self._is_stopping = True
        self._dispatcher.kill()
        self._workers.kill()
        self._describer.kill()

    def count_running(self) -> int:
        """Return how many jobs run."""
        return self._dispatcher.count_running()

    def process_ids(self) -> list[int]:
        """Return the ids of the processes that somebody waits for."""
        return [
            *self._dispatcher.guardian_pids(),
            *self._workers.guardian_pids(),
            *self._describer.guardian_pids(),
        ]

    # -------------------------------------------------------------- submissions

    async def submit(self, submission: Submission) -> Submitted:
        """Accept a job; it is on disk when this returns.

        Raises:
            DeepaasError: It is refused: wrong inputs, no such operation, a key that
                was used for another request, too many that wait, no store.
        """
        if self._is_stopping or self.plane.is_draining:
            raise errors.DrainingError
        submitted = await self._submissions.take(submission)
        if not submitted.is_replay:
            self._dispatcher.add(submitted.job.id)
        return submitted

    async def describe(self, model: str) -> messages.ModelDescription:
        """Return what a model is, also when it has no workers; see `Describer`."""
        return await self._describer.describe(model)

    # ------------------------------------------------------------------ looking

    async def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            JobNotFoundError: There is none with this id.
            JobRemovedError: It was removed.
        """
        job = await self.store.get(job_id)
        if job.is_hidden:
            raise errors.JobRemovedError(job_id)
        return job

    async def list(self, wanted: JobFilter) -> JobPage:
        """Return jobs, newest first unless asked otherwise."""
        return await self.store.page(wanted)

    async def wait(
        self, job_id: str, *, until: Callable[[Job], bool], timeout_s: float
    ) -> Job:
        """Return a job as soon as a condition holds, or the time is up.

        Raises:
            JobNotFoundError: There is none with this id.
        """

        async def holds(job: Job) -> bool:
            return until(job)

        return await self.wait_until(job_id, holds, timeout_s=timeout_s)

    async def wait_until(
        self, job_id: str, holds: Callable[[Job], Awaitable[bool]], *, timeout_s: float
    ) -> Job:
        """Return a job as soon as a condition holds, or the time is up; see `wait`."""
        deadline = time.monotonic() + timeout_s
        with self.follow(job_id) as follower:
            while True:
                follower.look()
                job = await self.get(job_id)
                left_s = deadline - time.monotonic()
                if left_s <= 0 or self._is_stopping or await holds(job):
                    return job
                await follower.wait(left_s)

    def follow(self, job_id: str) -> AbstractContextManager[Follower]:
        """Follow a job: its state, what it writes, and whether the server ends."""
        return self._news.follow(job_id)

    def _looks_like(self, job_id: str) -> Any:
        is_ending = self.plane.is_draining or self._is_stopping
        return is_ending, self.files.written(job_id)

    # ------------------------------------------------------------------- ending

    async def cancel(self, job_id: str) -> Job:
        """Dismiss a job that is not final; its process is told to end.

        Raises:
            JobNotFoundError: There is none with this id.
            JobRemovedError: It was removed.
            JobStateConflictError: It is final already.
        """
        await self.get(job_id)
        changes = JobChanges(cause="dismissed", detail="The job was dismissed.")
        step = Step(event=JobEvent.DISMISSED, now=_now(), changes=changes)
        job = await self.store.move(job_id, step)
        self._dispatcher.end(job_id, "dismissed")
        self._news.announce(job_id)
        return job

    async def delete(self, job_id: str) -> Job:
        """Dismiss a job, or remove one that is final from sight.

        Returns:
            The job as it was stored before it went out of sight.

        Raises:
            JobNotFoundError: There is none with this id.
            JobRemovedError: It was removed before.
        """
        while True:
            job = await self.get(job_id)
            if job.state.is_final:
                await self.store.hide(job_id)
                self._news.announce(job_id)
                return job
            try:
                return await self.cancel(job_id)
            except errors.JobStateConflictError:
                continue  # it has ended meanwhile

    # ---------------------------------------------------------------- beside us

    def _begin_in_background(
        self, work: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._background.append(task)
        return task

    async def _take_in(self) -> Sequence[Job]:
        return await incoming.take_in(
            self.store, self.files, given_up=self._cannot_come_in
        )

    async def _keep_taking_in(self, taken: Sequence[Job]) -> None:
        """Take in what runs beside this server, as soon as it is over."""
        while True:
            await self._let_answer(taken)
            await asyncio.sleep(_TAKE_IN_EVERY_S)
            taken = await self._take_in()

    async def _let_answer(self, taken: Sequence[Job]) -> None:
        """Let the versions answer that runs beside this server have made."""
        if not self._limits.activates_versions:
            return
        for job in taken:
            if not job.made_version or job.model not in self.plane.pools:
                continue
            try:
                await self.versions.activate(job.model, job.made_version)
            except errors.DeepaasError:
                logger.exception(
                    "Version %d cannot be activated.",
                    job.made_version,
                    extra={"model": job.model},
                )

    # ----------------------------------------------------------------- recovery

    async def _recover(self) -> None:
        """Settle the jobs that ran when the server before this one ended."""
        await asyncio.to_thread(trees.kill_marked, STORE_VARIABLE, str(self.files.root))
        for job in await self.store.running():
            event = event_after_crash(job)
            changes = NO_CHANGES
            if event is JobEvent.INTERRUPTED:
                changes = JobChanges(
                    cause="interrupted", detail="The server ended while the job ran."
                )
            step = Step(event=event, now=_now(), attempt=job.attempt, changes=changes)
            moved = await self.store.move(job.id, step)
            logger.warning(
                "Job %s was cut off by the end of a server: %s.",
                job.id,
                moved.state,
                extra={"model": job.model},
            )


def _now() -> datetime:
    return datetime.now(UTC)
