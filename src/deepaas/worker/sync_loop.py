"""Runs one prediction after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from deepaas.worker import output
from deepaas.worker.loop import STREAM_CREDIT_BYTES, Loop

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas import messages
    from deepaas.worker.runner import Call


class SyncLoop(Loop):
    """Runs one prediction after the other."""

    def run(self) -> None:
        """Take predictions until the server closes its side."""
        while (frames := self._data.receive()) is not None:
            for predict, body in frames:
                if not self._drop_if_cancelled(predict.seq):  # type: ignore[union-attr]  # only Predict comes on data
                    self._predict(predict, body)  # type: ignore[arg-type]  # as above

    def _predict(self, predict: messages.Predict, body: messages.Body) -> None:
        output.set_only_request(predict.request_id)
        self._note_start(predict.seq)
        try:
            call = self._runner.begin(predict, body)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            self._fail(predict.seq, error)
        else:
            self._run(call)
        finally:
            self._forget(predict.seq)
            output.set_only_request("")

    def _run(self, call: Call) -> None:
        try:
            # SystemExit and KeyboardInterrupt too end a prediction, not the worker.
            result = self._invoke(call)
        except BaseException as error:  # noqa: BLE001 - reported to the caller
            call.folder.remove()
            self._fail(call.seq, error)
            return
        if call.is_streamed:
            self._stream(call, self._pieces(result))
        else:
            self._runner.finish(call, result, sender=self._data)

    def _fail(self, seq: int, error: BaseException) -> None:
        self._runner.fail(seq, error, sender=self._data)

    def _invoke(self, call: Call) -> Any:
        return call.function(**call.arguments)

    def _pieces(self, result: Any) -> Iterator[Any]:
        return iter(result)

    def _stream(self, call: Call, pieces: Iterator[Any]) -> None:
        """Send the pieces of a result; the first decides between 500 and 200."""
        is_begun = False
        failure: messages.Failure | None = None
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
                call.folder.remove()
                self._fail(call.seq, error)
                return
            failure = self._break_off(call, error)
        finally:
            _close(pieces)
        self._end_stream(call, failure)

    def _send_chunk(self, call: Call, chunk: bytes) -> bool:
        may_send = self._control.credit.spend(
            call.seq,
            len(chunk),
            initial=STREAM_CREDIT_BYTES,
            is_cancelled=lambda: self._is_cancelled(call.seq),
        )
        if may_send:
            self._chunks.send(call.seq, chunk)
        return may_send


def _close(pieces: Any) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
