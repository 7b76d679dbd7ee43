"""Where `deepaas jobs` finds jobs: at a server, or in data directories here.

Without a server the database is only read, so that a server may have it at the same
time; what changes something needs the lock of the data directory.
"""

from __future__ import annotations

import json
import os
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from deepaas import errors
from deepaas.cli.answers import Answer, pieces_of_file
from deepaas.cli.local_store import LocalStore, stores_in
from deepaas.client.remote_errors import make_error
from deepaas.jobs.states import JobState
from deepaas.model.interface import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job

Document = dict[str, Any]

_POLL_S: Final = 0.2
_PIECE_BYTES: Final = 1 << 20


class JobSource(Protocol):
    """Jobs that can be looked at, and ended."""

    def find(self, *, process: str, status: str, limit: int) -> list[Document]:
        """Return jobs, the newest first, as OGC describes them."""

    def show(self, job_id: str) -> Document:
        """Return one job.

        Raises:
            JobNotFoundError: There is none with this id.
        """

    def log(self, job_id: str) -> Iterator[bytes]:
        """Yield what a job has printed, in pieces."""

    def follow(self, job_id: str) -> Iterator[str]:
        """Yield the lines of a job's log until it is over."""

    def metrics(self, job_id: str) -> Document:
        """Return the values that a job has logged, by name."""

    def metrics_csv(self, job_id: str) -> str:
        """Return the values that a job has logged as a table."""

    def artifacts(self, job_id: str) -> list[Document]:
        """Return the files that a job has made."""

    def save(self, job_id: str, path: str, target: Path) -> None:
        """Save a file that a job has made; whole, or not at all."""

    def result(self, job_id: str) -> Answer:
        """Return the result of a job.

        Raises:
            DeepaasError: It has none; says why.
        """

    def cancel(self, job_id: str) -> str:
        """Cancel a job if it is not over, and return its status."""

    def delete(self, job_id: str) -> None:
        """Remove a job that is over from sight; cancel one that is not."""

    def usage(self) -> list[Document]:
        """Return how much of the disk each kind of jobs takes."""

    def close(self) -> None:
        """Let go of everything."""


