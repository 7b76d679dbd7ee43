"""A place for one worker of a model: the process, what it holds, how it comes back.

A slot outlives its processes. It reports to its pool, which owns the queue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Final, Protocol

from deepaas import errors, messages
from deepaas.backends.executors.process import Exit, WorkerProcess, WorkerSpec
from deepaas.failures import error_of
from deepaas.runtime.causes import deadline_error, death_error
from deepaas.runtime.prediction import Prediction, Result, ResultStream
from deepaas.scheduling.admission import BackOffPolicy, moving_mean, recent_longest

if TYPE_CHECKING:
    from collections.abc import Callable

logger = logging.getLogger(__name__)

_CANCEL_GRACE_S: Final = 1.0
"""How long an async or streamed prediction may take to obey its cancellation."""

_GRANT_BYTES: Final = 1 << 16
"""What is taken of a stream before its worker hears of it: a part of its credit."""

DEVICE_VARIABLE: Final = "CUDA_VISIBLE_DEVICES"
"""What a process sees of the machine's devices."""


class SlotOwner(Protocol):
    """The pool, as a slot sees it."""

    def on_slot_loaded(self, description: messages.ModelDescription) -> None:
        """A worker is ready."""

    def on_slot_free(self) -> None:
        """A worker has answered and may take more."""

    def on_slot_lost(self, unstarted: list[Prediction]) -> None:
        """A worker died; these predictions had not begun and may go elsewhere."""

    def on_output(self, line: str, request_id: str) -> None:
        """The model wrote a line."""


