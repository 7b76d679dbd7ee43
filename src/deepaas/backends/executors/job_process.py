"""The process of a job: a worker below a guardian, seen from the server.

The guardian (`python -m deepaas.guardian`) starts the worker, writes what it prints to
the job's log, and ends only when nothing of the worker's process tree is left, also
when this server is killed. What is said to the worker goes past it, over the same two
sockets that a worker of predictions has.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

import msgspec

from deepaas import errors
from deepaas.backends.executors import trees
from deepaas.backends.executors.link import LinkListener, WorkerLink, socket_pair
from deepaas.backends.executors.process import Exit
from deepaas.progress_page import make_page

if TYPE_CHECKING:
    import socket

    from deepaas import messages

_DRAIN_S: Final = 0.5
"""How long the sockets of a process that is gone may take to give up what they hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProcessSpec:
    """How to start the process of a job.

    Attributes:
        load: What the worker is told to load; its `spool_dir` is filled in here.
        scratch_dir: Where the process's private folder is made.
        log_dir: The folder for what it prints.
        log_bytes: How much of that is kept.
        memory_bytes: Most memory of all its processes; 0 is no limit.
        nice: How much lower their priority on the processor is: 0 to 19.
        environment: Variables to add to this process's own.
    """

    load: messages.Load
    scratch_dir: str
    log_dir: str
    log_bytes: int
    memory_bytes: int = 0
    nice: int = 0
    environment: dict[str, str]


class JobProcessListener(LinkListener, Protocol):
    """Hears what happens to a job's process; called on the event loop."""

    def on_exit(self, ended: Exit) -> None:
        """The worker and all that it started are gone; nothing comes any more."""


