"""How a worker takes predictions: one by one, in batches, or side by side.

The loops own the main thread. Each reads the data socket itself, so that a prediction
needs no hand-over between threads, and returns when the server closes its side.
"""

from __future__ import annotations

import asyncio
import collections
import inspect
import socket
import time
from typing import TYPE_CHECKING, Any, Final

from deepaas import messages
from deepaas.model.signature import BATCH_ITEM
from deepaas.worker import output

if TYPE_CHECKING:
    import mmap
    from collections.abc import AsyncIterator, Iterator

    from deepaas.scheduling.batching import BatchPolicy
    from deepaas.worker.channel import Channel
    from deepaas.worker.control import Control
    from deepaas.worker.runner import Call, Runner

STREAM_CREDIT_BYTES: Final = 1 << 18
"""What a stream may send before the server has said that it took any of it."""

_RECEIVE_BYTES: Final = 1 << 18


class _Loop:
    """What all loops share."""

    def __init__(
        self, *, data: Channel, control: Control, runner: Runner, page: mmap.mmap
    ) -> None:
        self._data = data
        self._control = control
        self._runner = runner
        self._page = page

    def _note_start(self, seq: int) -> None:
        """Tell the server, through shared memory, that everything up to `seq` began."""
        messages.SHARED_PAGE.pack_into(self._page, 0, seq, time.monotonic())

    def _drop_if_cancelled(self, seq: int) -> bool:
        cancelled = self._control.cancelled
        if seq not in cancelled:
            return False
        cancelled.discard(seq)
        self._data.send(messages.Dropped(seqs=(seq,)))
        return True

    def _is_cancelled(self, seq: int) -> bool:
        return seq in self._control.cancelled

    def _forget(self, seq: int) -> None:
        self._control.cancelled.discard(seq)


class SyncLoop(_Loop):
    """Runs one prediction after the other."""

    def run(self) -> None:
        """Take predictions until the server closes its side."""
        while (frames := self._data.receive()) is not None:
            for predict, body in frames:
                if not self._drop_if_cancelled(predict.seq):  # type: ignore[union-attr]  # only Predict comes on data
                    self._predict(predict, body)  # type: ignore[arg-type]  # as above

    def _predict(self, predict: messages.Predict, body: bytes) -> None:
        output.set_only_request(predict.request_id)
        self._note_start(predict.seq)
        try:
            call = self._runner.begin(predict, body)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            self._runner.fail(predict.seq, error, sender=self._data)
        else:
            self._run(call)
        finally:
            self._forget(predict.seq)
            output.finish_lines()
            output.set_only_request("")

    def _run(self, call: Call) -> None:
        try:
            # SystemExit and KeyboardInterrupt too end a prediction, not the worker.
            result = call.function(**call.arguments)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            call.folder.remove()
            self._runner.fail(call.seq, error, sender=self._data)
            return
        if call.operation.codec.is_streaming:
            self._stream(call, iter(result))
        else:
            self._runner.finish(call, result, sender=self._data)

    def _stream(self, call: Call, pieces: Iterator[Any]) -> None:
        """Send the pieces of a result; the first decides between 500 and 200."""
        is_begun = is_broken = False
        try:
            for piece in pieces:
                chunk = self._runner.encode_chunk(call, piece)
                if not is_begun:
                    self._begin_stream(call)
                    is_begun = True
                if not self._send_chunk(call, chunk):
                    break
            if not is_begun:
                self._begin_stream(call)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            if not is_begun:
                self._runner.fail(call.seq, error, sender=self._data)
                return
            is_broken = True
            self._data.send(
                messages.Chunk(seq=call.seq), self._runner.encode_broken(call, error)
            )
        finally:
            _close(pieces)
            self._control.credit.forget(call.seq)
            call.folder.remove()
        self._data.send(messages.StreamEnd(seq=call.seq, failed=is_broken))

    def _begin_stream(self, call: Call) -> None:
        self._data.send(messages.StreamStart(seq=call.seq, media_type=call.media_type))

    def _send_chunk(self, call: Call, chunk: bytes) -> bool:
        may_send = self._control.credit.spend(
            call.seq,
            len(chunk),
            initial=STREAM_CREDIT_BYTES,
            is_cancelled=lambda: self._is_cancelled(call.seq),
        )
        if may_send:
            self._data.send(messages.Chunk(seq=call.seq), chunk)
        return may_send


