"""What the server says to a guardian."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.guardian.orders import (
    End,
    Kill,
    OrderReader,
    SwitchLog,
    read_settings,
)

SPOKEN = (
    b'{"end": {"grace_s": 2, "cause": "dismissed"}}\n'
    b'{"kill": {"cause": "deadline"}}\n'
    b'{"log_dir": "/jobs/2/log"}\n'
)
ORDERS = [End("dismissed", 2.0), Kill("deadline"), SwitchLog("/jobs/2/log")]


@given(st.integers(0, len(SPOKEN)))
def test_orders_are_understood_in_whatever_pieces_they_come(cut: int) -> None:
    reader = OrderReader()

    assert ORDERS == reader.feed(SPOKEN[:cut]) + reader.feed(SPOKEN[cut:])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b'{"end": {}}',
        b'{"end": {"cause": "x", "grace_s": "soon"}}',
        b'{"kill": 1}',
        b'{"dance": {}}',
    ],
)
def test_what_is_not_understood_is_passed_over(line: bytes) -> None:
    assert [Kill("deadline")] == OrderReader().feed(
        line + b'\n{"kill": {"cause": "deadline"}}\n'
    )


def test_limits_may_be_left_out() -> None:
    settings = read_settings(
        '{"server_fd": 3, "server_pid": 1, "command": ["a"], "pass_fds": [],'
        ' "log_dir": "/log", "log_bytes": 9}'
    )

    assert 0 == settings.memory_bytes
    assert 2.0 == settings.server_death_grace_s
