"""The workers of one model, and the queue in front of them.

A prediction is admitted or refused at once; it waits here until a worker may take it;
it ends with an answer, an error, or its caller leaving. Nobody who was admitted waits
for ever: each way in which a worker can end leads through `on_slot_lost`.
"""

from __future__ import annotations

import asyncio
import collections
import logging
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from deepaas import errors, messages
from deepaas.backends.telemetry import logs
from deepaas.model.job import AS_INSTALLED
from deepaas.model.sources import changed_sources
from deepaas.runtime.causes import deadline_error
from deepaas.runtime.slot import DEVICE_VARIABLE, Slot
from deepaas.scheduling.admission import AdmissionPolicy, AheadPolicy, BackOffPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from deepaas.backends.executors.process import WorkerProcess, WorkerSpec
    from deepaas.model.job import Version
    from deepaas.runtime.prediction import Prediction

logger = logging.getLogger(__name__)

_TICK_S: Final = 0.1
_PATIENCE: Final = 16
_SETTLE_S: Final = 5.0
_CONTROL_TIMEOUT_S: Final = 2.0
_ASYNC_DEPTH: Final = 64
"""Predictions of an async model that one worker runs side by side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolLimits:
    """What a pool may do.

    Attributes:
        workers: Worker processes.
        queue_size: Most predictions that wait.
        worker_memory_bytes: Most resident memory of a worker; 0 is no limit.
    """

    workers: int
    queue_size: int
    worker_memory_bytes: int = 0


class ModelPool:
    """The workers of one model.

    Attributes:
        name: The model's name.
        version: The version that the workers serve.
        description: What the model is, once a worker has loaded it.
        is_withdrawn: Whether somebody has unloaded the model on purpose.
        warnings: What its operator should know, though the model answers.
    """

    def __init__(
        self,
        spec: WorkerSpec,
        *,
        limits: PoolLimits,
        version: Version = AS_INSTALLED,
        devices: Sequence[str] = (),
    ) -> None:
        self.name = spec.name
        self.version = version
        self.description: messages.ModelDescription | None = None
        self.is_withdrawn = False
        self.warnings: list[str] = []
        self._sources: dict[str, str] = {}
        self._has_changed = False
        self._limits = limits
        self._admission = AdmissionPolicy(queue_size=limits.queue_size)
        self._ahead = AheadPolicy()
        self._waiting: collections.deque[Prediction] = collections.deque()
        self._slots = [
            Slot(
                _on_device(spec, devices, number), owner=self, back_off=BackOffPolicy()
            )
            for number in range(limits.workers)
        ]
        self._first_outcome: asyncio.Future[None] = (
            asyncio.get_running_loop().create_future()
        )
        self._ticker: asyncio.TimerHandle | None = None
        self._changed = asyncio.Event()
        self._patience = 1

    # ------------------------------------------------------------------- states

    @property
    def is_ready(self) -> bool:
        """Whether a worker can take a prediction now."""
        return any(slot.is_ready for slot in self._slots)

    @property
    def is_unloaded(self) -> bool:
        """Whether a training has the devices of all workers for itself."""
        return all(slot.is_unloaded for slot in self._slots)

    @property
    def failure(self) -> errors.DeepaasError | None:
        """Why no worker can answer, when none is ready or about to be."""
        if self.is_ready or self.is_unloaded:
            return None
        failures = [slot.failure for slot in self._slots]
        return failures[0] if all(failures) else None

    @property
    def state(self) -> str:
        """`ready`, `loading`, `failed` or `unloaded`."""
        if self.is_ready:
            return "ready"
        if self.is_unloaded:
            return "unloaded"
        return "failed" if self.failure else "loading"

    @property
    def capacity(self) -> int:
        """How many predictions keep the workers busy, with one in reserve for each."""
        return sum(self._depth(slot) + 1 for slot in self._slots)

    @property
    def is_busy(self) -> bool:
        """Whether somebody waits for an answer, or for the workers to load."""
        is_loading = self.state == "loading"
        return bool(
            is_loading or self._waiting or any(slot.held for slot in self._slots)
        )

    def worker_pids(self) -> list[int]:
        """Return the process ids of the workers."""
        return [slot.worker_pid for slot in self._slots if slot.worker_pid]

    def start(self) -> None:
        """Start the workers; returns at once."""
        for slot in self._slots:
            slot.start()
        self._tick()

    async def wait_until_loaded(self) -> None:
        """Wait until a worker has loaded the model.

        Raises:
            ModelLoadError: It cannot be loaded.
        """
        await self._first_outcome

    async def wait_until_all_ready(self) -> None:
        """Wait until every worker can take a prediction.

        Raises:
            ModelLoadError: The model cannot be loaded.
        """
        await self._first_outcome
        while not all(slot.is_ready for slot in self._slots):
            if any(slot.failure for slot in self._slots):
                raise self.unavailable()
            await self._next_change()

    def ready_process(self) -> WorkerProcess | None:
        """Return a worker that can be asked, or None."""
        ready = (slot.process for slot in self._slots if slot.is_ready)
        return next(ready, None)

    async def metadata(self) -> dict[str, Any]:
        """Return the model's metadata as of now, or as of its loading.

        Raises:
            DeepaasError: The model's `get_metadata` failed, or nothing is loaded.
        """
        process = self.ready_process()
        if process is not None:
            try:
                async with asyncio.timeout(_CONTROL_TIMEOUT_S):
                    return await process.link.metadata()
            except TimeoutError:
                logger.warning(
                    "No worker told its metadata within %g s; showing the older.",
                    _CONTROL_TIMEOUT_S,
                    extra={"model": self.name},
                )
        if self.description is None:
            raise self.unavailable()
        return self.description.metadata

    # -------------------------------------------------------------- predictions

    def submit(self, prediction: Prediction) -> None:
        """Admit a prediction; its `outcome` tells what became of it.

        Raises:
            QueueFullError: Too many wait.
            ModelUnavailableError: No worker can answer, nor will soon.
        """
        if self.is_unloaded or self.failure is not None:
            raise self.unavailable()
        prediction.on_left = self._abandon
        if self._waiting or not self._send(prediction):
            self._enqueue(prediction)

    def _abandon(self, prediction: Prediction) -> None:
        prediction.leave()
        for slot in self._slots:
            slot.cancel(prediction)
        if prediction in self._waiting:
            self._waiting.remove(prediction)
            prediction.remove_files()

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Let more predictions wait, while the start of other workers slows these down.

        Nobody shall be refused because we activate a version.
        """
        self._patience *= _PATIENCE
        try:
            yield
        finally:
            self._patience //= _PATIENCE

    def settle_in(self) -> None:
        """Let more predictions wait for a moment: those that come while these begin."""
        self._patience *= _PATIENCE

        def settled() -> None:
            self._patience //= _PATIENCE

        asyncio.get_running_loop().call_later(_SETTLE_S, settled)

    async def unload(self, device: str, *, grace_s: float) -> None:
        """End the workers on a device, until `reload`.

        Args:
            device: The device; empty means all.
            grace_s: How long they may take to finish what they have.
        """
        await asyncio.gather(
            *(slot.unload(grace_s=grace_s) for slot in self._on(device))
        )

    async def withdraw(self, *, grace_s: float) -> None:
        """End the workers for good; what waits for one is refused.

        Args:
            grace_s: How long they may take to finish what they have.
        """
        self.is_withdrawn = True
        self._refuse_waiting()
        await self.unload("", grace_s=grace_s)

    def reload(self, device: str) -> None:
        """Start the workers on a device again, unless the model is withdrawn."""
        if self.is_withdrawn:
            return
        for slot in self._on(device):
            slot.reload()

    def _on(self, device: str) -> list[Slot]:
        return [one for one in self._slots if not device or one.device == device]

    async def retire(self, *, grace_s: float) -> None:
        """Answer what was admitted, then end the workers.

        Args:
            grace_s: How long the workers may take to close the model.
        """
        while self._waiting or any(slot.held for slot in self._slots):
            if self.failure is not None:
                break
            await self._next_change()
        await self.stop(grace_s=grace_s)

    async def stop(self, *, grace_s: float) -> None:
        """End the workers."""
        if self._ticker is not None:
            self._ticker.cancel()
        await asyncio.gather(*(slot.stop(grace_s=grace_s) for slot in self._slots))

    def kill(self) -> None:
        """End the workers now."""
        for slot in self._slots:
            slot.kill()

    # ---------------------------------------------------------------- SlotOwner

    def on_slot_loaded(self, description: messages.ModelDescription) -> None:
        """A worker is ready."""
        self.description = description
        self._compare_sources(description.sources)
        if not self._first_outcome.done():
            self._first_outcome.set_result(None)
        self._dispatch()
        self._changed.set()

    def on_slot_free(self) -> None:
        """A worker may take more."""
        self._dispatch()
        self._changed.set()

    def on_slot_lost(self, unstarted: list[Prediction]) -> None:
        """A worker died."""
        for prediction in reversed(unstarted):
            if prediction.outcome.done():
                prediction.remove_files()
            else:
                prediction.sent = 0.0
                self._waiting.appendleft(prediction)
        failure = self.failure
        if failure is not None:
            self._refuse_waiting()
            if not self._first_outcome.done():
                self._first_outcome.set_exception(failure)
                self._first_outcome.exception()  # whoever waits for it is told anyway
        self._dispatch()
        self._changed.set()

    def on_output(self, line: str, request_id: str) -> None:
        """The model wrote a line."""
        logs.log_model_output(self.name, line, request_id=request_id)

    # ---------------------------------------------------------------- internals

    def _compare_sources(self, sources: dict[str, str]) -> None:
        """Warn once, when a worker has loaded other code than those before it."""
        changed = changed_sources(self._sources, sources)
        self._sources = {**sources, **self._sources}
        if not changed or self._has_changed:
            return
        self._has_changed = True
        warning = (
            f"{', '.join(changed)} changed after the model was loaded: a new worker "
            "runs the new code, while others may run the old. Restart the server to "
            "have one code in all."
        )
        self.warnings.append(warning)
        logger.warning("%s", warning, extra={"model": self.name})

    async def _next_change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    def _enqueue(self, prediction: Prediction) -> None:
        waiting = len(self._waiting)
        if not self._admission.admits(waiting=waiting // self._patience):
            mean_s = max((slot.mean_duration_s for slot in self._slots), default=1.0)
            raise errors.QueueFullError(
                self.name,
                retry_after_s=self._admission.retry_after_s(
                    waiting=waiting,
                    workers=self._limits.workers,
                    mean_duration_s=max(mean_s, 0.0),
                ),
            )
        self._waiting.append(prediction)

    def _dispatch(self) -> None:
        while self._waiting:
            prediction = self._waiting[0]
            if not prediction.outcome.done() and not self._send(prediction):
                return
            self._waiting.popleft()

    def _send(self, prediction: Prediction) -> bool:
        """Send a prediction to the worker that has least to do, if one may take it."""
        best: Slot | None = None
        for slot in self._slots:
            if slot.is_ready and (best is None or len(slot.held) < len(best.held)):
                best = slot
        if best is None or len(best.held) >= self._depth(best):
            return False
        best.send(prediction)
        return True

    def _depth(self, slot: Slot) -> int:
        predict = self.description and self.description.operations.get("predict")
        if predict and predict.max_batch_size > 1:
            return 2 * predict.max_batch_size
        if predict and predict.is_async:
            return _ASYNC_DEPTH
        if slot.mean_duration_s < 0 or (predict and predict.is_streaming):
            return 1
        return self._ahead.depth(
            mean_duration_s=slot.mean_duration_s, longest_s=slot.longest_s
        )

    def _tick(self) -> None:
        self._ticker = asyncio.get_running_loop().call_later(_TICK_S, self._tick)
        now = time.monotonic()
        for slot in self._slots:
            slot.enforce_deadlines(now)
            if self._limits.worker_memory_bytes:
                slot.enforce_memory_limit(self._limits.worker_memory_bytes)
        for prediction in list(self._waiting):
            if limit_s := prediction.overdue_s(prediction.arrived, now):
                self._waiting.remove(prediction)
                prediction.fail(deadline_error(limit_s, waited=True))
                prediction.remove_files()

    def _refuse_waiting(self) -> None:
        while self._waiting:
            prediction = self._waiting.popleft()
            prediction.fail(self.unavailable())
            prediction.remove_files()

    def unavailable(self) -> errors.ModelUnavailableError:
        """Return the error that says why no worker answers."""
        if self.is_withdrawn:
            return errors.ModelUnavailableError(
                f"Model {self.name!r} was unloaded; load it with "
                f"POST /v2/repository/models/{self.name}/load.",
                retry_after_s=30,
            )
        if self.is_unloaded:
            return errors.ModelUnavailableError(
                f"A training has the device of model {self.name!r} for itself.",
                retry_after_s=30,
            )
        failure = self.failure
        if failure is None:
            return errors.ModelUnavailableError(
                f"Model {self.name!r} is loading.", retry_after_s=1
            )
        due_s = min(slot.retry_at for slot in self._slots) - time.monotonic()
        return errors.ModelUnavailableError(
            failure.detail, retry_after_s=max(1.0, due_s)
        )


def _on_device(spec: WorkerSpec, devices: Sequence[str], number: int) -> WorkerSpec:
    """Return the spec of a worker with its device, if devices are given out."""
    if not devices:
        return spec
    device = devices[number % len(devices)]
    environment = {**spec.environment, DEVICE_VARIABLE: device}
    return replace(spec, environment=environment)
