"""A batched model that tells how many it was asked together."""

from __future__ import annotations

import os
from dataclasses import dataclass

import deepaas


@dataclass
class Number:
    x: int


@deepaas.restartable
@deepaas.batched(max_size=8)
def predict(items: list[Number]) -> list[dict[str, int]]:
    """Double numbers."""
    if any(one.x == 13 for one in items):
        os._exit(5)
    return [
        {"y": 2 * one.x, "together": len(items)}
        if one.x >= 0
        else deepaas.InvalidInputError("x must not be negative")  # type: ignore[misc]
        for one in items
    ]
