"""How operations share a transaction, and what becomes of them when the disk fails."""

from __future__ import annotations

import asyncio
import errno
import os
import sqlite3
import threading
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from deepaas import errors
from deepaas.backends.stores import writer as writer_module
from deepaas.backends.stores.writer import Writer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    Work = Callable[[Connection], Any]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Notes:
    """A database of notes, with a count of its commits."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notes.sqlite3"
        self.commits = 0
        self.writer = Writer(self.path, prepare=self._prepare)

    def _prepare(self, engine: Engine) -> None:
        with engine.connect() as connection:
            connection.exec_driver_sql("CREATE TABLE notes (text UNIQUE)")
            connection.commit()

        @event.listens_for(engine, "commit")
        def count(connection: Connection) -> None:
            del connection
            self.commits += 1

    async def add(self, text: str) -> None:
        await self.writer.run(self.adding(text))

    async def read(self) -> list[str]:
        return await self.writer.run(
            lambda c: list(c.exec_driver_sql("SELECT text FROM notes").scalars())
        )

    async def together(self, *works: Work) -> list[Any]:
        """Hold the thread up until all operations wait, so that they share a commit."""
        is_held, all_wait = threading.Event(), threading.Event()

        def hold_up(connection: Connection) -> None:
            del connection
            is_held.set()
            all_wait.wait()

        first = asyncio.ensure_future(self.writer.run(hold_up))
        await asyncio.to_thread(is_held.wait)
        others = [asyncio.ensure_future(self.writer.run(work)) for work in works]
        await asyncio.sleep(0)  # they are in the queue now
        all_wait.set()
        _, *outcomes = await asyncio.gather(first, *others, return_exceptions=True)
        return outcomes

    @staticmethod
    def adding(text: str) -> Work:
        return lambda c: c.exec_driver_sql("INSERT INTO notes VALUES (?)", (text,))


@pytest.fixture
async def notes(tmp_path: Path) -> AsyncIterator[Notes]:
    notes = Notes(tmp_path)
    yield notes
    await notes.writer.close()


def full(connection: Connection) -> None:
    """Fail as SQLite does on a full disk."""
    pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
    connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    connection.exec_driver_sql("INSERT INTO notes VALUES (?)", (bytes(1 << 20),))


async def test_one_commit_answers_for_all_that_wait(notes: Notes) -> None:
    await notes.read()
    before = notes.commits

    await notes.together(*(notes.adding(str(number)) for number in range(50)))

    assert 2 == notes.commits - before
    assert 50 == len(await notes.read())


async def test_what_is_refused_fails_alone(notes: Notes) -> None:
    def refuse(connection: Connection) -> None:
        notes.adding("half done")(connection)
        raise errors.JobNotFoundError("j")

    first, second, third = await notes.together(
        notes.adding("a"), refuse, notes.adding("b")
    )

    assert isinstance(second, errors.JobNotFoundError)
    assert not isinstance(first, Exception)
    assert not isinstance(third, Exception)
    assert ["a", "b"] == await notes.read()


async def test_what_is_too_large_for_the_disk_fails_alone(notes: Notes) -> None:
    first, second, third = await notes.together(
        notes.adding("a"), full, notes.adding("b")
    )

    assert isinstance(second, errors.StoreUnavailableError)
    assert "full" in second.detail
    assert not isinstance(first, Exception)
    assert not isinstance(third, Exception)
    assert ["a", "b"] == await notes.read()


async def test_a_commit_that_fails_is_told_to_all(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await notes.add("before")

    def fail(name: str) -> None:
        if name == "store.before_commit":
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as broken:
        broken.setattr(writer_module, "inject", fail)
        outcomes = await notes.together(notes.adding("a"), notes.adding("b"))
        with pytest.raises(errors.StoreUnavailableError):
            await notes.add("c")

    assert [errors.StoreUnavailableError] * 2 == [type(one) for one in outcomes]
    await notes.add("after")
    assert ["before", "after"] == await notes.read()


async def test_somebody_elses_lock_is_told_and_passes(
    notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_BUSY_S", 0.0)
    await notes.add("a")
    other = sqlite3.connect(notes.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(errors.StoreUnavailableError, match="locked"):
        await notes.add("b")
    other.execute("ROLLBACK")
    other.close()

    await notes.add("b")
    assert ["a", "b"] == await notes.read()


async def test_a_database_that_is_gone_is_not_made_anew(notes: Notes) -> None:
    await notes.add("a")
    aside = notes.path.with_name("aside")
    notes.path.rename(aside)

    with pytest.raises(errors.StoreUnavailableError, match="moved or replaced"):
        await notes.add("b")
    with pytest.raises(errors.StoreUnavailableError, match="moved or replaced"):
        await notes.add("c")
    assert not notes.path.exists()

    aside.rename(notes.path)
    await notes.add("d")
    assert ["a", "d"] == await notes.read()


async def test_a_log_that_is_deleted_loses_nothing(notes: Notes) -> None:
    await notes.add("a")
    notes.path.with_name(f"{notes.path.name}-wal").unlink()

    await notes.add("b")
    await notes.writer.close()

    found = sqlite3.connect(notes.path).execute("SELECT text FROM notes").fetchall()
    assert [("a",), ("b",)] == found


async def test_what_waits_is_done_before_it_closes(notes: Notes) -> None:
    added = [asyncio.ensure_future(notes.add(str(number))) for number in range(20)]
    await asyncio.sleep(0)

    await notes.writer.close()

    assert [None] * 20 == await asyncio.gather(*added)


async def test_what_nobody_waits_for_any_more_is_done(notes: Notes) -> None:
    adding = asyncio.ensure_future(notes.add("a"))
    await asyncio.sleep(0)

    adding.cancel()

    assert ["a"] == await notes.read()
