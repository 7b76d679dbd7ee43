"""OGC API Processes: which processes there are, and how one is run."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from deepaas import errors
from deepaas.frontends.api import answers, problems, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_door import JobDoor, process_of
from deepaas.frontends.api.predict import PredictEndpoint
from deepaas.frontends.api.preferences import read_preferences, validation_wait_s
from deepaas.frontends.api.process_documents import (
    CONFORMANCE,
    description,
    processes_of,
    summary,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.frontends.api.answers import Receive, Scope, Send
    from deepaas.model.job import Version
    from deepaas.settings import ApiSettings


def make_router(door: JobDoor, *, api: ApiSettings) -> APIRouter:
    """Return the routes, but for the one that runs a process."""
    offered = _offered(door, api)
    router = APIRouter(tags=["processes"], default_response_class=JSONResponse)

    @router.get(
        "/conformance",
        operation_id="get_conformance",
        summary="List the requirements that this API meets",
        response_model=None,
        responses={200: {"model": schemas.Conformance}},
    )
    async def get_conformance() -> dict[str, Any]:
        """List the classes of OGC API Processes that this API conforms to."""
        return {"conformsTo": list(CONFORMANCE)}

    @router.get(
        "/processes",
        operation_id="list_processes",
        summary="List the processes",
        response_model=None,
        responses={200: {"model": schemas.Processes}, **problem_responses(400)},
    )
    async def list_processes(
        request: Request,
        limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
        after: Annotated[str, Query(max_length=500)] = "",
    ) -> dict[str, Any]:
        """List what can be run: each operation of each model is a process."""
        root = door.root(request.scope)
        found = [
            summary(
                model,
                described,
                operation,
                root=root,
                has_jobs=door.has_jobs,
            )
            for model, described, operation in processes_of(
                door.plane.descriptions(), offered=offered
            )
        ]
        names = [one["id"] for one in found]
        start = names.index(after) + 1 if after in names else 0
        page = found[start : start + limit]
        here = f"{root}/processes"
        links = [{"rel": "self", "href": here, "type": "application/json"}]
        if start + limit < len(found):
            following = urlencode({"limit": limit, "after": page[-1]["id"]})
            href = f"{here}?{following}"
            links.append({"rel": "next", "href": href, "type": "application/json"})
        return {"processes": page, "links": links}

    @router.get(
        "/processes/{process}",
        operation_id="get_process",
        summary="Describe a process",
        response_model=None,
        responses={
            200: {"model": schemas.Process},
            **problem_responses(404, 500, 503),
        },
    )
    async def get_process(process: str, request: Request) -> dict[str, Any]:
        """Describe what a process takes and gives."""
        for model, described, operation in processes_of(
            door.plane.descriptions(), offered=offered
        ):
            if process == f"{model}.{operation.name}":
                return description(
                    model,
                    described,
                    operation,
                    root=door.root(request.scope),
                    has_jobs=door.has_jobs,
                )
        raise _missing(door, process)

    return router


def _offered(door: JobDoor, api: ApiSettings) -> frozenset[str]:
    """Return the operations that are not switched off, and possible without jobs."""
    offered = {
        "predict": api.predict_endpoint,
        "train": api.train_endpoint and door.has_jobs,
        "validate": door.has_jobs,
    }
    return frozenset(name for name, is_on in offered.items() if is_on)


def _missing(door: JobDoor, process: str) -> errors.DeepaasError:
    """Return why a process cannot be described."""
    model, _ = process_of(process)
    pool = door.plane.pools.get(model)
    if pool is not None and pool.description is None:
        return pool.unavailable()  # it may have it, once it is loaded
    return errors.ProcessNotFoundError(process)


class _SyncPrediction(PredictEndpoint):
    """A prediction that somebody asks for as a process."""

    _envelope: Literal["", "ogc"] = "ogc"

    async def _version(self, scope: Scope) -> Version | None:
        number = version_number(scope)
        if number is None:
            return None
        return await self._door.service.versions.find(self.model, number)


class ExecutionEndpoint:
    """Runs processes: `POST /processes/{process}/execution` (ASGI)."""

    def __init__(self, door: JobDoor, *, api: ApiSettings) -> None:
        self._door = door
        self._api = api
        self._predictions = {
            model: _SyncPrediction(model, door=door, is_enabled=api.predict_endpoint)
            for model in door.plane.pools
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            model, operation = self._find(scope["path_params"]["process"])
            if operation == "predict":
                respond: Callable[..., Any] = self._predictions[model]
            else:
                request = Request(scope, receive)
                respond = await self._run(request, model=model, operation=operation)
        except errors.DeepaasError as error:
            answer = problems.render(
                error,
                request_id=scope["deepaas.request_id"],
                accept=answers.header(scope, b"accept"),
                kind="ogc",
            )
            is_last = isinstance(error, errors.BodyTooLargeError)
            respond = answers.problem_response(answer, is_last=is_last)
        await respond(scope, receive, send)

    def _find(self, process: str) -> tuple[str, str]:
        """Return model and operation of a process that can be run.

        Raises:
            DeepaasError: There is no such process, or it is switched off.
        """
        model, operation = process_of(process)
        if model not in self._door.plane.pools:
            raise errors.ProcessNotFoundError(process)
        described = self._door.plane.pool(model).description
        if described is not None:
            found = described.operations.get(operation)
            if found is None or not found.is_implemented:
                raise errors.ProcessNotFoundError(process)
        if operation == "train" and not self._api.train_endpoint:
            raise errors.OperationDisabledError("train")
        return model, operation

    async def _run(self, request: Request, *, model: str, operation: str) -> Response:
        preferences = read_preferences(request.headers.getlist("prefer"))
        submitted = await self._door.submit(
            request,
            model=model,
            operation=operation,
            door="ogc",
            version=version_number(request.scope),
        )
        # A training is never waited for, so `wait` is not applied.
        is_waiting = operation == "validate"
        return await self._door.answer_or_accept(
            submitted,
            scope=request.scope,
            wait_s=validation_wait_s(preferences) if is_waiting else 0.0,
            applied=[
                one
                for one in preferences.applied
                if is_waiting or not one.startswith("wait")
            ],
            status=HTTPStatus.CREATED,
        )


def version_number(scope: Scope) -> int | None:
    """Return the version that the query asks for, or None.

    Raises:
        RequestError: It is no number.
    """
    request = Request(scope)
    text = request.query_params.get("version")
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise errors.RequestError(f"The version {text!r} is no number.")
    return int(text)
