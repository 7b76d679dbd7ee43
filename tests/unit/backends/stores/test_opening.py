"""What is done with the files that a store finds."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from deepaas import errors
from deepaas.backends.stores import opening
from deepaas.backends.stores import writer as writer_module
from deepaas.backends.stores.sqlite import FILE_NAME, SqliteJobStore
from deepaas.jobs.records import Job, JobFilter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)

NEXT_STEP = """
from alembic import op
from sqlalchemy import Column, Integer

revision = "0002"
down_revision = "0001"


def upgrade():
    op.add_column("jobs", Column("priority", Integer, server_default="0"))
    {then}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a database with one job."""
    job = Job(id="1" * 32, model="yolo", operation="train", created=NOW, updated=NOW)

    async def add() -> None:
        store = SqliteJobStore(tmp_path)
        await store.open()
        await store.add(job, key=None, most_waiting=10)
        await store.close()

    asyncio.run(add())
    return tmp_path / FILE_NAME


def ids(folder: Path) -> list[str]:
    """Open a store and return the ids of its jobs."""

    async def read() -> list[str]:
        store = SqliteJobStore(folder)
        await store.open()
        page = await store.page(JobFilter())
        await store.close()
        return [one.id for one in page.jobs]

    return asyncio.run(read())


def test_a_folder_may_have_any_name(tmp_path: Path, path: Path) -> None:
    folder = tmp_path / "my jobs? 100%20 #1 ü"
    folder.mkdir()
    path.rename(folder / FILE_NAME)

    assert ["1" * 32] == ids(folder)
    assert [FILE_NAME] == [one.name for one in folder.iterdir()]


def test_an_empty_file_becomes_a_database(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).touch()

    assert [] == ids(tmp_path)


def test_a_page_that_is_damaged_is_found_and_left_alone(path: Path) -> None:
    content = bytearray(path.read_bytes())
    page = content.rindex(b"1" * 32) // 4096
    content[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    path.write_bytes(content)

    with pytest.raises(errors.ConfigurationError, match="Restore a backup") as raised:
        ids(path.parent)

    assert str(path) in raised.value.detail
    assert content == path.read_bytes()


def test_a_locked_database_is_not_called_damaged(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_BUSY_S", 0.0)
    monkeypatch.setattr(opening, "_BUSY_S", 0.0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")

    with pytest.raises(errors.StoreUnavailableError, match="locked"):
        ids(path.parent)

    other.close()
    assert ["1" * 32] == ids(path.parent)


def test_a_newer_database_is_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    content = path.read_bytes()

    with pytest.raises(errors.ConfigurationError, match="newer version"):
        ids(path.parent)

    assert content == path.read_bytes()
    assert [path] == list(path.parent.iterdir())


@pytest.fixture
def next_version(
    path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """Let the schema move on after the database was made; returns the step."""
    assert path.exists()
    folder = tmp_path_factory.mktemp("100% migrations") / "migrations"
    shutil.copytree(opening._MIGRATIONS, folder)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(opening, "_MIGRATIONS", folder)
        monkeypatch.setattr(opening, "REVISION", "0002")
        step = folder / "versions" / "0002_next.py"
        step.write_text(NEXT_STEP.format(then=""))
        yield step


@pytest.mark.usefixtures("next_version")
def test_an_older_database_is_brought_up_to_date_and_a_copy_is_kept(
    path: Path,
) -> None:
    assert ["1" * 32] == ids(path.parent)

    columns = "SELECT name FROM pragma_table_info('jobs') WHERE name = 'priority'"
    copy = path.with_name(f"{FILE_NAME}.before-0002")
    assert [("priority",)] == sqlite3.connect(path).execute(columns).fetchall()
    assert [] == sqlite3.connect(copy).execute(columns).fetchall()
    found = sqlite3.connect(copy).execute("SELECT id FROM jobs").fetchall()
    assert [("1" * 32,)] == found


def test_a_step_that_fails_changes_nothing(path: Path, next_version: Path) -> None:
    next_version.write_text(NEXT_STEP.format(then="op.execute('SELECT nonsense')"))

    with pytest.raises(errors.StoreUnavailableError):
        ids(path.parent)

    connection = sqlite3.connect(path)
    revision = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    columns = connection.execute("SELECT name FROM pragma_table_info('jobs')")
    assert [("0001",)] == revision
    assert ("priority",) not in columns.fetchall()
    connection.close()
    next_version.write_text(NEXT_STEP.format(then=""))
    assert ["1" * 32] == ids(path.parent)


@pytest.mark.anyio
async def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    store = SqliteJobStore(tmp_path)
    await store.open()

    modes = await asyncio.to_thread(_modes, tmp_path)

    await store.close()
    assert {0o600} == modes


def _modes(folder: Path) -> set[int]:
    return {one.stat().st_mode & 0o777 for one in folder.iterdir()}
