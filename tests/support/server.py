"""A server command as a child process, and how to know when it answers."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import time
from typing import TYPE_CHECKING

import httpx2

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

POLL_S = 0.05

_PORTS_PER_PROCESS = 200
_first_port = 20_000 + os.getpid() % 60 * _PORTS_PER_PROCESS
_ports = itertools.cycle(range(_first_port, _first_port + _PORTS_PER_PROCESS))


def free_port() -> int:
    """Return a loopback port that nobody listens on.

    The kernel's own choice may go to somebody else before a server has started. So
    each test process has a range of its own, below those that the kernel chooses from.
    """
    return next(port for port in _ports if _is_free(port))


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class ServerStartError(AssertionError):
    """The server ended, or did not answer in time; carries what it wrote."""


class ServerProcess:
    """A running server.

    What it writes goes to the files `stdout` and `stderr`, which never fill up as a
    pipe would.

    Attributes:
        process: The child, leader of a process session of its own.
        url: The server's address, without a final slash.
        stdout: The file with what it wrote to standard output.
        stderr: The file with what it wrote to standard error.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        port: int,
        folder: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`, which is to listen on `port`.

        Args:
            command: The program and its arguments.
            port: Where it will listen.
            folder: Its working directory, and where its output is kept.
            environment: Variables to add to ours.
        """
        self.url = f"http://127.0.0.1:{port}"
        folder.mkdir(parents=True, exist_ok=True)
        self.stdout = folder / "stdout"
        self.stderr = folder / "stderr"
        with self.stdout.open("wb") as out, self.stderr.open("wb") as err:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=folder,
                env={
                    **os.environ,
                    "XDG_DATA_HOME": str(folder / "data"),  # no two share their jobs
                    **(environment or {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )

    def wait_until_ready(self, path: str = "/v2/", *, within_s: float = 50) -> None:
        """Return when `path` answers 200.

        Raises:
            ServerStartError: The server ended, or time is up.
        """
        deadline = time.monotonic() + within_s
        while not self._answers(path):
            if self._has_ended_within(POLL_S):
                raise ServerStartError(
                    f"ended with {self.process.returncode}:\n{self.output}"
                )
            if time.monotonic() > deadline:
                self.kill()
                raise ServerStartError(f"not ready in {within_s} s:\n{self.output}")

    def stop(self, *, with_signal: int = signal.SIGTERM, within_s: float = 20) -> int:
        """Send a signal, wait for the end, and return the exit status.

        A server that outlives `within_s` is killed, and the test fails.
        """
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired as error:
            self.kill()
            raise AssertionError(
                f"still there {within_s} s after signal {with_signal}:\n{self.output}"
            ) from error

    def kill(self) -> None:
        """End the server and what shares its session, and wait for it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_alone(self) -> None:
        """End the server process with SIGKILL, and nothing else, and wait for it."""
        self.process.kill()
        self.process.wait()

    @property
    def output(self) -> str:
        """All that the server has written so far, standard output first."""
        return self.stdout.read_text(errors="replace") + self.stderr.read_text(
            errors="replace"
        )

    def wait_for_output(self, text: str, *, within_s: float = 10) -> str:
        """Return the output as soon as it holds `text`."""
        deadline = time.monotonic() + within_s
        while text not in self.output:
            ended = self._has_ended_within(POLL_S)
            if text not in self.output and (ended or time.monotonic() > deadline):
                raise AssertionError(f"{text!r} is not in the output:\n{self.output}")
        return self.output

    def _answers(self, path: str) -> bool:
        try:
            answer = httpx2.get(self.url + path, timeout=5)
        except httpx2.TransportError:
            return False
        return answer.status_code == httpx2.codes.OK

    def _has_ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True
