"""A model whose trainings say that they began, for whoever counts them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import deepaas  # noqa: TC001 - read at run time

_JOURNAL = Path(os.environ["CHAOS_JOURNAL"])


def predict(x: int = 1) -> int:
    """Add one."""
    return x + 1


def train(seconds: float = 0.1, note: str = "", *, job: deepaas.Job) -> str:
    """Note that it began, start something beside itself, and take a while."""
    with _JOURNAL.open("ab", buffering=0) as journal:
        journal.write(f"{job.id}\n".encode())
    del note
    program = f"import time; time.sleep({60 + seconds})"
    subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    job.log_metrics({"seconds": seconds})
    threading.Event().wait(seconds)
    (job.artifacts / "weights").write_text(job.id)
    return job.id
