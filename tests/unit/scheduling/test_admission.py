"""Admission, work ahead and back-off."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.scheduling.admission import (
    AdmissionPolicy,
    AheadPolicy,
    BackOffPolicy,
    moving_mean,
    recent_longest,
)

durations = st.floats(min_value=0, max_value=3600)


@given(size=st.integers(1, 1000), waiting=st.integers(0, 2000))
def test_the_queue_never_grows_beyond_its_size(size: int, waiting: int) -> None:
    assert (waiting < size) == AdmissionPolicy(queue_size=size).admits(waiting=waiting)


@given(waiting=st.integers(0, 1000), workers=st.integers(0, 64), mean_s=durations)
def test_callers_are_told_to_wait_at_least_a_second(
    waiting: int, workers: int, mean_s: float
) -> None:
    policy = AdmissionPolicy(queue_size=1)

    assert policy.retry_after_s(
        waiting=waiting, workers=workers, mean_duration_s=mean_s
    ) >= min(1.0, waiting)


@given(mean_s=durations, longest_s=durations)
def test_a_worker_always_holds_one_and_never_too_many(
    mean_s: float, longest_s: float
) -> None:
    depth = AheadPolicy().depth(mean_duration_s=mean_s, longest_s=longest_s)

    assert 1 <= depth <= AheadPolicy().most


@given(mean_s=durations, longest_s=durations)
def test_nothing_long_lies_ahead_of_a_prediction(
    mean_s: float, longest_s: float
) -> None:
    policy = AheadPolicy()
    ahead = policy.depth(mean_duration_s=mean_s, longest_s=longest_s) - 1

    assert ahead * mean_s <= policy.target_s or (
        ahead == 1 and longest_s <= policy.one_s
    )


def test_one_that_took_long_of_late_keeps_others_away_for_a_while() -> None:
    longest_s = recent_longest(0.005, 1.0)
    policy = AheadPolicy()
    depths = []
    for _ in range(600):
        depths.append(policy.depth(mean_duration_s=0.005, longest_s=longest_s))
        longest_s = recent_longest(longest_s, 0.005)

    assert (1, 2) == (depths[0], depths[-1])
    assert sorted(depths) == depths
    assert 0.005 == longest_s


@given(deaths=st.integers(0, 10_000))
def test_the_pause_grows_up_to_its_bound(deaths: int) -> None:
    policy = BackOffPolicy()
    pause = policy.delay_s(early_deaths=deaths)

    assert pause <= policy.delay_s(early_deaths=deaths + 1) <= policy.most_s


@pytest.mark.parametrize(
    ("deaths", "expected"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 4), (9, 60)]
)
def test_the_first_death_is_forgiven(deaths: int, expected: float) -> None:
    assert expected == BackOffPolicy().delay_s(early_deaths=deaths)


@given(old=durations, new=durations)
def test_a_mean_lies_between_its_values(old: float, new: float) -> None:
    mean = moving_mean(old, new)

    assert min(old, new) - 1e-6 <= mean <= max(old, new) + 1e-6
