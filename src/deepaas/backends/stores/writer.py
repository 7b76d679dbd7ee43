"""The thread that owns the database connection, and commits for many at once.

Every operation is a function of the connection. The thread takes all that wait, runs
each within a savepoint of one transaction, commits, and only then tells the callers: so
one `fsync` answers for all of them (*group commit*), and nobody hears of a success that
the disk does not have yet. One connection also keeps clear of the bug by which SQLite
before 3.51.3 can lose commits of two connections in WAL mode.

An operation that is refused fails alone. When the disk fails within one, SQLite may
have undone its neighbours too, so each is run again in a transaction of its own: a job
that is too large for the disk must not take a small one with it. A commit that fails is
told to all and never tried again, because it may be on disk nevertheless. After either
the connection is made anew, and the next operation finds out whether the disk is well.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from typing import TYPE_CHECKING, Any, Final, TypeVar

from sqlalchemy import URL, create_engine, event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.pool import NullPool

from deepaas.backends.faults import inject
from deepaas.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Connection, Engine

    Work = Callable[[Connection], Any]
    _Identity = tuple[int, int]

logger = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_AT_ONCE: Final = 256
_RETRY_AFTER_S: Final = 5.0
_BUSY_S: Final = 5.0
"""How long to wait for somebody who looks into the database with another program."""

_PRAGMAS: Final = {
    "journal_mode": "WAL",
    "synchronous": "FULL",  # a commit waits for the disk
    "journal_size_limit": str(64 << 20),  # what a burst of large requests leaves behind
}


class _Item:
    """One operation that waits, and where its outcome goes."""

    __slots__ = ("error", "future", "loop", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Any] = self.loop.create_future()
        self.result: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Give the caller the outcome; runs on the event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Runs operations on a database, one transaction after the other."""

    def __init__(self, path: Path, *, prepare: Callable[[Engine], None]) -> None:
        """Start the thread.

        Args:
            path: The database file.
            prepare: Called once in the thread, before anything else.
        """
        self._path = path
        self._prepare = prepare
        self._waiting: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._log_path = path.with_name(f"{path.name}-wal")
        self._file: _Identity | None = None
        self._log: _Identity | None = None
        self._thread = threading.Thread(target=self._run, name="store", daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Run an operation; what it changed is on disk when this returns.

        Raises:
            StoreUnavailableError: The database or its disk does not take it.
            Exception: Whatever the operation raises.
        """
        item = _Item(work)
        self._waiting.put(item)
        result: T = await asyncio.shield(item.future)
        return result

    async def close(self) -> None:
        """Finish what waits, then let go of the database."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    # --------------------------------------------------------------- in the thread

    def _run(self) -> None:
        is_open = True
        while is_open:
            items, is_open = self._take()
            if items:
                self._transact(items)
                self._settle(items)
        self._disconnect()

    def _take(self) -> tuple[list[_Item], bool]:
        """Return all that waits, at least one; and whether more will come."""
        items: list[_Item] = []
        item = self._waiting.get()
        while item is not None:
            items.append(item)
            if len(items) == _MOST_AT_ONCE:
                return items, True
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                return items, True
        return items, False

    def _transact(self, items: list[_Item]) -> None:
        try:
            connection = self._begin()
        except Exception as error:  # noqa: BLE001 - told to all callers
            self._fail(items, error)
            return
        try:
            for item in items:
                self._run_one(connection, item)
        except Exception as error:  # noqa: BLE001 - told to the one whose it is
            self._fail(items, error)
            if len(items) > 1:
                for item in items:
                    self._transact([item])
            return
        try:
            inject("store.before_commit")
            connection.commit()
            inject("store.after_commit")
        except Exception as error:  # noqa: BLE001 - told to all callers
            self._fail(items, error)

    def _begin(self) -> Connection:
        if self._file is not None and _identity(self._path) != self._file:
            raise StoreUnavailableError(
                f"The database of jobs {self._path} was moved or replaced while the "
                "server ran. Put it back, or restart the server.",
                retry_after_s=_RETRY_AFTER_S,
            )
        connection = self._connect()
        if self._log is not None and _identity(self._log_path) != self._log:
            # Closing brings what the deleted log holds into the database.
            self._disconnect()
            connection = self._connect()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        self._log = _identity(self._log_path)
        return connection

    def _run_one(self, connection: Connection, item: _Item) -> None:
        item.error = None
        connection.exec_driver_sql("SAVEPOINT one")
        try:
            item.result = item.work(connection)
        except Exception as error:
            if _is_of_machine(error):
                raise
            connection.exec_driver_sql("ROLLBACK TO one")
            item.error = error
        connection.exec_driver_sql("RELEASE one")

    def _fail(self, items: list[_Item], error: Exception) -> None:
        """Give all of them an error, and begin anew: the state is unknown."""
        told = _as_ours(error)
        for item in items:
            item.error = told
        self._give_up()

    def _settle(self, items: list[_Item]) -> None:
        def settle() -> None:
            for item in items:
                item.settle()

        try:
            items[0].loop.call_soon_threadsafe(settle)
        except RuntimeError:  # the event loop has ended; nobody waits any more
            logger.debug("Nobody waits for %d operations any more.", len(items))

    def _connect(self) -> Connection:
        if self._connection is None:
            if self._engine is None:
                engine = _make_engine(self._path)
                self._prepare(engine)
                self._engine = engine
                self._file = _identity(self._path)
            self._connection = self._engine.connect()
            self._log = None
        return self._connection

    def _give_up(self) -> None:
        try:
            if self._connection is not None:
                self._connection.rollback()
        except Exception as error:  # noqa: BLE001 - it is closed anyway
            logger.debug("Rolling back failed: %s", error)
        self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                connection.close()
            except Exception as error:  # noqa: BLE001 - nothing can be done
                logger.warning("The database did not close: %s", error)
        if self._engine is not None:
            self._engine.dispose()


def _identity(path: Path) -> _Identity | None:
    """Return what tells a file from another one of its name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _make_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        # We say BEGIN ourselves; the driver's own idea of it comes too late.
        connect_args={"isolation_level": None, "timeout": _BUSY_S},
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, record: object) -> None:
        del record
        cursor = connection.cursor()
        for name, value in _PRAGMAS.items():
            cursor.execute(f"PRAGMA {name}={value}")
        cursor.close()

    return engine


def _is_of_machine(error: Exception) -> bool:
    """Return whether the disk or the database fails, rather than the operation."""
    if isinstance(error, DBAPIError):
        return not isinstance(error, IntegrityError)
    return isinstance(error, OSError | MemoryError)


def _as_ours(error: Exception) -> Exception:
    cause: object
    if isinstance(error, DBAPIError):
        cause = error.orig
    elif isinstance(error, OSError):
        cause = error.strerror
    elif isinstance(error, sqlite3.Error):
        cause = error
    else:
        return error
    logger.error("The store of jobs fails: %s", cause)
    return StoreUnavailableError(
        f"Jobs cannot be kept now: {cause}.", retry_after_s=_RETRY_AFTER_S
    )
