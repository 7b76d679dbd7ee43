"""What is said to the database: each statement with a name and a reason.

All of them run within a transaction that its caller begins and ends.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    type_coerce,
    update,
)

from deepaas.backends.stores.schema import (
    active_versions,
    artifacts,
    idempotency_keys,
    jobs,
    transitions,
    versions,
)
from deepaas.jobs.records import JobRequest
from deepaas.jobs.states import FINAL, JobState

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Delete, Insert, Update

    from deepaas.jobs.records import (
        Artifact,
        IdempotencyKey,
        Job,
        JobFilter,
        ModelVersion,
        Owner,
        Transition,
    )

_encode_request = msgspec.msgpack.Encoder().encode
_decode_request = msgspec.msgpack.Decoder(JobRequest).decode

_LISTED = [one for one in jobs.c if one.name != "request"]
"""Without requests: a page of a list would else carry megabytes that nobody reads."""

_JSON_COLUMNS = ("result", "owner")


def job_values(job: Job) -> dict[str, Any]:
    """Return the columns of a job."""
    values = {name: getattr(job, name) for name in jobs.c.keys()}  # noqa: SIM118 - a collection of columns
    values["request"] = _encode_request(job.request)
    for name in _JSON_COLUMNS:
        values[name] = msgspec.to_builtins(values[name])
    return values


def request_of(packed: bytes) -> JobRequest:
    """Return a request from its column."""
    return _decode_request(packed)


@cache
def add_job() -> Insert:
    """Accept a job, given `job_values`.

    This statement and the next are made once, with their values apart: to make them
    anew for each job would take four times as long as all the rest of accepting it.
    """
    return insert(jobs)


@cache
def add_transition() -> Insert:
    """Note a step in a job's life, given `step_values`; its numbers have no gaps."""
    last = (
        select(func.coalesce(func.max(transitions.c.number), 0))
        .where(transitions.c.job == bindparam("of_job"))
        .scalar_subquery()
    )
    return insert(transitions).values(number=last + 1)


def step_values(job: Job, event: str) -> dict[str, Any]:
    """Return the columns of the step that led to where a job is."""
    return {
        "of_job": job.id,
        "job": job.id,
        "state": job.state,
        "event": event,
        "at": job.updated,
        "attempt": job.attempt,
        "cause": job.cause,
        "detail": job.detail,
    }


def get_job(job_id: str) -> Select[Any]:
    """Read one job whole."""
    return select(jobs).where(jobs.c.id == job_id)


def change_job(job_id: str, values: dict[str, Any]) -> Update:
    """Change a job; who calls has checked its state in the same transaction."""
    return update(jobs).where(jobs.c.id == job_id).values(values)


def claim_oldest(
    *,
    now: datetime,
    owner: Owner,
    models: Iterable[str],
    only: Iterable[str] | None = None,
) -> Update:
    """Hand the oldest job that may begin to one process.

    One statement takes the job, so there is no moment between looking and taking. The
    attempt is counted before it begins: a job that ends its process at once must not be
    claimed for ever.
    """
    oldest = (
        select(jobs.c.id)
        .where(
            *_alive(JobState.ACCEPTED),
            jobs.c.model.in_(sorted(models)),
            or_(jobs.c.not_before.is_(None), jobs.c.not_before <= now),
            *(() if only is None else (jobs.c.id.in_(sorted(only)),)),
        )
        .order_by(jobs.c.id)
        .limit(1)
        .scalar_subquery()
    )
    return (
        update(jobs)
        .where(jobs.c.id == oldest)
        .values(
            state=JobState.RUNNING,
            attempt=jobs.c.attempt + 1,
            started=now,
            updated=now,
            not_before=None,
            cause="",
            detail="",
            failure=None,
            exit_status=None,
            signal=None,
            owner=msgspec.to_builtins(owner),
        )
        .returning(jobs)
    )


def list_jobs(wanted: JobFilter, *, now: datetime) -> Select[Any]:
    """Read a page of jobs and one more, which tells whether another page follows.

    The jobs are chosen in an index alone, and only then read.
    """
    order = jobs.c.id.asc() if wanted.is_ascending else jobs.c.id.desc()
    chosen = (
        select(jobs.c.id)
        .where(*_conditions(wanted, now))
        .order_by(order)
        .limit(wanted.limit + 1)
    )
    return select(*_LISTED).where(jobs.c.id.in_(chosen)).order_by(order)


def _conditions(wanted: JobFilter, now: datetime) -> Iterable[ColumnElement[bool]]:
    if not wanted.with_hidden:
        yield jobs.c.is_hidden.is_(False)
    if wanted.processes:
        yield tuple_(jobs.c.model, jobs.c.operation).in_(wanted.processes)
    if wanted.models:
        yield jobs.c.model.in_(wanted.models)
    if wanted.operations:
        yield jobs.c.operation.in_(wanted.operations)
    if wanted.states:
        yield jobs.c.state.in_(wanted.states)
    if wanted.created_from:
        yield jobs.c.created >= wanted.created_from
    if wanted.created_to:
        yield jobs.c.created <= wanted.created_to
    if wanted.cursor:
        beyond = jobs.c.id > wanted.cursor if wanted.is_ascending else None
        yield jobs.c.id < wanted.cursor if beyond is None else beyond
    yield from _durations(wanted, now)


def _durations(wanted: JobFilter, now: datetime) -> Iterable[ColumnElement[bool]]:
    """Compare how long jobs ran, or have run by now; both ends in microseconds."""
    if wanted.least_duration_s is None and wanted.most_duration_s is None:
        return
    end = func.coalesce(jobs.c.finished, literal(now, jobs.c.finished.type))
    lasted_us = _plain(end) - _plain(jobs.c.started)
    yield jobs.c.started.is_not(None)
    if wanted.least_duration_s is not None:
        yield lasted_us >= int(wanted.least_duration_s * 1e6)
    if wanted.most_duration_s is not None:
        yield lasted_us <= int(wanted.most_duration_s * 1e6)


