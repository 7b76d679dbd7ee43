"""What came of the lines of a batch that runs as a job: a line for each, in order.

    jobs/<id>/results.ndjson     the lines so far
    jobs/<id>/work/at-work       how many lines were begun

The process of the job writes them, and may be killed in the middle. What is whole stays
whatever happens, and the next process goes on behind it. The server writes only while
there is no such process.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

from deepaas.backends.job_files import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

LINES_FILE: Final = "results.ndjson"

_AT_WORK_FILE: Final = "work/at-work"
_SYNC_EVERY_S: Final = 1.0
_PIECE_BYTES: Final = 1 << 20


class ResultLines:
    """Adds to the lines of a batch; a context manager.

    Attributes:
        count: How many there are.
        begun: How many were begun by the process before this one.
    """

    def __init__(self, folder: Path) -> None:
        """Open the lines of a job, and cut off a last one that is not whole.

        Args:
            folder: The job's folder.

        Raises:
            OSError: The disk fails.
        """
        (folder / "work").mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / LINES_FILE
        self.count, size = _whole_lines(path)
        # Unbuffered: a line is there as soon as it is written, whoever is killed then.
        self._file = path.open("ab", buffering=0)
        self._file.truncate(size)
        self._begun_file = (folder / _AT_WORK_FILE).open("ab+", buffering=0)
        self._begun_file.seek(0)
        text = self._begun_file.read()
        self.begun = int(text) if text.isdigit() else 0
        self._synced_at = time.monotonic()
        sync_folder(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def begin(self, count: int) -> None:
        """Note that the next lines are at work.

        Args:
            count: How many.
        """
        self._begun_file.truncate(0)
        self._begun_file.write(b"%d" % (self.count + count))

    def add(self, content: bytes) -> None:
        """Add what came of the next line; durable within a second or so.

        Args:
            content: A member of the line and its value, such as `"result":1}`, up to
                the end of the object.

        Raises:
            OSError: The disk does not take it.
        """
        rest = memoryview(b'{"index":%d,%s\n' % (self.count, content))
        while rest:
            rest = rest[self._file.write(rest) :]
        self.count += 1
        now = time.monotonic()
        if now - self._synced_at >= _SYNC_EVERY_S:
            self._synced_at = now
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Have the disk take all lines, and let go of them."""
        with self._file, self._begun_file:
            os.fsync(self._file.fileno())


def size_of_whole_lines(folder: Path) -> int | None:
    """Return how many bytes of a job's lines are whole, or None if there are none yet.

    Args:
        folder: The job's folder.
    """
    path = folder / LINES_FILE
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            while size:
                start = max(0, size - _PIECE_BYTES)
                file.seek(start)
                found = file.read(size - start).rfind(b"\n")
                if found >= 0:
                    return start + found + 1
                size = start
    except FileNotFoundError:
        return None
    return 0


def _whole_lines(path: Path) -> tuple[int, int]:
    """Return how many lines are whole and what they should be, and their length."""
    count = size = 0
    with suppress(FileNotFoundError), path.open("rb") as file:
        for line in file:
            if not (line.startswith(b'{"index":%d,' % count) and line[-2:] == b"}\n"):
                break
            count += 1
            size += len(line)
    return count, size
