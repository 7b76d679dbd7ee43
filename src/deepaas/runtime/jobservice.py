"""Jobs, whoever asks for them: submit, look, wait, cancel.

A job is accepted when its row is on disk, and not before. From then on it belongs to
the store; what is kept in memory here is only which processes run at the moment.
"""

from __future__ import annotations

import asyncio
import collections
import hashlib
import logging
import os
import time
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors, messages
from deepaas.backends.executors import trees
from deepaas.backends.faults import inject
from deepaas.backends.owner import this_process
from deepaas.jobs.ids import JobIds
from deepaas.jobs.records import (
    NO_CHANGES,
    IdempotencyKey,
    Job,
    JobChanges,
    JobRequest,
    Step,
)
from deepaas.jobs.recovery import event_after_crash
from deepaas.jobs.states import JobEvent, JobState
from deepaas.runtime.describer import Describer
from deepaas.runtime.housekeeping import Housekeeper
from deepaas.runtime.incoming import take_in
from deepaas.runtime.jobrun import JobRun, RunTools
from deepaas.runtime.jobworkers import STORE_VARIABLE, JobWorkers, ProcessLimits
from deepaas.runtime.versions import VersionService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import JobFilter, JobPage
    from deepaas.jobs.retention import Keep
    from deepaas.runtime.dataplane import DataPlane

logger = logging.getLogger(__name__)

