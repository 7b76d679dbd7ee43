"""One prediction on its way through the server, and what comes of it."""

from __future__ import annotations

import asyncio
import collections
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas import messages
    from deepaas.errors import DeepaasError


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A whole result.

    Attributes:
        media_type: Of the body.
        body: The bytes; empty when `path` is set.
        path: A file with the body; whoever sends it removes it.
        filename: The name to suggest for a download, or empty.
    """

    media_type: str
    body: bytes = b""
    path: str = ""
    filename: str = ""


class ResultStream:
    """A result that comes in pieces; an async iterator of bytes.

    Attributes:
        media_type: Of the pieces taken together.
    """

    def __init__(
        self,
        media_type: str,
        *,
        on_taken: Callable[[int], None],
        on_closed: Callable[[], None],
    ) -> None:
        self.media_type = media_type
        self._on_taken = on_taken
        self._on_closed = on_closed
        self._pieces: collections.deque[bytes] = collections.deque()
        self._changed = asyncio.Event()
        self._has_ended = False
        self._error: DeepaasError | None = None

    def put(self, piece: bytes) -> None:
        """Add the next piece."""
        self._pieces.append(piece)
        self._changed.set()

    def end(self, error: DeepaasError | None = None) -> None:
        """Say that nothing follows, or that the rest is lost."""
        self._has_ended = True
        self._error = error
        self._changed.set()

    def close(self) -> None:
        """Say that nobody reads any more; the model is told to stop."""
        if not self._has_ended:
            self._on_closed()

    def __aiter__(self) -> ResultStream:
        return self

    async def __anext__(self) -> bytes:
        """Return all pieces that have come, as one.

        Raises:
            DeepaasError: The worker was lost in the middle of the stream.
        """
        while not self._pieces:
            if self._has_ended:
                if self._error is not None:
                    raise self._error
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        data = b"".join(self._pieces)
        self._pieces.clear()
        self._on_taken(len(data))
        return data


Outcome = Result | ResultStream


class Prediction:
    """A prediction and its state.

    Attributes:
        record: What the worker gets; its `seq` is set when it is sent.
        body: The request's body, unless `record.body_path` names a file.
        deadline_s: Longest time it may wait, and longest time it may run; 0 is none.
        outcome: The future of its result.
        arrived: When it came (monotonic, s).
        sent: When it was sent to a worker, or 0.
        progressed: When its stream last moved, or 0.
        stream: Set when the result comes in pieces.
        kill_at: When to end the worker that does not obey a cancellation, or 0.
        on_left: Called when the caller leaves, by whoever holds the prediction.
    """

    __slots__ = (
        "arrived",
        "body",
        "deadline_s",
        "kill_at",
        "on_left",
        "outcome",
        "progressed",
        "record",
        "sent",
        "stream",
    )

    def __init__(
        self, record: messages.Predict, body: Any, *, deadline_s: float
    ) -> None:
        self.record = record
        self.body = body
        self.deadline_s = deadline_s
        self.arrived = time.monotonic()
        self.sent = 0.0
        self.progressed = 0.0
        self.kill_at = 0.0
        self.stream: ResultStream | None = None
        self.on_left: Callable[[Prediction], None] = Prediction.leave
        self.outcome: asyncio.Future[Outcome] = (
            asyncio.get_running_loop().create_future()
        )

    @property
    def is_settled(self) -> bool:
        """Whether the caller has its answer, or has left."""
        return self.outcome.done() and self.stream is None

    def succeed(self, outcome: Outcome) -> None:
        """Give the caller the result; thrown away when the caller has left."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)
        elif isinstance(outcome, Result) and outcome.path:
            with suppress(FileNotFoundError):
                Path(outcome.path).unlink()

    def fail(self, error: DeepaasError) -> None:
        """Give the caller the error instead of a result, or of its rest."""
        if self.stream is not None:
            self.stream.end(error)
            self.stream = None
        elif not self.outcome.done():
            self.outcome.set_exception(error)

    def end_stream(self) -> None:
        """Say that the last piece of the result was given."""
        if self.stream is not None:
            self.stream.end()
            self.stream = None

    def abandon(self) -> None:
        """Say that the caller has left."""
        self.on_left(self)

    def leave(self) -> None:
        """Note that the caller has left."""
        self.end_stream()
        self.outcome.cancel()

    def remove_files(self) -> None:
        """Remove the folder with the request's body, once no worker needs it."""
        if self.record.folder:
            shutil.rmtree(self.record.folder, ignore_errors=True)
