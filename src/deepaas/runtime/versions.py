"""Versions of models: which there are, which one answers, and how that changes.

A version never changes. Another one answers only after its workers are loaded and warm,
and the one before it finishes what it has: no request fails, and none sees half a
model.
"""

from __future__ import annotations

import asyncio
import collections
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

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

_MOST_TRIED: Final = 3
"""Versions that are tried in place of one that cannot be loaded; then the installed."""


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

    async def recall(self) -> None:
        """Read what an earlier server has kept: which versions could not be loaded."""
        for model in self._plane.pools:
            found = await asyncio.to_thread(self._files.failures, model)
            self._failures[model] |= found

    async def fall_back(self) -> None:
        """Let older versions answer where the chosen ones cannot be loaded.

        Returns when each model has a version that answers, or none that could.
        """
        await asyncio.gather(
            *(
                self._fall_back(model)
                for model, pool in self._plane.pools.items()
                if pool.version.number
            )
        )

    async def _fall_back(self, model: str) -> None:
        pool = self._plane.pool(model)
        failed = pool.version.number
        try:
            await pool.wait_until_loaded()
        except errors.DeepaasError as error:
            await self._note_failure(model, failed, error)
            reason = error.detail
        else:
            self._forget_failure(model, failed)
            return
        for number in [*await self._ancestors(model, failed), 0]:
            if self._plane.pool(model) is not pool:
                return  # somebody has chosen another one meanwhile
            try:
                await self.activate(model, number)
            except errors.DeepaasError:
                continue  # its failure is kept, too
            warning = (
                f"Version {failed} cannot be loaded, and version {number} answers "
                f"instead. When it is mended, activate version {failed} again. {reason}"
            )
            self._plane.pool(model).warnings.append(warning)
            logger.error("%s", warning, extra={"model": model})
            return

    async def _ancestors(self, model: str, number: int) -> list[int]:
        """Return the versions from which a version was trained, the last one first.

        Each of them has been loaded once, and begot what came after it.
        """
        parents = {one.number: one.parent for one in await self._store.versions(model)}
        found: list[int] = []
        while (number := parents.get(number, 0)) in parents:
            found.append(number)
        return found[:_MOST_TRIED]

    async def _note_failure(
        self, model: str, number: int, error: errors.DeepaasError
    ) -> None:
        self._failures[model][number] = error.detail
        try:
            await asyncio.to_thread(
                self._files.keep_failure, model, number, error.detail
            )
        except OSError as lost:
            logger.warning(
                "Why version %d cannot be loaded is not kept: %s",
                number,
                lost,
                extra={"model": model},
            )

    def _forget_failure(self, model: str, number: int) -> None:
        if self._failures[model].pop(number, None) is not None:
            self._files.forget_failure(model, number)

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
                await self._note_failure(model, number, error)
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
        await asyncio.to_thread(self._files.remove_version, model, number)
        self._failures[model].pop(number, None)

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
            await self._note_failure(job.model, number, error)
            logger.exception(
                "Version %d cannot be activated.", number, extra={"model": job.model}
            )
            return None

    def swap(self, model: str, fresh: ModelPool) -> None:
        """Let prepared workers answer."""
        self._plane.swap(model, fresh)
        self._forget_failure(model, fresh.version.number)
        logger.info(
            "Version %d answers now.", fresh.version.number, extra={"model": model}
        )
