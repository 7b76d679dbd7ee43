"""OGC API Processes: which processes there are, and how one is run."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from deepaas import errors
from deepaas.frontends.api import answers, problems, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_door import JobDoor, process_of
from deepaas.frontends.api.predict import PredictEndpoint
from deepaas.frontends.api.preferences import read_preferences
from deepaas.frontends.api.process_documents import (
    CONFORMANCE,
    description,
    processes_of,
    summary,
)
from deepaas.frontends.api.trainings import answer_or_accept

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.frontends.api.answers import Receive, Scope, Send
    from deepaas.frontends.api.body import BodyReader
    from deepaas.model.job import Version
    from deepaas.settings import ApiSettings

_VALIDATION_WAIT_S = 60.0


def make_router(door: JobDoor) -> APIRouter:
    """Return the routes, but for the one that runs a process."""
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
        found = _all(door, root=root)
        names = [one["id"] for one in found]
        start = names.index(after) + 1 if after in names else 0
        page = found[start : start + limit]
        here = f"{root}/processes"
        links = [{"rel": "self", "href": here, "type": "application/json"}]
        if start + limit < len(found):
            following = f"{here}?limit={limit}&after={page[-1]['id']}"
            links.append({"rel": "next", "href": following, "type": "application/json"})
        return {"processes": page, "links": links}

    @router.get(
        "/processes/{process}",
        operation_id="get_process",
        summary="Describe a process",
        response_model=None,
        responses={200: {"model": schemas.Process}, **problem_responses(404)},
    )
    async def get_process(process: str, request: Request) -> dict[str, Any]:
        """Describe what a process takes and gives."""
        for model, described, operation in _implemented(door):
            if process == f"{model}.{operation.name}":
                return description(
                    model,
                    described,
                    operation,
                    root=door.root(request.scope),
                    has_jobs=door.has_jobs,
                )
        raise errors.ProcessNotFoundError(process)

    return router


def _implemented(door: JobDoor) -> Any:
    return processes_of(door.plane.descriptions(), has_jobs=door.has_jobs)


def _all(door: JobDoor, *, root: str) -> list[dict[str, Any]]:
    return [
        summary(
            model,
            described,
            operation,
            root=root,
            has_jobs=door.has_jobs,
        )
        for model, described, operation in _implemented(door)
    ]


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

    def __init__(self, door: JobDoor, *, bodies: BodyReader, api: ApiSettings) -> None:
        self._door = door
        self._api = api
        self._predictions = {
            model: _SyncPrediction(
                model,
                plane=door.plane,
                bodies=bodies,
                door=door,
                is_enabled=api.predict_endpoint,
            )
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
            respond = Response(answer.body, answer.status)
            respond.raw_headers = answer.headers
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
        if operation == "validate" and not preferences.is_async:
            wait_s = preferences.wait_s
            return await answer_or_accept(
                self._door,
                submitted,
                scope=request.scope,
                wait_s=_VALIDATION_WAIT_S if wait_s is None else wait_s,
                applied=preferences.applied,
            )
        if preferences.is_async and preferences.wait_s:
            return await answer_or_accept(
                self._door,
                submitted,
                scope=request.scope,
                wait_s=preferences.wait_s,
                applied=preferences.applied,
            )
        return JSONResponse(
            await self._door.status(submitted.job, scope=request.scope),
            status_code=HTTPStatus.CREATED,
            headers=self._door.accepted_headers(
                submitted, applied=preferences.applied[:1]
            ),
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
