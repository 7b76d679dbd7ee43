"""Jobs over HTTP, as OGC API Processes has them, and the files that they have made."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from deepaas import errors
from deepaas.frontends.api import schemas
from deepaas.frontends.api.entity_tags import is_as_known, is_unchanged, job_tag
from deepaas.frontends.api.error_responses import problem_responses
from deepaas.frontends.api.job_documents import artifact_document, job_path
from deepaas.frontends.api.job_filters import JobQuery, read_filter
from deepaas.frontends.api.job_results import (
    error_of_job,
    file_response,
    lines_response,
    result_response,
)
from deepaas.frontends.api.preferences import read_preferences
from deepaas.jobs.states import JobState
from deepaas.model.arguments import OUTPUT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.frontends.api.answers import Scope
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.jobs.records import Artifact, Job

_POLL_AGAIN_S: Final = "1"


def make_router(door: JobDoor) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["jobs"], default_response_class=JSONResponse)
    _add_jobs(router, door)
    _add_job(router, door)
    _add_results(router, door)
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
            "etag": job_tag(document),
            "cache-control": "no-cache",
            "vary": "prefer",
        }
        if preferences.wait_s is not None:
            headers["preference-applied"] = f"wait={preferences.wait_s:g}"
        if document["status"] in (JobState.ACCEPTED, JobState.RUNNING):
            headers["retry-after"] = _POLL_AGAIN_S
        if is_unchanged(request.headers.get("if-none-match", ""), headers["etag"]):
            return Response(status_code=304, headers=headers)
        return JSONResponse(document, headers=headers)

    @router.delete(
        "/jobs/{job_id}",
        operation_id="dismiss_job",
        summary="Dismiss a job, or remove one that is over",
        response_model=None,
        responses={
            200: {"model": schemas.Job},
            **problem_responses(404, 410, 412, 501, 503),
        },
    )
    async def dismiss_job(job_id: str, request: Request) -> Response:
        """Cancel a job that is not over; remove one that is from sight.

        With `If-Match` and the job's entity tag this happens only while the job is in
        the state that the tag is of: a cancel that comes too late removes no result.
        """
        job = await door.service.get(job_id)
        known = request.headers.get("if-match")
        if known is None:
            left = await door.service.delete(job_id)
        else:
            tag = job_tag(await door.status(job, scope=request.scope))
            left = await _dismiss_as_known(door, job, is_same=is_as_known(known, tag))
        document = await door.status(
            left, scope=request.scope, state=JobState.DISMISSED
        )
        return JSONResponse(document)


async def _dismiss_as_known(door: JobDoor, job: Job, *, is_same: bool) -> Job:
    """Dismiss or remove a job, unless it is not as its caller knows it.

    Raises:
        JobChangedError: It is not.
    """
    if not is_same:
        raise errors.JobChangedError(job.id, state=job.state)
    if job.state.is_final:
        return await door.service.delete(job.id)
    try:
        return await door.service.cancel(job.id)
    except errors.JobStateConflictError as error:  # it has ended just now
        raise errors.JobChangedError(job.id, state=error.state) from None


async def _changed(
    door: JobDoor, job: Job, scope: Scope, document: dict[str, Any], *, wait_s: float
) -> dict[str, Any]:
    """Return the document of a job as soon as it differs from an older one."""
    before = job_tag(document)
    latest = document

    async def look(one: Job) -> bool:
        nonlocal latest
        latest = await door.status(one, scope=scope)
        return one.state.is_final or job_tag(latest) != before

    await door.service.wait_until(job.id, look, timeout_s=wait_s)
    return latest


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
        """Get what a job has made, or why it has made nothing.

        Of a batch of predictions it is the lines so far, also before it has ended and
        when it was cut off; the header Job-Status tells which.
        """
        job = await door.service.get(job_id)
        if job.state is JobState.SUCCESSFUL:
            return result_response(job, files=door.service.files)
        monitor = job_path(job.id, root=door.base_path)
        lines = lines_response(job, files=door.service.files, monitor=monitor)
        if lines is None:
            raise error_of_job(job)
        return lines

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
        root = door.root(request.scope)
        found = await _artifacts(door, job)
        return {"artifacts": [artifact_document(one, job, root=root) for one in found]}

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
        file = door.service.files.artifact(job, path)
        for one in await _artifacts(door, job):
            if one.path == path and await asyncio.to_thread(file.is_file):
                digest = _base64_of_hex(one.sha256)
                return file_response(
                    file,
                    media_type=one.media_type,
                    filename=path.rpartition("/")[2],
                    headers={"repr-digest": f"sha-256=:{digest}:"},
                )
        raise errors.ArtifactNotFoundError(job_id, path)


async def _artifacts(door: JobDoor, job: Job) -> Sequence[Artifact]:
    """Return the files that a job has made and that are still there.

    Those of a training belong to the version that it has made, and go with it.
    """
    store = door.service.store
    if job.made_version:
        try:
            await store.version(job.model, job.made_version)
        except errors.VersionNotFoundError:
            return []
    return await store.artifacts(job.id)


def _base64_of_hex(digest: str) -> str:
    return base64.b64encode(bytes.fromhex(digest)).decode("ascii")
