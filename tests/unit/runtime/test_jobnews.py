"""Whoever follows a job hears of everything, and pays for it once."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack
from typing import Any

import pytest

from deepaas.runtime.jobnews import JobNews

pytestmark = pytest.mark.anyio

LONG_S = 3600.0


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Files:
    """What a job has written."""

    def __init__(self) -> None:
        self.state: Any = 0

    def look(self, job_id: str) -> Any:
        assert job_id == "a"
        return self.state


async def test_a_follower_hears_of_what_came_while_it_read() -> None:
    news = JobNews(Files().look)

    with news.follow("a") as follower:
        follower.look()
        news.announce("a")

        await asyncio.wait_for(follower.wait(LONG_S), 10)


async def test_all_who_wait_are_woken() -> None:
    news = JobNews(Files().look)

    with news.follow("a") as one, news.follow("a") as other:
        await _settle(one)
        one.look()
        other.look()
        waiting = asyncio.gather(one.wait(LONG_S), other.wait(LONG_S))
        await asyncio.sleep(0)
        news.announce("a")

        await asyncio.wait_for(waiting, 10)


async def test_a_follower_hears_of_what_is_written() -> None:
    files = Files()
    news = JobNews(files.look)

    with news.follow("a") as follower:
        await _settle(follower)
        for state in range(1, 4):
            follower.look()
            files.state = state

            await asyncio.wait_for(follower.wait(LONG_S), 10)


async def test_nothing_is_heard_of_other_jobs_and_the_time_is_up() -> None:
    news = JobNews(Files().look)

    with news.follow("a") as follower:
        await _settle(follower)
        follower.look()
        news.announce("b")
        await follower.wait(0.01)


async def test_a_thousand_followers_need_no_more_than_one_who_looks() -> None:
    news = JobNews(Files().look)

    with news.follow("a"):
        before = asyncio.all_tasks()
        with ExitStack() as stack:
            for _ in range(1000):
                stack.enter_context(news.follow("a"))

            assert before == asyncio.all_tasks()


async def test_nobody_looks_when_nobody_follows() -> None:
    before = asyncio.all_tasks()
    news = JobNews(Files().look)

    with news.follow("a") as follower:
        await _settle(follower)
        [watching] = asyncio.all_tasks() - before
    await asyncio.wait({watching})

    assert watching.cancelled()


async def _settle(follower: Any) -> None:
    """Wait until the first look at the files is over."""
    follower.look()
    await asyncio.wait_for(follower.wait(LONG_S), 10)
