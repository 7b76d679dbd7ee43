"""An async model: its predictions wait side by side."""

from __future__ import annotations

import asyncio

arrived = asyncio.Condition()
state = {"warm": False, "now": 0, "most": 0, "cancelled": 0}


async def warm() -> None:
    """Note that the model is warm."""
    await asyncio.sleep(0)
    state["warm"] = True


async def predict(seconds: float = 0, *, together: int = 1) -> dict[str, int]:
    """Wait until so many are here and the time is over; tell what has happened."""
    state["now"] += 1
    state["most"] = max(state["most"], state["now"])
    try:
        async with arrived:
            arrived.notify_all()
            await arrived.wait_for(lambda: state["most"] >= together)
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        state["cancelled"] += 1
        raise
    finally:
        state["now"] -= 1
    return {name: int(value) for name, value in state.items()}
