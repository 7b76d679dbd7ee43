"""What happens within one transaction; the promises are those of `SqliteJobStore`.

Each function gets the connection of a transaction that its caller begins and commits.
What it raises undoes what it has done.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from deepaas import errors
from deepaas.backends.faults import inject
from deepaas.backends.stores import statements
from deepaas.jobs.records import (
    Added,
    Artifact,
    Job,
    JobHistory,
    JobPage,
    JobRequest,
    JobResult,
    ModelVersion,
    Owner,
    Transition,
)
from deepaas.jobs.states import JobEvent, JobState, next_state

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Row

    from deepaas.jobs.records import IdempotencyKey, JobFilter, JobOutput, Step

_NO_REQUEST: Final = JobRequest()
_RETRY_AFTER_S: Final = 30.0
_WAITING: Final = "deepaas.waiting"
_MOST_IDS: Final = 500
"""In one statement; databases have a limit."""


def add(
    connection: Connection, *, job: Job, key: IdempotencyKey | None, most: int
) -> Added:
    """Accept a job and its key, unless the key was used or too many wait."""
    if key is not None:
        found = find_key(connection, key=key)
        if found is not None:
            return Added(job=found, is_replay=True)
    _make_room(connection, most=most)
    connection.execute(statements.add_job(), statements.job_values(job))
    inject("store.after_insert")
    _note(connection, job, "submitted")
    if key is not None:
        connection.execute(statements.add_key(key, job_id=job.id, now=job.created))
    return Added(job=job, is_replay=False)


def _make_room(connection: Connection, *, most: int) -> None:
    """Count a job that is about to wait, and refuse it if there are too many.

    Counting takes as long as there are jobs, so the connection keeps how many there
    can be at most: those of the last count, and those that have come since.
    """
    waiting = connection.info.get(_WAITING, most)
    if waiting >= most:
        waiting = connection.scalar(statements.count_waiting()) or 0
    connection.info[_WAITING] = waiting + 1
    if waiting >= most:
        raise errors.TooManyJobsError(most, retry_after_s=_RETRY_AFTER_S)


def find_key(connection: Connection, *, key: IdempotencyKey) -> Job | None:
    """Return the job that a key was used for, or None."""
    row = connection.execute(statements.find_key(key)).one_or_none()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise errors.IdempotencyMismatchError(key.key)
    return get(connection, job_id=row.job)


def get(connection: Connection, *, job_id: str) -> Job:
    """Return one job whole."""
    row = connection.execute(statements.get_job(job_id)).one_or_none()
    if row is None:
        raise errors.JobNotFoundError(job_id)
    return _job(row)


def list_jobs(connection: Connection, *, wanted: JobFilter) -> JobPage:
    """Return a page of jobs."""
    now = datetime.now(UTC)
    rows = connection.execute(statements.list_jobs(wanted, now=now)).all()
    found = tuple(_job(row) for row in rows[: wanted.limit])
    has_more = len(rows) > wanted.limit
    return JobPage(jobs=found, next_cursor=found[-1].id if has_more else "")


def claim_oldest(
    connection: Connection,
    *,
    now: datetime,
    owner: Owner,
    models: frozenset[str],
    only: frozenset[str] | None = None,
) -> Job | None:
    """Hand the oldest job that may begin to its caller, or return None."""
    row = connection.execute(
        statements.claim_oldest(now=now, owner=owner, models=models, only=only)
    ).one_or_none()
    if row is None:
        return None
    job = _job(row)
    _note(connection, job, JobEvent.CLAIMED)
    return job


def move(connection: Connection, *, job_id: str, step: Step) -> Job:
    """Let an event happen to a job."""
    job = get(connection, job_id=job_id)
    _fence(job, attempt=step.attempt, event=step.event)
    state = next_state(job.state, step.event)
    changed = msgspec.structs.replace(
        job,
        state=state,
        updated=step.now,
        finished=step.now if state.is_final else None,
        owner=None,
        **msgspec.structs.asdict(step.changes),
    )
    return _store(connection, changed, step.event)


def complete(
    connection: Connection,
    *,
    job_id: str,
    now: datetime,
    attempt: int,
    output: JobOutput,
) -> Job:
    """Say that a job was successful, with all that it has made."""
    job = get(connection, job_id=job_id)
    _fence(job, attempt=attempt, event=JobEvent.COMPLETED)
    changed = msgspec.structs.replace(
        job,
        state=next_state(job.state, JobEvent.COMPLETED),
        updated=now,
        finished=now,
        result=output.result,
        made_version=output.version.number if output.version else None,
        owner=None,
    )
    if output.artifacts:
        connection.execute(statements.add_artifacts(job_id, output.artifacts))
    if output.version is not None:
        connection.execute(statements.add_version(output.version))
        if output.is_activated:
            number = output.version.number
            activate(connection, model=job.model, number=number)
    return _store(connection, changed, JobEvent.COMPLETED)


def _fence(job: Job, *, attempt: int | None, event: JobEvent) -> None:
    """Refuse what comes from an attempt that is not the last one any more."""
    if attempt is not None and attempt != job.attempt:
        raise errors.JobStateConflictError(state=job.state, event=event)


def _store(connection: Connection, job: Job, event: JobEvent) -> Job:
    values = statements.job_values(job)
    for unchanged in ("id", "request", "arguments"):
        del values[unchanged]
    connection.execute(statements.change_job(job.id, values))
    _note(connection, job, event)
    return job


def _note(connection: Connection, job: Job, event: str) -> None:
    """Add a step to a job's history."""
    connection.execute(statements.add_transition(), statements.step_values(job, event))


