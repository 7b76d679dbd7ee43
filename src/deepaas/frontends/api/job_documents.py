"""Jobs as documents: the statusInfo of OGC API Processes, and the training of 2.x.

Version 1.0 of the standard and the draft of 2.0 call the same things by different
names; a document has both. What is not known is left out, never null.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from deepaas.frontends.api.names import SAFE_IN_A_SEGMENT
from deepaas.jobs.states import JobState
from deepaas.model.batch_lines import NDJSON

if TYPE_CHECKING:
    from deepaas.backends.job_events import LastEvents
    from deepaas.jobs.records import Artifact, Job

OGC_REL: Final = "http://www.opengis.net/def/rel/ogc/1.0"

_V2_STATUS: Final = {
    JobState.ACCEPTED: "running",
    JobState.RUNNING: "running",
    JobState.SUCCESSFUL: "done",
    JobState.FAILED: "error",
    JobState.DISMISSED: "cancelled",
}
_JSON: Final = "application/json"
_LEAST_FRACTION: Final = 0.01
"""Before that much is done, nobody can tell when the rest will be."""


def process_id(model: str, operation: str) -> str:
    """Return the name of an operation as a process."""
    return f"{model}.{operation}"


def status_info(
    job: Job, *, events: LastEvents, root: str, state: JobState | None = None
) -> dict[str, Any]:
    """Return the status of a job (OGC 18-062r2, 7.12).

    Args:
        job: The job.
        events: What it has told of itself.
        root: The address of this API, without a final slash.
        state: The state to show instead of the job's own.
    """
    state = state or job.state
    process = process_id(job.model, job.operation)
    document = {
        "jobID": job.id,
        "id": job.id,
        "type": "process",
        "processingEntityType": "ogc-api-processes",
        "processID": process,
        "status": state.value,
        "message": job.detail or events.message or None,
        "progress": _progress(job, events),
        "created": _time(job.created),
        "started": _time(job.started),
        "finished": _time(job.finished),
        "updated": _time(job.updated),
        "expectedFinish": _time(_expected_finish(job, events)),
        "model": job.model,
        "operation": job.operation,
        "attempt": job.attempt or None,
        "cause": job.cause or None,
        "exit_status": job.exit_status,
        "signal": job.signal,
        "version": job.version,
        "made_version": job.made_version,
        "arguments": job.arguments,
        "metrics": events.metrics or None,
        "exception": _exception(job),
        "links": _links(job, process=process, root=root),
    }
    return {name: value for name, value in document.items() if value is not None}


def training(job: Job, *, output: Any, events: LastEvents) -> dict[str, Any]:
    """Return a training as DEEPaaS 2.x describes it.

    Args:
        job: The job.
        output: Its result, when it is successful.
        events: What it has told of itself.
    """
    document: dict[str, Any] = {
        "date": str(_local(job.created)),
        "args": job.arguments,
        "uuid": job.id,
        "status": _V2_STATUS[job.state],
    }
    if job.state is JobState.SUCCESSFUL and job.finished is not None:
        document["result"] = {
            "output": output,
            "finish_date": str(_local(job.finished)),
            "duration": str(job.finished - job.created),
        }
    elif job.state is JobState.FAILED:
        document["message"] = job.detail
    elif job.state is JobState.ACCEPTED:
        document["waiting"] = True
    elif events.fraction is not None:
        document["progress"] = round(100 * events.fraction)
    return document


def artifact_document(artifact: Artifact, job: Job, *, root: str) -> dict[str, Any]:
    """Return one file that a job has made, as lists have it."""
    return {
        "path": artifact.path,
        "href": f"{job_path(job.id, root=root)}/artifacts/{quote(artifact.path)}",
        "size_bytes": artifact.size_bytes,
        "type": artifact.media_type,
        "sha256": artifact.sha256,
    }


def job_path(job_id: str, *, root: str) -> str:
    """Return the address of a job."""
    return f"{root}/jobs/{job_id}"


def _progress(job: Job, events: LastEvents) -> int | None:
    if job.state is JobState.SUCCESSFUL:
        return 100
    if job.state is JobState.ACCEPTED:
        return 0
    return None if events.fraction is None else int(100 * events.fraction)


def _expected_finish(job: Job, events: LastEvents) -> datetime | None:
    """Return when a running job will end if it goes on as it has until now."""
    fraction = events.fraction or 0.0
    if job.state is not JobState.RUNNING or fraction < _LEAST_FRACTION:
        return None
    if job.started is None or events.at is None:
        return None
    lasted_s = max(0.0, events.at - job.started.timestamp())
    return job.started + timedelta(seconds=lasted_s / fraction)


def _exception(job: Job) -> dict[str, Any] | None:
    if job.state is not JobState.FAILED:
        return None
    return {
        "type": f"urn:deepaas:problem:{job.cause.replace('_', '-')}",
        "title": "The job failed",
        "detail": job.detail,
    }


def _links(job: Job, *, process: str, root: str) -> list[dict[str, str]]:
    here = job_path(job.id, root=root)
    name = quote(process, safe=SAFE_IN_A_SEGMENT)
    links = [
        _link("self", here, "This document"),
        _link("monitor", here, "This document"),
        _link(f"{OGC_REL}/processes", f"{root}/processes/{name}", "The process"),
        _link("events", f"{here}/events", "What happens", "text/event-stream"),
        _link("log", f"{here}/log", "What the job prints", "text/plain"),
        _link("metrics", f"{here}/metrics", "Metrics"),
    ]
    if job.state.is_final:
        links.append(_link("record", f"{here}/record", "Where it came from"))
    if job.state is JobState.SUCCESSFUL:
        links += [
            _link(f"{OGC_REL}/results", f"{here}/results", "The result"),
            _link("results", f"{here}/results", "The result"),
            _link("artifacts", f"{here}/artifacts", "The files that it has made"),
        ]
    elif job.state is JobState.FAILED:
        links.append(
            _link(f"{OGC_REL}/exceptions", f"{here}/results", "What went wrong")
        )
    if _has_lines(job):
        links.append(_link("results", f"{here}/results", "The lines so far", NDJSON))
    return links


def _has_lines(job: Job) -> bool:
    """Return whether it is a batch that has begun and has not come to its end."""
    is_batch = job.request.envelope == "batch"
    return is_batch and job.attempt > 0 and job.state is not JobState.SUCCESSFUL


def _link(rel: str, href: str, title: str, media_type: str = _JSON) -> dict[str, str]:
    return {"rel": rel, "href": href, "type": media_type, "title": title}


def _time(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 has it."""
    if moment is None:
        return None
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def _local(moment: datetime) -> datetime:
    """Return a time as 2.x shows it: of this machine, and without its zone."""
    return moment.astimezone().replace(tzinfo=None)
