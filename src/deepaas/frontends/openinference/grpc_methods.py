"""The methods of the Open Inference Protocol over gRPC.

Each reads its message, asks the same parts as the routes of HTTP, and writes a message.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deepaas import errors, messages
from deepaas.frontends.openinference import transcoding
from deepaas.frontends.openinference.protocol import EXTENSIONS, SERVICE, message
from deepaas.runtime.prediction import Result

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from deepaas.frontends.openinference.service import OpenInference
    from deepaas.runtime.dataplane import DataPlane

    Method = Callable[[Any, str], Awaitable[Any]]


class Methods:
    """The methods that are offered; each gets its message and the request's id."""

    def __init__(
        self, service: OpenInference, *, plane: DataPlane, is_enabled: bool
    ) -> None:
        self._service = service
        self._plane = plane
        self._is_enabled = is_enabled

    def of_protocol(self) -> dict[str, tuple[Method, Any]]:
        """Return the methods by name, each with the class of its message."""
        standard: dict[str, Method] = {
            "ServerLive": self._server_live,
            "ServerReady": self._server_ready,
            "ModelReady": self._model_ready,
            "ServerMetadata": self._server_metadata,
            "ModelMetadata": self._model_metadata,
            "ModelInfer": self._model_infer,
        }
        control = message("RepositoryModelRequest", package=EXTENSIONS)
        return {
            **{
                name: (method, message(f"{name}Request"))
                for name, method in standard.items()
            },
            "RepositoryIndex": (
                self._repository_index,
                message("RepositoryIndexRequest", package=EXTENSIONS),
            ),
            "RepositoryModelLoad": (self._load, control),
            "RepositoryModelUnload": (self._unload, control),
        }

    def of_health(self) -> dict[str, tuple[Method, Any]]:
        """Return the methods of gRPC's own health service, likewise."""
        request = message("HealthCheckRequest", package=EXTENSIONS)
        return {"Check": (self._check, request)}

    # -------------------------------------------------------------- the standard

    async def _server_live(self, _request: Any, _id: str) -> Any:
        return message("ServerLiveResponse")(live=True)

    async def _server_ready(self, _request: Any, _id: str) -> Any:
        return message("ServerReadyResponse")(ready=self._service.is_ready)

    async def _model_ready(self, request: Any, _id: str) -> Any:
        is_ready = await self._service.is_model_ready(request.name, request.version)
        return message("ModelReadyResponse")(ready=is_ready)

    async def _server_metadata(self, _request: Any, _id: str) -> Any:
        return message("ServerMetadataResponse")(**self._service.server_metadata())

    async def _model_metadata(self, request: Any, _id: str) -> Any:
        metadata = await self._service.model_metadata(request.name, request.version)
        for one in (*metadata["inputs"], *metadata["outputs"]):
            one.pop("parameters", None)
            one.pop("optional", None)
        return message("ModelMetadataResponse")(**metadata)

    async def _model_infer(self, request: Any, request_id: str) -> Any:
        if not self._is_enabled:
            raise errors.OperationDisabledError("predict")
        model = request.model_name
        version = await self._service.find(model, request.model_version)
        json_bytes, body = transcoding.request_body(request)
        record = messages.Predict(
            seq=0,
            request_id=request_id,
            inference=messages.InferenceHead(json_bytes=json_bytes),
        )
        prediction = self._plane.submit(model, record, body=body, version=version)
        try:
            outcome = await prediction.outcome
        except asyncio.CancelledError:
            prediction.abandon()
            raise
        assert isinstance(outcome, Result)  # noqa: S101 - tensors are never streamed
        answer = outcome.body
        if outcome.path:
            answer = await asyncio.to_thread(_take, Path(outcome.path))
        return transcoding.response_of(answer, json_bytes=outcome.json_bytes)

    # ------------------------------------------------------------ its extensions

    async def _repository_index(self, request: Any, _id: str) -> Any:
        models = await self._service.index(only_ready=request.ready)
        return message("RepositoryIndexResponse", package=EXTENSIONS)(models=models)

    async def _load(self, request: Any, _id: str) -> Any:
        await self._service.load(
            request.model_name, has_parameters=bool(request.parameters)
        )
        return message("RepositoryModelResponse", package=EXTENSIONS)()

    async def _unload(self, request: Any, _id: str) -> Any:
        await self._service.unload(request.model_name)
        return message("RepositoryModelResponse", package=EXTENSIONS)()

    async def _check(self, request: Any, _id: str) -> Any:
        if request.service in ("", SERVICE):
            is_ready = self._service.is_ready
        else:
            is_ready = await self._service.is_model_ready(request.service)
        response = message("HealthCheckResponse", package=EXTENSIONS)
        status = "SERVING" if is_ready else "NOT_SERVING"
        return response(status=response.ServingStatus.Value(status))


def _take(path: Path) -> bytes:
    content = path.read_bytes()
    path.unlink()
    return content
