"""Calls a model's function for one caller, whatever kind of function it is."""

from __future__ import annotations

import asyncio
import inspect
from typing import TYPE_CHECKING, Any

from deepaas.model.signature import BATCH_ITEM

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

    from deepaas.worker.runner import Call


class SingleCaller:
    """Calls functions one after the other: plain, async, batched or generators."""

    def __init__(self) -> None:
        self._loop = asyncio.Runner()

    def close(self) -> None:
        """Let go of the event loop."""
        self._loop.close()

    def call(self, call: Call) -> Any:
        """Return what the model's function returns for a call."""
        if call.operation.batch is None:
            return self.wait(call.function(**call.arguments))
        [result] = self.call_together([call])
        if isinstance(result, BaseException):
            raise result
        return result

    def call_together(self, calls: Sequence[Call]) -> list[Any]:
        """Return what a batched function makes of calls; an exception is one's own."""
        rest = {k: v for k, v in calls[0].arguments.items() if k != BATCH_ITEM}
        items = [call.arguments[BATCH_ITEM] for call in calls]
        results = list(self.wait(calls[0].function(items, **rest)))
        if len(results) != len(calls):
            raise ValueError(
                "a batched predict must return one result for each item: got "
                f"{len(results)} for {len(calls)} item{'s' * (len(calls) > 1)}"
            )
        return results

    def wait(self, value: Any) -> Any:
        """Return a value, or what becomes of an awaitable one."""
        return self._loop.run(_finish(value)) if inspect.isawaitable(value) else value

    def pieces(self, result: Any) -> Iterator[Any]:
        """Yield the pieces of a streamed result as the model made them."""
        iterable = self._each(result) if hasattr(result, "__anext__") else result
        yield from iterable

    def _each(self, pieces: AsyncIterator[Any]) -> Iterator[Any]:
        end = object()
        while (piece := self.wait(anext(pieces, end))) is not end:
            yield piece


async def _finish(awaitable: Any) -> Any:
    return await awaitable
