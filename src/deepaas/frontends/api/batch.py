"""Answers a batch: many predictions in one request, a line for each, in their order.

The request has arrived as a whole before the first line is answered, so a client that
sends everything before it reads anything never blocks. Its lines become predictions
like all others, so many at a time as keep the workers busy; a batch never fills the
queue for those who send one prediction. What goes wrong with a line stands in its
answer, and the others go on.

A line is refused only by what it says. While the queue is full, or a worker is being
replaced, it waits.
"""

from __future__ import annotations

import asyncio
import collections
import io
import os
import time
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import msgspec

from deepaas import errors
from deepaas.frontends.api import answers
from deepaas.model.batch_lines import NDJSON, read_lines
from deepaas.problems import document_of, problem_of
from deepaas.runtime.prediction import Result

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Coroutine

    from deepaas import messages
    from deepaas.frontends.api.answers import Receive, Send
    from deepaas.model.batch_lines import Line
    from deepaas.model.job import Version
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.pool import ModelPool
    from deepaas.runtime.prediction import Outcome

_PIECE_BYTES: Final = 1 << 18
_AHEAD_LINES: Final = 256
_MOST_LINES: Final = 128
_MOST_BYTES: Final = 1 << 23
"""Lines that are predicted at the same time, and their length in all."""

_PAUSE_S: Final = 0.05
"""How long a line waits before it tries again to get into the queue."""

