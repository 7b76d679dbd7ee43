"""Takes jobs in: what is asked is checked, and is on disk before anybody has an id."""

from __future__ import annotations

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors, messages
from deepaas.backends.faults import inject
from deepaas.jobs.ids import JobIds
from deepaas.jobs.records import IdempotencyKey, Job, JobRequest
from deepaas.jobs.states import JobState
from deepaas.runtime.fingerprints import fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.describer import Describer

_HASH_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request for a job, as a frontend read it.

    Attributes:
        model: The model's name.
        record: The request; its folder is removed here.
        body: Its body, unless the record names a file.
        door: Which surface it came through: `v1`, `v2` or `ogc`.
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


class Submissions:
    """Accepts jobs, or says why not.

    Attributes:
        ids: Where the ids of jobs come from.
    """

    def __init__(
        self,
        store: SqliteJobStore,
        *,
        plane: DataPlane,
        files: JobFiles,
        describer: Describer,
        most_waiting: int,
    ) -> None:
        self.ids = JobIds()
        self._store = store
        self._plane = plane
        self._files = files
        self._describer = describer
        self._most_waiting = most_waiting
        self._keys_in_flight: set[tuple[str, str]] = set()

    async def take(self, submission: Submission) -> Submitted:
        """Accept a job; it is on disk when this returns.

        Raises:
            DeepaasError: It is refused: wrong inputs, no such operation, a key that
                was used for another request, too many that wait, no store.
        """
        folder = submission.record.folder
        try:
            return await self._take(submission)
        finally:
            if folder:
                await asyncio.to_thread(self._plane.remove_folder, folder)

    async def _take(self, submission: Submission) -> Submitted:
        description = self._operation(submission.model, submission.operation)
        key = await self._key(submission)
        if key is None:
            return await self._accept(submission, description, key=None)
        scope = (key.scope, key.key)
        if scope in self._keys_in_flight:
            raise errors.IdempotencyInFlightError(key.key)
        self._keys_in_flight.add(scope)
        try:
            replay = await self._store.find_key(key)
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
        now = datetime.now(UTC)
        job_id = self.ids.next(time.time_ns() // 1_000_000, os.urandom(10))
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
            added = await self._store.add(job, key=key, most_waiting=self._most_waiting)
        except errors.DeepaasError:
            await asyncio.to_thread(self._files.remove, job_id)
            raise
        inject("job.after_add")
        return Submitted(job=added.job, is_replay=added.is_replay)

    async def _keep_body(self, job_id: str, body: Path) -> str:
        try:
            return await asyncio.to_thread(self._files.keep_request, job_id, body)
        except OSError as error:
            raise errors.StoreUnavailableError(
                f"The request cannot be kept: {error.strerror}."
            ) from error

    def _operation(self, model: str, operation: str) -> messages.OperationDescription:
        """Return what an operation is.

        Raises:
            ModelNotFoundError: There is no such model.
            ModelUnavailableError: It is not loaded.
            OperationNotImplementedError: It has no such operation.
        """
        pool = self._plane.pool(model)
        if pool.description is None:
            raise pool.unavailable()
        described = pool.description.operations.get(operation)
        if described is None or not described.is_implemented:
            raise errors.OperationNotImplementedError(model, operation)
        return described

    async def _version(self, submission: Submission) -> int:
        active = self._plane.pool(submission.model).version.number
        if submission.version is None or submission.version == active:
            return active
        if submission.version:
            await self._store.version(submission.model, submission.version)
        return submission.version

    async def _key(self, submission: Submission) -> IdempotencyKey | None:
        if submission.key is None:
            return None
        scope, key = submission.key
        record = submission.record
        asked = record.query, record.content_type
        if record.body_path:
            same = await asyncio.to_thread(
                fingerprint, *asked, _pieces(Path(record.body_path))
            )
        else:
            same = fingerprint(*asked, [submission.body])
        return IdempotencyKey(scope=scope, key=key, fingerprint=same)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_HASH_BYTES):
            yield piece
