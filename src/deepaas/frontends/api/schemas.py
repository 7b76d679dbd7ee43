"""The shapes of the control plane's documents, for the API's description.

The routes build their documents as plain dicts; 2.x clients expect key names and
extra keys that are none of a class's business.
"""

from __future__ import annotations

from typing import Literal

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

    state: Literal["ready", "loading", "failed"]
    reason: str | None = Field(None, description="Why it failed.")


class Readiness(BaseModel):
    """Whether the server can answer predictions."""

    status: Literal["ready", "unready"]
    reasons: list[str] = Field(description="What is in the way; empty when ready.")
    models: dict[str, ModelReadiness]
