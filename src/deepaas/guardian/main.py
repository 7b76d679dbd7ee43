"""The loop of a guardian: what happens, and what is done about it.

One thread and one `poll`: the worker binds its life to the thread that has started it.
The guardian hears orders from the server, reads what the worker and its children print,
and sees them end. While it kills, it looks again and again until no child is left. Then
the log is made safe, the server is told, and the guardian ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import signal
import struct
import sys
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from deepaas.guardian import tree
from deepaas.guardian.log_writer import LogWriter
from deepaas.guardian.orders import (
    End,
    Kill,
    Order,
    OrderReader,
    Settings,
    SwitchLog,
    read_settings,
)
from deepaas.guardian.watchdog import Watchdog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_READ_BYTES: Final = 1 << 18
_PIPE_BYTES: Final = 1 << 20
_KILL_AGAIN_S: Final = 0.02
_NOT_STARTED: Final = 127  # what a shell says of a command that it cannot run


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a guardian.

    Args:
        arguments: One, the settings as JSON.
    """
    try:
        (text,) = sys.argv[1:] if arguments is None else arguments
        settings = read_settings(text)
    except (ValueError, TypeError):
        sys.exit("deepaas.guardian is started by a server only; use `deepaas serve`")
    Guardian(settings).run()


class Guardian:
    """Everything that one guardian knows."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._orders = OrderReader()
        self._log = self._open_log(settings.log_dir)
        self._watchdog = Watchdog(settings.memory_bytes)
        self._poller = select.poll()
        self._handlers: dict[int, Callable[[], None]] = {}
        self._output = -1
        self._worker = 0
        self._exit_code: int | None = None
        self._cause = ""
        self._kill_at: float | None = None
        self._hunt = tree.Hunt()
        self._is_gone = False

    def run(self) -> None:
        """Start the worker; return when nothing of its tree is left."""
        oom_kills = tree.kernel_oom_kills()
        tree.become_subreaper()
        self._watch_signals()
        self._watch_server()
        try:
            self._start()
            while not self._is_gone:
                self._turn()
        finally:
            _kill_all()  # whatever happens here
        self._drain()
        self._log.close(time.monotonic())
        self._tell_exit(was_oom_seen=tree.kernel_oom_kills() > oom_kills)

    def _turn(self) -> None:
        """Wait for something to happen, and do what is to be done."""
        for descriptor, _ in self._poller.poll(self._timeout_ms()):
            if handler := self._handlers.get(descriptor):
                handler()
        now = time.monotonic()
        self._log.tick(now)
        if self._watchdog.is_over(now):
            self._obey(Kill("memory_limit"))
        if self._kill_at is not None and now >= self._kill_at:
            self._hunt.sweep()
            self._kill_at = time.monotonic() + _KILL_AGAIN_S

    def _timeout_ms(self) -> float | None:
        now = time.monotonic()
        times = (self._log.due, self._watchdog.due, self._kill_at)
        waits = [max(0.0, at - now) for at in times if at is not None]
        return min(waits) * 1000 if waits else None

    def _watch(self, descriptor: int, handler: Callable[[], None]) -> None:
        self._handlers[descriptor] = handler
        self._poller.register(descriptor, select.POLLIN)

    def _forget(self, descriptor: int) -> None:
        if self._handlers.pop(descriptor, None):
            self._poller.unregister(descriptor)

    # --------------------------------------------------------------- the worker

    def _start(self) -> None:
        settings = self._settings
        self._output, output = os.pipe()
        with suppress(OSError):  # only so much is allowed to all pipes of a user
            fcntl.fcntl(self._output, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        os.set_blocking(self._output, False)
        self._watch(self._output, self._on_output)
        command = [*settings.command, str(os.getpid())]
        try:
            self._worker = tree.spawn(
                command, output=output, keep=settings.pass_fds, nice=settings.nice
            )
        except OSError as error:
            self._fail_to_start(error)
        else:
            pidfd = os.pidfd_open(self._worker)
            self._watch(pidfd, lambda: self._on_worker_death(pidfd))
            self._tell({"started": {"pid": self._worker}})
        # The server sees by their ends that nobody else holds them any more.
        for descriptor in (output, *settings.pass_fds):
            os.close(descriptor)

    def _fail_to_start(self, error: OSError) -> None:
        self._exit_code = _NOT_STARTED
        self._is_gone = True
        line = f"deepaas: cannot start {self._settings.command[0]}: {error.strerror}\n"
        self._log.write(line.encode(), time.monotonic())

    def _on_worker_death(self, pidfd: int) -> None:
        self._forget(pidfd)
        os.close(pidfd)
        self._kill_at = time.monotonic()  # what it has left behind

    def _reap(self) -> None:
        try:
            for pid, code in tree.reap():
                if pid == self._worker:
                    self._exit_code = code
        except ChildProcessError:
            self._is_gone = True

    # -------------------------------------------------------------- its output

    def _open_log(self, folder: str) -> LogWriter:
        return LogWriter(
            folder, max_bytes=self._settings.log_bytes, now=time.monotonic()
        )

    def _on_output(self) -> None:
        self._read_output()

    def _read_output(self) -> int:
        """Write down what can be read now; return how much that was."""
        try:
            data = os.read(self._output, _READ_BYTES)
        except BlockingIOError:
            return 0
        if data:
            self._log.write(data, time.monotonic())
        else:
            self._forget(self._output)
        return len(data)

    def _drain(self) -> None:
        """Write down what the pipe holds, and not what may come meanwhile."""
        if self._output < 0:
            return
        waiting = bytearray(struct.calcsize("i"))
        fcntl.ioctl(self._output, termios.FIONREAD, waiting)
        (left,) = struct.unpack("i", waiting)
        while left > 0 and (count := self._read_output()):
            left -= count

    # -------------------------------------------------------------- the server

    def _watch_server(self) -> None:
        """Be told when the server dies, also if another holds its end of the socket."""
        server = self._settings.server_fd
        os.set_inheritable(server, False)
        os.set_blocking(server, False)
        self._watch(server, self._on_server)
        try:
            pidfd = os.pidfd_open(self._settings.server_pid)
        except ProcessLookupError:
            self._on_server_death()
        else:
            self._watch(pidfd, lambda: self._on_server_death(pidfd))

    def _on_server(self) -> None:
        try:
            data = os.read(self._settings.server_fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._on_server_death(self._settings.server_fd)
        for order in self._orders.feed(data):
            self._obey(order)

    def _on_server_death(self, *witnesses: int) -> None:
        for witness in witnesses:
            self._forget(witness)
        self._obey(End("server_died", self._settings.server_death_grace_s))

    def _obey(self, order: Order) -> None:
        now = time.monotonic()
        match order:
            case End():
                self._end(order.cause, kill_at=now + order.grace_s)
            case Kill():
                self._end(order.cause, kill_at=now)
            case SwitchLog():
                self._drain()
                self._log.close(now)
                self._log = self._open_log(order.folder)
                self._tell({"log_dir": order.folder})

    def _end(self, cause: str, *, kill_at: float) -> None:
        if self._kill_at is None:
            self._cause = cause
            self._kill_at = kill_at
            if kill_at > time.monotonic():
                tree.terminate()
        self._kill_at = min(self._kill_at, kill_at)

    def _tell_exit(self, *, was_oom_seen: bool) -> None:
        code = self._exit_code
        killed_by = _signal_name(-code) if code is not None and code < 0 else None
        self._tell(
            {
                "exit": {
                    "exit_status": code if code is not None and code >= 0 else None,
                    "signal": killed_by,
                    "cause": self._cause,
                    "oom_killed": was_oom_seen
                    and killed_by == "SIGKILL"
                    and not self._cause,
                    "log_bytes": self._log.kept_bytes,
                }
            }
        )

    def _tell(self, report: dict[str, Any]) -> None:
        with suppress(OSError):  # a server that is dead needs no report
            os.write(self._settings.server_fd, json.dumps(report).encode() + b"\n")

    # ----------------------------------------------------------------- signals

    def _watch_signals(self) -> None:
        """Be deaf to people and terminals; hear when a child ends."""
        for number in tree.IGNORED_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        waking, wakeup = os.pipe()
        for descriptor in (waking, wakeup):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        self._watch(waking, lambda: self._on_child_death(waking))

    def _on_child_death(self, waking: int) -> None:
        with suppress(BlockingIOError):
            os.read(waking, _READ_BYTES)
        self._reap()
        if self._hunt.is_on and not self._hunt.is_storm:
            self._kill_at = time.monotonic()  # its children are ours now


def _kill_all() -> None:
    """Kill until there is no child left; the regular way leaves nothing to do here."""
    hunt = tree.Hunt()
    pause = select.poll()
    while True:
        hunt.sweep()
        try:
            for _ in tree.reap():
                pass
        except ChildProcessError:
            return
        pause.poll(_KILL_AGAIN_S * 1000)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"