def hide(connection: Connection, *, job_id: str) -> None:
    """Remove a job from sight."""
    connection.execute(statements.change_job(job_id, {"is_hidden": True}))


def running(connection: Connection) -> list[Job]:
    """Return the jobs that run."""
    return [_job(row) for row in connection.execute(statements.running_jobs())]


def transitions(connection: Connection, *, job_id: str, after: int) -> list[Transition]:
    """Return steps of a job's life."""
    rows = connection.execute(statements.get_transitions(job_id, after=after))
    return [
        Transition(
            number=row.number,
            state=JobState(row.state),
            event=row.event,
            at=row.at,
            attempt=row.attempt,
            cause=row.cause,
            detail=row.detail,
        )
        for row in rows
    ]


def artifacts(connection: Connection, *, job_id: str) -> list[Artifact]:
    """Return the files that a job has made."""
    return [
        Artifact(
            path=row.path,
            size_bytes=row.size_bytes,
            media_type=row.media_type,
            sha256=row.sha256,
        )
        for row in connection.execute(statements.get_artifacts(job_id))
    ]


def history(connection: Connection, *, job_id: str) -> JobHistory:
    """Return all that is known of a job."""
    job = get(connection, job_id=job_id)
    made = job.made_version
    return JobHistory(
        job=job,
        transitions=tuple(transitions(connection, job_id=job_id, after=0)),
        artifacts=tuple(artifacts(connection, job_id=job_id)),
        version=version(connection, model=job.model, number=made) if made else None,
    )


def take_in(connection: Connection, *, history: JobHistory) -> Job:
    """Add a job of another store; its version gets the next number here."""
    job = history.job
    if connection.execute(statements.get_job(job.id)).one_or_none() is not None:
        return get(connection, job_id=job.id)
    if history.version is not None:
        number = next_version(connection, model=job.model)
        job = msgspec.structs.replace(job, made_version=number)
        made = msgspec.structs.replace(
            history.version, number=number, folder=f"versions/{job.model}/{number}"
        )
        connection.execute(statements.add_version(made))
    connection.execute(statements.add_job(), statements.job_values(job))
    if history.transitions:
        connection.execute(statements.add_transitions(job.id, history.transitions))
    if history.artifacts:
        connection.execute(statements.add_artifacts(job.id, history.artifacts))
    return job


