"""What the Open Inference Protocol tells of a server and its models.

Documents as HTTP sends them; gRPC has the same members.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from deepaas import __version__, errors
from deepaas.frontends.api.health import readiness
from deepaas.frontends.api.job_door import read_version
from deepaas.model.openinference.specs import OperationTensors, operation_tensors

if TYPE_CHECKING:
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.messages import ModelDescription
    from deepaas.model.job import Version
    from deepaas.runtime.pool import ModelPool
    from deepaas.settings import Settings

PLATFORM: Final = "deepaas_python"

_STATES: Final = {
    "ready": "READY",
    "loading": "LOADING",
    "failed": "UNAVAILABLE",
    "unloaded": "UNAVAILABLE",
}
"""How the protocol calls what a pool of workers can be."""

_ON_DEMAND: Final = "loaded when it is asked for"


class OpenInference:
    """What a server tells of itself and its models."""

    def __init__(self, door: JobDoor, *, settings: Settings) -> None:
        self._door = door
        self._plane = door.plane
        self._is_strict = settings.models.strict
        self._may_load = settings.api.repository_control

    def server_metadata(self) -> dict[str, Any]:
        """Return what the server is."""
        return {
            "name": "deepaas",
            "version": __version__,
            "extensions": ["binary_tensor_data", "model_repository"],
        }

    @property
    def is_ready(self) -> bool:
        """Whether predictions can be answered."""
        document = readiness(self._plane, is_strict=self._is_strict)
        return bool(document["status"] == "ready")

    async def is_model_ready(self, model: str, version: str = "") -> bool:
        """Return whether a model can answer, by the version that answers or another.

        Raises:
            DeepaasError: There is no such model, or version.
        """
        wanted = await self.find(model, version)
        pool = self._plane.pool(model)
        is_other = wanted is not None and wanted.number != pool.version.number
        if is_other and not pool.is_withdrawn:
            return True  # it is loaded when it is asked for
        return pool.is_ready

    async def model_metadata(self, model: str, version: str = "") -> dict[str, Any]:
        """Return what a model is.

        Raises:
            DeepaasError: There is no such model, or version, or it has not loaded.
        """
        await self.find(model, version)
        pool = self._plane.pool(model)
        if pool.description is None:
            raise pool.unavailable()
        tensors = _tensors(pool.description)
        return {
            "name": model,
            "versions": [str(one) for one in await self._numbers(pool)],
            "platform": PLATFORM,
            "inputs": [one.document() for one in tensors.inputs.values()],
            "outputs": [one.document() for one in tensors.outputs.values()],
        }

    async def find(self, model: str, version: str) -> Version | None:
        """Return the version that a caller names; None if it names none.

        Raises:
            ModelNotFoundError: No model of this name is served.
            VersionNotFoundError: It has no such version.
        """
        pool = self._plane.pool(model)
        if not version:
            return None
        number = read_version(model, version)
        if number == pool.version.number:
            # Not None: another may be activated while the body comes.
            return pool.version
        if not self._door.has_jobs:
            raise errors.VersionNotFoundError(model, number)
        return await self._door.service.versions.find(model, number)

    async def index(self, *, only_ready: bool = False) -> list[dict[str, str]]:
        """Return all versions of all models, and which of them can answer."""
        rows = [
            row for pool in self._plane.pools.values() for row in await self._rows(pool)
        ]
        return [one for one in rows if not only_ready or one["state"] == "READY"]

    async def load(self, model: str, *, has_parameters: bool) -> None:
        """Load a model.

        Args:
            model: Its name.
            has_parameters: Whether the caller wants it otherwise than it is set up.

        Raises:
            DeepaasError: There is none, it cannot be loaded, or nobody may do this.
        """
        self._check_control()
        if has_parameters:
            raise errors.ExtensionNotOfferedError(
                "model_repository: load with parameters",
                remedy="Models are loaded as the operator has set them up.",
            )
        await self._plane.load_model(model)

    async def unload(self, model: str) -> None:
        """Unload a model.

        Raises:
            DeepaasError: There is none, or nobody may do this.
        """
        self._check_control()
        await self._plane.unload_model(model)

    def _check_control(self) -> None:
        if not self._may_load:
            raise errors.ExtensionNotOfferedError(
                "model_repository: load and unload",
                remedy="The operator switches it on with --repository-control.",
            )

    async def _numbers(self, pool: ModelPool) -> list[int]:
        """Return the versions of a model, newest first."""
        try:
            found = await self._door.service.versions.list(pool.name)
        except (errors.JobsDisabledError, errors.StoreUnavailableError):
            return [pool.version.number]  # those that trainings make are kept with jobs
        return [*(one.number for one in found.trained), 0]

    async def _rows(self, pool: ModelPool) -> list[dict[str, str]]:
        rows = []
        for number in await self._numbers(pool):
            state, reason = "UNAVAILABLE", _ON_DEMAND
            if number == pool.version.number:
                state = _STATES[pool.state]
                reason = "" if state == "READY" else pool.unavailable().detail
            rows.append(
                {
                    "name": pool.name,
                    "version": str(number),
                    "state": state,
                    "reason": reason,
                }
            )
        return rows


def _tensors(model: ModelDescription) -> OperationTensors:
    operation = model.operations.get("predict")
    if operation is None:
        return OperationTensors(inputs={}, outputs={})
    return operation_tensors(
        operation.arguments,
        definitions=operation.definitions,
        result_schema=operation.result_schema,
        media_types=operation.media_types,
        is_streaming=operation.is_streaming,
        kind=model.kind,
    )
