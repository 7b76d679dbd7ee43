"""The short way of small predictions: from the HTTP parser to the worker and back.

ASGI costs a task, three dictionaries and a dozen awaits for each request, which is more
than all that a server does for a small prediction. So the protocol of a connection,
which is uvicorn's in all else, takes requests out of its own hands that are whole and
small: a POST to a model's `predict` with a body of known size. They are read, admitted,
logged and answered by the same code as all others; only what stands between is left
out. Whatever turns out to be more (a stream, a file, a job, a batch) goes the long way.

What is used of uvicorn beside its documented `http` setting: the attributes of
`HttpToolsProtocol`, those of its request cycles that it looks at itself
(`response_complete`, `keep_alive`, `disconnected`, `message_event`), and its table of
status lines.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from deepaas import errors
from deepaas.frontends.api import answers
from deepaas.frontends.api.result_answers import (
    headers_of,
    result_headers,
    send_outcome,
)
from deepaas.messages import LARGE_BYTES
from deepaas.runtime.prediction import Result

if TYPE_CHECKING:
    from deepaas.frontends.api.edge import Edge
    from deepaas.frontends.api.heads import Head
    from deepaas.frontends.api.predict import PredictEndpoint
    from deepaas.runtime.prediction import Outcome, Prediction

logger = logging.getLogger(__name__)


class _Nobody:
    """The event of a cycle that no task waits for."""

    def set(self) -> None:
        """Wake nobody."""


_NOBODY: Final = _Nobody()


class _Request:
    """A request on the short way; for uvicorn, the cycle of its connection."""

    __slots__ = (
        "began",
        "disconnected",
        "endpoint",
        "head",
        "keep_alive",
        "message_event",
        "path",
        "pieces",
        "prediction",
        "response_complete",
    )

    def __init__(
        self, endpoint: PredictEndpoint, head: Head, *, path: bytes, keep_alive: bool
    ) -> None:
        self.began = time.perf_counter()
        self.endpoint = endpoint
        self.path = unquote(path)
        self.head = head
        self.pieces: list[bytes] = []
        self.prediction: Prediction | None = None
        self.keep_alive = keep_alive
        self.response_complete = False
        self.disconnected = False
        self.message_event = _NOBODY

    @property
    def body(self) -> bytes | list[bytes]:
        """The body; a large one in the pieces that have come, and never joined."""
        is_large = self.head.announced_bytes >= LARGE_BYTES
        return self.pieces if is_large else b"".join(self.pieces)


class ExpressProtocol(HttpToolsProtocol):
    """uvicorn's protocol of a connection, with a short way for small predictions."""

    def __init__(self, *arguments: Any, edge: Edge, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._edge = edge
        self._arriving: _Request | None = None
        self._running: _Request | None = None
        self._idle_since = 0.0
        self._idle_timer: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ arriving

    def on_message_begin(self) -> None:
        """Wait for the head before anything is made of it."""
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Decide which way a request goes."""
        request = self._request() if self._is_free() else None
        if request is not None:
            self._arriving = self._running = self.cycle = request  # type: ignore[assignment]
            return
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers += headers
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a part of a body."""
        if self._arriving is None:
            super().on_body(body)
        else:
            self._arriving.pieces.append(body)

    def on_message_complete(self) -> None:
        """Admit a request that is whole."""
        request, self._arriving = self._arriving, None
        if request is None:
            super().on_message_complete()
            return
        try:
            prediction = request.endpoint.submit(request.head.record, request.body)
        except errors.DeepaasError as error:
            self._answer_error(request, error)
            return
        request.prediction = prediction
        give = functools.partial(self._give, request, prediction)
        prediction.outcome.when_done(give)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever predicts that the caller has left."""
        super().connection_lost(exc)
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        request, self._arriving = self._running, None
        if request is not None:
            request.disconnected = True
            if request.prediction is not None:
                request.prediction.abandon()

    def pause_writing(self) -> None:
        """Take no more requests from a caller who reads no answers."""
        super().pause_writing()
        self.flow.pause_reading()

    def resume_writing(self) -> None:
        """Take requests again."""
        super().resume_writing()
        if not self.pipeline:
            self.flow.resume_reading()

    def _is_free(self) -> bool:
        """Whether nothing of this connection waits for its answer."""
        cycle: Any = self.cycle  # there is none before the first request
        return cycle is None or cycle.response_complete

    def _request(self) -> _Request | None:
        """Return a request that can go the short way, or None."""
        path, _, query = self.url.partition(b"?")
        endpoint = self._edge.predictions.get(path)
        parser = self.parser
        if (
            endpoint is None
            or self.expect_100_continue
            or parser.get_method() != b"POST"
            or parser.should_upgrade()
            or not self._edge.allows(self.headers)
        ):
            return None
        request_id = self._edge.request_id(self.headers)
        head = endpoint.short_head(self.headers, query=query, request_id=request_id)
        if head is None:
            return None
        keeps = parser.should_keep_alive() and parser.get_http_version() != "1.0"
        return _Request(endpoint, head, path=path, keep_alive=keeps)

    # ----------------------------------------------------------------- answering

    def _give(self, request: _Request, prediction: Prediction) -> None:
        """Answer with what has come of a prediction; whatever happens, nobody waits."""
        try:
            self._answer_outcome(request, prediction)
        except Exception:
            request_id = request.head.record.request_id
            logger.exception("Bug: unhandled error", extra={"request_id": request_id})
            self.transport.abort()

    def _answer_outcome(self, request: _Request, prediction: Prediction) -> None:
        try:
            outcome = prediction.outcome.result()
        except errors.DeepaasError as error:
            self._answer_error(request, error)
        except asyncio.CancelledError:
            self._finish(request, status=0, size_bytes=0)
        else:
            if isinstance(outcome, Result) and not outcome.path:
                head = _result_head(outcome, request.head.record.request_id)
                self._answer(request, HTTPStatus.OK, head, outcome.body)
            else:
                self._send_long(request, outcome)

    def _answer_error(self, request: _Request, error: errors.DeepaasError) -> None:
        record = request.head.record
        answer = request.endpoint.problem(
            error, request_id=record.request_id, accept=record.accept
        )
        headers = [*answer.headers, *answers.common(record.request_id)]
        head = STATUS_LINE[answer.status] + answers.header_lines(headers)
        self._answer(request, answer.status, head, answer.body)

    def _answer(self, request: _Request, status: int, head: bytes, body: bytes) -> None:
        """Send a whole answer; the head lacks what depends on the connection."""
        if not request.disconnected:
            parts = [head, self._edge.default_lines(self.server_state.default_headers)]
            if not request.keep_alive:
                parts.append(b"connection: close\r\n")
            parts += (b"\r\n", body)
            self.transport.write(b"".join(parts))
        self._finish(request, status=status, size_bytes=len(body))

    def _send_long(self, request: _Request, outcome: Outcome) -> None:
        """Send a stream or a file, in a task of its own."""
        send_asgi: Any = self._cycle(request).send
        recorder = answers.Recorder(send_asgi)

        async def send() -> None:
            record = request.head.record
            try:
                await send_outcome(recorder, outcome, request_id=record.request_id)
            except Exception:
                if not request.disconnected:
                    logger.exception(
                        "Bug: unhandled error", extra={"request_id": record.request_id}
                    )
                    self.transport.close()
            finally:
                self._finish(
                    request, status=recorder.status, size_bytes=recorder.size_bytes
                )

        task = self.loop.create_task(send())
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    def _cycle(self, request: _Request) -> RequestResponseCycle:
        """Return what uvicorn writes an answer with that comes in parts."""
        return RequestResponseCycle(
            scope={"method": "POST"},  # type: ignore[typeddict-item]  # all that it reads
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=False,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=request.keep_alive,
            on_response=lambda: None,
        )

    def _finish(self, request: _Request, *, status: int, size_bytes: int) -> None:
        """Close a request, and let the next one of the connection come."""
        record = request.head.record
        self._edge.log(
            method="POST",
            path=request.path,
            status=status,
            began=request.began,
            size_bytes=size_bytes,
            request_id=record.request_id,
            model=request.endpoint.model,
        )
        request.response_complete = True
        self._running = None
        if not request.keep_alive:
            self.transport.close()
        if self.pipeline or request.disconnected:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._watch_idleness(self.timeout_keep_alive)

    def _watch_idleness(self, after_s: float) -> None:
        """Close the connection when nothing comes for long.

        uvicorn sets and cancels a timer for each request; this one is set once, and
        looks when it is due.
        """
        self._idle_timer = self.loop.call_later(after_s, self._close_if_idle)

    def _close_if_idle(self) -> None:
        self._idle_timer = None
        if self.transport.is_closing() or self.timeout_keep_alive_task is not None:
            return
        left_s = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if not self._is_free():
            left_s = self.timeout_keep_alive
        if left_s > 0:
            self._watch_idleness(left_s)
        else:
            self.transport.close()


def _result_head(result: Result, request_id: str) -> bytes:
    if result.filename or result.json_bytes is not None or result.coding:
        lines = STATUS_LINE[HTTPStatus.OK] + answers.header_lines(headers_of(result))
    else:
        lines = _usual_lines(result.media_type)
    return b"%sx-request-id: %s\r\ncontent-length: %d\r\n" % (
        lines,
        request_id.encode("latin-1"),
        len(result.body),
    )


@functools.lru_cache(maxsize=64)
def _usual_lines(media_type: str) -> bytes:
    """Return the head of a result that is no download, without what is its own."""
    return STATUS_LINE[HTTPStatus.OK] + answers.header_lines(
        result_headers(media_type, "")
    )
