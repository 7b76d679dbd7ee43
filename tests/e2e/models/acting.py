"""What a model may do to the action that it is in."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from collections.abc import Iterator  # noqa: TC003 - we read the hints
from typing import Any, Literal

Act = Literal[
    "print",
    "raise",
    "exit",
    "bad",
    "none",
    "text",
    "list",
    "error",
    "sleep",
    "native",
    "bare",
]
RESULTS = {"bad": object(), "none": None, "list": [1, 2], "error": {"error": "no"}}


def predict(act: Act = "text", size: int = 1) -> Any:
    """Do it."""
    if act == "print":
        for number in range(size):
            sys.stdout.write(f"out {number}\n")
            sys.stderr.write(f"err {number}\n")
        sys.stdout.write("no line end")
    elif act == "bare":
        for descriptor in (1, 2):
            os.write(descriptor, b"-" * size + b"no line end")
    elif act == "native":
        ctypes.CDLL(None).puts(b"from C")
    elif act == "raise":
        os.write(2, b"about to")
        raise ValueError("boom")
    elif act == "exit":
        os._exit(7)
    elif act == "sleep":
        threading.Event().wait()
    return RESULTS.get(act, "x" * size)


class Streams:
    """A model that answers in pieces."""

    def predict(self, pieces: int = 0) -> Iterator[bytes]:
        """Return so many pieces; 0 is without end, and -1 is the end of the process."""
        number = 0
        while pieces <= 0 or number < pieces:
            yield b"piece"
            number += 1
            if pieces < 0:
                os._exit(7)
