"""Reads what jobs tell of themselves: progress and metrics, a line for each.

The lines are written by the job's own process (`deepaas.Job`), which may be killed in
the middle of one; what is no line of ours is passed over.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TAIL_BYTES: Final = 1 << 16
_PIECE_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class LastEvents:
    """What a job has told last.

    Attributes:
        fraction: How far it is, from 0 to 1, or None.
        message: What it is doing, or empty.
        metrics: The last value of each metric that it told of lately.
        at: When it told of its progress last, in seconds since 1970, or None.
    """

    fraction: float | None = None
    message: str = ""
    metrics: dict[str, float | None] = field(default_factory=dict)
    at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line.

    Attributes:
        end: The offset of the next line, in bytes.
        content: What it says.
    """

    end: int
    content: dict[str, Any]


def last_events(path: Path) -> LastEvents:
    """Return what a job has told last; reads the end of the file only."""
    fraction: float | None = None
    message = ""
    at: float | None = None
    metrics: dict[str, float | None] = {}
    for event in read_events(path, start=-_TAIL_BYTES):
        content = event.content
        if content.get("event") == "progress":
            fraction, at = content.get("fraction"), content.get("at")
            message = str(content.get("message", ""))
        elif content.get("event") == "metrics":
            metrics |= content.get("metrics", {})
    return LastEvents(fraction=fraction, message=message, metrics=metrics, at=at)


def last_metrics(path: Path) -> dict[str, float | None]:
    """Return the last value of each metric; reads the whole file."""
    metrics: dict[str, float | None] = {}
    for event in read_events(path):
        if event.content.get("event") == "metrics":
            metrics |= event.content.get("metrics", {})
    return metrics


def next_events(path: Path, *, start: int, limit: int) -> list[Event]:
    """Return the events of a job from the offset of a line on, at most `limit`."""
    return list(islice(read_events(path, start=start), limit))


def read_events(path: Path, *, start: int = 0) -> Iterator[Event]:
    """Yield the events of a job that are whole.

    Args:
        path: The file; without it there are none.
        start: The offset of a line, in bytes; a negative one counts from the end.
    """
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        if start < 0:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size + start))
            if size + start > 0:
                file.readline()  # most likely the end of a line
        else:
            file.seek(start)
        position = file.tell()
        while (line := file.readline(_PIECE_BYTES)).endswith(b"\n"):
            position += len(line)
            content = _parse(line)
            if content is not None:
                yield Event(end=position, content=content)


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        content = msgspec.json.decode(line)
    except (msgspec.DecodeError, ValueError):
        return None
    return content if isinstance(content, dict) else None
