"""The HTTP server: uvicorn, with signals of our own."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

import uvicorn

from deepaas.frontends.api.express import ExpressProtocol

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

    from deepaas.frontends.api.edge import Edge
    from deepaas.runtime.dataplane import DataPlane
    from deepaas.runtime.jobservice import JobService
    from deepaas.runtime.nojobs import NoJobs

logger = logging.getLogger(__name__)


class HttpServer(uvicorn.Server):
    """Serves until a signal ends it: the first drains, the second ends at once."""

    def __init__(
        self,
        api: Edge,
        *,
        plane: DataPlane,
        jobs: JobService | NoJobs,
        drain_s: float,
        on_listening: Callable[[], None],
    ) -> None:
        super().__init__(
            uvicorn.Config(
                api,
                http=partial(ExpressProtocol, edge=api),  # type: ignore[arg-type]
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=int(drain_s),
                timeout_keep_alive=75,
                backlog=1024,
            )
        )
        self._plane = plane
        self._jobs = jobs
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
        if self.should_exit:
            logger.warning("%s again: ending at once.", number.name)
            self.force_exit = True
            self._plane.kill()
            self._jobs.kill()
            return
        logger.info("%s: ending when predictions that run are done.", number.name)
        if running := self._jobs.count_running():
            logger.info("%d jobs are told to end, and may save their work.", running)
        self.should_exit = True
        self._plane.is_draining = True
        self._jobs.drain()
