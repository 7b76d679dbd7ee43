"""What ran beside the store is taken in once, whole, wherever it is cut off."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.support.jobs import OWNER, RESULT

from deepaas import errors
from deepaas.backends.data_dir import DataDir
from deepaas.backends.job_files import JobFiles
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.jobs.records import (
    Artifact,
    Job,
    JobOutput,
    JobRequest,
    ModelVersion,
)
from deepaas.jobs.states import JobState
from deepaas.runtime import incoming

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WEIGHTS = Artifact(path="w", size_bytes=1, media_type="text/plain", sha256="0")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteJobStore]:
    store = SqliteJobStore(tmp_path)
    await store.open()
    yield store
    await store.close()


async def take_all_in(store: SqliteJobStore, files: JobFiles) -> None:
    """Do what a server does when it starts."""
    await incoming.rescue(files)
    await incoming.take_in(store, files, given_up=set())


async def ran(root: Path, job_id: str, *, ended: bool = True) -> Path:
    """Run a training beside the store; returns its folder."""
    folder = incoming.make_folder(root, f"run-{job_id}")
    files = JobFiles(folder)
    store = SqliteJobStore(folder)
    await store.open()
    request = JobRequest(body=b"\x00\xff")
    job = Job(
        id=job_id,
        model="yolo",
        operation="train",
        created=NOW,
        updated=NOW,
        request=request,
    )
    await store.add(job, key=None, most_waiting=9)
    await store.claim_oldest(now=NOW, owner=OWNER, models=frozenset({"yolo"}))
    files.folder(job_id).mkdir(parents=True)
    (files.folder(job_id) / "result").write_text("1")
    if not ended:
        await store.close()
        return folder
    files.version_folder("yolo", 1).mkdir(parents=True)
    (files.version_folder("yolo", 1) / "w").write_text(job_id)
    version = ModelVersion(model="yolo", number=1, job=job_id, created=NOW)
    output = JobOutput(result=RESULT, artifacts=(WEIGHTS,), version=version)
    await store.complete(job_id, now=NOW, attempt=1, output=output)
    return await incoming.hand_over(store, folder, job_id)


async def test_runs_keep_their_ids_and_get_the_next_versions(
    store: SqliteJobStore, tmp_path: Path
) -> None:
    files = JobFiles(tmp_path)
    for job_id in ("b", "a"):
        await ran(tmp_path, job_id)

    await incoming.take_in(store, files, given_up=set())
    await incoming.take_in(store, files, given_up=set())

    found = [await store.get(job_id) for job_id in ("a", "b")]
    assert [1, 2] == [job.made_version for job in found]
    assert b"\x00\xff" == found[0].request.body
    assert ["a", "b"] == [(files.artifact(job, "w")).read_text() for job in found]
    assert "1" == (files.folder("a") / "result").read_text()
    assert ["versions/yolo/2", "versions/yolo/1"] == [
        one.folder for one in await store.versions("yolo")
    ]
    assert 0 == await store.active_version("yolo")
    assert [WEIGHTS] == await store.artifacts("a")
    assert ["submitted", "claimed", "completed"] == [
        one.event for one in await store.transitions("a")
    ]
    assert [] == list((tmp_path / "incoming").iterdir())


async def test_who_is_cut_off_between_row_and_files_goes_on(
    store: SqliteJobStore, tmp_path: Path
) -> None:
    await ran(tmp_path, "a")
    folder = tmp_path / "incoming" / "a"
    record = (folder / "history.json").read_bytes()
    await store.take_in(incoming.decode(record))

    await take_all_in(store, JobFiles(tmp_path))

    job = await store.get("a")
    assert "a" == JobFiles(tmp_path).artifact(job, "w").read_text()
    assert 1 == len(await store.versions("yolo"))


async def test_a_run_that_was_killed_is_taken_in_as_interrupted(
    store: SqliteJobStore, tmp_path: Path
) -> None:
    await ran(tmp_path, "a", ended=False)

    await take_all_in(store, JobFiles(tmp_path))

    job = await store.get("a")
    assert (JobState.FAILED, "interrupted") == (job.state, job.cause)


async def test_a_run_that_goes_on_is_left_alone(
    store: SqliteJobStore, tmp_path: Path
) -> None:
    folder = await ran(tmp_path, "a", ended=False)
    running = DataDir(folder, holder="a run")

    await take_all_in(store, JobFiles(tmp_path))

    with pytest.raises(errors.JobNotFoundError):
        await store.get("a")
    assert folder.exists()
    running.release()


async def test_a_damaged_run_stops_nobody(
    store: SqliteJobStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await ran(tmp_path, "a")
    damaged = tmp_path / "incoming" / "0"
    damaged.mkdir()
    (damaged / "history.json").write_text("{")

    given_up: set[str] = set()
    for _ in range(3):
        await incoming.take_in(store, JobFiles(tmp_path), given_up=given_up)

    assert (await store.get("a")).made_version == 1
    assert damaged.exists()
    assert 1 == caplog.text.count("cannot be taken in")
