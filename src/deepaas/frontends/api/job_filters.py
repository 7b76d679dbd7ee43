"""Which jobs a caller wants to see (18-062r2, 11: requirements class "job-list")."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field

from deepaas import errors
from deepaas.frontends.api.job_door import process_of
from deepaas.jobs.records import JobFilter
from deepaas.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import Iterable


class JobQuery(BaseModel):
    """The parameters of a list of jobs; those of the standard, and a cursor."""

    type: list[str] = []
    process_id: Annotated[list[str], Field(alias="processID")] = []
    status: list[str] = []
    datetime: str | None = None
    min_duration: Annotated[str | None, Field(alias="minDuration")] = None
    max_duration: Annotated[str | None, Field(alias="maxDuration")] = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 10
    cursor: str = ""


def read_filter(query: JobQuery) -> JobFilter | None:
    """Return what a query asks for, or None when nothing can match.

    Raises:
        InvalidParameterError: A value is wrong.
    """
    if query.type and "process" not in _split(query.type):
        return None
    wanted = tuple(_process(one) for one in _split(query.process_id))
    if query.process_id and not any(wanted):
        return None
    earliest, latest = _interval(query.datetime)
    return JobFilter(
        processes=tuple(one for one in wanted if one),
        states=tuple(_state(one) for one in _split(query.status)),
        created_from=earliest,
        created_to=latest,
        least_duration_s=_seconds("minDuration", query.min_duration),
        most_duration_s=_seconds("maxDuration", query.max_duration),
        limit=query.limit,
        cursor=query.cursor,
    )


def _split(values: Iterable[str]) -> list[str]:
    """Return values that were repeated, or separated by commas, or both."""
    return [one.strip() for value in values for one in value.split(",") if one.strip()]


def _process(text: str) -> tuple[str, str] | None:
    try:
        return process_of(text)
    except errors.ProcessNotFoundError:
        return None


def _state(text: str) -> JobState:
    try:
        return JobState(text)
    except ValueError:
        raise errors.InvalidParameterError(
            "status", f"{text!r} is none of {', '.join(JobState)}"
        ) from None


def _seconds(name: str, text: str | None) -> float | None:
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise errors.InvalidParameterError(
            name, f"{text!r} is no whole number of seconds"
        )
    return float(text)


def _interval(text: str | None) -> tuple[datetime | None, datetime | None]:
    """Return the ends of an interval of RFC 3339 times, `..` for an open one."""
    if text is None:
        return None, None
    first, separator, last = text.partition("/")
    if not separator:
        return _moment(first), _end(first)
    return _moment(first), _end(last)


def _end(text: str) -> datetime | None:
    """Return the last moment that a text stands for.

    Documents tell times to the millisecond; a job is found by the time that it shows.
    """
    moment = _moment(text)
    if moment is None or moment.microsecond % 1000:
        return moment
    return moment.replace(microsecond=moment.microsecond + 999)


def _moment(text: str) -> datetime | None:
    if text in ("", ".."):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise errors.InvalidParameterError(
            "datetime",
            f"{text!r} is no time such as 2026-01-31T12:00:00Z; an interval is written "
            "as two of them with / between, .. for an open end",
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
