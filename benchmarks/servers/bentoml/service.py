"""BentoML: `bentoml serve service:WORKLOAD`."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import Annotated

import bentoml
import numpy as np
import work
from bentoml.validators import DType, Shape
from pydantic import BaseModel

_ONE = {"workers": 1, "traffic": {"timeout": 120}}
_TWO = {"workers": 2, "traffic": {"timeout": 120}}


class Item(BaseModel):
    """The argument of a batch."""

    x: float


@bentoml.service(**_ONE)
class noop:
    """W1."""

    @bentoml.api
    def predict(self, x: float) -> dict[str, float]:
        """Double a number."""
        return {"y": 2 * x}


@bentoml.service(**_ONE)
class device:
    """W2."""

    @bentoml.api(batchable=True, max_batch_size=32, max_latency_ms=1000)
    def predict(self, x: list[float]) -> list[float]:
        """Double numbers on the device."""
        work.device()
        return [2 * one for one in x]


@bentoml.service(**_TWO)
class busy:
    """W3."""

    @bentoml.api
    def predict(self, x: float) -> dict[str, float]:
        """Double a number, and compute something else."""
        work.busy()
        return {"y": 2 * x}


@bentoml.service(**_ONE)
class upload:
    """W4."""

    @bentoml.api
    def predict(self, file: Path) -> dict[str, int]:
        """Return the length of a file."""
        return {"length": len(file.read_bytes())}


@bentoml.service(**_ONE)
class tensor:
    """W5."""

    @bentoml.api
    def predict(
        self,
        data: Annotated[np.ndarray, DType("float32"), Shape((1, 3, 224, 224))],
    ) -> dict[str, float]:
        """Return the mean."""
        return {"mean": float(data.mean())}


@bentoml.service(**_ONE)
class binary:
    """W5, as a file."""

    @bentoml.api
    def predict(self, file: Path) -> dict[str, float]:
        """Return the mean."""
        data = np.frombuffer(file.read_bytes(), np.float32)
        return {"mean": float(data.reshape(1, 3, 224, 224).mean())}


@bentoml.service(**_ONE)
class stream:
    """W6."""

    @bentoml.api
    def predict(self, count: int = 200) -> Generator[str, None, None]:
        """Count."""
        for number in range(count):
            yield '{"n":%d}\n' % number


@bentoml.service(**_ONE)
class slow:
    """W8, W9."""

    @bentoml.api
    def predict(self) -> dict[str, int]:
        """Wait."""
        work.slow()
        return {"pid": os.getpid()}