class BatchLoop(_Loop):
    """Runs several predictions in one call of the model's function."""

    def __init__(self, *, policy: BatchPolicy, **parts: Any) -> None:
        super().__init__(**parts)
        self._policy = policy
        self._waiting: collections.deque[tuple[float, messages.Predict, bytes]] = (
            collections.deque()
        )
        self._event_loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        """Take predictions until the server closes its side."""
        is_open = True
        while is_open or self._waiting:
            is_open = self._collect() if is_open else False
            if self._waiting:
                self._run_batch(self._take())

    def _collect(self) -> bool:
        """Wait until a batch should run; returns False when the server has closed."""
        while True:
            timeout_s: float | None = None
            if self._waiting:
                now = time.monotonic()
                send_at = self._policy.send_at(
                    oldest_arrival=self._waiting[0][0],
                    waiting=len(self._waiting),
                    now=now,
                )
                timeout_s = send_at - now
            frames = self._data.receive(timeout_s=timeout_s)
            if frames is None:
                return False
            now = time.monotonic()
            self._waiting.extend((now, predict, body) for predict, body in frames)  # type: ignore[misc]  # only Predict comes on data
            if not frames:
                return True

    def _take(self) -> list[Call]:
        """Begin up to a batch of predictions; wrong ones are answered at once."""
        calls: list[Call] = []
        while self._waiting and len(calls) < self._policy.max_size:
            _, predict, body = self._waiting.popleft()
            if self._drop_if_cancelled(predict.seq):
                continue
            self._note_start(predict.seq)
            try:
                calls.append(self._runner.begin(predict, body))
            except BaseException as error:  # noqa: BLE001 - reported to the caller
                self._runner.fail(predict.seq, error, sender=self._data)
        return calls

    def _run_batch(self, calls: list[Call]) -> None:
        if not calls:
            return
        only = calls[0].request_id if len(calls) == 1 else ""
        output.set_only_request(only)
        try:
            results = self._call_model(calls)
        except BaseException as error:  # noqa: BLE001 - reported to all callers
            results = [error] * len(calls)
        for call, result in zip(calls, results, strict=True):
            self._forget(call.seq)
            if isinstance(result, BaseException):
                call.folder.remove()
                self._runner.fail(call.seq, result, sender=self._data)
            else:
                self._runner.finish(call, result, sender=self._data)
        output.finish_lines()
        output.set_only_request("")

    def _call_model(self, calls: list[Call]) -> list[Any]:
        items = [call.arguments[BATCH_ITEM] for call in calls]
        results = calls[0].function(items)
        if inspect.isawaitable(results):
            results = self._wait(results)
        results = list(results)
        if len(results) != len(calls):
            raise ValueError(
                f"a batched predict must return one result for each item: got "
                f"{len(results)} for {len(calls)} items"
            )
        return results

    def _wait(self, awaitable: Any) -> Any:
        if self._event_loop is None:
            self._event_loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._event_loop)
        return self._event_loop.run_until_complete(awaitable)


class AsyncLoop(_Loop):
    """Runs the predictions of an async model side by side."""

    def __init__(self, **parts: Any) -> None:
        super().__init__(**parts)
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def run(self, loop: asyncio.AbstractEventLoop) -> None:
        """Take predictions until the server closes its side.

        Args:
            loop: The event loop of this process; an async `warm` has run in it.
        """
        loop.run_until_complete(self._serve())

    async def _serve(self) -> None:
        loop = asyncio.get_running_loop()

        def cancel_soon(seqs: tuple[int, ...]) -> None:
            loop.call_soon_threadsafe(self._cancel, seqs)

        self._control.on_cancel = cancel_soon
        # Reads through a duplicate that does not block; writes stay blocking, they
        # are small and the server always reads.
        async for data in _received(self._data.socket):
            for predict, body in self._data.feed(data):
                self._start(predict, body)  # type: ignore[arg-type]  # only Predict comes on data
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _start(self, predict: messages.Predict, body: bytes) -> None:
        if self._drop_if_cancelled(predict.seq):
            return
        self._note_start(predict.seq)
        task = asyncio.create_task(self._predict(predict, body))
        self._tasks[predict.seq] = task
        task.add_done_callback(lambda _: self._tasks.pop(predict.seq, None))

    def _cancel(self, seqs: tuple[int, ...]) -> None:
        for seq in seqs:
            if task := self._tasks.get(seq):
                task.cancel()

    async def _predict(self, predict: messages.Predict, body: bytes) -> None:
        output.task_request.set(predict.request_id)
        try:
            call = self._runner.begin(predict, body)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            self._runner.fail(predict.seq, error, sender=self._data)
        else:
            await self._run(call)
        finally:
            self._forget(predict.seq)
            output.finish_lines()

    async def _run(self, call: Call) -> None:
        try:
            result = call.function(**call.arguments)
            if call.operation.codec.is_streaming:
                await self._stream(call, result)
                return
            if inspect.isawaitable(result):
                result = await result
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            call.folder.remove()
            self._runner.fail(call.seq, error, sender=self._data)
        else:
            self._runner.finish(call, result, sender=self._data)

    async def _stream(self, call: Call, pieces: AsyncIterator[Any]) -> None:
        is_begun = is_broken = False
        try:
            async for piece in pieces:
                chunk = self._runner.encode_chunk(call, piece)
                if not is_begun:
                    self._begin_stream(call)
                    is_begun = True
                await self._send_chunk(call, chunk)
            if not is_begun:
                self._begin_stream(call)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            if not is_begun:
                self._runner.fail(call.seq, error, sender=self._data)
                return
            is_broken = True
            self._data.send(
                messages.Chunk(seq=call.seq), self._runner.encode_broken(call, error)
            )
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]  # an async generator has it
            self._control.credit.forget(call.seq)
            call.folder.remove()
        self._data.send(messages.StreamEnd(seq=call.seq, failed=is_broken))

    def _begin_stream(self, call: Call) -> None:
        self._data.send(messages.StreamStart(seq=call.seq, media_type=call.media_type))

    async def _send_chunk(self, call: Call, chunk: bytes) -> None:
        def spend() -> bool:
            return self._control.credit.spend(
                call.seq,
                len(chunk),
                initial=STREAM_CREDIT_BYTES,
                is_cancelled=lambda: self._is_cancelled(call.seq),
            )

        credit = self._control.credit
        if credit.balance(call.seq, initial=STREAM_CREDIT_BYTES) > 0:
            spend()
        else:
            await asyncio.to_thread(spend)
        self._data.send(messages.Chunk(seq=call.seq), chunk)


async def _received(connection: socket.socket) -> AsyncIterator[bytes]:
    """Yield what comes on a socket until the other side closes."""
    loop = asyncio.get_running_loop()
    duplicate = connection.dup()
    arrived = asyncio.Event()
    loop.add_reader(duplicate, arrived.set)
    try:
        while True:
            await arrived.wait()
            arrived.clear()
            try:
                data = duplicate.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT)
            except BlockingIOError:
                continue
            if not data:
                return
            yield data
    finally:
        loop.remove_reader(duplicate)
        duplicate.close()


def _close(pieces: Any) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
