"""Jobs from their submission to their end, with real processes and no HTTP."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from deepaas import errors, messages
from deepaas.backends.job_events import last_events
from deepaas.backends.job_files import JobFiles
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.frontends.api.app import make_door
from deepaas.frontends.openinference.service import OpenInference
from deepaas.guardian.tree import become_subreaper
from deepaas.jobs.states import JobState
from deepaas.model.discovery import find_models
from deepaas.runtime.joblimits import JobLimits
from deepaas.runtime.jobservice import JobService
from deepaas.runtime.prediction import Result
from deepaas.runtime.submissions import Submission
from deepaas.settings import Settings
from deepaas.wiring import make_plane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from deepaas.jobs.records import Job
    from deepaas.model.job import Version
    from deepaas.runtime.prediction import Prediction

MODEL = str(Path(__file__).parent / "models" / "trainable.py")

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": True}  # as the server does


@pytest.fixture
def limits() -> JobLimits:
    return JobLimits(grace_s=0.5)


@pytest.fixture
async def service(tmp_path: Path, limits: JobLimits) -> AsyncIterator[JobService]:
    become_subreaper()
    models = find_models([MODEL])
    spool = tmp_path / "spool"
    spool.mkdir()
    plane = make_plane(Settings(), models=models, versions={}, spool_dir=str(spool))
    store = SqliteJobStore(tmp_path)
    await store.open()
    loads = {
        one.name: messages.Load(name=one.name, references=one.references)
        for one in models
    }
    service = JobService(
        store,
        plane=plane,
        files=JobFiles(tmp_path),
        loads=loads,
        limits=limits,
    )
    plane.start()
    await service.start()
    await plane.pool("trainable").wait_until_loaded()
    yield service
    await service.stop(grace_s=1)
    await plane.stop(grace_s=1)


def submission(operation: str = "train", **arguments: Any) -> Submission:
    record = messages.Predict(
        seq=0,
        request_id="1",
        operation=operation,
        content_type="application/json",
    )
    return Submission(
        model="trainable", record=record, body=json.dumps(arguments).encode()
    )


async def ended(service: JobService, job: Job) -> Job:
    return await service.wait(
        job.id, until=lambda one: one.state.is_final, timeout_s=20
    )


async def test_a_training_makes_a_result_a_version_and_a_log(
    service: JobService,
) -> None:
    submitted = await service.submit(submission(epochs=3))
    assert JobState.ACCEPTED is submitted.job.state
    assert {"epochs": 3, "fault": ""} == submitted.job.arguments

    job = await ended(service, submitted.job)

    assert (JobState.SUCCESSFUL, 1) == (job.state, job.made_version)
    folder = service.files.folder(job.id)
    assert job.result is not None
    result = json.loads((folder / job.result.file).read_bytes())
    assert {"epochs": 3, "job": job.id} == result
    version = await service.store.version("trainable", 1)
    assert {"loss": 1 / 3} == version.metrics
    weights = service.files.root / version.folder / "weights.txt"
    assert "3 epochs" == weights.read_text()
    assert 1.0 == last_events(service.files.events(job.id)).fraction
    [artifact] = await service.store.artifacts(job.id)
    assert "weights.txt" == artifact.path
    record = service.files.read_json(folder / "record.json")
    assert record["packages"]["deepaas"] == "3.0.0"


@pytest.mark.parametrize(
    ("fault", "cause", "signal"),
    [
        ("raise", "model_error", None),
        ("exit", "worker_died", None),
        ("segfault", "worker_died", "SIGSEGV"),
    ],
)
async def test_a_training_that_fails_says_why(
    service: JobService, fault: str, cause: str, signal: str | None
) -> None:
    submitted = await service.submit(submission(fault=fault))

    job = await ended(service, submitted.job)

    assert (JobState.FAILED, cause, signal) == (job.state, job.cause, job.signal)
    assert [] == await service.store.artifacts(job.id)


@pytest.mark.parametrize("fault", ["hang", "ignore_term", "fork"])
async def test_a_cancelled_training_is_dismissed_at_once_and_leaves_no_process(
    service: JobService, fault: str
) -> None:
    submitted = await service.submit(submission(fault=fault))
    job_id = submitted.job.id
    begun = service.files.folder(job_id) / "work" / "checkpoints" / "begun"
    await service.wait(job_id, until=lambda _: begun.exists(), timeout_s=20)

    job = await service.cancel(job_id)

    assert JobState.DISMISSED is job.state
    other = await ended(service, (await service.submit(submission())).job)
    assert JobState.SUCCESSFUL is other.state  # so the slot is free again
    assert [] == processes_of(job_id)


async def test_a_job_that_waits_can_be_dismissed(service: JobService) -> None:
    first = await service.submit(submission(fault="hang"))
    second = await service.submit(submission())

    assert JobState.DISMISSED is (await service.cancel(second.job.id)).state
    with pytest.raises(errors.JobStateConflictError):
        await service.cancel(second.job.id)
    await service.cancel(first.job.id)


async def test_predictions_share_a_warm_process(service: JobService) -> None:
    jobs = [
        await ended(service, (await service.submit(submission("predict", x=x))).job)
        for x in range(3)
    ]

    contents = [(service.files.folder(job.id) / "result").read_text() for job in jobs]
    pids = {
        service.files.read_json(service.files.folder(job.id) / "record.json")["pid"]
        for job in jobs
    }
    assert ["1", "2", "3"] == contents
    assert 1 == len(pids)


async def test_a_validation_sees_the_version(service: JobService) -> None:
    await ended(service, (await service.submit(submission())).job)
    wanted = Submission(
        model="trainable", record=submission("validate").record, version=1
    )

    job = await ended(service, (await service.submit(wanted)).job)

    result = json.loads((service.files.folder(job.id) / "result").read_bytes())
    assert {"version": 1, "weights": "2 epochs"} == result


async def predicted(service: JobService, *, version: Version | None = None) -> int:
    record = submission("predict").record
    prediction = service.plane.submit(
        "trainable", record, body=b'{"x": 0}', version=version
    )
    outcome = await prediction.outcome
    assert isinstance(outcome, Result)
    return int(outcome.body)


async def test_what_was_trained_answers_without_a_restart(
    service: JobService,
) -> None:
    assert 1 == await predicted(service)

    await ended(service, (await service.submit(submission())).job)
    assert 101 == await predicted(service)

    await service.versions.activate("trainable", 0)
    assert 1 == await predicted(service)


async def test_a_version_that_was_named_answers_although_another_is_activated(
    service: JobService,
) -> None:
    settings = Settings()
    door = make_door(service.plane, jobs=service, settings=settings)
    named = await OpenInference(door, settings=settings).find("trainable", "0")

    await ended(service, (await service.submit(submission())).job)

    assert 101 == await predicted(service)
    assert 1 == await predicted(service, version=named)


async def test_a_version_that_cannot_be_loaded_is_not_activated_and_says_why(
    service: JobService,
) -> None:
    job = await ended(service, (await service.submit(submission(epochs=100))).job)

    assert (JobState.SUCCESSFUL, 1) == (job.state, job.made_version)
    versions = await service.versions.list("trainable")
    assert 0 == versions.active
    assert "these weights are bad" in versions.failures[1]
    assert 1 == await predicted(service)


async def test_nobody_is_refused_because_a_version_is_being_activated(
    service: JobService,
) -> None:
    def ask() -> Prediction:
        record = submission("predict").record
        return service.plane.submit("trainable", record, body=b'{"x": 0}')

    with service.plane.pool("trainable").patient():
        admitted = [ask() for _ in range(1000)]
    with pytest.raises(errors.QueueFullError):
        ask()

    await asyncio.gather(*(one.outcome for one in admitted))


async def test_a_version_that_answers_cannot_be_deleted(service: JobService) -> None:
    await ended(service, (await service.submit(submission())).job)
    with pytest.raises(errors.VersionInUseError):
        await service.versions.delete("trainable", 1)

    await service.versions.activate("trainable", 0)
    await service.versions.delete("trainable", 1)

    with pytest.raises(errors.VersionNotFoundError):
        await service.versions.activate("trainable", 1)
    assert not service.files.version_folder("trainable", 1).exists()


@pytest.mark.parametrize("limits", [JobLimits(devices=("0", "1"))])
async def test_each_job_has_a_device_and_makes_a_version_of_its_own(
    service: JobService,
) -> None:
    submitted = [(await service.submit(submission())).job for _ in range(2)]

    jobs = [await ended(service, job) for job in submitted]

    records = [
        service.files.read_json(service.files.folder(job.id) / "record.json")
        for job in jobs
    ]
    devices = {one["devices"]["CUDA_VISIBLE_DEVICES"] for one in records}
    assert {"0", "1"} == devices
    assert {1, 2} == {job.made_version for job in jobs}


@pytest.mark.parametrize("limits", [JobLimits(has_exclusive_devices=True, grace_s=0.5)])
async def test_a_training_can_have_the_device_for_itself(service: JobService) -> None:
    pool = service.plane.pool("trainable")
    job_id = (await service.submit(submission(fault="hang"))).job.id
    begun = service.files.folder(job_id) / "work" / "checkpoints" / "begun"
    await service.wait(job_id, until=lambda _: begun.exists(), timeout_s=20)

    assert "unloaded" == pool.state
    with pytest.raises(errors.ModelUnavailableError, match="for itself"):
        await predicted(service)

    await service.cancel(job_id)
    await pool.wait_until_all_ready()
    assert 1 == await predicted(service)


async def test_wrong_inputs_are_refused_before_there_is_a_job(
    service: JobService,
) -> None:
    with pytest.raises(errors.InvalidInputError):
        await service.submit(submission(epochs="many"))

    assert {} == await service.store.counts()


async def test_the_same_key_makes_one_job(service: JobService) -> None:
    def wanted(**arguments: Any) -> Submission:
        plain = submission(**arguments)
        return Submission(
            model="trainable",
            record=plain.record,
            body=plain.body,
            key=("train", "my-key"),
        )

    first = await service.submit(wanted(epochs=1))
    second = await service.submit(wanted(epochs=1))

    assert (False, True) == (first.is_replay, second.is_replay)
    assert first.job.id == second.job.id
    with pytest.raises(errors.IdempotencyMismatchError):
        await service.submit(wanted(epochs=2))


def processes_of(job_id: str) -> list[int]:
    setting = f"DEEPAAS_JOB_ID={job_id}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            environment = path.read_bytes()
        except OSError:
            continue
        if setting in environment.split(b"\0"):
            found.append(int(path.parent.name))
    return found
