"""One attempt of one job: from its claim to its last state.

Whatever happens to the process, the attempt ends here with exactly one transition of
the job's row; when somebody else was quicker (the job was dismissed), with none.
"""

from __future__ import annotations

import asyncio
import errno
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec

from deepaas import errors, messages
from deepaas.backends.faults import inject
from deepaas.backends.job_events import last_metrics
from deepaas.backends.job_files import ARTIFACTS, LOG, RESULT
from deepaas.jobs.records import (
    Artifact,
    JobChanges,
    JobOutput,
    JobResult,
    ModelVersion,
    Step,
)
from deepaas.jobs.recovery import event_after_crash
from deepaas.jobs.retry import may_retry, retry_delay
from deepaas.jobs.states import JobEvent, JobState
from deepaas.model.job import PROVENANCE_FILE
from deepaas.runtime.batchrun import BatchDeaths
from deepaas.runtime.jobworker import Died, Failed, Finished, JobWorker, Outcome

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job
    from deepaas.runtime.jobworkers import JobWorkers
    from deepaas.runtime.versions import VersionService

logger = logging.getLogger(__name__)

_STORE_RETRY_S: Final = 1.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTools:
    """What an attempt needs.

    Attributes:
        store: Where the job's row is.
        files: Where its files are.
        workers: Where its process comes from.
        versions: What a training's version goes to.
        time_limit_s: Longest time that it may run; 0 is no limit.
        grace_s: Seconds that it has to end when it is told to.
    """

    store: SqliteJobStore
    files: JobFiles
    workers: JobWorkers
    versions: VersionService
    time_limit_s: float
    grace_s: float


