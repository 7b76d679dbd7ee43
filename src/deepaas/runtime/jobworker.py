"""A process that runs jobs, one after the other, and what comes of each."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from deepaas import errors, messages
from deepaas.backends.executors.job_process import JobProcess, JobProcessSpec

if TYPE_CHECKING:
    from deepaas.backends.executors.process import Exit

_SEQ: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The operation has returned.

    Attributes:
        media_type: Of the result.
        content: The result, or the file that holds it.
        filename: The name to suggest for a download, or empty.
    """

    media_type: str
    content: bytes | Path
    filename: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The operation has raised an exception, or the model cannot be loaded."""

    failure: messages.Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Died:
    """The process ended before the operation did."""

    ended: Exit


Outcome = Finished | Failed | Died


class JobWorker:
    """A process that runs jobs, one at a time (a `JobProcessListener`).

    Attributes:
        key: What it can run: model, version and the like; whoever keeps it chooses.
        description: What the model is, once it is loaded.
        idle_since: When its last job ended (monotonic, s), or 0 while one runs.
    """

    def __init__(self, spec: JobProcessSpec, *, key: tuple[Any, ...] = ()) -> None:
        self.key = key
        self.description: messages.ModelDescription | None = None
        self.idle_since = time.monotonic()
        self._outcome: asyncio.Future[Outcome] | None = None
        self._loaded: asyncio.Future[Outcome | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._stream: BinaryIO | None = None
        self._stream_path = Path()
        self._media_type = ""
        self._ended: Exit | None = None
        self._gone = asyncio.Event()
        self._process = JobProcess(spec, self)

    @property
    def is_gone(self) -> bool:
        """Whether the process and all that it started are gone."""
        return self._gone.is_set()

    @property
    def guardian_pid(self) -> int:
        """The process id of its guardian."""
        return self._process.guardian_pid

    async def run(
        self, record: messages.Predict, body: bytes, *, log_dir: str, stream_path: Path
    ) -> Outcome:
        """Run one job.

        Args:
            record: The request.
            body: Its body, unless the record names a file.
            log_dir: The folder for what the job prints.
            stream_path: The file for a result that comes in pieces.
        """
        self.idle_since = 0.0
        failed = await asyncio.shield(self._loaded)
        if failed is not None:
            return failed
        await self._process.switch_log(log_dir)
        self._stream_path = stream_path
        self._outcome = asyncio.get_running_loop().create_future()
        if self._ended is not None:
            return Died(ended=self._ended)
        record.seq = _SEQ
        self._process.link.predict(record, body)
        try:
            return await self._outcome
        finally:
            self._outcome = None
            self.idle_since = time.monotonic()

    async def describe(self, model: str) -> messages.ModelDescription:
        """Return what the model is, as soon as it is loaded.

        Args:
            model: The model's name, for errors.

        Raises:
            ModelLoadError: It cannot be loaded.
            WorkerDiedError: The process died over it.
        """
        failed = await asyncio.shield(self._loaded)
        if isinstance(failed, Failed):
            raise errors.ModelLoadError(
                model, failed.failure.detail, traceback=failed.failure.traceback
            )
        if isinstance(failed, Died):
            raise errors.WorkerDiedError(
                f"The worker died while it loaded the model: {failed.ended}."
            )
        assert self.description is not None  # noqa: S101 - it comes with being loaded
        return self.description

    async def validate(
        self, model: str, record: messages.Predict, body: bytes
    ) -> dict[str, Any]:
        """Check the inputs of an operation; see `WorkerLink.validate`.

        Raises:
            DeepaasError: They are wrong, or the model cannot be loaded.
        """
        await self.describe(model)
        return await self._process.link.validate(record, body)

    def end(self, cause: str, *, grace_s: float) -> None:
        """Ask the process tree to end, and kill it after a grace."""
        self._process.end(cause, grace_s=grace_s)

    async def finish(self, *, grace_s: float) -> None:
        """Let the process end in good order; kill it after a grace."""
        self._process.finish()
        try:
            await asyncio.wait_for(self._gone.wait(), grace_s)
        except TimeoutError:
            self._process.kill("finished")
            await self._gone.wait()

    def kill(self) -> None:
        """Kill the process tree."""
        self._process.kill("stopped")

    # -------------------------------------------------------- JobProcessListener

    def on_loaded(self, description: messages.ModelDescription) -> None:
        """The model is loaded."""
        self.description = description
        if not self._loaded.done():
            self._loaded.set_result(None)

    def on_load_failed(self, failure: messages.LoadFailed) -> None:
        """The model cannot be loaded; the process ends."""
        failed = Failed(
            failure=messages.Failure(
                seq=_SEQ,
                code=errors.ModelLoadError.code,
                detail=failure.reason,
                traceback=failure.traceback,
            )
        )
        if not self._loaded.done():
            self._loaded.set_result(failed)

    def on_record(self, record: messages.ToServer, body: bytes) -> None:
        """Something came of the job."""
        match record:
            case messages.Answer():
                content = Path(record.body_path) if record.body_path else body
                self._settle(
                    Finished(
                        media_type=record.media_type,
                        content=content,
                        filename=record.filename,
                    )
                )
            case messages.Failure():
                self._settle(Failed(failure=record))
            case messages.StreamStart():
                self._media_type = record.media_type
                self._open_stream()
            case messages.Chunk(seq=seq):
                self._write(body)
                self._process.link.grant_credit(seq, size=len(body))
            case messages.StreamEnd(failure=failure):
                self._end_stream(failure)

    def on_exit(self, ended: Exit) -> None:
        """The process is gone."""
        self._ended = ended
        self._close_stream()
        if not self._loaded.done():
            self._loaded.set_result(Died(ended=ended))
        self._settle(Died(ended=ended))
        self._gone.set()

    # ---------------------------------------------------------------- internals

    def _settle(self, outcome: Outcome) -> None:
        if self._outcome is not None and not self._outcome.done():
            self._outcome.set_result(outcome)

    def _open_stream(self) -> None:
        try:
            self._stream_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._stream = self._stream_path.open("wb")
        except OSError as error:
            self._fail_stream(error)

    def _write(self, piece: bytes) -> None:
        if self._stream is not None:
            try:
                self._stream.write(piece)
                self._stream.flush()  # so that whoever looks sees what is there
            except OSError as error:
                self._fail_stream(error)

    def _end_stream(self, failure: messages.Failure | None) -> None:
        self._close_stream()
        if failure is not None:
            self._settle(Failed(failure=failure))
        else:
            self._settle(
                Finished(media_type=self._media_type, content=self._stream_path)
            )

    def _close_stream(self) -> None:
        if self._stream is not None:
            with suppress(OSError):
                self._stream.close()
            self._stream = None

    def _fail_stream(self, error: OSError) -> None:
        self._close_stream()
        self._settle(
            Failed(
                failure=messages.Failure(
                    seq=_SEQ,
                    code="disk_full",
                    detail=f"The result cannot be written: {error.strerror}.",
                )
            )
        )
