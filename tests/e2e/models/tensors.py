"""A model of tensors: arrays of several kinds in, several outputs out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

import deepaas

Numbers = Annotated[np.ndarray, deepaas.Tensor("float32", (None,))]
Half = Annotated[np.ndarray, deepaas.Tensor("float16", (None,))]
Brain = Annotated[np.ndarray, deepaas.Tensor("bfloat16", (None,))]


@dataclass
class Outputs:
    """What comes of an inference."""

    doubled: Numbers
    total: float
    texts: list[str]
    half: Half | None = None
    brain: Brain | None = None


def predict(  # noqa: PLR0913, PLR0917 - one of each kind
    x: Numbers,
    factor: int = 2,
    texts: list[str] = [],  # noqa: B006 - it is never changed
    content: bytes = b"",
    half: Half | None = None,
    brain: Brain | None = None,
) -> Outputs:
    """Multiply numbers."""
    x *= factor  # a model may change what it gets
    return Outputs(
        doubled=x,
        total=float(x.sum()),
        texts=[*texts, f"{len(content)} bytes"],
        half=half,
        brain=brain,
    )