def _plain(instant: Any) -> Any:
    return type_coerce(instant, BigInteger)


def running_jobs() -> Select[Any]:
    """Read what runs, or ran when the last server ended."""
    return select(jobs).where(*_alive(JobState.RUNNING)).order_by(jobs.c.id)


@cache
def count_waiting() -> Select[Any]:
    """Count the jobs that wait."""
    return select(func.count()).select_from(jobs).where(*_alive(JobState.ACCEPTED))


def _alive(state: JobState) -> tuple[ColumnElement[bool], ...]:
    """Narrow a query to a state that is not final, so that `jobs_alive` serves it."""
    return jobs.c.finished.is_(None), jobs.c.state == state


def count_by_state() -> Select[Any]:
    """Count jobs by model, operation and state."""
    return select(
        jobs.c.model, jobs.c.operation, jobs.c.state, func.count().label("count")
    ).group_by(jobs.c.model, jobs.c.operation, jobs.c.state)


def add_transitions(job_id: str, steps: Sequence[Transition]) -> Insert:
    """Note the steps of a job that another store has kept."""
    return insert(transitions).values(
        [{"job": job_id, **msgspec.structs.asdict(one)} for one in steps]
    )


def get_transitions(job_id: str, *, after: int) -> Select[Any]:
    """Read the steps of a job's life that follow the step `after`."""
    return (
        select(transitions)
        .where(transitions.c.job == job_id, transitions.c.number > after)
        .order_by(transitions.c.number)
    )


# -------------------------------------------------------------- idempotency keys


def find_key(key: IdempotencyKey) -> Select[Any]:
    """Read what a key was used for."""
    return select(idempotency_keys).where(
        idempotency_keys.c.scope == key.scope, idempotency_keys.c.key == key.key
    )


def add_key(key: IdempotencyKey, *, job_id: str, now: datetime) -> Insert:
    """Keep a key; the primary key sees to it that there is one job for it."""
    return insert(idempotency_keys).values(
        scope=key.scope,
        key=key.key,
        fingerprint=key.fingerprint,
        job=job_id,
        created=now,
    )


def forget_keys(before: datetime) -> Delete:
    """Drop keys whose time is over."""
    return delete(idempotency_keys).where(idempotency_keys.c.created < before)


# --------------------------------------------------------------------- artifacts


def add_artifacts(job_id: str, files: Sequence[Artifact]) -> Insert:
    """Note the files that a job has made."""
    return insert(artifacts).values(
        [{"job": job_id, **msgspec.to_builtins(one)} for one in files]
    )


def get_artifacts(job_id: str) -> Select[Any]:
    """Read the files that a job has made."""
    return select(artifacts).where(artifacts.c.job == job_id).order_by(artifacts.c.path)


# ---------------------------------------------------------------------- versions


def add_version(version: ModelVersion) -> Insert:
    """Add a version."""
    return insert(versions).values(
        {name: getattr(version, name) for name in versions.c.keys()}  # noqa: SIM118 - as above
    )


def last_version(model: str) -> Select[Any]:
    """Read the largest number; those of deleted versions are never used again."""
    return select(func.coalesce(func.max(versions.c.number), 0)).where(
        versions.c.model == model
    )


def get_versions(model: str) -> Select[Any]:
    """Read the versions of a model, newest first."""
    return (
        select(versions)
        .where(versions.c.model == model, versions.c.is_deleted.is_(False))
        .order_by(versions.c.number.desc())
    )


def get_version(model: str, number: int) -> Select[Any]:
    """Read one version."""
    return select(versions).where(
        versions.c.model == model,
        versions.c.number == number,
        versions.c.is_deleted.is_(False),
    )


def change_version(model: str, number: int, values: dict[str, Any]) -> Update:
    """Change what is known of a version."""
    return (
        update(versions)
        .where(versions.c.model == model, versions.c.number == number)
        .values(values)
    )


def get_active(model: str) -> Select[Any]:
    """Read which version answers; no row means the model as installed."""
    return select(active_versions.c.number).where(active_versions.c.model == model)


def clear_active(model: str) -> Delete:
    """Let the model as installed answer."""
    return delete(active_versions).where(active_versions.c.model == model)


def set_active(model: str, number: int) -> Insert:
    """Let a version answer; `clear_active` comes first."""
    return insert(active_versions).values(model=model, number=number)


# --------------------------------------------------------------------- retention


def final_jobs(*, limit: int, after: str = "") -> Select[Any]:
    """Read jobs that are final, oldest first, for whoever decides what may go."""
    return (
        select(*_LISTED)
        .where(
            and_(
                jobs.c.state.in_(sorted(FINAL)),
                jobs.c.id > after,
            )
        )
        .order_by(jobs.c.id)
        .limit(limit)
    )


def known_jobs(job_ids: Sequence[str]) -> Select[Any]:
    """Read which of some ids are ids of jobs."""
    return select(jobs.c.id).where(jobs.c.id.in_(job_ids))


def purge(job_ids: Sequence[str]) -> list[Delete]:
    """Remove jobs with all that belongs to them."""
    return [
        delete(jobs).where(jobs.c.id.in_(job_ids)),
        delete(transitions).where(transitions.c.job.in_(job_ids)),
        delete(artifacts).where(artifacts.c.job.in_(job_ids)),
        delete(idempotency_keys).where(idempotency_keys.c.job.in_(job_ids)),
    ]
