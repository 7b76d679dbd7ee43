"""A model that does whatever a model can do wrong; `fault` selects it."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any


def predict(fault: str = "none", *, seconds: float = 0, note: str = "") -> Any:
    """Commit a fault, or return what it was given."""
    if note:
        with Path(os.environ["FAULTY_NOTES"]).open("a") as notes:
            notes.write(f"{note}\n")
    return FAULTS[fault](seconds)


def _none(seconds: float) -> dict[str, Any]:
    threading.Event().wait(seconds)
    return {"pid": os.getpid(), "seconds": seconds}


def _exit(seconds: float) -> None:
    threading.Event().wait(seconds)
    os._exit(3)


def _sys_exit(_: float) -> None:
    sys.exit(4)


def _interrupt(_: float) -> None:
    raise KeyboardInterrupt


def _raise(_: float) -> None:
    raise ValueError("the reactor is too hot\nby far")


def _segfault(_: float) -> None:
    ctypes.string_at(0)


def _kill(_: float) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _spin(_: float) -> None:
    while True:
        pass


def _hold_gil(_: float) -> None:
    # PyDLL keeps the interpreter's lock while the C function runs.
    ctypes.PyDLL(None).sleep(1000)


def _print_storm(_: float) -> int:
    for number in range(100_000):
        print(f"storm {number}")  # noqa: T201 - the fault itself
    return 100_000


def _print_python(_: float) -> str:
    print("written by \x1b[31mPython")  # noqa: T201 - what is tested
    return "printed"


def _print_native(_: float) -> str:
    library = ctypes.CDLL(None)
    library.puts(b"written by C")
    library.fflush(None)
    os.write(2, b"written to descriptor 2\n")
    return "printed"


def _daemon(_: float) -> int:
    """Leave a process behind that has left the session and its parent."""
    script = (
        "import os, time\n"
        "os.setsid()\n"
        "if os.fork(): os._exit(0)\n"
        "print(os.getpid(), flush=True)\n"
        "os.close(1)\n"
        "time.sleep(1000)\n"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, check=True
    )
    return int(found.stdout)


def _fork_and_die(_: float) -> None:
    if os.fork() == 0:
        threading.Event().wait(1000)
    os._exit(5)


def _huge(_: float) -> str:
    return "x" * 64_000_000


def _unserialisable(_: float) -> dict[str, Any]:
    return {"deep": [object()]}


def _hog(_: float) -> None:
    held = []
    while True:
        held.append(bytearray(10_000_000))


def _close_descriptors(_: float) -> str:
    os.closerange(0, 3)
    return "closed"


FAULTS = {
    "none": _none,
    "exit": _exit,
    "sys_exit": _sys_exit,
    "interrupt": _interrupt,
    "raise": _raise,
    "segfault": _segfault,
    "kill": _kill,
    "spin": _spin,
    "hold_gil": _hold_gil,
    "print_storm": _print_storm,
    "print_python": _print_python,
    "print_native": _print_native,
    "daemon": _daemon,
    "fork_and_die": _fork_and_die,
    "huge": _huge,
    "unserialisable": _unserialisable,
    "hog": _hog,
    "close_descriptors": _close_descriptors,
}
