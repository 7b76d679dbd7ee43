"""Describes the bodies that an operation can be called with.

Files travel in a multipart form, everything else as JSON or in an urlencoded form.
Native models take files within JSON too. That is told in words only: where an
operation offers both a form and JSON, many generators of clients choose JSON and
lose the file. A media type that cannot carry all required arguments is not offered.

Each media type comes with an example, where one can be made.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any, Final

from deepaas.frontends.api.examples import NoExampleError, example_of, stated_example
from deepaas.frontends.api.json_schema import resolve, without_null

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.messages import OperationDescription
    from deepaas.model.arguments import Argument

_JSON: Final = "application/json"
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

_FILES_IN_JSON: Final = (
    "A file may also be sent within JSON, as "
    '`{"value": "<its content in base64>", "mediaType": "image/png"}`.'
)


def request_body(
    operation: OperationDescription, *, kind: str, schemas: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the requestBody of `operation`, or None if it takes nothing in a body.

    Args:
        operation: Its references point to components.
        kind: Of the model.
        schemas: The components.
    """
    has_files = any(one.is_file for one in operation.arguments)
    content = {}
    for media_type in (_MULTIPART,) if has_files else (_JSON, _URLENCODED):
        carried = _carried(operation.arguments, media_type)
        if carried:
            content[media_type] = _described(
                media_type, carried, is_open=operation.allows_unknown, schemas=schemas
            )
    if not content:
        return None
    return {
        **({"description": _FILES_IN_JSON} if has_files and kind == "native" else {}),
        "required": any(one.required for one in _in_body(operation.arguments)),
        "content": content,
    }


def _in_body(arguments: Sequence[Argument]) -> list[Argument]:
    return [one for one in arguments if one.location in {"any", "form", "json"}]


def _carried(arguments: Sequence[Argument], media_type: str) -> list[Argument]:
    """Return what a body of `media_type` carries; nothing if it lacks what must be."""
    elsewhere = "form" if media_type == _JSON else "json"
    carried = [one for one in _in_body(arguments) if one.location != elsewhere]
    is_missed = any(
        one.required and one.location == elsewhere for one in _in_body(arguments)
    )
    return [] if is_missed else carried


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
