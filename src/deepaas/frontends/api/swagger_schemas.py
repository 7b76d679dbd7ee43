"""Says in the terms of Swagger 2.0 what JSON Schema says.

Swagger 2.0 knows an old part of JSON Schema: no null, no alternatives, no fixed
values, no tuples. Two things come out of here: *schemas*, for bodies and results, in
which what cannot be said is left open; and *parameters*, which are even poorer: a text,
a number, a truth value, a file or a list of them. A nested argument becomes JSON text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from deepaas.frontends.api.json_schema import (
    allows_null,
    map_schema,
    resolve,
    without_null,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from deepaas.model.arguments import Argument

_SCALARS: Final = ("string", "integer", "number", "boolean")
_LIMITS: Final = frozenset(
    {
        "enum",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxItems",
        "maxLength",
        "maximum",
        "minItems",
        "minLength",
        "minimum",
        "multipleOf",
        "pattern",
        "type",
        "uniqueItems",
    }
)
_KNOWN: Final = _LIMITS | {
    "additionalProperties",
    "default",
    "description",
    "example",
    "items",
    "maxProperties",
    "minProperties",
    "properties",
    "required",
    "title",
    "x-nullable",
}

_V2_FORMATS: Final = {"integer": "int32", "number": "float"}
"""What 2.6 said of each number of a 2.x model."""


def swagger_schema(
    schema: Any, *, renamed: Mapping[str, str], kind: str
) -> dict[str, Any]:
    """Return a JSON Schema as a Swagger 2.0 schema.

    Args:
        schema: A JSON Schema (2020-12).
        renamed: The new reference for an old one.
        kind: Of the model.
    """

    def change(one: dict[str, Any]) -> dict[str, Any]:
        known = without_null(one)
        if isinstance(reference := known.get("$ref"), str):
            return {"$ref": renamed.get(reference, reference)}
        described = _known(_old_keywords(known))
        if allows_null(one):
            described["x-nullable"] = True
        if kind == "v2":
            return with_v2_formats(described)
        if described.get("default", ...) is None:
            del described["default"]
        return described

    described = map_schema(schema, change)
    return described if isinstance(described, dict) else {}


def _old_keywords(schema: dict[str, Any]) -> dict[str, Any]:
    """Say with the keywords of old what newer ones say, where that is possible."""
    old = dict(schema)
    if "const" in old:
        old["enum"] = [old["const"]]
    if examples := old.get("examples"):
        old.setdefault("example", examples[0])
    for new, limit in (
        ("exclusiveMinimum", "minimum"),
        ("exclusiveMaximum", "maximum"),
    ):
        if not isinstance(old.get(new, True), bool):
            old[limit], old[new] = old[new], True
    if not isinstance(old.get("type", ""), str):
        del old["type"]
    if old.get("type") == "array" and not isinstance(old.get("items"), dict):
        old["items"] = {}
    if "properties" in old:
        old["properties"] = {
            name: one if isinstance(one, dict) else {}
            for name, one in old["properties"].items()
        }
    return old


def _known(schema: dict[str, Any]) -> dict[str, Any]:
    return {keyword: value for keyword, value in schema.items() if keyword in _KNOWN}


def parameter(
    argument: Argument, *, definitions: Mapping[str, Any], kind: str
) -> dict[str, Any]:
    """Return an argument as a parameter outside the body.

    Args:
        argument: The argument.
        definitions: What its schema refers to.
        kind: Of the model; 2.x models take nested values in a JSON body alone, native
            ones also as JSON text.
    """
    schema = _bare(argument.schema, definitions)
    described: dict[str, Any] = {
        "in": _place(argument),
        "name": argument.name,
        "required": argument.required,
        **_typed(argument, schema, definitions, kind=kind),
    }
    described |= _default(schema, described=described, kind=kind)
    if argument.is_nullable or allows_null(argument.schema):
        described["x-nullable"] = True
    if argument.description:
        described["description"] = argument.description
    return with_v2_formats(described) if kind == "v2" else described


def with_v2_formats(described: dict[str, Any]) -> dict[str, Any]:
    """Return a parameter or schema with the formats that 2.6 gave."""
    if described.get("format") == "uri":
        return {**described, "format": "url"}
    if "format" not in described and described.get("type") in _V2_FORMATS:
        return {**described, "format": _V2_FORMATS[described["type"]]}
    if described.get("type") == "array":
        return {**described, "items": with_v2_formats(described["items"])}
    return described


def _default(
    schema: dict[str, Any], *, described: dict[str, Any], kind: str
) -> dict[str, Any]:
    if "default" not in schema:
        return {}
    value = schema["default"]
    if kind == "v2":
        is_lost = described["type"] == "string" and isinstance(value, dict | list)
        return {} if is_lost else {"default": value}
    if value is None:
        # Null has no type in Swagger; but clients preselect a choice if none is said.
        return {"default": None} if "enum" in schema else {}
    return {"default": _as_parameter(value, described)}


def _as_parameter(value: Any, described: dict[str, Any]) -> Any:
    """Return a value of a native argument, nested ones as JSON text."""
    if described["type"] == "array" and isinstance(value, list):
        return [_as_parameter(one, described["items"]) for one in value]
    if described["type"] == "string" and not isinstance(value, str):
        return json.dumps(value)
    return value


def _place(argument: Argument) -> str:
    if argument.is_file or argument.location == "form":
        return "formData"
    return argument.location if argument.location in {"header", "path"} else "query"


def _bare(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return `schema` without null and references at its top."""
    return resolve(without_null(resolve(schema, definitions)), definitions)


def _typed(
    argument: Argument,
    schema: dict[str, Any],
    definitions: Mapping[str, Any],
    *,
    kind: str,
) -> dict[str, Any]:
    if argument.is_file:
        return {"type": "file"}
    if kind == "v2" and schema.get("type") == "object":
        return {"type": "object"}  # no valid parameter, but what 2.6 said
    if schema.get("type") == "array" and _place(argument) in {"query", "formData"}:
        items = _scalar(_bare(schema.get("items") or {}, definitions))
        return {
            **_limits(schema),
            "type": "array",
            "items": items,
            "collectionFormat": "multi",
        }
    return _scalar(schema)


def _scalar(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` as a text, a number or a truth value; else as any text."""
    limits = _limits(schema)
    limits.setdefault("type", _type_of_choices(limits.get("enum", ())))
    return limits if limits["type"] in _SCALARS else {"type": "string"}


def _limits(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        keyword: value
        for keyword, value in _old_keywords(schema).items()
        if keyword in _LIMITS
    }


def _type_of_choices(choices: Any) -> str:
    kinds = {type(one) for one in choices}
    if kinds == {bool}:
        return "boolean"
    if kinds and kinds <= {int}:
        return "integer"
    return "number" if kinds and kinds <= {int, float} else "string"
