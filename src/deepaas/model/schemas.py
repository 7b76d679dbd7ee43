"""JSON Schemas (2020-12) of hints, and questions asked of them.

What a schema says decides how text from a query string is read, whether an argument
is a file, and whether results need a look for binary values. So there is one reading
of a hint, pydantic's, and no second one that could differ from it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticSerializationError

from deepaas.model.files import FILE_SCHEMA, QUALIFIED_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic import TypeAdapter
    from pydantic.json_schema import JsonSchemaMode, JsonSchemaWarningKind

Schema = dict[str, Any]

ALL_TYPES: Final = frozenset(
    {"string", "integer", "number", "boolean", "object", "array", "null"}
)

_REFERENCE: Final = "#/$defs/"
_SERVER_PATHS: Final = frozenset({"path", "file-path", "directory-path"})
_NUMBER_LIMITS: Final = frozenset({"ge", "gt", "le", "lt", "multiple_of"})
_LENGTH_LIMITS: Final = frozenset(
    {"minLength", "maxLength", "min_length", "max_length"}
)
_WITHOUT_LENGTH: Final = frozenset({"integer", "number", "boolean"})

_DATA_KEYWORDS: Final = frozenset({"default", "examples", "const", "enum"})
"""What stands under these is data, however much it may look like a schema."""

_NOTES: Final = frozenset({"title", "description"})

_MAP_KEYWORDS: Final = frozenset({"properties", "patternProperties", "$defs"})
"""What stands under these are schemas by names that an author chose."""

_PYTHON_TYPES: Final = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}


class _Generator(GenerateJsonSchema):
    """Pydantic's generator without titles made of names, silent about defaults.

    A default that JSON cannot hold is left out: the argument is optional all the same.
    """

    ignored_warning_kinds: set[JsonSchemaWarningKind] = {  # noqa: RUF012  as in pydantic
        "skipped-choice",
        "non-serializable-default",
    }

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False: `Top K` says no more than `top_k`."""
        del schema
        return False

    def encode_default(self, dft: Any) -> Any:
        """Return a default as JSON holds it."""
        if isinstance(dft, float) and not math.isfinite(dft):
            raise PydanticSerializationError("JSON has no such number")
        return super().encode_default(dft)


def json_schema(adapter: TypeAdapter[Any], *, mode: JsonSchemaMode) -> Schema:
    """Return the JSON Schema of what `adapter` takes or gives."""
    return adapter.json_schema(schema_generator=_Generator, mode=mode)


def with_qualified_files(schema: Schema) -> Schema:
    """Return the schema of a result with files as qualified values."""
    if _is_file(schema):
        notes = {key: text for key, text in schema.items() if key in _NOTES}
        return {**QUALIFIED_SCHEMA, **notes}
    return {key: _with_qualified(key, value) for key, value in schema.items()}


def _with_qualified(keyword: str, value: Any) -> Any:
    """Return what stands under a keyword with files as qualified values."""
    if keyword in _DATA_KEYWORDS:
        return value
    if isinstance(value, list):
        return [_with_qualified("", one) for one in value]
    if not isinstance(value, dict):
        return value
    if keyword in _MAP_KEYWORDS:
        return {name: with_qualified_files(one) for name, one in value.items()}
    return with_qualified_files(value)


def holds_server_path(schema: Schema) -> bool:
    """Return whether callers could name a path on our disk somewhere in a value."""
    return any(part.get("format") in _SERVER_PATHS for part in _parts(schema))


def has_misplaced_limit(schema: Schema) -> bool:
    """Return whether a limit is on a type that has no order or no length.

    Pydantic notices only when the first value comes, with a TypeError. In its schemas
    such a limit has the name of pydantic rather than that of JSON Schema.
    """
    return any(
        _NUMBER_LIMITS & part.keys()
        or (_LENGTH_LIMITS & part.keys() and part.get("type") in _WITHOUT_LENGTH)
        for part in _parts(schema)
    )


def may_hold_files(schema: Schema) -> bool:
    """Return whether a result of this schema may hold files, images or bytes."""
    return any(_is_file(part) or _is_open(part) for part in _parts(schema))


def _is_binary(schema: Schema) -> bool:
    return schema.get("format") == FILE_SCHEMA["format"]


def _is_file(schema: Schema) -> bool:
    return _is_binary(schema) or schema.get("format") in _SERVER_PATHS


def _is_open(schema: Schema) -> bool:
    """Return whether a schema leaves something open that may hold anything."""
    if schema.get("additionalProperties") is True or schema.get("items") == {}:
        return True
    return not schema


def _parts(schema: Any) -> Iterator[Schema]:
    """Yield a schema and all schemas within it."""
    if isinstance(schema, list):
        for one in schema:
            yield from _parts(one)
    elif isinstance(schema, dict):
        yield schema
        for keyword in schema.keys() - _DATA_KEYWORDS:
            value = schema[keyword]
            is_map = keyword in _MAP_KEYWORDS
            yield from _parts(list(value.values()) if is_map else value)


class SchemaReader:
    """Answers questions about schemas that refer to common definitions."""

    def __init__(self, definitions: Mapping[str, Schema]) -> None:
        self._definitions = definitions

    def choices(self, schema: Schema) -> list[Schema]:
        """Return the alternatives of a schema, with references followed.

        A schema that refers to nothing but itself has none.
        """
        return list(self._choices(schema, frozenset()))

    def _choices(self, schema: Schema, seen: frozenset[str]) -> Iterator[Schema]:
        reference = schema.get("$ref")
        if reference is not None:
            if reference not in seen:
                target = self._definitions.get(reference.removeprefix(_REFERENCE), {})
                yield from self._choices(target, seen | {reference})
            return
        alternatives = schema.get("anyOf") or schema.get("oneOf")
        if alternatives is None:
            yield schema
            return
        for one in alternatives:
            yield from self._choices(one, seen)

    def types(self, schema: Schema) -> frozenset[str]:
        """Return the JSON types that a value may have."""
        return frozenset().union(*(_types(one) for one in self.choices(schema)))

    def items(self, schema: Schema) -> Schema | None:
        """Return the schema of the elements if values may be arrays."""
        for one in self.choices(schema):
            if "array" in _types(one):
                return dict(one.get("items") or {"anyOf": one.get("prefixItems", [{}])})
        return None

    def is_file(self, schema: Schema) -> bool:
        """Return whether a value may be a file, or several of them."""
        choices = self.choices(schema)
        items = self.items(schema)
        return any(_is_binary(one) for one in choices) or bool(
            items and any(_is_binary(one) for one in self.choices(items))
        )

    def texts(self, schema: Schema) -> frozenset[str] | None:
        """Return the texts among the allowed values, or None if any text is allowed."""
        allowed: set[str] = set()
        for one in self.choices(schema):
            values = one.get("enum", [one["const"]] if "const" in one else None)
            if values is not None:
                allowed.update(value for value in values if isinstance(value, str))
            elif "string" in _types(one):
                return None
        return frozenset(allowed)


def _types(schema: Schema) -> frozenset[str]:
    stated = schema.get("type")
    if isinstance(stated, str):
        return frozenset({stated})
    if stated is not None:
        return frozenset(stated)
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is None:
        return ALL_TYPES
    return frozenset(_PYTHON_TYPES.get(type(value), "object") for value in values)