class Slot:
    """A place for one worker.

    Attributes:
        held: The predictions that the worker has, by sequence number, oldest first.
        is_ready: Whether it can be sent predictions.
        failure: Why there is no worker, when the last one could not start.
        retry_at: When the next start is due (monotonic, s), or 0.
        mean_duration_s: Of the predictions that this model answered here.
        longest_s: The longest of them of late.
        worker_pid: The process's id, or 0.
        is_unloaded: Whether it has no worker because a training has its device.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        owner: SlotOwner,
        back_off: BackOffPolicy,
    ) -> None:
        self.held: dict[int, Prediction] = {}
        self.is_ready = False
        self.failure: errors.DeepaasError | None = None
        self.retry_at = 0.0
        self.mean_duration_s = -1.0
        self.longest_s = 0.0
        self.is_unloaded = False
        self._spec = spec
        self._owner = owner
        self._back_off = back_off
        self._process: WorkerProcess | None = None
        self._early_deaths = 0
        self._has_answered = False
        self._is_async = False
        self._runs_side_by_side = False
        self._next_seq = 1
        self._last_answer = 0.0
        self._started = 0.0
        self._is_stopping = False
        self._gone = asyncio.Event()
        self._gone.set()

    @property
    def worker_pid(self) -> int:
        """The worker's process id, or 0."""
        return self._process.pid if self._process else 0

    @property
    def device(self) -> str:
        """The device that its worker has, or empty."""
        return self._spec.environment.get(DEVICE_VARIABLE, "")

    @property
    def process(self) -> WorkerProcess | None:
        """The worker, if there is one."""
        return self._process

    def start(self) -> None:
        """Start a worker."""
        if self._is_stopping:
            return
        self.retry_at = 0.0
        self._started = time.monotonic()
        self._has_answered = False
        self._last_answer = 0.0
        try:
            self._process = WorkerProcess(self._spec, self)
        except OSError as error:
            # No descriptors, no memory, no process table: it may pass.
            self.failure = errors.ModelUnavailableError(
                f"No worker can be started for model {self._spec.name!r}: {error}."
            )
            self._early_deaths += 1
            self._restart_later()
        else:
            self._gone.clear()

    # -------------------------------------------------------------- predictions

    def send(self, prediction: Prediction) -> None:
        """Send a prediction to the worker; the slot must be ready."""
        assert self._process is not None  # noqa: S101 - is_ready implies it
        seq = self._next_seq
        self._next_seq += 1
        prediction.record.seq = seq
        prediction.sent = time.monotonic()
        self.held[seq] = prediction
        self._process.link.predict(prediction.record, prediction.body)

    def cancel(self, prediction: Prediction) -> None:
        """Tell the worker that the caller of a prediction has left."""
        seq = prediction.record.seq
        if self._process is not None and self.held.get(seq) is prediction:
            self._process.link.cancel((seq,))

    def request_at_work(self) -> str:
        """Return the id of the request that runs now, or empty if several may."""
        if self._process is None or self._runs_side_by_side:
            return ""
        seq, _ = self._process.last_started()
        prediction = self.held.get(seq)
        return prediction.record.request_id if prediction else ""

    def enforce_deadlines(self, now: float) -> None:
        """Answer predictions that took too long; end a worker that is stuck."""
        if self._process is None or not self.held:
            return
        last_seq, last_started = self._process.last_started()
        for seq, prediction in list(self.held.items()):
            if prediction.kill_at and now >= prediction.kill_at:
                self._kill_overdue()
                return
            if prediction.kill_at:
                continue
            if seq > last_seq:
                limit_s = prediction.overdue_s(prediction.arrived, now)
                if limit_s and not prediction.is_settled:
                    self._give_up(prediction, limit_s, waited=True)
                continue
            since = self._running_since(prediction, last_started)
            if limit_s := prediction.overdue_s(since, now):
                # Also when its caller has left: nobody else frees the worker.
                self._end_overdue(prediction, limit_s, now)

    def _end_overdue(self, prediction: Prediction, limit_s: float, now: float) -> None:
        """End a prediction that ran too long, and only with it its worker."""
        self._give_up(prediction, limit_s, waited=False)
        if self._runs_side_by_side or prediction.progressed:
            prediction.kill_at = now + _CANCEL_GRACE_S
        else:
            self._kill_overdue()

    def _kill_overdue(self) -> None:
        if self._process is None:
            return
        # Logged now: when it is dead, the log of its request may be over.
        logger.error(
            "Worker %d is ended: its prediction ran longer than the deadline.",
            self.worker_pid,
            extra={"model": self._spec.name},
        )
        self._process.kill("deadline")

    def enforce_memory_limit(self, limit_bytes: int) -> None:
        """End a worker that holds more memory than it may."""
        if self._process is None or self._process.resident_bytes() <= limit_bytes:
            return
        logger.error(
            "Worker %d is over its memory limit of %d bytes.",
            self.worker_pid,
            limit_bytes,
            extra={"model": self._spec.name},
        )
        self._process.kill("memory_limit")

    def _running_since(self, prediction: Prediction, last_started: float) -> float:
        if prediction.progressed:
            return prediction.progressed
        # The page may still show when the one before began, but nothing runs before
        # it was sent; an async model begins everything when it comes.
        return prediction.sent if self._is_async else max(prediction.sent, last_started)

    def _give_up(self, prediction: Prediction, limit_s: float, *, waited: bool) -> None:
        prediction.fail(deadline_error(limit_s, waited=waited))
        self.cancel(prediction)

    # ------------------------------------------------------------------- ending

    async def stop(self, *, grace_s: float) -> None:
        """End the worker in good order, by force after `grace_s`."""
        self._is_stopping = True
        self.is_ready = False
        if self._process is None:
            return
        if self._has_loaded:
            self._process.stop()
        else:
            self._process.kill("stopped")
        try:
            await asyncio.wait_for(self._gone.wait(), grace_s)
        except TimeoutError:
            self.kill()
            await self._gone.wait()

    async def unload(self, *, grace_s: float) -> None:
        """End the worker in good order, until `reload`."""
        self.is_unloaded = True
        await self.stop(grace_s=grace_s)

    def reload(self) -> None:
        """Start a worker again."""
        if self.is_unloaded:
            self.is_unloaded = False
            self._is_stopping = False
            self.start()

    def kill(self) -> None:
        """End the worker now."""
        self._is_stopping = True
        if self._process is not None:
            self._process.kill("stopped")

    # ------------------------------------------------------------ WorkerListener

    _has_loaded = False

    def on_loaded(self, description: messages.ModelDescription) -> None:
        """The worker is ready."""
        if self._is_stopping:
            return
        predict = description.operations.get("predict")
        self._is_async = predict is not None and predict.is_async
        self._runs_side_by_side = self._is_async or (
            predict is not None and predict.max_batch_size > 1
        )
        self._has_loaded = True
        self.is_ready = True
        self.failure = None
        logger.info(
            "Worker %d is ready after %.1f s: %s model, %s.",
            self.worker_pid,
            time.monotonic() - self._started,
            description.kind,
            ", ".join(description.operations),
            extra={"model": self._spec.name},
        )
        self._owner.on_slot_loaded(description)

    def on_load_failed(self, failure: messages.LoadFailed) -> None:
        """The model cannot be loaded."""
        self.failure = errors.ModelLoadError(
            self._spec.name, failure.reason, traceback=failure.traceback
        )

    def on_record(self, record: messages.ToServer, body: bytes) -> None:
        """Something came of a prediction."""
        match record:
            case messages.Answer(seq=seq):
                result = Result(
                    media_type=record.media_type,
                    body=body,
                    path=record.body_path,
                    filename=record.filename,
                    json_bytes=record.json_bytes,
                    coding=record.coding,
                )
                self._finish(seq, lambda prediction: prediction.succeed(result))
            case messages.Chunk(seq=seq):
                self._add_chunk(seq, body)
            case messages.Failure(seq=seq):
                self._log_failure(record)
                self._finish(seq, lambda prediction: prediction.fail(error_of(record)))
            case messages.StreamStart(seq=seq):
                self._start_stream(seq, record.media_type)
            case messages.StreamEnd(seq=seq, failure=failure):
                if failure is not None:
                    self._log_failure(failure)
                self._finish(seq, Prediction.end_stream)
            case messages.Dropped(seqs=seqs):
                for seq in seqs:
                    self._release(seq)

    def on_output(self, line: str, request_id: str) -> None:
        """The model wrote a line."""
        self._owner.on_output(line, request_id or self.request_at_work())

    def on_exit(self, ended: Exit) -> None:
        """The worker is gone."""
        process, self._process = self._process, None
        was_loaded, self._has_loaded = self._has_loaded, False
        self.is_ready = False
        last_seq = process.last_started()[0] if process else 0
        held, self.held = self.held, {}
        if not self._is_stopping:
            self._plan_restart(ended, was_loaded=was_loaded)
        lost = [p for seq, p in held.items() if seq <= last_seq]
        unstarted = [p for seq, p in held.items() if seq > last_seq]
        for prediction in lost:
            prediction.fail(death_error(ended, model=self._spec.name))
            prediction.remove_files()
        self._gone.set()
        self._owner.on_slot_lost(unstarted)

    # ---------------------------------------------------------------- internals

    def _finish(self, seq: int, settle: Callable[[Prediction], None]) -> None:
        prediction = self.held.get(seq)
        if prediction is None:
            return
        self._note_duration(prediction)
        self._has_answered = True
        self._early_deaths = 0
        settle(prediction)
        self._release(seq)

    def _release(self, seq: int) -> None:
        prediction = self.held.pop(seq, None)
        if prediction is not None:
            prediction.remove_files()
            self._owner.on_slot_free()

    def _note_duration(self, prediction: Prediction) -> None:
        now = time.monotonic()
        began = max(prediction.sent, self._last_answer)
        duration_s = now - began
        if self.mean_duration_s < 0:
            self.mean_duration_s = duration_s
        self.mean_duration_s = moving_mean(self.mean_duration_s, duration_s)
        self.longest_s = recent_longest(self.longest_s, duration_s)
        self._last_answer = now

    def _start_stream(self, seq: int, media_type: str) -> None:
        prediction = self.held.get(seq)
        if prediction is None or prediction.outcome.done():
            return

        taken = 0

        def grant(size: int) -> None:
            nonlocal taken
            prediction.progressed = time.monotonic()
            taken += size
            if taken < _GRANT_BYTES or self._process is None or seq not in self.held:
                return
            self._process.link.grant_credit(seq, size=taken)
            taken = 0

        def close() -> None:
            prediction.leave()
            self.cancel(prediction)

        stream = ResultStream(media_type, on_taken=grant, on_closed=close)
        prediction.stream = stream
        prediction.progressed = time.monotonic()
        prediction.succeed(stream)

    def _add_chunk(self, seq: int, piece: bytes) -> None:
        prediction = self.held.get(seq)
        if prediction is not None and prediction.stream is not None:
            prediction.progressed = time.monotonic()
            prediction.stream.put(piece)

    def _log_failure(self, failure: messages.Failure) -> None:
        if failure.code not in ("model_error", "bad_output", "model_http_error"):
            return
        prediction = self.held.get(failure.seq)
        if prediction is None or prediction.is_settled:
            return  # the caller has left, which is what the model complains of
        logger.error(
            "%s",
            failure.detail,
            extra={
                "model": self._spec.name,
                "request_id": prediction.record.request_id,
                "traceback": failure.traceback,
            },
        )

    def _plan_restart(self, ended: Exit, *, was_loaded: bool) -> None:
        if not self._has_answered:
            self._early_deaths += 1
        if not was_loaded and self.failure is None:
            self.failure = errors.ModelLoadError(
                self._spec.name, f"its worker died while it was loading: {ended}."
            )
        if self._pause_s() and self.failure is None:
            self.failure = errors.ModelUnavailableError(
                f"Model {self._spec.name!r} keeps crashing; the last time: {ended}."
            )
        self._log_death(ended)
        self._restart_later()

    def _log_death(self, ended: Exit) -> None:
        extra = {"model": self._spec.name}
        if isinstance(self.failure, errors.ModelLoadError):
            logger.error(
                "%s",
                self.failure.detail,
                extra={**extra, "traceback": self.failure.traceback},
            )
        elif ended.cause != "deadline":  # that was logged before
            logger.error("Worker died: %s.", ended, extra=extra)

    def _restart_later(self) -> None:
        pause_s = self._pause_s()
        if pause_s:
            logger.warning(
                "The next worker starts in %g s.",
                pause_s,
                extra={"model": self._spec.name},
            )
        self.retry_at = time.monotonic() + pause_s
        asyncio.get_running_loop().call_later(pause_s, self.start)

    def _pause_s(self) -> float:
        return self._back_off.delay_s(early_deaths=self._early_deaths)
