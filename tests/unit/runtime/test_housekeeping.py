"""What goes when its time is over, and what never does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.jobs import OWNER, RESULT

from deepaas.backends.job_files import JobFiles
from deepaas.backends.stores.sqlite import SqliteJobStore
from deepaas.jobs.records import (
    IdempotencyKey,
    Job,
    JobOutput,
    ModelVersion,
    Step,
)
from deepaas.jobs.retention import Keep
from deepaas.jobs.states import JobEvent
from deepaas.runtime.housekeeping import Housekeeper

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(days=31)
A_MONTH = Keep(age=timedelta(days=30))


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteJobStore]:
    store = SqliteJobStore(tmp_path)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
def files(tmp_path: Path) -> JobFiles:
    return JobFiles(tmp_path)


async def add(
    store: SqliteJobStore, files: JobFiles, number: int, **fields: Any
) -> str:
    values = {"operation": "predict", **fields}
    job = Job(id=f"{number:032x}", model="yolo", created=NOW, updated=NOW, **values)
    await store.add(job, key=None, most_waiting=100)
    files.begin_attempt(job.id, 1)
    return job.id


async def succeed(
    store: SqliteJobStore, job_id: str, *, version: ModelVersion | None = None
) -> None:
    await store.claim_oldest(now=NOW, owner=OWNER, models=frozenset({"yolo"}))
    output = JobOutput(result=RESULT, version=version)
    await store.complete(job_id, now=NOW, attempt=1, output=output)


async def test_an_old_prediction_goes_with_its_files(
    store: SqliteJobStore, files: JobFiles
) -> None:
    job_id = await add(store, files, 1)
    await succeed(store, job_id)
    keeper = Housekeeper(store, files=files, limits={"predict": A_MONTH})

    assert [] == await keeper.tidy(now=NOW)
    assert [job_id] == await keeper.tidy(now=LATER)

    assert not files.folder(job_id).exists()
    assert {} == await store.counts()


async def test_what_waits_or_has_made_a_version_stays(
    store: SqliteJobStore, files: JobFiles
) -> None:
    trained = await add(store, files, 1, operation="train")
    version = ModelVersion(model="yolo", number=1, job=trained, created=NOW)
    await succeed(store, trained, version=version)
    await add(store, files, 2, operation="train")
    keeper = Housekeeper(store, files=files, limits={"train": A_MONTH})

    assert [] == await keeper.tidy(now=LATER)

    await store.delete_version("yolo", 1)
    assert [trained] == await keeper.tidy(now=LATER)


async def test_the_size_of_files_counts(store: SqliteJobStore, files: JobFiles) -> None:
    ids = [await add(store, files, number) for number in (1, 2, 3)]
    for job_id in ids:
        await succeed(store, job_id)
        (files.folder(job_id) / "result").write_bytes(bytes(1000))
    limits = {"predict": Keep(size_bytes=2500)}

    assert ids[:1] == await Housekeeper(store, files=files, limits=limits).tidy(now=NOW)


async def test_keys_are_forgotten_after_a_day(
    store: SqliteJobStore, files: JobFiles
) -> None:
    key = IdempotencyKey(scope="s", key="k", fingerprint="f")
    job = Job(id="1" * 32, model="yolo", operation="train", created=NOW, updated=NOW)
    await store.add(job, key=key, most_waiting=1)
    keeper = Housekeeper(store, files=files, limits={})

    await keeper.tidy(now=NOW + timedelta(hours=23))
    assert await store.find_key(key) is not None
    await keeper.tidy(now=NOW + timedelta(hours=25))
    assert await store.find_key(key) is None


async def test_files_of_jobs_that_were_never_accepted_go(
    store: SqliteJobStore, files: JobFiles
) -> None:
    known = await add(store, files, 1)
    for stranger in ("2" * 32, "f" * 32):
        files.begin_attempt(stranger, 1)
    keeper = Housekeeper(store, files=files, limits={})

    await keeper.remove_strangers(before="e" * 32)

    assert {known, "f" * 32} == set(files.job_ids())


async def test_removed_jobs_have_a_limit_of_their_own(
    store: SqliteJobStore, files: JobFiles
) -> None:
    job_id = await add(store, files, 1, operation="train")
    step = Step(event=JobEvent.DISMISSED, now=NOW)
    await store.move(job_id, step)
    await store.hide(job_id)
    keeper = Housekeeper(store, files=files, limits={"removed": A_MONTH})

    assert [job_id] == await keeper.tidy(now=LATER)
