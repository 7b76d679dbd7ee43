"""The processes below this one: the worker, and whatever the worker has started.

This process is the *subreaper* of its descendants: one whose parent ends becomes a
child of this process, also when it leads a session of its own. So the tree is empty
exactly when this process has no child left, and nothing can leave it. Linux only
(`prctl(2)`, `pidfd_open(2)`, `proc(5)`).
"""

from __future__ import annotations

import ctypes
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_PR_SET_CHILD_SUBREAPER: Final = 36
_OOM_SCORE: Final = 500
_CALM_SWEEPS: Final = 10
_FIRST: Final = -20
_KIB: Final = 1024
_READ_BYTES: Final = 1 << 16

IGNORED_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""What people and terminals send; only the server ends a guardian."""

_DEFAULT_IN_WORKER: Final = (*IGNORED_SIGNALS, signal.SIGPIPE, signal.SIGXFSZ)


def become_subreaper() -> None:
    """Have orphaned descendants become children of this process."""
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1)


def spawn(command: list[str], *, output: int, keep: Sequence[int], nice: int) -> int:
    """Start the worker in a session of its own; return its process id.

    Args:
        command: What to run.
        output: The descriptor that takes its output and its errors.
        keep: Descriptors that it inherits.
        nice: How much lower its priority on the processor is.

    Raises:
        OSError: It cannot be started.
    """
    for descriptor in keep:
        os.set_inheritable(descriptor, True)
    pid = os.posix_spawnp(
        command[0],
        command,
        os.environ,
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output, 1),
            (os.POSIX_SPAWN_DUP2, output, 2),
        ],
        setsid=True,
        setsigmask=(),
        setsigdef=_DEFAULT_IN_WORKER,
    )
    _offer_to_oom_killer(pid)
    if nice:
        _lower_priority(pid, nice)
    return pid


def _offer_to_oom_killer(pid: int) -> None:
    """Have the kernel, when memory runs out, take a process before the server."""
    with suppress(OSError, ValueError):
        path = f"/proc/{pid}/oom_score_adj"
        _write(path, min(1000, int(_read(path)) + _OOM_SCORE))


def _lower_priority(pid: int, nice: int) -> None:
    """Have a process, which leads a session, give way to others on the processor.

    Where the kernel schedules by session (`CONFIG_SCHED_AUTOGROUP`, sched(7)), the
    niceness of a process counts within its session only, so the session gets it too.
    """
    priority = min(19, os.getpriority(os.PRIO_PROCESS, 0) + nice)
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, priority)
    with suppress(OSError):
        _write(f"/proc/{pid}/autogroup", priority)


def _write(path: str, number: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, b"%d" % number)
    finally:
        os.close(descriptor)


# ------------------------------------------------------------------------- ending


def terminate() -> None:
    """Ask all descendants to end; those that are stopped are woken to hear it."""
    for _, pidfd in _held_descendants():
        with suppress(OSError):
            signal.pidfd_send_signal(pidfd, signal.SIGTERM)
            signal.pidfd_send_signal(pidfd, signal.SIGCONT)


class Hunt:
    """Kills all descendants, sweep after sweep, until there are none.

    A sweep goes from parents to children, because who has been killed forks no more, so
    nearly always one is enough. A process group dies at once, however fast its members
    fork. What slips through all the same gets the processor last, with all that it
    forks, and the hunt gets it first if it may, or it would starve among thousands.
    """

    def __init__(self) -> None:
        self._sweeps = 0
        self._found: set[int] = set()

    @property
    def is_on(self) -> bool:
        """Whether it has begun."""
        return self._sweeps > 0

    @property
    def is_storm(self) -> bool:
        """Whether something forks as fast as it dies."""
        return self._sweeps > _CALM_SWEEPS

    def sweep(self) -> None:
        """Kill all that can be found now."""
        _kill_groups()
        found = set()
        for pid, pidfd in _held_descendants():
            found.add(pid)
            if self.is_on and pid not in self._found:
                _yield_to_hunter(pid)
            with suppress(OSError):
                signal.pidfd_send_signal(pidfd, signal.SIGKILL)
        self._found = found
        self._sweeps += 1


def _kill_groups() -> None:
    """Kill the process groups of all children.

    While a child is not reaped, its group's id does not become another's.
    """
    own_group = os.getpgrp()
    for pid in list(_children("self")):
        with suppress(OSError):
            group = os.getpgid(pid)
            if group != own_group:
                os.killpg(group, signal.SIGKILL)


def _yield_to_hunter(pid: int) -> None:
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
        os.setpriority(os.PRIO_PROCESS, 0, _FIRST)


def _held_descendants() -> Iterator[tuple[int, int]]:
    """Yield the ids of all descendants, each with a descriptor that holds it.

    An id alone may have become another's; what the descriptor holds is in the tree.
    """
    family = {os.getpid()}
    for pid in descendants():
        with suppress(OSError, ValueError):
            pidfd = os.pidfd_open(pid)
            try:
                if _parent(pid) in family:
                    family.add(pid)
                    yield pid, pidfd
            finally:
                os.close(pidfd)


def reap() -> Iterator[tuple[int, int]]:
    """Yield the ids and exit codes of children that have ended (as `Popen` has them).

    Raises:
        ChildProcessError: There are no children at all: the tree is empty.
    """
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        yield pid, os.waitstatus_to_exitcode(status)


# ---------------------------------------------------------------------- measuring


def memory_bytes(limit: int) -> int:
    """Return the memory that all descendants hold together.

    Counted is what the kernel cannot take back: anonymous and shared memory, not pages
    of files. Added up process by process that is too much where processes share memory
    (children that were forked, tensors in shared memory), but it is cheap and never
    too little. Only if it is over the limit each page is divided by the number of
    processes that share it, which is exact and takes the kernel milliseconds for each
    gigabyte.

    Args:
        limit: Up to which the cheap sum will do.
    """
    pids = list(descendants())
    upper = sum(map(_resident_bytes, pids))
    if upper <= limit:
        return upper
    return sum(map(_own_bytes, pids))


def _resident_bytes(pid: int) -> int:
    return _sum(f"/proc/{pid}/status", b"RssAnon", b"RssShmem")


def _own_bytes(pid: int) -> int:
    """Return a process's part of the memory that it holds or shares."""
    part = _sum(f"/proc/{pid}/smaps_rollup", b"Pss_Anon", b"Pss_Shmem")
    return part or _resident_bytes(pid)  # not all kernels tell