class JobRun:
    """Runs one attempt.

    Attributes:
        job: As it was claimed.
        cause: Why the attempt was told to end, or empty.
        device: The device that it has, or empty.
    """

    def __init__(self, job: Job, *, tools: RunTools, device: str = "") -> None:
        self.job = job
        self.device = device
        self.cause = ""
        self._tools = tools
        self._store = tools.store
        self._files = tools.files
        self._worker: JobWorker | None = None
        self._is_batch = job.request.envelope == "batch"
        self._deaths = BatchDeaths(job, self._files.folder(job.id))

    @property
    def guardian_pid(self) -> int:
        """The process id of the guardian, or 0."""
        return self._worker.guardian_pid if self._worker else 0

    def end(self, cause: str) -> None:
        """Tell the attempt to end: `dismissed`, `interrupted` or `deadline`."""
        self.cause = self.cause or cause
        if self._worker is not None:
            self._worker.end(self.cause, grace_s=self._tools.grace_s)

    def kill(self) -> None:
        """Kill the process now."""
        if self._worker is not None:
            self._worker.kill()

    async def run(self) -> Job | None:
        """Run the attempt to its end.

        Returns:
            The job as it is now, or None where somebody else has ended it.
        """
        outcome = await self._attempt()
        job = await self._settle(outcome)
        if job is not None:
            _log_end(job)
        return job

    # ------------------------------------------------------------------ running

    async def _attempt(self) -> Outcome:
        job = self.job
        inject("job.after_claim")
        try:
            await asyncio.to_thread(self._files.begin_attempt, job.id, job.attempt)
        except OSError as error:
            return Failed(failure=_failure_of_machine(error))
        loop = asyncio.get_running_loop()
        timer = (
            loop.call_later(self._tools.time_limit_s, self.end, "deadline")
            if self._tools.time_limit_s
            else None
        )
        try:
            outcome = await self._run_process()
            while isinstance(outcome, Died) and await self._goes_on(outcome):
                outcome = await self._run_process()
        except OSError as error:
            return Failed(failure=_failure_of_machine(error))
        finally:
            if timer is not None:
                timer.cancel()
        return outcome

    async def _run_process(self) -> Outcome:
        """Run the operation in a process.

        Raises:
            OSError: The machine has no process left.
        """
        job = self.job
        worker = self._tools.workers.take(job, device=self.device)
        self._worker = worker
        if self.cause:
            worker.end(self.cause, grace_s=self._tools.grace_s)
        outcome = await worker.run(
            self._record(),
            job.request.body,
            log_dir=str(self._files.folder(job.id) / LOG),
            stream_path=self._files.attempt_folder(job.id, job.attempt) / RESULT,
        )
        # A prediction's process is the next one's; a training's must be gone, so that
        # nothing of it writes to what is published.
        is_reusable = job.operation == "predict" and not self.cause
        await self._tools.workers.give_back(worker, is_reusable=is_reusable)
        return outcome

    async def _goes_on(self, died: Died) -> bool:
        """Return whether the job needs another process, because it is a batch.

        Raises:
            OSError: What the batch has lost cannot be written down.
        """
        has_loaded = self._worker is not None and self._worker.description is not None
        if not self._is_batch or self.cause or not has_loaded:
            return False
        return await asyncio.to_thread(self._deaths.settle, died.ended)

    def _record(self) -> messages.Predict:
        job, request = self.job, self.job.request
        folder = self._files.folder(job.id)
        return messages.Predict(
            seq=0,
            request_id=job.id,
            query=request.query,
            content_type=request.content_type,
            accept=request.accept,
            headers=dict(request.headers) or None,
            cookie=request.cookie,
            body_path=str(folder / request.body_file) if request.body_file else "",
            operation=job.operation,
            envelope=request.envelope,
            job=messages.JobContext(
                id=job.id,
                attempt=job.attempt,
                folder=str(folder),
                is_careful=self._deaths.is_careful,
            ),
        )

    # ----------------------------------------------------------------- settling

    async def _settle(self, outcome: Outcome) -> Job | None:
        if isinstance(outcome, Finished):
            try:
                return await self._complete(outcome)
            except OSError as error:
                outcome = Failed(failure=_failure_of_machine(error))
        try:
            return await self._persist(lambda: self._fail(outcome))
        except (errors.JobStateConflictError, errors.JobNotFoundError):
            return None

    async def _complete(self, outcome: Finished) -> Job | None:
        """Publish what the job has made, then say that it is successful.

        Raises:
            OSError: The disk does not take it.
        """
        job = self.job
        current = await self._persist(lambda: self._store.get(job.id))
        if current.state.is_final:  # dismissed: nothing of it is published
            return None
        inject("job.before_publish")
        size = await asyncio.to_thread(
            self._files.publish_result, job.id, outcome.content
        )
        result = JobResult(
            media_type=outcome.media_type,
            filename=outcome.filename,
            size_bytes=size,
            file=RESULT,
        )
        # Two trainings that end together must not make the same version.
        async with self._tools.versions.changing(job.model):
            return await self._finish(result)

    async def _finish(self, result: JobResult) -> Job | None:
        """Publish the artifacts, and say that the job is successful."""
        job = self.job
        inject("job.after_result")
        output = await self._publish(result)
        inject("job.after_artifacts")
        await self._write_record()
        fresh = await self._tools.versions.prepare(job, output.version)
        made = output.version.number if output.version else None
        is_activated = fresh is not None and fresh.version.number == made
        output = msgspec.structs.replace(output, is_activated=is_activated)
        done: Job | None
        try:
            done = await self._persist(
                lambda: self._store.complete(
                    job.id, now=_now(), attempt=job.attempt, output=output
                )
            )
        except (errors.JobStateConflictError, errors.JobNotFoundError):
            done = await self._done_already()
        if done is None:
            if fresh is not None:
                await fresh.stop(grace_s=0)
            return None
        inject("job.after_complete")
        if fresh is not None:
            self._tools.versions.swap(job.model, fresh)
        if job.operation == "validate" and job.version:
            await self._keep_validation(result)
        return done

    async def _done_already(self) -> Job | None:
        """Return the job if it is successful by what this attempt has said before.

        The disk may have taken what the store could not confirm.
        """
        job = await self._persist(lambda: self._store.get(self.job.id))
        is_ours = job.attempt == self.job.attempt
        return job if is_ours and job.state is JobState.SUCCESSFUL else None

    async def _keep_validation(self, result: JobResult) -> None:
        """Keep what a validation has found with the version, for comparisons."""
        job, files = self.job, self._files
        found = await asyncio.to_thread(
            files.read_json, files.folder(job.id) / result.file
        )
        metrics = await asyncio.to_thread(last_metrics, files.events(job.id))
        numbers = {
            name: value
            for name, value in {**metrics, **found}.items()
            if isinstance(value, int | float)
        }
        try:
            await self._store.add_validation(
                job.model, job.version, job_id=job.id, metrics=numbers
            )
        except errors.DeepaasError as error:  # deleted meanwhile, or no store
            logger.warning("The validation is not kept with its version: %s", error)

    async def _publish(self, result: JobResult) -> JobOutput:
        """Publish the artifacts; those of a training become a version."""
        job, files = self.job, self._files
        if job.operation != "train":
            target = files.folder(job.id) / ARTIFACTS
            return JobOutput(result=result, artifacts=await self._move_to(target))
        number = await self._persist(lambda: self._store.next_version(job.model))
        target = files.version_folder(job.model, number)
        artifacts = await self._move_to(target)
        if not artifacts:
            return JobOutput(result=result)
        version = ModelVersion(
            model=job.model,
            number=number,
            parent=job.version,
            job=job.id,
            created=_now(),
            size_bytes=sum(one.size_bytes for one in artifacts),
            metrics=await asyncio.to_thread(last_metrics, files.events(job.id)),
            folder=str(target.relative_to(files.root)),
        )
        return JobOutput(result=result, artifacts=artifacts, version=version)

    async def _move_to(self, target: Path) -> tuple[Artifact, ...]:
        files = await asyncio.to_thread(
            self._files.publish_artifacts,
            self.job.id,
            attempt=self.job.attempt,
            target=target,
        )
        return tuple(files)

    async def _fail(self, outcome: Failed | Died) -> Job:
        job, now = self.job, _now()
        changes = self._changes(outcome)
        event = JobEvent.ERRORED
        if self.cause == "interrupted":
            event = event_after_crash(job)
        elif not self.cause and may_retry(attempt=job.attempt, retries=job.retries):
            delay = retry_delay(job.attempt, first_s=job.retry_delay_s)
            changes = msgspec.structs.replace(changes, not_before=now + delay)
            event = JobEvent.REQUEUED
        await self._write_record()
        step = Step(event=event, now=now, attempt=job.attempt, changes=changes)
        return await self._store.move(job.id, step)

    def _changes(self, outcome: Failed | Died) -> JobChanges:
        """Return what the row shall say of a failure."""
        if isinstance(outcome, Failed) and not self.cause:
            failure = outcome.failure
            cause = "disk_full" if "[Errno 28]" in failure.detail else failure.code
            detail = failure.detail
            if cause == errors.ModelLoadError.code and self.job.version:
                detail += (
                    f" (It is about version {self.job.version}, which the job was to "
                    "start from; --model-version 0 starts from the model as installed.)"
                )
            return JobChanges(
                cause=cause,
                detail=detail,
                failure={
                    "code": failure.code,
                    "detail": failure.detail,
                    "facts": failure.facts,
                },
            )
        ended = outcome.ended if isinstance(outcome, Died) else None
        cause = self.cause or (ended.cause if ended else "")
        return JobChanges(
            cause=cause,
            detail=_sentence(
                cause, how=str(ended or ""), limit_s=self._tools.time_limit_s
            ),
            exit_status=ended.exit_status if ended else None,
            signal=ended.signal if ended else None,
        )

    async def _write_record(self) -> None:
        """Write down where the results come from; a full disk does not end the job."""
        job = self.job
        attempt = self._files.attempt_folder(job.id, job.attempt)
        provenance = await asyncio.to_thread(
            self._files.read_json, attempt / PROVENANCE_FILE
        )
        record = {
            "job": job.id,
            "attempt": job.attempt,
            "created": job.created.isoformat(),
            "started": job.started.isoformat() if job.started else None,
            "ended": _now().isoformat(),
            **provenance,
        }
        try:
            await asyncio.to_thread(self._files.write_record, job.id, record)
        except OSError as error:
            logger.warning(
                "The record of job %s cannot be written: %s.", job.id, error.strerror
            )

    async def _persist(self, change: Callable[[], Awaitable[T]]) -> T:
        """Bring a change into the store, however long the store is out of order."""
        while True:
            try:
                return await change()
            except errors.StoreUnavailableError as error:
                logger.warning("Job %s waits for the store: %s", self.job.id, error)
                await asyncio.sleep(_STORE_RETRY_S)


def _now() -> datetime:
    return datetime.now(UTC)


def _failure_of_machine(error: OSError) -> messages.Failure:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return messages.Failure(
        seq=0,
        code="disk_full" if is_full else "machine",
        detail=f"[Errno {error.errno}] {error.strerror}",
    )


def _sentence(cause: str, *, how: str, limit_s: float) -> str:
    match cause:
        case "interrupted":
            return "The server ended while the job ran."
        case "deadline":
            return f"The job ran longer than the limit of {limit_s:g} s."
        case "memory_limit":
            return f"The job used more memory than it may: {how}."
        case "dismissed":
            return "The job was dismissed."
    return f"The job's process died: {how}."


def _log_end(job: Job) -> None:
    level = logging.INFO if job.state is JobState.SUCCESSFUL else logging.ERROR
    extra: dict[str, Any] = {"model": job.model, "job": job.id}
    detail = f" ({job.cause}): {job.detail}" if job.cause else ""
    logger.log(
        level,
        "%s of %s is %s%s",
        job.operation,
        job.model,
        job.state,
        detail,
        extra=extra,
    )
