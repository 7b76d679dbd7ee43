"""Who runs a job: a process, so named that another one can tell whether it lives."""

from __future__ import annotations

import functools
import os
import platform
from pathlib import Path

from deepaas.jobs.records import Owner


@functools.cache
def this_process() -> Owner:
    """Return this process."""
    pid = os.getpid()
    return Owner(
        host=platform.node(),
        boot_id=Path("/proc/sys/kernel/random/boot_id").read_text().strip(),
        pid=pid,
        start_ticks=_start_ticks(pid),
    )


def _start_ticks(pid: int) -> int:
    """Return when a process began (`proc(5)`, field 22 of `stat`)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[19])
