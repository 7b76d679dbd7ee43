"""What the server says to a guardian: first on the command line, then over a socket.

Both are JSON; the socket carries an object a line. What is not understood is passed
over: a guardian must not end because a server of another version talks to it.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple


class Settings(NamedTuple):
    """What a guardian is started with.

    Attributes:
        server_fd: The socket to the server.
        server_pid: The server's process id.
        command: The worker's command; the guardian's process id is appended to it.
        pass_fds: The descriptors that the worker inherits.
        log_dir: The folder for what it prints.
        log_bytes: How much of that is kept.
        memory_bytes: Most memory of all processes together; 0 is no limit.
        nice: How much lower their priority on the processor is: 0 to 19.
        server_death_grace_s: How long the worker may take to end after the server did.
    """

    server_fd: int
    server_pid: int
    command: list[str]
    pass_fds: list[int]
    log_dir: str
    log_bytes: int
    memory_bytes: int = 0
    nice: int = 0
    server_death_grace_s: float = 2.0


class End(NamedTuple):
    """Ask the processes to end, and kill them after a grace.

    Attributes:
        cause: Why.
        grace_s: Seconds until they are killed.
    """

    cause: str
    grace_s: float


class Kill(NamedTuple):
    """Kill the processes.

    Attributes:
        cause: Why.
    """

    cause: str


class SwitchLog(NamedTuple):
    """Write what is printed from now on to another folder.

    Attributes:
        folder: The folder.
    """

    folder: str


Order = End | Kill | SwitchLog


class OrderReader:
    """Makes orders of what arrives, in whatever pieces."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Order]:
        """Return the orders that are complete now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [order for line in lines if (order := _read(line)) is not None]


def read_settings(text: str) -> Settings:
    """Return what a guardian is started with.

    Raises:
        ValueError: It is not JSON.
        TypeError: Something is missing, or unknown.
    """
    return Settings(**json.loads(text))


def _read(line: bytes) -> Order | None:
    try:
        return _order(json.loads(line))
    except (ValueError, TypeError):
        return None


def _order(document: Any) -> Order | None:
    match document:
        case {"end": {"grace_s": grace_s, "cause": str(cause)}}:
            return End(cause, max(0.0, float(grace_s)))
        case {"kill": {"cause": str(cause)}}:
            return Kill(cause)
        case {"log_dir": str(folder)}:
            return SwitchLog(folder)
    return None