def adopt(
    connection: Connection, *, model: str, found: Sequence[ModelVersion], active: int
) -> None:
    """Take over what another store knows of the versions of a model."""
    for one in found:
        connection.execute(statements.add_version(one))
    if active:
        activate(connection, model=model, number=active)


def counts(connection: Connection) -> dict[tuple[str, str, JobState], int]:
    """Count jobs by model, operation and state."""
    return {
        (model, operation, JobState(state)): count
        for model, operation, state, count in connection.execute(
            statements.count_by_state()
        )
    }


def next_version(connection: Connection, *, model: str) -> int:
    """Return the number of the next version."""
    return (connection.scalar(statements.last_version(model)) or 0) + 1


def versions(connection: Connection, *, model: str) -> list[ModelVersion]:
    """Return the versions of a model."""
    rows = connection.execute(statements.get_versions(model))
    return [_model_version(row) for row in rows]


def version(connection: Connection, *, model: str, number: int) -> ModelVersion:
    """Return one version."""
    row = connection.execute(statements.get_version(model, number)).one_or_none()
    if row is None:
        raise errors.VersionNotFoundError(model, number)
    return _model_version(row)


def active_version(connection: Connection, *, model: str) -> int:
    """Return which version answers."""
    return connection.scalar(statements.get_active(model)) or 0


def activate(connection: Connection, *, model: str, number: int) -> None:
    """Let a version answer."""
    if number:
        version(connection, model=model, number=number)
    connection.execute(statements.clear_active(model))
    if number:
        connection.execute(statements.set_active(model, number))


def delete_version(connection: Connection, *, model: str, number: int) -> ModelVersion:
    """Forget a version."""
    found = version(connection, model=model, number=number)
    if active_version(connection, model=model) == number:
        raise errors.VersionInUseError(model, number)
    connection.execute(statements.change_version(model, number, {"is_deleted": True}))
    return found


def add_validation(
    connection: Connection,
    *,
    model: str,
    number: int,
    job_id: str,
    metrics: dict[str, Any],
) -> None:
    """Keep what a validation has found."""
    before = version(connection, model=model, number=number).metrics
    validations = {**before.get("validations", {}), job_id: metrics}
    changed = {**before, "validations": validations}
    connection.execute(statements.change_version(model, number, {"metrics": changed}))


def final_jobs(connection: Connection, *, limit: int, after: str) -> list[Job]:
    """Return jobs that are final."""
    rows = connection.execute(statements.final_jobs(limit=limit, after=after))
    return [_job(row) for row in rows]


def known(connection: Connection, *, job_ids: Sequence[str]) -> frozenset[str]:
    """Return those of some ids that are ids of jobs."""
    return frozenset(connection.scalars(statements.known_jobs(job_ids)))


def purge(connection: Connection, *, job_ids: Sequence[str]) -> None:
    """Remove jobs with all that belongs to them."""
    for start in range(0, len(job_ids), _MOST_IDS):
        for statement in statements.purge(job_ids[start : start + _MOST_IDS]):
            connection.execute(statement)


def forget_keys(connection: Connection, *, before: datetime) -> None:
    """Drop keys whose time is over."""
    connection.execute(statements.forget_keys(before))


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)  # noqa: SLF001 - the public name of a row's columns
    packed = values.pop("request", None)
    request = _NO_REQUEST if packed is None else statements.request_of(packed)
    values["state"] = JobState(values["state"])
    values["result"] = _converted(values["result"], JobResult)
    values["owner"] = _converted(values["owner"], Owner)
    return Job(request=request, **values)


def _converted(value: Any, kind: type) -> Any:
    return None if value is None else msgspec.convert(value, kind)


def _model_version(row: Row[Any]) -> ModelVersion:
    return ModelVersion(**row._mapping)  # noqa: SLF001 - as above
