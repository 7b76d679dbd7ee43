"""Predictions, whoever asks for them: the one data plane behind all frontends."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from deepaas import errors
from deepaas.runtime.prediction import Prediction

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas import messages
    from deepaas.runtime.pool import ModelPool


class DataPlane:
    """All models of a server, and the way to a prediction.

    Attributes:
        pools: The models' workers, by model name, in the order they were asked for.
        is_draining: Whether the server is shutting down.
    """

    def __init__(
        self, pools: Mapping[str, ModelPool], *, deadline_s: float, spool_dir: str
    ) -> None:
        self.pools = dict(pools)
        self.is_draining = False
        self._deadline_s = deadline_s
        self._spool_dir = spool_dir

    def pool(self, model: str) -> ModelPool:
        """Return the workers of a model.

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
        body: bytes = b"",
    ) -> Prediction:
        """Admit a prediction.

        Args:
            model: The model's name.
            record: The request; `seq` is set here, and its folder is removed here.
            body: The request's body, unless the record names a file.

        Raises:
            DeepaasError: It is refused, see `ModelPool.submit`.
        """
        prediction = Prediction(record, body, deadline_s=self._deadline_s)
        try:
            if self.is_draining:
                raise errors.DrainingError
            self.pool(model).submit(prediction)
        except errors.DeepaasError:
            prediction.remove_files()
            raise
        return prediction

    def abandon(self, model: str, prediction: Prediction) -> None:
        """Note that the caller of a prediction has left."""
        self.pool(model).abandon(prediction)

    def make_folder(self) -> str:
        """Return a new private folder for one request's body."""
        return tempfile.mkdtemp(prefix="request-", dir=self._spool_dir)

    def remove_folder(self, folder: str) -> None:
        """Remove the folder of a request that was never admitted."""
        if folder:
            shutil.rmtree(Path(folder), ignore_errors=True)

    # ---------------------------------------------------------------- life cycle

    def start(self) -> None:
        """Start all workers; returns at once."""
        for pool in self.pools.values():
            pool.start()

    async def stop(self, *, grace_s: float) -> None:
        """End all workers."""
        self.is_draining = True
        await asyncio.gather(
            *(pool.stop(grace_s=grace_s) for pool in self.pools.values())
        )

    def kill(self) -> None:
        """End all workers now."""
        self.is_draining = True
        for pool in self.pools.values():
            pool.kill()
