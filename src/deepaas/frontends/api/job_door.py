"""What all ways to a job have in common: reading the request, writing the answer."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal

from fastapi.responses import JSONResponse

from deepaas import errors
from deepaas.backends.job_events import LastEvents, last_events
from deepaas.frontends.api import answers
from deepaas.frontends.api.heads import read_head
from deepaas.frontends.api.job_documents import job_path, status_info
from deepaas.frontends.api.job_results import error_of_job, result_response
from deepaas.frontends.api.place import root_path
from deepaas.frontends.api.preferences import read_idempotency_key
from deepaas.jobs.states import JobState
from deepaas.runtime.nojobs import NoJobs
from deepaas.runtime.submissions import Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fastapi import Request
    from fastapi.responses import Response

    from deepaas.frontends.api.answers import Scope
    from deepaas.frontends.api.body import BodyReader
    from deepaas.jobs.records import Job
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.jobservice import JobService
    from deepaas.runtime.submissions import Submitted


class JobDoor:
    """Leads requests to the jobs, if there are any.

    Attributes:
        plane: The models.
        bodies: Takes the bodies of requests in.
    """

    def __init__(
        self,
        jobs: JobService | NoJobs,
        *,
        plane: DataPlane,
        bodies: BodyReader,
    ) -> None:
        self.plane = plane
        self._jobs = jobs
        self.bodies = bodies

    @property
    def base_path(self) -> str:
        """What stands before all paths, for the caller of this request."""
        return root_path.get()

    @property
    def has_jobs(self) -> bool:
        """Whether there are jobs on this server, or may be later."""
        return not isinstance(self._jobs, NoJobs) or bool(self._jobs.reason)

    @property
    def service(self) -> JobService:
        """The jobs.

        Raises:
            JobsDisabledError: They are switched off.
            StoreUnavailableError: There is no place to keep them.
        """
        if isinstance(self._jobs, NoJobs):
            self._jobs.refuse()
        return self._jobs

    async def submit(
        self,
        request: Request,
        *,
        model: str,
        operation: str,
        door: Literal["v1", "v2", "ogc"],
        version: int | None = None,
    ) -> Submitted:
        """Accept a job that a request asks for.

        Raises:
            DeepaasError: It is refused, see `JobService.submit`.
        """
        # All that may be refused without the body, before it takes room on the disk.
        service = self.service
        key = idempotency_key(request.scope, model, operation)
        description = self.plane.pool(model).description
        described = description.operations.get(operation) if description else None
        head = read_head(
            request.scope["headers"],
            query=request.scope["query_string"],
            request_id=request.scope["deepaas.request_id"],
            operation=described,
        )
        record = head.record
        record.operation = operation
        record.envelope = "ogc" if door == "ogc" else ""
        body = await self.bodies.read(
            request.receive, announced_bytes=head.announced_bytes
        )
        record.body_path, record.folder = body.path, body.folder
        return await service.submit(
            Submission(
                model=model,
                record=record,
                body=body.content,
                door=door,
                key=key,
                version=version,
            )
        )

    async def events(self, job: Job) -> LastEvents:
        """Return what a job has told of itself last."""
        if job.state is JobState.ACCEPTED:
            return LastEvents()
        return await asyncio.to_thread(last_events, self.service.files.events(job.id))

    def root(self, scope: Scope) -> str:
        """Return the address of this API as the caller knows it.

        Links within documents are whole addresses: clients of OGC services take them
        as they are.
        """
        host = answers.header(scope, b"host")
        return f"{scope['scheme']}://{host}{self.base_path}" if host else self.base_path

    async def status(
        self, job: Job, *, scope: Scope, state: JobState | None = None
    ) -> dict[str, Any]:
        """Return the status document of a job for a caller."""
        return status_info(
            job, events=await self.events(job), root=self.root(scope), state=state
        )

    def accepted_headers(
        self, submitted: Submitted, *, applied: Sequence[str] = ()
    ) -> dict[str, str]:
        """Return the headers of an answer that names a job."""
        path = job_path(submitted.job.id, root=self.base_path)
        headers = {"location": path, "link": f"<{path}>; rel=monitor", "vary": "prefer"}
        if applied:
            headers["preference-applied"] = ", ".join(applied)
        if submitted.is_replay:
            headers["idempotency-replayed"] = "true"
        return headers

    async def answer_or_accept(
        self,
        submitted: Submitted,
        *,
        scope: Scope,
        wait_s: float,
        applied: Sequence[str],
        status: int = HTTPStatus.ACCEPTED,
    ) -> Response:
        """Return the result of a job if it comes in time, else the job.

        Args:
            submitted: The job.
            scope: The request's.
            wait_s: How long to wait for the result; 0 is not at all.
            applied: The caller's preferences that were followed.
            status: Of an answer that has the job.

        Raises:
            DeepaasError: The job failed in time.
        """
        job = submitted.job
        if wait_s:
            job = await self.service.wait(
                job.id, until=lambda one: one.state.is_final, timeout_s=wait_s
            )
        headers = self.accepted_headers(submitted, applied=applied)
        if not wait_s or not job.state.is_final:
            document = await self.status(job, scope=scope)
            return JSONResponse(document, status, headers)
        if job.state is not JobState.SUCCESSFUL:
            raise error_of_job(job)
        del headers["location"]  # what was asked for is here
        return result_response(job, files=self.service.files, headers=headers)


def idempotency_key(scope: Scope, model: str, operation: str) -> tuple[str, str] | None:
    """Return the key of a request with its scope, or None.

    Raises:
        RequestError: The header is wrong.
    """
    given = [
        value.decode("latin-1")
        for name, value in scope["headers"]
        if name == b"idempotency-key"
    ]
    key = read_idempotency_key(given)
    return (f"{model}.{operation}", key) if key else None


def process_of(process: str) -> tuple[str, str]:
    """Return model and operation of a process id.

    Raises:
        ProcessNotFoundError: It is none.
    """
    model, _, operation = process.rpartition(".")
    if not model or operation not in ("predict", "train", "validate"):
        raise errors.ProcessNotFoundError(process)
    return model, operation


def read_version(model: str, text: str) -> int:
    """Return the number of a version.

    Raises:
        VersionNotFoundError: It is none.
    """
    if not text.isdecimal() or len(text) > 9:
        raise errors.VersionNotFoundError(model, text)
    return int(text)
