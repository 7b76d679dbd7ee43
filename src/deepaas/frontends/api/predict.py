"""The hot path: one POST, one prediction, one answer.

A plain ASGI callable per model and operation, because at small requests each layer
around it costs as much as the prediction itself. It hands on the body as it came; the
worker reads it, and what comes back is sent as it is.
"""

from __future__ import annotations

import asyncio
import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Literal

from deepaas import errors, messages
from deepaas.frontends.api import answers, problems
from deepaas.frontends.api.batch import BatchRequest, answer_batch
from deepaas.frontends.api.body import CallerLeftError
from deepaas.frontends.api.heads import read_head
from deepaas.frontends.api.job_door import idempotency_key
from deepaas.frontends.api.preferences import read_preferences
from deepaas.frontends.api.result_answers import send_outcome
from deepaas.model.batch_lines import is_batch
from deepaas.runtime.prediction import Result
from deepaas.runtime.submissions import Submission

if TYPE_CHECKING:
    from collections.abc import Sequence

    from deepaas.frontends.api.answers import Header, Receive, Scope, Send
    from deepaas.frontends.api.heads import Head
    from deepaas.frontends.api.job_door import JobDoor
    from deepaas.frontends.api.problems import ProblemAnswer
    from deepaas.model.job import Version
    from deepaas.runtime.prediction import Prediction

logger = logging.getLogger(__name__)

_WATCH_AFTER_S: Final = 0.1
"""Predictions that take longer are watched for callers who leave: the quick ones are
over before anyone could."""

_JSON: Final = "application/json"


