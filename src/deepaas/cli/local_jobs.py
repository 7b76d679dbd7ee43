"""Jobs of a command that runs here: the same rows and files as a server's.

They go into the data directory that a server for the same model would take. When
another process has it, they go beside it, and whoever opens it next takes them in.
"""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import msgspec

from deepaas import errors, messages
from deepaas.backends.data_dir import DataDir, DataDirHeldError, find_data_dir
from deepaas.backends.executors.process import WorkerSpec
from deepaas.backends.job_events import last_events
from deepaas.backends.job_files import JobFiles
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.cli.local_store import LocalStore, held
from deepaas.client.event_source import read_events
from deepaas.client.sending import query_of, write_body
from deepaas.frontends.api import event_stream
from deepaas.frontends.api.job_documents import status_info
from deepaas.model.discovery import find_models
from deepaas.model.job import AS_INSTALLED
from deepaas.runtime import incoming
from deepaas.runtime.dataplane import DataPlane
from deepaas.runtime.joblimits import JobLimits
from deepaas.runtime.jobservice import JobService
from deepaas.runtime.jobworkers import ProcessLimits
from deepaas.runtime.pool import ModelPool, PoolLimits
from deepaas.runtime.submissions import Submission

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.client.event_source import JobEvent
    from deepaas.jobs.records import Job
    from deepaas.model.arguments import Inputs
    from deepaas.model.job import Version
    from deepaas.settings import Settings

_STOP_GRACE_S: Final = 5.0


