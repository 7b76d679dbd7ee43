"""What a running operation knows of its job and of the version it runs against.

Arguments with the hints `deepaas.Job` and `deepaas.Version` are filled in by us;
callers neither see nor send them. A job writes its progress and its metrics into a file
of its own folder, a line for each, so that they are there whoever started it: a server,
a command line, a batch system.

The signature of `log_metrics` is MLflow's (`mlflow.log_metrics`).
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

EVENTS_FILE: Final = "events.jsonl"
"""The file of a job's folder that holds its progress and metrics."""

PROVENANCE_FILE: Final = "provenance.json"
"""The file of an attempt's folder that tells what it ran with."""

_PROGRESS_EVERY_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a model.

        def warm(self, version: deepaas.Version) -> None:
            folder = version.folder or Path(__file__).parent
            self.network = load(folder / "weights.pt")

    Attributes:
        number: 1, 2, 3 … in the order of the trainings; 0 is the model as installed.
        folder: Where its artifacts are, to be read only; None for the model as
            installed.
    """

    number: int = 0
    folder: Path | None = None


AS_INSTALLED: Final = Version()


class Job:
    """The job that an operation runs as.

        def train(epochs: int = 20, *, job: deepaas.Job) -> None:
            for epoch in range(epochs):
                loss = ...
                job.log_metrics({"loss": loss}, step=epoch)
                job.progress(epoch + 1, epochs)
            torch.save(network, job.artifacts / "weights.pt")

    A prediction that somebody waits for is no job: the reports of its `Job` go nowhere.

    Attributes:
        id: The job's id; empty where there is no job.
        attempt: 1 for the first, more when the job is tried again.
    """

    def __init__(
        self, *, job_id: str = "", attempt: int = 1, folder: str | Path | None = None
    ) -> None:
        self.id = job_id
        self.attempt = attempt
        self._folder = None if folder is None else Path(folder)
        self._scratch: Path | None = None
        self._writing = threading.Lock()
        self._last_progress = 0.0
        self._is_stopping = False
        self._is_asked = False

    @property
    def artifacts(self) -> Path:
        """The folder for what the job makes. It is published when the job succeeds."""
        return self._made(f"attempt-{self.attempt}/artifacts")

    @property
    def checkpoints(self) -> Path:
        """A folder that stays from one attempt to the next, and is never published."""
        return self._made("checkpoints")

    @property
    def is_stopping(self) -> bool:
        """Whether the job was told to end; who asks has a moment to save its work.

        A job that never asks is ended by `SystemExit`, raised in its main thread.
        """
        self._is_asked = True
        return self._is_stopping

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        """Record values, such as a loss, at a step, such as an epoch.

        Args:
            metrics: Values by name; NaN and infinity are recorded as missing.
            step: Where in the training; counted from 0 when it is left out for all.

        Raises:
            TypeError: A value is no number, or a name no text.
        """
        values = {_name(name): _number(value) for name, value in metrics.items()}
        event: dict[str, Any] = {"event": "metrics", "metrics": values}
        if step is not None:
            event["step"] = int(step)
        self._write(event)

    def progress(
        self, done: float, total: float | None = None, message: str = ""
    ) -> None:
        """Tell how far the job is.

        May be called as often as one likes: what comes too quickly is left out.

        Args:
            done: How much is done: a fraction, or a number out of `total`.
            total: How much there is to do.
            message: What is being done, for people.
        """
        fraction = done / total if total else done
        if not math.isfinite(fraction):
            return
        now = time.monotonic()
        is_end = fraction >= 1
        if now - self._last_progress < _PROGRESS_EVERY_S and not is_end:
            return
        self._last_progress = now
        event = {"event": "progress", "fraction": min(max(fraction, 0.0), 1.0)}
        self._write({**event, "message": message} if message else event)

    def stop(self) -> bool:
        """Note that the job shall end; returns whether the model looks for that."""
        self._is_stopping = True
        return self._is_asked

    def _made(self, name: str) -> Path:
        folder = self._base() / "work" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def _base(self) -> Path:
        if self._folder is not None:
            return self._folder
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="deepaas-no-job-"))
            weakref.finalize(self, shutil.rmtree, self._scratch, ignore_errors=True)
        return self._scratch

    def _write(self, event: dict[str, Any]) -> None:
        if self._folder is None:
            return
        line = json.dumps({"at": time.time(), **event}, ensure_ascii=False) + "\n"
        # One write to a file in append mode: lines of several processes stay whole.
        with (
            self._writing,
            (self._folder / EVENTS_FILE).open("ab", buffering=0) as file,
        ):
            file.write(line.encode("utf-8", "replace"))


def _name(name: object) -> str:
    if isinstance(name, str):
        return name
    raise TypeError(f"the name of a metric is a text, not {name!r}")


def _number(value: Any) -> float | None:
    """Return a number as JSON can hold it; numpy scalars are numbers too."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"a metric is a number, not {value!r}") from None
    return number if math.isfinite(number) else None
