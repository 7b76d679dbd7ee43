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
    from collections.abc import Callable, Generator

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
        json_bytes: How long the JSON is before the binary tensors, if there are some.
        coding: How the body is compressed, or empty.
    """

    media_type: str
    body: bytes = b""
    path: str = ""
    filename: str = ""
    json_bytes: int | None = None
    coding: str = ""


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


class Pending:
    """An outcome that comes later; like a future, but whoever waits hears it at once.

    A future of asyncio tells what has come by way of the event loop, which for small
    predictions is a good part of all that there is to do.
    """

    __slots__ = ("_callback", "_error", "_is_done", "_outcome")

    def __init__(self) -> None:
        self._is_done = False
        self._outcome: Outcome | None = None
        self._error: BaseException | None = None
        self._callback: Callable[[], None] | None = None

    def done(self) -> bool:
        """Whether the outcome is there, or nobody wants it any more."""
        return self._is_done

    def result(self) -> Outcome:
        """Return the outcome, once it is there.

        Raises:
            DeepaasError: It is an error.
            asyncio.CancelledError: Nobody wanted it any more.
        """
        if self._outcome is None:
            assert self._error is not None  # noqa: S101 - it is done
            raise self._error
        return self._outcome

    def when_done(self, callback: Callable[[], None]) -> None:
        """Have one callback called, at once if the outcome is there already."""
        if self._is_done:
            callback()
        else:
            self._callback = callback

    def set_result(self, outcome: Outcome) -> None:
        """Give the outcome."""
        self._outcome = outcome
        self._settle()

    def set_exception(self, error: BaseException) -> None:
        """Give an error instead."""
        self._error = error
        self._settle()

    def cancel(self) -> None:
        """Say that nobody wants it any more."""
        if not self._is_done:
            self.set_exception(asyncio.CancelledError())

    def __await__(self) -> Generator[Any, None, Outcome]:
        if not self._is_done:
            future = asyncio.get_running_loop().create_future()
            self.when_done(lambda: None if future.done() else future.set_result(None))
            try:
                yield from future
            except asyncio.CancelledError:
                self.cancel()
                raise
        return self.result()

    def _settle(self) -> None:
        self._is_done = True
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()


class Prediction:
    """A prediction and its state.

    Attributes:
        record: What the worker gets; its `seq` is set when it is sent.
        body: The request's body, unless `record.body_path` names a file.
        deadline_s: Longest time it may wait, and longest time it may run; 0 is none.
        due: When its caller's own time is up (monotonic, s), or 0.
        outcome: Its result, when it is there.
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
        "due",
        "kill_at",
        "on_left",
        "outcome",
        "progressed",
        "record",
        "sent",
        "stream",
    )

    def __init__(
        self,
        record: messages.Predict,
        body: Any,
        *,
        deadline_s: float,
        due: float = 0.0,
    ) -> None:
        self.record = record
        self.body = body
        self.deadline_s = deadline_s
        self.due = due
        self.arrived = time.monotonic()
        self.sent = 0.0
        self.progressed = 0.0
        self.kill_at = 0.0
        self.stream: ResultStream | None = None
        self.on_left: Callable[[Prediction], None] = Prediction.leave
        self.outcome = Pending()

    @property
    def is_settled(self) -> bool:
        """Whether the caller has its answer, or has left."""
        return self.outcome.done() and self.stream is None

    def overdue_s(self, since: float, now: float) -> float:
        """Return the limit that is passed, or 0 if there is time left.

        Args:
            since: When it began to do what it does: to wait, or to run.
            now: The time (monotonic, s).
        """
        if self.deadline_s and now - since > self.deadline_s:
            return self.deadline_s
        if self.due and now > self.due:
            return max(round(self.due - self.arrived, 1), 0.1)
        return 0.0

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