class LocalJobs:
    """Runs jobs of one model, without a server.

    Attributes:
        model: The model's name.
        root: The data directory that holds them.
        is_beside: Whether another process has the data directory that they belong to.
    """

    def __init__(self, reference: str, *, settings: Settings) -> None:
        """Find the model, and take its data directory.

        Args:
            reference: An installed name, a module, `module:object` or a `.py` file.
            settings: As a server would have them.

        Raises:
            ModelLoadError: The model cannot be found.
            ConfigurationError: The data directory cannot be used.
        """
        [self._found] = find_models([reference])
        self.model = self._found.name
        self._settings = settings
        self._lock, self.is_beside = self._take()
        self.root = self._lock.path
        self._files = JobFiles(self.root)
        self._service: JobService | None = None
        self._job_id = ""

    async def start(self) -> messages.ModelDescription:
        """Open the store, and return what the model is.

        Raises:
            DeepaasError: The store cannot be used, or the model not be loaded.
        """
        self._store = SqliteJobStore(self.root)
        await self._store.open()
        if self.is_beside:
            await self._borrow_versions()
        self._plane = self._make_plane(
            self._files.version(
                self.model, await self._store.active_version(self.model)
            )
        )
        jobs = self._settings.jobs
        self._service = JobService(
            self._store,
            plane=self._plane,
            files=self._files,
            loads={self.model: self._load},
            limits=JobLimits(
                grace_s=jobs.grace_s,
                time_limit_s=jobs.time_limit_s,
                activates_versions=self._settings.models.activation == "automatic"
                and not self.is_beside,
                runs_only_own=True,
                process=ProcessLimits(
                    memory_bytes=int(jobs.memory_bytes), log_bytes=int(jobs.log_bytes)
                ),
            ),
        )
        await self._service.start()
        description = await self._service.describe(self.model)
        self._plane.pool(self.model).description = description
        return description

    async def submit(
        self, operation: str, inputs: Inputs, *, version: int | None = None
    ) -> str:
        """Accept a job, and begin it.

        Returns:
            Its id.

        Raises:
            DeepaasError: It is refused, see `JobService.submit`.
        """
        folder = self._plane.make_folder()
        record = messages.Predict(
            seq=0,
            request_id="cli",
            operation=operation,
            query=urlencode(query_of(inputs)).encode(),
            headers=dict(inputs.headers) or None,
            accept=dict(inputs.headers).get("accept", ""),
            cookie="; ".join(f"{name}={one}" for name, one in inputs.cookies.items()),
            folder=folder,
        )
        body = Path(folder, "body")
        record.content_type = await asyncio.to_thread(write_body, inputs, body)
        if record.content_type:
            record.body_path = str(body)
        submitted = await self._serving.submit(
            Submission(model=self.model, record=record, door="cli", version=version)
        )
        self._job_id = submitted.job.id
        return self._job_id

    def events(self, job_id: str) -> AsyncIterator[JobEvent]:
        """Yield what happens to a job until it is over."""
        return read_events(
            event_stream.job_events(
                self._serving, job_id, position=event_stream.Position()
            )
        )

    async def cancel(self, job_id: str) -> None:
        """Dismiss a job if it is not over."""
        try:
            await self._serving.cancel(job_id)
        except errors.JobStateConflictError:
            return

    async def activate(self, version: int) -> None:
        """Let a version answer from now on; it is loaded once, to see whether it can.

        Raises:
            ConfigurationError: Another process has the data directory.
            DeepaasError: There is no such version, or it cannot be loaded.
        """
        if self.is_beside:
            raise held(f"{self.root.parent.parent} is in use by another process")
        await self._serving.versions.activate(self.model, version)

    def interrupt(self) -> None:
        """Let jobs end with a moment to save their work, as a server that ends does."""
        self._serving.drain()

    async def job(self, job_id: str) -> Job:
        """Return a job as it is stored."""
        return await self._store.get(job_id)

    async def document(self, job_id: str) -> dict[str, Any]:
        """Return a job as a server would describe it."""
        job = await self._store.get(job_id)
        events = await asyncio.to_thread(last_events, self._files.events(job_id))
        document = status_info(job, events=events, root="")
        if job.made_version:
            found = await self._serving.versions.list(self.model)
            document["is_beside"] = self.is_beside
            document["is_active"] = found.active == job.made_version
            document["activation_error"] = found.failures.get(job.made_version, "")
        return document

    def result(self, job: Job) -> Path:
        """Return the file with the result of a successful job."""
        assert job.result is not None  # noqa: S101 - a successful job has one
        return self._files.folder(job.id) / job.result.file

    async def stop(self) -> None:
        """End what runs, close the store, and hand over what belongs to another."""
        if self._service is not None:
            await self._service.stop(grace_s=_STOP_GRACE_S)
            await self._plane.stop(grace_s=_STOP_GRACE_S)
        if self.is_beside:
            self.root = await self._hand_over()
        self._lock.release()

    async def _borrow_versions(self) -> None:
        """Begin with the versions that the holder of the data directory has."""
        root = self.root.parent.parent
        holder = LocalStore(root)
        if not holder.exists:
            return  # it has just begun
        active, found = await asyncio.to_thread(holder.versions, self.model)
        numbers = [one.number for one in found]
        incoming.lend_versions(root, self.root, self.model, numbers)
        await self._store.adopt(self.model, found, active=active)

    async def _hand_over(self) -> Path:
        if not self._job_id:
            await asyncio.to_thread(shutil.rmtree, self.root)
            return self.root
        store = SqliteJobStore(self.root)
        await store.open()
        return await incoming.hand_over(store, self.root, self._job_id)

    @property
    def _serving(self) -> JobService:
        assert self._service is not None  # noqa: S101 - `start` comes first
        return self._service

    @property
    def _load(self) -> messages.Load:
        found = self._found
        return messages.Load(
            name=found.name,
            references=found.references,
            distribution=found.distribution,
        )

    def _take(self) -> tuple[DataDir, bool]:
        holder = f"deepaas with model {self.model}, process {os.getpid()}"
        try:
            path = find_data_dir(
                self._settings.data_dir, {self.model: self._found.references}
            )
            try:
                return DataDir(path, holder=holder), False
            except DataDirHeldError:
                name = f"{os.uname().nodename}-{os.getpid()}"
                return DataDir(incoming.make_folder(path, name), holder=holder), True
        except (OSError, RuntimeError) as error:
            raise errors.ConfigurationError(
                f"The data directory cannot be used: {error}; choose another with "
                "--data-dir.",
                setting="data_dir",
            ) from error

    def _make_plane(self, version: Version) -> DataPlane:
        """Return a data plane that has no workers until a version is tried."""
        spool = self._files.scratch()
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)

        def make_pool(model: str, version: Version) -> ModelPool:
            folder = "" if version.folder is None else str(version.folder)
            spec = WorkerSpec(
                name=model,
                load=msgspec.structs.replace(
                    self._load, version=version.number, version_dir=folder
                ),
                spool_dir=str(spool),
                environment={"DEEPAAS_VERSION_DIR": folder} if folder else {},
            )
            limits = PoolLimits(workers=1, queue_size=1)
            return ModelPool(spec, limits=limits, version=version)

        return DataPlane(
            {self.model: version if version.number else AS_INSTALLED},
            make_pool=make_pool,
            deadline_s=0,
            spool_dir=str(spool),
        )
