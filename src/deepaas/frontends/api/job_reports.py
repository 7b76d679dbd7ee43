"""What a job tells of itself: its log, its metrics, all as events, and its record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from deepaas import errors
from deepaas.backends.job_files import LOG, RECORD
from deepaas.backends.job_log import JobLog
from deepaas.frontends.api import event_stream, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_metrics import metrics_as_csv, metrics_as_json
from deepaas.frontends.api.log_text import log_response
from deepaas.model.negotiation import choose_media_type

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.frontends.api.job_door import JobDoor

_JSON: Final = "application/json"
_CSV: Final = "text/csv"


def make_router(door: JobDoor) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["jobs"], default_response_class=JSONResponse)
    _add_log(router, door)
    _add_events(router, door)
    _add_metrics(router, door)
    _add_record(router, door)
    return router


def _add_log(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs/{job_id}/log",
        operation_id="get_log",
        summary="Get what a job prints",
        response_model=None,
        responses={
            200: {
                "description": "The log; as events, each line as it is written.",
                "content": {
                    "text/plain": {"schema": {"type": "string"}},
                    event_stream.MEDIA_TYPE: {"schema": {}},
                },
            },
            206: {"description": "The part that was asked for."},
            304: {"description": "The caller has it already."},
            416: {"description": "There is no such part."},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_log(
        job_id: str,
        request: Request,
        follow: Annotated[bool, Query()] = False,
    ) -> Response:
        """Get what a job and all that it started have printed."""
        service = door.service
        job = await service.get(job_id)
        accept = request.headers.get("accept", "")
        wanted = choose_media_type(accept, ["text/plain", event_stream.MEDIA_TYPE])
        if follow or wanted == event_stream.MEDIA_TYPE:
            start = event_stream.read_position(request.headers.get("last-event-id", ""))
            return _streaming(
                event_stream.log_lines(service, job_id, position=start.log)
            )
        log = JobLog(service.files.folder(job_id) / LOG)
        return await log_response(
            log,
            byte_range=request.headers.get("range", ""),
            if_range=request.headers.get("if-range", ""),
            if_none_match=request.headers.get("if-none-match", ""),
            is_whole=job.state.is_final,
        )


def _add_events(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs/{job_id}/events",
        operation_id="get_events",
        summary="Follow a job",
        response_model=None,
        responses={
            200: {
                "description": "States, progress, metrics and log as they come.",
                "content": {event_stream.MEDIA_TYPE: {"schema": {}}},
            },
            204: {"description": "The caller knows how the job ended."},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_events(job_id: str, request: Request) -> Response:
        """Follow all that happens to a job; ends when the job does."""
        service = door.service
        job = await service.get(job_id)
        known = request.headers.get("last-event-id", "")
        position = event_stream.read_position(known)
        if known and await event_stream.is_at_end(service, job, position):
            return Response(status_code=204)
        return _streaming(event_stream.job_events(service, job_id, position=position))


def _add_metrics(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs/{job_id}/metrics",
        operation_id="get_metrics",
        summary="Get the metrics of a job",
        response_model=None,
        responses={
            200: {
                "model": schemas.Metrics,
                "content": {_CSV: {"schema": {"type": "string"}}},
            },
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_metrics(
        job_id: str, request: Request, f: Annotated[str, Query(max_length=20)] = ""
    ) -> Response:
        """Get all values that a job has logged, as JSON or as CSV (`?f=csv`)."""
        await door.service.get(job_id)
        path = door.service.files.events(job_id)
        accept = request.headers.get("accept", "")
        if f == "csv" or choose_media_type(accept, [_JSON, _CSV]) == _CSV:
            table = await asyncio.to_thread(metrics_as_csv, path)
            return Response(table, media_type=_CSV)
        document = await asyncio.to_thread(metrics_as_json, path)
        return Response(document, media_type=_JSON)


def _add_record(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs/{job_id}/record",
        operation_id="get_record",
        summary="Get where the results of a job come from",
        response_model=None,
        responses={
            200: {"model": dict[str, Any]},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_record(job_id: str) -> dict[str, Any]:
        """Get packages, inputs, machine and times of a job that is over."""
        files = door.service.files
        job = await door.service.get(job_id)
        path = files.folder(job_id) / RECORD
        record = await asyncio.to_thread(files.read_json, path)
        if not record:
            raise errors.ResultNotReadyError(job_id, state=job.state)
        return record


def _streaming(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(
        events, media_type=event_stream.MEDIA_TYPE, headers=event_stream.HEADERS
    )
