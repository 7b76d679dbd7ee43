"""Versions of models: which there are, which one answers, and how that changes.

A version never changes. Another one answers only after its workers are loaded and warm,
and the one before it finishes what it has: no request fails, and none sees half a
model.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deepaas import errors
from deepaas.model.interface import LEGACY_KINDS

if TYPE_CHECKING:
    from deepaas.backends.job_files import JobFiles
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job, ModelVersion
    from deepaas.model.job import Version
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.pool import ModelPool

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The versions of one model.

    Attributes:
        active: The number of the one that answers; 0 is the model as installed.
        trained: Those that trainings have made, newest first.
        failures: Why one could not be activated when it was tried, by number.
    """

    active: int
    trained: tuple[ModelVersion, ...]
    failures: dict[int, str]


class VersionService:
    """The versions of all models of a server."""

    def __init__(
        self,
        store: SqliteJobStore,
        *,
        plane: DataPlane,
        files: JobFiles,
        is_automatic: bool,
    ) -> None:
        self._store = store
        self._plane = plane
        self._files = files
        self._is_automatic = is_automatic
        self._locks: dict[str, asyncio.Lock] = collections.defaultdict(asyncio.Lock)
        self._failures: dict[str, dict[int, str]] = collections.defaultdict(dict)

    def changing(self, model: str) -> asyncio.Lock:
        """Return what holds off all others who would change the versions of a model."""
        return self._locks[model]

    async def list(self, model: str) -> Versions:
        """Return the versions of a model.

        Raises:
            ModelNotFoundError: No model of this name is served.
        """
        self._plane.pool(model)
        return Versions(
            active=await self._store.active_version(model),
            trained=tuple(await self._store.versions(model)),
            failures=dict(self._failures[model]),
        )

    async def find(self, model: str, number: int) -> Version:
        """Return a version as workers are told of it.

        Raises:
            ModelNotFoundError: No model of this name is served.
            VersionNotFoundError: There is none of this number.
        """
        self._plane.pool(model)
        if number:
            await self._store.version(model, number)
        return self._files.version(model, number)

    async def activate(self, model: str, number: int) -> None:
        """Let a version answer; 0 is the model as installed.

        Raises:
            ModelNotFoundError: No model of this name is served.
            VersionNotFoundError: There is none of this number.
            DeepaasError: It cannot be loaded; the one before goes on.
        """
        version = await self.find(model, number)
        async with self._locks[model]:
            try:
                fresh = await self._plane.prepare(model, version)
            except errors.DeepaasError as error:
                self._failures[model][number] = error.detail
                raise
            try:
                await self._store.activate(model, number)
            except BaseException:
                await fresh.stop(grace_s=0)
                raise
            self.swap(model, fresh)

    async def delete(self, model: str, number: int) -> None:
        """Remove a version with its files.

        Raises:
            ModelNotFoundError: No model of this name is served.
            VersionNotFoundError: There is none of this number, or it is the model as
                installed.
            VersionInUseError: It is the one that answers.
        """
        self._plane.pool(model)
        await self._store.delete_version(model, number)
        self._plane.forget(model, number)
        folder = self._files.version_folder(model, number)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def prepare(self, job: Job, made: ModelVersion | None) -> ModelPool | None:
        """Return warm workers that shall answer once a training is over, or None.

        They serve the version that it has made. What a 2.x or V1 model knows of its own
        checkpoints it has computed when it was imported, so its workers are replaced
        after each training, also one that has left no artifacts.
        """
        if job.operation != "train":
            return None
        pool = self._plane.pool(job.model)
        description = pool.description
        is_legacy = description is not None and description.kind in LEGACY_KINDS
        if not (is_legacy or (made is not None and self._is_automatic)):
            return None
        number = pool.version.number
        if made is not None and self._is_automatic:
            number = made.number
        try:
            return await self._plane.prepare(
                job.model, self._files.version(job.model, number)
            )
        except errors.DeepaasError as error:
            self._failures[job.model][number] = error.detail
            logger.exception(
                "Version %d cannot be activated.", number, extra={"model": job.model}
            )
            return None

    def swap(self, model: str, fresh: ModelPool) -> None:
        """Let prepared workers answer."""
        self._plane.swap(model, fresh)
        self._failures[model].pop(fresh.version.number, None)
        logger.info(
            "Version %d answers now.", fresh.version.number, extra={"model": model}
        )
