"""Versions of models over HTTP: list, describe, activate, delete, and ask one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from deepaas import errors
from deepaas.frontends.api import answers, problems, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_documents import job_path
from deepaas.frontends.api.job_door import read_version
from deepaas.frontends.api.predict import PredictEndpoint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.frontends.api.answers import Receive, Scope, Send
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.jobs.records import ModelVersion
    from deepaas.model.job import Version
    from deepaas.runtime.versions import Versions
    from deepaas.settings import ApiSettings

_ERRORS = problem_responses(404, 501, 503)


def make_router(door: JobDoor) -> APIRouter:
    """Return the routes, but for the one that predicts."""
    router = APIRouter(tags=["versions"], default_response_class=JSONResponse)

    @router.get(
        "/models/{model}/versions",
        operation_id="list_versions",
        summary="List the versions of a model",
        response_model=None,
        responses={200: {"model": schemas.ModelVersions}, **_ERRORS},
    )
    async def list_versions(model: str) -> dict[str, Any]:
        """List what trainings have made of a model, newest first."""
        found = await door.service.versions.list(model)
        return {
            "model": model,
            "active": found.active,
            "versions": [
                _document(one, found, base_path=door.base_path) for one in found.trained
            ]
            + [_as_installed(model, found, base_path=door.base_path)],
        }

    @router.get(
        "/models/{model}/versions/{version}",
        operation_id="get_version",
        summary="Describe a version of a model",
        response_model=None,
        responses={200: {"model": schemas.ModelVersion}, **_ERRORS},
    )
    async def get_version(model: str, version: str) -> dict[str, Any]:
        """Describe one version."""
        return await _one(door, model, read_version(model, version))

    @router.post(
        "/models/{model}/versions/{version}/activate",
        operation_id="activate_version",
        summary="Let a version answer",
        response_model=None,
        responses={
            200: {"model": schemas.ModelVersion},
            **problem_responses(404, 500, 501, 503),
        },
    )
    async def activate_version(model: str, version: str) -> dict[str, Any]:
        """Let a version answer predictions; 0 is the model as installed.

        The answer comes when its workers are warm and answer. A version that cannot be
        loaded is refused, and the one before goes on.
        """
        number = read_version(model, version)
        await door.service.versions.activate(model, number)
        return await _one(door, model, number)

    @router.delete(
        "/models/{model}/versions/{version}",
        operation_id="delete_version",
        summary="Delete a version",
        status_code=204,
        response_class=Response,
        responses={
            409: {"$ref": "#/components/responses/Conflict"},
            **_ERRORS,
        },
    )
    async def delete_version(model: str, version: str) -> Response:
        """Delete a version with its files; its number is not used again."""
        await door.service.versions.delete(model, read_version(model, version))
        return Response(status_code=204)

    return router


class ByModel:
    """Leads requests to what answers for the model that the address names (ASGI)."""

    def __init__(self, endpoints: Mapping[str, PredictEndpoint], *, kind: str) -> None:
        """Take what answers, by model.

        Args:
            endpoints: One for each model.
            kind: How a model that there is not is answered, see `problems.render`.
        """
        self._endpoints = endpoints
        self._kind = kind

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        model = scope["path_params"]["model"]
        endpoint = self._endpoints.get(model)
        if endpoint is not None:
            await endpoint(scope, receive, send)
            return
        answer = problems.render(
            errors.ModelNotFoundError(model),
            request_id=scope["deepaas.request_id"],
            accept=answers.header(scope, b"accept"),
            kind=self._kind,
        )
        await answers.problem_response(answer)(scope, receive, send)


def versioned_predictions(door: JobDoor, *, api: ApiSettings) -> ByModel:
    """Return what answers predictions by a version that the address names."""
    return ByModel(
        {
            model: _Prediction(model, door=door, is_enabled=api.predict_endpoint)
            for model in door.plane.pools
        },
        kind="native",
    )


class _Prediction(PredictEndpoint):
    async def _version(self, scope: Scope) -> Version | None:
        number = read_version(self.model, scope["path_params"]["version"])
        return await self._door.service.versions.find(self.model, number)


async def _one(door: JobDoor, model: str, number: int) -> dict[str, Any]:
    found = await door.service.versions.list(model)
    for one in found.trained:
        if one.number == number:
            return _document(one, found, base_path=door.base_path)
    if number:
        raise errors.VersionNotFoundError(model, number)
    return _as_installed(model, found, base_path=door.base_path)


def _document(
    version: ModelVersion, found: Versions, *, base_path: str
) -> dict[str, Any]:
    metrics = dict(version.metrics)
    validations = metrics.pop("validations", {})
    document: dict[str, Any] = {
        **_named(version.model, version.number, found, base_path=base_path),
        "created": version.created.isoformat(timespec="milliseconds"),
        "parent": version.parent,
        "job": version.job,
        "size_bytes": version.size_bytes,
        "metrics": metrics,
        "validations": validations,
    }
    href = job_path(version.job, root=base_path)
    document["links"].append({"rel": "job", "href": href, "type": "application/json"})
    return document


def _as_installed(model: str, found: Versions, *, base_path: str) -> dict[str, Any]:
    return _named(model, 0, found, base_path=base_path)


def _named(
    model: str, number: int, found: Versions, *, base_path: str
) -> dict[str, Any]:
    here = f"{base_path}/models/{model}/versions/{number}"
    document: dict[str, Any] = {
        "model": model,
        "version": number,
        "is_active": number == found.active,
        "links": [{"rel": "self", "href": here, "type": "application/json"}],
    }
    if number in found.failures:
        document["activation_error"] = found.failures[number]
    return document
