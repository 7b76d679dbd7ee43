"""What happens to a job, as server-sent events."""

from __future__ import annotations

import asyncio
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepaas.backends.job_files import LOG, JobFiles
from deepaas.frontends.api.event_stream import (
    Position,
    is_at_end,
    job_events,
    log_lines,
    read_position,
)
from deepaas.guardian.log_writer import LogWriter
from deepaas.jobs.records import Job, Transition
from deepaas.jobs.states import JobState
from deepaas.model import job as model_job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 31, tzinfo=UTC)
OFFSETS = st.integers(0, 10**18 - 1)
JOB = Job(id="1", model="yolo", operation="train", created=NOW, updated=NOW)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class _Plane:
    is_draining: bool = False


@dataclass
class _Jobs:
    """A job service whose one job does what a test says; it is its own store."""

    files: JobFiles
    plane: _Plane = field(default_factory=_Plane)
    steps: list[Transition] = field(default_factory=list)
    looks: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def store(self) -> _Jobs:
        return self

    def become(self, state: JobState, **fields: Any) -> None:
        number = len(self.steps) + 1
        step = Transition(
            number=number, state=state, event="e", at=NOW, attempt=1, **fields
        )
        self.steps.append(step)

    async def get(self, job_id: str) -> Job:
        assert job_id == JOB.id
        state = self.steps[-1].state
        return Job(
            id="1", model="m", operation="o", created=NOW, updated=NOW, state=state
        )

    async def transitions(self, job_id: str, *, after: int) -> list[Transition]:
        assert job_id == JOB.id
        return [one for one in self.steps if one.number > after]

    @contextmanager
    def follow(self, job_id: str) -> Iterator[_Jobs]:
        assert job_id == JOB.id
        yield self

    def look(self) -> None:
        """It looks all the time."""

    async def wait(self, timeout_s: float) -> None:
        del timeout_s
        self.looks.set()
        await asyncio.sleep(0)


@pytest.fixture
def jobs(tmp_path: Path) -> Any:
    jobs = _Jobs(JobFiles(tmp_path))
    jobs.files.folder(JOB.id).mkdir(parents=True)
    jobs.become(JobState.ACCEPTED)
    jobs.become(JobState.RUNNING)
    return jobs


@pytest.fixture
def reporter(jobs: Any) -> model_job.Job:
    return model_job.Job(job_id=JOB.id, folder=jobs.files.folder(JOB.id))


@pytest.fixture
def log(jobs: Any) -> LogWriter:
    return LogWriter(str(jobs.files.folder(JOB.id) / LOG), max_bytes=10_000, now=0.0)


@dataclass(frozen=True)
class _Event:
    id: str
    kind: str
    data: dict[str, Any]


async def read(stream: AsyncIterator[bytes]) -> list[_Event]:
    return [_parse(piece) async for piece in stream]


def _parse(piece: bytes) -> _Event:
    assert piece.endswith(b"\n\n")
    lines = [line.partition(": ") for line in piece.decode().splitlines() if line]
    fields = {name: value for name, _, value in lines}
    return _Event(fields["id"], fields["event"], json.loads(fields["data"]))


async def events(jobs: Any, last_id: str = "") -> list[_Event]:
    return await read(job_events(jobs, JOB.id, position=read_position(last_id)))


def kinds(found: list[_Event]) -> list[str]:
    return [one.data.get("status", one.kind) for one in found]


async def test_the_life_of_a_job_from_its_first_state_to_its_last(
    jobs: Any, reporter: model_job.Job, log: LogWriter
) -> None:
    reporter.log_metrics({"loss": 0.5}, step=3)
    reporter.progress(0.5, message="half")
    log.write(b"hello\n", 0.0)
    jobs.become(JobState.FAILED, cause="model_error", detail="no luck")

    found = await events(jobs)

    expected = ["accepted", "running", "metrics", "progress", "log", "failed"]
    assert expected == kinds(found)
    assert {"loss": 0.5} == found[2].data["metrics"]
    assert (0.5, "half") == (found[3].data["fraction"], found[3].data["message"])
    assert {"line": "hello"} == found[4].data
    assert ("model_error", "no luck") == (
        found[5].data["cause"],
        found[5].data["message"],
    )


async def test_only_the_first_event_tells_when_to_come_back(jobs: Any) -> None:
    jobs.become(JobState.SUCCESSFUL)

    first, *others = [one async for one in job_events(jobs, "1", position=Position())]

    assert first.startswith(b"retry: ")
    assert not [one for one in others if b"retry" in one]


async def test_whoever_comes_back_goes_on_where_he_was(
    jobs: Any, reporter: model_job.Job, log: LogWriter
) -> None:
    reporter.log_metrics({"loss": 2})
    reporter.log_metrics({"loss": 1})
    log.write(b"a\nb\n", 0.0)
    jobs.become(JobState.SUCCESSFUL)

    whole = await events(jobs)

    for number, event in enumerate(whole):
        assert whole[number + 1 :] == await events(jobs, event.id)


async def test_whoever_knows_the_end_is_told_so(jobs: Any) -> None:
    jobs.become(JobState.SUCCESSFUL)
    last = (await events(jobs))[-1]
    job = await jobs.get(JOB.id)

    assert await is_at_end(jobs, job, read_position(last.id))
    assert not await is_at_end(jobs, job, Position())


async def test_events_come_while_the_job_runs(
    jobs: Any, reporter: model_job.Job
) -> None:
    stream = job_events(jobs, JOB.id, position=Position(transition=2))
    reporter.log_metrics({"loss": 2})
    assert {"loss": 2.0} == _parse(await anext(stream)).data["metrics"]

    waiting = asyncio.ensure_future(anext(stream))
    jobs.looks.clear()
    await jobs.looks.wait()
    assert not waiting.done()
    reporter.log_metrics({"loss": 1})

    assert {"loss": 1.0} == _parse(await waiting).data["metrics"]


async def test_the_last_state_waits_for_what_came_before_it(
    jobs: Any, reporter: model_job.Job
) -> None:
    stream = job_events(jobs, JOB.id, position=Position(transition=2))
    reporter.log_metrics({"loss": 2})
    await anext(stream)
    # The job ends and tells something, after the stream has looked at its state.
    reporter.log_metrics({"loss": 1})
    jobs.become(JobState.SUCCESSFUL)

    assert ["metrics", "successful"] == kinds(await read(stream))


async def test_a_bar_is_shown_while_it_moves_and_is_a_line_when_it_is_done(
    jobs: Any, log: LogWriter
) -> None:
    stream = log_lines(jobs, JOB.id, position=0)
    log.write(b"10%", 0.0)
    log.tick(10.0)
    first = _parse(await anext(stream))
    log.write(b"\r100%\n", 20.0)
    jobs.become(JobState.SUCCESSFUL)
    rest = await read(stream)

    assert ("open_line", {"line": "10%"}) == (first.kind, first.data)
    assert [("log", {"line": "100%"})] == [(one.kind, one.data) for one in rest]


async def test_nobody_waits_for_a_job_that_cannot_begin_any_more(jobs: Any) -> None:
    jobs.steps.pop()  # it waits for a slot
    jobs.plane.is_draining = True

    assert ["accepted"] == kinds(await events(jobs))


@given(OFFSETS, OFFSETS, OFFSETS)
def test_a_position_is_read_as_it_was_written(step: int, events: int, log: int) -> None:
    position = Position(step, events, log)
    assert position == read_position(str(position))


@given(st.text())
def test_any_other_text_is_the_beginning(text: str) -> None:
    read_position(text)
    assert Position() == read_position(f"x{text}")
