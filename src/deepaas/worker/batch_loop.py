"""Runs several predictions in one call of the model's function."""

from __future__ import annotations

import asyncio
import collections
import inspect
import time
from typing import TYPE_CHECKING, Any

from deepaas.model.signature import BATCH_ITEM
from deepaas.worker import output
from deepaas.worker.answers import AnswerSender
from deepaas.worker.loop import Loop

if TYPE_CHECKING:
    from deepaas import messages
    from deepaas.scheduling.batching import BatchPolicy
    from deepaas.worker.runner import Call


class BatchLoop(Loop):
    """Runs several predictions in one call of the model's function."""

    def __init__(self, *, policy: BatchPolicy, **parts: Any) -> None:
        super().__init__(**parts)
        self._policy = policy
        self._answers = AnswerSender(self._data)
        self._waiting: collections.deque[
            tuple[float, messages.Predict, messages.Body]
        ] = collections.deque()
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
        while len(self._waiting) < self._policy.max_size:
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
                self._runner.fail(call.seq, result, sender=self._answers)
            else:
                self._runner.finish(call, result, sender=self._answers)
        self._answers.flush()
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
