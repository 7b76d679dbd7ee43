"""Ends a worker with everything that its model has started.

A worker leads a process session of its own, so its group is one signal away. What has
left the group (`setsid`, a double fork) is found by two facts: the server is the
*subreaper* of its descendants, so orphans become its children; and every process of a
worker carries the worker's mark in its environment. Linux only (`prctl(2)`, `proc(5)`).
"""

from __future__ import annotations

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

MARK_VARIABLE: Final = "DEEPAAS_WORKER"

_MOST_GENERATIONS: Final = 100
_DEATH_MS: Final = 100
_LONGEST_KILL_S: Final = 5.0


def kill_group(leader: int) -> None:
    """Kill the process group that `leader` leads; call before the leader is reaped."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def kill_orphans(mark: str) -> None:
    """Kill what is left of the worker with this mark, generation by generation.

    Call it when the worker itself is dead: then all that remain are orphans, or
    children of orphans that become orphans when those die.
    """
    for _ in range(_MOST_GENERATIONS):
        orphans = [pid for pid in _children() if _has_mark(pid, mark)]
        if not orphans:
            return
        for pid in orphans:
            _kill(pid)


def _kill(pid: int) -> None:
    """Kill a child and reap it; one that the kernel holds on to is reaped later."""
    with suppress(ProcessLookupError, ChildProcessError):
        pidfd = os.pidfd_open(pid)
        try:
            os.kill(pid, signal.SIGKILL)
            poller = select.poll()
            poller.register(pidfd, select.POLLIN)
            poller.poll(_DEATH_MS)
            os.waitpid(pid, os.WNOHANG)
        finally:
            os.close(pidfd)


def kill_marked(variable: str, value: str) -> None:
    """Kill all processes of this user that have a variable in their environment.

    For those that a server before this one has left behind. Returns when they are gone,
    or after five seconds.

    Args:
        variable: Its name.
        value: Its value.
    """
    setting = f"{variable}={value}".encode()
    deadline = time.monotonic() + _LONGEST_KILL_S
    while time.monotonic() < deadline:
        left = [pid for pid in _all_processes() if _has_setting(pid, setting)]
        if not left:
            return
        for pid in left:
            _kill_stranger(pid)


def _kill_stranger(pid: int) -> None:
    """Kill a process that is not our child, and wait a moment for its end."""
    with suppress(OSError):
        pidfd = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            poller = select.poll()
            poller.register(pidfd, select.POLLIN)
            poller.poll(_DEATH_MS)
        finally:
            os.close(pidfd)


def _all_processes() -> Iterator[int]:
    me = os.getpid()
    for path in Path("/proc").iterdir():
        if path.name.isdecimal() and int(path.name) != me:
            yield int(path.name)


def reap_zombies(known: frozenset[int]) -> None:
    """Reap adopted children that have ended.

    Args:
        known: The pids of workers, which have owners that wait for them.
    """
    for pid in _children():
        if pid not in known and _state(pid) == "Z":
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def resident_bytes(pid: int) -> int:
    """Return the resident memory of a process in bytes; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text().split()
    except OSError:
        return 0
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def kernel_oom_kills() -> int:
    """Return how many processes the kernel has killed for memory in our cgroup."""
    for path in (
        "/sys/fs/cgroup/memory.events",
        "/sys/fs/cgroup/memory/memory.oom_control",
    ):
        with suppress(OSError):
            for line in Path(path).read_text().splitlines():
                name, _, count = line.partition(" ")
                if name == "oom_kill":
                    return int(count)
    return 0


def _children() -> Iterator[int]:
    """Yield the pids of all children of this process, in any of its threads."""
    for path in Path("/proc/self/task").glob("*/children"):
        with suppress(OSError):
            yield from (int(pid) for pid in path.read_text().split())


def _has_mark(pid: int, mark: str) -> bool:
    return _has_setting(pid, f"{MARK_VARIABLE}={mark}".encode())


def _has_setting(pid: int, setting: bytes) -> bool:
    # A zombie has no environment any more, but then it needs no killing either.
    try:
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return setting in environment.split(b"\0")


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return ""