class JobProcess:
    """A guardian, its worker, and the sockets to both.

    Attributes:
        guardian_pid: The guardian's process id, which leads a session of its own.
        worker_pid: The worker's process id, or 0 before it is started.
        link: What is said to the worker.
    """

    def __init__(self, spec: JobProcessSpec, listener: JobProcessListener) -> None:
        self.worker_pid = 0
        self._listener = listener
        self._mark = uuid.uuid4().hex
        self._folder = Path(spec.scratch_dir) / f"process-{self._mark[:12]}"
        self._ended: Exit | None = None
        self._is_gone = False
        self._log_dir = spec.log_dir
        self._log_switched = asyncio.Event()
        with ExitStack() as undo:  # unless all that it takes can be had
            self._start(spec, undo=undo)
            undo.pop_all()

    # ------------------------------------------------------------------- ending

    def finish(self) -> None:
        """Let the worker end in good order when it has done what it was told."""
        self.link.close_writing()

    def end(self, cause: str, *, grace_s: float) -> None:
        """Ask the process tree to end (SIGTERM), and kill it after a grace.

        Args:
            cause: Why: `dismissed`, `interrupted`, `deadline` …
            grace_s: Seconds until it is killed.
        """
        self._tell({"end": {"grace_s": grace_s, "cause": cause}})

    def kill(self, cause: str) -> None:
        """Kill the process tree now."""
        self._tell({"kill": {"cause": cause}})

    async def switch_log(self, folder: str) -> None:
        """Have what is printed from now on written to another folder."""
        if folder == self._log_dir:
            return
        self._log_dir = folder
        self._log_switched.clear()
        self._tell({"log_dir": folder})
        await self._log_switched.wait()

    # ----------------------------------------------------------------- starting

    def _start(self, spec: JobProcessSpec, *, undo: ExitStack) -> None:
        loop = asyncio.get_running_loop()
        self._folder.mkdir(mode=0o700, parents=True)
        undo.callback(shutil.rmtree, self._folder, ignore_errors=True)
        with ExitStack() as far_ends:
            page = make_page()
            far_ends.callback(os.close, page)
            data, control, guard = (socket_pair(undo, far_ends) for _ in range(3))
            self._process = self._spawn(
                spec,
                descriptors=(data.far.fileno(), control.far.fileno(), page),
                guard=guard.far,
            )
        undo.callback(self._process.wait)
        undo.callback(self._process.kill)
        self.guardian_pid = self._process.pid
        self._pidfd = os.pidfd_open(self.guardian_pid)
        loop.add_reader(self._pidfd, self._on_death)
        self._guard = guard.near
        self._guard.setblocking(False)
        self._heard = bytearray()
        loop.add_reader(self._guard, self._on_guard)
        self.link = WorkerLink(data.near, control.near, self._listener)
        self.link.load(msgspec.structs.replace(spec.load, spool_dir=str(self._folder)))

    def _spawn(
        self,
        spec: JobProcessSpec,
        *,
        descriptors: tuple[int, ...],
        guard: socket.socket,
    ) -> subprocess.Popen[bytes]:
        worker = [*(sys.executable, "-P", "-m", "deepaas.worker")]
        orders = {
            "server_fd": guard.fileno(),
            "server_pid": os.getpid(),
            "command": [*worker, *map(str, descriptors)],
            "pass_fds": list(descriptors),
            "log_dir": spec.log_dir,
            "log_bytes": spec.log_bytes,
            "memory_bytes": spec.memory_bytes,
            "nice": spec.nice,
        }
        return subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-P", "-m", "deepaas.guardian", json.dumps(orders)],
            stdin=subprocess.DEVNULL,
            pass_fds=(*descriptors, guard.fileno()),
            env={
                **os.environ,
                **spec.environment,
                trees.MARK_VARIABLE: self._mark,
                "TMPDIR": str(self._folder),
            },
            start_new_session=True,
        )

    # ------------------------------------------------------------- the guardian

    def _tell(self, order: dict[str, Any]) -> None:
        if self._is_gone:
            return
        try:
            self._guard.send(json.dumps(order).encode() + b"\n")
        except OSError:
            # It does not listen any more: dead, or so ill that only this helps.
            trees.kill_group(self.guardian_pid)

    def _on_guard(self) -> None:
        while data := self._receive():
            self._heard += data
        *lines, rest = bytes(self._heard).split(b"\n")
        self._heard[:] = rest
        for line in lines:
            self._hear(json.loads(line))

    def _receive(self) -> bytes:
        """Return what the guardian has said; nothing when that is all for now."""
        try:
            data = self._guard.recv(65536)
        except BlockingIOError:
            return b""
        except OSError:
            data = b""
        if not data:
            asyncio.get_running_loop().remove_reader(self._guard)
        return data

    def _hear(self, report: dict[str, Any]) -> None:
        match report:
            case {"started": {"pid": int(pid)}}:
                self.worker_pid = pid
            case {"log_dir": _}:
                self._log_switched.set()
            case {"exit": {"exit_status": status, "signal": killed_by, **rest}}:
                was_oom = rest.get("oom_killed") and not rest.get("cause")
                cause = "memory_limit" if was_oom else str(rest.get("cause") or "")
                self._ended = Exit(
                    cause=cause or "worker_died", exit_status=status, signal=killed_by
                )

    # -------------------------------------------------------------------- death

    def _on_death(self) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        trees.kill_group(self.guardian_pid)
        code = self._process.wait()
        self._on_guard()  # its death may be noticed before its last word
        trees.kill_orphans(self._mark)
        if self._ended is None:  # the guardian was killed, and its worker with it
            name = signal.Signals(-code).name if code < 0 else None
            self._ended = Exit(
                cause="worker_died",
                exit_status=code if code >= 0 else None,
                signal=name,
            )
        # What the worker had sent may still lie in the sockets.
        self.link.when_closed(self._end_if_drained)
        self._drain_timer = loop.call_later(_DRAIN_S, self._end)
        self._end_if_drained()

    def _end_if_drained(self) -> None:
        if self.link.is_closed and not self._is_gone:
            self._drain_timer.cancel()
            self._end()

    def _end(self) -> None:
        self._is_gone = True
        self._log_switched.set()
        assert self._ended is not None  # noqa: S101 - set when the guardian died
        asyncio.get_running_loop().remove_reader(self._guard)
        self._guard.close()
        self.link.close(errors.WorkerDiedError(f"The worker died: {self._ended}."))
        # In a thread: the model may have left any number of files.
        remove = functools.partial(shutil.rmtree, self._folder, ignore_errors=True)
        asyncio.get_running_loop().run_in_executor(None, remove)
        self._listener.on_exit(self._ended)
