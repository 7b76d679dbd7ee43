"""Waiting from another thread."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from deepaas.client.blocking import LoopThread, Steps

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator


@pytest.fixture
def loop() -> Iterator[LoopThread]:
    loop = LoopThread()
    yield loop
    loop.close()


async def count(upto: int, *, then: Exception | None = None) -> AsyncIterator[int]:
    for number in range(upto):
        yield number
    if then is not None:
        raise then


def test_all_steps_come_in_order(loop: LoopThread) -> None:
    assert list(range(5000)) == list(Steps(loop, count(5000)))


def test_an_error_comes_after_what_was_before_it(loop: LoopThread) -> None:
    steps = Steps(loop, count(2, then=RuntimeError("three")))

    assert [0, 1] == [next(steps), next(steps)]
    with pytest.raises(RuntimeError, match="three"):
        next(steps)


def test_a_loop_can_be_closed_twice_and_with_work_left() -> None:
    loop = LoopThread()
    steps = Steps(loop, count(5000))

    assert 0 == next(steps)
    loop.close()
    loop.close()
