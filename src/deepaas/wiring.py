"""Turns settings into the objects of a server: what the models and jobs run on."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec

from deepaas import messages
from deepaas.backends.executors.process import WorkerSpec
from deepaas.backends.job_files import JobFiles
from deepaas.errors import StoreUnavailableError
from deepaas.jobs.retention import REMOVED, Keep
from deepaas.model.interface import OPERATIONS
from deepaas.model.job import AS_INSTALLED
from deepaas.runtime.dataplane import DataPlane
from deepaas.runtime.joblimits import JobLimits
from deepaas.runtime.jobservice import JobService
from deepaas.runtime.jobworkers import ProcessLimits
from deepaas.runtime.nojobs import NoJobs
from deepaas.runtime.pool import ModelPool, PoolLimits

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.backends.data_dir import DataDir
    from deepaas.backends.stores.sqlite import SqliteJobStore
    from deepaas.model.discovery import ModelReference
    from deepaas.model.job import Version
    from deepaas.runtime.dataplane import Required
    from deepaas.settings import Profile, Settings
    from deepaas.settings.tree import RetentionSettings

logger = logging.getLogger(__name__)


def make_plane(
    settings: Settings,
    *,
    models: Sequence[ModelReference],
    versions: Mapping[str, Version],
    spool_dir: str,
    output: tuple[int, ...] = (),
) -> DataPlane:
    """Return the data plane for some models; their workers are not started yet.

    Must be called on the event loop that will run it.

    Args:
        settings: Of the server.
        models: What is served.
        versions: The active versions of those that are not served as installed.
        spool_dir: Where bodies that are too large for memory are kept.
        output: Descriptors for what models print, see `WorkerSpec`.
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
        spec = replace(spec, output=output)
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


def required_models(settings: Settings, profile: Profile) -> Required:
    """Return which models must load for the server to start."""
    if profile == "serve":
        return "all" if settings.models.strict else "none"
    return "all" if settings.models.strict or settings.models.names else "one"


async def open_store(data_dir: DataDir | NoJobs) -> SqliteJobStore | NoJobs:
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
        return without_jobs(error.detail)
    return store


def without_jobs(reason: str) -> NoJobs:
    """Say that a server has no jobs, and what that means."""
    logger.warning(
        "%s Models are served as installed, without versions that trainings have made, "
        "and there are no jobs.",
        reason,
    )
    return NoJobs(reason=reason)


async def active_versions(
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


def make_jobs(
    settings: Settings,
    plane: DataPlane,
    *,
    models: Sequence[ModelReference],
    store: SqliteJobStore | NoJobs,
    data_dir: DataDir | NoJobs,
) -> JobService | NoJobs:
    """Return the jobs of a server, or why there are none; they are not started yet."""
    if isinstance(store, NoJobs) or isinstance(data_dir, NoJobs):
        return store if isinstance(store, NoJobs) else NoJobs()
    jobs = settings.jobs
    return JobService(
        store,
        plane=plane,
        files=JobFiles(data_dir.path),
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
                memory_bytes=int(jobs.memory_bytes),
                log_bytes=int(jobs.log_bytes),
                nice=jobs.nice,
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
