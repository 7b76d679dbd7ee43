"""One worker process, driven without a server around it."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from deepaas import errors, messages
from deepaas.backends.executors.process import Exit, WorkerProcess, WorkerSpec
from deepaas.failures import error_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

MODELS = Path(__file__).parent / "models"

UNNEEDED = {
    "aiohttp",
    "asyncio",
    "deepaas.worker.async_loop",
    "deepaas.worker.batch_loop",
    "deepaas.worker.job_loop",
    "fastapi",
    "http.client",
    "marshmallow",
    "multiprocessing",
    "numpy",
    "PIL",
    "sqlalchemy",
    "ssl",
    "starlette",
    "uvicorn",
    "webargs",
}
"""What no worker of a plain function needs, and what takes time to import."""


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
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}  # as the server does


@pytest.fixture
async def listener() -> Listener:
    return Listener()


@pytest.fixture
def model() -> str:
    return "faulty"


@pytest.fixture
async def worker(
    tmp_path: Path, listener: Listener, model: str
) -> AsyncIterator[WorkerProcess]:
    load = messages.Load(name=model, references=(str(MODELS / f"{model}.py"),))
    spec = WorkerSpec(name=model, load=load, spool_dir=str(tmp_path), environment={})
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
    assert "does whatever" in (await worker.link.metadata())["description"]


@pytest.mark.parametrize("model", ["imported"])
async def test_a_worker_imports_no_more_than_its_model_needs(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.link.predict(inputs(), b"{}")

    _, body = await listener.records.get()

    assert set() == UNNEEDED & set(json.loads(body))


async def test_inputs_are_checked_while_a_prediction_runs(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.link.predict(inputs(), b'{"seconds": 1}')

    await worker.link.validate(inputs(), b'{"fault": "none"}')
    with pytest.raises(errors.InvalidInputError) as refused:
        await worker.link.validate(inputs(), b'{"fault": 1, "seconds": "long"}')

    assert ["/fault", "/seconds"] == [one.pointer for one in refused.value.errors]
    assert listener.records.empty()
    record, _ = await listener.records.get()
    assert isinstance(record, messages.Answer)


async def test_a_question_to_a_dead_worker_is_answered(
    worker: WorkerProcess,
) -> None:
    question = asyncio.ensure_future(worker.link.metadata())
    worker.kill("memory_limit")

    with pytest.raises(errors.WorkerDiedError):
        await question


async def test_a_cancelled_prediction_is_dropped_before_it_begins(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.link.predict(inputs(1), b'{"seconds": 0.5}')
    worker.link.predict(inputs(2), b"{}")
    worker.link.cancel((2,))

    (first, _), (second, _) = [await listener.records.get() for _ in range(2)]

    assert isinstance(first, messages.Answer)
    assert messages.Dropped(seqs=(2,)) == second
    assert 1 == worker.last_started()[0]


async def test_a_worker_that_is_stopped_finishes_what_it_has(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.link.predict(inputs(), b'{"fault": "raise"}')
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


async def test_any_signal_is_told(worker: WorkerProcess, listener: Listener) -> None:
    os.kill(worker.pid, signal.SIGRTMIN + 1)  # Python has no name for it

    ended = await listener.ended

    assert ("worker_died", f"signal {signal.SIGRTMIN + 1}") == (
        ended.cause,
        ended.signal,
    )


async def test_the_first_cause_of_a_death_is_told(
    worker: WorkerProcess, listener: Listener
) -> None:
    worker.kill("memory_limit")
    worker.kill("deadline")

    assert "memory_limit" == (await listener.ended).cause


async def test_no_signal_goes_to_whoever_has_a_dead_workers_pid_now(
    worker: WorkerProcess, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed: list[int] = []
    worker.kill("deadline")
    await listener.ended
    monkeypatch.setattr("deepaas.backends.executors.trees.kill_group", killed.append)

    worker.kill("stopped")

    assert [] == killed


async def test_the_file_with_the_last_answer_of_a_worker_can_be_opened(
    worker: WorkerProcess, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(loop, "run_in_executor", lambda _, remove: remove())
    worker.link.predict(inputs(), b'{"fault": "huge"}')
    while not worker.last_started()[0]:  # noqa: ASYNC110 - the page has no event
        await asyncio.sleep(0)
    # Blocks: answer and death are to come in the same turn of the event loop.
    _wait_until_asleep(worker.pid)
    worker.kill("stopped")

    record, _ = await listener.records.get()

    assert isinstance(record, messages.Answer)
    assert _size(record.body_path) > 1 << 20


async def test_a_worker_that_cannot_be_started_leaves_nothing(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EAGAIN, "no processes left")

    spec = WorkerSpec(
        name="faulty",
        load=messages.Load(name="faulty", references=()),
        spool_dir=str(tmp_path),
        environment={},
    )
    before = _names(Path("/proc/self/fd"))
    for step in ("subprocess.Popen", "os.pipe", "os.pidfd_open"):
        with monkeypatch.context() as patch:
            patch.setattr(step, refuse)
            with pytest.raises(OSError, match="no processes left"):
                WorkerProcess(spec, listener)

    assert before == _names(Path("/proc/self/fd"))
    assert [] == _names(tmp_path)


def _wait_until_asleep(pid: int) -> None:
    """Wait until a worker waits for its next prediction."""
    stat = Path(f"/proc/{pid}/stat")
    times_asleep = 0
    while times_asleep < 10:
        threading.Event().wait(0.02)
        is_asleep = "S" == stat.read_text().rpartition(")")[2].split()[0]
        times_asleep = times_asleep + 1 if is_asleep else 0


def _size(path: str) -> int:
    return Path(path).stat().st_size


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]
