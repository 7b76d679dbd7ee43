"""Trainings and validations on the routes of 2.x.

A training is a job; these routes show it as 2.x did, and tell the truth where 2.x did
not: a training that was cancelled is `cancelled`, and one that waits is `running`, as
2.x clients expect, with a further key that says so.
"""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
from fastapi import APIRouter, Request
from fastapi.responses import Response  # noqa: TC002 - FastAPI reads hints
from starlette.exceptions import HTTPException

from deepaas import errors
from deepaas.frontends.api.job_documents import job_path, training
from deepaas.frontends.api.job_door import read_version
from deepaas.frontends.api.preferences import read_preferences, validation_wait_s
from deepaas.frontends.api.v2_json import V2JSONResponse
from deepaas.jobs.records import JobFilter
from deepaas.jobs.states import JobState

if TYPE_CHECKING:
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.jobs.records import Job

_LARGEST_SHOWN_BYTES: Final = 10_000_000
_MOST_LISTED: Final = 10_000


def make_router(door: JobDoor, *, is_train_enabled: bool) -> APIRouter:
    """Return the routes.

    Args:
        door: Leads to the jobs.
        is_train_enabled: Whether training is not switched off.
    """
    router = APIRouter(default_response_class=V2JSONResponse)
    trainings = _Trainings(door, is_enabled=is_train_enabled)

    # One route for all methods of an address: the Allow of a 405 names those of one.

    @router.api_route(
        "/v2/models/{model}/train/", methods=["GET", "POST"], include_in_schema=False
    )
    async def train(model: str, request: Request) -> Response:
        """List the trainings, or start one."""
        if request.method == "POST":
            return await trainings.start(model, request)
        return V2JSONResponse(await trainings.list(model))

    @router.api_route(
        "/v2/models/{model}/train/{training_id}",
        methods=["GET", "DELETE"],
        include_in_schema=False,
    )
    async def one_training(model: str, training_id: str, request: Request) -> Response:
        """Show a training, or cancel and forget it."""
        if request.method == "DELETE":
            return V2JSONResponse(await trainings.cancel(model, training_id))
        return V2JSONResponse(await trainings.show(model, training_id))

    @router.post("/v2/models/{model}/validate/", include_in_schema=False)
    async def validate(model: str, request: Request) -> Response:
        """Validate a model; the answer waits for the result for a while."""
        return await _validate(door, model, request)

    @router.post(
        "/v2/models/{model}/versions/{version}/validate/", include_in_schema=False
    )
    async def validate_version(model: str, version: str, request: Request) -> Response:
        """Validate one version of a model."""
        number = read_version(model, version)
        return await _validate(door, model, request, version=number)

    @router.post(
        "/v2/models/{model}/versions/{version}/train/", include_in_schema=False
    )
    async def train_version(model: str, version: str, request: Request) -> Response:
        """Start a training from one version of a model."""
        number = read_version(model, version)
        return await trainings.start(model, request, version=number)

    return router


class _Trainings:
    """The trainings of all models, as 2.x shows them."""

    def __init__(self, door: JobDoor, *, is_enabled: bool) -> None:
        self._door = door
        self._is_enabled = is_enabled

    async def start(
        self, model: str, request: Request, *, version: int | None = None
    ) -> Response:
        """Start a training, from the active version unless another is named."""
        self._check(model)
        preferences = read_preferences(request.headers.getlist("prefer"))
        submitted = await self._door.submit(
            request, model=model, operation="train", door="v2", version=version
        )
        if preferences.is_async:
            return await self._door.answer_or_accept(
                submitted,
                scope=request.scope,
                wait_s=0,
                applied=["respond-async"],
            )
        headers = self._door.accepted_headers(submitted)
        del headers["location"]  # which 2.x does not send, and 200 has no use for
        return V2JSONResponse(await self._document(submitted.job), headers=headers)

    async def list(self, model: str) -> list[dict[str, Any]]:
        """Return a model's trainings in the order of their start."""
        self._check(model)
        if not self._door.has_jobs:
            return []
        wanted = JobFilter(
            processes=((model, "train"),), is_ascending=True, limit=_MOST_LISTED
        )
        page = await self._door.service.list(wanted)
        return [await self._document(job) for job in page.jobs]

    async def show(self, model: str, training_id: str) -> dict[str, Any]:
        """Return one training."""
        return await self._document(await self._find(model, training_id))

    async def cancel(self, model: str, training_id: str) -> dict[str, Any]:
        """Cancel a training if it is not over, and forget it."""
        job = await self._find(model, training_id)
        service = self._door.service
        left = await service.delete(job.id)
        if not job.state.is_final:
            # Dismissed now, and 2.x forgets it too; if it had just ended, it is gone.
            with suppress(errors.JobRemovedError):
                await service.delete(job.id)
        return await self._document(left)

    def _check(self, model: str) -> None:
        self._door.plane.pool(model)
        if not self._is_enabled:
            raise errors.OperationDisabledError("train")

    async def _find(self, model: str, training_id: str) -> Job:
        self._check(model)
        if not self._door.has_jobs:
            raise HTTPException(HTTPStatus.NOT_FOUND)
        try:
            job = await self._door.service.get(training_id)
        except (errors.JobNotFoundError, errors.JobRemovedError):
            raise HTTPException(HTTPStatus.NOT_FOUND) from None
        if (job.model, job.operation) != (model, "train"):
            raise HTTPException(HTTPStatus.NOT_FOUND)
        return job

    async def _document(self, job: Job) -> dict[str, Any]:
        output = None
        if job.state is JobState.SUCCESSFUL:
            output = await asyncio.to_thread(self._output, job)
        return training(job, output=output, events=await self._door.events(job))

    def _output(self, job: Job) -> Any:
        """Return the result of a training as JSON can hold it."""
        result = job.result
        assert result is not None  # noqa: S101 - a successful job has one
        path = job_path(job.id, root=self._door.base_path)
        link = {"href": f"{path}/results", "type": result.media_type}
        if result.size_bytes > _LARGEST_SHOWN_BYTES:
            return link
        content = (self._door.service.files.folder(job.id) / result.file).read_bytes()
        media_type = result.media_type.partition(";")[0]
        if media_type == "application/json":
            return msgspec.json.decode(content)
        if media_type.startswith("text/"):
            return content.decode("utf-8", "replace")
        value = base64.b64encode(content).decode("ascii")
        return {"value": value, "mediaType": result.media_type}


async def _validate(
    door: JobDoor, model: str, request: Request, *, version: int | None = None
) -> Response:
    preferences = read_preferences(request.headers.getlist("prefer"))
    submitted = await door.submit(
        request, model=model, operation="validate", door="v2", version=version
    )
    return await door.answer_or_accept(
        submitted,
        scope=request.scope,
        wait_s=validation_wait_s(preferences),
        applied=preferences.applied,
    )
