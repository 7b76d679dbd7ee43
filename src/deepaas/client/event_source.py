"""Reads server-sent events (WHATWG HTML, 9.2), and goes on where a connection broke."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from deepaas.client.remote_errors import error_of_answer
from deepaas.client.session import NETWORK_ERRORS, unreachable
from deepaas.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.client.session import Session

_RETRY_S: Final = 2.0
_MOST_FAILURES: Final = 30
"""In a row: a server that is started anew has a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEvent:
    """Something that happened to a job.

    Attributes:
        kind: `status`, `progress`, `metrics` or `log`.
        data: What there is to say.
        id: Where to go on after it.
    """

    kind: str
    data: dict[str, Any]
    id: str = ""


async def follow(session: Session, path: str) -> AsyncIterator[JobEvent]:
    """Yield the events of a job until its last; through breaks and restarts.

    Raises:
        DeepaasError: There is no such job, or the server stays away.
    """
    last_id = ""
    failures = 0
    while True:
        try:
            async for event in _connect(session, path, last_id=last_id):
                yield event
                last_id, failures = event.id or last_id, 0
                if is_end(event):
                    return
        except UnavailableError:
            failures += 1
            if failures > _MOST_FAILURES:
                raise
            await asyncio.sleep(_RETRY_S)
        else:
            return  # the reader knew the end already


def is_end(event: JobEvent) -> bool:
    """Return whether nothing follows an event."""
    final = ("successful", "failed", "dismissed")
    return event.kind == "status" and event.data.get("status") in final


async def _connect(
    session: Session, path: str, *, last_id: str
) -> AsyncIterator[JobEvent]:
    headers = {"accept": "text/event-stream"}
    if last_id:
        headers["last-event-id"] = last_id
    response = await session.open("GET", path, headers=headers)
    try:
        if response.status >= 400:
            raise error_of_answer(response.status, await session.read(response))
        if response.status == HTTPStatus.NO_CONTENT:
            return
        async for event in read_events(_pieces(session, response)):
            yield event
    finally:
        response.close()
    raise UnavailableError(f"{session.url} ends its answer before the job ended.")


async def _pieces(session: Session, response: Any) -> AsyncIterator[bytes]:
    try:
        while piece := await response.content.readany():
            yield piece
    except NETWORK_ERRORS as error:
        raise unreachable(session.url, error) from error


async def read_events(pieces: AsyncIterator[bytes]) -> AsyncIterator[JobEvent]:
    """Yield the events in a stream; one that has no end yet is left out."""
    rest = b""
    async for piece in pieces:
        *blocks, rest = (rest + piece).split(b"\n\n")
        for block in blocks:
            event = _parse(block.decode("utf-8", "replace"))
            if event is not None:
                yield event


def _parse(block: str) -> JobEvent | None:
    fields: dict[str, str] = {}
    for line in block.split("\n"):
        name, _, value = line.partition(":")
        if name:
            fields[name] = value.removeprefix(" ")
    if "data" not in fields:
        return None  # a comment that keeps the connection alive
    try:
        data = json.loads(fields["data"])
    except ValueError:
        return None
    return JobEvent(
        kind=fields.get("event", "message"), data=data, id=fields.get("id", "")
    )
