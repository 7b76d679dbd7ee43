"""Which jobs a caller wants to see."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import InvalidParameterError
from deepaas.frontends.api.job_filters import JobQuery, read_filter
from deepaas.jobs.records import JobFilter
from deepaas.jobs.states import JobState


def wanted(**parameters: Any) -> JobFilter:
    found = read_filter(JobQuery(**parameters))
    assert found is not None
    return found


def test_by_default_ten_jobs_are_shown_the_newest_first() -> None:
    assert JobFilter(limit=10) == wanted()


@pytest.mark.parametrize("values", [["running,failed"], ["running", "failed"]])
def test_values_are_repeated_or_separated_by_commas(values: list[str]) -> None:
    assert (JobState.RUNNING, JobState.FAILED) == wanted(status=values).states


def test_processes_are_named_by_model_and_operation() -> None:
    processes = wanted(processID=["a.b.train,yolo.predict", "nothing"]).processes
    assert (("a.b", "train"), ("yolo", "predict")) == processes


@pytest.mark.parametrize("parameters", [{"processID": ["x"]}, {"type": ["service"]}])
def test_nothing_is_found_where_nothing_can_match(parameters: dict[str, Any]) -> None:
    assert read_filter(JobQuery(**parameters)) is None


NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOON_AS_SHOWN = NOON.replace(microsecond=999)
"""The last moment that documents, which tell milliseconds, show as noon."""


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2026-01-31T12:00:00Z", NOON, NOON_AS_SHOWN),
        ("2026-01-31T13:00:00+01:00/..", NOON, None),
        ("../2026-01-31T12:00:00Z", None, NOON_AS_SHOWN),
        ("/2026-01-31T12:00:00.000Z", None, NOON_AS_SHOWN),
        ("../2026-01-31T12:00:00.000000001Z", None, NOON_AS_SHOWN),
        ("../2026-01-31T12:00:00.000250Z", None, NOON.replace(microsecond=250)),
        ("../..", None, None),
    ],
)
def test_a_time_is_an_instant_or_an_interval(
    text: str, earliest: datetime | None, latest: datetime | None
) -> None:
    found = wanted(datetime=text)
    assert (earliest, latest) == (found.created_from, found.created_to)


def test_durations_are_in_seconds() -> None:
    found = wanted(minDuration="5", maxDuration="60")
    assert (5.0, 60.0) == (found.least_duration_s, found.most_duration_s)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("status", ["done"]),
        ("datetime", "yesterday"),
        ("datetime", "2026-01-31/2026-02-01/2026-02-02"),
        ("minDuration", "-1"),
        ("minDuration", "1.5"),
        ("maxDuration", "1" * 10),
    ],
)
def test_a_value_that_is_wrong_is_named(name: str, value: Any) -> None:
    with pytest.raises(InvalidParameterError, match=name):
        read_filter(JobQuery(**{name: value}))


@given(
    st.text(),
    st.lists(st.text(), max_size=3),
    st.lists(st.text(), max_size=3),
    st.text(),
)
def test_any_text_is_understood_or_refused(
    moment: str, status: list[str], process: list[str], duration: str
) -> None:
    given: dict[str, Any] = {"processID": process, "minDuration": duration}
    query = JobQuery(datetime=moment, status=status, **given)
    with contextlib.suppress(InvalidParameterError):
        read_filter(query)
