"""Ids that sort by age."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from deepaas.jobs.ids import JobIds

CALLS = st.lists(
    st.tuples(st.integers(0, 2**48 - 2), st.binary(min_size=10, max_size=10)),
    min_size=1,
)


@given(CALLS)
def test_each_id_is_a_uuid_of_version_7(calls: list[tuple[int, bytes]]) -> None:
    ids = JobIds()
    for unix_ms, random in calls:
        made = ids.next(unix_ms, random)
        found = uuid.UUID(made)
        assert (found.hex, 7, uuid.RFC_4122) == (made, found.version, found.variant)


@given(CALLS)
def test_ids_ascend_whatever_the_clock_does(calls: list[tuple[int, bytes]]) -> None:
    ids = JobIds()

    made = [ids.next(unix_ms, random) for unix_ms, random in calls]

    assert sorted(set(made)) == made


def test_an_id_tells_when_it_was_made() -> None:
    made = JobIds().next(1_700_000_000_123, bytes(10))

    assert 1_700_000_000_123 == int(made[:12], 16)
