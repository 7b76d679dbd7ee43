"""Waiting from another thread."""

from __future__ import annotations

import gc
import threading
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


def threads() -> set[threading.Thread]:
    return {one for one in threading.enumerate() if one.name == "deepaas"}


def test_a_loop_that_nobody_has_ends_and_does_what_comes_last() -> None:
    before = threads()
    done = threading.Event()

    async def finish() -> None:
        done.set()

    loop = LoopThread()
    [thread] = threads() - before
    loop.before_end(finish)
    del loop
    gc.collect()

    thread.join()
    assert done.is_set()


def test_steps_keep_their_loop() -> None:
    steps = Steps(LoopThread(), count(5000))
    gc.collect()

    assert list(range(5000)) == list(steps)
