"""Describes the bodies that an operation can be called with.

Files travel in a multipart form, everything else as JSON or in an urlencoded form.
Native models take files within JSON too. That is told in words only: where an
operation offers both a form and JSON, many generators of clients choose JSON and
lose the file. A media type that cannot carry all required arguments is not offered, nor
is an urlencoded form where values are nested: its clients do not agree how to write
them.

A form has no way to say null (an absent field means the default), nor that a list is
empty.

Each media type comes with an example, where one can be made.

Predictions are also taken many at a time (NDJSON). That comes last: the answer to it is
another one, and a client that chooses by itself should not choose it.
"""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any, Final

from msgspec import structs

from deepaas.frontends.api.examples import NoExampleError, example_of, stated_example
from deepaas.frontends.api.json_schema import as_text_schema, resolve, without_null
from deepaas.model.batch_lines import NDJSON

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
_MANY: Final = (
    f"As `{NDJSON}`, each line is a JSON object with the arguments of a prediction, a "
    'file as `{"value": "<its content in base64>", "mediaType": "image/png"}`. The '
    'answer has a line for each, in the same order: `{"index": 0, "result": …}` or '
    '`{"index": 0, "problem": {…}}`.'
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
    arguments = [
        one for one in operation.arguments if one.location in {"any", "form", "json"}
    ]
    content = {}
    for media_type in _media_types(arguments, schemas):
        if carried := _carried(arguments, media_type):
            content[media_type] = _described(
                carried, is_open=operation.allows_unknown, schemas=schemas
            )
    if not content:
        return None
    notes = []
    if _MULTIPART in content and kind == "native":
        notes.append(_FILES_IN_JSON)
    if operation.name == "predict":
        notes.append(_MANY)
        content[NDJSON] = _batch(arguments, schemas)
    return {
        **({"description": " ".join(notes)} if notes else {}),
        "required": any(one.required for one in arguments),
        "content": content,
    }


def _batch(arguments: Sequence[Argument], schemas: Mapping[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = {"schema": {"type": "string"}}
    with contextlib.suppress(NoExampleError):
        described["example"] = json.dumps(_example(arguments, schemas)) + "\n"
    return described


def _media_types(
    arguments: Sequence[Argument], schemas: Mapping[str, Any]
) -> tuple[str, ...]:
    if any(one.is_file for one in arguments):
        return (_MULTIPART,)
    if any(_is_nested(one.schema, schemas) for one in arguments):
        return (_JSON,)
    return (_JSON, _URLENCODED)


def _is_nested(schema: Any, schemas: Mapping[str, Any], *, depth: int = 0) -> bool:
    """Return whether values have parts, other than a list's plain elements."""
    if not isinstance(schema, dict):
        return False
    schema = resolve(without_null(resolve(schema, schemas)), schemas)
    if schema.get("type") == "array" and depth == 0 and "prefixItems" not in schema:
        return _is_nested(schema.get("items"), schemas, depth=1)
    return schema.get("type") in {"array", "object"} or "oneOf" in schema


def _carried(arguments: Sequence[Argument], media_type: str) -> list[Argument]:
    """Return what a body of `media_type` carries; nothing if it lacks what must be."""
    elsewhere = "form" if media_type == _JSON else "json"
    if any(one.required and one.location == elsewhere for one in arguments):
        return []
    carried = [one for one in arguments if one.location != elsewhere]
    return carried if media_type == _JSON else [_in_form(one) for one in carried]


def _in_form(argument: Argument) -> Argument:
    schema = as_text_schema(argument.schema)
    if argument.required and schema.get("type") == "array":
        schema = {**schema, "minItems": max(1, schema.get("minItems", 0))}
    return structs.replace(argument, schema=schema)


def _described(
    arguments: Sequence[Argument], *, is_open: bool, schemas: Mapping[str, Any]
) -> dict[str, Any]:
    described: dict[str, Any] = {"schema": _object_schema(arguments, is_open=is_open)}
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
