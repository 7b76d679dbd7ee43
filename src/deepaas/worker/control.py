"""Listens to the server while the main thread runs the model.

A thread of its own, so that a question about the model, or the news that a caller has
left, does not wait for a prediction. It never touches the model's operations.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from deepaas import messages
from deepaas.failures import failure_of
from deepaas.model.shown import shown_arguments
from deepaas.worker.describe import plain_metadata

if TYPE_CHECKING:
    from collections.abc import Callable

    from deepaas.worker.channel import Channel
    from deepaas.worker.runner import Runner


class StreamCredit:
    """How much of each stream the server can still take; waits when it is nothing."""

    def __init__(self) -> None:
        self._bytes: dict[int, int] = {}
        self._changed = threading.Condition()

    def grant(self, seq: int, size: int) -> None:
        """Add `size` bytes to what the stream may send, unless it has ended."""
        with self._changed:
            if seq in self._bytes:
                self._bytes[seq] += size
                self._changed.notify_all()

    def wake(self) -> None:
        """Let those who wait look around, because a caller has left."""
        with self._changed:
            self._changed.notify_all()

    def spend(
        self, seq: int, size: int, *, initial: int, is_cancelled: Callable[[], bool]
    ) -> bool:
        """Wait until the stream may send, then take `size` bytes of its credit.

        Returns:
            False when the caller has left meanwhile.
        """
        with self._changed:
            self._bytes.setdefault(seq, initial)
            while self._bytes[seq] <= 0 and not is_cancelled():
                self._changed.wait()
            self._bytes[seq] -= size
            return not is_cancelled()

    def balance(self, seq: int, *, initial: int) -> int:
        """Return the bytes that the stream may send now."""
        with self._changed:
            return self._bytes.setdefault(seq, initial)

    def forget(self, seq: int) -> None:
        """Drop what is known of a stream that has ended."""
        with self._changed:
            self._bytes.pop(seq, None)


class Control:
    """The control thread, and what it knows of callers.

    Attributes:
        cancelled: Sequence numbers of predictions whose callers have left.
        credit: What each stream may send.
        on_cancel: Called in this thread with newly cancelled sequence numbers.
    """

    def __init__(self, channel: Channel, *, runner: Runner) -> None:
        self.cancelled: set[int] = set()
        self.credit = StreamCredit()
        self.on_cancel: Callable[[tuple[int, ...]], None] = lambda seqs: None
        self._channel = channel
        self._runner = runner

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._listen, name="control", daemon=True).start()

    def _listen(self) -> None:
        while (frames := self._channel.receive()) is not None:
            for record, body in frames:
                self._handle(record, body)
        # The server is gone without a word; nobody will ask for this process again.
        os._exit(0)

    def _handle(self, record: messages.ToWorker, body: messages.Body) -> None:
        match record:
            case messages.Cancel(seqs=seqs):
                self.cancelled.update(seqs)
                self.credit.wake()
                self.on_cancel(seqs)
            case messages.Credit(seq=seq, size=size):
                self.credit.grant(seq, size)
            case messages.GetMetadata(call=call):
                self._answer(call, lambda: self._metadata(call))
            case messages.Validate(call=call, predict=predict):
                self._answer(call, lambda: self._validate(call, predict, body))
            case _:
                raise ValueError(f"{type(record).__name__} does not belong on control")

    def _answer(self, call: int, make: Callable[[], messages.Record]) -> None:
        try:
            self._channel.send(make())
        except BaseException as error:  # noqa: BLE001 - reported to the server
            self._channel.send(failure_of(call, error))

    def _metadata(self, call: int) -> messages.Metadata:
        return messages.Metadata(call=call, metadata=plain_metadata(self._runner.model))

    def _validate(
        self, call: int, predict: messages.Predict, body: messages.Body
    ) -> messages.Valid:
        bound = self._runner.begin(predict, body)
        bound.folder.remove()
        return messages.Valid(call=call, arguments=shown_arguments(bound.arguments))
