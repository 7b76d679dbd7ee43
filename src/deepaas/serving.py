"""What every server needs, whatever it speaks: a port, an event loop, tidiness."""

from __future__ import annotations

import asyncio
import gc
import socket
from typing import TYPE_CHECKING, Final

from deepaas.backends.allocator import keep_freed_memory
from deepaas.backends.executors import trees
from deepaas.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from deepaas.backends.telemetry.logs import Sinks

_HOUSEKEEPING_S: Final = 0.25
_REAP_EVERY: Final = 20  # turns of housekeeping

_GARBAGE: Final = 10_000
"""Objects that may come before garbage is looked for. Those of a request are gone with
it; with Python's 700 a busy server would look for garbage among them all the time."""


def settle_memory() -> None:
    """Look for garbage from now on, but not among what is there already."""
    gc.freeze()
    gc.set_threshold(_GARBAGE)
    gc.enable()
    keep_freed_memory()


async def keep_house(sinks: Sinks, *, process_ids: Callable[[], Iterable[int]]) -> None:
    """Write the access log out, and reap what models have orphaned.

    Args:
        sinks: Where the log goes.
        process_ids: Returns the processes that others wait for.
    """
    turn = 0
    while True:
        await asyncio.sleep(_HOUSEKEEPING_S)
        sinks.flush()
        turn += 1
        if turn % _REAP_EVERY == 0:
            trees.reap_zombies(frozenset(process_ids()))


def listen(address: str, port: int) -> socket.socket:
    """Take the port.

    Raises:
        ConfigurationError: It is in use, or the address is not this machine's.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((address, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"Cannot listen on {address}:{port} ({error.strerror}); "
            "choose another with --listen-ip and --listen-port."
        ) from error
    return listener


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return a fast event loop."""
    import uvloop

    return uvloop.new_event_loop()
