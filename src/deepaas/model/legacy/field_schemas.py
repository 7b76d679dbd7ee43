"""Describes marshmallow fields and schemas as JSON Schema (2020-12).

A nested schema stands where it is used; one that contains itself is cut off at its
second appearance and becomes "any object" there.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import marshmallow
import msgspec
from marshmallow import fields as ma_fields
from marshmallow import validate

from deepaas.errors import BadOutputError
from deepaas.model.legacy.fields import files_of, is_delimited, wire_name
from deepaas.model.legacy.plain import encode_json

Schema = dict[str, Any]

_FILE: Final[Schema] = {"type": "string", "format": "binary"}

_SIMPLE: Final[dict[type, Schema]] = {
    ma_fields.Boolean: {"type": "boolean"},
    ma_fields.Date: {"type": "string", "format": "date"},
    ma_fields.DateTime: {"type": "string", "format": "date-time"},
    ma_fields.Email: {"type": "string", "format": "email"},
    ma_fields.Field: {},
    ma_fields.Integer: {"type": "integer"},
    ma_fields.IPv4: {"type": "string", "format": "ipv4"},
    ma_fields.IPv6: {"type": "string", "format": "ipv6"},
    ma_fields.IP: {"type": "string"},
    ma_fields.Number: {"type": "number"},
    ma_fields.String: {"type": "string"},
    ma_fields.Time: {"type": "string", "format": "time"},
    ma_fields.TimeDelta: {"type": "integer"},
    ma_fields.Url: {"type": "string", "format": "uri"},
    ma_fields.UUID: {"type": "string", "format": "uuid"},
}

_DOCUMENTED: Final = (
    "title",
    "format",
    "minimum",
    "maximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "pattern",
)
"""Keys of a field's metadata that say in JSON Schema what they say in Swagger."""

_JSON_TYPES: Final = ("string", "number", "integer", "boolean", "array", "object")


def field_schema(field: ma_fields.Field, *, within: tuple[type, ...] = ()) -> Schema:
    """Return the JSON Schema of the values that `field` takes.

    Args:
        field: The field.
        within: Classes of the schemas that contain it, outermost first.
    """
    files = files_of(field)
    schema: Schema
    if files == "one":
        schema = dict(_FILE)
    elif files == "several":
        schema = {"type": "array", "items": dict(_FILE)}
    else:
        schema = _typed(field, within)
        _add_documented(schema, field.metadata)
    for validator in field.validators:
        _add_validator(schema, validator)
    _add_enum(schema, field.metadata.get("enum"))
    if field.allow_none and files == "none" and schema:
        schema = {"anyOf": [schema, {"type": "null"}]}
    _add_description(schema, field.metadata)
    _add_default(schema, field.load_default)
    return schema


def object_schema(
    schema: marshmallow.Schema, *, within: tuple[type, ...] = ()
) -> Schema:
    """Return the JSON Schema of the objects that `schema` loads."""
    if type(schema) in within:
        return {"type": "object"}
    inside = (*within, type(schema))
    fields = {
        wire_name(name, field): field for name, field in schema.load_fields.items()
    }
    described: Schema = {
        "type": "object",
        "properties": {
            name: field_schema(field, within=inside) for name, field in fields.items()
        },
    }
    if required := [name for name, field in fields.items() if field.required]:
        described["required"] = required
    if schema.unknown == marshmallow.RAISE:
        described["additionalProperties"] = False
    return described


# ------------------------------------------------------------------------- types


def _typed(field: ma_fields.Field, within: tuple[type, ...]) -> Schema:
    if is_delimited(field):
        return {"type": "string"}
    for field_class in type(field).__mro__:
        if field_class in _COMPOSED:
            return _COMPOSED[field_class](field, within)
        if field_class in _SIMPLE:
            return dict(_SIMPLE[field_class])
    return {}


def _list_schema(field: Any, within: tuple[type, ...]) -> Schema:
    return {"type": "array", "items": field_schema(field.inner, within=within)}


def _tuple_schema(field: Any, within: tuple[type, ...]) -> Schema:
    items = [field_schema(one, within=within) for one in field.tuple_fields]
    return {
        "type": "array",
        "prefixItems": items,
        "minItems": len(items),
        "maxItems": len(items),
    }


def _mapping_schema(field: Any, within: tuple[type, ...]) -> Schema:
    schema: Schema = {"type": "object"}
    if field.value_field is not None:
        schema["additionalProperties"] = field_schema(field.value_field, within=within)
    return schema


def _nested_schema(field: Any, within: tuple[type, ...]) -> Schema:
    schema = object_schema(field.schema, within=within)
    if field.unknown in (marshmallow.INCLUDE, marshmallow.EXCLUDE):
        schema.pop("additionalProperties", None)
    return _many(field, schema)


def _pluck_schema(field: Any, within: tuple[type, ...]) -> Schema:
    plucked = field.schema.fields[field.field_name]
    return _many(field, field_schema(plucked, within=within))


