"""The processes of jobs: a fresh one for a training, warm ones for predictions.

Asynchronous predictions of the same model and version share a process, which stays warm
for a while; it makes room as soon as another job needs its slot.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from deepaas.backends.executors.job_process import JobProcessSpec
from deepaas.backends.job_files import ARTIFACTS, LOG
from deepaas.runtime.jobworker import JobWorker
from deepaas.runtime.slot import DEVICE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas import messages
    from deepaas.backends.job_files import JobFiles
    from deepaas.jobs.records import Job

STORE_VARIABLE: Final = "_DEEPAAS_STORE"
"""Set for all processes of jobs to the data directory that they belong to."""

_WARM_S: Final = 60.0
_FINISH_GRACE_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessLimits:
    """What the process of a job may take.

    Attributes:
        memory_bytes: Most memory of all its processes; 0 is no limit.
        log_bytes: How much is kept of what a job prints.
        nice: How much lower its priority on the processor is: 0 to 19.
    """

    memory_bytes: int = 0
    log_bytes: int = 1 << 30
    nice: int = 0


class JobWorkers:
    """Starts processes for jobs, and keeps those that may be used again."""

    def __init__(
        self,
        loads: Mapping[str, messages.Load],
        *,
        files: JobFiles,
        limits: ProcessLimits,
    ) -> None:
        self._loads = loads
        self._files = files
        self._limits = limits
        self._idle: list[JobWorker] = []

    def take(self, job: Job, *, device: str) -> JobWorker:
        """Return a process that can run a job: a warm one, or a new one.

        Args:
            job: The job.
            device: The device that it shall see as the only one, or empty.

        Raises:
            OSError: The machine has no process left.
        """
        key = (job.model, job.version or 0, device)
        if job.operation == "predict":
            for worker in self._idle:
                if worker.key == key and not worker.is_gone:
                    self._idle.remove(worker)
                    return worker
        return JobWorker(self._spec(job, device=device), key=key)

    async def make_room(self) -> None:
        """End the processes that are only kept warm."""
        idle, self._idle = self._idle, []
        await asyncio.gather(
            *(worker.finish(grace_s=_FINISH_GRACE_S) for worker in idle)
        )

    async def give_back(self, worker: JobWorker, *, is_reusable: bool) -> None:
        """Keep a process warm for the next job, or end it.

        Returns when nothing of a process that is not kept is left.
        """
        if is_reusable and not worker.is_gone:
            self._idle.append(worker)
            asyncio.get_running_loop().call_later(_WARM_S, self._expire, worker)
        elif not worker.is_gone:
            await worker.finish(grace_s=_FINISH_GRACE_S)

    def kill(self) -> None:
        """Kill the processes that are only kept warm."""
        for worker in self._idle:
            worker.kill()

    def guardian_pids(self) -> list[int]:
        """Return the process ids of guardians that are only kept warm."""
        return [worker.guardian_pid for worker in self._idle if not worker.is_gone]

    def _expire(self, worker: JobWorker) -> None:
        if worker in self._idle and time.monotonic() - worker.idle_since >= _WARM_S - 1:
            self._idle.remove(worker)
            worker.end("expired", grace_s=_FINISH_GRACE_S)

    def _spec(self, job: Job, *, device: str) -> JobProcessSpec:
        folder = self._files.folder(job.id)
        version_dir = (
            str(self._files.version_folder(job.model, job.version))
            if job.version
            else ""
        )
        attempt = self._files.attempt_folder(job.id, job.attempt)
        environment = {
            STORE_VARIABLE: str(self._files.root),
            "DEEPAAS_VERSION_DIR": version_dir,
        }
        if device:
            environment[DEVICE_VARIABLE] = device
        if job.operation != "predict":
            environment["DEEPAAS_JOB_ID"] = job.id
            environment["DEEPAAS_ARTIFACTS_DIR"] = str(attempt / ARTIFACTS)
        return JobProcessSpec(
            load=msgspec.structs.replace(
                self._loads[job.model],
                runs_jobs=True,
                version=job.version or 0,
                version_dir=version_dir,
            ),
            scratch_dir=str(self._files.scratch()),
            log_dir=str(Path(folder, LOG)),
            log_bytes=self._limits.log_bytes,
            memory_bytes=self._limits.memory_bytes,
            nice=self._limits.nice,
            environment=environment,
        )
