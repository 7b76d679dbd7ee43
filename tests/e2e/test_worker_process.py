"""One worker process, driven without a server around it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepaas import errors, messages
from deepaas.backends.executors.process import Exit, WorkerProcess, WorkerSpec
from deepaas.failures import error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MODELS = Path(__file__).parent / "models"


class Listener:
    """Keeps what a worker reports, and lets a test wait for it."""

    def __init__(self) -> None:
        self.loaded: asyncio.Future[messages.ModelDescription] = asyncio.Future()
        self.ended: asyncio.Future[Exit] = asyncio.Future()
        self.records: asyncio.Queue[tuple[messages.ToServer, bytes]] = asyncio.Queue()

    def on_loaded(self, description: messages.ModelDescription) -> None:
        self.loaded.set_result(description)

    def on_load_failed(self, failure: messages.LoadFailed) -> None:
        self.loaded.set_exception(errors.ModelLoadError("faulty", failure.reason))

    def on_record(self, record: messages.ToServer, body: bytes) -> None:
        self.records.put_nowait((record, body))

    def on_output(self, line: str, request_id: str) -> None:
        pass

    def on_exit(self, ended: Exit) -> None:
        self.ended.set_result(ended)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
async def worker(tmp_path: Path, listener: Listener) -> AsyncIterator[WorkerProcess]:
    load = messages.Load(name="faulty", references=(str(MODELS / "faulty.py"),))
    spec = WorkerSpec(name="faulty", load=load, spool_dir=str(tmp_path), environment={})
    process = WorkerProcess(spec, listener)
    await listener.loaded
    yield process
    if not listener.ended.done():
        process.kill("stopped")
    await listener.ended


def inputs(seq: int = 1) -> messages.Predict:
    return messages.Predict(seq=seq, request_id="r", content_type="application/json")


async def test_a_worker_describes_its_model(
    worker: WorkerProcess, listener: Listener
) -> None:
    description = await listener.loaded

    arguments = description.operations["predict"].arguments
    assert ["fault", "seconds", "note"] == [one.name for one in arguments]
    assert "does whatever" in (await worker.metadata())["description"]


async def test_inputs_are_checked_while_a_prediction_runs(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.predict(inputs(), b'{"seconds": 1}')

    await worker.validate(inputs(), b'{"fault": "none"}')
    with pytest.raises(errors.InvalidInputError) as refused:
        await worker.validate(inputs(), b'{"fault": 1, "seconds": "long"}')

    assert ["/fault", "/seconds"] == [one.pointer for one in refused.value.errors]
    assert listener.records.empty()
    record, _ = await listener.records.get()
    assert isinstance(record, messages.Answer)


async def test_a_question_to_a_dead_worker_is_answered(
    worker: WorkerProcess,
) -> None:
    question = asyncio.ensure_future(worker.metadata())
    worker.kill("memory_limit")

    with pytest.raises(errors.WorkerDiedError):
        await question


async def test_a_cancelled_prediction_is_dropped_before_it_begins(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.predict(inputs(1), b'{"seconds": 0.5}')
    worker.predict(inputs(2), b"{}")
    worker.cancel((2,))

    (first, _), (second, _) = [await listener.records.get() for _ in range(2)]

    assert isinstance(first, messages.Answer)
    assert messages.Dropped(seqs=(2,)) == second
    assert 1 == worker.last_started()[0]


async def test_a_worker_that_is_stopped_finishes_what_it_has(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.predict(inputs(), b'{"fault": "raise"}')
    worker.stop()

    ended = await listener.ended
    record, _ = await listener.records.get()

    assert Exit(cause="stopped", exit_status=0, signal=None) == ended
    assert isinstance(record, messages.Failure)
    assert "too hot" in error_of(record).detail


async def test_nothing_is_left_of_a_dead_worker(
    worker: WorkerProcess, listener: Listener, tmp_path: Path
) -> None:
    worker.kill("deadline")

    assert Exit(cause="deadline", exit_status=None, signal="SIGKILL") == (
        await listener.ended
    )
    await asyncio.get_running_loop().shutdown_default_executor()
    assert [] == _names(tmp_path)
    assert str(worker.pid) not in _names(Path("/proc"))


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]
