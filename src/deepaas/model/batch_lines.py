"""Batches: many predictions in one request, a line of arguments each (NDJSON).

A line is a JSON object with the arguments of one prediction. Blank lines do not count.
What is wrong with a line is that line's affair. A batch, and even one of its lines, may
be larger than what anybody wants in memory, so whoever reads a batch does it here.
The server does, too, which wants nothing of models: what a line says is read elsewhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final

from deepaas.model.media_types import essence

if TYPE_CHECKING:
    from collections.abc import Iterator

NDJSON: Final = "application/x-ndjson"

_PIECE_BYTES: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a batch.

    Attributes:
        index: 0 for the first; blank lines do not count.
        start: Where it begins, in bytes.
        size: Its length with its end, in bytes.
        content: The line; empty when it is too long for memory.
    """

    index: int
    start: int
    size: int
    content: bytes


def is_batch(content_type: str) -> bool:
    """Return whether a body of this media type is a batch."""
    return essence(content_type) == NDJSON


def read_lines(file: BinaryIO, *, inline_bytes: int) -> Iterator[Line]:
    """Yield the lines of a batch that are not blank.

    Args:
        file: The batch, at its beginning.
        inline_bytes: Longest line that comes with its content.
    """
    index = start = 0
    while content := file.readline(inline_bytes + 1):
        size, is_blank = len(content), not content.strip()
        piece = content
        while not piece.endswith(b"\n") and (piece := file.readline(_PIECE_BYTES)):
            content = b""
            size += len(piece)
            is_blank = is_blank and not piece.strip()
        if not is_blank:
            yield Line(index=index, start=start, size=size, content=content)
            index += 1
        start += size


def line_content(line: Line, file: BinaryIO) -> bytes:
    """Return a line that is read from a file, also when it is a long one."""
    if line.content:
        return line.content
    position = file.tell()
    file.seek(line.start)
    try:
        return file.read(line.size)
    finally:
        file.seek(position)
