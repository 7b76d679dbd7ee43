"""Jobs that ran on this machine, or beside it, while another process had the store.

Such a run keeps a data directory of its own below ours, `incoming/.<name>`, with a
store and a lock. When it is over, its record is written, and the folder gets the job's
id as its name, at once and whole. Whoever has our store takes it in, or who next opens
it: the job keeps its id, its version gets the next number. A run that was killed has
left a folder that nobody has locked; who next opens our store takes it in too, as a job
that was interrupted.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from deepaas import errors
from deepaas.backends.data_dir import DataDir, DataDirHeldError
from deepaas.backends.executors import trees
from deepaas.backends.job_files import JobFiles, sync_file, sync_folder
from deepaas.jobs.records import JobChanges, JobFilter, JobHistory, Step
from deepaas.jobs.recovery import event_after_crash
from deepaas.jobs.states import JobEvent, JobState
from deepaas.runtime.jobworkers import STORE_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.jobs.records import Job

logger = logging.getLogger(__name__)

INCOMING: Final = "incoming"
_RECORD: Final = "history.json"

_encode: Final = msgspec.json.Encoder().encode
decode: Final = msgspec.json.Decoder(JobHistory).decode


def make_folder(root: Path, name: str) -> Path:
    """Return a new data directory for one run beside the store of another process.

    Args:
        root: The data directory that is taken.
        name: A name that nobody else has.

    Raises:
        OSError: It cannot be made.
    """
    folder = root / INCOMING / f".{name}"
    folder.mkdir(mode=0o700, parents=True)
    return folder


def lend_versions(root: Path, folder: Path, model: str, numbers: Iterable[int]) -> None:
    """Let a run see the files of versions, as links to where they are.

    Args:
        root: The data directory that is taken.
        folder: Of the run.
        model: The model's name.
        numbers: Of the versions.
    """
    here, there = JobFiles(folder), JobFiles(root)
    for number in numbers:
        link = here.version_folder(model, number)
        link.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        link.symlink_to(there.version_folder(model, number).absolute())


async def hand_over(store: SqliteJobStore, folder: Path, job_id: str) -> Path:
    """Write down what a run has kept, and let it be found.

    Args:
        store: Of the run, open; nothing of the job is running any more.
        folder: Of the run.
        job_id: Its job.

    Returns:
        Where its files are from now on.

    Raises:
        OSError: The disk does not take it.
    """
    history = await store.history(job_id)
    await store.close()
    return await asyncio.to_thread(_publish, history, folder)


def _publish(history: JobHistory, folder: Path) -> Path:
    record = folder / _RECORD
    record.write_bytes(_encode(history))
    sync_file(record)
    sync_folder(folder)
    target = folder.parent / history.job.id
    folder.rename(target)
    sync_folder(folder.parent)
    return target


async def rescue(files: JobFiles) -> None:
    """Let runs be found that were killed, as if they had ended well."""
    for folder in await asyncio.to_thread(_folders, files.root):
        if folder.name.startswith("."):
            with _left_there(folder):
                await _rescue(folder)


async def take_in(
    store: SqliteJobStore, files: JobFiles, *, given_up: set[str]
) -> list[Job]:
    """Bring the jobs of runs that are over into the store; returns them.

    Args:
        store: Where to.
        files: Of the store.
        given_up: The names of folders to pass over; one that cannot be taken in is
            added.
    """
    taken: list[Job] = []
    for folder in await asyncio.to_thread(_folders, files.root):
        if folder.name.startswith(".") or folder.name in given_up:
            continue
        given_up.add(folder.name)
        with _left_there(folder):
            taken.append(await _take_in(folder, store=store, files=files))
            given_up.discard(folder.name)
    return taken


@contextmanager
def _left_there(folder: Path) -> Iterator[None]:
    """Go on without a folder that cannot be taken in."""
    try:
        yield
    except (errors.DeepaasError, OSError, msgspec.DecodeError) as error:
        logger.warning("%s cannot be taken in and stays there: %s", folder, error)


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(one for one in (root / INCOMING).iterdir() if one.is_dir())
    except FileNotFoundError:
        return []


async def _rescue(folder: Path) -> None:
    """Hand over what a run has left, unless it still runs or never had a job."""
    try:
        lock = await asyncio.to_thread(DataDir, folder, holder="who takes it in")
    except DataDirHeldError:
        return
    # Imported here: SQLAlchemy would hold up a server that has no jobs.
    from deepaas.backends.stores.sqlite import SqliteJobStore

    store = SqliteJobStore(folder)
    try:
        await asyncio.to_thread(trees.kill_marked, STORE_VARIABLE, str(folder))
        await store.open()
        page = await store.page(JobFilter(limit=1, with_hidden=True))
        if not page.jobs:
            await asyncio.to_thread(shutil.rmtree, folder)
            return
        job = page.jobs[0]
        if job.state is JobState.RUNNING:
            await _interrupt(job, store)
        await hand_over(store, folder, job.id)
    finally:
        await store.close()
        lock.release()


async def _interrupt(job: Job, store: SqliteJobStore) -> None:
    event = event_after_crash(job)
    changes = JobChanges()
    if event is JobEvent.INTERRUPTED:
        changes = JobChanges(
            cause="interrupted", detail="The command that ran the job was killed."
        )
    now = datetime.now(UTC)
    step = Step(event=event, now=now, attempt=job.attempt, changes=changes)
    await store.move(job.id, step)


async def _take_in(folder: Path, *, store: SqliteJobStore, files: JobFiles) -> Job:
    record = await asyncio.to_thread((folder / _RECORD).read_bytes)
    history = decode(record)
    # The row first: when this is cut off, the next one finds it and moves the rest.
    job = await store.take_in(history)
    moves = [(JobFiles(folder).folder(job.id), files.folder(job.id))]
    if history.version is not None and job.made_version:
        model, number = job.model, history.version.number
        there = JobFiles(folder).version_folder(model, number)
        moves.append((there, files.version_folder(model, job.made_version)))
    await asyncio.to_thread(_move, moves, folder)
    logger.info(
        "Job %s was run beside this server.", job.id, extra={"model": job.model}
    )
    return job


def _move(moves: list[tuple[Path, Path]], folder: Path) -> None:
    for source, target in moves:
        if source.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            source.rename(target)
            sync_folder(target.parent)
    shutil.rmtree(folder)
