"""A batched model that tells how many it got together."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import deepaas


@dataclass
class Item:
    """The arguments of one caller."""

    x: float
    seconds: float = 0
    begun: str = ""


@dataclass
class Doubled:
    """The result for one caller."""

    y: float
    together: int


@deepaas.batched(max_size=8)
def predict(items: list[Item]) -> list[Doubled | Exception]:
    """Double numbers; refuse negative ones, each for its own caller."""
    for item in items:
        if item.begun:
            Path(item.begun).touch()
    threading.Event().wait(max(item.seconds for item in items))
    return [
        deepaas.InvalidInputError(f"{item.x} is negative")
        if item.x < 0
        else Doubled(y=2 * item.x, together=len(items))
        for item in items
    ]
