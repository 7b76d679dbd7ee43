"""Checks inputs while no worker has time for it.

A worker answers such a question beside its prediction, unless native code holds
Python's lock. Then, or when there is no worker, a process of its own does: it imports
the model, sees no device and warms nothing up, and stays for a while.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas.backends.executors.job_process import JobProcessSpec
from deepaas.runtime.jobworker import JobWorker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas import messages
    from deepaas.backends.job_files import JobFiles
    from deepaas.runtime.dataplane import DataPlane

_PATIENCE_S: Final = 2.0
_BYTES_A_SECOND: Final = 50e6
"""How quickly a worker surely reads a large body."""

_KEPT_S: Final = 60.0
_GRACE_S: Final = 1.0
_LOG_BYTES: Final = 1 << 20


class Describer:
    """Asks whichever process of a model can answer."""

    def __init__(
        self,
        plane: DataPlane,
        *,
        loads: Mapping[str, messages.Load],
        files: JobFiles,
    ) -> None:
        self._plane = plane
        self._loads = loads
        self._files = files
        self._kept: dict[str, JobWorker] = {}

    async def bind(
        self, model: str, record: messages.Predict, body: bytes
    ) -> dict[str, Any]:
        """Return the arguments of a call as plain JSON, without making it.

        Raises:
            DeepaasError: The inputs are wrong.
        """
        process = self._plane.pool(model).ready_process()
        if process is not None:
            patience_s = _PATIENCE_S + _size(record, body) / _BYTES_A_SECOND
            try:
                async with asyncio.timeout(patience_s):
                    return await process.link.validate(record, body)
            except TimeoutError:
                pass
        return await self._process(model).validate(model, record, body)

    async def describe(self, model: str) -> messages.ModelDescription:
        """Return what a model is, from a process of its own.

        Raises:
            DeepaasError: It cannot be loaded.
        """
        return await self._process(model).describe(model)

    async def stop(self) -> None:
        """End the processes that are kept; returns when they are gone."""
        kept, self._kept = list(self._kept.values()), {}
        await asyncio.gather(
            *(one.finish(grace_s=_GRACE_S) for one in kept if not one.is_gone)
        )

    def kill(self) -> None:
        """End the processes that are kept."""
        for worker in self._kept.values():
            worker.kill()

    def guardian_pids(self) -> list[int]:
        """Return the process ids of the guardians."""
        return [one.guardian_pid for one in self._kept.values() if not one.is_gone]

    def _process(self, model: str) -> JobWorker:
        worker = self._kept.get(model)
        if worker is None or worker.is_gone:
            worker = self._kept[model] = JobWorker(self._spec(model))
        worker.idle_since = time.monotonic()
        asyncio.get_running_loop().call_later(_KEPT_S, self._expire, model)
        return worker

    def _expire(self, model: str) -> None:
        worker = self._kept.get(model)
        if worker and time.monotonic() - worker.idle_since >= _KEPT_S - 1:
            del self._kept[model]
            worker.end("expired", grace_s=1.0)

    def _spec(self, model: str) -> JobProcessSpec:
        scratch = self._files.scratch()
        return JobProcessSpec(
            load=msgspec.structs.replace(
                self._loads[model], runs_jobs=True, warm=False
            ),
            scratch_dir=str(scratch),
            log_dir=str(scratch / f"describe-{model}"),
            log_bytes=_LOG_BYTES,
            environment={"CUDA_VISIBLE_DEVICES": "", "ROCR_VISIBLE_DEVICES": ""},
        )


def _size(record: messages.Predict, body: bytes) -> int:
    return Path(record.body_path).stat().st_size if record.body_path else len(body)
