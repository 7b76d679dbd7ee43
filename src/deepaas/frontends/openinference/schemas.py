"""The shapes of the protocol's documents, for the API's description."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from deepaas.frontends.api.schemas import Model, Version


class ServerMetadata(Version):
    """What the server is."""

    name: str
    extensions: list[str]


class ServerLive(BaseModel):
    """The server answers."""

    live: bool


class ServerReady(BaseModel):
    """Whether inferences can be answered."""

    live: bool
    ready: bool


class ModelReady(BaseModel):
    """Whether a model can answer."""

    name: str
    ready: bool


class TensorMetadata(BaseModel):
    """An input or output of a model."""

    name: str
    datatype: str
    shape: list[int] = Field(description="-1 stands for any length.")
    parameters: dict[str, Any] | None = Field(
        default=None, description="What the text in it is, such as JSON."
    )
    optional: bool | None = None


class ModelMetadata(Model):
    """What a model is, and its tensors; further members are the model's own."""

    model_config = ConfigDict(extra="allow")

    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class IndexRow(BaseModel):
    """A version of a model."""

    name: str
    version: str
    state: Literal["READY", "LOADING", "UNAVAILABLE"]
    reason: str


Parameters = dict[str, str | int | float | bool]


class InferInput(BaseModel):
    """A tensor that comes in."""

    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters | None = None
    data: list[Any] | None = None


class InferRequestedOutput(BaseModel):
    """An output that is asked for."""

    name: str
    parameters: Parameters | None = None


class InferRequest(BaseModel):
    """An inference request; binary tensors follow behind it."""

    id: str | None = None
    parameters: Parameters | None = None
    inputs: list[InferInput]
    outputs: list[InferRequestedOutput] | None = None


class InferOutput(BaseModel):
    """A tensor that goes out."""

    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters | None = None
    data: list[Any] | None = None


class InferResponse(BaseModel):
    """The answer to an inference request; binary tensors follow behind it."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[InferOutput]
