"""The jobs and versions of a data directory on this machine, and how to find it.

The database is only read, so that a server may have it at the same time; what changes
something needs the lock of the data directory.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from deepaas import errors
from deepaas.backends.data_dir import DataDir, DataDirHeldError, find_data_dir
from deepaas.client.remote_errors import make_error
from deepaas.model.job import AS_INSTALLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from sqlalchemy import Connection

    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job, JobFilter, ModelVersion
    from deepaas.model.discovery import ModelReference
    from deepaas.model.job import Version

Document = dict[str, Any]

_DATABASE: Final = "jobs.sqlite3"


class LocalStore:
    """The jobs of one data directory, which another process may have.

    Attributes:
        root: The data directory.
    """

    def __init__(self, root: Path) -> None:
        # Imported here: they take a noticeable time.
        from deepaas.backends.job_files import JobFiles

        self.root = root
        self.files = JobFiles(root)

    @property
    def exists(self) -> bool:
        """Whether there ever was a job."""
        return (self.root / _DATABASE).exists()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open the database, only to read.

        Raises:
            StoreUnavailableError: It cannot be read.
        """
        from sqlalchemy import create_engine
        from sqlalchemy.exc import DBAPIError
        from sqlalchemy.pool import NullPool

        path = self.root / _DATABASE
        address = f"file:{quote(str(path.absolute()))}?mode=ro"
        engine = create_engine(
            "sqlite://",
            creator=lambda: sqlite3.connect(address, uri=True),
            poolclass=NullPool,
        )
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            raise errors.StoreUnavailableError(
                f"The database of jobs {path} cannot be read: {error.orig}."
            ) from error

    def change(self, work: Callable[[SqliteJobStore], Any]) -> Any:
        """Change the store; a function gets it and returns a coroutine.

        Raises:
            ConfigurationError: Another process has it.
        """
        from deepaas.backends.stores.sqlite import SqliteJobStore

        try:
            lock = DataDir(self.root, holder=f"deepaas, process {os.getpid()}")
        except DataDirHeldError as error:
            raise held(error) from None

        async def run() -> Any:
            store = SqliteJobStore(self.root)
            await store.open()
            try:
                return await work(store)
            finally:
                await store.close()

        try:
            return asyncio.run(run())
        finally:
            lock.release()

    def jobs(self, wanted: JobFilter) -> list[Job]:
        """Return jobs, the newest first."""
        from deepaas.backends.stores import transactions

        with self.reading() as connection:
            return list(transactions.list_jobs(connection, wanted=wanted).jobs)

    def job(self, job_id: str) -> Job:
        """Return one job; see `JobSource.show`."""
        from deepaas.backends.stores import transactions

        with self.reading() as connection:
            return transactions.get(connection, job_id=job_id)

    def versions(self, model: str) -> tuple[int, list[ModelVersion]]:
        """Return which version answers, and all that trainings have made."""
        from deepaas.backends.stores import transactions

        with self.reading() as connection:
            active = transactions.active_version(connection, model=model)
            return active, transactions.versions(connection, model=model)

    def document(self, job: Job) -> Document:
        """Return a job as a server would describe it."""
        from deepaas.backends.job_events import last_events
        from deepaas.frontends.api.job_documents import status_info

        events = last_events(self.files.events(job.id))
        return {
            **status_info(job, events=events, root=""),
            "links": [],
            "data_dir": str(self.root),
        }


def stores_in(root: Path) -> Iterator[LocalStore]:
    """Yield the store of a data directory, and those of runs beside it."""
    for one in (root, *sorted((root / "incoming").glob("*"))):
        store = LocalStore(one)
        if store.exists:
            yield store


def store_of(model: ModelReference, *, data_dir: str) -> LocalStore | None:
    """Return where the jobs of a model are, or None if it never had any.

    Args:
        model: The model.
        data_dir: The data directory, or empty for the one that a server of this model
            would have.
    """
    named = data_dir or os.environ.get("DEEPAAS_DATA_DIR", "")
    store = LocalStore(find_data_dir(named, {model.name: model.references}))
    return store if store.exists else None


def version_here(
    model: ModelReference, *, data_dir: str, number: int | None
) -> Version:
    """Return a version of a model, or the one that answers.

    Args:
        model: The model.
        data_dir: As for `store_of`.
        number: Of the version; 0 is the model as installed, None what answers.

    Raises:
        VersionNotFoundError: There is none of this number.
        StoreUnavailableError: The database of jobs cannot be read.
    """
    store = None if number == 0 else store_of(model, data_dir=data_dir)
    if store is None:
        if number:
            raise no_version(model.name, number, known=())
        return AS_INSTALLED
    active, trained = store.versions(model.name)
    wanted = active if number is None else number
    numbers = [one.number for one in trained]
    if wanted and wanted not in numbers:
        raise no_version(model.name, wanted, known=numbers)
    return store.files.version(model.name, wanted)


def no_version(model: str, number: int, *, known: Iterable[int]) -> errors.DeepaasError:
    """Return the error for a version that is not there, with those that are."""
    return make_error(
        errors.VersionNotFoundError,
        f"Model {model!r} has no version {number}; there are: "
        f"{', '.join(map(str, sorted({0, *known})))} (0 is the model as installed).",
        model=model,
        version=number,
    )


def held(error: object) -> errors.ConfigurationError:
    """Return the error for a data directory that another process has."""
    return errors.ConfigurationError(
        f"the data directory {error}; if that is a server, ask it: --url ADDRESS. What "
        "only looks works beside it",
        setting="data_dir",
    )
