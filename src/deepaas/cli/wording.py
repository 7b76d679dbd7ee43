"""What an argument takes, in words that a scientist reads at a glance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from deepaas.model.arguments import Argument
    from deepaas.model.schemas import Schema, SchemaReader

_MOST_CHOICES: Final = 12
_TYPE_NAMES: Final = {
    "boolean": "yes or no",
    "integer": "integer",
    "number": "number",
    "string": "text",
    "object": "JSON object",
    "array": "JSON array",
}
_FORMATS: Final = {
    "date": "date, such as 2026-01-31",
    "date-time": "time, such as 2026-01-31T12:00:00Z",
    "time": "time of day, such as 12:00",
    "duration": "duration, such as PT1H",
    "uuid": "UUID",
    "email": "e-mail address",
    "uri": "URL",
}


def type_text(argument: Argument, *, ask: SchemaReader) -> str:
    """Return in a few words what values an argument takes."""
    if argument.is_file:
        return "one or more files" if argument.is_list else "file"
    schema = argument.schema
    if argument.is_list and (items := ask.items(schema)) is not None:
        kinds = dict.fromkeys(map(_kind_text, ask.choices(items)))
        return f"one or more, each {' or '.join(kinds)}"
    choices = [one for one in ask.choices(schema) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(map(_kind_text, choices))) or "null"


def _kind_text(schema: Schema) -> str:
    values = schema.get("enum", [schema["const"]] if "const" in schema else None)
    if values is not None:
        return _choice_text(values)
    kind = schema.get("type")
    if not isinstance(kind, str):
        return "any value" if kind is None else " or ".join(kind)
    text = _FORMATS.get(schema.get("format", ""), _TYPE_NAMES.get(kind, kind))
    return text + _range_text(schema)


def _choice_text(values: Sequence[Any]) -> str:
    shown = [value_text(value) for value in values[:_MOST_CHOICES]]
    more = ", …" if len(values) > _MOST_CHOICES else ""
    return f"one of {', '.join(shown)}{more}" if len(values) > 1 else f"only {shown[0]}"


def _range_text(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if least is not None and most is not None:
        return f" from {least} to {most}"
    bounds = (
        ("at least", least),
        ("at most", most),
        ("above", above),
        ("below", below),
    )
    return "".join(f", {words} {bound}" for words, bound in bounds if bound is not None)


def value_text(value: Any) -> str:
    """Return a value as one would write it on a command line."""
    return value if isinstance(value, str) and value else json.dumps(value)
