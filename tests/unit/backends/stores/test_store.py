"""What the store of jobs promises."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.jobs import OWNER, RESULT

from deepaas import errors
from deepaas.backends.stores.schema import REVISION, metadata
from deepaas.backends.stores.sqlite import FILE_NAME, SqliteJobStore
from deepaas.jobs.records import (
    Artifact,
    IdempotencyKey,
    Job,
    JobChanges,
    JobFilter,
    JobOutput,
    JobRequest,
    ModelVersion,
    Step,
)
from deepaas.jobs.states import JobEvent, JobState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
MODELS = frozenset({"yolo"})


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteJobStore]:
    store = SqliteJobStore(tmp_path)
    await store.open()
    yield store
    await store.close()


def job(number: int, **fields: Any) -> Job:
    values: dict[str, Any] = {
        "id": f"{number:032x}",
        "model": "yolo",
        "operation": "train",
        "created": NOW + timedelta(seconds=number),
        "updated": NOW + timedelta(seconds=number),
    }
    return Job(**(values | fields))


async def add(store: SqliteJobStore, *jobs: Job) -> None:
    for one in jobs:
        await store.add(one, key=None, most_waiting=1000)


async def claim(store: SqliteJobStore, *, now: datetime = NOW) -> Job | None:
    return await store.claim_oldest(now=now, owner=OWNER, models=MODELS)


def step(event: JobEvent, **fields: Any) -> Step:
    return Step(event=event, now=NOW, **fields)


async def test_a_job_is_kept_whole(store: SqliteJobStore, tmp_path: Path) -> None:
    wanted = job(
        1,
        arguments={"epochs": 3, "when": None},
        request=JobRequest(body=b"\0\xff", headers={"a": "b"}, query=b"x=1"),
        is_restartable=True,
    )
    await add(store, wanted)
    await store.close()

    again = SqliteJobStore(tmp_path)
    await again.open()

    assert wanted == await again.get(wanted.id)
    await again.close()


async def test_an_unknown_job_is_not_found(store: SqliteJobStore) -> None:
    with pytest.raises(errors.JobNotFoundError):
        await store.get("0" * 32)


async def test_one_job_has_one_owner(store: SqliteJobStore) -> None:
    await add(store, job(1))

    claims = await asyncio.gather(claim(store), claim(store), claim(store))

    assert 1 == len([one for one in claims if one is not None])


async def test_the_oldest_is_claimed_first_and_its_attempt_is_counted(
    store: SqliteJobStore,
) -> None:
    await add(store, job(2), job(1), job(3, model="other"))

    first, second, third = [await claim(store) for _ in range(3)]

    assert first is not None
    assert second is not None
    assert (job(1).id, job(2).id, None) == (first.id, second.id, third)
    assert (JobState.RUNNING, 1, OWNER) == (first.state, first.attempt, first.owner)


async def test_a_job_that_is_tried_again_waits_for_its_time(
    store: SqliteJobStore,
) -> None:
    await add(store, job(1))
    await claim(store)
    later = NOW + timedelta(seconds=10)
    changes = JobChanges(cause="model_error", not_before=later)
    await store.move(job(1).id, step(JobEvent.REQUEUED, attempt=1, changes=changes))

    assert await claim(store) is None
    again = await claim(store, now=later)

    assert again is not None
    assert (2, "", None) == (again.attempt, again.cause, again.not_before)


async def test_only_one_end_counts(store: SqliteJobStore) -> None:
    await add(store, job(1))
    await claim(store)

    await store.move(job(1).id, step(JobEvent.DISMISSED))
    with pytest.raises(errors.JobStateConflictError) as raised:
        await store.complete(
            job(1).id, now=NOW, attempt=1, output=JobOutput(result=RESULT)
        )

    assert "dismissed" == raised.value.state
    assert JobState.DISMISSED is (await store.get(job(1).id)).state


async def test_an_attempt_that_is_over_changes_nothing(store: SqliteJobStore) -> None:
    await add(store, job(1))
    await claim(store)
    await store.move(job(1).id, step(JobEvent.REQUEUED, attempt=1))
    await claim(store)

    with pytest.raises(errors.JobStateConflictError):
        await store.complete(
            job(1).id, now=NOW, attempt=1, output=JobOutput(result=RESULT)
        )
    with pytest.raises(errors.JobStateConflictError):
        await store.move(job(1).id, step(JobEvent.ERRORED, attempt=1))

    assert JobState.RUNNING is (await store.get(job(1).id)).state


async def test_success_brings_all_that_the_job_has_made(store: SqliteJobStore) -> None:
    await add(store, job(1))
    await claim(store)
    artifact = Artifact(path="w", size_bytes=1, media_type="a/b", sha256="0" * 64)
    version = ModelVersion(model="yolo", number=1, job=job(1).id, created=NOW)

    done = await store.complete(
        job(1).id,
        now=NOW,
        attempt=1,
        output=JobOutput(
            result=RESULT, artifacts=(artifact,), version=version, is_activated=True
        ),
    )

    assert (JobState.SUCCESSFUL, RESULT, 1) == (
        done.state,
        done.result,
        done.made_version,
    )
    assert [artifact] == await store.artifacts(job(1).id)
    assert [version] == await store.versions("yolo")
    assert (1, 2) == (
        await store.active_version("yolo"),
        await store.next_version("yolo"),
    )


async def test_the_history_of_a_job_has_no_gaps(store: SqliteJobStore) -> None:
    await add(store, job(1))
    await claim(store)
    changes = JobChanges(cause="worker_died", detail="SIGSEGV", signal="SIGSEGV")
    await store.move(job(1).id, step(JobEvent.ERRORED, attempt=1, changes=changes))

    history = await store.transitions(job(1).id)

    assert ["accepted", "running", "failed"] == [one.state for one in history]
    assert [1, 2, 3] == [one.number for one in history]
    assert ("errored", "worker_died") == (history[-1].event, history[-1].cause)
    assert history[2:] == await store.transitions(job(1).id, after=2)


async def test_too_many_jobs_are_refused(store: SqliteJobStore) -> None:
    await store.add(job(1), key=None, most_waiting=1)

    with pytest.raises(errors.TooManyJobsError):
        await store.add(job(2), key=None, most_waiting=1)

    await claim(store)
    await store.add(job(3), key=None, most_waiting=1)


# -------------------------------------------------------------- idempotency keys


def key(fingerprint: str = "a") -> IdempotencyKey:
    return IdempotencyKey(scope="train", key="k", fingerprint=fingerprint)


async def test_fifty_callers_with_one_key_make_one_job(store: SqliteJobStore) -> None:
    added = await asyncio.gather(
        *(store.add(job(n), key=key(), most_waiting=100) for n in range(50))
    )

    assert 1 == len({one.job.id for one in added})
    assert 49 == sum(one.is_replay for one in added)


async def test_a_key_names_one_request(store: SqliteJobStore) -> None:
    await store.add(job(1), key=key("a"), most_waiting=100)

    with pytest.raises(errors.IdempotencyMismatchError):
        await store.add(job(2), key=key("b"), most_waiting=100)

    assert await store.find_key(key("a")) == job(1)


async def test_keys_are_forgotten_in_time(store: SqliteJobStore) -> None:
    await store.add(job(1), key=key("a"), most_waiting=100)

    await store.forget_keys(before=NOW + timedelta(days=1))

    assert await store.find_key(key("b")) is None


# ------------------------------------------------------------------------- lists


async def test_pages_follow_each_other_and_hold_every_job_once(
    store: SqliteJobStore,
) -> None:
    await add(store, *(job(n) for n in range(1, 8)))
    seen: list[str] = []
    cursor = ""
    while True:
        page = await store.page(JobFilter(limit=3, cursor=cursor))
        seen += [one.id for one in page.jobs]
        cursor = page.next_cursor
        if not cursor:
            break

    assert [job(n).id for n in range(7, 0, -1)] == seen


async def test_lists_can_be_narrowed(store: SqliteJobStore) -> None:
    await add(store, job(1), job(2, operation="predict"), job(3, model="other"))
    await claim(store)

    async def ids(**wanted: Any) -> list[int]:
        page = await store.page(JobFilter(is_ascending=True, **wanted))
        return [int(one.id, 16) for one in page.jobs]

    assert [1, 3] == await ids(operations=("train",))
    assert [3] == await ids(models=("other",))
    assert [1] == await ids(states=(JobState.RUNNING,))
    assert [2] == await ids(processes=(("yolo", "predict"),))
    assert [2, 3] == await ids(created_from=NOW + timedelta(seconds=2))
    assert [1] == await ids(created_to=NOW + timedelta(seconds=1))
    assert [1] == await ids(least_duration_s=1)
    assert [] == await ids(most_duration_s=1)


async def test_what_was_hidden_is_not_listed(store: SqliteJobStore) -> None:
    await add(store, job(1))

    await store.hide(job(1).id)

    assert () == (await store.page(JobFilter())).jobs
    assert 1 == len((await store.page(JobFilter(with_hidden=True))).jobs)
    assert (await store.get(job(1).id)).is_hidden


async def test_retention_takes_a_job_with_all_that_is_its(
    store: SqliteJobStore,
) -> None:
    await store.add(job(1), key=key(), most_waiting=100)
    await store.move(job(1).id, step(JobEvent.DISMISSED))
    assert [job(1).id] == [one.id for one in await store.final_jobs(limit=10)]

    await store.purge([job(1).id])

    assert [] == await store.transitions(job(1).id)
    assert await store.find_key(key("other")) is None
    with pytest.raises(errors.JobNotFoundError):
        await store.get(job(1).id)


# ---------------------------------------------------------------------- versions


async def test_a_number_is_never_used_again(store: SqliteJobStore) -> None:
    await add(store, job(1))
    await claim(store)
    version = ModelVersion(model="yolo", number=1, job=job(1).id, created=NOW)
    output = JobOutput(result=RESULT, version=version)
    await store.complete(job(1).id, now=NOW, attempt=1, output=output)

    await store.delete_version("yolo", 1)

    assert 2 == await store.next_version("yolo")
    assert [] == await store.versions("yolo")
    with pytest.raises(errors.VersionNotFoundError):
        await store.activate("yolo", 1)


async def test_what_validations_find_stays_with_the_version(
    store: SqliteJobStore,
) -> None:
    await add(store, job(1))
    await claim(store)
    version = ModelVersion(
        model="yolo", number=1, job=job(1).id, created=NOW, metrics={"loss": 1}
    )
    output = JobOutput(result=RESULT, version=version)
    await store.complete(job(1).id, now=NOW, attempt=1, output=output)

    await store.add_validation("yolo", 1, job_id="j", metrics={"accuracy": 0.5})

    metrics = (await store.version("yolo", 1)).metrics
    assert {"loss": 1, "validations": {"j": {"accuracy": 0.5}}} == metrics


# ------------------------------------------------------------------ the database


async def test_a_failure_of_one_does_not_touch_its_neighbours(
    store: SqliteJobStore,
) -> None:
    await add(store, job(1))

    outcomes = await asyncio.gather(
        store.add(job(2), key=None, most_waiting=10),
        store.get("f" * 32),
        store.add(job(1), key=None, most_waiting=10),
        store.add(job(3), key=None, most_waiting=10),
        return_exceptions=True,
    )

    assert [True, False, False, True] == [
        not isinstance(one, BaseException) for one in outcomes
    ]
    assert 3 == len((await store.page(JobFilter())).jobs)


async def test_a_full_disk_refuses_and_recovers_by_itself(
    store: SqliteJobStore,
) -> None:
    def limit(pages: int) -> Any:
        return lambda c: c.exec_driver_sql(f"PRAGMA max_page_count={pages}").scalar()

    await add(store, job(1))
    writer = store._writer
    assert writer is not None
    await writer.run(limit(1))  # the least that it takes is what there is
    big = JobRequest(body=bytes(1 << 20))

    with pytest.raises(errors.StoreUnavailableError):
        await store.add(job(2, request=big), key=None, most_waiting=10)

    assert [job(1).id] == [one.id for one in (await store.page(JobFilter())).jobs]
    await store.add(job(2, request=big), key=None, most_waiting=10)  # a new connection


@pytest.mark.parametrize(
    "content", [b"no database at all" * 100, b"SQLite format 3\0x"]
)
async def test_a_damaged_database_is_refused_and_left_alone(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(content)

    with pytest.raises(errors.ConfigurationError, match="damaged"):
        await SqliteJobStore(tmp_path).open()

    assert content == path.read_bytes()


async def test_the_database_of_a_newer_version_is_refused_and_left_alone(
    tmp_path: Path, store: SqliteJobStore
) -> None:
    await store.close()
    path = tmp_path / FILE_NAME
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    with pytest.raises(errors.ConfigurationError, match="newer version"):
        await SqliteJobStore(tmp_path).open()


def test_migrations_make_what_the_schema_says(tmp_path: Path) -> None:
    from alembic import command
    from alembic.autogenerate import compare_metadata
    from alembic.config import Config
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory
    from sqlalchemy import create_engine

    from deepaas.backends.stores import migrations

    engine = create_engine(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    config = Config()
    config.set_main_option("script_location", migrations.__path__[0])
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        differences = compare_metadata(MigrationContext.configure(connection), metadata)
    engine.dispose()

    assert [REVISION] == ScriptDirectory.from_config(config).get_heads()
    assert [] == differences