_RETRY_TICK_S: Final = 1.0
_LOOK_EVERY_S: Final = 0.2
_HASH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class JobLimits:
    """What jobs may do.

    Attributes:
        slots: Jobs that run at the same time.
        devices: What jobs get one of each; on each, `slots` jobs run at a time.
        has_exclusive_devices: Whether a training has its device for itself.
        most_waiting: Most jobs that wait; more are refused.
        grace_s: Seconds that a job has to end when it is told to.
        time_limit_s: Longest time that a job may run; 0 is no limit.
        process: What the process of a job may take.
        keep: How long jobs of each kind are kept, see `jobs.retention`.
        activates_versions: Whether the version that a training makes answers from then
            on.
        runs_only_own: Whether only jobs run that were submitted here; those that wait
            from before are left to a server.
    """

    slots: int = 1
    devices: tuple[str, ...] = ()
    has_exclusive_devices: bool = False
    most_waiting: int = 10_000
    grace_s: float = 10.0
    time_limit_s: float = 0.0
    process: ProcessLimits = ProcessLimits()  # noqa: RUF009 - it is frozen
    keep: Mapping[str, Keep] = field(default_factory=dict)
    activates_versions: bool = True
    runs_only_own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request for a job, as a frontend read it.

    Attributes:
        model: The model's name.
        record: The request; its folder is removed here.
        body: Its body, unless the record names a file.
        door: Which surface it came through: `v2` or `ogc`.
        key: The caller's idempotency key with its scope, or empty.
        version: The version to run against, or None for the active one.
    """

    model: str
    record: messages.Predict
    body: bytes = b""
    door: str = "ogc"
    key: tuple[str, str] | None = None
    version: int | None = None

    @property
    def operation(self) -> str:
        """`predict`, `train` or `validate`."""
        return self.record.operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Submitted:
    """What became of a submission.

    Attributes:
        job: The job.
        is_replay: Whether it was there already, under the same idempotency key.
    """

    job: Job
    is_replay: bool = False


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
        self._ids = JobIds()
        self._workers = JobWorkers(loads, files=files, limits=limits.process)
        self._describer = Describer(plane, loads=loads, files=files)
        self._tools = RunTools(
            store=store,
            files=files,
            workers=self._workers,
            versions=self.versions,
            time_limit_s=limits.time_limit_s,
            grace_s=limits.grace_s,
        )
        self._runs: dict[str, JobRun] = {}
        self._own: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._keys_in_flight: set[tuple[str, str]] = set()
        self._wake = asyncio.Event()
        self._dispatching: asyncio.Task[None] | None = None
        self._tidying: asyncio.Task[None] | None = None
        self._is_stopping = False
        self._exclusive: collections.Counter[str] = collections.Counter()
        self._changed: dict[str, asyncio.Event] = {}

    # --------------------------------------------------------------- life cycle

    async def start(self) -> None:
        """Settle what a crash has left, and begin to run jobs."""
        await self._recover()
        await take_in(self.store, self.files)
        self._dispatching = asyncio.create_task(self._dispatch())
        housekeeper = Housekeeper(
            self.store, files=self.files, limits=self._limits.keep
        )
        first_id = self._ids.next(time.time_ns() // 1_000_000, bytes(10))
        self._tidying = asyncio.create_task(housekeeper.run(first_id=first_id))

    def drain(self) -> None:
        """Take no more jobs, and tell those that run to end."""
        self._is_stopping = True
        for task in (self._dispatching, self._tidying):
            if task is not None:
                task.cancel()
        for run in self._runs.values():
            run.end("interrupted")

    async def stop(self, *, grace_s: float) -> None:
        """Give running jobs their grace, then end everything and close the store."""
        self.drain()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s + self._limits.grace_s)
        self.kill()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        await self._workers.make_room()
        await self._describer.stop()
        await self.store.close()

    def kill(self) -> None:
        """End all processes of jobs now."""
        self._is_stopping = True
        for run in self._runs.values():
            run.cause = run.cause or "interrupted"
            run.kill()
        self._workers.kill()
        self._describer.kill()

    def process_ids(self) -> list[int]:
        """Return the ids of the processes that somebody waits for."""
        running = [run.guardian_pid for run in self._runs.values()]
        return [
            *(pid for pid in running if pid),
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
        folder = submission.record.folder
        try:
            return await self._submit(submission)
        finally:
            if folder:
                await asyncio.to_thread(self.plane.remove_folder, folder)

    async def _submit(self, submission: Submission) -> Submitted:
        if self._is_stopping or self.plane.is_draining:
            raise errors.DrainingError
        description = self._operation(submission.model, submission.operation)
        key = await self._key(submission)
        if key is None:
            return await self._accept(submission, description, key=None)
        scope = (key.scope, key.key)
        if scope in self._keys_in_flight:
            raise errors.IdempotencyInFlightError(key.key)
        self._keys_in_flight.add(scope)
        try:
            replay = await self.store.find_key(key)
            if replay is not None:
                return Submitted(job=replay, is_replay=True)
            return await self._accept(submission, description, key=key)
        finally:
            self._keys_in_flight.discard(scope)

    async def _accept(
        self,
        submission: Submission,
        description: messages.OperationDescription,
        *,
        key: IdempotencyKey | None,
    ) -> Submitted:
        record = submission.record
        version = await self._version(submission)
        arguments: dict[str, Any] = {}
        if record.envelope != "batch":  # what is wrong with a line, its answer says
            arguments = await self._describer.bind(
                submission.model, record, submission.body
            )
        now = _now()
        job_id = self._ids.next(time.time_ns() // 1_000_000, os.urandom(10))
        body_file = ""
        if record.body_path:
            body_file = await self._keep_body(job_id, Path(record.body_path))
            inject("job.after_body")
        job = Job(
            id=job_id,
            model=submission.model,
            operation=submission.operation,
            state=JobState.ACCEPTED,
            created=now,
            updated=now,
            version=version,
            arguments=arguments,
            request=JobRequest(
                query=record.query,
                content_type=record.content_type,
                accept=record.accept,
                headers=record.headers or {},
                cookie=record.cookie,
                body=submission.body,
                body_file=body_file,
                envelope=record.envelope,
            ),
            door=submission.door,
            is_restartable=description.is_restartable,
            retries=description.retries,
            retry_delay_s=description.retry_delay_s,
        )
        try:
            added = await self.store.add(
                job, key=key, most_waiting=self._limits.most_waiting
            )
        except errors.DeepaasError:
            await asyncio.to_thread(self.files.remove, job_id)
            raise
        inject("job.after_add")
        if not added.is_replay:
            if self._limits.runs_only_own:
                self._own.add(job_id)
            self._wake.set()
        return Submitted(job=added.job, is_replay=added.is_replay)

    async def _keep_body(self, job_id: str, body: Path) -> str:
        try:
            return await asyncio.to_thread(self.files.keep_request, job_id, body)
        except OSError as error:
            raise errors.StoreUnavailableError(
                f"The request cannot be kept: {error.strerror}."
            ) from error

    async def describe(self, model: str) -> messages.ModelDescription:
        """Return what a model is, also when it has no workers; see `Describer`."""
        return await self._describer.describe(model)

    def _operation(self, model: str, operation: str) -> messages.OperationDescription:
        """Return what an operation is.

        Raises:
            ModelNotFoundError: There is no such model.
            ModelUnavailableError: It is not loaded.
            OperationNotImplementedError: It has no such operation.
        """
        pool = self.plane.pool(model)
        if pool.description is None:
            raise pool.unavailable()
        described = pool.description.operations.get(operation)
        if described is None or not described.is_implemented:
            raise errors.OperationNotImplementedError(model, operation)
        return described

    async def _version(self, submission: Submission) -> int:
        active = self.plane.pool(submission.model).version.number
        if submission.version is None or submission.version == active:
            return active
        if submission.version:
            await self.store.version(submission.model, submission.version)
        return submission.version

    async def _key(self, submission: Submission) -> IdempotencyKey | None:
        if submission.key is None:
            return None
        scope, key = submission.key
        record = submission.record
        digest = hashlib.sha256(record.query + b"\0" + record.content_type.encode())
        if record.body_path:
            await asyncio.to_thread(_add_file, digest, Path(record.body_path))
        else:
            digest.update(submission.body)
        return IdempotencyKey(scope=scope, key=key, fingerprint=digest.hexdigest())

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
        while True:
            job = await self.get(job_id)
            left_s = deadline - time.monotonic()
            if left_s <= 0 or self._is_stopping or await holds(job):
                return job
            await self.wait_for_change(job_id, timeout_s=min(left_s, _LOOK_EVERY_S))

    async def wait_for_change(self, job_id: str, *, timeout_s: float) -> None:
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
        run = self._runs.get(job_id)
        if run is not None:
            run.end("dismissed")
        self._announce(job_id)
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
                self._announce(job_id)
                return job
            try:
                return await self.cancel(job_id)
            except errors.JobStateConflictError:
                continue  # it has ended meanwhile

    # ------------------------------------------------------------------ running

    async def _dispatch(self) -> None:
        """Give free slots to jobs that wait, oldest first."""
        while True:
            try:
                while self._has_free_slot():
                    job = await self.store.claim_oldest(
                        now=_now(),
                        owner=this_process(),
                        models=frozenset(self.plane.descriptions()),
                        only=self._claimable(),
                    )
                    if job is None:
                        break
                    self._begin(job)
            except errors.StoreUnavailableError as error:
                logger.warning("No job can begin: %s", error)
            self._wake.clear()
            try:
                # Also without news: jobs that are tried again wait for their time.
                async with asyncio.timeout(_RETRY_TICK_S):
                    await self._wake.wait()
            except TimeoutError:
                pass

    def _claimable(self) -> frozenset[str] | None:
        return frozenset(self._own) if self._limits.runs_only_own else None

    def _begin(self, job: Job) -> None:
        run = JobRun(job, tools=self._tools, device=self._free_device())
        self._runs[job.id] = run
        self._announce(job.id)
        task = asyncio.create_task(self._carry_out(run))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, run: JobRun) -> None:
        try:
            async with self._device_of(run):
                await run.run()
        except Exception:
            logger.exception("Job %s: a bug of ours.", run.job.id)
        finally:
            del self._runs[run.job.id]
            self._announce(run.job.id)
            self._wake.set()

    def _has_free_slot(self) -> bool:
        return len(self._runs) < self._limits.slots * max(1, len(self._limits.devices))

    def _free_device(self) -> str:
        """Return the device on which the fewest jobs run; empty if none are given."""
        taken = [run.device for run in self._runs.values()]
        return min(self._limits.devices, key=taken.count, default="")

    @asynccontextmanager
    async def _device_of(self, run: JobRun) -> AsyncIterator[None]:
        """Let a training have its device for itself, if that is wanted."""
        if not self._limits.has_exclusive_devices or run.job.operation != "train":
            yield
            return
        self._exclusive[run.device] += 1
        try:
            await self._workers.make_room()
            await self.plane.unload(run.device)
            yield
        finally:
            self._exclusive[run.device] -= 1
            if not self._exclusive[run.device] and not self._is_stopping:
                self.plane.reload(run.device)

    def _announce(self, job_id: str) -> None:
        """Wake those who wait for a job."""
        changed = self._changed.pop(job_id, None)
        if changed is not None:
            changed.set()

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


def _add_file(digest: Any, path: Path) -> None:
    with path.open("rb") as file:
        while piece := file.read(_HASH_BYTES):
            digest.update(piece)
