"""The result of a job as an answer: what it made, or why it made nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fastapi.responses import FileResponse, Response, StreamingResponse

from deepaas import errors, messages
from deepaas.backends.result_lines import LINES_FILE, size_of_whole_lines
from deepaas.failures import error_of
from deepaas.frontends.api.answers import attachment
from deepaas.jobs.states import JobState
from deepaas.model.batch_lines import NDJSON

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from deepaas.backends.job_files import JobFiles
    from deepaas.jobs.records import Job


_PIECE_BYTES: Final = 1 << 18


def result_response(
    job: Job, *, files: JobFiles, headers: Mapping[str, str] | None = None
) -> FileResponse:
    """Return the result of a successful job; parts of it can be asked for."""
    result = job.result
    assert result is not None  # noqa: S101 - a successful job has one
    return file_response(
        files.folder(job.id) / result.file,
        media_type=result.media_type,
        filename=result.filename,
        headers=headers,
    )


def lines_response(job: Job, *, files: JobFiles, monitor: str) -> Response | None:
    """Return the lines that a batch has made so far, or None if there are none yet.

    Args:
        job: A job that is not successful.
        files: Of the jobs.
        monitor: The job's address.
    """
    if job.request.envelope != "batch":
        return None
    folder = files.folder(job.id)
    size = size_of_whole_lines(folder)
    if size is None:
        return None
    headers = {
        "content-length": str(size),
        "cache-control": "no-cache",
        "link": f"<{monitor}>; rel=monitor",
        "job-status": job.state.value,
    }
    if not job.state.is_final:
        headers["retry-after"] = "1"
    pieces = _first_bytes(folder / LINES_FILE, size)
    return StreamingResponse(pieces, media_type=NDJSON, headers=headers)


def _first_bytes(path: Path, size: int) -> Iterator[bytes]:
    """Yield the beginning of a file that may be growing."""
    with path.open("rb") as file:
        while size and (piece := file.read(min(size, _PIECE_BYTES))):
            size -= len(piece)
            yield piece


def file_response(
    path: Path,
    *,
    media_type: str,
    filename: str = "",
    headers: Mapping[str, str] | None = None,
) -> FileResponse:
    """Return a file, to be saved under a name if it has one.

    It may be a page with a script in it, which a browser must not run in our name.
    """
    response = FileResponse(
        path,
        media_type=media_type,
        headers={"content-security-policy": "sandbox", **(headers or {})},
    )
    # Not by Starlette: it adds a charset to text, and quotes names in its own way.
    response.headers["content-type"] = media_type
    if filename:
        response.headers["content-disposition"] = attachment(filename)
    return response


def error_of_job(job: Job) -> errors.DeepaasError:
    """Return the error that a job ended with, or that says why it has no result."""
    if job.state is JobState.DISMISSED:
        return errors.JobDismissedError(job.id)
    if job.state is not JobState.FAILED:
        return errors.ResultNotReadyError(job.id, state=job.state)
    if job.failure is not None:
        return error_of(
            messages.Failure(
                seq=0,
                code=str(job.failure.get("code", "")),
                detail=job.detail,
                facts=dict(job.failure.get("facts", {})),
            )
        )
    if job.cause in ("worker_died", "memory_limit"):
        return errors.WorkerDiedError(
            job.detail,
            cause=job.cause,
            exit_status=job.exit_status,
            signal=job.signal,
        )
    if job.cause == "deadline":
        return errors.DeadlineError(job.detail)
    return errors.JobFailedError(job.detail, cause=job.cause)
