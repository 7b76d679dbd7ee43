"""Walks JSON Schemas without taking their data for schemas.

A model may have an argument called `$ref`, and a default value may look like a
schema. So nothing here goes by the looks of a value: a keyword of JSON Schema says
whether what it holds is a schema, a list of schemas, schemas by name, or data.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFINITIONS: Final = "#/$defs/"
"""What a description's references begin with."""

_HOLDS_SCHEMA: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
_HOLDS_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_HOLDS_NAMED: Final = frozenset(
    {"$defs", "dependentSchemas", "patternProperties", "properties"}
)

_KINDS: Final[dict[str, type | tuple[type, ...]]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
"""How Python holds a value of each JSON type."""


def map_schema(schema: Any, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """Return `schema` with `change` applied to it and all schemas inside, outer first.

    Args:
        schema: A JSON Schema; what is no object (`true`, `false`) stays as it is.
        change: Gets a copy of each schema; what it keeps inside is changed next.
    """
    if not isinstance(schema, dict):
        return schema
    changed = change(dict(schema))
    return {key: _map_value(key, value, change) for key, value in changed.items()}


def _map_value(
    keyword: str, value: Any, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> Any:
    if keyword in _HOLDS_SCHEMA:
        return map_schema(value, change)
    if keyword in _HOLDS_LIST:
        return [map_schema(one, change) for one in value]
    if keyword in _HOLDS_NAMED:
        return {name: map_schema(one, change) for name, one in value.items()}
    return value


def rename_references(schema: Any, renamed: Mapping[str, str]) -> Any:
    """Return `schema` with its references replaced.

    Args:
        schema: A JSON Schema.
        renamed: The new reference for an old one; others stay as they are.
    """

    def change(one: dict[str, Any]) -> dict[str, Any]:
        if isinstance(reference := one.get("$ref"), str):
            one["$ref"] = renamed.get(reference, reference)
        if mapping := one.get("discriminator", {}).get("mapping"):
            targets = {value: renamed.get(old, old) for value, old in mapping.items()}
            one["discriminator"] = {**one["discriminator"], "mapping": targets}
        return one

    return map_schema(schema, change)


def resolve(schema: dict[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `schema` refers to, with its own keywords on top.

    A reference that leads nowhere, or in a circle, becomes the schema of anything.

    Args:
        schema: A JSON Schema.
        definitions: By the last part of the references to them.
    """
    seen = set()
    while isinstance(reference := schema.get("$ref"), str):
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        target = definitions.get(reference.rpartition("/")[2])
        if reference in seen or not isinstance(target, dict):
            return rest
        seen.add(reference)
        schema = {**target, **rest}
    return schema


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` without null among its types or alternatives.

    Where one alternative is left it takes the place of the list.
    """
    if isinstance(types := schema.get("type"), list):
        kept = [one for one in types if one != "null"]
        return {**schema, "type": kept[0] if len(kept) == 1 else kept}
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            return _without_null_alternative(schema, keyword)
    return schema


def _without_null_alternative(schema: dict[str, Any], keyword: str) -> dict[str, Any]:
    kept = [one for one in schema[keyword] if one != {"type": "null"}]
    if len(kept) != 1 or not isinstance(kept[0], dict):
        return {**schema, keyword: kept}
    rest = {key: value for key, value in schema.items() if key != keyword}
    return {**kept[0], **rest}


def as_text_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """Return `schema` for a place where all values are text, so null cannot be said."""
    schema = without_null(schema)
    if schema.get("default", ...) is None:
        return {key: value for key, value in schema.items() if key != "default"}
    return schema


def allows_null(schema: dict[str, Any]) -> bool:
    """Return whether `schema` says that null is a value."""
    types = schema.get("type", ())
    if "null" in ([types] if isinstance(types, str) else types):
        return True
    alternatives = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    return any(isinstance(one, dict) and allows_null(one) for one in alternatives)


def is_plausible(value: Any, schema: dict[str, Any]) -> bool:
    """Return whether `value` has a type, and is a choice, that `schema` allows.

    Published 2.x models have defaults that are not: `Str(missing=1)`.
    """
    if value not in schema.get("enum", [value]):
        return False
    types = schema.get("type", ())
    kinds = [_KINDS.get(one, object) for one in _as_list(types)]
    if isinstance(value, bool):
        return not kinds or bool in kinds
    return not kinds or isinstance(value, tuple(kinds))


def _as_list(types: str | list[str]) -> list[str]:
    return [types] if isinstance(types, str) else list(types)
