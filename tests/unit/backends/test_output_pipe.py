"""What a model prints, read by the server."""

from __future__ import annotations

import asyncio
import os

import pytest

from deepaas.backends.executors.output_pipe import MOST_LINES_A_SECOND, OutputPipe

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_a_storm_is_told_of_though_nothing_follows_it() -> None:
    lines: asyncio.Queue[str] = asyncio.Queue()
    near, far = os.pipe()
    pipe = OutputPipe(near, on_line=lambda text, _: lines.put_nowait(text))
    os.write(far, b"x\n" * 3 * MOST_LINES_A_SECOND)  # more than two seconds may take

    line = ""
    while "left out" not in line:
        line = await asyncio.wait_for(lines.get(), 10)

    pipe.close()
    os.close(far)
    assert lines.empty()
