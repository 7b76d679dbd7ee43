"""A model whose trainings do what a test asks for."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator  # noqa: TC003 - read at run time
from typing import Literal

import deepaas  # noqa: TC001 - read at run time

Fault = Literal[
    "", "raise", "exit", "segfault", "hang", "ignore_term", "fork", "hog", "beat"
]


def warm(version: deepaas.Version) -> None:
    """Refuse weights that say so."""
    if version.folder and "bad" in (version.folder / "weights.txt").read_text():
        raise RuntimeError("these weights are bad")


def predict(x: int = 1, *, version: deepaas.Version) -> int:
    """Add one, and a hundred for each version."""
    return x + 1 + 100 * version.number


def train(
    epochs: int = 2, fault: Fault = "", *, job: deepaas.Job
) -> dict[str, int | str]:
    """Train for some epochs, and fail where it is asked for."""
    for epoch in range(epochs):
        print(f"epoch {epoch}")  # noqa: T201 - what is tested
        job.log_metrics({"loss": 1 / (epoch + 1)}, step=epoch)
        job.progress(epoch + 1, epochs)
    if fault:
        (job.checkpoints / "begun").touch()
        if fault == "beat":
            _beat(job)
        _FAULTS[fault]()
    (job.artifacts / "weights.txt").write_text(
        f"{epochs} epochs" if epochs < 100 else "bad"
    )
    return {"epochs": epochs, "job": job.id}


def validate(*, version: deepaas.Version) -> dict[str, int | str]:
    """Tell what is validated."""
    folder = version.folder
    weights = (folder / "weights.txt").read_text() if folder else "none"
    return {"version": version.number, "weights": weights}


def _raise() -> None:
    raise RuntimeError("no luck")


def _exit() -> None:
    os._exit(3)


def _segfault() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def _beat(job: deepaas.Job) -> None:
    """Report for ever."""
    for number in itertools.count():
        job.log_metrics({"beats": number})
        threading.Event().wait(0.01)


def _hang() -> None:
    threading.Event().wait()


def _ignore_term() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Event().wait()


def _fork() -> None:
    """Leave a grandchild in a session of its own, and wait."""
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", program], start_new_session=True)
    threading.Event().wait()


def _hog() -> None:
    kept: list[bytearray] = []
    while True:
        kept.append(bytearray(os.urandom(1 << 16) * 160))
        threading.Event().wait(0.01)


_FAULTS = {
    "raise": _raise,
    "exit": _exit,
    "segfault": _segfault,
    "hang": _hang,
    "ignore_term": _ignore_term,
    "fork": _fork,
    "hog": _hog,
}


def stream(upto: int) -> Iterator[int]:
    """Count."""
    yield from range(upto)
