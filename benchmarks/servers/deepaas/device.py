"""W2: a device that takes as long for 32 inputs as for one."""

from dataclasses import dataclass

import work

import deepaas


@dataclass
class Item:
    """What one caller sends."""

    x: float


@deepaas.batched(max_size=32)
def predict(items: list[Item]) -> list[dict[str, float]]:
    """Double numbers on the device."""
    work.device()
    return [{"y": 2 * item.x} for item in items]
