"""The routes of DEEPaaS 0.5 and 1.x, for the models that were written for them.

They are a view: their predictions and trainings are those of all other routes, but for
the addresses, and what is said of a wrong input. `/v1/models` is there as soon as a V1
model is; `/models`, where 0.5 had them, only if the operator asks for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Route

from deepaas import errors
from deepaas.frontends.api import answers, landing, problems, v1_errors, v2
from deepaas.frontends.api.predict import PredictEndpoint
from deepaas.frontends.api.v2_json import V2JSONResponse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.frontends.api.answers import Receive, Scope, Send
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.frontends.api.problems import ProblemAnswer
    from deepaas.frontends.api.v1_errors import InputErrorAnswer
    from deepaas.model.arguments import Argument
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.pool import ModelPool
    from deepaas.runtime.submissions import Submitted
    from deepaas.settings import ApiSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """One of the two forms of the API.

    Attributes:
        root: What stands before a model's name, without a final slash.
        list_path: The address of the list of models.
        input_error: Answers errors in the input.
    """

    root: str
    list_path: str
    input_error: InputErrorAnswer


OF_1X: Final = Edition(
    root="/v1/models", list_path="/v1/models", input_error=v1_errors.answer_of_1x
)
OF_05: Final = Edition(
    root="/models", list_path="/models/", input_error=v1_errors.answer_of_05
)


def editions(api: ApiSettings) -> tuple[Edition, ...]:
    """Return the forms of the API that are served."""
    return (OF_1X, OF_05) if api.enable_v1 else (OF_1X,)


def models(plane: DataPlane) -> list[ModelPool]:
    """Return the V1 models that have loaded."""
    return [pool for pool in plane.pools.values() if _kind(pool) == "v1"]


def add_routes(app: FastAPI, door: JobDoor, *, api: ApiSettings) -> None:
    """Declare the routes."""
    app.include_router(_version_router(door))
    for edition in editions(api):
        app.include_router(_model_router(edition, door, api=api))
        app.router.routes.append(
            Route(
                f"{edition.root}/{{model}}/predict",
                _Predictions(edition, door, is_enabled=api.predict_endpoint),
                methods=["POST"],
            )
        )


def _version_router(door: JobDoor) -> APIRouter:
    router = APIRouter(default_response_class=V2JSONResponse, include_in_schema=False)

    @router.get("/v1")
    async def get_v1() -> Response:
        """Lead to the version document."""
        return _redirect(f"{door.base_path}/v1/")

    @router.get("/v1/")
    async def get_version() -> dict[str, Any]:
        """Describe version 1 of the API."""
        if not models(door.plane):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return landing.version_document("v1", base_path=door.base_path)

    return router


def _model_router(edition: Edition, door: JobDoor, *, api: ApiSettings) -> APIRouter:
    router = APIRouter(default_response_class=V2JSONResponse, include_in_schema=False)

    def root() -> str:
        """Return what stands before a model's name, for the caller of this request."""
        return f"{door.base_path}{edition.root}"

    if edition.list_path != edition.root:

        @router.get(edition.root)
        async def get_root() -> Response:
            """Lead to the list of models."""
            return _redirect(f"{door.base_path}{edition.list_path}")

    @router.get(edition.list_path)
    async def list_models() -> dict[str, Any]:
        """List the V1 models that are served here."""
        found = models(door.plane)
        if not found:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return await v2.list_document(found, root=root())

    @router.get(f"{edition.root}/{{model}}")
    async def get_model(model: str) -> dict[str, Any]:
        """Describe one model."""
        return await v2.model_document(_pool(door, model), href=f"{root()}/{model}")

    @router.put(f"{edition.root}/{{model}}/train")
    async def train(model: str, request: Request) -> Response:
        """Train a model, and answer when that is over."""
        job: dict[str, str] = {}
        try:
            submitted = await _submit_training(
                door, model, request, is_enabled=api.train_endpoint
            )
            job["link"] = door.accepted_headers(submitted)["link"]
            return await door.answer_or_accept(
                submitted, scope=request.scope, wait_s=math.inf, applied=()
            )
        except errors.DeepaasError as error:
            answer = _answer(
                error,
                edition=edition,
                arguments=_arguments(door, model, "train"),
                request_id=request.scope["deepaas.request_id"],
                accept=request.headers.get("accept", ""),
            )
            is_last = isinstance(error, errors.BodyTooLargeError)
            response = answers.problem_response(answer, is_last=is_last)
            response.headers.update(job)
            return response

    return router


async def _submit_training(
    door: JobDoor, model: str, request: Request, *, is_enabled: bool
) -> Submitted:
    """Accept a training as a job.

    Raises:
        DeepaasError: It is refused, see `JobDoor.submit`.
        HTTPException: The model is of another kind, and not here.
    """
    _pool(door, model)
    if not is_enabled:
        raise errors.OperationDisabledError("train")
    return await door.submit(request, model=model, operation="train", door="v1")


class _Predictions:
    """Answers the predictions of all V1 models (ASGI)."""

    def __init__(self, edition: Edition, door: JobDoor, *, is_enabled: bool) -> None:
        self._door = door
        self._endpoints = {
            model: _Prediction(model, edition, door=door, is_enabled=is_enabled)
            for model in door.plane.pools
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        pool = _pool(self._door, scope["path_params"]["model"])
        await self._endpoints[pool.name](scope, receive, send)


class _Prediction(PredictEndpoint):
    def __init__(
        self, model: str, edition: Edition, *, door: JobDoor, is_enabled: bool
    ) -> None:
        super().__init__(model, door=door, is_enabled=is_enabled)
        self._edition = edition

    def problem(
        self, error: errors.DeepaasError, *, request_id: str, accept: str
    ) -> ProblemAnswer:
        return _answer(
            error,
            edition=self._edition,
            arguments=_arguments(self._door, self.model, "predict"),
            request_id=request_id,
            accept=accept,
        )


def _answer(
    error: errors.DeepaasError,
    *,
    edition: Edition,
    arguments: Sequence[Argument],
    request_id: str,
    accept: str,
) -> ProblemAnswer:
    """Return the answer to an error, as clients of the edition expect it.

    Args:
        error: What went wrong.
        edition: Through which the request came.
        arguments: Of the operation.
        request_id: The id under which the log knows the request.
        accept: The caller's Accept header, or empty.
    """
    return edition.input_error(error, arguments) or problems.render(
        error, request_id=request_id, accept=accept
    )


def _arguments(door: JobDoor, model: str, operation: str) -> Sequence[Argument]:
    """Return the arguments of an operation, as far as they are known."""
    pool = door.plane.pools.get(model)
    description = pool.description if pool else None
    described = description.operations.get(operation) if description else None
    return described.arguments if described else ()


def _pool(door: JobDoor, model: str) -> ModelPool:
    """Return the workers of a V1 model, or of one of which nothing is known yet.

    Raises:
        ModelNotFoundError: No model of this name is served.
        HTTPException: It is another kind of model, and not here.
    """
    pool = door.plane.pool(model)
    if _kind(pool) not in ("v1", ""):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return pool


def _kind(pool: ModelPool) -> str:
    """Return a model's kind, or empty before it has loaded."""
    return pool.description.kind if pool.description is not None else ""


def _redirect(location: str) -> Response:
    return RedirectResponse(location, HTTPStatus.PERMANENT_REDIRECT)
