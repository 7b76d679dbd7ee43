"""The HTTP server: uvicorn, with signals of our own."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import uvicorn

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

logger = logging.getLogger(__name__)


class Behind(Protocol):
    """What runs behind the server, and is told of its end."""

    def leave(self) -> None:
        """Say that the end is near, and go on answering."""

    def drain(self) -> None:
        """Take no more work; finish what runs."""

    def kill(self) -> None:
        """End everything now."""


class HttpServer(uvicorn.Server):
    """Serves until a signal ends it: the first drains, the second ends at once."""

    def __init__(  # noqa: PLR0913 - all of it is the server's own
        self,
        app: Any,
        *,
        http: Any,
        behind: Behind,
        drain_s: float,
        on_listening: Callable[[], None],
        linger_s: float = 0.0,
        trusts_proxy: bool = False,
    ) -> None:
        """Make a server; must be called on the event loop that will run it.

        Args:
            app: The ASGI application.
            http: Makes the protocol of a connection, or its name with uvicorn.
            behind: What runs behind it.
            drain_s: Longest time that running requests get to finish.
            on_listening: Called when connections are accepted.
            linger_s: How long it still takes requests after SIGTERM, which whoever
                sends them may hear of late.
            trusts_proxy: Whether `X-Forwarded-Proto` is believed, whoever sends it.
        """
        super().__init__(
            uvicorn.Config(
                app,
                http=http,
                lifespan="off",
                forwarded_allow_ips="*" if trusts_proxy else None,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=int(drain_s),
                timeout_keep_alive=75,
                backlog=1024,
            )
        )
        self._behind = behind
        self._linger_s = linger_s
        self._is_ending = False
        self._on_listening = on_listening
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, signal.Signals(number))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to listen, and say so."""
        await super().startup(sockets)
        self._on_listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to `_end`."""
        yield

    def _end(self, number: signal.Signals) -> None:
        if self._is_ending:
            logger.warning("%s again: ending at once.", number.name)
            self.force_exit = self.should_exit = True
            self._behind.kill()
            return
        logger.info("%s: ending when predictions that run are done.", number.name)
        self._is_ending = True
        self._behind.leave()
        if number is signal.SIGTERM and self.started and self._linger_s:
            asyncio.get_running_loop().call_later(self._linger_s, self._drain)
        else:
            self._drain()

    def _drain(self) -> None:
        self.should_exit = True
        self._behind.drain()
