"""What a scientist should write herself: each request in a thread of the pool."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Annotated

import numpy as np
import work
from fastapi import Body, FastAPI, UploadFile
from fastapi.responses import StreamingResponse
from records import Doubled, Item, Tensor

app = FastAPI()


@app.post("/noop")
def noop(item: Item) -> Doubled:
    """W1."""
    return Doubled(y=2 * item.x)


@app.post("/device")
def device(item: Item) -> Doubled:
    """W2."""
    work.device()
    return Doubled(y=2 * item.x)


@app.post("/busy")
def busy(item: Item) -> Doubled:
    """W3."""
    work.busy()
    return Doubled(y=2 * item.x)


@app.post("/upload")
def upload(file: UploadFile) -> dict[str, int]:
    """W4."""
    return {"length": len(file.file.read())}


@app.post("/tensor")
def tensor(body: Tensor) -> dict[str, float]:
    """W5, as JSON."""
    return {"mean": float(np.asarray(body.data, dtype=np.float32).mean())}


@app.post("/binary")
def binary(
    body: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> dict[str, float]:
    """W5, as bytes."""
    data = np.frombuffer(body, dtype=np.float32)
    return {"mean": float(data.reshape(1, 3, 224, 224).mean())}


@app.post("/stream")
def stream(count: int = 200) -> StreamingResponse:
    """W6."""

    def pieces() -> Iterator[bytes]:
        for number in range(count):
            yield b'{"n":%d}\n' % number

    return StreamingResponse(pieces(), media_type="application/x-ndjson")


@app.post("/slow")
def slow() -> dict[str, int]:
    """W8, W9."""
    work.slow()
    return {"pid": os.getpid()}
