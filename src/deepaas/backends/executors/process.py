"""One worker process, seen from the server.

`WorkerProcess` starts `python -m deepaas.worker`, sends it records and hands what comes
back to its `WorkerListener`. It knows processes and nothing of queues: what becomes of
the predictions of a dead worker is the listener's affair. Death is seen through a
pidfd, never by a heartbeat, so it is noticed at once and never by mistake.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import msgspec

from deepaas import errors, messages
from deepaas.backends.executors import trees
from deepaas.backends.executors.output_pipe import OutputPipe
from deepaas.failures import error_of
from deepaas.progress_page import ProgressPage, make_page

if TYPE_CHECKING:
    from collections.abc import Callable

_DRAIN_S: Final = 0.2
"""How long a dead worker's sockets may take to give up what it had sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """How to start a worker of a model.

    Attributes:
        name: The model's name.
        load: What the worker is told to load; its `spool_dir` is filled in here.
        spool_dir: Where the worker's private folder is made.
        environment: Variables to add to this process's own.
    """

    name: str
    load: messages.Load
    spool_dir: str
    environment: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """How a worker ended.

    Attributes:
        cause: `worker_died`, or why the server killed it: `deadline`, `memory_limit`,
            `stopped`.
        exit_status: The exit code, or None when a signal ended it.
        signal: The signal's name, or None.
    """

    cause: str
    exit_status: int | None
    signal: str | None

    def __str__(self) -> str:
        how = self.signal or f"exit code {self.exit_status}"
        return f"{how} ({self.cause})" if self.cause != "worker_died" else how


class WorkerListener(Protocol):
    """Hears what happens to a worker; called on the event loop."""

    def on_loaded(self, description: messages.ModelDescription) -> None:
        """The worker is ready for predictions."""

    def on_load_failed(self, failure: messages.LoadFailed) -> None:
        """The model cannot be loaded; the worker ends."""

    def on_record(self, record: messages.ToServer, body: bytes) -> None:
        """A record about a prediction came."""

    def on_output(self, line: str, request_id: str) -> None:
        """The model wrote a line."""

    def on_exit(self, ended: Exit) -> None:
        """The process and all that it started are gone; nothing comes any more."""


class WorkerProcess:
    """A worker process and the two sockets to it.

    Attributes:
        pid: The process's id.
    """

    def __init__(self, spec: WorkerSpec, listener: WorkerListener) -> None:
        self._listener = listener
        self._mark = uuid.uuid4().hex
        self._calls: dict[int, asyncio.Future[messages.ToServer]] = {}
        self._call_numbers = itertools.count()
        self._kill_cause = ""
        self._is_dead = False
        self._has_ended = False
        self._folder = Path(spec.spool_dir) / f"worker-{self._mark[:12]}"
        self._oom_kills = trees.kernel_oom_kills()
        with ExitStack() as undo:  # unless all that it takes can be had
            self._start(spec, undo=undo)
            undo.pop_all()

    # ------------------------------------------------------------------ talking

    def predict(self, record: messages.Predict, body: Any) -> None:
        """Send a prediction."""
        self._data.send(record, body)

    def cancel(self, seqs: tuple[int, ...]) -> None:
        """Tell the worker that the callers of these predictions have left."""
        self._control.send(messages.Cancel(seqs=seqs))

    def grant_credit(self, seq: int, *, size: int) -> None:
        """Tell the worker that `size` bytes of a stream were taken."""
        self._control.send(messages.Credit(seq=seq, size=size))

    async def metadata(self) -> dict[str, Any]:
        """Return the model's metadata as of now.

        Raises:
            DeepaasError: The model's `get_metadata` failed, or the worker died.
        """
        call = next(self._call_numbers)
        answer = await self._ask(call, messages.GetMetadata(call=call))
        return answer.metadata if isinstance(answer, messages.Metadata) else {}

    async def validate(self, record: messages.Predict, body: bytes) -> None:
        """Have the worker check the inputs of an operation without running it.

        Raises:
            DeepaasError: The inputs are wrong, or the worker died.
        """
        call = next(self._call_numbers)
        await self._ask(call, messages.Validate(call=call, predict=record), body)

    def last_started(self) -> tuple[int, float]:
        """Return the newest prediction that was begun, and when (monotonic, s)."""
        return self._page.last_start()

    def resident_bytes(self) -> int:
        """Return the memory that the process holds."""
        return trees.resident_bytes(self.pid)

    # ------------------------------------------------------------------- ending

    def stop(self) -> None:
        """Let the worker finish what it has and end in good order."""
        self._kill_cause = self._kill_cause or "stopped"
        self._data.close_writing()

    def kill(self, cause: str) -> None:
        """End the worker now.

        Args:
            cause: Why: `deadline`, `memory_limit` or `stopped`.
        """
        self._kill_cause = self._kill_cause or cause
        if not self._is_dead:  # else its id may be another's by now
            trees.kill_group(self.pid)

    # ----------------------------------------------------------------- starting

    def _start(self, spec: WorkerSpec, *, undo: ExitStack) -> None:
        loop = asyncio.get_running_loop()
        self._folder.mkdir(mode=0o700)
        undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
        with ExitStack() as far_ends:
            page = make_page()
            far_ends.callback(os.close, page)
            self._page = ProgressPage(page)
            undo.callback(self._page.close)
            data, control = (_socket_pair(undo, far_ends) for _ in range(2))
            output, far_output = os.pipe()
            undo.callback(os.close, output)
            far_ends.callback(os.close, far_output)
            self._process = self._spawn(
                spec,
                descriptors=(data.far.fileno(), control.far.fileno(), page),
                output=far_output,
            )
        undo.callback(self._process.wait)
        undo.callback(self._process.kill)
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._on_death)
        self._data = _Connection(data.near, self._on_data)
        self._control = _Connection(control.near, self._on_control)
        self._output = OutputPipe(output, on_line=self._listener.on_output)
        load = msgspec.structs.replace(spec.load, spool_dir=str(self._folder))
        self._control.send(load)

    def _spawn(
        self, spec: WorkerSpec, *, descriptors: tuple[int, ...], output: int
    ) -> subprocess.Popen[bytes]:
        # From the main thread: PR_SET_PDEATHSIG follows the thread that spawns.
        return subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-P", "-m", "deepaas.worker"),
                *map(str, (*descriptors, os.getpid())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=descriptors,
            env=self._environment(spec),
            start_new_session=True,
        )

    def _environment(self, spec: WorkerSpec) -> dict[str, str]:
        return {
            **os.environ,
            **spec.environment,
            trees.MARK_VARIABLE: self._mark,
            "TMPDIR": str(self._folder),
        }

    # ------------------------------------------------------------------ hearing

    def _on_data(self, header: bytes, body: bytes) -> None:
        self._listener.on_record(messages.decode_to_server(header), body)

    def _on_control(self, header: bytes, body: bytes) -> None:
        del body
        record = messages.decode_to_server(header)
        match record:
            case messages.Loaded(description=description):
                self._listener.on_loaded(description)
            case messages.LoadFailed():
                self._listener.on_load_failed(record)
            case messages.Metadata(call=call) | messages.Valid(call=call):
                self._settle(call, record)
            case messages.Failure(seq=call):
                self._settle(call, record)

    async def _ask(
        self, call: int, record: messages.Record, body: bytes = b""
    ) -> messages.ToServer:
        future: asyncio.Future[messages.ToServer] = (
            asyncio.get_running_loop().create_future()
        )
        self._calls[call] = future
        try:
            self._control.send(record, body)
            answer = await future
        finally:
            self._calls.pop(call, None)
        if isinstance(answer, messages.Failure):
            raise error_of(answer)
        return answer

    def _settle(self, call: int, answer: messages.ToServer) -> None:
        future = self._calls.get(call)
        if future is not None and not future.done():
            future.set_result(answer)

    # -------------------------------------------------------------------- death

    def _on_death(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        trees.kill_group(self.pid)  # before it is reaped and its id can be reused
        self._is_dead = True
        self._process.wait()
        trees.kill_orphans(self._mark)
        # What the worker had sent may still lie in the sockets.
        self._data.when_closed(self._end_if_drained)
        self._control.when_closed(self._end_if_drained)
        self._drain_timer = loop.call_later(_DRAIN_S, self._end)
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        is_drained = self._data.is_closed and self._control.is_closed
        if is_drained and not self._has_ended:
            self._drain_timer.cancel()
            self._end()

    def _end(self) -> None:
        self._has_ended = True
        ended = self._exit()
        for future in self._calls.values():
            if not future.done():
                future.set_exception(
                    errors.WorkerDiedError(f"The worker died: {ended}.")
                )
        self._output.close()
        self._data.close()
        self._control.close()
        # In a thread: the model may have left any number of files.
        remove = functools.partial(shutil.rmtree, self._folder, ignore_errors=True)
        asyncio.get_running_loop().run_in_executor(None, remove)
        self._listener.on_exit(ended)
        self._page.close()

    def _exit(self) -> Exit:
        code = self._process.returncode
        killed_by = _signal_name(-code) if code < 0 else None
        cause = self._kill_cause or "worker_died"
        was_killed = killed_by == "SIGKILL" and not self._kill_cause
        if was_killed and trees.kernel_oom_kills() > self._oom_kills:
            cause = "memory_limit"
        return Exit(
            cause=cause, exit_status=code if code >= 0 else None, signal=killed_by
        )


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


class _SocketPair(NamedTuple):
    near: socket.socket
    far: socket.socket


def _socket_pair(undo: ExitStack, far_ends: ExitStack) -> _SocketPair:
    near, far = socket.socketpair()
    return _SocketPair(undo.enter_context(near), far_ends.enter_context(far))


class _Connection(asyncio.Protocol):
    """The server's end of a socket to a worker; many frames go out in one write."""

    def __init__(
        self, connection: socket.socket, on_frame: Callable[[bytes, bytes], None]
    ) -> None:
        self._socket = connection
        self._on_frame = on_frame
        self._reader = messages.FrameReader()
        self._unsent: list[Any] = []
        self._transport: asyncio.WriteTransport | None = None
        self._is_flush_due = False
        self._wants_eof = False
        self._on_closed: Callable[[], None] = lambda: None
        self.is_closed = False
        self._loop = asyncio.get_running_loop()
        self._opening = self._loop.create_task(self._open())

    async def _open(self) -> None:
        await self._loop.create_unix_connection(lambda: self, sock=self._socket)

    def send(self, record: messages.Record, body: Any = b"") -> None:
        """Send a frame with all others of this turn of the event loop."""
        if self.is_closed:
            return
        self._unsent += messages.frame(record, body)
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def close_writing(self) -> None:
        """Tell the worker that nothing more will come."""
        self._wants_eof = True
        self._flush()

    def close(self) -> None:
        """Let go of the socket."""
        self._opening.cancel()
        if self._transport is not None:
            self._transport.abort()
        else:
            self._socket.close()

    def when_closed(self, callback: Callable[[], None]) -> None:
        """Have `callback` called when the worker's end is closed and all was read."""
        self._on_closed = callback

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # a stream's transport
        self._flush()

    def data_received(self, data: bytes) -> None:
        for header, body in self._reader.feed(data):
            self._on_frame(header, body)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_closed = True
        self._on_closed()

    def _flush(self) -> None:
        self._is_flush_due = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._unsent:
            transport.writelines(self._unsent)
            self._unsent = []
        if self._wants_eof:
            self._wants_eof = False
            transport.write_eof()

    def eof_received(self) -> bool:
        return False
