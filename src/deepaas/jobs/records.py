"""The records of jobs: frozen, and the same wherever they are kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime  # noqa: TC003 - msgspec reads hints
from typing import Any, Final, Literal

import msgspec

from deepaas.jobs.states import JobEvent, JobState

NOT_RUN_YET: Final = 0


class JobRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller has sent, as the worker will read it.

    Attributes:
        query: The raw query string.
        content_type: The body's media type as sent, or empty.
        accept: The Accept header as sent, or empty.
        headers: The headers that arguments read.
        cookie: The Cookie header, where an argument reads one.
        body: The body; empty when `body_file` is set.
        body_file: Where the body is, within the job's folder, or empty.
        envelope: How the body carries the inputs, see `messages.Predict`.
    """

    query: bytes = b""
    content_type: str = ""
    accept: str = ""
    headers: dict[str, str] = {}
    cookie: str = ""
    body: bytes = b""
    body_file: str = ""
    envelope: Literal["", "ogc", "arguments", "line", "batch"] = ""


class JobResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a successful job.

    Attributes:
        media_type: With parameters.
        filename: The name to suggest for a download, or empty.
        size_bytes: The content's length.
        file: Where the content is, within the job's folder.
    """

    media_type: str
    filename: str = ""
    size_bytes: int
    file: str


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """The process that runs a job, so that another one can tell whether it lives.

    Attributes:
        host: The machine.
        boot_id: Of the machine's running kernel.
        pid: The process.
        start_ticks: When that process began, in the kernel's ticks since its boot.
    """

    host: str
    boot_id: str
    pid: int
    start_ticks: int


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A durable request for an operation.

    Attributes:
        id: 32 hexadecimal digits, ascending with time.
        model: The model's name.
        operation: `predict`, `train` or `validate`.
        state: Where it is in its life.
        created: When it was accepted.
        updated: When its row last changed.
        started: When its last attempt began, or None.
        finished: When it became final, or None.
        not_before: When the next attempt may begin, or None.
        attempt: The number of the last attempt; 0 before the first.
        retries: How many more attempts there are when it fails.
        retry_delay_s: Seconds before the second attempt.
        is_restartable: Whether it starts again when its server's end cut it off.
        cause: Why it failed, for programs: `model_error`, `worker_died`,
            `memory_limit`, `deadline`, `interrupted`, `disk_full` …; else empty.
        detail: Why it failed, in a sentence.
        failure: Code, detail and facts of the error that it failed with, or None.
        exit_status: The exit code of the process that died, or None.
        signal: The name of the signal that killed it, or None.
        version: The version of the model that it runs against.
        made_version: The version that it has made, or None.
        arguments: As the model gets them, as plain JSON for people.
        request: What the caller has sent; empty in lists.
        result: What came of it, or None.
        door: The surface that it came through: `v1`, `v2`, `ogc` or `cli`.
        is_hidden: Whether its caller has removed it from sight.
        owner: The process that runs it, or None.
    """

    id: str
    model: str
    operation: str
    state: JobState = JobState.ACCEPTED
    created: datetime
    updated: datetime
    started: datetime | None = None
    finished: datetime | None = None
    not_before: datetime | None = None
    attempt: int = NOT_RUN_YET
    retries: int = 0
    retry_delay_s: float = 10.0
    is_restartable: bool = False
    cause: str = ""
    detail: str = ""
    failure: dict[str, Any] | None = None
    exit_status: int | None = None
    signal: str | None = None
    version: int = 0
    made_version: int | None = None
    arguments: dict[str, Any] = {}
    request: JobRequest = JobRequest()
    result: JobResult | None = None
    door: str = "ogc"
    is_hidden: bool = False
    owner: Owner | None = None


class JobChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What a transition changes besides the state; see `Job`."""

    cause: str = ""
    detail: str = ""
    failure: dict[str, Any] | None = None
    exit_status: int | None = None
    signal: str | None = None
    not_before: datetime | None = None


NO_CHANGES: Final = JobChanges()


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something that shall happen to a job.

    Attributes:
        event: What.
        now: When.
        attempt: The attempt that it comes from, or None when it comes from elsewhere.
            When another attempt has begun meanwhile, nothing happens.
        changes: What changes besides the state.
    """

    event: JobEvent
    now: datetime
    attempt: int | None = None
    changes: JobChanges = NO_CHANGES


class Transition(msgspec.Struct, frozen=True, kw_only=True):
    """One step in the life of a job.

    Attributes:
        number: 1 for the first.
        state: That it led to.
        event: What happened; `submitted` for the first.
        at: When.
        attempt: The attempt's number at that time.
        cause: See `Job`.
        detail: See `Job`.
    """

    number: int
    state: JobState
    event: str
    at: datetime
    attempt: int
    cause: str = ""
    detail: str = ""


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file that a job has made.

    Attributes:
        path: Within the folder of the artifacts, with `/` between its parts.
        size_bytes: The content's length.
        media_type: What its name suggests.
        sha256: The digest of the content, in hex.
    """

    path: str
    size_bytes: int
    media_type: str
    sha256: str


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a model, made by a training.

    Attributes:
        model: The model's name.
        number: 1, 2, 3 …
        parent: The version that the training started from; 0 is the model as installed.
        job: The id of the training.
        created: When it was made.
        size_bytes: Of all its files.
        metrics: The last values that the training has logged, and those of later
            validations below `validations`.
        folder: Where its files are, within the data directory.
        is_deleted: Whether its files are gone.
    """

    model: str
    number: int
    parent: int = 0
    job: str = ""
    created: datetime
    size_bytes: int = 0
    metrics: dict[str, Any] = {}
    folder: str = ""
    is_deleted: bool = False


class JobOutput(msgspec.Struct, frozen=True, kw_only=True):
    """All that a successful job has made.

    Attributes:
        result: What the operation returned.
        artifacts: The files that it left.
        version: The version that a training has made, or None.
        is_activated: Whether that version answers predictions from now on.
    """

    result: JobResult
    artifacts: tuple[Artifact, ...] = ()
    version: ModelVersion | None = None
    is_activated: bool = False


class JobHistory(msgspec.Struct, frozen=True, kw_only=True):
    """All that a store knows of a job, on its way to another store.

    Attributes:
        job: The job, with its request.
        transitions: The steps of its life.
        artifacts: The files that it has made.
        version: The version that it has made, or None.
    """

    job: Job
    transitions: tuple[Transition, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    version: ModelVersion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A caller's name for a request, so that sending it twice makes one job.

    Attributes:
        scope: Where the key counts: route and caller.
        key: As the caller sent it.
        fingerprint: Digest of the request.
    """

    scope: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What became of a job that was to be added.

    Attributes:
        job: It, or the one that was added before under the same key.
        is_replay: Whether it was added before.
    """

    job: Job
    is_replay: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """Which jobs to list.

    Attributes:
        processes: Pairs of model and operation; empty is all.
        models: Names of models; empty is all.
        operations: Empty is all.
        states: Empty is all.
        created_from: Earliest time of creation, or None.
        created_to: Latest time of creation, or None.
        least_duration_s: Shortest time from start to end (or to now), or None.
        most_duration_s: Longest such time, or None.
        with_hidden: Whether those that were removed from sight are listed too.
        is_ascending: Oldest first.
        limit: Most jobs of a page.
        cursor: The id of the last job of the page before, or empty.
    """

    processes: tuple[tuple[str, str], ...] = ()
    models: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()
    states: tuple[JobState, ...] = ()
    created_from: datetime | None = None
    created_to: datetime | None = None
    least_duration_s: float | None = None
    most_duration_s: float | None = None
    with_hidden: bool = False
    is_ascending: bool = False
    limit: int = 100
    cursor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    """A part of a list of jobs.

    Attributes:
        jobs: Without their requests.
        next_cursor: What leads to the next page, or empty when this is the last.
    """

    jobs: tuple[Job, ...]
    next_cursor: str
