"""The files of a log, as its writer and its readers know them.

A log is a stream of bytes of which some are left out: when it is over its limit those
in the middle, and when the disk was full those of that time. Each file is one stretch
of the stream and is named by where it begins, so what is missing between two files can
be computed from their names and sizes, and what was written is never written again.

    head-00000000000000000000   kept for good
    tail-00000000000536870912   one of a ring: the oldest is removed for a new one
    open_line                   the line that has no end yet: where it begins, then text

Paths are plain text here: `pathlib` would be a tenth of a guardian's memory.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Final, NamedTuple

_HEAD: Final = "head"
_TAIL: Final = "tail"
_OPEN_LINE: Final = "open_line"
_OPEN_LINE_PART: Final = ".open_line"
_OPEN_LINE_BYTES: Final = 1 << 17  # more than there ever is


class Segment(NamedTuple):
    """One stretch of a log.

    Attributes:
        offset: Where it begins in the stream.
        size: Its length in bytes.
        path: The file that holds it.
        is_head: Whether it is kept for good.
    """

    offset: int
    size: int
    path: str
    is_head: bool

    @property
    def end(self) -> int:
        """Where it ends in the stream."""
        return self.offset + self.size


class OpenLineState(NamedTuple):
    """The line that has no end yet, as a reader sees it.

    Attributes:
        offset: Where it will begin in the stream.
        text: What a terminal would show of it.
    """

    offset: int
    text: bytes

    @property
    def end(self) -> int:
        """Where it would end in the stream."""
        return self.offset + len(self.text)


def make_folder(folder: str) -> None:
    """Make the folder of a log, unless it exists.

    Raises:
        OSError: It cannot be made.
    """
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103 - see above


def segment_path(folder: str, offset: int, *, is_head: bool) -> str:
    """Return the file for the stretch that begins at an offset."""
    return f"{folder}/{_HEAD if is_head else _TAIL}-{offset:020d}"


def list_segments(folder: str) -> list[Segment]:
    """Return the stretches of a log in order; none if no log can be seen.

    It may be growing. All names are read before the first size: a stretch that has a
    successor grows no more, so no gap is seen where there is none.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
        found = [one for name in names if (one := _segment(folder, name))]
        return sorted(found, key=lambda segment: (segment.offset, segment.size))
    return []


def _segment(folder: str, name: str) -> Segment | None:
    kind, _, offset = name.partition("-")
    if kind not in {_HEAD, _TAIL} or not offset.isdecimal():
        return None
    path = f"{folder}/{name}"
    try:
        size = os.stat(path).st_size  # noqa: PTH116 - see above
    except OSError:  # the ring has moved on
        return None
    return Segment(int(offset), size, path, kind == _HEAD)


def read_open_line(folder: str) -> OpenLineState | None:
    """Return the line that has no end yet, if there is one.

    It may have been settled since it was written down: then the stream is longer than
    its offset. Ask for it before `list_segments`, or it may seem to lie beyond a gap.
    """
    try:
        descriptor = os.open(f"{folder}/{_OPEN_LINE}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        offset, _, text = os.read(descriptor, _OPEN_LINE_BYTES).partition(b"\n")
        return OpenLineState(int(offset), text)
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)


def write_open_line(folder: str, line: OpenLineState) -> None:
    """Show the line that has no end yet; a reader sees the old or the new one.

    Raises:
        OSError: The disk does not take it.
    """
    part = f"{folder}/{_OPEN_LINE_PART}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(part, flags, 0o600)
    try:
        os.write(descriptor, b"%d\n%b" % line)
    finally:
        os.close(descriptor)
    os.rename(part, f"{folder}/{_OPEN_LINE}")  # noqa: PTH104 - see above


def remove_open_line(folder: str) -> None:
    """Show no such line any more."""
    for name in (_OPEN_LINE, _OPEN_LINE_PART):
        remove(f"{folder}/{name}")


def remove(path: str) -> None:
    """Remove a file, if that can be done."""
    with suppress(OSError):
        os.unlink(path)  # noqa: PTH108 - see above
