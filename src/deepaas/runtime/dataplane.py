"""Predictions, whoever asks for them: the one data plane behind all frontends."""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from deepaas import errors
from deepaas.runtime.activation import activation
from deepaas.runtime.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deepaas import messages
    from deepaas.model.job import Version
    from deepaas.runtime.pool import ModelPool

    MakePool = Callable[[str, Version], ModelPool]

logger = logging.getLogger(__name__)

Required = Literal["all", "one", "none"]
"""Which models must load for a server to be of use."""

_RETIRE_GRACE_S = 5.0
_UNLOAD_GRACE_S = 60.0


class DataPlane:
    """All models of a server, and the way to a prediction.

    Attributes:
        pools: The workers of the models' active versions, by model name, in the order
            they were asked for.
        is_leaving: Whether the server was told to end, and answers for a moment more.
        is_draining: Whether the server is shutting down.
    """

    def __init__(
        self,
        versions: Mapping[str, Version],
        *,
        make_pool: MakePool,
        deadline_s: float,
        spool_dir: str,
        loaded_versions: int = 2,
    ) -> None:
        """Make the pools; their workers are not started yet.

        Args:
            versions: The active version of each model, by the model's name.
            make_pool: Makes the workers of one version of one model.
            deadline_s: Longest time that a prediction may wait, and may run; 0 is none.
            spool_dir: Where bodies that are too large for memory are kept.
            loaded_versions: Most versions that are loaded besides the active ones.
        """
        self.pools = {
            model: make_pool(model, version) for model, version in versions.items()
        }
        self.is_leaving = False
        self.is_draining = False
        self._make_pool = make_pool
        self._deadline_s = deadline_s
        self._spool_dir = spool_dir
        self._loaded_versions = loaded_versions
        self._others: dict[tuple[str, int], ModelPool] = {}
        self._retiring: set[asyncio.Task[None]] = set()

    def pool(self, model: str) -> ModelPool:
        """Return the workers of a model's active version.

        Raises:
            ModelNotFoundError: No model of this name is served.
        """
        try:
            return self.pools[model]
        except KeyError:
            raise errors.ModelNotFoundError(model) from None

    def descriptions(self) -> dict[str, messages.ModelDescription]:
        """Return what is known of the models that have loaded."""
        return {
            name: pool.description
            for name, pool in self.pools.items()
            if pool.description is not None
        }

    def submit(
        self,
        model: str,
        record: messages.Predict,
        *,
        body: bytes | list[bytes] = b"",
        version: Version | None = None,
    ) -> Prediction:
        """Admit a prediction.

        Args:
            model: The model's name.
            record: The request; `seq` is set here, and its folder is removed here.
            body: The request's body, whole or in pieces, unless the record names a
                file.
            version: The version that shall answer, or None for the active one.

        Raises:
            DeepaasError: It is refused, see `ModelPool.submit`.
        """
        call = activation.get()
        if call.environment:
            record.environment = call.environment
        prediction = Prediction(record, body, deadline_s=self._deadline_s, due=call.due)
        try:
            if self.is_draining:
                raise errors.DrainingError
            pool = self.pool(model)
            if pool.is_withdrawn:
                raise pool.unavailable()
            if version is not None and version.number != pool.version.number:
                pool = self._other(model, version)
            pool.submit(prediction)
        except errors.DeepaasError:
            prediction.remove_files()
            raise
        return prediction

    def make_folder(self) -> str:
        """Return a new private folder for one request's body."""
        return tempfile.mkdtemp(prefix="request-", dir=self._spool_dir)

    def remove_folder(self, folder: str) -> None:
        """Remove the folder of a request that was never admitted."""
        if folder:
            shutil.rmtree(Path(folder), ignore_errors=True)

    # ------------------------------------------------------------------ versions

    async def prepare(self, model: str, version: Version) -> ModelPool:
        """Return warm workers for a version, which get no predictions yet.

        Raises:
            ModelNotFoundError: No model of this name is served.
            DeepaasError: The version cannot be loaded.
        """
        with self.pool(model).patient():
            fresh = self._make_pool(model, version)
            fresh.start()
            try:
                await fresh.wait_until_all_ready()
            except BaseException:
                await fresh.stop(grace_s=0)
                raise
        return fresh

    def swap(self, model: str, fresh: ModelPool) -> None:
        """Let other workers answer from now on.

        Those that answered until now finish what they have: no caller notices.
        """
        fresh.settle_in()
        old, self.pools[model] = self.pools[model], fresh
        self._retire(old)
        self.forget(model, fresh.version.number)

    async def load_model(self, model: str) -> None:
        """Load a model that was unloaded, or once more; nobody notices the latter.

        Raises:
            ModelNotFoundError: No model of this name is served.
            DeepaasError: It cannot be loaded; the workers before go on.
        """
        before = self.pool(model)
        fresh = await self.prepare(model, before.version)
        if self.pool(model) is before:
            self.swap(model, fresh)
        else:  # another version was activated meanwhile, and has loaded the model
            await fresh.stop(grace_s=0)

    async def unload_model(self, model: str) -> None:
        """End the workers of all versions of a model, until `load_model`.

        Raises:
            ModelNotFoundError: No model of this name is served.
        """
        pool = self.pool(model)
        for name, number in [*self._others]:
            if name == model:
                self.forget(model, number)
        await pool.withdraw(grace_s=self._deadline_s or _UNLOAD_GRACE_S)

    def forget(self, model: str, number: int) -> None:
        """End the workers of a version that is loaded and not the active one."""
        other = self._others.pop((model, number), None)
        if other is not None:
            self._retire(other)

    def _other(self, model: str, version: Version) -> ModelPool:
        """Return the workers of a version that is not the active one."""
        key = (model, version.number)
        pool = self._others.pop(key, None)
        if pool is None:
            self._make_room(key)
            pool = self._make_pool(model, version)
            pool.start()
        self._others[key] = pool  # the last one is the one that was used last
        return pool

    def _make_room(self, key: tuple[str, int]) -> None:
        """End the version that was not used for longest, if there are too many.

        Raises:
            ModelUnavailableError: All of them are at work.
        """
        if len(self._others) < self._loaded_versions:
            return
        idle = [one for one, pool in self._others.items() if not pool.is_busy]
        if not idle:
            raise errors.ModelUnavailableError(
                f"Version {key[1]} of model {key[0]!r} cannot be loaded now: "
                f"{self._loaded_versions} other versions are at work.",
                retry_after_s=5,
            )
        self._retire(self._others.pop(idle[0]))

    def _retire(self, pool: ModelPool) -> None:
        task = asyncio.create_task(pool.retire(grace_s=_RETIRE_GRACE_S))
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    # ------------------------------------------------------------------- devices

    async def unload(self, device: str) -> None:
        """End all workers on a device, until `reload`; empty means all workers."""
        await asyncio.gather(
            *(
                pool.unload(device, grace_s=self._deadline_s or _UNLOAD_GRACE_S)
                for pool in self._all_pools()
            )
        )

    def reload(self, device: str) -> None:
        """Start the workers on a device again."""
        for pool in self._all_pools():
            pool.reload(device)

    # ---------------------------------------------------------------- life cycle

    def start(self) -> None:
        """Start all workers; returns at once."""
        for pool in self.pools.values():
            pool.start()

    async def wait_until_loaded(self, *, required: Required) -> None:
        """Wait until each model has loaded, or failed where it may.

        Raises:
            ModelLoadError: One that must load cannot.
        """
        if required == "none":
            return
        outcomes = await asyncio.gather(
            *(pool.wait_until_loaded() for pool in self.pools.values()),
            return_exceptions=True,
        )
        failures = [one for one in outcomes if isinstance(one, errors.DeepaasError)]
        is_fatal = required == "all" or len(failures) == len(self.pools)
        if failures and is_fatal:
            raise failures[0]

    def worker_pids(self) -> list[int]:
        """Return the process ids of all workers."""
        return [pid for pool in self._all_pools() for pid in pool.worker_pids()]

    async def stop(self, *, grace_s: float) -> None:
        """End all workers."""
        self.is_draining = True
        await asyncio.gather(
            *(pool.stop(grace_s=grace_s) for pool in self._all_pools())
        )
        await asyncio.gather(*self._retiring)

    def kill(self) -> None:
        """End all workers now."""
        self.is_draining = True
        for pool in self._all_pools():
            pool.kill()

    def _all_pools(self) -> Sequence[ModelPool]:
        return [*self.pools.values(), *self._others.values()]
