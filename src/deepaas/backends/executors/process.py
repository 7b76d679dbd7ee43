"""One worker process, seen from the server.

`WorkerProcess` starts `python -m deepaas.worker` and tells its `WorkerListener` what
comes of it; what is said to the worker goes through its `link`. It knows processes and
nothing of queues: what becomes of the predictions of a dead worker is the listener's
affair. Death is seen through a pidfd, never by a heartbeat, so it is noticed at once
and never by mistake.
"""

from __future__ import annotations

import asyncio
import functools
import os
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec

from deepaas import errors, messages
from deepaas.backends.executors import trees
from deepaas.backends.executors.link import LinkListener, WorkerLink, socket_pair
from deepaas.backends.executors.output_pipe import OutputPipe
from deepaas.progress_page import ProgressPage, make_page

_DRAIN_S: Final = 0.2
"""How long a dead worker's sockets may take to give up what it had sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """How to start a worker of a model.

    Attributes:
        name: The model's name.
        load: What the worker is told to load; its `spool_dir` and `has_plain_output`
            are filled in here.
        spool_dir: Where the worker's private folder is made.
        environment: Variables to add to this process's own.
        output: Descriptors for what it prints, as it is (standard output, standard
            error); empty where that is read here, and logged.
    """

    name: str
    load: messages.Load
    spool_dir: str
    environment: dict[str, str]
    output: tuple[int, ...] = ()


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


class WorkerListener(LinkListener, Protocol):
    """Hears what happens to a worker; called on the event loop."""

    def on_output(self, line: str, request_id: str) -> None:
        """The model wrote a line."""

    def on_exit(self, ended: Exit) -> None:
        """The process and all that it started are gone; nothing comes any more."""


class WorkerProcess:
    """A worker process and the two sockets to it.

    Attributes:
        pid: The process's id.
        link: What is said to it.
    """

    def __init__(self, spec: WorkerSpec, listener: WorkerListener) -> None:
        self._listener = listener
        self._mark = uuid.uuid4().hex
        self._kill_cause = ""
        self._is_dead = False
        self._has_ended = False
        self._folder = Path(spec.spool_dir) / f"worker-{self._mark[:12]}"
        self._oom_kills = trees.kernel_oom_kills()
        with ExitStack() as undo:  # unless all that it takes can be had
            self._start(spec, undo=undo)
            undo.pop_all()

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
        self.link.close_writing()

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
            data, control = (socket_pair(undo, far_ends) for _ in range(2))
            output, streams = None, spec.output
            if not streams:
                output, far_output = os.pipe()
                streams = (far_output, far_output)
                undo.callback(os.close, output)
                far_ends.callback(os.close, far_output)
            self._process = self._spawn(
                spec,
                descriptors=(data.far.fileno(), control.far.fileno(), page),
                streams=streams,
            )
        undo.callback(self._process.wait)
        undo.callback(self._process.kill)
        self.pid = self._process.pid
        self._pidfd = os.pidfd_open(self.pid)
        loop.add_reader(self._pidfd, self._on_death)
        self.link = WorkerLink(data.near, control.near, self._listener)
        self._output = None
        if output is not None:
            self._output = OutputPipe(output, on_line=self._listener.on_output)
        load = msgspec.structs.replace(
            spec.load,
            spool_dir=str(self._folder),
            has_plain_output=bool(spec.output),
        )
        self.link.load(load)

    def _spawn(
        self,
        spec: WorkerSpec,
        *,
        descriptors: tuple[int, ...],
        streams: tuple[int, ...],
    ) -> subprocess.Popen[bytes]:
        # From the main thread: PR_SET_PDEATHSIG follows the thread that spawns.
        return subprocess.Popen(  # noqa: S603 - our own program
            [
                *(sys.executable, "-P", "-m", "deepaas.worker"),
                *map(str, (*descriptors, os.getpid())),
            ],
            stdin=subprocess.DEVNULL,
            stdout=streams[0],
            stderr=streams[1],
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
        self.link.when_closed(self._end_if_drained)
        self._drain_timer = loop.call_later(_DRAIN_S, self._end)
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self.link.is_closed and not self._has_ended:
            self._drain_timer.cancel()
            self._end()

    def _end(self) -> None:
        self._has_ended = True
        ended = self._exit()
        if self._output is not None:
            self._output.close()
        self.link.close(errors.WorkerDiedError(f"The worker died: {ended}."))
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
