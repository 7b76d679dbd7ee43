"""The files of jobs, below the data directory.

    jobs/<id>/request/body       the body of the request, where it is large
    jobs/<id>/log/               what the job printed
    jobs/<id>/events.jsonl       its progress and metrics, written by the job itself
    jobs/<id>/work/              what attempts leave: artifacts, checkpoints
    jobs/<id>/results.ndjson     the results so far, where it is a batch
    jobs/<id>/result             its result     } published when the job succeeds:
    jobs/<id>/artifacts/         its artifacts  } written, fsynced, then renamed
    jobs/<id>/record.json        where it came from: packages, inputs, machine
    versions/<model>/<n>/        what a training has left for later
    versions/<model>/<n>.failure why that version could not be loaded the last time

A name that a reader can see leads to the whole thing or to nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deepaas.jobs.records import Artifact
from deepaas.model.files import guess_media_type
from deepaas.model.job import AS_INSTALLED, EVENTS_FILE, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.jobs.records import Job

REQUEST_BODY: Final = "request/body"
RESULT: Final = "result"
ARTIFACTS: Final = "artifacts"
RECORD: Final = "record.json"
LOG: Final = "log"

_FAILURE: Final = ".failure"
_PIECE_BYTES: Final = 1 << 20


class JobFiles:
    """The files of all jobs of a data directory; blocking, for threads.

    Attributes:
        root: The data directory.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, job_id: str) -> Path:
        """Return where the files of a job are."""
        return self.root / "jobs" / job_id

    def scratch(self) -> Path:
        """Return where processes get their private folders."""
        return self.root / "scratch"

    def attempt_folder(self, job_id: str, attempt: int) -> Path:
        """Return where one attempt works."""
        return self.folder(job_id) / "work" / f"attempt-{attempt}"

    def version_folder(self, model: str, number: int) -> Path:
        """Return where the files of a version are."""
        return self.root / "versions" / model / str(number)

    def artifact(self, job: Job, path: str) -> Path:
        """Return where a file is that a job has made."""
        if job.made_version:
            return self.version_folder(job.model, job.made_version) / path
        return self.folder(job.id) / ARTIFACTS / path

    def version(self, model: str, number: int) -> Version:
        """Return what a model is told of the version that it serves."""
        if not number:
            return AS_INSTALLED
        return Version(number=number, folder=self.version_folder(model, number))

    def failures(self, model: str) -> dict[int, str]:
        """Return why versions could not be loaded the last time, by number."""
        found: dict[int, str] = {}
        for path in (self.root / "versions" / model).glob(f"*{_FAILURE}"):
            with suppress(OSError, ValueError):
                found[int(path.stem)] = path.read_text("utf-8", "replace")
        return found

    def keep_failure(self, model: str, number: int, reason: str) -> None:
        """Remember why a version could not be loaded, for after a restart.

        Raises:
            OSError: The disk does not take it.
        """
        path = self._failure(model, number)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(reason, "utf-8", "replace")

    def forget_failure(self, model: str, number: int) -> None:
        """Forget that a version could not be loaded."""
        with suppress(OSError):
            self._failure(model, number).unlink()

    def remove_version(self, model: str, number: int) -> None:
        """Remove the files of a version, and what was said of it."""
        shutil.rmtree(self.version_folder(model, number), ignore_errors=True)
        self.forget_failure(model, number)

    def _failure(self, model: str, number: int) -> Path:
        return self.root / "versions" / model / f"{number}{_FAILURE}"

    def keep_request(self, job_id: str, body: Path) -> str:
        """Move the body of a request to its job; durable when this returns.

        Returns:
            Its name within the folder of the job.

        Raises:
            OSError: The disk does not take it.
        """
        target = self.folder(job_id) / REQUEST_BODY
        target.parent.mkdir(mode=0o700, parents=True)
        try:
            body.rename(target)
        except OSError:  # the spool may be on another disk
            shutil.copyfile(body, target)
            body.unlink()
        sync_file(target)
        sync_folder(target.parent)
        sync_folder(target.parent.parent)
        sync_folder(target.parent.parent.parent)
        return REQUEST_BODY

    def begin_attempt(self, job_id: str, attempt: int) -> None:
        """Make the folders of an attempt."""
        for folder in (
            self.attempt_folder(job_id, attempt) / ARTIFACTS,
            self.folder(job_id) / LOG,
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def publish_result(self, job_id: str, content: bytes | Path) -> int:
        """Publish the result of a job; returns its length.

        Raises:
            OSError: The disk does not take it.
        """
        folder = self.folder(job_id)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        target, part = folder / RESULT, folder / f".{RESULT}"
        if isinstance(content, Path):
            _move(content, part)
        else:
            part.write_bytes(content)
        sync_file(part)
        part.rename(target)
        sync_folder(folder)
        return target.stat().st_size

    def publish_artifacts(
        self, job_id: str, *, attempt: int, target: Path
    ) -> list[Artifact]:
        """Publish what an attempt has left in its folder for artifacts.

        Links are left out: what they lead to may be anybody's.

        Args:
            job_id: The job.
            attempt: The attempt that succeeded.
            target: Where they shall be: the job's own folder, or a version's. It does
                not exist, unless it was published just before the server was killed.

        Returns:
            The files; when there are none, nothing is published.

        Raises:
            OSError: The disk fails.
        """
        source = self.attempt_folder(job_id, attempt) / ARTIFACTS
        _make_names_readable(source)
        files = [_describe(path, source) for path in _regular_files(source)]
        if not files:
            return []
        if target.exists():
            shutil.rmtree(target)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in [source, *(one for one in source.rglob("*") if one.is_dir())]:
            if not folder.is_symlink():
                sync_folder(folder)
        source.rename(target)
        sync_folder(target.parent)
        return files

    def write_record(self, job_id: str, record: dict[str, Any]) -> None:
        """Write down where a job's results come from.

        Raises:
            OSError: The disk does not take it.
        """
        folder = self.folder(job_id)
        part = folder / f".{RECORD}"
        part.write_text(json.dumps(record, ensure_ascii=False, indent=1, default=str))
        sync_file(part)
        part.rename(folder / RECORD)
        sync_folder(folder)

    def read_json(self, path: Path) -> dict[str, Any]:
        """Return a JSON object from a file; empty if there is none."""
        try:
            document = json.loads(path.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def events(self, job_id: str) -> Path:
        """Return the file with a job's progress and metrics; it may not exist."""
        return self.folder(job_id) / EVENTS_FILE

    def written(self, job_id: str) -> list[tuple[str, int, int]]:
        """Return what differs when a job has written to its log or told something.

        For each file its name, its length in bytes, and when it was written (ns).
        """
        found = []
        with suppress(OSError):
            found.append(_state(EVENTS_FILE, self.events(job_id).stat()))
        with suppress(OSError), os.scandir(self.folder(job_id) / LOG) as entries:
            for entry in entries:
                with suppress(OSError):
                    found.append(_state(entry.name, entry.stat()))
        return sorted(found)

    def remove(self, job_id: str) -> None:
        """Remove all files of a job."""
        shutil.rmtree(self.folder(job_id), ignore_errors=True)

    def job_ids(self) -> Iterator[str]:
        """Yield the ids of all jobs that have a folder."""
        with suppress(FileNotFoundError):
            for entry in os.scandir(self.root / "jobs"):
                yield entry.name

    def size_bytes(self, job_id: str) -> int:
        """Return how much of the disk the files of a job take."""
        return folder_bytes(self.folder(job_id))


def _state(name: str, status: os.stat_result) -> tuple[str, int, int]:
    return name, status.st_size, status.st_mtime_ns


def folder_bytes(folder: Path) -> int:
    """Return the length of all files below a folder; one with two names counts once."""
    sizes: dict[tuple[int, int], int] = {}
    for path in folder.rglob("*"):
        with suppress(OSError):
            if path.is_file() and not path.is_symlink():
                status = path.stat()
                sizes[status.st_dev, status.st_ino] = status.st_size
    return sum(sizes.values())


def sync_file(path: Path) -> None:
    """Have the disk take a file's content.

    Raises:
        OSError: It does not.
    """
    _sync(path, os.O_RDONLY)


def sync_folder(path: Path) -> None:
    """Have the disk take the names in a folder.

    Raises:
        OSError: It does not.
    """
    _sync(path, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(source: Path, target: Path) -> None:
    try:
        source.rename(target)
    except OSError:  # on another disk
        shutil.copyfile(source, target)
        source.unlink()


def _regular_files(folder: Path) -> Iterator[Path]:
    """Yield the files below a folder, in order; neither links nor what they lead to."""
    for root, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(root, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _make_names_readable(folder: Path) -> None:
    """Rename what has a name that is no Unicode, which nobody could ask for."""
    for root, folders, names in os.walk(folder, topdown=False):
        for name in (*folders, *names):
            readable = name.encode("utf-8", "replace").decode()
            if readable != name:
                Path(root, name).rename(Path(root, readable.replace("?", "_")))


def _describe(path: Path, root: Path) -> Artifact:
    """Return a file's description, and have the disk take its content on the way."""
    digest = hashlib.sha256()
    size = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
        os.fsync(file.fileno())
    return Artifact(
        path=path.relative_to(root).as_posix(),
        size_bytes=size,
        media_type=guess_media_type(path.name),
        sha256=digest.hexdigest(),
    )
