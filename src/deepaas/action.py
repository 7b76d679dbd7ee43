"""Runs an action of OpenWhisk: it listens at once, and has models from `/init` on."""

from __future__ import annotations

import asyncio
import logging
import os
from typing import TYPE_CHECKING, Final

from deepaas.backends.executors.plain_output import PlainOutput
from deepaas.backends.spool import Spool
from deepaas.backends.telemetry import logs
from deepaas.frontends.api.app import make_api
from deepaas.frontends.openwhisk.action import Action, Models
from deepaas.frontends.openwhisk.environment import web_path
from deepaas.guardian.tree import become_subreaper
from deepaas.http_server import HttpServer
from deepaas.model.discovery import find_models
from deepaas.runtime.nojobs import NoJobs
from deepaas.serving import keep_house, listen, new_event_loop, settle_memory
from deepaas.wiring import make_plane, required_models

if TYPE_CHECKING:
    import socket

    from deepaas.settings import Settings

_STOP_GRACE_S: Final = 5.0


def serve(settings: Settings) -> int:
    """Run an action until a signal ends it; returns the exit code.

    Raises:
        ConfigurationError: A setting cannot work, such as a port in use.
    """
    listener = listen(settings.server.listen_ip, settings.server.listen_port)
    spool = Spool(settings.spool_dir)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(_serve(settings, listener=listener, spool=spool))
    finally:
        listener.close()
        spool.remove()


async def _serve(settings: Settings, *, listener: socket.socket, spool: Spool) -> int:
    become_subreaper()
    output = PlainOutput()

    async def load() -> Models:
        models = await _load(settings, spool_dir=spool.path, output=output.descriptors)
        settle_memory()
        return models

    action = Action(
        load,
        finish_output=output.finish_lines,
        may_init_again=os.environ.get("PROXY_ALLOW_REINIT") == "1",
    )
    server = HttpServer(
        action,
        http="httptools",
        behind=action,
        drain_s=settings.server.drain_s,
        on_listening=settle_memory,
    )
    sinks = logs.configure(settings.log)
    for handler in logging.getLogger().handlers:
        output.come_before(handler)
    housekeeping = asyncio.create_task(
        keep_house(sinks, process_ids=action.worker_pids)
    )
    try:
        await server.serve(sockets=[listener])
    finally:
        await action.stop(grace_s=0.0 if server.force_exit else _STOP_GRACE_S)
        output.close()
        housekeeping.cancel()
    return 0


async def _load(
    settings: Settings, *, spool_dir: str, output: tuple[int, ...]
) -> Models:
    """Start the models, in the environment that `/init` has set.

    Raises:
        ModelLoadError: One that must be there cannot be loaded.
    """
    plane = make_plane(
        settings,
        models=find_models(settings.models.names),
        versions={},
        spool_dir=spool_dir,
        output=output,
    )
    plane.start()
    try:
        await plane.wait_until_loaded(required=required_models(settings, "openwhisk"))
    except BaseException:
        await plane.stop(grace_s=0)
        raise
    if not settings.server.base_path:
        settings = _below(web_path(os.environ.get("__OW_ACTION_NAME", "")), settings)
    return Models(
        plane=plane,
        api=make_api(plane, settings=settings, jobs=NoJobs()),
        base_path=settings.server.base_path,
        predicts=settings.api.predict_endpoint,
    )


def _below(base_path: str, settings: Settings) -> Settings:
    """Return settings with what stands before all paths."""
    server = settings.server.model_copy(update={"base_path": base_path})
    return settings.model_copy(update={"server": server})
