"""What a model's author writes, for the type checker; never run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, assert_type

from pydantic import BaseModel, Field

import deepaas


class Label(BaseModel):
    """A name and how sure the model is of it."""

    name: str
    probability: Annotated[float, Field(ge=0, le=1)]


class Plants(deepaas.Model):
    """A model as a class."""

    def warm(self) -> None:
        """Load the weights."""
        self.names = ["rose", "lily"]

    def predict(
        self, photo: deepaas.File, top_k: Annotated[int, Field(ge=1)] = 3
    ) -> list[Label]:
        """Name the plant on a photo."""
        assert_type(photo.path, Path)
        assert_type(photo.read_bytes(), bytes)
        if not photo.size_bytes:
            raise deepaas.InvalidInputError("The photo is empty.")
        return [Label(name=name, probability=0.5) for name in self.names[:top_k]]

    def get_metadata(self) -> dict[str, Any]:
        """Say who we are."""
        return {"name": "Plants", "version": "1.0"}


@deepaas.batched(max_size=32, max_delay_ms=2)
def predict(items: list[Label]) -> list[float]:
    """Return a number for each item."""
    return [item.probability for item in items]


assert_type(predict([]), list[float])