class RemoteJobs:
    """The jobs of a server (a `JobSource`)."""

    def __init__(self, url: str) -> None:
        from deepaas.client import Client  # here, because aiohttp takes its time

        self._client = Client(url)

    def find(self, *, process: str, status: str, limit: int) -> list[Document]:
        """Return jobs; see `JobSource`."""
        model, operation = _process(process)
        found = self._client.jobs(
            model=model, operation=operation, status=status, limit=limit
        )
        return [one.document for one in found]

    def show(self, job_id: str) -> Document:
        """Return one job; see `JobSource`."""
        return self._client.job(job_id).document

    def log(self, job_id: str) -> Iterator[bytes]:
        """Yield what a job has printed."""
        return self._client.job(job_id).log_pieces()

    def follow(self, job_id: str) -> Iterator[str]:
        """Yield the lines of a log; see `JobSource`."""
        for event in self._client.job(job_id).events():
            if event.kind == "log":
                yield str(event.data.get("line", ""))

    def metrics(self, job_id: str) -> Document:
        """Return the values that a job has logged, by name."""
        return dict(self._client.job(job_id).metrics())

    def metrics_csv(self, job_id: str) -> str:
        """Return the values that a job has logged as a table."""
        return self._client.job(job_id).metrics_csv()

    def artifacts(self, job_id: str) -> list[Document]:
        """Return the files that a job has made."""
        return self._client.job(job_id).artifacts()

    def save(self, job_id: str, path: str, target: Path) -> None:
        """Save a file; see `JobSource`."""
        self._client.job(job_id).download(path, target)

    def result(self, job_id: str) -> Answer:
        """Return the result of a job; see `JobSource`."""
        job = self._client.job(job_id)
        if not job.aio.is_final:
            raise errors.ResultNotReadyError(job_id, state=job.document["status"])
        response, content = self._client.loop.run(job.aio.raw_result())
        media_type = response.headers.get("content-type", "")
        return Answer(media_type=media_type, pieces=[content])

    def cancel(self, job_id: str) -> str:
        """Cancel a job; see `JobSource`."""
        return self._client.job(job_id).cancel()

    def delete(self, job_id: str) -> None:
        """Remove a job from sight; see `JobSource`."""
        job = self._client.job(job_id)
        if not job.aio.is_final:
            raise _not_over(job_id, str(job.document["status"]))
        job.delete()

    def usage(self) -> list[Document]:
        """Refuse: the API of a server tells nothing of its disk."""
        raise errors.ConfigurationError(
            f"the server at {self._client.url} does not tell over HTTP how much of its "
            "disk jobs take; ask on its own machine, while it runs: deepaas jobs usage "
            "--data-dir DIR, with the directory of the line 'Jobs:' in its log"
        )

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class LocalDirectories:
    """The jobs of data directories on this machine (a `JobSource`)."""

    def __init__(self, roots: list[Path]) -> None:
        """Remember the directories, and what has come beside them.

        Args:
            roots: The data directories; each may have runs in `incoming/`.
        """
        self._stores = [one for root in roots for one in stores_in(root)]

    def find(self, *, process: str, status: str, limit: int) -> list[Document]:
        """Return jobs; see `JobSource`."""
        from deepaas.jobs.records import JobFilter

        model, operation = _process(process)
        wanted = JobFilter(
            processes=((model, operation),) if process else (),
            states=(JobState(status),) if status else (),
            limit=limit,
        )
        found = [(job, store) for store in self._stores for job in store.jobs(wanted)]
        found.sort(key=lambda pair: pair[0].id, reverse=True)
        return [store.document(job) for job, store in found[:limit]]

    def show(self, job_id: str) -> Document:
        """Return one job; see `JobSource`."""
        store, job = self._find(job_id)
        return store.document(job)

    def log(self, job_id: str) -> Iterator[bytes]:
        """Yield what a job has printed."""
        store, job = self._find(job_id)
        log = _log(store, job)
        position = 0
        while piece := log.read(position, _PIECE_BYTES):
            yield piece
            position += len(piece)

    def follow(self, job_id: str) -> Iterator[str]:
        """Yield the lines of a log; see `JobSource`."""
        store, job = self._find(job_id)
        log = _log(store, job)
        pause = threading.Event()
        position = 0
        while True:
            is_over = store.job(job_id).state.is_final
            lines = log.lines(position, is_over=is_over)
            for line in lines:
                yield line.text
                position = line.end
            if not lines:
                if is_over:
                    return
                pause.wait(_POLL_S)

    def metrics(self, job_id: str) -> Document:
        """Return the values that a job has logged, by name."""
        from deepaas.frontends.api.job_metrics import metrics_as_json

        store, job = self._find(job_id)
        found = json.loads(metrics_as_json(store.files.events(job.id)))
        return dict(found["metrics"])

    def metrics_csv(self, job_id: str) -> str:
        """Return the values that a job has logged as a table."""
        from deepaas.frontends.api.job_metrics import metrics_as_csv

        store, job = self._find(job_id)
        return metrics_as_csv(store.files.events(job.id)).decode()

    def artifacts(self, job_id: str) -> list[Document]:
        """Return the files that a job has made."""
        from deepaas.backends.stores import transactions

        store, job = self._find(job_id)
        with store.reading() as connection:
            found = transactions.artifacts(connection, job_id=job_id)
        return [
            {
                "path": one.path,
                "size_bytes": one.size_bytes,
                "type": one.media_type,
                "sha256": one.sha256,
                "file": str(store.files.artifact(job, one.path)),
            }
            for one in found
        ]

    def save(self, job_id: str, path: str, target: Path) -> None:
        """Save a file; see `JobSource`."""
        store, job = self._find(job_id)
        part = target.with_name(f"{target.name}.part")
        shutil.copyfile(store.files.artifact(job, path), part)
        part.replace(target)

    def result(self, job_id: str) -> Answer:
        """Return the result of a job; see `JobSource`."""
        store, job = self._find(job_id)
        if job.state is not JobState.SUCCESSFUL or job.result is None:
            from deepaas.frontends.api.job_results import error_of_job

            raise error_of_job(job)
        path = store.files.folder(job.id) / job.result.file
        return Answer(
            media_type=job.result.media_type, pieces=pieces_of_file(str(path))
        )

    def cancel(self, job_id: str) -> str:
        """Cancel a job that waits; one that runs is another process's."""
        store, job = self._find(job_id)
        if not job.state.is_final:
            store.change(lambda open_store: _dismiss(open_store, job_id))
            job = store.job(job_id)
        return job.state.value

    def delete(self, job_id: str) -> None:
        """Remove a job from sight; see `JobSource`."""
        store, job = self._find(job_id)
        if not job.state.is_final:
            raise _not_over(job_id, job.state.value)
        store.change(lambda open_store: open_store.hide(job_id))

    def usage(self) -> list[Document]:
        """Return how much of the disk each kind of jobs takes; see `JobSource`."""
        from deepaas.backends.job_files import folder_bytes
        from deepaas.jobs.records import JobFilter

        rows: list[Document] = []
        for store in self._stores:
            kinds: dict[str, Document] = {}
            for job in store.jobs(JobFilter(limit=1_000_000, with_hidden=True)):
                kind = "removed" if job.is_hidden else f"{job.model}.{job.operation}"
                row = kinds.setdefault(
                    kind,
                    {"data_dir": str(store.root), "kind": kind, "jobs": 0, "bytes": 0},
                )
                row["jobs"] += 1
                row["bytes"] += store.files.size_bytes(job.id)
            rows += kinds.values()
            if size := folder_bytes(store.root / "versions"):
                rows.append(
                    {
                        "data_dir": str(store.root),
                        "kind": "versions",
                        "jobs": "",
                        "bytes": size,
                    }
                )
        return rows

    def close(self) -> None:
        """Nothing is held."""

    def _find(self, job_id: str) -> tuple[LocalStore, Job]:
        for store in self._stores:
            try:
                job = store.job(job_id)
            except errors.JobNotFoundError:
                continue
            if job.is_hidden:
                raise errors.JobRemovedError(job_id)
            return store, job
        places = ", ".join(str(one.root) for one in self._stores)
        raise make_error(
            errors.JobNotFoundError,
            f"there is no job {job_id!r} in {places or 'any data directory'}; "
            "--data-dir names another, --url a server",
            job_id=job_id,
        )


