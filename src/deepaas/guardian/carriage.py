"""What a carriage return means for a log.

A progress bar prints its state, returns the carriage, and prints its next state over
it. A log keeps what a terminal would show in the end: text that is overwritten is left
out, and `CR LF` is a line's end like `LF`. Nothing else is interpreted; bytes that are
no text pass as they are.

The line that has no end yet is held back, because it may be overwritten. Of a very long
one only so much is held: whenever it fills a block, that block is settled. So the
outcome depends on what was printed, and not on the pieces in which it was read.
"""

from __future__ import annotations

from typing import Final

BLOCK_BYTES: Final = 1 << 16
"""How much of a line without end is held back."""

_CR: Final = b"\r"
_LF: Final = b"\n"


class OpenLine:
    """The line that has no end yet."""

    def __init__(self) -> None:
        self._held = bytearray()  # at most one CR, as its last byte

    @property
    def text(self) -> bytes:
        """What a terminal would show of it now."""
        return bytes(self._held.removesuffix(_CR))

    def feed(self, data: bytes) -> list[bytes | memoryview]:
        """Take what was printed; return what is settled by it, in order."""
        if self._held.endswith(_CR) or _CR in data:
            return self._feed_returns(data)
        return self._feed_plain(data)

    def finish(self) -> bytes:
        """Return the rest: there comes nothing more."""
        text = self.text
        self._held = bytearray()
        return text

    def _feed_plain(self, data: bytes) -> list[bytes | memoryview]:
        """Take bytes without a carriage return: the usual case, and no copy of them."""
        held = len(self._held)
        if line_end := data.rfind(_LF) + 1:
            cut = line_end + _blocks(len(data) - line_end)
        else:
            cut = _blocks(held + len(data)) - held
        if cut <= 0:
            self._held += data
            return []
        settled = bytes(self._held)
        self._held = bytearray(data[cut:])
        return [settled, memoryview(data)[:cut]]

    def _feed_returns(self, data: bytes) -> list[bytes | memoryview]:
        text = (bytes(self._held) + data).replace(b"\r\n", _LF)
        settled: list[bytes | memoryview] = []
        done = 0
        end_of_lines = text.rfind(_LF) + 1
        while (found := text.find(_CR, done, end_of_lines)) >= 0:
            start = max(done, text.rfind(_LF, done, found) + 1)
            end = text.index(_LF, found)
            settled.append(text[done:start] + _shown(text[start:end]) + _LF)
            done = end + 1
        settled.append(text[done:end_of_lines])
        blocks, rest = _split(text[end_of_lines:])
        self._held = bytearray(rest)
        return [*settled, blocks]


def _blocks(size: int) -> int:
    return size // BLOCK_BYTES * BLOCK_BYTES


def _shown(line: bytes) -> bytes:
    """Return what is kept of a line that has ended."""
    blocks, rest = _split(line)
    return blocks + rest.removesuffix(_CR)


def _split(line: bytes) -> tuple[bytes, bytes]:
    """Return the settled blocks of a line, and its rest with at most one CR."""
    text = line.rstrip(_CR)
    tail = _CR if len(text) < len(line) else b""
    if len(text) < BLOCK_BYTES:  # nearly all lines; a bar may have thousands of states
        return b"", text.rpartition(_CR)[2] + tail
    *gone, last = text.split(_CR)
    settled = [piece[: _blocks(len(piece))] for piece in (*gone, last)]
    return b"".join(settled), last[_blocks(len(last)) :] + tail
