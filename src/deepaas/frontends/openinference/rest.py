"""The routes of the Open Inference Protocol, but inference.

They stand below `/v2` without a final slash; DEEPaaS 2.x has those with one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from deepaas import errors
from deepaas.frontends.api import landing
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.place import root_path
from deepaas.frontends.api.v2 import model_document
from deepaas.frontends.openinference import schemas

if TYPE_CHECKING:
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.frontends.openinference.service import OpenInference

TAG: Final = "open inference"

_MOST_BYTES: Final = 100_000
"""Largest body of a request that is no inference."""

_NOT_FOUND: Final = problem_responses(404, 500, 503)


_STATISTICS: Final = "statistics"
_OF_SERVER: Final = {
    "trace/setting": "trace",
    "logging": "logging",
    "systemsharedmemory/{rest:path}": "system_shared_memory",
    "cudasharedmemory/{rest:path}": "cuda_shared_memory",
}
_OF_MODEL: Final = {
    "config": "model_configuration",
    "stats": _STATISTICS,
    "trace/setting": "trace",
    "generate": "generate",
    "generate_stream": "generate",
}
"""Extensions of other servers, by what stands in their addresses."""

_Request = TypeVar("_Request", bound=msgspec.Struct)


class _IndexRequest(msgspec.Struct):
    ready: bool = False


class _ControlRequest(msgspec.Struct):
    parameters: dict[str, Any] = {}


def make_router(service: OpenInference, door: JobDoor) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=[TAG], default_response_class=JSONResponse)
    _add_server(router, service)
    _add_models(router, service, door)
    _add_repository(router, service, door)
    _add_not_offered(router)
    return router


def _add_server(router: APIRouter, service: OpenInference) -> None:
    @router.get(
        "/v2",
        operation_id="get_server_metadata",
        summary="Describe the server",
        response_model=None,
        responses={200: {"model": schemas.ServerMetadata}},
    )
    async def get_server_metadata() -> dict[str, Any]:
        """Describe the server: its name, its version, and what it offers."""
        document = landing.version_document("v2", base_path=root_path.get())
        return {**document, **service.server_metadata()}

    @router.get(
        "/v2/health/live",
        operation_id="get_server_live",
        summary="Is the server alive?",
        response_model=None,
        responses={200: {"model": schemas.ServerLive}},
    )
    async def get_server_live() -> dict[str, bool]:
        """Say that the server answers."""
        return {"live": True}

    @router.get(
        "/v2/health/ready",
        operation_id="get_server_ready",
        summary="Can the server answer inferences?",
        response_model=None,
        responses={
            200: {"model": schemas.ServerReady},
            503: {"model": schemas.ServerReady, "description": "Not now."},
        },
    )
    async def get_server_ready() -> JSONResponse:
        """Say whether inferences can be answered; `/readyz` says why not."""
        is_ready = service.is_ready
        return JSONResponse(
            {"live": True, "ready": is_ready}, status_code=200 if is_ready else 503
        )


def _add_models(router: APIRouter, service: OpenInference, door: JobDoor) -> None:
    async def describe(model: str, version: str = "") -> dict[str, Any]:
        if model == "stats" and model not in door.plane.pools:
            raise errors.ExtensionNotOfferedError(_STATISTICS)  # of all models
        metadata = await service.model_metadata(model, version)
        href = f"{root_path.get()}/v2/models/{model}"
        of_v2 = await model_document(door.plane.pool(model), href=href)
        return {**of_v2, **metadata}

    async def tell_ready(model: str, version: str = "") -> JSONResponse:
        is_ready = await service.is_model_ready(model, version)
        return JSONResponse(
            {"name": model, "ready": is_ready}, status_code=200 if is_ready else 503
        )

    metadata_responses: Any = {200: {"model": schemas.ModelMetadata}, **_NOT_FOUND}
    ready_responses: Any = {
        200: {"model": schemas.ModelReady},
        503: {"model": schemas.ModelReady, "description": "Not now."},
        **problem_responses(404),
    }

    @router.get(
        "/v2/models/{model}",
        operation_id="get_model_metadata",
        summary="Describe a model and its tensors",
        response_model=None,
        responses=metadata_responses,
    )
    async def get_model_metadata(model: str) -> dict[str, Any]:
        """Describe a model: its versions, inputs and outputs."""
        return await describe(model)

    @router.get(
        "/v2/models/{model}/versions/{version}",
        operation_id="get_model_version_metadata",
        summary="Describe a version of a model and its tensors",
        response_model=None,
        responses=metadata_responses,
    )
    async def get_model_version_metadata(model: str, version: str) -> dict[str, Any]:
        """Describe a model, if it has that version."""
        return await describe(model, version)

    @router.get(
        "/v2/models/{model}/ready",
        operation_id="get_model_ready",
        summary="Can a model answer?",
        response_model=None,
        responses=ready_responses,
    )
    async def get_model_ready(model: str) -> JSONResponse:
        """Say whether a model can answer."""
        return await tell_ready(model)

    @router.get(
        "/v2/models/{model}/versions/{version}/ready",
        operation_id="get_model_version_ready",
        summary="Can a version of a model answer?",
        response_model=None,
        responses=ready_responses,
    )
    async def get_model_version_ready(model: str, version: str) -> JSONResponse:
        """Say whether a version can answer; others than the active one load then."""
        return await tell_ready(model, version)

    @router.post("/v2/models/{model}/infer", include_in_schema=False)
    async def infer_with_unknown_model(model: str) -> None:
        """Answer for names that no model has; each model has a route of its own."""
        raise errors.ModelNotFoundError(model)


def _add_repository(router: APIRouter, service: OpenInference, door: JobDoor) -> None:
    @router.post(
        "/v2/repository/index",
        operation_id="get_repository_index",
        summary="List the models and their states",
        response_model=None,
        responses={200: {"model": list[schemas.IndexRow]}, **problem_responses(413)},
    )
    async def get_repository_index(request: Request) -> list[dict[str, str]]:
        """List all versions of all models; `{"ready": true}` leaves others out."""
        wanted = await _read(door, request, _IndexRequest)
        return await service.index(only_ready=wanted.ready)

    control: Any = {"response_class": Response, "responses": _NOT_FOUND}

    @router.post(
        "/v2/repository/models/{model}/load",
        operation_id="load_model",
        summary="Load a model, or load it once more",
        **control,
    )
    async def load_model(request: Request, model: str) -> Response:
        """Load a model; the answer comes when it answers."""
        wanted = await _read(door, request, _ControlRequest)
        await service.load(model, has_parameters=bool(wanted.parameters))
        return Response(status_code=200)

    @router.post(
        "/v2/repository/models/{model}/unload",
        operation_id="unload_model",
        summary="Unload a model",
        **control,
    )
    async def unload_model(request: Request, model: str) -> Response:
        """Unload a model until it is loaded again."""
        await _read(door, request, _ControlRequest)
        await service.unload(model)
        return Response(status_code=200)


async def _read(door: JobDoor, request: Request, kind: type[_Request]) -> _Request:
    """Return what a small body says; it may be empty."""
    bodies = replace(door.bodies, limit_bytes=_MOST_BYTES, inline_bytes=_MOST_BYTES)
    body = await bodies.read(request.receive, announced_bytes=0)
    try:
        return msgspec.json.decode(body.content or b"{}", type=kind)
    except msgspec.DecodeError as error:
        raise errors.MalformedBodyError(f"The body cannot be read: {error}.") from None


def _add_not_offered(router: APIRouter) -> None:
    """Name the extensions of other servers that a client may ask for."""

    def add(path: str, extension: str) -> None:
        async def refuse() -> None:
            raise errors.ExtensionNotOfferedError(extension)

        router.add_api_route(
            path, refuse, methods=["GET", "POST"], include_in_schema=False
        )

    for path, extension in _OF_SERVER.items():
        add(f"/v2/{path}", extension)
    for path, extension in _OF_MODEL.items():
        add(f"/v2/models/{{model}}/{path}", extension)
        add(f"/v2/models/{{model}}/versions/{{version}}/{path}", extension)
