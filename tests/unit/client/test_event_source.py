"""Events are whole, however their stream is cut."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.client.event_source import JobEvent, is_end, read_events

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

STREAM = (
    b'retry: 2000\nid: 1.0.0\nevent: status\ndata: {"status": "running"}\n\n'
    b": ping\n\n"
    b'id: 1.0.9\nevent: log\ndata: {"line": "\xc3\xbc: a\\nb"}\n\n'
    b'id: 2.0.9\nevent: status\ndata: {"status": "failed"}\n\n'
    b"id: 3.0.9\nevent: log\nda"
)
EVENTS = [
    JobEvent(kind="status", data={"status": "running"}, id="1.0.0"),
    JobEvent(kind="log", data={"line": "ü: a\nb"}, id="1.0.9"),
    JobEvent(kind="status", data={"status": "failed"}, id="2.0.9"),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def pieces(cuts: list[int]) -> AsyncIterator[bytes]:
    ends = [0, *sorted(cuts), len(STREAM)]
    for start, end in itertools.pairwise(ends):
        yield STREAM[start:end]


@pytest.mark.anyio
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=20))
async def test_events_are_read_from_any_pieces(cuts: list[int]) -> None:
    assert EVENTS == [event async for event in read_events(pieces(cuts))]


def test_the_last_event_is_a_final_status() -> None:
    assert [False, False, True] == [is_end(event) for event in EVENTS]