def _process(text: str) -> tuple[str, str]:
    """Return the model and the operation of `wine.train`; both empty for none."""
    model, _, operation = text.rpartition(".")
    if text and (not model or operation not in OPERATIONS):
        raise errors.ConfigurationError(
            f"--process is MODEL.OPERATION, such as wine.train, and not {text!r}; "
            f"the operations are {', '.join(OPERATIONS)}"
        )
    return model, operation


def _not_over(job_id: str, status: str) -> errors.ConfigurationError:
    return errors.ConfigurationError(
        f"job {job_id} is {status}; only one that is over can be deleted: "
        f"deepaas jobs cancel {job_id}"
    )


def find_source(url: str | None, data_dir: str) -> JobSource:
    """Return where to look for jobs.

    Raises:
        ConfigurationError: The address is none, or there is no such directory.
    """
    if url:
        return RemoteJobs(url)
    named = data_dir or os.environ.get("DEEPAAS_DATA_DIR", "")
    if not named:
        return LocalDirectories(_default_roots(os.environ))
    root = Path(named).absolute()
    if not (root / "jobs.sqlite3").exists() and not (root / "incoming").exists():
        raise errors.ConfigurationError(f"{root} is no data directory with jobs")
    return LocalDirectories([root])


def _default_roots(environ: Any) -> list[Path]:
    """Return all data directories of this user."""
    home = environ.get("XDG_DATA_HOME", "")
    base = Path(home) if home.startswith("/") else Path.home() / ".local" / "share"
    return sorted(one for one in (base / "deepaas").glob("*") if one.is_dir())


def _log(store: LocalStore, job: Job) -> Any:
    from deepaas.backends.job_files import LOG
    from deepaas.backends.job_log import JobLog

    return JobLog(store.files.folder(job.id) / LOG)


async def _dismiss(store: SqliteJobStore, job_id: str) -> None:
    from deepaas.jobs.records import JobChanges, Step
    from deepaas.jobs.states import JobEvent

    changes = JobChanges(cause="dismissed", detail="The job was dismissed.")
    step = Step(event=JobEvent.DISMISSED, now=datetime.now(UTC), changes=changes)
    await store.move(job_id, step)