def kernel_oom_kills() -> int:
    """Return how many processes the kernel has killed for memory around here.

    In our cgroup if it can be seen, else on the whole machine.
    """
    own = _read("/proc/self/cgroup").rpartition(b"0::")[2].strip().decode()
    for path in (
        f"/sys/fs/cgroup{own}/memory.events",
        "/sys/fs/cgroup/memory.events",
        "/sys/fs/cgroup/memory/memory.oom_control",
        "/proc/vmstat",
    ):
        for line in _read(path).splitlines():
            name, _, count = line.partition(b" ")
            if name == b"oom_kill":
                return int(count)
    return 0


def descendants() -> Iterator[int]:
    """Yield the ids of all descendants.

    Parents come before their children, and those are looked for only when the caller
    has done with the parent.
    """
    found = list(_children("self"))
    for pid in found:
        yield pid
        found += _children(str(pid))


def _children(pid: str) -> Iterator[int]:
    """Yield the ids of the children of all threads of a process."""
    with suppress(OSError), os.scandir(f"/proc/{pid}/task") as threads:
        for thread in threads:
            yield from map(int, _read(f"{thread.path}/children").split())


def _parent(pid: int) -> int:
    """Return the id of the parent of a process.

    Raises:
        ValueError: There is no such process.
    """
    return int(_read(f"/proc/{pid}/stat").rpartition(b")")[2].split()[1])


def _sum(path: str, *names: bytes) -> int:
    """Return the sum of some lines of a file in which the kernel counts KiB."""
    kib = 0
    for line in _read(path).splitlines():
        name, _, value = line.partition(b":")
        if name in names:
            kib += int(value.split()[0])
    return kib * _KIB


def _read(path: str) -> bytes:
    """Return what a file of the kernel says; nothing if it or its process is gone."""
    pieces = []
    with suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            while piece := os.read(descriptor, _READ_BYTES):
                pieces.append(piece)
        finally:
            os.close(descriptor)
    return b"".join(pieces)
