"""Which jobs may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.jobs.records import Job
from deepaas.jobs.retention import REMOVED, Keep, Kept, who_may_go
from deepaas.jobs.states import JobState

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def kept(
    days: int,
    *,
    operation: str = "predict",
    state: JobState = JobState.SUCCESSFUL,
    size_bytes: int = 1,
    has_version: bool = False,
    **fields: Any,
) -> Kept:
    """Return a job that ended so many days ago; its id says how many."""
    job = Job(
        id=f"{1000 - days:032x}",
        model="yolo",
        operation=operation,
        state=state,
        created=NOW - days * DAY,
        updated=NOW - days * DAY,
        finished=NOW - days * DAY if state.is_final else None,
        **fields,
    )
    return Kept(job=job, size_bytes=size_bytes, has_version=has_version)


def gone(jobs: list[Kept], **limits: Keep) -> list[int]:
    return [1000 - int(one, 16) for one in who_may_go(jobs, limits=limits, now=NOW)]


def test_without_limits_all_stay() -> None:
    assert [] == gone([kept(1000), kept(2, operation="train")])
    assert [] == gone([kept(1000)], predict=Keep(), train=Keep(count=0))


def test_what_is_too_old_goes() -> None:
    jobs = [kept(29), kept(30), kept(31), kept(32)]

    assert [32, 31] == gone(jobs, predict=Keep(age=30 * DAY))


def test_of_too_many_the_newest_stay() -> None:
    jobs = [kept(3), kept(1), kept(2)]

    assert [3, 2] == gone(jobs, predict=Keep(count=1))


def test_what_is_too_large_together_goes_from_its_old_end() -> None:
    jobs = [kept(1, size_bytes=5), kept(2, size_bytes=5), kept(3), kept(4)]

    assert [4, 3] == gone(jobs, predict=Keep(size_bytes=10))


def test_a_result_that_is_too_large_alone_lives_until_the_next_one() -> None:
    large, small = kept(2, size_bytes=100), kept(1)

    assert [] == gone([large], predict=Keep(size_bytes=10))
    assert [2] == gone([large, small], predict=Keep(size_bytes=10))


def test_each_kind_has_limits_of_its_own() -> None:
    jobs = [kept(5), kept(6, operation="train"), kept(7, is_hidden=True)]

    assert [5] == gone(jobs, predict=Keep(count=0), train=Keep(count=1))
    assert [7] == gone(jobs, **{REMOVED: Keep(age=DAY)})


@pytest.mark.parametrize("state", [JobState.ACCEPTED, JobState.RUNNING])
def test_what_is_not_final_stays(state: JobState) -> None:
    assert [] == gone([kept(100, state=state)], predict=Keep(age=DAY, count=0))


def test_the_job_of_a_version_stays_and_takes_no_place() -> None:
    jobs = [kept(1, operation="train", has_version=True), kept(2, operation="train")]

    assert [] == gone(jobs, train=Keep(count=1))
    assert [2] == gone(jobs, train=Keep(count=0))


JOBS = st.lists(
    st.builds(
        kept,
        st.integers(0, 60),
        state=st.sampled_from(JobState),
        size_bytes=st.integers(0, 100),
        has_version=st.booleans(),
    ),
    unique_by=lambda one: one.job.id,
)
LIMITS = st.builds(
    Keep,
    age=st.none() | st.integers(0, 60).map(lambda days: days * DAY),
    count=st.none() | st.integers(0, 20),
    size_bytes=st.none() | st.integers(0, 500),
)


@given(JOBS, LIMITS)
def test_what_stays_keeps_the_limits_and_nothing_goes_without_need(
    jobs: list[Kept], limit: Keep
) -> None:
    ids = who_may_go(jobs, limits={"predict": limit}, now=NOW)

    removed = [one for one in jobs if one.job.id in ids]
    left = [one for one in jobs if one.may_go and one not in removed]
    assert all(one.may_go for one in removed)
    assert limit.count is None or len(left) <= limit.count
    assert limit.age is None or all(NOW - one.job.updated <= limit.age for one in left)
    if limit.size_bytes is not None and len(left) > 1:
        assert sum(one.size_bytes for one in left) <= limit.size_bytes
    assert [] == who_may_go(
        [one for one in jobs if one not in removed], limits={"predict": limit}, now=NOW
    )
    if removed and left:
        newest_gone = max(one.job.updated for one in removed)
        assert newest_gone <= min(one.job.updated for one in left)
