"""Runs a server: models are found, the port is taken, workers start, requests come.

It owns the order of these events, and at the end takes all of it down backwards.
"""

from __future__ import annotations

import asyncio
import logging
import os
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from deepaas import __version__
from deepaas.backends.data_dir import (
    DataDir,
    DataDirHeldError,
    find_data_dir,
    versions_elsewhere,
)
from deepaas.backends.spool import Spool
from deepaas.backends.telemetry import logs
from deepaas.errors import ConfigurationError
from deepaas.frontends.api.app import make_api, make_door
from deepaas.frontends.api.express import ExpressProtocol
from deepaas.frontends.openinference.service import OpenInference
from deepaas.guardian.tree import become_subreaper
from deepaas.http_server import HttpServer
from deepaas.model.discovery import find_models
from deepaas.runtime.jobservice import JobService
from deepaas.runtime.nojobs import NoJobs
from deepaas.serving import keep_house, listen, new_event_loop, settle_memory
from deepaas.wiring import (
    active_versions,
    make_jobs,
    make_plane,
    open_store,
    required_models,
    without_jobs,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Sequence
    from pathlib import Path

    from deepaas.frontends.api.edge import Edge
    from deepaas.frontends.openinference.grpc_server import GrpcServer
    from deepaas.model.discovery import ModelReference
    from deepaas.runtime.dataplane import DataPlane, Required
    from deepaas.settings import Profile, Settings

logger = logging.getLogger(__name__)

_LOOK_S: Final = 0.25
_STOP_GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Site:
    """What a server stands on, taken before anything starts.

    Attributes:
        listener: The socket, bound and not yet listening.
        spool: The private folder for what is too large for memory.
        sinks: Where logs go.
        data_dir: Where jobs are kept, or why there are none.
    """

    listener: socket.socket
    spool: Spool
    sinks: logs.Sinks
    data_dir: DataDir | NoJobs


def serve(settings: Settings, *, profile: Profile) -> int:
    """Run a server until a signal ends it; returns the exit code.

    Args:
        settings: Of the server.
        profile: The command's habits: `run` waits until the models are loaded before
            it listens, as 2.x does; `serve` listens at once.

    Raises:
        ConfigurationError: A setting cannot work, such as a port in use.
        ModelLoadError: A model that must be there cannot be loaded.
    """
    models = find_models(settings.models.names)
    sinks = logs.configure(settings.log, keep_debug=settings.api.debug_endpoint)
    site = _Site(
        listener=listen(settings.server.listen_ip, settings.server.listen_port),
        spool=Spool(settings.spool_dir),
        sinks=sinks,
        data_dir=_take_data_dir(settings, models),
    )
    required = required_models(settings, profile)
    try:
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            return runner.run(
                _serve(settings, models=models, site=site, required=required)
            )
    finally:
        site.listener.close()
        site.spool.remove()
        if isinstance(site.data_dir, DataDir):
            site.data_dir.release()


def _take_data_dir(
    settings: Settings, models: Sequence[ModelReference]
) -> DataDir | NoJobs:
    """Return the data directory, locked, or why there is none.

    Raises:
        ConfigurationError: The operator has named one that another process has.
    """
    if not settings.jobs.enabled:
        return NoJobs()
    address = f"{settings.server.listen_ip}:{settings.server.listen_port}"
    holder = f"the server at {address}, process {os.getpid()}"
    try:
        path = find_data_dir(
            settings.data_dir, {one.name: one.references for one in models}
        )
        if not settings.data_dir:
            _tell_of_other_versions(path, models)
        return DataDir(path, holder=holder)
    except DataDirHeldError as error:
        if settings.data_dir:
            raise ConfigurationError(
                f"The data directory {error}; stop that first, or choose another "
                "with --data-dir.",
                setting="data_dir",
            ) from None
        reason = f"The data directory {error}."
    except (OSError, RuntimeError) as error:
        reason = f"The data directory cannot be used: {error}."
    return without_jobs(reason)


def _tell_of_other_versions(path: Path, models: Sequence[ModelReference]) -> None:
    """Say where a model was trained that is now served from another directory."""
    for model in models:
        others = versions_elsewhere(path, model.name)
        if others:
            logger.warning(
                "Model %s is served as installed. Versions of it, from another file or "
                "beside other models, are in %s; --data-dir serves them.",
                model.name,
                " and ".join(map(str, others)),
            )


async def _serve(
    settings: Settings,
    *,
    models: Sequence[ModelReference],
    site: _Site,
    required: Required,
) -> int:
    become_subreaper()
    sinks = site.sinks
    store = await open_store(site.data_dir)
    plane = make_plane(
        settings,
        models=models,
        versions=await active_versions(store, models, site.data_dir),
        spool_dir=site.spool.path,
    )
    jobs = make_jobs(
        settings, plane, models=models, store=store, data_dir=site.data_dir
    )
    api = make_api(
        plane,
        jobs=jobs,
        settings=settings,
        access_log=sinks.access_log,
        debug_buffer=sinks.debug_buffer,
    )

    has_rpc = settings.server.grpc_port >= 0
    rpc = _make_rpc(settings, plane, jobs=jobs, edge=api) if has_rpc else None

    def on_listening() -> None:
        settle_memory()
        data_dir = jobs.files.root if isinstance(jobs, JobService) else None
        _announce(settings, plane, site.listener, data_dir=data_dir)
        if rpc is not None:
            logger.info("gRPC: port %d", rpc.port)

    server = HttpServer(
        api,
        http=partial(ExpressProtocol, edge=api),
        behind=_Behind(plane, jobs, rpc=rpc, drain_s=settings.server.drain_s),
        drain_s=settings.server.drain_s,
        linger_s=settings.server.linger_s,
        trusts_proxy=settings.server.trust_proxy,
        on_listening=on_listening,
    )

    def process_ids() -> list[int]:
        return plane.worker_pids() + jobs.process_ids()

    housekeeping = asyncio.create_task(keep_house(sinks, process_ids=process_ids))
    plane.start()
    try:
        await jobs.start()
        await _wait_for_models(plane, jobs, required=required, server=server)
        if not server.should_exit:
            if rpc is not None:
                await rpc.start()
            await server.serve(sockets=[site.listener])
    finally:
        if rpc is not None:
            await rpc.stop()
        grace_s = 0.0 if server.force_exit else _STOP_GRACE_S
        await jobs.stop(grace_s=grace_s)
        await plane.stop(grace_s=grace_s)
        housekeeping.cancel()
        sinks.flush()
    return 0


def _make_rpc(
    settings: Settings, plane: DataPlane, *, jobs: JobService | NoJobs, edge: Edge
) -> GrpcServer:
    """Return what speaks gRPC; its port is taken.

    Raises:
        ConfigurationError: It is in use, or what speaks gRPC is not installed.
    """
    try:
        from deepaas.frontends.openinference.grpc_server import GrpcServer
    except ImportError as error:
        raise ConfigurationError(
            f"gRPC needs packages that are not installed ({error}); install "
            "'deepaas[grpc]', or leave out --grpc-port.",
            setting="server.grpc_port",
        ) from None
    door = make_door(plane, jobs=jobs, settings=settings)
    service = OpenInference(door, settings=settings)
    return GrpcServer(service, plane=plane, edge=edge, settings=settings)


async def _wait_for_models(
    plane: DataPlane,
    jobs: JobService | NoJobs,
    *,
    required: Required,
    server: HttpServer,
) -> None:
    """Wait for the models that must load, or for the end of the server.

    Raises:
        ModelLoadError: One of them cannot.
    """

    async def wait() -> None:
        if required != "none":
            await jobs.wait_until_settled()
        await plane.wait_until_loaded(required=required)

    waiting = asyncio.ensure_future(wait())
    while not waiting.done() and not server.should_exit:
        await asyncio.wait([waiting], timeout=_LOOK_S)
    if waiting.done():
        waiting.result()
    else:
        waiting.cancel()


class _Behind:
    """All but the HTTP server, which tells it of the end."""

    def __init__(
        self,
        plane: DataPlane,
        jobs: JobService | NoJobs,
        *,
        rpc: GrpcServer | None,
        drain_s: float,
    ) -> None:
        self._plane = plane
        self._jobs = jobs
        self._rpc = rpc
        self._drain_s = drain_s

    def leave(self) -> None:
        """Be no longer ready; have the jobs save their work."""
        self._plane.is_leaving = True
        if running := self._jobs.count_running():
            logger.info("%d jobs are told to end, and may save their work.", running)
        self._jobs.drain()

    def drain(self) -> None:
        """Take no more predictions."""
        self._plane.is_draining = True
        if self._rpc is not None:
            self._rpc.drain(grace_s=self._drain_s)

    def kill(self) -> None:
        """End everything now."""
        self._plane.kill()
        self._jobs.kill()
        if self._rpc is not None:
            self._rpc.drain(grace_s=0)


def _announce(
    settings: Settings,
    plane: DataPlane,
    listener: socket.socket,
    *,
    data_dir: Path | None,
) -> None:
    """Say what is served where, for people and for scripts that wait for the line."""
    host, port = listener.getsockname()[:2]
    address = f"[{host}]" if ":" in host else host
    base = f"http://{address}:{port}{settings.server.base_path}"
    limits = settings.limits
    logger.info("DEEPaaS %s", __version__)
    for name, pool in plane.pools.items():
        workers = f"{settings.workers.per_model} worker(s)"
        logger.info("Model %s: %s, %s", name, pool.state, workers)
    logger.info(
        "Limits: body %s, deadline %s, queue %d per model",
        f"{limits.body_bytes} bytes" if limits.body_bytes else "none",
        f"{limits.deadline_s:g} s" if limits.deadline_s else "none",
        limits.queue_size,
    )
    if data_dir is not None:
        logger.info("Jobs: %s, %d at a time", data_dir, settings.jobs.slots)
    if settings.api.doc_endpoint:
        logger.info("Try it: %s/api", base)
    print(f"======== Running on {base} ========", flush=True)  # noqa: T201 - scripts scrape this line
