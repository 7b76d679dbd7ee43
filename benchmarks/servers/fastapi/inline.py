"""What a scientist would write herself, as fast as it gets: the model on the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator

import numpy as np
import work
from fastapi import FastAPI, Request, UploadFile
from fastapi.responses import StreamingResponse
from records import Doubled, Item, Tensor

app = FastAPI()


@app.post("/noop")
async def noop(item: Item) -> Doubled:
    """W1."""
    return Doubled(y=2 * item.x)


@app.post("/device")
async def device(item: Item) -> Doubled:
    """W2."""
    work.device()
    return Doubled(y=2 * item.x)


@app.post("/busy")
async def busy(item: Item) -> Doubled:
    """W3."""
    work.busy()
    return Doubled(y=2 * item.x)


@app.post("/upload")
async def upload(file: UploadFile) -> dict[str, int]:
    """W4."""
    return {"length": len(await file.read())}


@app.post("/tensor")
async def tensor(body: Tensor) -> dict[str, float]:
    """W5, as JSON."""
    return {"mean": float(np.asarray(body.data, dtype=np.float32).mean())}


@app.post("/binary")
async def binary(request: Request) -> dict[str, float]:
    """W5, as bytes."""
    data = np.frombuffer(await request.body(), dtype=np.float32)
    return {"mean": float(data.reshape(1, 3, 224, 224).mean())}


@app.post("/stream")
async def stream(count: int = 200) -> StreamingResponse:
    """W6."""

    async def pieces() -> AsyncIterator[bytes]:
        for number in range(count):
            yield b'{"n":%d}\n' % number
            await asyncio.sleep(0)

    return StreamingResponse(pieces(), media_type="application/x-ndjson")


@app.post("/slow")
async def slow() -> dict[str, int]:
    """W8, W9."""
    work.slow()
    return {"pid": os.getpid()}
