"""Processor time and memory of a server with all its processes."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def processes(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += processes(int(child))
    return found


def cpu_s(pid: int) -> float:
    """Return the seconds that a tree has computed, with its dead members."""
    ticks = 0
    for one in processes(pid):
        with suppress(OSError):
            stat = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, stat[11:15]))
    return ticks / _TICKS_PER_S


def memory_mb(pid: int) -> float:
    """Return the proportional set size of a tree, in megabytes."""
    kib = 0
    for one in processes(pid):
        with suppress(OSError):
            for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    kib += int(line.split()[1])
    return kib * 1024 / 1e6
