"""A real server for a test: `deepaas serve` as a child process."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

_ADDRESS: Final = re.compile(r"Running on (http://\S+)")
_POLL_S: Final = 0.05
_STOP_S: Final = 20.0


class ServerStartError(Exception):
    """The server ended, or was not ready in time; says what it wrote."""


class Server:
    """A server that runs until the `with` block ends.

    It listens on a free port of this machine; its first answer comes when its models
    are loaded and warm.

        with Server("plants.py", "--deadline", "5") as server:
            httpx.post(f"{server.url}/v2/models/plants/predict/", ...)

    Attributes:
        url: Its address, without a final slash.
        process: The child process.
    """

    def __init__(
        self,
        *words: str | os.PathLike[str],
        environment: Mapping[str, str] | None = None,
        within_s: float = 60,
    ) -> None:
        """Start a server and wait until it is ready.

        Args:
            words: Models and options of `deepaas serve`.
            environment: Variables to add to ours.
            within_s: Longest time to wait, in seconds.

        Raises:
            ServerStartError: It ended, or was not ready in time.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="deepaas-testing-")
        self._log = Path(self._folder.name, "log")
        self.url = ""
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(  # noqa: S603 - what the test asks for
                [
                    *(sys.executable, "-m", "deepaas.cli.main", "serve"),
                    *("--log-format", "text"),
                    *(os.fspath(word) for word in words),
                    *("--listen-port", "0", "--strict"),
                ],
                env={**os.environ, **(environment or {})},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(within_s)
        except BaseException:
            self._kill()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def log(self) -> str:
        """What the server and its models have written so far."""
        return self._log.read_text(errors="replace")

    def stop(self) -> int:
        """Have the server finish what runs, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGTERM)
            return self.process.wait(_STOP_S)
        finally:
            self._kill()

    def _wait_until_ready(self, within_s: float) -> None:
        deadline = time.monotonic() + within_s
        while not self._is_ready():
            if self._has_ended_within(_POLL_S):
                raise ServerStartError(
                    f"it ended with exit code {self.process.returncode}:\n{self.log}"
                )
            if time.monotonic() > deadline:
                raise ServerStartError(f"not ready in {within_s} s:\n{self.log}")

    def _is_ready(self) -> bool:
        found = _ADDRESS.search(self.log)
        if not found:
            return False
        self.url = found[1]
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.netloc, timeout=5)
        try:
            connection.request("GET", f"{address.path}/readyz")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def _has_ended_within(self, seconds: float) -> bool:
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def _kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._folder.cleanup()
