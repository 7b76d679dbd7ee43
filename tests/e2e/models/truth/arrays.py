"""A model that takes and gives arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

import deepaas

Numbers = Annotated[np.ndarray, deepaas.Tensor("float32", (None, 3))]
Sums = Annotated[np.ndarray, deepaas.Tensor("float32", (None,))]


@dataclass
class Weighed:
    sums: Sums
    largest: float


def predict(numbers: Numbers, factor: float = 1.0) -> Weighed:
    """Sum rows up."""
    return Weighed(
        sums=numbers.sum(axis=1) * np.float32(factor), largest=float(numbers.max())
    )
