"""When a batch is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.scheduling.batching import BatchPolicy

times = st.floats(min_value=0, max_value=1e6)


@pytest.mark.parametrize(
    ("waiting", "now", "expected"), [(4, 10.0, 10.0), (1, 10.0, 10.5), (1, 11.0, 11.0)]
)
def test_a_batch_is_sent(waiting: int, now: float, expected: float) -> None:
    policy = BatchPolicy(max_size=4, max_delay_s=0.5)

    assert expected == policy.send_at(oldest_arrival=10.0, waiting=waiting, now=now)


@given(arrival=times, later=times, waiting=st.integers(1, 64))
def test_nobody_waits_longer_than_the_delay(
    arrival: float, later: float, waiting: int
) -> None:
    policy = BatchPolicy(max_size=32, max_delay_s=0.25)
    now = arrival + later
    send_at = policy.send_at(oldest_arrival=arrival, waiting=waiting, now=now)

    assert now <= send_at <= max(now, arrival + policy.max_delay_s)


@given(arrival=times, waiting=st.integers(1, 64))
def test_without_a_delay_an_idle_worker_takes_what_is_there(
    arrival: float, waiting: int
) -> None:
    policy = BatchPolicy(max_size=32, max_delay_s=0)

    assert arrival == policy.send_at(
        oldest_arrival=arrival, waiting=waiting, now=arrival
    )
