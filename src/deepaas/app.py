"""The composition root: settings become objects, wired together, and run.

This is the only module that chooses. It also owns the order of events: models are
found, the port is taken, workers start, requests come, and at the end all of it
backwards.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import msgspec
import uvicorn

from deepaas import __version__, messages
from deepaas.backends.data_dir import DataDir, DataDirHeldError, default_data_dir
from deepaas.backends.executors import trees
from deepaas.backends.executors.process import WorkerSpec
from deepaas.backends.job_files import JobFiles
from deepaas.backends.spool import Spool
from deepaas.backends.telemetry import logs
from deepaas.errors import ConfigurationError, DeepaasError, StoreUnavailableError
from deepaas.frontends.api.app import make_api
from deepaas.guardian.tree import become_subreaper
from deepaas.jobs.retention import REMOVED, Keep
from deepaas.model.discovery import find_models
from deepaas.model.interface import OPERATIONS
from deepaas.model.job import AS_INSTALLED
from deepaas.runtime.dataplane import DataPlane
from deepaas.runtime.jobservice import JobLimits, JobService
from deepaas.runtime.jobworkers import ProcessLimits
from deepaas.runtime.nojobs import NoJobs
from deepaas.runtime.pool import ModelPool, PoolLimits

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.frontends.api.edge import Edge
    from deepaas.model.discovery import ModelReference
    from deepaas.model.job import Version
    from deepaas.settings import Profile, Settings
    from deepaas.settings.tree import RetentionSettings

logger = logging.getLogger(__name__)

_HOUSEKEEPING_S: Final = 0.25
_REAP_EVERY: Final = 20  # turns of housekeeping
_STOP_GRACE_S: Final = 5.0

Required = Literal["all", "one", "none"]


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
        listener=_listen(settings.server.listen_ip, settings.server.listen_port),
        spool=Spool(settings.spool_dir),
        sinks=sinks,
        data_dir=_take_data_dir(settings, models),
    )
    required = _required(settings, profile)
    try:
        with asyncio.Runner(loop_factory=_new_event_loop) as runner:
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
        path = (
            Path(settings.data_dir).absolute()
            if settings.data_dir
            else default_data_dir({one.name: one.references for one in models})
        )
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
    logger.warning("%s Models are served, and there are no jobs.", reason)
    return NoJobs(reason=reason)


def make_plane(
    settings: Settings,
    *,
    models: Sequence[ModelReference],
    versions: Mapping[str, Version],
    spool_dir: str,
) -> DataPlane:
    """Return the data plane for some models; their workers are not started yet.

    Must be called on the event loop that will run it.

    Args:
        settings: Of the server.
        models: What is served.
        versions: The active versions of those that are not served as installed.
        spool_dir: Where bodies that are too large for memory are kept.
    """
    limits = PoolLimits(
        workers=settings.workers.per_model,
        queue_size=settings.limits.queue_size,
        worker_memory_bytes=settings.limits.worker_memory_bytes,
    )
    references = {model.name: model for model in models}

    def make_pool(model: str, version: Version) -> ModelPool:
        spec = _worker_spec(
            settings, references[model], version=version, spool_dir=spool_dir
        )
        return ModelPool(
            spec, limits=limits, version=version, devices=settings.workers.devices
        )

    return DataPlane(
        {model.name: versions.get(model.name, AS_INSTALLED) for model in models},
        make_pool=make_pool,
        deadline_s=settings.limits.deadline_s,
        spool_dir=spool_dir,
        loaded_versions=settings.models.loaded_versions,
    )


def _worker_spec(
    settings: Settings, model: ModelReference, *, version: Version, spool_dir: str
) -> WorkerSpec:
    folder = "" if version.folder is None else str(version.folder)
    return WorkerSpec(
        name=model.name,
        load=msgspec.structs.replace(
            _load(settings, model), version=version.number, version_dir=folder
        ),
        spool_dir=spool_dir,
        environment={"DEEPAAS_VERSION_DIR": folder} if folder else {},
    )


def _load(settings: Settings, model: ModelReference) -> messages.Load:
    return messages.Load(
        name=model.name,
        references=model.references,
        distribution=model.distribution,
        warm=settings.models.warm,
        inline_body_bytes=int(settings.limits.inline_body_bytes),
        error_detail=settings.error_detail,
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
    store = await _open_store(site.data_dir)
    plane = make_plane(
        settings,
        models=models,
        versions=await _active_versions(store, models, site.data_dir),
        spool_dir=site.spool.path,
    )
    jobs = _make_jobs(settings, plane, models=models, store=store, site=site)
    api = make_api(
        plane,
        jobs=jobs,
        settings=settings,
        access_log=sinks.access_log,
        debug_buffer=sinks.debug_buffer,
    )
    server = _Server(
        api,
        plane=plane,
        jobs=jobs,
        drain_s=settings.server.drain_s,
        on_listening=lambda: _announce(
            settings,
            plane,
            site.listener,
            data_dir=jobs.files.root if isinstance(jobs, JobService) else None,
        ),
    )
    housekeeping = asyncio.create_task(_keep_house(plane, jobs, sinks))
    plane.start()
    try:
        if isinstance(jobs, JobService):
            await jobs.start()
        await _wait_for_models(plane, required=required, server=server)
        if not server.should_exit:
            await server.serve(sockets=[site.listener])
    finally:
        grace_s = 0.0 if server.force_exit else _STOP_GRACE_S
        if isinstance(jobs, JobService):
            await jobs.stop(grace_s=grace_s)
        await plane.stop(grace_s=grace_s)
        housekeeping.cancel()
        sinks.flush()
    return 0


async def _open_store(data_dir: DataDir | NoJobs) -> SqliteJobStore | NoJobs:
    """Open the store of jobs; returns why there is none if that fails for now.

    Raises:
        ConfigurationError: It is damaged, or of a newer version.
    """
    if isinstance(data_dir, NoJobs):
        return data_dir
    from deepaas.backends.stores.sqlite import SqliteJobStore

    store = SqliteJobStore(data_dir.path)
    try:
        await store.open()
    except StoreUnavailableError as error:
        logger.warning("%s Models are served, and there are no jobs.", error)
        return NoJobs(reason=error.detail)
    return store


async def _active_versions(
    store: SqliteJobStore | NoJobs,
    models: Sequence[ModelReference],
    data_dir: DataDir | NoJobs,
) -> dict[str, Version]:
    """Return the versions that answer, of models that have been trained."""
    if isinstance(store, NoJobs) or isinstance(data_dir, NoJobs):
        return {}
    files = JobFiles(data_dir.path)
    numbers = {one.name: await store.active_version(one.name) for one in models}
    return {
        name: files.version(name, number) for name, number in numbers.items() if number
    }


def _make_jobs(
    settings: Settings,
    plane: DataPlane,
    *,
    models: Sequence[ModelReference],
    store: SqliteJobStore | NoJobs,
    site: _Site,
) -> JobService | NoJobs:
    if isinstance(store, NoJobs) or isinstance(site.data_dir, NoJobs):
        return store if isinstance(store, NoJobs) else NoJobs()
    jobs = settings.jobs
    return JobService(
        store,
        plane=plane,
        files=JobFiles(site.data_dir.path),
        loads={model.name: _load(settings, model) for model in models},
        limits=JobLimits(
            slots=jobs.slots,
            most_waiting=jobs.most_waiting,
            grace_s=jobs.grace_s,
            time_limit_s=jobs.time_limit_s,
            keep=_keep(settings.retention),
            activates_versions=settings.models.activation == "automatic",
            devices=jobs.devices,
            has_exclusive_devices=jobs.exclusive_device,
            process=ProcessLimits(
                memory_bytes=int(jobs.memory_bytes), log_bytes=int(jobs.log_bytes)
            ),
        ),
    )


def _keep(settings: RetentionSettings) -> dict[str, Keep]:
    """Return how long jobs of each kind are kept; 0 is for ever."""
    values = settings.model_dump()
    limits = {}
    for kind in (*OPERATIONS, REMOVED):
        days = values[f"{kind}_days"]
        keep = Keep(
            age=timedelta(days=days) if days else None,
            count=values.get(f"{kind}_count") or None,
            size_bytes=int(values.get(f"{kind}_bytes") or 0) or None,
        )
        if keep != Keep():
            limits[kind] = keep
    return limits


class _Server(uvicorn.Server):
    """The HTTP server, with signals of our own: the first drains, the second ends."""

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
            if isinstance(self._jobs, JobService):
                self._jobs.kill()
            return
        logger.info("%s: finishing what runs, then ending.", number.name)
        self.should_exit = True
        self._plane.is_draining = True
        if isinstance(self._jobs, JobService):
            self._jobs.drain()


def _required(settings: Settings, profile: Profile) -> Required:
    """Return which models must load for the server to start."""
    if settings.models.strict or (profile == "run" and settings.models.names):
        return "all"
    return "one" if profile == "run" else "none"


async def _wait_for_models(
    plane: DataPlane, *, required: Required, server: _Server
) -> None:
    """Wait for the models that must load.

    Raises:
        ModelLoadError: One of them cannot.
    """
    if required == "none":
        return
    waiting = asyncio.gather(
        *(pool.wait_until_loaded() for pool in plane.pools.values()),
        return_exceptions=True,
    )
    while not waiting.done() and not server.should_exit:
        await asyncio.wait([waiting], timeout=_HOUSEKEEPING_S)
    if not waiting.done():
        waiting.cancel()
        return
    failures = [one for one in waiting.result() if isinstance(one, DeepaasError)]
    is_fatal = required == "all" or len(failures) == len(plane.pools)
    if failures and is_fatal:
        raise failures[0]


async def _keep_house(
    plane: DataPlane, jobs: JobService | NoJobs, sinks: logs.Sinks
) -> None:
    """Write the access log out, and reap what models have orphaned."""
    turn = 0
    while True:
        await asyncio.sleep(_HOUSEKEEPING_S)
        sinks.flush()
        turn += 1
        if turn % _REAP_EVERY == 0:
            known = plane.worker_pids()
            if isinstance(jobs, JobService):
                known += jobs.process_ids()
            trees.reap_zombies(frozenset(known))


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


def _listen(address: str, port: int) -> socket.socket:
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


def _new_event_loop() -> asyncio.AbstractEventLoop:
    import uvloop

    return uvloop.new_event_loop()
