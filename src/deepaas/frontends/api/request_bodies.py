"""Describes the bodies that an operation can be called with.

A multipart form carries everything and is offered first where there are files; JSON is
offered first elsewhere. A file within JSON is an object with its base64 content, which
2.x models never understood: for them JSON is there for calls without files. A media
type that cannot carry all required arguments is not offered.

Each media type comes with an example, where one can be made.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs

from deepaas.frontends.api.examples import NoExampleError, example_of, stated_example
from deepaas.frontends.api.json_schema import map_schema, resolve, without_null

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Argument

_JSON: Final = "application/json"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_BODY_LOCATIONS: Final = frozenset({"any", "form", "json"})
_NOTES: Final = frozenset({"description", "title"})

_FILE_EXAMPLE: Final = {
    "value": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mP4DwABAQEA"
    "G7buVgAAAABJRU5ErkJggg==",
    "mediaType": "image/png",
}
"""An image of one white pixel."""

INLINE_FILE: Final[dict[str, Any]] = {
    "title": "InlineFile",
    "description": "A file within JSON.",
    "type": "object",
    "properties": {
        "value": {
            "type": "string",
            "contentEncoding": "base64",
            "description": "The file's content in base64.",
        },
        "mediaType": {
            "type": "string",
            "description": "What the content is; application/octet-stream if absent.",
        },
        "filename": {"type": "string", "description": "The client's name for it."},
    },
    "required": ["value"],
    "examples": [_FILE_EXAMPLE],
}
"""The component that `request_body` refers to as `InlineFile`."""


def request_body(
    operation: OperationDescription, *, kind: str, schemas: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the requestBody of `operation`, or None if it takes nothing in a body.

    Args:
        operation: Its references point to components.
        kind: Of the model.
        schemas: The components.
    """
    offers = {
        media_type: _carried(operation.arguments, media_type=media_type, kind=kind)
        for media_type in _media_types(operation.arguments)
    }
    required = {
        one.name
        for one in operation.arguments
        if one.required and one.location in _BODY_LOCATIONS
    }
    content = {
        media_type: _described(
            media_type, carried, is_open=operation.allows_unknown, schemas=schemas
        )
        for media_type, carried in offers.items()
        if carried and required.issubset(one.name for one in carried)
    }
    return {"required": bool(required), "content": content} if content else None


def _media_types(arguments: Sequence[Argument]) -> tuple[str, ...]:
    if any(one.is_file for one in arguments):
        return (_MULTIPART, _JSON)
    return (_JSON, _URLENCODED)


def _carried(
    arguments: Sequence[Argument], *, media_type: str, kind: str
) -> list[Argument]:
    """Return the arguments that a body of `media_type` can have."""
    if media_type != _JSON:
        return [one for one in arguments if one.location in {"any", "form"}]
    carried = [one for one in arguments if one.location in {"any", "json"}]
    if kind == "v2":
        return [one for one in carried if not one.is_file]
    return [_with_inline_files(one) if one.is_file else one for one in carried]


def _with_inline_files(argument: Argument) -> Argument:
    def change(schema: dict[str, Any]) -> dict[str, Any]:
        if schema.get("format") != "binary":
            return schema
        rest = {key: value for key, value in schema.items() if key in _NOTES}
        return {"$ref": "#/components/schemas/InlineFile", **rest}

    return structs.replace(argument, schema=map_schema(argument.schema, change))


def _described(
    media_type: str,
    arguments: Sequence[Argument],
    *,
    is_open: bool,
    schemas: Mapping[str, Any],
) -> dict[str, Any]:
    described: dict[str, Any] = {"schema": _object_schema(arguments, is_open=is_open)}
    if media_type == _URLENCODED and (encoding := _encoding(arguments, schemas)):
        described["encoding"] = encoding
    with contextlib.suppress(NoExampleError):
        described["example"] = _example(arguments, schemas)
    return described


def _object_schema(arguments: Sequence[Argument], *, is_open: bool) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {one.name: one.schema for one in arguments},
        "required": [one.name for one in arguments if one.required],
    }
    if not is_open:
        schema["additionalProperties"] = False
    return schema


def _encoding(
    arguments: Sequence[Argument], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    """Say that nested values are JSON text; in a multipart form that is understood."""
    return {
        one.name: {"contentType": _JSON}
        for one in arguments
        if resolve(without_null(one.schema), schemas).get("type") == "object"
    }


def _example(
    arguments: Sequence[Argument], schemas: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a body with all required arguments, and the others' stated values."""
    example = {}
    for one in arguments:
        if one.required:
            example[one.name] = example_of(one.schema, definitions=schemas)
        elif (stated := stated_example(one.schema)) is not None:
            example[one.name] = stated
    return example
