"""The life of a job."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.errors import JobStateConflictError
from deepaas.jobs.states import FINAL, TRANSITIONS, JobEvent, JobState, next_state


@given(st.lists(st.sampled_from(JobEvent)))
def test_a_final_job_stays_final(events: list[JobEvent]) -> None:
    state = JobState.ACCEPTED
    for event in events:
        if event not in TRANSITIONS[state]:
            with pytest.raises(JobStateConflictError):
                next_state(state, event)
            continue
        assert not state.is_final
        state = next_state(state, event)


@pytest.mark.parametrize("state", [one for one in JobState if one not in FINAL])
def test_every_job_can_be_dismissed_until_it_is_final(state: JobState) -> None:
    assert JobState.DISMISSED is next_state(state, JobEvent.DISMISSED)


def test_the_final_states_are_those_of_ogc() -> None:
    assert {"successful", "failed", "dismissed"} == FINAL


def test_a_conflict_tells_state_and_event() -> None:
    with pytest.raises(JobStateConflictError) as raised:
        next_state(JobState.FAILED, JobEvent.COMPLETED)

    assert ("failed", "completed") == (raised.value.state, raised.value.event)
