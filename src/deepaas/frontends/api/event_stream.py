"""What happens to a job, as server-sent events (WHATWG HTML, 9.2).

A line of the log that has no end yet, such as a progress bar, is an event of its own,
`open_line`: the next one takes its place.

The id of an event names where its reader stands in the three places that events come
from: the history of the job, the file of its progress and metrics, and its log. So a
reader who comes back with `Last-Event-ID`, also after a restart of the server, goes on
where it was.
"""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from deepaas.backends.job_events import next_events
from deepaas.backends.job_files import LOG
from deepaas.backends.job_log import JobLog
from deepaas.jobs.states import JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.jobs.records import Job, Transition
    from deepaas.runtime.jobservice import JobService

MEDIA_TYPE: Final = "text/event-stream"
HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}

_RETRY_MS: Final = 2000
_PING_S: Final = 15.0
_MOST_AT_ONCE: Final = 1000
_PING: Final = b": ping\n\n"


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader stands.

    Attributes:
        transition: The last step of the job's life that it knows.
        events: The offset of the next line of progress and metrics, in bytes.
        log: The offset of the next line of the log, in bytes of all that was printed.
    """

    transition: int = 0
    events: int = 0
    log: int = 0

    def __str__(self) -> str:
        return f"{self.transition}.{self.events}.{self.log}"


def read_position(text: str) -> Position:
    """Return the position that an event id names; an unknown one is the beginning."""
    parts = text.split(".")
    if len(parts) != 3 or not all(one.isdecimal() and len(one) < 19 for one in parts):
        return Position()
    return Position(*map(int, parts))


async def is_at_end(service: JobService, job: Job, position: Position) -> bool:
    """Return whether a reader knows the end of a job already."""
    if not job.state.is_final:
        return False
    return not await service.store.transitions(job.id, after=position.transition)


async def job_events(
    service: JobService, job_id: str, *, position: Position
) -> AsyncIterator[bytes]:
    """Yield events until the job is final; its last state is the last of them."""
    stream = _Stream(position)
    with service.follow(job_id) as follower:
        while True:
            follower.look()
            job = await service.store.get(job_id)  # before looking: nothing comes after
            steps = await service.store.transitions(
                job_id, after=stream.position.transition
            )
            for step in steps:
                if not step.state.is_final:
                    yield _of_step(step, stream)
            async for event in _of_files(service, job, stream):
                yield event
            for step in steps:
                if step.state.is_final and job.state.is_final:
                    yield _of_step(step, stream)
            if _is_over(service, job):
                return
            if stream.is_silent():
                yield _PING
            await follower.wait(_PING_S)


async def log_lines(
    service: JobService, job_id: str, *, position: int
) -> AsyncIterator[bytes]:
    """Yield the lines of a log as events until the job is final."""
    stream = _Stream(Position(log=position))
    with service.follow(job_id) as follower:
        while True:
            follower.look()
            job = await service.store.get(job_id)
            async for event in _of_log(service, job, stream):
                yield event
            if _is_over(service, job):
                return
            if stream.is_silent():
                yield _PING
            await follower.wait(_PING_S)


def _is_over(service: JobService, job: Job) -> bool:
    """Return whether there is nothing more to wait for.

    A job that has not begun when the server ends will begin under the next one; who
    follows it comes back by itself.
    """
    return job.state.is_final or (
        service.plane.is_draining and job.state is JobState.ACCEPTED
    )


def _of_step(step: Transition, stream: _Stream) -> bytes:
    stream.position = replace(stream.position, transition=step.number)
    content: dict[str, Any] = {"status": step.state.value, "attempt": step.attempt}
    if step.cause:
        content |= {"cause": step.cause, "message": step.detail}
    return stream.event("status", content, at=step.at.timestamp())


async def _of_files(
    service: JobService, job: Job, stream: _Stream
) -> AsyncIterator[bytes]:
    async for event in _of_metrics(service, job, stream):
        yield event
    async for event in _of_log(service, job, stream):
        yield event


async def _of_metrics(
    service: JobService, job: Job, stream: _Stream
) -> AsyncIterator[bytes]:
    path = service.files.events(job.id)
    while events := await asyncio.to_thread(
        next_events, path, start=stream.position.events, limit=_MOST_AT_ONCE
    ):
        for event in events:
            stream.position = replace(stream.position, events=event.end)
            content = dict(event.content)
            kind = str(content.pop("event", ""))
            at = content.pop("at", None)
            if kind in ("progress", "metrics"):
                yield stream.event(kind, content, at=at)


async def _of_log(
    service: JobService, job: Job, stream: _Stream
) -> AsyncIterator[bytes]:
    log = JobLog(service.files.folder(job.id) / LOG)
    is_over = job.state.is_final
    while lines := await asyncio.to_thread(
        log.lines, stream.position.log, is_over=is_over
    ):
        for line in lines:
            stream.position = replace(stream.position, log=line.end)
            yield stream.event("log", {"line": line.text})
    open_line = await asyncio.to_thread(log.open_line, stream.position.log)
    if open_line is not None and stream.is_news(open_line.text):
        yield stream.event("open_line", {"line": open_line.text})


class _Stream:
    """What is being sent to one reader."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self._is_first = True
        self._open_line = ""
        self._last_sent = time.monotonic()

    def event(
        self, kind: str, content: dict[str, Any], at: float | None = None
    ) -> bytes:
        """Return one event."""
        if at is not None:
            content = {"at": at, **content}
        self._last_sent = time.monotonic()
        # Within an event: alone, many clients would take it for an empty one.
        retry = f"retry: {_RETRY_MS}\n" if self._is_first else ""
        self._is_first = False
        data = json.dumps(content, ensure_ascii=False)
        return f"{retry}id: {self.position}\nevent: {kind}\ndata: {data}\n\n".encode(
            "utf-8", "replace"
        )

    def is_news(self, open_line: str) -> bool:
        """Return whether the reader does not know that the open line is like this."""
        is_known = open_line == self._open_line
        self._open_line = open_line
        return not is_known

    def is_silent(self) -> bool:
        """Return whether it is time for a sign of life."""
        now = time.monotonic()
        if now - self._last_sent < _PING_S:
            return False
        self._last_sent = now
        return True
