"""What can be set, with its meaning, its default and its limits.

The text below a setting is its documentation everywhere: the first sentence is the
help of its option, the whole is in the reference page. The defaults are the safer ones,
of `deepaas serve`; `PROFILES` says where `deepaas-run` and an action of OpenWhisk
differ.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ByteSize, ConfigDict, Field

Profile = Literal["run", "serve", "openwhisk"]


def _split_names(value: Any) -> Any:
    """Read a list that was written as one text."""
    if isinstance(value, str):
        return tuple(name.strip() for name in value.split(",") if name.strip())
    return value


def _clean_path(value: Any) -> Any:
    """Bring a base path to the form `/a/b`, or empty."""
    if not isinstance(value, str) or not value:
        return value
    if not value.startswith("/"):
        raise ValueError("a base path begins with '/'")
    return "".join(f"/{part}" for part in value.split("/") if part)


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_split_names)]
BasePath = Annotated[str, BeforeValidator(_clean_path)]
Port = Annotated[int, Field(ge=0, le=65535)]
Count = Annotated[int, Field(ge=1)]
Natural = Annotated[int, Field(ge=0)]
Days = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Size = Annotated[ByteSize, Field(ge=0)]
Level = Annotated[
    Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)
]
Format = Annotated[Literal["auto", "text", "json"], BeforeValidator(_lower)]


class _Group(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True
    )


class ServerSettings(_Group):
    """Where the server listens, and to whom."""

    listen_ip: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    """Address to listen on; 0.0.0.0 means every address of this machine."""

    listen_port: Port = 5000
    """Port to listen on; 0 takes one that is free."""

    grpc_port: Annotated[int, Field(ge=-1, le=65535)] = -1
    """Port for the Open Inference Protocol over gRPC; 0 takes one that is free, -1 is
    none. It needs the extra `grpc`."""

    base_path: BasePath = ""
    """Path that stands before every address, such as /models, behind a proxy."""

    proxy_prefix: BasePath = ""
    """Path that a proxy in front puts before every address. Links have it; requests may
    come with it or without, as the proxy likes."""

    trust_proxy: bool = False
    """Whether headers of a proxy are believed. `X-Forwarded-Prefix`, `-Host` and
    `-Proto` then say where callers see this server."""

    allowed_hosts: Names = ()
    """Host names that requests may ask for, besides those of loopback and `listen_ip`;
    `*` is any name."""

    insecure_no_auth: bool = False
    """Whether to listen beyond this machine although nobody is asked who they are."""

    linger_s: Seconds = 0.0
    """Seconds that the server still takes requests after SIGTERM. `/readyz` answers 503
    meanwhile: who sends the requests may hear of the end late."""

    drain_s: Seconds = 60.0
    """Seconds that running requests get to finish when the server is told to stop."""


class ModelSettings(_Group):
    """Which models are served."""

    names: Names = ()
    """What to serve: an installed name, a module, module:object, or a .py file; with
    none, all installed models."""

    warm: bool = True
    """Whether each worker calls the model's `warm` before its first request."""

    loaded_versions: Count = 2
    """Versions of models that are loaded at the same time besides the active ones. The
    one that was not asked for longest makes room."""

    activation: Annotated[Literal["automatic", "manual"], BeforeValidator(_lower)] = (
        "automatic"
    )
    """Whether what a training has made answers predictions at once, or when somebody
    activates it."""

    strict: bool = False
    """Whether a model that cannot load ends the start. Otherwise the server stays up
    with the other models, and `/readyz` lists the failed one. `deepaas-run` always ends
    if a model that was named cannot load, or no model can."""


class WorkerSettings(_Group):
    """The processes that run the models."""

    per_model: Count = 1
    """Worker processes for each model. Each holds its own copy of the model: more of
    them help a model that computes on the CPU, and rarely one that fills a GPU."""

    devices: Names = ()
    """Devices that are given to workers in turn, such as 0,1. A worker sees its own as
    the only one (`CUDA_VISIBLE_DEVICES`)."""


class LimitSettings(_Group):
    """What callers and models may take."""

    body_bytes: Size = ByteSize(100_000_000)
    """Largest body of a request; 0 means no limit."""

    deadline_s: Seconds = 60.0
    """Seconds that a prediction may wait, and may run; 0 means no limit. A worker that
    runs longer is ended and replaced."""

    queue_size: Count = 128
    """Predictions that may wait for a worker, per model. More are refused with 503."""

    worker_memory_bytes: Size = ByteSize(0)
    """Memory above which a worker is ended and replaced; 0 means no limit."""

    inline_body_bytes: Size = ByteSize(1 << 20)
    """Largest body that is kept in memory; a larger one goes through a file."""


