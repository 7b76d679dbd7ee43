"""How often a job is tried, and what becomes of one that was cut off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.jobs.records import Job
from deepaas.jobs.recovery import event_after_crash
from deepaas.jobs.retry import may_retry, retry_delay
from deepaas.jobs.states import JobEvent

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempt", "retries", "expected"),
    [(1, 0, False), (1, 1, True), (2, 1, False), (3, 5, True)],
)
def test_a_job_is_tried_as_often_as_its_author_said(
    attempt: int, retries: int, expected: bool
) -> None:
    assert expected is may_retry(attempt=attempt, retries=retries)


@given(st.integers(1, 1000), st.floats(0, 1e5))
def test_waits_never_shrink_and_have_an_end(attempt: int, first_s: float) -> None:
    delay = retry_delay(attempt, first_s=first_s)

    assert delay <= retry_delay(attempt + 1, first_s=first_s)
    assert first_s <= delay.total_seconds() + 1e-6
    assert delay.total_seconds() <= max(3600.0, first_s) + 1e-6


def test_each_wait_is_twice_the_one_before() -> None:
    waits = [retry_delay(one, first_s=10).total_seconds() for one in (1, 2, 3)]

    assert [10, 20, 40] == waits


@pytest.mark.parametrize(
    ("is_restartable", "event"),
    [(True, JobEvent.REQUEUED), (False, JobEvent.INTERRUPTED)],
)
def test_only_the_author_lets_a_job_run_twice(
    is_restartable: bool, event: JobEvent
) -> None:
    job = Job(
        id="1",
        model="m",
        operation="train",
        created=NOW,
        updated=NOW,
        is_restartable=is_restartable,
    )

    assert event is event_after_crash(job)
