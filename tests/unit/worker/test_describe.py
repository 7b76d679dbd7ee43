"""What a server is told of a model."""

from __future__ import annotations

from typing import Annotated

import msgspec
from pydantic import Field

from deepaas import messages
from deepaas.model.loading import load_object
from deepaas.worker.describe import describe

HUGE = 10**30


class Model:
    def get_metadata(self) -> dict[str, object]:
        return {"name": "m", "parameters": HUGE, "sizes": [HUGE, 3]}

    def predict(self, x: Annotated[int, Field(le=HUGE)] = HUGE) -> int:
        return x


def test_numbers_that_no_record_can_hold_are_told_nearly() -> None:
    packed = messages.encode(
        messages.Loaded(description=describe(load_object("m", Model)))
    )

    loaded = msgspec.msgpack.decode(packed, type=messages.Loaded)

    assert [1e30, 3] == loaded.description.metadata["sizes"]
    [x] = loaded.description.operations["predict"].arguments
    assert (1e30, 1e30) == (x.schema["default"], x.schema["maximum"])
