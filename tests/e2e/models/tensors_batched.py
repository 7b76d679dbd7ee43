"""A batched model of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

import deepaas

Image = Annotated[np.ndarray, deepaas.Tensor("float32", (None, 2))]


@dataclass
class Item:
    """What one caller sends."""

    image: Image


@deepaas.batched(max_size=8)
def predict(items: list[Item]) -> list[Image | Exception]:
    """Add one, but not to nothing."""
    return [
        deepaas.InvalidInputError("The image is empty.")
        if not one.image.size
        else one.image + 1
        for one in items
    ]