class PredictEndpoint:
    """Answers the predictions of one model.

    Attributes:
        model: The model's name.
    """

    def __init__(
        self,
        model: str,
        *,
        door: JobDoor,
        is_enabled: bool,
    ) -> None:
        self.model = model
        self._plane = door.plane
        self._door = door
        self._bodies = door.bodies
        self._is_enabled = is_enabled

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request_id = scope["deepaas.request_id"]
        accept = ""
        try:
            if not self._is_enabled:
                raise errors.OperationDisabledError("predict")
            head = self._read_head(
                scope["headers"], query=scope["query_string"], request_id=request_id
            )
            record = head.record
            accept = record.accept
            if head.prefer and await self._accept_job(scope, receive, send, head):
                return
            version = await self._version(scope)
            body = await self._bodies.read(
                receive, announced_bytes=head.announced_bytes
            )
            record.body_path, record.folder = body.path, body.folder
            if record.envelope == "batch":
                batch = self._batch(record, body=body.content, version=version)
                await answer_batch(self._plane, batch, receive=receive, send=send)
                return
            prediction = self._plane.submit(
                self.model, record, body=body.content, version=version
            )
            watch = _CallerWatch(prediction, receive)
            try:
                outcome = await prediction.outcome
                if not isinstance(outcome, Result):
                    watch.start()
                await send_outcome(send, outcome, request_id=request_id)
            finally:
                watch.stop()
        except errors.DeepaasError as error:
            await self._send_error(send, error, request_id=request_id, accept=accept)
        except CallerLeftError:
            pass
        except asyncio.CancelledError:
            # Either the watch saw the caller leave, or this task itself is cancelled.
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise

    # -------------------------------------------------------------- the short way

    def short_head(
        self, headers: Sequence[Header], *, query: bytes, request_id: str
    ) -> Head | None:
        """Return the head of a request that can go the short way, see `express`.

        It is small and its size is known; it is neither a job, nor a batch, nor
        compressed.
        """
        try:
            head = self._read_head(headers, query=query, request_id=request_id)
        except errors.RequestError:
            return None
        is_short = 0 < head.announced_bytes <= self._bodies.most_inline_bytes
        if not is_short or head.prefer or head.record.envelope == "batch":
            return None
        return head

    def submit(self, record: messages.Predict, body: bytes | list[bytes]) -> Prediction:
        """Admit a prediction whose body is small.

        Raises:
            DeepaasError: It is refused.
        """
        if not self._is_enabled:
            raise errors.OperationDisabledError("predict")
        return self._plane.submit(self.model, record, body=body)

    # --------------------------------------------------------------- the long way

    _envelope: Literal["", "ogc"] = ""

    def _read_head(
        self, headers: Sequence[Header], *, query: bytes, request_id: str
    ) -> Head:
        """Return the head of a request.

        Raises:
            RequestError: Something in it is wrong.
        """
        head = read_head(
            headers, query=query, request_id=request_id, operation=self._description()
        )
        record = head.record
        record.envelope = self._envelope
        if record.content_type != _JSON and not self._envelope:
            record.envelope = "batch" if is_batch(record.content_type) else ""
        return head

    def _batch(
        self, record: messages.Predict, *, body: bytes, version: Version | None
    ) -> BatchRequest:
        return BatchRequest(
            model=self.model,
            record=record,
            body=body,
            version=version,
            inline_bytes=self._bodies.inline_bytes,
        )

    async def _version(self, scope: Scope) -> Version | None:
        """Return the version that the caller asks for, or None for the active one.

        Raises:
            DeepaasError: There is no such version.
        """
        del scope
        return None

    async def _accept_job(
        self, scope: Scope, receive: Receive, send: Send, head: Head
    ) -> bool:
        """Answer a prediction that the caller does not want to wait for.

        Returns:
            Whether it is one. Where there are no jobs, all callers wait: this is a
            preference only.
        """
        preferences = read_preferences([head.prefer])
        if not (preferences.is_async and self._door.has_jobs):
            return False
        # All that may be refused without the body, before it takes room on the disk.
        service = self._door.service
        version = await self._version(scope)
        key = idempotency_key(scope, self.model, "predict")
        body = await self._bodies.read(receive, announced_bytes=head.announced_bytes)
        head.record.body_path, head.record.folder = body.path, body.folder
        submission = Submission(
            model=self.model,
            record=head.record,
            body=body.content,
            door="ogc" if self._envelope else "v2",
            key=key,
            version=None if version is None else version.number,
        )
        response = await self._door.answer_or_accept(
            await service.submit(submission),
            scope=scope,
            wait_s=preferences.wait_s or 0.0,
            applied=preferences.applied,
            status=HTTPStatus.CREATED if self._envelope else HTTPStatus.ACCEPTED,
        )
        answers.add_common(response, request_id=scope["deepaas.request_id"])
        await response(scope, receive, send)
        return True

    def _description(self) -> messages.OperationDescription | None:
        model = self._plane.pools[self.model].description
        return model.operations.get("predict") if model else None

    async def _send_error(
        self, send: Send, error: errors.DeepaasError, *, request_id: str, accept: str
    ) -> None:
        answer = self.problem(error, request_id=request_id, accept=accept)
        is_last = isinstance(error, errors.BodyTooLargeError)
        await answers.send_problem(send, answer, request_id=request_id, is_last=is_last)

    def problem(
        self, error: errors.DeepaasError, *, request_id: str, accept: str
    ) -> ProblemAnswer:
        """Return the answer for an error, as the clients of the model expect it."""
        return problems.render(
            error, request_id=request_id, accept=accept, kind=self._kind()
        )

    def _kind(self) -> str:
        """Return whose bodies an error has, see `problems.render`."""
        description = self._plane.pools[self.model].description
        return self._envelope or (description.kind if description else "native")


class _CallerWatch:
    """Notices, for predictions that take long, that the caller has left."""

    def __init__(self, prediction: Prediction, receive: Receive) -> None:
        self._prediction = prediction
        self._receive = receive
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        if not prediction.outcome.done():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(_WATCH_AFTER_S, self.start)

    def start(self) -> None:
        """Begin to watch now."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._wait())

    def stop(self) -> None:
        """Watch no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None:
            self._task.cancel()

    async def _wait(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._prediction.abandon()