_PATIENCE_S: Final = 60.0
"""How long a line waits for a model without workers. When one has waited in vain, the
next do not wait, until the model answers again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRequest:
    """A batch that has arrived.

    Attributes:
        model: The model's name.
        record: The request; its folder is removed here.
        body: The lines, unless the record names a file.
        version: The version that shall answer, or None for the active one.
        inline_bytes: Longest line that is kept in memory.
    """

    model: str
    record: messages.Predict
    body: bytes
    version: Version | None
    inline_bytes: int


async def answer_batch(
    plane: DataPlane, request: BatchRequest, *, receive: Receive, send: Send
) -> None:
    """Answer a batch; what still runs is abandoned when the caller leaves.

    Raises:
        DeepaasError: The model cannot answer anything now; nothing was sent.
    """
    try:
        _check(plane.pool(request.model), is_draining=plane.is_draining)
        batch = _Batch(plane, request)
        try:
            await _unless_left(batch.answer(send), receive)
        finally:
            await batch.close()
    finally:
        await asyncio.to_thread(plane.remove_folder, request.record.folder)


def _check(pool: ModelPool, *, is_draining: bool) -> None:
    """Refuse a batch of which no line would be answered."""
    if is_draining:
        raise errors.DrainingError
    if pool.is_unloaded or pool.failure is not None:
        raise pool.unavailable()
    if pool.description is not None:
        predict = pool.description.operations.get("predict")
        if predict is None or not predict.is_implemented:
            raise errors.OperationNotImplementedError(pool.name, "predict")


async def _unless_left(answering: Coroutine[Any, Any, None], receive: Receive) -> None:
    """Carry a coroutine out, and give it up when the caller leaves."""
    work = asyncio.ensure_future(answering)
    leaving = asyncio.ensure_future(_until_left(receive))
    try:
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if work.done():
            work.result()
    finally:
        leaving.cancel()
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _until_left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class _Batch:
    """The lines of one batch on their way through the server."""

    def __init__(self, plane: DataPlane, request: BatchRequest) -> None:
        self._plane = plane
        self._request = request
        self._lines = _Lines(request)
        self._at_work: collections.deque[tuple[Line, asyncio.Task[_Answer]]] = (
            collections.deque()
        )
        self._patience_s = _PATIENCE_S

    async def close(self) -> None:
        """Abandon what is at work, and let go of the request."""
        tasks = [task for _, task in self._at_work]
        for task in tasks:
            task.cancel()
        for outcome in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(outcome, _Answer):
                outcome.remove()
        await self._lines.close()

    async def answer(self, send: Send) -> None:
        """Send a line for each line, as soon as it is there."""
        record = self._request.record
        headers = [
            (b"content-type", NDJSON.encode()),
            (b"cache-control", b"no-cache"),
            *answers.common(record.request_id),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async with aclosing(self._pieces()) as pieces:
            async for piece in pieces:
                await send(
                    {"type": "http.response.body", "body": piece, "more_body": True}
                )
        await send({"type": "http.response.body", "body": b""})

    async def _pieces(self) -> AsyncGenerator[bytes]:
        """Yield the answers in the order of the lines, those that are there as one."""
        while await self._take_up():
            answer = await self._oldest()
            ready = bytearray(answer.content)
            while not answer.path and self._at_work and self._at_work[0][1].done():
                answer = await self._oldest()
                ready += answer.content
            try:
                yield bytes(ready)
                async for piece in answer.rest():
                    yield piece
            finally:
                answer.remove()

    async def _oldest(self) -> _Answer:
        answer = await self._at_work[0][1]
        self._at_work.popleft()
        return answer

    async def _take_up(self) -> bool:
        """Begin as many lines as keep the workers busy; return whether any are."""
        pool = self._plane.pool(self._request.model)
        most = min(_MOST_LINES, pool.capacity)
        size = sum(len(line.content) for line, _ in self._at_work)
        while len(self._at_work) < most and size < _MOST_BYTES:
            line = await self._lines.next()
            if line is None:
                break
            size += len(line.content)
            self._at_work.append((line, asyncio.ensure_future(self._answer(line))))
        return bool(self._at_work)

    async def _answer(self, line: Line) -> _Answer:
        head = b'{"index":%d,' % line.index
        request_id = f"{self._request.record.request_id}.{line.index}"
        try:
            outcome = await self._predict(line, request_id=request_id)
        except errors.DeepaasError as error:
            document = document_of(problem_of(error), request_id=request_id)
            return _Answer(
                head + b'"problem":' + msgspec.json.encode(document) + b"}\n"
            )
        assert isinstance(outcome, Result)  # noqa: S101 - a line is never streamed
        self._patience_s = _PATIENCE_S
        if outcome.path:
            return _Answer(head, path=outcome.path)
        return _Answer(head + outcome.body[1:] + b"\n")

    async def _predict(self, line: Line, *, request_id: str) -> Outcome:
        """Return what comes of a line, once it gets into the queue.

        Raises:
            DeepaasError: The line cannot be answered.
        """
        path = "" if line.content else await self._lines.extract(line)
        began = time.monotonic()
        try:
            while True:
                try:
                    return await self._outcome(line, path, request_id=request_id)
                except errors.QueueFullError:
                    await asyncio.sleep(_PAUSE_S)
                except errors.ModelUnavailableError as error:
                    # Refused, or given back by a worker that had not begun it.
                    left_s = began + self._patience_s - time.monotonic()
                    if left_s <= 0:
                        self._patience_s = 0.0
                        raise
                    await asyncio.sleep(min(left_s, error.retry_after_s or _PAUSE_S))
        finally:
            if path:
                await asyncio.to_thread(Path(path).unlink, missing_ok=True)

    async def _outcome(self, line: Line, path: str, *, request_id: str) -> Outcome:
        record = msgspec.structs.replace(
            self._request.record,
            request_id=request_id,
            content_type="application/json",
            accept="",
            envelope="line",
            body_path=path,
            folder="",
        )
        prediction = self._plane.submit(
            self._request.model,
            record,
            body=line.content,
            version=self._request.version,
        )
        try:
            return await prediction.outcome
        except asyncio.CancelledError:
            prediction.abandon()
            raise


@dataclass(frozen=True, slots=True)
class _Answer:
    """The answer to a line.

    Attributes:
        content: The line, or what stands before the result.
        path: A file with a document whose member is the rest of the line, or empty.
    """

    content: bytes
    path: str = ""

    async def rest(self) -> AsyncIterator[bytes]:
        """Yield what follows the content."""
        if not self.path:
            return
        with Path(self.path).open("rb") as file:  # noqa: ASYNC230 - it is in the cache
            file.seek(1)  # its opening brace is in the content already
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece
        yield b"\n"

    def remove(self) -> None:
        """Remove the file."""
        if self.path:
            Path(self.path).unlink(missing_ok=True)


class _Lines:
    """Reads the lines of a batch, in a thread where they are on the disk."""

    def __init__(self, request: BatchRequest) -> None:
        self._path = request.record.body_path
        self._folder = request.record.folder
        self._file: BinaryIO = (
            Path(self._path).open("rb")  # noqa: SIM115 - closed in close
            if self._path
            else io.BytesIO(request.body)
        )
        self._lines = read_lines(self._file, inline_bytes=request.inline_bytes)
        self._ahead: collections.deque[Line] = collections.deque()
        self._reading: asyncio.Future[list[Line]] | None = None

    async def next(self) -> Line | None:
        """Return the next line, or None after the last."""
        if not self._ahead:
            if self._path:
                self._reading = asyncio.ensure_future(
                    asyncio.to_thread(self._read_ahead)
                )
                self._ahead.extend(await asyncio.shield(self._reading))
            else:
                self._ahead.extend(self._read_ahead())
        return self._ahead.popleft() if self._ahead else None

    async def extract(self, line: Line) -> str:
        """Return the path of a file with a line that is too long for memory.

        Raises:
            UnavailableError: The disk does not take it.
        """
        try:
            return await asyncio.to_thread(self._extract, line)
        except OSError as error:
            raise errors.UnavailableError(
                f"The line cannot be kept: {error.strerror}."
            ) from error

    async def close(self) -> None:
        """Let go of the request."""
        if self._reading is not None:
            await asyncio.wait({self._reading})
        self._file.close()

    def _read_ahead(self) -> list[Line]:
        found: list[Line] = []
        size = 0
        for line in self._lines:
            found.append(line)
            size += len(line.content)
            if len(found) >= _AHEAD_LINES or size >= _PIECE_BYTES:
                break
        return found

    def _extract(self, line: Line) -> str:
        path = f"{self._folder}/line-{line.index}"
        with Path(self._path).open("rb") as source, Path(path).open("xb") as target:
            position, end = line.start, line.start + line.size
            while position < end:
                sent = os.sendfile(
                    target.fileno(), source.fileno(), position, end - position
                )
                position += sent
        return path
