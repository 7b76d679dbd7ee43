"""How a worker takes predictions: what its three loops share.

A loop owns the main thread. It reads the data socket itself, so that a prediction needs
no hand-over between threads, and returns when the server closes its side. `sync_loop`
runs one prediction after the other, `batch_loop` several in one call of the model,
`async_loop` several side by side.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from deepaas import messages
from deepaas.worker import output
from deepaas.worker.chunks import ChunkSender

if TYPE_CHECKING:
    from deepaas.progress_page import ProgressPage
    from deepaas.worker.channel import Channel
    from deepaas.worker.control import Control
    from deepaas.worker.runner import Call, Runner

STREAM_CREDIT_BYTES: Final = 1 << 18
"""What a stream may send before the server has said that it took any of it."""


class Loop:
    """What all loops share."""

    def __init__(
        self, *, data: Channel, control: Control, runner: Runner, page: ProgressPage
    ) -> None:
        self._data = data
        self._control = control
        self._runner = runner
        self._page = page
        self._chunks = ChunkSender(data)

    def _note_start(self, seq: int) -> None:
        """Tell the server, through shared memory, that everything up to `seq` began."""
        self._page.note_start(seq, time.monotonic())

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

    def _begin_stream(self, call: Call) -> None:
        self._data.send(messages.StreamStart(seq=call.seq, media_type=call.media_type))

    def _break_off(self, call: Call, error: BaseException) -> messages.Failure:
        """Tell the caller, as the last piece, that the stream has failed."""
        failure = self._runner.failure(call.seq, error)
        last = call.operation.codec.encode_broken(failure.detail, call.media_type)
        self._chunks.send(call.seq, last)
        return failure

    def _end_stream(self, call: Call, failure: messages.Failure | None) -> None:
        self._control.credit.forget(call.seq)
        call.folder.remove()
        self._chunks.flush()
        output.finish_lines()
        self._data.send(messages.StreamEnd(seq=call.seq, failure=failure))
