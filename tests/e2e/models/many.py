"""A model that is asked many things at a time; it notes what it was asked."""

from __future__ import annotations

import os
import time
from pathlib import Path

import deepaas

POLL_S = 0.005


def note(x: int) -> None:
    with Path(os.environ["MANY_NOTES"]).open("a") as file:
        file.write(f"{x}\n")


@deepaas.restartable
def predict(x: int, *, text: str = "", photo: bytes = b"") -> dict[str, object]:
    """Double a number."""
    note(x)
    if x < 0:
        raise deepaas.InvalidInputError("x must not be negative")
    if x == 13:
        os._exit(5)
    while x == 7 and not Path(os.environ["MANY_GATE"]).exists():
        time.sleep(POLL_S)  # noqa: TID251 - a model's own way to be slow
    return {"y": 2 * x, "text": text, "photo": len(photo)}