class JobSettings(_Group):
    """Trainings, validations and predictions that run as jobs."""

    enabled: bool = True
    """Whether there are jobs at all. Without them the server keeps nothing on disk, and
    models cannot be trained through it."""

    slots: Count = 1
    """Jobs that run at the same time; the others wait."""

    devices: Names = ()
    """Devices that are given to jobs, such as 0,1. On each, `jobs.slots` jobs run at
    the same time, and see it as the only one (`CUDA_VISIBLE_DEVICES`)."""

    exclusive_device: bool = False
    """Whether the workers of a device are unloaded while a training has it. Predictions
    are refused with 503 meanwhile. Without `jobs.devices`, all workers are unloaded."""

    most_waiting: Count = 10_000
    """Jobs that may wait; more are refused with 503."""

    grace_s: Seconds = 10.0
    """Seconds that a job gets to end by itself when it is cancelled, or when the server
    is told to stop."""

    time_limit_s: Seconds = 0.0
    """Seconds that a job may run; 0 means no limit."""

    memory_bytes: Size = ByteSize(0)
    """Memory that all processes of a job may have together; 0 means no limit."""

    nice: Annotated[int, Field(ge=0, le=19)] = 10
    """How much jobs give way to predictions when the processors are busy (`nice`): 0 is
    not at all. A job that runs alone is not slower for it."""

    log_bytes: Annotated[ByteSize, Field(ge=65536)] = ByteSize(1 << 30)
    """Most that is kept of what a job prints. Of more, the first and the last part are
    kept."""


class RetentionSettings(_Group):
    """How long jobs are kept.

    A training stays as long as the version that it has made. 0 is no limit.
    """

    predict_days: Days = 30.0
    """Days that asynchronous predictions are kept after their end."""

    predict_count: Natural = 0
    """Asynchronous predictions that are kept."""

    predict_bytes: Size = ByteSize(0)
    """Largest size of the files of asynchronous predictions together."""

    train_days: Days = 0.0
    """Days that trainings are kept after their end."""

    train_count: Natural = 0
    """Trainings that are kept."""

    train_bytes: Size = ByteSize(0)
    """Largest size of the files of trainings together, without those of versions."""

    validate_days: Days = 0.0
    """Days that validations are kept after their end."""

    validate_count: Natural = 0
    """Validations that are kept."""

    validate_bytes: Size = ByteSize(0)
    """Largest size of the files of validations together."""

    removed_days: Days = 30.0
    """Days that jobs stay on the disk after their callers have removed them."""


class ApiSettings(_Group):
    """Which parts of the API are switched on."""

    predict_endpoint: bool = True
    """Whether models can be asked for predictions."""

    train_endpoint: bool = True
    """Whether models can be trained."""

    repository_control: bool = False
    """Whether callers may load and unload models (Open Inference Protocol)."""

    doc_endpoint: bool = True
    """Whether `/api` shows the API as a page where it can be tried."""

    debug_endpoint: bool = False
    """Whether `/v2/debug/` shows the newest part of the log, to anybody."""

    enable_v1: bool = False
    """Whether models of DEEPaaS 0.x and 1.x are also served at `/models/`, as by 0.5.
    At `/v1/models` they are in any case."""


class LogSettings(_Group):
    """What is logged, where, and how."""

    level: Level = "info"
    """Least important message that is logged."""

    format: Format = "auto"
    """Lines for people (text) or for programs (json). `auto` writes text to a terminal
    and JSON to anything else."""

    file: str = ""
    """File to log to, instead of standard error."""

    folder: str = ""
    """Folder of the log file. Without `log.file` the file is called `deepaas.log`."""

    access: bool = True
    """Whether each request is logged."""

    @property
    def path(self) -> Path | None:
        """The file to log to, or None for standard error."""
        if self.folder:
            return Path(self.folder, self.file or "deepaas.log")
        return Path(self.file) if self.file else None


class Settings(_Group):
    """All settings of one server."""

    server: ServerSettings = ServerSettings()
    models: ModelSettings = ModelSettings()
    workers: WorkerSettings = WorkerSettings()
    limits: LimitSettings = LimitSettings()
    jobs: JobSettings = JobSettings()
    retention: RetentionSettings = RetentionSettings()
    api: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()

    data_dir: str = ""
    """Folder for jobs, their files and the versions that trainings have made. Without
    it, a folder below the user's data folder, one for each set of models, is used."""

    spool_dir: str = ""
    """Folder for bodies that are too large for memory. Without it, the system's folder
    for temporary files is used."""

    error_detail: bool = True
    """Whether callers see the text of a model's exception. Its traceback is in the log
    and nowhere else."""


_RUN: Final[dict[str, Any]] = {
    "server.trust_proxy": True,
    "server.allowed_hosts": ("*",),
    "server.insecure_no_auth": True,
    "limits.body_bytes": 0,
    "limits.deadline_s": 0,
}
"""Published images of DEEPaaS 2.x start `deepaas-run` and rely on these."""

_OPENWHISK: Final[dict[str, Any]] = {
    **_RUN,
    "server.trust_proxy": False,
    "server.listen_ip": "0.0.0.0",  # noqa: S104 - in a container that OpenWhisk alone reaches
    "server.listen_port": 8080,
    "jobs.enabled": False,
    "log.level": "warning",
    "log.format": "text",
    "log.access": False,
}
"""An action listens where OpenWhisk asks it, sleeps between its calls, and owns neither
standard output nor standard error: what the model prints is there."""

PROFILES: Final[dict[Profile, dict[str, Any]]] = {
    "serve": {},
    "run": _RUN,
    "openwhisk": _OPENWHISK,
}
"""Where a command's defaults differ from the tree's, by dotted key."""
