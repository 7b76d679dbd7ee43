"""The shapes of the control plane's documents, for the API's description.

The routes build their documents as plain dicts; 2.x clients expect key names and
extra keys that are none of a class's business.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Link(BaseModel):
    """Leads to another document."""

    rel: str
    href: str
    type: str | None = None


class Version(BaseModel):
    """One version of the API."""

    version: str
    id: str
    links: list[Link]


class Versions(BaseModel):
    """The versions of the API."""

    versions: list[Version]
    links: list[Link]


class Model(BaseModel):
    """What a model says of itself; further members are the model's own."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(description="The model's name in addresses.")
    name: str
    links: list[Link]
    description: str | None = None
    version: str | None = None
    author: str | None = None
    license: str | None = None
    url: str | None = None


class Models(BaseModel):
    """All models that are served."""

    models: list[Model]


class Liveness(BaseModel):
    """The process answers."""

    status: Literal["live"]


class ModelReadiness(BaseModel):
    """Whether one model can be asked."""

    state: Literal["ready", "loading", "failed", "unloaded"]
    reason: str | None = Field(None, description="Why it failed.")
    version: int | None = Field(
        None, description="The version that answers, with `verbose`."
    )
    warnings: list[str] | None = Field(
        None,
        description="What its operator should know, with `verbose`: such as that "
        "another version was chosen and cannot be loaded.",
    )


class Readiness(BaseModel):
    """Whether the server can answer predictions."""

    status: Literal["ready", "unready"]
    reasons: list[str] = Field(description="What is in the way; empty when ready.")
    models: dict[str, ModelReadiness]
    version: str | None = Field(None, description="Of the server, with `verbose`.")
    platform: dict[str, str] | None = Field(
        None, description="What the platform says of the container, with `verbose`."
    )


class Conformance(BaseModel):
    """The requirements that an API meets."""

    conformsTo: list[str]  # noqa: N815 - the standard's name


class ProcessSummary(BaseModel):
    """An operation of a model that can be run."""

    model_config = ConfigDict(extra="allow")

    id: str
    version: str
    title: str | None = None
    description: str | None = None
    jobControlOptions: list[str]  # noqa: N815 - as above
    outputTransmission: list[str]  # noqa: N815 - as above
    links: list[Link]


class Processes(BaseModel):
    """All processes."""

    processes: list[ProcessSummary]
    links: list[Link]


class Process(ProcessSummary):
    """What a process takes and gives."""

    inputs: dict[str, dict[str, Any]]
    outputs: dict[str, dict[str, Any]]


class Job(BaseModel):
    """The status of a job."""

    model_config = ConfigDict(extra="allow")

    jobID: str  # noqa: N815 - as above
    id: str = Field(description="The same, as version 2.0 of the standard calls it.")
    type: Literal["process"]
    processID: str  # noqa: N815 - as above
    status: Literal["accepted", "running", "successful", "failed", "dismissed"]
    message: str | None = None
    progress: int | None = Field(None, ge=0, le=100)
    created: str
    started: str | None = None
    finished: str | None = None
    updated: str
    cause: str | None = Field(None, description="Why it failed, for programs.")
    metrics: dict[str, float | None] | None = None
    links: list[Link]


class Jobs(BaseModel):
    """A page of jobs."""

    jobs: list[Job]
    links: list[Link]


class Artifact(BaseModel):
    """A file that a job has made."""

    path: str
    href: str
    size_bytes: int
    type: str
    sha256: str


class Artifacts(BaseModel):
    """The files that a job has made."""

    artifacts: list[Artifact]


class MetricPoint(BaseModel):
    """One value of a metric."""

    step: int
    value: float | None
    at: float | None = Field(description="When, in seconds since 1970.")


class Metrics(BaseModel):
    """All values that a job has logged, by the name of the metric."""

    metrics: dict[str, list[MetricPoint]]


class ModelVersion(BaseModel):
    """A version of a model; 0 is the model as installed."""

    model: str
    version: int
    is_active: bool = Field(description="Whether it answers predictions.")
    created: str | None = None
    parent: int | None = Field(None, description="The version that it was made from.")
    job: str | None = Field(None, description="The training that made it.")
    size_bytes: int | None = None
    metrics: dict[str, float | None] | None = None
    validations: dict[str, Any] | None = Field(
        None, description="What validations have found, by their job."
    )
    activation_error: str | None = Field(
        None, description="Why it could not be activated."
    )
    links: list[Link]


class ModelVersions(BaseModel):
    """The versions of a model, newest first."""

    model: str
    active: int
    versions: list[ModelVersion]
