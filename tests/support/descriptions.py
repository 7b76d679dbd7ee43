"""Descriptions of models, as workers send them, for tests of documents."""

from __future__ import annotations

from typing import Any, Final

from deepaas.messages import ModelDescription, OperationDescription
from deepaas.model.arguments import Argument

FILE: Final = {"type": "string", "format": "binary"}


def argument(name: str, schema: dict[str, Any], **facts: Any) -> Argument:
    """Return an argument that is required unless it has a default."""
    facts.setdefault("required", "default" not in schema)
    return Argument(name=name, keyword=name, schema=schema, **facts)


def model(
    *arguments: Argument,
    kind: str = "native",
    metadata: dict[str, Any] | None = None,
    train: OperationDescription | None = None,
    **facts: Any,
) -> ModelDescription:
    """Return a model whose `predict` takes `arguments`."""
    facts.setdefault("allows_unknown", kind == "v2")
    predict = OperationDescription(name="predict", arguments=arguments, **facts)
    operations = {"predict": predict} | ({"train": train} if train else {})
    return ModelDescription(kind=kind, metadata=metadata or {}, operations=operations)


LABEL: Final = {
    "title": "Label",
    "type": "object",
    "properties": {
        "name": {"type": "string"},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "required": ["name", "probability"],
}

PLANTS: Final = model(
    argument("photo", FILE | {"description": "A photo"}, is_file=True),
    argument("top_k", {"type": "integer", "minimum": 1, "maximum": 10, "default": 3}),
    metadata={"name": "Plants", "description": "Names plants"},
    summary="Name the plant on a photo.",
    description="Name the plant on a photo.\n\nGive it a sharp one.",
    definitions={"Label": LABEL},
    result_schema={"type": "array", "items": {"$ref": "#/$defs/Label"}},
)
"""As in the design: a file in, labels out."""

SHAPES: Final = model(
    argument(
        "shape",
        {
            "oneOf": [{"$ref": "#/$defs/Circle"}, {"$ref": "#/$defs/Box[int]"}],
            "discriminator": {
                "propertyName": "kind",
                "mapping": {
                    "circle": "#/$defs/Circle",
                    "box": "#/$defs/Box[int]",
                },
            },
        },
    ),
    argument("tags", {"type": "array", "items": {"type": "string"}, "default": []}),
    argument("colour", {"$ref": "#/$defs/Colour", "default": "red"}),
    argument(
        "note", {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None}
    ),
    argument("label", {"$ref": "#/$defs/Label"}),
    definitions={
        "Circle": {
            "type": "object",
            "properties": {"kind": {"const": "circle"}, "radius": {"type": "number"}},
            "required": ["kind", "radius"],
        },
        "Box[int]": {
            "type": "object",
            "properties": {
                "kind": {"const": "box"},
                "$ref": {"type": "string"},
                "inner": {
                    "anyOf": [{"$ref": "#/$defs/Box[int]"}, {"type": "null"}],
                    "default": None,
                },
            },
            "required": ["kind"],
        },
        "Colour": {"type": "string", "enum": ["red", "green"]},
        "Label": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
    result_schema={
        "type": "object",
        "properties": {
            "area": {"type": "number"},
            "shape": {"$ref": "#/$defs/Circle"},
            "maybe": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
            "either": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
        },
        "required": ["area"],
    },
)
"""Nested and recursive schemas, references that look alike, null, no file."""

STORY: Final = model(
    argument("words", {"type": "integer", "exclusiveMinimum": 0, "default": 5}),
    argument("seed", {"type": "integer"}),
    result_schema={"type": "array", "items": {"type": "string"}},
    media_types=("application/x-ndjson", "text/event-stream", "application/json"),
    is_streaming=True,
)
"""Answers in pieces."""

GALLERY: Final = model(
    argument("photos", {"type": "array", "items": FILE}, is_file=True, is_list=True),
    argument(
        "mask",
        {"anyOf": [FILE, {"type": "null"}], "default": None},
        is_file=True,
        is_nullable=True,
    ),
    media_types=("image/png",),
)
"""Several files in, an image out."""

EMPTY: Final = model()
"""Takes nothing, and does not say what it gives."""

PROBE: Final = model(
    argument(
        "mode",
        {
            "type": "string",
            "enum": ["echo", "raise"],
            "default": "echo",
            "description": "what\n\n<font color='blue'>to do</font>",
        },
    ),
    argument(
        "accept",
        {
            "type": "string",
            "enum": ["application/json", "image/png", "*/*"],
            "default": "application/json",
        },
        location="header",
    ),
    argument("i", {"type": "integer", "default": 7, "description": "an int"}),
    argument("f", {"type": "number", "default": 0.5}),
    argument("b", {"type": "boolean", "default": False}),
    argument(
        "s",
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        is_nullable=True,
    ),
    argument("req", {"type": "string"}),
    argument(
        "li",
        {"type": "array", "items": {"type": "integer"}, "default": [], "minItems": 0},
        is_list=True,
    ),
    argument("d", {"type": "object", "default": {}}),
    argument("date", {"type": "string", "format": "date"}, required=False),
    argument("url", {"type": "string", "format": "uri"}, required=False),
    argument("rng", {"type": "integer", "minimum": 1, "maximum": 10, "default": 2}),
    argument("odd", {"type": "string", "default": 1}),
    argument("free", {}, required=False),
    argument("a-b(c,d)", {"type": "string", "default": "z"}),
    argument(
        "X-Probe",
        {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        location="header",
        is_nullable=True,
    ),
    argument("session", {"type": "string"}, location="cookie", required=False),
    argument("q", {"type": "string"}, location="query", required=False),
    argument("fm", {"type": "string"}, location="form", required=False),
    argument("js", {"type": "string"}, location="json", required=False),
    argument("data", FILE | {"description": "an image"}, location="form", is_file=True),
    kind="v2",
    metadata={"name": "Probe", "author": "Me"},
    media_types=("application/json", "image/png"),
    result_name="ModelPredictionResponse",
    result_schema={
        "type": "object",
        "properties": {
            "status": {"type": "string"},
            "predictions": {},
            "labels": {"type": "array", "items": {"type": "string"}},
            "n": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["status"],
    },
    train=OperationDescription(
        name="train",
        arguments=(argument("epochs", {"type": "integer", "default": 3}),),
        allows_unknown=True,
    ),
)
"""A 2.x model with arguments of every sort."""

PLAIN_V2: Final = model(argument("x", {"type": "integer"}, required=False), kind="v2")
"""A 2.x model without `schema` and `accept`."""

ALL: Final = {
    "plants": PLANTS,
    "shapes": SHAPES,
    "story": STORY,
    "gallery": GALLERY,
    "empty": EMPTY,
    "probe": PROBE,
    "plain": PLAIN_V2,
    "a-b": SHAPES,
    "a_b": PLANTS,
    "net (v1, big)": PLAIN_V2,
    "größe{0}/?#": EMPTY,
}
"""All of them, some under names that no address and no program can have."""