def _many(field: Any, schema: Schema) -> Schema:
    if field.many or field.schema.many:
        return {"type": "array", "items": schema}
    return schema


def _constant_schema(field: Any, within: tuple[type, ...]) -> Schema:
    del within
    schema: Schema = {}
    _add_enum(schema, [field.constant])
    return schema


def _enum_schema(field: Any, within: tuple[type, ...]) -> Schema:
    del within
    schema: Schema = {}
    members = list(field.enum)
    by_value = field.by_value
    _add_enum(schema, [one.value if by_value else one.name for one in members])
    return schema


def _datetime_schema(field: Any, within: tuple[type, ...]) -> Schema:
    del within
    if str(field.format or "").startswith("timestamp"):
        return {"type": "number"}
    return dict(_SIMPLE[ma_fields.DateTime])


_COMPOSED: Final[dict[type, Callable[[Any, tuple[type, ...]], Schema]]] = {
    ma_fields.Constant: _constant_schema,
    ma_fields.DateTime: _datetime_schema,
    ma_fields.List: _list_schema,
    ma_fields.Mapping: _mapping_schema,
    ma_fields.Nested: _nested_schema,
    ma_fields.Pluck: _pluck_schema,
    ma_fields.Tuple: _tuple_schema,
}
if hasattr(ma_fields, "Enum"):  # since marshmallow 3.18
    _COMPOSED[ma_fields.Enum] = _enum_schema


# -------------------------------------------------------------------- validators


def _add_validator(schema: Schema, validator: Any) -> None:
    for validator_class in type(validator).__mro__:
        if validator_class in _VALIDATORS:
            _VALIDATORS[validator_class](schema, validator)
            return


def _add_all(schema: Schema, validator: Any) -> None:
    for one in validator.validators:
        _add_validator(schema, one)


def _add_choices(schema: Schema, validator: Any) -> None:
    _add_enum(schema, validator.choices)


def _add_element_choices(schema: Schema, validator: Any) -> None:
    if schema.get("type") == "array":
        _add_enum(schema["items"], validator.choices)


def _add_equal(schema: Schema, validator: Any) -> None:
    _add_enum(schema, [validator.comparable])


def _add_range(schema: Schema, validator: Any) -> None:
    if _is_number(validator.min):
        schema["minimum" if validator.min_inclusive else "exclusiveMinimum"] = (
            validator.min
        )
    if _is_number(validator.max):
        schema["maximum" if validator.max_inclusive else "exclusiveMaximum"] = (
            validator.max
        )


def _add_length(schema: Schema, validator: Any) -> None:
    noun = {"array": "Items", "object": "Properties"}.get(schema.get("type", ""))
    noun = noun or "Length"
    if (shortest := _first(validator.equal, validator.min)) is not None:
        schema[f"min{noun}"] = shortest
    if (longest := _first(validator.equal, validator.max)) is not None:
        schema[f"max{noun}"] = longest


def _add_pattern(schema: Schema, validator: Any) -> None:
    pattern, flags = validator.regex.pattern, validator.regex.flags
    # JSON Schema has no flags, and its dialect none of Python's own notations.
    if flags & ~re.UNICODE or re.search(r"\(\?P|\\[AZ]", pattern):
        return
    schema["pattern"] = pattern if pattern.startswith("^") else f"^(?:{pattern})"


_VALIDATORS: Final[dict[type, Callable[[Schema, Any], None]]] = {
    validate.And: _add_all,
    validate.ContainsOnly: _add_element_choices,
    validate.Equal: _add_equal,
    validate.Length: _add_length,
    validate.OneOf: _add_choices,
    validate.Range: _add_range,
    validate.Regexp: _add_pattern,
}


# ---------------------------------------------------------------------- metadata


def _add_documented(schema: Schema, metadata: Mapping[str, Any]) -> None:
    # A type is believed only where the field's class says nothing of it.
    if "type" not in schema and metadata.get("type") in _JSON_TYPES:
        schema["type"] = metadata["type"]
    for name in _DOCUMENTED:
        if isinstance(metadata.get(name), str | int | float):
            schema[name] = metadata[name]


def _add_description(schema: Schema, metadata: Mapping[str, Any]) -> None:
    description = metadata.get("description") or metadata.get("doc")
    if description:
        schema["description"] = str(description)
    if (example := _plain_or_none(metadata.get("example"))) is not None:
        schema["examples"] = [example]


def _add_enum(schema: Schema, choices: Any) -> None:
    if not isinstance(choices, Iterable) or isinstance(choices, str):
        return
    plain = _plain_or_none(list(choices))
    if plain:
        schema["enum"] = plain


def _add_default(schema: Schema, default: Any) -> None:
    if default is marshmallow.missing or callable(default):
        return
    if default is None:
        schema["default"] = None
    elif (plain := _plain_or_none(default)) is not None:
        schema["default"] = plain


def _plain_or_none(value: Any) -> Any:
    try:
        return msgspec.json.decode(encode_json(value))
    except BadOutputError:
        return None


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)
