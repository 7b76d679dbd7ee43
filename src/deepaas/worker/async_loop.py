"""Runs the predictions of an async model side by side."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from deepaas.worker import output
from deepaas.worker.loop import STREAM_CREDIT_BYTES, Loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas import messages
    from deepaas.worker.channel import Channel, Frames
    from deepaas.worker.runner import Call


class AsyncLoop(Loop):
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
        # Reads do not block; writes do, they are small and the server always reads.
        async for frames in _received(self._data):
            for predict, body in frames:
                self._start(predict, body)  # type: ignore[arg-type]  # only Predict comes on data
        if self._tasks:
            await asyncio.wait(self._tasks.values())

    def _start(self, predict: messages.Predict, body: messages.Body) -> None:
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

    async def _predict(self, predict: messages.Predict, body: messages.Body) -> None:
        output.task_request.set(predict.request_id)
        try:
            call = self._runner.begin(predict, body)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            self._runner.fail(predict.seq, error, sender=self._data)
        else:
            await self._run(call)
        finally:
            self._forget(predict.seq)

    async def _run(self, call: Call) -> None:
        try:
            result = call.function(**call.arguments)
            if call.is_streamed:
                await self._stream(call, result)
                return
            if call.operation.codec.is_streaming:
                result = [piece async for piece in result]
            elif inspect.isawaitable(result):
                result = await result
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            call.folder.remove()
            self._runner.fail(call.seq, error, sender=self._data)
        else:
            self._runner.finish(call, result, sender=self._data)

    async def _stream(self, call: Call, pieces: AsyncIterator[Any]) -> None:
        is_begun = False
        failure: messages.Failure | None = None
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
                call.folder.remove()
                self._runner.fail(call.seq, error, sender=self._data)
                return
            failure = self._break_off(call, error)
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]  # an async generator has it
        self._end_stream(call, failure)

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
        self._chunks.send(call.seq, chunk)


async def _received(channel: Channel) -> AsyncIterator[Frames]:
    """Yield the frames that come until the other side closes."""
    loop = asyncio.get_running_loop()
    arrived = asyncio.Event()
    loop.add_reader(channel.socket, arrived.set)
    try:
        while True:
            await arrived.wait()
            arrived.clear()
            try:
                frames = channel.receive_now()
            except BlockingIOError:
                continue
            if frames is None:
                return
            yield frames
    finally:
        loop.remove_reader(channel.socket)
