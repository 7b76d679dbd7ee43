"""A model for the benchmarks of jobs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Literal

import deepaas  # noqa: TC001 - read at run time

_STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"


def predict(x: int = 1) -> int:
    """Add one."""
    return x + 1


def train(
    how: Literal["rest", "python", "native", "stubborn", "busy", "print"] = "rest",
    seconds: float = 600.0,
    megabytes: int = 0,
    *,
    job: deepaas.Job,
) -> str:
    """Do what a benchmark asks for."""
    print("begun", flush=True)
    (job.artifacts / "weights").write_text(how)
    end = time.monotonic() + seconds
    if how == "python":
        while True:
            pass
    elif how == "native":
        sum(range(10**13))
    elif how == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        program = [sys.executable, "-c", _STUBBORN]
        subprocess.Popen(program, start_new_session=True)
        threading.Event().wait()
    elif how == "busy":
        while time.monotonic() < end:
            pass
    elif how == "print":
        block = (b"x" * 99 + b"\n") * 10_000
        for _ in range(megabytes):
            os.write(1, block)
    else:
        threading.Event().wait(seconds)
    return how
