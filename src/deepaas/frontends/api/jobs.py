"""Jobs over HTTP: those of OGC API Processes, with log, metrics, events and files."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from deepaas import errors
from deepaas.backends.job_events import read_events
from deepaas.backends.job_files import LOG, RECORD
from deepaas.backends.job_log import JobLog
from deepaas.frontends.api import event_stream, schemas
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_documents import artifact_document
from deepaas.frontends.api.job_filters import JobQuery, read_filter
from deepaas.frontends.api.job_results import (
    error_of_job,
    file_response,
    result_response,
)
from deepaas.frontends.api.log_text import log_response
from deepaas.frontends.api.preferences import read_preferences
from deepaas.jobs.states import JobState
from deepaas.model.execution import OUTPUT
from deepaas.model.negotiation import choose_media_type

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.frontends.api.answers import Scope
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.jobs.records import Job

_POLL_AGAIN_S: Final = "1"
_CSV: Final = "text/csv"


def make_router(door: JobDoor) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["jobs"], default_response_class=JSONResponse)
    _add_jobs(router, door)
    _add_job(router, door)
    _add_results(router, door)
    _add_reports(router, door)
    return router


def _add_jobs(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs",
        operation_id="list_jobs",
        summary="List the jobs",
        response_model=None,
        responses={
            200: {"model": schemas.Jobs},
            **problem_responses(400, 501, 503),
        },
    )
    async def list_jobs(
        request: Request, query: Annotated[JobQuery, Query()]
    ) -> dict[str, Any]:
        """List jobs, the newest first."""
        wanted = read_filter(query)
        here = f"{door.root(request.scope)}/jobs"
        links = [{"rel": "self", "href": here, "type": "application/json"}]
        if wanted is None:  # other types of jobs than processes: there are none
            return {"jobs": [], "links": links}
        page = await door.service.list(wanted)
        if page.next_cursor:
            others = [
                pair
                for pair in request.query_params.multi_items()
                if pair[0] != "cursor"
            ]
            following = urlencode([*others, ("cursor", page.next_cursor)])
            links.append(
                {
                    "rel": "next",
                    "href": f"{here}?{following}",
                    "type": "application/json",
                }
            )
        return {
            "jobs": [await door.status(job, scope=request.scope) for job in page.jobs],
            "links": links,
        }


def _add_job(router: APIRouter, door: JobDoor) -> None:
    @router.get(
        "/jobs/{job_id}",
        operation_id="get_job",
        summary="Show a job",
        response_model=None,
        responses={
            200: {"model": schemas.Job},
            304: {"description": "The caller has it already."},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_job(job_id: str, request: Request) -> Response:
        """Show a job; with `Prefer: wait=N` as soon as it has changed."""
        preferences = read_preferences(request.headers.getlist("prefer"))
        job = await door.service.get(job_id)
        document = await door.status(job, scope=request.scope)
        if preferences.wait_s and not job.state.is_final:
            document = await _changed(
                door, job, request.scope, document, wait_s=preferences.wait_s
            )
        headers = {
            "etag": _etag(document),
            "cache-control": "no-cache",
            "vary": "prefer",
        }
        if preferences.wait_s is not None:
            headers["preference-applied"] = f"wait={preferences.wait_s:g}"
        if document["status"] in (JobState.ACCEPTED, JobState.RUNNING):
            headers["retry-after"] = _POLL_AGAIN_S
        if headers["etag"] in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return JSONResponse(document, headers=headers)

    @router.delete(
        "/jobs/{job_id}",
        operation_id="dismiss_job",
        summary="Dismiss a job, or remove one that is over",
        response_model=None,
        responses={
            200: {"model": schemas.Job},
            412: {"description": "The job is not as the caller knows it."},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def dismiss_job(job_id: str, request: Request) -> Response:
        """Cancel a job that is not over; remove one that is from sight."""
        job = await door.service.get(job_id)
        known = request.headers.get("if-match")
        if (
            known
            and known != "*"
            and _etag(await door.status(job, scope=request.scope)) not in known
        ):
            raise errors.JobChangedError(job_id, state=job.state)
        left = await door.service.delete(job_id)
        document = await door.status(
            left, scope=request.scope, state=JobState.DISMISSED
        )
        return JSONResponse(document)


async def _changed(
    door: JobDoor, job: Job, scope: Scope, document: dict[str, Any], *, wait_s: float
) -> dict[str, Any]:
    """Return the document of a job as soon as it differs from an older one."""
    before = _etag(document)
    latest = document

    async def look(one: Job) -> bool:
        nonlocal latest
        latest = await door.status(one, scope=scope)
        return one.state.is_final or _etag(latest) != before

    await door.service.wait_until(job.id, look, timeout_s=wait_s)
    return latest


def _etag(document: dict[str, Any]) -> str:
    text = json.dumps(document, sort_keys=True, default=str)
    return f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'


def _add_results(router: APIRouter, door: JobDoor) -> None:
    anything: dict[str, Any] = {"schema": {}}

    @router.get(
        "/jobs/{job_id}/results",
        operation_id="get_results",
        summary="Get the result of a job",
        response_model=None,
        responses={
            200: {
                "description": "The result, as what the model returned.",
                "content": {"application/json": anything, "*/*": anything},
            },
            206: {"description": "The part that was asked for."},
            416: {"description": "There is no such part."},
            "default": {"$ref": "#/components/responses/ModelsOwnError"},
            **problem_responses(404, 410, 500, 501, 502, 503, 504),
        },
    )
    async def get_results(job_id: str) -> Response:
        """Get what a job has made, or why it has made nothing."""
        job = await door.service.get(job_id)
        if job.state is not JobState.SUCCESSFUL:
            raise error_of_job(job)
        return result_response(job, files=door.service.files)

    @router.get("/jobs/{job_id}/results/{output}", include_in_schema=False)
    async def get_output(job_id: str, output: str) -> Response:
        """Get one output, as the draft of version 2.0 has it."""
        if output != OUTPUT:
            await door.service.get(job_id)
            raise errors.OutputNotFoundError(job_id, output)
        return await get_results(job_id)

    @router.get(
        "/jobs/{job_id}/artifacts",
        operation_id="list_artifacts",
        summary="List the files that a job has made",
        response_model=None,
        responses={
            200: {"model": schemas.Artifacts},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def list_artifacts(job_id: str, request: Request) -> dict[str, Any]:
        """List the files that a job has made."""
        job = await door.service.get(job_id)
        found = await door.service.store.artifacts(job_id)
        return {
            "artifacts": [
                artifact_document(one, job, root=door.root(request.scope))
                for one in found
            ]
        }

    @router.get(
        "/jobs/{job_id}/artifacts/{path:path}",
        operation_id="get_artifact",
        summary="Get a file that a job has made",
        response_model=None,
        responses={
            200: {
                "description": "The file.",
                "content": {"*/*": anything},
            },
            206: {"description": "The part that was asked for."},
            416: {"description": "There is no such part."},
            **problem_responses(404, 410, 501, 503),
        },
    )
    async def get_artifact(job_id: str, path: str) -> Response:
        """Get one file; parts of it can be asked for."""
        job = await door.service.get(job_id)
        found = await door.service.store.artifacts(job_id)
        for one in found:
            if one.path == path:
                return file_response(
                    door.service.files.artifact(job, path),
                    media_type=one.media_type,
                    filename=path.rpartition("/")[2],
                    headers={
                        "repr-digest": f"sha-256=:{_base64_of_hex(one.sha256)}:",
                        "content-security-policy": "sandbox",
                    },
                )
        raise errors.ArtifactNotFoundError(job_id, path)


def _base64_of_hex(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")


def _add_reports(router: APIRouter, door: JobDoor) -> None:
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
        await service.get(job_id)
        accept = request.headers.get("accept", "")
        wanted = choose_media_type(accept, ["text/plain", event_stream.MEDIA_TYPE])
        if follow or wanted == event_stream.MEDIA_TYPE:
            start = event_stream.read_position(request.headers.get("last-event-id", ""))
            return _streaming(
                event_stream.log_lines(service, job_id, position=start.log)
            )
        log = JobLog(service.files.folder(job_id) / LOG)
        return await log_response(log, byte_range=request.headers.get("range", ""))

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
        service = door.service
        await service.get(job_id)
        accept = request.headers.get("accept", "")
        wanted = choose_media_type(accept, ["application/json", _CSV])
        rows = [
            one.content
            for one in read_events(service.files.events(job_id))
            if one.content.get("event") == "metrics"
        ]
        if f == "csv" or wanted == _CSV:
            return Response(_as_csv(rows), media_type=_CSV)
        return JSONResponse({"metrics": _by_name(rows)})

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
        record = files.read_json(files.folder(job_id) / RECORD)
        if not record:
            raise errors.ResultNotReadyError(job_id, state=job.state)
        return record


def _streaming(events: AsyncIterator[bytes]) -> StreamingResponse:
    return StreamingResponse(
        events, media_type=event_stream.MEDIA_TYPE, headers=event_stream.HEADERS
    )


def _by_name(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for number, row in enumerate(rows):
        for name, value in row["metrics"].items():
            point = {
                "step": row.get("step", number),
                "value": value,
                "at": row.get("at"),
            }
            found.setdefault(name, []).append(point)
    return found


def _as_csv(rows: list[dict[str, Any]]) -> str:
    names = sorted({name for row in rows for name in row["metrics"]})
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["step", "at", *names])
    for number, row in enumerate(rows):
        values = [row["metrics"].get(name) for name in names]
        writer.writerow([row.get("step", number), row.get("at"), *values])
    return text.getvalue()
