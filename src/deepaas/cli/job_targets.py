"""Where a command runs a job: here, or at a server."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, Protocol

from deepaas.cli.answers import Answer, pieces_of_file
from deepaas.client.blocking import Client, LoopThread, RemoteJob, Steps
from deepaas.errors import ConfigurationError, OperationNotImplementedError
from deepaas.settings import Given, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deepaas.cli.local_jobs import LocalJobs
    from deepaas.client.event_source import JobEvent
    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Inputs
    from deepaas.settings import Settings


class JobTarget(Protocol):
    """Something that runs one job of one operation.

    Attributes:
        operation: What it takes and gives.
    """

    operation: OperationDescription

    @property
    def can_outlive_us(self) -> bool:
        """Whether the job goes on when the command ends."""

    def submit(self, inputs: Inputs, *, version: int | None) -> str:
        """Submit the job and return its id.

        Raises:
            DeepaasError: It is refused.
        """

    def events(self) -> Iterator[JobEvent]:
        """Iterate over what happens to the job, until its end."""

    def cancel(self) -> None:
        """Cancel the job if it is not over."""

    def interrupt(self) -> None:
        """Let the job save its work and end, if it cannot outlive us."""

    def document(self) -> dict[str, Any]:
        """Return the job as it is now."""

    def result(self) -> Answer:
        """Return the result of a job that was successful."""

    def place(self) -> str:
        """Say where the job can be found afterwards: the options that lead to it."""

    def close(self) -> None:
        """Let go of everything."""


class RemoteTarget:
    """A model at a server (a `JobTarget`)."""

    can_outlive_us: Final = True

    def __init__(self, url: str, model: str, *, operation: str) -> None:
        """Ask the server what the operation takes.

        Raises:
            DeepaasError: There is no such model or operation, or no server.
        """
        self._client = Client(url)
        self._model = model
        self._job: RemoteJob | None = None
        try:
            self.operation = self._client.loop.run(
                self._client.aio.describe(model, operation)
            )
        except BaseException:
            self._client.close()
            raise

    def submit(self, inputs: Inputs, *, version: int | None) -> str:
        """Submit the job; see `JobTarget`."""
        job = self._client.loop.run(
            self._client.aio.submit_inputs(
                self._model, inputs, operation=self.operation, version=version
            )
        )
        self._job = RemoteJob(self._client.loop, job)
        return job.id

    def events(self) -> Iterator[JobEvent]:
        """Iterate over what happens; see `JobTarget`."""
        return self._known.events()

    def cancel(self) -> None:
        """Cancel the job; see `JobTarget`."""
        self._known.cancel()

    def interrupt(self) -> None:
        """Leave the job to the server."""

    def document(self) -> dict[str, Any]:
        """Return the job as it is now; see `JobTarget`."""
        document = self._known.refresh()
        made = document.get("made_version")
        if made:
            versions = self._client.versions(self._model)["versions"]
            [version] = [one for one in versions if one["version"] == made]
            document |= {
                "is_active": version["is_active"],
                "activation_error": version.get("activation_error", ""),
            }
        return document

    def result(self) -> Answer:
        """Return the result; see `JobTarget`."""
        response, content = self._client.loop.run(self._known.aio.raw_result())
        media_type = response.headers.get("content-type", "")
        return Answer(media_type=media_type, pieces=[content])

    def place(self) -> str:
        """Say where the job can be found; see `JobTarget`."""
        return f"--url {self._client.url}"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def _known(self) -> RemoteJob:
        assert self._job is not None  # noqa: S101 - `submit` comes first
        return self._job


class LocalTarget:
    """A model that runs here, in a process of its own (a `JobTarget`)."""

    can_outlive_us: Final = False

    def __init__(self, reference: str, *, operation: str, data_dir: str) -> None:
        """Take the data directory, and load the model.

        Raises:
            DeepaasError: The model cannot be loaded or has no such operation, or the
                data directory cannot be used.
        """
        # Imported here: a database and its like take a noticeable time.
        from deepaas.cli.local_jobs import LocalJobs

        self._jobs: LocalJobs = LocalJobs(reference, settings=settings_of(data_dir))
        self._loop = LoopThread()
        self._job_id = ""
        try:
            self.operation = self._start(operation)
        except BaseException:
            self.close()
            raise

    def _start(self, operation: str) -> OperationDescription:
        description = self._loop.run(self._jobs.start())
        found = description.operations.get(operation)
        if found is None or not found.is_implemented:
            raise OperationNotImplementedError(self._jobs.model, operation)
        return found

    def submit(self, inputs: Inputs, *, version: int | None) -> str:
        """Submit the job; see `JobTarget`."""
        self._job_id = self._loop.run(
            self._jobs.submit(self.operation.name, inputs, version=version)
        )
        return self._job_id

    def events(self) -> Iterator[JobEvent]:
        """Iterate over what happens; see `JobTarget`."""
        return Steps(self._loop, self._jobs.events(self._job_id))

    def cancel(self) -> None:
        """Cancel the job; see `JobTarget`."""
        self._loop.run(self._jobs.cancel(self._job_id))

    def interrupt(self) -> None:
        """Let the job save its work and end."""
        self._loop.call(self._jobs.interrupt)

    def document(self) -> dict[str, Any]:
        """Return the job as it is now; see `JobTarget`."""
        return self._loop.run(self._jobs.document(self._job_id))

    def result(self) -> Answer:
        """Return the result; see `JobTarget`."""
        job = self._loop.run(self._jobs.job(self._job_id))
        assert job.result is not None  # noqa: S101 - it was successful
        pieces = pieces_of_file(str(self._jobs.result(job)))
        return Answer(media_type=job.result.media_type, pieces=pieces)

    def place(self) -> str:
        """Say where the job can be found; see `JobTarget`."""
        root = self._jobs.root
        return f"--data-dir {root.parent.parent if self._jobs.is_beside else root}"

    def close(self) -> None:
        """End what runs, and give the data directory back."""
        self._loop.run(self._jobs.stop())
        self._loop.close()


def make_target(
    model: str, *, operation: str, url: str | None, data_dir: str
) -> JobTarget:
    """Return where a job runs.

    Raises:
        DeepaasError: There is no such model or operation, or it cannot be reached.
    """
    if not url:
        return LocalTarget(model, operation=operation, data_dir=data_dir)
    if data_dir:
        raise ConfigurationError("--data-dir and --url exclude each other")
    return RemoteTarget(url, model, operation=operation)


def settings_of(data_dir: str) -> Settings:
    """Return the settings that a server would have here.

    Raises:
        ConfigurationError: A value cannot work.
    """
    given = [Given(key="data_dir", value=data_dir, source="--data-dir")]
    return load_settings(
        profile="serve", environ=os.environ, command_line=given if data_dir else ()
    )
